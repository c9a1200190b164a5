//! Memory for the blocks of persistent values: many small ones, of few sizes, that come and go.
//!
//! Blocks of one size lie in chunks of 32 KiB; a chunk hands out what was freed in it before what
//! is fresh, and goes back to the host when its last block is freed (one is kept, so that a block
//! at the edge does not cost a chunk each time). Blocks above the largest size come from the host
//! one by one. The design is that of mimalloc's pages (Leijen, Zorn, de Moura: "Mimalloc: Free List
//! Sharding in Action", 2019), for one thread.
//!
//! Under AddressSanitizer and valgrind every block comes from the host alone, so that they see each
//! use after its release.
//!
//! Invariants:
//! - `.pool.granule`: a block knows how many granules of 16 bytes it lies behind the start of its
//!   chunk (never 0, for the chunk's own header is there), or 0 if it came alone; so it leads to
//!   the pool's owner and to its size without a search.
//! - `.pool.alone`: blocks that came alone are chained where their memory starts, so that a checker
//!   for leaks which takes no pointer into the middle finds what is still held.
//! - `.pool.open`: chunks with room stand in their size's list, full ones in none.
//! - `.pool.free`: a free block's first word is the next free one of its chunk.
//!
//! It does not know what is in a block.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use allocator_api2::alloc::Allocator;

use crate::base::{Error, Host, Result, fail};

const CHUNK: usize = 32 << 10;
const GRANULE: usize = 16;
/// Largest block that comes from a chunk.
const LARGEST: usize = 512;
const SIZES: usize = LARGEST / GRANULE;

/// A chunk's first bytes.
#[repr(C, align(16))]
struct Chunk {
    owner: *const (),
    next: *mut Chunk,
    previous: *mut Chunk,
    free: *mut Free,
    /// Where what was never handed out begins.
    fresh: usize,
    /// Blocks out.
    used: u32,
    /// Bytes of a block, in granules.
    granules: u32,
}

struct Free {
    next: *mut Free,
}

/// What stands before a block that came alone.
#[repr(C, align(16))]
struct Alone {
    owner: *const (),
    bytes: usize,
    next: *mut Alone,
    previous: *mut Alone,
}

/// The pool of one interpreter.
pub struct Pool {
    host: Host,
    owner: *const (),
    open: [*mut Chunk; SIZES + 1],
    spare: *mut Chunk,
    alone: *mut Alone,
    is_watched: bool,
    limit: usize,
    bytes: usize,
}

fn chunk_layout() -> Layout {
    const { assert!(size_of::<Chunk>().is_multiple_of(GRANULE)) };
    Layout::new::<[u128; CHUNK / 16]>()
}

fn alone_layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.checked_add(size_of::<Alone>())?, 16).ok()
}

impl Pool {
    /// An empty pool.
    pub fn new(host: Host, limit: usize, is_watched: bool) -> Self {
        Pool {
            host,
            owner: ptr::null(),
            open: [ptr::null_mut(); SIZES + 1],
            spare: ptr::null_mut(),
            alone: ptr::null_mut(),
            is_watched,
            limit,
            bytes: 0,
        }
    }

    /// Says whose it is: what `owner_of` tells of its blocks.
    pub fn set_owner(&mut self, owner: *const ()) {
        self.owner = owner;
    }

