//! Who owns what: the modules, what hangs on each of them, and who needs whom.
//!
//! A module's record holds the ends of its chains (code, names, data, resources); the things
//! themselves live in the rooms that know them. Unloading walks the chains, so it costs what the
//! module owns.
//!
//! Invariants:
//! - `.module.path`: the path table holds each loaded module once; the fresh side of a reload is
//!   not in it until the reload is committed.
//! - `.module.edges`: an edge hangs on its user's `needs` and on its target's `needed_by`, or does
//!   not exist.

mod keys;
mod loading;
mod order;

use core::ffi::{CStr, c_void};

pub use keys::Keys;
pub use loading::Loading;

use crate::abi::lifecycle_release_fn;
use crate::base::{Chain, Host, Index, Kind, Link, Linked, List, Lossy, Result, Slots, Text, fail};
use crate::os;

/// Where a module is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Loaded.
    Loaded,
    /// Loaded, and a reload that will replace it is in progress.
    Replaced {
        /// The fresh side.
        by: u64,
    },
    /// The fresh side of a reload in progress.
    Fresh {
        /// What it will replace.
        old: u64,
    },
}

/// A reference to a mapping.
pub struct Hold {
    /// The path it was reached by.
    pub path: Text,
    /// The mapping.
    pub mapping: u64,
}

/// A loaded module.
pub struct Module {
    /// Its path.
    pub path: Text,
    /// Counts loads.
    pub generation: u64,
    /// Microseconds since 1970.
    pub load_time_us: u64,
    /// Where it is in its life.
    pub stage: Stage,
    /// Code it owns.
    pub exec: Chain,
    /// JIT code it triggered.
    pub jit: Chain,
    /// Bindings.
    pub names: Chain,
    /// Bytes of the bindings' names, each with a NUL.
    pub name_bytes: usize,
    /// Data beside the code.
    pub data: Chain,
    /// Resources of the host.
    pub resources: Chain,
    /// Mapping references.
    pub holds: List<Hold>,
    /// Metadata keys.
    pub metadata: Chain,
    /// Handles of the drop-in interface.
    pub handles: Chain,
    /// Declaration ranges.
    pub ranges: List<(i64, i64)>,
    /// Bytes of its code.
    pub code_bytes: u64,
    hash: u64,
    needs: Chain<0>,
    needed_by: Chain<1>,
    /// `.order.place`
    place: usize,
}

/// Something of the host's that a module owns.
pub struct Resource {
    /// The module.
    pub module: u64,
    /// The thing.
    pub resource: *mut c_void,
    /// How it is released.
    pub release: lifecycle_release_fn,
    /// With what.
    pub user: *mut c_void,
    link: Link,
}

impl Linked for Resource {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

struct Edge {
    user: u64,
    on: u64,
    out: Link,
    back: Link,
}

impl Linked<0> for Edge {
    fn link(&self) -> &Link {
        &self.out
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.out
    }
}

impl Linked<1> for Edge {
    fn link(&self) -> &Link {
        &self.back
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.back
    }
}

/// The modules of one manager.
pub struct Registry {
    host: Host,
    modules: Slots<Module>,
    by_path: Index,
    resources: Slots<Resource>,
    edges: Slots<Edge>,
    by_ends: Index,
    loads: u64,
    /// Records made: the sides of reloads count here, and not among the loads.
    generations: u64,
    keys: Keys,
    /// Modules being loaded, by thread.
    pub loading: Loading,
}

impl Registry {
    /// No modules. Loads nest `depth` deep.
    pub fn new(host: Host, salt: u8, depth: u32) -> Self {
        Registry {
            host,
            modules: Slots::new(host, Kind::Module, salt),
            by_path: Index::new(host, salt),
            resources: Slots::new(host, Kind::Resource, salt),
            edges: Slots::new(host, Kind::Record, salt),
            by_ends: Index::new(host, salt),
            loads: 0,
            generations: 0,
            keys: Keys::new(host, salt),
            loading: Loading::new(host, depth),
        }
    }

    /// Modules loaded, the fresh sides of reloads included.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Modules loaded since the start. What a reload puts in the place of one is not a load.
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// Resources owned.
    pub fn resource_count(&self) -> usize {
        self.resources.len()
    }

    /// The module of an id.
    pub fn get(&self, id: u64) -> Result<&Module> {
        self.modules.get(id)
    }

    /// The module of an id, to change.
    pub fn get_mut(&mut self, id: u64) -> Result<&mut Module> {
        self.modules.get_mut(id)
    }

