//! Asking the system about a file and bringing its bytes into memory, away from the table and the
//! lock that guards it.
//!
//! Who wants a file makes a `Fetch` and shows it to the table, again and again: the table takes
//! what was found, or says what it wants to know next, and the fetch goes and finds it out while
//! nobody waits for it. A path that reached a mapping before costs one question (stat); another one
//! is opened, and read only if its file is not in memory yet. Between two looks at the table
//! everything may have changed, so the last one decides.
//!
//! Invariants:
//! - `.fetch.owes`: from the time the table says that a file is to be read until it has its bytes,
//!   or was told that they are gone, it keeps room for pages that the system refuses to take back.
//! - `.fetch.whole`: bytes that were copied are those of one version of the file, as far as its
//!   size and time of change tell.

use core::ffi::CStr;

use super::pages::{Pages, Unmap};
use super::slab::Slab;
use super::{Mode, TICK_US};
use crate::base::{Lossy, Result, Text, fail, hash, seed};
use crate::os;

/// How often a file that changes while it is read is opened again.
const TRIES: u32 = 4;

/// What the table wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// To be looked at: it may have all it needs.
    Book,
    /// Who the file is.
    Identify,
    /// The file, open.
    Open,
    /// Its bytes.
    Load,
    /// Their digest.
    Digest,
}

/// Bytes in memory that no mapping has yet.
pub(super) struct Loaded {
    pub pages: Pages,
    /// None: they are from no file.
    pub file: Option<os::FileId>,
    /// Whether a change to the file after they were read shows in its time.
    pub settled: bool,
    /// Known if they may have to be compared.
    pub digest: Option<Digest>,
}

/// Stands for bytes in comparisons under a lock: two keyed hashes. That different bytes have both
/// in common is less likely than memory that changes by itself.
pub(super) type Digest = [u64; 2];

pub(super) fn digest(pages: &Pages) -> Digest {
    [1, 2].map(|salt| hash(seed(salt), pages.bytes()))
}

/// What is known of the file.
pub(super) enum Have {
    Path,
    Identity(os::FileId),
    File(os::Opened),
    Bytes(Loaded),
}

/// A file on its way into memory.
pub struct Fetch<'a> {
    pub(super) path: &'a CStr,
    /// What is to be copied, where that is no file.
    pub(super) bytes: Option<&'a [u8]>,
    slab: &'a Slab,
    ahead: bool,
    tries: u32,
    pub(super) mode: Mode,
    pub(super) unmap: Unmap,
    pub(super) hash: u64,
    /// The path's own record in the table, when it was looked at; 0 = none.
    pub(super) alias: u64,
    pub(super) have: Have,
    pub(super) next: Next,
    /// `.fetch.owes`
    pub(super) owes: bool,
    /// A copy of the path, where the table has made one.
    pub(super) text: Option<Text>,
}

/// What a fetch leaves behind that came to nothing.
pub struct Debt {
    /// Pages that the system did not take back.
    pub(super) pages: Option<(Pages, Text)>,
}

impl<'a> Fetch<'a> {
    /// For the file at a path. `ahead` says that its bytes will be wanted soon, all of them.
    pub fn file(slab: &'a Slab, path: &'a CStr, ahead: bool) -> Self {
        Fetch {
            path,
            bytes: None,
            slab,
            ahead,
            tries: 0,
            mode: Mode::Map,
            unmap: os::unmap,
            hash: 0,
            alias: 0,
            have: Have::Path,
            next: Next::Open,
            owes: false,
            text: None,
        }
    }

    /// For a copy of bytes. E_FORMAT if there are none.
    pub fn bytes(slab: &'a Slab, key: &'a CStr, bytes: &'a [u8]) -> Result<Self> {
        if bytes.is_empty() {
            let key = Lossy(key.to_bytes());
            fail!(LIFECYCLE_E_FORMAT, "the bytes for '{key}' are empty");
        }
        Ok(Fetch { bytes: Some(bytes), ..Self::file(slab, key, false) })
    }

    /// Finds out what the table wants to know. Called without its lock.
    pub fn go_on(&mut self) -> Result<()> {
        match self.next {
            Next::Book => {}
            Next::Identify => self.have = Have::Identity(os::identify(self.path)?),
            Next::Open => self.have = Have::File(os::open_file(self.path)?),
            Next::Load => self.load()?,
            Next::Digest => {
                if let Have::Bytes(loaded) = &mut self.have {
                    loaded.digest = Some(digest(&loaded.pages));
                }
            }
        }
        self.next = Next::Book;
        Ok(())
    }

    fn load(&mut self) -> Result<()> {
        if let Some(bytes) = self.bytes {
            if let Some(pages) = Pages::copy(self.slab, bytes)? {
                let (file, settled, digest) = (None, true, None);
                self.have = Have::Bytes(Loaded { pages, file, settled, digest });
            }
            return Ok(());
        }
        let Have::File(opened) = &self.have else { return Ok(()) };
        // Asked after the file was opened and before it is read: a change after the reading is then
        // a later one.
        let settled = is_settled(&opened.id);
        let ahead = (self.path, self.ahead);
        if let Some(pages) = Pages::load(self.mode, self.slab, opened, ahead)? {
            let settled = settled || !pages.is_copy();
            let digest = (!settled).then(|| digest(&pages));
            let file = Some(opened.id);
            self.have = Have::Bytes(Loaded { pages, file, settled, digest });
            return Ok(());
        }
        self.tries += 1;
        if self.tries == TRIES {
            let path = Lossy(self.path.to_bytes());
            fail!(LIFECYCLE_E_FORMAT, "'{path}' was truncated or changed while it was read");
        }
        self.have = Have::File(os::open_file(self.path)?);
        Ok(())
    }

    /// What the table has to be told at the end, if anything: what was brought into memory for
    /// nothing is given back here.
    pub fn end(self) -> Option<Debt> {
        if !self.owes {
            return None;
        }
        let Have::Bytes(Loaded { pages, .. }) = self.have else {
            return Some(Debt { pages: None });
        };
        let kept = pages.give_back(self.slab, self.unmap).err();
        Some(Debt { pages: kept.zip(self.text) })
    }
}

/// Whether a change to the file from now on would show in its time. A mapped file needs no such
/// care: it cannot lose its inode, and its bytes are the file's own.
fn is_settled(file: &os::FileId) -> bool {
    let (seconds, nanoseconds) = file.changed;
    let changed = i128::from(seconds) * 1_000_000 + i128::from(nanoseconds) / 1000;
    changed + TICK_US < i128::from(os::real_us())
}
