//! Variables, links, frames and namespaces against a naive model, with memory that fails.

#![expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use proptest::prelude::*;

use super::tests::{Setting, ok, status};
use crate::abi::lifecycle_status::{self, *};
use crate::base::Result;
use crate::values::model::places::{Name, Places, canonical};

type Model = Places<String>;

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

fn twin(model: &mut Model, step: &Step) -> lifecycle_status {
    let here = model.here();
    let outcome = match step {
        Step::Set(name, value) => {
            model.set(here, name, text(*value));
            Ok(())
        }
        Step::Unset(name) => model.unset(here, name),
        Step::Link(local, level, name) => model.link_level(local, *level, name),
        Step::LinkNs(local, ns, name) => {
            model.table_of(ns).and_then(|table| model.link(local, table, name))
        }
        Step::Push => model.push(),
        Step::Pop => model.pop(),
        Step::Active(level) => model.set_active(*level),
        Step::Locals(ns) => model.push_locals(ns),
        Step::PopLocals => model.pop_locals(),
        Step::Create(path) => model.create(path),
        Step::Delete(path) => model.delete(path),
        Step::NsSet(ns, name, value) => {
            model.table_of(ns).map(|table| model.set(table, name, text(*value)))
        }
        Step::NsUnset(ns, name) => model.table_of(ns).and_then(|table| model.unset(table, name)),
        Step::FrameNs(ns) => model.set_namespace(ns),
        Step::Enter => {
            model.enter();
            Ok(())
        }
        Step::Leave => model.leave(),
    };
    outcome.err().unwrap_or(LIFECYCLE_OK)
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
    let here = model.here();
    for name in names {
        let value = interp.var_get(name).ok().map(|handle| it.text(handle));
        assert_eq!(value.as_ref(), model.value(here, name));
        assert_eq!(interp.var_exists(name), value.is_some());
        assert_eq!(interp.var_is_link(name), model.is_link(name));
        let resolved = ok(interp.var_resolve(name));
        let resolved = ok(interp.text(resolved)).bytes().to_vec();
        assert_eq!(resolved, model.end(here, name.clone()).1);
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
        assert_eq!(it.texts(ok(interp.namespace_children(path))), model.children(path));
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
        let mut model = Model::new(FRAMES);
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
                prop_assert_eq!(outcome, twin(&mut model, step), "{:?}", step);
            }
            check(&it, &model, &names, &paths);
        }
        ok(it.interp.unwind(0));
        it.finish();
    }
}
