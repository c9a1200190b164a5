//! Batches: many symbols, all or none.
//!
//! Everything that may refuse comes first: the names are checked, the code is written and made
//! runnable, and each symbol is named but kept unseen. Then they are shown one after the other, and
//! nothing in that can fail. Until then no other thread can have found any of them, so giving up
//! needs no grace period. Source for the order: the Erlang runtime's `finish_loading`, which
//! validates a list of modules before it touches the first.

use super::code::Commit;
use super::effects::Effects;
use super::install::Named;
use super::{Manager, State};
use crate::base::{List, ListExt, Lossy, Result, fail};
use crate::code::Want;

/// Where a symbol's code comes from.
pub enum Source<'a> {
    /// It is copied to where it is wanted.
    Bytes(&'a [u8], Want),
    /// It was written into a reservation.
    Reserved(u64),
}

/// One symbol of a batch.
pub struct Item<'a> {
    /// Its code.
    pub source: Source<'a>,
    /// What becomes of it.
    pub commit: Commit<'a>,
}

impl Manager {
    /// Maps all of these or none; `tell` gets each symbol's number in the batch and its id.
    pub fn map_batch(
        &'static self,
        items: &[Item<'_>],
        mut tell: impl FnMut(usize, u64),
    ) -> Result<()> {
        self.with_room(|| {
            self.change(|state, effects| {
                let batch = state.prepare(self, items, effects)?;
                let both = batch.named.iter().zip(&batch.reservations);
                for (number, (named, reservation)) in both.enumerate() {
                    if named.unveil {
                        state.code.unveil(named.id, self.epoch())?;
                    }
                    state.take_over(named, effects)?;
                    state.code.close(*reservation, named.id)?;
                    tell(number, named.id);
                }
                Ok(())
            })
        })
    }
}

/// How far a batch has come.
struct Batch {
    /// Of each item that lies somewhere.
    reservations: List<u64>,
    /// Of each item that has its name.
    named: List<Named>,
}

impl State {
    /// All that may fail: afterwards every item is named, and unseen. When it fails, nothing is.
    fn prepare(
        &mut self,
        manager: &'static Manager,
        items: &[Item<'_>],
        effects: &mut Effects,
    ) -> Result<Batch> {
        self.may_install_all(items, effects)?;
        let mut batch =
            Batch { reservations: List::new_in(self.host), named: List::new_in(self.host) };
        batch.reservations.make_room(items.len())?;
        batch.named.make_room(items.len())?;
        match self.name_all(manager, items, &mut batch) {
            Ok(()) => {
                self.tools.write_lines();
                Ok(batch)
            }
            Err(error) => {
                self.give_up(items, &batch);
                Err(error)
            }
        }
    }

    /// Asks all that may refuse, and makes room for all that will be retired and told.
    fn may_install_all(&mut self, items: &[Item<'_>], effects: &mut Effects) -> Result<()> {
        for item in items {
            if let Source::Reserved(id) = item.source {
                self.code.reservation(id)?;
            }
            self.may_install(&item.commit, items.len())?;
        }
        self.check_distinct(items)?;
        effects.make_room(0, 2 * items.len())?;
        // All of them are as old as this epoch: one list of the ages.
        self.code.symbols.ages.make_room(0)
    }

    /// No name and no reservation stands in a batch twice.
    fn check_distinct(&self, items: &[Item<'_>]) -> Result<()> {
        let mut names = List::new_in(self.host);
        names.make_room(items.len())?;
        names.extend(items.iter().map(|item| item.commit.name));
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair.first() == pair.last()) {
            let name = twice.first().map_or(&[][..], |name| name.to_bytes());
            fail!(LIFECYCLE_E_EXISTS, "symbol '{}' is in a batch twice", Lossy(name));
        }
        let mut reservations = List::new_in(self.host);
        reservations.make_room(items.len())?;
        reservations.extend(items.iter().filter_map(|item| match item.source {
            Source::Reserved(id) => Some(id),
            Source::Bytes(..) => None,
        }));
        reservations.sort_unstable();
        if let Some(twice) = reservations.windows(2).find(|pair| pair.first() == pair.last()) {
            let id = twice.first().copied().unwrap_or(0);
            fail!(LIFECYCLE_E_INVALID, "code reservation {id:#x} is in a batch twice");
        }
        Ok(())
    }

    fn name_all(
        &mut self,
        manager: &'static Manager,
        items: &[Item<'_>],
        batch: &mut Batch,
    ) -> Result<()> {
        for item in items {
            let relocations = self.resolve_relocations(&item.commit)?;
            let reservation = match item.source {
                Source::Reserved(id) => id,
                Source::Bytes(bytes, want) => self.write_down(bytes, want, relocations.behind())?,
            };
            batch.reservations.push(reservation);
            let code = self.publish(reservation, &item.commit, &relocations)?;
            batch.named.push(self.name_code(manager, &item.commit, code, true)?);
        }
        Ok(())
    }

    /// Takes room for code and so many bytes behind it, and copies it there.
    fn write_down(&mut self, bytes: &[u8], want: Want, behind: usize) -> Result<u64> {
        let (reservation, _, writable, _) = self.code.reserve(want.with(behind))?;
        // SAFETY: `.span.live` - the reservation's bytes are writable there, ours alone, and as
        // many as were wanted.
        unsafe { writable.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(reservation)
    }

    /// Undoes what was done of a batch that failed; reservations of the host stay the host's.
    fn give_up(&mut self, items: &[Item<'_>], batch: &Batch) {
        self.tools.drop_lines();
        // What is undone here is there, so nothing of it fails, and the first error is the one to
        // tell.
        for named in batch.named.iter().rev() {
            let _ = self.unname(named.id);
        }
        for (item, reservation) in items.iter().zip(&batch.reservations) {
            let _ = match item.source {
                Source::Bytes(..) => self.code.abort(*reservation),
                Source::Reserved(id) => self.code.reopen(id),
            };
        }
    }
}
