//! Loading and unloading: the heart of it.
//!
//! Unload first asks everything that may refuse (dependants, reloads in progress, pins), then makes
//! room for everything it will have to retire or tell, and only then begins; so it either changes
//! nothing or frees everything.

use core::ffi::{CStr, c_void};
use core::ptr;

use super::effects::{Effects, event};
use super::retire::Waiting;
use super::{Manager, State};
use crate::abi::*;
use crate::base::{Chain, List, ListExt, Lossy, Result, Text, fail};
use crate::heap::Heap;
use crate::names::{Outcome, Unbound};
use crate::registry::{Module, Stage};

/// Names that are on their way from memory while one is unbound.
const AHEAD: usize = 8;

/// What tells a heap from the host's other resources.
const HEAP_RELEASE: unsafe extern "C" fn(*mut c_void, *mut c_void) = Heap::release;

impl Manager {
    /// Starts to track a module.
    pub fn load(&'static self, path: &CStr) -> Result<u64> {
        self.change(|state, effects| {
            effects.make_room(0, 1)?;
            let id = state.registry.load(path)?;
            let mut loaded = event(LIFECYCLE_EVENT_MODULE_LOADED);
            loaded.module = id;
            effects.tell(loaded, Some(&state.registry.get(id)?.path));
            Ok(id)
        })
    }

    /// The loaded module of a path.
    pub fn find_module(&'static self, path: &CStr) -> Result<u64> {
        self.read(|state| match state.registry.find(path) {
            Some(id) => Ok(id),
            None => {
                fail!(LIFECYCLE_E_NOT_FOUND, "no module '{}' is loaded", Lossy(path.to_bytes()))
            }
        })
    }

    /// What a module owns.
    pub fn module_info(&'static self, id: u64) -> Result<lifecycle_module_info> {
        self.read(|state| {
            let module = state.registry.get(id)?;
            Ok(lifecycle_module_info {
                path: module.path.as_ptr(),
                generation: module.generation,
                load_time_us: module.load_time_us,
                exec_symbols: module.exec.len(),
                jit_symbols: module.jit.len(),
                mappings: module.holds.len() as u64,
                metadata: module.metadata.len(),
                names: module.names.len(),
                resources: module.resources.len(),
                code_bytes: module.code_bytes,
            })
        })
    }

    /// Every loaded module and its path, as they are now. The texts stay whatever happens to the
    /// modules meanwhile.
    pub fn modules(&'static self) -> Result<List<(u64, Text)>> {
        self.read(|state| {
            let mut all = List::new_in(state.host);
            all.make_room(state.registry.len())?;
            let loaded = |module: &Module| !matches!(module.stage, Stage::Fresh { .. });
            for (id, module) in state.registry.iter().filter(|(_, module)| loaded(module)) {
                all.push((id, module.path.clone()));
            }
            Ok(all)
        })
    }

    /// Notes a metadata key of a module; twice is once.
    pub fn add_metadata(&'static self, module: u64, key: &CStr) -> Result<()> {
        self.change(|state, _| state.registry.note_key(module, key.to_bytes()))
    }

    /// Gives a module something of the host's.
    pub fn own(
        &'static self,
        module: u64,
        resource: *mut c_void,
        release: lifecycle_release_fn,
        user: *mut c_void,
    ) -> Result<u64> {
        if release.is_none() {
            fail!(LIFECYCLE_E_INVALID, "the release function is NULL");
        }
        self.change(|state, _| {
            state.reserve_retirement(1)?;
            state.registry.own(module, resource, release, user)
        })
    }

    /// Gives a module a heap.
    pub fn own_heap(&'static self, module: u64, heap: &'static Heap) -> Result<u64> {
        heap.owned_by(&self.heaps)?;
        let owned = self.own(module, heap.as_ptr().cast(), Some(Heap::release), ptr::null_mut());
        if owned.is_err() {
            heap.let_go();
        }
        owned
    }

    /// Takes something back from its module; its release function will not be called.
    pub fn disown(&'static self, resource: u64) -> Result<()> {
        let taken = self.change(|state, _| state.registry.disown(resource))?;
        let is_heap = taken.release.is_some_and(|release| ptr::fn_addr_eq(release, HEAP_RELEASE));
        if is_heap && let Ok(heap) = Heap::check(taken.resource.cast()) {
            heap.let_go();
        }
        Ok(())
    }

    /// Notes that one module needs another.
    pub fn depend(&'static self, user: u64, on: u64) -> Result<()> {
        self.change(|state, _| state.registry.depend(user, on))
    }

    /// The calling thread begins to load a path.
    pub fn load_enter(&'static self, path: &CStr) -> Result<()> {
        self.change(|state, _| state.registry.loading.enter(path))
    }

    /// The calling thread ends what it began last.
    pub fn load_leave(&'static self, path: &CStr) -> Result<()> {
        self.change(|state, _| state.registry.loading.leave(path))
    }

