//! The memory of a manager's names, and looking one up in it without a lock.
//!
//! A reader may still look at a name, at a table that was outgrown or at all of it, when that has
//! gone. So the memory is not taken from the host: it is address space of the manager's place,
//! reserved when the first name comes and never given back. What is not needed any more is forgotten
//! instead, and reads as zero then. A reader that has read such bytes finds out before it answers.
//!
//! The view is one word that says which table is in use. It changes whenever a reader must not
//! believe what it saw: when the table has grown, when a reload switches many names at once (then
//! lookups wait for the lock, so that none finds half of it), and when the manager goes.
//!
//! Invariants:
//! - `.tables.mapped`: once reserved, all memory up to what was ever committed is readable for ever.
//! - `.tables.view`: `view` never has the same value again; a reader that finds it the same before
//!   and after has looked at the table in use, and no switch was going on.
//! - `.tables.one`: one thread at a time changes anything: the one with the manager's lock.
//!
//! It does not know bindings: what a name means is four words that the writer puts there.

use core::slice;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use once_cell::sync::OnceCell;

use super::index::{Found, Index, Is, NUMBER_BITS, Probed, REGIONS};
use super::live::Live;
use super::record::{Answer, Key, Seen, Unit};
use crate::base::{Result, fail, hash, prefetch};
use crate::os::{Access, Reservation};
use crate::shim;

/// Units there may be. The first is nobody's.
pub const UNITS: usize = 1 << NUMBER_BITS;
/// Bits of the smallest table and of the largest: half of its slots are enough for all units.
const FEWEST: u32 = 9;
const MOST: u32 = NUMBER_BITS + 1;

/// Where what begins in the reservation: a table of n slots has its own n slots' bytes from the
/// n-th on, so that tables of all sizes lie side by side.
const TABLES: usize = 0;
const RECORDS: usize = size_of::<AtomicU64>() << (MOST + 1);
const LIVE: usize = RECORDS + UNITS * size_of::<Unit>();
const BYTES: usize = LIVE + size_of::<Live>();

/// Bytes of units that are made usable at once, at least.
const STEP: usize = 1 << 16;
/// What is at least as large is worth a large page.
const LARGE: usize = 1 << 21;

/// In the view's word: the number of the view, whether a switch is going on, the table's bits.
const VIEW: u64 = 1 << 8;
const SWITCHING: u64 = 1 << 7;
const BITS: u64 = SWITCHING - 1;

/// How often a reader tries again when something changes under it, before it takes the lock.
const TRIES: u32 = 128;

/// What a lookup finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// The name means something.
    Bound,
    /// It means nothing.
    Unbound,
    /// Too much is being changed: whoever has the lock can say.
    Disturbed,
}

/// The names of a manager, as readers see them.
#[repr(C, align(64))]
pub struct Tables {
    view: AtomicU64,
    /// Where the memory begins; written before there is a view of a table.
    base: AtomicPtr<u8>,
    seed: AtomicU64,
    memory: OnceCell<Reservation>,
    /// Bytes of units, and bits of the largest table, that were ever made usable.
    committed: AtomicUsize,
    largest: AtomicU32,
    /// What is known of declaration ids, once there was one.
    live: OnceCell<&'static Live>,
    moves: Moves,
}

/// Apart from what every lookup reads.
#[repr(C, align(64))]
struct Moves([AtomicU64; REGIONS]);

impl Tables {
    /// Of a manager that has none. It takes no memory before it has names.
    pub const fn new() -> Self {
        Tables {
            view: AtomicU64::new(0),
            base: AtomicPtr::new(core::ptr::null_mut()),
            seed: AtomicU64::new(0),
            memory: OnceCell::new(),
            committed: AtomicUsize::new(0),
            largest: AtomicU32::new(0),
            live: OnceCell::new(),
            moves: Moves([const { AtomicU64::new(0) }; REGIONS]),
        }
    }

    fn view(&self) -> u64 {
        self.view.load(Ordering::Relaxed)
    }

    fn set_view(&self, bits: u64) {
        let view = (self.view() & !(VIEW - 1)).wrapping_add(VIEW);
        self.view.store(view | bits, Ordering::Release);
    }

    /// A manager begins. `salt` makes two managers of one process hash differently.
    pub fn open(&self, salt: u8) {
        self.seed.store(hash::seed(salt), Ordering::Relaxed);
    }

