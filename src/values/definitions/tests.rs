//! Tests of definitions through an interpreter, and what these tests and the model use.

use core::ffi::c_void;
use core::ptr;

use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::base::Result;
use crate::base::failing::Failing;
use crate::values::scratch::SlotExt;
use crate::values::store::Kind;
use crate::values::{Interp, list, store};

/// An interpreter whose memory comes from a host that may fail.
pub struct Setting {
    pub failing: Box<Failing>,
    pub interp: &'static Interp,
}

impl Setting {
    pub fn new() -> Self {
        Self::with_frames(0)
    }

    pub fn with_frames(frame_limit: usize) -> Self {
        let failing = Failing::new();
        let options = lifecycle_interp_options {
            frame_limit,
            allocator: failing.table(),
            ..lifecycle_interp_options::default()
        };
        match Interp::create(&options) {
            Ok(interp) => Setting { failing, interp },
            Err(error) => unreachable!("{error}"),
        }
    }

    /// Destroys the interpreter: nothing is left.
    pub fn finish(self) {
        self.failing.countdown.set(-1);
        self.interp.with(crate::values::State::forget_definitions);
        self.interp.drop_scratch();
        let memory = self.interp.memory();
        assert_eq!((memory.values, memory.variables, memory.namespaces), (0, 0, 1));
        assert_eq!((memory.frames, memory.traces, memory.procs), (1, 0, 0));
        assert!(self.interp.destroy().is_ok());
        assert_eq!(self.failing.out.get(), 0);
    }
}

pub fn ok<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("{error}"),
    }
}

pub fn status<T>(result: Result<T>) -> lifecycle_status {
    result.err().map_or(LIFECYCLE_OK, |error| error.0)
}

impl Setting {
    pub fn string(&self, text: &str) -> lifecycle_handle {
        ok(self.interp.string(text.as_bytes()))
    }

    pub fn text(&self, handle: lifecycle_handle) -> String {
        String::from_utf8_lossy(ok(self.interp.text(handle)).bytes()).into_owned()
    }

    /// The texts of a wrapped list.
    pub fn texts(&self, handle: lifecycle_handle) -> Vec<Vec<u8>> {
        self.interp.with(|state| {
            let block = ok(state.slot(handle)).as_wrapped();
            let Some(block) = block.filter(|it| store::at(*it).kind() == Kind::List) else {
                unreachable!("no list")
            };
            let text = |word: crate::values::Word| match word.as_block() {
                Some(block) => store::at(block).text().to_vec(),
                None => unreachable!("no text"),
            };
            list::words(block, 0).map(text).collect()
        })
    }

    pub fn get(&self, name: &str) -> String {
        self.text(ok(self.interp.var_get(name.as_bytes())))
    }

    pub fn set(&self, name: &str, text: &str) {
        ok(self.interp.var_set(name.as_bytes(), self.string(text)));
    }
}

#[test]
fn what_was_read_stays_and_an_overwritten_variable_holds_nothing() {
    let it = Setting::new();
    it.set("x", "first");
    it.interp.drop_scratch();
    let read = ok(it.interp.var_get(b"x"));
    it.set("x", "second");
    assert_eq!((it.text(read), it.get("x")), ("first".into(), "second".into()));
    it.interp.drop_scratch();
    assert_eq!(it.interp.memory().values, 1);
    assert_eq!(status(it.interp.var_set(b"x", 0)), LIFECYCLE_E_INVALID);
    ok(it.interp.var_unset(b"x"));
    assert_eq!(status(it.interp.var_unset(b"x")), LIFECYCLE_E_NOT_FOUND);
    assert_eq!(status(it.interp.var_get(b"x")), LIFECYCLE_E_NOT_FOUND);
    it.finish();
}

#[test]
fn names_are_any_bytes() {
    let it = Setting::new();
    let huge = vec![b'n'; 1 << 20];
    let mut names: Vec<Vec<u8>> = vec![vec![], b"::".to_vec(), b"a\0b".to_vec(), huge];
    for len in 1..40usize {
        names.push(vec![0; len]);
        names.push((0..len).map(|i| b'a' + i as u8 % 26).collect());
    }
    for _ in 0..2 {
        for (i, name) in names.iter().enumerate() {
            ok(it.interp.var_set(name, ok(it.interp.int(i as i64))));
        }
    }
    for (i, name) in names.iter().enumerate() {
        assert_eq!(it.text(ok(it.interp.var_get(name))), i.to_string());
    }
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(it.texts(ok(it.interp.var_names())), sorted);
    for name in &names {
        ok(it.interp.var_unset(name));
    }
    it.interp.drop_scratch();
    assert_eq!(it.interp.memory().values, 0);
    it.finish();
}

