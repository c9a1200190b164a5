//! What a handle names becomes a list or a dict, because its text is one.
//!
//! The list or dict is made beside it first, as a handle of its own, in which the host may have a
//! hand. Only when it is whole does the first handle take it over: so whatever fails, and whatever
//! the host changes meanwhile, nothing is lost.
//!
//! The text stays what it was until the list or dict is changed in place, even where the same list
//! would be written otherwise (`is_original`).

use super::dicts::DictView;
use super::lists::{ListView, kind_name};
use super::scratch::{DictObject, EMPTY, Items, ListObject, Object, Shared, Slot, SlotExt};
use super::syntax::{self, Element, Elements};
use super::word::Word;
use super::{Interp, State, Text, list, store};
use crate::abi::*;
use crate::base::{Result, fail};

/// Whether something can become a list through its text.
fn has_plain_text(kind: core::ffi::c_int) -> bool {
    matches!(kind, LIFECYCLE_STRING | LIFECYCLE_INT | LIFECYCLE_DOUBLE)
}

impl State {
    /// A string of an element of a text.
    fn make_element(&mut self, element: Element) -> Result<lifecycle_handle> {
        if !element.is_escaped {
            return self.make_string(element.raw);
        }
        let room = self.arena(self.top())?.alloc(element.raw.len() + 1, 1)?;
        let mut len = 0;
        syntax::unescape(element.raw, |piece| {
            // SAFETY: `.scratch.object` - the room was allocated just above, and what is written is
            // never more than what was read.
            unsafe { room.as_ptr().add(len).copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
            len += piece.len();
        });
        // SAFETY: as above: there is one byte more.
        unsafe { room.add(len).write(0) };
        // SAFETY: as above.
        let text = unsafe { core::slice::from_raw_parts(room.as_ptr(), len) };
        self.handles.make(Slot::string(text))
    }

    /// A list of the elements of a text.
    fn parse_list(&mut self, text: Text) -> Result<lifecycle_handle> {
        let mut count = 0;
        for element in Elements::of(text.bytes()) {
            element?;
            count += 1;
        }
        let level = self.top();
        let mut items = Items::with_room(self.arena(level)?, count)?;
        for element in Elements::of(text.bytes()) {
            let handle = self.make_element(element?)?;
            items.push(Word::slot(self.position(handle)?));
        }
        let list = self.list_of(items);
        list.shared.is_nested.set(true);
        self.make_handle(list)
    }

    /// The slot of a handle that may become a list or dict now.
    fn check_plain(&self, value: lifecycle_handle, is_to_be_dict: bool) -> Result<(usize, usize)> {
        let position = self.position(value)?;
        let kind = self.slot_at(position)?.kind();
        let may = has_plain_text(kind) || is_to_be_dict && kind == LIFECYCLE_LIST;
        if !may {
            fail!(LIFECYCLE_E_BUSY, "the handle {value:#x} became a {} meanwhile", kind_name(kind));
        }
        Ok((position, self.level_of(position)))
    }

    /// A handle becomes an object; its text stays.
    fn become_object<T: Object>(
        &mut self,
        position: usize,
        level: usize,
        object: T,
        is_original: bool,
    ) -> Result<()> {
        let object = self.make_object(level, object)?;
        let slot = self.slot_at_mut(position)?;
        if is_original && slot.text().is_none() {
            slot.set_text(EMPTY.get(..0).unwrap_or_default());
        }
        slot.become_object(object);
        if is_original {
            slot.set_original(true);
        }
        Ok(())
    }

    /// What a list or dict has in common with the dict or list that it becomes: its text.
    fn shared_with(&mut self, position: usize) -> Result<Shared> {
        let text = match ListView::of(self.slot_at(position)?) {
            Some(ListView { base: Some(base), .. }) => list::text(base),
            _ => None,
        };
        let shared = Shared::new(self.clock);
        let slot = self.slot_at_mut(position)?;
        if slot.as_wrapped().is_some() {
            if let (None, Some(text)) = (slot.text(), text) {
                slot.set_text(store::at(text).text());
                slot.set_original(true);
            }
        } else if let Some(old) = slot.shared() {
            shared.is_nested.set(old.is_nested.get());
            shared.made_at.set(old.made_at.get());
            shared.checked_at.set(old.checked_at.get());
            shared.changed_at.set(old.changed_at.get());
        }
        Ok(shared)
    }

    /// A handle becomes a list of another list's elements.
    fn become_list(&mut self, value: lifecycle_handle, made: lifecycle_handle) -> Result<()> {
        let (position, level) = self.check_plain(value, false)?;
        let (words, is_nested) = self.words_to_store(made, level)?;
        let mut items = Items::with_room(self.arena(level)?, words.len())?;
        words.iter().for_each(|word| items.push(*word));
        let list = self.list_of(items);
        list.shared.is_nested.set(is_nested);
        self.become_object(position, level, list, true)
    }

    /// A handle that names a dict names the list of its keys and values.
    fn become_list_of_pairs(&mut self, dict: lifecycle_handle) -> Result<()> {
        let (position, level) = self.container(dict, LIFECYCLE_DICT)?;
        let view = self.dict_view(position)?;
        let words = view.len().saturating_mul(2);
        let mut items = Items::with_room(self.arena(level)?, words)?;
        for (key, value) in view.pairs() {
            items.push(key);
            items.push(value);
        }
        let shared = self.shared_with(position)?;
        let list = ListObject { shared, ..self.list_of(items) };
        self.become_object(position, level, list, false)
    }

    /// A handle becomes the dict that another one names, which nobody else knows.
    fn become_dict(
        &mut self,
        value: lifecycle_handle,
        made: lifecycle_handle,
        is_original: bool,
    ) -> Result<()> {
        let (position, level) = self.check_plain(value, true)?;
        let (source, _) = self.container(made, LIFECYCLE_DICT)?;
        let view = self.dict_view(source)?;
        let is_nested =
            self.object_at::<DictObject>(source).is_some_and(|dict| dict.shared.is_nested.get());
        let dict = self.dict_of(None);
        if self.level_of(source) == level {
            dict.entries.set(view.entries);
            dict.index.set(view.index);
        } else {
            self.copy_pairs(view, &dict, level)?;
        }
        let shared = self.shared_with(position)?;
        shared.is_nested.set(is_nested);
        self.become_object(position, level, DictObject { shared, ..dict }, is_original)?;
        *self.slot_at_mut(source)? = Slot::new(LIFECYCLE_NIL, 0);
        Ok(())
    }

    /// Copies entries to a dict of an outer level that has none.
    fn copy_pairs(&mut self, view: DictView, dict: &DictObject, level: usize) -> Result<()> {
        for (key, value) in view.pairs() {
            let Some(text) = key.as_block() else { continue };
            self.store.stamp(text, level);
            let value = self.word_to_store(value, level)?;
            self.add_entry(dict, level, text, value)?;
        }
        Ok(())
    }
}

impl Interp {
    /// A list of its own that is what a text says.
    fn list_of_text(&self, value: lifecycle_handle) -> Result<lifecycle_handle> {
        let text = self.text(value)?;
        let options = self.options();
        let Some(to_list) = options.to_list else {
            return self.with(|state| state.parse_list(text));
        };
        // SAFETY: the host promised that its function may be called with its texts; `.interp.quiet`
        // holds: `with` has returned.
        let made = self.calling(|interp| unsafe { to_list(interp, value, options.user) })?;
        if made == 0 {
            fail!(LIFECYCLE_E_TYPE, "the text of {value:#x} is not a list");
        }
        self.with(|state| state.container(made, LIFECYCLE_LIST))?;
        Ok(made)
    }

