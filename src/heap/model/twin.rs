//! What a heap would hold if it never reclaimed a cell and had no trail: cells that are numbered
//! once and for ever, and choicepoints that are copies of everything.

use std::collections::HashMap;

use crate::abi::*;

/// The number of a cell of the twin. Backtracking forgets the youngest ones, as a heap does.
pub type Id = usize;

/// In a list of cells to make: the cell refers to itself.
pub const OWN: Val = Val::Ref(Id::MAX);

/// What stands in a cell, with the twin's numbers instead of indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    /// A word of zeros.
    Nil,
    Con(u64),
    Int(i64),
    Host(u64),
    Ref(Id),
    Str(Id),
    Lis(Id),
    Fun(u64, u32),
    Blob(u64),
    /// A word of a blob.
    Raw(u64),
}

impl Val {
    /// The cell that it refers to.
    pub fn id(self) -> Option<Id> {
        match self {
            Val::Ref(id) | Val::Str(id) | Val::Lis(id) => Some(id),
            _ => None,
        }
    }
}

/// More cells than this may lie in a hole that going back does not give back: the next collection
/// does.
pub const WIDE: usize = 128;

/// A cell: where the heap has it, how many collections there had been when it was made, and whether
/// it came with more than `WIDE`.
#[derive(Clone, Copy)]
pub struct Place {
    pub at: u64,
    pub born: u64,
    pub is_wide: bool,
}

/// An environment: which memory of the machine it is, its continuation, and its slots; none stands
/// in those that are not alive.
#[derive(Clone)]
pub struct Frame {
    pub memory: usize,
    pub code: usize,
    pub slots: Vec<Option<Val>>,
}

/// All that backtracking gives back.
#[derive(Clone, Default)]
pub struct View {
    pub vals: Vec<Val>,
    pub x: Vec<Val>,
    /// Oldest first.
    pub frames: Vec<Frame>,
    pub code: usize,
}

/// A choicepoint: the copy, and what the machine noted.
pub struct Choice {
    pub view: View,
    pub log: usize,
    pub taken: u64,
}

/// Cells that a callback hands over, and how often it is registered.
#[derive(Clone, Default)]
pub struct Roots {
    pub cells: Vec<Val>,
    pub times: usize,
}

#[derive(Default)]
pub struct Twin {
    pub places: Vec<Place>,
    pub now: View,
    pub choices: Vec<Choice>,
    pub globals: Vec<Val>,
    pub roots: Vec<Roots>,
    /// Old values that the machine's trail may hold, with their cells.
    pub log: Vec<(Id, Val)>,
}

/// Which cells are reached.
pub type Marks = Vec<bool>;

/// What a walk over the cells has yet to look at.
pub struct Walk {
    pub marks: Marks,
    work: Vec<Val>,
}

impl Walk {
    pub fn new(cells: usize) -> Self {
        Walk { marks: vec![false; cells], work: Vec::new() }
    }

    fn cell(&mut self, id: Id, mut contents: impl FnMut(Id, &mut Vec<Val>)) {
        if !std::mem::replace(&mut self.marks[id], true) {
            contents(id, &mut self.work);
        }
    }

    /// Marks what values reach; `contents` says what a cell holds.
    pub fn run(
        &mut self,
        roots: impl IntoIterator<Item = Val>,
        headers: &[Val],
        mut contents: impl FnMut(Id, &mut Vec<Val>),
    ) {
        self.work.extend(roots);
        while let Some(val) = self.work.pop() {
            match val {
                Val::Ref(id) => self.cell(id, &mut contents),
                Val::Lis(id) => (id..id + 2).for_each(|id| self.cell(id, &mut contents)),
                Val::Str(id) => {
                    (id..id + extent(headers[id])).for_each(|id| self.cell(id, &mut contents))
                }
                _ => {}
            }
        }
    }
}

/// The cells of a structure or blob, its header with them.
pub fn extent(header: Val) -> usize {
    match header {
        Val::Fun(_, arity) => arity as usize + 1,
        Val::Blob(bytes) => bytes.div_ceil(8) as usize + 1,
        _ => unreachable!("{header:?} is no header"),
    }
}

impl View {
    /// The registers and slots.
    pub fn roots(&self) -> impl Iterator<Item = Val> {
        let slots = self.frames.iter().flat_map(|frame| frame.slots.iter().flatten());
        self.x.iter().chain(slots).copied()
    }

    /// Goes on along references until something else or an unbound cell.
    pub fn deref(&self, mut val: Val) -> Val {
        while let Val::Ref(id) = val {
            if self.vals[id] == val || self.vals[id] == Val::Nil {
                break;
            }
            val = self.vals[id];
        }
        val
    }

    /// Whether going on along references passes a cell: then it must not refer to it.
    pub fn passes(&self, mut val: Val, cell: Id) -> bool {
        while let Val::Ref(id) = val {
            if id == cell {
                return true;
            }
            if self.vals[id] == val {
                break;
            }
            val = self.vals[id];
        }
        false
    }

