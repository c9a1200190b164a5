//! Finding things by their bytes: a keyed hash, and an index from hashes to ids.
//!
//! The hash is wyhash's construction (Wang Yi, public domain): sixteen bytes a step, each step one
//! 64-by-64-bit multiplication folded in two. Both factors of each step are mixed with keys derived
//! from the seed, so that no input makes a factor zero unless its author knows the seed. The seed
//! comes from an address, which the system randomises: names in a source file cannot be chosen to
//! collide, while a run under a tool that switches randomising off counts the same instructions
//! every time. It is not a defence against somebody who can read this process's memory.
//!
//! Invariants:
//! - `.index.full`: `full` is the capacity the table had when it held no tombstone: capacity falls
//!   by one for each tombstone made, rises by one for each reused, and a rehash or growth restores
//!   all of it; the table never shrinks.
//! - `.index.hash`: an entry keeps its hash, so growing and removing never look at what the ids
//!   name.

use super::{Error, Host, Result, Table};

/// Odd constants with as many ones as zeros, from wyhash.
const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

/// Both halves of the product, folded.
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// The last sixteen bytes or fewer as two numbers; every byte counts, some twice.
fn tail(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    }
    let up_to_three = bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    (up_to_three, 0)
}

/// Hashes any bytes under a seed.
pub fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let key = fold(seed ^ K0, K1);
    let mut state = seed ^ key;
    let mut rest = bytes;
    while rest.len() > 16 {
        let Some((block, after)) = rest.split_first_chunk::<16>() else {
            break;
        };
        let (a, b) = tail(block);
        state = fold(a ^ key, b ^ state);
        rest = after;
    }
    let (a, b) = tail(rest);
    let length = bytes.len() as u64;
    fold(K2 ^ length, fold(a ^ key, b ^ state) ^ K1)
}

struct Entry {
    hash: u64,
    id: u64,
}

/// An index from hashes to ids. What an id names, and whether two things are equal, is its owner's
/// to say.
pub struct Index {
    table: Table<Entry>,
    full: usize,
    seed: u64,
}

impl Index {
    /// An empty index. `salt` makes two managers of one process hash differently.
    pub fn new(host: Host, salt: u8) -> Self {
        let address = (&raw const K_ANCHOR) as u64;
        Index {
            table: Table::new_in(host),
            full: 0,
            seed: fold(address ^ K2, K0 ^ u64::from(salt) << 32),
        }
    }

    /// The hash of `bytes` in a space of its own: the same bytes in another space hash differently.
    pub fn hash(&self, space: u32, bytes: &[u8]) -> u64 {
        hash(self.seed.wrapping_add(u64::from(space)), bytes)
    }

    /// The id under `hash` that `is` the wanted one.
    pub fn find(&self, hash: u64, mut is: impl FnMut(u64) -> bool) -> Option<u64> {
        self.table.find(hash, |entry| entry.hash == hash && is(entry.id)).map(|entry| entry.id)
    }

    /// Makes room so that the next `insert` cannot fail.
    pub fn make_room(&mut self) -> Result<()> {
        self.make_room_for(1)
    }

    /// Makes room so that the next `more` inserts cannot fail, if nothing is removed meanwhile.
    pub fn make_room_for(&mut self, more: usize) -> Result<()> {
        self.table
            .try_reserve(more, |entry| entry.hash)
            .map_err(|_| Error::no_memory("an index"))?;
        self.full = self.full.max(self.table.capacity());
        Ok(())
    }

    /// Adds an id that is not in the index.
    pub fn insert(&mut self, hash: u64, id: u64) -> Result<()> {
        self.make_room()?;
        self.table.insert_unique(hash, Entry { hash, id }, |entry| entry.hash);
        Ok(())
    }

    /// Takes an id out; false if it was not in.
    pub fn remove(&mut self, hash: u64, id: u64) -> bool {
        match self.table.find_entry(hash, |entry| entry.id == id) {
            Ok(entry) => {
                entry.remove();
                true
            }
            Err(_) => false,
        }
    }

    /// Puts one id in the place of another with the same hash; false if that was not in.
    pub fn replace(&mut self, hash: u64, old: u64, new: u64) -> bool {
        match self.table.find_mut(hash, |entry| entry.id == old) {
            Some(entry) => {
                entry.id = new;
                true
            }
            None => false,
        }
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Slots that hold a removed entry until they are reused.
    pub fn tombstones(&self) -> usize {
        self.full.saturating_sub(self.table.capacity())
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.table.allocation_size()
    }
}

/// Its address is what the seed is made from.
static K_ANCHOR: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;

    #[test]
    fn every_byte_the_length_and_the_seed_count() {
        for len in 0..200usize {
            let plain = vec![7u8; len];
            let whole = hash(1, &plain);
            assert_ne!(whole, hash(2, &plain), "seed, {len} bytes");
            assert_ne!(whole, hash(1, &vec![7u8; len + 1]), "length, {len} bytes");
            for at in 0..len {
                let mut changed = plain.clone();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 0x80;
                }
                assert_ne!(whole, hash(1, &changed), "byte {at} of {len}");
            }
        }
    }

    #[test]
    fn similar_names_spread_over_low_and_high_bits() {
        let mut low = [0u32; 256];
        let mut high = [0u32; 128];
        for n in 0..65_536 {
            let h = hash(3, format!("module.function_{n}").as_bytes());
            if let Some(count) = low.get_mut((h & 255) as usize) {
                *count += 1;
            }
            if let Some(count) = high.get_mut((h >> 57) as usize) {
                *count += 1;
            }
        }
        assert!(low.iter().all(|n| (170..350).contains(n)), "{low:?}");
        assert!(high.iter().all(|n| (390..640).contains(n)), "{high:?}");
    }

    #[test]
    fn churn_of_constant_size_stays_bounded_and_finds_everything() {
        let failing = Failing::new();
        let mut index = Index::new(failing.host(), 1);
        let key = |n: u64| n.wrapping_mul(K0);
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
            assert!(index.tombstones() <= index.full - index.len());
            if n == 20_000 {
                bytes = index.bytes();
            }
        }
        assert_eq!(index.bytes(), bytes);
        assert_eq!(index.len(), 1000);
    }

    #[test]
    fn tombstones_are_counted_and_go_with_a_rehash() {
        let mut index = Index::new(Host::libc(), 1);
        // One probe window holds sixteen slots: entries of one hash fill windows, so removing
        // leaves tombstones.
        for id in 0..100 {
            assert!(index.insert(5, id).is_ok());
        }
        assert_eq!(index.tombstones(), 0);
        assert!((0..100).all(|wanted| index.find(5, |id| id == wanted) == Some(wanted)));
        for id in 0..50 {
            assert!(index.remove(5, id));
        }
        let left = index.tombstones();
        assert!((1..=50).contains(&left), "{left}");
        for id in 100..150 {
            assert!(index.insert(5, id).is_ok());
        }
        assert!(index.tombstones() < left);
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
