//! What a collection begins from, and in which order.
//!
//! First everything that the program can reach from where it is: callbacks, globals, argument
//! registers, the environments. Then the choicepoints, newest first: before each of them the trail
//! that is younger (`trail`), then its arguments and its environments. That order is what makes
//! early reset sound.
//!
//! Environments are shared by many choicepoints. Each carries a word that says in which collection,
//! and for which code, it was walked; a walk stops where it meets one that was. With 10^5
//! choicepoints over one chain that is one look each.
//!
//! No reference to the state is alive while a callback runs (`.heap.quiet`): this file goes along
//! the host's structures by itself, and hands cells in one at a time.
//!
//! Invariant `.roots.host`: registers, environments, choicepoints and trail are what the contract of
//! lifecycle_wam says, and stay so during the collection.

use core::convert::Infallible;
use core::ffi::c_void;

use super::Heap;
use super::trail::Trail;
use crate::abi::*;
use crate::os;

/// Cells of the host's, as a slice.
///
/// # Safety
/// `.roots.host`, for the cells.
pub unsafe fn cells<'a>(first: *const lifecycle_cell, count: u64) -> &'a [lifecycle_cell] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: `.roots.host`
    unsafe { core::slice::from_raw_parts(first, count as usize) }
}

/// What a walk over the roots leaves to be told.
#[derive(Default)]
pub struct Walked {
    pub trail_ticks: u64,
    pub dropped: u64,
    pub early_resets: u64,
    pub faults: u64,
}

impl Heap {
    /// A root, or something that waits like one.
    pub(super) fn mark_root(&self, cell: lifecycle_cell) {
        self.with(|state| {
            if let Some(marker) = &mut state.marker {
                marker.root(cell, &mut state.space.stack);
            }
        });
    }

    fn mark_all(&self, cells: &[lifecycle_cell]) {
        for cell in cells {
            self.mark_root(*cell);
        }
    }

    fn drain(&self) {
        self.with(|state| {
            if let Some(marker) = &mut state.marker {
                marker.drain(&mut state.space.stack);
            }
        });
    }

    /// Marks from all roots, and looks through the trail on the way.
    pub(super) fn mark_from_roots(&self) -> Walked {
        self.call_roots();
        let mut walked = Walked::default();
        let registers = self.with(|state| state.front.wam);
        if !registers.is_null() {
            // SAFETY: `.roots.host`
            let wam = unsafe { *registers };
            // SAFETY: `.roots.host`
            self.mark_all(unsafe { cells(wam.globals, wam.globals_count) });
            // SAFETY: `.roots.host`
            self.mark_all(unsafe { cells(wam.x, wam.x_count) });
            self.mark_frames(wam.e, wam.code, &wam);
            self.drain();
            walked = self.mark_choices(&wam);
            self.with(|state| {
                // SAFETY: `.roots.host`
                unsafe { (*registers).tr_count = state.trail_kept };
            });
        }
        self.drain();
        walked
    }

    /// Lets the host's callbacks hand in what they have.
    pub(super) fn call_roots(&self) {
        let mut at = 0;
        while let Some((roots, user)) = self.with(|state| state.roots.get(at).copied()) {
            let visitor = self.as_visitor();
            // SAFETY: the host promised that it may be called with its pointer (lifecycle_root_fn).
            unsafe { roots(visitor, user) };
            at += 1;
        }
    }

    /// The environments from one on, as far as they have not been walked.
    fn mark_frames(&self, first: *mut lifecycle_frame, code: *const c_void, wam: &lifecycle_wam) {
        let stamp = self.with(|state| state.stamp);
        let Ok(()) = each_root_of_frames(
            first,
            code,
            wam,
            |frame, code| {
                let salt = if wam.live.is_some() { mix(code as u64) } else { 0 };
                // SAFETY: `.roots.host`
                let visited = unsafe { &mut (*frame).visited };
                Ok(core::mem::replace(visited, stamp ^ salt) != stamp ^ salt)
            },
            |_, _, cell| {
                self.mark_root(cell);
                Ok::<(), Infallible>(())
            },
        );
    }

