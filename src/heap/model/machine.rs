//! A machine of the WAM's kind over a heap: its registers, environments and choicepoints lie where
//! a host has them, in memory of their own that is given back as soon as nothing needs it, so that
//! AddressSanitizer sees who looks at it later.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;
use crate::base::Result as Outcome;
use crate::heap::{self, Heap};

/// What a call gives, without its sentence.
pub type Got<T> = Result<T, lifecycle_status>;

/// Argument registers there are; those past `x_count` hold anything.
pub const REGISTERS: usize = 12;
pub const GLOBALS: usize = 4;
/// Sets of cells that callbacks hand over, and the cells of each.
pub const SETS: usize = 3;
pub const SET: usize = 3;

/// How a run's heap and machine are set up.
#[derive(Clone, Debug)]
pub struct Setup {
    pub gc_enabled: bool,
    pub stress: u32,
    pub threshold: u64,
    pub growth: u32,
    pub max_cells: u64,
    pub initial_cells: u64,
    pub verifies: bool,
    /// Words of the host's own trail; none: the heap makes one.
    pub trail: Option<usize>,
    /// It tells its registers; otherwise a callback hands them over.
    pub has_wam: bool,
    /// It says which slots are alive.
    pub has_live: bool,
}

/// Words that stay where they are, for the heap to look at.
pub struct Words(*mut [u64]);

