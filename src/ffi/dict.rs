//! Header section 9: dicts that handles name.

use super::guard;
use crate::abi::*;
use crate::values::Interp;

/// Makes an empty dict. Its keys compare by their text; entries stay in the order in which their
/// keys were added.
///
/// \returns a DICT; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
///          interpreter), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or
///          scratch memory), LIFECYCLE_E_BUSY (handles are being dropped).
///
/// Ownership: the handle lives until its scope is closed or the outermost eval ends. Threads: the
/// one that uses the interpreter. Re-entry: from anywhere, but not while handles are dropped. Fork:
/// works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict(interp: *mut lifecycle_interp) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.make_dict()))
}

/// Makes a handle name a dict: a LIST, or what has a text that is one (lifecycle_list_shimmer),
/// becomes the dict of its elements, each two a key and a value. Where a key comes twice the last
/// value counts, in the first one's place. The text stays the same until the dict is changed in
/// place. A DICT stays as it is.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a list, or one with an odd number of elements; a
///          foreign thing or a builder); LIFECYCLE_E_INVALID (not an interpreter, the handle is nil
///          or none of it); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY, LIFECYCLE_E_RANGE (a function of
///          the options changed what the handle names); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; and
///          what the to_text function of the options returns. On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere; calls to_list, and to_text for keys that are lists or doubles. Fork: works.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_shimmer(
    interp: *mut lifecycle_interp,
    value: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.dict_shimmer(value))
}

/// Makes another dict of the same entries: changing one dict does not change the other. Values that
/// handles name are the same in both. Of a dict that was wrapped this takes as long as there are
/// changes in it.
///
/// \returns a DICT; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a DICT:
///          lifecycle_dict_shimmer makes it one), LIFECYCLE_E_INVALID (not an interpreter, the
///          handle is nil or none of it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT
///          (of handles or scratch memory).
///
/// Ownership, threads, re-entry, fork: as lifecycle_dict. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_copy(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
) -> lifecycle_handle {
    guard::value(0, || Interp::check(interp)?.with(|state| state.dict_copy(dict)))
}

/// How many entries a dict has.
///
/// \returns the number; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a
///          DICT), LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
///          LIFECYCLE_E_STALE.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_size(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
) -> usize {
    guard::value(0, || Interp::check(interp)?.with(|state| state.dict_size(dict)))
}

/// The value of a key. It is as an element of a list is (lifecycle_list_at): the handle that was
/// stored, or one made now; a list or dict of a dict that was wrapped gets the same one each time,
/// within the scope that the dict was made in.
///
/// \param key  of any kind but a builder; its text counts.
///
/// \returns the value's handle; nil on failure, lifecycle_last_error() telling:
///          LIFECYCLE_E_NOT_FOUND (the dict has no such key), LIFECYCLE_E_TYPE (not a DICT, or the
///          key is a builder), LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of
///          it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch
///          memory), and what the to_text function of the options returns.
///
/// Ownership: the handle lives as its value does, a new one until its scope is closed or the
/// outermost eval ends. Threads: the one that uses the interpreter. Re-entry: from anywhere; calls
/// to_text for a key that is a list, a dict or a double. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_get(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
    key: lifecycle_handle,
) -> lifecycle_handle {
    match Interp::quick(interp, |state| state.dict_get_at_hand(dict, key)) {
        Some(handle) => handle,
        None => guard::slow_value(0, move || Interp::check(interp)?.dict_get(dict, key)),
    }
}

/// Gives a key a value: in the place of the one that it had, or as a new entry, the last one. Every
/// handle and list that names the dict sees it; a persistent value that the dict came from does
/// not. The key is copied: what is done with its handle afterwards does not change it. A value of a
/// newer scope than the dict's is stored as a copy, which stays when that scope is closed.
///
/// \param dict   what is changed.
/// \param key    of any kind but a builder; its text counts.
/// \param value  of any kind but a builder; the dict itself is allowed, but then it cannot be kept.
///
/// \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a DICT, or the key or value is a builder);
///          LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of it);
///          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (of scratch memory);
///          LIFECYCLE_E_CYCLE (a copy was to be made of what contains itself); and what the to_text
///          function of the options returns. On failure nothing has changed.
///
/// Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere; calls to_text for a key that is a list, a dict or a double. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_set_in_place(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
    key: lifecycle_handle,
    value: lifecycle_handle,
) -> lifecycle_status {
    match Interp::quick(interp, |state| state.dict_set_at_hand(dict, key, value)) {
        Some(()) => lifecycle_status::LIFECYCLE_OK,
        None => guard::slow_status(move || Interp::check(interp)?.dict_set(dict, key, value)),
    }
}

/// Removes a key and its value.
///
/// \param dict  what is changed, as in lifecycle_dict_set_in_place.
/// \param key   of any kind but a builder; its text counts.
///
/// \returns LIFECYCLE_E_NOT_FOUND (the dict has no such key), or as lifecycle_dict_set_in_place.
///
/// Ownership, threads, re-entry, fork: as lifecycle_dict_set_in_place. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_remove_in_place(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
    key: lifecycle_handle,
) -> lifecycle_status {
    guard::status(|| Interp::check(interp)?.dict_remove(dict, key))
}

/// An entry of a dict, by its place: asking for all of them one after the other is linear, also
/// where entries were removed.
///
/// \param i           the place, from 0, in the order in which keys were added.
/// \param[out] key    a handle for the key, a STRING of its own; NULL = it is not wanted. Nil on
///                    failure.
/// \param[out] value  a handle for the value, as lifecycle_dict_get gives it; NULL = it is not
///                    wanted. Nil on failure.
///
/// \returns whether there is such an entry; false also on failure, lifecycle_last_error() telling:
///          LIFECYCLE_E_RANGE (the dict has no such entry), LIFECYCLE_E_TYPE (not a DICT),
///          LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
///          LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch memory).
///
/// Ownership: as lifecycle_dict_get. Threads: the one that uses the interpreter. Re-entry: from
/// anywhere. Fork: works. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_dict_entry(
    interp: *mut lifecycle_interp,
    dict: lifecycle_handle,
    i: usize,
    key: *mut lifecycle_handle,
    value: *mut lifecycle_handle,
) -> bool {
    guard::value(false, || {
        // SAFETY: `.c.contract`
        let key = unsafe { guard::maybe_out(key, 0, "key") };
        // SAFETY: `.c.contract`
        let value = unsafe { guard::maybe_out(value, 0, "value") };
        let (key, value) = (key?, value?);
        let found = Interp::check(interp)?
            .with(|state| state.dict_entry(dict, i, (key.is_some(), value.is_some())))?;
        if let Some(key) = key {
            *key = found.0;
        }
        if let Some(value) = value {
            *value = found.1;
        }
        Ok(true)
    })
}
