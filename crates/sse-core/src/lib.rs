//! Events, cursors, frames, stores and signals of the PHP extension `sse`.
//!
//! No PHP, no HTTP and no sockets: the crate knows how an event is kept, found again and written
//! out. `types → bytes → state → loop`: [`id`], [`key`] and [`event`] are types, [`frame`] and
//! [`cursor`] are bytes, [`store`] and [`signal`] keep state, [`feed`] follows
//! keys over both, one by one with [`follow`]; [`stream`] has what is the same for all that serve one.

#![forbid(unsafe_code)]

pub mod cursor;
pub mod disk;
pub mod error;
pub mod event;
pub mod feed;
pub mod follow;
pub mod frame;
pub mod id;
pub mod jitter;
pub mod key;
#[cfg(test)]
mod mutation;
pub mod printable;
pub mod redis;
pub mod retention;
pub mod signal;
pub mod store;
pub mod stream;
#[cfg(test)]
mod testing;

pub use error::{Error, Result};
