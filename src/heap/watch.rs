//! What happens when cells die: finalizers are called, weak references are cleared.
//!
//! Both watch one cell, the first of what they were given. They stand in one list, in the order
//! they came; so a choicepoint that notes its length tells which are younger, and going back looks
//! at those only. A collection looks at all.
//!
//! Finalizers never run while the heap is at work: they are put aside, where there is room for all
//! of them, and run at the end of the collection or at the next safepoint, newest first.
//!
//! Invariant `.watch.room`: `pending` has room for every finalizer that is registered.

use core::ffi::c_void;

use super::cell::*;
use super::roots::each_choice;
use super::{Due, Heap, State};
use crate::abi::*;
use crate::base::{Host, Kind, List, ListExt, Result, Slots, fail};

/// Words of a blob at most: what an allocation can ask for.
const BLOB_WORDS: u64 = u32::MAX as u64;

/// A list so long may have entries that are not wanted.
const FEW: u64 = 1024;

/// A call that is to be made once.
#[derive(Clone, Copy)]
struct Finalizer {
    release: unsafe extern "C" fn(*mut c_void, *mut c_void),
    resource: *mut c_void,
    user: *mut c_void,
}

#[derive(Clone, Copy)]
enum Action {
    Finalize(Finalizer),
    /// The weak reference with this id is cleared, if it was not dropped.
    Clear(lifecycle_weak),
}

struct Watch {
    /// The cell.
    index: u64,
    action: Action,
    /// In a collection: how many of those before it stay.
    rank: u64,
}

/// All of a heap's.
pub struct Watches {
    list: List<Watch>,
    pending: List<Finalizer>,
    finalizers: u64,
    pub finalized: u64,
    /// What was watched, by id; 0 once it died.
    weak: Slots<lifecycle_cell>,
    cleared: u64,
}

impl Watches {
    pub fn new(host: Host, salt: u8) -> Watches {
        Watches {
            list: List::new_in(host),
            pending: List::new_in(host),
            finalizers: 0,
            finalized: 0,
            weak: Slots::new(host, Kind::Weak, salt),
            cleared: 0,
        }
    }

    /// For choicepoints.
    pub fn len(&self) -> u64 {
        self.list.len() as u64
    }

    /// Finalizers that have not run, weak references, and those of them that were cleared.
    pub fn figures(&self) -> (u64, u64, u64) {
        let waiting = self.finalizers + self.pending.len() as u64;
        (waiting, self.weak.len() as u64, self.cleared)
    }

    /// Goes along the entries from one on: those of which `stays` is true, told the next one too,
    /// stay; the others act and go.
    fn sweep(&mut self, from: usize, stays: impl Fn(&Watch, Option<&Watch>) -> bool) {
        let (mut at, mut to) = (from, from);
        while let Some(watch) = self.list.get(at) {
            if stays(watch, self.list.get(at + 1)) {
                self.list.swap(to, at);
                to += 1;
            } else {
                self.act(watch.action);
            }
            at += 1;
        }
        self.list.truncate(to);
    }

    /// What was watched is gone.
    fn act(&mut self, action: Action) {
        match action {
            Action::Finalize(finalizer) => {
                self.finalizers -= 1;
                // `.watch.room`: this does not allocate.
                self.pending.push(finalizer);
            }
            Action::Clear(weak) => {
                if let Ok(cell) = self.weak.get_mut(weak) {
                    *cell = 0;
                    self.cleared += 1;
                }
            }
        }
    }
}

impl State {
    /// The first cell of what a cell refers to.
    fn target(&self, cell: lifecycle_cell) -> Result<u64> {
        self.refuse_if_busy()?;
        if !is_pointer(cell) {
            fail!(LIFECYCLE_E_TYPE, "{cell:#x} refers to no cell: its tag is {}", tag(cell));
        }
        let at = index(cell);
        self.check_index(at)?;
        Ok(at)
    }

    fn watch(&mut self, index: u64, action: Action) -> Result<()> {
        self.watches.list.try_push(Watch { index, action, rank: 0 })
    }

    fn finalize(&mut self, cell: lifecycle_cell, finalizer: Finalizer) -> Result<()> {
        let index = self.target(cell)?;
        if self.is_closing {
            fail!(LIFECYCLE_E_BUSY, "the heap is being destroyed");
        }
        // `.watch.room`
        let registered = usize::try_from(self.watches.finalizers).unwrap_or(usize::MAX);
        self.watches.pending.make_room(registered.saturating_add(1))?;
        self.watch(index, Action::Finalize(finalizer))?;
        self.watches.finalizers += 1;
        Ok(())
    }

    fn weak_create(&mut self, cell: lifecycle_cell) -> Result<lifecycle_weak> {
        let index = self.target(cell)?;
        // Those that were dropped stay in the list until somebody looks.
        let used = self.watches.weak.len() as u64 + self.watches.finalizers;
        if self.watches.len() > used.saturating_mul(2).max(FEW) {
            self.sift_watches(|_| true);
        }
        self.watches.list.make_room(1)?;
        let weak = self.watches.weak.insert(cell)?;
        self.watch(index, Action::Clear(weak))?;
        Ok(weak)
    }

