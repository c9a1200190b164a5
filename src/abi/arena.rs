//! Header section 8: arena.

use core::ffi::c_void;

/// A bump allocator for things that die together. The two words are for the inline allocation and for code generators:
/// `cursor` at offset 0 is the next free byte (16-aligned), `limit` at offset 8 (on 64-bit) the end of what may be
/// handed out without a call. The rest is private.
#[repr(C)]
pub struct lifecycle_arena {
    /// Next free byte.
    pub cursor: *mut u8,
    /// End of the committed bytes.
    pub limit: *mut u8,
}

/// How an arena is set up. Start from LIFECYCLE_ARENA_OPTIONS_INIT; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_arena_options {
    /// sizeof(lifecycle_arena_options)
    pub size: usize,
    /// Bytes committed at a time; rounded up to pages; default 64 KiB.
    pub chunk_size: usize,
    /// Most bytes in use at once; default 64 GiB of address space, or what the system allows.
    pub hard_limit: usize,
    /// Memory of the caller used before any other, or NULL; it must outlive the arena.
    pub first_region: *mut c_void,
    /// Its bytes.
    pub first_region_size: usize,
    /// Bytes that stay committed after a reset; default: all of them.
    pub retained: usize,
    /// LIFECYCLE_ARENA_NO_POISON: do not mark unused bytes for AddressSanitizer and valgrind.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// Arena flag: do not mark unused bytes for AddressSanitizer and valgrind.
pub const LIFECYCLE_ARENA_NO_POISON: u32 = 1;

/// A place in an arena to rewind to: opaque words.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_arena_mark {
    /// Private.
    pub position: usize,
    /// Private.
    pub generation: u64,
    /// Private.
    pub cleanups: u64,
    /// Private.
    pub side: u64,
}
