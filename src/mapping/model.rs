//! The naive twin of the file mappings: a list of what is in memory and a map of what paths
//! reached. What a file is and holds it asks the file system itself, each time. Driven beside the
//! real table by the property test and the fuzz target, over files in a folder of their own, and
//! compared with it after every step.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model is there to fail loudly"
)]

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::driver::{Files, on};
use super::slab::SMALL;
use super::{Acquired, Mode};
use crate::abi::lifecycle_status::{self, *};
use crate::base::{Error, Host, Result};
use crate::os;

/// Files that take part: few, so that they meet.
const PATHS: usize = 5;
/// Around a page, and around what is small.
const SIZES: [usize; 8] = [0, 1, 100, 4096, 4097, SMALL, SMALL + 1, 3 * SMALL];

/// One step; the numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Takes a reference by a path.
    Acquire { path: u8 },
    /// Takes one more to what is in memory, or was.
    Share { nth: u8 },
    /// Gives a reference back.
    Release { nth: u8 },
    /// Brings a file in for nobody.
    Prefetch { path: u8 },
    /// Drops what was brought in for nobody.
    Drop { path: u8 },
    /// Keeps bytes under a path.
    Bytes { path: u8, size: u8, seed: u8 },
    /// Renames another file over a path.
    Replace { path: u8, size: u8, seed: u8 },
    /// Writes other bytes of the same number into a file.
    Rewrite { path: u8, seed: u8 },
    /// Makes a file longer or shorter.
    Resize { path: u8, size: u8 },
    /// Removes a path.
    Delete { path: u8 },
    /// Makes one path lead where another one does.
    Link { path: u8, to: u8, soft: bool },
    /// Makes a file's last change an old one.
    Age { path: u8 },
    /// From now on the system takes back no pages, or does again.
    Refuse { refuses: bool },
    /// Asks it again.
    Retry,
}

/// Steps from any bytes, four to a step.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Op> {
    bytes.chunks_exact(4).map(|chunk| {
        let (path, b, seed) = (chunk[1], chunk[2], chunk[3]);
        match chunk[0] % 20 {
            0..=4 => Op::Acquire { path },
            5 => Op::Share { nth: path },
            6..=8 => Op::Release { nth: path },
            9 => Op::Prefetch { path },
            10 => Op::Drop { path },
            11 => Op::Bytes { path, size: b, seed },
            12 | 13 => Op::Replace { path, size: b, seed },
            14 => Op::Rewrite { path, seed },
            15 => Op::Resize { path, size: b },
            16 => Op::Delete { path },
            17 => Op::Link { path, to: b, soft: seed & 1 != 0 },
            18 => Op::Age { path },
            _ if b & 1 == 0 => Op::Retry,
            _ => Op::Refuse { refuses: seed & 1 != 0 },
        }
    })
}

thread_local! {
    /// Whether the system refuses to unmap on this thread.
    static REFUSES: Cell<bool> = const { Cell::new(false) };
}

/// # Safety
/// As `os::unmap`.
unsafe fn unmap(data: *const u8, len: usize) -> Result<()> {
    if REFUSES.get() {
        return Err(Error::system(libc::ENOMEM, format_args!("refused")));
    }
    // SAFETY: the caller's word.
    unsafe { os::unmap(data, len) }
}

/// Device, inode, size, seconds and nanoseconds.
type Identity = (u64, u64, u64, i64, i64);

struct Twin {
    id: u64,
    /// None: made from bytes.
    file: Option<Identity>,
    /// None: the file's own, mapped.
    copy: Option<Vec<u8>>,
    data: usize,
    len: usize,
    references: usize,
    prefetched: bool,
    /// Another one of the same identity has taken its place.
    outdated: bool,
}

/// A real table, the files, and the twin.
pub struct Pair {
    files: Files,
    mode: Mode,
    folder: PathBuf,
    paths: Vec<(PathBuf, CString)>,
    all: Vec<Twin>,
    aliases: BTreeMap<usize, u64>,
    held: Vec<u64>,
    gone: Vec<u64>,
    failed: usize,
    aged: u64,
}

fn status<T>(result: &Result<T>) -> lifecycle_status {
    result.as_ref().err().map_or(LIFECYCLE_OK, |error| error.0)
}

