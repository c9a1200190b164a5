//! Header section 10: what a heap does when cells die: finalizers and weak references; and memory
//! outside that its cells stand for.

use core::ffi::c_void;

use super::guard;
use crate::abi::*;
use crate::heap::Heap;

/// Makes a blob: a header and `len` raw bytes, which the collector does not look into.
///
/// \param bytes     what it holds; copied. NULL = zeros.
/// \param len       bytes.
/// \param[out] out  a STR cell that refers to it; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_TOO_BIG (more than 2^32 cells); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM;
///          LIFECYCLE_E_BUSY, as lifecycle_heap_alloc.
///
/// Ownership, threads, re-entry, fork: as lifecycle_heap_alloc. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_blob(
    heap: *mut lifecycle_heap,
    bytes: *const c_void,
    len: usize,
    out: *mut lifecycle_cell,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "blob") }?;
        let bytes = if bytes.is_null() {
            None
        } else {
            // SAFETY: `.c.contract`
            Some(unsafe { guard::slice(bytes.cast::<u8>(), len, "blob's bytes") }?)
        };
        *out = Heap::check(heap)?.blob(bytes, len)?;
        Ok(())
    })
}

/// Registers what is to be done when a structure, blob or pair is gone: found dead by a collection,
/// taken back by backtracking, or destroyed with the heap. It may have several; the newest runs
/// first.
///
/// \param cell      a STR, LIS or REF cell that refers to it.
/// \param release   called once, with `resource` and `user`, at the end of the collection or at the
///                  next safepoint, never within an allocation or backtracking. The cells are gone
///                  by then. It may use the heap, but not destroy it.
/// \param resource  what is to be released.
/// \param user      handed to it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, release is NULL); LIFECYCLE_E_TYPE (the
///          cell is no reference); LIFECYCLE_E_RANGE (to no cell); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: the resource is taken. Threads: the one that uses the heap, which is also where
/// release is called. Re-entry: from finalizers, not from root callbacks. Fork: the child's copy
/// runs its own. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_finalize(
    heap: *mut lifecycle_heap,
    cell: lifecycle_cell,
    release: lifecycle_release_fn,
    resource: *mut c_void,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.finalize(cell, release, resource, user))
}

/// Makes a weak reference: it names a structure, blob, pair or variable without keeping it.
///
/// \param cell      a STR, LIS or REF cell that refers to it.
/// \param[out] out  the weak reference; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL); LIFECYCLE_E_TYPE (the cell
///          is no reference); LIFECYCLE_E_RANGE (to no cell); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM;
///          LIFECYCLE_E_LIMIT (2^24 of them); LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: the caller drops it with lifecycle_weak_drop, or the heap with itself. Threads: the
/// one that uses the heap. Re-entry: from finalizers, not from root callbacks. Fork: as good in the
/// child's copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_weak_create(
    heap: *mut lifecycle_heap,
    cell: lifecycle_cell,
    out: *mut lifecycle_weak,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "weak reference") }?;
        *out = Heap::check(heap)?.weak_create(cell)?;
        Ok(())
    })
}

/// What a weak reference refers to.
///
/// \param[out] out  the cell that lifecycle_weak_create was given; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL, not a weak reference of this
///          heap); LIFECYCLE_E_TYPE (another kind's id); LIFECYCLE_E_STALE (dropped, or the heap is
///          gone); LIFECYCLE_E_NOT_FOUND (what it referred to has died); LIFECYCLE_E_BUSY (a
///          collection or verification runs).
///
/// Ownership: the cell is the heap's: keep it in a root before the next safepoint. Threads: the one
/// that uses the heap. Re-entry: from finalizers, not from root callbacks (LIFECYCLE_E_BUSY). Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_weak_get(
    heap: *mut lifecycle_heap,
    weak: lifecycle_weak,
    out: *mut lifecycle_cell,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "cell") }?;
        *out = Heap::check(heap)?.weak_get(weak)?;
        Ok(())
    })
}

/// Drops a weak reference.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, not a weak reference of this heap);
///          LIFECYCLE_E_TYPE (another kind's id); LIFECYCLE_E_STALE (dropped already, or the heap is
///          gone); LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: the weak reference is gone. Threads, re-entry, fork: as lifecycle_weak_create. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_weak_drop(
    heap: *mut lifecycle_heap,
    weak: lifecycle_weak,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.weak_drop(weak))
}

/// Tells of memory outside the heap that lives and dies with cells of it, so that a collection is
/// due in time: what came since the last one counts as cells of 8 bytes.
///
/// \param bytes  how many more (or, negative, fewer).
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_RANGE
///          (fewer than were told of, or more than 2^63 - 1 together); LIFECYCLE_E_BUSY (a
///          collection or verification runs). On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from
/// finalizers, not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_external(
    heap: *mut lifecycle_heap,
    bytes: i64,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.external(bytes))
}
