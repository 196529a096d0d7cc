//! From the stores to the channels: what is new in a key is read once, and goes to all of its streams.
//!
//! Always true: in each turn only so many keys are read, and each only a piece, so that none keeps others waiting.

use std::time::Instant;

use sse_core::store::Item;
use sse_core::stream::voice;

use super::channels::{BYTES, ENTRIES};
use super::ids::{ChannelId, SignalId};
use super::{Clients, Hub};

/// Keys read in a turn.
const TURN: usize = 64;

impl Hub {
    /// Looks at what a signal saw, and sends what is new. The signal may be gone.
    pub fn signalled(&mut self, signal: SignalId, now: Instant, clients: &mut dyn Clients) {
        let Some(changed) = self.stores.changed(signal) else { return };
        for channel in changed {
            self.channels.read_later(channel, false);
        }
        self.read_on(now, clients);
    }

    /// Reads some of the keys that are to be read. True if there are more.
    pub(super) fn read_on(&mut self, now: Instant, clients: &mut dyn Clients) -> bool {
        // What is put back meanwhile is for the next turn.
        for id in self.channels.take_unread(TURN) {
            let Some(is_for_streams) = self.channels.begin_reading(id) else { continue };
            let before = self.channels.failures(id);
            self.refresh(id, now, clients);
            if is_for_streams {
                self.pump_all(id, now, clients);
                // Neither the key nor one of its streams' readers has failed again.
                if self.channels.failures(id) == before && !self.is_out(id, now) {
                    self.channels.recovered(id);
                }
            }
        }
        self.channels.has_unread()
    }

    /// Reads a piece on in a channel's log, and sends what is new to all of its streams; what is left
    /// is for later.
    pub(super) fn refresh(&mut self, id: ChannelId, now: Instant, clients: &mut dyn Clients) {
        let Ok(channel) = self.channels.known_mut(id) else { return };
        let store = channel.store();
        let Ok(mut watched) = self.stores.watched(store) else { return };
        if !channel.is_stale() || watched.is_out(now) {
            return;
        }
        let read = channel.read_on(id, &mut watched);
        let is_stale = channel.is_stale();
        match read {
            Ok(items) => {
                self.answers(store);
                self.spread(id, items, now, clients);
                if is_stale && self.channels.get(id).is_some() {
                    self.channels.read_later(id, false);
                }
            }
            Err(error) => self.fails(id, &error, now),
        }
    }

    /// Gives new items to a channel and sends them, a few at a time: a stream that keeps up finds
    /// them in memory.
    fn spread(
        &mut self,
        id: ChannelId,
        items: impl IntoIterator<Item = Item>,
        now: Instant,
        clients: &mut dyn Clients,
    ) {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let streams = &self.streams;
            let is_hubs = |id| streams.get(id).is_some_and(|stream| !stream.is_made_by_php());
            // With its last stream it is gone.
            let Some(channel) = self.channels.get_mut(id) else { return };
            let (mut count, mut bytes) = (0, 0);
            while count < ENTRIES / 2
                && bytes < BYTES / 2
                && let Some(item) = items.next()
            {
                count += 1;
                match &item {
                    Item::Event(event) => {
                        bytes += event.draft.json.len();
                        if event.draft.external && channel.streams().any(is_hubs) {
                            self.notes.line(format!(
                                "event {} of key {} is external, and the hub can't fetch it; clients are told of a gap",
                                event.id,
                                channel.key()
                            ));
                        }
                    }
                    Item::Gap(gap) => {
                        let line = voice::gap_line([channel.key()], *gap);
                        self.notes.line(format!("{line}; clients are told"));
                    }
                }
                channel.push(item);
            }
            self.pump_all(id, now, clients);
        }
    }
}
