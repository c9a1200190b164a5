//! Where the next cells come from.
//!
//! After a collection allocation goes once over the heap, in the order of addresses: first through
//! the runs of free cells below the frontier (holes), then at the frontier. Where it is, is one
//! number; so a choicepoint notes it, and going back gives everything that came after at once. Wide
//! objects look for a hole with a cursor of their own, which marks what it takes; that is given
//! back by the next collection only.
//!
//! The collector is asked for by a lowered limit: when the cells that may be taken before the next
//! collection are used up, the inline allocation meets the limit and comes here.
//!
//! Invariants:
//! - `.alloc.order`: cells from `cursor` to `run_end` are free, and so are the runs that `runs` has
//!   still to give and everything from the frontier on; no other cell is.
//! - `.alloc.frontier`: while holes are open, the frontier is `frontier`; after that it is `cursor`.
//! - `.alloc.limit`: `limit` is at most `run_end`, and `run_end` at most what is committed.

use super::bits::Runs;
use super::{Due, State};
use crate::base::{ListExt, Result, fail};
use crate::{os, shim};

/// More cells than this look for a hole of their own.
const WIDE: u64 = 128;
/// Holes of fewer cells are left: finding one costs as much as it holds.
const NARROW: u64 = 3;
/// One hole in so many is timed.
const SAMPLE: u64 = 64;
/// For `lifecycle_choice.hole`: no hole was used yet.
pub const FIRST_HOLE: u64 = 0;
/// For `lifecycle_choice.hole`: the holes were used up.
pub const NO_HOLE: u64 = u64::MAX;

/// Where allocation is.
pub struct Place {
    /// Allocation goes through holes.
    pub in_holes: bool,
    runs: Runs,
    /// Where the run began that is allocated from.
    run_start: u64,
    /// Where it ends; past the holes, what is committed.
    run_end: u64,
    /// Holes are below this cell.
    pub holes_end: u64,
    /// Where the wide cursor is.
    wide: u64,
    /// The furthest that holes were handed out.
    pub reached: u64,
    /// While holes are open: the frontier.
    frontier: u64,
    /// Cells handed out since the last collection, those of the present run left out.
    taken: u64,
    /// Cells that the wide cursor handed out since then: going back does not give them back.
    wide_taken: u64,
    /// The frontier will not do until the next collection: every hole counts.
    pub is_tight: bool,
    /// Cells that may be handed out until a collection is due.
    pub budget: u64,
}

impl Place {
    /// Of a heap without cells.
    pub const fn new() -> Place {
        Place {
            in_holes: false,
            runs: Runs::NONE,
            run_start: 1,
            run_end: 1,
            holes_end: 1,
            wide: 1,
            reached: 1,
            frontier: 1,
            taken: 0,
            wide_taken: 0,
            is_tight: false,
            budget: u64::MAX,
        }
    }
}

impl State {
    /// The first cell that is above all that were ever handed out and live.
    pub fn frontier(&self) -> u64 {
        if self.place.in_holes { self.place.frontier } else { self.front.cursor }
    }

    /// Cells handed out since the last collection.
    pub fn taken(&self) -> u64 {
        self.rewound() + self.place.wide_taken
    }

    /// Those of them that going back gives back.
    fn rewound(&self) -> u64 {
        self.place.taken + (self.front.cursor - self.place.run_start)
    }

    /// Cells in use.
    pub fn used(&self) -> u64 {
        self.live + self.taken()
    }

    /// Allocates cells.
    pub fn alloc(&mut self, cells: u64) -> Result<u64> {
        self.refuse_if_busy()?;
        if cells == 0 {
            fail!(LIFECYCLE_E_INVALID, "no cells are asked for");
        }
        let found = self.find(cells);
        if found.is_err() {
            // Looking for room may have moved the cursor.
            self.set_limit();
        }
        let at = found?;
        self.permit(at, cells);
        self.after_alloc();
        Ok(at)
    }

    /// Takes cells from the next hole: what most calls of a heap with holes come for. `None` says that
    /// the long way is to be taken. It cannot panic.
    #[inline]
    pub fn alloc_in_holes(&mut self, cells: u64) -> Option<u64> {
        let is_plain = self.front.busy == 0 && !self.poison && cells.wrapping_sub(1) < WIDE;
        if !is_plain || !self.place.in_holes {
            return None;
        }
        // The frontier may refuse: the long way begins where this one did.
        if cells > self.room() && !self.go_to_hole(cells) {
            return None;
        }
        let at = self.front.cursor;
        self.front.cursor += cells;
        self.after_alloc();
        Some(at)
    }

    /// Cells were handed out: is a collection due, and how far does the inline allocation go?
    #[inline]
    fn after_alloc(&mut self) {
        if self.left() == 0 {
            self.ask_to_collect();
        }
        self.set_limit();
    }

