//! The drop-ins over one arena of the whole process, for runtimes written against
//! `feather_arena_*`.
//!
//! Invariants:
//! - `.feather.lock`: the arena is only touched under the lock, so the four functions may be called
//!   from any thread. No cleanup can be registered, for nobody knows the arena's address; so
//!   nothing foreign runs under the lock.

use core::ffi::c_void;
use core::ptr;

use crate::os::{Held, Hooks, Level, Mutex, MutexGuard, Rank, at_fork};

use super::arena::DEFAULTS;
use super::guard;
use crate::arena::Arena;
use crate::base::Result;

/// The arena, once somebody has allocated. It is never destroyed: it holds what the process's
/// memory holds anyway.
struct Shared(Option<&'static Arena>);

// SAFETY: `.feather.lock` - whoever reaches the arena through this is the one thread that uses it.
unsafe impl Send for Shared {}

static ARENA: Mutex<Shared> = Mutex::new(Rank::DropInArena, Shared(None));
static HELD: Held<MutexGuard<'static, Shared>> = Held::new();
/// A forked child does not begin with the lock of a thread that it does not have.
static HOOKS: Hooks = Hooks { before: || HELD.keep(ARENA.lock()), after: |_| HELD.let_go() };

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_alloc(size: usize) -> *mut c_void {
    let alloc = || -> Result<_> {
        let mut shared = ARENA.lock();
        let arena = match shared.0 {
            Some(arena) => arena,
            None => {
                guard::quiet_panics();
                at_fork(Level::Dropins, &HOOKS)?;
                *shared.0.insert(Arena::create(&DEFAULTS)?)
            }
        };
        Ok(arena.alloc(size, 1)?.as_ptr().cast())
    };
    guard::value(ptr::null_mut(), alloc)
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_reset() {
    guard::value((), || ARENA.lock().0.map_or(Ok(()), Arena::reset));
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_used() -> usize {
    guard::value(0, || Ok(ARENA.lock().0.map_or(0, Arena::used)))
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_capacity() -> usize {
    guard::value(0, || Ok(ARENA.lock().0.map_or(0, Arena::capacity)))
}
