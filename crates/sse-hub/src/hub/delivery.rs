//! From the stores to the clients: what is new goes to every stream of its key, what a stream lacks
//! to that one.

use std::rc::Rc;
use std::time::Instant;

use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::id::EventId;
use sse_core::store::{Gap, Item, Start, Store};
use sse_core::stream::voice;

use super::channel::{BYTES, Channel, Content, ENTRIES, Entry, Placed, write_gap};
use super::stream::{Behind, Counted, Fresh, KeySet, Next, Seat, State, Stream};
use super::{Clients, Hub, Line, Written};
use crate::wire::outgoing::Outgoing;

/// Bytes of JSON read at a time for a key.
pub(super) const READ: usize = BYTES / 2;
/// Bytes of JSON read at a time for one stream that is behind.
const READ_BEHIND: usize = 16 << 10;
/// Bytes written to a stream before others have their turn.
const TURN: usize = 128 << 10;
/// Readers that blocked streams may keep; beyond it they are opened anew when their client goes on.
const READERS: usize = 256;

impl Hub {
    /// Reads a piece on in a channel's log, and sends what is new to all of its streams; what is left
    /// is for later.
    pub(super) fn refresh(&mut self, number: usize, now: Instant, clients: &mut dyn Clients) {
        let Some(channel) = self.channels.get(number) else { return };
        let store = channel.store;
        if !channel.follower.is_stale() || self.outage(store, now).is_some() {
            return;
        }
        let Some(channel) = self.channels.get_mut(number) else { return };
        let Some(opened) = self.stores.get_mut(store) else { return };
        let Some(signal) = self.signals.get_mut(&opened.signal) else { return };
        let (epoch, watch) = (channel.follower.epoch(), channel.follower.watch());
        let read = channel.follower.fill(&*opened.store, &channel.key, &mut *signal.signal, READ);
        if channel.follower.watch() != watch {
            signal.watches.remove(&watch);
            signal.watches.insert(channel.follower.watch(), number);
        }
        if channel.follower.epoch() != epoch {
            channel.begin_anew();
            opened.epoch = Some(channel.follower.epoch());
        }
        let is_stale = channel.follower.is_stale();
        match read {
            Ok(items) => {
                self.answers(store);
                self.spread(number, items, now, clients);
                if is_stale {
                    self.read_later(number, false);
                }
            }
            Err(error) => self.fails(number, &error, now),
        }
    }

