//! Header section 8: the drop-ins over one arena of the whole process, for runtimes written against
//! `feather_arena_*`.
//!
//! Invariants:
//! - `.feather.lock`: the arena is only touched under the lock, so the four functions may be called
//!   from any thread. No cleanup can be registered, for nobody knows the arena's address; so
//!   nothing foreign runs under the lock.

use core::ffi::c_void;
use core::ptr;

use parking_lot::Mutex;

use super::arena::DEFAULTS;
use super::guard;
use crate::arena::Arena;
use crate::base::Result;

/// The arena, once somebody has allocated. It is never destroyed: it holds what the process's
/// memory holds anyway.
struct Shared(Option<&'static Arena>);

// SAFETY: `.feather.lock` - whoever reaches the arena through this is the one thread that uses it.
unsafe impl Send for Shared {}

static ARENA: Mutex<Shared> = Mutex::new(Shared(None));

/// Allocates from the process-wide arena, which is made by the first call.
///
/// \param size  bytes; 0 gives a pointer that no other allocation has.
///
/// \returns `size` bytes, aligned to 16, not zeroed. NULL on failure, lifecycle_last_error()
///          telling: LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (64 GiB in use), LIFECYCLE_E_TOO_BIG.
///
/// Ownership: the arena's: valid until feather_arena_reset. Threads: any. Re-entry: it calls
/// nothing back. Fork: the child has a copy of everything; do not fork while another thread is
/// inside one of these functions, or the child waits for that thread for ever.
///
/// # Safety
/// Nothing is asked of the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_alloc(size: usize) -> *mut c_void {
    let alloc = || -> Result<_> {
        let mut shared = ARENA.lock();
        let arena = match shared.0 {
            Some(arena) => arena,
            None => {
                guard::quiet_panics();
                *shared.0.insert(Arena::create(&DEFAULTS)?)
            }
        };
        Ok(arena.alloc(size, 1)?.as_ptr().cast())
    };
    guard::value(ptr::null_mut(), alloc)
}

/// Forgets everything allocated from the process-wide arena, whoever allocated it; keeps the pages
/// for the next round.
///
/// Ownership: every pointer from feather_arena_alloc is dead. Threads: any, but no thread may be
/// using such a pointer. Re-entry, fork: as feather_arena_alloc.
///
/// # Safety
/// Nobody uses what was allocated any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_reset() {
    guard::value((), || ARENA.lock().0.map_or(Ok(()), Arena::reset));
}

/// Bytes in use in the process-wide arena: what was handed out, each rounded up to 16.
///
/// \returns the bytes; 0 before the first allocation.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry, fork: as feather_arena_alloc.
///
/// # Safety
/// Nothing is asked of the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_used() -> usize {
    guard::value(0, || Ok(ARENA.lock().0.map_or(0, Arena::used)))
}

/// Bytes that the process-wide arena holds, used or not.
///
/// \returns the bytes; 0 before the first allocation.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry, fork: as feather_arena_alloc.
///
/// # Safety
/// Nothing is asked of the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn feather_arena_capacity() -> usize {
    guard::value(0, || Ok(ARENA.lock().0.map_or(0, Arena::capacity)))
}
