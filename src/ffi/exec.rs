//! The drop-ins of the Simple runtime's execution managers, and the functions behind them.
//!
//! Each drop-in has a twin with the library's prefix: beside the shared library a small object file
//! defines the drop-ins and calls the twins, because a shared library cannot take the place of a
//! weak definition in the program.

use core::ffi::c_char;

use super::guard;
use crate::abi::*;
use crate::base::Result;
use crate::manager::{self, Manager};

fn create(backend: *const c_char) -> i64 {
    guard::value(0, || {
        guard::quiet_panics();
        if backend.is_null() {
            return manager::exec_create(None);
        }
        // SAFETY: `.c.contract`
        manager::exec_create(Some(unsafe { guard::c_str(backend, "backend") }?))
    })
}

fn has_function(handle: i64, name: *const c_char) -> i64 {
    let found = guard::value(false, || {
        // SAFETY: `.c.contract`
        manager::exec_has_function(handle, unsafe { guard::name(name, "function name") }?)
    });
    i64::from(found)
}

fn cleanup(handle: i64) {
    guard::value((), || -> Result<()> { manager::exec_cleanup(handle) });
}

/// Makes an execution manager: a handle with a module of lifecycle_default() to own its code. The
/// twin of rt_exec_manager_create.
///
/// \param backend  "auto", "jit", "soft_jit" or "native"; NULL = "auto"; borrowed.
///
/// \returns the handle, over 0; 0 for a backend that is not known, or on failure
/// (lifecycle_last_error tells).
///
/// Ownership: ended by lifecycle_exec_manager_cleanup. Threads: any. Re-entry: from callbacks too.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_exec_manager_create(backend: *const c_char) -> i64 {
    create(backend)
}

/// Tells whether a handle's module has mapped code of this name. The twin of
/// rt_exec_manager_has_function.
///
/// \param handle  from lifecycle_exec_manager_create, or bound with lifecycle_exec_manager_bind.
/// \param name  borrowed.
///
/// \returns 1 or 0; 0 also for a handle that is not known.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_exec_manager_has_function(
    handle: i64,
    name: *const c_char,
) -> i64 {
    has_function(handle, name)
}

/// Removes a handle's soft-JIT file, tmp/jit/simple_soft_jit_HANDLE.spl under the working
/// directory, and frees the code mapped for the handle. The twin of rt_exec_manager_cleanup.
///
/// \param handle  over 0; other numbers are nobody's, and nothing is touched. Twice is once.
///
/// Ownership: a module that lifecycle_exec_manager_create made is unloaded; one that the host bound
/// loses its code, stays loaded, and is bound to the handle no more. What fails (a pinned symbol, a
/// file that cannot be removed) is told by lifecycle_last_error. Threads: any. Re-entry: from
/// callbacks too. Fork: works; the file is one for a process and its children. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_exec_manager_cleanup(handle: i64) {
    cleanup(handle);
}

/// Says that the code of an execution manager's handle is that of a module, so that
/// rt_exec_manager_cleanup frees it.
///
/// \param manager  the manager.
/// \param handle  the runtime's own number, over 0; the whole process has one module for it.
/// \param module  the module.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_EXISTS (the handle is bound, in whatever manager); LIFECYCLE_E_LIMIT (handles bound
/// in more than 64 managers); LIFECYCLE_E_NOMEM.
///
/// Ownership: nothing changes hands; unloading the module unbinds the handle. Threads: any.
/// Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_exec_manager_bind(
    manager: *mut lifecycle_manager,
    handle: i64,
    module: lifecycle_module,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.bind_exec(handle, module))
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rt_exec_manager_create(backend: *const c_char) -> i64 {
    create(backend)
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rt_exec_manager_has_function(handle: i64, name: *const c_char) -> i64 {
    has_function(handle, name)
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rt_exec_manager_cleanup(handle: i64) {
    cleanup(handle);
}
