//! File mappings: every file a manager's modules read, once in memory however many paths and
//! modules reach it, and for exactly as long as somebody holds it.
//!
//! A mapping is known by what the file is (device, inode, size, time of the last change), not by
//! what it is called. So a file replaced under its path (renamed over) is another mapping, while
//! those who hold the old one keep reading it; and a symbolic or hard link to a mapped file costs
//! nothing. A path that reached a mapping is remembered as an alias of it, until it reaches another
//! one or the mapping goes.
//!
//! In Snapshot mode a file is copied, and a copy does not keep the file's inode from being used
//! again. A file may then be replaced by one of the same number, size and time, if all of it
//! happens within one tick of the file system's clock. So a copy of a file that was changed just
//! before is unsettled: the next acquire compares it with the file.
//!
//! Invariants:
//! - `.map.refs`: a live mapping has at least one reference; the last one to go unmaps it. A
//!   prefetched mapping has exactly one, held by this table, and the first acquire takes it over.
//! - `.map.pages`: the pages of a mapping are readable, in place and nobody else's to unmap from
//!   the time it is made until the system takes them back.
//! - `.map.alias`: an alias is on the chain of the mapping it names, and `by_path` holds exactly
//!   the aliases. A prefetched mapping has an alias: with the last one gone nobody could ask for
//!   it, so it goes too.
//! - `.map.file`: `by_file` finds the newest mapping of a file; mappings made from bytes are not in
//!   it.
//! - `.map.room`: `failed` has room for every live mapping and one more, so that releasing never
//!   allocates.
//!
//! The room is guarded by the manager's lock, keeps none of its own, and calls nobody back. It does
//! not know modules: which module holds which mapping is the module's record.

mod pages;
mod smf;

#[cfg(test)]
mod smf_tests;
#[cfg(test)]
mod tests;

use core::ffi::CStr;

use crate::base::{
    Chain, Host, Index, Kind, Link, Linked, List, ListExt, Lossy, Result, Slots, Text, fail,
};
use crate::os;
use pages::{Pages, Unmap};
pub use smf::{header as smf_header, section as smf_section};

/// How files are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Mapped: fast, and a reader of a part that another program cut off gets SIGBUS.
    Map,
    /// Copied when first acquired: what happens to the file afterwards is not seen.
    Snapshot,
}

/// Seconds after a file's last change within which another change may leave its time the same: the
/// coarsest clock of a file system in use ticks every two seconds.
const TICK_US: i128 = 2_000_000;

/// A file in memory.
pub struct Mapping {
    pages: Pages,
    references: usize,
    prefetched: bool,
    path: Text,
    file: Option<os::FileId>,
    unsettled: bool,
    aliases: Chain,
    link: Link,
}

impl Mapping {
    /// First byte; read-only, in place while the mapping lives.
    pub fn data(&self) -> *const u8 {
        self.pages.data()
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// References, a prefetch's own included.
    #[cfg(test)]
    pub fn references(&self) -> usize {
        self.references
    }

    /// Whether nobody but a prefetch holds it.
    pub fn is_prefetched(&self) -> bool {
        self.prefetched
    }

    /// The path or key that reached it first.
    pub fn path(&self) -> &Text {
        &self.path
    }
}

impl Linked for Mapping {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// A path that names a mapping.
struct Alias {
    path: Text,
    hash: u64,
    mapping: u64,
    link: Link,
}

impl Linked for Alias {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// A reference to a mapping.
pub struct Acquired {
    /// Names the mapping.
    pub id: u64,
    /// First byte.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
    /// Whether the file was brought into memory by this very call.
    pub opened: bool,
    /// A mapping that went because its path names this one now: prefetched, never used, and out of
    /// reach.
    pub displaced: Option<Released>,
}

/// A mapping that is in memory without a user.
pub struct Prefetched {
    /// Names the mapping.
    pub id: u64,
    /// Whether the file was brought into memory by this very call.
    pub opened: bool,
    /// As `Acquired::displaced`.
    pub displaced: Option<Released>,
}

/// A reference that is gone.
pub struct Released {
    /// Named the mapping; stale if it was evicted.
    pub id: u64,
    /// The path or key that reached the mapping first: the caller's own, for as long as it likes.
    pub path: Text,
    /// The mapping's bytes.
    pub bytes: usize,
    /// Whether this was the last reference.
    pub evicted: bool,
    /// Whether the system refused to unmap it; it is retried with `retry_failed`.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "`failed` tells the manager; tests look at the single release")
    )]
    pub refused: bool,
}

/// Pages that the system did not take back.
struct Failed {
    pages: Pages,
    path: Text,
}

/// What a path is about to name.
struct Reached {
    id: u64,
    opened: bool,
    displaced: Option<Released>,
}

/// How a path will name a mapping, with all the memory that takes.
enum Named {
    Already(u64),
    New { path: Text, hash: u64 },
}

/// The file mappings of one manager.
pub struct Mappings {
    host: Host,
    mode: Mode,
    unmap: Unmap,
    maps: Slots<Mapping>,
    all: Chain,
    aliases: Slots<Alias>,
    by_path: Index,
    by_file: Index,
    failed: List<Failed>,
    bytes: usize,
}

impl Mappings {
    /// No mapping.
    pub fn new(host: Host, salt: u8, mode: Mode) -> Self {
        Mappings {
            host,
            mode,
            unmap: os::unmap,
            maps: Slots::new(host, Kind::Mapping, salt),
            all: Chain::default(),
            aliases: Slots::new(host, Kind::Record, salt),
            by_path: Index::new(host, salt),
            by_file: Index::new(host, salt),
            failed: List::new_in(host),
            bytes: 0,
        }
    }

