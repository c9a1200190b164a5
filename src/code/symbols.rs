//! Symbols: named code, who owns it, and when it was last used.
//!
//! Invariants:
//! - `.symbol.name`: the name table holds each published symbol once, under its own name; a staged
//!   one (of a reload that is not committed) is in the table of staged names instead.
//! - `.symbol.age`: exactly the published JIT symbols are tracked by the ages.
//! - `.symbol.chain`: a symbol is on the chain of its module for its kind (own or JIT).

use core::ffi::c_void;

use super::locate::{Locator, MOST_SYMBOLS};
use super::spans::Span;
use crate::abi::{LIFECYCLE_MAP_JIT, lifecycle_release_fn};
use crate::base::{Chain, Host, Index, Kind, Link, Linked, Result, Slots, Text, fail, split_index};
use crate::epoch::Ages;
use crate::tools::Told;

/// What holds a symbol's bytes.
#[derive(Clone, Copy)]
pub enum Backing {
    /// A span of the manager's own code.
    Span(Span),
    /// The host mapped it, and releases it.
    Host {
        /// How.
        release: lifecycle_release_fn,
        /// With what.
        user: *mut c_void,
    },
    /// Nothing yet: a JIT symbol that was announced and not mapped.
    Awaited,
}

/// Named code.
pub struct Symbol {
    /// Its name.
    pub name: Text,
    /// The module that owns it, or whose code made the JIT produce it.
    pub module: u64,
    /// LIFECYCLE_MAP_JIT, LIFECYCLE_MAP_ADOPTED.
    pub flags: u32,
    /// Pins held.
    pub pins: u32,
    /// First byte.
    pub address: *mut u8,
    /// Bytes.
    pub len: usize,
    /// What holds them.
    pub backing: Backing,
    /// Counts symbols.
    pub generation: u64,
    /// The host's.
    pub user: *mut c_void,
    /// Not visible until its reload is committed.
    pub staged: bool,
    /// What tools were told of it.
    pub told: Told,
    hash: u64,
    link: Link,
}

impl Linked for Symbol {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl Symbol {
    /// Whether the JIT made it.
    pub fn is_jit(&self) -> bool {
        self.flags & LIFECYCLE_MAP_JIT != 0
    }

    /// Bytes of the manager's code that go with it: what statistics count as live.
    pub fn footprint(&self) -> u64 {
        match self.backing {
            Backing::Span(span) => span.len as u64,
            Backing::Host { .. } | Backing::Awaited => 0,
        }
    }

    /// Whether it was announced and is not mapped yet.
    pub fn is_awaited(&self) -> bool {
        matches!(self.backing, Backing::Awaited)
    }
}

/// What a new symbol is.
pub struct NewSymbol<'a> {
    /// Name, not empty.
    pub name: &'a [u8],
    /// Owner or origin.
    pub module: u64,
    /// Flags to keep.
    pub flags: u32,
    /// Pins to start with.
    pub pins: u32,
    /// First byte.
    pub address: *mut u8,
    /// Bytes.
    pub len: usize,
    /// What holds them.
    pub backing: Backing,
    /// The host's.
    pub user: *mut c_void,
    /// Whether it waits for a reload's commit.
    pub staged: bool,
    /// What tools were told of it.
    pub told: Told,
}

/// The symbols of one manager.
pub struct Symbols {
    host: Host,
    slots: Slots<Symbol>,
    published: Index,
    staged: Index,
    /// Published JIT symbols by age.
    pub ages: Ages,
    made: u64,
    pinned: u64,
    jit: u64,
    awaited: u64,
}

impl Symbols {
    /// None.
    pub fn new(host: Host, salt: u8) -> Self {
        Symbols {
            host,
            slots: Slots::new(host, Kind::Symbol, salt),
            published: Index::new(host, salt),
            staged: Index::new(host, salt),
            ages: Ages::new(host),
            made: 0,
            pinned: 0,
            jit: 0,
            awaited: 0,
        }
    }

    /// Symbols with code.
    pub fn len(&self) -> u64 {
        self.slots.len() as u64 - self.awaited
    }

    /// JIT symbols.
    pub fn jit(&self) -> u64 {
        self.jit
    }

    /// Symbols with a pin.
    pub fn pinned(&self) -> u64 {
        self.pinned
    }

    /// Bytes of bookkeeping.
    pub fn bytes(&self) -> usize {
        self.slots.bytes() + self.ages.bytes() + self.published.bytes() + self.staged.bytes()
    }

    /// The symbol an id names.
    pub fn get(&self, id: u64) -> Result<&Symbol> {
        self.slots.get(id)
    }

    /// The symbol with a number.
    pub fn at(&self, index: usize) -> Option<(u64, &Symbol)> {
        self.slots.at(index)
    }

