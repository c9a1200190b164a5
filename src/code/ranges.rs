//! Ranges of code that the host mapped itself, in the order of their addresses: looked up without a
//! lock, so that a signal handler may ask, and changed in about the same time however many there
//! are.
//!
//! They lie in blocks, and a list of blocks is in the order of addresses too. A range that comes or
//! goes moves ranges of its own block; now and then a full block is split, or two that have become
//! small are joined, and the rest of the list moves up. It is a B-tree of two levels.
//!
//! Invariants:
//! - `.range.stable`: blocks and their list are reserved once and stay mapped as long as the
//!   ranges; a lookup that races with a change reads old or new words, never unmapped ones.
//! - `.range.seq`: the sequence number is odd while ranges move; changes come from one at a time.
//! - `.range.order`: no two ranges overlap, and no block in the list is empty.
//! - `.range.half`: two blocks that are neighbours in the list hold more than half a block's ranges
//!   between them, so there are blocks for as many ranges as there may be.

use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

use crate::base::{Result, fail};
use crate::os::{Access, Reservation};
use crate::shim;

/// Ranges a manager may have at once.
pub(super) const MOST_RANGES: usize = 1 << 18;
/// Ranges a block. Few where tests are to see many blocks.
const BLOCK: usize = if cfg!(test) { 8 } else { 128 };
/// Blocks there are (`.range.half`).
const BLOCKS: usize = 4 * MOST_RANGES / BLOCK + 2;
const LIST_BYTES: usize = BLOCKS * size_of::<Listed>();
/// How often a lookup tries again when ranges move under it; in a signal handler the mover may be
/// the thread itself.
const TRIES: u32 = 64;

struct Range {
    start: AtomicUsize,
    end: AtomicUsize,
    index: AtomicUsize,
}

/// A block in the list: its number, and how many ranges are in it.
struct Listed {
    block: AtomicU32,
    len: AtomicU32,
}

/// Sorted ranges. All of it is readable at any time from any thread.
pub struct Ranges {
    /// The list, then the blocks.
    memory: Reservation,
    /// Blocks in the list. Behind them in the list are those that were in it once.
    listed: AtomicUsize,
    /// Blocks that were ever in the list.
    made: AtomicUsize,
    count: AtomicUsize,
    sequence: AtomicU64,
}

fn copy(from: &AtomicUsize, to: &AtomicUsize) {
    to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
}

impl Range {
    fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed)
    }

    fn end(&self) -> usize {
        self.end.load(Ordering::Relaxed)
    }
}

