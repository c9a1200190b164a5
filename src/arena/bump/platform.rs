//! What the algorithm needs from the world, and how it says no.

/// Where address space and memory come from.
pub trait Platform {
    /// Why the system refused.
    type Error;
    /// A range of address space. Dropping it is not giving it back in an orderly way: `release` is.
    type Region;
    /// Allocations of this size get a mapping of their own unless they fit in what is committed.
    const HUGE: usize;
    /// Bytes of a page: a power of two of at least `ALIGN`.
    fn page_size(&self) -> usize;
    /// Address space without memory, `align` a power of two.
    fn reserve(&self, len: usize, align: usize) -> Result<Self::Region, Self::Error>;
    /// First byte and length of a region. They do not change, but for the range: a refused commit
    /// may make it end where it is committed, if others have taken the addresses behind.
    fn extent(&self, region: &Self::Region) -> (*mut u8, usize);
    /// Makes pages of a region usable.
    fn commit(&self, region: &Self::Region, offset: usize, len: usize) -> Result<(), Self::Error>;
    /// Makes pages of a region unusable and gives their memory back.
    fn decommit(&self, region: &Self::Region, offset: usize, len: usize)
    -> Result<(), Self::Error>;
    /// Gives a region back, or returns it with the reason.
    fn release(&self, region: Self::Region) -> Result<(), (Self::Region, Self::Error)>;
    /// Whether marks are of use: a checker watches.
    fn is_watched(&self) -> bool;
    /// Tells the checkers that nobody may touch these bytes.
    fn forbid(&self, at: *mut u8, len: usize);
    /// Tells the checkers that these bytes may be used, and hold junk.
    fn permit(&self, at: *mut u8, len: usize);
    /// Tells the checkers that these bytes may be used, and hold what they hold.
    fn permit_defined(&self, at: *mut u8, len: usize);
}

/// Why the arena refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused<E> {
    /// Not a power of two, or too large a one.
    Alignment(usize),
    /// No memory has that many bytes.
    TooBig(usize),
    /// So many bytes at that address are not in use in the arena.
    Foreign(*mut u8, usize),
    /// So many bytes on top of those in use would pass the hard limit.
    Limit {
        /// Bytes asked for, rounded up.
        asked: usize,
        /// Bytes in use.
        used: usize,
        /// Bytes that may be in use.
        limit: usize,
    },
    /// The system refused.
    System(E),
}