    /// The manager goes, and its names with it: their memory goes back, and lookups find nothing.
    pub fn close(&self) {
        self.set_view(0);
        if let Some(memory) = self.memory.get() {
            let tables = (size_of::<AtomicU64>() << self.largest.load(Ordering::Relaxed)) * 2;
            // Where the system does not take the advice, what is left is of no harm: the table in
            // use is empty by now, outgrown ones were cleared, and a unit may hold anything.
            let _ = memory.forget(TABLES, tables);
            let _ = memory.forget(RECORDS, self.committed.load(Ordering::Relaxed));
        }
        if let Some(live) = self.live.get() {
            live.forget(i64::MIN, i64::MAX);
        }
    }

    /// A name's hash.
    #[inline]
    pub fn hash(&self, key: &Key<'_>) -> u64 {
        key.hash(self.seed.load(Ordering::Relaxed))
    }

    /// The unit of any number.
    #[inline]
    pub fn unit(&self, number: u32) -> Option<&Unit> {
        let base = self.base.load(Ordering::Relaxed);
        let offset = number as usize * size_of::<Unit>();
        if base.is_null() || offset >= self.committed.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: `.tables.mapped` - the unit is committed, and all its words are atomics, for
        // which any bytes will do.
        Some(unsafe { &*base.add(RECORDS + offset).cast::<Unit>() })
    }

