//! Traces: scripts that are run when something happens to a name.
//!
//! Firing keeps no copy of the traces: it remembers the number of the one that was run last, and
//! goes on with the next older one. So a callback may do anything: a trace that is removed before
//! its turn is not run, one that is added is newer than all that are still to be run, and a
//! callback that is left by longjmp leaves nothing behind.
//!
//! Invariants:
//! - `.trace.number`: numbers go up and are never used again; the traces of a name are chained,
//!   newest first, so their numbers fall along the chain.
//! - `.trace.eval`: callbacks run in an eval that `fire` enters, so that theirs are never the
//!   outermost one: what the caller's handles name stays, and the interpreter cannot be destroyed.

use core::ffi::{c_char, c_int, c_void};

use super::table::{Item, Key, NONE, Slab, Table};
use crate::abi::*;
use crate::base::{Error, Host, Lossy, Result, fail};
use crate::values::store::{self, Kind, Store};
use crate::values::text::Text;
use crate::values::word::Word;
use crate::values::{Interp, State, list};

/// `lifecycle_trace_fn`, as what it may really return.
type Fire = unsafe extern "C" fn(
    *mut lifecycle_interp,
    lifecycle_handle,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *mut c_void,
) -> c_int;

/// One trace.
struct Trace {
    number: u64,
    /// A text: words with spaces between them.
    ops: Word,
    script: Word,
    older: u32,
}

impl Trace {
    fn ops(&self) -> &[u8] {
        self.ops.as_block().map_or(&[], |ops| store::at(ops).text())
    }

    fn has(&self, op: &[u8]) -> bool {
        !op.is_empty() && self.ops().split(|byte| *byte == b' ').any(|word| word == op)
    }
}

/// The traces of one name.
#[derive(Clone, Copy)]
struct Traced {
    kind: c_int,
    newest: u32,
}

impl Item for Traced {
    fn space(&self) -> u32 {
        self.kind as u32
    }
}

/// All traces.
pub struct Traces {
    slab: Slab<Trace>,
    names: Table<Traced>,
    next: u64,
}

/// A trace's script.
enum Script {
    /// Its text.
    Text(Text),
    /// Something that has to be asked for its text.
    Handle(lifecycle_handle),
}

/// How far firing has come: the place and number of the trace that was run last.
#[derive(Clone, Copy)]
struct Cursor {
    at: u32,
    number: u64,
}

