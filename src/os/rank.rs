//! In which order locks are taken, and the thread that takes them in another.
//!
//! Two threads that take two locks in different orders wait for each other for ever, but only when
//! they meet. In builds with debug assertions each thread knows which ranks it holds, and a lock
//! that is out of turn is told at once, by one thread alone. In other builds nothing is left of it.
//!
//! Invariants:
//! - `.rank.order`: a thread takes a lock only when its rank comes after those of all locks that
//!   the thread has. So does one that reads what it reads already: a writer that waits in between
//!   would hold it up.
//! - `.rank.row`: who forks takes all locks of a rank, in the order of their addresses, and nobody
//!   else has two.
//!
//! The thread that a forked child begins with is the one that forked, and knows what it holds.

/// Which lock it is. Whoever has one of these may take those below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(not(debug_assertions), allow(dead_code, reason = "ranks are not kept"))]
pub enum Rank {
    /// One fork at a time.
    Forking,
    /// The drop-ins' arena (`ffi/feather.rs`).
    DropInArena,
    /// The drop-ins' table: managers that have execution managers bound (`manager/exec.rs`).
    DropInTable,
    /// Which manager is the default one.
    DefaultManager,
    /// Read while a manager is made, so that a fork finds none half made.
    Making,
    /// A shard's gate: read by who has code that nobody else knows of, so that no fork begins.
    Gate,
    /// A manager's state: all that its modules brought in.
    State,
    /// One shard of a manager's code: its spans and reservations.
    Shard,
    /// The table of slabs: which are in use and whose.
    Slabs,
    /// What is mapped for slabs: the writable view and its files.
    View,
    /// A manager's list of readers.
    Readers,
    /// A manager's small files: the pages they are packed into.
    SmallFiles,
    /// Free places of readers.
    ReaderPool,
    /// Free places of managers.
    ManagerPool,
    /// perf's map of symbols.
    PerfMap,
    /// The jitdump file.
    JitDump,
    /// The debuggers' list of symbols.
    DebuggerList,
    /// Free places of interpreters.
    InterpPool,
    /// Free places of heaps.
    HeapPool,
    /// Free places of arenas.
    ArenaPool,
    /// Ranges that the system would not unmap.
    Refused,
}

/// What a lock keeps of its rank.
#[derive(Clone, Copy)]
pub(super) struct Ranked(#[cfg(debug_assertions)] Rank);

#[cfg(debug_assertions)]
mod kept {
    use core::cell::Cell;

    use super::{Rank, Ranked};

    const RANKS: usize = Rank::Refused as usize + 1;

    /// Locks of one rank that a thread has.
    struct Held {
        rank: Cell<Option<Rank>>,
        count: Cell<u32>,
        /// The address of the one taken last.
        last: Cell<usize>,
    }

    impl Held {
        const fn none() -> Self {
            Held { rank: Cell::new(None), count: Cell::new(0), last: Cell::new(0) }
        }
    }

    thread_local! {
        static HELD: [Held; RANKS] = const { [const { Held::none() }; RANKS] };
    }

    impl Ranked {
        pub const fn new(rank: Rank) -> Self {
            Ranked(rank)
        }

        pub fn check(self, at: usize, in_row: bool) {
            let in_way = HELD.with(|held| {
                let below = held.iter().skip(self.0 as usize).filter(|it| it.count.get() != 0);
                let in_turn =
                    |it: &Held| in_row && it.rank.get() == Some(self.0) && it.last.get() < at;
                below.filter(|it| !in_turn(it)).find_map(|it| it.rank.get())
            });
            assert!(
                in_way.is_none(),
                "the lock {:?} is taken by a thread that has {:?}: `Rank` says in which order",
                self.0,
                in_way.unwrap_or(self.0),
            );
        }

        pub fn note(self, at: usize) {
            HELD.with(|held| {
                if let Some(it) = held.get(self.0 as usize) {
                    it.rank.set(Some(self.0));
                    it.count.set(it.count.get() + 1);
                    it.last.set(at);
                }
            });
        }

        pub fn forget(self) {
            HELD.with(|held| {
                if let Some(it) = held.get(self.0 as usize) {
                    it.count.set(it.count.get() - 1);
                }
            });
        }
    }

    pub fn any() -> Option<Rank> {
        HELD.with(|held| held.iter().find(|it| it.count.get() != 0).and_then(|it| it.rank.get()))
    }
}

#[cfg(not(debug_assertions))]
impl Ranked {
    pub const fn new(_rank: Rank) -> Self {
        Ranked()
    }

    #[inline(always)]
    pub fn check(self, _at: usize, _in_row: bool) {}

    #[inline(always)]
    pub fn note(self, _at: usize) {}

    #[inline(always)]
    pub fn forget(self) {}
}

/// The host's code is about to run, which may take any lock: the thread has none. Looked at in
/// builds with debug assertions only.
#[inline(always)]
pub fn expect_no_lock() {
    #[cfg(debug_assertions)]
    assert!(kept::any().is_none(), "the host is called by a thread that has {:?}", kept::any());
}
