//! What a WAM does with its heap beside allocating: choicepoints, the trail, going back.
//!
//! Which bindings are trailed is decided by the frontier as it was when the newest choicepoint was
//! made (`hb`), never by where in the holes allocation was: older cells lie above that. A cell that
//! is younger than the choicepoint and lies in a hole is trailed for nothing, and does no harm.

use core::ffi::c_void;

use super::cell::reference;
use super::space::Region;
use super::{Heap, State, cell};
use crate::abi::*;
use crate::base::{Error, Result, error, fail};

const CELL: usize = size_of::<lifecycle_cell>();
/// Bytes a trail that the heap makes begins with.
const TRAIL_BYTES: usize = 64 << 10;
/// Words of a trail that is worth a collection.
const LONG_TRAIL: u64 = 1 << 20;

impl State {
    /// The host's registers.
    fn wam(&mut self) -> Result<&'static mut lifecycle_wam> {
        // SAFETY: `.roots.host` - they stay where they are while the heap has them.
        match unsafe { self.front.wam.as_mut() } {
            Some(wam) => Ok(wam),
            None => fail!(LIFECYCLE_E_INVALID, "the heap has no lifecycle_wam"),
        }
    }

    /// The registers, for something that changes the machine.
    fn machine(&mut self) -> Result<&'static mut lifecycle_wam> {
        self.refuse_if_busy()?;
        self.wam()
    }

    /// The cells of the newest choicepoint are below this; without one nothing needs the trail.
    pub fn newest_top(&self) -> u64 {
        // SAFETY: `.roots.host`
        let newest = unsafe { self.front.wam.as_ref().and_then(|wam| wam.b.as_ref()) };
        newest.map_or(0, |choice| choice.top)
    }

    fn set_wam(&mut self, registers: *mut lifecycle_wam) -> Result<()> {
        self.refuse_if_busy()?;
        // SAFETY: `.roots.host`, after the check.
        let Some(wam) = check_wam(registers)?.map(|()| unsafe { &mut *registers }) else {
            self.forget_wam();
            return Ok(());
        };
        let own = self.own_trail.as_ref().map(|trail| trail.base().cast());
        if self.front.wam == registers && own == Some(wam.tr) {
            return Ok(());
        }
        let trail = if wam.tr.is_null() { Some(self.make_trail()?) } else { None };
        self.forget_wam();
        if let Some(trail) = &trail {
            wam.tr = trail.base().cast();
            wam.tr_capacity = words(trail);
        }
        self.own_trail = trail;
        self.front.wam = registers;
        Ok(())
    }

    fn make_trail(&self) -> Result<Region> {
        let most = self.space.max() as usize * size_of::<lifecycle_cell>();
        let mut trail = Region::new(most.max(TRAIL_BYTES), TRAIL_BYTES)?;
        trail.grow_to(TRAIL_BYTES)?;
        Ok(trail)
    }

    /// The registers are the host's again; a trail that the heap made is gone.
    pub fn forget_wam(&mut self) {
        // SAFETY: `.roots.host`
        let wam = unsafe { self.front.wam.as_mut() };
        if let (Some(_), Some(wam)) = (self.own_trail.take(), wam) {
            wam.tr = core::ptr::null_mut();
            (wam.tr_count, wam.tr_capacity) = (0, 0);
        }
        self.front.wam = core::ptr::null_mut();
        self.front.hb = 0;
    }

    fn trail_reserve(&mut self, more: u64) -> Result<()> {
        let wam = self.machine()?;
        let wanted = wam.tr_count.saturating_add(more);
        if wanted <= wam.tr_capacity {
            return Ok(());
        }
        let Some(trail) = &mut self.own_trail else {
            let capacity = wam.tr_capacity;
            fail!(LIFECYCLE_E_LIMIT, "the trail has {capacity} words, which are not enough");
        };
        let bytes = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_mul(CELL);
        trail.grow_to(bytes)?;
        wam.tr_capacity = words(trail);
        // What a collection need not keep may be most of it.
        if wam.tr_capacity > self.trail_kept.saturating_mul(2).max(LONG_TRAIL) {
            self.ask_to_collect();
        }
        Ok(())
    }

    fn assign(&mut self, at: u64, value: lifecycle_cell) -> Result<()> {
        self.refuse_if_busy()?;
        self.check_index(at)?;
        let place = self.cell_place(at);
        if at < self.front.hb {
            self.trail_reserve(2)?;
            let wam = self.wam()?;
            let next = wam.tr.wrapping_add(wam.tr_count as usize);
            // SAFETY: `.space.committed` for the cell, `trail_reserve` for the words.
            unsafe {
                *next = *place;
                *next.wrapping_add(1) = at << 3 | LIFECYCLE_TAG_LIS;
            }
            wam.tr_count += 2;
        }
        // SAFETY: `.space.committed`
        unsafe { *place = value };
        Ok(())
    }

    fn choice_push(
        &mut self,
        choice: *mut lifecycle_choice,
        count: u32,
        alternative: *const c_void,
    ) -> Result<()> {
        let wam = self.machine()?;
        if choice.is_null() || !choice.is_aligned() {
            fail!(LIFECYCLE_E_INVALID, "the memory for a choicepoint is NULL or not aligned");
        }
        let (top, hole, taken) = self.position();
        let made = lifecycle_choice {
            prev: wam.b,
            env: wam.e,
            code: wam.code,
            alternative,
            trail: wam.tr_count,
            top,
            hole,
            taken,
            watches: self.watches.len(),
            count,
            reserved: 0,
        };
        // SAFETY: the host's memory for it (contract of lifecycle_wam_choice_push).
        unsafe { choice.write(made) };
        wam.b = choice;
        self.front.hb = top;
        Ok(())
    }

    fn cut(&mut self, choice: *mut lifecycle_choice) -> Result<()> {
        self.machine()?.b = choice;
        self.front.hb = self.newest_top();
        Ok(())
    }

    fn backtrack(&mut self) -> Result<()> {
        let wam = self.machine()?;
        // SAFETY: `.roots.host`
        let Some(choice) = (unsafe { wam.b.as_ref() }) else { return Err(no_choice()) };
        self.undo(wam, choice.trail);
        wam.e = choice.env;
        wam.code = choice.code;
        self.unwatch(choice);
        self.rewind(choice.top, choice.hole, choice.taken);
        self.front.hb = choice.top;
        Ok(())
    }

    /// Undoes what the trail has from a word on, newest first.
    fn undo(&mut self, wam: &mut lifecycle_wam, from: u64) {
        let mut at = wam.tr_count.min(wam.tr_capacity);
        let word = |at: u64| {
            // SAFETY: `.trail.host` - `at` is below `tr_count`.
            unsafe { *wam.tr.wrapping_add(at as usize) }
        };
        while at > from {
            at -= 1;
            let entry = word(at);
            let cell = cell::index(entry);
            let value = if cell::tag(entry) == LIFECYCLE_TAG_LIS && at > from {
                at -= 1;
                word(at)
            } else {
                reference(cell)
            };
            if cell != 0 && cell <= self.front.bound {
                // SAFETY: `.space.committed`
                unsafe { *self.cell_place(cell) = value };
            }
        }
        wam.tr_count = at;
    }
}

