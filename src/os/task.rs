//! Threads as the system knows them: who they are, whether they are still there, and waiting.

use core::sync::atomic::{AtomicI32, Ordering};

/// A thread, by the numbers of its process and its own. All zero: none.
///
/// A number is given to another thread once its owner has ended. So what is told of a thread that
/// is not there is true for ever, and what is told of one that is there may be of its successor.
pub struct Task {
    process: AtomicI32,
    thread: AtomicI32,
}

impl Task {
    /// Makes it the calling thread.
    pub fn set_current(&self) {
        // SAFETY: both take nothing and cannot fail.
        let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid)) };
        self.process.store(process, Ordering::Relaxed);
        self.thread.store(i32::try_from(thread).unwrap_or(-1), Ordering::Relaxed);
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        u64::try_from(self.thread.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Whether it has certainly ended. Where the system will not tell, it has not.
    pub fn is_gone(&self) -> bool {
        let process = self.process.load(Ordering::Relaxed);
        let thread = self.thread.load(Ordering::Relaxed);
        // SAFETY: signal 0 is none: the system only looks whether it could be sent.
        let found = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) };
        found == -1 && crate::base::errno() == libc::ESRCH
    }
}

/// Lets other threads run for about so long; a signal may end it early.
pub fn sleep_ns(ns: u64) {
    let wait = libc::timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: (ns % 1_000_000_000) as i64,
    };
    // SAFETY: `wait` is a valid time; what is left of it is not asked for.
    unsafe { libc::nanosleep(&raw const wait, core::ptr::null_mut()) };
}
