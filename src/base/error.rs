//! Failures: a status, and one sentence kept for the thread that met it.
//!
//! Invariants:
//! - `.error.noalloc`: making an error never allocates, so that running out of memory can be told.
//! - `.error.thread`: the sentence belongs to the thread; success leaves it as it was.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};

use crate::abi::lifecycle_status::{self, LIFECYCLE_OK};

/// Longest sentence, its NUL included; a longer one is cut.
const CAPACITY: usize = 256;

/// Why something failed. The sentence is in the thread's buffer (`last_error`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?}")]
pub struct Error(pub lifecycle_status);

/// What fallible functions of every room return.
pub type Result<T> = core::result::Result<T, Error>;

struct Last {
    text: UnsafeCell<[u8; CAPACITY]>,
    errno: Cell<i32>,
    /// A sentence that is only written out if somebody asks for it: a name of so many bytes, which
    /// stand in `text`, and what is to be said of it.
    about: Cell<Option<(usize, &'static str)>>,
}

thread_local! {
    static LAST: Last = const {
        Last {
            text: UnsafeCell::new([0; CAPACITY]),
            errno: Cell::new(0),
            about: Cell::new(None),
        }
    };
}

/// Writes into a fixed buffer, cutting what does not fit, always leaving room for the NUL.
struct Cut<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl Write for Cut<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = self.out.len().saturating_sub(self.len + 1);
        let mut take = s.len().min(room);
        while !s.is_char_boundary(take) {
            take -= 1;
        }
        if let (Some(to), Some(from)) =
            (self.out.get_mut(self.len..self.len + take), s.as_bytes().get(..take))
        {
            to.copy_from_slice(from);
            self.len += take;
        }
        if take == s.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

impl Error {
    /// Records the sentence for this thread and makes the error.
    #[cold]
    pub fn new(status: lifecycle_status, sentence: fmt::Arguments<'_>) -> Self {
        Self::record(status, 0, sentence)
    }

    /// As `new`, of what is no surprise and happens often, such as a name that is not there: the
    /// sentence, the name in quotes and `what`, is written out when somebody asks for it.
    pub fn of_name(status: lifecycle_status, name: &[u8], what: &'static str) -> Self {
        let _ = LAST.try_with(|last| {
            last.errno.set(0);
            // SAFETY: `.error.thread` - as in `record`.
            let out = unsafe { &mut *last.text.get() };
            // One byte more than any sentence shows, so that what is cut is known to be.
            let len = name.len().min(CAPACITY);
            if let (Some(to), Some(from)) = (out.get_mut(..len), name.get(..len)) {
                to.copy_from_slice(from);
            }
            last.about.set(Some((len, what)));
        });
        Error(status)
    }

    /// As `new`, with the system's error number kept for `last_errno` and deciding the status: no
    /// memory, denied by policy, or refused.
    #[cold]
    pub fn system(errno: i32, sentence: fmt::Arguments<'_>) -> Self {
        use lifecycle_status::*;
        let status = match errno {
            libc::ENOMEM => LIFECYCLE_E_NOMEM,
            libc::EACCES | libc::EPERM => LIFECYCLE_E_DENIED,
            libc::ENOENT | libc::ENOTDIR => LIFECYCLE_E_NOT_FOUND,
            _ => LIFECYCLE_E_SYSTEM,
        };
        Self::record(status, errno, sentence)
    }

    /// No memory for `what`.
    #[cold]
    pub fn no_memory(what: &str) -> Self {
        Self::new(lifecycle_status::LIFECYCLE_E_NOMEM, format_args!("no memory for {what}"))
    }

