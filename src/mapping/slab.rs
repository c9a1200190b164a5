//! Small files, packed: whole pages of memory that is mapped once for many of them.
//!
//! To map a file and to unmap it again costs more than to read a few pages of it, and it takes the
//! lock of the process's address space twice; git, too, reads what is small. So small files are
//! read into pages of chunks. A chunk is a memory file that is mapped at two addresses: its bytes
//! are given out where they can only be read, and written by this room where nobody else looks.
//! Taking pages and giving them back is a matter of bits; the system is asked for whole chunks.
//!
//! After a fork both processes have a chunk's pages in common. So all chunks of before are frozen
//! in both: what is in them stays, what is free or becomes free in them is not used again, and a
//! chunk goes when its last page is given back. New files go to new chunks.
//!
//! Invariants:
//! - `.slab.own`: pages that are taken belong to one `Place`, whose holder alone writes them, and
//!   only until it lets others read them.
//! - `.slab.era`: pages are only taken from chunks of the current era (`os::fork_era`), which no
//!   other process has. Only those are on a chain or spare.
//! - `.slab.run`: a chunk that has taken pages is on the chain of its longest run of free ones
//!   (`longest`), so what fits somewhere is found at once.
//! - `.slab.spare`: of chunks that have no taken page one is kept, so that a cycle of few files
//!   asks the system for nothing.
//!
//! Its lock is a leaf, and no call of the system is made under it.

#[cfg(test)]
mod tests;

use crate::base::{Chain, Host, Kind, Link, Linked, Result, Slots, fail};
use crate::os::{self, Held, Mutex, MutexGuard, Rank, Twice};

/// The largest file that is read, not mapped. Up to four pages a read is cheaper than mapping,
/// unmapping and the faults in between; well above that, copying costs more than both.
pub(super) const SMALL: usize = 16 << 10;
/// Bytes of a chunk, where 16 pages are not more.
const CHUNK: usize = 256 << 10;
/// Pages of the largest small file, where they are as small as pages get.
const MOST: usize = SMALL / 4096;
/// What the system calls the files, in /proc/PID/maps.
const NAME: &core::ffi::CStr = c"lifecycle-files";

/// Pages of a chunk that are taken.
#[derive(Clone, Copy)]
pub(super) struct Place {
    chunk: u64,
    first: u32,
    count: u32,
}

/// Pages to be filled.
pub(super) struct Room {
    /// What `give` wants back.
    pub place: Place,
    /// Where the bytes will be read.
    pub data: *const u8,
    /// Where they are written.
    pub write: *mut u8,
    /// Bytes of the pages.
    pub bytes: usize,
}

struct Chunk {
    memory: Twice,
    /// A bit for each page.
    free: u64,
    era: u64,
    link: Link,
}

impl Linked for Chunk {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// Where the lowest run of so many set bits begins.
fn run(free: u64, count: usize) -> Option<u32> {
    let starts = (1..count).fold(free, |starts, at| starts & free >> at);
    (starts != 0).then(|| starts.trailing_zeros())
}

/// The longest run of set bits, as far as anybody wants to know.
fn longest(free: u64) -> usize {
    (1..=MOST).rev().find(|count| run(free, *count).is_some()).unwrap_or(0)
}

fn bits(first: u32, count: u32) -> u64 {
    (u64::MAX >> (64 - count)) << first
}

struct Chunks {
    all: Slots<Chunk>,
    /// By longest run.
    roomy: [Chain; MOST + 1],
    /// 0 = none.
    spare: u64,
    era: u64,
    page: usize,
    /// Pages of a chunk.
    pages: u32,
}

impl Chunks {
    fn new(host: Host, salt: u8) -> Self {
        let page = os::page_size();
        let pages = (CHUNK / page).clamp(16, 64) as u32;
        let all = Slots::new(host, Kind::Record, salt);
        Chunks { all, roomy: Default::default(), spare: 0, era: os::fork_era(), page, pages }
    }

    /// Makes what was made in this era the spare one, if there is none. Else it stays where it is:
    /// another process may have got it, or another thread was first.
    fn add(&mut self, fresh: &mut Option<(Twice, u64)>) -> Result<()> {
        if self.spare != 0 {
            return Ok(());
        }
        self.all.make_room()?;
        if let Some((memory, era)) = fresh.take_if(|(_, era)| *era == self.era) {
            let free = bits(0, self.pages);
            self.spare = self.all.insert(Chunk { memory, free, era, link: Link::default() })?;
        }
        Ok(())
    }

    fn chain(&mut self, free: u64) -> Option<(&mut Chain, &mut Slots<Chunk>)> {
        self.roomy.get_mut(longest(free)).map(|chain| (chain, &mut self.all))
    }

