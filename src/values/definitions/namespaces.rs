//! Namespaces: a tree of paths such as ::a::b, each with variables, commands and exports.
//!
//! Two or more colons separate; those at the start and the end say nothing, so "::a::b", "a::b" and
//! "::a::::b::" are one path, and "" and "::" are the global namespace. A single colon is part of a
//! name, but not at its start or end, where it would be lost in a longer path.
//!
//! Invariants:
//! - `.namespace.global`: number 0 is the global one; it is never deleted.
//! - `.namespace.tree`: a namespace is in the table of children of its parent, under its name.
//!
//! A path is as long as it likes: nothing recurses, and a namespace's path is written out only when
//! somebody asks for it.

use super::Definitions;
use super::commands::Command;
use super::table::{Key, NONE, Name, Table};
use super::tables::Owner;
use crate::abi::*;
use crate::base::{Error, Host, List, Lossy, Result, error, fail};
use crate::values::list;
use crate::values::store::{Kind, Store, at};
use crate::values::word::Word;
use crate::values::{Interp, State};

/// The global namespace.
pub const GLOBAL: u32 = 0;

/// A namespace.
pub struct Namespace {
    parent: u32,
    /// Its name in its parent, counted.
    name: Name,
    children: Table<u32>,
    /// Its variables (`tables.rs`).
    pub variables: u32,
    /// Its commands.
    pub commands: Table<Command>,
    /// A list; nil = none.
    exports: Word,
    /// Its path, a text; nil = nobody has asked for it.
    path: Word,
}

impl Namespace {
    /// One without anything but a table of variables.
    pub fn new(host: Host, parent: u32, name: Name, variables: u32) -> Self {
        Namespace {
            parent,
            name,
            children: Table::new(host),
            variables,
            commands: Table::new(host),
            exports: Word::NIL,
            path: Word::NIL,
        }
    }
}

/// The names in a path.
pub struct Names<'a>(pub &'a [u8]);

impl<'a> Iterator for Names<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.starts_with(b"::") {
            let colons = self.0.iter().take_while(|byte| **byte == b':').count();
            self.0 = self.0.get(colons..).unwrap_or(&[]);
        }
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.windows(2).position(|pair| pair == b"::").unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(name)
    }
}

#[cold]
fn none(path: &[u8]) -> Error {
    error!(LIFECYCLE_E_NOT_FOUND, "there is no namespace '{}'", Lossy(path))
}

impl Definitions {
    /// The number of the namespace at a path.
    pub fn number_of(&self, path: &[u8]) -> Result<u32> {
        let mut number = GLOBAL;
        for name in Names(path) {
            number = self.child(number, &self.key(name)).ok_or_else(|| none(path))?;
        }
        Ok(number)
    }

    /// The namespace at a path.
    pub fn find_namespace(&self, path: &[u8]) -> Option<&Namespace> {
        let mut number = GLOBAL;
        for name in Names(path) {
            number = self.child(number, &self.key(name))?;
        }
        self.namespaces.get(number)
    }

    /// As `find_namespace`, or why there is none.
    pub fn namespace(&self, path: &[u8]) -> Result<&Namespace> {
        self.find_namespace(path).ok_or_else(|| none(path))
    }

    /// As `namespace`, to change it.
    pub fn namespace_mut(&mut self, path: &[u8]) -> Result<&mut Namespace> {
        let number = self.number_of(path)?;
        self.namespaces.get_mut(number).ok_or_else(|| none(path))
    }

    /// The variables of the namespace at a path.
    pub fn table_of(&self, path: &[u8]) -> Result<u32> {
        Ok(self.namespace(path)?.variables)
    }

    fn child(&self, number: u32, key: &Key<'_>) -> Option<u32> {
        let children = &self.namespaces.get(number)?.children;
        children.get(children.find(key)?).copied()
    }

    fn add_child(&mut self, store: &mut Store, parent: u32, name: &[u8]) -> Result<u32> {
        let key = self.key(name);
        self.namespaces.make_room()?;
        let name = key.keep(store)?;
        let made =
            self.tables.open(Owner::Namespace(self.namespaces.next_number())).and_then(|table| {
                let made = Namespace::new(self.host, parent, name, table);
                let number = self.namespaces.insert(made)?;
                let parent = self.namespaces.get_mut(parent).ok_or_else(|| none(b""));
                let added = parent.and_then(|parent| parent.children.insert(store, &key, number));
                added.map(|()| number).inspect_err(|_| {
                    self.namespaces.remove(number);
                    self.tables.let_go(store, table);
                })
            });
        made.inspect_err(|_| store.release(name.word()))
    }

