#![expect(clippy::indexing_slicing, reason = "a test may fail loudly")]

use core::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::*;
use proptest::prelude::*;

/// A system that counts, fills a picture of the memory, and refuses when told.
struct Fake {
    committed: Cell<i64>,
    barriers: Cell<usize>,
    /// Slabs that are not ours yet.
    foreign: RefCell<BTreeSet<usize>>,
    refuse: Cell<bool>,
    /// Granules that were given back since the last barrier and must not come out again.
    dirty: RefCell<BTreeSet<usize>>,
}

impl Fake {
    fn new() -> Self {
        Fake {
            committed: Cell::new(0),
            barriers: Cell::new(0),
            foreign: RefCell::new(BTreeSet::new()),
            refuse: Cell::new(false),
            dirty: RefCell::new(BTreeSet::new()),
        }
    }

    fn is_foreign(&self, slab: usize) -> bool {
        self.foreign.borrow().contains(&slab)
    }
}

impl Slabs for Fake {
    fn commit(&self, _: usize, count: usize) -> Result<()> {
        self.committed.set(self.committed.get() + count as i64);
        Ok(())
    }
    fn decommit(&self, first: usize, count: usize) -> Result<()> {
        let foreign = self.foreign.borrow();
        if (first..first + count).any(|slab| foreign.contains(&slab)) {
            fail!(LIFECYCLE_E_FORKED, "not ours");
        }
        self.committed.set(self.committed.get() - count as i64);
        Ok(())
    }
    fn usable(&self, slab: usize) -> bool {
        self.own(slab).is_ok()
    }
    fn own(&self, slab: usize) -> Result<()> {
        if self.refuse.get() && self.is_foreign(slab) {
            fail!(LIFECYCLE_E_NOMEM, "no memory for a copy");
        }
        self.foreign.borrow_mut().remove(&slab);
        Ok(())
    }
    fn fill(&self, span: Span) {
        assert!(!self.is_foreign(span.offset / SLAB), "written to before it was owned");
    }
    fn drop_fetched(&self) {
        self.barriers.set(self.barriers.get() + 1);
        self.dirty.borrow_mut().clear();
    }
}

fn region(slabs: usize, lead: usize) -> Region {
    match Region::new(Host::libc(), slabs * SLAB, 64, lead) {
        Ok(region) => region,
        Err(error) => unreachable!("{error}"),
    }
}

fn granules(span: Span) -> core::ops::Range<usize> {
    span.offset / 64..(span.offset + span.len) / 64
}

#[test]
fn bins_are_in_order() {
    let bins: Vec<usize> = (1..200_000).map(bin_of).collect();
    assert!(bins.is_sorted());
    assert!(bins.iter().all(|bin| *bin < BINS));
}

#[test]
fn a_region_fills_says_so_and_empties() {
    let system = Fake::new();
    let (region, mut spans) = (region(2, 0), Spans::new(Host::libc(), 0));
    let take = |spans: &mut Spans, len| spans.allocate(&region, len, 64, &system);
    let sizes = [SLAB, SLAB / 2, SLAB / 2];
    let all = sizes.map(|len| take(&mut spans, len).ok().flatten());
    assert!(all.iter().all(Option::is_some));
    use crate::abi::lifecycle_status::*;
    let status = |result: Result<Option<Span>>| result.err().map(|error| error.0);
    assert_eq!(take(&mut spans, 1), Ok(None));
    assert_eq!(status(take(&mut spans, 3 * SLAB)), Some(LIFECYCLE_E_TOO_BIG));
    assert_eq!(status(take(&mut spans, usize::MAX)), Some(LIFECYCLE_E_TOO_BIG));
    for span in all.into_iter().flatten() {
        spans.free(&region, span, &system);
    }
    assert_eq!((spans.live_bytes(), system.committed.get()), (0, 1));
    assert_eq!(take(&mut spans, SLAB + 1), Ok(None), "one slab is kept");
    spans.trim(&region, &system);
    assert_eq!(system.committed.get(), 0);
    let Ok(Some(large)) = take(&mut spans, SLAB + 1) else { unreachable!("it is empty") };
    let large = spans.shrink(&region, large, 1, &system);
    assert_eq!((spans.live_bytes(), system.committed.get()), (64, 1));
    spans.free(&region, large, &system);
    assert_eq!((spans.live_bytes(), system.committed.get()), (0, 0));
}

