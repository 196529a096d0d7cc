//! The hub of the PHP extension `sse`: a small process that holds the open streams, so that no PHP
//! worker has to; and the way a worker hands one over.
//!
//! No PHP in here. [`wire`] is bytes; `hub` is state, and knows nothing of sockets; [`reactor`] is the
//! loop. The worker's side is [`worker`]; how both find each other is [`meeting`].

mod hub;
pub mod meeting;
#[cfg(test)]
#[path = "../../sse-core/src/mutation.rs"]
mod mutation;
pub mod reactor;
pub mod wire;
pub mod worker;
