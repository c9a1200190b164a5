//! Tables by name: variables of a frame, commands of a namespace, and all else that has a name.
//!
//! Names are any bytes. One of up to 15 bytes lies in the table itself, so that a procedure's few
//! locals need no memory beside their table's array, and finding one compares two numbers. A longer
//! one is a text block of the store, and its hash is compared first. Up to sixteen entries are
//! looked through; more have an index.
//!
//! Invariants:
//! - `.table.dense`: entries lie side by side, in no order; removing one moves the last one into
//!   its place. So a walk takes as long as there are entries, however many there were.
//! - `.table.index`: the index holds the position of every entry, under its hash, or is empty.
//! - `.table.name`: a name that is not in the table itself is counted once for it; whoever removes
//!   an entry gets the name to release.
//!
//! Removing never allocates. A table that was emptied keeps a small array only.

use core::ptr::NonNull;

use crate::base::{Host, Index, List, ListExt, Result};
use crate::values::store::{self, Block, Store};
use crate::values::word::Word;

/// Longest name that needs no block.
const SHORT: usize = 15;
/// The last byte of a name that is a block; that of a short one is its length.
const LONG: u64 = 0xff << 56;
/// Most entries without an index.
const FEW: usize = 16;
/// Largest array that is kept without entries.
const KEPT: usize = 16;
/// Tells the hashes of these tables from those of others in the process.
const SALT: u8 = 9;
/// Spreads the spaces that share one table.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What makes keys for all tables.
pub fn hasher(host: Host) -> Index {
    Index::new(host, SALT)
}

/// A name in a table.
#[derive(Clone, Copy)]
pub struct Name([u64; 2]);

/// A name that is looked for.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// As in `Name`, but without the block.
    words: [u64; 2],
    /// The bytes of a long one, else nothing.
    long: &'a [u8],
}

/// Up to 15 bytes and their number.
#[inline]
fn pack(bytes: &[u8]) -> [u64; 2] {
    let len = bytes.len();
    let length = (len as u64) << 56;
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        // The last eight bytes overlap the first ones: those are shifted out.
        let rest = u64::from_le_bytes(*last).checked_shr(8 * (16 - len) as u32).unwrap_or(0);
        return [u64::from_le_bytes(*first), rest | length];
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return [u64::from(first) | u64::from(last) << (8 * (len - 4)), length];
    }
    let middle = len / 2;
    match (bytes.first(), bytes.get(middle), bytes.last()) {
        // Up to three bytes; one that comes twice comes in the same place.
        (Some(first), Some(second), Some(last)) => {
            let (second, last) = (u64::from(*second) << (8 * middle), u64::from(*last));
            [u64::from(*first) | second | last << (8 * (len - 1)), length]
        }
        _ => [0, length],
    }
}

/// Runs something on the bytes of a short name.
#[inline]
fn with_short<R>(words: [u64; 2], body: impl FnOnce(&[u8]) -> R) -> R {
    let [low, high] = words.map(u64::to_le_bytes);
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(low.iter().chain(&high)) {
        *to = *from;
    }
    let len = usize::from(bytes.last().copied().unwrap_or(0));
    body(bytes.get(..len).unwrap_or(&[]))
}

impl<'a> Key<'a> {
    /// A name from C.
    #[inline]
    pub fn new(bytes: &'a [u8], hasher: &Index) -> Self {
        if bytes.len() <= SHORT {
            return Key { words: pack(bytes), long: &[] };
        }
        Key { words: [0, hasher.hash(0, bytes) | LONG], long: bytes }
    }

    fn is_short(&self) -> bool {
        self.words[1] < LONG
    }

    fn hash(&self, hasher: &Index, space: u32) -> u64 {
        let hash = match self.words {
            [_, hash] if hash >= LONG => hash,
            words => with_short(words, |bytes| hasher.hash(0, bytes)),
        };
        hash.wrapping_add(u64::from(space).wrapping_mul(SPREAD))
    }

    /// Whether that is the name of something in a table.
    #[inline]
    pub fn is(&self, name: &Name) -> bool {
        if self.is_short() {
            return self.words == name.0;
        }
        self.words[1] == name.0[1] && self.long == name.long()
    }

