//! Scratch dicts: what is done with the dicts that handles name.
//!
//! As a list (`lists.rs`), a dict that was wrapped is looked at where it is, and gets an object
//! when something is to be changed: the block, patches over its values, and entries of its own
//! behind them. A removed entry leaves a hole until there are more holes than entries. Up to eight
//! entries are searched one by one; more have an index.
//!
//! Keys are persistent texts, whatever they were made from: so nothing that is changed in place
//! afterwards changes a key, and keeping the dict needs no other ones.
//!
//! Invariants:
//! - `.dicts.room`, `.dicts.level`: as `.lists.room`, `.lists.level`.
//! - `.dicts.key`: keys know their hash (`dict::hash_of`); the first word of an entry is a text, or
//!   nil in a hole.
//! - `.dicts.index`: where there is an index, every entry is in it under its key's hash; what else
//!   is in it names holes.
//! - `.dicts.cursor`: so many living entries stand before such a place, of the block's and of the
//!   dict's own.
//!
//! Texts of keys come from `text.rs`, which may call the host: so they are asked for first.

use core::cell::Cell;
use core::ptr::{self, NonNull};

use super::State;
use super::dict;
use super::lists::is_unnamed;
use super::scratch::{DictObject, Items, Patches, Slot, SlotExt};
use super::store::{self, Block};
use super::word::{Is, Word};
use super::{Interp, Text};
use crate::abi::*;
use crate::base::{Result, fail};

/// Most entries that are searched one by one.
const FEW: usize = 8;

/// What a dict is made of.
#[derive(Clone, Copy)]
pub struct DictView {
    /// The block, if some of its entries are in the dict.
    pub base: Option<NonNull<Block>>,
    /// Values in place of the block's, by position; nil where an entry was removed.
    pub patches: Patches,
    /// How many of the block's entries were removed.
    pub removed: usize,
    /// What follows them: key, value, key, value; nil and nil in a hole.
    pub entries: Items,
    /// How many holes there are.
    pub gone: usize,
    /// Finds them by hash, if they are many.
    pub index: Patches,
}

/// Where an entry is.
#[derive(Clone, Copy)]
enum Place {
    /// At a position of the block.
    Base(usize),
    /// Among the dict's own.
    Own(usize),
}

impl Place {
    /// See `DictView::entry_from`.
    fn numbered(number: usize) -> Place {
        if number.is_multiple_of(2) { Place::Base(number / 2) } else { Place::Own(number / 2) }
    }
}

/// An entry: its place, key and value.
type Entry = (Place, Word, Word);

fn is_key(key: Word, hash: u32, bytes: &[u8]) -> bool {
    // `.dicts.key`
    key.as_block()
        .map(store::at)
        .is_some_and(|text| text.extra.get() == hash && text.text() == bytes)
}

