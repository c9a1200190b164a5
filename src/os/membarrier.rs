//! The reclaimer's side of the asymmetric barrier: readers pay a plain store, whoever reclaims pays
//! a system call that makes every running thread of the process execute a barrier. Source:
//! membarrier(2); kernel commits for PRIVATE_EXPEDITED (4.14) and SYNC_CORE (4.16).

use core::sync::atomic::{Ordering, fence};

use once_cell::sync::OnceCell;

use crate::shim;

const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 6;
const PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 5;

fn call(command: libc::c_int) -> bool {
    // SAFETY: membarrier takes three integers and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// What the kernel offers this process.
#[derive(Clone, Copy)]
pub struct Barrier {
    memory: bool,
    sync_core: bool,
}

/// Asks once, and registers for what is there.
pub fn barrier() -> Barrier {
    static PROBED: OnceCell<(u64, Barrier)> = OnceCell::new();
    let probe = || Barrier {
        memory: call(REGISTER_PRIVATE_EXPEDITED),
        sync_core: call(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
    };
    let (process, known) = *PROBED.get_or_init(|| {
        shim::atomic(&PROBED);
        (super::fork_generation(), probe())
    });
    // A forked child must register itself; doing so again costs little.
    if process == super::fork_generation() { known } else { probe() }
}

impl Barrier {
    /// Whether readers may leave the fence to us.
    pub fn is_asymmetric(self) -> bool {
        self.memory
    }

    /// After this, every store made before it is seen by every other thread's later loads, and
    /// every other thread's earlier stores are seen by our later loads, provided readers fence
    /// themselves when `is_asymmetric` is false. False when the kernel refused: then nothing is
    /// known of the readers.
    pub fn memory(self) -> bool {
        fence(Ordering::SeqCst);
        let done = !self.memory || call(PRIVATE_EXPEDITED);
        fence(Ordering::SeqCst);
        done
    }

    /// As `memory`, and every processor forgets instructions it has fetched ahead: before an
    /// address is used for other code. True when the kernel did it.
    pub fn instructions(self) -> bool {
        fence(Ordering::SeqCst);
        let done = self.sync_core && call(PRIVATE_EXPEDITED_SYNC_CORE);
        fence(Ordering::SeqCst);
        done
    }
}
