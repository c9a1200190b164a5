//! Declaration ids: which are live. A function value holds a declaration id long after its module
//! may have gone; the check before the call looks into a table of what is known (`live.rs`), and
//! what that does not know is one binary search here.
//!
//! A module's ids are a range, so that a million of them cost what one does. Ids of a removed range
//! are tombstones simply by being in no live range, and nothing has to be remembered of them.
//!
//! Invariants:
//! - `.range.sorted`: ranges are sorted by their first id and no two share an id, so their last ids
//!   are sorted too.
//! - `.range.free`: removing never allocates.
//!
//! It does not know which ranges a module has: the module's record does.

use super::Live;
use crate::base::{Host, List, ListExt, Result, fail};

/// Declaration ids of one module, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The least id.
    pub first: i64,
    /// The greatest id.
    pub last: i64,
    /// Whose they are.
    pub module: u64,
}

impl Range {
    /// Ids in it: up to 2^64, one more than a u64 holds.
    fn ids(&self) -> u128 {
        (i128::from(self.last) - i128::from(self.first) + 1) as u128
    }
}

/// The live ranges.
pub struct Ranges {
    sorted: List<Range>,
    total: u128,
    tombstones: u64,
}

impl Ranges {
    /// No id is live.
    pub fn new(host: Host) -> Self {
        Ranges { sorted: List::new_in(host), total: 0, tombstones: 0 }
    }

    /// Where the first range stands that ends at `did` or after.
    fn position(&self, did: i64) -> usize {
        self.sorted.partition_point(|range| range.last < did)
    }

    /// Makes the ids from `first` to `last` live. E_RANGE if they are the wrong way round, E_EXISTS
    /// if one is live.
    pub fn insert(&mut self, first: i64, last: i64, module: u64) -> Result<()> {
        if first > last {
            fail!(LIFECYCLE_E_RANGE, "declarations {first}..{last} end before they begin");
        }
        let at = self.position(first);
        if let Some(live) = self.sorted.get(at)
            && live.first <= last
        {
            fail!(
                LIFECYCLE_E_EXISTS,
                "declarations {first}..{last} overlap the live {}..{}",
                live.first,
                live.last
            );
        }
        self.sorted.make_room(1)?;
        let range = Range { first, last, module };
        self.sorted.insert(at, range);
        self.total += range.ids();
        Ok(())
    }

    /// Makes a range's ids tombstones and says whose it was. E_NOT_FOUND unless exactly this range
    /// is live.
    pub fn remove(&mut self, first: i64, last: i64) -> Result<Range> {
        let at = self.position(first);
        match self.sorted.get(at) {
            Some(range) if range.first == first && range.last == last => {
                let range = self.sorted.remove(at);
                self.total -= range.ids();
                let ids = u64::try_from(range.ids()).unwrap_or(u64::MAX);
                self.tombstones = self.tombstones.saturating_add(ids);
                Ok(range)
            }
            _ => fail!(LIFECYCLE_E_NOT_FOUND, "declarations {first}..{last} are not a live range"),
        }
    }

    /// Ids that were live and then not, since the start.
    pub fn tombstones(&self) -> u64 {
        self.tombstones
    }

    /// The live range an id is in.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn find(&self, did: i64) -> Option<&Range> {
        self.sorted.get(self.position(did)).filter(|range| range.first <= did)
    }

    /// Whether an id is live; false = tombstone, or never seen.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn is_live(&self, did: i64) -> bool {
        self.find(did).is_some()
    }

    /// The live ids around a live one that are in the same page as it (`Live::page_of`), whatever
    /// modules they are of: the first and the last one.
    pub fn run_around(&self, did: i64) -> Option<(i64, i64)> {
        let at = self.position(did);
        let range = self.sorted.get(at).filter(|range| range.first <= did)?;
        let (page_first, page_last) = Live::page_of(did);
        let (mut first, mut last) = (range.first, range.last);
        // At most as many steps as a page has ids.
        for range in self.sorted.iter().take(at).rev() {
            if first <= page_first || range.last != first - 1 {
                break;
            }
            first = range.first;
        }
        for range in self.sorted.iter().skip(at + 1) {
            if last >= page_last || range.first != last + 1 {
                break;
            }
            last = range.last;
        }
        Some((first.max(page_first), last.min(page_last)))
    }

    /// Live ranges.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Live ids. All 2^64 of them count as one less.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn total_ids(&self) -> u64 {
        u64::try_from(self.total).unwrap_or(u64::MAX)
    }

    /// The live ranges, least ids first.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Range> {
        self.sorted.iter()
    }
}
