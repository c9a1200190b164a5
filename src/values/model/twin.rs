//! All that the naive twin knows: which handles there are, how evals and scopes nest, what is
//! defined and held.

use std::collections::BTreeMap;

use super::nodes::{Body, Clone_, Kept, Node, Part, Ref, Sizes, Status, Text, Tree, Writer};
use super::places::{Name, Places};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use std::rc::Rc;

/// Frames at most.
pub const FRAMES: usize = 6;

/// An open scope, or the outermost level.
pub struct Level {
    pub scope: lifecycle_scope,
    /// Handles that there were when it was opened.
    pub handles: u64,
    /// The handle that was made first, or would have been.
    pub next: lifecycle_handle,
}

pub struct Trace {
    pub number: u64,
    pub kind: i32,
    pub name: Name,
    pub ops: Name,
    pub script: Tree,
}

/// A reference of the host's.
pub struct Held {
    pub value: *mut lifecycle_value,
    pub tree: Tree,
    pub is_block: bool,
}

pub struct Twin {
    pub is_host: bool,
    pub clock: u64,
    /// Those whose handle is known.
    pub nodes: BTreeMap<lifecycle_handle, Ref>,
    /// Handles that were dropped, the last ones.
    pub dead: Vec<lifecycle_handle>,
    pub levels: Vec<Level>,
    /// Levels at the beginning of each eval.
    pub evals: Vec<usize>,
    pub interned: Vec<(Text, Ref)>,
    pub places: Places<Tree>,
    pub traces: Vec<Trace>,
    pub numbered: u64,
    pub held: Vec<Held>,
    /// By space and name: type and pointer.
    pub things: BTreeMap<(i32, Name), (Name, usize)>,
    /// Scopes that were closed.
    pub closed: Vec<lifecycle_scope>,
}

/// What may be wrong with a call.
pub type Wrong = Vec<Status>;

