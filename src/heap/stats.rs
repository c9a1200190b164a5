//! What a heap tells about itself.

use super::State;
use crate::abi::*;

impl State {
    /// All of it. Holes are counted when somebody asks, once a collection.
    pub fn statistics(&mut self) -> lifecycle_heap_stats {
        if !self.runs_known && self.front.busy == 0 {
            self.count_runs();
        }
        let used = self.used();
        let (ns, ticks) = self.tick_ns;
        let sweep = u128::from(self.sweep_ticks) * u128::from(ns) / u128::from(ticks.max(1));
        let (finalizers, weak, cleared) = self.watches.figures();
        lifecycle_heap_stats {
            allocated: self.stats.allocated + self.taken(),
            live: self.live,
            used,
            high_water: self.stats.high_water.max(used),
            frontier: self.frontier(),
            committed: self.space.committed(),
            max_cells: self.space.max(),
            trigger: self.live.saturating_add(self.place.budget),
            side_bytes: (self.space.side_bytes()
                + self.counts.capacity() * 2
                + self.pages_gone.capacity()
                + self.own_trail.as_ref().map_or(0, |trail| trail.committed()))
                as u64,
            external: self.external,
            time_sweep: u64::try_from(sweep).unwrap_or(u64::MAX),
            root_callbacks: self.roots.len() as u64,
            finalizers,
            finalized: self.watches.finalized,
            weak,
            weak_cleared: cleared,
            ..self.stats
        }
    }

    fn count_runs(&mut self) {
        let (mut runs, mut largest, mut free) = (0, 0, 0);
        self.each_run(self.place.holes_end, |_, len| {
            runs += 1;
            largest = largest.max(len);
            free += len;
        });
        self.stats.runs = runs;
        self.stats.largest_run = largest;
        self.stats.free_cells = free;
        self.runs_known = true;
    }
}
