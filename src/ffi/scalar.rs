//! Header section 9: texts and numbers.

use core::ffi::{c_char, c_int};

use super::guard;
use crate::abi::*;
use crate::values::{Interp, Text};

/// Makes a string.
///
/// \param text  any bytes, NULs among them too; copied. NULL if there are none.
/// \param len   how many.
///
/// \returns the handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
///          interpreter, NULL with a length); LIFECYCLE_E_STALE (it was destroyed);
///          LIFECYCLE_E_LIMIT (handles, or scratch memory); LIFECYCLE_E_BUSY (handles are being
///          dropped); LIFECYCLE_E_NOMEM.
///
/// Ownership: a handle belongs to the interpreter and is gone when its scope or the outermost eval
/// ends. Threads: the one that uses the interpreter. Re-entry: from callbacks, but not while handles
/// are dropped. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_string(
    interp: *mut lifecycle_interp,
    text: *const c_char,
    len: usize,
) -> lifecycle_handle {
    // SAFETY: `.c.contract`
    if let Some(text) = unsafe { guard::some_slice(text.cast::<u8>(), len) }
        && let Some(handle) = Interp::quick(interp, |state| state.string_at_hand(text))
    {
        return handle;
    }
    guard::slow_value(0, move || {
        // SAFETY: `.c.contract`
        let text = unsafe { guard::slice(text.cast::<u8>(), len, "text") }?;
        Interp::check(interp)?.string(text)
    })
}

/// Makes an integer.
///
/// \returns the handle; nil on failure as lifecycle_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_int(
    interp: *mut lifecycle_interp,
    value: i64,
) -> lifecycle_handle {
    match Interp::quick(interp, |state| state.int_at_hand(value)) {
        Some(handle) => handle,
        None => guard::slow_value(0, move || Interp::check(interp)?.int(value)),
    }
}

/// Makes a double.
///
/// \returns the handle; nil on failure as lifecycle_string.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_double(
    interp: *mut lifecycle_interp,
    value: f64,
) -> lifecycle_handle {
    match Interp::quick(interp, |state| state.double_at_hand(value)) {
        Some(handle) => handle,
        None => guard::slow_value(0, move || Interp::check(interp)?.double(value)),
    }
}

/// Tells of what kind a value is.
///
/// \returns LIFECYCLE_STRING and the like; LIFECYCLE_NIL for nil; a negative status on failure:
///          LIFECYCLE_E_INVALID (not an interpreter, or a handle that it never made);
///          LIFECYCLE_E_STALE (the interpreter, or the handle, is gone).
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_kind(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
) -> c_int {
    match Interp::quick(interp, |state| state.kind_at_hand(handle)) {
        Some(kind) => kind,
        None => guard::slow_number(move || Interp::check(interp)?.kind(handle)),
    }
}

/// The string form of any value. It is made when it is asked for first and kept with the value. An
/// integer is written in decimal; a double as the shortest text that reads back as the same one, as
/// in Tcl: "1.0", "0.0001", "1e-5", "1e+17", "Inf", "-Inf", "NaN"; a list or dict in Tcl's list
/// syntax; a builder's is what it holds so far. lifecycle_interp_options.to_text writes the last
/// three but the builder in its own way, and is called for inner lists and dicts first. A list or
/// dict that was made from a text has that text until it, or anything in it, is changed.
///
/// \param[out] len  bytes of it, or 0 on failure; NULL = not wanted.
///
/// \returns the bytes, with a NUL behind; never NULL. "" for nil, which is no failure, and on
///          failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an interpreter, or a
///          handle that it never made); LIFECYCLE_E_STALE (the interpreter or the handle is gone);
///          LIFECYCLE_E_CYCLE (a list is a part of itself); LIFECYCLE_E_DEPTH (nested deeper than
///          LIFECYCLE_TEXT_DEPTH_MAX); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM; what to_text returned.
///
/// Ownership: the bytes are the interpreter's: they are valid, and do not change, as long as the
/// handle is valid. Threads: the one that uses the interpreter. Re-entry: from callbacks, but not
/// while handles are dropped. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_as_string(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    len: *mut usize,
) -> *const c_char {
    let text = match Interp::quick(interp, |state| state.ended_text_at_hand(handle)) {
        Some(text) => text,
        None => guard::slow_value(Text::EMPTY, move || Interp::check(interp)?.ended_text(handle)),
    };
    if guard::is_place(len) {
        // SAFETY: `.c.contract`
        unsafe { len.write(text.len()) };
    }
    text.as_ptr().cast()
}

