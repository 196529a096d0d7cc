//! Keys that can't be read, and stores that do not answer.
//!
//! Who asks a server that does not answer waits, and with it everybody: so one that failed is left
//! alone for a while, and then one question finds out whether it answers again. A file or a key that
//! can't be read, or is locked, costs nothing to ask for: it is tried again by itself.
//!
//! Always true:
//! - while a store is out, nothing touches it; its streams keep their clients and heartbeats;
//! - whatever goes wrong is tried again after a pause, never at once.

use std::time::Instant;

use sse_core::Error;

use super::ids::{ChannelId, StoreId};
use super::{Clients, Hub};

impl Hub {
    /// Whether a channel's store is not to be touched now. The channel may be gone.
    pub(super) fn is_out(&self, channel: ChannelId, now: Instant) -> bool {
        let store = self.channels.get(channel).and_then(|channel| self.stores.known(channel.store()).ok());
        store.is_some_and(|store| store.outage(now).is_some())
    }

    /// A key could not be read.
    pub(super) fn fails(&mut self, id: ChannelId, error: &Error, now: Instant) {
        let Ok(channel) = self.channels.known(id) else { return };
        let store = channel.store();
        let is_new = if error.is_of_server() {
            self.stores.known_mut(store).is_ok_and(|store| store.fails(error, now))
        } else {
            // Who finds something wrong with a key has answered.
            self.answers(store);
            self.channels.fails(id, error, now)
        };
        if is_new && let Ok(channel) = self.channels.known(id) {
            let key = channel.key();
            self.notes.error(format!("key {key}: {error}; its streams stay open, trying again"));
        }
    }

    /// A store has answered. If it had not before, its keys are read.
    pub(super) fn answers(&mut self, id: StoreId) {
        let Ok(store) = self.stores.known_mut(id) else { return };
        if !store.answers() {
            return;
        }
        self.notes.line(format!("{}: answers again", store.location()));
        let behind: Vec<ChannelId> = self.channels.of_store(id).collect();
        for channel in behind {
            self.channels.read_later(channel, true);
        }
    }

    /// Tries again what failed, if it is time.
    pub(super) fn ask_again(&mut self, now: Instant, clients: &mut dyn Clients) {
        self.channels.try_again(now);
        for store in self.stores.to_ask(now) {
            // One of its keys is the question; the answer wakes the others.
            let asked = self.channels.of_store(store).next();
            if let Some(channel) = asked {
                self.look_anew(channel, now, clients);
            } else if let Ok(store) = self.stores.known_mut(store) {
                // Nobody follows it: the next offer asks.
                store.answers();
            }
        }
    }

    /// When there is something to try again.
    pub(super) fn next_question(&self) -> Option<Instant> {
        [self.channels.next_try(), self.stores.next_question()].into_iter().flatten().min()
    }
}
