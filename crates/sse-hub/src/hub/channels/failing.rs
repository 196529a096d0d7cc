//! Keys that could not be read, and when each is tried again.
//!
//! A file or a key that can't be read, or is locked, costs nothing to ask for: each is tried by itself.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use sse_core::Error;
use sse_core::stream::outage::{Outage, Pauses};

use crate::hub::ids::{ChannelId, StoreId};

/// A key that can't be read is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(1);
const PAUSES: Pauses = Pauses { shortest: TRY_AGAIN, longest: TRY_AGAIN };
/// One that is locked for now may be free in a moment.
const WHILE_LOCKED: Pauses = Pauses { shortest: Duration::from_millis(10), longest: TRY_AGAIN };

/// The channels that could not be read.
#[derive(Debug, Default)]
pub struct Failing(HashMap<ChannelId, Trouble>);

/// What is wrong with a channel.
#[derive(Debug)]
struct Trouble {
    store: StoreId,
    outage: Outage,
    /// When it is tried again.
    next: Instant,
    /// How often that was in vain.
    times: u32,
    what: Discriminant<Error>,
}

impl Failing {
    /// A channel could not be read; true if neither it nor another of its store had the same trouble already.
    pub fn fails(&mut self, id: ChannelId, store: StoreId, error: &Error, now: Instant) -> bool {
        let what = discriminant(error);
        let is_known = self.0.values().any(|other| other.store == store && other.what == what);
        let (before, times) =
            self.0.remove(&id).map_or((None, 0), |trouble| (Some(trouble.outage), trouble.times));
        let pauses = if matches!(error, Error::Locked { .. }) { WHILE_LOCKED } else { PAUSES };
        let outage = Outage::begin(before, pauses, now);
        self.0.insert(id, Trouble { store, next: outage.until(), outage, times: times + 1, what });
        !is_known
    }

    /// How often a channel was tried in vain.
    pub fn times(&self, id: ChannelId) -> u32 {
        self.0.get(&id).map_or(0, |trouble| trouble.times)
    }

    /// A channel can be read again, or is gone.
    pub fn forget(&mut self, id: ChannelId) {
        self.0.remove(&id);
    }

    /// The channels whose time has come. If one can't be tried then after all, since its store is out, its time
    /// comes again.
    pub fn take_due(&mut self, now: Instant) -> Vec<ChannelId> {
        let mut due = Vec::new();
        for (&id, trouble) in &mut self.0 {
            if trouble.next <= now {
                trouble.next = now + TRY_AGAIN;
                due.push(id);
            }
        }
        due
    }

    /// When the first one's time comes.
    pub fn next(&self) -> Option<Instant> {
        self.0.values().map(|trouble| trouble.next).min()
    }
}
