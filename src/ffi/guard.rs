//! The boundary: panics stop here, pointers from C are checked here, structs of other sizes are
//! read and written here.
//!
//! Invariant `.c.contract`: what C passes is what the header asks for: a text is NUL-terminated, a
//! slice has its length, a place for a result is the caller's own. That much no library can check;
//! NULL, alignment and sizes are checked here, handles by the rooms.

use core::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use once_cell::sync::OnceCell;

use crate::abi::lifecycle_status::{self, *};
use crate::base::{Error, Result, fail};

/// Runs the body of a function that returns a status.
pub fn status(body: impl FnOnce() -> Result<()>) -> lifecycle_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => LIFECYCLE_OK,
        Ok(Err(error)) => error.0,
        Err(_) => panicked().0,
    }
}

/// Runs the body of a function that returns something else; `on_failure` is what C gets when it
/// fails.
pub fn value<T>(on_failure: T, body: impl FnOnce() -> Result<T>) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(_)) => on_failure,
        Err(_) => {
            panicked();
            on_failure
        }
    }
}

/// Runs the body of a function that returns a number, or a negative status when it fails.
pub fn number(body: impl FnOnce() -> Result<c_int>) -> c_int {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(number)) => number,
        Ok(Err(error)) => error.0 as c_int,
        Err(_) => panicked().0 as c_int,
    }
}

/// As `status`, for what is left when the quick way of a function did not lead to the end. It
/// stands apart so that the quick way needs no frame to catch anything in; that one must not panic.
#[cold]
#[inline(never)]
pub fn slow_status(body: impl FnOnce() -> Result<()>) -> lifecycle_status {
    status(body)
}

/// As `slow_status`, of `value`.
#[cold]
#[inline(never)]
pub fn slow_value<T>(on_failure: T, body: impl FnOnce() -> Result<T>) -> T {
    value(on_failure, body)
}

/// As `slow_status`, of `number`.
#[cold]
#[inline(never)]
pub fn slow_number(body: impl FnOnce() -> Result<c_int>) -> c_int {
    number(body)
}

/// Whether a result can be written here: not NULL, and aligned. `out` says so with a sentence.
#[inline]
pub fn is_place<T>(out: *const T) -> bool {
    !out.is_null() && out.is_aligned()
}

#[cold]
fn panicked() -> Error {
    Error::new(
        LIFECYCLE_E_PANIC,
        format_args!("a defect of the library was caught; please report it"),
    )
}

/// Keeps the standard library from printing what `status` and `value` catch: a panic raised in this
/// library's own files is told by its status alone. Everybody else's go where they went before.
pub fn quiet_panics() {
    type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync>;
    static BEFORE: OnceCell<Hook> = OnceCell::new();
    BEFORE.get_or_init(|| {
        let before = std::panic::take_hook();
        // Captures nothing, so that it takes no memory, which would live for ever.
        std::panic::set_hook(Box::new(|info| {
            let ours = |at: &std::panic::Location<'_>| at.file().starts_with("src/");
            if let (false, Some(before)) = (info.location().is_some_and(ours), BEFORE.get()) {
                before(info);
            }
        }));
        before
    });
}

/// A NUL-terminated text from C.
///
/// # Safety
/// `text` is NULL or NUL-terminated and stays unchanged for the call.
pub unsafe fn c_str<'a>(text: *const c_char, what: &str) -> Result<&'a CStr> {
    if text.is_null() {
        fail!(LIFECYCLE_E_INVALID, "the {what} is NULL");
    }
    // SAFETY: the caller's word.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// A NUL-terminated name from C that is not empty.
///
/// # Safety
/// As `c_str`.
pub unsafe fn name<'a>(text: *const c_char, what: &str) -> Result<&'a CStr> {
    // SAFETY: the caller's word.
    let text = unsafe { c_str(text, what) }?;
    if text.is_empty() {
        fail!(LIFECYCLE_E_INVALID, "the {what} is empty");
    }
    Ok(text)
}

/// `len` elements from C; (NULL, 0) is the empty slice.
///
/// # Safety
/// `first` is NULL or points at `len` elements that stay unchanged for the call.
pub unsafe fn slice<'a, T>(first: *const T, len: usize, what: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: the caller's word.
    match unsafe { some_slice(first, len) } {
        Some(slice) => Ok(slice),
        None => no_slice(first.cast(), len, what),
    }
}

/// As `slice`, if there are any elements, and there can be so many there; without a sentence.
///
/// # Safety
/// As `slice`.
#[inline]
pub unsafe fn some_slice<'a, T>(first: *const T, len: usize) -> Option<&'a [T]> {
    let most = isize::MAX as usize / size_of::<T>();
    if len == 0 || len > most || first.is_null() || !first.is_aligned() {
        return None;
    }
    // SAFETY: the caller's word, and checked above: not NULL, aligned, not longer than memory.
    Some(unsafe { core::slice::from_raw_parts(first, len) })
}

#[cold]
#[inline(never)]
fn no_slice<'a, T>(first: *const (), len: usize, what: &str) -> Result<&'a [T]> {
    if first.is_null() {
        fail!(LIFECYCLE_E_INVALID, "the {what} is NULL with a length of {len}");
    }
    fail!(LIFECYCLE_E_INVALID, "the {what} cannot have {len} elements at {first:p}");
}

