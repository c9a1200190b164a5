//! Readers: threads that run code which another thread may retire.
//!
//! A reader that enters copies the grace counter into its own word, a plain store; one that leaves
//! clears it. Whoever retires something unlinks it first, then takes the counter's value as the
//! thing's tag and moves the counter on. A thing may be freed once no reader is inside with a value
//! up to its tag: readers that entered later cannot have found it. What makes the plain store
//! enough is the reclaimer's barrier (membarrier): after it, either the reclaimer sees that the
//! reader is inside, or the reader sees that the thing is unlinked. Source: Desnoyers et al.,
//! "User-Level Implementations of Read-Copy Update" (2012), the sys_membarrier flavour.
//!
//! Invariants:
//! - `.reader.tag`: the grace counter starts at 1, so a value of 0 in a reader means "outside".
//! - `.reader.owner`: `nesting` and `parked` are written only by the thread that attached; other
//!   threads look at `entered` alone.
//! - `.reader.fork`: in a forked child the readers of its parent's other threads are dropped before
//!   the fork returns; where the C library was passed by, they count until the main thread looks,
//!   which knows its own.
//! - `.reader.stable`: readers live in a pool; a detached one can still be looked at, its `grace`
//!   is NULL.
//!
//! Lock order: the list of readers is a leaf; nothing is locked while it is held.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use std::sync::MutexGuard;

use crate::abi::lifecycle_reader;
use crate::base::{Host, List, ListExt, Result, fail};
use crate::os::{self, Held, Mutex, Pool, Signed};

/// One attached thread. The first fields are `lifecycle_reader`, which the inline functions of the
/// header use.
#[repr(C)]
pub struct Reader {
    entered: AtomicU64,
    grace: AtomicPtr<AtomicU64>,
    nesting: AtomicU32,
    fence: AtomicU32,
    parked: AtomicU32,
    reserved: AtomicU32,
    signature: AtomicU32,
    next_free: AtomicU32,
    thread: AtomicU64,
    manager: AtomicPtr<core::ffi::c_void>,
    /// The process it was attached in (`os::fork_generation`).
    process: AtomicU64,
}

const _: () = {
    assert!(core::mem::offset_of!(Reader, grace) == core::mem::offset_of!(lifecycle_reader, grace));
    assert!(
        core::mem::offset_of!(Reader, signature) == size_of::<lifecycle_reader>(),
        "the header's part comes first"
    );
};

// SAFETY: all-zero bytes are a valid `Reader` (atomics and a NULL pointer), and every field is an
// atomic.
unsafe impl Signed for Reader {
    fn signature(&self) -> &AtomicU32 {
        &self.signature
    }
    fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
    const NOUN: &'static str = "reader";
}

static POOL: Pool<Reader> = Pool::new();

