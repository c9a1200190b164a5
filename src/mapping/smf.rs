//! Reading SMF files: the trailer, and a section by its type.
//!
//! An SMF file is little-endian and may have anything in front: its last 128 bytes, the trailer,
//! tell where the rest is. All offsets are bytes from the file's start.
//!
//! | trailer | | section entry (64 bytes) | |
//! |---|---|---|---|
//! | 0 | magic "SMF\0" | 0 | u32 name offset |
//! | 4 | u8 major, minor, platform, arch | 4 | u32 name length |
//! | 8 | u32 flags | 8 | u32 type |
//! | 12 | u32 section count | 12 | u32 flags |
//! | 16 | u64 section table offset | 16 | u64 offset |
//! | 24 | u32 symbol count | 24 | u64 size |
//! | 28 | u64 symbol table offset | 32 | reserved |
//! | 36 | u32 exported count | | |
//! | 40 | u64 entry point | | |
//! | 48 | u32 compression | | |
//! | 52 | u64 stub size | | |
//! | 60 | u64 SMF data offset | | |
//! | 68 | reserved | | |
//!
//! Invariants:
//! - `.smf.bounds`: a file is a slice, and every place in it is reached through `span` or a
//!   fixed-size trailer or entry; so no input, however malformed, makes the reader look outside.
//! - `.smf.before`: what the header points at ends before the trailer begins.
//!
//! It does not read names of sections, symbols or code, it does not decompress, and it does not
//! check the entry point, which is the code's own business. It never looks at reserved bytes.

use core::fmt;

use crate::abi::lifecycle_smf_header;
use crate::base::{Result, fail};

const TRAILER: usize = 128;
const ENTRY: usize = 64;
const MAGIC: [u8; 4] = *b"SMF\0";
/// Newest major version this reader knows; version 0 files have the same trailer.
const MAJOR: u8 = 1;

/// `N` bytes of a trailer or entry. Its callers' places are constants that lie inside.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or([0; N])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// The bytes from `offset` on, `len` of them. E_FORMAT, naming the field, if they are not all
/// there.
fn span<'a>(
    payload: &'a [u8],
    offset: u64,
    len: u64,
    what: fmt::Arguments<'_>,
) -> Result<&'a [u8]> {
    let inside = || {
        let from = usize::try_from(offset).ok()?;
        let to = usize::try_from(offset.checked_add(len)?).ok()?;
        payload.get(from..to)
    };
    match inside() {
        Some(bytes) => Ok(bytes),
        None => fail!(
            LIFECYCLE_E_FORMAT,
            "the {what} ({offset}, {len} bytes) is not within the {} bytes before the trailer",
            payload.len()
        ),
    }
}

/// The payload (everything before the trailer) and the trailer as it stands, not checked beyond
/// magic and version.
fn read(bytes: &[u8]) -> Result<(&[u8], lifecycle_smf_header)> {
    let Some((payload, trailer)) = bytes.split_last_chunk::<TRAILER>() else {
        fail!(
            LIFECYCLE_E_FORMAT,
            "{} bytes are too few for an SMF trailer of {TRAILER}",
            bytes.len()
        );
    };
    if field(trailer, 0) != MAGIC {
        fail!(LIFECYCLE_E_FORMAT, "the magic of the SMF trailer is not \"SMF\\0\"");
    }
    let [major, minor, platform, arch] = field(trailer, 4);
    if major > MAJOR {
        fail!(
            LIFECYCLE_E_UNSUPPORTED,
            "SMF version {major}.{minor} is newer than version {MAJOR}, which is known"
        );
    }
    let header = lifecycle_smf_header {
        major,
        minor,
        platform,
        arch,
        flags: u32_at(trailer, 8),
        section_count: u32_at(trailer, 12),
        section_table_offset: u64_at(trailer, 16),
        symbol_count: u32_at(trailer, 24),
        symbol_table_offset: u64_at(trailer, 28),
        exported_count: u32_at(trailer, 36),
        entry_point: u64_at(trailer, 40),
        compression: u32_at(trailer, 48),
        stub_size: u64_at(trailer, 52),
        smf_data_offset: u64_at(trailer, 60),
    };
    Ok((payload, header))
}

/// The section table of a checked or unchecked header.
fn table<'a>(payload: &'a [u8], header: &lifecycle_smf_header) -> Result<&'a [u8]> {
    let bytes = u64::from(header.section_count) * ENTRY as u64;
    span(payload, header.section_table_offset, bytes, format_args!("SMF section table"))
}

/// Reads the trailer and checks every offset and count in it. A symbol's size depends on the
/// version, so of the symbol table it is known only that it has a byte for each. E_FORMAT naming
/// the field; E_UNSUPPORTED for a major version other than 0 and 1.
pub fn header(bytes: &[u8]) -> Result<lifecycle_smf_header> {
    let (payload, header) = read(bytes)?;
    table(payload, &header)?;
    let symbols = u64::from(header.symbol_count);
    span(payload, header.symbol_table_offset, symbols, format_args!("SMF symbol table"))?;
    if header.exported_count > header.symbol_count {
        fail!(
            LIFECYCLE_E_FORMAT,
            "the SMF exported count {} is more than the symbol count {}",
            header.exported_count,
            header.symbol_count
        );
    }
    span(payload, 0, header.stub_size, format_args!("SMF stub size"))?;
    span(payload, header.smf_data_offset, 0, format_args!("SMF data offset"))?;
    Ok(header)
}

/// The bytes of the first section of a type. E_NOT_FOUND if there is none; E_UNSUPPORTED if the
/// file is compressed; else as `header`, and E_FORMAT if the section is not within the file.
pub fn section(bytes: &[u8], kind: u32) -> Result<&[u8]> {
    let header = header(bytes)?;
    let (payload, _) = read(bytes)?;
    if header.compression != 0 {
        fail!(
            LIFECYCLE_E_UNSUPPORTED,
            "the SMF sections are compressed (method {})",
            header.compression
        );
    }
    let entries = table(payload, &header)?.chunks_exact(ENTRY);
    for (index, entry) in entries.enumerate() {
        if u32_at(entry, 8) == kind {
            let (offset, size) = (u64_at(entry, 16), u64_at(entry, 24));
            let what = format_args!("SMF section {index} of type {kind}");
            return span(payload, offset, size, what);
        }
    }
    fail!(LIFECYCLE_E_NOT_FOUND, "the SMF file has no section of type {kind}")
}
