//! Stores that can't be read for now, and keys that are to be read again.
//!
//! Who asks a server that does not answer waits, and with it everybody: so one that failed is left
//! alone for a while, and then one question finds out whether it answers again. A file or a key that
//! can't be read, or is locked, costs nothing to ask for: it is tried again by itself.
//!
//! Always true:
//! - while a store is out, nothing touches it; its streams keep their clients and heartbeats;
//! - whatever goes wrong is tried again after a pause, never at once;
//! - in each turn only so many keys are read, and each only a piece, so that none keeps others waiting.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use sse_core::Error;

use super::stores::OpenedStore;
use super::{Clients, Hub};

/// A key that can't be read is tried again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// One that is locked for now, first after this, then after twice as long each time, up to [`ASK_AGAIN`].
const UNLOCKED: Duration = Duration::from_millis(10);
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

/// A key that could not be read.
#[derive(Debug)]
pub struct Failing {
    store: usize,
    /// When it is tried again.
    until: Instant,
    pause: Duration,
    /// How often that was in vain.
    times: u32,
    what: Discriminant<Error>,
}

impl Hub {
    /// What is wrong with a store that is not to be touched now.
    pub(super) fn outage(&self, store: usize, now: Instant) -> Option<&str> {
        let outage = self.stores.get(store)?.outage.as_ref()?;
        (now < outage.until).then_some(&outage.said)
    }

    /// A key could not be read.
    pub(super) fn fails(&mut self, channel: usize, error: &Error, now: Instant) {
        let Some(found) = self.channels.get(channel) else { return };
        let (store, key) = (found.store, found.key.clone());
        if error.is_of_server() {
            if self.store_fails(store, error) {
                self.note(format!("key {key}: {error}; its streams stay open, trying again"));
            }
            return;
        }
        // Who finds something wrong with a key has answered.
        self.answers(store);
        let what = discriminant(error);
        let before = self.failing.get(&channel);
        // Thousands of keys may have the same trouble: it is told once as long as one of them has it.
        let is_known = before.is_some_and(|before| before.what == what)
            || self.failing.values().any(|other| other.store == store && other.what == what);
        let pause = match (error, before) {
            (Error::Locked { .. }, Some(before)) => (before.pause * 2).min(ASK_AGAIN),
            (Error::Locked { .. }, None) => UNLOCKED,
            _ => ASK_AGAIN,
        };
        let times = before.map_or(0, |before| before.times) + 1;
        self.failing.insert(channel, Failing { store, until: now + pause, pause, times, what });
        if !is_known {
            self.note(format!("key {key}: {error}; its streams stay open, trying again"));
        }
    }

    /// A store was asked in vain. If it is a server that others would wait for too, it is left alone; true
    /// if what it said is new.
    pub(super) fn store_fails(&mut self, store: usize, error: &Error) -> bool {
        let Some(opened) = self.stores.get_mut(store) else { return false };
        if !error.is_of_server() {
            return false;
        }
        // From when the question was over: it may have taken longer than the pause.
        let now = Instant::now();
        let pause = opened.outage.as_ref().map_or(SHORTEST_PAUSE, |outage| {
            if now < outage.until { outage.pause } else { (outage.pause * 2).min(LONGEST_PAUSE) }
        });
        let said = error.to_string();
        let is_new = opened.outage.as_ref().is_none_or(|outage| outage.said != said);
        opened.outage = Some(Outage { until: now + pause, pause, said });
        is_new
    }

    /// A store has answered.
    pub(super) fn answers(&mut self, store: usize) {
        let Some(opened) = self.stores.get_mut(store) else { return };
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
    pub(super) fn read_on(&mut self, now: Instant, clients: &mut dyn Clients) -> bool {
        // What is put back meanwhile is for the next turn.
        for _ in 0..self.unread.len().min(TURN) {
            let Some(number) = self.unread.pop_front() else { break };
            let Some(channel) = self.channels.get_mut(number) else { continue };
            let store = channel.store;
            channel.is_queued = false;
            let is_pumped = std::mem::take(&mut channel.is_pumped);
            let before = self.failing.get(&number).map(|failing| failing.times);
            self.refresh(number, now, clients);
            if is_pumped {
                self.pump_all(number, now, clients);
                // Neither the key nor one of its streams' readers has failed again.
                if self.outage(store, now).is_none()
                    && before == self.failing.get(&number).map(|failing| failing.times)
                {
                    self.failing.remove(&number);
                }
            }
        }
        !self.unread.is_empty()
    }

    /// Tries again what failed, if it is time.
    pub(super) fn ask_again(&mut self, now: Instant, clients: &mut dyn Clients) {
        let mut due = Vec::new();
        for (&number, failing) in &mut self.failing {
            if failing.until <= now {
                // For the case that its store is out by then.
                failing.until = now + ASK_AGAIN;
                due.push(number);
            }
        }
        for number in due {
            self.read_later(number, true);
        }
        let is_due = |opened: &OpenedStore| opened.outage.as_ref().is_some_and(|outage| outage.until <= now);
        let out: Vec<usize> =
            self.stores.iter().filter(|(_, opened)| is_due(opened)).map(|(number, _)| number).collect();
        for store in out {
            // One of its keys is the question; the answer wakes the others.
            let asked = self.channels.iter().find(|(_, channel)| channel.store == store);
            match asked.map(|(number, _)| number) {
                Some(number) => {
                    if let Some(channel) = self.channels.get_mut(number) {
                        channel.follower.wake_up();
                    }
                    self.refresh(number, now, clients);
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
        let outages = self.stores.iter().filter_map(|(_, opened)| Some(opened.outage.as_ref()?.until));
        self.failing.values().map(|failing| failing.until).chain(outages).min()
    }
}
