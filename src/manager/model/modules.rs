//! The model's modules: loading, needing one another, unloading and reloading.

use super::heard::Heard;
use super::{PATHS, Pair, Side, Stage, Status, Twin, agree};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

impl Pair {
    pub(super) fn load(&mut self, path: usize) {
        let exists = self.loaded(path).map(|_| LIFECYCLE_E_EXISTS);
        if let Some(id) = agree(self.manager.load(PATHS[path]), exists) {
            self.loads += 1;
            self.came(Side { id, path, stage: Stage::Loaded, generation: 0 });
        }
    }

    /// A module, or the fresh side of one, is there. Its generation is greater than any before.
    fn came(&mut self, side: Side) {
        let info = self.manager.module_info(side.id).expect("it is loaded");
        assert!(self.modules.iter().all(|it| it.id != side.id && it.generation < info.generation));
        self.modules.push(Side { generation: info.generation, ..side });
        self.graph.add(side.id);
        let loaded = LIFECYCLE_EVENT_MODULE_LOADED;
        self.ears.expected.push(Heard::new(loaded, side.id, 0, PATHS[side.path]));
    }

    /// One module says that it needs another.
    pub(super) fn depend(&mut self, user: u64, on: u64) {
        let itself = (user == on).then_some(LIFECYCLE_E_CYCLE);
        if agree(self.manager.depend(user, on), itself).is_some() {
            self.graph.depend(user, on);
        }
    }

    /// Unloads what is seen of a module, or says why that is refused.
    pub(super) fn unload(&mut self, side: Side, force: bool, cascade: bool) {
        let all = self.graph.users(side.id);
        let mut refusals: Vec<Status> = Vec::new();
        let stage = |id: &u64| self.modules.iter().find(|it| it.id == *id).map(|it| it.stage);
        if !cascade && all.len() != 1 || all.iter().any(|id| stage(id) != Some(Stage::Loaded)) {
            refusals.push(LIFECYCLE_E_BUSY);
        }
        let is_pinned = |it: &Twin| it.pins != 0 && all.contains(&it.module);
        // Without a cascade the users are told before anything else is looked at.
        if !force && (cascade || all.len() == 1) && self.symbols.iter().any(is_pinned) {
            refusals.push(LIFECYCLE_E_PINNED);
        }
        let flags = if force { LIFECYCLE_UNLOAD_FORCE_PINNED } else { 0 }
            | if cascade { LIFECYCLE_UNLOAD_CASCADE } else { 0 };
        let mut report = lifecycle_unload_report::default();
        let real = self.manager.unload(side.id, flags, &mut report);
        match real {
            Err(error) => {
                assert!(refusals.contains(&error.0), "{error:?} is not {refusals:?}");
                self.compare_blocker(side, cascade, &all, error.0, &report);
            }
            Ok(()) => {
                assert!(refusals.is_empty(), "it was to be refused: {refusals:?}");
                self.unloads += all.len() as u64;
                let counts = |it: &Self, id: u64| (it.names.count_of(id), it.owned.counts_of(id));
                let counts: Vec<_> = all.iter().map(|id| counts(self, *id)).collect();
                let order = self.ears.unloaded();
                let symbols = self.all_gone(&order, |_| all);
                assert_eq!(report.jit_symbols + report.exec_symbols, symbols as u64);
                assert_eq!(report.names, counts.iter().map(|it| it.0).sum());
                assert_eq!(report.resources, counts.iter().map(|it| it.1.0).sum());
                assert_eq!(report.metadata, counts.iter().map(|it| it.1.1).sum());
                assert_eq!((report.blocker_module, report.blocker_symbol), (0, 0));
            }
        }
    }

    /// A refusal names what is in the way, and nothing went.
    fn compare_blocker(
        &self,
        side: Side,
        cascade: bool,
        all: &[u64],
        why: Status,
        report: &lifecycle_unload_report,
    ) {
        let (module, symbol) = (report.blocker_module, report.blocker_symbol);
        if why == LIFECYCLE_E_PINNED {
            let it = self.symbols.iter().find(|it| it.id == symbol).expect("it is mapped");
            assert!(it.pins != 0 && all.contains(&it.module) && module == 0);
        } else if !cascade && all.len() != 1 {
            assert!(symbol == 0 && self.graph.needs(module, side.id));
        } else {
            let fresh = |it: &Side| it.id == module && matches!(it.stage, Stage::Fresh { .. });
            assert!(symbol == 0 && self.modules.iter().any(fresh));
        }
        assert_eq!(report.names + report.resources + report.metadata + report.code_bytes, 0);
        assert_eq!(report.exec_symbols + report.jit_symbols + report.mappings, 0);
    }

