//! Chains: a module's things of one kind, in the order they came, each removed in constant time.
//!
//! Invariant `.chain.ids`: a chain and the links of its members hold ids of one `Slots` table, and
//! a member is on one chain of each number `N` (a thing that hangs on two chains, such as an edge
//! between two modules, has two links); so removing a thing never scans what its module owns.

use super::{Result, Slots};

/// The ends of a chain, kept by the owner. 0 = empty.
#[derive(Clone, Copy, Default)]
pub struct Chain<const N: usize = 0> {
    oldest: u64,
    newest: u64,
    len: u64,
}

/// A member's neighbours. 0 = none.
#[derive(Clone, Copy, Default)]
pub struct Link {
    older: u64,
    newer: u64,
}

impl Link {
    /// The member that came before; 0 if there is none.
    pub fn older(&self) -> u64 {
        self.older
    }

    /// The member that came next; 0 if there is none.
    pub fn newer(&self) -> u64 {
        self.newer
    }
}

/// Something that can be on a chain.
pub trait Linked<const N: usize = 0> {
    /// Its neighbours.
    fn link(&self) -> &Link;
    /// Its neighbours, to change.
    fn link_mut(&mut self) -> &mut Link;
}

impl<const N: usize> Chain<N> {
    /// Members.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The member that came last; 0 if there is none.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// The member that came first; 0 if there is none. With `Link::newer`, a walk that may change
    /// what it passes.
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Adds a member at the newest end.
    pub fn push<T: Linked<N>>(&mut self, slots: &mut Slots<T>, id: u64) -> Result<()> {
        *slots.get_mut(id)?.link_mut() = Link { older: self.newest, newer: 0 };
        if self.newest == 0 {
            self.oldest = id;
        } else {
            slots.get_mut(self.newest)?.link_mut().newer = id;
        }
        self.newest = id;
        self.len += 1;
        Ok(())
    }

    /// Takes a member out, wherever it is.
    pub fn remove<T: Linked<N>>(&mut self, slots: &mut Slots<T>, id: u64) -> Result<()> {
        let Link { older, newer } = core::mem::take(slots.get_mut(id)?.link_mut());
        match older {
            0 => self.oldest = newer,
            older => slots.get_mut(older)?.link_mut().newer = newer,
        }
        match newer {
            0 => self.newest = older,
            newer => slots.get_mut(newer)?.link_mut().older = older,
        }
        self.len -= 1;
        Ok(())
    }

    /// Takes the member that came last out of the chain and out of the table.
    pub fn pop<T: Linked<N>>(&mut self, slots: &mut Slots<T>) -> Result<Option<T>> {
        if self.newest == 0 {
            return Ok(None);
        }
        let value = slots.remove(self.newest)?;
        self.newest = value.link().older;
        match self.newest {
            0 => self.oldest = 0,
            newest => slots.get_mut(newest)?.link_mut().newer = 0,
        }
        self.len -= 1;
        Ok(Some(value))
    }

    /// The members, newest first.
    pub fn newest_first<'a, T: Linked<N>>(
        &self,
        slots: &'a Slots<T>,
    ) -> impl Iterator<Item = (u64, &'a T)> {
        let mut at = self.newest;
        core::iter::from_fn(move || {
            let id = at;
            let value = if id == 0 { None } else { slots.get(id).ok() }?;
            at = value.link().older;
            Some((id, value))
        })
    }
}
