//! The algorithm: one range of address space, used from its start, given back all at once.
//!
//! Why one range: an arena of chained chunks pays at each reset for the chunks that it gives back
//! or walks, and loses the end of each chunk. Address space costs nothing, so an arena reserves
//! more than it will ever need and commits it in steps; a reset moves the cursor to the start and
//! keeps the pages, so that the next round takes no page fault.
//!
//! Three things lie outside of the range: the caller's first region, used before it; huge
//! allocations, which have mappings of their own so that one of them never makes the arena twice
//! its size for good; and, where addresses are scarce and the range was too short, extensions,
//! which are used like the range and given back at a reset.
//!
//! The first region, the range and each extension are segments; the cursor is in one of them.
//! Positions count bytes from the start of the arena: the first region is `0..first.len`, the range
//! comes after, an extension begins at the position where the segment before it was left. What a
//! segment had left when it became too small is skipped and counts as unused.
//!
//! Invariants:
//! - `.arena.words`: `cursor` and `limit` are the first two words, for C's inline allocation. Both
//!   are multiples of 16 or NULL, and `cursor <= limit <= end`.
//! - `.arena.live`: bytes from the segment's start up to `end` are committed memory of this arena,
//!   and bytes from `cursor` on are handed out to nobody. So whoever moves `cursor` up to `limit`
//!   at most owns what it passes over.
//! - `.arena.limit`: no allocation takes `used()` past `hard_limit()`; `end` is low enough for that
//!   to hold when all of it is used, so that the inline allocation needs no other check.
//! - `.arena.watched`: while a checker watches, `limit == cursor`, so that every allocation calls
//!   and has exactly its bytes permitted; every byte at or after `cursor` is forbidden. Otherwise
//!   nothing is marked and inline allocation pays nothing for it.
//! - `.arena.record`: cleanup records lie in the arena's own allocated bytes, side records at the
//!   start of their own mapping; lists run newest first, and stamps never increase along them
//!   (`.mark.order`).
//!
//! - `.arena.plain`: while `is_plain`, a reset has nothing to do but to move the cursor: the cursor is
//!   in the segment that begins at `start`, nothing was registered, mapped or marked since the last
//!   reset, no checker watches, and all that is committed may stay. Whoever makes it otherwise says
//!   so.
//! - `.arena.floor`: an allocation that shrinks moves the cursor back, but never below the place of
//!   a living mark or the end of a cleanup's record.
//!
//! What it does not do: it does not call cleanups (that is `super`, which must not hold a reference
//! to a `Bump` meanwhile), does not zero bytes, does not free one allocation. It uses `core` alone,
//! so that it is the same in WebAssembly; the system and the checkers are behind `Platform`.

mod cleanups;
mod marks;
mod platform;
mod resize;
mod retention;
mod segments;
mod sides;

use core::ptr::{self, NonNull};

pub use cleanups::Cleanup;
use cleanups::Record;
#[cfg(test)]
pub use marks::Marks;
#[cfg(not(test))]
use marks::Marks;
pub use marks::{Mark, Unfit};
pub use platform::{Platform, Refused};
use retention::Retention;
pub use segments::First;
use segments::{Kind, Segment};
use sides::Side;

/// Every allocation starts at a multiple of this and takes a multiple of it.
pub(crate) const ALIGN: usize = 16;
/// The largest alignment to be had.
pub(crate) const ALIGN_MAX: usize = 1 << 21;
/// Commit step where none is given.
pub(crate) const CHUNK: usize = 1 << 16;
/// Sizes above are refused at once, so that no sum below can overflow: of a size in use, a size
/// asked for that fits under the hard limit with it, and an alignment.
pub(crate) const SIZE_MAX: usize =
    if usize::BITS == 32 { usize::MAX - 2 * ALIGN_MAX } else { isize::MAX as usize / 4 };

/// How an arena is set up; all of it checked.
pub struct Setup {
    /// Commit step: more than 0.
    pub chunk: usize,
    /// Most bytes in use.
    pub hard_limit: usize,
    /// Address space to ask for; more is asked for when it is used up.
    pub reserve: usize,
    /// The caller's memory.
    pub first: First,
    /// Bytes that stay committed at a reset; `None`: what recent rounds needed (`retention`).
    pub retained: Option<usize>,
    /// Whether unused bytes are marked, if a checker watches.
    pub poison: bool,
    /// A number that no other arena of this process has or had; not 0.
    pub identity: u64,
}

/// An arena. The first `FRONT` bytes are all that a plain reset reads: allocating keeps them in the
/// cache, and a reset that comes after much memory was touched waits for nothing else.
#[repr(C)]
pub struct Bump<P: Platform> {
    cursor: *mut u8,
    limit: *mut u8,
    /// Where the first segment begins.
    start: *mut u8,
    /// The highest that the cursor was at a plain reset (`Bump::note_peak`).
    peak: *mut u8,
    resets: u64,
    /// `.arena.plain`
    is_plain: bool,
    /// End of what may be handed out without asking for more.
    end: *mut u8,
    segment: Segment,
    first: First,
    range: Option<P::Region>,
    committed: usize,
    hard_limit: usize,
    /// Address space to ask for.
    wished: usize,
    chunk: usize,
    retention: Retention,
    watched: bool,
    sides: *mut Side<P::Region>,
    /// Sides that are not in use and that the system did not take back.
    refused: *mut Side<P::Region>,
    side_bytes: usize,
    /// Bytes of extensions.
    extended: usize,
    records: *mut Record,
    marks: Marks,
    high_water: usize,
    platform: P,
}

