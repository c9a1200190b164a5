//! Which parts of a reserved region are in use: spans of granules, found and freed in constant
//! time.
//!
//! The region is cut into slabs. Free granules of a slab form runs; a run's number stands in the
//! owner table at its first and last granule, so that a freed span finds its free neighbours there
//! and joins them. Runs are kept in bins by size; a bit set tells which bins have any. Nothing is
//! ever written into the region itself. Source: Masmano et al., "TLSF: A New Dynamic Memory
//! Allocator for Real-Time Systems" (2004), for the bins; boundary tags are Knuth's (TAOCP 1, 2.5).
//!
//! Invariants:
//! - `.span.live`: live spans and free runs never overlap, and together cover every slab in use.
//! - `.span.joined`: no two free runs of one slab are neighbours.
//! - `.span.free`: freeing never allocates: the list of runs has room for one more run per live
//!   span.
//! - `.span.owner`: the owner table holds, for each granule of a live span, what its user stored
//!   there (below `RUN_FLAG`); at both ends of a free run, the run's number and `RUN_FLAG`;
//!   anything else elsewhere in free space.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::base::{Host, List, ListExt, Result, fail};
use crate::os::{Access, Reservation};

/// Bytes of a slab: what is taken from and given back to the system at a time.
pub(crate) const SLAB: usize = 2 << 20;
/// Marks an entry of the owner table as a free run's number.
const RUN_FLAG: u32 = 1 << 31;
/// Owner of granules that are reserved and not committed, or retired: nobody's code.
pub(crate) const NOBODY: u32 = 0;
const NONE: u32 = u32::MAX;
const BINS: usize = 96;

/// What a slab is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slab {
    /// Nothing; its pages are only reserved.
    Reserved,
    /// Spans; so many granules of it are live.
    Shared { live: u32 },
    /// Part of one span that is larger than a slab.
    Large,
}

struct Run {
    start: u32,
    len: u32,
    previous: u32,
    next: u32,
}

/// A part of the region: offset and size in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Bytes from the region's start.
    pub offset: usize,
    /// Bytes, whole granules.
    pub len: usize,
}

/// What the system does for slabs; the spans only count.
pub trait Slabs {
    /// Makes `count` slabs from number `first` usable.
    fn commit(&self, first: usize, count: usize) -> Result<()>;
    /// Gives their memory back. They may have been refused: then they stay usable.
    fn decommit(&self, first: usize, count: usize) -> Result<()>;
    /// Asked before a byte of a live span in a slab is poisoned or handed out again; not for a span
    /// whose slabs go back whole. When it fails, the span stays live and is freed later.
    fn own(&self, _slab: usize) -> Result<()> {
        Ok(())
    }
    /// Asked before free space of a slab is handed out.
    fn usable(&self, _slab: usize) -> bool {
        true
    }
}

/// The spans of one region.
pub struct Spans {
    granule: usize,
    /// One word a granule. Read without a lock by whoever looks up a program counter.
    owners: Reservation,
    granules: usize,
    slabs: List<Slab>,
    runs: List<Run>,
    /// First number free for a new run.
    free_run: u32,
    bins: [u32; BINS],
    occupied: u128,
    live_spans: usize,
    live_bytes: usize,
    committed: usize,
    empty: usize,
}

fn bin_of(len: u32) -> usize {
    // Up to 32 granules a bin each; above, four bins to a doubling.
    if len <= 32 {
        return len as usize - 1;
    }
    let log = 31 - len.leading_zeros();
    let quarter = len >> (log - 2) & 3;
    (32 + (log as usize - 5) * 4 + quarter as usize).min(BINS - 1)
}

impl Spans {
    /// Spans of a region of `capacity` bytes (whole slabs) in granules of `granule` bytes.
    pub fn new(host: Host, capacity: usize, granule: usize) -> Result<Self> {
        let granules = capacity / granule;
        let owners = Reservation::new(granules * size_of::<AtomicU32>(), 1)?;
        owners.set_access(0, owners.len(), Access::ReadWrite)?;
        let mut slabs = List::new_in(host);
        slabs.make_room(capacity / SLAB)?;
        slabs.resize(capacity / SLAB, Slab::Reserved);
        Ok(Spans {
            granule,
            owners,
            granules,
            slabs,
            runs: List::new_in(host),
            free_run: NONE,
            bins: [NONE; BINS],
            occupied: 0,
            live_spans: 0,
            live_bytes: 0,
            committed: 0,
            empty: 0,
        })
    }

