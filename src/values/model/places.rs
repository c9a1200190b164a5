//! The naive twin of definitions: namespaces, variables, links, frames and commands. Tables of
//! variables are never given back, so that a link needs no more than a number and a name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;

pub type Name = Vec<u8>;

#[derive(Clone, Debug)]
pub enum Variable<V> {
    Value(V),
    Link(usize, Name),
}

#[derive(Clone)]
pub struct Frame {
    own: usize,
    locals: Vec<usize>,
    before: usize,
    /// The path of its namespace.
    pub namespace: Name,
    /// What it was given: command, arguments, lambda.
    pub given: [lifecycle_handle; 3],
    pub line: usize,
}

#[derive(Clone)]
pub struct Command<V> {
    pub kind: i32,
    pub function: usize,
    pub params: Option<V>,
    pub body: Option<V>,
}

/// All that is defined.
#[derive(Clone)]
pub struct Places<V> {
    /// All tables that ever were.
    pub tables: Vec<BTreeMap<Name, Variable<V>>>,
    is_namespace: Vec<bool>,
    /// By canonical path: the table.
    pub namespaces: BTreeMap<Name, usize>,
    /// By the table of their namespace.
    pub commands: BTreeMap<(usize, Name), Command<V>>,
    /// By the table of their namespace.
    pub exports: BTreeMap<usize, V>,
    pub frames: Vec<Frame>,
    pub active: usize,
    marks: Vec<(usize, usize, usize)>,
    limit: usize,
}

impl<V: Clone + Debug> Places<V> {
    /// The global namespace and frame; so many frames at most.
    pub fn new(limit: usize) -> Self {
        let mut it = Places {
            tables: Vec::new(),
            is_namespace: Vec::new(),
            namespaces: BTreeMap::new(),
            commands: BTreeMap::new(),
            exports: BTreeMap::new(),
            frames: Vec::new(),
            active: 0,
            marks: Vec::new(),
            limit,
        };
        let own = it.open(true);
        it.namespaces.insert(Name::new(), own);
        it.frames.push(Frame::new(own, 0, Name::new()));
        it
    }

    fn open(&mut self, is_namespace: bool) -> usize {
        self.tables.push(BTreeMap::new());
        self.is_namespace.push(is_namespace);
        self.tables.len() - 1
    }

    /// The table that a frame works on.
    pub fn in_use(&self, level: usize) -> usize {
        let frame = &self.frames[level];
        *frame.locals.last().unwrap_or(&frame.own)
    }

    /// The table that the active frame works on.
    pub fn here(&self) -> usize {
        self.in_use(self.active)
    }

    /// The table of the namespace at a path.
    pub fn table_of(&self, path: &[u8]) -> Result<usize, lifecycle_status> {
        self.namespaces.get(&canonical(path)).copied().ok_or(LIFECYCLE_E_NOT_FOUND)
    }

    /// Where the links of a name end.
    pub fn end(&self, mut table: usize, mut name: Name) -> (usize, Name) {
        while let Some(Variable::Link(to, next)) = self.tables[table].get(&name) {
            (table, name) = (*to, next.clone());
        }
        (table, name)
    }

    pub fn value(&self, table: usize, name: &Name) -> Option<&V> {
        let (table, name) = self.end(table, name.clone());
        match self.tables[table].get(&name) {
            Some(Variable::Value(value)) => Some(value),
            _ => None,
        }
    }

    pub fn is_link(&self, name: &Name) -> bool {
        matches!(self.tables[self.here()].get(name), Some(Variable::Link(..)))
    }

    pub fn set(&mut self, table: usize, name: &Name, value: V) {
        let (table, name) = self.end(table, name.clone());
        self.tables[table].insert(name, Variable::Value(value));
    }

    pub fn unset(&mut self, table: usize, name: &Name) -> Result<(), lifecycle_status> {
        let (table, name) = self.end(table, name.clone());
        self.tables[table].remove(&name).map(|_| ()).ok_or(LIFECYCLE_E_NOT_FOUND)
    }

    /// Links a name of the active frame to one in the frame at a level.
    pub fn link_level(
        &mut self,
        local: &Name,
        level: usize,
        name: &Name,
    ) -> Result<(), lifecycle_status> {
        if level > self.active {
            return Err(LIFECYCLE_E_RANGE);
        }
        self.link(local, self.in_use(level), name)
    }

    pub fn link(
        &mut self,
        local: &Name,
        table: usize,
        name: &Name,
    ) -> Result<(), lifecycle_status> {
        let from = self.here();
        if let Some(Variable::Value(_)) = self.tables[from].get(local) {
            return Err(LIFECYCLE_E_EXISTS);
        }
        let (mut at, mut key) = (table, name.clone());
        loop {
            if (at, &key) == (from, local) {
                return Err(LIFECYCLE_E_CYCLE);
            }
            match self.tables[at].get(&key) {
                Some(Variable::Link(to, next)) => (at, key) = (*to, next.clone()),
                _ => break,
            }
        }
        if self.is_namespace[from] && !self.is_namespace[at] {
            return Err(LIFECYCLE_E_INVALID);
        }
        self.tables[from].insert(local.clone(), Variable::Link(at, key));
        Ok(())
    }

    /// Names that have a value.
    pub fn names(&self, table: usize) -> Vec<Name> {
        let names = self.tables[table].keys();
        names.filter(|name| self.value(table, name).is_some()).cloned().collect()
    }

