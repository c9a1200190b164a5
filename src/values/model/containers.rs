//! Steps: lists and dicts.

use core::cmp::Ordering;
use core::ffi::{c_int, c_void};
use core::ptr;

use super::Run;
use super::nodes::{Body, Part, Ref, Status, Text};
use super::twin::{Twin, Wrong};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::values::Interp;

fn is_list(kind: c_int) -> bool {
    kind == LIFECYCLE_LIST
}

fn is_dict(kind: c_int) -> bool {
    kind == LIFECYCLE_DICT
}

/// The parts of a list.
fn parts(list: &Ref) -> Vec<Part> {
    match &*list.body.borrow() {
        Body::List(parts) => parts.clone(),
        _ => Vec::new(),
    }
}

fn set_parts(list: &Ref, parts: Vec<Part>) {
    *list.body.borrow_mut() = Body::List(parts);
}

fn entries(dict: &Ref) -> Vec<(Text, Part)> {
    match &*dict.body.borrow() {
        Body::Dict(entries) => entries.clone(),
        _ => Vec::new(),
    }
}

fn set_entries(dict: &Ref, entries: Vec<(Text, Part)>) {
    *dict.body.borrow_mut() = Body::Dict(entries);
}

fn one(status: Status) -> Wrong {
    vec![status]
}

/// By texts, the other way round.
unsafe extern "C" fn backwards(
    interp: *mut lifecycle_interp,
    a: lifecycle_handle,
    b: lifecycle_handle,
    _user: *mut c_void,
) -> c_int {
    Interp::check(interp).and_then(|interp| interp.compare(b, a)).map_or(0, |order| order as c_int)
}

