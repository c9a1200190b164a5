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
//! Binding and unbinding are guarded by the manager's lock; the room keeps none of its own, and
//! calls nobody back: what observers should hear is returned. Looking up takes no lock
//! (`Tables::lookup`). The room does not know modules: ids of modules are numbers that it keeps.

mod index;
mod live;
mod ranges;
mod record;
mod store;
mod tables;

#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod threads_tests;

use core::sync::atomic::{AtomicU64, Ordering};

use crate::abi::{LIFECYCLE_GLOBAL, lifecycle_decl};
use crate::base::{Chain, Host, Kind, Link, Linked, List, ListExt, Result, Slots, Text, fail};
pub use live::{Live, NO_ID_IS_LIVE};
pub use ranges::Ranges;
use store::Store;
pub use tables::{Lookup, Tables};

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
    name: u32,
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
#[derive(Clone, Copy)]
pub struct Unbound {
    /// LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
    pub kind: u32,
    /// Bytes of the name.
    pub name_len: usize,
    /// Where its copy begins.
    pub name_at: Option<usize>,
    /// What lookups notice.
    pub outcome: Outcome,
}

/// The name tables of one manager.
pub struct Names {
    store: Store,
    tables: &'static Tables,
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
    /// No names. `tables` is where lookups look; `versions` are the counters that hosts read
    /// without a call, one per kind.
    pub fn new(
        host: Host,
        salt: u8,
        tables: &'static Tables,
        versions: &'static [AtomicU64; KINDS],
    ) -> Self {
        tables.open(salt);
        Names {
            store: Store::new(host, tables),
            tables,
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
        let name = self.store.take(new.kind, new.name)?;
        let added = self.add(chain, module, &new, name);
        match added {
            Ok(_) => {
                if let Some(count) = self.counts.get_mut(kind) {
                    *count += 1;
                }
            }
            Err(_) => self.store.give_back(name),
        }
        added
    }

    /// The part of `bind` that needs no memory any more.
    fn add(
        &mut self,
        chain: &mut Chain,
        module: u64,
        new: &NewBinding<'_>,
        name: u32,
    ) -> Result<lifecycle_decl> {
        let top = self.top(name);
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
        let top = self.top(binding.name);
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
        self.set_answer(name, decl)?;
        self.changed(kind);
        Ok(())
    }

    /// The binding of a name that answers; 0 if none does.
    fn top(&self, name: u32) -> u64 {
        let [_, _, decl, _] = self.store.answer(name);
        decl
    }

    /// A binding answers from now on; 0 = none does. `changed` follows.
    fn set_answer(&self, name: u32, decl: u64) -> Result<()> {
        let answer = match decl {
            0 => [0; 4],
            decl => {
                let top = self.bindings.get(decl)?;
                [top.value as u64, top.aux as u64, decl, top.module]
            }
        };
        self.store.set_answer(name, &answer);
        Ok(())
    }

    /// An answer of a kind has changed.
    fn changed(&self, kind: u32) {
        if let Some(version) = self.versions.get(kind as usize) {
            // Nobody else changes it, so this needs no locked instruction.
            let next = version.load(Ordering::Relaxed).wrapping_add(1);
            version.store(next, Ordering::Release);
        }
    }

    /// Takes a binding away, wherever it is on its name's stack, staged or not. `chain` is its
    /// module's. Where lookups notice it, the name is copied to the end of `texts`, with a NUL, if
    /// there is room for it. E_STALE.
    pub fn unbind(
        &mut self,
        chain: &mut Chain,
        decl: lifecycle_decl,
        texts: Option<&mut List<u8>>,
    ) -> Result<Unbound> {
        self.bindings.get(decl)?;
        chain.remove(&mut self.bindings, decl)?;
        let binding = self.bindings.remove(decl)?;
        self.take_out(&binding, texts)
    }

    /// As `unbind`, of the binding that came last on a chain; None if there is none.
    pub fn unbind_newest(
        &mut self,
        chain: &mut Chain,
        texts: Option<&mut List<u8>>,
    ) -> Result<Option<Unbound>> {
        match chain.pop(&mut self.bindings)? {
            Some(binding) => self.take_out(&binding, texts).map(Some),
            None => Ok(None),
        }
    }

    /// Takes a binding that is gone out of its name's stack.
    fn take_out(&mut self, gone: &Binding, texts: Option<&mut List<u8>>) -> Result<Unbound> {
        let Binding { kind, name, above, below, .. } = *gone;
        let outcome = if gone.staged || above != 0 {
            Outcome::Shadowed
        } else if below == 0 {
            Outcome::Removed
        } else {
            Outcome::Restored { module: self.bindings.get(below)?.module }
        };
        if below != 0 {
            self.bindings.get_mut(below)?.above = above;
        }
        if above != 0 {
            self.bindings.get_mut(above)?.below = below;
        }
        let name_len = self.store.text_len(name);
        let mut name_at = None;
        if outcome != Outcome::Shadowed {
            let room = |texts: &&mut List<u8>| texts.capacity() - texts.len() > name_len;
            if let Some(texts) = texts.filter(room) {
                name_at = Some(texts.len());
                self.store.text(name, |piece| texts.extend_from_slice(piece));
                texts.push(0);
            }
            if !self.store.is_last_use(name) {
                self.set_answer(name, below)?;
            }
        }
        self.store.give_back(name);
        if outcome != Outcome::Shadowed {
            self.changed(kind);
        }
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count -= 1;
        }
        Ok(Unbound { kind, name_len, name_at, outcome })
    }

