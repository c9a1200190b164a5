//! Slabs of code that are mapped twice, executable and writable, and what a fork makes of them.
//!
//! Each slab is a memory file of its own, mapped shared, so after a fork parent and child have the
//! same bytes. The kernel copies nothing by itself, so this file does, a slab at a time and only
//! when one side is about to change bytes that the other may run: the slab's bytes go to a new
//! file, which takes the old one's place in both views. No descriptor is kept: a file lives as long
//! as somebody maps it, so its memory goes when the last process has let go.
//!
//! A slab whose era (`os::fork_era`) is not the current one is shared. In the parent its free
//! space may be used, because it was free when the child was made and the child copies before it
//! uses its own; what is freed waits for the copy. The child has no writable view of it at all (it
//! is kept from children) and copies before it writes anything.
//!
//! Invariants:
//! - `.dual.shared`: bytes that were part of a span at a fork are not changed while the slab is
//!   shared.
//! - `.dual.writable`: a slab is written at `writable` only between `open` and `close`, and has
//!   that view if its era is of this process (not below `os::fork_generation`).
//! - `.dual.busy`: a slab that somebody writes to is not copied: the bytes could be lost.
//! - `.dual.touched`: a page of a slab that is not noted as touched was never written.
//! - `.dual.gone`: the addresses of a writable view that another process made are not ours.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::region::{SLAB, Span};
use crate::base::{Host, List, ListExt, Result, fail};
use crate::os::{self, Access, CodeFile, Mutex, Rank, Reservation};
use crate::shim;

/// What pages are counted in here, whatever the system's are.
const PAGE: usize = 4096;
const WORDS: usize = SLAB / PAGE / 64;

/// In `Slab::writers`: it is being copied.
const COPYING: u32 = 1 << 31;
/// In `Slab::wanted`: nothing new may go there before it was copied.
const WANTED: u32 = 1;

#[repr(C)]
#[derive(Default)]
struct Slab {
    /// Threads that write to different slabs do not share a cache line, nor a pair of them.
    _apart: [u64; 16],
    /// The era its file was made in; 0 = it has none, or not one that can be written.
    era: AtomicU64,
    /// Spans of it that are open, and `COPYING`.
    writers: AtomicU32,
    /// The process they were counted in.
    process: AtomicU64,
    wanted: AtomicU32,
    /// A bit a page.
    touched: [AtomicU64; WORDS],
}

/// A writable view and the process whose addresses those are.
struct View {
    memory: Option<Reservation>,
    process: u64,
}

impl View {
    fn new(len: usize) -> Result<Self> {
        let memory = Reservation::new(len, SLAB)?;
        memory.keep_from_children(0, len)?;
        Ok(View { memory: Some(memory), process: os::fork_generation() })
    }

    fn memory(&self) -> Option<&Reservation> {
        self.memory.as_ref().filter(|_| self.process == os::fork_generation())
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if self.process != os::fork_generation() {
            // `.dual.gone`: something else may be there by now.
            core::mem::forget(self.memory.take());
        }
    }
}

/// The slabs of one manager's code.
pub struct Dual {
    slabs: List<Slab>,
    /// Where the writable view of the first slab is.
    writable: AtomicPtr<u8>,
    /// Held while what is mapped changes.
    view: Mutex<View>,
}

impl Dual {
    /// For `capacity` bytes of code; nothing of the system's yet.
    pub fn new(host: Host, capacity: usize) -> Result<Self> {
        let mut slabs = List::new_in(host);
        slabs.make_room(capacity / SLAB)?;
        slabs.resize_with(capacity / SLAB, Slab::default);
        shim::atomics_only(slabs.as_ptr().cast(), slabs.len() * size_of::<Slab>());
        let view = Mutex::new(Rank::View, View { memory: None, process: 0 });
        Ok(Dual { slabs, writable: AtomicPtr::new(core::ptr::null_mut()), view })
    }

    /// What the system refuses shows now, not when the first symbol comes.
    pub fn probe(&self) -> Result<()> {
        let mut view = self.view.lock();
        let memory = self.writable(&mut view)?;
        memory.map_code(0, &CodeFile::new(NAME, SLAB)?, Access::ReadExecute)?;
        memory.decommit(0, SLAB)?;
        memory.keep_from_children(0, SLAB)
    }

