//! File mappings over files that come, go and change, beside a list of what is in memory.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::files(bytes));
