//! The algorithm against its model, and with every call to the system made to fail.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use core::ptr::NonNull;

use proptest::prelude::*;

use super::bump::{ALIGN, ALIGN_MAX, Bump, First, Mark, Marks, Refused, Setup, Unfit};
use super::model::*;
use super::system::{HUGE, RESERVE};

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let size = prop_oneof![
        6 => 0usize..200,
        3 => 200usize..70_000,
        1 => HUGE - 40..HUGE + 40,
    ];
    let op = prop_oneof![
        12 => (size, 0u32..14).prop_map(|(size, align)| Op::Alloc(size, align)),
        2 => Just(Op::Register),
        6 => (0usize..4, 0usize..70_000).prop_map(|(back, size)| Op::Resize(back, size)),
        1 => (0usize..4, HUGE - 40..HUGE + 40).prop_map(|(back, size)| Op::Resize(back, size)),
        4 => Just(Op::Save),
        3 => (0usize..8).prop_map(Op::Rewind),
        1 => (1usize..200).prop_map(Op::Reset),
    ];
    prop::collection::vec(op, 1..120)
}

const PLAIN: Setting =
    Setting { first: 0, limit: None, watched: false, reserve: RESERVE, retained: None };

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_bytes_are_steps(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run(&bytes);
    }

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
        retained in prop::option::of(0usize..200_000),
        limit in prop::option::of(1usize..5_000_000),
    ) {
        run_against_model(&ops, Setting { first, limit, watched, reserve, retained });
    }
}

