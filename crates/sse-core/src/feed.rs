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
use crate::error::Result;
use crate::event::Event;
use crate::follow::{Begun, Follower};
use crate::id::EventId;
use crate::key::{Key, Keys};
use crate::signal::{Changes, Signal};
use crate::store::{Gap, Item, Start, Store};
use crate::stream::request::Replay;
use crate::stream::resume::{Known, Opening};

/// Bytes of JSON read ahead for a key.
const READ_AHEAD: usize = 64 << 10;

/// What to send next, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What it is.
    pub content: Content,
    /// What the client had of its key before it: where a gap begins if it turns out not to be had.
    pub before: EventId,
    /// Whether it was there before its client came, which had no cursor: it has missed nothing if this can't
    /// be had.
    pub is_fresh: bool,
    /// The cursor that covers it.
    pub cursor: String,
}

/// What a delivery is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An event of this key.
    Event(Key, Event),
    /// Events of these keys are gone.
    Gap(Vec<Key>, Gap),
}

/// Keys followed together.
#[derive(Debug)]
pub struct Feed {
    store: Arc<dyn Store>,
    keys: Keys,
    tags: Tags,
    epoch: Epoch,
    sources: Vec<Source>,
    /// Per key, what the client has; what the next cursor is written from.
    positions: Vec<EventId>,
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

/// What was taken of a key, what its client had before, and whether it was there before that came.
struct Taken {
    item: Item,
    before: EventId,
    is_fresh: bool,
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
    /// [`crate::Error::Watch`], and what is wrong with the store.
    pub fn open(
        store: Arc<dyn Store>,
        keys: Keys,
        client: Option<&[u8]>,
        replay: Replay,
        signal: &mut dyn Signal,
    ) -> Result<Self> {
        let epoch = store.epoch()?;
        let known = Known::read(client, &keys);
        let mut feed = Self {
            store,
            tags: Tags::new(&keys),
            epoch,
            sources: Vec::new(),
            positions: Vec::new(),
            opening: None,
            keys,
        };
        let mut gaps = Vec::new();
        for (index, key) in feed.keys.iter().enumerate() {
            let mut begun =
                Follower::begin(&*feed.store, key, known.start(index, feed.epoch, replay), signal);
            if let Ok(Begun { follower, last_id, .. }) = &begun
                && let Some(start) = known.elsewhere(index, feed.epoch, (follower.epoch(), *last_id), replay)
            {
                if let Ok(Begun { follower, .. }) = begun {
                    follower.close(signal);
                }
                begun = Follower::begin(&*feed.store, key, start, signal);
            }
            let Begun { follower, gap, last_id } = match begun {
                Ok(begun) => begun,
                Err(error) => {
                    feed.close(signal);
                    return Err(error);
                }
            };
            feed.epoch = follower.epoch();
            let gap = gap.or_else(|| known.foreign(index, feed.epoch, follower.position()));
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
    /// What is wrong with the store.
    pub fn now(store: &dyn Store, keys: &Keys) -> Result<String> {
        let epoch = store.epoch()?;
        let positions = keys
            .iter()
            .map(|key| Ok(store.reader(key, Start::Newest(0))?.last_id))
            .collect::<Result<Vec<EventId>>>()?;
        Ok(Tags::new(keys).write(epoch, &positions))
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
            let keys = keys.iter().filter_map(|&index| self.keys.get(index).cloned()).collect();
            let content = Content::Gap(keys, gap);
            return Ok(Some(Delivery { content, before: gap.from, is_fresh: false, cursor: self.cursor() }));
        }
        // What it could not pass over then.
        self.pass_over(signal)?;
        let Some(index) = self.first(signal)? else { return Ok(None) };
        let (Some(key), Some(taken)) = (self.keys.get(index).cloned(), self.take(index)) else {
            return Ok(None);
        };
        // The cursor covers what is passed over behind it. An error shows again when it is asked for more.
        let _ = self.pass_over(signal);
        let content = match taken.item {
            Item::Event(event) => Content::Event(key, event),
            Item::Gap(gap) => Content::Gap(vec![key], gap),
        };
        let (before, is_fresh) = (taken.before, taken.is_fresh);
        Ok(Some(Delivery { content, before, is_fresh, cursor: self.cursor() }))
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
    fn take(&mut self, index: usize) -> Option<Taken> {
        let source = self.sources.get_mut(index)?;
        let item = source.queue.pop_front()?;
        let position = match &item {
            Item::Event(event) => event.id,
            Item::Gap(gap) => gap.to,
        };
        let is_fresh = source.had(position);
        let before = std::mem::replace(self.positions.get_mut(index)?, position);
        Some(Taken { item, before, is_fresh })
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

/// Gaps first, then by id.
fn rank(item: &Item) -> EventId {
    match item {
        Item::Gap(_) => EventId::ZERO,
        Item::Event(event) => event.id,
    }
}

#[cfg(test)]
mod tests;
