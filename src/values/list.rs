//! Persistent lists: what a list is once it is kept, immutable, sharing with other versions of it.
//!
//! Up to 32 elements are the words of one block. More are a radix tree, 32-way (Bagwell, Rompf:
//! "RRB-Trees", 2011, without the relaxation), whose last leaf, the tail, hangs on the list itself,
//! so that appending does not walk the tree (as in Clojure's vectors). A tail may have spare words;
//! a version that ends where the last written word does appends in place, for no older version
//! looks behind its own end. Dropping elements from either end cuts the tree's edge, so memory
//! follows the length; up to 31 dropped elements at either end, and up to 31 that a newer version
//! appended, are kept alive by the leaf they stand in.
//!
//! Invariants:
//! - `.list.flat`: without `TREE`, a block's words are the elements; with `TEXT`, one more word, the
//!   last, is the text it was made from.
//! - `.list.tree`: with `TREE`, the words are the root, the tail, `start` and `end`: the elements
//!   are those that the tree and the tail hold at `start..end`. The tail holds those from
//!   `trunk(end)` on and is never empty; the root holds those before, in full leaves, and is nil if
//!   there are none. The root's shift stands in `extra`; at shift 0 it is a leaf.
//! - `.list.edge`: a node has as many words as it has children up to the tree's end; children that
//!   lie before `start` as a whole are nil, and the root's first child is not.
//! - `.list.watermark`: a leaf's `extra` is how many of its words were written or promised. Words
//!   behind it are nil. Only who finds it at the end of its own version may move it.
//! - `.list.own`: a draft changes a node only if nobody else counts it, and each node on the way to
//!   it, for copying a node counts its children once more.
//!
//! It does not know what elements mean, nor scratch lists.

use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

use super::store::{Block, Kind, Store, at};
use super::word::{Is, Word};
use crate::base::Result;

const BITS: u32 = 5;
const WIDTH: usize = 1 << BITS;
const MASK: usize = WIDTH - 1;
/// A list that grows to more than this many elements gets a tail to append to.
const FEW: usize = 8;
/// What `extra` of a list tells.
const TREE: u32 = 1;
const TEXT: u32 = 2;
const SHIFT_AT: u32 = 8;

/// A list that is a tree.
#[derive(Clone, Copy)]
struct Tree {
    root: Word,
    tail: Word,
    start: usize,
    end: usize,
    shift: u32,
}

enum Form<'a> {
    Flat(&'a [Word]),
    Tree(Tree),
}

/// How many of `end` places lie in full leaves before the tail.
fn trunk(end: usize) -> usize {
    end.saturating_sub(1) & !MASK
}

fn number(word: Word) -> usize {
    if let Is::Int(number) = word.is() { number as usize } else { 0 }
}

fn word(number: usize) -> Word {
    // No list that fits into memory has 2^61 elements.
    Word::int(number as i64).unwrap_or(Word::NIL)
}

fn child(node: Word, i: usize) -> Word {
    node.as_block().and_then(|node| at(node).words().get(i).copied()).unwrap_or(Word::NIL)
}

#[inline(always)]
fn form<'a>(list: NonNull<Block>) -> Form<'a> {
    let list = at(list);
    let extra = list.extra.get();
    match *list.words() {
        // What stands behind is the text.
        [root, tail, start, end, ..] if extra & TREE != 0 => {
            let (start, end) = (number(start), number(end));
            Form::Tree(Tree { root, tail, start, end, shift: extra >> SHIFT_AT })
        }
        [ref rest @ .., _] if extra & TEXT != 0 => Form::Flat(rest),
        ref words => Form::Flat(words),
    }
}

impl Tree {
    /// The leaf that holds the place `i`.
    #[inline(always)]
    fn leaf(&self, i: usize) -> Word {
        if i >= trunk(self.end) {
            return self.tail;
        }
        let (mut node, mut shift) = (self.root, self.shift);
        while shift > 0 {
            node = child(node, i >> shift & MASK);
            shift -= BITS;
        }
        node
    }
}

/// Elements of a list.
#[inline(always)]
pub fn len(list: NonNull<Block>) -> usize {
    match form(list) {
        Form::Flat(words) => words.len(),
        Form::Tree(tree) => tree.end - tree.start,
    }
}

