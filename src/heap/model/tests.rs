//! Any bytes as steps.

use proptest::prelude::*;

use super::{Gc, OPS, STEP, run, run_as};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // The same steps each time; the fuzz target is there for others.
        rng_seed: proptest::test_runner::RngSeed::Fixed(30),
        failure_persistence: None,
        ..Default::default()
    }
}

fn steps() -> impl Strategy<Value = Vec<[u8; STEP]>> {
    prop::collection::vec(any::<[u8; STEP]>(), 1..300)
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn a_machine_sees_what_the_model_says(steps in steps()) {
        run(&steps.concat());
    }
}

proptest! {
    #![proptest_config(cases(30))]

    /// Collecting or not, often or seldom: the machine sees the same.
    #[test]
    fn a_machine_does_not_see_collections(steps in steps()) {
        let bytes = steps.concat();
        let seen = |gc| run_as(&bytes, gc).1;
        let off = seen(Gc::Off);
        prop_assert_eq!(&off, &seen(Gc::Normal));
        prop_assert_eq!(&off, &seen(Gc::Stress));
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
    for seed in 1..20u64 {
        let counts = run(&bytes(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), 4000));
        for (all, counts) in all.iter_mut().zip(counts) {
            all[0] += counts[0];
            all[1] += counts[1];
        }
    }
    for (op, [done, _]) in OPS.iter().zip(&all) {
        assert!(*done > 0, "{op:?} is never done");
    }
}

/// A file of bytes, for a look at what the fuzz target found.
#[test]
fn a_file_is_run() {
    if let Ok(bytes) = std::env::var("HEAP_FILE").map(std::fs::read) {
        run(&bytes.expect("a file"));
    }
}
