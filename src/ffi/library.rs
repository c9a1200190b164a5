//! Header sections 0 and 1: what the library says about itself and about the last failure.
//!
//! Nothing here needs a manager, takes a lock or allocates, except the self-test.

use core::ffi::{CStr, c_char, c_int};

use super::guard;
use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;
use crate::base::{self, fail};

/// A C string of the build script's making.
macro_rules! c_env {
    ($name:literal) => {
        match CStr::from_bytes_with_nul(concat!(env!($name), "\0").as_bytes()) {
            Ok(text) => text,
            // Evaluated by the compiler only: a text with a NUL inside does not build.
            Err(_) => c"?",
        }
    };
}

/// A number of the build script's making; digits only, as cargo checks.
const fn number(digits: &str) -> u32 {
    let mut rest = digits.as_bytes();
    let mut value = 0;
    while let [digit, tail @ ..] = rest {
        value = value * 10 + (*digit - b'0') as u32;
        rest = tail;
    }
    value
}

const VERSION: &CStr = c_env!("CARGO_PKG_VERSION");
const BUILD_INFO: &CStr = c_env!("LIFECYCLE_BUILD_INFO");
const VERSION_NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
    + number(env!("CARGO_PKG_VERSION_PATCH"));
const ABI_VERSION: u32 = number(env!("LIFECYCLE_ABI"));

/// Returns the version of the library that runs: major * 1000000 + minor * 1000 + patch.
///
/// Compare it with LIFECYCLE_VERSION_NUMBER, the version of the header the program was compiled
/// with.
///
/// \returns the number; cannot fail.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
/// included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_version_number() -> u32 {
    VERSION_NUMBER
}

/// Returns the version of the library that runs, such as "0.1.0".
///
/// \returns a NUL-terminated text, never NULL; cannot fail.
///
/// Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
/// anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_version_string() -> *const c_char {
    VERSION.as_ptr()
}

/// Returns the number in the shared library's name (liblifecycle.so.NUMBER).
///
/// It is raised when a program linked against the library before would break. A program that opens
/// the library at run time compares it with LIFECYCLE_ABI_VERSION.
///
/// \returns the number; cannot fail.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
/// included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_abi_version() -> u32 {
    ABI_VERSION
}

/// Returns what this build can do: LIFECYCLE_FEATURE_*, or-ed.
///
/// What the system allows a manager on top of that is told by lifecycle_caps_get.
///
/// \returns the bits; bits this header does not name are of a later version. Cannot fail.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
/// included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_features() -> u64 {
    let mut features = 0;
    if cfg!(panic = "unwind") {
        features |= LIFECYCLE_FEATURE_PANICS_CAUGHT;
    }
    if crate::code::ENTRIES_SUPPORTED {
        features |= LIFECYCLE_FEATURE_ENTRIES;
    }
    if cfg!(debug_assertions) {
        features |= LIFECYCLE_FEATURE_DEBUG;
    }
    u64::from(features)
}

/// Returns one line for a bug report: version, ABI number, target, profile and compiler.
///
/// \returns a NUL-terminated text, never NULL; its form may change. Cannot fail.
///
/// Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
/// anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_build_info() -> *const c_char {
    BUILD_INFO.as_ptr()
}

/// The status with this number.
fn find(status: c_int) -> Option<lifecycle_status> {
    lifecycle_status::ALL.into_iter().find(|known| *known as c_int == status)
}

/// Returns the name of a status, such as "LIFECYCLE_E_STALE".
///
/// \param status  any number; one that no version has handed out is "LIFECYCLE_E_UNKNOWN".
///
/// \returns a NUL-terminated text, never NULL; cannot fail.
///
/// Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
/// anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_status_name(status: c_int) -> *const c_char {
    find(status).map_or(c"LIFECYCLE_E_UNKNOWN", |known| known.describe().0).as_ptr()
}

