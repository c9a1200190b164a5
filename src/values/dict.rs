//! Persistent dicts: what a dict is once it is kept, immutable, sharing with other versions of it.
//!
//! Entries have positions, in the order in which they were added. Up to eight entries are the words
//! of one block, searched one by one. More are the words of a list, two for each entry, with a trie
//! from hashes to positions beside it. What is removed leaves a hole, so that positions stay; when
//! there are more holes than entries the dict is made anew.
//!
//! Invariants:
//! - `.dict.key`: keys are texts, distinct, and know their hash: a text's `extra` is the hash of
//!   its bytes as a key, or 0 while nobody asked.
//! - `.dict.small`: without `LARGE`, a dict's words are keys and values in turn, without holes; it
//!   is laid out like a list.
//! - `.dict.large`: with `LARGE`, the words are the list of keys and values, in which both words of
//!   a hole are nil, the trie, the number of entries, and the hint.
//! - `.dict.hint`: the last two words say that so many entries stand before such a position. They
//!   may change, so that asking for one entry after the other is linear in spite of holes.
//!
//! It does not know what values mean, nor scratch dicts.

use core::cell::Cell;
use core::ptr::NonNull;

use super::store::{Block, Kind, Store, at};
use super::word::{Is, Word};
use super::{list, trie};
use crate::base::{Error, Result, hash as base_hash};

/// Most entries of a dict that is one block.
const SMALL: usize = 8;
/// What `extra` of a dict tells.
const LARGE: u32 = 1;
/// Makes keys hash otherwise than names and paths do.
const SALT: u8 = 0xd1;

/// The hash of a key, never 0.
pub fn hash(key: &[u8]) -> u32 {
    let hash = base_hash::hash(base_hash::seed(SALT), key);
    ((hash ^ hash >> 32) as u32).max(1)
}

/// The hash of a text as a key, which it keeps.
pub fn hash_of(text: NonNull<Block>) -> u32 {
    let text = at(text);
    if text.extra.get() == 0 {
        text.extra.set(hash(text.text()));
    }
    text.extra.get()
}

fn is_key(word: Word, hash: u32, key: &[u8]) -> bool {
    // `.dict.key`: other blocks do not stand there.
    word.as_block().is_some_and(|text| at(text).extra.get() == hash && at(text).text() == key)
}

fn number(word: Word) -> usize {
    if let Is::Int(number) = word.is() { number as usize } else { 0 }
}

fn number_word(number: usize) -> Word {
    // No dict that fits into memory has 2^61 entries.
    Word::int(number as i64).unwrap_or(Word::NIL)
}

struct Large<'a> {
    slots: NonNull<Block>,
    trie: Word,
    len: usize,
    /// How many entries stand before which position (`.dict.hint`).
    hint: (&'a Cell<Word>, &'a Cell<Word>),
}

fn large<'a>(dict: NonNull<Block>) -> Option<Large<'a>> {
    let dict = at(dict);
    if dict.extra.get() & LARGE == 0 {
        return None;
    }
    let [slots, trie, len, entries, position] = dict.cells() else { return None };
    let slots = slots.get().as_block()?;
    Some(Large { slots, trie: trie.get(), len: number(len.get()), hint: (entries, position) })
}

/// The list of keys and values: a small dict is laid out like one.
fn slots(dict: NonNull<Block>) -> NonNull<Block> {
    large(dict).map_or(dict, |large| large.slots)
}

/// Entries of a dict.
pub fn len(dict: NonNull<Block>) -> usize {
    large(dict).map_or_else(|| list::len(dict) / 2, |large| large.len)
}

/// The position and the value of a key; the dict keeps the value.
pub fn find(dict: NonNull<Block>, hash: u32, key: &[u8]) -> Option<(usize, Word)> {
    let Some(large) = large(dict) else {
        let pairs = list::run(dict, 0).as_chunks().0;
        let mut entries = pairs.iter().enumerate();
        return entries
            .find_map(|(i, &[text, value])| is_key(text, hash, key).then_some((i, value)));
    };
    let mut value = Word::NIL;
    let position = trie::find(large.trie, hash, |position| {
        let Some((text, its)) = pair(large.slots, position) else { return false };
        value = its;
        is_key(text, hash, key)
    });
    Some((position?, value))
}

/// The words at a position; entries never lie across two leaves.
fn pair(slots: NonNull<Block>, position: usize) -> Option<(Word, Word)> {
    let &[key, value, ..] = list::run(slots, position.checked_mul(2)?) else { return None };
    Some((key, value))
}

