//! Header section 2: the manager.

use core::ffi::{c_char, c_void};
use core::fmt;

use super::guard;
use crate::abi::*;
use crate::base::fail;
use crate::manager::{Manager, Observer, State};
use crate::observe::Format;

/// Makes a manager: the owner of everything that one runtime's modules bring in.
///
/// Address space is reserved at once (lifecycle_config.code_capacity, twice in dual mode, and room
/// for data and bookkeeping); memory is taken as it is used.
///
/// A forked child can do everything with its copy of a manager, and neither process notices what
/// the other does. fork() waits until no other thread is inside a call of the library, so that the
/// child begins with whole managers (pthread_atfork; a host allocator that takes locks in fork
/// handlers of its own registers them before the first manager is made). A process made past the C
/// library (a bare clone, _Fork) must come from one with no other thread inside a call, and its
/// parent cannot notice it: in dual mode it must not free code that the child goes on running.
///
/// \param config  how it is set up, or NULL for the defaults; borrowed, its allocator is copied.
/// \param[out] out  the manager; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (`out` is NULL, an unknown mode or flag, an allocator
/// with a function missing); LIFECYCLE_E_UNSUPPORTED (the config sets a field this version does not
/// know); LIFECYCLE_E_TOO_BIG (a code capacity over 1 GiB); LIFECYCLE_E_DENIED (the system forbids
/// the code mode that was asked for; never for LIFECYCLE_CODE_AUTO); LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_LIMIT (65536 managers); LIFECYCLE_E_SYSTEM. LIFECYCLE_E_DENIED,
/// LIFECYCLE_E_NOT_FOUND and LIFECYCLE_E_SYSTEM also where the file of a tool that `flags` asks for
/// cannot be had: the sentence names it.
///
/// Ownership: returned; the caller gives it back with lifecycle_destroy. Threads: any. Re-entry:
/// from callbacks too, except the allocator's. Fork: a child may make its own managers. Since:
/// 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_create(
    config: *const lifecycle_config,
    out: *mut *mut lifecycle_manager,
) -> lifecycle_status {
    guard::status(|| {
        guard::quiet_panics();
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, core::ptr::null_mut(), "manager") }?;
        let mut read = State::default_config();
        if !config.is_null() {
            // SAFETY: `.c.contract`; any bytes are a valid config.
            read = unsafe { guard::read_sized(config, State::default_config(), "config") }?;
        }
        *out = Manager::create(&read)?.as_ptr();
        Ok(())
    })
}

/// Unloads every module, whatever is pinned or in a reload and each before those that it needs,
/// gives everything back, and ends the manager.
///
/// Release callbacks and events run as for an unload. Entry addresses, slots, clocks and
/// names_version pointers of this manager must not be used afterwards; the manager's own address is
/// refused by every function (LIFECYCLE_E_STALE) until another manager is made in its place.
/// Readers still attached are detached.
///
/// \param manager  the manager; NULL is LIFECYCLE_E_INVALID.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (destroyed already);
/// LIFECYCLE_E_BUSY (a reader is inside its code, or the caller is a callback of the manager's own:
/// nothing has changed); LIFECYCLE_E_SYSTEM (the system refused to unmap a file: everything else is
/// gone, the manager lives on and may be destroyed again); LIFECYCLE_E_NOMEM (likewise).
///
/// Ownership: taken. Threads: any, but no other thread may be in a call with this manager.
/// Re-entry: from callbacks of other managers; from those of the same it is refused. Fork: a child
/// may destroy its copy; its parent does not notice. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_destroy(manager: *mut lifecycle_manager) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.destroy())
}

/// Returns the process-wide manager, made with the defaults on first use: the one behind the
/// drop-ins that take no handle.
///
/// \returns the manager, or NULL when it cannot be made (lifecycle_last_error tells why).
///
/// Ownership: the library's; a program that wants to end clean may destroy it, and the next call
/// makes a new one. Threads: any. Re-entry: from anywhere but the allocator. Fork: see
/// lifecycle_create. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_default() -> *mut lifecycle_manager {
    guard::value(core::ptr::null_mut(), || {
        guard::quiet_panics();
        Ok(Manager::process_wide()?.as_ptr())
    })
}

/// Tells what the system allowed this manager: the write protection mode it got, how a fork is
/// handled, limits.
///
/// \param manager  the manager.
/// \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_caps_get(
    manager: *mut lifecycle_manager,
    out: *mut lifecycle_caps,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "caps", || Manager::check(manager)?.caps()) }
    })
}

