//! The SMF reader: what it reads, and that it refuses everything else in a sentence that names the
//! field.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use proptest::prelude::*;

use super::smf::{header, section};
use crate::abi::lifecycle_status::{self, *};
use crate::abi::{LIFECYCLE_SMF_TEMPLATE_CODE, LIFECYCLE_SMF_TEMPLATE_METADATA};
use crate::base::{Result, last_sentence};

/// A file: stub, two code sections and one of metadata, a section table, three symbols, the
/// trailer.
fn sample() -> Vec<u8> {
    let mut file = b"#!stub--first codesecond codemetadata...".to_vec();
    let table = file.len() as u64;
    for (kind, offset, size) in [(12u32, 8u64, 10u64), (13, 29, 11), (12, 18, 11), (7, 0, 0)] {
        let mut entry = [0u8; 64];
        entry[0..4].copy_from_slice(&0xFFFF_FFFFu32.to_le_bytes());
        entry[8..12].copy_from_slice(&kind.to_le_bytes());
        entry[16..24].copy_from_slice(&offset.to_le_bytes());
        entry[24..32].copy_from_slice(&size.to_le_bytes());
        file.extend(entry);
    }
    let symbols = file.len() as u64;
    file.extend(b"abc");
    let mut trailer = b"SMF\0".to_vec();
    trailer.extend([1, 2, 3, 4]);
    trailer.extend(0x0506_0708u32.to_le_bytes());
    trailer.extend(4u32.to_le_bytes());
    trailer.extend(table.to_le_bytes());
    trailer.extend(3u32.to_le_bytes());
    trailer.extend(symbols.to_le_bytes());
    trailer.extend(2u32.to_le_bytes());
    trailer.extend(0x1122_3344_5566_7788u64.to_le_bytes());
    trailer.extend(0u32.to_le_bytes());
    trailer.extend(8u64.to_le_bytes());
    trailer.extend(9u64.to_le_bytes());
    assert_eq!(trailer.len(), 68);
    trailer.resize(128, 0xEE);
    file.extend(trailer);
    file
}

/// The sample with bytes of its trailer replaced.
fn with<const N: usize>(at: usize, bytes: [u8; N]) -> Vec<u8> {
    let mut file = sample();
    let trailer = file.len() - 128;
    file[trailer + at..trailer + at + N].copy_from_slice(&bytes);
    file
}

fn status<T>(result: Result<T>) -> lifecycle_status {
    result.err().map_or(LIFECYCLE_OK, |error| error.0)
}

fn refused(file: &[u8], field: &str) {
    assert_eq!(status(header(file)), LIFECYCLE_E_FORMAT, "{field}");
    let sentence = last_sentence();
    assert!(sentence.contains(field), "{sentence} should name {field}");
    assert_eq!(status(section(file, 12)), LIFECYCLE_E_FORMAT, "{field}");
}

#[test]
fn the_header_is_read_field_by_field() {
    let file = sample();
    let read = header(&file).expect("a good file");
    let version = (read.major, read.minor, read.platform, read.arch);
    assert_eq!(version, (1, 2, 3, 4));
    assert_eq!(read.flags, 0x0506_0708);
    assert_eq!((read.section_count, read.section_table_offset), (4, 40));
    assert_eq!((read.symbol_count, read.symbol_table_offset), (3, 296));
    assert_eq!((read.exported_count, read.compression), (2, 0));
    assert_eq!(read.entry_point, 0x1122_3344_5566_7788);
    assert_eq!((read.stub_size, read.smf_data_offset), (8, 9));
}

#[test]
fn the_first_section_of_a_type_is_found() {
    let file = sample();
    let code = section(&file, LIFECYCLE_SMF_TEMPLATE_CODE);
    assert_eq!(code.ok(), Some(&b"first code"[..]));
    let metadata = section(&file, LIFECYCLE_SMF_TEMPLATE_METADATA);
    assert_eq!(metadata.ok(), Some(&b"metadata..."[..]));
    assert_eq!(section(&file, 7).ok(), Some(&b""[..]));
    assert_eq!(status(section(&file, 8)), LIFECYCLE_E_NOT_FOUND);
    assert!(last_sentence().contains("type 8"));
}

