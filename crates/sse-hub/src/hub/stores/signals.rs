//! The signals that tell of changes, and whom each wakes.
//!
//! Always true:
//! - stores that wait for the same have one signal;
//! - no id is given twice.

use std::collections::{BTreeMap, HashMap};

use sse_core::signal::{self, Changes, Choice, Signal, Waits, Watch};

use crate::hub::ids::{ChannelId, SignalId};
use crate::hub::notes::{Lost, Notes};

/// The signals.
pub struct Signals {
    by_id: BTreeMap<SignalId, OpenedSignal>,
    next: SignalId,
    notes: Notes,
}

/// A signal, what it was opened for, and the channels by their watches.
pub struct OpenedSignal {
    choice: Choice,
    waits: Waits,
    signal: Box<dyn Signal>,
    /// The channels that it wakes.
    watches: HashMap<Watch, ChannelId>,
}

impl OpenedSignal {
    /// The signal.
    pub fn signal_mut(&mut self) -> &mut dyn Signal {
        &mut *self.signal
    }

    /// Whom a watch wakes.
    pub fn watch_wakes(&mut self, watch: Watch, channel: ChannelId) {
        self.watches.insert(watch, channel);
    }

    /// A watch wakes nobody any more.
    pub fn forget_watch(&mut self, watch: Watch) {
        self.watches.remove(&watch);
    }
}

impl Signals {
    /// No signals.
    pub fn new(notes: &Notes) -> Self {
        Self { by_id: BTreeMap::new(), next: SignalId(0), notes: notes.clone() }
    }

    /// The signal for what a store waits for.
    pub fn find_or_open(&mut self, choice: Choice, waits: Waits) -> SignalId {
        let fits = |opened: &OpenedSignal| opened.choice == choice && opened.waits == waits;
        if let Some((&id, _)) = self.by_id.iter().find(|(_, opened)| fits(opened)) {
            return id;
        }
        let (signal, why) = signal::open(choice, &waits);
        if let Some(why) = why {
            self.notes.error(why);
        }
        let id = self.next;
        self.next = SignalId(id.0 + 1);
        self.by_id.insert(id, OpenedSignal { choice, waits, signal, watches: HashMap::new() });
        id
    }

    /// A signal that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known_mut(&mut self, id: SignalId) -> Result<&mut OpenedSignal, Lost> {
        match self.by_id.get_mut(&id) {
            Some(opened) => Ok(opened),
            None => Err(self.notes.lost(format_args!("signal {}", id.0))),
        }
    }

    /// Closes a signal.
    pub fn close(&mut self, id: SignalId) {
        self.by_id.remove(&id);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (SignalId, &dyn Signal)> {
        self.by_id.iter().map(|(&id, opened)| (id, &*opened.signal))
    }

    /// The channels that a signal has seen changes for; `None` if the signal is gone.
    pub fn changed(&mut self, id: SignalId) -> Option<Vec<ChannelId>> {
        let opened = self.by_id.get_mut(&id)?;
        Some(match opened.signal.changes() {
            Changes::All => opened.watches.values().copied().collect(),
            Changes::Some(watches) => {
                watches.iter().filter_map(|watch| opened.watches.get(watch).copied()).collect()
            }
        })
    }
}