    /// Makes the namespace at a path, and those above it. If that fails, none was made.
    pub fn create_namespace(&mut self, store: &mut Store, path: &[u8]) -> Result<()> {
        if Names(path).any(|name| name.starts_with(b":") || name.ends_with(b":")) {
            fail!(LIFECYCLE_E_INVALID, "in '{}' a name begins or ends with a colon", Lossy(path));
        }
        let (mut number, mut first) = (GLOBAL, NONE);
        for name in Names(path) {
            let key = self.key(name);
            if let Some(child) = self.child(number, &key) {
                number = child;
                continue;
            }
            match self.add_child(store, number, name) {
                Ok(child) => number = child,
                Err(error) => {
                    self.delete(store, first);
                    return Err(error);
                }
            }
            if first == NONE {
                first = number;
            }
        }
        if first == NONE {
            fail!(LIFECYCLE_E_EXISTS, "the namespace '{}' exists already", Lossy(path));
        }
        Ok(())
    }

    /// Deletes a namespace and all below it, the deepest ones first.
    fn delete(&mut self, store: &mut Store, top: u32) {
        let mut number = top;
        while let Some(namespace) = self.namespaces.get(number) {
            if let Some(child) = namespace.children.entries().last() {
                number = child.item;
                continue;
            }
            let (parent, key) = (namespace.parent, namespace.name.key());
            if let Some(parent) = self.namespaces.get_mut(parent)
                && let Some(at) = parent.children.find(&key)
                && let Some(entry) = parent.children.remove(at)
            {
                store.release(entry.name.word());
            }
            self.clear(store, number);
            if let Some(namespace) = self.namespaces.remove(number) {
                store.release(namespace.name.word());
                self.tables.orphan(store, namespace.variables);
            }
            if number == top {
                return;
            }
            number = parent;
        }
    }

    /// Forgets what a namespace has but its variables and children.
    fn clear(&mut self, store: &mut Store, number: u32) {
        let Some(namespace) = self.namespaces.get_mut(number) else { return };
        for word in [&mut namespace.exports, &mut namespace.path] {
            store.release(core::mem::replace(word, Word::NIL));
        }
        while let Some(entry) = namespace.commands.pop() {
            store.release(entry.name.word());
            self.procs -= u64::from(entry.item.is_proc());
            entry.item.release(store);
        }
    }

    /// Deletes the namespace at a path.
    fn delete_namespace(&mut self, store: &mut Store, path: &[u8]) -> Result<()> {
        let number = self.number_of(path)?;
        if number == GLOBAL {
            fail!(LIFECYCLE_E_BUSY, "the global namespace stays");
        }
        self.delete(store, number);
        Ok(())
    }

    /// Deletes all namespaces but the global one, of which nothing is left.
    pub fn delete_all(&mut self, store: &mut Store) {
        while let Some(namespace) = self.namespaces.get(GLOBAL)
            && let Some(child) = namespace.children.entries().last()
        {
            self.delete(store, child.item);
        }
        self.clear(store, GLOBAL);
        if let Some(namespace) = self.namespaces.get(GLOBAL) {
            self.tables.clear(store, namespace.variables);
        }
    }

    /// A path as bytes, with "::" in front; nothing for the global one.
    fn write_path(&self, number: u32) -> Result<List<u8>> {
        let up = |number: u32| self.namespaces.get(number).filter(|_| number != GLOBAL);
        let (mut len, mut above) = (0, number);
        while let Some(namespace) = up(above) {
            len += 2 + namespace.name.with(<[u8]>::len);
            above = namespace.parent;
        }
        let mut path = List::new_in(self.host);
        path.try_reserve_exact(len).map_err(|_| Error::no_memory("a path"))?;
        path.resize(len, b':');
        let (mut end, mut above) = (len, number);
        while let Some(namespace) = up(above) {
            namespace.name.with(|name| {
                end -= name.len();
                let place = path.iter_mut().skip(end).zip(name);
                place.for_each(|(to, from)| *to = *from);
            });
            end -= 2;
            above = namespace.parent;
        }
        Ok(path)
    }

    /// The path of the namespace at a path, as it is written, counted for the caller; nil for the
    /// global one.
    pub fn kept_path(&mut self, store: &mut Store, path: &[u8]) -> Result<Word> {
        let number = self.number_of(path)?;
        self.path_of(store, number)
    }

