//! Tables of frames: what is made of good ones, and that bad ones are refused.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use proptest::prelude::*;

use super::table::rewrite;
use crate::abi::lifecycle_status::{
    LIFECYCLE_E_FORMAT, LIFECYCLE_E_RANGE, LIFECYCLE_E_UNSUPPORTED,
};
use crate::base::{Host, List, Result, last_sentence};

const ADDRESS: usize = 0x7f12_3456_7890;
const LEN: usize = 64;

/// A record with its length.
fn record(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A CIE whose FDEs write addresses as `encoding`.
fn cie(encoding: u8) -> Vec<u8> {
    // Version 1, "zR", factors 1 and -8, return address in 16; cfa rsp+8, ra at cfa-8.
    let mut body = vec![0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, encoding];
    body.extend_from_slice(&[0x0c, 7, 8, 0x90, 1]);
    record(&body)
}

/// An FDE at `at` in its table, whose CIE is the first record.
fn fde(at: usize, from: &[u8], size: &[u8]) -> Vec<u8> {
    let mut body = (at as u32 + 4).to_le_bytes().to_vec();
    body.extend_from_slice(from);
    body.extend_from_slice(size);
    body.extend_from_slice(&[0, 0x41, 0x0e, 16]);
    record(&body)
}

fn one_frame(encoding: u8, from: &[u8], size: &[u8]) -> Vec<u8> {
    let mut table = cie(encoding);
    table.extend(fde(table.len(), from, size));
    table
}

fn made(table: &[u8]) -> Result<List<u8>> {
    rewrite(Host::libc(), table, ADDRESS, LEN)
}

/// Address and size of each FDE of a table that was made; panics if it is not well-formed.
fn frames(table: &[u8]) -> Vec<(u64, u64)> {
    let word = |at: usize| u32::from_le_bytes(*table[at..].first_chunk().unwrap()) as usize;
    let long = |at: usize| u64::from_le_bytes(*table[at..].first_chunk().unwrap());
    let (mut at, mut found) = (0, Vec::new());
    while word(at) != 0 {
        assert_eq!((at % 8, (word(at) + 4) % 8), (0, 0));
        if word(at + 4) != 0 {
            let cie = at + 4 - word(at + 4);
            assert_eq!(word(cie + 4), 0, "not a CIE");
            found.push((long(at + 8), long(at + 16)));
        }
        at += 4 + word(at);
    }
    assert_eq!(at + 4, table.len());
    found
}

#[test]
fn every_way_to_write_an_address_becomes_an_absolute_one() {
    let frame = [(ADDRESS as u64 + 16, 32)];
    for (encoding, bytes) in
        [(0x00, 8), (0x10, 8), (0x02, 2), (0x03, 4), (0x04, 8), (0x0a, 2), (0x0b, 4), (0x0c, 8)]
    {
        for relative in [0, 0x10] {
            let (from, size) = (&16u64.to_le_bytes()[..bytes], &32u64.to_le_bytes()[..bytes]);
            let table = made(&one_frame(encoding | relative, from, size)).unwrap();
            assert_eq!(frames(&table), frame);
        }
    }
    // A CIE that does not say means eight absolute bytes.
    let mut plain = record(&[0, 0, 0, 0, 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1]);
    plain.extend(fde(plain.len(), &16u64.to_le_bytes(), &32u64.to_le_bytes()));
    assert_eq!(frames(&made(&plain).unwrap()), frame);
}

#[test]
fn records_keep_their_order_and_their_cies() {
    let mut table = cie(0x1b);
    for from in [0u32, 16, 32] {
        table.extend(fde(table.len(), &from.to_le_bytes(), &16u32.to_le_bytes()));
    }
    let second = table.len();
    table.extend(cie(0x00));
    let at = table.len();
    let mut last = fde(at, &48u64.to_le_bytes(), &16u64.to_le_bytes());
    last[4..8].copy_from_slice(&((at + 4 - second) as u32).to_le_bytes());
    table.extend(last);
    // One about nothing is left out; an end is taken with or without zeros behind it.
    table.extend(fde(table.len(), &7u32.to_le_bytes(), &0u32.to_le_bytes()));
    for end in [0, 4, 12] {
        let mut ended = table.clone();
        ended.resize(table.len() + end, 0);
        let frames = frames(&made(&ended).unwrap());
        let want = [0, 16, 32, 48].map(|from| (ADDRESS as u64 + from, 16));
        assert_eq!(frames, want);
    }
}

#[test]
fn a_language_s_pointers_are_left_alone() {
    let personality = 0x1122_3344_5566_7788u64.to_le_bytes();
    let mut body = vec![0, 0, 0, 0, 3];
    body.extend_from_slice(b"zPLR\0");
    body.extend_from_slice(&[1, 0x78, 16, 11, 0x00]);
    body.extend_from_slice(&personality);
    body.extend_from_slice(&[0x00, 0x1b, 0x0c, 7, 8]);
    let given = record(&body);
    let lsda = 0x99aa_bbcc_ddee_ff00u64.to_le_bytes();
    let mut entry = (given.len() as u32 + 4).to_le_bytes().to_vec();
    entry.extend_from_slice(&[0, 0, 0, 0, 64, 0, 0, 0, 8]);
    entry.extend_from_slice(&lsda);
    let mut table = given.clone();
    table.extend(record(&entry));
    let made = made(&table).unwrap();
    let holds = |bytes: &[u8]| made.windows(8).filter(|window| *window == bytes).count();
    assert_eq!(
        (frames(&made), holds(&personality), holds(&lsda)),
        (vec![(ADDRESS as u64, 64)], 1, 1)
    );
}

#[test]
fn what_is_wrong_is_named() {
    let (from, size) = (0u32.to_le_bytes(), 16u32.to_le_bytes());
    let good = one_frame(0x1b, &from, &size);
    let refused = |table: &[u8], status, part: &str| {
        assert_eq!(made(table).unwrap_err().0, status, "{part}");
        assert!(last_sentence().contains(part), "{} lacks {part}", last_sentence());
    };
    for cut in 1..good.len() {
        if cut != cie(0).len() {
            refused(&good[..cut], LIFECYCLE_E_FORMAT, "record");
        }
    }
    refused(&[], LIFECYCLE_E_FORMAT, "no frame");
    refused(&[0; 8], LIFECYCLE_E_FORMAT, "no frame");
    refused(&cie(0x1b), LIFECYCLE_E_FORMAT, "no frame");
    refused(&fde(0, &from, &size), LIFECYCLE_E_FORMAT, "record 1 at offset 0: its CIE");
    let mut more = good.clone();
    more.extend_from_slice(&[0, 0, 0, 0, 1]);
    refused(&more, LIFECYCLE_E_FORMAT, "more follows");
    refused(&[0xff; 16], LIFECYCLE_E_UNSUPPORTED, "64 bits");
    for encoding in [0x01, 0x09, 0x05, 0x2b, 0x3b, 0x4b, 0x50, 0x9b, 0xff] {
        let table = one_frame(encoding, &from, &size);
        refused(&table, LIFECYCLE_E_UNSUPPORTED, "record 1 at offset 0: addresses");
    }
    for (from, size) in [(0, 65), (64, 1), (-1, 2), (0, -1), (i32::MIN, i32::MAX)] {
        let table = one_frame(0x1b, &i32::to_le_bytes(from), &i32::to_le_bytes(size));
        refused(&table, LIFECYCLE_E_RANGE, "record 2 at offset");
    }
    let language = |text: &[u8], data: &[u8]| {
        let mut body = vec![0, 0, 0, 0, 1];
        body.extend_from_slice(text);
        body.extend_from_slice(&[0, 1, 0x78, 16, data.len() as u8]);
        body.extend_from_slice(data);
        record(&body)
    };
    refused(&language(b"zP", &[0x1b, 0, 0, 0, 0]), LIFECYCLE_E_UNSUPPORTED, "language");
    refused(&language(b"zL", &[0x9b]), LIFECYCLE_E_UNSUPPORTED, "language");
    refused(&language(b"zX", &[]), LIFECYCLE_E_UNSUPPORTED, "augmentation");
    refused(&language(b"eh", &[]), LIFECYCLE_E_UNSUPPORTED, "augmentation");
    refused(&language(b"zP", &[0, 1, 2]), LIFECYCLE_E_FORMAT, "in the middle");
}

proptest! {
    /// Whatever the bytes: refused, or a well-formed table about bytes of the code.
    #[test]
    fn no_input_is_followed_outside_itself(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        encoding in prop::sample::select(vec![0x00u8, 0x03, 0x0b, 0x1b, 0x1c]),
    ) {
        let mut near = one_frame(encoding, &[16, 0, 0, 0, 0, 0, 0, 0], &[32, 0, 0, 0, 0, 0, 0, 0]);
        for (at, value) in changes {
            let at = at.index(near.len());
            near[at] = value;
        }
        for table in [bytes, near] {
            if let Ok(made) = made(&table) {
                for (from, size) in frames(&made) {
                    prop_assert!(from >= ADDRESS as u64 && size > 0);
                    prop_assert!(from + size <= (ADDRESS + LEN) as u64);
                }
            }
        }
    }
}
