//! When each thing of many is due, without a timer of the system for each.
//!
//! A thing has one entry, or a few while its due time was moved forward; whoever takes an entry out
//! looks at the thing for what is really due, and sets the next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// What is due within this of each other is done together, so that thousands of idle streams wake
/// the process ten times a second and not a thousand.
const GRAIN_MS: u64 = 100;

/// Things, streams for example, by when they are due.
#[derive(Debug)]
pub struct Timers<T> {
    began: Instant,
    /// In grains since the beginning.
    heap: BinaryHeap<Reverse<(u64, T)>>,
}

impl<T: Copy + Ord> Timers<T> {
    /// Nothing is due.
    pub fn new(now: Instant) -> Self {
        Self { began: now, heap: BinaryHeap::new() }
    }

    /// It is due then, or up to a grain later.
    pub fn set(&mut self, due: Instant, thing: T) {
        self.heap.push(Reverse((self.grains(due) + 1, thing)));
    }

    /// What is due.
    pub fn take_due(&mut self, now: Instant) -> Vec<T> {
        let now = self.grains(now);
        let mut due = Vec::new();
        while let Some(&Reverse((when, thing))) = self.heap.peek() {
            if when > now {
                break;
            }
            self.heap.pop();
            due.push(thing);
        }
        due
    }

    /// When the first is due.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((when, ..))| self.began + Duration::from_millis(when * GRAIN_MS))
    }

    fn grains(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
            / GRAIN_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::ids::StreamId;
    use crate::hub::notes::Notes;
    use crate::hub::slots::Slots;

    fn a_stream() -> StreamId {
        Slots::new(&Notes::default()).insert(())
    }

    #[test]
    fn a_stream_is_never_due_too_early_and_at_most_a_grain_late() {
        let began = Instant::now();
        let mut timers = Timers::new(began);
        let due = began + Duration::from_millis(1_234);
        let stream = a_stream();
        timers.set(due, stream);
        assert!(timers.take_due(due - Duration::from_millis(1)).is_empty());
        assert_eq!(timers.take_due(due + Duration::from_millis(GRAIN_MS)), [stream]);
    }

    #[test]
    fn a_stream_set_while_others_are_taken_waits_for_its_own_time() {
        let began = Instant::now();
        let mut timers = Timers::new(began);
        let stream = a_stream();
        timers.set(began, stream);
        let now = began + Duration::from_secs(1);
        assert_eq!(timers.take_due(now), [stream]);
        timers.set(now, stream);
        assert!(timers.take_due(now).is_empty());
        assert!(timers.next().unwrap() > now);
    }
}
