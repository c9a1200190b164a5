//! Scratch lists: what is done with the lists that handles name.
//!
//! A list that was wrapped is looked at where it is. Once something is to be changed it gets an
//! object: elements of the block that are still there, with patches over them, and then items of
//! its own. So one push to a list of a million elements, or one element set, costs what it changes.
//! A list or dict that is reached as an element is remembered as a patch or item, so that it is the
//! same handle the next time, and a change of it is seen in the list; `remember` says where that is
//! not so.
//!
//! Invariants:
//! - `.lists.room`: whatever can fail comes before the first change, so a failure leaves the list
//!   as it was. Becoming an object, and remembering, is no change.
//! - `.lists.level`: what a list is made of lies in its own level's arena, and its elements are of
//!   that level or an outer one (`keep_level` in `convert.rs`), whichever level is the newest.
//!
//! Lists may contain themselves: nothing here looks into an element.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

use super::State;
use super::list;
use super::scratch::{Items, ListObject, Object, Patches, Shared, Slot, SlotExt};
use super::store::{self, Block, Kind};
use super::word::Word;
use crate::abi::*;
use crate::base::{List, ListExt, Result, fail};

/// What a list is made of.
#[derive(Clone, Copy)]
pub struct ListView {
    /// The block, if some of its elements are in the list.
    pub base: Option<NonNull<Block>>,
    /// The first of these.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// What is in their place, by position in the block.
    pub patches: Patches,
    /// What follows them.
    pub items: Items,
}

impl ListView {
    /// Of a slot, if it is a list.
    #[inline]
    pub fn of(slot: &Slot) -> Option<ListView> {
        if let Some(list) = slot.object::<ListObject>() {
            return Some(ListView {
                base: NonNull::new(list.base.get()),
                first: list.first.get(),
                count: list.count.get(),
                patches: list.patches.get(),
                items: list.items.get(),
            });
        }
        let base = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_LIST)?;
        let (patches, items) = (Patches::EMPTY, Items::EMPTY);
        Some(ListView { base: Some(base), first: 0, count: list::len(base), patches, items })
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.count + self.items.len
    }

    /// One of them.
    #[inline]
    pub fn get(&self, i: usize) -> Option<Word> {
        match i.checked_sub(self.count) {
            Some(item) => self.items.get(item),
            None => {
                let at = self.first + i;
                let patch = self.patches.get(at);
                patch.or_else(|| list::get(self.base?, at))
            }
        }
    }

    /// All from one on.
    pub fn words<'a>(&self, from: usize) -> impl Iterator<Item = Word> + use<'a> {
        let Self { base, first, count, patches, items } = *self;
        let from_base = from.min(count);
        let start = first + from_base;
        let words = base.map(|base| list::words(base, start).take(count - from_base));
        let patched = move |(at, word)| patches.get(start + at).unwrap_or(word);
        let items = items.cells().get(from - from_base..).unwrap_or(&[]);
        let base = words.into_iter().flatten().enumerate().map(patched);
        base.chain(items.iter().map(core::cell::Cell::get))
    }
}

/// An element to be stored.
#[derive(Clone, Copy)]
pub struct Element {
    /// Its word.
    pub word: Word,
    /// It is, or may become, a list or dict that is changed in place.
    pub is_nested: bool,
}

/// What a kind is called.
pub fn kind_name(kind: c_int) -> &'static str {
    match kind {
        LIFECYCLE_STRING => "string",
        LIFECYCLE_INT => "integer",
        LIFECYCLE_DOUBLE => "double",
        LIFECYCLE_LIST => "list",
        LIFECYCLE_DICT => "dict",
        LIFECYCLE_FOREIGN => "foreign thing",
        LIFECYCLE_BUILDER => "builder",
        _ => "nothing",
    }
}

