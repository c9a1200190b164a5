//! The C face: one file per section of the header, nothing but `extern "C"` functions. The only room with `no_mangle`.
//!
//! Each function is four steps: check arguments, resolve the handle, call the room, convert the result. `guard` catches
//! panics, so that none crosses the boundary. Entry points are written out literally: the header generator does not see
//! functions that a macro makes.

mod arena;
mod feather;
mod guard;
