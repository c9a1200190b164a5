//! Header section 10: heap.

use core::ffi::{c_int, c_void};

use super::lifecycle_allocator;

/// A word of a heap: the low three bits are its tag, the rest is its payload.
///
/// | tag  | payload                                    | made by             |
/// |------|--------------------------------------------|---------------------|
/// | REF  | index of a cell; unbound = refers to itself | lifecycle_make_ref  |
/// | STR  | index of a header: FUN or BLOB             | lifecycle_make_str  |
/// | LIS  | index of two cells: head and tail          | lifecycle_make_lis  |
/// | CON  | an atom's number, 61 bits                  | lifecycle_make_con  |
/// | INT  | a signed number, 61 bits                   | lifecycle_make_int  |
/// | FUN  | header: atom (40 bits), arity (to 2^20); the arguments follow | lifecycle_make_fun |
/// | BLOB | header: bytes; raw words follow, the last one filled up | lifecycle_make_blob |
/// | HOST | the host's own, never followed             | lifecycle_make_host |
///
/// Indexes count cells from lifecycle_heap_base. Cell 0 is nobody's: a word of zeros is a REF to
/// it, and is passed over wherever a heap looks, so that zeroed registers and frames are legal.
pub type lifecycle_cell = u64;

/// Tag of a cell: a reference to a cell, or unbound.
pub const LIFECYCLE_TAG_REF: u64 = 0;
/// Tag of a cell: a structure or blob, by the index of its header.
pub const LIFECYCLE_TAG_STR: u64 = 1;
/// Tag of a cell: a list pair, by the index of its head.
pub const LIFECYCLE_TAG_LIS: u64 = 2;
/// Tag of a cell: an atom.
pub const LIFECYCLE_TAG_CON: u64 = 3;
/// Tag of a cell: a number.
pub const LIFECYCLE_TAG_INT: u64 = 4;
/// Tag of a cell: the header of a structure.
pub const LIFECYCLE_TAG_FUN: u64 = 5;
/// Tag of a cell: the header of raw words.
pub const LIFECYCLE_TAG_BLOB: u64 = 6;
/// Tag of a cell: the host's own.
pub const LIFECYCLE_TAG_HOST: u64 = 7;
/// What lifecycle_heap_alloc returns when it fails.
pub const LIFECYCLE_NO_CELL: u64 = 0;
/// The most arguments a structure has.
pub const LIFECYCLE_ARITY_MAX: u64 = 1048576;
/// The most cells a heap has: 32 GiB.
pub const LIFECYCLE_HEAP_CELLS_MAX: u64 = 4294967296;

/// A heap of cells. The words are for the inline functions and for code generators: an allocation
/// of n cells may take them from `cursor` up to `limit` by adding n to `cursor`; where they do not
/// suffice it calls lifecycle_heap_alloc_slow. The rest is private.
#[repr(C)]
pub struct lifecycle_heap {
    /// The cells; never moves while the heap lives.
    pub cells: *mut lifecycle_cell,
    /// Index of the next free cell.
    pub cursor: u64,
    /// Index of the end of what may be handed out without a call.
    pub limit: u64,
    /// Cells below it may be older than the newest choicepoint: binding one is trailed.
    pub hb: u64,
    /// What lifecycle_heap_set_wam was given, or NULL.
    pub wam: *mut lifecycle_wam,
    /// Cells from 1 up to and including this one may be touched.
    pub bound: u64,
    /// Not 0: a collection is due at the next safepoint.
    pub due: u32,
    /// Not 0: it collects or verifies just now, and is only looked at.
    pub busy: u32,
}

/// An environment: the host's memory, with `count` cells right behind it (the Y slots,
/// lifecycle_frame_cells). Set up with lifecycle_frame_init.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_frame {
    /// The caller's environment, or NULL.
    pub prev: *mut lifecycle_frame,
    /// Where the caller goes on: says which slots of `prev` are alive (lifecycle_live_fn).
    pub code: *const c_void,
    /// The collector's.
    pub visited: u64,
    /// Slots.
    pub count: u32,
    /// 0.
    pub reserved: u32,
}

