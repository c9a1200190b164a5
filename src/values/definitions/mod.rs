//! What a program has defined, and what stays between its evals: namespaces, variables, frames,
//! commands, traces, the host's own things by name.
//!
//! `table` is how each of them finds things by name; `tables` are the variables' tables, which
//! frames, namespaces and links share. All values here are counted words (`.convert.own`).
//!
//! Invariant `.definitions.quiet`: what is released here is released through `Interp::change`, or
//! is a text, so that foreign things are given back when no reference to the state is alive.

mod commands;
mod frames;
mod namespaces;
mod registry;
mod table;
mod tables;
mod traces;
mod variables;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use core::ptr::NonNull;

use super::State;
use super::list;
use super::store::{Block, Kind, Store, at};
use super::word::Word;
use crate::abi::{lifecycle_handle, lifecycle_memory};
use crate::base::{Error, Host, List, ListExt, Result};
use frames::{Frame, Locals};
use namespaces::{GLOBAL, Namespace};
use registry::Thing;
use table::{Key, Name, Slab, Table};
use tables::{Owner, Tables};
use traces::Traces;

pub use frames::FrameMark;

/// All definitions of an interpreter. What the end of an eval looks at comes first.
/// cbindgen:ignore
#[repr(C)]
pub struct Definitions {
    locals: Slab<Locals>,
    frames: List<Frame>,
    /// Level of the active frame.
    active: usize,
    tables: Tables,
    namespaces: Slab<Namespace>,
    traces: Traces,
    registry: Table<Thing>,
    /// Commands that have a body.
    procs: u64,
    host: Host,
}

impl Definitions {
    /// The global namespace and frame.
    pub fn new(host: Host) -> Result<Self> {
        let mut new = Definitions {
            locals: Slab::new(host),
            frames: List::new_in(host),
            active: 0,
            tables: Tables::new(host),
            namespaces: Slab::new(host),
            traces: Traces::new(host),
            registry: Table::new(host),
            procs: 0,
            host,
        };
        let table = new.tables.open(Owner::Namespace(GLOBAL))?;
        new.namespaces.insert(Namespace::new(host, GLOBAL, Name::EMPTY, table))?;
        new.frames.try_push(Frame::new(table, 0))?;
        Ok(new)
    }

    /// A name to look for.
    #[inline]
    fn key<'a>(&self, name: &'a [u8]) -> Key<'a> {
        Key::new(name, self.tables.hasher())
    }

    /// Adds what it holds to what an interpreter holds.
    pub fn count(&self, memory: &mut lifecycle_memory) {
        memory.namespaces = self.namespaces.len() as u64;
        memory.procs = self.procs;
        memory.frames = self.frames.len() as u64;
        memory.variables = self.tables.values();
        memory.traces = self.traces.len() as u64;
    }

    fn forget(&mut self, store: &mut Store) {
        self.pop_all(store);
        self.forget_global_frame(store);
        self.delete_all(store);
        self.traces.forget(store);
        while let Some(entry) = self.registry.pop() {
            store.release(entry.name.word());
            store.release(entry.item.type_name);
        }
    }
}

/// Names, sorted by their bytes.
fn sorted(host: Host, count: usize, names: impl Iterator<Item = Name>) -> Result<List<Name>> {
    let mut sorted = List::new_in(host);
    sorted.try_reserve_exact(count).map_err(|_| Error::no_memory("a list of names"))?;
    sorted.extend(names.take(count));
    sorted.sort_unstable_by(Name::order);
    Ok(sorted)
}

/// Whether two words are written alike; texts are compared, and what is the same.
fn is_same(a: Word, b: Word) -> bool {
    let text = |word: Word| {
        word.as_block().map(at).filter(|block| block.kind() == Kind::Text).map(Block::text)
    };
    a == b || text(a).is_some() && text(a) == text(b)
}

/// A list and what of another one is not in it.
fn union(store: &mut Store, host: Host, old: NonNull<Block>, new: NonNull<Block>) -> Result<Word> {
    let mut more = List::new_in(host);
    for word in list::words(new, 0) {
        let is_there = |other: Word| is_same(word, other);
        if !list::words(old, 0).any(is_there) && !more.iter().copied().any(is_there) {
            more.try_push(word)?;
        }
    }
    let count = more.len();
    let all = list::edit(
        store,
        old,
        0..list::len(old),
        |_| Ok(None),
        count,
        |store, i| {
            let word = more.get(i).copied().unwrap_or(Word::NIL);
            store.retain(word);
            Ok(word)
        },
    )?;
    Ok(Word::block(all))
}

impl State {
    /// A handle for a word that the caller counts no more.
    fn wrap_and_release(&mut self, word: Word) -> Result<lifecycle_handle> {
        let handle = self.wrap(word);
        self.store.release(word);
        handle
    }

    /// A handle for a list of texts.
    fn list_of_names(&mut self, names: &[Name]) -> Result<lifecycle_handle> {
        let list = list::build(&mut self.store, names.len(), Word::NIL, |store, i| {
            let name = names.get(i).copied().unwrap_or(Name::EMPTY);
            name.text(store)
        })?;
        self.wrap_and_release(Word::block(list))
    }

    /// Forgets all that was defined.
    pub fn forget_definitions(&mut self) {
        self.definitions.forget(&mut self.store);
    }
}
