//! The model's names: a stack of bindings for each name of each kind.

use std::collections::BTreeMap;

use core::ffi::CStr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::heard::Heard;
use super::{Manager, NAMES, agree};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

/// Kinds of names, and one that is none.
const KINDS: u32 = 4;

#[derive(Clone, Copy)]
struct Bound {
    decl: u64,
    module: u64,
    kind: u32,
    name: usize,
    value: i64,
    aux: i64,
    staged: bool,
}

/// All bindings.
pub(super) struct Names {
    /// In the order in which they came.
    bound: Vec<Bound>,
    /// Of those that are seen: the last one answers.
    stacks: BTreeMap<(u32, usize), Vec<u64>>,
    gone: Vec<u64>,
    /// What each kind's version was, and what its names meant, after the step before.
    before: Vec<(u64, Vec<u64>)>,
    value: i64,
}

fn name_of(name: usize) -> &'static CStr {
    NAMES[name]
}

impl Names {
    pub(super) fn new() -> Self {
        let before = Vec::new();
        Names { bound: Vec::new(), stacks: BTreeMap::new(), gone: Vec::new(), before, value: 0 }
    }

    fn of(&self, decl: u64) -> Bound {
        *self.bound.iter().find(|it| it.decl == decl).expect("it is bound")
    }

    fn top(&self, kind: u32, name: usize) -> Option<Bound> {
        self.stacks.get(&(kind, name))?.last().map(|decl| self.of(*decl))
    }

    pub(super) fn count_of(&self, module: u64) -> u64 {
        self.bound.iter().filter(|it| it.module == module).count() as u64
    }

    pub(super) fn bind(
        &mut self,
        manager: &'static Manager,
        module: u64,
        staged: bool,
        kind: u32,
        name: usize,
    ) {
        self.value += 1;
        let (value, aux) = (self.value, -self.value);
        let unknown = (kind >= KINDS).then_some(LIFECYCLE_E_INVALID);
        let real = manager.bind(module, kind, name_of(name), value, aux);
        if let Some(decl) = agree(real, unknown) {
            assert!(!self.gone.contains(&decl) && self.bound.iter().all(|it| it.decl != decl));
            self.bound.push(Bound { decl, module, kind, name, value, aux, staged });
            if !staged {
                self.stacks.entry((kind, name)).or_default().push(decl);
            }
        }
    }

    pub(super) fn unbind(
        &mut self,
        manager: &'static Manager,
        kind: u32,
        name: usize,
        expected: &mut Vec<Heard>,
    ) {
        let top = self.top(kind, name);
        let refusal = match top {
            _ if kind >= KINDS => Some(LIFECYCLE_E_INVALID),
            None => Some(LIFECYCLE_E_NOT_FOUND),
            Some(_) => None,
        };
        if agree(manager.unbind(kind, name_of(name)), refusal).is_some()
            && let Some(top) = top
        {
            self.remove(top, expected);
        }
    }

    /// A binding goes, wherever it is.
    fn remove(&mut self, it: Bound, expected: &mut Vec<Heard>) {
        let answered = self.top(it.kind, it.name).is_some_and(|top| top.decl == it.decl);
        self.bound.retain(|other| other.decl != it.decl);
        self.gone.push(it.decl);
        if let Some(stack) = self.stacks.get_mut(&(it.kind, it.name)) {
            stack.retain(|decl| *decl != it.decl);
        }
        if answered {
            let (kind, module) = match self.top(it.kind, it.name) {
                Some(top) => (LIFECYCLE_EVENT_NAME_RESTORED, top.module),
                None => (LIFECYCLE_EVENT_NAME_REMOVED, it.module),
            };
            expected.push(Heard::new(kind, module, u64::from(it.kind), name_of(it.name)));
        }
    }

    /// A module goes: its bindings, newest first.
    pub(super) fn forget(&mut self, module: u64, expected: &mut Vec<Heard>) {
        while let Some(it) = self.bound.iter().rfind(|it| it.module == module).copied() {
            self.remove(it, expected);
        }
    }

    /// What a reload's fresh side staged is seen: above what the old side, or it itself before,
    /// means by the name; else on top.
    pub(super) fn publish(&mut self, fresh: u64, old: u64) {
        let owners: BTreeMap<u64, u64> = self.bound.iter().map(|it| (it.decl, it.module)).collect();
        for it in self.bound.iter_mut().filter(|it| it.module == fresh && it.staged) {
            it.staged = false;
            let stack = self.stacks.entry((it.kind, it.name)).or_default();
            let theirs = |decl: &u64| [old, fresh].contains(&owners[decl]);
            let at = stack.iter().rposition(theirs).map_or(stack.len(), |at| at + 1);
            stack.insert(at, it.decl);
        }
    }

    /// Compares every name of every kind, and what is told without asking for one.
    pub(super) fn compare(&mut self, manager: &'static Manager, stats: &lifecycle_stats) {
        let counts = [stats.names_func, stats.names_struct, stats.names_enum, stats.names_global];
        let mut now = Vec::new();
        for (kind, count) in (0..KINDS).zip(counts) {
            assert_eq!(count, self.bound.iter().filter(|it| it.kind == kind).count() as u64);
            let mut means = Vec::new();
            for name in 0..NAMES.len() {
                let real = manager.lookup(kind, name_of(name).to_bytes());
                let Some(top) = self.top(kind, name) else {
                    assert_eq!(real.err().map(|error| error.0), Some(LIFECYCLE_E_NOT_FOUND));
                    means.push(0);
                    continue;
                };
                let real = real.expect("it is bound");
                assert_eq!((real.decl, real.module), (top.decl, top.module));
                assert_eq!((real.value, real.aux), (top.value, top.aux));
                means.push(top.decl);
            }
            let version = manager.names_version(kind).expect("it is a kind");
            // SAFETY: the counter is the manager's, and changes only as an atomic.
            let version = unsafe { &*version.cast::<AtomicU64>() }.load(Ordering::Acquire);
            now.push((version, means));
        }
        let both = self.before.iter().zip(&now);
        for ((version, means), (new_version, new_means)) in both {
            assert!(means == new_means || version != new_version, "a cache was not told");
        }
        self.before = now;
        assert!(self.bound.iter().all(|it| manager.decl_is_live(it.decl)));
        assert!(self.gone.iter().rev().take(20).all(|decl| !manager.decl_is_live(*decl)));
    }
}
