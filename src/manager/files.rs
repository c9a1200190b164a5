//! File mappings: which module holds which, and when the system is asked for them: between two
//! looks at the table, never under the lock.

use core::ffi::CStr;

use super::effects::{Effects, event};
use super::retire::{Waiting, tell_eviction};
use super::{Manager, State};
use crate::abi::*;
use crate::base::{ListExt, Lossy, Result, fail};
use crate::mapping::{Acquired, Batch, Fetch, Mappings};
use crate::registry::Hold;

impl Manager {
    /// Takes a reference to a file's mapping for a module.
    pub fn access_file(&'static self, module: u64, path: &CStr) -> Result<lifecycle_mapping> {
        self.hold(module, Fetch::file(&self.slab, path, false))
    }

    /// As `access_file`, for bytes that are no file.
    pub fn access_bytes(
        &'static self,
        module: u64,
        key: &CStr,
        bytes: &[u8],
    ) -> Result<lifecycle_mapping> {
        self.hold(module, Fetch::bytes(&self.slab, key, bytes)?)
    }

    /// Takes one more reference to a mapping that is there, for a module.
    pub fn share_mapping(&'static self, module: u64, id: u64) -> Result<lifecycle_mapping> {
        self.change(|state, effects| {
            let shared =
                state.take_hold(module, effects, |mappings| mappings.share(id).map(Some))?;
            match shared {
                Some(mapping) => Ok(mapping),
                None => fail!(LIFECYCLE_E_STALE, "mapping {id:#x} is gone"),
            }
        })
    }

    fn hold(&'static self, module: u64, fetch: Fetch<'_>) -> Result<lifecycle_mapping> {
        self.bring(
            fetch,
            |state| state.registry.get(module).map(|_| ()),
            |state, effects, fetch| {
                state.take_hold(module, effects, |mappings| mappings.acquire(fetch))
            },
        )
    }

    /// Shows the table a fetch until that has brought what the table wants. Nothing is asked of the
    /// system if `may` refuses.
    fn bring<'a, T>(
        &'static self,
        mut fetch: Fetch<'a>,
        may: impl FnOnce(&State) -> Result<()>,
        mut take: impl FnMut(&mut State, &mut Effects, &mut Fetch<'a>) -> Result<Option<T>>,
    ) -> Result<T> {
        self.read(|state| {
            may(state)?;
            state.mappings.look(&mut fetch);
            Ok(())
        })?;
        let brought = loop {
            let taken = fetch
                .go_on()
                .and_then(|()| self.change(|state, effects| take(state, effects, &mut fetch)));
            if let Some(brought) = taken.transpose() {
                break brought;
            }
        };
        if let Some(debt) = fetch.end() {
            self.step(|state, _| {
                state.mappings.settle(debt);
                Ok(())
            })?;
        }
        brought
    }

    /// Gives back to the system what has left the table. The lock is not held.
    #[cold]
    pub(super) fn give_back_files(&'static self) {
        let mut batch = Batch::new();
        loop {
            let mut lock = self.state.write();
            let any = lock.as_mut().is_some_and(|state| state.mappings.exchange(&mut batch));
            drop(lock);
            batch.give_back(&self.slab);
            if !any || !batch.is_open() {
                return;
            }
        }
    }

    /// Drops a module's newest reference by this path; with module 0, what was prefetched and not
    /// used.
    pub fn release_file(&'static self, module: u64, path: &CStr) -> Result<()> {
        self.change(|state, effects| {
            effects.make_room(0, 1)?;
            if module == 0 {
                let released = state.mappings.drop_prefetched(path)?;
                tell_eviction(&released, effects);
                return Ok(());
            }
            let module = state.registry.get_mut(module)?;
            let bytes = path.to_bytes();
            let Some(at) = module.holds.iter().rposition(|hold| hold.path.bytes() == bytes) else {
                let owner = &module.path;
                fail!(LIFECYCLE_E_NOT_FOUND, "module '{owner}' holds no '{}'", Lossy(bytes));
            };
            let hold = module.holds.remove(at);
            state.retirement.push(Waiting::Mapping(hold.mapping));
            Ok(())
        })
    }

    /// How many references a path's mapping has.
    pub fn file_references(&'static self, path: &CStr) -> Result<usize> {
        self.read(|state| state.mappings.refcount(path))
    }

    /// Maps files before they are needed; stops at the first that cannot be, and counts those that
    /// were mapped.
    pub fn prefetch<'a>(
        &'static self,
        paths: impl Iterator<Item = Result<&'a CStr>>,
        mapped: &mut usize,
    ) -> Result<()> {
        for path in paths {
            let fetch = Fetch::file(&self.slab, path?, true);
            self.bring(fetch, |_| Ok(()), State::take_ahead)?;
            *mapped += 1;
        }
        Ok(())
    }
}

impl State {
    /// Gives a module a reference, if there is one to be had.
    fn take_hold(
        &mut self,
        module: u64,
        effects: &mut Effects,
        take: impl FnOnce(&mut Mappings) -> Result<Option<Acquired>>,
    ) -> Result<Option<lifecycle_mapping>> {
        effects.make_room(0, 2)?;
        self.reserve_retirement(1)?;
        let holds = &mut self.registry.get_mut(module)?.holds;
        holds.make_room(1)?;
        let Some(Acquired { id, data, len, path, opened, displaced }) = take(&mut self.mappings)?
        else {
            return Ok(None);
        };
        if let Some(displaced) = &displaced {
            tell_eviction(displaced, effects);
        }
        let data = data.cast();
        if opened {
            let mut opened = event(LIFECYCLE_EVENT_MAPPING_OPENED);
            (opened.module, opened.id, opened.address, opened.bytes) = (module, id, data, len);
            effects.tell(opened, Some(&path));
        }
        holds.push(Hold { path, mapping: id });
        self.retirement.holds += 1;
        Ok(Some(lifecycle_mapping { data, size: len, id }))
    }

    /// Has a file in memory for nobody yet.
    fn take_ahead(&mut self, effects: &mut Effects, fetch: &mut Fetch<'_>) -> Result<Option<()>> {
        effects.make_room(0, 2)?;
        let Some(prefetched) = self.mappings.prefetch(fetch)? else { return Ok(None) };
        if let Some(displaced) = &prefetched.displaced {
            tell_eviction(displaced, effects);
        }
        if prefetched.opened {
            let mapping = self.mappings.get(prefetched.id)?;
            let mut opened = event(LIFECYCLE_EVENT_MAPPING_OPENED);
            opened.id = prefetched.id;
            opened.address = mapping.data().cast();
            opened.bytes = mapping.len();
            effects.tell(opened, Some(mapping.path()));
        }
        Ok(Some(()))
    }

    /// Drops what was prefetched and never used.
    pub(super) fn drop_unowned_mappings(&mut self, effects: &mut Effects) {
        while let Some(released) = self.mappings.evict_any() {
            tell_eviction(&released, effects);
        }
    }
}
