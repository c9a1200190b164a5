//! Header section 4, symbols: what code is found, told of, held and given up by.

use core::ffi::{c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// Notes which module made the JIT produce a symbol, so that unloading that module frees it.
///
/// A symbol that is mapped becomes a JIT symbol of that module (owner "__jit__"), and the sweeper
/// may evict it. A name that is not mapped yet is expected: when it is mapped with
/// LIFECYCLE_MAP_JIT, whoever maps it, it belongs to this module.
///
/// \param manager  the manager.
/// \param origin  the module.
/// \param jit_symbol  the symbol's name; copied.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM.
///
/// Ownership: the symbol is the origin's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_jit_triggered(
    manager: *mut lifecycle_manager,
    origin: lifecycle_module,
    jit_symbol: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.jit_triggered(origin, unsafe { guard::name(jit_symbol, "symbol name") }?)
    })
}

/// Finds the module that made the JIT produce a symbol.
///
/// \param manager  the manager.
/// \param jit_symbol  the symbol's name; borrowed.
/// \param[out] out  the module; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_jit_origin(
    manager: *mut lifecycle_manager,
    jit_symbol: *const c_char,
    out: *mut lifecycle_module,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "module") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.jit_origin(unsafe { guard::name(jit_symbol, "symbol name") }?)?;
        Ok(())
    })
}

/// Finds the code symbol of a name. What a reload in progress has mapped is not found before it is
/// committed.
///
/// \param manager  the manager.
/// \param name  borrowed.
/// \param[out] out  the symbol; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_symbol_find(
    manager: *mut lifecycle_manager,
    name: *const c_char,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "symbol") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.find_symbol(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Tells what is known of a symbol.
///
/// \param manager  the manager.
/// \param symbol  the symbol.
/// \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
///
/// Ownership: out->name is returned, valid until the symbol is freed; out->owner until the module
/// is unloaded. Threads: any. Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_symbol_info_get(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
    out: *mut lifecycle_symbol_info,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe {
            guard::fill(out, size, "symbol info", || Manager::check(manager)?.symbol_info(symbol))
        }
    })
}

/// Tells where a symbol's code is.
///
/// \param manager  the manager.
/// \param symbol  the symbol.
///
/// \returns the first byte; NULL if the symbol is stale or anything else is wrong
/// (lifecycle_last_error tells).
///
/// Ownership: returned, valid until the symbol is retired and no reader is inside; for an address
/// that stays callable see lifecycle_entry. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_symbol_address(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
) -> *mut c_void {
    guard::value(core::ptr::null_mut(), || Manager::check(manager)?.symbol_address(symbol))
}

/// Finds the symbol that an address lies in: its first byte, its last, or any between.
///
/// Takes no lock, allocates nothing and writes no error sentence, so a signal handler may ask. Code
/// that is retired belongs to nobody.
///
/// \param manager  the manager.
/// \param pc  any address.
/// \param[out] out  the symbol; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (the manager was destroyed);
/// LIFECYCLE_E_NOT_FOUND.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
/// included. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_symbol_at(
    manager: *mut lifecycle_manager,
    pc: *const c_void,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    // No guard: nothing here can panic, and its failures leave the thread's error sentence alone.
    if out.is_null() || !out.is_aligned() {
        return lifecycle_status::LIFECYCLE_E_INVALID;
    }
    // SAFETY: `.c.contract`, and checked above.
    unsafe { out.write(0) };
    let manager = match Manager::peek(manager) {
        Ok(manager) => manager,
        Err(status) => return status,
    };
    match manager.symbol_at(pc) {
        0 => lifecycle_status::LIFECYCLE_E_NOT_FOUND,
        symbol => {
            // SAFETY: as above.
            unsafe { out.write(symbol) };
            lifecycle_status::LIFECYCLE_OK
        }
    }
}

/// Unmaps one symbol: its name is free and its entry empty at once, its bytes when no reader is
/// inside any more that could have found it.
///
/// Where no reader is attached, the bytes come back before this returns. Where some are, to look
/// who is inside costs a system call; so that is done once for many: at the latest when 256 symbols
/// or 1 MiB of code were given up since the last look, when lifecycle_map_symbol or
/// lifecycle_code_reserve would find no room otherwise, and by every unload, end of a reload,
/// sweep, lifecycle_unmap_owner, lifecycle_reclaim and lifecycle_synchronize. What a reader holds
/// back waits for the next look. The same goes for code that LIFECYCLE_MAP_REPLACE has replaced;
/// code that the host mapped itself is looked after at once.
///
/// \param manager  the manager.
/// \param symbol  the symbol; stale afterwards.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (unmapped
/// already); LIFECYCLE_E_PINNED; LIFECYCLE_E_NOMEM (nothing has changed).
///
/// Ownership: taken from its module. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unmap_symbol(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.unmap(symbol))
}

/// Unmaps every symbol of an owner, all or, if one is pinned, none.
///
/// \param manager  the manager.
/// \param owner  a module's path (its own code, not what it made the JIT produce), or "__jit__"
/// (all JIT code of all modules); borrowed.
/// \param[out] count  how many; 0 on failure. May be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (no such
/// module); LIFECYCLE_E_PINNED; LIFECYCLE_E_NOMEM.
///
/// Ownership: taken from their modules. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unmap_owner(
    manager: *mut lifecycle_manager,
    owner: *const c_char,
    count: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let count = unsafe { guard::maybe_out(count, 0, "count") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let unmapped = manager.unmap_owner(unsafe { guard::name(owner, "owner") }?)?;
        if let Some(count) = count {
            *count = unmapped;
        }
        Ok(())
    })
}

/// Adds a pin to a symbol: pinned code is not unmapped, replaced, swept or (unless forced)
/// unloaded.
///
/// \param manager  the manager.
/// \param symbol  the symbol.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_RANGE (2^32 pins).
///
/// Ownership: pins are counted; take each one back with lifecycle_unpin. Threads: any. Re-entry:
/// from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_pin(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.pin(symbol, true))
}

/// Takes a pin back.
///
/// \param manager  the manager.
/// \param symbol  the symbol.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_RANGE (it has no pin).
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unpin(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.pin(symbol, false))
}
