//! A keyed hash of bytes.
//!
//! It is wyhash's construction (Wang Yi, public domain): sixteen bytes a step, each step one
//! 64-by-64-bit multiplication folded in two. Both factors of each step are mixed with keys derived
//! from the seed, so that no input makes a factor zero unless its author knows the seed. The seed
//! comes from an address, which the system randomises: names in a source file cannot be chosen to
//! collide, while a run under a tool that switches randomising off counts the same instructions
//! every time. It is not a defence against somebody who can read this process's memory.

/// Odd constants with as many ones as zeros, from wyhash.
const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

/// Both halves of the product, folded.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// The last sixteen bytes or fewer as two numbers; every byte counts, some twice.
fn tail(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    }
    let up_to_three = bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    (up_to_three, 0)
}

/// Hashes any bytes under a seed.
pub fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let key = fold(seed ^ K0, K1);
    let mut state = seed ^ key;
    let mut rest = bytes;
    while rest.len() > 16 {
        let Some((block, after)) = rest.split_first_chunk::<16>() else {
            break;
        };
        let (a, b) = tail(block);
        state = fold(a ^ key, b ^ state);
        rest = after;
    }
    let (a, b) = tail(rest);
    let length = bytes.len() as u64;
    fold(K2 ^ length, fold(a ^ key, b ^ state) ^ K1)
}

/// Hashes three words and a number under a seed of `seed`: quick for who has them at hand.
#[inline]
pub fn of_words(seed: u64, [a, b, c]: [u64; 3], number: u32) -> u64 {
    let state = fold(a ^ seed, b ^ seed.rotate_left(32) ^ K1);
    fold(state ^ K2 ^ u64::from(number), c ^ seed.rotate_left(16))
}

/// A seed of this process, different for each `salt`.
pub fn seed(salt: u8) -> u64 {
    let address = (&raw const ANCHOR) as u64;
    fold(address ^ K2, K0 ^ u64::from(salt) << 32)
}

/// Its address is what the seed is made from.
static ANCHOR: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_the_length_and_the_seed_count() {
        for len in 0..200usize {
            let plain = vec![7u8; len];
            let whole = hash(1, &plain);
            assert_ne!(whole, hash(2, &plain), "seed, {len} bytes");
            assert_ne!(whole, hash(1, &vec![7u8; len + 1]), "length, {len} bytes");
            for at in 0..len {
                let mut changed = plain.clone();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 0x80;
                }
                assert_ne!(whole, hash(1, &changed), "byte {at} of {len}");
            }
        }
    }

    #[test]
    fn every_bit_of_three_words_and_the_number_counts() {
        let (words, seed) = ([1, 2, 3], seed(1));
        let whole = of_words(seed, words, 4);
        assert_ne!(whole, of_words(seed ^ 1, words, 4));
        for bit in 0..64 {
            for at in 0..3 {
                let mut changed = words;
                if let Some(word) = changed.get_mut(at) {
                    *word ^= 1 << bit;
                }
                assert_ne!(whole, of_words(seed, changed, 4), "bit {bit} of {at}");
            }
            assert!(bit >= 32 || whole != of_words(seed, words, 4 ^ 1 << bit), "number's {bit}");
        }
        let mut upper = [0u32; 256];
        for n in 0..65_536u64 {
            let digits = u64::from_le_bytes(*b"function").wrapping_add(n << 48);
            if let Some(count) = upper.get_mut((of_words(seed, [7, digits, 0], 40) >> 56) as usize)
            {
                *count += 1;
            }
        }
        assert!(upper.iter().all(|n| (170..350).contains(n)), "{upper:?}");
    }

    #[test]
    fn similar_names_spread_over_low_and_high_bits() {
        let mut low = [0u32; 256];
        let mut high = [0u32; 128];
        for n in 0..65_536 {
            let h = hash(3, format!("module.function_{n}").as_bytes());
            if let Some(count) = low.get_mut((h & 255) as usize) {
                *count += 1;
            }
            if let Some(count) = high.get_mut((h >> 57) as usize) {
                *count += 1;
            }
        }
        assert!(low.iter().all(|n| (170..350).contains(n)), "{low:?}");
        assert!(high.iter().all(|n| (390..640).contains(n)), "{high:?}");
    }
}
