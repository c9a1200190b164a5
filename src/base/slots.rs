//! Ids with generations: a table that hands out 64-bit ids and never mistakes a dead one for a
//! living thing.
//!
//! An id is, from the low bits up: index (24 bits), kind (4), salt of the manager (8), generation
//! (28).
//!
//! Invariants:
//! - `.slot.gen`: a slot's generation goes up when its value is removed; a slot at the last
//!   generation is retired for ever, never wrapped, so that a stale id stays stale.
//! - `.slot.free`: removing never allocates: freed slots are chained through themselves, oldest
//!   reused first.

use super::{Error, Host, List, ListExt, Result, fail};

const INDEX_BITS: u32 = 24;
const KIND_SHIFT: u32 = INDEX_BITS;
const SALT_SHIFT: u32 = KIND_SHIFT + 4;
const GENERATION_SHIFT: u32 = SALT_SHIFT + 8;
/// Slots a table may have.
const CAPACITY: usize = 1 << INDEX_BITS;
/// A slot that reaches this generation is never used again.
const LAST_GENERATION: u32 = (1 << 28) - 1;
/// End of the chain of free slots.
const NONE: u32 = u32::MAX;

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A loaded module.
    Module = 1,
    /// A code symbol.
    Symbol = 2,
    /// A resource given with lifecycle_own.
    Resource = 3,
    /// A binding in a name table.
    Decl = 4,
    /// A file mapping.
    Mapping = 5,
    /// A code reservation.
    Reservation = 6,
    /// A weak reference of a heap.
    Weak = 7,
    /// A record that only its own room names; its ids never leave that room.
    Record = 15,
}

impl Kind {
    /// For sentences.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Module => "module",
            Kind::Symbol => "symbol",
            Kind::Resource => "resource",
            Kind::Decl => "binding",
            Kind::Mapping => "mapping",
            Kind::Reservation => "code reservation",
            Kind::Weak => "weak reference",
            Kind::Record => "record",
        }
    }
}

impl Kind {
    /// For sentences: what hands such ids out.
    fn owner(self) -> &'static str {
        if self == Kind::Weak { "heap" } else { "manager" }
    }
}

struct Slot<T> {
    generation: u32,
    next_free: u32,
    value: Option<T>,
}

/// A table of `T` by id.
pub struct Slots<T> {
    slots: List<Slot<T>>,
    oldest_free: u32,
    newest_free: u32,
    live: usize,
    kind: Kind,
    salt: u8,
    /// What all its ids have between index and generation.
    middle: u64,
}

/// The index in an id, unchecked: for side tables that a checked lookup guards.
pub fn split_index(id: u64) -> usize {
    (id & (CAPACITY as u64 - 1)) as usize
}

impl<T> Slots<T> {
    /// An empty table; `salt` tells one manager's ids from another's.
    pub fn new(host: Host, kind: Kind, salt: u8) -> Self {
        Slots {
            slots: List::new_in(host),
            oldest_free: NONE,
            newest_free: NONE,
            live: 0,
            kind,
            salt,
            middle: (kind as u64) << KIND_SHIFT | u64::from(salt) << SALT_SHIFT,
        }
    }

    /// Live values.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Makes room so that the next `insert` cannot fail.
    pub fn make_room(&mut self) -> Result<()> {
        if self.oldest_free != NONE {
            return Ok(());
        }
        if self.slots.len() >= CAPACITY {
            fail!(LIFECYCLE_E_LIMIT, "there are {CAPACITY} {}s already", self.kind.noun());
        }
        self.slots.make_room(1)
    }

    /// The id of the value at `index` when the slot is of this generation.
    fn id(&self, index: usize, generation: u32) -> u64 {
        index as u64 | self.middle | u64::from(generation) << GENERATION_SHIFT
    }

