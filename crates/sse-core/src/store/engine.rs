//! What every engine does, whatever it keeps events in.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::items::{Gap, Item, Start};
#[cfg(doc)]
use super::policy::Policy;
use crate::cursor::Epoch;
#[cfg(doc)]
use crate::disk::Directory;
use crate::disk::Slot;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::signal::{Trigger, Waits};

/// Bytes of JSON read at a time.
const READ_BYTES: usize = 256 << 10;

/// An engine at work in one place: what every engine does, whatever it keeps events in.
///
/// Always true:
/// - ids of a key rise strictly, also when the clock steps back or the key was forgotten;
/// - an event is stored whole or not at all, and one that is stored wakes;
/// - what is missing behind a position is told as a gap, never passed over silently.
///
/// # Errors
/// What any of its methods may meet, and its readers:
/// - [`Error::DirectoryMissing`], [`Error::NotADirectory`], [`Error::Denied`], [`Error::NetworkDatabase`] when
///   this process can't use the directory or file that the store lies in;
/// - [`Error::NewerFormat`], [`Error::DamagedStore`], [`Error::OtherKey`], [`Error::RedisForeign`] when something
///   else lies there than this version writes;
/// - [`Error::Locked`] when another process kept a lock for as long as [`Policy::patience`] says, and
///   [`Error::RedisUnreachable`], [`Error::RedisLost`], [`Error::RedisUnready`] when there is no server for
///   now: the same may work in a moment;
/// - [`Error::RedisCertificate`], [`Error::RedisRefused`], [`Error::Redis`] when the server doesn't let us;
/// - [`Error::Full`] when something has to be written and there is no space, [`Error::Io`] when the system
///   refuses anything else.
pub trait Store: Tally + fmt::Debug + Send + Sync {
    /// Says what would keep a push from being stored, if anything would.
    ///
    /// # Errors
    /// Those of a [`Store`].
    fn check(&self) -> Result<()>;

    /// Drawn when the store was made: cursors of another store, or of one that was emptied, carry
    /// another one.
    ///
    /// # Errors
    /// Those of a [`Store`].
    fn epoch(&self) -> Result<Epoch>;

    /// Stores an event and answers its id.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when its JSON is longer than [`Policy::max_payload`], and those of a [`Store`]. Nothing
    /// was stored then; only after [`Error::RedisLost`] nobody knows.
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
    /// Those of a [`Store`].
    fn reader(&self, key: &Key, start: Start) -> Result<Opened>;

    /// Whether the key was pushed to, or opened by a reader.
    ///
    /// # Errors
    /// Those of a [`Store`].
    fn knows(&self, key: &Key) -> Result<bool>;

    /// At most `limit` events of `key` after `after`, or from the oldest kept, and a gap where
    /// events are missing. A key nobody pushed to has none, and is not noted.
    ///
    /// # Errors
    /// Those of a [`Store`].
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
    /// Those of a [`Store`].
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

    /// Lets go of what must not cross a fork; to be called before one. It is opened again when needed.
    fn before_fork(&self) {}
}

/// What the workers that stream keep count of: events at which the application's code failed, and how many
/// streams there are.
pub trait Tally {
    /// How often the events of `key` failed. What can't be read counts as nothing.
    fn failures(&self, key: &Key) -> Failures;

    /// Remembers a failure at `id`, and answers how often that makes.
    ///
    /// # Errors
    /// Those of a [`Store`]; then it isn't remembered.
    fn record_failure(&self, key: &Key, id: EventId) -> Result<u32>;

    /// Takes one of `count` places for streams that hold a worker on this machine; `None` if all are
    /// taken.
    ///
    /// # Errors
    /// Those of [`Directory::shared_file`] for the files that the places are; [`Error::Io`] when their directory
    /// can't be made.
    fn take_slot(&self, count: u64) -> Result<Option<Slot>>;
}

/// How often an application's code failed at events of a key.
pub type Failures = BTreeMap<EventId, u32>;

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
    /// Those of a [`Store`].
    fn is_current(&self) -> Result<bool>;

    /// Reads on until `max_bytes` of JSON are reached, one item at least if there is one; see
    /// [`Reader::has_more`].
    ///
    /// # Errors
    /// Those of a [`Store`]; reading can be tried again.
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