/// Bytes at the start of a `Bump` that a plain reset reads.
pub(crate) const FRONT: usize = 48;
const _: () = assert!(5 * size_of::<usize>() + size_of::<bool>() <= FRONT);

/// What `Bump::stats` tells.
pub struct Stats {
    /// Bytes in use.
    pub used: usize,
    /// Most bytes ever in use.
    pub high_water: usize,
    /// Most bytes that may be in use.
    pub hard_limit: usize,
    /// Usable bytes of the caller's memory.
    pub first_region: usize,
    /// Bytes of address space.
    pub reserved: usize,
    /// Bytes of it with memory.
    pub committed: usize,
    /// Bytes in use in huge allocations.
    pub side_bytes: usize,
    /// Huge allocations.
    pub side_count: u64,
    /// Mappings the system did not take back.
    pub failed_releases: u64,
    /// Resets so far.
    pub resets: u64,
}

impl<P: Platform> Bump<P> {
    /// An arena that has its address space, unless the caller's memory comes first.
    pub fn new(platform: P, setup: Setup) -> Result<Self, Refused<P::Error>> {
        let Setup { chunk, hard_limit, reserve, first, retained, poison, identity } = setup;
        let mut it = Bump {
            cursor: first.base,
            limit: first.base,
            start: first.base,
            peak: first.base,
            resets: 0,
            is_plain: false,
            end: first.base,
            segment: Segment::first(first),
            first,
            range: None,
            committed: 0,
            hard_limit: hard_limit.min(SIZE_MAX),
            wished: reserve.min(hard_limit).max(1),
            chunk: pages(chunk.min(SIZE_MAX), platform.page_size()),
            retention: Retention::new(retained),
            watched: poison && platform.is_watched(),
            sides: ptr::null_mut(),
            refused: ptr::null_mut(),
            side_bytes: 0,
            extended: 0,
            records: ptr::null_mut(),
            marks: Marks::new(identity),
            high_water: 0,
            platform,
        };
        if first.len == 0 {
            it.reserve().map_err(Refused::System)?;
            it.segment = it.range_segment();
            it.start = it.segment.start;
            it.peak = it.start;
        } else if it.watched {
            it.platform.forbid(first.base, first.len);
        }
        it.place(0);
        Ok(it)
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.segment.before + self.offset() + self.side_bytes
    }

    /// Bytes that the arena holds: the caller's, the committed ones, extensions, and those of huge
    /// allocations.
    pub fn capacity(&self) -> usize {
        self.first.len + self.committed + self.extended + self.side_bytes
    }

    /// Takes bytes that lie between the two words, as C does inline; looks at nothing else. While a
    /// checker watches there are none (`.arena.watched`).
    #[inline(always)]
    pub fn take(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let room = self.limit as usize - self.cursor as usize;
        let bytes = size.max(1);
        // The room is a multiple of 16 (`.arena.words`): what fits in it fits rounded up.
        if bytes > room || align > ALIGN || !align.is_power_of_two() {
            return None;
        }
        let at = self.cursor;
        self.cursor = at.wrapping_add(taken(bytes));
        NonNull::new(at)
    }

