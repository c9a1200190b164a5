//! String forms: the text of whatever a handle names.

use super::number::Digits;
use super::scratch::{EMPTY, SlotExt};
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Result, fail};

/// A text that some handle has: as good as the handle (`.scratch.object`), and never changed
/// meanwhile (`.text.still`).
#[derive(Clone, Copy)]
pub struct Text {
    at: *const u8,
    len: usize,
}

impl Text {
    /// No bytes.
    pub const EMPTY: Text = Text { at: EMPTY.as_ptr(), len: 0 };

    pub(super) fn new(text: &[u8]) -> Self {
        Text { at: text.as_ptr(), len: text.len() }
    }

    /// Where it is; a NUL follows it.
    pub fn as_ptr(&self) -> *const u8 {
        self.at
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `.text.still` - the text was a handle's when this was made, and whoever has it
        // drops no handle while using it.
        unsafe { core::slice::from_raw_parts(self.at, self.len) }
    }
}

impl State {
    /// Gives a slot a text made now.
    fn cache_text(&mut self, position: usize, text: &[u8]) -> Result<Text> {
        let text = self.copy_bytes(self.level_of(position), text)?;
        self.slot_at_mut(position)?.set_text(text);
        Ok(Text::new(text))
    }
}

impl Interp {
    /// The text of what a handle names; nil has an empty one.
    #[inline]
    pub fn text(&self, handle: lifecycle_handle) -> Result<Text> {
        if handle == 0 {
            return Ok(Text::EMPTY);
        }
        let (slot, text) = self.with(|state| {
            let slot = state.slot(handle)?;
            // `.scratch.text`
            let text = if slot.text_len != 0 { slot.text().map(Text::new) } else { None };
            Ok((*slot, text))
        })?;
        match text {
            Some(text) => Ok(text),
            None => self.make_text(handle, slot.kind(), slot.payload),
        }
    }

    #[cold]
    fn make_text(&self, handle: lifecycle_handle, kind: i32, payload: u64) -> Result<Text> {
        let digits = match kind {
            LIFECYCLE_INT => Digits::of_int(payload as i64),
            LIFECYCLE_DOUBLE => Digits::of_double(f64::from_bits(payload)),
            LIFECYCLE_STRING | LIFECYCLE_FOREIGN => return Ok(Text::EMPTY),
            kind => fail!(LIFECYCLE_E_UNSUPPORTED, "kind {kind} has no text"),
        };
        self.with(|state| {
            let position = state.position(handle)?;
            state.cache_text(position, digits.as_bytes())
        })
    }
}
