//! Header section 4, entries: addresses that stay callable.

use core::ffi::{c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// Finds, or makes, the entry of a name: an address that stays callable as long as the manager
/// lives, whatever is mapped, replaced, evicted, reloaded or unloaded under that name.
///
/// A call through it runs the code the name has now. While it has none, the resolver is asked
/// (lifecycle_set_resolver) with all argument registers kept, vector registers of any width
/// included, and what it returns is run. If there is nothing to run, the call ends in an illegal
/// instruction in a function named call_without_code, and lifecycle_last_error names the symbol: a
/// call that expects a result cannot go on without.
///
/// \param manager  the manager.
/// \param name  the symbol's name, mapped or not; copied.
/// \param[out] callable  the address; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_UNSUPPORTED (no stubs
/// for this processor); LIFECYCLE_E_LIMIT (2^20 entries); LIFECYCLE_E_NOMEM; LIFECYCLE_E_DENIED;
/// LIFECYCLE_E_SYSTEM.
///
/// Ownership: the manager's. A thread that calls through an entry while others unload does so
/// between lifecycle_enter and lifecycle_leave. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_entry(
    manager: *mut lifecycle_manager,
    name: *const c_char,
    callable: *mut *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(callable, core::ptr::null_mut(), "callable") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.entry(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Finds, or makes, the slot of a name's entry, for code that a JIT emits: `call [slot]` saves the
/// stub's jump.
///
/// \param manager  the manager.
/// \param name  the symbol's name, mapped or not; copied.
/// \param[out] slot  where the address to call is kept; NULL on failure.
///
/// \returns as lifecycle_entry.
///
/// Ownership: the manager's; read only, with one aligned 8-byte load. Threads: any. Re-entry: from
/// callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_entry_slot(
    manager: *mut lifecycle_manager,
    name: *const c_char,
    slot: *mut *const *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(slot, core::ptr::null(), "slot") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.entry_slot(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Sets who finds code for entries that have none; there is one resolver at a time.
///
/// The resolver runs on the thread that made the call, with no lock held. It returns what to run,
/// usually the address of code it has just mapped under that name; NULL = there is none.
///
/// \param manager  the manager.
/// \param resolve  the function; NULL = nobody.
/// \param user  handed to it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: `user` stays the host's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_set_resolver(
    manager: *mut lifecycle_manager,
    resolve: lifecycle_resolve_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.set_resolver(resolve, user))
}
