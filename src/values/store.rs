//! Blocks: what persistent values are made of, counted, and freed when nobody can name them.
//!
//! A block is immutable once it is part of a value, so values share blocks freely and there are no
//! cycles. A list or dict of many elements is a tree of blocks; a change makes new blocks for the
//! path to what changed and shares all others.
//!
//! Scratch handles do not count what they name, so that making and dropping them costs nothing.
//! Instead a block remembers in which round (`epoch`) it was wrapped into a handle last, and in how
//! deep a scope (`level`). When its last reference goes in that same round it waits in that scope's
//! limbo, and is freed when the scope's handles are gone. What was not wrapped in this round is
//! freed at once, so a long eval that keeps overwriting a variable holds no more than the variable.
//! What a handle reaches through a wrapped block is kept by that block, which is immutable.
//!
//! Invariants:
//! - `.block.alive`: a block is alive while its count is not 0 or it stands in a limbo; every word
//!   that names a block is counted, or is scratch and protected as above.
//! - `.block.words`: the first `words` words of a block's body are what it counts; freeing looks at
//!   nothing else, so all kinds are freed by the same lines.
//! - `.block.thread`: all blocks of an interpreter are used by the thread that uses it, so cells
//!   suffice.
//! - `.limbo.level`: a block in the limbo of level `n` may be named by handles of level `n` and
//!   deeper only, or is moved down when that limbo is emptied.
//!
//! Freeing never allocates and never recurses. It calls nobody: foreign things are handed out by
//! `next_condemned` for the caller to release when no reference to the store is alive.

use core::cell::Cell;
use core::ptr::{self, NonNull};

use super::growing;
use super::pool::{self, Pool};
use super::word::{Is, Word};
use crate::base::{Host, List, ListExt, Result, fail};

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A text: its length, its bytes, a NUL. No words, or the buffer that it is the beginning of
    /// (`growing.rs`).
    Text,
    /// An integer that does not fit into a word. No words.
    Int,
    /// A double that does not fit into a word. No words.
    Double,
    /// A list: `list.rs` knows its words.
    List,
    /// A dict: `dict.rs` knows its words.
    Dict,
    /// A foreign thing: words are its type name and its text; behind them the host's pointer.
    Foreign,
    /// A part of a list or dict.
    Part,
}

/// Written while a block is alive; where a link of a chain is written instead, it is gone.
const ALIVE: u16 = 0x4c56;
const IN_LIMBO: u8 = 1;
/// A count that stays: more than four thousand million references are never all given back.
const FOR_EVER: u32 = u32::MAX;

/// The start of a block; its body follows.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct Block {
    count: Cell<u32>,
    kind: Cell<Kind>,
    flags: Cell<u8>,
    granule: u16,
    epoch: Cell<u32>,
    level: Cell<u16>,
    alive: Cell<u16>,
    link: Cell<*mut Block>,
    words: Cell<u32>,
    /// For whoever knows the kind: `list.rs`, `dict.rs`.
    pub extra: Cell<u32>,
}

const HEADER: usize = size_of::<Block>();
const _: () = assert!(HEADER == 32);

