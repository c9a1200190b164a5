//! What the tests of this room stand on: a folder, a table that is driven as a manager drives it, a
//! system that refuses.
#![expect(clippy::expect_used, reason = "a test is there to fail loudly")]

use core::cell::Cell;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use super::driver::{Files, on};
use super::*;
use crate::abi::lifecycle_status::{self, *};
use crate::base::Error;

pub const BOTH: [Mode; 2] = [Mode::Map, Mode::Snapshot];

/// A directory of the test's own, gone with it.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new(test: &str) -> Self {
        let name = format!("lifecycle-mapping-{test}-{}", std::process::id());
        let at = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&at);
        fs::create_dir_all(&at).expect("a directory for the test");
        Dir(at)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file with contents, last changed so long ago that its time is settled.
    pub fn file(&self, name: &str, bytes: &[u8]) -> CString {
        let at = self.at(name);
        fs::write(&at, bytes).expect("a file for the test");
        age(&at, 3600);
        c(&at)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn age(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).expect("there");
    let then = SystemTime::now() - Duration::from_secs(seconds);
    file.set_modified(then).expect("its owner may");
}

pub fn c(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).expect("no NUL in a path")
}

pub fn status<T>(result: Result<T>) -> lifecycle_status {
    result.err().map_or(LIFECYCLE_OK, |error| error.0)
}

pub fn mappings(mode: Mode) -> Files {
    on(Host::libc(), mode)
}

/// As `mappings`, where the system gives no memory file: each file has a mapping of its own.
pub fn unpacked(host: Host, mode: Mode) -> Files {
    let mut maps = Mappings::new(host, 5, mode);
    maps.unmap = reluctant;
    Files { maps, slab: Slab::new() }
}

/// Whether nothing at all is left on the books.
pub fn is_bare(maps: &Mappings) -> bool {
    let counted = (maps.len(), maps.paths(), maps.bytes(), maps.failed());
    let left = maps.leaving.len() + maps.failed.len() + maps.pending;
    counted == (0, 0, 0, 0) && maps.by_path.len() + maps.by_file.len() + left == 0
}

pub fn bytes_of(acquired: &Acquired) -> &[u8] {
    // SAFETY: `.map.pages` - every test reads only while it holds a reference.
    unsafe { core::slice::from_raw_parts(acquired.data, acquired.len) }
}

thread_local! {
    /// Whether the system refuses to unmap on this thread, and how often it unmapped.
    pub static REFUSE: Cell<bool> = const { Cell::new(false) };
    pub static UNMAPPED: Cell<usize> = const { Cell::new(0) };
}

/// # Safety
/// As `os::unmap`.
pub unsafe fn reluctant(data: *const u8, len: usize) -> Result<()> {
    if REFUSE.get() {
        return Err(Error::system(libc::ENOMEM, format_args!("refused")));
    }
    UNMAPPED.set(UNMAPPED.get() + 1);
    // SAFETY: the caller's word.
    unsafe { os::unmap(data, len) }
}

/// Descriptors and mappings of this process whose file is in `dir`.
pub fn held_by_process(dir: &Dir) -> (usize, usize) {
    let inside = |path: &Path| path.starts_with(&dir.0);
    let fds = fs::read_dir("/proc/self/fd").expect("Linux").flatten();
    let fds = fds.filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| inside(&to)));
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux");
    let name = dir.0.to_string_lossy();
    (fds.count(), maps.lines().filter(|line| line.contains(&*name)).count())
}