    /// Gives new items to a channel and sends them, a few at a time: a stream that keeps up finds
    /// them in memory.
    fn spread(
        &mut self,
        number: usize,
        items: impl IntoIterator<Item = Item>,
        now: Instant,
        clients: &mut dyn Clients,
    ) {
        let mut count = 0;
        let mut bytes = 0;
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            let Some(channel) = self.channels.get_mut(number) else { return };
            count += 1;
            match &item {
                Item::Event(event) => {
                    bytes += event.draft.json.len();
                    if event.draft.external {
                        self.log.push(format!(
                            "event {} of key {} is external, and the hub can't fetch it; clients are told of a gap",
                            event.id, channel.key
                        ));
                    }
                }
                Item::Gap(gap) => {
                    self.log.push(format!("{}; clients are told", voice::gap_line([&channel.key], *gap)));
                }
            }
            channel.push(item);
            if count < ENTRIES / 2 && bytes < BYTES / 2 && items.peek().is_some() {
                continue;
            }
            (count, bytes) = (0, 0);
            self.pump_all(number, now, clients);
        }
    }

    /// Writes what the streams of a channel have to get.
    pub(super) fn pump_all(&mut self, number: usize, now: Instant, clients: &mut dyn Clients) {
        let Some(channel) = self.channels.get(number) else { return };
        for (stream, _) in channel.seats.clone() {
            self.pump(stream, now, clients);
        }
    }

    /// Writes what a stream has to get, until its client is full, it has all, or its turn is over.
    pub(super) fn pump(&mut self, number: usize, now: Instant, clients: &mut dyn Clients) {
        let mut budget = TURN;
        loop {
            let Some(stream) = self.streams.get_mut(number) else { return };
            if let Some(outgoing) = &mut stream.outgoing {
                while !outgoing.is_done() {
                    match outgoing.with_slices(stream.request, |parts| clients.write(number, parts)) {
                        Written::Bytes(count) if count > 0 => {
                            outgoing.advance(count);
                            stream.written = now;
                            self.status.bytes += count as u64;
                            budget = budget.saturating_sub(count);
                        }
                        Written::Bytes(_) | Written::Blocked => {
                            if Rc::strong_count(&self.readers) > READERS {
                                give_up_readers(stream);
                            }
                            return;
                        }
                        Written::Gone => return self.remove(number, now, clients),
                    }
                }
                stream.outgoing = None;
            }
            match &mut stream.state {
                State::Offered => return,
                State::Ending(rest) => match rest.pop_front() {
                    Some(next) => stream.outgoing = Some(next),
                    None => return self.remove(number, now, clients),
                },
                State::Open if budget == 0 => return self.turn_later(number),
                State::Open => match self.next(number, now) {
                    Some(next) => {
                        if let Some(stream) = self.streams.get_mut(number) {
                            stream.outgoing = Some(next);
                        }
                    }
                    None => return,
                },
            }
        }
    }

    /// A stream has more to send, or to look for, than a turn allows.
    fn turn_later(&mut self, number: usize) {
        if let Some(stream) = self.streams.get_mut(number)
            && !std::mem::replace(&mut stream.is_waiting, true)
        {
            self.waiting.push(number);
        }
    }

    /// The next frame of a stream; its position moves behind it.
    pub(super) fn next(&mut self, number: usize, now: Instant) -> Option<Outgoing> {
        let stream = self.streams.get_mut(number)?;
        if let Some(opening) = stream.opening.take() {
            let keys: Vec<_> = opening.keys.iter().filter_map(|&index| stream.keys.keys.get(index)).collect();
            let mut body = Vec::new();
            write_gap(&mut body, &keys, opening.gap);
            return Some(Outgoing::new(line(&mut self.line.borrow_mut(), stream), body.into()));
        }
        let (set, index) = self.first(number, now)?;
        let stream = self.streams.get_mut(number)?;
        let seat = stream.seats.get_mut(index)?;
        let channel = set.channels.get(index).and_then(|&channel| self.channels.get_mut(channel))?;
        let (epoch, body) = take(seat, channel, &stream.profile.event_name)?;
        // What is left of an earlier one takes no cursor back to it: it would say that nothing of the newest
        // was delivered.
        if self.stores.get(set.store)?.epoch == Some(epoch) {
            stream.epoch = epoch;
        }
        self.status.events += 1;
        // Its id covers what is passed over behind it.
        self.pass_over(number, now);
        let stream = self.streams.get(number)?;
        Some(Outgoing::new(line(&mut self.line.borrow_mut(), stream), body))
    }

    /// Passes over what can't be had any more of the time before a client came that had no cursor: it has
    /// missed nothing.
    pub(super) fn pass_over(&mut self, number: usize, now: Instant) {
        loop {
            let Some(stream) = self.streams.get_mut(number) else { return };
            stream.seats.iter_mut().for_each(Seat::grow_old);
            if stream.opening.is_some() || stream.seats.iter().all(|seat| seat.fresh.is_none()) {
                return;
            }
            let Some((set, index)) = self.first(number, now) else { return };
            let Some(stream) = self.streams.get_mut(number) else { return };
            let channel = set.channels.get(index).and_then(|&channel| self.channels.get_mut(channel));
            let (Some(seat), Some(channel)) = (stream.seats.get_mut(index), channel) else { return };
            let Some(fresh) = seat.fresh.as_deref().copied() else { return };
            if !is_lost(seat, channel, fresh) {
                return;
            }
            if take(seat, channel, &stream.profile.event_name).is_none() {
                return;
            }
        }
    }

    /// The keys of a stream, and the index of the one whose next item comes first.
    fn first(&mut self, number: usize, now: Instant) -> Option<(Rc<KeySet>, usize)> {
        let set = Rc::clone(&self.streams.get(number)?.keys);
        let is_out = self.outage(set.store, now).is_some();
        let spare = self.descriptors_left();
        let stream = self.streams.get_mut(number)?;
        let opened = self.stores.get_mut(set.store)?;
        let sources = Sources { store: (!is_out).then_some(&*opened.store), readers: &self.readers, spare };
        let mut first: Option<(EventId, usize)> = None;
        let mut failed = None;
        for (index, &channel_number) in set.channels.iter().enumerate() {
            let (Some(channel), Some(seat)) =
                (self.channels.get(channel_number), stream.seats.get_mut(index))
            else {
                continue;
            };
            match look(seat, channel, stream.epoch, &sources, &mut opened.epoch) {
                Ok(Some(rank)) if first.is_none_or(|(best, _)| rank < best) => first = Some((rank, index)),
                Ok(_) => {}
                Err(error) => failed = Some((channel_number, error)),
            }
        }
        if let Some((channel, error)) = failed {
            self.fails(channel, &error, now);
        }
        let stream = self.streams.get(number)?;
        let has_more = |seat: &Seat| matches!(&seat.next, Next::Store(behind) if behind.has_more());
        if first.is_none() && stream.seats.iter().any(has_more) {
            self.turn_later(number);
        }
        first.map(|(_, index)| (set, index))
    }

    /// Closes all readers of streams that are behind; each is opened anew when its stream goes on.
    pub(super) fn give_up_readers(&mut self) {
        self.streams.iter_mut().for_each(|(_, stream)| give_up_readers(stream));
    }
}

/// Takes what comes next of a key, with the epoch that it is of; the position moves behind it.
fn take(seat: &mut Seat, channel: &mut Channel, event_name: &EventName) -> Option<(Epoch, Rc<[u8]>)> {
    let (epoch, (position, body)) = match &mut seat.next {
        Next::Entry(at) => {
            let entry = channel.entry(*at).ok()??;
            *at += 1;
            (channel.epoch(), (entry.position, entry.body(&channel.key, event_name)))
        }
        Next::Store(behind) => {
            (behind.epoch, channel.lend(behind.queue.pop_front()?, seat.position, event_name))
        }
        Next::Reopen => return None,
    };
    seat.position = position;
    Some((epoch, body))
}

