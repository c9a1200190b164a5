//! Rust crates that the benchmarks compare with, behind C functions. Loops whose steps are shorter than a call across
//! the boundary run on this side.

mod allocator;
mod arena;
mod epoch;
mod handles;
mod names;
