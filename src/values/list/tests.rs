//! Lists against vectors: every version stays what it was, whatever is made from it and fails.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::base::fail;
use crate::base::failing::Failing;

/// An element: some are numbers, some are counted blocks.
fn make(store: &mut Store, id: u32) -> Result<Word> {
    if id.is_multiple_of(3) {
        store.text(&id.to_le_bytes()).map(Word::block)
    } else {
        store.int(i64::from(id))
    }
}

fn id(word: Word) -> u32 {
    match word.is() {
        Is::Int(id) => id as u32,
        Is::Block(block) => u32::from_le_bytes(at(block).text().try_into().expect("four bytes")),
        is => unreachable!("{is:?}"),
    }
}

struct Version {
    list: NonNull<Block>,
    ids: Vec<u32>,
    text: Option<NonNull<Block>>,
}

/// Checks a node's shape (`.list.edge`); gives back how many blocks it has below it and itself.
fn check_node(node: Word, shift: u32, places: Range<usize>) {
    let node = at(node.as_block().expect("a node"));
    assert_eq!(node.kind(), Kind::Part);
    let needed = ((places.end - 1) >> shift) + 1;
    assert_eq!(node.words().len(), needed.min(WIDTH), "{places:?} at {shift}");
    if shift == 0 {
        assert_eq!(node.extra.get() as usize, WIDTH);
        return;
    }
    for (i, child) in node.words().iter().enumerate() {
        let first = i << shift;
        if first + (1 << shift) <= places.start {
            assert!(child.is_nil(), "what is dropped is let go of");
        } else {
            let start = places.start.saturating_sub(first);
            let end = (places.end - first).min(1 << shift);
            check_node(*child, shift - BITS, start..end);
        }
    }
}

fn check_shape(list: NonNull<Block>) {
    let Form::Tree(tree) = form(list) else { return };
    let trunk = trunk(tree.end);
    let tail = at(tree.tail.as_block().expect("a tail"));
    let written = tail.extra.get() as usize;
    assert!(tree.start < tree.end && tree.end - trunk <= written);
    assert!(tail.words().iter().skip(written).all(|word| word.is_nil()));
    if trunk == 0 {
        assert!(tree.root.is_nil() && tree.start < WIDTH);
    } else {
        assert!(tree.start < 1 << tree.shift || tree.shift == 0 && tree.start < WIDTH);
        check_node(tree.root, tree.shift, tree.start..trunk);
    }
}

impl Version {
    fn check(&self) {
        check_shape(self.list);
        assert_eq!(len(self.list), self.ids.len());
        assert_eq!(text(self.list), self.text);
        assert!(words(self.list, 0).map(id).eq(self.ids.iter().copied()));
        for i in [0, 1, self.ids.len() / 2, self.ids.len().saturating_sub(1), self.ids.len()] {
            assert_eq!(get(self.list, i).map(id), self.ids.get(i).copied());
        }
        let mut out = [Word::NIL; 40];
        let half = self.ids.len() / 2;
        let copied = copy_out(self.list, half, &mut out);
        assert!(
            out[..copied].iter().map(|word| id(*word)).eq(self
                .ids
                .iter()
                .skip(half)
                .take(40)
                .copied())
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    Build { count: usize, with_text: bool },
    Edit { of: usize, first: usize, last: usize, sets: Vec<(usize, u32)>, more: usize },
    Drop { of: usize },
}

fn count() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..4, 3 => 0usize..70, 1 => 1000usize..1200, 1 => 30_000usize..36_000]
}

/// Drops from an end: mostly few or none.
fn dropped() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 3 => 0usize..3, 2 => 0usize..80, 1 => any::<u16>().prop_map(usize::from)]
}

fn step() -> impl Strategy<Value = Step> {
    let sets = prop::collection::vec((any::<usize>(), any::<u32>()), 0..4);
    prop_oneof![
        2 => (count(), any::<bool>()).prop_map(|(count, with_text)| Step::Build { count, with_text }),
        8 => (any::<usize>(), dropped(), dropped(), sets, count()).prop_map(
            |(of, first, last, sets, more)| Step::Edit { of, first, last, sets, more }
        ),
        2 => any::<usize>().prop_map(|of| Step::Drop { of }),
    ]
}

