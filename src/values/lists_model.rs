//! Lists and dicts against vectors: every operation, in any order, with aliases, scopes, and values
//! that were kept and wrapped again.
//!
//! The model is a graph of nodes. A handle names a node; an element is a node, or what was kept of
//! one: that has no name until it is reached, and keeps it only in a container of the newest scope.

#![expect(clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::dicts::DictView;
use super::fixture::ok;
use super::lists::ListView;
use super::store::{self, Kind};
use super::word::{Is, Word};
use super::{Interp, State, dict, list};
use crate::abi::*;
use crate::base::Result;

type Node = Rc<RefCell<Value>>;
type Bytes = Vec<u8>;

enum Value {
    Text(Bytes),
    List(Vec<Element>),
    Dict(Vec<(Bytes, Element)>),
}

#[derive(Clone)]
enum Element {
    Node(Node),
    Kept(Rc<Kept>),
}

enum Kept {
    Text(Bytes),
    List(Vec<Rc<Kept>>),
    Dict(Vec<(Bytes, Rc<Kept>)>),
}

fn node(value: Value) -> Node {
    Rc::new(RefCell::new(value))
}

fn keep(node: &Node) -> Rc<Kept> {
    Rc::new(match &*node.borrow() {
        Value::Text(bytes) => Kept::Text(bytes.clone()),
        Value::List(elements) => Kept::List(elements.iter().map(kept_of).collect()),
        Value::Dict(entries) => {
            Kept::Dict(entries.iter().map(|(key, value)| (key.clone(), kept_of(value))).collect())
        }
    })
}

fn kept_of(element: &Element) -> Rc<Kept> {
    match element {
        Element::Node(node) => keep(node),
        Element::Kept(kept) => kept.clone(),
    }
}

/// What a handle names that is made for something kept.
fn wrap(kept: &Kept) -> Node {
    let element = |kept: &Rc<Kept>| Element::Kept(kept.clone());
    node(match kept {
        Kept::Text(bytes) => Value::Text(bytes.clone()),
        Kept::List(elements) => Value::List(elements.iter().map(element).collect()),
        Kept::Dict(entries) => {
            let entry = |(key, value): &(Bytes, Rc<Kept>)| (key.clone(), element(value));
            Value::Dict(entries.iter().map(entry).collect())
        }
    })
}

/// Whether a node holds another one, or is it.
fn holds(outer: &Node, inner: &Node) -> bool {
    let holds = |element: &Element| match element {
        Element::Node(node) => holds(node, inner),
        Element::Kept(_) => false,
    };
    Rc::ptr_eq(outer, inner)
        || match &*outer.borrow() {
            Value::Text(_) => false,
            Value::List(elements) => elements.iter().any(holds),
            Value::Dict(entries) => entries.iter().any(|(_, value)| holds(value)),
        }
}

fn weight(node: &Node) -> usize {
    fn of_kept(kept: &Kept) -> usize {
        1 + match kept {
            Kept::Text(_) => 0,
            Kept::List(elements) => elements.iter().map(|kept| of_kept(kept)).sum(),
            Kept::Dict(entries) => entries.iter().map(|(_, kept)| of_kept(kept)).sum(),
        }
    }
    of_kept(&keep(node))
}

#[derive(Clone)]
struct Name {
    handle: lifecycle_handle,
    node: Node,
    level: usize,
}

struct World {
    interp: &'static Interp,
    names: Vec<Name>,
    scopes: Vec<(lifecycle_scope, usize)>,
    words: Vec<Word>,
    texts: usize,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    what: u8,
    a: usize,
    b: usize,
    n: usize,
    m: usize,
}

fn list_of(name: &Name) -> Option<usize> {
    if let Value::List(elements) = &*name.node.borrow() { Some(elements.len()) } else { None }
}

fn dict_of(name: &Name) -> Option<usize> {
    if let Value::Dict(entries) = &*name.node.borrow() { Some(entries.len()) } else { None }
}

impl World {
    fn new() -> Self {
        let interp = ok(Interp::create(&lifecycle_interp_options::default()));
        World { interp, names: Vec::new(), scopes: Vec::new(), words: Vec::new(), texts: 0 }
    }

    fn level(&self) -> usize {
        self.scopes.len()
    }

    fn with<R>(&self, body: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
        self.interp.with(body)
    }

