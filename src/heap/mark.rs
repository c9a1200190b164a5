//! Marking: from cells that are given to all that they reach.
//!
//! A bit says that a cell lives, and each cell of an object has one. So a reference into the middle
//! of a dead structure keeps that one cell, and where the structure turns out to live after all,
//! only the arguments that were not marked yet are looked into.
//!
//! Marking waits for memory more than it computes. Between the stack of cells that are to be looked
//! at and the looking stands a short queue: what enters it is fetched, what leaves it has had time
//! to arrive (C. Cher, A. Hosking, T. Vijaykumar: Software prefetching for mark-sweep garbage
//! collection, ASPLOS 2004).
//!
//! Whatever the cells say, nothing outside the heap is read: each index is compared with its end
//! first. What is wrong is counted and passed over; `verify` names it.
//!
//! Invariants:
//! - `.mark.room`: wherever something is pushed, there is room on the stack for `SLACK` words.
//! - `.mark.inside`: an index is compared with `end` before a cell or mark is touched, and `end` is
//!   at most `Space::committed`.

use super::bits::Bits;
use super::cell::*;
use super::space::Region;
use crate::abi::*;
use crate::os;

/// Cells that are being fetched. Measured: fewer leave the processor waiting, more are forgotten by
/// its caches.
const QUEUE: usize = 16;
/// Words that may be pushed without asking for room.
const SLACK: usize = 160;
/// So many cells on, and what is referred to is fetched already.
const NEAR: u64 = 16;

/// Marking under way.
pub struct Marker {
    cells: *mut lifecycle_cell,
    bits: Bits,
    /// The frontier.
    end: u64,
    stack: *mut lifecycle_cell,
    waiting: usize,
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

impl Marker {
    /// Of the cells below `end`.
    pub fn new(cells: *mut lifecycle_cell, bits: Bits, end: u64, stack: &Region) -> Marker {
        Marker {
            cells,
            bits,
            end,
            stack: stack.base().cast(),
            waiting: 0,
            room: stack.committed() / size_of::<lifecycle_cell>(),
            overflowed: false,
            ticks: 0,
            deepest: 0,
            rescans: 0,
            faults: 0,
        }
    }

    /// A root. It is marked from at the next `drain`.
    #[inline]
    pub fn root(&mut self, cell: lifecycle_cell, stack: &mut Region) {
        if is_pointer(cell) && cell != 0 {
            self.make_room(stack);
            self.push(cell);
        }
    }

    /// Whether something waits.
    pub fn is_waiting(&self) -> bool {
        self.waiting != 0 || self.overflowed
    }

    /// How much waits.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether there is a cell at an index.
    pub fn is_inside(&self, index: u64) -> bool {
        index < self.end
    }

