//! bumpalo: an arena of chained chunks.

use allocator_api2::alloc::Allocator;
use bumpalo::Bump;
use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::{null_mut, NonNull};

/// The alignment is known to the compiler: that is bumpalo's fastest.
type Arena = Bump<8>;

#[inline(always)]
fn alloc(arena: &Arena, size: usize) -> *mut u8 {
    match Layout::from_size_align(size, 1).map(|layout| arena.try_alloc_layout(layout)) {
        Ok(Ok(at)) => at.as_ptr(),
        _ => null_mut(),
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

/// # Safety
/// `arena` is from `peer_bump_new`, and `at` is an allocation of it of `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn peer_bump_grow(
    arena: *mut Arena,
    at: *mut u8,
    size: usize,
    more: usize,
) -> *mut c_void {
    let layouts = (Layout::from_size_align(size, 1), Layout::from_size_align(more, 1));
    let (Some(at), (Ok(old), Ok(new))) = (NonNull::new(at), layouts) else { return null_mut() };
    (&*arena).grow(at, old, new).map_or(null_mut(), |grown| grown.as_ptr().cast())
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
