//! Whether PHP is being asked for something, and when it may be asked again.
//!
//! ```text
//! Idle ──something is due──► Queued ──there is room──► Asked ──answered──► Idle
//!   ▲                                                    │
//!   └───────────a pause, which grows (it failed)─────────┘
//! ```
//!
//! Always true: what is asked for is asked for once at a time; what comes meanwhile is due when it was answered.

use std::time::Instant;

use sse_core::stream::outage::{Outage, Pauses};

/// Where something stands that PHP is asked for.
#[derive(Debug, Default)]
pub struct Turn {
    state: State,
    /// Set while the last answer failed.
    outage: Option<Box<Outage>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Queued,
    Asked,
}

impl Turn {
    /// It is to be asked for; false if it is already, or has a pause.
    pub fn enqueue(&mut self, now: Instant) -> bool {
        let is_ready =
            self.state == State::Idle && self.outage.as_ref().is_none_or(|outage| outage.until() <= now);
        if is_ready {
            self.state = State::Queued;
        }
        is_ready
    }

    /// When its pause is over, if it has one.
    pub fn pause(&self) -> Option<Instant> {
        self.outage.as_ref().filter(|_| self.state == State::Idle).map(|outage| outage.until())
    }

    /// It is being asked for.
    pub fn ask(&mut self) {
        self.state = State::Asked;
    }

    /// Nobody could be asked: it keeps its place.
    pub fn put_back(&mut self) {
        self.state = State::Queued;
    }

    /// There is nothing to ask for any more, or it is to be asked anew.
    pub fn forget(&mut self) {
        self.state = State::Idle;
    }

    /// It was answered.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// The answer failed, or brought less than it should: it may be asked for again after a pause.
    pub fn failed(&mut self, pauses: Pauses, now: Instant) {
        let before = self.outage.take().map(|outage| *outage);
        *self = Self { state: State::Idle, outage: Some(Box::new(Outage::begin(before, pauses, now))) };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PAUSES: Pauses =
        Pauses { shortest: Duration::from_millis(100), longest: Duration::from_millis(800) };

    #[test]
    fn it_is_queued_once_until_it_was_answered() {
        let now = Instant::now();
        let mut turn = Turn::default();
        assert!(turn.enqueue(now) && !turn.enqueue(now));
        turn.ask();
        assert!(!turn.enqueue(now));
        turn.answered();
        assert!(turn.enqueue(now));
    }

    #[test]
    fn after_a_failure_it_waits_for_its_pause() {
        let now = Instant::now();
        let mut turn = Turn::default();
        turn.enqueue(now);
        turn.ask();
        turn.failed(PAUSES, now);
        let until = turn.pause().unwrap();
        assert!(until > now && !turn.enqueue(now));
        assert!(turn.enqueue(until));
    }
}
