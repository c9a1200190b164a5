//! Texts that grow: what makes appending to a variable linear, whatever its length.
//!
//! A long text that something was appended to is the beginning of a buffer with room behind it.
//! Whoever appends to the newest version writes into that room; older versions end before. When the
//! room is used up, or when it is not the newest version that is appended to, the bytes move to a
//! new buffer of twice the size.
//!
//! Invariants:
//! - `.growing.buffer`: a buffer's body is the number of bytes used, the number of bytes that fit,
//!   and the bytes. Behind those that are used stands a NUL.
//! - `.growing.still`: a byte that is used never changes, and neither does the NUL behind a text
//!   that C was shown (`end`): then nothing more is ever appended there.

use core::ptr::NonNull;

use super::store::{Block, Kind, Store, at};
use super::word::Word;
use crate::base::{Result, fail};

/// Shorter texts are not worth a buffer.
pub const LONG: usize = 256;
const USED: usize = 0;
const ROOM: usize = 1;
const BYTES: usize = 2;

fn field(buffer: NonNull<Block>, n: usize) -> *mut u64 {
    at(buffer).raw().wrapping_add(n)
}

fn read(buffer: NonNull<Block>, n: usize) -> usize {
    // SAFETY: `.growing.buffer`.
    unsafe { field(buffer, n).read() as usize }
}

fn write(buffer: NonNull<Block>, n: usize, value: usize) {
    // SAFETY: `.growing.buffer`.
    unsafe { field(buffer, n).write(value as u64) }
}

/// The bytes of a buffer.
pub fn bytes(buffer: NonNull<Block>) -> *const u8 {
    field(buffer, BYTES).cast_const().cast()
}

fn buffer_of(text: NonNull<Block>) -> Option<NonNull<Block>> {
    if let [buffer] = at(text).words() { buffer.as_block() } else { None }
}

fn buffer(store: &mut Store, room: usize) -> Result<NonNull<Block>> {
    let Some(tail) = room.checked_add(1 + 8 * BYTES) else {
        fail!(LIFECYCLE_E_TOO_BIG, "no text can have {room} bytes");
    };
    let made = store.make(Kind::Part, 0, tail)?;
    write(made, USED, 0);
    write(made, ROOM, room);
    Ok(made)
}

/// Writes bytes behind those that are used; there is room.
fn append(buffer: NonNull<Block>, more: &[u8]) {
    let used = read(buffer, USED);
    let to = bytes(buffer).cast_mut().wrapping_add(used);
    // SAFETY: `.growing.buffer` - the caller saw that there is room, and for the NUL; `more` does
    // not lie there, for nothing that is used does.
    unsafe {
        to.copy_from_nonoverlapping(more.as_ptr(), more.len());
        to.add(more.len()).write(0);
    }
    write(buffer, USED, used + more.len());
}

/// The text that is `left` and then `more`, which the caller counts; `left` is the bytes of `whole`.
pub fn concat(
    store: &mut Store,
    whole: NonNull<Block>,
    left: &[u8],
    more: &[u8],
) -> Result<NonNull<Block>> {
    let Some(len) = left.len().checked_add(more.len()) else {
        fail!(LIFECYCLE_E_TOO_BIG, "no text can have so many bytes");
    };
    let newest = |buffer: &NonNull<Block>| {
        read(*buffer, USED) == left.len() && read(*buffer, ROOM) - left.len() >= more.len()
    };
    let made = match buffer_of(whole).filter(newest) {
        Some(buffer) => {
            let text = store.make(Kind::Text, 1, 8)?;
            store.retain(Word::block(buffer));
            append(buffer, more);
            (text, buffer)
        }
        None => {
            let buffer = buffer(store, len.saturating_mul(2))?;
            let text = match store.make(Kind::Text, 1, 8) {
                Ok(text) => text,
                Err(error) => {
                    store.release(Word::block(buffer));
                    return Err(error);
                }
            };
            append(buffer, left);
            append(buffer, more);
            (text, buffer)
        }
    };
    let (text, buffer) = made;
    at(text).cells().iter().for_each(|cell| cell.set(Word::block(buffer)));
    // SAFETY: there are eight bytes behind the word.
    unsafe { at(text).raw().write(len as u64) };
    Ok(text)
}

/// Whether bytes are those of the text itself, not a copy.
pub fn is_in(text: NonNull<Block>, bytes: &[u8]) -> bool {
    core::ptr::eq(at(text).text(), bytes)
}

/// Whether a NUL follows the text, now and as long as it lives: C may be shown it.
pub fn end(text: NonNull<Block>) -> bool {
    let Some(buffer) = buffer_of(text) else { return true };
    let len = at(text).text().len();
    if read(buffer, USED) == len {
        // `.growing.still`: nobody appends here any more.
        write(buffer, ROOM, len);
        return true;
    }
    // SAFETY: `.growing.buffer` - more bytes than these are used.
    unsafe { bytes(buffer).add(len).read() == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_version_stays_what_it_was(
            steps in prop::collection::vec((any::<usize>(), 0usize..200, any::<u8>()), 1..100),
        ) {
            let failing = Failing::new();
            let mut store = Store::new(failing.host(), usize::MAX, true);
            let Ok(first) = store.text(&[7; LONG]) else { unreachable!("memory is there") };
            let mut versions = vec![(first, vec![7u8; LONG], false)];
            for (pick, len, byte) in steps {
                let at_end = versions.len() - 1;
                let pick = if pick % 4 == 0 { pick / 4 % versions.len() } else { at_end };
                let Some((text, model, shown)) = versions.get_mut(pick) else { break };
                if byte == 0 {
                    *shown |= end(*text);
                }
                let more = vec![byte; len];
                let (text, mut model) = (*text, model.clone());
                let made = concat(&mut store, text, at(text).text(), &more);
                let Ok(made) = made else { unreachable!("memory is there") };
                model.extend_from_slice(&more);
                versions.push((made, model, false));
                for (text, model, shown) in &versions {
                    prop_assert_eq!(at(*text).text(), &model[..]);
                    if *shown {
                        // SAFETY: the text was said to be followed by a NUL.
                        let nul = unsafe { at(*text).text().as_ptr().add(model.len()).read() };
                        prop_assert_eq!(nul, 0);
                    }
                }
            }
            for (text, ..) in versions {
                store.release(Word::block(text));
            }
            prop_assert_eq!(store.live(), 0);
            store.empty_pool();
            drop(store);
            prop_assert_eq!(failing.out.get(), 0);
        }

        #[test]
        fn appending_moves_bytes_only_when_a_buffer_is_full(count in 1000usize..3000) {
            let failing = Failing::new();
            let mut store = Store::new(failing.host(), usize::MAX, false);
            let Ok(mut text) = store.text(&[1; LONG]) else { unreachable!("memory is there") };
            let (mut moves, mut last) = (0, core::ptr::null());
            for _ in 0..count {
                let made = concat(&mut store, text, at(text).text(), b"0123456789");
                let Ok(made) = made else { unreachable!("memory is there") };
                store.release(Word::block(text));
                text = made;
                moves += usize::from(at(text).text().as_ptr() != last);
                last = at(text).text().as_ptr();
            }
            prop_assert!(moves < 16, "{moves}");
            store.release(Word::block(text));
        }
    }
}
