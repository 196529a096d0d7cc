//! How a stream comes and goes: its offer, its place in each key, its connection, its leaving.

use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::cursor::Tags;
use sse_core::follow::Follower;
use sse_core::jitter;
use sse_core::key::Key;
use sse_core::signal::Choice;
use sse_core::store::{Gap, Start};
use sse_core::stream::request::{Profile, Replay, StreamRequest};
use sse_core::stream::resume::{Known, Opening};
use sse_core::stream::voice;

use super::channel::{Channel, ENTRIES, Placed};
use super::stream::{Behind, Counted, Fresh, KeySet, Next, Seat, State, Stream};
use super::{Clients, Hub, Ticket, stores};
use crate::wire::message::{Go, Offer, Reason, Refusal};
use crate::wire::outgoing::Outgoing;
use crate::wire::record::Input;

/// Bytes that go out with a stream's greeting, if they are there.
const WITH_GREETING: usize = 16 << 10;
/// Pieces read of a key that is opened: more than its newest events are.
const PIECES: usize = 2 * ENTRIES;
/// Profiles kept, after which those that no stream has are forgotten.
const PROFILES: usize = 1_024;
/// No heartbeats faster than this, whatever is asked for.
const FASTEST_HEARTBEAT: Duration = Duration::from_millis(100);

impl Hub {
    /// Takes an offer: follows its keys and finds its places; the client isn't touched.
    ///
    /// # Errors
    /// Why the stream can't come. [`Reason::Busy`] where another process holds a lock: the same may work in
    /// a moment.
    pub fn offer(
        &mut self,
        offer: &Offer,
        now: Instant,
        clients: &mut dyn Clients,
    ) -> Result<Ticket, Refusal> {
        let room = self.descriptors_left();
        let request = &offer.request;
        if self.streams.len() >= self.limits.streams || room <= request.keys.len() {
            let why = format!(
                "{} streams are open, no more fit; see sse.max_streams and the limit of open files",
                self.streams.len()
            );
            if !std::mem::replace(&mut self.is_full, true) {
                self.note(why.clone());
            }
            return Err(Refusal { reason: Reason::Full, why });
        }
        self.is_full = false;
        // Streams come first: a reader can be opened anew.
        if room <= request.keys.len() + self.count_readers() {
            self.give_up_readers();
        }
        let choice: Choice = offer.signal.parse().map_err(malformed)?;
        let store = self.store(&offer.store, choice, now)?;
        self.is_there(store, now)?;
        let set = self.key_set(store, &request.keys, now).map_err(|error| self.refuse(store, &error))?;
        for &channel in &set.channels {
            if let Some(channel) = self.channels.get_mut(channel) {
                channel.follower.wake_up();
            }
            self.refresh(channel, now, clients);
        }
        let placed = self
            .is_there(store, now)
            .and_then(|()| self.place(&set, request).map_err(|error| self.refuse(store, &error)));
        match placed {
            Ok((seats, opening)) => Ok(self.enter(request, set, seats, opening, now)),
            Err(refusal) => {
                self.release(&set, now);
                Err(refusal)
            }
        }
    }

    /// Refuses while a store is not to be touched.
    fn is_there(&self, store: usize, now: Instant) -> Result<(), Refusal> {
        let refused = |why: &str| Err(Refusal { reason: Reason::Store, why: why.into() });
        self.outage(store, now).map_or(Ok(()), refused)
    }

    /// Forgets a stream that was offered only.
    pub fn withdraw(&mut self, ticket: Ticket, now: Instant, clients: &mut dyn Clients) {
        if self.is_offered(ticket) {
            self.remove(ticket.number, now, clients);
        }
    }

    /// Whether a stream still waits for its client's connection.
    #[must_use]
    pub fn is_offered(&self, ticket: Ticket) -> bool {
        self.streams.get(ticket.number).is_some_and(|stream| {
            stream.generation == ticket.generation && matches!(stream.state, State::Offered)
        })
    }