/// Whether a word is a list or dict that no handle names yet.
pub fn is_unnamed(word: Word) -> bool {
    let kind = word.as_block().map(|block| store::at(block).kind());
    matches!(kind, Some(Kind::List | Kind::Dict))
}

impl State {
    /// The position and level of a handle that must be of a kind.
    #[inline]
    pub fn container(&self, handle: lifecycle_handle, kind: c_int) -> Result<(usize, usize)> {
        let position = self.position(handle)?;
        let found = self.slot_at(position)?.kind();
        if found != kind {
            let (found, kind) = (kind_name(found), kind_name(kind));
            fail!(LIFECYCLE_E_TYPE, "the handle {handle:#x} is a {found}, not a {kind}");
        }
        Ok((position, self.level_of(position)))
    }

    /// The object of a list or dict, which outlives whatever the operation does.
    #[inline]
    pub fn object_at<'a, T: Object>(&self, position: usize) -> Option<&'a T> {
        let object = self.handles.slot(position)?.object::<T>()?;
        // SAFETY: `.scratch.object`, `.scratch.cells` - it lies in the arena until its level goes,
        // which is after the operation.
        Some(unsafe { NonNull::from(object).as_ref() })
    }

    /// What is to be stored for an element, in a container of a level.
    #[inline]
    pub fn element(&mut self, handle: lifecycle_handle, level: usize) -> Result<Element> {
        let position = self.position(handle)?;
        let kind = self.slot_at(position)?.kind();
        if kind == LIFECYCLE_BUILDER {
            fail!(LIFECYCLE_E_TYPE, "the handle {handle:#x} is a builder, which is no element");
        }
        let word = self.keep_level(position, level)?;
        Ok(Element { word, is_nested: word.as_slot().is_some() && kind != LIFECYCLE_FOREIGN })
    }

    /// A list or dict has changed, and has a new element if one is given.
    #[inline]
    pub fn changed(&mut self, position: usize, shared: &Shared, is_nested: bool) {
        shared.change(self.touch());
        if is_nested {
            shared.is_nested.set(true);
        }
        if let Some(slot) = self.handles.slot_mut(position) {
            slot.set_original(false);
        }
    }

    /// What is common to lists and dicts of a new one that equals a block, or none.
    pub fn shared_of(&self, block: Option<NonNull<Block>>) -> Shared {
        let shared = Shared::new(self.clock);
        if let Some(block) = block {
            shared.kept.set(Word::block(block));
            shared.kept_at.set(self.clock);
        }
        shared
    }

    fn view(&self, list: lifecycle_handle) -> Result<(usize, ListView)> {
        let position = self.position(list)?;
        let slot = self.slot_at(position)?;
        match ListView::of(slot) {
            Some(view) => Ok((position, view)),
            None => {
                let kind = kind_name(slot.kind());
                fail!(LIFECYCLE_E_TYPE, "the handle {list:#x} is a {kind}, not a list")
            }
        }
    }

    /// Makes the newest level's handle of an object.
    #[inline]
    pub fn make_handle<T: Object>(&mut self, object: T) -> Result<lifecycle_handle> {
        let object = self.make_object(self.top(), object)?;
        self.handles.make(Slot::new(T::KIND, object.as_ptr() as u64))
    }

    /// Makes a list.
    pub fn make_list(&mut self, elements: &[lifecycle_handle]) -> Result<lifecycle_handle> {
        let level = self.top();
        let mut items = Items::with_room(self.arena(level)?, elements.len())?;
        let mut is_nested = false;
        // The list is of the newest level: it has whatever a handle names as it is.
        for handle in elements {
            match self.handles.newest(*handle) {
                Some((position, slot)) if slot.kind() != LIFECYCLE_BUILDER => {
                    is_nested |= slot.kind() != LIFECYCLE_FOREIGN;
                    items.push(Word::slot(position));
                }
                _ => break,
            }
        }
        // What is left was looked for in the newest segment alone, or is to be refused.
        for handle in elements.iter().skip(items.len) {
            let element = self.element(*handle, level)?;
            is_nested |= element.is_nested;
            items.push(element.word);
        }
        let list = self.list_of(items);
        list.shared.is_nested.set(is_nested);
        self.make_handle(list)
    }

