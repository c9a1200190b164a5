//! Entries: addresses that stay callable whatever becomes of the code behind them.
//!
//! An entry is a stub of code and a cell of data at a fixed distance from it. The stub jumps
//! through the cell's slot. While there is no code, the slot holds the stub's second half, which
//! calls the resolver with all argument registers kept and then runs what it returned. A page of
//! stubs is written once, before anything can run it, and never again.
//!
//! The cell also has a word for the epoch the entry was last used in. Stubs store there if the
//! manager was made so; code that a JIT emits may. The first place belongs to no entry: its cell's
//! word is a copy of the epoch, so that stubs and JIT code reach it by a short distance.
//!
//! Invariants:
//! - `.entry.slot`: a slot always holds an address that may be called: code, or the stub's second
//!   half.
//! - `.entry.order`: a slot is stored after the code's bytes are published (`.slot.order`).
//! - `.entry.forever`: an entry lives as long as its manager, because nobody knows who holds its
//!   address.

use core::ffi::{c_char, c_void};
use core::sync::atomic::{AtomicU64, Ordering};

use super::pages::Pages;
use super::slot::Slot;
use super::stub::{self, Places, STUB};
use crate::base::{Host, Index, List, ListExt, Result, Text, fail};
use crate::os;
use crate::shim;

/// Places before the first entry's.
const FIRST: usize = 1;

/// Finds code for an entry that has none.
pub type Resolve = unsafe extern "C" fn(cell: *const Cell) -> Found;

/// What a trampoline goes on with, in the two registers that a function returns two words in.
#[repr(C)]
pub struct Found {
    /// The code to run.
    pub code: *const c_void,
    /// What its first argument becomes; NULL = it stays.
    pub message: *const c_char,
}

/// An entry's data. The stub knows this layout.
#[repr(C)]
pub struct Cell {
    pub(super) slot: Slot,
    pub(super) used: AtomicU64,
    pub(super) trampoline: *const c_void,
    context: *const c_void,
    pub(super) resolve: Resolve,
}

impl Cell {
    /// What `Entries::new` was given.
    pub fn context(&self) -> *const c_void {
        self.context
    }
}

/// What all entries of a manager have in common.
#[derive(Clone, Copy)]
pub struct Setup {
    /// For the resolver.
    pub context: *const c_void,
    /// Gets a cell with this context.
    pub resolve: Resolve,
    /// Whether stubs note the use of their entry.
    pub marks: bool,
}

/// The entries of one manager.
pub struct Entries {
    entries: List<Text>,
    by_name: Index,
    setup: Setup,
    epoch: u64,
    /// Places for which there are stubs.
    ready: usize,
}

