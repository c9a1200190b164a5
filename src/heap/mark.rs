//! Marking: from cells that are given to all that they reach.
//!
//! A bit says that a cell lives, and each cell of an object has one. So a reference into the middle
//! of a dead structure keeps that one cell, and where the structure turns out to live after all,
//! only the arguments that were not marked yet are looked into.
//!
//! Marking waits for memory more than it computes. Between the stack of cells that are to be looked
//! at and the looking stands a short queue: what enters it is fetched, what leaves it has had time
//! to arrive (C. Cher, A. Hosking, T. Vijaykumar: Software prefetching for mark-sweep garbage
//! collection, ASPLOS 2004). What lies near does without: objects that were made one after another
//! are gone through in the order of memory, from either end, where the queue would have marking
//! jump to and fro between sixteen places.
//!
//! Whatever the cells say, nothing outside the heap is read: each index is compared with its end
//! first. What is wrong is counted and passed over; `verify` names it.
//!
//! Invariants:
//! - `.mark.room`: wherever something is pushed, there is room on the stack for `SLACK` words.
//! - `.mark.roots`: no more than `MANY` + 1 roots wait. A stack that cannot grow loses what is on top
//!   of it, which is found again in the cells that are marked; roots are in none, so they must lie
//!   below that.
//! - `.mark.inside`: an index is compared with `end` before a cell or mark is touched, and `end` is
//!   at most `Space::committed`.

use super::bits::Bits;
use super::cell::*;
use super::space::{Region, STEP};
use crate::abi::*;
use crate::base::prefetch;
use crate::os;

/// Cells that are being fetched. Measured: fewer leave the processor waiting, more are forgotten by
/// its caches.
const QUEUE: usize = 16;
/// Words that may be pushed without asking for room.
const SLACK: usize = 160;
/// Roots are marked from when so many wait: half of what the smallest stack holds.
const MANY: usize = STEP / size_of::<lifecycle_cell>() / 2;
/// What refers to a cell that is no further away lies in lines that are here, or on their way.
/// Measured: with twice as many, trees that were made leaves first are marked out of order.
const NEAR: u64 = 16;
/// In place of a reference: there is none.
const NOTHING: lifecycle_cell = LIFECYCLE_TAG_INT;

/// Marking under way.
pub struct Marker {
    heap: View,
    stack: Stack,
    /// Words that the stack has room for.
    room: usize,
    /// Something was pushed that had no room: the marks are gone over for it.
    overflowed: bool,
    /// Ticks spent.
    pub ticks: u64,
    /// The most that waited.
    pub deepest: usize,
    /// Times that the marks were gone over.
    pub rescans: u64,
    /// References that lead nowhere.
    pub faults: u64,
}

/// What marking looks at. It and the stack are copied where the loop runs, so that they stay in
/// registers.
#[derive(Clone, Copy)]
struct View {
    cells: *mut lifecycle_cell,
    bits: Bits,
    /// The frontier: 1 or more.
    end: u64,
}

/// Cells that wait to be looked at.
#[derive(Clone, Copy)]
struct Stack {
    base: *mut lifecycle_cell,
    waiting: usize,
}

impl Stack {
    #[inline(always)]
    fn pop(&mut self) -> lifecycle_cell {
        self.waiting -= 1;
        // SAFETY: `.mark.room` - something waits there.
        unsafe { *self.base.wrapping_add(self.waiting) }
    }

    #[inline(always)]
    fn push(&mut self, cell: lifecycle_cell) {
        // SAFETY: `.mark.room`
        unsafe { *self.base.wrapping_add(self.waiting) = cell };
        self.waiting += 1;
    }

    /// Pops the last or last but one, if it lies near a place.
    #[inline(always)]
    fn pop_near(&mut self, at: u64) -> Option<lifecycle_cell> {
        if self.waiting == 0 {
            return None;
        }
        let last = self.pop();
        if is_near(last, at) {
            return Some(last);
        }
        if self.waiting != 0 {
            // Of arguments that were made before their structure the last one is the nearest.
            let other = self.pop();
            if is_near(other, at) {
                self.push(last);
                return Some(other);
            }
            self.waiting += 1;
        }
        self.waiting += 1;
        None
    }
}

