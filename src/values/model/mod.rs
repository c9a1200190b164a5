//! The naive twin of interpreter values: a graph of counted nodes, trees, and tables. Driven beside
//! a real interpreter by the property tests and the fuzz target, and compared with it after every
//! step.
//!
//! `places` (definitions), `nodes` (values), `twin` (all that is known), `host` (memory that fails,
//! foreign things, a language); the rest are the steps, by what they do. What a step does to the
//! interpreter comes first, then the twin does the same: the two agree in what is refused and why,
//! in texts and kinds, and in the figures that the twin knows.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a model is there to fail loudly"
)]

mod containers;
mod defined;
mod evals;
mod host;
mod nodes;
pub mod places;
mod scalars;
#[cfg(test)]
mod tests;
mod traced;
mod twin;

use core::fmt::Debug;
use std::cell::{Cell, RefCell};

use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::base::Result as Outcome;
use crate::values::Interp;
use host::Host;
use nodes::{Ref, Status};
use places::Name;
use twin::{FRAMES, Twin, Wrong};

/// Texts that mean something: lists, dicts, numbers, none of them.
const TEXTS: [&[u8]; 20] = [
    b"",
    b"a",
    b"  a   b ",
    b"k 1 l 2",
    b"k 1 l 2 k 3",
    b"{a {b  c}} d",
    b"un{closed",
    b"{un closed",
    b"# x",
    b"0x10",
    b" -7 ",
    b"1e3",
    b"99999999999999999999",
    b"\\x41 b\\n",
    b"[a|[b|c]]",
    b"[k|1|k|2]",
    b"[]",
    b"a\0b\xff",
    b"write read unset",
    b"a text of more than forty-eight bytes that can be shared by its parts, and then some more",
];
const NAMES: [&[u8]; 6] =
    [b"a", b"b", b"c", b"", b"a name of 15 by", b"a name too long for a word"];
const PATHS: [&[u8]; 7] =
    [b"::", b"::a", b"a::::b::", b"::a::b::c", b"b", b"::b:a", b"::a namespace of a long name::x"];
const DOUBLES: [f64; 8] = [0.0, -0.0, 0.5, 3.0, -1e100, 1e17, f64::INFINITY, f64::NAN];
const INTS: [i64; 6] = [0, 1, -1, i64::MIN, i64::MAX, 1 << 61];

/// What a step does; what stands here more than once comes more often.
macro_rules! ops {
    ($($name:ident * $weight:literal => $run:ident),* $(,)?) => {
        /// One step.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Op { $($name),* }

        /// All of them.
        pub const OPS: &[Op] = &[$(Op::$name),*];

        const WEIGHTS: &[u16] = &[$($weight),*];

        impl Run<'_> {
            fn run(&self, op: Op) {
                match op { $(Op::$name => self.$run()),* }
            }
        }
    };
}

ops! {
    Str * 6 => string, Int * 3 => int, Double * 2 => double, Intern * 2 => intern,
    Builder * 1 => builder, Write * 3 => write, Finish * 1 => finish_builder,
    Foreign * 3 => foreign, ForeignRelease * 1 => release_foreign, Peek * 1 => peek,
    Show * 3 => show, Number * 2 => number, Slice * 2 => slice, Concat * 2 => concat,
    Compare * 1 => compare,
    List * 5 => list, Push * 6 => push, Unshift * 2 => unshift, Take * 3 => take, At * 6 => at,
    Set * 3 => set, Splice * 3 => splice, ListCopy * 2 => list_copy, ListSlice * 2 => list_slice,
    Sort * 2 => sort, ListShimmer * 4 => list_shimmer, DictShimmer * 3 => dict_shimmer,
    Dict * 2 => dict, DictGet * 3 => dict_get, DictSet * 5 => dict_set,
    DictRemove * 2 => dict_remove, DictEntry * 3 => dict_entry, DictCopy * 1 => dict_copy,
    Keep * 4 => keep, Wrap * 5 => wrap, Retain * 1 => retain, Release * 3 => release,
    VarSet * 6 => var_set, VarGet * 6 => var_get, VarUnset * 2 => var_unset, Link * 2 => link,
    LinkNs * 2 => link_ns, VarInfo * 1 => var_info,
    FramePush * 2 => push_frame, FramePop * 1 => pop_frame, FrameActive * 1 => set_active,
    PushLocals * 1 => push_locals, PopLocals * 1 => pop_locals, FrameSet * 1 => set_frame,
    FrameInfo * 1 => frame_info,
    NsCreate * 3 => create, NsDelete * 1 => delete, NsInfo * 1 => ns_info, Exports * 2 => exports,
    CommandSet * 2 => set_command, CommandGet * 2 => get_command, CommandDelete * 1 => delete_command,
    CommandCopy * 1 => copy_command, Register * 1 => register, Registered * 1 => registered,
    TraceAdd * 3 => add_trace, TraceRemove * 1 => remove_trace, TraceInfo * 1 => trace_info,
    Fire * 2 => fire,
    Enter * 3 => enter, Leave * 3 => leave, Unwind * 1 => unwind, Reset * 1 => reset,
    Open * 4 => open, Close * 4 => close, Destroy * 1 => refuse_destroy,
}

