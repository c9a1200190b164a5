//! The naive twin of a manager: a list of what is mapped, a list of modules and a matrix of who
//! needs whom, stacks of names, lists of what else hangs on modules, of names that were announced,
//! of readers and of what waits for them. Driven beside a real manager by the property test and the
//! fuzz target, and compared with it after every step.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model is there to fail loudly"
)]

use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::collections::BTreeMap;

mod announced;
mod batch;
mod graph;
mod heard;
mod modules;
mod names;
mod ops;
mod owned;
mod waiting;

pub use ops::{Does, Op, decode};

use announced::Announced;
use graph::Graph;
use heard::Ears;
use names::Names;
use owned::Owned;
use waiting::Waits;

use super::{Adopted, Commit, Manager, State};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::base::Result;
use crate::code::{JIT_OWNER, Want};

/// Few, so that they meet.
const PATHS: [&CStr; 6] = [c"a.smf", c"b.smf", c"lib/b.smf", c"c.smf", c"d.smf", c"e.smf"];
const NAMES: [&CStr; 6] = [c"f", c"g", c"f2", c"main", c"a_long_name1", c"a_long_name2"];
/// Bytes of code: few, so that they run out.
const CAPACITY: usize = 4 << 20;
const FLAGS: u32 = LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE | LIFECYCLE_MAP_PINNED;
/// Code that surely fits while no more than `LITTLE` is taken, however scattered that is.
const SMALL: usize = 1 << 14;
const LITTLE: usize = 1 << 20;

type Status = lifecycle_status;

/// From nothing to what never fits.
fn size(number: u8) -> usize {
    usize::from(number >> 2) * [1, 16, 1000, 70_000][usize::from(number & 3)]
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Loaded,
    Replaced,
    Fresh { old: u64 },
}

#[derive(Clone, Copy)]
struct Side {
    id: u64,
    path: usize,
    stage: Stage,
    generation: u64,
}

#[derive(Clone, Copy)]
struct Twin {
    id: u64,
    module: u64,
    name: usize,
    address: usize,
    len: usize,
    seed: u8,
    pins: u32,
    jit: bool,
    staged: bool,
    used: u64,
    /// Where, if it is the host's own code.
    place: Option<usize>,
}

#[derive(Clone, Copy)]
struct Open {
    code: lifecycle_code,
    seed: u8,
}

/// A real manager and its twin.
pub struct Pair {
    manager: &'static Manager,
    granule: usize,
    modules: Vec<Side>,
    symbols: Vec<Twin>,
    open: Vec<Open>,
    entries: BTreeMap<usize, *const *mut c_void>,
    announced: Vec<Announced>,
    graph: Graph,
    names: Names,
    owned: Owned,
    ears: Ears,
    loads: u64,
    unloads: u64,
    reloads: u64,
    gone: Vec<Twin>,
    waits: Waits,
    epoch: u64,
    seed: u8,
}

/// The nth, while there are any.
fn nth<T: Copy>(all: &[T], nth: u8) -> Option<T> {
    all.get(usize::from(nth) % all.len().max(1)).copied()
}

/// What worked, if it was to; a refusal must be the one that was expected.
fn agree<T>(real: Result<T>, refusal: Option<Status>) -> Option<T> {
    assert_eq!(real.as_ref().err().map(|error| error.0), refusal);
    real.ok()
}

fn pattern(seed: u8, len: usize) -> impl Iterator<Item = u8> {
    (0..len).map(move |at| seed.wrapping_add((at / 7) as u8))
}

fn assert_holds(address: usize, seed: u8, len: usize) {
    let at = core::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: so many bytes of code are mapped and readable there; the comparison is of just that.
    let bytes = unsafe { core::slice::from_raw_parts(at, len) };
    assert!(bytes.iter().copied().eq(pattern(seed, len)), "the code at {address:#x} changed");
}

impl Pair {
    /// Nothing loaded.
    pub fn new() -> Self {
        let config = lifecycle_config { code_capacity: CAPACITY, ..State::default_config() };
        let manager = Manager::create(&config).expect("a manager");
        let ears = Ears::new();
        ears.listen(manager);
        let granule = manager.caps().expect("it is there").code_granule;
        Pair {
            manager,
            granule,
            modules: Vec::new(),
            symbols: Vec::new(),
            open: Vec::new(),
            entries: BTreeMap::new(),
            announced: Vec::new(),
            graph: Graph::new(),
            names: Names::new(),
            owned: Owned::new(),
            ears,
            loads: 0,
            unloads: 0,
            reloads: 0,
            gone: Vec::new(),
            waits: Waits::new(),
            epoch: 1,
            seed: 0,
        }
    }

