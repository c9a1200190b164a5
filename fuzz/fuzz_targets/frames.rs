//! Any bytes as a host's table of frames: refused, or made into one that is about the code alone.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::frames(bytes));