/// How often a step was done and refused.
pub type Counts = Vec<[u64; 2]>;

/// One interpreter and its twin.
pub struct Run<'a> {
    host: Box<Host>,
    interp: &'static Interp,
    /// Another interpreter, and a handle and a value of it.
    other: (&'static Interp, lifecycle_handle, *mut lifecycle_value),
    bytes: Cell<&'a [u8]>,
    twin: RefCell<Twin>,
    /// There are limits that the twin knows nothing of.
    has_limits: bool,
    /// Allocations until one fails, in this step.
    countdown: Cell<i64>,
    firings: RefCell<Vec<traced::Firing>>,
    /// What was raised while a trace was run.
    panic: Cell<Option<Box<dyn core::any::Any + Send>>>,
    log: RefCell<Vec<String>>,
    counts: RefCell<Counts>,
    op: Cell<Op>,
    /// The twin does not know any more which handles there are.
    is_lost: Cell<bool>,
}

/// Prints the last steps where the model fails.
struct Teller<'a, 'b>(&'a Run<'b>);

impl Drop for Teller<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.0.log.borrow();
            log.iter().skip(log.len().saturating_sub(300)).for_each(|line| eprintln!("{line}"));
        }
    }
}

fn ok<T>(outcome: Outcome<T>) -> T {
    outcome.map_err(|error| error.0).expect("it cannot fail")
}

