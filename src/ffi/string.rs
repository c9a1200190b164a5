//! Header section 9: operations on strings.

use core::ffi::{c_char, c_int};

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Bytes of the string form of a value.
///
/// \returns the length; 0 for nil, and on failure as lifecycle_as_string.
///
/// Ownership: nothing changes hands. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_length(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
) -> usize {
    match Interp::quick(interp, |state| state.text_at_hand(handle)) {
        Some(text) => text.len(),
        None => guard::slow_value(0, move || Ok(Interp::check(interp)?.text(handle)?.len())),
    }
}

/// lifecycle_string_byte_at for what is not at hand: it is called by that and need not be called
/// by a program.
///
/// \returns the byte, 0 to 255; -1 past the end, and on failure as lifecycle_as_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_byte_at_slow(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    at: usize,
) -> c_int {
    guard::value(-1, || Ok(Interp::check(interp)?.byte_at(handle, at)?.map_or(-1, c_int::from)))
}

/// A string of some of a value's bytes. A long one shares them with the value.
///
/// \param from  the first byte, counted from 0.
/// \param to    the one behind the last. Both are cut to what there is; where `to` is not more than
///              `from` the string is empty.
///
/// \returns the handle; nil on failure as lifecycle_string and lifecycle_as_string.
///
/// Ownership: as lifecycle_string. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_slice(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    from: usize,
    to: usize,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.slice(handle, from, to))
}

/// A string of the bytes of one value and those of another behind. To append to what this returned
/// costs what is appended, over all: the bytes are shared where nobody asked for them meanwhile
/// (lifecycle_as_string, which promises a NUL behind them).
///
/// \returns the handle; nil on failure as lifecycle_string and lifecycle_as_string.
///
/// Ownership: as lifecycle_string. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_concat(
    interp: *mut lifecycle_interp,
    left: lifecycle_handle,
    right: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.concat(left, right))
}

/// Compares the string forms of two values byte by byte, as memcmp does; a text that another one
/// begins with comes before that one.
///
/// \returns -1, 0 or 1 as the first comes before, with or after the second; 0 on failure as
///          lifecycle_as_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_compare(
    interp: *mut lifecycle_interp,
    a: lifecycle_handle,
    b: lifecycle_handle,
) -> c_int {
    match Interp::quick(interp, |state| state.texts_at_hand(a, b, <[u8]>::cmp)) {
        Some(order) => order as c_int,
        None => guard::slow_value(0, move || Ok(Interp::check(interp)?.compare(a, b)? as c_int)),
    }
}

/// Whether two values have the same string form.
///
/// \returns whether they have; false on failure as lifecycle_as_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_equal(
    interp: *mut lifecycle_interp,
    a: lifecycle_handle,
    b: lifecycle_handle,
) -> bool {
    match Interp::quick(interp, |state| state.texts_at_hand(a, b, <[u8]>::eq)) {
        Some(is_equal) => is_equal,
        None => guard::slow_value(false, move || Interp::check(interp)?.equal(a, b)),
    }
}

/// The handle that stands for a text: the same one each time, until the scope that it was asked for
/// first in, or the outermost eval, ends. A handle that was changed in place since does not stand
/// for its text any more.
///
/// \param text  any bytes; copied. NULL if there are none.
/// \param len   how many.
///
/// \returns the handle; nil on failure as lifecycle_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string_intern(
    interp: *mut lifecycle_interp,
    text: *const c_char,
    len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let text = unsafe { guard::slice(text.cast::<u8>(), len, "text") }?;
        Interp::check(interp)?.intern(text)
    })
}