#[test]
fn the_first_granule_of_a_slab_is_never_handed_out() {
    let system = Fake::new();
    let (region, mut spans) = (region(6, 1), Spans::new(Host::libc(), 0));
    let mut starts = Vec::new();
    for len in [SLAB - 64, SLAB, 64] {
        for align in [64, 4096] {
            let Ok(Some(span)) = spans.allocate(&region, len, align, &system) else {
                continue;
            };
            assert!(span.offset % SLAB != 0 && span.offset % align == 0, "{span:?}");
            starts.push((span, len));
        }
    }
    assert!(starts.iter().any(|(_, len)| *len == SLAB) && starts.len() > 2);
    assert!(spans.allocate(&region, 6 * SLAB, 64, &system).is_err());
    for (span, _) in starts {
        spans.free(&region, span, &system);
    }
    spans.trim(&region, &system);
    assert_eq!(system.committed.get(), 0);
    assert!(matches!(spans.allocate(&region, 6 * SLAB - 64, 64, &system), Ok(Some(_))));
}

#[test]
fn what_was_run_is_used_again_only_after_a_barrier_for_many() {
    let system = Fake::new();
    let (region, mut spans) = (region(1, 1), Spans::new(Host::libc(), 0));
    let take = |spans: &mut Spans| spans.allocate(&region, 640, 64, &system).ok().flatten();
    let mut all = Vec::new();
    while let Some(span) = take(&mut spans) {
        all.push(span);
    }
    assert_eq!(system.barriers.get(), 0, "nothing had been given back");
    for span in all.drain(..LIMBO_SPANS - 1) {
        spans.retire(&region, span, &system);
    }
    assert_eq!(system.barriers.get(), 0);
    // Full but for what is in limbo: no failure, one barrier.
    let Some(again) = take(&mut spans) else { unreachable!("limbo makes room") };
    assert_eq!(system.barriers.get(), 1);
    spans.free(&region, again, &system);
    for span in all {
        spans.retire(&region, span, &system);
    }
    spans.flush(&region, &system);
    assert!(system.barriers.get() < 20);
    spans.trim(&region, &system);
    assert_eq!((spans.live_bytes(), system.committed.get()), (0, 0));
}

#[test]
fn few_spans_wait_for_more_and_those_in_a_row_wait_as_one() {
    let system = Fake::new();
    let (region, mut spans) = (region(1, 1), Spans::new(Host::libc(), 0));
    let take = |spans: &mut Spans| spans.allocate(&region, 64, 64, &system).ok().flatten();
    let all: Vec<Span> = (0..DUE_SPANS).filter_map(|_| take(&mut spans)).collect();
    assert_eq!(all.len(), DUE_SPANS);
    // From both ends: the first half comes back downwards, the second upwards.
    let (low, high) = all.split_at(DUE_SPANS / 2);
    for span in low.iter().rev().chain(high) {
        assert!(!spans.is_due());
        spans.retire(&region, *span, &system);
    }
    assert!(spans.is_due());
    let waiting = spans.runs.get(spans.limbo.first as usize).map(|run| (run.len, run.next));
    assert_eq!(waiting, Some((DUE_SPANS as u32, NONE)));
    spans.flush(&region, &system);
    assert!(!spans.is_due() && system.barriers.get() == 1);
    // What was refused is asked for again.
    let Some(span) = take(&mut spans) else { unreachable!("all of it is free") };
    system.foreign.borrow_mut().insert(0);
    system.refuse.set(true);
    spans.retire(&region, span, &system);
    assert!(spans.is_due());
}

#[test]
fn a_slab_that_cannot_be_owned_keeps_its_spans_until_it_can() {
    let system = Fake::new();
    let (region, mut spans) = (region(2, 1), Spans::new(Host::libc(), 0));
    let take = |spans: &mut Spans, len| spans.allocate(&region, len, 64, &system).ok().flatten();
    let both = (take(&mut spans, SLAB - 64), take(&mut spans, 64));
    let (Some(first), Some(second)) = both else { unreachable!("it is empty") };
    let foreign = [first, second].map(|span| span.offset / SLAB);
    system.foreign.borrow_mut().extend(foreign);
    system.refuse.set(true);
    spans.free(&region, first, &system);
    spans.retire(&region, second, &system);
    assert_eq!(spans.live_bytes(), 0);
    assert_eq!(take(&mut spans, 64), None, "nothing of a slab that is not ours");
    assert_eq!(system.committed.get(), 2);
    system.refuse.set(false);
    assert!(take(&mut spans, SLAB - 64).is_some());
    assert!(system.foreign.borrow().is_empty());
}

/// One step of the property below: what, how long, how.
type Step = (u8, usize, u32);