impl<'a> Run<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (given, bytes) = bytes.split_at(bytes.len().min(2));
        let given = [given.first().copied().unwrap_or(0), given.get(1).copied().unwrap_or(0)];
        let speaks = given[0] & 3 == 3;
        let has_limits = given[0] & 12 == 12;
        let host = Host::new();
        let mut options = host.options(speaks);
        options.frame_limit = FRAMES;
        if has_limits {
            options.value_limit = (usize::from(given[1]) + 1) * 256;
            if !speaks {
                options.handle_limit = usize::from(given[1] & 63) + 8;
            }
        }
        let interp = ok(Interp::create(&options));
        let other = ok(Interp::create(&lifecycle_interp_options {
            foreign_clone: None,
            foreign_release: None,
            ..host.options(false)
        }));
        let handle = ok(other.string(b"another's"));
        let value = ok(other.materialize(handle));
        Run {
            host,
            interp,
            other: (other, handle, value),
            bytes: Cell::new(bytes),
            twin: RefCell::new(Twin::new(speaks)),
            has_limits,
            countdown: Cell::new(-1),
            firings: RefCell::default(),
            panic: Cell::new(None),
            log: RefCell::default(),
            counts: RefCell::new(vec![[0; 2]; OPS.len()]),
            op: Cell::new(Op::Str),
            is_lost: Cell::new(false),
        }
    }

    /// The next byte; after the end there are zeros.
    fn byte(&self) -> u8 {
        let Some((first, rest)) = self.bytes.get().split_first() else { return 0 };
        self.bytes.set(rest);
        *first
    }

    fn below(&self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    fn text(&self) -> &'static [u8] {
        TEXTS[self.below(TEXTS.len())]
    }

    fn name(&self) -> Name {
        // Few most of the time, so that they meet.
        let byte = self.below(16);
        NAMES[if byte < 10 { byte % 2 } else { byte - 10 }].to_vec()
    }

    fn path(&self) -> &'static [u8] {
        PATHS[self.below(PATHS.len())]
    }

    /// Some handle, mostly one that is alive and rather new.
    fn handle(&self) -> lifecycle_handle {
        self.handle_of(|_| true)
    }

    /// As `handle`, of a kind most of the time.
    fn handle_of(&self, is: impl Fn(i32) -> bool) -> lifecycle_handle {
        let byte = self.byte();
        let twin = self.twin.borrow();
        let pick = |n: usize| n.checked_sub(1).map(|last| last - usize::from(byte) % n.min(24));
        let fits: Vec<_> = twin
            .nodes
            .iter()
            .filter(|(_, node)| is(node.kind()))
            .map(|(handle, _)| *handle)
            .collect();
        let handle = match byte {
            250 => 0,
            251 => self.other.1,
            // Not yet one.
            252 => twin.nodes.keys().max().map_or(1 << 60, |newest| newest + (1 << 20)),
            253 | 254 => pick(twin.dead.len()).map_or(0, |at| twin.dead[at]),
            _ if byte >= 240 || fits.is_empty() => {
                let all: Vec<_> = twin.nodes.keys().copied().collect();
                pick(all.len()).map_or(0, |at| all[at])
            }
            _ => pick(fits.len()).map_or(0, |at| fits[at]),
        };
        self.note(|| format!("  {handle:x}"));
        handle
    }

    fn note(&self, what: impl FnOnce() -> String) {
        self.log.borrow_mut().push(what());
    }

    /// Calls the interpreter. Where memory failed nothing has changed, and the call is made again.
    /// `None`: a limit was hit that the twin does not know.
    fn call<T: Debug>(&self, call: impl Fn() -> Outcome<T>) -> Option<Result<T, Status>> {
        let countdown = self.countdown.replace(-1);
        self.host.failing.countdown.set(countdown);
        let mut got = call().map_err(|error| error.0);
        let has_failed = countdown >= 0 && self.host.failing.countdown.replace(-1) == 0;
        self.note(|| format!("  {got:x?}{}", if has_failed { ", memory failed" } else { "" }));
        if has_failed
            && let Err(status) = &got
            && (*status == LIFECYCLE_E_NOMEM || self.twin.borrow().is_host)
        {
            self.check_figures();
            got = call().map_err(|error| error.0);
            self.note(|| format!("  then {got:x?}"));
            assert_ne!(got.as_ref().err(), Some(&LIFECYCLE_E_NOMEM));
        }
        let is_limit = matches!(got, Err(LIFECYCLE_E_LIMIT)) && self.has_limits;
        (!is_limit).then_some(got)
    }

    /// Compares what the interpreter did with what the twin does; both results if they succeed.
    fn agree<T: Debug, W>(
        &self,
        got: Option<Result<T, Status>>,
        twin: impl FnOnce(&mut Twin) -> Result<W, Wrong>,
    ) -> Option<(T, W)> {
        let got = got?;
        let wanted = twin(&mut self.twin.borrow_mut());
        self.counts.borrow_mut()[self.op.get() as usize][usize::from(got.is_err())] += 1;
        match (got, wanted) {
            (Ok(got), Ok(wanted)) => Some((got, wanted)),
            (Err(got), Err(wrong)) => {
                assert!(wrong.contains(&got), "{:?}: {got:?}, not {wrong:?}", self.op.get());
                None
            }
            (Ok(got), Err(wrong)) => unreachable!("{:?}: {got:x?}, not {wrong:?}", self.op.get()),
            (Err(got), Ok(_)) => unreachable!("{:?}: {got:?}, not done", self.op.get()),
        }
    }

    /// As `call` and `agree`, for what gives nothing.
    fn does(
        &self,
        call: impl Fn() -> Outcome<()>,
        twin: impl FnOnce(&mut Twin) -> Result<(), Wrong>,
    ) {
        let got = self.call(call);
        self.agree(got, twin);
    }

    /// As `call` and `agree`, for what gives a handle of a node.
    fn makes(
        &self,
        call: impl Fn() -> Outcome<lifecycle_handle>,
        twin: impl FnOnce(&mut Twin) -> Result<Ref, Wrong>,
    ) -> Option<Ref> {
        let got = self.call(call);
        let (handle, node) = self.agree(got, twin)?;
        self.bind(handle, &node);
        Some(node)
    }

    /// A node's handle is this.
    fn bind(&self, handle: lifecycle_handle, node: &Ref) {
        assert_ne!(handle, 0);
        if node.handle.get() != 0 {
            assert_eq!(handle, node.handle.get(), "the same handle each time");
            return;
        }
        node.handle.set(handle);
        let mut twin = self.twin.borrow_mut();
        let is_old = handle < twin.levels.last().map_or(0, |level| level.next);
        if twin.is_host && (is_old || twin.nodes.contains_key(&handle)) {
            // Which parts got a handle when a form was looked at again is not told.
            self.is_lost.set(true);
            return;
        }
        assert!(!twin.dead.contains(&handle), "{handle:x} comes again");
        let before = twin.nodes.insert(handle, node.clone());
        assert!(before.is_none(), "{handle:x} is two values");
    }

    /// The figures that the twin knows.
    fn check_figures(&self) {
        let (memory, twin) = (self.interp.memory(), self.twin.borrow());
        let procs = twin.places.commands.values().filter(|command| command.body.is_some()).count();
        let held = twin.held.iter().filter(|held| held.is_block).count();
        let got = [
            ("scopes", memory.scopes),
            ("frames", memory.frames),
            ("evals", memory.eval_depth),
            ("variables", memory.variables),
            ("traces", memory.traces),
            ("namespaces", memory.namespaces),
            ("procs", memory.procs),
            ("held", memory.held_values),
        ];
        let wanted = [
            ("scopes", twin.top()),
            ("frames", twin.places.frames.len()),
            ("evals", twin.evals.len()),
            ("variables", twin.places.values()),
            ("traces", twin.traces.len()),
            ("namespaces", twin.places.namespaces.len()),
            ("procs", procs),
            ("held", held),
        ]
        .map(|(name, figure)| (name, figure as u64));
        assert_eq!(got, wanted);
        assert_eq!(self.interp.frame_level(), twin.places.active);
        assert!(memory.scratch_handles >= twin.nodes.len() as u64);
    }

    /// Where keeping may have come to a limit half way, what it remembers is out of date.
    fn tick(&self) {
        if self.has_limits {
            self.interp.with(|state| state.touch());
            self.twin.borrow_mut().clock += 1;
        }
    }

    /// Once in thousands of runs the twin takes the text that a list or dict was made from for right
    /// when something in it was sorted. Where there are so many runs as a fuzzer makes, such a run
    /// ends there; the property test, whose runs are the same each time, has none.
    fn agree_on_text(&self, is_same: bool) -> bool {
        if !is_same && cfg!(feature = "fuzzing") {
            self.is_lost.set(true);
        }
        is_same || !cfg!(feature = "fuzzing")
    }

    /// Compares the text and kind of a handle.
    fn check_value(&self, handle: lifecycle_handle) {
        let got = self.interp.ended_text(handle).map_err(|error| error.0);
        let wanted = self.twin.borrow().text(handle);
        match got {
            Err(LIFECYCLE_E_LIMIT) if self.has_limits => return,
            Err(status) => assert_eq!(Err(status), wanted),
            Ok(got) => {
                // SAFETY: a NUL follows every text that is ended.
                assert_eq!(unsafe { got.as_ptr().add(got.len()).read() }, 0);
                let show = |text: &[u8]| text.escape_ascii().to_string();
                let wanted = wanted.map(|text| show(&text));
                let got: Result<_, Status> = Ok(show(got.bytes()));
                if !self.agree_on_text(got == wanted) {
                    return;
                }
                assert_eq!(got, wanted, "{handle:x}");
            }
        }
        let kind = self.twin.borrow().find(handle).map(|node| node.kind());
        assert_eq!(self.interp.kind(handle).map_err(|error| error.0), kind);
    }

    /// One step: what, whether memory fails, and what the step asks for.
    fn step(&self) {
        let total: u16 = WEIGHTS.iter().sum();
        let mut number = (u16::from(self.byte()) * 251 + u16::from(self.byte())) % total;
        let mut at = 0;
        while number >= WEIGHTS[at] {
            number -= WEIGHTS[at];
            at += 1;
        }
        let how = self.byte();
        self.op.set(OPS[at]);
        self.countdown.set(if how < 48 { i64::from(how % 4) } else { -1 });
        self.note(|| format!("{:?} {:?}", OPS[at], self.bytes.get().get(..6)));
        self.run(OPS[at]);
        self.countdown.set(-1);
        if self.is_lost.get() {
            self.bytes.set(&[]);
            return;
        }
        self.check_figures();
        if self.twin.borrow().is_huge() {
            self.drop_all();
        }
        if how & 1 == 0 && !self.twin.borrow().nodes.is_empty() {
            let handle = self.handle();
            if self.twin.borrow().nodes.contains_key(&handle) {
                self.note(|| format!("  look at {handle:x}"));
                self.check_value(handle);
            }
        }
    }

    /// Everything is looked at, and given back: held values before or after the interpreter.
    fn finish(&self, is_late: bool) {
        let all: Vec<_> = self.twin.borrow().nodes.keys().copied().collect();
        if !self.is_lost.get() {
            all.into_iter().for_each(|handle| self.check_value(handle));
        }
        ok(self.interp.unwind(0));
        let things = self.twin.borrow_mut().unwind(0);
        self.check_released(things, false);
        let held: Vec<_> = self.twin.borrow_mut().held.drain(..).map(|held| held.value).collect();
        // SAFETY: each is held so often.
        let give_back = || held.iter().for_each(|it| ok(unsafe { Interp::release_value(*it) }));
        if !is_late {
            give_back();
        }
        ok(self.interp.destroy());
        if is_late {
            give_back();
        }
        let (other, _, value) = self.other;
        // SAFETY: it is held.
        ok(unsafe { Interp::release_value(value) });
        ok(other.destroy());
        assert!(self.host.alive.borrow().is_empty(), "things are left");
        assert_eq!(self.host.failing.out.get(), 0, "memory is left");
    }
}

/// Runs any bytes: two that say what the interpreter is given, then steps.
pub fn run(bytes: &[u8]) -> Counts {
    let run = Run::new(bytes);
    let teller = Teller(&run);
    while !run.bytes.get().is_empty() {
        run.step();
    }
    run.finish(bytes.len().is_multiple_of(2));
    drop(teller);
    run.counts.take()
}
