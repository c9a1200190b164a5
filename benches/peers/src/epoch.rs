//! crossbeam-epoch: what it costs to be inside, and how long something deferred waits.

use crossbeam_epoch as epoch;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Pins and unpins `count` times.
#[no_mangle]
pub extern "C" fn peer_epoch_pairs(count: u64) {
    for _ in 0..count {
        black_box(&epoch::pin());
    }
}

/// Is inside for one call of `work`.
///
/// # Safety
/// `work` can be called.
#[no_mangle]
pub unsafe extern "C" fn peer_epoch_inside(work: unsafe extern "C" fn()) {
    let guard = epoch::pin();
    work();
    drop(guard);
}

/// Defers something and asks for it until it was done.
#[no_mangle]
pub extern "C" fn peer_epoch_grace() {
    let done = Arc::new(AtomicBool::new(false));
    let told = done.clone();
    {
        let guard = epoch::pin();
        guard.defer(move || told.store(true, Ordering::Release));
        guard.flush();
    }
    while !done.load(Ordering::Acquire) {
        epoch::pin().flush();
    }
}