    /// Bytes of the largest region.
    pub fn capacity(&self) -> usize {
        self.slabs.len() * SLAB
    }

    /// Spans in use.
    pub fn live_spans(&self) -> usize {
        self.live_spans
    }

    /// Bytes of spans in use.
    pub fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// Bytes of slabs in use.
    pub fn committed_bytes(&self) -> usize {
        self.committed * SLAB
    }

    /// Bytes of bookkeeping: the owner words of slabs in use, and the lists.
    pub fn metadata_bytes(&self) -> usize {
        self.committed_bytes() / self.granule * size_of::<AtomicU32>()
            + self.runs.capacity() * size_of::<Run>()
            + self.slabs.capacity() * size_of::<Slab>()
    }

    /// The owner table, for lookups that take no lock: first word and count. Valid as long as the
    /// spans live.
    pub fn owners(&self) -> (*const AtomicU32, usize) {
        (self.owners.base().cast_const().cast(), self.granules)
    }

    fn owner(&self, granule: usize) -> Option<&AtomicU32> {
        if granule >= self.granules {
            return None;
        }
        // SAFETY: `.span.owner` - the table has `granules` words, mapped readable and writable as
        // long as `self` lives.
        Some(unsafe { &*self.owners.base().cast::<AtomicU32>().add(granule) })
    }

    fn set_owner(&self, granule: usize, value: u32) {
        if let Some(owner) = self.owner(granule) {
            owner.store(value, Ordering::Release);
        }
    }

    /// Stores who owns a live span, for lookups. `who` is below 2^31.
    pub fn set_span_owner(&self, span: Span, who: u32) {
        for granule in span.offset / self.granule..(span.offset + span.len) / self.granule {
            self.set_owner(granule, who);
        }
    }

    fn slab_of(&self, granule: usize) -> usize {
        granule * self.granule / SLAB
    }

    fn per_slab(&self) -> usize {
        SLAB / self.granule
    }

    /// Takes a span of at least `len` bytes (not 0) whose offset is a multiple of `align` (a power
    /// of two, at most a page). E_LIMIT when the region is full, E_TOO_BIG when it could never hold
    /// it.
    pub fn allocate(&mut self, len: usize, align: usize, system: &impl Slabs) -> Result<Span> {
        let Some(rounded) = len.checked_next_multiple_of(self.granule) else {
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes are more than any region holds");
        };
        if rounded > self.capacity() {
            let most = self.capacity();
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes can never fit in a region of {most} bytes");
        }
        // `.span.free`: each live span, this one included, may become a run; so may what is cut off
        // around this one.
        self.runs.make_room(self.live_spans + 4)?;
        let granules = rounded / self.granule;
        let align = (align / self.granule).max(1);
        let start = if rounded > SLAB {
            self.allocate_large(rounded.div_ceil(SLAB), system)?
        } else {
            self.allocate_shared(granules, align, system)?
        };
        self.live_spans += 1;
        let span = Span { offset: start * self.granule, len: rounded };
        self.live_bytes += span.len;
        self.set_span_owner(span, NOBODY);
        Ok(span)
    }

    fn allocate_large(&mut self, slabs: usize, system: &impl Slabs) -> Result<usize> {
        let find = |all: &[Slab]| {
            all.windows(slabs).position(|some| some.iter().all(|slab| *slab == Slab::Reserved))
        };
        let mut found = find(&self.slabs);
        if found.is_none() && self.empty != 0 {
            // One that was kept for the next small span may be what is missing.
            self.give_back_empty(system);
            found = find(&self.slabs);
        }
        let Some(first) = found else {
            fail!(LIFECYCLE_E_LIMIT, "no {slabs} slabs in a row are free");
        };
        system.commit(first, slabs)?;
        for slab in self.slabs.iter_mut().skip(first).take(slabs) {
            *slab = Slab::Large;
        }
        self.committed += slabs;
        Ok(first * self.per_slab())
    }

    fn allocate_shared(
        &mut self,
        granules: usize,
        align: usize,
        system: &impl Slabs,
    ) -> Result<usize> {
        // With room for the worst misalignment, any place in the run will do.
        let want = (granules + align - 1).min(self.per_slab()) as u32;
        let run = match self.find(want, system) {
            Some(run) => run,
            None => self.new_slab(system)?,
        };
        let (start, len) = self.take_run(run);
        let slab = self.slab_of(start);
        let at = start.next_multiple_of(align);
        self.add_run(start, at - start);
        self.add_run(at + granules, start + len - at - granules);
        self.count(slab, granules as i64);
        Ok(at)
    }

