//! Header section 8: arena. The allocation that C does inline is in `include/lifecycle_inline.h`.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};

use super::guard;
use crate::abi::*;
use crate::arena::Arena;
use crate::base::fail;

/// What NULL options mean.
pub(super) const DEFAULTS: lifecycle_arena_options = lifecycle_arena_options {
    size: size_of::<lifecycle_arena_options>(),
    chunk_size: 0,
    hard_limit: 0,
    first_region: ptr::null_mut(),
    first_region_size: 0,
    retained: 0,
    flags: 0,
    reserved: 0,
};

/// Makes an arena: memory for things that die together. Address space is reserved, memory is taken
/// as it is used.
///
/// \param options   how to set it up, starting from LIFECYCLE_ARENA_OPTIONS_INIT; NULL = the
///                  defaults. Copied; the first region, if any, is used until the arena is
///                  destroyed and must not be freed or used before that.
/// \param[out] out  the arena on LIFECYCLE_OK, else NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro,
///          unknown flags, a first region that is NULL with a size); LIFECYCLE_E_UNSUPPORTED
///          (options of a later version that sets more); LIFECYCLE_E_NOMEM (no address space);
///          LIFECYCLE_E_LIMIT (65,536 arenas exist).
///
/// Ownership: the caller's, until lifecycle_arena_destroy. Threads: any thread; each arena is used
/// by one thread at a time. Re-entry: may be called from a cleanup. Fork: the child has a copy,
/// separate from then on. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_create(
    options: *const lifecycle_arena_options,
    out: *mut *mut lifecycle_arena,
) -> lifecycle_status {
    guard::quiet_panics();
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, ptr::null_mut(), "arena") }?;
        let zero = lifecycle_arena_options { size: 0, ..DEFAULTS };
        let options = if options.is_null() {
            DEFAULTS
        } else {
            // SAFETY: `.c.contract`; the struct is plain, starts with its size, and any bytes are
            // valid.
            unsafe { guard::read_sized(options, zero, "arena options") }?
        };
        *out = Arena::create(&options)?.as_ptr();
        Ok(())
    })
}

/// Runs the arena's cleanups, newest first, and gives all of its memory back.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not an arena); LIFECYCLE_E_STALE (destroyed
///          already); LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's
///          own arena); LIFECYCLE_E_SYSTEM, LIFECYCLE_E_NOMEM (the system does not take memory
///          back: the arena is empty and still valid, call again).
///
/// Ownership: the arena and everything allocated from it are gone; the first region is the caller's
/// again. Threads: the one that uses the arena. Re-entry: not from a cleanup of this arena. Fork: a
/// child destroys its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_destroy(arena: *mut lifecycle_arena) -> lifecycle_status {
    guard::status(|| Arena::check(arena)?.destroy())
}

/// What lifecycle_arena_alloc calls when the bytes between cursor and limit do not suffice; does
/// the same by itself.
///
/// \param size  bytes; 0 gives a pointer that is not NULL and that no other allocation has.
///
/// \returns `size` bytes, aligned to 16, not zeroed. NULL on failure, lifecycle_last_error()
///          telling: not an arena (invalid, stale), LIFECYCLE_E_LIMIT (the hard limit),
///          LIFECYCLE_E_TOO_BIG, LIFECYCLE_E_NOMEM. The arena is then as it was.
///
/// Ownership: the arena's: valid until a reset, a rewind to an older mark, or its destruction.
/// Threads: the one that uses the arena. Re-entry: may be called from a cleanup. Fork: the child
/// has its own copy of the bytes. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_alloc_slow(
    arena: *mut lifecycle_arena,
    size: usize,
) -> *mut c_void {
    guard::value(ptr::null_mut(), || Ok(Arena::check(arena)?.alloc(size, 1)?.as_ptr().cast()))
}

/// Allocates with an alignment.
///
/// \param size   bytes; 0 gives a pointer that no other allocation has.
/// \param align  a power of two up to LIFECYCLE_ARENA_ALIGN_MAX; what is below 16 counts as 16.
///
/// \returns `size` bytes, not zeroed. NULL on failure, lifecycle_last_error() telling: as
///          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for an alignment that is not a
///          power of two in range.
///
/// Ownership, threads, re-entry, fork: as lifecycle_arena_alloc_slow. The gap before the bytes
/// counts as used. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_alloc_aligned(
    arena: *mut lifecycle_arena,
    size: usize,
    align: usize,
) -> *mut c_void {
    guard::value(ptr::null_mut(), || Ok(Arena::check(arena)?.alloc(size, align)?.as_ptr().cast()))
}

