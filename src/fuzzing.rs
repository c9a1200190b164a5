//! What the fuzz targets call: one function per room that eats any bytes and fails loudly if the
//! room breaks a promise. Behind the feature `fuzzing`; no part of the library's interface.

use core::sync::atomic::AtomicU64;

use crate::base::Host;
use crate::mapping::{smf_header, smf_section};
use crate::names::KINDS;
use crate::names::model::{Pair, decode};
use crate::tools::rewrite_frames;

/// Reads bytes as an SMF file, as they are and with the beginning of a good trailer, so that most
/// inputs get past the magic.
pub fn smf(bytes: &[u8]) {
    read(bytes);
    let mut good = bytes.to_vec();
    let trailer = good.last_chunk_mut::<128>();
    if let Some(magic) = trailer.and_then(|trailer| trailer.first_chunk_mut()) {
        *magic = *b"SMF\0\x01";
        read(&good);
    }
}

/// Runs bytes as steps on file mappings over a folder of files and on their naive twin.
pub fn files(bytes: &[u8]) {
    crate::mapping::model::run(bytes);
}

/// What is found lies inside the bytes, and a file whose header is refused has no sections.
fn read(bytes: &[u8]) {
    let read = smf_header(bytes);
    let last = bytes.last().copied().unwrap_or_default();
    for kind in [u32::from(last), 12, 13] {
        if let Ok(found) = smf_section(bytes, kind) {
            assert!(read.is_ok());
            let (all, found) = (bytes.as_ptr_range(), found.as_ptr_range());
            assert!(all.start <= found.start && found.end <= all.end);
        }
    }
}

/// Reads bytes as a host's table of frames. One that is taken becomes a table whose entries are
/// about bytes of the code, and that ends.
pub fn frames(bytes: &[u8]) {
    const ADDRESS: usize = 1 << 46;
    const LEN: usize = 4096;
    let Ok(table) = rewrite_frames(Host::libc(), bytes, ADDRESS, LEN) else { return };
    let word = |rest: &[u8]| rest.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    let long = |rest: &[u8]| rest.first_chunk().map_or(0, |long| u64::from_le_bytes(*long));
    let mut rest: &[u8] = &table;
    while word(rest) != 0 {
        let (record, after) = rest.split_at(4 + word(rest) as usize);
        rest = after;
        let (_, id) = record.split_at(4);
        if word(id) != 0 {
            let (address, size) = id.split_at(4).1.split_at(8);
            let from = long(address) - ADDRESS as u64;
            assert!(long(size) != 0 && from + long(size) <= LEN as u64);
        }
    }
    assert!(rest.len() == 4);
}

/// Runs bytes as steps on the name tables and on their naive twin.
pub fn names(bytes: &[u8]) {
    // Counters outlive the tables, as a manager's do; each run only looks at how they change.
    static VERSIONS: [AtomicU64; KINDS] = [const { AtomicU64::new(0) }; KINDS];
    let mut pair = Pair::new(Host::libc(), &VERSIONS);
    for op in decode(bytes) {
        pair.step(op);
    }
    pair.finish();
}

/// Runs bytes as steps on a manager (its modules, code, names and all that hangs on modules) and on
/// its naive twin.
pub fn code(bytes: &[u8]) {
    crate::manager::model::run(bytes);
}

/// Runs bytes as steps on an arena and on a list of ranges.
pub fn arena(bytes: &[u8]) {
    crate::arena::model::run(bytes);
}

/// Runs bytes as steps on an interpreter's values and on their naive twin.
pub fn values(bytes: &[u8]) {
    crate::values::model::run(bytes);
}

/// Runs bytes as steps of a machine over a heap and of its naive twin.
pub fn heap(bytes: &[u8]) {
    crate::heap::model::run(bytes);
}
