//! From a name's hash to its record, while others put names in and take them out.
//!
//! Open addressing with linear probing. A slot is one word, the upper 40 bits of the hash and the
//! record's number, so a reader sees all of a slot or nothing of it, and hardly ever looks at a
//! record that is not the one. Removing pulls back what may stand earlier, so there are no
//! tombstones: the table is as fast after years of coming and going as on its first day. Source:
//! Knuth, TAOCP 3, 6.4, algorithms L and R.
//!
//! What is pulled back is in two places for a moment and never in none; but a reader that has
//! passed the one and not yet reached the other misses it. So pulling back is counted, by regions
//! of the table, and who found nothing looks again, and whether anything was moved where it looked.
//!
//! Invariants:
//! - `.index.probe`: between the slot that a hash points at and the slot it stands in, no slot is
//!   empty.
//! - `.index.load`: at most half of the slots are taken, so every probe ends.
//! - `.index.moves`: a region's count is odd while something in the region is pulled back, and
//!   higher afterwards.
//! - `.index.one`: one thread at a time changes it: the one with the manager's lock.

use crate::os::atomic::{AtomicU64, Ordering, fence};

/// Regions whose moves are counted apart.
pub const REGIONS: usize = 64;
/// Slots of a region have so many bits at least: a line of memory is not split up.
const LEAST_REGION: u32 = 6;
/// Bits of a slot that are the record's number.
pub const NUMBER_BITS: u32 = 24;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;

/// A table of `1 << bits` slots.
#[derive(Clone, Copy)]
pub struct Index<'a> {
    pub slots: &'a [AtomicU64],
    pub moves: &'a [AtomicU64; REGIONS],
    pub bits: u32,
}

/// What somebody who is shown a record says to it.
pub enum Is<T> {
    /// The one that is looked for.
    It(T),
    /// Another one.
    NotIt,
    /// It cannot be said.
    Changing,
}

/// What a probe finds.
pub enum Probed<T> {
    /// The record.
    It(T),
    /// No record up to this slot, which is empty.
    End(usize),
    /// It cannot be said.
    Changing,
}

/// What a reader finds.
pub enum Found<T> {
    /// The record.
    It(T),
    /// There is none.
    Nothing,
    /// It cannot be said: something was changed just there.
    Changing,
}

