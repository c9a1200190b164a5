//! What the cursor moves through: the caller's first region, the range, extensions of it.

use core::ptr::{self, NonNull};

use super::platform::{Platform, Refused};
use super::{ALIGN, Bump, padding, pages};

/// The shortest extension.
const EXTENSION: usize = 1 << 20;

/// What the cursor can be in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    First,
    Range,
    Extension,
}

/// What the cursor is in.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: *mut u8,
    /// Bytes that may be used; of the range, those that are committed count instead.
    pub(super) len: usize,
    /// The start's position.
    pub(super) position: usize,
    /// Bytes in use in the segments before.
    pub(super) before: usize,
}

/// The caller's memory: aligned, possibly empty.
#[derive(Clone, Copy)]
pub struct First {
    pub(super) base: *mut u8,
    pub(super) len: usize,
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

impl Segment {
    pub(super) fn first(first: First) -> Self {
        Segment { kind: Kind::First, start: first.base, len: first.len, position: 0, before: 0 }
    }
}

impl<P: Platform> Bump<P> {
    /// The range, reserved at the first call. Where the system refuses the size wished for, half
    /// and half again; and then a sixteenth of what it would give, because the host needs address
    /// space too and an arena can be extended.
    pub(super) fn reserve(&mut self) -> Result<(), P::Error> {
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
    pub(super) fn extent(&self) -> (*mut u8, usize) {
        self.range.as_ref().map_or((ptr::null_mut(), 0), |range| self.platform.extent(range))
    }

    /// Bytes between the segment's start and the cursor.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.cursor as usize - self.segment.start as usize
    }

    /// Where the cursor is, counted from the start of the arena.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.segment.position + self.offset()
    }

    /// Sets `end` and `limit` to what the segment allows (`.arena.limit`, `.arena.watched`).
    #[inline]
    pub(super) fn settle(&mut self) {
        let Segment { kind, start, len, before, .. } = self.segment;
        let there = if kind == Kind::Range { self.committed } else { len };
        let allowed = self.hard_limit.saturating_sub(before + self.side_bytes);
        let len = there.min(allowed & !(ALIGN - 1)).max(self.offset());
        self.end = start.wrapping_add(len);
        self.limit = if self.watched { self.cursor } else { self.end };
    }

    /// Moves the cursor back to a position of its segment, or of the first region, or to 0.
    #[inline]
    pub(super) fn place(&mut self, position: usize) {
        if self.segment.kind == Kind::Range && position < self.segment.position {
            self.segment = Segment::first(self.first);
        }
        let offset = position.saturating_sub(self.segment.position);
        self.cursor = self.segment.start.wrapping_add(offset);
        self.settle();
    }

    /// The range as the segment that comes after the first region.
    pub(super) fn range_segment(&self) -> Segment {
        let (start, len) = self.extent();
        let before = self.offset();
        Segment { kind: Kind::Range, start, len, position: self.first.len, before }
    }

    /// Takes the bytes from the range, committing what is needed; `None` if the range is too short.
    /// Nothing has changed unless it succeeds.
    pub(super) fn take_of_range(
        &mut self,
        bytes: usize,
        align: usize,
    ) -> Result<Option<NonNull<u8>>, Refused<P::Error>> {
        if self.segment.kind == Kind::Extension {
            return Ok(None);
        }
        self.reserve().map_err(Refused::System)?;
        let is_there = self.segment.kind == Kind::Range;
        let segment = if is_there { self.segment } else { self.range_segment() };
        let offset = if is_there { self.offset() } else { 0 };
        let needed = offset + padding(segment.start.wrapping_add(offset), align) + bytes;
        if !self.commit_upto(&segment, offset, needed)? {
            return Ok(None);
        }
        self.is_plain &= is_there;
        self.segment = segment;
        self.cursor = segment.start.wrapping_add(offset);
        self.settle();
        Ok(self.bump(bytes, align))
    }

    /// Commits the range so that bytes up to an offset may be used, of which those up to another
    /// are; `false` if it is too short.
    pub(super) fn commit_upto(
        &mut self,
        range: &Segment,
        offset: usize,
        needed: usize,
    ) -> Result<bool, Refused<P::Error>> {
        let reserved = self.extent().1;
        if needed > reserved {
            return Ok(false);
        }
        let allowed = self.hard_limit.saturating_sub(range.before + self.side_bytes);
        if needed > allowed {
            return Err(self.over_limit(needed - offset));
        }
        if needed <= self.committed {
            return Ok(true);
        }
        match self.commit(needed, allowed, reserved) {
            Ok(()) => Ok(true),
            // Others have taken the addresses behind it.
            Err(_) if self.extent().1 < reserved => Ok(false),
            Err(refusal) => Err(Refused::System(refusal)),
        }
    }

    /// Commits at least the first `needed` bytes of the range, and a step more where limits and the
    /// system allow it. Steps grow with the arena, so that their number stays small.
    fn commit(&mut self, needed: usize, allowed: usize, reserved: usize) -> Result<(), P::Error> {
        let Some(range) = self.range.as_ref() else { return Ok(()) };
        let page = self.platform.page_size();
        let (from, least) = (self.committed, pages(needed, page));
        let step = from.saturating_add(self.step(from)).min(reserved).min(allowed);
        let wished = least.max(pages(step, page).min(reserved));
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
        self.is_plain &= !self.exceeds_retained();
        Ok(())
    }

    /// How much more is committed than so many bytes.
    pub(super) fn step(&self, bytes: usize) -> usize {
        self.chunk.max(bytes / 4)
    }

    /// Goes on in an extension: the range is used up, or would not hold the bytes. Extensions grow
    /// with the arena, so that their number stays small.
    pub(super) fn extend(
        &mut self,
        bytes: usize,
        align: usize,
    ) -> Result<NonNull<u8>, Refused<P::Error>> {
        let header = Self::SIDE_HEADER;
        let least = header.next_multiple_of(align) + bytes;
        let room = self.hard_limit - self.used();
        if least - header > room {
            return Err(self.over_limit(least - header));
        }
        let wished = (self.used() / 2).clamp(EXTENSION, 1 << 30).min(header + room).max(least);
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
}
