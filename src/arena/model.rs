//! The naive twin of the algorithm: a list of live ranges, over a system that can be told to fail.
//! Driven beside the real one by the property tests and the fuzz target.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model is there to fail loudly"
)]

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::NonNull;
use std::rc::Rc;

use super::bump::{ALIGN, Bump, Cleanup, First, Mark, Platform, Refused, Setup, Unfit};
use super::system::{HUGE, RESERVE, System};
use crate::os::Reservation;

/// A system that counts, can be told to fail, and notes which bytes are forbidden.
#[derive(Default)]
pub struct World {
    /// Calls until the one that fails; negative: none does.
    pub countdown: Cell<i64>,
    /// Every call from the failing one on fails, not that one alone.
    pub persistent: Cell<bool>,
    /// Calls that failed.
    pub failures: Cell<u64>,
    /// Regions above this size are refused.
    pub largest: Cell<usize>,
    /// Commits above this size are refused.
    pub largest_commit: Cell<usize>,
    /// Regions out.
    pub regions: Cell<i64>,
    /// Regions asked for.
    pub reserves: Cell<u64>,
    /// Releases fail.
    pub keeps: Cell<bool>,
    watched: bool,
    /// Marks in order: forbidden or permitted, from, to.
    pub marked: RefCell<Vec<(bool, usize, usize)>>,
}

impl World {
    /// One where everything works.
    pub fn new(watched: bool) -> Rc<Self> {
        Rc::new(World {
            countdown: Cell::new(-1),
            largest: Cell::new(usize::MAX),
            largest_commit: Cell::new(usize::MAX),
            watched,
            ..World::default()
        })
    }

    fn fails(&self) -> bool {
        let left = self.countdown.get();
        if left > 0 || (left == 0 && !self.persistent.get()) {
            self.countdown.set(left - 1);
        }
        self.failures.set(self.failures.get() + u64::from(left == 0));
        left == 0
    }

    /// Whether the last mark that covers an address forbids it; `None`: no mark does.
    pub fn forbids(&self, at: usize) -> Option<bool> {
        let marked = self.marked.borrow();
        let last = marked.iter().rev().find(|(_, from, to)| (*from..*to).contains(&at));
        last.map(|(forbidden, ..)| *forbidden)
    }
}

/// The system here, as a world lets it work.
pub struct Fake(Rc<World>, System);

impl Fake {
    /// The system of a world.
    pub fn of(world: &Rc<World>) -> Self {
        Fake(world.clone(), System::new())
    }
}

impl Platform for Fake {
    type Error = ();
    type Region = Reservation;
    const HUGE: usize = HUGE;
    fn page_size(&self) -> usize {
        self.1.page_size()
    }
    fn reserve(&self, len: usize, align: usize) -> Result<Reservation, ()> {
        self.0.reserves.set(self.0.reserves.get() + 1);
        if len > self.0.largest.get() || self.0.fails() {
            return Err(());
        }
        let region = self.1.reserve(len, align).map_err(|_| ())?;
        self.0.regions.set(self.0.regions.get() + 1);
        Ok(region)
    }
    fn extent(&self, region: &Reservation) -> (*mut u8, usize) {
        self.1.extent(region)
    }
    fn commit(&self, region: &Reservation, offset: usize, len: usize) -> Result<(), ()> {
        if len > self.0.largest_commit.get() || self.0.fails() {
            return Err(());
        }
        self.1.commit(region, offset, len).map_err(|_| ())
    }
    fn decommit(&self, region: &Reservation, offset: usize, len: usize) -> Result<(), ()> {
        if self.0.fails() {
            return Err(());
        }
        // As at a release.
        self.forbid(self.extent(region).0.wrapping_add(offset), len);
        self.1.decommit(region, offset, len).map_err(|_| ())
    }
    fn release(&self, region: Reservation) -> Result<(), (Reservation, ())> {
        if self.0.keeps.get() {
            return Err((region, ()));
        }
        self.0.regions.set(self.0.regions.get() - 1);
        // A touch faults from now on, which is as good as forbidden.
        let (base, len) = self.extent(&region);
        self.forbid(base, len);
        self.1.release(region).map_err(|(region, _)| (region, ()))
    }
    fn is_watched(&self) -> bool {
        self.0.watched
    }
    fn forbid(&self, at: *mut u8, len: usize) {
        self.0.marked.borrow_mut().push((true, at as usize, at as usize + len));
    }
    fn permit(&self, at: *mut u8, len: usize) {
        self.0.marked.borrow_mut().push((false, at as usize, at as usize + len));
    }
    fn permit_defined(&self, at: *mut u8, len: usize) {
        self.permit(at, len);
    }
}

