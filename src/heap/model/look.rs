//! Comparing: every word that the machine can come to, now and after backtracking to each
//! choicepoint, is what the twin says; and no two of the twin's cells are one of the heap's.

use std::collections::HashMap;

use super::Run;
use super::twin::{Marks, View};
use crate::abi::*;

/// What backtracking would write: cells and their values.
type Undone = HashMap<u64, u64>;

impl Run<'_> {
    /// Compares everything.
    pub fn look(&mut self) {
        let mut undone = Undone::new();
        let marks = self.twin.marks(&self.twin.now);
        self.compare(&self.twin.now, &marks, &undone);
        self.compare_registers();
        let mut all = marks;
        let mut top = self.machine.wam().tr_count;
        for i in (0..self.twin.choices.len()).rev() {
            top = self.undo(top, self.machine.choice(i).trail, &mut undone);
            let view = &self.twin.choices[i].view;
            let marks = self.twin.marks(view);
            self.compare(view, &marks, &undone);
            self.compare_choice(i);
            all.iter_mut().zip(marks).for_each(|(all, mark)| *all |= mark);
        }
        self.check_apart(&all);
        if self.setup.has_wam && self.twin.choices.is_empty() {
            assert!(self.machine.wam().b.is_null());
        }
        assert!(!self.machine.ears.wrong.get(), "a callback was handed something wrong");
    }

    /// Takes back what the trail has from `top` down to `bottom`.
    fn undo(&self, mut top: u64, bottom: u64, undone: &mut Undone) -> u64 {
        assert!(bottom <= top, "a choicepoint's trail begins behind its end");
        while top > bottom {
            let word = self.machine.trailed(top - 1);
            match word & 7 {
                LIFECYCLE_TAG_REF => undone.insert(word >> 3, word),
                LIFECYCLE_TAG_LIS => {
                    top -= 1;
                    assert!(top > bottom, "half an entry");
                    undone.insert(word >> 3, self.machine.trailed(top - 1))
                }
                tag => unreachable!("an entry of tag {tag}"),
            };
            top -= 1;
        }
        top
    }

    /// The cells that a view reaches have the words that the twin says.
    fn compare(&self, view: &View, marks: &Marks, undone: &Undone) {
        for (id, _) in marks.iter().enumerate().filter(|(_, mark)| **mark) {
            let at = self.twin.places[id].at;
            let got = undone.get(&at).copied().unwrap_or_else(|| self.machine.read(at));
            let wanted = self.twin.word(view.vals[id]);
            assert_eq!(
                got,
                wanted,
                "cell {id} at {at} ({:?}): {got:#x}, not {wanted:#x}; a view of {} cells",
                view.vals[id],
                view.vals.len()
            );
        }
    }

    fn compare_registers(&self) {
        let twin = &self.twin;
        for (i, val) in twin.now.x.iter().enumerate() {
            assert_eq!(self.machine.x.get(i), twin.word(*val), "register {i}");
        }
        for (i, val) in twin.globals.iter().enumerate() {
            assert_eq!(self.machine.globals.get(i), twin.word(*val), "global {i}");
        }
        for (set, roots) in twin.roots.iter().enumerate().filter(|(_, roots)| roots.times > 0) {
            for (i, val) in roots.cells.iter().enumerate() {
                assert_eq!(self.machine.sets[set].cells.get(i), twin.word(*val), "{set}, {i}");
            }
        }
        if !self.setup.has_wam {
            return;
        }
        let wam = self.machine.wam();
        assert_eq!(wam.code, self.machine.code(twin.now.code));
        self.compare_frames(&twin.now, wam.e);
    }

    /// The environments of a view are those that begin at a frame.
    fn compare_frames(&self, view: &View, first: *mut lifecycle_frame) {
        let mut next = first;
        for frame in view.frames.iter().rev() {
            assert_eq!(next, self.machine.frame(frame.memory), "the current frame");
            for (i, slot) in frame.slots.iter().enumerate() {
                if let Some(val) = slot {
                    let got = self.machine.slot(frame.memory, i);
                    assert_eq!(got, self.twin.word(*val), "slot {i} of frame {}", frame.memory);
                }
            }
            // SAFETY: frames stay until neither the machine nor a choicepoint has them.
            let head = unsafe { *next };
            assert_eq!(head.code, self.machine.code(frame.code));
            next = head.prev;
        }
        assert!(next.is_null(), "the oldest frame");
    }

    fn compare_choice(&self, i: usize) {
        let view = &self.twin.choices[i].view;
        let choice = self.machine.choice(i);
        for (j, val) in view.x.iter().enumerate() {
            assert_eq!(self.machine.argument(i, j), self.twin.word(*val), "argument {j} of {i}");
        }
        assert_eq!(choice.code, self.machine.code(view.code));
        assert_eq!(choice.count as usize, view.x.len());
        let older = i.checked_sub(1).map_or(core::ptr::null(), |i| self.machine.choices[i].at());
        assert_eq!(choice.prev.cast_const().cast(), older);
        self.compare_frames(view, choice.env);
    }

    /// No cell of the heap is two of the twin's.
    fn check_apart(&self, marks: &Marks) {
        let ids = marks.iter().enumerate().filter(|(_, mark)| **mark);
        let mut at: Vec<_> = ids.map(|(id, _)| (self.twin.places[id].at, id)).collect();
        at.sort_unstable();
        for pair in at.windows(2) {
            assert!(pair[0].0 != pair[1].0, "cells {pair:?} are one");
        }
        let frontier = self.machine.stats().frontier;
        let last = at.last().map_or(0, |(at, _)| *at);
        assert!(last < frontier, "cell {last} lives behind the frontier {frontier}");
    }

    /// What the registers look like, whatever the indexes are: cells are counted as they are met.
    pub fn shape(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let mut fold = |word: u64| hash = (hash ^ word).wrapping_mul(0x100_0000_01b3);
        let mut met = HashMap::new();
        let x = (0..self.twin.now.x.len()).map(|i| self.machine.x.get(i));
        let globals = (0..self.twin.globals.len()).map(|i| self.machine.globals.get(i));
        let mut work: Vec<_> = x.chain(globals).collect();
        while let Some(word) = work.pop() {
            let (tag, at) = (word & 7, word >> 3);
            if tag > LIFECYCLE_TAG_LIS || word == 0 {
                fold(word);
                continue;
            }
            let number = met.len() as u64;
            let known = *met.entry(word).or_insert(number);
            fold(known << 3 | tag);
            if known != number {
                continue;
            }
            let header = self.machine.read(at);
            match (tag, header & 7) {
                (LIFECYCLE_TAG_REF, _) => work.push(header),
                (LIFECYCLE_TAG_LIS, _) => work.extend([header, self.machine.read(at + 1)]),
                (_, LIFECYCLE_TAG_FUN) => {
                    fold(header);
                    let arity = header >> 3 & 0x1f_ffff;
                    work.extend((1..=arity).map(|i| self.machine.read(at + i)));
                }
                // What is in a blob looks like indexes.
                _ => fold(header),
            }
        }
        hash
    }
}
