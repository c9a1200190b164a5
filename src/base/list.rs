//! Lists and boxes that say so when there is no memory.

use allocator_api2::{boxed::Box, vec::Vec};

use super::{Error, Host, Result};

/// A growable array in the host's memory. Grow it with `ListExt::try_push` or `try_reserve`, never
/// with `push` alone.
pub type List<T> = Vec<T, Host>;

/// A value in the host's memory.
pub type Bx<T> = Box<T, Host>;

/// Fallible growth.
pub trait ListExt<T> {
    /// Appends, or fails with E_NOMEM and leaves the list as it was.
    fn try_push(&mut self, value: T) -> Result<()>;
    /// Makes room for `more` elements, so that as many pushes cannot fail.
    fn make_room(&mut self, more: usize) -> Result<()>;
}

impl<T> ListExt<T> for List<T> {
    fn try_push(&mut self, value: T) -> Result<()> {
        self.make_room(1)?;
        self.push(value);
        Ok(())
    }

    fn make_room(&mut self, more: usize) -> Result<()> {
        self.try_reserve(more).map_err(|_| Error::no_memory("a list"))
    }
}

/// Moves a value into the host's memory.
pub fn try_box<T>(host: Host, value: T) -> Result<Bx<T>> {
    Box::try_new_in(value, host).map_err(|_| Error::no_memory("a record"))
}