    /// Allocates; the bytes are not zeroed. A size of 0 gives an address that nobody else has.
    #[inline(never)]
    pub fn alloc(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, Refused<P::Error>> {
        if !align.is_power_of_two() || align > ALIGN_MAX {
            return Err(Refused::Alignment(align));
        }
        if size > SIZE_MAX {
            return Err(Refused::TooBig(size));
        }
        let align = align.max(ALIGN);
        let bytes = taken(size);
        let at = match self.bump(bytes, align) {
            Some(at) => at,
            None => self.refill(bytes, align)?,
        };
        if self.watched {
            self.platform.permit(at.as_ptr(), size);
        }
        Ok(at)
    }

    /// Takes bytes from what is committed.
    fn bump(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let pad = padding(self.cursor, align);
        if pad + bytes > self.end as usize - self.cursor as usize {
            return None;
        }
        let at = self.cursor.wrapping_add(pad);
        self.cursor = at.wrapping_add(bytes);
        self.limit = if self.watched { self.cursor } else { self.end };
        NonNull::new(at)
    }

    fn over_limit(&self, asked: usize) -> Refused<P::Error> {
        Refused::Limit { asked, used: self.used(), limit: self.hard_limit }
    }

    #[cold]
    fn refill(&mut self, bytes: usize, align: usize) -> Result<NonNull<u8>, Refused<P::Error>> {
        if bytes > self.hard_limit - self.used() {
            return Err(self.over_limit(bytes));
        }
        let range_has_them = self.segment.kind == Kind::First && bytes + align <= self.committed;
        if bytes >= P::HUGE && !range_has_them {
            return self.map_side(bytes, align);
        }
        match self.take_of_range(bytes, align)? {
            Some(at) => Ok(at),
            None => self.extend(bytes, align),
        }
    }

    /// Marks where the arena is.
    pub fn save(&mut self) -> Mark {
        self.is_plain = false;
        self.marks.save(self.position())
    }

    /// Whether one may rewind to a mark.
    pub fn check(&self, mark: Mark) -> Result<(), Unfit> {
        self.marks.check(mark, self.position())
    }

    /// Forgets what was allocated since a mark that `check` accepts; its cleanups were popped.
    pub fn rewind(&mut self, mark: Mark) {
        self.note_high_water();
        // A refused mapping is on the books (`Stats::failed_releases`) and tried again.
        let _ = self.drop_sides(mark.sequence);
        self.forbid_from(mark.position);
        self.place(mark.position);
        self.marks.rewind(mark);
    }

    /// Forgets everything; all cleanups were popped. What need not stay goes back to the system
    /// (`retention`); where it refuses, pages stay committed and the next time tries again, as it
    /// does with mappings; the last such refusal of a mapping is told, though the arena is empty all
    /// the same.
    pub fn reset(&mut self) -> Result<(), P::Error> {
        if self.reset_plain().is_some() {
            return Ok(());
        }
        let used = self.note_high_water();
        let result = self.drop_sides(0);
        self.forbid_from(0);
        self.marks.reset();
        self.resets += 1;
        self.retain(used);
        self.place(0);
        self.is_plain = !self.watched && self.refused.is_null() && !self.exceeds_retained();
        result
    }

    /// Forgets everything if that is no more than to move the cursor (`.arena.plain`): the bytes that
    /// were in use. Once in a while it does not, because `retention` has to look at the arena.
    #[inline(always)]
    pub fn reset_plain(&mut self) -> Option<usize> {
        if !self.is_plain || retention::is_last_of_period(self.resets) {
            return None;
        }
        let used = self.cursor as usize - self.start as usize;
        self.peak = self.peak.max(self.cursor);
        self.resets += 1;
        self.retention.note_plain();
        self.cursor = self.start;
        Some(used)
    }

    /// Marks the bytes between a position and the cursor as unused (`.arena.watched`).
    #[inline]
    fn forbid_from(&self, position: usize) {
        if !self.watched {
            return;
        }
        let Segment { kind, start, before, .. } = self.segment;
        let offset = self.offset();
        let from = position.saturating_sub(self.segment.position).min(offset);
        self.platform.forbid(start.wrapping_add(from), offset - from);
        if kind == Kind::Range {
            let from = position.min(before);
            self.platform.forbid(self.first.base.wrapping_add(from), before - from);
        }
    }

    /// Gives everything back; all cleanups were popped. Where the system refuses, the arena is as
    /// after a reset, and this can be tried again.
    pub fn release(&mut self) -> Result<(), P::Error> {
        self.reset()?;
        if let Some(range) = self.range.take() {
            let base = self.platform.extent(&range).0;
            if self.watched {
                self.platform.permit_defined(base, self.committed);
            }
            if let Err((range, refusal)) = self.platform.release(range) {
                if self.watched {
                    self.platform.forbid(base, self.committed);
                }
                self.range = Some(range);
                return Err(refusal);
            }
        }
        if self.watched {
            self.platform.permit_defined(self.first.base, self.first.len);
        }
        self.committed = 0;
        self.first = First::new(ptr::null_mut(), 0);
        self.segment = Segment::first(self.first);
        (self.start, self.peak) = (self.first.base, self.first.base);
        self.place(0);
        Ok(())
    }

    /// What the arena holds.
    pub fn stats(&self) -> Stats {
        let [(side_bytes, side_mapped, side_count), (_, refused_mapped, failed_releases)] =
            self.count_sides();
        let mapped = side_mapped + refused_mapped;
        Stats {
            used: self.used(),
            high_water: self.high_water.max(self.peak_offset()).max(self.used()),
            hard_limit: self.hard_limit,
            first_region: self.first.len,
            reserved: self.extent().1 + mapped,
            committed: self.committed + mapped,
            side_bytes,
            side_count,
            failed_releases,
            resets: self.resets,
        }
    }
}

/// Bytes from an address to the next multiple of `align`, a power of two.
fn padding(at: *mut u8, align: usize) -> usize {
    (at as usize).wrapping_neg() & (align - 1)
}

/// What an allocation of so many bytes (at most `SIZE_MAX`) takes.
fn taken(size: usize) -> usize {
    (size.max(1) + (ALIGN - 1)) & !(ALIGN - 1)
}

/// Rounds up to pages; sizes are far from the end of the address space (`SIZE_MAX`).
fn pages(bytes: usize, page: usize) -> usize {
    bytes.next_multiple_of(page)
}
