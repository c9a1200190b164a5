//! /tmp/perf-PID.map, where perf(1) looks up the names of code that is in no file.
//!
//! A line a symbol: first byte and size in hexadecimal, then the name to the end of the line
//! (Linux, tools/perf/Documentation/jit-interface.txt). Lines are only appended, each before its
//! symbol can be called; nothing takes one back, so where an address was used again its reader has
//! several lines to choose from (perf 6.1 takes one of them for all samples). A forked child has a
//! number, and so a file, of its own.

use core::fmt::{self, Write};

use super::Fresh;
use crate::base::{List, ListExt, Result};
use crate::os::{self, Held, LogFile, Mutex, MutexGuard, Rank};

/// Bytes of the longest line but for the name.
const NUMBERS: usize = 2 * 16 + 3;

/// The process's file.
struct Shared {
    /// Managers that write it.
    users: usize,
    /// Which process opened it: `fork_generation`.
    process: u64,
    /// None while nobody writes it, or once it could not be written.
    file: Option<LogFile>,
}

static SHARED: Mutex<Shared> =
    Mutex::new(Rank::PerfMap, Shared { users: 0, process: 0, file: None });
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
pub struct PerfMap(());

impl PerfMap {
    /// Opens the file, if it is not open.
    pub fn start() -> Result<Self> {
        let mut shared = SHARED.lock();
        let process = os::fork_generation();
        if shared.file.is_none() || shared.process != process {
            shared.file = Some(open()?);
            shared.process = process;
        }
        shared.users += 1;
        Ok(PerfMap(()))
    }

    /// Whether lines still arrive.
    pub fn works(&self) -> bool {
        SHARED.lock().file.is_some()
    }

    /// Writes lines that `add_line` made.
    pub fn write(&self, lines: &[u8]) {
        let mut shared = SHARED.lock();
        let process = os::fork_generation();
        if shared.process != process {
            shared.file = open().ok();
            shared.process = process;
        }
        if shared.file.as_ref().is_some_and(|file| !file.append(&[lines])) {
            shared.file = None;
        }
    }
}

impl Drop for PerfMap {
    fn drop(&mut self) {
        let mut shared = SHARED.lock();
        shared.users -= 1;
        if shared.users == 0 {
            shared.file = None;
        }
    }
}

fn open() -> Result<LogFile> {
    let mut path = super::Path::new();
    // It fits, so this cannot fail.
    let _ = write!(path, "/tmp/perf-{}.map", os::process_and_thread().0);
    LogFile::open(path.as_c_str())
}

/// Adds a symbol's line to a text; characters that would end the line or hide it become '_'.
pub fn add_line(text: &mut List<u8>, fresh: &Fresh<'_>) -> Result<()> {
    text.make_room(NUMBERS + fresh.name.len())?;
    let _ = write!(Roomy(text), "{:x} {:x} ", fresh.address as usize, fresh.len);
    text.extend(fresh.name.iter().map(|byte| if byte.is_ascii_control() { b'_' } else { *byte }));
    text.push(b'\n');
    Ok(())
}

/// Writes into a list that has room.
struct Roomy<'a>(&'a mut List<u8>);

impl Write for Roomy<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0.make_room(part.len()).map_err(|_| fmt::Error)?;
        self.0.extend_from_slice(part.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Host;

    #[test]
    fn a_line_is_one_line_whatever_the_name() {
        let mut text = List::new_in(Host::libc());
        for name in [&b"plain name"[..], b"a\nb\x1b\x7fc", "größe".as_bytes()] {
            let (address, len) = (0x1000 as *const u8, 0x2f);
            let fresh = Fresh { name, address, len, code: None, eh_frame: &[] };
            assert!(add_line(&mut text, &fresh).is_ok());
        }
        let want = "1000 2f plain name\n1000 2f a_b__c\n1000 2f größe\n";
        assert_eq!(core::str::from_utf8(&text), Ok(want));
    }
}
