//! Entries: addresses that stay callable whatever becomes of the code behind them.
//!
//! An entry is a stub of 32 bytes of code and a cell of 32 bytes of data at a fixed distance from
//! it. The stub jumps through the cell's slot. While there is no code, the slot holds the stub's
//! second half, which calls the resolver with all argument registers kept and then runs what it
//! returned. Because the distance is fixed, all stubs are the same bytes: a page of them is written
//! once, before anything can run it, and never again.
//!
//! Invariants:
//! - `.entry.slot`: a slot always holds an address that may be called: code, or the stub's second
//!   half.
//! - `.entry.order`: a slot is stored after the code's bytes are published (`.slot.order`).
//! - `.entry.forever`: an entry lives as long as its manager, because nobody knows who holds its
//!   address.

use core::ffi::c_void;

use super::pages::Pages;
use super::slot::Slot;
use super::stub::{self, STUB};
use crate::base::{Host, Index, List, ListExt, Result, Text, fail};
use crate::os;

/// Finds code for an entry that has none: gets the cell's context and the entry's number.
pub type Resolve = unsafe extern "C" fn(cell: *const Cell) -> *const c_void;

/// An entry's data. The stub knows this layout.
#[repr(C)]
pub struct Cell {
    slot: Slot,
    trampoline: *const c_void,
    context: *const c_void,
    resolve: Resolve,
}

impl Cell {
    /// What `Entries::new` was given.
    pub fn context(&self) -> *const c_void {
        self.context
    }
}

/// The entries of one manager.
pub struct Entries {
    entries: List<Text>,
    by_name: Index,
    context: *const c_void,
    resolve: Resolve,
    /// Entries for which there are stubs.
    ready: usize,
}

impl Entries {
    /// None yet. `resolve` is called with a cell whose `context` is this one.
    pub fn new(host: Host, salt: u8, context: *const c_void, resolve: Resolve) -> Self {
        Entries {
            entries: List::new_in(host),
            by_name: Index::new(host, salt),
            context,
            resolve,
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
        if at >= most / STUB {
            fail!(LIFECYCLE_E_LIMIT, "there are {at} entries already");
        }
        let entry = Text::copy(host, name)?;
        self.entries.make_room(1)?;
        self.by_name.make_room()?;
        if at >= self.ready {
            let page = os::page_size();
            pages.add_entry_page(at * STUB, |stubs| {
                let (_, cells, _) = pages.entry_area();
                let cells = cells.wrapping_add(at * STUB);
                for number in 0..page / STUB {
                    // SAFETY: `add_entry_page` has made this page writable; nothing runs it yet.
                    unsafe { stub::write(stubs.add(number * STUB), cells.add(number * STUB)) };
                }
            })?;
            self.ready = at + page / STUB;
        }
        let cell = self.cell_at(pages, at);
        // SAFETY: the cell's page is mapped writable, and no one knows this entry yet.
        unsafe {
            cell.write(Cell {
                slot: Slot::new(self.empty(pages, at).cast_mut()),
                trampoline: stub::trampoline(),
                context: self.context,
                resolve: self.resolve,
            });
        }
        self.entries.push(entry);
        self.by_name.insert(self.by_name.hash(0, name), at as u64)?;
        Ok(at as u32)
    }

    fn cell_at(&self, pages: &Pages, at: usize) -> *mut Cell {
        let (_, cells, _) = pages.entry_area();
        cells.wrapping_add(at * STUB).cast()
    }

    /// What an entry's slot holds while there is no code.
    fn empty(&self, pages: &Pages, at: usize) -> *const c_void {
        let (stubs, _, _) = pages.entry_area();
        stubs.wrapping_add(at * STUB + stub::EMPTY).cast_const().cast()
    }

    /// The address to call.
    pub fn callable(&self, pages: &Pages, at: u32) -> *mut c_void {
        let (stubs, _, _) = pages.entry_area();
        stubs.wrapping_add(at as usize * STUB).cast()
    }

    /// The slot to call through.
    pub fn slot(&self, pages: &Pages, at: u32) -> *const Slot {
        // The slot is the cell's first field.
        self.cell_at(pages, at as usize).cast_const().cast()
    }

    /// Points the entry of a name, if there is one, at code, or at nothing.
    pub fn point(&self, pages: &Pages, name: &[u8], code: Option<*const u8>) {
        let Some(at) = self.find(name) else { return };
        let target = code.map_or(self.empty(pages, at as usize), |code| code.cast());
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
        let at = offset / STUB;
        let entry = self.entries.get(at)?;
        // SAFETY: as in `point`; the number was checked by the line above.
        let code = unsafe { &*self.slot(pages, at as u32) }.target().cast_const();
        Some((entry, (code != self.empty(pages, at)).then_some(code)))
    }
}
