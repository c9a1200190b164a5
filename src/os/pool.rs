//! Places for objects whose address C holds: managers, readers, arenas.
//!
//! A pool's memory is reserved once and never unmapped, and a place is only ever used for one type.
//! So a pointer that C hands in can be checked without reading anything it does not know: is it a
//! place of the pool, and does the place carry a live object's signature? NULL, a wild pointer,
//! another kind's object and one that was destroyed all fail that check; none of them is followed.
//!
//! Invariants:
//! - `.pool.stable`: places stay mapped for the life of the process, and only ever hold a `T`.
//! - `.pool.sig`: the signature is written last when an object is made and cleared first when it is
//!   destroyed.
//! - `.pool.once`: `init` has run for a place before the place is handed out for the first time;
//!   after that the `T` in it is never dropped, only reused, so a thread that still looks at it
//!   looks at a `T`.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use once_cell::sync::OnceCell;

use super::fork::Held;
use super::lock::{Mutex, MutexGuard};
use super::memory::{Access, Reservation};
use super::rank::Rank;
use crate::abi::lifecycle_status::{self, LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE};
use crate::base::{Result, fail};
use crate::shim;

/// Places a pool has.
const PLACES: usize = 1 << 16;
/// What a live object's signature is: "LIVE" in a dump.
const LIVE: u32 = u32::from_le_bytes(*b"LIVE");
const DEAD: u32 = u32::from_le_bytes(*b"DEAD");

/// A type that lives in a pool.
///
/// # Safety
/// All-zero bytes must be a valid value to call `signature` and `init` on, and the type
/// must be usable from any thread through a shared reference.
pub unsafe trait Signed: Sized + 'static {
    /// Where the signature is kept.
    fn signature(&self) -> &AtomicU32;
    /// Where the pool chains free places.
    fn next_free(&self) -> &AtomicU32;
    /// For sentences: "manager".
    const NOUN: &'static str;
    /// Bytes of an object before the address that C holds.
    const FRONT: usize = 0;
}

/// The places of one type. What `peek` reads is in one cache line.
#[repr(C, align(64))]
pub struct Pool<T: Signed> {
    memory: OnceCell<Reservation>,
    /// Where the memory begins, for `peek`: written before the first place is counted as used.
    base: AtomicUsize,
    /// Places handed out at least once.
    used: AtomicUsize,
    /// First free place + 1; 0 = none.
    free: Mutex<u32>,
    held: Held<MutexGuard<'static, u32>>,
    marker: core::marker::PhantomData<fn() -> T>,
}

impl<T: Signed> Pool<T> {
    /// An empty pool; costs nothing until the first `take`. `rank` is that of its lock.
    pub const fn new(rank: Rank) -> Self {
        Pool {
            memory: OnceCell::new(),
            base: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            free: Mutex::new(rank, 0),
            held: Held::new(),
            marker: core::marker::PhantomData,
        }
    }

    /// A power of two where that is not too much address space: then `peek` is a few instructions.
    const STRIDE: usize = if size_of::<T>() <= 16384 {
        size_of::<T>().next_power_of_two()
    } else {
        size_of::<T>().next_multiple_of(64)
    };

    /// Which place begins so many bytes behind the first one; more than there are if none does.
    #[inline]
    fn index(offset: usize) -> usize {
        if Self::STRIDE.is_power_of_two() {
            // What is left over becomes the highest bits, and no `used` has those.
            offset.rotate_right(Self::STRIDE.trailing_zeros())
        } else if offset.is_multiple_of(Self::STRIDE) {
            offset / Self::STRIDE
        } else {
            usize::MAX
        }
    }

    fn memory(&self) -> Result<&Reservation> {
        self.memory.get_or_try_init(|| {
            shim::atomic(&self.memory);
            shim::atomic(&self.base);
            shim::atomic(&self.used);
            let memory = Reservation::new(PLACES * Self::STRIDE, 64)?;
            memory.set_access(0, memory.len(), Access::ReadWrite)?;
            // A program that ends without destroying its objects has not lost them.
            shim::keep_roots(memory.base(), memory.len());
            self.base.store(memory.base() as usize, Ordering::Relaxed);
            Ok(memory)
        })
    }

    fn place(memory: &Reservation, index: usize) -> NonNull<T> {
        let at = memory.base().wrapping_add(index * Self::STRIDE).cast::<T>();
        NonNull::new(at).unwrap_or(NonNull::dangling())
    }

