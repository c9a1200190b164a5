//! File mappings: every file a manager's modules read, once in memory however many paths and
//! modules reach it, and for exactly as long as somebody holds it.
//!
//! A mapping is known by what the file is (device, inode, size, time of the last change), not by
//! what it is called. So a file replaced under its path (renamed over) is another mapping, while
//! those who hold the old one keep reading it; and a symbolic or hard link to a mapped file costs
//! nothing. A path that reached a mapping is remembered as an alias of it, until it reaches another
//! one or the mapping goes.
//!
//! A file that is copied (in Snapshot mode, and where it is small in any mode) may lose its inode
//! to another one, and be changed. It may then be replaced by one of the same number, size and
//! time, if all of it happens within one tick of the file system's clock. So a copy of a file that
//! was changed just before is unsettled: the next acquire compares it with the file.
//!
//! Invariants:
//! - `.map.refs`: a live mapping has at least one reference; the last one to go takes it off the
//!   books. A prefetched mapping has exactly one, held by this table, and the first acquire takes
//!   it over.
//! - `.map.pages`: the pages of a mapping are readable, in place and nobody else's to unmap from
//!   the time it is made until the system takes them back.
//! - `.map.alias`: an alias is on the chain of the mapping it names, and `by_path` holds exactly
//!   the aliases. A prefetched mapping has an alias: with the last one gone nobody could ask for
//!   it, so it goes too.
//! - `.map.file`: `by_file` finds the newest mapping of a file; mappings made from bytes are not in
//!   it.
//! - `.map.room`: `leaving` and `failed` have room for every live mapping, all that has left and is
//!   not given back, and one for each fetch that owes (`.fetch.owes`), so that releasing never
//!   allocates.
//! - `.map.outside`: nothing here calls the system. What the table wants to know of it a `Fetch`
//!   finds out, and what leaves the table is given back in a `Batch`.
//!
//! The room is guarded by the manager's lock, keeps none of its own but the slab's, and calls
//! nobody back. It does not know modules: which module holds which mapping is the module's record.

mod fetch;
mod leaving;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
mod pages;
mod slab;
mod smf;

#[cfg(any(test, feature = "fuzzing"))]
mod driver;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod smf_tests;
#[cfg(test)]
mod tests;

use core::ffi::CStr;

use crate::base::{
    Chain, Host, Index, Kind, Link, Linked, List, ListExt, Lossy, Result, Slots, Text, fail,
    split_index,
};
use crate::os;
pub use fetch::{Debt, Fetch};
use fetch::{Digest, Have, Loaded, Next};
pub use leaving::Batch;
use leaving::Gone;
use pages::{Pages, Unmap};
pub use slab::Slab;
pub use smf::{header as smf_header, section as smf_section};

/// How files are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Mapped unless small: fast, and a reader of a part that another program cut off gets SIGBUS.
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
    digest: Option<Digest>,
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
    #[cfg(any(test, feature = "fuzzing"))]
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

    /// `.map.refs`
    fn refer(&mut self) {
        if self.prefetched {
            self.prefetched = false;
        } else {
            self.references += 1;
        }
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
    /// The path or key, as the table has it.
    pub path: Text,
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
    /// Whether this was the last reference: the pages have left the table and are to be given back
    /// once its lock is gone.
    pub evicted: bool,
}

/// What a path is about to name.
struct Reached {
    id: u64,
    alias: u64,
    opened: bool,
    displaced: Option<Released>,
}

/// What became of a comparison.
enum Compared {
    Same(u64),
    /// And the mapping that no longer is the newest of the file.
    New {
        stale: Option<u64>,
    },
    Unknown,
}

