//! Names: binding them for a module, looking them up, and which declarations are live.

use core::ffi::CStr;
use core::mem::offset_of;
use core::sync::atomic::Ordering;

use super::Manager;
use crate::abi::lifecycle_binding;
use crate::abi::lifecycle_status::{self, LIFECYCLE_E_NOT_FOUND, LIFECYCLE_OK};
use crate::base::{Error, ListExt, Result};
use crate::names::{KINDS, Lookup, NewBinding, check_kind};
use crate::registry::Stage;

fn binding([value, aux, decl, module]: [u64; 4]) -> lifecycle_binding {
    lifecycle_binding { value: value as i64, aux: aux as i64, decl, module }
}

#[cold]
#[inline(never)]
fn not_bound(name: &[u8]) -> Error {
    Error::of_name(LIFECYCLE_E_NOT_FOUND, name, " is not bound")
}

const _: () = assert!(
    size_of::<lifecycle_binding>() == size_of::<[u64; 4]>()
        && offset_of!(lifecycle_binding, aux) == 8
        && offset_of!(lifecycle_binding, decl) == 16
        && offset_of!(lifecycle_binding, module) == 24
);

/// A binding's place as the four words that the tables fill in.
#[inline]
fn answer_of(out: &mut lifecycle_binding) -> &mut [u64; 4] {
    // SAFETY: the same words in the same order, as asserted above; any bits will do for them.
    unsafe { &mut *(&raw mut *out).cast() }
}

impl Manager {
    /// Notes that a module's declarations have the ids `first` to `last`.
    pub fn add_range(&'static self, module: u64, first: i64, last: i64) -> Result<()> {
        self.change(|state, _| {
            let live = self.tables.live()?.as_ptr();
            self.live.store(live.cast_mut(), Ordering::Release);
            let owned = &mut state.registry.get_mut(module)?.ranges;
            owned.make_room(1)?;
            state.ranges.insert(first, last, module)?;
            owned.push((first, last));
            Ok(())
        })
    }

    /// Whether a declaration's module is still loaded. What this finds out, the next one who asks
    /// finds without a call.
    pub fn did_is_live(&'static self, did: i64) -> Result<bool> {
        self.read(|state| {
            let Some((first, last)) = state.ranges.run_around(did) else { return Ok(false) };
            if let Some(live) = self.tables.known() {
                live.note(first, last);
            }
            Ok(true)
        })
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
            let decl = state.names.bind(&mut owner.names, module, new)?;
            owner.name_bytes += name.count_bytes() + 1;
            Ok(decl)
        })
    }

    /// What a name means now, if that can be told at once.
    #[inline(always)]
    pub fn quick_lookup(
        &'static self,
        kind: u32,
        name: &[u8],
        out: &mut lifecycle_binding,
    ) -> Option<lifecycle_status> {
        if kind >= KINDS as u32 {
            return None;
        }
        match self.tables.quick_lookup(kind, name, answer_of(out)) {
            Lookup::Bound => Some(LIFECYCLE_OK),
            Lookup::Unbound => {
                *out = binding([0; 4]);
                Some(not_bound(name).0)
            }
            Lookup::Disturbed => None,
        }
    }

    /// What a name means now.
    pub fn lookup(&'static self, kind: u32, name: &[u8]) -> Result<lifecycle_binding> {
        check_kind(kind)?;
        let mut answer = [0; 4];
        match self.tables.lookup(kind, name, &mut answer) {
            Lookup::Bound => Ok(binding(answer)),
            Lookup::Unbound => Err(not_bound(name)),
            Lookup::Disturbed => {
                // Nobody changes anything while the lock is held.
                let answer = self.read(|state| Ok(state.names.answer(kind, name)))?;
                answer.map(binding).ok_or_else(|| not_bound(name))
            }
        }
    }

    /// Removes what a name means now, so that it means again what it meant before.
    pub fn unbind(&'static self, kind: u32, name: &CStr) -> Result<()> {
        check_kind(kind)?;
        self.change(|state, effects| {
            let Some((decl, _)) = state.names.newest(kind, name.to_bytes()) else {
                return Err(not_bound(name.to_bytes()));
            };
            effects.make_room(0, 1)?;
            effects.make_text_room(name.count_bytes() + 1)?;
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
                if state.names.answer(kind, name?.to_bytes()).is_none() {
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
