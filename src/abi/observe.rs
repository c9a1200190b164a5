//! Statistics, events and leaks: what the manager tells about itself.

use core::ffi::{c_char, c_void};

/// Everything counted, right now or since the manager was made.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_stats {
    /// Modules loaded now.
    pub tracked_modules: u64,
    /// JIT symbols live now.
    pub total_jit_symbols: u64,
    /// Paths with a mapping now.
    pub smf_tracked_count: u64,
    /// The epoch.
    pub sweeper_epoch: u64,
    /// Symbols the sweeper watches.
    pub sweeper_tracked: u64,
    /// Those older than lifecycle_config.sweep_max_age.
    pub sweeper_stale: u64,
    /// Bytes of live code.
    pub code_bytes_live: u64,
    /// Bytes of code unlinked but not yet free.
    pub code_bytes_retired: u64,
    /// Bytes of memory mapped for code.
    pub code_bytes_reserved: u64,
    /// Bytes of bookkeeping for code.
    pub code_bytes_metadata: u64,
    /// Code symbols live.
    pub symbols_live: u64,
    /// Those with a pin.
    pub symbols_pinned: u64,
    /// Entries.
    pub entries: u64,
    /// File mappings.
    pub mappings: u64,
    /// Their bytes.
    pub mapped_bytes: u64,
    /// Function bindings, shadowed ones included.
    pub names_func: u64,
    /// Struct bindings.
    pub names_struct: u64,
    /// Enum bindings.
    pub names_enum: u64,
    /// Global bindings.
    pub names_global: u64,
    /// Declaration ids whose module was unloaded, since the start.
    pub tombstones: u64,
    /// Resources registered with lifecycle_own.
    pub resources: u64,
    /// Metadata keys.
    pub metadata: u64,
    /// Modules loaded since the start; those that a reload put in the place of others are not
    /// counted.
    pub loads: u64,
    /// Modules unloaded since the start.
    pub unloads: u64,
    /// Reloads committed since the start.
    pub reloads: u64,
    /// Sweeps since the start.
    pub sweeps: u64,
    /// Symbols evicted since the start.
    pub evictions: u64,
    /// Releases the system refused that are still to be retried.
    pub failed_releases: u64,
    /// Attached readers.
    pub readers: u64,
    /// Readers inside code.
    pub readers_inside: u64,
    /// The reader that holds back what has waited longest to be freed, by the system's number of
    /// its thread (gettid); 0 = nothing waits for a reader.
    pub blocking_reader_thread: u64,
    /// Nanoseconds that it has been seen to: since a call first would have freed something.
    pub blocking_reader_ns: u64,
    /// Heaps that modules own.
    pub heaps: u64,
    /// Cells of theirs that survived the last collections.
    pub heap_cells_live: u64,
    /// Cells of theirs that have memory.
    pub heap_cells_committed: u64,
    /// Collections of theirs since the start.
    pub heap_collections: u64,
}

/// What an event tells of: one of LIFECYCLE_EVENT_*.
pub type lifecycle_event_kind = u32;
/// A module was loaded, or a reload of it was begun: module (of a reload the fresh side), name =
/// path.
pub const LIFECYCLE_EVENT_MODULE_LOADED: lifecycle_event_kind = 1;
/// A module was unloaded, replaced by its fresh side, or a fresh side given up: module (stale by
/// now), name = path, bytes = code bytes it had.
pub const LIFECYCLE_EVENT_MODULE_UNLOADED: lifecycle_event_kind = 2;
/// Code was mapped: module, id = symbol, name, address, bytes.
pub const LIFECYCLE_EVENT_SYMBOL_MAPPED: lifecycle_event_kind = 3;
/// Code was unlinked and waits for its readers: module, id = symbol (stale by now), name, address,
/// bytes.
pub const LIFECYCLE_EVENT_SYMBOL_RETIRED: lifecycle_event_kind = 4;
/// Code memory was given back: module, id = symbol (both may be stale), name, address, bytes.
pub const LIFECYCLE_EVENT_SYMBOL_FREED: lifecycle_event_kind = 5;
/// A metadata key went with its module: module, name = key.
pub const LIFECYCLE_EVENT_METADATA_DROPPED: lifecycle_event_kind = 6;
/// A file was mapped: module (0 = prefetched), id = mapping, name = path, address, bytes.
pub const LIFECYCLE_EVENT_MAPPING_OPENED: lifecycle_event_kind = 7;
/// A mapping's last reference is gone: id = mapping, name = path, bytes.
pub const LIFECYCLE_EVENT_MAPPING_EVICTED: lifecycle_event_kind = 8;
/// A name is bound no more: value = name kind, name, module = whose binding it was.
pub const LIFECYCLE_EVENT_NAME_REMOVED: lifecycle_event_kind = 9;
/// A name means again what it meant before: value = name kind, name, module = whose binding it is
/// now.
pub const LIFECYCLE_EVENT_NAME_RESTORED: lifecycle_event_kind = 10;
/// A sweep ended: value = symbols evicted, bytes.
pub const LIFECYCLE_EVENT_SWEEP_DONE: lifecycle_event_kind = 11;
/// The epoch advanced: value = the new one.
pub const LIFECYCLE_EVENT_EPOCH_ADVANCED: lifecycle_event_kind = 12;

