//! From scratch to persistent (keeping, which C calls materialising) and back (wrapping).
//!
//! Wrapping is O(1): the handle refers to the block, elements are wrapped when they are reached.
//! Keeping what was wrapped and not changed gives the same block again; what was changed shares all
//! that was not. A slot remembers what it was kept as, so sharing within a value is kept, and
//! keeping the same thing again is O(1) until something is changed in place.
//!
//! Lists and dicts are kept depth first, with a stack of their own: a container is made when all
//! that it holds is kept. One that is met again on the way down is a cycle.
//!
//! Invariants:
//! - `.convert.own`: keeping gives a word that its caller counts, and releases; `wrap` counts
//!   nothing: the block is stamped, so that it waits for the handle's level.
//! - `.convert.memo`: what a slot remembers is a block stamped with the slot's level, so it is
//!   alive as long as the slot. It is up to date if the clock has not moved since.
//! - `.convert.quiet`: keeping calls nobody. A foreign thing has to be cloned by the host: then it
//!   gives up, tells which (`State::wanted`), and is tried again when they are (`Interp::keeping`).

use core::ptr::{self, NonNull};

use super::dict;
use super::list::{self, Draft};
use super::scratch::{
    BuilderObject, DictObject, ForeignObject, Items, ListObject, Shared, Slot, SlotExt,
};
use super::store::{self, Block, Kind};
use super::word::{Is, Word};
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Error, List, ListExt, Result, error, fail};

/// How often keeping is tried again because foreign things turned up; each time it found others.
const TRIES: usize = 64;
/// Elements that are kept at a time.
const MANY: usize = 32;

impl State {
    /// A handle for a persistent word, which its owner counts at this moment.
    #[inline]
    pub fn wrap(&mut self, word: Word) -> Result<lifecycle_handle> {
        let slot = match word.is() {
            Is::Nil => return Ok(0),
            Is::Int(value) => Slot::new(LIFECYCLE_INT, value as u64),
            Is::Double(value) => Slot::new(LIFECYCLE_DOUBLE, value.to_bits()),
            Is::Block(block) => Slot::wrapped(block),
            Is::Slot(position) => return Ok(self.handles.at(position)),
        };
        let handle = self.handles.make(slot)?;
        if let Some(block) = word.as_block() {
            self.store.stamp(block, self.top());
        }
        Ok(handle)
    }

    /// As `wrap`, at once (`Interp::quick`): a number, a text, or what has a handle.
    #[inline(always)]
    pub fn wrap_at_hand(&mut self, word: Word) -> Option<lifecycle_handle> {
        match word.is() {
            Is::Int(value) => self.handles.make_at_hand(Slot::new(LIFECYCLE_INT, value as u64)),
            Is::Double(value) => {
                self.handles.make_at_hand(Slot::new(LIFECYCLE_DOUBLE, value.to_bits()))
            }
            Is::Slot(position) => Some(self.handles.at(position)),
            Is::Block(block) => {
                let text = store::at(block).whole_text()?;
                let slot = Slot { payload: block.as_ptr() as u64, ..Slot::string(text) };
                let handle = self.handles.make_at_hand(slot)?;
                self.store.stamp(block, self.top());
                Some(handle)
            }
            Is::Nil => None,
        }
    }

    /// A word for an element of a container of level `level`: what is of a deeper level becomes a
    /// persistent copy, which waits for that level (`.scratch.object`). Call within
    /// `Interp::keeping`.
    #[inline]
    pub fn keep_level(&mut self, position: usize, level: usize) -> Result<Word> {
        if self.level_of(position) <= level {
            return Ok(Word::slot(position));
        }
        let word = self.keep_position(position)?;
        if let Some(block) = word.as_block() {
            self.store.stamp(block, level);
            self.store.release(word);
        }
        Ok(word)
    }

    /// Keeps what a position stands for: a word that the caller counts. Call within
    /// `Interp::keeping`.
    #[inline]
    pub fn keep_position(&mut self, position: usize) -> Result<Word> {
        match self.keep_simple(position)? {
            Some(word) => Ok(word),
            None => self.keep_container(position),
        }
    }

