//! The word that an entry jumps through. It is apart from the entries so that `tests/loom.rs` can
//! run it through every interleaving.
//!
//! Invariant `.slot.order`: what a slot is pointed at is complete before. The store releases; a
//! processor that jumps to what it loads cannot fetch it from before the load.

use core::ffi::c_void;

use crate::os::atomic::{AtomicPtr, Ordering};

/// Where an entry goes.
#[repr(transparent)]
pub struct Slot(AtomicPtr<c_void>);

impl Slot {
    /// Goes to `target`.
    pub fn new(target: *mut c_void) -> Self {
        Slot(AtomicPtr::new(target))
    }

    /// Goes to `target` from now on.
    pub fn point(&self, target: *mut c_void) {
        self.0.store(target, Ordering::Release);
    }

    /// Where it goes.
    pub fn target(&self) -> *mut c_void {
        self.0.load(Ordering::Acquire)
    }
}