    /// A run of at least `want` granules, from the smallest bin that surely has one, else by
    /// looking at the bin that may have one; in a slab that may be used.
    fn find(&self, want: u32, system: &impl Slabs) -> Option<u32> {
        let bin = bin_of(want);
        if let Some(run) = self.find_in(bin, want, system) {
            return Some(run);
        }
        let mut larger = self.occupied & !((1u128 << (bin + 1)) - 1);
        while larger != 0 {
            let bin = larger.trailing_zeros() as usize;
            if let Some(run) = self.find_in(bin, want, system) {
                return Some(run);
            }
            larger &= larger - 1;
        }
        None
    }

    fn find_in(&self, bin: usize, want: u32, system: &impl Slabs) -> Option<u32> {
        let mut run = self.bins.get(bin).copied().unwrap_or(NONE);
        while let Some(candidate) = self.runs.get(run as usize) {
            if candidate.len >= want && system.usable(self.slab_of(candidate.start as usize)) {
                return Some(run);
            }
            run = candidate.next;
        }
        None
    }

    fn new_slab(&mut self, system: &impl Slabs) -> Result<u32> {
        let Some(slab) = self.slabs.iter().position(|slab| *slab == Slab::Reserved) else {
            let most = self.capacity();
            fail!(LIFECYCLE_E_LIMIT, "all {most} bytes of the region are in use");
        };
        system.commit(slab, 1)?;
        self.committed += 1;
        self.empty += 1;
        if let Some(slab) = self.slabs.get_mut(slab) {
            *slab = Slab::Shared { live: 0 };
        }
        Ok(self.add_run(slab * self.per_slab(), self.per_slab()))
    }

    fn count(&mut self, slab: usize, granules: i64) {
        if let Some(Slab::Shared { live }) = self.slabs.get_mut(slab) {
            let before = *live;
            *live = (i64::from(before) + granules) as u32;
            match (before, *live) {
                (0, 0) => {}
                (0, _) => self.empty -= 1,
                (_, 0) => self.empty += 1,
                _ => {}
            }
        }
    }

    /// Whether the bytes of a live span may be changed; not asked for one that goes back whole.
    pub fn own(&self, span: Span, system: &impl Slabs) -> Result<()> {
        let slab = span.offset / SLAB;
        if self.slabs.get(slab) == Some(&Slab::Large) { Ok(()) } else { system.own(slab) }
    }

    /// Gives a live span back; it joins the free runs beside it. A slab that is empty now goes back
    /// to the system when another empty one is kept already. Never allocates.
    pub fn free(&mut self, span: Span, system: &impl Slabs) {
        self.live_spans -= 1;
        self.live_bytes -= span.len;
        let (start, len) = (span.offset / self.granule, span.len / self.granule);
        let slab = self.slab_of(start);
        if self.slabs.get(slab) == Some(&Slab::Large) {
            self.free_large(slab, span.len.div_ceil(SLAB), system);
            return;
        }
        self.count(slab, -(len as i64));
        let (mut from, mut to) = (start, start + len);
        if from % self.per_slab() != 0
            && let Some((before, _)) = self.run_at(from - 1)
        {
            from = self.take_run(before).0;
        }
        if to % self.per_slab() != 0
            && let Some((after, _)) = self.run_at(to)
        {
            let (start, len) = self.take_run(after);
            to = start + len;
        }
        self.add_run(from, to - from);
        if self.empty > 1 {
            self.give_slab_back(slab, system);
        }
    }

    /// Gives a slab without live spans back to the system, if it takes it.
    fn give_slab_back(&mut self, slab: usize, system: &impl Slabs) {
        let is_empty = self.slabs.get(slab) == Some(&Slab::Shared { live: 0 });
        // `.span.joined`: the free run of an empty slab is all of it.
        if let Some((run, len)) = self.run_at(slab * self.per_slab())
            && is_empty
            && len as usize == self.per_slab()
            && system.decommit(slab, 1).is_ok()
        {
            self.take_run(run);
            self.committed -= 1;
            self.empty -= 1;
            if let Some(slab) = self.slabs.get_mut(slab) {
                *slab = Slab::Reserved;
            }
        }
    }

    fn give_back_empty(&mut self, system: &impl Slabs) {
        for slab in 0..self.slabs.len() {
            self.give_slab_back(slab, system);
        }
    }

