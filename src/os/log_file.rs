//! Files that are only ever appended to, in places where others can write too: what tools read.
//!
//! A file is refused unless it is a regular one of this user's, with one name, that is not reached
//! through a symbolic link: the folder may be everybody's.

use core::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

use super::memory::page_size;
use crate::base::{Error, Lossy, Result, errno, fail};

/// Parts of one write at most.
const PARTS: usize = 4;

/// An open file that grows.
pub struct LogFile {
    file: File,
    /// Device and inode.
    pub id: (u64, u64),
    /// Whether nothing was in it when it was opened.
    pub is_new: bool,
}

fn failed<T>(number: i32, what: &str, path: &CStr) -> Result<T> {
    let error = io::Error::from_raw_os_error(number);
    Err(Error::system(number, format_args!("{what} '{}': {error}", Lossy(path.to_bytes()))))
}

impl LogFile {
    /// Opens a file for appending; made, readable by its owner alone, if it is not there.
    pub fn open(path: &CStr) -> Result<Self> {
        let flags = libc::O_RDWR
            | libc::O_APPEND
            | libc::O_CREAT
            | libc::O_CLOEXEC
            | libc::O_NOFOLLOW
            | libc::O_NONBLOCK
            | libc::O_NOCTTY;
        let mode: libc::c_uint = 0o600;
        // SAFETY: the path is NUL-terminated; a new descriptor is made.
        let fd = unsafe { libc::open(path.as_ptr(), flags, mode) };
        if fd < 0 {
            return failed(errno(), "cannot open", path);
        }
        // SAFETY: the descriptor was made just above and is owned by nobody else.
        let file = unsafe { File::from_raw_fd(fd) };
        let about = match file.metadata() {
            Ok(about) => about,
            Err(error) => {
                return failed(error.raw_os_error().unwrap_or(0), "cannot ask about", path);
            }
        };
        // SAFETY: takes nothing and cannot fail.
        let me = unsafe { libc::geteuid() };
        if !about.is_file() || about.uid() != me || about.nlink() != 1 {
            fail!(
                LIFECYCLE_E_DENIED,
                "'{}' is not a plain file of this user's alone",
                Lossy(path.to_bytes())
            );
        }
        Ok(LogFile { file, id: (about.dev(), about.ino()), is_new: about.len() == 0 })
    }

    /// Empties it.
    pub fn clear(&self, path: &CStr) -> Result<()> {
        match self.file.set_len(0) {
            Ok(()) => Ok(()),
            Err(error) => failed(error.raw_os_error().unwrap_or(0), "cannot empty", path),
        }
    }

    /// Appends the first bytes of a file, as `append` does.
    pub fn begin(&self, path: &CStr, parts: &[&[u8]]) -> Result<()> {
        if self.append(parts) { Ok(()) } else { failed(errno(), "cannot write", path) }
    }

    /// Appends these bytes (four parts at most) in one write: whether all of them are there.
    pub fn append(&self, parts: &[&[u8]]) -> bool {
        let mut vectors = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; PARTS];
        let mut all = 0;
        for (vector, part) in vectors.iter_mut().zip(parts) {
            *vector =
                libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() };
            all += part.len();
        }
        let count = parts.len().min(PARTS) as libc::c_int;
        loop {
            // SAFETY: the vectors name slices that live for the call, which only reads them.
            let written = unsafe { libc::writev(self.file.as_raw_fd(), vectors.as_ptr(), count) };
            if written >= 0 || errno() != libc::EINTR {
                return usize::try_from(written) == Ok(all);
            }
        }
    }

    /// Maps its first page readable and executable: a profiler that watches this process's mappings
    /// finds the file that way.
    pub fn mark(&self, path: &CStr) -> Result<Marker> {
        let access = libc::PROT_READ | libc::PROT_EXEC;
        let (fd, none) = (self.file.as_raw_fd(), core::ptr::null_mut());
        // SAFETY: a new mapping where the system finds room; nobody looks at its bytes.
        let at = unsafe { libc::mmap(none, page_size(), access, libc::MAP_PRIVATE, fd, 0) };
        if at == libc::MAP_FAILED {
            return failed(errno(), "cannot map as a marker", path);
        }
        Ok(Marker(at))
    }
}

/// A mapping that is there to be seen.
pub struct Marker(*mut libc::c_void);

// SAFETY: the mapping belongs to the process; nothing is read or written through the pointer.
unsafe impl Send for Marker {}

impl Drop for Marker {
    fn drop(&mut self) {
        // SAFETY: mapped in `mark`, once; nobody uses it. A refusal leaves a page mapped.
        unsafe { libc::munmap(self.0, page_size()) };
    }
}

/// The number of this process, and of the calling thread in it, as the system counts them.
pub fn process_and_thread() -> (u32, u32) {
    // SAFETY: both take nothing and cannot fail.
    unsafe { (libc::getpid() as u32, libc::syscall(libc::SYS_gettid) as u32) }
}

/// Hands the value of an environment variable to `read`; None if it is not set or empty.
pub fn environment<T>(name: &CStr, read: impl FnOnce(Option<&CStr>) -> T) -> T {
    // SAFETY: the name is NUL-terminated. Who changes the environment in another thread meanwhile
    // breaks the C library's own rule.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return read(None);
    }
    // SAFETY: not NULL, NUL-terminated, and valid for this call as above.
    let value = unsafe { CStr::from_ptr(value) };
    read(Some(value).filter(|value| !value.is_empty()))
}
