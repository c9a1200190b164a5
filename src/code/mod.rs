//! Executable memory: where code lies, what it is called, who owns it, and when its bytes may be
//! used again.
//!
//! `Code` puts the parts together: pages (the memory), spans (which parts of it are in use),
//! symbols (names and owners), entries (addresses that stay callable), the locator (from a program
//! counter to a symbol). The room is not safe for threads by itself: the manager's lock guards it,
//! except for the locator and the entries' slots, which are made to be read at any time.
//!
//! The order of a symbol's end: its entry is pointed elsewhere and its name taken out (`retire`),
//! every reader leaves (the caller waits), its bytes are filled with traps and every processor
//! drops what it fetched (`free`), and only then may the bytes be handed out again.

mod dual;
mod entries;
mod locate;
mod pages;
mod relocate;
mod slot;
mod spans;
mod stub;
mod symbols;

use core::ffi::{CStr, c_void};
use core::sync::atomic::Ordering;

pub use entries::{Cell, Resolve};
pub use locate::Locator;
pub use relocate::Relocation;
pub use spans::Span;
pub(crate) use stub::SUPPORTED as ENTRIES_SUPPORTED;
pub use stub::trap;
pub use symbols::{Backing, NewSymbol, Symbol};

use crate::base::{
    Bx, Chain, Host, Kind, Link, Linked, List, ListExt, Result, Slots, Text, fail, split_index,
    try_box,
};
use crate::epoch::Verdict;
use crate::os;
use crate::tools::Told;
use entries::Entries;
use pages::Pages;
use slot::Slot;
use spans::{NOBODY, Spans};
use symbols::Symbols;

/// Bytes that a branch of the usual kind reaches.
const REACH: usize = i32::MAX as usize;
/// Alignment where the caller names none.
const ALIGN: usize = 64;
/// Largest alignment.
const MOST_ALIGN: usize = 4096;

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

/// Code that was reserved and is not committed.
pub struct Reserved {
    /// Where.
    pub span: Span,
    /// Where it is written.
    pub writable: *mut u8,
    /// The process that may write there (`os::fork_generation`).
    process: u64,
    /// Whether it may be written: until it is published.
    open: bool,
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
    pages: Pages,
    spans: Spans,
    data: Spans,
    blocks: Slots<Block>,
    reserved: Slots<Reserved>,
    /// Named code.
    pub symbols: Symbols,
    entries: Entries,
    locator: Bx<Locator>,
    /// Spans to be freed whose bytes cannot be changed yet (`Slabs::own`). Has room for every span.
    limbo: List<Span>,
}

impl Code {
    /// Reserves address space for `capacity` bytes (0 = default) in a mode of LIFECYCLE_CODE_*.
    /// Empty entries call `resolve` with a cell whose context is `context`.
    pub fn new(
        host: Host,
        salt: u8,
        capacity: usize,
        mode: u32,
        context: *const c_void,
        resolve: Resolve,
    ) -> Result<Self> {
        let pages = Pages::new(host, capacity, mode)?;
        let spans = Spans::new(host, pages.capacity(), pages.granule())?;
        let data = Spans::new(host, pages.data_capacity(), ALIGN)?;
        let locator = Locator::new(pages.code_base(), pages.granule(), spans.owners())?;
        Ok(Code {
            host,
            spans,
            data,
            blocks: Slots::new(host, Kind::Record, salt),
            reserved: Slots::new(host, Kind::Reservation, salt),
            symbols: Symbols::new(host, salt),
            entries: Entries::new(host, salt, context, resolve),
            locator: try_box(host, locator)?,
            limbo: List::new_in(host),
            pages,
        })
    }

    /// For lookups that take no lock; valid as long as `self` lives, wherever it moves.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// LIFECYCLE_CODE_DUAL, _MPROTECT or _NONE.
    pub fn mode(&self) -> u32 {
        self.pages.mode()
    }

    /// Bytes of code at most.
    pub fn capacity(&self) -> usize {
        self.pages.capacity()
    }