    /// The client's connection is there: greets it, and sends what it lacks.
    pub fn go(&mut self, ticket: Ticket, go: Go, now: Instant, clients: &mut dyn Clients) {
        if !self.is_offered(ticket) {
            return;
        }
        let number = ticket.number;
        self.pass_over(number, now);
        let Some(stream) = self.streams.get_mut(number) else { return };
        stream.state = State::Open;
        stream.request = go.request;
        stream.may_follow_end = go.may_follow_end;
        stream.input = Input::new(go.request, go.at_record);
        stream.written = now;
        let due = stream.due(super::STALLED);
        self.timers.set(due, number, stream.generation);
        self.status.taken += 1;

        let mut out = Vec::new();
        let connected = stream.connected.take();
        voice::greet(&mut out, stream.profile.retry, &stream.cursor(), connected.as_deref());
        // What it lacks goes with it, if it is little; the bytes of a large event stay shared.
        let mut outgoing = None;
        while out.len() < WITH_GREETING {
            let Some(frame) = self.next(number, now) else { break };
            if frame.length() > WITH_GREETING {
                outgoing = Some(frame.behind(&out));
                break;
            }
            frame.append_to(&mut out);
        }
        if let Some(stream) = self.streams.get_mut(number) {
            stream.outgoing = Some(outgoing.unwrap_or_else(|| Outgoing::whole(&out)));
        }
        self.pump(number, now, clients);
    }

    /// Gives back what a stream held.
    pub(super) fn leave(&mut self, stream: Stream, now: Instant) {
        for (seat, &channel) in stream.seats.iter().zip(&stream.keys.channels) {
            let Some(channel) = self.channels.get_mut(channel) else { continue };
            if seat.slot >= channel.seats.len() {
                continue;
            }
            channel.seats.swap_remove(seat.slot);
            // The last of the list is in its place now.
            if let Some(&(moved, index)) = channel.seats.get(seat.slot)
                && let Some(moved) =
                    self.streams.get_mut(moved).and_then(|stream| stream.seats.get_mut(index))
            {
                moved.slot = seat.slot;
            }
        }
        let set = Rc::clone(&stream.keys);
        drop(stream);
        self.release(&set, now);
    }

    fn enter(
        &mut self,
        request: &StreamRequest,
        set: Rc<KeySet>,
        seats: Vec<Seat>,
        opening: Option<Opening>,
        now: Instant,
    ) -> Ticket {
        let profile = self.profile(&request.profile);
        let lifetime = (!request.lifetime.is_zero()).then_some(request.lifetime);
        let epoch = self.stores.get(set.store).and_then(|opened| opened.epoch);
        self.generation += 1;
        let entry = self.streams.vacant_entry();
        let number = entry.key();
        let mut seats = seats.into_boxed_slice();
        for (index, (seat, &channel)) in seats.iter_mut().zip(&set.channels).enumerate() {
            if let Some(channel) = self.channels.get_mut(channel) {
                seat.slot = channel.seats.len();
                channel.seats.push((number, index));
            }
        }
        entry.insert(Stream {
            seats,
            epoch: epoch.unwrap_or(sse_core::cursor::Epoch(0)),
            pause: jitter::shortened(profile.heartbeat.max(FASTEST_HEARTBEAT)),
            profile,
            state: State::Offered,
            request: 0,
            may_follow_end: false,
            connected: request.connected.as_deref().map(Box::from),
            opening: opening.map(Box::new),
            outgoing: None,
            is_waiting: false,
            input: Input::new(0, false),
            written: now,
            ends: lifetime.map(|lifetime| now + jitter::shortened(lifetime)),
            generation: self.generation,
            keys: set,
        });
        Ticket { number, generation: self.generation }
    }

    fn profile(&mut self, profile: &Profile) -> Rc<Profile> {
        if let Some(known) = self.profiles.get(profile) {
            return Rc::clone(known);
        }
        if self.profiles.len() >= PROFILES {
            self.profiles.retain(|_, profile| Rc::strong_count(profile) > 1);
        }
        let shared = Rc::new(profile.clone());
        self.profiles.insert(profile.clone(), Rc::clone(&shared));
        shared
    }

