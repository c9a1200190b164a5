//! Any bytes as a sequence of allocations, marks, rewinds and resets, compared with a list of ranges.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::arena(bytes));
