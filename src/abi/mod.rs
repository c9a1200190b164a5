//! The C types and constants of `lifecycle.h`, and nothing else.
//!
//! This room needs only `core`, so that the ABI checker can compile it alone against the header.
//! Types carry their C names; each file holds one section of the header.
//!
//! Invariants:
//! - `.abi.layout`: every struct that crosses the boundary is `repr(C)` and made of fixed-size
//!   fields, pointers and `usize`; no Rust enum is ever taken from C (an unknown value would be
//!   undefined behaviour).
//! - `.abi.size`: a struct that callers fill starts with `size`; see `ffi::guard` for how a longer
//!   or shorter one is read.

mod arena;
mod code;
mod epoch;
mod heap;
mod library;
mod manager;
mod mapping;
mod module;
mod names;
mod observe;
mod status;
mod values;

pub use arena::*;
pub use code::*;
pub use epoch::*;
pub use heap::*;
pub use library::*;
pub use manager::*;
pub use mapping::*;
pub use module::*;
pub use names::*;
pub use observe::*;
pub use status::*;
pub use values::*;
