//! Code: mapping, replacing, adopting, unmapping; entries and the way from an empty one to the
//! resolver.

use core::ffi::{CStr, c_void};
use core::sync::atomic::Ordering;

use super::effects::{Effects, event};
use super::retire::Waiting;
use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Lossy, Result, fail};
use crate::code::{self, Backing, Cell, JIT_OWNER, NewSymbol, Relocation, Want};
use crate::epoch::Verdict;
use crate::registry::Stage;

/// What becomes of reserved code.
pub struct Commit<'a> {
    /// The owner, or for JIT code its origin.
    pub module: u64,
    /// The symbol's name.
    pub name: &'a CStr,
    /// LIFECYCLE_MAP_*.
    pub flags: u32,
    /// Bytes written.
    pub used: usize,
    /// The host's pointer.
    pub user: *mut c_void,
    /// Fields to fill.
    pub relocations: &'a [lifecycle_relocation],
}

/// Code that the host mapped itself.
pub struct Adopted {
    /// First byte.
    pub address: *mut c_void,
    /// Bytes.
    pub len: usize,
    /// How it is given back.
    pub release: lifecycle_release_fn,
    /// With what.
    pub user: *mut c_void,
}

impl Manager {
    /// Copies code in and names it.
    pub fn map(&'static self, bytes: &[u8], want: Want, commit: &Commit<'_>) -> Result<u64> {
        self.change(|state, effects| {
            state.may_install(commit)?;
            let (reservation, _, writable, _) = state.code.reserve(want)?;
            // SAFETY: `.span.live` - the reservation's bytes are writable there, ours alone, and as
            // many as were wanted.
            unsafe { writable.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            let installed = state.commit(self, reservation, commit, effects);
            if installed.is_err() {
                // Keeps what the error says: aborting a reservation that is there cannot fail.
                let _ = state.code.abort(reservation);
            }
            installed
        })
    }

    /// Takes room for code that the host will write.
    pub fn reserve_code(&'static self, want: Want) -> Result<lifecycle_code> {
        self.change(|state, _| {
            let (id, rx, rw, size) = state.code.reserve(want)?;
            Ok(lifecycle_code { rx: rx.cast(), rw: rw.cast(), size, id })
        })
    }

    /// Names what the host wrote.
    pub fn commit_code(&'static self, reservation: u64, commit: &Commit<'_>) -> Result<u64> {
        self.change(|state, effects| {
            state.code.reservation(reservation)?;
            state.may_install(commit)?;
            state.commit(self, reservation, commit, effects)
        })
    }

    /// Gives room back.
    pub fn abort_code(&'static self, reservation: u64) -> Result<()> {
        self.change(|state, _| state.code.abort(reservation))
    }

    /// Zeroed data of a module beside the code.
    pub fn take_data(&'static self, module: u64, len: usize, align: usize) -> Result<*mut c_void> {
        self.change(|state, _| {
            state.reserve_retirement()?;
            let chain = &mut state.registry.get_mut(module)?.data;
            Ok(state.code.take_data(chain, len, align)?.cast())
        })
    }

    /// Names code that the host mapped.
    pub fn adopt(&'static self, module: u64, name: &CStr, adopted: &Adopted) -> Result<u64> {
        self.change(|state, effects| {
            let commit = Commit {
                module,
                name,
                flags: 0,
                used: adopted.len,
                user: adopted.user,
                relocations: &[],
            };
            state.may_install(&commit)?;
            let backing = Backing::Host { release: adopted.release, user: adopted.user };
            state.install(self, &commit, adopted.address.cast(), adopted.len, backing, effects)
        })
    }

    /// Notes which module made the JIT produce a symbol: one that is mapped becomes a JIT symbol of
    /// that module, one that is not is expected.
    pub fn jit_triggered(&'static self, origin: u64, name: &CStr) -> Result<()> {
        self.change(|state, _| {
            let staged = matches!(state.registry.get(origin)?.stage, Stage::Fresh { .. });
            state.reserve_retirement()?;
            // What the fresh side of a reload announces is not seen before the commit, and touches
            // no symbol of others.
            let known = match staged {
                true => state.code.symbols.find_staged_even_awaited(origin, name.to_bytes()),
                false => state.code.symbols.find_even_awaited(name.to_bytes()),
            };
            match known {
                Some(id) => state.move_to_origin(self, id, origin),
                None => {
                    let new = NewSymbol {
                        name: name.to_bytes(),
                        module: origin,
                        flags: LIFECYCLE_MAP_JIT,
                        pins: 0,
                        address: core::ptr::null_mut(),
                        len: 0,
                        backing: Backing::Awaited,
                        user: core::ptr::null_mut(),
                        staged,
                    };
                    let chain = &mut state.registry.get_mut(origin)?.jit;
                    state.code.install(chain, new, self.epoch()).map(|_| ())
                }
            }
        })
    }

    /// The module that made the JIT produce a symbol.
    pub fn jit_origin(&'static self, name: &CStr) -> Result<u64> {
        self.read(|state| {
            if let Some(id) = state.code.symbols.find_even_awaited(name.to_bytes()) {
                let symbol = state.code.symbols.get(id)?;
                if symbol.is_jit() {
                    return Ok(symbol.module);
                }
            }
            fail!(LIFECYCLE_E_NOT_FOUND, "no JIT symbol '{}' is known", Lossy(name.to_bytes()))
        })
    }

    /// The symbol of a name.
    pub fn find_symbol(&'static self, name: &CStr) -> Result<u64> {
        self.read(|state| match state.code.symbols.find(name.to_bytes()) {
            Some(id) => Ok(id),
            None => {
                fail!(LIFECYCLE_E_NOT_FOUND, "no symbol '{}' is mapped", Lossy(name.to_bytes()))
            }
        })
    }

    /// What is known of a symbol.
    pub fn symbol_info(&'static self, id: u64) -> Result<lifecycle_symbol_info> {
        self.read(|state| {
            let symbol = state.code.symbols.get(id)?;
            let module = state.registry.get(symbol.module)?;
            Ok(lifecycle_symbol_info {
                name: symbol.name.as_ptr(),
                owner: if symbol.is_jit() { JIT_OWNER.as_ptr() } else { module.path.as_ptr() },
                module: symbol.module,
                address: symbol.address.cast(),
                size: symbol.len,
                generation: symbol.generation,
                last_used_epoch: state.code.last_used(id),
                pins: symbol.pins,
                flags: symbol.flags,
                user: symbol.user,
            })
        })
    }

    /// Where a symbol's code is.
    pub fn symbol_address(&'static self, id: u64) -> Result<*mut c_void> {
        self.read(|state| Ok(state.code.symbols.get(id)?.address.cast()))
    }

    /// Unmaps one symbol.
    pub fn unmap(&'static self, id: u64) -> Result<()> {
        self.change(|state, effects| {
            let symbol = state.code.symbols.get(id)?;
            if symbol.pins != 0 {
                fail!(LIFECYCLE_E_PINNED, "symbol '{}' is pinned", symbol.name);
            }
            effects.make_room(0, 1)?;
            state.retire_symbol(id, false, effects)?;
            state.retirement.seal(self.readers().tag());
            // What could not be freed now stays in the queue.
            let _ = state.reclaim(self, effects);
            Ok(())
        })
    }

    /// Unmaps every symbol of an owner: a module's path, or "__jit__". All or, if one is pinned,
    /// none.
    pub fn unmap_owner(&'static self, owner: &CStr) -> Result<usize> {
        self.change(|state, effects| {
            let mut ids = List::new_in(state.host);
            if owner == JIT_OWNER {
                state.list_jit(&mut ids)?;
            } else {
                let Some(module) = state.registry.find(owner) else {
                    let owner = Lossy(owner.to_bytes());
                    fail!(LIFECYCLE_E_NOT_FOUND, "no module '{owner}' is loaded");
                };
                let chain = state.registry.get(module)?.exec;
                ids.make_room(chain.len() as usize)?;
                ids.extend(state.code.symbols.chain(&chain).map(|(id, _)| id));
            }
            state.retire_list(self, &ids, effects)
        })
    }

    /// Unmaps all code of a module, its own and what it triggered; all or, if one is pinned, none.
    pub fn unmap_module(&'static self, module: u64) -> Result<usize> {
        self.change(|state, effects| {
            let owner = state.registry.get(module)?;
            let mut ids = List::new_in(state.host);
            ids.make_room((owner.exec.len() + owner.jit.len()) as usize)?;
            for chain in [owner.exec, owner.jit] {
                ids.extend(state.code.symbols.chain(&chain).map(|(id, _)| id));
            }
            state.retire_list(self, &ids, effects)
        })
    }

    /// Adds or takes a pin.
    pub fn pin(&'static self, id: u64, add: bool) -> Result<()> {
        self.change(|state, _| state.code.symbols.pin(id, add))
    }

    /// The address to call a name at.
    pub fn entry(&'static self, name: &CStr) -> Result<*mut c_void> {
        self.change(|state, _| state.code.entry(name))
    }

    /// The slot to call a name through.
    pub fn entry_slot(&'static self, name: &CStr) -> Result<*const *mut c_void> {
        self.change(|state, _| Ok(state.code.entry_slot(name)?.cast()))
    }

    /// Who finds code for empty entries.
    pub fn set_resolver(
        &'static self,
        resolver: lifecycle_resolve_fn,
        user: *mut c_void,
    ) -> Result<()> {
        self.change(|state, _| {
            state.resolver = (resolver, user);
            Ok(())
        })
    }

    /// What the system allowed.
    pub fn caps(&'static self) -> Result<lifecycle_caps> {
        self.read(|state| {
            let mode = state.code.mode();
            let dual = mode == LIFECYCLE_CODE_DUAL;
            Ok(lifecycle_caps {
                code_mode: mode,
                fork_policy: if dual { LIFECYCLE_FORK_READ_ONLY } else { LIFECYCLE_FORK_COPY },
                membarrier: u32::from(crate::os::barrier().is_asymmetric()),
                entries: u32::from(code::ENTRIES_SUPPORTED),
                code_capacity: state.code.capacity(),
                page_size: crate::os::page_size(),
                code_granule: state.code.granule(),
            })
        })
    }

    /// Finds code for an entry that is empty: what to run.
    fn resolve(&'static self, cell: *const Cell) -> Result<*const c_void> {
        let asked = self.read(|state| {
            let Some((name, code)) = state.code.entry_of_cell(cell) else {
                fail!(LIFECYCLE_E_INVALID, "{cell:p} is not an entry's cell");
            };
            Ok((name.clone(), code, state.resolver))
        })?;
        let (name, code, (resolver, user)) = asked;
        if let Some(code) = code {
            return Ok(code);
        }
        if let Some(resolver) = resolver {
            // SAFETY: the host's function; the name lives for the call. No lock is held.
            let found = unsafe { resolver(name.as_ptr(), user) };
            if !found.is_null() {
                return Ok(found);
            }
        }
        let late =
            self.read(|state| Ok(state.code.entry_of_cell(cell).and_then(|(_, code)| code)))?;
        match late {
            Some(code) => Ok(code),
            None => fail!(LIFECYCLE_E_NOT_FOUND, "'{name}' was called and has no code"),
        }
    }
}

/// Where an empty entry's trampoline arrives. The call cannot return without code to run, so it
/// ends in a trap, with the thread's last error naming the symbol.
pub unsafe extern "C" fn resolve_empty_entry(cell: *const Cell) -> *const c_void {
    let resolve = || -> Result<*const c_void> {
        // SAFETY: the trampoline passes the cell that its stub belongs to.
        let manager = unsafe { &*cell }.context();
        Manager::check(manager.cast())?.resolve(cell)
    };
    match std::panic::catch_unwind(resolve) {
        Ok(Ok(code)) => code,
        _ => code::trap(),
    }
}

impl State {
    /// Asks all that may refuse a new symbol, and makes room to retire what it replaces and, one
    /// day, itself.
    fn may_install(&mut self, commit: &Commit<'_>) -> Result<()> {
        let Commit { module, name, flags, .. } = *commit;
        if flags & !(LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE | LIFECYCLE_MAP_PINNED) != 0 {
            fail!(
                LIFECYCLE_E_INVALID,
                "mapping '{}' has unknown flags {flags:#x}",
                Lossy(name.to_bytes())
            );
        }
        self.registry.get(module)?;
        self.replaced_by(commit)?;
        self.reserve_retirement()
    }

