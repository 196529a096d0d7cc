//! How a worker and a hub find each other: the address and its files, the socket, and which software each is.

pub mod address;
pub(crate) mod file;
pub mod socket;
pub mod software;
pub mod turn;

/// What a hub says first when it listens.
pub(crate) const READY: &str = "ready";