    fn slabs(&self, first: usize, count: usize) -> impl Iterator<Item = (usize, &Slab)> {
        (first..).zip(self.slabs.get(first..first + count).unwrap_or_default())
    }

    fn slabs_of(&self, span: Span) -> impl Iterator<Item = (usize, &Slab)> {
        let (first, end) = (span.offset / SLAB, (span.offset + span.len).div_ceil(SLAB));
        (first..end).filter_map(|number| Some((number, self.slabs.get(number)?)))
    }

    /// Where bytes of a span are written that another process might have run, if none does any
    /// more. The caller keeps forks and the span's slab to itself meanwhile, so nobody copies it.
    pub fn owned(&self, span: Span) -> Option<*mut u8> {
        let now = os::fork_era();
        for (number, slab) in self.slabs_of(span) {
            if slab.era.load(Ordering::Acquire) != now {
                return None;
            }
            slab.touch(span, number);
        }
        Some(self.at(span))
    }

    /// `.dual.writable`
    fn at(&self, span: Span) -> *mut u8 {
        self.writable.load(Ordering::Acquire).wrapping_add(span.offset)
    }

    /// Makes a slab's bytes this process's own. `code` is where the slabs run: the reservation and
    /// the first slab's offset in it. E_BUSY while somebody writes to the slab. When it fails,
    /// everything runs as before, and it may be tried again.
    pub fn own(&self, number: usize, code: (&Reservation, usize)) -> Result<()> {
        let Some(slab) = self.slabs.get(number) else { return Ok(()) };
        let now = os::fork_era();
        if slab.era.load(Ordering::Acquire) == now {
            return Ok(());
        }
        let mut view = self.view.lock();
        if slab.era.load(Ordering::Acquire) == now {
            return Ok(());
        }
        // Nothing new goes there until this has been done.
        slab.wanted.store(WANTED, Ordering::Relaxed);
        if slab.process.swap(os::fork_generation(), Ordering::Relaxed) != os::fork_generation() {
            // Who wrote to it did so in another process.
            slab.writers.store(0, Ordering::Relaxed);
        }
        let writers = &slab.writers;
        if writers.compare_exchange(0, COPYING, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            fail!(LIFECYCLE_E_BUSY, "slab {number} of the code is being written to");
        }
        let copied = self.copy(number, slab, code, &mut view);
        if copied.is_ok() {
            slab.era.store(now, Ordering::Release);
            slab.wanted.store(0, Ordering::Relaxed);
        }
        slab.writers.fetch_sub(COPYING, Ordering::Release);
        copied
    }

    fn copy(
        &self,
        number: usize,
        slab: &Slab,
        (code, base): (&Reservation, usize),
        view: &mut View,
    ) -> Result<()> {
        let (file, at) = (CodeFile::new(NAME, SLAB)?, base + number * SLAB);
        for (offset, len) in slab.used() {
            file.write(offset, code.base().wrapping_add(at + offset), len)?;
        }
        let writable = self.writable(view)?;
        // From here on the old writable view may be gone: who writes next copies again.
        slab.era.store(0, Ordering::Relaxed);
        map_writable(writable, number, &file)?;
        let mapped = code.map_code(at, &file, Access::ReadExecute);
        if mapped.is_err() {
            let _ = writable.decommit(number * SLAB, SLAB);
        }
        mapped
    }

