use std::thread;

use super::super::region::SLAB;
use super::*;
use crate::abi::lifecycle_status::{self, *};
use crate::abi::{LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_MPROTECT};

/// Open shards over a space of their own.
struct Opened {
    // Closed before the space goes.
    shards: Shards,
    space: Box<Space>,
}

impl Opened {
    fn new(slabs: usize, mode: u32) -> Self {
        let space = match Space::new(Host::libc(), slabs * SLAB, mode) {
            Ok(space) => Box::new(space),
            Err(error) => unreachable!("{error}"),
        };
        let opened = Opened { shards: Shards::new(), space };
        // SAFETY: `.shard.space` - the space is boxed and goes after `close` (see `drop`).
        let era = unsafe { opened.shards.open(Host::libc(), 9, NonNull::from(&*opened.space)) };
        assert_eq!(era, Ok(1));
        opened
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.shards.close();
    }
}

fn want(len: usize) -> Want {
    Want { len, align: 0, near: core::ptr::null() }
}

fn status<T>(result: Result<T>) -> Option<lifecycle_status> {
    result.err().map(|error| error.0)
}

/// A random number and the next one's seed.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*seed >> 33) as usize
}

/// Room that a thread has: its id, where it runs, where it is written, its size, what is in it.
type Room = (u64, *mut u8, *mut u8, usize, u8);

fn fill(room: &Room) {
    // SAFETY: the reservation is this thread's and so many bytes long.
    unsafe { room.2.write_bytes(room.4, room.3) };
}

fn holds(room: &Room) -> bool {
    // SAFETY: as for `fill`; the executable view shows the same bytes.
    let bytes = unsafe { core::slice::from_raw_parts(room.1, room.3) };
    bytes.iter().all(|byte| *byte == room.4)
}

/// Reserves, writes, looks whether it is still there, gives back; and takes and retires besides.
fn stress(opened: &Opened, number: u8, rounds: usize) {
    let mut rooms: Vec<Room> = Vec::new();
    let mut seed = u64::from(number) + 1;
    for round in 0..rounds {
        if rooms.len() == 50 || (!rooms.is_empty() && next(&mut seed).is_multiple_of(3)) {
            let room = rooms.swap_remove(next(&mut seed) % rooms.len());
            assert!(holds(&room), "somebody wrote into another's room");
            assert_eq!(opened.shards.abort(room.0, false), Ok(()));
            assert_eq!(status(opened.shards.abort(room.0, false)), Some(LIFECYCLE_E_STALE));
        }
        let len = 1 + next(&mut seed) % 2000;
        match opened.shards.reserve(want(len)) {
            Ok((id, runs_at, writable, size)) => {
                let room = (id, runs_at, writable, size, round as u8 | 1);
                fill(&room);
                rooms.push(room);
            }
            Err(error) => assert_eq!(error.0, LIFECYCLE_E_LIMIT),
        }
        match opened.shards.take(want(len), &[number; 8], true) {
            Ok(taken) if len.is_multiple_of(2) => opened.shards.retire_taken(taken),
            Ok(taken) => opened.shards.untake(taken),
            Err(error) => assert_eq!(error.0, LIFECYCLE_E_LIMIT),
        }
    }
    for room in rooms {
        assert!(holds(&room));
        assert_eq!(opened.shards.abort(room.0, false), Ok(()));
    }
}

// SAFETY: the tests' threads share nothing but the shards and the space, which are made for that.
unsafe impl Sync for Opened {}

#[test]
fn threads_take_and_give_back_without_meeting() {
    // With much room, and with so little that all want the same slab.
    for slabs in [16, 1] {
        let opened = Opened::new(slabs, LIFECYCLE_CODE_AUTO);
        let rounds = 1500;
        thread::scope(|scope| {
            for number in 0..4 {
                let opened = &opened;
                scope.spawn(move || stress(opened, number, rounds));
            }
        });
        let held = opened.shards.held();
        assert_eq!((held.live, held.open), (0, 0));
        opened.shards.flush(true);
        assert_eq!(opened.space.region.claimed_bytes(), 0);
    }
}

