//! The memory behind code, entries and data of one manager: one reservation, so that any two of its
//! addresses are within 2 GiB of each other.
//!
//! From the low end: code (slabs), entry stubs, entry cells, data (slabs); a page that cannot be
//! touched between each two and at both ends. In DUAL mode the code is memory files, mapped here
//! executable and once more, at another address, writable (`dual.rs`). In MPROTECT mode the code is
//! private memory; a span there is whole pages, writable until it is published and executable
//! after, so no page with live code is ever toggled. Where the system lets neither be, there is no
//! code at all (NONE) and everything else.
//!
//! Invariants:
//! - `.page.wx`: no address is ever writable and executable at once.
//! - `.page.fork`: private memory is copied by the kernel when one side of a fork writes to it;
//!   what is not private is `dual.rs`'s to copy, or is never written again.

use super::dual::Dual;
use super::region::{SLAB, Slabs, Span};
use crate::abi::{
    LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT, LIFECYCLE_CODE_NONE,
    lifecycle_status,
};
use crate::base::{Error, Host, Result, fail, last_errno};
use crate::os::{self, Access, CodeFile, Reservation};
use crate::shim;

/// Most bytes of code a manager may have: what is left of 2 GiB after stubs, cells and data.
pub(crate) const MOST_CODE: usize = 1 << 30;
/// Code capacity where the config names none.
pub(crate) const DEFAULT_CODE: usize = 256 << 20;
/// Most bytes of data beside the code.
const MOST_DATA: usize = 512 << 20;
/// Bytes of stubs, and of cells: 64 bytes each, for a million entries.
const ENTRY_BYTES: usize = 64 << 20;
/// What freed code is filled with: a trap, whatever byte is jumped to.
#[cfg(target_arch = "x86_64")]
const POISON: u8 = 0xCC;
#[cfg(not(target_arch = "x86_64"))]
const POISON: u8 = 0x00;

/// What code lies in.
enum Memory {
    Dual(Dual),
    /// Pages that are writable first and executable after.
    Private,
    /// None may be had: the error number of the refusal, 0 where none was wanted.
    Nothing(i32),
}

/// The memory of one manager's code.
pub struct Pages {
    view: Reservation,
    memory: Memory,
    /// Whether private pages may become executable. Where they may not, stubs are files.
    private: bool,
    guard: usize,
    capacity: usize,
    data_capacity: usize,
}

impl Pages {
    /// Reserves it all; memory comes later. `mode` is one of LIFECYCLE_CODE_*. E_DENIED when the
    /// system's policy forbids the mode that was asked for.
    pub fn new(host: Host, capacity: usize, mode: u32) -> Result<Self> {
        if mode > LIFECYCLE_CODE_NONE {
            fail!(LIFECYCLE_E_INVALID, "{mode} is not a code mode");
        }
        if capacity > MOST_CODE {
            fail!(
                LIFECYCLE_E_TOO_BIG,
                "a code capacity of {capacity} bytes is more than {MOST_CODE}"
            );
        }
        let capacity = if capacity == 0 { DEFAULT_CODE } else { capacity.next_multiple_of(SLAB) };
        let data_capacity = capacity.min(MOST_DATA);
        // Between the parts a whole slab, so that each part starts at a slab and no mapping touches
        // another.
        let guard = SLAB;
        let len = capacity + 2 * ENTRY_BYTES + data_capacity + 5 * guard;
        let view = Reservation::new(len, SLAB)?;
        let memory = Memory::Nothing(0);
        let mut pages = Pages { view, memory, private: false, guard, capacity, data_capacity };
        pages.choose(host, mode)?;
        Ok(pages)
    }

    /// The first mode of those allowed that the system allows too.
    fn choose(&mut self, host: Host, mode: u32) -> Result<()> {
        if mode == LIFECYCLE_CODE_NONE {
            return Ok(());
        }
        let mut refused = None;
        if matches!(mode, LIFECYCLE_CODE_AUTO | LIFECYCLE_CODE_DUAL) {
            let dual = Dual::new(host, self.capacity)?;
            match dual.probe() {
                Ok(()) => self.memory = Memory::Dual(dual),
                Err(error) if mode == LIFECYCLE_CODE_DUAL => return Err(error),
                Err(error) => refused = Some(error.0),
            }
        }
        let private = self.probe();
        self.private = private.is_ok();
        match (&self.memory, private) {
            // Its stubs may come from files too.
            (Memory::Dual(_), _) => {}
            (_, Ok(())) => self.memory = Memory::Private,
            // Policy will say the same next time. No memory is another matter.
            (_, Err(error))
                if mode == LIFECYCLE_CODE_AUTO
                    && error.0 == lifecycle_status::LIFECYCLE_E_DENIED
                    && refused != Some(lifecycle_status::LIFECYCLE_E_NOMEM) =>
            {
                self.memory = Memory::Nothing(last_errno());
            }
            (_, Err(error)) => return Err(error),
        }
        Ok(())
    }