    fn refuse_shimmer<T>(&self, value: lifecycle_handle, to: &str) -> Result<T> {
        let kind = kind_name(self.with(|state| Ok(state.slot(value)?.kind()))?);
        fail!(LIFECYCLE_E_TYPE, "the handle {value:#x} is a {kind}, which is no {to}");
    }

    /// What a handle names becomes a list, if it is none.
    pub fn list_shimmer(&self, value: lifecycle_handle) -> Result<()> {
        match self.kind(value)? {
            LIFECYCLE_LIST => Ok(()),
            LIFECYCLE_DICT => self.with(|state| state.become_list_of_pairs(value)),
            kind if has_plain_text(kind) => {
                let made = self.list_of_text(value)?;
                if made == value {
                    return Ok(());
                }
                self.keeping(|state| state.become_list(value, made))
            }
            _ => self.refuse_shimmer(value, "list"),
        }
    }

    /// What a handle names becomes a dict, if it is none.
    pub fn dict_shimmer(&self, value: lifecycle_handle) -> Result<()> {
        let kind = self.kind(value)?;
        let elements = match kind {
            LIFECYCLE_DICT => return Ok(()),
            LIFECYCLE_LIST => value,
            kind if has_plain_text(kind) => self.list_of_text(value)?,
            _ => return self.refuse_shimmer(value, "dict"),
        };
        let len = self.with(|state| state.list_length(elements))?;
        if !len.is_multiple_of(2) {
            fail!(LIFECYCLE_E_TYPE, "a list of {len} elements is no dict: a key has no value");
        }
        let made = self.with(State::make_dict)?;
        for i in (0..len).step_by(2) {
            let key = self.with(|state| state.list_at(elements, i))?;
            let value = self.with(|state| state.list_at(elements, i + 1))?;
            self.dict_set(made, key, value)?;
        }
        let is_same = self.with(|state| state.dict_size(made))? * 2 == len;
        if kind == LIFECYCLE_LIST && !is_same {
            // The dict would be written otherwise.
            self.text(value)?;
        }
        let is_original = kind != LIFECYCLE_LIST || !is_same;
        self.keeping(|state| state.become_dict(value, made, is_original))
    }
}
