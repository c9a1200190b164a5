//! Installing and retiring symbols: what every way of bringing code in or taking it out shares.

use core::ffi::CStr;

use super::code::Commit;
use super::effects::{Effects, event};
use super::retire::{FORGOTTEN_AT_ONCE, Waiting};
use super::{Manager, State};
use crate::abi::*;
use crate::base::{List, ListExt, Lossy, Result, Text, fail};
use crate::code::{Backing, NewName, NewSymbol, Relocation, Relocations, Retired, Taken};
use crate::epoch::Verdict;
use crate::registry::Stage;
use crate::tools::{Fresh, Told};

/// Code that lies where it will run.
pub(super) struct Placed {
    /// First byte.
    pub address: *mut u8,
    /// Bytes.
    pub len: usize,
    /// What holds them.
    pub backing: Backing,
    /// A copy of the name, where there is one already.
    pub name: Option<Text>,
}

/// Code that was named.
pub(super) struct Named {
    /// Its symbol.
    pub id: u64,
    /// The symbol whose place it takes, or that announced it.
    before: Option<u64>,
    /// It was kept unseen, and not because of a reload.
    pub unveil: bool,
}

impl State {
    /// Asks all that may refuse a new symbol, and makes room to retire what it replaces and, one
    /// day, itself and `others`.
    pub(super) fn may_install(&mut self, commit: &Commit<'_>, others: usize) -> Result<()> {
        self.check_commit(commit)?;
        self.replaced_by(commit)?;
        self.reserve_retirement(1 + others)
    }