    /// `.slab.era`: freezes everything if the process has forked. The spare one comes back to be
    /// dropped: another process has it too.
    fn freeze(&mut self) -> Option<Chunk> {
        let era = os::fork_era();
        if self.era == era {
            return None;
        }
        self.era = era;
        self.roomy = Default::default();
        match core::mem::take(&mut self.spare) {
            0 => None,
            spare => self.all.remove(spare).ok(),
        }
    }

    /// A chunk with room for so many pages.
    fn with_room(&mut self, count: usize) -> Option<u64> {
        let some = self.roomy.iter().skip(count).map(Chain::newest).find(|id| *id != 0);
        some.or(Some(self.spare).filter(|id| *id != 0))
    }

    fn take(&mut self, bytes: usize) -> Option<Room> {
        let count = bytes.div_ceil(self.page).max(1);
        let id = self.with_room(count)?;
        let before = self.all.get(id).ok()?.free;
        let first = run(before, count)?;
        if id == self.spare {
            self.spare = 0;
        } else {
            let (chain, all) = self.chain(before)?;
            chain.remove(all, id).ok()?;
        }
        let free = before & !bits(first, count as u32);
        let page = self.page;
        let chunk = self.all.get_mut(id).ok()?;
        chunk.free = free;
        let (data, write) = chunk.memory.at(first as usize * page);
        let (chain, all) = self.chain(free)?;
        chain.push(all, id).ok()?;
        let place = Place { chunk: id, first, count: count as u32 };
        Some(Room { place, data, write, bytes: count * page })
    }

    /// Takes pages back. A chunk that nobody needs any more is returned, to be dropped.
    fn give(&mut self, place: Place) -> Option<Chunk> {
        let all = bits(0, self.pages);
        let era = self.era;
        let chunk = self.all.get_mut(place.chunk).ok()?;
        let before = chunk.free;
        chunk.free |= bits(place.first, place.count);
        let (free, current) = (chunk.free, chunk.era == era);
        if current {
            let (chain, all) = self.chain(before)?;
            chain.remove(all, place.chunk).ok()?;
        }
        if free != all {
            if current {
                let (chain, all) = self.chain(free)?;
                chain.push(all, place.chunk).ok()?;
            }
            return None;
        }
        if current && self.spare == 0 {
            self.spare = place.chunk;
            return None;
        }
        self.all.remove(place.chunk).ok()
    }
}

/// The chunks of one manager: a part of its place, open as long as it has a state.
pub struct Slab {
    chunks: Mutex<Option<Chunks>>,
    held: Held<MutexGuard<'static, Option<Chunks>>>,
}

impl Slab {
    /// Closed: there is no room in it.
    pub const fn new() -> Self {
        Slab { chunks: Mutex::new(Rank::SmallFiles, None), held: Held::new() }
    }

    /// Opens it; it asks the system for nothing yet.
    pub fn open(&self, host: Host, salt: u8) {
        let before = self.chunks.lock().replace(Chunks::new(host, salt));
        drop(before);
    }

    /// Gives everything back, whoever still has pages.
    pub fn close(&self) {
        let chunks = self.chunks.lock().take();
        drop(chunks);
    }

    /// Changes the chunks, and drops what goes once the lock is gone.
    fn with<T>(&self, with: impl FnOnce(&mut Chunks) -> T) -> Option<T> {
        let (frozen, done) = {
            let mut chunks = self.chunks.lock();
            let chunks = chunks.as_mut()?;
            (chunks.freeze(), with(chunks))
        };
        drop(frozen);
        Some(done)
    }

    /// Pages for a small file, which nobody else writes. An error where the system gives no memory
    /// file: then there are other ways.
    pub(super) fn take(&self, bytes: usize) -> Result<Room> {
        let mut fresh = None;
        loop {
            let taken = self.with(|chunks| {
                chunks.add(&mut fresh)?;
                Ok(chunks.take(bytes).ok_or((chunks.pages as usize * chunks.page, chunks.era)))
            });
            match taken.transpose()? {
                Some(Ok(room)) => return Ok(room),
                // Made while others go on.
                Some(Err((len, era))) => fresh = Some((Twice::new(NAME, len)?, era)),
                None => fail!(LIFECYCLE_E_STALE, "the manager was destroyed"),
            }
        }
    }

    /// Takes pages back. Never fails: what the system refuses to unmap is asked about again when
    /// address space comes or goes (`os::Reservation`).
    pub(super) fn give(&self, place: Place) {
        let gone = self.with(|chunks| chunks.give(place));
        drop(gone);
    }

    /// Takes its lock, before a fork.
    pub fn hold(&'static self) {
        self.held.keep(self.chunks.lock_in_row());
    }

    /// Lets it go, after it.
    pub fn let_go(&'static self) {
        self.held.let_go();
    }
}
