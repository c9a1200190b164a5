//! One table of statistics, and the three forms it is written in.

mod stats;

pub use stats::{Format, write};
