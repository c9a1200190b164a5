//! Variables: of the active frame, and of a namespace by its path; links between them.
//!
//! A variable holds a persistent value. Reading it wraps that value, setting it keeps what a handle
//! names: both take the same short time for a number and for a list of a million elements. What was
//! read stays readable, whatever happens to the variable meanwhile (`.block.alive`).
//!
//! A link is resolved when it is made: it leads to the variable at the end of the chain, even if
//! that has no value yet.

use super::table::Key;
use super::tables::{Owner, Place, Variable};
use crate::abi::*;
use crate::base::{Error, Lossy, Result, error, fail};
use crate::values::scratch::SlotExt;
use crate::values::word::Word;
use crate::values::{Interp, State};

/// Where a variable is, or would be made.
pub struct VariablePlace {
    /// Level of the frame whose own it is; 0 if it is a namespace's.
    pub level: usize,
    /// The namespace's path; nil if it is a frame's, or not wanted.
    pub ns: lifecycle_handle,
    /// Whether it has a value.
    pub has_value: bool,
}

#[cold]
fn none(name: &[u8]) -> Error {
    error!(LIFECYCLE_E_NOT_FOUND, "there is no variable '{}'", Lossy(name))
}

impl State {
    #[inline]
    fn key<'a>(&self, name: &'a [u8]) -> Key<'a> {
        self.definitions.key(name)
    }

    /// A handle for a variable's value.
    #[inline]
    fn variable(&mut self, table: u32, name: &[u8]) -> Result<lifecycle_handle> {
        let key = self.key(name);
        match self.definitions.tables.value(table, &key) {
            Some(word) => self.wrap(word),
            None => Err(none(name)),
        }
    }

    /// A handle for the value of the active frame's variable, at once (`Interp::quick`).
    #[inline]
    pub fn var_get_at_hand(&mut self, name: &[u8]) -> Option<lifecycle_handle> {
        let (table, key) = (self.definitions.table_in_use(), self.key(name));
        let word = self.definitions.tables.value(table, &key)?;
        self.wrap_at_hand(word)
    }

    /// Gives the active frame's variable another value, at once (`Interp::quick`): what is kept by
    /// now, in the place of another value. False if the one before held a foreign thing that waits
    /// for its release (`Interp::settle`).
    #[inline]
    pub fn var_set_at_hand(&mut self, name: &[u8], handle: lifecycle_handle) -> Option<bool> {
        let (_, slot) = self.handles.newest(handle)?;
        let word = match slot.kind() {
            LIFECYCLE_INT => Word::int(slot.payload as i64)?,
            LIFECYCLE_DOUBLE => Word::double(f64::from_bits(slot.payload))?,
            _ => Word::block(slot.as_wrapped()?),
        };
        let (table, key) = (self.definitions.table_in_use(), self.key(name));
        let place = self.definitions.tables.own_value(table, &key)?;
        self.store.retain(word);
        self.store.release(core::mem::replace(place, word));
        Some(!self.store.has_condemned())
    }

    /// Sets a variable to a word, which is released if that fails.
    #[inline]
    fn set_variable(&mut self, table: u32, name: &[u8], word: Word) -> Result<()> {
        let key = self.key(name);
        let outcome = self.definitions.tables.set(&mut self.store, table, &key, word);
        if outcome.is_err() {
            self.store.release(word);
        }
        outcome
    }

    fn unset_variable(&mut self, table: u32, name: &[u8]) -> Result<()> {
        let key = self.key(name);
        if self.definitions.tables.unset(&mut self.store, table, &key) {
            return Ok(());
        }
        Err(none(name))
    }

    fn has_variable(&self, table: u32, name: &[u8]) -> bool {
        self.definitions.tables.value(table, &self.key(name)).is_some()
    }

    /// The names in a table that have a value, or lead to one.
    fn variable_names(&mut self, table: u32) -> Result<lifecycle_handle> {
        let tables = &self.definitions.tables;
        let entries = tables.table(table).map_or(&[][..], |table| table.entries());
        let has_value = |variable: &Variable| match variable {
            Variable::Value(_) => true,
            Variable::Link(to) => tables.value(to.table, &to.name.key()).is_some(),
        };
        let names = entries.iter().filter(|entry| has_value(&entry.item)).map(|entry| entry.name);
        let names = super::sorted(self.host, entries.len(), names)?;
        self.list_of_names(&names)
    }

    /// Makes a name of the active frame a link to a variable in a table.
    fn link_variable(&mut self, local: &[u8], table: u32, name: &[u8]) -> Result<()> {
        let (key, name_key) = (self.key(local), self.key(name));
        let from = self.definitions.table_in_use();
        let tables = &mut self.definitions.tables;
        if let Some(Variable::Value(_)) = tables.here(from, &key) {
            fail!(LIFECYCLE_E_EXISTS, "the variable '{}' exists already", Lossy(local));
        }
        let here = Place { table: from, key, at: None };
        if tables.is_circle((table, name_key), &here) {
            fail!(LIFECYCLE_E_CYCLE, "the link '{}' would lead to itself", Lossy(local));
        }
        let to = tables.follow(table, name_key);
        let is_frames = |table: u32| matches!(tables.owner(table), Owner::Frame(_));
        if !is_frames(from) && is_frames(to.table) {
            fail!(
                LIFECYCLE_E_INVALID,
                "the namespace's variable '{}' would outlive the frame of '{}'",
                Lossy(local),
                Lossy(name)
            );
        }
        tables.link(&mut self.store, from, &key, &to)
    }

    fn is_link(&self, name: &[u8]) -> bool {
        let (table, key) = (self.definitions.table_in_use(), self.key(name));
        matches!(self.definitions.tables.here(table, &key), Some(Variable::Link(_)))
    }

    /// The name at the end of the chain.
    fn resolve_variable(&mut self, name: &[u8]) -> Result<lifecycle_handle> {
        let key = self.key(name);
        let place = self.definitions.tables.follow(self.definitions.table_in_use(), key);
        let block = place.key.with(|bytes| self.store.text(bytes))?;
        self.wrap_and_release(Word::block(block))
    }

    /// Where the variable at the end of the chain is, and whether it has a value.
    fn place_of_variable(&mut self, name: &[u8], with_path: bool) -> Result<VariablePlace> {
        let (key, tables) = (self.key(name), &self.definitions.tables);
        let place = tables.follow(self.definitions.table_in_use(), key);
        let has_value = place.at.is_some();
        let number = match tables.owner(place.table) {
            Owner::Frame(level) => return Ok(VariablePlace { level, ns: 0, has_value }),
            Owner::Namespace(number) => number,
            Owner::Orphan => fail!(
                LIFECYCLE_E_STALE,
                "the namespace of the variable '{}' was deleted",
                Lossy(name)
            ),
        };
        let ns = if with_path { self.namespace_path(number)? } else { 0 };
        Ok(VariablePlace { level: 0, ns, has_value })
    }
}

