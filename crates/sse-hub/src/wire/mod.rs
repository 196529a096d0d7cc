//! Bytes: what web servers and workers send, and what they are sent.

pub mod call;
pub mod message;
pub(crate) mod outgoing;
pub mod record;
