//! Header section 3: modules and what they own.

use core::ffi::{c_char, c_void};

/// A loaded module: a 64-bit id with a generation, never reused. 0 is never valid.
pub type lifecycle_module = u64;
/// A resource registered with lifecycle_own. 0 is never valid.
pub type lifecycle_resource = u64;

/// Releases `resource`; called once, with no lock held, so it may call the library.
pub type lifecycle_release_fn =
    Option<unsafe extern "C" fn(resource: *mut c_void, user: *mut c_void)>;
/// Hears one loaded module; a non-zero return ends the walk.
pub type lifecycle_module_fn = Option<
    unsafe extern "C" fn(
        module: lifecycle_module,
        path: *const c_char,
        user: *mut c_void,
    ) -> core::ffi::c_int,
>;

/// What a module owns right now.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_module_info {
    /// NUL-terminated, valid until the module is unloaded.
    pub path: *const c_char,
    /// Counts loads over the manager's life: a reloaded module has a higher one.
    pub generation: u64,
    /// When it was loaded, in microseconds of the system's real-time clock since 1970.
    pub load_time_us: u64,
    /// Code symbols it owns.
    pub exec_symbols: u64,
    /// JIT symbols it triggered.
    pub jit_symbols: u64,
    /// References to file mappings.
    pub mappings: u64,
    /// Metadata keys.
    pub metadata: u64,
    /// Bindings in the name tables.
    pub names: u64,
    /// Resources registered with lifecycle_own.
    pub resources: u64,
    /// Bytes of code of its own and triggered symbols.
    pub code_bytes: u64,
}

/// What an unload freed, or what stood in its way.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_unload_report {
    /// Code symbols unmapped.
    pub exec_symbols: u64,
    /// JIT symbols unmapped.
    pub jit_symbols: u64,
    /// Mapping references dropped.
    pub mappings: u64,
    /// Metadata keys dropped.
    pub metadata: u64,
    /// Bindings removed.
    pub names: u64,
    /// Resources released.
    pub resources: u64,
    /// Bytes of code given up.
    pub code_bytes: u64,
    /// With LIFECYCLE_E_BUSY: a module that depends on this one; else 0.
    pub blocker_module: u64,
    /// With LIFECYCLE_E_PINNED: a pinned symbol; else 0.
    pub blocker_symbol: u64,
}

/// Unload: the modules that depend on this one are unloaded first.
pub const LIFECYCLE_UNLOAD_CASCADE: u32 = 1;
/// Unload: pinned symbols go too.
pub const LIFECYCLE_UNLOAD_FORCE_PINNED: u32 = 2;
