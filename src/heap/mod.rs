//! Heaps: tagged cells for a WAM or any runtime that can say where its roots are; stop the world,
//! mark, sweep as you go.
//!
//! The way down: `alloc` (where the next cells come from), `wam` (choicepoints, trail, backtracking),
//! `collect` (a collection from begin to end, and when), `roots` and `trail` (what it begins from),
//! `mark` (what that reaches), `watch` (finalizers and weak references), `verify` (an independent
//! second look), `owned` (a heap that goes with a module), `bits` (marks and the holes between them), `space` (memory), `cell` (tags). This
//! file gives a heap a place whose address C may hold.
//!
//! Invariants:
//! - `.heap.owner`: a heap belongs to one thread at a time (the contract of the C interface).
//! - `.heap.quiet`: no reference to a `State` is alive while foreign code runs: root callbacks,
//!   liveness callbacks, finalizers, reports.
//! - `.heap.front`: a `State` starts with the words of `lifecycle_heap`: the address that C holds is
//!   that of the `State`, which stands `Heap::FRONT` bytes behind the heap's own. Where there is no
//!   state the words are zero: nothing can be allocated or bound.
//! - `.heap.busy`: while a collection or verification runs, the inline allocation finds no cells and
//!   everything that would change the heap is refused.
//!
//! It does not move cells, and does not know generations: its pause is what marking takes.
//!
//! Locks: none here, but the pool's own while a place is taken or given back.

mod alloc;
mod bits;
mod cell;
mod collect;
mod mark;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
mod owned;
mod roots;
mod space;
mod stats;
#[cfg(test)]
mod tests;
mod trail;
mod verify;
mod wam;
mod watch;

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::abi::*;
use crate::base::{Host, List, ListExt, Result, fail};
use crate::os::{Hooks, Level, Pool, Rank, Signed, at_fork};
use crate::shim;
use alloc::Place;
use bits::Bits;
use mark::Marker;
pub use owned::Sums;
use owned::Told;
use space::{Region, Space};
use verify::Trace;
use watch::Watches;

/// Cells in use before the first collection: 8 MiB.
const THRESHOLD: u64 = 1 << 20;
/// Percent of what survived that may be in use.
const GROWTH: u32 = 200;
/// The most percent that count: more never come.
const GROWTH_MAX: u32 = 1 << 20;

/// Why the inline safepoint makes a call.
#[derive(Clone, Copy)]
enum Due {
    /// A collection.
    Collect = 1,
    /// Something waits to be released.
    Finalizers = 2,
    /// Safepoints are counted.
    Stress = 4,
}

/// What runs.
#[derive(Clone, Copy)]
enum Busy {
    Collecting = 1,
    Verifying = 2,
}

/// What the host's options say, with the defaults filled in.
#[derive(Clone, Copy)]
struct Options {
    enabled: bool,
    verifies: bool,
    threshold: u64,
    growth: u32,
    stress: u32,
}

/// All that a heap has.
/// cbindgen:ignore
#[repr(C)]
pub struct State {
    front: lifecycle_heap,
    place: Place,
    space: Space,
    /// Marked cells by block, as of the last collection.
    counts: List<u16>,
    /// By large page: its memory was given back, and nothing was allocated in it since.
    pages_gone: List<bool>,
    /// Cells are marked for AddressSanitizer or valgrind.
    poison: bool,
    /// The last collection freed less than a fifth.
    has_grown_slowly: bool,
    /// `stats.runs` and `stats.largest_run` are those of the last collection.
    runs_known: bool,
    /// Finalizers run.
    is_finalizing: bool,
    /// It is being destroyed: nothing new is watched.
    is_closing: bool,
    /// Depth of critical sections.
    critical: u32,
    safepoints_left: u32,
    options: Options,
    /// Cells that survived the last collection.
    live: u64,
    /// Marks are below this cell.
    marked_end: u64,
    /// Cells that may have memory.
    resident: u64,
    /// Bytes outside; now, and at the last collection.
    external: u64,
    external_then: u64,
    holes_found: u64,
    sweep_ticks: u64,
    /// Nanoseconds and the ticks they took.
    tick_ns: (u64, u64),
    /// In environments that this collection has walked.
    stamp: u64,
    /// Words of the trail that this collection keeps.
    trail_kept: u64,
    /// During a collection.
    marker: Option<Marker>,
    /// During a verification.
    trace: Option<Trace>,
    roots: List<(RootFn, *mut c_void)>,
    watches: Watches,
    /// The trail, if the heap made it.
    own_trail: Option<Region>,
    stats: lifecycle_heap_stats,
    /// Who destroys it, if not the host; and what was told there last.
    owner: Option<&'static Sums>,
    told: Told,
    host: Host,
}

