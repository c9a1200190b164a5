//! Variables, links, frames and namespaces against a naive model, with memory that fails.

#![expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{Setting, ok, status};
use crate::abi::lifecycle_status::{self, *};
use crate::base::Result;

type Name = Vec<u8>;

#[derive(Clone, Debug)]
enum Variable {
    Value(String),
    Link(usize, Name),
}

#[derive(Clone)]
struct Frame {
    own: usize,
    locals: Vec<usize>,
    before: usize,
    namespace: Name,
}

#[derive(Clone, Default)]
struct Model {
    /// All tables that ever were.
    tables: Vec<BTreeMap<Name, Variable>>,
    is_namespace: Vec<bool>,
    /// By canonical path.
    namespaces: BTreeMap<Name, usize>,
    frames: Vec<Frame>,
    active: usize,
    marks: Vec<(usize, usize, usize)>,
}

#[derive(Clone, Debug)]
enum Step {
    Set(Name, u8),
    Unset(Name),
    Link(Name, usize, Name),
    LinkNs(Name, Name, Name),
    Push,
    Pop,
    Active(usize),
    Locals(Name),
    PopLocals,
    Create(Name),
    Delete(Name),
    NsSet(Name, Name, u8),
    NsUnset(Name, Name),
    FrameNs(Name),
    Enter,
    Leave,
}

const FRAMES: usize = 6;

impl Model {
    fn new() -> Self {
        let mut it = Model::default();
        let table = it.open(true);
        it.namespaces.insert(b"".to_vec(), table);
        it.frames.push(Frame { own: table, locals: vec![], before: 0, namespace: b"".to_vec() });
        it
    }

    fn open(&mut self, is_namespace: bool) -> usize {
        self.tables.push(BTreeMap::new());
        self.is_namespace.push(is_namespace);
        self.tables.len() - 1
    }

    fn in_use(&self, level: usize) -> usize {
        let frame = &self.frames[level];
        *frame.locals.last().unwrap_or(&frame.own)
    }

    fn end(&self, mut table: usize, mut name: Name) -> (usize, Name) {
        while let Some(Variable::Link(to, next)) = self.tables[table].get(&name) {
            (table, name) = (*to, next.clone());
        }
        (table, name)
    }

    fn value(&self, table: usize, name: &Name) -> Option<&String> {
        let (table, name) = self.end(table, name.clone());
        match self.tables[table].get(&name) {
            Some(Variable::Value(value)) => Some(value),
            _ => None,
        }
    }

    fn set(&mut self, table: usize, name: &Name, value: u8) -> lifecycle_status {
        let (table, name) = self.end(table, name.clone());
        self.tables[table].insert(name, Variable::Value(text(value)));
        LIFECYCLE_OK
    }

    fn unset(&mut self, table: usize, name: &Name) -> lifecycle_status {
        let (table, name) = self.end(table, name.clone());
        match self.tables[table].remove(&name) {
            Some(_) => LIFECYCLE_OK,
            None => LIFECYCLE_E_NOT_FOUND,
        }
    }

    fn link(&mut self, local: &Name, table: usize, name: &Name) -> lifecycle_status {
        let from = self.in_use(self.active);
        if let Some(Variable::Value(_)) = self.tables[from].get(local) {
            return LIFECYCLE_E_EXISTS;
        }
        let (mut at, mut key) = (table, name.clone());
        loop {
            if (at, &key) == (from, local) {
                return LIFECYCLE_E_CYCLE;
            }
            match self.tables[at].get(&key) {
                Some(Variable::Link(to, next)) => (at, key) = (*to, next.clone()),
                _ => break,
            }
        }
        if self.is_namespace[from] && !self.is_namespace[at] {
            return LIFECYCLE_E_INVALID;
        }
        self.tables[from].insert(local.clone(), Variable::Link(at, key));
        LIFECYCLE_OK
    }

    /// The level or the path of whose a table is; none if its namespace was deleted.
    fn place(&self, table: usize) -> Option<(usize, Option<String>)> {
        if let Some((path, _)) = self.namespaces.iter().find(|(_, its)| **its == table) {
            let path = if path.is_empty() { b"::" } else { &path[..] };
            return Some((0, Some(String::from_utf8_lossy(path).into_owned())));
        }
        let level = self.frames.iter().position(|frame| frame.own == table)?;
        Some((level, None))
    }

