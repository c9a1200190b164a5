//! What Rust cannot say: weak references to functions that the host may have, and marks for
//! AddressSanitizer and valgrind. The C side is `shim.c`, compiled by the build script.
//!
//! Invariants:
//! - `.shim.mark`: a mark changes what a checker thinks of bytes, never the bytes themselves; it
//!   reads and writes none of them, so any range may be marked. Who marks a range owns it.

use core::ffi::{c_int, c_void};

unsafe extern "C" {
    fn lifecycle_shim_checkers() -> c_int;
    fn lifecycle_shim_forbid(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_permit(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_permit_defined(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_rewrite_code(at: *const c_void, bytes: usize);
    fn lifecycle_shim_keep_roots(at: *const c_void, bytes: usize);
    fn lifecycle_shim_spl_free(block: *mut c_void);
}

/// Whether AddressSanitizer or valgrind's memcheck is watching this process. Other valgrind tools
/// do not count: what they measure is what ships.
pub fn is_watched() -> bool {
    // SAFETY: takes nothing, and asks about a byte of its own.
    unsafe { lifecycle_shim_checkers() != 0 }
}

/// From now on a touch of these bytes is a fault that the checker reports.
pub fn forbid(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_forbid(at.cast(), bytes) }
}

/// These bytes may be used; reading one before it is written is reported.
pub fn permit(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_permit(at.cast(), bytes) }
}

/// These bytes may be used, and count as written.
pub fn permit_defined(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_permit_defined(at.cast(), bytes) }
}

/// Other code stands at these bytes now: what a checker has translated of them is void.
pub fn rewrite_code(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_rewrite_code(at.cast(), bytes) }
}

/// Pointers in these bytes, which stay mapped for good, keep what they point at from being a leak.
pub fn keep_roots(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_keep_roots(at.cast(), bytes) }
}

/// Frees a block of a runtime's value: with the host's `spl_free` where it has one, else with
/// `free`.
///
/// # Safety
/// The block came from the allocator that this frees to, is not freed yet, and nothing
/// uses it any more.
pub unsafe fn spl_free(block: *mut c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_spl_free(block) }
}