impl DictView {
    /// Of a slot, if it is a dict.
    #[inline]
    pub fn of(slot: &Slot) -> Option<DictView> {
        if let Some(dict) = slot.object::<DictObject>() {
            return Some(DictView {
                base: NonNull::new(dict.base.get()),
                patches: dict.patches.get(),
                removed: dict.removed.get(),
                entries: dict.entries.get(),
                gone: dict.gone.get(),
                index: dict.index.get(),
            });
        }
        let base = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_DICT)?;
        let (patches, entries) = (Patches::EMPTY, Items::EMPTY);
        Some(DictView { base: Some(base), patches, removed: 0, entries, gone: 0, index: patches })
    }

    /// Entries of the block that are in the dict.
    fn base_len(&self) -> usize {
        self.base.map_or(0, dict::len) - self.removed
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.base_len() + self.entries.len / 2 - self.gone
    }

    /// The first entry of the block at a position or behind it.
    fn next_of_base(&self, position: usize) -> Option<(usize, Word, Word)> {
        let mut from = position;
        loop {
            let (at, key, value) = dict::next(self.base?, from)?;
            match self.patches.get(at) {
                None => return Some((at, key, value)),
                Some(value) if !value.is_nil() => return Some((at, key, value)),
                Some(_) => from = at + 1,
            }
        }
    }

    /// The dict's own entry at a place, or a hole.
    fn own(&self, n: usize) -> Option<(Word, Word)> {
        let key = self.entries.get(n.checked_mul(2)?)?;
        Some((key, self.entries.get(2 * n + 1)?))
    }

    fn next_own(&self, place: usize) -> Option<(usize, Word, Word)> {
        let mut place = place;
        loop {
            let (key, value) = self.own(place)?;
            if !key.is_nil() {
                return Some((place, key, value));
            }
            place += 1;
        }
    }

    /// The first entry at a place or behind it.
    fn next(&self, place: Place) -> Option<Entry> {
        match place {
            Place::Base(at) => match self.next_of_base(at) {
                Some((at, key, value)) => Some((Place::Base(at), key, value)),
                None => self.next(Place::Own(0)),
            },
            Place::Own(n) => self.next_own(n).map(|(n, key, value)| (Place::Own(n), key, value)),
        }
    }

    /// The first entry from `next` on, counted in no way but from 0: key, value, and which one
    /// follows.
    pub fn entry_from(&self, next: usize) -> Option<(Word, Word, usize)> {
        let (place, key, value) = self.next(Place::numbered(next))?;
        let after = match place {
            Place::Base(at) => 2 * (at + 1),
            Place::Own(n) => 2 * (n + 1) + 1,
        };
        Some((key, value, after))
    }

    /// All entries in order: key and value.
    pub fn pairs(self) -> impl Iterator<Item = (Word, Word)> {
        let mut next = self.next(Place::Base(0));
        core::iter::from_fn(move || {
            let (place, key, value) = next?;
            next = self.next(match place {
                Place::Base(at) => Place::Base(at + 1),
                Place::Own(n) => Place::Own(n + 1),
            });
            Some((key, value))
        })
    }

    /// The place and value of a key.
    fn find(&self, hash: u32, key: &[u8]) -> Option<(Place, Word)> {
        if let Some((at, value)) = self.base.and_then(|base| dict::find(base, hash, key)) {
            match self.patches.get(at) {
                None => return Some((Place::Base(at), value)),
                Some(value) if !value.is_nil() => return Some((Place::Base(at), value)),
                Some(_) => {}
            }
        }
        let n = find_own(self.entries, self.index, hash, key)?;
        Some((Place::Own(n), self.own(n)?.1))
    }
}

/// Which of a dict's own entries a key has.
#[inline]
pub fn find_own(entries: Items, index: Patches, hash: u32, key: &[u8]) -> Option<usize> {
    let is = |n: usize| entries.get(2 * n).is_some_and(|word| is_key(word, hash, key));
    if index.room == 0 {
        return (0..entries.len / 2).find(|n| is(*n));
    }
    let found = index.find(u64::from(hash), |word| number(word).is_some_and(is));
    found.and_then(number)
}

/// The word that an index has for an entry.
fn index_word(n: usize) -> Word {
    // No dict that fits into memory has 2^61 entries.
    Word::int(n as i64).unwrap_or(Word::NIL)
}

fn number(word: Word) -> Option<usize> {
    if let Is::Int(number) = word.is() { Some(number as usize) } else { None }
}

impl State {
    /// What the dict at a position is made of.
    pub fn dict_view(&self, position: usize) -> Result<DictView> {
        match DictView::of(self.slot_at(position)?) {
            Some(view) => Ok(view),
            None => fail!(LIFECYCLE_E_TYPE, "an element is not a dict any more"),
        }
    }

    fn view_of_dict(&self, dict: lifecycle_handle) -> Result<(usize, DictView)> {
        let (position, _) = self.container(dict, LIFECYCLE_DICT)?;
        Ok((position, self.dict_view(position)?))
    }