    /// Bytes of all blocks out.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A block of `bytes` bytes, aligned to 16, and its granule.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Result<(NonNull<u8>, u16)> {
        let bytes = bytes.next_multiple_of(GRANULE);
        if bytes > self.limit - self.bytes.min(self.limit) {
            fail!(LIFECYCLE_E_LIMIT, "values would pass their limit of {} bytes", self.limit);
        }
        let granules = bytes / GRANULE;
        let taken = match self.open.get(granules) {
            Some(&chunk) if !self.is_watched => match NonNull::new(chunk) {
                Some(chunk) => self.take_from(chunk, granules),
                None => {
                    let chunk = self.new_chunk(granules)?;
                    self.take_from(chunk, granules)
                }
            },
            _ => (self.take_alone(bytes)?, 0),
        };
        self.bytes += bytes;
        Ok(taken)
    }

    #[inline]
    fn take_from(&mut self, chunk: NonNull<Chunk>, granules: usize) -> (NonNull<u8>, u16) {
        // SAFETY: `.pool.open` - the chunk is ours and has room; no other reference to its header
        // is alive.
        let header = unsafe { &mut *chunk.as_ptr() };
        header.used += 1;
        let at = match NonNull::new(header.free) {
            Some(free) => {
                // SAFETY: `.pool.free`.
                header.free = unsafe { free.as_ref() }.next;
                free.cast::<u8>()
            }
            None => {
                let offset = header.fresh;
                header.fresh += granules * GRANULE;
                // SAFETY: `.pool.open` - there is room for one more block behind `fresh`.
                unsafe { chunk.cast::<u8>().add(offset) }
            }
        };
        if header.free.is_null() && header.fresh + granules * GRANULE > CHUNK {
            self.unlink(chunk);
        }
        let offset = at.as_ptr() as usize - chunk.as_ptr() as usize;
        (at, (offset / GRANULE) as u16)
    }

    #[cold]
    fn new_chunk(&mut self, granules: usize) -> Result<NonNull<Chunk>> {
        let chunk = match NonNull::new(core::mem::replace(&mut self.spare, ptr::null_mut())) {
            Some(spare) => spare,
            None => {
                let memory = self.host.allocate(chunk_layout());
                memory.map_err(|_| Error::no_memory("values"))?.cast::<Chunk>()
            }
        };
        let header = Chunk {
            owner: self.owner,
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            free: ptr::null_mut(),
            fresh: size_of::<Chunk>(),
            used: 0,
            granules: granules as u32,
        };
        // SAFETY: the memory is ours, of a chunk's size and alignment.
        unsafe { chunk.write(header) };
        self.link(chunk);
        Ok(chunk)
    }

    fn link(&mut self, chunk: NonNull<Chunk>) {
        // SAFETY: `.pool.open` - a chunk of ours; no other reference to its header is alive.
        let header = unsafe { &mut *chunk.as_ptr() };
        let Some(first) = self.open.get_mut(header.granules as usize) else { return };
        header.previous = ptr::null_mut();
        header.next = *first;
        // SAFETY: `.pool.open` - a chunk in the list is another one than this.
        if let Some(next) = unsafe { first.as_mut() } {
            next.previous = chunk.as_ptr();
        }
        *first = chunk.as_ptr();
    }

    fn unlink(&mut self, chunk: NonNull<Chunk>) {
        // SAFETY: `.pool.open` - a chunk of ours; no other reference to its header is alive.
        let header = unsafe { &mut *chunk.as_ptr() };
        let (next, previous) = (header.next, header.previous);
        // SAFETY: `.pool.open` - neighbours are chunks of ours, and others than this.
        if let Some(next) = unsafe { next.as_mut() } {
            next.previous = previous;
        }
        // SAFETY: as above.
        match unsafe { previous.as_mut() } {
            Some(previous) => previous.next = next,
            None => {
                if let Some(first) = self.open.get_mut(header.granules as usize) {
                    *first = next;
                }
            }
        }
    }

    fn take_alone(&mut self, bytes: usize) -> Result<NonNull<u8>> {
        let no_memory = || Error::no_memory("a value");
        let layout = alone_layout(bytes).ok_or_else(no_memory)?;
        let at = self.host.allocate(layout).map_err(|_| no_memory())?.cast::<Alone>();
        // SAFETY: the memory is ours, and the record fits in it.
        unsafe {
            at.write(Alone {
                owner: self.owner,
                bytes,
                next: self.alone,
                previous: ptr::null_mut(),
            });
        }
        // SAFETY: `.pool.alone` - what is chained is alive.
        if let Some(next) = unsafe { self.alone.as_mut() } {
            next.previous = at.as_ptr();
        }
        self.alone = at.as_ptr();
        // SAFETY: as above; the block follows its record.
        Ok(unsafe { at.add(1) }.cast())
    }

    /// Frees a block. Returns nothing: what the host is given back cannot be refused.
    ///
    /// # Safety
    /// `at` and `granule` came from `take` of this pool, and the block was not freed since.
    #[inline]
    pub unsafe fn give_back(&mut self, at: NonNull<u8>, granule: u16) {
        if granule == 0 {
            // SAFETY: `.pool.granule` - it came alone, with its record before it.
            return unsafe { self.give_back_alone(at) };
        }
        // SAFETY: `.pool.granule` - the chunk starts that many granules before.
        let chunk = unsafe { at.sub(usize::from(granule) * GRANULE) }.cast::<Chunk>();
        // SAFETY: as above; no other reference to its header is alive.
        let header = unsafe { &mut *chunk.as_ptr() };
        let bytes = header.granules as usize * GRANULE;
        self.bytes -= bytes;
        let was_full = header.free.is_null() && header.fresh + bytes > CHUNK;
        // SAFETY: the block is ours again, and has room for a word.
        unsafe { at.cast::<Free>().write(Free { next: header.free }) };
        header.free = at.as_ptr().cast();
        header.used -= 1;
        if header.used == 0 {
            if !was_full {
                self.unlink(chunk);
            }
            self.retire(chunk);
        } else if was_full {
            self.link(chunk);
        }
    }

    #[cold]
    unsafe fn give_back_alone(&mut self, at: NonNull<u8>) {
        // SAFETY: the caller's word: the record stands before the block.
        let record = unsafe { at.cast::<Alone>().sub(1) };
        // SAFETY: as above.
        let &Alone { bytes, next, previous, .. } = unsafe { record.as_ref() };
        // SAFETY: `.pool.alone` - what is chained is alive, and no other reference to it is.
        unsafe {
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => self.alone = next,
            }
        }
        self.bytes -= bytes;
        if let Some(layout) = alone_layout(bytes) {
            // SAFETY: it was allocated with this layout.
            unsafe { self.host.deallocate(record.cast(), layout) };
        }
    }

    /// Puts a chunk without blocks aside, or gives it back.
    #[cold]
    fn retire(&mut self, chunk: NonNull<Chunk>) {
        if self.spare.is_null() {
            self.spare = chunk.as_ptr();
        } else {
            // SAFETY: it was allocated with this layout, and nothing in it is used any more.
            unsafe { self.host.deallocate(chunk.cast(), chunk_layout()) };
        }
    }

    /// Gives the spare chunk back; all blocks were given back before.
    pub fn empty(&mut self) {
        if let Some(spare) = NonNull::new(core::mem::replace(&mut self.spare, ptr::null_mut())) {
            // SAFETY: as in `retire`.
            unsafe { self.host.deallocate(spare.cast(), chunk_layout()) };
        }
    }
}