impl Block {
    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind.get()
    }

    /// Whether nobody but the caller counts it.
    pub fn is_unshared(&self) -> bool {
        self.count.get() == 1 && self.flags.get() & IN_LIMBO == 0
    }

    fn body<T>(&self) -> *mut T {
        (&raw const *self).wrapping_add(1).cast_mut().cast()
    }

    /// What it counts.
    pub fn words(&self) -> &[Word] {
        // SAFETY: `.block.words` - so many words were written behind the header when it was made.
        unsafe { core::slice::from_raw_parts(self.body(), self.words.get() as usize) }
    }

    /// As `words`, each to be written by whoever is making the block.
    pub fn cells(&self) -> &[Cell<Word>] {
        // SAFETY: as in `words`; a cell is laid out like what is in it.
        unsafe { core::slice::from_raw_parts(self.body(), self.words.get() as usize) }
    }

    /// The eight bytes behind its words; for kinds that have them.
    pub fn raw(&self) -> *mut u64 {
        self.body::<u64>().wrapping_add(self.words.get() as usize)
    }

    /// The bytes of a text, without the NUL that follows them.
    pub fn text(&self) -> &[u8] {
        if self.kind() != Kind::Text {
            return &[];
        }
        let raw = self.raw();
        // SAFETY: a text's length was written when it was made.
        let len = unsafe { raw.read() } as usize;
        let bytes = match self.words() {
            [buffer] => buffer.as_block().map_or(ptr::null(), growing::bytes),
            _ => raw.wrapping_add(1).cast_const().cast(),
        };
        // SAFETY: as were that many bytes there.
        unsafe { core::slice::from_raw_parts(bytes, len) }
    }

    /// As `text`, of a text that has its bytes in its own block.
    #[inline]
    pub fn whole_text(&self) -> Option<&[u8]> {
        if self.kind() != Kind::Text || self.words.get() != 0 {
            return None;
        }
        let raw = self.body::<u64>();
        // SAFETY: as in `text`: its length and bytes are behind the header, where there is no word.
        Some(unsafe {
            core::slice::from_raw_parts(raw.wrapping_add(1).cast(), raw.read() as usize)
        })
    }

    /// The number of an `Int` or `Double`, as bits.
    pub fn number(&self) -> u64 {
        // SAFETY: numbers and foreign things have eight bytes behind their words; others are not
        // asked.
        unsafe { self.raw().read() }
    }

    /// The host's pointer of a `Foreign`.
    pub fn foreign(&self) -> *mut core::ffi::c_void {
        if self.kind() == Kind::Foreign { self.number() as *mut _ } else { ptr::null_mut() }
    }

    /// Takes the host's pointer out of a `Foreign`.
    pub fn take_foreign(&self) -> *mut core::ffi::c_void {
        let pointer = self.foreign();
        if !pointer.is_null() {
            // SAFETY: as in `number`.
            unsafe { self.raw().write(0) };
        }
        pointer
    }
}

/// A block through a word or a pointer that names it.
///
/// Sound because of `.block.alive`, which every caller upholds by taking words from where they are
/// counted or protected; the reference is not kept beyond the operation.
pub fn at<'a>(block: NonNull<Block>) -> &'a Block {
    // SAFETY: `.block.alive`.
    unsafe { block.as_ref() }
}

/// The owner of the store that a value from C came from, if it looks alive: a value that was
/// released is not, as long as its memory was not used again.
///
/// # Safety
/// `block` points at readable memory, which is what C promises of a value.
pub unsafe fn owner_of_value(block: NonNull<Block>) -> Option<*const ()> {
    if !block.as_ptr().is_aligned() {
        return None;
    }
    // SAFETY: the caller's word; aligned as checked above.
    let header = unsafe { block.as_ref() };
    if header.alive.get() != ALIVE {
        return None;
    }
    // SAFETY: `.block.alive` - it is alive, so it came from a pool with this granule.
    Some(unsafe { pool::owner_of(block.cast(), header.granule) })
}

/// A chain of blocks through their links.
#[derive(Clone, Copy)]
struct Chain(*mut Block);

impl Chain {
    const EMPTY: Chain = Chain(ptr::null_mut());

    fn push(&mut self, block: &Block) {
        block.link.set(self.0);
        self.0 = (&raw const *block).cast_mut();
    }

    fn pop(&mut self) -> Option<NonNull<Block>> {
        let first = NonNull::new(self.0)?;
        self.0 = at(first).link.get();
        Some(first)
    }
}

/// The blocks of one interpreter. What the end of an eval looks at is in one cache line.
/// cbindgen:ignore
#[repr(C)]
pub struct Store {
    /// The round: from one drop of the scratch side to the next.
    epoch: u32,
    pending: u64,
    /// Foreign things whose last reference is gone.
    condemned: Chain,
    live: u64,
    /// One for each level.
    limbo: List<Chain>,
    pool: Pool,
}