#[test]
fn what_one_thread_took_another_gives_back() {
    let opened = Opened::new(2, LIFECYCLE_CODE_AUTO);
    let ids: Vec<u64> =
        (0..100).filter_map(|_| opened.shards.reserve(want(100)).ok().map(|room| room.0)).collect();
    assert_eq!(ids.len(), 100);
    thread::scope(|scope| {
        let (opened, ids) = (&opened, &ids);
        scope.spawn(move || {
            for id in ids {
                assert_eq!(opened.shards.abort(*id, false), Ok(()));
            }
        });
    });
    assert_eq!(opened.shards.held().live, 0);
}

#[test]
fn no_room_is_told_only_when_no_shard_has_any() {
    let opened = Opened::new(2, LIFECYCLE_CODE_AUTO);
    // Another thread, and so another shard, has a slab for little.
    thread::scope(|scope| {
        let opened = &opened;
        scope.spawn(move || assert!(opened.shards.reserve(want(64)).is_ok()));
    });
    let most = SLAB - opened.space.region.granule();
    let Ok((id, ..)) = opened.shards.reserve(want(most)) else { unreachable!("a slab is left") };
    let Ok((other, ..)) = opened.shards.reserve(want(SLAB / 2)) else {
        unreachable!("the other shard has room")
    };
    assert_ne!(split(id).0, split(other).0);
    assert_eq!(status(opened.shards.reserve(want(SLAB / 2))), Some(LIFECYCLE_E_LIMIT));
    // What is kept by a shard makes way for what needs whole slabs.
    assert_eq!(opened.shards.abort(id, false), Ok(()));
    assert_eq!(status(opened.shards.reserve(want(SLAB + 1))), Some(LIFECYCLE_E_LIMIT));
    let mut left = Vec::new();
    let listed = opened.shards.each_open(|id, _| {
        left.push(id);
        Ok(())
    });
    assert_eq!(listed, Ok(()));
    assert_eq!(left.len(), 2);
    for id in left {
        assert_eq!(opened.shards.abort(id, false), Ok(()));
    }
    assert!(opened.shards.reserve(want(SLAB + 1)).is_ok());
}

#[test]
fn ids_are_checked_and_stale_after_close() {
    for mode in [LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_MPROTECT] {
        let opened = Opened::new(1, mode);
        let shards = &opened.shards;
        let Ok((id, ..)) = shards.reserve(want(100)) else { unreachable!("it is empty") };
        let other_shard = id ^ 1 << OPEN_BITS;
        let other_kind = (id & !(15 << 24)) | (Kind::Symbol as u64) << 24;
        assert_eq!(status(shards.abort(0, false)), Some(LIFECYCLE_E_INVALID));
        assert_eq!(status(shards.abort(id + 1, false)), Some(LIFECYCLE_E_INVALID));
        assert_eq!(status(shards.abort(other_shard, false)), Some(LIFECYCLE_E_INVALID));
        assert_eq!(status(shards.abort(other_kind, false)), Some(LIFECYCLE_E_TYPE));
        assert_eq!(status(shards.reserve(want(0))), Some(LIFECYCLE_E_INVALID));
        // While one thread commits it, no other gives it up.
        assert!(shards.begin_commit(id).is_ok());
        assert_eq!(status(shards.abort(id, false)), Some(LIFECYCLE_E_BUSY));
        assert_eq!(shards.set_reserved(id, |it| it.busy = false), Ok(()));
        assert_eq!(shards.abort(id, false), Ok(()));
        assert_eq!(status(shards.reservation(id)), Some(LIFECYCLE_E_STALE));
        let Ok(taken) = shards.take(want(10), b"0123456789", true) else {
            unreachable!("it is empty")
        };
        shards.close();
        assert_eq!(status(shards.reserve(want(1))), Some(LIFECYCLE_E_STALE));
        assert_eq!(status(shards.abort(id, false)), Some(LIFECYCLE_E_STALE));
        // What was taken from what is gone goes nowhere, not even when the place is used again.
        shards.untake(taken);
        // SAFETY: as in `Opened::new`.
        let era = unsafe { shards.open(Host::libc(), 9, NonNull::from(&*opened.space)) };
        assert_eq!(era, Ok(2));
        shards.untake(taken);
        assert_eq!(shards.held().live, 0);
    }
}
