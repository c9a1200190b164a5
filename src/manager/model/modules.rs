//! The model's modules: loading, needing one another, unloading and reloading.

use super::{PATHS, Pair, Side, Stage, Status, Twin, agree};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

impl Pair {
    pub(super) fn load(&mut self, path: usize) {
        let exists = self.loaded(path).map(|_| LIFECYCLE_E_EXISTS);
        if let Some(id) = agree(self.manager.load(PATHS[path]), exists) {
            self.modules.push(Side { id, path, stage: Stage::Loaded });
        }
    }

    /// One module says that it needs another.
    pub(super) fn depend(&mut self, user: u64, on: u64) {
        let itself = (user == on).then_some(LIFECYCLE_E_CYCLE);
        if agree(self.manager.depend(user, on), itself).is_some() {
            self.needs.insert((user, on));
        }
    }

    /// A module and those that need it, directly or through others.
    fn closure(&self, id: u64) -> Vec<u64> {
        let mut all = vec![id];
        let mut at = 0;
        while let Some(on) = all.get(at).copied() {
            let users = self.needs.iter().filter(|(_, it)| *it == on).map(|(user, _)| *user);
            let users: Vec<u64> = users.filter(|user| !all.contains(user)).collect();
            all.extend(users);
            at += 1;
        }
        all
    }

    /// Unloads what is seen of a module, or says why that is refused.
    pub(super) fn unload(&mut self, side: Side, force: bool, cascade: bool) {
        let all = self.closure(side.id);
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
            Err(error) => assert!(refusals.contains(&error.0), "{error:?} is not {refusals:?}"),
            Ok(()) => {
                assert!(refusals.is_empty(), "it was to be refused: {refusals:?}");
                let mine: usize = all.iter().map(|id| self.gone(*id)).sum();
                assert_eq!(report.jit_symbols + report.exec_symbols, mine as u64);
            }
        }
    }

    /// Compares who needs whom.
    pub(super) fn compare_needs(&self) {
        for user in &self.modules {
            for on in &self.modules {
                let real = self.manager.read(|state| Ok(state.registry.needs(user.id, on.id)));
                assert_eq!(real, Ok(self.needs.contains(&(user.id, on.id))));
            }
        }
    }

    /// A module is gone: how many symbols and announcements it had.
    fn gone(&mut self, id: u64) -> usize {
        self.needs.retain(|(user, on)| *user != id && *on != id);
        self.modules.retain(|it| it.id != id);
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
            // Who needed the old side needs the fresh one.
            let users: Vec<u64> =
                self.needs.iter().filter(|(_, on)| *on == old).map(|(user, _)| *user).collect();
            self.needs
                .extend(users.into_iter().filter(|it| *it != side.id).map(|it| (it, side.id)));
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
            self.modules.push(Side { id, stage: Stage::Fresh { old: side.id }, ..side });
        }
    }

    /// The side of a path that is seen.
    pub(super) fn loaded(&self, path: usize) -> Option<Side> {
        let seen = |it: &&Side| it.path == path && !matches!(it.stage, Stage::Fresh { .. });
        self.modules.iter().find(seen).copied()
    }
}