    /// A reference to the file at `path`, which is brought into memory unless it is there already.
    /// A key of `acquire_bytes` that is live is reached without asking the file system.
    /// E_NOT_FOUND, E_DENIED, E_TYPE for what is not a regular file, E_FORMAT for an empty one or
    /// one that was cut while it was copied, E_NOMEM, E_LIMIT, E_SYSTEM; then nothing changed.
    pub fn acquire(&mut self, path: &CStr) -> Result<Acquired> {
        let Reached { id, opened, displaced } = self.reach(path)?;
        let mapping = self.maps.get_mut(id)?;
        if mapping.prefetched {
            mapping.prefetched = false;
        } else {
            mapping.references += 1;
        }
        Ok(Acquired { id, data: mapping.data(), len: mapping.len(), opened, displaced })
    }

    /// Brings a file into memory for whoever acquires it first; for a file that is in memory
    /// already it only remembers the path. Fails as `acquire`.
    pub fn prefetch(&mut self, path: &CStr) -> Result<Prefetched> {
        let Reached { id, opened, displaced } = self.reach(path)?;
        if opened {
            let mapping = self.maps.get_mut(id)?;
            mapping.prefetched = true;
            mapping.references = 1;
        }
        Ok(Prefetched { id, opened, displaced })
    }

    /// A reference to a private read-only copy of `bytes`, known by `key`. E_EXISTS if the key
    /// names a live mapping, E_FORMAT if there are no bytes, E_NOMEM, E_LIMIT; then nothing
    /// changed.
    pub fn acquire_bytes(&mut self, key: &CStr, bytes: &[u8]) -> Result<Acquired> {
        if bytes.is_empty() {
            let key = Lossy(key.to_bytes());
            fail!(LIFECYCLE_E_FORMAT, "the bytes for '{key}' are empty");
        }
        if self.find(key).is_some() {
            let key = Lossy(key.to_bytes());
            fail!(LIFECYCLE_E_EXISTS, "'{key}' names a mapping already");
        }
        self.make_room()?;
        let named = self.prepare_alias(key)?;
        let pages = Pages::copy(bytes)?;
        let id = self.add(&named, pages, None, false)?;
        self.put_alias(named, id)?;
        let mapping = self.maps.get_mut(id)?;
        mapping.references = 1;
        Ok(Acquired { id, data: mapping.data(), len: mapping.len(), opened: true, displaced: None })
    }

    /// Room for one more mapping, and for the system to refuse every unmapping that may come
    /// (`.map.room`).
    fn make_room(&mut self) -> Result<()> {
        self.maps.make_room()?;
        self.by_file.make_room()?;
        self.failed.make_room(self.maps.len() + 2)
    }

    fn find_alias(&self, hash: u64, path: &CStr) -> Option<u64> {
        self.by_path.find(hash, |id| {
            let alias = self.aliases.get(id);
            alias.is_ok_and(|alias| alias.path.bytes() == path.to_bytes())
        })
    }

    /// Takes all the memory it needs for `path` to name a mapping.
    fn prepare_alias(&mut self, path: &CStr) -> Result<Named> {
        let hash = self.by_path.hash(0, path.to_bytes());
        if let Some(alias) = self.find_alias(hash, path) {
            return Ok(Named::Already(alias));
        }
        self.aliases.make_room()?;
        self.by_path.make_room()?;
        let path = Text::copy(self.host, path.to_bytes())?;
        Ok(Named::New { path, hash })
    }

