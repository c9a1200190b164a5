//! Header section 7: names.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// No binding.
const NOTHING: lifecycle_binding = lifecycle_binding { value: 0, aux: 0, decl: 0, module: 0 };

/// Notes that a module's declarations have the ids first_did to last_did, both included. They are
/// live until the module is unloaded. A module may have several ranges; ranges of loaded modules
/// may not overlap.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param first_did  first id.
/// \param last_did  last id, not less than the first.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_RANGE (last_did is less than first_did); LIFECYCLE_E_EXISTS (overlaps a live range);
/// LIFECYCLE_E_NOMEM.
///
/// Ownership: the range is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_interp_module_parsed(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    first_did: i64,
    last_did: i64,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.add_range(module, first_did, last_did))
}

/// Binds the name of a function for a module. A name that is bound already means the new function
/// from now on, and again the older one when this binding is gone.
///
/// \param manager  the manager.
/// \param module  the module. In a reload's fresh side the binding becomes visible at commit.
/// \param name  not empty; copied once for all bindings of it.
/// \param did  its declaration id: lifecycle_binding.value.
/// \param return_type  what the host means by it: lifecycle_binding.aux.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
/// the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
///
/// Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_interp_func_registered(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    did: i64,
    return_type: i64,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "name") }?;
        manager.bind(module, LIFECYCLE_FUNC, name, did, return_type).map(|_| ())
    })
}

/// Binds the name of a struct for a module. A name that is bound already means the new struct from
/// now on, and again the older one when this binding is gone.
///
/// \param manager  the manager.
/// \param module  the module. In a reload's fresh side the binding becomes visible at commit.
/// \param name  not empty; copied once for all bindings of it.
/// \param did  its declaration id: lifecycle_binding.value.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
/// the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
///
/// Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_interp_struct_registered(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    did: i64,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "name") }?;
        manager.bind(module, LIFECYCLE_STRUCT, name, did, 0).map(|_| ())
    })
}

/// Binds the name of an enum for a module. A name that is bound already means the new enum from now
/// on, and again the older one when this binding is gone.
///
/// \param manager  the manager.
/// \param module  the module. In a reload's fresh side the binding becomes visible at commit.
/// \param name  not empty; copied once for all bindings of it.
/// \param did  its declaration id: lifecycle_binding.value.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
/// the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
///
/// Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_interp_enum_registered(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    did: i64,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "name") }?;
        manager.bind(module, LIFECYCLE_ENUM, name, did, 0).map(|_| ())
    })
}

/// Binds the name of a global for a module. A name that is bound already means the new global from
/// now on, and again the older one when this binding is gone.
///
/// \param manager  the manager.
/// \param module  the module. In a reload's fresh side the binding becomes visible at commit.
/// \param name  not empty; copied once for all bindings of it.
/// \param value  what the host keeps there, such as an index or a pointer: lifecycle_binding.value.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
/// the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
///
/// Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_interp_global_registered(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    value: i64,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "name") }?;
        manager.bind(module, LIFECYCLE_GLOBAL, name, value, 0).map(|_| ())
    })
}

/// Looks up what a name means now. Takes no lock, and is not held up by others that bind and
/// unbind: it answers with a whole binding, the one before a change or the one after. While
/// lifecycle_reload_commit switches the names of a module, lookups wait for it, so that none finds
/// names of both sides.
///
/// Inline cache: once, `version = lifecycle_names_version(manager, kind)`. At each use of a name
/// keep a binding and a number. If the number is `*version`, the binding is what the name means;
/// if not, read `*version` into the number first, and then look the name up into the binding (in
/// this order: what changes in between is then noticed the next time). Threads that share a place
/// must guard it themselves. A name that is not bound may be kept in the same way.
///
/// \param manager  the manager.
/// \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
/// \param name  `len` bytes; borrowed. It need not be NUL-terminated.
/// \param len  bytes.
/// \param[out] out  the binding; all zero on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an unknown kind); LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOT_FOUND.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_lookup(
    manager: *mut lifecycle_manager,
    kind: u32,
    name: *const c_char,
    len: usize,
    out: *mut lifecycle_binding,
) -> lifecycle_status {
    if guard::is_place(out)
        && let Ok(manager) = Manager::peek(manager)
        // SAFETY: `.c.contract`
        && let Some(name) = unsafe { guard::some_slice(name.cast(), len) }
        // SAFETY: `.c.contract`, and checked above.
        && let Some(status) = manager.quick_lookup(kind, name, unsafe { &mut *out })
    {
        return status;
    }
    // SAFETY: `.c.contract`
    unsafe { lookup(manager, kind, name, len, out) }
}