    /// Runs something on its bytes.
    pub fn with<R>(&self, body: impl FnOnce(&[u8]) -> R) -> R {
        if self.is_short() { with_short(self.words, body) } else { body(self.long) }
    }

    /// Whether both are one name.
    pub fn same(&self, other: &Key<'_>) -> bool {
        self.words == other.words && self.long == other.long
    }

    /// The name in a table, counted.
    pub fn keep(&self, store: &mut Store) -> Result<Name> {
        if self.is_short() {
            return Ok(Name(self.words));
        }
        let block = store.text(self.long)?;
        Ok(Name([block.as_ptr() as u64, self.words[1]]))
    }
}

impl Name {
    /// The name without bytes.
    pub(super) const EMPTY: Name = Name([0, 0]);

    /// A text of its bytes, counted for the caller.
    pub fn text(&self, store: &mut Store) -> Result<Word> {
        let Some(block) = self.block() else {
            return Ok(Word::block(self.with(|bytes| store.text(bytes))?));
        };
        store.retain(Word::block(block));
        Ok(Word::block(block))
    }

    /// To be looked for; as long as it is counted.
    #[inline]
    pub fn key<'a>(&self) -> Key<'a> {
        let words = if self.block().is_some() { [0, self.0[1]] } else { self.0 };
        Key { words, long: self.long() }
    }

    /// The block, if it needs one.
    fn block(&self) -> Option<NonNull<Block>> {
        if self.0[1] < LONG { None } else { NonNull::new(self.0[0] as *mut Block) }
    }

    fn long<'a>(&self) -> &'a [u8] {
        self.block().map_or(&[], |block| store::at(block).text())
    }

    /// What is counted for it.
    pub fn word(&self) -> Word {
        self.block().map_or(Word::NIL, Word::block)
    }

    /// Runs something on its bytes.
    pub fn with<R>(&self, body: impl FnOnce(&[u8]) -> R) -> R {
        if self.block().is_some() {
            return body(self.long());
        }
        with_short(self.0, body)
    }

    /// How it sorts: by its bytes, a shorter one first.
    pub fn order(&self, other: &Name) -> core::cmp::Ordering {
        self.with(|bytes| other.with(|others| bytes.cmp(others)))
    }
}

/// What is in a table.
pub trait Item {
    /// Names of different spaces are different names.
    fn space(&self) -> u32 {
        0
    }
}

impl Item for u32 {}

/// One name and what it names.
pub struct Entry<V> {
    /// The name.
    pub name: Name,
    /// What it names.
    pub item: V,
}

/// A table.
pub struct Table<V> {
    entries: List<Entry<V>>,
    index: Index,
}

impl<V: Item> Table<V> {
    /// An empty one; it takes no memory.
    pub fn new(host: Host) -> Self {
        Table { entries: List::new_in(host), index: hasher(host) }
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All of them, in no order.
    pub fn entries(&self) -> &[Entry<V>] {
        &self.entries
    }

    /// Where a name is, in space 0.
    #[inline]
    pub fn find(&self, key: &Key<'_>) -> Option<usize> {
        self.find_in(0, key)
    }

    /// Where a name is.
    #[inline]
    pub fn find_in(&self, space: u32, key: &Key<'_>) -> Option<usize> {
        let is = |entry: &Entry<V>| key.is(&entry.name) && entry.item.space() == space;
        if self.index.len() == 0 {
            let [low, high] = key.words;
            // Most names are short, and not the wanted one: both words are compared at once.
            let is_same = |name: &Name| (name.0[0] ^ low) | (name.0[1] ^ high) == 0;
            let is_it = |it: &Entry<V>| is_same(&it.name) && it.item.space() == space;
            let mut entries = self.entries.iter();
            return if key.is_short() { entries.position(is_it) } else { entries.position(is) };
        }
        let at = |id: u64| self.entries.get(id as usize);
        let hash = key.hash(&self.index, space);
        self.index.find(hash, |id| at(id).is_some_and(is)).map(|id| id as usize)
    }

    /// What is at a place.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&V> {
        self.entries.get(at).map(|entry| &entry.item)
    }