    /// This process's writable view, made if it has none: a child makes one of its own.
    fn writable<'a>(&self, view: &'a mut View) -> Result<&'a Reservation> {
        if view.memory().is_none() {
            *view = View::new(self.slabs.len() * SLAB)?;
        }
        let Some(memory) = view.memory() else {
            fail!(LIFECYCLE_E_FORKED, "the process has forked past the C library meanwhile");
        };
        shim::atomic(&self.writable);
        self.writable.store(memory.base(), Ordering::Release);
        Ok(memory)
    }

    /// Whether free space of a slab may be handed out; a copy is made where that is needed first.
    pub fn is_usable(&self, number: usize, code: (&Reservation, usize)) -> bool {
        let Some(slab) = self.slabs.get(number) else { return false };
        let is_free = slab.is_writable() && slab.wanted.load(Ordering::Relaxed) == 0;
        is_free || self.own(number, code).is_ok()
    }

    /// Where a span is written, until `close` has been called as often as this.
    pub fn open(&self, span: Span, code: (&Reservation, usize)) -> Result<*mut u8> {
        for (number, slab) in self.slabs_of(span) {
            let entered = self.enter(number, slab, code);
            if entered.is_err() {
                let first = span.offset / SLAB;
                self.slabs(first, number - first).for_each(|(_, slab)| slab.leave());
                return entered.map(|()| core::ptr::null_mut());
            }
        }
        self.slabs_of(span).for_each(|(number, slab)| slab.touch(span, number));
        Ok(self.at(span))
    }

    fn enter(&self, number: usize, slab: &Slab, code: (&Reservation, usize)) -> Result<()> {
        loop {
            if !slab.is_writable() {
                self.own(number, code)?;
            }
            let copying = slab.writers.fetch_add(1, Ordering::AcqRel) & COPYING != 0;
            if !copying && slab.is_writable() {
                return Ok(());
            }
            // `.dual.busy`: whoever copies has the lock.
            slab.leave();
            drop(self.view.lock());
        }
    }

    /// Ends `open`.
    pub fn close(&self, span: Span) {
        self.slabs_of(span).for_each(|(_, slab)| slab.leave());
    }

    /// Gives slabs memory; all of them or none.
    pub fn commit(
        &self,
        first: usize,
        count: usize,
        (code, base): (&Reservation, usize),
    ) -> Result<()> {
        let mut view = self.view.lock();
        let writable = self.writable(&mut view)?;
        for number in first..first + count {
            let mapped = CodeFile::new(NAME, SLAB).and_then(|file| {
                map_writable(writable, number, &file)?;
                code.map_code(base + number * SLAB, &file, Access::ReadExecute)
            });
            if mapped.is_err() {
                let len = (number + 1 - first) * SLAB;
                let _ = writable.decommit(first * SLAB, len);
                let _ = code.decommit(base + first * SLAB, len);
                return mapped;
            }
        }
        let now = os::fork_era();
        self.slabs(first, count).for_each(|(_, slab)| slab.reset(now));
        Ok(())
    }

    /// Takes slabs' memory away; all of them or none.
    pub fn decommit(
        &self,
        first: usize,
        count: usize,
        (code, base): (&Reservation, usize),
    ) -> Result<()> {
        let view = self.view.lock();
        let (offset, len) = (first * SLAB, count * SLAB);
        if let Err(error) = code.decommit(base + offset, len) {
            // They will be used again, and were not given to `own` before.
            let now = os::fork_era();
            let shared = |slab: &Slab| slab.era.load(Ordering::Relaxed) != now;
            for (_, slab) in self.slabs(first, count).filter(|(_, slab)| shared(slab)) {
                slab.wanted.store(WANTED, Ordering::Relaxed);
            }
            return Err(error);
        }
        if let Some(memory) = view.memory() {
            // The executable view is gone, so the slab cannot be used any more, whatever happens
            // here.
            let _ =
                memory.decommit(offset, len).and_then(|()| memory.keep_from_children(offset, len));
        }
        self.slabs(first, count).for_each(|(_, slab)| slab.reset(0));
        Ok(())
    }
}

const NAME: &core::ffi::CStr = c"lifecycle-code";

/// Maps a slab's file where it is written, and there in this process only.
fn map_writable(writable: &Reservation, number: usize, file: &CodeFile) -> Result<()> {
    writable.map_code(number * SLAB, file, Access::ReadWrite)?;
    // Without this a child could overwrite its parent's code; rather no memory than that.
    let kept = writable.keep_from_children(number * SLAB, SLAB);
    if kept.is_err() {
        let _ = writable.decommit(number * SLAB, SLAB);
    }
    kept
}

impl Slab {
    fn reset(&self, era: u64) {
        self.touched.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        self.writers.store(0, Ordering::Relaxed);
        self.process.store(os::fork_generation(), Ordering::Relaxed);
        self.wanted.store(0, Ordering::Relaxed);
        self.era.store(era, Ordering::Release);
    }