impl Traces {
    /// No traces.
    pub fn new(host: Host) -> Self {
        Traces { slab: Slab::new(host), names: Table::new(host), next: 1 }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    fn newest(&self, kind: c_int, key: &Key<'_>) -> u32 {
        let found = self.names.find_in(kind as u32, key).and_then(|at| self.names.get(at));
        found.map_or(NONE, |traced| traced.newest)
    }

    /// The traces of a name, newest first.
    fn each(&self, newest: u32) -> impl Iterator<Item = (u32, &Trace)> {
        let mut at = newest;
        core::iter::from_fn(move || {
            let here = at;
            let trace = self.slab.get(here)?;
            at = trace.older;
            Some((here, trace))
        })
    }

    /// Adds a trace whose words are counted by it from now on, unless that fails.
    fn add(
        &mut self,
        store: &mut Store,
        kind: c_int,
        key: &Key<'_>,
        ops: Word,
        script: Word,
    ) -> Result<()> {
        self.slab.make_room()?;
        let older = self.newest(kind, key);
        if older == NONE {
            self.names.insert(store, key, Traced { kind, newest: NONE })?;
        }
        let at = self.slab.insert(Trace { number: self.next, ops, script, older })?;
        self.next += 1;
        if let Some(place) = self.names.find_in(kind as u32, key)
            && let Some(traced) = self.names.get_mut(place)
        {
            traced.newest = at;
        }
        Ok(())
    }

    /// Takes out the trace of a name that has a number.
    fn remove(&mut self, store: &mut Store, kind: c_int, key: &Key<'_>, number: u64) -> Option<()> {
        let place = self.names.find_in(kind as u32, key)?;
        let newest = self.names.get(place)?.newest;
        let mut before = NONE;
        let at = self.each(newest).find(|(at, trace)| {
            let found = trace.number == number;
            if !found {
                before = *at;
            }
            found
        });
        let at = at?.0;
        let Trace { ops, script, older, .. } = self.slab.remove(at)?;
        if let Some(before) = self.slab.get_mut(before) {
            before.older = older;
        } else if older != NONE {
            self.names.get_mut(place)?.newest = older;
        } else if let Some(entry) = self.names.remove(place) {
            store.release(entry.name.word());
        }
        store.release(ops);
        store.release(script);
        Some(())
    }

    /// The next older trace of a name that is a wanted one, and its script.
    fn next(
        &self,
        kind: c_int,
        key: &Key<'_>,
        is: impl Fn(&Trace) -> bool,
        last: Option<Cursor>,
    ) -> Option<(Cursor, Word)> {
        let limit = last.map_or(u64::MAX, |last| last.number);
        let same = last
            .and_then(|last| self.slab.get(last.at).filter(|trace| trace.number == last.number));
        let start = same.map_or_else(|| self.newest(kind, key), |trace| trace.older);
        let mut rest = self.each(start).skip_while(|(_, trace)| trace.number >= limit);
        let (at, trace) = rest.find(|(_, trace)| is(trace))?;
        Some((Cursor { at, number: trace.number }, trace.script))
    }

    /// Forgets all.
    pub fn forget(&mut self, store: &mut Store) {
        while let Some(entry) = self.names.pop() {
            store.release(entry.name.word());
            let mut at = entry.item.newest;
            while let Some(trace) = self.slab.remove(at) {
                store.release(trace.ops);
                store.release(trace.script);
                at = trace.older;
            }
        }
    }
}

impl State {
    /// Adds a trace; the script is released if that fails.
    fn add_trace(&mut self, kind: c_int, name: &[u8], ops: &[u8], script: Word) -> Result<()> {
        let key = self.definitions.key(name);
        let store = &mut self.store;
        let ops = store.text(ops).inspect_err(|_| store.release(script))?;
        let ops = Word::block(ops);
        self.definitions.traces.add(store, kind, &key, ops, script).inspect_err(|_| {
            store.release(ops);
            store.release(script);
        })
    }

    /// The next trace with these operations, and its script: as a word if that is a text, else as a
    /// handle.
    fn next_alike(
        &mut self,
        kind: c_int,
        name: &[u8],
        ops: &[u8],
        last: Option<Cursor>,
    ) -> Result<Option<(Cursor, Script)>> {
        let key = self.definitions.key(name);
        let alike = |trace: &Trace| trace.ops() == ops;
        let Some((cursor, script)) = self.definitions.traces.next(kind, &key, alike, last) else {
            return Ok(None);
        };
        let text = script.as_block().map(store::at).filter(|block| block.kind() == Kind::Text);
        Ok(Some((
            cursor,
            match text {
                Some(text) => Script::Text(Text::new(text.text())),
                None => Script::Handle(self.wrap(script)?),
            },
        )))
    }

    fn remove_trace(&mut self, kind: c_int, name: &[u8], cursor: Cursor) -> Option<()> {
        let key = self.definitions.key(name);
        self.definitions.traces.remove(&mut self.store, kind, &key, cursor.number)
    }

    /// A list of lists of operations and script.
    fn trace_info(&mut self, kind: c_int, name: &[u8]) -> Result<lifecycle_handle> {
        let key = self.definitions.key(name);
        let traces = &self.definitions.traces;
        let newest = traces.newest(kind, &key);
        let count = traces.each(newest).count();
        let mut at = newest;
        let list = list::build(&mut self.store, count, Word::NIL, |store, _| {
            let Some(trace) = traces.slab.get(at) else { return Ok(Word::NIL) };
            at = trace.older;
            let pair = list::build(store, 2, Word::NIL, |store, i| {
                let word = if i == 0 { trace.ops } else { trace.script };
                store.retain(word);
                Ok(word)
            })?;
            Ok(Word::block(pair))
        })?;
        self.wrap_and_release(Word::block(list))
    }

