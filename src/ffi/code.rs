//! Header section 4: code.

use core::ffi::{CStr, c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::base::{Result, fail};
use crate::code::Want;
use crate::manager::{Adopted, Commit, Manager};

/// What options say: where, and the rest.
struct Options<'a> {
    align: usize,
    near: *const c_void,
    flags: u32,
    user: *mut c_void,
    relocations: &'a [lifecycle_relocation],
}

/// Reads options; NULL = the defaults.
///
/// # Safety
/// `.c.contract`
unsafe fn read_options<'a>(options: *const lifecycle_map_options) -> Result<Options<'a>> {
    let mut read = lifecycle_map_options {
        size: size_of::<lifecycle_map_options>(),
        flags: 0,
        reserved: 0,
        align: 0,
        near_address: core::ptr::null(),
        relocations: core::ptr::null(),
        relocation_count: 0,
        eh_frame: core::ptr::null(),
        eh_frame_size: 0,
        user: core::ptr::null_mut(),
    };
    if !options.is_null() {
        // SAFETY: the caller's word; any bytes are valid options.
        read = unsafe { guard::read_sized(options, read, "map options") }?;
    }
    if !read.eh_frame.is_null() || read.eh_frame_size != 0 {
        fail!(LIFECYCLE_E_UNSUPPORTED, "unwind information (eh_frame) is not supported yet");
    }
    // SAFETY: the caller's word.
    let relocations =
        unsafe { guard::slice(read.relocations, read.relocation_count, "relocations") }?;
    if read.reserved != 0 || relocations.iter().any(|relocation| relocation.reserved != 0) {
        fail!(LIFECYCLE_E_UNSUPPORTED, "a reserved field of the map options is not 0");
    }
    Ok(Options {
        align: read.align,
        near: read.near_address,
        flags: read.flags,
        user: read.user,
        relocations,
    })
}

/// Copies machine code into executable memory and names it.
///
/// The code is packed with other code into slabs of 2 MiB that are never writable and executable at
/// one address, and can be run when this returns. An entry of this name (lifecycle_entry) points at
/// it at once.
///
/// \param manager  the manager.
/// \param module  the owner; with LIFECYCLE_MAP_JIT the module whose code made the JIT produce it.
/// \param name  not empty; copied. One symbol of a name is mapped at a time.
/// \param code  `len` bytes; copied.
/// \param len  bytes, not 0.
/// \param options  flags, alignment, where, relocations; NULL = defaults; borrowed.
/// \param[out] out  the symbol; 0 on failure. May be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an alignment that is no power of two up to
/// 4096); LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (the name is mapped and
/// LIFECYCLE_MAP_REPLACE is not set); LIFECYCLE_E_PINNED (what would be replaced is pinned);
/// LIFECYCLE_E_BUSY (a reload cannot replace another module's symbol); LIFECYCLE_E_RANGE (not
/// within 2 GiB of near_address; a relocation's field or target out of range); LIFECYCLE_E_TOO_BIG
/// (never fits in code_capacity); LIFECYCLE_E_LIMIT (does not fit now); LIFECYCLE_E_UNSUPPORTED (a
/// relocation kind, eh_frame); LIFECYCLE_E_NOMEM; LIFECYCLE_E_DENIED; LIFECYCLE_E_SYSTEM;
/// LIFECYCLE_E_FORKED. On failure nothing has changed, except that entries named by relocations
/// have been made.
///
/// Ownership: the code is the module's. Threads: any. Re-entry: from callbacks too. Fork:
/// LIFECYCLE_E_FORKED in a child in dual mode. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_map_symbol(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    code: *const c_void,
    len: usize,
    options: *const lifecycle_map_options,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "symbol") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "symbol name") }?;
        // SAFETY: `.c.contract`
        let code: &[u8] = unsafe { guard::slice(code.cast(), len, "code") }?;
        // SAFETY: `.c.contract`
        let options = unsafe { read_options(options) }?;
        let want = Want { len, align: options.align, near: options.near };
        let id = manager.map(code, want, &options.commit(module, name, len))?;
        if let Some(out) = out {
            *out = id;
        }
        Ok(())
    })
}

impl<'a> Options<'a> {
    fn commit<'b>(&self, module: lifecycle_module, name: &'b CStr, used: usize) -> Commit<'b>
    where
        'a: 'b,
    {
        Commit {
            module,
            name,
            flags: self.flags,
            used,
            user: self.user,
            relocations: self.relocations,
        }
    }
}

/// Takes room for code that the caller writes in place: through out->rw, to be run at out->rx.
///
/// \param manager  the manager.
/// \param size  bytes, not 0; out->size may be more.
/// \param align  a power of two up to 4096; 0 = 64.
/// \param near_address  the room must lie within 2 GiB of it; NULL = anywhere.
/// \param[out] out  the room; all zero on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_RANGE (near_address
/// is out of reach); LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM; LIFECYCLE_E_DENIED;
/// LIFECYCLE_E_SYSTEM; LIFECYCLE_E_FORKED.
///
/// Ownership: the caller's until lifecycle_code_commit or lifecycle_code_abort. Threads: any.
/// Re-entry: from callbacks too. Fork: LIFECYCLE_E_FORKED in a child in dual mode. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_code_reserve(
    manager: *mut lifecycle_manager,
    size: usize,
    align: usize,
    near_address: *const c_void,
    out: *mut lifecycle_code,
) -> lifecycle_status {
    guard::status(|| {
        let none = core::ptr::null_mut();
        let nothing = lifecycle_code { rx: none, rw: none, size: 0, id: 0 };
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, nothing, "code") }?;
        let manager = Manager::check(manager)?;
        *out = manager.reserve_code(Want { len: size, align, near: near_address })?;
        Ok(())
    })
}

