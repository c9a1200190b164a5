//! Header section 9: builders.

use core::ffi::{c_char, c_int};

use super::guard;
use crate::abi::*;
use crate::base::fail;
use crate::values::Interp;

/// Makes a builder: a text that is written piece by piece. Its string form is what was written by
/// then; lifecycle_builder_finish makes a string of that without a copy. A builder is no element of
/// a list or dict; what is kept of it is what was written by then, a string.
///
/// \param capacity  bytes to make room for; 0 = unknown. It grows by itself.
///
/// \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_TOO_BIG.
///
/// Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_builder_new(
    interp: *mut lifecycle_interp,
    capacity: usize,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.builder(capacity))
}

/// Writes one byte.
///
/// \param byte  0 to 255.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made,
///          nil); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_TYPE (not a
///          builder); LIFECYCLE_E_RANGE (not a byte); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM. On
///          failure nothing was written.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_builder_byte(
    interp: *mut lifecycle_interp,
    builder: lifecycle_handle,
    byte: c_int,
) -> lifecycle_status {
    guard::status(|| {
        let interp = Interp::check(interp)?;
        let Ok(byte) = u8::try_from(byte) else {
            fail!(LIFECYCLE_E_RANGE, "{byte} is not a byte");
        };
        interp.append(builder, &[byte])
    })
}

/// Writes bytes.
///
/// \param bytes  any bytes; copied. NULL if there are none.
/// \param len    how many.
///
/// \returns as lifecycle_builder_byte; LIFECYCLE_E_INVALID also for NULL with a length, and
///          LIFECYCLE_E_TOO_BIG.
///
/// Ownership, threads, re-entry, fork: as lifecycle_builder_byte. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_builder_bytes(
    interp: *mut lifecycle_interp,
    builder: lifecycle_handle,
    bytes: *const c_char,
    len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let bytes = unsafe { guard::slice(bytes.cast::<u8>(), len, "bytes") }?;
        Interp::check(interp)?.append(builder, bytes)
    })
}

/// Writes the string form of a value, which may be the builder itself.
///
/// \param value  any value; nil has no bytes.
///
/// \returns as lifecycle_builder_bytes, and what lifecycle_as_string tells of the value.
///
/// Ownership: nothing changes hands. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_builder_append(
    interp: *mut lifecycle_interp,
    builder: lifecycle_handle,
    value: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.append_text(builder, value))
}

/// Makes a string of what was written, without a copy. The builder is empty then, and may go on.
///
/// \returns the string; nil on failure, lifecycle_last_error() telling as lifecycle_string and
///          lifecycle_builder_byte: the builder is then as it was.
///
/// Ownership: as lifecycle_string. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_builder_finish(
    interp: *mut lifecycle_interp,
    builder: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.finish_builder(builder))
}
