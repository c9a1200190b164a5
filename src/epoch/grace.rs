//! The grace protocol: what a reader does to its word, and what a reclaimer reads out of them.
//!
//! It is here, apart from who attaches and how, so that `tests/loom.rs` can run it through every
//! interleaving. `enter` and `leave` have twins in C, `lifecycle_enter` and `lifecycle_leave` of
//! include/lifecycle_inline.h: change both.
//!
//! Invariants:
//! - `.grace.enter`: nothing that a reader does inside is done before its word is written: that
//!   takes a fence, the reader's own or the one that the reclaimer makes every thread execute.
//!   Nothing is done before the counter is read, either: a reader that reads a counter beyond a
//!   thing's tag must find the thing unlinked, and the reclaimer's barrier, which may come after
//!   both loads, says nothing of their order; so the load acquires. And nothing of an earlier stay
//!   is done after: whoever reads the new value must know that the old stay is over; so the store
//!   releases. Neither costs anything on x86-64.
//! - `.grace.tag`: a thing is tagged after it was unlinked and freed after a look at the words that
//!   followed a barrier.

use crate::os::atomic::{AtomicU64, Ordering, compiler_fence, fence};

/// In a reader's word: not inside. The counter starts above it.
pub const OUTSIDE: u64 = 0;

/// The reader is inside from here on. `fences`: the reclaimer cannot do that for it.
pub fn enter(word: &AtomicU64, grace: &AtomicU64, fences: bool) {
    word.store(grace.load(Ordering::Acquire), Ordering::Release);
    if fences {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst);
    }
}

/// The reader is outside from here on.
pub fn leave(word: &AtomicU64) {
    word.store(OUTSIDE, Ordering::Release);
}

/// The tag of what has just been unlinked: readers that enter from now on have a greater value.
pub fn tag(grace: &AtomicU64) -> u64 {
    grace.fetch_add(1, Ordering::SeqCst)
}

/// Which reader has been inside longest, and with which value: after a barrier, what has a tag
/// below that may be freed, and everything if there is none.
pub fn oldest<'a>(words: impl Iterator<Item = &'a AtomicU64>) -> Option<(usize, u64)> {
    words
        .map(|word| word.load(Ordering::Acquire))
        .enumerate()
        .filter(|(_, entered)| *entered != OUTSIDE)
        .min_by_key(|(_, entered)| *entered)
}
