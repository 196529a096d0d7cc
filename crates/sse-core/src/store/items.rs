//! What reading a key yields, and where it begins.

use crate::event::Event;
use crate::id::{EventId, NEARLY};

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

/// When each of these was stored, in milliseconds since 1970. A time behind that of a later event, or behind
/// now, is of a clock that was ahead: it was not later than that. Of a gap it is when it ended.
#[must_use]
pub fn times(items: &[Item], now_millis: u64) -> Vec<u64> {
    // An id may be ahead of the clock by so much without saying another time.
    let mut latest = now_millis.saturating_add(NEARLY);
    let mut times: Vec<u64> = items
        .iter()
        .rev()
        .map(|item| {
            latest = latest.min(match item {
                Item::Event(event) => event.stored_millis,
                Item::Gap(gap) => return latest.min(gap.to.millis),
            });
            latest
        })
        .collect();
    times.reverse();
    times
}