#[test]
fn tables_that_hold_each_other_go_when_nobody_else_holds_them() {
    let it = Setting::new();
    let interp = it.interp;
    for round in 0..3 {
        for ns in [b"::a", b"::b", b"::c"] {
            ok(interp.create_namespace(ns));
            ok(interp.ns_var_set(ns, b"v", it.string("value")));
        }
        // a -> b -> c -> a, and c to itself.
        for (from, to) in [(b"::a", b"::b"), (b"::b", b"::c"), (b"::c", b"::a"), (b"::c", b"::c")] {
            ok(interp.push_locals(from));
            ok(interp.var_link_ns(to, to, b"v"));
            ok(interp.pop_locals());
        }
        ok(interp.push_frame(0, 0));
        ok(interp.var_link_ns(b"mine", b"::b", b"::c"));
        for ns in [b"::a", b"::b", b"::c"] {
            ok(interp.delete_namespace(ns));
            assert_eq!(interp.memory().variables, 3, "round {round}");
        }
        it.set("mine", "still there");
        assert_eq!(it.get("mine"), "still there");
        ok(interp.pop_frame());
        assert_eq!(interp.memory().variables, 0);
        interp.drop_scratch();
        assert_eq!(interp.memory().values, 0);
    }
    it.finish();
}

#[test]
fn an_eval_that_is_left_restores_the_frames() {
    let it = Setting::new();
    let interp = it.interp;
    ok(interp.create_namespace(b"::a"));
    ok(interp.enter());
    ok(interp.push_frame(0, 0));
    ok(interp.push_frame(0, 0));
    ok(interp.push_locals(b"::a"));
    ok(interp.set_active_frame(1));
    ok(interp.enter());
    ok(interp.push_locals(b"::a"));
    it.set("x", "in a");
    ok(interp.push_frame(0, 0));
    ok(interp.set_active_frame(0));
    ok(interp.leave(0, None));
    assert_eq!((interp.frame_count(), interp.frame_level()), (3, 1));
    assert!(!interp.var_exists(b"x"));
    ok(interp.set_active_frame(2));
    assert_eq!(it.get("x"), "in a");
    ok(interp.unwind(0));
    assert_eq!((interp.frame_count(), interp.frame_level()), (1, 0));
    it.finish();
}

#[test]
fn popped_frames_leave_their_memory_for_the_next() {
    let it = Setting::new();
    let interp = it.interp;
    let value = it.string("a value that needs a block");
    let mut first = 0;
    for round in 0..100 {
        for _ in 0..20 {
            ok(interp.push_frame(value, 0));
            for name in [&b"i"[..], b"result", b"element"] {
                ok(interp.var_set(name, value));
            }
        }
        if round == 0 {
            first = it.failing.out.get();
        }
        assert_eq!(it.failing.out.get(), first);
        // From now on none is needed.
        it.failing.countdown.set(0);
        for _ in 0..20 {
            ok(interp.pop_frame());
        }
    }
    it.finish();
}

#[test]
fn a_trace_is_run_in_its_turn_or_not_at_all() {
    extern "C" fn restless(
        interp: *mut lifecycle_interp,
        script: lifecycle_handle,
        name: *const core::ffi::c_char,
        _: usize,
        _: *const core::ffi::c_char,
        _: usize,
        user: *mut c_void,
    ) -> lifecycle_status {
        // SAFETY: the test's.
        let said = unsafe { &mut *user.cast::<Vec<u8>>() };
        let interp = ok(Interp::check(interp));
        // SAFETY: as above: a name of one byte.
        let name = unsafe { core::slice::from_raw_parts(name.cast::<u8>(), 1) };
        let text = ok(interp.text(script));
        said.extend_from_slice(text.bytes());
        ok(interp.enter());
        ok(interp.add_trace(1, name, b"write", ok(interp.string(b"new"))));
        match text.bytes() {
            // It removes itself, the next one, and adds one like that: that is newer.
            b"d" => {
                for gone in [b"d", b"c"] {
                    ok(interp.remove_trace(1, name, b"write", ok(interp.string(gone))));
                }
                ok(interp.add_trace(1, name, b"write", ok(interp.string(b"c"))));
            }
            b"a" => return LIFECYCLE_E_DENIED,
            _ => {}
        }
        ok(interp.leave(0, None));
        LIFECYCLE_OK
    }
    let it = Setting::new();
    let interp = it.interp;
    for script in ["z", "a", "b", "c", "d"] {
        ok(interp.add_trace(1, b"x", b"write", it.string(script)));
    }
    let outer = it.string("outer");
    let mut said: Vec<u8> = Vec::new();
    let user: *mut c_void = (&raw mut said).cast();
    let fired = interp.fire_traces(1, b"x", b"write", Some(restless), user);
    assert_eq!(status(fired), LIFECYCLE_E_DENIED);
    assert_eq!((said.as_slice(), interp.depth()), (&b"dba"[..], 0));
    assert_eq!(it.text(outer), "outer");
    assert_eq!(interp.memory().traces, 2 + 1 + 1 + 3);
    it.finish();
}