    /// A list of items.
    #[inline]
    pub fn list_of(&self, items: Items) -> ListObject {
        ListObject {
            base: ptr::null_mut::<Block>().into(),
            first: 0.into(),
            count: 0.into(),
            patches: Patches::EMPTY.into(),
            items: items.into(),
            shared: self.shared_of(None),
        }
    }

    /// The object of the list at a position; one that is wrapped gets one.
    #[inline]
    pub fn own_list<'a>(&mut self, position: usize, level: usize) -> Result<&'a ListObject> {
        match self.object_at(position) {
            Some(object) => Ok(object),
            None => self.make_own_list(position, level),
        }
    }

    #[cold]
    #[inline(never)]
    fn make_own_list<'a>(&mut self, position: usize, level: usize) -> Result<&'a ListObject> {
        let Some(block) = self.slot_at(position)?.as_wrapped() else {
            fail!(LIFECYCLE_E_TYPE, "an element is not a list any more");
        };
        let shared = self.shared_of(Some(block));
        let list = ListObject {
            base: block.as_ptr().into(),
            count: list::len(block).into(),
            shared,
            ..self.list_of(Items::EMPTY)
        };
        let object = self.make_object(level, list)?;
        let slot = self.slot_at_mut(position)?;
        if let (None, Some(text)) = (slot.text(), list::text(block)) {
            slot.set_text(store::at(text).text());
            slot.set_original(true);
        }
        slot.become_object(object);
        // SAFETY: `.scratch.object`, as in `object_at`.
        Ok(unsafe { object.as_ref() })
    }

    /// Elements of a list.
    #[inline]
    pub fn list_length(&self, list: lifecycle_handle) -> Result<usize> {
        Ok(self.view(list)?.1.len())
    }

    /// A handle for an element.
    #[inline]
    pub fn list_at(&mut self, list: lifecycle_handle, i: usize) -> Result<lifecycle_handle> {
        let (position, view) = self.view(list)?;
        match view.get(i) {
            Some(word) if is_unnamed(word) => self.remember_in_list(position, i, word),
            Some(word) => self.wrap(word),
            None => out_of_range(i, view.len()),
        }
    }

    /// A handle for a list or dict that is an element and has none yet. A handle is of the newest
    /// level: where the list is of an outer one it cannot remember it, and the handle is a view of
    /// its own.
    #[cold]
    fn remember_in_list(
        &mut self,
        position: usize,
        i: usize,
        word: Word,
    ) -> Result<lifecycle_handle> {
        let level = self.level_of(position);
        if level != self.top() {
            return self.wrap(word);
        }
        let list = self.own_list(position, level)?;
        let (mut patches, items) = (list.patches.get(), list.items.get());
        let item = i.checked_sub(list.count.get());
        if item.is_none() {
            patches.make_room(self.arena(level)?, 1)?;
        }
        let handle = self.wrap(word)?;
        let named = Word::slot(self.position(handle)?);
        match item {
            Some(item) => items.set(item, named),
            None => {
                patches.set(list.first.get() + i, named);
                list.patches.set(patches);
            }
        }
        list.shared.is_nested.set(true);
        Ok(handle)
    }

    /// Another list of the same elements.
    pub fn list_copy(&mut self, list: lifecycle_handle) -> Result<lifecycle_handle> {
        let (position, view) = self.view(list)?;
        let mut slot = *self.slot_at(position)?;
        let Some(object) = self.object_at::<ListObject>(position) else {
            return self.handles.make(slot);
        };
        let copy = self.part(view, 0, view.len())?;
        let copy = ListObject { shared: object.shared.copy(), ..copy };
        slot.payload = self.make_object(self.top(), copy)?.as_ptr() as u64;
        self.handles.make(slot)
    }

