//! Registering tables of frames with the process's unwinder, so that exceptions and backtraces pass
//! through mapped code.
//!
//! A table is registered for each symbol and covers its bytes alone: tables never overlap, because
//! libgcc stops at the first that an address could be in (up to 12 in a sorted list, from 13 on in
//! a tree that demands it). Registering a table costs little; taking it back costs a walk to it in
//! libgcc's list (up to 12) or through LLVM's: see `Tools::forget`.
//!
//! Invariant `.unwind.place`: a table and libgcc's record of it stay in place, unchanged by us,
//! from `register` to `deregister`.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Fresh;
use super::table::rewrite;
use crate::base::{Bx, Host, List, Result, fail, try_box};
use crate::shim;

/// Words of libgcc's `struct object`, and some to spare: it has had six to eight.
const OBJECT_WORDS: usize = 12;

struct Raw {
    /// libgcc's. Its first word is all ones until an unwinding has sorted the table in, then the
    /// lowest address.
    object: [AtomicUsize; OBJECT_WORDS],
    registered: AtomicBool,
    number: u64,
    host: Host,
    bytes: List<u8>,
}

/// A table of frames that unwinders know.
pub struct Table(NonNull<Raw>);

/// A table in a batch of those that go.
pub struct Place(NonNull<Raw>);

/// Whether tables can be registered in this process.
pub fn can_unwind() -> bool {
    shim::can_unwind()
}

impl Table {
    /// Copies the host's table with the symbol's address filled in, and registers it. `number`
    /// counts tables.
    pub fn register(host: Host, fresh: &Fresh<'_>, number: u64) -> Result<Self> {
        if !can_unwind() {
            fail!(LIFECYCLE_E_UNSUPPORTED, "this process has no unwinder that takes an eh_frame");
        }
        let bytes = rewrite(host, fresh.eh_frame, fresh.address as usize, fresh.len)?;
        let object = [const { AtomicUsize::new(0) }; OBJECT_WORDS];
        let raw = Raw { object, registered: AtomicBool::new(true), number, host, bytes };
        let raw = NonNull::from(Bx::leak(try_box(host, raw)?));
        // SAFETY: `.unwind.place`; `rewrite` makes well-formed tables that end.
        unsafe {
            let object = &raw mut (*raw.as_ptr()).object;
            shim::frames_add(raw.as_ref().bytes.as_ptr().cast(), object.cast());
        }
        Ok(Table(raw))
    }

    /// The table as it was registered.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `.unwind.place`.
        unsafe { &self.0.as_ref().bytes }
    }

    /// For a batch that goes before the table does.
    pub fn place(&self) -> Place {
        Place(self.0)
    }
}

impl Place {
    fn raw(&self) -> &Raw {
        // SAFETY: `.unwind.place`; a place is used before its table is dropped.
        unsafe { self.0.as_ref() }
    }

    /// The higher goes first. What no unwinding has sorted in is before what one has.
    pub fn rank(&self) -> (bool, u64) {
        let raw = self.raw();
        let first = raw.object.first().map_or(0, |word| word.load(Ordering::Relaxed));
        match first {
            usize::MAX => (true, raw.number),
            lowest => (false, lowest as u64),
        }
    }

    /// Takes the table back from the unwinders.
    pub fn deregister(&self) {
        let raw = self.raw();
        if raw.registered.swap(false, Ordering::Relaxed) {
            // SAFETY: it was registered, and is not any more from here on.
            unsafe { shim::frames_remove(raw.bytes.as_ptr().cast()) };
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.place().deregister();
        // SAFETY: it was leaked in `register`; no unwinder knows it any more.
        unsafe {
            let host = self.0.as_ref().host;
            drop(Bx::from_raw_in(self.0.as_ptr(), host));
        }
    }
}
