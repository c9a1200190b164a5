//! A second look at everything that the roots reach, independent of the collector: its own trace, a
//! cell at a time, with its own set of what it has seen, and no trust in what cells say.
//!
//! Between collections it cannot know of each cell whether it was handed out: of those that
//! allocation has passed it believes so. Right after a collection nothing was handed out, and the
//! two sets must be the same: what the trace meets and the collector has not kept was reclaimed too
//! early, and what the collector kept and the trace does not meet was kept for nothing.
//!
//! Invariant `.verify.inside`: a cell is read only where its index is below the frontier.

use core::ffi::{c_int, c_void};

use super::cell::*;
use super::roots::{Steps, each_root_of_frames};
use super::{Busy, Heap, State};
use crate::abi::*;
use crate::base::{Error, Host, Index, List, ListExt, Result};

type Report = unsafe extern "C" fn(*const lifecycle_heap_fault, *mut c_void) -> c_int;

/// Where something stands, for a fault.
#[derive(Clone, Copy)]
struct Spot {
    place: u32,
    index: u64,
    holder: *const c_void,
}

impl Spot {
    fn new(place: u32, index: usize) -> Spot {
        Spot { place, index: index as u64, holder: core::ptr::null() }
    }

    fn of(place: u32, index: usize, holder: *const c_void) -> Spot {
        Spot { holder, ..Spot::new(place, index) }
    }
}

/// A verification under way.
pub struct Trace {
    /// A bit for each cell.
    seen: List<u64>,
    /// Cells of the heap that were seen and not looked at.
    todo: List<u64>,
    frames: Frames,
    report: Option<Report>,
    user: *mut c_void,
    faults: usize,
    /// Cells that callbacks handed over.
    handed: usize,
    has_stopped: bool,
    /// There was no memory while a callback handed something over.
    failed: Option<Error>,
}

impl Trace {
    fn new(host: Host, cells: u64) -> Result<Trace> {
        let mut seen = List::new_in(host);
        let words = cells.div_ceil(64) as usize;
        seen.make_room(words)?;
        seen.resize(words, 0);
        Ok(Trace {
            seen,
            todo: List::new_in(host),
            frames: Frames { pairs: List::new_in(host), places: Index::new(host, 0) },
            report: None,
            user: core::ptr::null_mut(),
            faults: 0,
            handed: 0,
            has_stopped: false,
            failed: None,
        })
    }

    fn has_seen(&self, cell: u64) -> bool {
        self.seen.get((cell / 64) as usize).is_some_and(|word| word >> (cell % 64) & 1 != 0)
    }

    /// Notes a cell; if it is new, it is to be looked at.
    fn meet(&mut self, cell: u64) -> Result<()> {
        if self.has_seen(cell) {
            return Ok(());
        }
        self.pass(cell);
        self.todo.try_push(cell)
    }

    /// Notes a cell that there is nothing to look at in.
    fn pass(&mut self, cell: u64) {
        if let Some(word) = self.seen.get_mut((cell / 64) as usize) {
            *word |= 1 << (cell % 64);
        }
    }
}

/// Environments that were walked, with the code that they were walked for.
struct Frames {
    pairs: List<(u64, u64)>,
    /// Places in that list.
    places: Index,
}

impl Frames {
    /// Whether the pair is new.
    fn add(&mut self, frame: u64, code: u64) -> Result<bool> {
        let mut bytes = [0; 16];
        let (first, second) = bytes.split_at_mut(8);
        first.copy_from_slice(&frame.to_le_bytes());
        second.copy_from_slice(&code.to_le_bytes());
        let hash = self.places.hash(0, &bytes);
        let is_it = |place: u64| self.pairs.get(place as usize) == Some(&(frame, code));
        if self.places.find(hash, is_it).is_some() {
            return Ok(false);
        }
        let place = self.pairs.len() as u64;
        self.pairs.try_push((frame, code))?;
        self.places.insert(hash, place)?;
        Ok(true)
    }
}

impl State {
    /// Whether a cell is one that may be referred to, as far as is known.
    fn is_in_use(&self, cell: u64) -> bool {
        let passed = if self.place.in_holes { self.front.cursor } else { self.place.holes_end };
        cell >= self.place.holes_end || cell < passed || self.bits().is_set(cell)
    }

    fn read(&self, cell: u64) -> lifecycle_cell {
        // SAFETY: `.verify.inside`
        unsafe { *self.cell_place(cell) }
    }