    fn names(&self, table: usize) -> Vec<Name> {
        let names = self.tables[table].keys();
        names.filter(|name| self.value(table, name).is_some()).cloned().collect()
    }

    /// Values of all tables that somebody can reach.
    fn values(&self) -> usize {
        let mut seen: BTreeSet<usize> = self.namespaces.values().copied().collect();
        for frame in &self.frames {
            seen.insert(frame.own);
            seen.extend(&frame.locals);
        }
        let mut work: Vec<usize> = seen.iter().copied().collect();
        while let Some(table) = work.pop() {
            for variable in self.tables[table].values() {
                if let Variable::Link(to, _) = variable
                    && seen.insert(*to)
                {
                    work.push(*to);
                }
            }
        }
        let count = |table: &usize| {
            self.tables[*table].values().filter(|it| matches!(it, Variable::Value(_))).count()
        };
        seen.iter().map(count).sum()
    }

    fn leave(&mut self) {
        let Some((count, active, depth)) = self.marks.pop() else { return };
        if self.marks.is_empty() {
            self.frames.truncate(1);
            self.frames[0].locals.clear();
            self.active = 0;
            return;
        }
        while self.frames.len() > count {
            self.active = self.frames.pop().map_or(0, |frame| frame.before);
        }
        if active < self.frames.len() {
            self.active = active;
            self.frames[active].locals.truncate(depth);
        }
    }

    fn create(&mut self, path: &Name) -> lifecycle_status {
        let mut status = LIFECYCLE_E_EXISTS;
        let path = canonical(path);
        for end in 1..=path.len() {
            let above = &path[..end];
            if (end == path.len() || path[end..].starts_with(b"::"))
                && !self.namespaces.contains_key(above)
                && !above.ends_with(b":")
            {
                let table = self.open(true);
                self.namespaces.insert(above.to_vec(), table);
                status = LIFECYCLE_OK;
            }
        }
        status
    }

    fn delete(&mut self, path: &Name) -> lifecycle_status {
        let path = canonical(path);
        if path.is_empty() {
            return LIFECYCLE_E_BUSY;
        }
        if !self.namespaces.contains_key(&path) {
            return LIFECYCLE_E_NOT_FOUND;
        }
        let below = [&path[..], b"::"].concat();
        self.namespaces.retain(|other, _| *other != path && !other.starts_with(&below));
        LIFECYCLE_OK
    }

    fn step(&mut self, step: &Step) -> lifecycle_status {
        let here = self.in_use(self.active);
        let table_of = |it: &Self, path: &Name| it.namespaces.get(&canonical(path)).copied();
        match step {
            Step::Set(name, value) => self.set(here, name, *value),
            Step::Unset(name) => self.unset(here, name),
            Step::Link(local, level, name) if *level <= self.active => {
                self.link(local, self.in_use(*level), name)
            }
            Step::Link(..) => LIFECYCLE_E_RANGE,
            Step::Push if self.frames.len() == FRAMES => LIFECYCLE_E_LIMIT,
            Step::Push => {
                let own = self.open(false);
                let namespace = self.frames[self.active].namespace.clone();
                self.frames.push(Frame { own, locals: vec![], before: self.active, namespace });
                self.active = self.frames.len() - 1;
                LIFECYCLE_OK
            }
            Step::Pop if self.frames.len() == 1 => LIFECYCLE_E_INVALID,
            Step::Pop => {
                self.active = self.frames.pop().map_or(0, |frame| frame.before);
                LIFECYCLE_OK
            }
            Step::Active(level) if *level >= self.frames.len() => LIFECYCLE_E_RANGE,
            Step::Active(level) => {
                self.active = *level;
                LIFECYCLE_OK
            }
            Step::PopLocals => match self.frames[self.active].locals.pop() {
                Some(_) => LIFECYCLE_OK,
                None => LIFECYCLE_E_INVALID,
            },
            Step::Create(path) => self.create(path),
            Step::Delete(path) => self.delete(path),
            Step::Enter => {
                let depth = self.frames[self.active].locals.len();
                self.marks.push((self.frames.len(), self.active, depth));
                LIFECYCLE_OK
            }
            Step::Leave if self.marks.is_empty() => LIFECYCLE_E_INVALID,
            Step::Leave => {
                self.leave();
                LIFECYCLE_OK
            }
            Step::LinkNs(_, ns, _)
            | Step::Locals(ns)
            | Step::NsSet(ns, ..)
            | Step::NsUnset(ns, _)
            | Step::FrameNs(ns) => {
                let Some(table) = table_of(self, ns) else { return LIFECYCLE_E_NOT_FOUND };
                match step {
                    Step::LinkNs(local, _, name) => self.link(local, table, name),
                    Step::NsSet(_, name, value) => self.set(table, name, *value),
                    Step::NsUnset(_, name) => self.unset(table, name),
                    Step::Locals(_) => {
                        self.frames[self.active].locals.push(table);
                        LIFECYCLE_OK
                    }
                    _ => {
                        self.frames[self.active].namespace = canonical(ns);
                        LIFECYCLE_OK
                    }
                }
            }
        }
    }
}

