//! Header section 9: interpreters, their evals, scopes and memory.

use core::ffi::c_void;
use core::ptr;

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes an interpreter: one owner for all values of one interpreter, scratch and persistent.
///
/// A handle (lifecycle_handle) names a scratch value until the outermost eval ends; a value
/// (lifecycle_value) is persistent, immutable and counted. lifecycle_materialize makes a value of a
/// handle, lifecycle_wrap a handle of a value. Variables, commands and traces keep values by
/// themselves. In lists and dicts handles are references: what is changed in place is seen through
/// every handle and list that names it, and never by what is kept.
///
/// \param options   how to set it up, starting from LIFECYCLE_INTERP_OPTIONS_INIT; NULL = the
///                  defaults. Copied.
/// \param[out] out  the interpreter on LIFECYCLE_OK, else NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro, an
///          allocator that lacks a function); LIFECYCLE_E_UNSUPPORTED (options of a later version
///          that sets more); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (65,536 interpreters exist, or
///          all generations of handles are used up).
///
/// Ownership: the caller's, until lifecycle_interp_destroy. Threads: any thread; each interpreter is
/// used by one thread at a time. Re-entry: from anywhere. Fork: the child has a copy, separate from
/// then on. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_interp_create(
    options: *const lifecycle_interp_options,
    out: *mut *mut lifecycle_interp,
) -> lifecycle_status {
    guard::quiet_panics();
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, ptr::null_mut(), "interpreter") }?;
        let defaults = lifecycle_interp_options::default();
        let zero = lifecycle_interp_options { size: 0, ..defaults };
        let options = if options.is_null() {
            defaults
        } else {
            // SAFETY: `.c.contract`; the struct is plain but for functions, for which NULL is a
            // value, and starts with its size.
            unsafe { guard::read_sized(options, zero, "interpreter options") }?
        };
        *out = Interp::create(&options)?.as_ptr();
        Ok(())
    })
}

/// Forgets everything that was defined, drops the scratch side, releases all foreign things and
/// gives all memory back, but for values that the host still holds: those stay valid for
/// lifecycle_value_retain and lifecycle_value_release, and the last release gives back the rest.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not an interpreter); LIFECYCLE_E_STALE
///          (destroyed already); LIFECYCLE_E_BUSY (in an eval, or called from a function that
///          releases a foreign thing); LIFECYCLE_E_SYSTEM, LIFECYCLE_E_NOMEM (the system does not
///          take scratch memory back: the interpreter is empty and still valid, call again).
///
/// Ownership: the interpreter and its handles are gone. Threads: the one that uses it. Re-entry: not
/// from an eval. Fork: a child destroys its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_interp_destroy(
    interp: *mut lifecycle_interp,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.destroy())
}

/// The pointer that lifecycle_interp_options.user was.
///
/// \returns the pointer; NULL when it is not an interpreter, lifecycle_last_error() telling.
///
/// Ownership: the host's. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_interp_user(interp: *mut lifecycle_interp) -> *mut c_void {
    guard::value(ptr::null_mut(), || Ok(Interp::check(interp)?.user()))
}

/// The arena of the outermost scratch level, for bytes of the host's that an eval needs: they are
/// gone when the outermost eval ends. The interpreter owns the arena: allocating, saving and
/// registering cleanups is the host's, while resetting, rewinding and destroying it are
/// LIFECYCLE_E_BUSY.
///
/// \returns the arena; NULL when it is not an interpreter, lifecycle_last_error() telling.
///
/// Ownership: the interpreter's. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_interp_arena(
    interp: *mut lifecycle_interp,
) -> *mut lifecycle_arena {
    guard::value(ptr::null_mut(), || Interp::check(interp)?.arena())
}

/// An eval begins. Evals nest, and each is left by lifecycle_eval_leave, or with those inside it by
/// lifecycle_eval_unwind.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_BUSY (called from a function that releases a foreign thing, or a cleanup of
///          the arena); LIFECYCLE_E_NOMEM. On failure no eval has begun.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks, but not while handles are dropped. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_eval_enter(interp: *mut lifecycle_interp) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.enter())
}

