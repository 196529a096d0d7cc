//! The hub without sockets: a store in a directory, and clients that are lists of bytes.

mod delivery;
mod life;
mod model;
mod outages;
mod recalls;
mod vectors;

use std::collections::HashMap;
use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sse_core::event::{Draft, EventName};
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};
use sse_core::retention::Retention;
use sse_core::signal::Choice;
use sse_core::store::Policy;
use sse_core::store::file::FileStore;
use sse_core::stream::request::{Profile, Replay, Retry, StreamRequest};
use tempfile::TempDir;

use super::ids::{ChannelId, StoreId};
use super::*;
use crate::wire::message::{Build, Go, Offer, PROTOCOL, Reason};

fn keys_of(names: &[&str]) -> Keys {
    Keys::new(names.iter().map(|name| Key::new(name.as_bytes()).unwrap()).collect()).unwrap()
}

const RECALLS: RecallLimits = RecallLimits { concurrency: 2, interval: Duration::from_secs(15) };
const UNLIMITED: Limits = Limits { streams: 100, descriptors: 1_000, recalls: RECALLS };

/// What each client was sent.
#[derive(Default)]
struct FakeClients {
    sent: HashMap<StreamId, Vec<u8>>,
    blocked: Vec<StreamId>,
    /// How many bytes a client takes before it blocks, if it is slow.
    room: HashMap<StreamId, usize>,
    gone: Vec<StreamId>,
    closed: Vec<StreamId>,
}

impl Clients for FakeClients {
    fn write(&mut self, stream: StreamId, parts: &[IoSlice<'_>]) -> Written {
        if self.blocked.contains(&stream) {
            return Written::Blocked;
        }
        if self.gone.contains(&stream) {
            return Written::Gone;
        }
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        if let Some(room) = self.room.get_mut(&stream) {
            if *room == 0 {
                return Written::Blocked;
            }
            bytes.truncate(*room);
            *room -= bytes.len();
        }
        self.sent.entry(stream).or_default().extend(&bytes);
        Written::Bytes(bytes.len())
    }

    fn hold_for_close(&mut self, stream: StreamId) {
        assert!(!self.closed.contains(&stream));
    }

    fn close(&mut self, stream: StreamId) {
        self.closed.push(stream);
    }
}

struct World {
    directory: TempDir,
    store: Arc<FileStore>,
    limits: Limits,
    hub: Hub,
    clients: FakeClients,
    now: Instant,
}

impl World {
    /// Nothing is dropped.
    fn new(limits: Limits) -> Self {
        Self::with(limits, 1_000_000)
    }

    fn unlimited() -> Self {
        Self::new(UNLIMITED)
    }

    /// The store keeps so many events of a key.
    fn keeping(events: u64) -> Self {
        Self::with(UNLIMITED, events)
    }

    fn with(limits: Limits, events: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let retention = Retention { events, bytes: 1 << 40, ..Retention::default() };
        let store = FileStore::new(directory.path(), Policy { retention, ..Policy::default() });
        let now = Instant::now();
        let (hub, clients) = (Hub::new(limits, now), FakeClients::default());
        Self { directory, store, limits, hub, clients, now }
    }

    fn offer(&self, path: &Path, keys: &[&str], client: Option<&str>, replay: Replay) -> Offer {
        Offer {
            from: Build { protocol: PROTOCOL, build: String::new() },
            store: format!("file://{}", path.display()),
            signal: "auto".into(),
            request: StreamRequest {
                keys: keys_of(keys),
                last_event_id: client.map(Into::into),
                replay,
                lifetime: Duration::ZERO,
                connected: Some("12:00:00".into()),
                profile: Profile {
                    event_name: EventName::new(b"message").unwrap(),
                    heartbeat: Duration::from_secs(25),
                    retry: Retry::new(5, 5),
                },
            },
            recall: None,
        }
    }

