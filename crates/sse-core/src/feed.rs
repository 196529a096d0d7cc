//! Several keys followed as one: what a stream delivers next, and the cursor that covers it.
//!
//! A feed knows nothing of sockets or of waiting; whoever waits tells it that a signal fired.
//!
//! Always true:
//! - a key is watched before it is read, so no event falls between the two;
//! - events of a key come in order, those of several keys by id as far as they are known;
//! - the cursor of a delivery covers all that was delivered before it and nothing after;
//! - a gap is told before what follows it;
//! - a client without a cursor is told of no gap from before it came: it has missed nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::cursor::{Epoch, Tags};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::follow::{Begun, Follower};
use crate::id::EventId;
use crate::key::Key;
use crate::resume::{Known, Opening, Replay};
use crate::signal::{Changes, Signal};
use crate::store::{Gap, Item, Start, Store};

/// Keys one stream may follow.
pub const MAX_KEYS: usize = 64;
/// Bytes of JSON read ahead for a key.
const READ_AHEAD: usize = 64 << 10;

/// What to send next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event of the key with this index.
    Event(usize, Event),
    /// Events of the keys with these indexes are gone.
    Gap(Vec<usize>, Gap),
}

/// Keys followed together.
#[derive(Debug)]
pub struct Feed {
    store: Arc<dyn Store>,
    keys: Vec<Key>,
    tags: Tags,
    epoch: Epoch,
    sources: Vec<Source>,
    /// Per key, what the client has; what the next cursor is written from.
    positions: Vec<EventId>,
    /// What the client had of the key delivered last, before that delivery.
    before: EventId,
    /// Whether what was delivered last was there before a client without a cursor came.
    is_fresh: bool,
    /// Gaps that the client's cursor opens with, and its text: it stands until they are told.
    opening: Option<Opening>,
}

/// One key of a feed.
#[derive(Debug)]
struct Source {
    follower: Follower,
    queue: VecDeque<Item>,
    /// The newest position when a client without a cursor came, until all of that is read.
    fresh: Option<EventId>,
}

impl Source {
    /// Whether a position was there before a client without a cursor came.
    fn had(&self, position: EventId) -> bool {
        self.fresh.is_some_and(|newest| position <= newest)
    }
}

impl Feed {
    /// Begins to watch `keys` and places a reader on each: behind the client's cursor if it has one
    /// that we wrote (or, with a single key, an event's id that the log still covers), else by `replay`.
    ///
    /// # Errors
    /// [`Error::NoKeys`], [`Error::TooManyKeys`], [`Error::Watch`], and what is wrong with the store.
    pub fn open(
        store: Arc<dyn Store>,
        keys: Vec<Key>,
        client: Option<&[u8]>,
        replay: Replay,
        signal: &mut dyn Signal,
    ) -> Result<Self> {
        let keys = distinct(keys)?;
        let epoch = store.epoch()?;
        let known = Known::read(client, &keys);
        let mut feed = Self {
            store,
            tags: Tags::new(&keys),
            epoch,
            sources: Vec::new(),
            positions: Vec::new(),
            before: EventId::ZERO,
            is_fresh: false,
            opening: None,
            keys,
        };
        let mut gaps = Vec::new();
        for (index, key) in feed.keys.iter().enumerate() {
            let mut begun = Follower::begin(&*feed.store, key, known.start(index, epoch, replay), signal);
            if matches!(&begun, Ok(Begun { last_id, .. }) if known.is_beyond(index, *last_id)) {
                if let Ok(Begun { follower, .. }) = begun {
                    follower.close(signal);
                }
                begun = Follower::begin(&*feed.store, key, replay.start(), signal);
            }
            let Begun { follower, gap, last_id } = match begun {
                Ok(begun) => begun,
                Err(error) => {
                    feed.close(signal);
                    return Err(error);
                }
            };
            feed.epoch = follower.epoch();
            let gap = gap.or_else(|| known.foreign(index, epoch, follower.position()));
            feed.positions.push(follower.position());
            let fresh = known.position(index).is_none().then_some(last_id);
            feed.sources.push(Source { follower, queue: VecDeque::new(), fresh });
            if let Some(gap) = gap {
                gaps.push((index, gap));
            }
        }
        feed.opening = Opening::of(&gaps, client);
        if feed.opening.is_none() {
            // What is wrong shows when it is asked for.
            let _ = feed.pass_over(signal);
        }
        Ok(feed)
    }

