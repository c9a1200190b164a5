//! What has been unlinked and waits until every reader that was inside has left.
//!
//! Code, data, mappings and the host's own resources all go this way, because a thread that runs a
//! module's code may be using any of them. Where no reader is inside, an unload reclaims at once
//! what it retired; single symbols do so where no reader is even attached, else many at a time.
//!
//! Invariants:
//! - `.retire.order`: the queue is in the order of its tags, so what may go is at its front.
//! - `.retire.room`: the queue has room for everything that can still be retired, so retiring never
//!   allocates.

use core::ffi::c_void;

use super::effects::{Effects, event};
use super::{Manager, State};
use crate::abi::*;
use crate::base::{Host, List, ListExt, Result};
use crate::code::{Backing, Retired, Returning, Span};
use crate::mapping::Released;
use crate::tools::Told;

/// Symbols, and bytes of their code, that wait for one look at the readers at most.
const ENOUGH: usize = 256;
const ENOUGH_BYTES: u64 = 1 << 20;

/// Things freed in one go, so that a call's work under the lock is bounded.
const BATCH: usize = 4096;

/// Things that tools forget in one go. More than a batch, for the order in which they forget is
/// what makes many go in linear time (`Tools::forget`), and each takes little.
pub(super) const FORGOTTEN_AT_ONCE: usize = 1 << 16;

/// The tag of what was not given one yet: never due.
const UNSEALED: u64 = u64::MAX;

/// Something that waits.
pub enum Waiting {
    /// Code.
    Code(Retired),
    /// Data beside the code.
    Data(Span),
    /// A reference to a mapping.
    Mapping(u64),
    /// Something of the host's.
    Resource {
        /// What.
        resource: *mut c_void,
        /// How it is released.
        release: lifecycle_release_fn,
        /// With what.
        user: *mut c_void,
    },
}

/// Things with their tags, first in, first out.
struct Queue {
    list: List<(u64, Option<Waiting>)>,
    /// What is before this has gone.
    head: usize,
}

impl Queue {
    fn len(&self) -> usize {
        self.list.len() - self.head
    }

    fn iter(&self) -> impl Iterator<Item = &(u64, Option<Waiting>)> {
        self.list.iter().skip(self.head)
    }

    fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut (u64, Option<Waiting>)> {
        let head = self.head;
        self.list.iter_mut().skip(head)
    }

    /// Takes so many things from the front. The list moves up only when half of it has gone, so
    /// that a long queue is not moved for each batch.
    fn take(&mut self, count: usize, mut with: impl FnMut(Waiting)) {
        for (_, waiting) in self.iter_mut().take(count) {
            waiting.take().into_iter().for_each(&mut with);
        }
        self.head += count;
        if self.head * 2 >= self.list.len() {
            self.list.drain(..self.head);
            self.head = 0;
        }
    }
}

/// What waits.
pub struct Retirement {
    queue: Queue,
    /// So many at the front are forgotten by tools already.
    forgotten: usize,
    span_bytes: u64,
    /// So many of what waits are given back by a call to somebody else.
    foreign: usize,
    /// What was put in since somebody last looked who is inside: things, and bytes of code.
    fresh: (usize, u64),
    /// Whoever put something in wants it gone as soon as may be.
    hurry: bool,
    /// More is due than one go frees.
    pub backlog: bool,
    /// Things alive that will come here one day, apart from symbols, data and resources, which are
    /// counted elsewhere.
    pub holds: usize,
}

impl Retirement {
    /// Nothing waits.
    pub fn new(host: Host) -> Self {
        let queue = Queue { list: List::new_in(host), head: 0 };
        Retirement {
            queue,
            forgotten: 0,
            span_bytes: 0,
            foreign: 0,
            fresh: (0, 0),
            hurry: false,
            backlog: false,
            holds: 0,
        }
    }

    /// Bytes of the manager's code that wait.
    pub fn code_bytes(&self) -> u64 {
        self.span_bytes
    }

    /// The tag of what has waited longest.
    pub fn first_tag(&self) -> Option<u64> {
        self.queue.iter().next().map(|(tag, _)| *tag)
    }