/// What looking at a cell came to.
enum Seen {
    /// It is done; what it refers to waits.
    Done,
    /// This is to be looked at next.
    Next(lifecycle_cell),
    /// Something that is rare: a wide structure, a blob, a fault.
    Odd,
}

impl View {
    #[inline(always)]
    fn cell(&self, index: u64) -> lifecycle_cell {
        // SAFETY: `.mark.inside`
        unsafe { *self.cells.wrapping_add(index as usize) }
    }

    /// Asks for the lines that looking at a cell will touch.
    #[inline(always)]
    fn prefetch(&self, cell: lifecycle_cell) {
        prefetch(self.cells.wrapping_add(index(cell) as usize).cast());
        prefetch(self.bits.place(index(cell)).cast());
    }

    /// Looks at what a cell refers to.
    #[inline(always)]
    fn look(&self, cell: lifecycle_cell, stack: &mut Stack) -> Seen {
        let at = index(cell);
        // Cell 0 is nobody's: for it this wraps around.
        if at.wrapping_sub(1) >= self.end - 1 {
            return Seen::Odd;
        }
        let next = match tag(cell) {
            LIFECYCLE_TAG_LIS if at + 1 < self.end => self.pair(at, stack),
            LIFECYCLE_TAG_STR => return self.structure(at, stack),
            LIFECYCLE_TAG_REF => self.reference(at),
            _ => return Seen::Odd,
        };
        match next {
            Some(next) => Self::go_on(next, at, stack),
            None => Seen::Done,
        }
    }

    /// To what lies near at once: a processor that guesses branches is there before it knows the
    /// marks of where it was. A selection, or a way over the stack, would have it wait.
    #[inline(always)]
    fn go_on(next: lifecycle_cell, at: u64, stack: &mut Stack) -> Seen {
        if is_near(next, at) {
            return Seen::Next(next);
        }
        stack.push(next);
        Seen::Done
    }

    #[inline(always)]
    fn reference(&self, at: u64) -> Option<lifecycle_cell> {
        if self.bits.test_and_set(at) {
            return None;
        }
        let next = self.cell(at);
        if is_pointer(next) && next != reference(at) { Some(next) } else { None }
    }

    #[inline(always)]
    fn pair(&self, at: u64, stack: &mut Stack) -> Option<lifecycle_cell> {
        let before = self.bits.set_run(at, 2);
        if before == 3 {
            return None;
        }
        let (head, tail) = (self.cell(at), self.cell(at + 1));
        let with_head = before & 1 == 0 && is_pointer(head);
        let with_tail = before & 2 == 0 && is_pointer(tail);
        if with_head {
            if with_tail {
                // The head first: then one tail waits a level, not one head an element.
                stack.push(tail);
            }
            return Some(head);
        }
        if with_tail { Some(tail) } else { None }
    }

    #[inline(always)]
    fn structure(&self, at: u64, stack: &mut Stack) -> Seen {
        let header = self.cell(at);
        let len = arity(header) + 1;
        if tag(header) != LIFECYCLE_TAG_FUN || len > 64 || at + len > self.end {
            return Seen::Odd;
        }
        let before = self.bits.set_run(at, len);
        if before != 0 {
            if before & 1 == 0 {
                self.push_arguments(at, len, before, stack);
            }
            return Seen::Done;
        }
        let mut next = NOTHING;
        for k in (1..len).rev() {
            let argument = self.cell(at + k);
            if is_pointer(argument) {
                if next != NOTHING {
                    stack.push(next);
                }
                next = argument;
            }
        }
        if next == NOTHING { Seen::Done } else { Self::go_on(next, at, stack) }
    }

    /// Pushes those of `len` cells, up to 64, that were not marked before.
    #[inline(always)]
    fn push_arguments(&self, at: u64, len: u64, before: u64, stack: &mut Stack) {
        for k in (0..len).rev() {
            let argument = self.cell(at + k);
            if before >> k & 1 == 0 && is_pointer(argument) {
                stack.push(argument);
            }
        }
    }
}

