//! What every other room stands on: errors without allocation, memory from the host's allocator,
//! lists and texts whose growth can fail, slots that hand out ids with generations.

mod alloc;
mod chain;
mod error;
pub mod hash;
mod index;
mod list;
mod prefetch;
mod slots;
mod text;

pub use alloc::Host;
#[cfg(any(test, feature = "fuzzing"))]
pub use alloc::failing;
pub use chain::{Chain, Link, Linked};
#[cfg(test)]
pub use error::last_sentence;
pub use error::{Error, Result, errno, last_errno, last_error};
pub(crate) use error::{error, fail};
pub use hash::{hash, seed};
pub use index::Index;
pub use list::{Bx, List, ListExt, try_box};
pub use prefetch::prefetch;
pub use slots::{Kind, Slots, split_index};
pub use text::{Lossy, Text};