    /// These modules went, in this order; and they are those that were to go: how many symbols and
    /// announcements they had.
    pub(super) fn all_gone(
        &mut self,
        order: &[u64],
        expected: impl FnOnce(&Self) -> Vec<u64>,
    ) -> usize {
        let mut expected = expected(self);
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected, "other modules went than were to go");
        self.graph.assert_order(order);
        order.iter().map(|id| self.gone(*id)).sum()
    }

    /// Compares who is there and who needs whom.
    pub(super) fn compare_modules(&self) {
        for user in &self.modules {
            for on in &self.modules {
                let real = self.manager.read(|state| Ok(state.registry.needs(user.id, on.id)));
                assert_eq!(real, Ok(self.graph.needs(user.id, on.id)));
            }
        }
        for (path, text) in PATHS.iter().enumerate() {
            let real = self.manager.find_module(text).ok();
            assert_eq!(real, self.loaded(path).map(|it| it.id));
        }
        let mut seen: Vec<u64> = self.modules.iter().map(|it| it.id).collect();
        seen.retain(|id| PATHS.iter().any(|path| self.manager.find_module(path) == Ok(*id)));
        let mut real: Vec<u64> =
            agree(self.manager.modules(), None).iter().flatten().map(|it| it.0).collect();
        seen.sort_unstable();
        real.sort_unstable();
        assert_eq!(seen, real);
    }

    /// A module is gone: how many symbols and announcements it had.
    fn gone(&mut self, id: u64) -> usize {
        let at = self.modules.iter().position(|it| it.id == id).expect("it was loaded");
        let side = self.modules.remove(at);
        self.graph.remove(id);
        let expected = &mut self.ears.expected;
        self.owned.forget(id, self.waits.step(), expected);
        self.names.forget(id, expected);
        let unloaded = LIFECYCLE_EVENT_MODULE_UNLOADED;
        expected.push(Heard::new(unloaded, id, 0, PATHS[side.path]));
        self.forget_announced(id) + self.forget(|it| it.module == id)
    }

    /// A reload ends well, if it may.
    pub(super) fn finish_reload(&mut self, side: Side) {
        let Stage::Fresh { old } = side.stage else {
            agree(self.manager.reload_commit(side.id), Some(LIFECYCLE_E_INVALID));
            return;
        };
        let taken = |it: &Twin| self.published(it.name).is_some_and(|there| there.module != old);
        let taken = self.symbols.iter().any(|it| it.module == side.id && taken(it));
        let exists = taken.then_some(LIFECYCLE_E_EXISTS);
        let refusal = self.pinned(|it| it.module == old).or(exists);
        if agree(self.manager.reload_commit(side.id), refusal).is_some() {
            self.unveil(side.id, old);
            self.reloads += 1;
            self.names.publish(side.id, old);
            // Who needed the old side needs the fresh one.
            self.graph.redirect(old, side.id);
            self.gone(old);
            self.modules.iter_mut().filter(|it| it.id == side.id).for_each(|it| {
                it.stage = Stage::Loaded;
            });
        }
    }

    /// A reload ends without anything having changed.
    pub(super) fn undo_reload(&mut self, side: Side) {
        let Stage::Fresh { old } = side.stage else {
            agree(self.manager.reload_abort(side.id), Some(LIFECYCLE_E_INVALID));
            return;
        };
        agree(self.manager.reload_abort(side.id), None);
        self.gone(side.id);
        let old = self.modules.iter_mut().find(|it| it.id == old);
        old.expect("it is loaded").stage = Stage::Loaded;
    }

    /// A reload begins.
    pub(super) fn begin_reload(&mut self, side: Side) {
        let busy = (side.stage != Stage::Loaded).then_some(LIFECYCLE_E_BUSY);
        if let Some(id) = agree(self.manager.reload_begin(side.id), busy) {
            let old = self.modules.iter_mut().find(|it| it.id == side.id);
            old.expect("it is loaded").stage = Stage::Replaced;
            self.came(Side { id, stage: Stage::Fresh { old: side.id }, ..side });
        }
    }

    /// The side of a path that is seen.
    pub(super) fn loaded(&self, path: usize) -> Option<Side> {
        let seen = |it: &&Side| it.path == path && !matches!(it.stage, Stage::Fresh { .. });
        self.modules.iter().find(seen).copied()
    }
}
