//! Executable memory: where code lies, what it is called, who owns it, and when its bytes may be
//! used again.
//!
//! `Code` puts the parts together: pages (the memory), a region and its spans (which parts of it
//! are in use), the shards that share them out, relocations (addresses in the code), symbols (names
//! and owners), entries (addresses that stay callable), the locator (from a program counter to a
//! symbol). The room is not safe for threads by itself: the manager's lock guards it, except for
//! the locator and the entries' slots, which are made to be read at any time, and the shards, which
//! have locks of their own so that room for code is taken and given back without the manager's.
//!
//! The order of a symbol's end: its entry is pointed elsewhere and its name taken out (`retire`),
//! every reader leaves (the caller waits), its bytes are filled with traps and wait in its shard
//! (`Shards::retire`) until every processor has dropped what it fetched, once for many, and only
//! then may they be handed out again.

mod dual;
mod entries;
mod locate;
mod pages;
mod ranges;
mod region;
mod relocate;
mod shards;
mod slot;
mod spans;
mod stub;
mod symbols;

use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

pub use entries::{Cell, Found, Setup};
pub use locate::Locator;
pub use region::Span;
pub use relocate::{Relocation, Relocations};
pub use shards::{Returning, Shards, Taken};
pub(crate) use stub::SUPPORTED as ENTRIES_SUPPORTED;
pub use stub::trap;
pub use symbols::{Backing, NewName, Record as NewSymbol, Symbol};

use crate::base::{
    Bx, Chain, Host, Kind, Link, Linked, List, Result, Slots, Text, fail, split_index, try_box,
};
use crate::epoch::{Ages, Verdict};
use crate::tools::Told;
use entries::Entries;
use region::Region;
use shards::{ALIGN, MOST_ALIGN, Reserved, Space};
use slot::Slot;
use spans::Spans;
use symbols::Symbols;

/// Where code is wanted.
#[derive(Clone, Copy)]
pub struct Want {
    /// Bytes.
    pub len: usize,
    /// 0 or a power of two.
    pub align: usize,
    /// Within reach of this; NULL = anywhere.
    pub near: *const c_void,
}

impl Want {
    /// As this, with so many bytes behind the code; behind no code there are none.
    pub fn with(self, behind: usize) -> Self {
        Want { len: if self.len == 0 { 0 } else { self.len.saturating_add(behind) }, ..self }
    }

    fn check(&self) -> Result<()> {
        let Want { len, align, .. } = *self;
        if len == 0 {
            fail!(LIFECYCLE_E_INVALID, "code of 0 bytes cannot be mapped");
        }
        if align != 0 && (!align.is_power_of_two() || align > MOST_ALIGN) {
            fail!(
                LIFECYCLE_E_INVALID,
                "an alignment of {align} is not a power of two up to {MOST_ALIGN}"
            );
        }
        Ok(())
    }
}

/// Data of a module beside the code.
pub struct Block {
    span: Span,
    link: Link,
}

