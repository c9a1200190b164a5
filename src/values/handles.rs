//! The table of handles: what a scratch value is, found from a number that is never used twice.
//!
//! Handles count up: the one made next is always one more than any before, in the whole process,
//! for each interpreter takes its numbers from generations of 2^28 that no other one has. So a
//! handle that is not alive here can never be taken for one that is, whoever made it and whenever.
//! What handles stand for lies in one array, in the order of their numbers; dropping all of them is
//! to say that the next number stands at the start of the array again.
//!
//! Where a scope was closed, or a generation was used up, numbers were left out that the array does
//! not leave out: a new segment begins. The newest segment is what the header's inline functions
//! know; older ones are searched for.
//!
//! Invariants:
//! - `.handle.once`: `first + count` of the newest segment is larger than every handle that was
//!   ever made here, or the segment begins a new generation.
//! - `.handle.slots`: the array holds `room.0` slots; the first `len()` are what the living handles
//!   stand for. It moves when it grows, so no reference into it outlives an operation.
//! - `.handle.segments`: segments ascend, in handles and in positions; the newest is `front`.
//!
//! It does not know what a slot means.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering};

use allocator_api2::alloc::Allocator;

use crate::abi::{lifecycle_interp, lifecycle_slot};
use crate::base::{Error, Host, List, ListExt, Result, fail};

/// Bits of a handle below its generation.
pub const INDEX_BITS: u32 = 28;
/// Most handles alive at once.
pub const MOST: usize = 1 << 27;
const LAST_INDEX: u64 = (1 << INDEX_BITS) - 1;
/// Generations there are: all of 36 bits but the last, so that counting up never overflows.
const GENERATIONS: u64 = (1 << 36) - 1;
/// Slots of the smallest array.
const FEWEST: usize = 256;
/// Arrays up to this many slots are kept for good.
const KEPT: usize = 1 << 14;
/// A larger one is halved when so many drops in a row used less than a quarter of it.
const PATIENCE: u32 = 64;

/// Generations handed out in this process; generation 0 has the handle nil, so it is nobody's.
static GIVEN: AtomicU64 = AtomicU64::new(1);

fn next_generation(given: &AtomicU64) -> Result<u64> {
    let next = |given| if given < GENERATIONS { Some(given + 1) } else { None };
    match given.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        Ok(generation) => Ok(generation),
        Err(_) => fail!(LIFECYCLE_E_LIMIT, "all {GENERATIONS} generations of handles are used up"),
    }
}

#[derive(Clone, Copy)]
struct Segment {
    /// Its first handle.
    first: u64,
    /// That one's position.
    position: usize,
}

/// The handles of one interpreter.
/// cbindgen:ignore
#[repr(C)]
pub struct Handles {
    /// What the header's inline functions read; `slots` is where the newest segment begins.
    front: lifecycle_interp,
    /// Most handles that the newest segment may have before somebody has to look.
    room: u64,
    slots: *mut lifecycle_slot,
    capacity: usize,
    /// Position at which the newest segment begins.
    position: usize,
    /// All segments but the newest.
    older: List<Segment>,
    limit: usize,
    /// The generation has no number left: the next handle is of another one.
    is_spent: bool,
    /// No handle can be made until some are dropped.
    is_sealed: bool,
    /// The first handle that was ever this interpreter's.
    origin: u64,
    /// Drops in a row that left most of a large array unused.
    idle: u32,
    most_used: usize,
    host: Host,
    given: &'static AtomicU64,
}

/// A place to go back to: `Handles::close`.
#[derive(Clone, Copy)]
pub struct Mark {
    position: usize,
    next: u64,
}

fn layout(slots: usize) -> Option<Layout> {
    Layout::array::<lifecycle_slot>(slots).ok()
}

impl Handles {
    /// No handles yet.
    pub fn new(host: Host, limit: usize) -> Result<Self> {
        Self::counting(host, limit, &GIVEN)
    }

    /// As `new`, with generations from a counter of its own.
    pub fn counting(host: Host, limit: usize, given: &'static AtomicU64) -> Result<Self> {
        let first = next_generation(given)? << INDEX_BITS;
        Ok(Handles {
            front: lifecycle_interp { first, count: 0, slots: ptr::null_mut() },
            room: 0,
            slots: ptr::null_mut(),
            capacity: 0,
            position: 0,
            older: List::new_in(host),
            limit: limit.min(MOST),
            is_spent: false,
            is_sealed: false,
            origin: first,
            idle: 0,
            most_used: 0,
            host,
            given,
        })
    }