    /// Keeps what needs nothing else to be kept first; `None` for a list or dict that does.
    #[inline]
    fn keep_simple(&mut self, position: usize) -> Result<Option<Word>> {
        let slot = *self.slot_at(position)?;
        let word = match slot.kind() {
            LIFECYCLE_INT => return self.store.int(slot.payload as i64).map(Some),
            LIFECYCLE_DOUBLE => return self.store.double(f64::from_bits(slot.payload)).map(Some),
            _ => match slot.as_wrapped() {
                Some(block) => Word::block(block),
                None => self.memo(&slot),
            },
        };
        if !word.is_nil() {
            self.store.retain(word);
            return Ok(Some(word));
        }
        match slot.kind() {
            LIFECYCLE_STRING | LIFECYCLE_BUILDER => self.keep_text(position, &slot).map(Some),
            LIFECYCLE_FOREIGN => {
                self.wanted.try_push(position)?;
                fail!(LIFECYCLE_E_BUSY, "a foreign thing was not cloned")
            }
            LIFECYCLE_LIST | LIFECYCLE_DICT => Ok(None),
            kind => fail!(LIFECYCLE_E_TYPE, "what is of kind {kind} cannot be kept"),
        }
    }

    /// What a slot remembers that it was kept as, if that is up to date.
    fn memo(&self, slot: &Slot) -> Word {
        if let Some(foreign) = slot.object::<ForeignObject>() {
            return foreign.kept.get();
        }
        match shared(slot) {
            Some(shared) if shared.kept_at.get() == self.clock => shared.kept.get(),
            _ => Word::NIL,
        }
    }

    /// A string's persistent twin is made once; a builder is kept as what was written by now.
    fn keep_text(&mut self, position: usize, slot: &Slot) -> Result<Word> {
        if let Some(builder) = slot.object::<BuilderObject>() {
            let built = builder.bytes();
            return Ok(Word::block(self.store.text(built)?));
        }
        let block = self.store.text(slot.text().unwrap_or_default())?;
        let level = self.level_of(position);
        self.store.stamp(block, level);
        self.slot_at_mut(position)?.payload = block.as_ptr() as u64;
        Ok(Word::block(block))
    }

    #[cold]
    fn keep_container(&mut self, position: usize) -> Result<Word> {
        let mut path = List::new_in(self.host);
        let outcome = self.descend(position, &mut path);
        for Step { position, flat, .. } in &path {
            if let Some(shared) = self.slot_at(*position).ok().and_then(shared) {
                shared.is_on_path.set(false);
            }
            if let Some(flat) = flat {
                self.store.release(Word::block(*flat));
            }
        }
        outcome
    }

    fn descend(&mut self, root: usize, path: &mut List<Step>) -> Result<Word> {
        self.enter_container(root, path)?;
        loop {
            let Some(step) = path.last_mut() else { return Err(lost()) };
            let position = step.position;
            let inner = match step.flat {
                Some(flat) => self.fill_flat(step, flat)?,
                None => self.next_inner(step)?,
            };
            if let Some(inner) = inner {
                self.enter_container(inner, path)?;
                continue;
            }
            self.note_changes(position)?;
            let word = match path.last_mut().and_then(|step| step.flat.take()) {
                Some(flat) => Word::block(flat),
                None => self.build(position)?,
            };
            path.pop();
            self.remember(position, word)?;
            match path.last_mut() {
                None => return Ok(word),
                Some(outer) if outer.flat.is_some() => outer.take(word),
                // Whoever holds it counts it once more; until then it waits for the slot's level.
                Some(_) => self.store.release(word),
            }
        }
    }