impl Store {
    /// An empty store; it has no level yet.
    pub fn new(host: Host, limit: usize, is_watched: bool) -> Self {
        Store {
            epoch: 1,
            pending: 0,
            condemned: Chain::EMPTY,
            live: 0,
            limbo: List::new_in(host),
            pool: Pool::new(host, limit, is_watched),
        }
    }

    /// Says whose it is.
    pub fn set_owner(&mut self, owner: *const ()) {
        self.pool.set_owner(owner);
    }

    /// Blocks alive.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.pool.bytes()
    }

    /// Blocks that nobody counts any more but a handle may name.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Makes a block that the caller counts once: `words` words, all nil, and `tail` bytes.
    pub fn make(&mut self, kind: Kind, words: usize, tail: usize) -> Result<NonNull<Block>> {
        let most = u32::MAX as usize;
        let Some(bytes) = words.checked_mul(8).and_then(|body| body.checked_add(tail)) else {
            fail!(LIFECYCLE_E_TOO_BIG, "no value can have {words} words and {tail} bytes");
        };
        if words > most || bytes > isize::MAX as usize - (1 << 16) {
            fail!(LIFECYCLE_E_TOO_BIG, "no value can have {bytes} bytes");
        }
        let (memory, granule) = self.pool.take(HEADER + bytes)?;
        let block = memory.cast::<Block>();
        let header = Block {
            count: Cell::new(1),
            kind: Cell::new(kind),
            flags: Cell::new(0),
            granule,
            epoch: Cell::new(0),
            level: Cell::new(0),
            alive: Cell::new(ALIVE),
            link: Cell::new(ptr::null_mut()),
            words: Cell::new(words as u32),
            extra: Cell::new(0),
        };
        // SAFETY: the memory is ours and has room for the header.
        unsafe { block.write(header) };
        // SAFETY: as above, and for the words; nil is all zeros.
        unsafe { block.add(1).cast::<u8>().write_bytes(0, words * 8) };
        self.live += 1;
        Ok(block)
    }

    fn make_raw(&mut self, kind: Kind, bits: u64) -> Result<Word> {
        let block = self.make(kind, 0, 8)?;
        // SAFETY: there are eight bytes behind the words.
        unsafe { at(block).raw().write(bits) };
        Ok(Word::block(block))
    }

    /// An integer, in the word itself if it fits.
    pub fn int(&mut self, value: i64) -> Result<Word> {
        Word::int(value).map_or_else(|| self.make_raw(Kind::Int, value as u64), Ok)
    }

    /// A double, in the word itself if it fits.
    pub fn double(&mut self, value: f64) -> Result<Word> {
        Word::double(value).map_or_else(|| self.make_raw(Kind::Double, value.to_bits()), Ok)
    }

    /// A text.
    pub fn text(&mut self, bytes: &[u8]) -> Result<NonNull<Block>> {
        let block = self.make(Kind::Text, 0, bytes.len().saturating_add(9))?;
        let raw = at(block).raw();
        let to = raw.wrapping_add(1).cast::<u8>();
        // SAFETY: there is room for the length, the bytes and a NUL, which nobody else has seen.
        unsafe {
            raw.write(bytes.len() as u64);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            to.add(bytes.len()).write(0);
        }
        Ok(block)
    }

    /// A foreign thing; the type name and text are counted by it from now on, whatever happens.
    pub fn foreign(
        &mut self,
        type_name: NonNull<Block>,
        text: NonNull<Block>,
        pointer: *mut core::ffi::c_void,
    ) -> Result<NonNull<Block>> {
        let made = self.make(Kind::Foreign, 2, 8);
        let Ok(block) = made else {
            self.release(Word::block(type_name));
            self.release(Word::block(text));
            return made;
        };
        for (cell, word) in at(block).cells().iter().zip([type_name, text]) {
            cell.set(Word::block(word));
        }
        // SAFETY: there are eight bytes behind the words.
        unsafe { at(block).raw().write(pointer as u64) };
        Ok(block)
    }

    /// Counts once more.
    #[inline]
    pub fn retain(&self, word: Word) {
        if let Some(block) = word.as_block() {
            let count = &at(block).count;
            count.set(count.get().saturating_add(1));
        }
    }

    /// Counts once less.
    #[inline]
    pub fn release(&mut self, word: Word) {
        let Some(block) = word.as_block() else { return };
        let block = at(block);
        let count = block.count.get();
        if count == FOR_EVER || count == 0 {
            return;
        }
        block.count.set(count - 1);
        if count == 1 {
            self.let_go(block);
        }
    }

    /// Nobody counts a block any more.
    fn let_go(&mut self, block: &Block) {
        let mut dead = Chain::EMPTY;
        self.part(block, &mut dead);
        self.free(dead);
    }

    /// A block whose count has become 0 goes to a limbo, to the condemned, or to the dead.
    fn part(&mut self, block: &Block, dead: &mut Chain) {
        if block.flags.get() & IN_LIMBO != 0 {
            return;
        }
        if block.epoch.get() == self.epoch
            && let Some(limbo) = self.limbo.get_mut(usize::from(block.level.get()))
        {
            block.flags.set(IN_LIMBO);
            self.pending += 1;
            limbo.push(block);
        } else if block.foreign().is_null() {
            dead.push(block);
        } else {
            self.condemned.push(block);
        }
    }

    fn free(&mut self, mut dead: Chain) {
        while let Some(block) = dead.pop() {
            let header = at(block);
            for word in header.words() {
                let Some(child) = word.as_block() else { continue };
                let child = at(child);
                let count = child.count.get();
                if count != FOR_EVER {
                    child.count.set(count - 1);
                    if count == 1 {
                        self.part(child, &mut dead);
                    }
                }
            }
            self.live -= 1;
            header.alive.set(0);
            let granule = header.granule;
            // SAFETY: `.block.alive` - nobody counts it, and it was taken from this pool with this
            // granule.
            unsafe { self.pool.give_back(block.cast(), granule) };
        }
    }

    /// A foreign thing that is to be released now: its pointer. The block is freed.
    pub fn next_condemned(&mut self) -> Option<*mut core::ffi::c_void> {
        let block = at(self.condemned.pop()?);
        let pointer = block.take_foreign();
        let mut dead = Chain::EMPTY;
        dead.push(block);
        self.free(dead);
        Some(pointer)
    }

    /// Whether nothing waits for handles to go, or for its release.
    #[inline]
    pub fn is_at_rest(&self) -> bool {
        self.pending == 0 && !self.has_condemned()
    }

    /// Whether foreign things wait for their release.
    pub fn has_condemned(&self) -> bool {
        !self.condemned.0.is_null()
    }

    /// A handle of this level names the block from now on.
    #[inline]
    pub fn stamp(&self, block: NonNull<Block>, level: usize) {
        let block = at(block);
        // Levels are far fewer than 2^16 (`eval::DEEPEST`).
        let level = level as u16;
        if block.epoch.get() != self.epoch {
            block.epoch.set(self.epoch);
            block.level.set(level);
        } else if level < block.level.get() {
            block.level.set(level);
        }
    }

    /// One level more.
    pub fn open_level(&mut self) -> Result<()> {
        self.limbo.try_push(Chain::EMPTY)
    }

    /// One level less: its handles are gone.
    pub fn close_level(&mut self) {
        if let Some(chain) = self.limbo.pop() {
            self.empty(chain, self.limbo.len());
        }
    }

    /// The handles of the outermost level, the only one left, are gone: a new round begins.
    #[inline]
    pub fn next_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.pending != 0
            && let Some(first) = self.limbo.first_mut()
        {
            let chain = core::mem::replace(first, Chain::EMPTY);
            self.empty(chain, 0);
        }
    }

    #[cold]
    fn empty(&mut self, mut chain: Chain, level: usize) {
        let mut dead = Chain::EMPTY;
        while let Some(block) = chain.pop() {
            let block = at(block);
            block.flags.set(0);
            self.pending -= 1;
            if block.count.get() != 0 {
                continue;
            }
            // Handles of this level are gone: what was wrapped no further out has no handle.
            if usize::from(block.level.get()) >= level {
                block.epoch.set(self.epoch.wrapping_sub(1));
            }
            self.part(block, &mut dead);
        }
        self.free(dead);
    }

    /// Gives back what memory is kept for more blocks; there are none any more.
    pub fn empty_pool(&mut self) {
        self.pool.empty();
    }
}

