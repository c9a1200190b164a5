//! Metadata keys: which modules have said that the host keeps metadata for them, and under what.
//!
//! Invariant `.key.once`: each key of a module is in the table, in the index and on the module's
//! chain once, so that neither noting one nor unloading looks at the others.

use crate::base::{Chain, Host, Index, Kind, Link, Linked, Result, Slots, Text};

/// A key of a module.
pub struct Key {
    /// The module.
    pub module: u64,
    /// The key.
    pub text: Text,
    hash: u64,
    link: Link,
}

impl Linked for Key {
    fn link(&self) -> &Link {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

/// The keys of all modules.
pub struct Keys {
    host: Host,
    keys: Slots<Key>,
    by_text: Index,
}

impl Keys {
    /// None.
    pub fn new(host: Host, salt: u8) -> Self {
        let keys = Slots::new(host, Kind::Record, salt);
        Keys { host, keys, by_text: Index::new(host, salt) }
    }

    /// Keys of all modules.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Every key of every module.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(|(_, key)| key)
    }

    /// Notes a key of a module, whose chain is given; twice is once. On E_NOMEM nothing changed.
    pub fn note(&mut self, chain: &mut Chain, module: u64, text: &[u8]) -> Result<()> {
        // With the module, or a key that all modules have would be one long run of the index.
        let hash = self.by_text.hash(0, text) ^ self.by_text.hash(0, &module.to_le_bytes());
        let same = |id| {
            self.keys.get(id).is_ok_and(|key| key.module == module && key.text.bytes() == text)
        };
        if self.by_text.find(hash, same).is_some() {
            return Ok(());
        }
        self.by_text.make_room()?;
        let text = Text::copy(self.host, text)?;
        let id = self.keys.insert(Key { module, text, hash, link: Link::default() })?;
        chain.push(&mut self.keys, id)?;
        self.by_text.insert(hash, id)
    }

    /// Forgets the newest key of a chain, and says which it was.
    pub fn forget_newest(&mut self, chain: &mut Chain) -> Result<Option<Text>> {
        let id @ 1.. = chain.newest() else { return Ok(None) };
        chain.remove(&mut self.keys, id)?;
        let key = self.keys.remove(id)?;
        self.by_text.remove(key.hash, id);
        Ok(Some(key.text))
    }
}
