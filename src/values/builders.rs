//! Builders: texts in the making. What is appended goes to the end of a piece of the arena that
//! doubles when it is full, in place where it can; a finished text is a string without a copy.
//!
//! Invariant `.builder.room`: a builder's room lies in the arena of its own level, whichever level
//! is the newest, and is longer than what is written, by a NUL at least. Nobody but the builder has
//! a pointer into it until it is finished, and then the builder has none.

use core::ptr::{self, NonNull};

use super::scratch::{BuilderObject, Slot, SlotExt};
use super::{Interp, State};
use crate::abi::*;
use crate::arena::Arena;
use crate::base::{Result, fail};

/// Room of the first piece where none was asked for.
const FIRST: usize = 64;

impl BuilderObject {
    /// Makes room for `more` bytes and a NUL.
    fn make_room(&self, arena: &Arena, more: usize) -> Result<()> {
        let (len, room) = (self.len.get(), self.room.get());
        let Some(needed) = len.checked_add(more).and_then(|needed| needed.checked_add(1)) else {
            fail!(LIFECYCLE_E_TOO_BIG, "no text can have {more} bytes more than {len}");
        };
        if needed <= room {
            return Ok(());
        }
        let wanted = needed.max(room.saturating_mul(2)).max(FIRST);
        let old = NonNull::new(self.at.get());
        let grow = |wanted| match old {
            Some(at) => Ok((arena.grow(at, room, wanted)?, wanted)),
            None => Ok((arena.alloc(wanted, 16)?, wanted)),
        };
        // Near the arena's limit what is needed may fit where twice as much does not.
        let (at, room) = grow(wanted).or_else(|_| grow(needed))?;
        self.at.set(at.as_ptr());
        self.room.set(room);
        Ok(())
    }

    #[inline]
    fn push(&self, arena: &Arena, bytes: &[u8]) -> Result<()> {
        let len = self.len.get();
        // One byte of the room is for a NUL.
        if bytes.len() >= self.room.get() - len {
            self.make_room(arena, bytes.len())?;
        }
        // SAFETY: `.builder.room` - there is room for them behind what is written, which nobody
        // else has a pointer to.
        unsafe { self.at.get().add(len).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.len.set(len + bytes.len());
        Ok(())
    }
}

impl State {
    /// The builder that a handle names, and its level's arena.
    fn builder(&self, handle: lifecycle_handle) -> Result<(&BuilderObject, &'static Arena)> {
        let position = self.position(handle)?;
        match self.slot_at(position)?.object::<BuilderObject>() {
            Some(builder) => Ok((builder, self.arena(self.level_of(position))?)),
            None => fail!(LIFECYCLE_E_TYPE, "the handle {handle:#x} is not a builder"),
        }
    }

    /// A builder.
    pub fn make_builder(&mut self, capacity: usize) -> Result<lifecycle_handle> {
        let builder =
            BuilderObject { at: ptr::null_mut::<u8>().into(), room: 0.into(), len: 0.into() };
        let level = self.top();
        if capacity != 0 {
            builder.make_room(self.arena(level)?, capacity)?;
        }
        let object = self.make_object(level, builder)?;
        self.handles.make(Slot::new(LIFECYCLE_BUILDER, object.as_ptr() as u64))
    }

    /// Appends bytes.
    #[inline]
    pub fn append(&mut self, builder: lifecycle_handle, bytes: &[u8]) -> Result<()> {
        let (builder, arena) = self.builder(builder)?;
        builder.push(arena, bytes)
    }

    /// What was written becomes a string; the builder is empty then.
    pub fn finish_builder(&mut self, builder: lifecycle_handle) -> Result<lifecycle_handle> {
        let (builder, arena) = self.builder(builder)?;
        let (len, room) = (builder.len.get(), builder.room.get());
        let Some(at) = NonNull::new(builder.at.get()).filter(|_| len != 0) else {
            return self.make_string(&[]);
        };
        // SAFETY: `.builder.room`.
        unsafe { at.add(len).write(0) };
        // SAFETY: as above; the bytes were written, and stay as long as the level.
        let slot = Slot::string(unsafe { core::slice::from_raw_parts(at.as_ptr(), len) });
        let objects = (&raw const *builder, arena);
        let handle = self.handles.make(slot)?;
        // SAFETY: `.scratch.object` - making a handle moved slots, but no object.
        let builder = unsafe { &*objects.0 };
        builder.at.set(ptr::null_mut());
        builder.room.set(0);
        builder.len.set(0);
        // Gives back the room behind, where it is the last piece; a piece that shrinks stays.
        let _ = objects.1.grow(at, room, len + 1);
        Ok(handle)
    }
}

impl Interp {
    /// See `State::make_builder`.
    pub fn builder(&self, capacity: usize) -> Result<lifecycle_handle> {
        self.with(|state| state.make_builder(capacity))
    }