/// What the arenas here start from.
pub fn setup() -> Setup {
    Setup {
        chunk: 1 << 16,
        hard_limit: RESERVE,
        reserve: RESERVE,
        first: First::new(core::ptr::null_mut(), 0),
        retained: None,
        poison: true,
        identity: 7,
    }
}

/// An arena in a world.
pub fn arena(world: &Rc<World>, setup: Setup) -> Bump<Fake> {
    Bump::new(Fake::of(world), setup).expect("an arena")
}

/// Fills bytes of an arena.
pub fn fill(at: *mut u8, size: usize, byte: u8) {
    // SAFETY: the arena handed these bytes out, to this test alone.
    unsafe { at.write_bytes(byte, size) };
}

/// Whether they are as filled.
pub fn holds(at: *mut u8, size: usize, byte: u8) -> bool {
    // SAFETY: the arena handed these bytes out, and they were filled.
    unsafe { core::slice::from_raw_parts(at, size) }.iter().all(|b| *b == byte)
}

unsafe extern "C" fn nothing(_resource: *mut c_void, _user: *mut c_void) {}

/// A cleanup that does nothing and can be told from others.
pub fn cleanup(number: usize) -> Cleanup {
    Cleanup {
        run: nothing,
        resource: core::ptr::without_provenance_mut(number),
        user: core::ptr::null_mut(),
    }
}

/// One step.
#[derive(Clone, Debug)]
pub enum Op {
    /// Bytes, and the alignment's logarithm.
    Alloc(usize, u32),
    /// Gives the n-th newest range another size.
    Resize(usize, usize),
    /// Registers a cleanup.
    Register,
    /// Takes a mark.
    Save,
    /// To the n-th newest mark of all ever saved.
    Rewind(usize),
    /// Forgets everything, so often.
    Reset(usize),
}

/// What an arena is given.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Bytes of the caller's.
    pub first: usize,
    /// Bytes at most.
    pub limit: Option<usize>,
    /// Whether somebody hears what is forbidden.
    pub watched: bool,
    /// Address space taken at a time.
    pub reserve: usize,
    /// Bytes that stay committed at a reset, if that is set.
    pub retained: Option<usize>,
}

/// A range that is in use, or was.
#[derive(Clone, Copy)]
struct Range {
    at: *mut u8,
    size: usize,
    byte: u8,
    /// It has another size now, and is another range.
    is_gone: bool,
}

impl Range {
    fn taken(&self) -> usize {
        self.size.max(1).next_multiple_of(ALIGN)
    }
    fn has(&self, at: usize) -> bool {
        !self.is_gone && at.wrapping_sub(self.at as usize) < self.size.max(1)
    }
    fn touches(&self, other: &Range) -> bool {
        let (this, that) = (self.at as usize, other.at as usize);
        !self.is_gone && this < that + other.taken() && that < this + self.taken()
    }
}