    /// Makes a prepared path name a mapping. What goes because the path named it before, and nobody
    /// else can reach it, is returned.
    fn put_alias(&mut self, named: Named, id: u64) -> Result<Option<Released>> {
        let (alias, before) = match named {
            Named::Already(alias) => (alias, self.aliases.get(alias)?.mapping),
            Named::New { path, hash } => {
                let alias = self.aliases.insert(Alias {
                    path,
                    hash,
                    mapping: id,
                    link: Link::default(),
                })?;
                self.by_path.insert(hash, alias)?;
                (alias, 0)
            }
        };
        if before == id {
            return Ok(None);
        }
        let mut displaced = false;
        if before != 0 {
            let old = self.maps.get_mut(before)?;
            old.aliases.remove(&mut self.aliases, alias)?;
            displaced = old.prefetched && old.aliases.len() == 0;
            self.aliases.get_mut(alias)?.mapping = id;
        }
        let mapping = self.maps.get_mut(id)?;
        mapping.aliases.push(&mut self.aliases, alias)?;
        if displaced {
            return self.evict(before).map(Some);
        }
        Ok(None)
    }

    fn hash_file(&self, file: &os::FileId) -> u64 {
        let (seconds, nanoseconds) = file.changed;
        let words = [file.device, file.inode, file.size, seconds as u64, nanoseconds as u64];
        self.by_file.hash(0, words.map(u64::to_le_bytes).as_flattened())
    }

    /// The mapping of a file, by what the file is.
    fn find_file(&self, file: &os::FileId) -> Option<u64> {
        self.by_file.find(self.hash_file(file), |id| {
            let mapping = self.maps.get(id);
            mapping.is_ok_and(|mapping| mapping.file.as_ref() == Some(file))
        })
    }

    /// Whether a change to the file from now on would show in its time. A mapped file needs no such
    /// care: it cannot lose its inode, and its bytes are the file's own.
    fn is_settled(&self, file: &os::FileId) -> bool {
        let (seconds, nanoseconds) = file.changed;
        let changed = i128::from(seconds) * 1_000_000 + i128::from(nanoseconds) / 1000;
        self.mode == Mode::Map || changed + TICK_US < i128::from(os::real_us())
    }

    /// The mapping that `path` reaches, made to be named by it. One that is new has no reference
    /// yet: the caller adds it.
    fn reach(&mut self, path: &CStr) -> Result<Reached> {
        if let Some(id) = self.find(path)
            && self.maps.get(id)?.file.is_none()
        {
            return Ok(Reached { id, opened: false, displaced: None });
        }
        let opened = os::open_file(path)?;
        // Asked after the file was opened and before it is read: a change after the reading is then
        // a later one.
        let settled = self.is_settled(&opened.id);
        self.make_room()?;
        let named = self.prepare_alias(path)?;
        let (id, is_new) = self.bring(&opened, &named, path, settled)?;
        let displaced = self.put_alias(named, id)?;
        Ok(Reached { id, opened: is_new, displaced })
    }

    /// The mapping of an open file, and whether it is new. All room is made; what can still fail is
    /// the system.
    fn bring(
        &mut self,
        opened: &os::Opened,
        named: &Named,
        path: &CStr,
        settled: bool,
    ) -> Result<(u64, bool)> {
        let known = self.find_file(&opened.id);
        if let Some(id) = known
            && !self.maps.get(id)?.unsettled
        {
            return Ok((id, false));
        }
        let pages = Pages::load(self.mode, opened, path)?;
        if let Some(id) = known {
            let mapping = self.maps.get_mut(id)?;
            if mapping.pages.same_bytes(&pages) {
                mapping.unsettled = !settled;
                let path = mapping.path.clone();
                self.give_back(pages, path);
                return Ok((id, false));
            }
            self.by_file.remove(self.hash_file(&opened.id), id);
        }
        let id = self.add(named, pages, Some(opened.id), !settled)?;
        Ok((id, true))
    }

    /// Puts a mapping on the books. Room is made (`make_room`), so nothing fails.
    fn add(
        &mut self,
        named: &Named,
        pages: Pages,
        file: Option<os::FileId>,
        unsettled: bool,
    ) -> Result<u64> {
        let path = match named {
            Named::Already(alias) => self.aliases.get(*alias)?.path.clone(),
            Named::New { path, .. } => path.clone(),
        };
        let len = pages.len();
        let id = self.maps.insert(Mapping {
            pages,
            references: 0,
            prefetched: false,
            path,
            file,
            unsettled,
            aliases: Chain::default(),
            link: Link::default(),
        })?;
        self.all.push(&mut self.maps, id)?;
        if let Some(file) = file {
            self.by_file.insert(self.hash_file(&file), id)?;
        }
        self.bytes += len;
        Ok(id)
    }

    /// Gives pages back, or remembers that the system refused: then true.
    fn give_back(&mut self, pages: Pages, path: Text) -> bool {
        match pages.give_back(self.unmap) {
            Ok(()) => false,
            Err(pages) => {
                // There is room (`.map.room`), so this does not allocate.
                self.failed.push(Failed { pages, path });
                true
            }
        }
    }

