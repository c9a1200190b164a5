//! From scratch to persistent (keeping, which C calls materialising) and back (wrapping).
//!
//! Wrapping is O(1): the handle refers to the block, elements are wrapped when they are reached.
//! Keeping what was wrapped and not changed gives the same block again, counted once more.
//!
//! Invariants:
//! - `.convert.own`: `keep` gives a word that its caller counts, and releases; `wrap` counts
//!   nothing: the block is stamped, so that it waits for the handle's level.

use core::ptr::NonNull;

use super::scratch::{Slot, SlotExt};
use super::store::{self, Kind};
use super::word::{Is, Word};
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Result, fail};

impl State {
    /// A handle for a persistent word, which its owner counts at this moment.
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

    /// A word for an element of a container of level `level`: what is of a deeper level becomes a
    /// persistent copy, which waits for that level (`.scratch.object`).
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

    /// Keeps what a position stands for: a word that the caller counts.
    pub fn keep_position(&mut self, position: usize) -> Result<Word> {
        let slot = *self.slot_at(position)?;
        if let Some(block) = slot.as_wrapped() {
            let word = Word::block(block);
            self.store.retain(word);
            return Ok(word);
        }
        match slot.kind() {
            LIFECYCLE_INT => self.store.int(slot.payload as i64),
            LIFECYCLE_DOUBLE => self.store.double(f64::from_bits(slot.payload)),
            LIFECYCLE_STRING => self.keep_string(position, &slot),
            kind => fail!(LIFECYCLE_E_UNSUPPORTED, "kind {kind} cannot be kept"),
        }
    }

    /// A string's twin is made once.
    fn keep_string(&mut self, position: usize, slot: &Slot) -> Result<Word> {
        let block = self.store.text(slot.text().unwrap_or_default())?;
        let level = self.level_of(position);
        self.store.stamp(block, level);
        self.slot_at_mut(position)?.payload = block.as_ptr() as u64;
        Ok(Word::block(block))
    }
}

impl Interp {
    /// Keeps what a handle names: a word that the caller counts; nil for nil.
    pub fn keep(&self, handle: lifecycle_handle) -> Result<Word> {
        if handle == 0 {
            return Ok(Word::NIL);
        }
        self.change(|state| {
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
            if store::at(block).kind() == Kind::Part {
                fail!(LIFECYCLE_E_INVALID, "{value:p} is not a value");
            }
        }
        self.with(|state| state.wrap(word))
    }
}

#[expect(unused_imports, reason = "soon")]
use NonNull as _;