    fn weak_get(&mut self, weak: lifecycle_weak) -> Result<lifecycle_cell> {
        self.refuse_if_busy()?;
        match *self.watches.weak.get(weak)? {
            0 => fail!(LIFECYCLE_E_NOT_FOUND, "what the weak reference referred to has died"),
            cell => Ok(cell),
        }
    }

    fn weak_drop(&mut self, weak: lifecycle_weak) -> Result<()> {
        self.refuse_if_busy()?;
        if self.watches.weak.remove(weak)? == 0 {
            self.watches.cleared -= 1;
        }
        Ok(())
    }

    /// After marking: what watches a cell that died acts, and goes.
    pub fn settle_watches(&mut self) {
        let (bits, end) = (self.bits(), self.frontier());
        self.sift_watches(|watch| watch.index < end && bits.is_set(watch.index));
        self.ask_for_finalizers();
    }

    /// Keeps the entries that are wanted and of which `stays` is true; the others act. Choicepoints
    /// are told.
    fn sift_watches(&mut self, stays: impl Fn(&Watch) -> bool) {
        let watches = &mut self.watches;
        let mut kept = 0;
        for watch in &mut watches.list {
            watch.rank = kept;
            let is_wanted = match watch.action {
                Action::Clear(weak) => watches.weak.get(weak).is_ok(),
                Action::Finalize(_) => true,
            };
            kept += u64::from(is_wanted && stays(watch));
        }
        each_choice(self.front.wam, |choice| {
            let at = usize::try_from(choice.watches).unwrap_or(usize::MAX);
            choice.watches = watches.list.get(at).map_or(kept, |watch| watch.rank);
        });
        // The next one's rank says whether this one stays.
        watches.sweep(0, |watch, next| next.map_or(kept, |next| next.rank) != watch.rank);
    }

    /// Going back to a choicepoint: what watches a cell that is free from now on acts, and goes. To be
    /// called before allocation goes back.
    pub fn unwatch(&mut self, choice: &lifecycle_choice) {
        let from = usize::try_from(choice.watches).unwrap_or(usize::MAX);
        if from >= self.watches.list.len() {
            return;
        }
        let bits = self.bits();
        let holes = choice.hole..self.place.holes_end;
        let is_free =
            |index: u64| index >= choice.top || holes.contains(&index) && !bits.is_set(index);
        self.watches.sweep(from, |watch, _| !is_free(watch.index));
        self.ask_for_finalizers();
    }

    /// Everything that is watched is about to be gone.
    pub fn condemn_all(&mut self) {
        // Oldest first: what waits is taken from the end.
        self.watches.sweep(0, |_, _| false);
    }

    fn ask_for_finalizers(&mut self) {
        if !self.watches.pending.is_empty() {
            self.front.due |= Due::Finalizers as u32;
        }
    }
}

impl Heap {
    /// Runs what waits. A finalizer that leads here again leaves the rest to the one that runs.
    pub(super) fn run_finalizers(&self) {
        let may_run = self.with(|state| !core::mem::replace(&mut state.is_finalizing, true));
        if !may_run {
            return;
        }
        while let Some(next) = self.with(|state| state.watches.pending.pop()) {
            self.with(|state| state.watches.finalized += 1);
            // SAFETY: the host promised that it may be called with these, once
            // (lifecycle_heap_finalize); `.heap.quiet` holds: `with` has returned.
            unsafe { (next.release)(next.resource, next.user) };
        }
        self.with(|state| {
            state.is_finalizing = false;
            state.front.due &= !(Due::Finalizers as u32);
        });
    }

    /// Makes a blob.
    pub fn blob(&self, bytes: Option<&[u8]>, len: usize) -> Result<lifecycle_cell> {
        let header = blob(len as u64);
        // The header has no room for more than that, so it says nothing of what is too much.
        if (len as u64).div_ceil(8) >= BLOB_WORDS {
            fail!(LIFECYCLE_E_TOO_BIG, "no heap can have a blob of {len} bytes");
        }
        self.with(|state| {
            let words = blob_words(header);
            let at = state.alloc(words + 1)?;
            let place = state.cell_place(at);
            // SAFETY: `.alloc.order` - header and words were allocated just above.
            unsafe {
                *place = header;
                place.wrapping_add(1).write_bytes(0, words as usize);
            }
            if let Some(bytes) = bytes {
                let to = place.wrapping_add(1).cast::<u8>();
                // SAFETY: as above; the host's bytes are not among them.
                unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            }
            Ok(structure(at))
        })
    }

    /// Registers what is to be done when something is gone.
    pub fn finalize(
        &self,
        cell: lifecycle_cell,
        release: lifecycle_release_fn,
        resource: *mut c_void,
        user: *mut c_void,
    ) -> Result<()> {
        let Some(release) = release else {
            fail!(LIFECYCLE_E_INVALID, "the release function is NULL");
        };
        self.with(|state| state.finalize(cell, Finalizer { release, resource, user }))
    }

    /// Makes a weak reference.
    pub fn weak_create(&self, cell: lifecycle_cell) -> Result<lifecycle_weak> {
        self.with(|state| state.weak_create(cell))
    }

    /// What it refers to.
    pub fn weak_get(&self, weak: lifecycle_weak) -> Result<lifecycle_cell> {
        self.with(|state| state.weak_get(weak))
    }

    /// Drops it.
    pub fn weak_drop(&self, weak: lifecycle_weak) -> Result<()> {
        self.with(|state| state.weak_drop(weak))
    }
}
