//! The hash of names and paths.

/// FNV-1a taken 8 bytes at a time, finished by Murmur3's mixer: short keys, and tables that only this library reads.
/// Source: Fowler, Noll, Vo (draft-eastlake-fnv); Appleby, MurmurHash3 fmix64.
pub fn hash(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325u64 ^ bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut copy = [0; 8];
        copy.copy_from_slice(word);
        hash = (hash ^ u64::from_le_bytes(copy)).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    for byte in words.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ hash >> 33
}