    /// Every module.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Module)> {
        self.modules.iter()
    }

    /// Some module, while there is one: the next after `last` in the order of their places, then
    /// around. Who goes on from what it returns looks at each place once.
    pub fn next_after(&self, last: u64) -> Option<u64> {
        self.modules.next_after(last)
    }

    /// The loaded module of a path.
    pub fn find(&self, path: &CStr) -> Option<u64> {
        let path = path.to_bytes();
        let same = |id| self.get(id).is_ok_and(|module| module.path.bytes() == path);
        self.by_path.find(self.by_path.hash(0, path), same)
    }

    fn make_record(&self, path: Text, stage: Stage) -> Module {
        let host = self.host;
        Module {
            hash: self.by_path.hash(0, path.bytes()),
            path,
            generation: self.generations + 1,
            load_time_us: os::real_us(),
            stage,
            exec: Chain::default(),
            jit: Chain::default(),
            names: Chain::default(),
            name_bytes: 0,
            data: Chain::default(),
            resources: Chain::default(),
            holds: List::new_in(host),
            metadata: Chain::default(),
            handles: Chain::default(),
            ranges: List::new_in(host),
            code_bytes: 0,
            needs: Chain::default(),
            needed_by: Chain::default(),
            place: 0,
        }
    }

    /// Starts to track a module. E_EXISTS if its path is loaded already.
    pub fn load(&mut self, path: &CStr) -> Result<u64> {
        if self.find(path).is_some() {
            fail!(LIFECYCLE_E_EXISTS, "module '{}' is loaded already", Lossy(path.to_bytes()));
        }
        self.by_path.make_room()?;
        let path = Text::copy(self.host, path.to_bytes())?;
        let module = self.make_record(path, Stage::Loaded);
        let hash = module.hash;
        let id = self.modules.insert(module)?;
        self.by_path.insert(hash, id)?;
        self.generations += 1;
        self.loads += 1;
        Ok(id)
    }

    /// Adds the fresh side of a reload.
    pub fn begin_reload(&mut self, old: u64) -> Result<u64> {
        let module = self.get(old)?;
        if module.stage != Stage::Loaded {
            fail!(LIFECYCLE_E_BUSY, "module '{}' is in a reload already", module.path);
        }
        let fresh = self.make_record(module.path.clone(), Stage::Fresh { old });
        let fresh = self.modules.insert(fresh)?;
        self.get_mut(old)?.stage = Stage::Replaced { by: fresh };
        self.generations += 1;
        Ok(fresh)
    }

    /// The two sides of the reload that `fresh` belongs to.
    pub fn reload_of(&self, fresh: u64) -> Result<u64> {
        match self.get(fresh)? {
            Module { stage: Stage::Fresh { old }, .. } => Ok(*old),
            module => fail!(
                LIFECYCLE_E_INVALID,
                "module '{}' is not the fresh side of a reload",
                module.path
            ),
        }
    }

    /// The fresh side takes the path and everyone who needs the old side, in the order in which
    /// they came to need it. Takes no memory.
    pub fn commit_reload(&mut self, old: u64, fresh: u64) -> Result<()> {
        let hash = self.get(old)?.hash;
        self.by_path.replace(hash, old, fresh);
        self.get_mut(old)?.stage = Stage::Loaded;
        self.get_mut(fresh)?.stage = Stage::Loaded;
        while let edge @ 1.. = self.get(old)?.needed_by.oldest() {
            let user = self.edges.get(edge)?.user;
            if user == fresh || self.needs(user, fresh) {
                self.cut(edge)?;
            } else {
                self.redirect(edge, fresh)?;
            }
        }
        Ok(())
    }

    /// The old side goes on as if nothing had been.
    pub fn abort_reload(&mut self, old: u64) -> Result<()> {
        self.get_mut(old)?.stage = Stage::Loaded;
        Ok(())
    }

    /// Removes a module's record and its edges; its chains must be empty.
    pub fn remove(&mut self, id: u64) -> Result<Module> {
        while let edge @ 1.. = self.get(id)?.needs.newest() {
            self.cut(edge)?;
        }
        while let edge @ 1.. = self.get(id)?.needed_by.newest() {
            self.cut(edge)?;
        }
        let module = self.modules.remove(id)?;
        self.by_path.remove(module.hash, id);
        Ok(module)
    }