    /// What waits.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter().filter_map(|(_, waiting)| waiting.as_ref())
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// How many things at the front have a tag below `oldest`, counted as far as one go needs.
    fn due(&self, oldest: u64) -> usize {
        let enough = self.forgotten >= BATCH;
        let far = if enough { BATCH + 1 } else { self.forgotten + FORGOTTEN_AT_ONCE };
        self.queue.iter().take(far).take_while(|(tag, _)| *tag < oldest).count()
    }

    /// Puts something in the queue that has just been unlinked; `settle` follows at the end of the
    /// change. `.retire.room` says there is room.
    #[inline]
    pub fn push(&mut self, waiting: Waiting) {
        self.fresh.0 += 1;
        match &waiting {
            Waiting::Code(Retired { backing: Backing::Span(span), .. }) => {
                self.span_bytes += span.len as u64;
                self.fresh.1 += span.len as u64;
            }
            // Something of the host's, or memory that code knows: it is not kept back.
            Waiting::Data(_) => self.hurry = true,
            _ => (self.hurry, self.foreign) = (true, self.foreign + 1),
        }
        self.queue.list.push((UNSEALED, Some(waiting)));
    }

    /// What tools were told of code among the first `due` things, as far as they have not forgotten
    /// it and may now.
    fn take_back(&mut self, due: usize) -> impl Iterator<Item = &mut Told> {
        let from = self.forgotten;
        self.forgotten = due.min(from + FORGOTTEN_AT_ONCE);
        let queue = self.queue.iter_mut().take(self.forgotten).skip(from);
        queue.filter_map(|(_, waiting)| match waiting {
            Some(Waiting::Code(retired)) => Some(&mut retired.told),
            _ => None,
        })
    }

    /// What this change retires is to go as soon as may be, not when there is enough of it.
    pub fn hurry(&mut self) {
        self.hurry = true;
    }

    /// Whether something was put in that has no tag yet.
    fn is_open(&self) -> bool {
        self.queue.list.last().is_some_and(|(tag, _)| *tag == UNSEALED)
    }

    /// Tags what was put in since the last time. `tag` was taken after all of it was unlinked.
    fn seal(&mut self, tag: u64) {
        for (place, _) in self.queue.iter_mut().rev().take_while(|(tag, _)| *tag == UNSEALED) {
            *place = tag;
        }
    }
}

impl State {
    /// Makes room to retire everything that is alive and `more` things: before they are taken.
    pub fn reserve_retirement(&mut self, more: usize) -> Result<()> {
        let alive = self.code.symbols.len() as usize
            + self.code.block_count()
            + self.registry.resource_count()
            + self.retirement.holds;
        self.retirement.queue.list.make_room(alive + more)
    }

    /// The end of a change: what it retired is tagged, and freed if nobody can be inside. Where
    /// readers are attached, asking is a system call, so a few symbols more or less wait until
    /// there are enough of them. What cannot be freed now stays in the queue.
    #[inline]
    pub fn settle(&mut self, manager: &'static Manager, effects: &mut Effects) {
        if self.retirement.hurry || self.retirement.is_open() {
            self.settle_some(manager, effects);
        }
    }

    fn settle_some(&mut self, manager: &'static Manager, effects: &mut Effects) {
        let hurry = core::mem::take(&mut self.retirement.hurry);
        effects.flush |= hurry;
        if self.retirement.len() == 0 {
            return;
        }
        if self.retirement.is_open() {
            self.retirement.seal(manager.readers().tag());
        }
        let (things, bytes) = self.retirement.fresh;
        if !manager.readers().any() {
            let _ = self.free_due(u64::MAX, effects);
        } else if hurry || things >= ENOUGH || bytes >= ENOUGH_BYTES {
            let first = self.retirement.first_tag().unwrap_or(UNSEALED);
            let oldest = self.oldest(manager, first);
            let _ = self.free_due(oldest, effects);
        }
    }

    fn oldest(&mut self, manager: &'static Manager, first: u64) -> u64 {
        self.retirement.fresh = (0, 0);
        manager.readers().oldest(first)
    }

