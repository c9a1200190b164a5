//! The index of a large dict: a persistent trie from a key's hash to the entry's position.
//!
//! It is a hash array mapped trie (Bagwell: "Ideal Hash Trees", 2001): a node tells by the bits of
//! a bitmap which of its 32 children there are, and holds only those. Versions of it share nodes.
//! Positions stand in the nodes themselves, so copying a node counts nothing but nodes.
//!
//! Invariants:
//! - `.trie.node`: a node's `extra` is its bitmap, by five bits of the hash; its first words are
//!   the children, in the order of the bits, and the words behind them nil. No root: an empty trie.
//! - `.trie.leaf`: a child that is a number is a position and its whole hash.
//! - `.trie.same`: what is told apart by no bit of its hash stands in a node below the seventh,
//!   whose `extra` is the number of its leaves.
//! - `.trie.one`: a node other than the root that would be left with one leaf is replaced by it.
//!
//! It does not know keys: who asks compares them.

use core::cell::Cell;
use core::ptr::NonNull;

use super::store::{Block, Kind, Store, at};
use super::word::{Is, Word};
use crate::base::{Result, fail};

const BITS: u32 = 5;
/// The shift of the seventh node, the last that has a bitmap.
const LAST: u32 = 30;
/// Nodes on the longest way.
const DEEPEST: usize = 8;
/// Positions there are: what fits into a word together with a hash.
const POSITIONS: usize = 1 << 29;

fn leaf(hash: u32, position: usize) -> Result<Word> {
    match Word::int((position as i64) << 32 | i64::from(hash)) {
        Some(leaf) if position < POSITIONS => Ok(leaf),
        _ => fail!(LIFECYCLE_E_TOO_BIG, "a kept dict has at most {POSITIONS} entries"),
    }
}

/// Where a hash stands in a node, or is to stand, and its bit, 0 in the last node of all.
fn place(node: &Block, hash: u32, shift: u32) -> (usize, u32) {
    if shift > LAST {
        return (0, 0);
    }
    let bit = 1 << (hash >> shift & 31);
    ((node.extra.get() & (bit - 1)).count_ones() as usize, bit)
}

/// How many children a node has.
fn used(node: &Block, shift: u32) -> usize {
    let extra = node.extra.get();
    if shift > LAST { extra as usize } else { extra.count_ones() as usize }
}

/// The position under a hash that `is` the wanted one.
pub fn find(root: Word, hash: u32, mut is: impl FnMut(usize) -> bool) -> Option<usize> {
    let mut check = |word: &Word| match word.is() {
        Is::Int(leaf) if leaf as u32 == hash => Some((leaf >> 32) as usize).filter(|it| is(*it)),
        _ => None,
    };
    let mut node = at(root.as_block()?);
    let mut shift = 0;
    while shift <= LAST {
        let (i, bit) = place(node, hash, shift);
        if node.extra.get() & bit == 0 {
            return None;
        }
        let child = node.words().get(i)?;
        let Some(below) = child.as_block() else { return check(child) };
        node = at(below);
        shift += BITS;
    }
    node.words().iter().find_map(check)
}

/// Makes the node in a slot the caller's own, with room for some more children.
fn own<'a>(
    store: &mut Store,
    slot: &Cell<Word>,
    node: NonNull<Block>,
    shift: u32,
    more: usize,
) -> Result<&'a Block> {
    let old = at(node);
    let used = used(old, shift);
    if old.is_unshared() && old.words().len() >= used + more {
        return Ok(old);
    }
    // Blocks come in steps of two words.
    let new = store.make(Kind::Part, (used + more).next_multiple_of(2), 0)?;
    for (cell, word) in at(new).cells().iter().zip(old.words().iter().take(used)) {
        store.retain(*word);
        cell.set(*word);
    }
    at(new).extra.set(old.extra.get());
    store.release(slot.replace(Word::block(new)));
    Ok(at(new))
}

/// Adds a position that is not in the trie.
pub fn insert(store: &mut Store, root: &Cell<Word>, hash: u32, position: usize) -> Result<()> {
    let leaf = leaf(hash, position)?;
    if root.get().is_nil() {
        root.set(Word::block(store.make(Kind::Part, 2, 0)?));
    }
    let (mut slot, mut shift) = (root, 0);
    while let Some(node) = slot.get().as_block() {
        let (i, bit) = place(at(node), hash, shift);
        let extra = at(node).extra.get();
        if shift > LAST || extra & bit == 0 {
            let count = used(at(node), shift);
            let node = own(store, slot, node, shift, 1)?;
            let mut moved = leaf;
            for cell in node.cells().get(i..=count).unwrap_or(&[]) {
                moved = cell.replace(moved);
            }
            node.extra.set(if shift > LAST { extra + 1 } else { extra | bit });
            break;
        }
        let node = own(store, slot, node, shift, 0)?;
        let Some(child) = node.cells().get(i) else { break };
        shift += BITS;
        if let Is::Int(other) = child.get().is() {
            let below = store.make(Kind::Part, 2, 0)?;
            let (_, bit) = place(at(below), other as u32, shift);
            at(below).extra.set(bit.max(1));
            if let Some(first) = at(below).cells().first() {
                first.set(child.replace(Word::block(below)));
            }
        }
        slot = child;
    }
    Ok(())
}