#[test]
fn what_the_trailer_says_is_checked() {
    refused(b"", "trailer");
    refused(&sample()[1..128], "trailer");
    refused(&with(0, *b"SMG\0"), "magic");
    refused(&with(3, [1]), "magic");
    let end = (sample().len() - 128) as u64;
    for count in [5u32, 1 << 26, u32::MAX] {
        refused(&with(12, count.to_le_bytes()), "section table");
    }
    for offset in [end - 4 * 64 + 1, end + 1, u64::MAX, u64::MAX - 255] {
        refused(&with(16, offset.to_le_bytes()), "section table");
    }
    for offset in [end - 2, end + 1, u64::MAX, u64::MAX - 2] {
        refused(&with(28, offset.to_le_bytes()), "symbol table");
    }
    refused(&with(24, u32::MAX.to_le_bytes()), "symbol table");
    refused(&with(36, 4u32.to_le_bytes()), "exported count");
    refused(&with(52, (end + 1).to_le_bytes()), "stub size");
    refused(&with(60, (end + 1).to_le_bytes()), "data offset");
    refused(&with(60, u64::MAX.to_le_bytes()), "data offset");
}

#[test]
fn versions_and_compression() {
    assert!(header(&with(4, [0])).is_ok());
    for major in [2, 255] {
        assert_eq!(status(header(&with(4, [major]))), LIFECYCLE_E_UNSUPPORTED);
        assert!(last_sentence().contains(&format!("version {major}.2")));
    }
    let compressed = with(48, 1u32.to_le_bytes());
    assert_eq!(header(&compressed).map(|read| read.compression).ok(), Some(1));
    assert_eq!(status(section(&compressed, 12)), LIFECYCLE_E_UNSUPPORTED);
}

#[test]
fn a_section_outside_the_file_is_refused() {
    let mut good = sample();
    let end = (good.len() - 128) as u64;
    let entry = 40;
    for (offset, size) in
        [(end, 1), (0, end + 1), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX), (end + 1, 0)]
    {
        good[entry + 16..entry + 24].copy_from_slice(&offset.to_le_bytes());
        good[entry + 24..entry + 32].copy_from_slice(&size.to_le_bytes());
        assert!(header(&good).is_ok());
        assert_eq!(status(section(&good, 12)), LIFECYCLE_E_FORMAT);
        assert!(last_sentence().contains("section 0 of type 12"));
        assert!(section(&good, 13).is_ok(), "the others can still be read");
    }
    good[entry + 16..entry + 32].copy_from_slice(&[0; 16]);
    good[entry + 24..entry + 32].copy_from_slice(&end.to_le_bytes());
    assert_eq!(section(&good, 12).map(<[u8]>::len).ok(), Some(end as usize));
}

/// What is read lies inside the bytes, and the same question gets the same answer.
fn consistent(bytes: &[u8]) {
    let range = bytes.as_ptr_range();
    let read = header(bytes);
    for kind in [0, 7, 12, 13, u32::MAX] {
        match section(bytes, kind) {
            Ok(found) => {
                assert!(read.is_ok());
                let found = found.as_ptr_range();
                assert!(range.start <= found.start && found.end <= range.end);
            }
            Err(error) => {
                let known = [LIFECYCLE_E_FORMAT, LIFECYCLE_E_NOT_FOUND, LIFECYCLE_E_UNSUPPORTED];
                assert!(known.contains(&error.0));
            }
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_or_refused(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        trailer in prop::collection::vec(any::<u8>(), 0..130),
    ) {
        consistent(&payload);
        let mut file = payload;
        file.extend(trailer);
        consistent(&file);
        if let Some(at) = file.len().checked_sub(128) {
            file[at..at + 5].copy_from_slice(b"SMF\0\x01");
            consistent(&file);
        }
    }

    #[test]
    fn a_good_file_gone_bad_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        (drop_front, cut) in (0..3usize, 0..3usize),
    ) {
        let mut file = sample();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        consistent(&file);
        consistent(&file[drop_front..file.len() - cut]);
    }
}
