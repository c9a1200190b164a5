//! Header section 10: heaps of cells. What C does inline is in `include/lifecycle_inline.h`.

use core::ffi::c_void;
use core::ptr;

use super::guard;
use crate::abi::*;
use crate::base::fail;
use crate::heap::{self, Heap};

/// Makes a heap: cells that a stop-the-world mark and sweep reclaims when no root reaches them.
/// Address space is reserved, memory is taken as it is used. A collection happens at safepoints
/// only (lifecycle_heap_safepoint, lifecycle_heap_reserve, lifecycle_heap_collect), so between two
/// of them a program may keep cells wherever it likes.
///
/// A machine of the WAM's kind tells its registers once (lifecycle_heap_set_wam); any other program
/// registers callbacks (lifecycle_heap_add_roots).
///
/// \param options   how to set it up, starting from LIFECYCLE_HEAP_OPTIONS_INIT; NULL = the
///                  defaults. Copied.
/// \param[out] out  the heap on LIFECYCLE_OK, else NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro,
///          unknown flags, growth of 1 to 100, an allocator that lacks a function);
///          LIFECYCLE_E_TOO_BIG (max_cells above LIFECYCLE_HEAP_CELLS_MAX, initial_cells above
///          max_cells); LIFECYCLE_E_UNSUPPORTED (options of a later version that sets more);
///          LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (65,536 heaps exist).
///
/// Ownership: the caller's, until lifecycle_heap_destroy or lifecycle_own_heap. Threads: any thread;
/// each heap is used by one thread at a time. Re-entry: from anywhere. Fork: the child has a copy,
/// separate from then on. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_create(
    options: *const lifecycle_heap_options,
    out: *mut *mut lifecycle_heap,
) -> lifecycle_status {
    guard::quiet_panics();
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, ptr::null_mut(), "heap") }?;
        let defaults = lifecycle_heap_options::default();
        let zero = lifecycle_heap_options { size: 0, gc_enabled: 0, ..defaults };
        let options = if options.is_null() {
            defaults
        } else {
            // SAFETY: `.c.contract`; the struct is plain but for functions, for which NULL is a
            // value, and starts with its size.
            unsafe { guard::read_sized(options, zero, "heap options") }?
        };
        *out = Heap::create(&options)?.as_ptr();
        Ok(())
    })
}

/// Runs the finalizers that have not run, and gives all memory back.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not a heap); LIFECYCLE_E_STALE (destroyed
///          already); LIFECYCLE_E_BUSY (a collection or verification runs, a finalizer calls, or a
///          module owns the heap).
///
/// Ownership: the heap and all its cells are gone; the lifecycle_wam is the host's again, its trail
/// gone if the heap made it. Threads: the one that uses it. Re-entry: not from callbacks of this
/// heap. Fork: a child destroys its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_destroy(heap: *mut lifecycle_heap) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.destroy())
}

/// What lifecycle_heap_alloc calls when the cells between cursor and limit do not suffice; does the
/// same by itself.
///
/// \param cells  how many, 1 or more.
///
/// \returns the index of the first cell; LIFECYCLE_NO_CELL on failure, lifecycle_last_error()
///          telling: LIFECYCLE_E_INVALID (not a heap, no cells), LIFECYCLE_E_STALE,
///          LIFECYCLE_E_LIMIT (max_cells; a collection may help, see lifecycle_heap_reserve),
///          LIFECYCLE_E_NOMEM, LIFECYCLE_E_BUSY (a collection or verification runs). The heap is
///          then as it was.
///
/// Ownership, threads, re-entry, fork: as lifecycle_heap_alloc. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_alloc_slow(heap: *mut lifecycle_heap, cells: u32) -> u64 {
    let cells = u64::from(cells);
    match Heap::quick_alloc(heap, cells) {
        Some(at) => at,
        None => guard::slow_value(LIFECYCLE_NO_CELL, || Heap::check(heap)?.alloc(cells)),
    }
}

/// Makes sure that the next allocations succeed, as long as they take no more than so many cells
/// together. Collects if that is due or needed, so it is a safepoint: call it before a structure is
/// begun, not in the middle of one.
///
/// \param cells  how many.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT
///          (max_cells, after a collection where one was possible); LIFECYCLE_E_NOMEM;
///          LIFECYCLE_E_BUSY (a collection or verification runs). On failure less room is sure.
///
/// Ownership: as lifecycle_heap_safepoint. Threads: the one that uses the heap. Re-entry: from
/// finalizers, not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_reserve(
    heap: *mut lifecycle_heap,
    cells: u64,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.reserve(cells))
}

/// Tells a heap the registers of a WAM, which it reads at each collection. It forgets those it was
/// told before.
///
/// \param wam  the registers; NULL = none. They stay where they are until another call or the
///             heap's destruction. With tr NULL and tr_capacity 0 the heap makes a trail that
///             grows, up to 2^32 words, and fills in tr and tr_capacity; with anything else the
///             trail is the host's.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap; size is not that of a lifecycle_wam; a
///          count without a pointer; b is not NULL; tr_count is not 0); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM (no addresses for a trail); LIFECYCLE_E_BUSY (a collection or
///          verification runs). On failure the heap keeps the ones it had.
///
/// Ownership: borrowed until then; a trail that the heap made is the heap's. Threads: the one that
/// uses the heap. Re-entry: from finalizers, not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_set_wam(
    heap: *mut lifecycle_heap,
    wam: *mut lifecycle_wam,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.set_wam(wam))
}