    /// Unloads a module. Blockers stand in the report when it is refused.
    pub fn unload(
        &'static self,
        id: u64,
        flags: u32,
        report: &mut lifecycle_unload_report,
    ) -> Result<()> {
        if flags & !(LIFECYCLE_UNLOAD_CASCADE | LIFECYCLE_UNLOAD_FORCE_PINNED) != 0 {
            fail!(LIFECYCLE_E_INVALID, "unload has unknown flags {flags:#x}");
        }
        self.change(|state, effects| {
            let closure;
            let modules = if state.registry.is_needed(id)? {
                closure = state.closure(id, flags, report)?;
                closure.as_slice()
            } else {
                &[id]
            };
            state.may_unload(modules, flags, report)?;
            state.prepare_unload(modules, effects)?;
            for module in modules {
                state.dismantle(*module, report, effects)?;
            }
            Ok(())
        })
    }

    /// Unloads all that is loaded, pinned or in a reload, each module before the ones it needs, and
    /// frees all that waits.
    pub(super) fn empty_out(&'static self) -> Result<()> {
        let mut before = 0;
        loop {
            let gone = self.change(|state, effects| {
                if state.readers_inside(self) {
                    fail!(LIFECYCLE_E_BUSY, "a reader is inside this manager's code");
                }
                let Some(id) = state.registry.next_after(before) else { return Ok(None) };
                let mut report = lifecycle_unload_report::default();
                let modules = state.registry.closure(id)?;
                state.prepare_unload(&modules, effects)?;
                for module in &modules {
                    state.dismantle(*module, &mut report, effects)?;
                }
                Ok(Some(id))
            })?;
            match gone {
                Some(id) => before = id,
                None => break,
            }
        }
        self.reclaim()?;
        self.change(|state, effects| {
            state.drop_unowned_mappings(effects);
            state.mappings.ask_again();
            Ok(())
        })?;
        self.read(|state| {
            if state.mappings.failed() != 0 {
                fail!(LIFECYCLE_E_SYSTEM, "the system still refuses to unmap a file; try again");
            }
            Ok(())
        })
    }
}

impl State {
    fn readers_inside(&self, manager: &'static Manager) -> bool {
        manager.readers().any_inside()
    }

    /// The modules that unloading `id`, which others need, would take with it, in the order they
    /// must go; E_BUSY, and who needs it, if they may not go with it.
    fn closure(
        &mut self,
        id: u64,
        flags: u32,
        report: &mut lifecycle_unload_report,
    ) -> Result<List<u64>> {
        if flags & LIFECYCLE_UNLOAD_CASCADE == 0
            && let Some(user) = self.registry.users(id)?.next()
        {
            report.blocker_module = user;
            let (path, user) = (&self.registry.get(id)?.path, &self.registry.get(user)?.path);
            fail!(LIFECYCLE_E_BUSY, "module '{path}' is needed by module '{user}'");
        }
        self.registry.closure(id)
    }

    /// Asks all that may refuse to let these modules go.
    fn may_unload(
        &self,
        modules: &[u64],
        flags: u32,
        report: &mut lifecycle_unload_report,
    ) -> Result<()> {
        for id in modules {
            let module = self.registry.get(*id)?;
            if module.stage != Stage::Loaded {
                report.blocker_module = match module.stage {
                    Stage::Replaced { by } => by,
                    _ => *id,
                };
                fail!(LIFECYCLE_E_BUSY, "module '{}' is in a reload", module.path);
            }
            if flags & LIFECYCLE_UNLOAD_FORCE_PINNED == 0 {
                self.check_pins(module, &mut report.blocker_symbol)?;
            }
        }
        Ok(())
    }

    /// E_PINNED, and which symbol, if a module has a pinned one.
    pub(super) fn check_pins(&self, module: &Module, blocker: &mut u64) -> Result<()> {
        if self.code.symbols.pinned() == 0 {
            return Ok(());
        }
        for chain in [&module.jit, &module.exec] {
            for (id, symbol) in self.code.symbols.chain(chain) {
                if symbol.pins != 0 {
                    *blocker = id;
                    let (name, path) = (&symbol.name, &module.path);
                    fail!(LIFECYCLE_E_PINNED, "symbol '{name}' of module '{path}' is pinned");
                }
            }
        }
        Ok(())
    }

    /// Makes room for all that dismantling these modules will tell.
    pub(super) fn prepare_unload(&self, modules: &[u64], effects: &mut Effects) -> Result<()> {
        if !effects.are_heard() {
            return Ok(());
        }
        let (mut events, mut text_bytes) = (0, 0);
        for id in modules {
            let module = self.registry.get(*id)?;
            let chains = [module.jit.len(), module.exec.len(), module.names.len()];
            events += (chains.iter().sum::<u64>() + module.metadata.len()) as usize + 1;
            text_bytes += module.name_bytes;
        }
        effects.make_room(0, events)?;
        effects.make_text_room(text_bytes)
    }

