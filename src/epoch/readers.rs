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
//! - `.reader.gone`: a reader whose thread has certainly ended counts as detached: what was inside
//!   runs no more. It is asked for only when it holds something back or too many are on the list.
//!   The main thread of a process that goes on without it is never seen to end, and neither is a
//!   thread whose number belongs to another by then: what these hold back waits, visibly
//!   (`lifecycle_stats.blocking_reader_thread`).

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::grace;
use crate::abi::lifecycle_reader;
use crate::base::{Host, List, ListExt, Result, fail};
use crate::os::{self, Held, Mutex, MutexGuard, Pool, Rank, Signed, Task};
use crate::shim;

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
    /// Its thread, as the system calls it.
    task: Task,
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

static POOL: Pool<Reader> = Pool::new(Rank::ReaderPool);

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
        grace::leave(&self.entered);
        Ok(())
    }

    /// Ends `park`: the thread is inside again if it was.
    pub fn unpark(&self) -> Result<()> {
        self.check_thread()?;
        if self.parked.swap(0, Ordering::Relaxed) == 0 {
            fail!(LIFECYCLE_E_INVALID, "the reader is not parked");
        }
        // The nesting of now, not of then: who left while parked is outside, and who entered anew
        // is inside since then, which a later value of the counter would hide.
        let inside = self.nesting.load(Ordering::Relaxed) != 0;
        if inside && self.entered.load(Ordering::Relaxed) == 0 {
            // SAFETY: `.reader.stable` - a live reader's grace counter is its manager's, which is
            // never unmapped.
            if let Some(counter) = unsafe { self.grace.load(Ordering::Relaxed).as_ref() } {
                grace::enter(&self.entered, counter, true);
            }
        }
        Ok(())
    }

    /// What lifecycle_enter does.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn enter(&self) {
        if self.nesting.fetch_add(1, Ordering::Relaxed) == 0 {
            // SAFETY: as in `unpark`.
            if let Some(counter) = unsafe { self.grace.load(Ordering::Relaxed).as_ref() } {
                grace::enter(&self.entered, counter, true);
            }
        }
    }

    /// What lifecycle_leave does; the reader is inside.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn leave(&self) {
        if self.nesting.fetch_sub(1, Ordering::Relaxed) == 1 {
            grace::leave(&self.entered);
        }
    }

    /// `.reader.gone`. A forked child asks of its own threads only.
    fn is_gone(&self) -> bool {
        self.process.load(Ordering::Relaxed) == os::fork_generation() && self.task.is_gone()
    }

    fn set_thread(&self) {
        self.thread.store(os::thread_id(), Ordering::Relaxed);
        self.process.store(os::fork_generation(), Ordering::Relaxed);
        self.task.set_current();
    }
}

/// Who holds something back.
#[derive(Clone, Copy)]
struct Blocker {
    reader: &'static Reader,
    entered: u64,
    /// When it was first seen inside with that value.
    since: u64,
}

/// What is behind the lock.
struct Attached {
    readers: List<&'static Reader>,
    /// Who was last seen to hold something back.
    blocker: Option<Blocker>,
    /// So many readers, and those whose threads are gone are looked for.
    crowd: usize,
}

/// Fewer readers than this are never looked through for those whose threads are gone.
const CROWD: usize = 64;

impl Attached {
    /// Detaches the readers of threads that are gone, when there are twice as many as last time.
    fn thin_out(&mut self) {
        if self.readers.len() < self.crowd {
            return;
        }
        self.readers.retain(|reader| {
            let gone = reader.is_gone();
            if gone {
                Readers::bury(reader);
            }
            !gone
        });
        self.crowd = CROWD.max(self.readers.len() * 2);
    }

    /// The reader that has been inside longest, and its value. If it holds `waiting` back, its
    /// thread is not gone.
    fn oldest(&mut self, waiting: u64) -> Option<(&'static Reader, u64)> {
        loop {
            let (at, entered) = grace::oldest(self.readers.iter().map(|reader| &reader.entered))?;
            let reader = self.readers.get(at)?;
            if entered > waiting || !reader.is_gone() {
                return Some((reader, entered));
            }
            Readers::bury(reader);
            self.readers.swap_remove(at);
        }
    }

    /// Notes who holds something back, and since when.
    fn note(&mut self, reader: &'static Reader, entered: u64) -> Blocker {
        let same = |it: &Blocker| core::ptr::eq(it.reader, reader) && it.entered == entered;
        let known = self.blocker.filter(same);
        *self.blocker.insert(known.unwrap_or_else(|| {
            let since = os::monotonic_ns();
            Blocker { reader, entered, since }
        }))
    }
}