    /// As `get`, to change it, but not its space.
    #[inline]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut V> {
        self.entries.get_mut(at).map(|entry| &mut entry.item)
    }

    fn hash_at(&self, at: usize) -> u64 {
        let Some(entry) = self.entries.get(at) else { return 0 };
        entry.name.key().hash(&self.index, entry.item.space())
    }

    /// Makes room for one more.
    fn make_room(&mut self) -> Result<()> {
        let len = self.entries.len();
        self.entries.make_room(1)?;
        if len < FEW {
            return Ok(());
        }
        if self.index.len() != 0 {
            return self.index.make_room();
        }
        self.index.make_room_for(len + 1)?;
        for at in 0..len {
            self.index.insert(self.hash_at(at), at as u64)?;
        }
        Ok(())
    }

    /// Adds a name that is not in the table.
    #[inline]
    pub fn insert(&mut self, store: &mut Store, key: &Key<'_>, item: V) -> Result<()> {
        self.make_room()?;
        let name = key.keep(store)?;
        let at = self.entries.len();
        self.entries.push(Entry { name, item });
        if self.index.len() != 0 {
            // Cannot fail: there is room.
            self.index.insert(self.hash_at(at), at as u64)?;
        }
        Ok(())
    }

    /// Takes out what is at a place, with its name, which is the caller's to release.
    pub fn remove(&mut self, at: usize) -> Option<Entry<V>> {
        let last = self.entries.len().checked_sub(1)?;
        if at > last {
            return None;
        }
        if self.index.len() != 0 {
            self.index.remove(self.hash_at(at), at as u64);
            if at != last {
                self.index.replace(self.hash_at(last), last as u64, at as u64);
            }
        }
        let entry = self.entries.swap_remove(at);
        if last == 0 {
            self.forget_memory();
        }
        Some(entry)
    }

    /// Takes out any one.
    #[inline]
    pub fn pop(&mut self) -> Option<Entry<V>> {
        let last = self.entries.len().checked_sub(1)?;
        if self.index.len() == 0 && self.entries.capacity() <= KEPT {
            return self.entries.pop();
        }
        self.remove(last)
    }

    fn forget_memory(&mut self) {
        let host = *self.entries.allocator();
        if self.entries.capacity() > KEPT {
            self.entries = List::new_in(host);
        }
        if self.index.bytes() != 0 {
            self.index = hasher(host);
        }
    }
}

/// Things found by a number; the number is used again when its thing is gone.
pub struct Slab<T> {
    places: List<Place<T>>,
    free: u32,
    len: usize,
}

enum Place<T> {
    Free(u32),
    Used(T),
}

/// No thing.
pub const NONE: u32 = u32::MAX;