impl Words {
    pub fn new(count: usize) -> Self {
        Words(Box::into_raw(vec![0; count].into_boxed_slice()))
    }
    pub fn at(&self) -> *mut u64 {
        self.0.cast()
    }
    fn place(&self, i: usize) -> *mut u64 {
        assert!(i < self.0.len());
        self.at().wrapping_add(i)
    }
    pub fn get(&self, i: usize) -> u64 {
        // SAFETY: `place` has seen that it is one of them.
        unsafe { self.place(i).read() }
    }
    pub fn set(&self, i: usize, word: u64) {
        // SAFETY: as in `get`.
        unsafe { self.place(i).write(word) };
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: a box made it, and it goes once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// The slots that are alive where a code goes on.
pub struct Code {
    pub alive: Vec<bool>,
}

const FRAME: usize = size_of::<lifecycle_frame>() / 8;
const CHOICE: usize = size_of::<lifecycle_choice>() / 8;

/// What finalizers and callbacks tell.
#[derive(Default)]
pub struct Ears {
    /// The finalizers that ran, in order.
    pub ran: RefCell<Vec<usize>>,
    /// Cells that finalizers allocated.
    pub allocated: Cell<u64>,
    /// A callback got something else than it should.
    pub wrong: Cell<bool>,
    pub calls: Cell<u64>,
    pub heap: Cell<*mut lifecycle_heap>,
    /// Faults that a verification told: kind, place, index, cell.
    pub faults: RefCell<Vec<(u32, u32, u64, u64)>>,
}

/// Cells for a callback.
pub struct Set {
    pub cells: Words,
    count: usize,
    ears: *const Ears,
}

#[expect(clippy::vec_box, reason = "the heap has the addresses of what is boxed")]
pub struct Machine {
    pub heap: *mut lifecycle_heap,
    wam: *mut lifecycle_wam,
    pub x: Words,
    pub globals: Words,
    trail: Option<Words>,
    /// By number; none when nothing needs it any more.
    pub frames: Vec<Option<Words>>,
    pub choices: Vec<Words>,
    pub codes: Vec<Box<Code>>,
    pub sets: Vec<Box<Set>>,
    /// Registers and globals where there is no WAM.
    own: Vec<Box<Set>>,
    pub ears: Box<Ears>,
}

/// The figures that tell how a heap is used.
pub fn figures(stats: &lifecycle_heap_stats) -> String {
    format!(
        "{} collections, {} allocated, {} reclaimed, {} live, {} used, {} high water, {} frontier, \
         {} at most, due at {}",
        stats.collections,
        stats.allocated,
        stats.reclaimed,
        stats.live,
        stats.used,
        stats.high_water,
        stats.frontier,
        stats.max_cells,
        stats.trigger
    )
}

fn got<T>(outcome: Outcome<T>) -> Got<T> {
    outcome.map_err(|error| error.0)
}

/// Which slots are alive; bits past the last one are set, because they count for nothing.
unsafe extern "C" fn live(
    frame: *const lifecycle_frame,
    code: *const c_void,
    first: u32,
    user: *mut c_void,
) -> u64 {
    // SAFETY: codes live as long as the machine, frames as long as somebody needs them.
    let (code, count) = unsafe { (&*code.cast::<Code>(), (*frame).count) };
    // SAFETY: the machine's, for as long as it lives.
    let ears = unsafe { &*user.cast::<Ears>() };
    if !first.is_multiple_of(64) || first >= count || code.alive.len() != count as usize {
        ears.wrong.set(true);
    }
    (0..64).fold(0, |bits, i| {
        let alive = code.alive.get(first as usize + i).copied().unwrap_or(true);
        bits | u64::from(alive) << i
    })
}

/// Hands over a set of cells; everything else is refused meanwhile.
unsafe extern "C" fn hand_over(visitor: *mut lifecycle_visitor, user: *mut c_void) {
    // SAFETY: sets live as long as the machine.
    let set = unsafe { &*user.cast::<Set>() };
    // SAFETY: as above.
    let ears = unsafe { &*set.ears };
    ears.calls.set(ears.calls.get() + 1);
    for i in 0..set.count {
        if heap::visit(visitor, set.cells.get(i)).is_err() {
            ears.wrong.set(true);
        }
    }
    let heap = ears.heap.get();
    let refused = [
        got(Heap::check(heap).and_then(|heap| heap.collect())),
        got(Heap::check(heap).and_then(|heap| heap.alloc(1 << 20)).map(|_| ())),
        got(Heap::check(heap).and_then(|heap| heap.destroy())),
    ];
    if refused != [Err(LIFECYCLE_E_BUSY); 3] {
        ears.wrong.set(true);
    }
}

/// A finalizer: the resource is its number and how many cells it allocates.
unsafe extern "C" fn release(resource: *mut c_void, user: *mut c_void) {
    // SAFETY: the machine's, and the heap is destroyed before it.
    let ears = unsafe { &*user.cast::<Ears>() };
    let number = resource as usize;
    ears.ran.borrow_mut().push(number >> 4);
    let cells = number as u64 & 15;
    let heap = ears.heap.get();
    if cells > 0
        && let Ok(at) = Heap::check(heap).and_then(|heap| heap.alloc(cells))
    {
        ears.allocated.set(ears.allocated.get() + cells);
        // SAFETY: the heap has just handed them out.
        let cells_of = |at: u64| unsafe { (*heap).cells.add(at as usize) };
        // SAFETY: as above.
        (at..at + cells).for_each(|at| unsafe { cells_of(at).write(at << 3 | number as u64 & 7) });
    }
}

/// Notes a fault.
unsafe extern "C" fn hear(fault: *const lifecycle_heap_fault, user: *mut c_void) -> c_int {
    // SAFETY: the library's word, and the machine's.
    let (fault, ears) = unsafe { (&*fault, &*user.cast::<Ears>()) };
    ears.faults.borrow_mut().push((fault.kind, fault.place, fault.index, fault.cell));
    0
}

impl Machine {
    pub fn new(setup: &Setup) -> Self {
        let options = lifecycle_heap_options {
            initial_cells: setup.initial_cells,
            max_cells: setup.max_cells,
            threshold: setup.threshold,
            growth: setup.growth,
            gc_enabled: setup.gc_enabled.into(),
            stress: setup.stress,
            flags: if setup.verifies { LIFECYCLE_HEAP_VERIFY } else { 0 },
            ..lifecycle_heap_options::default()
        };
        let heap = Heap::create(&options).map_err(|error| error.0).expect("a heap").as_ptr();
        let ears = Box::new(Ears { heap: Cell::new(heap), ..Ears::default() });
        let wam = lifecycle_wam {
            size: size_of::<lifecycle_wam>(),
            x: ptr::null_mut(),
            x_count: 0,
            e: ptr::null_mut(),
            code: ptr::null(),
            b: ptr::null_mut(),
            tr: ptr::null_mut(),
            tr_count: 0,
            tr_capacity: 0,
            globals: ptr::null_mut(),
            globals_count: 0,
            live: setup.has_live.then_some(live as _),
            user: (&raw const *ears).cast_mut().cast(),
        };
        let mut machine = Machine {
            heap,
            wam: Box::into_raw(Box::new(wam)),
            x: Words::new(REGISTERS),
            globals: Words::new(GLOBALS),
            trail: setup.trail.map(Words::new),
            frames: Vec::new(),
            choices: Vec::new(),
            codes: vec![Box::new(Code { alive: Vec::new() })],
            sets: Vec::new(),
            own: Vec::new(),
            ears,
        };
        machine.sets = (0..SETS).map(|_| machine.set(Words::new(SET), SET)).collect();
        machine.tell(setup);
        machine
    }

    fn set(&self, cells: Words, count: usize) -> Box<Set> {
        Box::new(Set { cells, count, ears: &raw const *self.ears })
    }

    /// Tells the heap where the registers are.
    fn tell(&mut self, setup: &Setup) {
        if setup.has_wam {
            let (x, globals) = (self.x.at(), self.globals.at());
            let trail = self.trail.as_ref().map(|trail| (trail.at(), trail.0.len() as u64));
            let wam = self.wam();
            (wam.x, wam.globals, wam.globals_count) = (x, globals, GLOBALS as u64);
            (wam.tr, wam.tr_capacity) = trail.unwrap_or((ptr::null_mut(), 0));
            wam.code = self.code(0);
            let wam = self.wam;
            self.call(|heap| heap.set_wam(wam)).expect("registers");
            return;
        }
        // The set shares the words: both are looked at by index only.
        for (words, count) in [(self.x.0, REGISTERS), (self.globals.0, GLOBALS)] {
            let set = self.set(Words(words), count);
            let user = (&raw const *set).cast_mut().cast();
            self.call(|heap| heap.add_roots(Some(hand_over), user)).expect("a callback");
            self.own.push(set);
        }
    }

    #[expect(clippy::mut_from_ref, reason = "the machine's registers are the heap's to write too")]
    pub fn wam(&self) -> &mut lifecycle_wam {
        // SAFETY: it lives as long as the machine, and no reference outlives a line or two.
        unsafe { &mut *self.wam }
    }

    /// Calls the heap.
    pub fn call<T>(&self, call: impl FnOnce(&Heap) -> Outcome<T>) -> Got<T> {
        got(Heap::check(self.heap).and_then(call))
    }

    /// The words that the header shows.
    pub fn shown(&self) -> lifecycle_heap {
        // SAFETY: the heap lives, and this is a copy.
        unsafe { self.heap.read() }
    }

    pub fn stats(&self) -> lifecycle_heap_stats {
        self.call(|heap| Ok(heap.stats())).expect("statistics")
    }

    /// What lifecycle_heap_alloc does.
    pub fn alloc(&self, cells: u64) -> Got<u64> {
        let shown = self.shown();
        if cells.wrapping_sub(1) < shown.limit - shown.cursor {
            // SAFETY: the header's word: this is how cells are taken.
            unsafe { (*self.heap).cursor += cells };
            return Ok(shown.cursor);
        }
        self.call(|heap| heap.alloc(cells))
    }

    /// What lifecycle_heap_safepoint does.
    pub fn safepoint(&self) -> Got<()> {
        if self.shown().due == 0 { Ok(()) } else { self.call(|heap| heap.safepoint()) }
    }

    /// What lifecycle_wam_bind does.
    pub fn bind(&self, at: u64, word: u64) -> Got<()> {
        let shown = self.shown();
        if at.wrapping_sub(1) >= shown.bound {
            return Err(LIFECYCLE_E_RANGE);
        }
        if at < shown.hb {
            if self.wam().tr_count >= self.wam().tr_capacity {
                self.call(|heap| heap.trail_reserve(1))?;
            }
            let wam = self.wam();
            // SAFETY: there is room.
            unsafe { wam.tr.add(wam.tr_count as usize).write(at << 3 | LIFECYCLE_TAG_REF) };
            wam.tr_count += 1;
        }
        self.write(at, word);
        Ok(())
    }

    fn cell(&self, at: u64) -> *mut u64 {
        let shown = self.shown();
        assert!(at.wrapping_sub(1) < shown.bound, "cell {at} is not there");
        shown.cells.wrapping_add(at as usize)
    }

    pub fn read(&self, at: u64) -> u64 {
        // SAFETY: `cell` has seen that it is there.
        unsafe { self.cell(at).read() }
    }

    pub fn write(&self, at: u64, word: u64) {
        // SAFETY: as in `read`.
        unsafe { self.cell(at).write(word) };
    }

    /// A word of the trail.
    pub fn trailed(&self, i: u64) -> u64 {
        assert!(i < self.wam().tr_count);
        // SAFETY: it is one of them.
        unsafe { self.wam().tr.add(i as usize).read() }
    }

    /// What says the heap of a code.
    pub fn code(&self, code: usize) -> *const c_void {
        (&raw const *self.codes[code]).cast()
    }

    pub fn add_code(&mut self, alive: Vec<bool>) -> usize {
        self.codes.push(Box::new(Code { alive }));
        self.codes.len() - 1
    }

    /// A frame becomes the current one; its slots are written later.
    pub fn push_frame(&mut self, count: usize) -> usize {
        let words = Words::new(FRAME + count);
        let wam = self.wam();
        let frame = lifecycle_frame {
            prev: wam.e,
            code: wam.code,
            visited: 0,
            count: count as u32,
            reserved: 0,
        };
        // SAFETY: there is room for it.
        unsafe { words.at().cast::<lifecycle_frame>().write(frame) };
        wam.e = words.at().cast();
        self.frames.push(Some(words));
        self.frames.len() - 1
    }

    fn words(&self, frame: usize) -> &Words {
        self.frames[frame].as_ref().expect("a frame that is there")
    }

    pub fn frame(&self, frame: usize) -> *mut lifecycle_frame {
        self.words(frame).at().cast()
    }

    pub fn pop_frame(&self) {
        let wam = self.wam();
        // SAFETY: there is one, the model's word.
        let frame = unsafe { *wam.e };
        (wam.e, wam.code) = (frame.prev, frame.code);
    }

    pub fn slot(&self, frame: usize, slot: usize) -> u64 {
        self.words(frame).get(FRAME + slot)
    }

    pub fn set_slot(&self, frame: usize, slot: usize, word: u64) {
        self.words(frame).set(FRAME + slot, word);
    }

    /// A choicepoint with some registers as its arguments.
    pub fn push_choice(&mut self, count: usize) -> Got<()> {
        let words = Words::new(CHOICE + count);
        let at = words.at().cast::<lifecycle_choice>();
        let alternative = self.code(0);
        self.call(|heap| heap.choice_push(at, count as u32, alternative))?;
        (0..count).for_each(|i| words.set(CHOICE + i, self.x.get(i)));
        self.choices.push(words);
        Ok(())
    }

    pub fn choice(&self, choice: usize) -> lifecycle_choice {
        // SAFETY: it lives, and this is a copy.
        unsafe { self.choices[choice].at().cast::<lifecycle_choice>().read() }
    }

    pub fn argument(&self, choice: usize, i: usize) -> u64 {
        self.choices[choice].get(CHOICE + i)
    }

    /// Cuts so that so many choicepoints are left.
    pub fn cut(&mut self, left: usize) -> Got<()> {
        let to = left.checked_sub(1).map_or(ptr::null_mut(), |i| self.choices[i].at());
        self.call(|heap| heap.cut(to.cast()))?;
        self.choices.truncate(left);
        Ok(())
    }

    pub fn pop_choice(&mut self) -> Got<()> {
        self.call(|heap| heap.choice_pop())?;
        self.choices.pop();
        Ok(())
    }

    pub fn register(&self, set: usize, times: bool) -> Got<()> {
        let user = (&raw const *self.sets[set]).cast_mut().cast();
        self.call(|heap| match times {
            true => heap.add_roots(Some(hand_over), user),
            false => heap.remove_roots(Some(hand_over), user),
        })
    }

    /// Registers a finalizer that allocates so many cells.
    pub fn finalize(&self, word: u64, number: usize, cells: usize) -> Got<()> {
        let user = (&raw const *self.ears).cast_mut().cast();
        let resource = ptr::without_provenance_mut(number << 4 | cells & 15);
        self.call(|heap| heap.finalize(word, Some(release), resource, user))
    }

    /// Verifies; the faults are the ears'.
    pub fn verify(&self) -> Got<usize> {
        self.ears.faults.borrow_mut().clear();
        let user = (&raw const *self.ears).cast_mut().cast();
        self.call(|heap| heap.verify(Some(hear), user))
    }

    pub fn destroy(&self) -> Got<()> {
        self.call(|heap| heap.destroy())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // These words are `x` and `globals`, which free them.
        for set in self.own.drain(..) {
            core::mem::forget(set.cells);
        }
        // SAFETY: a box made it, and the heap is gone.
        drop(unsafe { Box::from_raw(self.wam) });
    }
}
