//! An event's id: its place in its key.
//!
//! Written `ms-seq`, as Redis Streams writes it: milliseconds since 1970 and a counter within the
//! millisecond. Ids of one key rise strictly, also when the clock steps back: then they go on from
//! the last one, not from the clock.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Counters we hand out per millisecond before we borrow the next one; keeps cursors short.
pub(crate) const MAX_SEQUENCE: u64 = 0x3fff;

/// Milliseconds by which an id may be ahead of the clock and still tell the time: those of a new key begin
/// above the clock, and a millisecond that is full borrows the next.
pub const NEARLY: u64 = 1_000;

/// Milliseconds that a cursor has room for (48 bits, the year 10889).
pub const MAX_MILLIS: u64 = (1 << 48) - 1;

/// An event's place in its key; `0-0` stands before every event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Milliseconds since 1970, UTC.
    pub millis: u64,
    /// Counter within the millisecond.
    pub sequence: u64,
}

impl EventId {
    /// The place before every event.
    pub const ZERO: Self = Self { millis: 0, sequence: 0 };

    /// An id from its parts.
    #[must_use]
    pub const fn new(millis: u64, sequence: u64) -> Self {
        Self { millis, sequence }
    }

    /// The id of an event stored now, right behind `self`.
    #[must_use]
    pub fn next(self, now_millis: u64) -> Self {
        if now_millis > self.millis {
            Self::new(now_millis, 0)
        } else if self.sequence < MAX_SEQUENCE {
            Self::new(self.millis, self.sequence + 1)
        } else {
            Self::new(self.millis + 1, 0)
        }
    }

    /// When an event of this id was stored, where that has to be noted beside it: ids go on from the last one
    /// when the clock steps back. One that is ahead by no more than [`NEARLY`] tells the time itself.
    #[must_use]
    pub fn time_apart(self, now_millis: u64) -> Option<u64> {
        (self.millis.abs_diff(now_millis) > NEARLY).then_some(now_millis)
    }

    /// The last place before `self`: no id of ours lies between the two.
    #[must_use]
    pub fn before(self) -> Self {
        if self.sequence > 0 {
            Self::new(self.millis, self.sequence - 1)
        } else if self.millis > 0 {
            Self::new(self.millis - 1, MAX_SEQUENCE)
        } else {
            Self::ZERO
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

/// The text is not an id as we write it.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidId;

impl FromStr for EventId {
    type Err = InvalidId;

    /// Reads `ms-seq` and nothing else: no sign, no leading zero, no space.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (millis, sequence) = text.split_once('-').ok_or(InvalidId)?;
        let millis = number(millis)?;
        if millis > MAX_MILLIS {
            return Err(InvalidId);
        }
        Ok(Self::new(millis, number(sequence)?))
    }
}

fn number(text: &str) -> Result<u64, InvalidId> {
    let canonical = text == "0" || !text.starts_with('0');
    if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidId);
    }
    text.parse().map_err(|_| InvalidId)
}

/// Milliseconds since 1970 by the system's clock; 0 for a clock set before that.
#[must_use]
pub fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(MAX_MILLIS).min(MAX_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_rise_when_the_clock_steps_back() {
        let last = EventId::new(1_000, 5);
        assert_eq!(last.next(400), EventId::new(1_000, 6));
    }

    #[test]
    fn a_full_millisecond_borrows_the_next() {
        let last = EventId::new(1_000, MAX_SEQUENCE);
        assert_eq!(last.next(1_000), EventId::new(1_001, 0));
    }

    #[test]
    fn text_that_is_not_canonical_is_refused() {
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "+1-0",
            "01-0",
            "1-00",
            "1-0 ",
            "1-0-0",
            "281474976710656-0",
            "1-18446744073709551616",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(InvalidId), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(millis in 0..=MAX_MILLIS, sequence: u64) {
            let id = EventId::new(millis, sequence);
            prop_assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
        }

        #[test]
        fn next_is_always_greater(millis in 0..MAX_MILLIS, sequence in 0..=MAX_SEQUENCE, now in 0..MAX_MILLIS) {
            let id = EventId::new(millis, sequence);
            let next = id.next(now);
            prop_assert!(next > id);
            prop_assert!(next.before() >= id && next.before() < next);
            prop_assert_eq!(next.before().next(0), next);
        }
    }
}
