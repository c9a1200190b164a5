//! Values.
mod handles;
mod list;
mod pool;
mod store;
mod word;
