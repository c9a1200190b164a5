//! Evals and scopes: when what is dropped.
//!
//! Evals nest; only the end of the outermost one drops the scratch side. Scopes bound what a long
//! eval holds: each has a level with an arena of its own, so that what a list of an outer scope
//! grows by is never lost with an inner one, and closing a scope is as cheap as ending an eval.
//!
//! Invariants:
//! - `.eval.levels`: level 0 is always there; each open scope has one more, in order.
//! - `.eval.sealed`: while foreign code runs because a level is dropped, no handle can be made; so
//!   nothing new stands in what is about to go.
//!
//! Dropping is a few stores and what it releases: foreign things, cleanups of the arena, persistent
//! values whose last reference went in this eval. Where there is nothing of the sort, the outermost
//! eval is left by the stores alone (`State::leave_plain`); what they need is read from few lines of
//! the cache, because after an eval that made much none of them is in it.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::definitions::FrameMark;
use super::forms;
use super::handles::{self, Handles};
use super::scratch::ForeignObject;
use super::strings::Interned;
use super::{Interp, State};
use crate::abi::*;
use crate::arena::Arena;
use crate::base::{ListExt, Result, fail};

/// Most scopes open at once; a level's number fits into 16 bits.
pub const DEEPEST: usize = 4096;
/// Address space of a scope's arena, which is extended when it is used up.
const SCOPE_RESERVE: usize = 1 << 20;
const SCOPE_CHUNK: usize = 16 << 10;
const RESERVE: usize = 1 << 30;

/// Scopes opened in this process: no scope is ever taken for another one.
static SCOPES: AtomicU64 = AtomicU64::new(0);

/// What is dropped together.
pub struct Level {
    arena: &'static Arena,
    /// The scope's number; 0 for the outermost level.
    id: lifecycle_scope,
    /// Where its handles begin.
    mark: handles::Mark,
    /// The newest foreign thing that a handle of it owns.
    pub foreigns: *const ForeignObject,
    /// Strings of it of which there is one handle each.
    pub interned: Interned,
}

impl Level {
    /// Where its bytes come from.
    pub fn arena(&self) -> &'static Arena {
        self.arena
    }

    /// The position at which its handles begin.
    pub fn position(&self) -> usize {
        Handles::position_of(&self.mark)
    }
}

/// What is restored when an eval is left.
pub struct Eval {
    levels: usize,
    frames: FrameMark,
    forms: forms::Depth,
}

/// Callbacks that run (`Interp::begin_calls`).
pub struct Calls {
    interp: *mut lifecycle_interp,
    depth: usize,
}

impl State {
    /// Begins a level. Arenas of levels that were closed are used again.
    pub fn open_level(&mut self) -> Result<lifecycle_scope> {
        let depth = self.levels.len();
        if depth > DEEPEST {
            fail!(LIFECYCLE_E_LIMIT, "there are {DEEPEST} scopes open already");
        }
        self.levels.make_room(1)?;
        self.handles.make_room_to_close()?;
        let arena = match self.spare_arenas.get(depth) {
            Some(arena) => *arena,
            None => {
                self.spare_arenas.make_room(1)?;
                let arena = self.make_arena(depth)?;
                self.spare_arenas.push(arena);
                arena
            }
        };
        self.store.open_level()?;
        let id = if depth == 0 { 0 } else { SCOPES.fetch_add(1, Ordering::Relaxed) + 1 };
        let mark = self.handles.mark();
        self.levels.push(Level {
            arena,
            id,
            mark,
            foreigns: ptr::null(),
            interned: Interned::EMPTY,
        });
        Ok(id)
    }