    /// The part of a live span that `len` bytes of it use.
    pub fn start_of(&self, span: Span, len: usize) -> Span {
        Span { offset: span.offset, len: len.next_multiple_of(self.granule).min(span.len) }
    }

    /// Gives the end of a live span back, so that `len` bytes of it (not 0) stay; of a span larger
    /// than a slab whole slabs, the rest of the last one stays unused. Where there is no memory to
    /// do so, it stays as it was.
    pub fn shrink(&mut self, span: Span, len: usize, system: &impl Slabs) -> Span {
        let len = self.start_of(span, len).len;
        if len >= span.len || self.runs.make_room(self.live_spans + 4).is_err() {
            return span;
        }
        if span.len > SLAB {
            let first = self.slab_of(span.offset / self.granule);
            let (kept, all) = (len.div_ceil(SLAB), span.len.div_ceil(SLAB));
            if kept < all {
                self.free_large(first + kept, all - kept, system);
            }
            self.live_bytes -= span.len - len;
            return Span { offset: span.offset, len };
        }
        // The end becomes a span of its own and is freed as one.
        self.live_spans += 1;
        self.free(Span { offset: span.offset + len, len: span.len - len }, system);
        Span { offset: span.offset, len }
    }

    fn free_large(&mut self, first: usize, slabs: usize, system: &impl Slabs) {
        for granule in first * self.per_slab()..(first + slabs) * self.per_slab() {
            self.set_owner(granule, NOBODY);
        }
        let given_back = system.decommit(first, slabs).is_ok();
        for number in first..first + slabs {
            let slab = if given_back { Slab::Reserved } else { Slab::Shared { live: 0 } };
            if let Some(place) = self.slabs.get_mut(number) {
                *place = slab;
            }
            if !given_back {
                self.empty += 1;
                // A large span leaves several runs; where there is no room for all, the rest stays
                // unused.
                if self.runs.make_room(self.live_spans + 4).is_ok() {
                    self.add_run(number * self.per_slab(), self.per_slab());
                }
            }
        }
        if given_back {
            self.committed -= slabs;
        }
    }

    fn run_at(&self, granule: usize) -> Option<(u32, u32)> {
        let word = self.owner(granule)?.load(Ordering::Relaxed);
        if word & RUN_FLAG == 0 {
            return None;
        }
        let run = word & !RUN_FLAG;
        self.runs.get(run as usize).map(|found| (run, found.len))
    }

    /// Takes a run out of its bin: first granule and length.
    fn take_run(&mut self, number: u32) -> (usize, usize) {
        let Some(run) = self.runs.get_mut(number as usize) else { return (0, 0) };
        let (start, len) = (run.start as usize, run.len as usize);
        let (previous, next) = (run.previous, run.next);
        run.next = self.free_run;
        self.free_run = number;
        let bin = bin_of(len as u32);
        match self.runs.get_mut(previous as usize) {
            Some(before) => before.next = next,
            None => {
                if let Some(first) = self.bins.get_mut(bin) {
                    *first = next;
                }
                if next == NONE {
                    self.occupied &= !(1 << bin);
                }
            }
        }
        if let Some(after) = self.runs.get_mut(next as usize) {
            after.previous = previous;
        }
        self.set_owner(start, NOBODY);
        self.set_owner(start + len - 1, NOBODY);
        (start, len)
    }

    /// Puts free granules into a bin; nothing if there are none. Room was made by `allocate`.
    fn add_run(&mut self, start: usize, len: usize) -> u32 {
        if len == 0 {
            return NONE;
        }
        let bin = bin_of(len as u32);
        let next = self.bins.get(bin).copied().unwrap_or(NONE);
        let run = Run { start: start as u32, len: len as u32, previous: NONE, next };
        let number = match self.runs.get_mut(self.free_run as usize) {
            Some(free) => {
                let number = self.free_run;
                self.free_run = free.next;
                *free = run;
                number
            }
            None => {
                self.runs.push(run);
                self.runs.len() as u32 - 1
            }
        };
        if let Some(first) = self.bins.get_mut(bin) {
            *first = number;
        }
        if let Some(after) = self.runs.get_mut(next as usize) {
            after.previous = number;
        }
        self.occupied |= 1 << bin;
        self.set_owner(start, RUN_FLAG | number);
        self.set_owner(start + len - 1, RUN_FLAG | number);
        number
    }
}

