//! The memory behind code, entries and data of one manager: one reservation, so that any two of its
//! addresses are within 2 GiB of each other.
//!
//! From the low end: code (slabs), entry stubs, entry cells, data (slabs); a page that cannot be
//! touched between each two and at both ends. In DUAL mode the code is a memory file, mapped here
//! executable and once more, at another address, writable. In MPROTECT mode the code is private
//! memory; a span there is whole pages, writable until it is published and executable after, so no
//! page with live code is ever toggled.
//!
//! Invariants:
//! - `.page.wx`: no address is ever writable and executable at once.
//! - `.page.fork`: in DUAL mode a forked child does not get the writable view, and must not punch
//!   holes into the file it shares with its parent; `forked` asks.

use core::sync::atomic::{AtomicBool, Ordering};

use super::spans::{SLAB, Slabs, Span};
use crate::abi::{LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};
use crate::base::{Error, Result, fail};
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

struct Dual {
    writable: Reservation,
    file: CodeFile,
}

/// The memory of one manager's code.
pub struct Pages {
    view: Reservation,
    dual: Option<Dual>,
    guard: usize,
    capacity: usize,
    data_capacity: usize,
    born: u64,
    forked: AtomicBool,
}

impl Pages {
    /// Reserves it all; memory comes later. `mode` is one of LIFECYCLE_CODE_*. E_DENIED when the
    /// system's policy forbids executable memory in every mode that was allowed.
    pub fn new(capacity: usize, mode: u32) -> Result<Self> {
        if !matches!(mode, LIFECYCLE_CODE_AUTO | LIFECYCLE_CODE_DUAL | LIFECYCLE_CODE_MPROTECT) {
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
        let dual = match mode {
            LIFECYCLE_CODE_MPROTECT => None,
            LIFECYCLE_CODE_DUAL => Some(Self::open_dual(&view, guard, capacity)?),
            _ => Self::open_dual(&view, guard, capacity).ok(),
        };
        let born = os::fork_generation();
        let forked = AtomicBool::new(false);
        let pages = Pages { view, dual, guard, capacity, data_capacity, born, forked };
        pages.probe()?;
        Ok(pages)
    }

    fn open_dual(view: &Reservation, guard: usize, capacity: usize) -> Result<Dual> {
        let file = CodeFile::new(c"lifecycle-code", guard + capacity)?;
        let writable = Reservation::new(guard + capacity, SLAB)?;
        // What the system refuses shows now, not when the first symbol comes.
        view.map_code(guard, SLAB, &file, Access::ReadExecute)?;
        view.decommit(guard, SLAB)?;
        Ok(Dual { writable, file })
    }

    /// Whether private memory may become executable: entry stubs need it in every mode.
    fn probe(&self) -> Result<()> {
        let (at, page) = (self.stubs_at(), os::page_size());
        self.view.set_access(at, page, Access::ReadWrite)?;
        self.view.set_access(at, page, Access::ReadExecute)?;
        self.view.decommit(at, page)
    }

    /// LIFECYCLE_CODE_DUAL or _MPROTECT.
    pub fn mode(&self) -> u32 {
        if self.dual.is_some() { LIFECYCLE_CODE_DUAL } else { LIFECYCLE_CODE_MPROTECT }
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
        if self.dual.is_some() { 64 } else { os::page_size() }
    }

    /// E_FORKED in a child that shares its code with its parent.
    pub fn check_writable(&self) -> Result<()> {
        if self.is_forked() {
            fail!(
                LIFECYCLE_E_FORKED,
                "a forked child cannot change code that it shares with its parent"
            );
        }
        Ok(())
    }

    fn is_forked(&self) -> bool {
        if self.dual.is_none() || self.forked.load(Ordering::Relaxed) {
            return self.dual.is_some();
        }
        let forked = os::fork_generation() != self.born;
        if forked {
            self.forked.store(true, Ordering::Relaxed);
        }
        forked
    }

    /// First byte of the code.
    pub fn code_base(&self) -> *mut u8 {
        self.view.base().wrapping_add(self.guard)
    }

    /// Where a span runs.
    pub fn runs_at(&self, span: Span) -> *mut u8 {
        self.code_base().wrapping_add(span.offset)
    }

    /// Makes a span that nothing runs writable, and says where.
    pub fn open(&self, span: Span) -> Result<*mut u8> {
        self.check_writable()?;
        match &self.dual {
            Some(dual) => Ok(dual.writable.base().wrapping_add(self.guard + span.offset)),
            None => {
                self.view.set_access(self.guard + span.offset, span.len, Access::ReadWrite)?;
                Ok(self.runs_at(span))
            }
        }
    }

    /// Makes what was written through `open` runnable on every processor.
    pub fn publish(&self, span: Span) -> Result<()> {
        if self.dual.is_none() {
            self.view.set_access(self.guard + span.offset, span.len, Access::ReadExecute)?;
        }
        flush_instructions(self.runs_at(span), span.len);
        shim::rewrite_code(self.runs_at(span), span.len);
        Ok(())
    }

    /// Fills a span that nothing runs any more with traps. In a forked child it is left alone.
    pub fn poison(&self, span: Span) {
        if let Ok(at) = self.open(span) {
            // SAFETY: `.span.live` - the span is the caller's alone, and `open` says it is writable
            // there.
            unsafe { at.write_bytes(POISON, span.len) };
            if self.dual.is_none() {
                // Left inaccessible until it is used again; a refusal leaves it writable and not
                // executable.
                let _ = self.view.set_access(self.guard + span.offset, span.len, Access::None);
            }
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
        let page = os::page_size();
        self.view.set_access(self.cells_at() + offset, page, Access::ReadWrite)?;
        self.view.set_access(self.stubs_at() + offset, page, Access::ReadWrite)?;
        let at = self.view.base().wrapping_add(self.stubs_at() + offset);
        write(at);
        self.view.set_access(self.stubs_at() + offset, page, Access::ReadExecute)?;
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
        self.check_writable()?;
        let Some(dual) = &self.dual else { return Ok(()) };
        let (offset, len) = (self.guard + first * SLAB, count * SLAB);
        dual.writable.map_code(offset, len, &dual.file, Access::ReadWrite)?;
        // Without this a child could overwrite its parent's code; rather no memory than that.
        let kept = dual
            .writable
            .keep_from_children(offset, len)
            .and_then(|()| self.view.map_code(offset, len, &dual.file, Access::ReadExecute));
        if kept.is_err() {
            let _ = dual.writable.decommit(offset, len);
        }
        kept
    }

    fn decommit(&self, first: usize, count: usize) -> Result<()> {
        let (offset, len) = (self.guard + first * SLAB, count * SLAB);
        // `.page.fork`
        self.check_writable()?;
        if let Some(dual) = &self.dual {
            dual.writable.remove(offset, len)?;
            self.view.decommit(offset, len)?;
            // The executable view is gone, so the slab cannot be used any more, whatever happens
            // here.
            let _: core::result::Result<(), Error> = dual.writable.decommit(offset, len);
            return Ok(());
        }
        self.view.decommit(offset, len)
    }
}

/// Slabs of the data part: private, writable, never executable.
pub struct DataSlabs<'a>(&'a Pages);

impl Slabs for DataSlabs<'_> {
    fn commit(&self, first: usize, count: usize) -> Result<()> {
        let offset = self.0.data_at() + first * SLAB;
        self.0.view.set_access(offset, count * SLAB, Access::ReadWrite)
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