/// Gives an allocation another size, as realloc does. It stays where it is when it shrinks, and
/// when it is the arena's last allocation and there is room behind it; otherwise its bytes are
/// copied. What the last allocation gives up when it shrinks, or moves into a mapping of its own,
/// can be allocated again at once, unless a mark was saved or a cleanup registered since; what any
/// other gives up comes back with the reset.
///
/// \param at        an allocation of this arena; NULL, with an old_size of 0, allocates.
/// \param old_size  its size in bytes, as it was asked for.
/// \param new_size  the size in bytes that it is to have; 0 keeps an address of its own.
///
/// \returns the allocation with its first bytes, as many as both sizes have; the others are not
///          zeroed. It is aligned to 16; a larger alignment is kept only where it does not move.
///          NULL on failure, the old bytes untouched, lifecycle_last_error() telling: as
///          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for bytes that are not in use in
///          the arena.
///
/// Ownership: the arena's; the old address is dead unless it is what is returned. A rewind to a
/// mark saved before forgets the change: the allocation has its first old_size bytes again if it
/// had not moved, and is gone if it had. Threads, re-entry, fork: as lifecycle_arena_alloc_slow.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_grow(
    arena: *mut lifecycle_arena,
    at: *mut c_void,
    old_size: usize,
    new_size: usize,
) -> *mut c_void {
    guard::value(ptr::null_mut(), || {
        let arena = Arena::check(arena)?;
        let grown = match NonNull::new(at.cast::<u8>()) {
            Some(at) => arena.grow(at, old_size, new_size)?,
            None if old_size == 0 => arena.alloc(new_size, 1)?,
            None => fail!(LIFECYCLE_E_INVALID, "what is to grow is NULL with a size of {old_size}"),
        };
        Ok(grown.as_ptr().cast())
    })
}

/// Copies `len` bytes of text and ends the copy with a NUL.
///
/// \param text  `len` bytes, which may hold NULs and are copied as they are; (NULL, 0) is the empty
///              text.
/// \param len   bytes, without a terminator.
///
/// \returns the copy, or NULL on failure, lifecycle_last_error() telling: as
///          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for a NULL text or a length that no
///          memory has.
///
/// Ownership, threads, re-entry, fork: as lifecycle_arena_alloc_slow. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_strdup(
    arena: *mut lifecycle_arena,
    text: *const c_char,
    len: usize,
) -> *mut c_char {
    guard::value(ptr::null_mut(), || {
        // SAFETY: `.c.contract`
        let text = unsafe { guard::slice(text.cast::<u8>(), len, "text") }?;
        Ok(Arena::check(arena)?.copy_text(text)?.as_ptr())
    })
}

/// Marks where the arena is, so that lifecycle_arena_rewind can forget what is allocated from now
/// on.
///
/// \returns the mark; one of zeros, which rewind refuses as invalid, when the arena is not one
///          (lifecycle_last_error() tells).
///
/// Ownership: a mark holds nothing and need not be given back. Threads: the one that uses the
/// arena. Re-entry: may be called from a cleanup. Fork: a mark is as good in the child's copy.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_save(arena: *mut lifecycle_arena) -> lifecycle_arena_mark {
    let nowhere = lifecycle_arena_mark { position: 0, arena: 0, sequence: 0 };
    guard::value(nowhere, || Ok(Arena::check(arena)?.save()))
}

/// Forgets everything allocated since a mark, after running the cleanups registered since, newest
/// first. The mark stays good, marks saved after it do not.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, or not a mark of this arena);
///          LIFECYCLE_E_STALE (the arena is gone, or was reset or rewound below the mark);
///          LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's own arena).
///          On failure nothing is forgotten. That a mark is stale is told for certain up to 64
///          levels of marks that were each rewound and built upon.
///
/// Ownership: what was allocated since the mark is gone. Threads: the one that uses the arena.
/// Re-entry: not from a cleanup of this arena. Fork: the child rewinds its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_rewind(
    arena: *mut lifecycle_arena,
    mark: lifecycle_arena_mark,
) -> lifecycle_status {
    guard::status(|| Arena::check(arena)?.rewind(mark))
}

