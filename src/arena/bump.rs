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
//! What it does not do: it does not call cleanups (that is `super`, which must not hold a reference
//! to a `Bump` meanwhile), does not zero bytes, does not free one allocation. It uses `core` alone;
//! the system and the checkers are behind `Platform`.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::marks::{Mark, Marks, Unfit};

/// Every allocation starts at a multiple of this and takes a multiple of it.
pub(super) const ALIGN: usize = 16;
/// The largest alignment to be had.
pub(super) const ALIGN_MAX: usize = 1 << 21;
/// Allocations of this size get a mapping of their own unless they fit in what is committed.
pub(super) const HUGE: usize = 1 << 20;
/// The most address space that is asked for.
pub(super) const RESERVE: usize = 1 << 36;
/// Commit step where none is given.
pub(super) const CHUNK: usize = 1 << 16;
/// Sizes above are refused at once, so that no sum below can overflow.
const SIZE_MAX: usize = isize::MAX as usize / 4;

/// What the algorithm needs from the world.
pub trait Platform {
    /// Why the system refused.
    type Error;
    /// A range of address space. Dropping it is not giving it back in an orderly way: `release` is.
    type Region;
    /// Bytes of a page: a power of two of at least `ALIGN`.
    fn page_size(&self) -> usize;
    /// Address space without memory, `align` a power of two.
    fn reserve(&self, len: usize, align: usize) -> Result<Self::Region, Self::Error>;
    /// First byte and length of a region; they do not change.
    fn extent(&self, region: &Self::Region) -> (*mut u8, usize);
    /// Makes pages of a region usable.
    fn commit(&self, region: &Self::Region, offset: usize, len: usize) -> Result<(), Self::Error>;
    /// Makes pages of a region unusable and gives their memory back.
    fn decommit(&self, region: &Self::Region, offset: usize, len: usize)
    -> Result<(), Self::Error>;
    /// Gives a region back, or returns it with the reason.
    fn release(&self, region: Self::Region) -> Result<(), (Self::Region, Self::Error)>;
    /// Whether marks are of use: a checker watches.
    fn is_watched(&self) -> bool;
    /// Tells the checkers that nobody may touch these bytes.
    fn forbid(&self, at: *mut u8, len: usize);
    /// Tells the checkers that these bytes may be used, and hold junk.
    fn permit(&self, at: *mut u8, len: usize);
    /// Tells the checkers that these bytes may be used, and hold what they hold.
    fn permit_defined(&self, at: *mut u8, len: usize);
}

/// Why the arena refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused<E> {
    /// Not a power of two, or too large a one.
    Alignment(usize),
    /// No memory has that many bytes.
    TooBig(usize),
    /// So many bytes on top of those in use would pass the hard limit.
    Limit {
        /// Bytes asked for, rounded up.
        asked: usize,
        /// Bytes in use.
        used: usize,
        /// Bytes that may be in use.
        limit: usize,
    },
    /// The system refused.
    System(E),
}

/// A cleanup as C registered it.
#[derive(Clone, Copy)]
pub struct Cleanup {
    /// What to call.
    pub run: unsafe extern "C" fn(*mut c_void, *mut c_void),
    /// Its first argument.
    pub resource: *mut c_void,
    /// Its second.
    pub user: *mut c_void,
}

/// A registered cleanup, in the arena's own bytes (`.arena.record`).
struct Record {
    older: *mut Record,
    stamp: u64,
    cleanup: Cleanup,
}

/// What the cursor can be in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    First,
    Range,
    Extension,
}

/// What the cursor is in.
#[derive(Clone, Copy)]
struct Segment {
    kind: Kind,
    /// First byte.
    start: *mut u8,
    /// Bytes that may be used; of the range, those that are committed count instead.
    len: usize,
    /// The start's position.
    position: usize,
    /// Bytes in use in the segments before.
    before: usize,
}

/// A mapping beside the range, known by a record at its start (`.arena.record`): a huge allocation,
/// or an extension.
struct Side<R> {
    older: *mut Side<R>,
    stamp: u64,
    /// Bytes in use; those of an extension are counted by the cursor.
    bytes: usize,
    /// Of an extension: the segment and the cursor before it, to go back to.
    left: Option<(Segment, *mut u8)>,
    region: R,
}