/// One event; valid for the call. Fields an event does not name are 0 or NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_event {
    /// sizeof(lifecycle_event) of the library: later versions may be longer.
    pub size: usize,
    /// LIFECYCLE_EVENT_*
    pub kind: lifecycle_event_kind,
    /// 0.
    pub reserved: u32,
    /// The module.
    pub module: u64,
    /// The symbol or mapping.
    pub id: u64,
    /// A number; see the event.
    pub value: u64,
    /// Path, key or name: NUL-terminated.
    pub name: *const c_char,
    /// First byte.
    pub address: *const c_void,
    /// Bytes.
    pub bytes: usize,
}

/// Hears the manager's events, so that a host can drop its own caches. Called with no lock held, on
/// the thread whose call made the event, after it took effect; it may call the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_observer {
    /// sizeof(lifecycle_observer)
    pub size: usize,
    /// Called for each event.
    pub on_event: Option<unsafe extern "C" fn(event: *const lifecycle_event, user: *mut c_void)>,
}

/// What a leak is: one of LIFECYCLE_LEAK_*.
pub type lifecycle_leak_kind = u32;
/// A module is still loaded.
pub const LIFECYCLE_LEAK_MODULE: lifecycle_leak_kind = 1;
/// A code symbol is still mapped.
pub const LIFECYCLE_LEAK_SYMBOL: lifecycle_leak_kind = 2;
/// Code is reserved, neither committed nor aborted.
pub const LIFECYCLE_LEAK_RESERVATION: lifecycle_leak_kind = 3;
/// Code is retired and not reclaimed.
pub const LIFECYCLE_LEAK_RETIRED: lifecycle_leak_kind = 4;
/// A mapping is still referenced, or was prefetched and never used.
pub const LIFECYCLE_LEAK_MAPPING: lifecycle_leak_kind = 5;
/// A metadata key is still there.
pub const LIFECYCLE_LEAK_METADATA: lifecycle_leak_kind = 6;
/// A name is still bound.
pub const LIFECYCLE_LEAK_NAME: lifecycle_leak_kind = 7;
/// A resource is not released.
pub const LIFECYCLE_LEAK_RESOURCE: lifecycle_leak_kind = 8;
/// The system refused to take something back.
pub const LIFECYCLE_LEAK_FAILED_RELEASE: lifecycle_leak_kind = 9;

/// One thing still held; valid for the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_leak {
    /// sizeof(lifecycle_leak) of the library.
    pub size: usize,
    /// LIFECYCLE_LEAK_*
    pub kind: lifecycle_leak_kind,
    /// 0.
    pub reserved: u32,
    /// The module that owns it; 0 if none does.
    pub module: u64,
    /// Its id; 0 if it has none.
    pub id: u64,
    /// Its name, path or key; NULL if it has none.
    pub name: *const c_char,
    /// Path of the owning module; NULL if none owns it.
    pub owner: *const c_char,
    /// Bytes it holds, where that is known.
    pub bytes: usize,
}

/// Hears one leak.
pub type lifecycle_leak_fn =
    Option<unsafe extern "C" fn(leak: *const lifecycle_leak, user: *mut c_void)>;
