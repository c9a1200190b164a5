//! Marks beside the cells: a bit for each, set if the cell lives.
//!
//! Runs of free cells are read off the edges between set and clear bits, a word at a time: a bit
//! that differs from the one before it begins or ends a run. Nothing here looks at a cell.
//!
//! Invariant `.bits.inside`: who has a `Bits` asks for cells below `Space::committed` only; a word
//! that a run reaches into is there (`.space.committed`).

/// Cells of a block.
pub const BLOCK: u64 = 1 << 13;
/// Words of marks that a block has.
const BLOCK_WORDS: u64 = BLOCK / 64;
/// A block with so many live cells is not looked into for holes.
const FULL: u16 = (BLOCK / 8 * 7) as u16;

/// The marks.
#[derive(Clone, Copy)]
pub struct Bits(*mut u64);

/// `len` ones, up to 64.
#[inline]
const fn ones(len: u64) -> u64 {
    if len >= 64 { !0 } else { (1 << len) - 1 }
}

impl Bits {
    /// The marks at an address.
    pub fn new(words: *mut u64) -> Bits {
        Bits(words)
    }

    /// Where the mark of a cell is, to be fetched in time.
    #[inline]
    pub fn place(&self, cell: u64) -> *const u64 {
        self.0.wrapping_add((cell >> 6) as usize)
    }

    #[inline]
    fn word(&self, at: u64) -> u64 {
        // SAFETY: `.bits.inside`
        unsafe { *self.0.wrapping_add(at as usize) }
    }

    #[inline]
    fn or(&self, at: u64, mask: u64) {
        // SAFETY: `.bits.inside`
        unsafe { *self.0.wrapping_add(at as usize) |= mask }
    }

    /// Whether a cell is marked.
    #[inline]
    pub fn is_set(&self, cell: u64) -> bool {
        self.word(cell >> 6) >> (cell & 63) & 1 != 0
    }

    /// Marks a cell; whether it was marked before.
    #[inline]
    pub fn test_and_set(&self, cell: u64) -> bool {
        let mask = 1 << (cell & 63);
        let was = self.word(cell >> 6) & mask != 0;
        if !was {
            self.or(cell >> 6, mask);
        }
        was
    }

    /// Marks up to 64 cells; which of them were marked before, the first one as bit 0.
    #[inline]
    pub fn set_run(&self, cell: u64, len: u64) -> u64 {
        let (at, shift, run) = (cell >> 6, cell & 63, ones(len));
        let mut before = self.word(at) >> shift;
        self.or(at, run << shift);
        if shift + len > 64 {
            before |= self.word(at + 1) << (64 - shift);
            self.or(at + 1, run >> (64 - shift));
        }
        before & run
    }

    /// Marks cells however many.
    pub fn set_long(&self, cell: u64, len: u64) {
        let (mut cell, end) = (cell, cell + len);
        while cell < end {
            // Up to a word's end, so that whole words are one store.
            let piece = (64 - (cell & 63)).min(end - cell);
            self.set_run(cell, piece);
            cell += piece;
        }
    }

    /// Unmarks the cells below `end`, and those that share a word with the last one.
    pub fn clear(&self, end: u64) {
        // SAFETY: `.bits.inside`
        unsafe { self.0.write_bytes(0, end.div_ceil(64) as usize) }
    }

    /// The first marked cell from `from` on, or `end`.
    pub fn next_set(&self, from: u64, end: u64) -> u64 {
        let mut at = from >> 6;
        let mut word = self.word(at) & !ones(from & 63);
        while word == 0 {
            at += 1;
            if at << 6 >= end {
                return end;
            }
            word = self.word(at);
        }
        ((at << 6) + u64::from(word.trailing_zeros())).min(end)
    }

    /// The last marked cell below `end`; 0 if there is none.
    pub fn last_set(&self, end: u64) -> u64 {
        let mut at = end >> 6;
        let mut word = self.word(at) & ones(end & 63);
        while word == 0 && at > 0 {
            at -= 1;
            word = self.word(at);
        }
        (at << 6) + 63_u64.saturating_sub(u64::from(word.leading_zeros()))
    }

    /// Marked cells of a block, those from `end` on left out.
    pub fn count(&self, block: u64, end: u64) -> u16 {
        let first = block * BLOCK_WORDS;
        let whole = (end / 64).saturating_sub(first).min(BLOCK_WORDS);
        let mut sum: u32 = (first..first + whole).map(|at| self.word(at).count_ones()).sum();
        if whole < BLOCK_WORDS && first + whole == end / 64 {
            sum += (self.word(first + whole) & ones(end & 63)).count_ones();
        }
        sum as u16
    }
}

/// A walk along the runs of unmarked cells below an end.
#[derive(Clone, Copy)]
pub struct Runs {
    /// The word whose edges are left.
    word: u64,
    edges: u64,
    /// 1 if the last bit of that word is clear: a run goes on into the next one.
    carry: u64,
}

impl Runs {
    /// Runs of nothing.
    ///
    /// cbindgen:ignore
    pub const NONE: Runs = Runs { word: 0, edges: 0, carry: 0 };

    /// Runs from a cell on, beginning with what is left of the one it is in.
    pub fn from(bits: &Bits, cell: u64) -> Runs {
        let word = cell >> 6;
        let free = !bits.word(word) & !ones(cell & 63);
        Runs { word, edges: free ^ free << 1, carry: free >> 63 }
    }

    /// The next run as its first cell and the one behind its last; `None` if there is none below
    /// `end`. Blocks that are nearly full are passed over.
    #[inline]
    pub fn next(&mut self, bits: &Bits, counts: &[u16], end: u64) -> Option<(u64, u64)> {
        let first = self.edge(bits, counts, end);
        if first >= end {
            return None;
        }
        Some((first, self.edge(bits, &[], end)))
    }