    /// Takes a module apart. Everything it owned is unlinked here and waits in the queue for its
    /// readers; the record is gone. Nothing in it can fail for want of memory.
    pub(super) fn dismantle(
        &mut self,
        id: u64,
        report: &mut lifecycle_unload_report,
        effects: &mut Effects,
    ) -> Result<()> {
        let code_bytes = self.registry.get(id)?.code_bytes;
        self.retirement.hurry();
        report.jit_symbols += self.retire_all(id, |module| &mut module.jit, effects)?;
        report.exec_symbols += self.retire_all(id, |module| &mut module.exec, effects)?;
        report.mappings += self.drop_holds(id)?;
        report.metadata += self.drop_metadata(id, effects)?;
        report.names += self.unbind_all(id, effects)?;
        self.drop_ranges(id)?;
        self.retire_data(id)?;
        report.resources += self.retire_resources(id)?;
        report.code_bytes += code_bytes;
        let mut handles = self.registry.get(id)?.handles;
        self.exec.forget(&mut handles)?;
        let module = self.registry.remove(id)?;
        self.totals.unloads += 1;
        let mut unloaded = event(LIFECYCLE_EVENT_MODULE_UNLOADED);
        unloaded.module = id;
        unloaded.bytes = code_bytes as usize;
        effects.tell(unloaded, Some(&module.path));
        Ok(())
    }

    fn retire_all(
        &mut self,
        id: u64,
        chain: impl Fn(&mut Module) -> &mut Chain,
        effects: &mut Effects,
    ) -> Result<u64> {
        let mut count = 0;
        while let symbol @ 1.. = chain(self.registry.get_mut(id)?).newest() {
            self.retire_symbol(symbol, false, effects)?;
            count += 1;
        }
        Ok(count)
    }

    fn drop_holds(&mut self, id: u64) -> Result<u64> {
        let mut count = 0;
        while let Some(hold) = self.registry.get_mut(id)?.holds.pop() {
            self.retirement.push(Waiting::Mapping(hold.mapping));
            count += 1;
        }
        Ok(count)
    }

    fn drop_metadata(&mut self, id: u64, effects: &mut Effects) -> Result<u64> {
        let mut count = 0;
        while let Some(key) = self.registry.take_key(id)? {
            let mut dropped = event(LIFECYCLE_EVENT_METADATA_DROPPED);
            dropped.module = id;
            effects.tell(dropped, Some(&key));
            count += 1;
        }
        Ok(count)
    }

    fn unbind_all(&mut self, id: u64, effects: &mut Effects) -> Result<u64> {
        let owner = self.registry.get_mut(id)?;
        let mut chain = core::mem::take(&mut owner.names);
        owner.name_bytes = 0;
        let count = chain.len();
        // What is unbound in a moment comes near while the ones before it go.
        let mut ahead = chain.newest();
        for _ in 0..AHEAD {
            ahead = self.names.prefetch(ahead);
        }
        while let Some(unbound) = self.names.unbind_newest(&mut chain, effects.texts())? {
            ahead = self.names.prefetch(ahead);
            tell_unbound(&unbound, id, effects);
        }
        Ok(count)
    }

    /// Removes one binding, and tells what lookups notice of it.
    pub(super) fn unbind_decl(&mut self, decl: u64, effects: &mut Effects) -> Result<()> {
        let module = self.names.get(decl)?.module;
        let owner = self.registry.get_mut(module)?;
        let unbound = self.names.unbind(&mut owner.names, decl, effects.texts())?;
        owner.name_bytes -= unbound.name_len + 1;
        tell_unbound(&unbound, module, effects);
        Ok(())
    }

    fn drop_ranges(&mut self, id: u64) -> Result<()> {
        while let Some((first, last)) = self.registry.get_mut(id)?.ranges.pop() {
            self.names.forget_ids(first, last);
            self.ranges.remove(first, last)?;
        }
        Ok(())
    }

    fn retire_data(&mut self, id: u64) -> Result<()> {
        while let block @ 1.. = self.registry.get(id)?.data.newest() {
            let span = self.code.retire_data(&mut self.registry.get_mut(id)?.data, block)?;
            self.retirement.push(Waiting::Data(span));
        }
        Ok(())
    }

    fn retire_resources(&mut self, id: u64) -> Result<u64> {
        let mut count = 0;
        while let resource @ 1.. = self.registry.get(id)?.resources.newest() {
            let owned = self.registry.disown(resource)?;
            self.retirement.push(Waiting::Resource {
                resource: owned.resource,
                release: owned.release,
                user: owned.user,
            });
            count += 1;
        }
        Ok(count)
    }
}

/// Tells what lookups notice of an unbinding.
#[inline]
fn tell_unbound(unbound: &Unbound, module: u64, effects: &mut Effects) {
    if !effects.are_heard() {
        return;
    }
    let (kind, module) = match unbound.outcome {
        Outcome::Removed => (LIFECYCLE_EVENT_NAME_REMOVED, module),
        Outcome::Restored { module } => (LIFECYCLE_EVENT_NAME_RESTORED, module),
        Outcome::Shadowed => return,
    };
    let mut changed = event(kind);
    changed.module = module;
    changed.value = u64::from(unbound.kind);
    effects.tell_copied(changed, unbound.name_at);
}
