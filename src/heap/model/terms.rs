//! Steps: making terms, keeping and dropping them, binding and assigning.

use std::collections::HashSet;

use super::Run;
use super::machine::{Got, figures};
use super::twin::{Id, OWN, Val, WIDE, extent};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

/// Cells that the twin may have before terms stay small.
const MANY: usize = 30_000;

impl Run<'_> {
    /// Cells from the heap; none where there is no room for them, which must be so.
    pub fn cells(&mut self, count: u64) -> Option<u64> {
        let got = self.machine.alloc(count);
        self.note(|| format!("  {count} cells at {got:?}"));
        match got {
            Ok(at) => {
                self.took(count);
                Some(at)
            }
            Err(status) => {
                assert_eq!(status, LIFECYCLE_E_LIMIT);
                self.check_full(count);
                self.passed();
                None
            }
        }
    }

    /// Cells were handed out.
    fn took(&mut self, count: u64) {
        self.taken += count;
        if count > WIDE as u64 {
            self.wide += count;
        }
    }

    /// A limit is told only where the cells do not fit behind the frontier.
    pub fn check_full(&self, count: u64) {
        let stats = self.machine.stats();
        assert_ne!(self.setup.max_cells, 0, "there is room");
        let room = stats.max_cells.saturating_sub(stats.frontier);
        let told = figures(&stats);
        assert!(room < count + 2, "{count} cells are refused where {room} are free: {told}");
    }

    /// New cells in both.
    pub fn make(&mut self, cells: &[Val]) -> Option<Id> {
        let at = self.cells(cells.len() as u64)?;
        Some(self.fill(at, cells))
    }

    fn fill(&mut self, at: u64, cells: &[Val]) -> Id {
        let id = self.twin.push(at, self.collections, cells);
        for i in 0..cells.len() {
            let word = self.twin.word(self.twin.now.vals[id + i]);
            self.machine.write(at + i as u64, word);
        }
        self.done();
        id
    }

    pub fn var(&mut self) {
        if let Some(id) = self.make(&[OWN]) {
            self.keep(Val::Ref(id));
        }
    }

    pub fn atomic(&mut self) {
        let atom = u64::from(self.bytes.byte());
        self.keep(if atom & 1 == 0 { Val::Con(atom) } else { Val::Host(u64::MAX >> 3) });
        self.done();
    }

    /// Pairs, one behind the other, with other cells between them sometimes.
    pub fn list(&mut self) {
        let mut tail = self.content();
        let mut last = None;
        let gap = self.bytes.chance(40);
        let most = if self.bytes.chance(20) { 60 } else { 3 };
        for _ in 0..1 + self.bytes.below(most) {
            let head = self.content();
            let Some(id) = self.make(&[head, tail]) else { break };
            last = Some(Val::Lis(id));
            tail = Val::Lis(id);
            if gap {
                self.waste(3);
            }
        }
        if let Some(list) = last {
            self.keep(list);
        }
    }

    /// A header and arguments: a few values again and again.
    fn compound(&mut self, arity: usize) -> Vec<Val> {
        let name = u64::from(self.bytes.byte()) << 30 | 5;
        let some: Vec<_> =
            (0..arity.min(1 + self.bytes.below(7))).map(|_| self.content()).collect();
        let arguments = (0..arity).map(|i| some[i % some.len()]);
        core::iter::once(Val::Fun(name, arity as u32)).chain(arguments).collect()
    }

    pub fn structure(&mut self) {
        let arity = match self.bytes.below(10) {
            0..7 => self.bytes.below(5),
            7 => 60 + self.bytes.below(11),
            _ => self.bytes.below(71),
        };
        let cells = self.compound(arity);
        if let Some(id) = self.make(&cells) {
            self.keep(Val::Str(id));
        }
    }

    pub fn large(&mut self) {
        let arity = match self.twin.now.vals.len() {
            MANY.. => 130,
            _ if self.bytes.chance(15) => 2000 + self.bytes.number(7000) as usize,
            _ => 120 + self.bytes.number(400) as usize,
        };
        let cells = self.compound(arity);
        if let Some(id) = self.make(&cells) {
            self.keep(Val::Str(id));
        }
    }

    /// Raw words that look like references and headers.
    pub fn blob(&mut self) {
        let most = if self.bytes.chance(20) { 1200 } else { 40 };
        let bytes = self.bytes.number(most);
        let mut cells = vec![Val::Blob(u64::from(bytes))];
        cells.extend((0..bytes.div_ceil(8)).map(|_| Val::Raw(self.wild())));
        if let Some(id) = self.make(&cells) {
            self.keep(Val::Str(id));
        }
    }

    /// The same, made by the heap.
    pub fn bytes_blob(&mut self) {
        let count = self.bytes.number(90) as usize;
        let bytes: Option<Vec<u8>> =
            self.bytes.chance(80).then(|| (0..count).map(|_| self.bytes.byte()).collect());
        let got = self.machine.call(|heap| heap.blob(bytes.as_deref(), count));
        let bytes = bytes.unwrap_or_else(|| vec![0; count]);
        let Ok(word) = got else {
            assert_eq!(got, Err(LIFECYCLE_E_LIMIT));
            self.check_full(count as u64 / 8 + 2);
            return self.passed();
        };
        assert_eq!(word & 7, LIFECYCLE_TAG_STR);
        let raw = |part: &[u8]| {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            Val::Raw(u64::from_le_bytes(word))
        };
        let mut cells = vec![Val::Blob(count as u64)];
        cells.extend(bytes.chunks(8).map(raw));
        // The last word is filled up with anything.
        if !count.is_multiple_of(8) {
            let last = self.machine.read((word >> 3) + cells.len() as u64 - 1);
            let Some(Val::Raw(wanted)) = cells.last().copied() else { unreachable!("a word") };
            let mask = (1 << (count % 8 * 8)) - 1;
            assert_eq!(last & mask, wanted & mask);
            *cells.last_mut().expect("a word") = Val::Raw(last);
        }
        self.took(cells.len() as u64);
        let id = self.twin.push(word >> 3, self.collections, &cells);
        self.keep(Val::Str(id));
        self.done();
    }

    /// s(s(s(...))), deep.
    pub fn chain(&mut self) {
        let mut val = self.value();
        for _ in 0..self.bytes.number(200) {
            let other = if self.bytes.chance(10) { OWN } else { Val::Int(7) };
            let Some(id) = self.make(&[Val::Fun(9, 2), other, val]) else { break };
            val = Val::Str(id);
        }
        self.keep(val);
    }

    pub fn move_value(&mut self) {
        let val = self.value();
        self.keep(val);
        self.done();
    }

    /// A place has nothing any more.
    pub fn drop_value(&mut self) {
        self.keep(Val::Nil);
        self.done();
    }

    /// Fewer registers count; what stands in the others is anything.
    pub fn shrink(&mut self) {
        let count = self.twin.now.x.len();
        let left = self.bytes.below(count + 1);
        self.shrink_to(left);
        self.done();
    }

    pub fn shrink_to(&mut self, left: usize) {
        for i in left..super::machine::REGISTERS {
            let word = if self.setup.has_wam { self.wild() } else { 0 };
            self.machine.x.set(i, word);
        }
        self.twin.now.x.truncate(left);
        self.machine.wam().x_count = left as u64;
    }

    /// Cells that nothing refers to.
    pub fn garbage(&mut self) {
        let count = match self.bytes.below(10) {
            0 => 1 + self.bytes.number(3000),
            1 | 2 => 100 + self.bytes.number(60),
            _ => 1 + self.bytes.number(40),
        };
        self.waste(count.into());
        self.done();
    }

    pub fn waste(&mut self, count: u64) {
        if let Some(at) = self.cells(count) {
            let (first, second) = (self.wild(), self.wild());
            (at..at + count).for_each(|at| {
                self.machine.write(at, if at & 1 == 0 { first } else { second });
            });
        }
    }

    /// Binds an unbound cell in both; whether the trail took it.
    fn bind_to(&mut self, id: Id, val: Val) -> bool {
        let (at, word) = (self.twin.places[id].at, self.twin.word(val));
        let got = self.machine.bind(at, word);
        self.note(|| format!("  bind {id} (at {at}) to {val:?} {word:#x}: {got:?}"));
        match got {
            Ok(()) => self.twin.now.vals[id] = val,
            Err(status) => self.check_trail_is_full(status),
        }
        got.is_ok()
    }

    fn check_trail_is_full(&mut self, status: lifecycle_status) {
        let capacity = self.setup.trail.expect("only the host's trail is full") as u64;
        assert_eq!(status, LIFECYCLE_E_LIMIT);
        assert!(self.machine.wam().tr_count + 2 > capacity, "there is room");
        self.passed();
    }

    pub fn bind(&mut self) {
        let Some(id) = self.unbound() else { return self.passed() };
        let val = self.value();
        if !self.twin.now.passes(val, id) && self.bind_to(id, val) {
            self.done();
        }
    }

    pub fn assign(&mut self) {
        let Some(id) = self.place() else { return self.passed() };
        let val = match self.bytes.below(8) {
            0 => Val::Ref(id),
            _ => self.value(),
        };
        if val != Val::Ref(id) && self.twin.now.passes(val, id) {
            return self.passed();
        }
        let (at, word) = (self.twin.places[id].at, self.twin.word(val));
        let before = self.machine.wam().tr_count;
        let got: Got<()> = self.machine.call(|heap| heap.assign(at, word));
        self.note(|| format!("  assign {id} (at {at}) := {val:?} {word:#x}: {got:?}"));
        if let Err(status) = got {
            return self.check_trail_is_full(status);
        }
        if self.machine.wam().tr_count != before {
            self.twin.log.push((id, self.twin.now.vals[id]));
        }
        self.twin.now.vals[id] = val;
        self.done();
    }

    /// Unifies two terms, which the twin does step by step. In a critical section the machine comes
    /// by safepoints, and nothing is collected.
    pub fn unify(&mut self) {
        let is_critical = self.bytes.chance(50);
        if is_critical {
            self.machine.call(|heap| heap.critical_enter()).expect("a section");
            self.critical += 1;
        }
        let (mut work, mut seen) = (vec![(self.value(), self.value())], HashSet::new());
        while let Some((a, b)) = work.pop() {
            if is_critical && self.bytes.chance(20) {
                self.safepoint();
            }
            let (a, b) = (self.twin.now.deref(a), self.twin.now.deref(b));
            let free = |val| match val {
                Val::Ref(id) => self.twin.now.is_unbound(id).then_some(id),
                _ => None,
            };
            match (free(a), free(b), a, b) {
                _ if a == b => {}
                (Some(x), Some(y), ..) => {
                    // Either way: the older to the younger one as well.
                    let (from, to) = if self.bytes.chance(50) { (x, y) } else { (y, x) };
                    if !self.bind_to(from, Val::Ref(to)) {
                        break;
                    }
                }
                (Some(x), _, _, val) | (_, Some(x), val, _) => {
                    if !self.bind_to(x, val) {
                        break;
                    }
                }
                (_, _, Val::Lis(x), Val::Lis(y)) if seen.insert((x, y)) => {
                    work.extend((0..2).map(|i| (self.of(x + i), self.of(y + i))));
                }
                (_, _, Val::Str(x), Val::Str(y))
                    if self.twin.now.vals[x] == self.twin.now.vals[y] && seen.insert((x, y)) =>
                {
                    if let header @ Val::Fun(..) = self.twin.now.vals[x] {
                        work.extend((1..extent(header)).map(|i| (self.of(x + i), self.of(y + i))));
                    }
                }
                (_, _, Val::Lis(x), Val::Lis(y)) | (_, _, Val::Str(x), Val::Str(y))
                    if seen.contains(&(x, y)) => {}
                // It fails; what was bound stays until the machine backtracks.
                _ => break,
            }
        }
        if is_critical {
            self.machine.call(|heap| heap.critical_leave()).expect("the section");
            self.critical -= 1;
        }
        self.done();
    }

    fn of(&self, id: Id) -> Val {
        self.twin.now.vals[id]
    }
}