/// A choicepoint: the host's memory, with `count` cells right behind it (the arguments,
/// lifecycle_choice_cells). Made one by lifecycle_wam_choice_push.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_choice {
    /// The next older one, or NULL.
    pub prev: *mut lifecycle_choice,
    /// The environment to go on in.
    pub env: *mut lifecycle_frame,
    /// Where `env` goes on (lifecycle_wam.code).
    pub code: *const c_void,
    /// The host's own: the next clause.
    pub alternative: *const c_void,
    /// Entries of the trail that are older. The heap's, as the next three.
    pub trail: u64,
    /// Cells from this index on are younger.
    pub top: u64,
    /// Where in the holes below allocation was.
    pub hole: u64,
    /// Cells in use since the last collection.
    pub taken: u64,
    /// Finalizers and weak references that are older. The heap's.
    pub watches: u64,
    /// Arguments.
    pub count: u32,
    /// 0.
    pub reserved: u32,
}

/// Says which slots of an environment hold cells when its code goes on at `code`: bit i of the
/// result stands for slot `first` + i; bits past the last slot count for nothing. `first` is a
/// multiple of 64. It is called while a collection runs: it looks into the host's tables, and may
/// call nothing of the heap's but lifecycle_heap_stats_get. It returns, as a lifecycle_root_fn does.
pub type lifecycle_live_fn = Option<
    unsafe extern "C" fn(
        frame: *const lifecycle_frame,
        code: *const c_void,
        first: u32,
        user: *mut c_void,
    ) -> u64,
>;

/// The registers of a WAM. It is the host's, stays where it is while the heap has it, and is read at
/// each collection and written where said; start from LIFECYCLE_WAM_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_wam {
    /// sizeof(lifecycle_wam)
    pub size: usize,
    /// The argument registers, those that hold something.
    pub x: *mut lifecycle_cell,
    /// How many.
    pub x_count: u64,
    /// The current environment, or NULL.
    pub e: *mut lifecycle_frame,
    /// Where the code of `e` goes on (CP).
    pub code: *const c_void,
    /// The newest choicepoint, or NULL. Written by lifecycle_wam_choice_push and its like only.
    pub b: *mut lifecycle_choice,
    /// The trail: oldest entry first; a REF cell names the cell to reset, and a LIS cell that to give
    /// the value back which is the word before it. NULL when it is handed over: the heap makes a
    /// trail that grows.
    pub tr: *mut lifecycle_cell,
    /// Words in use. Written by lifecycle_wam_bind and its like, and by a collection.
    pub tr_count: u64,
    /// Words there are.
    pub tr_capacity: u64,
    /// Cells that live as long as the machine.
    pub globals: *mut lifecycle_cell,
    /// How many.
    pub globals_count: u64,
    /// Says which slots of an environment are alive; NULL = all.
    pub live: lifecycle_live_fn,
    /// Handed to `live`.
    pub user: *mut c_void,
}

/// How a heap is set up. Start from LIFECYCLE_HEAP_OPTIONS_INIT; zero means the default where one
/// is named.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_heap_options {
    /// sizeof(lifecycle_heap_options)
    pub size: usize,
    /// Cells committed at once when it is made; default: as they are used.
    pub initial_cells: u64,
    /// Most cells, holes included; default: 2^32, or as many as the system has addresses for.
    pub max_cells: u64,
    /// No collection is due before so many cells are in use; default 2^20 (8 MiB).
    pub threshold: u64,
    /// A collection is due when the cells in use are so many percent of those that survived the last
    /// one; above 100; default 200.
    pub growth: u32,
    /// 0: the heap never collects. LIFECYCLE_HEAP_OPTIONS_INIT says 1.
    pub gc_enabled: u32,
    /// N: every N-th safepoint collects, and what is reclaimed is filled with a pattern; 0: no.
    pub stress: u32,
    /// LIFECYCLE_HEAP_VERIFY, LIFECYCLE_HEAP_NO_POISON.
    pub flags: u32,
    /// Where lists of roots and the like come from; all NULL = malloc, realloc, free.
    pub allocator: lifecycle_allocator,
    /// 0.
    pub reserved: u64,
}

