//! Stores that can't be read for now, and keys that are to be read again.
//!
//! Who asks a server that does not answer waits, and with it everybody: so one that failed is left
//! alone for a while, and then one question finds out whether it answers again. A file or a key that
//! can't be read keeps nobody else waiting; it is tried again by itself.
//!
//! Always true:
//! - while a store is out, nothing touches it; its streams keep their clients and heartbeats;
//! - in each turn only so many keys are read, and each only a piece, so that none keeps others waiting.

use std::time::{Duration, Instant};

use sse_core::store::Location;

use super::{Hub, Wire};

/// A key that can't be read is tried again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Pauses between two questions to a store that does not answer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Keys read in a turn.
const TURN: usize = 64;

/// A store that does not answer for now.
#[derive(Debug)]
pub struct Outage {
    /// When it is asked again.
    until: Instant,
    pause: Duration,
    /// What was wrong when it was last asked.
    said: String,
}

impl Hub {
    /// What is wrong with a store that is not to be touched now.
    pub(super) fn outage(&self, store: usize, now: Instant) -> Option<&str> {
        let outage = self.stores.get(store)?.outage.as_ref()?;
        (now < outage.until).then_some(&outage.said)
    }

    /// A key could not be read.
    pub(super) fn fails(&mut self, channel: usize, error: &sse_core::Error, now: Instant) {
        let Some(found) = self.channels.get(channel) else { return };
        let (store, key) = (found.store, found.key.clone());
        self.store_fails(store, error, now);
        let Some(opened) = self.stores.get_mut(store) else { return };
        let is_new = !std::mem::replace(&mut opened.failing, true);
        let is_out = opened.outage.is_some();
        if is_new {
            self.note(format!("key {key}: {error}; its streams stay open, trying again"));
        }
        if !is_out && !self.failing.iter().any(|(_, failing)| *failing == channel) {
            self.failing.push((now + ASK_AGAIN, channel));
        }
    }

    /// A store was asked in vain; if it is one that others would wait for too, it is left alone.
    pub(super) fn store_fails(&mut self, store: usize, error: &sse_core::Error, now: Instant) {
        let Some(opened) = self.stores.get_mut(store) else { return };
        if !error.is_passing() || matches!(opened.location, Location::Directory(_)) {
            return;
        }
        let pause = opened.outage.as_ref().map_or(SHORTEST_PAUSE, |outage| {
            if now < outage.until { outage.pause } else { (outage.pause * 2).min(LONGEST_PAUSE) }
        });
        // From when the question was over: it may have taken longer than the pause.
        let until = now.max(Instant::now()) + pause;
        opened.outage = Some(Outage { until, pause, said: error.to_string() });
    }

    /// A store has answered.
    pub(super) fn answers(&mut self, store: usize) {
        let Some(opened) = self.stores.get_mut(store) else { return };
        opened.failing = false;
        if opened.outage.take().is_none() {
            return;
        }
        self.log.push(format!("{}: answers again", opened.location));
        let behind: Vec<usize> = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.store == store)
            .map(|(number, _)| number)
            .collect();
        for number in behind {
            self.read_later(number, true);
        }
    }

    /// A key is to be read in this turn or the next; its streams too, if it is for their own readers
    /// that it is done.
    pub(super) fn read_later(&mut self, number: usize, with_streams: bool) {
        let Some(channel) = self.channels.get_mut(number) else { return };
        channel.follower.wake_up();
        channel.is_pumped |= with_streams;
        if !std::mem::replace(&mut channel.is_queued, true) {
            self.unread.push_back(number);
        }
    }

    /// Reads some of the keys that are to be read. True if there are more.
    pub(super) fn read_on(&mut self, now: Instant, wire: &mut dyn Wire) -> bool {
        // What is put back meanwhile is for the next turn.
        for _ in 0..self.unread.len().min(TURN) {
            let Some(number) = self.unread.pop_front() else { break };
            let Some(channel) = self.channels.get_mut(number) else { continue };
            channel.is_queued = false;
            let is_pumped = std::mem::take(&mut channel.is_pumped);
            self.refresh(number, now, wire);
            if is_pumped {
                self.pump_all(number, now, wire);
            }
        }
        !self.unread.is_empty()
    }

    /// Tries again what failed, if it is time.
    pub(super) fn ask_again(&mut self, now: Instant, wire: &mut dyn Wire) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.failing).into_iter().partition(|(when, _)| *when <= now);
        self.failing = later;
        for (_, number) in due {
            self.read_later(number, true);
        }
        for store in 0..self.stores.len() {
            let is_due = |outage: &Outage| outage.until <= now;
            if !self.stores.get(store).and_then(|opened| opened.outage.as_ref()).is_some_and(is_due) {
                continue;
            }
            // One of its keys is the question; the answer wakes the others.
            let asked = self.channels.iter().find(|(_, channel)| channel.store == store);
            match asked.map(|(number, _)| number) {
                Some(number) => {
                    if let Some(channel) = self.channels.get_mut(number) {
                        channel.follower.wake_up();
                    }
                    self.refresh(number, now, wire);
                }
                // Nobody follows it: the next offer asks.
                None => {
                    if let Some(opened) = self.stores.get_mut(store) {
                        opened.outage = None;
                    }
                }
            }
        }
    }

    /// When there is something to try again.
    pub(super) fn next_question(&self) -> Option<Instant> {
        let outages = self.stores.iter().filter_map(|opened| Some(opened.outage.as_ref()?.until));
        self.failing.iter().map(|(when, _)| *when).chain(outages).min()
    }
}
