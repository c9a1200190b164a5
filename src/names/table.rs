//! Each name once: the text, and which of its bindings answers a lookup.
//!
//! A language runtime binds the same few names from many modules, so a name's bytes are kept once
//! and its bindings refer to it. Names of different kinds are different names, whatever their
//! bytes.
//!
//! Invariants:
//! - `.name.once`: no two records have the same kind and bytes, and the index holds exactly the
//!   records.
//! - `.name.uses`: a record lives as long as a binding refers to it, staged or not; the last one to
//!   go takes it along.
//!
//! It does not know what a binding is; the order of a name's bindings is kept by the bindings
//! themselves.

use crate::base::{Host, Index, Kind, Result, Slots, Text};

/// A name of one kind.
pub(super) struct Name {
    pub kind: u32,
    pub text: Text,
    /// The binding that answers a lookup; 0 while all of them are staged.
    pub top: u64,
    /// Bindings that refer to it.
    uses: u64,
    hash: u64,
}

/// Every name of every kind.
pub(super) struct Table {
    host: Host,
    names: Slots<Name>,
    index: Index,
    text_bytes: usize,
}

impl Table {
    pub fn new(host: Host, salt: u8) -> Self {
        Table {
            host,
            names: Slots::new(host, Kind::Record, salt),
            index: Index::new(host, salt),
            text_bytes: 0,
        }
    }

    fn find_hashed(&self, hash: u64, kind: u32, bytes: &[u8]) -> Option<u64> {
        self.index.find(hash, |id| {
            self.names.get(id).is_ok_and(|name| name.kind == kind && name.text.bytes() == bytes)
        })
    }

    /// The record of a name that has one.
    pub fn find(&self, kind: u32, bytes: &[u8]) -> Option<&Name> {
        let id = self.find_hashed(self.index.hash(kind, bytes), kind, bytes)?;
        self.names.get(id).ok()
    }

    /// Counts one more use of a name, making its record if there is none.
    pub fn take(&mut self, kind: u32, bytes: &[u8]) -> Result<u64> {
        let hash = self.index.hash(kind, bytes);
        if let Some(id) = self.find_hashed(hash, kind, bytes) {
            self.names.get_mut(id)?.uses += 1;
            return Ok(id);
        }
        self.index.make_room()?;
        let text = Text::copy(self.host, bytes)?;
        let footprint = text.footprint();
        let id = self.names.insert(Name { kind, text, top: 0, uses: 1, hash })?;
        self.index.insert(hash, id)?;
        self.text_bytes += footprint;
        Ok(id)
    }

    /// Takes one use back; the record goes with its last use. Never allocates.
    pub fn give_back(&mut self, id: u64) -> Result<()> {
        let name = self.names.get_mut(id)?;
        name.uses -= 1;
        if name.uses == 0 {
            let name = self.names.remove(id)?;
            self.index.remove(name.hash, id);
            self.text_bytes -= name.text.footprint();
        }
        Ok(())
    }

    pub fn get(&self, id: u64) -> Result<&Name> {
        self.names.get(id)
    }

    pub fn get_mut(&mut self, id: u64) -> Result<&mut Name> {
        self.names.get_mut(id)
    }

    /// Names that are bound or staged.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.names.bytes() + self.index.bytes() + self.text_bytes
    }
}
