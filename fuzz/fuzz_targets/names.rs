//! Any bytes as a sequence of binds, publishes, unbinds and unloads, compared with a map of stacks.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::names(bytes));