    fn name(&mut self, handle: lifecycle_handle, node: Node) {
        assert_ne!(handle, 0);
        assert!(self.names.iter().all(|name| name.handle != handle), "the handle is new");
        self.names.push(Name { handle, node, level: self.level() });
    }

    fn pick(&self, n: usize) -> Option<Name> {
        self.names.get(n % self.names.len().max(1)).cloned()
    }

    fn pick_list(&self, n: usize) -> Option<(Name, usize)> {
        let lists: Vec<_> =
            self.names.iter().filter_map(|name| Some((name, list_of(name)?))).collect();
        let (name, len) = lists.get(n % lists.len().max(1))?;
        Some(((*name).clone(), *len))
    }

    fn pick_dict(&self, n: usize) -> Option<(Name, usize)> {
        let dicts: Vec<_> =
            self.names.iter().filter_map(|name| Some((name, dict_of(name)?))).collect();
        let (name, len) = dicts.get(n % dicts.len().max(1))?;
        Some(((*name).clone(), *len))
    }

    /// What a container of a level stores for a handle.
    fn element(&self, name: &Name, level: usize) -> Element {
        if name.level <= level {
            Element::Node(name.node.clone())
        } else {
            Element::Kept(keep(&name.node))
        }
    }

    /// Whether an element may be stored: no cycles, and nothing grows beyond all bounds.
    fn may_store(&self, container: &Name, element: &Name) -> bool {
        !holds(&element.node, &container.node)
            && weight(&element.node) + weight(&container.node) < 300
    }

    /// A handle came for an element.
    fn reached(&mut self, handle: lifecycle_handle, element: &Element) -> Option<Node> {
        match element {
            Element::Node(node) => {
                let known = self.names.iter().find(|name| Rc::ptr_eq(&name.node, node));
                assert_eq!(known.map(|name| name.handle), Some(handle));
                None
            }
            Element::Kept(kept) => {
                let node = wrap(kept);
                self.name(handle, node.clone());
                let is_container = !matches!(**kept, Kept::Text(_));
                is_container.then_some(node)
            }
        }
    }

    fn text(&mut self, n: usize) -> (lifecycle_handle, Bytes) {
        self.texts += 1;
        if n.is_multiple_of(3) {
            let number = self.texts as i64 * if n.is_multiple_of(2) { 1 } else { 1 << 55 };
            return (ok(self.interp.int(number)), number.to_string().into_bytes());
        }
        let bytes = format!("t{} {}", n % 5, self.texts).into_bytes();
        (ok(self.interp.string(&bytes)), bytes)
    }

    fn key(&mut self, n: usize) -> (lifecycle_handle, Bytes) {
        let n = n % 24;
        let bytes = n.to_string().into_bytes();
        let made = if n.is_multiple_of(2) {
            self.interp.int(n as i64)
        } else {
            self.interp.string(&bytes)
        };
        (ok(made), bytes)
    }

    fn make(&mut self, step: Step) {
        let Step { a, b, n, .. } = step;
        match n % 5 {
            0 => {
                let handle = ok(self.with(State::make_dict));
                self.name(handle, node(Value::Dict(Vec::new())));
            }
            1 | 2 => {
                let (handle, bytes) = self.text(a);
                self.name(handle, node(Value::Text(bytes)));
            }
            _ => {
                let names: Vec<Name> = [a, b].iter().filter_map(|n| self.pick(*n)).collect();
                if names.iter().map(|name| weight(&name.node)).sum::<usize>() > 100 {
                    return;
                }
                let handles: Vec<_> = names.iter().map(|name| name.handle).collect();
                let handle = ok(self.with(|state| state.make_list(&handles)));
                let elements = names.iter().map(|name| Element::Node(name.node.clone()));
                self.name(handle, node(Value::List(elements.collect())));
            }
        }
    }

    fn store_in_list(&mut self, step: Step) {
        let Step { what, a, b, n, .. } = step;
        let (Some((list, len)), Some(element)) = (self.pick_list(a), self.pick(b)) else { return };
        if !self.may_store(&list, &element) {
            return;
        }
        let stored = self.element(&element, list.level);
        let (to, handle) = (list.handle, element.handle);
        let mut value = list.node.borrow_mut();
        let Value::List(elements) = &mut *value else { return };
        match what {
            0 => {
                ok(self.interp.keeping(|state| state.list_push(to, handle)));
                elements.push(stored);
            }
            1 => {
                ok(self.interp.keeping(|state| state.list_unshift(to, handle)));
                elements.insert(0, stored);
            }
            _ => {
                let at = n % (len + 1);
                let set = self.interp.keeping(|state| state.list_set(to, at, handle));
                assert_eq!(set.is_ok(), at < len);
                if let Some(place) = elements.get_mut(at) {
                    *place = stored;
                }
            }
        }
    }

