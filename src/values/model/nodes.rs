//! The naive twin of values: scratch values as a graph of counted nodes, persistent ones as trees.
//! What is in a list is a node where a handle names it (or might), and a tree where it came from a
//! persistent value and nobody has reached it yet.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::host;
use crate::abi::lifecycle_status::{self, *};
use crate::abi::*;
use crate::values::number::Digits;
use crate::values::syntax;

pub type Status = lifecycle_status;
pub type Text = Vec<u8>;
pub type Tree = Rc<Kept>;
pub type Ref = Rc<Node>;

/// A foreign thing that is kept.
#[derive(Debug)]
pub struct Clone_ {
    pub type_name: Text,
    pub text: Text,
    /// What it is, once somebody has looked; 0 = it was released, or could not be cloned.
    pub pointer: Cell<Option<usize>>,
}

/// A persistent value.
#[derive(Debug)]
pub enum Kept {
    Str(Text),
    Int(i64),
    Double(f64),
    /// Elements, and the text that it was made from.
    List(Vec<Tree>, Option<Text>),
    Dict(Vec<(Text, Tree)>),
    Foreign(Rc<Clone_>),
}

/// A part of a scratch list or dict.
#[derive(Clone)]
pub enum Part {
    Node(Ref),
    Kept(Tree),
}

pub enum Body {
    Str(Text),
    Int(i64),
    Double(f64),
    List(Vec<Part>),
    Dict(Vec<(Text, Part)>),
    /// A thing that the handle owns.
    Foreign {
        type_name: Text,
        text: Text,
        pointer: usize,
        kept: Option<Rc<Clone_>>,
    },
    /// A thing that a value owns.
    Cloned(Rc<Clone_>),
    Builder(Text),
    /// The handle was dropped.
    Gone,
}

/// A text that was made, or that the list or dict was made from.
#[derive(Clone)]
pub struct Written {
    text: Text,
    at: u64,
    is_original: bool,
}

/// A scratch value.
pub struct Node {
    /// How many scopes were open.
    pub level: usize,
    /// 0 = nobody was told yet.
    pub handle: Cell<lifecycle_handle>,
    pub body: RefCell<Body>,
    pub changed: Cell<u64>,
    pub text: RefCell<Option<Written>>,
    /// What it was wrapped from, if its elements were not changed since. What is kept without a
    /// change is that again, even where an element became a list since.
    source: RefCell<Option<Tree>>,
    /// What it was kept as last, and when.
    memo: RefCell<Option<(Tree, u64)>>,
}

/// Texts the way the interpreter writes them.
#[derive(Clone, Copy)]
pub struct Writer {
    /// The host writes.
    pub is_host: bool,
    /// Scopes open.
    pub top: usize,
    /// The time.
    pub clock: u64,
}

/// By address.
pub type Sizes = BTreeMap<*const (), (usize, usize)>;

fn sum(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let both = |all: (usize, usize), part: (usize, usize)| {
        (all.0.saturating_add(part.0), all.1.max(part.1 + 1))
    };
    parts.fold((1, 1), both)
}

impl Kept {
    fn size(self: &Tree, seen: &mut Sizes) -> (usize, usize) {
        if let Some(size) = seen.get(&Rc::as_ptr(self).cast()) {
            return *size;
        }
        let size = match &**self {
            Kept::Str(text) => (1 + text.len() / 100, 1),
            Kept::List(parts, _) => sum(parts.iter().map(|part| part.size(seen))),
            Kept::Dict(entries) => sum(entries.iter().map(|(_, part)| part.size(seen))),
            _ => (1, 1),
        };
        seen.insert(Rc::as_ptr(self).cast(), size);
        size
    }

    pub fn is_container(&self) -> bool {
        matches!(self, Kept::List(..) | Kept::Dict(_))
    }
}

impl Body {
    pub fn kind(&self) -> i32 {
        match self {
            Body::Str(_) => LIFECYCLE_STRING,
            Body::Int(_) => LIFECYCLE_INT,
            Body::Double(_) => LIFECYCLE_DOUBLE,
            Body::List(_) => LIFECYCLE_LIST,
            Body::Dict(_) => LIFECYCLE_DICT,
            Body::Foreign { .. } | Body::Cloned(_) => LIFECYCLE_FOREIGN,
            Body::Builder(_) => LIFECYCLE_BUILDER,
            Body::Gone => LIFECYCLE_NIL,
        }
    }

