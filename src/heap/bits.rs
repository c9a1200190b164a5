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
