//! Each name once: where its record is, and how many bindings refer to it.
//!
//! A language runtime binds the same few names from many modules, so a name's bytes are kept once
//! and its bindings refer to it. Names of different kinds are different names, whatever their
//! bytes. What readers see of a name is in the tables (`tables.rs`); what only the writer needs of
//! it stands here, in the host's memory, one entry for each unit.
//!
//! Invariants:
//! - `.name.once`: no two records have the same kind and bytes, and the index holds exactly the
//!   records.
//! - `.name.uses`: a record lives as long as a binding refers to it, staged or not; the last one to
//!   go takes it along.
//! - `.name.units`: every unit below `used` is a record, holds a piece of one record's text, or is
//!   on the chain of free units.
//!
//! It does not know what a binding is; the order of a name's bindings is kept by the bindings
//! themselves.

use super::record::{Answer, Key};
use super::tables::Tables;
use crate::base::{Host, List, ListExt, Result, fail, prefetch};

/// What the writer knows of a unit.
#[derive(Clone, Copy, Default)]
struct Entry {
    hash: u64,
    /// Bindings that refer to the record.
    uses: u32,
    /// The next free unit; 0 = none.
    next_free: u32,
}

/// Every name of every kind.
pub(super) struct Store {
    tables: &'static Tables,
    /// Of each unit that was ever used; that of unit 0 stands for nothing.
    entries: List<Entry>,
    free: u32,
    free_count: usize,
    len: usize,
}

impl Store {
    pub fn new(host: Host, tables: &'static Tables) -> Self {
        Store { tables, entries: List::new_in(host), free: 0, free_count: 0, len: 0 }
    }

    fn key<'a>(kind: u32, bytes: &'a [u8]) -> Result<Key<'a>> {
        match Key::new(kind, bytes) {
            Some(key) => Ok(key),
            None => fail!(LIFECYCLE_E_TOO_BIG, "a name of {} bytes is too long", bytes.len()),
        }
    }

    /// The record of a name that has one.
    pub fn find(&self, kind: u32, bytes: &[u8]) -> Option<u32> {
        let key = Key::new(kind, bytes)?;
        self.tables.find(self.tables.hash(&key), &key)
    }

    fn entry(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize)
    }

    /// Counts one more use of a name, making its record if there is none. On failure nothing has
    /// changed.
    pub fn take(&mut self, kind: u32, bytes: &[u8]) -> Result<u32> {
        let key = Self::key(kind, bytes)?;
        let hash = self.tables.hash(&key);
        if let Some(number) = self.tables.find(hash, &key) {
            if let Some(entry) = self.entry(number) {
                entry.uses += 1;
            }
            return Ok(number);
        }
        let units = 1 + key.further();
        self.make_room(units)?;
        self.tables.make_room(self.len)?;
        let number = self.take_unit();
        let mut last = number;
        for _ in 1..units {
            let further = self.take_unit();
            if let Some(entry) = self.entry(last) {
                // Until the text is written, what it goes on in is chained as free units are.
                entry.next_free = further;
            }
            last = further;
        }
        if let Some(unit) = self.tables.unit(number) {
            let mut at = number;
            let next = core::iter::from_fn(|| {
                at = self.entries.get(at as usize)?.next_free;
                Some((at, self.tables.unit(at)?))
            });
            unit.name(&key, next.take(units - 1));
        }
        if let Some(entry) = self.entry(number) {
            (entry.hash, entry.uses) = (hash, 1);
        }
        if let Some(index) = self.tables.index() {
            index.insert(hash, number);
        }
        self.len += 1;
        Ok(number)
    }

    /// Makes room for so many more units.
    fn make_room(&mut self, units: usize) -> Result<()> {
        let fresh = units.saturating_sub(self.free_count);
        if fresh == 0 {
            return Ok(());
        }
        let used = self.entries.len().max(1);
        self.tables.commit(used + fresh)?;
        self.entries.make_room(fresh + 1)?;
        if self.entries.is_empty() {
            self.entries.push(Entry::default());
        }
        Ok(())
    }

    /// A unit; there is room for one.
    fn take_unit(&mut self) -> u32 {
        let number = self.free;
        if number == 0 {
            self.entries.push(Entry::default());
            return self.entries.len() as u32 - 1;
        }
        self.free_count -= 1;
        self.free = self.entry(number).map_or(0, |entry| core::mem::take(&mut entry.next_free));
        number
    }

    fn give_unit(&mut self, number: u32) {
        let next_free = core::mem::replace(&mut self.free, number);
        self.free_count += 1;
        if let Some(entry) = self.entry(number) {
            *entry = Entry { next_free, ..Entry::default() };
        }
    }

    /// Whether only one binding refers to a name.
    pub fn is_last_use(&self, number: u32) -> bool {
        self.entries.get(number as usize).is_some_and(|entry| entry.uses == 1)
    }

    /// Takes one use back; the record goes with its last use. Never allocates.
    pub fn give_back(&mut self, number: u32) {
        let Some(entry) = self.entry(number) else { return };
        entry.uses -= 1;
        if entry.uses != 0 {
            return;
        }
        let hash = entry.hash;
        if let Some(index) = self.tables.index() {
            index.remove(hash, number);
        }
        self.len -= 1;
        let Some(unit) = self.tables.unit(number) else { return };
        let (mut more, mut link) = (unit.further(), unit.link());
        unit.clear();
        self.give_unit(number);
        while let (1.., Some(unit)) = (more, self.tables.unit(link)) {
            self.give_unit(link);
            (more, link) = (more - 1, unit.link());
        }
    }

    /// What lookups answer.
    pub fn answer(&self, number: u32) -> Answer {
        self.tables.unit(number).map_or([0; 4], |unit| unit.answered())
    }

    /// Changes what lookups answer.
    pub fn set_answer(&self, number: u32, answer: &Answer) {
        if let Some(unit) = self.tables.unit(number) {
            unit.answer(answer);
        }
    }

    /// Bytes of a name's text.
    pub fn text_len(&self, number: u32) -> usize {
        self.tables.unit(number).map_or(0, |unit| unit.len())
    }

    /// Hands out a name's text piece by piece.
    pub fn text(&self, number: u32, piece: impl FnMut(&[u8])) {
        if let Some(unit) = self.tables.unit(number) {
            unit.text(|number| self.tables.unit(number), piece);
        }
    }

    /// Brings near what giving a name back will look at.
    pub fn prefetch(&self, number: u32) {
        if let Some(entry) = self.entries.get(number as usize) {
            self.tables.prefetch(entry.hash);
        }
        if let Some(unit) = self.tables.unit(number) {
            prefetch((&raw const *unit).cast());
        }
    }

    /// Names that are bound or staged.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn len(&self) -> usize {
        self.len
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.tables.bytes() + self.entries.capacity() * size_of::<Entry>()
    }
}
