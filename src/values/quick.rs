//! The quick ways: what is at hand is found, or done, at once (`Interp::quick`).
//!
//! Most calls name handles of the newest segment, numbers and texts that were made by now, lists
//! that have room. For these a few comparisons are all there is to do. Whatever else there is,
//! `None` says so before anything has changed, and the long way is taken from the start; it alone
//! has sentences.
//!
//! Invariant `.quick.plain`: nothing here panics, calls the host, or fails half way.

use core::ffi::c_int;

use super::State;
use super::dict;
use super::dicts::find_own;
use super::list;
use super::scratch::{DictObject, ListObject, Slot, SlotExt};
use super::word::Word;
use crate::abi::*;

/// Numbers and texts.
impl State {
    /// As `make_string`, of a text that is not empty.
    #[inline]
    pub fn string_at_hand(&mut self, text: &[u8]) -> Option<lifecycle_handle> {
        let arena = self.levels.last()?.arena();
        // SAFETY: `.arena.front` - the arena is the level's, and begins with these words.
        let room = unsafe { arena.as_ptr().read() };
        // With bytes for the text and its NUL at hand, and a handle for it, nothing can fail.
        let bytes = room.limit as usize - room.cursor as usize;
        if text.len() >= bytes || !self.handles.has_room() {
            return None;
        }
        let copy = arena.copy_text(text).ok()?;
        // SAFETY: `.scratch.object` - the copy was made just above and lives as long as the level.
        let text = unsafe { core::slice::from_raw_parts(copy.as_ptr().cast(), text.len()) };
        self.handles.make_at_hand(Slot::string(text))
    }

    /// As `make_int`.
    #[inline]
    pub fn int_at_hand(&mut self, value: i64) -> Option<lifecycle_handle> {
        self.handles.make_at_hand(Slot::new(LIFECYCLE_INT, value as u64))
    }

    /// As `make_double`.
    #[inline]
    pub fn double_at_hand(&mut self, value: f64) -> Option<lifecycle_handle> {
        self.handles.make_at_hand(Slot::new(LIFECYCLE_DOUBLE, value.to_bits()))
    }

    /// The kind of a handle.
    #[inline]
    pub fn kind_at_hand(&self, handle: lifecycle_handle) -> Option<c_int> {
        self.handles.newest(handle).map(|(_, slot)| slot.kind())
    }

    /// The payload of a handle of a kind, which is a number's.
    #[inline]
    fn number_at_hand(&self, handle: lifecycle_handle, kind: c_int) -> Option<u64> {
        let (_, slot) = self.handles.newest(handle)?;
        if slot.kind() == kind { Some(slot.payload) } else { None }
    }

    /// The integer that a handle is.
    #[inline]
    pub fn as_int_at_hand(&self, handle: lifecycle_handle) -> Option<i64> {
        self.number_at_hand(handle, LIFECYCLE_INT).map(|payload| payload as i64)
    }

    /// The double that a handle is.
    #[inline]
    pub fn as_double_at_hand(&self, handle: lifecycle_handle) -> Option<f64> {
        self.number_at_hand(handle, LIFECYCLE_DOUBLE).map(f64::from_bits)
    }
}

/// Lists.
impl State {
    /// As `list_length`, at once (`Interp::quick`).
    #[inline]
    pub fn list_length_at_hand(&self, list: lifecycle_handle) -> Option<usize> {
        let (_, slot) = self.handles.newest(list)?;
        match slot.object::<ListObject>() {
            Some(own) => Some(own.count.get() + own.items.get().len),
            None => slot.wrapped_as(LIFECYCLE_LIST).map(list::len),
        }
    }

    /// As `list_at`, at once (`Interp::quick`), where nothing has to be remembered.
    #[inline]
    pub fn list_at_hand(&mut self, list: lifecycle_handle, i: usize) -> Option<lifecycle_handle> {
        let (_, slot) = self.handles.newest(list)?;
        let word = match slot.object::<ListObject>() {
            None => list::get(slot.wrapped_as(LIFECYCLE_LIST)?, i)?,
            Some(own) if own.count.get() == 0 => own.items.get().get(i)?,
            Some(_) => return None,
        };
        self.wrap_at_hand(word)
    }

    /// As `element`, at once, of the parts it has: where there is one level only, any handle is
    /// stored as it is.
    #[inline]
    pub fn element_at_hand(&self, handle: lifecycle_handle) -> Option<(Word, bool)> {
        let (position, slot) = self.handles.newest(handle)?;
        if self.levels.len() != 1 || slot.kind() == LIFECYCLE_BUILDER {
            return None;
        }
        Some((Word::slot(position), slot.kind() != LIFECYCLE_FOREIGN))
    }