/// What stops a step: nothing, the allocation so far on, or the so-manieth word.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Word(usize),
}

struct House {
    store: Store,
    versions: Vec<Version>,
    next: u32,
}

impl House {
    fn new(failing: &Failing, is_watched: bool) -> Self {
        let mut store = Store::new(failing.host(), usize::MAX, is_watched);
        assert!(store.open_level().is_ok());
        House { store, versions: Vec::new(), next: 0 }
    }

    fn finish(mut self, failing: &Failing) {
        for version in &self.versions {
            version.check();
        }
        for version in core::mem::take(&mut self.versions) {
            self.store.release(Word::block(version.list));
        }
        assert_eq!((self.store.live(), self.store.bytes()), (0, 0));
        self.store.empty_pool();
        drop(self);
        assert_eq!(failing.out.get(), 0);
    }

    /// Takes a step; a failed one leaves everything as it was.
    fn step(&mut self, step: &Step, fault: Fault) -> Result<()> {
        let (store, from) = (&mut self.store, self.next);
        let mut given = 0;
        let mut give = |store: &mut Store, id: u32| {
            if fault == Fault::Word(given) {
                fail!(LIFECYCLE_E_INVALID, "the test says so");
            }
            given += 1;
            make(store, id)
        };
        match *step {
            Step::Build { count, with_text } => {
                let text = if with_text { Some(store.text(b"as it was")?) } else { None };
                let word = text.map_or(Word::NIL, Word::block);
                let list = build(store, count, word, |store, i| give(store, from + i as u32))?;
                let ids = (from..from + count as u32).collect();
                self.versions.push(Version { list, ids, text });
                self.next += count as u32;
            }
            Step::Edit { of, first, last, ref sets, more } => {
                let Some(of) = of.checked_rem(self.versions.len()) else { return Ok(()) };
                let base = &self.versions[of];
                let end = base.ids.len().saturating_sub(last);
                let keep = first.min(end)..end;
                let mut ids = base.ids[keep.clone()].to_vec();
                let sets = if ids.is_empty() { &[] } else { &sets[..] };
                let sets: Vec<_> = sets.iter().map(|(i, id)| (i % ids.len(), *id)).collect();
                sets.iter().for_each(|(i, id)| ids[*i] = *id);
                ids.extend(from..from + more as u32);
                let mut sets = sets.iter();
                let give = Cell::new(Some(&mut give));
                let taken = |store: &mut Store, id: u32| {
                    let give_one = give.take().expect("one at a time");
                    let word = give_one(store, id);
                    give.set(Some(give_one));
                    word
                };
                let list = edit(
                    store,
                    base.list,
                    keep,
                    |store| match sets.next() {
                        Some((i, id)) => Ok(Some((*i, taken(store, *id)?))),
                        None => Ok(None),
                    },
                    more,
                    |store, i| taken(store, from + i as u32),
                )?;
                self.versions.push(Version { list, ids, text: None });
                let text = text(list);
                if let Some(version) = self.versions.last_mut() {
                    version.text = text;
                }
                assert!(text.is_none());
                self.next += more as u32;
            }
            Step::Drop { of } => {
                if let Some(of) = of.checked_rem(self.versions.len()) {
                    let version = self.versions.swap_remove(of);
                    version.check();
                    self.store.release(Word::block(version.list));
                }
                return Ok(());
            }
        }
        self.versions.last().expect("one was made").check();
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn versions_stay_what_they_were(
        steps in prop::collection::vec(step(), 1..40),
        is_watched: bool,
    ) {
        let failing = Failing::new();
        let mut house = House::new(&failing, is_watched);
        for step in &steps {
            assert!(house.step(step, Fault::None).is_ok());
        }
        house.finish(&failing);
    }

    #[test]
    fn a_failure_leaks_nothing_and_changes_nothing(
        steps in prop::collection::vec(step(), 1..12),
        skip in 1usize..40,
    ) {
        let failing = Failing::new();
        let mut house = House::new(&failing, true);
        // The first faults one by one, later ones in growing strides.
        let stride = |k: usize| if k > 40 { skip + k / 3 } else { 1 };
        for step in &steps {
            let before = (house.store.live(), house.store.bytes());
            let mut k = 0;
            loop {
                failing.countdown.set(k as i64);
                let done = house.step(step, Fault::None).is_ok();
                failing.countdown.set(-1);
                if done {
                    break;
                }
                assert_eq!((house.store.live(), house.store.bytes()), before);
                k += stride(k);
            }
            house.versions.iter().for_each(Version::check);
            if matches!(step, Step::Drop { .. }) {
                continue;
            }
            // The step was taken; the same again, now with words that are refused.
            let before = (house.store.live(), house.store.bytes());
            let mut k = 0;
            while house.step(step, Fault::Word(k)).is_err() {
                assert_eq!((house.store.live(), house.store.bytes()), before);
                k += stride(k);
            }
            house.versions.iter().for_each(Version::check);
        }
        house.finish(&failing);
    }

    #[test]
    fn a_queue_takes_memory_for_what_is_in_it(
        depth in prop_oneof![1usize..40, 1000usize..3000],
        turns in prop::collection::vec((0usize..40, 0usize..40), 300..600),
    ) {
        let failing = Failing::new();
        let mut house = House::new(&failing, false);
        let mut ids: Vec<u32> = (0..depth as u32).collect();
        let build = build(&mut house.store, depth, Word::NIL, |store, i| make(store, i as u32));
        let mut list = build.expect("memory");
        let mut next = depth as u32;
        for (gone, more) in turns {
            let gone = gone.min(ids.len());
            ids.drain(..gone);
            ids.extend(next..next + more as u32);
            let keep = gone..len(list);
            let from = next;
            let new = edit(&mut house.store, list, keep, |_| Ok(None), more, |store, i| {
                make(store, from + i as u32)
            });
            let new = new.expect("memory");
            house.store.release(Word::block(list));
            list = new;
            next += more as u32;
            check_shape(list);
            let bytes = house.store.bytes();
            assert!(bytes < 1500 + ids.len() * 40 + 64 * 48, "{bytes} for {}", ids.len());
        }
        let text = None;
        house.versions.push(Version { list, ids, text });
        house.finish(&failing);
    }
}

#[test]
fn two_lists_that_append_to_the_same_one_do_not_see_each_other() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    let push = |of: usize| Step::Edit { of, first: 0, last: 0, sets: vec![], more: 1 };
    assert!(house.step(&Step::Build { count: 40, with_text: true }, Fault::None).is_ok());
    assert!(house.step(&push(0), Fault::None).is_ok());
    let live = house.store.live();
    assert!(house.step(&push(1), Fault::Word(0)).is_err());
    assert!(house.step(&push(1), Fault::None).is_ok());
    assert_eq!(house.store.live(), live + 1, "the tail is shared, a list is made");
    assert!(house.step(&push(1), Fault::None).is_ok());
    assert_eq!(house.store.live(), live + 4, "a list, its tail, and the new text");
    house.versions.iter().for_each(Version::check);
    // What an older list shares with newer ones outlives them.
    let newer = house.versions.split_off(2);
    for version in newer {
        house.store.release(Word::block(version.list));
    }
    house.finish(&failing);
}

