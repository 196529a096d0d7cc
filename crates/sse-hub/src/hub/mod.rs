//! All streams, and what becomes of them: offers, events, heartbeats, ends.
//!
//! Knows nothing of sockets: bytes go out through a [`Clients`], the time comes in as an argument.
//!
//! Always true:
//! - a stream's seat is in the list of its key's channel as long as the stream is;
//! - one signal watches a log once, whatever path it was offered under;
//! - what is written to one client is bounded in each turn, so that none keeps the others waiting.

mod channel;
mod delivery;
mod outages;
mod registration;
mod stores;
mod stream;
#[cfg(test)]
mod tests;
mod timers;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::IoSlice;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::frame;
use sse_core::id::EventId;
use sse_core::jitter;
use sse_core::key::Key;
use sse_core::signal::{Changes, Choice, Signal};
use sse_core::stream::request::Profile;
use sse_core::stream::voice;

use self::channel::Channel;
use self::outages::Failing;
use self::stores::{Known, OpenedSignal, OpenedStore};
use self::stream::{KeySet, State, Stream};
use self::timers::Timers;
use crate::wire::message::Status;
use crate::wire::outgoing::Outgoing;
use crate::wire::record;

/// A client that takes nothing for so long is cut; it comes back with its cursor.
const STALLED: Duration = Duration::from_secs(60);

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// So many bytes were taken.
    Bytes(usize),
    /// None for now.
    Blocked,
    /// The connection is over.
    Gone,
}

/// The clients' connections.
pub trait Clients {
    /// Writes to a stream's client without waiting.
    fn write(&mut self, stream: usize, parts: &[IoSlice<'_>]) -> Written;
    /// What is written from now on may wait for the connection's end and go out with it.
    fn hold_for_close(&mut self, stream: usize);
    /// Closes a stream's connection.
    fn close(&mut self, stream: usize);
}

/// A stream that was offered. Its number alone may be another stream's by the time it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    number: usize,
    generation: u64,
}

impl Ticket {
    /// The stream's number.
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }
}

/// What bounds a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Streams.
    pub streams: usize,
    /// Streams and keys together, each takes a descriptor; what is left of them is for stores, and for
    /// readers of streams that are behind.
    pub descriptors: usize,
}

/// The streams of this process.
pub struct Hub {
    limits: Limits,
    stores: slab::Slab<OpenedStore>,
    /// Stores by the names that they were offered under.
    names: HashMap<(String, Choice), Known>,
    signals: BTreeMap<usize, OpenedSignal>,
    /// The number of the next signal.
    next_signal: usize,
    channels: slab::Slab<Channel>,
    streams: slab::Slab<Stream>,
    /// Channels by store and key.
    by_key: HashMap<(usize, Key), usize>,
    /// Sets of keys, and how many streams follow each.
    key_sets: HashMap<(usize, Vec<Key>), (Rc<KeySet>, usize)>,
    profiles: HashMap<Profile, Rc<Profile>>,
    timers: Timers,
    /// Streams that had more than a turn's worth to send.
    waiting: Vec<usize>,
    /// Channels that could not be read.
    failing: HashMap<usize, Failing>,
    /// Channels that are to be read.
    unread: VecDeque<usize>,
    /// The last `id:` line: streams at the same place share it.
    line: RefCell<Option<Line>>,
    heartbeat: Outgoing,
    /// Held by each reader of a stream that is behind: how many there are.
    readers: Rc<()>,
    generation: u64,
    /// Whether all streams are to end.
    is_draining: bool,
    /// Whether the last offer found no place; told once.
    is_full: bool,
    status: Status,
    log: Vec<String>,
}

/// An `id:` line and what it was written for.
struct Line {
    keys: Rc<KeySet>,
    epoch: sse_core::cursor::Epoch,
    positions: Vec<EventId>,
    bytes: Rc<[u8]>,
}

impl Hub {
    /// A hub without streams.
    #[must_use]
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            stores: slab::Slab::new(),
            names: HashMap::new(),
            signals: BTreeMap::new(),
            next_signal: 0,
            channels: slab::Slab::new(),
            streams: slab::Slab::new(),
            by_key: HashMap::new(),
            key_sets: HashMap::new(),
            profiles: HashMap::new(),
            timers: Timers::new(now),
            waiting: Vec::new(),
            failing: HashMap::new(),
            unread: VecDeque::new(),
            line: RefCell::new(None),
            heartbeat: Outgoing::whole(frame::HEARTBEAT),
            readers: Rc::new(()),
            generation: 0,
            is_draining: false,
            is_full: false,
            status: Status::default(),
            log: Vec::new(),
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
    pub fn status(&self) -> Status {
        let names: Vec<&str> = self.signals.values().map(|opened| opened.signal.name()).collect();
        Status {
            pid: std::process::id(),
            streams: self.streams.len() as u64,
            max_streams: self.limits.streams as u64,
            keys: self.channels.len() as u64,
            signal: names.join(", "),
            ..self.status.clone()
        }
    }

    /// Lines for the log since the last call.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// The signals by their numbers, for waiting on. They come and go with the stores; no number is given
    /// twice.
    pub fn signals(&self) -> impl Iterator<Item = (usize, &dyn Signal)> {
        self.signals.iter().map(|(&number, opened)| (number, &*opened.signal))
    }

