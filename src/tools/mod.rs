//! What one manager tells to tools of its code: the perf map, the jitdump, debuggers, unwinders.
//!
//! Each is asked for by itself: the first three by flags of the config, the unwinder by giving a
//! symbol a table of its frames. The files are the process's and shared by its managers, for their
//! names are fixed; so is the debuggers' list.
//!
//! Invariants:
//! - `.tool.order`: a symbol is told before its entry is pointed at it, and taken back after the
//!   last reader has left and before its bytes are poisoned or used again. So a tool never takes
//!   one symbol for another, and a frame of retired code can still be unwound.
//! - `.tool.room`: taking back never allocates.
//! - `.tool.quiet`: a file that cannot be written any more stops being written, for good and for
//!   all managers; no mapping fails for it.
//!
//! The locks of the files and of the list are leaves. What the formats cannot take back (a line of
//! the perf map, a record of the jitdump) stays.

mod gdb;
mod jitdump;
mod perf_map;
mod table;
#[cfg(test)]
mod table_tests;
mod unwind;

use core::cmp::Reverse;
use core::ffi::CStr;
use core::fmt;

use crate::abi::{LIFECYCLE_CONFIG_GDB, LIFECYCLE_CONFIG_JITDUMP, LIFECYCLE_CONFIG_PERF_MAP};
use crate::base::{Host, List, ListExt, Result};
#[cfg(feature = "fuzzing")]
pub use table::rewrite as rewrite_frames;
pub use unwind::can_unwind;

/// Takes the locks of what is the process's, before a fork.
pub fn hold() {
    perf_map::hold();
    jitdump::hold();
    gdb::hold();
}

/// Lets them go after it.
pub fn let_go() {
    gdb::let_go();
    jitdump::let_go();
    perf_map::let_go();
}

/// A symbol that is about to be installed.
pub struct Fresh<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// First byte.
    pub address: *const u8,
    /// Bytes.
    pub len: usize,
    /// The bytes, where they are the manager's own and may be read.
    pub code: Option<&'a [u8]>,
    /// The host's table of its frames; empty = none.
    pub eh_frame: &'a [u8],
}

/// What is to be taken back for a symbol. Dropping it does.
#[derive(Default)]
pub struct Told {
    debugger: Option<gdb::Entry>,
    frames: Option<unwind::Table>,
}

/// What one manager tells to tools.
pub struct Tools {
    host: Host,
    perf: Option<perf_map::PerfMap>,
    dump: Option<jitdump::JitDump>,
    gdb: bool,
    /// Lines for the perf map; empty between calls.
    text: List<u8>,
    /// Tables that go together; empty between calls.
    going: List<unwind::Place>,
    /// Tables registered so far.
    tables: u64,
}

impl Tools {
    /// The tools of LIFECYCLE_CONFIG_*; one that cannot be had is an error that names its file.
    pub fn new(host: Host, flags: u32) -> Result<Self> {
        let asked = |flag| flags & flag != 0;
        Ok(Tools {
            host,
            perf: asked(LIFECYCLE_CONFIG_PERF_MAP).then(perf_map::PerfMap::start).transpose()?,
            dump: asked(LIFECYCLE_CONFIG_JITDUMP).then(jitdump::JitDump::start).transpose()?,
            gdb: asked(LIFECYCLE_CONFIG_GDB),
            text: List::new_in(host),
            going: List::new_in(host),
            tables: 0,
        })
    }

    /// Which of LIFECYCLE_CONFIG_* work now.
    pub fn working(&self) -> u32 {
        let flag = |works, flag| if works { flag } else { 0 };
        flag(self.perf.as_ref().is_some_and(|perf| perf.works()), LIFECYCLE_CONFIG_PERF_MAP)
            | flag(self.dump.as_ref().is_some_and(|dump| dump.works()), LIFECYCLE_CONFIG_JITDUMP)
            | flag(self.gdb, LIFECYCLE_CONFIG_GDB)
    }

    /// Whether any that is asked for by the config hears of a symbol.
    pub fn listen(&self) -> bool {
        self.gdb || self.perf.is_some() || self.dump.is_some()
    }

    /// Tells of a symbol, before its entry is pointed at it; `write_lines` must follow, for this
    /// one or for many. At most `most` of what is returned will be given to `forget` at once.
    pub fn tell(&mut self, fresh: &Fresh<'_>, most: usize) -> Result<Told> {
        let mut told = Told::default();
        if !fresh.eh_frame.is_empty() {
            self.going.make_room(most)?;
            told.frames = Some(unwind::Table::register(self.host, fresh, self.tables)?);
            self.tables += 1;
        }
        if self.gdb {
            let frames = told.frames.as_ref().map_or(&[][..], unwind::Table::bytes);
            told.debugger = Some(gdb::Entry::register(self.host, fresh, frames)?);
        }
        if self.perf.is_some() {
            perf_map::add_line(&mut self.text, fresh)?;
        }
        if let (Some(dump), Some(code)) = (&self.dump, fresh.code) {
            dump.write(fresh.name, code);
        }
        Ok(told)
    }

    /// Writes what the perf map is to hear, in one go.
    pub fn write_lines(&mut self) {
        if let Some(perf) = &self.perf
            && !self.text.is_empty()
        {
            perf.write(&self.text);
        }
        self.text.clear();
    }

    /// The symbols since `write_lines` will not be shown after all.
    pub fn drop_lines(&mut self) {
        self.text.clear();
    }

    /// Takes back what was told of these symbols, all of whose readers have left.
    ///
    /// The tables go in the order in which an unwinder that keeps them in a list (libgcc up to 12)
    /// has each at the front, so that many are done in linear time: the newest first, while they
    /// are as they were registered; by falling address, once an unwinding has sorted them.
    pub fn forget<'a>(&mut self, symbols: impl Iterator<Item = &'a mut Told>) {
        if !self.gdb && self.tables == 0 {
            return;
        }
        for told in symbols {
            told.debugger = None;
            // `.tool.room`: where there is none the table goes when its symbol does.
            if let Some(table) = &told.frames
                && self.going.len() < self.going.capacity()
            {
                self.going.push(table.place());
            }
        }
        self.going.sort_unstable_by_key(|place| Reverse(place.rank()));
        for place in self.going.drain(..) {
            place.deregister();
        }
    }
}

/// Bytes of the longest path.
const PATH_BYTES: usize = 4096;

/// A path that is put together without allocating.
struct Path {
    bytes: [u8; PATH_BYTES],
    len: usize,
}

impl Path {
    fn new() -> Self {
        Path { bytes: [0; PATH_BYTES], len: 0 }
    }

    /// Adds a part; fails if it does not fit with the zero at the end.
    fn add(&mut self, part: &[u8]) -> fmt::Result {
        let end = self.len + part.len();
        match self.bytes.get_mut(self.len..end) {
            Some(room) if end < PATH_BYTES => room.copy_from_slice(part),
            _ => return Err(fmt::Error),
        }
        self.len = end;
        Ok(())
    }

    fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

impl fmt::Write for Path {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.add(part.as_bytes())
    }
}
