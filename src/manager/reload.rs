//! Reload: the fresh side is built up beside the old one, unseen, and then takes its place at once,
//! or is dropped.

use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Result, fail};

impl Manager {
    /// Begins to replace a module: the fresh side's id.
    pub fn reload_begin(&'static self, old: u64) -> Result<u64> {
        self.change(|state, _| state.registry.begin_reload(old))
    }

    /// The fresh side's names and code become visible, those of the old side retire with it.
    /// E_EXISTS or E_PINNED: nothing has changed and the reload is still in progress.
    pub fn reload_commit(&'static self, fresh: u64) -> Result<()> {
        self.change(|state, effects| {
            let old = state.registry.reload_of(fresh)?;
            let staged = state.may_commit(old, fresh)?;
            let mut both = List::new_in(state.host);
            both.try_push(old)?;
            both.try_push(fresh)?;
            state.prepare_unload(&both, effects)?;
            state.registry.commit_reload(old, fresh)?;
            let names = state.registry.get(fresh)?.names;
            state.names.publish_all(&names, old)?;
            for id in &staged {
                let name = state.code.symbols.get(*id)?.name.clone();
                let before = state.code.symbols.find(name.bytes());
                state.code.unveil(*id, self.epoch())?;
                if let Some(before) = before {
                    state.retire_symbol(before, true, effects)?;
                }
            }
            let mut report = lifecycle_unload_report::default();
            state.dismantle(self, old, &mut report, effects)?;
            // The old side did not leave, it was replaced.
            state.totals.unloads -= 1;
            state.totals.reloads += 1;
            let _ = state.reclaim(self, effects);
            Ok(())
        })
    }

    /// Drops the fresh side and all it brought in.
    pub fn reload_abort(&'static self, fresh: u64) -> Result<()> {
        self.change(|state, effects| {
            let old = state.registry.reload_of(fresh)?;
            let mut one = List::new_in(state.host);
            one.try_push(fresh)?;
            state.prepare_unload(&one, effects)?;
            let mut report = lifecycle_unload_report::default();
            state.registry.abort_reload(old)?;
            state.dismantle(self, fresh, &mut report, effects)?;
            state.totals.unloads -= 1;
            let _ = state.reclaim(self, effects);
            Ok(())
        })
    }
}

impl State {
    /// The staged symbols to unveil, oldest first, once it is sure that each may have its name.
    fn may_commit(&mut self, old: u64, fresh: u64) -> Result<List<u64>> {
        let mut blocker = 0;
        self.check_pins(self.registry.get(old)?, &mut blocker)?;
        let module = self.registry.get(fresh)?;
        let mut staged = List::new_in(self.host);
        staged.make_room((module.jit.len() + module.exec.len()) as usize)?;
        for chain in [module.jit, module.exec] {
            staged.extend(
                self.code.symbols.chain(&chain).filter(|(_, it)| it.staged).map(|(id, _)| id),
            );
        }
        staged.reverse();
        for id in &staged {
            let symbol = self.code.symbols.get(*id)?;
            let Some(there) = self.code.symbols.find(symbol.name.bytes()) else { continue };
            let there = self.code.symbols.get(there)?;
            if there.module != old {
                let owner = &self.registry.get(there.module)?.path;
                fail!(
                    LIFECYCLE_E_EXISTS,
                    "symbol '{}' was mapped by module '{owner}' meanwhile",
                    symbol.name
                );
            }
        }
        Ok(staged)
    }
}
