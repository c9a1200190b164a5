//! Header section 6: file mappings and SMF files.

use core::ffi::{c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::base::{Result, fail};
use crate::manager::Manager;
use crate::mapping::{smf_header, smf_section};

/// No mapping.
const NOTHING: lifecycle_mapping = lifecycle_mapping { data: core::ptr::null(), size: 0, id: 0 };

/// Gives a module a reference to a file in memory, read-only. Any file may be mapped, SMF or not.
///
/// A file (same device, inode, size and time of change) is in memory once, however many paths and
/// modules reach it. A file that was replaced or changed is another one: new users get the new
/// bytes, those who have the old ones keep them. So each call asks the file system what the path
/// leads to; where that is in memory already, the file is not opened again. A module that wants
/// what another one has, whatever became of the file, calls lifecycle_smf_share.
///
/// A file of up to 16 KiB is copied in either mode, as git does with small files: reading it costs
/// less than mapping it. With LIFECYCLE_MAPPING_MAP larger ones are mapped: what is written into
/// one in place shows in the mapping, and if somebody truncates it in place, SIGBUS is raised in
/// who reads the missing part. Replace files by renaming, or use LIFECYCLE_MAPPING_SNAPSHOT.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param path  the file; copied.
/// \param[out] out  the bytes; all zero on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
/// LIFECYCLE_E_DENIED (no permission); LIFECYCLE_E_TYPE (a directory or another thing that is no
/// regular file, or another kind's id); LIFECYCLE_E_FORMAT (empty, or changing whenever it is
/// copied); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_SYSTEM. On
/// failure nothing has changed.
///
/// Ownership: the reference is the module's, dropped by lifecycle_smf_release or at unload;
/// out->data is valid until then. Threads: any. Re-entry: from callbacks too. Fork: works. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_on_smf_accessed(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    path: *const c_char,
    out: *mut lifecycle_mapping,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, NOTHING, "mapping") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.access_file(module, unsafe { guard::name(path, "path") }?)?;
        Ok(())
    })
}

/// Drops one reference of a module, the newest by this path. The last reference of all unmaps the
/// file, once no reader is inside. With module 0 it drops what lifecycle_smf_prefetch mapped and
/// nobody used.
///
/// \param manager  the manager.
/// \param module  the module, or 0.
/// \param path  as it was accessed; borrowed.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOT_FOUND (the module holds no reference by this path); LIFECYCLE_E_NOMEM. A file
/// that the system refuses to unmap is kept and tried again (statistics: failed_releases).
///
/// Ownership: the mapping's bytes are the module's no more. Threads: any. Re-entry: from callbacks
/// too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_release(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    path: *const c_char,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        manager.release_file(module, unsafe { guard::name(path, "path") }?)
    })
}

/// Gives a module one more reference to a mapping that is in memory, by its id. Costs no call of
/// the system and does not look at the file, which may have changed or gone: this is how modules
/// agree on one version, and how a host that has a mapping hands it on. To get what a path leads to
/// now, call lifecycle_on_smf_accessed.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param mapping  the id, from lifecycle_mapping.id.
/// \param[out] out  the bytes; all zero on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (the mapping is
/// gone, or the module is); LIFECYCLE_E_NOMEM.
///
/// Ownership: as lifecycle_on_smf_accessed; lifecycle_smf_release finds the reference by the path
/// or key that reached the mapping first. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_share(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    mapping: u64,
    out: *mut lifecycle_mapping,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, NOTHING, "mapping") }?;
        let manager = Manager::check(manager)?;
        *out = manager.share_mapping(module, mapping)?;
        Ok(())
    })
}

/// Tells how many references the mapping has that a path led to last.
///
/// \param manager  the manager.
/// \param path  as it was accessed; borrowed.
/// \param[out] out  references of all modules; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (not
/// mapped).
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_refcount(
    manager: *mut lifecycle_manager,
    path: *const c_char,
    out: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "count") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.file_references(unsafe { guard::name(path, "path") }?)?;
        Ok(())
    })
}