proptest! {
    /// Several owners in one region against a list of live ranges: no overlap, the alignment asked
    /// for, nothing out again before its barrier or while its slab is not owned, everything joined.
    #[test]
    fn live_spans_never_overlap(
        steps in proptest::collection::vec((0..6u8, 1..9000usize, 0..7u32), 1..400),
        lead in 0..2usize,
    ) {
        let system = Fake::new();
        let region = region(5, lead);
        let mut shards: Vec<Spans> = (0..3).map(|home| Spans::new(Host::libc(), home)).collect();
        let mut live: Vec<Span> = Vec::new();
        for step in steps {
            run(step, &system, &region, &mut shards, &mut live)?;
        }
        for span in &live {
            for granule in granules(*span) {
                let word = region.word(granule).map(|word| word.load(Ordering::Relaxed));
                prop_assert_eq!(word, Some(span.offset as u32 / 64 + 1));
            }
        }
        let bytes: usize = shards.iter().map(Spans::live_bytes).sum();
        prop_assert_eq!(bytes, live.iter().map(|span| span.len).sum::<usize>());
        for span in live {
            owner(&mut shards, &region, span).free(&region, span, &system);
        }
        system.refuse.set(false);
        for spans in &mut shards {
            spans.flush(&region, &system);
        }
        // A slab that is not ours does not go back either.
        system.foreign.borrow_mut().clear();
        for spans in &mut shards {
            spans.trim(&region, &system);
        }
        prop_assert_eq!((system.committed.get(), region.claimed_bytes()), (0, 0));
        let whole = shards[0].allocate(&region, 5 * SLAB - 64 * lead, 64, &system);
        prop_assert!(matches!(whole, Ok(Some(_))), "all of it is free");
    }
}

fn owner<'a>(shards: &'a mut [Spans], region: &Region, span: Span) -> &'a mut Spans {
    let home = region.home(span.offset / SLAB).map_or(0, |(home, _)| home);
    &mut shards[usize::from(home)]
}

fn run(
    (op, len, how): Step,
    system: &Fake,
    region: &Region,
    shards: &mut [Spans],
    live: &mut Vec<Span>,
) -> core::result::Result<(), TestCaseError> {
    match op {
        0 | 1 if !live.is_empty() => {
            let at = len % live.len();
            let span = live[at];
            let spans = owner(shards, region, span);
            match how {
                0 => {
                    live[at] = spans.shrink(region, span, span.len / 2 + 1, system);
                    prop_assert!(live[at].len <= span.len && live[at].len > span.len / 2);
                    let claimed = region.claimed_bytes() as i64 / SLAB as i64;
                    prop_assert_eq!(claimed, system.committed.get());
                }
                1..=3 => spans.free(region, live.swap_remove(at), system),
                _ => {
                    system.dirty.borrow_mut().extend(granules(live.swap_remove(at)));
                    spans.retire(region, span, system);
                    if region.home(span.offset / SLAB).is_none() {
                        // Its slab went back at once; what comes there is new memory.
                        let mut dirty = system.dirty.borrow_mut();
                        granules(span).for_each(|granule| {
                            dirty.remove(&granule);
                        });
                    }
                }
            }
            return Ok(());
        }
        2 if how == 0 => {
            // As after a fork: every slab in use is shared with somebody.
            let used = (0..5).filter(|slab| region.home(*slab).is_some());
            system.foreign.borrow_mut().extend(used);
            system.refuse.set(len % 2 == 0);
            return Ok(());
        }
        2 if how == 1 => {
            system.refuse.set(false);
            return Ok(());
        }
        _ => {}
    }
    let align = 64usize << how;
    let wanted = if op == 5 { len * 300 } else { len };
    let spans = &mut shards[len % 3];
    let Ok(Some(span)) = spans.allocate(region, wanted, align, system) else { return Ok(()) };
    prop_assert!(span.offset % align == 0 && span.len >= wanted && span.len < wanted + 64);
    prop_assert!(span.offset + span.len <= 5 * SLAB);
    let small = region.home(span.offset / SLAB).is_some_and(|(_, large)| !large);
    prop_assert!(region.lead() == 0 || span.offset % SLAB != 0);
    prop_assert!(
        !small || !system.is_foreign(span.offset / SLAB),
        "a slab that is not ours was used"
    );
    for other in live.iter() {
        prop_assert!(
            span.offset + span.len <= other.offset || other.offset + other.len <= span.offset
        );
    }
    let dirty = system.dirty.borrow();
    prop_assert!(granules(span).all(|granule| !dirty.contains(&granule)), "too early");
    region.set_owner(span, span.offset as u32 / 64 + 1);
    live.push(span);
    Ok(())
}
