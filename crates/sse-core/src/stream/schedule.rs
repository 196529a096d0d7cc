//! When something is due in a stream.
//!
//! Its heartbeat and its lifetime are drawn from 80 to 100 % of what was asked for, anew for each stream:
//! streams that began together, or got the same event, neither beat nor end together.
//!
//! Always true: the heartbeat counts from the last byte that the client took, so that events which are
//! filtered out don't starve it.

use std::time::{Duration, Instant};

use crate::jitter::shortened;

/// No heartbeats faster than this, whatever is asked for.
const FASTEST_HEARTBEAT: Duration = Duration::from_millis(100);

/// When a stream's heartbeat and its end are due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    written: Instant,
    heartbeat: Duration,
    ends: Option<Instant>,
}

impl Schedule {
    /// For a stream that begins now; a lifetime of zero has no end.
    #[must_use]
    pub fn new(heartbeat: Duration, lifetime: Duration, now: Instant) -> Self {
        Self {
            written: now,
            heartbeat: shortened(heartbeat.max(FASTEST_HEARTBEAT)),
            ends: (!lifetime.is_zero()).then(|| now + shortened(lifetime)),
        }
    }

    /// The client took a byte.
    pub fn wrote(&mut self, now: Instant) {
        self.written = now;
    }

    /// When the client last took a byte.
    #[must_use]
    pub fn written(&self) -> Instant {
        self.written
    }

    /// The pause between two heartbeats.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// Whether a heartbeat is due.
    #[must_use]
    pub fn is_quiet(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.written) >= self.heartbeat
    }

    /// When the stream ends, if it does by itself.
    #[must_use]
    pub fn ends(&self) -> Option<Instant> {
        self.ends
    }

    /// Whether its time is up.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }

    /// Sets its end.
    pub fn end_at(&mut self, end: Instant) {
        self.ends = Some(end);
    }

    /// Lets it end this much after `now`, if not earlier.
    pub fn end_within(&mut self, longest: Duration, now: Instant) {
        let end = now + longest;
        self.ends = Some(self.ends.map_or(end, |ends| ends.min(end)));
    }

    /// How much of its life is left; zero for one without end.
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        // A moment, where there is nothing left: zero would mean for ever.
        let least = Duration::from_millis(1);
        self.ends.map_or(Duration::ZERO, |ends| ends.saturating_duration_since(now).max(least))
    }

    /// When the next is due: a heartbeat, or the end.
    #[must_use]
    pub fn next(&self) -> Instant {
        let heartbeat = self.written + self.heartbeat;
        self.ends.map_or(heartbeat, |ends| ends.min(heartbeat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn heartbeat_and_lifetime_are_drawn_from_80_to_100_percent() {
        let now = Instant::now();
        let (mut earliest, mut latest) = (MINUTE, Duration::ZERO);
        for _ in 0..1_000 {
            let schedule = Schedule::new(MINUTE, MINUTE, now);
            let life = schedule.ends().unwrap() - now;
            for drawn in [schedule.heartbeat(), life] {
                assert!((MINUTE * 4 / 5..=MINUTE).contains(&drawn), "{drawn:?}");
            }
            (earliest, latest) = (earliest.min(life), latest.max(life));
        }
        assert!(latest - earliest > MINUTE / 20, "not drawn: {earliest:?} to {latest:?}");
    }

    #[test]
    fn a_byte_puts_the_heartbeat_off_and_not_the_end() {
        let now = Instant::now();
        let mut schedule = Schedule::new(MINUTE, MINUTE * 2, now);
        let later = now + MINUTE;
        assert!(schedule.is_quiet(later));
        schedule.wrote(later);
        assert!(!schedule.is_quiet(later));
        assert_eq!(schedule.next(), schedule.ends().unwrap().min(later + schedule.heartbeat()));
        assert!(schedule.is_over(now + MINUTE * 2));
    }

    #[test]
    fn a_lifetime_of_zero_has_no_end() {
        let now = Instant::now();
        let schedule = Schedule::new(MINUTE, Duration::ZERO, now);
        assert!(!schedule.is_over(now + MINUTE * 1_000_000));
        assert_eq!(schedule.next(), now + schedule.heartbeat());
    }
}
