//! The trail in a collection: what need not be undone any more is dropped, and what only an older
//! choicepoint can reach is undone now (early reset: K. Appleby, M. Carlsson, S. Haridi, D. Sahlin:
//! Garbage collection for Prolog based on WAM, CACM 31(6), 1988).
//!
//! The part of the trail that is younger than a choicepoint is looked at when everything that can be
//! reached before going back to it is marked, and before its own roots are. A cell that is not
//! marked by then is not seen again before it is undone: so it is undone at once, and then counts
//! for nothing unless that choicepoint or an older one reaches it. Of an assignment that stays, the
//! old value is a root: undoing brings it back.
//!
//! Entries that stay move to the trail's upper end as they are found, youngest first, and all of
//! them down at the end.
//!
//! Invariant `.trail.host`: `tr` has `tr_count` words, and nobody else uses them during a collection
//! (the contract of lifecycle_wam).

use super::cell::*;
use super::mark::Marker;
use super::space::Region;
use crate::abi::*;

/// Trail words in the middle of a collection.
pub struct Trail {
    words: *mut lifecycle_cell,
    count: u64,
    /// The words from here on stay.
    kept_from: u64,
    /// The words below have not been looked at.
    looked_from: u64,
    pub dropped: u64,
    pub early_resets: u64,
    pub faults: u64,
}

impl Trail {
    pub fn new(wam: &lifecycle_wam) -> Trail {
        let count = if wam.tr.is_null() { 0 } else { wam.tr_count.min(wam.tr_capacity) };
        Trail {
            words: wam.tr,
            count,
            kept_from: count,
            looked_from: count,
            dropped: 0,
            early_resets: 0,
            faults: 0,
        }
    }

    fn word(&self, at: u64) -> lifecycle_cell {
        // SAFETY: `.trail.host` - `at` is below `count`.
        unsafe { *self.words.wrapping_add(at as usize) }
    }

    fn keep(&mut self, word: lifecycle_cell) {
        self.kept_from -= 1;
        // SAFETY: `.trail.host` - there is one place for each word looked at.
        unsafe { *self.words.wrapping_add(self.kept_from as usize) = word };
    }

    /// Looks at the words from `from` on that have not been looked at: those younger than a
    /// choicepoint whose cells are below `top`. Gives how many words stay so far.
    pub fn look(
        &mut self,
        from: u64,
        top: u64,
        cells: *mut lifecycle_cell,
        marker: &mut Marker,
        stack: &mut Region,
    ) -> u64 {
        let mut at = self.looked_from;
        while at > from {
            at -= 1;
            let word = self.word(at);
            let old = match tag(word) {
                LIFECYCLE_TAG_REF => None,
                LIFECYCLE_TAG_LIS if at > from => {
                    at -= 1;
                    Some(self.word(at))
                }
                _ => {
                    self.faults += 1;
                    self.dropped += 1;
                    continue;
                }
            };
            let cell = index(word);
            if cell >= top {
                // Younger than the choicepoint: it goes with the cells.
                self.dropped += 1;
            } else if marker.is_marked(cell) {
                self.keep(word);
                if let Some(old) = old {
                    self.keep(old);
                    marker.root(old, stack);
                }
            } else {
                self.dropped += 1;
                if cell != 0 && marker.is_inside(cell) {
                    self.early_resets += 1;
                    // SAFETY: `.mark.inside` - compared just above.
                    unsafe { *cells.wrapping_add(cell as usize) = old.unwrap_or(reference(cell)) };
                }
            }
        }
        self.looked_from = self.looked_from.min(from);
        self.count - self.kept_from
    }

    /// Moves what stays down; how many words that are. What nobody looked at is older than every
    /// choicepoint, and never undone.
    pub fn compact(&mut self) -> u64 {
        let kept = self.count - self.kept_from;
        self.dropped += self.looked_from;
        let from = self.words.wrapping_add(self.kept_from as usize);
        if kept > 0 && self.kept_from > 0 {
            // SAFETY: `.trail.host` - both ranges are below `count`.
            unsafe { self.words.copy_from(from, kept as usize) };
        }
        kept
    }
}