    /// As `kept_path`, of the namespace of a number.
    pub fn path_of(&mut self, store: &mut Store, number: u32) -> Result<Word> {
        if number == GLOBAL {
            return Ok(Word::NIL);
        }
        let known = self.namespaces.get(number).map_or(Word::NIL, |namespace| namespace.path);
        let written = if known.is_nil() {
            Word::block(store.text(&self.write_path(number)?)?)
        } else {
            known
        };
        if let Some(namespace) = self.namespaces.get_mut(number) {
            namespace.path = written;
        }
        store.retain(written);
        Ok(written)
    }
}

impl State {
    /// The paths of a namespace's children, sorted.
    fn namespace_children(&mut self, path: &[u8]) -> Result<lifecycle_handle> {
        let number = self.definitions.number_of(path)?;
        let mut above = self.definitions.write_path(number)?;
        let names = {
            let entries = self.definitions.namespace(path)?.children.entries();
            super::sorted(self.host, entries.len(), entries.iter().map(|entry| entry.name))?
        };
        let longest = names.iter().map(|name| name.with(<[u8]>::len)).max().unwrap_or(0);
        above.try_reserve(longest + 2).map_err(|_| Error::no_memory("a path"))?;
        above.extend_from_slice(b"::");
        let prefix = above.len();
        let list = list::build(&mut self.store, names.len(), Word::NIL, |store, i| {
            above.truncate(prefix);
            if let Some(name) = names.get(i) {
                name.with(|name| above.extend_from_slice(name));
            }
            Ok(Word::block(store.text(&above)?))
        })?;
        self.wrap_and_release(Word::block(list))
    }

    /// A handle for a namespace's path.
    pub fn namespace_path(&mut self, number: u32) -> Result<lifecycle_handle> {
        let path = self.definitions.path_of(&mut self.store, number)?;
        let path = if path.is_nil() { Word::block(self.store.text(b"::")?) } else { path };
        self.wrap_and_release(path)
    }

    fn namespace_exports(&mut self, path: &[u8]) -> Result<lifecycle_handle> {
        let exports = self.definitions.namespace(path)?.exports;
        if exports.is_nil() { self.list_of_names(&[]) } else { self.wrap(exports) }
    }

    /// Sets a namespace's exports to a list, which is the caller's.
    fn set_exports(&mut self, path: &[u8], patterns: Word, clear: bool) -> Result<()> {
        let namespace = self.definitions.namespace_mut(path)?;
        let Some(new) = patterns.as_block().filter(|block| at(*block).kind() == Kind::List) else {
            fail!(LIFECYCLE_E_TYPE, "the exports of '{}' are a list", Lossy(path));
        };
        let exports = match namespace.exports.as_block() {
            Some(old) if !clear => super::union(&mut self.store, self.host, old, new)?,
            _ => {
                self.store.retain(patterns);
                patterns
            }
        };
        let old = core::mem::replace(&mut namespace.exports, exports);
        self.store.release(old);
        Ok(())
    }
}

impl Interp {
    /// Makes a namespace, and those above it.
    pub fn create_namespace(&self, path: &[u8]) -> Result<()> {
        self.with(|state| state.definitions.create_namespace(&mut state.store, path))
    }

    /// Deletes a namespace, and those below it.
    pub fn delete_namespace(&self, path: &[u8]) -> Result<()> {
        self.change(|state| state.definitions.delete_namespace(&mut state.store, path))
    }

    /// Whether there is a namespace.
    pub fn has_namespace(&self, path: &[u8]) -> bool {
        self.with(|state| state.definitions.find_namespace(path).is_some())
    }

    /// The paths of its children, sorted.
    pub fn namespace_children(&self, path: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.namespace_children(path))
    }

    /// What it exports.
    pub fn namespace_exports(&self, path: &[u8]) -> Result<lifecycle_handle> {
        self.with(|state| state.namespace_exports(path))
    }

    /// Sets what it exports, or adds to it.
    pub fn set_exports(&self, path: &[u8], patterns: lifecycle_handle, clear: bool) -> Result<()> {
        self.with(|state| state.definitions.namespace(path).map(|_| ()))?;
        self.list_shimmer(patterns)?;
        let patterns = self.keep_something(patterns, "list of patterns")?;
        self.change(|state| {
            let outcome = state.set_exports(path, patterns, clear);
            state.store.release(patterns);
            outcome
        })
    }
}
