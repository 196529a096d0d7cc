//! One key, followed once for all of its streams.
//!
//! Its newest events are kept in memory as entries, numbered from the first; a stream that is not
//! behind them needs nothing from the store.
//!
//! Always true:
//! - entries follow each other without a hole: what is missing is an entry itself, a gap;
//! - a position that [`Channel::place`] finds among the entries has all that follows it there;
//! - when the store began anew, the entries of before are gone.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};

use sse_core::cursor::Epoch;
use sse_core::event::{Draft, EventName, wire_json};
use sse_core::follow::Follower;
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::store::{Gap, Item};

/// Entries kept in memory.
pub const ENTRIES: usize = 64;
/// Bytes of JSON kept in memory, unless a single entry has more.
pub const BYTES: usize = 64 << 10;
/// Bodies lent to slow streams, after which those given back are forgotten.
const LENT: usize = 256;

/// What streams are sent of a key: an event, or a gap. Its encoded bodies are shared by all streams.
#[derive(Debug)]
pub struct Entry {
    /// The position behind it.
    pub position: EventId,
    /// What it is.
    pub content: Content,
    bodies: RefCell<Vec<Body>>,
}

/// A frame without its `id:` line, and the name it was written for.
type Body = (EventName, Rc<[u8]>);

/// What an entry is.
#[derive(Debug)]
pub enum Content {
    /// An event.
    Event(Draft),
    /// Events that are gone; or one whose payload only PHP could fetch.
    Gap(Gap),
}

impl Entry {
    /// An entry for what was read; `before` is the position before it.
    #[must_use]
    pub fn new(item: Item, before: EventId) -> Self {
        let (position, content) = match item {
            Item::Event(event) if event.draft.external => {
                (event.id, Content::Gap(Gap { from: before, to: event.id }))
            }
            Item::Event(event) => (event.id, Content::Event(event.draft)),
            Item::Gap(gap) => (gap.to, Content::Gap(gap)),
        };
        Self { position, content, bodies: RefCell::default() }
    }

    /// Its frame without the `id:` line. `event_name` names an event that has no name.
    pub fn body(&self, key: &Key, event_name: &EventName) -> Rc<[u8]> {
        let own = matches!(&self.content, Content::Gap(_) | Content::Event(Draft { name: Some(_), .. }));
        let mut bodies = self.bodies.borrow_mut();
        let known = bodies.iter().find(|(name, _)| own || name == event_name);
        if let Some((_, body)) = known {
            return Rc::clone(body);
        }
        let mut body = Vec::new();
        match &self.content {
            Content::Event(draft) => {
                let (head, tail) = wire_json(draft);
                let name = draft.name.as_ref().unwrap_or(event_name).as_str();
                frame::write_body(&mut body, name, &[head, tail]);
            }
            Content::Gap(gap) => write_gap(&mut body, &[key], *gap),
        }
        let body: Rc<[u8]> = body.into();
        bodies.push((event_name.clone(), Rc::clone(&body)));
        body
    }

    /// Whether it is a gap of which only the place is known, as damage at a log's end is.
    fn is_without_extent(&self) -> bool {
        matches!(&self.content, Content::Gap(gap) if gap.from == gap.to)
    }

    fn bytes(&self) -> usize {
        match &self.content {
            Content::Event(draft) => draft.json.len(),
            Content::Gap(_) => 0,
        }
    }
}

/// A told gap's frame without the `id:` line.
pub fn write_gap(body: &mut Vec<u8>, keys: &[&Key], gap: Gap) {
    frame::write_body(body, frame::GAP, &[frame::gap_json(keys, gap.from, gap.to).as_bytes()]);
}

/// A key and its newest entries.
#[derive(Debug)]
pub struct Channel {
    /// The store's number.
    pub store: usize,
    /// The key.
    pub key: Key,
    /// Where new entries come from.
    pub follower: Follower,
    /// The streams that follow it: each with the index of the key among its own.
    pub seats: Vec<(usize, usize)>,
    /// Sets of keys it belongs to; with none it is closed.
    pub users: usize,
    /// Whether it is among those that are to be read.
    pub is_queued: bool,
    /// Whether its streams have something of their own to read then.
    pub is_pumped: bool,
    entries: VecDeque<Rc<Entry>>,
    /// The number of the first entry.
    first: u64,
    /// The position before the first entry.
    start: EventId,
    bytes: usize,
    /// Whether nothing older is in the store.
    complete: bool,
    /// Bodies that streams behind were given, so that they share them too.
    lent: HashMap<(EventId, EventName), Weak<[u8]>>,
}

/// Where a position lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Before the entry with this number, which may be the next to come.
    At(u64),
    /// Somewhere that only the store knows.
    Elsewhere,
}

impl Channel {
    /// A channel without entries, which begins where the follower does.
    #[must_use]
    pub fn new(store: usize, key: Key, follower: Follower) -> Self {
        let start = follower.position();
        Self {
            store,
            key,
            follower,
            seats: Vec::new(),
            users: 0,
            is_queued: false,
            is_pumped: false,
            entries: VecDeque::new(),
            first: 0,
            start,
            bytes: 0,
            complete: false,
            lent: HashMap::new(),
        }
    }

    /// To be said when all that the follower found at first is there: fewer entries than were asked for
    /// ([`ENTRIES`]) are all there are.
    pub fn is_loaded(&mut self) {
        self.complete = self.first == 0 && self.entries.len() < ENTRIES;
    }

