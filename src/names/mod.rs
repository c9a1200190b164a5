//! What names mean: the function, struct, enum and global tables of one manager, and which
//! declaration ids are live.
//!
//! Modules come and go in any order while they bind the same names. A table that only knows the
//! last binding loses the others, and unloading one module then takes a name away from another. So
//! a name is a stack: the newest binding answers, and when any binding goes, in whatever order, the
//! rest stay as they are. Each binding is also on its module's chain, so that unloading costs what
//! the module bound and nothing else.
//!
//! A reload binds the fresh module's names while the old module still answers. Such a binding is
//! staged: its memory is taken, it is on the chain, but it is not on the stack until it is
//! published, which cannot run out of memory.
//!
//! Invariants:
//! - `.names.stack`: the bindings of a name that are not staged form one list through `above` and
//!   `below`, whose newest end is the name's `top`; a staged binding has no neighbours and is never
//!   `top`.
//! - `.names.chain`: every binding, staged or not, is on the chain of its module and on no other;
//!   the caller passes that module's chain.
//! - `.names.version`: a kind's version goes up exactly when the answer of a lookup of that kind
//!   may have changed, and after it changed; so a cache that reads the version before it looks up
//!   is never wrong for longer than one version.
//! - `.names.free`: unbinding and publishing never allocate.
//!
//! The room is guarded by the manager's lock, keeps none of its own, and calls nobody back: what
//! observers should hear is returned. It does not know modules: ids of modules are numbers that it
//! keeps.

mod ranges;
mod table;

#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
#[cfg(test)]
mod tests;

use core::sync::atomic::{AtomicU64, Ordering};

use crate::abi::{LIFECYCLE_GLOBAL, lifecycle_decl};
use crate::base::{Chain, Host, Kind, Link, Linked, Result, Slots, Text, fail};
pub use ranges::Ranges;
use table::Table;

/// Kinds of names there are. Not `pub`: the header generator takes every public constant for C.
pub(crate) const KINDS: usize = LIFECYCLE_GLOBAL as usize + 1;

/// What to bind.
#[derive(Clone, Copy)]
pub struct NewBinding<'a> {
    /// LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
    pub kind: u32,
    /// Any bytes.
    pub name: &'a [u8],
    /// Declaration id, or a global's value.
    pub value: i64,
    /// Return type of a function.
    pub aux: i64,
    /// Not visible before it is published.
    pub staged: bool,
}

/// What one module means by one name.
pub struct Binding {
    /// LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
    pub kind: u32,
    /// Declaration id, or a global's value.
    pub value: i64,
    /// Return type of a function.
    pub aux: i64,
    /// The module that bound it.
    pub module: u64,
    /// Not visible before it is published.
    pub staged: bool,
    name: u64,
    above: u64,
    below: u64,
    link: Link,
}

impl Linked for Binding {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// What lookups of a name notice of an unbinding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The name means nothing any more.
    Removed,
    /// The name means again what this module's binding says.
    Restored {
        /// Whose binding answers now.
        module: u64,
    },
    /// Nothing: the binding was staged, or another one answered and still does.
    Shadowed,
}

/// A binding that is gone.
pub struct Unbound {
    /// LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
    pub kind: u32,
    /// The name: the caller's own, for as long as it likes.
    pub name: Text,
    /// What lookups notice.
    pub outcome: Outcome,
}

/// The name tables of one manager.
pub struct Names {
    table: Table,
    bindings: Slots<Binding>,
    counts: [u64; KINDS],
    versions: &'static [AtomicU64; KINDS],
}

/// The kind as an index. E_INVALID if there is no such kind.
pub fn check_kind(kind: u32) -> Result<usize> {
    match usize::try_from(kind) {
        Ok(kind) if kind < KINDS => Ok(kind),
        _ => fail!(LIFECYCLE_E_INVALID, "{kind} is not a kind of name"),
    }
}

impl Names {
    /// Empty tables. `versions` are the counters that hosts read without a call, one per kind.
    pub fn new(host: Host, salt: u8, versions: &'static [AtomicU64; KINDS]) -> Self {
        Names {
            table: Table::new(host, salt),
            bindings: Slots::new(host, Kind::Decl, salt),
            counts: [0; KINDS],
            versions,
        }
    }

    /// Binds a name for a module and puts the binding on the module's chain. Unless it is staged,
    /// it answers from now on. E_INVALID for an unknown kind, E_NOMEM, E_LIMIT; then nothing
    /// changed.
    pub fn bind(
        &mut self,
        chain: &mut Chain,
        module: u64,
        new: NewBinding<'_>,
    ) -> Result<lifecycle_decl> {
        let kind = check_kind(new.kind)?;
        self.bindings.make_room()?;
        let name = self.table.take(new.kind, new.name)?;
        let added = self.add(chain, module, &new, name);
        match added {
            Ok(_) => {
                if let Some(count) = self.counts.get_mut(kind) {
                    *count += 1;
                }
            }
            Err(_) => self.table.give_back(name)?,
        }
        added
    }

    /// The part of `bind` that needs no memory any more.
    fn add(
        &mut self,
        chain: &mut Chain,
        module: u64,
        new: &NewBinding<'_>,
        name: u64,
    ) -> Result<lifecycle_decl> {
        let top = self.table.get(name)?.top;
        let decl = self.bindings.insert(Binding {
            kind: new.kind,
            value: new.value,
            aux: new.aux,
            module,
            staged: true,
            name,
            above: 0,
            below: 0,
            link: Link::default(),
        })?;
        if let Err(error) = chain.push(&mut self.bindings, decl) {
            // The chain was not this table's: the binding must not stay behind where nobody would
            // find it.
            self.bindings.remove(decl)?;
            return Err(error);
        }
        if !new.staged {
            self.put_above(decl, top)?;
        }
        Ok(decl)
    }

