//! The model's readers, and what waits for them: each retired thing with the step it was retired
//! in, each reader with the step it entered in. Whoever entered before holds it back.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};

use super::{Does, Manager, Status, Twin, agree, assert_holds, pattern};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::epoch::Reader;

/// Places for code of the host's own: few, so that they meet.
pub const PLACES: usize = 5;
/// Bytes in each.
pub const PLACE: usize = 48;
/// Readers at most.
const READERS: usize = 4;

#[derive(Clone, Copy)]
struct Inside {
    reader: &'static Reader,
    depth: u32,
    /// The step it entered in; `None` = outside, or parked.
    since: Option<u64>,
    parked: bool,
}

/// Readers, what waits for them, and the host's own code.
pub struct Waits {
    step: u64,
    readers: Vec<Inside>,
    /// With the step in which it was retired.
    waiting: Vec<(u64, Twin)>,
    /// The library was asked in this step to free all that may go.
    looked: bool,
    code: Box<[u8]>,
    /// How often each place's release function has run, and how often it was to.
    released: Box<[AtomicU32]>,
    expected: [u32; PLACES],
}

unsafe extern "C" fn count(_code: *mut c_void, user: *mut c_void) {
    // SAFETY: `host_code` gave a counter that outlives the manager.
    unsafe { &*user.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

impl Waits {
    pub fn new() -> Self {
        Waits {
            step: 0,
            readers: Vec::new(),
            waiting: Vec::new(),
            looked: false,
            code: vec![0; PLACES * PLACE].into(),
            released: (0..PLACES).map(|_| AtomicU32::new(0)).collect(),
            expected: [0; PLACES],
        }
    }

    pub fn next_step(&mut self) {
        self.step += 1;
        self.looked = false;
    }

    /// The number of this step.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether the library was asked in this step to free all that may go.
    pub fn has_looked(&self) -> bool {
        self.looked
    }

    /// Whether code waits.
    pub fn any(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A symbol was retired. When it goes is up to the library, until it is asked to look.
    pub fn retire(&mut self, it: Twin) {
        self.waiting.push((self.step, it));
    }

    /// Readers inside.
    pub fn inside(&self) -> usize {
        self.readers.iter().filter(|it| it.since.is_some()).count()
    }

    /// Whether what was retired in a step must stay.
    pub fn is_held(&self, retired: u64) -> bool {
        self.readers.iter().any(|it| it.since.is_some_and(|since| since < retired))
    }

    /// What must stay.
    pub fn held(&self) -> impl Iterator<Item = &Twin> {
        self.waiting.iter().filter(|(step, _)| self.is_held(*step)).map(|(_, it)| it)
    }

    /// Whether the code at one of the host's places may still be run.
    pub fn holds(&self, place: usize) -> bool {
        self.waiting.iter().any(|(_, it)| it.place == Some(place))
    }

    fn bytes_of<'a>(all: impl Iterator<Item = &'a Twin>, granule: usize) -> usize {
        let own = all.filter(|it| it.place.is_none());
        own.map(|it| it.len.next_multiple_of(granule)).sum()
    }

    /// Bytes of code that may still be waiting.
    pub fn bytes(&self, granule: usize) -> usize {
        Self::bytes_of(self.waiting.iter().map(|(_, it)| it), granule)
    }

    /// A place of the host's, filled anew if a seed is given, and how it is released.
    pub fn host_code(
        &mut self,
        place: usize,
        seed: Option<u8>,
    ) -> (*mut c_void, lifecycle_release_fn, *mut c_void) {
        let code = &mut self.code[place * PLACE..][..PLACE];
        for (byte, new) in code.iter_mut().zip(seed.into_iter().flat_map(|it| pattern(it, PLACE))) {
            *byte = new;
        }
        let counter = (&raw const self.released[place]).cast_mut();
        (code.as_mut_ptr().cast(), Some(count), counter.cast())
    }

    pub fn attach(&mut self, manager: &'static Manager) {
        if self.readers.len() < READERS {
            let reader = agree(manager.attach(), None).expect("it was to work");
            self.readers.push(Inside { reader, depth: 0, since: None, parked: false });
        }
    }

    pub fn reader_does(&mut self, manager: &'static Manager, nth: u8, does: Does) {
        if self.readers.is_empty() {
            return;
        }
        let at = usize::from(nth) % self.readers.len();
        let (step, it) = (self.step, &mut self.readers[at]);
        let refused = |refused: bool, status: Status| refused.then_some(status);
        match does {
            Does::Enter => {
                it.reader.enter();
                it.since = if it.depth == 0 { Some(step) } else { it.since };
                it.depth += 1;
            }
            Does::Leave if it.depth != 0 => {
                it.reader.leave();
                it.depth -= 1;
                it.since = it.since.filter(|_| it.depth != 0);
            }
            Does::Leave => {}
            Does::Park => {
                if agree(it.reader.park(), refused(it.parked, LIFECYCLE_E_BUSY)).is_some() {
                    (it.parked, it.since) = (true, None);
                }
            }
            Does::Unpark => {
                if agree(it.reader.unpark(), refused(!it.parked, LIFECYCLE_E_INVALID)).is_some() {
                    it.parked = false;
                    it.since = it.since.or((it.depth != 0).then_some(step));
                }
            }
            Does::Detach => {
                let busy = refused(it.depth != 0, LIFECYCLE_E_BUSY);
                if agree(manager.readers().detach(it.reader), busy).is_some() {
                    self.readers.swap_remove(at);
                }
            }
        }
    }

    pub fn all_leave(&mut self) {
        for it in &mut self.readers {
            for _ in 0..core::mem::take(&mut it.depth) {
                it.reader.leave();
            }
            it.since = None;
        }
    }

    /// Asks for what may go.
    pub fn reclaim(&mut self, manager: &'static Manager, wait: bool) {
        let deadlock = (self.inside() != 0).then_some(LIFECYCLE_E_DEADLOCK);
        if wait {
            self.looked |= agree(manager.synchronize(0), deadlock).is_some();
        } else {
            agree(manager.reclaim(), None);
            self.looked = true;
        }
        self.forget_what_went();
    }

    fn forget_what_went(&mut self) {
        if self.looked {
            let went: Vec<bool> = self.waiting.iter().map(|(at, _)| !self.is_held(*at)).collect();
            let mut went = went.into_iter();
            self.waiting.retain(|(_, it)| {
                let went = went.next().unwrap_or_default();
                if let (true, Some(place)) = (went, it.place) {
                    self.expected[place] += 1;
                }
                !went
            });
        }
    }

    /// Compares: what is held is there, byte for byte; what is not may have gone, and has if the
    /// library was asked.
    pub fn compare(&mut self, stats: &lifecycle_stats, granule: usize) {
        self.forget_what_went();
        for it in self.held() {
            assert_holds(it.address, it.seed, it.len);
        }
        let (least, most) = (Self::bytes_of(self.held(), granule), self.bytes(granule));
        let retired = stats.code_bytes_retired as usize;
        assert!((least..=most).contains(&retired), "{retired} bytes wait, not {least} to {most}");
        assert!(!self.looked || least == most);
        assert_eq!(stats.readers as usize, self.readers.len());
        assert_eq!(stats.readers_inside as usize, self.inside());
        self.compare_released();
    }

    fn compare_released(&self) {
        for (place, real) in self.released.iter().enumerate() {
            let may_go = |(at, it): &&(u64, Twin)| it.place == Some(place) && !self.is_held(*at);
            let more = self.waiting.iter().filter(may_go).count() as u32;
            let expected = self.expected[place];
            let real = real.load(Ordering::Relaxed);
            assert!((expected..=expected + more).contains(&real), "{real}, not {expected}");
        }
    }

    /// The manager is destroyed: nothing waits any more.
    pub fn all_released(&mut self) {
        for place in self.waiting.drain(..).filter_map(|(_, it)| it.place) {
            self.expected[place] += 1;
        }
        self.compare_released();
    }
}