    fn record(status: lifecycle_status, errno: i32, sentence: fmt::Arguments<'_>) -> Self {
        // A thread that is being torn down has no buffer any more; the status still tells.
        let _ = LAST.try_with(|last| {
            last.errno.set(errno);
            last.about.set(None);
            // SAFETY: `.error.thread` - only this thread reaches the buffer, and formatting a
            // sentence never calls back into this module (the arguments are numbers and texts), so
            // no other reference to it is live.
            let out = unsafe { &mut *last.text.get() };
            let mut cut = Cut { out, len: 0 };
            let _ = cut.write_fmt(sentence);
            let end = cut.len;
            if let Some(nul) = out.get_mut(end) {
                *nul = 0;
            }
        });
        Error(status)
    }
}

/// This thread's last sentence; valid until the thread's next failure.
pub fn last_error() -> *const c_char {
    let found = LAST.try_with(|last| {
        if let Some((len, what)) = last.about.get() {
            // SAFETY: `.error.thread` - as in `record`.
            let text = unsafe { *last.text.get() };
            let name = super::Lossy(text.get(..len).unwrap_or_default());
            Error::record(LIFECYCLE_OK, 0, format_args!("'{name}'{what}"));
        }
        last.text.get().cast::<c_char>().cast_const()
    });
    found.unwrap_or(c"".as_ptr())
}

/// The system's error number of this thread's last failure; 0 if the system was not to blame.
pub fn last_errno() -> i32 {
    LAST.try_with(|last| last.errno.get()).unwrap_or(0)
}

/// The system's error number after a failed call.
pub fn errno() -> i32 {
    // SAFETY: the location is this thread's own and always valid.
    unsafe { *libc::__errno_location() }
}

/// Returns an error with a status and a sentence: `fail!(LIFECYCLE_E_EXISTS, "module '{path}' is
/// loaded already")`.
macro_rules! fail {
    ($status:ident, $($sentence:tt)*) => {
        return Err($crate::base::Error::new(
            $crate::abi::lifecycle_status::$status,
            format_args!($($sentence)*),
        ))
    };
}
pub(crate) use fail;

/// As `fail!`, where the error is not returned at once.
macro_rules! error {
    ($status:ident, $($sentence:tt)*) => {
        $crate::base::Error::new(
            $crate::abi::lifecycle_status::$status,
            format_args!($($sentence)*),
        )
    };
}
pub(crate) use error;

/// The last sentence as text, for tests.
#[cfg(test)]
pub fn last_sentence() -> String {
    // SAFETY: the buffer is always NUL-terminated and this thread does not change it meanwhile.
    unsafe { CStr::from_ptr(last_error()) }.to_string_lossy().into_owned()
}

#[cfg(not(test))]
const _: Option<&CStr> = None;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_at_a_character() {
        let long = "ä".repeat(300);
        let error = Error::new(lifecycle_status::LIFECYCLE_E_LIMIT, format_args!("x{long}"));
        assert_eq!(error.0, lifecycle_status::LIFECYCLE_E_LIMIT);
        let kept = last_sentence();
        assert!(kept.len() < CAPACITY && kept.len() >= CAPACITY - 3);
        assert!(kept.chars().skip(1).all(|c| c == 'ä'));
    }

    #[test]
    fn what_is_written_out_later_says_the_same() {
        let status = lifecycle_status::LIFECYCLE_E_NOT_FOUND;
        assert_eq!(Error::of_name(status, b"f\xff\n", " is not bound").0, status);
        assert_eq!(last_sentence(), "'f??' is not bound");
        assert_eq!(last_sentence(), "'f??' is not bound");
        let _ = Error::of_name(status, &[b'x'; 1000], " is not bound");
        assert_eq!(last_sentence(), format!("'{}", "x".repeat(CAPACITY - 2)));
        let _ = Error::of_name(status, b"g", " is not bound");
        let _ = Error::no_memory("a test");
        assert_eq!(last_sentence(), "no memory for a test");
    }

    #[test]
    fn errno_is_kept_and_cleared() {
        let denied = Error::system(libc::EPERM, format_args!("no"));
        assert_eq!((denied.0, last_errno()), (lifecycle_status::LIFECYCLE_E_DENIED, libc::EPERM));
        let _ = Error::no_memory("a test");
        assert_eq!(last_errno(), 0);
    }
}
