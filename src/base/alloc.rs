//! Memory from the host's allocator.
//!
//! Invariants:
//! - `.host.alive`: the table of functions a `Host` points at lives in a manager's slot, which is
//!   never unmapped, and does not change while anything allocated through it is alive.
//! - `.host.align`: the host promises 16-byte alignment; a layout that wants more is refused
//!   (nothing in the library wants more from the heap).

use core::alloc::Layout;
use core::ffi::c_void;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use super::fail;
use crate::abi::lifecycle_allocator;

/// A handle to a host's memory functions: what every list, text and table of a manager allocates
/// with.
#[derive(Clone, Copy)]
pub struct Host(NonNull<lifecycle_allocator>);

// SAFETY: the functions may be called from any thread that calls the manager (contract of
// lifecycle_allocator).
unsafe impl Send for Host {}
// SAFETY: as above; the table itself is only read (`.host.alive`).
unsafe impl Sync for Host {}

/// malloc, realloc and free, as the table's shape wants them.
struct Default_(lifecycle_allocator);
// SAFETY: the table is constant and its user pointer is NULL.
unsafe impl Sync for Default_ {}

static DEFAULT: Default_ = Default_(lifecycle_allocator {
    alloc: Some(libc_alloc),
    realloc: Some(libc_realloc),
    free: Some(libc_free),
    user: core::ptr::null_mut(),
});

unsafe extern "C" fn libc_alloc(bytes: usize, _user: *mut c_void) -> *mut c_void {
    // SAFETY: malloc takes any size.
    unsafe { libc::malloc(bytes) }
}
unsafe extern "C" fn libc_realloc(
    ptr: *mut c_void,
    _old: usize,
    new: usize,
    _user: *mut c_void,
) -> *mut c_void {
    // SAFETY: `ptr` came from `libc_alloc` or `libc_realloc` (contract of the table).
    unsafe { libc::realloc(ptr, new) }
}
unsafe extern "C" fn libc_free(ptr: *mut c_void, _bytes: usize, _user: *mut c_void) {
    // SAFETY: `ptr` came from `libc_alloc` or `libc_realloc` (contract of the table).
    unsafe { libc::free(ptr) }
}

impl Host {
    /// The C library's malloc, realloc and free.
    pub fn libc() -> Self {
        Host(NonNull::from(&DEFAULT.0))
    }

    /// The functions of a table.
    ///
    /// # Safety
    /// `.host.alive`: the table outlives everything allocated through it, and all three
    /// functions are given.
    pub unsafe fn from_table(table: NonNull<lifecycle_allocator>) -> Self {
        Host(table)
    }

    /// The default table, to copy where a config names none.
    pub fn default_table() -> lifecycle_allocator {
        DEFAULT.0
    }

    /// What a host's table stands for: all three functions of it, or the default ones where it has
    /// none.
    pub fn table_of(given: lifecycle_allocator) -> super::Result<lifecycle_allocator> {
        match (given.alloc, given.realloc, given.free) {
            (None, None, None) => Ok(Self::default_table()),
            (Some(_), Some(_), Some(_)) => Ok(given),
            _ => fail!(LIFECYCLE_E_INVALID, "an allocator needs all of alloc, realloc and free"),
        }
    }

    fn table(&self) -> &lifecycle_allocator {
        // SAFETY: `.host.alive`.
        unsafe { self.0.as_ref() }
    }
}

fn check(layout: Layout) -> Result<(), AllocError> {
    if layout.align() <= 16 { Ok(()) } else { Err(AllocError) }
}

// SAFETY: blocks come from and go back to one set of functions, which keeps them valid and in place
// until freed (contract of lifecycle_allocator); copies of a `Host` name the same functions.
unsafe impl Allocator for Host {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        check(layout)?;
        if layout.size() == 0 {
            return Ok(NonNull::slice_from_raw_parts(NonNull::<u128>::dangling().cast(), 0));
        }
        let table = self.table();
        let alloc = table.alloc.ok_or(AllocError)?;
        // SAFETY: the host's function, called with a size that is not 0.
        let block = unsafe { alloc(layout.size(), table.user) };
        let block = NonNull::new(block.cast::<u8>()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        let table = self.table();
        if layout.size() != 0
            && let Some(free) = table.free
        {
            // SAFETY: the caller says the block came from `allocate` with this layout.
            unsafe { free(block.as_ptr().cast(), layout.size(), table.user) }
        }
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        check(new)?;
        let table = self.table();
        let realloc = table.realloc.ok_or(AllocError)?;
        // SAFETY: the caller says the block came from `allocate` with the old layout; the new size
        // is not 0 because it is not smaller than the old one.
        let grown = unsafe { realloc(block.as_ptr().cast(), old.size(), new.size(), table.user) };
        let grown = NonNull::new(grown.cast::<u8>()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(grown, new.size()))
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub mod failing {
    //! A host whose k-th allocation fails: the engine of the failure tests.
    use super::*;
    use core::cell::Cell;

    /// Counts what is out and fails on demand.
    pub struct Failing {
        table: lifecycle_allocator,
        /// Allocations until the failing one; negative = never.
        pub countdown: Cell<i64>,
        /// Blocks out.
        pub out: Cell<i64>,
    }

    impl Failing {
        /// Never fails until told.
        pub fn new() -> Box<Self> {
            let mut it = Box::new(Failing {
                table: Host::default_table(),
                countdown: Cell::new(-1),
                out: Cell::new(0),
            });
            let user: *mut c_void = (&raw mut *it).cast();
            it.table = lifecycle_allocator {
                alloc: Some(alloc),
                realloc: Some(realloc),
                free: Some(free),
                user,
            };
            it
        }

        /// The handle to allocate with.
        #[cfg(test)]
        pub fn host(&self) -> Host {
            Host(NonNull::from(&self.table))
        }

        /// The functions themselves.
        pub fn table(&self) -> lifecycle_allocator {
            self.table
        }

        fn fails(&self) -> bool {
            let left = self.countdown.get();
            if left > 0 {
                self.countdown.set(left - 1);
            }
            left == 0
        }
    }

    unsafe extern "C" fn alloc(bytes: usize, user: *mut c_void) -> *mut c_void {
        // SAFETY: `user` is the `Failing` this table is part of.
        let it = unsafe { &*user.cast::<Failing>() };
        if it.fails() {
            return core::ptr::null_mut();
        }
        it.out.set(it.out.get() + 1);
        // SAFETY: malloc takes any size.
        unsafe { libc::malloc(bytes) }
    }
    unsafe extern "C" fn realloc(
        ptr: *mut c_void,
        _old: usize,
        new: usize,
        user: *mut c_void,
    ) -> *mut c_void {
        // SAFETY: as in `alloc`.
        let it = unsafe { &*user.cast::<Failing>() };
        if it.fails() {
            return core::ptr::null_mut();
        }
        // SAFETY: `ptr` came from `alloc`.
        unsafe { libc::realloc(ptr, new) }
    }
    unsafe extern "C" fn free(ptr: *mut c_void, _bytes: usize, user: *mut c_void) {
        // SAFETY: as in `alloc`.
        let it = unsafe { &*user.cast::<Failing>() };
        it.out.set(it.out.get() - 1);
        // SAFETY: `ptr` came from `alloc`.
        unsafe { libc::free(ptr) }
    }
}
