//! Steps: traces. The function that runs one does steps of its own.

use core::ffi::{c_char, c_void};
use core::ptr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::places::Name;
use super::twin::Trace;
use super::{Run, TEXTS};
use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;

const OPS: [&[u8]; 4] = [b"read", b"write", b"read write", b"unset  write"];
const NESTED: usize = 3;

/// A firing of traces that has not come to its end.
pub struct Firing {
    /// Traces to be run, the next one first.
    pending: Vec<u64>,
    /// The eval that they run in, from the first one on.
    depth: Option<usize>,
    /// What the function returned to end it.
    ended: Option<lifecycle_status>,
    /// The eval was left.
    is_left: bool,
    what: (Name, Name),
}

unsafe extern "C" fn run_trace(
    _interp: *mut lifecycle_interp,
    script: lifecycle_handle,
    name: *const c_char,
    name_len: usize,
    op: *const c_char,
    op_len: usize,
    user: *mut c_void,
) -> lifecycle_status {
    // SAFETY: it is the run that fires, which waits for this.
    let run = unsafe { &*user.cast::<Run<'_>>() };
    // SAFETY: they are that long.
    let texts = unsafe {
        [(name, name_len), (op, op_len)].map(|(at, len)| {
            if len == 0 {
                Name::new()
            } else {
                core::slice::from_raw_parts(at.cast(), len).to_vec()
            }
        })
    };
    // Nothing unwinds through the library: the model goes on failing when that is left.
    let traced = catch_unwind(AssertUnwindSafe(|| run.traced(script, texts)));
    traced.unwrap_or_else(|panic| {
        run.panic.set(Some(panic));
        LIFECYCLE_E_PANIC
    })
}

impl Run<'_> {
    /// Kind and name of something traced: few, so that they meet.
    fn subject(&self) -> (i32, Name) {
        let byte = self.byte();
        (i32::from(byte & 1) - 1, self.name())
    }

    pub(super) fn add_trace(&self) {
        let ((kind, name), ops) = (self.subject(), OPS[self.below(OPS.len())]);
        let script = self.handle();
        self.does(
            || self.interp.add_trace(kind, &name, ops, script),
            |twin| {
                let tree = twin.keep(script).map_err(|status| vec![status])?;
                twin.numbered += 1;
                let trace = Trace {
                    number: twin.numbered,
                    kind,
                    name: name.clone(),
                    ops: ops.to_vec(),
                    script: tree,
                };
                twin.traces.push(trace);
                Ok(())
            },
        );
    }

    pub(super) fn remove_trace(&self) {
        let ((kind, name), ops) = (self.subject(), OPS[self.below(OPS.len())]);
        let script = self.handle();
        self.does(
            || self.interp.remove_trace(kind, &name, ops, script),
            |twin| {
                let text = twin.text(script).map_err(|status| vec![status])?;
                let writer = twin.writer();
                let is = |trace: &Trace| {
                    (trace.kind, &trace.name, &trace.ops[..]) == (kind, &name, ops)
                        && writer.tree(&trace.script) == text
                };
                let found = twin.traces.iter().rposition(is).ok_or(vec![LIFECYCLE_E_NOT_FOUND])?;
                twin.traces.remove(found);
                Ok(())
            },
        );
    }

    pub(super) fn trace_info(&self) {
        let (kind, name) = self.subject();
        let got = self.call(|| self.interp.trace_info(kind, &name));
        let agreed = self.agree(got, |twin| {
            let mine = twin.traces.iter().rev();
            let mine = mine.filter(|trace| (trace.kind, &trace.name) == (kind, &name));
            Ok(self.list_of(mine.map(|it| self.list_of([text_of(&it.ops), it.script.clone()]))))
        });
        if let Some((handle, tree)) = agreed {
            let node = self.twin.borrow().wrap(&tree);
            self.bind(handle, &node);
        }
    }

    pub(super) fn fire(&self) {
        let ((kind, name), op) = (self.subject(), OPS[self.below(2)]);
        let pending = {
            let twin = self.twin.borrow();
            let is = |trace: &&Trace| {
                (trace.kind, &trace.name) == (kind, &name)
                    && trace.ops.split(|byte| *byte == b' ').any(|word| word == op)
            };
            twin.traces.iter().rev().filter(is).map(|trace| trace.number).collect()
        };
        self.firings.borrow_mut().push(Firing {
            pending,
            depth: None,
            ended: None,
            is_left: false,
            what: (name.clone(), op.to_vec()),
        });
        let me: *mut c_void = (&raw const *self).cast_mut().cast();
        let got = self.call(|| self.interp.fire_traces(kind, &name, op, Some(run_trace), me));
        if let Some(panic) = self.panic.take() {
            resume_unwind(panic);
        }
        let firing = self.firings.borrow_mut().pop().expect("a firing");
        if let Some(depth) = firing.depth.filter(|_| !firing.is_left) {
            let mut twin = self.twin.borrow_mut();
            let things = twin.unwind(depth);
            // What was made stays, even if it is the outermost eval.
            twin.evals.pop();
            twin.places.forget_mark();
            drop(twin);
            self.check_released(things, false);
        }
        self.agree(got, |twin| {
            let left = twin.traces.iter().any(|trace| firing.pending.contains(&trace.number));
            if firing.is_left {
                return Err(vec![LIFECYCLE_E_STALE]);
            }
            if let Some(status) = firing.ended {
                return Err(vec![status]);
            }
            assert!(!left, "a trace was not run");
            Ok(())
        });
    }

    /// The interpreter runs a trace.
    fn traced(&self, script: lifecycle_handle, texts: [Name; 2]) -> lifecycle_status {
        self.host.failing.countdown.set(-1);
        let (trace, depth) = {
            let (mut firings, mut twin) = (self.firings.borrow_mut(), self.twin.borrow_mut());
            let firing = firings.last_mut().expect("a firing");
            if firing.depth.is_none() {
                twin.enter();
                firing.depth = Some(twin.evals.len());
            }
            let [name, op] = texts;
            assert_eq!(firing.what, (name, op));
            let number = loop {
                assert!(!firing.pending.is_empty(), "a trace that is not to be run");
                let number = firing.pending.remove(0);
                if twin.traces.iter().any(|trace| trace.number == number) {
                    break number;
                }
            };
            let trace = twin.traces.iter().find(|trace| trace.number == number);
            (twin.wrap(&trace.expect("a trace").script), firing.depth.unwrap_or(0))
        };
        self.bind(script, &trace);
        self.check_figures();
        self.check_value(script);
        let steps = self.below(5);
        let op = self.op.get();
        for _ in 0..steps {
            if self.firings.borrow().len() <= NESTED {
                self.note(|| " in a trace:".into());
                self.step();
            }
        }
        self.op.set(op);
        let is_left = self.twin.borrow().evals.len() < depth;
        let mut firings = self.firings.borrow_mut();
        let firing = firings.last_mut().expect("a firing");
        firing.is_left = is_left;
        if self.byte() % 7 == 1 {
            firing.ended = Some(LIFECYCLE_E_NOT_FOUND);
            return LIFECYCLE_E_NOT_FOUND;
        }
        LIFECYCLE_OK
    }

    pub(super) fn register(&self) {
        let ((space, name), type_name) = (self.subject(), TEXTS[self.below(4)]);
        let c_name = std::ffi::CString::new(type_name).expect("a name");
        let pointer = self.below(200);
        self.does(
            || {
                let pointer = ptr::without_provenance_mut(pointer);
                self.interp.set_thing(space, &name, &c_name, pointer)
            },
            |twin| {
                twin.things.insert((space, name.clone()), (type_name.to_vec(), pointer));
                Ok(())
            },
        );
    }

    pub(super) fn registered(&self) {
        let (space, name) = self.subject();
        let got = self.interp.thing(space, &name).map(|(type_name, pointer)| {
            // SAFETY: it is NUL-terminated.
            (unsafe { core::ffi::CStr::from_ptr(type_name) }.to_bytes().to_vec(), pointer.addr())
        });
        assert_eq!(got.as_ref(), self.twin.borrow().things.get(&(space, name.clone())));
        if self.byte() & 1 == 0 {
            self.does(
                || self.interp.remove_thing(space, &name),
                |twin| {
                    let removed = twin.things.remove(&(space, name.clone()));
                    removed.map(|_| ()).ok_or(vec![LIFECYCLE_E_NOT_FOUND])
                },
            );
        }
    }
}

/// A persistent text.
fn text_of(text: &[u8]) -> super::nodes::Tree {
    std::rc::Rc::new(super::nodes::Kept::Str(text.to_vec()))
}
