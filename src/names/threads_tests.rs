//! Lookups beside changes: what a reader finds is whole, and what is always there is always found.
#![expect(clippy::expect_used, reason = "a test is there to fail loudly")]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::abi::LIFECYCLE_FUNC;

/// Names of a module that one thread changes while others look.
struct World {
    names: Names,
    tables: &'static Tables,
    chain: Chain,
}

impl World {
    fn new() -> Self {
        let tables: &'static Tables = Box::leak(Box::new(Tables::new()));
        let versions: &'static [AtomicU64; KINDS] = Box::leak(Box::default());
        let names = Names::new(Host::libc(), 7, tables, versions);
        World { names, tables, chain: Chain::default() }
    }

    fn bind(&mut self, name: &[u8], value: i64, staged: bool) -> u64 {
        let (kind, aux) = (LIFECYCLE_FUNC, value.wrapping_neg());
        let new = NewBinding { kind, name, value, aux, staged };
        self.names.bind(&mut self.chain, value as u64, new).expect("memory")
    }

    fn unbind(&mut self, decl: u64) {
        self.names.unbind(&mut self.chain, decl, None).expect("bound");
    }
}

/// What a reader finds must belong together: aux is -value, and the module is the value's.
fn check([value, aux, decl, module]: [u64; 4]) -> u64 {
    assert_eq!((aux, module), (value.wrapping_neg(), value));
    assert_ne!(decl, 0);
    value
}

/// Runs `read` on two threads as long as `write` lasts, and says how often it found something.
fn beside(
    tables: &'static Tables,
    read: impl Fn(&Tables) -> u64 + Sync,
    write: impl FnOnce(),
) -> u64 {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: [_; 2] = core::array::from_fn(|_| {
            scope.spawn(|| {
                let mut found = 0;
                while !over.load(Ordering::Acquire) {
                    found += read(tables);
                }
                found
            })
        });
        write();
        over.store(true, Ordering::Release);
        readers.into_iter().map(|reader| reader.join().expect("a reader")).sum()
    })
}

/// What a reader finds, or None where it cannot be said.
fn look(tables: &Tables, name: &[u8]) -> Option<[u64; 4]> {
    let mut answer = [0; 4];
    match tables.lookup(LIFECYCLE_FUNC, name, &mut answer) {
        Lookup::Bound => Some(answer),
        Lookup::Unbound => Some([0; 4]),
        Lookup::Disturbed => None,
    }
}

const LONG: &[u8] = b"a name of more than sixty-four bytes, so that it goes on in two units more";

#[test]
fn a_binding_is_seen_whole_and_never_missed() {
    for name in [&b"f"[..], LONG] {
        let mut world = World::new();
        world.bind(name, 1, false);
        let found = beside(
            world.tables,
            |tables| look(tables, name).map_or(0, |answer| check(answer).min(1)),
            || {
                for value in 2..50_000 {
                    let decl = world.bind(name, value, false);
                    world.unbind(decl);
                }
            },
        );
        assert!(found > 0);
    }
}

#[test]
fn what_stays_is_found_while_others_come_and_go_and_the_table_grows() {
    let mut world = World::new();
    let stays: Vec<Vec<u8>> = (0..100).map(|n| format!("stays{n}").into_bytes()).collect();
    for (value, name) in stays.iter().enumerate() {
        world.bind(name, value as i64 + 1, false);
    }
    let found = beside(
        world.tables,
        |tables| {
            let mut found = 0;
            for (value, name) in stays.iter().enumerate() {
                if let Some(answer) = look(tables, name) {
                    assert_eq!(check(answer), value as u64 + 1);
                    found += 1;
                }
                // Never bound: found by nobody, whatever is moved.
                let other = look(tables, &[name.as_slice(), b"?"].concat());
                assert_eq!(other.unwrap_or_default(), [0; 4]);
            }
            found
        },
        || {
            for round in 0..20 {
                let come: Vec<u64> = (0..1000 * round)
                    .map(|n| world.bind(format!("{LONG:?} {n}").as_bytes(), 9, false))
                    .collect();
                come.into_iter().for_each(|decl| world.unbind(decl));
                let come: Vec<u64> =
                    (0..2000).map(|n| world.bind(format!("{n}").as_bytes(), 9, false)).collect();
                come.into_iter().for_each(|decl| world.unbind(decl));
            }
        },
    );
    assert!(found > 0);
}

#[test]
fn no_reader_finds_half_of_a_switch() {
    let mut world = World::new();
    let names: [&[u8]; 3] = [b"f", b"g", LONG];
    let mut old = names.map(|name| world.bind(name, 1, false));
    let found = beside(
        world.tables,
        |tables| {
            let mut newest = 0;
            for name in names {
                let Some(answer) = look(tables, name) else { return 0 };
                let value = check(answer);
                assert!(value >= newest, "{name:?}: {value} after {newest}");
                newest = value;
            }
            1
        },
        || {
            for value in 2..20_000 {
                let fresh = names.map(|name| world.bind(name, value, true));
                world.names.begin_switch();
                for (fresh, old) in fresh.iter().zip(old) {
                    world.names.publish(*fresh, value as u64 - 1).expect("staged");
                    world.unbind(old);
                }
                world.names.end_switch();
                old = fresh;
            }
        },
    );
    assert!(found > 0);
}

#[test]
fn tables_may_go_and_come_back_under_readers() {
    let tables = World::new().tables;
    let versions: &'static [AtomicU64; KINDS] = Box::leak(Box::default());
    let found = beside(
        tables,
        |tables| match look(tables, LONG) {
            Some(answer @ [_, _, (1..), _]) => check(answer).min(1),
            _ => 0,
        },
        || {
            for value in 1..3000 {
                let names = Names::new(Host::libc(), value as u8, tables, versions);
                let mut world = World { names, tables, chain: Chain::default() };
                let decls: Vec<u64> = (0..value % 300)
                    .map(|n| world.bind(format!("{n}").as_bytes(), value, false))
                    .collect();
                let decl = world.bind(LONG, value, false);
                world.unbind(decl);
                decls.into_iter().for_each(|decl| world.unbind(decl));
                tables.close();
            }
        },
    );
    let _ = found;
    assert_eq!(look(tables, LONG), Some([0; 4]));
}
