//! hashbrown with its default hash, foldhash: names and what they mean, and a set of modules. std's BTreeMap: ranges.

use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::slice::from_raw_parts;

/// As `names::Binding` of the drivers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Binding {
    value: i64,
    aux: i64,
    decl: u64,
    module: u64,
}

type Names = HashMap<Box<[u8]>, Binding>;
type Modules = HashSet<u64>;
/// By the first id: the last.
type Ranges = BTreeMap<i64, i64>;

#[no_mangle]
pub extern "C" fn peer_names_new() -> *mut Names {
    Box::into_raw(Box::default())
}

/// # Safety
/// `table` is from `peer_names_new` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn peer_names_free(table: *mut Names) {
    drop(Box::from_raw(table));
}

/// # Safety
/// `table` is from `peer_names_new`, `name` has `len` bytes, `binding` can be read.
#[no_mangle]
pub unsafe extern "C" fn peer_names_bind(
    table: *mut Names,
    name: *const u8,
    len: usize,
    binding: *const Binding,
) {
    (*table).insert(from_raw_parts(name, len).into(), *binding);
}

/// # Safety
/// `table` is from `peer_names_new`, `name` has `len` bytes, `found` can be written.
#[no_mangle]
pub unsafe extern "C" fn peer_names_find(
    table: *const Names,
    name: *const u8,
    len: usize,
    found: *mut Binding,
) -> bool {
    let binding = (*table).get(from_raw_parts(name, len));
    binding.map(|binding| *found = *binding).is_some()
}

/// # Safety
/// `table` is from `peer_names_new`, `name` has `len` bytes.
#[no_mangle]
pub unsafe extern "C" fn peer_names_unbind(table: *mut Names, name: *const u8, len: usize) -> bool {
    (*table).remove(from_raw_parts(name, len)).is_some()
}

/// # Safety
/// `table` is from `peer_names_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_names_forget(table: *mut Names, module: u64) -> usize {
    let before = (*table).len();
    (*table).retain(|_, binding| binding.module != module);
    before - (*table).len()
}

#[no_mangle]
pub extern "C" fn peer_set_new() -> *mut Modules {
    Box::into_raw(Box::default())
}

/// # Safety
/// `set` is from `peer_set_new` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn peer_set_free(set: *mut Modules) {
    drop(Box::from_raw(set));
}

/// # Safety
/// `set` is from `peer_set_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_set_insert(set: *mut Modules, module: u64) {
    (*set).insert(module);
}

/// # Safety
/// `set` is from `peer_set_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_set_remove(set: *mut Modules, module: u64) {
    (*set).remove(&module);
}

/// # Safety
/// `set` is from `peer_set_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_set_contains(set: *const Modules, module: u64) -> bool {
    (*set).contains(&module)
}

#[no_mangle]
pub extern "C" fn peer_ranges_new() -> *mut Ranges {
    Box::into_raw(Box::default())
}

/// # Safety
/// `ranges` is from `peer_ranges_new` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn peer_ranges_free(ranges: *mut Ranges) {
    drop(Box::from_raw(ranges));
}

/// # Safety
/// `ranges` is from `peer_ranges_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_ranges_insert(ranges: *mut Ranges, first: i64, last: i64) {
    (*ranges).insert(first, last);
}

/// # Safety
/// `ranges` is from `peer_ranges_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_ranges_remove(ranges: *mut Ranges, first: i64) {
    (*ranges).remove(&first);
}

/// # Safety
/// `ranges` is from `peer_ranges_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_ranges_contain(ranges: *const Ranges, id: i64) -> bool {
    (*ranges).range(..=id).next_back().is_some_and(|(_, &last)| id <= last)
}
