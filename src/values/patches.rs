//! A small table in the arena, from numbers to words: elements that a list or dict has in place of
//! those of its block, and where a dict's keys are.
//!
//! Open addressing with linear probing, at most three quarters full; nothing is ever taken out.
//! Source: Knuth, TAOCP 3, 6.4, algorithm L.
//!
//! Invariants:
//! - `.patches.room`: `room` pairs at `at`, a power of two of them, are the table's own, in the
//!   arena of its list's level, and were written.
//! - `.patches.load`: at least a quarter of the pairs is empty, so every probe ends.

use core::cell::Cell;
use core::ops::Range;

use super::scratch::Patches;
use super::word::Word;
use crate::arena::Arena;
use crate::base::{Error, Result};

type Pair = (u64, Word);

const EMPTY: u64 = Patches::UNUSED;
const FEWEST: usize = 8;
/// 2^64 divided by the golden ratio: spreads numbers that follow each other.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Patches {
    fn pairs<'a>(&self) -> &'a [Cell<Pair>] {
        if self.at.is_null() {
            return &[];
        }
        // SAFETY: `.patches.room`; a cell is laid out like what is in it, and nobody has references
        // but to cells.
        unsafe { core::slice::from_raw_parts(self.at.cast(), self.room) }
    }

    /// The first pair that is empty or wanted, on the way from where a number belongs.
    #[inline]
    fn probe<'a>(&self, number: u64, mut is: impl FnMut(Word) -> bool) -> Option<&'a Cell<Pair>> {
        let pairs = self.pairs();
        let mask = pairs.len().checked_sub(1)?;
        let mut at = (number.wrapping_mul(SPREAD) >> 32) as usize & mask;
        loop {
            let pair = pairs.get(at)?;
            let (found, word) = pair.get();
            if found == EMPTY || found == number && is(word) {
                return Some(pair);
            }
            at = (at + 1) & mask;
        }
    }

    /// The word of a number that `is` the wanted one, if there are several.
    #[inline]
    pub fn find(&self, number: u64, is: impl FnMut(Word) -> bool) -> Option<Word> {
        if self.len == 0 {
            return None;
        }
        let (found, word) = self.probe(number, is)?.get();
        if found == EMPTY { None } else { Some(word) }
    }

    /// The word of a number.
    #[inline]
    pub fn get(&self, number: usize) -> Option<Word> {
        if self.len == 0 { None } else { self.find(number as u64, |_| true) }
    }

    /// Makes room for so many more. On failure nothing has changed.
    pub fn make_room(&mut self, arena: &Arena, more: usize) -> Result<()> {
        let none = || Error::no_memory("a table of elements");
        let needed = self.len.checked_add(more).and_then(|len| len.checked_mul(4));
        let needed = needed.ok_or_else(none)? / 3 + 1;
        if needed <= self.room {
            return Ok(());
        }
        let room = needed.max(FEWEST).checked_next_power_of_two().ok_or_else(none)?;
        *self = self.copied(arena, room)?;
        Ok(())
    }

    fn copied(&self, arena: &Arena, room: usize) -> Result<Patches> {
        let bytes = room.checked_mul(size_of::<Pair>());
        let bytes = bytes.ok_or_else(|| Error::no_memory("a table of elements"))?;
        let at = arena.alloc(bytes, 16)?.cast::<Pair>();
        for i in 0..room {
            // SAFETY: `.patches.room` - the memory was allocated just above for so many.
            unsafe { at.as_ptr().wrapping_add(i).write((EMPTY, Word::NIL)) };
        }
        let mut copy = Patches { at: at.as_ptr(), room, len: 0 };
        for (number, word) in self.iter() {
            copy.insert(number as u64, word);
        }
        Ok(copy)
    }

    /// A copy in a room of its own.
    pub fn copy(&self, arena: &Arena) -> Result<Patches> {
        if self.len == 0 { Ok(Patches::EMPTY) } else { self.copied(arena, self.room) }
    }

    /// Gives a number a word, instead of the one that it had; there is room.
    pub fn set(&mut self, number: usize, word: Word) {
        self.put(number as u64, word, true);
    }

    /// Gives a number one more word; there is room.
    pub fn insert(&mut self, number: u64, word: Word) {
        self.put(number, word, false);
    }

    fn put(&mut self, number: u64, word: Word, replaces: bool) {
        if let Some(pair) = self.probe(number, |_| replaces) {
            self.len += usize::from(pair.get().0 == EMPTY);
            pair.set((number, word));
        }
    }

    /// What a number had is nil from now on.
    pub fn forget(&self, number: usize) {
        if let Some(pair) = self.probe(number as u64, |_| true)
            && pair.get().0 != EMPTY
        {
            pair.set((number as u64, Word::NIL));
        }
    }

    /// What numbers outside a range had is nil from now on.
    pub fn forget_outside(&self, range: Range<usize>) {
        for pair in self.pairs() {
            let number = pair.get().0;
            if number != EMPTY && !range.contains(&(number as usize)) {
                pair.set((number, Word::NIL));
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.pairs().iter().for_each(|pair| pair.set((EMPTY, Word::NIL)));
        self.len = 0;
    }
}
