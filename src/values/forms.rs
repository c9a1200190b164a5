//! String forms of lists and dicts, whoever writes them: the library in Tcl's syntax, or the host.
//!
//! A form is made depth first with a stack of its own, so that data never decides how deep the
//! program's stack gets: a list or dict is written when all that it holds has been. Its text stays
//! with the handle. A text that is there is looked at anew when something was changed in place
//! meanwhile, anywhere: it is right if nothing below was changed after it was made.
//!
//! The host may do anything while it writes one form: so nothing is held meanwhile but handles,
//! which are looked up again. What it asks for itself is made by a walk within the walk.
//!
//! Invariants:
//! - `.forms.path`: walks within walks stand on one path; each looks at its own part, from its
//!   `base` on, and what lies there was put there by it, or was cut off with it.
//! - `.forms.named`: with the host writing, what is on the path is handles; the lists and dicts in
//!   a value that the host is shown have handles that the value remembers, with their texts.
//! - `.forms.pieces`: without, blocks stand on the path too: nobody can release one meanwhile.
//!   Their texts stand in `pieces`, those of one list or dict in its order.
//! - `.forms.mark`: a list or dict on the path says so by `checked_at`, which is then a number of
//!   the walk that no clock ever shows.

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use super::dicts::DictView;
use super::lists::{ListView, is_unnamed};
use super::number::Digits;
use super::scratch::{Slot, SlotExt};
use super::store::{self, Block, Kind};
use super::word::{Is, Word};
use super::{Interp, State, Text, list, syntax};
use crate::abi::*;
use crate::base::{Error, Host, List, ListExt, Result, error, fail};

/// How deep the host may ask for forms while it writes forms.
const CALLS: usize = 64;

/// Whose form is made.
#[derive(Clone, Copy)]
enum Node {
    Handle(lifecycle_handle),
    Block(NonNull<Block>),
}

/// A list or dict on the way down.
#[derive(Clone, Copy)]
struct Step {
    node: Node,
    /// The handle that the host is shown: it, or a copy of the newest level, which can remember
    /// handles.
    shown: lifecycle_handle,
    /// Which of its parts is looked at next.
    next: usize,
    /// When something below was changed last.
    newest: u64,
    /// When its form was begun.
    begun: u64,
    /// Where its texts in `pieces` begin.
    pieces: usize,
}

/// `lifecycle_to_text_fn`, as what it may really return.
type ToText = unsafe extern "C" fn(
    *mut lifecycle_interp,
    lifecycle_handle,
    lifecycle_handle,
    *mut c_void,
) -> c_int;

/// One walk.
#[derive(Clone, Copy)]
struct Walk {
    base: usize,
    pieces: usize,
    number: u64,
    /// The host writes.
    calls: bool,
}

/// What all walks share.
pub struct Forms {
    path: List<Step>,
    pieces: List<Text>,
    walks: u64,
    calls: usize,
}

/// How far walks were when an eval began.
#[derive(Clone, Copy)]
pub struct Depth {
    path: usize,
    pieces: usize,
    calls: usize,
}

impl Forms {
    /// No walk.
    pub fn new(host: Host) -> Self {
        Forms { path: List::new_in(host), pieces: List::new_in(host), walks: 0, calls: 0 }
    }

    /// How far walks are.
    pub fn depth(&self) -> Depth {
        Depth { path: self.path.len(), pieces: self.pieces.len(), calls: self.calls }
    }

    /// Whether no walk is going on, or was left.
    #[inline]
    pub fn is_at_rest(&self) -> bool {
        self.path.is_empty() && self.pieces.is_empty() && self.calls == 0
    }

    /// Goes back to where walks were, for those that were left by `longjmp`.
    pub fn cut(&mut self, depth: Depth) {
        self.path.truncate(depth.path);
        self.pieces.truncate(depth.pieces);
        self.calls = depth.calls;
    }

    /// As `cut`, where walks may still go on.
    pub fn cut_calls(&mut self, depth: Option<Depth>) {
        self.calls = depth.map_or(0, |depth| depth.calls);
    }
}

/// The parts of a list or dict.
enum Parts {
    List(ListView),
    Dict(DictView),
}

impl Parts {
    fn of(slot: &Slot) -> Option<Parts> {
        let list = ListView::of(slot).map(Parts::List);
        list.or_else(|| DictView::of(slot).map(Parts::Dict))
    }

    /// The first part from `next` on, and which one follows it: a key, or nil in a list, and an
    /// element or value.
    fn next(&self, next: usize) -> Option<(Word, Word, usize)> {
        match self {
            Parts::List(view) => view.get(next).map(|word| (Word::NIL, word, next + 1)),
            Parts::Dict(view) => view.entry_from(next),
        }
    }
}

