//! One key, followed once for all of its streams.
//!
//! Its newest events are kept in memory as entries, numbered from the first; a stream that is not
//! behind them needs nothing from the store.
//!
//! Always true:
//! - entries follow each other without a hole: what is missing is an entry itself, a gap;
//! - a position that [`Channel::resume_at`] finds among the entries has all that follows it there;
//! - when the store began anew, the entries of before are gone.

use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};

use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::follow::Follower;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::signal::Watch;
use sse_core::store::{Item, Start};

use super::entry::Entry;
use crate::hub::ids::{ChannelId, StoreId, StreamId};
use crate::hub::stores::WatchedStore;

/// Entries kept in memory.
pub const ENTRIES: usize = 64;
/// Bytes of JSON kept in memory, unless a single entry has more.
pub const BYTES: usize = 64 << 10;
/// Bytes of JSON read at a time.
const READ: usize = BYTES / 2;
/// Pieces read of a key that is opened: more than its newest events are.
const PIECES: usize = 2 * ENTRIES;
/// Bodies lent to slow streams, after which those given back are forgotten.
const LENT: usize = 256;

/// The number of an entry; those of a channel are numbered from its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryNumber(u64);

impl EntryNumber {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What there is by a number.
#[derive(Debug)]
pub enum Numbered<'a> {
    /// The entry.
    Entry(&'a Entry),
    /// Nothing yet: it is the next to come.
    ToCome,
    /// Nothing any more: only the store has it.
    Dropped,
}

/// A key and its newest entries.
#[derive(Debug)]
pub struct Channel {
    store: StoreId,
    key: Key,
    /// Where new entries come from.
    follower: Follower,
    /// The streams that follow it, each with the index of the key among its own.
    seats: Vec<(StreamId, usize)>,
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    /// The position before the first entry.
    start: EventId,
    bytes: usize,
    /// Whether nothing older than the entries is in the store.
    is_complete: bool,
    /// Bodies that streams behind were given, so that they share them too.
    lent: HashMap<(EventId, EventName), Weak<[u8]>>,
}

impl Channel {
    /// Begins to follow a key, and reads its newest entries.
    ///
    /// # Errors
    /// The store's, if it can't be read; the key isn't followed then.
    pub fn open(store: StoreId, key: &Key, from: &mut WatchedStore<'_>) -> sse_core::Result<Self> {
        let follower = from.follow(key, Start::Newest(ENTRIES as u64))?;
        let mut channel = Self::new(store, key.clone(), follower);
        // What is pushed meanwhile is read later, with what comes then.
        for _ in 0..PIECES {
            match from.read_on(&mut channel.follower, key, READ) {
                Ok(items) if items.is_empty() => {
                    // If there is more after all, it is damage, which is passed over in turns.
                    if !channel.follower.is_stale() {
                        channel.all_is_read();
                    }
                    break;
                }
                Ok(items) => items.into_iter().for_each(|item| channel.push(item)),
                Err(error) => {
                    from.give_up(channel.follower);
                    return Err(error);
                }
            }
        }
        Ok(channel)
    }

    /// A channel without entries, which begins where the follower does.
    fn new(store: StoreId, key: Key, follower: Follower) -> Self {
        let start = follower.position();
        Self {
            store,
            key,
            follower,
            seats: Vec::new(),
            entries: VecDeque::new(),
            first: 0,
            start,
            bytes: 0,
            is_complete: false,
            lent: HashMap::new(),
        }
    }

    /// Takes note that the newest [`ENTRIES`] were asked for and all that came is here: if fewer came, the
    /// store has no more of them.
    fn all_is_read(&mut self) {
        self.is_complete = self.first == 0 && self.entries.len() < ENTRIES;
    }

    /// Leaves nothing but what followed the key, for the store to end it.
    pub fn into_follower(self) -> Follower {
        self.follower
    }

