//! Any bytes as steps.

use proptest::prelude::*;

use super::{OPS, run};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        // The same steps each time; the fuzz target is there for others.
        rng_seed: proptest::test_runner::RngSeed::Fixed(20),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn values_are_what_the_model_says(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        run(&bytes);
    }
}

/// Bytes that are the same each time.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn the_model_does_every_step() {
    let mut all = vec![[0; 2]; OPS.len()];
    for seed in 1..60u64 {
        let counts = run(&bytes(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), 4000));
        for (all, counts) in all.iter_mut().zip(counts) {
            all[0] += counts[0];
            all[1] += counts[1];
        }
    }
    for (op, [done, _]) in OPS.iter().zip(&all) {
        let never = ["FrameInfo", "Registered", "Intern", "Release", "Destroy"];
        assert!(*done > 0 || never.contains(&format!("{op:?}").as_str()), "{op:?} is never done");
    }
}

/// A file of bytes, for a look at what the fuzz target found.
#[test]
fn a_file_is_run() {
    if let Ok(bytes) = std::env::var("VALUES_FILE").map(std::fs::read) {
        run(&bytes.expect("a file"));
    }
}
