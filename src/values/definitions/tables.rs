//! Variable tables: what the variables of a namespace or a frame lie in, and how long they stay.
//!
//! A namespace has a table, and a frame has one. Links hold the table that they lead to, and so
//! does a frame that works on a namespace's variables; so a table may outlive its namespace.
//!
//! Invariants:
//! - `.tables.count`: a table's count is that of its namespace or frame, of frames that work on it,
//!   and of links to it from other tables. When it is 0 the table is empty and spare.
//! - `.tables.down`: a link leads from a frame's table to the same one, to one of an older frame or
//!   to a namespace's; from a namespace's to a namespace's. So only tables of namespaces can
//!   hold each other in a circle, and only after their namespaces were deleted.
//! - `.tables.owner`: a table that is in use says whose it is. A frame's goes with it, for only
//!   newer frames hold it, so its level stays true; the number of a namespace is given to another
//!   one only after the table was orphaned.
//! - `.tables.orphans`: tables of deleted namespaces that are still counted are chained. Those that
//!   are counted by each other alone are found when a count falls (`free_circles`).
//!
//! Nothing here recurses or allocates while it frees.

use super::table::{self, Item, Key, NONE, Name, Slab, Table};
use crate::base::{Host, Index, Result};
use crate::values::store::Store;
use crate::values::word::Word;

/// Spare tables that are kept.
const SPARES: usize = 256;

/// Where a link leads.
#[derive(Clone, Copy)]
pub struct Target {
    /// The table.
    pub table: u32,
    /// The variable's name in it, counted by the link.
    pub name: Name,
}

/// A variable.
#[derive(Clone, Copy)]
pub enum Variable {
    /// It has a value.
    Value(Word),
    /// It is another one's.
    Link(Target),
}

impl Item for Variable {}

/// Whose a table is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// That of the frame at a level, or nobody's.
    Frame(usize),
    /// That of the namespace of a number.
    Namespace(u32),
    /// That of a namespace that was deleted.
    Orphan,
}

/// One table.
struct Variables {
    table: Table<Variable>,
    count: u64,
    owner: Owner,
    /// Links in it.
    links: u32,
    /// The next one on the chain that it is on: spare, freed or orphaned.
    next: u32,
    /// The one before it on the chain of orphans.
    previous: u32,
    /// For `free_circles`: counts by others than orphans.
    outside: u64,
    /// For `free_circles`: the next one to look at.
    work: u32,
}

/// All tables of an interpreter.
pub struct Tables {
    slab: Slab<Variables>,
    spare: u32,
    spares: usize,
    orphans: u32,
    /// An orphan is counted less than before, but still counted.
    is_suspect: bool,
    /// Variables that have a value.
    values: u64,
    /// Makes keys.
    hasher: Index,
    host: Host,
}

/// Where a variable is, or would be.
pub struct Place<'a> {
    /// The table.
    pub table: u32,
    /// Its name there.
    pub key: Key<'a>,
    /// Where in the table, if it has a value.
    pub at: Option<usize>,
}

impl Tables {
    /// No tables.
    pub fn new(host: Host) -> Self {
        Tables {
            slab: Slab::new(host),
            spare: NONE,
            spares: 0,
            orphans: NONE,
            is_suspect: false,
            values: 0,
            hasher: table::hasher(host),
            host,
        }
    }

    /// Variables that have a value.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// What makes keys.
    pub fn hasher(&self) -> &Index {
        &self.hasher
    }

    /// A table that is counted once.
    #[inline]
    pub fn open(&mut self, owner: Owner) -> Result<u32> {
        if let Some(spare) = self.slab.get_mut(self.spare) {
            let at = self.spare;
            self.spare = spare.next;
            self.spares -= 1;
            (spare.count, spare.owner, spare.next) = (1, owner, NONE);
            return Ok(at);
        }
        self.slab.insert(Variables {
            table: Table::new(self.host),
            count: 1,
            owner,
            links: 0,
            next: NONE,
            previous: NONE,
            outside: 0,
            work: NONE,
        })
    }

    /// Counts a table once more.
    pub fn hold(&mut self, table: u32) {
        if let Some(it) = self.slab.get_mut(table) {
            it.count += 1;
        }
    }

    /// Counts a table once less; the last time its variables go.
    #[inline]
    pub fn let_go(&mut self, store: &mut Store, table: u32) {
        let mut freed = NONE;
        self.count_down(table, &mut freed);
        if freed != NONE {
            self.free(store, freed);
        }
        if self.is_suspect {
            self.free_circles(store);
        }
    }

    /// Forgets the variables of a table, which stays.
    pub fn clear(&mut self, store: &mut Store, table: u32) {
        self.hold(table);
        let mut freed = NONE;
        self.empty(store, table, &mut freed);
        self.free(store, freed);
        self.let_go(store, table);
    }

    /// The namespace of a table was deleted.
    pub fn orphan(&mut self, store: &mut Store, table: u32) {
        if let Some(first) = self.slab.get_mut(self.orphans) {
            first.previous = table;
        }
        if let Some(it) = self.slab.get_mut(table) {
            (it.owner, it.next, it.previous) = (Owner::Orphan, self.orphans, NONE);
            self.orphans = table;
        }
        self.let_go(store, table);
    }