impl Linked for Block {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// A symbol that nobody can find any more; its bytes wait for the readers.
pub struct Retired {
    /// Its name, for whoever is told.
    pub name: Text,
    /// The id it had.
    pub id: u64,
    /// Its module.
    pub module: u64,
    /// First byte.
    pub address: *mut u8,
    /// Bytes.
    pub len: usize,
    /// What holds them.
    pub backing: Backing,
    /// What tools were told of it.
    pub told: Told,
}

/// Numbers for statistics.
#[derive(Default)]
pub struct Counts {
    /// Bytes of symbols and reservations.
    pub live: u64,
    /// Bytes of slabs.
    pub reserved: u64,
    /// Bytes of bookkeeping.
    pub metadata: u64,
}

/// All code of one manager.
pub struct Code {
    host: Host,
    /// Emptied before `space` goes (`.shard.space`).
    shards: &'static Shards,
    era: u64,
    space: Bx<Space>,
    data_region: Region,
    data: Spans,
    blocks: Slots<Block>,
    /// Named code.
    pub symbols: Symbols,
    entries: Entries,
    locator: Bx<Locator>,
}

impl Code {
    /// Reserves address space for `capacity` bytes (0 = default) in a mode of LIFECYCLE_CODE_*, and
    /// opens the shards over it.
    pub fn new(
        host: Host,
        salt: u8,
        (capacity, mode): (usize, u32),
        shards: &'static Shards,
        setup: Setup,
    ) -> Result<Self> {
        let space = try_box(host, Space::new(host, capacity, mode)?)?;
        let data_region = Region::new(host, space.pages.data_capacity(), ALIGN, 0)?;
        let locator = Locator::new(space.pages.code_base(), &space.region)?;
        let mut code = Code {
            host,
            shards,
            era: 0,
            data_region,
            data: Spans::new(host, 0),
            blocks: Slots::new(host, Kind::Record, salt),
            symbols: Symbols::new(host, salt),
            entries: Entries::new(host, salt, setup),
            locator: try_box(host, locator)?,
            space,
        };
        // SAFETY: `.shard.space` - the space is boxed, and dropping `code` closes the shards first.
        code.era = unsafe { shards.open(host, salt, NonNull::from(&*code.space)) }?;
        Ok(code)
    }

    /// For lookups that take no lock; valid as long as `self` lives, wherever it moves.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// LIFECYCLE_CODE_DUAL, _MPROTECT or _NONE.
    pub fn mode(&self) -> u32 {
        self.space.pages.mode()
    }

    /// Bytes of code at most.
    pub fn capacity(&self) -> usize {
        self.space.pages.capacity()
    }

    /// What sizes are rounded up to.
    pub fn granule(&self) -> usize {
        self.space.pages.granule()
    }

    /// Entries made.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Data blocks.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Visits every open reservation: its id and size.
    pub fn each_reservation(&self, mut visit: impl FnMut(u64, usize) -> Result<()>) -> Result<()> {
        self.shards.each_open(|id, span| visit(id, span.len))
    }

    /// Bytes, for statistics; `retired` are those among them that wait for readers.
    pub fn counts(&self, retired: u64) -> Counts {
        let held = self.shards.held();
        let metadata = self.space.region.metadata_bytes()
            + held.metadata
            + self.data_region.metadata_bytes()
            + self.data.metadata_bytes()
            + self.symbols.bytes();
        Counts {
            live: (held.live as u64).saturating_sub(retired),
            reserved: self.space.region.claimed_bytes() as u64,
            metadata: metadata as u64,
        }
    }

    /// Takes room for code: its id, where it will run, where it is written, its size.
    pub fn reserve(&self, want: Want) -> Result<(u64, *mut u8, *mut u8, usize)> {
        self.shards.reserve(want)
    }

    /// Gives a reservation up, whatever is being done with it.
    pub fn abort(&self, id: u64) -> Result<()> {
        self.shards.abort(id, true)
    }

    /// Where an open reservation will run, where it is written, and its size.
    pub fn reservation(&self, id: u64) -> Result<(*mut u8, *mut u8, usize)> {
        let (runs_at, Reserved { span, writable, .. }) = self.shards.reservation(id)?;
        Ok((runs_at, writable, span.len))
    }

    /// What the relocations of `used` bytes of code need, wherever the code will run.
    pub fn relocations(&self, list: List<Relocation>, used: usize) -> Result<Relocations> {
        let base = self.space.pages.code_base() as usize;
        Relocations::new(list, used, base..base + self.space.pages.capacity(), self.era)
    }

    /// Fills relocations into a reservation's first `used` bytes and makes them runnable: the part
    /// of its span that they and what stands behind them take. The reservation stays, whole, until
    /// `close` says that this part belongs to a symbol, or `reopen` that it does not; until then
    /// nobody else gives it up.
    pub fn publish(&mut self, id: u64, used: usize, relocations: &Relocations) -> Result<Span> {
        let reserved = self.shards.begin_commit(id)?;
        let published = self.publish_reserved(&reserved, used, relocations);
        self.shards.set_reserved(id, |it| match published {
            Ok(_) => it.open = false,
            Err(_) => it.busy = false,
        })?;
        published
    }

