//! Scratch values: what a handle's slot and the object behind it look like.
//!
//! A slot is 32 bytes: the text, if there is one by now, and the payload. A text is all of a string
//! and comes with the slot; numbers are the payload; everything else has an object in the arena of
//! the scope that the handle was made in, or is wrapped: then the payload is a persistent block,
//! which is looked at in place until something is to be changed.
//!
//! Elements are words (`word.rs`): a slot's position (so a change of the element is seen in the
//! list), a persistent block, or a number.
//!
//! Invariants:
//! - `.scratch.object`: an object lies in the arena of its slot's level, and goes with it; nothing
//!   of a deeper level is ever stored in it (`keep_level` in `convert.rs`), and no deeper level's
//!   arena holds memory of it.
//! - `.scratch.items`: words, patches and bytes of an object lie in the arena with it, as many as
//!   it says.
//! - `.scratch.cells`: objects are reached through shared references alone; what changes in them is
//!   in cells. So two names of one object do no harm.
//! - `.scratch.text`: a slot's own text never changes: `text_len` is not 0 only where that holds,
//!   so that C may read it inline. A list or dict that can change has the length of its text in
//!   its object (`Shared`), and 0 in the slot. That text is right if nothing below it was changed
//!   after it was made; whether anything was is known at once while the clock stands still, and
//!   has to be looked at otherwise (`text.rs`).
//! - `.scratch.growth`: texts that grow share memory. The bytes up to `used` never change; whose
//!   text ends right there may write behind it, and then a longer one ends there. A NUL stands at
//!   `used`; it is counted as used once somebody was promised that it stays.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use super::store::{self, Block, Kind};
use super::word::Word;
use crate::abi::*;

/// Bits of `lifecycle_slot.kind` that are the kind.
const KIND: u32 = 0xff;
/// The payload is a persistent block, not an object. (A string's payload is always a block or 0:
/// its persistent twin.)
const WRAPPED: u32 = 0x100;
/// The text is what the list or dict was made from: it is kept with it, even if the same list
/// would be written otherwise.
const ORIGINAL: u32 = 0x200;
/// A NUL follows the text, and always will.
const ENDED: u32 = 0x400;
/// A `Growth` stands before the text.
const GROWING: u32 = 0x800;
/// What of a slot goes with its text.
const OF_TEXT: u32 = ORIGINAL | ENDED | GROWING;

/// A slot, as the library sees it.
pub type Slot = lifecycle_slot;

/// The text of nothing.
pub const EMPTY: &[u8; 1] = b"\0";

/// What a slot is.
pub trait SlotExt: Sized {
    /// A slot of a kind.
    fn new(kind: c_int, payload: u64) -> Self;
    /// A string; the bytes live as long as the slot, and a NUL follows them.
    fn string(text: &[u8]) -> Self;
    /// A string that is a part of another text, so that no NUL follows it.
    fn piece(text: &[u8]) -> Self;
    /// A string that may grow: a `Growth` stands before it (`.scratch.growth`).
    fn growing(text: &[u8]) -> Self;
    /// A persistent value in place.
    fn wrapped(block: NonNull<Block>) -> Self;
    /// Its kind: `LIFECYCLE_...`.
    fn kind(&self) -> c_int;
    /// The persistent block that it is in all its parts, if it is one.
    fn as_wrapped(&self) -> Option<NonNull<Block>>;
    /// The same, if it is a list, dict or foreign thing, of this kind, and wrapped.
    fn wrapped_as(&self, kind: c_int) -> Option<NonNull<Block>>;
    /// Its text, if there is one; whether that is up to date is another question.
    fn text(&self) -> Option<&[u8]>;
    /// Its text, if it has one that never changes and is not empty.
    fn own_text(&self) -> Option<&[u8]>;
    /// What a list or dict that is not wrapped has in common with others.
    fn shared(&self) -> Option<&Shared>;
    /// Gives it a text; the bytes live as long as the slot, and a NUL follows them. Whoever gives
    /// it to a list or dict that can change says when it was made, too (`Shared::made_at`).
    fn set_text(&mut self, text: &[u8]);
    /// Whether a NUL follows the text for good.
    fn is_ended(&self) -> bool;
    /// A NUL follows the text for good from now on.
    fn set_ended(&mut self);
    /// How a text that may grow has grown by now.
    fn growth(&self) -> Option<&Growth>;
    /// Whether the text is what it was made from.
    fn is_original(&self) -> bool;
    /// See `is_original`.
    fn set_original(&mut self, is_original: bool);
    /// Its list, dict, foreign thing or builder, if it is not wrapped and of that kind.
    fn object<T: Object>(&self) -> Option<&T>;
    /// Becomes an object of its own: `T`'s kind, not wrapped; the text stays, and is as old as the
    /// object.
    fn become_object<T: Object>(&mut self, object: NonNull<T>);
}