/// Brings files into memory before a module needs them: small ones are read, the system is told to
/// read ahead what is mapped. The first access takes the reference over; what nobody
/// accesses stays until it is released with module 0 or the manager is destroyed.
///
/// \param manager  the manager.
/// \param paths  `n` paths; borrowed.
/// \param n  how many; (NULL, 0) is fine.
/// \param[out] mapped  how many are in memory now; files after the first failure are not tried. May
/// be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
/// LIFECYCLE_E_DENIED (no permission); LIFECYCLE_E_TYPE (a directory or another thing that is no
/// regular file, or another kind's id); LIFECYCLE_E_FORMAT (empty, or changing whenever it is
/// copied); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_SYSTEM.
///
/// Ownership: the manager's until accessed. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_prefetch(
    manager: *mut lifecycle_manager,
    paths: *const *const c_char,
    n: usize,
    mapped: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let mapped = unsafe { guard::maybe_out(mapped, 0, "count") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let paths = unsafe { guard::slice(paths, n, "paths") }?;
        // SAFETY: `.c.contract`
        let paths = paths.iter().map(|path| unsafe { guard::name(*path, "path") });
        let mut count = 0;
        let prefetched = manager.prefetch(paths, &mut count);
        if let Some(mapped) = mapped {
            *mapped = count;
        }
        prefetched
    })
}

/// As lifecycle_on_smf_accessed, for bytes that are in no file: a read-only copy is kept under a
/// key.
///
/// \param manager  the manager.
/// \param module  the module.
/// \param key  stands for the path in the other functions; copied.
/// \param bytes  `len` bytes; copied.
/// \param len  bytes, not 0.
/// \param[out] out  the copy; all zero on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_EXISTS (the key is taken); LIFECYCLE_E_FORMAT (no bytes); LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_LIMIT; LIFECYCLE_E_SYSTEM.
///
/// Ownership: as lifecycle_on_smf_accessed. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_from_bytes(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    key: *const c_char,
    bytes: *const c_void,
    len: usize,
    out: *mut lifecycle_mapping,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, NOTHING, "mapping") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        let key = unsafe { guard::name(key, "key") }?;
        // SAFETY: `.c.contract`
        let bytes: &[u8] = unsafe { guard::slice(bytes.cast(), len, "bytes") }?;
        *out = manager.access_bytes(module, key, bytes)?;
        Ok(())
    })
}

/// The bytes of a mapping that C passes back.
///
/// # Safety
/// `.c.contract`: the struct is as the library filled it, and the mapping is still held.
unsafe fn bytes_of<'a>(mapping: *const lifecycle_mapping) -> Result<&'a [u8]> {
    if mapping.is_null() || !mapping.is_aligned() {
        fail!(LIFECYCLE_E_INVALID, "the mapping is NULL or not aligned");
    }
    // SAFETY: the caller's word, and checked above.
    let lifecycle_mapping { data, size, .. } = unsafe { *mapping };
    // SAFETY: the caller's word.
    unsafe { guard::slice(data.cast(), size, "mapping's data") }
}

/// Reads and checks the trailer of an SMF file: its last 128 bytes.
///
/// \param mapping  a mapping that is still held; borrowed.
/// \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_FORMAT (too short, no magic "SMF", or a
/// field that points outside the file; lifecycle_last_error names it); LIFECYCLE_E_UNSUPPORTED (a
/// major version over 1).
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_header_get(
    mapping: *const lifecycle_mapping,
    out: *mut lifecycle_smf_header,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let header = || smf_header(unsafe { bytes_of(mapping) }?);
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "SMF header", header) }
    })
}

/// Finds the first section of a type in an SMF file.
///
/// \param mapping  a mapping that is still held; borrowed.
/// \param kind  the type: LIFECYCLE_SMF_TEMPLATE_CODE, LIFECYCLE_SMF_TEMPLATE_METADATA, or any
/// other number.
/// \param[out] data  its first byte; NULL on failure.
/// \param[out] len  its bytes; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_FORMAT (as
/// lifecycle_smf_header_get, or a section that lies outside the file); LIFECYCLE_E_UNSUPPORTED
/// (also a compressed file).
///
/// Ownership: the bytes are the mapping's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_smf_section(
    mapping: *const lifecycle_mapping,
    kind: u32,
    data: *mut *const c_void,
    len: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // Both are set before either is refused.
        // SAFETY: `.c.contract`
        let data = unsafe { guard::out(data, core::ptr::null(), "section") };
        // SAFETY: `.c.contract`
        let len = unsafe { guard::out(len, 0, "length") };
        let (data, len) = (data?, len?);
        // SAFETY: `.c.contract`
        let section = smf_section(unsafe { bytes_of(mapping) }?, kind)?;
        *data = section.as_ptr().cast();
        *len = section.len();
        Ok(())
    })
}