    /// What sizes are rounded up to.
    pub fn granule(&self) -> usize {
        self.pages.granule()
    }

    /// Entries made.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Reservations open, and data blocks.
    pub fn open_counts(&self) -> (usize, usize) {
        (self.reserved.len(), self.blocks.len())
    }

    /// Open reservations: id, first byte, size.
    pub fn reservations(&self) -> impl Iterator<Item = (u64, *mut u8, usize)> {
        self.reserved.iter().map(|(id, open)| (id, self.pages.runs_at(open.span), open.span.len))
    }

    /// Bytes, for statistics; `retired` are those among them that wait for readers.
    pub fn counts(&self, retired: u64) -> Counts {
        let live = (self.spans.live_bytes() as u64).saturating_sub(retired);
        let metadata =
            self.spans.metadata_bytes() + self.data.metadata_bytes() + self.symbols.bytes();
        Counts { live, reserved: self.spans.committed_bytes() as u64, metadata: metadata as u64 }
    }

    fn take_span(&mut self, want: Want) -> Result<Span> {
        let Want { len, align, near } = want;
        if len == 0 {
            fail!(LIFECYCLE_E_INVALID, "code of 0 bytes cannot be mapped");
        }
        let align = if align == 0 { ALIGN } else { align };
        if !align.is_power_of_two() || align > MOST_ALIGN {
            fail!(
                LIFECYCLE_E_INVALID,
                "an alignment of {align} is not a power of two up to {MOST_ALIGN}"
            );
        }
        self.pages.check_mode()?;
        self.free_limbo();
        self.limbo.make_room(self.spans.live_spans() + 2)?;
        let span = self.spans.allocate(len, align, &self.pages)?;
        let at = self.pages.runs_at(span) as usize;
        let near = near as usize;
        let is_near = near.abs_diff(at) <= REACH && near.abs_diff(at + span.len) <= REACH;
        if near != 0 && !is_near {
            self.spans.free(span, &self.pages);
            fail!(LIFECYCLE_E_RANGE, "this manager's code is not within 2 GiB of {near:#x}");
        }
        Ok(span)
    }

    /// Takes room for code: its id, where it will run, where it is written.
    pub fn reserve(&mut self, want: Want) -> Result<(u64, *mut u8, *mut u8, usize)> {
        self.reserved.make_room()?;
        let span = self.take_span(want)?;
        let writable = match self.pages.open(span) {
            Ok(writable) => writable,
            Err(error) => {
                self.spans.free(span, &self.pages);
                return Err(error);
            }
        };
        let process = os::fork_generation();
        let id = self.reserved.insert(Reserved { span, writable, process, open: true })?;
        Ok((id, self.pages.runs_at(span), writable, span.len))
    }

    /// Gives a reservation up.
    pub fn abort(&mut self, id: u64) -> Result<()> {
        let Reserved { span, open, process, .. } = self.reserved.remove(id)?;
        if open && self.pages.is_open_since(process) {
            self.pages.close(span);
        }
        self.free_span(span);
        Ok(())
    }

    /// Where an open reservation will run, where it is written, and its size.
    pub fn reservation(&self, id: u64) -> Result<(*mut u8, *mut u8, usize)> {
        let open = self.reserved.get(id)?;
        Ok((self.pages.runs_at(open.span), open.writable, open.span.len))
    }

    /// Fills relocations into a reservation's first `used` bytes and makes them runnable. The
    /// reservation stays, whole, until `close` says that its span belongs to a symbol, or `reopen`
    /// that it does not.
    pub fn publish(&mut self, id: u64, used: usize, relocations: &[Relocation]) -> Result<Span> {
        let (runs_at, writable, size) = self.reservation(id)?;
        if used == 0 || used > size {
            fail!(LIFECYCLE_E_RANGE, "{used} bytes are not between 1 and the {size} reserved");
        }
        let reserved = self.reserved.get(id)?;
        if !reserved.open {
            fail!(LIFECYCLE_E_STALE, "the system did not make the code writable again; abort it");
        }
        if !self.pages.is_open_since(reserved.process) {
            fail!(LIFECYCLE_E_FORKED, "the code was reserved before this process was forked");
        }
        // SAFETY: `.span.live` - the reservation's bytes are writable there and nobody runs them
        // yet; `used` of them exist.
        let code = unsafe { core::slice::from_raw_parts_mut(writable, used) };
        for relocation in relocations {
            relocation.apply(code, runs_at as usize)?;
        }
        let reserved = self.reserved.get_mut(id)?;
        self.pages.publish(reserved.span)?;
        reserved.open = false;
        Ok(reserved.span)
    }