    fn enter_container(&mut self, position: usize, path: &mut List<Step>) -> Result<()> {
        path.make_room(1)?;
        let slot = self.handles.slot(position).ok_or_else(lost)?;
        let shared = shared(slot).ok_or_else(lost)?;
        if shared.is_on_path.get() {
            fail!(LIFECYCLE_E_CYCLE, "the value holds itself, {} levels down", path.len());
        }
        let few = slot.object::<ListObject>().filter(|list| {
            list.base.get().is_null() && list.items.get().len <= MANY && !slot.is_original()
        });
        let (flat, items) = match few.map(|list| list.items.get()) {
            Some(items) => (Some(self.store.make(Kind::List, items.len, 0)?), items),
            None => (None, Items::EMPTY),
        };
        shared.is_on_path.set(true);
        path.push(Step { position, next: 0, flat, items });
        Ok(())
    }

    /// Fills the block of a list of few elements, none of which was kept as a part of it before, up
    /// to the next list or dict in it that has to be kept first. All others are kept in two passes:
    /// what is in them, and then themselves (`next_inner`, `build`).
    #[inline]
    fn fill_flat(&mut self, step: &mut Step, flat: NonNull<Block>) -> Result<Option<usize>> {
        while let Some(word) = step.items.get(step.next) {
            let word = match word.as_slot() {
                Some(position) => match self.keep_simple(position)? {
                    Some(word) => word,
                    None => return Ok(Some(position)),
                },
                None => {
                    self.store.retain(word);
                    word
                }
            };
            step.take(word);
        }
        debug_assert!(store::at(flat).cells().len() == step.next);
        Ok(None)
    }

