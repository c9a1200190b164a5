//! Sorting a list: merges, from the bottom up, so that it is stable and does not recurse.
//!
//! Elements are compared as handles. The comparison is foreign code: between two calls anything may
//! have changed, so nothing but the list's handle is looked at then, and whatever order it makes up
//! the merges come to an end.
//!
//! Invariant `.sort.room`: both halves of the room lie in the arena of the list's level, which is
//! there as long as the list's handle is alive; that is looked at after each call. So nothing leaks
//! if the comparison is left by longjmp, and nothing is read that was dropped.

use core::ffi::c_void;

use super::eval::Calls;
use super::lists::keep_of_base;
use super::scratch::Items;
use super::word::Word;
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Result, fail};

/// So many elements are put in order one by one before merging begins.
const RUN: usize = 4;

/// Handles in the arena.
#[derive(Clone, Copy)]
struct Room {
    at: *mut lifecycle_handle,
    len: usize,
}

impl Room {
    fn make(state: &State, level: usize, len: usize) -> Result<Room> {
        let mut words = Items::with_room(state.arena(level)?, len)?;
        (0..len).for_each(|_| words.push(Word::NIL));
        Ok(Room { at: words.at.cast(), len })
    }

    fn get(self, i: usize) -> lifecycle_handle {
        if i >= self.len {
            return 0;
        }
        // SAFETY: `.sort.room` - all were written, as words, which are laid out like handles.
        unsafe { self.at.wrapping_add(i).read() }
    }

    fn set(self, i: usize, handle: lifecycle_handle) {
        if i < self.len {
            // SAFETY: `.sort.room`.
            unsafe { self.at.wrapping_add(i).write(handle) };
        }
    }

    /// The room as a list's items.
    fn into_items(self) -> Items {
        Items { at: self.at.cast(), room: self.len, first: 0, len: self.len }
    }
}

/// Says whether the second of two elements comes before the first one.
trait Swaps: FnMut(lifecycle_handle, lifecycle_handle) -> Result<bool> {}
impl<F: FnMut(lifecycle_handle, lifecycle_handle) -> Result<bool>> Swaps for F {}

/// Puts `room[start..end]` in order.
fn insert_each(room: Room, start: usize, end: usize, swaps: &mut impl Swaps) -> Result<()> {
    for next in start + 1..end {
        let handle = room.get(next);
        let mut at = next;
        while at > start && swaps(room.get(at - 1), handle)? {
            room.set(at, room.get(at - 1));
            at -= 1;
        }
        room.set(at, handle);
    }
    Ok(())
}

/// Merges `from[start..middle]` and `from[middle..end]`.
fn merge(
    from: Room,
    to: Room,
    (start, middle, end): (usize, usize, usize),
    swaps: &mut impl Swaps,
) -> Result<()> {
    let (mut left, mut right) = (start, middle);
    // Often the halves are in order already.
    if middle < end && !swaps(from.get(middle - 1), from.get(middle))? {
        right = end;
        (start..end).for_each(|i| to.set(i, from.get(i)));
        left = middle;
    }
    let mut at = start + (left - start) + (right - middle);
    while at < end {
        let takes_right =
            right < end && (left == middle || swaps(from.get(left), from.get(right))?);
        let taken = if takes_right { &mut right } else { &mut left };
        to.set(at, from.get(*taken));
        *taken += 1;
        at += 1;
    }
    Ok(())
}

/// Puts the handles in order: in one of the two rooms, which it gives first.
fn sort_rooms(from: Room, to: Room, swaps: &mut impl Swaps) -> Result<(Room, Room)> {
    let (mut from, mut to, len) = (from, to, from.len);
    for start in (0..len).step_by(RUN) {
        insert_each(from, start, len.min(start + RUN), swaps)?;
    }
    let mut width = RUN;
    while width < len {
        for start in (0..len).step_by(2 * width) {
            let (middle, end) = (len.min(start + width), len.min(start + 2 * width));
            merge(from, to, (start, middle, end), swaps)?;
        }
        (from, to) = (to, from);
        width *= 2;
    }
    Ok((from, to))
}

impl State {
    /// The handles of a list's elements, and as much room again.
    fn begin_sort(&mut self, list: lifecycle_handle) -> Result<(Room, Room)> {
        let (_, level) = self.container(list, LIFECYCLE_LIST)?;
        let len = self.list_length(list)?;
        let handles = Room::make(self, level, len)?;
        let spare = Room::make(self, level, len)?;
        for i in 0..len {
            handles.set(i, self.list_at(list, i)?);
        }
        Ok((handles, spare))
    }

    /// The list is what the handles name; the spare room becomes its items.
    fn end_sort(&mut self, list: lifecycle_handle, sorted: Room, spare: Room) -> Result<()> {
        let (position, level) = self.container(list, LIFECYCLE_LIST)?;
        let items = spare.into_items();
        let mut is_nested = false;
        for i in 0..sorted.len {
            let element = self.element(sorted.get(i), level)?;
            items.set(i, element.word);
            is_nested |= element.is_nested;
        }
        let list = self.own_list(position, level)?;
        list.items.set(items);
        keep_of_base(list, 0, 0);
        self.changed(position, &list.shared, is_nested);
        Ok(())
    }
}

impl Interp {
    /// Sorts a list by a comparison, or by the bytes of texts.
    ///
    /// # Safety
    /// The comparison may be called with handles of the interpreter and its pointer.
    pub unsafe fn sort_list(
        &self,
        list: lifecycle_handle,
        compare: lifecycle_compare_fn,
        user: *mut c_void,
    ) -> Result<()> {
        let calls = self.begin_calls()?;
        let sorted = self.sort_within(list, compare, user, &calls);
        // Where a callback left the eval there is nothing to end.
        if Self::after_call(&calls).is_ok() {
            self.end_calls(&calls)?;
        }
        sorted
    }

    fn sort_within(
        &self,
        list: lifecycle_handle,
        compare: lifecycle_compare_fn,
        user: *mut c_void,
        calls: &Calls,
    ) -> Result<()> {
        let (handles, spare) = self.with(|state| state.begin_sort(list))?;
        let mut swaps = |a, b| {
            let swaps = match compare {
                Some(compare) => {
                    // SAFETY: the caller's word; `.interp.quiet` holds: `with` has returned.
                    let order = unsafe { compare(self.as_ptr(), a, b, user) };
                    Self::after_call(calls)?;
                    order > 0
                }
                None => self.is_text_greater(a, b)?,
            };
            // `.sort.room`
            self.with(|state| state.position(list))?;
            Ok(swaps)
        };
        let (sorted, spare) = sort_rooms(handles, spare, &mut swaps)?;
        self.keeping(|state| state.end_sort(list, sorted, spare))
    }

    fn is_text_greater(&self, a: lifecycle_handle, b: lifecycle_handle) -> Result<bool> {
        self.text(a)?;
        // The host may have changed everything while it made that text: now both are there, or else
        // the second time both texts are looked up without a call.
        let second = self.text(b)?;
        let first = self.text(a)?;
        if self.with(|state| state.position(b)).is_err() {
            fail!(LIFECYCLE_E_STALE, "an element was dropped while the list was sorted");
        }
        Ok(first.bytes() > second.bytes())
    }
}