/// The owner of the pool that a block came from.
///
/// # Safety
/// `at` and `granule` came from `take`, and the block was not freed since.
pub unsafe fn owner_of(at: NonNull<u8>, granule: u16) -> *const () {
    if granule == 0 {
        // SAFETY: `.pool.granule` - its record stands before it.
        return unsafe { at.cast::<Alone>().sub(1).as_ref() }.owner;
    }
    // SAFETY: `.pool.granule` - its chunk starts that many granules before.
    unsafe { at.sub(usize::from(granule) * GRANULE).cast::<Chunk>().as_ref() }.owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_never_overlap_and_all_memory_goes_back(
            steps in prop::collection::vec((1usize..700, any::<u16>()), 1..400),
            is_watched: bool,
        ) {
            let failing = Failing::new();
            let mut pool = Pool::new(failing.host(), usize::MAX, is_watched);
            let mark = 7u8;
            pool.set_owner((&raw const mark).cast());
            let mut out: Vec<(NonNull<u8>, u16, usize)> = Vec::new();
            let free = |pool: &mut Pool, (at, granule, len): (NonNull<u8>, u16, usize)| {
                for offset in 0..len {
                    // SAFETY: the block is ours and that long.
                    assert_eq!(unsafe { at.add(offset).read() }, len as u8);
                }
                // SAFETY: as above.
                assert!(ptr::eq(unsafe { owner_of(at, granule) }, (&raw const mark).cast()));
                // SAFETY: it came from this pool and is freed once.
                unsafe { pool.give_back(at, granule) };
            };
            for (len, pick) in steps {
                if pick % 3 == 0 && !out.is_empty() {
                    let gone = out.swap_remove(usize::from(pick) % out.len());
                    free(&mut pool, gone);
                    continue;
                }
                let Ok((at, granule)) = pool.take(len) else { unreachable!("memory is there") };
                assert!(at.as_ptr().addr().is_multiple_of(16));
                // SAFETY: the block is ours and that long.
                unsafe { at.write_bytes(len as u8, len) };
                out.push((at, granule, len));
            }
            for gone in out {
                free(&mut pool, gone);
            }
            prop_assert_eq!(pool.bytes(), 0);
            pool.empty();
            prop_assert_eq!(failing.out.get(), 0);
        }
    }
}
