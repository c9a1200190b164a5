//! Names: binding them for a module, looking them up, and which declarations are live.

use core::ffi::CStr;

use super::Manager;
use crate::abi::lifecycle_binding;
use crate::base::{ListExt, Lossy, Result, fail};
use crate::names::{NewBinding, check_kind};
use crate::registry::Stage;

impl Manager {
    /// Notes that a module's declarations have the ids `first` to `last`.
    pub fn add_range(&'static self, module: u64, first: i64, last: i64) -> Result<()> {
        self.change(|state, _| {
            let owned = &mut state.registry.get_mut(module)?.ranges;
            owned.make_room(1)?;
            state.ranges.insert(first, last, module)?;
            owned.push((first, last));
            Ok(())
        })
    }

    /// Whether a declaration's module is still loaded.
    pub fn did_is_live(&'static self, did: i64) -> Result<bool> {
        self.read(|state| Ok(state.ranges.is_live(did)))
    }

    /// Binds a name for a module.
    pub fn bind(
        &'static self,
        module: u64,
        kind: u32,
        name: &CStr,
        value: i64,
        aux: i64,
    ) -> Result<u64> {
        self.change(|state, _| {
            let owner = state.registry.get_mut(module)?;
            let staged = matches!(owner.stage, Stage::Fresh { .. });
            let new = NewBinding { kind, name: name.to_bytes(), value, aux, staged };
            state.names.bind(&mut owner.names, module, new)
        })
    }

    /// What a name means now.
    pub fn lookup(&'static self, kind: u32, name: &[u8]) -> Result<lifecycle_binding> {
        check_kind(kind)?;
        self.read(|state| match state.names.newest(kind, name) {
            Some((decl, binding)) => Ok(lifecycle_binding {
                value: binding.value,
                aux: binding.aux,
                decl,
                module: binding.module,
            }),
            None => fail!(LIFECYCLE_E_NOT_FOUND, "'{}' is not bound", Lossy(name)),
        })
    }

    /// Removes what a name means now, so that it means again what it meant before.
    pub fn unbind(&'static self, kind: u32, name: &CStr) -> Result<()> {
        check_kind(kind)?;
        self.change(|state, effects| {
            let Some((decl, _)) = state.names.newest(kind, name.to_bytes()) else {
                fail!(LIFECYCLE_E_NOT_FOUND, "'{}' is not bound", Lossy(name.to_bytes()));
            };
            effects.make_room(0, 1)?;
            state.unbind_decl(decl, effects)
        })
    }

    /// Whether every one of these names is bound.
    pub fn has_all<'a>(
        &'static self,
        kind: u32,
        names: impl Iterator<Item = Result<&'a CStr>>,
    ) -> Result<bool> {
        check_kind(kind)?;
        self.read(|state| {
            for name in names {
                if state.names.newest(kind, name?.to_bytes()).is_none() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Whether a binding is still there.
    pub fn decl_is_live(&'static self, decl: u64) -> bool {
        self.read(|state| state.names.get(decl).map(|_| ())).is_ok()
    }
}