impl Twin {
    pub fn new(is_host: bool) -> Self {
        Twin {
            is_host,
            clock: 0,
            nodes: BTreeMap::new(),
            dead: Vec::new(),
            levels: vec![Level { scope: 0, handles: 0, next: 0 }],
            evals: Vec::new(),
            interned: Vec::new(),
            places: Places::new(FRAMES),
            traces: Vec::new(),
            numbered: 0,
            held: Vec::new(),
            things: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    pub fn top(&self) -> usize {
        self.levels.len() - 1
    }

    pub fn writer(&self) -> Writer {
        Writer { is_host: self.is_host, top: self.top(), clock: self.clock }
    }

    /// A new value of the newest level.
    pub fn make(&self, body: Body) -> Ref {
        Node::new(self.top(), body)
    }

    pub fn wrap(&self, tree: &Tree) -> Ref {
        Node::wrap(tree, self.top(), self.clock)
    }

    /// What a handle names, or why it names nothing.
    pub fn find(&self, handle: lifecycle_handle) -> Result<Ref, Status> {
        match self.nodes.get(&handle) {
            Some(node) => Ok(node.clone()),
            None if self.dead.contains(&handle) => Err(LIFECYCLE_E_STALE),
            None => Err(LIFECYCLE_E_INVALID),
        }
    }

    /// As `find`, of a kind.
    pub fn need(&self, handle: lifecycle_handle, kind: i32, wrong: &mut Wrong) -> Option<Ref> {
        match self.find(handle) {
            Ok(node) if node.kind() == kind => return Some(node),
            Ok(_) => wrong.push(LIFECYCLE_E_TYPE),
            Err(status) => wrong.push(status),
        }
        None
    }

    /// As `find`, of any kind but a builder.
    pub fn element(&self, handle: lifecycle_handle, wrong: &mut Wrong) -> Option<Ref> {
        match self.find(handle) {
            Ok(node) if node.kind() != LIFECYCLE_BUILDER => return Some(node),
            Ok(_) => wrong.push(LIFECYCLE_E_TYPE),
            Err(status) => wrong.push(status),
        }
        None
    }

    /// The text of what a handle names; nil has an empty one.
    pub fn text(&self, handle: lifecycle_handle) -> Result<Text, Status> {
        if handle == 0 {
            return Ok(Text::new());
        }
        self.writer().node(&self.find(handle)?)
    }

    /// As `text`, of what may be a key.
    pub fn key(&self, handle: lifecycle_handle, wrong: &mut Wrong) -> Option<Text> {
        let node = self.element(handle, wrong)?;
        self.writer().node(&node).map_err(|status| wrong.push(status)).ok()
    }

    /// Keeps what a handle names.
    pub fn keep(&self, handle: lifecycle_handle) -> Result<Tree, Status> {
        self.find(handle)?.keep(self.clock)
    }

    /// Why a handle could not be kept. Nothing is remembered, for nothing is kept.
    pub fn unkept(&self, handle: lifecycle_handle) -> Option<Status> {
        match self.find(handle) {
            Ok(node) => node.is_cyclic().then_some(LIFECYCLE_E_CYCLE),
            Err(status) => Some(status),
        }
    }

    /// Whether a handle names a string, or a list of strings.
    pub fn is_texts(&self, handle: lifecycle_handle) -> bool {
        let is_text = |part: &Part| match part {
            Part::Node(node) => node.kind() == LIFECYCLE_STRING,
            Part::Kept(tree) => matches!(**tree, Kept::Str(_)),
        };
        self.find(handle).is_ok_and(|node| match &*node.body.borrow() {
            Body::Str(_) => true,
            Body::List(parts) => parts.iter().all(is_text),
            _ => false,
        })
    }

    /// As `keep`; nil is fine.
    pub fn keep_any(&self, handle: lifecycle_handle) -> Result<Option<Tree>, Status> {
        if handle == 0 { Ok(None) } else { self.keep(handle).map(Some) }
    }

    /// Something of a list or dict was changed in place.
    pub fn change(&mut self, node: &Ref) {
        self.clock += 1;
        node.change(self.clock);
    }

    /// What reaching a part of a list or dict gives, and what is in its place from then on.
    pub fn reach(&self, container: &Ref, part: &mut Part) -> Ref {
        let tree = match part {
            Part::Node(node) => return node.clone(),
            Part::Kept(tree) => tree.clone(),
        };
        let node = self.wrap(&tree);
        if tree.is_container() && container.level == self.top() {
            container.own(self.clock);
            *part = Part::Node(node.clone());
        }
        node
    }

    /// A handle becomes a list.
    pub fn shimmer_to_list(&mut self, handle: lifecycle_handle) -> Result<(), Wrong> {
        let node = self.find(handle).map_err(|status| vec![status])?;
        let kind = node.kind();
        match kind {
            LIFECYCLE_LIST => return Ok(()),
            LIFECYCLE_DICT => {
                let pairs = match &*node.body.borrow() {
                    Body::Dict(entries) => entries
                        .iter()
                        .flat_map(|(key, part)| {
                            [Part::Kept(Rc::new(Kept::Str(key.clone()))), part.clone()]
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                node.become_(Body::List(pairs));
                return Ok(());
            }
            LIFECYCLE_STRING | LIFECYCLE_INT | LIFECYCLE_DOUBLE => {}
            _ => return Err(vec![LIFECYCLE_E_TYPE]),
        }
        let text = self.writer().node(&node).map_err(|status| vec![status])?;
        let texts = self.writer().read_list(&text).map_err(|status| vec![status])?;
        let is_near = node.level == self.top();
        let part = |text: Text| match is_near {
            true => Part::Node(self.make(Body::Str(text))),
            false => Part::Kept(Rc::new(Kept::Str(text))),
        };
        let parts = texts.into_iter().map(part).collect();
        node.become_(Body::List(parts));
        node.set_text(text, self.clock, true);
        Ok(())
    }

    /// A handle becomes a dict.
    pub fn shimmer_to_dict(&mut self, handle: lifecycle_handle) -> Result<(), Wrong> {
        let node = self.find(handle).map_err(|status| vec![status])?;
        let plain = match node.kind() {
            LIFECYCLE_DICT => return Ok(()),
            LIFECYCLE_LIST => None,
            LIFECYCLE_STRING | LIFECYCLE_INT | LIFECYCLE_DOUBLE => {
                Some(self.writer().node(&node).map_err(|status| vec![status])?)
            }
            _ => return Err(vec![LIFECYCLE_E_TYPE]),
        };
        let parts = match (&plain, &*node.body.borrow()) {
            (None, Body::List(parts)) => parts.clone(),
            (Some(text), _) => {
                let texts = self.writer().read_list(text).map_err(|status| vec![status])?;
                texts.into_iter().map(|text| Part::Kept(Rc::new(Kept::Str(text)))).collect()
            }
            _ => Vec::new(),
        };
        if parts.len() % 2 != 0 {
            return Err(vec![LIFECYCLE_E_TYPE]);
        }
        let mut entries: Vec<(Text, Part)> = Vec::new();
        for i in (0..parts.len()).step_by(2) {
            let reached = |i: usize| {
                let mut part = parts[i].clone();
                let inner = self.reach(&node, &mut part);
                if let (None, Body::List(parts)) = (&plain, &mut *node.body.borrow_mut()) {
                    parts[i] = part;
                }
                inner
            };
            let (key, value) = (reached(i), reached(i + 1));
            let key = self.writer().node(&key).map_err(|status| vec![status])?;
            self.clock += 1;
            // What was made on the way is of the newest level.
            let part = value.to_store(node.level, self.clock).map_err(|status| vec![status])?;
            match entries.iter_mut().find(|(other, _)| *other == key) {
                Some((_, place)) => *place = part,
                None => entries.push((key, part)),
            }
        }
        let is_same = entries.len() * 2 == parts.len();
        let text = match plain {
            Some(text) => Some(text),
            None if is_same => None,
            None => Some(self.writer().node(&node).map_err(|status| vec![status])?),
        };
        node.become_(Body::Dict(entries));
        if let Some(text) = text {
            node.set_text(text, self.clock, true);
        }
        Ok(())
    }

    pub fn enter(&mut self) {
        self.evals.push(self.levels.len());
        self.places.enter();
    }

    /// Drops levels until so many are left; the things that handles owned.
    #[must_use]
    pub fn close(&mut self, levels: usize) -> Vec<usize> {
        let mut things = Vec::new();
        if self.levels.len() <= levels {
            return things;
        }
        let nodes = core::mem::take(&mut self.nodes).into_iter();
        let (gone, kept) = nodes.partition::<BTreeMap<_, _>, _>(|(_, node)| node.level >= levels);
        self.nodes = kept;
        for (handle, node) in gone {
            self.dead.push(handle);
            if let Body::Foreign { pointer, .. } = node.body.replace(Body::Gone) {
                things.push(pointer);
            }
        }
        self.interned.retain(|(_, node)| node.level < levels);
        self.closed.extend(self.levels.drain(levels..).map(|level| level.scope));
        if self.dead.len() > 1000 {
            self.dead.drain(..500);
        }
        things
    }

    /// Drops the scratch side.
    #[must_use]
    pub fn drop_all(&mut self) -> Vec<usize> {
        self.places.pop_all();
        let things = self.close(0);
        self.closed.retain(|scope| *scope != 0);
        self.levels.push(Level { scope: 0, handles: 0, next: 0 });
        things
    }

    /// Leaves evals until so many are left.
    #[must_use]
    pub fn unwind(&mut self, depth: usize) -> Vec<usize> {
        let mut things = Vec::new();
        let now = self.evals.len();
        while self.evals.len() > depth
            && let Some(levels) = self.evals.pop()
        {
            let _ = self.places.leave();
            things.extend(self.close(levels));
        }
        if depth == 0 && now != 0 {
            things.extend(self.drop_all());
        }
        things
    }

    /// Foreign things that are kept, as far as is known.
    pub fn is_bare(&self) -> bool {
        self.places.values() == 0
            && self.traces.is_empty()
            && self.places.commands.is_empty()
            && self.places.exports.is_empty()
            && self.held.is_empty()
    }

    /// What is known of a foreign thing: its type, and its pointer.
    pub fn foreign(node: &Ref) -> Option<(Text, Option<usize>)> {
        match &*node.body.borrow() {
            Body::Foreign { type_name, pointer, .. } => Some((type_name.clone(), Some(*pointer))),
            Body::Cloned(clone) => {
                let Clone_ { type_name, pointer, .. } = &**clone;
                Some((type_name.clone(), pointer.get()))
            }
            _ => None,
        }
    }
}

impl Twin {
    /// Whether what a handle names is too large to be part of something else.
    pub fn is_large(&self, handle: lifecycle_handle) -> bool {
        let size = self.nodes.get(&handle).map_or((0, 0), |node| node.size(&mut Sizes::new()));
        size.0 > 100 || size.1 > 6
    }

    /// Whether something grew so large that it is not written any more.
    pub fn is_huge(&self) -> bool {
        let mut seen = Sizes::new();
        self.nodes.values().map(|node| node.size(&mut seen)).any(|size| size.0 > 1000 || size.1 > 9)
    }
}

/// Lists may hold themselves.
impl Drop for Twin {
    fn drop(&mut self) {
        let _ = self.close(0);
    }
}