    /// Handles alive.
    pub fn len(&self) -> usize {
        self.position + self.front.count as usize
    }

    /// Bytes of the slots in use.
    pub fn bytes(&self) -> usize {
        self.len() * size_of::<lifecycle_slot>()
    }

    /// Makes a handle.
    #[inline]
    pub fn make(&mut self, slot: lifecycle_slot) -> Result<u64> {
        if self.front.count >= self.room {
            self.make_room()?;
        }
        let at = self.front.count;
        // SAFETY: `.handle.slots` - `room` ends where the array does.
        unsafe { self.front.slots.add(at as usize).write(slot) };
        self.front.count = at + 1;
        Ok(self.front.first + at)
    }

    /// Whether a handle can be made at once.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.front.count < self.room
    }

    /// As `make`, if there is room.
    #[inline]
    pub fn make_at_hand(&mut self, slot: lifecycle_slot) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        let at = self.front.count;
        // SAFETY: as in `make`.
        unsafe { self.front.slots.add(at as usize).write(slot) };
        self.front.count = at + 1;
        Some(self.front.first + at)
    }

    /// Makes sure that as many handles can be made without a refusal, as far as memory and the
    /// limit go; a generation may still end.
    #[cold]
    fn make_room(&mut self) -> Result<()> {
        let len = self.len();
        if self.is_sealed {
            fail!(LIFECYCLE_E_BUSY, "no handle can be made while handles are dropped");
        }
        if len >= self.limit {
            fail!(LIFECYCLE_E_LIMIT, "there are {len} handles already, the most there may be");
        }
        if len == self.capacity {
            self.resize((self.capacity * 2).clamp(FEWEST, MOST))?;
        }
        let next = self.front.first + self.front.count;
        if self.is_spent || self.front.count != 0 && next & LAST_INDEX == 0 {
            self.segment()?;
        }
        self.set_room();
        Ok(())
    }

    fn set_room(&mut self) {
        let in_generation = LAST_INDEX + 1 - (self.front.first & LAST_INDEX);
        let in_array = self.capacity.min(self.limit).saturating_sub(self.position);
        self.room = if self.is_spent { 0 } else { in_generation.min(in_array as u64) };
        self.front.slots = self.slots.wrapping_add(self.position);
    }

    fn resize(&mut self, wanted: usize) -> Result<()> {
        let no_memory = || Error::no_memory("handles");
        let new = layout(wanted).ok_or_else(no_memory)?;
        let (old, host) = (NonNull::new(self.slots.cast::<u8>()), self.host);
        let moved = match (old, layout(self.capacity)) {
            // SAFETY: the array was allocated with the old layout; the new one is larger.
            (Some(at), Some(old)) if wanted > self.capacity => unsafe { host.grow(at, old, new) },
            _ => host.allocate(new),
        };
        let moved = moved.map_err(|_| no_memory())?;
        if wanted < self.capacity {
            // Only an array without handles is made smaller.
            self.free();
        }
        self.slots = moved.as_ptr().cast();
        self.capacity = wanted;
        self.set_room();
        Ok(())
    }

    fn free(&mut self) {
        if let (Some(old), Some(layout)) =
            (NonNull::new(self.slots.cast::<u8>()), layout(self.capacity))
        {
            // SAFETY: the array was allocated with this layout, and is forgotten here.
            unsafe { self.host.deallocate(old, layout) };
        }
        self.slots = ptr::null_mut();
        self.capacity = 0;
    }

    /// Begins a segment at the end, with a generation of its own.
    fn segment(&mut self) -> Result<()> {
        self.older.make_room(1)?;
        let first = next_generation(self.given)? << INDEX_BITS;
        if self.front.count != 0 {
            self.older.push(Segment { first: self.front.first, position: self.position });
            self.position = self.len();
        }
        self.front.count = 0;
        self.front.first = first;
        self.is_spent = false;
        Ok(())
    }

    /// The position of a handle of the newest segment, as most are, and what it stands for.
    #[inline]
    pub fn newest(&self, handle: u64) -> Option<(usize, &lifecycle_slot)> {
        let offset = handle.wrapping_sub(self.front.first);
        if offset >= self.front.count {
            return None;
        }
        // SAFETY: `.handle.slots` - `front.slots` is where the newest segment begins, which has
        // `count` slots.
        let slot = unsafe { &*self.front.slots.add(offset as usize) };
        Some((self.position + offset as usize, slot))
    }

    /// The position of a handle, if it is alive.
    #[inline]
    pub fn position(&self, handle: u64) -> Option<usize> {
        let offset = handle.wrapping_sub(self.front.first);
        if offset < self.front.count {
            return Some(self.position + offset as usize);
        }
        if self.older.is_empty() { None } else { self.position_in_older(handle) }
    }

    #[cold]
    fn position_in_older(&self, handle: u64) -> Option<usize> {
        let after = self.older.partition_point(|segment| segment.first <= handle);
        let segment = self.older.get(after.checked_sub(1)?)?;
        let end = self.older.get(after).map_or(self.position, |next| next.position);
        let position = segment.position.checked_add((handle - segment.first) as usize)?;
        if position < end { Some(position) } else { None }
    }

    /// The handle at a position.
    #[inline]
    pub fn at(&self, position: usize) -> u64 {
        if position >= self.position {
            return self.front.first + (position - self.position) as u64;
        }
        let after = self.older.partition_point(|segment| segment.position <= position);
        let segment = after.checked_sub(1).and_then(|at| self.older.get(at));
        segment.map_or(0, |segment| segment.first + (position - segment.position) as u64)
    }

    /// What a position stands for.
    #[inline]
    pub fn slot(&self, position: usize) -> Option<&lifecycle_slot> {
        if position >= self.len() {
            return None;
        }
        // SAFETY: `.handle.slots`.
        Some(unsafe { &*self.slots.add(position) })
    }

    /// As `slot`, to change it.
    #[inline]
    pub fn slot_mut(&mut self, position: usize) -> Option<&mut lifecycle_slot> {
        if position >= self.len() {
            return None;
        }
        // SAFETY: `.handle.slots`; the reference borrows the table.
        Some(unsafe { &mut *self.slots.add(position) })
    }

    /// Says why a handle is none: it was one of this interpreter's, or never was.
    #[cold]
    pub fn refuse(&self, handle: u64) -> Error {
        let next = self.front.first + self.front.count;
        let result = || -> Result<()> {
            if handle == 0 {
                fail!(LIFECYCLE_E_INVALID, "the handle is nil");
            }
            if (self.origin..next).contains(&handle) {
                fail!(
                    LIFECYCLE_E_STALE,
                    "the handle {handle:#x} is of an eval or scope that ended"
                );
            }
            fail!(LIFECYCLE_E_INVALID, "{handle:#x} is not a handle of this interpreter");
        };
        result().err().unwrap_or_else(|| Error::no_memory("a sentence"))
    }

    /// Where the table is.
    pub fn mark(&self) -> Mark {
        Mark { position: self.len(), next: self.front.first + self.front.count }
    }

    /// Where a mark is.
    pub fn position_of(mark: &Mark) -> usize {
        mark.position
    }

    /// Makes room for the segment that `close` may need, so that it cannot fail.
    pub fn make_room_to_close(&mut self) -> Result<()> {
        self.older.make_room(1)
    }

    /// Until handles are dropped none can be made.
    #[inline]
    pub fn seal(&mut self) {
        self.is_sealed = true;
        self.room = 0;
    }

    /// Forgets the handles made since a mark. What was made before stays, and new handles are none
    /// of those that were forgotten.
    pub fn close(&mut self, mark: Mark) {
        let next = self.front.first + self.front.count;
        self.is_sealed = false;
        if next == mark.next {
            return self.set_room();
        }
        self.most_used = self.most_used.max(self.len());
        // Segments that began after the mark go whole.
        while self.position > mark.position {
            let Some(Segment { first, position }) = self.older.pop() else { break };
            self.front.first = first;
            self.front.count = (self.position - position) as u64;
            self.position = position;
        }
        self.front.count = (mark.position - self.position) as u64;
        if self.front.count != 0 && self.older.len() < self.older.capacity() {
            // Cannot fail: there is room.
            self.older.push(Segment { first: self.front.first, position: self.position });
        }
        self.position = mark.position;
        self.front.count = 0;
        self.front.first = next;
        self.is_spent |= next & LAST_INDEX == 0;
        self.set_room();
    }

    /// Forgets all handles: a few stores, however many there are.
    #[inline]
    pub fn drop_all(&mut self) {
        let (used, next) = (self.len(), self.front.first + self.front.count);
        self.is_sealed = false;
        if used == 0 && self.most_used == 0 {
            return self.set_room();
        }
        self.front.first = next;
        self.front.count = 0;
        // An eval begins with half a generation at least, so that it has one segment.
        self.is_spent |= next & LAST_INDEX == 0 || next & LAST_INDEX > LAST_INDEX / 2;
        if self.position == 0 && self.capacity <= KEPT {
            self.set_room();
        } else {
            self.drop_large(used.max(self.most_used));
        }
        self.most_used = 0;
    }

    #[cold]
    fn drop_large(&mut self, used: usize) {
        self.older.clear();
        self.position = 0;
        self.set_room();
        self.shrink(used);
    }

    /// Halves a large array that has not been needed for a while.
    fn shrink(&mut self, used: usize) {
        if self.capacity <= KEPT || used > self.capacity / 4 {
            self.idle = 0;
            return;
        }
        self.idle += 1;
        if self.idle >= PATIENCE {
            self.idle = 0;
            // Where there is no memory for a smaller one the large one stays.
            let _ = self.resize((self.capacity / 2).max(KEPT));
        }
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        self.free();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const EMPTY: lifecycle_slot =
        lifecycle_slot { text: ptr::null(), text_len: 0, payload: 0, kind: 0, stamp: 0 };

    fn counter(at: u64) -> &'static AtomicU64 {
        Box::leak(Box::new(AtomicU64::new(at)))
    }

    fn make(handles: &mut Handles, payload: u64) -> u64 {
        match handles.make(lifecycle_slot { payload, ..EMPTY }) {
            Ok(handle) => handle,
            Err(error) => unreachable!("{error}"),
        }
    }

    fn payload(handles: &Handles, handle: u64) -> Option<u64> {
        let position = handles.position(handle)?;
        assert_eq!(handles.at(position), handle);
        handles.slot(position).map(|slot| slot.payload)
    }

    proptest! {
        #[test]
        fn a_living_handle_names_its_own_and_no_handle_comes_twice(
            steps in prop::collection::vec((0u8..12, 1u64..40), 1..300),
        ) {
            let failing = Failing::new();
            let Ok(mut handles) = Handles::counting(failing.host(), MOST, counter(1)) else {
                unreachable!("memory is there")
            };
            let mut alive: Vec<(u64, u64)> = Vec::new();
            let mut ever: HashMap<u64, ()> = HashMap::new();
            let mut scopes: Vec<(Mark, usize)> = Vec::new();
            let mut next = 0;
            for (step, count) in steps {
                match step {
                    0 => {
                        handles.drop_all();
                        alive.clear();
                        scopes.clear();
                    }
                    1 | 2 => {
                        prop_assert!(handles.make_room_to_close().is_ok());
                        scopes.push((handles.mark(), alive.len()));
                    }
                    3 | 4 => {
                        if let Some((mark, len)) = scopes.pop() {
                            handles.close(mark);
                            alive.truncate(len);
                        }
                    }
                    5 => {
                        // The generation comes to its end sooner.
                        handles.is_spent = true;
                        handles.room = handles.front.count;
                    }
                    _ => for _ in 0..count {
                        next += 1;
                        let handle = make(&mut handles, next);
                        prop_assert!(ever.insert(handle, ()).is_none());
                        alive.push((handle, next));
                    },
                }
                prop_assert_eq!(handles.len(), alive.len());
            }
            for (handle, wanted) in &alive {
                prop_assert_eq!(payload(&handles, *handle), Some(*wanted));
                ever.remove(handle);
            }
            for gone in ever.keys() {
                prop_assert_eq!(payload(&handles, *gone), None);
            }
            drop(handles);
            prop_assert_eq!(failing.out.get(), 0);
        }
    }

    #[test]
    fn the_last_generation_is_followed_by_a_refusal() {
        let failing = Failing::new();
        let given = counter(GENERATIONS - 1);
        let Ok(mut handles) = Handles::counting(failing.host(), MOST, given) else {
            unreachable!("one generation is left")
        };
        let last = make(&mut handles, 1);
        assert_eq!(last >> INDEX_BITS, GENERATIONS - 1);
        assert!(Handles::counting(failing.host(), MOST, given).is_err());
        // As after 2^28 handles.
        handles.front.first += LAST_INDEX - handles.front.first % (LAST_INDEX + 1);
        handles.set_room();
        assert!(handles.make(EMPTY).is_err());
        handles.drop_all();
        assert!(handles.make(EMPTY).is_err());
        assert_eq!(payload(&handles, last), None);
    }

    #[test]
    fn a_large_array_shrinks_when_it_is_not_needed() {
        let failing = Failing::new();
        let Ok(mut handles) = Handles::new(failing.host(), MOST) else { unreachable!("as above") };
        for n in 0..100_000 {
            make(&mut handles, n);
        }
        for _ in 0..=4 * PATIENCE {
            handles.drop_all();
            make(&mut handles, 1);
        }
        assert_eq!(handles.capacity, KEPT);
    }
}
