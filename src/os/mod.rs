//! The only room that calls the system.
//!
//! Linux today; another system is another set of files with the same functions. Nothing here keeps
//! policy: it maps, protects, opens and tells what was refused, with the system's error number.

mod clock;
mod file;
mod fork;
mod membarrier;
mod memory;
mod pool;

pub use clock::{monotonic_ns, real_us};
pub use file::{FileId, Opened, Snapshot, map_file, open_file, read_file, remove_file, unmap};
pub use fork::generation as fork_generation;
pub use membarrier::barrier;
pub use memory::{Access, CodeFile, Reservation, page_size};
pub use pool::{Pool, Signed};

/// Names the calling thread for as long as it lives.
pub fn thread_id() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::pthread_self() as u64 }
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
