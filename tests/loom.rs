//! The grace protocol and the slot of an entry, run through every interleaving that the memory
//! model allows (`make loom`).
//!
//! These are the library's own files, compiled here with loom's atomics in place of `core`'s. What
//! a kernel's barrier does cannot be modelled; so readers fence themselves, as they do where there
//! is no such barrier, and the reclaimer's side is a fence too. That covers the protocol's order of
//! steps. That the barrier stands in for the readers' fence is membarrier's contract.
//!
//! Each model has twins with one step left out or moved, which loom must find: they show that the
//! model can fail.
#![cfg(loom)]
#![allow(dead_code, reason = "each of the files is used in part")]

mod os {
    pub mod atomic {
        pub use core::sync::atomic::compiler_fence;
        pub use loom::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
    }
}
#[path = "../src/epoch/grace.rs"]
mod grace;
#[path = "../src/code/slot.rs"]
mod slot;

use std::ffi::c_void;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::thread;
use os::atomic::{AtomicU64, Ordering, fence};
use slot::Slot;

/// What a body of code holds once it is freed.
const TRAP: u64 = 0xcc;

/// One step to leave out or to move.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    ReaderDoesNotFence,
    ReclaimerDoesNotFence,
    TaggedBeforeUnlinking,
    FreedWithoutLooking,
    PointedBeforeWritten,
}

/// A manager with one entry and some bodies of code, each of two words that a reader must find
/// together. loom tells when a body is written while it is read.
struct World {
    fault: Fault,
    grace: AtomicU64,
    words: Vec<AtomicU64>,
    slot: Slot,
    bodies: Vec<UnsafeCell<[u64; 2]>>,
    /// What waits, with its tag; the manager's lock.
    queue: Mutex<Vec<(u64, usize)>>,
}

fn name(body: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(body + 1)
}

impl World {
    /// The first body is live, the others are not written yet.
    fn new(readers: usize, bodies: usize, fault: Fault) -> Arc<World> {
        let live = |body| if body == 0 { [1, 1] } else { [TRAP, TRAP] };
        Arc::new(World {
            fault,
            grace: AtomicU64::new(1),
            words: (0..readers).map(|_| AtomicU64::new(grace::OUTSIDE)).collect(),
            slot: Slot::new(name(0)),
            bodies: (0..bodies).map(|body| UnsafeCell::new(live(body))).collect(),
            queue: Mutex::new(Vec::new()),
        })
    }

    fn enter(&self, reader: usize) {
        let fences = self.fault != Fault::ReaderDoesNotFence;
        grace::enter(&self.words[reader], &self.grace, fences);
    }

    fn leave(&self, reader: usize) {
        grace::leave(&self.words[reader]);
    }

    /// Runs what the entry goes to.
    fn call(&self) -> u64 {
        self.run(self.slot.target())
    }

    fn run(&self, target: *mut c_void) -> u64 {
        self.bodies[target.addr() - 1].with(|body| {
            // SAFETY: loom lets nobody write meanwhile, or says so.
            let [first, second] = unsafe { *body };
            assert!(first == second && first != TRAP, "half a body or a freed one ran");
            first
        })
    }

    fn write(&self, body: usize, what: u64) {
        // SAFETY: loom lets nobody read or write meanwhile, or says so.
        self.bodies[body].with_mut(|body| unsafe { *body = [what, what] });
    }

    /// Puts a body in the place of another and retires that.
    fn replace(&self, old: usize, new: usize) {
        let mut queue = self.queue.lock().expect("nothing panics");
        let early = (self.fault == Fault::TaggedBeforeUnlinking).then(|| grace::tag(&self.grace));
        if self.fault == Fault::PointedBeforeWritten {
            self.slot.point(name(new));
            self.write(new, new as u64 + 1);
        } else {
            self.write(new, new as u64 + 1);
            self.slot.point(name(new));
        }
        let tag = early.unwrap_or_else(|| grace::tag(&self.grace));
        queue.push((tag, old));
    }

    /// Frees what nobody can be inside any more: how many.
    fn reclaim(&self) -> usize {
        let mut queue = self.queue.lock().expect("nothing panics");
        if self.fault != Fault::ReclaimerDoesNotFence {
            fence(Ordering::SeqCst);
        }
        let oldest = match grace::oldest(self.words.iter()) {
            Some((_, value)) if self.fault != Fault::FreedWithoutLooking => value,
            _ => u64::MAX,
        };
        let due = queue.iter().take_while(|(tag, _)| *tag < oldest).count();
        for (_, body) in queue.drain(..due) {
            self.write(body, TRAP);
        }
        due
    }
}

