//! Header section 9: the host's own things by name.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Puts a thing of the host's under a name; what is there is replaced.
///
/// \param space     a number of the host's: names of different spaces are different names.
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
/// \param type      its type's name, NUL-terminated, copied.
/// \param ptr       any pointer; may be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, the type is NULL);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has
///          changed.
///
/// Ownership: `ptr` stays the host's. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_registry_set(
    interp: *mut lifecycle_interp,
    space: c_int,
    name: *const c_char,
    name_len: usize,
    r#type: *const c_char,
    ptr: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "name") }?;
        // SAFETY: `.c.contract`
        let type_name = unsafe { guard::c_str(r#type, "type") }?;
        Interp::check(interp)?.set_thing(space, name, type_name, ptr)
    })
}

/// Finds a thing of the host's by its name.
///
/// \param space      as lifecycle_registry_set.
/// \param name       the name, any bytes.
/// \param name_len   bytes of it.
/// \param[out] type  its type's name, NUL-terminated, valid until the thing is replaced or removed;
///                   NULL = it is not wanted. NULL is put there where there is no such thing.
/// \param[out] ptr   its pointer; NULL = it is not wanted. NULL is put there where there is no such
///                   thing.
///
/// \returns true if there is one; false also when it is not an interpreter, lifecycle_last_error()
///          telling.
///
/// Ownership: the type's name is the interpreter's. Threads: the one that uses the interpreter.
/// Re-entry: from anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_registry_get(
    interp: *mut lifecycle_interp,
    space: c_int,
    name: *const c_char,
    name_len: usize,
    r#type: *mut *const c_char,
    ptr: *mut *mut c_void,
) -> bool {
    guard::value(false, || {
        // Both are set before either is refused.
        // SAFETY: `.c.contract`
        let type_place = unsafe { guard::maybe_out(r#type, ptr::null(), "type") };
        // SAFETY: `.c.contract`
        let place = unsafe { guard::maybe_out(ptr, ptr::null_mut(), "pointer") };
        let (type_place, place) = (type_place?, place?);
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "name") }?;
        let Some((type_name, pointer)) = Interp::check(interp)?.thing(space, name) else {
            return Ok(false);
        };
        if let Some(type_place) = type_place {
            *type_place = type_name;
        }
        if let Some(place) = place {
            *place = pointer;
        }
        Ok(true)
    })
}

/// Forgets a thing of the host's.
///
/// \param space     as lifecycle_registry_set.
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_INVALID (not an interpreter);
///          LIFECYCLE_E_STALE.
///
/// Ownership: the thing was the host's all the time. Threads: the one that uses the interpreter.
/// Re-entry: from anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_registry_remove(
    interp: *mut lifecycle_interp,
    space: c_int,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "name") }?;
        Interp::check(interp)?.remove_thing(space, name)
    })
}
