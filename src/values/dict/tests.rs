//! Dicts against vectors of pairs: every version stays what it was, whatever is made from it and
//! fails.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::base::fail;
use crate::base::failing::Failing;

/// A hash with few values, so that whole hashes and parts of them are the same.
fn poor(id: u32) -> u32 {
    match id % 4 {
        0 => 1 + id % 3,
        1 => 0x8000_0001,
        2 => id | 1 << 31,
        _ => hash(&id.to_le_bytes()),
    }
}

fn key(store: &mut Store, id: u32) -> Result<NonNull<Block>> {
    let text = store.text(&id.to_le_bytes())?;
    at(text).extra.set(poor(id));
    Ok(text)
}

fn key_id(word: Word) -> u32 {
    let text = at(word.as_block().expect("a text")).text();
    u32::from_le_bytes(text.try_into().expect("four bytes"))
}

/// Some values are numbers, some are counted blocks.
fn value(store: &mut Store, id: u32) -> Result<Word> {
    if id.is_multiple_of(3) { key(store, id).map(Word::block) } else { store.int(i64::from(id)) }
}

fn value_id(word: Word) -> u32 {
    if let Is::Int(id) = word.is() { id as u32 } else { key_id(word) }
}

struct Version {
    dict: NonNull<Block>,
    entries: Vec<(u32, u32)>,
}

impl Version {
    fn check(&self) {
        let (dict, count) = (self.dict, self.entries.len());
        assert_eq!(len(dict), count);
        if let Some(large) = large(dict) {
            assert!(list::len(large.slots) <= 4 * count, "at most as many holes as entries");
            let mut leaves = Vec::new();
            trie::tests::check(large.trie, 0, &mut leaves);
            assert_eq!(leaves.len(), count, "what is removed is in the trie no more");
        }
        let mut position = 0;
        for &(key, value) in &self.entries {
            let (found, its_key, its_value) = next(dict, position).expect("one more");
            assert_eq!((key_id(its_key), value_id(its_value)), (key, value));
            assert_eq!(find(dict, poor(key), &key.to_le_bytes()), Some((found, its_value)));
            assert_eq!(find(dict, poor(key), b"other"), None);
            assert_eq!(find(dict, !poor(key), &key.to_le_bytes()), None);
            position = found + 1;
        }
        assert_eq!(next(dict, position), None);
        let there = |i: usize| entry(dict, i).map(|(key, value)| (key_id(key), value_id(value)));
        let is_there = |i: usize| there(i) == self.entries.get(i).copied();
        assert!((0..count + 2).all(is_there));
        assert!((0..count).rev().all(is_there));
        assert!((0..count).map(|i| i * 7919 % count).take(50).all(is_there));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Build { count: usize },
    Edit { of: usize, sets: Vec<(usize, u32)>, removes: Vec<usize>, more: usize },
    Drop { of: usize },
}

fn count() -> impl Strategy<Value = usize> {
    prop_oneof![5 => 0usize..4, 4 => 0usize..20, 1 => 0usize..200]
}

fn step() -> impl Strategy<Value = Step> {
    let sets = prop::collection::vec((any::<usize>(), any::<u32>()), 0..4);
    let removes = count().prop_flat_map(|most| prop::collection::vec(any::<usize>(), 0..=most));
    prop_oneof![
        1 => count().prop_map(|count| Step::Build { count }),
        8 => (any::<usize>(), sets, removes, count()).prop_map(
            |(of, sets, removes, more)| Step::Edit { of, sets, removes, more }
        ),
        2 => any::<usize>().prop_map(|of| Step::Drop { of }),
    ]
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
        self.versions.iter().for_each(Version::check);
        for version in core::mem::take(&mut self.versions) {
            self.store.release(Word::block(version.dict));
        }
        assert_eq!((self.store.live(), self.store.bytes()), (0, 0));
        self.store.empty_pool();
        drop(self);
        assert_eq!(failing.out.get(), 0);
    }