impl Index<'_> {
    #[inline]
    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        (hash >> (64 - self.bits)) as usize
    }

    #[inline]
    fn region(&self, at: usize) -> usize {
        at >> self.bits.saturating_sub(LEAST_REGION).max(LEAST_REGION)
    }

    /// Finds the record under `hash` that `is` the one, or the slot where looking ended. Takes no
    /// lock; others may change the table meanwhile.
    #[inline(always)]
    pub fn probe<T>(&self, hash: u64, mut is: impl FnMut(u32) -> Is<T>) -> Probed<T> {
        let mut at = self.home(hash);
        while let Some(slot) = self.slots.get(at) {
            let slot = slot.load(Ordering::Acquire);
            if (slot ^ hash) & !NUMBER == 0 && slot != 0 {
                match is((slot & NUMBER) as u32) {
                    Is::It(it) => return Probed::It(it),
                    Is::NotIt => {}
                    Is::Changing => return Probed::Changing,
                }
            }
            if slot == 0 {
                break;
            }
            at = (at + 1) & self.mask();
        }
        Probed::End(at)
    }

    /// Makes sure that there is no such record, where a probe has ended at `end`: looks once more,
    /// and whether something was moved meanwhile.
    #[inline(never)]
    pub fn confirm<T>(&self, hash: u64, end: usize, is: impl FnMut(u32) -> Is<T>) -> Found<T> {
        let (first, last) = (self.region(self.home(hash)), self.region(end));
        let (before, odd) = self.moves_between(first, last, Ordering::Acquire);
        match self.probe(hash, is) {
            Probed::It(it) => Found::It(it),
            Probed::End(at) if at == end && odd & 1 == 0 => {
                fence(Ordering::Acquire);
                let (after, _) = self.moves_between(first, last, Ordering::Relaxed);
                // Counts only grow, so the sum is the same only if each of them is.
                if after == before { Found::Nothing } else { Found::Changing }
            }
            _ => Found::Changing,
        }
    }

    /// The sum of the regions' counts, and all of their bits.
    fn moves_between(&self, first: usize, last: usize, order: Ordering) -> (u64, u64) {
        let regions = self.region(self.mask()) + 1;
        let mut region = first;
        let mut count = self.moved(region, order);
        let mut odd = count;
        while region != last {
            region = (region + 1) % regions;
            let moved = self.moved(region, order);
            (count, odd) = (count.wrapping_add(moved), odd | moved);
        }
        (count, odd)
    }

    fn moved(&self, region: usize, order: Ordering) -> u64 {
        self.moves.get(region).map_or(0, |count| count.load(order))
    }

    fn get(&self, at: usize) -> u64 {
        self.slots.get(at).map_or(0, |slot| slot.load(Ordering::Relaxed))
    }

    fn put(&self, at: usize, slot: u64) {
        if let Some(place) = self.slots.get(at) {
            place.store(slot, Ordering::Release);
        }
    }

    /// Where looking for a hash begins.
    pub fn first(&self, hash: u64) -> Option<&AtomicU64> {
        self.slots.get(self.home(hash))
    }

    /// Adds a record that is not in the table. There is room (`.index.load`).
    pub fn insert(&self, hash: u64, number: u32) {
        self.place(hash & !NUMBER | u64::from(number));
    }

    fn place(&self, slot: u64) {
        let mut at = self.home(slot);
        while self.get(at) != 0 {
            at = (at + 1) & self.mask();
        }
        self.put(at, slot);
    }

    /// Adds all that is in another table.
    pub fn insert_all(&self, other: &Index<'_>) {
        let slots = other.slots.iter().map(|slot| slot.load(Ordering::Relaxed));
        slots.filter(|slot| *slot != 0).for_each(|slot| self.place(slot));
    }

    /// Empties it.
    pub fn clear(&self) {
        self.slots.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
    }

    /// Takes a record out that is in the table.
    pub fn remove(&self, hash: u64, number: u32) {
        let slot = hash & !NUMBER | u64::from(number);
        let mut hole = self.home(hash);
        loop {
            match self.get(hole) {
                0 => return,
                there if there == slot => break,
                _ => hole = (hole + 1) & self.mask(),
            }
        }
        let mut end = (hole + 1) & self.mask();
        while self.get(end) != 0 {
            end = (end + 1) & self.mask();
        }
        if (end.wrapping_sub(hole)) & self.mask() == 1 {
            self.put(hole, 0);
            return;
        }
        self.count_move(hole, end);
        fence(Ordering::Release);
        self.pull_back(hole);
        self.count_move(hole, end);
    }

    /// Fills a hole with what stands behind it and may stand there, and so on.
    fn pull_back(&self, mut hole: usize) {
        let mut at = hole;
        loop {
            at = (at + 1) & self.mask();
            let slot = self.get(at);
            if slot == 0 {
                break;
            }
            // It may stand in the hole if its own place is not behind the hole.
            let home = self.home(slot);
            if at.wrapping_sub(home) & self.mask() >= at.wrapping_sub(hole) & self.mask() {
                self.put(hole, slot);
                hole = at;
            }
        }
        self.put(hole, 0);
    }

    /// Counts half a move, in all regions from that of `first` to that of `last`.
    fn count_move(&self, first: usize, last: usize) {
        let regions = self.region(self.mask()) + 1;
        let (mut region, last) = (self.region(first), self.region(last));
        loop {
            if let Some(count) = self.moves.get(region) {
                let moved = count.load(Ordering::Relaxed);
                count.store(moved.wrapping_add(1), Ordering::Release);
            }
            if region == last {
                return;
            }
            region = (region + 1) % regions;
        }
    }
}
