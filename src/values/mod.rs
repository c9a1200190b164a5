//! Interpreter values: what an eval makes is scratch and goes when the outermost eval ends; what a
//! variable, procedure or trace keeps is persistent. Nothing persistent ever holds a scratch handle.
//!
//! The way down: `handles` (numbers that name slots), `scratch` (what a slot and its object look
//! like), `text`, `lists`, `dicts` and their like (what can be done with them), `convert` (from
//! scratch to persistent and back), `list` and `dict` (persistent containers), `store` and `pool`
//! (blocks and their memory), `definitions/` (namespaces, variables, frames, commands, traces),
//! `eval` (when what is dropped). This file gives an interpreter a place whose address C may hold.
//!
//! Invariants:
//! - `.interp.owner`: an interpreter belongs to one thread at a time (the contract of the C
//!   interface), with all its handles, values and arenas.
//! - `.interp.quiet`: no reference to a `State` is alive while foreign code runs. Whatever a
//!   callback does to the interpreter, it finds it whole, and the operation that called it looks
//!   at everything anew.
//! - `.interp.front`: a `State` starts with the three words of `lifecycle_interp`: the address that
//!   C holds is that of the `State`, which stands `Interp::FRONT` bytes behind the interpreter's
//!   own. Where there is no state the words are zero: no handle is alive.
//! - `.interp.last`: an interpreter that was destroyed while C held values of it keeps its store,
//!   and its place, until the last of them is released.
//!
//! Locks: none here, but the pool's own while a place is taken or given back.

mod builders;
mod convert;
mod definitions;
mod dict;
mod dicts;
mod eval;
#[cfg(test)]
mod fixture;
mod foreign;
mod forms;
mod growing;
mod handles;
mod items;
mod list;
mod lists;
#[cfg(test)]
mod lists_model;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
mod number;
mod patches;
mod pool;
mod quick;
mod scalars;
mod scratch;
mod shimmer;
mod sort;
mod store;
mod strings;
mod syntax;
mod text;
mod trie;
mod word;

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;

use crate::abi::*;
use crate::arena::Arena;
use crate::base::{Error, Host, List, Result, fail};
use crate::os::{Hooks, Level as Locks, Pool, Rank, Signed, at_fork};
use crate::shim;
use definitions::Definitions;
use eval::{Eval, Level};
use forms::Forms;
use handles::Handles;
use scratch::{EMPTY, Slot};
use store::{Block, Store};
pub use text::Text;
use word::Word;

/// What the host's options say, with the defaults filled in.
#[derive(Clone, Copy)]
pub struct Options {
    user: *mut c_void,
    to_text: lifecycle_to_text_fn,
    to_list: lifecycle_to_list_fn,
    foreign_release: lifecycle_foreign_release_fn,
    foreign_clone: lifecycle_foreign_clone_fn,
    frame_limit: usize,
    arena_limit: usize,
}

/// All that an interpreter has. What an eval that begins or ends looks at comes first, side by side:
/// after one that made much it is not in the cache.
/// cbindgen:ignore
#[repr(C)]
pub struct State {
    handles: Handles,
    /// A foreign thing is being released, or a level dropped: no eval can begin, and the interpreter
    /// can't be destroyed.
    is_dropping: bool,
    high_water: usize,
    /// The evals entered and not left.
    evals: List<Eval>,
    /// Level 0 is the outermost; there is one for each open scope more.
    levels: List<Level>,
    forms: Forms,
    definitions: Definitions,
    store: Store,
    /// Arenas by level, those of closed levels too.
    spare_arenas: List<&'static Arena>,
    /// Counts changes in place, so that texts and what was kept know whether they are up to date.
    clock: u64,
    /// Foreign things that have to be cloned before something can be kept (`Interp::keeping`).
    wanted: List<usize>,
    options: Options,
    host: Host,
    /// References to blocks that C holds.
    held: u64,
}

/// An interpreter in its place.
/// cbindgen:ignore
#[repr(C)]
pub struct Interp {
    /// In one cache line with the words that every handle is made with.
    signature: AtomicU32,
    next_free: AtomicU32,
    /// Destroyed, but for its store (`.interp.last`).
    is_last: Cell<bool>,
    state: UnsafeCell<MaybeUninit<State>>,
    /// The host's functions: `Host` points here.
    allocator: UnsafeCell<lifecycle_allocator>,
}

const _: () = assert!(offset_of!(State, handles) == 0);

// SAFETY: signature and next_free are atomics, for which zero bytes are a valid value; they are all
// that the pool uses from any thread. The rest is used by one thread at a time (`.interp.owner`).
unsafe impl Signed for Interp {
    fn signature(&self) -> &AtomicU32 {
        &self.signature
    }
    fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
    const NOUN: &'static str = "interpreter";
    const FRONT: usize = offset_of!(Interp, state);
}

