//! What steps are about: numbers from bytes, values from what the machine has.

use super::machine::{GLOBALS, REGISTERS};
use super::twin::{Id, OWN, Val, extent};
use super::{Run, STEP};

/// Bytes, so many for each step that leaving some out leaves out whole steps.
pub struct Bytes<'a> {
    rest: &'a [u8],
    step: &'a [u8],
    state: u64,
}

impl<'a> Bytes<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Bytes { rest, step: &[], state: 0 }
    }

    /// Goes on to the next step, if there is one.
    pub fn next_step(&mut self) -> bool {
        let (step, rest) = self.rest.split_at(self.rest.len().min(STEP));
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        self.state = step.iter().fold(0xcbf2_9ce4_8422_2325, fold) | 1;
        (self.step, self.rest) = (step, rest);
        !step.is_empty()
    }

    /// A byte of the step; after its end, numbers that depend on all of it.
    pub fn byte(&mut self) -> u8 {
        if let Some((first, rest)) = self.step.split_first() {
            self.step = rest;
            return *first;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 32) as u8
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number from two bytes.
    pub fn number(&mut self, n: u32) -> u32 {
        (u32::from(self.byte()) << 8 | u32::from(self.byte())) % n.max(1)
    }
}

/// Where a value can be kept.
#[derive(Clone, Copy, Debug)]
pub enum Spot {
    X(usize),
    Global(usize),
    Root(usize, usize),
}

impl Run<'_> {
    fn immediate(&mut self) -> Val {
        let byte = self.bytes.byte();
        let number = u64::from(byte >> 3);
        match byte & 7 {
            0 => Val::Nil,
            1 | 2 => Val::Int(if byte & 128 != 0 { -1 - (number as i64) } else { 1 << 59 }),
            3 => Val::Host(number << 40),
            _ => Val::Con(number),
        }
    }

    /// A value that some root has.
    fn root(&mut self) -> Option<Val> {
        let frames = &self.twin.now.frames;
        match self.bytes.below(8) {
            0 if !frames.is_empty() => {
                let frame = frames.len() - 1 - self.bytes.below(frames.len().min(3));
                let slots = &self.twin.now.frames[frame].slots;
                let slot = self.bytes.below(slots.len());
                slots.get(slot).copied().flatten()
            }
            1 => Some(self.twin.globals[self.bytes.below(GLOBALS)]),
            2 => {
                let set = self.bytes.below(self.twin.roots.len());
                let cell = self.bytes.below(self.twin.roots[set].cells.len());
                (self.twin.roots[set].times > 0).then(|| self.twin.roots[set].cells[cell])
            }
            _ => {
                let i = self.bytes.below(self.twin.now.x.len());
                self.twin.now.x.get(i).copied()
            }
        }
    }

    /// The cells that a value has, other than headers and raw words: the first one, how many.
    fn parts(&self, val: Val) -> Option<(Id, usize)> {
        match val {
            Val::Lis(id) => Some((id, 2)),
            Val::Str(id) => match self.twin.now.vals[id] {
                Val::Blob(_) => None,
                header => Some((id + 1, extent(header) - 1)).filter(|(_, count)| *count > 0),
            },
            _ => None,
        }
    }

    /// A value: nothing much, or what a root has, or something within it, by what stands there or
    /// by a reference into the middle.
    pub fn value(&mut self) -> Val {
        if self.bytes.chance(12) {
            return self.immediate();
        }
        let Some(mut val) = self.root() else { return self.immediate() };
        for _ in 0..self.bytes.below(4) {
            let Some((first, count)) = self.parts(self.twin.now.deref(val)) else { break };
            let cell = first + self.bytes.number(count as u32) as usize;
            val = if self.bytes.chance(60) { self.twin.now.vals[cell] } else { Val::Ref(cell) };
        }
        val
    }

    /// A value to put into a new cell: also the unbound cell.
    pub fn content(&mut self) -> Val {
        if self.bytes.chance(30) { OWN } else { self.value() }
    }

    /// A cell that can be written: an argument, or a variable.
    pub fn place(&mut self) -> Option<Id> {
        let val = self.value();
        if let Val::Ref(id) = self.twin.now.deref(val)
            && self.bytes.chance(50)
        {
            return Some(id);
        }
        let (first, count) = self.parts(self.twin.now.deref(val))?;
        Some(first + self.bytes.number(count as u32) as usize)
    }

    /// An unbound cell.
    pub fn unbound(&mut self) -> Option<Id> {
        for _ in 0..4 {
            let val = self.value();
            if let Val::Ref(id) = self.twin.now.deref(val)
                && self.twin.now.is_unbound(id)
            {
                return Some(id);
            }
            if let Some((first, count)) = self.parts(self.twin.now.deref(val)) {
                let from = self.bytes.number(count as u32) as usize;
                let all = (from..count).chain(0..from).take(80);
                let found = all.map(|i| first + i).find(|id| self.twin.now.is_unbound(*id));
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Keeps a value in a register, a global or with a callback.
    pub fn keep(&mut self, val: Val) {
        let spot = match self.bytes.below(12) {
            0 => Spot::Global(self.bytes.below(GLOBALS)),
            1 => {
                let set = self.bytes.below(self.twin.roots.len());
                Spot::Root(set, self.bytes.below(self.twin.roots[set].cells.len()))
            }
            byte => Spot::X(if byte < 5 { self.twin.now.x.len() } else { self.bytes.below(99) }),
        };
        self.put(spot, val);
    }

    /// Keeps a value in a place; registers grow as far as they go.
    pub fn put(&mut self, spot: Spot, val: Val) {
        let word = self.twin.word(val);
        self.note(|| format!("  {spot:?} := {val:?} {word:#x}"));
        match spot {
            Spot::X(i) => {
                let count = self.twin.now.x.len();
                if i >= count && count < REGISTERS {
                    self.twin.now.x.push(val);
                    self.machine.x.set(count, word);
                    self.machine.wam().x_count = count as u64 + 1;
                } else {
                    self.twin.now.x[i % count] = val;
                    self.machine.x.set(i % count, word);
                }
            }
            Spot::Global(i) => {
                self.twin.globals[i] = val;
                self.machine.globals.set(i, word);
            }
            Spot::Root(set, i) => {
                if self.twin.roots[set].times > 0 {
                    self.twin.roots[set].cells[i] = val;
                    self.machine.sets[set].cells.set(i, word);
                }
            }
        }
    }

    /// A word that looks like anything.
    pub fn wild(&mut self) -> u64 {
        let near = u64::from(self.bytes.number(1 << 16)) % (self.machine.shown().bound + 9).max(9);
        let tag = u64::from(self.bytes.byte() & 7);
        if self.bytes.chance(10) { u64::MAX << 3 | tag } else { near << 3 | tag }
    }
}
