//! For tests: an interpreter that is destroyed at their end, with nothing left.

use core::ops::Deref;

use super::Interp;
use crate::abi::*;

/// An interpreter of a test's own.
pub struct Fixture(&'static Interp);

impl Fixture {
    /// With options of a test's own.
    pub fn with(options: &lifecycle_interp_options) -> Self {
        match Interp::create(options) {
            Ok(interp) => Fixture(interp),
            Err(error) => unreachable!("{error}: {}", crate::base::last_sentence()),
        }
    }

    /// With none.
    pub fn new() -> Self {
        Self::with(&lifecycle_interp_options::default())
    }

    /// The string form of a value.
    pub fn show(&self, handle: lifecycle_handle) -> String {
        let text = ok(self.ended_text(handle));
        // SAFETY: a NUL follows every text that is ended.
        assert_eq!(unsafe { text.as_ptr().add(text.len()).read() }, 0);
        String::from_utf8_lossy(text.bytes()).into_owned()
    }

    /// A string.
    pub fn text_of(&self, text: &str) -> lifecycle_handle {
        ok(self.string(text.as_bytes()))
    }
}

impl Deref for Fixture {
    type Target = Interp;

    fn deref(&self) -> &Interp {
        self.0
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.0.destroy(), Ok(()));
        }
    }
}

/// What must not fail.
pub fn ok<T>(result: crate::base::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("{error}: {}", crate::base::last_sentence()),
    }
}