/// Returns what a status means, in a few words for people; lifecycle_last_error says more about one
/// failure.
///
/// \param status  any number; one that no version has handed out has a text too.
///
/// \returns a NUL-terminated text without a full stop, never NULL; cannot fail.
///
/// Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
/// anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_strerror(status: c_int) -> *const c_char {
    find(status)
        .map_or(c"no status of this library has this number", |known| known.describe().1)
        .as_ptr()
}

/// Returns this thread's last failure in one sentence that names the thing, such as "symbol 'f' is
/// already mapped by module 'a.smf'".
///
/// A call that succeeds leaves the sentence as it was: look at the status first. The sentence is at
/// most 255 bytes; a longer one is cut between characters.
///
/// \returns a NUL-terminated text, never NULL; empty when nothing has failed on this thread yet.
/// Cannot fail.
///
/// Ownership: borrowed; this thread's next failure overwrites it, and it ends with the thread.
/// Threads: each has its own. Re-entry: from any callback. Fork: a child starts with its parent
/// thread's. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_last_error() -> *const c_char {
    base::last_error()
}

/// Returns the system's error number (errno) behind this thread's last failure.
///
/// \returns the number; 0 when the system was not to blame or nothing has failed on this thread
/// yet. Cannot fail.
///
/// Ownership: nothing changes hands. Threads: each has its own. Re-entry: from any callback. Fork:
/// a child starts with its parent thread's. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_last_errno() -> c_int {
    base::last_errno()
}

/// Proves that this very build of the library, as it was linked, catches its own defects at its
/// boundary: raises one on purpose and sees it come out as LIFECYCLE_E_PANIC. Prints nothing.
///
/// \returns LIFECYCLE_OK, with lifecycle_last_error telling of the defect that was raised;
///          LIFECYCLE_E_UNSUPPORTED if the library was built to abort instead;
///          LIFECYCLE_E_PANIC if something else came out.
///
/// Ownership: nothing changes hands. Threads: any. Re-entry: from any callback, not from a signal
/// handler. Fork: may be called in a child. Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn lifecycle_self_test() -> lifecycle_status {
    guard::status(|| {
        if cfg!(panic = "abort") {
            fail!(LIFECYCLE_E_UNSUPPORTED, "this build aborts on a defect");
        }
        // Unwinds like any panic, but does not go through the hook that prints.
        match guard::status(|| std::panic::resume_unwind(Box::new("raised on purpose"))) {
            LIFECYCLE_E_PANIC => Ok(()),
            other => fail!(LIFECYCLE_E_PANIC, "a panic came out as {other:?}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(c: *const c_char) -> &'static str {
        // SAFETY: every text above is a constant or this thread's buffer, which the tests read at
        // once.
        unsafe { CStr::from_ptr(c) }.to_str().unwrap_or("not UTF-8")
    }

    #[test]
    fn every_status_has_a_name_and_a_sentence_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for status in lifecycle_status::ALL {
            assert_eq!(text(lifecycle_status_name(status as c_int)), format!("{status:?}"));
            assert!(seen.insert(text(lifecycle_strerror(status as c_int))));
        }
        for unknown in [1, -22, c_int::MAX, c_int::MIN] {
            assert_eq!(text(lifecycle_status_name(unknown)), "LIFECYCLE_E_UNKNOWN");
            assert!(!seen.contains(text(lifecycle_strerror(unknown))));
        }
    }

    #[test]
    fn the_self_test_catches_and_is_silent() {
        assert_eq!(lifecycle_self_test(), LIFECYCLE_OK);
        assert!(text(lifecycle_last_error()).contains("defect"));
        assert_eq!(lifecycle_last_errno(), 0);
    }

    #[test]
    fn the_version_is_cargos() {
        assert_eq!(text(lifecycle_version_string()), env!("CARGO_PKG_VERSION"));
        let parts: Vec<u32> =
            env!("CARGO_PKG_VERSION").split('.').filter_map(|part| part.parse().ok()).collect();
        let number = parts.iter().fold(0, |number, part| number * 1_000 + part);
        assert_eq!(lifecycle_version_number(), number);
        assert!(text(lifecycle_build_info()).contains(env!("CARGO_PKG_VERSION")));
    }
}
