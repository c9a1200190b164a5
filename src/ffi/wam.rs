//! Header section 10: choicepoints and the trail of a heap. Binding is in
//! `include/lifecycle_inline.h`.

use super::guard;
use crate::abi::*;
use crate::heap::Heap;

/// Makes room on the trail of the heap's lifecycle_wam.
///
/// \param words  how many more.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT (the trail is the host's and has less room, or the
///          heap's has 2^32 words); LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or
///          verification runs).
///
/// Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: not from root
/// callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_trail_reserve(
    heap: *mut lifecycle_heap,
    words: u64,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.trail_reserve(words))
}

/// Gives the cell at an index another value, which backtracking takes back: setarg/3, b_setval/2.
/// The trail notes the old value if a younger choicepoint may be backtracked to.
///
/// \param ref    index of the cell.
/// \param value  what it becomes.
///
/// \returns as lifecycle_wam_bind.
///
/// Ownership, threads, re-entry, fork: as lifecycle_wam_bind. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_assign(
    heap: *mut lifecycle_heap,
    r#ref: u64,
    value: lifecycle_cell,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.assign(r#ref, value))
}

/// Makes a choicepoint, the newest one. It notes the environment and code of the heap's
/// lifecycle_wam, and where trail and heap are.
///
/// \param choice       memory for it and its arguments, in place until it is popped or cut.
/// \param count        arguments, which the host writes to lifecycle_choice_cells(choice) before
///                     the next safepoint.
/// \param alternative  the host's own: where to go on.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, it has no lifecycle_wam, choice is NULL
///          or not aligned to 8); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (a collection or verification
///          runs).
///
/// Ownership: the memory is the host's, borrowed until it is popped or cut. Threads: the one that
/// uses the heap. Re-entry: not from root callbacks. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_choice_push(
    heap: *mut lifecycle_heap,
    choice: *mut lifecycle_choice,
    count: u32,
    alternative: *const core::ffi::c_void,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.choice_push(choice, count, alternative))
}

/// Drops the newest choicepoint; what happened since stays.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (there is none); LIFECYCLE_E_BUSY (a collection
///          or verification runs).
///
/// Ownership: the choicepoint's memory is the host's again. Threads, re-entry, fork: as
/// lifecycle_wam_choice_push. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_choice_pop(heap: *mut lifecycle_heap) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.choice_pop())
}

/// Drops all choicepoints that are newer than one; what happened since stays. Costs the same however
/// many there are; what the trail need not know any more goes with the next collection.
///
/// \param choice  the one that becomes the newest; NULL = all go. It must be one of them, or the
///                program's word is wrong and nothing tells: looking would cost as many steps as
///                there are newer ones.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: the memory of those is the host's again. Threads, re-entry, fork: as
/// lifecycle_wam_choice_push. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_cut(
    heap: *mut lifecycle_heap,
    choice: *mut lifecycle_choice,
) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.cut(choice))
}

/// Goes back to the newest choicepoint, which stays: what the trail has since then is undone, cells
/// allocated since are free again at once (but for objects of more than 128 cells that lie in holes:
/// those wait for a collection), and e and code of the lifecycle_wam are what they were.
/// The arguments are the host's to copy back, from lifecycle_choice_cells.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (there is none: the program has failed);
///          LIFECYCLE_E_BUSY (a collection or verification runs).
///
/// Ownership: cells allocated since are gone; finalizers of such blobs run at the next safepoint.
/// Threads, re-entry, fork: as lifecycle_wam_choice_push. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_wam_backtrack(heap: *mut lifecycle_heap) -> lifecycle_status {
    guard::status(|| Heap::check(heap)?.backtrack())
}
