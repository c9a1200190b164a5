//! What else hangs on the model's modules: resources of the host's, metadata keys, declaration
//! ranges, data blocks. Resources and data wait for readers as code does.

use core::ffi::{CStr, c_void};
use std::collections::VecDeque;

use super::heard::Heard;
use super::waiting::Waits;
use super::{Manager, NAMES, Side, agree, assert_holds, pattern};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::os::{Mutex, Rank};

/// Data that surely fits while no more is taken or waits.
const LITTLE: usize = 1 << 18;
/// Declaration ids that are asked about.
const IDS: core::ops::Range<i64> = -10..60;

#[derive(Clone, Copy)]
struct Resource {
    id: u64,
    module: u64,
    serial: usize,
}

#[derive(Clone, Copy)]
struct Block {
    module: u64,
    address: usize,
    len: usize,
    seed: u8,
}

/// All of it.
pub(super) struct Owned {
    resources: Vec<Resource>,
    serial: usize,
    /// Those that are to be released, with the step they were retired in: first in, first out.
    retired: VecDeque<(u64, usize)>,
    released: Box<Mutex<Vec<usize>>>,
    /// In the order in which they were noted.
    keys: Vec<(u64, usize)>,
    ranges: Vec<(u64, i64, i64)>,
    tombstones: u64,
    data: Vec<Block>,
    /// With the step they were retired in.
    old_data: Vec<(u64, Block)>,
}

unsafe extern "C" fn release(resource: *mut c_void, user: *mut c_void) {
    // SAFETY: `own` gave a list that outlives the manager.
    unsafe { &*user.cast::<Mutex<Vec<usize>>>() }.lock().push(resource.addr());
}

fn key_of(key: usize) -> &'static CStr {
    NAMES[key]
}

impl Owned {
    pub(super) fn new() -> Self {
        Owned {
            resources: Vec::new(),
            serial: 0,
            retired: VecDeque::new(),
            released: Box::new(Mutex::new(Rank::Refused, Vec::new())),
            keys: Vec::new(),
            ranges: Vec::new(),
            tombstones: 0,
            data: Vec::new(),
            old_data: Vec::new(),
        }
    }

    pub(super) fn own(&mut self, manager: &'static Manager, module: u64) {
        self.serial += 1;
        let resource = core::ptr::without_provenance_mut(self.serial);
        let user = (&raw const *self.released).cast_mut().cast();
        if let Some(id) = agree(manager.own(module, resource, Some(release), user), None) {
            self.resources.push(Resource { id, module, serial: self.serial });
        }
    }

    /// The host takes a resource back.
    pub(super) fn disown(&mut self, manager: &'static Manager, nth: u8) {
        if let Some(Resource { id, .. }) = super::nth(&self.resources, nth) {
            agree(manager.disown(id), None);
            agree(manager.disown(id), Some(LIFECYCLE_E_STALE));
            self.resources.retain(|it| it.id != id);
        }
    }

    pub(super) fn note(&mut self, manager: &'static Manager, module: u64, key: usize) {
        agree(manager.add_metadata(module, key_of(key)), None);
        if !self.keys.contains(&(module, key)) {
            self.keys.push((module, key));
        }
    }

    pub(super) fn parse(&mut self, manager: &'static Manager, module: u64, first: i64, last: i64) {
        let overlaps = self.ranges.iter().any(|it| it.1 <= last && first <= it.2);
        let refusal = match () {
            () if first > last => Some(LIFECYCLE_E_RANGE),
            () if overlaps => Some(LIFECYCLE_E_EXISTS),
            () => None,
        };
        if agree(manager.add_range(module, first, last), refusal).is_some() {
            self.ranges.push((module, first, last));
        }
    }

    fn data_bytes(&self) -> usize {
        let old = self.old_data.iter().map(|(_, it)| it.len);
        self.data.iter().map(|it| it.len).chain(old).sum()
    }