fn canonical(path: &[u8]) -> Name {
    let names = super::namespaces::Names(path).map(|name| [b"::", name].concat());
    names.collect::<Vec<_>>().concat()
}

fn text(value: u8) -> String {
    format!("value {value}")
}

fn run(it: &Setting, step: &Step) -> Result<()> {
    let interp = it.interp;
    match step {
        Step::Set(name, value) => interp.var_set(name, interp.string(text(*value).as_bytes())?),
        Step::Unset(name) => interp.var_unset(name),
        Step::Link(local, level, name) => interp.var_link(local, *level, name),
        Step::LinkNs(local, ns, name) => interp.var_link_ns(local, ns, name),
        Step::Push => interp.push_frame(0, 0),
        Step::Pop => interp.pop_frame(),
        Step::Active(level) => interp.set_active_frame(*level),
        Step::Locals(ns) => interp.push_locals(ns),
        Step::PopLocals => interp.pop_locals(),
        Step::Create(path) => interp.create_namespace(path),
        Step::Delete(path) => interp.delete_namespace(path),
        Step::NsSet(ns, name, value) => {
            interp.ns_var_set(ns, name, interp.string(text(*value).as_bytes())?)
        }
        Step::NsUnset(ns, name) => interp.ns_var_unset(ns, name),
        Step::FrameNs(ns) => interp.set_frame_namespace(ns),
        Step::Enter => interp.enter(),
        Step::Leave => interp.leave(0, None),
    }
}

fn check(it: &Setting, model: &Model, names: &[Name], paths: &[Name]) {
    let interp = it.interp;
    let memory = interp.memory();
    assert_eq!(memory.variables as usize, model.values());
    assert_eq!(memory.namespaces as usize, model.namespaces.len());
    assert_eq!((interp.frame_count(), interp.frame_level()), (model.frames.len(), model.active));
    let scope = ok(interp.open_scope());
    let here = model.in_use(model.active);
    for name in names {
        let value = interp.var_get(name).ok().map(|handle| it.text(handle));
        assert_eq!(value.as_ref(), model.value(here, name));
        assert_eq!(interp.var_exists(name), value.is_some());
        let is_link = matches!(model.tables[here].get(name), Some(Variable::Link(..)));
        assert_eq!(interp.var_is_link(name), is_link);
        let resolved = ok(interp.var_resolve(name));
        let resolved = ok(interp.text(resolved)).bytes().to_vec();
        let end = model.end(here, name.clone());
        assert_eq!(resolved, end.1);
        let place = interp.var_place(name, true);
        match model.place(end.0) {
            Some((level, path)) => {
                let place = ok(place);
                assert_eq!((place.level, place.has_value), (level, value.is_some()));
                assert_eq!((place.ns != 0).then(|| it.text(place.ns)), path);
            }
            None => assert_eq!(status(place), LIFECYCLE_E_STALE),
        }
    }
    assert_eq!(it.texts(ok(interp.var_names())), model.names(here));
    for path in paths {
        let table = model.namespaces.get(&canonical(path));
        assert_eq!(interp.has_namespace(path), table.is_some());
        let Some(table) = table else {
            assert_eq!(status(interp.ns_var_names(path)), LIFECYCLE_E_NOT_FOUND);
            continue;
        };
        assert_eq!(it.texts(ok(interp.ns_var_names(path))), model.names(*table));
        let above = [&canonical(path)[..], b"::"].concat();
        let is_child = |other: &&Name| {
            other.strip_prefix(&above[..]).is_some_and(|name| !name.windows(2).any(|w| w == b"::"))
        };
        let children: Vec<Name> = model.namespaces.keys().filter(is_child).cloned().collect();
        assert_eq!(it.texts(ok(interp.namespace_children(path))), children);
    }
    for (level, frame) in model.frames.iter().enumerate() {
        let info = ok(interp.frame_info(level));
        // SAFETY: the frame's path is that long.
        let ns = unsafe { core::slice::from_raw_parts(info.ns.cast::<u8>(), info.ns_len) };
        let wanted = if frame.namespace.is_empty() { b"::" } else { &frame.namespace[..] };
        assert_eq!(ns, wanted);
    }
    ok(interp.close_scope(scope, None));
}

