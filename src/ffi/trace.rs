//! Header section 9: traces.

use core::ffi::{c_char, c_int, c_void};

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Adds a trace: a script that is kept for a name, and that lifecycle_trace_fire runs. A name need
/// not be that of anything.
///
/// \param kind      what the host says the name is, any number: names of different kinds are
///                  different names.
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
/// \param ops       what it is for: words with a space between them.
/// \param ops_len   bytes of it.
/// \param script    what is handed to the function that runs it, kept (lifecycle_materialize); not
///                  nil.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a nil or forged handle);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure
///          nothing has changed.
///
/// Ownership: the interpreter keeps the script until lifecycle_trace_remove. Threads: the one that
/// uses the interpreter. Re-entry: from callbacks, that of a trace too. The function that clones
/// foreign things is called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_trace_add(
    interp: *mut lifecycle_interp,
    kind: c_int,
    name: *const c_char,
    name_len: usize,
    ops: *const c_char,
    ops_len: usize,
    script: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "traced name") }?;
        // SAFETY: `.c.contract`
        let ops = unsafe { guard::slice(ops.cast(), ops_len, "operations") }?;
        Interp::check(interp)?.add_trace(kind, name, ops, script)
    })
}

/// Removes the newest trace of a name that was added with the same ops, byte for byte, and a script
/// with the same string form.
///
/// \param kind      as lifecycle_trace_add.
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
/// \param ops       what it is for.
/// \param ops_len   bytes of it.
/// \param script    its script.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_INVALID (not an interpreter, a forged
///          handle); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT, or what the host's
///          to_text returned (a string form cannot be made).
///
/// Ownership: nobody keeps the script any more. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks, that of a trace too. The host's to_text is called for scripts that are
/// not texts; the function that releases foreign things is called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_trace_remove(
    interp: *mut lifecycle_interp,
    kind: c_int,
    name: *const c_char,
    name_len: usize,
    ops: *const c_char,
    ops_len: usize,
    script: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "traced name") }?;
        // SAFETY: `.c.contract`
        let ops = unsafe { guard::slice(ops.cast(), ops_len, "operations") }?;
        Interp::check(interp)?.remove_trace(kind, name, ops, script)
    })
}

/// The traces of a name, newest first.
///
/// \param kind      as lifecycle_trace_add.
/// \param name      the name, any bytes.
/// \param name_len  bytes of it.
///
/// \returns a list with a list of ops and script for each, empty if there are none; nil on failure,
///          lifecycle_last_error() telling: LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
///          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///
/// Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
/// Re-entry: from callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_trace_info(
    interp: *mut lifecycle_interp,
    kind: c_int,
    name: *const c_char,
    name_len: usize,
) -> lifecycle_handle {
    guard::value(0, || {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "traced name") }?;
        Interp::check(interp)?.trace_info(kind, name)
    })
}

/// Runs the traces of a name that have `op` among the words of their ops, newest first. The library
/// fires none by itself: the host does where its language says so.
///
/// The function may do anything that may be done in an eval: it runs in one that is entered for
/// it, unless there is nothing to run, so that its own evals are not the outermost ones. A trace
/// that is removed before its turn is not run; one that is added meanwhile is not run either. The
/// function may be left by longjmp (lifecycle_eval_unwind).
///
/// \param kind      as lifecycle_trace_add.
/// \param name      the name, any bytes; it stays unchanged meanwhile.
/// \param name_len  bytes of it.
/// \param op        what happens, one word; it stays unchanged meanwhile.
/// \param op_len    bytes of it.
/// \param run       runs one trace; a status other than LIFECYCLE_OK ends the firing.
/// \param user      handed to it.
///
/// \returns LIFECYCLE_OK, also if there are none; the status that ended it; LIFECYCLE_E_INVALID
///          (not an interpreter, run is NULL); LIFECYCLE_E_STALE (no interpreter, or the function
///          has left the eval that it was called in); LIFECYCLE_E_BUSY (handles are being
///          dropped); LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a handle).
///
/// Ownership: the script's handle goes with the eval or scope around this. Threads: the one that
/// uses the interpreter. Re-entry: from callbacks, that of a trace too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_trace_fire(
    interp: *mut lifecycle_interp,
    kind: c_int,
    name: *const c_char,
    name_len: usize,
    op: *const c_char,
    op_len: usize,
    run: lifecycle_trace_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let name = unsafe { guard::slice(name.cast(), name_len, "traced name") }?;
        // SAFETY: `.c.contract`
        let op = unsafe { guard::slice(op.cast(), op_len, "operation") }?;
        Interp::check(interp)?.fire_traces(kind, name, op, run, user)
    })
}