    fn published(&self, name: usize) -> Option<Twin> {
        self.symbols.iter().find(|it| it.name == name && !it.staged).copied()
    }

    fn twin(&mut self, id: u64) -> &mut Twin {
        self.symbols.iter_mut().find(|it| it.id == id).expect("it is mapped")
    }

    fn span(&self, len: usize) -> usize {
        len.next_multiple_of(self.granule)
    }

    /// Bytes of the manager's code that a symbol has.
    fn footprint(&self, it: &Twin) -> usize {
        if it.place.is_some() { 0 } else { self.span(it.len) }
    }

    fn taken(&self) -> usize {
        let open: usize = self.open.iter().map(|open| open.code.size).sum();
        self.symbols.iter().map(|it| self.footprint(it)).sum::<usize>() + open
    }

    fn forget(&mut self, gone: impl Fn(&Twin) -> bool) -> usize {
        let before = self.symbols.len();
        for it in self.symbols.extract_if(.., |it| gone(it)) {
            self.waits.retire(it);
            self.gone.push(it);
        }
        before - self.symbols.len()
    }

    fn pinned(&self, whose: impl Fn(&Twin) -> bool) -> Option<Status> {
        let pinned = self.symbols.iter().any(|it| whose(it) && it.pins != 0);
        pinned.then_some(LIFECYCLE_E_PINNED)
    }

    /// What a new symbol takes the place of, or why it may not.
    fn replaced(&self, side: Side, name: usize, flags: u32) -> (Option<Twin>, Option<Status>) {
        let there = match side.stage {
            Stage::Fresh { old } => {
                let staged = |it: &&Twin| it.staged && it.module == side.id && it.name == name;
                let others = self.published(name).filter(|it| it.module != old);
                self.symbols.iter().find(staged).copied().or(others)
            }
            _ => self.published(name),
        };
        let refusal = there.and_then(|it| {
            let foreign = side.stage != Stage::Loaded && !it.staged && it.module != side.id;
            match () {
                () if flags & LIFECYCLE_MAP_REPLACE == 0 => Some(LIFECYCLE_E_EXISTS),
                () if it.pins != 0 => Some(LIFECYCLE_E_PINNED),
                () if foreign => Some(LIFECYCLE_E_BUSY),
                () => None,
            }
        });
        (there, refusal)
    }

    /// Whether there was room; none is no failure unless there must have been.
    fn found_room<T>(&self, real: &Result<T>, len: usize) -> bool {
        match real.as_ref().err().map(|error| error.0) {
            Some(LIFECYCLE_E_TOO_BIG) => assert!(len > CAPACITY / 2),
            Some(LIFECYCLE_E_LIMIT) => {
                assert!(len > SMALL || self.taken() + self.waits.bytes(self.granule) > LITTLE);
            }
            _ => return true,
        }
        false
    }

    fn next_seed(&mut self) -> u8 {
        self.seed = self.seed.wrapping_add(37);
        self.seed
    }

    fn mapped(&mut self, id: u64, side: Side, new: Twin, flags: u32, replaced: Option<Twin>) {
        let jit = flags & LIFECYCLE_MAP_JIT != 0;
        let mut module = side.id;
        if let Some(replaced) = replaced {
            self.forget(|it| it.id == replaced.id);
        } else if let Some(at) = self.awaited(side, new.name) {
            let announced = self.announced.swap_remove(at);
            module = if jit { announced.module } else { module };
        }
        let known = self.symbols.iter().chain(&self.gone).any(|it| it.id == id);
        assert!(id != 0 && !known, "an id was given out twice");
        let address = self.manager.symbol_address(id).expect("it is mapped") as usize;
        assert_holds(address, new.seed, new.len);
        self.symbols.push(Twin {
            id,
            address,
            module,
            pins: u32::from(flags & LIFECYCLE_MAP_PINNED != 0),
            jit,
            staged: matches!(side.stage, Stage::Fresh { .. }),
            used: self.epoch,
            ..new
        });
    }

    fn twin_of(name: usize, seed: u8, len: usize) -> Twin {
        let (id, module, address, pins, used) = (0, 0, 0, 0, 0);
        let (jit, staged, place) = (false, false, None);
        Twin { id, module, name, address, len, seed, pins, jit, staged, used, place }
    }