    /// The position behind all entries.
    #[must_use]
    pub fn position(&self) -> EventId {
        self.entries.back().map_or(self.start, |entry| entry.position)
    }

    /// The store that the entries are of.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.follower.epoch()
    }

    /// Appends what was read.
    pub fn push(&mut self, item: Item) {
        let entry = Rc::new(Entry::new(item, self.position()));
        if entry.position < self.position() {
            self.begin_anew();
        }
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES || (self.bytes > BYTES && self.entries.len() > 1) {
            self.drop_first();
        }
    }

    /// Forgets the entries: the store is another one.
    pub fn begin_anew(&mut self) {
        self.lent.clear();
        while !self.entries.is_empty() {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.first += 1;
            self.start = entry.position;
            self.bytes = self.bytes.saturating_sub(entry.bytes());
            self.complete = false;
        }
    }

    /// The entry with this number: `Ok(None)` if it is still to come, `Err` if it is gone from memory.
    pub fn entry(&self, number: u64) -> Result<Option<&Rc<Entry>>, Placed> {
        match number.checked_sub(self.first) {
            Some(at) => Ok(self.entries.get(usize::try_from(at).unwrap_or(usize::MAX))),
            None => Err(Placed::Elsewhere),
        }
    }

    /// The number that the next entry will have.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Where a client comes in that has a position of this store: before a gap whose extent isn't known and
    /// that lies there, since it may not have been told of it. A position between two entries is for the
    /// store to judge: its event may have been lost with an earlier state of the store.
    #[must_use]
    pub fn place(&self, position: EventId) -> Placed {
        self.find(position, |entry| {
            entry.position < position || (entry.position == position && !entry.is_without_extent())
        })
    }

    /// Where a position lies behind which nothing is left to be told: at the end of what a stream has read
    /// for itself, or where a client begins that wants nothing of before.
    #[must_use]
    pub fn place_behind(&self, position: EventId) -> Placed {
        self.find(position, |entry| entry.position <= position)
    }

    /// The place behind all entries that `is_before` holds for.
    fn find(&self, position: EventId, is_before: impl Fn(&Entry) -> bool) -> Placed {
        if position < self.start || position > self.position() {
            return Placed::Elsewhere;
        }
        let count = self.entries.partition_point(|entry| is_before(entry));
        let before = count.checked_sub(1).and_then(|at| self.entries.get(at));
        if before.map_or(self.start, |entry| entry.position) != position {
            return Placed::Elsewhere;
        }
        Placed::At(self.first + count as u64)
    }

    /// The position before all that the store has, if the entries reach that far.
    #[must_use]
    pub fn oldest(&self) -> Option<EventId> {
        self.complete.then_some(self.start)
    }

    /// The position before the newest so many events, if the entries reach that far.
    #[must_use]
    pub fn newest(&self, count: u64) -> Option<EventId> {
        let mut left = count;
        for (at, entry) in self.entries.iter().enumerate().rev() {
            if left == 0 {
                return Some(entry.position);
            }
            if matches!(entry.content, Content::Event(_)) {
                left -= 1;
            } else {
                return None;
            }
            if left == 0 {
                let before = at.checked_sub(1).and_then(|at| self.entries.get(at));
                return Some(before.map_or(self.start, |entry| entry.position));
            }
        }
        (left == 0 || self.complete).then_some(self.start)
    }

    /// The position behind what a stream that is behind has read, and its body: the same one as others
    /// were given, as long as one of them has it.
    pub fn lend(&mut self, item: Item, before: EventId, event_name: &EventName) -> (EventId, Rc<[u8]>) {
        let entry = Entry::new(item, before);
        if !matches!(entry.content, Content::Event(_)) {
            return (entry.position, entry.body(&self.key, event_name));
        }
        let name = (entry.position, event_name.clone());
        if let Some(known) = self.lent.get(&name).and_then(Weak::upgrade) {
            return (entry.position, known);
        }
        if self.lent.len() >= LENT {
            self.lent.retain(|_, body| body.strong_count() > 0);
        }
        let body = entry.body(&self.key, event_name);
        self.lent.insert(name, Rc::downgrade(&body));
        (entry.position, body)
    }
}

#[cfg(test)]
mod tests {
    use sse_core::event::Event;
    use sse_core::signal::Poll;
    use sse_core::store::Policy;
    use sse_core::store::file::FileStore;
    use sse_core::store::{Start, Store};

    use super::*;

    #[test]
    fn a_position_whose_event_was_lost_is_for_the_store_to_judge() {
        let directory = tempfile::tempdir().unwrap();
        let store: &dyn Store = &*FileStore::new(directory.path(), Policy::default());
        let key = Key::new(b"a").unwrap();
        let begun = Follower::begin(store, &key, Start::Newest(0), &mut Poll::new()).unwrap();
        let mut channel = Channel::new(0, key, begun.follower);
        let start = channel.position();
        let [kept, lost, after] = [1, 2, 3].map(|more| EventId::new(start.millis + more, 0));
        let draft = Draft::new(b"1".to_vec(), None).unwrap();
        let event = |id: EventId| Item::Event(Event { id, stored_millis: id.millis, draft: draft.clone() });
        channel.push(event(kept));
        channel.push(event(lost));
        assert_eq!((channel.place(start), channel.place(lost)), (Placed::At(0), Placed::At(2)));
        channel.push(Item::Gap(Gap { from: lost, to: kept }));
        channel.push(event(after));
        assert_eq!(channel.place(after), Placed::At(channel.end()));
        assert_eq!(channel.place(lost), Placed::Elsewhere);
    }
}
