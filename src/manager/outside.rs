//! Calls of the host's functions, and from which manager's a thread has not come back.
//!
//! What a function of the host's may not do is destroy the manager that called it: there is more to
//! do when it returns. So each thread knows the managers that it is outside of. It is the thread's
//! own memory, so a forked child knows what its thread is outside of and nothing of the others.

use core::cell::Cell;

use super::Manager;
use crate::os::expect_no_lock;

/// As deep as calls of the host's from calls of the host's are followed.
const DEPTH: usize = 16;

struct Calls {
    depth: Cell<usize>,
    /// The managers, by address, from the outermost call to the innermost.
    managers: [Cell<usize>; DEPTH],
}

thread_local! {
    static CALLS: Calls = const {
        Calls { depth: Cell::new(0), managers: [const { Cell::new(0) }; DEPTH] }
    };
}

/// A call of the host's that has not returned.
struct Call;

impl Call {
    fn begin(manager: &Manager) -> Self {
        CALLS.with(|calls| {
            if let Some(place) = calls.managers.get(calls.depth.get()) {
                place.set(&raw const *manager as usize);
            }
            calls.depth.set(calls.depth.get() + 1);
        });
        Call
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.with(|calls| calls.depth.set(calls.depth.get() - 1));
    }
}

impl Manager {
    /// Calls a function of the host's (`.manager.outside`).
    pub fn outside<T>(&self, call: impl FnOnce() -> T) -> T {
        expect_no_lock();
        let _call = Call::begin(self);
        call()
    }

    /// Whether the calling thread is in a function that this manager has called.
    pub(super) fn is_outside(&self) -> bool {
        let me = &raw const *self as usize;
        CALLS.with(|calls| {
            calls.managers.iter().take(calls.depth.get()).any(|manager| manager.get() == me)
        })
    }
}
