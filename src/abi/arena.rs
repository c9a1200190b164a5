//! Header section 8: arena.

use core::ffi::c_void;

/// A bump allocator for things that die together. The two words are for the inline allocation and
/// for code generators: `cursor` at offset 0 is the next free byte (16-aligned), `limit` at offset
/// 8 (on 64-bit) the end of what may be handed out without a call. An allocation may take bytes
/// from `cursor` up to `limit` by moving `cursor` by a multiple of 16; where they do not suffice it
/// calls lifecycle_arena_alloc_slow. The rest is private.
#[repr(C)]
pub struct lifecycle_arena {
    /// Next free byte.
    pub cursor: *mut u8,
    /// End of what may be handed out without a call.
    pub limit: *mut u8,
}

/// How an arena is set up. Start from LIFECYCLE_ARENA_OPTIONS_INIT; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_arena_options {
    /// sizeof(lifecycle_arena_options)
    pub size: usize,
    /// Bytes committed at a time, at least; rounded up to pages; default 64 KiB.
    pub chunk_size: usize,
    /// Most bytes in use at once; default 64 GiB.
    pub hard_limit: usize,
    /// Memory of the caller used before any other, or NULL; it must outlive the arena.
    pub first_region: *mut c_void,
    /// Its bytes.
    pub first_region_size: usize,
    /// Bytes that stay committed after every reset, rounded up to pages; SIZE_MAX: all of them;
    /// default: what the recent rounds needed (see lifecycle_arena_reset).
    pub retained: usize,
    /// LIFECYCLE_ARENA_NO_POISON: do not mark unused bytes for AddressSanitizer and valgrind.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// Arena flag: do not mark unused bytes for AddressSanitizer and valgrind.
pub const LIFECYCLE_ARENA_NO_POISON: u32 = 1;

/// The largest alignment an arena allocates with: 2 MiB.
pub const LIFECYCLE_ARENA_ALIGN_MAX: usize = 2097152;

/// A place in an arena to rewind to: opaque words.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_arena_mark {
    /// Private.
    pub position: usize,
    /// Private.
    pub arena: u64,
    /// Private.
    pub sequence: u64,
}

/// What an arena holds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_arena_stats {
    /// Bytes in use: what was handed out, rounded up to 16, and the gaps that alignments left.
    pub used: u64,
    /// The most that was ever in use at once.
    pub high_water: u64,
    /// The most that may be in use at once.
    pub hard_limit: u64,
    /// Bytes of the caller's first region that are usable.
    pub first_region: u64,
    /// Bytes of address space set aside, huge allocations included.
    pub reserved: u64,
    /// Bytes of it that may be touched.
    pub committed: u64,
    /// Bytes in use by allocations that have a mapping of their own because they are huge.
    pub side_bytes: u64,
    /// Those allocations.
    pub side_count: u64,
    /// Mappings that the system refused to take back; tried again at each reset.
    pub failed_releases: u64,
    /// Resets since it was made.
    pub resets: u64,
}
