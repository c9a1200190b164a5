//! Arenas: memory for things that die together.
//!
//! A request, a parse, a frame: thousands of small allocations, none of them freed by itself, all
//! of them gone at once. Allocating is moving a cursor, which C does inline; a reset moves it back
//! and keeps the pages. `bump` is the algorithm, which WebAssembly has too (`wasm/`), `system` is
//! what it stands on here; this file gives an arena a place whose address C may hold, runs its
//! cleanups, and turns refusals into sentences.
//!
//! Invariants:
//! - `.arena.owner`: an arena belongs to one thread at a time (the contract of the C interface). So
//!   of all the threads that may hold its address, only one is inside this file or the inline
//!   allocation.
//! - `.arena.quiet`: no reference to a `Bump` is alive while foreign code runs. A cleanup finds the
//!   arena consistent and may allocate, save and register; resetting, rewinding and destroying are
//!   refused to it (`busy`).
//! - `.arena.owned`: an arena that is a part of something else (an interpreter's scope) is reset,
//!   rewound and destroyed by that alone: C may allocate from it, and everything else that C may do
//!   with it keeps what the owner has in it.
//! - `.arena.front`: a `Bump` starts with the two words of `lifecycle_arena`: the address that C
//!   holds is that of the `Bump`, which stands `Arena::FRONT` bytes behind the arena's own. What is
//!   before it is in one cache line with what a plain reset needs.
//!
//! Locks: none here. The pool's own lock is held while a place is taken or given back, never while
//! anything is called.

mod bump;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
mod system;
#[cfg(test)]
mod tests;

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_char, c_void};
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::abi::*;
use crate::base::{Error, Result, fail};
use crate::os::{Hooks, Level, Pool, Rank, Signed, at_fork};
use bump::{Bump, Cleanup, First, Mark, Platform, Refused, Setup, Unfit};
use system::System;

/// An arena in its place.
#[repr(C)]
pub struct Arena {
    signature: AtomicU32,
    next_free: AtomicU32,
    /// Cleanups are running.
    busy: Cell<bool>,
    /// It is a part of something else (`.arena.owned`).
    owned: Cell<bool>,
    bump: UnsafeCell<Bump<System>>,
}

const _: () = {
    assert!(<Arena as Signed>::FRONT + bump::FRONT <= 64);
    assert!(offset_of!(lifecycle_arena, cursor) == 0);
    assert!(offset_of!(lifecycle_arena, limit) == size_of::<usize>());
    assert!(LIFECYCLE_ARENA_ALIGN_MAX == bump::ALIGN_MAX);
};

// SAFETY: signature and next_free are atomics, for which zero bytes are a valid value; they are all
// that the pool uses from any thread. The rest is used by one thread at a time (`.arena.owner`).
unsafe impl Signed for Arena {
    fn signature(&self) -> &AtomicU32 {
        &self.signature
    }
    fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
    const NOUN: &'static str = "arena";
    const FRONT: usize = offset_of!(Arena, bump);
}

static POOL: Pool<Arena> = Pool::new(Rank::ArenaPool);
/// Around a fork.
static HOOKS: Hooks = Hooks { before: || POOL.hold(), after: |_| POOL.let_go() };
/// Identities given out.
static ARENAS: AtomicU64 = AtomicU64::new(0);
/// Arenas that exist.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// Address space for one more arena. A processor has room for two thousand arenas of the full size;
/// a program with an arena for each of its connections must not starve itself of addresses, so what
/// one gets shrinks as they become many (and is extended when it is used up). Even 65,536 of them
/// leave three quarters to everybody else. Under a checker there is less to share: valgrind gives a
/// program 128 GiB or less.
fn fair_share(live: usize, is_watched: bool) -> usize {
    let (most, few) = if is_watched { (system::RESERVE / 256, 32) } else { (system::RESERVE, 64) };
    (most / (live / few + 1)).max(bump::CHUNK)
}

