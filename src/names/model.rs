//! The naive twin of the name tables: a map of stacks. Driven beside the real ones by the property
//! test and the fuzz target, and compared with them after every step. It is slow and says what is
//! meant.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model is there to fail loudly"
)]

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;

use super::{KINDS, Lookup, Names, NewBinding, Outcome, Ranges, Tables};
use crate::base::{Chain, Host, List};

/// Modules that take part.
const MODULES: usize = 4;
/// Names that take part: few, so that they meet; one empty, one with a NUL, two that differ in the
/// last byte only, and some of the lengths at which a text is kept in another way.
const NAMES: [&[u8]; 8] = [
    b"",
    b"a\0b",
    b"a_rather_long_function_name1",
    b"a_rather_long_function_name2",
    b"f",
    b"24_bytes_are_in_a_record",
    b"a_name_of_64_bytes_is_what_a_record_and_one_unit_more_can_holdxx",
    b"a_name_of_65_bytes_is_what_a_record_and_two_units_more_can_holdxxx",
];

/// Where the tables are that nobody else looks at: each thread has its own, which is emptied.
pub fn scratch_tables() -> &'static Tables {
    thread_local!(static TABLES: &'static Tables = Box::leak(Box::new(Tables::new())));
    TABLES.with(|tables| {
        tables.close();
        *tables
    })
}

/// One step; the numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Binds, visible or staged.
    Bind { module: u8, kind: u8, name: u8, staged: bool },
    /// Publishes one staged binding.
    Publish { nth: u8, replaces: u8 },
    /// Publishes all a module has staged.
    PublishAll { module: u8, replaces: u8 },
    /// Unbinds any binding.
    Unbind { nth: u8 },
    /// Unbinds what a lookup answers.
    UnbindNewest { kind: u8, name: u8 },
    /// Unbinds all a module bound, newest first.
    Unload { module: u8 },
    /// Uses an id again that is gone.
    Stale { nth: u8 },
    /// Makes declaration ids live.
    AddRange { first: i8, len: u8, module: u8 },
    /// Makes them tombstones.
    RemoveRange { nth: u8 },
}

/// Steps from any bytes, four to a step.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Op> {
    bytes.chunks_exact(4).map(|chunk| {
        let (a, b, c) = (chunk[1], chunk[2], chunk[3]);
        match chunk[0] % 12 {
            0..=2 => Op::Bind { module: a, kind: b & 3, name: c, staged: b & 4 != 0 },
            3 => Op::Publish { nth: a, replaces: b },
            4 => Op::PublishAll { module: a, replaces: b },
            5 | 6 => Op::Unbind { nth: a },
            7 => Op::UnbindNewest { kind: a, name: b },
            8 => Op::Unload { module: a },
            9 => Op::Stale { nth: a },
            10 => Op::AddRange { first: a as i8, len: b % 16, module: c },
            _ => Op::RemoveRange { nth: a },
        }
    })
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Twin {
    decl: u64,
    module: u64,
    value: i64,
    kind: u32,
    name: usize,
    staged: bool,
}

/// The real tables and their twin.
pub struct Pair {
    names: Names,
    tables: &'static Tables,
    chains: [Chain; MODULES],
    ranges: Ranges,
    versions: &'static [AtomicU64; KINDS],
    stacks: BTreeMap<(u32, usize), Vec<u64>>,
    all: Vec<Twin>,
    gone: Vec<u64>,
    live: Vec<(i64, i64, u64)>,
    next_value: i64,
}

/// 0 = none, else a module.
fn replaced(number: u8) -> u64 {
    u64::from(number) % (MODULES as u64 + 1)
}

impl Pair {
    /// Two empty tables.
    pub fn new(host: Host, versions: &'static [AtomicU64; KINDS]) -> Self {
        let tables = scratch_tables();
        Pair {
            names: Names::new(host, 3, tables, versions),
            tables,
            chains: [Chain::default(); MODULES],
            ranges: Ranges::new(host),
            versions,
            stacks: BTreeMap::new(),
            all: Vec::new(),
            gone: Vec::new(),
            live: Vec::new(),
            next_value: 1,
        }
    }

    fn twin(&self, decl: u64) -> Option<Twin> {
        self.all.iter().find(|twin| twin.decl == decl).copied()
    }

    fn top(&self, key: (u32, usize)) -> u64 {
        let stack = self.stacks.get(&key);
        stack.and_then(|stack| stack.last()).copied().unwrap_or_default()
    }

    /// Does one small thing, and checks that the versions tell exactly whether an answer changed.
    fn watched<T>(&mut self, kind: u32, name: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        let read = |versions: &[AtomicU64; KINDS]| {
            versions.each_ref().map(|version| version.load(Ordering::Acquire))
        };
        let answer = self.top((kind, name));
        let mut expected = read(self.versions);
        let done = act(self);
        if self.top((kind, name)) != answer {
            expected[kind as usize] += 1;
        }
        assert_eq!(read(self.versions), expected);
        done
    }