    /// The set of these keys, with one more stream that follows it.
    fn key_set(&mut self, store: usize, keys: &[Key], now: Instant) -> sse_core::Result<Rc<KeySet>> {
        if let Some((set, streams)) = self.key_sets.get_mut(&(store, keys.to_vec())) {
            *streams += 1;
            return Ok(Rc::clone(set));
        }
        let mut channels = Vec::with_capacity(keys.len());
        for key in keys {
            match self.channel(store, key) {
                Ok(channel) => channels.push(channel),
                Err(error) => {
                    channels.into_iter().for_each(|channel| self.drop_user(channel, now));
                    return Err(error);
                }
            }
        }
        let set = Rc::new(KeySet { store, keys: keys.to_vec(), channels, tags: Tags::new(keys) });
        self.key_sets.insert((store, keys.to_vec()), (Rc::clone(&set), 1));
        Ok(set)
    }

    /// One stream less follows these keys.
    fn release(&mut self, set: &Rc<KeySet>, now: Instant) {
        let name = (set.store, set.keys.clone());
        let Some((_, streams)) = self.key_sets.get_mut(&name) else { return };
        *streams -= 1;
        if *streams == 0 {
            self.key_sets.remove(&name);
            self.line.take();
            set.channels.iter().for_each(|&channel| self.drop_user(channel, now));
        }
    }

    /// The channel of a key, with one more set of keys that it belongs to.
    fn channel(&mut self, store: usize, key: &Key) -> sse_core::Result<usize> {
        let name = (store, key.clone());
        let number = match self.by_key.get(&name) {
            Some(&number) => number,
            None => {
                let number = self.open_channel(store, key)?;
                self.by_key.insert(name, number);
                number
            }
        };
        if let Some(channel) = self.channels.get_mut(number) {
            channel.users += 1;
        }
        Ok(number)
    }

    fn open_channel(&mut self, store: usize, key: &Key) -> sse_core::Result<usize> {
        let Some(opened) = self.stores.get_mut(store) else { return Err(sse_core::Error::NoKeys) };
        let Some(signal) = self.signals.get_mut(&opened.signal) else { return Err(sse_core::Error::NoKeys) };
        let start = Start::Newest(ENTRIES as u64);
        let begun = Follower::begin(&*opened.store, key, start, &mut *signal.signal)?;
        opened.epoch = Some(begun.follower.epoch());
        let mut channel = Channel::new(store, key.clone(), begun.follower);
        // What is pushed meanwhile is read later, with what comes then.
        for _ in 0..PIECES {
            match channel.follower.fill(&*opened.store, key, &mut *signal.signal, super::delivery::READ) {
                Ok(items) if items.is_empty() => {
                    // Else there is more than one may read at once: damage, which is passed over in turns.
                    if !channel.follower.is_stale() {
                        channel.is_loaded();
                    }
                    break;
                }
                Ok(items) => items.into_iter().for_each(|item| channel.push(item)),
                Err(error) => {
                    channel.follower.close(&mut *signal.signal);
                    return Err(error);
                }
            }
        }
        let watch = channel.follower.watch();
        let number = self.channels.insert(channel);
        signal.watches.insert(watch, number);
        if let Some(opened) = self.stores.get_mut(store) {
            opened.channels += 1;
            opened.unused = None;
        }
        Ok(number)
    }

    fn drop_user(&mut self, number: usize, now: Instant) {
        let Some(channel) = self.channels.get_mut(number) else { return };
        channel.users = channel.users.saturating_sub(1);
        if channel.users > 0 {
            return;
        }
        let channel = self.channels.remove(number);
        self.failing.remove(&number);
        if let Some(opened) = self.stores.get_mut(channel.store) {
            opened.channels = opened.channels.saturating_sub(1);
            opened.unused = (opened.channels == 0).then_some(now);
            if let Some(signal) = self.signals.get_mut(&opened.signal) {
                signal.watches.remove(&channel.follower.watch());
                channel.follower.close(&mut *signal.signal);
            }
        }
        self.by_key.remove(&(channel.store, channel.key));
    }