/// What a word that is not scratch is, when it is a number: in the word or in a block.
pub fn number(word: Word) -> Is {
    match word.is() {
        Is::Block(block) => match at(block).kind() {
            Kind::Int => Is::Int(at(block).number() as i64),
            Kind::Double => Is::Double(f64::from_bits(at(block).number())),
            _ => Is::Block(block),
        },
        is => is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;

    fn store(failing: &Failing) -> Store {
        let mut store = Store::new(failing.host(), usize::MAX, false);
        assert!(store.open_level().is_ok());
        store
    }

    fn finish(mut store: Store, failing: &Failing) {
        assert_eq!((store.live(), store.pending(), store.bytes()), (0, 0, 0));
        store.empty_pool();
        drop(store);
        assert_eq!(failing.out.get(), 0);
    }

    #[test]
    fn a_chain_of_a_million_is_freed_without_recursion() {
        let failing = Failing::new();
        let mut store = store(&failing);
        let mut last = Word::NIL;
        for _ in 0..1_000_000 {
            let Ok(block) = store.make(Kind::Part, 1, 0) else { unreachable!("memory is there") };
            at(block).cells().iter().for_each(|cell| cell.set(last));
            last = Word::block(block);
        }
        assert_eq!(store.live(), 1_000_000);
        store.release(last);
        finish(store, &failing);
    }

    #[test]
    fn what_a_handle_names_waits_for_its_level() {
        let failing = Failing::new();
        let mut store = store(&failing);
        let text = |store: &mut Store| match store.text(b"hello") {
            Ok(block) => block,
            Err(error) => unreachable!("{error}"),
        };
        let (plain, outer, inner, both) =
            (text(&mut store), text(&mut store), text(&mut store), text(&mut store));
        store.stamp(outer, 0);
        assert!(store.open_level().is_ok());
        store.stamp(inner, 1);
        store.stamp(both, 1);
        for block in [plain, outer, inner, both] {
            store.release(Word::block(block));
        }
        assert_eq!((store.live(), store.pending()), (3, 3));
        // It is wrapped once more, further out, while it waits.
        store.stamp(both, 0);
        assert_eq!(at(both).text(), b"hello");
        store.close_level();
        assert_eq!((store.live(), store.pending()), (2, 2));
        // One is kept again while it waits.
        store.retain(Word::block(both));
        store.next_epoch();
        assert_eq!((store.live(), store.pending()), (1, 0));
        store.release(Word::block(both));
        finish(store, &failing);
    }

    #[test]
    fn foreign_things_wait_for_the_caller() {
        let failing = Failing::new();
        let mut store = store(&failing);
        let mut thing = 0u8;
        let pointer: *mut core::ffi::c_void = (&raw mut thing).cast();
        let (Ok(name), Ok(text)) = (store.text(b"file"), store.text(b"file1")) else {
            unreachable!("memory is there")
        };
        let Ok(block) = store.foreign(name, text, pointer) else { unreachable!("as above") };
        assert_eq!(at(block).foreign(), pointer);
        store.release(Word::block(block));
        assert_eq!(store.live(), 3);
        assert_eq!(store.next_condemned(), Some(pointer));
        assert_eq!(store.next_condemned(), None);
        finish(store, &failing);
    }
}
