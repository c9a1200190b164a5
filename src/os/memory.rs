//! Address space: reserving, committing, protecting, giving back; and the memory files behind
//! what is mapped twice.
//!
//! Invariants:
//! - `.mem.own`: a `Reservation` owns its address range from `new` to `release` or drop; ranges
//!   given to its methods are checked to lie inside, so no method can touch memory of anybody else.
//! - `.mem.wx`: there is no access that is writable and executable.
//! - `.mem.refused`: what stands among the refused ranges belongs to nobody else.

use core::ffi::{CStr, c_int};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::fork::Held;
use super::lock::{Mutex, MutexGuard};
use super::rank::Rank;
use crate::base::{Error, Result, errno, fail};

/// Ranges whose owners are gone and that the system would not unmap: it is asked again whenever a
/// reservation comes or goes. It refuses where unmapping would take one mapping more than a process
/// may have, so a few places will do; what finds none stays mapped for ever.
static REFUSED: Mutex<[(usize, usize); 64]> = Mutex::new(Rank::Refused, [(0, 0); 64]);
/// How many of them there are.
static REFUSALS: AtomicUsize = AtomicUsize::new(0);
static HELD: Held<MutexGuard<'static, [(usize, usize); 64]>> = Held::new();

/// `.fork.held`: the one lock of this file, a leaf.
pub(super) fn hold_over_fork() {
    HELD.keep(REFUSED.lock());
}

/// Ends `hold_over_fork`.
pub(super) fn let_go_after_fork() {
    HELD.let_go();
}

