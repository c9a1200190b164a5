//! Every block freed once, whatever the shape; nothing freed when memory runs out.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use core::cell::RefCell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::value::{SplData, SplDict, SplDictEntry};
use super::*;
use crate::abi::lifecycle_status;
use crate::base::failing::Failing;

const INT: c_int = 2;

#[derive(Default)]
struct Blocks {
    /// Allocated now.
    live: BTreeSet<usize>,
    made: usize,
    freed: usize,
}

thread_local! {
    /// Blocks of this thread's test.
    static BLOCKS: RefCell<Blocks> = RefCell::default();
}

/// Frees for real, so that a checker sees a use after it, and keeps the count.
unsafe fn free(at: *mut c_void) {
    let is_live = BLOCKS.with_borrow_mut(|blocks| {
        blocks.freed += 1;
        blocks.live.remove(&(at as usize))
    });
    assert!(is_live, "freed what is not a block, or freed twice");
    // SAFETY: it came from `block`, and is freed for the first time.
    unsafe { libc::free(at) };
}

/// A block of the runtime that holds a value of a type.
fn block<T>(content: T) -> *mut T {
    // SAFETY: malloc takes any size.
    let at = unsafe { libc::malloc(size_of::<T>().max(1)) }.cast::<T>();
    // SAFETY: there is room for it.
    unsafe { at.write(content) };
    BLOCKS.with_borrow_mut(|blocks| {
        blocks.made += 1;
        blocks.live.insert(at as usize)
    });
    at
}

fn text() -> SplValue {
    let string = block(*b"text\0").cast::<c_char>();
    SplValue { tag: STRING, data: SplData { string } }
}

/// An array of up to 8 items.
fn array(items: &[SplValue]) -> SplValue {
    let mut places = [SplValue::NIL; 8];
    for (place, item) in places.iter_mut().zip(items) {
        *place = *item;
    }
    let (items, len) = (block(places).cast(), items.len() as i64);
    SplValue { tag: ARRAY, data: SplData { array: block(SplArray { items, len, cap: 8 }) } }
}

fn entry(key: SplValue, value: SplValue, occupied: c_int) -> SplDictEntry {
    // SAFETY: the key is a text.
    let key = unsafe { key.data.string };
    SplDictEntry { key, value, hash: 0, occupied }
}

fn dict(entries: [SplDictEntry; 4]) -> SplValue {
    let dict = SplDict { entries: block(entries).cast(), cap: 4, len: 0, tombstones: 0 };
    SplValue { tag: DICT, data: SplData { dict: block(dict) } }
}

fn free_them(values: &mut [SplValue]) -> Result<()> {
    let number = values.len() as i64;
    // SAFETY: they are values made by this test.
    unsafe { free_values_with(values.as_mut_ptr(), number, Host::libc(), free) }
}

/// Blocks that were freed, and blocks there are.
fn freed() -> (usize, usize) {
    BLOCKS.with_borrow(|blocks| (blocks.freed, blocks.made))
}

fn all_are_freed(values: &mut [SplValue], blocks: usize) {
    free_them(values).expect("freed");
    assert_eq!(freed(), (blocks, blocks));
    assert!(values.iter().all(|value| value.tag == 0));
}

#[test]
fn scalars_need_no_memory_and_become_nil() {
    let failing = Failing::new();
    failing.countdown.set(0);
    let mut values = [SplValue { tag: INT, data: SplData { integer: 7 } }, SplValue::NIL, text()];
    // SAFETY: they are values made by this test.
    let done = unsafe { free_values_with(values.as_mut_ptr(), 3, failing.host(), free) };
    assert_eq!(done, Ok(()));
    assert_eq!(freed(), (1, 1));
    assert!(values.iter().all(|value| value.tag == 0));
}

#[test]
fn shared_texts_and_arrays() {
    let (shared, inner) = (text(), array(&[text()]));
    all_are_freed(&mut [shared, shared, array(&[shared, inner, inner]), inner], 6);
}

#[test]
fn a_text_twice_at_the_top() {
    let shared = text();
    all_are_freed(&mut [shared, shared], 1);
    BLOCKS.take();
    all_are_freed(&mut [text(), text()], 2);
}

#[test]
fn a_cycle() {
    let cycle = array(&[text(), SplValue::NIL]);
    // SAFETY: it is an array with two items.
    unsafe { (*cycle.data.array).items.add(1).write(cycle) };
    all_are_freed(&mut [cycle], 3);
}

#[test]
fn the_values_may_lie_in_a_block_that_is_freed() {
    let cycle = array(&[SplValue::NIL, text()]);
    // SAFETY: it is an array with two items.
    let items = unsafe { (*cycle.data.array).items };
    // SAFETY: as above.
    unsafe { items.write(cycle) };
    // SAFETY: they are values made by this test.
    unsafe { free_values_with(items, 2, Host::libc(), free) }.expect("freed");
    assert_eq!(freed(), (3, 3));
}

#[test]
fn only_occupied_entries_own() {
    let junk = SplValue { tag: STRING, data: SplData { string: ptr::without_provenance_mut(16) } };
    let all = dict([
        entry(text(), array(&[text()]), 1),
        entry(junk, junk, -1),
        entry(junk, junk, 0),
        entry(text(), text(), 1),
    ]);
    all_are_freed(&mut [all], 2 + 4 + 2);
}

