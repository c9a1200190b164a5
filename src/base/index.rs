//! An index from hashes to ids: what names, paths and blocks are found by.
//!
//! Open addressing with linear probing. Removing an entry pulls back those behind it that may stand
//! earlier, so that no tombstones are left: the index is as fast after years of coming and going as
//! on its first day, and a miss ends at the first empty slot.
//! Source: Knuth, TAOCP 3, 6.4, algorithms L and R.
//!
//! Invariants:
//! - `.index.probe`: between the slot an entry's hash points at and the slot it stands in, no slot
//!   is empty.
//! - `.index.load`: at most three quarters of the slots hold an entry, so every probe ends.
//! - `.index.hash`: an entry keeps its hash, so growing and removing never look at what the ids
//!   name.
//! - `.index.start`: the table is held by the address of its first byte, which leak checkers
//!   follow.

use super::{Error, Host, List, Result, hash};

/// The id of an empty slot; no id of `Slots` has all bits set.
const EMPTY: u64 = u64::MAX;
/// Slots of the smallest table.
const FEWEST: usize = 8;

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    id: u64,
}

/// An index from hashes to ids. What an id names, and whether two things are equal, is its owner's
/// to say.
pub struct Index {
    /// A power of two of them, or none.
    slots: List<Entry>,
    len: usize,
    seed: u64,
}

impl Index {
    /// An empty index. `salt` makes two managers of one process hash differently.
    pub fn new(host: Host, salt: u8) -> Self {
        Index { slots: List::new_in(host), len: 0, seed: hash::seed(salt) }
    }

    /// The hash of `bytes` in a space of its own: the same bytes in another space hash differently.
    pub fn hash(&self, space: u32, bytes: &[u8]) -> u64 {
        hash::hash(self.seed.wrapping_add(u64::from(space)), bytes)
    }

    /// The slot an entry stands in, or the empty one that ends the search.
    fn probe(&self, hash: u64, mut is: impl FnMut(u64) -> bool) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        while let Some(entry) = self.slots.get(at) {
            if entry.id == EMPTY {
                return None;
            }
            if entry.hash == hash && is(entry.id) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The id under `hash` that `is` the wanted one.
    pub fn find(&self, hash: u64, is: impl FnMut(u64) -> bool) -> Option<u64> {
        let at = self.probe(hash, is)?;
        self.slots.get(at).map(|entry| entry.id)
    }

    /// Makes room so that the next `insert` cannot fail.
    pub fn make_room(&mut self) -> Result<()> {
        self.make_room_for(1)
    }

    /// Makes room so that the next `more` inserts cannot fail.
    #[inline]
    pub fn make_room_for(&mut self, more: usize) -> Result<()> {
        let entries = self.len.saturating_add(more);
        if entries < self.slots.len() / 4 * 3 { Ok(()) } else { self.grow(entries) }
    }

    /// So large that these entries have room.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, entries: usize) -> Result<()> {
        let no_memory = || Error::no_memory("an index");
        let wanted = entries.checked_mul(4).ok_or_else(no_memory)? / 3 + 1;
        let wanted = wanted.max(FEWEST).checked_next_power_of_two().ok_or_else(no_memory)?;
        let mut slots = List::new_in(*self.slots.allocator());
        slots.try_reserve_exact(wanted).map_err(|_| no_memory())?;
        slots.resize(wanted, Entry { hash: 0, id: EMPTY });
        let old = core::mem::replace(&mut self.slots, slots);
        for entry in old.iter().filter(|entry| entry.id != EMPTY) {
            self.place(*entry);
        }
        Ok(())
    }

    /// Puts an entry into the first empty slot of its probe; `.index.load` says there is one.
    fn place(&mut self, entry: Entry) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = entry.hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.id == EMPTY {
                *slot = entry;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds an id that is not in the index.
    pub fn insert(&mut self, hash: u64, id: u64) -> Result<()> {
        self.make_room()?;
        self.place(Entry { hash, id });
        self.len += 1;
        Ok(())
    }

    /// Takes an id out; false if it was not in. Never allocates.
    pub fn remove(&mut self, hash: u64, id: u64) -> bool {
        let Some(mut hole) = self.probe(hash, |other| other == id) else { return false };
        self.len -= 1;
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(entry) = self.slots.get(at).copied().filter(|entry| entry.id != EMPTY) else {
                break;
            };
            // It may stand in the hole if its own slot is not behind the hole.
            let home = entry.hash as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                if let Some(slot) = self.slots.get_mut(hole) {
                    *slot = entry;
                }
                hole = at;
            }
        }
        if let Some(slot) = self.slots.get_mut(hole) {
            slot.id = EMPTY;
        }
        true
    }

    /// Puts one id in the place of another with the same hash; false if that was not in.
    pub fn replace(&mut self, hash: u64, old: u64, new: u64) -> bool {
        let Some(at) = self.probe(hash, |id| id == old) else { return false };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.id = new;
        }
        true
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;

    #[test]
    fn churn_of_constant_size_stays_bounded_and_finds_everything() {
        let failing = Failing::new();
        let mut index = Index::new(failing.host(), 1);
        let key = |n: u64| n.wrapping_mul(0xa076_1d64_78bd_642f);
        for n in 0..1000 {
            assert!(index.insert(key(n), n).is_ok());
        }
        assert!(index.make_room().is_ok());
        let mut bytes = 0;
        for n in 1000..200_000 {
            assert!(index.remove(key(n - 1000), n - 1000));
            assert!(!index.remove(key(n - 1000), n - 1000));
            assert!(index.insert(key(n), n).is_ok());
            assert_eq!(index.find(key(n - 999), |id| id == n - 999), Some(n - 999));
            assert_eq!(index.find(key(n - 1000), |_| true), None);
            if n == 20_000 {
                bytes = index.bytes();
            }
        }
        assert_eq!(index.bytes(), bytes);
        assert_eq!(index.len(), 1000);
    }

    #[test]
    fn entries_of_one_hash_come_and_go_in_any_order() {
        let mut index = Index::new(Host::libc(), 1);
        // The last slots and, around the end, the first ones: what is removed pulls others back.
        for hash in [5, u64::MAX] {
            for id in 0..100 {
                assert!(index.insert(hash, id).is_ok());
            }
            for id in (0..100).step_by(3) {
                assert!(index.remove(hash, id));
            }
            for id in 0..100 {
                let there = (id % 3 != 0).then_some(id);
                assert_eq!(index.find(hash, |other| other == id), there);
            }
            for id in (0..100).filter(|id| id % 3 != 0) {
                assert!(index.replace(hash, id, id + 1000));
                assert!(index.remove(hash, id + 1000));
            }
            assert_eq!(index.len(), 0);
        }
    }

    #[test]
    fn growth_that_fails_leaves_the_index_as_it_was() {
        let failing = Failing::new();
        let mut index = Index::new(failing.host(), 1);
        let mut n = 0;
        while index.len() < 500 {
            failing.countdown.set(0);
            if index.insert(n, n).is_err() {
                assert_eq!(index.len() as u64, n);
                assert!((0..n).all(|id| index.find(id, |it| it == id) == Some(id)));
                failing.countdown.set(-1);
                assert!(index.insert(n, n).is_ok());
            }
            n += 1;
        }
        failing.countdown.set(-1);
        drop(index);
        assert_eq!(failing.out.get(), 0);
    }
}
