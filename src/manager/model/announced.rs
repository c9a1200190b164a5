//! Names that are announced before there is code: whose the code will be, and what becomes of that
//! in a reload.

use super::{NAMES, Pair, Side, Stage, Twin, agree};

/// A name that somebody said a JIT would produce code for.
#[derive(Clone, Copy)]
pub(super) struct Announced {
    pub(super) module: u64,
    pub(super) name: usize,
    pub(super) staged: bool,
}

impl Pair {
    /// Forgets what a module announced: how many names.
    pub(super) fn forget_announced(&mut self, module: u64) -> usize {
        let before = self.announced.len();
        self.announced.retain(|it| it.module != module);
        before - self.announced.len()
    }

    /// The announcement that a module's code of this name would answer.
    pub(super) fn awaited(&self, side: Side, name: usize) -> Option<usize> {
        let fresh = matches!(side.stage, Stage::Fresh { .. });
        let same = |it: &Announced| it.name == name && it.staged == fresh;
        self.announced.iter().position(|it| same(it) && (!fresh || it.module == side.id))
    }

    /// A module says that the JIT will produce, or has produced, code of this name for it.
    pub(super) fn triggered(&mut self, side: Side, name: usize) {
        let fresh = matches!(side.stage, Stage::Fresh { .. });
        let mine = |it: &Twin| it.name == name && it.staged == fresh;
        let mine = |it: &&Twin| mine(it) && (!fresh || it.module == side.id);
        let known = self.symbols.iter().find(mine).map(|it| it.id);
        agree(self.manager.jit_triggered(side.id, NAMES[name]), None);
        let Some(id) = known else {
            match self.awaited(side, name) {
                Some(at) => self.announced[at].module = side.id,
                None => self.announced.push(Announced { module: side.id, name, staged: fresh }),
            }
            return;
        };
        let epoch = self.epoch;
        let it = self.twin(id);
        if !it.jit || it.module != side.id {
            (it.jit, it.module, it.used) = (true, side.id, epoch);
        }
    }

    /// What a reload's fresh side staged and announced takes the place of what has the names.
    pub(super) fn unveil(&mut self, fresh: u64, old: u64) {
        let epoch = self.epoch;
        for name in 0..NAMES.len() {
            let staged = |it: &Twin| it.staged && it.module == fresh && it.name == name;
            let published = |it: &Announced| it.name == name && !it.staged;
            let before = self.announced.iter().position(published);
            if let Some(id) = self.symbols.iter().find(|it| staged(it)).map(|it| it.id) {
                self.forget(|it| it.name == name && !it.staged);
                let mut module = fresh;
                if let Some(before) = before.map(|at| self.announced.swap_remove(at)) {
                    // Whoever announced it first is its origin, but for the side that leaves.
                    let theirs = self.twin(id).jit && before.module != old;
                    module = if theirs { before.module } else { fresh };
                }
                let it = self.twin(id);
                (it.staged, it.used, it.module) = (false, epoch, module);
            }
            let mine = |it: &Announced| it.staged && it.module == fresh && it.name == name;
            let Some(at) = self.announced.iter().position(mine) else { continue };
            let others = |it: &&mut Twin| it.name == name && !it.staged && it.module != old;
            if let Some(it) = self.symbols.iter_mut().find(others) {
                (it.jit, it.module, it.used) = (true, fresh, epoch);
                self.announced.swap_remove(at);
            } else {
                self.announced[at].staged = false;
                if let Some(before) = before {
                    self.announced.swap_remove(before);
                }
            }
        }
    }
}