/// Turns what the algorithm refuses into a status and a sentence.
#[cold]
fn tell(refused: Refused<Error>) -> Error {
    use lifecycle_status::*;
    match refused {
        Refused::System(error) => error,
        Refused::Alignment(align) => Error::new(
            LIFECYCLE_E_INVALID,
            format_args!("an alignment of {align} is not a power of two up to {}", bump::ALIGN_MAX),
        ),
        Refused::TooBig(size) => Error::new(
            LIFECYCLE_E_TOO_BIG,
            format_args!("no arena can hold an allocation of {size} bytes"),
        ),
        Refused::Foreign(at, size) => Error::new(
            LIFECYCLE_E_INVALID,
            format_args!("no {size} bytes at {at:p} are in use in the arena"),
        ),
        Refused::Limit { asked, used, limit } => Error::new(
            LIFECYCLE_E_LIMIT,
            format_args!("{asked} bytes more than {used} would pass the arena's limit of {limit}"),
        ),
    }
}

fn set_up(options: &lifecycle_arena_options, is_watched: bool, reserve: usize) -> Result<Setup> {
    if options.flags & !LIFECYCLE_ARENA_NO_POISON != 0 || options.reserved != 0 {
        fail!(LIFECYCLE_E_INVALID, "an arena has no flags {:#x}", options.flags);
    }
    let (region, len) = (options.first_region.cast::<u8>(), options.first_region_size);
    if region.is_null() && len != 0 {
        fail!(LIFECYCLE_E_INVALID, "the first region is NULL with a size of {len}");
    }
    if (region as usize).checked_add(len).is_none() {
        fail!(LIFECYCLE_E_INVALID, "a first region cannot have {len} bytes at {region:p}");
    }
    let given = |value: usize| if value == 0 { None } else { Some(value) };
    Ok(Setup {
        chunk: given(options.chunk_size).unwrap_or(bump::CHUNK),
        hard_limit: given(options.hard_limit).unwrap_or(system::RESERVE),
        reserve: fair_share(LIVE.load(Ordering::Relaxed), is_watched).min(reserve),
        first: First::new(region, len),
        retained: given(options.retained),
        poison: options.flags & LIFECYCLE_ARENA_NO_POISON == 0,
        identity: ARENAS.fetch_add(1, Ordering::Relaxed) + 1,
    })
}