    /// A list of some elements of another one, which shares what is of a block.
    fn part(&self, view: ListView, first: usize, count: usize) -> Result<ListObject> {
        let arena = self.arena(self.top())?;
        let first = first.min(view.len());
        let count = count.min(view.len() - first);
        let of_base = view.count.saturating_sub(first).min(count);
        let items = view.items.copy(arena, first - view.count.min(first), count - of_base)?;
        let list = self.list_of(items);
        if let Some(base) = view.base.filter(|_| of_base != 0) {
            list.base.set(base.as_ptr());
            list.patches.set(view.patches.copy(arena)?);
            cut_base(&list, view.first + first, of_base);
        }
        Ok(list)
    }

    /// A list of some elements of another one.
    pub fn list_slice(
        &mut self,
        list: lifecycle_handle,
        first: usize,
        count: usize,
    ) -> Result<lifecycle_handle> {
        let (position, view) = self.view(list)?;
        if first == 0 && count >= view.len() {
            return self.list_copy(list);
        }
        let part = self.part(view, first, count)?;
        // It is not what the block is.
        part.shared.is_changed.set(true);
        let is_nested =
            self.object_at::<ListObject>(position).is_some_and(|list| list.shared.is_nested.get());
        part.shared.is_nested.set(is_nested);
        // It is not what its block is.
        part.shared.is_changed.set(true);
        self.make_handle(part)
    }

    /// Appends an element.
    #[inline]
    pub fn list_push(&mut self, list: lifecycle_handle, element: lifecycle_handle) -> Result<()> {
        let (position, level) = self.container(list, LIFECYCLE_LIST)?;
        let element = self.element(element, level)?;
        let list = self.own_list(position, level)?;
        let mut items = list.items.get();
        items.make_room(self.arena(level)?, 0, 1)?;
        items.push(element.word);
        list.items.set(items);
        self.changed(position, &list.shared, element.is_nested);
        Ok(())
    }

    /// Puts an element in front.
    pub fn list_unshift(
        &mut self,
        list: lifecycle_handle,
        element: lifecycle_handle,
    ) -> Result<()> {
        let (position, level) = self.container(list, LIFECYCLE_LIST)?;
        let element = self.element(element, level)?;
        let list = self.own_list(position, level)?;
        self.flatten(list, level)?;
        let mut items = list.items.get();
        items.make_room(self.arena(level)?, 1, 0)?;
        items.push_front(element.word);
        list.items.set(items);
        self.changed(position, &list.shared, element.is_nested);
        Ok(())
    }

    /// Makes all elements items.
    pub fn flatten(&self, list: &ListObject, level: usize) -> Result<()> {
        if list.count.get() == 0 {
            return Ok(());
        }
        let view = ListView {
            base: NonNull::new(list.base.get()),
            first: list.first.get(),
            count: list.count.get(),
            patches: list.patches.get(),
            items: list.items.get(),
        };
        let mut items = Items::with_room(self.arena(level)?, view.len())?;
        view.words(0).for_each(|word| items.push(word));
        list.items.set(items);
        keep_of_base(list, 0, 0);
        Ok(())
    }

    /// Takes an end out of a list.
    pub fn list_take(
        &mut self,
        list: lifecycle_handle,
        is_front: bool,
    ) -> Result<lifecycle_handle> {
        let (position, view) = self.view(list)?;
        let at = if is_front { 0 } else { view.len().wrapping_sub(1) };
        let Some(word) = view.get(at) else {
            fail!(LIFECYCLE_E_RANGE, "the list {list:#x} is empty");
        };
        let list = self.own_list(position, self.level_of(position))?;
        let taken = self.wrap(word)?;
        let (first, count) = (list.first.get(), list.count.get());
        let mut items = list.items.get();
        match (is_front, at < count) {
            (true, true) => {
                view.patches.forget(first);
                keep_of_base(list, first + 1, count - 1);
            }
            (false, true) => {
                view.patches.forget(first + count - 1);
                keep_of_base(list, first, count - 1);
            }
            (true, false) => items.drop_front(1),
            (false, false) => items.drop_back(1),
        }
        list.items.set(items);
        self.changed(position, &list.shared, false);
        Ok(taken)
    }

