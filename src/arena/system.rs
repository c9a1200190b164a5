//! The arena's platform here: address space from the system room, marks through the shim.

use super::bump::Platform;
use crate::base::{Error, Result};
use crate::os::{Access, Reservation};
use crate::{os, shim};

/// Allocations of this size get a mapping of their own unless they fit in what is committed.
pub(super) const HUGE: usize = 1 << 20;
/// The most address space that is asked for.
pub(super) const RESERVE: usize = 1 << 36;

/// The system this library runs on.
pub struct System {
    watched: bool,
    page_size: usize,
}

impl System {
    /// Asks who is watching.
    pub fn new() -> Self {
        System { watched: shim::is_watched(), page_size: os::page_size() }
    }
}

impl Platform for System {
    type Error = Error;
    type Region = Reservation;
    const HUGE: usize = HUGE;

    fn page_size(&self) -> usize {
        self.page_size
    }
    fn reserve(&self, len: usize, align: usize) -> Result<Reservation> {
        Reservation::new(len, align)
    }
    fn extent(&self, region: &Reservation) -> (*mut u8, usize) {
        (region.base(), region.len())
    }
    fn commit(&self, region: &Reservation, offset: usize, len: usize) -> Result<()> {
        region.set_access(offset, len, Access::ReadWrite)
    }
    fn decommit(&self, region: &Reservation, offset: usize, len: usize) -> Result<()> {
        region.decommit(offset, len)
    }
    fn release(&self, region: Reservation) -> core::result::Result<(), (Reservation, Error)> {
        region.release()
    }
    fn is_watched(&self) -> bool {
        self.watched
    }
    fn forbid(&self, at: *mut u8, len: usize) {
        shim::forbid(at, len);
    }
    fn permit(&self, at: *mut u8, len: usize) {
        shim::permit(at, len);
    }
    fn permit_defined(&self, at: *mut u8, len: usize) {
        shim::permit_defined(at, len);
    }
}
