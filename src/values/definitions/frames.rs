//! Frames: one for each procedure that runs, the global one below them all.
//!
//! Invariants:
//! - `.frame.global`: the frame at level 0 is always there; its table is the global namespace's.
//! - `.frame.active`: the active level is one that there is. A frame that is pushed becomes the
//!   active one, and notes which one was.
//! - `.frame.locals`: a frame works on its own table, or on the namespace's that stands on top of
//!   it; those on top are chained, and counted.
//!
//! Pushing and popping take no memory but for the first time: arrays and tables are used again.

use super::Definitions;
use super::table::NONE;
use super::tables::Owner;
use crate::abi::*;
use crate::base::{ListExt, Result, fail};
use crate::values::store::{self, Store};
use crate::values::word::Word;
use crate::values::{Interp, State};

/// The path of the global namespace.
const GLOBAL: &core::ffi::CStr = c"::";

/// A frame.
pub struct Frame {
    cmd: lifecycle_handle,
    args: lifecycle_handle,
    lambda: lifecycle_handle,
    /// The path of its namespace, a text; nil = the global one.
    namespace: Word,
    line: usize,
    /// Its own variables.
    own: u32,
    /// What it works on now.
    in_use: u32,
    /// The newest namespace on top of its own variables.
    locals: u32,
    /// How many there are.
    depth: u32,
    /// The level that was active when it was pushed.
    before: usize,
}

impl Frame {
    /// One that works on a table, which it counts.
    pub fn new(table: u32, before: usize) -> Self {
        Frame {
            cmd: 0,
            args: 0,
            lambda: 0,
            namespace: Word::NIL,
            line: 0,
            own: table,
            in_use: table,
            locals: NONE,
            depth: 0,
            before,
        }
    }
}

/// A namespace's variables on top of a frame's.
pub struct Locals {
    table: u32,
    below: u32,
}

/// The frames at a moment.
#[derive(Clone, Copy)]
pub struct FrameMark {
    count: usize,
    active: usize,
    depth: u32,
}

impl Definitions {
    /// What the active frame works on.
    #[inline]
    pub fn table_in_use(&self) -> u32 {
        self.table_at(self.active)
    }

    /// What the frame at a level works on.
    #[inline]
    pub fn table_at(&self, level: usize) -> u32 {
        self.frames.get(level).map_or(NONE, |frame| frame.in_use)
    }

    #[inline]
    fn push_frame(&mut self, store: &Store, limit: usize) -> Result<&mut Frame> {
        let count = self.frames.len();
        if count >= limit {
            fail!(LIFECYCLE_E_LIMIT, "there are {count} frames already, the most there may be");
        }
        self.frames.make_room(1)?;
        let mut frame = Frame::new(self.tables.open(Owner::Frame(count))?, self.active);
        if let Some(active) = self.frames.get(self.active) {
            frame.namespace = active.namespace;
            store.retain(frame.namespace);
        }
        self.frames.push(frame);
        self.active = count;
        match self.frames.last_mut() {
            Some(frame) => Ok(frame),
            None => fail!(LIFECYCLE_E_INVALID, "there is no frame"),
        }
    }

    #[inline]
    fn pop_frame(&mut self, store: &mut Store) {
        let newest = self.frames.len() - 1;
        while self.pop_locals(store, newest) {}
        let Some(frame) = self.frames.pop() else { return };
        self.active = frame.before;
        store.release(frame.namespace);
        self.tables.let_go(store, frame.own);
    }

    /// Puts a namespace's variables on top of the active frame's.
    fn push_locals(&mut self, namespace: &[u8]) -> Result<()> {
        let table = self.table_of(namespace)?;
        let active = self.active;
        let Some(frame) = self.frames.get_mut(active) else { return Ok(()) };
        if frame.depth == u32::MAX {
            fail!(LIFECYCLE_E_LIMIT, "there are {} namespaces on one frame", u32::MAX);
        }
        frame.locals = self.locals.insert(Locals { table, below: frame.locals })?;
        frame.depth += 1;
        frame.in_use = table;
        self.tables.hold(table);
        Ok(())
    }

    /// Takes the newest namespace's variables off a frame's; false if there are none.
    #[inline]
    fn pop_locals(&mut self, store: &mut Store, level: usize) -> bool {
        let Some(frame) = self.frames.get_mut(level).filter(|frame| frame.locals != NONE) else {
            return false;
        };
        let Some(Locals { table, below }) = self.locals.remove(frame.locals) else { return false };
        frame.locals = below;
        frame.depth -= 1;
        frame.in_use = self.locals.get(below).map_or(frame.own, |locals| locals.table);
        self.tables.let_go(store, table);
        true
    }

    fn frame(&self, level: usize) -> Result<&Frame> {
        match self.frames.get(level) {
            Some(frame) => Ok(frame),
            None => fail!(
                LIFECYCLE_E_RANGE,
                "there is no frame at level {level}; there are {}",
                self.frames.len()
            ),
        }
    }

    /// Whether there is the global frame alone, with its own variables.
    #[inline]
    pub fn is_at_rest(&self) -> bool {
        self.frames.len() == 1 && self.locals.len() == 0
    }

    /// Leaves the global frame alone, with its own variables.
    pub fn pop_all(&mut self, store: &mut Store) {
        self.restore(store, FrameMark { count: 1, active: 0, depth: 0 });
    }

    /// Nothing is said about the global frame any more.
    pub fn forget_global_frame(&mut self, store: &mut Store) {
        if let Some(frame) = self.frames.first_mut() {
            store.release(frame.namespace);
            *frame = Frame::new(frame.own, 0);
        }
    }

