//! Steps: texts, numbers, builders, foreign things, and values that the host holds.

use core::ptr;

use super::nodes::{Body, Text, Tree};
use super::twin::{Held, Twin};
use super::{DOUBLES, INTS, Run};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::values::word::Word;
use crate::values::{Interp, number};

impl Run<'_> {
    pub(super) fn string(&self) {
        let text = self.text();
        self.makes(|| self.interp.string(text), |twin| Ok(twin.make(Body::Str(text.to_vec()))));
    }

    pub(super) fn int(&self) {
        let byte = self.byte();
        let value = INTS.get(usize::from(byte)).copied().unwrap_or(i64::from(byte) - 100);
        self.makes(|| self.interp.int(value), |twin| Ok(twin.make(Body::Int(value))));
    }

    pub(super) fn double(&self) {
        let value = DOUBLES[self.below(DOUBLES.len())];
        self.makes(|| self.interp.double(value), |twin| Ok(twin.make(Body::Double(value))));
    }

    pub(super) fn intern(&self) {
        let text = self.text();
        let Some(Ok(handle)) = self.call(|| self.interp.intern(text)) else { return };
        if self.twin.borrow().nodes.contains_key(&handle) {
            let twin = self.twin.borrow();
            assert_eq!(twin.text(handle), Ok(text.to_vec()));
            assert!(twin.interned.iter().any(|(_, node)| node.handle.get() == handle));
            return;
        }
        let node = self.twin.borrow().make(Body::Str(text.to_vec()));
        self.bind(handle, &node);
        let mut twin = self.twin.borrow_mut();
        // One that became a list or dict may stand for its text no more, changed or not.
        let is_free = |(other, node): &(Text, super::nodes::Ref)| {
            other != text || node.kind() != LIFECYCLE_STRING
        };
        assert!(twin.interned.iter().all(is_free), "one handle for a text");
        twin.interned.push((text.to_vec(), node));
    }

    pub(super) fn builder(&self) {
        let capacity = self.below(200);
        self.makes(
            || self.interp.builder(capacity),
            |twin| Ok(twin.make(Body::Builder(Text::new()))),
        );
    }

    pub(super) fn write(&self) {
        let builder = self.handle_of(|kind| kind == LIFECYCLE_BUILDER);
        let (value, text) = (self.handle(), self.text());
        let appends = self.byte() & 1 == 0;
        let call = || match appends {
            true => self.interp.append_text(builder, value),
            false => self.interp.append(builder, text),
        };
        self.does(call, |twin| {
            let mut wrong = Vec::new();
            let node = twin.need(builder, LIFECYCLE_BUILDER, &mut wrong);
            let more = match node {
                Some(_) if appends => twin.text(value).map_err(|status| wrong.push(status)).ok(),
                _ => Some(text.to_vec()),
            };
            let (Some(node), Some(more)) = (node, more) else { return Err(wrong) };
            if let Body::Builder(text) = &mut *node.body.borrow_mut() {
                text.extend(more);
            }
            Ok(())
        });
    }

    pub(super) fn finish_builder(&self) {
        let builder = self.handle_of(|kind| kind == LIFECYCLE_BUILDER);
        self.makes(
            || self.interp.finish_builder(builder),
            |twin| {
                let mut wrong = Vec::new();
                let node = twin.need(builder, LIFECYCLE_BUILDER, &mut wrong).ok_or(wrong)?;
                let built = match &mut *node.body.borrow_mut() {
                    Body::Builder(text) => core::mem::take(text),
                    _ => Text::new(),
                };
                Ok(twin.make(Body::Str(built)))
            },
        );
    }

    pub(super) fn foreign(&self) {
        let text = self.text();
        let thing = if self.byte() == 0 { 0 } else { self.host.thing() };
        let pointer = ptr::without_provenance_mut(thing);
        let made = self.makes(
            || self.interp.foreign(b"type", pointer, text),
            |twin| {
                let (type_name, text) = (b"type".to_vec(), text.to_vec());
                Ok(twin.make(Body::Foreign { type_name, text, pointer: thing, kept: None }))
            },
        );
        if made.is_none() {
            self.host.alive.borrow_mut().remove(&thing);
        }
    }

    pub(super) fn release_foreign(&self) {
        let handle = self.handle_of(|kind| kind == LIFECYCLE_FOREIGN);
        let before = self.host.alive.borrow().len();
        let got = self.call(|| self.interp.release_foreign_of(handle));
        self.agree(got, |twin| {
            let mut wrong = Vec::new();
            let node = twin.need(handle, LIFECYCLE_FOREIGN, &mut wrong).ok_or(wrong)?;
            let had = Twin::foreign(&node).and_then(|(_, pointer)| pointer);
            let is_gone = had.is_some_and(|thing| self.host.alive.borrow().contains(&thing));
            assert!(!is_gone, "it was not released");
            let expected = had.map(|thing| before - usize::from(thing != 0));
            let alive = self.host.alive.borrow().len();
            assert!(expected.is_none_or(|expected| alive == expected));
            match &mut *node.body.borrow_mut() {
                Body::Foreign { pointer, .. } => *pointer = 0,
                Body::Cloned(clone) => clone.pointer.set(Some(0)),
                _ => {}
            }
            Ok(())
        });
    }

    pub(super) fn peek(&self) {
        let handle = self.handle_of(|kind| kind == LIFECYCLE_FOREIGN);
        let peek = || {
            Ok(self
                .interp
                .peek_foreign(handle)?
                .map(|it| (it.type_name as usize, it.pointer.addr())))
        };
        let got = self.call(peek);
        let agreed = self.agree(got, |twin| {
            if handle == 0 {
                return Ok(None);
            }
            Ok(Some(twin.find(handle).map_err(|status| vec![status])?))
        });
        let Some((got, node)) = agreed else { return };
        let known = node.as_ref().and_then(Twin::foreign);
        assert_eq!(got.is_some(), known.is_some());
        let (Some((_, pointer)), Some((_, known)), Some(node)) = (got, known, node) else { return };
        assert!(known.is_none_or(|known| known == pointer), "{known:?} is {pointer}");
        assert!(pointer == 0 || self.host.alive.borrow().contains(&pointer));
        if let Body::Cloned(clone) = &*node.body.borrow() {
            clone.pointer.set(Some(pointer));
        }
    }

    pub(super) fn show(&self) {
        let handle = self.handle();
        let got = self.call(|| Ok(self.interp.text(handle)?.bytes().to_vec()));
        let wanted = |twin: &mut Twin| twin.text(handle).map_err(|status| vec![status]);
        if let Some((got, wanted)) = self.agree(got, wanted)
            && self.agree_on_text(got == wanted)
        {
            assert_eq!(got.escape_ascii().to_string(), wanted.escape_ascii().to_string());
        }
    }

    pub(super) fn number(&self) {
        let handle = self.handle();
        let plain = |twin: &mut Twin| {
            let node = twin.find(handle).map_err(|status| vec![status])?;
            let (int, double) = match *node.body.borrow() {
                Body::Int(value) => (Some(value), None),
                Body::Double(value) => (None, Some(value)),
                _ => (None, None),
            };
            Ok((int, double, node))
        };
        let peeks = || Ok((self.interp.peek_int(handle)?, self.interp.peek_double(handle)?));
        let got = self.call(peeks);
        let agreed =
            self.agree(got, |twin| if handle == 0 { Ok(None) } else { plain(twin).map(Some) });
        if let Some(((int, double), known)) = agreed {
            let known = known.map_or((None, None), |(int, double, _)| (int, double));
            assert_eq!((int, double.map(f64::to_bits)), (known.0, known.1.map(f64::to_bits)));
        }
        let got = self.call(|| self.interp.as_int(handle));
        let agreed = self.agree(got, |twin| match plain(twin)? {
            (Some(value), ..) => Ok(value),
            (_, Some(value), _) => number::int_of_double(value).map_err(|error| vec![error.0]),
            (.., node) => {
                let text = twin.writer().node(&node).map_err(|status| vec![status])?;
                number::int_of_text(&text).map_err(|error| vec![error.0])
            }
        });
        assert!(agreed.is_none_or(|(got, wanted)| got == wanted));
        let got = self.call(|| self.interp.as_double(handle));
        let agreed = self.agree(got, |twin| match plain(twin)? {
            (Some(value), ..) => Ok(value as f64),
            (_, Some(value), _) => Ok(value),
            (.., node) => {
                let text = twin.writer().node(&node).map_err(|status| vec![status])?;
                number::double_of_text(&text).map_err(|error| vec![error.0])
            }
        });
        assert!(agreed.is_none_or(|(got, wanted)| got.to_bits() == wanted.to_bits()));
    }

    pub(super) fn slice(&self) {
        let (handle, from, to) = (self.handle(), self.below(100), self.below(120));
        self.makes(
            || self.interp.slice(handle, from, to),
            |twin| {
                let text = twin.text(handle).map_err(|status| vec![status])?;
                let part = text.get(from..to.min(text.len())).unwrap_or_default();
                Ok(twin.make(Body::Str(part.to_vec())))
            },
        );
    }

    pub(super) fn concat(&self) {
        let (left, right) = (self.handle(), self.handle());
        // Texts that are joined to themselves would grow without an end.
        if [left, right].iter().any(|handle| self.twin.borrow().is_large(*handle)) {
            return;
        }
        self.makes(
            || self.interp.concat(left, right),
            |twin| {
                let mut left = twin.text(left).map_err(|status| vec![status])?;
                left.extend(twin.text(right).map_err(|status| vec![status])?);
                Ok(twin.make(Body::Str(left)))
            },
        );
    }

    pub(super) fn compare(&self) {
        let (a, b, at) = (self.handle(), self.handle(), self.below(8));
        let both = |twin: &mut Twin| {
            let a = twin.text(a).map_err(|status| vec![status])?;
            Ok((a, twin.text(b).map_err(|status| vec![status])?))
        };
        let call = || Ok((self.interp.compare(a, b)?, self.interp.equal(a, b)?));
        let got = self.call(call);
        if let Some((got, (a, b))) = self.agree(got, both) {
            assert_eq!(got, (a.cmp(&b), a == b));
        }
        let got = self.call(|| self.interp.byte_at(a, at));
        let wanted = |twin: &mut Twin| twin.text(a).map_err(|status| vec![status]);
        if let Some((got, text)) = self.agree(got, wanted) {
            assert_eq!(got, text.get(at).copied());
        }
    }

    pub(super) fn keep(&self) {
        let handle = self.handle();
        let got = self.call(|| self.interp.materialize(handle));
        let wanted = |twin: &mut Twin| twin.keep_any(handle).map_err(|status| vec![status]);
        let Some((value, tree)) = self.agree(got, wanted) else { return };
        assert_eq!(value.is_null(), tree.is_none());
        if let Some(tree) = tree {
            self.hold(value, tree);
        }
    }

    /// The host holds a value.
    pub(super) fn hold(&self, value: *mut lifecycle_value, tree: Tree) {
        let is_block = Word::from_c(value).as_block().is_some();
        self.twin.borrow_mut().held.push(Held { value, tree, is_block });
    }

    pub(super) fn wrap(&self) {
        let byte = self.byte();
        if byte == 0 {
            // SAFETY: it is held, and NULL is fine.
            let wrap = |value| unsafe { self.interp.wrap(value) }.map_err(|error| error.0);
            assert_eq!(wrap(self.other.2), Err(LIFECYCLE_E_INVALID));
            assert_eq!(wrap(ptr::null_mut()), Ok(0));
        }
        let count = self.twin.borrow().held.len();
        if count == 0 {
            return;
        }
        let held = |twin: &Twin| {
            let held = &twin.held[usize::from(byte) % count];
            (held.value, held.tree.clone())
        };
        let (value, tree) = held(&self.twin.borrow());
        // SAFETY: it is held.
        self.makes(|| unsafe { self.interp.wrap(value) }, |twin| Ok(twin.wrap(&tree)));
    }

    pub(super) fn retain(&self) {
        let count = self.twin.borrow().held.len();
        let at = self.below(count);
        let held = self.twin.borrow().held.get(at).map(|held| (held.value, held.tree.clone()));
        if let Some((value, tree)) = held.filter(|_| count < 30) {
            // SAFETY: it is held.
            self.does(|| unsafe { Interp::retain_value(value) }, |_| Ok(()));
            self.hold(value, tree);
        }
    }

    pub(super) fn release(&self) {
        let at = self.below(self.twin.borrow().held.len());
        if at >= self.twin.borrow().held.len() {
            return;
        }
        let held = self.twin.borrow_mut().held.remove(at);
        // SAFETY: it is held.
        self.does(|| unsafe { Interp::release_value(held.value) }, |_| Ok(()));
    }
}