/// A place for a result: set to `nothing` at once, so that a failure leaves that behind.
///
/// # Safety
/// `out` is NULL or a place for a `T` that nobody else uses during the call.
pub unsafe fn out<'a, T>(out: *mut T, nothing: T, what: &str) -> Result<&'a mut T> {
    if !is_place(out) {
        return no_place(what);
    }
    // SAFETY: the caller's word; a plain C struct needs no drop.
    unsafe { out.write(nothing) };
    // SAFETY: the caller's word, and written just above.
    Ok(unsafe { &mut *out })
}

#[cold]
#[inline(never)]
fn no_place<T>(what: &str) -> Result<T> {
    fail!(LIFECYCLE_E_INVALID, "the place for the {what} is NULL or not aligned");
}

/// As `out`, for a result that the caller may not want: NULL is fine.
///
/// # Safety
/// As `out`.
pub unsafe fn maybe_out<'a, T>(place: *mut T, nothing: T, what: &str) -> Result<Option<&'a mut T>> {
    if place.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's word.
    unsafe { out(place, nothing, what) }.map(Some)
}

/// As `maybe_out`, for `count` results.
///
/// # Safety
/// `first` is NULL or places for `count` `T`s that nobody else uses during the call.
pub unsafe fn maybe_out_slice<'a, T: Copy>(
    first: *mut T,
    count: usize,
    nothing: T,
    what: &str,
) -> Result<Option<&'a mut [T]>> {
    if first.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's word; checked as a slice that is read would be, and writable.
    unsafe { slice(first.cast_const(), count, what) }?;
    // SAFETY: as above.
    let places = unsafe { core::slice::from_raw_parts_mut(first, count) };
    places.fill(nothing);
    Ok(Some(places))
}

/// Reads a struct that starts with its own size. One that is shorter than ours leaves our last
/// fields zero; one that is longer must have a zero tail, else E_UNSUPPORTED: the caller asks for
/// something this version does not know. `zero` is a `T` whose bytes are zero.
///
/// # Safety
/// `from` is NULL or points at as many bytes as its first field says, unchanged for the call. `T`
/// is `repr(C)`, starts with a `usize` and is valid for any bytes.
pub unsafe fn read_sized<T: Copy>(from: *const T, zero: T, what: &str) -> Result<T> {
    if from.is_null() || !from.is_aligned() {
        fail!(LIFECYCLE_E_INVALID, "the {what} is NULL or not aligned");
    }
    // SAFETY: the caller's word: at least the size is there.
    let size = unsafe { from.cast::<usize>().read() };
    if !(size_of::<usize>()..=1 << 16).contains(&size) {
        fail!(LIFECYCLE_E_INVALID, "a {what} of {size} bytes was not set up with its INIT macro");
    }
    let mut read = zero;
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's word: `size` bytes are there; `known` of them fit in `read`.
    unsafe { core::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut read).cast(), known) };
    // SAFETY: the caller's word: `size` bytes are there, and `known` is at most that.
    let tail = unsafe { core::slice::from_raw_parts(from.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        fail!(LIFECYCLE_E_UNSUPPORTED, "the {what} sets a field that this version does not know");
    }
    Ok(read)
}

/// Fills a struct of `size` bytes for C with what `make` returns: as much of it as fits; what a
/// newer caller knows beyond that is zero. When anything fails, all of it is zero.
///
/// # Safety
/// `out` is NULL or a place of `size` bytes that nobody else uses during the call.
pub unsafe fn fill<T: Copy>(
    out: *mut T,
    size: usize,
    what: &str,
    make: impl FnOnce() -> Result<T>,
) -> Result<()> {
    // SAFETY: the caller's word.
    unsafe { clear_sized(out, size, what) }?;
    let made = make()?;
    // SAFETY: the caller's word, and checked above.
    unsafe { write_sized(out, size, &made) };
    Ok(())
}

/// As `fill`, for a result that the caller may not want: NULL is fine.
///
/// # Safety
/// As `fill`.
pub unsafe fn maybe_fill<T: Copy>(
    out: *mut T,
    size: usize,
    what: &str,
    make: impl FnOnce() -> Result<T>,
) -> Result<()> {
    if out.is_null() {
        return make().map(|_| ());
    }
    // SAFETY: the caller's word.
    unsafe { fill(out, size, what, make) }
}

/// Checks a place of `size` bytes for a struct that the library fills, and zeroes it.
///
/// # Safety
/// `out` is NULL or a place of `size` bytes that nobody else uses during the call.
pub unsafe fn clear_sized<T>(out: *mut T, size: usize, what: &str) -> Result<()> {
    if !is_place(out) {
        return no_place(what);
    }
    if size == 0 || size > 1 << 16 {
        fail!(LIFECYCLE_E_INVALID, "a {what} has no size of {size} bytes; pass sizeof *out");
    }
    // SAFETY: the caller's word.
    unsafe { out.cast::<u8>().write_bytes(0, size) };
    Ok(())
}

/// Fills a struct of `size` bytes that `clear_sized` has checked: as much of `from` as fits; what a
/// newer caller knows beyond that stays zero.
///
/// # Safety
/// As `clear_sized`.
pub unsafe fn write_sized<T: Copy>(out: *mut T, size: usize, from: &T) {
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's word: `size` bytes are there; `known` of them are in `from`.
    unsafe { core::ptr::copy_nonoverlapping((&raw const *from).cast::<u8>(), out.cast(), known) };
}
