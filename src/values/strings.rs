//! Operations on texts: parts, joining, comparing, and strings of which there is one handle each.
//!
//! Bytes of a text never change, so a long part of one shares its bytes, and a text that is joined
//! to another again and again grows in place: the first copy has room behind it, the next one twice
//! as much as it needs.
//!
//! Invariant `.strings.two`: a text may be made by the host's code, which may do anything to the
//! interpreter; so an operation on two texts looks for both again when both are made.

use core::cmp::Ordering;
use core::ptr::NonNull;

use super::growing;
use super::scratch::{Growth, Slot, SlotExt};
use super::word::Word;
use super::{Interp, State, Text};
use crate::abi::*;
use crate::base::{Result, fail, hash, seed};

/// Parts of up to so many bytes are copied.
const SHORT: usize = 48;
/// Places of the smallest table.
const FEWEST: usize = 32;
const SALT: u8 = 9;

/// A table in a level's arena: which of its handles are interned, by the hash of their text.
#[derive(Clone, Copy)]
pub struct Interned {
    at: *mut Place,
    /// A power of two, or 0.
    places: usize,
    used: usize,
}

/// The handle's position, counted from 1; 0 = nothing is here.
#[derive(Clone, Copy)]
struct Place {
    hash: u64,
    position: usize,
}

impl Interned {
    /// None.
    pub const EMPTY: Interned = Interned { at: core::ptr::null_mut(), places: 0, used: 0 };

    /// The places where a text of this hash may be, the unused one behind them included.
    fn probe(&self, hash: u64) -> impl Iterator<Item = *mut Place> + use<> {
        let Interned { at, places, .. } = *self;
        let mask = places.wrapping_sub(1);
        (0..places).map(move |step| at.wrapping_add((hash as usize).wrapping_add(step) & mask))
    }

    /// Positions, counted from 1, of handles whose texts may be of this hash.
    fn find(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        // SAFETY: `.scratch.object` - the table lies in the arena of its level, which stands.
        let places = self.probe(hash).map(|place| unsafe { place.read() });
        let used = places.take_while(|place| place.position != 0);
        used.filter(move |place| place.hash == hash).map(|place| place.position)
    }

    /// Puts a position in; there is room.
    fn put(&mut self, new: Place) {
        for place in self.probe(new.hash) {
            // SAFETY: as in `find`; nobody else looks at the table meanwhile.
            if unsafe { place.read() }.position == 0 {
                // SAFETY: as above.
                unsafe { place.write(new) };
                self.used += 1;
                return;
            }
        }
    }
}

impl State {
    /// What two texts that are at hand are to each other.
    #[inline]
    pub fn texts_at_hand<R>(
        &self,
        a: lifecycle_handle,
        b: lifecycle_handle,
        body: impl FnOnce(&[u8], &[u8]) -> R,
    ) -> Option<R> {
        let (a, b) = (self.text_at_hand(a)?, self.text_at_hand(b)?);
        Some(body(a.bytes(), b.bytes()))
    }

    /// Two texts that were made by now.
    fn made_text(&self, handle: lifecycle_handle) -> Result<(Slot, Text)> {
        if handle == 0 {
            return Ok((Slot::string(Text::EMPTY.bytes()), Text::EMPTY));
        }
        let slot = self.slot(handle)?;
        // A list that changed while the other text was made has its last one.
        match self.known_text(slot).or_else(|| slot.text().map(Text::new)) {
            Some(text) => Ok((*slot, text)),
            None => fail!(LIFECYCLE_E_STALE, "the text of {handle:#x} went while it was used"),
        }
    }