impl Run<'_> {
    fn list_handle(&self) -> lifecycle_handle {
        self.handle_of(is_list)
    }

    fn dict_handle(&self) -> lifecycle_handle {
        self.handle_of(is_dict)
    }

    /// Something to be stored; nil if it is too large.
    fn part_handle(&self) -> lifecycle_handle {
        let handle = self.handle();
        if self.twin.borrow().is_large(handle) { 0 } else { handle }
    }

    pub(super) fn list(&self) {
        let handles: Vec<_> = (0..self.below(6)).map(|_| self.part_handle()).collect();
        self.makes(
            || self.interp.with(|state| state.make_list(&handles)),
            |twin| {
                let mut wrong = Vec::new();
                let nodes: Vec<_> =
                    handles.iter().map(|handle| twin.element(*handle, &mut wrong)).collect();
                let parts: Option<_> = nodes.into_iter().map(|it| it.map(Part::Node)).collect();
                parts.map(|parts| twin.make(Body::List(parts))).ok_or(wrong)
            },
        );
    }

    /// Adds an element to a list where `place` says.
    fn store(
        &self,
        call: impl Fn(lifecycle_handle, lifecycle_handle) -> crate::base::Result<()>,
        place: impl Fn(&mut Vec<Part>, Part) -> Result<(), Status>,
    ) {
        let (list, element) = (self.list_handle(), self.part_handle());
        self.does(
            || call(list, element),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong);
                let element = twin.element(element, &mut wrong);
                let (Some(list), Some(element)) = (list, element) else { return Err(wrong) };
                let mut all = parts(&list);
                let part = element.to_store(list.level, twin.clock);
                // Either may be refused first.
                let index = place(&mut all, Part::Node(element)).err();
                let part = part.map_err(|status| {
                    [Some(status), index].into_iter().flatten().collect::<Wrong>()
                })?;
                let mut all = parts(&list);
                place(&mut all, part).map_err(one)?;
                set_parts(&list, all);
                twin.change(&list);
                Ok(())
            },
        );
    }

    pub(super) fn push(&self) {
        self.store(
            |list, element| self.interp.keeping(|state| state.list_push(list, element)),
            |parts, part| {
                parts.push(part);
                Ok(())
            },
        );
    }

    pub(super) fn unshift(&self) {
        self.store(
            |list, element| self.interp.keeping(|state| state.list_unshift(list, element)),
            |parts, part| {
                parts.insert(0, part);
                Ok(())
            },
        );
    }

    pub(super) fn set(&self) {
        let i = self.below(6);
        self.store(
            |list, element| self.interp.keeping(|state| state.list_set(list, i, element)),
            |parts, part| {
                *parts.get_mut(i).ok_or(LIFECYCLE_E_RANGE)? = part;
                Ok(())
            },
        );
    }

    pub(super) fn take(&self) {
        let (list, is_front) = (self.list_handle(), self.byte() & 1 == 0);
        self.makes(
            || self.interp.with(|state| state.list_take(list, is_front)),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong).ok_or(wrong)?;
                let mut all = parts(&list);
                let part =
                    if is_front && !all.is_empty() { Some(all.remove(0)) } else { all.pop() };
                let part = part.ok_or(one(LIFECYCLE_E_RANGE))?;
                set_parts(&list, all);
                twin.change(&list);
                Ok(match part {
                    Part::Node(node) => node,
                    Part::Kept(tree) => twin.wrap(&tree),
                })
            },
        );
    }

    pub(super) fn at(&self) {
        let (list, i) = (self.list_handle(), self.below(6));
        let length = self.interp.with(|state| state.list_length(list)).map_err(|error| error.0);
        self.makes(
            || self.interp.with(|state| state.list_at(list, i)),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong).ok_or(wrong)?;
                let mut all = parts(&list);
                assert_eq!(length, Ok(all.len()));
                let reached = twin.reach(&list, all.get_mut(i).ok_or(one(LIFECYCLE_E_RANGE))?);
                set_parts(&list, all);
                Ok(reached)
            },
        );
    }

    pub(super) fn splice(&self) {
        let (list, insert) = (self.list_handle(), self.list_handle());
        let (first, remove, inserts) = (self.below(6), self.below(4), self.byte() & 3 != 0);
        let insert = if inserts { insert } else { 0 };
        if self.twin.borrow().is_large(insert) {
            return;
        }
        self.does(
            || self.interp.keeping(|state| state.list_splice(list, first, remove, insert)),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong);
                let more = match insert {
                    0 => Some(Vec::new()),
                    _ => twin.need(insert, LIFECYCLE_LIST, &mut wrong).map(|list| parts(&list)),
                };
                if list.as_ref().is_some_and(|list| first > parts(list).len()) {
                    wrong.push(LIFECYCLE_E_RANGE);
                }
                let (Some(list), Some(more), true) = (list, more, wrong.is_empty()) else {
                    return Err(wrong);
                };
                let more = more.iter().map(|part| part.to_store(list.level, twin.clock));
                let more = more.collect::<Result<Vec<_>, _>>().map_err(one)?;
                let mut all = parts(&list);
                let remove = remove.min(all.len() - first);
                if remove != 0 || !more.is_empty() {
                    all.splice(first..first + remove, more);
                    set_parts(&list, all);
                    twin.change(&list);
                }
                Ok(())
            },
        );
    }

    pub(super) fn list_copy(&self) {
        let list = self.list_handle();
        self.makes(
            || self.interp.with(|state| state.list_copy(list)),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong).ok_or(wrong)?;
                Ok(list.copy(twin.top()))
            },
        );
    }

    pub(super) fn list_slice(&self) {
        let (list, first, count) = (self.list_handle(), self.below(6), self.below(6));
        self.makes(
            || self.interp.with(|state| state.list_slice(list, first, count)),
            |twin| {
                let mut wrong = Vec::new();
                let list = twin.need(list, LIFECYCLE_LIST, &mut wrong).ok_or(wrong)?;
                let some = parts(&list).into_iter().skip(first).take(count);
                Ok(twin.make(Body::List(some.collect())))
            },
        );
    }

    pub(super) fn sort(&self) {
        let (list, is_backwards) = (self.list_handle(), self.byte() & 1 == 0);
        let node = self.twin.borrow().find(list);
        let is_cyclic = node.as_ref().is_ok_and(super::nodes::Node::is_cyclic);
        if is_cyclic && (is_backwards || self.twin.borrow().is_host) {
            // What was written by then, and in what order, is the algorithm's.
            return;
        }
        if is_backwards {
            // A comparison that lacks the memory for a text has nothing to say, and says so.
            self.countdown.set(-1);
        }
        let compare: lifecycle_compare_fn = if is_backwards { Some(backwards) } else { None };
        // SAFETY: the comparison asks for texts alone.
        let sort = || unsafe { self.interp.sort_list(list, compare, ptr::null_mut()) };
        self.does(sort, |twin| {
            let mut wrong = Vec::new();
            let list = twin.need(list, LIFECYCLE_LIST, &mut wrong).ok_or(wrong)?;
            let mut all = parts(&list);
            let nodes: Vec<_> = all.iter_mut().map(|part| twin.reach(&list, part)).collect();
            set_parts(&list, all);
            let text = |node: &Ref| twin.writer().node(node).map(|text| (text, node.clone()));
            let mut texts = match nodes.len() {
                0 | 1 => nodes.iter().map(|node| (Text::new(), node.clone())).collect(),
                _ => nodes.iter().map(text).collect::<Result<Vec<_>, _>>().map_err(one)?,
            };
            let order = |a: &Text, b: &Text| if is_backwards { b.cmp(a) } else { a.cmp(b) };
            texts.sort_by(|(a, _), (b, _)| -> Ordering { order(a, b) });
            let sorted = texts.iter().map(|(_, node)| node.to_store(list.level, twin.clock));
            let sorted = sorted.collect::<Result<Vec<_>, _>>().map_err(one)?;
            set_parts(&list, sorted);
            twin.change(&list);
            Ok(())
        });
    }

    pub(super) fn list_shimmer(&self) {
        let handle = self.handle();
        self.tick();
        self.does(|| self.interp.list_shimmer(handle), |twin| twin.shimmer_to_list(handle));
    }

    pub(super) fn dict_shimmer(&self) {
        let handle = self.handle();
        self.tick();
        self.does(|| self.interp.dict_shimmer(handle), |twin| twin.shimmer_to_dict(handle));
    }

    pub(super) fn dict(&self) {
        self.makes(
            || self.interp.with(|state| state.make_dict()),
            |twin| Ok(twin.make(Body::Dict(Vec::new()))),
        );
    }

    pub(super) fn dict_get(&self) {
        let (dict, key) = (self.dict_handle(), self.handle());
        self.makes(
            || self.interp.dict_get(dict, key),
            |twin| {
                let mut wrong = Vec::new();
                let key = twin.key(key, &mut wrong);
                let dict = twin.need(dict, LIFECYCLE_DICT, &mut wrong);
                let (Some(key), Some(dict)) = (key, dict) else { return Err(wrong) };
                let mut all = entries(&dict);
                let found = all.iter_mut().find(|(other, _)| *other == key);
                let reached = twin.reach(&dict, &mut found.ok_or(one(LIFECYCLE_E_NOT_FOUND))?.1);
                set_entries(&dict, all);
                Ok(reached)
            },
        );
    }

    pub(super) fn dict_set(&self) {
        let (dict, key, value) = (self.dict_handle(), self.part_handle(), self.part_handle());
        self.does(
            || self.interp.dict_set(dict, key, value),
            |twin| {
                let mut wrong = Vec::new();
                let key = twin.key(key, &mut wrong);
                let dict = twin.need(dict, LIFECYCLE_DICT, &mut wrong);
                let value = twin.element(value, &mut wrong);
                let (Some(key), Some(dict), Some(value)) = (key, dict, value) else {
                    return Err(wrong);
                };
                let part = value.to_store(dict.level, twin.clock).map_err(one)?;
                let mut all = entries(&dict);
                match all.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, place)) => *place = part,
                    None => all.push((key, part)),
                }
                set_entries(&dict, all);
                twin.change(&dict);
                Ok(())
            },
        );
    }

    pub(super) fn dict_remove(&self) {
        let (dict, key) = (self.dict_handle(), self.handle());
        self.does(
            || self.interp.dict_remove(dict, key),
            |twin| {
                let mut wrong = Vec::new();
                let key = twin.key(key, &mut wrong);
                let dict = twin.need(dict, LIFECYCLE_DICT, &mut wrong);
                let (Some(key), Some(dict)) = (key, dict) else { return Err(wrong) };
                let mut all = entries(&dict);
                let at = all.iter().position(|(other, _)| *other == key);
                all.remove(at.ok_or(one(LIFECYCLE_E_NOT_FOUND))?);
                set_entries(&dict, all);
                twin.change(&dict);
                Ok(())
            },
        );
    }

    pub(super) fn dict_entry(&self) {
        let (dict, i) = (self.dict_handle(), self.below(6));
        let size = self.interp.with(|state| state.dict_size(dict)).map_err(|error| error.0);
        let got = self.call(|| self.interp.with(|state| state.dict_entry(dict, i, (true, true))));
        let agreed = self.agree(got, |twin: &mut Twin| {
            let mut wrong = Vec::new();
            let dict = twin.need(dict, LIFECYCLE_DICT, &mut wrong).ok_or(wrong)?;
            let mut all = entries(&dict);
            assert_eq!(size, Ok(all.len()));
            let (key, part) = all.get_mut(i).ok_or(one(LIFECYCLE_E_RANGE))?;
            let found = (twin.make(Body::Str(key.clone())), twin.reach(&dict, part));
            set_entries(&dict, all);
            Ok(found)
        });
        if let Some(((key, value), (key_node, value_node))) = agreed {
            self.bind(key, &key_node);
            self.bind(value, &value_node);
        }
    }

    pub(super) fn dict_copy(&self) {
        let dict = self.dict_handle();
        self.makes(
            || self.interp.with(|state| state.dict_copy(dict)),
            |twin| {
                let mut wrong = Vec::new();
                let dict = twin.need(dict, LIFECYCLE_DICT, &mut wrong).ok_or(wrong)?;
                Ok(dict.copy(twin.top()))
            },
        );
    }
}