type RootFn = unsafe extern "C" fn(*mut lifecycle_visitor, *mut c_void);

/// A heap in its place.
/// cbindgen:ignore
#[repr(C)]
pub struct Heap {
    signature: AtomicU32,
    next_free: AtomicU32,
    state: UnsafeCell<MaybeUninit<State>>,
    /// The host's functions: `Host` points here.
    allocator: UnsafeCell<lifecycle_allocator>,
}

const _: () = assert!(offset_of!(State, front) == 0);

// SAFETY: signature and next_free are atomics, for which zero bytes are a valid value; they are all
// that the pool uses from any thread. The rest is used by one thread at a time (`.heap.owner`).
unsafe impl Signed for Heap {
    fn signature(&self) -> &AtomicU32 {
        &self.signature
    }
    fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
    const NOUN: &'static str = "heap";
    const FRONT: usize = offset_of!(Heap, state);
}

static POOL: Pool<Heap> = Pool::new(Rank::HeapPool);
/// Tells one heap's weak references from another's.
static HEAPS: AtomicU8 = AtomicU8::new(1);
/// Around a fork.
static HOOKS: Hooks = Hooks { before: || POOL.hold(), after: |_| POOL.let_go() };

fn set_up(options: &lifecycle_heap_options) -> Result<(Options, lifecycle_allocator)> {
    let known = LIFECYCLE_HEAP_VERIFY | LIFECYCLE_HEAP_NO_POISON;
    if options.flags & !known != 0 || options.reserved != 0 {
        fail!(LIFECYCLE_E_INVALID, "a heap has no flags {:#x}", options.flags);
    }
    if options.gc_enabled > 1 || (1..=100).contains(&options.growth) {
        let (enabled, growth) = (options.gc_enabled, options.growth);
        fail!(LIFECYCLE_E_INVALID, "gc_enabled is {enabled} (0 or 1), growth {growth} (above 100)");
    }
    let max = if options.max_cells == 0 { LIFECYCLE_HEAP_CELLS_MAX } else { options.max_cells };
    if max > LIFECYCLE_HEAP_CELLS_MAX || options.initial_cells > max {
        let cells = options.initial_cells.max(max);
        fail!(LIFECYCLE_E_TOO_BIG, "{cells} cells are more than the heap can have");
    }
    let table = Host::table_of(options.allocator)?;
    let chosen = Options {
        enabled: options.gc_enabled == 1,
        verifies: options.flags & LIFECYCLE_HEAP_VERIFY != 0,
        threshold: if options.threshold == 0 { THRESHOLD } else { options.threshold },
        growth: if options.growth == 0 { GROWTH } else { options.growth.min(GROWTH_MAX) },
        stress: options.stress,
    };
    Ok((chosen, table))
}

impl State {
    fn new(options: &lifecycle_heap_options, chosen: Options, host: Host) -> Result<State> {
        let max = (options.max_cells != 0).then_some(options.max_cells.max(2));
        let space = Space::new(max)?;
        let mut pages_gone = List::new_in(host);
        let pages = (space.max() / space::LARGE_PAGE_CELLS) as usize;
        pages_gone.make_room(pages)?;
        pages_gone.resize(pages, false);
        let front = lifecycle_heap {
            cells: space.cells(),
            cursor: 1,
            limit: 1,
            hb: 0,
            wam: core::ptr::null_mut(),
            bound: 0,
            due: if chosen.stress != 0 && chosen.enabled { Due::Stress as u32 } else { 0 },
            busy: 0,
        };
        let mut state = State {
            front,
            place: Place::new(),
            space,
            counts: List::new_in(host),
            pages_gone,
            poison: shim::is_watched() && options.flags & LIFECYCLE_HEAP_NO_POISON == 0,
            has_grown_slowly: false,
            runs_known: true,
            is_finalizing: false,
            is_closing: false,
            critical: 0,
            safepoints_left: chosen.stress,
            options: chosen,
            live: 0,
            marked_end: 0,
            resident: 0,
            external: 0,
            external_then: 0,
            holes_found: 0,
            sweep_ticks: 0,
            tick_ns: (0, 1),
            stamp: roots::mix(crate::os::monotonic_ns()),
            trail_kept: 0,
            marker: None,
            trace: None,
            roots: List::new_in(host),
            watches: Watches::new(host, HEAPS.fetch_add(1, Ordering::Relaxed)),
            own_trail: None,
            stats: lifecycle_heap_stats::default(),
            owner: None,
            told: Told::default(),
            host,
        };
        // Cell 0 is nobody's, and unbound.
        state.commit(options.initial_cells.max(2))?;
        state.permit(0, 1);
        // SAFETY: `.space.committed`
        unsafe { *state.space.cells() = cell::reference(0) };
        if chosen.enabled {
            state.place.budget = state.next_budget();
        }
        state.restart(1);
        Ok(state)
    }