    /// Makes a staged binding visible. Where the stack holds a binding of `replaces_module`, or one
    /// of the same module that was published before, the new one goes directly above the newest of
    /// those, else (and for `replaces_module` = 0) on top: so a reloaded module keeps its place
    /// between the others, and the order of what it binds twice. E_INVALID if it is not staged;
    /// E_STALE.
    pub fn publish(&mut self, decl: lifecycle_decl, replaces_module: u64) -> Result<()> {
        let binding = self.bindings.get(decl)?;
        if !binding.staged {
            fail!(LIFECYCLE_E_INVALID, "binding {decl:#x} is not staged: it is visible already");
        }
        let module = binding.module;
        let top = self.table.get(binding.name)?.top;
        let mut place = top;
        if replaces_module != 0 {
            while place != 0 {
                let at = self.bindings.get(place)?;
                if at.module == replaces_module || at.module == module {
                    break;
                }
                place = at.below;
            }
        }
        self.put_above(decl, if place == 0 { top } else { place })
    }

    /// Publishes every staged binding of a chain, oldest first, and says how many there were.
    pub fn publish_all(&mut self, chain: &Chain, replaces_module: u64) -> Result<usize> {
        let mut published = 0;
        let mut at = chain.oldest();
        while at != 0 {
            let binding = self.bindings.get(at)?;
            let (staged, newer) = (binding.staged, binding.link.newer());
            if staged {
                self.publish(at, replaces_module)?;
                published += 1;
            }
            at = newer;
        }
        Ok(published)
    }

    /// Links a staged binding in directly above `below`, which is on the stack of the same name; 0
    /// if the stack is empty. Neighbours are there by `.names.stack`, so nothing fails half-way.
    fn put_above(&mut self, decl: u64, below: u64) -> Result<()> {
        let above = match below {
            0 => 0,
            below => self.bindings.get(below)?.above,
        };
        let binding = self.bindings.get_mut(decl)?;
        binding.staged = false;
        binding.below = below;
        binding.above = above;
        let (kind, name) = (binding.kind, binding.name);
        if below != 0 {
            self.bindings.get_mut(below)?.above = decl;
        }
        if above != 0 {
            self.bindings.get_mut(above)?.below = decl;
            return Ok(());
        }
        self.table.get_mut(name)?.top = decl;
        self.changed(kind);
        Ok(())
    }

    /// Takes a binding away, wherever it is on its name's stack, staged or not. `chain` is its
    /// module's. E_STALE.
    pub fn unbind(&mut self, chain: &mut Chain, decl: lifecycle_decl) -> Result<Unbound> {
        let binding = self.bindings.get(decl)?;
        let kind = check_kind(binding.kind)?;
        let name = binding.name;
        let (staged, above, below) = (binding.staged, binding.above, binding.below);
        let text = self.table.get(name)?.text.clone();
        let outcome = if staged || above != 0 {
            Outcome::Shadowed
        } else if below == 0 {
            Outcome::Removed
        } else {
            Outcome::Restored { module: self.bindings.get(below)?.module }
        };
        chain.remove(&mut self.bindings, decl)?;
        self.bindings.remove(decl)?;
        if below != 0 {
            self.bindings.get_mut(below)?.above = above;
        }
        if above != 0 {
            self.bindings.get_mut(above)?.below = below;
        }
        if outcome != Outcome::Shadowed {
            self.table.get_mut(name)?.top = below;
            self.changed(kind as u32);
        }
        self.table.give_back(name)?;
        if let Some(count) = self.counts.get_mut(kind) {
            *count -= 1;
        }
        Ok(Unbound { kind: kind as u32, name: text, outcome })
    }

    fn changed(&self, kind: u32) {
        if let Some(version) = self.versions.get(kind as usize) {
            version.fetch_add(1, Ordering::Release);
        }
    }

    /// What a name means now, and the binding's id.
    pub fn newest(&self, kind: u32, name: &[u8]) -> Option<(lifecycle_decl, &Binding)> {
        let top = self.table.find(kind, name)?.top;
        // A miss must not overwrite the thread's last sentence, which asking for binding 0 would.
        if top == 0 {
            return None;
        }
        Some((top, self.bindings.get(top).ok()?))
    }

    /// A binding by its id. E_STALE once it is unbound.
    pub fn get(&self, decl: lifecycle_decl) -> Result<&Binding> {
        self.bindings.get(decl)
    }

    /// The name a binding binds.
    pub fn name(&self, binding: &Binding) -> Result<&Text> {
        Ok(&self.table.get(binding.name)?.text)
    }

    /// Every binding of every module, staged and shadowed ones included, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (lifecycle_decl, &Binding)> {
        self.bindings.iter()
    }

    /// A module's bindings, newest first.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn of_chain(&self, chain: &Chain) -> impl Iterator<Item = (lifecycle_decl, &Binding)> {
        chain.newest_first(&self.bindings)
    }

    /// Bindings of a kind, staged and shadowed ones included; 0 for an unknown kind.
    pub fn count(&self, kind: u32) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or(0)
    }

    /// Names that have a binding, staged ones included.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn names(&self) -> usize {
        self.table.len()
    }

    /// Bytes of bookkeeping, the names' texts included.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.bindings.bytes()
    }
}
