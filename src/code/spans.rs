//! Which parts of a region are in use: spans of granules, found and freed in constant time.
//!
//! Free granules of a slab form runs; a run's number stands in the region's word of its first and
//! last granule, so that a freed span finds its free neighbours there and joins them. Runs are kept
//! in bins by size; a bit set tells which bins have any. Nothing is ever written into the region
//! itself but what fills freed code. Source: Masmano et al., "TLSF: A New Dynamic Memory Allocator
//! for Real-Time Systems" (2004), for the bins; boundary tags are Knuth's (TAOCP 1, 2.5).
//!
//! Code that was run may not be overwritten with other code before every processor has dropped what
//! it fetched, which is a system call. So such spans wait in limbo, and many of them share one.
//!
//! Slabs are not mapped as huge pages: in dual mode they are pages of a memory file, which the
//! kernel backs with huge pages only where the administrator has switched that on
//! (shmem_enabled is `never` as it comes), and a hole could be punched only in whole ones.
//!
//! Invariants:
//! - `.span.live`: live spans, spans in limbo and free runs never overlap, and together cover every
//!   slab of their owner but its lead.
//! - `.span.joined`: no two free runs of one slab are neighbours.
//! - `.span.free`: freeing never allocates: the list of runs has room for two runs for each span
//!   (itself in limbo, and the free run behind it) and one for each slab.
//! - `.span.word`: the region's word at both ends of a free run is the run's number and `RUN_FLAG`;
//!   no other word has that flag. A word of a live span is what its user stored (a number below
//!   `RUN_FLAG`), any other is what somebody stored once: a lookup checks it against the symbol's
//!   own range.
//! - `.span.limbo`: what is in limbo was filled and waits for processors, or (refused) waits for
//!   its slab to become this process's own.

use core::sync::atomic::Ordering;

use super::region::{Region, SLAB, Slabs, Span};
use crate::base::{Host, List, ListExt, Result, fail};

/// Marks a granule's word as a free run's number.
const RUN_FLAG: u32 = 1 << 31;
/// The word of a granule that nobody ever owned.
const NOBODY: u32 = 0;
const NONE: u32 = u32::MAX;
const BINS: usize = 120;
/// Runs of one bin that are looked at before a larger bin is.
const TRIES: usize = 8;
/// Spans that share one call to the system at most, and bytes.
const LIMBO_SPANS: usize = 256;
const LIMBO_BYTES: usize = 1 << 20;
/// Spans in limbo, and bytes, from which on they do not wait for more where somebody is in a hurry
/// to have them free: fewer keep nobody from anything.
const DUE_SPANS: usize = 64;
const DUE_BYTES: usize = 64 << 10;

struct Run {
    start: u32,
    len: u32,
    previous: u32,
    next: u32,
}

/// Spans in limbo: a chain of runs that are in no bin.
#[derive(Clone, Copy)]
struct Limbo {
    first: u32,
    count: usize,
    bytes: usize,
}

const EMPTY: Limbo = Limbo { first: NONE, count: 0, bytes: 0 };

/// The spans of one owner of slabs.
pub struct Spans {
    home: u8,
    runs: List<Run>,
    /// First number free for a new run.
    free_run: u32,
    bins: [u32; BINS],
    occupied: u128,
    limbo: Limbo,
    refused: Limbo,
    live_spans: usize,
    live_bytes: usize,
    slabs: usize,
    /// A slab without spans that is kept for the next one.
    spare: Option<usize>,
}

/// What is wanted, in granules.
#[derive(Clone, Copy)]
struct Want {
    len: usize,
    align: usize,
}

impl Want {
    /// Where it would lie in these granules.
    fn place(self, start: usize, len: usize) -> Option<usize> {
        let at = start.next_multiple_of(self.align);
        (at + self.len <= start + len).then_some(at)
    }
}

fn bin_of(len: usize) -> usize {
    // Up to 32 granules a bin each; above, eight bins to a doubling.
    if len <= 32 {
        return len.saturating_sub(1);
    }
    let log = len.ilog2() as usize;
    let eighth = len >> (log - 3) & 7;
    (32 + (log - 5) * 8 + eighth).min(BINS - 1)
}