impl Reader {
    /// The live reader at a pointer from C.
    pub fn check(pointer: *const lifecycle_reader) -> Result<&'static Reader> {
        POOL.check(pointer.cast())
    }

    /// For C.
    pub fn as_ptr(&self) -> *mut lifecycle_reader {
        (&raw const *self).cast_mut().cast()
    }

    /// The manager it is attached to, as `Readers::attach` was told.
    pub fn manager(&self) -> *mut core::ffi::c_void {
        self.manager.load(Ordering::Relaxed)
    }

    fn check_thread(&self) -> Result<()> {
        if self.thread.load(Ordering::Relaxed) != os::thread_id() {
            fail!(LIFECYCLE_E_INVALID, "a reader is used only by the thread that attached it");
        }
        Ok(())
    }

    /// Says that the thread holds no reference to code until `unpark`, whatever its nesting.
    pub fn park(&self) -> Result<()> {
        self.check_thread()?;
        if self.parked.load(Ordering::Relaxed) != 0 {
            fail!(LIFECYCLE_E_BUSY, "the reader is parked already");
        }
        // A reader that parks outside remembers it as one more than its nesting, so that 0 means
        // "not parked".
        self.parked.store(self.nesting.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.entered.store(0, Ordering::Release);
        Ok(())
    }

    /// Ends `park`: the thread is inside again if it was.
    pub fn unpark(&self) -> Result<()> {
        self.check_thread()?;
        if self.parked.swap(0, Ordering::Relaxed) == 0 {
            fail!(LIFECYCLE_E_INVALID, "the reader is not parked");
        }
        // The nesting of now, not of then: who left while parked is outside, and who entered anew is
        // inside since then, which a later value of the counter would hide.
        let inside = self.nesting.load(Ordering::Relaxed) != 0;
        if inside && self.entered.load(Ordering::Relaxed) == 0 {
            // SAFETY: `.reader.stable` - a live reader's grace counter is its manager's, which is
            // never unmapped.
            if let Some(grace) = unsafe { self.grace.load(Ordering::Relaxed).as_ref() } {
                self.entered.store(grace.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            fence(Ordering::SeqCst);
        }
        Ok(())
    }
}

/// The readers of one manager, and its grace counter.
pub struct Readers {
    grace: AtomicU64,
    /// The process whose readers are on the list.
    process: AtomicU64,
    list: Mutex<Option<List<&'static Reader>>>,
    held: Held<MutexGuard<'static, Option<List<&'static Reader>>>>,
}

/// For `Hooks::before`: after the lists of all managers.
pub fn hold_pool() {
    POOL.hold();
}

/// For `Hooks::after`.
pub fn let_go_pool() {
    POOL.let_go();
}

impl Readers {
    /// None attached.
    pub const fn new() -> Self {
        Readers {
            grace: AtomicU64::new(1),
            process: AtomicU64::new(0),
            list: Mutex::new(None),
            held: Held::new(),
        }
    }

    /// For `Hooks::before`.
    pub fn hold(&'static self) {
        self.held.keep(self.list.lock());
    }

    /// For `Hooks::after`; the child forgets the readers of threads that it does not have.
    pub fn let_go(&'static self, in_child: bool) {
        self.held.let_go();
        if in_child {
            drop(self.living());
        }
    }

    /// Attaches the calling thread; `manager` is kept for `Reader::manager`.
    pub fn attach(
        &'static self,
        host: Host,
        manager: *mut core::ffi::c_void,
    ) -> Result<&'static Reader> {
        let mut list = self.list.lock();
        let list = list.get_or_insert_with(|| List::new_in(host));
        list.make_room(1)?;
        let (place, fresh) = POOL.take()?;
        if fresh {
            // SAFETY: a fresh place is ours, zeroed and as large as a `Reader`; its zero bytes are
            // one already.
            unsafe { place.cast::<u8>().as_ptr().write_bytes(0, size_of::<Reader>()) };
        }
        // SAFETY: the place holds a `Reader` and is never unmapped (`.reader.stable`).
        let reader: &'static Reader = unsafe { &*place.as_ptr() };
        reader.entered.store(0, Ordering::Relaxed);
        reader.nesting.store(0, Ordering::Relaxed);
        reader.parked.store(0, Ordering::Relaxed);
        reader.fence.store(u32::from(!os::barrier().is_asymmetric()), Ordering::Relaxed);
        reader.thread.store(os::thread_id(), Ordering::Relaxed);
        reader.manager.store(manager, Ordering::Relaxed);
        reader.process.store(os::fork_generation(), Ordering::Relaxed);
        reader.grace.store((&raw const self.grace).cast_mut(), Ordering::Relaxed);
        list.push(reader);
        Pool::publish(reader);
        Ok(reader)
    }

    /// Detaches; E_BUSY while it is inside.
    pub fn detach(&self, reader: &'static Reader) -> Result<()> {
        reader.check_thread()?;
        if reader.nesting.load(Ordering::Relaxed) != 0 {
            fail!(LIFECYCLE_E_BUSY, "the reader is inside code; leave first");
        }
        if !Pool::withdraw(reader) {
            fail!(LIFECYCLE_E_STALE, "the reader was detached already");
        }
        let mut list = self.list.lock();
        if let Some(list) = list.as_mut()
            && let Some(at) = list.iter().position(|other| core::ptr::eq(*other, reader))
        {
            list.swap_remove(at);
        }
        Self::retire(reader);
        Ok(())
    }

    fn retire(reader: &'static Reader) {
        reader.entered.store(0, Ordering::Relaxed);
        reader.grace.store(core::ptr::null_mut(), Ordering::Relaxed);
        POOL.give_back(reader);
    }

    /// Detaches every reader and gives the list's memory back; the caller has seen that none is
    /// inside.
    pub fn clear(&self) {
        if let Some(list) = self.list.lock().take() {
            for reader in &list {
                if Pool::withdraw(*reader) {
                    Self::retire(reader);
                }
            }
        }
    }

    /// The list, without the readers of threads that a fork left behind.
    fn living(&self) -> MutexGuard<'_, Option<List<&'static Reader>>> {
        let mut list = self.list.lock();
        let now = os::fork_generation();
        if self.process.load(Ordering::Relaxed) == now {
            return list;
        }
        let Some(readers) = list.as_mut().filter(|list| !list.is_empty()) else {
            self.process.store(now, Ordering::Relaxed);
            return list;
        };
        // The thread that forked is the main one of the child. Only that knows its own readers:
        // until it asks, those of all threads count.
        if os::is_main_thread() {
            let me = os::thread_id();
            readers.retain(|reader| {
                if reader.process.load(Ordering::Relaxed) == now {
                    return true;
                }
                if reader.thread.load(Ordering::Relaxed) == me {
                    reader.process.store(now, Ordering::Relaxed);
                    return true;
                }
                if Pool::withdraw(*reader) {
                    Self::retire(reader);
                }
                false
            });
            self.process.store(now, Ordering::Relaxed);
        }
        list
    }

    /// The tag for what has just been unlinked.
    pub fn tag(&self) -> u64 {
        self.grace.fetch_add(1, Ordering::SeqCst)
    }

    /// Things with a tag below this may be freed: the oldest value a reader is inside with.
    pub fn oldest(&self) -> u64 {
        let list = self.living();
        let Some(list) = list.as_ref().filter(|list| !list.is_empty()) else {
            return u64::MAX;
        };
        if !os::barrier().memory() {
            // Whoever is inside may not be seen: nothing may be freed.
            return 0;
        }
        list.iter()
            .map(|reader| reader.entered.load(Ordering::Acquire))
            .filter(|entered| *entered != 0)
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Whether the calling thread has a reader that is inside.
    pub fn is_inside(&self) -> bool {
        let me = os::thread_id();
        self.living().iter().flatten().any(|reader| {
            reader.thread.load(Ordering::Relaxed) == me
                && reader.entered.load(Ordering::Relaxed) != 0
        })
    }

    /// Attached, and inside right now.
    pub fn count(&self) -> (u64, u64) {
        let list = self.living();
        let inside = |reader: &&&'static Reader| reader.entered.load(Ordering::Relaxed) != 0;
        list.as_ref()
            .map_or((0, 0), |list| (list.len() as u64, list.iter().filter(inside).count() as u64))
    }

    /// Waits until every reader that was inside when the call began has left or entered anew.
    /// E_TIMEOUT; E_DEADLOCK when the calling thread itself is inside.
    pub fn wait(&self, timeout_ns: u64) -> Result<()> {
        if self.is_inside() {
            fail!(LIFECYCLE_E_DEADLOCK, "the calling thread is itself inside code");
        }
        let tag = self.tag();
        let start = os::monotonic_ns();
        while self.oldest() <= tag {
            if os::monotonic_ns().saturating_sub(start) >= timeout_ns {
                fail!(LIFECYCLE_E_TIMEOUT, "a reader stayed inside for {timeout_ns} ns");
            }
            os::yield_now();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(readers: &Readers, reader: &Reader) {
        reader.entered.store(readers.grace.load(Ordering::Relaxed), Ordering::Relaxed);
        reader.nesting.store(1, Ordering::Relaxed);
    }

    fn leave(reader: &Reader) {
        reader.nesting.store(0, Ordering::Relaxed);
        reader.entered.store(0, Ordering::Release);
    }

    #[test]
    fn what_is_retired_waits_for_those_who_were_inside_and_for_nobody_else() -> Result<()> {
        static READERS: Readers = Readers::new();
        let reader = READERS.attach(Host::libc(), core::ptr::null_mut())?;
        assert_eq!(READERS.oldest(), u64::MAX);
        enter(&READERS, reader);
        let tag = READERS.tag();
        assert!(READERS.oldest() <= tag, "a reader that was inside holds it back");
        leave(reader);
        assert!(READERS.oldest() > tag);
        enter(&READERS, reader);
        assert!(READERS.oldest() > tag, "one that entered later does not");
        assert!(READERS.detach(reader).is_err());
        assert!(READERS.wait(0).is_err());
        reader.park()?;
        assert_eq!(READERS.oldest(), u64::MAX);
        reader.unpark()?;
        assert!(READERS.oldest() != u64::MAX);
        leave(reader);
        READERS.wait(0)?;
        READERS.detach(reader)?;
        assert!(Reader::check(reader.as_ptr()).is_err());
        Ok(())
    }
}