    fn find(&mut self, cells: u64) -> Result<u64> {
        let ((top, hole, taken), wide) = (self.position(), self.place.wide);
        let found = self.find_next(cells);
        // What was passed over is not lost for those that it is enough for.
        if found.is_err() {
            self.place.wide = wide;
            if hole != NO_HOLE {
                self.rewind(top, hole, taken);
            }
        }
        found
    }

    fn find_next(&mut self, cells: u64) -> Result<u64> {
        if cells > WIDE && self.place.in_holes && cells > self.room() {
            let found = self.find_wide(cells);
            if found.is_ok() {
                return found;
            }
            // The other cursor may have one before it that the wide one must not look at.
            self.next_hole_timed(cells);
            if cells > self.room() {
                return found;
            }
        }
        while cells > self.room() {
            if self.place.in_holes {
                self.next_hole_timed(cells);
            } else {
                self.commit(self.front.cursor.saturating_add(cells))?;
                self.place.run_end = self.space.committed();
            }
        }
        let at = self.front.cursor;
        self.front.cursor += cells;
        Ok(at)
    }

    /// Cells left in the run.
    fn room(&self) -> u64 {
        self.place.run_end - self.front.cursor
    }

    /// As `next_hole`; one in `SAMPLE` is timed, since a hole is found in the time that a clock takes
    /// to be read.
    fn next_hole_timed(&mut self, cells: u64) {
        self.holes_found += 1;
        if !self.holes_found.is_multiple_of(SAMPLE) {
            return self.next_hole(cells);
        }
        let before = os::ticks();
        let started = os::ticks();
        self.next_hole(cells);
        // Without what reading the clock takes.
        let took = (os::ticks() - started).saturating_sub(started - before);
        self.sweep_ticks += took * SAMPLE;
    }

    /// Goes on to the next hole that has so many cells; past the last one, to the frontier.
    fn next_hole(&mut self, cells: u64) {
        let bits = self.bits();
        let place = &mut self.place;
        place.taken += self.front.cursor - place.run_start;
        let (least, counts) = if place.is_tight {
            (cells, [].as_slice())
        } else {
            (cells.max(NARROW), self.counts.as_slice())
        };
        while let Some((start, end)) = place.runs.next(&bits, counts, place.holes_end) {
            if end - start >= least {
                (place.run_start, place.run_end) = (start, end);
                place.reached = place.reached.max(end);
                self.front.cursor = start;
                return;
            }
        }
        place.reached = place.reached.max(place.holes_end);
        self.go_to_frontier(self.place.frontier);
    }

    /// Holes are used up, or there are none.
    fn go_to_frontier(&mut self, frontier: u64) {
        self.place.in_holes = false;
        self.place.run_start = frontier;
        self.place.run_end = self.space.committed();
        self.front.cursor = frontier;
    }

    /// A hole for many cells, or the frontier, while holes for few are open.
    fn find_wide(&mut self, cells: u64) -> Result<u64> {
        let bits = self.bits();
        let place = &mut self.place;
        // What the other cursor has in hand, or has looked at, is its own.
        let from = place.wide.max(place.runs.ahead()).max(place.run_end);
        let mut runs = Runs::from(&bits, from.min(place.holes_end));
        while let Some((start, end)) = runs.next(&bits, &self.counts, place.holes_end) {
            if end - start >= cells {
                bits.set_long(start, cells);
                place.wide = start + cells;
                place.reached = place.reached.max(place.wide);
                place.wide_taken += cells;
                return Ok(start);
            }
        }
        place.wide = place.holes_end;
        let at = place.frontier;
        self.commit(at.saturating_add(cells))?;
        self.place.frontier = at + cells;
        self.place.taken += cells;
        Ok(at)
    }

    /// Commits at least so many cells.
    pub fn commit(&mut self, cells: u64) -> Result<()> {
        let before = self.space.committed();
        if cells <= before {
            return Ok(());
        }
        if let Err(error) = self.space.grow_to(cells) {
            // A collection may help.
            self.ask_to_collect();
            return Err(error);
        }
        let now = self.space.available();
        let blocks = now.div_ceil(super::bits::BLOCK) as usize;
        let more = blocks.saturating_sub(self.counts.len());
        self.counts.make_room(more)?;
        self.counts.resize(self.counts.len() + more, 0);
        // Not before: a cell whose block is not counted must not be handed out.
        self.space.use_all();
        self.front.bound = now - 1;
        self.forbid(before, now - before);
        self.tell_owner();
        Ok(())
    }

    /// So many cells can be handed out without a collection and without fail; false if the heap has
    /// no room for them. In a run or at the frontier: cells that do not fit into holes go there.
    pub fn has_room(&mut self, cells: u64) -> Result<bool> {
        if cells <= self.room() {
            return Ok(true);
        }
        let end = self.frontier().saturating_add(cells);
        if end > self.space.max() {
            return Ok(false);
        }
        self.commit(end)?;
        if !self.place.in_holes {
            self.place.run_end = self.space.committed();
            self.set_limit();
        }
        Ok(true)
    }

