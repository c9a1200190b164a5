//! Around a fork: the child must not begin with a lock that a thread holds which it does not have,
//! nor with a manager that such a thread was in the middle of changing. So whoever forks takes the
//! locks of every manager first, in the order in which all others take them, and lets them go on
//! both sides after. Nothing is allocated: the guards are kept in places of their own (`os::Held`).
//!
//! It does not copy anything: `code/dual.rs` does, when something changes.

use super::{DEFAULT, Manager, POOL, exec};
use crate::epoch;
use crate::os::{Held, Hooks, MutexGuard, Rank, RwLock, RwLockWriteGuard};
use crate::tools;

/// Read while a manager is made, so that a fork finds none half made. One that is being destroyed
/// is no live one any more, and its locks are taken and let go like all others'.
pub static MAKING: RwLock<()> = RwLock::new(Rank::Making, ());
static MADE: Held<RwLockWriteGuard<'static, ()>> = Held::new();
static HELD_DEFAULT: Held<MutexGuard<'static, Option<&'static Manager>>> = Held::new();

/// For `os::at_fork`.
pub static HOOKS: Hooks = Hooks { before, after };

fn before() {
    exec::hold();
    HELD_DEFAULT.keep(DEFAULT.lock());
    MADE.keep(MAKING.write());
    POOL.places().for_each(|manager| manager.shards.shut());
    POOL.places().for_each(|manager| manager.held.keep(manager.state.write_in_row()));
    POOL.places().for_each(|manager| manager.shards.hold());
    POOL.places().for_each(|manager| manager.readers.hold());
    POOL.places().for_each(|manager| manager.slab.hold());
    epoch::hold_pool();
    POOL.hold();
    tools::hold();
}

fn after(in_child: bool) {
    tools::let_go();
    POOL.let_go();
    epoch::let_go_pool();
    POOL.places().for_each(|manager| manager.slab.let_go());
    POOL.places().for_each(|manager| manager.readers.let_go());
    if in_child {
        POOL.places().for_each(|manager| manager.readers.forget_gone());
    }
    POOL.places().for_each(|manager| manager.shards.let_go());
    POOL.places().for_each(|manager| manager.held.let_go());
    MADE.let_go();
    HELD_DEFAULT.let_go();
    exec::let_go();
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::abi::LIFECYCLE_CODE_NONE;
    use crate::base::Result;

    /// Loads in both, and unloads.
    fn works(managers: &[&'static Manager; 2]) -> Result<()> {
        for manager in managers {
            let module = manager.load(c"forked")?;
            manager.unload(module, 0, &mut Default::default())?;
        }
        Ok(())
    }

    /// In builds with debug assertions a lock out of turn would end either process.
    #[test]
    fn a_fork_takes_the_locks_of_all_managers_and_lets_them_go() -> Result<()> {
        let mut config = State::default_config();
        config.code_mode = LIFECYCLE_CODE_NONE;
        let managers = [Manager::create(&config)?, Manager::create(&config)?];
        let readers = [managers[0].attach()?, managers[1].attach()?];
        // SAFETY: the child uses managers, which a fork leaves whole, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let failed = works(&managers).is_err();
            // SAFETY: ends the child without running anything of its parent's.
            unsafe { libc::_exit(failed.into()) };
        }
        let mut status = -1;
        // SAFETY: `status` is ours.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
        works(&managers)?;
        for (manager, reader) in managers.into_iter().zip(readers) {
            manager.readers().detach(reader)?;
            manager.destroy()?;
        }
        Ok(())
    }
}