/// The lookups that are not quick.
///
/// # Safety
/// `.c.contract`
#[cold]
#[inline(never)]
unsafe fn lookup(
    manager: *mut lifecycle_manager,
    kind: u32,
    name: *const c_char,
    len: usize,
    out: *mut lifecycle_binding,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, NOTHING, "binding") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name: &[u8] = unsafe { guard::slice(name.cast(), len, "name") }?;
        *out = manager.lookup(kind, name)?;
        Ok(())
    })
}

/// Removes what a name means now, so that it means again what it meant before, if anything:
/// func_table_remove, struct_table_remove, enum_table_remove and env_remove_global of the runtimes
/// that had those.
///
/// \param manager  the manager.
/// \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
/// \param name  borrowed.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
/// LIFECYCLE_E_NOMEM (nothing has changed).
///
/// Ownership: taken from its module. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unbind(
    manager: *mut lifecycle_manager,
    kind: u32,
    name: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.unbind(kind, unsafe { guard::name(name, "name") }?)
    })
}

/// Tells whether every one of these names is bound: a selective import whose names are all there
/// loads nothing.
///
/// \param manager  the manager.
/// \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
/// \param names  `n` names; borrowed.
/// \param n  how many; none are all there.
/// \param[out] all  the answer; false on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_has_all(
    manager: *mut lifecycle_manager,
    kind: u32,
    names: *const *const c_char,
    n: usize,
    all: *mut bool,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let all = unsafe { guard::out(all, false, "answer") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let names = unsafe { guard::slice(names, n, "names") }?;
        // SAFETY: `.c.contract`
        let names = names.iter().map(|name| unsafe { guard::name(*name, "name") });
        *all = manager.has_all(kind, names)?;
        Ok(())
    })
}

/// Tells whether a declaration id is in a range of a module that is still loaded: the check before
/// every call of a function value. An id whose module is unloaded is a tombstone; one that no
/// module registered is not live either.
///
/// In C the name is also a macro for an inline function (lifecycle_inline.h), which asks this one
/// only when the answer is not known already.
///
/// \param manager  the manager.
/// \param did  the id.
///
/// \returns true or false; false also when the manager is not valid.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_did_is_live(manager: *mut lifecycle_manager, did: i64) -> bool {
    guard::value(false, || Manager::check(manager)?.did_is_live(did))
}

/// Tells whether a binding is still there, shadowed or not.
///
/// \param manager  the manager.
/// \param decl  lifecycle_binding.decl.
///
/// \returns true or false; false also when the manager or the id is not valid.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_decl_is_live(
    manager: *mut lifecycle_manager,
    decl: lifecycle_decl,
) -> bool {
    guard::value(false, || Ok(Manager::check(manager)?.decl_is_live(decl)))
}

/// Tells where the version of a kind of names is kept: a number that changes whenever the answer of
/// some lookup of that kind changes. See lifecycle_lookup for how a cache uses it.
///
/// \param manager  the manager.
/// \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
///
/// \returns where it is, read only, with an aligned 8-byte load; NULL if the kind or the manager is
/// not valid.
///
/// Ownership: the manager's, valid until it is destroyed. Threads: any. Re-entry: from callbacks
/// too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_names_version(
    manager: *mut lifecycle_manager,
    kind: u32,
) -> *const u64 {
    guard::value(core::ptr::null(), || Manager::check(manager)?.names_version(kind))
}
