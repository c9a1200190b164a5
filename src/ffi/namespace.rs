//! Header section 9: namespaces, and their variables by path.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes a namespace, and those above it that do not exist.
///
/// A path is names with two or more colons between them; colons in front and at the end say
/// nothing, so "::a::b", "a::b" and "::a::::b::" are one namespace, and "" and "::" are the global
/// one. A single colon is part of a name, but not at its start or end. Names are any bytes.
///
/// \param path      the path; NULL with a length of 0 is the global namespace.
/// \param path_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_EXISTS; LIFECYCLE_E_INVALID (not an interpreter, or a name
///          begins or ends with a colon); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///          On failure none was made.
///
/// Ownership: the interpreter's, until lifecycle_ns_delete. Threads: the one that uses the
/// interpreter. Re-entry: from callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_create(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Interp::check(interp)?.create_namespace(path)
    })
}

/// Deletes a namespace and all below it, with their variables, commands and exports. Variables that
/// a frame works on or a link leads to stay until those are gone; a namespace that is made again
/// under the path has none of them.
///
/// \param path      the path.
/// \param path_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_BUSY (the global one);
///          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
///
/// Ownership: nobody keeps the values any more; what was read of them stays. Threads: the one that
/// uses the interpreter. Re-entry: from callbacks. The function that releases foreign things is
/// called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_delete(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Interp::check(interp)?.delete_namespace(path)
    })
}

/// Whether there is a namespace.
///
/// \param path      the path.
/// \param path_len  bytes of it.
///
/// \returns true if there is; false also when it is not an interpreter, lifecycle_last_error()
///          telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_exists(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Ok(Interp::check(interp)?.has_namespace(path))
    })
}

/// The namespaces right below one.
///
/// \param path      the path.
/// \param path_len  bytes of it.
///
/// \returns a list of full paths, sorted by their bytes; nil on failure, lifecycle_last_error()
///          telling: LIFECYCLE_E_NOT_FOUND, LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
///          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///
/// Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_children(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Interp::check(interp)?.namespace_children(path)
    })
}

/// The patterns that a namespace exports.
///
/// \param path      the path.
/// \param path_len  bytes of it.
///
/// \returns the list that lifecycle_ns_exports_set has made, at first an empty one; nil on failure,
///          as lifecycle_ns_children.
///
/// Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_exports(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Interp::check(interp)?.namespace_exports(path)
    })
}

/// Sets the patterns that a namespace exports, or adds to them.
///
/// \param path      the path.
/// \param path_len  bytes of it.
/// \param patterns  a list, or a text in the host's list syntax.
/// \param clear     true = these in place of all that there were; false = those of them that are
///                  not there yet are added at the end.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_TYPE (not a list); LIFECYCLE_E_INVALID
///          (not an interpreter, a nil or forged handle); LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE;
///          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
///
/// Ownership: the interpreter keeps the list. Threads: the one that uses the interpreter. Re-entry:
/// from callbacks. Functions that clone and release foreign things are called. Fork: works. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_exports_set(
    interp: *mut lifecycle_interp,
    path: *const c_char,
    path_len: usize,
    patterns: lifecycle_handle,
    clear: bool,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let path = unsafe { guard::slice(path.cast(), path_len, "namespace") }?;
        Interp::check(interp)?.set_exports(path, patterns, clear)
    })
}

/// Reads a variable of a namespace.
///
/// \param ns        the namespace's path.
/// \param ns_len    bytes of it.
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns as lifecycle_var_get; nil with LIFECYCLE_E_NOT_FOUND also if there is no such
/// namespace.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_var_get(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.ns_var_get(ns, name)
    })
}

/// Sets a variable of a namespace, or what it is a link to.
///
/// \param ns        the namespace's path.
/// \param ns_len    bytes of it.
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
/// \param value     its value; not nil.
///
/// \returns as lifecycle_var_set; LIFECYCLE_E_NOT_FOUND if there is no such namespace.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_set. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_var_set(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
    value: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.ns_var_set(ns, name, value)
    })
}

/// Unsets a variable of a namespace, or what it is a link to.
///
/// \param ns        the namespace's path.
/// \param ns_len    bytes of it.
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns as lifecycle_var_unset; LIFECYCLE_E_NOT_FOUND also if there is no such namespace.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_unset. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_var_unset(
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
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.ns_var_unset(ns, name)
    })
}

/// Whether a variable of a namespace has a value.
///
/// \param ns        the namespace's path.
/// \param ns_len    bytes of it.
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns as lifecycle_var_exists; false if there is no such namespace.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_exists. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_var_exists(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Ok(Interp::check(interp)?.ns_var_exists(ns, name))
    })
}

/// The names of a namespace's variables that have a value, links to such among them.
///
/// \param ns      the namespace's path.
/// \param ns_len  bytes of it.
///
/// \returns a list of strings, sorted by their bytes; nil on failure, as lifecycle_ns_children.
///
/// Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_ns_var_names(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        Interp::check(interp)?.ns_var_names(ns)
    })
}