/// The text that a list was made from, if it was.
pub fn text(list: NonNull<Block>) -> Option<NonNull<Block>> {
    let list = at(list);
    if list.extra.get() & TEXT == 0 { None } else { list.words().last()?.as_block() }
}

/// Elements from `i` on that lie side by side: at least one, unless the list ends before.
#[inline]
pub fn run<'a>(list: NonNull<Block>, i: usize) -> &'a [Word] {
    let (words, range) = match form(list) {
        Form::Flat(words) => (words, i..words.len()),
        Form::Tree(tree) => {
            let i = tree.start.saturating_add(i);
            if i >= tree.end {
                return &[];
            }
            let Some(leaf) = tree.leaf(i).as_block() else { return &[] };
            (at(leaf).words(), i & MASK..WIDTH.min(tree.end - (i & !MASK)))
        }
    };
    words.get(range).unwrap_or(&[])
}

/// The element at `i`; the list keeps it.
#[inline(always)]
pub fn get(list: NonNull<Block>, i: usize) -> Option<Word> {
    if at(list).extra.get() == 0 {
        // The most frequent form: no tree, and no text.
        return at(list).words().get(i).copied();
    }
    let (words, i) = match form(list) {
        Form::Flat(words) => (words, i),
        Form::Tree(tree) => {
            let i = tree.start.saturating_add(i);
            if i >= tree.end {
                return None;
            }
            (at(tree.leaf(i).as_block()?).words(), i & MASK)
        }
    };
    words.get(i).copied()
}

/// Copies elements from `first` on, as many as there are or fit; the list keeps them.
#[cfg(test)]
pub fn copy_out(list: NonNull<Block>, first: usize, out: &mut [Word]) -> usize {
    let mut done = 0;
    for (to, from) in out.iter_mut().zip(words(list, first)) {
        *to = from;
        done += 1;
    }
    done
}

/// The elements from `first` on, one by one; the list keeps them.
pub fn words<'a>(list: NonNull<Block>, first: usize) -> Words<'a> {
    Words { list, next: first, run: [].iter() }
}

/// See `words`.
pub struct Words<'a> {
    list: NonNull<Block>,
    /// Where the next run begins.
    next: usize,
    run: core::slice::Iter<'a, Word>,
}

impl Iterator for Words<'_> {
    type Item = Word;

    #[inline]
    fn next(&mut self) -> Option<Word> {
        if let Some(word) = self.run.next() {
            return Some(*word);
        }
        let run = run(self.list, self.next);
        self.next += run.len();
        self.run = run.iter();
        self.run.next().copied()
    }
}

/// A list being made, from nothing or from another one, which stays alive and as it is until this
/// is finished or abandoned; one of both must be done, for dropping it leaks. Exactly as many
/// elements are pushed as were promised. Elements are set before others are pushed: what was
/// appended in place cannot be taken back out of another list's tail when a set copies it.
///
/// After a failure it must be abandoned.
#[must_use]
pub struct Draft {
    root: Cell<Word>,
    tail: Cell<Word>,
    /// To be the list's text.
    text: Word,
    start: usize,
    end: usize,
    shift: u32,
    /// What `end` is to become.
    goal: usize,
    /// One block, the tail, is the whole list.
    is_flat: bool,
    /// It is made from nothing: nobody knows whether it is ever to grow.
    is_new: bool,
    /// Another list's tail that was appended to, and from where on.
    lent: Option<(NonNull<Block>, usize)>,
}

/// Puts a copy of some words of a node in its place, with room for `size`; they begin at `to`.
fn copy<'a>(
    store: &mut Store,
    slot: &Cell<Word>,
    from: Range<usize>,
    to: usize,
    size: usize,
) -> Result<&'a Block> {
    let made = store.make(Kind::Part, size, 0)?;
    let (new, old) = (at(made), slot.get());
    let words = old.as_block().and_then(|old| at(old).words().get(from)).unwrap_or(&[]);
    for (cell, word) in new.cells().iter().skip(to).zip(words) {
        store.retain(*word);
        cell.set(*word);
    }
    new.extra.set((to + words.len()) as u32);
    slot.set(Word::block(made));
    store.release(old);
    Ok(new)
}

