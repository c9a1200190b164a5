//! What Rust cannot say: weak references to functions that the host may have, marks for
//! AddressSanitizer and valgrind's memcheck and helgrind, what debuggers look for by name. The C
//! side is `shim.c` and `tools.c`, compiled by the build script.
//!
//! Invariants:
//! - `.shim.mark`: a mark changes what a checker thinks of bytes, never the bytes themselves; it
//!   reads and writes none of them, so any range may be marked. Who marks a range owns it.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU8, Ordering};

unsafe extern "C" {
    fn lifecycle_shim_checkers() -> c_int;
    fn lifecycle_shim_forbid(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_permit(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_permit_defined(at: *mut c_void, bytes: usize);
    fn lifecycle_shim_rewrite_code(at: *const c_void, bytes: usize);
    fn lifecycle_shim_keep_roots(at: *const c_void, bytes: usize);
    fn lifecycle_shim_watch(at: *const c_void, bytes: usize);
    fn lifecycle_shim_atomics_only(at: *const c_void, bytes: usize);
    fn lifecycle_shim_helgrind() -> c_int;
    fn lifecycle_shim_lock_taken(lock: *const c_void, writes: c_int);
    fn lifecycle_shim_lock_let_go(lock: *const c_void);
    fn lifecycle_shim_lock_gone(lock: *const c_void);
    fn lifecycle_shim_spl_free(block: *mut c_void);
    fn lifecycle_shim_gdb_link(entry: *mut c_void);
    fn lifecycle_shim_gdb_unlink(entry: *mut c_void);
    fn lifecycle_shim_can_unwind() -> c_int;
    fn lifecycle_shim_frames_add(table: *const c_void, object: *mut c_void);
    fn lifecycle_shim_frames_remove(table: *const c_void);
}

/// Whether AddressSanitizer or valgrind's memcheck is watching this process. Other valgrind tools
/// do not count: what they measure is what ships.
pub fn is_watched() -> bool {
    // SAFETY: takes nothing, and asks about a byte of its own.
    unsafe { lifecycle_shim_checkers() != 0 }
}

/// From now on a touch of these bytes is a fault that the checker reports.
pub fn forbid(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_forbid(at.cast(), bytes) }
}

/// These bytes may be used; reading one before it is written is reported.
pub fn permit(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_permit(at.cast(), bytes) }
}

/// These bytes may be used, and count as written.
pub fn permit_defined(at: *mut u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_permit_defined(at.cast(), bytes) }
}

/// Other code stands at these bytes now: what a checker has translated of them is void.
pub fn rewrite_code(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_rewrite_code(at.cast(), bytes) }
}

/// Pointers in these bytes, which stay mapped for good, keep what they point at from being a leak.
pub fn keep_roots(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_keep_roots(at.cast(), bytes) }
}

/// Helgrind looks for races in these bytes from now on: what was mapped without access, as a
/// `Reservation` is, it leaves alone even where access came later.
pub fn watch(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_watch(at.cast(), bytes) }
}

/// These bytes are used by atomic operations alone, or what orders their other uses is atomic
/// operations: helgrind, which takes those for plain ones, looks at them no more. It lasts until
/// the bytes are mapped anew, so it is for memory that was mapped already.
pub fn atomics_only(at: *const u8, bytes: usize) {
    // SAFETY: `.shim.mark`.
    unsafe { lifecycle_shim_atomics_only(at.cast(), bytes) }
}

/// As `atomics_only`, for one thing that stays where it is: something atomic, or a cell that is
/// filled once and read by whoever finds it filled.
pub fn atomic<T>(place: &T) {
    atomics_only((&raw const *place).cast(), size_of::<T>());
}

/// Who is told of locks. It is looked at whenever one is taken, so nothing that changes is near.
#[repr(align(128))]
struct Listener(AtomicU8);

static LISTENER: Listener = Listener(AtomicU8::new(UNKNOWN));
const UNKNOWN: u8 = 0;
const NOBODY: u8 = 1;
const HELGRIND: u8 = 2;

/// Whether this process runs under helgrind.
#[inline]
fn is_heard() -> bool {
    match LISTENER.0.load(Ordering::Relaxed) {
        NOBODY => false,
        known => ask(known),
    }
}

#[cold]
fn ask(known: u8) -> bool {
    if known != UNKNOWN {
        return true;
    }
    // SAFETY: takes nothing, and asks about a byte of its own.
    let heard = unsafe { lifecycle_shim_helgrind() != 0 };
    if heard {
        atomic(&LISTENER);
    }
    LISTENER.0.store(if heard { HELGRIND } else { NOBODY }, Ordering::Relaxed);
    heard
}

/// This thread has the lock at an address from now on, to write what it guards or only to read it.
#[inline]
pub fn lock_taken(lock: usize, writes: bool) {
    if is_heard() {
        // SAFETY: `.shim.mark`.
        unsafe { lifecycle_shim_lock_taken(lock as *const c_void, writes.into()) }
    }
}

/// This thread is about to let go the lock at an address.
#[inline]
pub fn lock_let_go(lock: usize) {
    if is_heard() {
        // SAFETY: `.shim.mark`.
        unsafe { lifecycle_shim_lock_let_go(lock as *const c_void) }
    }
}

/// There is no lock at an address any more, whether it was ever taken or not.
#[inline]
pub fn lock_gone(lock: usize) {
    if is_heard() {
        // SAFETY: `.shim.mark`.
        unsafe { lifecycle_shim_lock_gone(lock as *const c_void) }
    }
}

/// Frees a block of a runtime's value: with the host's `spl_free` where it has one, else with
/// `free`.
///
/// # Safety
/// The block came from the allocator that this frees to, is not freed yet, and nothing
/// uses it any more.
pub unsafe fn spl_free(block: *mut c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_spl_free(block) }
}

/// Puts an entry at the head of the debuggers' list and tells a debugger that listens.
///
/// # Safety
/// `entry` begins with the four words of a `jit_code_entry`, the last two filled in; it and
/// its file stay where they are until `gdb_unlink`. The caller holds the one lock of the list.
pub unsafe fn gdb_link(entry: *mut c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_gdb_link(entry) }
}

/// Takes an entry off the debuggers' list and tells a debugger that listens.
///
/// # Safety
/// `entry` was linked and not unlinked since. The caller holds the one lock of the list.
pub unsafe fn gdb_unlink(entry: *mut c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_gdb_unlink(entry) }
}

/// Whether the process has an unwinder that takes tables.
pub fn can_unwind() -> bool {
    // SAFETY: takes nothing.
    unsafe { lifecycle_shim_can_unwind() != 0 }
}

/// Tells the unwinders of a table.
///
/// # Safety
/// `table` is well-formed and ends with an empty record; `object` is room for libgcc's record
/// (`struct object`); both stay where they are, and unchanged, until `frames_remove`.
pub unsafe fn frames_add(table: *const c_void, object: *mut c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_frames_add(table, object) }
}

/// Takes a table back from the unwinders.
///
/// # Safety
/// `table` was added and not removed since.
pub unsafe fn frames_remove(table: *const c_void) {
    // SAFETY: the caller's word.
    unsafe { lifecycle_shim_frames_remove(table) }
}