/// The next thing to do in a walk.
enum Next {
    Done(Text),
    Call { value: lifecycle_handle, builder: lifecycle_handle },
}

#[cold]
fn lost() -> Error {
    error!(LIFECYCLE_E_STALE, "a value went while its string form was made")
}

impl State {
    fn node_slot(&self, node: Node) -> Result<Slot> {
        match node {
            Node::Handle(handle) => self.slot(handle).copied(),
            Node::Block(block) => Ok(Slot::wrapped(block)),
        }
    }

    fn begin_walk(&mut self, root: lifecycle_handle, calls: bool) -> Result<Walk> {
        let forms = &mut self.forms;
        forms.walks += 1;
        let (base, pieces) = (forms.path.len(), forms.pieces.len());
        let walk = Walk { base, pieces, number: u64::MAX - forms.walks, calls };
        self.step_into(walk, Node::Handle(root))?;
        Ok(walk)
    }

    fn end_walk(&mut self, walk: Walk) {
        self.forms.path.truncate(walk.base);
        self.forms.pieces.truncate(walk.pieces);
    }

    fn last_step(&mut self, walk: Walk) -> Result<&mut Step> {
        match self.forms.path.get_mut(walk.base..).and_then(<[Step]>::last_mut) {
            Some(step) => Ok(step),
            None => Err(lost()),
        }
    }

    fn step_into(&mut self, walk: Walk, node: Node) -> Result<()> {
        let slot = self.node_slot(node)?;
        if let Some(shared) = slot.shared() {
            if shared.checked_at.get() == walk.number {
                fail!(LIFECYCLE_E_CYCLE, "the value holds itself: it has no string form");
            }
            shared.checked_at.set(walk.number);
        }
        if self.forms.path.len() - walk.base >= LIFECYCLE_TEXT_DEPTH_MAX {
            let most = LIFECYCLE_TEXT_DEPTH_MAX;
            fail!(LIFECYCLE_E_DEPTH, "the value is nested more than {most} deep");
        }
        let shown = if let Node::Handle(handle) = node { handle } else { 0 };
        let pieces = self.forms.pieces.len();
        let step = Step { node, shown, next: 0, newest: 0, begun: 0, pieces };
        self.forms.path.try_push(step)
    }

    /// Goes on until the host has to write something, or the root has its text.
    fn advance(&mut self, walk: Walk) -> Result<Next> {
        loop {
            let mut step = *self.last_step(walk)?;
            let inner = self.next_unwritten(walk, &mut step)?;
            *self.last_step(walk)? = step;
            if let Some(inner) = inner {
                self.step_into(walk, inner)?;
                continue;
            }
            let slot = self.node_slot(step.node)?;
            if let Some(text) = self.still_right(&slot, step.newest) {
                if let Some(text) = self.step_out(walk, text)? {
                    return Ok(Next::Done(text));
                }
                continue;
            }
            if walk.calls {
                self.last_step(walk)?.begun = self.clock;
                let builder = self.make_builder(0)?;
                return Ok(Next::Call { value: step.shown, builder });
            }
            let text = self.write_form(&step, &slot)?;
            if let Some(text) = self.keep_form(walk, text, self.clock)? {
                return Ok(Next::Done(text));
            }
        }
    }

    /// The next part that needs a text before its list or dict can have one.
    fn next_unwritten(&mut self, walk: Walk, step: &mut Step) -> Result<Option<Node>> {
        let mut slot = self.node_slot(step.node)?;
        if let Node::Handle(handle) = step.node
            && step.shown != handle
        {
            slot = *self.slot(step.shown)?;
        }
        let Some(parts) = Parts::of(&slot) else { return Ok(None) };
        while let Some((_, word, after)) = parts.next(step.next) {
            let at = core::mem::replace(&mut step.next, after);
            if let Some(position) = word.as_slot() {
                let inner = self.slot_at(position)?;
                if self.needs_form(inner, walk) {
                    return Ok(Some(Node::Handle(self.handles.at(position))));
                }
                let changed = inner.shared().map_or(0, |shared| shared.changed_at.get());
                step.newest = step.newest.max(changed);
            } else if is_unnamed(word) && !walk.calls {
                let Some(block) = word.as_block().filter(|block| list::text(*block).is_none())
                else {
                    continue;
                };
                return Ok(Some(Node::Block(block)));
            } else if is_unnamed(word) {
                return self.name_inner(step, at).map(|named| Some(Node::Handle(named)));
            }
        }
        Ok(None)
    }