/// The node in a slot, which is the draft's own: itself, or a copy, or, where there is none, a new
/// one; it has at least `least` words.
fn own<'a>(store: &mut Store, slot: &Cell<Word>, least: usize) -> Result<&'a Block> {
    let old = slot.get().as_block().map(at);
    let len = old.map_or(0, |old| old.words().len());
    match old {
        Some(old) if old.is_unshared() && len >= least => Ok(old),
        _ => copy(store, slot, 0..len, 0, len.max(least)),
    }
}

fn take(slot: &Cell<Word>) -> Word {
    slot.replace(Word::NIL)
}

impl Draft {
    pub(super) fn empty(goal: usize, text: Word) -> Self {
        Draft {
            root: Cell::new(Word::NIL),
            tail: Cell::new(Word::NIL),
            text,
            start: 0,
            end: 0,
            shift: 0,
            goal,
            is_flat: false,
            is_new: true,
            lent: None,
        }
    }

    /// A list of `goal` elements, all still to be pushed. The text, or nil, is the draft's.
    pub fn new(store: &mut Store, goal: usize, text: Word) -> Result<Self> {
        let draft = Self::empty(goal, text);
        if goal <= WIDTH { draft.flat(store, Kind::List) } else { Ok(draft) }
    }

    /// `base[keep]`, with `more` elements still to be pushed.
    pub fn of(
        store: &mut Store,
        base: NonNull<Block>,
        keep: Range<usize>,
        more: usize,
    ) -> Result<Self> {
        let len = len(base);
        let end = keep.end.min(len);
        let keep = keep.start.min(end)..end;
        let goal = keep.len().saturating_add(more);
        if goal <= FEW || goal <= WIDTH && more == 0 {
            return Self::flat_of(store, Kind::List, base, keep, more);
        }
        match form(base) {
            Form::Tree(tree) if !keep.is_empty() => Self::of_tree(store, tree, keep, more),
            _ => {
                let draft = Draft { is_new: false, ..Self::empty(goal, Word::NIL) };
                draft.copied(store, base, keep)
            }
        }
    }

    /// As `of`, to be a single block of a kind; there are at most 32 elements.
    pub(super) fn flat_of(
        store: &mut Store,
        kind: Kind,
        base: NonNull<Block>,
        keep: Range<usize>,
        more: usize,
    ) -> Result<Self> {
        let goal = keep.len().saturating_add(more);
        Self::empty(goal, Word::NIL).flat(store, kind)?.copied(store, base, keep)
    }

    /// Makes the one block.
    pub(super) fn flat(mut self, store: &mut Store, kind: Kind) -> Result<Self> {
        let with_text = usize::from(!self.text.is_nil());
        let block = match store.make(kind, self.goal.saturating_add(with_text), 0) {
            Ok(block) => block,
            Err(error) => return self.failed(store, error),
        };
        if with_text != 0
            && let Some(last) = at(block).cells().last()
        {
            last.set(core::mem::replace(&mut self.text, Word::NIL));
            at(block).extra.set(TEXT);
        }
        self.tail.set(Word::block(block));
        self.is_flat = true;
        Ok(self)
    }

    /// Pushes elements of another list, which has few.
    fn copied(self, store: &mut Store, base: NonNull<Block>, keep: Range<usize>) -> Result<Self> {
        let mut draft = self;
        let mut words = words(base, keep.start);
        let copied = draft.extend(store, keep.len(), |store, _| {
            let word = words.next().unwrap_or(Word::NIL);
            store.retain(word);
            Ok(word)
        });
        if let Err(error) = copied { draft.failed(store, error) } else { Ok(draft) }
    }

    fn of_tree(store: &mut Store, tree: Tree, keep: Range<usize>, more: usize) -> Result<Self> {
        let (start, end) = (tree.start + keep.start, tree.start + keep.end);
        let tail = tree.leaf(end - 1);
        store.retain(tree.root);
        store.retain(tail);
        let mut draft = Draft {
            root: Cell::new(tree.root),
            tail: Cell::new(tail),
            start,
            end,
            shift: tree.shift,
            is_new: false,
            ..Self::empty(end.saturating_add(more), Word::NIL)
        };
        if start >= trunk(end) {
            draft.drop_root(store);
            draft.rebase(trunk(end));
            return Ok(draft);
        }
        let cut = draft.cut_right(store, &tree).and_then(|()| draft.cut_left(store, &tree));
        if let Err(error) = cut { draft.failed(store, error) } else { Ok(draft) }
    }