/// Names the code written into a reservation and makes it run; what is not used is given back.
///
/// \param manager  the manager.
/// \param code  the reservation; on success its rw is set to NULL and must not be used any more.
/// \param module  as for lifecycle_map_symbol.
/// \param name  as for lifecycle_map_symbol.
/// \param used  bytes written, from 1 to code->size.
/// \param options  as for lifecycle_map_symbol; align and near_address were settled by the
/// reservation.
/// \param[out] out  the symbol; 0 on failure. May be NULL.
///
/// \returns as lifecycle_map_symbol; LIFECYCLE_E_RANGE also when `used` is 0 or more than was
/// reserved; LIFECYCLE_E_STALE also when the reservation was committed or aborted already. On
/// failure the reservation stays the caller's, as large as it was; where the system does not make
/// its pages writable again, lifecycle_code_abort is all that is left to do with it.
///
/// Ownership: the code is the module's on success. Threads: any. Re-entry: from callbacks too.
/// Fork: LIFECYCLE_E_FORKED in a child in dual mode. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_code_commit(
    manager: *mut lifecycle_manager,
    code: *mut lifecycle_code,
    module: lifecycle_module,
    name: *const c_char,
    used: usize,
    options: *const lifecycle_map_options,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "symbol") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let code = unsafe { open_code(code) }?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "symbol name") }?;
        // SAFETY: `.c.contract`
        let options = unsafe { read_options(options) }?;
        let id = manager.commit_code(code.id, &options.commit(module, name, used))?;
        code.rw = core::ptr::null_mut();
        if let Some(out) = out {
            *out = id;
        }
        Ok(())
    })
}

/// Gives a reservation back.
///
/// \param manager  the manager.
/// \param code  the reservation; all zero afterwards.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (committed or aborted already).
///
/// Ownership: taken. Threads: any. Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_code_abort(
    manager: *mut lifecycle_manager,
    code: *mut lifecycle_code,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let code = unsafe { open_code(code) }?;
        manager.abort_code(code.id)?;
        let none = core::ptr::null_mut();
        *code = lifecycle_code { rx: none, rw: none, size: 0, id: 0 };
        Ok(())
    })
}

/// The reservation struct that C passes back.
///
/// # Safety
/// `.c.contract`
unsafe fn open_code<'a>(code: *mut lifecycle_code) -> Result<&'a mut lifecycle_code> {
    if code.is_null() || !code.is_aligned() {
        fail!(LIFECYCLE_E_INVALID, "the code reservation is NULL or not aligned");
    }
    // SAFETY: the caller's word, and checked above.
    Ok(unsafe { &mut *code })
}

/// Gives a module zeroed memory beside the code: writable, never executable, within 2 GiB of all
/// code of this manager.
///
/// \param manager  the manager.
/// \param module  the owner.
/// \param size  bytes, not 0.
/// \param align  a power of two up to 4096; 0 = 64.
/// \param[out] out  the memory; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_LIMIT (as much data as code_capacity, at most 512 MiB);
/// LIFECYCLE_E_NOMEM; LIFECYCLE_E_SYSTEM.
///
/// Ownership: the module's; freed with it, when no reader is inside any more. Threads: any.
/// Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_data_reserve(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    size: usize,
    align: usize,
    out: *mut *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, core::ptr::null_mut(), "data") }?;
        *out = Manager::check(manager)?.take_data(module, size, align)?;
        Ok(())
    })
}

/// Notes code that the host mapped itself, so that it is found, entered, retired and released like
/// any other.
///
/// \param manager  the manager.
/// \param module  the owner.
/// \param name  as for lifecycle_map_symbol.
/// \param address  first byte, not NULL.
/// \param len  bytes, not 0. The range may not overlap another symbol's.
/// \param release  called as release(address, user) once no reader is inside; NULL = nothing to
/// release.
/// \param user  handed to `release`, and told by lifecycle_symbol_info_get.
/// \param[out] out  the symbol; 0 on failure. May be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also memory of the manager itself);
/// LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (the name or part of the range is
/// mapped); LIFECYCLE_E_RANGE (the range goes around the end of memory); LIFECYCLE_E_LIMIT (2^18
/// such ranges); LIFECYCLE_E_NOMEM. On failure the code stays the caller's.
///
/// Ownership: taken on success. Threads: any. Re-entry: from callbacks too. Fork: works. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_symbol_mapped(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    name: *const c_char,
    address: *mut c_void,
    len: usize,
    release: lifecycle_release_fn,
    user: *mut c_void,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::maybe_out(out, 0, "symbol") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let name = unsafe { guard::name(name, "symbol name") }?;
        if address.is_null() || len == 0 {
            fail!(LIFECYCLE_E_INVALID, "code of {len} bytes at {address:p} cannot be a symbol");
        }
        let id = manager.adopt(module, name, &Adopted { address, len, release, user })?;
        if let Some(out) = out {
            *out = id;
        }
        Ok(())
    })
}

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

/// Unmaps one symbol: its name is free and its entry empty at once, its memory when no reader is
/// inside any more.
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
