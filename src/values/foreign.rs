//! Foreign things: a pointer of the host's with a type name and a text. The handle that
//! `lifecycle_foreign` makes owns the thing, and it is released when the handle is dropped; what is
//! kept is a clone, which lives as long as the value (`convert.rs`).
//!
//! Invariant `.foreign.once`: a pointer is taken out of the place that owns it before the host is
//! given it back, so it is given back once, whatever the host does then.

use core::ffi::c_void;
use core::ptr;

use super::scratch::{ForeignObject, Slot, SlotExt};
use super::store;
use super::word::Word;
use super::{Interp, State};
use crate::abi::*;
use crate::base::{Result, fail};

/// What can be told of a foreign thing.
pub struct Foreign {
    /// Its type's name, NUL-terminated.
    pub type_name: *const u8,
    /// The host's; NULL once it was released, or where it was kept without being cloned.
    pub pointer: *mut c_void,
}

impl State {
    /// A foreign thing that the handle owns.
    fn make_foreign(
        &mut self,
        type_name: &[u8],
        pointer: *mut c_void,
        text: &[u8],
    ) -> Result<lifecycle_handle> {
        let level = self.top();
        let type_name = self.copy_bytes(level, type_name)?;
        let text = self.copy_bytes(level, text)?;
        let object = self.make_object(
            level,
            ForeignObject {
                pointer: pointer.into(),
                kept: Word::NIL.into(),
                type_name: type_name.as_ptr(),
                type_len: type_name.len(),
                older: self.levels.last().map_or(ptr::null(), |level| level.foreigns),
            },
        )?;
        let mut slot = Slot::new(LIFECYCLE_FOREIGN, object.as_ptr() as u64);
        slot.set_text(text);
        let handle = self.handles.make(slot)?;
        // From here on it is the level's to release.
        if let Some(level) = self.levels.last_mut() {
            level.foreigns = object.as_ptr();
        }
        Ok(handle)
    }

    /// What is known of the foreign thing in a slot.
    fn foreign_of(slot: &Slot) -> Option<Foreign> {
        if let Some(object) = slot.object::<ForeignObject>() {
            let pointer = object.pointer.get();
            return Some(Foreign { type_name: object.type_name, pointer });
        }
        let block = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_FOREIGN)?;
        let block = store::at(block);
        let type_name = block.words().first().and_then(|word| word.as_block())?;
        let type_name = store::at(type_name).text().as_ptr();
        Some(Foreign { type_name, pointer: block.foreign() })
    }

    /// Takes the pointer out of a foreign thing: `None` if it is none.
    fn take_foreign(slot: &Slot) -> Option<*mut c_void> {
        if let Some(object) = slot.object::<ForeignObject>() {
            return Some(object.pointer.replace(ptr::null_mut()));
        }
        let block = slot.as_wrapped().filter(|_| slot.kind() == LIFECYCLE_FOREIGN)?;
        Some(store::at(block).take_foreign())
    }
}

impl Interp {
    /// See `State::make_foreign`. On failure the pointer is still the host's.
    pub fn foreign(
        &self,
        type_name: &[u8],
        pointer: *mut c_void,
        text: &[u8],
    ) -> Result<lifecycle_handle> {
        self.with(|state| state.make_foreign(type_name, pointer, text))
    }

    /// What is known of a foreign thing, if it is one.
    pub fn peek_foreign(&self, handle: lifecycle_handle) -> Result<Option<Foreign>> {
        if handle == 0 {
            return Ok(None);
        }
        self.with(|state| Ok(State::foreign_of(state.slot(handle)?)))
    }