/// The active frame's.
impl Interp {
    /// A handle for a variable's value.
    #[inline]
    pub fn var_get(&self, name: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.variable(state.definitions.table_in_use(), name))
    }

    /// Sets a variable.
    #[inline]
    pub fn var_set(&self, name: &[u8], handle: lifecycle_handle) -> Result<()> {
        let word = self.keep_something(handle, "variable")?;
        self.change(|state| state.set_variable(state.definitions.table_in_use(), name, word))
    }

    /// Unsets a variable.
    pub fn var_unset(&self, name: &[u8]) -> Result<()> {
        self.change(|state| state.unset_variable(state.definitions.table_in_use(), name))
    }

    /// Whether a variable has a value.
    pub fn var_exists(&self, name: &[u8]) -> bool {
        self.with(|state| state.has_variable(state.definitions.table_in_use(), name))
    }

    /// Names of variables that have a value.
    pub fn var_names(&self) -> Result<lifecycle_handle> {
        self.with(|state| state.variable_names(state.definitions.table_in_use()))
    }

    /// Makes a name a link to a variable of the frame at a level.
    pub fn var_link(&self, local: &[u8], level: usize, name: &[u8]) -> Result<()> {
        self.change(|state| {
            let active = state.frame_level();
            if level > active {
                fail!(LIFECYCLE_E_RANGE, "the level {level} is above the active frame's, {active}");
            }
            state.link_variable(local, state.definitions.table_at(level), name)
        })
    }

    /// Makes a name a link to a variable of a namespace.
    pub fn var_link_ns(&self, local: &[u8], ns: &[u8], name: &[u8]) -> Result<()> {
        self.change(|state| {
            let table = state.definitions.table_of(ns)?;
            state.link_variable(local, table, name)
        })
    }

    /// Whether a name is a link.
    pub fn var_is_link(&self, name: &[u8]) -> bool {
        self.with(|state| state.is_link(name))
    }

    /// The name at the end of the links.
    pub fn var_resolve(&self, name: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.resolve_variable(name))
    }

    /// Where the variable at the end of the links is; with its namespace's path, or without.
    pub fn var_place(&self, name: &[u8], with_path: bool) -> Result<VariablePlace> {
        self.with(|state| state.place_of_variable(name, with_path))
    }

    /// Keeps what a handle names, which is not nil.
    #[inline]
    pub(super) fn keep_something(&self, handle: lifecycle_handle, what: &str) -> Result<Word> {
        if handle == 0 {
            fail!(LIFECYCLE_E_INVALID, "no {what} can be nil");
        }
        self.keep(handle)
    }
}

/// A namespace's.
impl Interp {
    /// A handle for a variable's value.
    pub fn ns_var_get(&self, ns: &[u8], name: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.variable(state.definitions.table_of(ns)?, name))
    }

    /// Sets a variable.
    pub fn ns_var_set(&self, ns: &[u8], name: &[u8], handle: lifecycle_handle) -> Result<()> {
        self.with(|state| state.definitions.table_of(ns))?;
        let word = self.keep_something(handle, "variable")?;
        self.change(|state| match state.definitions.table_of(ns) {
            Ok(table) => state.set_variable(table, name, word),
            Err(error) => {
                state.store.release(word);
                Err(error)
            }
        })
    }

    /// Unsets a variable.
    pub fn ns_var_unset(&self, ns: &[u8], name: &[u8]) -> Result<()> {
        self.change(|state| state.unset_variable(state.definitions.table_of(ns)?, name))
    }

    /// Whether a variable has a value.
    pub fn ns_var_exists(&self, ns: &[u8], name: &[u8]) -> bool {
        self.with(|state| {
            let table = state.definitions.find_namespace(ns).map(|ns| ns.variables);
            table.is_some_and(|table| state.has_variable(table, name))
        })
    }

    /// Names of variables that have a value.
    pub fn ns_var_names(&self, ns: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.variable_names(state.definitions.table_of(ns)?))
    }
}
