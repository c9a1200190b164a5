//! A name's record and the index of names, run through interleavings that the memory model allows
//! (`make loom`): one thread changes them, another one looks.
//!
//! These are the library's own files, compiled here with loom's atomics in place of `core`'s. Each
//! model has a twin whose reader leaves out the check that the file asks of it, which loom must
//! find: it shows that the model can fail.
#![cfg(loom)]
#![allow(dead_code, reason = "each of the files is used in part")]

mod os {
    pub mod atomic {
        pub use loom::sync::atomic::{AtomicU64, Ordering, fence};
    }
}
mod base {
    pub(crate) use crate::hash;
}
#[path = "../src/base/hash.rs"]
mod hash;
#[path = "../src/names/index.rs"]
mod index;
#[path = "../src/names/record.rs"]
mod record;

use std::sync::Arc;

use index::{Found, Index, Is, Probed, REGIONS};
use loom::thread;
use os::atomic::AtomicU64;
use record::{Answer, Key, Seen, Unit};

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

fn key(bytes: &[u8]) -> Key<'_> {
    Key::new(0, bytes).expect("short")
}

/// One thread changes a record's answer, and then makes it another name's; what another one reads
/// belongs together and to the name that it looks for.
fn a_record_is_seen_whole(checks: bool) {
    let unit = Arc::new(Unit::default());
    unit.name(&key(b"f"), std::iter::empty());
    unit.answer(&[1, 1, 1, 1]);
    let read = Arc::clone(&unit);
    let reader = thread::spawn(move || {
        let mut answer = Answer::default();
        match read.look(&key(b"f"), &mut answer, |_| None) {
            _ if !checks => answer = read.answered(),
            Seen::Same => {}
            Seen::Other | Seen::Changing => return,
        }
        assert!(answer == [1; 4] || answer == [2; 4], "{answer:?} is not whole");
    });
    unit.answer(&[2, 2, 2, 2]);
    unit.name(&key(b"g"), std::iter::empty());
    reader.join().expect("the reader");
}

#[test]
fn records() {
    explore(|| a_record_is_seen_whole(true));
}

#[test]
#[should_panic(expected = "is not whole")]
fn records_that_are_read_without_looking_again() {
    explore(|| a_record_is_seen_whole(false));
}

/// A long text's further unit is given to another name; whoever follows the old link notices.
#[test]
fn a_text_that_goes_on_elsewhere() {
    const LONG: &[u8] = b"a text of thirty-two bytes, all..";
    explore(|| {
        let units: Arc<[Unit; 2]> = Arc::new([Unit::default(), Unit::default()]);
        units[0].name(&key(LONG), [(1, &units[1])].into_iter());
        units[0].answer(&[1; 4]);
        let read = Arc::clone(&units);
        let reader = thread::spawn(move || {
            let look = |number| read.get(number as usize);
            let mut answer = Answer::default();
            if let Seen::Same = read[0].look(&key(LONG), &mut answer, look) {
                assert!(answer == [1; 4] || answer == [2; 4], "{answer:?}");
            }
        });
        units[0].answer(&[2; 4]);
        units[0].clear();
        // What stands in the second unit is text to the reader: it is not to believe it.
        units[1].answer(&[3; 4]);
        reader.join().expect("the reader");
        let look = |number| units.get(number as usize);
        let seen = units[0].look(&key(LONG), &mut Answer::default(), look);
        assert!(!matches!(seen, Seen::Same));
    });
}

/// A small table with three records of one hash.
struct Table {
    slots: Vec<AtomicU64>,
    moves: [AtomicU64; REGIONS],
}

const HASH: u64 = 5 << 61 | 7 << 30;

impl Table {
    fn new() -> Arc<Table> {
        let table = Table {
            slots: (0..8).map(|_| AtomicU64::new(0)).collect(),
            moves: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        (1..=3).for_each(|number| table.index().insert(HASH, number));
        Arc::new(table)
    }

    fn index(&self) -> Index<'_> {
        Index { slots: &self.slots, moves: &self.moves, bits: 3 }
    }
}

fn is(wanted: u32) -> impl FnMut(u32) -> Is<u32> + Copy {
    move |number| if number == wanted { Is::It(number) } else { Is::NotIt }
}

/// One thread takes the first of three records out, so that the others are pulled back; another one
/// must not miss the last of them.
fn what_is_pulled_back_is_not_missed(confirms: bool) {
    let table = Table::new();
    let looked = Arc::clone(&table);
    let reader = thread::spawn(move || {
        if let Probed::End(end) = looked.index().probe(HASH, is(3)) {
            assert!(confirms, "a record was missed");
            let found = looked.index().confirm(HASH, end, is(3));
            assert!(!matches!(found, Found::Nothing), "a record was missed");
        }
    });
    table.index().remove(HASH, 1);
    reader.join().expect("the reader");
    assert!(matches!(table.index().probe(HASH, is(3)), Probed::It(3)));
    let Probed::End(end) = table.index().probe(HASH, is(1)) else { panic!("it was removed") };
    assert!(matches!(table.index().confirm(HASH, end, is(1)), Found::Nothing));
}

#[test]
fn removals() {
    explore(|| what_is_pulled_back_is_not_missed(true));
}

#[test]
#[should_panic(expected = "a record was missed")]
fn removals_that_a_reader_does_not_look_for() {
    explore(|| what_is_pulled_back_is_not_missed(false));
}
