//! Where events are kept: an ordered log per key, bounded by age, count and bytes.

pub mod file;

use crate::event::Event;
use crate::id::EventId;

/// What reading a key yields, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Event),
    /// Events that can't be had any more.
    Gap(Gap),
}

/// Events after `from` up to `to` are gone: dropped by retention, damaged, or of a store that is no
/// more. Reading goes on behind `to`. Where the extent isn't known, `to` equals `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last position that was certain.
    pub from: EventId,
    /// The position from which reading goes on.
    pub to: EventId,
}

/// Where reading a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind this position; a gap if the log can't answer from there.
    After(EventId),
    /// Before the newest so many events.
    Newest(u64),
    /// Before the oldest event kept.
    Oldest,
}