    fn bind(&mut self, module: u8, kind: u8, name: u8, staged: bool) {
        let (module, kind) = (module as usize % MODULES, u32::from(kind) % KINDS as u32);
        let name = name as usize % NAMES.len();
        self.watched(kind, name, |pair| {
            let value = pair.next_value;
            pair.next_value += 1;
            let new = NewBinding { kind, name: NAMES[name], value, aux: -value, staged };
            let chain = &mut pair.chains[module];
            let module = module as u64 + 1;
            let decl = pair.names.bind(chain, module, new).expect("memory is not made to fail");
            assert!(pair.twin(decl).is_none() && !pair.gone.contains(&decl));
            pair.all.push(Twin { decl, module, value, kind, name, staged });
            if !staged {
                pair.stacks.entry((kind, name)).or_default().push(decl);
            }
        });
    }

    fn publish_twin(&mut self, decl: u64, replaces: u64) {
        let twin = self.twin(decl).expect("it is bound");
        let owners: BTreeMap<u64, u64> = self.all.iter().map(|t| (t.decl, t.module)).collect();
        let stack = self.stacks.entry((twin.kind, twin.name)).or_default();
        let below = stack
            .iter()
            .rposition(|at| owners[at] == replaces || owners[at] == twin.module)
            .filter(|_| replaces != 0);
        stack.insert(below.map_or(stack.len(), |at| at + 1), decl);
        for twin in &mut self.all {
            twin.staged &= twin.decl != decl;
        }
    }

    fn publish(&mut self, nth: u8, replaces: u64) {
        if self.all.is_empty() {
            return;
        }
        let twin = self.all[nth as usize % self.all.len()];
        self.watched(twin.kind, twin.name, |pair| {
            let published = pair.names.publish(twin.decl, replaces);
            assert_eq!(published.is_ok(), twin.staged);
            if twin.staged {
                pair.publish_twin(twin.decl, replaces);
            }
        });
    }

    fn publish_all(&mut self, module: u8, replaces: u64) {
        let index = module as usize % MODULES;
        let chain = self.chains[index];
        let staged: Vec<u64> = self
            .all
            .iter()
            .filter(|twin| twin.staged && twin.module == index as u64 + 1)
            .map(|twin| twin.decl)
            .collect();
        let published = self.names.publish_all(&chain, replaces);
        assert_eq!(published.ok(), Some(staged.len()));
        for decl in staged {
            self.publish_twin(decl, replaces);
        }
    }

    fn unbind(&mut self, decl: u64) {
        let Some(twin) = self.twin(decl) else { return };
        let key = (twin.kind, twin.name);
        self.watched(twin.kind, twin.name, |pair| {
            let was = pair.top(key);
            pair.all.retain(|twin| twin.decl != decl);
            if let Some(stack) = pair.stacks.get_mut(&key) {
                stack.retain(|at| *at != decl);
            }
            let expected = match pair.top(key) {
                same if same == was => Outcome::Shadowed,
                0 => Outcome::Removed,
                other => {
                    Outcome::Restored { module: pair.twin(other).expect("it is bound").module }
                }
            };
            let chain = &mut pair.chains[twin.module as usize - 1];
            let mut texts = List::new_in(Host::libc());
            texts.reserve(100);
            let unbound = pair.names.unbind(chain, decl, Some(&mut texts)).expect("it is bound");
            assert_eq!(unbound.outcome, expected);
            assert_eq!(unbound.name_len, NAMES[twin.name].len());
            if expected == Outcome::Shadowed {
                assert!(unbound.name_at.is_none() && texts.is_empty());
            } else {
                assert_eq!(unbound.name_at, Some(0));
                assert_eq!(texts.as_slice(), [NAMES[twin.name], b"\0"].concat());
            }
            assert_eq!(unbound.kind, twin.kind);
        });
        self.gone.push(decl);
    }

    fn unload(&mut self, module: u8) {
        let index = module as usize % MODULES;
        while self.chains[index].newest() != 0 {
            self.unbind(self.chains[index].newest());
        }
        assert!(!self.all.iter().any(|t| t.module == index as u64 + 1));
    }

    fn stale(&mut self, nth: u8) {
        if self.gone.is_empty() {
            return;
        }
        let decl = self.gone[nth as usize % self.gone.len()];
        assert!(self.names.get(decl).is_err());
        assert!(self.names.publish(decl, 0).is_err());
        let mut chain = Chain::default();
        assert!(self.names.unbind(&mut chain, decl, None).is_err());
    }