    /// Whether a cell is unbound.
    pub fn is_unbound(&self, id: Id) -> bool {
        self.vals[id] == Val::Ref(id)
    }
}

impl Twin {
    /// New cells; the first one's number.
    pub fn push(&mut self, at: u64, born: u64, cells: &[Val]) -> Id {
        let id = self.now.vals.len();
        let is_wide = cells.len() > WIDE;
        for (i, cell) in cells.iter().enumerate() {
            self.now.vals.push(if *cell == OWN { Val::Ref(id + i) } else { *cell });
            self.places.push(Place { at: at + i as u64, born, is_wide });
        }
        id
    }

    /// The word that a value is.
    pub fn word(&self, val: Val) -> u64 {
        let at = |id: Id| self.places[id].at << 3;
        match val {
            Val::Nil => 0,
            Val::Con(atom) => atom << 3 | LIFECYCLE_TAG_CON,
            Val::Int(number) => (number as u64) << 3 | LIFECYCLE_TAG_INT,
            Val::Host(payload) => payload << 3 | LIFECYCLE_TAG_HOST,
            Val::Ref(id) => at(id) | LIFECYCLE_TAG_REF,
            Val::Str(id) => at(id) | LIFECYCLE_TAG_STR,
            Val::Lis(id) => at(id) | LIFECYCLE_TAG_LIS,
            Val::Fun(atom, arity) => atom << 24 | u64::from(arity) << 3 | LIFECYCLE_TAG_FUN,
            Val::Blob(bytes) => bytes << 3 | LIFECYCLE_TAG_BLOB,
            Val::Raw(word) => word,
        }
    }

    /// Globals and what callbacks hand over.
    pub fn outside(&self) -> impl Iterator<Item = Val> {
        let roots = self.roots.iter().filter(|roots| roots.times > 0);
        self.globals.iter().chain(roots.flat_map(|roots| &roots.cells)).copied()
    }

    /// What is reached in a view: its roots, and those outside as far as they are older.
    pub fn marks(&self, view: &View) -> Marks {
        let cells = view.vals.len();
        let outside = self.outside().filter(|val| val.id().is_none_or(|id| id < cells));
        let mut walk = Walk::new(cells);
        walk.run(view.roots().chain(outside), &view.vals, |id, work| work.push(view.vals[id]));
        walk.marks
    }

    /// What must live: what is reached now, or will be after backtracking to some choicepoint.
    pub fn lower(&self) -> Marks {
        let mut all = self.marks(&self.now);
        for choice in &self.choices {
            let marks = self.marks(&choice.view);
            all.iter_mut().zip(marks).for_each(|(all, mark)| *all |= mark);
        }
        all
    }

    /// What may live: a cell counts with all that it ever held and the trail may know. Without old
    /// values on the trail that is what must live.
    pub fn upper(&self) -> Marks {
        if self.log.is_empty() {
            return self.lower();
        }
        let mut olds: HashMap<Id, Vec<Val>> = HashMap::new();
        for (id, val) in &self.log {
            olds.entry(*id).or_default().push(*val);
        }
        let views = || core::iter::once(&self.now).chain(self.choices.iter().map(|it| &it.view));
        let mut walk = Walk::new(self.now.vals.len());
        let roots = views().flat_map(View::roots).chain(self.outside());
        walk.run(roots, &self.now.vals, |id, work| {
            work.extend(views().filter_map(|view| view.vals.get(id)));
            work.extend(olds.get(&id).into_iter().flatten());
        });
        walk.marks
    }

    /// Keeps what the log knows of some cells.
    pub fn sift_log(&mut self, stays: impl Fn(Id) -> bool) {
        for choice in &mut self.choices {
            let older = &self.log[..choice.log];
            choice.log = older.iter().filter(|(id, _)| stays(*id)).count();
        }
        self.log.retain(|(id, _)| stays(*id));
    }

    /// Back to the newest choicepoint, which stays. What is outside and younger is cleared.
    pub fn backtrack(&mut self) -> u64 {
        let choice = self.choices.last().expect("a choicepoint");
        self.now = choice.view.clone();
        let cells = self.now.vals.len();
        self.places.truncate(cells);
        self.log.truncate(choice.log);
        let outside = self.roots.iter_mut().flat_map(|roots| &mut roots.cells);
        for val in self.globals.iter_mut().chain(outside) {
            if val.id().is_some_and(|id| id >= cells) {
                *val = Val::Nil;
            }
        }
        choice.taken
    }

    /// Whether a choicepoint needs what stands in a slot of a frame.
    pub fn is_protected(&self, memory: usize, slot: usize) -> bool {
        let mut frames = self.choices.iter().flat_map(|choice| &choice.view.frames);
        frames.any(|frame| frame.memory == memory && frame.slots[slot].is_some())
    }

    /// Whether a frame is still somebody's.
    pub fn has_frame(&self, memory: usize) -> bool {
        let copies = self.choices.iter().map(|choice| &choice.view);
        let mut views = copies.chain(core::iter::once(&self.now));
        views.any(|view| view.frames.iter().any(|frame| frame.memory == memory))
    }
}
