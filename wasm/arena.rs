//! The arena for WebAssembly: the drop-ins `feather_arena_*` over the same source as the native
//! library's, with linear memory for a system.
//!
//! Why it is here: an interpreter that is compiled to WebAssembly shares one linear memory, which
//! can grow and never shrinks. What its evals allocate must go when the outermost of them ends, and
//! the end of one must not take away what another still needs. So an eval saves before it begins
//! and rewinds when it has ended; a reset while any eval is open does nothing.
//!
//! Invariants:
//! - `.wasm.single`: one thread runs the module (its memory is not shared), and nothing here calls
//!   out. So no function here is entered while another runs.
//! - `.wasm.own`: the arena owns the bytes from `__heap_base` to `__heap_end` and the pages that it
//!   has grown the memory by itself. Pages that others have added are never touched.
//! - `.wasm.eval`: an `Eval` lies in the arena's own bytes, behind the mark that it holds, so it is
//!   there until the arena is rewound to that mark or to an older one; the list runs newest first
//!   and numbers descend along it.
//!
//! What it does not do: it does not free one allocation, does not give pages back (nobody can), and
//! does not work in several threads.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

#[path = "../src/arena/bump/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the native library uses the rest")]
mod bump;
mod linear;

use core::cell::UnsafeCell;
use core::ptr;

use bump::{Bump, First, Mark, SIZE_MAX, Setup};
use linear::Linear;

/// An eval that has begun.
struct Eval {
    older: *mut Eval,
    number: u64,
    mark: Mark,
}

/// All there is.
struct Arena {
    bump: Bump<Linear>,
    evals: *mut Eval,
    /// Number of the eval begun last.
    last: u64,
}

/// The one arena of the module, once somebody has allocated.
struct Shared(UnsafeCell<Option<Arena>>);

// SAFETY: `.wasm.single`
unsafe impl Sync for Shared {}

static ARENA: Shared = Shared(UnsafeCell::new(None));

/// Runs something on the arena, if there is one.
fn with<R>(nothing: R, body: impl FnOnce(&mut Arena) -> R) -> R {
    // SAFETY: `.wasm.single` - this is the only reference, and `body` calls nothing of this file
    // that makes another.
    match unsafe { &mut *ARENA.0.get() } {
        Some(arena) => body(arena),
        None => nothing,
    }
}

/// Runs something on the arena, which is made if there is none.
fn with_made<R>(nothing: R, body: impl FnOnce(&mut Arena) -> R) -> R {
    // SAFETY: `.wasm.single` - as above.
    let place = unsafe { &mut *ARENA.0.get() };
    if place.is_none() {
        let (base, len) = linear::heap();
        let setup = Setup {
            chunk: bump::CHUNK,
            hard_limit: SIZE_MAX,
            reserve: SIZE_MAX,
            first: First::new(base, len),
            retained: Some(usize::MAX),
            poison: false,
            identity: 1,
        };
        *place = Bump::new(Linear::new(), setup).ok().map(|bump| Arena {
            bump,
            evals: ptr::null_mut(),
            last: 0,
        });
    }
    match place {
        Some(arena) => body(arena),
        None => nothing,
    }
}

impl Arena {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if let Some(at) = self.bump.take(size, 1) {
            return at.as_ptr();
        }
        self.bump.alloc(size, 1).map_or(ptr::null_mut(), |at| at.as_ptr())
    }

    fn save(&mut self) -> u64 {
        let mark = self.bump.save();
        let at = self.alloc(size_of::<Eval>()).cast::<Eval>();
        if at.is_null() {
            return 0;
        }
        self.last += 1;
        // SAFETY: `.wasm.eval` - the bytes were handed out just above, to us, aligned to 16.
        unsafe { at.write(Eval { older: self.evals, number: self.last, mark }) };
        self.evals = at;
        self.last
    }

    fn rewind(&mut self, number: u64) -> bool {
        let mut newest = self.evals;
        // SAFETY: `.wasm.eval` - listed evals are in place; the end of the list is NULL.
        while let Some(eval) = unsafe { newest.as_ref() }.filter(|eval| eval.number >= number) {
            let Eval { older, mark, .. } = *eval;
            if eval.number == number {
                self.evals = older;
                self.bump.rewind(mark);
                return true;
            }
            newest = older;
        }
        false
    }
}

/// See feather_arena.h, which declares it; so are the others.
#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_alloc(size: usize) -> *mut u8 {
    with_made(ptr::null_mut(), |arena| arena.alloc(size))
}

#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_save() -> u64 {
    with_made(0, Arena::save)
}

#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_rewind(mark: u64) -> i32 {
    with(0, |arena| i32::from(arena.rewind(mark)))
}

#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_reset() {
    with((), |arena| {
        if arena.evals.is_null() {
            // No mapping can be refused here.
            let _ = arena.bump.reset();
        }
    });
}

#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_used() -> usize {
    with(0, |arena| arena.bump.used())
}

#[unsafe(no_mangle)]
pub extern "C" fn feather_arena_capacity() -> usize {
    with(0, |arena| arena.bump.capacity())
}

#[unsafe(no_mangle)]
pub extern "C" fn alloc(size: usize) -> *mut u8 {
    feather_arena_alloc(size)
}

#[unsafe(no_mangle)]
pub extern "C" fn free(_at: *mut u8) {}

/// The module needs one; an object takes that of the program.
#[cfg(module)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