    fn publish_reserved(
        &self,
        reserved: &Reserved,
        used: usize,
        relocations: &Relocations,
    ) -> Result<Span> {
        let Reserved { span, writable, process, open, .. } = *reserved;
        let size = span.len;
        if used == 0 || used > size {
            fail!(LIFECYCLE_E_RANGE, "{used} bytes are not between 1 and the {size} reserved");
        }
        if !open {
            fail!(LIFECYCLE_E_STALE, "the system did not make the code writable again; abort it");
        }
        if !self.space.pages.is_open_since(process) {
            fail!(LIFECYCLE_E_FORKED, "the code was reserved before this process was forked");
        }
        let end = self.finish(span, writable, relocations)?.max(used);
        let len = end.next_multiple_of(self.space.region.granule()).min(span.len);
        Ok(Span { offset: span.offset, len })
    }

    /// As `publish`, for code that was taken and written (`Shards::take`) and is still open.
    pub fn publish_taken(&mut self, taken: &mut Taken, relocations: &Relocations) -> Result<()> {
        self.finish(taken.span, taken.writable, relocations)?;
        taken.open = false;
        Ok(())
    }

    fn finish(&self, span: Span, writable: *mut u8, relocations: &Relocations) -> Result<usize> {
        let pages = &self.space.pages;
        // SAFETY: `.span.live` - the span's bytes are writable there and nobody runs them yet; all
        // of them exist.
        let room = unsafe { core::slice::from_raw_parts_mut(writable, span.len) };
        let end = relocations.fill(room, pages.runs_at(span) as usize)?;
        pages.publish(span)?;
        Ok(end)
    }

    /// Whether what was taken, and what its relocations lead to, is of this code, not of an earlier
    /// manager's in the same place.
    pub fn check_taken(&self, taken: &Taken, relocations: Option<&Relocations>) -> Result<()> {
        let theirs = relocations.map_or(self.era, Relocations::era);
        if taken.era != self.era || theirs != self.era {
            fail!(LIFECYCLE_E_STALE, "the manager was destroyed");
        }
        Ok(())
    }

    /// The part of the reservation's span that `publish` returned belongs to a symbol now; the rest
    /// is given back.
    pub fn close(&mut self, id: u64, symbol: u64) -> Result<()> {
        let Backing::Span(kept) = self.symbols.get(symbol)?.backing else { return Ok(()) };
        self.symbols.set_span(symbol, self.shards.close_reservation(id, kept.len)?)
    }

    /// The reservation's span belongs to nobody after all, and may be written again.
    pub fn reopen(&mut self, id: u64) -> Result<()> {
        let (_, Reserved { span, writable, open, .. }) = self.shards.reservation(id)?;
        let opened = if open { Ok(writable) } else { self.space.pages.open(span) };
        self.shards.set_reserved(id, |it| {
            it.busy = false;
            if let Ok(writable) = opened {
                (it.writable, it.open) = (writable, true);
            }
        })?;
        opened.map(|_| ())
    }

    /// Where a span runs.
    pub fn runs_at(&self, span: Span) -> *mut u8 {
        self.space.pages.runs_at(span)
    }

    /// What to give back with `Shards::retire` when the readers of a symbol's span have left.
    pub fn retired_span(&self, span: Span) -> Taken {
        self.shards.taken(&self.space.region, span)
    }

    /// To give back spans whose readers have left.
    pub fn returning(&self) -> Returning<'static> {
        self.shards.returning()
    }

    /// Bytes that could not be freed yet, because they could not be changed.
    pub fn limbo_bytes(&self) -> u64 {
        self.shards.held().refused as u64
    }