/// The first of `count` for which `is_before` does not hold; it holds for those before it.
fn partition(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl Ranges {
    /// None.
    pub fn new() -> Result<Self> {
        let memory = Reservation::new(LIST_BYTES + BLOCKS * BLOCK * size_of::<Range>(), 64)?;
        memory.set_access(0, memory.len(), Access::ReadWrite)?;
        shim::atomics_only(memory.base(), memory.len());
        Ok(Ranges {
            memory,
            listed: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            sequence: AtomicU64::new(0),
        })
    }

    fn listed(&self, at: usize) -> Option<&Listed> {
        if at >= BLOCKS {
            return None;
        }
        // SAFETY: `.range.stable` - the list has BLOCKS places; zero bytes are a valid one.
        Some(unsafe { &*self.memory.base().cast::<Listed>().add(at) })
    }

    /// Blocks in the list.
    fn len(&self) -> usize {
        self.listed.load(Ordering::Relaxed).min(BLOCKS)
    }

    /// Ranges in the block at a place of the list.
    fn len_at(&self, at: usize) -> usize {
        self.listed(at).map_or(0, |it| it.len.load(Ordering::Relaxed) as usize).min(BLOCK)
    }

    fn set_len(&self, at: usize, len: usize) {
        if let Some(it) = self.listed(at) {
            it.len.store(len as u32, Ordering::Relaxed);
        }
    }

    /// A range of the block at a place of the list.
    fn range(&self, at: usize, number: usize) -> Option<&Range> {
        let block = self.listed(at)?.block.load(Ordering::Relaxed) as usize;
        if block >= BLOCKS || number >= BLOCK {
            return None;
        }
        // SAFETY: `.range.stable` - there are BLOCKS blocks of BLOCK ranges; zero bytes are a valid
        // one.
        Some(unsafe {
            let blocks = self.memory.base().add(LIST_BYTES).cast::<Range>();
            &*blocks.add(block * BLOCK + number)
        })
    }

    /// Where a range that starts at `address` belongs: the place of its block in the list, and how
    /// many ranges of the block do not start after it.
    fn place(&self, address: usize) -> (usize, usize) {
        let starts_by =
            |at, number| self.range(at, number).is_some_and(|range| range.start() <= address);
        let at = partition(self.len(), |at| starts_by(at, 0)).saturating_sub(1);
        (at, partition(self.len_at(at), |number| starts_by(at, number)))
    }

    /// The last range that does not start after `address`.
    fn before(&self, address: usize) -> Option<&Range> {
        let (at, number) = self.place(address);
        self.range(at, number.checked_sub(1)?)
    }

    /// The index of the range that an address lies in.
    pub fn find(&self, address: usize) -> Option<usize> {
        for _ in 0..TRIES {
            let sequence = self.sequence.load(Ordering::Acquire);
            if sequence & 1 == 1 {
                core::hint::spin_loop();
                continue;
            }
            let found = self.before(address).filter(|range| address < range.end());
            let found = found.map(|range| range.index.load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if self.sequence.load(Ordering::Relaxed) == sequence {
                return found;
            }
        }
        None
    }

    /// Adds a range. E_EXISTS if it overlaps another one, E_LIMIT.
    pub fn add(&self, start: usize, end: usize, index: usize) -> Result<()> {
        let count = self.count.load(Ordering::Relaxed);
        if count == MOST_RANGES {
            fail!(LIFECYCLE_E_LIMIT, "there are {MOST_RANGES} ranges of host code already");
        }
        let (mut at, mut number) = self.place(start);
        let next = if number < self.len_at(at) { (at, number) } else { (at + 1, 0) };
        let next = self.range(next.0, next.1).filter(|_| next.0 < self.len());
        let overlaps = self.before(start).is_some_and(|range| range.end() > start)
            || next.is_some_and(|next| next.start() < end);
        if overlaps {
            let len = end - start;
            fail!(LIFECYCLE_E_EXISTS, "{len} bytes at {start:#x} overlap other host code");
        }
        self.change(|| {
            if self.len() == 0 {
                self.insert_block(0);
            }
            if self.len_at(at) == BLOCK {
                self.insert_block(at + 1);
                self.move_ranges((at, BLOCK / 2), (at + 1, 0), BLOCK / 2);
                self.set_len(at, BLOCK / 2);
                self.set_len(at + 1, BLOCK / 2);
                if number > BLOCK / 2 {
                    (at, number) = (at + 1, number - BLOCK / 2);
                }
            }
            let len = self.len_at(at);
            self.move_ranges((at, number), (at, number + 1), len - number);
            if let Some(range) = self.range(at, number) {
                range.start.store(start, Ordering::Relaxed);
                range.end.store(end, Ordering::Relaxed);
                range.index.store(index, Ordering::Relaxed);
            }
            self.set_len(at, len + 1);
            self.count.store(count + 1, Ordering::Relaxed);
        });
        Ok(())
    }

    /// Removes the range that starts there, if there is one.
    pub fn remove(&self, start: usize) {
        let (at, number) = self.place(start);
        if self.before(start).is_none_or(|range| range.start() != start) {
            return;
        }
        self.change(|| {
            let len = self.len_at(at) - 1;
            self.move_ranges((at, number), (at, number - 1), len + 1 - number);
            self.set_len(at, len);
            self.count.store(self.count.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
            let is_small = |left: usize| self.len_at(left) + self.len_at(left + 1) <= BLOCK / 2;
            if len == 0 {
                self.remove_block(at);
            } else if at + 1 < self.len() && is_small(at) {
                self.join(at);
            } else if at != 0 && is_small(at - 1) {
                self.join(at - 1);
            }
        });
    }

    /// Puts the ranges of the block behind one of the list into that one.
    fn join(&self, at: usize) {
        let (len, more) = (self.len_at(at), self.len_at(at + 1));
        self.move_ranges((at + 1, 0), (at, len), more);
        self.set_len(at, len + more);
        self.remove_block(at + 1);
    }

    /// Puts an empty block into the list.
    fn insert_block(&self, at: usize) {
        let listed = self.len();
        let made = self.made.load(Ordering::Relaxed);
        let block = if listed < made {
            self.listed(listed).map_or(0, |it| it.block.load(Ordering::Relaxed))
        } else {
            self.made.store(made + 1, Ordering::Relaxed);
            made as u32
        };
        for to in (at + 1..=listed).rev() {
            self.copy_listed(to - 1, to);
        }
        self.set_listed(at, block);
        self.listed.store(listed + 1, Ordering::Relaxed);
    }

    /// Takes a block out of the list; it is the first of those behind it.
    fn remove_block(&self, at: usize) {
        let last = self.len() - 1;
        let block = self.listed(at).map_or(0, |it| it.block.load(Ordering::Relaxed));
        for to in at..last {
            self.copy_listed(to + 1, to);
        }
        self.set_listed(last, block);
        self.listed.store(last, Ordering::Relaxed);
    }

    fn set_listed(&self, at: usize, block: u32) {
        if let Some(it) = self.listed(at) {
            it.block.store(block, Ordering::Relaxed);
            it.len.store(0, Ordering::Relaxed);
        }
    }

    fn copy_listed(&self, from: usize, to: usize) {
        if let (Some(from), Some(to)) = (self.listed(from), self.listed(to)) {
            to.block.store(from.block.load(Ordering::Relaxed), Ordering::Relaxed);
            to.len.store(from.len.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Copies so many ranges; the two places may overlap.
    fn move_ranges(&self, from: (usize, usize), to: (usize, usize), count: usize) {
        let move_one = |number: usize| {
            let from = self.range(from.0, from.1 + number);
            if let (Some(from), Some(to)) = (from, self.range(to.0, to.1 + number)) {
                copy(&from.start, &to.start);
                copy(&from.end, &to.end);
                copy(&from.index, &to.index);
            }
        };
        if from < to {
            (0..count).rev().for_each(move_one);
        } else {
            (0..count).for_each(move_one);
        }
    }

    fn change(&self, change: impl FnOnce()) {
        let before = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(before + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        change();
        self.sequence.store(before + 2, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// `.range.order`, `.range.half`.
    fn holds(ranges: &Ranges) -> bool {
        let len = ranges.len();
        let mut end = 0;
        let is_sorted = (0..len).all(|at| {
            (0..ranges.len_at(at)).all(|number| {
                ranges.range(at, number).is_some_and(|range| {
                    let before = core::mem::replace(&mut end, range.end());
                    before <= range.start() && range.start() < range.end()
                })
            })
        });
        let total: usize = (0..len).map(|at| ranges.len_at(at)).sum();
        is_sorted
            && total == ranges.count.load(Ordering::Relaxed)
            && (0..len).all(|at| ranges.len_at(at) != 0)
            && (1..len).all(|at| ranges.len_at(at - 1) + ranges.len_at(at) > BLOCK / 2)
    }

    proptest! {
        /// Against a map of starts: many come, then many go, in any order.
        #[test]
        fn what_is_found_is_what_was_added(
            ops in proptest::collection::vec((0..400usize, 1..13usize, any::<bool>()), 1..700),
        ) {
            let ranges = Ranges::new()?;
            let mut known: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
            let half = ops.len() / 2;
            for (step, (place, len, other)) in ops.into_iter().enumerate() {
                let (start, end) = (place * 8, place * 8 + len);
                if (step < half) != (other && place % 3 == 0) {
                    let overlaps =
                        known.iter().any(|(from, (to, _))| start < *to && *from < end);
                    prop_assert_eq!(ranges.add(start, end, step).is_err(), overlaps);
                    if !overlaps {
                        known.insert(start, (end, step));
                    }
                } else {
                    ranges.remove(start);
                    known.remove(&start);
                }
                prop_assert!(holds(&ranges));
            }
            for address in 0..3300 {
                let inside = known.range(..=address).next_back();
                let index = inside.filter(|(_, (end, _))| address < *end).map(|(_, it)| it.1);
                prop_assert_eq!(ranges.find(address), index);
            }
        }
    }

    #[test]
    fn as_many_as_there_may_be_come_and_go_in_the_order_that_leaves_least() -> Result<()> {
        let ranges = Ranges::new()?;
        for number in 0..MOST_RANGES {
            ranges.add(number * 2, number * 2 + 1, number)?;
        }
        assert!(ranges.add(MOST_RANGES * 2, MOST_RANGES * 2 + 1, 0).is_err());
        // Of each block's worth one is left.
        (0..MOST_RANGES).rev().filter(|it| it % BLOCK != 0).for_each(|it| ranges.remove(it * 2));
        assert!(holds(&ranges));
        // And then all that may be, where they lie between two of those.
        let left = MOST_RANGES / BLOCK;
        for number in 0..MOST_RANGES - left {
            let start = MOST_RANGES * 2 + number;
            ranges.add(start, start + 1, number)?;
        }
        assert!(holds(&ranges));
        assert_eq!(ranges.find(BLOCK * 2), Some(BLOCK));
        assert_eq!(ranges.find(BLOCK * 2 + 2), None);
        Ok(())
    }
}
