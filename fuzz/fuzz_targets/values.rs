//! Any bytes as evals, scopes, lists, dicts, variables and traces, compared with a graph and trees.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifecycle::fuzzing::values(bytes));