    /// A dict of a block, or of nothing.
    pub fn dict_of(&self, block: Option<NonNull<Block>>) -> DictObject {
        DictObject {
            base: block.map_or(ptr::null_mut(), NonNull::as_ptr).into(),
            patches: Patches::EMPTY.into(),
            removed: 0.into(),
            entries: Items::EMPTY.into(),
            gone: 0.into(),
            index: Patches::EMPTY.into(),
            base_cursor: (0, 0).into(),
            own_cursor: (0, 0).into(),
            shared: self.shared_of(block),
        }
    }

    /// Makes an empty dict.
    pub fn make_dict(&mut self) -> Result<lifecycle_handle> {
        self.make_handle(self.dict_of(None))
    }

    /// The object of the dict at a position; one that is wrapped gets one.
    fn own_dict<'a>(&mut self, position: usize, level: usize) -> Result<&'a DictObject> {
        if let Some(object) = self.object_at(position) {
            return Ok(object);
        }
        let Some(block) = self.slot_at(position)?.as_wrapped() else {
            fail!(LIFECYCLE_E_TYPE, "an element is not a dict any more");
        };
        let object = self.make_object(level, self.dict_of(Some(block)))?;
        self.slot_at_mut(position)?.become_object(object);
        // SAFETY: `.scratch.object`, as in `object_at`.
        Ok(unsafe { object.as_ref() })
    }

    /// Entries of a dict.
    pub fn dict_size(&self, dict: lifecycle_handle) -> Result<usize> {
        Ok(self.view_of_dict(dict)?.1.len())
    }

    /// Another dict of the same entries.
    pub fn dict_copy(&mut self, dict: lifecycle_handle) -> Result<lifecycle_handle> {
        let (position, view) = self.view_of_dict(dict)?;
        let mut slot = *self.slot_at(position)?;
        let Some(object) = self.object_at::<DictObject>(position) else {
            return self.handles.make(slot);
        };
        let arena = self.arena(self.top())?;
        let copy = DictObject {
            base: object.base.clone(),
            patches: view.patches.copy(arena)?.into(),
            removed: object.removed.clone(),
            entries: view.entries.copy(arena, 0, view.entries.len)?.into(),
            gone: object.gone.clone(),
            index: view.index.copy(arena)?.into(),
            base_cursor: object.base_cursor.clone(),
            own_cursor: object.own_cursor.clone(),
            shared: object.shared.copy(),
        };
        slot.payload = self.make_object(self.top(), copy)?.as_ptr() as u64;
        self.handles.make(slot)
    }

    /// Refuses what has no text that stays.
    fn check_key(&self, key: lifecycle_handle) -> Result<usize> {
        let position = self.position(key)?;
        if self.slot_at(position)?.kind() == LIFECYCLE_BUILDER {
            fail!(LIFECYCLE_E_TYPE, "the handle {key:#x} is a builder, which is no key");
        }
        Ok(position)
    }

    /// A handle for a value. One that is a list or dict and has none yet is remembered, where the
    /// dict is of the newest level (`State::remember_in_list`).
    fn reach_value(
        &mut self,
        position: usize,
        place: Place,
        value: Word,
    ) -> Result<lifecycle_handle> {
        let level = self.level_of(position);
        if !is_unnamed(value) || level != self.top() {
            return self.wrap(value);
        }
        let dict = self.own_dict(position, level)?;
        let mut patches = dict.patches.get();
        if let Place::Base(_) = place {
            patches.make_room(self.arena(level)?, 1)?;
        }
        let handle = self.wrap(value)?;
        let named = Word::slot(self.position(handle)?);
        match place {
            Place::Base(at) => patches.set(at, named),
            Place::Own(n) => dict.entries.get().set(2 * n + 1, named),
        }
        dict.patches.set(patches);
        dict.shared.is_nested.set(true);
        Ok(handle)
    }

