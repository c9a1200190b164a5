//! Names and paths: immutable bytes in the host's memory, NUL-terminated so that C can read them in
//! place.
//!
//! An event tells of a name after the lock is gone, perhaps after the name's last use is gone too.
//! So a text is counted, and the count can be raised without memory, which may not be had.
//!
//! Invariants:
//! - `.shared.block`: the pointer is to one block of the host's memory that holds the header, the
//!   bytes and a NUL; it carries leave to reach all of the block, and nothing in it but the count
//!   changes after `copy`.
//! - `.shared.count`: the count is the number of `Text`s of this block; the one that takes it
//!   to 0 frees it.
//!
//! It does not order texts, and it does not find equal ones: that is an index's work.

use core::alloc::Layout;
#[cfg(test)]
use core::ffi::CStr;
use core::ffi::c_char;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use allocator_api2::alloc::Allocator;

use super::{Error, Host, Result};

struct Header {
    count: AtomicUsize,
    len: usize,
    host: Host,
}

/// An immutable text with a count of its users. Cloning and dropping are safe on any thread and
/// never fail.
pub struct Text(NonNull<Header>);

// SAFETY: `.shared.block` - nothing but the atomic count changes; a `Host` may be used from any
// thread.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

/// The block for `len` bytes and their NUL. The bytes come right after the header, which is
/// `size_of::<Header>()` long.
fn layout(len: usize) -> Option<Layout> {
    let size = size_of::<Header>().checked_add(len)?.checked_add(1)?;
    Layout::from_size_align(size, align_of::<Header>()).ok()
}

impl Text {
    /// Copies `bytes` (without a terminator).
    pub fn copy(host: Host, bytes: &[u8]) -> Result<Self> {
        let no_memory = || Error::no_memory("a name");
        let layout = layout(bytes.len()).ok_or_else(no_memory)?;
        let block = host.allocate(layout).map_err(|_| no_memory())?;
        let header = block.cast::<Header>();
        // SAFETY: the block was made just above, aligned and large enough for a header.
        unsafe {
            header.write(Header { count: AtomicUsize::new(1), len: bytes.len(), host });
        }
        // SAFETY: `layout` leaves room after the header for the bytes and one more.
        let text = unsafe { header.as_ptr().add(1).cast::<u8>() };
        // SAFETY: as above; a fresh block cannot overlap what the caller lends.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), text, bytes.len()) };
        // SAFETY: as above: the one byte more.
        unsafe { text.add(bytes.len()).write(0) };
        Ok(Text(header))
    }

    fn header(&self) -> &Header {
        // SAFETY: `.shared.count` - this value is counted, so the block is there.
        unsafe { self.0.as_ref() }
    }

    /// The bytes, without the terminator.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `.shared.block` - so many bytes follow the header and never change.
        unsafe { core::slice::from_raw_parts(self.as_ptr().cast(), self.header().len) }
    }

    /// For C: NUL-terminated, valid and in place as long as any clone lives.
    pub fn as_ptr(&self) -> *const c_char {
        // SAFETY: `.shared.block` - the bytes follow the header.
        unsafe { self.0.as_ptr().add(1).cast() }
    }

    /// As a C string; a text with a NUL inside ends there.
    #[cfg(test)]
    pub fn c_str(&self) -> &CStr {
        // SAFETY: `.shared.block` - the bytes end with a NUL.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }
}

impl Clone for Text {
    fn clone(&self) -> Self {
        // A count that wraps would need more clones than memory can hold, as each is a pointer that
        // somebody keeps.
        self.header().count.fetch_add(1, Ordering::Relaxed);
        Text(self.0)
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // Who has the only one needs no locked instruction to know that nobody makes another.
        // Acquire, for what the others read before they dropped theirs. A load, where a fence would
        // do too: ThreadSanitizer does not know fences.
        if self.header().count.load(Ordering::Acquire) != 1 {
            // Release: what this thread read of the text comes before the thread that frees it goes
            // on.
            if self.header().count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            self.header().count.load(Ordering::Acquire);
        }
        let host = self.header().host;
        if let Some(layout) = layout(self.header().len) {
            // SAFETY: `.shared.count` - this was the last one; the block was allocated with this
            // very layout.
            unsafe { host.deallocate(self.0.cast(), layout) };
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lossy(self.bytes()).fmt(f)
    }
}

/// Shows bytes in a sentence: UTF-8 as it is, anything else (and control characters) as '?'.
pub struct Lossy<'a>(pub &'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                f.write_char(if c.is_control() { '?' } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char('?')?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failing::Failing;

    #[test]
    fn the_last_of_the_clones_frees_the_text() {
        let failing = Failing::new();
        let long = vec![b'x'; 1 << 20];
        for bytes in [&b""[..], b"f", b"a\0b", &long] {
            let Ok(first) = Text::copy(failing.host(), bytes) else {
                unreachable!("memory was not made to fail");
            };
            let second = first.clone();
            assert_eq!(second.as_ptr(), first.as_ptr());
            drop(first);
            assert_eq!(failing.out.get(), 1);
            assert_eq!(second.bytes(), bytes);
            assert!(bytes.starts_with(second.c_str().to_bytes()));
            drop(second);
            assert_eq!(failing.out.get(), 0);
        }
    }

    #[test]
    fn no_memory_is_told() {
        let failing = Failing::new();
        failing.countdown.set(0);
        let status = Text::copy(failing.host(), b"f").err();
        assert_eq!(
            status.map(|error| error.0),
            Some(crate::abi::lifecycle_status::LIFECYCLE_E_NOMEM)
        );
        assert_eq!(failing.out.get(), 0);
    }

    #[test]
    fn clones_may_be_dropped_on_any_thread() {
        let Ok(first) = Text::copy(Host::libc(), b"name") else {
            unreachable!("memory was not made to fail");
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mine = first.clone();
                scope.spawn(move || {
                    for _ in 0..1000 {
                        assert_eq!(mine.clone().bytes(), b"name");
                    }
                });
            }
        });
        assert_eq!(first.header().count.load(Ordering::Relaxed), 1);
    }
}