    fn make_arena(&self, depth: usize) -> Result<&'static Arena> {
        let (chunk_size, reserve) =
            if depth == 0 { (0, RESERVE) } else { (SCOPE_CHUNK, SCOPE_RESERVE) };
        let options = lifecycle_arena_options {
            size: size_of::<lifecycle_arena_options>(),
            chunk_size,
            hard_limit: self.options.arena_limit,
            first_region: ptr::null_mut(),
            first_region_size: 0,
            retained: 0,
            flags: 0,
            reserved: 0,
        };
        Arena::create_owned(&options, reserve)
    }

    /// Leaves the outermost eval and drops the scratch side, if that is no more than to forget
    /// handles and bytes; whether it did. If not, nothing has changed.
    #[inline]
    fn leave_plain(&mut self) -> bool {
        let [level] = self.levels.as_mut_slice() else { return false };
        let is_plain = self.evals.len() == 1
            && !self.is_dropping
            && self.forms.is_at_rest()
            && level.foreigns.is_null()
            && self.definitions.is_at_rest()
            && self.store.is_at_rest();
        if !is_plain {
            return false;
        }
        let Some(used) = level.arena.owner_reset_plain() else { return false };
        level.interned = Interned::EMPTY;
        self.evals.clear();
        self.high_water = self.high_water.max(used + self.handles.bytes());
        self.handles.drop_all();
        self.store.next_epoch();
        true
    }

    fn note_high_water(&mut self) {
        let arenas = self.levels.iter().map(|level| level.arena().used()).sum::<usize>();
        self.high_water = self.high_water.max(arenas + self.handles.bytes());
    }

    /// The newest foreign thing that the newest level still has, taken out of it.
    fn next_foreign(&mut self) -> Option<*mut c_void> {
        let level = self.levels.last_mut()?;
        // SAFETY: `.scratch.object` - it lies in the level's arena, which is dropped after.
        let object = unsafe { level.foreigns.as_ref() }?;
        level.foreigns = object.older;
        Some(object.pointer.replace(ptr::null_mut()))
    }

    /// How many levels a scope leaves open when it is closed.
    fn find_scope(&self, scope: lifecycle_scope) -> Result<usize> {
        let found = self.levels.iter().rposition(|level| level.id == scope && scope != 0);
        if let Some(level) = found {
            return Ok(level);
        }
        if scope == 0 || scope > SCOPES.load(Ordering::Relaxed) {
            fail!(LIFECYCLE_E_INVALID, "{scope} is no scope");
        }
        fail!(LIFECYCLE_E_STALE, "the scope {scope} is closed, or of another interpreter");
    }

    /// Gives the arenas back; everything in them is gone. Where the system refuses, this can be
    /// tried again.
    pub fn close_all(&mut self) -> Result<()> {
        while let Some(arena) = self.spare_arenas.last() {
            arena.owner_destroy()?;
            self.spare_arenas.pop();
        }
        Ok(())
    }
}

impl Interp {
    /// An eval begins.
    #[inline]
    pub fn enter(&self) -> Result<()> {
        self.with(|state| {
            if state.is_dropping {
                fail!(LIFECYCLE_E_BUSY, "the interpreter is dropping its scratch side");
            }
            let (levels, frames) = (state.levels.len(), state.mark_frames());
            let eval = Eval { levels, frames, forms: state.forms.depth() };
            state.evals.try_push(eval)
        })
    }

    /// An eval ends, in any case; `kept` is set to the value of `result` if that is wanted.
    pub fn leave(
        &self,
        result: lifecycle_handle,
        kept: Option<&mut *mut lifecycle_value>,
    ) -> Result<()> {
        let Some(depth) = self.depth().checked_sub(1) else {
            fail!(LIFECYCLE_E_INVALID, "the interpreter is in no eval");
        };
        let outcome = match kept {
            Some(place) => self.materialize(result).map(|value| *place = value),
            None => Ok(()),
        };
        self.unwind(depth)?;
        outcome
    }

    /// How deep evals are nested.
    pub fn depth(&self) -> usize {
        self.with(|state| state.evals.len())
    }

    /// Leaves evals until `depth` are left.
    #[inline]
    pub fn unwind(&self, depth: usize) -> Result<()> {
        if depth == 0 && self.with(State::leave_plain) {
            return Ok(());
        }
        self.unwind_slow(depth)
    }

    #[inline(never)]
    fn unwind_slow(&self, depth: usize) -> Result<()> {
        let now = self.depth();
        if depth > now {
            fail!(LIFECYCLE_E_RANGE, "there are {now} evals, not {depth}");
        }
        if depth == now {
            // The host may have left its `to_text` by longjmp.
            self.with(|state| state.forms.cut_calls(state.evals.last().map(|eval| eval.forms)));
        }
        while let Some(Eval { levels, frames, forms }) =
            self.with(|state| if state.evals.len() > depth { state.evals.pop() } else { None })
        {
            self.with(|state| {
                state.restore_frames(frames);
                state.forms.cut(forms);
            });
            self.close_levels(levels);
        }
        self.settle();
        if depth == 0 && now != 0 {
            self.drop_scratch();
        }
        Ok(())
    }