/// Whether what comes next of a key can't be had any more, and was there before the client came.
fn is_lost(seat: &Seat, channel: &Channel, fresh: Fresh) -> bool {
    match &seat.next {
        Next::Entry(at) => {
            let entry = channel.entry(*at).ok().flatten();
            entry.is_some_and(|entry| matches!(entry.content, Content::Gap(_)))
        }
        Next::Store(behind) => match behind.queue.front() {
            Some(Item::Gap(gap)) => gap.to <= fresh.position,
            Some(Item::Event(event)) => event.draft.external && event.id <= fresh.position,
            None => false,
        },
        Next::Reopen => false,
    }
}

/// Where streams that are behind read.
struct Sources<'a> {
    /// The store, unless it is not to be touched.
    store: Option<&'a dyn Store>,
    /// Counts the readers.
    readers: &'a Rc<()>,
    /// How many there may be.
    spare: usize,
}

/// Makes sure that a seat's next item is at hand, if there is one, and answers its rank: gaps first,
/// then by id. Without a store only what was read already is looked at.
fn look(
    seat: &mut Seat,
    channel: &Channel,
    epoch: Epoch,
    sources: &Sources<'_>,
    newest: &mut Option<Epoch>,
) -> sse_core::Result<Option<EventId>> {
    let Sources { store, readers, spare } = *sources;
    // From memory to a log that was just replaced, to its successor, and back is the longest way.
    for _ in 0..8 {
        match &mut seat.next {
            Next::Entry(number) => match channel.entry(*number) {
                Ok(entry) => return Ok(entry.map(|entry| rank(entry))),
                Err(_) => seat.next = Next::Reopen,
            },
            Next::Reopen => {
                let Some(store) = store else { return Ok(None) };
                let foreign = newest.is_some_and(|newest| newest != epoch);
                let start = if foreign { Start::Oldest } else { Start::After(seat.position) };
                let opened = store.reader(&channel.key, start)?;
                *newest = Some(opened.epoch);
                let gap = opened
                    .gap
                    .or_else(|| foreign.then(|| Gap { from: seat.position, to: opened.reader.position() }));
                let queue = gap.map(Item::Gap).into_iter().collect();
                let reader = Counted { reader: opened.reader, _counts: Rc::clone(readers) };
                seat.next =
                    Next::Store(Box::new(Behind { reader: Some(reader), epoch: opened.epoch, queue }));
            }
            Next::Store(behind) => {
                if let (true, true, Some(counted)) =
                    (behind.queue.is_empty(), store.is_some(), &mut behind.reader)
                {
                    behind.queue = counted.reader.read(READ_BEHIND)?;
                }
                if !behind.queue.is_empty() && Rc::strong_count(readers) - 1 > spare {
                    behind.reader = None;
                }
                match behind.queue.front() {
                    Some(Item::Gap(_)) => return Ok(Some(EventId::ZERO)),
                    Some(Item::Event(event)) => return Ok(Some(event.id)),
                    None if store.is_none() => return Ok(None),
                    // Its next turn goes on from here.
                    None if behind.has_more() => return Ok(None),
                    None => {}
                }
                let position =
                    behind.reader.as_ref().map_or(seat.position, |counted| counted.reader.position());
                match (channel.place_behind(position), &behind.reader) {
                    (Placed::At(number), _) => seat.next = Next::Entry(number),
                    // Ahead of the channel, which will come to it; or of a log that is no more.
                    (Placed::Elsewhere, Some(counted)) if counted.reader.is_current()? => return Ok(None),
                    (Placed::Elsewhere, _) => seat.next = Next::Reopen,
                }
            }
        }
    }
    Ok(None)
}

fn rank(entry: &Entry) -> EventId {
    match entry.content {
        Content::Gap(_) => EventId::ZERO,
        Content::Event(_) => entry.position,
    }
}

/// The `id:` line of what the stream has now.
fn line(memo: &mut Option<Line>, stream: &Stream) -> Rc<[u8]> {
    if let Some(line) = memo
        && Rc::ptr_eq(&line.keys, &stream.keys)
        && line.epoch == stream.epoch
        && stream.positions().eq(line.positions.iter().copied())
    {
        return Rc::clone(&line.bytes);
    }
    let positions: Vec<EventId> = stream.positions().collect();
    let text = stream.keys.tags.write(stream.epoch, &positions);
    let bytes: Rc<[u8]> = format!("id: {text}\n").into_bytes().into();
    *memo = Some(Line {
        keys: Rc::clone(&stream.keys),
        epoch: stream.epoch,
        positions,
        bytes: Rc::clone(&bytes),
    });
    bytes
}

/// A blocked stream keeps its positions only.
fn give_up_readers(stream: &mut Stream) {
    for seat in &mut stream.seats {
        if matches!(seat.next, Next::Store(_)) {
            seat.next = Next::Reopen;
        }
    }
}