    /// The reservation's span belongs to a symbol now; what that does not use is given back.
    pub fn close(&mut self, id: u64, symbol: u64) -> Result<()> {
        let span = self.reserved.remove(id)?.span;
        let used = self.symbols.get(symbol)?.len;
        self.symbols.set_span(symbol, self.spans.shrink(span, used, &self.pages))
    }

    /// The reservation's span belongs to nobody after all, and may be written again.
    pub fn reopen(&mut self, id: u64) -> Result<()> {
        let reserved = self.reserved.get_mut(id)?;
        if reserved.open {
            return Ok(());
        }
        reserved.writable = self.pages.open(reserved.span)?;
        reserved.open = true;
        Ok(())
    }

    /// Where a span runs.
    pub fn runs_at(&self, span: Span) -> *mut u8 {
        self.pages.runs_at(span)
    }

    /// Gives back a span that `publish` returned and nobody was told of, or whose readers have
    /// left. The caller then has every processor drop fetched instructions before the next span is
    /// taken.
    pub fn free_span(&mut self, span: Span) {
        if self.spans.own(span, &self.pages).is_err() {
            // There is room: `take_span` made some for every span.
            self.limbo.push(span);
            return;
        }
        self.pages.poison(span);
        self.spans.free(span, &self.pages);
    }

    /// Frees what could not be freed before.
    pub fn free_limbo(&mut self) {
        for at in (0..self.limbo.len()).rev() {
            if let Some(span) = self.limbo.get(at).copied()
                && self.spans.own(span, &self.pages).is_ok()
            {
                self.limbo.swap_remove(at);
                self.pages.poison(span);
                self.spans.free(span, &self.pages);
                os::barrier().instructions();
            }
        }
    }

    /// Bytes that could not be freed yet.
    pub fn limbo_bytes(&self) -> u64 {
        self.limbo.iter().map(|span| span.len as u64).sum()
    }

