//! The name tables, one promise a test. Failing memory and random sequences are at the end.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use core::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::model::{Pair, decode};
use super::*;
use crate::abi::lifecycle_status::{self, *};
use crate::abi::{LIFECYCLE_ENUM, LIFECYCLE_FUNC, LIFECYCLE_GLOBAL, LIFECYCLE_STRUCT};
use crate::base::failing::Failing;

/// Version counters as a manager has them: they outlive its tables.
fn versions() -> &'static [AtomicU64; KINDS] {
    Box::leak(Box::default())
}

fn status<T>(result: Result<T>) -> lifecycle_status {
    result.err().map_or(LIFECYCLE_OK, |error| error.0)
}

/// Names, and the chains of modules 1, 2, 3, ...
struct House {
    names: Names,
    chains: Vec<Chain>,
    versions: &'static [AtomicU64; KINDS],
}

impl House {
    fn new(host: Host) -> Self {
        let versions = versions();
        let tables: &'static Tables = Box::leak(Box::new(Tables::new()));
        let names = Names::new(host, 7, tables, versions);
        House { names, chains: vec![Chain::default(); 8], versions }
    }

    fn try_bind(&mut self, module: u64, name: &[u8], value: i64, staged: bool) -> Result<u64> {
        let new = NewBinding { kind: LIFECYCLE_FUNC, name, value, aux: value * 10, staged };
        let chain = &mut self.chains[module as usize];
        self.names.bind(chain, module, new)
    }

    fn bind(&mut self, module: u64, name: &[u8], value: i64) -> u64 {
        self.try_bind(module, name, value, false).expect("memory")
    }

    fn stage(&mut self, module: u64, name: &[u8], value: i64) -> u64 {
        self.try_bind(module, name, value, true).expect("memory")
    }

    fn unbind(&mut self, module: u64, decl: u64) -> Unbound {
        let chain = &mut self.chains[module as usize];
        self.names.unbind(chain, decl, None).expect("bound")
    }

    /// Unbinds all of a module's names, newest first.
    fn unload(&mut self, module: u64) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while self.chains[module as usize].newest() != 0 {
            let decl = self.chains[module as usize].newest();
            outcomes.push(self.unbind(module, decl).outcome);
        }
        outcomes
    }

    fn lookup(&self, name: &[u8]) -> Option<i64> {
        let (_, binding) = self.names.newest(LIFECYCLE_FUNC, name)?;
        Some(binding.value)
    }

    fn version(&self) -> u64 {
        self.versions[LIFECYCLE_FUNC as usize].load(Ordering::Acquire)
    }
}

#[test]
fn hazard_mem_17_any_unload_order_leaves_the_others() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let mut house = House::new(Host::libc());
        for module in 1..=3 {
            house.bind(module, b"f", module as i64);
        }
        let mut left = vec![1u64, 2, 3];
        for module in order {
            let visible = left.last() == Some(&module);
            left.retain(|other| *other != module);
            let before = house.version();
            let outcomes = house.unload(module);
            let expected = match left.last() {
                _ if !visible => Outcome::Shadowed,
                None => Outcome::Removed,
                Some(&module) => Outcome::Restored { module },
            };
            assert_eq!(outcomes, [expected], "{order:?}");
            assert_eq!(house.version() - before, u64::from(visible), "{order:?}");
            let answer = left.last().map(|module| *module as i64);
            assert_eq!(house.lookup(b"f"), answer, "{order:?}");
        }
        assert_eq!(house.names.names(), 0);
    }
}