    fn map(&mut self, side: Side, name: usize, flags: u32, len: usize) {
        let (replaced, refusal) = self.replaced(side, name, flags);
        let refusal = (len == 0).then_some(LIFECYCLE_E_INVALID).or(refusal);
        let seed = self.next_seed();
        let bytes: Vec<u8> = pattern(seed, len).collect();
        let want = Want { len, align: 0, near: core::ptr::null() };
        let real = self.manager.map(&bytes, want, &commit(side.id, name, flags, len));
        if self.found_room(&real, len)
            && let Some(id) = agree(real, refusal)
        {
            self.mapped(id, side, Self::twin_of(name, seed, len), flags, replaced);
        }
    }

    fn adopt(&mut self, side: Side, name: usize, place: usize) {
        let live = self.symbols.iter().any(|it| it.place == Some(place));
        if !live && self.waits.holds(place) {
            return;
        }
        let (replaced, refusal) = self.replaced(side, name, 0);
        let refusal = refusal.or(live.then_some(LIFECYCLE_E_EXISTS));
        let seed = self.next_seed();
        let (address, release, user) = self.waits.host_code(place, (!live).then_some(seed));
        let adopted = Adopted { address, len: waiting::PLACE, release, user };
        if let Some(id) = agree(self.manager.adopt(side.id, NAMES[name], &adopted), refusal) {
            let place = Some(place);
            let new = Twin { place, ..Self::twin_of(name, seed, waiting::PLACE) };
            self.mapped(id, side, new, 0, replaced);
            assert_eq!(self.twin(id).address, address as usize);
        }
    }

