//! What a change asks for outside the lock: code to give back, then release callbacks and events,
//! in the order they came about.
//!
//! Invariant `.effect.room`: a change that must be told or released once it has begun makes room
//! first (`make_room`); an effect that finds no room all the same is an event, and only its telling
//! is lost.

use core::ffi::c_void;

use super::Manager;
use crate::abi::{lifecycle_event, lifecycle_event_kind, lifecycle_observer, lifecycle_release_fn};
use crate::base::{Host, List, ListExt, Result, Text};
use crate::code::Taken;

/// Who hears events, and with what.
#[derive(Clone, Copy)]
pub struct Observer {
    /// The host's table.
    pub table: lifecycle_observer,
    /// Its pointer.
    pub user: *mut c_void,
}

/// What the name of an event points at.
enum Label {
    None,
    /// A text that is counted.
    Text(Text),
    /// What stands in `Effects::texts` from there on.
    Copied(usize),
}

enum Effect {
    Release { release: lifecycle_release_fn, resource: *mut c_void, user: *mut c_void },
    Tell { event: lifecycle_event, name: Label },
}

/// Callbacks to run once the lock is gone.
pub struct Effects {
    list: List<Effect>,
    /// Names that live no longer than what they name, each with a NUL.
    texts: List<u8>,
    observer: Option<Observer>,
    /// Code to give back, and its name, so that doing so holds nobody up.
    pub freed: Option<(Taken, Text)>,
    /// Code that was given back is made free, whatever the system asks for that.
    pub flush: bool,
}

/// An event of a kind with nothing said yet.
pub fn event(kind: lifecycle_event_kind) -> lifecycle_event {
    lifecycle_event {
        size: size_of::<lifecycle_event>(),
        kind,
        reserved: 0,
        module: 0,
        id: 0,
        value: 0,
        name: core::ptr::null(),
        address: core::ptr::null(),
        bytes: 0,
    }
}

impl Effects {
    /// None yet.
    pub fn new(host: Host, observer: Option<Observer>) -> Self {
        let (list, texts) = (List::new_in(host), List::new_in(host));
        Effects { list, texts, observer, freed: None, flush: false }
    }

    /// Room for so many releases and, if anybody listens, so many events.
    pub fn make_room(&mut self, releases: usize, events: usize) -> Result<()> {
        let events = if self.observer.is_some() { events } else { 0 };
        self.list.make_room(releases + events)
    }

    /// Room for copied names, if anybody listens: so many bytes, their NULs included.
    pub fn make_text_room(&mut self, bytes: usize) -> Result<()> {
        if self.observer.is_some() { self.texts.make_room(bytes) } else { Ok(()) }
    }

    /// Where names are copied to that an event will tell, each with a NUL; None if nobody listens.
    pub fn texts(&mut self) -> Option<&mut List<u8>> {
        self.observer.is_some().then_some(&mut self.texts)
    }

    /// An event, with the name that was copied to `texts` from `name` on.
    pub fn tell_copied(&mut self, event: lifecycle_event, name: Option<usize>) {
        if self.observer.is_some() && self.list.make_room(1).is_ok() {
            let name = name.map_or(Label::None, Label::Copied);
            self.list.push(Effect::Tell { event, name });
        }
    }

    /// Whether anybody listens.
    pub fn are_heard(&self) -> bool {
        self.observer.is_some()
    }

    /// A callback that gives something of the host's back.
    pub fn release(
        &mut self,
        release: lifecycle_release_fn,
        resource: *mut c_void,
        user: *mut c_void,
    ) {
        if release.is_some() && self.list.make_room(1).is_ok() {
            self.list.push(Effect::Release { release, resource, user });
        }
    }

    /// An event, with the text its name points at.
    pub fn tell(&mut self, event: lifecycle_event, name: Option<&Text>) {
        if self.observer.is_some() && self.list.make_room(1).is_ok() {
            let name = name.cloned().map_or(Label::None, Label::Text);
            self.list.push(Effect::Tell { event, name });
        }
    }

    /// Runs them. The lock is not held.
    #[inline]
    pub fn run(self, manager: &Manager) {
        if !self.list.is_empty() {
            self.run_some(manager);
        }
    }

    fn run_some(self, manager: &Manager) {
        let observer = self.observer;
        for effect in self.list {
            match effect {
                Effect::Release { release, resource, user } => {
                    if let Some(release) = release {
                        // SAFETY: the host gave the function together with what it is called with.
                        manager.outside(|| unsafe { release(resource, user) });
                    }
                }
                Effect::Tell { mut event, name } => {
                    event.name = match &name {
                        Label::None => core::ptr::null(),
                        Label::Text(text) => text.as_ptr(),
                        Label::Copied(at) => {
                            let text = self.texts.get(*at..).unwrap_or_default();
                            text.as_ptr().cast()
                        }
                    };
                    if let Some(Observer { table, user }) = observer
                        && let Some(hear) = table.on_event
                    {
                        // SAFETY: the host's function; the event and its text live for the call.
                        manager.outside(|| unsafe { hear(&raw const event, user) });
                    }
                }
            }
        }
    }
}