/// One round that touches every path to the system.
fn round(it: &mut Bump<Fake>) -> Result<(), Refused<()>> {
    let at = it.alloc(100, 16)?;
    it.resize(at, 100, 90_000)?;
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
    assert!(Bump::new(Fake::of(&world), setup()).is_err());
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

/// A round of so many bytes in small pieces; how many calls to the system it and its reset took.
fn calls_of_round(world: &World, it: &mut Bump<Fake>, bytes: usize) -> i64 {
    world.countdown.set(i64::MAX);
    for _ in 0..bytes / 1024 {
        it.alloc(1024, 16).expect("bytes");
    }
    it.reset().expect("a reset");
    i64::MAX - world.countdown.get()
}

#[test]
fn rounds_that_are_all_alike_call_nothing() {
    for watched in [false, true] {
        let world = World::new(watched);
        let mut it = arena(&world, Setup { poison: watched, ..setup() });
        // Every 120th is larger, so there is one among any 128.
        let bytes = |round: usize| if round.is_multiple_of(120) { 9 * HUGE } else { 3 * HUGE };
        for round in 0..60 {
            calls_of_round(&world, &mut it, bytes(round));
        }
        let committed = it.stats().committed;
        for round in 60..700 {
            assert_eq!(calls_of_round(&world, &mut it, bytes(round)), 0, "round {round}");
        }
        assert_eq!(it.stats().committed, committed);
        it.release().expect("given back");
    }
}

#[test]
fn huge_ones_of_every_round_come_to_the_range() {
    let world = World::new(true);
    let mut memory = [0u8; 1000];
    let first = First::new(memory.as_mut_ptr(), memory.len());
    let mut it = arena(&world, Setup { first, hard_limit: 4 * HUGE, ..setup() });
    for round in 0..200 {
        world.countdown.set(i64::MAX);
        let at = it.alloc(2 * HUGE, 64).expect("bytes").as_ptr();
        fill(at, 2 * HUGE, 1);
        it.alloc(5000, 16).expect("bytes");
        it.alloc(HUGE, 16).expect("bytes");
        assert!(matches!(it.alloc(HUGE, 16), Err(Refused::Limit { .. })));
        assert_eq!(it.stats().side_count, if round < 64 { 2 } else { 0 }, "round {round}");
        it.reset().expect("a reset");
        assert!(round < 64 || world.countdown.get() == i64::MAX, "round {round}");
    }
    // Of every second round only, they do not, and those that were are forgotten.
    for round in 0..64 * 8 {
        if round % 2 == 0 {
            it.alloc(3 * HUGE, 16).expect("bytes");
            it.reset().expect("a reset");
        }
        it.alloc(100, 16).expect("bytes");
        it.reset().expect("a reset");
    }
    assert!(it.stats().committed > 0);
    for _ in 0..64 * 10 {
        it.alloc(2000, 16).expect("bytes");
        it.reset().expect("a reset");
    }
    let committed = it.stats().committed;
    assert!(committed <= (1 << 16) + 4096, "{committed} stay");
    // Where the system gives no more, they go on as they did.
    world.largest_commit.set(3 * HUGE);
    for _ in 0..100 {
        it.alloc(2 * HUGE, 16).expect("bytes");
        it.alloc(2 * HUGE - 4096, 16).expect("bytes");
        it.reset().expect("a reset");
    }
    assert_eq!(it.stats().committed, committed);
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn what_one_round_took_goes_back_by_and_by() {
    let world = World::new(true);
    let mut it = arena(&world, setup());
    calls_of_round(&world, &mut it, 100 * HUGE);
    let mut committed = it.stats().committed;
    let mut calls = 0;
    for round in 1..64 * 20 {
        let mine = calls_of_round(&world, &mut it, HUGE);
        let now = it.stats().committed;
        assert!(mine == 0 || (mine == 1 && (round + 1) % 64 == 0), "round {round}: {mine}");
        assert!(committed - now <= 1 << 24, "one call gives back {}", committed - now);
        assert!(round > 190 || now == committed, "kept for 128 rounds at least");
        (committed, calls) = (now, calls + mine);
    }
    assert!((HUGE..=HUGE + HUGE / 4 + 4096).contains(&committed), "{committed} stay");
    assert!((1..16).contains(&calls), "{calls} calls");
    it.release().expect("given back");

    // A system that refuses is asked again another time.
    let mut it = arena(&world, setup());
    calls_of_round(&world, &mut it, 4 * HUGE);
    let committed = it.stats().committed;
    for round in 1..64 * 4 {
        world.countdown.set(if round < 64 * 3 - 1 { 0 } else { -1 });
        world.persistent.set(true);
        it.reset().expect("a reset");
        assert!(round >= 64 * 3 - 1 || it.stats().committed == committed);
    }
    assert!(it.stats().committed < committed);
    let at = it.alloc(4 * HUGE - 4096, 16).expect("bytes again").as_ptr();
    fill(at, 4 * HUGE - 4096, 3);
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
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
fn the_last_one_grows_and_shrinks_where_it_is() {
    let world = World::new(false);
    let mut it = arena(&world, setup());
    let at = it.alloc(100, 16).expect("bytes");
    fill(at.as_ptr(), 100, 7);
    for size in [101, 5000, 300_000, HUGE - 16, 50, 0, 100] {
        assert_eq!(it.resize(at, it.used(), size), Ok(at));
        assert_eq!(it.used(), size.max(1).next_multiple_of(ALIGN));
    }
    assert!(holds(at.as_ptr(), 1, 7));
    // Not below what a mark stands on, nor over a cleanup's record.
    let mark = it.save();
    assert_eq!(it.resize(at, 100, 10), Ok(at));
    assert_eq!(it.used(), 112);
    assert_eq!(it.check(mark), Ok(()));
    it.push_cleanup(cleanup(3)).expect("a cleanup");
    let used = it.used();
    assert_eq!(it.resize(at, used, 1), Err(Refused::Foreign(at.as_ptr(), used)));
    assert_eq!(it.used(), used);
    assert!(it.pop_cleanup(None).is_some_and(|cleanup| cleanup.resource.addr() == 3));
    it.release().expect("given back");
}

#[test]
fn another_one_moves_and_a_huge_one_leaves_the_range() {
    let world = World::new(true);
    let mut it = arena(&world, setup());
    let first = it.alloc(24, 16).expect("bytes");
    fill(first.as_ptr(), 24, 1);
    let last = it.alloc(100, 16).expect("bytes");
    fill(last.as_ptr(), 100, 2);
    let moved = it.resize(first, 24, 40).expect("bytes");
    assert!(moved > last && holds(moved.as_ptr(), 24, 1));
    assert_eq!(world.forbids(first.as_ptr() as usize), Some(true));
    assert_eq!(world.forbids(moved.as_ptr() as usize + 39), Some(false));
    assert_eq!(world.forbids(moved.as_ptr() as usize + 40), Some(true));
    let used = it.used();
    // The last one becomes huge: its place is free again.
    let huge = it.resize(moved, 40, 2 * HUGE).expect("bytes");
    assert!(holds(huge.as_ptr(), 24, 1));
    assert_eq!(it.used(), used - 48 + 2 * HUGE);
    assert_eq!(it.alloc(1, 16), Ok(moved));
    let larger = it.resize(huge, 2 * HUGE, 3 * HUGE).expect("bytes");
    assert!(holds(larger.as_ptr(), 24, 1));
    it.release().expect("given back");
    assert_eq!(world.regions.get(), 0);
}

#[test]
fn what_is_not_in_use_does_not_grow() {
    let world = World::new(false);
    let mut memory = [0u8; 64];
    let first = First::new(memory.as_mut_ptr(), memory.len());
    let mut it = arena(&world, Setup { first, reserve: 1 << 16, hard_limit: 5 * HUGE, ..setup() });
    let inside = it.alloc(32, 16).expect("bytes of the caller's");
    let range = it.alloc(60_000, 16).expect("bytes of the range");
    let extension = it.alloc(70_000, 16).expect("bytes of an extension");
    let huge = it.alloc(2 * HUGE, 16).expect("bytes of a side");
    let at = |base: NonNull<u8>, offset: isize| {
        NonNull::new(base.as_ptr().wrapping_offset(offset)).expect("an address")
    };
    let used = it.used();
    for (start, old) in [
        (at(inside, -16), 16),
        (at(inside, 8), 16),
        (at(inside, 32), 16),
        (inside, 33),
        (at(range, -16), 16),
        (range, 60_001),
        (at(range, 60_000), 1),
        (extension, 70_001),
        (at(extension, 70_016), 1),
        (at(huge, -64), 64),
        (huge, 2 * HUGE + 1),
        (at(huge, 3 * HUGE as isize), 1),
        (range, usize::MAX),
        (NonNull::dangling(), 0),
    ] {
        assert_eq!(it.resize(start, old, 100), Err(Refused::Foreign(start.as_ptr(), old)));
    }
    for size in [usize::MAX, usize::MAX - 15, 1 << 62] {
        assert_eq!(it.resize(range, 60_000, size), Err(Refused::TooBig(size)));
    }
    fill(range.as_ptr(), 60_000, 5);
    assert!(matches!(it.resize(range, 60_000, 3 * HUGE), Err(Refused::Limit { .. })));
    assert!(holds(range.as_ptr(), 60_000, 5));
    world.countdown.set(0);
    world.persistent.set(true);
    assert_eq!(it.resize(range, 60_000, HUGE), Err(Refused::System(())));
    world.countdown.set(-1);
    assert_eq!(it.used(), used);
    for (start, old) in [(inside, 32), (range, 60_000), (extension, 70_000), (huge, 2 * HUGE)] {
        assert_eq!(it.resize(start, old, old), Ok(start));
        assert!(it.resize(start, old, old + 1000).is_ok());
    }
    it.release().expect("given back");
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
    fn who_owns_an_arena_alone_resets_it() {
        let arena = Arena::create_owned(&options(), 1 << 20).expect("an arena");
        let busy = Err(Error(lifecycle_status::LIFECYCLE_E_BUSY));
        assert_eq!(arena.stats().reserved, 1 << 20);
        let at = arena.alloc(100, 16).expect("bytes");
        let mark = arena.save();
        let moved = arena.grow(at, 100, 3 << 20).expect("bytes");
        assert_ne!(moved, at);
        assert_eq!(Arena::check(arena.as_ptr()).and_then(Arena::reset), busy);
        assert_eq!(sentence(), "the arena is a part of something else, which alone may reset it");
        assert_eq!((arena.rewind(mark), arena.destroy()), (busy, busy));
        assert_eq!(arena.used(), 112 + (3 << 20));
        arena.owner_reset().expect("reset");
        assert_eq!(arena.used(), 0);
        arena.owner_destroy().expect("destroyed");
        // The place's next arena is its maker's.
        let next = Arena::create(&options()).expect("an arena");
        next.reset().expect("reset");
        next.destroy().expect("destroyed");
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