/// The first entry at a position or behind it: its position, key and value; the dict keeps both.
pub fn next(dict: NonNull<Block>, position: usize) -> Option<(usize, Word, Word)> {
    let (slots, mut position) = (slots(dict), position);
    loop {
        let (key, value) = pair(slots, position)?;
        if !key.is_nil() {
            return Some((position, key, value));
        }
        position += 1;
    }
}

/// The key and the value of the `i`-th entry, in the order in which they were added; the dict keeps
/// both. Where entries were removed it counts from where the last one that was asked for is, so
/// asking for neighbours is fast.
pub fn entry(dict: NonNull<Block>, i: usize) -> Option<(Word, Word)> {
    let Some(large) = large(dict).filter(|large| list::len(large.slots) != 2 * large.len) else {
        return pair(slots(dict), i);
    };
    if i >= large.len {
        return None;
    }
    let (mut entries, mut position) = (number(large.hint.0.get()), number(large.hint.1.get()));
    if i < entries / 2 {
        (entries, position) = (0, 0);
    }
    let is_entry = |at: usize| pair(large.slots, at).is_some_and(|(key, _)| !key.is_nil());
    while entries > i {
        position = position.checked_sub(1)?;
        entries -= usize::from(is_entry(position));
    }
    let (at, key, value) = loop {
        let found = next(dict, position)?;
        if entries == i {
            break found;
        }
        entries += 1;
        position = found.0 + 1;
    };
    large.hint.0.set(number_word(i));
    large.hint.1.set(number_word(at));
    Some((key, value))
}

/// A dict being made, from nothing or from another one, which stays alive and as it is until this
/// is finished or abandoned; one of both must be done, for dropping it leaks.
///
/// Positions stay what they are until it is finished. Exactly as many entries are added as were
/// promised. After a failure it must be abandoned.
#[must_use]
pub struct Draft {
    slots: list::Draft,
    trie: Cell<Word>,
    len: usize,
    is_small: bool,
}

impl Draft {
    /// A dict to which `goal` entries are to be added.
    pub fn new(store: &mut Store, goal: usize) -> Result<Self> {
        let words = goal.saturating_mul(2);
        let is_small = goal <= SMALL;
        let slots = if is_small {
            list::Draft::empty(words, Word::NIL).flat(store, Kind::Dict)?
        } else {
            list::Draft::new(store, words, Word::NIL)?
        };
        Ok(Draft { slots, trie: Cell::new(Word::NIL), len: 0, is_small })
    }

    /// A dict as `base`, to which `more` entries are to be added.
    pub fn of(store: &mut Store, base: NonNull<Block>, more: usize) -> Result<Self> {
        let (len, words, more_words) = (len(base), slots(base), more.saturating_mul(2));
        let all = 0..list::len(words);
        let large = large(base);
        if large.is_none() && len.saturating_add(more) <= SMALL {
            let slots = list::Draft::flat_of(store, Kind::Dict, base, all, more_words)?;
            return Ok(Draft { slots, trie: Cell::new(Word::NIL), len, is_small: true });
        }
        let slots = list::Draft::of(store, words, all, more_words)?;
        let trie = large.as_ref().map_or(Word::NIL, |large| large.trie);
        store.retain(trie);
        let draft = Draft { slots, trie: Cell::new(trie), len, is_small: false };
        if large.is_none() {
            // It was small and is to be large.
            for position in 0..len {
                let Some(key) = draft.slots.get(2 * position).as_block() else { continue };
                if let Err(error) = trie::insert(store, &draft.trie, hash_of(key), position) {
                    return draft.failed(store, error);
                }
            }
        }
        Ok(draft)
    }

    fn failed<T>(self, store: &mut Store, error: Error) -> Result<T> {
        self.abandon(store);
        Err(error)
    }

    /// The position of a key.
    pub fn find(&self, hash: u32, key: &[u8]) -> Option<usize> {
        let is = |position: usize| is_key(self.slots.get(2 * position), hash, key);
        if self.is_small {
            (0..self.slots.len() / 2).find(|position| is(*position))
        } else {
            trie::find(self.trie.get(), hash, is)
        }
    }

    /// Gives an entry another value, which is the draft's from now on, whatever happens.
    pub fn set(&mut self, store: &mut Store, position: usize, value: Word) -> Result<()> {
        debug_assert!(!self.slots.get(2 * position).is_nil(), "it has an entry there");
        self.slots.set(store, 2 * position + 1, value)
    }

    /// Removes an entry.
    pub fn remove(&mut self, store: &mut Store, position: usize) -> Result<()> {
        let key = self.slots.get(2 * position).as_block();
        debug_assert!(key.is_some(), "it has an entry there");
        let Some(key) = key else { return Ok(()) };
        if !self.is_small {
            trie::remove(store, &self.trie, hash_of(key), position)?;
        }
        self.slots.set(store, 2 * position, Word::NIL)?;
        self.slots.set(store, 2 * position + 1, Word::NIL)?;
        self.len -= 1;
        Ok(())
    }