    fn reserve(&mut self, len: usize, align: usize) {
        let real = self.manager.reserve_code(Want { len, align, near: core::ptr::null() });
        if !self.found_room(&real, len) {
            return;
        }
        if let Some(code) = agree(real, (len == 0).then_some(LIFECYCLE_E_INVALID)) {
            assert!(code.size == self.span(len) && (code.rx as usize).is_multiple_of(align.max(1)));
            let seed = self.next_seed();
            let bytes: Vec<u8> = pattern(seed, code.size).collect();
            // SAFETY: the reservation's bytes are ours to write until it is committed.
            unsafe { code.rw.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), code.size) };
            self.open.push(Open { code, seed });
        }
    }

    fn commit(&mut self, Open { code, seed }: Open, side: Side, name: usize, flags: u32) {
        // Some, all, none or too many.
        let used = [code.size, code.size / 2, code.size / 3, 0, code.size + 1];
        let used = used[usize::from(self.next_seed()) % used.len()];
        let (replaced, refusal) = self.replaced(side, name, flags);
        let fits = (1..=code.size).contains(&used);
        let refusal = refusal.or((!fits).then_some(LIFECYCLE_E_RANGE));
        let real = self.manager.commit_code(code.id, &commit(side.id, name, flags, used));
        if let Some(id) = agree(real, refusal) {
            self.open.retain(|open| open.code.id != code.id);
            self.mapped(id, side, Self::twin_of(name, seed, used), flags, replaced);
            assert_eq!(self.twin(id).address, code.rx as usize);
        }
    }

    /// Compares a sweep with the twin: `enough` says how many bytes were to go.
    fn swept(&mut self, real: &lifecycle_sweep_report, limit: u64, enough: usize) {
        let stale = |it: &Twin| it.jit && !it.staged && it.used < limit;
        let manager = self.manager;
        let left = |it: &Twin| manager.symbol_info(it.id).is_ok();
        assert!(self.symbols.iter().all(|it| left(it) || (stale(it) && it.pins == 0)));
        let evicted: Vec<Twin> = self.symbols.iter().filter(|it| !left(it)).copied().collect();
        // To evict the host's own code brings a budget no nearer.
        let budget = enough != usize::MAX;
        let may_go = |it: &&Twin| stale(it) && it.pins == 0 && !(budget && it.place.is_some());
        let kept = self.symbols.iter().filter(|it| left(it)).filter(may_go);
        let newest = evicted.iter().map(|it| it.used).max().unwrap_or_default();
        let bytes: usize = evicted.iter().map(|it| self.footprint(it)).sum();
        assert!(!budget || evicted.iter().all(|it| it.place.is_none()));
        for it in kept {
            assert!(bytes >= enough && it.used >= newest, "what was older stayed");
        }
        let last = evicted.iter().filter(|it| it.used == newest).map(|it| self.footprint(it)).max();
        assert!(bytes < enough.saturating_add(last.unwrap_or(1)), "more went than had to");
        assert_eq!(real.evicted, evicted.len() as u64);
        assert_eq!(real.code_bytes, evicted.iter().map(|it| it.len as u64).sum());
        self.forget(|it| evicted.iter().any(|gone| gone.id == it.id));
    }

    fn unmap_owner(&mut self, owner: &CStr, whose: impl Fn(&Twin) -> bool, known: bool) {
        let unknown = (!known).then_some(LIFECYCLE_E_NOT_FOUND);
        let real = self.manager.unmap_owner(owner);
        if let Some(count) = agree(real, unknown.or(self.pinned(&whose))) {
            assert_eq!(self.forget(whose), count);
        }
    }

    /// Does one step on both and compares them.
    pub fn step(&mut self, op: Op) {
        self.waits.next_step();
        self.act(op);
        self.compare();
    }

    fn act(&mut self, op: Op) -> Option<()> {
        let manager = self.manager;
        let path = |number| usize::from(number) % PATHS.len();
        let name = |number| usize::from(number) % NAMES.len();
        let side = |pair: &Self, number| nth(&pair.modules, number);
        match op {
            Op::Load(number) => self.load(path(number)),
            Op::Unload { module, force, cascade } => {
                self.unload(side(self, module)?, force, cascade);
            }
            Op::Depend { user, on } => self.depend(side(self, user)?.id, side(self, on)?.id),
            Op::Bind { module, kind, name: number } => {
                let Side { id, stage, .. } = side(self, module)?;
                let staged = matches!(stage, Stage::Fresh { .. });
                self.names.bind(manager, id, staged, u32::from(kind % 5), name(number));
            }
            Op::Unbind { kind, name: number } => {
                let expected = &mut self.ears.expected;
                self.names.unbind(manager, u32::from(kind % 5), name(number), expected);
            }
            Op::Own(module) => self.owned.own(manager, side(self, module)?.id),
            Op::Disown(number) => self.owned.disown(manager, number),
            Op::Note { module, key } => self.owned.note(manager, side(self, module)?.id, name(key)),
            Op::Parse { module, first, len } => {
                let first = i64::from(first % 64) - 8;
                let last = first + i64::from(len % 8) - 1;
                self.owned.parse(manager, side(self, module)?.id, first, last);
            }
            Op::TakeData { module, size: len } => {
                let (side, seed) = (side(self, module)?, self.next_seed());
                self.owned.take_data(manager, side, usize::from(len) * 29, seed);
            }
            Op::Batch { module, first, flags, shape } => {
                self.map_batch(side(self, module)?, first, flags, shape);
            }
            Op::Map { module, name: number, flags, size: len } => {
                self.map(side(self, module)?, name(number), u32::from(flags) & FLAGS, size(len));
            }
            Op::Reserve { size: len, align } => self.reserve(size(len), 1 << (align % 13)),
            Op::Commit { nth: number, module, name: called, flags } => {
                let (open, side) = (nth(&self.open, number)?, side(self, module)?);
                self.commit(open, side, name(called), u32::from(flags) & FLAGS);
            }
            Op::Abort(number) => {
                let Open { code, .. } = nth(&self.open, number)?;
                agree(manager.abort_code(code.id), None);
                agree(manager.abort_code(code.id), Some(LIFECYCLE_E_STALE));
                self.open.retain(|open| open.code.id != code.id);
            }
            Op::Unmap(number) => {
                let id = nth(&self.symbols, number)?.id;
                if agree(manager.unmap(id), self.pinned(|it| it.id == id)).is_some() {
                    self.forget(|it| it.id == id);
                }
            }
            Op::UnmapPath(number) => {
                let owner = self.loaded(path(number)).map(|it| it.id);
                let whose = |it: &Twin| Some(it.module) == owner && !it.jit;
                self.unmap_owner(PATHS[path(number)], whose, owner.is_some());
            }
            Op::UnmapJit => self.unmap_owner(JIT_OWNER, |it| it.jit && !it.staged, true),
            Op::Pin { nth: number, add } => {
                let Twin { id, pins, .. } = nth(&self.symbols, number)?;
                let none = (!add && pins == 0).then_some(LIFECYCLE_E_RANGE);
                if agree(manager.pin(id, add), none).is_some() {
                    self.twin(id).pins = if add { pins + 1 } else { pins - 1 };
                }
            }
            Op::Triggered { module, name: number } => {
                self.triggered(side(self, module)?, name(number));
            }
            Op::Advance => {
                self.epoch += 1;
                assert_eq!(manager.advance_epoch(), Ok(self.epoch));
            }
            Op::Mark(number) => {
                let (id, epoch) = (nth(&self.symbols, number)?.id, self.epoch);
                agree(manager.mark_used(id), None);
                self.twin(id).used = epoch;
            }
            Op::Sweep(age) => {
                let limit = self.epoch.saturating_sub(u64::from(age.max(1)));
                let report = agree(manager.sweep_unused(u64::from(age)), None)?;
                let stale = |it: &&Twin| it.jit && !it.staged && it.used < limit && it.pins != 0;
                assert_eq!(report.pinned, self.symbols.iter().filter(stale).count() as u64);
                self.swept(&report, limit, usize::MAX);
            }
            Op::Budget(most) => {
                let enough = self.taken().saturating_sub(size(most));
                let report = agree(manager.sweep_to_budget(size(most)), None)?;
                self.swept(&report, self.epoch - 1, enough);
            }
            Op::Begin(module) => self.begin_reload(side(self, module)?),
            Op::Finish(module) => self.finish_reload(side(self, module)?),
            Op::Undo(module) => self.undo_reload(side(self, module)?),
            Op::Entry(number) => {
                let slot = manager.entry_slot(NAMES[name(number)]).expect("an entry");
                let known = *self.entries.entry(name(number)).or_insert(slot);
                assert_eq!(known, slot, "an entry moved");
            }
            Op::Adopt { module, name: called, place } => {
                let place = usize::from(place) % waiting::PLACES;
                self.adopt(side(self, module)?, name(called), place);
            }
            Op::Attach => self.waits.attach(manager),
            Op::Reader { nth, does } => self.waits.reader_does(manager, nth, does),
            Op::Reclaim { wait } => self.waits.reclaim(manager, wait),
        }
        Some(())
    }

    fn compare(&mut self) {
        for it in &self.symbols {
            let info = self.manager.symbol_info(it.id).expect("it is mapped");
            assert_eq!((info.module, info.address as usize), (it.module, it.address));
            assert_eq!((info.size, info.pins, info.last_used_epoch), (it.len, it.pins, it.used));
            assert_eq!(info.flags & LIFECYCLE_MAP_JIT != 0, it.jit);
            assert_eq!(info.flags & LIFECYCLE_MAP_ADOPTED != 0, it.place.is_some());
            let at = |address| self.manager.symbol_at(core::ptr::without_provenance(address));
            assert_eq!((at(it.address), at(it.address + it.len - 1)), (it.id, it.id));
            assert!(at(it.address + it.len) != it.id && at(it.address - 1) != it.id);
            assert_holds(it.address, it.seed, it.len.min(40));
        }
        for it in self.gone.iter().rev().take(20) {
            assert!(self.manager.symbol_info(it.id).is_err());
            let at = self.manager.symbol_at(core::ptr::without_provenance(it.address));
            assert!(at == 0 || self.symbols.iter().any(|it| it.id == at));
        }
        for (name, text) in NAMES.iter().enumerate() {
            let code = self.published(name);
            assert_eq!(self.manager.find_symbol(text).ok(), code.map(|it| it.id));
            let announced = self.announced.iter().find(|it| it.name == name && !it.staged);
            assert!(code.is_none() || announced.is_none());
            let origin = code.filter(|it| it.jit).map(|it| it.module);
            let origin = origin.or(announced.map(|it| it.module));
            assert_eq!(self.manager.jit_origin(text).ok(), origin);
            if let Some(slot) = self.entries.get(&name) {
                // SAFETY: an entry's slot is readable as long as its manager lives.
                let runs = unsafe { &*slot.cast::<AtomicPtr<c_void>>() }.load(Ordering::Acquire);
                let inside = |it: &Twin| (it.address..it.address + it.len).contains(&runs.addr());
                match code {
                    Some(it) => assert_eq!(runs.addr(), it.address),
                    None => assert!(!self.symbols.iter().chain(&self.gone).any(inside)),
                }
            }
        }
        let open = self.open.iter().map(|open| (open.code.rx as usize, open.code.size));
        // What waits for a reader keeps its place, too.
        let mapped = self.symbols.iter().chain(self.waits.held());
        let mapped = mapped.map(|it| (it.address, self.footprint(it).max(it.len)));
        let mut ranges: Vec<(usize, usize)> = open.chain(mapped).collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "overlap");
        self.compare_modules();
        self.compare_counts();
        self.ears.compare();
    }

    fn compare_counts(&mut self) {
        let stats = self.manager.stats().expect("it is there");
        let count = |is: fn(&Twin) -> bool| self.symbols.iter().filter(|it| is(it)).count() as u64;
        assert_eq!(stats.tracked_modules, self.modules.len() as u64);
        assert_eq!(stats.symbols_live, count(|_| true));
        assert_eq!(stats.symbols_pinned, count(|it| it.pins != 0));
        assert_eq!(stats.total_jit_symbols, count(|it| it.jit) + self.announced.len() as u64);
        assert_eq!(stats.sweeper_tracked, count(|it| it.jit && !it.staged));
        assert_eq!(stats.sweeper_epoch, self.epoch);
        assert_eq!(stats.entries, self.entries.len() as u64);
        assert_eq!(stats.code_bytes_live, self.taken() as u64);
        assert_eq!((stats.loads, stats.unloads), (self.loads, self.unloads));
        assert_eq!(stats.reloads, self.reloads);
        self.waits.compare(&stats, self.granule);
        self.owned.compare(self.manager, &self.waits, &stats);
        self.names.compare(self.manager, &stats);
        let waits = self.waits.any() || self.owned.waits();
        assert!(!self.waits.has_looked() || waits == (stats.blocking_reader_thread != 0));
        for side in &self.modules {
            let info = self.manager.module_info(side.id).expect("it is loaded");
            let mine = || self.symbols.iter().filter(|it| it.module == side.id);
            let jit = mine().filter(|it| it.jit).count() as u64;
            let announced = self.announced.iter().filter(|it| it.module == side.id).count() as u64;
            assert_eq!(info.jit_symbols, jit + announced);
            assert_eq!(info.exec_symbols + jit, mine().count() as u64);
            assert_eq!(info.code_bytes, mine().map(|it| it.len as u64).sum());
            assert_eq!(info.names, self.names.count_of(side.id));
            assert_eq!(info.generation, side.generation);
            self.owned.compare_info(side.id, &info);
        }
    }

    /// Ends it all: by hand, after which nothing may be left, or by destroying the manager.
    pub fn finish(mut self, by_hand: bool) {
        for it in &self.symbols {
            assert_holds(it.address, it.seed, it.len);
        }
        self.waits.next_step();
        if !by_hand && self.waits.inside() != 0 {
            agree(self.manager.destroy(), Some(LIFECYCLE_E_BUSY));
        }
        self.waits.all_leave();
        for side in self.modules.clone().into_iter().filter(|_| by_hand) {
            if matches!(side.stage, Stage::Fresh { .. }) {
                self.undo_reload(side);
                self.compare();
            }
        }
        while by_hand && let Some(side) = nth(&self.modules, 0) {
            self.unload(side, true, true);
            self.compare();
        }
        while by_hand && let Some(open) = self.open.pop() {
            agree(self.manager.abort_code(open.code.id), None);
        }
        if by_hand {
            self.waits.reclaim(self.manager, true);
            self.compare();
            assert!(self.announced.is_empty());
            assert!(self.symbols.is_empty() && self.taken() == 0);
            assert_eq!(self.manager.leaks().map(|leaks| leaks.len()), Ok(0));
        }
        agree(self.manager.destroy(), None);
        let order = self.ears.unloaded();
        self.all_gone(&order, |pair| pair.modules.iter().map(|it| it.id).collect());
        assert!(self.modules.is_empty());
        self.ears.compare();
        self.waits.all_released();
        self.owned.all_released();
    }
}

fn commit(module: u64, name: usize, flags: u32, used: usize) -> Commit<'static> {
    let user = core::ptr::null_mut();
    Commit { module, name: NAMES[name], flags, used, user, relocations: &[], eh_frame: &[] }
}

/// Runs bytes as steps on a manager and on its twin.
pub fn run(bytes: &[u8]) {
    let mut pair = Pair::new();
    for op in decode(bytes) {
        pair.step(op);
    }
    pair.finish(bytes.first().is_none_or(|byte| byte & 32 == 0));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 100,
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn a_manager_is_what_the_model_says(
            bytes in prop::collection::vec(any::<u8>(), 0..1500),
        ) {
            super::run(&bytes);
        }
    }
}
