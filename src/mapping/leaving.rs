//! What leaves the table, on its way back to the system: a few at a time, so that whoever gives
//! them back holds no lock meanwhile and needs no memory.

use super::pages::{Pages, Unmap};
use super::{Debt, Mappings, Slab};
use crate::base::Text;
use crate::os;

/// Pages that go back together.
const AT_ONCE: usize = 8;

/// Pages of no mapping any more.
pub(super) struct Gone {
    pub pages: Pages,
    /// The path that reached them first.
    pub path: Text,
    /// The system would not take them back before.
    pub refused: bool,
}

/// Some of what has left, between the table and the system.
pub struct Batch {
    list: [Option<Gone>; AT_ONCE],
    unmap: Unmap,
    /// How many the table has kept room for.
    pending: usize,
    /// How many of those that were refused before went this time.
    taken: usize,
    /// There is more.
    more: bool,
}

impl Batch {
    /// Nothing.
    pub fn new() -> Self {
        Batch { list: Default::default(), unmap: os::unmap, pending: 0, taken: 0, more: false }
    }

    /// Gives the pages back, and keeps what is refused. Called without the table's lock.
    pub fn give_back(&mut self, slab: &Slab) {
        for place in &mut self.list {
            let Some(Gone { pages, path, refused }) = place.take() else { break };
            match pages.give_back(slab, self.unmap) {
                Ok(()) => self.taken += usize::from(refused),
                Err(pages) => *place = Some(Gone { pages, path, refused }),
            }
        }
    }

    /// Whether the table has to see it again.
    pub fn is_open(&self) -> bool {
        self.more || self.pending != 0
    }
}

impl Mappings {
    /// Whether anything has left that is not given back.
    pub fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Takes back what was refused of a batch and puts in what is next. False if there is nothing.
    /// Never allocates (`.map.room`).
    pub fn exchange(&mut self, batch: &mut Batch) -> bool {
        self.refused -= core::mem::take(&mut batch.taken);
        self.pending -= core::mem::take(&mut batch.pending);
        batch.unmap = self.unmap;
        let mut any = false;
        for place in &mut batch.list {
            if let Some(gone) = place.take() {
                self.refused += usize::from(!gone.refused);
                self.failed.push(Gone { refused: true, ..gone });
            }
            *place = self.leaving.pop();
            if let Some(gone) = place {
                batch.pending += usize::from(gone.pages.may_stay());
                any = true;
            }
        }
        self.pending += batch.pending;
        batch.more = !self.leaving.is_empty();
        any
    }

    /// The end of a fetch that came to nothing.
    pub fn settle(&mut self, debt: Debt) {
        self.pending -= 1;
        if let Some((pages, path)) = debt.pages {
            self.refused += 1;
            self.failed.push(Gone { pages, path, refused: true });
        }
    }

    /// What the system refused to take back leaves once more.
    pub fn ask_again(&mut self) {
        while let Some(gone) = self.failed.pop() {
            // There is room (`.map.room`), so this does not allocate.
            self.leaving.push(gone);
        }
    }

    /// Mappings whose pages the system did not take back yet.
    pub fn failed(&self) -> usize {
        self.refused
    }

    /// Their first paths and bytes, but for those that it is just asked about.
    pub fn iter_failed(&self) -> impl Iterator<Item = (&Text, usize)> {
        let all = self.failed.iter().chain(self.leaving.iter()).filter(|gone| gone.refused);
        all.map(|gone| (&gone.path, gone.pages.len()))
    }
}

impl Drop for Mappings {
    /// Unmaps what is left. What the system refuses even now stays mapped: there is nobody left to
    /// remember it. What lies in a slab goes with that.
    fn drop(&mut self) {
        while self.evict_any().is_some() {}
        self.ask_again();
        for gone in self.leaving.drain(..).filter(|gone| gone.pages.may_stay()) {
            let _ = gone.pages.give_back(&Slab::new(), self.unmap);
        }
    }
}
