//! Where events are kept: an ordered log per key, bounded by age, count and bytes.

pub mod file;
mod location;
pub mod redis;
pub mod sqlite;

pub use self::location::{Location, redacted};
pub use crate::disk::{Patience, Slot};

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::cursor::Epoch;
use crate::error::{Error, Result};
use crate::event::{Draft, Event};
use crate::id::{EventId, NEARLY};
use crate::key::Key;
use crate::retention::Retention;
use crate::signal::{Trigger, Waits};

/// Bytes of JSON that `sse.max_payload` may allow an event. What is longer was put there by other hands, or is
/// damage: it is never read into memory.
pub const MAX_JSON: usize = 64 << 20;

/// Bytes of JSON read at a time.
const READ_BYTES: usize = 256 << 10;

/// How often an application's code failed at events of a key.
pub type Failures = BTreeMap<EventId, u32>;

/// An engine at work in one place: what every engine does, whatever it keeps events in.
///
/// Always true:
/// - ids of a key rise strictly, also when the clock steps back or the key was forgotten;
/// - an event is stored whole or not at all, and one that is stored wakes;
/// - what is missing behind a position is told as a gap, never passed over silently.
pub trait Store: fmt::Debug + Send + Sync {
    /// Says what is wrong with the store, if anything is.
    ///
    /// # Errors
    /// What would keep a push from being stored.
    fn check(&self) -> Result<()>;

    /// Drawn when the store was made: cursors of another store, or of one that was emptied, carry
    /// another one.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn epoch(&self) -> Result<Epoch>;

    /// Stores an event and answers its id.
    ///
    /// # Errors
    /// [`crate::Error::TooLarge`] and what is wrong with the store.
    fn append(&self, key: &Key, draft: &Draft) -> Result<EventId>;

    /// Stores an event if nothing was stored in `key` since the one with the id `after`, whether that is still
    /// kept or not; with [`EventId::ZERO`], if no event is kept. Nobody else can store one between the look and
    /// the event. `None` if something was stored since, or if the key never had that id: nothing is stored then.
    ///
    /// # Errors
    /// Those of [`Store::append`].
    fn append_after(&self, key: &Key, draft: &Draft, after: EventId) -> Result<Option<EventId>>;

    /// Opens a reader of `key`. A key nobody pushed to is noted, so that what comes first is not a gap.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn reader(&self, key: &Key, start: Start) -> Result<Opened>;

    /// Whether the key was pushed to, or opened by a reader.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn knows(&self, key: &Key) -> Result<bool>;

    /// At most `limit` events of `key` after `after`, or from the oldest kept, and a gap where
    /// events are missing. A key nobody pushed to has none, and is not noted.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn read(&self, key: &Key, after: Option<EventId>, limit: usize) -> Result<Vec<Item>> {
        let after = after.filter(|after| *after > EventId::ZERO);
        if !self.knows(key)? {
            return Ok(unknown(after));
        }
        self.reader(key, after.map_or(Start::Oldest, Start::After))?.take(limit)
    }

    /// The newest `count` events of `key`, of those after `after` if that is given, oldest first, and a gap
    /// where events are missing between or after them, or between `after` and them. What comes before them is
    /// not read.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn read_newest(&self, key: &Key, after: Option<EventId>, count: usize) -> Result<Vec<Item>> {
        let after = after.filter(|after| *after > EventId::ZERO);
        if !self.knows(key)? {
            return Ok(unknown(after));
        }
        let newest = self.reader(key, Start::Newest(count as u64))?;
        let Some(after) = after else { return newest.take(count) };
        // Where both begin at one place, that there is a gap before it is known to the one that comes from `after`.
        let behind = self.reader(key, Start::After(after))?;
        let begins_later = newest.reader.position() > behind.reader.position();
        if begins_later { newest.take(count) } else { behind.take(count) }
    }

    /// What its readers wait on: [`crate::signal::open`] makes a signal of it.
    fn waits(&self) -> Waits;

    /// How often the events of `key` failed. What can't be read counts as nothing.
    fn failures(&self, key: &Key) -> Failures;

    /// Remembers a failure at `id`, and answers how often that makes.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn record_failure(&self, key: &Key, id: EventId) -> Result<u32>;

    /// Takes one of `count` places for streams that hold a worker on this machine; `None` if all are
    /// taken.
    ///
    /// # Errors
    /// What is wrong with the directory that the places are in.
    fn take_slot(&self, count: u64) -> Result<Option<Slot>>;

    /// Lets go of what must not cross a fork; to be called before one. It is opened again when needed.
    fn before_fork(&self) {}
}

