//! The ids of streams, channels, stores, signals, and what recalls need.

use super::slots::{Id, Kind};

/// The kind of a stream's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfStream {}
/// The kind of a channel's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfChannel {}
/// The kind of a store's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfStore {}
/// The kind of a group's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfGroup {}
/// The kind of a pool's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfPool {}
/// The kind of a call's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfCall {}

impl Kind for OfStream {
    const NAME: &'static str = "stream";
}
impl Kind for OfChannel {
    const NAME: &'static str = "channel";
}
impl Kind for OfStore {
    const NAME: &'static str = "store";
}
impl Kind for OfGroup {
    const NAME: &'static str = "group";
}
impl Kind for OfPool {
    const NAME: &'static str = "pool";
}
impl Kind for OfCall {
    const NAME: &'static str = "call";
}

/// A stream's id.
pub type StreamId = Id<OfStream>;
/// A channel's id.
pub type ChannelId = Id<OfChannel>;
/// A store's id.
pub type StoreId = Id<OfStore>;
/// The id of streams that recalls may serve together.
pub type GroupId = Id<OfGroup>;
/// The id of a PHP-FPM.
pub type PoolId = Id<OfPool>;
/// The id of a call to PHP-FPM.
pub type CallId = Id<OfCall>;

/// A signal's id: a number that no other signal ever gets. Whoever waits for a signal knows it by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub usize);
