//! A name as readers see it, who take no lock: its text, and what the newest binding says.
//!
//! It is a sequence lock. Its first word counts its changes and is odd while one is going on; a
//! reader takes a copy of everything and throws it away unless the word is even and still the same
//! afterwards. So a reader sees a whole binding or knows that it has not, and never holds anybody
//! up. Source: Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012.
//!
//! A text of up to 24 bytes is in the record. A longer one has its first 16 there, and the rest in
//! further units of the same size, each of which says where the next one is.
//!
//! Invariants:
//! - `.record.seq`: the upper half of the first word never goes down as long as there is a view of
//!   the tables, whatever the unit is used for; every change of a record's other words, and of the
//!   units that its text goes on in, is made while it is odd, or before anybody could find it.
//! - `.record.one`: one thread at a time changes a record: the one with the manager's lock.
//!
//! Everything in it is an atomic word, because a reader may look at a unit that is being used for
//! something else by now: what it reads then is of no use, and the first word says so.

use crate::base::hash;
use crate::os::atomic::{AtomicU64, Ordering, fence};

/// Bytes of a text that stand in a record.
pub const INLINE: usize = 24;
/// Bytes of a longer text that do.
const PREFIX: usize = 16;
/// Bytes of a text that stand in each further unit.
const FURTHER: usize = 48;
/// The longest text.
pub const LONGEST: usize = (1 << 30) - 2;

const VALUE: usize = 1;
const TEXT: usize = 5;
const LINK: usize = 7;
/// Added to the first word by half a change.
const STEP: u64 = 1 << 32;
/// The shape of what is no record: no text is so long.
const NO_SHAPE: u32 = u32::MAX;

/// What a lookup finds: value, aux, decl, module. A decl of 0 is a name whose bindings are staged.
pub type Answer = [u64; 4];

/// A name that is looked for. It is passed on as little as may be: what has an address is kept in
/// memory, and a processor waits where words that were just stored one by one are loaded in pairs.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    bytes: &'a [u8],
    shape: u32,
    words: [u64; 3],
}

/// Up to eight bytes of a text from `offset` on; zeros where it ends.
fn word(bytes: &[u8], offset: usize) -> u64 {
    let Some(rest) = bytes.get(offset..) else { return 0 };
    match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The first 24 bytes of a text, with zeros where it is shorter.
#[inline(always)]
fn first_words(bytes: &[u8]) -> [u64; 3] {
    let eight = |at: usize| {
        let chunk = bytes.get(at..).and_then(|rest| rest.first_chunk());
        chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk))
    };
    // The last word is read together with bytes before it, which go out at its lower end.
    let last = |end: usize| eight(bytes.len().wrapping_sub(8)) >> (8 * (end - bytes.len()) as u32);
    match bytes.len() {
        17..=24 => [eight(0), eight(8), last(24)],
        9..=16 => [eight(0), last(16), 0],
        8 => [eight(0), 0, 0],
        len @ 4..8 => {
            let four = |chunk: Option<&[u8; 4]>| chunk.map_or(0, |it| u32::from_le_bytes(*it));
            let (low, high) = (four(bytes.first_chunk()), four(bytes.last_chunk()));
            [u64::from(low) | u64::from(high) << (8 * (len - 4) as u32), 0, 0]
        }
        0..4 => [word(bytes, 0), 0, 0],
        _ => [eight(0), eight(8), 0],
    }
}

/// Units that a text of so many bytes goes on in.
fn further(len: usize) -> usize {
    if len <= INLINE { 0 } else { (len - PREFIX).div_ceil(FURTHER) }
}

/// Apart, so that a short text's way is short.
#[inline(never)]
fn long_hash(seed: u64, bytes: &[u8]) -> u64 {
    hash::hash(seed, bytes)
}

impl<'a> Key<'a> {
    /// A text of a kind (below 4). None if it is too long for any name.
    #[inline(always)]
    pub fn new(kind: u32, bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let shape = (bytes.len() as u32) << 2 | kind;
        Some(Key { bytes, shape, words: first_words(bytes) })
    }

    /// Its hash under a seed. That of a short text is made from the words alone.
    #[inline]
    pub fn hash(&self, seed: u64) -> u64 {
        let words = if self.is_long() { [long_hash(seed, self.bytes), 0, 0] } else { self.words };
        hash::of_words(seed, words, self.shape)
    }

    /// Units that its text goes on in.
    pub fn further(&self) -> usize {
        further(self.bytes.len())
    }

    #[inline]
    fn is_long(&self) -> bool {
        self.bytes.len() > INLINE
    }
}

/// What became of comparing a record with a key.
pub enum Seen {
    /// It is that name.
    Same,
    /// It is another name, or none.
    Other,
    /// It was being changed.
    Changing,
}

/// Memory for a record, or for a piece of one's text. Fresh memory is all zeros.
#[derive(Default)]
#[repr(C, align(64))]
pub struct Unit([AtomicU64; 8]);

impl Unit {
    #[inline]
    fn words(&self) -> [u64; 8] {
        self.0.each_ref().map(|word| word.load(Ordering::Relaxed))
    }

