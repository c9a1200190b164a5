//! The code's spans, shared out so that threads do not wait for one another.
//!
//! Each shard is a lock over some of the slabs and over the reservations that are open in them. A
//! thread takes from a shard of its own, from the others only when neither that nor the table of
//! slabs has room; a span goes back to the shard of its slab, whoever frees it. None of this takes
//! the manager's lock.
//!
//! Invariants:
//! - `.shard.space`: the shards lie in their manager's place, which is never unmapped. Each holds
//!   the address of the space behind it from `open` to `close`, which empties it before the space
//!   goes. So a shard that is found open, as long as its lock is held, has a space.
//! - `.shard.era`: an era is one `open` to `close`. A span is only given back in the era it was
//!   taken in; in another it belonged to a manager that is gone.
//! - `.shard.id`: a reservation's id has the shard's number in the highest bits of its index.
//!
//! Lock order: as `Rank` of `os/rank.rs` says. No two shards are ever locked by one thread, but by
//! one that forks.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::Want;
use super::pages::Pages;
use super::region::{Region, Span};
use super::spans::Spans;
use crate::abi::LIFECYCLE_CODE_DUAL;
use crate::base::{Bx, Host, Kind, Result, Slots, fail, split_index, try_box};
use crate::os::{self, Held, Mutex, MutexGuard, Rank, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::shim;

/// Shards: a power of two, so many threads do not meet.
const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 3;
/// Bits of a reservation's index that are its own.
const OPEN_BITS: u32 = 24 - SHARD_BITS;
/// Bytes that a branch of the usual kind reaches.
const REACH: usize = i32::MAX as usize;
/// Alignment where the caller names none.
pub(super) const ALIGN: usize = 64;
/// Largest alignment.
pub(super) const MOST_ALIGN: usize = 4096;

/// The memory of one manager's code, and who has which part of it.
pub struct Space {
    /// The memory.
    pub pages: Pages,
    /// Its slabs and words.
    pub region: Region,
}

impl Space {
    /// Reserves address space.
    pub fn new(host: Host, capacity: usize, mode: u32) -> Result<Self> {
        let pages = Pages::new(host, capacity, mode)?;
        // Where a span is whole pages, what is before one may be untouchable in any case.
        let lead = usize::from(pages.mode() == LIFECYCLE_CODE_DUAL);
        let region = Region::new(host, pages.capacity(), pages.granule(), lead)?;
        Ok(Space { pages, region })
    }
}

/// Code that was reserved and is not committed.
#[derive(Clone, Copy)]
pub struct Reserved {
    /// Where.
    pub span: Span,
    /// Where it is written.
    pub writable: *mut u8,
    /// The process that may write there (`os::fork_generation`).
    pub process: u64,
    /// Whether it may be written: until it is published.
    pub open: bool,
    /// It is being committed.
    pub busy: bool,
}

/// What is behind a shard's lock, apart from whatever else is in the host's memory: its neighbours
/// there are other threads' shards.
#[repr(C)]
struct Shard {
    _apart: [u64; 16],
    space: NonNull<Space>,
    spans: Spans,
    open: Slots<Reserved>,
    era: u64,
    _apart_too: [u64; 16],
}

// SAFETY: the pointers are to the manager's own memory, which any thread may use under the shard's
// lock (`.shard.space`).
unsafe impl Send for Shard {}

/// A lock that shares no cache line with the next one.
#[repr(align(128))]
struct Apart {
    gate: RwLock<()>,
    shut: Held<RwLockWriteGuard<'static, ()>>,
    lock: Mutex<Option<Bx<Shard>>>,
    held: Held<MutexGuard<'static, Option<Bx<Shard>>>>,
}

impl Apart {
    const fn new() -> Self {
        Apart {
            gate: RwLock::new(Rank::Gate, ()),
            shut: Held::new(),
            lock: Mutex::new(Rank::Shard, None),
            held: Held::new(),
        }
    }
}

/// A manager's shards; they are in its place.
pub struct Shards {
    all: [Apart; SHARDS],
    era: AtomicU64,
    /// A bit for each shard in which so much waits that it is worth asking the system.
    due: AtomicU32,
}

/// A span for whoever does not hold the manager's lock: where it goes back to.
#[derive(Clone, Copy)]
pub struct Taken {
    /// Where it is.
    pub span: Span,
    /// Where it is written while it is open.
    pub writable: *mut u8,
    /// It was not published yet.
    pub open: bool,
    /// In which era.
    pub era: u64,
    home: usize,
}

/// What the shards hold, counted.
#[derive(Default)]
pub struct Counted {
    /// Bytes of live spans.
    pub live: usize,
    /// Bytes of spans that wait until they may be changed.
    pub refused: usize,
    /// Bytes of bookkeeping.
    pub metadata: usize,
    /// Open reservations.
    pub open: usize,
}

impl Shard {
    fn space<'a>(&self) -> &'a Space {
        // SAFETY: `.shard.space` - whoever has a `Shard` has its lock, so the space is there; no
        // caller keeps the reference longer than the lock.
        unsafe { self.space.as_ref() }
    }

    /// A span.
    fn find(&mut self, want: Want) -> Result<Option<Span>> {
        let Space { pages, region } = self.space();
        pages.check_mode()?;
        let align = if want.align == 0 { ALIGN } else { want.align };
        let Some(span) = self.spans.allocate(region, want.len, align, pages)? else {
            return Ok(None);
        };
        let (at, near) = (pages.runs_at(span) as usize, want.near as usize);
        let is_near = near.abs_diff(at) <= REACH && near.abs_diff(at + span.len) <= REACH;
        if near != 0 && !is_near {
            self.free(span);
            fail!(LIFECYCLE_E_RANGE, "this manager's code is not within 2 GiB of {near:#x}");
        }
        Ok(Some(span))
    }

    /// A span and where it is written.
    fn take(&mut self, want: Want) -> Result<Option<Reserved>> {
        let Some(span) = self.find(want)? else { return Ok(None) };
        match self.space().pages.open(span) {
            Ok(writable) => {
                let process = os::fork_generation();
                Ok(Some(Reserved { span, writable, process, open: true, busy: false }))
            }
            Err(error) => {
                self.free(span);
                Err(error)
            }
        }
    }

    fn free(&mut self, span: Span) {
        let Space { pages, region } = self.space();
        self.spans.free(region, span, pages);
    }

    /// As `free`, for a span that may still be open.
    fn give_up(&mut self, span: Span, open: bool) {
        if open {
            self.space().pages.close(span);
        }
        self.free(span);
    }

    fn retire(&mut self, span: Span) {
        let Space { pages, region } = self.space();
        self.spans.retire(region, span, pages);
    }

    fn reserve(&mut self, want: Want) -> Result<Option<(u64, Reserved)>> {
        self.open.make_room()?;
        let Some(taken) = self.take(want)? else { return Ok(None) };
        let id = self.open.insert(taken)?;
        if split_index(id) >> OPEN_BITS != 0 {
            self.open.remove(id)?;
            self.give_up(taken.span, true);
            fail!(LIFECYCLE_E_LIMIT, "there are {} reservations already", 1 << OPEN_BITS);
        }
        Ok(Some((id, taken)))
    }

    /// A span with these bytes in it, and where more of them are written.
    fn write(&mut self, want: Want, bytes: &[u8]) -> Result<Option<(Span, *mut u8)>> {
        let Some(Reserved { span, writable, .. }) = self.take(want)? else { return Ok(None) };
        let len = bytes.len().min(span.len);
        // SAFETY: `.span.live` - the span is ours alone and writable there; so many bytes fit.
        unsafe { writable.copy_from_nonoverlapping(bytes.as_ptr(), len) };
        Ok(Some((span, writable)))
    }

    /// A span with these bytes in it, which are all, made runnable.
    fn publish(&mut self, want: Want, bytes: &[u8]) -> Result<Option<(Span, *mut u8)>> {
        let Some(span) = self.find(want)? else { return Ok(None) };
        match self.space().pages.write(span, bytes) {
            Ok(()) => Ok(Some((span, core::ptr::null_mut()))),
            Err(error) => {
                self.free(span);
                Err(error)
            }
        }
    }
}

/// A reservation's shard and its id there.
fn split(id: u64) -> (usize, u64) {
    let number = split_index(id) >> OPEN_BITS;
    (number, id & !((number as u64) << OPEN_BITS))
}

impl Shards {
    /// Not open.
    pub const fn new() -> Self {
        let all = [const { Apart::new() }; SHARDS];
        Shards { all, era: AtomicU64::new(0), due: AtomicU32::new(0) }
    }

    /// Where they are now they stay: what is read without a shard's lock.
    pub fn settle(&self) {
        shim::atomic(&self.era);
    }

    /// Opens them over a space: the era.
    ///
    /// # Safety
    /// `.shard.space`: the space stays where it is until `close`.
    pub unsafe fn open(&self, host: Host, salt: u8, space: NonNull<Space>) -> Result<u64> {
        let era = self.era.fetch_add(1, Ordering::Relaxed) + 1;
        for (number, place) in self.all.iter().enumerate() {
            let spans = Spans::new(host, number as u8);
            let open = Slots::new(host, Kind::Reservation, salt);
            match try_box(
                host,
                Shard { _apart: [0; 16], space, spans, open, era, _apart_too: [0; 16] },
            ) {
                Ok(shard) => *place.lock.lock() = Some(shard),
                Err(error) => {
                    self.close();
                    return Err(error);
                }
            }
        }
        Ok(era)
    }

    /// Empties them: nobody is in the space any more when this returns.
    pub fn close(&self) {
        for place in &self.all {
            let shard = place.lock.lock().take();
            drop(shard);
        }
    }

    fn with<T>(&self, number: usize, with: impl FnOnce(&mut Shard) -> Result<T>) -> Result<T> {
        let mut place = self.all.get(number).map(|place| place.lock.lock());
        match place.as_mut().and_then(|place| place.as_mut()) {
            Some(shard) => {
                let result = with(shard);
                self.note(number, shard);
                result
            }
            None => fail!(LIFECYCLE_E_STALE, "the manager was destroyed"),
        }
    }

    /// Notes whether so much waits in a shard that `flush_due` should look there.
    fn note(&self, number: usize, shard: &Shard) {
        if shard.spans.is_due() && self.due.load(Ordering::Relaxed) >> number & 1 == 0 {
            self.due.fetch_or(1 << number, Ordering::Relaxed);
        }
    }

    /// Tries the thread's own shard, and where there is no room the others; and then again, when
    /// all that keep a slab for themselves have given it back.
    fn with_room<T>(
        &self,
        want: Want,
        mut take: impl FnMut(&mut Shard) -> Result<Option<T>>,
    ) -> Result<(usize, T)> {
        want.check()?;
        let own = os::thread_id() as usize;
        for step in 0..SHARDS * 2 {
            if step == SHARDS {
                self.flush(true);
            }
            let number = (own + step) % SHARDS;
            if let Some(taken) = self.with(number, &mut take)? {
                return Ok((number, taken));
            }
        }
        fail!(LIFECYCLE_E_LIMIT, "no {} bytes in a row are left of the code capacity", want.len);
    }

    /// Takes room for code: its id, where it will run, where it is written, its size.
    pub fn reserve(&self, want: Want) -> Result<(u64, *mut u8, *mut u8, usize)> {
        let taken = self.with_room(want, |shard| {
            let taken = shard.reserve(want)?;
            Ok(taken.map(|(id, it)| (id, shard.space().pages.runs_at(it.span), it)))
        });
        let (number, (id, runs_at, Reserved { span, writable, .. })) = taken?;
        Ok((id | (number as u64) << OPEN_BITS, runs_at, writable, span.len))
    }

    /// Takes room for code and writes it; `publish`: it is complete, and made runnable.
    pub fn take(&self, want: Want, bytes: &[u8], publish: bool) -> Result<Taken> {
        let taken = self.with_room(want, |shard| {
            let taken = if publish { shard.publish(want, bytes) } else { shard.write(want, bytes) };
            Ok(taken?.map(|taken| (taken, shard.era)))
        });
        let (home, ((span, writable), era)) = taken?;
        Ok(Taken { span, writable, open: !publish, era, home })
    }

    /// Gives back what was taken and has not been run.
    pub fn untake(&self, taken: Taken) {
        self.of_era(taken, || (), |shard| shard.give_up(taken.span, taken.open));
    }

    /// Gives back a span that may have been run and that no reader is inside any more. It is used
    /// again only after every processor has dropped what it fetched.
    #[cfg(test)]
    pub fn retire(&self, taken: Taken) {
        self.retire_after(taken, || ());
    }

    /// As `retire`, with `between` after the span's shard is locked and before the span is touched:
    /// the manager's lock may go there, and nobody sees a span that is neither here nor there.
    pub fn retire_after(&self, taken: Taken, between: impl FnOnce()) {
        self.of_era(taken, between, |shard| self.put(taken, shard));
    }

    /// Puts a span into its shard's limbo.
    fn put(&self, taken: Taken, shard: &mut Shard) {
        shard.retire(taken.span);
        self.note(taken.home, shard);
    }

    /// To give back many spans.
    pub fn returning(&self) -> Returning<'_> {
        Returning { shards: self, home: SHARDS, place: None, left: 0 }
    }

    /// With the shard of what was taken, if it is still of that era: closed shards have nothing to
    /// give back to.
    fn of_era(&self, taken: Taken, between: impl FnOnce(), with: impl FnOnce(&mut Shard)) {
        let mut place = self.all.get(taken.home).map(|place| place.lock.lock());
        between();
        if let Some(shard) = place.as_mut().and_then(|place| place.as_mut())
            && shard.era == taken.era
        {
            with(shard);
        }
    }

    /// Where an open reservation will run, and what is known of it.
    pub fn reservation(&self, id: u64) -> Result<(*mut u8, Reserved)> {
        let (number, id) = split(id);
        self.with(number, |shard| {
            let reserved = *shard.open.get(id)?;
            Ok((shard.space().pages.runs_at(reserved.span), reserved))
        })
    }

    /// A reservation is being committed: only who does so gives it up.
    pub fn begin_commit(&self, id: u64) -> Result<Reserved> {
        let (number, id) = split(id);
        self.with(number, |shard| {
            let reserved = shard.open.get_mut(id)?;
            reserved.busy = true;
            Ok(*reserved)
        })
    }

    /// Changes what is known of a reservation.
    pub fn set_reserved(&self, id: u64, set: impl FnOnce(&mut Reserved)) -> Result<()> {
        let (number, id) = split(id);
        self.with(number, |shard| shard.open.get_mut(id).map(set))
    }

    /// Gives a reservation up; one that is being committed only if `mine`.
    pub fn abort(&self, id: u64, mine: bool) -> Result<()> {
        let (number, id) = split(id);
        self.with(number, |shard| {
            if shard.open.get(id)?.busy && !mine {
                fail!(LIFECYCLE_E_BUSY, "code reservation {id:#x} is being committed");
            }
            let Reserved { span, open, process, .. } = shard.open.remove(id)?;
            let open = open && shard.space().pages.is_open_since(process);
            shard.give_up(span, open);
            Ok(())
        })
    }

    /// Ends a reservation whose first `used` bytes belong to somebody now; the rest is free. The
    /// span that stays.
    pub fn close_reservation(&self, id: u64, used: usize) -> Result<Span> {
        let (number, id) = split(id);
        self.with(number, |shard| {
            let Reserved { span, .. } = shard.open.remove(id)?;
            let Space { pages, region } = shard.space();
            Ok(shard.spans.shrink(region, span, used, pages))
        })
    }

    /// How a live span of this era goes back.
    pub fn taken(&self, region: &Region, span: Span) -> Taken {
        let home = region.home(region.slab_of(span.offset / region.granule()));
        let home = home.map_or(SHARDS, |(home, _)| usize::from(home));
        let (writable, era) = (core::ptr::null_mut(), self.era.load(Ordering::Relaxed));
        Taken { span, writable, open: false, home, era }
    }

    /// Makes free what waits for processors where that is worth asking the system.
    pub fn flush_due(&self) {
        if self.due.load(Ordering::Relaxed) == 0 {
            return;
        }
        let due = self.due.swap(0, Ordering::Relaxed);
        (0..SHARDS)
            .filter(|number| due >> number & 1 == 1)
            .for_each(|it| self.flush_one(it, false));
    }

    /// Makes free what waits for processors; `trim`: and gives every slab without spans back.
    pub fn flush(&self, trim: bool) {
        (0..SHARDS).for_each(|number| self.flush_one(number, trim));
    }

    fn flush_one(&self, number: usize, trim: bool) {
        // Closed shards hold nothing.
        let _ = self.with(number, |shard| {
            let Space { pages, region } = shard.space();
            match trim {
                true => shard.spans.trim(region, pages),
                false => shard.spans.flush(region, pages),
            }
            Ok(())
        });
    }

    /// While this is kept no fork begins: for who has taken code that is nobody's yet, and which a
    /// child would not know what to do with. Taken before all other locks.
    pub fn gate(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.all.get(os::thread_id() as usize % SHARDS).map(|place| place.gate.read())
    }

    /// Lets nobody through the gates any more, before a fork and before all locks.
    pub fn shut(&'static self) {
        self.all.iter().for_each(|place| place.shut.keep(place.gate.write_in_row()));
    }

    /// Takes all locks, before a fork. The table of slabs and what is mapped for them are only
    /// locked by who has one of these or the manager's.
    pub fn hold(&'static self) {
        self.all.iter().for_each(|place| place.held.keep(place.lock.lock_in_row()));
    }

    /// Lets them go, and opens the gates, after it.
    pub fn let_go(&'static self) {
        self.all.iter().for_each(|place| place.held.let_go());
        self.all.iter().for_each(|place| place.shut.let_go());
    }

    /// Counts.
    pub fn held(&self) -> Counted {
        let mut held = Counted::default();
        for number in 0..SHARDS {
            let _ = self.with(number, |shard| {
                held.live += shard.spans.live_bytes();
                held.refused += shard.spans.refused_bytes();
                held.metadata += shard.spans.metadata_bytes() + shard.open.bytes();
                held.open += shard.open.len();
                Ok(())
            });
        }
        held
    }

    /// Visits every open reservation: id, span. Stops at the first failure.
    pub fn each_open(&self, mut visit: impl FnMut(u64, Span) -> Result<()>) -> Result<()> {
        for number in 0..SHARDS {
            self.with(number, |shard| {
                let mut open = shard.open.iter();
                let id = |id: u64| id | (number as u64) << OPEN_BITS;
                open.try_for_each(|(local, reserved)| visit(id(local), reserved.span))
            })?;
        }
        Ok(())
    }
}

/// Gives back spans whose readers have left, and keeps a shard's lock for those of one shard that
/// come in a row, but not for long.
pub struct Returning<'a> {
    shards: &'a Shards,
    home: usize,
    place: Option<MutexGuard<'a, Option<Bx<Shard>>>>,
    /// So many more with the lock that is held.
    left: usize,
}

/// Spans that are given back before somebody else may have the shard's lock.
const AT_A_TIME: usize = 64;

impl Returning<'_> {
    /// As `Shards::retire`.
    pub fn retire(&mut self, taken: Taken) {
        if self.home != taken.home || self.left == 0 {
            // One shard's lock at a time.
            self.place = None;
            self.place = self.shards.all.get(taken.home).map(|place| place.lock.lock());
            (self.home, self.left) = (taken.home, AT_A_TIME);
        }
        self.left -= 1;
        if let Some(shard) = self.place.as_mut().and_then(|place| place.as_mut())
            && shard.era == taken.era
        {
            self.shards.put(taken, shard);
        }
    }
}

#[cfg(test)]
mod tests;