    /// Whether private memory may become executable.
    fn probe(&self) -> Result<()> {
        let (at, page) = (self.stubs_at(), os::page_size());
        self.view.set_access(at, page, Access::ReadWrite)?;
        self.view.set_access(at, page, Access::ReadExecute)?;
        // Nothing was written there, so it may as well stay.
        let _ = self.view.decommit(at, page);
        Ok(())
    }

    /// LIFECYCLE_CODE_DUAL, _MPROTECT or _NONE.
    pub fn mode(&self) -> u32 {
        match self.memory {
            Memory::Dual(_) => LIFECYCLE_CODE_DUAL,
            Memory::Private => LIFECYCLE_CODE_MPROTECT,
            Memory::Nothing(_) => LIFECYCLE_CODE_NONE,
        }
    }

    /// E_DENIED, with the reason, where no code can be had.
    pub fn check_mode(&self) -> Result<()> {
        match self.memory {
            Memory::Nothing(0) => {
                fail!(LIFECYCLE_E_DENIED, "the manager was created without code")
            }
            Memory::Nothing(errno) => Err(Error::system(
                errno,
                format_args!("the system forbids code made at run time (error number {errno})"),
            )),
            _ => Ok(()),
        }
    }

    /// Bytes of code at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of data at most.
    pub fn data_capacity(&self) -> usize {
        self.data_capacity
    }

    /// What a span's size is rounded up to.
    pub fn granule(&self) -> usize {
        if let Memory::Private = self.memory { os::page_size() } else { 64 }
    }

    /// First byte of the code.
    pub fn code_base(&self) -> *mut u8 {
        self.view.base().wrapping_add(self.guard)
    }

    /// Where a span runs.
    pub fn runs_at(&self, span: Span) -> *mut u8 {
        self.code_base().wrapping_add(span.offset)
    }

    /// Where the slabs run: the reservation, and the first one's offset in it.
    fn code(&self) -> (&Reservation, usize) {
        (&self.view, self.guard)
    }

    /// Makes a span that nothing runs writable, and says where; until `publish` or `close`.
    pub fn open(&self, span: Span) -> Result<*mut u8> {
        self.check_mode()?;
        if let Memory::Dual(dual) = &self.memory {
            return dual.open(span, self.code());
        }
        self.view.set_access(self.guard + span.offset, span.len, Access::ReadWrite)?;
        Ok(self.runs_at(span))
    }

    /// Nobody writes any more what `open` made writable, and nobody will run it.
    pub fn close(&self, span: Span) {
        if let Memory::Dual(dual) = &self.memory {
            dual.close(span);
        }
    }

    /// Makes what was written through `open` runnable on every processor.
    pub fn publish(&self, span: Span) -> Result<()> {
        match &self.memory {
            Memory::Dual(dual) => dual.close(span),
            _ => self.view.set_access(self.guard + span.offset, span.len, Access::ReadExecute)?,
        }
        self.refetch(span);
        Ok(())
    }

    /// Has processors and valgrind see a span's new bytes.
    fn refetch(&self, span: Span) {
        flush_instructions(self.runs_at(span), span.len);
        shim::rewrite_code(self.runs_at(span), span.len);
    }