    fn failed<T>(self, store: &mut Store, error: crate::base::Error) -> Result<T> {
        self.abandon(store);
        Err(error)
    }

    /// Lets go of what lies behind the end (`.list.edge`); some of the tree stays.
    fn cut_right(&mut self, store: &mut Store, old: &Tree) -> Result<()> {
        let last = trunk(self.end) - 1;
        if last == trunk(old.end) - 1 {
            return Ok(());
        }
        while self.shift > 0 && last >> self.shift == 0 {
            self.descend(store, 0);
        }
        let (mut slot, mut shift) = (&self.root, self.shift);
        while shift > 0 {
            let i = last >> shift & MASK;
            let node = copy(store, slot, 0..i + 1, 0, i + 1)?;
            let Some(child) = node.cells().get(i) else { break };
            slot = child;
            shift -= BITS;
        }
        Ok(())
    }

    /// Lets go of leaves that lie before the start (`.list.edge`); some of the tree stays.
    fn cut_left(&mut self, store: &mut Store, old: &Tree) -> Result<()> {
        // A lower tree may begin with leaves that were dropped before.
        let is_first_live = self.shift == 0 || self.start >> self.shift == 0;
        if self.start >> BITS == old.start >> BITS && is_first_live {
            return Ok(());
        }
        while self.shift > 0 {
            let (first, last) = (self.start >> self.shift, (trunk(self.end) - 1) >> self.shift);
            if first != last {
                copy(store, &self.root, first..last + 1, 0, last + 1 - first)?;
                self.rebase(first << self.shift);
                break;
            }
            self.rebase(first << self.shift);
            self.descend(store, first);
        }
        let (mut slot, mut shift) = (&self.root, self.shift);
        while shift > 0 {
            let i = self.start >> shift & MASK;
            let node = own(store, slot, 0)?;
            for dead in node.cells().iter().take(i) {
                store.release(take(dead));
            }
            let Some(child) = node.cells().get(i) else { break };
            slot = child;
            shift -= BITS;
        }
        Ok(())
    }

    fn drop_root(&mut self, store: &mut Store) {
        store.release(take(&self.root));
        self.shift = 0;
    }

    /// Puts one of the root's children in the root's place.
    fn descend(&mut self, store: &mut Store, i: usize) {
        let child = child(self.root.get(), i);
        store.retain(child);
        store.release(self.root.replace(child));
        self.shift -= BITS;
    }

    /// Counts places from another one.
    fn rebase(&mut self, by: usize) {
        self.start -= by;
        self.end -= by;
        self.goal -= by;
    }

    /// Elements of the tail.
    fn fill(&self) -> usize {
        self.end - trunk(self.end)
    }

    /// Puts the full tail into the tree; at least one more element follows.
    fn push_tail(&mut self, store: &mut Store) -> Result<()> {
        let i = self.end - WIDTH;
        if i == 0 {
            self.root.set(take(&self.tail));
            self.shift = 0;
            return Ok(());
        }
        // As many children as the node on the way to `i` is to have in the end.
        let goal = trunk(self.goal.max(self.end + 1));
        let size = |shift: u32| {
            let first = i >> (shift + BITS) << (shift + BITS);
            ((goal - first - 1) >> shift).min(MASK) + 1
        };
        if i >> (self.shift + BITS) != 0 {
            let above = Cell::new(Word::NIL);
            let node = copy(store, &above, 0..0, 0, size(self.shift + BITS))?;
            if let Some(first) = node.cells().first() {
                first.set(self.root.replace(above.get()));
            }
            self.shift += BITS;
        }
        let (mut slot, mut shift) = (&self.root, self.shift);
        while shift > 0 {
            let node = own(store, slot, size(shift))?;
            let Some(child) = node.cells().get(i >> shift & MASK) else { break };
            slot = child;
            shift -= BITS;
        }
        store.release(slot.replace(take(&self.tail)));
        Ok(())
    }

