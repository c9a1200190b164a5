//! Releasing values of the Simple runtime, deeply, each block once.
//!
//! A value is a tree until somebody shares a string, or puts an array into itself. Walking and
//! freeing at the same time then frees twice, and recursion ends where the stack does. So there are
//! two phases. The first walks everything and puts every distinct block into a set, freeing
//! nothing; the list of blocks is also the queue of what is still to be walked, so depth costs
//! nothing. The second frees the list. If the set cannot grow, nothing has been freed.
//!
//! Invariants:
//! - `.spl.once`: a block is in `blocks` exactly if its address is in `seen`, and once.
//! - `.spl.whole`: the first phase only reads. Everything it reaches is allocated, by the word of
//!   the caller, until the second phase, which reads nothing any more.
//!
//! What it does not do: no values are made here, and a tag that the runtime does not have is left
//! alone, for nobody knows what it owns.

#[cfg(test)]
mod tests;
mod value;

use core::ffi::c_void;

pub use value::SplValue;
use value::{ARRAY, DICT, STRING, SplArray, SplDict};

use crate::base::{Error, Host, Index, List, ListExt, Result};
use crate::shim;

/// Frees one block.
type Free = unsafe fn(*mut c_void);

/// What a block holds.
#[derive(Clone, Copy)]
enum Kind {
    /// A text, or places that were walked with their array or dictionary.
    Leaf,
    Array,
    Dict,
}

#[derive(Clone, Copy)]
struct Block {
    at: *mut c_void,
    kind: Kind,
}

/// Every block reached so far.
struct Reached {
    /// Their addresses.
    seen: Index,
    blocks: List<Block>,
}

/// Spreads an address over all bits: the low ones say little, since blocks are aligned.
fn spread(address: u64) -> u64 {
    let product = address.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ (product >> 32)
}

/// A length or capacity as the runtime keeps it; what is negative is none.
fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

impl Reached {
    fn new(host: Host) -> Self {
        Reached { seen: Index::new(host, 0), blocks: List::new_in(host) }
    }

    /// Notes a block, unless it is known (or NULL).
    fn note(&mut self, at: *mut c_void, kind: Kind) -> Result<()> {
        let address = at as u64;
        let hash = spread(address);
        if at.is_null() || self.seen.find(hash, |known| known == address).is_some() {
            return Ok(());
        }
        let room = self.seen.make_room();
        room.map_err(|_| Error::no_memory("the set of blocks; no value was freed"))?;
        self.blocks.try_push(Block { at, kind })?;
        self.seen.insert(hash, address)
    }

    /// Notes what a value owns.
    fn note_value(&mut self, value: SplValue) -> Result<()> {
        let (at, kind) = match value.tag {
            // SAFETY: `.spl.mirror` - the tag tells which field is set.
            STRING => (unsafe { value.data.string }.cast(), Kind::Leaf),
            // SAFETY: as above.
            ARRAY => (unsafe { value.data.array }.cast(), Kind::Array),
            // SAFETY: as above.
            DICT => (unsafe { value.data.dict }.cast(), Kind::Dict),
            _ => return Ok(()),
        };
        self.note(at, kind)
    }

    /// Walks everything noted, noting what it meets.
    ///
    /// # Safety
    /// `.spl.whole`.
    unsafe fn walk(&mut self) -> Result<()> {
        let mut next = 0;
        while let Some(Block { at, kind }) = self.blocks.get(next).copied() {
            next += 1;
            match kind {
                Kind::Leaf => {}
                // SAFETY: `.spl.whole`, `.spl.mirror` - it was noted as an array.
                Kind::Array => unsafe { self.walk_array(at.cast()) }?,
                // SAFETY: `.spl.whole`, `.spl.mirror` - it was noted as a dictionary.
                Kind::Dict => unsafe { self.walk_dict(at.cast()) }?,
            }
        }
        Ok(())
    }

    /// # Safety
    /// `.spl.whole`; the array is one.
    unsafe fn walk_array(&mut self, array: *const SplArray) -> Result<()> {
        // SAFETY: the caller's word.
        let SplArray { items, len, .. } = unsafe { array.read() };
        if items.is_null() {
            return Ok(());
        }
        self.note(items.cast(), Kind::Leaf)?;
        for index in 0..count(len) {
            // SAFETY: `.spl.mirror` - there are `len` items.
            self.note_value(unsafe { items.add(index).read() })?;
        }
        Ok(())
    }

    /// # Safety
    /// `.spl.whole`; the dictionary is one.
    unsafe fn walk_dict(&mut self, dict: *const SplDict) -> Result<()> {
        // SAFETY: the caller's word.
        let SplDict { entries, cap, .. } = unsafe { dict.read() };
        if entries.is_null() {
            return Ok(());
        }
        self.note(entries.cast(), Kind::Leaf)?;
        for index in 0..count(cap) {
            // SAFETY: `.spl.mirror` - there are `cap` entries.
            let entry = unsafe { entries.add(index).read() };
            if entry.occupied == 1 {
                self.note(entry.key.cast(), Kind::Leaf)?;
                self.note_value(entry.value)?;
            }
        }
        Ok(())
    }
}

/// Frees what `number` values own and makes them NIL. E_NOMEM frees nothing and leaves them as they
/// are.
///
/// # Safety
/// `values` is NULL or points at as many values, made by the runtime; nobody else uses them, or
/// anything they reach, any more.
pub unsafe fn free_values(values: *mut SplValue, number: i64) -> Result<()> {
    // SAFETY: the caller's word.
    unsafe { free_values_with(values, number, Host::libc(), shim::spl_free) }
}

/// As `free_values`, with the set in a given host's memory and blocks freed by a given function.
///
/// # Safety
/// As `free_values`, and `free` takes the runtime's blocks.
unsafe fn free_values_with(
    values: *mut SplValue,
    number: i64,
    host: Host,
    free: Free,
) -> Result<()> {
    let number = if values.is_null() { 0 } else { count(number) };
    let mut reached = Reached::new(host);
    // A text alone, or none but scalars, can share nothing: then there is no set.
    let mut alone = None;
    let mut is_simple = true;
    for index in 0..number {
        // SAFETY: the caller's word.
        let value = unsafe { values.add(index).read() };
        if matches!(value.tag, STRING | ARRAY | DICT) {
            is_simple = is_simple && alone.is_none() && value.tag == STRING;
            alone = Some(value);
        }
    }
    if !is_simple {
        for index in 0..number {
            // SAFETY: the caller's word.
            reached.note_value(unsafe { values.add(index).read() })?;
        }
        // SAFETY: the caller's word is `.spl.whole`.
        unsafe { reached.walk() }?;
    }
    // Before anything is freed: the values may lie in one of the blocks.
    for index in 0..number {
        // SAFETY: the caller's word.
        let value = unsafe { &mut *values.add(index) };
        if (value::NIL..=DICT).contains(&value.tag) {
            *value = SplValue::NIL;
        }
    }
    if let (true, Some(text)) = (is_simple, alone) {
        // SAFETY: `.spl.mirror` - it is a text.
        let at = unsafe { text.data.string };
        if !at.is_null() {
            // SAFETY: the caller's word; no other value owns anything.
            unsafe { free(at.cast()) };
        }
    }
    for block in &reached.blocks {
        // SAFETY: `.spl.once` - each block is freed once, and `.spl.whole` is over.
        unsafe { free(block.at) };
    }
    Ok(())
}