    /// The store that the key is of.
    pub fn store(&self) -> StoreId {
        self.store
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The watch that wakes it.
    pub fn watch(&self) -> Watch {
        self.follower.watch()
    }

    /// Whether there may be something to read.
    pub fn is_stale(&self) -> bool {
        self.follower.is_stale()
    }

    /// Has it look for something to read.
    pub fn wake_up(&mut self) {
        self.follower.wake_up();
    }

    /// Reads a piece on. What was read is still to be given to [`Channel::push`]. If the store turns out to
    /// be another one, the entries of before are forgotten.
    ///
    /// # Errors
    /// The store's, if it can't be read; it can be asked again.
    pub fn read_on(
        &mut self,
        id: ChannelId,
        from: &mut WatchedStore<'_>,
    ) -> sse_core::Result<VecDeque<Item>> {
        let (epoch, watch) = (self.follower.epoch(), self.follower.watch());
        let read = from.read_on(&mut self.follower, &self.key, READ);
        if self.follower.watch() != watch {
            from.forget_watch(watch);
            from.watch_wakes(self.follower.watch(), id);
        }
        if self.follower.epoch() != epoch {
            self.begin_anew();
            from.epoch_is(self.follower.epoch());
        }
        read
    }

    /// A stream follows it from now on, by its key of this index; answers the slot of its seat.
    pub fn join(&mut self, stream: StreamId, index: usize) -> usize {
        self.seats.push((stream, index));
        self.seats.len() - 1
    }

    /// The stream whose seat has this slot doesn't follow it any more. Answers who has the slot now, if
    /// somebody has: the one who had the last.
    pub fn leave(&mut self, slot: usize) -> Option<(StreamId, usize)> {
        if slot < self.seats.len() {
            self.seats.swap_remove(slot);
        }
        self.seats.get(slot).copied()
    }

    /// The streams that follow it.
    pub fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.seats.iter().map(|(stream, _)| *stream)
    }

    /// The position behind all entries.
    pub fn position(&self) -> EventId {
        self.entries.back().map_or(self.start, Entry::position)
    }

    /// The store that the entries are of.
    pub fn epoch(&self) -> Epoch {
        self.follower.epoch()
    }

    /// Appends what was read.
    pub fn push(&mut self, item: Item) {
        let entry = Entry::new(item, self.position());
        if entry.position() < self.position() {
            self.begin_anew();
        }
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES || (self.bytes > BYTES && self.entries.len() > 1) {
            self.drop_first();
        }
    }

    /// Forgets the entries: the store is another one.
    fn begin_anew(&mut self) {
        self.lent.clear();
        while !self.entries.is_empty() {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.first += 1;
            self.start = entry.position();
            self.bytes = self.bytes.saturating_sub(entry.bytes());
            self.is_complete = false;
        }
    }

    /// What has this number.
    pub fn entry(&self, number: EntryNumber) -> Numbered<'_> {
        let Some(at) = number.0.checked_sub(self.first) else { return Numbered::Dropped };
        let entry = usize::try_from(at).ok().and_then(|at| self.entries.get(at));
        entry.map_or(Numbered::ToCome, Numbered::Entry)
    }

    /// The number that the next entry will have.
    pub fn end(&self) -> EntryNumber {
        EntryNumber(self.first + self.entries.len() as u64)
    }

    /// The number of the first entry that a client lacks which has this position, if memory has all that it
    /// lacks. A gap that lies at the position and whose extent isn't known is lacking: the client may not
    /// have been told of it. A position between two entries is for the store to judge: its event may have
    /// been lost with an earlier state of the store.
    pub fn resume_at(&self, position: EventId) -> Option<EntryNumber> {
        self.first_behind(position, |entry| {
            entry.position() < position || (entry.position() == position && !entry.is_gap_without_extent())
        })
    }

