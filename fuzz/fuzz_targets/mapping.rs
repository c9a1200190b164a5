//! Any bytes as an SMF file: read or refused, and never looked past.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::smf(bytes));
