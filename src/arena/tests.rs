//! The algorithm against a list of live ranges, and with every call to the system made to fail.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use std::rc::Rc;

use proptest::prelude::*;

use super::bump::{
    ALIGN, ALIGN_MAX, Bump, Cleanup, First, HUGE, Platform, RESERVE, Refused, Setup,
};
use super::marks::{Mark, Marks, Unfit};
use super::platform::System;
use crate::os::Reservation;

/// A system that counts, can be told to fail, and notes which bytes are forbidden.
#[derive(Default)]
struct World {
    /// Calls until the one that fails; negative: none does.
    countdown: Cell<i64>,
    /// Every call from the failing one on fails, not that one alone.
    persistent: Cell<bool>,
    /// Calls that failed.
    failures: Cell<u64>,
    /// Regions above this size are refused.
    largest: Cell<usize>,
    /// Commits above this size are refused.
    largest_commit: Cell<usize>,
    /// Regions out.
    regions: Cell<i64>,
    reserves: Cell<u64>,
    /// Releases fail.
    keeps: Cell<bool>,
    watched: bool,
    /// Marks in order: forbidden or permitted, from, to.
    marked: RefCell<Vec<(bool, usize, usize)>>,
}

impl World {
    fn new(watched: bool) -> Rc<Self> {
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
    fn forbids(&self, at: usize) -> Option<bool> {
        let marked = self.marked.borrow();
        let last = marked.iter().rev().find(|(_, from, to)| (*from..*to).contains(&at));
        last.map(|(forbidden, ..)| *forbidden)
    }
}

struct Fake(Rc<World>, System);

impl Platform for Fake {
    type Error = ();
    type Region = Reservation;
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

fn setup() -> Setup {
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

fn arena(world: &Rc<World>, setup: Setup) -> Bump<Fake> {
    Bump::new(Fake(world.clone(), System::new()), setup).expect("an arena")
}

fn fill(at: *mut u8, size: usize, byte: u8) {
    // SAFETY: the arena handed these bytes out, to this test alone.
    unsafe { at.write_bytes(byte, size) };
}

fn holds(at: *mut u8, size: usize, byte: u8) -> bool {
    // SAFETY: the arena handed these bytes out, and they were filled.
    unsafe { core::slice::from_raw_parts(at, size) }.iter().all(|b| *b == byte)
}

unsafe extern "C" fn nothing(_resource: *mut c_void, _user: *mut c_void) {}

fn cleanup(number: usize) -> Cleanup {
    Cleanup {
        run: nothing,
        resource: core::ptr::without_provenance_mut(number),
        user: core::ptr::null_mut(),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Alloc(usize, u32),
    Register,
    Save,
    /// To the n-th newest mark of all ever saved.
    Rewind(usize),
    Reset,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let size = prop_oneof![
        6 => 0usize..200,
        3 => 200usize..70_000,
        1 => HUGE - 40..HUGE + 40,
    ];
    let op = prop_oneof![
        12 => (size, 0u32..14).prop_map(|(size, align)| Op::Alloc(size, align)),
        2 => Just(Op::Register),
        4 => Just(Op::Save),
        3 => (0usize..8).prop_map(Op::Rewind),
        1 => Just(Op::Reset),
    ];
    prop::collection::vec(op, 1..120)
}

#[derive(Clone, Copy)]
struct Setting {
    first: usize,
    limit: Option<usize>,
    watched: bool,
    reserve: usize,
}

const PLAIN: Setting = Setting { first: 0, limit: None, watched: false, reserve: RESERVE };

/// What the model knows of a mark: live ranges and cleanups at the time, and whether it is dead.
struct Saved {
    mark: Mark,
    ranges: usize,
    cleanups: usize,
    used: usize,
    is_dead: bool,
}

fn run_against_model(ops: &[Op], setting: Setting) {
    let Setting { first, limit, watched, reserve } = setting;
    let world = World::new(watched);
    let mut memory = vec![0u8; first];
    let first = First::new(memory.as_mut_ptr(), memory.len());
    let hard_limit = limit.unwrap_or(RESERVE);
    let mut it = arena(&world, Setup { first, hard_limit, reserve, ..setup() });
    let mut ranges: Vec<(*mut u8, usize, u8)> = Vec::new();
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
                let taken = size.max(1).next_multiple_of(ALIGN);
                for (other, len, _) in &ranges {
                    let len = (*len).max(1).next_multiple_of(ALIGN);
                    let apart = at as usize + taken <= *other as usize
                        || *other as usize + len <= at as usize;
                    assert!(apart, "{at:p}+{size} overlaps {other:p}+{len}");
                }
                assert!(it.used() >= before + taken);
                assert!(limit.is_none_or(|limit| it.used() <= limit));
                if watched {
                    for byte in [0, size / 2, size.wrapping_sub(1)] {
                        assert!(byte >= size || world.forbids(at as usize + byte) == Some(false));
                    }
                    // What lies behind a mapping of its own is another's.
                    if taken < HUGE {
                        assert_ne!(world.forbids(at as usize + taken), Some(false));
                    }
                }
                fill(at, size, number as u8);
                ranges.push((at, size, number as u8));
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
                for (at, size, _) in ranges.drain(keep..) {
                    if watched && size > 0 {
                        assert_eq!(world.forbids(at as usize), Some(true));
                    }
                }
                // The same mark may have been saved more than once.
                for other in saved.iter_mut().skip(index + 1) {
                    other.is_dead |= other.mark != mark;
                }
            }
            Op::Reset => {
                while let Some(popped) = it.pop_cleanup(None) {
                    assert_eq!(cleanups.pop(), Some(popped.resource.addr()));
                }
                assert!(cleanups.is_empty());
                it.reset().expect("a reset");
                assert_eq!(it.used(), 0);
                ranges.clear();
                saved.iter_mut().for_each(|saved| saved.is_dead = true);
            }
        }
        for (at, size, byte) in &ranges {
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn live_ranges_never_overlap(ops in ops()) {
        run_against_model(&ops, PLAIN);
    }

    #[test]
    fn live_ranges_never_overlap_with_a_first_region(ops in ops(), first in 0usize..5000) {
        run_against_model(&ops, Setting { first, ..PLAIN });
    }

    #[test]
    fn live_ranges_never_overlap_while_watched(ops in ops(), first in 0usize..3000) {
        run_against_model(&ops, Setting { first, watched: true, ..PLAIN });
    }

    #[test]
    fn the_hard_limit_holds(ops in ops(), first in 0usize..3000, limit in 1usize..300_000) {
        run_against_model(&ops, Setting { first, limit: Some(limit), ..PLAIN });
    }

    #[test]
    fn live_ranges_never_overlap_in_extensions(
        ops in ops(),
        first in 0usize..3000,
        reserve in 1usize..300_000,
        watched: bool,
        limit in prop::option::of(1usize..5_000_000),
    ) {
        run_against_model(&ops, Setting { first, limit, watched, reserve });
    }
}

/// One round that touches every path to the system.
fn round(it: &mut Bump<Fake>) -> Result<(), Refused<()>> {
    it.alloc(100, 16)?;
    let mark = it.save();
    it.alloc(3000, 4096)?;
    it.alloc(200_000, 16)?;
    it.push_cleanup(cleanup(1))?;
    it.alloc(3 * HUGE, 64)?;
    it.alloc(500_000, 16)?;
    it.pop_cleanup(Some(mark));
    it.rewind(mark);
    it.alloc(100_000, 16)?;
    Ok(())
}

#[test]
fn every_call_to_the_system_may_fail() {
    for persistent in [false, true] {
        let mut finished = false;
        for nth in 0..100 {
            let world = World::new(true);
            let mut memory = [0u8; 256];
            let first = First::new(memory.as_mut_ptr(), memory.len());
            let mut it = arena(&world, Setup { first, retained: Some(4096), ..setup() });
            world.countdown.set(nth);
            world.persistent.set(persistent);
            let used = it.used();
            let result = round(&mut it);
            // A commit that is refused a step more than needed is content with less, and a
            // reservation with half.
            finished = world.failures.get() == 0;
            if persistent && !finished {
                assert_eq!(result, Err(Refused::System(())), "call {nth}");
            }
            world.countdown.set(-1);
            while it.pop_cleanup(None).is_some() {}
            it.reset().expect("a reset");
            assert_eq!(it.used(), used);
            round(&mut it).expect("works once the system gives");
            while it.pop_cleanup(None).is_some() {}
            it.release().expect("given back");
            assert_eq!(world.regions.get(), 0, "call {nth}");
            if finished {
                break;
            }
        }
        assert!(finished, "the round has fewer calls than that");
    }
}

#[test]
fn a_refused_allocation_leaves_the_arena_as_it_was() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    it.alloc(100, 16).expect("bytes");
    for size in [70_000, 2 * HUGE] {
        let (used, capacity) = (it.used(), it.capacity());
        world.countdown.set(0);
        world.persistent.set(true);
        assert_eq!(it.alloc(size, 16), Err(Refused::System(())));
        assert_eq!((it.used(), it.capacity()), (used, capacity));
        world.countdown.set(-1);
        it.alloc(size, 16).expect("bytes");
    }
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn a_mapping_that_the_system_keeps_stays_on_the_books() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    it.alloc(2 * HUGE, 16).expect("bytes");
    it.alloc(3 * HUGE, 16).expect("bytes");
    world.keeps.set(true);
    assert_eq!(it.reset(), Err(()));
    assert_eq!((it.used(), it.stats().failed_releases), (0, 2));
    assert_eq!(it.release(), Err(()));
    assert!(it.alloc(10, 16).is_ok(), "still an arena");
    assert_eq!(it.stats().side_bytes, 0);
    world.keeps.set(false);
    it.reset().expect("a reset");
    assert_eq!(it.stats().failed_releases, 0);
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn a_range_that_the_system_keeps_can_be_given_back_later() {
    let world = World::new(true);
    let mut it = arena(&world, setup());
    it.alloc(10, 16).expect("bytes");
    world.keeps.set(true);
    assert_eq!(it.release(), Err(()));
    let at = it.alloc(10, 16).expect("still an arena").as_ptr();
    assert_eq!(world.forbids(at as usize + 10), Some(true));
    world.keeps.set(false);
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn address_space_is_asked_for_in_halves() {
    let world = World::new(false);
    world.largest.set(1 << 30);
    let mut it = arena(&world, setup());
    // What the system would just give is not taken whole.
    assert_eq!(it.stats().reserved, 1 << 26);
    assert_eq!(world.regions.get(), 1);
    it.release().expect("given back");

    world.largest.set(0);
    assert!(Bump::new(Fake(world.clone(), System::new()), setup()).is_err());
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn a_range_that_is_used_up_is_extended() {
    let world = World::new(false);
    let mut it = arena(&world, Setup { reserve: 1 << 16, ..setup() });
    let mut blocks = Vec::new();
    let mut marks = Vec::new();
    for round in 0..10_000 {
        marks.push((it.save(), it.used()));
        let at = it.alloc(10_000, 16).expect("bytes").as_ptr();
        fill(at, 10_000, round as u8);
        blocks.push((at, round as u8));
    }
    assert!(blocks.iter().all(|(at, byte)| holds(*at, 10_000, *byte)));
    assert!(it.used() <= 10_016 * 10_000);
    assert!(world.reserves.get() < 30, "{} for 100 MB", world.reserves.get());
    assert_eq!((it.stats().side_count, it.stats().side_bytes), (0, 0));
    assert!(it.capacity() >= it.used());
    for (round, (mark, used)) in marks.into_iter().enumerate().rev().step_by(7) {
        assert_eq!(it.check(mark), Ok(()));
        it.rewind(mark);
        assert_eq!(it.used(), used);
        assert!(blocks.iter().take(round).all(|(at, byte)| holds(*at, 1, *byte)));
    }
    it.reset().expect("a reset");
    assert_eq!((world.regions.get(), it.capacity()), (1, 1 << 16));
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn extensions_that_the_system_keeps_are_not_used_again() {
    let world = World::new(true);
    let mut it = arena(&world, Setup { reserve: 1 << 16, ..setup() });
    let mark = it.save();
    it.alloc(60_000, 16).expect("bytes");
    it.alloc(60_000, 16).expect("bytes of an extension");
    world.keeps.set(true);
    it.rewind(mark);
    assert_eq!((it.used(), it.stats().failed_releases), (0, 1));
    it.alloc(60_000, 16).expect("bytes");
    it.alloc(60_000, 16).expect("bytes of another extension");
    world.keeps.set(false);
    it.reset().expect("a reset");
    assert_eq!((it.stats().failed_releases, world.regions.get()), (0, 1));
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn one_huge_request_never_doubles_the_arena() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    for _ in 0..36 {
        it.alloc(16 * HUGE, 16).expect("bytes");
        it.reset().expect("a reset");
    }
    let stats = it.stats();
    assert!(stats.committed <= 1 << 16, "{} committed", stats.committed);
    assert_eq!((stats.side_bytes, stats.used), (0, 0));
    assert_eq!(stats.high_water, 16 * HUGE);
    it.release().expect("given back");
}

#[test]
fn steps_grow_so_that_their_number_stays_small() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    world.countdown.set(i64::MAX);
    for _ in 0..1 << 16 {
        it.alloc(4096, 16).expect("bytes");
    }
    let calls = i64::MAX - world.countdown.get();
    assert!(calls < 60, "{calls} commits for 256 MiB");
    it.release().expect("given back");
}

#[test]
fn a_system_short_of_memory_is_asked_for_what_is_needed() {
    let world = World::new(false);
    world.largest_commit.set(8192);
    let mut it = arena(&world, setup());
    let at = it.alloc(5000, 16).expect("bytes").as_ptr();
    fill(at, 5000, 1);
    assert_eq!(it.stats().committed, 8192);
    assert_eq!(it.alloc(20_000, 16), Err(Refused::System(())));
    it.release().expect("given back");
}

#[test]
fn a_reset_keeps_the_pages_unless_told() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    it.alloc(500_000, 16).expect("bytes");
    let committed = it.stats().committed;
    it.reset().expect("a reset");
    assert_eq!(it.stats().committed, committed);
    it.release().expect("given back");

    let mut it = arena(&world, Setup { retained: Some(10_000), ..setup() });
    it.alloc(500_000, 16).expect("bytes");
    it.reset().expect("a reset");
    assert_eq!(it.stats().committed, 12_288);
    let at = it.alloc(500_000, 16).expect("bytes again").as_ptr();
    fill(at, 500_000, 3);
    it.release().expect("given back");
}

#[test]
fn hazard_mem_19_sizes_and_alignments_at_the_edge() {
    let world = World::new(false);
    let mut it = arena(&world, Setup { hard_limit: 1 << 20, ..setup() });
    for align in [0, 3, 24, ALIGN_MAX + 1, ALIGN_MAX * 2, 1 << 31, usize::MAX, 1 << 63] {
        assert_eq!(it.alloc(16, align), Err(Refused::Alignment(align)));
    }
    for size in [usize::MAX, usize::MAX - 1, usize::MAX - 15, usize::MAX - 16, 1 << 63, 1 << 62] {
        assert_eq!(it.alloc(size, 1), Err(Refused::TooBig(size)));
        assert_eq!(it.alloc(size, ALIGN_MAX), Err(Refused::TooBig(size)));
    }
    assert!(matches!(it.alloc(1 << 60, 1), Err(Refused::Limit { .. })));
    assert_eq!(it.used(), 0);
    // The limit is met in the middle of growing, and what fits still fits.
    it.alloc((1 << 20) - 64, 1).expect("bytes");
    assert!(matches!(it.alloc(65, 1), Err(Refused::Limit { .. })));
    it.alloc(33, 1).expect("bytes");
    it.alloc(16, 1).expect("the last bytes");
    assert!(matches!(it.alloc(0, 1), Err(Refused::Limit { .. })));
    assert_eq!(it.used(), 1 << 20);
    it.reset().expect("a reset");
    it.alloc(1 << 20, 1).expect("all of it again");
    it.release().expect("given back");
}

#[test]
fn hazard_mem_19_a_failing_round_never_grows_the_arena() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    it.alloc(16, 16).expect("bytes");
    let (committed, used) = (it.stats().committed, it.used());
    for _ in 0..36 {
        let mark = it.save();
        it.alloc(40_000, 16).expect("bytes");
        it.rewind(mark);
    }
    assert_eq!((it.stats().committed, it.used()), (committed, used));
    it.release().expect("given back");
}

#[test]
fn a_first_region_of_any_shape() {
    let world = World::new(false);
    let mut memory = [0u8; 64];
    let start = memory.as_mut_ptr();
    for skip in 0..17 {
        for len in 0..40 {
            let first = First::new(start.wrapping_add(skip), len);
            let mut it = arena(&world, Setup { first, ..setup() });
            let usable = it.stats().first_region;
            let at = it.alloc(16, 1).expect("bytes").as_ptr() as usize;
            let inside = (start as usize + skip..start as usize + skip + len).contains(&at);
            assert_eq!(inside, usable >= 16);
            if inside {
                assert!(at + 16 <= start as usize + skip + len);
                assert_eq!(it.stats().reserved, 0, "no system call before the region is full");
            }
            it.release().expect("given back");
        }
    }
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn while_watched_every_allocation_calls() {
    for (watched, poison) in [(true, true), (true, false), (false, true)] {
        let world = World::new(watched);
        let mut it = arena(&world, Setup { poison, ..setup() });
        it.alloc(10, 16).expect("bytes");
        // SAFETY: `.arena.words` - the arena starts with these.
        let [cursor, limit] = unsafe { (&raw const it).cast::<[usize; 2]>().read() };
        assert_eq!(cursor == limit, watched && poison);
        assert_eq!(world.marked.borrow().is_empty(), !(watched && poison));
        it.release().expect("given back");
    }
}

#[test]
fn a_rewind_forbids_what_it_drops_and_no_more() {
    let world = World::new(true);
    let mut memory = [0u8; 128];
    let first = First::new(memory.as_mut_ptr(), memory.len());
    let mut it = arena(&world, Setup { first, ..setup() });
    let kept = it.alloc(24, 16).expect("bytes").as_ptr() as usize;
    let mark = it.save();
    let here = it.alloc(32, 16).expect("bytes").as_ptr() as usize;
    let there = it.alloc(3000, 16).expect("bytes").as_ptr() as usize;
    let far = it.alloc(2 * HUGE, 16).expect("bytes").as_ptr() as usize;
    for at in [kept, kept + 23, here, here + 31, there, there + 2999, far] {
        assert_eq!(world.forbids(at), Some(false));
    }
    assert_eq!(world.forbids(kept + 24), Some(true), "not even the rounding may be touched");
    it.rewind(mark);
    for at in [here, here + 31, there, there + 2999] {
        assert_eq!(world.forbids(at), Some(true));
    }
    assert_eq!(world.forbids(kept), Some(false));
    it.reset().expect("a reset");
    assert_eq!(world.forbids(kept), Some(true));
    it.release().expect("given back");
}

#[test]
fn many_rewinds_over_many_huge_ones_stay_linear() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    for _ in 0..50 {
        it.alloc(HUGE, 16).expect("bytes");
    }
    let used = it.used();
    for _ in 0..50 {
        let mark = it.save();
        it.alloc(HUGE, 16).expect("bytes");
        it.rewind(mark);
        assert_eq!(it.used(), used);
    }
    assert_eq!(it.stats().side_count, 50);
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn marks_of_a_deep_recursion_with_backtracking() {
    // Each level saves, tries, goes back, and tries again one level deeper: every outer mark stays
    // good.
    let mut marks = Marks::new(1);
    let mut saved = Vec::new();
    for level in 0..1000 {
        let mark = marks.save(level * ALIGN);
        let _try = marks.save((level + 1) * ALIGN);
        marks.rewind(mark);
        marks.stamp();
        saved.push(mark);
    }
    for mark in saved.iter().rev() {
        assert_eq!(marks.check(*mark, 1000 * ALIGN), Ok(()));
        marks.rewind(*mark);
    }
    assert!(saved.iter().skip(1).all(|mark| marks.check(*mark, 0) == Err(Unfit::Stale)));
}

#[test]
fn forged_marks_are_told_apart() {
    let mut marks = Marks::new(9);
    let good = marks.save(32);
    for forged in [
        Mark { arena: 0, position: 0, sequence: 0 },
        Mark { arena: 8, ..good },
        Mark { sequence: 0, ..good },
        Mark { sequence: 2, ..good },
        Mark { sequence: u64::MAX, ..good },
        Mark { position: 33, ..good },
        Mark { position: 48, ..good },
        Mark { position: usize::MAX & !15, ..good },
    ] {
        assert_eq!(marks.check(forged, 32), Err(Unfit::Foreign), "{forged:?}");
    }
    assert_eq!(marks.check(good, 32), Ok(()));
    marks.reset();
    assert_eq!(marks.check(good, 32), Err(Unfit::Stale));
    let next = marks.save(0);
    assert_eq!(marks.check(next, 0), Ok(()));
    assert_eq!(marks.check(good, 32), Err(Unfit::Stale));
}

mod face {
    //! The arena as the C face sees it.
    use super::super::{Arena, fair_share};
    use crate::abi::*;
    use crate::base::{Error, last_error};

    fn sentence() -> String {
        // SAFETY: the sentence is NUL-terminated, and this thread fails nothing meanwhile.
        unsafe { core::ffi::CStr::from_ptr(last_error()) }.to_string_lossy().into_owned()
    }

    fn options() -> lifecycle_arena_options {
        lifecycle_arena_options {
            size: size_of::<lifecycle_arena_options>(),
            chunk_size: 0,
            hard_limit: 0,
            first_region: core::ptr::null_mut(),
            first_region_size: 0,
            retained: 0,
            flags: 0,
            reserved: 0,
        }
    }

    #[test]
    fn places_are_reused_and_old_pointers_refused() {
        let arena = Arena::create(&options()).expect("an arena");
        let pointer = arena.as_ptr();
        assert!(Arena::check(pointer).is_ok());
        let mark = arena.save();
        arena.destroy().expect("destroyed");
        assert_eq!(Arena::check(pointer).err(), Some(Error(lifecycle_status::LIFECYCLE_E_STALE)));
        let other = Arena::create(&options()).expect("an arena");
        assert_eq!(other.rewind(mark), Err(Error(lifecycle_status::LIFECYCLE_E_INVALID)));
        other.destroy().expect("destroyed");
    }

    #[test]
    fn many_arenas_share_the_address_space() {
        let all = |watched| (0..1 << 16).map(|live| fair_share(live, watched)).sum::<usize>();
        assert!(all(false) < 1 << 45);
        assert!(all(true) < 3 << 35);
        assert_eq!(fair_share(10, false), 1 << 36);
        assert!(fair_share(1 << 16, false) >= 1 << 25);
    }

    #[test]
    fn refusals_have_sentences() {
        let limited = lifecycle_arena_options { hard_limit: 64, ..options() };
        let arena = Arena::create(&limited).expect("an arena");
        assert!(arena.alloc(100, 1).is_err());
        assert_eq!(sentence(), "112 bytes more than 0 would pass the arena's limit of 64");
        assert!(arena.alloc(1, 3).is_err());
        assert_eq!(sentence(), "an alignment of 3 is not a power of two up to 2097152");
        arena.destroy().expect("destroyed");
        let odd = lifecycle_arena_options { flags: 2, ..options() };
        assert_eq!(Arena::create(&odd).err(), Some(Error(lifecycle_status::LIFECYCLE_E_INVALID)));
    }
}
