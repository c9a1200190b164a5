//! A region of address space that spans are cut from: which of its slabs are in use and by whom,
//! and one word for each granule.
//!
//! Spans of one region are handed out by several owners at once (shards), each behind a lock of its
//! own. They share this: the table of words, which lookups read without a lock, and the table of
//! slabs, whose lock is taken only when a whole slab comes or goes.
//!
//! Invariants:
//! - `.region.word`: the table of words is reserved once and stays mapped as long as the region; a
//!   word is written only by the owner of its slab (under that owner's lock) or, for a live span,
//!   by whoever holds the span.
//! - `.region.home`: a slab's home is set when it is claimed and cleared when it is given back,
//!   under the table's lock, and never changes while a span in it is live or waits. So who has a
//!   span may read its home without the lock.
//! - `.region.lead`: the first granules of each slab are nobody's, so that what reads a few bytes
//!   before a function (sanitizers do) reads mapped memory.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::base::{Host, List, ListExt, Result};
use crate::os::{self, Access, Mutex, Rank, Reservation};
use crate::shim;

/// Bytes of a slab: what is taken from and given back to the system at a time.
pub(crate) const SLAB: usize = 2 << 20;
/// The home of a slab that is nobody's; its pages are only reserved.
const RESERVED: u8 = u8::MAX;
/// In a home: the slab is part of one span that is larger than a slab.
const LARGE: u8 = 1 << 7;

/// A part of the region: offset and size in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Bytes from the region's start.
    pub offset: usize,
    /// Bytes, whole granules.
    pub len: usize,
}

/// What the system does for slabs; the spans only count.
pub trait Slabs {
    /// Makes `count` slabs from number `first` usable.
    fn commit(&self, first: usize, count: usize) -> Result<()>;

    /// Gives their memory back. They may have been refused: then they stay usable.
    fn decommit(&self, first: usize, count: usize) -> Result<()>;

    /// Whether free space of a slab may be handed out; if it has to be made ours for that, it is.
    fn usable(&self, _slab: usize) -> bool {
        true
    }

    /// Makes a slab this process's own, before a byte of a span in it is filled or made free; not
    /// asked for slabs that go back whole. It may fail, and is asked again later.
    fn own(&self, _slab: usize) -> Result<()> {
        Ok(())
    }

    /// Fills a span that nobody uses any more with what must not be run.
    fn fill(&self, _span: Span) {}

    /// Has every processor drop what it has fetched, before freed addresses are used for other
    /// code. Where the kernel does not know how, it is as if it had been done.
    fn drop_fetched(&self) {
        os::barrier().instructions();
    }
}

/// What the spans of a region share.
pub struct Region {
    /// Bytes a granule, as a power of two, so that nothing here is a division.
    granule_bits: u32,
    lead: usize,
    granules: usize,
    words: Reservation,
    homes: List<AtomicU8>,
    /// Slabs in use; held while slabs are claimed and given back.
    claimed: Mutex<usize>,
}

impl Region {
    /// A region of `capacity` bytes (whole slabs) in granules of `granule` bytes (a power of two),
    /// of which the first `lead` of each slab are never handed out.
    pub fn new(host: Host, capacity: usize, granule: usize, lead: usize) -> Result<Self> {
        let granules = capacity / granule;
        let words = Reservation::new(granules * size_of::<AtomicU32>(), 1)?;
        words.set_access(0, words.len(), Access::ReadWrite)?;
        // Lookups read words without the lock of who writes them.
        shim::atomics_only(words.base(), words.len());
        let mut homes = List::new_in(host);
        homes.make_room(capacity / SLAB)?;
        homes.resize_with(capacity / SLAB, || AtomicU8::new(RESERVED));
        shim::atomics_only(homes.as_ptr().cast(), homes.len());
        let granule_bits = granule.trailing_zeros();
        let claimed = Mutex::new(Rank::Slabs, 0);
        Ok(Region { granule_bits, lead, granules, words, homes, claimed })
    }