impl Default for lifecycle_heap_options {
    fn default() -> Self {
        lifecycle_heap_options {
            size: size_of::<lifecycle_heap_options>(),
            initial_cells: 0,
            max_cells: 0,
            threshold: 0,
            growth: 0,
            gc_enabled: 1,
            stress: 0,
            flags: 0,
            allocator: lifecycle_allocator::default(),
            reserved: 0,
        }
    }
}

/// Heap flag: each collection is followed by lifecycle_heap_verify, and faults are counted
/// (lifecycle_heap_stats.faults); where there is no memory for that, it is left out.
pub const LIFECYCLE_HEAP_VERIFY: u32 = 1;
/// Heap flag: do not mark free cells for AddressSanitizer and valgrind.
pub const LIFECYCLE_HEAP_NO_POISON: u32 = 2;

/// What a heap holds and has done. Cells are 8 bytes, times nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_heap_stats {
    /// Collections finished.
    pub collections: u64,
    /// Safepoints that had one due.
    pub safepoints: u64,
    /// Cells handed out; those that backtracking took back at once are not counted.
    pub allocated: u64,
    /// Cells that collections found dead.
    pub reclaimed: u64,
    /// Cells that survived the last collection.
    pub live: u64,
    /// Cells in use: those, and what was handed out since.
    pub used: u64,
    /// The most that were in use at once.
    pub high_water: u64,
    /// Cells below the first one that was never used, or lies above all that lives.
    pub frontier: u64,
    /// Cells that have memory.
    pub committed: u64,
    /// Most cells.
    pub max_cells: u64,
    /// A collection is due when more cells than this are in use.
    pub trigger: u64,
    /// Cells whose memory was given back to the system.
    pub given_back: u64,
    /// Bytes beside the cells: marks, stacks, tables.
    pub side_bytes: u64,
    /// Bytes outside that lifecycle_heap_external has told of.
    pub external: u64,
    /// Time of all collections; the phases add up to it.
    pub time_total: u64,
    /// Phase: walking the roots.
    pub time_roots: u64,
    /// Phase: the trail.
    pub time_trail: u64,
    /// Phase: marking.
    pub time_mark: u64,
    /// Phase: counting what lives, and giving memory back.
    pub time_count: u64,
    /// Looking for holes, outside the pauses.
    pub time_sweep: u64,
    /// The last collection's time, and its phases.
    pub last_total: u64,
    /// As time_roots, of the last one.
    pub last_roots: u64,
    /// As time_trail, of the last one.
    pub last_trail: u64,
    /// As time_mark, of the last one.
    pub last_mark: u64,
    /// As time_count, of the last one.
    pub last_count: u64,
    /// The longest collection.
    pub longest_pause: u64,
    /// Holes that the last collection left below the frontier.
    pub runs: u64,
    /// Cells of the largest of them.
    pub largest_run: u64,
    /// Their cells.
    pub free_cells: u64,
    /// The most words that were on the mark stack.
    pub mark_stack: u64,
    /// Times that the system refused the mark stack room and marking went over the heap again.
    pub mark_rescans: u64,
    /// Trail entries that collections dropped.
    pub trail_dropped: u64,
    /// Cells that collections reset because nothing but an older choicepoint reaches them.
    pub early_resets: u64,
    /// Root callbacks registered.
    pub root_callbacks: u64,
    /// Finalizers registered and not run.
    pub finalizers: u64,
    /// Finalizers run.
    pub finalized: u64,
    /// Weak references.
    pub weak: u64,
    /// Weak references whose target has died.
    pub weak_cleared: u64,
    /// References outside the heap or into nothing, met by collections, and faults found by the
    /// verification that follows each one (LIFECYCLE_HEAP_VERIFY).
    pub faults: u64,
}