    /// The symbol that a new one of this name takes the place of.
    fn replaced_by(&self, commit: &Commit<'_>) -> Result<Option<u64>> {
        let Commit { module, name, flags, .. } = *commit;
        let name = name.to_bytes();
        let replace = flags & LIFECYCLE_MAP_REPLACE != 0;
        let there = match self.registry.get(module)?.stage {
            // What the old side has under this name will make way when the reload is committed.
            Stage::Fresh { old } => match self.code.symbols.find_staged(module, name) {
                Some(staged) => Some(staged),
                None => self.code.symbols.find(name).filter(|id| {
                    self.code.symbols.get(*id).is_ok_and(|symbol| symbol.module != old)
                }),
            },
            _ => self.code.symbols.find(name),
        };
        let Some(id) = there else { return Ok(None) };
        let symbol = self.code.symbols.get(id)?;
        let owner = &self.registry.get(symbol.module)?.path;
        if !replace {
            fail!(
                LIFECYCLE_E_EXISTS,
                "symbol '{}' is already mapped by module '{owner}'",
                symbol.name
            );
        }
        if symbol.pins != 0 {
            fail!(LIFECYCLE_E_PINNED, "symbol '{}' of module '{owner}' is pinned", symbol.name);
        }
        if self.registry.get(module)?.stage != Stage::Loaded
            && !symbol.staged
            && symbol.module != module
        {
            fail!(
                LIFECYCLE_E_BUSY,
                "a reload cannot replace symbol '{}' of module '{owner}'",
                symbol.name
            );
        }
        Ok(Some(id))
    }