    /// Frees what nobody can be inside any more, and says how many bytes of code that was and
    /// whether more is due.
    pub fn reclaim(
        &mut self,
        manager: &'static Manager,
        effects: &mut Effects,
    ) -> Result<(usize, bool)> {
        let Some(first) = self.retirement.first_tag() else { return Ok((0, false)) };
        let oldest = self.oldest(manager, first);
        self.free_due(oldest, effects)
    }

    /// Frees what has a tag below `oldest`.
    fn free_due(&mut self, oldest: u64, effects: &mut Effects) -> Result<(usize, bool)> {
        let due = self.retirement.due(oldest);
        let batch = due.min(BATCH);
        if batch == 0 {
            return Ok((0, false));
        }
        effects.make_room(batch.min(self.retirement.foreign), batch)?;
        let mut bytes = 0;
        if self.retirement.forgotten < batch {
            self.tools.forget(self.retirement.take_back(due));
        }
        self.retirement.forgotten -= batch;
        let nothing = Queue { list: List::new_in(self.host), head: 0 };
        let mut queue = core::mem::replace(&mut self.retirement.queue, nothing);
        let mut returning = self.code.returning();
        queue.take(batch, |waiting| bytes += self.free(waiting, &mut returning, effects));
        drop(returning);
        self.retirement.queue = queue;
        self.retirement.backlog = due > batch;
        Ok((bytes, due > batch))
    }

    fn free(
        &mut self,
        waiting: Waiting,
        returning: &mut Returning<'_>,
        effects: &mut Effects,
    ) -> usize {
        match waiting {
            Waiting::Code(retired) => self.free_code(retired, returning, effects),
            Waiting::Data(span) => {
                self.code.free_data(span);
                0
            }
            Waiting::Mapping(id) => {
                self.retirement.foreign -= 1;
                self.retirement.holds -= 1;
                if let Ok(released) = self.mappings.release(id) {
                    tell_eviction(&released, effects);
                }
                0
            }
            Waiting::Resource { resource, release, user } => {
                self.retirement.foreign -= 1;
                effects.release(release, resource, user);
                0
            }
        }
    }

    fn free_code(
        &mut self,
        retired: Retired,
        returning: &mut Returning<'_>,
        effects: &mut Effects,
    ) -> usize {
        let Retired { name, id, module, address, len, backing, told } = retired;
        // `free_due` has taken back what it could; this is the rest (`.tool.order`).
        drop(told);
        let mut freed = event(LIFECYCLE_EVENT_SYMBOL_FREED);
        freed.id = id;
        freed.module = module;
        freed.address = address.cast_const().cast();
        freed.bytes = len;
        match backing {
            Backing::Span(span) => {
                effects.tell(freed, Some(&name));
                self.retirement.span_bytes -= span.len as u64;
                let retired = self.code.retired_span(span);
                match effects.freed {
                    None => effects.freed = Some((retired, name)),
                    Some(_) => returning.retire(retired),
                }
                span.len
            }
            Backing::Host { release, user } => {
                self.retirement.foreign -= 1;
                effects.release(release, address.cast(), user);
                effects.tell(freed, Some(&name));
                0
            }
            // Never in the queue.
            Backing::Awaited => 0,
        }
    }
}

/// Tells that a mapping's last reference is gone.
pub fn tell_eviction(released: &Released, effects: &mut Effects) {
    if released.evicted {
        let mut evicted = event(LIFECYCLE_EVENT_MAPPING_EVICTED);
        evicted.id = released.id;
        evicted.bytes = released.bytes;
        effects.tell(evicted, Some(&released.path));
    }
}

impl Manager {
    /// Frees what waits and is due: bytes of code given back. Never blocks. Also asks the system
    /// again to take what it refused before.
    pub fn reclaim(&'static self) -> Result<usize> {
        let mut total = 0;
        loop {
            let (bytes, more) = self.step(|state, effects| {
                state.mappings.ask_again();
                state.reclaim(self, effects)
            })?;
            total += bytes;
            if !more {
                self.shards.flush(false);
                return Ok(total);
            }
        }
    }

    /// Waits for every reader that is inside now, then reclaims.
    pub fn synchronize(&'static self, timeout_ns: u64) -> Result<()> {
        self.readers().wait(timeout_ns)?;
        self.reclaim().map(|_| ())
    }
}
