//! Header section 3, loading: reloads as a transaction, and loads within loads.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// Begins to replace a loaded module: what is registered for `fresh` stays unseen until the reload
/// is committed, and the old side goes on working.
///
/// Names and code symbols of the fresh side become visible at commit, all at once; its mappings,
/// resources and declaration ids are its own from the start. The fresh side may map symbols that
/// the old side has.
///
/// \param manager  the manager.
/// \param old  the module to replace.
/// \param[out] fresh  the fresh side; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_BUSY (a reload of it is in progress); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24
/// modules). On failure nothing has changed.
///
/// Ownership: end it with lifecycle_reload_commit or lifecycle_reload_abort. Threads: any.
/// Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reload_begin(
    manager: *mut lifecycle_manager,
    old: lifecycle_module,
    fresh: *mut lifecycle_module,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let fresh = unsafe { guard::out(fresh, 0, "fresh module") }?;
        *fresh = Manager::check(manager)?.reload_begin(old)?;
        Ok(())
    })
}

/// The fresh side takes the old one's place: its names (at the old ones' place among those of other
/// modules) and its code become visible, entries point at it, modules that needed the old side need
/// it, and the old side is unloaded. What the old side needed is needed no more, unless the fresh
/// side has said so, too (lifecycle_module_depend works on either side from the start).
///
/// A thread that is inside may go on running the old side's code. Calls of that code through
/// entries, which relocations by name are too, run the fresh side's functions from now on; where
/// the fresh side has no function of that name any more, they end in the resolver, or in the trap
/// (lifecycle_entry). So a module whose next version may drop a function calls that function
/// directly, or the host has a resolver.
///
/// \param manager  the manager.
/// \param fresh  from lifecycle_reload_begin.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also a module that is no fresh side);
/// LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_PINNED (the old side has a pinned symbol);
/// LIFECYCLE_E_EXISTS (another module has mapped one of its symbols meanwhile); LIFECYCLE_E_NOMEM.
/// On failure nothing has changed and the reload is still in progress.
///
/// Ownership: the old side's is released as by lifecycle_unload_module. Threads: any; other threads
/// see either side, never a mixture within one name. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reload_commit(
    manager: *mut lifecycle_manager,
    fresh: lifecycle_module,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.reload_commit(fresh))
}

/// Drops the fresh side and all it brought in; the old side never noticed. What modules said of
/// needing the fresh side goes with it.
///
/// \param manager  the manager.
/// \param fresh  from lifecycle_reload_begin.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM (nothing has changed).
///
/// Ownership: the fresh side's is released as by lifecycle_unload_module. Threads: any. Re-entry:
/// from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reload_abort(
    manager: *mut lifecycle_manager,
    fresh: lifecycle_module,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.reload_abort(fresh))
}

/// Notes that the calling thread begins to load a path, so that endless and circular loading is
/// caught.
///
/// \param manager  the manager.
/// \param path  not empty; copied.
///
/// \returns LIFECYCLE_OK: call lifecycle_load_leave when the load is over, however it ended;
/// LIFECYCLE_E_CYCLE (this thread is loading the path already; lifecycle_last_error shows the
/// circle); LIFECYCLE_E_DEPTH (nested deeper than lifecycle_config.load_depth_limit, 16 if not
/// set); LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM.
///
/// Ownership: nothing changes hands. Threads: any; each thread nests by itself. Re-entry: from
/// callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_load_enter(
    manager: *mut lifecycle_manager,
    path: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.load_enter(unsafe { guard::name(path, "path") }?)
    })
}

/// Notes that the calling thread has ended the load that it began last.
///
/// \param manager  the manager.
/// \param path  as given to lifecycle_load_enter; borrowed.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also when it is not the load this thread began last:
/// nothing has changed); LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that entered. Re-entry: from callbacks too.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_load_leave(
    manager: *mut lifecycle_manager,
    path: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.load_leave(unsafe { guard::name(path, "path") }?)
    })
}
