//! Header section 9: lists that handles name.

use core::ffi::c_void;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes a list of what handles name. In lists handles are references: the element is the very
/// value, and what is changed in place is seen in every list that has it.
///
/// \param elements  their handles, copied; NULL if there are none.
/// \param n         how many.
///
/// \returns a LIST; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
///          interpreter, a handle that is nil or none of it, NULL with n > 0), LIFECYCLE_E_STALE,
///          LIFECYCLE_E_TYPE (a builder), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or
///          scratch memory).
///
/// Ownership: the handle lives until its scope is closed or the outermost eval ends. Threads: the
/// one that uses the interpreter. Re-entry: from anywhere, but not while handles are dropped. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list(
    interp: *mut lifecycle_interp,
    elements: *const lifecycle_handle,
    n: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let elements = unsafe { guard::slice(elements, n, "array of elements") }?;
        Interp::check(interp)?.with(|state| state.make_list(elements))
    })
}

/// Makes a handle name a list: what it names becomes the list that its text is, as the to_list
/// function of the options says, or else Tcl's list syntax. The text stays the same until the list
/// is changed in place. A DICT becomes the list of its keys and values; a LIST stays as it is.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (its text is not a list, or it is a foreign thing or a
///          builder); LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (the to_list function changed what the handle
///          names); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT. On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere; calls to_list. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_shimmer(
    interp: *mut lifecycle_interp,
    value: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.list_shimmer(value))
}

/// How many elements a list has.
///
/// \returns the number; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a LIST:
///          lifecycle_list_shimmer makes it one), LIFECYCLE_E_INVALID (not an interpreter, the
///          handle is nil or none of it), LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_length(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
) -> usize {
    match Interp::quick(interp, |state| state.list_length_at_hand(list)) {
        Some(len) => len,
        None => guard::slow_value(0, move || {
            Interp::check(interp)?.with(|state| state.list_length(list))
        }),
    }
}

/// An element of a list. One that was stored as a handle comes back as the same handle. One of a
/// list that was wrapped gets a handle now; if it is a list or dict, the same one each time, so
/// that changing it in place is seen in the list. That holds within the scope that the list was
/// made in: reached inside a newer scope, such an element is a copy of its own each time.
///
/// \param i  its place, from 0.
///
/// \returns its handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_RANGE (the list
///          has no such element), LIFECYCLE_E_TYPE (not a LIST), LIFECYCLE_E_INVALID (not an
///          interpreter, the handle is nil or none of it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM,
///          LIFECYCLE_E_LIMIT (of handles or scratch memory).
///
/// Ownership: the handle lives as its value does, a new one until its scope is closed or the
/// outermost eval ends. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_at(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    i: usize,
) -> lifecycle_handle {
    match Interp::quick(interp, |state| state.list_at_hand(list, i)) {
        Some(handle) => handle,
        None => guard::slow_value(0, move || {
            Interp::check(interp)?.with(|state| state.list_at(list, i))
        }),
    }
}

/// Makes another list of the same elements: changing one list does not change the other. The
/// elements that handles name are the same values in both. Of a list that was wrapped this takes
/// as long as there are changes in it.
///
/// \returns a LIST; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a LIST),
///          LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
///          LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch memory).
///
/// Ownership, threads, re-entry, fork: as lifecycle_list. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_copy(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.list_copy(list)))
}

/// Makes a list of some elements of another one, as lifecycle_list_copy does.
///
/// \param first  the place of the first one, from 0.
/// \param count  how many; both are cut to what there is, so the result may be empty.
///
/// \returns as lifecycle_list_copy.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_slice(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    first: usize,
    count: usize,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.list_slice(list, first, count)))
}

/// Appends an element: O(1), on the average of many. Every handle and list that names the list sees
/// it; a persistent value that the list came from does not.
///
/// An element of a newer scope than the list's is stored as a copy, which stays when that scope is
/// closed.
///
/// \param list     what is changed.
/// \param element  what it gets; the list itself is allowed, but then it cannot be kept.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a LIST, or the element is a builder);
///          LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of it);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (of scratch memory);
///          LIFECYCLE_E_CYCLE (a copy was to be made of what contains itself). On failure nothing
///          has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_push_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    element: lifecycle_handle,
) -> lifecycle_status {
    match Interp::quick(interp, |state| state.list_push_at_hand(list, element)) {
        Some(()) => lifecycle_status::LIFECYCLE_OK,
        None => guard::slow_status(move || {
            Interp::check(interp)?.keeping(|state| state.list_push(list, element))
        }),
    }
}

/// Puts an element in front of all others; otherwise as lifecycle_list_push_in_place. For a list
/// that was wrapped the first time takes as long as it has elements.
///
/// \returns as lifecycle_list_push_in_place.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_unshift_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    element: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.keeping(|state| state.list_unshift(list, element)))
}

/// Takes the last element out of a list: O(1).
///
/// \returns its handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_RANGE (the list
///          is empty), or as lifecycle_list_at. On failure nothing has changed.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list_at. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_pop_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.list_take(list, false)))
}

/// Takes the first element out of a list: O(1).
///
/// \returns as lifecycle_list_pop_in_place.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list_at. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_shift_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.list_take(list, true)))
}

/// Puts an element in the place of another one: O(1).
///
/// \param i        the place, from 0.
/// \param element  what it gets, as in lifecycle_list_push_in_place.
///
/// \returns LIFECYCLE_E_RANGE (the list has no such element), or as lifecycle_list_push_in_place.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_set_at_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    i: usize,
    element: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.keeping(|state| state.list_set(list, i, element)))
}

/// Puts the elements of a list in the place of others: inserts, replaces and removes.
///
/// \param first   the place of the first element that goes; the list's length to append.
/// \param remove  how many go; cut to what there is.
/// \param insert  the LIST whose elements come; nil = none. It stays as it is, and may be the same
///                list.
///
/// \returns LIFECYCLE_E_RANGE (first is more than the length), or as lifecycle_list_push_in_place.
///
/// Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_splice_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    first: usize,
    remove: usize,
    insert: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        Interp::check(interp)?.keeping(|state| state.list_splice(list, first, remove, insert))
    })
}

/// Sorts a list. Elements that compare equal stay in their order.
///
/// The comparison is called with handles of elements. It may do anything: whatever order it makes
/// up, sorting ends, after about n log2 n calls; what it changes in the list meanwhile is
/// replaced by the sorted elements. It may be left by longjmp: then the list is as it was.
///
/// \param compare  the order; NULL = by the bytes of the elements' texts, as memcmp, shorter first.
/// \param user     passed to it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a LIST); LIFECYCLE_E_INVALID (not an interpreter,
///          the handle is nil or none of it); LIFECYCLE_E_STALE (also when the comparison dropped
///          the list); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; and what the to_text function of the
///          options returns. On failure the list was not sorted.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere; calls the comparison and to_text. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_list_sort_in_place(
    interp: *mut lifecycle_interp,
    list: lifecycle_handle,
    compare: lifecycle_compare_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`: the comparison may be called with handles and its pointer.
        unsafe { Interp::check(interp)?.sort_list(list, compare, user) }
    })
}
