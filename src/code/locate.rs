//! From a program counter to the symbol it lies in, without a lock, so that a signal handler may
//! ask.
//!
//! Code of our own: the region's word of a granule gives the number of the symbol that lies there,
//! or that lay there last. Code that the host mapped itself: a sorted list of ranges, read under a
//! sequence number. Either way the symbol's place (range and id) is then read and checked.
//!
//! Invariants:
//! - `.place.stable`: places and ranges are reserved once and stay mapped as long as the locator
//!   lives; a lookup that races with a change reads old or new words, never unmapped ones.
//! - `.place.id`: a place's id is cleared before its range changes and stored after, so a reader
//!   that finds the same id before and after has read a range that belongs to it.
//! - `.range.seq`: the sequence number is odd while ranges move.

use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use super::region::Region;
use super::spans::is_user;
use crate::base::{Result, fail, split_index};
use crate::os::{Access, Reservation};
use crate::shim;

/// Symbols a manager may have at once.
const MOST_SYMBOLS: usize = 1 << 22;
/// Ranges of code that the host mapped itself.
const MOST_RANGES: usize = 1 << 18;
/// How often a lookup tries again when ranges move under it; in a signal handler the mover may be
/// the thread itself.
const TRIES: u32 = 64;

/// Where a symbol is, and when it was last used.
#[derive(Default)]
pub struct Place {
    id: AtomicU64,
    start: AtomicUsize,
    len: AtomicUsize,
    /// The epoch it was last used in: the host's code stores here.
    pub used: AtomicU64,
}

struct Range {
    start: AtomicUsize,
    end: AtomicUsize,
    index: AtomicUsize,
}

/// Looks up program counters. All of it is readable at any time from any thread; changes come from
/// one at a time.
pub struct Locator {
    places: Reservation,
    ranges: Reservation,
    range_count: AtomicUsize,
    sequence: AtomicU64,
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
        let ranges = Reservation::new(MOST_RANGES * size_of::<Range>(), 64)?;
        ranges.set_access(0, ranges.len(), Access::ReadWrite)?;
        shim::atomics_only(places.base(), places.len());
        shim::atomics_only(ranges.base(), ranges.len());
        Ok(Locator {
            places,
            ranges,
            range_count: AtomicUsize::new(0),
            sequence: AtomicU64::new(0),
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

    fn range(&self, at: usize) -> Option<&Range> {
        if at >= MOST_RANGES {
            return None;
        }
        // SAFETY: `.place.stable` - the array has MOST_RANGES ranges; zero bytes are a valid one.
        Some(unsafe { &*self.ranges.base().cast::<Range>().add(at) })
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
            match self.find_range(pc) {
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

    fn find_range(&self, pc: usize) -> Option<usize> {
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            if before & 1 == 1 {
                core::hint::spin_loop();
                continue;
            }
            let found = self.range_holding(pc, self.range_count.load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if self.sequence.load(Ordering::Relaxed) == before {
                return found;
            }
        }
        None
    }

    fn first_ending_after(&self, address: usize, count: usize) -> usize {
        let (mut low, mut high) = (0, count.min(MOST_RANGES));
        while low < high {
            let middle = low + (high - low) / 2;
            let end = self.range(middle).map_or(0, |range| range.end.load(Ordering::Relaxed));
            if end <= address { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn range_holding(&self, pc: usize, count: usize) -> Option<usize> {
        let at = self.first_ending_after(pc, count);
        let range = self.range(at).filter(|_| at < count)?;
        let inside = range.start.load(Ordering::Relaxed) <= pc;
        inside.then(|| range.index.load(Ordering::Relaxed))
    }

    /// Adds code that the host mapped. E_EXISTS if it overlaps other code, E_LIMIT, E_RANGE if it
    /// wraps around.
    pub fn add_range(&self, start: usize, len: usize, index: usize) -> Result<()> {
        let count = self.range_count.load(Ordering::Relaxed);
        if count == MOST_RANGES {
            fail!(LIFECYCLE_E_LIMIT, "there are {MOST_RANGES} ranges of host code already");
        }
        let Some(end) = start.checked_add(len) else {
            fail!(LIFECYCLE_E_RANGE, "{len} bytes at {start:#x} go around the end of memory");
        };
        let ours = self.base..self.base + self.owner_count * self.granule;
        if start < ours.end && ours.start < end {
            fail!(LIFECYCLE_E_INVALID, "{len} bytes at {start:#x} are the manager's own code");
        }
        let at = self.first_ending_after(start, count);
        let next = self.range(at).filter(|_| at < count);
        if next.is_some_and(|next| next.start.load(Ordering::Relaxed) < end) {
            fail!(LIFECYCLE_E_EXISTS, "{len} bytes at {start:#x} overlap other host code");
        }
        self.move_ranges(|| {
            for to in (at + 1..=count).rev() {
                self.copy_range(to - 1, to);
            }
            if let Some(range) = self.range(at) {
                range.start.store(start, Ordering::Relaxed);
                range.end.store(end, Ordering::Relaxed);
                range.index.store(index, Ordering::Relaxed);
            }
            self.range_count.store(count + 1, Ordering::Relaxed);
        });
        Ok(())
    }

    /// Removes what `add_range` added.
    pub fn remove_range(&self, start: usize) {
        let count = self.range_count.load(Ordering::Relaxed);
        let at = self.first_ending_after(start, count);
        if at < count {
            self.move_ranges(|| {
                for from in at + 1..count {
                    self.copy_range(from, from - 1);
                }
                self.range_count.store(count - 1, Ordering::Relaxed);
            });
        }
    }

    fn move_ranges(&self, change: impl FnOnce()) {
        let before = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(before + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        change();
        self.sequence.store(before + 2, Ordering::Release);
    }

    fn copy_range(&self, from: usize, to: usize) {
        if let (Some(from), Some(to)) = (self.range(from), self.range(to)) {
            to.start.store(from.start.load(Ordering::Relaxed), Ordering::Relaxed);
            to.end.store(from.end.load(Ordering::Relaxed), Ordering::Relaxed);
            to.index.store(from.index.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}
