//! The drop-ins for values of the Simple runtime. Their prototypes are written by hand in
//! `include/lifecycle_dropins.h`, with incomplete types, so that a runtime's own definitions of
//! them may stand beside ours.
//!
//! A host may have a `spl_free_value` of its own. Nothing in the library calls ours; the shared
//! library exports it through the PLT, and packaging makes it weak in the archive, so that the
//! host's wins in both.

use super::guard;
use crate::spl::{self, SplValue};

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spl_free_value(value: SplValue) {
    let mut value = value;
    // SAFETY: `.c.contract`
    guard::value((), || unsafe { spl::free_values(&raw mut value, 1) });
}

/// Drop-in: see lifecycle_dropins.h, which declares it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spl_free_all_values(values: *mut SplValue, count: i64) {
    // SAFETY: `.c.contract`
    guard::value((), || unsafe { spl::free_values(values, count) });
}