/// Does something with the first allocation failing, then the second, and so on, until it works;
/// meanwhile nothing changes.
fn until_it_works<T>(it: &Setting, mut run: impl FnMut() -> Result<T>) {
    for failing in 0.. {
        let before = it.interp.memory();
        it.failing.countdown.set(failing);
        let outcome = status(run());
        it.failing.countdown.set(-1);
        if outcome == LIFECYCLE_OK {
            return;
        }
        assert_eq!(outcome, LIFECYCLE_E_NOMEM);
        let after = it.interp.memory();
        assert_eq!(
            (before.variables, before.procs, before.traces, before.namespaces, before.frames),
            (after.variables, after.procs, after.traces, after.namespaces, after.frames)
        );
        assert!(failing < 100);
    }
}

#[test]
fn nothing_is_lost_when_memory_fails() {
    let it = Setting::new();
    let interp = it.interp;
    let long = "a body of some length, to be kept".repeat(1000);
    for round in 0..40 {
        let name = format!("name {round}, which is longer than a few bytes").repeat(100);
        let (ns, name) = (format!("::a::n{round}::{name}"), name.as_bytes());
        let ns = ns.as_bytes();
        let body = || interp.string(long.as_bytes());
        until_it_works(&it, || interp.create_namespace(ns));
        until_it_works(&it, || interp.set_command((ns, name), 1, ptr::null_mut(), 0, body()?));
        until_it_works(&it, || interp.copy_command((ns, name), (b"", name)));
        until_it_works(&it, || interp.command_names(b""));
        until_it_works(&it, || interp.add_trace(round, name, b"read write", body()?));
        until_it_works(&it, || interp.trace_info(round, name));
        until_it_works(&it, || interp.set_thing(round, name, c"type", ptr::null_mut()));
        until_it_works(&it, || interp.push_frame(0, 0));
        until_it_works(&it, || interp.set_frame_namespace(ns));
        until_it_works(&it, || interp.push_locals(ns));
        until_it_works(&it, || interp.var_set(name, body()?));
        until_it_works(&it, || interp.pop_locals());
        until_it_works(&it, || interp.var_link_ns(name, ns, name));
        until_it_works(&it, || interp.var_resolve(name));
        until_it_works(&it, || interp.var_place(name, true));
        until_it_works(&it, || interp.namespace_children(b"a"));
        until_it_works(&it, || interp.set_exports(ns, interp.string(b"get* {set *} x")?, false));
        until_it_works(&it, || interp.set_exports(ns, interp.string(b"y get*")?, false));
        let exports = it.texts(ok(interp.namespace_exports(ns)));
        assert_eq!(exports, [&b"get*"[..], b"set *", b"x", b"y"]);
        // What has been defined can be taken back without memory.
        it.failing.countdown.set(0);
        if round % 3 == 0 {
            ok(interp.pop_frame());
            ok(interp.delete_command(ns, name));
            ok(interp.delete_namespace(ns));
            ok(interp.remove_thing(round, name));
        }
        it.failing.countdown.set(-1);
        interp.open_scope().ok();
    }
    let memory = interp.memory();
    assert_eq!((memory.procs, memory.traces), (40 + 26, 40));
    it.finish();
}

#[test]
fn scripts_are_compared_by_what_they_say() {
    let it = Setting::new();
    let interp = it.interp;
    ok(interp.add_trace(0, b"x", b"read", ok(interp.int(7))));
    ok(interp.add_trace(-1, b"x", b"read", it.string("7")));
    assert_eq!(
        status(interp.remove_trace(0, b"x", b"read write", it.string("7"))),
        LIFECYCLE_E_NOT_FOUND
    );
    ok(interp.remove_trace(0, b"x", b"read", it.string("7")));
    ok(interp.remove_trace(-1, b"x", b"read", ok(interp.int(7))));
    assert_eq!(interp.memory().traces, 0);
    it.finish();
}

#[test]
fn a_deep_path_is_deleted_without_recursion() {
    let it = Setting::new();
    let path = b"::n".repeat(100_000);
    ok(it.interp.create_namespace(&path));
    assert_eq!(it.interp.memory().namespaces, 100_001);
    ok(it.interp.set_frame_namespace(&path));
    assert_eq!(ok(it.interp.frame_info(0)).ns_len, path.len());
    ok(it.interp.delete_namespace(b"n"));
    assert_eq!(it.interp.memory().namespaces, 1);
    it.finish();
}