    /// Puts an element in the place of another one.
    pub fn list_set(
        &mut self,
        list: lifecycle_handle,
        i: usize,
        element: lifecycle_handle,
    ) -> Result<()> {
        let (position, view) = self.view(list)?;
        let level = self.level_of(position);
        let element = self.element(element, level)?;
        if i >= view.len() {
            return out_of_range(i, view.len());
        }
        let list = self.own_list(position, level)?;
        match i.checked_sub(view.count) {
            Some(item) => view.items.set(item, element.word),
            None => {
                let mut patches = list.patches.get();
                patches.make_room(self.arena(level)?, 1)?;
                patches.set(view.first + i, element.word);
                list.patches.set(patches);
            }
        }
        self.changed(position, &list.shared, element.is_nested);
        Ok(())
    }

    /// Puts the elements of a list, or none, in the place of others.
    pub fn list_splice(
        &mut self,
        list: lifecycle_handle,
        first: usize,
        remove: usize,
        insert: lifecycle_handle,
    ) -> Result<()> {
        let (position, view) = self.view(list)?;
        let level = self.level_of(position);
        if first > view.len() {
            return out_of_range(first, view.len());
        }
        let remove = remove.min(view.len() - first);
        let (words, is_nested) = self.words_to_store(insert, level)?;
        if words.is_empty() && remove == 0 {
            return Ok(());
        }
        let list = self.own_list(position, level)?;
        if words.is_empty() && first == 0 && remove < view.count {
            cut_base(list, view.first + remove, view.count - remove);
        } else {
            if first + remove < view.count {
                self.flatten(list, level)?;
            }
            // What is left of the block ends where the change begins.
            let count = list.count.get();
            let kept = count.min(first);
            let mut items = list.items.get();
            items.splice(self.arena(level)?, first - kept, remove - (count - kept), &words)?;
            list.items.set(items);
            if kept != count {
                cut_base(list, list.first.get(), kept);
            }
        }
        self.changed(position, &list.shared, is_nested);
        Ok(())
    }

    /// The elements of a list, or none, to be stored in a container of a level.
    pub fn words_to_store(
        &mut self,
        list: lifecycle_handle,
        level: usize,
    ) -> Result<(List<Word>, bool)> {
        let mut words = List::new_in(self.host);
        let mut is_nested = false;
        if list == 0 {
            return Ok((words, is_nested));
        }
        let (position, view) = self.view(list)?;
        words.make_room(view.len())?;
        let is_deeper = self.level_of(position) > level;
        for word in view.words(0) {
            words.push(if is_deeper { self.word_to_store(word, level)? } else { word });
        }
        for word in &words {
            let slot = word.as_slot().and_then(|at| self.handles.slot(at));
            is_nested |= slot.is_some_and(|slot| slot.kind() != LIFECYCLE_FOREIGN);
        }
        Ok((words, is_nested))
    }

    /// A word of one container, to be stored in one of an outer level.
    pub fn word_to_store(&mut self, word: Word, level: usize) -> Result<Word> {
        if let Some(position) = word.as_slot() {
            return self.keep_level(position, level);
        }
        if let Some(block) = word.as_block() {
            self.store.stamp(block, level);
        }
        Ok(word)
    }
}

/// As `keep_of_base`; patches of what goes are forgotten, so that nobody takes what they name for a
/// part of the list.
fn cut_base(list: &ListObject, first: usize, count: usize) {
    list.patches.get().forget_outside(first..first + count);
    keep_of_base(list, first, count);
}

