//! One owner for everything the modules of a C language runtime bring in.
//!
//! The C interface is the product: `include/lifecycle.h` is its manual, `src/ffi` its Rust side.
//! See ARCHITECTURE.md for the rooms and which may use which.
#![expect(non_camel_case_types, reason = "types of the C interface carry their C names")]

pub mod abi;
mod arena;
mod base;
mod code;
mod epoch;
mod ffi;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod heap;
mod manager;
mod mapping;
mod names;
mod observe;
mod os;
mod registry;
mod shim;
mod spl;
mod tools;
mod values;
