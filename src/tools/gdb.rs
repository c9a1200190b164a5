//! The debuggers' list of code that is in no file: GDB manual, "JIT Compilation Interface".
//!
//! A symbol is one entry with an object file of its own in memory: a section where the code stands,
//! a symbol, and the table of its frames if there is one. Adding and removing are O(1).
//!
//! Invariants:
//! - `.gdb.list`: an entry is on the list from `register` to its drop, and stays in place.
//! - `.gdb.lock`: the list is the process's and changes under one lock. A host that shares the pair
//!   of symbols (see `shim/tools.c`) has to keep its own changes apart from these.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::Fresh;
use super::jitdump::MACHINE;
use crate::base::{Bx, Host, List, ListExt, Result, try_box};
use crate::os::{Held, Mutex, MutexGuard, Rank};
use crate::shim;

static LIST: Mutex<()> = Mutex::new(Rank::DebuggerList, ());
static HELD: Held<MutexGuard<'static, ()>> = Held::new();

/// Before a fork.
pub fn hold() {
    HELD.keep(LIST.lock());
}

/// After it.
pub fn let_go() {
    HELD.let_go();
}

/// What a debugger reads (`jit_code_entry`).
#[repr(C)]
struct Links {
    next: *mut Links,
    previous: *mut Links,
    file: *const u8,
    file_bytes: u64,
}

struct Raw {
    links: Links,
    host: Host,
    /// The object file.
    image: List<u8>,
}

/// An entry on the list.
pub struct Entry(NonNull<Raw>);

impl Entry {
    /// Tells a debugger of a symbol, and of the table of its frames where that is not empty.
    pub fn register(host: Host, fresh: &Fresh<'_>, frames: &[u8]) -> Result<Self> {
        let image = object_file(host, fresh, frames)?;
        let none = core::ptr::null_mut();
        let links = Links { next: none, previous: none, file: core::ptr::null(), file_bytes: 0 };
        let mut raw = try_box(host, Raw { links, host, image })?;
        raw.links.file = raw.image.as_ptr();
        raw.links.file_bytes = raw.image.len() as u64;
        let entry = Entry(NonNull::from(Bx::leak(raw)));
        let _list = LIST.lock();
        // SAFETY: `.gdb.list`, `.gdb.lock`.
        unsafe { shim::gdb_link(entry.links()) };
        Ok(entry)
    }

    fn links(&self) -> *mut c_void {
        // SAFETY: `.gdb.list`; only the address is taken.
        unsafe { (&raw mut (*self.0.as_ptr()).links).cast() }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        {
            let _list = LIST.lock();
            // SAFETY: `.gdb.list`, `.gdb.lock`.
            unsafe { shim::gdb_unlink(self.links()) };
        }
        // SAFETY: it was leaked in `register` and is off the list, so nobody else knows it.
        unsafe {
            let host = self.0.as_ref().host;
            drop(Bx::from_raw_in(self.0.as_ptr(), host));
        }
    }
}

const HEADER: usize = 64;
const SECTION: usize = 64;
const SYMBOL: usize = 24;
/// Null, code, frames, symbols, the symbols' names, the sections' names.
const SECTIONS: usize = 6;
const SECTION_NAMES: &[u8] = b"\0.text\0.eh_frame\0.symtab\0.strtab\0.shstrtab\0";

/// One section's header. (ELF-64 Object File Format, version 1.5.)
#[derive(Default)]
struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: usize,
    len: usize,
    link: u32,
    info: u32,
    align: u64,
    entry: usize,
}

/// An object file of one symbol, whose code stays where it is.
fn object_file(host: Host, fresh: &Fresh<'_>, frames: &[u8]) -> Result<List<u8>> {
    const NULL: u32 = 0;
    const BITS: u32 = 1;
    const SYMBOLS: u32 = 2;
    const STRINGS: u32 = 3;
    const NO_BITS: u32 = 8;
    const IN_MEMORY: u64 = 2;
    const CODE: u64 = 4;
    let symbols_at = HEADER + SECTIONS * SECTION;
    let frames_at = symbols_at + 2 * SYMBOL;
    let names_at = frames_at + frames.len();
    let names = fresh.name.len() + 2;
    let section_names_at = names_at + names;
    let address = fresh.address as u64;
    let mut sections: [Section; SECTIONS] = Default::default();
    let [_, code, table, symbols, strings, section_names] = &mut sections;
    *code = Section { name: 1, kind: NO_BITS, flags: IN_MEMORY | CODE, align: 1, ..*code };
    (code.address, code.offset, code.len) = (address, symbols_at, fresh.len);
    // A section with nothing in it is none.
    let kind = if frames.is_empty() { NULL } else { BITS };
    *table = Section { name: 7, kind, flags: IN_MEMORY, align: 8, ..*table };
    (table.address, table.offset, table.len) = (frames.as_ptr() as u64, frames_at, frames.len());
    *symbols = Section { name: 17, kind: SYMBOLS, align: 8, entry: SYMBOL, ..*symbols };
    // Names are in section 4; symbols from number 1 on are global.
    (symbols.offset, symbols.len, symbols.link, symbols.info) = (symbols_at, 2 * SYMBOL, 4, 1);
    *strings = Section { name: 25, kind: STRINGS, align: 1, ..*strings };
    (strings.offset, strings.len) = (names_at, names);
    *section_names = Section { name: 33, kind: STRINGS, align: 1, ..*section_names };
    (section_names.offset, section_names.len) = (section_names_at, SECTION_NAMES.len());

    let mut image = List::new_in(host);
    image.make_room(section_names_at + SECTION_NAMES.len())?;
    let mut add = |part: &[u8]| image.extend_from_slice(part);
    // 64 bits, this processor's byte order, version 1.
    let order = if cfg!(target_endian = "little") { 1 } else { 2 };
    add(&[0x7f, b'E', b'L', b'F', 2, order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // An executable file, whose addresses stand.
    add(&2u16.to_ne_bytes());
    add(&MACHINE.to_ne_bytes());
    add(&1u32.to_ne_bytes());
    add(&address.to_ne_bytes());
    add(&0u64.to_ne_bytes());
    add(&(HEADER as u64).to_ne_bytes());
    add(&0u32.to_ne_bytes());
    for half in [HEADER, 0, 0, SECTION, SECTIONS, SECTIONS - 1] {
        add(&(half as u16).to_ne_bytes());
    }
    for section in &sections {
        add(&section.name.to_ne_bytes());
        add(&section.kind.to_ne_bytes());
        add(&section.flags.to_ne_bytes());
        add(&section.address.to_ne_bytes());
        add(&(section.offset as u64).to_ne_bytes());
        add(&(section.len as u64).to_ne_bytes());
        add(&section.link.to_ne_bytes());
        add(&section.info.to_ne_bytes());
        add(&section.align.to_ne_bytes());
        add(&(section.entry as u64).to_ne_bytes());
    }
    add(&[0; SYMBOL]);
    // Name 1, a global function in section 1.
    add(&1u32.to_ne_bytes());
    add(&[0x12, 0]);
    add(&1u16.to_ne_bytes());
    add(&address.to_ne_bytes());
    add(&(fresh.len as u64).to_ne_bytes());
    add(frames);
    add(b"\0");
    add(fresh.name);
    add(b"\0");
    add(SECTION_NAMES);
    Ok(image)
}