/// A value as an integer: an integer; a double without a fraction; or whatever has a string form
/// that is one: blanks around, a sign, decimal digits, or 0x, 0o or 0b and digits of that base. A 0
/// in front means nothing.
///
/// \param[out] out  the integer, or 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made, nil,
///          out is NULL); LIFECYCLE_E_STALE (the interpreter or the handle is gone);
///          LIFECYCLE_E_TYPE (it is no integer); LIFECYCLE_E_RANGE (it does not fit into 64 bits);
///          and where the string form cannot be made what lifecycle_as_string tells.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: as
/// lifecycle_as_string. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_as_int(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    out: *mut i64,
) -> lifecycle_status {
    if guard::is_place(out)
        && let Some(value) = Interp::quick(interp, |state| state.as_int_at_hand(handle))
    {
        // SAFETY: `.c.contract`
        unsafe { out.write(value) };
        return lifecycle_status::LIFECYCLE_OK;
    }
    guard::slow_status(move || {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "integer") }?;
        *out = Interp::check(interp)?.as_int(handle)?;
        Ok(())
    })
}

/// A value as a double: a double; an integer; or whatever has a string form that is one: blanks
/// around, and what lifecycle_as_int takes, decimal fractions and exponents, inf, infinity and nan
/// in any case.
///
/// \param[out] out  the double, or 0 on failure.
///
/// \returns as lifecycle_as_int; LIFECYCLE_E_RANGE where a text is too large a number.
///
/// Ownership, threads, re-entry, fork: as lifecycle_as_int. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_as_double(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    out: *mut f64,
) -> lifecycle_status {
    if guard::is_place(out)
        && let Some(value) = Interp::quick(interp, |state| state.as_double_at_hand(handle))
    {
        // SAFETY: `.c.contract`
        unsafe { out.write(value) };
        return lifecycle_status::LIFECYCLE_OK;
    }
    guard::slow_status(move || {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0.0, "double") }?;
        *out = Interp::check(interp)?.as_double(handle)?;
        Ok(())
    })
}

/// The integer, if the value is one already: nothing is converted.
///
/// \param[out] out  the integer, or 0; NULL = not wanted.
///
/// \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_peek_int(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    out: *mut i64,
) -> bool {
    if guard::is_place(out)
        && let Some(value) = Interp::quick(interp, |state| state.as_int_at_hand(handle))
    {
        // SAFETY: `.c.contract`
        unsafe { out.write(value) };
        return true;
    }
    guard::slow_value(false, move || {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "integer") }?;
        let found = Interp::check(interp)?.peek_int(handle)?;
        if let (Some(out), Some(value)) = (out, found) {
            *out = value;
        }
        Ok(found.is_some())
    })
}

/// The double, if the value is one already: nothing is converted.
///
/// \param[out] out  the double, or 0; NULL = not wanted.
///
/// \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_peek_double(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    out: *mut f64,
) -> bool {
    if guard::is_place(out)
        && let Some(value) = Interp::quick(interp, |state| state.as_double_at_hand(handle))
    {
        // SAFETY: `.c.contract`
        unsafe { out.write(value) };
        return true;
    }
    guard::slow_value(false, move || {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0.0, "double") }?;
        let found = Interp::check(interp)?.peek_double(handle)?;
        if let (Some(out), Some(value)) = (out, found) {
            *out = value;
        }
        Ok(found.is_some())
    })
}