    fn needs_form(&self, slot: &Slot, walk: Walk) -> bool {
        let is_for_host = slot.kind() == LIFECYCLE_DOUBLE && walk.calls;
        let is_container = matches!(slot.kind(), LIFECYCLE_LIST | LIFECYCLE_DICT);
        (is_for_host || is_container) && self.known_text(slot).is_none()
    }

    /// A handle for a list or dict in the value that the host is shown, which remembers it
    /// (`.forms.named`).
    fn name_inner(&mut self, step: &mut Step, at: usize) -> Result<lifecycle_handle> {
        let position = self.position(step.shown)?;
        let is_list = self.slot_at(position)?.kind() == LIFECYCLE_LIST;
        if self.level_of(position) != self.top() {
            let copy = if is_list { Self::list_copy } else { Self::dict_copy };
            step.shown = copy(self, step.shown)?;
        }
        if is_list { self.list_at(step.shown, at) } else { self.dict_value_at(step.shown, at) }
    }

    /// The text that is there, if nothing was changed since it was made.
    fn still_right(&self, slot: &Slot, newest: u64) -> Option<Text> {
        if let Some(shared) = slot.shared() {
            let changed = shared.changed_at.get().max(newest);
            shared.changed_at.set(changed);
            let text = slot.text().filter(|_| changed <= shared.made_at.get())?;
            shared.checked_at.set(self.clock);
            return Some(Text::new(text));
        }
        self.known_text(slot)
    }

    /// Keeps the form of the list or dict that the walk is at, begun at a time.
    fn keep_form(&mut self, walk: Walk, text: &[u8], begun: u64) -> Result<Option<Text>> {
        let step = *self.last_step(walk)?;
        if let Node::Handle(handle) = step.node {
            let position = self.position(handle)?;
            let slot = self.slot_at_mut(position)?;
            if !matches!(slot.kind(), LIFECYCLE_LIST | LIFECYCLE_DICT | LIFECYCLE_DOUBLE) {
                return Err(lost());
            }
            slot.set_text(text);
            slot.set_original(false);
            if let Some(shared) = slot.shared() {
                shared.made_at.set(begun);
                shared.checked_at.set(begun);
            }
        }
        self.step_out(walk, Text::new(text))
    }

    /// The list or dict that the walk is at has its text: the root's is returned.
    fn step_out(&mut self, walk: Walk, text: Text) -> Result<Option<Text>> {
        let step = *self.last_step(walk)?;
        let own = self.node_slot(step.node)?;
        let changed = own.shared().map_or(0, |shared| shared.changed_at.get());
        self.forms.path.pop();
        self.forms.pieces.truncate(step.pieces);
        if let Node::Block(_) = step.node {
            self.forms.pieces.try_push(text)?;
        }
        if self.forms.path.len() <= walk.base {
            return Ok(Some(text));
        }
        let parent = self.last_step(walk)?;
        parent.newest = parent.newest.max(changed);
        Ok(None)
    }

    /// Writes a list or dict in Tcl's syntax; all that it holds has its text.
    fn write_form<'a>(&mut self, step: &Step, slot: &Slot) -> Result<&'a [u8]> {
        let level = match step.node {
            Node::Handle(handle) => self.level_of(self.position(handle)?),
            Node::Block(_) => self.top(),
        };
        let mut len = 0usize;
        self.each_text(step, slot, |text, is_first| {
            let quoted = syntax::quoted_len(text, is_first);
            len = len.saturating_add(quoted + usize::from(!is_first));
        })?;
        let at = self.arena(level)?.alloc(len.saturating_add(1), 1)?;
        let mut written = 0;
        let mut write = |piece: &[u8]| {
            // SAFETY: `.scratch.object` - the room was allocated just above, for as many bytes as
            // the same texts were found to take.
            unsafe {
                at.as_ptr().add(written).copy_from_nonoverlapping(piece.as_ptr(), piece.len());
            }
            written += piece.len();
        };
        self.each_text(step, slot, |text, is_first| {
            if !is_first {
                write(b" ");
            }
            syntax::quote(text, is_first, &mut write);
        })?;
        write(b"\0");
        // SAFETY: as above.
        Ok(unsafe { core::slice::from_raw_parts(at.as_ptr(), len) })
    }

    /// Runs something on the texts of all parts, in order.
    fn each_text(&self, step: &Step, slot: &Slot, mut body: impl FnMut(&[u8], bool)) -> Result<()> {
        let parts = Parts::of(slot).ok_or_else(lost)?;
        let is_dict = matches!(parts, Parts::Dict(_));
        let mut pieces = self.forms.pieces.get(step.pieces..).unwrap_or_default().iter();
        let (mut next, mut is_first) = (0, true);
        while let Some((key, word, after)) = parts.next(next) {
            next = after;
            if is_dict {
                self.with_text_of(key, &mut pieces, |text| body(text, is_first))?;
                is_first = false;
            }
            self.with_text_of(word, &mut pieces, |text| body(text, is_first))?;
            is_first = false;
        }
        Ok(())
    }