    fn join(&mut self, left: (Slot, Text), right: Text) -> Result<lifecycle_handle> {
        let (slot, text) = left;
        let Some(len) = text.len().checked_add(right.len()) else {
            fail!(LIFECYCLE_E_TOO_BIG, "no text has {} and {} bytes", text.len(), right.len());
        };
        if right.len() == 0 && slot.kind() == LIFECYCLE_STRING {
            return self.handles.make(slot);
        }
        if len >= growing::LONG
            && slot.kind() == LIFECYCLE_STRING
            && let Some(block) = slot.as_wrapped()
        {
            // What a variable has grows where it is kept.
            let (left, right) = (text.bytes(), right.bytes());
            let made = Word::block(growing::concat(&mut self.store, block, left, right)?);
            let handle = self.wrap(made);
            self.store.release(made);
            return handle;
        }
        let growth = slot.growth().filter(|growth| growth.used.get() == text.len());
        if let Some(growth) = growth
            && len < growth.room
        {
            // `.scratch.growth`
            return self.join_at(growth, text.as_ptr().cast_mut(), text.len(), right);
        }
        let room = if growth.is_some() { len.saturating_mul(2) } else { len };
        let bytes = room.saturating_add(size_of::<Growth>() + 1);
        let header = self.arena(self.top())?.alloc(bytes, 16)?.cast::<Growth>();
        // SAFETY: the memory was allocated just above, and has room for it.
        unsafe { header.write(Growth { room: room + 1, used: 0.into() }) };
        // SAFETY: as above.
        let growth: &Growth = unsafe { header.as_ref() };
        let at = header.as_ptr().wrapping_add(1).cast::<u8>();
        // SAFETY: as above: there is room for both texts and a NUL.
        unsafe { at.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        self.join_at(growth, at, text.len(), right)
    }

    /// Appends to a text that ends at `len`, where there is room.
    fn join_at(
        &mut self,
        growth: &Growth,
        at: *mut u8,
        len: usize,
        right: Text,
    ) -> Result<lifecycle_handle> {
        let joined = len + right.len();
        // SAFETY: `.scratch.growth` - there is room for so many bytes and a NUL, and nobody's text
        // goes beyond `len`; so the bytes to copy are others.
        unsafe {
            at.add(len).copy_from_nonoverlapping(right.as_ptr(), right.len());
            at.add(joined).write(0);
        }
        // SAFETY: as above.
        let text = unsafe { core::slice::from_raw_parts(at, joined) };
        let handle = self.handles.make(Slot::growing(text))?;
        growth.used.set(joined);
        Ok(handle)
    }

    /// The handle that stands for this text, or a new one that will.
    fn intern(&mut self, text: &[u8]) -> Result<lifecycle_handle> {
        let hash = hash(seed(SALT), text);
        for level in &self.levels {
            for position in level.interned.find(hash) {
                let Some(slot) = self.handles.slot(position - 1) else { continue };
                if self.known_text(slot).is_some_and(|known| known.bytes() == text) {
                    return Ok(self.handles.at(position - 1));
                }
            }
        }
        let table = self.room_to_intern()?;
        let handle = self.make_string(text)?;
        let position = self.position(handle)? + 1;
        if let Some(level) = self.levels.last_mut() {
            level.interned = table;
            level.interned.put(Place { hash, position });
        }
        Ok(handle)
    }

    /// The newest level's table with room for one more, to be put in the place of that one.
    fn room_to_intern(&self) -> Result<Interned> {
        let old = self.levels.last().map_or(Interned::EMPTY, |level| level.interned);
        if old.used < old.places / 4 * 3 {
            return Ok(old);
        }
        let places = (old.places * 2).max(FEWEST);
        let bytes = places.saturating_mul(size_of::<Place>());
        let at: NonNull<Place> = self.arena(self.top())?.alloc(bytes, 16)?.cast();
        // SAFETY: the memory was allocated just above, for so many places; zeros are unused ones.
        unsafe { at.write_bytes(0, places) };
        let mut table = Interned { at: at.as_ptr(), places, used: 0 };
        for i in 0..old.places {
            // SAFETY: as in `find`.
            let place = unsafe { old.at.add(i).read() };
            if place.position != 0 {
                table.put(place);
            }
        }
        Ok(table)
    }

    /// The newest level's handles are gone.
    pub fn forget_interned(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.interned = Interned::EMPTY;
        }
    }
}

impl Interp {
    /// Does something with two texts, once both are made (`.strings.two`).
    #[inline]
    fn with_texts<R>(
        &self,
        a: lifecycle_handle,
        b: lifecycle_handle,
        body: impl FnOnce(&mut State, (Slot, Text), Text) -> Result<R>,
    ) -> Result<R> {
        self.text(a)?;
        self.text(b)?;
        self.with(|state| {
            let (a, b) = (state.made_text(a)?, state.made_text(b)?);
            body(state, a, b.1)
        })
    }

    /// One byte, if there are so many.
    pub fn byte_at(&self, handle: lifecycle_handle, at: usize) -> Result<Option<u8>> {
        Ok(self.text(handle)?.bytes().get(at).copied())
    }