/// Whether a word of the owner table names a user, not a free run and not nobody.
pub fn is_user(word: u32) -> bool {
    word & RUN_FLAG == 0 && word != NOBODY
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Counted(core::cell::Cell<i64>);
    impl Slabs for Counted {
        fn commit(&self, _: usize, count: usize) -> Result<()> {
            self.0.set(self.0.get() + count as i64);
            Ok(())
        }
        fn decommit(&self, _: usize, count: usize) -> Result<()> {
            self.0.set(self.0.get() - count as i64);
            Ok(())
        }
    }

    #[test]
    fn bins_are_in_order() {
        let bins: Vec<usize> = (1..200_000).map(bin_of).collect();
        assert!(bins.is_sorted());
        assert!(bins.iter().all(|bin| *bin < BINS));
    }

    #[test]
    fn a_region_fills_says_so_and_empties() {
        let system = Counted(core::cell::Cell::new(0));
        let mut spans = match Spans::new(Host::libc(), 2 * SLAB, 64) {
            Ok(spans) => spans,
            Err(error) => unreachable!("{error}"),
        };
        let full = spans.allocate(SLAB, 64, &system);
        let half = spans.allocate(SLAB / 2, 64, &system);
        let rest = spans.allocate(SLAB / 2, 64, &system);
        assert!(full.is_ok() && half.is_ok() && rest.is_ok());
        use crate::abi::lifecycle_status::*;
        let status = |result: Result<Span>| result.err().map(|error| error.0);
        assert_eq!(status(spans.allocate(1, 64, &system)), Some(LIFECYCLE_E_LIMIT));
        assert_eq!(status(spans.allocate(3 * SLAB, 64, &system)), Some(LIFECYCLE_E_TOO_BIG));
        assert_eq!(status(spans.allocate(usize::MAX, 64, &system)), Some(LIFECYCLE_E_TOO_BIG));
        for span in [full, half, rest].into_iter().flatten() {
            spans.free(span, &system);
        }
        assert_eq!((spans.live_bytes(), system.0.get()), (0, 1));
        let Ok(large) = spans.allocate(SLAB + 1, 64, &system) else {
            unreachable!("the slab that is kept for small spans makes way");
        };
        let large = spans.shrink(large, 1, &system);
        assert_eq!((spans.live_bytes(), system.0.get()), (64, 1));
        spans.free(large, &system);
        assert_eq!((spans.live_bytes(), system.0.get()), (0, 0));
    }

    proptest! {
        /// Against a list of live ranges: no overlap, the alignment asked for, owners as stored,
        /// everything joined again.
        #[test]
        fn live_spans_never_overlap(ops in proptest::collection::vec((0..3u8, 1..9000usize, 0..7u32), 1..400)) {
            let system = Counted(core::cell::Cell::new(0));
            let Ok(mut spans) = Spans::new(Host::libc(), 4 * SLAB, 64) else { return Ok(()) };
            let mut live: Vec<Span> = Vec::new();
            for (op, len, align) in ops {
                if op == 0 && !live.is_empty() {
                    let at = len % live.len();
                    if align == 0 {
                        let span = live[at];
                        live[at] = spans.shrink(span, span.len / 2 + 1, &system);
                        prop_assert!(live[at].len <= span.len && live[at].len > span.len / 2);
                    } else {
                        spans.free(live.swap_remove(at), &system);
                    }
                    continue;
                }
                let align = 64usize << align;
                let len = if op == 2 { len * 100 } else { len };
                let Ok(span) = spans.allocate(len, align, &system) else { continue };
                prop_assert!(span.offset % align == 0 && span.len >= len && span.len < len + 64);
                prop_assert!(span.offset + span.len <= 4 * SLAB);
                for other in &live {
                    prop_assert!(span.offset + span.len <= other.offset || other.offset + other.len <= span.offset);
                }
                spans.set_span_owner(span, span.offset as u32 / 64 + 1);
                live.push(span);
            }
            for span in &live {
                for granule in span.offset / 64..(span.offset + span.len) / 64 {
                    let word = spans.owner(granule).map(|word| word.load(Ordering::Relaxed));
                    prop_assert_eq!(word, Some(span.offset as u32 / 64 + 1));
                }
            }
            prop_assert_eq!(spans.live_bytes(), live.iter().map(|span| span.len).sum::<usize>());
            for span in live {
                spans.free(span, &system);
            }
            prop_assert!(system.0.get() <= 1, "all but one slab went back");
            let whole = spans.runs.len();
            prop_assert!(spans.allocate(SLAB, 64, &system).is_ok(), "free runs joined again ({} runs)", whole);
        }
    }
}