/// Says what of the block is in a list from now on.
pub fn keep_of_base(list: &ListObject, first: usize, count: usize) {
    list.first.set(first);
    list.count.set(count);
    if count == 0 {
        list.first.set(0);
        list.base.set(ptr::null_mut());
        list.patches.set(Patches::EMPTY);
    }
}

#[cold]
fn out_of_range<T>(i: usize, len: usize) -> Result<T> {
    fail!(LIFECYCLE_E_RANGE, "{i} is not in a list of {len} elements");
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]
mod tests {
    use super::*;
    use crate::values::fixture::{Fixture, ok};

    fn numbers(interp: &Fixture, count: i64) -> lifecycle_handle {
        let numbers: Vec<_> = (0..count).map(|n| ok(interp.int(n))).collect();
        ok(interp.with(|state| state.make_list(&numbers)))
    }

    #[test]
    fn a_list_is_as_it_was_where_there_is_no_room() {
        let limited = lifecycle_interp_options {
            arena_limit: 1 << 20,
            ..lifecycle_interp_options::default()
        };
        let interp = Fixture::with(&limited);
        let list = numbers(&interp, 3);
        let one = ok(interp.int(1));
        let mut len = 3;
        while interp.keeping(|state| state.list_push(list, one)).is_ok() {
            len += 1;
        }
        assert!(len > 10_000);
        assert_eq!(interp.with(|state| state.list_length(list)), Ok(len));
        let fails = |what: &dyn Fn(&mut State) -> Result<()>| {
            assert!(interp.keeping(|state| what(state)).is_err());
            assert_eq!(interp.with(|state| state.list_length(list)), Ok(len));
        };
        fails(&|state| state.list_unshift(list, one));
        fails(&|state| state.list_splice(list, 1, 0, list));
        fails(&|state| state.list_copy(list).map(|_| ()));
        // SAFETY: there is no comparison to be called.
        assert!(unsafe { interp.sort_list(list, None, ptr::null_mut()) }.is_err());
        ok(interp.with(|state| state.list_take(list, false)));
        ok(interp.keeping(|state| state.list_push(list, one)));
        assert_eq!(interp.with(|state| state.list_length(list)), Ok(len));
    }

    #[test]
    fn no_handle_for_an_element_takes_nothing_out() {
        let limited =
            lifecycle_interp_options { handle_limit: 12, ..lifecycle_interp_options::default() };
        let interp = Fixture::with(&limited);
        let inner = numbers(&interp, 2);
        let outer = ok(interp.with(|state| state.make_list(&[inner, inner])));
        let kept = ok(interp.keep(outer));
        let wrapped = ok(interp.with(|state| state.wrap(kept)));
        while interp.int(1).is_ok() {}
        assert!(interp.with(|state| state.list_at(wrapped, 0)).is_err());
        assert!(interp.with(|state| state.list_take(wrapped, true)).is_err());
        assert_eq!(interp.with(|state| state.list_length(wrapped)), Ok(2));
        assert_eq!(interp.with(|state| state.list_at(outer, 1)), Ok(inner));
        interp.with(|state| state.store.release(kept));
    }

    #[test]
    fn what_was_taken_out_is_no_part_of_the_list() {
        let interp = Fixture::new();
        let inner = numbers(&interp, 1);
        let outer = ok(interp.with(|state| state.make_list(&[inner, inner, inner])));
        let kept = ok(interp.keep(outer));
        let wrapped = ok(interp.with(|state| state.wrap(kept)));
        interp.with(|state| state.store.release(kept));
        for is_front in [true, false] {
            let at = if is_front { 0 } else { 1 };
            let element = ok(interp.with(|state| state.list_at(wrapped, at)));
            ok(interp.with(|state| state.list_take(wrapped, is_front)));
            ok(interp.keeping(|state| state.list_push(element, wrapped)));
        }
        // It would be a cycle.
        let again = ok(interp.keep(wrapped));
        interp.with(|state| state.store.release(again));
        assert_eq!(interp.show(wrapped), "0");
    }