#[test]
fn hazard_mem_17_a_reloaded_module_keeps_its_place() {
    let mut house = House::new(Host::libc());
    for module in 1..=3 {
        house.bind(module, b"f", module as i64);
    }
    let only_old = house.bind(2, b"old", 20);
    let before = house.version();
    // The fresh module 4 replaces module 2 while module 3's binding is the visible one.
    house.stage(4, b"f", 4);
    house.stage(4, b"new", 40);
    assert_eq!(house.lookup(b"f"), Some(3));
    assert_eq!(house.lookup(b"new"), None);
    assert_eq!(house.version(), before, "staging is not seen");
    assert_eq!(house.names.publish_all(&house.chains[4], 2).ok(), Some(2));
    assert_eq!(house.lookup(b"f"), Some(3), "module 3 is still newer");
    assert_eq!(house.lookup(b"new"), Some(40));
    assert_eq!(house.version() - before, 1, "only `new` was seen to change");
    assert_eq!(house.unload(2), [Outcome::Removed, Outcome::Shadowed]);
    assert_eq!(status(house.names.get(only_old)), LIFECYCLE_E_STALE);
    assert_eq!(house.unload(3), [Outcome::Restored { module: 4 }]);
    assert_eq!(house.lookup(b"f"), Some(4));
    assert_eq!(house.unload(4), [Outcome::Removed, Outcome::Restored { module: 1 }]);
    assert_eq!(house.lookup(b"f"), Some(1));
}

#[test]
fn a_reload_of_the_visible_module_is_seen_at_once() {
    let mut house = House::new(Host::libc());
    house.bind(1, b"f", 1);
    house.bind(2, b"f", 2);
    let fresh = house.stage(3, b"f", 3);
    let before = house.version();
    assert!(house.names.publish(fresh, 2).is_ok());
    assert_eq!(house.lookup(b"f"), Some(3));
    assert_eq!(house.version() - before, 1);
    assert_eq!(house.unload(2), [Outcome::Shadowed]);
    assert_eq!(house.version() - before, 1, "the old one was not visible");
}

#[test]
fn a_reload_keeps_the_order_of_what_a_module_binds_twice() {
    let mut house = House::new(Host::libc());
    house.bind(1, b"f", 10);
    house.bind(1, b"f", 11);
    house.bind(2, b"f", 20);
    house.stage(3, b"f", 30);
    house.stage(3, b"f", 31);
    assert_eq!(house.names.publish_all(&house.chains[3], 1).ok(), Some(2));
    house.unload(2);
    assert_eq!(house.lookup(b"f"), Some(31), "the later one of the two");
    let newest = house.chains[3].newest();
    assert_eq!(house.unbind(3, newest).outcome, Outcome::Restored { module: 3 });
    assert_eq!(house.lookup(b"f"), Some(30));
    house.unload(3);
    assert_eq!(house.lookup(b"f"), Some(11));
}

#[test]
fn an_aborted_reload_was_never_seen() {
    let mut house = House::new(Host::libc());
    house.bind(1, b"f", 1);
    let before = (house.version(), house.names.bytes());
    house.stage(2, b"f", 2);
    house.stage(2, b"only_here", 3);
    assert_eq!(house.names.count(LIFECYCLE_FUNC), 3);
    assert_eq!(house.unload(2), [Outcome::Shadowed, Outcome::Shadowed]);
    assert_eq!(house.lookup(b"f"), Some(1));
    assert_eq!(house.version(), before.0);
    assert_eq!((house.names.names(), house.names.count(LIFECYCLE_FUNC)), (1, 1));
}

#[test]
fn hazard_mem_17_one_module_binds_a_name_twice() {
    let mut house = House::new(Host::libc());
    let first = house.bind(1, b"f", 1);
    let second = house.bind(1, b"f", 2);
    assert_eq!(house.lookup(b"f"), Some(2));
    let unbound = house.unbind(1, first);
    assert_eq!(unbound.outcome, Outcome::Shadowed);
    assert_eq!(house.lookup(b"f"), Some(2));
    assert_eq!(house.unbind(1, second).outcome, Outcome::Removed);
    assert_eq!(house.lookup(b"f"), None);
}

#[test]
fn hazard_mem_18_what_is_gone_stays_gone() {
    let mut house = House::new(Host::libc());
    let decl = house.bind(1, b"f", 1);
    house.unbind(1, decl);
    let chain = &mut house.chains[1];
    assert_eq!(status(house.names.unbind(chain, decl, None)), LIFECYCLE_E_STALE);
    assert_eq!(status(house.names.publish(decl, 0)), LIFECYCLE_E_STALE);
    let again = house.bind(1, b"f", 2);
    assert_ne!(again, decl);
    assert_eq!(status(house.names.get(decl)), LIFECYCLE_E_STALE);
    assert_eq!(status(house.names.publish(again, 0)), LIFECYCLE_E_INVALID, "not staged");
    assert_eq!(status(house.names.publish(again + (1 << 28), 0)), LIFECYCLE_E_INVALID);
    assert_eq!(house.lookup(b"f"), Some(2));
}