/// An object in the arena.
pub trait Object {
    /// The kind of slot that has it as its payload.
    const KIND: c_int;

    /// What it has in common with others, if it is a list or dict.
    fn shared(&self) -> Option<&Shared> {
        None
    }
}

impl SlotExt for Slot {
    fn new(kind: c_int, payload: u64) -> Self {
        Slot { text: ptr::null(), text_len: 0, payload, kind: kind as u32, stamp: 0 }
    }

    fn string(text: &[u8]) -> Self {
        let slot = Slot::piece(text);
        Slot { kind: slot.kind | ENDED, ..slot }
    }

    fn piece(text: &[u8]) -> Self {
        let kind = LIFECYCLE_STRING as u32;
        Slot { text: text.as_ptr(), text_len: text.len(), payload: 0, kind, stamp: 0 }
    }

    fn growing(text: &[u8]) -> Self {
        let slot = Slot::piece(text);
        Slot { kind: slot.kind | GROWING, ..slot }
    }

    fn wrapped(block: NonNull<Block>) -> Self {
        let header = store::at(block);
        let payload = block.as_ptr() as u64;
        match header.kind() {
            // The beginning of something that grows ends when somebody asks (`growing.rs`).
            Kind::Text if header.words().is_empty() => {
                Slot { payload, ..Slot::string(header.text()) }
            }
            Kind::Text => Slot { payload, ..Slot::piece(header.text()) },
            Kind::Int => Slot::new(LIFECYCLE_INT, header.number()),
            Kind::Double => Slot::new(LIFECYCLE_DOUBLE, header.number()),
            Kind::List => Slot::new(LIFECYCLE_LIST | WRAPPED as c_int, payload),
            Kind::Dict => Slot::new(LIFECYCLE_DICT | WRAPPED as c_int, payload),
            Kind::Foreign => {
                let mut slot = Slot::new(LIFECYCLE_FOREIGN | WRAPPED as c_int, payload);
                let text = header.words().get(1).and_then(|word| word.as_block());
                slot.set_text(text.map_or(b"", |text| store::at(text).text()));
                slot
            }
            // No value is a part of one.
            Kind::Part => Slot::new(LIFECYCLE_NIL, 0),
        }
    }

    fn kind(&self) -> c_int {
        (self.kind & KIND) as c_int
    }

    fn as_wrapped(&self) -> Option<NonNull<Block>> {
        if self.kind & WRAPPED != 0 || self.kind() == LIFECYCLE_STRING {
            NonNull::new(self.payload as *mut Block)
        } else {
            None
        }
    }

    #[inline]
    fn wrapped_as(&self, kind: c_int) -> Option<NonNull<Block>> {
        if self.kind & (KIND | WRAPPED) != kind as u32 | WRAPPED {
            return None;
        }
        NonNull::new(self.payload as *mut Block)
    }

    fn text(&self) -> Option<&[u8]> {
        if self.text.is_null() {
            return None;
        }
        let len = self.shared().map_or(self.text_len, |shared| shared.text_len.get());
        // SAFETY: `.scratch.object` - texts live as long as their slot: they are in the arena of
        // its level, or in a block that waits for that level; `.scratch.text` has the length.
        Some(unsafe { core::slice::from_raw_parts(self.text, len) })
    }

    #[inline]
    fn own_text(&self) -> Option<&[u8]> {
        if self.text_len == 0 {
            return None;
        }
        // SAFETY: `.scratch.text`, and as in `text`.
        Some(unsafe { core::slice::from_raw_parts(self.text, self.text_len) })
    }

    fn shared(&self) -> Option<&Shared> {
        match self.kind() {
            LIFECYCLE_LIST => self.object::<ListObject>().and_then(Object::shared),
            LIFECYCLE_DICT => self.object::<DictObject>().and_then(Object::shared),
            _ => None,
        }
    }

    fn set_text(&mut self, text: &[u8]) {
        let in_object = self.shared().map(|shared| shared.text_len.set(text.len()));
        self.text = text.as_ptr();
        self.text_len = if in_object.is_some() { 0 } else { text.len() };
        self.kind = self.kind & !GROWING | ENDED;
    }

    fn is_ended(&self) -> bool {
        self.kind & ENDED != 0
    }

    fn set_ended(&mut self) {
        self.kind |= ENDED;
    }

    fn growth(&self) -> Option<&Growth> {
        if self.kind & GROWING == 0 {
            return None;
        }
        // SAFETY: `.scratch.growth` - it stands before the text.
        unsafe { self.text.cast::<Growth>().wrapping_sub(1).as_ref() }
    }