/// What every new range must be: apart from the others, and exactly permitted.
fn check_fresh(world: &World, fresh: &Range, others: &[Range]) {
    let Range { at, size, .. } = *fresh;
    let overlapped = others.iter().find(|other| other.touches(fresh));
    assert!(overlapped.is_none(), "{at:p}+{size} overlaps {:p}", overlapped.expect("it").at);
    if !world.watched {
        return;
    }
    for byte in [0, size / 2, size.wrapping_sub(1)] {
        assert!(byte >= size || world.forbids(at as usize + byte) == Some(false));
    }
    // What lies behind a mapping of its own is another's, and what lies behind an extension may be
    // one that came before.
    let (end, behind) = (at as usize + size.max(1), at as usize + fresh.taken());
    assert!(end == behind || world.forbids(end) == Some(true));
    // So does a cleanup's record, if a range is where it was.
    let is_in_place = others.iter().any(|other| other.at == at);
    if fresh.taken() < HUGE && !is_in_place && !others.iter().any(|other| other.has(behind)) {
        assert_ne!(world.forbids(behind), Some(false));
    }
}

/// What the model knows of a mark: live ranges and cleanups at the time, and whether it is dead.
struct Saved {
    mark: Mark,
    ranges: usize,
    cleanups: usize,
    used: usize,
    is_dead: bool,
}

/// Does the steps on an arena and on the list, and compares them after each.
pub fn run_against_model(ops: &[Op], setting: Setting) {
    let Setting { first, limit, watched, reserve, retained } = setting;
    let world = World::new(watched);
    let mut memory = vec![0u8; first];
    let first = First::new(memory.as_mut_ptr(), memory.len());
    let hard_limit = limit.unwrap_or(RESERVE);
    let mut it = arena(&world, Setup { first, hard_limit, reserve, retained, ..setup() });
    let mut ranges: Vec<Range> = Vec::new();
    let mut cleanups: Vec<usize> = Vec::new();
    let mut saved: Vec<Saved> = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        let before = it.used();
        match *op {
            Op::Alloc(size, align) => {
                let align = 1 << align;
                let at = match it.alloc(size, align) {
                    Ok(at) => at.as_ptr(),
                    Err(refused) => {
                        assert!(matches!(refused, Refused::Limit { .. }), "{refused:?}");
                        assert!(before + size + align + ALIGN > limit.expect("a limit"));
                        assert_eq!(it.used(), before);
                        continue;
                    }
                };
                assert!((at as usize).is_multiple_of(align.max(ALIGN)));
                let fresh = Range { at, size, byte: number as u8, is_gone: false };
                check_fresh(&world, &fresh, &ranges);
                assert!(it.used() >= before + fresh.taken());
                assert!(limit.is_none_or(|limit| it.used() <= limit));
                fill(at, size, fresh.byte);
                ranges.push(fresh);
            }
            Op::Resize(back, size) => {
                let Some(index) = ranges.len().checked_sub(back + 1) else { continue };
                let old = ranges[index];
                let at = NonNull::new(old.at).expect("an address");
                if old.is_gone {
                    continue;
                }
                let moved = match it.resize(at, old.size, size) {
                    Ok(moved) => moved.as_ptr(),
                    Err(refused) => {
                        assert!(matches!(refused, Refused::Limit { .. }), "{refused:?}");
                        assert!(before + size + ALIGN > limit.expect("a limit"));
                        assert_eq!(it.used(), before);
                        continue;
                    }
                };
                ranges[index].is_gone = true;
                let fresh = Range { at: moved, size, byte: number as u8, is_gone: false };
                check_fresh(&world, &fresh, &ranges);
                assert!(size > old.size || moved == old.at);
                assert!(limit.is_none_or(|limit| it.used() <= limit));
                assert!(holds(moved, size.min(old.size), old.byte), "the bytes go along");
                fill(moved, size, fresh.byte);
                ranges.push(fresh);
            }
            Op::Register => {
                if it.push_cleanup(cleanup(number)).is_ok() {
                    cleanups.push(number);
                }
            }
            Op::Save => {
                let mark = it.save();
                assert_eq!(it.used(), before);
                saved.push(Saved {
                    mark,
                    ranges: ranges.len(),
                    cleanups: cleanups.len(),
                    used: before,
                    is_dead: false,
                });
            }
            Op::Rewind(back) => {
                let Some(index) = saved.len().checked_sub(back + 1) else { continue };
                let Saved { mark, ranges: keep, cleanups: stay, used, is_dead } = saved[index];
                if is_dead {
                    assert_eq!(it.check(mark), Err(Unfit::Stale));
                    continue;
                }
                assert_eq!(it.check(mark), Ok(()));
                while let Some(popped) = it.pop_cleanup(Some(mark)) {
                    assert_eq!(cleanups.pop(), Some(popped.resource.addr()));
                }
                assert_eq!(cleanups.len(), stay);
                it.rewind(mark);
                assert_eq!(it.used(), used);
                let dropped: Vec<Range> = ranges.drain(keep..).filter(|it| !it.is_gone).collect();
                for range in dropped.iter().filter(|it| watched && it.size > 0) {
                    // What grew where it was begins below the mark.
                    let is_older = ranges.iter().any(|kept| kept.at == range.at);
                    assert!(is_older || world.forbids(range.at as usize) == Some(true));
                }
                // The same mark may have been saved more than once, with ranges resized between.
                for other in saved.iter_mut().skip(index + 1) {
                    other.is_dead |= other.mark != mark;
                    other.ranges = keep;
                }
            }
            Op::Reset(times) => {
                while let Some(popped) = it.pop_cleanup(None) {
                    assert_eq!(cleanups.pop(), Some(popped.resource.addr()));
                }
                assert!(cleanups.is_empty());
                let committed = it.stats().committed;
                (0..times).for_each(|_| it.reset().expect("a reset"));
                assert!(it.stats().committed <= committed);
                let most = retained.map(|kept| kept.next_multiple_of(1 << 12));
                assert!(most.is_none_or(|most| it.stats().committed <= most));
                assert_eq!(it.used(), 0);
                ranges.clear();
                saved.iter_mut().for_each(|saved| saved.is_dead = true);
            }
        }
        for Range { at, size, byte, .. } in ranges.iter().filter(|range| !range.is_gone) {
            assert!(holds(*at, *size, *byte), "{at:p}+{size} changed");
        }
    }
    while it.pop_cleanup(None).is_some() {}
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
    if watched {
        // The caller has its memory back.
        memory.iter().for_each(|byte| {
            assert_ne!(world.forbids(&raw const *byte as usize), Some(true));
        });
    }
}

