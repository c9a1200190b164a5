//! Header section 2: the manager's configuration.

use core::ffi::c_void;

/// Owns everything the modules of one runtime bring in. Made by lifecycle_create; what is in it is
/// for the header's inline functions alone.
#[repr(C)]
pub struct lifecycle_manager {
    /// Which declaration ids are known to be live: lifecycle_did_is_live.
    pub live: *const u64,
}

/// The host's memory functions: what a manager keeps books in comes from these. What must be mapped
/// or must stay readable for who looks without a lock (code and where it is, files, names) comes
/// from the system. All three are given, or none (then malloc, realloc and free). They must return
/// 16-byte aligned memory and may be called from any thread that calls the manager, several at once;
/// they must not call the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_allocator {
    /// Returns `bytes` bytes (never 0) or NULL.
    pub alloc: Option<unsafe extern "C" fn(bytes: usize, user: *mut c_void) -> *mut c_void>,
    /// Resizes, keeping the contents; NULL leaves the old block as it was.
    pub realloc: Option<
        unsafe extern "C" fn(
            ptr: *mut c_void,
            old_bytes: usize,
            new_bytes: usize,
            user: *mut c_void,
        ) -> *mut c_void,
    >,
    /// Gives back a block with the size it was asked with.
    pub free: Option<unsafe extern "C" fn(ptr: *mut c_void, bytes: usize, user: *mut c_void)>,
    /// Handed to each of the three.
    pub user: *mut c_void,
}

impl Default for lifecycle_allocator {
    fn default() -> Self {
        lifecycle_allocator { alloc: None, realloc: None, free: None, user: core::ptr::null_mut() }
    }
}

/// How a manager is set up. Start from LIFECYCLE_CONFIG_INIT; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_config {
    /// sizeof(lifecycle_config)
    pub size: usize,
    /// Most bytes of executable memory, rounded up to 2 MiB; default 256 MiB, at most 1 GiB. In
    /// dual mode the first 64 bytes of every 2 MiB stay unused. Address space is reserved for all
    /// of it, memory is taken as it is used.
    pub code_capacity: usize,
    /// LIFECYCLE_CODE_AUTO, _DUAL, _MPROTECT or _NONE. Hosts that fork workers choose: see
    /// LIFECYCLE_CODE_DUAL.
    pub code_mode: u32,
    /// LIFECYCLE_MAPPING_MAP or _SNAPSHOT.
    pub mapping_mode: u32,
    /// Age in epochs past which statistics count a symbol as stale; default 100.
    pub sweep_max_age: u64,
    /// How deep lifecycle_load_enter nests; default 16.
    pub load_depth_limit: u32,
    /// LIFECYCLE_CONFIG_*, or-ed.
    pub flags: u32,
    /// Default malloc, realloc and free.
    pub allocator: lifecycle_allocator,
}

/// Config: calls through entries note their use, so that the sweeper sees what is called without a
/// word from the host.
pub const LIFECYCLE_CONFIG_MARK_ENTRIES: u32 = 1;
/// Config: each symbol is written to /tmp/perf-PID.map, where perf(1) looks names up. That format
/// takes nothing back: where an address was used again, perf takes one of its names for all
/// samples. perf uses the map for private memory only, so with this flag LIFECYCLE_CODE_AUTO tries
/// LIFECYCLE_CODE_MPROTECT first.
pub const LIFECYCLE_CONFIG_PERF_MAP: u32 = 2;
/// Config: each symbol with its code is written to jit-PID.dump, for `perf inject --jit`, in the
/// folder that JITDUMPDIR in the environment names, or else in the current one. Code that the host
/// mapped itself is not.
pub const LIFECYCLE_CONFIG_JITDUMP: u32 = 4;
/// Config: each symbol is told to a debugger (the GDB JIT interface) until it is freed.
pub const LIFECYCLE_CONFIG_GDB: u32 = 8;

