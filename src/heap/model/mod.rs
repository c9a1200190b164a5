//! The naive twin of a heap and of the WAM over it. Any bytes are read as steps of a machine:
//! terms, bindings, environments, choicepoints, collections. Beside it goes an interpreter that
//! never reclaims a cell and whose choicepoints are copies of everything, so that backtracking is
//! putting a copy back. The two are compared word for word, as the machine sees them and as it
//! would after backtracking to each choicepoint.
//!
//! `machine` (the heap, and a host's memory), `twin` (the interpreter), `look` (comparing them),
//! `pick` (what steps are about); the rest are the steps: `terms`, `control`, `collect`, `watches`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a model is there to fail loudly"
)]

mod collect;
mod control;
mod look;
mod machine;
mod pick;
mod terms;
#[cfg(test)]
mod tests;
mod twin;
mod watches;

use std::cell::RefCell;
use std::rc::Rc;

use machine::{GLOBALS, Machine, SET, SETS, Setup};
use pick::Bytes;
use twin::{Roots, Twin, Val};
use watches::Watches;

/// Bytes of a step; what it needs beyond them is made from them.
pub const STEP: usize = 8;

/// What a step does; what stands here with a greater number comes more often.
macro_rules! ops {
    ($($name:ident * $weight:literal => $run:ident),* $(,)?) => {
        /// One step.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Op { $($name),* }

        /// All of them.
        pub const OPS: &[Op] = &[$(Op::$name),*];

        const WEIGHTS: &[u32] = &[$($weight),*];

        impl Run<'_> {
            fn run(&mut self, op: Op) {
                match op { $(Op::$name => self.$run()),* }
            }
        }
    };
}

ops! {
    Var * 6 => var, Atomic * 4 => atomic, List * 6 => list, Struct * 10 => structure,
    Large * 1 => large, Blob * 3 => blob, Bytes * 2 => bytes_blob, Chain * 3 => chain,
    Move * 12 => move_value, Drop * 8 => drop_value, Shrink * 2 => shrink,
    Bind * 12 => bind, Assign * 8 => assign, Unify * 6 => unify,
    Push * 10 => push_choice, Backtrack * 8 => backtrack, Pop * 3 => pop_choice, Cut * 3 => cut,
    Enter * 6 => push_frame, Leave * 4 => pop_frame, Slot * 8 => set_slot, Kill * 4 => kill_slot,
    Register * 2 => register, Garbage * 10 => garbage,
    Safepoint * 14 => safepoint, Collect * 8 => collect, Reserve * 5 => reserve,
    Critical * 2 => critical, Verify * 1 => verify,
    Finalize * 4 => finalize, Weak * 4 => weak, Revive * 3 => revive, Forget * 1 => forget,
    External * 1 => external, Refused * 1 => refused,
}

/// How often a step was done and could not be.
pub type Counts = Vec<[u64; 2]>;

/// Whether the heap collects as the bytes say, or how.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(test), expect(dead_code, reason = "what is fuzzed says it in its bytes"))]
pub enum Gc {
    Given,
    Off,
    Normal,
    Stress,
}

/// A heap, a machine and their twin.
pub struct Run<'a> {
    bytes: Bytes<'a>,
    setup: Setup,
    machine: Machine,
    twin: Twin,
    watches: Watches,
    /// How deep in critical sections.
    critical: u64,
    external: i64,
    /// Collections there were, and cells handed out since the last one.
    collections: u64,
    taken: u64,
    /// Those of them that came in wide objects.
    wide: u64,
    /// It has gone back to a choicepoint since the last collection.
    has_gone_back: bool,
    /// Steps until everything is compared.
    patience: u32,
    log: Rc<RefCell<Vec<String>>>,
    counts: Counts,
    op: Op,
    /// What the registers looked like, a number for each time that they were compared.
    seen: Vec<u64>,
}

/// Prints the steps where the model fails.
struct Teller(Rc<RefCell<Vec<String>>>);