/// The caller's memory: aligned, possibly empty.
#[derive(Clone, Copy)]
pub struct First {
    base: *mut u8,
    len: usize,
}

impl First {
    /// The usable part of a range: whole, aligned steps of 16 bytes.
    pub fn new(base: *mut u8, len: usize) -> Self {
        let skip = (base as usize).wrapping_neg() & (ALIGN - 1);
        let len = len.saturating_sub(skip) & !(ALIGN - 1);
        if base.is_null() || len == 0 {
            return First { base: ptr::null_mut(), len: 0 };
        }
        First { base: base.wrapping_add(skip), len }
    }
}

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
    /// Bytes that stay committed at a reset.
    pub retained: Option<usize>,
    /// Whether unused bytes are marked, if a checker watches.
    pub poison: bool,
    /// A number that no other arena of this process has or had; not 0.
    pub identity: u64,
}

/// An arena.
#[repr(C)]
pub struct Bump<P: Platform> {
    cursor: *mut u8,
    limit: *mut u8,
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
    retained: Option<usize>,
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
    resets: u64,
    platform: P,
}

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

impl Segment {
    fn first(first: First) -> Self {
        Segment { kind: Kind::First, start: first.base, len: first.len, position: 0, before: 0 }
    }
}

impl<P: Platform> Bump<P> {
    /// Bytes at the start of a side's mapping that its record takes; keeps 16-byte alignment.
    const SIDE_HEADER: usize = size_of::<Side<P::Region>>().next_multiple_of(64);

    /// An arena that has its address space, unless the caller's memory comes first.
    pub fn new(platform: P, setup: Setup) -> Result<Self, Refused<P::Error>> {
        let Setup { chunk, hard_limit, reserve, first, retained, poison, identity } = setup;
        let mut it = Bump {
            cursor: first.base,
            limit: first.base,
            end: first.base,
            segment: Segment::first(first),
            first,
            range: None,
            committed: 0,
            hard_limit: hard_limit.min(SIZE_MAX),
            wished: reserve.min(hard_limit).clamp(1, RESERVE),
            chunk: pages(chunk.min(SIZE_MAX), platform.page_size()),
            retained,
            watched: poison && platform.is_watched(),
            sides: ptr::null_mut(),
            refused: ptr::null_mut(),
            side_bytes: 0,
            extended: 0,
            records: ptr::null_mut(),
            marks: Marks::new(identity),
            high_water: 0,
            resets: 0,
            platform,
        };
        if first.len == 0 {
            it.reserve().map_err(Refused::System)?;
            it.segment = it.range_segment();
        } else if it.watched {
            it.platform.forbid(first.base, first.len);
        }
        it.place(0);
        Ok(it)
    }

    /// The range, reserved at the first call. Where the system refuses the size wished for, half
    /// and half again; and then a sixteenth of what it would give, because the host needs address
    /// space too and an arena can be extended.
    fn reserve(&mut self) -> Result<(), P::Error> {
        if self.range.is_some() {
            return Ok(());
        }
        let page = self.platform.page_size();
        let mut len = pages(self.wished, page);
        let least = self.chunk.min(len);
        let mut range = self.platform.reserve(len, page);
        while range.is_err() && len / 2 >= least {
            len = pages(len / 2, page);
            range = self.platform.reserve(len, page);
            if let Ok(all) = range {
                range = match self.platform.release(all) {
                    Ok(()) => {
                        len = pages((len / 16).max(least), page);
                        self.platform.reserve(len, page)
                    }
                    Err((all, _)) => Ok(all),
                };
            }
        }
        self.range = Some(range?);
        Ok(())
    }

    /// Base and length of the range; NULL and 0 before it is reserved.
    fn extent(&self) -> (*mut u8, usize) {
        self.range.as_ref().map_or((ptr::null_mut(), 0), |range| self.platform.extent(range))
    }

    /// Bytes between the segment's start and the cursor.
    fn offset(&self) -> usize {
        self.cursor as usize - self.segment.start as usize
    }

