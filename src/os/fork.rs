//! Whether this process is a forked child of the one that made something.
//!
//! A page that the kernel wipes in a child tells: its word is 0 there until the child asks for the
//! first time. Where the kernel does not know such pages, the process id is asked each time.

use core::sync::atomic::{AtomicU64, Ordering};

use once_cell::sync::OnceCell;

use super::memory::{Access, Reservation};

static PAGE: OnceCell<Option<Reservation>> = OnceCell::new();

/// A number that differs between a process and its forked children, and never changes within one.
pub fn generation() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    let pid = || unsafe { libc::getpid() as u64 };
    let page = PAGE.get_or_init(|| {
        let page = Reservation::new(super::page_size(), super::page_size()).ok()?;
        page.set_access(0, page.len(), Access::ReadWrite).ok()?;
        page.wipe_on_fork().ok()?;
        Some(page)
    });
    let Some(page) = page else { return pid() };
    // SAFETY: the page is mapped readable and writable for ever (it is never dropped), and aligned.
    let word = unsafe { &*page.base().cast::<AtomicU64>() };
    match word.load(Ordering::Relaxed) {
        0 => {
            let pid = pid();
            word.store(pid, Ordering::Relaxed);
            pid
        }
        known => known,
    }
}