impl<T> Slab<T> {
    /// An empty one; it takes no memory.
    pub fn new(host: Host) -> Self {
        Slab { places: List::new_in(host), free: NONE, len: 0 }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Makes room for one more.
    pub fn make_room(&mut self) -> Result<()> {
        if self.free != NONE {
            return Ok(());
        }
        if self.places.len() >= NONE as usize {
            crate::base::fail!(LIFECYCLE_E_LIMIT, "there are {NONE} things of one sort already");
        }
        self.places.make_room(1)
    }

    /// The number of the next one that is added.
    pub fn next_number(&self) -> u32 {
        if self.free != NONE { self.free } else { self.places.len() as u32 }
    }

    /// Adds one.
    pub fn insert(&mut self, thing: T) -> Result<u32> {
        self.make_room()?;
        self.len += 1;
        let at = self.free;
        if let Some(place) = self.places.get_mut(at as usize) {
            if let Place::Free(next) = *place {
                self.free = next;
            }
            *place = Place::Used(thing);
            return Ok(at);
        }
        self.places.push(Place::Used(thing));
        Ok((self.places.len() - 1) as u32)
    }

    /// One of them.
    #[inline]
    pub fn get(&self, at: u32) -> Option<&T> {
        match self.places.get(at as usize) {
            Some(Place::Used(thing)) => Some(thing),
            _ => None,
        }
    }

    /// As `get`, to change it.
    #[inline]
    pub fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        match self.places.get_mut(at as usize) {
            Some(Place::Used(thing)) => Some(thing),
            _ => None,
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, at: u32) -> Option<T> {
        let place = self.places.get_mut(at as usize)?;
        if let Place::Free(_) = place {
            return None;
        }
        let Place::Used(thing) = core::mem::replace(place, Place::Free(self.free)) else {
            return None;
        };
        self.free = at;
        self.len -= 1;
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    struct Value {
        space: u32,
        value: usize,
    }

    impl Item for Value {
        fn space(&self) -> u32 {
            self.space
        }
    }

    fn name(n: usize) -> Vec<u8> {
        // Of lengths 0 to 39, some of them alike but for their last byte.
        let mut name = vec![b'n'; n % 40];
        if let Some(last) = name.last_mut() {
            *last = n as u8;
        }
        name
    }

    proptest! {
        #[test]
        fn a_table_is_what_a_map_is(
            steps in prop::collection::vec((0usize..90, 0u32..2, 0u8..5, any::<bool>()), 1..400),
        ) {
            let failing = Failing::new();
            let mut store = Store::new(failing.host(), usize::MAX, true);
            let mut table: Table<Value> = Table::new(failing.host());
            let mut model: BTreeMap<(u32, Vec<u8>), usize> = BTreeMap::new();
            let hasher = hasher(failing.host());
            for (value, (n, space, action, fails)) in steps.into_iter().enumerate() {
                let bytes = name(n);
                let key = Key::new(&bytes, &hasher);
                prop_assert!(key.with(|other| other == bytes));
                let at = table.find_in(space, &key);
                let there = at.and_then(|at| table.get(at)).map(|it| it.value);
                prop_assert_eq!(there, model.get(&(space, bytes.clone())).copied());
                failing.countdown.set(if fails { 0 } else { -1 });
                match (at, action) {
                    (None, 0..3) => {
                        if table.insert(&mut store, &key, Value { space, value }).is_ok() {
                            model.insert((space, bytes), value);
                        } else {
                            prop_assert!(fails);
                        }
                    }
                    (Some(at), 0..3) => {
                        let entry = table.remove(at);
                        store.release(entry.map_or(Word::NIL, |entry| entry.name.word()));
                        model.remove(&(space, bytes));
                    }
                    (_, 3) => {
                        let popped = table.pop();
                        prop_assert_eq!(popped.is_none(), model.is_empty());
                        if let Some(Entry { name, item }) = popped {
                            let key = (item.space, name.with(<[u8]>::to_vec));
                            prop_assert_eq!(model.remove(&key), Some(item.value));
                            store.release(name.word());
                        }
                    }
                    _ => {}
                }
                failing.countdown.set(-1);
                prop_assert_eq!(table.len(), model.len());
                let long = model.keys().filter(|(_, name)| name.len() > SHORT).count();
                prop_assert_eq!(store.live() as usize, long);
            }
            for ((space, bytes), value) in &model {
                let at = table.find_in(*space, &Key::new(bytes, &hasher));
                let there = at.and_then(|at| table.get(at)).map(|it| it.value);
                prop_assert_eq!(there, Some(*value));
            }
            let mut names: Vec<Name> = table.entries().iter().map(|entry| entry.name).collect();
            names.sort_by(Name::order);
            let mut sorted: Vec<Vec<u8>> = model.into_keys().map(|(_, name)| name).collect();
            sorted.sort();
            let names: Vec<Vec<u8>> = names.iter().map(|it| it.with(<[u8]>::to_vec)).collect();
            prop_assert_eq!(names, sorted);
            while let Some(entry) = table.pop() {
                store.release(entry.name.word());
            }
            // An index and a large array go with the last entry.
            prop_assert!(failing.out.get() <= 1);
            drop(table);
            prop_assert_eq!(failing.out.get(), 0);
        }
    }

    #[test]
    fn an_emptied_table_takes_little_memory() {
        let failing = Failing::new();
        let mut store = Store::new(failing.host(), usize::MAX, false);
        let mut table: Table<u32> = Table::new(failing.host());
        let hasher = hasher(failing.host());
        for n in 0..100_000u32 {
            assert!(table.insert(&mut store, &Key::new(&n.to_le_bytes(), &hasher), n).is_ok());
        }
        for n in 0..100_000u32 {
            let at = table.find(&Key::new(&n.to_le_bytes(), &hasher));
            assert_eq!(at.and_then(|at| table.remove(at)).map(|entry| entry.item), Some(n));
        }
        assert_eq!((table.len(), failing.out.get()), (0, 0));
    }
}
