//! Steps: evals, scopes, and what is dropped with them.

use core::ptr;

use super::{Run, ok};
use crate::abi::lifecycle_status::*;
use crate::abi::*;

impl Run<'_> {
    /// Things that dropped handles owned were given back; and after the outermost eval nothing is
    /// left that nobody keeps.
    pub(super) fn check_released(&self, things: Vec<usize>, is_all: bool) {
        let twin = self.twin.borrow();
        {
            let alive = self.host.alive.borrow();
            assert!(!things.iter().any(|thing| alive.contains(thing)), "a dropped thing is alive");
        }
        if !is_all {
            return;
        }
        let memory = self.interp.memory();
        assert_eq!((memory.scratch_handles, memory.pending_values, memory.arena_used), (0, 0, 0));
        if twin.is_bare() {
            assert!(self.host.alive.borrow().is_empty(), "things are left that nobody keeps");
        }
    }

    /// Everything is dropped, whatever was going on.
    pub(super) fn drop_all(&self) {
        self.note(|| "  drop all".into());
        let things = if self.twin.borrow().evals.is_empty() {
            ok(self.interp.reset());
            self.twin.borrow_mut().drop_all()
        } else {
            ok(self.interp.unwind(0));
            self.twin.borrow_mut().unwind(0)
        };
        self.check_figures();
        self.check_released(things, true);
    }

    pub(super) fn enter(&self) {
        if self.twin.borrow().evals.len() < 6 {
            self.does(
                || self.interp.enter(),
                |twin| {
                    twin.enter();
                    Ok(())
                },
            );
        }
    }

    pub(super) fn leave(&self) {
        let (result, wants) = (self.handle(), self.byte() & 1 == 0);
        let depth = self.twin.borrow().evals.len();
        let keeps = wants && depth > 0;
        let wanted = if keeps { self.twin.borrow().keep_any(result) } else { Ok(None) };
        let mut kept = ptr::null_mut();
        // The eval is left even where the result cannot be kept, so this is not done again.
        let countdown = self.countdown.replace(-1);
        self.host.failing.countdown.set(countdown);
        let got = self.interp.leave(result, wants.then_some(&mut kept)).map_err(|error| error.0);
        let has_failed = self.host.failing.countdown.replace(-1) == 0;
        self.note(|| format!("  {got:?} {kept:p} of {result:x}"));
        if depth == 0 {
            assert_eq!(got, Err(LIFECYCLE_E_INVALID));
            return;
        }
        let things = self.twin.borrow_mut().unwind(depth - 1);
        self.counts.borrow_mut()[self.op.get() as usize][usize::from(got.is_err())] += 1;
        match (got, wanted) {
            (Ok(()), _) if !wants => {}
            (Ok(()), Ok(None)) => assert!(kept.is_null()),
            (Ok(()), Ok(Some(tree))) => self.hold(kept, tree),
            (Err(LIFECYCLE_E_NOMEM), _) => assert!(has_failed),
            (Err(LIFECYCLE_E_LIMIT), _) => assert!(self.has_limits),
            (got, wanted) => assert_eq!(got.err(), wanted.err()),
        }
        assert!(got.is_ok() || kept.is_null());
        self.check_released(things, depth == 1);
    }

    pub(super) fn unwind(&self) {
        let depth = self.below(4);
        let now = self.twin.borrow().evals.len();
        self.does(
            || self.interp.unwind(depth),
            |_| if depth > now { Err(vec![LIFECYCLE_E_RANGE]) } else { Ok(()) },
        );
        if depth <= now {
            let things = self.twin.borrow_mut().unwind(depth);
            self.check_released(things, depth == 0 && now != 0);
        }
    }

    pub(super) fn reset(&self) {
        let is_busy = !self.twin.borrow().evals.is_empty();
        self.does(
            || self.interp.reset(),
            |_| if is_busy { Err(vec![LIFECYCLE_E_BUSY]) } else { Ok(()) },
        );
        if !is_busy {
            let things = self.twin.borrow_mut().drop_all();
            self.check_released(things, true);
        }
    }

    /// No interpreter is destroyed in an eval.
    pub(super) fn refuse_destroy(&self) {
        if !self.twin.borrow().evals.is_empty() {
            self.does(|| self.interp.destroy(), |_| Err(vec![LIFECYCLE_E_BUSY]));
        }
    }

    pub(super) fn open(&self) {
        if self.twin.borrow().top() > 6 {
            return;
        }
        let handles = self.interp.memory().scratch_handles;
        let got = self.call(|| self.interp.open_scope());
        if let Some((scope, ())) = self.agree(got, |_| Ok(())) {
            // SAFETY: it is the interpreter's, whose first words are these.
            let front = unsafe { self.interp.as_ptr().read() };
            let next = front.first + front.count;
            self.twin.borrow_mut().levels.push(super::twin::Level { scope, handles, next });
        }
    }

    /// Closes the newest scope, an older one, or one that is closed already; something may escape.
    pub(super) fn close(&self) {
        let (byte, escape) = (self.byte(), self.handle());
        let escape = if byte & 1 == 0 { escape } else { 0 };
        let (scope, level) = {
            let twin = self.twin.borrow();
            let pick = |n: usize| usize::from(byte >> 4).checked_rem(n);
            match byte >> 1 & 7 {
                0 => (pick(twin.closed.len()).map_or(0, |at| twin.closed[at]), None),
                1 | 2 if twin.top() > 0 => {
                    let level = 1 + pick(twin.top()).unwrap_or(0);
                    (twin.levels[level].scope, Some(level))
                }
                _ => (twin.levels[twin.top()].scope, Some(twin.top())),
            }
        };
        let level = level.filter(|_| scope != 0);
        let before = self.interp.memory().scopes;
        let place = core::cell::Cell::new(0);
        let close = || {
            let mut handle = escape;
            let wants = if byte & 1 == 0 { Some(&mut handle) } else { None };
            let outcome = self.interp.close_scope(scope, wants);
            place.set(handle);
            outcome
        };
        let countdown = self.countdown.replace(-1);
        self.host.failing.countdown.set(countdown);
        let mut got = close().map_err(|error| error.0);
        let has_failed = self.host.failing.countdown.replace(-1) == 0;
        self.note(|| format!("  {got:?} {:x} of scope {scope:x}, {escape:x}", place.get()));
        if matches!(got, Err(LIFECYCLE_E_NOMEM)) && self.interp.memory().scopes == before {
            assert!(has_failed);
            self.check_figures();
            got = close().map_err(|error| error.0);
        }
        self.counts.borrow_mut()[self.op.get() as usize][usize::from(got.is_err())] += 1;
        self.closed(got, level, (escape, place.get()), (scope, before));
    }

    /// The twin closes a scope, if the interpreter did.
    fn closed(
        &self,
        got: Result<(), super::Status>,
        level: Option<usize>,
        (escape, place): (lifecycle_handle, lifecycle_handle),
        (scope, before): (lifecycle_scope, u64),
    ) {
        let Some(level) = level else {
            let wanted = if scope == 0 { LIFECYCLE_E_INVALID } else { LIFECYCLE_E_STALE };
            assert_eq!(got, Err(wanted));
            return;
        };
        let found = if escape == 0 { Ok(None) } else { self.twin.borrow().find(escape).map(Some) };
        let is_outer = matches!(&found, Ok(Some(node)) if node.level < level);
        let kept = match &found {
            Ok(Some(node)) if !is_outer => node.keep(self.twin.borrow().clock).map(Some),
            Ok(_) => Ok(None),
            Err(status) => Err(*status),
        };
        let is_open = self.interp.memory().scopes == before;
        match (got, &kept) {
            (Ok(()), Ok(_)) => {}
            (Err(LIFECYCLE_E_NOMEM), _) if !is_open => {}
            (Err(LIFECYCLE_E_LIMIT), _) if self.has_limits => {}
            (got, kept) => assert_eq!(got.err(), kept.as_ref().err().copied()),
        }
        if is_open {
            assert!(got.is_err());
            return;
        }
        let handles = self.twin.borrow().levels[level].handles;
        let things = self.twin.borrow_mut().close(level);
        self.check_released(things, false);
        let mut count = handles;
        if let (Ok(()), Ok(Some(tree))) = (got, &kept) {
            let node = self.twin.borrow().wrap(tree);
            self.bind(place, &node);
            count += 1;
        } else if is_outer {
            assert_eq!(place, escape);
        } else {
            assert_eq!(place, 0);
        }
        assert_eq!(self.interp.memory().scratch_handles, count);
    }
}
