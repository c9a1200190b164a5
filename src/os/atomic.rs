//! The atomics of what is model checked: `epoch::grace` and `code::slot` take them from here, and
//! `tests/loom.rs` compiles those two files with loom's in their place. Nothing else is in them
//! that a model would have to leave out.

pub use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering, compiler_fence, fence};