    /// Flags that are known, a module that is there.
    pub(super) fn check_commit(&self, commit: &Commit<'_>) -> Result<()> {
        let Commit { module, name, flags, .. } = *commit;
        if flags & !(LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE | LIFECYCLE_MAP_PINNED) != 0 {
            fail!(
                LIFECYCLE_E_INVALID,
                "mapping '{}' has unknown flags {flags:#x}",
                Lossy(name.to_bytes())
            );
        }
        self.registry.get(module).map(|_| ())
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
    pub(super) fn commit(
        &mut self,
        manager: &'static Manager,
        reservation: u64,
        commit: &Commit<'_>,
        relocations: &Relocations,
        effects: &mut Effects,
    ) -> Result<u64> {
        let code = self.publish(reservation, commit, relocations)?;
        let installed = self.install(manager, commit, code, effects);
        match installed {
            Ok(symbol) => self.code.close(reservation, symbol)?,
            // The reservation is there, so this fails only where the system refuses, and then
            // nothing is lost either.
            Err(_) => drop(self.code.reopen(reservation)),
        }
        installed
    }

    /// Fills a reservation's relocations and makes its bytes runnable.
    pub(super) fn publish(
        &mut self,
        reservation: u64,
        commit: &Commit<'_>,
        relocations: &Relocations,
    ) -> Result<Placed> {
        let span = self.code.publish(reservation, commit.used, relocations)?;
        let address = self.code.runs_at(span);
        Ok(Placed { address, len: commit.used, backing: Backing::Span(span), name: None })
    }

    /// As `commit`, for code that was written where it is to run, and published if it has no
    /// relocations.
    pub(super) fn commit_taken(
        &mut self,
        manager: &'static Manager,
        taken: &mut Taken,
        name: Text,
        commit: &Commit<'_>,
        relocations: Option<&Relocations>,
        effects: &mut Effects,
    ) -> Result<u64> {
        self.code.check_taken(taken, relocations)?;
        // What may refuse besides is asked when it is named.
        self.check_commit(commit)?;
        self.reserve_retirement(1)?;
        if let Some(relocations) = relocations {
            self.code.publish_taken(taken, relocations)?;
        }
        let address = self.code.runs_at(taken.span);
        let backing = Backing::Span(taken.span);
        let code = Placed { address, len: commit.used, backing, name: Some(name) };
        self.install(manager, commit, code, effects)
    }

    /// What relocations lead to. A name's target is its entry, which stays whatever the name means.
    pub(super) fn resolve_relocations(&mut self, commit: &Commit<'_>) -> Result<Relocations> {
        let mut resolved = List::new_in(self.host);
        resolved.make_room(commit.relocations.len())?;
        for relocation in commit.relocations {
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
        self.code.relocations(resolved, commit.used)
    }

    /// Whether what a module brings in stays unseen until a reload's commit, and the symbol, even
    /// if only announced, that has a name among what the module sees.
    pub(super) fn seen_by(&self, module: u64, name: &[u8]) -> Result<(bool, Option<u64>)> {
        let symbols = &self.code.symbols;
        Ok(match self.registry.get(module)?.stage {
            Stage::Fresh { .. } => (true, symbols.find_staged_even_awaited(module, name)),
            _ => (false, symbols.find_even_awaited(name)),
        })
    }

    /// Names code, in the place of what had the name if that is to be replaced.
    pub(super) fn install(
        &mut self,
        manager: &'static Manager,
        commit: &Commit<'_>,
        code: Placed,
        effects: &mut Effects,
    ) -> Result<u64> {
        effects.make_room(0, 2)?;
        let named = self.name_code(manager, commit, code, false)?;
        self.take_over(&named, effects)?;
        Ok(named.id)
    }

    /// Names code and makes it callable, or keeps it unseen: `hidden`, or on the fresh side of a
    /// reload. `take_over` must follow.
    // Inlined, here and where a symbol ends, so that what is known of it is not copied from one
    // result into the next.
    #[inline(always)]
    pub(super) fn name_code(
        &mut self,
        manager: &'static Manager,
        commit: &Commit<'_>,
        code: Placed,
        hidden: bool,
    ) -> Result<Named> {
        // Before the entry is pointed at it (`.tool.order`).
        let told = self.tell_tools(commit, &code, hidden)?;
        let Placed { address, len, backing, name: copied } = code;
        let name = commit.name.to_bytes();
        let mut module = commit.module;
        let jit = commit.flags & LIFECYCLE_MAP_JIT;
        let adopted = matches!(backing, Backing::Host { .. });
        let (staged, announced) = self.seen_by(module, name)?;
        // Where not even an announcement has the name, nothing is replaced.
        let replaced = if staged || announced.is_some() { self.replaced_by(commit)? } else { None };
        let awaited = announced.filter(|_| replaced.is_none());
        if let (Some(id), true) = (awaited, jit != 0) {
            // Somebody announced this symbol: it belongs to whom they said.
            module = self.code.symbols.get(id)?.module;
        }
        let new = NewSymbol {
            name: copied.map_or(NewName::Given(name), NewName::Copied),
            module,
            flags: jit | if adopted { LIFECYCLE_MAP_ADOPTED } else { 0 },
            pins: u32::from(commit.flags & LIFECYCLE_MAP_PINNED != 0),
            address,
            len,
            backing,
            user: commit.user,
            staged: staged || hidden,
            told,
        };
        let owner = self.registry.get_mut(module)?;
        let chain = if jit != 0 { &mut owner.jit } else { &mut owner.exec };
        let id = self.code.install(chain, new, manager.epoch())?;
        owner.code_bytes += len as u64;
        Ok(Named { id, before: replaced.or(awaited), unveil: hidden && !staged })
    }

    /// Code that was named has its name now: what had it before goes, and it is told.
    pub(super) fn take_over(&mut self, named: &Named, effects: &mut Effects) -> Result<()> {
        if let Some(old) = named.before {
            // The new symbol has the name's entry; only the old one's own record goes.
            self.retire_symbol(old, true, effects)?;
        }
        if !effects.are_heard() {
            return Ok(());
        }
        let symbol = self.code.symbols.get(named.id)?;
        let mut mapped = event(LIFECYCLE_EVENT_SYMBOL_MAPPED);
        mapped.module = symbol.module;
        mapped.id = named.id;
        mapped.address = symbol.address.cast_const().cast();
        mapped.bytes = symbol.len;
        effects.tell(mapped, Some(&symbol.name));
        Ok(())
    }

    /// Undoes `name_code` of what was kept unseen; its bytes are the caller's again.
    pub(super) fn unname(&mut self, id: u64) -> Result<()> {
        self.unlink(id, true).map(|_| ())
    }

    /// Takes a symbol out of every table and off its module.
    #[inline(always)]
    fn unlink(&mut self, id: u64, successor: bool) -> Result<Retired> {
        let symbol = self.code.symbols.get(id)?;
        let (module, len, jit) = (symbol.module, symbol.len, symbol.is_jit());
        let owner = self.registry.get_mut(module)?;
        let chain = if jit { &mut owner.jit } else { &mut owner.exec };
        let retired = self.code.retire(chain, id, successor)?;
        owner.code_bytes -= len as u64;
        Ok(retired)
    }

    /// Tells tools of a symbol that is about to be named. `more` follow before any is shown.
    fn tell_tools(&mut self, commit: &Commit<'_>, code: &Placed, more: bool) -> Result<Told> {
        if commit.eh_frame.is_empty() && !self.tools.listen() {
            return Ok(Told::default());
        }
        let Placed { address, len, backing, .. } = *code;
        let code = match backing {
            // SAFETY: `.span.live` - the span was published with `len` bytes of code, and nobody
            // writes them as long as it lives.
            Backing::Span(_) => Some(unsafe { core::slice::from_raw_parts(address, len) }),
            Backing::Host { .. } | Backing::Awaited => None,
        };
        let (name, eh_frame) = (commit.name.to_bytes(), commit.eh_frame);
        let fresh = Fresh { name, address, len, code, eh_frame };
        let most = self.code.symbols.len() as usize + self.retirement.len() + 1;
        let told = self.tools.tell(&fresh, most.min(FORGOTTEN_AT_ONCE));
        if !more {
            self.tools.write_lines();
        }
        told
    }

    /// Unlinks a symbol and puts its bytes in the queue. `successor`: another symbol has the name's
    /// entry already.
    pub(super) fn retire_symbol(
        &mut self,
        id: u64,
        successor: bool,
        effects: &mut Effects,
    ) -> Result<()> {
        let retired = self.unlink(id, successor)?;
        if matches!(retired.backing, Backing::Awaited) {
            return Ok(());
        }
        if effects.are_heard() {
            let mut gone = event(LIFECYCLE_EVENT_SYMBOL_RETIRED);
            gone.module = retired.module;
            gone.id = id;
            gone.address = retired.address.cast_const().cast();
            gone.bytes = retired.len;
            effects.tell(gone, Some(&retired.name));
        }
        self.retirement.push(Waiting::Code(retired));
        Ok(())
    }

    /// Retires all of these or, if one is pinned, none: how many.
    pub(super) fn retire_list(&mut self, ids: &[u64], effects: &mut Effects) -> Result<usize> {
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
        Ok(ids.len())
    }

    /// Every published JIT symbol: what the ages track.
    pub(super) fn list_jit(&mut self, ids: &mut List<u64>) -> Result<()> {
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
        self.code.make_jit(&mut from, &mut to, id, origin, manager.epoch())?;
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