impl Marker {
    /// Of the cells below `end`.
    pub fn new(cells: *mut lifecycle_cell, bits: Bits, end: u64, stack: &Region) -> Marker {
        Marker {
            heap: View { cells, bits, end },
            stack: Stack { base: stack.base().cast(), waiting: 0 },
            room: stack.committed() / size_of::<lifecycle_cell>(),
            overflowed: false,
            ticks: 0,
            deepest: 0,
            rescans: 0,
            faults: 0,
        }
    }

    /// A root. It is marked from at the next `drain`, or now if many wait (`.mark.roots`).
    #[inline]
    pub fn root(&mut self, cell: lifecycle_cell, stack: &mut Region) {
        if is_pointer(cell) && cell != 0 {
            self.make_room(stack);
            self.stack.push(cell);
            if self.stack.waiting > MANY {
                self.drain(stack);
            }
        }
    }

    /// Whether something waits.
    pub fn is_waiting(&self) -> bool {
        self.stack.waiting != 0 || self.overflowed
    }

    /// Whether there is a cell at an index.
    pub fn is_inside(&self, index: u64) -> bool {
        index < self.heap.end
    }

    /// Whether the cell at an index is marked; for one outside, that it is not.
    pub fn is_marked(&self, index: u64) -> bool {
        index < self.heap.end && self.heap.bits.is_set(index)
    }

    /// Marks everything that is reached from what waits.
    pub fn drain(&mut self, stack: &mut Region) {
        if !self.is_waiting() {
            return;
        }
        let started = os::ticks();
        self.run(stack);
        while self.overflowed {
            self.rescan(stack);
        }
        self.ticks += os::ticks() - started;
    }

    fn run(&mut self, region: &mut Region) {
        let heap = self.heap;
        let mut stack = self.stack;
        let mut queue = [0; QUEUE];
        let (mut head, mut count) = (0, 0);
        let (mut at, mut deepest) = (0, self.deepest);
        loop {
            deepest = deepest.max(stack.waiting);
            let mut cell = if let Some(near) = stack.pop_near(at) {
                near
            } else {
                while stack.waiting != 0 && count < QUEUE {
                    let far = stack.pop();
                    heap.prefetch(far);
                    // SAFETY: the remainder is below QUEUE.
                    unsafe { *queue.get_unchecked_mut((head + count) % QUEUE) = far };
                    count += 1;
                }
                if count == 0 {
                    (self.stack, self.deepest) = (stack, deepest);
                    return;
                }
                head += 1;
                count -= 1;
                // SAFETY: as above.
                unsafe { *queue.get_unchecked((head - 1) % QUEUE) }
            };
            loop {
                at = index(cell);
                if self.room - stack.waiting < SLACK {
                    self.stack = stack;
                    self.grow(region);
                    stack = self.stack;
                }
                match heap.look(cell, &mut stack) {
                    Seen::Done => break,
                    Seen::Next(next) => cell = next,
                    Seen::Odd => {
                        self.stack = stack;
                        self.look_closer(cell, region);
                        stack = self.stack;
                        break;
                    }
                }
            }
        }
    }

