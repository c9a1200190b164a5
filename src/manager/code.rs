//! Code: mapping, replacing, adopting, unmapping; entries and the way from an empty one to the
//! resolver.

use core::ffi::{CStr, c_void};

use super::Manager;
use super::install::Placed;
use crate::abi::*;
use crate::base::{Error, List, ListExt, Lossy, Result, Text, fail, last_error};
use crate::code::{self, Backing, Cell, Found, JIT_OWNER, NewName, NewSymbol, Want};
use crate::tools::{self, Told};

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
    /// The table of its frames; empty = none.
    pub eh_frame: &'a [u8],
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
        let name = Text::copy(self.host(), commit.name.to_bytes())?;
        // What stands behind the code is known before it has a place.
        let relocations = match commit.relocations {
            [] => None,
            _ => Some(self.change(|state, _| {
                state.check_commit(commit)?;
                state.resolve_relocations(commit)
            })?),
        };
        let want = want.with(relocations.as_ref().map_or(0, |it| it.behind()));
        let publish = relocations.is_none();
        let (gate, mut taken) = self.with_room(|| {
            let gate = self.shards.gate();
            Ok((gate, self.shards.take(want, bytes, publish)?))
        })?;
        let relocations = relocations.as_ref();
        self.change(|state, effects| {
            let installed =
                state.commit_taken(self, &mut taken, name, commit, relocations, effects);
            if installed.is_err() {
                self.shards.untake(taken);
            }
            drop(gate);
            installed
        })
    }

    /// Takes room for code that the host will write.
    pub fn reserve_code(&'static self, want: Want) -> Result<lifecycle_code> {
        let (id, rx, rw, size) = self.with_room(|| self.shards.reserve(want))?;
        Ok(lifecycle_code { rx: rx.cast(), rw: rw.cast(), size, id })
    }

    /// Tries again where there was no room and something that waits for readers could go.
    pub(super) fn with_room<T>(&'static self, mut take: impl FnMut() -> Result<T>) -> Result<T> {
        let taken = take();
        if let Err(Error(lifecycle_status::LIFECYCLE_E_LIMIT)) = taken
            && self.reclaim().is_ok_and(|bytes| bytes != 0)
        {
            return take();
        }
        taken
    }

    /// Names what the host wrote.
    pub fn commit_code(&'static self, reservation: u64, commit: &Commit<'_>) -> Result<u64> {
        self.change(|state, effects| {
            state.code.reservation(reservation)?;
            state.may_install(commit, 0)?;
            let relocations = state.resolve_relocations(commit)?;
            state.commit(self, reservation, commit, &relocations, effects)
        })
    }

    /// Gives room back.
    pub fn abort_code(&'static self, reservation: u64) -> Result<()> {
        self.shards.abort(reservation, false)
    }

    /// Zeroed data of a module beside the code.
    pub fn take_data(&'static self, module: u64, len: usize, align: usize) -> Result<*mut c_void> {
        self.change(|state, _| {
            state.reserve_retirement(1)?;
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
                eh_frame: &[],
            };
            state.may_install(&commit, 0)?;
            let backing = Backing::Host { release: adopted.release, user: adopted.user };
            let code =
                Placed { address: adopted.address.cast(), len: adopted.len, backing, name: None };
            state.install(self, &commit, code, effects)
        })
    }

    /// Notes which module made the JIT produce a symbol: one that is mapped becomes a JIT symbol of
    /// that module, one that is not is expected.
    pub fn jit_triggered(&'static self, origin: u64, name: &CStr) -> Result<()> {
        self.change(|state, _| {
            state.reserve_retirement(1)?;
            // What the fresh side of a reload announces is not seen before the commit, and touches
            // no symbol of others.
            let (staged, known) = state.seen_by(origin, name.to_bytes())?;
            match known {
                Some(id) => state.move_to_origin(self, id, origin),
                None => {
                    let new = NewSymbol {
                        name: NewName::Given(name.to_bytes()),
                        module: origin,
                        flags: LIFECYCLE_MAP_JIT,
                        pins: 0,
                        address: core::ptr::null_mut(),
                        len: 0,
                        backing: Backing::Awaited,
                        user: core::ptr::null_mut(),
                        staged,
                        told: Told::default(),
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

    /// Where a symbol's code is. Takes no lock, but to say why there is none.
    pub fn symbol_address(&'static self, id: u64) -> Result<*mut c_void> {
        match self.locator().and_then(|locator| locator.address(id)) {
            Some(address) => Ok(address.cast()),
            None => self.read(|state| Ok(state.code.symbols.get(id)?.address.cast())),
        }
    }

    /// Unmaps one symbol.
    pub fn unmap(&'static self, id: u64) -> Result<()> {
        self.change(|state, effects| state.retire_list(&[id], effects).map(|_| ()))
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
            state.retirement.hurry();
            state.retire_list(&ids, effects)
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
            state.retirement.hurry();
            state.retire_list(&ids, effects)
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

    /// Where the use of a name's entry is noted, and where the epoch is read.
    pub fn entry_usage(&'static self, name: &CStr) -> Result<(*mut u64, *const u64)> {
        self.change(|state, _| {
            let (used, clock) = state.code.entry_usage(name)?;
            Ok((used.cast_mut().cast(), clock.cast()))
        })
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
            let has_code = mode != LIFECYCLE_CODE_NONE;
            Ok(lifecycle_caps {
                code_mode: mode,
                fork_policy: LIFECYCLE_FORK_COPY,
                membarrier: u32::from(crate::os::barrier().is_asymmetric()),
                entries: u32::from(has_code && code::ENTRIES_SUPPORTED),
                code_capacity: if has_code { state.code.capacity() } else { 0 },
                page_size: crate::os::page_size(),
                code_granule: state.code.granule(),
                tools: state.tools.working(),
                unwinder: u32::from(tools::can_unwind()),
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
            let found = self.outside(|| unsafe { resolver(name.as_ptr(), user) });
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
/// ends in a trap, with the sentence that names the symbol in its first argument's register.
pub unsafe extern "C" fn resolve_empty_entry(cell: *const Cell) -> Found {
    let resolve = || -> Result<*const c_void> {
        // SAFETY: the trampoline passes the cell that its stub belongs to.
        let manager = unsafe { &*cell }.context();
        Manager::check(manager.cast())?.resolve(cell)
    };
    match std::panic::catch_unwind(resolve) {
        Ok(Ok(code)) => return Found { code, message: core::ptr::null() },
        Ok(Err(_)) => {}
        Err(_) => {
            let sentence = format_args!("finding code for an empty entry panicked");
            let _ = Error::new(lifecycle_status::LIFECYCLE_E_PANIC, sentence);
        }
    }
    Found { code: code::trap(), message: last_error() }
}