    fn is_original(&self) -> bool {
        self.kind & ORIGINAL != 0
    }

    fn set_original(&mut self, is_original: bool) {
        self.kind = if is_original { self.kind | ORIGINAL } else { self.kind & !ORIGINAL };
    }

    #[inline]
    fn object<T: Object>(&self) -> Option<&T> {
        if self.kind & (KIND | WRAPPED) != T::KIND as u32 {
            return None;
        }
        // SAFETY: `.scratch.object`, `.scratch.cells` - a slot of this kind that is not wrapped has
        // such an object.
        unsafe { (self.payload as *const T).as_ref() }
    }

    fn become_object<T: Object>(&mut self, object: NonNull<T>) {
        let len = self.text().map_or(0, <[u8]>::len);
        self.payload = object.as_ptr() as u64;
        self.kind = T::KIND as u32 | self.kind & OF_TEXT;
        if let Some(shared) = self.shared() {
            shared.text_len.set(len);
            self.text_len = 0;
        }
    }
}

/// What stands before a text that may grow (`.scratch.growth`).
#[repr(C, align(16))]
pub struct Growth {
    /// Bytes of room behind it, one of them for a NUL.
    pub room: usize,
    /// Bytes that somebody's text has; one more if the NUL behind stays.
    pub used: Cell<usize>,
}

/// Words in the arena, with room at both ends.
#[derive(Clone, Copy)]
pub struct Items {
    /// Where the room begins.
    pub at: *mut Word,
    /// Words of room.
    pub room: usize,
    /// Where the first item is, counted from `at`.
    pub first: usize,
    /// How many there are.
    pub len: usize,
}

impl Items {
    /// None, and no room.
    pub const EMPTY: Items = Items { at: ptr::null_mut(), room: 0, first: 0, len: 0 };
}

/// Elements that a wrapped list or dict has in place of those of its block: position to word. A
/// small table in the arena; see `patches.rs`.
#[derive(Clone, Copy)]
pub struct Patches {
    /// Slots, a power of two of them, or NULL.
    pub at: *mut (u64, Word),
    /// How many slots.
    pub room: usize,
    /// How many are used.
    pub len: usize,
}

impl Patches {
    /// None.
    pub const EMPTY: Patches = Patches { at: ptr::null_mut(), room: 0, len: 0 };
}

/// A list: `count` elements of a block from `first` on, with patches over them, and then items of
/// its own. A list that was never persistent has no block.
pub struct ListObject {
    /// The block, or NULL.
    pub base: Cell<*mut Block>,
    /// The first element of it that is in the list.
    pub first: Cell<usize>,
    /// How many are.
    pub count: Cell<usize>,
    /// Elements in place of the block's, by their position in the block: those that were set, and
    /// lists and dicts that a handle names (they may be changed in place).
    pub patches: Cell<Patches>,
    /// What follows the block's elements.
    pub items: Cell<Items>,
    /// What is common to lists and dicts.
    pub shared: Shared,
}

/// A dict. `entries` are what it has beside its block: a key and a value, side by side; a removed
/// one is nil and nil. `index` finds them.
pub struct DictObject {
    /// The block, or NULL.
    pub base: Cell<*mut Block>,
    /// Values in place of the block's, by position; nil = the entry was removed.
    pub patches: Cell<Patches>,
    /// Entries of the block that were removed.
    pub removed: Cell<usize>,
    /// Keys and values that the block does not have: key, value, key, value.
    pub entries: Cell<Items>,
    /// Entries among them that were removed.
    pub gone: Cell<usize>,
    /// From hash to entry, for many entries.
    pub index: Cell<Patches>,
    /// So many of the block's entries that are in the dict stand before such a position.
    pub base_cursor: Cell<(usize, usize)>,
    /// So many of its own entries stand before such a place.
    pub own_cursor: Cell<(usize, usize)>,
    /// What is common to lists and dicts.
    pub shared: Shared,
}

/// What lists and dicts have in common for being kept.
#[derive(Clone)]
pub struct Shared {
    /// Something was changed in place since it was made, wrapped or kept, in the list or dict
    /// itself: elements came, went or were set. A part of a list that has a block is changed from
    /// the start: it is not what the block is.
    pub is_changed: Cell<bool>,
    /// An element may be, or may become, a list or dict that a handle names.
    pub is_nested: Cell<bool>,
    /// It is being kept right now: met again on the way down, it is a cycle.
    pub is_on_path: Cell<bool>,
    /// The block that it was kept as last; not counted, but stamped with the level of the slot.
    pub kept: Cell<Word>,
    /// The clock then: nothing was changed in place since if it is still the same.
    pub kept_at: Cell<u64>,
    /// Bytes of its text (`.scratch.text`).
    pub text_len: Cell<usize>,
    /// The clock when its text was made.
    pub made_at: Cell<u64>,
    /// The clock when its text was last found to be right.
    pub checked_at: Cell<u64>,
    /// The clock when the list or dict itself was last changed, or anything below it as far as is
    /// known.
    pub changed_at: Cell<u64>,
}

