//! Pages of memory with a file's bytes in them, and giving them back.
//!
//! Invariants:
//! - `.pages.own`: a `Pages` is the one owner of its range, which is readable from `load` or `copy`
//!   until `give_back` succeeds; dropping it without that leaves the range mapped.
//! - `.pages.private`: what `copy` made, and `load` did not map, cannot change any more.

use core::ffi::CStr;

use super::Mode;
use super::slab::{Place, SMALL, Slab};
use crate::base::Result;
use crate::os;

/// How pages go back to the system: `os::unmap`, and in tests one that refuses.
pub(super) type Unmap = unsafe fn(*const u8, usize) -> Result<()>;

/// Who holds a range.
#[derive(Clone, Copy)]
enum Holder {
    /// The system, which maps the file itself.
    File,
    /// The system.
    Copy,
    /// The manager's slab.
    Slab(Place),
}

pub(super) struct Pages {
    data: *const u8,
    len: usize,
    holder: Holder,
}

// SAFETY: `.pages.own` - a range of the process's memory is the same for every thread.
unsafe impl Send for Pages {}
// SAFETY: as above; the bytes are only read.
unsafe impl Sync for Pages {}

/// Puts `len` bytes into pages of a slab; what is left of the last page is zero. None if the slab
/// has no room, or `fill` says that what it filled in is worth nothing: then that too.
fn pack(
    slab: &Slab,
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<bool>,
) -> Option<Result<Option<Pages>>> {
    if len > SMALL {
        return None;
    }
    let room = slab.take(len).ok()?;
    // SAFETY: `.slab.own` - so many bytes are mapped writable there, and nobody else has them.
    let bytes = unsafe { core::slice::from_raw_parts_mut(room.write, room.bytes) };
    let (bytes, rest) = bytes.split_at_mut(len);
    let filled = fill(bytes);
    if matches!(filled, Ok(true)) {
        rest.fill(0);
        let holder = Holder::Slab(room.place);
        return Some(Ok(Some(Pages { data: room.data, len, holder })));
    }
    slab.give(room.place);
    Some(filled.map(|_| None))
}

impl Pages {
    /// Maps or copies an open file. None if it was cut off or changed while it was copied.
    pub fn load(
        mode: Mode,
        slab: &Slab,
        opened: &os::Opened,
        (path, ahead): (&CStr, bool),
    ) -> Result<Option<Self>> {
        let small = usize::try_from(opened.id.size).unwrap_or(usize::MAX);
        if let Some(packed) = pack(slab, small, |bytes| opened.read(bytes, path)) {
            return packed;
        }
        let (loaded, holder) = match mode {
            Mode::Map => (Some(os::map_file(opened, path, ahead)?), Holder::File),
            Mode::Snapshot => (os::read_file(opened, path)?, Holder::Copy),
        };
        Ok(loaded.map(|(data, len)| Pages { data, len, holder }))
    }

    /// Copies bytes.
    pub fn copy(slab: &Slab, bytes: &[u8]) -> Result<Option<Self>> {
        let fill = |copy: &mut [u8]| {
            copy.copy_from_slice(bytes);
            Ok(true)
        };
        if let Some(packed) = pack(slab, bytes.len(), fill) {
            return packed;
        }
        let copied = os::Snapshot::fill(bytes.len(), fill)?;
        Ok(copied.map(|(data, len)| Pages { data, len, holder: Holder::Copy }))
    }

    pub fn data(&self) -> *const u8 {
        self.data
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether they are a copy, which does not show what becomes of the file (`.pages.private`).
    pub fn is_copy(&self) -> bool {
        !matches!(self.holder, Holder::File)
    }

    /// The bytes, for as long as the pages are owned by whoever asks.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `.pages.own`, `.pages.private` - readable; what is mapped is not asked for.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }

    /// Whether giving them back may be refused.
    pub fn may_stay(&self) -> bool {
        !matches!(self.holder, Holder::Slab(_))
    }

    /// Gives the pages back; where the system refuses, they come back with the error recorded.
    pub fn give_back(self, slab: &Slab, unmap: Unmap) -> core::result::Result<(), Self> {
        if let Holder::Slab(place) = self.holder {
            slab.give(place);
            return Ok(());
        }
        // SAFETY: `.pages.own` - mapped, and `self` is used up, so nothing can ask for them again.
        match unsafe { unmap(self.data, self.len) } {
            Ok(()) => Ok(()),
            Err(_) => Err(self),
        }
    }
}
