//! A collection: mark, count, and begin allocation anew. And when one is due.
//!
//! The pause is for marking what lives and for counting marks. Looking for holes is put off until
//! allocation gets there (`alloc`), so what is dead costs nothing in the pause.
//!
//! When: as soon as the cells in use are `growth` percent of what survived the last collection, but
//! not below `threshold`. Bytes outside that came since (`external`) count as cells. Where a
//! collection freed less than a fifth, the next one waits twice as long.

use super::alloc::{FIRST_HOLE, NO_HOLE};
use super::bits::BLOCK;
use super::cell::RECLAIMED;
use super::mark::Marker;
use super::roots::{Walked, each_choice, mix};
use super::space::LARGE_PAGE_CELLS as LARGE;
use super::{Busy, Due, Heap, State};
use crate::base::{Result, fail};
use crate::os;

/// Ticks of a collection's phases.
struct Phases {
    roots: u64,
    trail: u64,
    mark: u64,
    count: u64,
}

impl Heap {
    /// The gc/0 of a Prolog.
    pub fn collect(&self) -> Result<()> {
        self.with(|state| {
            state.refuse_if_busy()?;
            if !state.options.enabled {
                fail!(LIFECYCLE_E_DENIED, "the heap never collects: gc_enabled is 0");
            }
            if state.critical != 0 {
                let depth = state.critical;
                fail!(LIFECYCLE_E_BUSY, "the heap is in a critical section, {depth} deep");
            }
            Ok(())
        })?;
        self.collect_now()
    }

