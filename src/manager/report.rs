//! What the manager tells about itself: statistics, and everything it still holds.

use core::ffi::c_char;
use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use super::effects::Observer;
use super::retire::Waiting;
use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Result, Text};
use crate::code::Backing;
use crate::observe::{self, Format};

/// Something still held, with texts of its own so that no lock is needed to tell it.
pub struct Leak {
    leak: lifecycle_leak,
    name: Option<Text>,
    owner: Option<Text>,
}

impl Leak {
    fn new(kind: lifecycle_leak_kind, module: u64, id: u64, bytes: usize) -> Self {
        Leak {
            leak: lifecycle_leak {
                size: size_of::<lifecycle_leak>(),
                kind,
                reserved: 0,
                module,
                id,
                name: core::ptr::null(),
                owner: core::ptr::null(),
                bytes,
            },
            name: None,
            owner: None,
        }
    }

    fn named(mut self, name: &Text) -> Self {
        self.name = Some(name.clone());
        self
    }

    fn owned(mut self, owner: &Text) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    /// For C: valid as long as `self`.
    pub fn as_c(&mut self) -> &lifecycle_leak {
        let text = |text: &Option<Text>| -> *const c_char {
            text.as_ref().map_or(core::ptr::null(), Text::as_ptr)
        };
        self.leak.name = text(&self.name);
        self.leak.owner = text(&self.owner);
        &self.leak
    }
}

impl Manager {
    /// Everything counted.
    pub fn stats(&'static self) -> Result<lifecycle_stats> {
        let (readers, readers_inside) = self.readers().count();
        let epoch = self.epoch();
        self.change(|state, _| {
            let mut stats = state.count();
            stats.sweeper_epoch = epoch;
            stats.sweeper_stale = state.stale_count(epoch, state.max_age) as u64;
            let heaps = &self.heaps;
            stats.heaps = heaps.heaps.load(Relaxed);
            stats.heap_cells_live = heaps.live.load(Relaxed);
            stats.heap_cells_committed = heaps.committed.load(Relaxed);
            stats.heap_collections = heaps.collections.load(Relaxed);
            stats.readers = readers;
            stats.readers_inside = readers_inside;
            if let Some(waiting) = state.retirement.first_tag() {
                let (thread, ns) = self.readers().blocking(waiting);
                (stats.blocking_reader_thread, stats.blocking_reader_ns) = (thread, ns);
            }
            Ok(stats)
        })
    }

    /// Writes the statistics; stops when `out` does.
    pub fn write_stats(&'static self, out: &mut dyn fmt::Write, format: Format) -> Result<()> {
        let stats = self.stats()?;
        // A stop is what the host asked for, not a failure.
        let _ = observe::write(out, &stats, format);
        Ok(())
    }

    /// Everything still held.
    pub fn leaks(&'static self) -> Result<List<Leak>> {
        self.read(|state| {
            let mut leaks = List::new_in(state.host);
            state.list_modules(&mut leaks)?;
            state.list_code(&mut leaks)?;
            state.list_names(&mut leaks)?;
            state.list_mappings(&mut leaks)?;
            Ok(leaks)
        })
    }

    /// Who hears events from now on; None = nobody.
    pub fn set_observer(&'static self, observer: Option<Observer>) -> Result<()> {
        self.change(|state, _| {
            state.observer = observer;
            Ok(())
        })
    }
}

impl State {
    fn count(&self) -> lifecycle_stats {
        let waiting = self.retirement.code_bytes();
        let code = self.code.counts(waiting);
        let retired = waiting + self.code.limbo_bytes();
        lifecycle_stats {
            tracked_modules: self.registry.len() as u64,
            total_jit_symbols: self.code.symbols.jit(),
            smf_tracked_count: self.mappings.paths() as u64,
            sweeper_tracked: self.code.symbols.ages.len() as u64,
            code_bytes_live: code.live,
            code_bytes_retired: retired,
            code_bytes_reserved: code.reserved,
            code_bytes_metadata: code.metadata,
            symbols_live: self.code.symbols.len(),
            symbols_pinned: self.code.symbols.pinned(),
            entries: self.code.entry_count() as u64,
            mappings: self.mappings.len() as u64,
            mapped_bytes: self.mappings.bytes() as u64,
            names_func: self.names.count(LIFECYCLE_FUNC),
            names_struct: self.names.count(LIFECYCLE_STRUCT),
            names_enum: self.names.count(LIFECYCLE_ENUM),
            names_global: self.names.count(LIFECYCLE_GLOBAL),
            tombstones: self.ranges.tombstones(),
            resources: self.registry.resource_count() as u64,
            metadata: self.registry.keys().len() as u64,
            loads: self.registry.loads(),
            unloads: self.totals.unloads,
            reloads: self.totals.reloads,
            sweeps: self.totals.sweeps,
            evictions: self.totals.evictions,
            failed_releases: self.mappings.failed() as u64,
            ..Default::default()
        }
    }