    /// Appends up to `wanted` elements, all nil, for the caller to write.
    fn open<'a>(&mut self, store: &mut Store, wanted: usize) -> Result<&'a [Cell<Word>]> {
        debug_assert!(self.end < self.goal, "no more is pushed than was promised");
        if self.is_flat {
            let range = self.end..self.goal.min(self.end.saturating_add(wanted));
            self.end = range.end;
            return Ok(self
                .tail
                .get()
                .as_block()
                .and_then(|it| at(it).cells().get(range))
                .unwrap_or(&[]));
        }
        let mut fill = self.fill();
        if fill == WIDTH {
            self.push_tail(store)?;
            fill = 0;
        }
        let tail = match self.tail.get().as_block() {
            Some(block)
                if at(block).extra.get() as usize == fill && fill < at(block).words().len() =>
            {
                if self.lent.is_none() && !at(block).is_unshared() {
                    self.lent = Some((block, fill));
                }
                at(block)
            }
            _ => {
                let left =
                    fill.saturating_add(self.goal.saturating_sub(self.end)).clamp(fill + 1, WIDTH);
                let size = if self.is_new { left } else { WIDTH };
                copy(store, &self.tail, 0..fill, 0, size)?
            }
        };
        let range = fill..tail.words().len().min(fill.saturating_add(wanted));
        // Promised before anybody else can come along (`.list.watermark`).
        tail.extra.set(range.end as u32);
        self.end += range.len();
        Ok(tail.cells().get(range).unwrap_or(&[]))
    }

    /// Elements by now.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// The element at `i`, or nil; the draft keeps it.
    pub fn get(&self, i: usize) -> Word {
        let i = self.start.saturating_add(i);
        let (root, tail) = (self.root.get(), self.tail.get());
        let tree = Tree { root, tail, start: self.start, end: self.end, shift: self.shift };
        if i < self.end { child(tree.leaf(i), i & MASK) } else { Word::NIL }
    }

    /// Appends `count` elements, which `next` gives to the draft one by one; it is told which.
    pub fn extend(
        &mut self,
        store: &mut Store,
        count: usize,
        mut next: impl FnMut(&mut Store, usize) -> Result<Word>,
    ) -> Result<()> {
        let mut done = 0;
        while done < count {
            let cells = self.open(store, count - done)?;
            if cells.is_empty() {
                break;
            }
            for cell in cells {
                cell.set(next(store, done)?);
                done += 1;
            }
        }
        Ok(())
    }

    /// Appends elements, which are the draft's from now on, whatever happens.
    pub fn append(&mut self, store: &mut Store, words: &[Word]) -> Result<()> {
        let mut rest = words;
        while !rest.is_empty() {
            let cells = match self.open(store, rest.len()) {
                Ok(cells) if !cells.is_empty() => cells,
                outcome => {
                    rest.iter().for_each(|word| store.release(*word));
                    return outcome.map(|_| ());
                }
            };
            let (now, later) = rest.split_at_checked(cells.len()).unwrap_or((rest, &[]));
            cells.iter().zip(now).for_each(|(cell, word)| cell.set(*word));
            rest = later;
        }
        Ok(())
    }

