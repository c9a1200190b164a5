//! Header section 4: code.

use core::ffi::{c_char, c_void};

use super::lifecycle_module;

/// A code symbol: a 64-bit id with a generation, never reused. 0 is never valid.
pub type lifecycle_symbol = u64;

/// Map: the owner is "__jit__", the module is where the code came from; a sweep may evict it.
pub const LIFECYCLE_MAP_JIT: u32 = 1;
/// Map: a symbol of this name is replaced; entries follow at once, and the old code goes as by
/// lifecycle_unmap_symbol.
pub const LIFECYCLE_MAP_REPLACE: u32 = 2;
/// Map: the symbol starts with one pin.
pub const LIFECYCLE_MAP_PINNED: u32 = 4;
/// Symbol flag: the host mapped this code itself (lifecycle_on_symbol_mapped).
pub const LIFECYCLE_MAP_ADOPTED: u32 = 8;

/// One place in the code that needs an address filled in.
///
/// A name's address is its entry (lifecycle_entry), made if need be: it stays whatever the name
/// comes to mean, so it may be called, compared and kept. What a field cannot reach is reached
/// through bytes behind the code, in the symbol's own memory and freed with it, 8-byte aligned: 16
/// for each different target of calls out of reach, 8 for each different target of
/// LIFECYCLE_RELOC_GOTPCREL. lifecycle_map_symbol makes room for them; a reservation must have it
/// (lifecycle_code_commit). They belong to no symbol for lifecycle_symbol_at, and are not counted
/// in its size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_relocation {
    /// One of LIFECYCLE_RELOC_*.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
    /// Bytes from the start of the code to the field.
    pub offset: u64,
    /// The target's name: its entry is used. NULL when `target` is given.
    pub symbol: *const c_char,
    /// The target's address, when `symbol` is NULL.
    pub target: *const c_void,
    /// Added to the target.
    pub addend: i64,
}

/// Relocation: 64-bit absolute address (any processor).
pub const LIFECYCLE_RELOC_ABS64: u32 = 1;
/// Relocation: 32-bit distance from the field (x86-64 PC32; the addend includes the usual -4).
pub const LIFECYCLE_RELOC_PC32: u32 = 2;
/// Relocation: as PC32, for a call or jump (x86-64 PLT32): a target out of reach is reached through
/// a jump behind the code.
pub const LIFECYCLE_RELOC_PLT32: u32 = 3;
/// Relocation: 32-bit distance from the field to a word behind the code that holds the target's
/// address (x86-64 GOTPCREL, GOTPCRELX, REX_GOTPCRELX). The addend, usually -4, is the distance's.
pub const LIFECYCLE_RELOC_GOTPCREL: u32 = 4;
/// Relocation: 26-bit distance in instructions of a `b` or `bl` (aarch64 CALL26, JUMP26); a target
/// out of reach is reached through a jump behind the code, which changes x16.
pub const LIFECYCLE_RELOC_CALL26: u32 = 5;
/// Relocation: the distance in pages of an `adrp` (aarch64 ADR_PREL_PG_HI21).
pub const LIFECYCLE_RELOC_ADR_PREL_PG_HI21: u32 = 6;
/// Relocation: the low 12 bits of an address in an `add` (aarch64 ADD_ABS_LO12_NC).
pub const LIFECYCLE_RELOC_ADD_ABS_LO12: u32 = 7;

/// How code is mapped. Start from LIFECYCLE_MAP_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_map_options {
    /// sizeof(lifecycle_map_options)
    pub size: usize,
    /// LIFECYCLE_MAP_JIT, _REPLACE, _PINNED, or-ed.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// Alignment of the first byte: a power of two up to 4096; 0 = 64.
    pub align: usize,
    /// The code must lie within 2 GiB of this address; NULL = anywhere.
    pub near_address: *const c_void,
    /// `relocation_count` relocations, applied before the code can run.
    pub relocations: *const lifecycle_relocation,
    /// How many.
    pub relocation_count: usize,
    /// How to unwind the code, or NULL: CIEs and FDEs as in a section .eh_frame; copied. The
    /// initial location of each FDE counts from the first byte of the code, whatever its encoding
    /// (absptr, udata, sdata of 2, 4 or 8 bytes; pcrel or not): the library fills the address in.
    /// Pointers to a personality and to its data must be absolute and are left as they are. The
    /// process's unwinder knows it from before the symbol can be called until it is freed; a host
    /// must not register the same code itself.
    pub eh_frame: *const c_void,
    /// Its bytes, with or without the empty record that ends a section.
    pub eh_frame_size: usize,
    /// The host's own pointer, told back by lifecycle_symbol_info_get.
    pub user: *mut c_void,
}

/// A reservation: write the code through `rw`, it will run at `rx`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_code {
    /// Where it will run.
    pub rx: *mut c_void,
    /// Where it is written; dead after commit or abort.
    pub rw: *mut c_void,
    /// Bytes.
    pub size: usize,
    /// Names the reservation.
    pub id: u64,
}

/// One symbol of lifecycle_map_batch. Start from LIFECYCLE_BATCH_ITEM_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_batch_item {
    /// sizeof(lifecycle_batch_item)
    pub size: usize,
    /// As for lifecycle_map_symbol. No two items of a batch have the same.
    pub name: *const c_char,
    /// `len` bytes, copied; NULL when the code was written into `reserved`.
    pub code: *const c_void,
    /// Bytes.
    pub len: usize,
    /// The reservation that the code was written into; NULL when `code` is given.
    pub reserved: *mut lifecycle_code,
    /// As for lifecycle_map_symbol; NULL = defaults.
    pub options: *const lifecycle_map_options,
}

/// What is known of a symbol.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_symbol_info {
    /// NUL-terminated, valid until the symbol is freed.
    pub name: *const c_char,
    /// Path of the owning module, or "__jit__"; valid until that module is unloaded.
    pub owner: *const c_char,
    /// The owning module; for a JIT symbol the module it came from.
    pub module: lifecycle_module,
    /// First byte.
    pub address: *mut c_void,
    /// Bytes.
    pub size: usize,
    /// Counts symbols mapped over the manager's life.
    pub generation: u64,
    /// The epoch it was last used in, as far as marking tells.
    pub last_used_epoch: u64,
    /// Pins held.
    pub pins: u32,
    /// LIFECYCLE_MAP_JIT, LIFECYCLE_MAP_ADOPTED.
    pub flags: u32,
    /// The host's pointer from lifecycle_map_options.
    pub user: *mut c_void,
}

/// Returns the code to run for an entry that has none, or NULL when there is none to be had. Called
/// on the thread that made the call, with no lock held; it may map code.
pub type lifecycle_resolve_fn =
    Option<unsafe extern "C" fn(name: *const c_char, user: *mut c_void) -> *mut c_void>;

/// A thread that runs code. The inline functions use its first fields; treat all of them as
/// private.
#[repr(C)]
pub struct lifecycle_reader {
    /// The grace counter's value when the thread entered; 0 while it is outside.
    pub entered: u64,
    /// The manager's grace counter; NULL once detached.
    pub grace: *const u64,
    /// How deep lifecycle_enter is nested.
    pub nesting: u32,
    /// Non-zero where the system has no membarrier, so that the reader must fence.
    pub fence: u32,
    /// Nesting kept while parked.
    pub parked: u32,
    /// 0.
    pub reserved: u32,
}