    #[test]
    fn a_part_shares_the_block_and_nothing_else() {
        let interp = Fixture::new();
        let many = numbers(&interp, 5000);
        let kept = ok(interp.keep(many));
        let wrapped = ok(interp.with(|state| state.wrap(kept)));
        let part = ok(interp.with(|state| state.list_slice(wrapped, 10, 4000)));
        let before = interp.memory().value_bytes;
        let again = ok(interp.keep(part));
        assert!(interp.memory().value_bytes - before < 4096);
        let all = ok(interp.with(|state| state.list_slice(wrapped, 0, 9000)));
        assert_eq!(interp.keep(all), Ok(kept));
        let part = ok(interp.with(|state| state.wrap(again)));
        assert_eq!(interp.with(|state| state.list_length(part)), Ok(4000));
        interp.with(|state| {
            for word in [kept, kept, again] {
                state.store.release(word);
            }
        });
    }

    #[test]
    fn a_dict_of_equal_keys_keeps_the_text_it_was() {
        let interp = Fixture::new();
        let one = interp.text_of("a  1 a 2");
        ok(interp.dict_shimmer(one));
        assert_eq!(interp.with(|state| state.dict_size(one)), Ok(1));
        assert_eq!(interp.show(one), "a  1 a 2");
        let list = interp.text_of("b 1 b 2");
        ok(interp.list_shimmer(list));
        let last = interp.text_of("c");
        ok(interp.keeping(|state| state.list_push(list, last)));
        assert!(interp.dict_shimmer(list).is_err());
        ok(interp.keeping(|state| state.list_push(list, last)));
        ok(interp.dict_shimmer(list));
        assert_eq!(interp.show(list), "b 1 b 2 c c");
        ok(interp.dict_set(list, last, last));
        assert_eq!(interp.show(list), "b 2 c c");
    }

    #[test]
    fn a_part_of_a_wrapped_list_is_kept_as_what_it_is() {
        let interp = Fixture::new();
        let list = interp.text_of("a b c d e");
        ok(interp.list_shimmer(list));
        let whole = ok(interp.keep(list));
        let wrapped = ok(interp.with(|state| state.wrap(whole)));
        let part = ok(interp.with(|state| state.list_slice(wrapped, 1, 2)));
        let kept = ok(interp.keep(part));
        let again = ok(interp.with(|state| state.wrap(kept)));
        assert_eq!((interp.show(part), interp.show(again)), ("b c".into(), "b c".into()));
        for word in [whole, kept] {
            interp.change(|state| state.store.release(word));
        }
    }

    #[test]
    fn many_are_put_behind_a_list_that_has_lost_its_front() {
        let interp = Fixture::new();
        let texts: Vec<_> = (0..40).map(|i| interp.text_of(&i.to_string())).collect();
        let many = ok(interp.with(|state| state.make_list(&texts)));
        for len in 1..12 {
            let list = ok(interp.with(|state| state.make_list(&texts[..len])));
            // Lies behind the list's elements.
            let guard = ok(interp.with(|state| state.make_list(&texts[..20])));
            for left in (0..len).rev() {
                ok(interp.with(|state| state.list_take(list, true)));
                let end = left;
                ok(interp.keeping(|state| state.list_splice(list, end, 0, many)));
                ok(interp.keeping(|state| state.list_splice(list, left, 40, 0)));
                let rest = ok(interp.with(|state| state.list_length(list)));
                assert_eq!(rest, left);
            }
            let wanted = (0..20).map(|i| i.to_string()).collect::<Vec<_>>().join(" ");
            assert_eq!(interp.show(guard), wanted);
        }
    }
}