/// Are these registers that can be used? `None` if there are none.
fn check_wam(registers: *mut lifecycle_wam) -> Result<Option<()>> {
    if registers.is_null() {
        return Ok(None);
    }
    if !registers.is_aligned() {
        fail!(LIFECYCLE_E_INVALID, "the lifecycle_wam is not aligned");
    }
    // SAFETY: `.roots.host` - the size is read first: of a shorter struct there is no more.
    let size = unsafe { (*registers).size };
    if size != size_of::<lifecycle_wam>() {
        fail!(LIFECYCLE_E_INVALID, "a lifecycle_wam of {size} bytes was not set up with its macro");
    }
    // SAFETY: `.roots.host`
    let wam = unsafe { &*registers };
    let lacks = |first: *mut lifecycle_cell, count: u64| first.is_null() && count != 0;
    if lacks(wam.x, wam.x_count)
        || lacks(wam.globals, wam.globals_count)
        || lacks(wam.tr, wam.tr_capacity)
    {
        fail!(LIFECYCLE_E_INVALID, "the lifecycle_wam counts cells where it has NULL");
    }
    if !wam.b.is_null() || wam.tr_count != 0 {
        fail!(LIFECYCLE_E_INVALID, "the lifecycle_wam has choicepoints or a trail already");
    }
    Ok(Some(()))
}

/// Words that a trail has room for.
fn words(trail: &Region) -> u64 {
    (trail.committed() / CELL) as u64
}

fn no_choice() -> Error {
    error!(LIFECYCLE_E_NOT_FOUND, "there is no choicepoint")
}

impl Heap {
    /// Tells a heap the registers of its machine.
    pub fn set_wam(&self, wam: *mut lifecycle_wam) -> Result<()> {
        self.with(|state| state.set_wam(wam))
    }

    /// Makes room on the trail.
    pub fn trail_reserve(&self, words: u64) -> Result<()> {
        self.with(|state| state.trail_reserve(words))
    }

    /// Gives a cell a value that backtracking takes back.
    pub fn assign(&self, at: u64, value: lifecycle_cell) -> Result<()> {
        self.with(|state| state.assign(at, value))
    }

    /// Makes a choicepoint.
    pub fn choice_push(
        &self,
        choice: *mut lifecycle_choice,
        count: u32,
        alternative: *const c_void,
    ) -> Result<()> {
        self.with(|state| state.choice_push(choice, count, alternative))
    }

    /// Drops the newest one.
    pub fn choice_pop(&self) -> Result<()> {
        self.with(|state| {
            // SAFETY: `.roots.host`
            match unsafe { state.machine()?.b.as_ref() } {
                Some(choice) => state.cut(choice.prev),
                None => Err(no_choice()),
            }
        })
    }

    /// Drops those that are newer than one.
    pub fn cut(&self, choice: *mut lifecycle_choice) -> Result<()> {
        self.with(|state| {
            if !choice.is_aligned() {
                fail!(LIFECYCLE_E_INVALID, "the choicepoint is not aligned");
            }
            state.cut(choice)
        })
    }

    /// Goes back to the newest one.
    pub fn backtrack(&self) -> Result<()> {
        self.with(State::backtrack)
    }
}
