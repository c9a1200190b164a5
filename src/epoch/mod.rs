//! Time as the manager counts it: who is inside code (readers and their grace periods), and how
//! long ago code was used (ages for the sweeper).

mod ages;
mod grace;
mod readers;

pub use ages::{Ages, Verdict};
pub use readers::{Reader, Readers, hold_pool, let_go_pool};
