//! Ages: which tracked things were last seen in use in which epoch, so that a sweep looks only at
//! old ones.
//!
//! A thing is used by a store into a word of its own, which nobody here hears. So its place in the
//! lists is when it was last *seen* in use: a sweep takes the oldest lists, looks at each thing's
//! word, and either moves the thing to the list of its true epoch or knows it to be stale. A thing
//! in use is looked at once in as many epochs as the sweep's age allows, however many things there
//! are.
//!
//! Invariants:
//! - `.age.sorted`: lists are in the order of their epochs, each has members, and a thing's list is
//!   never newer than its word.
//! - `.age.one`: a thing is in at most one list.

use crate::base::{Host, List, ListExt, Result};

const NONE: u32 = u32::MAX;

struct Bucket {
    epoch: u64,
    first: u32,
    len: usize,
}

#[derive(Clone, Copy)]
struct Node {
    epoch: u64,
    previous: u32,
    next: u32,
    tracked: bool,
}

/// What a sweep does with a stale thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It leaves the lists.
    Take,
    /// It stays where it is.
    Keep,
    /// It stays where it is, and nothing more is looked at.
    Enough,
}

/// Things by the epoch they were last seen in use. A thing is a small number, the index of its
/// record.
pub struct Ages {
    buckets: List<Bucket>,
    nodes: List<Node>,
    tracked: usize,
}

impl Ages {
    /// Nothing tracked.
    pub fn new(host: Host) -> Self {
        Ages { buckets: List::new_in(host), nodes: List::new_in(host), tracked: 0 }
    }

    /// Things tracked.
    pub fn len(&self) -> usize {
        self.tracked
    }

