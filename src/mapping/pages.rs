//! Pages of memory with a file's bytes in them, and giving them back.
//!
//! Invariants:
//! - `.pages.own`: a `Pages` is the one owner of its range, which is mapped readable from `load` or
//!   `copy` until `give_back` succeeds; dropping it without that leaves the range mapped.
//! - `.pages.private`: what `copy` made, and `load` in Snapshot mode, cannot change any more.

use core::ffi::CStr;

use super::Mode;
use crate::base::Result;
use crate::os;

/// How pages go back to the system: `os::unmap`, and in tests one that refuses.
pub(super) type Unmap = unsafe fn(*const u8, usize) -> Result<()>;

pub(super) struct Pages {
    data: *const u8,
    len: usize,
}

// SAFETY: `.pages.own` - a range of the process's memory is the same for every thread.
unsafe impl Send for Pages {}
// SAFETY: as above; the bytes are only read.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps or copies an open file.
    pub fn load(mode: Mode, opened: &os::Opened, path: &CStr) -> Result<Self> {
        let (data, len) = match mode {
            Mode::Map => os::map_file(opened, path)?,
            Mode::Snapshot => os::read_file(opened, path)?,
        };
        Ok(Pages { data, len })
    }

    /// Copies bytes.
    pub fn copy(bytes: &[u8]) -> Result<Self> {
        let (data, len) = os::Snapshot::fill(bytes.len(), |copy| {
            copy.copy_from_slice(bytes);
            Ok(())
        })?;
        Ok(Pages { data, len })
    }

    pub fn data(&self) -> *const u8 {
        self.data
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether two private copies (`.pages.private`) hold the same.
    pub fn same_bytes(&self, other: &Pages) -> bool {
        // SAFETY: `.pages.own`, `.pages.private` - readable, and nothing changes it.
        let mine = unsafe { core::slice::from_raw_parts(self.data, self.len) };
        // SAFETY: as above.
        let theirs = unsafe { core::slice::from_raw_parts(other.data, other.len) };
        mine == theirs
    }

    /// Gives the pages back to the system; where it refuses, they come back with the error
    /// recorded.
    pub fn give_back(self, unmap: Unmap) -> core::result::Result<(), Self> {
        // SAFETY: `.pages.own` - mapped, and `self` is used up, so nothing can ask for them again.
        match unsafe { unmap(self.data, self.len) } {
            Ok(()) => Ok(()),
            Err(_) => Err(self),
        }
    }
}