    /// Goes on to a hole of so many cells, leaving smaller ones; if there is none, stays.
    pub fn seek_hole(&mut self, cells: u64) -> bool {
        let found = self.place.in_holes && self.go_to_hole(cells);
        self.set_limit();
        found
    }

    /// As `seek_hole`, where holes are open; the limit is still to be set.
    fn go_to_hole(&mut self, cells: u64) -> bool {
        let (top, hole, taken) = self.position();
        self.next_hole_timed(cells);
        let found = cells <= self.room();
        if !found {
            self.rewind(top, hole, taken);
        }
        found
    }

    /// Bytes outside came or went: what is left may have run out.
    pub fn note_external(&mut self) {
        if self.left() == 0 {
            self.ask_to_collect();
        }
        self.set_limit();
    }

    /// How far the inline allocation goes.
    pub fn set_limit(&mut self) {
        // Under a checker each allocation comes here, to be marked exactly.
        let own = if self.poison || self.front.busy != 0 { 0 } else { self.room() };
        let left = if self.front.due & Due::Collect as u32 != 0 { u64::MAX } else { self.left() };
        self.front.limit = self.front.cursor + own.min(left);
    }

    /// Cells until a collection is due. Bytes outside count as cells.
    fn left(&self) -> u64 {
        let outside = self.external.saturating_sub(self.external_then) / 8;
        self.place.budget.saturating_sub(self.taken()).saturating_sub(outside)
    }

    /// Where allocation is, for a choicepoint.
    pub fn position(&self) -> (u64, u64, u64) {
        let hole = if self.place.in_holes { self.front.cursor } else { NO_HOLE };
        (self.frontier(), hole, self.rewound())
    }

    /// Goes back to a place: what was handed out since is free.
    pub fn rewind(&mut self, top: u64, hole: u64, taken: u64) {
        let bits = self.bits();
        let (top, was) = (top.clamp(1, self.frontier()), self.frontier());
        self.forbid(top, was - top);
        self.place.holes_end = self.place.holes_end.min(top);
        let taken = taken.min(self.rewound());
        self.stats.high_water = self.stats.high_water.max(self.used());
        if hole == NO_HOLE || hole >= self.place.holes_end {
            self.place.taken = taken;
            self.go_to_frontier(top);
        } else {
            self.forbid_holes(hole, self.place.reached);
            self.place.in_holes = true;
            self.place.frontier = top;
            self.place.runs = Runs::from(&bits, hole);
            self.place.taken = taken;
            // What is left of the run that the place is in, if anything is.
            (self.place.run_start, self.place.run_end) = (hole, hole);
            self.front.cursor = hole;
            let mut runs = self.place.runs;
            if let Some((start, end)) = runs.next(&bits, &[], self.place.holes_end)
                && start == hole
            {
                (self.place.runs, self.place.run_end) = (runs, end);
            }
        }
        self.set_limit();
    }

    /// After a collection: `live` cells are marked, all of them below `frontier`.
    pub fn restart(&mut self, frontier: u64) {
        let bits = self.bits();
        (self.place.taken, self.place.wide_taken) = (0, 0);
        self.place.holes_end = frontier;
        self.place.reached = 1;
        self.place.wide = 1;
        // Cell 0 is marked, and not counted as alive.
        if self.live + 1 < frontier {
            self.place.in_holes = true;
            self.place.frontier = frontier;
            // Before the first hole: cell 0 is marked, so going back here finds no run in hand.
            self.place.runs = Runs::from(&bits, FIRST_HOLE);
            (self.place.run_start, self.place.run_end) = (FIRST_HOLE, FIRST_HOLE);
            self.front.cursor = FIRST_HOLE;
        } else {
            self.go_to_frontier(frontier);
        }
        self.set_limit();
    }

    /// What a checker is told: cells may be used, and hold nothing yet.
    pub fn permit(&self, at: u64, cells: u64) {
        if self.poison {
            shim::permit(self.cell_place(at).cast(), cells as usize * 8);
        }
    }

    /// What a checker is told: cells are free.
    pub fn forbid(&self, at: u64, cells: u64) {
        if self.poison && cells > 0 {
            shim::forbid(self.cell_place(at).cast(), cells as usize * 8);
        }
    }

    /// As `forbid`, for what is free between two cells.
    fn forbid_holes(&self, from: u64, to: u64) {
        if !self.poison {
            return;
        }
        let bits = self.bits();
        let mut runs = Runs::from(&bits, from);
        while let Some((start, end)) = runs.next(&bits, &[], to.min(self.place.holes_end)) {
            self.forbid(start, end - start);
        }
    }

    /// Does something with each run of free cells below the frontier.
    pub fn each_run(&self, frontier: u64, mut body: impl FnMut(u64, u64)) {
        let bits = self.bits();
        let mut runs = Runs::from(&bits, 1);
        while let Some((start, end)) = runs.next(&bits, &[], frontier) {
            body(start, end - start);
        }
    }
}