    /// Publishes a reservation's bytes and names them. When it fails, the reservation is as it was.
    fn commit(
        &mut self,
        manager: &'static Manager,
        reservation: u64,
        commit: &Commit<'_>,
        effects: &mut Effects,
    ) -> Result<u64> {
        let relocations = self.resolve_relocations(commit.relocations)?;
        let span = self.code.publish(reservation, commit.used, &relocations)?;
        let address = self.code.runs_at(span);
        let installed =
            self.install(manager, commit, address, commit.used, Backing::Span(span), effects);
        match installed {
            Ok(symbol) => self.code.close(reservation, symbol)?,
            // The reservation is there, so this fails only where the system refuses, and then
            // nothing is lost either.
            Err(_) => drop(self.code.reopen(reservation)),
        }
        installed
    }

    fn resolve_relocations(&mut self, wanted: &[lifecycle_relocation]) -> Result<List<Relocation>> {
        let mut resolved = List::new_in(self.host);
        resolved.make_room(wanted.len())?;
        for relocation in wanted {
            let target = if relocation.symbol.is_null() {
                relocation.target as usize
            } else {
                // SAFETY: contract of lifecycle_relocation: NUL-terminated for the call.
                let name = unsafe { CStr::from_ptr(relocation.symbol) };
                self.code.entry(name)? as usize
            };
            let lifecycle_relocation { kind, offset, addend, .. } = *relocation;
            resolved.push(Relocation { kind, offset, target, addend });
        }
        Ok(resolved)
    }

