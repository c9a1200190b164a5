//! File mappings: which module holds which.

use core::ffi::CStr;

use super::effects::{Effects, event};
use super::retire::{Waiting, tell_eviction};
use super::{Manager, State};
use crate::abi::*;
use crate::base::{ListExt, Lossy, Result, Text, fail};
use crate::mapping::{Acquired, Mappings};
use crate::registry::Hold;

impl Manager {
    /// Takes a reference to a file's mapping for a module.
    pub fn access_file(&'static self, module: u64, path: &CStr) -> Result<lifecycle_mapping> {
        self.hold(module, path, |mappings| mappings.acquire(path))
    }

    /// As `access_file`, for bytes that are no file.
    pub fn access_bytes(
        &'static self,
        module: u64,
        key: &CStr,
        bytes: &[u8],
    ) -> Result<lifecycle_mapping> {
        self.hold(module, key, |mappings| mappings.acquire_bytes(key, bytes))
    }

    fn hold(
        &'static self,
        module: u64,
        path: &CStr,
        acquire: impl FnOnce(&mut Mappings) -> Result<Acquired>,
    ) -> Result<lifecycle_mapping> {
        self.change(|state, effects| {
            effects.make_room(0, 2)?;
            state.reserve_retirement(1)?;
            let holds = &mut state.registry.get_mut(module)?.holds;
            holds.make_room(1)?;
            let path = Text::copy(state.host, path.to_bytes())?;
            let acquired = acquire(&mut state.mappings)?;
            if let Some(displaced) = &acquired.displaced {
                tell_eviction(displaced, effects);
            }
            if acquired.opened {
                let mut opened = event(LIFECYCLE_EVENT_MAPPING_OPENED);
                opened.module = module;
                opened.id = acquired.id;
                opened.address = acquired.data.cast();
                opened.bytes = acquired.len;
                effects.tell(opened, Some(&path));
            }
            holds.push(Hold { path, mapping: acquired.id });
            state.retirement.holds += 1;
            Ok(lifecycle_mapping {
                data: acquired.data.cast(),
                size: acquired.len,
                id: acquired.id,
            })
        })
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
            let path = path?;
            self.change(|state, effects| {
                effects.make_room(0, 2)?;
                let prefetched = state.mappings.prefetch(path)?;
                if let Some(displaced) = &prefetched.displaced {
                    tell_eviction(displaced, effects);
                }
                if prefetched.opened {
                    let mapping = state.mappings.get(prefetched.id)?;
                    let mut opened = event(LIFECYCLE_EVENT_MAPPING_OPENED);
                    opened.id = prefetched.id;
                    opened.address = mapping.data().cast();
                    opened.bytes = mapping.len();
                    effects.tell(opened, Some(mapping.path()));
                }
                Ok(())
            })?;
            *mapped += 1;
        }
        Ok(())
    }
}

impl State {
    /// Drops what was prefetched and never used.
    pub(super) fn drop_unowned_mappings(&mut self, effects: &mut Effects) {
        while let Some(released) = self.mappings.evict_any() {
            tell_eviction(&released, effects);
        }
    }
}