fn names() -> Vec<Name> {
    let mut names: Vec<Name> = [&b""[..], b"a", b"b\0", b"a name with 15b", b"a name with 16 b"]
        .iter()
        .map(|name| name.to_vec())
        .collect();
    names.extend((0..25).map(|i| format!("variable {i}").into_bytes()));
    names
}

fn paths() -> Vec<Name> {
    let paths: [&[u8]; 8] = [
        b"::",
        b"::a",
        b"a::::b::",
        b"::a::b::c",
        b"::a::c",
        b"b",
        b"::b:a",
        b"::a namespace of a long name::too long to be short",
    ];
    paths.iter().map(|path| path.to_vec()).collect()
}

fn step() -> impl Strategy<Value = Step> {
    // Few names most of the time, so that links meet.
    let name = || {
        prop_oneof![3 => prop::sample::select(names()[..4].to_vec()),
                              1 => prop::sample::select(names())]
    };
    let path = || prop::sample::select(paths());
    prop_oneof![
        6 => (name(), any::<u8>()).prop_map(|(name, value)| Step::Set(name, value)),
        2 => name().prop_map(Step::Unset),
        4 => (name(), 0..FRAMES, name()).prop_map(|(l, level, n)| Step::Link(l, level, n)),
        4 => (name(), path(), name()).prop_map(|(l, ns, n)| Step::LinkNs(l, ns, n)),
        3 => Just(Step::Push),
        2 => Just(Step::Pop),
        1 => (0..FRAMES).prop_map(Step::Active),
        3 => path().prop_map(Step::Locals),
        2 => Just(Step::PopLocals),
        3 => path().prop_map(Step::Create),
        2 => path().prop_map(Step::Delete),
        2 => (path(), name(), any::<u8>()).prop_map(|(ns, n, v)| Step::NsSet(ns, n, v)),
        1 => (path(), name()).prop_map(|(ns, n)| Step::NsUnset(ns, n)),
        1 => path().prop_map(Step::FrameNs),
        1 => Just(Step::Enter),
        1 => Just(Step::Leave),
    ]
}

proptest! {
    #[test]
    fn definitions_are_what_a_naive_model_says(
        steps in prop::collection::vec((step(), prop::option::weighted(0.3, 0i64..4)), 1..120),
    ) {
        let it = Setting::with_frames(FRAMES);
        let mut model = Model::new();
        let (names, paths) = (names(), paths());
        for (step, failure) in &steps {
            let values = it.interp.memory().variables;
            it.failing.countdown.set(failure.unwrap_or(-1));
            let outcome = status(run(&it, step));
            it.failing.countdown.set(-1);
            if outcome == LIFECYCLE_E_NOMEM {
                prop_assert!(failure.is_some());
                prop_assert_eq!(it.interp.memory().variables, values);
            } else {
                prop_assert_eq!(outcome, model.step(step), "{:?}", step);
            }
            check(&it, &model, &names, &paths);
        }
        ok(it.interp.unwind(0));
        it.finish();
    }
}