    /// A string of the bytes from `from` up to `to`, as far as there are any.
    pub fn slice(
        &self,
        handle: lifecycle_handle,
        from: usize,
        to: usize,
    ) -> Result<lifecycle_handle> {
        self.text(handle)?;
        self.with(|state| {
            let (slot, text) = state.made_text(handle)?;
            let part = text.bytes().get(from..to.min(text.len())).unwrap_or_default();
            if part.len() <= SHORT || slot.kind() == LIFECYCLE_BUILDER {
                return state.make_string(part);
            }
            if part.len() == text.len() && slot.kind() == LIFECYCLE_STRING {
                return state.handles.make(slot);
            }
            state.handles.make(Slot::piece(part))
        })
    }

    /// One text behind the other.
    pub fn concat(
        &self,
        left: lifecycle_handle,
        right: lifecycle_handle,
    ) -> Result<lifecycle_handle> {
        self.with_texts(left, right, |state, left, right| state.join(left, right))
    }

    /// Which text comes first, byte by byte.
    pub fn compare(&self, a: lifecycle_handle, b: lifecycle_handle) -> Result<Ordering> {
        self.with_texts(a, b, |_, a, b| Ok(a.1.bytes().cmp(b.bytes())))
    }

    /// Whether both texts are the same.
    pub fn equal(&self, a: lifecycle_handle, b: lifecycle_handle) -> Result<bool> {
        self.with_texts(a, b, |_, a, b| Ok(a.1.bytes() == b.bytes()))
    }

    /// See `State::intern`.
    pub fn intern(&self, text: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.intern(text))
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]
mod tests {
    use super::super::fixture::{Fixture, ok};
    use super::*;
    use proptest::prelude::*;

    fn long(byte: u8, len: usize) -> String {
        String::from_utf8_lossy(&vec![byte; len]).into_owned()
    }

    #[test]
    fn parts_are_cut_to_what_there_is() {
        let interp = Fixture::new();
        let text = interp.text_of("hello");
        for (from, to, part) in [
            (0, 5, "hello"),
            (1, 3, "el"),
            (3, 99, "lo"),
            (5, 5, ""),
            (9, 99, ""),
            (3, 1, ""),
            (usize::MAX, 0, ""),
        ] {
            let slice = ok(interp.slice(text, from, to));
            assert_eq!(
                (interp.show(slice), interp.kind(slice)),
                (part.into(), Ok(LIFECYCLE_STRING))
            );
        }
        let number = ok(interp.int(12345));
        assert_eq!(interp.show(ok(interp.slice(number, 1, 3))), "23");
        assert_eq!(interp.show(ok(interp.slice(0, 0, 3))), "");
        assert_eq!((interp.byte_at(text, 4), interp.byte_at(text, 5)), (Ok(Some(b'o')), Ok(None)));
    }

    #[test]
    fn a_long_part_shares_until_somebody_needs_its_end() {
        let interp = Fixture::new();
        let text = interp.text_of(&(long(b'a', 500) + &long(b'b', 500)));
        let used = interp.memory().arena_used;
        let part = ok(interp.slice(text, 100, 600));
        assert_eq!(interp.memory().arena_used, used);
        assert_eq!(ok(interp.text(part)).bytes(), (long(b'a', 400) + &long(b'b', 100)).as_bytes());
        assert_eq!(interp.show(part), long(b'a', 400) + &long(b'b', 100));
        assert!(interp.memory().arena_used > used);
    }

    #[test]
    fn what_a_variable_has_grows_where_it_is_kept() {
        let interp = Fixture::new();
        let mut kept = ok(interp.keep(ok(interp.string(&[b'x'; 300]))));
        let mut shown = Vec::new();
        for round in 0..3000usize {
            let handle = ok(interp.with(|state| state.wrap(kept)));
            if round % 500 == 7 {
                shown.push((ok(interp.ended_text(handle)).as_ptr(), 300 + 10 * round));
            }
            let more = ok(interp.string(b"0123456789"));
            let longer = ok(interp.concat(handle, more));
            let next = ok(interp.keep(longer));
            interp.change(|state| state.store.release(kept));
            kept = next;
        }
        for (at, len) in shown {
            // SAFETY: the text was shown with its NUL, and its handle is still there.
            assert_eq!(unsafe { at.add(len).read() }, 0);
        }
        let handle = ok(interp.with(|state| state.wrap(kept)));
        assert_eq!(ok(interp.text(handle)).len(), 300 + 30_000);
        // Each version has a block of 48 bytes, and all of them a few buffers.
        assert!(interp.memory().value_bytes < 3000 * 48 + 1_000_000);
        interp.change(|state| state.store.release(kept));
    }

