//! In which order modules go that go together: who needs others before those, circles as one.
//!
//! The users of a module are walked to in depth, and a module has its place in the order when all
//! that was reached from it has: Tarjan's algorithm for strongly connected components (SIAM J.
//! Comput. 1, 1972), with a list for its stacks, so that no depth of the graph uses up a thread's.
//!
//! Invariant `.order.place`: a module was reached in this walk if the visit at its `place` is its
//! own; what an earlier walk left there need not be cleared.

use super::{Edge, Module};
use crate::base::{Host, List, ListExt, Result, Slots};

/// No visit.
const NONE: usize = usize::MAX;

struct Visit {
    module: u64,
    /// The edge to look at next.
    edge: u64,
    /// From where it was reached.
    from: usize,
    /// The first visit that it is in a circle with, as far as is known.
    first: usize,
    /// The visit before it that has no place in the order yet.
    below: usize,
    placed: bool,
}

struct Walk {
    visits: List<Visit>,
    /// The last visit that has no place in the order yet.
    top: usize,
    order: List<u64>,
}

/// The modules that need `id`, directly or through others, each before all that it needs in whatever
/// way, but for those that need it in turn; `id` is the last.
pub fn users_first(
    host: Host,
    modules: &mut Slots<Module>,
    edges: &Slots<Edge>,
    id: u64,
) -> Result<List<u64>> {
    let (visits, order) = (List::new_in(host), List::new_in(host));
    let mut walk = Walk { visits, top: NONE, order };
    let module = modules.get_mut(id)?;
    if module.needed_by.len() == 0 {
        walk.order.try_push(id)?;
        return Ok(walk.order);
    }
    let mut at = walk.enter(module, id, NONE)?;
    while let Some(visit) = walk.visits.get_mut(at) {
        if visit.edge == 0 {
            at = walk.leave(at)?;
            continue;
        }
        let Edge { user, back, .. } = edges.get(visit.edge)?;
        visit.edge = back.older();
        let module = modules.get_mut(*user)?;
        let reached = walk.visits.get(module.place).filter(|other| other.module == *user);
        match reached.map(|other| other.placed) {
            None => at = walk.enter(module, *user, at)?,
            Some(false) => walk.in_circle(at, module.place),
            Some(true) => {}
        }
    }
    Ok(walk.order)
}

impl Walk {
    /// A module is reached.
    fn enter(&mut self, module: &mut Module, id: u64, from: usize) -> Result<usize> {
        let at = self.visits.len();
        let (edge, below) = (module.needed_by.newest(), self.top);
        self.visits.try_push(Visit { module: id, edge, from, first: at, below, placed: false })?;
        module.place = at;
        self.top = at;
        Ok(at)
    }

    /// From `at` there is a way to `other`, which `at` was reached from or which is in a circle with
    /// such a one.
    fn in_circle(&mut self, at: usize, other: usize) {
        if let Some(visit) = self.visits.get_mut(at) {
            visit.first = visit.first.min(other);
        }
    }

    /// All that is to be reached from a module was: back to where it was reached from. If it is in
    /// no circle with what came before, it and what is in one with it have their places.
    fn leave(&mut self, at: usize) -> Result<usize> {
        let Some(Visit { from, first, .. }) = self.visits.get(at) else { return Ok(NONE) };
        let (from, first) = (*from, *first);
        if first < at {
            self.in_circle(from, first);
            return Ok(from);
        }
        loop {
            let top = self.top;
            let Some(visit) = self.visits.get_mut(top) else { break };
            visit.placed = true;
            self.top = visit.below;
            self.order.try_push(visit.module)?;
            if top == at {
                break;
            }
        }
        Ok(from)
    }
}