/// Code mode: the best the system allows: DUAL, else MPROTECT, else NONE (but see
/// LIFECYCLE_CONFIG_PERF_MAP).
pub const LIFECYCLE_CODE_AUTO: u32 = 0;
/// Code mode: memory files, mapped executable at one address and writable at another. Symbols are
/// packed, and publishing costs no system call. After a fork both processes run the same pages,
/// until one of them frees code in a slab of 2 MiB (the parent) or changes anything in it (a
/// child): then that one copies the slab's used pages first, once per fork, about a millisecond for
/// a full slab.
///
/// For all hosts that do not fork, and for prefork hosts whose workers mostly run what was there
/// before. A parent that goes on freeing or replacing code while its workers live pays a copy of
/// each slab that it frees from, after each fork: such a host takes LIFECYCLE_CODE_MPROTECT.
pub const LIFECYCLE_CODE_DUAL: u32 = 1;
/// Code mode: private pages that are writable first and executable after. A page never holds two
/// symbols, not even two of a batch, so that no page with live code is ever toggled: each symbol
/// costs a page at least, and system calls. After a fork the system copies page by page whatever
/// either process writes. For prefork hosts whose parent and workers all go on changing code here
/// and there.
///
/// The page before a symbol may be inaccessible. Callers that read the bytes before a function
/// (-fsanitize=function makes them) call through entries, or the host takes LIFECYCLE_CODE_DUAL.
pub const LIFECYCLE_CODE_MPROTECT: u32 = 2;
/// Code mode: no code. Mapping code and making entries answer LIFECYCLE_E_DENIED with the reason;
/// everything else works, code that the host mapped itself included. What AUTO becomes where the
/// system forbids code made at run time.
pub const LIFECYCLE_CODE_NONE: u32 = 3;

/// Mapping mode: files of more than 16 KiB are mapped, smaller ones copied. Fast; a mapped file
/// that another program truncates raises SIGBUS in whoever reads the missing part.
pub const LIFECYCLE_MAPPING_MAP: u32 = 0;
/// Mapping mode: files are copied when first accessed, so that nothing done to the file later can
/// be seen.
pub const LIFECYCLE_MAPPING_SNAPSHOT: u32 = 1;

/// Fork policy: a child can do all that its parent can, and neither changes what the other runs.
pub const LIFECYCLE_FORK_COPY: u32 = 2;

/// What the system allowed this manager.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_caps {
    /// LIFECYCLE_CODE_DUAL, _MPROTECT or _NONE.
    pub code_mode: u32,
    /// LIFECYCLE_FORK_COPY.
    pub fork_policy: u32,
    /// 1 = readers pay a plain store and the reclaimer a membarrier; 0 = readers pay a fence.
    pub membarrier: u32,
    /// 1 = entries call the resolver on this processor; 0 = lifecycle_entry answers
    /// LIFECYCLE_E_UNSUPPORTED, or LIFECYCLE_E_DENIED where there is no code.
    pub entries: u32,
    /// Bytes of executable memory at most; 0 where there is none.
    pub code_capacity: usize,
    /// Bytes of a system page.
    pub page_size: usize,
    /// Bytes that every code symbol's size is rounded up to.
    pub code_granule: usize,
    /// Those of LIFECYCLE_CONFIG_PERF_MAP, _JITDUMP and _GDB that were asked for and work. One
    /// whose file could not be written any more is missing: no mapping fails for that.
    pub tools: u32,
    /// 1 = the process has an unwinder that takes lifecycle_map_options.eh_frame.
    pub unwinder: u32,
}

/// Receives `len` bytes of text (not NUL-terminated); a non-zero return stops the writing.
pub type lifecycle_write_fn = Option<
    unsafe extern "C" fn(
        bytes: *const core::ffi::c_char,
        len: usize,
        user: *mut c_void,
    ) -> core::ffi::c_int,
>;

/// Which form lifecycle_stats_print writes: one of LIFECYCLE_TEXT, _JSON, _PROMETHEUS.
pub type lifecycle_format = u32;
/// A line a statistic, for people.
pub const LIFECYCLE_TEXT: lifecycle_format = 0;
/// One JSON object.
pub const LIFECYCLE_JSON: lifecycle_format = 1;
/// Prometheus text format 0.0.4.
pub const LIFECYCLE_PROMETHEUS: lifecycle_format = 2;
