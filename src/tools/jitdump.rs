//! jit-PID.dump: each symbol with its code and the time it came, so that `perf inject --jit` can
//! make files of code that is gone, and tell which of several symbols stood at an address.
//!
//! Format: Linux, tools/perf/Documentation/jitdump-specification.txt (version 1 of the header). The
//! file is in the folder $JITDUMPDIR, or else in the current one. perf finds it because this
//! process has mapped a page of it executable. There is no record for code that goes. A forked
//! child writes a file of its own.

use core::fmt::Write;

use super::Path;
use crate::base::{Result, fail};
use crate::os::{self, Held, LogFile, Marker, Mutex, MutexGuard, Rank};

const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER_BYTES: u32 = 40;
const LOAD: u32 = 0;
const CLOSE: u32 = 3;
/// Bytes that every record begins with.
const PREFIX_BYTES: u32 = 16;
/// Bytes of a load record before the name.
const LOAD_BYTES: usize = 56;
/// ELF's number of the processor; 0 for one that has no name here.
pub(super) const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else {
    0
};

/// The process's file.
struct Shared {
    /// Managers that write it.
    users: usize,
    /// Which process opened it: `fork_generation`.
    process: u64,
    /// Device and inode of the file that was begun last.
    begun: (u64, u64),
    /// Symbols written: each has a number of its own.
    symbols: u64,
    /// None while nobody writes it, or once it could not be written.
    file: Option<(LogFile, Marker)>,
}

static SHARED: Mutex<Shared> = Mutex::new(
    Rank::JitDump,
    Shared { users: 0, process: 0, begun: (0, 0), symbols: 0, file: None },
);
static HELD: Held<MutexGuard<'static, Shared>> = Held::new();

/// Before a fork.
pub fn hold() {
    HELD.keep(SHARED.lock());
}

/// After it.
pub fn let_go() {
    HELD.let_go();
}

/// One manager's use of the file.
pub struct JitDump(());

impl JitDump {
    /// Opens the file, if it is not open.
    pub fn start() -> Result<Self> {
        let mut shared = SHARED.lock();
        if shared.file.is_none() || shared.process != os::fork_generation() {
            shared.open()?;
        }
        shared.users += 1;
        Ok(JitDump(()))
    }

    /// Whether records still arrive.
    pub fn works(&self) -> bool {
        SHARED.lock().file.is_some()
    }

    /// Writes a symbol's record.
    pub fn write(&self, name: &[u8], code: &[u8]) {
        let mut shared = SHARED.lock();
        if shared.process != os::fork_generation() {
            // Where that fails there is no file any more.
            let _ = shared.open();
        }
        let index = shared.symbols;
        shared.symbols += 1;
        let Some((file, _)) = &shared.file else { return };
        let Ok(size) = u32::try_from(LOAD_BYTES + name.len() + 1 + code.len()) else { return };
        let (process, thread) = os::process_and_thread();
        let address = code.as_ptr() as u64;
        let mut head = Bytes::<LOAD_BYTES>::new();
        head.prefix(LOAD, size);
        head.add(&process.to_ne_bytes()).add(&thread.to_ne_bytes());
        // Where it runs, and where it was found.
        head.add(&address.to_ne_bytes()).add(&address.to_ne_bytes());
        head.add(&(code.len() as u64).to_ne_bytes()).add(&index.to_ne_bytes());
        if !file.append(&[&head.bytes, name, b"\0", code]) {
            shared.file = None;
        }
    }
}

impl Drop for JitDump {
    fn drop(&mut self) {
        let mut shared = SHARED.lock();
        shared.users -= 1;
        if shared.users != 0 {
            return;
        }
        if let Some((file, _)) = shared.file.take()
            && shared.process == os::fork_generation()
        {
            let mut close = Bytes::<{ PREFIX_BYTES as usize }>::new();
            close.prefix(CLOSE, PREFIX_BYTES);
            // Nothing is lost where it does not arrive.
            file.append(&[&close.bytes]);
        }
    }
}

impl Shared {
    /// Opens this process's file and writes its header; goes on with one that this process began
    /// before.
    fn open(&mut self) -> Result<()> {
        self.file = None;
        let known = self.process == os::fork_generation();
        self.process = os::fork_generation();
        let (process, _) = os::process_and_thread();
        let mut path = Path::new();
        let fits = os::environment(c"JITDUMPDIR", |folder| {
            let folder = folder.map_or(&b"."[..], |folder| folder.to_bytes());
            path.add(folder).and_then(|()| write!(path, "/jit-{process}.dump")).is_ok()
        });
        if !fits {
            fail!(LIFECYCLE_E_TOO_BIG, "JITDUMPDIR is too long for a path");
        }
        let path = path.as_c_str();
        let file = LogFile::open(path)?;
        // A number may have gone to another file since, once this one was removed.
        if !known || self.begun != file.id || file.is_new {
            file.clear(path)?;
            let mut header = Bytes::<{ HEADER_BYTES as usize }>::new();
            header.add(&MAGIC.to_ne_bytes()).add(&VERSION.to_ne_bytes());
            header.add(&HEADER_BYTES.to_ne_bytes()).add(&u32::from(MACHINE).to_ne_bytes());
            header.add(&[0; 4]).add(&process.to_ne_bytes());
            header.add(&os::monotonic_ns().to_ne_bytes()).add(&[0; 8]);
            file.begin(path, &[&header.bytes])?;
            self.begun = file.id;
        }
        let marker = file.mark(path)?;
        self.file = Some((file, marker));
        Ok(())
    }
}

/// A record that is filled from front to back.
struct Bytes<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Bytes<N> {
    fn new() -> Self {
        Bytes { bytes: [0; N], len: 0 }
    }

    fn add(&mut self, part: &[u8]) -> &mut Self {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + part.len()) {
            room.copy_from_slice(part);
        }
        self.len += part.len();
        self
    }

    fn prefix(&mut self, id: u32, size: u32) {
        self.add(&id.to_ne_bytes()).add(&size.to_ne_bytes());
        self.add(&os::monotonic_ns().to_ne_bytes());
    }
}
