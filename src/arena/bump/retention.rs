//! What stays committed at a reset.
//!
//! First touch is what memory costs, so a reset gives nothing back that the next rounds will want.
//! What they will want is what the recent rounds reached: the highest of the last 128, and a step
//! more. Once in 64 resets, if more than that is committed, half of the excess goes back in one
//! call to the system; so one round that was out of the ordinary is forgotten by and by, at a cost
//! that its page faults have paid several times over, and a need that comes back within 128 resets
//! is never given up. And if every round since the last look used more than is committed, because
//! it had huge allocations, then that much is committed, and they find room in the range.
//!
//! Where the caller has set what is to be retained, that holds at each reset, and nothing decays.

use super::platform::Platform;
use super::segments::{Kind, Segment};
use super::{Bump, pages};

/// Resets between two looks.
const PERIOD: u64 = 64;
/// The least that is worth a call to the system, and the most that one call gives back: unmapping
/// takes a third of a microsecond a page.
const GIVEN_BACK: core::ops::RangeInclusive<usize> = 1 << 20..=1 << 24;

/// Whether the reset after so many is one that looks.
#[inline(always)]
pub(super) fn is_last_of_period(resets: u64) -> bool {
    resets % PERIOD == PERIOD - 1
}

/// What decides on it.
pub(super) struct Retention {
    /// As the caller has set it.
    fixed: Option<usize>,
    /// Bytes of the range that the rounds since the last look reached.
    reached: usize,
    /// The same of the period before.
    before: usize,
    /// The fewest bytes that a round since the last look used.
    least: usize,
}

impl Retention {
    pub(super) fn new(fixed: Option<usize>) -> Self {
        Retention { fixed, reached: 0, before: 0, least: usize::MAX }
    }

    /// A round has ended that used no more than was committed.
    #[inline(always)]
    pub(super) fn note_plain(&mut self) {
        self.least = 0;
    }
}

impl<P: Platform> Bump<P> {
    /// Notes how far the round has come; called before the cursor goes back. The bytes in use.
    pub(super) fn note_high_water(&mut self) -> usize {
        let used = self.used();
        let peak = self.peak_offset();
        self.peak = self.start;
        self.high_water = self.high_water.max(peak).max(used);
        let reached = self.position().max(peak).saturating_sub(self.first.len);
        self.retention.reached = self.retention.reached.max(reached);
        used
    }

    /// Bytes in use when the cursor was highest at a plain reset, since that was noted: the first
    /// segment begins at position 0.
    pub(super) fn peak_offset(&self) -> usize {
        self.peak as usize - self.start as usize
    }

    /// Whether more is committed than the caller wants to stay.
    pub(super) fn exceeds_retained(&self) -> bool {
        let keep = |keep| pages(keep, self.platform.page_size());
        self.retention
            .fixed
            .is_some_and(|bytes| bytes < self.committed && keep(bytes) < self.committed)
    }

    /// Gives back what need not stay; called at each reset, when a round has ended that used so
    /// many bytes.
    pub(super) fn retain(&mut self, used: usize) {
        match self.retention.fixed {
            Some(keep) if keep < self.committed => {
                self.trim(pages(keep, self.platform.page_size()));
            }
            Some(_) => {}
            None => {
                self.retention.least = self.retention.least.min(used);
                if self.resets.is_multiple_of(PERIOD) {
                    self.decay();
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn decay(&mut self) {
        let Retention { reached, before, least, .. } = self.retention;
        self.retention = Retention { before: reached, ..Retention::new(None) };
        if least > self.first.len + self.committed {
            return self.foresee(least);
        }
        let recent = reached.max(before);
        // As much as a commit goes ahead of what is needed: rounds that are all alike give nothing
        // back.
        let keep = recent.saturating_add(self.step(recent));
        let excess = self.committed.saturating_sub(keep);
        let (least, most) = GIVEN_BACK.into_inner();
        let given_back = (excess / 2).clamp(least, most).min(excess);
        self.trim(pages(self.committed - given_back, self.platform.page_size()));
    }

    /// Commits what each round wants. Where the limit or the system forbids it, rounds go on as they
    /// did.
    fn foresee(&mut self, wanted: usize) {
        if self.reserve().is_ok() {
            let (start, len) = self.extent();
            let range =
                Segment { kind: Kind::Range, start, len, position: self.first.len, before: 0 };
            let _ = self.commit_upto(&range, 0, wanted.min(len));
        }
    }

    /// Makes the range end at `keep`, a multiple of the page size. Where the system refuses, the
    /// pages stay committed and it is asked again another time.
    #[inline(never)]
    fn trim(&mut self, keep: usize) {
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
}