/// Takes a position out, if it is in.
pub fn remove(store: &mut Store, root: &Cell<Word>, hash: u32, position: usize) -> Result<()> {
    let leaf = leaf(hash, position)?;
    let mut way: [Option<(&Cell<Word>, &Block, usize)>; DEEPEST] = [None; DEEPEST];
    let (mut slot, mut shift) = (root, 0);
    for step in &mut way {
        let Some(node) = slot.get().as_block() else { break };
        let node = own(store, slot, node, shift, 0)?;
        let i = match place(node, hash, shift) {
            (_, 0) => node.words().iter().position(|word| *word == leaf),
            (i, bit) => Some(i).filter(|_| node.extra.get() & bit != 0),
        };
        let Some((i, child)) = i.and_then(|i| Some((i, node.cells().get(i)?))) else {
            return Ok(());
        };
        *step = Some((slot, node, i));
        slot = child;
        shift += BITS;
    }
    if slot.get() != leaf {
        return Ok(());
    }
    let mut is_out = false;
    for (depth, step) in way.iter().enumerate().rev() {
        let Some((slot, node, i)) = *step else { continue };
        let shift = depth as u32 * BITS;
        let left = if is_out { used(node, shift) } else { take_out(node, hash, shift, i) };
        is_out = true;
        match node.words().first() {
            // `.trie.one`: what is left stands in the node's place, maybe alone there too.
            Some(only) if left == 1 && depth > 0 && only.as_block().is_none() => {
                store.release(slot.replace(*only));
            }
            _ if left > 0 => break,
            // Only the root can be left with nothing (`.trie.one`).
            _ => store.release(slot.replace(Word::NIL)),
        }
    }
    Ok(())
}

/// Takes a child out of a node that is the caller's own; says how many are left.
fn take_out(node: &Block, hash: u32, shift: u32, i: usize) -> usize {
    let count = used(node, shift);
    let mut moved = Word::NIL;
    for cell in node.cells().get(i..count).unwrap_or(&[]).iter().rev() {
        moved = cell.replace(moved);
    }
    let extra = node.extra.get();
    let (_, bit) = place(node, hash, shift);
    node.extra.set(if shift > LAST { extra - 1 } else { extra & !bit });
    count - 1
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::base::failing::Failing;
    use proptest::prelude::*;

    /// Hashes of which many are the same, in their lowest bits or as a whole.
    fn hash() -> impl Strategy<Value = u32> {
        let low = prop_oneof![Just(0u32), Just(0x3fff_ffff), 0u32..70, any::<u32>()];
        (low, 0u32..4).prop_map(|(low, high)| low | high << LAST)
    }

    /// Checks a node's shape and collects its leaves.
    pub fn check(word: Word, shift: u32, leaves: &mut Vec<(u32, usize)>) {
        let Some(node) = word.as_block().map(at) else { return };
        let (children, spare) = node.words().split_at(used(node, shift));
        assert!(spare.iter().all(|word| word.is_nil()), ".trie.node");
        let is_leaf = |word: &Word| word.as_block().is_none();
        assert!(shift == 0 || children.len() > 1 || !children.iter().all(is_leaf), ".trie.one");
        for child in children {
            match child.is() {
                Is::Int(leaf) => leaves.push((leaf as u32, (leaf >> 32) as usize)),
                _ => check(*child, shift + BITS, leaves),
            }
        }
    }

    proptest! {
        #[test]
        fn versions_stay_what_they_were(
            steps in prop::collection::vec((hash(), any::<usize>(), 0..8u8), 1..200),
            is_watched: bool,
        ) {
            let failing = Failing::new();
            let mut store = Store::new(failing.host(), usize::MAX, is_watched);
            let root = Cell::new(Word::NIL);
            let mut there: Vec<(u32, usize)> = Vec::new();
            let mut versions = Vec::new();
            for (next, (hash, pick, what)) in steps.into_iter().enumerate() {
                if what < 3 && !there.is_empty() {
                    let (hash, position) = there.swap_remove(pick % there.len());
                    prop_assert!(remove(&mut store, &root, hash, position).is_ok());
                    prop_assert!(remove(&mut store, &root, hash, position).is_ok());
                } else {
                    prop_assert!(insert(&mut store, &root, hash, next).is_ok());
                    there.push((hash, next));
                }
                if what % 2 == 0 {
                    store.retain(root.get());
                    versions.push((root.get(), there.clone()));
                }
            }
            versions.push((root.get(), there));
            for (root, mut there) in versions {
                let mut leaves = Vec::new();
                check(root, 0, &mut leaves);
                leaves.sort_unstable();
                there.sort_unstable();
                prop_assert_eq!(&leaves, &there);
                for (hash, position) in there {
                    prop_assert_eq!(find(root, hash, |it| it == position), Some(position));
                    prop_assert_eq!(find(root, hash, |_| false), None);
                }
                store.release(root);
            }
            prop_assert_eq!((store.live(), store.bytes()), (0, 0));
            store.empty_pool();
        }
    }

    #[test]
    fn positions_end_where_a_word_does() {
        let failing = Failing::new();
        let mut store = Store::new(failing.host(), usize::MAX, false);
        let root = Cell::new(Word::NIL);
        assert!(insert(&mut store, &root, u32::MAX, POSITIONS - 1).is_ok());
        assert_eq!(find(root.get(), u32::MAX, |_| true), Some(POSITIONS - 1));
        assert!(insert(&mut store, &root, 1, POSITIONS).is_err());
        store.release(root.get());
        assert_eq!(store.live(), 0);
        store.empty_pool();
    }
}