/// Runs any bytes: four that say what the arena is given, then four to a step.
pub fn run(bytes: &[u8]) {
    let mut chunks = bytes.chunks_exact(4);
    let Some(given) = chunks.next() else { return };
    let setting = Setting {
        first: usize::from(given[0]) * 13,
        limit: (given[1] & 1 != 0).then_some(usize::from(given[2]) << (given[1] >> 4)),
        watched: given[1] & 2 != 0,
        reserve: if given[1] & 4 != 0 { 1 << 16 } else { RESERVE },
        retained: (given[1] & 8 != 0).then_some(usize::from(given[3]) << 8),
    };
    let ops: Vec<Op> = chunks
        .map(|chunk| {
            let size = usize::from(chunk[1]) | usize::from(chunk[2]) << 8;
            match chunk[0] % 29 {
                0..=7 => Op::Alloc(size % 200, u32::from(chunk[3] % 14)),
                8..=11 => Op::Alloc(size, u32::from(chunk[3] % 14)),
                12 => Op::Alloc(HUGE - 40 + size % 80, u32::from(chunk[3] % 14)),
                13 | 14 => Op::Register,
                15..=18 => Op::Save,
                19..=21 => Op::Rewind(usize::from(chunk[1] % 8)),
                22..=26 => Op::Resize(usize::from(chunk[3] % 4), size),
                27 => Op::Resize(usize::from(chunk[3] % 4), HUGE - 40 + size % 80),
                _ => Op::Reset(1 + usize::from(chunk[1] % 130)),
            }
        })
        .collect();
    run_against_model(&ops, setting);
}
