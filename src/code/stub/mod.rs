//! The few instructions that have to be written as such: entry stubs, the way from an empty entry
//! to the resolver, and the trap where there is no code to be had. One file a processor; each has
//!
//! - `encode`: the bytes of a stub. Its first half notes the use of the entry if it is to, and
//!   jumps through the cell's slot; its second half, `EMPTY` bytes on, is what the slot of an empty
//!   entry holds, and goes to the cell's trampoline;
//! - `encode_first`: what stands in the place before all stubs;
//! - `trampoline`: keeps every argument register, calls the cell's resolver, puts them back and
//!   jumps to what it returned;
//! - `trap`: an illegal instruction in a function whose name a debugger shows.
//!
//! A stub may change only what any veneer of a linker may: r11 and the flags on x86-64, x16 and x17
//! on aarch64. Marking is a compare and rarely a store, so that threads which call the same
//! function share its cell's cache line.

use super::entries::Cell;

/// Bytes of a stub, and of a cell: a cache line, so that no entry's calls wait for another's.
pub(crate) const STUB: usize = 64;
const _: () = assert!(size_of::<Cell>() <= STUB);

/// Where a stub and what it uses lie.
#[derive(Clone, Copy)]
pub struct Places {
    /// The stub.
    pub at: usize,
    /// Its cell.
    pub cell: usize,
    /// The place before all stubs.
    #[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "for short branches"))]
    pub first: usize,
    /// The word that holds the epoch; 0 = uses are not noted.
    pub clock: usize,
}

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod arch;
#[cfg(target_arch = "aarch64")]
#[path = "aarch64.rs"]
mod arch;

pub(crate) use arch::{EMPTY, SUPPORTED};
pub use arch::{encode, encode_first, trampoline, trap};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod arch {
    use core::ffi::c_void;

    /// Whether there are stubs for this processor.
    pub(crate) const SUPPORTED: bool = false;
    /// Where in a stub its second half starts.
    pub(crate) const EMPTY: usize = 0;

    /// Nothing: `SUPPORTED` is false, so no entry is ever made.
    pub fn encode(_: super::Places) -> [u8; super::STUB] {
        [0; super::STUB]
    }

    /// Nothing.
    pub fn encode_first(_: super::Places) -> [u8; super::STUB] {
        [0; super::STUB]
    }

    /// No way to the resolver.
    pub fn trampoline() -> *const c_void {
        core::ptr::null()
    }

    /// No trap.
    pub fn trap() -> *const c_void {
        core::ptr::null()
    }
}
