//! Steps: variables, frames, namespaces, commands.

use core::ptr;
use std::rc::Rc;

use super::Run;
use super::nodes::{Kept, Tree};
use super::places::{Command, Name};
use super::twin::{FRAMES, Twin};
use crate::abi::lifecycle_status::*;
use crate::abi::*;
use crate::base::Result as Outcome;

fn text_of(text: impl AsRef<[u8]>) -> Tree {
    Rc::new(Kept::Str(text.as_ref().to_vec()))
}

impl Run<'_> {
    /// A persistent list.
    pub(super) fn list_of(&self, parts: impl IntoIterator<Item = Tree>) -> Tree {
        Rc::new(Kept::List(parts.into_iter().collect(), None))
    }

    /// Calls for a handle of a value that the twin knows.
    fn wraps(
        &self,
        call: impl Fn() -> Outcome<lifecycle_handle>,
        tree: impl FnOnce(&mut Twin) -> Result<Tree, super::Status>,
    ) {
        self.makes(call, |twin| {
            let tree = tree(twin).map_err(|status| vec![status])?;
            Ok(twin.wrap(&tree))
        });
    }

    fn list_of_names(&self, names: Vec<Name>) -> Tree {
        self.list_of(names.into_iter().map(text_of))
    }

    pub(super) fn var_set(&self) {
        let (name, value, is_ns, path) =
            (self.name(), self.handle(), self.byte() & 3 == 0, self.path());
        let call = || match is_ns {
            true => self.interp.ns_var_set(path, &name, value),
            false => self.interp.var_set(&name, value),
        };
        self.does(call, |twin| {
            let table = if is_ns { twin.places.table_of(path) } else { Ok(twin.places.here()) };
            let Ok(table) = table else {
                return Err(table.err().into_iter().chain(twin.unkept(value)).collect());
            };
            let tree = twin.keep(value).map_err(|status| vec![status])?;
            twin.places.set(table, &name, tree);
            Ok(())
        });
    }

    pub(super) fn var_get(&self) {
        let (name, is_ns, path) = (self.name(), self.byte() & 3 == 0, self.path());
        let call = || match is_ns {
            true => self.interp.ns_var_get(path, &name),
            false => self.interp.var_get(&name),
        };
        self.wraps(call, |twin| {
            let table = if is_ns { twin.places.table_of(path)? } else { twin.places.here() };
            twin.places.value(table, &name).cloned().ok_or(LIFECYCLE_E_NOT_FOUND)
        });
    }

    pub(super) fn var_unset(&self) {
        let (name, is_ns, path) = (self.name(), self.byte() & 3 == 0, self.path());
        let call = || match is_ns {
            true => self.interp.ns_var_unset(path, &name),
            false => self.interp.var_unset(&name),
        };
        self.does(call, |twin| {
            let table = if is_ns { twin.places.table_of(path) } else { Ok(twin.places.here()) };
            table.and_then(|table| twin.places.unset(table, &name)).map_err(|status| vec![status])
        });
    }

    pub(super) fn link(&self) {
        let (local, level, name) = (self.name(), self.below(FRAMES), self.name());
        self.does(
            || self.interp.var_link(&local, level, &name),
            |twin| twin.places.link_level(&local, level, &name).map_err(|status| vec![status]),
        );
    }

    pub(super) fn link_ns(&self) {
        let (local, path, name) = (self.name(), self.path(), self.name());
        self.does(
            || self.interp.var_link_ns(&local, path, &name),
            |twin| {
                let table = twin.places.table_of(path).map_err(|status| vec![status])?;
                twin.places.link(&local, table, &name).map_err(|status| vec![status])
            },
        );
    }

    pub(super) fn var_info(&self) {
        let name = self.name();
        {
            let places = &self.twin.borrow().places;
            let has_value = places.value(places.here(), &name).is_some();
            assert_eq!(self.interp.var_exists(&name), has_value);
            assert_eq!(self.interp.var_is_link(&name), places.is_link(&name));
        }
        self.wraps(
            || self.interp.var_resolve(&name),
            |twin| Ok(text_of(twin.places.end(twin.places.here(), name.clone()).1)),
        );
        self.wraps(
            || self.interp.var_names(),
            |twin| Ok(self.list_of_names(twin.places.names(twin.places.here()))),
        );
    }

    /// A handle that is alive, or nil, or one that is neither.
    fn check_handle(twin: &Twin, handle: lifecycle_handle, wrong: &mut Vec<super::Status>) {
        if handle != 0 {
            wrong.extend(twin.find(handle).err());
        }
    }

    pub(super) fn push_frame(&self) {
        let (cmd, args) = (self.handle(), self.handle());
        let args = if self.byte() & 1 == 0 { 0 } else { args };
        self.does(
            || self.interp.push_frame(cmd, args),
            |twin| {
                let mut wrong = Vec::new();
                Self::check_handle(twin, cmd, &mut wrong);
                Self::check_handle(twin, args, &mut wrong);
                if twin.places.frames.len() == FRAMES {
                    wrong.push(LIFECYCLE_E_LIMIT);
                }
                if !wrong.is_empty() {
                    return Err(wrong);
                }
                twin.places.push().map_err(|status| vec![status])?;
                let active = twin.places.active;
                twin.places.frames[active].given = [cmd, args, 0];
                Ok(())
            },
        );
    }

    pub(super) fn pop_frame(&self) {
        self.does(
            || self.interp.pop_frame(),
            |twin| twin.places.pop().map_err(|status| vec![status]),
        );
    }

    pub(super) fn set_active(&self) {
        let level = self.below(FRAMES);
        self.does(
            || self.interp.set_active_frame(level),
            |twin| twin.places.set_active(level).map_err(|status| vec![status]),
        );
    }

    pub(super) fn push_locals(&self) {
        let path = self.path();
        self.does(
            || self.interp.push_locals(path),
            |twin| twin.places.push_locals(path).map_err(|status| vec![status]),
        );
    }

    pub(super) fn pop_locals(&self) {
        self.does(
            || self.interp.pop_locals(),
            |twin| twin.places.pop_locals().map_err(|status| vec![status]),
        );
    }

    pub(super) fn set_frame(&self) {
        let (path, lambda, line) = (self.path(), self.handle(), self.below(256));
        self.does(
            || self.interp.set_frame_namespace(path),
            |twin| twin.places.set_namespace(path).map_err(|status| vec![status]),
        );
        self.does(
            || self.interp.set_frame_lambda(lambda),
            |twin| {
                let mut wrong = Vec::new();
                Self::check_handle(twin, lambda, &mut wrong);
                if !wrong.is_empty() {
                    return Err(wrong);
                }
                let active = twin.places.active;
                twin.places.frames[active].given[2] = lambda;
                Ok(())
            },
        );
        self.interp.set_frame_line(line);
        let places = &mut self.twin.borrow_mut().places;
        places.frames[places.active].line = line;
    }

    pub(super) fn frame_info(&self) {
        let level = self.below(FRAMES);
        let got = self.interp.frame_info(level).map_err(|error| error.0);
        let twin = self.twin.borrow();
        let Some(frame) = twin.places.frames.get(level) else {
            assert_eq!(got.err(), Some(LIFECYCLE_E_RANGE));
            return;
        };
        let info = got.map_err(|_| ()).expect("a frame");
        // SAFETY: the frame's path is that long, and a NUL follows it.
        let path = unsafe { core::slice::from_raw_parts(info.ns.cast::<u8>(), info.ns_len + 1) };
        let wanted = if frame.namespace.is_empty() { b"::" } else { &frame.namespace[..] };
        assert_eq!(path, [wanted, b"\0"].concat());
        assert_eq!([info.cmd, info.args, info.lambda], frame.given);
        assert_eq!((info.line, info.level), (frame.line, level));
    }

    pub(super) fn create(&self) {
        let path = self.path();
        self.does(
            || self.interp.create_namespace(path),
            |twin| twin.places.create(path).map_err(|status| vec![status]),
        );
    }

    pub(super) fn delete(&self) {
        let path = self.path();
        self.does(
            || self.interp.delete_namespace(path),
            |twin| twin.places.delete(path).map_err(|status| vec![status]),
        );
    }

    pub(super) fn ns_info(&self) {
        let (path, name) = (self.path(), self.name());
        {
            let places = &self.twin.borrow().places;
            let table = places.table_of(path);
            assert_eq!(self.interp.has_namespace(path), table.is_ok());
            let has_value = table.is_ok_and(|table| places.value(table, &name).is_some());
            assert_eq!(self.interp.ns_var_exists(path, &name), has_value);
        }
        self.wraps(
            || self.interp.namespace_children(path),
            |twin| {
                twin.places.table_of(path)?;
                Ok(self.list_of_names(twin.places.children(path)))
            },
        );
        self.wraps(
            || self.interp.ns_var_names(path),
            |twin| Ok(self.list_of_names(twin.places.names(twin.places.table_of(path)?))),
        );
        self.wraps(
            || self.interp.command_names(path),
            |twin| {
                let table = twin.places.table_of(path)?;
                let names = twin.places.commands.keys().filter(|(of, _)| *of == table);
                Ok(self.list_of_names(names.map(|(_, name)| name.clone()).collect()))
            },
        );
        self.wraps(
            || self.interp.namespace_exports(path),
            |twin| {
                let table = twin.places.table_of(path)?;
                let exports = twin.places.exports.get(&table);
                Ok(exports.cloned().unwrap_or_else(|| self.list_of([])))
            },
        );
    }

    pub(super) fn exports(&self) {
        let (path, patterns, byte) = (self.path(), self.handle(), self.byte());
        // Which numbers are the same pattern is not told; so only texts are added.
        let are_texts = |tree: &Tree| match &**tree {
            Kept::List(parts, _) => parts.iter().all(|part| matches!(**part, Kept::Str(_))),
            Kept::Str(_) => true,
            _ => false,
        };
        let clear = byte & 1 == 0 || {
            let twin = self.twin.borrow();
            let old = twin.places.table_of(path).ok();
            let old = old.and_then(|table| twin.places.exports.get(&table).cloned());
            !old.as_ref().is_none_or(are_texts) || !twin.is_texts(patterns)
        };
        self.tick();
        let got = self.call(|| self.interp.set_exports(path, patterns, clear));
        if got.is_none() && self.interp.kind(patterns) == Ok(LIFECYCLE_LIST) {
            // It is a list by then, even where there was no room to keep it.
            assert_eq!(self.twin.borrow_mut().shimmer_to_list(patterns), Ok(()));
        }
        self.agree(got, |twin| {
            let table = twin.places.table_of(path).map_err(|status| vec![status])?;
            twin.shimmer_to_list(patterns)?;
            let new = twin.keep(patterns).map_err(|status| vec![status])?;
            let old = twin.places.exports.get(&table).cloned().filter(|_| !clear);
            let all = match (old.as_deref(), &*new) {
                (Some(Kept::List(old, _)), Kept::List(new, _)) => {
                    let mut all = old.clone();
                    for tree in new {
                        let text = twin.writer().tree(tree);
                        if !all.iter().any(|other| twin.writer().tree(other) == text) {
                            all.push(tree.clone());
                        }
                    }
                    self.list_of(all)
                }
                _ => new,
            };
            twin.places.exports.insert(table, all);
            Ok(())
        });
    }

    pub(super) fn set_command(&self) {
        let (path, name, kind) = (self.path(), self.name(), self.byte());
        let (params, body) = (self.handle(), self.handle());
        let params = if kind & 64 == 0 { 0 } else { params };
        let body = if kind & 128 == 0 { 0 } else { body };
        let kind = i32::from(kind & 7);
        self.does(
            || {
                let function = ptr::without_provenance_mut(7);
                self.interp.set_command((path, &name), kind, function, params, body)
            },
            |twin| {
                let table = twin.places.table_of(path);
                let wrong: Vec<_> = (table.err().into_iter())
                    .chain((kind <= 0).then_some(LIFECYCLE_E_INVALID))
                    .collect();
                let (Ok(table), true) = (table, wrong.is_empty()) else { return Err(wrong) };
                let params = twin.keep_any(params).map_err(|status| vec![status])?;
                let body = twin.keep_any(body).map_err(|status| vec![status])?;
                let command = Command { kind, function: 7, params, body };
                twin.places.commands.insert((table, name.clone()), command);
                Ok(())
            },
        );
    }

    fn command_of(
        twin: &Twin,
        path: &[u8],
        name: &Name,
    ) -> Result<Command<Tree>, Vec<super::Status>> {
        let table = twin.places.table_of(path).map_err(|status| vec![status])?;
        let found = twin.places.commands.get(&(table, name.clone())).cloned();
        found.ok_or(vec![LIFECYCLE_E_NOT_FOUND])
    }

    pub(super) fn get_command(&self) {
        let (path, name) = (self.path(), self.name());
        let got = self.call(|| {
            let found = self.interp.command(path, &name, true, true)?;
            Ok((found.kind, found.function.addr(), found.params, found.body))
        });
        let agreed = self.agree(got, |twin| Self::command_of(twin, path, &name));
        let Some(((kind, function, params, body), command)) = agreed else { return };
        assert_eq!((kind, function), (command.kind, command.function));
        for (handle, tree) in [(params, command.params), (body, command.body)] {
            assert_eq!(handle == 0, tree.is_none());
            if let Some(tree) = tree {
                let node = self.twin.borrow().wrap(&tree);
                self.bind(handle, &node);
            }
        }
    }

    pub(super) fn delete_command(&self) {
        let (path, name) = (self.path(), self.name());
        self.does(
            || self.interp.delete_command(path, &name),
            |twin| {
                Self::command_of(twin, path, &name)?;
                let table = twin.places.table_of(path).map_err(|status| vec![status])?;
                twin.places.commands.remove(&(table, name.clone()));
                Ok(())
            },
        );
    }

    pub(super) fn copy_command(&self) {
        let (path, name, to, to_name) = (self.path(), self.name(), self.path(), self.name());
        self.does(
            || self.interp.copy_command((path, &name), (to, &to_name)),
            |twin| {
                let command = Self::command_of(twin, path, &name)?;
                let table = twin.places.table_of(to).map_err(|status| vec![status])?;
                twin.places.commands.insert((table, to_name.clone()), command);
                Ok(())
            },
        );
    }
}
