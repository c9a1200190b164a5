//! Any bytes as a sequence of loads, maps, sweeps and reloads, compared with a list of what is mapped.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::code(bytes));
