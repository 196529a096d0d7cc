//! Several keys followed as one: what a stream delivers next, and the cursor that covers it.
//!
//! A feed knows nothing of sockets or of waiting; whoever waits tells it that a signal fired.
//!
//! Always true:
//! - a key is watched before it is read, so no event falls between the two;
//! - events of a key come in order, those of several keys by id as far as they are known;
//! - the cursor of a delivery covers all that was delivered before it and nothing after;
//! - a gap is told before what follows it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::cursor::{Cursor, Epoch, Tags};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::EventId;
use crate::key::Key;
use crate::signal::{Changes, Signal, Watch};
use crate::store::file::{FileStore, Opened, Reader};
use crate::store::{Gap, Item, Start};

/// Keys one stream may follow.
pub const MAX_KEYS: usize = 64;
/// Bytes of JSON read ahead for a key.
const READ_AHEAD: usize = 64 << 10;
/// Times a log may be replaced while we begin to watch it.
const ATTEMPTS: usize = 100;

/// What a client without a cursor gets first of each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nothing: only what comes.
    None,
    /// The newest so many events.
    Newest(u64),
    /// All that is kept.
    All,
}

impl Replay {
    fn start(self) -> Start {
        match self {
            Self::None => Start::Newest(0),
            Self::Newest(count) => Start::Newest(count),
            Self::All => Start::Oldest,
        }
    }
}

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
    store: Arc<FileStore>,
    keys: Vec<Key>,
    tags: Tags,
    epoch: Epoch,
    sources: Vec<Source>,
    /// Per key, what the client has; what the next cursor is written from.
    positions: Vec<EventId>,
    /// What the client had of the key delivered last, before that delivery.
    before: EventId,
    /// Gaps that the client's cursor opens with, and its text: it stands until they are told.
    opening: Option<(Vec<usize>, Gap, String)>,
}

/// One key of a feed.
#[derive(Debug)]
struct Source {
    reader: Reader,
    watch: Watch,
    queue: VecDeque<Item>,
    /// There may be something to read.
    stale: bool,
}

impl Feed {
    /// Begins to watch `keys` and places a reader on each: behind the client's cursor if it has one
    /// that we wrote (or, with a single key, an event's id that the log still covers), else by `replay`.
    ///
    /// # Errors
    /// [`Error::NoKeys`], [`Error::TooManyKeys`], [`Error::Watch`], and what is wrong with the store.
    pub fn open(
        store: &Arc<FileStore>,
        keys: Vec<Key>,
        client: Option<&[u8]>,
        replay: Replay,
        signal: &mut dyn Signal,
    ) -> Result<Self> {
        let keys = distinct(keys)?;
        let epoch = store.directory().meta()?.epoch;
        let known = Known::read(client, &keys);
        let mut feed = Self {
            store: Arc::clone(store),
            tags: Tags::new(&keys),
            epoch,
            sources: Vec::new(),
            positions: Vec::new(),
            before: EventId::ZERO,
            opening: None,
            keys,
        };
        let mut gaps = Vec::new();
        for (index, key) in feed.keys.iter().enumerate() {
            let mut begun = begin(store, key, known.start(index, epoch, replay), signal);
            if let Ok((opened, watch)) = &begun
                && known.is_beyond(index, opened.last_id)
            {
                // An id that this log never had is not ours.
                signal.unwatch(*watch);
                begun = begin(store, key, replay.start(), signal);
            }
            let (opened, watch) = match begun {
                Ok(begun) => begun,
                Err(error) => {
                    feed.close(signal);
                    return Err(error);
                }
            };
            feed.epoch = opened.epoch;
            let gap = opened.gap.or_else(|| known.foreign(index, epoch, opened.reader.position()));
            feed.positions.push(opened.reader.position());
            feed.sources.push(Source { reader: opened.reader, watch, queue: VecDeque::new(), stale: true });
            if let Some(gap) = gap {
                gaps.push((index, gap));
            }
        }
        feed.opening = opening(&gaps, client);
        Ok(feed)
    }