    fn restore(&mut self, store: &mut Store, mark: FrameMark) {
        while self.frames.len() > mark.count.max(1) {
            self.pop_frame(store);
        }
        if mark.active < self.frames.len() {
            self.active = mark.active;
        }
        let depth = |it: &Self| it.frames.get(mark.active).map_or(0, |frame| frame.depth);
        while depth(self) > mark.depth && self.pop_locals(store, mark.active) {}
    }
}

impl State {
    /// Frames, the global one included.
    pub fn frame_count(&self) -> usize {
        self.definitions.frames.len()
    }

    /// Level of the active frame.
    pub fn frame_level(&self) -> usize {
        self.definitions.active
    }

    /// Where the frames are: how many, which one is active, what it works on.
    pub fn mark_frames(&self) -> FrameMark {
        let Definitions { frames, active, .. } = &self.definitions;
        let depth = frames.get(*active).map_or(0, |frame| frame.depth);
        FrameMark { count: frames.len(), active: *active, depth }
    }

    /// Goes back to a mark, as far as frames that were pushed later and namespaces on top of the
    /// frame that was active are concerned.
    pub fn restore_frames(&mut self, mark: FrameMark) {
        self.definitions.restore(&mut self.store, mark);
    }

    /// Pops all frames but the global one.
    pub fn pop_all_frames(&mut self) {
        self.definitions.pop_all(&mut self.store);
    }

    /// Refuses what is no handle; nil is fine.
    fn check_handle(&self, handle: lifecycle_handle) -> Result<()> {
        if handle == 0 { Ok(()) } else { self.position(handle).map(|_| ()) }
    }

    fn frame_info(&self, level: usize) -> Result<lifecycle_frame_info> {
        let frame = self.definitions.frame(level)?;
        let (ns, ns_len) = match frame.namespace.as_block() {
            Some(path) => {
                let text = store::at(path).text();
                (text.as_ptr().cast(), text.len())
            }
            None => (GLOBAL.as_ptr(), GLOBAL.count_bytes()),
        };
        let &Frame { cmd, args, lambda, line, .. } = frame;
        Ok(lifecycle_frame_info { cmd, args, lambda, ns, ns_len, level, line })
    }
}

impl Interp {
    /// Pushes a frame, which becomes the active one.
    #[inline]
    pub fn push_frame(&self, cmd: lifecycle_handle, args: lifecycle_handle) -> Result<()> {
        self.with(|state| {
            state.check_handle(cmd)?;
            state.check_handle(args)?;
            let limit = state.options.frame_limit;
            let frame = state.definitions.push_frame(&state.store, limit)?;
            (frame.cmd, frame.args) = (cmd, args);
            Ok(())
        })
    }

    /// Pops the newest frame.
    #[inline]
    pub fn pop_frame(&self) -> Result<()> {
        self.change(|state| {
            if state.frame_count() <= 1 {
                fail!(LIFECYCLE_E_INVALID, "the global frame stays");
            }
            state.definitions.pop_frame(&mut state.store);
            Ok(())
        })
    }

    /// Frames, the global one included.
    pub fn frame_count(&self) -> usize {
        self.with(|state| state.frame_count())
    }

    /// Level of the active frame.
    pub fn frame_level(&self) -> usize {
        self.with(|state| state.frame_level())
    }

    /// Makes another frame the active one.
    pub fn set_active_frame(&self, level: usize) -> Result<()> {
        self.with(|state| {
            state.definitions.frame(level)?;
            state.definitions.active = level;
            Ok(())
        })
    }

    /// What a frame is.
    pub fn frame_info(&self, level: usize) -> Result<lifecycle_frame_info> {
        self.with(|state| state.frame_info(level))
    }

    /// Says which namespace the active frame is in.
    pub fn set_frame_namespace(&self, namespace: &[u8]) -> Result<()> {
        self.with(|state| {
            let path = state.definitions.kept_path(&mut state.store, namespace)?;
            let active = state.definitions.active;
            let Some(frame) = state.definitions.frames.get_mut(active) else { return Ok(()) };
            let old = core::mem::replace(&mut frame.namespace, path);
            state.store.release(old);
            Ok(())
        })
    }

    /// Changes the active frame.
    fn change_frame(&self, change: impl FnOnce(&mut Frame)) {
        self.with(|state| {
            let active = state.definitions.active;
            if let Some(frame) = state.definitions.frames.get_mut(active) {
                change(frame);
            }
        });
    }

    /// Says which line the active frame is in.
    pub fn set_frame_line(&self, line: usize) {
        self.change_frame(|frame| frame.line = line);
    }

    /// Says which lambda the active frame runs.
    pub fn set_frame_lambda(&self, lambda: lifecycle_handle) -> Result<()> {
        self.with(|state| state.check_handle(lambda))?;
        self.change_frame(|frame| frame.lambda = lambda);
        Ok(())
    }

    /// The active frame works on a namespace's variables.
    pub fn push_locals(&self, namespace: &[u8]) -> Result<()> {
        self.with(|state| state.definitions.push_locals(namespace))
    }

    /// The active frame works on what it did before.
    pub fn pop_locals(&self) -> Result<()> {
        self.change(|state| {
            let level = state.frame_level();
            if state.definitions.pop_locals(&mut state.store, level) {
                return Ok(());
            }
            fail!(LIFECYCLE_E_INVALID, "no namespace's variables are on top of the active frame's");
        })
    }
}
