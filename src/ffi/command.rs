//! Header section 9: commands.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Finds a command of a namespace, in that namespace alone.
///
/// \param ns           the namespace's path.
/// \param ns_len       bytes of it.
/// \param name         the command's name, any bytes.
/// \param name_len     bytes of it.
/// \param[out] fn      the host's pointer; NULL = it is not wanted. NULL is put there where there
///                     is no command.
/// \param[out] params  a handle for its parameters, nil if it has none; NULL = not wanted.
/// \param[out] body    a handle for its body, nil if it has none; NULL = not wanted. What was read
///                     stays, even if the command is deleted while it runs.
///
/// \returns its kind, above 0; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_NOT_FOUND
///          (no such command or namespace), LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
///          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a handle).
///
/// Ownership: the handles go with their eval or scope. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_command_get(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
    r#fn: *mut *mut c_void,
    params: *mut lifecycle_handle,
    body: *mut lifecycle_handle,
) -> c_int {
    guard::value(0, || {
        // All are set before any is refused.
        // SAFETY: `.c.contract`
        let function = unsafe { guard::maybe_out(r#fn, ptr::null_mut(), "command's pointer") };
        // SAFETY: `.c.contract`
        let params = unsafe { guard::maybe_out(params, 0, "parameters") };
        // SAFETY: `.c.contract`
        let body = unsafe { guard::maybe_out(body, 0, "body") };
        let (function, params, body) = (function?, params?, body?);
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "command name") }?;
        let found = Interp::check(interp)?.command(ns, name, params.is_some(), body.is_some())?;
        if let Some(function) = function {
            *function = found.function;
        }
        if let Some(params) = params {
            *params = found.params;
        }
        if let Some(body) = body {
            *body = found.body;
        }
        Ok(found.kind)
    })
}

/// Sets a command of a namespace; what was under the name is replaced.
///
/// \param ns        the namespace's path; the namespace exists.
/// \param ns_len    bytes of it.
/// \param name      the command's name, any bytes.
/// \param name_len  bytes of it.
/// \param kind      what the host says it is, above 0.
/// \param fn        any pointer of the host's; may be NULL.
/// \param params    its parameters, kept (lifecycle_materialize); may be nil.
/// \param body      its body, kept; may be nil. Commands that have one are counted as procedures.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
///          (not an interpreter, the kind, a forged handle); LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE;
///          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
///
/// Ownership: `fn` stays the host's. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Functions that clone and release foreign things are called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_command_set(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
    kind: c_int,
    r#fn: *mut c_void,
    params: lifecycle_handle,
    body: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "command name") }?;
        Interp::check(interp)?.set_command((ns, name), kind, r#fn, params, body)
    })
}

/// Deletes a command.
///
/// \param ns        the namespace's path.
/// \param ns_len    bytes of it.
/// \param name      the command's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such command or namespace);
///          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
///
/// Ownership: nobody keeps its parameters and body any more; what was read of them stays. Threads:
/// the one that uses the interpreter. Re-entry: from callbacks. The function that releases foreign
/// things is called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_command_delete(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "command name") }?;
        Interp::check(interp)?.delete_command(ns, name)
    })
}

/// Puts a command under another name too, for imports and, with lifecycle_command_delete, renaming;
/// what is there is replaced. Both are commands of their own from then on. Parameters and body are
/// shared: it takes the same time whatever they are.
///
/// \param ns           path of the namespace that has it.
/// \param ns_len       bytes of it.
/// \param name         its name there, any bytes.
/// \param name_len     bytes of it.
/// \param to_ns        path of the namespace that gets it, which exists.
/// \param to_ns_len    bytes of it.
/// \param to_name      its name there, any bytes.
/// \param to_name_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such command or namespace);
///          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM,
///          LIFECYCLE_E_LIMIT. On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. The function that releases foreign things is called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_command_copy(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
    to_ns: *const c_char,
    to_ns_len: usize,
    to_name: *const c_char,
    to_name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "command name") }?;
        // SAFETY: `.c.contract`
        let to_ns = unsafe { guard::slice(to_ns.cast(), to_ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let to_name = unsafe { guard::slice(to_name.cast(), to_name_len, "command name") }?;
        Interp::check(interp)?.copy_command((ns, name), (to_ns, to_name))
    })
}

/// The names of a namespace's commands.
///
/// \param ns      the namespace's path.
/// \param ns_len  bytes of it.
///
/// \returns a list of strings, sorted by their bytes; nil on failure, as lifecycle_ns_children.
///
/// Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_command_names(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        Interp::check(interp)?.command_names(ns)
    })
}