/// What lifecycle_visit hands cells to. Opaque.
pub struct lifecycle_visitor {
    _private: (),
}

/// Hands each cell that the host keeps somewhere to lifecycle_visit. It is called while a collection
/// or verification runs: what it may call of this heap is lifecycle_visit and
/// lifecycle_heap_stats_get; all else is LIFECYCLE_E_BUSY. It returns: a longjmp out of it leaves the
/// heap in the middle of the collection.
pub type lifecycle_root_fn =
    Option<unsafe extern "C" fn(visitor: *mut lifecycle_visitor, user: *mut c_void)>;

/// Names a weak reference for ever; 0 is none.
pub type lifecycle_weak = u64;

/// Fault: a reference to a cell that is not there.
pub const LIFECYCLE_FAULT_RANGE: u32 = 1;
/// Fault: a STR that refers to no header, or a REF or LIS that refers to one.
pub const LIFECYCLE_FAULT_HEADER: u32 = 2;
/// Fault: a header that says more than there is, or an arity above LIFECYCLE_ARITY_MAX.
pub const LIFECYCLE_FAULT_WHOLE: u32 = 3;
/// Fault: a header where a value belongs.
pub const LIFECYCLE_FAULT_VALUE: u32 = 4;
/// Fault: a reference to a cell that was reclaimed.
pub const LIFECYCLE_FAULT_RECLAIMED: u32 = 5;
/// Fault: the collector kept a cell that nothing refers to, told right after a collection only.
pub const LIFECYCLE_FAULT_KEPT: u32 = 6;
/// Fault: a trail entry that is none, or whose cell is not there or was reclaimed.
pub const LIFECYCLE_FAULT_TRAIL: u32 = 7;
/// Fault: a choicepoint that is not in order with those around it.
pub const LIFECYCLE_FAULT_CHOICE: u32 = 8;

/// Where a fault is: in a cell of the heap.
pub const LIFECYCLE_PLACE_HEAP: u32 = 1;
/// Where a fault is: an argument register.
pub const LIFECYCLE_PLACE_X: u32 = 2;
/// Where a fault is: a slot of an environment.
pub const LIFECYCLE_PLACE_FRAME: u32 = 3;
/// Where a fault is: a choicepoint or an argument of it.
pub const LIFECYCLE_PLACE_CHOICE: u32 = 4;
/// Where a fault is: the trail.
pub const LIFECYCLE_PLACE_TRAIL: u32 = 5;
/// Where a fault is: a global.
pub const LIFECYCLE_PLACE_GLOBAL: u32 = 6;
/// Where a fault is: a cell that a root callback handed over.
pub const LIFECYCLE_PLACE_CALLBACK: u32 = 7;

/// Something wrong that lifecycle_heap_verify has found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_heap_fault {
    /// sizeof(lifecycle_heap_fault) of the library.
    pub size: usize,
    /// LIFECYCLE_FAULT_...
    pub kind: u32,
    /// LIFECYCLE_PLACE_...
    pub place: u32,
    /// Which cell, register, slot, argument, entry or global; for callbacks, the how-manieth cell.
    pub index: u64,
    /// What stands there.
    pub cell: lifecycle_cell,
    /// The frame or choicepoint; NULL elsewhere.
    pub holder: *const c_void,
}

/// Hears of faults; anything but 0 stops the verification.
pub type lifecycle_verify_fn =
    Option<unsafe extern "C" fn(fault: *const lifecycle_heap_fault, user: *mut c_void) -> c_int>;
