//! A table driven as a manager drives it, without a manager: for tests, the model and the fuzz
//! target.

use core::ffi::CStr;

use super::{Acquired, Batch, Fetch, Mappings, Mode, Prefetched, Released, Slab};
use crate::base::{Host, Result};

/// A table and what a manager has around it: what the table wants is brought, what leaves it is
/// given back at once.
pub struct Files {
    pub maps: Mappings,
    pub slab: Slab,
}

impl core::ops::Deref for Files {
    type Target = Mappings;
    fn deref(&self) -> &Mappings {
        &self.maps
    }
}

impl core::ops::DerefMut for Files {
    fn deref_mut(&mut self) -> &mut Mappings {
        &mut self.maps
    }
}

impl Files {
    pub fn bring<T>(
        &mut self,
        path: &CStr,
        bytes: Option<&[u8]>,
        mut take: impl FnMut(&mut Mappings, &mut Fetch<'_>) -> Result<Option<T>>,
    ) -> Result<T> {
        let Files { maps, slab } = self;
        let mut fetch = match bytes {
            Some(bytes) => Fetch::bytes(slab, path, bytes)?,
            None => Fetch::file(slab, path, false),
        };
        maps.look(&mut fetch);
        let brought = loop {
            let taken = fetch.go_on().and_then(|()| take(maps, &mut fetch));
            if let Some(brought) = taken.transpose() {
                break brought;
            }
        };
        fetch.end().into_iter().for_each(|debt| maps.settle(debt));
        self.give_back();
        assert_eq!(self.maps.pending, 0, "every debt is paid");
        brought
    }

    pub fn give_back(&mut self) {
        let mut batch = Batch::new();
        while self.maps.exchange(&mut batch) {
            batch.give_back(&self.slab);
        }
    }

    pub fn acquire(&mut self, path: &CStr) -> Result<Acquired> {
        self.bring(path, None, Mappings::acquire)
    }

    pub fn prefetch(&mut self, path: &CStr) -> Result<Prefetched> {
        self.bring(path, None, Mappings::prefetch)
    }

    pub fn acquire_bytes(&mut self, key: &CStr, bytes: &[u8]) -> Result<Acquired> {
        self.bring(key, Some(bytes), Mappings::acquire)
    }

    pub fn and_give_back(&mut self, released: Result<Released>) -> Result<Released> {
        self.give_back();
        released
    }

    pub fn release(&mut self, id: u64) -> Result<Released> {
        let released = self.maps.release(id);
        self.and_give_back(released)
    }

    pub fn drop_prefetched(&mut self, path: &CStr) -> Result<Released> {
        let released = self.maps.drop_prefetched(path);
        self.and_give_back(released)
    }

    pub fn retry_failed(&mut self) -> usize {
        self.maps.ask_again();
        self.give_back();
        self.maps.failed()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        while self.maps.evict_any().is_some() {}
    }
}

pub fn on(host: Host, mode: Mode) -> Files {
    let slab = Slab::new();
    slab.open(host, 5);
    Files { maps: Mappings::new(host, 5, mode), slab }
}
