//! The ids of streams, channels, stores and signals.

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

impl Kind for OfStream {
    const NAME: &'static str = "stream";
}
impl Kind for OfChannel {
    const NAME: &'static str = "channel";
}
impl Kind for OfStore {
    const NAME: &'static str = "store";
}

/// A stream's id.
pub type StreamId = Id<OfStream>;
/// A channel's id.
pub type ChannelId = Id<OfChannel>;
/// A store's id.
pub type StoreId = Id<OfStore>;

/// A signal's id: a number that no other signal ever gets. Whoever waits for a signal knows it by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub usize);