    /// Takes a place for a new object. `fresh` says whether the place was never used: then its
    /// bytes are zero and the caller must write a whole `T`; otherwise an old `T` is in it. Call
    /// `publish` when the object is ready.
    pub fn take(&self) -> Result<(NonNull<T>, bool)> {
        let memory = self.memory()?;
        let mut free = self.free.lock();
        if *free != 0 {
            let at = Self::place(memory, *free as usize - 1);
            // SAFETY: `.pool.stable`, `.pool.once` - a place on the chain holds a `T`.
            *free = unsafe { at.as_ref() }.next_free().load(Ordering::Relaxed);
            return Ok((at, false));
        }
        let index = self.used.load(Ordering::Relaxed);
        if index == PLACES {
            fail!(LIFECYCLE_E_LIMIT, "there are {PLACES} {}s already", T::NOUN);
        }
        let place = Self::place(memory, index);
        shim::watch(place.as_ptr().cast(), Self::STRIDE);
        self.used.store(index + 1, Ordering::Release);
        Ok((place, true))
    }

    /// The object at `at` is ready: from now on `check` accepts it.
    pub fn publish(at: &T) {
        shim::atomic(at.signature());
        at.signature().store(LIVE, Ordering::Release);
    }

    /// The object is being destroyed: from now on `check` refuses it. False if another thread was
    /// first.
    pub fn withdraw(at: &T) -> bool {
        at.signature().compare_exchange(LIVE, DEAD, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives a withdrawn object's place back for the next `take`.
    pub fn give_back(&self, at: &T) {
        let Some(memory) = self.memory.get() else { return };
        let offset = (&raw const *at as usize).wrapping_sub(memory.base() as usize);
        let mut free = self.free.lock();
        at.next_free().store(*free, Ordering::Relaxed);
        *free = (offset / Self::STRIDE) as u32 + 1;
    }

    /// For `Hooks::before`. Also waits until a thread that makes the first object has its memory.
    pub fn hold(&'static self) {
        let _ = self.memory();
        self.held.keep(self.free.lock());
    }

    /// For `Hooks::after`.
    pub fn let_go(&'static self) {
        self.held.let_go();
    }

    /// What is in every place that was ever taken, live or not. The caller has seen to it that no
    /// place is being taken for the first time.
    pub fn places(&'static self) -> impl Iterator<Item = &'static T> {
        let used = self.used.load(Ordering::Acquire);
        let memory = self.memory.get();
        // SAFETY: `.pool.stable`, `.pool.once` - a place that was taken holds a `T`.
        (0..used).filter_map(move |at| Some(unsafe { Self::place(memory?, at).as_ref() }))
    }

    /// The live object at a pointer from C, which is not followed unless it is a place of this
    /// pool.
    #[inline]
    pub fn check(&self, pointer: *const T) -> Result<&'static T> {
        match self.peek(pointer) {
            Ok(at) => Ok(at),
            Err(status) => Self::refuse(pointer, status),
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse(pointer: *const T, status: lifecycle_status) -> Result<&'static T> {
        match status {
            LIFECYCLE_E_STALE => {
                fail!(LIFECYCLE_E_STALE, "the {} at {pointer:p} was destroyed", T::NOUN)
            }
            _ if pointer.is_null() => fail!(LIFECYCLE_E_INVALID, "the {} is NULL", T::NOUN),
            _ => fail!(LIFECYCLE_E_INVALID, "{pointer:p} is not a {}", T::NOUN),
        }
    }

    /// As `check`, without a sentence for the thread: for signal handlers.
    #[inline]
    pub fn peek(&self, pointer: *const T) -> core::result::Result<&'static T, lifecycle_status> {
        let place = pointer.wrapping_byte_sub(T::FRONT);
        // Where a place is used its memory is there, and `base` says where; else nothing is less.
        let used = self.used.load(Ordering::Acquire);
        let offset = (place as usize).wrapping_sub(self.base.load(Ordering::Relaxed));
        if Self::index(offset) >= used {
            return Err(LIFECYCLE_E_INVALID);
        }
        // SAFETY: `.pool.stable`, `.pool.once` - a used place is mapped and holds a `T` (or, between
        // `take` and `publish` of a fresh one, zero bytes, which are a valid signature).
        let at = unsafe { &*place };
        if at.signature().load(Ordering::Acquire) == LIVE { Ok(at) } else { Err(LIFECYCLE_E_STALE) }
    }
}