    /// What a name means now, and the binding's id.
    pub fn newest(&self, kind: u32, name: &[u8]) -> Option<(lifecycle_decl, &Binding)> {
        let top = self.top(self.store.find(kind, name)?);
        // A miss must not overwrite the thread's last sentence, which asking for binding 0 would.
        if top == 0 {
            return None;
        }
        Some((top, self.bindings.get(top).ok()?))
    }

    /// What lookups of a name answer. For who has the lock.
    pub fn answer(&self, kind: u32, name: &[u8]) -> Option<[u64; 4]> {
        let answer @ [_, _, (1..), _] = self.store.answer(self.store.find(kind, name)?) else {
            return None;
        };
        Some(answer)
    }

    /// A binding by its id. E_STALE once it is unbound.
    pub fn get(&self, decl: lifecycle_decl) -> Result<&Binding> {
        self.bindings.get(decl)
    }

    /// A copy of the name that a binding binds.
    pub fn copy_name(&self, host: Host, binding: &Binding) -> Result<Text> {
        let mut bytes = List::new_in(host);
        bytes.make_room(self.store.text_len(binding.name))?;
        self.store.text(binding.name, |piece| bytes.extend_from_slice(piece));
        Text::copy(host, &bytes)
    }

    /// The ids from `first` to `last` are about to stop being live.
    pub fn forget_ids(&self, first: i64, last: i64) {
        if let Some(live) = self.tables.known() {
            live.forget(first, last);
        }
    }

    /// Brings near what unbinding will look at, if there is such a binding, and says which of its
    /// module's came before it.
    pub fn prefetch(&self, decl: lifecycle_decl) -> u64 {
        // Asking for binding 0 would be a failure, and told as one.
        if decl == 0 {
            return 0;
        }
        let Ok(binding) = self.bindings.get(decl) else { return 0 };
        self.store.prefetch(binding.name);
        binding.link.older()
    }

    /// From now on many names change at once: lookups wait for the lock until `end_switch`, so that
    /// they find all of it or nothing.
    pub fn begin_switch(&self) {
        self.tables.begin_switch();
    }

    /// All of them have changed.
    pub fn end_switch(&self) {
        self.tables.end_switch();
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
        self.store.len()
    }

    /// Bytes of bookkeeping, the names' texts included.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.store.bytes() + self.bindings.bytes()
    }
}
