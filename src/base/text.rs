//! Names and paths: bytes in the host's memory, NUL-terminated so that C can read them in place.

use core::ffi::{CStr, c_char};
use core::fmt;

use super::{List, ListExt, Host, Result};

/// An immutable text.
///
/// Invariant `.text.nul`: the bytes end with exactly one NUL, none before it unless the text was made from a slice that
/// holds one.
pub struct Text(List<u8>);

impl Text {
    /// Copies `bytes` (without a terminator).
    pub fn copy(host: Host, bytes: &[u8]) -> Result<Self> {
        let mut list = List::new_in(host);
        list.make_room(bytes.len() + 1)?;
        list.extend_from_slice(bytes);
        list.push(0);
        Ok(Text(list))
    }

    /// The bytes, without the terminator.
    pub fn bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, bytes)| bytes)
    }

    /// For C: valid and in place as long as the text lives, wherever the `Text` itself moves.
    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// As a C string; a text with a NUL inside ends there.
    pub fn c_str(&self) -> &CStr {
        // SAFETY: `.text.nul` - there is a NUL within the bytes.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lossy(self.bytes()).fmt(f)
    }
}

/// Shows bytes in a sentence: UTF-8 as it is, anything else (and control characters) as '?'.
pub struct Lossy<'a>(pub &'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                f.write_char(if c.is_control() { '?' } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char('?')?;
            }
        }
        Ok(())
    }
}