/// Reads one key on from a position.
pub trait Reader: fmt::Debug + Send {
    /// The last event yielded, or where reading began.
    fn position(&self) -> EventId;

    /// What a signal watches for it.
    fn trigger(&self) -> Trigger<'_>;

    /// Whether what is read is still what the store has under this key. If not, it is to be opened
    /// anew behind [`Reader::position`], once nothing is left to read.
    ///
    /// # Errors
    /// What is wrong with the store.
    fn is_current(&self) -> Result<bool>;

    /// Reads on until `max_bytes` of JSON are reached, one item at least if there is one; see
    /// [`Reader::has_more`].
    ///
    /// # Errors
    /// What is wrong with the store; reading can be tried again.
    fn read(&mut self, max_bytes: usize) -> Result<VecDeque<Item>>;

    /// Whether the last read ended because it had worked through as much as one may, so that nothing else
    /// waits for long: there is more to read, even if nothing came.
    fn has_more(&self) -> bool {
        false
    }
}

/// A reader just opened.
#[derive(Debug)]
pub struct Opened {
    /// The reader, placed.
    pub reader: Box<dyn Reader>,
    /// Told if the store can't answer from where reading should begin.
    pub gap: Option<Gap>,
    /// The newest event's id, or that of the last one that was dropped.
    pub last_id: EventId,
    /// The store that was read.
    pub epoch: Epoch,
}

impl Opened {
    /// The next `limit` events, or as many as there are, with the gaps before and between them.
    fn take(mut self, limit: usize) -> Result<Vec<Item>> {
        let mut items: Vec<Item> = self.gap.map(Item::Gap).into_iter().collect();
        let mut events = 0;
        while events < limit {
            let read = self.reader.read(READ_BYTES)?;
            if read.is_empty() && !self.reader.has_more() {
                break;
            }
            for item in read {
                let is_event = matches!(item, Item::Event(_));
                if is_event && events == limit {
                    return Ok(items);
                }
                events += usize::from(is_event);
                items.push(item);
            }
        }
        Ok(items)
    }
}

/// What is told of a key that nobody pushed to.
fn unknown(after: Option<EventId>) -> Vec<Item> {
    after.map(|from| Item::Gap(Gap { from, to: from })).into_iter().collect()
}

/// How a store keeps events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it keeps.
    pub retention: Retention,
    /// Bytes of JSON an event may have.
    pub max_payload: usize,
    /// Whether a push waits until the disk has it.
    pub sync: bool,
    /// How long locks that other processes hold are waited for.
    pub patience: Patience,
}

impl Settings {
    /// Says so if an event has more bytes than it may have.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn check_size(&self, draft: &Draft) -> Result<()> {
        let (len, max) = (draft.json.len(), self.max_payload);
        if len > max { Err(Error::TooLarge { len, max }) } else { Ok(()) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            max_payload: 1 << 20,
            sync: false,
            patience: Patience::default(),
        }
    }
}

/// When each of these was stored, in milliseconds since 1970. A time behind that of a later event, or behind
/// now, is of a clock that was ahead: it was not later than that. Of a gap it is when it ended.
#[must_use]
pub fn times(items: &[Item], now_millis: u64) -> Vec<u64> {
    // An id may be ahead of the clock by so much without saying another time.
    let mut latest = now_millis.saturating_add(NEARLY);
    let mut times: Vec<u64> = items
        .iter()
        .rev()
        .map(|item| {
            latest = latest.min(match item {
                Item::Event(event) => event.stored_millis,
                Item::Gap(gap) => return latest.min(gap.to.millis),
            });
            latest
        })
        .collect();
    times.reverse();
    times
}

/// What reading a key yields, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Event),
    /// Events that can't be had any more.
    Gap(Gap),
}

/// Events after `from` up to `to` are gone: dropped by retention, damaged, or of a store that is no
/// more. Reading goes on behind `to`. Where the extent isn't known, `to` equals `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last position that was certain.
    pub from: EventId,
    /// The position from which reading goes on.
    pub to: EventId,
}

/// Where reading a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind this position; a gap if the log can't answer from there.
    After(EventId),
    /// Before the newest so many events.
    Newest(u64),
    /// Before the oldest event kept.
    Oldest,
}
