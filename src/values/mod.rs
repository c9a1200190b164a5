//! Values.
mod handles;
mod pool;
mod store;
mod word;
