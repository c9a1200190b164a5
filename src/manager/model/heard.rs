//! What the model's observer hears, and what it is to hear of modules, names and metadata keys: all
//! of it, in order.

use core::ffi::{CStr, c_void};

use super::{Manager, agree};
use crate::abi::*;
use crate::manager::Observer;
use crate::os::{Mutex, Rank};

/// An event, as far as the model foretells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Heard {
    pub(super) kind: lifecycle_event_kind,
    pub(super) module: u64,
    pub(super) value: u64,
    pub(super) name: Vec<u8>,
}

impl Heard {
    pub(super) fn new(kind: lifecycle_event_kind, module: u64, value: u64, name: &CStr) -> Self {
        Heard { kind, module, value, name: name.to_bytes().to_vec() }
    }
}

/// The observer's notes of one step, and what they are to be.
pub(super) struct Ears {
    heard: Box<Mutex<Vec<Heard>>>,
    pub(super) expected: Vec<Heard>,
}

unsafe extern "C" fn hear(event: *const lifecycle_event, user: *mut c_void) {
    // SAFETY: the event is there for the call, and the notes outlive the manager.
    let (event, notes) = unsafe { (&*event, &*user.cast::<Mutex<Vec<Heard>>>()) };
    let foretold = [
        LIFECYCLE_EVENT_MODULE_LOADED,
        LIFECYCLE_EVENT_MODULE_UNLOADED,
        LIFECYCLE_EVENT_METADATA_DROPPED,
        LIFECYCLE_EVENT_NAME_REMOVED,
        LIFECYCLE_EVENT_NAME_RESTORED,
    ];
    if foretold.contains(&event.kind) {
        // SAFETY: such an event has a name, NUL-terminated, for the call.
        let name = unsafe { CStr::from_ptr(event.name) };
        notes.lock().push(Heard::new(event.kind, event.module, event.value, name));
    }
}

impl Ears {
    /// Nothing heard.
    pub(super) fn new() -> Self {
        Ears { heard: Box::new(Mutex::new(Rank::Refused, Vec::new())), expected: Vec::new() }
    }

    /// From now on it hears.
    pub(super) fn listen(&self, manager: &'static Manager) {
        let table =
            lifecycle_observer { size: size_of::<lifecycle_observer>(), on_event: Some(hear) };
        let user = (&raw const *self.heard).cast_mut().cast();
        agree(manager.set_observer(Some(Observer { table, user })), None);
    }

    /// The modules that went in this step, in order.
    pub(super) fn unloaded(&self) -> Vec<u64> {
        let heard = self.heard.lock();
        let gone = heard.iter().filter(|it| it.kind == LIFECYCLE_EVENT_MODULE_UNLOADED);
        gone.map(|it| it.module).collect()
    }

    /// The end of a step: all that was to be heard was, in order, and nothing else.
    pub(super) fn compare(&mut self) {
        let heard = core::mem::take(&mut *self.heard.lock());
        assert_eq!(heard, core::mem::take(&mut self.expected));
    }
}