    /// Takes a step; the word `refused` is not given. A failed step leaves everything as it was.
    fn step(&mut self, step: &Step, refused: usize) -> Result<()> {
        let (store, from) = (&mut self.store, self.next);
        let given = Cell::new(0);
        let give = || {
            if given.replace(given.get() + 1) == refused {
                fail!(LIFECYCLE_E_INVALID, "the test says so");
            }
            Ok(())
        };
        let new = |store: &mut Store, i: usize| {
            give()?;
            let key = key(store, from + i as u32)?;
            match value(store, i as u32) {
                Ok(value) => Ok((key, value)),
                Err(error) => {
                    store.release(Word::block(key));
                    Err(error)
                }
            }
        };
        let new_entries = |more: usize| (0..more as u32).map(move |i| (from + i, i));
        match *step {
            Step::Build { count } => {
                let dict = build(store, count, new)?;
                self.versions.push(Version { dict, entries: new_entries(count).collect() });
                self.next += count as u32;
            }
            Step::Edit { of, ref sets, ref removes, more } => {
                let Some(of) = of.checked_rem(self.versions.len()) else { return Ok(()) };
                let base = &self.versions[of];
                let mut entries = base.entries.clone();
                let count = entries.len();
                let position = |i: usize| {
                    let (key, _) = base.entries[i];
                    find(base.dict, poor(key), &key.to_le_bytes()).expect("it is there").0
                };
                let some = |i: &usize| i.checked_rem(count);
                let sets: Vec<_> =
                    sets.iter().filter_map(|(i, id)| Some((some(i)?, *id))).collect();
                sets.iter().for_each(|(i, id)| entries[*i].1 = *id);
                let mut removes: Vec<_> = removes.iter().filter_map(some).collect();
                removes.sort_unstable();
                removes.dedup();
                let mut i = 0..;
                entries.retain(|_| removes.binary_search(&i.next().expect("endless")).is_err());
                entries.extend(new_entries(more));
                let mut sets = sets.iter();
                let sets = |store: &mut Store| match sets.next() {
                    Some((i, id)) => {
                        give()?;
                        Ok(Some((position(*i), value(store, *id)?)))
                    }
                    None => Ok(None),
                };
                let removes = removes.iter().rev().map(|i| position(*i));
                let dict = edit(store, base.dict, sets, removes, more, new)?;
                self.versions.push(Version { dict, entries });
                self.next += more as u32;
            }
            Step::Drop { of } => {
                if let Some(of) = of.checked_rem(self.versions.len()) {
                    let version = self.versions.swap_remove(of);
                    version.check();
                    self.store.release(Word::block(version.dict));
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
        steps in prop::collection::vec(step(), 1..60),
        is_watched: bool,
    ) {
        let failing = Failing::new();
        let mut house = House::new(&failing, is_watched);
        for step in &steps {
            assert!(house.step(step, usize::MAX).is_ok());
        }
        house.finish(&failing);
    }

    #[test]
    fn a_failure_leaks_nothing_and_changes_nothing(
        steps in prop::collection::vec(step(), 1..12),
        skip in 1usize..10,
    ) {
        let failing = Failing::new();
        let mut house = House::new(&failing, true);
        for step in &steps {
            if matches!(step, Step::Drop { .. }) {
                assert!(house.step(step, usize::MAX).is_ok());
                continue;
            }
            let before = (house.store.live(), house.store.bytes());
            // The first faults one by one, later ones in growing strides.
            let stride = |k: usize| k + if k > 60 { skip + k / 8 } else { 1 };
            let mut k = 0;
            loop {
                failing.countdown.set(k as i64);
                let done = house.step(step, usize::MAX).is_ok();
                failing.countdown.set(-1);
                if done {
                    break;
                }
                assert_eq!((house.store.live(), house.store.bytes()), before);
                k = stride(k);
            }
            // The step was taken; the same again, now with words that are refused.
            let before = (house.store.live(), house.store.bytes());
            let mut k = 0;
            while house.step(step, k).is_err() {
                assert_eq!((house.store.live(), house.store.bytes()), before);
                k = stride(k);
            }
            house.versions.iter().for_each(Version::check);
        }
        house.finish(&failing);
    }
}

#[test]
fn a_dict_that_is_emptied_and_filled_again_takes_the_same_memory() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    let store = &mut house.store;
    let mut dict = build(store, 0, |store, _| Ok((key(store, 0)?, Word::NIL))).expect("memory");
    let mut most = 0;
    for round in 0..6u32 {
        for id in 0..500u32 {
            let new = edit(
                store,
                dict,
                |_| Ok(None),
                None,
                1,
                |store, _| Ok((key(store, id)?, Word::NIL)),
            );
            let new = new.expect("memory");
            store.release(Word::block(dict));
            dict = new;
        }
        if round == 0 {
            most = store.bytes();
        }
        assert_eq!((len(dict), store.bytes()), (500, most));
        for id in 0..500u32 {
            let found = find(dict, poor(id), &id.to_le_bytes()).expect("it is there");
            let nothing = |_: &mut Store, _| fail!(LIFECYCLE_E_INVALID, "none is added");
            let new = edit(store, dict, |_| Ok(None), Some(found.0), 0, nothing);
            let new = new.expect("memory");
            store.release(Word::block(dict));
            dict = new;
        }
        assert_eq!((len(dict), store.live()), (0, 1));
    }
    house.versions.push(Version { dict, entries: Vec::new() });
    house.finish(&failing);
}

#[test]
fn a_text_knows_its_hash_once_it_was_a_key() {
    let failing = Failing::new();
    let mut house = House::new(&failing, false);
    let text = house.store.text(b"name").expect("memory");
    assert_eq!(at(text).extra.get(), 0);
    assert_eq!(hash_of(text), hash(b"name"));
    assert_eq!(at(text).extra.get(), hash(b"name"));
    house.store.release(Word::block(text));
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
    const N: usize = 100_000;
    let int = |i: usize| Word::int(i as i64).expect("it fits");
    let name = |i: usize| format!("key{i}");
    let names: Vec<String> = (0..N).map(name).collect();
    for size in [8, 1000, N] {
        let keys: Vec<_> =
            names[..size].iter().map(|it| store.text(it.as_bytes()).expect("memory")).collect();
        let given = |store: &mut Store, i: usize| {
            store.retain(Word::block(keys[i]));
            Ok((keys[i], int(i)))
        };
        let mut dict = build(store, 0, given).expect("memory");
        time(
            &format!("build {size} and release, per entry"),
            N,
            Box::new(|| {
                for _ in 0..N / size {
                    let dict = build(store, size, given).expect("memory");
                    store.release(Word::block(dict));
                }
            }),
        );
        time(
            &format!("add up to {size}, a version each"),
            size,
            Box::new(|| {
                for i in 0..size {
                    let new = edit(store, dict, |_| Ok(None), None, 1, |store, _| given(store, i));
                    let new = new.expect("memory");
                    store.release(Word::block(dict));
                    dict = new;
                }
            }),
        );
        time(
            &format!("find in {size}"),
            N,
            Box::new(|| {
                for i in 0..N {
                    let key = names[i * 7919 % size].as_bytes();
                    assert!(find(dict, hash(key), key).is_some());
                }
            }),
        );
        time(
            &format!("set in {size}, a version each"),
            N,
            Box::new(|| {
                for i in 0..N {
                    let key = names[i * 7919 % size].as_bytes();
                    let (position, _) = find(dict, hash(key), key).expect("it is there");
                    let mut sets = Some((position, int(i)));
                    let new = edit(store, dict, |_| Ok(sets.take()), None, 0, given);
                    let new = new.expect("memory");
                    store.release(Word::block(dict));
                    dict = new;
                }
            }),
        );
        time(
            &format!("remove from {size}, a version each"),
            size,
            Box::new(|| {
                for name in &names[..size] {
                    let key = name.as_bytes();
                    let (position, _) = find(dict, hash(key), key).expect("it is there");
                    let new = edit(store, dict, |_| Ok(None), Some(position), 0, given);
                    let new = new.expect("memory");
                    store.release(Word::block(dict));
                    dict = new;
                }
            }),
        );
        for word in keys.into_iter().map(Word::block).chain([Word::block(dict)]) {
            store.release(word);
        }
    }
    house.finish(&failing);
}
