//! Reload: the fresh side is built up beside the old one, unseen, and then takes its place at once,
//! or is dropped.

use super::effects::{Effects, event};
use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Result, fail};

impl Manager {
    /// Begins to replace a module: the fresh side's id.
    pub fn reload_begin(&'static self, old: u64) -> Result<u64> {
        self.change(|state, effects| {
            effects.make_room(0, 1)?;
            let fresh = state.registry.begin_reload(old)?;
            // Told now, so that whoever counts hears of each side once that it comes and once that
            // it goes.
            let mut loaded = event(LIFECYCLE_EVENT_MODULE_LOADED);
            loaded.module = fresh;
            effects.tell(loaded, Some(&state.registry.get(fresh)?.path));
            Ok(fresh)
        })
    }

    /// The fresh side's names and code become visible, those of the old side retire with it.
    /// E_EXISTS or E_PINNED: nothing has changed and the reload is still in progress.
    pub fn reload_commit(&'static self, fresh: u64) -> Result<()> {
        self.change(|state, effects| {
            let old = state.registry.reload_of(fresh)?;
            let staged = state.may_commit(old, fresh)?;
            state.prepare_unload(&[old, fresh], effects)?;
            state.registry.commit_reload(old, fresh)?;
            // A lookup finds all names of the fresh side from here on, or none.
            state.names.begin_switch();
            let replaced = state.replace(self, old, fresh, &staged, effects);
            state.names.end_switch();
            replaced?;
            // The old side did not leave, it was replaced.
            state.totals.unloads -= 1;
            state.totals.reloads += 1;
            Ok(())
        })
    }

    /// Drops the fresh side and all it brought in.
    pub fn reload_abort(&'static self, fresh: u64) -> Result<()> {
        self.change(|state, effects| {
            let old = state.registry.reload_of(fresh)?;
            state.prepare_unload(&[fresh], effects)?;
            let mut report = lifecycle_unload_report::default();
            state.registry.abort_reload(old)?;
            state.dismantle(fresh, &mut report, effects)?;
            state.totals.unloads -= 1;
            Ok(())
        })
    }
}

impl State {
    /// The part of a commit that nothing can be in the way of.
    fn replace(
        &mut self,
        manager: &'static Manager,
        old: u64,
        fresh: u64,
        staged: &List<u64>,
        effects: &mut Effects,
    ) -> Result<()> {
        let names = self.registry.get(fresh)?.names;
        self.names.publish_all(&names, old)?;
        for id in staged {
            self.unveil(manager, *id, old, effects)?;
        }
        // A handle of the drop-in interface means the code, whichever side has it.
        self.rebind_handles(old, fresh)?;
        self.dismantle(old, &mut lifecycle_unload_report::default(), effects)
    }

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
        // All of them are as old as this epoch: one list of the ages.
        self.code.symbols.ages.make_room(0)?;
        for id in staged.iter() {
            let symbol = self.code.symbols.get(*id)?;
            if symbol.is_awaited() {
                continue;
            }
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

    fn rebind_handles(&mut self, old: u64, fresh: u64) -> Result<()> {
        let mut from = core::mem::take(&mut self.registry.get_mut(old)?.handles);
        self.exec.rebind(&mut from, &mut self.registry.get_mut(fresh)?.handles, fresh)
    }

    /// Makes a staged symbol visible in the place of what has its name: code of the old side, or an
    /// announcement of anybody. What the fresh side only announced takes over code of other
    /// modules, as `jit_triggered` would.
    fn unveil(
        &mut self,
        manager: &'static Manager,
        id: u64,
        old: u64,
        effects: &mut Effects,
    ) -> Result<()> {
        let symbol = self.code.symbols.get(id)?;
        let (fresh, jit, announced) = (symbol.module, symbol.is_jit(), symbol.is_awaited());
        let Some(before) = self.code.symbols.find_even_awaited(symbol.name.bytes()) else {
            return self.code.unveil(id, manager.epoch());
        };
        let there = self.code.symbols.get(before)?;
        let (owner, awaited) = (there.module, there.is_awaited());
        if announced && !awaited && owner != old {
            self.retire_symbol(id, true, effects)?;
            return self.move_to_origin(manager, before, fresh);
        }
        // The entry goes from the one's code to the other's at once.
        self.code.unveil(id, manager.epoch())?;
        self.retire_symbol(before, !announced, effects)?;
        if awaited && jit && !announced && owner != old {
            // Another module announced it meanwhile: it belongs to that one.
            self.move_to_origin(manager, id, owner)?;
        }
        Ok(())
    }
}