#[test]
fn the_names_of_unbindings_outlive_the_tables() {
    let mut house = House::new(Host::libc());
    let long = "a name that goes on in more than one further unit of memory ".repeat(3);
    house.bind(1, long.as_bytes(), 1);
    let second = house.bind(2, long.as_bytes(), 2);
    let staged = house.stage(3, b"f", 3);
    let mut texts = List::new_in(Host::libc());
    texts.reserve(2 * long.len() + 2);
    let mut gone = |module: usize, decl| {
        let chain = &mut house.chains[module];
        house.names.unbind(chain, decl, Some(&mut texts)).expect("bound").name_at
    };
    assert_eq!(gone(3, staged), None, "nobody notices");
    assert_eq!(gone(2, second), Some(0));
    let decl = house.chains[1].newest();
    assert_eq!(
        house.names.unbind(&mut house.chains[1], decl, Some(&mut texts)).expect("bound").name_at,
        Some(long.len() + 1)
    );
    drop(house);
    assert_eq!(texts.as_slice(), format!("{long}\0{long}\0").as_bytes());
}

#[test]
fn kinds_are_worlds_of_their_own() {
    let mut house = House::new(Host::libc());
    let kinds = [LIFECYCLE_FUNC, LIFECYCLE_STRUCT, LIFECYCLE_ENUM, LIFECYCLE_GLOBAL];
    for kind in kinds {
        let new = NewBinding { kind, name: b"same", value: i64::from(kind), aux: 0, staged: false };
        assert!(house.names.bind(&mut house.chains[1], 1, new).is_ok());
    }
    for kind in kinds {
        let newest = house.names.newest(kind, b"same").expect("bound");
        assert_eq!(newest.1.value, i64::from(kind));
        let name = house.names.copy_name(Host::libc(), newest.1).expect("memory");
        assert_eq!(name.bytes(), b"same");
        assert_eq!(house.names.count(kind), 1);
        assert_eq!(house.versions[kind as usize].load(Ordering::Relaxed), 1, "kind {kind}");
    }
    let new = NewBinding { kind: 4, name: b"same", value: 0, aux: 0, staged: false };
    let refused = house.names.bind(&mut house.chains[1], 1, new);
    assert_eq!(status(refused), LIFECYCLE_E_INVALID);
    assert!(house.names.newest(4, b"same").is_none());
    assert_eq!(house.names.count(u32::MAX), 0);
}

#[test]
fn any_bytes_are_a_name() {
    let mut house = House::new(Host::libc());
    let megabyte = vec![0xFF; 1 << 20];
    let mut almost = megabyte.clone();
    almost[1 << 19] = 0xFE;
    let names: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"a\0b", &megabyte, &almost];
    for (value, name) in names.iter().enumerate() {
        house.bind(1, name, value as i64);
    }
    for (value, name) in names.iter().enumerate() {
        assert_eq!(house.lookup(name), Some(value as i64));
    }
    let bytes = house.names.bytes();
    assert!(bytes > 2 << 20);
    for round in 0..3 {
        house.unload(1);
        assert!(names.iter().all(|name| house.lookup(name).is_none()));
        house.bind(1, b"something in between", round);
        for (value, name) in names.iter().rev().enumerate() {
            house.bind(1, name, value as i64);
        }
    }
    assert_eq!(house.names.bytes(), bytes, "what is gone makes room for what comes");
}

#[test]
fn a_name_may_be_too_long() {
    let mut house = House::new(Host::libc());
    // Address space alone: a name that is refused is not looked at.
    let memory = crate::os::Reservation::new(1 << 30, 1).expect("address space");
    // SAFETY: `.mem.own` - so many bytes are reserved; nothing reads them.
    let name = unsafe { core::slice::from_raw_parts(memory.base(), 1 << 30) };
    assert_eq!(status(house.try_bind(1, name, 1, false)), LIFECYCLE_E_TOO_BIG);
    assert_eq!(house.lookup(name), None);
    assert_eq!(house.names.names(), 0);
}

