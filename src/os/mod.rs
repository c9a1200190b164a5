//! The only room that calls the system.
//!
//! Linux today; another system is another set of files with the same functions. Nothing here keeps
//! policy: it maps, protects, opens and tells what was refused, with the system's error number.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

pub mod atomic;
mod clock;
mod file;
mod fork;
mod lock;
mod log_file;
mod membarrier;
mod memory;
mod pool;
mod rank;
mod task;

pub use clock::{monotonic_ns, real_us, ticks};
pub use file::{
    FileId, Opened, Snapshot, identify, map_file, open_file, read_file, remove_file, unmap,
};
pub use fork::{Held, Hooks, Level, at_fork};
pub use fork::{era as fork_era, generation as fork_generation};
pub use lock::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use log_file::{LogFile, Marker, environment, process_and_thread};
pub use membarrier::barrier;
pub use memory::{Access, CodeFile, Reservation, Twice, page_size};
pub use pool::{Pool, Signed};
pub use rank::{Rank, expect_no_lock};
pub use task::{Task, sleep_ns};

/// Names the calling thread, in this process and for ever: the system gives a number of its own to
/// the next thread once one has ended, and what the dead one left behind would be the next one's. A
/// child's only thread has its parent thread's.
pub fn thread_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static ID: Cell<u64> = const { Cell::new(0) });
    let known = ID.get();
    if known != 0 {
        return known;
    }
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    ID.set(id);
    id
}

/// Whether the calling thread is the one its process began with; in a forked child, the one that
/// forked.
pub fn is_main_thread() -> bool {
    // SAFETY: both take nothing and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

/// Gives the processor to another thread.
pub fn yield_now() {
    // SAFETY: takes nothing; its result does not matter.
    unsafe { libc::sched_yield() };
}