    fn reach_in_list(&mut self, step: Step) {
        let Step { a, n, .. } = step;
        let Some((list, len)) = self.pick_list(a) else { return };
        let at = n % (len + 1);
        let got = self.with(|state| state.list_at(list.handle, at));
        assert_eq!(got.is_ok(), at < len);
        let Ok(handle) = got else { return };
        let Value::List(elements) = &mut *list.node.borrow_mut() else { return };
        if let Some(named) = self.reached(handle, &elements[at])
            && list.level == self.level()
        {
            elements[at] = Element::Node(named);
        }
    }

    fn take_from_list(&mut self, step: Step) {
        let Step { a, n, .. } = step;
        let Some((list, len)) = self.pick_list(a) else { return };
        let is_front = n.is_multiple_of(2);
        let taken = self.with(|state| state.list_take(list.handle, is_front));
        assert_eq!(taken.is_ok(), len > 0);
        let Ok(handle) = taken else { return };
        let Value::List(elements) = &mut *list.node.borrow_mut() else { return };
        let element = elements.remove(if is_front { 0 } else { len - 1 });
        self.reached(handle, &element);
    }

    fn splice(&mut self, step: Step) {
        let Step { a, b, n, m, .. } = step;
        let (Some((list, len)), Some((other, _))) = (self.pick_list(a), self.pick_list(b)) else {
            return;
        };
        let is_inserting = m.is_multiple_of(2);
        let is_own = Rc::ptr_eq(&list.node, &other.node);
        if is_inserting && !is_own && !self.may_store(&list, &other) || len > 60 {
            return;
        }
        let (first, remove) = (n % (len + 1), m / 2 % 4 * (len / 3 + 1));
        let inserted: Vec<_> = match &*other.node.borrow() {
            Value::List(elements) if is_inserting => elements.clone(),
            _ => Vec::new(),
        };
        let level_of = |node: &Node| {
            let known = self.names.iter().find(|name| Rc::ptr_eq(&name.node, node));
            known.map_or(0, |name| name.level)
        };
        let inserted = inserted.into_iter().map(|element| match &element {
            Element::Node(node) if level_of(node) > list.level => Element::Kept(keep(node)),
            _ => element,
        });
        let inserted: Vec<_> = inserted.collect();
        let from = if is_inserting { other.handle } else { 0 };
        ok(self.interp.keeping(|state| state.list_splice(list.handle, first, remove, from)));
        if let Value::List(elements) = &mut *list.node.borrow_mut() {
            elements.splice(first..len.min(first + remove), inserted);
        }
    }

    fn copy(&mut self, step: Step) {
        let Step { a, b, n, m, .. } = step;
        if n.is_multiple_of(3) {
            let Some((dict, _)) = self.pick_dict(a) else { return };
            let handle = ok(self.with(|state| state.dict_copy(dict.handle)));
            let Value::Dict(entries) = &*dict.node.borrow() else { return };
            return self.name(handle, node(Value::Dict(entries.clone())));
        }
        let Some((list, len)) = self.pick_list(a) else { return };
        let (first, count) = if n.is_multiple_of(2) { (0, len) } else { (b % 9, m % 9) };
        let handle = ok(if n.is_multiple_of(2) {
            self.with(|state| state.list_copy(list.handle))
        } else {
            self.with(|state| state.list_slice(list.handle, first, count))
        });
        let Value::List(elements) = &*list.node.borrow() else { return };
        let part = elements.iter().skip(first).take(count).cloned().collect();
        self.name(handle, node(Value::List(part)));
    }