/// Registers a callback that hands over roots. Callbacks are called at each collection, oldest
/// first; a pair that is registered twice is called twice.
///
/// \param roots  calls lifecycle_visit for each cell; see lifecycle_root_fn.
/// \param user   handed to it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, roots is NULL); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from
/// finalizers, not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_add_roots(
    heap: *mut lifecycle_heap,
    roots: lifecycle_root_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.add_roots(roots, user))
}

/// Takes the newest registration of a pair back.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, roots is NULL); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOT_FOUND (the pair is not registered); LIFECYCLE_E_BUSY (a collection or
///          verification runs).
///
/// Ownership, threads, re-entry, fork: as lifecycle_heap_add_roots. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_remove_roots(
    heap: *mut lifecycle_heap,
    roots: lifecycle_root_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.remove_roots(roots, user))
}

/// For a root callback: the cell at `cell` is a root. What it refers to stays; the cell itself may
/// lie anywhere.
///
/// \param visitor  what the callback was given.
/// \param cell     the cell. It may be written, when a collection moves cells one day.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a visitor, cell is NULL or not aligned, or no
///          collection or verification runs); LIFECYCLE_E_STALE (its heap was destroyed).
///
/// Ownership: nothing changes hands. Threads: the one that runs the callback. Re-entry: from root
/// callbacks only. Fork: no. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_visit(
    visitor: *mut lifecycle_visitor,
    cell: *mut lifecycle_cell,
) -> lifecycle_status {
    guard::status(|| {
        if !guard::is_place(cell) {
            fail!(LIFECYCLE_E_INVALID, "the cell to visit is NULL or not aligned");
        }
        // SAFETY: `.c.contract` - the caller's cell.
        heap::visit(visitor, unsafe { *cell })
    })
}

/// What lifecycle_heap_safepoint calls when a collection is due; does the same by itself.
///
/// \returns as lifecycle_heap_safepoint.
///
/// Ownership, threads, re-entry, fork: as lifecycle_heap_safepoint. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_safepoint_slow(
    heap: *mut lifecycle_heap,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.safepoint())
}

/// Collects now, whether due or not: what gc/0 of a Prolog is. Finalizers of what was found dead run
/// at its end.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (in
///          a critical section; or a collection or verification runs, a root callback calling);
///          LIFECYCLE_E_DENIED (gc_enabled is 0: this heap never collects). On failure nothing is
///          collected.
///
/// Ownership: cells that no root reaches are gone. Threads: the one that uses the heap. Re-entry:
/// from finalizers, not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_collect(heap: *mut lifecycle_heap) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.collect())
}

/// Where an order-keeping compaction will be: does not exist yet.
///
/// \returns LIFECYCLE_E_UNSUPPORTED; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_compact(heap: *mut lifecycle_heap) -> lifecycle_status {
    guard::status(|| {
        Heap::check(heap)?;
        fail!(
            LIFECYCLE_E_UNSUPPORTED,
            "cells do not move yet: lifecycle_heap_collect reclaims them"
        )
    })
}

/// A critical section begins: the machine is in the middle of something (a unification), and
/// nothing may be collected. Sections nest.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT
///          (2^32 - 1 deep).
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_critical_enter(
    heap: *mut lifecycle_heap,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.critical_enter())
}

/// A critical section ends. A collection that was put off stays due.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or in no critical section);
///          LIFECYCLE_E_STALE.
///
/// Ownership, threads, re-entry, fork: as lifecycle_heap_critical_enter. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_critical_leave(
    heap: *mut lifecycle_heap,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.critical_leave())
}

/// Looks at everything that the roots reach, by a trace of its own: are tags and headers legal and
/// whole, do references stay inside the heap and away from what was reclaimed, are the trail and
/// the choicepoints in order? It changes nothing and may be called wherever a safepoint may be.
///
/// \param report       hears of each fault; NULL = they are only counted.
/// \param user         handed to it.
/// \param[out] faults  how many there are, counting stopped where report said so; may be NULL.
///
/// \returns LIFECYCLE_OK, faults or not; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE;
///          LIFECYCLE_E_NOMEM (no memory for the trace: nothing is known); LIFECYCLE_E_BUSY (a
///          collection or verification runs).
///
/// Ownership: a fault is borrowed. Threads: the one that uses the heap. Re-entry: root callbacks are
/// called, and `report`, which may call what a root callback may. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_verify(
    heap: *mut lifecycle_heap,
    report: lifecycle_verify_fn,
    user: *mut c_void,
    faults: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let place = unsafe { guard::maybe_out(faults, 0, "number of faults") }?;
        let found = Heap::check(heap)?.verify(report, user)?;
        if let Some(place) = place {
            *place = found;
        }
        Ok(())
    })
}

/// Tells what a heap holds and has done. The first call after a collection looks over its marks, a
/// bit for each cell up to the frontier.
///
/// \param[out] out  filled in, or zeroed on failure.
/// \param size      sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL, size is 0 or more than 64
///          KiB); LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
/// Fork: the child asks its own copy. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_heap_stats_get(
    heap: *mut lifecycle_heap,
    out: *mut lifecycle_heap_stats,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "heap statistics", || Ok(Heap::check(heap)?.stats())) }
    })
}