    /// Names code and makes it callable (unless staged).
    pub fn install(
        &mut self,
        chain: &mut Chain,
        new: NewSymbol<NewName<'_>>,
        epoch: u64,
    ) -> Result<u64> {
        let (address, len, backing, staged) = (new.address, new.len, new.backing, new.staged);
        if matches!(backing, Backing::Host { .. }) && len == 0 {
            fail!(LIFECYCLE_E_INVALID, "code of 0 bytes cannot be a symbol");
        }
        let id = self.symbols.insert(chain, new, epoch, &self.locator)?;
        let index = split_index(id);
        match backing {
            Backing::Span(span) => {
                self.space.region.set_owner(span, index as u32 + 1);
            }
            Backing::Host { .. } => {
                if let Err(error) = self.locator.add_range(address as usize, len, index) {
                    self.symbols.remove(chain, id)?;
                    return Err(error);
                }
            }
            Backing::Awaited => return Ok(id),
        }
        self.locator.settle(index, id, address, len);
        if !staged {
            self.point_entry(id)?;
        }
        Ok(id)
    }

    /// Makes a staged symbol visible and callable.
    pub fn unveil(&mut self, id: u64, epoch: u64) -> Result<()> {
        self.symbols.publish(id, epoch, &self.locator)?;
        if self.symbols.get(id)?.is_awaited() {
            return Ok(());
        }
        self.point_entry(id)
    }

    /// Points the entry of a published symbol's name, if there is one, at it.
    fn point_entry(&mut self, id: u64) -> Result<()> {
        if self.entries.len() == 0 {
            return Ok(());
        }
        let symbol = self.symbols.get(id)?;
        let (name, address) = (symbol.name.bytes(), symbol.address);
        let entry = self.entries.point(&self.space.pages, name, address);
        self.symbols.set_entry(id, entry)
    }

    /// Takes a symbol out of every table. Its entry is emptied unless `successor` says that another
    /// symbol has taken the name over. Never allocates.
    #[inline(always)]
    pub fn retire(&mut self, chain: &mut Chain, id: u64, successor: bool) -> Result<Retired> {
        let (symbol, entry) = self.symbols.remove(chain, id)?;
        let NewSymbol { name, module, address, len, backing, told, .. } = symbol;
        if let Some(at) = entry
            && !successor
        {
            self.entries.clear(&self.space.pages, at);
        }
        // From here on no lookup finds it: the words of its granules name a place that is vacant.
        self.locator.vacate(split_index(id));
        if let Backing::Host { .. } = backing {
            self.locator.remove_range(address as usize);
        }
        Ok(Retired { name, id, module, address, len, backing, told })
    }

    /// The address to call a name at, made if it is not there.
    pub fn entry(&mut self, name: &CStr) -> Result<*mut c_void> {
        let at = self.make_entry(name.to_bytes())?;
        Ok(self.entries.callable(&self.space.pages, at))
    }

    /// The slot to call a name through, made if it is not there.
    pub fn entry_slot(&mut self, name: &CStr) -> Result<*const Slot> {
        let at = self.make_entry(name.to_bytes())?;
        Ok(self.entries.slot(&self.space.pages, at))
    }

    fn make_entry(&mut self, name: &[u8]) -> Result<u32> {
        let at = self.entries.get_or_make(&self.space.pages, self.host, name)?;
        if let Some(id) = self.symbols.find(name) {
            self.point_entry(id)?;
        }
        Ok(at)
    }

    /// Where the use of a name's entry is noted, made if it is not there, and where the epoch is
    /// read.
    pub fn entry_usage(&mut self, name: &CStr) -> Result<(*const AtomicU64, *const AtomicU64)> {
        let at = self.make_entry(name.to_bytes())?;
        let pages = &self.space.pages;
        Ok((self.entries.usage(pages, at), self.entries.clock(pages)))
    }

