//! Header section 4, readers: threads that run code which another thread may retire.

use super::guard;
use crate::abi::*;
use crate::epoch::Reader;
use crate::manager::Manager;

/// Attaches the calling thread as a reader: between lifecycle_enter and lifecycle_leave no code,
/// data, mapping or resource that was there when it entered is freed under it.
///
/// \param manager  the manager.
/// \param[out] out  the reader; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_LIMIT (65536 readers).
///
/// Ownership: returned; the thread gives it back with lifecycle_reader_detach, or the manager's
/// destruction does. A thread that ends without detaching leaves a reader behind that is found when
/// it is in the way, and detached: inside or not, it blocks nobody for long. (Two it does: the main
/// thread of a process that goes on without it, and a thread whose number the system has given to
/// another meanwhile, until that ends too. lifecycle_stats.blocking_reader_thread shows them.)
/// Threads: any; a thread may attach several readers. Re-entry: from callbacks too. Fork: the
/// readers of the thread that forks go on in the child, inside or outside as they were; those of
/// all other threads are detached there. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reader_attach(
    manager: *mut lifecycle_manager,
    out: *mut *mut lifecycle_reader,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, core::ptr::null_mut(), "reader") }?;
        *out = Manager::check(manager)?.attach()?.as_ptr();
        Ok(())
    })
}

/// Detaches a reader.
///
/// \param reader  the reader; not to be used afterwards.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread); LIFECYCLE_E_STALE;
/// LIFECYCLE_E_BUSY (it is inside: leave first).
///
/// Ownership: taken. Threads: the one that attached. Re-entry: from callbacks too. Fork: see
/// lifecycle_reader_attach. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reader_detach(
    reader: *mut lifecycle_reader,
) -> lifecycle_status {
    guard::status(|| {
        let reader = Reader::check(reader)?;
        Manager::check(reader.manager().cast())?.readers().detach(reader)
    })
}

/// Says, before a call that blocks, that the thread uses nothing of the manager's until
/// lifecycle_unpark, however deep it has entered. No frame of the manager's code may be on its
/// stack.
///
/// \param reader  the reader.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread); LIFECYCLE_E_STALE;
/// LIFECYCLE_E_BUSY (parked already).
///
/// Ownership: nothing changes hands. Threads: the one that attached. Re-entry: from callbacks too.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_park(reader: *mut lifecycle_reader) -> lifecycle_status {
    guard::status(|| Reader::check(reader)?.park())
}

/// Ends lifecycle_park: the thread is inside again, as deep as it was.
///
/// \param reader  the reader.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread, or not parked);
/// LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that attached. Re-entry: from callbacks too.
/// Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_unpark(reader: *mut lifecycle_reader) -> lifecycle_status {
    guard::status(|| Reader::check(reader)?.unpark())
}

/// Frees everything retired that no reader can be inside any more, and asks the system again for
/// what it refused before. Never waits for a reader. Much is freed in goes, between which other
/// threads use the manager and release functions run.
///
/// \param manager  the manager.
/// \param[out] bytes  bytes of code memory given back; may be NULL.
///
/// \returns LIFECYCLE_OK, also when nothing was due; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM (nothing is lost; try again).
///
/// Ownership: release functions run before this returns. Threads: any. Re-entry: from callbacks
/// too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_reclaim(
    manager: *mut lifecycle_manager,
    bytes: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let bytes = unsafe { guard::maybe_out(bytes, 0, "count") }?;
        let freed = Manager::check(manager)?.reclaim()?;
        if let Some(bytes) = bytes {
            *bytes = freed;
        }
        Ok(())
    })
}

/// Waits until every reader that is inside now has left or entered anew, then reclaims.
///
/// \param manager  the manager.
/// \param timeout_ns  nanoseconds to wait at most; 0 = do not wait, UINT64_MAX = as long as it
/// takes.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_TIMEOUT;
/// LIFECYCLE_E_DEADLOCK (the calling thread is itself inside); LIFECYCLE_E_SYSTEM (the system
/// refuses the barrier that it had promised); LIFECYCLE_E_NOMEM.
///
/// Ownership: release functions run before this returns. Threads: any, outside code. Re-entry: not
/// from code of the manager. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_synchronize(
    manager: *mut lifecycle_manager,
    timeout_ns: u64,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.synchronize(timeout_ns))
}