    /// Whether the cell at an index is marked; for one outside, that it is not.
    pub fn is_marked(&self, index: u64) -> bool {
        index < self.end && self.bits.is_set(index)
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

    fn run(&mut self, stack: &mut Region) {
        let mut queue = [0; QUEUE];
        let (mut head, mut count) = (0, 0);
        loop {
            self.deepest = self.deepest.max(self.waiting);
            while self.waiting != 0 && count < QUEUE {
                let cell = self.pop();
                fetch(self.cells.wrapping_add(index(cell) as usize).cast());
                fetch(self.bits.place(index(cell)).cast());
                // SAFETY: the remainder is below QUEUE.
                unsafe { *queue.get_unchecked_mut((head + count) % QUEUE) = cell };
                count += 1;
            }
            if count == 0 {
                return;
            }
            // SAFETY: as above.
            let cell = unsafe { *queue.get_unchecked(head % QUEUE) };
            head += 1;
            count -= 1;
            self.make_room(stack);
            self.visit(cell, stack);
        }
    }

    #[inline]
    fn pop(&mut self) -> lifecycle_cell {
        self.waiting -= 1;
        // SAFETY: `.mark.room` - something waits there.
        unsafe { *self.stack.wrapping_add(self.waiting) }
    }

    #[inline]
    fn push(&mut self, cell: lifecycle_cell) {
        // SAFETY: `.mark.room`
        unsafe { *self.stack.wrapping_add(self.waiting) = cell };
        self.waiting += 1;
    }

    #[inline]
    fn make_room(&mut self, stack: &mut Region) {
        if self.room - self.waiting < SLACK {
            self.grow(stack);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, stack: &mut Region) {
        let wanted = self.room * 2 * size_of::<lifecycle_cell>();
        let grown = stack.grow_to(wanted).is_ok();
        self.room = stack.committed() / size_of::<lifecycle_cell>();
        if !grown && self.room - self.waiting < SLACK {
            // `rescan` finds what is left out now.
            self.overflowed = true;
            self.waiting -= SLACK;
        }
    }

    #[inline]
    fn cell(&self, index: u64) -> lifecycle_cell {
        // SAFETY: `.mark.inside`
        unsafe { *self.cells.wrapping_add(index as usize) }
    }

    /// Looks at what a cell refers to.
    #[inline]
    fn visit(&mut self, cell: lifecycle_cell, stack: &mut Region) {
        let mut cell = cell;
        loop {
            let at = index(cell);
            if at >= self.end {
                self.faults += 1;
                return;
            }
            let next = match tag(cell) {
                LIFECYCLE_TAG_REF => self.visit_ref(at),
                LIFECYCLE_TAG_LIS => self.visit_pair(at),
                LIFECYCLE_TAG_STR => return self.visit_structure(at, stack),
                _ => return,
            };
            match next {
                // In the lines that are here already. What it is followed by may push, too.
                Some(next)
                    if index(next).wrapping_sub(at) <= NEAR
                        && self.room - self.waiting > SLACK / 2 =>
                {
                    cell = next;
                }
                Some(next) => return self.push(next),
                None => return,
            }
        }
    }

    #[inline]
    fn visit_ref(&mut self, at: u64) -> Option<lifecycle_cell> {
        if self.bits.test_and_set(at) {
            return None;
        }
        let next = self.cell(at);
        if is_pointer(next) && next != reference(at) { Some(next) } else { None }
    }

    #[inline]
    fn visit_pair(&mut self, at: u64) -> Option<lifecycle_cell> {
        if at + 1 >= self.end {
            self.faults += 1;
            return None;
        }
        let before = self.bits.set_run(at, 2);
        if before == 3 {
            return None;
        }
        let (head, tail) = (self.cell(at), self.cell(at + 1));
        let with_head = before & 1 == 0 && is_pointer(head);
        let with_tail = before & 2 == 0 && is_pointer(tail);
        if with_head && with_tail {
            // The head first: what waits is then one tail a level, not one head an element.
            self.push(tail);
        }
        if with_head {
            Some(head)
        } else if with_tail {
            Some(tail)
        } else {
            None
        }
    }

    #[inline]
    fn visit_structure(&mut self, at: u64, stack: &mut Region) {
        let header = self.cell(at);
        if tag(header) != LIFECYCLE_TAG_FUN {
            return self.visit_other(at, header);
        }
        let len = arity(header) + 1;
        if len > 64 || at + len > self.end {
            return self.visit_wide(at, len, stack);
        }
        let before = self.bits.set_run(at, len);
        if before & 1 == 0 {
            self.push_arguments(at, len, before);
        }
    }

    /// Pushes those of `len` cells, up to 64, that were not marked before.
    #[inline]
    fn push_arguments(&mut self, at: u64, len: u64, before: u64) {
        for k in (0..len).rev() {
            let argument = self.cell(at + k);
            if before >> k & 1 == 0 && is_pointer(argument) {
                self.push(argument);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn visit_wide(&mut self, at: u64, len: u64, stack: &mut Region) {
        if at + len > self.end {
            self.faults += 1;
            return;
        }
        if self.bits.is_set(at) {
            return;
        }
        let mut done = 0;
        while done < len {
            let piece = (len - done).min(64);
            let before = self.bits.set_run(at + done, piece);
            self.push_arguments(at + done, piece, before);
            self.make_room(stack);
            done += piece;
        }
    }

    /// A blob; or something that should have been a header.
    #[inline(never)]
    fn visit_other(&mut self, at: u64, header: lifecycle_cell) {
        if tag(header) == LIFECYCLE_TAG_BLOB {
            let len = blob_words(header) + 1;
            if at + len > self.end {
                self.faults += 1;
            } else {
                self.bits.set_long(at, len);
            }
            return;
        }
        // A program that says so anyhow loses nothing by it.
        self.faults += u64::from(at != 0);
        if let Some(next) = self.visit_ref(at) {
            self.push(next);
        }
    }

    /// Looks into every marked cell again: what was left out for lack of room is reached by one.
    #[cold]
    fn rescan(&mut self, stack: &mut Region) {
        self.overflowed = false;
        self.rescans += 1;
        let mut at = self.bits.next_set(1, self.end);
        while at < self.end {
            let cell = self.cell(at);
            let words = if tag(cell) == LIFECYCLE_TAG_BLOB { blob_words(cell) } else { 0 };
            if is_pointer(cell) {
                self.make_room(stack);
                self.push(cell);
                self.run(stack);
            }
            at = self.bits.next_set((at + words + 1).min(self.end), self.end);
        }
    }
}

/// Asks the processor for a line of memory; any address will do.
#[inline]
fn fetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which touches nothing.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a hint, which touches nothing.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{at}]", at = in(reg) at, options(nostack, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}

#[cfg(test)]
mod tests {
    use super::super::Heap;
    use super::*;

    /// Lists in lists, each beside the one before it, whose tails wait while their heads are looked
    /// into: more of them than the stack has room for at first.
    #[test]
    fn what_lies_side_by_side_does_not_outgrow_the_stack() {
        const DEPTH: u64 = 50_000;
        let place = Heap::create(&lifecycle_heap_options::default()).expect("a heap");
        let heap = Heap::check(place.as_ptr()).expect("that heap");
        let tail = heap.alloc(2).expect("cells") << 3 | LIFECYCLE_TAG_LIS;
        let first = heap.alloc(2 * DEPTH).expect("cells");
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
        heap.set_wam(&mut wam).expect("registers");
        heap.collect().expect("a collection");
        assert_eq!(heap.stats().live, 2 * DEPTH + 2);
        heap.destroy().expect("its end");
    }
}
