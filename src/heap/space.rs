//! A heap's memory: the cells, their marks, the mark stack; each in a range of addresses of its own
//! that is committed as it is used, so that nothing ever moves.
//!
//! Invariants:
//! - `.space.committed`: cells below `Space::committed` may be touched, and so may their marks and
//!   one word of marks behind them.
//! - `.space.stack`: the mark stack has addresses for a word for each cell, so only a system that
//!   refuses memory can make it too small.

use crate::abi::{LIFECYCLE_HEAP_CELLS_MAX, lifecycle_cell};
use crate::base::{Error, Result, fail};
use crate::os::{Access, Reservation};
use crate::shim;

/// Large pages, and what the cells are aligned to.
const LARGE_PAGE: usize = 2 << 20;
/// Cells of one, which are given back as a whole.
pub const LARGE_PAGE_CELLS: u64 = (LARGE_PAGE / size_of::<lifecycle_cell>()) as u64;
/// Bytes committed at a time, at least: small heaps stay small.
pub const STEP: usize = 64 << 10;
/// Heaps whose size is not given ask for no less than this many cells.
const FEWEST: u64 = 1 << 20;

/// A range of addresses, committed from its beginning.
pub struct Region {
    memory: Reservation,
    committed: usize,
}

impl Region {
    /// Reserves room for `len` bytes.
    pub fn new(len: usize, align: usize) -> Result<Region> {
        Ok(Region { memory: Reservation::new(len, align)?, committed: 0 })
    }

    /// Its first byte.
    pub fn base(&self) -> *mut u8 {
        self.memory.base()
    }

    /// Bytes that may be touched.
    pub fn committed(&self) -> usize {
        self.committed
    }

    /// Commits at least the first `len` bytes, in steps that grow with it.
    pub fn grow_to(&mut self, len: usize) -> Result<()> {
        if len <= self.committed {
            return Ok(());
        }
        let unit = if self.committed < LARGE_PAGE { STEP } else { LARGE_PAGE };
        let more = (self.committed / 8).clamp(unit, 64 << 20);
        let wanted = len.max(self.committed + more).checked_next_multiple_of(unit);
        let wanted = wanted.unwrap_or(usize::MAX).min(self.memory.len());
        if len > wanted {
            fail!(LIFECYCLE_E_LIMIT, "{len} bytes are more than there are addresses for");
        }
        let (from, more) = (self.committed, wanted - self.committed);
        self.memory.set_access(from, more, Access::ReadWrite)?;
        self.committed = wanted;
        Ok(())
    }

    /// Gives back what is behind the first `len` bytes; false if the system refused.
    pub fn shrink_to(&mut self, len: usize) -> bool {
        let len = len.next_multiple_of(LARGE_PAGE);
        if len >= self.committed {
            return true;
        }
        let gone = self.committed - len;
        // What is refused stays as it is and is asked for again.
        let given = self.memory.forget(len, gone).is_ok()
            && self.memory.set_access(len, gone, Access::None).is_ok();
        if given {
            self.committed = len;
        }
        given
    }
}

/// The memory of a heap.
pub struct Space {
    cells: Region,
    marks: Region,
    /// Words that wait to be marked.
    pub stack: Region,
    max: u64,
    /// Cells that were taken into use, of those that are there.
    used: u64,
}

/// Bytes of so many cells.
const fn bytes(cells: u64) -> usize {
    cells as usize * size_of::<lifecycle_cell>()
}

/// Bytes of marks for so many cells, and a word more, into which the last run may reach.
const fn mark_bytes(cells: u64) -> usize {
    (cells as usize).div_ceil(8) + 2 * size_of::<u64>()
}

impl Space {
    /// Addresses for so many cells; without a number, for as many as the system has them.
    pub fn new(max: Option<u64>) -> Result<Space> {
        if let Some(max) = max {
            return Self::of(max);
        }
        // Under a checker there is less to share: valgrind gives a program 128 GiB or less.
        let mut max = if shim::is_watched() {
            LIFECYCLE_HEAP_CELLS_MAX / 64
        } else {
            LIFECYCLE_HEAP_CELLS_MAX
        };
        loop {
            match Self::of(max) {
                Err(_) if max > FEWEST => max /= 2,
                made => return made,
            }
        }
    }

    fn of(max: u64) -> Result<Space> {
        let cells = Region::new(bytes(max), LARGE_PAGE)?;
        let marks = Region::new(mark_bytes(max), LARGE_PAGE)?;
        // Roots wait beside the cells' own words.
        let mut stack = Region::new(bytes(max) + 2 * STEP, LARGE_PAGE)?;
        stack.grow_to(STEP)?;
        for region in [&cells, &marks] {
            let len = region.memory.len();
            if len > LARGE_PAGE {
                // The first bytes without: a small heap takes small pages.
                region.memory.prefer_large_pages(LARGE_PAGE, len - LARGE_PAGE);
            }
        }
        Ok(Space { cells, marks, stack, max, used: 0 })
    }

    /// The cells.
    pub fn cells(&self) -> *mut lifecycle_cell {
        self.cells.base().cast()
    }

    /// Their marks.
    pub fn marks(&self) -> *mut u64 {
        self.marks.base().cast()
    }

    /// Most cells.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Cells that may be touched.
    pub fn committed(&self) -> u64 {
        self.used
    }

    /// Cells that have memory, and marks.
    pub fn available(&self) -> u64 {
        let marked = self.marks.committed().saturating_sub(mark_bytes(0)) * 8;
        // Pages may reach past the most that the host asked for.
        ((self.cells.committed() / size_of::<lifecycle_cell>()).min(marked) as u64).min(self.max)
    }

    /// Takes all cells that have memory into use.
    pub fn use_all(&mut self) {
        self.used = self.available();
    }

    /// Bytes beside the cells that may be touched.
    pub fn side_bytes(&self) -> usize {
        self.marks.committed() + self.stack.committed()
    }

    /// Commits at least so many cells.
    pub fn grow_to(&mut self, cells: u64) -> Result<()> {
        if cells > self.max {
            return Err(full(cells, self.max));
        }
        self.marks.grow_to(mark_bytes(cells))?;
        self.cells.grow_to(bytes(cells))
    }

    /// Gives back the memory behind so many cells; false if the system refused.
    pub fn shrink_to(&mut self, cells: u64) -> bool {
        let given = self.cells.shrink_to(bytes(cells));
        self.used = self.used.min(self.available());
        given
    }

    /// Gives back the memory of cells in between: whole large pages. They read as zero.
    pub fn forget(&mut self, from: u64, cells: u64) -> bool {
        self.cells.memory.forget(bytes(from), bytes(cells)).is_ok()
    }
}

#[cold]
fn full(asked: u64, max: u64) -> Error {
    crate::base::error!(LIFECYCLE_E_LIMIT, "{asked} cells are more than the heap's {max}")
}