    #[inline]
    fn edge(&mut self, bits: &Bits, counts: &[u16], end: u64) -> u64 {
        while self.edges == 0 {
            self.word += 1;
            if self.carry == 0 && self.word.is_multiple_of(BLOCK_WORDS) {
                let is_full = |block: u64| counts.get(block as usize).is_some_and(|n| *n >= FULL);
                while is_full(self.word / BLOCK_WORDS) {
                    self.word += BLOCK_WORDS;
                }
            }
            if self.word << 6 >= end {
                // Asked again it says the same.
                self.word = (end >> 6) + 1;
                self.carry = 0;
                return end;
            }
            let free = !bits.word(self.word);
            self.edges = free ^ (free << 1 | self.carry);
            self.carry = free >> 63;
        }
        let at = (self.word << 6) + u64::from(self.edges.trailing_zeros());
        self.edges &= self.edges - 1;
        at.min(end)
    }

    /// The first cell of the first word that has not been looked at.
    pub fn ahead(&self) -> u64 {
        (self.word + 1) << 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cells that a test's marks have: a bit more than two blocks.
    const CELLS: u64 = 2 * BLOCK + 200;

    /// Marks, and the same as a list of truths.
    struct Both {
        _words: Vec<u64>,
        bits: Bits,
        plain: Vec<bool>,
    }

    impl Both {
        fn new() -> Both {
            let mut words = vec![0; (CELLS / 64 + 2) as usize];
            let bits = Bits::new(words.as_mut_ptr());
            Both { _words: words, bits, plain: vec![false; CELLS as usize] }
        }

        /// Marks in both; which were marked before, as `set_run` tells.
        fn mark(&mut self, at: u64, len: u64) -> u64 {
            let mut before = 0;
            for (bit, cell) in
                self.plain.iter_mut().skip(at as usize).take(len as usize).enumerate()
            {
                let was = core::mem::replace(cell, true);
                before |= u64::from(was).checked_shl(bit as u32).unwrap_or(0);
            }
            before
        }

        fn runs(&self, from: u64, end: u64) -> Vec<(u64, u64)> {
            let mut runs: Vec<(u64, u64)> = Vec::new();
            for cell in from..end {
                let is_free = self.plain.get(cell as usize) == Some(&false);
                match runs.last_mut() {
                    _ if !is_free => {}
                    Some((_, last)) if *last == cell => *last += 1,
                    _ => runs.push((cell, cell + 1)),
                }
            }
            runs
        }
    }

    proptest! {
        #[test]
        fn marks_and_runs_are_those_of_a_list_of_truths(
            marked in prop::collection::vec((0..CELLS - 64, 1..=64_u64), 0..200),
            long in prop::collection::vec((0..CELLS / 2, 1..CELLS / 2), 0..3),
            (from, end) in (0..CELLS, 0..CELLS),
        ) {
            let mut both = Both::new();
            for (at, len) in marked {
                let before = both.bits.set_run(at, len);
                prop_assert_eq!(before, both.mark(at, len));
            }
            for (at, len) in long {
                both.bits.set_long(at, len);
                both.mark(at, len);
            }
            let mut runs = Runs::from(&both.bits, from);
            let mut found = Vec::new();
            while let Some(run) = runs.next(&both.bits, &[], end) {
                found.push(run);
            }
            prop_assert_eq!(&found, &both.runs(from, end));
            // A walk that begins anew where a run began goes on the same way.
            if let Some((start, _)) = found.get(found.len() / 2) {
                let rest = Runs::from(&both.bits, *start).next(&both.bits, &[], end);
                prop_assert_eq!(rest, found.get(found.len() / 2).copied());
            }
            let marked = |cells: &[bool]| cells.iter().filter(|cell| **cell).count() as u64;
            let below = both.plain.get(..end as usize).unwrap_or_default();
            let counted: u64 =
                (0..end.div_ceil(BLOCK)).map(|block| u64::from(both.bits.count(block, end))).sum();
            prop_assert_eq!(counted, marked(below));
            let last = below.iter().rposition(|cell| *cell).unwrap_or(0) as u64;
            prop_assert_eq!(both.bits.last_set(end), last);
            let next = (from..end).find(|cell| both.plain.get(*cell as usize) == Some(&true));
            prop_assert_eq!(both.bits.next_set(from, end.max(from)), next.unwrap_or(end.max(from)));
        }
    }

    #[test]
    fn blocks_that_are_nearly_full_are_passed_over() {
        let mut both = Both::new();
        both.bits.set_long(10, BLOCK - 20);
        both.mark(10, BLOCK - 20);
        let counts: Vec<u16> = (0..3).map(|block| both.bits.count(block, CELLS)).collect();
        let mut runs = Runs::from(&both.bits, BLOCK - 15);
        // What is left of the block that the walk begins in is looked at.
        assert_eq!(runs.next(&both.bits, &counts, CELLS), Some((BLOCK - 10, CELLS)));
        // A block that a run leads into is looked at.
        both.bits.set_long(BLOCK, BLOCK - 20);
        let counts: Vec<u16> = (0..3).map(|block| both.bits.count(block, CELLS)).collect();
        let mut runs = Runs::from(&both.bits, 10);
        assert_eq!(runs.next(&both.bits, &counts, CELLS), Some((BLOCK - 10, BLOCK)));
        assert_eq!(runs.next(&both.bits, &counts, CELLS), Some((2 * BLOCK - 20, CELLS)));
        both.bits.set_long(BLOCK - 10, 10);
        let mut runs = Runs::from(&both.bits, 10);
        assert_eq!(runs.next(&both.bits, &counts, CELLS), Some((2 * BLOCK, CELLS)));
    }
}
