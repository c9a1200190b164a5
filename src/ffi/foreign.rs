//! Header section 9: foreign things.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes a handle for something of the host's. The handle owns it:
/// lifecycle_interp_options.foreign_release is called with it once, when the handle's scope or the
/// outermost eval ends, or when lifecycle_foreign_release asks for it. What is kept of it
/// (lifecycle_materialize, a variable) is what lifecycle_interp_options.foreign_clone makes, which
/// is released when nobody keeps it any more.
///
/// \param type  a name that the host knows it by, NUL-terminated; copied.
/// \param ptr   the thing; NULL is possible, and never released.
/// \param text  its string form, any bytes; copied. NULL if there are none.
/// \param len   how many.
///
/// \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_INVALID where type is
///          NULL.
///
/// Ownership: the thing is the handle's; on failure it is still the host's. Threads, re-entry, fork:
/// as lifecycle_string; in a forked child copies of handles release what they own there, too. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_foreign(
    interp: *mut lifecycle_interp,
    r#type: *const c_char,
    ptr: *mut c_void,
    text: *const c_char,
    len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let type_name = unsafe { guard::c_str(r#type, "type of a foreign thing") }?;
        // SAFETY: `.c.contract`
        let text = unsafe { guard::slice(text.cast::<u8>(), len, "text") }?;
        Interp::check(interp)?.foreign(type_name.to_bytes(), ptr, text)
    })
}

/// The type and pointer of a foreign thing, if the value is one.
///
/// \param[out] type  its type's name, or NULL; NULL = not wanted.
/// \param[out] ptr   the thing; NULL once it was released, or where it was kept without being
///                   cloned. NULL = not wanted.
///
/// \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
///
/// Ownership: the name is the interpreter's, valid as long as the handle. The thing stays its
/// owner's. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork: works. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_peek_foreign(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
    r#type: *mut *const c_char,
    ptr: *mut *mut c_void,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let type_place = unsafe { guard::maybe_out(r#type, ptr::null(), "type") };
        // SAFETY: `.c.contract`
        let ptr_place = unsafe { guard::maybe_out(ptr, ptr::null_mut(), "pointer") };
        let (type_place, ptr_place) = (type_place?, ptr_place?);
        let Some(found) = Interp::check(interp)?.peek_foreign(handle)? else { return Ok(false) };
        if let Some(place) = type_place {
            *place = found.type_name.cast();
        }
        if let Some(place) = ptr_place {
            *place = found.pointer;
        }
        Ok(true)
    })
}

/// Releases a foreign thing before its time: lifecycle_interp_options.foreign_release is called at
/// once. Every handle and value that has this very thing has NULL from then on. Where it was
/// released already nothing happens.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made,
///          nil); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_TYPE (not a
///          foreign thing).
///
/// Ownership: the thing goes back to the host. Threads: the one that uses the interpreter. Re-entry:
/// from anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_foreign_release(
    interp: *mut lifecycle_interp,
    handle: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.release_foreign_of(handle))
}
