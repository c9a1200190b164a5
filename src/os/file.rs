//! Files: who they are, mapping them, copying them.

use core::ffi::CStr;
use core::mem::{ManuallyDrop, MaybeUninit};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

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

/// Asks about a file: `ask` is stat or fstat.
fn about(ask: impl FnOnce(*mut libc::stat) -> libc::c_int, path: &CStr) -> Result<libc::stat> {
    let mut about = MaybeUninit::uninit();
    if ask(about.as_mut_ptr()) != 0 {
        return failed(&io::Error::from_raw_os_error(errno()), "cannot ask about", path);
    }
    // SAFETY: the system has filled it.
    Ok(unsafe { about.assume_init() })
}

/// Who a file is. E_TYPE if it is not a regular file; E_FORMAT if it is empty.
fn who(about: &libc::stat, path: &CStr) -> Result<FileId> {
    if about.st_mode & libc::S_IFMT != libc::S_IFREG {
        fail!(LIFECYCLE_E_TYPE, "'{}' is not a regular file", Lossy(path.to_bytes()));
    }
    if about.st_size == 0 {
        fail!(LIFECYCLE_E_FORMAT, "'{}' is empty", Lossy(path.to_bytes()));
    }
    Ok(id_of(about))
}

fn id_of(about: &libc::stat) -> FileId {
    FileId {
        device: about.st_dev,
        inode: about.st_ino,
        size: about.st_size as u64,
        changed: (about.st_mtime, about.st_mtime_nsec),
    }
}

/// Who the file at a path is now, without opening it: one call of the system. Fails as `open_file`,
/// but that it does not ask whether the file may be read.
pub fn identify(path: &CStr) -> Result<FileId> {
    // SAFETY: the path is NUL-terminated; the system fills what it is given.
    who(&about(|out| unsafe { libc::stat(path.as_ptr(), out) }, path)?, path)
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
    // SAFETY: the descriptor is open; the system fills what it is given.
    let about = about(|out| unsafe { libc::fstat(file.as_raw_fd(), out) }, path)?;
    Ok(Opened { file, id: who(&about, path)? })
}

impl Opened {
    /// Its size, as far as addresses reach.
    fn len(&self, path: &CStr) -> Result<usize> {
        match usize::try_from(self.id.size) {
            Ok(len) => Ok(len),
            Err(_) => {
                fail!(LIFECYCLE_E_TOO_BIG, "'{}' does not fit in memory", Lossy(path.to_bytes()))
            }
        }
    }

    /// Reads as many bytes as the file had when it was opened. False if it was cut off or changed
    /// meanwhile: then what was read is worth nothing.
    pub fn read(&self, mut bytes: &mut [u8], path: &CStr) -> Result<bool> {
        let mut at = 0;
        while !bytes.is_empty() {
            match self.file.read_at(bytes, at) {
                Ok(0) => return Ok(false),
                Ok(done) => {
                    at += done as u64;
                    bytes = bytes.get_mut(done..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return failed(&error, "cannot read", path),
            }
        }
        // SAFETY: the descriptor is open; the system fills what it is given.
        let now = about(|out| unsafe { libc::fstat(self.file.as_raw_fd(), out) }, path)?;
        Ok(id_of(&now) == self.id)
    }
}

/// Maps an open file read-only: first byte and size. Give it back with `unmap`. What will be needed
/// soon is read `ahead`; a system that does not care to is as good.
pub fn map_file(opened: &Opened, path: &CStr, ahead: bool) -> Result<(*const u8, usize)> {
    let len = opened.len(path)?;
    match memmap2::MmapOptions::new().len(len).map_raw_read_only(&opened.file) {
        Ok(map) => {
            // The mapping is ours from here on: memmap2 would not tell if unmapping is refused.
            let map = ManuallyDrop::new(map);
            if ahead {
                // SAFETY: the range was mapped just above; advice changes nothing in it.
                unsafe { libc::madvise(map.as_mut_ptr().cast(), len, libc::MADV_WILLNEED) };
            }
            Ok((map.as_ptr(), len))
        }
        Err(error) => failed(&error, "cannot map", path),
    }
}

/// A private copy of bytes that cannot be written any more.
pub struct Snapshot(Reservation);

impl Snapshot {
    /// Room for `len` bytes, filled in by `fill`, then made read-only. The first byte; give it back
    /// with `unmap`. None if `fill` says that what it filled in is worth nothing.
    pub fn fill(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<bool>,
    ) -> Result<Option<(*const u8, usize)>> {
        let pages = Snapshot(Reservation::new(len, 1)?);
        pages.0.set_access(0, pages.0.len(), Access::ReadWrite)?;
        // SAFETY: the pages were made writable just above, are ours alone, and `len` bytes of them
        // exist.
        let bytes = unsafe { core::slice::from_raw_parts_mut(pages.0.base(), len) };
        if !fill(bytes)? {
            return Ok(None);
        }
        pages.0.set_read_only()?;
        let pages = ManuallyDrop::new(pages);
        Ok(Some((pages.0.base().cast_const(), len)))
    }
}

/// Copies an open file. None if it was cut off or changed meanwhile.
pub fn read_file(opened: &Opened, path: &CStr) -> Result<Option<(*const u8, usize)>> {
    Snapshot::fill(opened.len(path)?, |bytes| opened.read(bytes, path))
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