    /// Where the stream's client stands in each key, and what of its own cursor is gone.
    fn place(
        &mut self,
        set: &KeySet,
        request: &StreamRequest,
    ) -> sse_core::Result<(Vec<Seat>, Option<Opening>)> {
        let client = request.last_event_id.as_deref();
        let known = Known::read(client, &set.keys);
        let replay = request.replay;
        let mut seats = Vec::with_capacity(set.keys.len());
        let mut gaps = Vec::new();
        for index in 0..set.keys.len() {
            let (seat, gap) = self.seat(set, index, &known, replay)?;
            seats.push(seat);
            gaps.extend(gap.map(|gap| (index, gap)));
        }
        let opening = Opening::of(&gaps, client);
        if let Some(Opening { keys, gap, .. }) = &opening {
            let keys = keys.iter().filter_map(|&index| set.keys.get(index));
            self.log.push(format!("{}; the client is told", voice::gap_line(keys, *gap)));
        }
        Ok((seats, opening))
    }

    fn seat(
        &mut self,
        set: &KeySet,
        index: usize,
        known: &Known,
        replay: Replay,
    ) -> sse_core::Result<(Seat, Option<Gap>)> {
        let is_short = self.is_short();
        let channel = set.channels.get(index).and_then(|&channel| self.channels.get(channel));
        let (Some(channel), Some(key)) = (channel, set.keys.get(index)) else {
            return Err(sse_core::Error::NoKeys);
        };
        let Some(opened) = self.stores.get_mut(set.store) else { return Err(sse_core::Error::NoKeys) };
        let fresh = known
            .position(index)
            .is_none()
            .then(|| Box::new(Fresh { position: channel.position(), end: channel.end() }));
        let seat = |position, next| Seat { position, next, fresh: fresh.clone(), slot: usize::MAX };
        let at = |position, placed| match placed {
            Placed::At(number) => Some(seat(position, Next::Entry(number))),
            Placed::Elsewhere => None,
        };
        let in_memory = |position| at(position, channel.place(position));
        let from_memory = |start| match start {
            Start::After(position) => in_memory(position),
            Start::Newest(0) => at(channel.position(), channel.place_behind(channel.position())),
            Start::Newest(count) => channel.newest(count).and_then(in_memory),
            Start::Oldest => channel.oldest().and_then(in_memory),
        };
        let epoch = opened.epoch.unwrap_or(channel.epoch());
        let start = known.start(index, epoch, replay);
        // Only the store knows what a cursor of another one is worth: the channel may be what is behind.
        let is_certain = channel.epoch() == epoch && !known.is_foreign(epoch);
        if is_certain && let Some(seat) = from_memory(start) {
            return Ok((seat, None));
        }
        let mut reading = opened.store.reader(key, start)?;
        if let Some(start) = known.elsewhere(index, epoch, (reading.epoch, reading.last_id), replay) {
            let is_certain = is_certain && reading.epoch == epoch;
            if is_certain && let Some(seat) = from_memory(start) {
                return Ok((seat, None));
            }
            reading = opened.store.reader(key, start)?;
        }
        let epoch = reading.epoch;
        opened.epoch = Some(epoch);
        let position = reading.reader.position();
        let next = if is_short {
            Next::Reopen
        } else {
            let reader = Counted { reader: reading.reader, _counts: Rc::clone(&self.readers) };
            Next::Store(Box::new(Behind { reader: Some(reader), epoch, queue: Default::default() }))
        };
        Ok((seat(position, next), reading.gap.or_else(|| known.foreign(index, epoch, position))))
    }

    fn refuse(&mut self, store: usize, error: &sse_core::Error) -> Refusal {
        if matches!(error, sse_core::Error::Locked { .. }) {
            return Refusal { reason: Reason::Busy, why: error.to_string() };
        }
        self.store_fails(store, error);
        if let Some(opened) = self.stores.get(store) {
            self.status.last_error = Some(format!("{}: {error}", opened.location));
        }
        let why = match error {
            sse_core::Error::Denied { .. } => stores::with_groups(&error.to_string()),
            _ => error.to_string(),
        };
        Refusal { reason: Reason::Store, why }
    }
}

fn malformed(error: impl std::fmt::Display) -> Refusal {
    Refusal { reason: Reason::Malformed, why: error.to_string() }
}