    /// Whether the first word is still `head`, once all that was read before was read.
    #[inline]
    fn is_still(&self, head: u64) -> bool {
        fence(Ordering::Acquire);
        self.head().load(Ordering::Relaxed) == head
    }

    #[inline]
    fn head(&self) -> &AtomicU64 {
        let [head, ..] = &self.0;
        head
    }

    /// Compares it with a key. `unit` gives the unit of a number, which may be any number. What the
    /// name means goes to `answer`.
    #[inline(always)]
    pub fn look<'u>(
        &self,
        key: &Key<'_>,
        answer: &mut Answer,
        unit: impl Fn(u32) -> Option<&'u Unit>,
    ) -> Seen {
        let head = self.head().load(Ordering::Acquire);
        if head & STEP != 0 {
            return Seen::Changing;
        }
        if head as u32 != key.shape {
            return Seen::Other;
        }
        let [_, value, aux, decl, module, first, second, third] = self.words();
        let mut same = [first, second] == [key.words[0], key.words[1]];
        if key.is_long() {
            same = same && Self::goes_on(third as u32, key.bytes, unit);
        } else {
            same = same && third == key.words[2];
        }
        *answer = [value, aux, decl, module];
        match self.is_still(head) {
            false => Seen::Changing,
            true if same => Seen::Same,
            true => Seen::Other,
        }
    }

    /// Whether the rest of a long text is in the units from `link` on.
    #[inline(never)]
    fn goes_on<'u>(mut link: u32, bytes: &[u8], unit: impl Fn(u32) -> Option<&'u Unit>) -> bool {
        let mut offset = PREFIX;
        while offset < bytes.len() {
            let Some(piece) = unit(link) else { return false };
            let [_, text @ .., next] = piece.words();
            let same = |(i, text): (usize, &u64)| *text == word(bytes, offset + 8 * i);
            if !text.iter().enumerate().all(same) {
                return false;
            }
            offset += FURTHER;
            link = next as u32;
        }
        true
    }

    fn set(&self, from: usize, words: &[u64]) {
        for (to, word) in self.0.iter().skip(from).zip(words) {
            to.store(*word, Ordering::Relaxed);
        }
    }

    /// Makes it odd, for a change of its other words.
    fn begin(&self) -> u64 {
        let head = self.head().load(Ordering::Relaxed).wrapping_add(STEP);
        self.head().store(head, Ordering::Relaxed);
        fence(Ordering::Release);
        head
    }

    fn end(&self, head: u64, shape: u32) {
        let sequence = head.wrapping_add(STEP) >> 32 << 32;
        self.head().store(sequence | u64::from(shape), Ordering::Release);
    }

    /// Makes it the record of a name that has no visible binding. `further` are the units for the
    /// rest of its text: as many as `Key::further` says.
    pub fn name<'u>(&self, key: &Key<'_>, further: impl Iterator<Item = (u32, &'u Unit)>) {
        let head = self.begin();
        self.set(VALUE, &[0; 4]);
        self.set(TEXT, &key.words);
        let mut before = self;
        for ((number, unit), offset) in further.zip((PREFIX..).step_by(FURTHER)) {
            before.set(LINK, &[u64::from(number)]);
            let text: [u64; 6] = core::array::from_fn(|i| word(key.bytes, offset + 8 * i));
            unit.set(VALUE, &text);
            before = unit;
        }
        self.end(head, key.shape);
    }

    /// What lookups answer from now on.
    pub fn answer(&self, answer: &Answer) {
        let head = self.begin();
        self.set(VALUE, answer);
        self.end(head, head as u32);
    }

    /// It is no name any more.
    pub fn clear(&self) {
        let head = self.begin();
        self.end(head, NO_SHAPE);
    }

    /// What a lookup answers. For who has the lock.
    pub fn answered(&self) -> Answer {
        let [_, value, aux, decl, module, ..] = self.words();
        [value, aux, decl, module]
    }

    /// Bytes of a record's text. For who has the lock.
    pub fn len(&self) -> usize {
        (self.head().load(Ordering::Relaxed) as u32 >> 2) as usize
    }

    /// Units that a record's text goes on in. For who has the lock.
    pub fn further(&self) -> usize {
        further(self.len())
    }

    /// The first of those; and of one of those, the next.
    pub fn link(&self) -> u32 {
        let [.., link] = &self.0;
        link.load(Ordering::Relaxed) as u32
    }

    /// Hands out a record's text piece by piece. For who has the lock.
    pub fn text<'u>(&self, unit: impl Fn(u32) -> Option<&'u Unit>, mut piece: impl FnMut(&[u8])) {
        let mut left = self.len();
        let [.., first, second, third] = self.words();
        let mut words = [first, second, third, 0, 0, 0];
        let (mut count, mut link) = (if left <= INLINE { 3 } else { 2 }, third as u32);
        loop {
            for word in words.iter().take(count) {
                let bytes = word.to_le_bytes();
                let some = bytes.get(..left.min(8)).unwrap_or(&bytes);
                piece(some);
                left -= some.len();
            }
            let (1.., Some(further)) = (left, unit(link)) else { return };
            let [_, text @ .., next] = further.words();
            (words, count, link) = (text, 6, next as u32);
        }
    }
}