    /// See `State::append`.
    #[inline]
    pub fn append(&self, builder: lifecycle_handle, bytes: &[u8]) -> Result<()> {
        self.with(|state| state.append(builder, bytes))
    }

    /// Appends the text of what another handle names.
    pub fn append_text(&self, builder: lifecycle_handle, value: lifecycle_handle) -> Result<()> {
        self.with(|state| state.builder(builder).map(|_| ()))?;
        // With a NUL, so that what is written by now is a copy where it is itself.
        let text = self.ended_text(value)?;
        self.append(builder, text.bytes())
    }

    /// See `State::finish_builder`.
    pub fn finish_builder(&self, builder: lifecycle_handle) -> Result<lifecycle_handle> {
        self.with(|state| state.finish_builder(builder))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, ok};
    use super::*;
    use crate::abi::lifecycle_status::*;

    #[test]
    fn a_builder_goes_on_after_each_string() {
        let interp = Fixture::new();
        let builder = ok(interp.builder(0));
        assert_eq!(interp.show(builder), "");
        assert_eq!(interp.append(builder, b"one"), Ok(()));
        assert_eq!(interp.show(builder), "one");
        let early = ok(interp.ended_text(builder));
        let one = ok(interp.finish_builder(builder));
        assert_eq!((interp.show(builder), interp.show(one)), (String::new(), "one".into()));
        let number = ok(interp.int(-7));
        assert_eq!(interp.append_text(builder, number), Ok(()));
        assert_eq!(interp.append_text(builder, one), Ok(()));
        assert_eq!(interp.append_text(builder, builder), Ok(()));
        assert_eq!(interp.append_text(builder, 0), Ok(()));
        assert_eq!(interp.show(builder), "-7one-7one");
        let two = ok(interp.finish_builder(builder));
        assert_eq!((interp.show(one), interp.show(two)), ("one".into(), "-7one-7one".into()));
        assert_eq!(early.bytes(), b"one");
        let none = ok(interp.finish_builder(builder));
        assert_eq!((interp.kind(none), interp.show(none)), (Ok(LIFECYCLE_STRING), String::new()));
        assert_eq!(interp.append(one, b"x").map_err(|error| error.0), Err(LIFECYCLE_E_TYPE));
        assert_eq!(interp.append(0, b"x").map_err(|error| error.0), Err(LIFECYCLE_E_INVALID));
    }

    #[test]
    fn an_outer_builder_outlives_the_scope_that_it_grew_in() {
        let interp = Fixture::new();
        let builder = ok(interp.builder(1));
        let mut wanted = Vec::new();
        for round in 0..50u8 {
            let scope = ok(interp.open_scope());
            for _ in 0..100 {
                assert_eq!(interp.append(builder, &[round; 7]), Ok(()));
                wanted.extend_from_slice(&[round; 7]);
            }
            assert_eq!(interp.close_scope(scope, None), Ok(()));
            // What the next scope writes would show.
            let other = ok(interp.open_scope());
            ok(interp.string(&[255; 4000]));
            assert_eq!(ok(interp.text(builder)).bytes(), wanted);
            assert_eq!(interp.close_scope(other, None), Ok(()));
        }
        let scope = ok(interp.open_scope());
        let mut built = ok(interp.finish_builder(builder));
        assert_eq!(interp.close_scope(scope, Some(&mut built)), Ok(()));
        assert_eq!(ok(interp.text(built)).bytes(), wanted);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let options = lifecycle_interp_options {
            arena_limit: 1 << 16,
            ..lifecycle_interp_options::default()
        };
        let interp = Fixture::with(&options);
        let builder = ok(interp.builder(0));
        let mut written = 0;
        let refused = loop {
            match interp.append(builder, b"0123456789") {
                Ok(()) => written += 10,
                Err(error) => break error,
            }
        };
        assert_eq!(refused.0, LIFECYCLE_E_LIMIT);
        assert!(written > 1 << 14, "{written}");
        assert_eq!(ok(interp.text(builder)).len(), written);
        let string = ok(interp.finish_builder(builder));
        assert_eq!(ok(interp.text(string)).len(), written);
        assert_eq!(interp.builder(usize::MAX).map_err(|error| error.0), Err(LIFECYCLE_E_TOO_BIG));
    }
}