    /// Values of all tables that somebody can reach.
    pub fn values(&self) -> usize {
        let mut seen: BTreeSet<usize> = self.namespaces.values().copied().collect();
        for frame in &self.frames {
            seen.insert(frame.own);
            seen.extend(&frame.locals);
        }
        let mut work: Vec<usize> = seen.iter().copied().collect();
        while let Some(table) = work.pop() {
            for variable in self.tables[table].values() {
                if let Variable::Link(to, _) = variable
                    && seen.insert(*to)
                {
                    work.push(*to);
                }
            }
        }
        let count = |table: &usize| {
            self.tables[*table].values().filter(|it| matches!(it, Variable::Value(_))).count()
        };
        seen.iter().map(count).sum()
    }

    /// An eval begins.
    pub fn enter(&mut self) {
        let depth = self.frames[self.active].locals.len();
        self.marks.push((self.frames.len(), self.active, depth));
    }

    /// An eval ends and leaves everything as it is.
    pub fn forget_mark(&mut self) {
        self.marks.pop();
    }

    /// An eval ends.
    pub fn leave(&mut self) -> Result<(), lifecycle_status> {
        let Some((count, active, depth)) = self.marks.pop() else {
            return Err(LIFECYCLE_E_INVALID);
        };
        if self.marks.is_empty() {
            self.pop_all();
            return Ok(());
        }
        while self.frames.len() > count {
            self.active = self.frames.pop().map_or(0, |frame| frame.before);
        }
        if active < self.frames.len() {
            self.active = active;
            self.frames[active].locals.truncate(depth);
        }
        Ok(())
    }

    /// The global frame is left, and works on its own variables.
    pub fn pop_all(&mut self) {
        self.frames.truncate(1);
        self.frames[0].locals.clear();
        self.active = 0;
    }

    pub fn push(&mut self) -> Result<(), lifecycle_status> {
        if self.frames.len() == self.limit {
            return Err(LIFECYCLE_E_LIMIT);
        }
        let own = self.open(false);
        let namespace = self.frames[self.active].namespace.clone();
        self.frames.push(Frame::new(own, self.active, namespace));
        self.active = self.frames.len() - 1;
        Ok(())
    }

    pub fn pop(&mut self) -> Result<(), lifecycle_status> {
        if self.frames.len() == 1 {
            return Err(LIFECYCLE_E_INVALID);
        }
        self.active = self.frames.pop().map_or(0, |frame| frame.before);
        Ok(())
    }

    pub fn set_active(&mut self, level: usize) -> Result<(), lifecycle_status> {
        if level >= self.frames.len() {
            return Err(LIFECYCLE_E_RANGE);
        }
        self.active = level;
        Ok(())
    }

    pub fn push_locals(&mut self, path: &[u8]) -> Result<(), lifecycle_status> {
        let table = self.table_of(path)?;
        self.frames[self.active].locals.push(table);
        Ok(())
    }

    pub fn pop_locals(&mut self) -> Result<(), lifecycle_status> {
        let popped = self.frames[self.active].locals.pop();
        popped.map(|_| ()).ok_or(LIFECYCLE_E_INVALID)
    }

    pub fn set_namespace(&mut self, path: &[u8]) -> Result<(), lifecycle_status> {
        self.table_of(path)?;
        self.frames[self.active].namespace = canonical(path);
        Ok(())
    }

    pub fn create(&mut self, path: &[u8]) -> Result<(), lifecycle_status> {
        let mut outcome = Err(LIFECYCLE_E_EXISTS);
        let path = canonical(path);
        for end in 1..=path.len() {
            let above = &path[..end];
            if (end == path.len() || path[end..].starts_with(b"::"))
                && !self.namespaces.contains_key(above)
                && !above.ends_with(b":")
            {
                let table = self.open(true);
                self.namespaces.insert(above.to_vec(), table);
                outcome = Ok(());
            }
        }
        outcome
    }

    pub fn delete(&mut self, path: &[u8]) -> Result<(), lifecycle_status> {
        let path = canonical(path);
        if path.is_empty() {
            return Err(LIFECYCLE_E_BUSY);
        }
        if !self.namespaces.contains_key(&path) {
            return Err(LIFECYCLE_E_NOT_FOUND);
        }
        let below = [&path[..], b"::"].concat();
        self.namespaces.retain(|other, _| *other != path && !other.starts_with(&below));
        let living: BTreeSet<usize> = self.namespaces.values().copied().collect();
        self.commands.retain(|(table, _), _| living.contains(table));
        self.exports.retain(|table, _| living.contains(table));
        Ok(())
    }

    /// Paths right below one.
    pub fn children(&self, path: &[u8]) -> Vec<Name> {
        let above = [&canonical(path)[..], b"::"].concat();
        let is_child = |other: &&Name| {
            other.strip_prefix(&above[..]).is_some_and(|name| !name.windows(2).any(|w| w == b"::"))
        };
        self.namespaces.keys().filter(is_child).cloned().collect()
    }
}

impl Frame {
    fn new(own: usize, before: usize, namespace: Name) -> Self {
        Frame { own, locals: Vec::new(), before, namespace, given: [0; 3], line: 0 }
    }
}

/// A path as it is told: names with two colons in front of each; nothing for the global namespace.
pub fn canonical(path: &[u8]) -> Name {
    let (mut told, mut rest) = (Name::new(), path);
    loop {
        if rest.starts_with(b"::") {
            let colons = rest.iter().take_while(|byte| **byte == b':').count();
            rest = &rest[colons..];
        }
        if rest.is_empty() {
            return told;
        }
        let end = rest.windows(2).position(|pair| pair == b"::").unwrap_or(rest.len());
        told.extend_from_slice(b"::");
        told.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
}