    /// A handle for a value, by the number that `DictView::entry_from` takes.
    pub fn dict_value_at(
        &mut self,
        dict: lifecycle_handle,
        number: usize,
    ) -> Result<lifecycle_handle> {
        let (position, view) = self.view_of_dict(dict)?;
        match view.next(Place::numbered(number)) {
            Some((place, _, value)) => self.reach_value(position, place, value),
            None => no_such_key(),
        }
    }

    fn dict_get(
        &mut self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
        text: Text,
    ) -> Result<lifecycle_handle> {
        let (position, view) = self.view_of_dict(dict)?;
        self.check_key(key)?;
        match view.find(dict::hash(text.bytes()), text.bytes()) {
            Some((place, value)) => self.reach_value(position, place, value),
            None => no_such_key(),
        }
    }

    /// A key's text, waiting for a level.
    fn key_block(&mut self, key: usize, text: Text, level: usize) -> Result<NonNull<Block>> {
        let is_string = self.slot_at(key)?.kind() == LIFECYCLE_STRING;
        let kept = if is_string { self.keep_position(key)?.as_block() } else { None };
        let block = match kept {
            Some(block) => block,
            None => self.store.text(text.bytes())?,
        };
        self.store.stamp(block, level);
        self.store.release(Word::block(block));
        Ok(block)
    }

    fn dict_set(
        &mut self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
        text: Text,
        value: lifecycle_handle,
    ) -> Result<()> {
        let (position, view) = self.view_of_dict(dict)?;
        let level = self.level_of(position);
        let key = self.check_key(key)?;
        let value = self.element(value, level)?;
        let place = view.find(dict::hash(text.bytes()), text.bytes());
        let dict = self.own_dict(position, level)?;
        match place {
            Some((Place::Base(at), _)) => {
                let mut patches = dict.patches.get();
                patches.make_room(self.arena(level)?, 1)?;
                patches.set(at, value.word);
                dict.patches.set(patches);
            }
            Some((Place::Own(n), _)) => dict.entries.get().set(2 * n + 1, value.word),
            None => {
                let key = self.key_block(key, text, level)?;
                self.add_entry(dict, level, key, value.word)?;
            }
        }
        self.changed(position, &dict.shared, value.is_nested);
        Ok(())
    }

    /// Adds an entry whose key is not in the dict.
    pub fn add_entry(
        &mut self,
        dict: &DictObject,
        level: usize,
        key: NonNull<Block>,
        value: Word,
    ) -> Result<()> {
        // `.dicts.key`: where there is no index it is looked for by its hash, too.
        let _ = dict::hash_of(key);
        let arena = self.arena(level)?;
        if dict.gone.get() > FEW && dict.gone.get() > dict.entries.get().len / 4 {
            fill_holes(dict);
        }
        let mut entries = dict.entries.get();
        let n = entries.len / 2;
        let mut index = dict.index.get();
        if index.room != 0 || n >= FEW {
            let missing = if index.room == 0 { n } else { 0 };
            index.make_room(arena, missing + 1)?;
        }
        entries.make_room(arena, 0, 2)?;
        // `.dicts.key`
        dict::hash_of(key);
        entries.push(Word::block(key));
        entries.push(value);
        dict.entries.set(entries);
        let is_new = dict.index.replace(index).room == 0;
        if index.room != 0 {
            index_entries(dict, if is_new { 0 } else { n });
        }
        Ok(())
    }

