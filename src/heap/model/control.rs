//! Steps: environments, choicepoints, callbacks.

use super::Run;
use super::twin::{Choice, Frame, OWN, Place, Val};
use crate::abi::lifecycle_status::*;

/// Choicepoints and environments there are at most.
const DEEP: usize = 10;

impl Run<'_> {
    /// A code for the slots that are alive in the current environment.
    fn go_on(&mut self) {
        if let Some(frame) = self.twin.now.frames.last() {
            let alive = frame.slots.iter().map(Option::is_some).collect();
            let code = self.machine.add_code(alive);
            self.machine.wam().code = self.machine.code(code);
            self.twin.now.code = code;
        }
    }

    /// What to write where nothing is alive, or where something is.
    fn slot_word(&mut self, slot: Option<Val>) -> u64 {
        match slot {
            Some(val) => self.twin.word(val),
            None => self.wild(),
        }
    }

    pub fn push_frame(&mut self) {
        if !self.setup.has_wam || self.twin.now.frames.len() >= DEEP {
            return self.passed();
        }
        let count = match self.bytes.below(10) {
            0 => 60 + self.bytes.below(100),
            _ => self.bytes.below(8),
        };
        let mut some = Vec::new();
        for _ in 0..count.min(5) {
            let val = match self.bytes.below(5) {
                0 if self.setup.has_live => None,
                1 => Some(Val::Nil),
                _ => Some(self.value()),
            };
            some.push(val);
        }
        let slots: Vec<_> = (0..count).map(|i| some[i % some.len()]).collect();
        let memory = self.machine.push_frame(count);
        for (i, slot) in slots.iter().enumerate() {
            let word = self.slot_word(*slot);
            self.machine.set_slot(memory, i, word);
        }
        self.note(|| format!("  frame {memory}: {slots:?}"));
        self.twin.now.frames.push(Frame { memory, code: self.twin.now.code, slots });
        self.go_on();
        self.done();
    }

    pub fn pop_frame(&mut self) {
        let Some(frame) = self.twin.now.frames.pop() else { return self.passed() };
        self.machine.pop_frame();
        self.twin.now.code = frame.code;
        self.free_frames();
        self.done();
    }

    /// Gives the memory of frames back that neither the machine nor a choicepoint has.
    fn free_frames(&mut self) {
        for memory in 0..self.machine.frames.len() {
            if self.machine.frames[memory].is_some() && !self.twin.has_frame(memory) {
                self.machine.frames[memory] = None;
            }
        }
    }

    /// A frame and a slot that no choicepoint needs.
    fn free_slot(&mut self, is_top: bool) -> Option<(usize, usize)> {
        let count = self.twin.now.frames.len();
        let back = if is_top { 0 } else { self.bytes.below(count.min(3)) };
        let at = count.checked_sub(1 + back)?;
        let frame = &self.twin.now.frames[at];
        let slot = self.bytes.below(frame.slots.len());
        let is_free = slot < frame.slots.len() && !self.twin.is_protected(frame.memory, slot);
        is_free.then_some((at, slot))
    }

    pub fn set_slot(&mut self) {
        let Some((at, slot)) = self.free_slot(false) else { return self.passed() };
        let is_top = at + 1 == self.twin.now.frames.len();
        if self.twin.now.frames[at].slots[slot].is_none() && !is_top {
            return self.passed();
        }
        let val = match self.bytes.chance(20) {
            // A variable that only a slot refers to.
            true => self.make(&[OWN]).map_or(Val::Nil, Val::Ref),
            false => self.value(),
        };
        let memory = self.twin.now.frames[at].memory;
        self.note(|| format!("  slot {slot} of frame {memory} := {val:?}"));
        self.machine.set_slot(memory, slot, self.twin.word(val));
        if self.twin.now.frames[at].slots[slot].replace(val).is_none() {
            self.go_on();
        }
        self.done();
    }

    /// The code goes on where a slot, or several, are not alive any more.
    pub fn kill_slot(&mut self) {
        if !self.setup.has_live || self.twin.now.frames.is_empty() {
            return self.passed();
        }
        let top = self.twin.now.frames.len() - 1;
        let memory = self.twin.now.frames[top].memory;
        for _ in 0..1 + self.bytes.below(4) {
            let count = self.twin.now.frames[top].slots.len();
            let slot = self.bytes.below(count);
            if slot >= count {
                break;
            }
            self.twin.now.frames[top].slots[slot] = None;
            if self.bytes.chance(50) && !self.twin.is_protected(memory, slot) {
                let word = self.wild();
                self.machine.set_slot(memory, slot, word);
            }
        }
        self.note(|| format!("  frame {memory}: {:?}", self.twin.now.frames[top].slots));
        self.go_on();
        self.done();
    }

    pub fn push_choice(&mut self) {
        if !self.setup.has_wam || self.twin.choices.len() >= DEEP {
            return self.passed();
        }
        let got = self.machine.push_choice(self.twin.now.x.len());
        assert_eq!(got, Ok(()));
        let view = self.twin.now.clone();
        self.note(|| format!("  {} at cell {}", self.twin.choices.len(), view.vals.len()));
        let (log, taken) = (self.twin.log.len(), self.taken);
        self.twin.choices.push(Choice { view, log, taken });
        self.done();
    }

    pub fn backtrack(&mut self) {
        if !self.setup.has_wam {
            return self.passed();
        }
        let Some(last) = self.twin.choices.len().checked_sub(1) else {
            let got = self.machine.call(|heap| heap.backtrack());
            assert_eq!(got, Err(LIFECYCLE_E_NOT_FOUND));
            return self.passed();
        };
        self.machine.call(|heap| heap.backtrack()).expect("to go back");
        let top = self.machine.choice(last).top;
        let before = (self.twin.globals.clone(), self.twin.roots.clone());
        let (collections, cells) = (self.collections, self.twin.choices[last].view.vals.len());
        let at_once =
            |place: &Place| place.at >= top || place.born == collections && !place.is_wide;
        self.watches.doom(cells, at_once, &self.twin);
        let (had, noted) = (self.taken, self.twin.backtrack());
        let stats = self.machine.stats();
        self.has_gone_back = true;
        // Wide objects in holes are given back by the next collection.
        self.taken = stats.used - stats.live;
        assert!((noted..=had).contains(&self.taken) && self.taken <= noted + self.wide);
        for (i, val) in self.twin.globals.iter().enumerate() {
            if *val != before.0[i] {
                self.machine.globals.set(i, self.twin.word(*val));
            }
        }
        for (i, roots) in self.twin.roots.iter().enumerate() {
            for (j, val) in roots.cells.iter().enumerate() {
                if *val != before.1[i].cells[j] {
                    self.machine.sets[i].cells.set(j, self.twin.word(*val));
                }
            }
        }
        // The machine gets its registers back from the arguments.
        let count = self.twin.now.x.len();
        self.shrink_registers(count);
        (0..count).for_each(|i| self.machine.x.set(i, self.machine.argument(last, i)));
        self.free_frames();
        self.patience = 0;
        self.done();
        if self.bytes.chance(30) {
            self.pop_choice();
        }
    }

    fn shrink_registers(&mut self, count: usize) {
        let x = std::mem::take(&mut self.twin.now.x);
        self.shrink_to(count);
        self.twin.now.x = x;
    }

    pub fn pop_choice(&mut self) {
        if !self.setup.has_wam {
            return self.passed();
        }
        if self.twin.choices.is_empty() {
            let got = self.machine.call(|heap| heap.choice_pop());
            assert_eq!(got, Err(LIFECYCLE_E_NOT_FOUND));
            return self.passed();
        }
        assert_eq!(self.machine.pop_choice(), Ok(()));
        self.twin.choices.pop();
        self.free_frames();
        self.done();
    }

    pub fn cut(&mut self) {
        if !self.setup.has_wam {
            return self.passed();
        }
        let left = self.bytes.below(self.twin.choices.len() + 1);
        self.note(|| format!("  {left} are left"));
        assert_eq!(self.machine.cut(left), Ok(()));
        self.twin.choices.truncate(left);
        self.free_frames();
        self.done();
    }

    /// A callback comes, or goes.
    pub fn register(&mut self) {
        let set = self.bytes.below(self.twin.roots.len());
        let is_there = self.twin.roots[set].times > 0;
        if is_there && self.bytes.chance(40) {
            assert_eq!(self.machine.register(set, false), Ok(()));
            self.twin.roots[set].times -= 1;
            self.note(|| format!("  {} times {set}", self.twin.roots[set].times));
            return self.done();
        }
        if !is_there {
            let got = self.machine.register(set, false);
            assert_eq!(got, Err(LIFECYCLE_E_NOT_FOUND));
            for i in 0..self.twin.roots[set].cells.len() {
                self.twin.roots[set].cells[i] = Val::Nil;
                self.machine.sets[set].cells.set(i, 0);
            }
        }
        assert_eq!(self.machine.register(set, true), Ok(()));
        self.twin.roots[set].times += 1;
        let val = self.value();
        let i = self.bytes.below(self.twin.roots[set].cells.len());
        self.put(super::pick::Spot::Root(set, i), val);
        self.done();
    }
}