    /// Bytes of bookkeeping.
    pub fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>() + self.nodes.capacity() * size_of::<Node>()
    }

    /// Makes room so that the next `track` of `thing` cannot fail.
    pub fn make_room(&mut self, thing: usize) -> Result<()> {
        if thing >= self.nodes.len() {
            let more = thing + 1 - self.nodes.len();
            self.nodes.make_room(more)?;
            let empty = Node { epoch: 0, previous: NONE, next: NONE, tracked: false };
            self.nodes.resize(thing + 1, empty);
        }
        self.buckets.make_room(1)
    }

    /// Starts to track a thing that was used in `epoch`.
    pub fn track(&mut self, thing: usize, epoch: u64) -> Result<()> {
        self.make_room(thing)?;
        self.untrack(thing);
        let at = match self.buckets.binary_search_by_key(&epoch, |bucket| bucket.epoch) {
            Ok(at) => at,
            Err(at) => {
                self.buckets.insert(at, Bucket { epoch, first: NONE, len: 0 });
                at
            }
        };
        let mut second = NONE;
        if let Some(bucket) = self.buckets.get_mut(at) {
            second = core::mem::replace(&mut bucket.first, thing as u32);
            bucket.len += 1;
        }
        if let Some(node) = self.nodes.get_mut(second as usize) {
            node.previous = thing as u32;
        }
        if let Some(node) = self.nodes.get_mut(thing) {
            *node = Node { epoch, previous: NONE, next: second, tracked: true };
        }
        self.tracked += 1;
        Ok(())
    }

    /// Forgets a thing, if it is tracked.
    pub fn untrack(&mut self, thing: usize) {
        let Some(node) = self.nodes.get_mut(thing) else { return };
        if !core::mem::replace(&mut node.tracked, false) {
            return;
        }
        let Node { epoch, previous, next, .. } = *node;
        self.tracked -= 1;
        if let Some(after) = self.nodes.get_mut(next as usize) {
            after.previous = previous;
        }
        if let Some(before) = self.nodes.get_mut(previous as usize) {
            before.next = next;
        }
        let Ok(at) = self.buckets.binary_search_by_key(&epoch, |bucket| bucket.epoch) else {
            return;
        };
        if let Some(bucket) = self.buckets.get_mut(at) {
            if previous == NONE {
                bucket.first = next;
            }
            bucket.len -= 1;
            if bucket.len == 0 {
                self.buckets.remove(at);
            }
        }
    }

    /// Looks at every thing last seen in use before epoch `limit`, oldest first. `used` tells a
    /// thing's true epoch; one that proves to be used since moves to its list, one that is stale
    /// goes to `judge`. Returns how many were looked at. Where there is no memory to move a thing,
    /// it stays and is looked at again next time.
    pub fn visit_older(
        &mut self,
        limit: u64,
        used: impl Fn(usize) -> u64,
        mut judge: impl FnMut(usize, u64) -> Verdict,
    ) -> u64 {
        let mut examined = 0;
        let mut at = 0;
        while let Some(bucket) = self.buckets.get(at)
            && bucket.epoch < limit
        {
            let epoch = bucket.epoch;
            let mut thing = bucket.first;
            while let Some(node) = self.nodes.get(thing as usize) {
                let next = node.next;
                examined += 1;
                let true_epoch = used(thing as usize);
                if true_epoch > epoch && self.track(thing as usize, true_epoch).is_ok() {
                    // Its new list is further on; if that is old too, the thing is judged there.
                } else if true_epoch < limit {
                    match judge(thing as usize, true_epoch) {
                        Verdict::Take => self.untrack(thing as usize),
                        Verdict::Keep => {}
                        Verdict::Enough => return examined,
                    }
                }
                thing = next;
            }
            // The list is still there only if something stayed in it.
            if self.buckets.get(at).is_some_and(|bucket| bucket.epoch == epoch) {
                at += 1;
            }
        }
        examined
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn stale(ages: &mut Ages, words: &BTreeMap<usize, u64>, limit: u64) -> Vec<usize> {
        let mut found = Vec::new();
        ages.visit_older(
            limit,
            |thing| words.get(&thing).copied().unwrap_or(0),
            |thing, _| {
                found.push(thing);
                Verdict::Take
            },
        );
        found.sort_unstable();
        found
    }

    #[test]
    fn a_thing_in_use_is_looked_at_once_and_moved() -> Result<()> {
        let mut ages = Ages::new(Host::libc());
        for thing in 0..1000 {
            ages.track(thing, 1)?;
        }
        let used = |thing: usize| if thing < 10 { 1 } else { 50 };
        let mut taken = 0;
        let first = ages.visit_older(20, used, |_, _| {
            taken += 1;
            Verdict::Take
        });
        assert_eq!((first, taken, ages.len()), (1000, 10, 990));
        assert_eq!(ages.visit_older(20, used, |_, _| Verdict::Take), 0);
        Ok(())
    }

    proptest! {
        /// Against a map of words that a sweep scans whole.
        #[test]
        fn sweeping_finds_what_a_scan_finds(ops in proptest::collection::vec((0..5u8, 0..20usize), 1..300)) {
            let mut ages = Ages::new(Host::libc());
            let mut words: BTreeMap<usize, u64> = BTreeMap::new();
            let mut epoch = 1u64;
            for (op, thing) in ops {
                match op {
                    0 => { prop_assert!(ages.track(thing, epoch).is_ok()); words.insert(thing, epoch); }
                    1 => { ages.untrack(thing); words.remove(&thing); }
                    2 => { if let Some(word) = words.get_mut(&thing) { *word = epoch; } }
                    3 => epoch += 1,
                    _ => {
                        let limit = epoch.saturating_sub(thing as u64 % 4);
                        let expected: Vec<usize> =
                            words.iter().filter(|(_, word)| **word < limit).map(|(thing, _)| *thing).collect();
                        prop_assert_eq!(stale(&mut ages, &words, limit), expected.clone());
                        for thing in expected { words.remove(&thing); }
                    }
                }
                prop_assert_eq!(ages.len(), words.len());
            }
        }
    }
}