    #[inline]
    fn make_room(&mut self, region: &mut Region) {
        if self.room - self.stack.waiting < SLACK {
            self.grow(region);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, region: &mut Region) {
        let wanted = self.room * 2 * size_of::<lifecycle_cell>();
        let grown = region.grow_to(wanted).is_ok();
        self.room = region.committed() / size_of::<lifecycle_cell>();
        if !grown && self.room - self.stack.waiting < SLACK {
            // `rescan` finds what is left out now.
            self.overflowed = true;
            self.stack.waiting -= SLACK;
        }
    }

    /// Looks at what is rare.
    #[inline(never)]
    fn look_closer(&mut self, cell: lifecycle_cell, region: &mut Region) {
        let at = index(cell);
        if at == 0 || at >= self.heap.end || !is_pointer(cell) {
            self.faults += u64::from(cell != 0);
            return;
        }
        let header = self.heap.cell(at);
        match (tag(cell), tag(header)) {
            (LIFECYCLE_TAG_STR, LIFECYCLE_TAG_FUN) => self.mark_wide(at, arity(header) + 1, region),
            (LIFECYCLE_TAG_STR, LIFECYCLE_TAG_BLOB) => {
                let len = blob_words(header) + 1;
                if len > self.heap.end - at {
                    self.faults += 1;
                } else {
                    self.heap.bits.set_long(at, len);
                }
            }
            _ => {
                // No header, or half a pair: a program that says so loses nothing by it.
                self.faults += 1;
                if let Some(next) = self.heap.reference(at) {
                    self.stack.push(next);
                }
            }
        }
    }

    fn mark_wide(&mut self, at: u64, len: u64, region: &mut Region) {
        if len > self.heap.end - at {
            self.faults += 1;
            return;
        }
        if self.heap.bits.is_set(at) {
            return;
        }
        let mut done = 0;
        while done < len {
            let piece = (len - done).min(64);
            let before = self.heap.bits.set_run(at + done, piece);
            self.heap.push_arguments(at + done, piece, before, &mut self.stack);
            self.make_room(region);
            done += piece;
        }
    }

    /// Looks into every marked cell again: what was left out for lack of room is reached by one.
    #[cold]
    fn rescan(&mut self, region: &mut Region) {
        self.overflowed = false;
        self.rescans += 1;
        let (bits, end) = (self.heap.bits, self.heap.end);
        let mut at = bits.next_set(1, end);
        while at < end {
            let cell = self.heap.cell(at);
            let words = if tag(cell) == LIFECYCLE_TAG_BLOB { blob_words(cell) } else { 0 };
            if is_pointer(cell) {
                self.make_room(region);
                self.stack.push(cell);
                self.run(region);
            }
            at = bits.next_set((at + words + 1).min(end), end);
        }
    }
}

/// Whether what a cell refers to lies near a place.
#[inline(always)]
fn is_near(cell: lifecycle_cell, at: u64) -> bool {
    index(cell).wrapping_sub(at).wrapping_add(NEAR) <= 2 * NEAR
}

#[cfg(test)]
mod tests {
    use super::super::Heap;
    use super::*;
    use crate::base::Result;

    /// Lists in lists, each beside the one before it, whose tails wait while their heads are looked
    /// into: more of them than the stack has room for at first.
    #[test]
    fn what_lies_side_by_side_does_not_outgrow_the_stack() -> Result<()> {
        const DEPTH: u64 = 50_000;
        let place = Heap::create(&lifecycle_heap_options::default())?;
        let heap = Heap::check(place.as_ptr())?;
        let tail = (heap.alloc(2)?) << 3 | LIFECYCLE_TAG_LIS;
        let first = heap.alloc(2 * DEPTH)?;
        // SAFETY: the heap is alive, and nobody else's.
        let cells = unsafe { (*place.as_ptr()).cells };
        let write = |at: u64, cell: lifecycle_cell| {
            // SAFETY: those cells were allocated above.
            unsafe { *cells.add(at as usize) = cell }
        };
        write(index(tail), LIFECYCLE_TAG_INT);
        write(index(tail) + 1, LIFECYCLE_TAG_INT);
        for level in 0..DEPTH {
            let at = first + 2 * level;
            let head = if level + 1 < DEPTH { at + 2 } else { index(tail) };
            write(at, head << 3 | LIFECYCLE_TAG_LIS);
            write(at + 1, tail);
        }
        let mut root = first << 3 | LIFECYCLE_TAG_LIS;
        let mut wam = lifecycle_wam {
            size: size_of::<lifecycle_wam>(),
            globals: &mut root,
            globals_count: 1,
            // SAFETY: NULL and 0 are values of all its fields.
            ..unsafe { core::mem::zeroed() }
        };
        heap.set_wam(&mut wam)?;
        heap.collect()?;
        assert_eq!(heap.stats().live, 2 * DEPTH + 2);
        heap.destroy()
    }
}
