//! Any bytes as steps of a WAM over a heap, compared with a machine that copies and never reclaims.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::heap(bytes));
