//! What a fork means here: whether this process is a forked child of the one that made something,
//! whether another process may be looking at shared memory, and that no child begins with a lock
//! that a thread holds which it does not have.
//!
//! Two numbers tell of forks. The generation differs between a process and its children and stays
//! the same within one: a page that the kernel wipes in a child tells, or, where the kernel does
//! not know such pages, the process id. The era moves on in both at every fork, so what was made in
//! an earlier era is shared with somebody. A parent that forks by a bare system call, past the C
//! library, cannot notice; its child does.
//!
//! Invariants:
//! - `.fork.held`: between `before` and `after` one thread has the locks of all rooms that asked,
//!   and it is the thread that forks; only it touches what is `Held`.
//! - `.fork.era`: the era is at least the generation, and both only grow within one process.
//!
//! Nothing runs at load: the first manager or arena asks for it. A lock of the host's own memory
//! functions that its own fork handlers take is taken after the library's if they were registered
//! before.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use once_cell::sync::OnceCell;

use super::lock::{Mutex, MutexGuard};
use super::memory::{self, Access, Reservation};
use super::rank::Rank;
use crate::base::{Error, Result};
use crate::shim;

static PAGE: OnceCell<Option<Reservation>> = OnceCell::new();
/// The generation where no page can be wiped.
static WORD: AtomicU64 = AtomicU64::new(0);
static ERA: AtomicU64 = AtomicU64::new(1);

/// A number that differs between a process and its forked children, and never changes within one.
pub fn generation() -> u64 {
    let page = PAGE.get_or_init(|| {
        shim::atomic(&PAGE);
        let page = Reservation::new(super::page_size(), super::page_size()).ok()?;
        page.set_access(0, page.len(), Access::ReadWrite).ok()?;
        page.wipe_on_fork().ok()?;
        Some(page)
    });
    // In the word above the number stands who wrote it: without the page that is the process.
    let (word, writer) = match page {
        // SAFETY: the page is mapped readable and writable for ever (it is never dropped), and
        // aligned.
        Some(page) => (unsafe { &*page.base().cast::<AtomicU64>() }, 1 << 32),
        // SAFETY: getpid takes nothing and cannot fail.
        None => (&WORD, unsafe { (libc::getpid() as u64) << 32 }),
    };
    let known = word.load(Ordering::Acquire);
    if known >> 32 == writer >> 32 {
        return known & u64::from(u32::MAX);
    }
    // `.fork.era`: the era moves first, so that whoever reads the word finds it moved.
    let next = writer | (ERA.fetch_add(1, Ordering::AcqRel) + 1);
    let won = word.compare_exchange(known, next, Ordering::AcqRel, Ordering::Acquire);
    won.map_or_else(|other| other, |_| next) & u64::from(u32::MAX)
}

/// A number that moves on, in both processes, whenever this one forks.
pub fn era() -> u64 {
    generation();
    ERA.load(Ordering::Acquire)
}

/// Something that is kept from `before` to `after` of a fork: a lock's guard.
pub struct Held<T>(UnsafeCell<Option<T>>);

// SAFETY: `.fork.held`.
unsafe impl<T> Sync for Held<T> {}

impl<T> Held<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Held(UnsafeCell::new(None))
    }

    /// Keeps it. For `Hooks::before`.
    pub fn keep(&self, guard: T) {
        // SAFETY: `.fork.held`.
        unsafe { *self.0.get() = Some(guard) };
    }

    /// Lets go what is kept, if anything is. For `Hooks::after`.
    pub fn let_go(&self) {
        // SAFETY: `.fork.held`.
        drop(unsafe { (*self.0.get()).take() });
    }
}

/// What a room does around a fork.
pub struct Hooks {
    /// Takes its locks.
    pub before: fn(),
    /// Lets them go; in the child too, which it is told.
    pub after: fn(in_child: bool),
}