    /// An offer of a stream that lives so long.
    fn offer_for(&self, lifetime: Duration) -> Offer {
        let mut offer = self.offer(self.directory.path(), &["k"], None, Replay::None);
        offer.request.lifetime = lifetime;
        offer
    }

    fn take(&mut self, offer: &Offer) -> StreamId {
        let stream = self.hub.offer(offer, self.now, &mut self.clients).unwrap();
        self.hub.go(stream, Go::of(1), self.now, &mut self.clients);
        stream
    }

    fn open(&mut self, keys: &[&str], client: Option<&str>, replay: Replay) -> StreamId {
        let offer = self.offer(self.directory.path(), keys, client, replay);
        self.take(&offer)
    }

    /// The store of the world's own directory.
    fn store_id(&mut self) -> StoreId {
        let dsn = format!("file://{}", self.directory.path().display());
        self.hub.stores.find_or_open(&dsn, Choice::Auto, self.now).unwrap()
    }

    /// The channel of a key in there, which is followed.
    fn channel(&mut self, key: &str) -> ChannelId {
        let store = self.store_id();
        self.hub.channels.find(store, &Key::new(key.as_bytes()).unwrap()).unwrap()
    }

    /// Whether a store is not to be touched then.
    fn is_out(&self, store: StoreId, when: Instant) -> bool {
        self.hub.stores.known(store).unwrap().outage(when).is_some()
    }

    fn push(&self, key: &str, data: u64) {
        self.push_padded(key, data, 0);
    }

    fn push_padded(&self, key: &str, data: u64, padding: usize) {
        self.append(key, data, padding);
    }

    /// Spaces behind a number leave it the same JSON.
    fn append(&self, key: &str, data: u64, padding: usize) -> EventId {
        let draft = Draft::new(format!("{data}{}", " ".repeat(padding)).into_bytes(), None).unwrap();
        self.store.append(&Key::new(key.as_bytes()).unwrap(), &draft).unwrap()
    }

    /// Sends what is new, as the reactor does, until the signal has no more to say.
    fn settle(&mut self) {
        while self.hear() || self.hub.go_on(self.now, &mut self.clients) {}
    }

    /// Lets time pass until all that was to be tried again was.
    fn wait_out(&mut self) {
        self.settle();
        while let Some(due) = self.hub.next_question() {
            self.now = self.now.max(due);
            self.hub.tick(self.now, &mut self.clients);
            self.settle();
        }
    }

    /// Looks at a signal that has something to say, if one has.
    fn hear(&mut self) -> bool {
        let found = self.hub.signals().find(|(_, signal)| {
            let Some(descriptor) = signal.descriptor() else { return false };
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&none)).unwrap() > 0
        });
        let signal = found.map(|(id, _)| id);
        if let Some(signal) = signal {
            self.hub.signalled(signal, self.now, &mut self.clients);
        }
        signal.is_some()
    }

    /// The output of a stream, and whether its end was sent.
    fn output(&self, stream: StreamId) -> (String, bool) {
        let mut bytes = self.clients.sent.get(&stream).map_or(&[][..], Vec::as_slice);
        let (mut output, mut is_ended) = (Vec::new(), false);
        while let Some((header, rest)) = bytes.split_first_chunk::<8>() {
            let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
            is_ended |= header[1] == 3;
            if header[1] == 6 {
                output.extend_from_slice(&rest[..length.min(rest.len())]);
            }
            bytes = rest.get(length..).unwrap_or_default();
        }
        (String::from_utf8(output).unwrap(), is_ended)
    }

    /// The data of a stream's events, without `connected`, and its last id.
    fn events(&self, stream: StreamId) -> (Vec<u64>, String) {
        let (output, _) = self.output(stream);
        let data = output.lines().filter_map(number).collect();
        let id = output.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap_or_default();
        (data, id.to_owned())
    }
}

/// The number that a line of an event's data is.
fn number(line: &str) -> Option<u64> {
    line.strip_prefix("data: ")?.trim_end().parse().ok()
}
