//! bumpalo: an arena of chained chunks.

use bumpalo::Bump;
use std::alloc::Layout;
use std::ffi::c_void;

/// The alignment is known to the compiler: that is bumpalo's fastest.
type Arena = Bump<8>;

#[inline(always)]
fn alloc(arena: &Arena, size: usize) -> *mut u8 {
    match Layout::from_size_align(size, 1).map(|layout| arena.try_alloc_layout(layout)) {
        Ok(Ok(at)) => at.as_ptr(),
        _ => std::ptr::null_mut(),
    }
}

#[no_mangle]
pub extern "C" fn peer_bump_new() -> *mut Arena {
    Box::into_raw(Box::new(Bump::with_min_align()))
}

/// # Safety
/// `arena` is from `peer_bump_new` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn peer_bump_free(arena: *mut Arena) {
    drop(Box::from_raw(arena));
}

/// # Safety
/// `arena` is from `peer_bump_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_bump_alloc(arena: *mut Arena, size: usize) -> *mut c_void {
    alloc(&*arena, size).cast()
}

/// Allocates `count` objects and touches each.
///
/// # Safety
/// `arena` is from `peer_bump_new`; there are `count` sizes.
#[no_mangle]
pub unsafe extern "C" fn peer_bump_fill(arena: *mut Arena, sizes: *const u32, count: usize) {
    let arena = &*arena;
    for (i, &size) in std::slice::from_raw_parts(sizes, count).iter().enumerate() {
        alloc(arena, size as usize).write_volatile(i as u8);
    }
}

/// # Safety
/// `arena` is from `peer_bump_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_bump_reset(arena: *mut Arena) {
    (*arena).reset();
}
