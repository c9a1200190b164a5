//! What a manager's lock guards.

use core::ffi::c_void;

use super::Manager;
use super::effects::Observer;
use super::exec::ExecManagers;
use super::retire::Retirement;
use crate::abi::lifecycle_status::LIFECYCLE_E_DENIED;
use crate::abi::{
    LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_MPROTECT, LIFECYCLE_CONFIG_MARK_ENTRIES,
    LIFECYCLE_CONFIG_PERF_MAP, LIFECYCLE_MAPPING_MAP, LIFECYCLE_MAPPING_SNAPSHOT,
    lifecycle_allocator, lifecycle_config, lifecycle_resolve_fn,
};
use crate::base::{Error, Host, Result, fail};
use crate::code::{self, Code};
use crate::mapping::{Mappings, Mode};
use crate::names::{Names, Ranges};
use crate::registry::Registry;
use crate::tools::Tools;

/// Age past which statistics count a symbol as stale, where the config does not say.
const DEFAULT_MAX_AGE: u64 = 100;

/// Counts since the start.
#[derive(Default)]
pub struct Totals {
    /// Modules unloaded.
    pub unloads: u64,
    /// Reloads committed.
    pub reloads: u64,
    /// Sweeps.
    pub sweeps: u64,
    /// Symbols evicted.
    pub evictions: u64,
}

/// Everything behind the lock.
pub struct State {
    /// Where its memory comes from.
    pub host: Host,
    /// The modules.
    pub registry: Registry,
    /// Their code.
    pub code: Code,
    /// Their files.
    pub mappings: Mappings,
    /// Their names.
    pub names: Names,
    /// Their declarations.
    pub ranges: Ranges,
    /// What tools are told.
    pub tools: Tools,
    /// What waits for readers.
    pub retirement: Retirement,
    /// Handles of the drop-in interface.
    pub exec: ExecManagers,
    /// Who hears events.
    pub observer: Option<Observer>,
    /// Who finds code for empty entries.
    pub resolver: (lifecycle_resolve_fn, *mut c_void),
    /// Counts.
    pub totals: Totals,
    /// Age past which statistics count a symbol as stale.
    pub max_age: u64,
}

// SAFETY: the raw pointers in the state are the host's own (resources, users), which it lets any
// thread that calls the manager hand on, and addresses of the manager's own memory, which the lock
// guards.
unsafe impl Send for State {}
// SAFETY: as above; a shared state is only read.
unsafe impl Sync for State {}

impl State {
    /// Rooms as the config says.
    pub fn new(
        manager: &'static Manager,
        host: Host,
        salt: u8,
        config: &lifecycle_config,
    ) -> Result<Self> {
        let mode = match config.mapping_mode {
            LIFECYCLE_MAPPING_MAP => Mode::Map,
            LIFECYCLE_MAPPING_SNAPSHOT => Mode::Snapshot,
            mode => fail!(LIFECYCLE_E_INVALID, "{mode} is not a mapping mode"),
        };
        let setup = code::Setup {
            context: manager.as_ptr().cast_const().cast(),
            resolve: super::code::resolve_empty_entry,
            marks: config.flags & LIFECYCLE_CONFIG_MARK_ENTRIES != 0,
        };
        let make = |mode| {
            let size = (config.code_capacity, mode);
            Code::new(host, salt, size, &manager.shards, setup)
        };
        let code = match config.code_mode {
            // perf looks at its map for private memory only, not for a file's.
            LIFECYCLE_CODE_AUTO if config.flags & LIFECYCLE_CONFIG_PERF_MAP != 0 => {
                match make(LIFECYCLE_CODE_MPROTECT) {
                    Err(Error(LIFECYCLE_E_DENIED)) => make(LIFECYCLE_CODE_AUTO)?,
                    made => made?,
                }
            }
            mode => make(mode)?,
        };
        Ok(State {
            host,
            registry: Registry::new(host, salt, config.load_depth_limit),
            code,
            mappings: Mappings::new(host, salt, mode),
            names: Names::new(host, salt, &manager.tables, &manager.versions),
            ranges: Ranges::new(host),
            tools: Tools::new(host, config.flags)?,
            retirement: Retirement::new(host),
            exec: ExecManagers::new(host, salt),
            observer: None,
            resolver: (None, core::ptr::null_mut()),
            totals: Totals::default(),
            max_age: if config.sweep_max_age == 0 { DEFAULT_MAX_AGE } else { config.sweep_max_age },
        })
    }

    /// The config of a manager that was given none.
    pub fn default_config() -> lifecycle_config {
        lifecycle_config {
            size: size_of::<lifecycle_config>(),
            code_capacity: 0,
            code_mode: 0,
            mapping_mode: 0,
            sweep_max_age: 0,
            load_depth_limit: 0,
            flags: 0,
            allocator: lifecycle_allocator::default(),
        }
    }
}