    /// Names code, in the place of what had the name if that is to be replaced.
    fn install(
        &mut self,
        manager: &'static Manager,
        commit: &Commit<'_>,
        address: *mut u8,
        len: usize,
        backing: Backing,
        effects: &mut Effects,
    ) -> Result<u64> {
        effects.make_room(0, 2)?;
        let replaced = self.replaced_by(commit)?;
        let name = commit.name.to_bytes();
        let mut module = commit.module;
        let jit = commit.flags & LIFECYCLE_MAP_JIT;
        let staged = matches!(self.registry.get(module)?.stage, Stage::Fresh { .. });
        let announced = match staged {
            true => self.code.symbols.find_staged_even_awaited(module, name),
            false => self.code.symbols.find_even_awaited(name),
        };
        let awaited = announced.filter(|_| replaced.is_none());
        if let (Some(id), true) = (awaited, jit != 0) {
            // Somebody announced this symbol: it belongs to whom they said.
            module = self.code.symbols.get(id)?.module;
        }
        let new = NewSymbol {
            name,
            module,
            flags: jit
                | if matches!(backing, Backing::Host { .. }) { LIFECYCLE_MAP_ADOPTED } else { 0 },
            pins: u32::from(commit.flags & LIFECYCLE_MAP_PINNED != 0),
            address,
            len,
            backing,
            user: commit.user,
            staged,
        };
        let owner = self.registry.get_mut(module)?;
        let chain = if jit != 0 { &mut owner.jit } else { &mut owner.exec };
        let id = self.code.install(chain, new, manager.epoch())?;
        owner.code_bytes += len as u64;
        if let Some(old) = replaced.or(awaited) {
            // The new symbol has the name's entry; only the old one's own record goes.
            self.retire_symbol(old, true, effects)?;
            self.retirement.seal(manager.readers().tag());
            let _ = self.reclaim(manager, effects);
        }
        let mut mapped = event(LIFECYCLE_EVENT_SYMBOL_MAPPED);
        mapped.module = module;
        mapped.id = id;
        mapped.address = address.cast_const().cast();
        mapped.bytes = len;
        effects.tell(mapped, Some(&self.code.symbols.get(id)?.name));
        Ok(id)
    }