impl Spans {
    /// None yet; slabs are claimed for `home`.
    pub fn new(host: Host, home: u8) -> Self {
        Spans {
            home,
            runs: List::new_in(host),
            free_run: NONE,
            bins: [NONE; BINS],
            occupied: 0,
            limbo: EMPTY,
            refused: EMPTY,
            live_spans: 0,
            live_bytes: 0,
            slabs: 0,
            spare: None,
        }
    }

    /// Bytes of spans in use.
    pub fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// Bytes of spans that were given back and may not be changed yet.
    pub fn refused_bytes(&self) -> usize {
        self.refused.bytes
    }

    /// Whether what is in limbo is worth a call to the system, and what was refused worth asking for
    /// again.
    pub fn is_due(&self) -> bool {
        let Limbo { count, bytes, .. } = self.limbo;
        count >= DUE_SPANS || bytes >= DUE_BYTES || self.refused.count != 0
    }

    /// Bytes of bookkeeping.
    pub fn metadata_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<Run>()
    }

    /// `.span.free`: room for one span more, and for two runs that are cut off around it.
    fn make_room(&mut self, slabs: usize) -> Result<()> {
        let spans = self.live_spans + self.limbo.count + self.refused.count + 1;
        let wanted = 2 * spans + self.slabs + slabs + 2;
        if wanted <= self.runs.capacity() {
            return Ok(());
        }
        self.runs.make_room(wanted - self.runs.len())
    }

    /// Takes a span of at least `len` bytes (not 0) whose offset is a multiple of `align` (a power
    /// of two, at most a page); None when there is no room, E_TOO_BIG when there never could be.
    pub fn allocate(
        &mut self,
        region: &Region,
        len: usize,
        align: usize,
        system: &impl Slabs,
    ) -> Result<Option<Span>> {
        let granule = region.granule();
        let Some(rounded) = len.checked_next_multiple_of(granule) else {
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes are more than any region holds");
        };
        let want = Want { len: rounded / granule, align: (align / granule).max(1) };
        let first = region.lead().next_multiple_of(want.align);
        if first + want.len > region.capacity() / granule {
            let most = region.capacity() - first * granule;
            fail!(LIFECYCLE_E_TOO_BIG, "{len} bytes can never fit where {most} are the most");
        }
        self.make_room((first + want.len).div_ceil(region.per_slab()))?;
        let start = if first + want.len > region.per_slab() {
            self.take_large(region, want, first, system)?
        } else {
            self.take_small(region, want, system)?
        };
        let Some(start) = start else { return Ok(None) };
        self.live_spans += 1;
        self.live_bytes += rounded;
        Ok(Some(Span { offset: start * granule, len: rounded }))
    }

    fn take_large(
        &mut self,
        region: &Region,
        want: Want,
        first: usize,
        system: &impl Slabs,
    ) -> Result<Option<usize>> {
        let count = (first + want.len).div_ceil(region.per_slab());
        let Some(slab) = region.claim(count, self.home, true, system)? else { return Ok(None) };
        self.slabs += count;
        Ok(Some(slab * region.per_slab() + first))
    }

    fn take_small(
        &mut self,
        region: &Region,
        want: Want,
        system: &impl Slabs,
    ) -> Result<Option<usize>> {
        let mut found = self.find(region, want, TRIES, system);
        if found.is_none() && self.limbo.count + self.refused.count != 0 {
            self.flush(region, system);
            found = self.find(region, want, TRIES, system);
        }
        if found.is_none() {
            found = match region.claim(1, self.home, false, system)? {
                Some(slab) => self.add_slab(region, slab, want),
                None => self.find(region, want, usize::MAX, system),
            };
        }
        let Some((run, at)) = found else { return Ok(None) };
        if self.cut_front(region, run, at, want.len) {
            return Ok(Some(at));
        }
        let (start, len) = self.take_run(region, run);
        self.spare = self.spare.filter(|spare| *spare != region.slab_of(start));
        self.add_run(region, start, at - start);
        self.add_run(region, at + want.len, start + len - at - want.len);
        Ok(Some(at))
    }

    /// A run and the place in it, looking at so many runs of each bin.
    fn find(
        &self,
        region: &Region,
        want: Want,
        tries: usize,
        system: &impl Slabs,
    ) -> Option<(u32, usize)> {
        let mut bins = self.occupied & !((1u128 << bin_of(want.len)) - 1);
        while bins != 0 {
            let mut number = self.bins.get(bins.trailing_zeros() as usize).copied()?;
            let mut left = tries;
            while left != 0
                && let Some(run) = self.runs.get(number as usize)
            {
                if let Some(at) = want.place(run.start as usize, run.len as usize) {
                    let slab = region.slab_of(at);
                    if system.usable(slab) {
                        return Some((number, at));
                    }
                }
                number = run.next;
                left -= 1;
            }
            bins &= bins - 1;
        }
        None
    }

    /// A slab that was just claimed becomes one free run; what is wanted lies in it.
    fn add_slab(&mut self, region: &Region, slab: usize, want: Want) -> Option<(u32, usize)> {
        self.slabs += 1;
        let (start, len) = Self::whole(region, slab);
        let run = self.add_run(region, start, len);
        Some((run, want.place(start, len)?))
    }

    /// All of a slab that may be handed out.
    fn whole(region: &Region, slab: usize) -> (usize, usize) {
        let start = slab * region.per_slab() + region.lead();
        (start, region.per_slab() - region.lead())
    }

    /// Granules of a span, and the slabs it touches.
    fn extent(region: &Region, span: Span) -> (usize, usize, core::ops::Range<usize>) {
        let (start, len) = (span.offset / region.granule(), span.len / region.granule());
        let slabs = region.slab_of(start)..(start + len).div_ceil(region.per_slab());
        (start, len, slabs)
    }

    /// Gives back a live span that nobody has run: it is free at once (or, where its slab cannot be
    /// owned now, later). Never allocates.
    pub fn free(&mut self, region: &Region, span: Span, system: &impl Slabs) {
        self.live_spans -= 1;
        self.live_bytes -= span.len;
        if Self::wipe(region, span, system) {
            self.join(region, span, system);
        } else {
            self.refused = self.put(region, span, self.refused);
        }
    }

    /// Gives back a live span that may have been run: it is free once every processor has dropped
    /// what it fetched, which is done for many at a time. Never allocates.
    pub fn retire(&mut self, region: &Region, span: Span, system: &impl Slabs) {
        self.live_spans -= 1;
        self.live_bytes -= span.len;
        self.add_limbo(region, span, system);
        if self.limbo.count >= LIMBO_SPANS || self.limbo.bytes >= LIMBO_BYTES {
            self.flush(region, system);
        }
    }

    /// Makes a span's slab ours and fills it; false if that cannot be now. Nothing is done with a
    /// large span, for its memory goes.
    fn wipe(region: &Region, span: Span, system: &impl Slabs) -> bool {
        let slab = Self::extent(region, span).2.start;
        if region.home(slab).is_none_or(|(_, large)| large) {
            return true;
        }
        let owned = system.own(slab).is_ok();
        if owned {
            system.fill(span);
        }
        owned
    }

    fn add_limbo(&mut self, region: &Region, span: Span, system: &impl Slabs) {
        if Self::wipe(region, span, system) {
            self.limbo = self.put(region, span, self.limbo);
        } else {
            self.refused = self.put(region, span, self.refused);
        }
    }

    /// A chain with one span more. One beside the last joins it, for what a module maps in a row
    /// comes back in a row.
    fn put(&mut self, region: &Region, span: Span, limbo: Limbo) -> Limbo {
        let (start, len, _) = Self::extent(region, span);
        let limbo = Limbo { count: limbo.count + 1, bytes: limbo.bytes + span.len, ..limbo };
        let (start, len) = (start as u32, len as u32);
        if let Some(last) = self.runs.get_mut(limbo.first as usize)
            && region.slab_of(last.start as usize) == region.slab_of(start as usize)
            && (start + len == last.start || last.start + last.len == start)
        {
            (last.start, last.len) = (last.start.min(start), last.len + len);
            return limbo;
        }
        let run = Run { start, len, previous: NONE, next: limbo.first };
        Limbo { first: self.new_run(run), ..limbo }
    }

    /// Takes every span of a chain.
    fn each(&mut self, limbo: Limbo, region: &Region, mut with: impl FnMut(&mut Self, Span)) {
        let mut number = limbo.first;
        while let Some(run) = self.runs.get_mut(number as usize) {
            let granule = region.granule();
            let span =
                Span { offset: run.start as usize * granule, len: run.len as usize * granule };
            let next = core::mem::replace(&mut run.next, self.free_run);
            self.free_run = number;
            with(self, span);
            number = next;
        }
    }

    /// Makes free what is in limbo; what is refused still stays there.
    pub fn flush(&mut self, region: &Region, system: &impl Slabs) {
        let refused = core::mem::replace(&mut self.refused, EMPTY);
        self.each(refused, region, |spans, span| spans.add_limbo(region, span, system));
        let limbo = core::mem::replace(&mut self.limbo, EMPTY);
        if limbo.count != 0 {
            system.drop_fetched();
            self.each(limbo, region, |spans, span| spans.join(region, span, system));
        }
    }

    /// Makes free what is in limbo, and gives every slab without spans back to the system.
    pub fn trim(&mut self, region: &Region, system: &impl Slabs) {
        self.flush(region, system);
        let mut number = self.bins.get(bin_of(region.per_slab() - region.lead())).copied();
        while let Some(run) = number.and_then(|number| self.runs.get(number as usize)) {
            let (slab, next) = (region.slab_of(run.start as usize), run.next);
            if (run.start as usize, run.len as usize) == Self::whole(region, slab) {
                self.give_back(region, slab, system);
            }
            number = Some(next);
        }
    }

    /// Free granules join the free runs beside them. A slab that is empty now goes back to the
    /// system when another empty one is kept already.
    fn join(&mut self, region: &Region, span: Span, system: &impl Slabs) {
        let (start, len, slabs) = Self::extent(region, span);
        let slab = slabs.start;
        if region.home(slab).is_some_and(|(_, large)| large) {
            self.free_large(region, slabs, system);
            return;
        }
        let (mut from, mut to) = (start, start + len);
        if from % region.per_slab() != 0
            && let Some(before) = self.run_at(region, from - 1)
        {
            from = self.take_run(region, before).0;
        }
        if to % region.per_slab() != 0
            && let Some(after) = self.run_at(region, to)
        {
            let (start, len) = self.take_run(region, after);
            to = start + len;
        }
        self.add_run(region, from, to - from);
        if (from, to - from) == Self::whole(region, slab) {
            match self.spare {
                None => self.spare = Some(slab),
                Some(_) => self.give_back(region, slab, system),
            }
        }
    }

    /// Gives a slab whose run is all of it back to the system, if it takes it.
    fn give_back(&mut self, region: &Region, slab: usize, system: &impl Slabs) {
        if let Some(run) = self.run_at(region, Self::whole(region, slab).0) {
            // Out of the table first: the next owner may write these words at once.
            let (start, len) = self.take_run(region, run);
            if region.give_back(slab, 1, system) {
                self.slabs -= 1;
                self.spare = self.spare.filter(|spare| *spare != slab);
            } else {
                self.add_run(region, start, len);
            }
        }
    }

    /// Gives the slabs of a large span back to the system. What it does not take is for small spans
    /// from now on, as soon as it can be filled.
    fn free_large(&mut self, region: &Region, slabs: core::ops::Range<usize>, system: &impl Slabs) {
        if region.give_back(slabs.start, slabs.len(), system) {
            self.slabs -= slabs.len();
            return;
        }
        if !slabs.clone().all(|slab| system.own(slab).is_ok()) {
            let span = Span { offset: slabs.start * SLAB, len: slabs.len() * SLAB };
            self.refused = self.put(region, span, self.refused);
            return;
        }
        for slab in slabs {
            let (start, len) = Self::whole(region, slab);
            let granule = region.granule();
            system.fill(Span { offset: start * granule, len: len * granule });
            region.make_small(slab, self.home);
            self.add_run(region, start, len);
        }
    }

    /// Gives the end of a live span back, so that `len` bytes of it (not 0) stay; of a span larger
    /// than a slab whole slabs, the rest of the last one stays unused. Where there is no memory to
    /// do so, it stays as it was.
    pub fn shrink(&mut self, region: &Region, span: Span, len: usize, system: &impl Slabs) -> Span {
        let len = len.next_multiple_of(region.granule()).min(span.len);
        if len == span.len || self.make_room(0).is_err() {
            return span;
        }
        let kept = Span { offset: span.offset, len };
        let rest = Span { offset: span.offset + len, len: span.len - len };
        let (_, _, slabs) = Self::extent(region, span);
        if region.home(slabs.start).is_some_and(|(_, large)| large) {
            let first = Self::extent(region, kept).2.end;
            self.live_bytes -= rest.len;
            if first < slabs.end {
                self.free_large(region, first..slabs.end, system);
            }
            return kept;
        }
        // The end becomes a span of its own and is freed as one.
        self.live_spans += 1;
        self.free(region, rest, system);
        kept
    }

    fn run_at(&self, region: &Region, granule: usize) -> Option<u32> {
        let word = region.word(granule)?.load(Ordering::Relaxed);
        (word & RUN_FLAG != 0).then_some(word & !RUN_FLAG)
    }

    /// Takes a run out of its bin: first granule and length.
    fn take_run(&mut self, region: &Region, number: u32) -> (usize, usize) {
        let Some(run) = self.runs.get_mut(number as usize) else { return (0, 0) };
        let (start, len) = (run.start as usize, run.len as usize);
        let (previous, next) = (run.previous, run.next);
        run.next = self.free_run;
        self.free_run = number;
        match self.runs.get_mut(previous as usize) {
            Some(before) => before.next = next,
            None => {
                let bin = bin_of(len);
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
        region.set_word(start, NOBODY);
        region.set_word(start + len - 1, NOBODY);
        (start, len)
    }

    /// Cuts `len` granules off a run that starts at `at`, if it stays in its bin: false if not. A
    /// run that is all of its slab does not.
    fn cut_front(&mut self, region: &Region, number: u32, at: usize, len: usize) -> bool {
        let Some(run) = self.runs.get_mut(number as usize) else { return false };
        let (before, left) = (run.len as usize, (run.len as usize).saturating_sub(len));
        let is_whole = before == region.per_slab() - region.lead();
        if run.start as usize != at || left == 0 || is_whole || bin_of(left) != bin_of(before) {
            return false;
        }
        (run.start, run.len) = ((at + len) as u32, left as u32);
        region.set_word(at, NOBODY);
        region.set_word(at + len, RUN_FLAG | number);
        true
    }

    /// A number for a run. There is room (`.span.free`).
    fn new_run(&mut self, run: Run) -> u32 {
        match self.runs.get_mut(self.free_run as usize) {
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
        }
    }

    /// Puts free granules into a bin; nothing if there are none.
    fn add_run(&mut self, region: &Region, start: usize, len: usize) -> u32 {
        if len == 0 {
            return NONE;
        }
        let bin = bin_of(len);
        let next = self.bins.get(bin).copied().unwrap_or(NONE);
        let run = Run { start: start as u32, len: len as u32, previous: NONE, next };
        let number = self.new_run(run);
        if let Some(first) = self.bins.get_mut(bin) {
            *first = number;
        }
        if let Some(after) = self.runs.get_mut(next as usize) {
            after.previous = number;
        }
        self.occupied |= 1 << bin;
        region.set_word(start, RUN_FLAG | number);
        region.set_word(start + len - 1, RUN_FLAG | number);
        number
    }
}

/// Whether a granule's word names a user, not a free run and not nobody.
pub fn is_user(word: u32) -> bool {
    word & RUN_FLAG == 0 && word != NOBODY
}

#[cfg(test)]
mod tests;