/// Counts everything: what is held right now, and what happened since the start.
///
/// \param manager  the manager.
/// \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_stats_get(
    manager: *mut lifecycle_manager,
    out: *mut lifecycle_stats,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe { guard::fill(out, size, "stats", || Manager::check(manager)?.stats()) }
    })
}

/// Hands text on to the host's function until it says stop.
struct ToHost {
    manager: &'static Manager,
    write: unsafe extern "C" fn(*const c_char, usize, *mut c_void) -> core::ffi::c_int,
    user: *mut c_void,
}

impl fmt::Write for ToHost {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the host's function, with bytes that live for the call.
        let write = || unsafe { (self.write)(text.as_ptr().cast(), text.len(), self.user) };
        match self.manager.outside(write) {
            0 => Ok(()),
            _ => Err(fmt::Error),
        }
    }
}

/// Writes the statistics as text, piece by piece.
///
/// \param manager  the manager.
/// \param format  LIFECYCLE_TEXT (a line each), LIFECYCLE_JSON (one object), LIFECYCLE_PROMETHEUS
/// (format 0.0.4).
/// \param write  gets each piece; not NULL. A non-zero return stops, and is not a failure.
/// \param user  handed to `write`.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an unknown format); LIFECYCLE_E_STALE.
///
/// Ownership: the pieces are borrowed by `write` for its call. Threads: any; `write` runs on the
/// caller's, with no lock held. Re-entry: `write` may call the library. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_stats_print(
    manager: *mut lifecycle_manager,
    format: lifecycle_format,
    write: lifecycle_write_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        let format = match format {
            LIFECYCLE_TEXT => Format::Text,
            LIFECYCLE_JSON => Format::Json,
            LIFECYCLE_PROMETHEUS => Format::Prometheus,
            format => fail!(LIFECYCLE_E_INVALID, "{format} is not a format"),
        };
        let Some(write) = write else {
            fail!(LIFECYCLE_E_INVALID, "the write function is NULL");
        };
        manager.write_stats(&mut ToHost { manager, write, user }, format)
    })
}

/// Tells everything that the manager still holds: modules and what they own, code that waits for
/// readers, reservations neither committed nor aborted, mappings nobody used, what the system
/// refused to take back.
///
/// A host that has unloaded everything expects none.
///
/// \param manager  the manager.
/// \param leak  called for each thing; NULL to count only.
/// \param user  handed to `leak`.
/// \param[out] leaks  how many; may be NULL.
///
/// \returns LIFECYCLE_OK, whether there are leaks or not; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE;
/// LIFECYCLE_E_NOMEM (then none was told).
///
/// Ownership: what `leak` gets is borrowed for its call. Threads: any; it tells what was held when
/// the call began. Re-entry: `leak` may call the library. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_leak_check(
    manager: *mut lifecycle_manager,
    leak: lifecycle_leak_fn,
    user: *mut c_void,
    leaks: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let leaks = unsafe { guard::maybe_out(leaks, 0, "count") }?;
        let manager = Manager::check(manager)?;
        let mut found = manager.leaks()?;
        if let Some(leaks) = leaks {
            *leaks = found.len();
        }
        if let Some(tell) = leak {
            for leak in &mut found {
                // SAFETY: the host's function, with a leak that lives for the call.
                manager.outside(|| unsafe { tell(leak.as_c(), user) });
            }
        }
        Ok(())
    })
}

/// Sets who hears the manager's events; there is one observer at a time.
///
/// \param manager  the manager.
/// \param observer  set up with LIFECYCLE_OBSERVER_INIT; copied. NULL = nobody.
/// \param user  handed to the observer.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an observer without a function);
/// LIFECYCLE_E_STALE; LIFECYCLE_E_UNSUPPORTED.
///
/// Ownership: `user` stays the host's and must live until another observer is set and calls begun
/// before have ended. Threads: any. Re-entry: from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_set_observer(
    manager: *mut lifecycle_manager,
    observer: *const lifecycle_observer,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        let manager = Manager::check(manager)?;
        if observer.is_null() {
            return manager.set_observer(None);
        }
        let nothing = lifecycle_observer { size: 0, on_event: None };
        // SAFETY: `.c.contract`; any bytes are a valid observer, its function is only called where
        // the host gave one.
        let table = unsafe { guard::read_sized(observer, nothing, "observer") }?;
        if table.on_event.is_none() {
            fail!(LIFECYCLE_E_INVALID, "the observer's on_event is NULL");
        }
        manager.set_observer(Some(Observer { table, user }))
    })
}