    /// Appends an element, which is the draft's from now on, whatever happens.
    pub fn push(&mut self, store: &mut Store, word: Word) -> Result<()> {
        match self.open(store, 1) {
            Ok([cell]) => cell.set(word),
            Ok(_) => store.release(word),
            Err(error) => {
                store.release(word);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Puts an element in the place of another one; it is the draft's from now on, whatever
    /// happens.
    pub fn set(&mut self, store: &mut Store, i: usize, word: Word) -> Result<()> {
        let place = self.place(store, i);
        let old = match &place {
            Ok(Some(cell)) => cell.replace(word),
            _ => word,
        };
        store.release(old);
        place.map(|_| ())
    }

    /// The place of an element, where it may be written.
    fn place<'a>(&self, store: &mut Store, i: usize) -> Result<Option<&'a Cell<Word>>> {
        let i = self.start.saturating_add(i);
        debug_assert!(i < self.end, "it has an element there");
        if i >= self.end {
            return Ok(None);
        }
        if self.is_flat {
            return Ok(self.tail.get().as_block().and_then(|it| at(it).cells().get(i)));
        }
        let leaf = if i >= trunk(self.end) {
            match self.tail.get().as_block().map(at) {
                Some(tail) if tail.is_unshared() => tail,
                _ => {
                    let size = if self.goal > self.end { WIDTH } else { self.fill() };
                    copy(store, &self.tail, 0..self.fill(), 0, size)?
                }
            }
        } else {
            let (mut slot, mut shift) = (&self.root, self.shift);
            while shift > 0 {
                let node = own(store, slot, 0)?;
                let Some(child) = node.cells().get(i >> shift & MASK) else { return Ok(None) };
                slot = child;
                shift -= BITS;
            }
            own(store, slot, 0)?
        };
        Ok(leaf.cells().get(i & MASK))
    }

    /// The list, which the caller counts; on failure it is abandoned.
    pub fn finish(mut self, store: &mut Store) -> Result<NonNull<Block>> {
        debug_assert_eq!(self.end, self.goal, "all was pushed that was promised");
        if self.is_flat
            && let Some(block) = self.tail.get().as_block()
        {
            return Ok(block);
        }
        let with_text = usize::from(!self.text.is_nil());
        let list = match store.make(Kind::List, 4 + with_text, 0) {
            Ok(list) => list,
            Err(error) => return self.failed(store, error),
        };
        let text = core::mem::replace(&mut self.text, Word::NIL);
        let words = [take(&self.root), take(&self.tail), word(self.start), word(self.end), text];
        for (cell, word) in at(list).cells().iter().zip(words) {
            cell.set(word);
        }
        let flags = if with_text == 0 { TREE } else { TREE | TEXT };
        at(list).extra.set(flags | self.shift << SHIFT_AT);
        Ok(list)
    }

    /// Forgets it, and everything that was given to it.
    pub fn abandon(self, store: &mut Store) {
        if let Some((tail, from)) = self.lent {
            let tail = at(tail);
            for cell in tail.cells().iter().skip(from) {
                store.release(take(cell));
            }
            tail.extra.set(from as u32);
        }
        for word in [self.root.get(), self.tail.get(), self.text] {
            store.release(word);
        }
    }
}

/// A list of `count` elements, which `next` gives one by one, with the text it was made from or
/// nil. On failure all that was given is released.
pub fn build(
    store: &mut Store,
    count: usize,
    text: Word,
    next: impl FnMut(&mut Store, usize) -> Result<Word>,
) -> Result<NonNull<Block>> {
    let mut draft = Draft::new(store, count, text)?;
    match draft.extend(store, count, next) {
        Ok(()) => draft.finish(store),
        Err(error) => draft.failed(store, error),
    }
}

/// The list that is `base[keep]` with some elements set, as long as `sets` gives one and says where
/// in the new list, and `more` appended. On failure all that was given is released.
pub fn edit(
    store: &mut Store,
    base: NonNull<Block>,
    keep: Range<usize>,
    mut sets: impl FnMut(&mut Store) -> Result<Option<(usize, Word)>>,
    more: usize,
    next: impl FnMut(&mut Store, usize) -> Result<Word>,
) -> Result<NonNull<Block>> {
    let is_whole = keep.start == 0 && keep.end >= len(base) && more == 0;
    let mut set = sets(store)?;
    if set.is_none() && is_whole && text(base).is_none() {
        store.retain(Word::block(base));
        return Ok(base);
    }
    let draft = Draft::of(store, base, keep, more);
    let mut draft = draft.inspect_err(|_| {
        if let Some((_, word)) = set {
            store.release(word);
        }
    })?;
    let edited = loop {
        let Some((i, word)) = set else { break draft.extend(store, more, next) };
        if let Err(error) = draft.set(store, i, word) {
            break Err(error);
        }
        match sets(store) {
            Ok(next) => set = next,
            Err(error) => break Err(error),
        }
    };
    match edited {
        Ok(()) => draft.finish(store),
        Err(error) => draft.failed(store, error),
    }
}

#[cfg(test)]
mod tests;
