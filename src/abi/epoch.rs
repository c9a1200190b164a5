//! Header section 5: epochs.

/// What a sweep did.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_sweep_report {
    /// Symbols looked at.
    pub examined: u64,
    /// Symbols evicted.
    pub evicted: u64,
    /// Bytes of code evicted: the sum of the symbols' sizes.
    pub code_bytes: u64,
    /// Stale symbols kept because of a pin.
    pub pinned: u64,
}