    pub(super) fn take_data(
        &mut self,
        manager: &'static Manager,
        side: Side,
        len: usize,
        seed: u8,
    ) {
        let real = manager.take_data(side.id, len, 0);
        if matches!(&real, Err(error) if error.0 == LIFECYCLE_E_LIMIT) {
            assert!(self.data_bytes() > LITTLE);
            return;
        }
        if let Some(at) = agree(real, (len == 0).then_some(LIFECYCLE_E_INVALID)) {
            // SAFETY: so many bytes are the module's own, to write, as long as it is loaded.
            let bytes = unsafe { core::slice::from_raw_parts_mut(at.cast::<u8>(), len) };
            assert!(bytes.iter().all(|byte| *byte == 0), "data that somebody had before");
            bytes.iter_mut().zip(pattern(seed, len)).for_each(|(byte, new)| *byte = new);
            let address = at.expose_provenance();
            self.data.push(Block { module: side.id, address, len, seed });
        }
    }

    /// What a module's info says of it.
    pub(super) fn compare_info(&self, module: u64, info: &lifecycle_module_info) {
        let resources = self.resources.iter().filter(|it| it.module == module).count();
        assert_eq!(info.resources, resources as u64);
        assert_eq!(info.metadata, self.keys.iter().filter(|it| it.0 == module).count() as u64);
    }

    /// How many resources and keys a module has.
    pub(super) fn counts_of(&self, module: u64) -> (u64, u64) {
        let resources = self.resources.iter().filter(|it| it.module == module).count();
        let keys = self.keys.iter().filter(|it| it.0 == module).count();
        (resources as u64, keys as u64)
    }

    /// A module goes: what it noted last goes first, and so do resources.
    pub(super) fn forget(&mut self, module: u64, step: u64, expected: &mut Vec<Heard>) {
        for (_, key) in
            self.keys.extract_if(.., |it| it.0 == module).collect::<Vec<_>>().iter().rev()
        {
            let dropped = LIFECYCLE_EVENT_METADATA_DROPPED;
            expected.push(Heard::new(dropped, module, 0, key_of(*key)));
        }
        for (_, first, last) in self.ranges.extract_if(.., |it| it.0 == module) {
            self.tombstones += (last - first + 1) as u64;
        }
        let gone: Vec<Resource> = self.resources.extract_if(.., |it| it.module == module).collect();
        self.retired.extend(gone.iter().rev().map(|it| (step, it.serial)));
        let blocks = self.data.extract_if(.., |it| it.module == module);
        self.old_data.extend(blocks.map(|it| (step, it)));
    }

    /// Whether something waits.
    pub(super) fn waits(&self) -> bool {
        !self.retired.is_empty() || !self.old_data.is_empty()
    }

    /// Resources go in the order in which they were retired, none before its readers, and each when
    /// the library was asked to look.
    fn compare_released(&mut self, waits: &Waits) {
        for serial in self.released.lock().drain(..) {
            let first = self.retired.pop_front();
            assert_eq!(first.map(|it| it.1), Some(serial), "the wrong resource was released");
            assert!(first.is_none_or(|it| !waits.is_held(it.0)), "released under a reader");
        }
        let stay = |step: &u64| waits.is_held(*step);
        assert!(!waits.has_looked() || self.retired.iter().all(|(step, _)| stay(step)));
        // What is not held may be gone; nothing more is known of it.
        self.old_data.retain(|(step, _)| stay(step));
    }

    pub(super) fn compare(
        &mut self,
        manager: &'static Manager,
        waits: &Waits,
        stats: &lifecycle_stats,
    ) {
        self.compare_released(waits);
        assert_eq!(stats.resources, self.resources.len() as u64);
        assert_eq!(stats.metadata, self.keys.len() as u64);
        assert_eq!(stats.tombstones, self.tombstones);
        for did in IDS {
            let live = self.ranges.iter().any(|it| (it.1..=it.2).contains(&did));
            assert_eq!(manager.did_is_live(did), Ok(live));
        }
        let all = self.data.iter().chain(self.old_data.iter().map(|(_, it)| it));
        let mut blocks: Vec<(usize, usize)> = Vec::new();
        for it in all {
            assert_holds(it.address, it.seed, it.len);
            blocks.push((it.address, it.len));
        }
        blocks.sort_unstable();
        assert!(blocks.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "overlap");
    }

    /// The manager is destroyed: whatever was owned is released, once.
    pub(super) fn all_released(&mut self) {
        let released = core::mem::take(&mut *self.released.lock());
        assert_eq!(released, self.retired.drain(..).map(|it| it.1).collect::<Vec<_>>());
    }
}