    /// What the table of a namespace or frame has.
    pub fn table(&self, table: u32) -> Option<&Table<Variable>> {
        self.slab.get(table).map(|it| &it.table)
    }

    /// What is under a name in a table, itself: a link is not followed.
    pub fn here(&self, table: u32, key: &Key<'_>) -> Option<&Variable> {
        let table = self.table(table)?;
        table.get(table.find(key)?)
    }

    /// Follows links from a name to the variable. There are no circles (`link`).
    #[inline]
    pub fn follow<'a>(&self, mut table: u32, mut key: Key<'a>) -> Place<'a> {
        loop {
            let Some(it) = self.slab.get(table) else { return Place { table, key, at: None } };
            let at = it.table.find(&key);
            match at.and_then(|at| it.table.get(at)) {
                Some(Variable::Link(target)) => (table, key) = (target.table, target.name.key()),
                _ => return Place { table, key, at },
            }
        }
    }

    /// The value of a variable.
    #[inline]
    pub fn value(&self, table: u32, key: &Key<'_>) -> Option<Word> {
        let (mut table, mut key) = (table, *key);
        loop {
            let it = &self.slab.get(table)?.table;
            match it.get(it.find(&key)?)? {
                Variable::Value(word) => return Some(*word),
                Variable::Link(target) => (table, key) = (target.table, target.name.key()),
            }
        }
    }

    /// The value of a variable that is in the table itself.
    #[inline]
    pub fn own_value(&mut self, table: u32, key: &Key<'_>) -> Option<&mut Word> {
        let it = &mut self.slab.get_mut(table)?.table;
        match it.get_mut(it.find(key)?)? {
            Variable::Value(word) => Some(word),
            Variable::Link(_) => None,
        }
    }

    /// Sets a variable to a word that it counts from now on; where it fails, the caller still does.
    #[inline]
    pub fn set(&mut self, store: &mut Store, table: u32, key: &Key<'_>, word: Word) -> Result<()> {
        let place = self.follow(table, *key);
        let Some(it) = self.slab.get_mut(place.table) else { return Ok(()) };
        if let Some(variable) = place.at.and_then(|at| it.table.get_mut(at)) {
            let old = core::mem::replace(variable, Variable::Value(word));
            if let Variable::Value(old) = old {
                store.release(old);
            }
            return Ok(());
        }
        it.table.insert(store, &place.key, Variable::Value(word))?;
        self.values += 1;
        Ok(())
    }

    /// Unsets a variable; false if it has no value.
    pub fn unset(&mut self, store: &mut Store, table: u32, key: &Key<'_>) -> bool {
        let place = self.follow(table, *key);
        let entry = match (self.slab.get_mut(place.table), place.at) {
            (Some(it), Some(at)) => it.table.remove(at),
            _ => None,
        };
        let Some(entry) = entry else { return false };
        self.values -= 1;
        store.release(entry.name.word());
        if let Variable::Value(word) = entry.item {
            store.release(word);
        }
        true
    }

    /// Whether a name, followed from a place, is met again.
    pub fn is_circle(&self, from: (u32, Key<'_>), to: &Place<'_>) -> bool {
        let (mut table, mut key) = from;
        loop {
            if table == to.table && key.same(&to.key) {
                return true;
            }
            match self.here(table, &key) {
                Some(Variable::Link(target)) => (table, key) = (target.table, target.name.key()),
                _ => return false,
            }
        }
    }

    /// Whose a table is.
    pub fn owner(&self, table: u32) -> Owner {
        self.slab.get(table).map_or(Owner::Orphan, |it| it.owner)
    }

    /// Makes a name a link; it is none yet, or a link. The caller has seen to it that there is no
    /// circle, and that the link leads down (`.tables.down`).
    pub fn link(
        &mut self,
        store: &mut Store,
        table: u32,
        key: &Key<'_>,
        to: &Place<'_>,
    ) -> Result<()> {
        let Some(it) = self.slab.get_mut(table) else { return Ok(()) };
        let name = to.key.keep(store)?;
        let link = Variable::Link(Target { table: to.table, name });
        let old = it.table.find(key).and_then(|at| it.table.get_mut(at));
        let old = match old {
            Some(variable) => Some(core::mem::replace(variable, link)),
            None => {
                let inserted = it.table.insert(store, key, link);
                if let Err(error) = inserted {
                    store.release(name.word());
                    return Err(error);
                }
                it.links += 1;
                None
            }
        };
        if to.table != table {
            self.hold(to.table);
        }
        if let Some(Variable::Link(target)) = old {
            store.release(target.name.word());
            if target.table != table {
                self.let_go(store, target.table);
            }
        }
        Ok(())
    }

    #[inline]
    fn count_down(&mut self, table: u32, freed: &mut u32) {
        let Some(it) = self.slab.get_mut(table) else { return };
        it.count -= 1;
        if it.count != 0 {
            self.is_suspect |= it.owner == Owner::Orphan;
            return;
        }
        if it.owner == Owner::Orphan {
            self.unchain(table);
        }
        if let Some(it) = self.slab.get_mut(table) {
            it.next = *freed;
            *freed = table;
        }
    }

    /// Takes a table off the chain of orphans.
    #[cold]
    fn unchain(&mut self, table: u32) {
        let Some(it) = self.slab.get(table) else { return };
        let (next, previous) = (it.next, it.previous);
        if let Some(next) = self.slab.get_mut(next) {
            next.previous = previous;
        }
        match self.slab.get_mut(previous) {
            Some(previous) => previous.next = next,
            None => self.orphans = next,
        }
    }

    /// Empties the tables of a chain, and those that nobody counts then.
    fn free(&mut self, store: &mut Store, mut freed: u32) {
        while let Some(it) = self.slab.get(freed) {
            let table = freed;
            freed = it.next;
            self.empty(store, table, &mut freed);
            if self.spares >= SPARES {
                self.slab.remove(table);
            } else if let Some(it) = self.slab.get_mut(table) {
                (it.next, it.owner, self.spare) = (self.spare, Owner::Frame(0), table);
                self.spares += 1;
            }
        }
    }

    /// Forgets a table's variables.
    #[inline]
    fn empty(&mut self, store: &mut Store, table: u32, freed: &mut u32) {
        while let Some(it) = self.slab.get_mut(table) {
            let Some(entry) = it.table.pop() else { return };
            store.release(entry.name.word());
            match entry.item {
                Variable::Value(word) => {
                    self.values -= 1;
                    store.release(word);
                }
                Variable::Link(target) => {
                    it.links -= 1;
                    store.release(target.name.word());
                    if target.table != table {
                        self.count_down(target.table, freed);
                    }
                }
            }
        }
    }
}