    /// The next trace to be run, and a handle for its script.
    fn next_trace(
        &mut self,
        kind: c_int,
        name: &[u8],
        op: &[u8],
        last: Option<Cursor>,
    ) -> Result<Option<(Cursor, lifecycle_handle)>> {
        let key = self.definitions.key(name);
        match self.definitions.traces.next(kind, &key, |trace| trace.has(op), last) {
            Some((cursor, script)) => Ok(Some((cursor, self.wrap(script)?))),
            None => Ok(None),
        }
    }
}

impl Interp {
    /// Adds a trace.
    pub fn add_trace(
        &self,
        kind: c_int,
        name: &[u8],
        ops: &[u8],
        script: lifecycle_handle,
    ) -> Result<()> {
        let script = self.keep_something(script, "script")?;
        self.change(|state| state.add_trace(kind, name, ops, script))
    }

    /// Removes the newest trace that has these operations and this script, by its text.
    pub fn remove_trace(
        &self,
        kind: c_int,
        name: &[u8],
        ops: &[u8],
        script: lifecycle_handle,
    ) -> Result<()> {
        self.text(script)?;
        let mut last = None;
        while let Some((cursor, other)) =
            self.with(|state| state.next_alike(kind, name, ops, last))?
        {
            last = Some(cursor);
            if let Script::Handle(other) = other {
                self.text(other)?;
            }
            // Texts are asked for again: making one is foreign code, which may have dropped others.
            let wanted = self.text(script)?;
            let text = match other {
                Script::Text(text) => text,
                Script::Handle(other) => self.text(other)?,
            };
            if text.bytes() == wanted.bytes()
                && self.change(|state| state.remove_trace(kind, name, cursor)).is_some()
            {
                return Ok(());
            }
        }
        fail!(LIFECYCLE_E_NOT_FOUND, "'{}' has no such trace", Lossy(name));
    }

    /// The traces of a name, newest first.
    pub fn trace_info(&self, kind: c_int, name: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.trace_info(kind, name))
    }

    /// Runs the traces of a name that have an operation among theirs, newest first.
    pub fn fire_traces(
        &self,
        kind: c_int,
        name: &[u8],
        op: &[u8],
        callback: lifecycle_trace_fn,
        user: *mut c_void,
    ) -> Result<()> {
        // SAFETY: an enum is an int to C; a number that is none of its constants is only one here.
        let callback: Option<Fire> = unsafe { core::mem::transmute(callback) };
        let Some(callback) = callback else {
            fail!(LIFECYCLE_E_INVALID, "the function that runs traces is NULL");
        };
        let mut last = None;
        let mut next = self.with(|state| state.next_trace(kind, name, op, last))?;
        if next.is_none() {
            return Ok(());
        }
        let calls = self.begin_calls()?;
        let interp = self.as_ptr();
        let outcome = loop {
            let Some((cursor, script)) = next else { break Ok(()) };
            last = Some(cursor);
            let (name_at, op_at) = (name.as_ptr().cast(), op.as_ptr().cast());
            // SAFETY: the host promised that its function may be called so; `.interp.quiet` holds:
            // `with` has returned.
            let status =
                unsafe { callback(interp, script, name_at, name.len(), op_at, op.len(), user) };
            Self::after_call(&calls)?;
            if status != lifecycle_status::LIFECYCLE_OK as c_int {
                break Err(Error(lifecycle_status::from_c(status)));
            }
            next = match self.with(|state| state.next_trace(kind, name, op, last)) {
                Ok(next) => next,
                Err(error) => break Err(error),
            };
        };
        self.end_calls(&calls)?;
        outcome
    }
}