    /// Stores a value and names it.
    pub fn insert(&mut self, value: T) -> Result<u64> {
        self.make_room()?;
        let index = self.oldest_free;
        self.live += 1;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            self.oldest_free = slot.next_free;
            if self.oldest_free == NONE {
                self.newest_free = NONE;
            }
            slot.value = Some(value);
            let generation = slot.generation;
            return Ok(self.id(index as usize, generation));
        }
        self.slots.push(Slot { generation: 1, next_free: NONE, value: Some(value) });
        Ok(self.id(self.slots.len() - 1, 1))
    }

    /// The live value's index, or why the id names none.
    fn resolve(&self, id: u64) -> Result<usize> {
        let index = split_index(id);
        match self.slots.get(index) {
            Some(Slot { generation, value: Some(_), .. }) if self.id(index, *generation) == id => {
                Ok(index)
            }
            _ => Err(self.reject(id)),
        }
    }

    #[cold]
    fn reject(&self, id: u64) -> Error {
        use crate::abi::lifecycle_status::*;
        let noun = self.kind.noun();
        let kind = (id >> KIND_SHIFT & 0xF) as u8;
        let salt = (id >> SALT_SHIFT & 0xFF) as u8;
        let generation = (id >> GENERATION_SHIFT) as u32;
        let slot = self.slots.get(split_index(id));
        if id == 0 {
            Error::new(LIFECYCLE_E_INVALID, format_args!("0 is not a {noun}"))
        } else if kind != self.kind as u8
            && kind != 0
            && (kind <= Kind::Reservation as u8 || kind == Kind::Record as u8)
        {
            Error::new(LIFECYCLE_E_TYPE, format_args!("id {id:#x} is not a {noun}'s"))
        } else if kind != self.kind as u8 || salt != self.salt {
            Error::new(
                LIFECYCLE_E_INVALID,
                format_args!("{noun} {id:#x} is not of this {}", self.kind.owner()),
            )
        } else {
            // A generation the slot has not reached yet, or had when it was live, was never handed
            // out and lost.
            match slot {
                Some(slot) if generation != 0 && generation < slot.generation => {
                    Error::new(LIFECYCLE_E_STALE, format_args!("{noun} {id:#x} is gone"))
                }
                _ => Error::new(
                    LIFECYCLE_E_INVALID,
                    format_args!("{noun} {id:#x} was never handed out"),
                ),
            }
        }
    }

    /// The value an id names.
    pub fn get(&self, id: u64) -> Result<&T> {
        let index = split_index(id);
        match self.slots.get(index) {
            Some(Slot { generation, value: Some(value), .. })
                if self.id(index, *generation) == id =>
            {
                Ok(value)
            }
            _ => Err(self.reject(id)),
        }
    }

    /// The value an id names, to change.
    pub fn get_mut(&mut self, id: u64) -> Result<&mut T> {
        let index = self.resolve(id)?;
        match self.slots.get_mut(index).and_then(|slot| slot.value.as_mut()) {
            Some(value) => Ok(value),
            None => fail!(LIFECYCLE_E_INVALID, "id {id:#x} names nothing"),
        }
    }

    /// Takes the value out; its id is stale from now on.
    pub fn remove(&mut self, id: u64) -> Result<T> {
        let index = self.resolve(id)?;
        let newest = self.newest_free;
        let Some(slot) = self.slots.get_mut(index) else {
            fail!(LIFECYCLE_E_INVALID, "id {id:#x} names nothing");
        };
        let Some(value) = slot.value.take() else {
            fail!(LIFECYCLE_E_INVALID, "id {id:#x} names nothing");
        };
        slot.generation += 1;
        slot.next_free = NONE;
        let reusable = slot.generation < LAST_GENERATION;
        self.live -= 1;
        if reusable {
            if let Some(last) = self.slots.get_mut(newest as usize) {
                last.next_free = index as u32;
            } else {
                self.oldest_free = index as u32;
            }
            self.newest_free = index as u32;
        }
        Ok(value)
    }

    /// Every live value with its id.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, _)| self.at(index))
    }

    /// The live value at an index, with its id: for side tables that are kept in step.
    pub fn at(&self, index: usize) -> Option<(u64, &T)> {
        let Slot { generation, value, .. } = self.slots.get(index)?;
        Some((self.id(index, *generation), value.as_ref()?))
    }

    /// The id of the next live value after the place that `last` names, then around to that place
    /// itself; `last` need not be live. Who goes on from each answer passes every place once.
    pub fn next_after(&self, last: u64) -> Option<u64> {
        let (places, start) = (self.slots.len(), split_index(last) + 1);
        let around = (start..places).chain(0..start.min(places));
        around.into_iter().find_map(|index| self.at(index)).map(|(id, _)| id)
    }

    /// Bytes of bookkeeping.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lifecycle_status::*;

    fn status<T>(result: Result<T>) -> crate::abi::lifecycle_status {
        result.err().map_or(LIFECYCLE_OK, |error| error.0)
    }

    #[test]
    fn stale_foreign_forged_and_other_kinds_are_told_apart() {
        let mut slots = Slots::new(Host::libc(), Kind::Symbol, 7);
        let mut others = Slots::new(Host::libc(), Kind::Symbol, 8);
        let mut modules = Slots::new(Host::libc(), Kind::Module, 7);
        let id = slots.insert("a").ok().unwrap_or(0);
        let foreign = others.insert("b").ok().unwrap_or(0);
        let module = modules.insert("c").ok().unwrap_or(0);
        assert_eq!(slots.get(id).ok(), Some(&"a"));
        assert_eq!(status(slots.get(0)), LIFECYCLE_E_INVALID);
        assert_eq!(status(slots.get(foreign)), LIFECYCLE_E_INVALID);
        assert_eq!(status(slots.get(module)), LIFECYCLE_E_TYPE);
        assert_eq!(status(slots.get(id + 1)), LIFECYCLE_E_INVALID);
        assert_eq!(status(slots.get(id + (1 << GENERATION_SHIFT))), LIFECYCLE_E_INVALID);
        assert_eq!(slots.remove(id).ok(), Some("a"));
        assert_eq!(status(slots.get(id)), LIFECYCLE_E_STALE);
        assert_eq!(status(slots.remove(id)), LIFECYCLE_E_STALE);
        let again = slots.insert("d").ok().unwrap_or(0);
        assert_eq!(split_index(again), split_index(id));
        assert_eq!(status(slots.get(id)), LIFECYCLE_E_STALE);
        assert_eq!(slots.get(again).ok(), Some(&"d"));
        let last = slots.insert("e").ok().unwrap_or(0);
        assert_eq!((slots.next_after(again), slots.next_after(last)), (Some(last), Some(again)));
        assert_eq!(slots.remove(again).ok(), Some("d"));
        assert_eq!((slots.next_after(again), slots.next_after(last)), (Some(last), Some(last)));
    }

    #[test]
    fn a_slot_at_its_last_generation_is_retired() {
        let mut slots = Slots::new(Host::libc(), Kind::Symbol, 7);
        let first = slots.insert(0).ok().unwrap_or(0);
        if let Some(slot) = slots.slots.get_mut(0) {
            slot.generation = LAST_GENERATION - 1;
        }
        let last = slots.id(0, LAST_GENERATION - 1);
        assert_eq!(slots.remove(last).ok(), Some(0));
        let next = slots.insert(1).ok().unwrap_or(0);
        assert_ne!(split_index(next), split_index(first));
        assert_eq!(status(slots.get(last)), LIFECYCLE_E_STALE);
    }
}