impl Drop for Teller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.borrow().iter().for_each(|line| eprintln!("{line}"));
        }
    }
}

impl Setup {
    fn new(given: [u8; STEP], gc: Gc) -> Self {
        let has = |bit: u8| given[0] >> bit & 1 != 0;
        let mut setup = Setup {
            gc_enabled: given[1] & 15 != 15,
            stress: [0, 0, 1, 3][usize::from(given[0] & 3)],
            threshold: 16 << (given[2] & 7),
            growth: [0, 101, 130, 300][usize::from(given[3] & 3)],
            max_cells: if has(4) { 2000 + u64::from(given[4]) * 64 } else { 0 },
            initial_cells: u64::from(given[5] & 3) * 500,
            verifies: has(6),
            trail: has(3).then_some(8 + usize::from(given[6])),
            has_wam: given[7] & 7 != 7,
            has_live: has(2),
        };
        if gc != Gc::Given {
            // Where something runs out depends on what was collected.
            (setup.max_cells, setup.trail) = (0, None);
            setup.gc_enabled = gc != Gc::Off;
            setup.stress = u32::from(gc == Gc::Stress);
            setup.threshold = 64;
        }
        setup
    }
}

impl<'a> Run<'a> {
    fn new(bytes: &'a [u8], gc: Gc) -> Self {
        let (given, bytes) = bytes.split_at(bytes.len().min(STEP));
        let mut first = [0; STEP];
        first[..given.len()].copy_from_slice(given);
        let setup = Setup::new(first, gc);
        let machine = Machine::new(&setup);
        let twin = Twin {
            globals: vec![Val::Nil; GLOBALS],
            roots: vec![Roots { cells: vec![Val::Nil; SET], times: 0 }; SETS],
            ..Twin::default()
        };
        Run {
            bytes: Bytes::new(bytes),
            log: Rc::new(RefCell::new(vec![format!("{setup:?}")])),
            setup,
            machine,
            twin,
            watches: Watches::default(),
            critical: 0,
            external: 0,
            collections: 0,
            taken: 0,
            wide: 0,
            has_gone_back: false,
            patience: 0,
            counts: vec![[0; 2]; OPS.len()],
            op: Op::Var,
            seen: Vec::new(),
        }
    }

    fn note(&self, what: impl FnOnce() -> String) {
        self.log.borrow_mut().push(what());
    }

    /// The step was done.
    fn done(&mut self) {
        self.counts[self.op as usize][0] += 1;
    }

    /// The step could not be done here, or was refused.
    fn passed(&mut self) {
        self.counts[self.op as usize][1] += 1;
    }

    fn step(&mut self) {
        let total: u32 = WEIGHTS.iter().sum();
        let mut number = self.bytes.number(total);
        let mut at = 0;
        while number >= WEIGHTS[at] {
            number -= WEIGHTS[at];
            at += 1;
        }
        self.op = OPS[at];
        self.note(|| format!("{:?}", OPS[at]));
        self.run(OPS[at]);
        self.check_figures();
        self.check_quiet();
        match self.patience.checked_sub(1) {
            Some(left) => self.patience = left,
            None => {
                self.look();
                self.patience = 8;
                let seen = self.shape();
                self.seen.push(seen);
            }
        }
    }

    /// Everything is compared, and given back.
    fn finish(&mut self) {
        self.look();
        self.finish_watches();
    }
}

/// Runs any bytes: first how the heap is set up, then steps.
pub fn run(bytes: &[u8]) -> Counts {
    run_as(bytes, Gc::Given).0
}

/// As `run`, collecting in some way; also what the registers looked like.
pub fn run_as(bytes: &[u8], gc: Gc) -> (Counts, Vec<u64>) {
    let mut run = Run::new(bytes, gc);
    let teller = Teller(run.log.clone());
    while run.bytes.next_step() {
        run.step();
    }
    run.finish();
    drop(teller);
    (std::mem::take(&mut run.counts), std::mem::take(&mut run.seen))
}
