//! String forms: the text of whatever a handle names.
//!
//! Invariants:
//! - `.text.still`: bytes of a text neither move nor change as long as its handle is there. (A
//!   builder's do: who asks for them uses them at once, or asks for a copy, `ended_text`.)

use core::ptr::NonNull;

use super::growing;
use super::list;
use super::number::Digits;
use super::scratch::{BuilderObject, EMPTY, Shared, Slot, SlotExt};
use super::store;
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Result, fail};

/// A text that some handle has: as good as the handle (`.scratch.object`).
#[derive(Clone, Copy)]
pub struct Text {
    at: NonNull<u8>,
    len: usize,
}

/// The NUL behind no bytes.
const NOTHING: NonNull<u8> = {
    // SAFETY: the address of a static is not NULL.
    unsafe { NonNull::new_unchecked(EMPTY.as_ptr().cast_mut()) }
};

impl Text {
    /// No bytes.
    pub(crate) const EMPTY: Text = Text { at: NOTHING, len: 0 };

    /// Of a handle.
    #[inline]
    pub(super) fn new(text: &[u8]) -> Self {
        Text { at: NonNull::from(text).cast(), len: text.len() }
    }

    /// Where it is.
    pub fn as_ptr(&self) -> *const u8 {
        self.at.as_ptr()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `.text.still` - the text was a handle's when this was made, and whoever has it
        // drops no handle while using it.
        unsafe { core::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

impl State {
    /// The text of a slot, if there is one and it is known to be right.
    #[inline]
    pub(super) fn known_text(&self, slot: &Slot) -> Option<Text> {
        match slot.own_text() {
            Some(text) => Some(Text::new(text)),
            None => self.known_text_of_others(slot),
        }
    }

    /// The text of a handle, if it is at hand.
    #[inline]
    pub fn text_at_hand(&self, handle: lifecycle_handle) -> Option<Text> {
        let (_, slot) = self.handles.newest(handle)?;
        slot.own_text().map(Text::new)
    }

    /// As `text_at_hand`, if a NUL follows it.
    #[inline]
    pub fn ended_text_at_hand(&self, handle: lifecycle_handle) -> Option<Text> {
        let (_, slot) = self.handles.newest(handle)?;
        slot.own_text().filter(|_| slot.is_ended()).map(Text::new)
    }

    #[cold]
    #[inline(never)]
    fn known_text_of_others(&self, slot: &Slot) -> Option<Text> {
        if let Some(builder) = slot.object::<BuilderObject>() {
            return Some(Text::new(builder.bytes()));
        }
        if slot.shared().is_some_and(|shared| !self.is_known_right(shared)) {
            return None;
        }
        if let Some(text) = slot.text() {
            return Some(Text::new(text));
        }
        let block = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_LIST)?;
        list::text(block).map(|text| Text::new(store::at(text).text()))
    }

    /// Whether the text that a list or dict has is right, as far as is known without a look at what
    /// is in it.
    fn is_known_right(&self, shared: &Shared) -> bool {
        let is_flat = !shared.is_nested.get();
        shared.changed_at.get() <= shared.made_at.get()
            && (is_flat || shared.checked_at.get() == self.clock)
    }

    /// Gives a slot a text made now.
    fn set_text(&mut self, position: usize, text: &[u8]) -> Result<Text> {
        let text = self.copy_bytes(self.level_of(position), text)?;
        self.slot_at_mut(position)?.set_text(text);
        Ok(Text::new(text))
    }

    /// A text that a NUL follows for good.
    fn end_text(&mut self, position: usize) -> Result<Text> {
        let slot = *self.slot_at(position)?;
        let Some(text) = slot.text() else {
            let built = slot.object::<BuilderObject>().map(BuilderObject::bytes);
            let copy = self.copy_bytes(self.level_of(position), built.unwrap_or_default())?;
            return Ok(Text::new(copy));
        };
        let block = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_STRING);
        match slot.growth() {
            _ if slot.is_ended() => return Ok(Text::new(text)),
            // The text may be a beginning of what grows (`growing.rs`).
            _ if block.is_some_and(|block| growing::is_in(block, text) && growing::end(block)) => {}
            // `.scratch.growth` - the NUL is there.
            Some(growth) if growth.used.get() == text.len() => growth.used.set(text.len() + 1),
            _ => return self.set_text(position, text),
        }
        self.slot_at_mut(position)?.set_ended();
        Ok(Text::new(text))
    }
}

impl Interp {
    /// The text of what a handle names; nil has an empty one.
    #[inline]
    pub fn text(&self, handle: lifecycle_handle) -> Result<Text> {
        match self.with(|state| state.text_at_hand(handle)) {
            Some(text) => Ok(text),
            None => self.make_text(handle),
        }
    }

    /// As `text`, with a NUL behind, for C.
    #[inline]
    pub fn ended_text(&self, handle: lifecycle_handle) -> Result<Text> {
        match self.with(|state| state.ended_text_at_hand(handle)) {
            Some(text) => Ok(text),
            None => self.end_text(handle),
        }
    }

    #[cold]
    #[inline(never)]
    fn end_text(&self, handle: lifecycle_handle) -> Result<Text> {
        let text = self.text(handle)?;
        if handle == 0 {
            return Ok(text);
        }
        self.with(|state| {
            let position = state.position(handle)?;
            let slot = state.slot_at_mut(position)?;
            if slot.text().is_none() && slot.object::<BuilderObject>().is_none() {
                // A block's, which lives as long as the list that it belongs to.
                slot.set_text(text.bytes());
            }
            state.end_text(position)
        })
    }

    #[cold]
    #[inline(never)]
    fn make_text(&self, handle: lifecycle_handle) -> Result<Text> {
        if handle == 0 {
            return Ok(Text::EMPTY);
        }
        let (slot, known) = self.with(|state| {
            let slot = *state.slot(handle)?;
            Ok((slot, state.known_text(&slot)))
        })?;
        if let Some(text) = known {
            return Ok(text);
        }
        let digits = match slot.kind() {
            LIFECYCLE_INT => Digits::of_int(slot.payload as i64),
            LIFECYCLE_DOUBLE if self.options().to_text.is_none() => {
                Digits::of_double(f64::from_bits(slot.payload))
            }
            LIFECYCLE_DOUBLE | LIFECYCLE_LIST | LIFECYCLE_DICT => return self.make_form(handle),
            // A handle that was used up by becoming another one's list or dict.
            kind => fail!(LIFECYCLE_E_TYPE, "what is of kind {kind} has no string form"),
        };
        self.with(|state| {
            let position = state.position(handle)?;
            state.set_text(position, digits.as_bytes())
        })
    }
}