fn contents(size: u8, seed: u8) -> Vec<u8> {
    let len = SIZES[usize::from(size) % SIZES.len()];
    (0..len).map(|at| seed.wrapping_add((at / 251) as u8)).collect()
}

impl Pair {
    /// Nothing in memory, no files.
    pub fn new(mode: Mode) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lifecycle-files-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let paths = (0..PATHS).map(|n| {
            let path = folder.join(format!("file {n}"));
            let c = CString::new(path.as_os_str().as_bytes()).expect("no NUL in it");
            (path, c)
        });
        let paths = paths.collect();
        let mut files = on(Host::libc(), mode);
        files.maps.unmap = unmap;
        REFUSES.set(false);
        Pair {
            files,
            mode,
            folder,
            paths,
            all: Vec::new(),
            aliases: BTreeMap::new(),
            held: Vec::new(),
            gone: Vec::new(),
            failed: 0,
            aged: 0,
        }
    }

    /// What a path leads to now, or why it cannot be had.
    fn look(&self, path: usize) -> core::result::Result<(Identity, Vec<u8>), lifecycle_status> {
        let path = &self.paths[path].0;
        let about = fs::metadata(path).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => LIFECYCLE_E_NOT_FOUND,
            _ => LIFECYCLE_E_SYSTEM,
        })?;
        if about.size() == 0 {
            return Err(LIFECYCLE_E_FORMAT);
        }
        let changed = (about.mtime(), about.mtime_nsec());
        let identity = (about.dev(), about.ino(), about.size(), changed.0, changed.1);
        Ok((identity, fs::read(path).expect("it is there")))
    }

    fn twin(&mut self, id: u64) -> &mut Twin {
        self.all.iter_mut().find(|twin| twin.id == id).expect("it is in memory")
    }

    fn evict(&mut self, id: u64) {
        let at = self.all.iter().position(|twin| twin.id == id).expect("it is in memory");
        let twin = self.all.remove(at);
        self.aliases.retain(|_, named| *named != id);
        self.gone.push(id);
        let packed = twin.len <= SMALL;
        self.failed += usize::from(REFUSES.get() && !packed);
    }

    /// A path names a mapping from now on.
    fn name(&mut self, path: usize, id: u64) {
        let before = self.aliases.insert(path, id).filter(|before| *before != id);
        if let Some(before) = before
            && !self.aliases.values().any(|named| *named == before)
            && self.twin(before).prefetched
        {
            self.evict(before);
        }
    }

    /// What a path should reach: in memory already, to be brought in, or refused.
    #[expect(clippy::type_complexity, reason = "said once")]
    fn expected(
        &mut self,
        path: usize,
    ) -> core::result::Result<(Option<u64>, Option<(Identity, Vec<u8>)>), lifecycle_status> {
        if let Some(id) = self.aliases.get(&path).copied()
            && self.twin(id).file.is_none()
        {
            return Ok((Some(id), None));
        }
        let (identity, bytes) = self.look(path)?;
        let newest = self.all.iter_mut().rev();
        let newest = newest.filter(|twin| !twin.outdated).find(|twin| twin.file == Some(identity));
        if let Some(twin) = newest {
            if twin.copy.as_ref().is_none_or(|copy| *copy == bytes) {
                return Ok((Some(twin.id), None));
            }
            twin.outdated = true;
        }
        Ok((None, Some((identity, bytes))))
    }

    fn reached(&mut self, path: usize, id: u64, fresh: Option<(Identity, Vec<u8>)>) {
        if let Some((identity, bytes)) = fresh {
            assert!(self.all.iter().all(|twin| twin.id != id) && !self.gone.contains(&id));
            let mapped = self.mode == Mode::Map && bytes.len() > SMALL;
            let mapping = self.files.get(id).expect("it is in memory");
            self.all.push(Twin {
                id,
                file: Some(identity),
                data: mapping.data() as usize,
                len: bytes.len(),
                copy: (!mapped).then_some(bytes),
                references: 0,
                prefetched: false,
                outdated: false,
            });
        }
        self.name(path, id);
    }

    /// A copy whose file had just changed may have been compared with a second one, and the system
    /// may have refused to take that back.
    fn compared(&mut self, known: Option<u64>) {
        let failed = self.files.failed();
        let may = |twin: &Twin| twin.copy.is_some() && twin.file.is_some() && twin.len > SMALL;
        if REFUSES.get() && known.is_some_and(|id| may(self.twin(id))) {
            assert!(failed - self.failed <= 1);
            self.failed = failed;
        }
    }

    fn refer(&mut self, id: u64) {
        let twin = self.twin(id);
        if !core::mem::take(&mut twin.prefetched) {
            twin.references += 1;
        }
        self.held.push(id);
    }

    fn agree(&self, acquired: &Acquired, path: usize, fresh: bool) {
        assert_eq!(acquired.opened, fresh);
        assert_eq!(acquired.path.bytes(), self.paths[path].1.to_bytes());
    }

    fn acquire(&mut self, path: usize) {
        let expected = self.expected(path);
        let real = self.files.acquire(&self.paths[path].1);
        let (known, fresh) = match expected {
            Ok(expected) => expected,
            Err(refusal) => return assert_eq!(status(&real), refusal),
        };
        let real = real.expect("the file is there");
        self.agree(&real, path, fresh.is_some());
        assert!(known.is_none_or(|known| known == real.id));
        if let Some((_, bytes)) = &fresh {
            // SAFETY: the table has just brought it in, and nothing has changed the file since.
            let there = unsafe { core::slice::from_raw_parts(real.data, real.len) };
            assert!(there == bytes, "the bytes are the file's");
        }
        self.reached(path, real.id, fresh);
        self.compared(known);
        self.refer(real.id);
    }

    fn prefetch(&mut self, path: usize) {
        let expected = self.expected(path);
        let real = self.files.prefetch(&self.paths[path].1);
        let (known, fresh) = match expected {
            Ok(expected) => expected,
            Err(refusal) => return assert_eq!(status(&real), refusal),
        };
        let real = real.expect("the file is there");
        assert_eq!(real.opened, fresh.is_some());
        assert!(known.is_none_or(|known| known == real.id));
        self.reached(path, real.id, fresh);
        self.compared(known);
        if real.opened {
            let twin = self.twin(real.id);
            (twin.prefetched, twin.references) = (true, 1);
        }
    }

    fn share(&mut self, nth: usize) {
        let ids = self.all.iter().map(|twin| twin.id).chain(self.gone.iter().copied());
        let ids: Vec<_> = ids.collect();
        let Some(id) = ids.get(nth % ids.len().max(1)).copied() else { return };
        let shared = self.files.share(id);
        if nth % ids.len() >= self.all.len() {
            return assert_eq!(status(&shared), LIFECYCLE_E_STALE);
        }
        let shared = shared.expect("it is in memory");
        let twin = self.twin(id);
        assert_eq!((shared.data as usize, shared.len, shared.id), (twin.data, twin.len, id));
        self.refer(id);
    }

    fn release(&mut self, nth: usize) {
        if self.held.is_empty() {
            return;
        }
        let id = self.held.swap_remove(nth % self.held.len());
        let released = self.files.release(id).expect("it is held");
        let twin = self.twin(id);
        twin.references -= 1;
        let is_last = twin.references == 0;
        assert_eq!((released.evicted, released.bytes), (is_last, twin.len));
        if is_last {
            self.evict(id);
        }
    }

    fn drop_prefetched(&mut self, path: usize) {
        let dropped = self.files.drop_prefetched(&self.paths[path].1);
        match self.aliases.get(&path).copied() {
            Some(id) if self.twin(id).prefetched => {
                assert!(dropped.is_ok_and(|dropped| dropped.evicted && dropped.id == id));
                self.evict(id);
            }
            _ => assert_eq!(status(&dropped), LIFECYCLE_E_NOT_FOUND),
        }
    }

    fn keep_bytes(&mut self, path: usize, bytes: Vec<u8>) {
        let kept = self.files.acquire_bytes(&self.paths[path].1, &bytes);
        if bytes.is_empty() {
            return assert_eq!(status(&kept), LIFECYCLE_E_FORMAT);
        }
        if self.aliases.contains_key(&path) {
            return assert_eq!(status(&kept), LIFECYCLE_E_EXISTS);
        }
        let Acquired { id, data, len, .. } = kept.expect("there is memory");
        let (copy, data) = (Some(bytes), data as usize);
        let (file, references, prefetched, outdated) = (None, 0, false, false);
        self.all.push(Twin { id, file, copy, data, len, references, prefetched, outdated });
        self.name(path, id);
        self.refer(id);
    }

    /// What other programs do; what they cannot do is not done.
    fn change(&mut self, op: Op) -> std::io::Result<()> {
        let at = |path: u8| self.paths[usize::from(path) % PATHS].0.as_path();
        match op {
            Op::Replace { path, size, seed } => {
                let fresh = self.folder.join("fresh");
                fs::write(&fresh, contents(size, seed))?;
                fs::rename(fresh, at(path))
            }
            Op::Rewrite { path, seed } => {
                let len = fs::metadata(at(path))?.len() as usize;
                let mut file = fs::File::options().write(true).open(at(path))?;
                file.write_all(&vec![seed; len])
            }
            Op::Resize { path, size } => {
                let len = SIZES[usize::from(size) % SIZES.len()] as u64;
                fs::File::options().write(true).open(at(path))?.set_len(len)
            }
            Op::Delete { path } => fs::remove_file(at(path)),
            Op::Link { path, to, soft } if path as usize % PATHS != to as usize % PATHS => {
                let _ = fs::remove_file(at(path));
                if soft { symlink(at(to), at(path)) } else { fs::hard_link(at(to), at(path)) }
            }
            Op::Age { path } => {
                // No two are as old: who sets a time back to what it was hides a change.
                self.aged += 1;
                let then = SystemTime::now() - Duration::from_secs(3600 + self.aged);
                let at = self.paths[usize::from(path) % PATHS].0.as_path();
                fs::File::options().write(true).open(at)?.set_modified(then)
            }
            _ => Ok(()),
        }
    }

    /// Does one step on both and compares them.
    pub fn step(&mut self, op: Op) {
        let number = |path: u8| usize::from(path) % PATHS;
        match op {
            Op::Acquire { path } => self.acquire(number(path)),
            Op::Share { nth } => self.share(usize::from(nth)),
            Op::Release { nth } => self.release(usize::from(nth)),
            Op::Prefetch { path } => self.prefetch(number(path)),
            Op::Drop { path } => self.drop_prefetched(number(path)),
            Op::Bytes { path, size, seed } => self.keep_bytes(number(path), contents(size, seed)),
            Op::Refuse { refuses } => REFUSES.set(refuses),
            Op::Retry => {
                self.failed = if REFUSES.get() { self.failed } else { 0 };
                assert_eq!(self.files.retry_failed(), self.failed);
            }
            _ => drop(self.change(op)),
        }
        self.compare();
    }

    fn compare(&self) {
        for twin in &self.all {
            let mapping = self.files.get(twin.id).expect("it is in memory");
            let real = (mapping.data() as usize, mapping.len(), mapping.references());
            assert_eq!(real, (twin.data, twin.len, twin.references));
            assert_eq!(mapping.is_prefetched(), twin.prefetched);
            if let Some(copy) = &twin.copy {
                assert_eq!(twin.data % os::page_size(), 0);
                // SAFETY: a copy is readable to the end of its last page and does not change.
                let there = unsafe {
                    let whole = twin.len.next_multiple_of(os::page_size());
                    core::slice::from_raw_parts(mapping.data(), whole)
                };
                assert!(there.starts_with(copy), "a copy keeps its bytes");
                assert!(there[twin.len..].iter().all(|byte| *byte == 0), "the rest is zero");
            }
        }
        let paths = self.paths.iter().enumerate();
        for (number, (_, path)) in paths {
            assert_eq!(self.files.find(path), self.aliases.get(&number).copied());
        }
        let bytes: usize = self.all.iter().map(|twin| twin.len).sum();
        let real = (self.files.len(), self.files.bytes(), self.files.paths());
        assert_eq!(real, (self.all.len(), bytes, self.aliases.len()));
        let failed = self.files.iter_failed().count();
        assert_eq!((self.files.failed(), failed), (self.failed, self.failed));
    }

    /// Gives everything back: nothing may be left.
    pub fn finish(mut self) {
        REFUSES.set(false);
        while !self.held.is_empty() {
            self.release(0);
        }
        for path in 0..PATHS {
            self.drop_prefetched(path);
        }
        self.step(Op::Retry);
        assert!(self.all.is_empty() && self.aliases.is_empty() && self.failed == 0);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs bytes as steps: the first one says how files are read.
pub fn run(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut pair = Pair::new(if first & 1 == 0 { Mode::Map } else { Mode::Snapshot });
    decode(rest).for_each(|op| pair.step(op));
    pair.finish();
}