impl Entries {
    /// None yet.
    pub fn new(host: Host, salt: u8, setup: Setup) -> Self {
        Entries {
            entries: List::new_in(host),
            by_name: Index::new(host, salt),
            setup,
            epoch: 0,
            ready: 0,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn find(&self, name: &[u8]) -> Option<u32> {
        let same = |at| self.entries.get(at as usize).is_some_and(|entry| entry.bytes() == name);
        self.by_name.find(self.by_name.hash(0, name), same).map(|at| at as u32)
    }

    /// The entry of a name, made if it is not there: its number.
    pub fn get_or_make(&mut self, pages: &Pages, host: Host, name: &[u8]) -> Result<u32> {
        if let Some(at) = self.find(name) {
            return Ok(at);
        }
        if !stub::SUPPORTED {
            fail!(LIFECYCLE_E_UNSUPPORTED, "there are no entry stubs for this processor");
        }
        let at = self.entries.len();
        let (_, _, most) = pages.entry_area();
        if at + FIRST >= most / STUB {
            fail!(LIFECYCLE_E_LIMIT, "there are {at} entries already");
        }
        let entry = Text::copy(host, name)?;
        self.entries.make_room(1)?;
        self.by_name.make_room()?;
        if at + FIRST >= self.ready {
            self.add_stubs(pages)?;
        }
        self.write_cell(pages, at + FIRST);
        self.entries.push(entry);
        self.by_name.insert(self.by_name.hash(0, name), at as u64)?;
        Ok(at as u32)
    }

    /// Makes the next page of stubs and their cells.
    fn add_stubs(&mut self, pages: &Pages) -> Result<()> {
        let (first, ready) = (self.ready, self.ready + os::page_size() / STUB);
        pages.add_entry_page(first * STUB, |stubs| {
            for (number, place) in (first..ready).enumerate() {
                let code = self.encode(pages, place);
                // SAFETY: `add_entry_page` has made this page writable; nothing runs it yet.
                unsafe { stubs.add(number * STUB).copy_from_nonoverlapping(code.as_ptr(), STUB) };
            }
        })?;
        // Stubs and hosts read and write cells without a lock.
        shim::atomics_only(Self::cell(pages, first).cast(), os::page_size());
        if first == 0 {
            self.write_cell(pages, 0);
        }
        self.ready = ready;
        self.set_epoch(pages, self.epoch);
        Ok(())
    }

    fn encode(&self, pages: &Pages, place: usize) -> [u8; STUB] {
        let (stubs, _, _) = pages.entry_area();
        let places = Places {
            at: stubs as usize + place * STUB,
            cell: Self::cell(pages, place) as usize,
            first: stubs as usize,
            clock: if self.setup.marks { Self::used(pages, 0) as usize } else { 0 },
        };
        if place < FIRST { stub::encode_first(places) } else { stub::encode(places) }
    }

    fn write_cell(&self, pages: &Pages, place: usize) {
        let Setup { context, resolve, .. } = self.setup;
        let cell = Cell {
            slot: Slot::new(Self::empty(pages, place).cast_mut()),
            used: AtomicU64::new(0),
            trampoline: stub::trampoline(),
            context,
            resolve,
        };
        // SAFETY: the cell's page is mapped writable, and no one knows this place yet.
        unsafe { Self::cell(pages, place).write(cell) };
    }

    /// The epoch from now on.
    pub fn set_epoch(&mut self, pages: &Pages, epoch: u64) {
        self.epoch = epoch;
        if self.ready != 0 {
            // SAFETY: `.entry.forever` - the first place has a cell once there are stubs.
            unsafe { &*Self::used(pages, 0) }.store(epoch, Ordering::Relaxed);
        }
    }

    /// Where the epoch is read; there is an entry.
    pub fn clock(&self, pages: &Pages) -> *const AtomicU64 {
        Self::used(pages, 0)
    }

    /// Where an entry's use is noted.
    pub fn usage(&self, pages: &Pages, at: u32) -> *const AtomicU64 {
        Self::used(pages, at as usize + FIRST)
    }

    /// The epoch an entry was last used in, as far as marking tells.
    pub fn last_used(&self, pages: &Pages, at: u32) -> u64 {
        // SAFETY: `.entry.forever` - the cell is mapped as long as the pages live.
        unsafe { &*self.usage(pages, at) }.load(Ordering::Relaxed)
    }

    fn cell(pages: &Pages, place: usize) -> *mut Cell {
        let (_, cells, _) = pages.entry_area();
        cells.wrapping_add(place * STUB).cast()
    }

    fn used(pages: &Pages, place: usize) -> *const AtomicU64 {
        Self::cell(pages, place).wrapping_byte_add(core::mem::offset_of!(Cell, used)).cast()
    }

    /// What a slot holds while there is no code.
    fn empty(pages: &Pages, place: usize) -> *const c_void {
        let (stubs, _, _) = pages.entry_area();
        stubs.wrapping_add(place * STUB + stub::EMPTY).cast_const().cast()
    }

    /// The address to call.
    pub fn callable(&self, pages: &Pages, at: u32) -> *mut c_void {
        let (stubs, _, _) = pages.entry_area();
        stubs.wrapping_add((at as usize + FIRST) * STUB).cast()
    }

    /// The slot to call through.
    pub fn slot(&self, pages: &Pages, at: u32) -> *const Slot {
        // The slot is the cell's first field.
        Self::cell(pages, at as usize + FIRST).cast_const().cast()
    }

    /// Points the entry of a name, if there is one, at code: its number.
    pub fn point(&self, pages: &Pages, name: &[u8], code: *const u8) -> Option<u32> {
        let at = self.find(name)?;
        self.set(pages, at, code.cast());
        Some(at)
    }

    /// Points an entry at nothing.
    pub fn clear(&self, pages: &Pages, at: u32) {
        self.set(pages, at, Self::empty(pages, at as usize + FIRST));
    }

    fn set(&self, pages: &Pages, at: u32, target: *const c_void) {
        // SAFETY: `.entry.forever` - the cell is mapped as long as the pages live.
        let slot = unsafe { &*self.slot(pages, at) };
        slot.point(target.cast_mut());
    }

    /// The name of the entry a cell belongs to, and its code if it has some by now.
    pub fn of_cell(
        &self,
        pages: &Pages,
        cell: *const Cell,
    ) -> Option<(&Text, Option<*const c_void>)> {
        let (_, cells, most) = pages.entry_area();
        let offset = (cell as usize).wrapping_sub(cells as usize);
        if offset >= most {
            return None;
        }
        let at = (offset / STUB).checked_sub(FIRST)?;
        let entry = self.entries.get(at)?;
        // SAFETY: as in `point`; the number was checked by the line above.
        let code = unsafe { &*self.slot(pages, at as u32) }.target().cast_const();
        Some((entry, (code != Self::empty(pages, at + FIRST)).then_some(code)))
    }
}