#[test]
fn a_missing_name_does_not_touch_the_last_error() {
    let mut house = House::new(Host::libc());
    house.stage(1, b"staged", 1);
    let _ = crate::base::Error::no_memory("a test");
    assert_eq!(house.lookup(b"staged"), None);
    assert_eq!(house.lookup(b"nothing"), None);
    assert_eq!(
        crate::base::last_sentence(),
        "no memory for a test",
        "a miss is no failure of this room"
    );
}

#[test]
fn a_chain_of_other_tables_is_refused_and_leaves_nothing() {
    let mut other = House::new(Host::libc());
    let tables: &'static Tables = Box::leak(Box::new(Tables::new()));
    other.names = Names::new(Host::libc(), 9, tables, other.versions);
    other.bind(1, b"f", 1);
    let mut house = House::new(Host::libc());
    house.chains[1] = other.chains[1];
    let refused = house.try_bind(1, b"g", 1, false);
    assert_eq!(status(refused), LIFECYCLE_E_INVALID);
    assert_eq!((house.names.names(), house.names.iter().count()), (0, 0));
    assert_eq!((house.version(), house.names.count(LIFECYCLE_FUNC)), (0, 0));
}

#[test]
fn hazard_mem_16_churn_of_constant_size_stays_bounded() {
    let failing = Failing::new();
    let mut house = House::new(failing.host());
    let mut warm = 0;
    for round in 0..40_000u64 {
        house.bind(1, format!("name_{round}").as_bytes(), round as i64);
        if house.chains[1].len() > 500 {
            let oldest = house.chains[1].oldest();
            house.unbind(1, oldest);
        }
        let missing = format!("name_{}", round + 1);
        assert_eq!(house.lookup(missing.as_bytes()), None);
        if round == 10_000 {
            warm = house.names.bytes();
        }
    }
    assert_eq!(house.names.bytes(), warm);
    assert_eq!(failing.out.get(), 2, "a list of bindings and one of what is known of names");
}

#[test]
fn no_memory_changes_nothing_whichever_allocation_fails() {
    for staged in [false, true] {
        let mut failed = 0;
        for k in 0.. {
            let failing = Failing::new();
            let mut house = House::new(failing.host());
            // Warm or cold tables fail at different places: with k large enough, some of these
            // succeed first.
            failing.countdown.set(k);
            let mut bound = 0;
            let refused = loop {
                if bound == 100 {
                    break None;
                }
                let before = (house.version(), house.names.names(), failing.out.get());
                let name = format!("name_{}", bound / 2);
                match house.try_bind(1, name.as_bytes(), bound, staged) {
                    Ok(_) => bound += 1,
                    Err(error) => break Some((error, before, name)),
                }
            };
            failing.countdown.set(-1);
            if let Some((error, before, name)) = &refused {
                failed += 1;
                assert_eq!(error.0, LIFECYCLE_E_NOMEM);
                assert_eq!((house.version(), house.names.names()), (before.0, before.1));
                assert_eq!(house.chains[1].len(), bound as u64);
                assert_eq!(house.names.count(LIFECYCLE_FUNC), bound as u64);
                assert!(house.try_bind(1, name.as_bytes(), bound, staged).is_ok());
            }
            // Giving up what is there needs no memory at all.
            failing.countdown.set(0);
            house.names.publish_all(&house.chains[1], 0).expect("room");
            house.unload(1);
            assert_eq!(house.names.names(), 0);
            drop(house);
            assert_eq!(failing.out.get(), 0, "k = {k}");
            if refused.is_none() {
                break;
            }
        }
        assert!(failed > 5, "{failed}");
    }
}