static POOL: Pool<Interp> = Pool::new(Rank::InterpPool);
/// Around a fork.
static HOOKS: Hooks = Hooks { before: || POOL.hold(), after: |_| POOL.let_go() };

const FRAMES: usize = 10_000;

fn set_up(options: &lifecycle_interp_options) -> Result<(Options, lifecycle_allocator)> {
    if options.reserved != 0 {
        fail!(LIFECYCLE_E_INVALID, "interpreter options have no value {:#x}", options.reserved);
    }
    let given = |value: usize, default| if value == 0 { default } else { value };
    let table = Host::table_of(options.allocator)?;
    let chosen = Options {
        user: options.user,
        to_text: options.to_text,
        to_list: options.to_list,
        foreign_release: options.foreign_release,
        foreign_clone: options.foreign_clone,
        frame_limit: given(options.frame_limit, FRAMES),
        arena_limit: options.arena_limit,
    };
    Ok((chosen, table))
}

impl State {
    fn new(options: &lifecycle_interp_options, chosen: Options, host: Host) -> Result<State> {
        let limit = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        let mut state = State {
            handles: Handles::new(host, limit(options.handle_limit))?,
            is_dropping: false,
            high_water: 0,
            evals: List::new_in(host),
            levels: List::new_in(host),
            forms: Forms::new(host),
            definitions: Definitions::new(host)?,
            store: Store::new(host, limit(options.value_limit), shim::is_watched()),
            spare_arenas: List::new_in(host),
            clock: 0,
            wanted: List::new_in(host),
            options: chosen,
            host,
            held: 0,
        };
        state.open_level()?;
        Ok(state)
    }

