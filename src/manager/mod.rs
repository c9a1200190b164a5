//! The coordinator: one owner for all that modules bring in.
//!
//! A manager is a place in a pool (its address is what C holds), a lock, and behind the lock the
//! state: one room for each class of resource, and the registry that knows which module each thing
//! belongs to. Every operation is the same three steps: take the lock and change the rooms, let the
//! lock go, run what the change asks for outside (`Effects`: release callbacks, events for the
//! observer). Room for code comes from the shards, which need no lock of the manager's: a single
//! symbol's code is written before the first step and goes back after the second, that of many
//! within the first.
//!
//! Invariants:
//! - `.manager.place`: a manager's place is never unmapped, so a pointer that C still holds after
//!   destroy is refused, not followed; the state inside it is `None` then.
//! - `.manager.outside`: no lock is held while a callback of the host runs, so a callback may call
//!   anything.
//! - `.manager.room`: whatever an operation will need to retire, to tell or to undo has its memory
//!   before the first change, so what has begun is finished.
//!
//! Lock order: `Rank` of `os/rank.rs` is the list, for all rooms; builds with debug assertions hold
//! every thread to it, and to `.manager.outside`. A fork takes all but those that are only taken
//! under another one (`fork.rs`): a new lock that the state does not guard belongs there too.

mod batch;
mod code;
mod effects;
mod epochs;
mod exec;
mod files;
mod fork;
mod install;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
mod modules;
mod names;
mod outside;
mod reload;
mod report;
mod retire;
mod state;

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

pub use batch::{Item, Source};
pub use code::{Adopted, Commit};
pub use effects::Observer;
pub use exec::{cleanup as exec_cleanup, create as exec_create, has_function as exec_has_function};
pub use state::State;

use crate::abi::{
    LIFECYCLE_CONFIG_GDB, LIFECYCLE_CONFIG_JITDUMP, LIFECYCLE_CONFIG_MARK_ENTRIES,
    LIFECYCLE_CONFIG_PERF_MAP, lifecycle_allocator, lifecycle_config, lifecycle_manager,
    lifecycle_status,
};
use crate::base::{Host, Result, fail};
use crate::code::{Locator, Shards};
use crate::epoch::Readers;
use crate::heap::Sums;
use crate::mapping::Slab;
use crate::names::{KINDS, NO_ID_IS_LIVE, Tables};
use crate::os::{self, Held, Level, Mutex, Pool, Rank, RwLock, RwLockWriteGuard, Signed};
use crate::shim;
use effects::Effects;

/// A manager's place.
#[repr(C)]
pub struct Manager {
    /// `lifecycle_manager::live`.
    live: AtomicPtr<u64>,
    signature: AtomicU32,
    next_free: AtomicU32,
    hooks: UnsafeCell<lifecycle_allocator>,
    /// Its names, for lookups without the lock. What lookups read shares no line of memory with
    /// what each change writes.
    tables: Tables,
    state: RwLock<Option<State>>,
    held: Held<RwLockWriteGuard<'static, Option<State>>>,
    readers: Readers,
    /// The epoch, which hosts read without a call.
    clock: AtomicU64,
    /// Counters that change with each kind of name, which hosts read without a call.
    versions: [AtomicU64; KINDS],
    /// For lookups without the lock; NULL while there is no state.
    locator: AtomicPtr<Locator>,
    /// Room for code, taken and given back without the lock; open as long as there is a state.
    shards: Shards,
    /// What the heaps that modules own hold.
    heaps: Sums,
    /// Room for small files, taken and given back without the lock; open as long as there is a
    /// state.
    slab: Slab,
}

const _: () = assert!(offset_of!(Manager, live) == offset_of!(lifecycle_manager, live));

// SAFETY: all-zero bytes are valid for the two words the pool looks at, and everything else is
// behind a lock, atomic, or (the hooks) written only while nobody else knows the place.
unsafe impl Signed for Manager {
    fn signature(&self) -> &AtomicU32 {
        &self.signature
    }
    fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
    const NOUN: &'static str = "manager";
}

// SAFETY: as for `Signed`.
unsafe impl Sync for Manager {}

/// What a config may ask for.
const KNOWN_FLAGS: u32 = LIFECYCLE_CONFIG_MARK_ENTRIES
    | LIFECYCLE_CONFIG_PERF_MAP
    | LIFECYCLE_CONFIG_JITDUMP
    | LIFECYCLE_CONFIG_GDB;