    /// As [`Channel::resume_at`] for who was told all there is up to the position: a stream that has read so
    /// far for itself, or a client that wants nothing of before.
    pub fn go_on_at(&self, position: EventId) -> Option<EntryNumber> {
        self.first_behind(position, |entry| entry.position() <= position)
    }

    /// The number of the first entry that `is_had` doesn't hold for, if the one before it ends at the position.
    fn first_behind(&self, position: EventId, is_had: impl Fn(&Entry) -> bool) -> Option<EntryNumber> {
        if position < self.start || position > self.position() {
            return None;
        }
        let count = self.entries.partition_point(is_had);
        let before = count.checked_sub(1).and_then(|at| self.entries.get(at));
        let is_there = before.map_or(self.start, Entry::position) == position;
        is_there.then(|| EntryNumber(self.first + count as u64))
    }

    /// The position before all that the store has, if the entries reach that far.
    pub fn oldest(&self) -> Option<EventId> {
        self.is_complete.then_some(self.start)
    }

    /// The position before the newest so many events, if the entries reach that far.
    pub fn newest(&self, count: u64) -> Option<EventId> {
        let mut left = count;
        for (at, entry) in self.entries.iter().enumerate().rev() {
            if left == 0 {
                return Some(entry.position());
            }
            if entry.is_gap() {
                return None;
            }
            left -= 1;
            if left == 0 {
                let before = at.checked_sub(1).and_then(|at| self.entries.get(at));
                return Some(before.map_or(self.start, Entry::position));
            }
        }
        (left == 0 || self.is_complete).then_some(self.start)
    }

    /// The position behind what a stream that is behind has read, and its body: the same one as others
    /// were given, as long as one of them has it.
    pub fn lend(&mut self, item: Item, before: EventId, event_name: &EventName) -> (EventId, Rc<[u8]>) {
        let entry = Entry::new(item, before);
        if entry.is_gap() {
            return (entry.position(), entry.body(&self.key, event_name));
        }
        let name = (entry.position(), event_name.clone());
        if let Some(known) = self.lent.get(&name).and_then(Weak::upgrade) {
            return (entry.position(), known);
        }
        if self.lent.len() >= LENT {
            self.lent.retain(|_, body| body.strong_count() > 0);
        }
        let body = entry.body(&self.key, event_name);
        self.lent.insert(name, Rc::downgrade(&body));
        (entry.position(), body)
    }
}

#[cfg(test)]
mod tests {
    use sse_core::event::{Draft, Event};
    use sse_core::signal::Poll;
    use sse_core::store::Policy;
    use sse_core::store::file::FileStore;
    use sse_core::store::{Gap, Store};

    use super::*;
    use crate::hub::notes::Notes;
    use crate::hub::slots::Slots;

    #[test]
    fn a_position_whose_event_was_lost_is_for_the_store_to_judge() {
        let directory = tempfile::tempdir().unwrap();
        let store: &dyn Store = &*FileStore::new(directory.path(), Policy::default());
        let key = Key::new(b"a").unwrap();
        let begun = Follower::begin(store, &key, Start::Newest(0), &mut Poll::new()).unwrap();
        let id = Slots::new(&Notes::default()).insert(());
        let mut channel = Channel::new(id, key, begun.follower);
        let start = channel.position();
        let [kept, lost, after] = [1, 2, 3].map(|more| EventId::new(start.millis + more, 0));
        let draft = Draft::new(b"1".to_vec(), None).unwrap();
        let event = |id: EventId| Item::Event(Event { id, stored_millis: id.millis, draft: draft.clone() });
        channel.push(event(kept));
        channel.push(event(lost));
        let resumed = [start, lost].map(|position| channel.resume_at(position));
        assert_eq!(resumed, [Some(EntryNumber(0)), Some(EntryNumber(2))]);
        channel.push(Item::Gap(Gap { from: lost, to: kept }));
        channel.push(event(after));
        assert_eq!(channel.resume_at(after), Some(channel.end()));
        assert_eq!(channel.resume_at(lost), None);
    }
}