    fn with_text_of(
        &self,
        word: Word,
        pieces: &mut core::slice::Iter<'_, Text>,
        body: impl FnOnce(&[u8]),
    ) -> Result<()> {
        match store::number(word) {
            Is::Nil => body(b""),
            Is::Int(value) => body(Digits::of_int(value).as_bytes()),
            Is::Double(value) => body(Digits::of_double(value).as_bytes()),
            Is::Slot(position) => {
                let slot = self.slot_at(position)?;
                match slot.kind() {
                    _ if slot.text().is_some() => body(slot.text().unwrap_or_default()),
                    LIFECYCLE_INT => body(Digits::of_int(slot.payload as i64).as_bytes()),
                    LIFECYCLE_DOUBLE => {
                        body(Digits::of_double(f64::from_bits(slot.payload)).as_bytes());
                    }
                    _ => body(self.known_text(slot).ok_or_else(lost)?.bytes()),
                }
            }
            Is::Block(block) => {
                let header = store::at(block);
                let foreign = header.words().get(1).and_then(|word| word.as_block());
                let text = match header.kind() {
                    Kind::List => list::text(block),
                    Kind::Foreign => foreign,
                    _ => Some(block),
                };
                match text.map(store::at).filter(|text| text.kind() == Kind::Text) {
                    Some(text) => body(text.text()),
                    None => body(pieces.next().ok_or_else(lost)?.bytes()),
                }
            }
        }
        Ok(())
    }

    /// The host wrote a form: it becomes the text.
    fn take_form(&mut self, walk: Walk, builder: lifecycle_handle) -> Result<Option<Text>> {
        let step = *self.last_step(walk)?;
        let Node::Handle(handle) = step.node else { return Err(lost()) };
        let level = self.level_of(self.position(handle)?);
        let is_near = level == self.level_of(self.position(builder)?);
        let built = self.finish_builder(builder)?;
        let text = self.slot(built)?.text().map_or(Text::EMPTY, Text::new);
        if is_near {
            return self.keep_form(walk, text.bytes(), step.begun);
        }
        let copy = self.copy_bytes(level, text.bytes())?;
        self.keep_form(walk, copy, step.begun)
    }
}

impl Interp {
    /// Makes the string form of a list or dict, or of a double where the host writes it.
    pub fn make_form(&self, handle: lifecycle_handle) -> Result<Text> {
        let calls = self.options().to_text.is_some();
        let walk = self.with(|state| state.begin_walk(handle, calls))?;
        let outcome = loop {
            match self.with(|state| state.advance(walk)) {
                Err(error) => break Err(error),
                Ok(Next::Done(text)) => break Ok(text),
                Ok(Next::Call { value, builder }) => {
                    let written = self.call_to_text(value, builder);
                    let taken =
                        written.and_then(|()| self.with(|state| state.take_form(walk, builder)));
                    match taken {
                        Err(error) => break Err(error),
                        Ok(Some(text)) => break Ok(text),
                        Ok(None) => {}
                    }
                }
            }
        };
        self.with(|state| state.end_walk(walk));
        outcome
    }

    fn call_to_text(&self, value: lifecycle_handle, builder: lifecycle_handle) -> Result<()> {
        let options = self.options();
        // SAFETY: an enum is an int to C; a number that is none of its constants is only one here.
        let to_text: Option<ToText> = unsafe { core::mem::transmute(options.to_text) };
        let Some(to_text) = to_text else { return Err(lost()) };
        if self.with(|state| state.forms.calls >= CALLS) {
            fail!(LIFECYCLE_E_DEPTH, "to_text asks for itself, {CALLS} deep");
        }
        let calls = self.begin_calls()?;
        self.with(|state| state.forms.calls += 1);
        // SAFETY: the host promised that its function may be called with its values; `.interp.quiet`
        // holds: `with` has returned.
        let status = unsafe { to_text(self.as_ptr(), value, builder, options.user) };
        Self::after_call(&calls)?;
        self.with(|state| state.forms.calls = state.forms.calls.saturating_sub(1));
        self.end_calls(&calls)?;
        if status == lifecycle_status::LIFECYCLE_OK as c_int {
            return Ok(());
        }
        let sentence = format_args!("the host did not write the string form of {value:#x}");
        Err(Error::new(lifecycle_status::from_c(status), sentence))
    }
}

#[cfg(test)]
mod tests;