/// An eval ends. Scopes opened and frames pushed in it and left behind are closed and popped. At the
/// end of the outermost eval every handle is gone, and all scratch memory is free for the next one:
/// a few stores, however much there was.
///
/// \param result     what the eval results in, or nil.
/// \param[out] kept  the result's value, to be released by the host; NULL = it is not wanted. NULL
///                   is put there for nil, and on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or in no eval); LIFECYCLE_E_STALE;
///          and if the result is wanted what lifecycle_materialize returns: the eval is left all the
///          same.
///
/// Ownership: the value is the caller's. Threads: the one that uses the interpreter. Re-entry: from
/// callbacks. Functions that release foreign things and cleanups of the arena are called. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_eval_leave(
    interp: *mut lifecycle_interp,
    result: lifecycle_handle,
    kept: *mut *mut lifecycle_value,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let kept = unsafe { guard::maybe_out(kept, ptr::null_mut(), "result") }?;
        Interp::check(interp)?.leave(result, kept)
    })
}

/// How many evals were entered and not left.
///
/// \returns the number; 0 when it is not an interpreter, lifecycle_last_error() telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_eval_depth(interp: *mut lifecycle_interp) -> usize {
    guard::value(0, || Ok(Interp::check(interp)?.depth()))
}

/// Leaves evals until `depth` are left, for a host that leaves them by longjmp: after landing it
/// calls this with the depth that there was when it called setjmp.
///
/// \param depth  evals that stay; 0 = none: the scratch side is dropped.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_RANGE (there are fewer evals).
///
/// Ownership, threads, re-entry, fork: as lifecycle_eval_leave. A callback may be left by longjmp,
/// but not one that the library calls while it drops handles. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_eval_unwind(
    interp: *mut lifecycle_interp,
    depth: usize,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.unwind(depth))
}

/// Drops the scratch side where there is no eval: handles that were made outside of one, and all
/// bytes behind them.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_BUSY (in an eval: nothing is dropped).
///
/// Ownership: all handles are gone. Threads: the one that uses the interpreter. Re-entry: not from
/// an eval. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_force_reset(interp: *mut lifecycle_interp) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.reset())
}

/// Opens a scope: what is made from now on goes when the scope is closed, so that one long eval
/// needs no more scratch memory than one of its rounds. Scopes nest.
///
/// \param[out] out  the scope on LIFECYCLE_OK, else 0.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, out is NULL); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_LIMIT (4,096 scopes are open); LIFECYCLE_E_NOMEM.
///
/// Ownership: a scope is closed by lifecycle_scope_close, with a scope around it, or by the end of
/// the eval that it was opened in. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_scope_open(
    interp: *mut lifecycle_interp,
    out: *mut lifecycle_scope,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "scope") }?;
        *out = Interp::check(interp)?.open_scope()?;
        Ok(())
    })
}

/// Closes a scope and those opened inside it: the handles made in it are gone. What was stored in a
/// list or dict of a scope outside stays: there it is a copy, made when it was stored.
///
/// \param scope           the scope.
/// \param[in,out] escape  a handle that is to outlive the scope: it is set to a new handle outside
///                        that names an equal value, or the same one if it was made outside. NULL or
///                        nil = nothing escapes. Set to nil on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, no scope, or one that is not
///          open yet); LIFECYCLE_E_STALE (the interpreter, the scope or the handle is gone);
///          LIFECYCLE_E_CYCLE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (what escapes cannot be copied).
///          On failure the scope stays open, unless there was no room for the new handle.
///
/// Ownership, threads, re-entry, fork: as lifecycle_eval_leave. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_scope_close(
    interp: *mut lifecycle_interp,
    scope: lifecycle_scope,
    escape: *mut lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`: it is NULL or holds a handle.
        let handle = unsafe { escape.as_ref() }.copied();
        // SAFETY: `.c.contract`
        let mut place = unsafe { guard::maybe_out(escape, 0, "escaping handle") }?;
        if let (Some(place), Some(handle)) = (place.as_deref_mut(), handle) {
            *place = handle;
        }
        let outcome = Interp::check(interp)
            .and_then(|interp| interp.close_scope(scope, place.as_deref_mut()));
        if let (Some(place), Err(_)) = (place, outcome) {
            *place = 0;
        }
        outcome
    })
}

/// Tells what an interpreter holds.
///
/// \param[out] out  filled in, or zeroed on failure.
/// \param size      sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, out is NULL, size is 0 or more
///          than 64 KiB); LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_memory_stats(
    interp: *mut lifecycle_interp,
    out: *mut lifecycle_memory,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe {
            guard::fill(out, size, "memory statistics", || Ok(Interp::check(interp)?.memory()))
        }
    })
}