    /// Names code and makes it callable (unless staged).
    pub fn install(&mut self, chain: &mut Chain, new: NewSymbol<'_>, epoch: u64) -> Result<u64> {
        let (address, len, backing, staged) = (new.address, new.len, new.backing, new.staged);
        let name = new.name;
        if matches!(backing, Backing::Host { .. }) && len == 0 {
            fail!(LIFECYCLE_E_INVALID, "code of 0 bytes cannot be a symbol");
        }
        let id = self.symbols.insert(chain, new, epoch, &self.locator)?;
        let index = split_index(id);
        match backing {
            Backing::Span(span) => {
                self.spans.set_span_owner(self.spans.start_of(span, len), index as u32 + 1);
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
            self.entries.point(&self.pages, name, Some(address));
        }
        Ok(id)
    }

    /// Makes a staged symbol visible and callable.
    pub fn unveil(&mut self, id: u64, epoch: u64) -> Result<()> {
        self.symbols.publish(id, epoch)?;
        self.usage(id)?.fetch_max(epoch, Ordering::Relaxed);
        let symbol = self.symbols.get(id)?;
        if !symbol.is_awaited() {
            let name = symbol.name.bytes();
            self.entries.point(&self.pages, name, Some(symbol.address));
        }
        Ok(())
    }

    /// Takes a symbol out of every table. Its entry is emptied unless `successor` says that another
    /// symbol has taken the name over. Never allocates.
    pub fn retire(&mut self, chain: &mut Chain, id: u64, successor: bool) -> Result<Retired> {
        let symbol = self.symbols.remove(chain, id)?;
        if !symbol.staged && !successor {
            let name = symbol.name.bytes();
            self.entries.point(&self.pages, name, None);
        }
        self.locator.vacate(split_index(id));
        match symbol.backing {
            Backing::Span(span) => self.spans.set_span_owner(span, NOBODY),
            Backing::Host { .. } => self.locator.remove_range(symbol.address as usize),
            Backing::Awaited => {}
        }
        Ok(Retired {
            name: symbol.name,
            id,
            module: symbol.module,
            address: symbol.address,
            len: symbol.len,
            backing: symbol.backing,
            told: symbol.told,
        })
    }

    /// The address to call a name at, made if it is not there.
    pub fn entry(&mut self, name: &CStr) -> Result<*mut c_void> {
        let at = self.make_entry(name.to_bytes())?;
        Ok(self.entries.callable(&self.pages, at))
    }

    /// The slot to call a name through, made if it is not there.
    pub fn entry_slot(&mut self, name: &CStr) -> Result<*const Slot> {
        let at = self.make_entry(name.to_bytes())?;
        Ok(self.entries.slot(&self.pages, at))
    }

    fn make_entry(&mut self, name: &[u8]) -> Result<u32> {
        let at = self.entries.get_or_make(&self.pages, self.host, name)?;
        if let Some(id) = self.symbols.find(name) {
            let address = self.symbols.get(id)?.address;
            self.entries.point(&self.pages, name, Some(address));
        }
        Ok(at)
    }

    /// The name of the entry a cell belongs to, and its code if it has some by now.
    pub fn entry_of_cell(&self, cell: *const Cell) -> Option<(&Text, Option<*const c_void>)> {
        self.entries.of_cell(&self.pages, cell)
    }

    /// Zeroed, writable memory for a module, beside the code.
    pub fn take_data(&mut self, chain: &mut Chain, len: usize, align: usize) -> Result<*mut u8> {
        let align = if align == 0 { ALIGN } else { align };
        if len == 0 || !align.is_power_of_two() || align > MOST_ALIGN {
            fail!(LIFECYCLE_E_INVALID, "no data of {len} bytes at an alignment of {align}");
        }
        self.blocks.make_room()?;
        let span = self.data.allocate(len, align, &self.pages.data_slabs())?;
        let id = self.blocks.insert(Block { span, link: Link::default() })?;
        chain.push(&mut self.blocks, id)?;
        Ok(self.pages.data(span))
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
        unsafe { self.pages.data(span).write_bytes(0, span.len) };
        self.data.free(span, &self.pages.data_slabs());
    }

    /// The epoch a symbol was last used in.
    pub fn last_used(&self, id: u64) -> u64 {
        let place = self.locator.place(split_index(id));
        place.map_or(0, |place| place.used.load(Ordering::Relaxed))
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
        let (locator, symbols) = (&self.locator, &mut self.symbols);
        let mut ages = core::mem::replace(&mut symbols.ages, crate::epoch::Ages::new(self.host));
        let used =
            |index| locator.place(index).map_or(0, |place| place.used.load(Ordering::Relaxed));
        let examined = ages.visit_older(limit, used, |index, _| match symbols.at(index) {
            Some((id, symbol)) => judge(id, symbol),
            None => Verdict::Take,
        });
        symbols.ages = ages;
        examined
    }

    /// How many JIT symbols were last used before epoch `limit`. Looks at their words alone.
    pub fn count_stale(&mut self, limit: u64) -> usize {
        let locator = &self.locator;
        let used =
            |index| locator.place(index).map_or(0, |place| place.used.load(Ordering::Relaxed));
        let mut count = 0;
        self.symbols.ages.visit_older(limit, used, |_, _| {
            count += 1;
            Verdict::Keep
        });
        count
    }
}

/// The owner of JIT symbols.
pub(crate) const JIT_OWNER: &CStr = c"__jit__";
