//! Header section 4, batches: many symbols, all or none.

use core::ptr::null;

use super::code::{Options, open_code, read_options};
use super::guard;
use crate::abi::*;
use crate::base::{Host, List, ListExt, Result, fail};
use crate::code::Want;
use crate::manager::{Item, Manager, Source};

/// Maps many symbols, all or none: all that may refuse is asked, written and relocated first, then
/// the symbols are shown one after the other, which cannot fail half-way.
///
/// Relocations that name symbols of the same batch go to their entries, as any others do. A thread
/// that runs meanwhile may call one symbol of the batch before the next one is shown; on the fresh
/// side of a reload (lifecycle_reload_begin) all of them are shown at once, by its commit.
///
/// \param manager  the manager.
/// \param module  as for lifecycle_map_symbol, for all items.
/// \param items  `count` items, each with its size set (LIFECYCLE_BATCH_ITEM_INIT); borrowed. One
/// with `reserved` is as lifecycle_code_commit: its rw is set to NULL on success, and on failure
/// the reservation stays the caller's.
/// \param count  items; 0 does nothing.
/// \param[out] out  `count` symbols, in the order of the items; all 0 on failure. May be NULL.
///
/// \returns as lifecycle_map_symbol and lifecycle_code_commit, for the first item that is refused;
/// LIFECYCLE_E_INVALID also for an item with neither or both of code and reserved, with another
/// size than the first, or with a reservation that stands in the batch twice; LIFECYCLE_E_EXISTS
/// also for a name that stands in the batch twice. On failure nothing has changed, except that
/// entries named by relocations have been made.
///
/// Ownership: the code is the module's on success. Threads: any. Re-entry: from callbacks too.
/// Fork: as lifecycle_map_symbol, and for reservations as lifecycle_code_commit. Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lifecycle_map_batch(
    manager: *mut lifecycle_manager,
    module: lifecycle_module,
    items: *const lifecycle_batch_item,
    count: usize,
    out: *mut lifecycle_symbol,
) -> lifecycle_status {
    guard::status(|| {
        // SAFETY: `.c.contract`
        let mut out = unsafe { guard::maybe_out_slice(out, count, 0, "symbols") }?;
        let manager = Manager::check(manager)?;
        let mut batch = List::new_in(Host::libc());
        batch.make_room(count)?;
        for number in 0..count {
            // SAFETY: `.c.contract`
            let item = unsafe { item_at(items, number) }?;
            // SAFETY: `.c.contract`
            batch.push(unsafe { read_item(module, &item) }?);
        }
        manager.map_batch(&batch, |number, id| {
            if let Some(place) = out.as_mut().and_then(|out| out.get_mut(number)) {
                *place = id;
            }
        })?;
        for number in 0..count {
            // SAFETY: `.c.contract`
            let item = unsafe { item_at(items, number) }?;
            if !item.reserved.is_null() {
                // SAFETY: `.c.contract`
                unsafe { open_code(item.reserved) }?.rw = core::ptr::null_mut();
            }
        }
        Ok(())
    })
}

/// The item with this number: items lie as far apart as the first one says it is large, which a
/// program built against another version may see differently than this one.
///
/// # Safety
/// `.c.contract`
unsafe fn item_at(
    items: *const lifecycle_batch_item,
    number: usize,
) -> Result<lifecycle_batch_item> {
    let nothing = lifecycle_batch_item {
        size: 0,
        name: null(),
        code: null(),
        len: 0,
        reserved: core::ptr::null_mut(),
        options: null(),
    };
    // SAFETY: the caller's word.
    let stride = unsafe { guard::read_sized(items, nothing, "batch item") }?.size;
    let at = items.wrapping_byte_add(number.wrapping_mul(stride));
    // SAFETY: the caller's word: there is an item with this number.
    let item = unsafe { guard::read_sized(at, nothing, "batch item") }?;
    if item.size != stride {
        let size = item.size;
        fail!(LIFECYCLE_E_INVALID, "a batch has items of {stride} and of {size} bytes");
    }
    Ok(item)
}

/// What an item says.
///
/// # Safety
/// `.c.contract`
unsafe fn read_item<'a>(module: u64, item: &lifecycle_batch_item) -> Result<Item<'a>> {
    // SAFETY: the caller's word.
    let name = unsafe { guard::name(item.name, "symbol name") }?;
    // SAFETY: the caller's word.
    let options: Options<'a> = unsafe { read_options(item.options) }?;
    let source = if item.reserved.is_null() {
        // SAFETY: the caller's word.
        let code = unsafe { guard::slice(item.code.cast(), item.len, "code") }?;
        Source::Bytes(code, Want { len: item.len, align: options.align, near: options.near })
    } else if item.code.is_null() {
        // SAFETY: the caller's word.
        Source::Reserved(unsafe { open_code(item.reserved) }?.id)
    } else {
        fail!(LIFECYCLE_E_INVALID, "a batch item has both code and a reservation");
    };
    Ok(Item { source, commit: options.commit(module, name, item.len) })
}