    /// The cursor behind all that `keys` have now.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub fn now(store: &Arc<FileStore>, keys: Vec<Key>) -> Result<String> {
        let keys = distinct(keys)?;
        let epoch = store.directory().meta()?.epoch;
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
            Some((.., text)) => text.clone(),
            None => self.tags.write(self.epoch, &self.positions),
        }
    }

    /// What the client had of the key delivered last, before that delivery: where a gap begins if
    /// the delivery turns out not to be had.
    #[must_use]
    pub fn before(&self) -> EventId {
        self.before
    }

    /// Whether the next delivery was read already.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.sources.iter().any(|source| !source.queue.is_empty())
    }

    /// Takes note of what the signal saw.
    pub fn wake(&mut self, changes: &Changes) {
        for source in &mut self.sources {
            source.stale |= match changes {
                Changes::All => true,
                Changes::Some(changed) => changed.contains(&source.watch),
            };
        }
    }

    /// What to send next; `None` until the signal fires again.
    ///
    /// # Errors
    /// What is wrong with the store; the feed can be asked again.
    pub fn next(&mut self, signal: &mut dyn Signal) -> Result<Option<Delivery>> {
        if let Some((keys, gap, _)) = self.opening.take() {
            return Ok(Some(Delivery::Gap(keys, gap)));
        }
        for index in 0..self.sources.len() {
            self.fill(index, signal)?;
        }
        let first = self
            .sources
            .iter()
            .enumerate()
            .filter_map(|(index, source)| Some((rank(source.queue.front()?), index)))
            .min();
        let Some((_, index)) = first else {
            return Ok(None);
        };
        let item = self.sources.get_mut(index).and_then(|source| source.queue.pop_front());
        Ok(item.map(|item| {
            let (position, delivery) = match item {
                Item::Event(event) => (event.id, Delivery::Event(index, event)),
                Item::Gap(gap) => (gap.to, Delivery::Gap(vec![index], gap)),
            };
            if let Some(at) = self.positions.get_mut(index) {
                self.before = std::mem::replace(at, position);
            }
            delivery
        }))
    }

    /// Stops watching.
    pub fn close(self, signal: &mut dyn Signal) {
        for source in self.sources {
            signal.unwatch(source.watch);
        }
    }

    /// Reads ahead for a key that may have something new. A log that was replaced is read to its
    /// end, then its successor is opened behind the same position.
    fn fill(&mut self, index: usize, signal: &mut dyn Signal) -> Result<()> {
        let (Some(source), Some(key)) = (self.sources.get_mut(index), self.keys.get(index)) else {
            return Ok(());
        };
        if !source.stale || !source.queue.is_empty() {
            return Ok(());
        }
        source.queue = source.reader.read(READ_AHEAD)?;
        if !source.queue.is_empty() {
            return Ok(());
        }
        if source.reader.is_current()? {
            source.stale = false;
            return Ok(());
        }
        // What was appended between reading and the replacement.
        source.queue = source.reader.read(READ_AHEAD)?;
        if !source.queue.is_empty() {
            return Ok(());
        }
        let position = source.reader.position();
        signal.unwatch(source.watch);
        let (opened, watch) = begin(&self.store, key, Start::After(position), signal)?;
        source.watch = watch;
        source.reader = opened.reader;
        source.queue.extend(opened.gap.map(Item::Gap));
        self.epoch = opened.epoch;
        if source.queue.is_empty() {
            source.queue = source.reader.read(READ_AHEAD)?;
        }
        Ok(())
    }
}

/// Each key once; at least one, at most [`MAX_KEYS`].
fn distinct(keys: Vec<Key>) -> Result<Vec<Key>> {
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

/// Watches a key's log, then opens it; again if it was replaced in between.
fn begin(store: &FileStore, key: &Key, start: Start, signal: &mut dyn Signal) -> Result<(Opened, Watch)> {
    let mut opened = store.reader(key, start)?;
    for _ in 0..ATTEMPTS {
        let watch = match signal.watch(opened.reader.path()) {
            Ok(watch) => watch,
            // Removed just now: opening makes it anew.
            Err(_) if !opened.reader.path().exists() => {
                opened = store.reader(key, start)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        // Watched file and open file are one if the path names the open one after the watch was set.
        match opened.reader.is_current() {
            Ok(true) => return Ok((opened, watch)),
            Ok(false) => signal.unwatch(watch),
            Err(error) => {
                signal.unwatch(watch);
                return Err(error);
            }
        }
        opened = store.reader(key, start)?;
    }
    Err(Error::Locked { path: opened.reader.path().to_owned(), waited_ms: 0 })
}

/// Gaps first, then by id.
fn rank(item: &Item) -> EventId {
    match item {
        Item::Gap(_) => EventId::ZERO,
        Item::Event(event) => event.id,
    }
}

/// All gaps that a stream opens with are told as one.
fn opening(gaps: &[(usize, Gap)], client: Option<&[u8]>) -> Option<(Vec<usize>, Gap, String)> {
    let from = gaps.iter().map(|(_, gap)| gap.from).min()?;
    let to = gaps.iter().map(|(_, gap)| gap.to).max()?;
    let text = String::from_utf8_lossy(client?).into_owned();
    Some((gaps.iter().map(|(index, _)| *index).collect(), Gap { from, to }, text))
}

/// What a client says it has.
enum Known {
    Nothing,
    /// A single key's event id, as `push` answers it.
    Id(EventId),
    Cursor(Epoch, Vec<Option<EventId>>),
}

impl Known {
    fn read(client: Option<&[u8]>, keys: &[Key]) -> Self {
        let Some(text) = client else {
            return Self::Nothing;
        };
        if let Some(cursor) = Cursor::read(text) {
            return Self::Cursor(cursor.epoch(), cursor.positions(keys));
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(id) if keys.len() == 1 => Self::Id(id),
            _ => Self::Nothing,
        }
    }

    fn position(&self, index: usize) -> Option<EventId> {
        match self {
            Self::Nothing => None,
            Self::Id(id) => Some(*id),
            Self::Cursor(_, positions) => positions.get(index).copied().flatten(),
        }
    }

    fn start(&self, index: usize, epoch: Epoch, replay: Replay) -> Start {
        match (self, self.position(index)) {
            (Self::Cursor(theirs, _), Some(_)) if *theirs != epoch => Start::Oldest,
            (_, Some(position)) => Start::After(position),
            (_, None) => replay.start(),
        }
    }

    /// A bare id that the log never reached.
    fn is_beyond(&self, index: usize, last_id: EventId) -> bool {
        matches!(self, Self::Id(_)) && self.position(index).is_some_and(|id| id > last_id)
    }

    /// The gap between another store and this one.
    fn foreign(&self, index: usize, epoch: Epoch, to: EventId) -> Option<Gap> {
        match self {
            Self::Cursor(theirs, _) if *theirs != epoch => self.position(index).map(|from| Gap { from, to }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
