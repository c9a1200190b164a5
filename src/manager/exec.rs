//! The drop-in interface of the Simple runtime's execution managers: a handle is a soft-JIT file
//! and the code mapped for it.
//!
//! Handles are process-wide numbers, as that runtime keeps them; each is bound to a module of some
//! manager. What the runtime's own `rt_exec_manager_cleanup` did, and less than it should, is in
//! the fault list of the design: it removed the file, from a path cut off at 256 bytes, and left
//! the code.

use core::ffi::CStr;
use core::fmt::Write;
use core::sync::atomic::{AtomicI64, Ordering};

use super::Manager;
use crate::abi::lifecycle_status::LIFECYCLE_E_NOT_FOUND;
use crate::abi::lifecycle_unload_report;
use crate::base::{Chain, Host, Index, Kind, Link, Linked, Lossy, Result, Slots, fail};
use crate::os::{self, Held, Mutex, MutexGuard, Rank};

/// Backends that `create` knows: all of them map their code through a manager.
const BACKENDS: [&CStr; 4] = [c"auto", c"jit", c"soft_jit", c"native"];

/// Handles bound to modules of one manager.
///
/// Invariant `.exec.chain`: each handle is in the table, in the index and on the chain of its module
/// once, so that a module's going costs what it has.
pub struct ExecManagers {
    bound: Slots<Bound>,
    by_handle: Index,
}

/// A handle, and whose it is.
struct Bound {
    handle: i64,
    module: u64,
    link: Link,
}

impl Linked for Bound {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl ExecManagers {
    /// None bound.
    pub fn new(host: Host, salt: u8) -> Self {
        let bound = Slots::new(host, Kind::Record, salt);
        ExecManagers { bound, by_handle: Index::new(host, salt) }
    }

    fn hash(&self, handle: i64) -> u64 {
        self.by_handle.hash(0, &handle.to_le_bytes())
    }

    fn find(&self, handle: i64) -> Option<u64> {
        let same = |id| self.bound.get(id).is_ok_and(|bound| bound.handle == handle);
        self.by_handle.find(self.hash(handle), same)
    }

    /// The module of a handle.
    fn module(&self, handle: i64) -> Option<u64> {
        self.bound.get(self.find(handle)?).ok().map(|bound| bound.module)
    }

    /// Binds a handle, which is not bound, to a module, whose chain is given.
    fn bind(&mut self, chain: &mut Chain, handle: i64, module: u64) -> Result<()> {
        self.by_handle.make_room()?;
        let id = self.bound.insert(Bound { handle, module, link: Link::default() })?;
        chain.push(&mut self.bound, id)?;
        self.by_handle.insert(self.hash(handle), id)
    }

    fn unbind(&mut self, chain: &mut Chain, id: u64) -> Result<()> {
        chain.remove(&mut self.bound, id)?;
        let bound = self.bound.remove(id)?;
        self.by_handle.remove(self.hash(bound.handle), id);
        Ok(())
    }

    /// A reload puts the module `fresh` in the place of another: the handles of both chains are its
    /// own.
    pub fn rebind(&mut self, from: &mut Chain, to: &mut Chain, fresh: u64) -> Result<()> {
        while let id @ 1.. = from.oldest() {
            from.remove(&mut self.bound, id)?;
            self.bound.get_mut(id)?.module = fresh;
            to.push(&mut self.bound, id)?;
        }
        Ok(())
    }

