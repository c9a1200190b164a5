//! Which declaration ids are known to be live: a table that the host's own code looks into, without
//! a call.
//!
//! Ids stand in pages of 1,024. An entry of the table says of one page that the ids from one to
//! another of it are live, in one word, so that a reader never sees half of it; a page without an
//! entry, or an id outside what the entry says, is asked about by a call, and what that finds out
//! is put into the table. The header's `lifecycle_did_is_live` is the other half of this file.
//!
//! A word is, from the low bits up: one more than the last live id of the page (11 bits; 0 = the
//! entry is empty), the first one (10), the upper bits of the page's number (43). The lower 11 bits
//! of the page's number say which entry it is, so consecutive pages never fight over one.
//!
//! Invariants:
//! - `.live.known`: an entry never says of an id that it is live when it is not. Entries are put in
//!   by those who have the manager's lock shared, and taken out, before the ids stop being live, by
//!   the one who has it alone.

use core::sync::atomic::{AtomicU64, Ordering};

const PAGE_BITS: u32 = 10;
const ENTRY_BITS: u32 = 11;
/// Entries of the table.
pub const ENTRIES: usize = 1 << ENTRY_BITS;
const OFFSET: u64 = (1 << PAGE_BITS) - 1;
const END_BITS: u32 = PAGE_BITS + 1;
const TAG_SHIFT: u32 = PAGE_BITS + END_BITS;

/// A table of what is known to be live.
pub struct Live([AtomicU64; ENTRIES]);

/// What a manager without ids shows.
pub static NO_ID_IS_LIVE: Live = Live::new();

fn page(did: i64) -> u64 {
    did as u64 >> PAGE_BITS
}

impl Live {
    /// Nothing is known to be live. Zeroed memory is that too.
    pub const fn new() -> Self {
        Live([const { AtomicU64::new(0) }; ENTRIES])
    }

    /// For C.
    pub fn as_ptr(&self) -> *const u64 {
        self.0.as_ptr().cast()
    }

    fn entry(&self, page: u64) -> Option<&AtomicU64> {
        self.0.get(page as usize % ENTRIES)
    }

    /// The first and the last id of an id's page.
    pub fn page_of(did: i64) -> (i64, i64) {
        let first = did & !(OFFSET as i64);
        (first, first | OFFSET as i64)
    }

    /// Notes that the ids from `first` to `last`, all of one page, are live.
    pub fn note(&self, first: i64, last: i64) {
        if let Some(entry) = self.entry(page(first)) {
            let (from, end) = (first as u64 & OFFSET, (last as u64 & OFFSET) + 1);
            let tag = page(first) >> ENTRY_BITS;
            entry.store(tag << TAG_SHIFT | from << END_BITS | end, Ordering::Relaxed);
        }
    }

    /// Forgets what it knows of the pages of the ids from `first` to `last`, which are about to
    /// stop being live. Costs no more than the table has entries.
    pub fn forget(&self, first: i64, last: i64) {
        let pages = page(last).wrapping_sub(page(first)) & (u64::MAX >> PAGE_BITS);
        let count = usize::try_from(pages).map_or(ENTRIES, |pages| pages.saturating_add(1));
        for i in 0..count.min(ENTRIES) {
            if let Some(entry) = self.entry(page(first).wrapping_add(i as u64)) {
                entry.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Whether an id is known to be live: what the host's code does.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn knows(&self, did: i64) -> bool {
        let entry = self.entry(page(did)).map_or(0, |entry| entry.load(Ordering::Relaxed));
        let offset = did as u64 & OFFSET;
        entry >> TAG_SHIFT == page(did) >> ENTRY_BITS
            && offset >= entry >> END_BITS & OFFSET
            && offset < entry & ((1 << END_BITS) - 1)
    }
}
