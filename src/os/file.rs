//! Files: who they are, mapping them, copying them.

use core::ffi::CStr;
use core::mem::ManuallyDrop;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::fs::MetadataExt;

use super::memory::{Access, Reservation};
use crate::base::{Error, Lossy, Result, errno, fail};

/// What makes two files the same bytes: device, inode, size and time of the last change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileId {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds of the last change to the contents.
    pub changed: (i64, i64),
}

/// An open regular file that is not empty.
pub struct Opened {
    file: File,
    /// Who it is.
    pub id: FileId,
}

fn failed<T>(error: &io::Error, what: &str, path: &CStr) -> Result<T> {
    let number = error.raw_os_error().unwrap_or(0);
    Err(Error::system(number, format_args!("{what} '{}': {error}", Lossy(path.to_bytes()))))
}

/// Opens a file for reading. E_NOT_FOUND, E_DENIED; E_TYPE if it is not a regular file; E_FORMAT if
/// it is empty.
pub fn open_file(path: &CStr) -> Result<Opened> {
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    // SAFETY: the path is NUL-terminated; a new descriptor is made. (std's open would copy the path
    // to the heap.)
    let fd = unsafe { libc::open(path.as_ptr(), flags) };
    if fd < 0 {
        return failed(&io::Error::from_raw_os_error(errno()), "cannot open", path);
    }
    // SAFETY: the descriptor was made just above and is owned by nobody else.
    let file = unsafe { File::from_raw_fd(fd) };
    let about = match file.metadata() {
        Ok(about) => about,
        Err(error) => return failed(&error, "cannot ask about", path),
    };
    if !about.is_file() {
        fail!(LIFECYCLE_E_TYPE, "'{}' is not a regular file", Lossy(path.to_bytes()));
    }
    if about.size() == 0 {
        fail!(LIFECYCLE_E_FORMAT, "'{}' is empty", Lossy(path.to_bytes()));
    }
    let id = FileId {
        device: about.dev(),
        inode: about.ino(),
        size: about.size(),
        changed: (about.mtime(), about.mtime_nsec()),
    };
    Ok(Opened { file, id })
}

/// Maps an open file read-only: first byte and size. Give it back with `unmap`.
pub fn map_file(opened: &Opened, path: &CStr) -> Result<(*const u8, usize)> {
    let Ok(len) = usize::try_from(opened.id.size) else {
        fail!(LIFECYCLE_E_TOO_BIG, "'{}' does not fit in memory", Lossy(path.to_bytes()));
    };
    match memmap2::MmapOptions::new().len(len).map_raw_read_only(&opened.file) {
        Ok(map) => {
            // The mapping is ours from here on: memmap2 would not tell if unmapping is refused.
            let map = ManuallyDrop::new(map);
            Ok((map.as_ptr(), len))
        }
        Err(error) => failed(&error, "cannot map", path),
    }
}

/// A private copy of bytes that cannot be written any more.
pub struct Snapshot(Reservation);

impl Snapshot {
    /// Room for `len` bytes, filled in by `fill`, then made read-only. The first byte; give it back
    /// with `unmap`.
    pub fn fill(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<(*const u8, usize)> {
        let pages = Snapshot(Reservation::new(len, 1)?);
        pages.0.set_access(0, pages.0.len(), Access::ReadWrite)?;
        // SAFETY: the pages were made writable just above, are ours alone, and `len` bytes of them
        // exist.
        let bytes = unsafe { core::slice::from_raw_parts_mut(pages.0.base(), len) };
        fill(bytes)?;
        pages.0.set_read_only()?;
        let pages = ManuallyDrop::new(pages);
        Ok((pages.0.base().cast_const(), len))
    }
}

/// Copies an open file; a file that has become shorter meanwhile is E_FORMAT.
pub fn read_file(opened: &Opened, path: &CStr) -> Result<(*const u8, usize)> {
    use std::os::unix::fs::FileExt;
    let Ok(len) = usize::try_from(opened.id.size) else {
        fail!(LIFECYCLE_E_TOO_BIG, "'{}' does not fit in memory", Lossy(path.to_bytes()));
    };
    Snapshot::fill(len, |bytes| match opened.file.read_exact_at(bytes, 0) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            fail!(
                LIFECYCLE_E_FORMAT,
                "'{}' was truncated while it was read",
                Lossy(path.to_bytes())
            )
        }
        Err(error) => failed(&error, "cannot read", path),
    })
}

/// Unmaps what `map_file`, `read_file` or `Snapshot::fill` mapped.
///
/// # Safety
/// `data` and `len` are what one of those returned, not unmapped yet, and nothing reads
/// them any more.
pub unsafe fn unmap(data: *const u8, len: usize) -> Result<()> {
    // SAFETY: the caller's word.
    if unsafe { libc::munmap(data.cast_mut().cast(), len) } == 0 {
        return Ok(());
    }
    Err(Error::system(errno(), format_args!("the system refused to unmap {len} bytes")))
}

/// Removes a file; one that is not there is E_NOT_FOUND.
pub fn remove_file(path: &CStr) -> Result<()> {
    // SAFETY: the path is NUL-terminated.
    if unsafe { libc::unlink(path.as_ptr()) } == 0 {
        return Ok(());
    }
    failed(&io::Error::from_raw_os_error(errno()), "cannot remove", path)
}