    /// `open`, copying and `publish` in one. The caller has the lock of the span's slab: so it need
    /// not be counted among those that write where nobody can be about to copy the slab.
    pub fn write(&self, span: Span, bytes: &[u8]) -> Result<()> {
        let owned = match &self.memory {
            Memory::Dual(dual) => dual.owned(span),
            _ => None,
        };
        let at = owned.map_or_else(|| self.open(span), Ok)?;
        // SAFETY: `.span.live` - the span is the caller's alone and writable there; so many bytes
        // fit.
        unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len().min(span.len)) };
        match owned {
            Some(_) => self.refetch(span),
            None => return self.publish(span),
        }
        Ok(())
    }

    /// Whether what was opened in another process (`os::fork_generation`) can still be written in
    /// this one: the child's private pages are a copy; a view of files it does not have.
    pub fn is_open_since(&self, process: u64) -> bool {
        !matches!(self.memory, Memory::Dual(_)) || process == os::fork_generation()
    }

    /// Fills a span that nothing runs any more with traps; one that is shared with another process
    /// is left alone. The caller has the lock of the span's slab.
    pub fn poison(&self, span: Span) {
        let at = match &self.memory {
            Memory::Dual(dual) => dual.owned(span),
            _ => self.open(span).ok(),
        };
        let Some(at) = at else { return };
        // SAFETY: `.span.live` - the span is the caller's alone, and writable there.
        unsafe { at.write_bytes(POISON, span.len) };
        if let Memory::Private = self.memory {
            // Left inaccessible until it is used again; a refusal leaves it writable and not
            // executable.
            let _ = self.view.set_access(self.guard + span.offset, span.len, Access::None);
        }
    }

    fn stubs_at(&self) -> usize {
        self.guard + self.capacity + self.guard
    }

    fn cells_at(&self) -> usize {
        self.stubs_at() + ENTRY_BYTES + self.guard
    }

    fn data_at(&self) -> usize {
        self.cells_at() + ENTRY_BYTES + self.guard
    }

    /// Where stubs start, where cells start, and how many bytes each may take.
    pub fn entry_area(&self) -> (*mut u8, *mut u8, usize) {
        let base = self.view.base();
        (base.wrapping_add(self.stubs_at()), base.wrapping_add(self.cells_at()), ENTRY_BYTES)
    }

    /// Makes a page of stubs and its page of cells: `write` fills the stubs while they are
    /// writable.
    pub fn add_entry_page(&self, offset: usize, write: impl FnOnce(*mut u8)) -> Result<()> {
        self.check_mode()?;
        let page = os::page_size();
        self.view.set_access(self.cells_at() + offset, page, Access::ReadWrite)?;
        self.view.set_access(self.stubs_at() + offset, page, Access::ReadWrite)?;
        let at = self.view.base().wrapping_add(self.stubs_at() + offset);
        write(at);
        if self.private {
            self.view.set_access(self.stubs_at() + offset, page, Access::ReadExecute)?;
        } else {
            // What was writable may not become executable: a file with the same bytes takes its
            // place.
            let file = CodeFile::new(c"lifecycle-stubs", page)?;
            file.write(0, at, page)?;
            self.view.map_code(self.stubs_at() + offset, &file, Access::ReadExecute)?;
        }
        flush_instructions(at, page);
        Ok(())
    }

    /// Where a span of data lies.
    pub fn data(&self, span: Span) -> *mut u8 {
        self.view.base().wrapping_add(self.data_at() + span.offset)
    }

    /// For the spans of data.
    pub fn data_slabs(&self) -> DataSlabs<'_> {
        DataSlabs(self)
    }
}

impl Slabs for Pages {
    fn commit(&self, first: usize, count: usize) -> Result<()> {
        match &self.memory {
            Memory::Dual(dual) => dual.commit(first, count, self.code()),
            _ => Ok(()),
        }
    }

    fn decommit(&self, first: usize, count: usize) -> Result<()> {
        match &self.memory {
            Memory::Dual(dual) => dual.decommit(first, count, self.code()),
            _ => self.view.decommit(self.guard + first * SLAB, count * SLAB),
        }
    }

    fn own(&self, slab: usize) -> Result<()> {
        match &self.memory {
            Memory::Dual(dual) => dual.own(slab, self.code()),
            _ => Ok(()),
        }
    }

    fn usable(&self, slab: usize) -> bool {
        match &self.memory {
            Memory::Dual(dual) => dual.is_usable(slab, self.code()),
            _ => true,
        }
    }

    fn fill(&self, span: Span) {
        self.poison(span);
    }
}

/// Slabs of the data part: private, writable, never executable.
pub struct DataSlabs<'a>(&'a Pages);

impl Slabs for DataSlabs<'_> {
    fn commit(&self, first: usize, count: usize) -> Result<()> {
        let offset = self.0.data_at() + first * SLAB;
        self.0.view.set_access(offset, count * SLAB, Access::ReadWrite)?;
        // The host's data is for the host's checkers.
        shim::watch(self.0.view.base().wrapping_add(offset), count * SLAB);
        Ok(())
    }

    fn decommit(&self, first: usize, count: usize) -> Result<()> {
        self.0.view.decommit(self.0.data_at() + first * SLAB, count * SLAB)
    }
}

/// Makes written bytes visible to instruction fetch. x86 keeps the two in step by itself; what a
/// processor has fetched ahead is dropped by the barrier before an address is used again.
#[cfg(target_arch = "x86_64")]
fn flush_instructions(_at: *mut u8, _len: usize) {}

#[cfg(not(target_arch = "x86_64"))]
fn flush_instructions(at: *mut u8, len: usize) {
    unsafe extern "C" {
        fn __clear_cache(start: *mut core::ffi::c_char, end: *mut core::ffi::c_char);
    }
    // SAFETY: the range is mapped; the call only cleans and invalidates caches over it.
    unsafe { __clear_cache(at.cast(), at.wrapping_add(len).cast()) };
}