    /// Every symbol.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Symbol)> {
        self.slots.iter()
    }

    /// The members of a module's chain.
    pub fn chain<'a>(&'a self, chain: &Chain) -> impl Iterator<Item = (u64, &'a Symbol)> {
        chain.newest_first(&self.slots)
    }

    fn hash(&self, name: &[u8]) -> u64 {
        self.published.hash(0, name)
    }

    /// The published symbol of a name; an announced one without code does not count.
    pub fn find(&self, name: &[u8]) -> Option<u64> {
        let id = self.find_even_awaited(name)?;
        self.get(id).is_ok_and(|symbol| !symbol.is_awaited()).then_some(id)
    }

    /// The published or announced symbol of a name.
    pub fn find_even_awaited(&self, name: &[u8]) -> Option<u64> {
        let same = |id| self.get(id).is_ok_and(|symbol| symbol.name.bytes() == name);
        self.published.find(self.hash(name), same)
    }

    /// A symbol that a reload in progress has staged for `module` under this name; an announced one
    /// does not count.
    pub fn find_staged(&self, module: u64, name: &[u8]) -> Option<u64> {
        let id = self.find_staged_even_awaited(module, name)?;
        self.get(id).is_ok_and(|symbol| !symbol.is_awaited()).then_some(id)
    }

    /// A symbol that a reload in progress has staged or announced for `module` under this name.
    pub fn find_staged_even_awaited(&self, module: u64, name: &[u8]) -> Option<u64> {
        let same = |id| {
            self.get(id).is_ok_and(|symbol| symbol.module == module && symbol.name.bytes() == name)
        };
        self.staged.find(self.hash(name), same)
    }

    /// Adds a symbol on its module's chain; published unless staged. The caller has made sure that
    /// the name is free.
    pub fn insert(
        &mut self,
        chain: &mut Chain,
        new: NewSymbol<'_>,
        epoch: u64,
        locator: &Locator,
    ) -> Result<u64> {
        let name = Text::copy(self.host, new.name)?;
        let hash = self.hash(new.name);
        if self.slots.len() >= MOST_SYMBOLS {
            fail!(LIFECYCLE_E_LIMIT, "there are {MOST_SYMBOLS} symbols already");
        }
        // A staged symbol will be published without a chance to fail, so it takes its place there
        // now.
        self.published.make_room_for(self.staged.len() + 1)?;
        self.staged.make_room()?;
        let symbol = Symbol {
            name,
            module: new.module,
            flags: new.flags,
            pins: new.pins,
            address: new.address,
            len: new.len,
            backing: new.backing,
            generation: self.made + 1,
            user: new.user,
            staged: new.staged,
            told: new.told,
            hash,
            link: Link::default(),
        };
        let id = self.slots.insert(symbol)?;
        if let Err(error) = self.ages.make_room(split_index(id)) {
            self.slots.remove(id)?;
            return Err(error);
        }
        self.made += 1;
        chain.push(&mut self.slots, id)?;
        self.pinned += u64::from(new.pins != 0);
        self.jit += u64::from(new.flags & LIFECYCLE_MAP_JIT != 0);
        self.awaited += u64::from(matches!(new.backing, Backing::Awaited));
        if let Some(place) = locator.place(split_index(id)) {
            place.used.store(epoch, core::sync::atomic::Ordering::Relaxed);
        }
        if new.staged {
            self.staged.insert(hash, id)?;
        } else {
            self.publish_new(id, hash, epoch)?;
        }
        Ok(id)
    }

    fn publish_new(&mut self, id: u64, hash: u64, epoch: u64) -> Result<()> {
        self.published.insert(hash, id)?;
        let symbol = self.slots.get(id)?;
        if symbol.is_jit() && !symbol.is_awaited() {
            self.ages.track(split_index(id), epoch)?;
        }
        Ok(())
    }

    /// Makes a staged symbol visible. The caller has taken whatever had the name out of the way.
    pub fn publish(&mut self, id: u64, epoch: u64) -> Result<()> {
        let symbol = self.slots.get_mut(id)?;
        symbol.staged = false;
        let hash = symbol.hash;
        self.staged.remove(hash, id);
        self.publish_new(id, hash, epoch)
    }

    /// Takes a published symbol out of sight while it stays on its chain; `remove` must follow.
    pub fn hide(&mut self, id: u64) -> Result<()> {
        let hash = self.slots.get(id)?.hash;
        if !self.published.remove(hash, id) {
            self.staged.remove(hash, id);
        }
        self.ages.untrack(split_index(id));
        Ok(())
    }

    /// A symbol's code lies in this span, which starts where it did.
    pub fn set_span(&mut self, id: u64, span: Span) -> Result<()> {
        self.slots.get_mut(id)?.backing = Backing::Span(span);
        Ok(())
    }

    /// Removes a symbol from everything that knows it.
    pub fn remove(&mut self, chain: &mut Chain, id: u64) -> Result<Symbol> {
        self.hide(id)?;
        chain.remove(&mut self.slots, id)?;
        let symbol = self.slots.remove(id)?;
        self.pinned -= u64::from(symbol.pins != 0);
        self.jit -= u64::from(symbol.is_jit());
        self.awaited -= u64::from(symbol.is_awaited());
        Ok(symbol)
    }

    /// Makes a module's own symbol a JIT symbol of `module`.
    pub fn make_jit(
        &mut self,
        from: &mut Chain,
        to: &mut Chain,
        id: u64,
        module: u64,
        epoch: u64,
    ) -> Result<()> {
        self.ages.make_room(split_index(id))?;
        from.remove(&mut self.slots, id)?;
        to.push(&mut self.slots, id)?;
        let symbol = self.slots.get_mut(id)?;
        if !symbol.is_jit() {
            self.jit += 1;
        }
        symbol.flags |= LIFECYCLE_MAP_JIT;
        symbol.module = module;
        if !symbol.staged && !symbol.is_awaited() {
            self.ages.track(split_index(id), epoch)?;
        }
        Ok(())
    }

    /// Adds or takes a pin. E_LIMIT, E_RANGE when there is none to take.
    pub fn pin(&mut self, id: u64, add: bool) -> Result<()> {
        let symbol = self.slots.get_mut(id)?;
        let pins = if add { symbol.pins.checked_add(1) } else { symbol.pins.checked_sub(1) };
        let Some(pins) = pins else {
            let (name, pins) = (&symbol.name, symbol.pins);
            fail!(LIFECYCLE_E_RANGE, "symbol '{name}' has {pins} pins");
        };
        self.pinned -= u64::from(symbol.pins != 0);
        self.pinned += u64::from(pins != 0);
        symbol.pins = pins;
        Ok(())
    }
}