#[test]
fn ranges_know_their_ends() {
    let mut ranges = Ranges::new(Host::libc());
    assert!(!ranges.is_live(0));
    assert!(ranges.insert(10, 19, 1).is_ok());
    assert!(ranges.insert(30, 30, 2).is_ok());
    assert!(ranges.insert(20, 29, 3).is_ok());
    assert!(ranges.insert(-5, 9, 2).is_ok());
    for (did, live) in [(-6, false), (-5, true), (9, true), (10, true), (29, true)] {
        assert_eq!(ranges.is_live(did), live, "{did}");
    }
    assert!(ranges.is_live(30) && !ranges.is_live(31));
    assert_eq!(ranges.find(25).map(|range| range.module), Some(3));
    assert_eq!((ranges.len(), ranges.total_ids()), (4, 36));
    assert_eq!(ranges.remove(20, 29).map(|range| range.module).ok(), Some(3));
    assert!(ranges.is_live(19) && !ranges.is_live(20) && !ranges.is_live(29));
    assert_eq!(ranges.total_ids(), 26);
}

#[test]
fn ranges_refuse_what_makes_no_sense() {
    let mut ranges = Ranges::new(Host::libc());
    assert_eq!(status(ranges.insert(5, 4, 1)), LIFECYCLE_E_RANGE);
    assert!(ranges.insert(10, 19, 1).is_ok());
    for (first, last) in [(0, 10), (19, 40), (12, 13), (10, 19), (0, 100)] {
        let refused = ranges.insert(first, last, 2);
        assert_eq!(status(refused), LIFECYCLE_E_EXISTS);
        assert_eq!(
            crate::base::last_sentence(),
            format!("declarations {first}..{last} overlap the live 10..19")
        );
    }
    for (first, last) in [(10, 18), (11, 19), (0, 5), (19, 10), (20, 30)] {
        assert_eq!(status(ranges.remove(first, last)), LIFECYCLE_E_NOT_FOUND, "{first}..{last}");
    }
    assert_eq!((ranges.len(), ranges.total_ids()), (1, 10));
}

#[test]
fn ranges_reach_both_ends_of_the_numbers_and_a_million_ids_cost_one() {
    let mut ranges = Ranges::new(Host::libc());
    assert!(ranges.insert(i64::MIN, i64::MAX, 1).is_ok());
    assert!(ranges.is_live(i64::MIN) && ranges.is_live(0) && ranges.is_live(i64::MAX));
    assert_eq!(ranges.total_ids(), u64::MAX);
    assert_eq!(status(ranges.insert(0, 0, 2)), LIFECYCLE_E_EXISTS);
    assert!(ranges.remove(i64::MIN, i64::MAX).is_ok());
    assert_eq!((ranges.total_ids(), ranges.is_live(0)), (0, false));
    for module in 0..100 {
        let first = module * 1_000_000;
        assert!(ranges.insert(first, first + 999_999, 1).is_ok());
    }
    assert_eq!(ranges.total_ids(), 100_000_000);
    assert_eq!(ranges.iter().count(), 100);
}

#[test]
fn ranges_need_memory_only_to_grow() {
    let failing = Failing::new();
    let mut ranges = Ranges::new(failing.host());
    let mut refusals = 0;
    for at in 0..200 {
        let first = (at * 37 % 200) * 10;
        failing.countdown.set(0);
        if let Err(error) = ranges.insert(first, first + 9, 1) {
            assert_eq!(error.0, LIFECYCLE_E_NOMEM);
            assert_eq!((ranges.len() as i64, ranges.is_live(first)), (at, false));
            refusals += 1;
            failing.countdown.set(-1);
            assert!(ranges.insert(first, first + 9, 1).is_ok());
        }
    }
    assert!(refusals > 3);
    failing.countdown.set(0);
    for at in 0..200 {
        assert!(ranges.remove(at * 10, at * 10 + 9).is_ok());
    }
    assert_eq!((ranges.len(), ranges.total_ids()), (0, 0));
    drop(ranges);
    assert_eq!(failing.out.get(), 0);
}

/// Failures are shrunk and printed; no file is left beside the sources.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_tables_are_a_map_of_stacks(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        let failing = Failing::new();
        let mut pair = Pair::new(failing.host(), versions());
        for op in decode(&bytes) {
            pair.step(op);
        }
        pair.finish();
        prop_assert_eq!(failing.out.get(), 0);
    }
}

#[test]
fn every_kind_of_step_is_reachable_from_bytes() {
    let mut seen = std::collections::BTreeSet::new();
    for first in 0..=255 {
        for op in decode(&[first, 1, 2, 3]) {
            let debug = format!("{op:?}");
            seen.insert(debug.split(' ').next().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}