/// Unmaps a range that nobody uses or knows any more.
fn unmap_for_good(at: *mut u8, len: usize) {
    // SAFETY: `.mem.own` - the caller gives the range up.
    if len == 0 || unsafe { libc::munmap(at.cast(), len) } == 0 {
        return;
    }
    if let Some(place) = REFUSED.lock().iter_mut().find(|(_, len)| *len == 0) {
        *place = (at as usize, len);
        REFUSALS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks again for what was refused.
fn unmap_refused() {
    if REFUSALS.load(Ordering::Relaxed) == 0 {
        return;
    }
    for place in REFUSED.lock().iter_mut().filter(|(_, len)| *len != 0) {
        // SAFETY: `.mem.refused` - nobody has used the range since it was given up.
        if unsafe { libc::munmap(place.0 as *mut core::ffi::c_void, place.1) } == 0 {
            *place = (0, 0);
            REFUSALS.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Bytes of a system page.
pub fn page_size() -> usize {
    // SAFETY: takes a constant and cannot fail for it.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// What a range of pages may be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing: a touch faults.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    ReadWrite,
    /// Reading and running.
    ReadExecute,
}

impl Access {
    fn protection(self) -> c_int {
        match self {
            Access::None => libc::PROT_NONE,
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Access::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        }
    }
}

/// A range of address space, reserved whole and used piece by piece.
pub struct Reservation {
    base: *mut u8,
    len: usize,
}

// SAFETY: a reservation is a range of addresses; its methods are system calls, which are safe from
// any thread.
unsafe impl Send for Reservation {}
// SAFETY: as above.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `len` bytes (rounded up to pages) aligned to `align` (a power of two), with no
    /// access and no memory behind them.
    pub fn new(len: usize, align: usize) -> Result<Self> {
        let page = page_size();
        let align = align.max(page);
        let Some(len) = len.checked_next_multiple_of(page).filter(|len| *len > 0) else {
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes of address space are too many");
        };
        let Some(wide) = len.checked_add(align - page) else {
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes of address space are too many");
        };
        unmap_refused();
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new private anonymous mapping where the kernel likes; nothing existing is
        // touched.
        let start =
            unsafe { libc::mmap(core::ptr::null_mut(), wide, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Error::system(
                errno(),
                format_args!("the system refused {len} bytes of address space"),
            ));
        }
        let start = start.cast::<u8>();
        let before = start.align_offset(align);
        let base = start.wrapping_add(before);
        let after = wide - before - len;
        unmap_for_good(start, before);
        unmap_for_good(base.wrapping_add(len), after);
        Ok(Reservation { base, len })
    }

    /// First byte.
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    fn at(&self, offset: usize, len: usize) -> Result<*mut u8> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len => Ok(self.base.wrapping_add(offset)),
            _ => fail!(LIFECYCLE_E_RANGE, "bytes {offset}+{len} lie outside a reservation"),
        }
    }

    fn refused<T>(&self, what: &str, len: usize) -> Result<T> {
        Err(Error::system(errno(), format_args!("the system refused to {what} {len} bytes")))
    }

    /// Sets what the pages of a range may be used for. New pages read as zero.
    pub fn set_access(&self, offset: usize, len: usize, access: Access) -> Result<()> {
        let at = self.at(offset, len)?;
        // SAFETY: `.mem.own` - the range is ours.
        match unsafe { libc::mprotect(at.cast(), len, access.protection()) } {
            0 => Ok(()),
            _ => self.refused("change the protection of", len),
        }
    }

    /// Makes it all readable and nothing else, for good.
    pub fn set_read_only(&self) -> Result<()> {
        self.set_access(0, self.len, Access::Read)
    }

    /// Maps all of `file` at `offset`, shared with every other mapping of it. What was mapped there
    /// is replaced at once: a thread that runs it waits for a moment at most.
    pub fn map_code(&self, offset: usize, file: &CodeFile, access: Access) -> Result<()> {
        let (len, protection) = (file.len, access.protection());
        let at = self.at(offset, len)?;
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        // SAFETY: `.mem.own` - MAP_FIXED replaces only pages of this reservation.
        let got = unsafe { libc::mmap(at.cast(), len, protection, flags, file.fd, 0) };
        if got == libc::MAP_FAILED { self.refused("map a code file over", len) } else { Ok(()) }
    }

    /// Puts a range back to "reserved": no access, no memory.
    pub fn decommit(&self, offset: usize, len: usize) -> Result<()> {
        let at = self.at(offset, len)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: `.mem.own` - MAP_FIXED replaces only pages of this reservation.
        let got = unsafe { libc::mmap(at.cast(), len, libc::PROT_NONE, flags, -1, 0) };
        if got == libc::MAP_FAILED { self.refused("give back", len) } else { Ok(()) }
    }

    fn advise(&self, offset: usize, len: usize, advice: c_int) -> Result<()> {
        let at = self.at(offset, len)?;
        // SAFETY: `.mem.own` - the range is ours.
        match unsafe { libc::madvise(at.cast(), len, advice) } {
            0 => Ok(()),
            _ => self.refused("take advice for", len),
        }
    }

    /// A forked child does not get a range.
    pub fn keep_from_children(&self, offset: usize, len: usize) -> Result<()> {
        self.advise(offset, len, libc::MADV_DONTFORK)
    }

    /// A forked child finds this range zeroed.
    pub fn wipe_on_fork(&self) -> Result<()> {
        self.advise(0, self.len, libc::MADV_WIPEONFORK)
    }

    /// Large pages would be welcome in a range. A system that has none is as good.
    pub fn prefer_large_pages(&self, offset: usize, len: usize) {
        let _ = self.advise(offset, len, libc::MADV_HUGEPAGE);
    }

    /// The bytes of a range are needed no more: its memory goes back, and it reads as zero.
    pub fn forget(&self, offset: usize, len: usize) -> Result<()> {
        self.advise(offset, len, libc::MADV_DONTNEED)
    }

    /// Unmaps it all; where the system refuses, the reservation comes back with the error.
    pub fn release(self) -> core::result::Result<(), (Self, Error)> {
        // SAFETY: `.mem.own` - the range is ours and `self` is used up.
        if unsafe { libc::munmap(self.base.cast(), self.len) } == 0 {
            core::mem::forget(self);
            return Ok(());
        }
        let error =
            Error::system(errno(), format_args!("the system refused to unmap {} bytes", self.len));
        Err((self, error))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        unmap_refused();
        unmap_for_good(self.base, self.len);
    }
}

/// A memory file, mapped executable at one address and writable at another, or readable and
/// writable. It lives as long as it is mapped somewhere; this is only the way to map it, and holds
/// a descriptor.
pub struct CodeFile {
    fd: c_int,
    len: usize,
}

const MFD_NOEXEC_SEAL: libc::c_uint = 0x8;
const MFD_EXEC: libc::c_uint = 0x10;

impl CodeFile {
    /// A file of `len` bytes, sparse until written. A kernel whose policy forbids that it is run
    /// (vm.memfd_noexec = 2) answers E_DENIED.
    pub fn new(name: &CStr, len: usize) -> Result<Self> {
        Self::make(name, MFD_EXEC, len)
    }

    /// As `new`, for bytes that are never run, and with all its memory: a write to a sparse file
    /// kills the process where there is none left.
    fn for_data(name: &CStr, len: usize) -> Result<Self> {
        let file = Self::make(name, MFD_NOEXEC_SEAL, len)?;
        // SAFETY: the descriptor is ours.
        match unsafe { libc::fallocate(file.fd, 0, 0, len as libc::off_t) } {
            0 => Ok(file),
            _ => Self::refused(len),
        }
    }

    /// Kernels since 6.3 want to be told whether it will be run; older ones do not know the flags.
    fn make(name: &CStr, flag: libc::c_uint, len: usize) -> Result<Self> {
        // SAFETY: the name is NUL-terminated; a new descriptor is made.
        let mut fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | flag) };
        if fd < 0 && errno() == libc::EINVAL {
            // SAFETY: as above.
            fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
        }
        if fd < 0 {
            return Err(Error::system(errno(), format_args!("the system refused a memory file")));
        }
        let file = CodeFile { fd, len };
        // SAFETY: the descriptor is ours.
        match unsafe { libc::ftruncate(file.fd, len as libc::off_t) } {
            0 => Ok(file),
            _ => Self::refused(len),
        }
    }

    fn refused<T>(len: usize) -> Result<T> {
        let sentence = format_args!("the system refused a memory file of {len} bytes");
        Err(Error::system(errno(), sentence))
    }

    /// Copies `len` bytes at `from` to `offset`; bytes that are not readable are E_SYSTEM.
    pub fn write(&self, mut offset: usize, mut from: *const u8, mut len: usize) -> Result<()> {
        while len != 0 {
            // SAFETY: the descriptor is ours; the kernel checks that the bytes can be read.
            match unsafe { libc::pwrite(self.fd, from.cast(), len, offset as libc::off_t) } {
                done if done > 0 => {
                    let done = done as usize;
                    (offset, from, len) = (offset + done, from.wrapping_add(done), len - done);
                }
                done if done < 0 && errno() == libc::EINTR => {}
                _ => {
                    let sentence = format_args!("the system refused {len} bytes of memory");
                    return Err(Error::system(errno(), sentence));
                }
            }
        }
        Ok(())
    }
}

impl Drop for CodeFile {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and used no more; mappings keep the file alive.
        unsafe { libc::close(self.fd) };
    }
}

/// Memory that is read at one address and written at another.
pub struct Twice {
    read: Reservation,
    write: Reservation,
}

impl Twice {
    /// So many bytes (whole pages) of zeros.
    pub fn new(name: &CStr, len: usize) -> Result<Self> {
        let file = CodeFile::for_data(name, len)?;
        let map = |access| {
            let view = Reservation::new(len, 1)?;
            view.map_code(0, &file, access)?;
            Ok(view)
        };
        Ok(Twice { read: map(Access::Read)?, write: map(Access::ReadWrite)? })
    }

    /// The byte at an offset where it is read, and where it is written.
    pub fn at(&self, offset: usize) -> (*const u8, *mut u8) {
        let read = self.read.base().wrapping_add(offset);
        (read.cast_const(), self.write.base().wrapping_add(offset))
    }
}
