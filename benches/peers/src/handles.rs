//! slotmap: handles with a version each.

use slotmap::{DefaultKey, Key, KeyData, SlotMap};

type Map = SlotMap<DefaultKey, i64>;

#[no_mangle]
pub extern "C" fn peer_slotmap_new() -> *mut Map {
    Box::into_raw(Box::new(Map::new()))
}

/// # Safety
/// `map` is from `peer_slotmap_new` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn peer_slotmap_free(map: *mut Map) {
    drop(Box::from_raw(map));
}

/// # Safety
/// `map` is from `peer_slotmap_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_slotmap_insert(map: *mut Map, value: i64) -> u64 {
    (*map).insert(value).data().as_ffi()
}

/// # Safety
/// `map` is from `peer_slotmap_new`, `out` can be written.
#[no_mangle]
pub unsafe extern "C" fn peer_slotmap_get(map: *const Map, key: u64, out: *mut i64) -> bool {
    let found = (*map).get(DefaultKey::from(KeyData::from_ffi(key)));
    found.map(|value| *out = *value).is_some()
}

/// # Safety
/// `map` is from `peer_slotmap_new`.
#[no_mangle]
pub unsafe extern "C" fn peer_slotmap_clear(map: *mut Map) {
    (*map).clear();
}
