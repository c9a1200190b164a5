//! Marks: places to rewind to, and which of them are still good.
//!
//! A mark must be refused once what it stands on is gone: after a reset, and after a rewind to an
//! older mark, even when the arena has grown past the place again, for then the place lies in the
//! middle of somebody's bytes. Nothing is kept per mark; marks are numbered, and what is kept is
//! which numbers are dead.
//!
//! Invariants:
//! - `.mark.order`: a mark saved later has a higher number; numbers are never used twice in an
//!   arena, and the arena's identity is never used twice in a process.
//! - `.mark.dead`: a rewind to mark `n` kills every number above `n` given out so far; a reset
//!   kills all of them. The dead numbers are those below `floor` and those in `dead`, a list of
//!   ranges in ascending order, which do not touch a living number.
//! - `.mark.bounded`: `dead` holds `RANGES` ranges; a rewind that needs one more forgets the
//!   oldest. So with more than that many levels of marks that were each rewound and built upon,
//!   misuse of the outermost dead ones is no longer told. It stays harmless to the library: a
//!   position is always checked against the bytes in use.

/// Ranges of dead marks that are remembered.
const RANGES: usize = 64;

/// A range of dead numbers, both ends included.
#[derive(Clone, Copy, Default)]
struct Dead {
    first: u64,
    last: u64,
}

/// A place to rewind to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Bytes from the start of the arena.
    pub position: usize,
    /// The arena's identity.
    pub arena: u64,
    /// The mark's number.
    pub sequence: u64,
}

/// Why a mark is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// It is not one of this arena's.
    Foreign,
    /// It was, until a reset or a rewind to an older one.
    Stale,
}

/// The marks of one arena.
pub struct Marks {
    identity: u64,
    /// Number given out last.
    last: u64,
    /// Numbers below are dead.
    floor: u64,
    /// The mark that the arena stands on, if nothing was allocated or registered since: saving
    /// again gives it again, so that a loop of save and rewind uses up nothing.
    top: Option<Mark>,
    /// Position of the newest mark that is not dead: no living one stands higher.
    standing: usize,
    dead: [Dead; RANGES],
    dead_len: usize,
}

impl Marks {
    /// The marks of an arena; 0 is no identity, so that a zeroed mark is nobody's.
    pub fn new(identity: u64) -> Self {
        Marks {
            identity,
            last: 0,
            floor: 1,
            top: None,
            standing: 0,
            dead: [Dead::default(); RANGES],
            dead_len: 0,
        }
    }

    /// Marks the position that the arena is at.
    pub fn save(&mut self, position: usize) -> Mark {
        if let Some(top) = self.top
            && top.position == position
        {
            return top;
        }
        self.last += 1;
        let mark = Mark { position, arena: self.identity, sequence: self.last };
        self.top = Some(mark);
        self.standing = position;
        mark
    }

    /// The number to stamp a thing with that is registered now: it is dropped by a rewind to any
    /// mark whose number is not higher. The next mark saved is another than the one before, even at
    /// the same position.
    pub fn stamp(&mut self) -> u64 {
        self.top = None;
        self.last
    }

    /// Whether one may rewind to a mark now that `position` is where the arena is at.
    pub fn check(&self, mark: Mark, position: usize) -> Result<(), Unfit> {
        let is_known = mark.arena == self.identity && (1..=self.last).contains(&mark.sequence);
        if !is_known || !mark.position.is_multiple_of(super::ALIGN) {
            return Err(Unfit::Foreign);
        }
        let dead = self.dead.iter().take(self.dead_len);
        let mut dead = dead.map(|range| range.first..=range.last);
        if mark.sequence < self.floor || dead.any(|range| range.contains(&mark.sequence)) {
            return Err(Unfit::Stale);
        }
        // A mark in good standing lies below the cursor; one that does not was tampered with.
        if mark.position > position { Err(Unfit::Foreign) } else { Ok(()) }
    }

    /// The arena goes back to a mark that `check` accepted.
    pub fn rewind(&mut self, mark: Mark) {
        // Ranges above the mark become part of the one that this rewind makes.
        while let Some(newest) = self.newest_dead()
            && newest.first > mark.sequence
        {
            self.dead_len -= 1;
        }
        if self.last > mark.sequence {
            if self.dead_len == RANGES {
                self.dead.copy_within(1.., 0);
                self.dead_len -= 1;
            }
            if let Some(free) = self.dead.get_mut(self.dead_len) {
                *free = Dead { first: mark.sequence + 1, last: self.last };
                self.dead_len += 1;
            }
        }
        self.top = Some(mark);
        self.standing = mark.position;
    }

    /// The position below which the arena must not shrink: a living mark stands there.
    pub fn standing(&self) -> usize {
        self.standing
    }

    fn newest_dead(&self) -> Option<Dead> {
        self.dead.get(self.dead_len.checked_sub(1)?).copied()
    }

    /// The arena goes back to its start.
    #[inline]
    pub fn reset(&mut self) {
        self.floor = self.last + 1;
        self.dead_len = 0;
        self.top = None;
        self.standing = 0;
    }
}
