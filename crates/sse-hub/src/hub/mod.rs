//! All streams, and what becomes of them: offers, events, heartbeats, ends.
//!
//! Knows nothing of sockets: bytes go out through [`Clients`], the time comes in as an argument.
//!
//! ```text
//!     workers' offers          signals           clients
//!            │                    │                 ▲
//!         offers     outages     news           delivery       what passes between the owners
//!            │          │         │                 │
//!            ▼          ▼         ▼                 │
//!        streams ───────────► channels ────────► stores        who owns what; each arrow is "knows by its id"
//!        who is to get it     what is new        where it is kept
//!        timers, turns,       by key, unread,    names, signals,
//!        key sets, profiles   failing            outages
//! ```
//!
//! Where only PHP can make what a stream gets, [`recalling`] stands between it and PHP-FPM: `recalls` owns who is to be
//! asked for what, and what was made for many streams at once.
//!
//! A channel knows the streams that sit in it and a signal the channels that it wakes, by their ids too; neither
//! looks into them. An id that finds nothing where it must find something is noted ([`slots`], [`notes`]).
//!
//! Always true:
//! - a stream's seat is in the list of its key's channel as long as the stream is;
//! - one signal watches a log once, whatever path it was offered under;
//! - what is written to one client is bounded in each turn, so that none keeps the others waiting.

mod channels;
mod clients;
mod delivery;
mod ids;
mod news;
mod notes;
mod offers;
mod outages;
mod recalling;
mod recalls;
mod seating;
mod slots;
mod stores;
mod streams;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use sse_core::frame;
use sse_core::jitter;
use sse_core::signal::Signal;

use self::channels::Channels;
pub use self::clients::{Clients, Written};
pub use self::ids::{CallId, SignalId, StreamId};
use self::notes::Notes;
pub use self::recalling::{Answered, NewCall};
pub use self::recalls::RecallLimits;
use self::recalls::{Matter, Recalls};
use self::stores::Stores;
use self::streams::{Due, End, Streams};
use crate::wire::message::Status;
use crate::wire::outgoing::Outgoing;

/// Milliseconds in which streams that PHP is asked for end with an outdated hub.
const DRAIN_OF_RECALLED: u64 = 5_000;

/// What bounds a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Streams.
    pub streams: usize,
    /// Streams and keys together, each takes a descriptor; what is left of them is for stores, and for
    /// readers of streams that are behind.
    pub descriptors: usize,
    /// Requests to PHP-FPM.
    pub recalls: RecallLimits,
}

/// The streams of this process.
pub struct Hub {
    limits: Limits,
    streams: Streams,
    channels: Channels,
    stores: Stores,
    recalls: Recalls,
    notes: Notes,
    totals: Totals,
    heartbeat: Outgoing,
    /// Whether all streams are to end.
    is_draining: bool,
    /// Whether there was no room for the last offer; told once.
    is_full: bool,
}

/// What was done since the hub began.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    /// Streams it took.
    taken: u64,
    /// Events written to clients, each client counted.
    events: u64,
    /// Bytes written to clients.
    bytes: u64,
}

impl Hub {
    /// A hub without streams.
    #[must_use]
    pub fn new(limits: Limits, now: Instant) -> Self {
        let notes = Notes::default();
        Self {
            limits,
            streams: Streams::new(&notes, now),
            channels: Channels::new(&notes),
            stores: Stores::new(&notes),
            recalls: Recalls::new(limits.recalls, &notes, now),
            notes,
            totals: Totals::default(),
            heartbeat: Outgoing::whole(frame::HEARTBEAT),
            is_draining: false,
            is_full: false,
        }
    }

