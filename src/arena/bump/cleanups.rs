//! The list of cleanups. Nothing is called here: `super::super` does that, with no reference to the
//! arena in its hands.

use core::ffi::c_void;

use super::marks::Mark;
use super::platform::{Platform, Refused};
use super::{ALIGN, Bump};

/// A cleanup as C registered it.
#[derive(Clone, Copy)]
pub struct Cleanup {
    /// What to call.
    pub run: unsafe extern "C" fn(*mut c_void, *mut c_void),
    /// Its first argument.
    pub resource: *mut c_void,
    /// Its second.
    pub user: *mut c_void,
}

/// A registered cleanup, in the arena's own bytes (`.arena.record`).
pub(super) struct Record {
    older: *mut Record,
    stamp: u64,
    cleanup: Cleanup,
}

impl<P: Platform> Bump<P> {
    /// Registers a cleanup.
    pub fn push_cleanup(&mut self, cleanup: Cleanup) -> Result<(), Refused<P::Error>> {
        const { assert!(align_of::<Record>() <= ALIGN) };
        let at = self.alloc(size_of::<Record>(), ALIGN)?.cast::<Record>();
        let record = Record { older: self.records, stamp: self.marks.stamp(), cleanup };
        // SAFETY: `.arena.live` - the bytes were handed out just above, to us; they are aligned to
        // 16.
        unsafe { at.write(record) };
        self.records = at.as_ptr();
        self.is_plain = false;
        Ok(())
    }

    /// Whether there are any.
    #[inline]
    pub fn has_cleanups(&self) -> bool {
        !self.records.is_null()
    }

    /// Takes the newest cleanup off the list, if it was registered after the mark (`None`: at any
    /// time).
    #[inline]
    pub fn pop_cleanup(&mut self, since: Option<Mark>) -> Option<Cleanup> {
        // SAFETY: `.arena.record` - a listed record lies in bytes that are handed out, and stays
        // there until the cursor goes below, which happens only after it was taken off.
        let record = unsafe { self.records.as_ref() }?;
        if since.is_some_and(|mark| record.stamp < mark.sequence) {
            return None;
        }
        self.records = record.older;
        Some(record.cleanup)
    }

    /// Whether the newest record lies in a range, which is then not one allocation.
    pub(super) fn has_record_in(&self, at: *mut u8, len: usize) -> bool {
        (self.records as usize).wrapping_sub(at as usize) < len
    }
}