    /// Gives a foreign thing back to the host before its time.
    pub fn release_foreign_of(&self, handle: lifecycle_handle) -> Result<()> {
        let taken = self.with(|state| Ok(State::take_foreign(state.slot(handle)?)))?;
        let Some(pointer) = taken else {
            fail!(LIFECYCLE_E_TYPE, "the handle {handle:#x} is not a foreign thing");
        };
        // `.foreign.once`
        self.release_foreign(pointer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, ok};
    use super::*;
    use crate::abi::lifecycle_status::*;
    use std::cell::RefCell;

    /// What the host saw: numbers that stand for its things.
    #[derive(Default)]
    struct Host {
        released: RefCell<Vec<usize>>,
        clones: RefCell<Vec<usize>>,
    }

    unsafe extern "C" fn release(thing: *mut c_void, user: *mut c_void) {
        // SAFETY: the tests pass a `Host` that outlives the interpreter.
        unsafe { &*user.cast::<Host>() }.released.borrow_mut().push(thing.addr());
    }

    unsafe extern "C" fn duplicate(thing: *mut c_void, user: *mut c_void) -> *mut c_void {
        // SAFETY: as in `release`.
        unsafe { &*user.cast::<Host>() }.clones.borrow_mut().push(thing.addr());
        // Odd things cannot be cloned.
        if thing.addr() % 2 == 1 { ptr::null_mut() } else { thing.wrapping_byte_add(100) }
    }

    fn fixture(host: &Host) -> Fixture {
        Fixture::with(&lifecycle_interp_options {
            user: (&raw const *host).cast_mut().cast(),
            foreign_release: Some(release),
            foreign_clone: Some(duplicate),
            ..lifecycle_interp_options::default()
        })
    }

    fn thing(number: usize) -> *mut c_void {
        ptr::without_provenance_mut(number)
    }

    fn peek(interp: &Interp, handle: lifecycle_handle) -> (String, usize) {
        let Some(found) = ok(interp.peek_foreign(handle)) else { unreachable!("it is foreign") };
        // SAFETY: type names are NUL-terminated.
        let name = unsafe { core::ffi::CStr::from_ptr(found.type_name.cast()) };
        (name.to_string_lossy().into_owned(), found.pointer.addr())
    }

    #[test]
    fn a_thing_is_released_once_with_its_scope_or_before() {
        let host = Host::default();
        let interp = fixture(&host);
        let outer = ok(interp.foreign(b"file", thing(2), b"file2"));
        let scope = ok(interp.open_scope());
        let inner = ok(interp.foreign(b"file", thing(4), b"file4"));
        ok(interp.foreign(b"file", thing(6), b""));
        ok(interp.foreign(b"none", ptr::null_mut(), b"nothing"));
        assert_eq!(peek(&interp, inner), ("file".into(), 4));
        assert_eq!(
            (interp.show(outer), interp.kind(outer)),
            ("file2".into(), Ok(LIFECYCLE_FOREIGN))
        );
        assert_eq!(interp.release_foreign_of(inner), Ok(()));
        assert_eq!(interp.release_foreign_of(inner), Ok(()));
        assert_eq!(peek(&interp, inner), ("file".into(), 0));
        assert_eq!(*host.released.borrow(), [4]);
        assert_eq!(interp.close_scope(scope, None), Ok(()));
        assert_eq!(*host.released.borrow(), [4, 6]);
        assert_eq!(interp.reset(), Ok(()));
        assert_eq!(*host.released.borrow(), [4, 6, 2]);
        let string = interp.text_of("x");
        let refused = interp.release_foreign_of(string).map_err(|error| error.0);
        assert_eq!(refused, Err(LIFECYCLE_E_TYPE));
        assert!(matches!(interp.peek_foreign(string), Ok(None)));
    }

    #[test]
    fn what_is_kept_is_a_clone() {
        let host = Host::default();
        let interp = fixture(&host);
        let (even, odd) = (
            ok(interp.foreign(b"even", thing(2), b"two")),
            ok(interp.foreign(b"odd", thing(3), b"three")),
        );
        let (kept, bare) = (ok(interp.materialize(even)), ok(interp.materialize(odd)));
        let again = ok(interp.materialize(even));
        assert_eq!(again, kept);
        assert_eq!(*host.clones.borrow(), [2, 3]);
        assert_eq!(interp.reset(), Ok(()));
        assert_eq!(*host.released.borrow(), [3, 2]);
        // SAFETY: both are held.
        let (even, odd) = unsafe { (ok(interp.wrap(kept)), ok(interp.wrap(bare))) };
        assert_eq!((peek(&interp, even), interp.show(even)), (("even".into(), 102), "two".into()));
        assert_eq!((peek(&interp, odd), interp.show(odd)), (("odd".into(), 0), "three".into()));
        for value in [kept, again, bare] {
            // SAFETY: each is held so often.
            assert_eq!(unsafe { Interp::release_value(value) }, Ok(()));
        }
        // A handle names it still.
        assert_eq!(*host.released.borrow(), [3, 2]);
        assert_eq!(interp.reset(), Ok(()));
        assert_eq!(*host.released.borrow(), [3, 2, 102]);
    }

    #[test]
    fn a_clone_released_early_is_gone_for_all() {
        let host = Host::default();
        let interp = fixture(&host);
        let first = ok(interp.foreign(b"t", thing(2), b""));
        let kept = ok(interp.materialize(first));
        // SAFETY: it is held.
        let (one, two) = unsafe { (ok(interp.wrap(kept)), ok(interp.wrap(kept))) };
        assert_eq!(interp.release_foreign_of(one), Ok(()));
        assert_eq!((peek(&interp, two).1, peek(&interp, first).1), (0, 2));
        // SAFETY: it is held.
        assert_eq!(unsafe { Interp::release_value(kept) }, Ok(()));
        drop(interp);
        assert_eq!(*host.released.borrow(), [102, 2]);
    }
}
