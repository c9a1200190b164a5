//! Header section 5: epochs and the sweeper.

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// Notes that a symbol is used in this epoch. Code that is called often marks without a call:
/// lifecycle_usage_slot and the inline lifecycle_mark.
///
/// \param manager  the manager.
/// \param symbol  the symbol.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_mark_used(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.mark_used(symbol))
}

/// Tells where a symbol's use is noted and where the epoch is read, for lifecycle_mark or for
/// marking code that a JIT emits: `if (*slot != *clock) *slot = *clock`, two aligned 8-byte loads
/// and rarely a store. A symbol's own code cannot hold its slot, which is known only once it is
/// mapped: lifecycle_entry_usage_slot. Code anywhere else on x86-64 may note its use so (31 bytes
/// as they lie in memory; changes r10, r11 and the flags):
///
///   49 BB imm64   mov r11, clock
///   4D 8B 1B      mov r11, [r11]
///   49 BA imm64   mov r10, slot
///   4D 39 1A      cmp [r10], r11
///   74 03         je the end
///   4D 89 1A      mov [r10], r11
///
/// \param manager  the manager.
/// \param symbol  the symbol.
/// \param[out] slot  the symbol's word; NULL on failure.
/// \param[out] clock  the manager's epoch, read only; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
///
/// Ownership: the manager's. The slot may be stored to as long as the symbol's code may run, the
/// clock be read as long as the manager lives. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_usage_slot(
    manager: *mut lifecycle_manager,
    symbol: lifecycle_symbol,
    slot: *mut *mut u64,
    clock: *mut *const u64,
) -> lifecycle_status {
    guard::status(|| {
        // Both are set before either is refused.
        // SAFETY: `.c.contract`
        let slot = unsafe { guard::out(slot, core::ptr::null_mut(), "slot") };
        // SAFETY: `.c.contract`
        let clock = unsafe { guard::out(clock, core::ptr::null(), "clock") };
        let (slot, clock) = (slot?, clock?);
        let manager = Manager::check(manager)?;
        *slot = manager.usage_slot(symbol)?;
        *clock = manager.clock();
        Ok(())
    })
}

/// The next epoch begins: a host does this every so many calls, or on a timer.
///
/// \param manager  the manager.
/// \param[out] epoch  the new one; the first is 1. May be NULL.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (nothing has
/// changed).
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_advance_epoch(
    manager: *mut lifecycle_manager,
    epoch: *mut u64,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let epoch = unsafe { guard::maybe_out(epoch, 0, "epoch") }?;
        let advanced = Manager::check(manager)?.advance_epoch()?;
        if let Some(epoch) = epoch {
            *epoch = advanced;
        }
        Ok(())
    })
}

/// Evicts every JIT symbol that was not used for more than `max_age` epochs: one last used in epoch
/// e goes once epoch - e is more than max_age.
///
/// Never evicted, whatever max_age: pinned symbols, code that modules own, and symbols mapped or
/// used within the last two epochs. The entry of an evicted symbol is empty: the next call asks the
/// resolver. Costs what is evicted and what was used again since it was last looked at, not what is
/// tracked.
///
/// \param manager  the manager.
/// \param max_age  epochs.
/// \param[out] out  what was done; may be NULL.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (some may have
/// been evicted).
///
/// Ownership: what is evicted is freed when no reader is inside any more. Threads: any. Re-entry:
/// from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_sweep_unused(
    manager: *mut lifecycle_manager,
    max_age: u64,
    out: *mut lifecycle_sweep_report,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe {
            guard::maybe_fill(out, size, "sweep report", || {
                Manager::check(manager)?.sweep_unused(max_age)
            })
        }
    })
}

/// Evicts JIT symbols, those unused for longest first, until no more than `max_code_bytes` of code
/// are live or nothing more may go: see lifecycle_sweep_unused for what is never evicted.
///
/// \param manager  the manager.
/// \param max_code_bytes  bytes, as lifecycle_stats.code_bytes_live counts them.
/// \param[out] out  what was done; may be NULL.
/// \param size  sizeof *out.
///
/// \returns LIFECYCLE_OK, also when more than the budget stays live; LIFECYCLE_E_INVALID;
/// LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (some may have been evicted).
///
/// Ownership: what is evicted is freed when no reader is inside any more. Threads: any. Re-entry:
/// from callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_sweep_to_budget(
    manager: *mut lifecycle_manager,
    max_code_bytes: usize,
    out: *mut lifecycle_sweep_report,
    size: usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        unsafe {
            guard::maybe_fill(out, size, "sweep report", || {
                Manager::check(manager)?.sweep_to_budget(max_code_bytes)
            })
        }
    })
}

/// Counts the JIT symbols that were not used for more than `max_age` epochs, pinned ones included.
///
/// \param manager  the manager.
/// \param max_age  epochs.
/// \param[out] out  how many; 0 on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_stale_count(
    manager: *mut lifecycle_manager,
    max_age: u64,
    out: *mut usize,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(out, 0, "count") }?;
        *out = Manager::check(manager)?.stale_count(max_age)?;
        Ok(())
    })
}