    fn cut(&mut self, edge: u64) -> Result<()> {
        let Edge { user, on, .. } = *self.edges.get(edge)?;
        self.modules.get_mut(user)?.needs.remove(&mut self.edges, edge)?;
        self.modules.get_mut(on)?.needed_by.remove(&mut self.edges, edge)?;
        self.by_ends.remove(self.hash_ends(user, on), edge);
        self.edges.remove(edge)?;
        Ok(())
    }

    /// Makes an edge lead to another module, which its user does not need yet. Takes no memory: the
    /// index has the room of the entry that goes.
    fn redirect(&mut self, edge: u64, to: u64) -> Result<()> {
        let Edge { user, on, .. } = *self.edges.get(edge)?;
        self.modules.get_mut(on)?.needed_by.remove(&mut self.edges, edge)?;
        self.by_ends.remove(self.hash_ends(user, on), edge);
        self.edges.get_mut(edge)?.on = to;
        self.modules.get_mut(to)?.needed_by.push(&mut self.edges, edge)?;
        self.by_ends.insert(self.hash_ends(user, to), edge)
    }

    fn hash_ends(&self, user: u64, on: u64) -> u64 {
        let ends = u128::from(user) << 64 | u128::from(on);
        self.by_ends.hash(0, &ends.to_le_bytes())
    }

    /// Whether `user` has said that it needs `on`.
    pub fn needs(&self, user: u64, on: u64) -> bool {
        let same = |id| self.edges.get(id).is_ok_and(|edge| edge.user == user && edge.on == on);
        self.by_ends.find(self.hash_ends(user, on), same).is_some()
    }

    /// Notes that `user` needs `on`. Twice is once. E_CYCLE for a module that needs itself.
    pub fn depend(&mut self, user: u64, on: u64) -> Result<()> {
        let path = &self.get(user)?.path;
        self.get(on)?;
        if user == on {
            fail!(LIFECYCLE_E_CYCLE, "module '{path}' cannot need itself");
        }
        if self.needs(user, on) {
            return Ok(());
        }
        self.by_ends.make_room()?;
        let edge = Edge { user, on, out: Link::default(), back: Link::default() };
        let edge = self.edges.insert(edge)?;
        self.modules.get_mut(user)?.needs.push(&mut self.edges, edge)?;
        self.modules.get_mut(on)?.needed_by.push(&mut self.edges, edge)?;
        self.by_ends.insert(self.hash_ends(user, on), edge)?;
        Ok(())
    }

    /// Whether any module needs this one.
    pub fn is_needed(&self, id: u64) -> Result<bool> {
        Ok(self.get(id)?.needed_by.len() != 0)
    }

    /// The modules that need this one, the one that came last first.
    pub fn users(&self, id: u64) -> Result<impl Iterator<Item = u64>> {
        let module = self.get(id)?;
        Ok(module.needed_by.newest_first(&self.edges).map(|(_, edge)| edge.user))
    }

    /// The modules that need this one, directly or through others, each before those that it needs
    /// (those of a circle one after the other), and the module itself last.
    pub fn closure(&mut self, id: u64) -> Result<List<u64>> {
        order::users_first(self.host, &mut self.modules, &self.edges, id)
    }

    /// Notes a metadata key of a module; twice is once.
    pub fn note_key(&mut self, module: u64, key: &[u8]) -> Result<()> {
        self.keys.note(&mut self.modules.get_mut(module)?.metadata, module, key)
    }

    /// Takes the key that a module noted last.
    pub fn take_key(&mut self, module: u64) -> Result<Option<Text>> {
        self.keys.forget_newest(&mut self.modules.get_mut(module)?.metadata)
    }

    /// Metadata keys of all modules.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Gives a module something of the host's.
    pub fn own(
        &mut self,
        module: u64,
        resource: *mut c_void,
        release: lifecycle_release_fn,
        user: *mut c_void,
    ) -> Result<u64> {
        self.get(module)?;
        let link = Link::default();
        let id = self.resources.insert(Resource { module, resource, release, user, link })?;
        self.modules.get_mut(module)?.resources.push(&mut self.resources, id)?;
        Ok(id)
    }

    /// Takes something back from its module.
    pub fn disown(&mut self, id: u64) -> Result<Resource> {
        let module = self.resources.get(id)?.module;
        self.modules.get_mut(module)?.resources.remove(&mut self.resources, id)?;
        self.resources.remove(id)
    }

    /// Every resource.
    pub fn resources(&self) -> impl Iterator<Item = (u64, &Resource)> {
        self.resources.iter()
    }
}