impl Arena {
    /// Makes an arena that C owns.
    pub fn create(options: &lifecycle_arena_options) -> Result<&'static Arena> {
        Self::make(options, system::RESERVE, false)
    }

    /// Makes an arena that is a part of something else (`.arena.owned`). Of address space it takes
    /// `reserve` bytes at most and is extended when they are used up, so that there may be many.
    pub fn create_owned(
        options: &lifecycle_arena_options,
        reserve: usize,
    ) -> Result<&'static Arena> {
        Self::make(options, reserve, true)
    }

    fn make(
        options: &lifecycle_arena_options,
        reserve: usize,
        owned: bool,
    ) -> Result<&'static Arena> {
        at_fork(Level::Pools, &HOOKS)?;
        let system = System::new();
        let setup = set_up(options, system.is_watched(), reserve)?;
        let mut bump = Bump::new(system, setup).map_err(tell)?;
        let (place, is_fresh) = match POOL.take() {
            Ok(taken) => taken,
            Err(error) => {
                // The caller's region must not stay marked; what the system refuses here was never
                // handed out.
                let _ = bump.release();
                return Err(error);
            }
        };
        if is_fresh {
            let arena = Arena {
                signature: AtomicU32::new(0),
                next_free: AtomicU32::new(0),
                busy: Cell::new(false),
                owned: Cell::new(owned),
                bump: UnsafeCell::new(bump),
            };
            // SAFETY: `.pool.once` - the place is new and ours until it is published.
            unsafe { place.write(arena) };
        } else {
            // SAFETY: `.pool.once` - the place holds an `Arena`, ours until it is published.
            let arena = unsafe { place.as_ref() };
            // The old `Bump` owns nothing any more (`destroy`).
            arena.with(|old| *old = bump);
            arena.busy.set(false);
            arena.owned.set(owned);
        }
        // SAFETY: `.pool.once` - the place holds an `Arena` by now.
        let arena: &'static Arena = unsafe { place.as_ref() };
        LIVE.fetch_add(1, Ordering::Relaxed);
        Pool::publish(arena);
        Ok(arena)
    }

    /// The live arena at a pointer from C; anything else is told apart without being followed.
    pub fn check(pointer: *const lifecycle_arena) -> Result<&'static Arena> {
        POOL.check(pointer.cast())
    }

    /// For C.
    pub fn as_ptr(&self) -> *mut lifecycle_arena {
        // `.arena.front`; C writes the cursor through it, which lies inside the `UnsafeCell`.
        self.bump.get().cast()
    }

    /// Runs something on the algorithm's side; it calls no foreign code.
    fn with<R>(&self, body: impl FnOnce(&mut Bump<System>) -> R) -> R {
        // SAFETY: `.arena.owner`, `.arena.quiet` - no other reference to the `Bump` is alive: every
        // one is made here, on the one thread that uses the arena, and ends before foreign code can
        // run and come back.
        body(unsafe { &mut *self.bump.get() })
    }

    /// Allocates. Where the bytes are at hand this is a comparison and a store, as it is in C.
    #[inline]
    pub fn alloc(&self, size: usize, align: usize) -> Result<NonNull<u8>> {
        match self.with(|bump| bump.take(size, align)) {
            Some(at) => Ok(at),
            None => self.alloc_slow(size, align),
        }
    }

    #[inline(never)]
    fn alloc_slow(&self, size: usize, align: usize) -> Result<NonNull<u8>> {
        self.with(|bump| bump.alloc(size, align)).map_err(tell)
    }

    /// Gives an allocation another size: where it is, if it shrinks or is the last one and has room
    /// behind it, else by a copy.
    pub fn grow(&self, at: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>> {
        self.with(|bump| bump.resize(at, old, new)).map_err(tell)
    }

    /// Copies a text and ends it with a NUL.
    pub fn copy_text(&self, text: &[u8]) -> Result<NonNull<c_char>> {
        // A slice is never as long as the address space, so one more byte is a number.
        let copy = self.alloc(text.len() + 1, 1)?;
        // SAFETY: `.arena.live` - the copy was allocated just above with room for the text, and
        // overlaps nothing.
        unsafe { copy.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len()) };
        // SAFETY: `.arena.live` - as above: there is one byte more.
        let end = unsafe { copy.add(text.len()) };
        // SAFETY: `.arena.live` - as above.
        unsafe { end.write(0) };
        Ok(copy.cast())
    }

    /// Marks where the arena is.
    pub fn save(&self) -> lifecycle_arena_mark {
        let Mark { position, arena, sequence } = self.with(Bump::save);
        lifecycle_arena_mark { position, arena, sequence }
    }

    /// Nothing that drops allocations while cleanups run, and nothing of the sort to C if the arena
    /// has an owner (`.arena.owned`).
    #[inline]
    fn check_may(&self, drop: &'static str, is_owner: bool) -> Result<()> {
        if self.busy.get() || (self.owned.get() && !is_owner) {
            return self.refuse(drop);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, drop: &'static str) -> Result<()> {
        if self.busy.get() {
            fail!(LIFECYCLE_E_BUSY, "a cleanup of the arena must not {drop} it");
        }
        fail!(LIFECYCLE_E_BUSY, "the arena is a part of something else, which alone may {drop} it")
    }

    /// Runs the cleanups registered since a mark, or all, newest first. Each is taken off before it
    /// is called, so that one that registers another finds it run next.
    fn run_cleanups(&self, since: Option<Mark>) {
        if !self.with(|bump| bump.has_cleanups()) {
            return;
        }
        self.busy.set(true);
        while let Some(cleanup) = self.with(|bump| bump.pop_cleanup(since)) {
            // SAFETY: the caller of on_reset promised that the function may be called with these,
            // once; `.arena.quiet` holds: `with` has returned.
            unsafe { (cleanup.run)(cleanup.resource, cleanup.user) };
        }
        self.busy.set(false);
    }

    /// Goes back to a mark.
    pub fn rewind(&self, mark: lifecycle_arena_mark) -> Result<()> {
        self.check_may("rewind", false)?;
        self.rewind_now(mark)
    }

    fn rewind_now(&self, mark: lifecycle_arena_mark) -> Result<()> {
        let lifecycle_arena_mark { position, arena, sequence } = mark;
        let mark = Mark { position, arena, sequence };
        match self.with(|bump| bump.check(mark)) {
            Ok(()) => {}
            Err(Unfit::Foreign) => {
                fail!(
                    LIFECYCLE_E_INVALID,
                    "the mark is not one of the arena at {:p}",
                    self.as_ptr()
                )
            }
            Err(Unfit::Stale) => {
                fail!(LIFECYCLE_E_STALE, "the arena was reset or rewound below the mark")
            }
        }
        self.run_cleanups(Some(mark));
        self.with(|bump| bump.rewind(mark));
        Ok(())
    }

    /// Registers a cleanup.
    pub fn on_reset(
        &self,
        run: unsafe extern "C" fn(*mut c_void, *mut c_void),
        resource: *mut c_void,
        user: *mut c_void,
    ) -> Result<()> {
        self.with(|bump| bump.push_cleanup(Cleanup { run, resource, user })).map_err(tell)
    }

    /// Forgets everything.
    pub fn reset(&self) -> Result<()> {
        self.check_may("reset", false)?;
        self.reset_now()
    }

    /// Forgets everything, for the owner.
    pub fn owner_reset(&self) -> Result<()> {
        self.check_may("reset", true)?;
        self.reset_now()
    }

    /// Forgets everything, for the owner, if that is no more than to move the cursor: the bytes that
    /// were in use. `None`: `owner_reset` has to do it.
    #[inline]
    pub fn owner_reset_plain(&self) -> Option<usize> {
        if self.busy.get() { None } else { self.with(Bump::reset_plain) }
    }

    #[inline(always)]
    fn reset_now(&self) -> Result<()> {
        // Without a look at the rest of the arena, which may be out of the cache.
        if self.with(Bump::reset_plain).is_none() {
            self.reset_slow();
        }
        Ok(())
    }

    #[inline(never)]
    fn reset_slow(&self) {
        self.run_cleanups(None);
        // A mapping that the system did not take back is counted (failed_releases) and tried again;
        // the arena is empty.
        let _ = self.with(Bump::reset);
    }

    /// Gives everything back. Where the system refuses, the arena is as after a reset and still
    /// valid.
    pub fn destroy(&self) -> Result<()> {
        self.check_may("destroy", false)?;
        self.destroy_now()
    }

    /// Gives everything back, for the owner; as `destroy`.
    pub fn owner_destroy(&self) -> Result<()> {
        self.check_may("destroy", true)?;
        self.destroy_now()
    }

    fn destroy_now(&self) -> Result<()> {
        self.run_cleanups(None);
        if !Pool::withdraw(self) {
            fail!(LIFECYCLE_E_STALE, "another thread was destroying the arena");
        }
        if let Err(refused) = self.with(Bump::release) {
            Pool::publish(self);
            return Err(refused);
        }
        LIVE.fetch_sub(1, Ordering::Relaxed);
        POOL.give_back(self);
        Ok(())
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.with(|bump| bump.used())
    }

    /// Bytes held.
    pub fn capacity(&self) -> usize {
        self.with(|bump| bump.capacity())
    }

    /// What it holds.
    pub fn stats(&self) -> lifecycle_arena_stats {
        let stats = self.with(|bump| bump.stats());
        lifecycle_arena_stats {
            used: stats.used as u64,
            high_water: stats.high_water as u64,
            hard_limit: stats.hard_limit as u64,
            first_region: stats.first_region as u64,
            reserved: stats.reserved as u64,
            committed: stats.committed as u64,
            side_bytes: stats.side_bytes as u64,
            side_count: stats.side_count,
            failed_releases: stats.failed_releases,
            resets: stats.resets,
        }
    }
}