    /// What is wrong with a value; what it refers to is noted.
    fn judge(&mut self, value: lifecycle_cell) -> Result<Option<u32>> {
        let at = index(value);
        let len = match tag(value) {
            LIFECYCLE_TAG_FUN | LIFECYCLE_TAG_BLOB => return Ok(Some(LIFECYCLE_FAULT_VALUE)),
            LIFECYCLE_TAG_REF if at == 0 => return Ok(None),
            LIFECYCLE_TAG_REF | LIFECYCLE_TAG_STR => 1,
            LIFECYCLE_TAG_LIS => 2,
            _ => return Ok(None),
        };
        let end = self.frontier();
        if at == 0 || at >= end || end - at < len {
            return Ok(Some(LIFECYCLE_FAULT_RANGE));
        }
        if !(at..at + len).all(|cell| self.is_in_use(cell)) {
            return Ok(Some(LIFECYCLE_FAULT_RECLAIMED));
        }
        if tag(value) == LIFECYCLE_TAG_STR {
            return self.judge_structure(at);
        }
        let is_header =
            |cell: lifecycle_cell| matches!(tag(cell), LIFECYCLE_TAG_FUN | LIFECYCLE_TAG_BLOB);
        if (at..at + len).any(|cell| is_header(self.read(cell))) {
            return Ok(Some(LIFECYCLE_FAULT_HEADER));
        }
        if let Some(trace) = &mut self.trace {
            for cell in at..at + len {
                trace.meet(cell)?;
            }
        }
        Ok(None)
    }

    fn judge_structure(&mut self, at: u64) -> Result<Option<u32>> {
        let header = self.read(at);
        let (len, is_raw) = match tag(header) {
            LIFECYCLE_TAG_FUN => (arity(header), false),
            LIFECYCLE_TAG_BLOB => (blob_words(header), true),
            _ => return Ok(Some(LIFECYCLE_FAULT_HEADER)),
        };
        if len > self.frontier() - at - 1 || !is_raw && len > LIFECYCLE_ARITY_MAX {
            return Ok(Some(LIFECYCLE_FAULT_WHOLE));
        }
        if self.trace.as_ref().is_some_and(|trace| trace.has_seen(at)) {
            return Ok(None);
        }
        if !(at..=at + len).all(|cell| self.is_in_use(cell)) {
            return Ok(Some(LIFECYCLE_FAULT_RECLAIMED));
        }
        if let Some(trace) = &mut self.trace {
            trace.pass(at);
            for cell in at + 1..=at + len {
                if is_raw { trace.pass(cell) } else { trace.meet(cell)? }
            }
        }
        Ok(None)
    }

    /// The next cell that was seen and not looked at, and what it holds.
    fn next_to_look_at(&mut self) -> Option<(u64, lifecycle_cell)> {
        let trace = self.trace.as_mut()?;
        if trace.has_stopped {
            return None;
        }
        let at = trace.todo.pop()?;
        Some((at, self.read(at)))
    }
}

impl Heap {
    /// Looks at everything; how many faults there are.
    pub fn verify(&self, report: lifecycle_verify_fn, user: *mut c_void) -> Result<usize> {
        self.trace_all(report, user, false)
    }

    /// As `verify`, when nothing was handed out since a collection.
    pub(super) fn verify_after_collection(&self) -> Result<usize> {
        self.trace_all(None, core::ptr::null_mut(), true)
    }

    fn trace_all(
        &self,
        report: lifecycle_verify_fn,
        user: *mut c_void,
        is_exact: bool,
    ) -> Result<usize> {
        self.with(|state| {
            state.refuse_if_busy()?;
            let mut trace = Trace::new(state.host, state.frontier())?;
            (trace.report, trace.user) = (report, user);
            state.trace = Some(trace);
            state.enter(Busy::Verifying);
            Ok(())
        })?;
        let walked =
            self.trace_roots().and_then(|()| if is_exact { self.compare() } else { Ok(()) });
        let faults = self.with(|state| {
            state.leave();
            state.trace.take().map_or(0, |trace| trace.faults)
        });
        walked.map(|()| faults)
    }

    /// Counts a fault and tells of it.
    fn fault(&self, kind: u32, cell: lifecycle_cell, spot: Spot) {
        let hears = self.with(|state| {
            let trace = state.trace.as_mut().filter(|trace| !trace.has_stopped)?;
            trace.faults += 1;
            Some((trace.report?, trace.user))
        });
        let Some((report, user)) = hears else { return };
        let fault = lifecycle_heap_fault {
            size: size_of::<lifecycle_heap_fault>(),
            kind,
            place: spot.place,
            index: spot.index,
            cell,
            holder: spot.holder,
        };
        // SAFETY: the host promised that it may be called with its pointer (lifecycle_verify_fn).
        if unsafe { report(&raw const fault, user) } != 0 {
            self.with(|state| {
                if let Some(trace) = &mut state.trace {
                    trace.has_stopped = true;
                }
            });
        }
    }

    /// Looks at a value, and at everything that it reaches.
    fn trace_value(&self, value: lifecycle_cell, spot: Spot) -> Result<()> {
        if let Some(kind) = self.with(|state| state.judge(value))? {
            self.fault(kind, value, spot);
        }
        while let Some((at, value)) = self.with(State::next_to_look_at) {
            if let Some(kind) = self.with(|state| state.judge(value))? {
                self.fault(kind, value, Spot::new(LIFECYCLE_PLACE_HEAP, at as usize));
            }
        }
        Ok(())
    }

