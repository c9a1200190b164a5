//! Header section 9: variables of the active frame, and links.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Reads a variable of the active frame: a handle that is made in constant time, whatever its value
/// is. What was read stays what it is when the variable is set or unset; changing it in place
/// changes the handle's value, not the variable's.
///
/// \param name      the variable's name, any bytes; NULL with a length of 0 is the empty name.
/// \param name_len  bytes of it.
///
/// \returns the handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_NOT_FOUND (no
///          such variable, or a link to none), LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
///          interpreter), LIFECYCLE_E_LIMIT, LIFECYCLE_E_NOMEM (no room for a handle),
///          LIFECYCLE_E_BUSY (handles are being dropped).
///
/// Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_get(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_handle {
    // SAFETY: `.c.contract`
    if let Some(name) = unsafe { guard::some_slice(name.cast(), name_len) }
        && let Some(handle) = Interp::quick(interp, |state| state.var_get_at_hand(name))
    {
        return handle;
    }
    guard::slow_value(0, move || {
        // SAFETY: `.c.contract`
        Interp::check(interp)?
            .var_get(unsafe { guard::slice(name.cast(), name_len, "variable name") }?)
    })
}

/// Sets a variable of the active frame, or what it is a link to. What the handle names is kept
/// (lifecycle_materialize): a later change in place is not seen in the variable.
///
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
/// \param value     its value; not nil.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a nil or forged handle);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE (a list that holds itself); LIFECYCLE_E_NOMEM,
///          LIFECYCLE_E_LIMIT. On failure the variable is what it was.
///
/// Ownership: the interpreter keeps the value until the variable is set, unset or gone. Threads:
/// the one that uses the interpreter. Re-entry: from callbacks. Functions that clone and release
/// foreign things are called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_set(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
    value: lifecycle_handle,
) -> lifecycle_status {
    // SAFETY: `.c.contract`
    if let Some(name) = unsafe { guard::some_slice(name.cast(), name_len) }
        && let Some(is_settled) = Interp::quick(interp, |state| state.var_set_at_hand(name, value))
    {
        if !is_settled {
            let settle = move || Interp::check(interp).map(Interp::settle);
            guard::slow_value((), settle);
        }
        return lifecycle_status::LIFECYCLE_OK;
    }
    guard::slow_status(move || {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.var_set(name, value)
    })
}

/// Unsets a variable of the active frame. Through a link it is the target that is unset; the link
/// stays, and makes the target anew when it is set.
///
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (it has no value); LIFECYCLE_E_INVALID (not an
///          interpreter); LIFECYCLE_E_STALE.
///
/// Ownership: nobody keeps the value any more. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks. The function that releases foreign things is called. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_unset(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.var_unset(name)
    })
}

/// Whether a variable of the active frame has a value; for a link, whether what it leads to has
/// one.
///
/// \param name      the variable's name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns true if it has; false also when it is not an interpreter, lifecycle_last_error()
///          telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_exists(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Ok(Interp::check(interp)?.var_exists(name))
    })
}

/// The names of the active frame's variables that have a value, links to such among them.
///
/// \returns a list of strings, sorted by their bytes; nil on failure, lifecycle_last_error()
///          telling: LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no interpreter), LIFECYCLE_E_NOMEM,
///          LIFECYCLE_E_LIMIT.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_names(interp: *mut lifecycle_interp) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.var_names())
}

/// Makes a name of the active frame a link to a variable of the frame at a level, as Tcl's upvar.
/// Both are one variable from then on. A link to a link leads where that one leads now. The target
/// needs no value yet. A link may be made to lead elsewhere.
///
/// \param local      the link's name, any bytes.
/// \param local_len  bytes of it.
/// \param level      level of the frame; 0 is the global one. The variables are those that the
///                   frame works on now (lifecycle_frame_push_locals).
/// \param name       the target's name, any bytes.
/// \param name_len   bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (the level is above the active frame's);
///          LIFECYCLE_E_EXISTS (the name is a variable with a value); LIFECYCLE_E_CYCLE (it would
///          lead to itself); LIFECYCLE_E_INVALID (not an interpreter, or a namespace's variable
///          would lead to that of a procedure's frame, which ends first); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
///
/// Ownership: the link goes with the frame or namespace that it is in, and keeps the variables it
/// leads to. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_link(
    interp: *mut lifecycle_interp,
    local: *const c_char,
    local_len: usize,
    level: usize,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let local = unsafe { guard::slice(local.cast(), local_len, "link's name") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.var_link(local, level, name)
    })
}

/// Makes a name of the active frame a link to a variable of a namespace, as Tcl's variable and
/// global. The variable outlives its namespace as long as the link is there.
///
/// \param local      the link's name, any bytes.
/// \param local_len  bytes of it.
/// \param ns         the namespace's path.
/// \param ns_len     bytes of it.
/// \param name       the target's name, any bytes.
/// \param name_len   bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); else as
///          lifecycle_var_link.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_link. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_link_ns(
    interp: *mut lifecycle_interp,
    local: *const c_char,
    local_len: usize,
    ns: *const c_char,
    ns_len: usize,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let local = unsafe { guard::slice(local.cast(), local_len, "link's name") }?;
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.var_link_ns(local, ns, name)
    })
}

/// Whether a name of the active frame is a link, to a variable that has a value or not.
///
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns true if it is; false also when it is not an interpreter, lifecycle_last_error()
/// telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_is_link(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Ok(Interp::check(interp)?.var_is_link(name))
    })
}

/// The name that a variable of the active frame has at the end of its links, in the frame or
/// namespace that it is in; what is no link has its own name.
///
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns a string; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID,
///          LIFECYCLE_E_STALE (no interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_resolve(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        Interp::check(interp)?.var_resolve(name)
    })
}

/// Where the variable is that a name of the active frame leads to: with lifecycle_var_resolve, what
/// tells it from others of its name. What has no value yet is where setting it would make it.
///
/// \param name        the name, any bytes.
/// \param name_len    bytes of it.
/// \param[out] level  the level of the frame whose own variable it is, 1 at least; 0 = it is a
///                    namespace's. NULL = it is not wanted. 0 on failure.
/// \param[out] ns     the path of the namespace whose variable it is, a STRING: "::" for global
///                    ones, also those of the frame at level 0; nil = it is a frame's own. NULL =
///                    it is not wanted. Nil on failure.
///
/// \returns true if the variable has a value. If it has none, false with the places filled in, and
///          no error. On failure false, with 0 and nil there, lifecycle_last_error() telling:
///          LIFECYCLE_E_STALE (no interpreter, or the variable's namespace was deleted while a link
///          or a frame still uses it), LIFECYCLE_E_INVALID (not an interpreter, a place is not
///          aligned), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a path that is wanted),
///          LIFECYCLE_E_BUSY (handles are being dropped).
///
/// Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_var_place(
    interp: *mut lifecycle_interp,
    name: *const c_char,
    name_len: usize,
    level: *mut usize,
    ns: *mut lifecycle_handle,
) -> bool {
    guard::value(false, || {
        // Both are set before either is refused.
        // SAFETY: `.c.contract`
        let level = unsafe { guard::maybe_out(level, 0, "level") };
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::maybe_out(ns, 0, "namespace") };
        let (level, ns) = (level?, ns?);
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "variable name") }?;
        let place = Interp::check(interp)?.var_place(name, ns.is_some())?;
        if let Some(level) = level {
            *level = place.level;
        }
        if let Some(ns) = ns {
            *ns = place.ns;
        }
        Ok(place.has_value)
    })
}