    /// Callbacks are about to run, in an eval of their own: whatever they enter and leave, nothing
    /// that the operation which calls them has made is dropped before it ends (`end_calls`).
    pub fn begin_calls(&self) -> Result<Calls> {
        self.enter()?;
        Ok(Calls { interp: self.as_ptr(), depth: self.depth() })
    }

    /// A callback has returned. It may have left the eval it ran in, by `longjmp` and otherwise, and
    /// then even destroyed the interpreter: then nothing of it may be touched any more.
    pub fn after_call(calls: &Calls) -> Result<()> {
        if Self::check(calls.interp)?.depth() < calls.depth {
            fail!(LIFECYCLE_E_STALE, "a callback left the eval that it was called in");
        }
        Ok(())
    }

    /// All callbacks have returned, the last one well. Their eval ends without dropping anything.
    pub fn end_calls(&self, calls: &Calls) -> Result<()> {
        self.unwind(calls.depth)?;
        self.with(|state| state.evals.pop());
        Ok(())
    }

    /// Runs one callback (`begin_calls`).
    pub fn calling<R>(&self, callback: impl FnOnce(*mut lifecycle_interp) -> R) -> Result<R> {
        let calls = self.begin_calls()?;
        let result = callback(calls.interp);
        Self::after_call(&calls)?;
        self.end_calls(&calls)?;
        Ok(result)
    }

    /// Drops the scratch side.
    pub fn reset(&self) -> Result<()> {
        let (depth, is_dropping) = self.with(|state| (state.evals.len(), state.is_dropping));
        if depth != 0 || is_dropping {
            fail!(LIFECYCLE_E_BUSY, "the interpreter is in an eval, {depth} deep");
        }
        self.drop_scratch();
        Ok(())
    }

    /// Drops the scratch side: every handle, and all bytes behind them.
    pub fn drop_scratch(&self) {
        if self.with(|state| core::mem::replace(&mut state.is_dropping, true)) {
            return;
        }
        self.with(State::pop_all_frames);
        self.close_levels(1);
        self.empty_level();
        self.with(|state| {
            state.handles.drop_all();
            state.store.next_epoch();
            state.is_dropping = false;
        });
        self.settle();
    }

    /// Releases the newest level's foreign things and forgets its bytes; its handles are about to
    /// go (`.eval.sealed`).
    fn empty_level(&self) {
        let Some(arena) = self.with(|state| {
            state.note_high_water();
            state.handles.seal();
            state.levels.last().map(Level::arena)
        }) else {
            return;
        };
        while let Some(pointer) = self.with(State::next_foreign) {
            self.release_foreign(pointer);
        }
        // What the system does not take back is tried again.
        let _ = arena.owner_reset();
        self.with(State::forget_interned);
    }

    /// Closes scopes until `levels` levels are left.
    fn close_levels(&self, levels: usize) {
        while self.with(|state| state.levels.len() > levels) {
            self.empty_level();
            self.with(|state| {
                if let Some(level) = state.levels.pop() {
                    state.handles.close(level.mark);
                    state.store.close_level();
                }
            });
        }
    }

    /// Opens a scope.
    pub fn open_scope(&self) -> Result<lifecycle_scope> {
        self.with(State::open_level)
    }

    /// Closes a scope, and those inside it. What `escape` names is named by a new handle outside.
    pub fn close_scope(
        &self,
        scope: lifecycle_scope,
        escape: Option<&mut lifecycle_handle>,
    ) -> Result<()> {
        let levels = self.with(|state| state.find_scope(scope))?;
        let Some(place) = escape.filter(|handle| **handle != 0) else {
            self.close_levels(levels);
            self.settle();
            return Ok(());
        };
        let handle = core::mem::replace(place, 0);
        let escaped = self.with(|state| Ok(state.level_of(state.position(handle)?) < levels))?;
        if escaped {
            self.close_levels(levels);
            self.settle();
            *place = handle;
            return Ok(());
        }
        let kept = self.keep(handle)?;
        self.close_levels(levels);
        let wrapped = self.with(|state| {
            let wrapped = state.wrap(kept);
            state.store.release(kept);
            wrapped
        });
        self.settle();
        *place = wrapped?;
        Ok(())
    }
}