    /// The marks.
    fn bits(&self) -> Bits {
        Bits::new(self.space.marks())
    }

    /// Where a cell is.
    fn cell_place(&self, index: u64) -> *mut lifecycle_cell {
        self.space.cells().wrapping_add(index as usize)
    }

    /// Whether an index from the host is a cell's.
    fn check_index(&self, index: u64) -> Result<()> {
        if index == 0 || index > self.front.bound {
            fail!(LIFECYCLE_E_RANGE, "{index} is no cell's index");
        }
        Ok(())
    }

    /// `.heap.busy`
    fn refuse_if_busy(&self) -> Result<()> {
        match self.front.busy {
            0 => Ok(()),
            1 => fail!(LIFECYCLE_E_BUSY, "the heap collects just now"),
            _ => fail!(LIFECYCLE_E_BUSY, "the heap is verified just now"),
        }
    }

    fn enter(&mut self, busy: Busy) {
        self.front.busy = busy as u32;
        self.set_limit();
    }

    fn leave(&mut self) {
        self.front.busy = 0;
        self.set_limit();
    }
}

impl Heap {
    /// Makes a heap.
    pub fn create(options: &lifecycle_heap_options) -> Result<&'static Heap> {
        at_fork(Level::Heaps, &HOOKS)?;
        let (chosen, table) = set_up(options)?;
        let (place, is_fresh) = POOL.take()?;
        if is_fresh {
            let heap = Heap {
                signature: AtomicU32::new(0),
                next_free: AtomicU32::new(0),
                state: UnsafeCell::new(MaybeUninit::zeroed()),
                allocator: UnsafeCell::new(table),
            };
            // SAFETY: `.pool.once` - the place is new and ours until it is published.
            unsafe { place.write(heap) };
        }
        // SAFETY: `.pool.once` - the place holds a `Heap`, ours until it is published.
        let heap: &'static Heap = unsafe { place.as_ref() };
        // SAFETY: as above; nothing is allocated through the old table any more (`destroy`).
        unsafe { *heap.allocator.get() = table };
        // SAFETY: `.host.alive` - the table is in the place, which is never unmapped, and all three
        // functions are given.
        let host = unsafe { Host::from_table(NonNull::from(&*heap.allocator.get())) };
        match State::new(options, chosen, host) {
            Ok(state) => {
                // SAFETY: as above: the place is ours, and has no state (`destroy`).
                unsafe { (*heap.state.get()).write(state) };
                Pool::publish(heap);
                Ok(heap)
            }
            Err(error) => {
                POOL.give_back(heap);
                Err(error)
            }
        }
    }

    /// The live heap at a pointer from C; anything else is told apart without being followed.
    #[inline]
    pub fn check(pointer: *const lifecycle_heap) -> Result<&'static Heap> {
        POOL.check(pointer.cast())
    }

    /// For C.
    pub fn as_ptr(&self) -> *mut lifecycle_heap {
        // `.heap.front`
        self.state.get().cast()
    }

    /// For C's root callbacks: the same address under another name.
    fn as_visitor(&self) -> *mut lifecycle_visitor {
        self.state.get().cast()
    }

    /// Runs something on the state; it calls no foreign code.
    #[inline]
    fn with<R>(&self, body: impl FnOnce(&mut State) -> R) -> R {
        // SAFETY: `.heap.owner`, `.heap.quiet` - no other reference to the state is alive: every one
        // is made here, on the one thread that uses the heap, and ends before foreign code can run
        // and come back. A live heap has a state.
        body(unsafe { (*self.state.get()).assume_init_mut() })
    }

    /// Runs the finalizers, and gives everything back.
    pub fn destroy(&self) -> Result<()> {
        self.with(|state| {
            state.refuse_if_busy()?;
            if state.owner.is_some() {
                fail!(LIFECYCLE_E_BUSY, "a module owns the heap: it goes with the module");
            }
            if state.is_finalizing {
                fail!(LIFECYCLE_E_BUSY, "a finalizer cannot destroy its heap");
            }
            state.is_closing = true;
            state.condemn_all();
            Ok(())
        })?;
        self.run_finalizers();
        self.with(|state| {
            state.forget_wam();
            // Who has these addresses next knows nothing of a checker that was told of them.
            state.permit(0, state.space.committed());
        });
        if !Pool::withdraw(self) {
            fail!(LIFECYCLE_E_STALE, "another thread was destroying the heap");
        }
        let state = self.state.get();
        // SAFETY: it was withdrawn, so nobody has a way to the state any more.
        unsafe { (*state).assume_init_drop() };
        // SAFETY: as above; zeros are what a place without a state has (`.heap.front`).
        unsafe { *state = MaybeUninit::zeroed() };
        POOL.give_back(self);
        Ok(())
    }

    /// Cells from a hole of a live heap, if that is all there is to do.
    #[inline]
    pub fn quick_alloc(pointer: *const lifecycle_heap, cells: u64) -> Option<u64> {
        POOL.peek(pointer.cast::<Heap>()).ok()?.with(|state| state.alloc_in_holes(cells))
    }

    /// Allocates cells side by side.
    pub fn alloc(&self, cells: u64) -> Result<u64> {
        self.with(|state| state.alloc(cells))
    }

    /// Registers a callback that hands over roots.
    pub fn add_roots(&self, roots: lifecycle_root_fn, user: *mut c_void) -> Result<()> {
        let Some(roots) = roots else {
            fail!(LIFECYCLE_E_INVALID, "the root callback is NULL");
        };
        self.with(|state| {
            state.refuse_if_busy()?;
            state.roots.try_push((roots, user))
        })
    }

    /// Takes the newest registration of a pair back.
    pub fn remove_roots(&self, roots: lifecycle_root_fn, user: *mut c_void) -> Result<()> {
        let Some(roots) = roots else {
            fail!(LIFECYCLE_E_INVALID, "the root callback is NULL");
        };
        self.with(|state| {
            state.refuse_if_busy()?;
            let is_pair = |pair: &(RootFn, *mut c_void)| {
                core::ptr::fn_addr_eq(pair.0, roots) && pair.1 == user
            };
            match state.roots.iter().rposition(is_pair) {
                Some(at) => {
                    state.roots.remove(at);
                    Ok(())
                }
                None => fail!(LIFECYCLE_E_NOT_FOUND, "this root callback is not registered"),
            }
        })
    }

    /// A critical section begins.
    pub fn critical_enter(&self) -> Result<()> {
        self.with(|state| match state.critical.checked_add(1) {
            Some(deeper) => {
                state.critical = deeper;
                Ok(())
            }
            None => fail!(LIFECYCLE_E_LIMIT, "critical sections are nested 2^32 - 1 deep"),
        })
    }

    /// A critical section ends.
    pub fn critical_leave(&self) -> Result<()> {
        self.with(|state| match state.critical.checked_sub(1) {
            Some(depth) => {
                state.critical = depth;
                Ok(())
            }
            None => fail!(LIFECYCLE_E_INVALID, "the heap is in no critical section"),
        })
    }

    /// What it holds and has done.
    pub fn stats(&self) -> lifecycle_heap_stats {
        self.with(State::statistics)
    }

    /// Tells of bytes outside.
    pub fn external(&self, bytes: i64) -> Result<()> {
        self.with(|state| {
            state.refuse_if_busy()?;
            let sum =
                state.external.checked_add_signed(bytes).filter(|sum| *sum <= i64::MAX as u64);
            let Some(sum) = sum else {
                let known = state.external;
                fail!(LIFECYCLE_E_RANGE, "{known} bytes outside cannot become {bytes} more");
            };
            state.external = sum;
            state.note_external();
            Ok(())
        })
    }
}

/// For root callbacks: a cell that the host keeps.
pub fn visit(visitor: *mut lifecycle_visitor, cell: lifecycle_cell) -> Result<()> {
    let heap = match POOL.peek(visitor.cast::<Heap>().cast_const()) {
        Ok(heap) => heap,
        Err(lifecycle_status::LIFECYCLE_E_STALE) => {
            fail!(LIFECYCLE_E_STALE, "the visitor's heap was destroyed")
        }
        Err(_) => fail!(LIFECYCLE_E_INVALID, "{visitor:p} is not a visitor"),
    };
    match heap.with(|state| (state.marker.is_some(), state.trace.is_some())) {
        (true, _) => heap.mark_root(cell),
        (_, true) => heap.trace_callback(cell)?,
        _ => fail!(LIFECYCLE_E_INVALID, "nobody visits: no collection or verification runs"),
    }
    Ok(())
}
