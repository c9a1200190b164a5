//! Words in the arena with room at both ends: what a list or dict has beside its block.
//!
//! Room doubles, so that pushing at either end is a few stores, on the average of many; what is
//! taken from one end makes room at the other, where half of it is free. The last allocation of an
//! arena is extended where it is.
//!
//! Invariants:
//! - `.items.room`: `room` words at `at` are the items' own, in the arena of their list's level;
//!   those at `first..first + len` were written, and `first + len <= room`.
//! - `.items.copy`: `Items` are copied out of their object, changed and put back; whoever made room
//!   puts them back whatever comes after, for words may have moved.
//!
//! It does not know what the words mean.

use core::cell::Cell;
use core::ptr::NonNull;

use super::scratch::Items;
use super::word::Word;
use crate::arena::Arena;
use crate::base::{Error, Result};

const ALIGN: usize = 16;
/// Words of the smallest room.
const FEWEST: usize = 4;

fn bytes(words: usize) -> Result<usize> {
    let bytes = words.checked_mul(size_of::<Word>()).filter(|bytes| *bytes <= isize::MAX as usize);
    bytes.ok_or_else(|| Error::no_memory("elements"))
}

fn allocate(arena: &Arena, words: usize) -> Result<NonNull<Word>> {
    Ok(arena.alloc(bytes(words)?, ALIGN)?.cast())
}

impl Items {
    /// None yet, with room for so many.
    pub fn with_room(arena: &Arena, room: usize) -> Result<Items> {
        if room == 0 {
            return Ok(Items::EMPTY);
        }
        Ok(Items { at: allocate(arena, room)?.as_ptr(), room, first: 0, len: 0 })
    }

    fn place(&self, i: usize) -> *mut Word {
        self.at.wrapping_add(self.first + i)
    }

    /// All of them; they are in cells, for whoever has a copy of the items may change them.
    pub fn cells<'a>(&self) -> &'a [Cell<Word>] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: `.items.room` - they were written, and live as long as the list; a cell is laid
        // out like what is in it, and nobody has references but to cells.
        unsafe { core::slice::from_raw_parts(self.place(0).cast(), self.len) }
    }

    /// Puts another one in its place, if there is one.
    #[inline]
    pub fn set(&self, i: usize, word: Word) {
        if i < self.len {
            // SAFETY: `.items.room`.
            unsafe { self.place(i).write(word) };
        }
    }

    /// Makes room for so many more at either end. On failure nothing has changed.
    #[inline]
    pub fn make_room(&mut self, arena: &Arena, front: usize, back: usize) -> Result<()> {
        if front <= self.first && back <= self.room - self.first - self.len {
            return Ok(());
        }
        self.find_room(arena, front, back)
    }

    #[cold]
    #[inline(never)]
    fn find_room(&mut self, arena: &Arena, front: usize, back: usize) -> Result<()> {
        let needed = front.checked_add(back).and_then(|more| more.checked_add(self.len));
        let needed = needed.ok_or_else(|| Error::no_memory("elements"))?;
        let is_sliding = needed <= self.room / 2;
        let grown = needed.max(self.room.saturating_mul(2)).max(FEWEST);
        let room = if is_sliding { self.room } else { grown };
        // A list that only grows at its end has no room in front; else both ends get a part of it.
        let spare = room - needed;
        let first = match (front, self.first) {
            (0, 0) => 0,
            (0, _) => spare / 4,
            _ => front + spare - spare / 4,
        };
        if !is_sliding {
            if (first, self.first) == (0, 0)
                && let Some(at) = NonNull::new(self.at)
            {
                let at = arena.grow(at.cast(), bytes(self.room)?, bytes(room)?)?;
                (self.at, self.room) = (at.cast().as_ptr(), room);
                return Ok(());
            }
            let at = allocate(arena, room)?.as_ptr();
            let words = Items { at, room, first, len: self.len };
            words.write(0, self.cells());
            *self = words;
            return Ok(());
        }
        self.shift(0, self.len, first);
        self.first = first;
        Ok(())
    }

    /// Copies words to where `i` is; there is room.
    fn write(&self, i: usize, words: &[Cell<Word>]) {
        // SAFETY: `.items.room` - the caller made room; the words are not among these, or else
        // `copy` copes.
        unsafe { self.place(i).copy_from(words.as_ptr().cast(), words.len()) };
    }

    /// Moves `count` words from `i` on to the place `to` of the room.
    fn shift(&self, i: usize, count: usize, to: usize) {
        if count != 0 {
            // SAFETY: `.items.room` - the caller made room there; the places may overlap.
            unsafe { self.at.wrapping_add(to).copy_from(self.place(i), count) };
        }
    }

    /// Appends one, if there is room.
    #[inline]
    pub fn push(&mut self, word: Word) {
        if self.first + self.len < self.room {
            // SAFETY: `.items.room` - there is room for one more.
            unsafe { self.place(self.len).write(word) };
            self.len += 1;
        }
    }

    /// Puts one in front, if there is room.
    #[inline]
    pub fn push_front(&mut self, word: Word) {
        if self.first > 0 {
            self.first -= 1;
            self.len += 1;
            self.set(0, word);
        }
    }

    /// Drops some from the front.
    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len);
        self.first += count;
        self.len -= count;
    }

    /// Drops some from the back.
    pub fn drop_back(&mut self, count: usize) {
        self.len -= count.min(self.len);
    }

    /// Puts words in the place of `remove` others at `i`; they are not among these. On failure
    /// nothing has changed.
    pub fn splice(&mut self, arena: &Arena, i: usize, remove: usize, words: &[Word]) -> Result<()> {
        let i = i.min(self.len);
        let remove = remove.min(self.len - i);
        let (before, after) = (i, self.len - i - remove);
        if words.len() > remove {
            let more = words.len() - remove;
            if before < after {
                self.make_room(arena, more, 0)?;
                self.shift(0, before, self.first - more);
                self.first -= more;
            } else {
                self.make_room(arena, 0, more)?;
                self.shift(i + remove, after, self.first + i + words.len());
            }
            self.len += more;
        } else {
            let less = remove - words.len();
            if before < after {
                self.shift(0, before, self.first + less);
                self.first += less;
            } else {
                self.shift(i + remove, after, self.first + i + words.len());
            }
            self.len -= less;
        }
        for (at, word) in words.iter().enumerate() {
            self.set(i + at, *word);
        }
        Ok(())
    }

    /// A copy of some of them, in a room of its own.
    pub fn copy(&self, arena: &Arena, from: usize, count: usize) -> Result<Items> {
        let cells = self.cells().get(from..).unwrap_or(&[]);
        let cells = cells.get(..count).unwrap_or(cells);
        let mut copy = Items::with_room(arena, cells.len())?;
        if !cells.is_empty() {
            copy.write(0, cells);
            copy.len = cells.len();
        }
        Ok(copy)
    }
}