    /// Unlinks a symbol and puts its bytes in the queue. `successor`: another symbol has the name's
    /// entry already.
    pub(super) fn retire_symbol(
        &mut self,
        id: u64,
        successor: bool,
        effects: &mut Effects,
    ) -> Result<()> {
        let symbol = self.code.symbols.get(id)?;
        let (module, len, jit) = (symbol.module, symbol.len, symbol.is_jit());
        let owner = self.registry.get_mut(module)?;
        let chain = if jit { &mut owner.jit } else { &mut owner.exec };
        let retired = self.code.retire(chain, id, successor)?;
        owner.code_bytes -= len as u64;
        if matches!(retired.backing, Backing::Awaited) {
            return Ok(());
        }
        let mut gone = event(LIFECYCLE_EVENT_SYMBOL_RETIRED);
        gone.module = module;
        gone.id = id;
        gone.address = retired.address.cast_const().cast();
        gone.bytes = len;
        effects.tell(gone, Some(&retired.name));
        self.retirement.push(Waiting::Code(retired));
        Ok(())
    }

    /// Retires all of these or, if one is pinned, none: how many.
    pub(super) fn retire_list(
        &mut self,
        manager: &'static Manager,
        ids: &List<u64>,
        effects: &mut Effects,
    ) -> Result<usize> {
        for id in ids {
            let symbol = self.code.symbols.get(*id)?;
            if symbol.pins != 0 {
                fail!(LIFECYCLE_E_PINNED, "symbol '{}' is pinned", symbol.name);
            }
        }
        effects.make_room(0, ids.len())?;
        for id in ids {
            self.retire_symbol(*id, false, effects)?;
        }
        self.retirement.seal(manager.readers().tag());
        let _ = self.reclaim(manager, effects);
        Ok(ids.len())
    }

    /// Every published JIT symbol: what the ages track.
    fn list_jit(&mut self, ids: &mut List<u64>) -> Result<()> {
        ids.make_room(self.code.symbols.jit() as usize)?;
        self.code.visit_stale(u64::MAX, |id, _| {
            ids.push(id);
            Verdict::Keep
        });
        Ok(())
    }

    /// Makes a symbol a JIT symbol of `origin`.
    pub(super) fn move_to_origin(
        &mut self,
        manager: &'static Manager,
        id: u64,
        origin: u64,
    ) -> Result<()> {
        let symbol = self.code.symbols.get(id)?;
        let (module, len, jit) = (symbol.module, symbol.len as u64, symbol.is_jit());
        // The two chains may be of one module, so each is taken out, changed and put back.
        let owner = self.registry.get(module)?;
        let mut from = if jit { owner.jit } else { owner.exec };
        if jit && module == origin {
            return Ok(());
        }
        let mut to = self.registry.get(origin)?.jit;
        self.code.symbols.make_jit(&mut from, &mut to, id, origin, manager.epoch())?;
        // Its list is this epoch's, and may not be newer than its word (`.age.sorted`).
        self.code.usage(id)?.fetch_max(manager.epoch(), Ordering::Relaxed);
        let owner = self.registry.get_mut(module)?;
        owner.code_bytes -= len;
        if jit {
            owner.jit = from;
        } else {
            owner.exec = from;
        }
        let owner = self.registry.get_mut(origin)?;
        owner.code_bytes += len;
        owner.jit = to;
        Ok(())
    }
}
