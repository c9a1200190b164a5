//! Symbols: named code, who owns it, and when it was last used.
//!
//! Invariants:
//! - `.symbol.name`: the name table holds each published symbol once, under its own name; a staged
//!   one (of a reload that is not committed) is in the table of staged names instead.
//! - `.symbol.age`: exactly the published JIT symbols are tracked by the ages.
//! - `.symbol.chain`: a symbol is on the chain of its module for its kind (own or JIT).

use core::ffi::c_void;
use core::ops::Deref;
use core::sync::atomic::Ordering;

use super::locate::Locator;
use super::region::Span;
use crate::abi::{LIFECYCLE_MAP_JIT, lifecycle_release_fn};
use crate::base::{
    Chain, Host, Index, Kind, Link, Linked, Result, Slots, Text, error, fail, split_index,
};
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

/// What is known of a symbol.
pub struct Record<Name> {
    /// Its name, not empty.
    pub name: Name,
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
    /// The host's.
    pub user: *mut c_void,
    /// Not visible until its reload is committed.
    pub staged: bool,
    /// What tools were told of it.
    pub told: Told,
}

/// The name of a new symbol.
pub enum NewName<'a> {
    /// Still to be copied.
    Given(&'a [u8]),
    /// Copied already, by who did not want to hold a lock meanwhile.
    Copied(Text),
}

/// Named code.
pub struct Symbol {
    record: Record<Text>,
    /// Counts symbols.
    pub generation: u64,
    /// The number of its name's entry, once it has been pointed here. A published symbol with code
    /// has it if there is such an entry, whichever of the two came first.
    pub entry: Option<u32>,
    hash: u64,
    link: Link,
}

impl Deref for Symbol {
    type Target = Record<Text>;
    fn deref(&self) -> &Record<Text> {
        &self.record
    }
}

impl Linked for Symbol {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl<Name> Record<Name> {
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
        new: Record<NewName<'_>>,
        epoch: u64,
        locator: &Locator,
    ) -> Result<u64> {
        let name = match new.name {
            NewName::Given(bytes) => Text::copy(self.host, bytes)?,
            NewName::Copied(text) => text,
        };
        let hash = self.hash(name.bytes());
        // A staged symbol will be published without a chance to fail, so it takes its place there
        // now.
        self.published.make_room_for(self.staged.len() + 1)?;
        self.staged.make_room()?;
        let Record { module, flags, pins, address, len, backing, user, staged, told, .. } = new;
        let record =
            Record { name, module, flags, pins, address, len, backing, user, staged, told };
        let (jit, awaited) = (record.is_jit(), record.is_awaited());
        let generation = self.made + 1;
        let symbol = Symbol { record, generation, entry: None, hash, link: Link::default() };
        let id = self.slots.insert(symbol)?;
        let index = split_index(id);
        let room = match locator.place(index) {
            Some(place) => {
                place.used.store(epoch, Ordering::Relaxed);
                self.ages.make_room(index)
            }
            None => {
                let most = locator.most_symbols();
                Err(error!(LIFECYCLE_E_LIMIT, "there are {most} symbols already"))
            }
        };
        if let Err(error) = room {
            self.slots.remove(id)?;
            return Err(error);
        }
        self.made += 1;
        chain.push(&mut self.slots, id)?;
        self.pinned += u64::from(pins != 0);
        self.jit += u64::from(jit);
        self.awaited += u64::from(awaited);
        if staged {
            self.staged.insert(hash, id)?;
        } else {
            self.published.insert(hash, id)?;
            if jit && !awaited {
                self.ages.track(index, epoch)?;
            }
        }
        Ok(id)
    }

    /// Makes a staged symbol visible, and used now. The caller has taken whatever had the name out
    /// of the way.
    pub fn publish(&mut self, id: u64, epoch: u64, locator: &Locator) -> Result<()> {
        let symbol = self.slots.get_mut(id)?;
        symbol.record.staged = false;
        let hash = symbol.hash;
        self.staged.remove(hash, id);
        self.published.insert(hash, id)?;
        self.renew(id, epoch, locator)
    }

    /// A symbol was used now; a published JIT symbol is tracked from now on. Its word comes first,
    /// and may say more already: it is never older than its list (`.age.sorted`).
    fn renew(&mut self, id: u64, epoch: u64, locator: &Locator) -> Result<()> {
        let (index, symbol) = (split_index(id), self.slots.get(id)?);
        if let Some(place) = locator.place(index) {
            place.used.fetch_max(epoch, Ordering::Relaxed);
        }
        if symbol.is_jit() && !symbol.staged && !symbol.is_awaited() {
            self.ages.track(index, epoch)?;
        }
        Ok(())
    }

    /// A symbol's code lies in this span, which starts where it did.
    pub fn set_span(&mut self, id: u64, span: Span) -> Result<()> {
        self.slots.get_mut(id)?.record.backing = Backing::Span(span);
        Ok(())
    }

    /// A symbol's entry points at it.
    pub fn set_entry(&mut self, id: u64, entry: Option<u32>) -> Result<()> {
        self.slots.get_mut(id)?.entry = entry;
        Ok(())
    }

    /// Removes a symbol from everything that knows it: what is known of it, and the number of its
    /// name's entry, if that points at it.
    #[inline(always)]
    pub fn remove(&mut self, chain: &mut Chain, id: u64) -> Result<(Record<Text>, Option<u32>)> {
        let Symbol { hash, ref record, .. } = *self.slots.get(id)?;
        let names = if record.staged { &mut self.staged } else { &mut self.published };
        names.remove(hash, id);
        self.ages.untrack(split_index(id));
        chain.remove(&mut self.slots, id)?;
        let Symbol { record, entry, .. } = self.slots.remove(id)?;
        self.pinned -= u64::from(record.pins != 0);
        self.jit -= u64::from(record.is_jit());
        self.awaited -= u64::from(record.is_awaited());
        Ok((record, entry))
    }

    /// Makes a module's own symbol a JIT symbol of `module`, used now.
    pub fn make_jit(
        &mut self,
        from: &mut Chain,
        to: &mut Chain,
        id: u64,
        module: u64,
        epoch: u64,
        locator: &Locator,
    ) -> Result<()> {
        self.ages.make_room(split_index(id))?;
        from.remove(&mut self.slots, id)?;
        to.push(&mut self.slots, id)?;
        let record = &mut self.slots.get_mut(id)?.record;
        self.jit += u64::from(!record.is_jit());
        record.flags |= LIFECYCLE_MAP_JIT;
        record.module = module;
        self.renew(id, epoch, locator)
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
        symbol.record.pins = pins;
        Ok(())
    }
}
