//! Values.
mod dict;
mod handles;
mod list;
mod pool;
mod store;
mod trie;
mod word;
