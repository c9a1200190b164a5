//! A heap that a module owns: it goes with the module, and what it holds is told to the owner as it
//! changes, so that adding up all heaps costs nothing and needs no heap's thread.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{Heap, State};
use crate::abi::*;
use crate::base::{Result, fail};

/// Figures of all heaps of one owner.
#[derive(Default)]
pub struct Sums {
    pub heaps: AtomicU64,
    /// Cells that survived each one's last collection.
    pub live: AtomicU64,
    /// Cells that have memory.
    pub committed: AtomicU64,
    /// Collections, those of heaps that are gone included.
    pub collections: AtomicU64,
}

/// What an owner was told last.
#[derive(Clone, Copy, Default)]
pub struct Told {
    live: u64,
    committed: u64,
    collections: u64,
}

impl State {
    /// Tells the owner, if there is one, what has changed.
    pub fn tell_owner(&mut self) {
        let Some(sums) = self.owner else { return };
        let now = Told {
            live: self.live,
            committed: self.space.committed(),
            collections: self.stats.collections,
        };
        let told = core::mem::replace(&mut self.told, now);
        add(&sums.live, now.live, told.live);
        add(&sums.committed, now.committed, told.committed);
        add(&sums.collections, now.collections, told.collections);
    }
}

/// A figure moves from one value to another; sums wrap around on the way down.
fn add(sum: &AtomicU64, now: u64, told: u64) {
    if now != told {
        sum.fetch_add(now.wrapping_sub(told), Ordering::Relaxed);
    }
}

impl Heap {
    /// From now on an owner destroys it, and is told what it holds.
    pub fn owned_by(&self, sums: &'static Sums) -> Result<()> {
        self.with(|state| {
            state.refuse_if_busy()?;
            if state.owner.is_some() || state.is_closing {
                fail!(LIFECYCLE_E_EXISTS, "a module owns the heap already");
            }
            state.owner = Some(sums);
            state.told = Told { collections: state.stats.collections, ..Told::default() };
            sums.heaps.fetch_add(1, Ordering::Relaxed);
            state.tell_owner();
            Ok(())
        })
    }

    /// It is the host's again.
    pub fn let_go(&self) {
        self.with(|state| {
            state.tell_owner();
            let Some(sums) = state.owner.take() else { return };
            let told = core::mem::take(&mut state.told);
            add(&sums.live, 0, told.live);
            add(&sums.committed, 0, told.committed);
            sums.heaps.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// The release function of a heap that a module owns.
    ///
    /// # Safety
    /// Any pointer will do: what is not a live heap is passed over.
    pub unsafe extern "C" fn release(heap: *mut c_void, _user: *mut c_void) {
        if let Ok(heap) = Heap::check(heap.cast::<lifecycle_heap>()) {
            heap.let_go();
            // One that is at work stays, the host's again.
            let _ = heap.destroy();
        }
    }
}