    /// Looks at what the signal with this number saw, and sends what is new.
    pub fn signalled(&mut self, index: usize, now: Instant, clients: &mut dyn Clients) {
        let Some(opened) = self.signals.get_mut(&index) else { return };
        let changes = opened.signal.changes();
        let channels: Vec<usize> = match &changes {
            Changes::All => opened.watches.values().copied().collect(),
            Changes::Some(watches) => {
                watches.iter().filter_map(|watch| opened.watches.get(watch).copied()).collect()
            }
        };
        for channel in channels {
            self.read_later(channel, false);
        }
        self.read_on(now, clients);
    }

    /// Something came from a stream's web server; with `None`, nothing will come any more.
    pub fn input(&mut self, stream: usize, bytes: Option<&[u8]>, now: Instant, clients: &mut dyn Clients) {
        let Some(found) = self.streams.get_mut(stream) else { return };
        if bytes.is_none_or(|bytes| found.input.take(bytes)) {
            self.remove(stream, now, clients);
        }
    }

    /// A stream's client takes bytes again.
    pub fn writable(&mut self, stream: usize, now: Instant, clients: &mut dyn Clients) {
        if self.streams.get(stream).is_some_and(|stream| stream.outgoing.is_some()) {
            self.pump(stream, now, clients);
        }
    }

    /// Goes on with what a turn was too short for. True if there is more.
    pub fn go_on(&mut self, now: Instant, clients: &mut dyn Clients) -> bool {
        let is_more = self.read_on(now, clients);
        for stream in std::mem::take(&mut self.waiting) {
            if let Some(stream) = self.streams.get_mut(stream) {
                stream.is_waiting = false;
            }
            self.pump(stream, now, clients);
        }
        is_more || !self.waiting.is_empty()
    }

    /// Does what is due: heartbeats, ends, cuts, and another look at stores that failed.
    pub fn tick(&mut self, now: Instant, clients: &mut dyn Clients) {
        self.ask_again(now, clients);
        self.close_unused(now);
        for (number, generation) in self.timers.take_due(now) {
            let Some(stream) = self.streams.get_mut(number) else { continue };
            if stream.generation != generation {
                continue;
            }
            let due = stream.due(STALLED);
            if due > now {
                // A client that is slow now may catch up, and is owed a heartbeat a pause after that.
                self.timers.set(due.min(now + stream.pause.min(STALLED)), number, generation);
            } else if stream.outgoing.is_some() && now.duration_since(stream.written) >= STALLED {
                self.remove(number, now, clients);
            } else if stream.ends.is_some_and(|ends| ends <= now) {
                self.end(number, self.is_draining, now, clients);
            } else {
                stream.outgoing = Some(self.heartbeat.clone());
                self.timers.set(now + stream.pause, number, generation);
                self.pump(number, now, clients);
            }
        }
    }

    /// When [`Hub::tick`] has something to do.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        [self.next_question(), self.next_close(), self.timers.next()].into_iter().flatten().min()
    }

    /// Ends all streams within `spread`, each with a pause for its client.
    pub fn drain(&mut self, spread: Duration, now: Instant, clients: &mut dyn Clients) {
        let numbers: Vec<usize> = self.streams.iter().map(|(number, _)| number).collect();
        let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        self.is_draining = true;
        for number in numbers {
            let Some(stream) = self.streams.get_mut(number) else { continue };
            if spread == 0 {
                self.end(number, true, now, clients);
                continue;
            }
            let ends = now + Duration::from_millis(jitter::draw(&(0..=spread)));
            if stream.ends.is_none_or(|already| ends < already) {
                stream.ends = Some(ends);
                self.timers.set(ends, number, stream.generation);
            }
        }
    }

    /// Lets a stream end: what is begun is written, then the client's pause if it is put off, then the end.
    fn end(&mut self, number: usize, is_put_off: bool, now: Instant, clients: &mut dyn Clients) {
        let Some(stream) = self.streams.get_mut(number) else { return };
        match stream.state {
            State::Open => {}
            State::Offered => return self.remove(number, now, clients),
            // All that is left has its time, whatever the hub does meanwhile.
            State::Ending(_) if stream.ends.is_some_and(|ends| ends > now) => return,
            State::Ending(_) => return self.remove(number, now, clients),
        }
        stream.ends = Some(now + STALLED);
        self.timers.set(now + STALLED, number, stream.generation);
        let pause = is_put_off.then(|| {
            let mut out = Vec::new();
            voice::put_off(&mut out, "the server ends this stream, come back later");
            Outgoing::whole(&out)
        });
        stream.state = State::Ending(
            pause
                .into_iter()
                .chain([Outgoing::records(&record::end(stream.request, stream.may_follow_end))])
                .collect(),
        );
        clients.hold_for_close(number);
        self.pump(number, now, clients);
    }

    /// Forgets a stream and closes its connection.
    fn remove(&mut self, number: usize, now: Instant, clients: &mut dyn Clients) {
        let Some(stream) = self.streams.try_remove(number) else { return };
        clients.close(number);
        self.leave(stream, now);
    }

    /// Descriptors that neither streams nor keys nor stores have.
    fn descriptors_left(&self) -> usize {
        let taken = self.streams.len() + self.channels.len() + self.stores.len() * stores::DESCRIPTORS;
        self.limits.descriptors.saturating_sub(taken)
    }

    /// Readers of streams that are behind.
    fn count_readers(&self) -> usize {
        Rc::strong_count(&self.readers) - 1
    }

    /// Whether there is no descriptor for one more reader.
    fn is_short(&self) -> bool {
        self.count_readers() >= self.descriptors_left()
    }

    fn note(&mut self, line: String) {
        self.status.last_error = Some(line.clone());
        self.log.push(line);
    }
}
