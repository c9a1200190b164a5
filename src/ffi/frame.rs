//! Header section 9: frames.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Pushes a frame, with variables of its own, which becomes the active one. It is in the namespace
/// that the active frame is in, until lifecycle_frame_set_ns.
///
/// A frame is popped before the eval that it was pushed in ends, or by that end: it holds handles
/// as they are.
///
/// \param cmd   what it runs, for lifecycle_frame_info_get; may be nil.
/// \param args  what with; may be nil.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_LIMIT (there are as many as lifecycle_interp_options allows);
///          LIFECYCLE_E_INVALID (not an interpreter, a forged handle); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM. On failure no frame was pushed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_push(
    interp: *mut lifecycle_interp,
    cmd: lifecycle_handle,
    args: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.push_frame(cmd, args))
}

/// Pops the newest frame, and with it its variables and links. The one that was active when it was
/// pushed is active again.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or only the global frame is
///          left, which stays); LIFECYCLE_E_STALE.
///
/// Ownership: nobody keeps the variables' values any more; what was read of them stays. Threads:
/// the one that uses the interpreter. Re-entry: from callbacks. The function that releases foreign
/// things is called. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_pop(interp: *mut lifecycle_interp) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.pop_frame())
}

/// How many frames there are, the global one included.
///
/// \returns the number, 1 at least; 0 when it is not an interpreter, lifecycle_last_error()
/// telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_count(interp: *mut lifecycle_interp) -> usize {
    guard::value(0, || Ok(Interp::check(interp)?.frame_count()))
}

/// The level of the active frame. The global one is at 0, and one that is pushed is at the level
/// that lifecycle_frame_count was before, whichever is active then.
///
/// \returns the level; 0 also when it is not an interpreter, lifecycle_last_error() telling.
///
/// Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_level(interp: *mut lifecycle_interp) -> usize {
    guard::value(0, || Ok(Interp::check(interp)?.frame_level()))
}

/// Makes another frame the active one, as Tcl's uplevel: the one whose variables the functions for
/// variables work on. When the eval ends that this was called in, the frame is active again that
/// was when it began.
///
/// \param level  its level.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (there is no such frame); LIFECYCLE_E_INVALID (not an
///          interpreter); LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_set_active(
    interp: *mut lifecycle_interp,
    level: usize,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.set_active_frame(level))
}

/// Tells what a frame is.
///
/// \param level     its level.
/// \param[out] out  filled in, or zeroed on failure. The handles are those that were given, even if
///                  their scope was closed since.
/// \param size      sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (there is no such frame); LIFECYCLE_E_INVALID (not an
///          interpreter, out is NULL, size is 0 or more than 64 KiB); LIFECYCLE_E_STALE.
///
/// Ownership: the path is the frame's. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_info_get(
    interp: *mut lifecycle_interp,
    level: usize,
    out: *mut lifecycle_frame_info,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "frame info", || Interp::check(interp)?.frame_info(level)) }
    })
}

/// Says which namespace the active frame is in. It is a path for lifecycle_frame_info_get, and
/// stays when the namespace is deleted; which variables the frame works on is
/// lifecycle_frame_push_locals.
///
/// \param ns      the namespace's path.
/// \param ns_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
///          (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_set_ns(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        Interp::check(interp)?.set_frame_namespace(ns)
    })
}

/// Says which line the active frame is in.
///
/// \param line  a number for lifecycle_frame_info_get.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_set_line(
    interp: *mut lifecycle_interp,
    line: usize,
) -> lifecycle_status {
    guard::status(|| {
        Interp::check(interp)?.set_frame_line(line);
        Ok(())
    })
}

/// Says which lambda the active frame runs.
///
/// \param lambda  a handle for lifecycle_frame_info_get; may be nil.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a forged handle);
///          LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_set_lambda(
    interp: *mut lifecycle_interp,
    lambda: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.set_frame_lambda(lambda))
}

/// The active frame works on a namespace's variables from now on, as in Tcl's namespace eval; its
/// own wait below. The variables stay while the frame works on them, even if the namespace is
/// deleted.
///
/// \param ns      the namespace's path.
/// \param ns_len  bytes of it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
///          (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
///
/// Ownership: until lifecycle_frame_pop_locals, or until the frame is popped, or the eval ends that
/// this was called in. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_push_locals(
    interp: *mut lifecycle_interp,
    ns: *const c_char,
    ns_len: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let ns = unsafe { guard::slice(ns.cast(), ns_len, "namespace") }?;
        Interp::check(interp)?.push_locals(ns)
    })
}

/// The active frame works on the variables again that it worked on before
/// lifecycle_frame_push_locals.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or it works on its own);
///          LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_frame_pop. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_frame_pop_locals(
    interp: *mut lifecycle_interp,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.pop_locals())
}