fn explore(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}

/// A reader that stays twice, while what it runs is replaced, retired and freed.
fn a_reader_and_a_reclaimer(fault: Fault) {
    explore(None, move || {
        let world = World::new(1, 2, fault);
        let reader = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                let mut seen = 0;
                for _ in 0..2 {
                    world.enter(0);
                    let now = world.call();
                    assert!(now >= seen, "the old code came back");
                    seen = now;
                    world.leave(0);
                }
            }
        });
        world.replace(0, 1);
        world.reclaim();
        reader.join().expect("it ends");
        // Whatever was seen meanwhile: nobody is inside now, so all of it goes.
        world.reclaim();
        assert!(world.queue.lock().expect("nothing panics").is_empty());
    });
}

#[test]
fn what_a_reader_runs_is_not_freed() {
    a_reader_and_a_reclaimer(Fault::None);
}

#[test]
#[should_panic]
fn a_reader_that_does_not_fence_is_found() {
    a_reader_and_a_reclaimer(Fault::ReaderDoesNotFence);
}

#[test]
#[should_panic]
fn a_reclaimer_that_does_not_fence_is_found() {
    a_reader_and_a_reclaimer(Fault::ReclaimerDoesNotFence);
}

#[test]
#[should_panic]
fn a_tag_taken_before_the_unlinking_is_found() {
    a_reader_and_a_reclaimer(Fault::TaggedBeforeUnlinking);
}

#[test]
#[should_panic]
fn freeing_without_a_look_at_the_readers_is_found() {
    a_reader_and_a_reclaimer(Fault::FreedWithoutLooking);
}

/// Two threads replace and reclaim beside a reader that keeps the address it found for its whole
/// stay.
fn two_writers(fault: Fault) {
    explore(Some(3), move || {
        let world = World::new(1, 3, fault);
        let writer = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                world.replace(0, 1);
                world.reclaim();
            }
        });
        let reader = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                world.enter(0);
                let found = world.slot.target();
                let first = world.run(found);
                world.call();
                assert_eq!(world.run(found), first, "it changed under the reader");
                world.leave(0);
            }
        });
        writer.join().expect("it ends");
        world.replace(1, 2);
        world.reclaim();
        reader.join().expect("it ends");
        world.reclaim();
        assert!(world.queue.lock().expect("nothing panics").is_empty());
        assert_eq!(world.call(), 3);
    });
}

#[test]
fn replacing_twice_beside_a_reader() {
    two_writers(Fault::None);
}

/// Two readers: one that stays holds back what it can have found and nothing that is newer.
#[test]
fn who_entered_later_holds_nothing_back() {
    explore(Some(3), || {
        let world = World::new(2, 2, Fault::None);
        world.replace(0, 1);
        // Enters after the unlinking, and stays.
        world.enter(1);
        let reader = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                world.enter(0);
                assert_eq!(world.call(), 2);
                world.leave(0);
            }
        });
        assert_eq!(world.reclaim(), 1, "nobody can have found it");
        assert_eq!(world.call(), 2);
        reader.join().expect("it ends");
        world.leave(1);
    });
}

/// A reader that parks: leaving and entering anew in the middle of a stay.
#[test]
fn what_is_found_before_parking_is_not_used_after() {
    explore(None, || {
        let world = World::new(1, 2, Fault::None);
        let reader = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                world.enter(0);
                world.call();
                grace::leave(&world.words[0]);
                grace::enter(&world.words[0], &world.grace, true);
                world.call();
                world.leave(0);
            }
        });
        world.replace(0, 1);
        world.reclaim();
        reader.join().expect("it ends");
        world.reclaim();
        assert!(world.queue.lock().expect("nothing panics").is_empty());
    });
}

/// An entry that is pointed anew: who calls it runs the old body or the new one, whole.
fn an_entry_is_replaced(fault: Fault) {
    explore(Some(3), move || {
        let world = World::new(2, 3, fault);
        let readers: Vec<_> = (0..2)
            .map(|reader| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    world.enter(reader);
                    let found = world.call();
                    assert!((1..=2).contains(&found));
                    world.leave(reader);
                })
            })
            .collect();
        world.replace(0, 1);
        for reader in readers {
            reader.join().expect("it ends");
        }
    });
}

#[test]
fn an_entry_runs_old_or_new_and_never_half_of_one() {
    an_entry_is_replaced(Fault::None);
}

#[test]
#[should_panic]
fn an_entry_that_is_pointed_too_early_is_found() {
    an_entry_is_replaced(Fault::PointedBeforeWritten);
}
