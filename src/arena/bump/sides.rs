//! Mappings beside the range: huge allocations, so that one of them never makes the arena twice its
//! size for good, and extensions.

use core::ptr;

use super::platform::{Platform, Refused};
use super::segments::{Kind, Segment};
use super::{Bump, pages};

/// A mapping beside the range, known by a record at its start (`.arena.record`).
pub(super) struct Side<R> {
    older: *mut Side<R>,
    stamp: u64,
    /// Bytes in use; those of an extension are counted by the cursor.
    bytes: usize,
    /// Of an extension: the segment and the cursor before it, to go back to.
    left: Option<(Segment, *mut u8)>,
    region: R,
}

impl<P: Platform> Bump<P> {
    /// Bytes at the start of a side's mapping that its record takes; keeps 16-byte alignment.
    pub(super) const SIDE_HEADER: usize = size_of::<Side<P::Region>>().next_multiple_of(64);

    /// A usable mapping of its own, for a side.
    pub(super) fn map(&self, len: usize, align: usize) -> Result<P::Region, P::Error> {
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
    pub(super) fn push_side(
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
        self.is_plain = false;
        (base, len)
    }

    /// Allocates in a mapping of its own.
    pub(super) fn map_side(
        &mut self,
        bytes: usize,
        align: usize,
    ) -> Result<ptr::NonNull<u8>, Refused<P::Error>> {
        let offset = Self::SIDE_HEADER.next_multiple_of(align);
        let region = self.map(offset + bytes, align).map_err(Refused::System)?;
        let (base, _) = self.push_side(region, bytes, None);
        self.side_bytes += bytes;
        self.settle();
        Ok(ptr::NonNull::new(base.wrapping_add(offset)).unwrap_or(ptr::NonNull::dangling()))
    }

    /// Gives back the sides registered since a mark, and those refused before; tells the last
    /// refusal.
    #[inline]
    pub(super) fn drop_sides(&mut self, stamp: u64) -> Result<(), P::Error> {
        if self.sides.is_null() && self.refused.is_null() {
            return Ok(());
        }
        let refused = core::mem::replace(&mut self.refused, ptr::null_mut());
        let (_, before) = self.release_sides(refused, 0);
        let (kept, now) = self.release_sides(self.sides, stamp);
        self.sides = kept;
        before.and(now)
    }

    /// Releases from the newest on while the stamp is not older; those that the system refuses go
    /// to `refused`. The first that is older, and the last refusal.
    #[inline(never)]
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

    /// Bytes in use, mapped bytes and number of the sides in use, and of those refused; extensions
    /// are not counted.
    pub(super) fn count_sides(&self) -> [(usize, usize, u64); 2] {
        [self.sides, self.refused].map(|mut at| {
            let (mut bytes, mut mapped, mut count) = (0, 0, 0);
            // SAFETY: `.arena.record` - listed records are in place; the end of a list is NULL.
            while let Some(side) = unsafe { at.as_ref() } {
                bytes += side.bytes;
                mapped += self.platform.extent(&side.region).1;
                count += u64::from(side.left.is_none());
                at = side.older;
            }
            (bytes, mapped, count)
        })
    }

    /// Whether bytes are in use: between the start and the cursor of a segment, or in a huge
    /// allocation. What belongs to the segment that the cursor is in is found at once.
    pub(super) fn holds(&self, at: *mut u8, bytes: usize) -> bool {
        let within = |start: *mut u8, len: usize| {
            let offset = (at as usize).wrapping_sub(start as usize);
            offset < len && bytes <= len - offset
        };
        let of_segment = |segment: &Segment, cursor: *mut u8| {
            within(segment.start, cursor as usize - segment.start as usize)
                || (segment.kind == Kind::Range && within(self.first.base, segment.before))
        };
        if of_segment(&self.segment, self.cursor) {
            return true;
        }
        let mut newest = self.sides;
        // SAFETY: `.arena.record` - listed records are in place; the end of a list is NULL.
        while let Some(side) = unsafe { newest.as_ref() } {
            let held = match &side.left {
                Some((segment, cursor)) => of_segment(segment, *cursor),
                None => {
                    let (base, len) = self.platform.extent(&side.region);
                    let header = Self::SIDE_HEADER;
                    bytes <= side.bytes && within(base.wrapping_add(header), len - header)
                }
            };
            if held {
                return true;
            }
            newest = side.older;
        }
        false
    }
}
