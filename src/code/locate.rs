//! From a program counter to the symbol it lies in, without a lock, so that a signal handler may
//! ask.
//!
//! Code of our own: the region's word of a granule gives the number of the symbol that lies there,
//! or that lay there last. Code that the host mapped itself: sorted ranges (`ranges.rs`). Either way
//! the symbol's place (range and id) is then read and checked.
//!
//! Invariants:
//! - `.place.stable`: places are reserved once and stay mapped as long as the locator lives; a
//!   lookup that races with a change reads old or new words, never unmapped ones.
//! - `.place.id`: a place's id is cleared before its range changes and stored after, so a reader
//!   that finds the same id before and after has read a range that belongs to it.

use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use super::ranges::{MOST_RANGES, Ranges};
use super::region::Region;
use super::spans::is_user;
use crate::base::{Result, fail, split_index};
use crate::os::{Access, Reservation};
use crate::shim;

/// Symbols a manager may have at once.
const MOST_SYMBOLS: usize = 1 << 22;

/// Where a symbol is, and when it was last used.
#[derive(Default)]
pub struct Place {
    id: AtomicU64,
    start: AtomicUsize,
    len: AtomicUsize,
    /// The epoch it was last used in: the host's code stores here.
    pub used: AtomicU64,
}

/// Looks up program counters. All of it is readable at any time from any thread; changes come from
/// one at a time.
pub struct Locator {
    places: Reservation,
    ranges: Ranges,
    base: usize,
    granule: usize,
    owners: AtomicPtr<core::sync::atomic::AtomicU32>,
    owner_count: usize,
    most_symbols: usize,
}

impl Locator {
    /// For code at `base` in the granules of a region. There are places for as many symbols as
    /// there are granules and ranges, up to a limit.
    pub fn new(base: *const u8, region: &Region) -> Result<Self> {
        let (words, granules) = region.words();
        let most_symbols = (granules + MOST_RANGES).min(MOST_SYMBOLS);
        let places = Reservation::new(most_symbols * size_of::<Place>(), 64)?;
        places.set_access(0, places.len(), Access::ReadWrite)?;
        shim::atomics_only(places.base(), places.len());
        Ok(Locator {
            places,
            ranges: Ranges::new()?,
            base: base as usize,
            granule: region.granule(),
            owners: AtomicPtr::new(words.cast_mut()),
            owner_count: granules,
            most_symbols,
        })
    }

    /// Symbols there are places for.
    pub fn most_symbols(&self) -> usize {
        self.most_symbols
    }

    /// The place of the symbol with this number.
    pub fn place(&self, index: usize) -> Option<&Place> {
        if index >= self.most_symbols {
            return None;
        }
        // SAFETY: `.place.stable` - the array has so many places; zero bytes are a valid one.
        Some(unsafe { &*self.places.base().cast::<Place>().add(index) })
    }

    /// Says where a symbol is from now on.
    pub fn settle(&self, index: usize, id: u64, start: *const u8, len: usize) {
        if let Some(place) = self.place(index) {
            place.id.store(0, Ordering::Relaxed);
            fence(Ordering::Release);
            place.start.store(start as usize, Ordering::Relaxed);
            place.len.store(len, Ordering::Relaxed);
            place.id.store(id, Ordering::Release);
        }
    }

    /// Says that a symbol is nowhere any more.
    pub fn vacate(&self, index: usize) {
        if let Some(place) = self.place(index) {
            place.id.store(0, Ordering::Release);
        }
    }

    /// The symbol a program counter lies in; 0 if none.
    pub fn find(&self, pc: usize) -> u64 {
        let granule = pc.wrapping_sub(self.base) / self.granule;
        let index = if granule < self.owner_count {
            // SAFETY: the owner table has `owner_count` words and lives as long as the locator
            // (`Code` owns both).
            let owner = unsafe { &*self.owners.load(Ordering::Relaxed).add(granule) };
            let word = owner.load(Ordering::Acquire);
            if !is_user(word) {
                return 0;
            }
            word as usize - 1
        } else {
            match self.ranges.find(pc) {
                Some(index) => index,
                None => return 0,
            }
        };
        let Some(place) = self.place(index) else { return 0 };
        let id = place.id.load(Ordering::Acquire);
        let start = place.start.load(Ordering::Relaxed);
        let len = place.len.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let same = place.id.load(Ordering::Relaxed) == id;
        if same && pc.wrapping_sub(start) < len { id } else { 0 }
    }

    /// The place of a symbol, if the id names one that has code.
    pub fn settled(&self, id: u64) -> Option<&Place> {
        // 0 is no id, but stands where nothing is.
        let place = self.place(split_index(id)).filter(|_| id != 0)?;
        (place.id.load(Ordering::Acquire) == id).then_some(place)
    }

    /// Where a symbol is, if the id names one that has code.
    pub fn address(&self, id: u64) -> Option<*mut u8> {
        let place = self.settled(id)?;
        let start = place.start.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        (place.id.load(Ordering::Relaxed) == id).then_some(start as *mut u8)
    }

    /// Adds code that the host mapped. E_EXISTS if it overlaps other code, E_LIMIT, E_RANGE if it
    /// wraps around.
    pub fn add_range(&self, start: usize, len: usize, index: usize) -> Result<()> {
        let Some(end) = start.checked_add(len) else {
            fail!(LIFECYCLE_E_RANGE, "{len} bytes at {start:#x} go around the end of memory");
        };
        let ours = self.base..self.base + self.owner_count * self.granule;
        if start < ours.end && ours.start < end {
            fail!(LIFECYCLE_E_INVALID, "{len} bytes at {start:#x} are the manager's own code");
        }
        self.ranges.add(start, end, index)
    }

    /// Removes what `add_range` added.
    pub fn remove_range(&self, start: usize) {
        self.ranges.remove(start);
    }
}
