//! How a stream comes and goes: its offer, its keys, its connection, its leaving.

use std::rc::Rc;
use std::time::Instant;

use sse_core::cursor::Epoch;
use sse_core::key::{Key, Keys};
use sse_core::signal::Choice;
use sse_core::stream::request::StreamRequest;
use sse_core::stream::resume::{Known, Opening};
use sse_core::stream::voice;

use super::channels::Channel;
use super::ids::{ChannelId, StoreId, StreamId};
use super::notes::Lost;
use super::seating::Usher;
use super::streams::{KeySet, Standing, Stream};
use super::{Clients, Hub, stores};
use crate::wire::message::{Go, Offer, Reason, Refusal};

/// Why a stream's keys can't be read.
enum Failure {
    /// The store's error.
    Store(sse_core::Error),
    /// Something of the hub's own is gone; that is noted.
    Lost(Lost),
}

impl From<sse_core::Error> for Failure {
    fn from(error: sse_core::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Hub {
    /// Takes an offer: follows its keys and finds its seats; the client isn't touched.
    ///
    /// # Errors
    /// [`Reason::Full`] if there is no room, [`Reason::Malformed`] if the offer says nothing that could be a
    /// stream, [`Reason::Store`] if the store can't be read, [`Reason::Busy`] where another process holds a
    /// lock: the same may work in a moment.
    pub fn offer(
        &mut self,
        offer: &Offer,
        now: Instant,
        clients: &mut dyn Clients,
    ) -> Result<StreamId, Refusal> {
        let request = &offer.request;
        self.make_room(request.keys.len())?;
        if let Some(recallable) = &offer.recall {
            self.refuse_unreachable(recallable, now)?;
        }
        let choice: Choice = offer.signal.parse().map_err(malformed)?;
        let store = self.stores.find_or_open(&offer.store, choice, now)?;
        self.refuse_while_out(store, now)?;
        let set =
            self.follow(store, &request.keys, now).map_err(|failure| self.refuse(store, failure, now))?;
        for &channel in &set.channels {
            self.look_anew(channel, now, clients);
        }
        let standing = self.refuse_while_out(store, now).and_then(|()| {
            self.standing(Rc::clone(&set), request).map_err(|failure| self.refuse(store, failure, now))
        });
        match standing {
            Ok(standing) => {
                let profile = self.streams.profiles.shared(&request.profile);
                let stream = Stream::offered(standing, request, profile, now);
                let Some(recallable) = &offer.recall else {
                    return Ok(self.streams.add(stream, &mut self.channels));
                };
                self.add_recalled(stream, recallable, now).inspect_err(|_| self.release(&set, now))
            }
            Err(refusal) => {
                self.release(&set, now);
                Err(refusal)
            }
        }
    }

    /// Refuses a stream of so many keys that there is no room for; closes readers where they have the room.
    fn make_room(&mut self, keys: usize) -> Result<(), Refusal> {
        let room = self.descriptors_left();
        if self.streams.len() >= self.limits.streams || room <= keys {
            let why = format!(
                "{} streams are open, no more fit; see sse.max_streams and the limit of open files",
                self.streams.len()
            );
            if !std::mem::replace(&mut self.is_full, true) {
                self.notes.error(why.clone());
            }
            return Err(Refusal { reason: Reason::Full, why });
        }
        self.is_full = false;
        // Streams come first: a reader can be opened anew.
        if room <= keys + self.streams.readers().count() {
            self.streams.give_up_readers();
        }
        Ok(())
    }

    /// Refuses while a store is not to be touched.
    fn refuse_while_out(&self, store: StoreId, now: Instant) -> Result<(), Refusal> {
        let refused = |why: &str| Err(Refusal { reason: Reason::Store, why: why.into() });
        match self.stores.known(store) {
            Ok(store) => store.outage(now).map_or(Ok(()), refused),
            Err(lost) => refused(lost.why()),
        }
    }

    /// Forgets a stream that was offered only.
    pub fn withdraw(&mut self, stream: StreamId, now: Instant, clients: &mut dyn Clients) {
        if self.is_offered(stream) {
            self.remove(stream, now, clients);
        }
    }

    /// Whether a stream still waits for its client's connection.
    #[must_use]
    pub fn is_offered(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_some_and(Stream::is_offered)
    }

    /// The client's connection is there: greets it, and sends what it lacks.
    pub fn go(&mut self, id: StreamId, go: Go, now: Instant, clients: &mut dyn Clients) {
        if !self.is_offered(id) {
            return;
        }
        let opened = self.read_with(id, now, |stream, reading| {
            let due = stream.open(go, now);
            stream.greet(reading);
            due
        });
        let Ok(due) = opened else { return };
        self.streams.remind(id, due);
        self.totals.taken += 1;
        self.pump(id, now, clients);
    }

    /// The set of these keys, with one more stream that follows it.
    fn follow(&mut self, store: StoreId, keys: &Keys, now: Instant) -> Result<Rc<KeySet>, Failure> {
        if let Some(set) = self.streams.key_sets.join(store, keys) {
            return Ok(set);
        }
        let mut channels = Vec::with_capacity(keys.len());
        for key in keys.iter() {
            match self.use_channel(store, key) {
                Ok(channel) => channels.push(channel),
                Err(failure) => {
                    channels.into_iter().for_each(|channel| self.drop_user(channel, now));
                    return Err(failure);
                }
            }
        }
        Ok(self.streams.key_sets.add(store, keys, channels))
    }

    /// One stream less follows these keys.
    pub(super) fn release(&mut self, set: &KeySet, now: Instant) {
        if self.streams.leave_set(set) {
            set.channels.iter().for_each(|&channel| self.drop_user(channel, now));
        }
    }

    /// The channel of a key, with one more set of keys that has it.
    fn use_channel(&mut self, store: StoreId, key: &Key) -> Result<ChannelId, Failure> {
        let channel = match self.channels.find(store, key) {
            Some(channel) => channel,
            None => self.open_channel(store, key)?,
        };
        self.channels.add_user(channel)?;
        Ok(channel)
    }

    fn open_channel(&mut self, store: StoreId, key: &Key) -> Result<ChannelId, Failure> {
        let mut watched = self.stores.watched(store)?;
        let channel = Channel::open(store, key, &mut watched)?;
        let watch = channel.watch();
        let id = self.channels.add(channel);
        watched.add_channel(watch, id);
        Ok(id)
    }

    /// One set of keys less has a channel; with the last it is closed.
    fn drop_user(&mut self, id: ChannelId, now: Instant) {
        if let Ok(Some(closed)) = self.channels.drop_user(id) {
            self.stores.end_following(closed.store(), closed.into_follower(), now);
        }
    }

    /// Has a channel look whether there is something new, whatever its signal says.
    pub(super) fn look_anew(&mut self, id: ChannelId, now: Instant, clients: &mut dyn Clients) {
        if let Ok(channel) = self.channels.known_mut(id) {
            channel.wake_up();
            self.refresh(id, now, clients);
        }
    }

    /// Where the stream's client stands in each key, and what of its own cursor is gone.
    fn standing(&mut self, set: Rc<KeySet>, request: &StreamRequest) -> Result<Standing, Failure> {
        let client = request.last_event_id.as_deref();
        let known = Known::read(client, &set.keys);
        let mut seats = Vec::with_capacity(set.keys.len());
        let mut gaps = Vec::new();
        for (index, (key, &channel)) in set.keys.iter().zip(&set.channels).enumerate() {
            let readers = self.streams.readers();
            let is_short = readers.count() >= self.descriptors_left();
            let usher = Usher { known: &known, replay: request.replay, readers, is_short };
            let channel = self.channels.known(channel)?;
            let (seat, gap) = usher.seat(index, key, channel, self.stores.known_mut(set.store)?)?;
            seats.push(seat);
            gaps.extend(gap.map(|gap| (index, gap)));
        }
        let opening = Opening::of(&gaps, client);
        if let Some(Opening { keys, gap, .. }) = &opening {
            let keys = keys.iter().filter_map(|&index| set.keys.get(index));
            self.notes.line(format!("{}; the client is told", voice::gap_line(keys, *gap)));
        }
        let epoch = self.stores.known(set.store)?.epoch().unwrap_or(Epoch(0));
        Ok(Standing::new(set, seats, epoch, opening))
    }

    /// The answer to an offer whose keys can't be read.
    fn refuse(&mut self, store: StoreId, failure: Failure, now: Instant) -> Refusal {
        let error = match failure {
            Failure::Store(error) => error,
            Failure::Lost(lost) => return Refusal { reason: Reason::Store, why: lost.why().into() },
        };
        if matches!(error, sse_core::Error::Locked { .. }) {
            return Refusal { reason: Reason::Busy, why: error.to_string() };
        }
        if let Ok(store) = self.stores.known_mut(store) {
            store.fails(&error, now);
            self.notes.last_error_is(format!("{}: {error}", store.location()));
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
