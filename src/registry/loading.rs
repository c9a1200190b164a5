//! Loads in progress: how deep each thread is in them, and whether one would close a circle.

use core::ffi::CStr;
use core::fmt;

use crate::base::{Host, List, ListExt, Lossy, Result, Text, fail};
use crate::os;

/// How deep loads nest where the config does not say.
pub(crate) const DEFAULT_DEPTH: u32 = 16;

struct Load {
    thread: u64,
    path: Text,
}

/// The loads in progress, in the order they began.
pub struct Loading {
    host: Host,
    loads: List<Load>,
    limit: u32,
}

/// Shows a thread's loads from a path on: "a -> b -> c".
struct Circle<'a>(&'a [Load], u64, &'a [u8]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Circle(loads, me, path) = *self;
        let mine = loads.iter().filter(|load| load.thread == me);
        for load in mine.skip_while(|load| load.path.bytes() != path) {
            write!(f, "{} -> ", load.path)?;
        }
        write!(f, "{}", Lossy(path))
    }
}

impl Loading {
    /// None; each thread may nest `limit` of them (0 = 16).
    pub fn new(host: Host, limit: u32) -> Self {
        let limit = if limit == 0 { DEFAULT_DEPTH } else { limit };
        Loading { host, loads: List::new_in(host), limit }
    }

    /// The calling thread starts to load `path`. E_CYCLE if it is loading it already, E_DEPTH past
    /// the limit.
    pub fn enter(&mut self, path: &CStr) -> Result<()> {
        let (me, path) = (os::thread_id(), path.to_bytes());
        let mut depth = 0;
        for load in self.loads.iter().filter(|load| load.thread == me) {
            depth += 1;
            if load.path.bytes() == path {
                let circle = Circle(&self.loads, me, path);
                fail!(LIFECYCLE_E_CYCLE, "loading '{}' closes a cycle: {circle}", Lossy(path));
            }
        }
        if depth >= self.limit {
            let limit = self.limit;
            fail!(LIFECYCLE_E_DEPTH, "loading '{}' nests deeper than {limit}", Lossy(path));
        }
        self.loads.make_room(1)?;
        let path = Text::copy(self.host, path)?;
        self.loads.push(Load { thread: me, path });
        Ok(())
    }

    /// The calling thread has loaded `path`, or has given up. E_INVALID if that is not the load it
    /// began last.
    pub fn leave(&mut self, path: &CStr) -> Result<()> {
        let me = os::thread_id();
        let last = self.loads.iter().rposition(|load| load.thread == me);
        let is_last = |at: &usize| {
            self.loads.get(*at).is_some_and(|load| load.path.bytes() == path.to_bytes())
        };
        let Some(at) = last.filter(is_last) else {
            let path = Lossy(path.to_bytes());
            fail!(LIFECYCLE_E_INVALID, "'{path}' is not what this thread began to load last");
        };
        self.loads.remove(at);
        Ok(())
    }
}