    fn dict_remove(
        &mut self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
        text: Text,
    ) -> Result<()> {
        let (position, view) = self.view_of_dict(dict)?;
        let level = self.level_of(position);
        self.check_key(key)?;
        let Some((place, _)) = view.find(dict::hash(text.bytes()), text.bytes()) else {
            return no_such_key();
        };
        let dict = self.own_dict(position, level)?;
        match place {
            Place::Base(at) => {
                let mut patches = dict.patches.get();
                patches.make_room(self.arena(level)?, 1)?;
                patches.set(at, Word::NIL);
                dict.patches.set(patches);
                dict.removed.set(dict.removed.get() + 1);
                move_cursor(&dict.base_cursor, at);
                if view.base_len() == 1 {
                    drop_base(dict);
                }
            }
            Place::Own(n) => {
                view.entries.set(2 * n, Word::NIL);
                view.entries.set(2 * n + 1, Word::NIL);
                dict.gone.set(dict.gone.get() + 1);
                move_cursor(&dict.own_cursor, n);
            }
        }
        self.changed(position, &dict.shared, false);
        Ok(())
    }

    /// The `i`-th entry: handles of its key and value, or nil for what is not wanted.
    pub fn dict_entry(
        &mut self,
        dict: lifecycle_handle,
        i: usize,
        (wants_key, wants_value): (bool, bool),
    ) -> Result<(lifecycle_handle, lifecycle_handle)> {
        let (position, view) = self.view_of_dict(dict)?;
        let Some((place, key, value)) = self.seek_entry(position, view, i)? else {
            fail!(LIFECYCLE_E_RANGE, "{i} is not in a dict of {} entries", view.len());
        };
        let key = if wants_key { self.wrap(key)? } else { 0 };
        let value = if wants_value { self.reach_value(position, place, value)? } else { 0 };
        Ok((key, value))
    }

    fn seek_entry(&mut self, position: usize, view: DictView, i: usize) -> Result<Option<Entry>> {
        let Some(own) = i.checked_sub(view.base_len()) else {
            return self.seek_of_base(position, view, i);
        };
        if view.gone == 0 {
            return Ok(view.own(own).map(|(key, value)| (Place::Own(own), key, value)));
        }
        let Some(dict) = self.object_at::<DictObject>(position) else { return Ok(None) };
        if own >= view.entries.len / 2 - view.gone {
            return Ok(None);
        }
        let (mut before, mut place) = dict.own_cursor.get();
        if own < before / 2 {
            (before, place) = (0, 0);
        }
        while before > own {
            place -= 1;
            before -= usize::from(view.own(place).is_some_and(|(key, _)| !key.is_nil()));
        }
        let mut found = view.next_own(place);
        while let Some((at, ..)) = found
            && before < own
        {
            before += 1;
            found = view.next_own(at + 1);
        }
        if let Some((at, ..)) = found {
            dict.own_cursor.set((own, at));
        }
        Ok(found.map(|(n, key, value)| (Place::Own(n), key, value)))
    }

    fn seek_of_base(&mut self, position: usize, view: DictView, i: usize) -> Result<Option<Entry>> {
        let Some(base) = view.base else { return Ok(None) };
        if view.removed == 0 {
            let Some((key, value)) = dict::entry(base, i) else { return Ok(None) };
            let Some(text) = key.as_block() else { return Ok(None) };
            if view.patches.len == 0 && !is_unnamed(value) {
                // Nothing is to be remembered, so nobody asks for the place.
                return Ok(Some((Place::Base(0), key, value)));
            }
            let found = view.find(dict::hash_of(text), store::at(text).text());
            return Ok(found.map(|(place, value)| (place, key, value)));
        }
        let level = self.level_of(position);
        let dict = self.own_dict(position, level)?;
        let (mut before, place) = dict.base_cursor.get();
        if before > i {
            // The block is not made to be walked backwards over what was removed.
            self.flatten_dict(dict, level)?;
            let view = self.dict_view(position)?;
            return Ok(view.own(i).map(|(key, value)| (Place::Own(i), key, value)));
        }
        let mut found = view.next_of_base(place);
        while let Some((at, ..)) = found
            && before < i
        {
            before += 1;
            found = view.next_of_base(at + 1);
        }
        if let Some((at, ..)) = found {
            dict.base_cursor.set((i, at));
        }
        Ok(found.map(|(at, key, value)| (Place::Base(at), key, value)))
    }