    /// The cursor behind all that `keys` have now.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub fn now(store: &dyn Store, keys: Vec<Key>) -> Result<String> {
        let keys = distinct(keys)?;
        let epoch = store.epoch()?;
        let positions = keys
            .iter()
            .map(|key| Ok(store.reader(key, Start::Newest(0))?.last_id))
            .collect::<Result<Vec<EventId>>>()?;
        Ok(Tags::new(&keys).write(epoch, &positions))
    }

    /// The keys, in the order of their indexes.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The cursor that covers what was delivered so far. Before a gap that the client's own cursor
    /// opens with is told, it is that very cursor, so that the gap is told again if this is cut.
    #[must_use]
    pub fn cursor(&self) -> String {
        match &self.opening {
            Some(opening) => opening.text.clone(),
            None => self.tags.write(self.epoch, &self.positions),
        }
    }

    /// What the client had of the key delivered last, before that delivery: where a gap begins if
    /// the delivery turns out not to be had.
    #[must_use]
    pub fn before(&self) -> EventId {
        self.before
    }

    /// Whether what was delivered last was there before its client came, which had no cursor: it has missed
    /// nothing if that can't be had.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Whether the client came without a cursor and something may be left of what was there before.
    #[must_use]
    pub fn replays(&self) -> bool {
        self.sources.iter().any(|source| source.fresh.is_some())
    }

    /// Whether the next delivery was read already.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.sources.iter().any(|source| !source.queue.is_empty())
    }

    /// Takes note of what the signal saw.
    pub fn wake(&mut self, changes: &Changes) {
        for source in &mut self.sources {
            source.follower.wake(changes);
        }
    }

    /// What to send next; `None` until the signal fires again.
    ///
    /// # Errors
    /// What is wrong with the store; the feed can be asked again.
    pub fn next(&mut self, signal: &mut dyn Signal) -> Result<Option<Delivery>> {
        if let Some(Opening { keys, gap, .. }) = self.opening.take() {
            return Ok(Some(Delivery::Gap(keys, gap)));
        }
        // What it could not pass over then.
        self.pass_over(signal)?;
        let Some(index) = self.first(signal)? else { return Ok(None) };
        let delivery = self.take(index).map(|item| match item {
            Item::Event(event) => Delivery::Event(index, event),
            Item::Gap(gap) => Delivery::Gap(vec![index], gap),
        });
        // The cursor covers what is passed over behind it. An error shows again when it is asked for more.
        let (before, is_fresh) = (self.before, self.is_fresh);
        let _ = self.pass_over(signal);
        (self.before, self.is_fresh) = (before, is_fresh);
        Ok(delivery)
    }

    /// The index of the key whose next item comes first.
    fn first(&mut self, signal: &mut dyn Signal) -> Result<Option<usize>> {
        loop {
            for index in 0..self.sources.len() {
                self.fill(index, signal)?;
            }
            let ranks = self.sources.iter().enumerate();
            let first = ranks.filter_map(|(index, source)| Some((rank(source.queue.front()?), index))).min();
            match first {
                Some((_, index)) => return Ok(Some(index)),
                None if self.sources.iter().any(|source| source.follower.is_stale()) => {}
                None => return Ok(None),
            }
        }
    }

    /// Takes what comes next of a key; the client has it from now on.
    fn take(&mut self, index: usize) -> Option<Item> {
        let source = self.sources.get_mut(index)?;
        let item = source.queue.pop_front()?;
        let position = match &item {
            Item::Event(event) => event.id,
            Item::Gap(gap) => gap.to,
        };
        self.is_fresh = source.had(position);
        if let Some(at) = self.positions.get_mut(index) {
            self.before = std::mem::replace(at, position);
        }
        Some(item)
    }

    /// Passes over gaps from before a client without a cursor came.
    fn pass_over(&mut self, signal: &mut dyn Signal) -> Result<()> {
        while self.replays()
            && let Some(index) = self.first(signal)?
            && let Some(source) = self.sources.get(index)
            && matches!(source.queue.front(), Some(Item::Gap(gap)) if source.had(gap.to))
        {
            self.take(index);
        }
        Ok(())
    }

    /// Stops watching.
    pub fn close(self, signal: &mut dyn Signal) {
        for source in self.sources {
            source.follower.close(signal);
        }
    }

    /// Reads ahead for a key that may have something new.
    fn fill(&mut self, index: usize, signal: &mut dyn Signal) -> Result<()> {
        let (Some(source), Some(key)) = (self.sources.get_mut(index), self.keys.get(index)) else {
            return Ok(());
        };
        if source.queue.is_empty() {
            let before = source.follower.epoch();
            source.queue = source.follower.fill(&*self.store, key, signal, READ_AHEAD)?;
            if source.queue.is_empty() && !source.follower.is_stale() {
                source.fresh = None;
            }
            // Only what this key has just found out: another one may not know of it yet.
            if source.follower.epoch() != before {
                self.epoch = source.follower.epoch();
            }
        }
        Ok(())
    }
}

/// Each key once; at least one, at most [`MAX_KEYS`].
///
/// # Errors
/// [`Error::NoKeys`], [`Error::TooManyKeys`].
pub fn distinct(keys: Vec<Key>) -> Result<Vec<Key>> {
    let mut distinct: Vec<Key> = Vec::with_capacity(keys.len().min(MAX_KEYS));
    for key in keys {
        if !distinct.contains(&key) {
            distinct.push(key);
        }
        if distinct.len() > MAX_KEYS {
            return Err(Error::TooManyKeys { max: MAX_KEYS });
        }
    }
    if distinct.is_empty() { Err(Error::NoKeys) } else { Ok(distinct) }
}

/// Gaps first, then by id.
fn rank(item: &Item) -> EventId {
    match item {
        Item::Gap(_) => EventId::ZERO,
        Item::Event(event) => event.id,
    }
}

#[cfg(test)]
mod tests;