#[test]
fn a_list_cut_from_both_ends_in_turn_has_no_dead_edge() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    let cut = |of, first, last| Step::Edit { of, first, last, sets: vec![], more: 0 };
    assert!(house.step(&Step::Build { count: 1200, with_text: false }, Fault::None).is_ok());
    assert!(house.step(&cut(0, 70, 0), Fault::None).is_ok());
    // What is left behind the dead leaves fits into a lower tree, which begins with them.
    assert!(house.step(&cut(1, 0, 1000), Fault::None).is_ok());
    house.finish(&failing);
}

#[test]
fn a_list_that_grows_while_it_is_appended_to_does_not_mix() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    assert!(house.step(&Step::Build { count: 40, with_text: false }, Fault::None).is_ok());
    let push = Step::Edit { of: 0, first: 0, last: 0, sets: vec![], more: 1 };
    assert!(house.step(&push, Fault::None).is_ok());
    let base = house.versions[1].list;
    // The words appended are lists, each made by appending to the same base.
    let outer = edit(
        &mut house.store,
        base,
        0..41,
        |_| Ok(None),
        60,
        |store, i| {
            edit(store, base, 0..41, |_| Ok(None), 1, |store, _| make(store, i as u32))
                .map(Word::block)
        },
    );
    let outer = outer.expect("memory");
    assert_eq!(len(outer), 101);
    for i in 0..60 {
        let inner = get(outer, 41 + i).and_then(Word::as_block).expect("a list");
        assert_eq!((len(inner), get(inner, 41).map(id)), (42, Some(i as u32)));
        assert!(words(inner, 0).take(41).map(id).eq(0..41));
    }
    house.store.release(Word::block(outer));
    house.finish(&failing);
}