    /// `.dual.writable`
    fn is_writable(&self) -> bool {
        self.era.load(Ordering::Acquire) >= os::fork_generation()
    }

    fn leave(&self) {
        self.writers.fetch_sub(1, Ordering::Release);
    }

    /// Notes that the pages of a span hold something, as far as they are this slab's
    /// (`.dual.touched`).
    fn touch(&self, span: Span, number: usize) {
        let mut from = span.offset.saturating_sub(number * SLAB) / PAGE;
        let end = (span.offset + span.len - number * SLAB).min(SLAB).div_ceil(PAGE);
        while from < end
            && let Some(word) = self.touched.get(from / 64)
        {
            let next = (from - from % 64 + 64).min(end);
            let bits = u64::MAX >> (64 - (next - from)) << (from % 64);
            if word.load(Ordering::Relaxed) & bits != bits {
                word.fetch_or(bits, Ordering::Relaxed);
            }
            from = next;
        }
    }

    /// Offset and length of each stretch of touched pages.
    fn used(&self) -> impl Iterator<Item = (usize, usize)> {
        let is_touched = |page: usize| {
            let word = self.touched.get(page / 64).map_or(0, |word| word.load(Ordering::Relaxed));
            word >> (page % 64) & 1 == 1
        };
        let mut page = 0;
        core::iter::from_fn(move || {
            let from = (page..SLAB / PAGE).find(|page| is_touched(*page))?;
            page = (from..SLAB / PAGE).find(|page| !is_touched(*page)).unwrap_or(SLAB / PAGE);
            Some((from * PAGE, (page - from) * PAGE))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a list of pages: what was touched is used, and nothing else.
        #[test]
        fn what_is_used_is_what_was_touched(
            spans in proptest::collection::vec((0..SLAB / PAGE, 0..80usize), 0..12)
        ) {
            let (slab, mut pages) = (Slab::default(), vec![false; SLAB / PAGE]);
            for (from, len) in spans {
                let end = (from + len).min(SLAB / PAGE);
                slab.touch(Span { offset: from * PAGE, len: (end - from) * PAGE }, 0);
                pages.iter_mut().take(end).skip(from).for_each(|page| *page = true);
            }
            let mut used = vec![false; SLAB / PAGE];
            let mut last = None;
            for (offset, len) in slab.used() {
                prop_assert!(len != 0 && last.is_none_or(|last| offset > last), "stretches are apart");
                last = Some(offset + len);
                used.iter_mut().skip(offset / PAGE).take(len / PAGE).for_each(|page| *page = true);
            }
            prop_assert_eq!(used, pages);
        }
    }

    /// A system that is never asked for more than this test's own memory.
    fn dual() -> Result<(Dual, Reservation)> {
        let dual = Dual::new(Host::libc(), 3 * SLAB)?;
        dual.probe()?;
        Ok((dual, Reservation::new(3 * SLAB, SLAB)?))
    }

    #[test]
    fn a_slab_that_is_written_to_is_not_copied() -> Result<()> {
        let (dual, view) = dual()?;
        let code = (&view, 0);
        dual.commit(0, 3, code)?;
        let span = Span { offset: SLAB - 4096, len: 8192 };
        let at = dual.open(span, code)?;
        // SAFETY: the span is open.
        unsafe { at.write_bytes(7, span.len) };
        let later = |slab: usize| {
            if let Some(slab) = dual.slabs.get(slab) {
                slab.era.store(1, Ordering::Relaxed);
                slab.process.store(os::fork_generation(), Ordering::Relaxed);
            }
        };
        (0..3).for_each(later);
        assert!(dual.own(0, code).is_err() && dual.own(1, code).is_err());
        assert!(dual.own(2, code).is_ok() && dual.owned(span).is_none());
        dual.close(span);
        assert!(
            dual.own(0, code).is_ok() && dual.own(1, code).is_ok() && dual.owned(span).is_some()
        );
        // SAFETY: both slabs are mapped readable.
        let copied = unsafe { core::slice::from_raw_parts(view.base().add(span.offset), span.len) };
        assert!(copied.iter().all(|byte| *byte == 7));
        assert!(dual.is_usable(0, code));
        dual.decommit(0, 3, code)
    }
}
