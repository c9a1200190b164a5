//! Header section 4, code: what brings it in.

use core::ffi::{CStr, c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::base::{Result, fail};
use crate::code::Want;
use crate::manager::{Adopted, Commit, Manager};

/// What options say: where, and the rest.
pub(super) struct Options<'a> {
    pub align: usize,
    pub near: *const c_void,
    flags: u32,
    user: *mut c_void,
    relocations: &'a [lifecycle_relocation],
    eh_frame: &'a [u8],
}

/// Reads options; NULL = the defaults.
///
/// # Safety
/// `.c.contract`
pub(super) unsafe fn read_options<'a>(
    options: *const lifecycle_map_options,
) -> Result<Options<'a>> {
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
    // SAFETY: the caller's word.
    let relocations =
        unsafe { guard::slice(read.relocations, read.relocation_count, "relocations") }?;
    // SAFETY: the caller's word.
    let eh_frame =
        unsafe { guard::slice(read.eh_frame.cast::<u8>(), read.eh_frame_size, "eh_frame") }?;
    if read.reserved != 0 || relocations.iter().any(|relocation| relocation.reserved != 0) {
        fail!(LIFECYCLE_E_UNSUPPORTED, "a reserved field of the map options is not 0");
    }
    Ok(Options {
        align: read.align,
        near: read.near_address,
        flags: read.flags,
        user: read.user,
        relocations,
        eh_frame,
    })
}

/// Copies machine code into executable memory and names it.
///
/// The code is packed with other code into slabs of 2 MiB that are never writable and executable at
/// one address, and can be run when this returns. An entry of this name (lifecycle_entry) points at
/// it at once. Tools that the config asked for are told before that, and the unwinder of eh_frame;
/// what they can forget is taken back when the code is freed.
///
/// \param manager  the manager.
/// \param module  the owner; with LIFECYCLE_MAP_JIT the module whose code made the JIT produce it.
/// \param name  not empty; copied. One symbol of a name is mapped at a time.
/// \param code  `len` bytes; copied.
/// \param len  bytes, not 0.
/// \param options  flags, alignment, where, relocations, eh_frame; NULL = defaults; borrowed.
/// \param[out] out  the symbol; 0 on failure. May be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an alignment that is no power of two up to
/// 4096, or a relocation whose field is not the instruction that its kind is for);
/// LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (the name is mapped and
/// LIFECYCLE_MAP_REPLACE is not set); LIFECYCLE_E_PINNED (what would be replaced is pinned);
/// LIFECYCLE_E_BUSY (a reload cannot replace another module's symbol); LIFECYCLE_E_RANGE (not
/// within 2 GiB of near_address; a relocation's field or target out of range; an FDE of eh_frame
/// about bytes outside the code); LIFECYCLE_E_TOO_BIG (never fits in code_capacity);
/// LIFECYCLE_E_LIMIT (does not fit now); LIFECYCLE_E_FORMAT (eh_frame is malformed or describes no
/// frame); LIFECYCLE_E_UNSUPPORTED (a relocation kind that is unknown or another processor's; an
/// encoding in eh_frame; a process without an unwinder that takes one); LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_DENIED; LIFECYCLE_E_SYSTEM. On failure nothing has changed, except that entries
/// named by relocations have been made.
///
/// Ownership: the code is the module's. Threads: any. Re-entry: from callbacks too. Fork: works;
/// what the first change costs is told at LIFECYCLE_CODE_DUAL. Since: 0.1.0
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
    /// What becomes of code with these options.
    pub fn commit<'b>(&self, module: lifecycle_module, name: &'b CStr, used: usize) -> Commit<'b>
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
            eh_frame: self.eh_frame,
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
/// LIFECYCLE_E_SYSTEM.
///
/// Ownership: the caller's until lifecycle_code_commit or lifecycle_code_abort. Threads: any.
/// Re-entry: from callbacks too. Fork: works; in dual mode only the process that reserved the room
/// can write and commit it, and it goes on doing so after a fork. Since: 0.1.0
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
/// reserved, or when what relocations need behind the code (lifecycle_relocation) does not fit
/// between `used` and code->size: the sentence says how many bytes are missing; LIFECYCLE_E_FORKED
/// (dual mode: the room was reserved before this process was forked; lifecycle_code_abort is all
/// that is left to do with it); LIFECYCLE_E_STALE also when the reservation was committed or
/// aborted already. On failure the reservation stays the caller's, as large as it was; where the
/// system does not make its pages writable again, lifecycle_code_abort is all that is left to do
/// with it.
///
/// Ownership: the code is the module's on success. Threads: any. Re-entry: from callbacks too.
/// Fork: see lifecycle_code_reserve. Since: 0.1.0
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
/// \param code  the reservation; all zero afterwards, unchanged on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (committed or aborted already);
/// LIFECYCLE_E_BUSY (another thread is committing it).
///
/// Ownership: taken on success. Threads: any. Re-entry: from callbacks too. Fork: works. Since:
/// 0.1.0
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
pub(super) unsafe fn open_code<'a>(code: *mut lifecycle_code) -> Result<&'a mut lifecycle_code> {
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
/// Ownership: taken on success. Threads: any. Re-entry: from callbacks too. Fork: works; in a child
/// `release` gives back the child's own copy. Since: 0.1.0
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