#[test]
#[ignore = "figures, for whoever changes this"]
#[expect(clippy::print_stderr, reason = "it prints figures")]
fn figures() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    let store = &mut house.store;
    let time = |what: &str, count: usize, mut work: Box<dyn FnMut() + '_>| {
        let start = Instant::now();
        work();
        eprintln!("{what}: {:.2} ns", start.elapsed().as_nanos() as f64 / count as f64);
    };
    let int = |i: usize| Word::int(i as i64).expect("it fits");
    let build_ints = |store: &mut Store, n| build(store, n, Word::NIL, |_, i| Ok(int(i)));
    for _ in 0..2 {
        time(
            "build 1000 ints and release, per element",
            1_000_000,
            Box::new(|| {
                for _ in 0..1000 {
                    let list = build_ints(store, 1000).expect("memory");
                    store.release(Word::block(list));
                }
            }),
        );
    }
    const N: usize = 1_000_000;
    let mut list = build_ints(store, N).expect("memory");
    let mut sum = 0;
    time(
        "get random in 10^6",
        N,
        Box::new(|| {
            let mut at = 1usize;
            for _ in 0..N {
                at = at.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                sum += get(list, (at >> 20) % N).map_or(0, number);
            }
        }),
    );
    time("iterate 10^6", N, Box::new(|| sum += words(list, 0).map(number).sum::<usize>()));
    assert_ne!(sum, 0);
    time(
        "set random in 10^6",
        N,
        Box::new(|| {
            let mut at = 1usize;
            for i in 0..N {
                at = at.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let mut sets = Some(((at >> 20) % N, int(i)));
                let new = edit(store, list, 0..N, |_| Ok(sets.take()), 0, |_, _| Ok(Word::NIL));
                let new = new.expect("memory");
                store.release(Word::block(list));
                list = new;
            }
        }),
    );
    time(
        "set in 10^6, one after the other",
        N,
        Box::new(|| {
            for i in 0..N {
                let mut sets = Some((i, int(i)));
                let new = edit(store, list, 0..N, |_| Ok(sets.take()), 0, |_, _| Ok(Word::NIL));
                let new = new.expect("memory");
                store.release(Word::block(list));
                list = new;
            }
        }),
    );
    time(
        "shift from 10^6",
        N,
        Box::new(|| {
            for i in 0..N {
                let new = edit(store, list, 1..N - i, |_| Ok(None), 0, |_, _| Ok(Word::NIL));
                let new = new.expect("memory");
                store.release(Word::block(list));
                list = new;
            }
        }),
    );
    assert_eq!(len(list), 0);
    time(
        "append up to 10^6",
        N,
        Box::new(|| {
            for i in 0..N {
                let new = edit(store, list, 0..i, |_| Ok(None), 1, |_, _| Ok(int(i)));
                let new = new.expect("memory");
                store.release(Word::block(list));
                list = new;
            }
        }),
    );
    time(
        "pop from 10^6",
        N,
        Box::new(|| {
            for i in 0..N {
                let new = edit(store, list, 0..N - i - 1, |_| Ok(None), 0, |_, _| Ok(Word::NIL));
                let new = new.expect("memory");
                store.release(Word::block(list));
                list = new;
            }
        }),
    );
    store.release(Word::block(list));
    house.finish(&failing);
}