/// Registers a function to run when what is allocated now is forgotten: at a reset, the
/// destruction, or a rewind to a mark saved before. Newest first.
///
/// The function finds the arena whole: it may allocate from it, and register more, which runs next.
/// It must return (a longjmp out of it leaves the arena refusing to be reset), and must not reset,
/// rewind or destroy the arena, which is LIFECYCLE_E_BUSY.
///
/// \param release  what to call, with `ptr` and `user`; not NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, release is NULL); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_LIMIT and LIFECYCLE_E_NOMEM (the record takes 48 bytes of the arena, which
///          count as used). On failure the function will not be called.
///
/// Ownership: `ptr` is the cleanup's from now on; `user` stays the caller's and must live as long.
/// Threads: the one that uses the arena. Re-entry: may be called from a cleanup. Fork: the child's
/// copy runs it too, if the child gets there. Since: 0.1.0
///
/// # Safety
/// `release` may be called with `ptr` and `user`, once, at any of those times. No other thread is
/// using the arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_on_reset(
    arena: *mut lifecycle_arena,
    release: lifecycle_release_fn,
    ptr: *mut c_void,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        let arena = Arena::check(arena)?;
        let Some(release) = release else {
            fail!(LIFECYCLE_E_INVALID, "the cleanup is NULL");
        };
        arena.on_reset(release, ptr, user)
    })
}

/// Runs the arena's cleanups, newest first, and forgets everything allocated from it. That takes as
/// long as the cleanups do and a few stores, whatever was allocated. Under AddressSanitizer and
/// valgrind the old bytes are marked: whoever still uses one is reported.
///
/// The pages stay, so that the next round takes no page fault and calls nothing: as many as the
/// largest of the last 128 rounds reached, and a quarter more (chunk_size at least). Once in
/// 64 resets, of what is committed beyond that, half goes back to the system in one call, 1 MiB at
/// least and 16 MiB at most. Where lifecycle_arena_options.retained is set, what exceeds it goes
/// back at each reset instead. Huge allocations (of 1 MiB and more, where that was not committed)
/// go back at the reset; if all of 64 rounds used more than was committed, that much is committed.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena); LIFECYCLE_E_STALE (destroyed);
///          LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's own arena).
///
/// Ownership: everything allocated from the arena is gone, the arena stays the caller's. Threads:
/// the one that uses the arena. Re-entry: not from a cleanup of this arena. Fork: the child resets
/// its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_reset(arena: *mut lifecycle_arena) -> lifecycle_status {
    guard::status(|| Arena::check(arena)?.reset())
}

/// Bytes in use: what was handed out, each rounded up to 16, with the gaps that alignments left and
/// 48 for each cleanup.
///
/// \returns the bytes; 0 when it is not an arena, lifecycle_last_error() telling.
///
/// Ownership: nothing changes hands. Threads: the one that uses the arena. Re-entry: may be called
/// from a cleanup. Fork: the child asks its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_used(arena: *const lifecycle_arena) -> usize {
    guard::value(0, || Ok(Arena::check(arena)?.used()))
}

/// Bytes that the arena holds, used or not: the first region, what is committed, and huge
/// allocations.
///
/// \returns the bytes; 0 when it is not an arena, lifecycle_last_error() telling.
///
/// Ownership, threads, re-entry, fork: as lifecycle_arena_used. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_capacity(arena: *const lifecycle_arena) -> usize {
    guard::value(0, || Ok(Arena::check(arena)?.capacity()))
}

/// Tells what an arena holds.
///
/// \param[out] out  filled in, or zeroed on failure.
/// \param size      sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, out is NULL, size is 0 or more than 64
///          KiB); LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_arena_used. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_arena_stats_get(
    arena: *const lifecycle_arena,
    out: *mut lifecycle_arena_stats,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "arena statistics", || Ok(Arena::check(arena)?.stats())) }
    })
}