    fn list_modules(&self, leaks: &mut List<Leak>) -> Result<()> {
        for (id, module) in self.registry.iter() {
            leaks.try_push(Leak::new(LIFECYCLE_LEAK_MODULE, id, id, 0).named(&module.path))?;
            for hold in &module.holds {
                let bytes = self.mappings.get(hold.mapping).map_or(0, |mapping| mapping.len());
                let leak = Leak::new(LIFECYCLE_LEAK_MAPPING, id, hold.mapping, bytes);
                leaks.try_push(leak.named(&hold.path).owned(&module.path))?;
            }
        }
        for key in self.registry.keys().iter() {
            let leak = Leak::new(LIFECYCLE_LEAK_METADATA, key.module, 0, 0);
            let owner = &self.registry.get(key.module)?.path;
            leaks.try_push(leak.named(&key.text).owned(owner))?;
        }
        for (id, resource) in self.registry.resources() {
            let leak = Leak::new(LIFECYCLE_LEAK_RESOURCE, resource.module, id, 0);
            leaks.try_push(leak.owned(&self.registry.get(resource.module)?.path))?;
        }
        Ok(())
    }

    fn list_code(&self, leaks: &mut List<Leak>) -> Result<()> {
        let mapped = |symbol: &crate::code::Symbol| !matches!(symbol.backing, Backing::Awaited);
        for (id, symbol) in self.code.symbols.iter().filter(|(_, symbol)| mapped(symbol)) {
            let leak = Leak::new(LIFECYCLE_LEAK_SYMBOL, symbol.module, id, symbol.len);
            let owner = &self.registry.get(symbol.module)?.path;
            leaks.try_push(leak.named(&symbol.name).owned(owner))?;
        }
        self.code.each_reservation(|id, bytes| {
            leaks.try_push(Leak::new(LIFECYCLE_LEAK_RESERVATION, 0, id, bytes))
        })?;
        for waiting in self.retirement.iter() {
            leaks.try_push(match waiting {
                Waiting::Code(code) => {
                    Leak::new(LIFECYCLE_LEAK_RETIRED, 0, code.id, code.len).named(&code.name)
                }
                Waiting::Data(span) => Leak::new(LIFECYCLE_LEAK_RETIRED, 0, 0, span.len),
                Waiting::Mapping(id) => Leak::new(LIFECYCLE_LEAK_RETIRED, 0, *id, 0),
                Waiting::Resource { .. } => Leak::new(LIFECYCLE_LEAK_RETIRED, 0, 0, 0),
            })?;
        }
        Ok(())
    }

    fn list_names(&self, leaks: &mut List<Leak>) -> Result<()> {
        for (decl, binding) in self.names.iter() {
            let leak = Leak::new(LIFECYCLE_LEAK_NAME, binding.module, decl, 0);
            let owner = &self.registry.get(binding.module)?.path;
            let name = self.names.copy_name(self.host, binding)?;
            leaks.try_push(leak.named(&name).owned(owner))?;
        }
        Ok(())
    }

    /// Mappings that no module holds.
    fn list_mappings(&self, leaks: &mut List<Leak>) -> Result<()> {
        for (id, mapping) in self.mappings.iter().filter(|(_, mapping)| mapping.is_prefetched()) {
            let leak = Leak::new(LIFECYCLE_LEAK_MAPPING, 0, id, mapping.len());
            leaks.try_push(leak.named(mapping.path()))?;
        }
        for (path, bytes) in self.mappings.iter_failed() {
            leaks.try_push(Leak::new(LIFECYCLE_LEAK_FAILED_RELEASE, 0, 0, bytes).named(path))?;
        }
        Ok(())
    }
}
