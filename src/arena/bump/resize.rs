//! Growing and shrinking an allocation: where it is if it is the last one, else by a copy.

use core::ptr::NonNull;

use super::platform::{Platform, Refused};
use super::segments::Kind;
use super::{ALIGN, Bump, SIZE_MAX, taken};

impl<P: Platform> Bump<P> {
    /// Gives an allocation of `old` bytes a size of `new`. It stays where it is if it shrinks, or
    /// if it is the last one and there is room behind it; otherwise its bytes are copied, and the
    /// old ones are nobody's. On failure nothing has changed.
    ///
    /// Whatever is said of `at` and `old`, nothing of the arena's own is touched: bytes that are
    /// not in use are refused, and the cursor does not go below the newest mark or a cleanup's
    /// record (`.arena.floor`).
    pub fn resize(
        &mut self,
        at: NonNull<u8>,
        old: usize,
        new: usize,
    ) -> Result<NonNull<u8>, Refused<P::Error>> {
        let start = at.as_ptr();
        let foreign = Err(Refused::Foreign(start, old));
        if old > SIZE_MAX || !(start as usize).is_multiple_of(ALIGN) {
            return foreign;
        }
        // A lie about the last one would let the cursor go below a record.
        if !self.holds(start, taken(old)) || self.has_record_in(start, taken(old)) {
            return foreign;
        }
        if new > SIZE_MAX {
            return Err(Refused::TooBig(new));
        }
        let is_last = self.is_last(start, old);
        if new <= old {
            if is_last {
                self.retreat(start.wrapping_add(taken(new)));
            }
            self.forbid_tail(start, new, old);
            return Ok(at);
        }
        if is_last && self.grow_last(start, old, new, P::HUGE) {
            return Ok(at);
        }
        let copy = match self.alloc(new, ALIGN) {
            Ok(copy) => copy,
            // There may be room for one of the two that is not there for both.
            Err(_) if is_last && self.grow_last(start, old, new, SIZE_MAX) => return Ok(at),
            Err(refused) => return Err(refused),
        };
        // SAFETY: `.arena.live` - the first `old` bytes at `at` are in use (`holds`), and the copy
        // was handed out just above with room for more; so they do not overlap.
        unsafe { copy.copy_from_nonoverlapping(at, old) };
        if self.is_last(start, old) {
            self.retreat(start);
        }
        self.forbid_tail(start, 0, old);
        Ok(copy)
    }

    /// Whether the cursor is right behind an allocation.
    fn is_last(&self, at: *mut u8, size: usize) -> bool {
        at.wrapping_add(taken(size)) == self.cursor
    }

    /// Grows the last allocation where it is, if it is then committed or can be made so by less than
    /// `huge` bytes; whether it did.
    fn grow_last(&mut self, at: *mut u8, old: usize, new: usize, huge: usize) -> bool {
        let (held, bytes) = (taken(old), taken(new));
        if bytes > self.end as usize - at as usize {
            if self.segment.kind != Kind::Range || bytes - held >= huge {
                return false;
            }
            let (segment, offset) = (self.segment, at as usize - self.segment.start as usize);
            let done = self.commit_upto(&segment, offset + held, offset + bytes);
            self.settle();
            if !matches!(done, Ok(true)) {
                return false;
            }
        }
        self.cursor = at.wrapping_add(bytes);
        if self.watched {
            self.limit = self.cursor;
            self.platform.permit(at.wrapping_add(old), new - old);
        }
        true
    }

    /// Moves the cursor back, but not below what a mark stands on (`.arena.floor`).
    fn retreat(&mut self, to: *mut u8) {
        let start = self.segment.start as usize;
        let mark = start + self.marks.standing().saturating_sub(self.segment.position);
        let floor = mark.max(to as usize);
        let offset = floor.min(self.cursor as usize) - start;
        self.note_high_water();
        self.cursor = self.segment.start.wrapping_add(offset);
        self.settle();
    }

    /// Nobody may touch the bytes from `from` to the end of an allocation of `size`
    /// (`.arena.watched`).
    fn forbid_tail(&self, at: *mut u8, from: usize, size: usize) {
        if self.watched {
            self.platform.forbid(at.wrapping_add(from), taken(size) - from);
        }
    }
}