    fn add_range(&mut self, first: i8, len: u8, module: u8) {
        let first = i64::from(first);
        let (last, module) = (first + i64::from(len) - 1, u64::from(module));
        let free = !self.live.iter().any(|r| r.0 <= last && first <= r.1);
        let inserted = self.ranges.insert(first, last, module);
        assert_eq!(inserted.is_ok(), free && first <= last);
        if inserted.is_ok() {
            self.live.push((first, last, module));
        }
    }

    fn remove_range(&mut self, nth: u8) {
        if self.live.is_empty() {
            return;
        }
        let range = self.live.swap_remove(nth as usize % self.live.len());
        self.names.forget_ids(range.0, range.1);
        let removed = self.ranges.remove(range.0, range.1);
        let removed = removed.expect("it is live");
        assert_eq!((removed.first, removed.last, removed.module), range);
        assert!(self.ranges.remove(range.0, range.1).is_err());
    }

    /// Does one step on both and compares them.
    pub fn step(&mut self, op: Op) {
        match op {
            Op::Bind { module, kind, name, staged } => self.bind(module, kind, name, staged),
            Op::Publish { nth, replaces } => self.publish(nth, replaced(replaces)),
            Op::PublishAll { module, replaces } => self.publish_all(module, replaced(replaces)),
            Op::Unbind { nth } => {
                if !self.all.is_empty() {
                    self.unbind(self.all[nth as usize % self.all.len()].decl);
                }
            }
            Op::UnbindNewest { kind, name } => {
                let key = (u32::from(kind) % 4, name as usize % NAMES.len());
                let newest = self.names.newest(key.0, NAMES[key.1]);
                if let Some(decl) = newest.map(|(decl, _)| decl) {
                    self.unbind(decl);
                }
            }
            Op::Unload { module } => self.unload(module),
            Op::Stale { nth } => self.stale(nth),
            Op::AddRange { first, len, module } => self.add_range(first, len, module),
            Op::RemoveRange { nth } => self.remove_range(nth),
        }
        self.compare();
    }

    fn compare(&self) {
        for kind in 0..KINDS as u32 {
            for (name, bytes) in NAMES.iter().enumerate() {
                let top = self.top((kind, name));
                let newest = self.names.newest(kind, bytes);
                assert_eq!(newest.map_or(0, |(decl, _)| decl), top);
                if let (Some((_, binding)), Some(twin)) = (newest, self.twin(top)) {
                    let real = (binding.value, binding.aux, binding.module);
                    assert_eq!(real, (twin.value, -twin.value, twin.module));
                }
                let mut answer = [0; 4];
                let found = self.tables.lookup(kind, bytes, &mut answer);
                assert_ne!(found, Lookup::Disturbed, "nobody else is there");
                let read = (found == Lookup::Bound).then_some(answer);
                assert_eq!(read, self.names.answer(kind, bytes));
                assert_eq!(read.map_or(0, |[_, _, decl, _]| decl), top);
                if let (Some(read), Some(twin)) = (read, self.twin(top)) {
                    let value = twin.value as u64;
                    assert_eq!(read, [value, value.wrapping_neg(), top, twin.module]);
                }
            }
            let count = self.all.iter().filter(|twin| twin.kind == kind).count();
            assert_eq!(self.names.count(kind), count as u64);
        }
        assert_eq!(self.names.iter().count(), self.all.len());
        let mut used: Vec<_> = self.all.iter().map(|t| (t.kind, t.name)).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(self.names.names(), used.len());
        for (index, chain) in self.chains.iter().enumerate() {
            let mine = self.all.iter().filter(|t| t.module == index as u64 + 1);
            let mine: Vec<u64> = mine.rev().map(|twin| twin.decl).collect();
            let real: Vec<u64> = self.names.of_chain(chain).map(|(decl, _)| decl).collect();
            assert_eq!(real, mine);
            assert_eq!(chain.len(), mine.len() as u64);
        }
        for did in -160..160 {
            let live = self.live.iter().any(|r| r.0 <= did && did <= r.1);
            assert_eq!(self.ranges.is_live(did), live);
            self.compare_known(did, live);
        }
        let ids: i64 = self.live.iter().map(|r| r.1 - r.0 + 1).sum();
        assert_eq!(self.ranges.total_ids(), ids as u64);
        assert_eq!(self.ranges.len(), self.live.len());
    }

    /// What is known of an id without asking is true; what is not known is asked for and then known.
    fn compare_known(&self, did: i64, live: bool) {
        let known = self.tables.live().expect("memory is not made to fail");
        assert!(live || !known.knows(did));
        let run = self.ranges.run_around(did);
        assert_eq!(run.is_some(), live);
        if let Some((first, last)) = run {
            known.note(first, last);
            assert!(known.knows(did));
        }
    }

    /// Unloads everything: nothing may be left.
    pub fn finish(mut self) {
        for module in 0..MODULES as u8 {
            self.unload(module);
        }
        assert_eq!(self.names.names(), 0);
        assert_eq!(self.names.iter().count(), 0);
    }
}