    fn change_dict(&mut self, step: Step) {
        let Step { what, a, b, n, .. } = step;
        let Some((dict, _)) = self.pick_dict(a) else { return };
        let (key, bytes) = self.key(n);
        let known = match &*dict.node.borrow() {
            Value::Dict(entries) => entries.iter().position(|(key, _)| *key == bytes),
            _ => None,
        };
        match what {
            0 => {
                let Some(value) = self.pick(b).filter(|name| self.may_store(&dict, name)) else {
                    return;
                };
                ok(self.interp.dict_set(dict.handle, key, value.handle));
                let stored = self.element(&value, dict.level);
                let Value::Dict(entries) = &mut *dict.node.borrow_mut() else { return };
                match known {
                    Some(at) => entries[at].1 = stored,
                    None => entries.push((bytes, stored)),
                }
            }
            1 => {
                assert_eq!(self.interp.dict_remove(dict.handle, key).is_ok(), known.is_some());
                let Value::Dict(entries) = &mut *dict.node.borrow_mut() else { return };
                if let Some(at) = known {
                    entries.remove(at);
                }
            }
            _ => {
                let got = self.interp.dict_get(dict.handle, key);
                assert_eq!(got.is_ok(), known.is_some());
                if let (Ok(handle), Some(at)) = (got, known) {
                    self.reached_in_dict(&dict, at, handle);
                }
            }
        }
    }

    fn reached_in_dict(&mut self, dict: &Name, at: usize, handle: lifecycle_handle) {
        let Value::Dict(entries) = &mut *dict.node.borrow_mut() else { return };
        if let Some(named) = self.reached(handle, &entries[at].1)
            && dict.level == self.level()
        {
            entries[at].1 = Element::Node(named);
        }
    }

    fn entry(&mut self, step: Step) {
        let Step { a, n, .. } = step;
        let Some((dict, len)) = self.pick_dict(a) else { return };
        let at = n % (len + 1);
        let got = self.with(|state| state.dict_entry(dict.handle, at, (true, true)));
        assert_eq!(got.is_ok(), at < len);
        let Ok((key, value)) = got else { return };
        let bytes = match &*dict.node.borrow() {
            Value::Dict(entries) => entries[at].0.clone(),
            _ => return,
        };
        assert_eq!(ok(self.interp.text(key)).bytes(), bytes);
        self.name(key, node(Value::Text(bytes)));
        self.reached_in_dict(&dict, at, value);
    }

    /// Keeps something and wraps it, or something kept before.
    fn keep_and_wrap(&mut self, step: Step) {
        let Step { a, n, .. } = step;
        let Some(name) = self.pick(a) else { return };
        let word = ok(self.interp.keep(name.handle));
        if let Some(block) = word.as_block() {
            assert!(matches!(
                store::at(block).kind(),
                Kind::Text | Kind::Int | Kind::List | Kind::Dict
            ));
        }
        let handle = ok(self.with(|state| state.wrap(word)));
        if n.is_multiple_of(2) {
            self.with(|state| {
                state.store.release(word);
                Ok(())
            })
            .unwrap_or_default();
        } else {
            self.words.push(word);
        }
        self.name(handle, wrap(&keep(&name.node)));
    }

    /// What is in a container may have been kept with it as what it was before, which has the same
    /// text, but is something else to the model.
    fn is_held(&self, inner: &Name) -> bool {
        let is_other = |name: &&Name| !Rc::ptr_eq(&name.node, &inner.node);
        self.names.iter().filter(is_other).any(|name| holds(&name.node, &inner.node))
    }

    fn shimmer(&mut self, step: Step) {
        let Step { a, n, .. } = step;
        match n % 3 {
            0 => {
                let Some((dict, _)) = self.pick_dict(a) else { return };
                if self.is_held(&dict) {
                    return;
                }
                ok(self.interp.list_shimmer(dict.handle));
                let mut value = dict.node.borrow_mut();
                let Value::Dict(entries) = &*value else { return };
                let text = |key: &Bytes| Element::Kept(Rc::new(Kept::Text(key.clone())));
                let pairs = entries.iter().flat_map(|(key, value)| [text(key), value.clone()]);
                *value = Value::List(pairs.collect());
            }
            1 => {
                let Some((list, len)) = self.pick_list(a) else { return };
                if self.is_held(&list) {
                    return;
                }
                let Some(keys) = self.keys_of(&list) else { return };
                assert_eq!(self.interp.dict_shimmer(list.handle).is_ok(), len.is_multiple_of(2));
                if len.is_multiple_of(2) {
                    self.become_dict(&list, keys);
                }
            }
            _ => {
                let name = self.pick(a).filter(
                    |name| matches!(&*name.node.borrow(), Value::Text(text) if text.len() < 100),
                );
                let Some(name) = name.filter(|name| !self.is_held(name)) else { return };
                ok(self.interp.list_shimmer(name.handle));
                self.name_new_elements(&name);
            }
        }
    }

