//! Header section 9: persistent values that the host holds.

use core::ptr;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes a persistent value of what a handle names: it outlives the eval, is never changed, and is
/// freed when nobody counts it. What was wrapped and not changed since is shared and costs nothing;
/// of what was changed all that was not is shared. Foreign things in it are cloned.
///
/// \param[out] out  the value, counted once for the caller; NULL for nil, and on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made, out
///          is NULL); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_CYCLE
///          (it is a part of itself); LIFECYCLE_E_LIMIT (lifecycle_interp_options.value_limit);
///          LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_BUSY (lifecycle_interp_options.foreign_clone makes new
///          things to be cloned again and again); LIFECYCLE_E_NOMEM. On failure nothing is kept.
///
/// Ownership: the caller gives it back by lifecycle_value_release, also after the interpreter was
/// destroyed. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_materialize(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    out: *mut *mut lifecycle_value,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, ptr::null_mut(), "value") }?;
        *out = Interp::check(interp)?.materialize(handle)?;
        Ok(())
    })
}

/// Makes a handle that refers to a value, whatever its size: elements are wrapped when they are
/// reached. What is changed in place is a copy of the handle's own.
///
/// \param value  a value of this interpreter, or NULL, which gives nil.
///
/// \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_INVALID for a value of
///          another interpreter, or something that is none and is known not to be.
///
/// Ownership: the value stays its owner's; the handle is good until it is dropped, even if the value
/// is released before. Threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wrap(
    interp: *mut lifecycle_interp,
    value: *mut lifecycle_value,
) -> lifecycle_handle {
    guard::value(0, || {
        let interp = Interp::check(interp)?;
        // SAFETY: `.c.contract`: the caller passes a value, or NULL.
        unsafe { interp.wrap(value) }
    })
}

/// Counts a value once more.
///
/// \param value  a value; NULL does nothing.
///
/// \returns the value; NULL on failure, lifecycle_last_error() telling: LIFECYCLE_E_STALE (it was
///          released, as far as that can be told), LIFECYCLE_E_INVALID (it is none).
///
/// Ownership: the caller gives it back by lifecycle_value_release once more. Threads: the one that
/// uses the value's interpreter. Re-entry: from anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_value_retain(
    value: *mut lifecycle_value,
) -> *mut lifecycle_value {
    guard::value(ptr::null_mut(), || {
        // SAFETY: `.c.contract`: the caller passes a value, or NULL.
        unsafe { Interp::retain_value(value) }?;
        Ok(value)
    })
}

/// Counts a value once less: it is freed when nobody counts it any more, without recursion, and
/// foreign things in it are released.
///
/// \param value  a value; NULL does nothing. What is none, or was released as far as that can be
///               told, is left alone, lifecycle_last_error() telling.
///
/// Ownership: one of the caller's references is gone. Threads: the one that uses the value's
/// interpreter. Re-entry: from anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_value_release(value: *mut lifecycle_value) {
    guard::value((), || {
        // SAFETY: `.c.contract`: the caller passes a value, or NULL.
        unsafe { Interp::release_value(value) }
    });
}