#[test]
fn null_everywhere() {
    let empty = SplData { integer: 0 };
    let none = block(SplArray { items: ptr::null_mut(), len: 5, cap: 5 });
    let entries = ptr::null_mut();
    let nowhere = block(SplDict { entries, cap: 4, len: 2, tombstones: 0 });
    all_are_freed(
        &mut [
            SplValue { tag: STRING, data: empty },
            SplValue { tag: ARRAY, data: empty },
            SplValue { tag: DICT, data: empty },
            SplValue { tag: ARRAY, data: SplData { array: none } },
            SplValue { tag: DICT, data: SplData { dict: nowhere } },
        ],
        2,
    );
    let mut one = [text()];
    for number in [0, -1, i64::MIN] {
        // SAFETY: no value is touched.
        unsafe { free_values_with(one.as_mut_ptr(), number, Host::libc(), free) }.expect("nothing");
        // SAFETY: as above.
        unsafe { free_values_with(ptr::null_mut(), 5, Host::libc(), free) }.expect("nothing");
    }
    assert_eq!((one.first().map(|it| it.tag), freed()), (Some(STRING), (2, 3)));
    free_them(&mut one).expect("freed");
}

#[test]
fn an_unknown_tag_is_left_alone() {
    let unknown = SplValue { tag: 99, data: SplData { integer: -1 } };
    let mut values = [unknown, text()];
    free_them(&mut values).expect("freed");
    assert_eq!(values.map(|value| value.tag), [99, 0]);
    assert_eq!(freed(), (1, 1));
}

#[test]
fn without_memory_nothing_is_freed() {
    for nth in 0.. {
        let mut value = SplValue::NIL;
        for _ in 0..200 {
            value = array(&[text(), value, text()]);
        }
        let (before, failing) = (freed(), Failing::new());
        failing.countdown.set(nth);
        let mut values = [text(), value];
        // SAFETY: they are values made by this test.
        let done = unsafe { free_values_with(values.as_mut_ptr(), 2, failing.host(), free) };
        assert_eq!(failing.out.get(), 0);
        if done.is_ok() {
            assert!(nth > 4, "the set grows more often than that");
            assert_eq!(freed().0, freed().1);
            break;
        }
        assert_eq!(done, Err(Error(lifecycle_status::LIFECYCLE_E_NOMEM)));
        assert_eq!((freed().0, values.map(|value| value.tag)), (before.0, [STRING, ARRAY]));
        free_them(&mut values).expect("freed after all");
    }
}

#[test]
fn a_million_levels_fit_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let run = small.spawn(|| {
        let mut value = text();
        for _ in 0..1_000_000 {
            value = array(&[value]);
        }
        all_are_freed(&mut [value], 2_000_001);
    });
    run.expect("a thread").join().expect("no overflow");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Any graph: arrays and dictionaries whose places point at any of all values.
    #[test]
    fn any_graph(
        edges in prop::collection::vec((0usize..40, 0usize..4, 0usize..40), 0..120),
        roots in prop::collection::vec(0usize..40, 0..10),
    ) {
        BLOCKS.take();
        let empty = entry(SplValue::NIL, SplValue::NIL, 0);
        let nodes: Vec<SplValue> = (0..40)
            .map(|number| match number % 3 {
                0 => text(),
                1 => array(&[SplValue::NIL; 4]),
                _ => dict([empty; 4]),
            })
            .collect();
        let mut reached = [false; 40];
        let mut links = vec![Vec::new(); 40];
        let mut placed = BTreeMap::new();
        for (from, place, to) in edges {
            placed.insert((from, place), to);
        }
        for ((from, place), to) in placed {
            let (node, target) = (nodes[from], nodes[to]);
            match node.tag {
                // SAFETY: it is an array with four items.
                ARRAY => unsafe { (*node.data.array).items.add(place).write(target) },
                DICT => {
                    let full = entry(SplValue::NIL, target, 1);
                    // SAFETY: it is a dictionary with four entries.
                    unsafe { (*node.data.dict).entries.add(place).write(full) };
                }
                _ => continue,
            }
            links[from].push(to);
        }
        let mut queue = roots.clone();
        while let Some(node) = queue.pop() {
            if !core::mem::replace(&mut reached[node], true) {
                queue.extend(&links[node]);
            }
        }
        let size = |number: usize| if number.is_multiple_of(3) { 1 } else { 2 };
        let expected: usize = (0..40).filter(|node| reached[*node]).map(size).sum();
        let mut values: Vec<SplValue> = roots.iter().map(|root| nodes[*root]).collect();
        free_them(&mut values).expect("freed");
        prop_assert_eq!(freed().0, expected);
        // What was not reached is still whole.
        let mut rest: Vec<SplValue> = (0..40).filter(|n| !reached[*n]).map(|n| nodes[n]).collect();
        for node in &rest {
            // An edge into what is gone would be followed: cut them all.
            match node.tag {
                // SAFETY: it is an array with four items, not freed.
                ARRAY => unsafe { (*node.data.array).len = 0 },
                // SAFETY: it is a dictionary with four entries, not freed.
                DICT => unsafe { (*node.data.dict).cap = 0 },
                _ => {}
            }
        }
        free_them(&mut rest).expect("freed");
        prop_assert_eq!(freed().0, freed().1);
    }
}