    /// The parts of a list or dict.
    fn parts(&self) -> Vec<Part> {
        match self {
            Body::List(parts) => parts.clone(),
            Body::Dict(entries) => entries.iter().map(|(_, part)| part.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn part_mut(&mut self, i: usize) -> &mut Part {
        match self {
            Body::List(parts) => &mut parts[i],
            Body::Dict(entries) => &mut entries[i].1,
            _ => unreachable!("no list"),
        }
    }
}

impl Node {
    pub fn new(level: usize, body: Body) -> Ref {
        Rc::new(Node {
            level,
            handle: Cell::new(0),
            body: RefCell::new(body),
            changed: Cell::new(0),
            text: RefCell::new(None),
            source: RefCell::new(None),
            memo: RefCell::new(None),
        })
    }

    pub fn kind(&self) -> i32 {
        self.body.borrow().kind()
    }

    pub fn is_container(&self) -> bool {
        matches!(self.kind(), LIFECYCLE_LIST | LIFECYCLE_DICT)
    }

    /// A value is wrapped.
    pub fn wrap(tree: &Tree, level: usize, clock: u64) -> Ref {
        let wrapped = |parts: &[Tree]| parts.iter().cloned().map(Part::Kept).collect();
        let body = match &**tree {
            Kept::Str(text) => Body::Str(text.clone()),
            Kept::Int(value) => Body::Int(*value),
            Kept::Double(value) => Body::Double(*value),
            Kept::List(parts, _) => Body::List(wrapped(parts)),
            Kept::Dict(entries) => {
                let entry = |(key, part): &(Text, Tree)| (key.clone(), Part::Kept(part.clone()));
                Body::Dict(entries.iter().map(entry).collect())
            }
            Kept::Foreign(clone) => Body::Cloned(clone.clone()),
        };
        let node = Node::new(level, body);
        *node.source.borrow_mut() = Some(tree.clone());
        if let Kept::List(_, Some(text)) = &**tree {
            node.set_text(text.clone(), clock, true);
        }
        node
    }

    pub fn set_text(&self, text: Text, at: u64, is_original: bool) {
        *self.text.borrow_mut() = Some(Written { text, at, is_original });
    }

    /// Something was changed in place.
    pub fn change(&self, clock: u64) {
        self.changed.set(clock);
        *self.source.borrow_mut() = None;
        if let Some(written) = &mut *self.text.borrow_mut() {
            written.is_original = false;
        }
    }

    /// Another list or dict of the same parts.
    pub fn copy(&self, level: usize) -> Ref {
        let body = match &*self.body.borrow() {
            Body::List(parts) => Body::List(parts.clone()),
            Body::Dict(entries) => Body::Dict(entries.clone()),
            _ => unreachable!("no list"),
        };
        let copy = Node::new(level, body);
        copy.changed.set(self.changed.get());
        *copy.text.borrow_mut() = self.text.borrow().clone();
        *copy.source.borrow_mut() = self.source.borrow().clone();
        *copy.memo.borrow_mut() = self.memo.borrow().clone();
        copy
    }

    /// When something in it was changed last.
    fn newest(self: &Ref) -> u64 {
        let (mut newest, mut seen, mut work) = (0, BTreeSet::new(), vec![self.clone()]);
        while let Some(node) = work.pop() {
            if seen.insert(Rc::as_ptr(&node)) {
                newest = newest.max(node.changed.get());
                work.extend(node.body.borrow().parts().into_iter().filter_map(|part| match part {
                    Part::Node(node) => Some(node),
                    Part::Kept(_) => None,
                }));
            }
        }
        newest
    }

    /// Whether it holds itself.
    pub fn is_cyclic(self: &Ref) -> bool {
        self.search(&mut BTreeMap::new())
    }

    /// Nodes on the way down are marked by true, those that were left by false.
    fn search(self: &Ref, seen: &mut BTreeMap<*const Node, bool>) -> bool {
        if let Some(is_on_path) = seen.get(&Rc::as_ptr(self)) {
            return *is_on_path;
        }
        seen.insert(Rc::as_ptr(self), true);
        let parts = self.body.borrow().parts();
        let found = parts.iter().any(|part| match part {
            Part::Node(node) => node.search(seen),
            Part::Kept(_) => false,
        });
        seen.insert(Rc::as_ptr(self), false);
        found
    }

    /// How much there is to write, and how deep it is nested.
    pub fn size(self: &Ref, seen: &mut Sizes) -> (usize, usize) {
        if let Some(size) = seen.get(&Rc::as_ptr(self).cast()) {
            return *size;
        }
        // One that holds itself has no text.
        seen.insert(Rc::as_ptr(self).cast(), (0, 0));
        let size = match &*self.body.borrow() {
            Body::Str(text) | Body::Builder(text) => (1 + text.len() / 100, 1),
            body => sum(body.parts().iter().map(|part| match part {
                Part::Node(node) => node.size(seen),
                Part::Kept(tree) => tree.size(seen),
            })),
        };
        seen.insert(Rc::as_ptr(self).cast(), size);
        size
    }

    /// The text that is there, if nothing was changed since.
    fn right_text(self: &Ref) -> Option<Written> {
        let written = self.text.borrow().clone()?;
        (self.newest() <= written.at).then_some(written)
    }

    /// It becomes a dict or a list, with the same text.
    pub fn become_(&self, body: Body) {
        *self.body.borrow_mut() = body;
        *self.source.borrow_mut() = None;
        *self.memo.borrow_mut() = None;
    }

    /// It remembers handles of parts from now on, if it did not before.
    pub fn own(&self, clock: u64) {
        let source = self.source.borrow().clone();
        let has_memo = self.memo.borrow().is_some();
        if let (Some(source), false) = (source, has_memo) {
            self.memo.replace(Some((source, clock)));
        }
    }

    /// Keeps it; a foreign thing is cloned once.
    pub fn keep(self: &Ref, clock: u64) -> Result<Tree, Status> {
        if self.is_cyclic() {
            return Err(LIFECYCLE_E_CYCLE);
        }
        Ok(self.keep_whole(clock))
    }

    fn keep_whole(self: &Ref, clock: u64) -> Tree {
        let memo = self.memo.borrow().clone();
        if let Some((tree, _)) = memo.filter(|(_, at)| *at == clock) {
            return tree;
        }
        let tree = self.build(clock);
        if tree.is_container() {
            let has_object = self.memo.borrow().is_some() || self.source.borrow().is_none();
            if has_object {
                self.memo.replace(Some((tree.clone(), clock)));
            }
        }
        tree
    }

    fn build(self: &Ref, clock: u64) -> Tree {
        let inner: Vec<Tree> =
            self.body.borrow().parts().iter().map(|part| part.keep(clock)).collect();
        let source = self.source.borrow().clone();
        if let Some(source) = source.filter(|source| source.is_container()) {
            let old = match &*source {
                Kept::List(parts, _) => parts.clone(),
                Kept::Dict(entries) => entries.iter().map(|(_, part)| part.clone()).collect(),
                _ => Vec::new(),
            };
            if old.len() == inner.len() && old.iter().zip(&inner).all(|(a, b)| Rc::ptr_eq(a, b)) {
                return source;
            }
        }
        let text = self.right_text().filter(|written| written.is_original);
        Rc::new(match &mut *self.body.borrow_mut() {
            Body::Str(text) | Body::Builder(text) => Kept::Str(text.clone()),
            Body::Int(value) => Kept::Int(*value),
            Body::Double(value) => Kept::Double(*value),
            Body::List(_) => Kept::List(inner, text.map(|written| written.text)),
            Body::Dict(entries) => {
                let keys = entries.iter().map(|(key, _)| key.clone());
                Kept::Dict(keys.zip(inner).collect())
            }
            Body::Foreign { type_name, text, kept, .. } => {
                let clone = kept.get_or_insert_with(|| {
                    Rc::new(Clone_ {
                        type_name: type_name.clone(),
                        text: text.clone(),
                        pointer: Cell::new(None),
                    })
                });
                Kept::Foreign(clone.clone())
            }
            Body::Cloned(clone) => Kept::Foreign(clone.clone()),
            Body::Gone => unreachable!("a dropped value"),
        })
    }

    /// What is stored for it in a list or dict of a level.
    pub fn to_store(self: &Ref, level: usize, clock: u64) -> Result<Part, Status> {
        if self.level <= level {
            return Ok(Part::Node(self.clone()));
        }
        self.keep(clock).map(Part::Kept)
    }
}

impl Part {
    fn keep(&self, clock: u64) -> Tree {
        match self {
            Part::Node(node) => node.keep_whole(clock),
            Part::Kept(tree) => tree.clone(),
        }
    }

    /// As it is stored in a list or dict of an outer level.
    pub fn to_store(&self, level: usize, clock: u64) -> Result<Part, Status> {
        match self {
            Part::Node(node) => node.to_store(level, clock),
            Part::Kept(_) => Ok(self.clone()),
        }
    }
}

impl Writer {
    fn double(&self, value: f64) -> Text {
        let digits = Digits::of_double(value);
        if self.is_host { host::write_double(value) } else { digits.as_bytes().to_vec() }
    }

    fn list(&self, texts: &[Text]) -> Text {
        if self.is_host {
            return host::write_list(texts);
        }
        let mut list = Text::new();
        for (i, text) in texts.iter().enumerate() {
            if i != 0 {
                list.push(b' ');
            }
            syntax::quote(text, i == 0, |piece| list.extend_from_slice(piece));
        }
        list
    }

    /// The elements of a text.
    pub fn read_list(&self, text: &[u8]) -> Result<Vec<Text>, Status> {
        if self.is_host {
            return host::read_list(text).ok_or(LIFECYCLE_E_TYPE);
        }
        let mut read = Vec::new();
        for element in syntax::Elements::of(text) {
            let element = element.map_err(|error| error.0)?;
            let mut plain = Text::new();
            if element.is_escaped {
                syntax::unescape(element.raw, |piece| plain.extend_from_slice(piece));
            } else {
                plain.extend_from_slice(element.raw);
            }
            read.push(plain);
        }
        Ok(read)
    }

    pub fn tree(&self, tree: &Tree) -> Text {
        match &**tree {
            Kept::Str(text) | Kept::List(_, Some(text)) => text.clone(),
            Kept::Int(value) => value.to_string().into_bytes(),
            Kept::Double(value) => self.double(*value),
            Kept::List(parts, None) => {
                self.list(&parts.iter().map(|part| self.tree(part)).collect::<Vec<_>>())
            }
            Kept::Dict(entries) => {
                let texts = entries.iter().flat_map(|(key, part)| [key.clone(), self.tree(part)]);
                self.list(&texts.collect::<Vec<_>>())
            }
            Kept::Foreign(clone) => clone.text.clone(),
        }
    }

    /// The text of a node, which it has from then on.
    pub fn node(&self, node: &Ref) -> Result<Text, Status> {
        self.node_below(node, &mut Vec::new())
    }

    fn node_below(&self, node: &Ref, path: &mut Vec<*const Node>) -> Result<Text, Status> {
        match &*node.body.borrow() {
            Body::Str(text) | Body::Builder(text) | Body::Foreign { text, .. } => {
                return Ok(text.clone());
            }
            Body::Cloned(clone) => return Ok(clone.text.clone()),
            Body::Int(value) => return Ok(value.to_string().into_bytes()),
            Body::Double(value) => return Ok(self.double(*value)),
            Body::List(_) | Body::Dict(_) => {}
            Body::Gone => unreachable!("a dropped value"),
        }
        if path.contains(&Rc::as_ptr(node)) {
            return Err(LIFECYCLE_E_CYCLE);
        }
        if let Some(written) = node.right_text() {
            return Ok(written.text);
        }
        path.push(Rc::as_ptr(node));
        let parts = node.body.borrow().parts();
        let mut texts = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            texts.push(match part {
                Part::Node(inner) => self.node_below(inner, path)?,
                // The host is shown handles, which a list of the newest level remembers.
                Part::Kept(tree) if self.is_host && tree.is_container() => {
                    let inner = Node::wrap(tree, self.top, self.clock);
                    let text = self.node_below(&inner, path)?;
                    if node.level == self.top {
                        node.own(self.clock);
                        *node.body.borrow_mut().part_mut(i) = Part::Node(inner);
                    }
                    text
                }
                Part::Kept(tree) => self.tree(tree),
            });
        }
        path.pop();
        if let Body::Dict(entries) = &*node.body.borrow() {
            let with_keys =
                entries.iter().zip(texts).flat_map(|((key, _), text)| [key.clone(), text]);
            texts = with_keys.collect();
        }
        let text = self.list(&texts);
        node.set_text(text.clone(), self.clock, false);
        Ok(text)
    }
}
