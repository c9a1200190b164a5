//! Private mirrors of the Simple runtime's values.
//!
//! The runtime defines these types itself and beside us; the header only names them. They are
//! written down here once more, field by field, because this room walks them.
//!
//! Invariants:
//! - `.spl.mirror`: each is laid out as the runtime's own: an `int` tag, then 8 bytes.

use core::ffi::{c_char, c_int};

/// Nothing; what a freed slot becomes.
pub(super) const NIL: c_int = 0;
/// A text.
pub(super) const STRING: c_int = 4;
/// An array.
pub(super) const ARRAY: c_int = 5;
/// A dictionary.
pub(super) const DICT: c_int = 6;

/// What a value holds; the tag tells which.
#[repr(C)]
#[derive(Clone, Copy)]
pub union SplData {
    /// BOOL, INT.
    pub integer: i64,
    /// FLOAT.
    pub real: f64,
    /// STRING.
    pub string: *mut c_char,
    /// ARRAY.
    pub array: *mut SplArray,
    /// DICT.
    pub dict: *mut SplDict,
}

/// A value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SplValue {
    /// NIL, BOOL, INT, FLOAT, STRING, ARRAY, DICT: 0 to 6.
    pub tag: c_int,
    /// What it holds.
    pub data: SplData,
}

/// An array: two blocks, this one and the items.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SplArray {
    /// `cap` places, the first `len` of them in use; may be NULL.
    pub items: *mut SplValue,
    /// Items.
    pub len: i64,
    /// Places.
    pub cap: i64,
}

/// A place of a dictionary.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SplDictEntry {
    /// The key's text.
    pub key: *mut c_char,
    /// The value.
    pub value: SplValue,
    /// Of the key.
    pub hash: u64,
    /// 1 in use, 0 empty, -1 tombstone: only the first owns a key and a value.
    pub occupied: c_int,
}

/// A dictionary: two blocks, this one and the entries.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SplDict {
    /// `cap` places; may be NULL.
    pub entries: *mut SplDictEntry,
    /// Places, a power of two.
    pub cap: i64,
    /// Entries in use.
    pub len: i64,
    /// Entries that were removed and are skipped over.
    pub tombstones: i64,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<SplValue>() == 16 && offset_of!(SplValue, data) == 8);
    assert!(size_of::<SplArray>() == 24 && offset_of!(SplArray, cap) == 16);
    assert!(size_of::<SplDictEntry>() == 40 && offset_of!(SplDictEntry, occupied) == 32);
    assert!(size_of::<SplDict>() == 32 && offset_of!(SplDict, tombstones) == 24);
};

impl SplValue {
    /// Nothing.
    pub const NIL: SplValue = SplValue { tag: NIL, data: SplData { integer: 0 } };
}