    /// Bytes a granule.
    pub fn granule(&self) -> usize {
        1 << self.granule_bits
    }

    /// Granules at the start of each slab that are nobody's.
    pub fn lead(&self) -> usize {
        self.lead
    }

    /// Granules a slab.
    pub fn per_slab(&self) -> usize {
        SLAB / self.granule()
    }

    /// The slab a granule lies in.
    pub fn slab_of(&self, granule: usize) -> usize {
        granule / self.per_slab()
    }

    /// Bytes of the whole.
    pub fn capacity(&self) -> usize {
        self.homes.len() * SLAB
    }

    /// Bytes of slabs in use.
    pub fn claimed_bytes(&self) -> usize {
        *self.claimed.lock() * SLAB
    }

    /// Bytes of bookkeeping: the words of slabs in use, and the homes.
    pub fn metadata_bytes(&self) -> usize {
        self.claimed_bytes() / self.granule() * size_of::<AtomicU32>() + self.homes.capacity()
    }

    /// The table of words, for lookups that take no lock: first word and count. Valid as long as
    /// the region.
    pub fn words(&self) -> (*const AtomicU32, usize) {
        (self.words.base().cast_const().cast(), self.granules)
    }

    /// A granule's word.
    pub fn word(&self, granule: usize) -> Option<&AtomicU32> {
        if granule >= self.granules {
            return None;
        }
        // SAFETY: `.region.word` - the table has `granules` words, mapped readable and writable as
        // long as `self` lives.
        Some(unsafe { &*self.words.base().cast::<AtomicU32>().add(granule) })
    }

    /// Writes a granule's word.
    pub fn set_word(&self, granule: usize, value: u32) {
        if let Some(word) = self.word(granule) {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Stores who owns a live span, for lookups; whatever makes the owner known comes after and
    /// releases. `who` is below 2^31.
    pub fn set_owner(&self, span: Span, who: u32) {
        for granule in span.offset / self.granule()..(span.offset + span.len) / self.granule() {
            self.set_word(granule, who);
        }
    }

    /// Who a slab belongs to, and whether to one large span; None if nobody has it.
    pub fn home(&self, slab: usize) -> Option<(u8, bool)> {
        let home = self.homes.get(slab)?.load(Ordering::Acquire);
        (home != RESERVED).then_some((home & !LARGE, home & LARGE != 0))
    }

    fn set_homes(&self, first: usize, count: usize, home: u8) {
        for place in self.homes.iter().skip(first).take(count) {
            place.store(home, Ordering::Release);
        }
    }

    /// Takes `count` slabs in a row and makes them usable: the first one's number; None when there
    /// are not so many. `home` is below 127.
    pub fn claim(
        &self,
        count: usize,
        home: u8,
        large: bool,
        system: &impl Slabs,
    ) -> Result<Option<usize>> {
        let mut claimed = self.claimed.lock();
        let free = |home: &AtomicU8| home.load(Ordering::Relaxed) == RESERVED;
        let found = self.homes.windows(count).position(|some| some.iter().all(free));
        if let Some(first) = found {
            system.commit(first, count)?;
            self.set_homes(first, count, if large { home | LARGE } else { home });
            *claimed += count;
        }
        Ok(found)
    }

    /// Gives slabs without a live span back to the system, if it takes them; false if not.
    pub fn give_back(&self, first: usize, count: usize, system: &impl Slabs) -> bool {
        let mut claimed = self.claimed.lock();
        let given_back = system.decommit(first, count).is_ok();
        if given_back {
            self.set_homes(first, count, RESERVED);
            *claimed -= count;
        }
        given_back
    }

    /// What was part of a large span is a slab for small ones from now on.
    pub fn make_small(&self, slab: usize, home: u8) {
        self.set_homes(slab, 1, home);
    }
}
