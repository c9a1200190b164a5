//! The sweeper: JIT code that nobody has called for a while makes room; its entries fall back to
//! the resolver.
//!
//! What is loaded stays: only JIT symbols are ever evicted, none with a pin, and none that was
//! mapped or used within the last two epochs.

use core::sync::atomic::{AtomicU64, Ordering};

use super::effects::event;
use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Result};
use crate::epoch::Verdict;

/// As many bytes as there are.
const EVERYTHING: u64 = u64::MAX;

/// Epochs a symbol is safe after its last use, whatever a sweep asks for.
const FLOOR: u64 = 2;

impl Manager {
    /// The epoch.
    pub fn epoch(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// Notes that a symbol was used now. Takes no lock, but to say why there is none.
    pub fn mark_used(&'static self, id: u64) -> Result<()> {
        let mark = |used: &AtomicU64| used.store(self.epoch(), Ordering::Relaxed);
        match self.locator().and_then(|locator| locator.settled(id)) {
            Some(place) => mark(&place.used),
            None => self.read(|state| state.code.usage(id).map(mark))?,
        }
        Ok(())
    }

    /// Where a symbol's use is noted, for hosts that mark without a call.
    pub fn usage_slot(&'static self, id: u64) -> Result<*mut u64> {
        self.read(|state| Ok(state.code.usage(id)?.as_ptr()))
    }

    /// The next epoch begins.
    pub fn advance_epoch(&'static self) -> Result<u64> {
        self.change(|state, effects| {
            effects.make_room(0, 1)?;
            let epoch = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
            state.code.set_epoch(epoch);
            let mut advanced = event(LIFECYCLE_EVENT_EPOCH_ADVANCED);
            advanced.value = epoch;
            effects.tell(advanced, None);
            Ok(epoch)
        })
    }

    /// Evicts every JIT symbol that was not used for more than `max_age` epochs.
    pub fn sweep_unused(&'static self, max_age: u64) -> Result<lifecycle_sweep_report> {
        self.sweep(max_age, EVERYTHING)
    }

    /// Evicts JIT symbols, those unused for longest first, until no more than `most` bytes of code
    /// are live.
    pub fn sweep_to_budget(&'static self, most: usize) -> Result<lifecycle_sweep_report> {
        let live = self.read(|state| Ok(state.code.counts(state.retirement.code_bytes()).live))?;
        self.sweep(0, live.saturating_sub(most as u64))
    }

    /// Evicts what is older than `max_age`, oldest first, until `wanted` bytes are gone, as
    /// `Code::counts` counts them: a symbol gives up its whole span, adopted code nothing.
    fn sweep(&'static self, max_age: u64, wanted: u64) -> Result<lifecycle_sweep_report> {
        self.change(|state, effects| {
            let epoch = self.epoch();
            let limit = oldest_kept(epoch, max_age.max(FLOOR - 1));
            let mut report = lifecycle_sweep_report::default();
            let mut evicted = List::new_in(state.host);
            let (mut given_up, mut out_of_memory) = (0, None);
            report.examined = state.code.visit_stale(limit, |id, symbol| {
                if given_up >= wanted {
                    return Verdict::Enough;
                }
                if symbol.pins != 0 {
                    report.pinned += 1;
                    return Verdict::Keep;
                }
                let bytes = symbol.footprint();
                if bytes == 0 && wanted != EVERYTHING {
                    // The host's own memory: evicting it would not help the budget.
                    return Verdict::Keep;
                }
                if let Err(error) = evicted.try_push(id) {
                    out_of_memory = Some(error);
                    return Verdict::Enough;
                }
                given_up += bytes;
                report.code_bytes += symbol.len as u64;
                // Retiring takes it off the lists.
                Verdict::Keep
            });
            state.retirement.hurry();
            report.evicted = state.retire_list(&evicted, effects)? as u64;
            // The end of a sweep is told after what it freed.
            state.settle(self, effects);
            state.totals.sweeps += 1;
            state.totals.evictions += report.evicted;
            let mut done = event(LIFECYCLE_EVENT_SWEEP_DONE);
            done.value = report.evicted;
            done.bytes = report.code_bytes as usize;
            effects.tell(done, None);
            out_of_memory.map_or(Ok(report), Err)
        })
    }

    /// JIT symbols that were not used for more than `max_age` epochs.
    pub fn stale_count(&'static self, max_age: u64) -> Result<usize> {
        self.change(|state, _| Ok(state.stale_count(self.epoch(), max_age)))
    }
}

/// The first epoch that is not older than `max_age`.
fn oldest_kept(epoch: u64, max_age: u64) -> u64 {
    epoch.saturating_sub(max_age)
}

impl State {
    /// JIT symbols whose last use is more than `max_age` epochs back.
    pub(super) fn stale_count(&mut self, epoch: u64, max_age: u64) -> usize {
        self.code.count_stale(oldest_kept(epoch, max_age))
    }
}
