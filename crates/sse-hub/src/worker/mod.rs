//! The worker's side: its way to the hub, and how a hub is started.

pub mod client;
pub mod start;