    /// A module is gone: its handles are bound to nothing any more.
    pub fn forget(&mut self, chain: &mut Chain) -> Result<()> {
        while let id @ 1.. = chain.newest() {
            self.unbind(chain, id)?;
        }
        Ok(())
    }
}

/// The next handle that `create` gives out.
static NEXT: AtomicI64 = AtomicI64::new(1);
/// Managers that handles were bound in. A handle means one thing in the whole process, and its
/// cleanup names no manager.
static MANAGERS: Mutex<Managers> = Mutex::new(Rank::DropInTable, [None; 64]);
static HELD: Held<MutexGuard<'static, Managers>> = Held::new();

/// For `Hooks::before`: before the managers' locks.
pub fn hold() {
    HELD.keep(MANAGERS.lock());
}

/// For `Hooks::after`.
pub fn let_go() {
    HELD.let_go();
}

fn check_handle(handle: i64) -> Result<()> {
    if handle <= 0 {
        fail!(LIFECYCLE_E_INVALID, "{handle} is not an execution manager's handle");
    }
    Ok(())
}

/// The managers that may have handles, and where in them.
type Managers = [Option<&'static Manager>; 64];

fn remember(managers: &mut Managers, manager: &'static Manager) -> Result<()> {
    let same = |slot: &Option<&'static Manager>| slot.is_some_and(|it| core::ptr::eq(it, manager));
    if managers.iter().any(same) {
        return Ok(());
    }
    let is_free = |slot: &&mut Option<&'static Manager>| {
        slot.is_none_or(|it| Manager::peek(it.as_ptr()).is_err())
    };
    match managers.iter_mut().find(is_free) {
        Some(slot) => {
            *slot = Some(manager);
            Ok(())
        }
        None => fail!(LIFECYCLE_E_LIMIT, "execution managers are bound in 64 managers already"),
    }
}

impl Manager {
    /// Says that a handle's code is a module's.
    pub fn bind_exec(&'static self, handle: i64, module: u64) -> Result<()> {
        check_handle(handle)?;
        self.read(|state| state.registry.get(module).map(|_| ()))?;
        let mut managers = MANAGERS.lock();
        if let Some((manager, bound)) = find(&managers, handle) {
            let path = manager.read(|state| Ok(state.registry.get(bound)?.path.clone()))?;
            fail!(LIFECYCLE_E_EXISTS, "handle {handle} is bound to module '{path}' already");
        }
        remember(&mut managers, self)?;
        // Not `change`, which may go on with what somebody else's change left to free, and so call
        // the host back while the table is locked.
        self.step(|state, _| {
            state.exec.bind(&mut state.registry.get_mut(module)?.handles, handle, module)
        })
    }
}

/// A new handle, with a module of the process-wide manager to own its code. E_UNSUPPORTED for a
/// backend that is not known; NULL is "auto".
pub fn create(backend: Option<&CStr>) -> Result<i64> {
    if let Some(backend) = backend.filter(|backend| !BACKENDS.contains(backend)) {
        fail!(LIFECYCLE_E_UNSUPPORTED, "'{}' is not a backend", Lossy(backend.to_bytes()));
    }
    let manager = Manager::process_wide()?;
    // The host may have bound a number of its own.
    let mut handle = NEXT.fetch_add(1, Ordering::Relaxed);
    while find(&MANAGERS.lock(), handle).is_some() {
        handle = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    let mut path = Path::new();
    path.write(format_args!("exec-manager:{handle}"));
    let module = manager.load(path.c_str())?;
    if let Err(error) = manager.bind_exec(handle, module) {
        manager.unload(module, 0, &mut lifecycle_unload_report::default())?;
        return Err(error);
    }
    Ok(handle)
}

/// Where a handle is bound.
fn find(managers: &Managers, handle: i64) -> Option<(&'static Manager, u64)> {
    managers.iter().flatten().find_map(|manager| {
        Manager::peek(manager.as_ptr()).ok()?;
        let module = manager.read(|state| Ok(state.exec.module(handle))).ok()??;
        Some((*manager, module))
    })
}

fn bound(handle: i64) -> Result<(&'static Manager, u64)> {
    match find(&MANAGERS.lock(), handle) {
        Some(bound) => Ok(bound),
        None => fail!(LIFECYCLE_E_NOT_FOUND, "no module is bound to handle {handle}"),
    }
}

/// Whether a handle's module has code of this name.
pub fn has_function(handle: i64, name: &CStr) -> Result<bool> {
    check_handle(handle)?;
    let (manager, module) = bound(handle)?;
    let symbol = manager.find_symbol(name)?;
    Ok(manager.symbol_info(symbol)?.module == module)
}

/// Removes a handle's soft-JIT file and frees the code mapped for it. What `create` made goes
/// whole; a module that the host bound loses its code and stays.
pub fn cleanup(handle: i64) -> Result<()> {
    check_handle(handle)?;
    let mut file = Path::new();
    file.write(format_args!("tmp/jit/simple_soft_jit_{handle}.spl"));
    // The code goes whatever becomes of the file; then the file's failure is told.
    let removed = os::remove_file(file.c_str());
    if let Ok((manager, module)) = bound(handle) {
        let mut own = Path::new();
        own.write(format_args!("exec-manager:{handle}"));
        if manager.find_module(own.c_str()) == Ok(module) {
            manager.unload(module, 0, &mut lifecycle_unload_report::default())?;
        } else {
            manager.unmap_module(module)?;
            manager.change(|state, _| {
                // Another thread may have unbound it, or bound it anew, meanwhile.
                let bound = state.exec.find(handle);
                let bound = bound.filter(|_| state.exec.module(handle) == Some(module));
                bound.map_or(Ok(()), |id| {
                    state.exec.unbind(&mut state.registry.get_mut(module)?.handles, id)
                })
            })?;
        }
    }
    match removed {
        // Most handles never have a file.
        Err(error) if error.0 == LIFECYCLE_E_NOT_FOUND => Ok(()),
        other => other,
    }
}

/// A short path made without the heap; what the formats above write always fits.
struct Path {
    bytes: [u8; 96],
    len: usize,
}

impl Path {
    fn new() -> Self {
        Path { bytes: [0; 96], len: 0 }
    }

    fn write(&mut self, text: core::fmt::Arguments<'_>) {
        // It always fits: the longest format is 25 bytes and a 64-bit number 20.
        let _ = self.write_fmt(text);
    }

    fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        // One byte stays 0: the terminator.
        match self.bytes.get_mut(self.len..end) {
            Some(place) if end < 96 => place.copy_from_slice(text.as_bytes()),
            _ => return Err(core::fmt::Error),
        }
        self.len = end;
        Ok(())
    }
}