    /// Makes all entries the dict's own, without holes.
    fn flatten_dict(&self, dict: &DictObject, level: usize) -> Result<()> {
        let arena = self.arena(level)?;
        let view = DictView {
            base: NonNull::new(dict.base.get()),
            patches: dict.patches.get(),
            removed: dict.removed.get(),
            entries: dict.entries.get(),
            gone: dict.gone.get(),
            index: dict.index.get(),
        };
        let mut entries = Items::with_room(arena, view.len().saturating_mul(2))?;
        let mut index = Patches::EMPTY;
        if view.len() > FEW {
            index.make_room(arena, view.len())?;
        }
        for (key, value) in view.pairs() {
            entries.push(key);
            entries.push(value);
        }
        drop_base(dict);
        dict.entries.set(entries);
        dict.gone.set(0);
        dict.index.set(index);
        dict.own_cursor.set((0, 0));
        index_entries(dict, 0);
        Ok(())
    }
}

/// None of the block's entries is in the dict any more.
fn drop_base(dict: &DictObject) {
    dict.base.set(ptr::null_mut());
    dict.patches.set(Patches::EMPTY);
    dict.removed.set(0);
    dict.base_cursor.set((0, 0));
}

/// An entry at a place was removed.
fn move_cursor(cursor: &Cell<(usize, usize)>, at: usize) {
    let (before, place) = cursor.get();
    if at < place {
        cursor.set((before - 1, place));
    }
}

/// Puts a dict's own entries from the `from`-th on into its index, if it has one; there is room.
fn index_entries(dict: &DictObject, from: usize) {
    let (entries, mut index) = (dict.entries.get(), dict.index.get());
    if index.room == 0 {
        return;
    }
    for n in from..entries.len / 2 {
        if let Some(key) = entries.get(2 * n).and_then(Word::as_block) {
            index.insert(u64::from(dict::hash_of(key)), index_word(n));
        }
    }
    dict.index.set(index);
}

/// Moves entries to where holes are.
fn fill_holes(dict: &DictObject) {
    let (mut entries, mut index) = (dict.entries.get(), dict.index.get());
    let mut n = 0;
    for pair in entries.cells().chunks_exact(2) {
        let [key, value] = pair else { break };
        if !key.get().is_nil() {
            entries.set(n, key.get());
            entries.set(n + 1, value.get());
            n += 2;
        }
    }
    entries.drop_back(entries.len - n);
    index.clear();
    dict.entries.set(entries);
    dict.index.set(index);
    dict.gone.set(0);
    dict.own_cursor.set((0, 0));
    index_entries(dict, 0);
}

#[cold]
fn no_such_key<T>() -> Result<T> {
    fail!(LIFECYCLE_E_NOT_FOUND, "the dict has no such key");
}

impl Interp {
    /// A key's text. The host may make it, and change anything meanwhile.
    fn key_text(&self, key: lifecycle_handle) -> Result<Text> {
        self.with(|state| state.check_key(key))?;
        self.text(key)
    }

    /// A handle for the value of a key.
    pub fn dict_get(
        &self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
    ) -> Result<lifecycle_handle> {
        let text = self.key_text(key)?;
        self.with(|state| state.dict_get(dict, key, text))
    }

    /// Gives a key a value.
    pub fn dict_set(
        &self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
        value: lifecycle_handle,
    ) -> Result<()> {
        let text = self.key_text(key)?;
        self.keeping(|state| state.dict_set(dict, key, text, value))
    }

    /// Removes a key and its value.
    pub fn dict_remove(&self, dict: lifecycle_handle, key: lifecycle_handle) -> Result<()> {
        let text = self.key_text(key)?;
        self.with(|state| state.dict_remove(dict, key, text))
    }
}