    /// The choicepoints, newest first, each after the trail that is younger. What they say about the
    /// trail is adjusted when all is known (`settle_choices`).
    fn mark_choices(&self, wam: &lifecycle_wam) -> Walked {
        let mut trail = Trail::new(wam);
        let mut ticks = 0;
        let mut choice = wam.b;
        let mut steps = Steps::new();
        while !choice.is_null() && steps.step(choice) {
            // SAFETY: `.roots.host`
            let head = unsafe { *choice };
            let started = os::ticks();
            let kept = self.with(|state| {
                let cells = state.space.cells();
                let stack = &mut state.space.stack;
                let marker = state.marker.as_mut()?;
                Some(trail.look(head.trail, head.top, cells, marker, stack))
            });
            ticks += os::ticks() - started;
            // SAFETY: `.roots.host`
            unsafe { (*choice).trail = kept.unwrap_or_default() };
            self.drain();
            // SAFETY: `.roots.host` - the arguments are right behind the head.
            let arguments = unsafe { cells(choice.wrapping_add(1).cast(), u64::from(head.count)) };
            self.mark_all(arguments);
            self.mark_frames(head.env, head.code, wam);
            self.drain();
            choice = head.prev;
        }
        let started = os::ticks();
        let kept = trail.compact();
        self.with(|state| state.trail_kept = kept);
        ticks += os::ticks() - started;
        Walked {
            trail_ticks: ticks,
            dropped: trail.dropped,
            early_resets: trail.early_resets,
            faults: trail.faults + u64::from(!choice.is_null()),
        }
    }
}

/// Goes along environments from one on, as long as `enters` says so of one and the code it goes on
/// at, and gives each slot that is alive to `root`.
pub fn each_root_of_frames<E>(
    mut frame: *mut lifecycle_frame,
    mut code: *const c_void,
    wam: &lifecycle_wam,
    mut enters: impl FnMut(*mut lifecycle_frame, *const c_void) -> Result<bool, E>,
    mut root: impl FnMut(*mut lifecycle_frame, usize, lifecycle_cell) -> Result<(), E>,
) -> Result<(), E> {
    while !frame.is_null() && enters(frame, code)? {
        // SAFETY: `.roots.host`
        let head = unsafe { *frame };
        // SAFETY: `.roots.host` - the slots are right behind the head.
        let slots = unsafe { cells(frame.wrapping_add(1).cast(), u64::from(head.count)) };
        for (part, slots) in slots.chunks(64).enumerate() {
            let alive = match wam.live {
                // SAFETY: `.roots.host`, and the contract of lifecycle_live_fn.
                Some(live) => unsafe { live(frame, code, part as u32 * 64, wam.user) },
                None => u64::MAX,
            };
            for (at, slot) in slots.iter().enumerate() {
                if alive >> at & 1 != 0 {
                    root(frame, part * 64 + at, *slot)?;
                }
            }
        }
        (frame, code) = (head.prev, head.code);
    }
    Ok(())
}

/// Visits each choicepoint of a heap's registers.
pub fn each_choice(registers: *mut lifecycle_wam, mut body: impl FnMut(&mut lifecycle_choice)) {
    if registers.is_null() {
        return;
    }
    // SAFETY: `.roots.host`
    let mut choice = unsafe { (*registers).b };
    let mut steps = Steps::new();
    while !choice.is_null() && steps.step(choice) {
        // SAFETY: `.roots.host`
        let head = unsafe { &mut *choice };
        body(head);
        choice = head.prev;
    }
}

/// Notices a chain that leads back into itself (R. Brent: An improved Monte Carlo factorization
/// algorithm, 1980): no word of the host's may keep a collection from ending.
pub struct Steps {
    seen: *const lifecycle_choice,
    until: u64,
    count: u64,
}

impl Steps {
    pub fn new() -> Steps {
        Steps { seen: core::ptr::null(), until: 1, count: 0 }
    }

    /// Whether to go on to this one.
    pub fn step(&mut self, choice: *const lifecycle_choice) -> bool {
        if choice == self.seen {
            return false;
        }
        self.count += 1;
        if self.count == self.until {
            (self.seen, self.until, self.count) = (choice, self.until * 2, 0);
        }
        true
    }
}

/// Spreads a number over all bits.
pub fn mix(number: u64) -> u64 {
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread ^ spread >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