    /// The table of so many slots, of which there was one.
    #[inline]
    fn table(&self, bits: u32) -> Index<'_> {
        let base = self.base.load(Ordering::Relaxed);
        let slots = 1_usize << bits;
        // SAFETY: `.tables.mapped` - a view or the writer says that the table is committed.
        let slots = unsafe {
            slice::from_raw_parts(base.add(TABLES).cast::<AtomicU64>().add(slots), slots)
        };
        Index { slots, moves: &self.moves.0, bits }
    }

    /// The table in use. For who has the lock. None before there is a name.
    pub fn index(&self) -> Option<Index<'_>> {
        match (self.view() & BITS) as u32 {
            0 => None,
            bits => Some(self.table(bits)),
        }
    }

    /// Finds a name's record. For who has the lock.
    pub fn find(&self, hash: u64, key: &Key<'_>) -> Option<u32> {
        let mut answer = Answer::default();
        let found = self.index()?.probe(hash, |number| match self.is(number, key, &mut answer) {
            Is::It(()) => Is::It(number),
            _ => Is::NotIt,
        });
        match found {
            Probed::It(number) => Some(number),
            _ => None,
        }
    }

    /// Whether a slot's record is the one of a key, and what it says.
    #[inline(always)]
    fn is(&self, number: u32, key: &Key<'_>, answer: &mut Answer) -> Is<()> {
        let unit = self.base.load(Ordering::Relaxed).wrapping_add(RECORDS).cast::<Unit>();
        // SAFETY: `.tables.mapped` - a slot only ever has the number of a unit that was committed
        // before.
        let unit = unsafe { &*unit.add(number as usize) };
        match unit.look(key, answer, |number| self.unit(number)) {
            Seen::Same => Is::It(()),
            Seen::Other => Is::NotIt,
            Seen::Changing => Is::Changing,
        }
    }

    /// What a name means, if that can be told at the first go, as it nearly always can. Takes no
    /// lock. What is in `answer` is of use where it is `Bound` only.
    #[inline(always)]
    pub fn quick_lookup(&self, kind: u32, bytes: &[u8], answer: &mut Answer) -> Lookup {
        let Some(key) = Key::new(kind, bytes) else { return Lookup::Unbound };
        let view = self.view.load(Ordering::Acquire);
        let bits = (view & (BITS | SWITCHING)) as u32;
        if bits.wrapping_sub(1) >= MOST {
            return Lookup::Disturbed;
        }
        let (index, hash) = (self.table(bits), self.hash(&key));
        let found = match index.probe(hash, |number| self.is(number, &key, answer)) {
            Probed::It(()) => Lookup::Bound,
            Probed::End(end) => self.confirm(bits, hash, end, kind, bytes),
            Probed::Changing => Lookup::Disturbed,
        };
        // What was read was read before a fence.
        if self.view.load(Ordering::Relaxed) != view {
            return Lookup::Disturbed;
        }
        match (found, &*answer) {
            // All of its bindings are staged.
            (Lookup::Bound, [_, _, 0, _]) => Lookup::Unbound,
            _ => found,
        }
    }

    /// Makes sure that a name is not there. Apart, so that the way of what is there is short.
    #[inline(never)]
    fn confirm(&self, bits: u32, hash: u64, end: usize, kind: u32, bytes: &[u8]) -> Lookup {
        let Some(key) = Key::new(kind, bytes) else { return Lookup::Unbound };
        let mut answer = Answer::default();
        let is = |number| self.is(number, &key, &mut answer);
        match self.table(bits).confirm(hash, end, is) {
            Found::Nothing => Lookup::Unbound,
            _ => Lookup::Disturbed,
        }
    }

    /// As `quick_lookup`, at as many goes as it takes, but not for ever.
    pub fn lookup(&self, kind: u32, bytes: &[u8], answer: &mut Answer) -> Lookup {
        for _ in 0..TRIES {
            let view = self.view();
            if view & BITS == 0 {
                return Lookup::Unbound;
            }
            match self.quick_lookup(kind, bytes, answer) {
                Lookup::Disturbed if view & SWITCHING == 0 => core::hint::spin_loop(),
                found => return found,
            }
        }
        Lookup::Disturbed
    }

    fn memory(&self) -> Result<&Reservation> {
        self.memory.get_or_try_init(|| {
            let memory = Reservation::new(BYTES, LARGE)?;
            shim::atomics_only(memory.base(), memory.len());
            self.base.store(memory.base(), Ordering::Relaxed);
            Ok(memory)
        })
    }

    /// The table of what is known of declaration ids.
    pub fn live(&self) -> Result<&'static Live> {
        let live = self.live.get_or_try_init(|| {
            let memory = self.memory()?;
            memory.set_access(LIVE, size_of::<Live>(), Access::ReadWrite)?;
            // SAFETY: `.tables.mapped` - committed just above, aligned to a page and never unmapped;
            // zeros are a table that knows nothing.
            Ok(unsafe { &*memory.base().add(LIVE).cast::<Live>() })
        })?;
        Ok(live)
    }

    /// As `live`, where there is one.
    pub fn known(&self) -> Option<&'static Live> {
        self.live.get().copied()
    }

    /// Makes units usable, so that there are `count`. On failure nothing has changed.
    pub fn commit(&self, count: usize) -> Result<()> {
        if count > UNITS {
            fail!(LIFECYCLE_E_LIMIT, "the names take more than {UNITS} records");
        }
        let (had, wanted) = (self.committed.load(Ordering::Relaxed), count * size_of::<Unit>());
        if wanted <= had {
            return Ok(());
        }
        let more = (had * 2).max(wanted.next_multiple_of(STEP)).min(UNITS * size_of::<Unit>());
        let memory = self.memory()?;
        memory.set_access(RECORDS + had, more - had, Access::ReadWrite)?;
        if more >= LARGE {
            memory.prefer_large_pages(RECORDS, more);
        }
        self.committed.store(more, Ordering::Release);
        Ok(())
    }

    /// Makes room for one more name beside `len` of them (`.index.load`). On failure nothing has
    /// changed.
    pub fn make_room(&self, len: usize) -> Result<()> {
        let bits = (self.view() & BITS) as u32;
        let wanted = ((len + 1) * 2).next_power_of_two().trailing_zeros().max(FEWEST);
        if wanted <= bits {
            return Ok(());
        }
        if wanted > MOST {
            fail!(LIFECYCLE_E_LIMIT, "there are {len} names already");
        }
        let memory = self.memory()?;
        let had = self.largest.load(Ordering::Relaxed);
        let bytes = |bits: u32| (size_of::<AtomicU64>() << bits) * 2;
        if wanted > had {
            let from = if had == 0 { 0 } else { bytes(had) };
            memory.set_access(TABLES + from, bytes(wanted) - from, Access::ReadWrite)?;
            self.largest.store(wanted, Ordering::Relaxed);
        }
        if bytes(wanted) / 2 >= LARGE {
            memory.prefer_large_pages(TABLES + bytes(wanted) / 2, bytes(wanted) / 2);
        }
        if bits != 0 {
            self.table(wanted).insert_all(&self.table(bits));
        }
        self.set_view(u64::from(wanted));
        if bits != 0 && memory.forget(TABLES + bytes(bits) / 2, bytes(bits) / 2).is_err() {
            self.table(bits).clear();
        }
        Ok(())
    }

    /// From now on many names change at once: lookups wait for the lock.
    pub fn begin_switch(&self) {
        self.set_view(self.view() & BITS | SWITCHING);
        crate::os::atomic::fence(Ordering::Release);
    }

    /// All of them have changed.
    pub fn end_switch(&self) {
        self.set_view(self.view() & BITS);
    }

    /// Brings near what adding or removing a name will look at.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if let Some(slot) = self.index().as_ref().and_then(|index| index.first(hash)) {
            // Removing looks at what stands behind, which may be in the next line of memory.
            let slot = &raw const *slot;
            prefetch(slot.cast());
            prefetch(slot.wrapping_add(7).cast());
        }
    }

    /// Bytes that are usable.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let tables = match (self.view() & BITS) as u32 {
            0 => 0,
            bits => size_of::<AtomicU64>() << bits,
        };
        tables + self.committed.load(Ordering::Relaxed)
    }
}