    /// The epoch from now on, for marking through entries.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.entries.set_epoch(&self.space.pages, epoch);
    }

    /// The name of the entry a cell belongs to, and its code if it has some by now.
    pub fn entry_of_cell(&self, cell: *const Cell) -> Option<(&Text, Option<*const c_void>)> {
        self.entries.of_cell(&self.space.pages, cell)
    }

    /// Zeroed, writable memory for a module, beside the code.
    pub fn take_data(&mut self, chain: &mut Chain, len: usize, align: usize) -> Result<*mut u8> {
        let align = if align == 0 { ALIGN } else { align };
        if len == 0 || !align.is_power_of_two() || align > MOST_ALIGN {
            fail!(LIFECYCLE_E_INVALID, "no data of {len} bytes at an alignment of {align}");
        }
        self.blocks.make_room()?;
        let system = self.space.pages.data_slabs();
        let Some(span) = self.data.allocate(&self.data_region, len, align, &system)? else {
            fail!(LIFECYCLE_E_LIMIT, "no {len} bytes in a row are left beside the code");
        };
        let id = self.blocks.insert(Block { span, link: Link::default() })?;
        chain.push(&mut self.blocks, id)?;
        Ok(self.space.pages.data(span))
    }

    /// Takes a block off its module; its memory waits for the readers.
    pub fn retire_data(&mut self, chain: &mut Chain, id: u64) -> Result<Span> {
        chain.remove(&mut self.blocks, id)?;
        Ok(self.blocks.remove(id)?.span)
    }

    /// Zeroes a block's memory and gives it back.
    pub fn free_data(&mut self, span: Span) {
        // SAFETY: `.span.live` - the span is a live one of the data part, which is mapped writable,
        // and its module is gone.
        unsafe { self.space.pages.data(span).write_bytes(0, span.len) };
        self.data.free(&self.data_region, span, &self.space.pages.data_slabs());
    }

    /// Makes a symbol a JIT symbol of `module`, used now.
    pub fn make_jit(
        &mut self,
        from: &mut Chain,
        to: &mut Chain,
        id: u64,
        module: u64,
        epoch: u64,
    ) -> Result<()> {
        self.symbols.make_jit(from, to, id, module, epoch, &self.locator)
    }

    /// The epoch a symbol was last used in, itself or through its entry.
    pub fn last_used(&self, id: u64) -> u64 {
        self.last_used_at(split_index(id))
    }

    fn last_used_at(&self, index: usize) -> u64 {
        let itself = self.locator.place(index).map_or(0, |it| it.used.load(Ordering::Relaxed));
        if self.entries.len() == 0 {
            return itself;
        }
        let entry = self.symbols.at(index).and_then(|(_, symbol)| symbol.entry);
        itself.max(entry.map_or(0, |at| self.entries.last_used(&self.space.pages, at)))
    }

    /// Where a symbol's last used epoch is stored.
    pub fn usage(&self, id: u64) -> Result<&core::sync::atomic::AtomicU64> {
        self.symbols.get(id)?;
        match self.locator.place(split_index(id)) {
            Some(place) => Ok(&place.used),
            None => fail!(LIFECYCLE_E_INVALID, "symbol {id:#x} has no place"),
        }
    }

    /// Visits the JIT symbols last used before epoch `limit`, oldest first, and returns how many
    /// were looked at. Those that `judge` takes are not tracked any more and must be retired by the
    /// caller.
    pub fn visit_stale(
        &mut self,
        limit: u64,
        mut judge: impl FnMut(u64, &Symbol) -> Verdict,
    ) -> u64 {
        self.visit_older(limit, |code, index| match code.symbols.at(index) {
            Some((id, symbol)) => judge(id, symbol),
            None => Verdict::Take,
        })
    }

    /// How many JIT symbols were last used before epoch `limit`. Looks at their words alone.
    pub fn count_stale(&mut self, limit: u64) -> usize {
        let mut count = 0;
        self.visit_older(limit, |_, _| {
            count += 1;
            Verdict::Keep
        });
        count
    }

    fn visit_older(&mut self, limit: u64, mut judge: impl FnMut(&Self, usize) -> Verdict) -> u64 {
        let nothing = Ages::new(self.host);
        let mut ages = core::mem::replace(&mut self.symbols.ages, nothing);
        let used = |index| self.last_used_at(index);
        let examined = ages.visit_older(limit, used, |index, _| judge(self, index));
        self.symbols.ages = ages;
        examined
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.shards.close();
    }
}

/// The owner of JIT symbols.
pub(crate) const JIT_OWNER: &CStr = c"__jit__";