    /// The next list or dict in a container that has to be kept before it can be.
    fn next_inner(&self, step: &mut Step) -> Result<Option<usize>> {
        let slot = *self.slot_at(step.position)?;
        if !shared(&slot).is_some_and(|shared| shared.is_nested.get()) {
            return Ok(None);
        }
        while let Some(word) = part(&slot, step.next) {
            step.next += 1;
            let Some(position) = word.as_slot() else { continue };
            let inner = *self.slot_at(position)?;
            let is_container = matches!(inner.kind(), LIFECYCLE_LIST | LIFECYCLE_DICT);
            if is_container && inner.as_wrapped().is_none() && self.memo(&inner).is_nil() {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Remembers what a list or dict was kept as (`.convert.memo`).
    fn remember(&mut self, position: usize, word: Word) -> Result<()> {
        let level = self.level_of(position);
        if let Some(block) = word.as_block() {
            self.store.stamp(block, level);
        }
        let slot = self.slot_at(position)?;
        if let Some(shared) = shared(slot) {
            shared.is_on_path.set(false);
            shared.kept.set(word);
            shared.kept_at.set(self.clock);
        }
        Ok(())
    }

    /// Makes the block of a list or dict all of whose inner lists and dicts are kept.
    fn build(&mut self, position: usize) -> Result<Word> {
        let slot = *self.slot_at(position)?;
        if let Some(list) = slot.object::<ListObject>() {
            return self.build_list(&slot, list);
        }
        match slot.object::<DictObject>() {
            Some(dict) => self.build_dict(dict),
            None => Err(lost()),
        }
    }

    /// Notes when something in a list or dict was changed last; the lists and dicts in it know when
    /// something in them was, since they are kept.
    fn note_changes(&self, position: usize) -> Result<()> {
        let slot = self.slot_at(position)?;
        let own = shared(slot).ok_or_else(lost)?;
        if !own.is_nested.get() {
            return Ok(());
        }
        for word in (0..).map_while(|n| part(slot, n)) {
            let inner = word.as_slot().and_then(|position| self.handles.slot(position));
            if let Some(inner) = inner.and_then(shared) {
                own.changed_at.set(own.changed_at.get().max(inner.changed_at.get()));
            }
        }
        Ok(())
    }

    /// A word that its holder counts, of an element.
    #[inline]
    fn keep_element(&mut self, word: Word) -> Result<Word> {
        let Some(position) = word.as_slot() else {
            self.store.retain(word);
            return Ok(word);
        };
        // The most frequent kind of element.
        if let Some(slot) = self.handles.slot(position)
            && slot.kind() == LIFECYCLE_INT
            && let Some(word) = Word::int(slot.payload as i64)
        {
            return Ok(word);
        }
        self.keep_slot(position)
    }

    #[inline(never)]
    fn keep_slot(&mut self, position: usize) -> Result<Word> {
        self.keep_simple(position)?.ok_or_else(lost)
    }

    /// Words that their holder counts, of elements, as many as there are or fit.
    fn keep_elements(
        &mut self,
        elements: &mut impl Iterator<Item = Word>,
        kept: &mut [Word; MANY],
    ) -> Result<usize> {
        let mut count = 0;
        for (place, word) in kept.iter_mut().zip(elements) {
            match self.keep_element(word) {
                Ok(word) => *place = word,
                Err(error) => {
                    kept.iter().take(count).for_each(|word| self.store.release(*word));
                    return Err(error);
                }
            }
            count += 1;
        }
        Ok(count)
    }

    fn build_list(&mut self, slot: &Slot, list: &ListObject) -> Result<Word> {
        let items = list.items.get();
        let Some(base) = NonNull::new(list.base.get()) else {
            let is_right = list.shared.changed_at.get() <= list.shared.made_at.get();
            let text = match slot.text() {
                Some(text) if slot.is_original() && is_right => Word::block(self.store.text(text)?),
                _ => Word::NIL,
            };
            let draft = Draft::new(&mut self.store, items.len, text)?;
            return self.fill_list(draft, list);
        };
        let kept = list.first.get()..list.first.get() + list.count.get();
        if !list.shared.is_changed.get() && self.is_as_base(list)? {
            let word = Word::block(base);
            self.store.retain(word);
            return Ok(word);
        }
        let draft = Draft::of(&mut self.store, base, kept, items.len)?;
        self.fill_list(draft, list)
    }

    /// Whether the lists and dicts that handles name in a list are what the block has there.
    fn is_as_base(&mut self, list: &ListObject) -> Result<bool> {
        let Some(base) = NonNull::new(list.base.get()) else { return Ok(false) };
        for (at, word) in list.patches.get().iter() {
            let kept = self.keep_element(word)?;
            self.store.release(kept);
            if list::get(base, at) != Some(kept) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fill_list(&mut self, mut draft: Draft, list: &ListObject) -> Result<Word> {
        match self.fill_draft(&mut draft, list) {
            Ok(()) => draft.finish(&mut self.store).map(Word::block),
            Err(error) => {
                draft.abandon(&mut self.store);
                Err(error)
            }
        }
    }

    fn fill_draft(&mut self, draft: &mut Draft, list: &ListObject) -> Result<()> {
        let kept = list.first.get()..list.first.get() + list.count.get();
        for (at, word) in list.patches.get().iter().filter(|(at, _)| kept.contains(at)) {
            let word = self.keep_element(word)?;
            draft.set(&mut self.store, at - kept.start, word)?;
        }
        let mut items = list.items.get().iter();
        let mut kept = [Word::NIL; MANY];
        loop {
            let count = self.keep_elements(&mut items, &mut kept)?;
            if count == 0 {
                return Ok(());
            }
            draft.append(&mut self.store, kept.get(..count).unwrap_or_default())?;
        }
    }

    fn build_dict(&mut self, dict: &DictObject) -> Result<Word> {
        let new = dict.entries.get().len / 2 - dict.gone.get();
        let mut draft = match NonNull::new(dict.base.get()) {
            None => dict::Draft::new(&mut self.store, new)?,
            Some(base) if !dict.shared.is_changed.get() && self.is_as_base_dict(base, dict)? => {
                let word = Word::block(base);
                self.store.retain(word);
                return Ok(word);
            }
            Some(base) => dict::Draft::of(&mut self.store, base, new)?,
        };
        match self.fill_dict(&mut draft, dict) {
            Ok(()) => draft.finish(&mut self.store).map(Word::block),
            Err(error) => {
                draft.abandon(&mut self.store);
                Err(error)
            }
        }
    }

    /// As `is_as_base`, for the values of a dict.
    fn is_as_base_dict(&mut self, base: NonNull<Block>, dict: &DictObject) -> Result<bool> {
        for (position, word) in dict.patches.get().iter() {
            let kept = self.keep_element(word)?;
            self.store.release(kept);
            let stored = dict::next(base, position).filter(|(at, ..)| *at == position);
            if stored.map(|(_, _, value)| value) != Some(kept) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fill_dict(&mut self, draft: &mut dict::Draft, dict: &DictObject) -> Result<()> {
        for (position, word) in dict.patches.get().iter() {
            if word.is_nil() {
                draft.remove(&mut self.store, position)?;
            } else {
                let word = self.keep_element(word)?;
                draft.set(&mut self.store, position, word)?;
            }
        }
        let entries = dict.entries.get();
        for n in (0..entries.len).step_by(2) {
            let (Some(key), Some(value)) = (entries.get(n), entries.get(n + 1)) else { break };
            if key.is_nil() {
                continue;
            }
            let key = self.keep_key(key)?;
            match self.keep_element(value) {
                Ok(value) => draft.add(&mut self.store, key, value)?,
                Err(error) => {
                    self.store.release(Word::block(key));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The text of a key, as a block that its holder counts.
    fn keep_key(&mut self, key: Word) -> Result<NonNull<Block>> {
        if let Some(position) = key.as_slot() {
            let slot = *self.slot_at(position)?;
            if slot.kind() != LIFECYCLE_STRING {
                return self.store.text(slot.text().unwrap_or_default());
            }
        }
        let kept = self.keep_element(key)?;
        kept.as_block().filter(|block| store::at(*block).kind() == Kind::Text).ok_or_else(lost)
    }

    /// A handle for a value that C holds.
    fn wrap_value(&mut self, word: Word) -> Result<lifecycle_handle> {
        if let Some(block) = word.as_block()
            && store::at(block).kind() == Kind::Part
        {
            fail!(LIFECYCLE_E_INVALID, "a part of a value is not one");
        }
        self.wrap(word)
    }
}

/// A container on the way down.
struct Step {
    position: usize,
    /// Which of its parts is looked at next.
    next: usize,
    /// The block of a list of few elements (`fill_flat`), and they.
    flat: Option<NonNull<Block>>,
    items: Items,
}

impl Step {
    /// The next element of the block, which counts it from now on.
    fn take(&mut self, word: Word) {
        let cells = self.flat.map(|flat| store::at(flat).cells());
        if let Some(cell) = cells.and_then(|cells| cells.get(self.next)) {
            cell.set(word);
            self.next += 1;
        }
    }
}

fn shared(slot: &Slot) -> Option<&Shared> {
    let list = slot.object::<ListObject>().map(|list| &list.shared);
    list.or_else(|| slot.object::<DictObject>().map(|dict| &dict.shared))
}

/// The `n`-th of the words that a list or dict holds itself, some of them nil.
fn part(slot: &Slot, n: usize) -> Option<Word> {
    let (items, patches) = match slot.object::<ListObject>() {
        Some(list) => (list.items.get(), list.patches.get()),
        None => {
            let dict = slot.object::<DictObject>()?;
            (dict.entries.get(), dict.patches.get())
        }
    };
    items.get(n).or_else(|| patches.nth(n.checked_sub(items.len)?))
}

#[cold]
fn lost() -> Error {
    error!(LIFECYCLE_E_STALE, "a value changed while it was being kept")
}

impl Interp {
    /// Runs a change that may keep something. Where that needs foreign things to be cloned, they
    /// are, and the change is run again: it must have changed nothing before it keeps.
    #[inline]
    pub fn keeping<R>(&self, mut body: impl FnMut(&mut State) -> Result<R>) -> Result<R> {
        let result = self.with(&mut body);
        if result.is_err() && self.with(|state| !state.wanted.is_empty()) {
            return self.keeping_foreign(body);
        }
        self.settle();
        result
    }

    #[cold]
    fn keeping_foreign<R>(&self, mut body: impl FnMut(&mut State) -> Result<R>) -> Result<R> {
        for _ in 0..TRIES {
            while let Some(position) = self.with(|state| state.wanted.pop()) {
                if let Err(error) = self.clone_foreign(position) {
                    self.with(|state| state.wanted.clear());
                    return Err(error);
                }
            }
            let result = self.with(&mut body);
            if result.is_ok() || self.with(|state| state.wanted.is_empty()) {
                self.settle();
                return result;
            }
        }
        self.with(|state| state.wanted.clear());
        fail!(LIFECYCLE_E_BUSY, "cloning foreign things never came to an end");
    }

    /// Has a foreign thing cloned by the host, and remembers the clone.
    fn clone_foreign(&self, position: usize) -> Result<()> {
        let find = |state: &State| {
            let slot = state.slot_at(position).ok()?;
            let object = slot.object::<ForeignObject>()?;
            object.kept.get().is_nil().then_some(object.pointer.get())
        };
        let Some(pointer) = self.with(|state| find(state)) else { return Ok(()) };
        let options = self.options();
        let clone = match options.foreign_clone {
            Some(clone) if !pointer.is_null() => {
                // SAFETY: the host promised that its function may be called with its things;
                // `.interp.quiet` holds: `with` has returned.
                self.calling(|_| unsafe { clone(pointer, options.user) })?
            }
            _ => ptr::null_mut(),
        };
        let kept = self.with(|state| {
            if find(state).is_none() {
                return Err(lost());
            }
            state.keep_clone(position, clone)
        });
        if kept.is_err() {
            self.release_foreign(clone);
        }
        kept
    }

    /// Keeps what a handle names: a word that the caller counts; nil for nil.
    pub fn keep(&self, handle: lifecycle_handle) -> Result<Word> {
        if handle == 0 {
            return Ok(Word::NIL);
        }
        self.keeping(|state| {
            let position = state.position(handle)?;
            state.keep_position(position)
        })
    }

    /// As `keep`, for C.
    pub fn materialize(&self, handle: lifecycle_handle) -> Result<*mut lifecycle_value> {
        let word = self.keep(handle)?;
        if word.as_block().is_some() {
            self.with(|state| state.held += 1);
        }
        Ok(word.to_c())
    }

    /// A handle for a value that C holds.
    ///
    /// # Safety
    /// `value` points at readable memory, or is a number.
    pub unsafe fn wrap(&self, value: *mut lifecycle_value) -> Result<lifecycle_handle> {
        let word = Word::from_c(value);
        if word.as_slot().is_some() {
            fail!(LIFECYCLE_E_INVALID, "{value:p} is not a value");
        }
        if let Some(block) = word.as_block() {
            // SAFETY: the caller's word.
            let owner = unsafe { store::owner_of_value(block) };
            if owner != Some((&raw const *self).cast()) {
                fail!(LIFECYCLE_E_INVALID, "the value at {value:p} is not this interpreter's");
            }
        }
        self.with(|state| state.wrap_value(word))
    }
}

impl State {
    /// What a foreign thing was kept as; the clone is the block's if this succeeds.
    fn keep_clone(&mut self, position: usize, clone: *mut core::ffi::c_void) -> Result<()> {
        let slot = *self.slot_at(position)?;
        let object = slot.object::<ForeignObject>().ok_or_else(lost)?;
        let type_name = self.store.text(object.type_name())?;
        let text = match self.store.text(slot.text().unwrap_or_default()) {
            Ok(text) => text,
            Err(error) => {
                self.store.release(Word::block(type_name));
                return Err(error);
            }
        };
        let block = self.store.foreign(type_name, text, clone)?;
        let level = self.level_of(position);
        self.store.stamp(block, level);
        object.kept.set(Word::block(block));
        self.store.release(Word::block(block));
        Ok(())
    }
}