/// What a reclaimer sees.
enum Seen {
    /// Nothing: the system refused the barrier, so a reader may be inside unseen.
    Refused,
    /// Who has been inside longest.
    Inside(&'static Reader, u64),
    /// Nobody is inside.
    Nobody,
}

/// The readers of one manager, and its grace counter.
pub struct Readers {
    grace: AtomicU64,
    /// The process whose readers are on the list.
    process: AtomicU64,
    list: Mutex<Option<Attached>>,
    held: Held<MutexGuard<'static, Option<Attached>>>,
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
            list: Mutex::new(Rank::Readers, None),
            held: Held::new(),
        }
    }

    /// Where it is now it stays: what is read without the list's lock.
    pub fn settle(&self) {
        shim::atomic(&self.grace);
        shim::atomic(&self.process);
    }

    /// For `Hooks::before`.
    pub fn hold(&'static self) {
        self.held.keep(self.list.lock_in_row());
    }

    /// For `Hooks::after`.
    pub fn let_go(&'static self) {
        self.held.let_go();
    }

    /// The same in the child, once all lists are let go: it forgets the readers of threads that it
    /// does not have.
    pub fn forget_gone(&self) {
        drop(self.living());
    }

    /// Attaches the calling thread; `manager` is kept for `Reader::manager`.
    pub fn attach(
        &'static self,
        host: Host,
        manager: *mut core::ffi::c_void,
    ) -> Result<&'static Reader> {
        let mut list = self.list.lock();
        let attached = list.get_or_insert_with(|| {
            let readers = List::new_in(host);
            Attached { readers, blocker: None, crowd: CROWD }
        });
        attached.thin_out();
        attached.readers.make_room(1)?;
        let (place, fresh) = POOL.take()?;
        if fresh {
            // SAFETY: a fresh place is ours, zeroed and as large as a `Reader`; its zero bytes are
            // one already.
            unsafe { place.cast::<u8>().as_ptr().write_bytes(0, size_of::<Reader>()) };
        }
        // SAFETY: the place holds a `Reader` and is never unmapped (`.reader.stable`).
        let reader: &'static Reader = unsafe { &*place.as_ptr() };
        shim::atomic(reader);
        reader.entered.store(0, Ordering::Relaxed);
        reader.nesting.store(0, Ordering::Relaxed);
        reader.parked.store(0, Ordering::Relaxed);
        reader.fence.store(u32::from(!os::barrier().is_asymmetric()), Ordering::Relaxed);
        reader.set_thread();
        reader.manager.store(manager, Ordering::Relaxed);
        reader.grace.store((&raw const self.grace).cast_mut(), Ordering::Relaxed);
        attached.readers.push(reader);
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
        if let Some(Attached { readers, .. }) = list.as_mut()
            && let Some(at) = readers.iter().position(|other| core::ptr::eq(*other, reader))
        {
            readers.swap_remove(at);
        }
        Self::retire(reader);
        Ok(())
    }

    /// Detaches a reader whose thread cannot do it any more.
    fn bury(reader: &'static Reader) {
        if Pool::withdraw(reader) {
            Self::retire(reader);
        }
    }

    fn retire(reader: &'static Reader) {
        reader.entered.store(0, Ordering::Relaxed);
        reader.grace.store(core::ptr::null_mut(), Ordering::Relaxed);
        POOL.give_back(reader);
    }

    /// Detaches every reader and gives the list's memory back; the caller has seen that none is
    /// inside.
    pub fn clear(&self) {
        if let Some(attached) = self.list.lock().take() {
            attached.readers.iter().for_each(|reader| Self::bury(reader));
        }
    }

    /// The list, without the readers of threads that a fork left behind.
    fn living(&self) -> MutexGuard<'_, Option<Attached>> {
        let mut list = self.list.lock();
        let now = os::fork_generation();
        if self.process.load(Ordering::Relaxed) == now {
            return list;
        }
        let Some(attached) = list.as_mut().filter(|it| !it.readers.is_empty()) else {
            self.process.store(now, Ordering::Relaxed);
            return list;
        };
        // The thread that forked is the main one of the child. Only that knows its own readers:
        // until it asks, those of all threads count.
        if os::is_main_thread() {
            let me = os::thread_id();
            attached.readers.retain(|reader| {
                if reader.process.load(Ordering::Relaxed) == now {
                    return true;
                }
                let mine = reader.thread.load(Ordering::Relaxed) == me;
                if mine {
                    reader.set_thread();
                } else {
                    Self::bury(reader);
                }
                mine
            });
            self.process.store(now, Ordering::Relaxed);
        }
        list
    }

    /// The tag for what has just been unlinked.
    pub fn tag(&self) -> u64 {
        grace::tag(&self.grace)
    }

    fn look(&self, list: &mut Option<Attached>, waiting: u64) -> Seen {
        let Some(attached) = list.as_mut().filter(|it| !it.readers.is_empty()) else {
            return Seen::Nobody;
        };
        if !os::barrier().memory() {
            return Seen::Refused;
        }
        let oldest = attached.oldest(waiting);
        oldest.map_or(Seen::Nobody, |(reader, value)| Seen::Inside(reader, value))
    }

    /// Things with a tag below this may be freed: the oldest value a reader is inside with.
    /// `waiting` is the tag of what has waited longest: whoever holds that back is noted.
    pub fn oldest(&self, waiting: u64) -> u64 {
        let mut list = self.living();
        match (self.look(&mut list, waiting), list.as_mut()) {
            (Seen::Refused, _) => 0,
            (Seen::Inside(reader, value), Some(attached)) => {
                if value <= waiting {
                    attached.note(reader, value);
                }
                value
            }
            _ => u64::MAX,
        }
    }

    /// Who holds back what has the tag `waiting`: the system's number of its thread, and for how
    /// many nanoseconds it has been seen to. Zeros if nobody does.
    pub fn blocking(&self, waiting: u64) -> (u64, u64) {
        let mut list = self.living();
        if let Seen::Inside(reader, value) = self.look(&mut list, waiting)
            && value <= waiting
            && let Some(attached) = list.as_mut()
        {
            let since = attached.note(reader, value).since;
            return (reader.task.number(), os::monotonic_ns().saturating_sub(since));
        }
        (0, 0)
    }

    /// Whether the calling thread has a reader that is inside.
    pub fn is_inside(&self) -> bool {
        let me = os::thread_id();
        self.living().iter().flat_map(|it| &it.readers).any(|reader| {
            reader.thread.load(Ordering::Relaxed) == me
                && reader.entered.load(Ordering::Relaxed) != grace::OUTSIDE
        })
    }

    /// Whether any is attached.
    pub fn any(&self) -> bool {
        self.living().as_ref().is_some_and(|attached| !attached.readers.is_empty())
    }

    /// Whether any thread is inside. Where the system refuses the barrier, one that has just
    /// entered may be missed: so this says what may be asked for, never what may be freed.
    pub fn any_inside(&self) -> bool {
        let mut list = self.living();
        let Some(attached) = list.as_mut().filter(|it| !it.readers.is_empty()) else {
            return false;
        };
        os::barrier().memory();
        attached.oldest(u64::MAX).is_some()
    }

    /// Attached, and inside right now, as far as can be seen without a barrier.
    pub fn count(&self) -> (u64, u64) {
        let list = self.living();
        let inside = |it: &&&Reader| it.entered.load(Ordering::Relaxed) != grace::OUTSIDE;
        list.as_ref().map_or((0, 0), |Attached { readers, .. }| {
            (readers.len() as u64, readers.iter().filter(inside).count() as u64)
        })
    }

    /// Waits until every reader that was inside when the call began has left or entered anew.
    /// E_TIMEOUT; E_DEADLOCK when the calling thread itself is inside; E_SYSTEM when the system
    /// refuses the barrier.
    pub fn wait(&self, timeout_ns: u64) -> Result<()> {
        if self.is_inside() {
            fail!(LIFECYCLE_E_DEADLOCK, "the calling thread is itself inside code");
        }
        let tag = self.tag();
        let start = os::monotonic_ns();
        // Each look interrupts every processor that runs a thread of the process. So they become
        // rarer: a short stay is waited for without sleep, a long one costs little.
        let mut pause = 0;
        loop {
            match self.look(&mut self.living(), tag) {
                Seen::Refused => fail!(LIFECYCLE_E_SYSTEM, "the system refused the barrier"),
                Seen::Inside(_, value) if value <= tag => {}
                _ => return Ok(()),
            }
            let waited = os::monotonic_ns().saturating_sub(start);
            if waited >= timeout_ns {
                fail!(LIFECYCLE_E_TIMEOUT, "a reader stayed inside for {timeout_ns} ns");
            }
            match pause {
                0..SLEEP_FROM => os::yield_now(),
                _ => os::sleep_ns(pause.min(timeout_ns - waited)),
            }
            pause = (pause + pause / 4 + 100).min(SLEEP_MOST);
        }
    }
}

/// Nanoseconds: shorter pauses are not worth a sleep, and none is longer than the second.
const SLEEP_FROM: u64 = 20_000;
const SLEEP_MOST: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_retired_waits_for_those_who_were_inside_and_for_nobody_else() -> Result<()> {
        static READERS: Readers = Readers::new();
        let reader = READERS.attach(Host::libc(), core::ptr::null_mut())?;
        assert_eq!(READERS.oldest(0), u64::MAX);
        reader.enter();
        let tag = READERS.tag();
        assert!(READERS.oldest(tag) <= tag, "a reader that was inside holds it back");
        reader.leave();
        assert!(READERS.oldest(tag) > tag);
        reader.enter();
        assert!(READERS.oldest(tag) > tag, "one that entered later does not");
        assert!(READERS.detach(reader).is_err());
        assert!(READERS.wait(0).is_err());
        reader.park()?;
        assert_eq!(READERS.oldest(tag), u64::MAX);
        reader.unpark()?;
        assert!(READERS.oldest(tag) != u64::MAX);
        reader.leave();
        READERS.wait(0)?;
        READERS.detach(reader)?;
        assert!(Reader::check(reader.as_ptr()).is_err());
        Ok(())
    }
}
