//! A word: what an element of a list, a variable or a key is, in eight bytes.
//!
//! Most numbers fit into the word itself, so that a list of numbers is one block of memory and
//! keeping a number takes none. The lowest two bits tell what a word is:
//!
//! | bits | what | the rest |
//! |---|---|---|
//! | 00 | a block of a persistent value | its address; 0 is nothing |
//! | 01 | an integer of 62 bits | two's complement |
//! | 10 | a double | rotated, so that its exponent's top bits make room (Ruby's "flonum") |
//! | 11 | a scratch value | its position in the table of handles |
//!
//! Invariant `.word.scratch`: a word of the last kind stands in scratch memory only; nothing
//! persistent holds one.

use core::ptr::NonNull;

use super::store::Block;

/// One element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Word(u64);

/// What a word is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Is {
    /// Nothing.
    Nil,
    /// A block: a number that does not fit, a text, a list, a dict, a foreign thing, or a part of
    /// one.
    Block(NonNull<Block>),
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// The scratch value at a position.
    Slot(usize),
}

const BLOCK: u64 = 0;
const INT: u64 = 1;
const DOUBLE: u64 = 2;
const SLOT: u64 = 3;
const TAG: u64 = 3;
/// 0.0, which the rotation has no place for.
const ZERO: u64 = 0x8000_0000_0000_0002;
/// The one double in range whose word would be ZERO.
const LIKE_ZERO: u64 = 0x3000_0000_0000_0000;

impl Word {
    /// Nothing.
    pub const NIL: Word = Word(BLOCK);

    /// A block.
    pub fn block(block: NonNull<Block>) -> Word {
        Word(block.as_ptr() as u64)
    }

    /// An integer, if it fits.
    pub const fn int(value: i64) -> Option<Word> {
        if (value << 2) >> 2 == value { Some(Word((value as u64) << 2 | INT)) } else { None }
    }

    /// A double, if it fits: 0.0, and what lies between 2 * 10^-77 and 10^77, with either sign.
    pub fn double(value: f64) -> Option<Word> {
        let bits = value.to_bits();
        let top = bits >> 60 & 7;
        if bits != LIKE_ZERO && (top == 3 || top == 4) {
            Some(Word(bits.rotate_left(3) & !TAG | DOUBLE))
        } else if bits == 0 {
            Some(Word(ZERO))
        } else {
            None
        }
    }

    /// A scratch value.
    pub fn slot(position: usize) -> Word {
        Word((position as u64) << 2 | SLOT)
    }

    /// A word from the pointer that C has for a value (`lifecycle_value`).
    pub fn from_c<T>(value: *const T) -> Word {
        Word(value as u64)
    }

    /// The pointer that C gets for a value.
    pub fn to_c<T>(self) -> *mut T {
        self.0 as *mut T
    }

    /// Whether it is nothing.
    pub fn is_nil(self) -> bool {
        self == Word::NIL
    }

    /// What it is.
    pub fn is(self) -> Is {
        match self.0 & TAG {
            INT => Is::Int(self.0 as i64 >> 2),
            DOUBLE if self.0 == ZERO => Is::Double(0.0),
            DOUBLE => {
                let sign = self.0 >> 63;
                Is::Double(f64::from_bits(((2 - sign) | self.0 & !TAG).rotate_right(3)))
            }
            SLOT => Is::Slot((self.0 >> 2) as usize),
            _ => NonNull::new(self.0 as *mut Block).map_or(Is::Nil, Is::Block),
        }
    }

    /// The block, if it is one.
    pub fn as_block(self) -> Option<NonNull<Block>> {
        if self.0 & TAG == BLOCK { NonNull::new(self.0 as *mut Block) } else { None }
    }

    /// The position, if it is a scratch value.
    pub fn as_slot(self) -> Option<usize> {
        if self.0 & TAG == SLOT { Some((self.0 >> 2) as usize) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_reads_back(bits: u64) {
            let double = f64::from_bits(bits);
            if let Some(word) = Word::double(double) {
                let Is::Double(back) = word.is() else { unreachable!("{word:?}") };
                prop_assert_eq!(back.to_bits(), bits);
            }
            let int = bits as i64;
            match Word::int(int) {
                Some(word) => prop_assert_eq!(word.is(), Is::Int(int)),
                None => prop_assert!(!(-(1 << 61)..1 << 61).contains(&int)),
            }
        }
    }

    #[test]
    fn everyday_doubles_fit() {
        for double in [0.0, 1.0, -1.0, 0.1, 2e-77, 1e77, -3.25e50, 1e-9, f64::from(i32::MAX)] {
            let Some(word) = Word::double(double) else { unreachable!("{double}") };
            assert_eq!(word.is(), Is::Double(double));
            assert!(word.as_block().is_none() && word.as_slot().is_none());
        }
        for double in [-0.0, 1e300, 1e-300, f64::NAN, f64::INFINITY, f64::from_bits(LIKE_ZERO)] {
            assert!(Word::double(double).is_none(), "{double}");
        }
        assert_eq!(Word::slot(7).is(), Is::Slot(7));
        assert!(Word::NIL.is_nil());
    }
}