    /// Adds an entry whose key is not in the dict; the key, a text, and the value are the draft's
    /// from now on, whatever happens.
    pub fn add(&mut self, store: &mut Store, key: NonNull<Block>, value: Word) -> Result<()> {
        let hash = hash_of(key);
        debug_assert!(self.find(hash, at(key).text()).is_none(), "keys are distinct");
        let position = self.slots.len() / 2;
        let indexed =
            if self.is_small { Ok(()) } else { trie::insert(store, &self.trie, hash, position) };
        let key = Word::block(key);
        let pushed = match indexed {
            Ok(()) => self.slots.push(store, key),
            Err(error) => {
                store.release(key);
                Err(error)
            }
        };
        if let Err(error) = pushed {
            store.release(value);
            return Err(error);
        }
        self.len += 1;
        self.slots.push(store, value)
    }

    /// The dict, which the caller counts; on failure it is abandoned.
    pub fn finish(self, store: &mut Store) -> Result<NonNull<Block>> {
        let holes = self.slots.len() / 2 - self.len;
        if holes > self.len || self.is_small && holes > 0 {
            return self.finish_anew(store);
        }
        if self.is_small {
            return self.slots.finish(store);
        }
        let dict = match store.make(Kind::Dict, 5, 0) {
            Ok(dict) => dict,
            Err(error) => return self.failed(store, error),
        };
        let trie = self.trie.get();
        let slots = match self.slots.finish(store) {
            Ok(slots) => slots,
            Err(error) => {
                store.release(trie);
                store.release(Word::block(dict));
                return Err(error);
            }
        };
        let none = number_word(0);
        let words = [Word::block(slots), trie, number_word(self.len), none, none];
        for (cell, word) in at(dict).cells().iter().zip(words) {
            cell.set(word);
        }
        at(dict).extra.set(LARGE);
        Ok(dict)
    }

    /// Finishes it without its holes.
    fn finish_anew(self, store: &mut Store) -> Result<NonNull<Block>> {
        let mut anew = match Draft::new(store, self.len) {
            Ok(anew) => anew,
            Err(error) => return self.failed(store, error),
        };
        for position in 0..self.slots.len() / 2 {
            let (key, value) = (self.slots.get(2 * position), self.slots.get(2 * position + 1));
            let Some(text) = key.as_block() else { continue };
            store.retain(key);
            store.retain(value);
            if let Err(error) = anew.add(store, text, value) {
                self.abandon(store);
                return anew.failed(store, error);
            }
        }
        self.abandon(store);
        anew.finish(store)
    }

    /// Forgets it, and everything that was given to it.
    pub fn abandon(self, store: &mut Store) {
        store.release(self.trie.get());
        self.slots.abandon(store);
    }
}

/// A dict of `count` entries, which `next` gives one by one: a text that no other one equals, and a
/// value. On failure all that was given is released.
#[cfg(test)]
pub fn build(
    store: &mut Store,
    count: usize,
    mut next: impl FnMut(&mut Store, usize) -> Result<(NonNull<Block>, Word)>,
) -> Result<NonNull<Block>> {
    let mut draft = Draft::new(store, count)?;
    for i in 0..count {
        let added = next(store, i).and_then(|(key, value)| draft.add(store, key, value));
        if let Err(error) = added {
            return draft.failed(store, error);
        }
    }
    draft.finish(store)
}

/// The dict that is `base` with other values at some positions, as long as `sets` gives one, without
/// the entries at the positions that `removes` gives, and with `more` entries added. On failure all
/// that was given is released.
#[cfg(test)]
pub fn edit(
    store: &mut Store,
    base: NonNull<Block>,
    mut sets: impl FnMut(&mut Store) -> Result<Option<(usize, Word)>>,
    removes: impl IntoIterator<Item = usize>,
    more: usize,
    mut next: impl FnMut(&mut Store, usize) -> Result<(NonNull<Block>, Word)>,
) -> Result<NonNull<Block>> {
    let mut draft = Draft::of(store, base, more)?;
    let edit = || {
        while let Some((position, value)) = sets(store)? {
            draft.set(store, position, value)?;
        }
        for position in removes {
            draft.remove(store, position)?;
        }
        for i in 0..more {
            let (key, value) = next(store, i)?;
            draft.add(store, key, value)?;
        }
        Ok(())
    };
    match edit() {
        Ok(()) => draft.finish(store),
        Err(error) => draft.failed(store, error),
    }
}

#[cfg(test)]
mod tests;