/// Whose locks come first: those that are held while others are taken.
#[derive(Clone, Copy)]
pub enum Level {
    /// Drop-ins, which call everything.
    Dropins,
    /// Managers and all that is theirs.
    Managers,
    /// Interpreters' places.
    Interps,
    /// Heaps' places.
    Heaps,
    /// Pools that nothing is locked under.
    Pools,
}

/// By `Level`.
static HOOKS: [AtomicPtr<Hooks>; 5] = [const { AtomicPtr::new(core::ptr::null_mut()) }; 5];
/// Whether the C library has been told. Not a lock: the C library has one of its own around this.
static TOLD: AtomicBool = AtomicBool::new(false);
/// One fork at a time.
static FORKING: Mutex<()> = Mutex::new(Rank::Forking, ());
static TURN: Held<MutexGuard<'static, ()>> = Held::new();

/// From now on forks of this process call a room's hooks.
pub fn at_fork(level: Level, hooks: &'static Hooks) -> Result<()> {
    shim::atomic(&HOOKS);
    if let Some(place) = HOOKS.get(level as usize) {
        place.store((&raw const *hooks).cast_mut(), Ordering::Release);
    }
    if TOLD.load(Ordering::Acquire) || TOLD.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    // SAFETY: the three functions live as long as the library, which is never unloaded.
    match unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) } {
        0 => Ok(()),
        errno => {
            TOLD.store(false, Ordering::Release);
            Err(Error::system(errno, format_args!("the system refused handlers for forks")))
        }
    }
}

fn hooks() -> impl DoubleEndedIterator<Item = &'static Hooks> {
    // SAFETY: `at_fork` stored a reference that lives for ever.
    HOOKS.iter().filter_map(|place| unsafe { place.load(Ordering::Acquire).as_ref() })
}

extern "C" fn before() {
    let turn = FORKING.lock();
    // What a thread is about to find out for the first time would stay half found in a child.
    generation();
    super::barrier();
    hooks().for_each(|room| (room.before)());
    memory::hold_over_fork();
    TURN.keep(turn);
}

extern "C" fn in_parent() {
    ERA.fetch_add(1, Ordering::AcqRel);
    after(false);
}

extern "C" fn in_child() {
    generation();
    after(true);
}

fn after(in_child: bool) {
    memory::let_go_after_fork();
    hooks().rev().for_each(|room| (room.after)(in_child));
    TURN.let_go();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `body` in a child made by `fork` and gives its exit status.
    fn in_child(fork: impl FnOnce() -> libc::c_long, body: impl FnOnce() -> bool) -> i32 {
        let child = fork();
        if child == 0 {
            // SAFETY: ends the child without running anything of its parent's.
            unsafe { libc::_exit(i32::from(!body())) };
        }
        let mut status = -1;
        // SAFETY: `status` is ours.
        unsafe { libc::waitpid(child as libc::pid_t, &raw mut status, 0) };
        status
    }

    #[test]
    fn eras_move_in_both_processes_and_generations_in_the_child() -> Result<()> {
        static NOTHING: Hooks = Hooks { before: || {}, after: |_| {} };
        at_fork(Level::Dropins, &NOTHING)?;
        let (generation_before, era_before) = (generation(), era());
        let moved = || {
            generation() > generation_before && era() > era_before && {
                let again = (generation(), era());
                again == (generation(), era()) && again.1 >= again.0
            }
        };
        // SAFETY: the child only loads and stores.
        assert_eq!(in_child(|| unsafe { libc::fork().into() }, moved), 0);
        assert!(era() > era_before);
        assert_eq!(generation(), generation_before);
        // Past the C library, and a grandchild of that kind.
        let bare = || {
            // SAFETY: clone without a stack and with SIGCHLD alone is fork.
            unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) }
        };
        let both = || {
            let (mine, then) = (generation(), era());
            moved() && in_child(bare, || generation() > mine && era() > then) == 0
        };
        assert_eq!(in_child(bare, both), 0);
        assert_eq!(generation(), generation_before);
        Ok(())
    }
}