    /// Takes a mapping off the books with all its aliases, whatever holds it, and gives its pages
    /// back. Never allocates.
    fn evict(&mut self, id: u64) -> Result<Released> {
        self.all.remove(&mut self.maps, id)?;
        let Mapping { pages, path, file, mut aliases, .. } = self.maps.remove(id)?;
        while aliases.newest() != 0 {
            let alias = aliases.newest();
            aliases.remove(&mut self.aliases, alias)?;
            let hash = self.aliases.remove(alias)?.hash;
            self.by_path.remove(hash, alias);
        }
        if let Some(file) = file {
            self.by_file.remove(self.hash_file(&file), id);
        }
        let bytes = pages.len();
        self.bytes -= bytes;
        let refused = self.give_back(pages, path.clone());
        Ok(Released { id, path, bytes, evicted: true, refused })
    }

    /// Takes a reference back; the last one evicts the mapping. If the system refuses to unmap it,
    /// its pages stay on the list that `retry_failed` works off. E_STALE; E_INVALID if nobody but a
    /// prefetch holds it.
    pub fn release(&mut self, id: u64) -> Result<Released> {
        let mapping = self.maps.get_mut(id)?;
        if mapping.prefetched {
            let path = &mapping.path;
            fail!(LIFECYCLE_E_INVALID, "nobody has acquired '{path}' yet");
        }
        if mapping.references > 1 {
            mapping.references -= 1;
            return Ok(Released {
                id,
                path: mapping.path.clone(),
                bytes: mapping.len(),
                evicted: false,
                refused: false,
            });
        }
        self.evict(id)
    }

    /// Evicts a mapping that was prefetched and that nobody acquired. E_NOT_FOUND if the path names
    /// no such mapping.
    pub fn drop_prefetched(&mut self, path: &CStr) -> Result<Released> {
        match self.find(path) {
            Some(id) if self.maps.get(id)?.prefetched => self.evict(id),
            _ => fail!(
                LIFECYCLE_E_NOT_FOUND,
                "'{}' names no mapping that waits for its first user",
                Lossy(path.to_bytes())
            ),
        }
    }

    /// Evicts one mapping, whoever holds it: for the end of everything. None = there is none left.
    pub fn evict_any(&mut self) -> Option<Released> {
        match self.all.newest() {
            0 => None,
            id => self.evict(id).ok(),
        }
    }

    /// The mapping a path names. The file system is not asked: it is the one that the path reached
    /// last.
    pub fn find(&self, path: &CStr) -> Option<u64> {
        let hash = self.by_path.hash(0, path.to_bytes());
        let alias = self.find_alias(hash, path)?;
        Some(self.aliases.get(alias).ok()?.mapping)
    }

    /// References of the mapping a path names. E_NOT_FOUND if it names none.
    pub fn refcount(&self, path: &CStr) -> Result<usize> {
        match self.find(path) {
            Some(id) => Ok(self.maps.get(id)?.references),
            None => fail!(LIFECYCLE_E_NOT_FOUND, "'{}' names no mapping", Lossy(path.to_bytes())),
        }
    }

    /// A mapping by its id. E_STALE once it is evicted.
    pub fn get(&self, id: u64) -> Result<&Mapping> {
        self.maps.get(id)
    }

    /// Asks the system again to take back what it refused, and says how much it still refuses.
    pub fn retry_failed(&mut self) -> usize {
        let mut at = 0;
        while at < self.failed.len() {
            let Failed { pages, path } = self.failed.swap_remove(at);
            if let Err(pages) = pages.give_back(self.unmap) {
                // One came off, so there is room to put it back, in its old place.
                self.failed.push(Failed { pages, path });
                let last = self.failed.len() - 1;
                self.failed.swap(at, last);
                at += 1;
            }
        }
        self.failed.len()
    }

    /// Mappings whose pages the system did not take back yet.
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// Their first paths and bytes.
    pub fn iter_failed(&self) -> impl Iterator<Item = (&Text, usize)> {
        let failed = self.failed.iter();
        failed.map(|failed| (&failed.path, failed.pages.len()))
    }

    /// Live mappings.
    pub fn len(&self) -> usize {
        self.maps.len()
    }

    /// Bytes of live mappings.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Paths and keys that name a live mapping.
    pub fn paths(&self) -> usize {
        self.aliases.len()
    }

    /// Live mappings, newest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Mapping)> {
        self.all.newest_first(&self.maps)
    }
}

impl Drop for Mappings {
    /// Unmaps what is left. What the system refuses even now stays mapped: there is nobody left to
    /// remember it.
    fn drop(&mut self) {
        while self.evict_any().is_some() {}
        self.retry_failed();
    }
}
