//! The host's side: memory that fails, foreign things that are counted, a language of its own.

use core::ffi::c_void;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::nodes::Text;
use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;
use crate::base::failing::Failing;
use crate::values::Interp;

/// What the interpreter's functions are handed.
pub struct Host {
    pub failing: Box<Failing>,
    /// Foreign things that were not released yet.
    pub alive: RefCell<BTreeSet<usize>>,
    made: Cell<usize>,
    /// `to_text` is running.
    is_writing: Cell<bool>,
}

/// A double in the host's language.
pub fn write_double(value: f64) -> Text {
    format!("<{value:?}>").into_bytes()
}

/// A list in the host's language.
pub fn write_list(texts: &[Text]) -> Text {
    [b"[", &texts.join(&b'|')[..], b"]"].concat()
}

/// The elements of a list in the host's language.
pub fn read_list(text: &[u8]) -> Option<Vec<Text>> {
    let inner = text.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let (mut elements, mut depth) = (vec![Text::new()], 0usize);
    for byte in inner {
        match byte {
            b'|' if depth == 0 => {
                elements.push(Text::new());
                continue;
            }
            b'[' => depth += 1,
            b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        elements.last_mut()?.push(*byte);
    }
    if inner.is_empty() {
        elements.clear();
    }
    (depth == 0).then_some(elements)
}

impl Host {
    pub fn new() -> Box<Self> {
        Box::new(Host {
            failing: Failing::new(),
            alive: RefCell::default(),
            made: Cell::new(0),
            is_writing: Cell::new(false),
        })
    }

    /// A new thing.
    pub fn thing(&self) -> usize {
        self.made.set(self.made.get() + 1);
        self.alive.borrow_mut().insert(self.made.get());
        self.made.get()
    }

    /// The options of an interpreter of this host's.
    pub fn options(&self, speaks: bool) -> lifecycle_interp_options {
        lifecycle_interp_options {
            size: size_of::<lifecycle_interp_options>(),
            user: (&raw const *self).cast_mut().cast(),
            to_text: speaks.then_some(to_text as _),
            to_list: speaks.then_some(to_list as _),
            foreign_release: Some(release),
            foreign_clone: Some(duplicate),
            frame_limit: 0,
            handle_limit: 0,
            arena_limit: 0,
            value_limit: 0,
            allocator: self.failing.table(),
            reserved: 0,
        }
    }
}

fn of<'a>(user: *mut c_void) -> &'a Host {
    // SAFETY: it is the host, which outlives its interpreter.
    unsafe { &*user.cast::<Host>() }
}

unsafe extern "C" fn release(thing: *mut c_void, user: *mut c_void) {
    assert!(of(user).alive.borrow_mut().remove(&thing.addr()), "{thing:p} is released twice");
}

unsafe extern "C" fn duplicate(thing: *mut c_void, user: *mut c_void) -> *mut c_void {
    let host = of(user);
    assert!(host.alive.borrow().contains(&thing.addr()), "{thing:p} is cloned when it is gone");
    // Some cannot be cloned.
    let clone = if thing.addr() % 5 == 4 { 0 } else { host.thing() };
    core::ptr::without_provenance_mut(clone)
}

unsafe extern "C" fn to_text(
    interp: *mut lifecycle_interp,
    value: lifecycle_handle,
    builder: lifecycle_handle,
    user: *mut c_void,
) -> lifecycle_status {
    let host = of(user);
    assert!(!host.is_writing.replace(true), "a form was not there when another was written");
    let written = Interp::check(interp).and_then(|interp| write(interp, value, builder));
    host.is_writing.set(false);
    written.err().map_or(LIFECYCLE_OK, |error| error.0)
}

fn write(
    interp: &Interp,
    value: lifecycle_handle,
    builder: lifecycle_handle,
) -> crate::base::Result<()> {
    let mut parts = Vec::new();
    match interp.kind(value)? {
        LIFECYCLE_DOUBLE => {
            return interp.append(builder, &write_double(interp.as_double(value)?));
        }
        LIFECYCLE_LIST => {
            for i in 0..interp.with(|state| state.list_length(value))? {
                parts.push(interp.with(|state| state.list_at(value, i))?);
            }
        }
        _ => {
            for i in 0..interp.with(|state| state.dict_size(value))? {
                let (key, part) = interp.with(|state| state.dict_entry(value, i, (true, true)))?;
                parts.extend([key, part]);
            }
        }
    }
    interp.append(builder, b"[")?;
    for (i, part) in parts.into_iter().enumerate() {
        if i != 0 {
            interp.append(builder, b"|")?;
        }
        if interp.kind(part)? == LIFECYCLE_DOUBLE {
            // Doubles of wrapped lists have no text yet.
            interp.append(builder, &write_double(interp.as_double(part)?))?;
        } else {
            interp.append_text(builder, part)?;
        }
    }
    interp.append(builder, b"]")
}

unsafe extern "C" fn to_list(
    interp: *mut lifecycle_interp,
    text: lifecycle_handle,
    _user: *mut c_void,
) -> lifecycle_handle {
    let made = Interp::check(interp).and_then(|interp| {
        let Some(texts) = read_list(interp.text(text)?.bytes()) else { return Ok(0) };
        let elements = texts.iter().map(|text| interp.string(text));
        let elements = elements.collect::<crate::base::Result<Vec<_>>>()?;
        interp.with(|state| state.make_list(&elements))
    });
    made.unwrap_or(0)
}