    /// Streams, those that are only offered among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether there is no stream.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// How it is going.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        let signals: Vec<&str> = self.stores.signals().map(|(_, signal)| signal.name()).collect();
        Status {
            pid: std::process::id(),
            socket: String::new(),
            streams: self.streams.len() as u64,
            max_streams: self.limits.streams as u64,
            taken: self.totals.taken,
            keys: self.channels.len() as u64,
            events: self.totals.events,
            bytes: self.totals.bytes,
            signal: signals.join(", "),
            recalls: self.recalls.answered(),
            recalls_waiting: self.recalls.waiting() as u64,
            recalls_oldest_ms: u64::try_from(self.recalls.oldest(now).as_millis()).unwrap_or(u64::MAX),
            last_error: self.notes.last_error(),
        }
    }

    /// Lines for the log since the last call.
    #[must_use]
    pub fn take_log(&mut self) -> Vec<String> {
        self.notes.take_lines()
    }

    /// The signals by their ids, for waiting on. They come and go with the stores.
    pub fn signals(&self) -> impl Iterator<Item = (SignalId, &dyn Signal)> {
        self.stores.signals()
    }

    /// Something came from a stream's web server; with `None`, nothing will come any more.
    pub fn input(&mut self, stream: StreamId, bytes: Option<&[u8]>, now: Instant, clients: &mut dyn Clients) {
        if self.streams.get_mut(stream).is_some_and(|stream| stream.hears(bytes)) {
            self.remove(stream, now, clients);
        }
    }

    /// A stream's client takes bytes again.
    pub fn writable(&mut self, stream: StreamId, now: Instant, clients: &mut dyn Clients) {
        if self.streams.get(stream).is_some_and(|stream| stream.is_writing()) {
            self.pump(stream, now, clients);
        }
    }

    /// Goes on with what a turn was too short for. True if there is more.
    pub fn go_on(&mut self, now: Instant, clients: &mut dyn Clients) -> bool {
        let is_more = self.read_on(now, clients);
        for stream in self.streams.take_waiting() {
            self.pump(stream, now, clients);
        }
        is_more || self.streams.has_waiting()
    }

    /// Does what is due: heartbeats, ends, cuts, recalls, and another look at stores that failed.
    pub fn tick(&mut self, now: Instant, clients: &mut dyn Clients) {
        self.ask_again(now, clients);
        self.stores.close_unused(now);
        for matter in self.recalls.take_due(now) {
            match matter {
                Matter::Stream(id) if self.streams.get(id).is_some() => self.pump(id, now, clients),
                Matter::Stream(_) => {}
                Matter::Key(group, index) => self.ask_for_key(group, index, now),
            }
        }
        for id in self.streams.take_due(now) {
            let Some(stream) = self.streams.get_mut(id) else { continue };
            match stream.what_is_due(now) {
                Due::Later(due) => self.streams.remind(id, due),
                Due::Cut => self.remove(id, now, clients),
                Due::End => self.end(id, self.is_draining, now, clients),
                Due::Heartbeat(next) => {
                    stream.beat(self.heartbeat.clone());
                    self.streams.remind(id, next);
                    self.pump(id, now, clients);
                }
            }
        }
    }

    /// When [`Hub::tick`] has something to do.
    #[must_use]
    pub fn next_tick(&self, now: Instant) -> Option<Instant> {
        let due = [self.streams.next_due(), self.recalls.next_due(now)];
        [self.next_question(), self.stores.next_close()].into_iter().chain(due).flatten().min()
    }

    /// Ends all streams within `spread`, each with a pause for its client.
    pub fn drain(&mut self, spread: Duration, now: Instant, clients: &mut dyn Clients) {
        let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        self.is_draining = true;
        for id in self.streams.ids() {
            if spread == 0 {
                self.end(id, true, now, clients);
                continue;
            }
            // Workers ask the hub that is to come, which knows nothing of recalls of this one.
            let is_recalled = self.streams.get(id).is_some_and(|stream| stream.recall().is_some());
            let spread = if is_recalled { spread.min(DRAIN_OF_RECALLED) } else { spread };
            let ends = now + Duration::from_millis(jitter::draw(&(0..=spread)));
            if self.streams.known_mut(id).is_ok_and(|stream| stream.end_by(ends)) {
                self.streams.remind(id, ends);
            }
        }
    }

    /// Lets a stream end; its client is to come back later if it is put off.
    fn end(&mut self, id: StreamId, is_put_off: bool, now: Instant, clients: &mut dyn Clients) {
        let Ok(stream) = self.streams.known_mut(id) else { return };
        match stream.end(is_put_off, now) {
            End::Begun(until) => {
                self.streams.remind(id, until);
                clients.hold_for_close(id);
                self.pump(id, now, clients);
            }
            End::UnderWay => {}
            End::Now => self.remove(id, now, clients),
        }
    }

    /// Forgets a stream and closes its connection.
    fn remove(&mut self, id: StreamId, now: Instant, clients: &mut dyn Clients) {
        let Ok(stream) = self.streams.remove(id, &mut self.channels) else { return };
        clients.close(id);
        if let Some(recall) = stream.recall() {
            self.recalls.leave(recall.group, id);
        }
        self.release(stream.keys(), now);
    }

    /// Descriptors that neither streams nor keys nor stores have.
    fn descriptors_left(&self) -> usize {
        let taken = self.streams.len() + self.channels.len() + self.stores.len() * stores::DESCRIPTORS;
        self.limits.descriptors.saturating_sub(taken)
    }
}