    /// A cell that a root callback hands over.
    pub(super) fn trace_callback(&self, value: lifecycle_cell) -> Result<()> {
        let handed = self.with(|state| {
            let trace = state.trace.as_mut()?;
            trace.handed += 1;
            Some(trace.handed - 1)
        });
        let spot = Spot::new(LIFECYCLE_PLACE_CALLBACK, handed.unwrap_or_default());
        self.trace_value(value, spot).inspect_err(|error| {
            // The callback need not care, and the verification must.
            self.with(|state| {
                if let Some(trace) = &mut state.trace {
                    trace.failed = Some(*error);
                }
            });
        })
    }

    fn trace_roots(&self) -> Result<()> {
        self.call_roots();
        if let Some(error) = self.with(|state| state.trace.as_ref()?.failed) {
            return Err(error);
        }
        let registers = self.with(|state| state.front.wam);
        if registers.is_null() {
            return Ok(());
        }
        // SAFETY: `.roots.host`
        let wam = unsafe { *registers };
        for (place, first, count) in [
            (LIFECYCLE_PLACE_GLOBAL, wam.globals, wam.globals_count),
            (LIFECYCLE_PLACE_X, wam.x, wam.x_count),
        ] {
            // SAFETY: `.roots.host`
            for (at, cell) in unsafe { super::roots::cells(first, count) }.iter().enumerate() {
                self.trace_value(*cell, Spot::new(place, at))?;
            }
        }
        self.trace_frames(wam.e, wam.code, &wam)?;
        self.trace_choices(&wam)?;
        self.trace_trail(&wam)
    }

    fn trace_frames(
        &self,
        first: *mut lifecycle_frame,
        code: *const c_void,
        wam: &lifecycle_wam,
    ) -> Result<()> {
        each_root_of_frames(
            first,
            code,
            wam,
            |frame, code| {
                self.with(|state| match &mut state.trace {
                    Some(trace) => trace.frames.add(frame as u64, code as u64),
                    None => Ok(false),
                })
            },
            |frame, at, cell| {
                self.trace_value(cell, Spot::of(LIFECYCLE_PLACE_FRAME, at, frame.cast()))
            },
        )
    }

    fn trace_choices(&self, wam: &lifecycle_wam) -> Result<()> {
        let mut newer = (wam.tr_count, self.with(|state| state.frontier()));
        let mut choice = wam.b;
        let mut steps = Steps::new();
        let mut depth = 0;
        while !choice.is_null() {
            let spot = Spot::of(LIFECYCLE_PLACE_CHOICE, depth, choice.cast());
            if !steps.step(choice) {
                self.fault(LIFECYCLE_FAULT_CHOICE, 0, spot);
                return Ok(());
            }
            // SAFETY: `.roots.host`
            let head = unsafe { *choice };
            if head.trail > newer.0 || head.top > newer.1 {
                self.fault(LIFECYCLE_FAULT_CHOICE, 0, spot);
            }
            newer = (head.trail, head.top);
            let first = choice.wrapping_add(1).cast();
            // SAFETY: `.roots.host` - the arguments are right behind the head.
            let arguments = unsafe { super::roots::cells(first, u64::from(head.count)) };
            for (at, cell) in arguments.iter().enumerate() {
                self.trace_value(*cell, Spot::of(LIFECYCLE_PLACE_CHOICE, at, choice.cast()))?;
            }
            self.trace_frames(head.env, head.code, wam)?;
            choice = head.prev;
            depth += 1;
        }
        Ok(())
    }

    fn trace_trail(&self, wam: &lifecycle_wam) -> Result<()> {
        let count = wam.tr_count.min(wam.tr_capacity);
        // SAFETY: `.roots.host`
        let words = unsafe { super::roots::cells(wam.tr, count) };
        let mut rest = words;
        while let [older @ .., word] = rest {
            rest = older;
            let spot = Spot::new(LIFECYCLE_PLACE_TRAIL, older.len());
            let at = index(*word);
            let is_there =
                self.with(|state| at != 0 && at < state.frontier() && state.is_in_use(at));
            match (tag(*word), older) {
                (LIFECYCLE_TAG_REF, _) if is_there => {}
                (LIFECYCLE_TAG_LIS, [oldest @ .., value]) => {
                    rest = oldest;
                    if !is_there {
                        self.fault(LIFECYCLE_FAULT_TRAIL, *word, spot);
                    }
                    self.trace_value(*value, Spot::new(LIFECYCLE_PLACE_TRAIL, oldest.len()))?;
                }
                _ => self.fault(LIFECYCLE_FAULT_TRAIL, *word, spot),
            }
        }
        Ok(())
    }

    /// What the collector kept and the trace has not met.
    fn compare(&self) -> Result<()> {
        let mut at = 1;
        loop {
            let kept = self.with(|state| {
                let (bits, end) = (state.bits(), state.frontier());
                let trace = state.trace.as_ref().filter(|trace| !trace.has_stopped)?;
                while at < end {
                    at = bits.next_set(at, end) + 1;
                    if at <= end && !trace.has_seen(at - 1) {
                        return Some((at - 1, state.read(at - 1)));
                    }
                }
                None
            });
            let Some((cell, value)) = kept else { return Ok(()) };
            self.fault(LIFECYCLE_FAULT_KEPT, value, Spot::new(LIFECYCLE_PLACE_HEAP, cell as usize));
        }
    }
}
