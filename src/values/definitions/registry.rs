//! The host's own things by name: a type's name and a pointer, in spaces that the host numbers.

use core::ffi::{CStr, c_char, c_int, c_void};

use super::table::Item;
use crate::base::{Lossy, Result, fail};
use crate::values::store;
use crate::values::word::Word;
use crate::values::{Interp, State};

/// One of them.
#[derive(Clone, Copy)]
pub struct Thing {
    space: c_int,
    /// The type's name, a text.
    pub type_name: Word,
    pointer: *mut c_void,
}

impl Item for Thing {
    fn space(&self) -> u32 {
        self.space as u32
    }
}

impl State {
    fn find_thing(&self, space: c_int, name: &[u8]) -> Option<usize> {
        let key = self.definitions.key(name);
        self.definitions.registry.find_in(space as u32, &key)
    }

    fn set_thing(&mut self, space: c_int, name: &[u8], thing: Thing) -> Result<()> {
        let key = self.definitions.key(name);
        let found = self.find_thing(space, name);
        let registry = &mut self.definitions.registry;
        match found.and_then(|at| registry.get_mut(at)) {
            Some(place) => {
                let old = core::mem::replace(place, thing);
                self.store.release(old.type_name);
                Ok(())
            }
            None => registry.insert(&mut self.store, &key, thing),
        }
    }
}

impl Interp {
    /// Puts a thing under a name; what is there is replaced.
    pub fn set_thing(
        &self,
        space: c_int,
        name: &[u8],
        type_name: &CStr,
        pointer: *mut c_void,
    ) -> Result<()> {
        self.with(|state| {
            let type_name = Word::block(state.store.text(type_name.to_bytes())?);
            let outcome = state.set_thing(space, name, Thing { space, type_name, pointer });
            outcome.inspect_err(|_| state.store.release(type_name))
        })
    }

    /// The thing under a name: its type's name, NUL-terminated, and its pointer.
    pub fn thing(&self, space: c_int, name: &[u8]) -> Option<(*const c_char, *mut c_void)> {
        self.with(|state| {
            let at = state.find_thing(space, name)?;
            let thing = state.definitions.registry.get(at)?;
            let type_name = store::at(thing.type_name.as_block()?).text();
            Some((type_name.as_ptr().cast(), thing.pointer))
        })
    }

    /// Forgets the thing under a name.
    pub fn remove_thing(&self, space: c_int, name: &[u8]) -> Result<()> {
        self.with(|state| {
            let at = state.find_thing(space, name);
            let Some(entry) = at.and_then(|at| state.definitions.registry.remove(at)) else {
                fail!(LIFECYCLE_E_NOT_FOUND, "there is no '{}' in space {space}", Lossy(name));
            };
            state.store.release(entry.name.word());
            state.store.release(entry.item.type_name);
            Ok(())
        })
    }
}
