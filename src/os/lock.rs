//! Locks that wait in the kernel and nowhere else.
//!
//! They are std's, which are a word each and wait on it (a futex): no table of waiting threads that
//! grows with the threads that meet, and aborts the process when there is no memory for it. A panic
//! while one is held is caught at the C face and told there, so what std calls poisoning is passed
//! over here.
//!
//! Each has a rank (`rank.rs`). valgrind's helgrind, which knows the C library's locks only, is
//! told what happens to these where a process runs under it; elsewhere that is a load and a branch
//! that is never taken.

use core::ops::{Deref, DerefMut};
use std::sync::{self, PoisonError};

use super::rank::{Rank, Ranked};
use crate::shim;

/// One at a time.
pub struct Mutex<T> {
    ranked: Ranked,
    inner: sync::Mutex<T>,
}

/// Who has a `Mutex`.
pub struct MutexGuard<'a, T> {
    // Goes first: the lock is still held when it is told that it goes.
    _noted: Noted,
    inner: sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    /// Unlocked.
    pub const fn new(rank: Rank, value: T) -> Self {
        Mutex { ranked: Ranked::new(rank), inner: sync::Mutex::new(value) }
    }

    /// Waits until nobody else has it.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.take(false)
    }

    /// As `lock`, by who may have others of its rank: those at lower addresses.
    pub fn lock_in_row(&self) -> MutexGuard<'_, T> {
        self.take(true)
    }

    #[inline]
    fn take(&self, in_row: bool) -> MutexGuard<'_, T> {
        self.ranked.check(address(self), in_row);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard { _noted: Noted::new(self.ranked, address(self), true), inner }
    }
}

impl<T> Drop for Mutex<T> {
    fn drop(&mut self) {
        shim::lock_gone(address(self));
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// Many that read or one that writes.
pub struct RwLock<T> {
    ranked: Ranked,
    inner: sync::RwLock<T>,
}

/// Who reads an `RwLock`.
pub struct RwLockReadGuard<'a, T> {
    // As in `MutexGuard`.
    _noted: Noted,
    inner: sync::RwLockReadGuard<'a, T>,
}

/// Who writes an `RwLock`.
pub struct RwLockWriteGuard<'a, T> {
    // As in `MutexGuard`.
    _noted: Noted,
    inner: sync::RwLockWriteGuard<'a, T>,
}

impl<T> RwLock<T> {
    /// Unlocked.
    pub const fn new(rank: Rank, value: T) -> Self {
        RwLock { ranked: Ranked::new(rank), inner: sync::RwLock::new(value) }
    }

    /// Waits until nobody writes.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.ranked.check(address(self), false);
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        RwLockReadGuard { _noted: Noted::new(self.ranked, address(self), false), inner }
    }

    /// Waits until nobody reads or writes.
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.take(false)
    }

    /// As `write`, by who may have others of its rank: those at lower addresses.
    pub fn write_in_row(&self) -> RwLockWriteGuard<'_, T> {
        self.take(true)
    }

    #[inline]
    fn take(&self, in_row: bool) -> RwLockWriteGuard<'_, T> {
        self.ranked.check(address(self), in_row);
        let inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        RwLockWriteGuard { _noted: Noted::new(self.ranked, address(self), true), inner }
    }
}

impl<T> Drop for RwLock<T> {
    fn drop(&mut self) {
        shim::lock_gone(address(self));
    }
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

fn address<L>(lock: &L) -> usize {
    &raw const *lock as usize
}

/// That a thread has a lock.
struct Noted {
    ranked: Ranked,
    at: usize,
}

impl Noted {
    #[inline]
    fn new(ranked: Ranked, at: usize, writes: bool) -> Self {
        ranked.note(at);
        shim::lock_taken(at, writes);
        Noted { ranked, at }
    }
}

impl Drop for Noted {
    #[inline]
    fn drop(&mut self) {
        shim::lock_let_go(self.at);
        self.ranked.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// What is said of a lock that is taken out of turn; empty if nothing is.
    fn refused(take: impl FnOnce()) -> String {
        match catch_unwind(AssertUnwindSafe(take)) {
            Ok(()) => String::new(),
            Err(said) => said.downcast_ref::<String>().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn locks_are_taken_from_the_first_rank_to_the_last() {
        let (outer, state) = (Mutex::new(Rank::Making, 1), RwLock::new(Rank::State, 2));
        let inner = Mutex::new(Rank::Shard, 3);
        for _ in 0..2 {
            let (first, mut second) = (outer.lock(), state.write());
            let mut third = inner.lock();
            (*second, *third) = (*second + *first, *third + *first);
            // What goes first need not be what came last.
            drop(first);
            drop(second);
            assert!(refused(|| drop(inner.lock())).contains("has Shard"));
            drop(third);
            let (outer, state, inner) = (*outer.lock(), *state.read(), *inner.lock());
            assert_eq!(outer + state, inner);
        }
    }

    #[test]
    fn a_lock_out_of_turn_is_told_with_both_names() {
        let (outer, inner) = (RwLock::new(Rank::State, ()), Mutex::new(Rank::Readers, ()));
        let held = inner.lock();
        for said in [refused(|| drop(outer.read())), refused(|| drop(outer.write()))] {
            assert!(said.contains("lock State") && said.contains("has Readers"), "{said}");
        }
        drop(held);
        // Another thread's locks are its own.
        let held = inner.lock();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| refused(|| drop(outer.write())));
            assert_eq!(other.join().ok(), Some(String::new()));
        });
        drop(held);
        assert_eq!(refused(|| drop((outer.write(), inner.lock()))), "");
    }

    #[test]
    fn reading_what_one_reads_is_told() {
        let lock = RwLock::new(Rank::State, 7);
        let held = lock.read();
        let said = refused(|| drop(lock.read()));
        assert!(said.contains("lock State") && said.contains("has State"), "{said}");
        assert_eq!(*held, 7);
        drop(held);
        assert_eq!(*lock.write(), 7);
    }

    #[test]
    fn a_row_of_locks_is_taken_by_address() {
        let row = [const { Mutex::new(Rank::Shard, ()) }; 3];
        let [first, second, third] = &row;
        let held = (first.lock_in_row(), second.lock_in_row(), third.lock_in_row());
        drop(held);
        let held = second.lock_in_row();
        assert!(refused(|| drop(third.lock())).contains("has Shard"));
        assert!(refused(|| drop(first.lock_in_row())).contains("has Shard"));
        assert!(refused(|| drop(second.lock_in_row())).contains("has Shard"));
        drop((third.lock_in_row(), held));
        assert_eq!(refused(|| drop(first.lock())), "");
    }

    #[test]
    fn the_host_is_called_without_a_lock() {
        use super::super::rank::expect_no_lock;
        let lock = RwLock::new(Rank::State, ());
        let held = lock.read();
        assert!(refused(expect_no_lock).contains("has Some(State)"));
        drop(held);
        assert_eq!(refused(expect_no_lock), "");
    }
}
