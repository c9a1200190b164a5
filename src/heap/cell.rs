//! Reading cells, as the inline functions of the header do.

use crate::abi::*;

/// The payload: an index, mostly.
#[inline]
pub const fn index(cell: lifecycle_cell) -> u64 {
    cell >> 3
}

/// The tag.
#[inline]
pub const fn tag(cell: lifecycle_cell) -> u64 {
    cell & 7
}

/// Whether a cell refers to others.
#[inline]
pub const fn is_pointer(cell: lifecycle_cell) -> bool {
    tag(cell) <= LIFECYCLE_TAG_LIS
}

/// An unbound variable at an index, or a reference to what is there.
#[inline]
pub const fn reference(index: u64) -> lifecycle_cell {
    index << 3 | LIFECYCLE_TAG_REF
}

/// A blob's or structure's reference.
#[inline]
pub const fn structure(index: u64) -> lifecycle_cell {
    index << 3 | LIFECYCLE_TAG_STR
}

/// Arguments of a structure's header. The field has room for more than LIFECYCLE_ARITY_MAX.
#[inline]
pub const fn arity(header: lifecycle_cell) -> u64 {
    header >> 3 & 0x1f_ffff
}

/// A blob's header.
#[inline]
pub const fn blob(bytes: u64) -> lifecycle_cell {
    bytes << 3 | LIFECYCLE_TAG_BLOB
}

/// Words behind a blob's header.
#[inline]
pub const fn blob_words(header: lifecycle_cell) -> u64 {
    index(header).div_ceil(8)
}

/// What reclaimed cells are filled with in stress mode: no reference, and easily seen.
pub const RECLAIMED: lifecycle_cell = 0xdead << 3 | LIFECYCLE_TAG_HOST;

const _: () = {
    assert!(LIFECYCLE_TAG_REF == 0 && LIFECYCLE_TAG_STR == 1 && LIFECYCLE_TAG_LIS == 2);
    assert!(arity(LIFECYCLE_ARITY_MAX << 3 | LIFECYCLE_TAG_FUN) == LIFECYCLE_ARITY_MAX);
};
