//! The hub of the PHP extension `sse`: a small process that holds the open streams, so that no PHP
//! worker has to; and the way a worker hands one over.
//!
//! No PHP in here. [`record`] and [`message`] are bytes; [`channel`], [`stream`] and [`hub`] are
//! state, and know nothing of sockets; [`reactor`] is the loop. The worker's side is [`client`],
//! which finds a hub at its [`place`] or [`start`]s one.

pub mod channel;
pub mod client;
pub mod hub;
mod lock;
pub mod log;
pub mod message;
#[cfg(test)]
#[path = "../../sse-core/src/mutation.rs"]
mod mutation;
pub mod outgoing;
pub mod place;
pub mod reactor;
pub mod record;
pub mod socket;
pub mod start;
pub mod stream;
