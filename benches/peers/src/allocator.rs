//! jit-allocator with two views of its memory, as one allocator of the process. It has no lock: the caller holds one.

use jit_allocator::{JitAllocator, JitAllocatorOptions};
use std::ffi::c_void;
use std::ptr::{addr_of_mut, null_mut};

static mut ALLOCATOR: Option<Box<JitAllocator>> = None;

fn allocator() -> &'static mut JitAllocator {
    // SAFETY: every caller holds the lock that is around this file's functions.
    let place = unsafe { &mut *addr_of_mut!(ALLOCATOR) };
    place.get_or_insert_with(|| {
        JitAllocator::new(JitAllocatorOptions { use_dual_mapping: true, ..Default::default() })
    })
}

/// # Safety
/// `rx` and `rw` can be written; the caller holds the lock.
#[no_mangle]
pub unsafe extern "C" fn peer_jit_alloc(size: usize, rx: *mut *mut c_void, rw: *mut *mut c_void) -> bool {
    match allocator().alloc(size) {
        Ok((executable, writable)) => {
            *rx = executable.cast_mut().cast();
            *rw = writable.cast();
            true
        }
        Err(_) => false,
    }
}

/// # Safety
/// `rx` is from `peer_jit_alloc`; the caller holds the lock.
#[no_mangle]
pub unsafe extern "C" fn peer_jit_release(rx: *mut c_void) -> bool {
    allocator().release(rx.cast::<u8>().cast_const()).is_ok()
}

/// # Safety
/// The caller holds the lock.
#[no_mangle]
pub unsafe extern "C" fn peer_jit_query(pc: *const c_void) -> *mut c_void {
    match allocator().query(pc.cast()) {
        Ok((rx, _, _)) => rx.cast_mut().cast(),
        Err(_) => null_mut(),
    }
}