    /// The keys that a list has as a dict, where every one of them is a text, and no two are equal.
    fn keys_of(&self, list: &Name) -> Option<Vec<Bytes>> {
        let Value::List(elements) = &*list.node.borrow() else { return None };
        let mut keys = Vec::new();
        for element in elements.iter().step_by(2) {
            let key = match &*kept_of(element) {
                Kept::Text(key) => key.clone(),
                _ => return None,
            };
            if keys.contains(&key) {
                return None;
            }
            keys.push(key);
        }
        Some(keys)
    }

    /// A list is a dict now: its values were reached on the way.
    fn become_dict(&mut self, list: &Name, keys: Vec<Bytes>) {
        let elements = match &*list.node.borrow() {
            Value::List(elements) => elements.clone(),
            _ => return,
        };
        let values = elements.into_iter().skip(1).step_by(2);
        *list.node.borrow_mut() = Value::Dict(keys.into_iter().zip(values).collect());
        self.name_new_elements(list);
    }

    /// Names what got a handle without its being told.
    fn name_new_elements(&mut self, name: &Name) {
        let slots: Vec<_> = ok(self.with(|state| {
            let slot = state.slot(name.handle)?;
            let words: Vec<Word> = match (ListView::of(slot), DictView::of(slot)) {
                (Some(list), _) => list.words(0).collect(),
                (_, Some(dict)) => dict.pairs().map(|(_, value)| value).collect(),
                _ => unreachable!("it is a list or dict"),
            };
            let handle = |word: &Word| word.as_slot().map(|at| state.handles.at(at));
            Ok(words.iter().map(handle).collect())
        }));
        let mut value = name.node.borrow_mut();
        if let Value::Text(text) = &*value {
            let parts = text.split(|byte| *byte == b' ').filter(|part| !part.is_empty());
            let kept = parts.map(|part| Element::Kept(Rc::new(Kept::Text(part.to_vec()))));
            *value = Value::List(kept.collect());
        }
        let elements: Vec<&mut Element> = match &mut *value {
            Value::List(elements) => elements.iter_mut().collect(),
            Value::Dict(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
            Value::Text(_) => return,
        };
        for (element, handle) in elements.into_iter().zip(slots) {
            if let (Element::Kept(kept), Some(handle)) = (&*element, handle) {
                let named = wrap(kept);
                self.name(handle, named.clone());
                *element = Element::Node(named);
            }
        }
    }

    fn sort(&mut self, step: Step) {
        let Some((list, _)) = self.pick_list(step.a) else { return };
        let texts: Option<Vec<(Bytes, Element)>> = match &*list.node.borrow() {
            Value::List(elements) => elements
                .iter()
                .map(|element| match &*kept_of(element) {
                    Kept::Text(text) => Some((text.clone(), element.clone())),
                    _ => None,
                })
                .collect(),
            _ => return,
        };
        let Some(mut texts) = texts else { return };
        // SAFETY: there is no comparison to be called.
        ok(unsafe { self.interp.sort_list(list.handle, None, core::ptr::null_mut()) });
        texts.sort_by(|(a, _), (b, _)| a.cmp(b));
        let sorted = texts.into_iter().map(|(_, element)| element).collect();
        *list.node.borrow_mut() = Value::List(sorted);
        self.name_new_elements(&list);
    }

    fn scope(&mut self, step: Step) {
        if self.scopes.len() < 3 && step.n.is_multiple_of(2) {
            let scope = ok(self.interp.open_scope());
            self.scopes.push((scope, self.names.len()));
        } else if let Some((scope, names)) = self.scopes.pop() {
            ok(self.interp.close_scope(scope, None));
            for name in self.names.drain(names..) {
                assert!(self.interp.with(|state| state.position(name.handle)).is_err());
            }
        }
    }

    fn run(&mut self, step: Step) {
        match step.what {
            0..=2 => self.make(step),
            3..=5 => self.store_in_list(Step { what: step.what - 3, ..step }),
            6 | 7 => self.reach_in_list(step),
            8 => self.take_from_list(step),
            9 => self.splice(step),
            10 => self.copy(step),
            11 | 12 => self.change_dict(Step { what: 0, ..step }),
            13 | 14 => self.change_dict(Step { what: step.what - 12, ..step }),
            15 => self.entry(step),
            16 | 17 => self.keep_and_wrap(step),
            18 => self.shimmer(step),
            19 => self.sort(step),
            _ => self.scope(step),
        }
    }

    fn check(&self) {
        for name in &self.names {
            self.check_name(name);
        }
    }

    fn check_name(&self, name: &Name) {
        let value = name.node.borrow();
        if let Value::Text(text) = &*value {
            assert_eq!(ok(self.interp.text(name.handle)).bytes(), text);
            return;
        }
        ok(self.with(|state| {
            let slot = state.slot(name.handle)?;
            match &*value {
                Value::List(elements) => {
                    let Some(view) = ListView::of(slot) else { unreachable!("it is a list") };
                    assert_eq!(state.list_length(name.handle), Ok(elements.len()));
                    assert_eq!(view.words(0).count(), elements.len());
                    for (i, (word, element)) in view.words(0).zip(elements).enumerate() {
                        assert_eq!(view.get(i), Some(word));
                        self.check_element(state, word, element);
                    }
                }
                Value::Dict(entries) => {
                    let Some(view) = DictView::of(slot) else { unreachable!("it is a dict") };
                    assert_eq!(state.dict_size(name.handle), Ok(entries.len()));
                    assert_eq!(view.pairs().count(), entries.len());
                    for ((key, word), (bytes, element)) in view.pairs().zip(entries) {
                        check_kept(key, &Kept::Text(bytes.clone()));
                        self.check_element(state, word, element);
                    }
                }
                Value::Text(_) => {}
            }
            Ok(())
        }));
    }

    fn check_element(&self, state: &State, word: Word, element: &Element) {
        match element {
            Element::Kept(kept) => check_kept(word, kept),
            Element::Node(node) => {
                let known = self.names.iter().find(|name| Rc::ptr_eq(&name.node, node));
                let handle = word.as_slot().map(|at| state.handles.at(at));
                assert_eq!(known.map(|name| name.handle), handle);
            }
        }
    }

    fn finish(mut self) {
        while !self.scopes.is_empty() {
            self.scope(Step { what: 20, a: 0, b: 0, n: 1, m: 0 });
        }
        self.check();
        ok(self.interp.reset());
        for word in self.words.drain(..) {
            self.interp.with(|state| state.store.release(word));
        }
        let memory = self.interp.memory();
        assert_eq!((memory.values, memory.pending_values, memory.value_bytes), (0, 0, 0));
        ok(self.interp.destroy());
    }
}

fn check_kept(word: Word, kept: &Kept) {
    match (word.is(), kept) {
        (Is::Int(number), Kept::Text(text)) => assert_eq!(number.to_string().as_bytes(), text),
        (Is::Block(block), kept) => match (store::at(block).kind(), kept) {
            (Kind::Text, Kept::Text(text)) => assert_eq!(store::at(block).text(), text),
            (Kind::Int, Kept::Text(text)) => {
                let number = store::at(block).number() as i64;
                assert_eq!(number.to_string().as_bytes(), text);
            }
            (Kind::List, Kept::List(elements)) => {
                assert_eq!(list::len(block), elements.len());
                let words = list::words(block, 0);
                words.zip(elements).for_each(|(word, kept)| check_kept(word, kept));
            }
            (Kind::Dict, Kept::Dict(entries)) => {
                assert_eq!(dict::len(block), entries.len());
                for (i, (bytes, kept)) in entries.iter().enumerate() {
                    let Some((key, value)) = dict::entry(block, i) else { unreachable!("{i}") };
                    check_kept(key, &Kept::Text(bytes.clone()));
                    check_kept(value, kept);
                }
            }
            (kind, _) => unreachable!("{kind:?} is something else"),
        },
        (is, _) => unreachable!("{is:?} is something else"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]
    #[test]
    fn lists_and_dicts_are_vectors(
        steps in prop::collection::vec(
            (0u8..22, 0usize..64, 0usize..64, 0usize..64, 0usize..64),
            1..120,
        )
    ) {
        let mut world = World::new();
        for (what, a, b, n, m) in steps {
            world.run(Step { what, a, b, n, m });
            world.check();
        }
        world.finish();
    }
}
