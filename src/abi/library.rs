//! Header section 1: the library.

/// Feature: a defect of the library is caught at its boundary and told as LIFECYCLE_E_PANIC.
pub const LIFECYCLE_FEATURE_PANICS_CAUGHT: u32 = 1;
/// Feature: lifecycle_entry works on this processor.
pub const LIFECYCLE_FEATURE_ENTRIES: u32 = 2;
/// Feature: a debug build, with assertions on.
pub const LIFECYCLE_FEATURE_DEBUG: u32 = 4;