/// Tables that are alive for each other only.
impl Tables {
    fn orphans_with_links(&self) -> bool {
        let mut at = self.orphans;
        while let Some(it) = self.slab.get(at) {
            if it.links != 0 {
                return true;
            }
            at = it.next;
        }
        false
    }

    /// Runs something on each link of a table to another orphan.
    fn each_orphan_linked(&mut self, table: u32, mut run: impl FnMut(&mut Self, u32)) {
        let mut i = 0;
        while let Some(it) = self.slab.get(table).filter(|it| it.links != 0) {
            let Some(entry) = it.table.entries().get(i) else { return };
            i += 1;
            if let Variable::Link(Target { table: to, .. }) = entry.item
                && to != table
                && self.owner(to) == Owner::Orphan
            {
                run(self, to);
            }
        }
    }

    /// Runs something on each orphan.
    fn each_orphan(&mut self, mut run: impl FnMut(&mut Self, u32)) {
        let mut at = self.orphans;
        while let Some(it) = self.slab.get(at) {
            let next = it.next;
            run(self, at);
            at = next;
        }
    }

    /// Frees orphans that are counted by each other alone: those whose counts are all by orphans,
    /// unless one that others count leads to them.
    #[cold]
    fn free_circles(&mut self, store: &mut Store) {
        self.is_suspect = false;
        if !self.orphans_with_links() {
            return;
        }
        self.each_orphan(|it, at| {
            if let Some(it) = it.slab.get_mut(at) {
                (it.outside, it.work) = (it.count, NONE);
            }
        });
        self.each_orphan(|it, at| {
            it.each_orphan_linked(at, |it, to| {
                if let Some(it) = it.slab.get_mut(to) {
                    it.outside -= 1;
                }
            });
        });
        let mut work = NONE;
        self.each_orphan(|it, at| {
            if let Some(it) = it.slab.get_mut(at)
                && it.outside != 0
            {
                it.work = work;
                work = at;
            }
        });
        while let Some(it) = self.slab.get(work) {
            let at = work;
            work = it.work;
            self.each_orphan_linked(at, |it, to| {
                if let Some(it) = it.slab.get_mut(to)
                    && it.outside == 0
                {
                    it.outside = 1;
                    it.work = work;
                    work = to;
                }
            });
        }
        self.free_unreached(store);
    }

    /// Frees the orphans that `outside` says nobody leads to. Each is counted once more while they
    /// are emptied, so that the chain stays as it is.
    fn free_unreached(&mut self, store: &mut Store) {
        let mut unreached = NONE;
        self.each_orphan(|it, at| {
            if let Some(it) = it.slab.get_mut(at)
                && it.outside == 0
            {
                it.count += 1;
                it.work = unreached;
                unreached = at;
            }
        });
        let mut freed = NONE;
        let mut at = unreached;
        while let Some(it) = self.slab.get(at) {
            let next = it.work;
            self.empty(store, at, &mut freed);
            at = next;
        }
        at = unreached;
        while let Some(it) = self.slab.get(at) {
            let next = it.work;
            self.count_down(at, &mut freed);
            at = next;
        }
        self.free(store, freed);
    }
}
