//! The model's batches: many symbols, all or none.

use super::{Open, Pair, Side, Status, Twin, commit, nth, pattern};
use crate::abi::lifecycle_status::*;
use crate::code::Want;
use crate::manager::{Item, Source};

/// Symbols of a batch at most.
const MOST: usize = 4;

/// What an item is to become.
struct Planned {
    name: usize,
    flags: u32,
    used: usize,
    seed: u8,
    bytes: Vec<u8>,
    open: Option<Open>,
    replaced: Option<Twin>,
}

impl Pair {
    /// An item, and why it is refused if it is.
    fn plan(
        &mut self,
        side: Side,
        name: usize,
        flags: u8,
        reserved: Option<Open>,
    ) -> (Planned, Option<Status>) {
        let flags = u32::from(flags) & super::FLAGS;
        let (replaced, refusal) = self.replaced(side, name, flags);
        let seed = reserved.map_or_else(|| self.next_seed(), |open| open.seed);
        let used = reserved.map_or(usize::from(seed) * 3 + 1, |open| open.code.size);
        let bytes = if reserved.is_some() { Vec::new() } else { pattern(seed, used).collect() };
        (Planned { name, flags, used, seed, bytes, open: reserved, replaced }, refusal)
    }

    /// Maps a few symbols whose names follow one another, some from a reservation.
    pub(super) fn map_batch(&mut self, side: Side, first: u8, flags: u8, shape: u8) {
        let count = usize::from(shape) % (MOST + 1);
        let mut refusals = Vec::new();
        let mut plans = Vec::new();
        for at in 0..count {
            let stride = if shape & 0x80 != 0 { 0 } else { 1 };
            let name = (usize::from(first) + at * stride) % super::NAMES.len();
            let from = (shape >> 4 & 7) as usize == at + 1;
            let reserved = nth(&self.open, first).filter(|_| from);
            let (plan, refusal) = self.plan(side, name, flags.rotate_left(at as u32), reserved);
            refusals.extend(refusal);
            if plans.iter().any(|other: &Planned| other.name == name) {
                refusals.push(LIFECYCLE_E_EXISTS);
            }
            plans.push(plan);
        }
        let items: Vec<Item<'_>> = plans.iter().map(|it| item(side, it)).collect();
        let mut ids = Vec::new();
        let real = self.manager.map_batch(&items, |number, id| {
            assert_eq!(number, ids.len());
            ids.push(id);
        });
        drop(items);
        let bytes = plans.iter().map(|it| it.used).sum();
        if !self.found_room(&real, bytes) {
            return;
        }
        match real {
            Err(error) => assert!(refusals.contains(&error.0), "{error:?} is not {refusals:?}"),
            Ok(()) => {
                assert!(refusals.is_empty(), "it was to be refused: {refusals:?}");
                assert_eq!(ids.len(), plans.len());
                for (plan, id) in plans.iter().zip(ids) {
                    let closed = plan.open.map(|open| open.code.id);
                    self.open.retain(|open| Some(open.code.id) != closed);
                    let new = Self::twin_of(plan.name, plan.seed, plan.used);
                    self.mapped(id, side, new, plan.flags, plan.replaced);
                }
            }
        }
    }
}

fn item<'a>(side: Side, plan: &'a Planned) -> Item<'a> {
    let want = Want { len: plan.used, align: 0, near: core::ptr::null() };
    let source = match plan.open {
        Some(open) => Source::Reserved(open.code.id),
        None => Source::Bytes(&plan.bytes, want),
    };
    Item { source, commit: commit(side.id, plan.name, plan.flags, plan.used) }
}