    #[test]
    fn joining_again_and_again_is_linear() {
        let interp = Fixture::new();
        let mut all = interp.text_of("");
        let mut wanted = String::new();
        for n in 0..20_000 {
            let scope = if n % 1000 == 0 { Some(ok(interp.open_scope())) } else { None };
            let number = ok(interp.int(n));
            all = ok(interp.concat(all, number));
            wanted += &n.to_string();
            if let Some(scope) = scope {
                assert_eq!(interp.close_scope(scope, Some(&mut all)), Ok(()));
            }
        }
        assert_eq!(interp.show(all), wanted);
        // 20,000 copies would take a gigabyte.
        assert!(interp.memory().arena_used < 5 << 20, "{}", interp.memory().arena_used);
    }

    proptest! {
        #[test]
        fn no_text_changes_when_another_one_grows_from_it(
            steps in prop::collection::vec((0u8..6, any::<u16>(), any::<u16>(), 0usize..90), 1..80),
        ) {
            let interp = Fixture::new();
            let mut all = vec![(interp.text_of("seed"), "seed".to_string())];
            let mut shown: Vec<(Text, String)> = Vec::new();
            for (step, a, b, len) in steps {
                let pick = |n: u16| all[usize::from(n) % all.len()].clone();
                let ((left, left_text), (right, right_text)) = (pick(a), pick(b));
                let made = match step {
                    0 => {
                        let text = long(b'a' + (a % 26) as u8, len);
                        (interp.text_of(&text), text)
                    }
                    1 => {
                        let from = usize::from(b) % (left_text.len() + 1);
                        let to = (from + len).min(left_text.len());
                        (ok(interp.slice(left, from, to)), left_text[from..to].to_string())
                    }
                    2 => {
                        shown.push((ok(interp.ended_text(left)), left_text));
                        continue;
                    }
                    _ if left_text.len() + right_text.len() > 3000 => continue,
                    _ => (ok(interp.concat(left, right)), left_text + &right_text),
                };
                all.push(made);
                for (handle, wanted) in &all {
                    prop_assert!(ok(interp.text(*handle)).bytes() == wanted.as_bytes());
                }
                for (text, wanted) in &shown {
                    prop_assert_eq!(text.bytes(), wanted.as_bytes());
                    // SAFETY: a NUL follows what was shown.
                    prop_assert_eq!(unsafe { text.as_ptr().add(text.len()).read() }, 0);
                }
            }
        }
    }

    #[test]
    fn texts_are_compared_by_their_bytes() {
        let interp = Fixture::new();
        let make = |text: &str| interp.text_of(text);
        let (a, ab, b, five) = (make("a"), make("ab"), make("b"), ok(interp.int(5)));
        for (left, right, order) in [
            (a, a, Ordering::Equal),
            (a, ab, Ordering::Less),
            (b, ab, Ordering::Greater),
            (five, make("5"), Ordering::Equal),
            (0, make(""), Ordering::Equal),
            (make("\u{ff}"), b, Ordering::Greater),
        ] {
            assert_eq!(interp.compare(left, right), Ok(order));
            assert_eq!(interp.compare(right, left), Ok(order.reverse()));
            assert_eq!(interp.equal(left, right), Ok(order == Ordering::Equal));
        }
    }

    #[test]
    fn one_text_has_one_handle_per_scope() {
        let interp = Fixture::new();
        let outer = ok(interp.intern(b"outer"));
        let many = (0..500).map(|n: u32| ok(interp.intern(n.to_string().as_bytes())));
        let many = many.collect::<Vec<_>>();
        let scope = ok(interp.open_scope());
        let inner = ok(interp.intern(b"inner"));
        assert_eq!(ok(interp.intern(b"outer")), outer);
        assert_eq!(ok(interp.intern(b"inner")), inner);
        assert_ne!(inner, outer);
        assert_eq!(interp.close_scope(scope, None), Ok(()));
        let again = ok(interp.intern(b"inner"));
        assert_ne!(again, inner);
        for (n, handle) in many.iter().enumerate() {
            assert_eq!(ok(interp.intern(n.to_string().as_bytes())), *handle);
        }
        assert_eq!(ok(interp.intern(b"")), ok(interp.intern(b"")));
        assert_eq!(interp.show(again), "inner");
        assert_eq!(interp.reset(), Ok(()));
        let fresh = ok(interp.intern(b"outer"));
        assert_eq!(interp.show(fresh), "outer");
        assert_eq!(ok(interp.intern(b"outer")), fresh);
        assert_ne!(fresh, outer);
    }
}
