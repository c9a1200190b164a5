//! Commands: what a namespace's names run. The host says what kind each one is, and keeps with it a
//! pointer of its own, parameters and a body.

use core::ffi::{c_int, c_void};

use super::table::Item;
use crate::abi::*;
use crate::base::{Error, Lossy, Result, error, fail};
use crate::values::store::Store;
use crate::values::word::Word;
use crate::values::{Interp, State};

/// A command.
#[derive(Clone, Copy)]
pub struct Command {
    kind: c_int,
    function: *mut c_void,
    params: Word,
    body: Word,
}

impl Item for Command {}

impl Command {
    /// Whether it has a body.
    pub fn is_proc(&self) -> bool {
        !self.body.is_nil()
    }

    fn retain(&self, store: &Store) {
        store.retain(self.params);
        store.retain(self.body);
    }

    /// Counts what it has once less.
    pub fn release(&self, store: &mut Store) {
        store.release(self.params);
        store.release(self.body);
    }
}

/// What a command is, for C.
pub struct Found {
    /// Its kind.
    pub kind: c_int,
    /// The host's pointer.
    pub function: *mut c_void,
    /// Its parameters, or nil.
    pub params: lifecycle_handle,
    /// Its body, or nil.
    pub body: lifecycle_handle,
}

#[cold]
fn none(ns: &[u8], name: &[u8]) -> Error {
    error!(LIFECYCLE_E_NOT_FOUND, "'{}' has no command '{}'", Lossy(ns), Lossy(name))
}

impl State {
    fn command(&self, ns: &[u8], name: &[u8]) -> Result<&Command> {
        let commands = &self.definitions.namespace(ns)?.commands;
        let found = commands.find(&self.definitions.key(name));
        found.and_then(|at| commands.get(at)).ok_or_else(|| none(ns, name))
    }

    /// Puts a command under a name; what it has is counted by it from now on, unless that fails.
    fn put_command(&mut self, ns: &[u8], name: &[u8], command: Command) -> Result<()> {
        let key = self.definitions.key(name);
        let commands = &mut self.definitions.namespace_mut(ns)?.commands;
        let old = match commands.find(&key).and_then(|at| commands.get_mut(at)) {
            Some(place) => Some(core::mem::replace(place, command)),
            None => {
                commands.insert(&mut self.store, &key, command)?;
                None
            }
        };
        self.definitions.procs += u64::from(command.is_proc());
        if let Some(old) = old {
            self.definitions.procs -= u64::from(old.is_proc());
            old.release(&mut self.store);
        }
        Ok(())
    }

    fn delete_command(&mut self, ns: &[u8], name: &[u8]) -> Result<()> {
        let key = self.definitions.key(name);
        let commands = &mut self.definitions.namespace_mut(ns)?.commands;
        let entry = commands.find(&key).and_then(|at| commands.remove(at));
        let entry = entry.ok_or_else(|| none(ns, name))?;
        self.definitions.procs -= u64::from(entry.item.is_proc());
        self.store.release(entry.name.word());
        entry.item.release(&mut self.store);
        Ok(())
    }
}

impl Interp {
    /// What a command is; nothing if there is none. Handles are made for those parts only that are
    /// wanted.
    pub fn command(
        &self,
        ns: &[u8],
        name: &[u8],
        wants_params: bool,
        wants_body: bool,
    ) -> Result<Found> {
        self.with(|state| {
            let Command { kind, function, params, body } = *state.command(ns, name)?;
            let wanted = |wants, word| if wants { word } else { Word::NIL };
            let params = state.wrap(wanted(wants_params, params))?;
            let body = state.wrap(wanted(wants_body, body))?;
            Ok(Found { kind, function, params, body })
        })
    }

    /// Sets a command.
    pub fn set_command(
        &self,
        (ns, name): (&[u8], &[u8]),
        kind: c_int,
        function: *mut c_void,
        params: lifecycle_handle,
        body: lifecycle_handle,
    ) -> Result<()> {
        if kind <= 0 {
            fail!(LIFECYCLE_E_INVALID, "a command's kind is above 0, not {kind}");
        }
        self.with(|state| state.definitions.namespace(ns).map(|_| ()))?;
        let params = self.keep(params)?;
        let body = self.keep(body).inspect_err(|_| self.change(|it| it.store.release(params)))?;
        let command = Command { kind, function, params, body };
        self.change(|state| {
            let outcome = state.put_command(ns, name, command);
            outcome.inspect_err(|_| command.release(&mut state.store))
        })
    }

    /// Deletes a command.
    pub fn delete_command(&self, ns: &[u8], name: &[u8]) -> Result<()> {
        self.change(|state| state.delete_command(ns, name))
    }

    /// Puts a command under another name too; what is there is replaced.
    pub fn copy_command(&self, from: (&[u8], &[u8]), to: (&[u8], &[u8])) -> Result<()> {
        self.change(|state| {
            let command = *state.command(from.0, from.1)?;
            command.retain(&state.store);
            let outcome = state.put_command(to.0, to.1, command);
            outcome.inspect_err(|_| command.release(&mut state.store))
        })
    }

    /// The names of a namespace's commands, sorted.
    pub fn command_names(&self, ns: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| {
            let entries = state.definitions.namespace(ns)?.commands.entries();
            let names = entries.iter().map(|entry| entry.name);
            let names = super::sorted(state.host, entries.len(), names)?;
            state.list_of_names(&names)
        })
    }
}