    /// The arena of a level.
    fn arena(&self, level: usize) -> Result<&'static Arena> {
        match self.levels.get(level) {
            Some(level) => Ok(level.arena()),
            None => fail!(LIFECYCLE_E_INVALID, "there is no scope of depth {level}"),
        }
    }

    /// The level whose handles are made now.
    fn top(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// The level that a position belongs to.
    fn level_of(&self, position: usize) -> usize {
        if self.levels.len() == 1 {
            return 0;
        }
        self.levels.partition_point(|level| level.position() <= position).saturating_sub(1)
    }

    /// The position of a handle, or why it is none.
    fn position(&self, handle: lifecycle_handle) -> Result<usize> {
        self.handles.position(handle).ok_or_else(|| self.handles.refuse(handle))
    }

    /// What a handle stands for, or why it is none.
    #[inline]
    fn slot(&self, handle: lifecycle_handle) -> Result<&Slot> {
        if let Some((_, slot)) = self.handles.newest(handle) {
            return Ok(slot);
        }
        self.older_slot(handle)
    }

    #[cold]
    #[inline(never)]
    fn older_slot(&self, handle: lifecycle_handle) -> Result<&Slot> {
        let slot = self.handles.position(handle).and_then(|at| self.handles.slot(at));
        slot.ok_or_else(|| self.handles.refuse(handle))
    }

    /// What stands at a position.
    fn slot_at(&self, position: usize) -> Result<&Slot> {
        self.handles.slot(position).ok_or_else(gone)
    }

    /// As `slot_at`, to change it.
    fn slot_at_mut(&mut self, position: usize) -> Result<&mut Slot> {
        self.handles.slot_mut(position).ok_or_else(gone)
    }

    /// Something was changed in place: texts are to be looked at again. The time of the change.
    fn touch(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// A copy of bytes in a level's arena, with a NUL behind.
    fn copy_bytes<'a>(&self, level: usize, bytes: &[u8]) -> Result<&'a [u8]> {
        if bytes.is_empty() {
            return Ok(EMPTY.get(..0).unwrap_or_default());
        }
        let copy = self.arena(level)?.copy_text(bytes)?;
        // SAFETY: `.scratch.object` - the copy was made just above and lives as long as the level.
        Ok(unsafe { core::slice::from_raw_parts(copy.as_ptr().cast(), bytes.len()) })
    }

    /// An object in a level's arena.
    #[inline]
    fn make_object<T>(&self, level: usize, object: T) -> Result<NonNull<T>> {
        const { assert!(align_of::<T>() <= 16) };
        let at = self.arena(level)?.alloc(size_of::<T>(), 16)?.cast::<T>();
        // SAFETY: the memory was allocated just above for it.
        unsafe { at.write(object) };
        Ok(at)
    }

    /// What it holds.
    fn memory(&self) -> lifecycle_memory {
        let arena_used = self.levels.iter().map(|level| level.arena().used()).sum::<usize>();
        let scratch_bytes = arena_used + self.handles.bytes();
        let mut memory = lifecycle_memory {
            scratch_handles: self.handles.len() as u64,
            scratch_bytes: scratch_bytes as u64,
            arena_used: arena_used as u64,
            eval_depth: self.evals.len() as u64,
            values: self.store.live(),
            value_bytes: self.store.bytes() as u64,
            high_water: self.high_water.max(scratch_bytes) as u64,
            pending_values: self.store.pending(),
            scopes: self.top() as u64,
            held_values: self.held,
            ..lifecycle_memory::default()
        };
        self.definitions.count(&mut memory);
        memory
    }
}

#[cold]
fn gone() -> Error {
    crate::base::error!(LIFECYCLE_E_STALE, "what the element stood for is gone")
}

impl Interp {
    /// Makes an interpreter.
    pub fn create(options: &lifecycle_interp_options) -> Result<&'static Interp> {
        at_fork(Locks::Interps, &HOOKS)?;
        let (chosen, table) = set_up(options)?;
        let (place, is_fresh) = POOL.take()?;
        if is_fresh {
            let interp = Interp {
                signature: AtomicU32::new(0),
                next_free: AtomicU32::new(0),
                is_last: Cell::new(false),
                state: UnsafeCell::new(MaybeUninit::zeroed()),
                allocator: UnsafeCell::new(table),
            };
            // SAFETY: `.pool.once` - the place is new and ours until it is published.
            unsafe { place.write(interp) };
        }
        // SAFETY: `.pool.once` - the place holds an `Interp`, ours until it is published.
        let interp: &'static Interp = unsafe { place.as_ref() };
        // SAFETY: as above; nothing is allocated through the old table any more (`finish`).
        unsafe { *interp.allocator.get() = table };
        // SAFETY: `.host.alive` - the table is in the place, which is never unmapped, and all three
        // functions are given.
        let host = unsafe { Host::from_table(NonNull::from(&*interp.allocator.get())) };
        match State::new(options, chosen, host) {
            Ok(mut state) => {
                state.store.set_owner((&raw const *interp).cast());
                interp.is_last.set(false);
                // SAFETY: as above: the place is ours, and has no state (`finish`).
                unsafe { (*interp.state.get()).write(state) };
                Pool::publish(interp);
                Ok(interp)
            }
            Err(error) => {
                POOL.give_back(interp);
                Err(error)
            }
        }
    }

    /// The live interpreter at a pointer from C; anything else is told apart without being
    /// followed.
    #[inline]
    pub fn check(pointer: *const lifecycle_interp) -> Result<&'static Interp> {
        POOL.check(pointer.cast())
    }

    /// Looks at the state of a live interpreter, or changes what is at hand there: what can neither
    /// fail nor panic, and calls nobody. `None` says that this is not enough; then nothing has
    /// changed, and the long way is to be taken.
    #[inline]
    pub fn quick<R>(
        pointer: *const lifecycle_interp,
        body: impl FnOnce(&mut State) -> Option<R>,
    ) -> Option<R> {
        POOL.peek(pointer.cast::<Interp>()).ok()?.with(body)
    }

    /// For C.
    pub fn as_ptr(&self) -> *mut lifecycle_interp {
        // `.interp.front`
        self.state.get().cast()
    }

    /// Runs something on the state; it calls no foreign code.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(&mut State) -> R) -> R {
        // SAFETY: `.interp.owner`, `.interp.quiet` - no other reference to the state is alive:
        // every one is made here, on the one thread that uses the interpreter, and ends before
        // foreign code can run and come back. Whoever has an `Interp` that is live, or the last of
        // it, has one with a state.
        body(unsafe { (*self.state.get()).assume_init_mut() })
    }

    /// As `with`; then releases the foreign things that the change let go.
    #[inline]
    pub fn change<R>(&self, body: impl FnOnce(&mut State) -> R) -> R {
        let result = self.with(body);
        self.settle();
        result
    }

    /// Releases the foreign things that nobody keeps any more.
    #[inline]
    pub fn settle(&self) {
        if self.with(|state| state.store.has_condemned()) {
            self.release_condemned();
        }
    }

    #[cold]
    fn release_condemned(&self) {
        while let Some(pointer) = self.with(|state| state.store.next_condemned()) {
            self.release_foreign(pointer);
        }
    }

    /// Gives a foreign thing back to the host.
    pub fn release_foreign(&self, pointer: *mut c_void) {
        let Options { foreign_release, user, .. } = self.options();
        if let Some(release) = foreign_release
            && !pointer.is_null()
        {
            let replace = |now| self.with(|state| core::mem::replace(&mut state.is_dropping, now));
            let before = replace(true);
            // SAFETY: the host promised that its function may be called with each of its things,
            // once; `.interp.quiet` holds: `with` has returned.
            unsafe { release(pointer, user) }
            replace(before);
        }
    }

    /// What the host asked for.
    pub fn options(&self) -> Options {
        self.with(|state| state.options)
    }

    /// The host's pointer.
    pub fn user(&self) -> *mut c_void {
        self.options().user
    }

    /// The outermost scratch arena.
    pub fn arena(&self) -> Result<*mut lifecycle_arena> {
        self.with(|state| Ok(state.arena(0)?.as_ptr()))
    }

    /// What it holds.
    pub fn memory(&self) -> lifecycle_memory {
        self.with(|state| state.memory())
    }

    /// Gives everything back, but for values that C holds.
    pub fn destroy(&self) -> Result<()> {
        let depth = self.with(|state| (state.evals.len(), state.is_dropping));
        if depth.0 != 0 || depth.1 {
            fail!(LIFECYCLE_E_BUSY, "the interpreter is in an eval, {} deep", depth.0);
        }
        self.drop_scratch();
        self.with(State::forget_definitions);
        // A function that releases a foreign thing may define something once more.
        while self.with(|state| state.store.has_condemned()) {
            self.settle();
            self.with(State::forget_definitions);
        }
        self.with(State::close_all)?;
        if !Pool::withdraw(self) {
            fail!(LIFECYCLE_E_STALE, "another thread was destroying the interpreter");
        }
        self.is_last.set(true);
        if self.with(|state| state.held == 0) {
            self.finish();
        }
        Ok(())
    }

    /// Gives the place back: it was destroyed, and no value of it is held any more.
    fn finish(&self) {
        self.with(|state| state.store.empty_pool());
        let state = self.state.get();
        // SAFETY: `.interp.last` - it was withdrawn, so nobody has a way to the state any more but
        // through values, of which there are none.
        unsafe { (*state).assume_init_drop() };
        // SAFETY: as above; zeros are what a place without a state has (`.interp.front`).
        unsafe { *state = MaybeUninit::zeroed() };
        POOL.give_back(self);
    }

    /// The interpreter of a value that C holds: a live one, or the last of one.
    ///
    /// # Safety
    /// `block` points at readable memory.
    unsafe fn of_value(block: NonNull<Block>) -> Result<&'static Interp> {
        // SAFETY: the caller's word.
        let owner = unsafe { store::owner_of_value(block) };
        let Some(owner) = owner else {
            fail!(LIFECYCLE_E_STALE, "the value at {block:p} was released");
        };
        let owner = owner.cast::<Interp>();
        match POOL.peek(owner.wrapping_byte_add(<Interp as Signed>::FRONT)) {
            // SAFETY: `.pool.stable` - the pool knows the place; the value keeps what is left of
            // the interpreter.
            Ok(_) | Err(lifecycle_status::LIFECYCLE_E_STALE) => Ok(unsafe { &*owner }),
            Err(_) => fail!(LIFECYCLE_E_INVALID, "there is no value at {block:p}"),
        }
    }

    /// Counts a value once more for C.
    ///
    /// # Safety
    /// As `lifecycle_value_retain`.
    pub unsafe fn retain_value(value: *mut lifecycle_value) -> Result<()> {
        let Some(block) = Word::from_c(value).as_block() else { return Ok(()) };
        // SAFETY: the caller's word.
        let interp = unsafe { Self::of_value(block) }?;
        interp.with(|state| {
            state.held += 1;
            state.store.retain(Word::block(block));
        });
        Ok(())
    }

    /// Counts a value once less for C.
    ///
    /// # Safety
    /// As `lifecycle_value_release`.
    pub unsafe fn release_value(value: *mut lifecycle_value) -> Result<()> {
        let Some(block) = Word::from_c(value).as_block() else { return Ok(()) };
        // SAFETY: the caller's word.
        let interp = unsafe { Self::of_value(block) }?;
        interp.with(|state| {
            if state.held == 0 {
                fail!(LIFECYCLE_E_INVALID, "no value of the interpreter is held any more");
            }
            state.held -= 1;
            state.store.release(Word::block(block));
            Ok(())
        })?;
        interp.settle();
        // Where a release function released this value, who called that function finishes.
        if interp.is_last.get() && interp.with(|state| state.held == 0 && !state.is_dropping) {
            interp.finish();
        }
        Ok(())
    }
}
