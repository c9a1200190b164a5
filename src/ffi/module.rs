//! Header section 3: modules and what they own.

use core::ffi::{c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::base::fail;
use crate::heap::Heap;
use crate::manager::Manager;

/// Starts to track a module.
///
/// \param manager  the manager.
/// \param path  what the host calls it, not empty; copied. It need not be a file.
/// \param[out] out  the module; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (a module of
/// this path is loaded: unload it, or replace it with lifecycle_reload_begin); LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_LIMIT (2^24 modules).
///
/// Ownership: the module owns what is registered for it until it is unloaded. Threads: any.
/// Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_module_load(
    manager: *mut lifecycle_manager,
    path: *const c_char,
    out: *mut lifecycle_module,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "module") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.load(unsafe { guard::name(path, "path") }?)?;
        Ok(())
    })
}

/// Finds the loaded module of a path. During a reload that is the old side.
///
/// \param manager  the manager.
/// \param path  as given to lifecycle_on_module_load; borrowed.
/// \param[out] out  the module; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_module_find(
    manager: *mut lifecycle_manager,
    path: *const c_char,
    out: *mut lifecycle_module,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "module") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.find_module(unsafe { guard::name(path, "path") }?)?;
        Ok(())
    })
}

/// Tells what a module owns right now.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE (another kind's id);
/// LIFECYCLE_E_STALE.
///
/// Ownership: out->path is returned, valid until the module is unloaded. Threads: any. Re-entry:
/// from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_module_info_get(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    out: *mut lifecycle_module_info,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe {
            guard::fill(out, size, "module info", || Manager::check(manager)?.module_info(module))
        }
    })
}

/// Visits every module that was loaded when the call began.
///
/// \param manager  the manager.
/// \param visit  called with each module and its path; a non-zero return ends the walk.
/// \param user  handed to `visit`.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (then none was
/// visited).
///
/// Ownership: the path is borrowed by `visit` for its call. Threads: any. Re-entry: `visit` may
/// call the library, unload modules included; those it has not reached yet are visited all the
/// same, with ids that are stale by then. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_each_module(
    manager: *mut lifecycle_manager,
    visit: lifecycle_module_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        let Some(visit) = visit else {
            fail!(LIFECYCLE_E_INVALID, "the function to visit modules with is NULL");
        };
        for (module, path) in &manager.modules()? {
            // SAFETY: the host's function; the path lives for the call.
            if manager.outside(|| unsafe { visit(*module, path.as_ptr(), user) }) != 0 {
                break;
            }
        }
        Ok(())
    })
}

/// Notes that a module's metadata is loaded under a key; twice is once. The host keeps the
/// metadata; at unload the observer hears the key (LIFECYCLE_EVENT_METADATA_DROPPED), so that the
/// host can drop it.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param key  not empty; copied.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 keys).
///
/// Ownership: the key's copy is the module's. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_metadata_loaded(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    key: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.add_metadata(module, unsafe { guard::name(key, "metadata key") }?)
    })
}

/// Gives a module a resource of the host's: source text, a syntax tree, a compiler context,
/// anything with a way to release it.
///
/// At unload resources are released newest first, once no reader is inside that was when the unload
/// began.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param resource  the thing; may be NULL.
/// \param release  called once as release(resource, user), with no lock held; not NULL.
/// \param user  handed to `release`.
/// \param[out] out  names the resource for lifecycle_disown; may be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 resources). On failure the resource stays the
/// caller's and `release` is not called.
///
/// Ownership: taken on success. Threads: any; `release` runs on whichever thread unloads or
/// reclaims. Re-entry: `release` may call the library. Fork: a child that unloads releases its own
/// copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_own(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    resource: *mut c_void,
    release: lifecycle_release_fn,
    user: *mut c_void,
    out: *mut lifecycle_resource,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "resource") }?;
        let id = Manager::check(manager)?.own(module, resource, release, user)?;
        if let Some(out) = out {
            *out = id;
        }
        Ok(())
    })
}

/// Gives a module a heap: it is destroyed when the module is unloaded, and what it holds is part of
/// the manager's statistics.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param heap  from lifecycle_heap_create.
/// \param[out] out  names it for lifecycle_disown, which makes it the host's again; may be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_EXISTS (a module owns it already); LIFECYCLE_E_BUSY (it collects or verifies just
/// now); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 resources). On failure the heap stays the
/// caller's.
///
/// Ownership: taken on success; lifecycle_heap_destroy is LIFECYCLE_E_BUSY from then on. A heap that
/// is at work when its module goes (a root callback or finalizer of its own unloads) becomes the
/// host's again instead. Threads: the one that uses the heap; whichever thread unloads or reclaims
/// destroys it, while no other uses it. Re-entry: from callbacks, but not the heap's own root
/// callbacks. Fork: a child that unloads destroys its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_own_heap(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    heap: *mut lifecycle_heap,
    out: *mut lifecycle_resource,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "resource") }?;
        let id = Manager::check(manager)?.own_heap(module, Heap::check(heap)?)?;
        if let Some(out) = out {
            *out = id;
        }
        Ok(())
    })
}

/// Takes a resource back: its release function will not be called.
///
/// \param manager  the manager.
/// \param resource  from lifecycle_own.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (released or
/// disowned already).
///
/// Ownership: returned to the caller. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_disown(
    manager: *mut lifecycle_manager,
    resource: lifecycle_resource,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.disown(resource))
}

/// Notes that one module needs another, which can then be unloaded only after it or together with
/// it. Twice is once; circles of several modules are allowed, and go together.
///
/// \param manager  the manager.
/// \param user_of  the module that needs.
/// \param on  the module that is needed.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_CYCLE (a module cannot need itself); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24
/// needs). On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_module_depend(
    manager: *mut lifecycle_manager,
    user_of: lifecycle_module,
    on: lifecycle_module,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.depend(user_of, on))
}

/// Unloads a module and frees everything it owns: JIT code it triggered, its code, mapping
/// references, metadata keys, names, declaration ranges, data, resources, its record.
///
/// What may refuse is asked first, so a refused unload changes nothing; one that has begun frees
/// everything. What a running thread could still use (code, data, mappings, resources) is freed at
/// once when no reader is inside, else by the first lifecycle_reclaim, or other call that looks at
/// the readers (lifecycle_unmap_symbol), after the last one left. Costs what the module owns.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param flags  0, or LIFECYCLE_UNLOAD_CASCADE (the modules that need it go first) and
/// LIFECYCLE_UNLOAD_FORCE_PINNED (pinned code goes too), or-ed.
/// \param[out] out  what was freed, summed over all modules that went; when refused, all zero but
/// the blocker. May be NULL.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_BUSY (another module needs it, or a reload of it is in progress:
/// out->blocker_module); LIFECYCLE_E_PINNED (out->blocker_symbol); LIFECYCLE_E_NOMEM (nothing has
/// changed).
///
/// Ownership: taken from the module; release functions run before this returns, or in the call that
/// frees the rest. Threads: any. Re-entry: from callbacks, and from code of the module itself if
/// its thread has entered. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unload_module(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    flags: u32,
    out: *mut lifecycle_unload_report,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        if !out.is_null() {
            // SAFETY: `.c.contract`
            unsafe { guard::clear_sized(out, size, "unload report") }?;
        }
        let mut report = lifecycle_unload_report::default();
        let unloaded = Manager::check(manager)?.unload(module, flags, &mut report);
        if !out.is_null() {
            // SAFETY: `.c.contract`, and checked above.
            unsafe { guard::write_sized(out, size, &report) };
        }
        unloaded
    })
}
