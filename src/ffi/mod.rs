//! The C face: one file per section of the header, nothing but `extern "C"` functions. The only
//! room with `no_mangle`.
//!
//! Each function is four steps: check arguments, resolve the handle, call the room, convert the
//! result. `guard` catches panics, so that none crosses the boundary. Entry points are written out
//! literally: the header generator does not see functions that a macro makes.

mod guard;

// The header follows this order.

// Errors and the library itself
mod library;

// Managers
mod manager;

// Modules and what they own
mod module;

// Reloads, and loads within loads
mod reload;

// Code
mod batch;
mod code;

// Symbols
mod symbol;

// Entries
mod entry;

// Threads that run code
mod reader;

// Epochs
mod epoch;

// File mappings
mod mapping;

// Names
mod names;

// Arenas
mod arena;

// Interpreters: evals, scopes, memory
mod interp;

// Lists and dicts
mod dict;
mod list;

// Values: making and reading them
mod scalar;

// Foreign things
mod foreign;

// Strings and builders
mod builder;
mod string;

// Persistent values
mod persistent;

// Namespaces
mod namespace;

// Variables of the active frame
mod variable;

// Commands and traces
mod command;
mod trace;

// Frames
mod frame;

// The host's things by name
mod registry;

// Heaps of cells
mod heap;

// Finalizers, weak references, memory outside
mod watch;

// Heaps: choicepoints and the trail
mod wam;

// Drop-ins
mod exec;
mod feather;
mod spl;