    /// Collects if that is due and possible, and runs what waits to be released.
    pub fn safepoint(&self) -> Result<()> {
        let is_due = self.with(|state| {
            state.refuse_if_busy()?;
            if state.critical != 0 {
                return Ok(None);
            }
            state.stats.safepoints += 1;
            Ok(Some(state.is_collection_due()))
        })?;
        match is_due {
            Some(true) => self.collect_now(),
            Some(false) => {
                self.run_finalizers();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Makes sure that so many cells can be allocated.
    pub fn reserve(&self, cells: u64) -> Result<()> {
        if self.with(|state| state.front.due != 0) {
            self.safepoint()?;
        }
        let fits = self.with(|state| {
            state.refuse_if_busy()?;
            let can_collect = state.options.enabled && state.critical == 0;
            match state.has_room(cells) {
                // A collection may find what the system has not.
                Err(_) if can_collect => Ok(false),
                Ok(false) if !can_collect => state.seek_or_fail(cells).map(|()| true),
                found => found,
            }
        })?;
        if fits {
            return Ok(());
        }
        self.collect_now()?;
        self.with(|state| match state.has_room(cells) {
            Ok(true) => Ok(()),
            Ok(false) => state.seek_or_fail(cells),
            Err(error) => state.seek_or_fail(cells).map_err(|_| error),
        })
    }

    fn collect_now(&self) -> Result<()> {
        let (began, first) = (os::monotonic_ns(), os::ticks());
        self.with(State::begin_marking);
        let walked = self.mark_from_roots();
        self.with(|state| {
            let marked = os::ticks();
            let marker_ticks = state.end_marking(&walked);
            state.settle_watches();
            state.count();
            let done = os::ticks();
            let phases = Phases {
                roots: (marked - first).saturating_sub(marker_ticks + walked.trail_ticks),
                trail: walked.trail_ticks,
                mark: marker_ticks,
                count: done - marked,
            };
            state.note_time(&phases, os::monotonic_ns() - began);
            state.leave();
        });
        if self.with(|state| state.options.verifies) {
            // Without memory for it nothing is known; the collection is done all the same.
            let found = self.verify_after_collection().unwrap_or(0);
            self.with(|state| state.stats.faults += found as u64);
        }
        self.run_finalizers();
        Ok(())
    }
}

impl State {
    /// Whether this safepoint is to collect.
    fn is_collection_due(&mut self) -> bool {
        if !self.options.enabled {
            return false;
        }
        if self.options.stress != 0 {
            self.safepoints_left = self.safepoints_left.saturating_sub(1);
            if self.safepoints_left == 0 {
                self.safepoints_left = self.options.stress;
                return true;
            }
        }
        self.front.due & Due::Collect as u32 != 0
    }

    /// A collection is due at the next safepoint.
    pub fn ask_to_collect(&mut self) {
        if self.options.enabled {
            self.front.due |= Due::Collect as u32;
        }
    }

    fn seek_or_fail(&mut self, cells: u64) -> Result<()> {
        if self.seek_hole(cells) {
            return Ok(());
        }
        let max = self.space.max();
        fail!(LIFECYCLE_E_LIMIT, "the heap of {max} cells has no room for {cells} more")
    }

    fn begin_marking(&mut self) {
        self.enter(Busy::Collecting);
        let frontier = self.frontier();
        self.stats.high_water = self.stats.high_water.max(self.used());
        let bits = self.bits();
        // Marks of an earlier collection may lie above the frontier of today.
        bits.clear(frontier.max(self.marked_end));
        bits.test_and_set(0);
        self.marked_end = frontier;
        self.stamp = mix(self.stamp.wrapping_add(1));
        let cells = self.space.cells();
        self.marker = Some(Marker::new(cells, bits, frontier, &self.space.stack));
    }

    /// Notes what marking has to tell; its ticks.
    fn end_marking(&mut self, walked: &Walked) -> u64 {
        let Some(marker) = self.marker.take() else { return 0 };
        let stats = &mut self.stats;
        stats.mark_stack = stats.mark_stack.max(marker.deepest as u64);
        stats.mark_rescans += marker.rescans;
        stats.faults += marker.faults + walked.faults;
        stats.trail_dropped += walked.dropped;
        stats.early_resets += walked.early_resets;
        // A deep structure is rare: its stack is not kept.
        self.space.stack.shrink_to(1 << 20);
        marker.ticks
    }

    /// Counts what is marked, block by block; allocation begins anew.
    fn count(&mut self) {
        let bits = self.bits();
        let before = self.frontier();
        let used = self.used();
        let mut marked = 0;
        for (block, count) in (0..before.div_ceil(BLOCK)).zip(&mut self.counts) {
            *count = bits.count(block, before);
            marked += u64::from(*count);
        }
        // Cell 0 is marked, and nobody's.
        let live = marked.saturating_sub(1);
        let frontier = bits.last_set(before) + 1;
        self.stats.allocated += self.taken();
        self.stats.reclaimed += used.saturating_sub(live);
        self.stats.collections += 1;
        self.live = live;
        self.has_grown_slowly = used.saturating_sub(live) < used / 5;
        self.clear_reclaimed(frontier, before);
        self.place.budget = self.next_budget();
        self.place.is_tight = self.place.budget > self.space.max() - frontier;
        self.external_then = self.external;
        self.give_back(frontier, before);
        self.settle_choices(frontier);
        self.front.due &= !(Due::Collect as u32);
        self.runs_known = false;
        self.restart(frontier);
        self.tell_owner();
    }

    /// Cells that may be handed out before the next collection.
    pub fn next_budget(&self) -> u64 {
        let wanted = u128::from(self.live) * u128::from(self.options.growth) / 100;
        let trigger = self.options.threshold.max(u64::try_from(wanted).unwrap_or(u64::MAX));
        let budget = trigger.saturating_sub(self.live).max(self.options.threshold / 2);
        let budget = if self.has_grown_slowly { budget.saturating_mul(2) } else { budget };
        // Due before the heap is full, with something left for the way to the safepoint.
        budget.min((self.space.max() - self.live) / 4 * 3)
    }

    /// What died is seen as such: filled with a pattern in stress mode, forbidden under a checker.
    fn clear_reclaimed(&mut self, frontier: u64, before: u64) {
        if self.options.stress != 0 {
            let cells = self.space.cells();
            let fill = |at: u64, len: u64| {
                // What an earlier collection has forbidden is still free.
                self.permit(at, len);
                // SAFETY: `.space.committed` - free cells below the old frontier.
                let run = unsafe {
                    core::slice::from_raw_parts_mut(cells.wrapping_add(at as usize), len as usize)
                };
                run.fill(RECLAIMED);
            };
            self.each_run(frontier, fill);
            fill(frontier, before - frontier);
        }
        if self.poison {
            self.each_run(frontier, |at, len| self.forbid(at, len));
            self.forbid(frontier, before - frontier);
        }
    }

    /// Each choicepoint is told where its trail ends now, that everything handed out from now on is
    /// younger, and not to keep cells that are gone: below a frontier that came down it would bring
    /// a dead region back.
    fn settle_choices(&mut self, frontier: u64) {
        let kept = self.trail_kept;
        let hole = if self.live + 1 < frontier { FIRST_HOLE } else { NO_HOLE };
        each_choice(self.front.wam, |choice| {
            choice.trail = kept.saturating_sub(choice.trail);
            choice.top = choice.top.min(frontier);
            choice.hole = hole;
            choice.taken = 0;
        });
        self.front.hb = self.newest_top();
    }

    /// Memory that will not be needed before the next collection goes back, half of it at a time: a
    /// heap that goes up and down keeps what it needs at its height.
    fn give_back(&mut self, frontier: u64, before: u64) {
        self.resident = self.resident.max(before).min(self.space.committed());
        let wanted = frontier.saturating_add(self.place.budget.min(self.space.max()));
        let excess = self.resident.saturating_sub(wanted);
        if excess >= 2 * LARGE {
            let (until, had) = (self.resident - excess / 2, self.space.committed());
            if self.space.shrink_to(until) {
                let now = self.space.committed();
                self.permit(now, had - now);
                self.stats.given_back += self.resident.saturating_sub(now);
                self.resident = now;
                self.front.bound = now - 1;
            }
        }
        self.give_back_inside(frontier);
    }

    /// As `give_back`, of large pages between live cells that allocation will not get to.
    fn give_back_inside(&mut self, frontier: u64) {
        let per_page = (LARGE / BLOCK) as usize;
        let mut needed = self.place.budget;
        let mut at = 0;
        for page in 0..(frontier / LARGE) as usize {
            let counts = self.counts.get(page * per_page..(page + 1) * per_page);
            let free = counts.is_some_and(|counts| counts.iter().all(|count| *count == 0));
            let Some(is_gone) = self.pages_gone.get_mut(page) else { return };
            // What allocation has been in is there again.
            *is_gone &= at >= self.place.reached;
            if free && needed >= LARGE {
                needed -= LARGE;
            } else if free && !*is_gone && self.space.forget(at, LARGE) {
                *is_gone = true;
                self.stats.given_back += LARGE;
            }
            at += LARGE;
        }
    }

    fn note_time(&mut self, phases: &Phases, total: u64) {
        let ticks = (phases.roots + phases.trail + phases.mark + phases.count).max(1);
        let time = |part: u64| (u128::from(part) * u128::from(total) / u128::from(ticks)) as u64;
        let stats = &mut self.stats;
        stats.last_total = total;
        stats.last_trail = time(phases.trail);
        stats.last_mark = time(phases.mark);
        stats.last_count = time(phases.count);
        // What is left, so that the phases add up.
        stats.last_roots = total - stats.last_trail - stats.last_mark - stats.last_count;
        stats.time_total += total;
        stats.time_roots += stats.last_roots;
        stats.time_trail += stats.last_trail;
        stats.time_mark += stats.last_mark;
        stats.time_count += stats.last_count;
        stats.longest_pause = stats.longest_pause.max(total);
        self.tick_ns = (total, ticks);
    }
}
