//! Header section 4, entries: addresses that stay callable.

use core::ffi::{c_char, c_void};

use super::guard;
use crate::abi::*;
use crate::manager::Manager;

/// Finds, or makes, the entry of a name: an address that stays callable as long as the manager
/// lives, whatever is mapped, replaced, evicted, reloaded or unloaded under that name.
///
/// A call through it runs the code the name has now. While it has none, the resolver is asked
/// (lifecycle_set_resolver) with all argument registers kept, vector registers of any width
/// included (on aarch64 those of the base convention: SVE's are not), and what it returns is run.
/// If there is nothing to run, the call ends in an illegal instruction (SIGILL) in a function named
/// call_without_code: a call that expects a result cannot go on without. There the register of the
/// first argument (rdi, x0) holds the address of a NUL-terminated sentence that names the symbol,
/// for a debugger, a core file or the host's own handler; the other registers and the stack are as
/// the caller left them. It is the thread's lifecycle_last_error.
///
/// The address may change r11 and the flags on x86-64, x16 and x17 on aarch64, as a linker's
/// veneers do. With LIFECYCLE_CONFIG_MARK_ENTRIES each call also notes that the name's code is in
/// use: a compare, and a store once an epoch.
///
/// \param manager  the manager.
/// \param name  the symbol's name, mapped or not; copied.
/// \param[out] callable  the address; NULL on failure.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_UNSUPPORTED (no stubs
/// for this processor); LIFECYCLE_E_LIMIT (2^20 - 1 entries); LIFECYCLE_E_NOMEM;
/// LIFECYCLE_E_DENIED; LIFECYCLE_E_SYSTEM.
///
/// Ownership: the manager's. A thread that calls through an entry while others unload does so
/// between lifecycle_enter and lifecycle_leave. Threads: any. Re-entry: from callbacks too. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_entry(
    manager: *mut lifecycle_manager,
    name: *const c_char,
    callable: *mut *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(callable, core::ptr::null_mut(), "callable") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.entry(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Finds, or makes, the slot of a name's entry, for code that a JIT emits: `call [slot]` saves the
/// stub's jump. It notes no use, whatever the config says; lifecycle_entry_usage_slot is for that.
///
/// The slot is within 2 GiB of all code of the manager. In such code, with the slot as target of
/// the relocations in brackets, the call is
///
///   x86-64:   FF 15 00000000   call [rip + slot]   [2: PC32, addend -4]
///   aarch64:  90000010         adrp x16, slot      [0: ADR_PREL_PG_HI21]
///             91000210         add x16, x16, slot  [4: ADD_ABS_LO12]
///             F9400210         ldr x16, [x16]
///             D63F0200         blr x16
///
/// and anywhere on x86-64 `49 BB imm64; 41 FF 13`: mov r11, slot; call [r11]. The bytes are shown
/// as they lie in memory for x86-64, as instruction words for aarch64.
///
/// \param manager  the manager.
/// \param name  the symbol's name, mapped or not; copied.
/// \param[out] slot  where the address to call is kept; NULL on failure.
///
/// \returns as lifecycle_entry.
///
/// Ownership: the manager's; read only, with one aligned 8-byte load. Threads: any. Re-entry: from
/// callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_entry_slot(
    manager: *mut lifecycle_manager,
    name: *const c_char,
    slot: *mut *const *mut c_void,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let out = unsafe { guard::out(slot, core::ptr::null(), "slot") }?;
        let manager = Manager::check(manager)?;
        // SAFETY: `.c.contract`
        *out = manager.entry_slot(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Finds, or makes, the word in which the use of a name's entry is noted, and tells where the epoch
/// is read: as lifecycle_usage_slot, but known before there is code, so that the code can hold it.
/// A symbol was last used in the later of the two words' epochs, its own and its entry's.
///
/// Both are within 2 GiB of all code of the manager. A JIT may emit the following anywhere before
/// or in the named code, with slot and clock as targets of the relocations in brackets:
///
///   x86-64, 23 bytes, changes r11 and the flags:
///     4C 8B 1D 00000000   mov r11, [rip + clock]   [3: PC32, addend -4]
///     4C 3B 1D 00000000   cmp r11, [rip + slot]    [10: PC32, addend -4]
///     74 07               je the end
///     4C 89 1D 00000000   mov [rip + slot], r11    [19: PC32, addend -4]
///
///   aarch64, 9 instructions, changes x15 to x17 and the flags:
///     90000010   adrp x16, clock       [0: ADR_PREL_PG_HI21]
///     91000210   add x16, x16, clock   [4: ADD_ABS_LO12]
///     F9400210   ldr x16, [x16]
///     90000011   adrp x17, slot        [12: ADR_PREL_PG_HI21]
///     91000231   add x17, x17, slot    [16: ADD_ABS_LO12]
///     F940022F   ldr x15, [x17]
///     EB1001FF   cmp x15, x16
///     54000040   b.eq the end
///     F9000230   str x16, [x17]
///
/// From farther away lifecycle_mark does it, or the sequence of lifecycle_usage_slot.
///
/// \param manager  the manager.
/// \param name  the symbol's name, mapped or not; copied.
/// \param[out] slot  the entry's word; NULL on failure.
/// \param[out] clock  a copy of the manager's epoch, read only; NULL on failure.
///
/// \returns as lifecycle_entry.
///
/// Ownership: the manager's; both words stay as long as it lives. Threads: any. Re-entry: from
/// callbacks too. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_entry_usage_slot(
    manager: *mut lifecycle_manager,
    name: *const c_char,
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
        // SAFETY: `.c.contract`
        (*slot, *clock) = manager.entry_usage(unsafe { guard::name(name, "symbol name") }?)?;
        Ok(())
    })
}

/// Sets who finds code for entries that have none; there is one resolver at a time.
///
/// The resolver runs on the thread that made the call, with no lock held. It returns what to run,
/// usually the address of code it has just mapped under that name. After NULL the name's code is
/// run if it has some by then all the same; otherwise there is none.
///
/// Several threads may be resolving one name at a time. Where they map with LIFECYCLE_MAP_REPLACE,
/// each may replace what the other has just mapped: lifecycle_symbol_address is NULL for a symbol
/// that was replaced meanwhile (find the name's symbol and ask again, or return NULL), and an
/// address that the resolver took from its own symbol may be freed before it is run, unless the
/// calling thread is inside a reader (lifecycle_enter) since before.
///
/// \param manager  the manager.
/// \param resolve  the function; NULL = nobody.
/// \param user  handed to it.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
///
/// Ownership: `user` stays the host's. Threads: any. Re-entry: from callbacks too. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_set_resolver(
    manager: *mut lifecycle_manager,
    resolve: lifecycle_resolve_fn,
    user: *mut c_void,
) -> lifecycle_status {
    guard::status(|| Manager::check(manager)?.set_resolver(resolve, user))
}