/// How a path will name a mapping, with all the memory that takes.
enum Named {
    Already(u64),
    New(Text),
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
    leaving: List<Gone>,
    failed: List<Gone>,
    /// Fetches that owe, and pages that are just being given back.
    pending: usize,
    /// Pages that the system refused to take back at least once.
    refused: usize,
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
            leaving: List::new_in(host),
            failed: List::new_in(host),
            pending: 0,
            refused: 0,
            bytes: 0,
        }
    }

    /// Shows the table a fetch for the first time.
    pub fn look(&self, fetch: &mut Fetch<'_>) {
        (fetch.mode, fetch.unmap) = (self.mode, self.unmap);
        fetch.hash = self.by_path.hash(0, fetch.path.to_bytes());
        fetch.alias = self.find_alias(fetch.hash, fetch.path).unwrap_or(0);
        fetch.next = match self.named(fetch.alias) {
            _ if fetch.bytes.is_some() => Next::Book,
            None => Next::Open,
            Some(mapping) if mapping.file.is_some() => Next::Identify,
            Some(_) => Next::Book,
        };
    }

    /// A reference to the file of a fetch, once that has found out all that the table wants to
    /// know; None if it is to go on. A key of bytes that is live is reached without asking the file
    /// system. E_EXISTS for bytes under a key that names a live mapping, E_NOMEM, E_LIMIT; then
    /// nothing changed.
    pub fn acquire(&mut self, fetch: &mut Fetch<'_>) -> Result<Option<Acquired>> {
        let Some(Reached { id, alias, opened, displaced }) = self.reach(fetch)? else {
            return Ok(None);
        };
        let path = self.aliases.get(alias)?.path.clone();
        let mapping = self.maps.get_mut(id)?;
        mapping.refer();
        let (data, len) = (mapping.data(), mapping.len());
        Ok(Some(Acquired { id, data, len, path, opened, displaced }))
    }

    /// One more reference to a live mapping, whatever has become of its file. E_STALE.
    pub fn share(&mut self, id: u64) -> Result<Acquired> {
        let mapping = self.maps.get_mut(id)?;
        mapping.refer();
        let (data, len, path) = (mapping.data(), mapping.len(), mapping.path.clone());
        Ok(Acquired { id, data, len, path, opened: false, displaced: None })
    }

    /// As `acquire`, for whoever acquires the file first; for one that is in memory already it only
    /// remembers the path.
    pub fn prefetch(&mut self, fetch: &mut Fetch<'_>) -> Result<Option<Prefetched>> {
        let Some(Reached { id, opened, displaced, .. }) = self.reach(fetch)? else {
            return Ok(None);
        };
        if opened {
            let mapping = self.maps.get_mut(id)?;
            mapping.prefetched = true;
            mapping.references = 1;
        }
        Ok(Some(Prefetched { id, opened, displaced }))
    }

    /// Room for one more mapping, and for the system to refuse every unmapping that may come
    /// (`.map.room`).
    fn make_room(&mut self) -> Result<()> {
        self.maps.make_room()?;
        self.by_file.make_room()?;
        let held = self.maps.len() + self.pending + 1;
        self.leaving.make_room(held + self.failed.len())?;
        self.failed.make_room(held + self.leaving.len())
    }

    fn find_alias(&self, hash: u64, path: &CStr) -> Option<u64> {
        self.by_path.find(hash, |id| {
            let alias = self.aliases.get(id);
            alias.is_ok_and(|alias| alias.path.bytes() == path.to_bytes())
        })
    }

    /// The mapping an alias names; None for 0 and for one that is gone.
    fn named(&self, alias: u64) -> Option<&Mapping> {
        let (id, alias_there) = self.aliases.at(split_index(alias))?;
        let mapping = (id == alias).then_some(alias_there.mapping)?;
        self.maps.get(mapping).ok()
    }

    /// Takes all the memory it needs for a fetch's path to name a mapping.
    fn prepare_alias(&mut self, fetch: &Fetch<'_>) -> Result<Named> {
        if self.named(fetch.alias).is_some() {
            return Ok(Named::Already(fetch.alias));
        }
        if let Some(alias) = self.find_alias(fetch.hash, fetch.path) {
            return Ok(Named::Already(alias));
        }
        self.aliases.make_room()?;
        self.by_path.make_room()?;
        Ok(Named::New(match &fetch.text {
            Some(text) => text.clone(),
            None => Text::copy(self.host, fetch.path.to_bytes())?,
        }))
    }

    /// Makes a prepared path name a mapping. What goes because the path named it before, and nobody
    /// else can reach it, is returned.
    fn put_alias(&mut self, named: Named, hash: u64, id: u64) -> Result<(u64, Option<Released>)> {
        let (alias, before) = match named {
            Named::Already(alias) => (alias, self.aliases.get(alias)?.mapping),
            Named::New(path) => {
                let link = Link::default();
                let alias = self.aliases.insert(Alias { path, hash, mapping: id, link })?;
                self.by_path.insert(hash, alias)?;
                (alias, 0)
            }
        };
        if before == id {
            return Ok((alias, None));
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
        let gone = if displaced { Some(self.evict(before)?) } else { None };
        Ok((alias, gone))
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

    /// As `find_file`, looking first at what the path reached last.
    fn find_file_of(&self, fetch: &Fetch<'_>, file: &os::FileId) -> Option<u64> {
        let last = self.aliases.at(split_index(fetch.alias)).filter(|(id, _)| *id == fetch.alias);
        let last = last.map(|(_, alias)| alias.mapping);
        let same = |id: &u64| {
            let mapping = self.maps.get(*id);
            mapping.is_ok_and(|it| it.file.as_ref() == Some(file) && !it.unsettled)
        };
        last.filter(same).or_else(|| self.find_file(file))
    }

    /// The mapping that a fetch's path reaches, made to be named by it; None if the fetch is to go
    /// on. One that is new has no reference yet: the caller adds it.
    fn reach(&mut self, fetch: &mut Fetch<'_>) -> Result<Option<Reached>> {
        if fetch.bytes.is_some() {
            return self.reach_bytes(fetch);
        }
        let (file, next) = match &fetch.have {
            Have::Path => return Ok(self.reach_key(fetch)),
            Have::Identity(file) => (*file, Next::Open),
            Have::File(opened) => (opened.id, Next::Load),
            Have::Bytes(loaded) => match loaded.file {
                Some(file) => (file, Next::Book),
                None => return Ok(None),
            },
        };
        let known = self.find_file_of(fetch, &file);
        let id = match known {
            Some(id) if !self.maps.get(id)?.unsettled => id,
            _ if next != Next::Book => return self.want(fetch, next),
            _ => match self.compare(fetch, known)? {
                Compared::Same(id) => id,
                Compared::New { stale } => return self.add_file(fetch, stale).map(Some),
                Compared::Unknown => return self.want(fetch, Next::Digest),
            },
        };
        let named = self.prepare_alias(fetch)?;
        let (alias, displaced) = self.put_alias(named, fetch.hash, id)?;
        Ok(Some(Reached { id, alias, opened: false, displaced }))
    }

    /// Says what a fetch is to find out. `.fetch.owes`: before pages are taken there is room for
    /// their end.
    fn want(&mut self, fetch: &mut Fetch<'_>, next: Next) -> Result<Option<Reached>> {
        if next == Next::Load && !fetch.owes {
            self.make_room()?;
            fetch.text = Some(match self.named(fetch.alias) {
                Some(_) => self.aliases.get(fetch.alias)?.path.clone(),
                None => Text::copy(self.host, fetch.path.to_bytes())?,
            });
            self.pending += 1;
            fetch.owes = true;
        }
        fetch.next = next;
        Ok(None)
    }

    /// A key that was live when the fetch was shown for the first time.
    fn reach_key(&self, fetch: &mut Fetch<'_>) -> Option<Reached> {
        let there = self.named(fetch.alias).is_some_and(|mapping| mapping.file.is_none());
        if let Some(alias) = Some(fetch.alias).filter(|_| there)
            && let Ok(id) = self.aliases.get(alias).map(|alias| alias.mapping)
        {
            return Some(Reached { id, alias, opened: false, displaced: None });
        }
        fetch.next = Next::Open;
        None
    }

    fn reach_bytes(&mut self, fetch: &mut Fetch<'_>) -> Result<Option<Reached>> {
        if self.find_alias(fetch.hash, fetch.path).is_some() {
            let key = Lossy(fetch.path.to_bytes());
            fail!(LIFECYCLE_E_EXISTS, "'{key}' names a mapping already");
        }
        match fetch.have {
            Have::Bytes(_) => self.add_file(fetch, None).map(Some),
            _ => self.want(fetch, Next::Load),
        }
    }

    /// Whether what was just read is what a mapping has that was copied at an unsettled time.
    fn compare(&mut self, fetch: &Fetch<'_>, known: Option<u64>) -> Result<Compared> {
        let (Some(id), Have::Bytes(loaded)) = (known, &fetch.have) else {
            return Ok(Compared::New { stale: None });
        };
        // What is mapped may not be read here: it could be cut off.
        if !loaded.pages.is_copy() {
            return Ok(Compared::New { stale: Some(id) });
        }
        if loaded.digest.is_none() {
            return Ok(Compared::Unknown);
        }
        let mapping = self.maps.get_mut(id)?;
        if mapping.digest != loaded.digest {
            return Ok(Compared::New { stale: Some(id) });
        }
        mapping.unsettled = !loaded.settled;
        Ok(Compared::Same(id))
    }

    /// Puts what a fetch has loaded on the books, with no reference, in the place of what is no
    /// longer the newest mapping of its file. Takes all room first.
    fn add_file(&mut self, fetch: &mut Fetch<'_>, stale: Option<u64>) -> Result<Reached> {
        self.make_room()?;
        let named = self.prepare_alias(fetch)?;
        let path = match &named {
            Named::Already(alias) => self.aliases.get(*alias)?.path.clone(),
            Named::New(path) => path.clone(),
        };
        let Have::Bytes(loaded) = core::mem::replace(&mut fetch.have, Have::Path) else {
            fail!(LIFECYCLE_E_SYSTEM, "nothing was read of '{path}'");
        };
        if core::mem::take(&mut fetch.owes) {
            self.pending -= 1;
        }
        if let (Some(stale), Some(file)) = (stale, &loaded.file) {
            self.by_file.remove(self.hash_file(file), stale);
        }
        let id = self.add(loaded, path)?;
        let (alias, displaced) = self.put_alias(named, fetch.hash, id)?;
        Ok(Reached { id, alias, opened: true, displaced })
    }

    /// There is room, so nothing fails.
    fn add(&mut self, loaded: Loaded, path: Text) -> Result<u64> {
        let Loaded { pages, file, settled, digest } = loaded;
        let len = pages.len();
        let id = self.maps.insert(Mapping {
            pages,
            references: 0,
            prefetched: false,
            path,
            file,
            unsettled: !settled,
            digest,
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

    /// Takes a mapping off the books with all its aliases, whatever holds it; its pages are to be
    /// given back. Never allocates.
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
        // There is room (`.map.room`), so this does not allocate.
        self.leaving.push(Gone { pages, path: path.clone(), refused: false });
        Ok(Released { id, path, bytes, evicted: true })
    }

    /// Takes a reference back; the last one evicts the mapping. E_STALE; E_INVALID if nobody but a
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
