//! Linear memory as the arena's system.
//!
//! The range is where the memory ended when it was first needed, and goes on as far as the memory
//! can grow. Others may grow the memory too: then the range ends where it is, and the arena goes on
//! in extensions, which are new pages at the end. They cannot be given back, so they are kept and
//! used again.

use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;

use super::bump::Platform;

/// Bytes of a page.
const PAGE: usize = 1 << 16;
/// Pages that can be used: the end of the last one would not be an address.
const PAGES: usize = 65_535;
/// Extensions that can wait to be used again. Each is half as large as all that was in use when it
/// was made, so there are never many.
const SPARE: usize = 32;

unsafe extern "C" {
    static __heap_base: u8;
    static __heap_end: u8;
}

/// The bytes that the linker has left for the heap.
pub fn heap() -> (*mut u8, usize) {
    let (base, end) = (&raw const __heap_base, &raw const __heap_end);
    (base.cast_mut(), (end as usize).saturating_sub(base as usize))
}

/// Some pages.
#[derive(Clone, Copy)]
pub struct Pages {
    base: usize,
    len: usize,
    is_range: bool,
}

/// The system: linear memory.
pub struct Linear {
    /// The range exists.
    has_range: Cell<bool>,
    /// Where the range ends at the latest.
    end: Cell<usize>,
    spare: [Cell<Option<Pages>>; SPARE],
}

/// The system gives no more.
pub struct Exhausted;

impl Linear {
    pub fn new() -> Self {
        Linear {
            has_range: Cell::new(false),
            end: Cell::new(PAGES * PAGE),
            spare: [const { Cell::new(None) }; SPARE],
        }
    }

    /// More pages, if they can be had behind the last one: where they begin.
    fn grow(&self, len: usize) -> Result<usize, Exhausted> {
        let (pages, there) = (len.div_ceil(PAGE), memory_size::<0>());
        if pages > PAGES.saturating_sub(there) || memory_grow::<0>(pages) != there {
            return Err(Exhausted);
        }
        Ok(there * PAGE)
    }

    /// The smallest kept extension that is long enough.
    fn reuse(&self, len: usize) -> Option<Pages> {
        let fits = |place: &&Cell<Option<Pages>>| place.get().is_some_and(|it| it.len >= len);
        let place = self.spare.iter().filter(fits).min_by_key(|it| it.get().map(|it| it.len));
        place.and_then(Cell::take)
    }
}

impl Platform for Linear {
    type Error = Exhausted;
    type Region = Pages;
    /// Memory that is grown by cannot be given back, so huge allocations are like any other.
    const HUGE: usize = usize::MAX;

    fn page_size(&self) -> usize {
        PAGE
    }

    fn reserve(&self, len: usize, align: usize) -> Result<Pages, Exhausted> {
        if align > PAGE {
            return Err(Exhausted);
        }
        if !self.has_range.get() {
            let there = memory_size::<0>();
            if there >= PAGES {
                return Err(Exhausted);
            }
            self.has_range.set(true);
            return Ok(Pages { base: there * PAGE, len: (PAGES - there) * PAGE, is_range: true });
        }
        if let Some(pages) = self.reuse(len) {
            return Ok(pages);
        }
        Ok(Pages { base: self.grow(len)?, len, is_range: false })
    }

    fn extent(&self, region: &Pages) -> (*mut u8, usize) {
        let len = if region.is_range { self.end.get() - region.base } else { region.len };
        (region.base as *mut u8, len)
    }

    fn commit(&self, region: &Pages, offset: usize, len: usize) -> Result<(), Exhausted> {
        if !region.is_range {
            return Ok(());
        }
        let from = region.base + offset;
        if memory_size::<0>() * PAGE != from {
            self.end.set(from);
            return Err(Exhausted);
        }
        self.grow(len).map(|_| ())
    }

    fn decommit(&self, _: &Pages, _: usize, _: usize) -> Result<(), Exhausted> {
        Err(Exhausted)
    }

    fn release(&self, region: Pages) -> Result<(), (Pages, Exhausted)> {
        match self.spare.iter().find(|place| place.get().is_none()) {
            Some(place) if !region.is_range => {
                place.set(Some(region));
                Ok(())
            }
            _ => Err((region, Exhausted)),
        }
    }

    fn is_watched(&self) -> bool {
        false
    }
    fn forbid(&self, _: *mut u8, _: usize) {}
    fn permit(&self, _: *mut u8, _: usize) {}
    fn permit_defined(&self, _: *mut u8, _: usize) {}
}
