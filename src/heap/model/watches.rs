//! Finalizers and weak references: steps, and what is known of each.

use super::Run;
use super::machine::Machine;
use super::twin::{Id, Marks, Place, Twin, Val};
use crate::abi::lifecycle_status::*;

/// What became of what is watched.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The last collection left it alone.
    Alive,
    /// Backtracking took it back: it is dead at once, or the next collection finds it.
    Taken {
        at_once: bool,
    },
    Dead,
}

#[derive(Debug)]
struct Watch {
    /// A finalizer's number, or a weak reference.
    name: u64,
    is_weak: bool,
    /// The first cell of what is watched, while it is alive, and the cell that refers to it.
    target: Val,
    id: Id,
    word: u64,
    state: State,
}

#[derive(Default)]
pub struct Watches {
    all: Vec<Watch>,
    finalizers: u64,
}

impl Watches {
    /// Cells from a number on are taken back.
    pub fn doom(&mut self, cells: usize, at_once: impl Fn(&Place) -> bool, twin: &Twin) {
        for watch in self.all.iter_mut().filter(|it| it.state == State::Alive && it.id >= cells) {
            watch.state = State::Taken { at_once: at_once(&twin.places[watch.id]) };
        }
    }

    /// After a collection: what must live does, what cannot does not.
    pub fn collected(
        &mut self,
        machine: &Machine,
        twin: &Twin,
        ran: &[usize],
        lower: &Marks,
        upper: &Marks,
    ) {
        let mut found = Vec::new();
        for watch in self.all.iter_mut().filter(|watch| watch.state != State::Dead) {
            let is_dead = match watch.is_weak {
                true => machine.call(|heap| heap.weak_get(watch.name)).is_err(),
                false => ran.contains(&(watch.name as usize)),
            };
            let (must, may) = match watch.state {
                State::Alive => (lower[watch.id], upper[watch.id]),
                _ => (false, false),
            };
            assert!(!(must && is_dead), "it is reached: {watch:?} {:?}", twin.places[watch.id].at);
            assert!(may || is_dead, "nothing reaches it: {watch:?}");
            if is_dead && !watch.is_weak && watch.state == State::Alive {
                found.push(watch.name);
            }
            // Finalizers are ticked off where it is told which ran.
            if is_dead && watch.is_weak {
                watch.state = State::Dead;
            } else if is_dead {
                watch.state = State::Taken { at_once: true };
            }
        }
        check_order(ran, found.into_iter());
    }

    /// Finalizers have run, each for the first time, and none is missing.
    pub fn safepoint(&mut self, ran: &[usize], may_wait: bool) {
        for number in ran {
            let is_it = |watch: &&mut Watch| !watch.is_weak && watch.name == *number as u64;
            let watch = self.all.iter_mut().find(is_it).expect("a finalizer that is registered");
            let is_due = matches!(watch.state, State::Taken { .. });
            assert!(is_due, "a finalizer ran: {watch:?}");
            watch.state = State::Dead;
        }
        let missing = self.all.iter().find(|watch| {
            !watch.is_weak && watch.state == State::Taken { at_once: true } && !may_wait
        });
        assert!(missing.is_none(), "a finalizer has not run: {missing:?}");
        self.all.retain(|watch| watch.is_weak || watch.state != State::Dead);
    }
}

/// All of some finalizers ran, the newest first.
fn check_order(ran: &[usize], names: impl Iterator<Item = u64>) {
    let wanted: Vec<_> = names.map(|name| name as usize).collect();
    let got: Vec<_> = ran.iter().rev().filter(|name| wanted.contains(name)).copied().collect();
    assert_eq!(got, wanted, "of those that ran, {ran:?}, the newest ran first");
}

impl Run<'_> {
    /// Something that can be watched, and its first cell.
    fn watched(&mut self) -> Option<(Val, Id)> {
        let val = self.value();
        val.id().map(|id| (val, id))
    }

    pub fn finalize(&mut self) {
        let Some((target, id)) = self.watched() else { return self.passed() };
        let cells = if self.bytes.chance(20) { self.bytes.below(16) } else { 0 };
        self.watches.finalizers += 1;
        let name = self.watches.finalizers;
        let word = self.twin.word(target);
        assert_eq!(self.machine.finalize(word, name as usize, cells), Ok(()));
        self.note(|| format!("  {name} for {target:?} {word:#x}"));
        let state = State::Alive;
        self.watches.all.push(Watch { name, is_weak: false, target, id, word, state });
        self.done();
    }

    pub fn weak(&mut self) {
        let Some((target, id)) = self.watched() else { return self.passed() };
        let word = self.twin.word(target);
        let name = self.machine.call(|heap| heap.weak_create(word)).expect("a weak reference");
        assert_ne!(name, 0);
        self.note(|| format!("  {name:#x} for {target:?} {word:#x}"));
        let state = State::Alive;
        self.watches.all.push(Watch { name, is_weak: true, target, id, word, state });
        self.done();
    }

    fn pick_weak(&mut self) -> Option<usize> {
        let weak = |(i, watch): (usize, &Watch)| watch.is_weak.then_some(i);
        let all: Vec<_> = self.watches.all.iter().enumerate().filter_map(weak).collect();
        all.get(self.bytes.below(all.len())).copied()
    }

    /// A weak reference gives what it was made of; what is whole becomes a value again.
    pub fn revive(&mut self) {
        let Some(i) = self.pick_weak() else { return self.passed() };
        let watch = &self.watches.all[i];
        let got = self.machine.call(|heap| heap.weak_get(watch.name));
        self.note(|| format!("  {watch:?}: {got:x?}"));
        match watch.state {
            State::Alive => assert_eq!(got, Ok(watch.word)),
            State::Taken { at_once: false } if got.is_ok() => assert_eq!(got, Ok(watch.word)),
            _ => assert_eq!(got, Err(LIFECYCLE_E_NOT_FOUND), "{watch:?}"),
        }
        let (state, target, id) = (watch.state, watch.target, watch.id);
        if state == State::Alive {
            let marks = self.twin.marks(&self.twin.now);
            let is_whole = match target {
                Val::Lis(_) => marks[id] && marks[id + 1],
                _ => marks[id],
            };
            if is_whole {
                self.keep(target);
            }
        }
        self.done();
    }

    pub fn forget(&mut self) {
        let Some(i) = self.pick_weak() else { return self.passed() };
        let name = self.watches.all.remove(i).name;
        assert_eq!(self.machine.call(|heap| heap.weak_drop(name)), Ok(()));
        let get = self.machine.call(|heap| heap.weak_get(name));
        assert_eq!(get, Err(LIFECYCLE_E_STALE));
        assert_eq!(self.machine.call(|heap| heap.weak_drop(name)), Err(LIFECYCLE_E_STALE));
        self.done();
    }

    /// The heap is destroyed; the finalizers that have not run do.
    pub fn finish_watches(&mut self) {
        assert_eq!(self.machine.destroy(), Ok(()));
        let ran = self.machine.ears.ran.take();
        let left = self.watches.all.iter().filter(|watch| !watch.is_weak);
        let (alive, waiting): (Vec<_>, Vec<_>) = left.partition(|it| it.state == State::Alive);
        assert_eq!(ran.len(), alive.len() + waiting.len());
        check_order(&ran, alive.iter().map(|watch| watch.name));
        assert!(waiting.iter().all(|watch| ran.contains(&(watch.name as usize))));
    }
}
