//! A second look, for stores whose wake-ups can be lost.
//!
//! Where storing and waking are two steps, who is killed between them has stored an event that nobody hears
//! of. So every few seconds everything counts as changed, whatever the signal says.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::watch::{Changes, Signal, Trigger, Watch};
use crate::error::Result;

/// Half of this passes between two looks at the clock, so what nobody woke for is found after it at the
/// latest: before the next heartbeat, by default. An idle process needn't wake more often.
pub const WITHIN: Duration = Duration::from_secs(20);

/// A signal, and looks that it doesn't ask for.
pub struct Again {
    signal: Box<dyn Signal>,
    every: Duration,
    /// When everything last counted as changed.
    looked: Instant,
}

impl Again {
    /// A signal that says at least within this time that everything may have changed.
    #[must_use]
    pub fn new(signal: Box<dyn Signal>, within: Duration) -> Self {
        Self { signal, every: within / 2, looked: Instant::now() }
    }
}

impl Signal for Again {
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        self.signal.watch(trigger)
    }

    fn unwatch(&mut self, watch: Watch) {
        self.signal.unwatch(watch);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.signal.descriptor()
    }

    fn look_every(&self) -> Option<Duration> {
        Some(self.signal.look_every().map_or(self.every, |every| every.min(self.every)))
    }

    fn changes(&mut self) -> Changes {
        let changes = self.signal.changes();
        if self.looked.elapsed() < self.every {
            return changes;
        }
        self.looked = Instant::now();
        Changes::All
    }

    fn name(&self) -> &'static str {
        self.signal.name()
    }
}