static POOL: Pool<Manager> = Pool::new(Rank::ManagerPool);
/// Tells one manager's ids from another's.
static SALT: AtomicU8 = AtomicU8::new(1);
/// The process-wide manager of `lifecycle_default`; NULL until it is asked for.
static DEFAULT: Mutex<Option<&'static Manager>> = Mutex::new(Rank::DefaultManager, None);

impl Manager {
    /// Makes a manager.
    pub fn create(config: &lifecycle_config) -> Result<&'static Manager> {
        let allocator = Host::table_of(config.allocator)?;
        if config.flags & !KNOWN_FLAGS != 0 {
            fail!(LIFECYCLE_E_INVALID, "the config has unknown flags {:#x}", config.flags);
        }
        os::at_fork(Level::Managers, &fork::HOOKS)?;
        let _making = fork::MAKING.read();
        let (place, fresh) = POOL.take()?;
        if fresh {
            // SAFETY: a fresh place is ours alone and large enough.
            unsafe { place.write(Manager::empty()) };
        }
        // SAFETY: `.manager.place` - the place holds a manager now and stays mapped for ever.
        let manager: &'static Manager = unsafe { &*place.as_ptr() };
        // SAFETY: nobody else knows the place before `publish`; the last owner's memory is all
        // given back.
        unsafe { manager.hooks.get().write(allocator) };
        let host = manager.host();
        let salt = SALT.fetch_add(1, Ordering::Relaxed);
        let state = match State::new(manager, host, salt, config) {
            Ok(state) => state,
            Err(error) => {
                POOL.give_back(manager);
                return Err(error);
            }
        };
        manager.heaps.collections.store(0, Ordering::Relaxed);
        manager.slab.open(host, salt);
        manager.clock.store(1, Ordering::Relaxed);
        let mut place = manager.state.write();
        let state = place.insert(state);
        state.code.set_epoch(manager.epoch());
        let locator = (&raw const *state.code.locator()).cast_mut();
        manager.locator.store(locator, Ordering::Release);
        manager.live.store(NO_ID_IS_LIVE.as_ptr().cast_mut(), Ordering::Release);
        manager.settle(state);
        drop(place);
        Pool::publish(manager);
        Ok(manager)
    }

    /// Tells helgrind what of it is used without its lock.
    fn settle(&'static self, state: &State) {
        shim::atomic(&self.clock);
        shim::atomic(&self.versions);
        shim::atomic(&self.locator);
        shim::atomic(&self.tables);
        shim::atomic(&self.live);
        shim::atomic(&NO_ID_IS_LIVE);
        shim::atomic(&self.heaps);
        shim::atomic(state.code.locator());
        self.shards.settle();
        self.readers.settle();
    }

    /// Where its memory comes from.
    fn host(&'static self) -> Host {
        // SAFETY: `.host.alive` - the table is in the place, and is written only before anybody
        // knows the manager there.
        NonNull::new(self.hooks.get())
            .map_or(Host::libc(), |hooks| unsafe { Host::from_table(hooks) })
    }

    fn empty() -> Self {
        Manager {
            live: AtomicPtr::new(NO_ID_IS_LIVE.as_ptr().cast_mut()),
            signature: AtomicU32::new(0),
            next_free: AtomicU32::new(0),
            hooks: UnsafeCell::new(Host::default_table()),
            tables: Tables::new(),
            state: RwLock::new(Rank::State, None),
            held: Held::new(),
            readers: Readers::new(),
            clock: AtomicU64::new(1),
            versions: [const { AtomicU64::new(0) }; KINDS],
            locator: AtomicPtr::new(core::ptr::null_mut()),
            shards: Shards::new(),
            heaps: Sums::default(),
            slab: Slab::new(),
        }
    }

    /// The manager behind a pointer from C.
    pub fn check(pointer: *const lifecycle_manager) -> Result<&'static Manager> {
        POOL.check(pointer.cast())
    }

    /// As `check`, for signal handlers: no sentence is kept.
    pub fn peek(
        pointer: *const lifecycle_manager,
    ) -> core::result::Result<&'static Manager, lifecycle_status> {
        POOL.peek(pointer.cast())
    }

    /// For C.
    pub fn as_ptr(&self) -> *mut lifecycle_manager {
        (&raw const *self).cast_mut().cast()
    }

    /// The process-wide manager, made on first use.
    pub fn process_wide() -> Result<&'static Manager> {
        let mut default = DEFAULT.lock();
        if let Some(manager) = *default {
            return Ok(manager);
        }
        let manager = Manager::create(&State::default_config())?;
        *default = Some(manager);
        Ok(manager)
    }

    /// Unloads everything and gives the place back. E_BUSY while a reader is inside, or from a
    /// function that the manager has called: then nothing has changed. E_SYSTEM when the system
    /// would not take something back: then it is kept, and destroy may be tried again.
    pub fn destroy(&'static self) -> Result<()> {
        if self.is_outside() {
            fail!(LIFECYCLE_E_BUSY, "this manager has called the function that destroys it");
        }
        if self.readers.any_inside() {
            fail!(LIFECYCLE_E_BUSY, "a reader is inside this manager's code");
        }
        self.empty_out()?;
        {
            let mut default = DEFAULT.lock();
            if default.is_some_and(|other| core::ptr::eq(other, self)) {
                *default = None;
            }
        }
        if !Pool::withdraw(self) {
            fail!(LIFECYCLE_E_STALE, "another thread destroyed the manager meanwhile");
        }
        self.locator.store(core::ptr::null_mut(), Ordering::Release);
        self.live.store(NO_ID_IS_LIVE.as_ptr().cast_mut(), Ordering::Release);
        let mut place = self.state.write();
        let state = place.take();
        self.tables.close();
        drop(place);
        drop(state);
        self.slab.close();
        self.readers.clear();
        POOL.give_back(self);
        Ok(())
    }

    /// Changes the state under the lock, frees what the change retired where nobody can be inside
    /// it, then runs what the change asks for, and frees the rest where that was more than one go
    /// frees.
    fn change<T>(
        &'static self,
        change: impl FnOnce(&mut State, &mut Effects) -> Result<T>,
    ) -> Result<T> {
        let mut backlog = false;
        let result = self.step(|state, effects| {
            let result = change(state, effects);
            state.settle(self, effects);
            backlog = core::mem::take(&mut state.retirement.backlog);
            result
        });
        if backlog && result.is_ok() {
            // What could not be freed now stays in the queue.
            let _ = self.reclaim();
        }
        result
    }

    /// As `change`, in one go.
    fn step<T>(
        &'static self,
        change: impl FnOnce(&mut State, &mut Effects) -> Result<T>,
    ) -> Result<T> {
        let mut lock = self.state.write();
        let Some(state) = lock.as_mut() else {
            fail!(LIFECYCLE_E_STALE, "the manager was destroyed");
        };
        let mut effects = Effects::new(state.host, state.observer);
        let result = change(state, &mut effects);
        let is_leaving = state.mappings.is_leaving();
        match effects.freed.take() {
            Some((span, _)) => self.shards.retire_after(span, || drop(lock)),
            None => drop(lock),
        }
        if is_leaving {
            self.give_back_files();
        }
        if effects.flush {
            self.shards.flush_due();
        }
        effects.run(self);
        result
    }

    /// Reads the state under the lock.
    fn read<T>(&'static self, read: impl FnOnce(&State) -> Result<T>) -> Result<T> {
        match self.state.read().as_ref() {
            Some(state) => read(state),
            None => fail!(LIFECYCLE_E_STALE, "the manager was destroyed"),
        }
    }

    /// The counter of a kind of names.
    pub fn names_version(&'static self, kind: u32) -> Result<*const u64> {
        let kind = crate::names::check_kind(kind)?;
        Ok(self
            .versions
            .get(kind)
            .map_or(core::ptr::null(), |version| version.as_ptr().cast_const()))
    }

    /// The epoch, for hosts that mark without a call.
    pub fn clock(&self) -> *const u64 {
        self.clock.as_ptr().cast_const()
    }

    /// The symbol that an address lies in; 0 if none. Takes no lock and touches no thread-local: a
    /// signal handler may ask.
    pub fn symbol_at(&'static self, pc: *const c_void) -> u64 {
        self.locator().map_or(0, |locator| locator.find(pc as usize))
    }

    /// For what takes no lock.
    fn locator(&'static self) -> Option<&'static Locator> {
        // SAFETY: the locator lives as long as the state; a host that destroys a manager while it
        // looks something up in it breaks the contract of lifecycle_destroy.
        unsafe { self.locator.load(Ordering::Acquire).as_ref() }
    }

    /// Its readers.
    pub fn readers(&'static self) -> &'static Readers {
        &self.readers
    }

    /// Attaches the calling thread.
    pub fn attach(&'static self) -> Result<&'static crate::epoch::Reader> {
        let host = self.read(|state| Ok(state.host))?;
        self.readers.attach(host, self.as_ptr().cast())
    }
}
