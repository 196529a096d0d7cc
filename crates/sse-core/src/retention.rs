//! How much a store keeps of each key.

use std::time::Duration;

/// Bounds per key. The newest event always stays; what goes beyond them is dropped oldest first,
/// and clients that still needed it are told of a gap.
///
/// A store may keep up to a quarter more than `events` and `bytes`, so that a push doesn't rewrite
/// a log each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Oldest event kept.
    pub age: Duration,
    /// Events kept.
    pub events: u64,
    /// Bytes kept, as stored.
    pub bytes: u64,
}

impl Retention {
    /// Events at which a log is cut back to `events`.
    #[must_use]
    pub fn events_limit(&self) -> u64 {
        self.events.saturating_add(self.events / 4)
    }

    /// Bytes at which a log is cut back to `bytes`.
    #[must_use]
    pub fn bytes_limit(&self) -> u64 {
        self.bytes.saturating_add(self.bytes / 4)
    }

    /// Events before this instant (milliseconds since 1970) are too old.
    #[must_use]
    pub fn oldest_millis(&self, now_millis: u64) -> u64 {
        now_millis.saturating_sub(u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX))
    }

    /// The age at which a log is cut back, with the same quarter on top.
    #[must_use]
    pub fn oldest_millis_limit(&self, now_millis: u64) -> u64 {
        let age = u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX);
        now_millis.saturating_sub(age.saturating_add(age / 4))
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(86_400), events: 1_000, bytes: 8 << 20 }
    }
}