    /// As `list_push`, at once (`Interp::quick`), to a list that has room.
    #[inline]
    pub fn list_push_at_hand(
        &mut self,
        list: lifecycle_handle,
        element: lifecycle_handle,
    ) -> Option<()> {
        let (word, is_nested) = self.element_at_hand(element)?;
        let (_, slot) = self.handles.newest(list)?;
        let own = slot.object::<ListObject>()?;
        let mut items = own.items.get();
        if !items.has_room() || slot.is_original() {
            return None;
        }
        items.push(word);
        own.items.set(items);
        self.clock += 1;
        own.shared.change(self.clock);
        if is_nested {
            own.shared.is_nested.set(true);
        }
        Some(())
    }
}

/// Dicts.
impl State {
    /// The value of a key at once (`Interp::quick`), if nothing has to be remembered.
    #[inline]
    pub fn dict_get_at_hand(
        &mut self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
    ) -> Option<lifecycle_handle> {
        let text = self.text_at_hand(key)?;
        let (_, slot) = self.handles.newest(dict)?;
        let hash = dict::hash(text.bytes());
        let value = match slot.object::<DictObject>() {
            None => dict::find(slot.wrapped_as(LIFECYCLE_DICT)?, hash, text.bytes())?.1,
            Some(own) if own.base.get().is_null() => {
                let entries = own.entries.get();
                entries.get(2 * find_own(entries, own.index.get(), hash, text.bytes())? + 1)?
            }
            Some(_) => return None,
        };
        self.wrap_at_hand(value)
    }

    /// Gives a key another value at once (`Interp::quick`), in a dict of its own.
    #[inline]
    pub fn dict_set_at_hand(
        &mut self,
        dict: lifecycle_handle,
        key: lifecycle_handle,
        value: lifecycle_handle,
    ) -> Option<()> {
        let text = self.text_at_hand(key)?;
        let (word, is_nested) = self.element_at_hand(value)?;
        let (_, slot) = self.handles.newest(dict)?;
        let own = slot.object::<DictObject>()?;
        if !own.base.get().is_null() || slot.is_original() {
            return None;
        }
        let entries = own.entries.get();
        let hash = dict::hash(text.bytes());
        let n = find_own(entries, own.index.get(), hash, text.bytes())?;
        entries.set(2 * n + 1, word);
        self.clock += 1;
        own.shared.change(self.clock);
        if is_nested {
            own.shared.is_nested.set(true);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, ok};
    use super::*;

    /// Lists of so many numbers and texts: of its own, wrapped, and changed after that.
    fn lists(interp: &Fixture, count: i64) -> [lifecycle_handle; 3] {
        let elements: Vec<_> = (0..count)
            .map(|n| if n % 2 == 0 { ok(interp.int(n)) } else { interp.text_of(&format!("t{n}")) })
            .collect();
        let own = ok(interp.with(|state| state.make_list(&elements)));
        let kept = ok(interp.keep(own));
        let wrapped = ok(interp.with(|state| state.wrap(kept)));
        let changed = ok(interp.with(|state| state.wrap(kept)));
        ok(interp.keeping(|state| state.list_push(changed, own)));
        interp.with(|state| state.store.release(kept));
        [own, wrapped, changed]
    }

    #[test]
    fn a_quick_way_leads_where_the_long_one_does() {
        let interp = Fixture::new();
        for count in [1, 8, 33, 1100] {
            let [own, wrapped, changed] = lists(&interp, count);
            for list in [own, wrapped, changed] {
                let len = ok(interp.with(|state| state.list_length(list)));
                assert_eq!(interp.with(|state| state.list_length_at_hand(list)), Some(len));
                for i in 0..len + 2 {
                    let look = || interp.with(|state| state.list_at_hand(list, i));
                    // Where the table of handles is full, making one makes room.
                    let quick = look().or_else(|| interp.int(0).ok().and_then(|_| look()));
                    assert_eq!(quick.is_some(), i < len && list != changed, "{i} of {len}");
                    let Some(quick) = quick else { continue };
                    let long = ok(interp.with(|state| state.list_at(list, i)));
                    assert_eq!(interp.show(quick), interp.show(long));
                    assert_eq!(interp.kind(quick), interp.kind(long));
                }
            }
        }
    }

    #[test]
    fn in_a_scope_nothing_is_stored_in_an_outer_list_at_once() {
        let interp = Fixture::new();
        let [own, ..] = lists(&interp, 3);
        let one = ok(interp.int(1));
        ok(interp.keeping(|state| state.list_push(own, one)));
        assert_eq!(interp.with(|state| state.list_push_at_hand(own, one)), Some(()));
        ok(interp.open_scope());
        let inner = ok(interp.int(2));
        assert_eq!(interp.with(|state| state.list_push_at_hand(own, inner)), None);
        assert_eq!(interp.with(|state| state.list_length(own)), Ok(5));
    }
}
