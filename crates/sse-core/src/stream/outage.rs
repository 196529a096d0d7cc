//! What can't be had for now, and when it is asked for again.

use std::time::{Duration, Instant};

use crate::jitter;

/// How long the pauses between two questions are: twice as long each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// The first.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
}

/// Something that was asked for in vain.
///
/// Always true: after each failure there is a pause, and it is never shorter than the one before.
#[derive(Clone, Debug)]
pub struct Outage {
    pause: Duration,
    until: Instant,
    said: Option<String>,
}

impl Outage {
    /// It failed at `now`, after another time if there is one `before`. Each pause is drawn from its second
    /// half, so that not everybody asks at once.
    #[must_use]
    pub fn begin(before: Option<Self>, pauses: Pauses, now: Instant) -> Self {
        let (pause, said) = match before {
            // Asked out of turn: that makes it no longer.
            Some(before) if now < before.until => (before.pause, before.said),
            Some(before) => ((before.pause * 2).clamp(pauses.shortest, pauses.longest), before.said),
            None => (pauses.shortest, None),
        };
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Self { pause, until: now + Duration::from_millis(jitter::draw(&(millis / 2..=millis))), said }
    }

    /// When it is asked for again.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.until
    }

    /// The length of the pause before it was drawn.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// Notes what the log is told of it; false if that is what it was told last.
    #[must_use]
    pub fn note(&mut self, text: &str) -> bool {
        let is_new = self.said.as_deref() != Some(text);
        if is_new {
            self.said = Some(text.to_owned());
        }
        is_new
    }

    /// What the log was told of it last.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSES: Pauses =
        Pauses { shortest: Duration::from_millis(100), longest: Duration::from_millis(800) };

    #[test]
    fn pauses_grow_up_to_the_longest_and_are_drawn_from_their_second_half() {
        let mut now = Instant::now();
        let mut outage = None;
        for millis in [100, 200, 400, 800, 800] {
            let next = Outage::begin(outage.take(), PAUSES, now);
            let pause = Duration::from_millis(millis);
            assert_eq!(next.pause(), pause);
            assert!((now + pause / 2..=now + pause).contains(&next.until()));
            now = next.until();
            outage = Some(next);
        }
    }

    #[test]
    fn a_failure_within_the_pause_makes_it_no_longer_but_begins_it_anew() {
        let now = Instant::now();
        let first = Outage::begin(None, PAUSES, now);
        let second = Outage::begin(Some(first), PAUSES, now + Duration::from_millis(1));
        assert_eq!(second.pause(), PAUSES.shortest);
        assert!(second.until() > now);
    }

    #[test]
    fn what_was_said_is_said_again_only_if_it_is_something_else() {
        let mut outage = Outage::begin(None, PAUSES, Instant::now());
        assert!(outage.note("refused"));
        let mut outage = Outage::begin(Some(outage), PAUSES, Instant::now());
        assert!(!outage.note("refused"));
        assert!(outage.note("another password"));
        assert_eq!(outage.said(), Some("another password"));
    }
}
