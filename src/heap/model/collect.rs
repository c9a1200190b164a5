//! Steps: safepoints, collections, room, critical sections; and what must hold after a collection.

use super::Run;
use super::machine::{Got, figures};
use super::twin::{Marks, OWN, Val};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

impl Run<'_> {
    /// Calls something that may collect, and looks at what it did. `must`: it collects, or not.
    fn may_collect(&mut self, must: Option<bool>, call: impl FnOnce(&Self) -> Got<()>) -> Got<()> {
        let before = self.machine.stats();
        let got = call(self);
        let after = self.machine.stats();
        let count = after.collections - before.collections;
        self.note(|| format!("  {got:?}, {count} collections"));
        let can = self.critical == 0 && self.setup.gc_enabled;
        assert!(can || count == 0, "it collects where it may not");
        assert!(must.is_none_or(|must| must == (count > 0)), "{must:?}, but {count} collections");
        self.taken += self.machine.ears.allocated.take();
        if count > 0 {
            self.collections = after.collections;
            self.collected(&before, &after);
        }
        // What is refused is no safepoint.
        let is_quiet = self.critical > 0 || got.is_err();
        let ran = self.machine.ears.ran.take();
        self.note(|| format!("  finalizers {ran:?}"));
        self.watches.safepoint(&ran, is_quiet);
        got
    }

    /// After a collection: what lives is what is reached.
    fn collected(&mut self, before: &lifecycle_heap_stats, after: &lifecycle_heap_stats) {
        let (lower, upper) = (self.twin.lower(), self.twin.upper());
        let count = |marks: &Marks| marks.iter().filter(|mark| **mark).count() as u64;
        let (least, most) = (count(&lower), count(&upper));
        self.note(|| format!("  lives {}, of {least} to {most}", after.live));
        assert!(after.live >= least, "{} live, but {least} are reached", after.live);
        assert!(after.live <= most, "{} live, but at most {most} are reached", after.live);
        assert_eq!(after.used, after.live + (after.used - after.live).min(self.taken));
        assert!(after.used >= after.live);
        assert_eq!(after.faults, 0, "{}", figures(after));
        assert!(after.reclaimed >= before.reclaimed);
        (self.taken, self.wide) = (after.used - after.live, 0);
        self.has_gone_back = false;
        self.twin.choices.iter_mut().for_each(|choice| choice.taken = 0);
        self.check_trail(&upper);
        let ran = self.machine.ears.ran.borrow().clone();
        self.watches.collected(&self.machine, &self.twin, &ran, &lower, &upper);
        self.verify();
        self.look();
        // Entries whose cell is dead are gone; the others may know old values.
        let has_choices = !self.twin.choices.is_empty();
        assert!(has_choices || self.machine.wam().tr_count == 0, "a trail without a choicepoint");
        self.twin.sift_log(|id| has_choices && upper[id]);
    }

    /// No entry of the trail is about a cell that died.
    fn check_trail(&self, upper: &Marks) {
        let alive: std::collections::HashSet<_> = upper
            .iter()
            .zip(&self.twin.places)
            .filter(|(mark, _)| **mark)
            .map(|(_, place)| place.at)
            .collect();
        let mut top = self.machine.wam().tr_count;
        while top > 0 {
            let word = self.machine.trailed(top - 1);
            assert!(alive.contains(&(word >> 3)), "the trail has {word:#x}, which is dead");
            top -= if word & 7 == LIFECYCLE_TAG_LIS { 2 } else { 1 };
        }
    }

    /// Figures that hold after every step.
    pub fn check_figures(&mut self) {
        let shown = self.machine.shown();
        assert!(shown.cursor <= shown.limit, "the inline allocation would take what is not there");
        let stats = self.machine.stats();
        assert_eq!(stats.used, stats.live + self.taken, "{}", figures(&stats));
        // Going back lowers the frontier below what survived a collection since.
        let is_below = stats.used < stats.frontier || self.has_gone_back;
        assert!(is_below, "{}", figures(&stats));
        assert!(
            stats.used <= stats.high_water && stats.frontier <= stats.max_cells,
            "{}",
            figures(&stats)
        );
        assert_eq!(stats.collections, self.collections);
        assert_eq!(stats.allocated - stats.reclaimed, stats.used, "{}", figures(&stats));
        assert_eq!(stats.external, self.external as u64);
        assert_eq!(stats.faults, 0);
        let parts = [stats.time_roots, stats.time_trail, stats.time_mark, stats.time_count];
        assert_eq!(parts.iter().sum::<u64>(), stats.time_total);
    }

    /// Finalizers run at safepoints only.
    pub fn check_quiet(&self) {
        assert!(self.machine.ears.ran.borrow().is_empty(), "finalizers ran out of turn");
    }

    pub fn safepoint(&mut self) {
        let stats = self.machine.stats();
        let can = self.critical == 0 && self.setup.gc_enabled;
        let must = match can {
            false => Some(false),
            true if self.setup.stress == 1 || stats.used > stats.trigger => Some(true),
            true => None,
        };
        let got = self.may_collect(must, |run| run.machine.safepoint());
        assert_eq!(got, Ok(()));
        self.done();
    }

    pub fn collect(&mut self) {
        let can = self.critical == 0 && self.setup.gc_enabled;
        let got = self.may_collect(Some(can), |run| run.machine.call(|heap| heap.collect()));
        match got {
            Ok(()) => self.done(),
            Err(LIFECYCLE_E_BUSY) if self.critical > 0 => self.passed(),
            Err(LIFECYCLE_E_DENIED) if !self.setup.gc_enabled => self.passed(),
            Err(status) => unreachable!("{status:?}"),
        }
    }

    /// Makes sure of room, and takes it all, in pieces.
    pub fn reserve(&mut self) {
        let mut left = match self.bytes.below(8) {
            0 => 1000 + u64::from(self.bytes.number(4000)),
            1 | 2 => 100 + u64::from(self.bytes.number(300)),
            _ => u64::from(self.bytes.number(60)),
        };
        let got = self.may_collect(None, |run| run.machine.call(|heap| heap.reserve(left)));
        if got.is_err() {
            assert_eq!(got, Err(LIFECYCLE_E_LIMIT));
            self.check_full(left);
            return self.passed();
        }
        let is_kept = self.twin.now.vals.len() < 30_000 && self.bytes.chance(60);
        let mut last = Val::Nil;
        while left > 0 {
            let most = if self.bytes.chance(30) { left } else { left.min(1 + 40) };
            let count = 1 + u64::from(self.bytes.number(most as u32));
            let had = self.taken;
            if is_kept {
                let mut cells = vec![OWN; count as usize];
                cells[0] = Val::Fun(3, count as u32 - 1);
                if count > 1 {
                    cells[1] = last;
                }
                last = self.make(&cells).map_or(Val::Nil, Val::Str);
            } else {
                self.waste(count);
            }
            assert_eq!(self.taken, had + count, "what was made sure of was refused");
            left -= count;
        }
        self.keep(last);
        self.done();
    }

    /// A critical section begins or ends, over several steps.
    pub fn critical(&mut self) {
        if self.critical > 0 {
            assert_eq!(self.machine.call(|heap| heap.critical_leave()), Ok(()));
            self.critical -= 1;
        } else if self.bytes.chance(50) {
            assert_eq!(self.machine.call(|heap| heap.critical_enter()), Ok(()));
            self.critical += 1;
        } else {
            let got = self.machine.call(|heap| heap.critical_leave());
            assert_eq!(got, Err(LIFECYCLE_E_INVALID));
        }
        self.done();
    }

    pub fn verify(&mut self) {
        let got = self.machine.verify();
        let faults = self.machine.ears.faults.borrow();
        assert_eq!((got, faults.len()), (Ok(0), 0), "kind, place, index, cell: {faults:x?}");
        drop(faults);
        self.done();
    }

    pub fn external(&mut self) {
        let bytes = (i64::from(self.bytes.byte()) - 100) * 16;
        let got = self.machine.call(|heap| heap.external(bytes));
        if self.external + bytes < 0 {
            assert_eq!(got, Err(LIFECYCLE_E_RANGE));
            return self.passed();
        }
        assert_eq!(got, Ok(()));
        self.external += bytes;
        self.done();
    }

    /// Calls that are refused and change nothing.
    pub fn refused(&mut self) {
        let heap = |call: Got<()>| call;
        let int = 5 << 3 | LIFECYCLE_TAG_INT;
        let past = (self.machine.shown().bound + 1) << 3 | LIFECYCLE_TAG_LIS;
        assert_eq!(heap(self.machine.finalize(int, 1, 0)), Err(LIFECYCLE_E_TYPE));
        assert_eq!(heap(self.machine.finalize(past, 1, 0)), Err(LIFECYCLE_E_RANGE));
        assert_eq!(heap(self.machine.finalize(0, 1, 0)), Err(LIFECYCLE_E_RANGE));
        let weak = |word| self.machine.call(|heap| heap.weak_create(word)).map(|_| ());
        assert_eq!(weak(int), Err(LIFECYCLE_E_TYPE));
        assert_eq!(weak(past), Err(LIFECYCLE_E_RANGE));
        assert_eq!(self.machine.bind(0, int), Err(LIFECYCLE_E_RANGE));
        let assign = |at| self.machine.call(|heap| heap.assign(at, int));
        assert_eq!(assign(0), Err(LIFECYCLE_E_RANGE));
        assert_eq!(assign(past >> 3), Err(LIFECYCLE_E_RANGE));
        assert_eq!(self.machine.alloc(0), Err(LIFECYCLE_E_INVALID));
        self.done();
    }
}
