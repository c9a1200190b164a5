//! Packed pages: nobody else's, found again, and frozen by a fork.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use proptest::prelude::*;

use super::*;
use crate::base::failing::Failing;

struct Taken {
    room: Room,
    seed: u8,
}

impl Taken {
    fn bytes(&self) -> &[u8] {
        // SAFETY: `.slab.own` - the pages are mapped readable as long as they are taken.
        unsafe { core::slice::from_raw_parts(self.room.data, self.room.bytes) }
    }

    fn is_whole(&self) -> bool {
        self.bytes().iter().all(|byte| *byte == self.seed)
    }
}

fn open() -> Slab {
    let slab = Slab::new();
    slab.open(Host::libc(), 3);
    slab
}

fn take(slab: &Slab, len: usize, seed: u8) -> Taken {
    let room = slab.take(len).expect("memory");
    assert!(room.bytes >= len && room.bytes - len < os::page_size());
    assert_eq!(room.data as usize % os::page_size(), 0);
    // SAFETY: `.slab.own` - the pages are mapped writable and ours.
    unsafe { room.write.write_bytes(seed, room.bytes) };
    Taken { room, seed }
}

/// As if the process had forked: what there is was made in another era.
fn fork(slab: &Slab) {
    let mut chunks = slab.chunks.lock();
    let chunks = chunks.as_mut().expect("open");
    let ids: Vec<_> = chunks.all.iter().map(|(id, _)| id).collect();
    chunks.era = 0;
    for id in ids {
        chunks.all.get_mut(id).expect("there").era = 0;
    }
}

/// Every chunk that has taken pages and may be used stands where it is looked for; how many chunks
/// there are.
fn check(slab: &Slab) -> usize {
    let chunks = slab.chunks.lock();
    let chunks = chunks.as_ref().expect("open");
    let mut chained = 0;
    for (longest_run, chain) in chunks.roomy.iter().enumerate() {
        for (id, chunk) in chain.newest_first(&chunks.all) {
            assert_eq!((longest(chunk.free), chunk.era), (longest_run, chunks.era));
            assert!(id != chunks.spare && chunk.free != bits(0, chunks.pages));
            chained += 1;
        }
    }
    let current = chunks.all.iter().filter(|(_, chunk)| chunk.era == chunks.era).count();
    assert_eq!(current, chained + usize::from(chunks.spare != 0));
    chunks.all.len()
}

#[derive(Clone, Debug)]
enum Op {
    Take(usize, u8),
    Give(usize),
    Fork,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        60 => (1..=SMALL, any::<u8>()).prop_map(|(len, seed)| Op::Take(len, seed)),
        50 => any::<usize>().prop_map(Op::Give),
        1 => Just(Op::Fork),
    ];
    proptest::collection::vec(op, 1..400)
}

proptest! {
    /// Against a list of what is taken.
    #[test]
    fn taken_pages_are_nobody_elses(ops in ops()) {
        let slab = open();
        let (mut taken, mut frozen) = (Vec::new(), Vec::new());
        for op in ops {
            match op {
                Op::Take(len, seed) => {
                    let new = take(&slab, len, seed);
                    prop_assert!(!frozen.contains(&new.room.place.chunk), "taken after a fork");
                    taken.push(new);
                }
                Op::Give(nth) if !taken.is_empty() => {
                    let old = taken.swap_remove(nth % taken.len());
                    prop_assert!(old.is_whole());
                    slab.give(old.room.place);
                }
                Op::Give(_) => {}
                Op::Fork => {
                    fork(&slab);
                    frozen = taken.iter().map(|taken| taken.room.place.chunk).collect();
                    assert!(slab.with(|_| ()).is_some());
                }
            }
            check(&slab);
        }
        prop_assert!(taken.iter().all(Taken::is_whole));
        taken.iter().for_each(|taken| slab.give(taken.room.place));
        prop_assert!(check(&slab) <= 1, "one chunk is kept at most");
    }
}

#[test]
fn a_cycle_of_few_files_uses_the_same_pages_again() {
    let slab = open();
    let first = take(&slab, 10, 1);
    slab.give(first.room.place);
    for _ in 0..1000 {
        let files: Vec<_> = (0..4).map(|n| take(&slab, SMALL, n)).collect();
        assert_eq!(files[0].room.data, first.room.data);
        assert_eq!(check(&slab), 1);
        files.iter().for_each(|file| slab.give(file.room.place));
    }
}

#[test]
fn what_is_full_gives_way_to_a_new_chunk_and_is_used_when_it_has_room_again() {
    let slab = open();
    let page = os::page_size();
    let per_chunk = (CHUNK / page).clamp(16, 64);
    let mut all: Vec<_> = (0..3 * per_chunk).map(|n| take(&slab, 1, n as u8)).collect();
    assert_eq!(check(&slab), 3);
    // One page of the first chunk: the next file goes there.
    let one = all.remove(5);
    slab.give(one.room.place);
    let again = take(&slab, 1, 9);
    assert_eq!((again.room.data, check(&slab)), (one.room.data, 3));
    all.push(again);
    assert!(all.iter().all(Taken::is_whole));
    all.iter().for_each(|taken| slab.give(taken.room.place));
    assert_eq!(check(&slab), 1);
}

#[test]
fn after_a_fork_nothing_is_used_again_that_the_other_process_has() {
    let slab = open();
    let (kept, gone) = (take(&slab, 1, 1), take(&slab, 1, 2));
    fork(&slab);
    slab.give(gone.room.place);
    let new = take(&slab, 1, 3);
    assert_ne!(new.room.place.chunk, kept.room.place.chunk);
    assert!(kept.is_whole() && gone.is_whole(), "what was given back is not written");
    assert_eq!(check(&slab), 2);
    slab.give(kept.room.place);
    assert_eq!(check(&slab), 1);
    // The spare one is the other process's too.
    slab.give(new.room.place);
    fork(&slab);
    assert_ne!(take(&slab, 1, 4).room.place.chunk, new.room.place.chunk);
}

#[test]
fn no_memory_for_a_chunk_leaves_the_slab_as_it_was() {
    let failing = Failing::new();
    let slab = Slab::new();
    slab.open(failing.host(), 3);
    let mut taken = Vec::new();
    for _ in 0..300 {
        failing.countdown.set(0);
        let room = slab.take(SMALL);
        failing.countdown.set(-1);
        check(&slab);
        let room = room.or_else(|_| slab.take(SMALL)).expect("memory");
        taken.push(room.place);
    }
    failing.countdown.set(0);
    taken.iter().for_each(|place| slab.give(*place));
    slab.close();
    assert_eq!(failing.out.get(), 0);
    assert!(slab.take(1).is_err(), "it is closed");
    slab.give(taken[0]);
}