impl Shared {
    /// Of a copy.
    pub fn copy(&self) -> Self {
        Shared { is_on_path: Cell::new(false), ..self.clone() }
    }

    /// Of a new object, made at this time.
    pub fn new(clock: u64) -> Self {
        Shared {
            is_changed: Cell::new(false),
            is_nested: Cell::new(false),
            is_on_path: Cell::new(false),
            kept: Cell::new(Word::NIL),
            kept_at: Cell::new(0),
            text_len: Cell::new(0),
            made_at: Cell::new(clock),
            checked_at: Cell::new(clock),
            changed_at: Cell::new(0),
        }
    }

    /// The list or dict itself has changed: `clock` is what `State::touch` gave.
    pub fn change(&self, clock: u64) {
        self.is_changed.set(true);
        self.changed_at.set(clock);
    }
}

/// A foreign thing that a handle owns: released when the handle's level is dropped.
pub struct ForeignObject {
    /// The host's; NULL once it was released.
    pub pointer: Cell<*mut c_void>,
    /// The block that it was kept as; not counted, but stamped with the level of the slot.
    pub kept: Cell<Word>,
    /// Its type's name, NUL-terminated.
    pub type_name: *const u8,
    /// Bytes of it.
    pub type_len: usize,
    /// The one made before it, at the same level.
    pub older: *const ForeignObject,
}

/// A text in the making: bytes in the arena.
pub struct BuilderObject {
    /// Where the room begins.
    pub at: Cell<*mut u8>,
    /// Bytes of room, one of them for the NUL.
    pub room: Cell<usize>,
    /// Bytes written.
    pub len: Cell<usize>,
}

impl Object for ListObject {
    const KIND: c_int = LIFECYCLE_LIST;

    fn shared(&self) -> Option<&Shared> {
        Some(&self.shared)
    }
}
impl Object for DictObject {
    const KIND: c_int = LIFECYCLE_DICT;

    fn shared(&self) -> Option<&Shared> {
        Some(&self.shared)
    }
}
impl Object for ForeignObject {
    const KIND: c_int = LIFECYCLE_FOREIGN;
}
impl Object for BuilderObject {
    const KIND: c_int = LIFECYCLE_BUILDER;
}

impl Items {
    /// The `n`-th.
    #[inline]
    pub fn get(&self, n: usize) -> Option<Word> {
        if n >= self.len {
            return None;
        }
        // SAFETY: `.scratch.items` - the room is the object's, and holds `len` words from `first`.
        Some(unsafe { self.at.add(self.first + n).read() })
    }

    /// All of them.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Word> {
        (0..self.len).filter_map(move |n| self.get(n))
    }
}

impl Patches {
    /// What stands in an unused place of the table, instead of a position.
    pub const UNUSED: u64 = u64::MAX;

    /// All of them, in no order: position and word.
    pub fn iter(self) -> impl Iterator<Item = (usize, Word)> {
        let used = (0..self.room).filter_map(move |n| self.place(n));
        used.filter(|(at, _)| *at != Self::UNUSED).map(|(at, word)| (at as usize, word))
    }

    /// The word in the `n`-th place of the table; nil where it is unused.
    pub fn nth(&self, n: usize) -> Option<Word> {
        self.place(n).map(|(_, word)| word)
    }

    fn place(&self, n: usize) -> Option<(u64, Word)> {
        if n >= self.room {
            return None;
        }
        // SAFETY: `.scratch.items` - the table is the object's, and has `room` places.
        Some(unsafe { self.at.add(n).read() })
    }
}

impl ForeignObject {
    /// Its type's name.
    pub fn type_name(&self) -> &[u8] {
        // SAFETY: `.scratch.object` - the bytes lie in the arena with the object.
        unsafe { core::slice::from_raw_parts(self.type_name, self.type_len) }
    }
}

impl BuilderObject {
    /// What was written by now.
    pub fn bytes(&self) -> &[u8] {
        if self.at.get().is_null() {
            return &[];
        }
        // SAFETY: `.scratch.object` - the room is the object's, and `len` bytes of it were written.
        unsafe { core::slice::from_raw_parts(self.at.get(), self.len.get()) }
    }
}