    /// Where the cursor is, counted from the start of the arena.
    fn position(&self) -> usize {
        self.segment.position + self.offset()
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

    /// Sets `end` and `limit` to what the segment allows (`.arena.limit`, `.arena.watched`).
    fn settle(&mut self) {
        let Segment { kind, start, len, before, .. } = self.segment;
        let there = if kind == Kind::Range { self.committed } else { len };
        let allowed = self.hard_limit.saturating_sub(before + self.side_bytes);
        let len = there.min(allowed & !(ALIGN - 1)).max(self.offset());
        self.end = start.wrapping_add(len);
        self.limit = if self.watched { self.cursor } else { self.end };
    }

    /// Moves the cursor back to a position of its segment, or of the first region, or to 0.
    fn place(&mut self, position: usize) {
        if self.segment.kind == Kind::Range && position < self.segment.position {
            self.segment = Segment::first(self.first);
        }
        let offset = position.saturating_sub(self.segment.position);
        self.cursor = self.segment.start.wrapping_add(offset);
        self.settle();
    }

    /// Allocates; the bytes are not zeroed. A size of 0 gives an address that nobody else has.
    pub fn alloc(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, Refused<P::Error>> {
        if !align.is_power_of_two() || align > ALIGN_MAX {
            return Err(Refused::Alignment(align));
        }
        if size > SIZE_MAX {
            return Err(Refused::TooBig(size));
        }
        let align = align.max(ALIGN);
        let bytes = size.max(1).next_multiple_of(ALIGN);
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
        if bytes >= HUGE {
            return self.map_side(bytes, align);
        }
        if self.segment.kind != Kind::Extension
            && let Some(at) = self.grow(bytes, align)?
        {
            return Ok(at);
        }
        self.extend(bytes, align)
    }

    /// Commits enough of the range and takes the bytes from there; `None` if the range is too
    /// short. Nothing has changed unless it succeeds.
    fn grow(
        &mut self,
        bytes: usize,
        align: usize,
    ) -> Result<Option<NonNull<u8>>, Refused<P::Error>> {
        self.reserve().map_err(Refused::System)?;
        let is_there = self.segment.kind == Kind::Range;
        let segment = if is_there { self.segment } else { self.range_segment() };
        let Segment { start, len, before, .. } = segment;
        let offset = if is_there { self.offset() } else { 0 };
        let needed = offset + padding(start.wrapping_add(offset), align) + bytes;
        if needed > len {
            return Ok(None);
        }
        let allowed = self.hard_limit.saturating_sub(before + self.side_bytes);
        if needed > allowed {
            return Err(self.over_limit(needed - offset));
        }
        if needed > self.committed {
            self.commit(needed, allowed, len).map_err(Refused::System)?;
        }
        self.segment = segment;
        self.cursor = start.wrapping_add(offset);
        self.settle();
        Ok(self.bump(bytes, align))
    }

    /// The range as the segment that comes after the first region.
    fn range_segment(&self) -> Segment {
        let (start, len) = self.extent();
        let before = self.offset();
        Segment { kind: Kind::Range, start, len, position: self.first.len, before }
    }

    /// Commits at least the first `needed` bytes of the range, and a step more where limits and the
    /// system allow it. Steps grow with the arena, so that their number stays small.
    fn commit(&mut self, needed: usize, allowed: usize, reserved: usize) -> Result<(), P::Error> {
        let Some(range) = self.range.as_ref() else { return Ok(()) };
        let page = self.platform.page_size();
        let (from, least) = (self.committed, pages(needed, page));
        let step = self.chunk.max(from / 4).min(reserved);
        let wished = least.max(pages(from + step, page).min(pages(allowed, page)).min(reserved));
        let mut upto = wished;
        let mut done = self.platform.commit(range, from, upto - from);
        if done.is_err() && least < wished {
            upto = least;
            done = self.platform.commit(range, from, upto - from);
        }
        done?;
        if self.watched {
            self.platform.forbid(self.extent().0.wrapping_add(from), upto - from);
        }
        self.committed = upto;
        Ok(())
    }

    /// A usable mapping of its own, for a side.
    fn map(&self, len: usize, align: usize) -> Result<P::Region, P::Error> {
        let page = self.platform.page_size();
        let region = self.platform.reserve(pages(len, page), align.max(page))?;
        let len = self.platform.extent(&region).1;
        if let Err(refusal) = self.platform.commit(&region, 0, len) {
            let _ = self.platform.release(region);
            return Err(refusal);
        }
        Ok(region)
    }

    /// Puts a mapping on the list of sides. Its first byte and length.
    fn push_side(
        &mut self,
        region: P::Region,
        bytes: usize,
        left: Option<(Segment, *mut u8)>,
    ) -> (*mut u8, usize) {
        let (base, len) = self.platform.extent(&region);
        if self.watched {
            let header = Self::SIDE_HEADER;
            self.platform.forbid(base.wrapping_add(header), len - header);
        }
        let side = base.cast::<Side<P::Region>>();
        let record = Side { older: self.sides, stamp: self.marks.stamp(), bytes, left, region };
        // SAFETY: `.arena.record` - the mapping is new, committed, aligned to a page, and longer
        // than the header.
        unsafe { side.write(record) };
        self.sides = side;
        (base, len)
    }

    /// Allocates in a mapping of its own.
    fn map_side(&mut self, bytes: usize, align: usize) -> Result<NonNull<u8>, Refused<P::Error>> {
        let offset = Self::SIDE_HEADER.next_multiple_of(align);
        let region = self.map(offset + bytes, align).map_err(Refused::System)?;
        let (base, _) = self.push_side(region, bytes, None);
        self.side_bytes += bytes;
        self.settle();
        Ok(NonNull::new(base.wrapping_add(offset)).unwrap_or(NonNull::dangling()))
    }

    /// Goes on in an extension: the range is used up, or would not hold the bytes. Extensions grow
    /// with the arena, so that their number stays small.
    fn extend(&mut self, bytes: usize, align: usize) -> Result<NonNull<u8>, Refused<P::Error>> {
        let header = Self::SIDE_HEADER;
        let least = header.next_multiple_of(align) + bytes;
        let room = self.hard_limit - self.used();
        if least - header > room {
            return Err(self.over_limit(least - header));
        }
        let wished = (self.used() / 2).clamp(HUGE, 1 << 30).min(header + room).max(least);
        let region = self.map(wished, align).or_else(|_| self.map(least, align));
        let left = (self.segment, self.cursor);
        let (position, before) = (self.position(), self.segment.before + self.offset());
        let (base, len) = self.push_side(region.map_err(Refused::System)?, 0, Some(left));
        let (start, len) = (base.wrapping_add(header), len - header);
        self.segment = Segment { kind: Kind::Extension, start, len, position, before };
        self.extended += len;
        self.cursor = start;
        self.settle();
        self.bump(bytes, align).ok_or_else(|| self.over_limit(bytes))
    }

    /// Gives back the sides registered since a mark, and those refused before; tells the last
    /// refusal.
    fn drop_sides(&mut self, stamp: u64) -> Result<(), P::Error> {
        let refused = core::mem::replace(&mut self.refused, ptr::null_mut());
        let (_, before) = self.release_sides(refused, 0);
        let (kept, now) = self.release_sides(self.sides, stamp);
        self.sides = kept;
        before.and(now)
    }

    /// Releases from the newest on while the stamp is not older; those that the system refuses go
    /// to `refused`. The first that is older, and the last refusal.
    fn release_sides(
        &mut self,
        mut newest: *mut Side<P::Region>,
        stamp: u64,
    ) -> (*mut Side<P::Region>, Result<(), P::Error>) {
        let mut result = Ok(());
        // SAFETY: `.arena.record` - listed records are in place; the end of a list is NULL.
        while let Some(side) = unsafe { newest.as_ref() }.filter(|side| side.stamp >= stamp) {
            let (base, len) = self.platform.extent(&side.region);
            if self.watched {
                self.platform.permit_defined(base, len);
            }
            // SAFETY: `.arena.record` - it is taken off the list here, so its record is moved out
            // once.
            let Side { older, bytes, left, region, .. } = unsafe { newest.read() };
            self.side_bytes -= bytes;
            if let Some((segment, cursor)) = left {
                self.extended -= self.segment.len;
                self.segment = segment;
                self.cursor = cursor;
            }
            if let Err((region, refusal)) = self.platform.release(region) {
                let record = Side { older: self.refused, stamp: 0, bytes: 0, left: None, region };
                // SAFETY: `.arena.record` - the mapping is still there, and nobody else knows it.
                unsafe { newest.write(record) };
                self.refused = newest;
                result = Err(refusal);
            }
            newest = older;
        }
        (newest, result)
    }

    /// Bytes in use, mapped bytes and number of the sides of a list; extensions are not counted.
    fn count_sides(&self, newest: *mut Side<P::Region>) -> (usize, usize, u64) {
        let (mut bytes, mut mapped, mut count, mut at) = (0, 0, 0, newest);
        // SAFETY: `.arena.record` - listed records are in place; the end of a list is NULL.
        while let Some(side) = unsafe { at.as_ref() } {
            bytes += side.bytes;
            mapped += self.platform.extent(&side.region).1;
            count += u64::from(side.left.is_none());
            at = side.older;
        }
        (bytes, mapped, count)
    }

    /// Registers a cleanup.
    pub fn push_cleanup(&mut self, cleanup: Cleanup) -> Result<(), Refused<P::Error>> {
        const { assert!(align_of::<Record>() <= ALIGN) };
        let at = self.alloc(size_of::<Record>(), ALIGN)?.cast::<Record>();
        let record = Record { older: self.records, stamp: self.marks.stamp(), cleanup };
        // SAFETY: `.arena.live` - the bytes were handed out just above, to us; they are aligned to
        // 16.
        unsafe { at.write(record) };
        self.records = at.as_ptr();
        Ok(())
    }

    /// Takes the newest cleanup off the list, if it was registered after the mark (`None`: at any
    /// time).
    pub fn pop_cleanup(&mut self, since: Option<Mark>) -> Option<Cleanup> {
        // SAFETY: `.arena.record` - a listed record lies in bytes that are handed out, and stays
        // there until the cursor goes below, which happens only after it was taken off.
        let record = unsafe { self.records.as_ref() }?;
        if since.is_some_and(|mark| record.stamp < mark.sequence) {
            return None;
        }
        self.records = record.older;
        Some(record.cleanup)
    }

    /// Marks where the arena is.
    pub fn save(&mut self) -> Mark {
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

    /// Forgets everything; all cleanups were popped. Pages above what is to be retained go back to
    /// the system; where it refuses, they stay committed and the next reset tries again, as it does
    /// with mappings; the last such refusal of a mapping is told, though the arena is empty all the
    /// same.
    pub fn reset(&mut self) -> Result<(), P::Error> {
        self.note_high_water();
        let result = self.drop_sides(0);
        self.forbid_from(0);
        self.marks.reset();
        self.resets += 1;
        if let Some(retained) = self.retained {
            self.trim(retained);
        }
        self.place(0);
        result
    }

    fn trim(&mut self, retained: usize) {
        let keep = pages(retained.min(self.committed), self.platform.page_size());
        let Some(range) = self.range.as_ref().filter(|_| keep < self.committed) else { return };
        let len = self.committed - keep;
        if self.watched {
            self.platform.permit_defined(self.extent().0.wrapping_add(keep), len);
        }
        if self.platform.decommit(range, keep, len).is_ok() {
            self.committed = keep;
        } else if self.watched {
            self.platform.forbid(self.extent().0.wrapping_add(keep), len);
        }
    }

    /// Marks the bytes between a position and the cursor as unused (`.arena.watched`).
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

    fn note_high_water(&mut self) {
        self.high_water = self.high_water.max(self.used());
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
        self.place(0);
        Ok(())
    }

    /// What the arena holds.
    pub fn stats(&self) -> Stats {
        let (side_bytes, side_mapped, side_count) = self.count_sides(self.sides);
        let (_, refused_mapped, failed_releases) = self.count_sides(self.refused);
        let mapped = side_mapped + refused_mapped;
        Stats {
            used: self.used(),
            high_water: self.high_water.max(self.used()),
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

/// Rounds up to pages; sizes are far from the end of the address space (`SIZE_MAX`).
fn pages(bytes: usize, page: usize) -> usize {
    bytes.next_multiple_of(page)
}
