//! One key, read on from a position.
//!
//! Always true:
//! - what is read at a time is one state of the key, its meta and its events, and no more than was asked for and
//!   an event;
//! - an entry that names no event before it is none of ours, and passed over;
//! - an event whose `p` isn't the position follows a gap, and so does the end of the log if the key's
//!   last id lies behind it: whoever removed what was between. A `p` before the position means that the
//!   position's own event is lost: an earlier state was put back, and pushed to.

use std::collections::VecDeque;
use std::sync::Arc;

use super::keyspace::Keyspace;
use super::names::Names;
use super::scripts::Entry;
use crate::cursor::Epoch;
use crate::error::Result;
use crate::event::{Draft, Event, EventName};
use crate::id::EventId;
use crate::key::Key;
use crate::signal::Trigger;
use crate::store::{Gap, Item, Opened, Reader, Start};

/// Entries asked for at a time, at most.
const AT_MOST: usize = 128;

/// A reader of one key.
#[derive(Debug)]
pub struct RedisReader {
    keyspace: Arc<Keyspace>,
    names: Names,
    epoch: Epoch,
    position: EventId,
    /// The last entry read, of whomever.
    seen: EventId,
    is_current: bool,
}

impl RedisReader {
    /// Opens a key (noting it if nobody pushed to it yet) and goes to `start`.
    pub fn open(keyspace: &Arc<Keyspace>, key: &Key, start: Start) -> Result<Opened> {
        let names = keyspace.names(key);
        let look = |start| {
            let (found, epoch) = keyspace.with_epoch(|epoch, is_fresh| {
                keyspace
                    .link
                    .repeat(|connection| keyspace.scripts.open(connection, &names, epoch, is_fresh, start))
            })?;
            let (last, before) = found;
            let last = keyspace.id(&names, &last)?;
            Ok((last, before.map_or(Ok(last), |before| keyspace.id(&names, &before))?, epoch))
        };
        let (last_id, before, epoch) = look(if start == Start::Newest(0) { Start::Oldest } else { start })?;
        let (position, gap) = match start {
            Start::Newest(0) => (last_id, None),
            Start::Oldest | Start::Newest(_) => (before, None),
            Start::After(from) if from > last_id => {
                let (_, oldest, _) = look(Start::Oldest)?;
                (oldest, Some(Gap { from, to: oldest }))
            }
            Start::After(from) if before != from => (before, Some(Gap { from, to: before })),
            Start::After(from) => (from, None),
        };
        let (keyspace, is_current) = (Arc::clone(keyspace), true);
        let reader = Self { keyspace, names, epoch, position, seen: position, is_current };
        Ok(Opened { reader: Box::new(reader), gap, last_id, epoch })
    }

    /// Takes note of entries, from the position on.
    fn take(&mut self, entries: Vec<Entry>) -> Result<VecDeque<Item>> {
        let mut items = VecDeque::new();
        for (id, fields) in entries {
            let at: EventId = id.parse().map_err(|_| self.keyspace.link.damaged(&self.names.log))?;
            self.seen = at;
            let Some((before, time, draft)) = read_fields(fields) else { continue };
            if before != self.position {
                items.push_back(Item::Gap(Gap { from: self.position, to: before }));
                self.position = before;
            }
            items.push_back(match draft {
                Some(draft) => Item::Event(Event { id: at, stored_millis: time.unwrap_or(at.millis), draft }),
                // Not as we write it: the event is lost to us.
                None => Item::Gap(Gap { from: self.position, to: at }),
            });
            self.position = at;
        }
        Ok(items)
    }

    /// What is behind the last entry seen, and whether that is all there is; nothing if the key was removed, or
    /// put back to an earlier state.
    fn look(&self, max_bytes: usize) -> Result<Option<(EventId, Vec<Entry>, bool)>> {
        let Keyspace { link, scripts, .. } = &*self.keyspace;
        let (epoch, last, entries, is_end) =
            link.repeat(|connection| scripts.read(connection, &self.names, self.seen, max_bytes, AT_MOST))?;
        let epoch = epoch.and_then(|text| u32::from_str_radix(&text, 16).ok());
        let last: Option<EventId> = last.and_then(|text| text.parse().ok());
        let last = last.filter(|last| epoch == Some(self.epoch.0) && *last >= self.position);
        Ok(last.map(|last| (last, entries, is_end)))
    }
}

impl Reader for RedisReader {
    fn position(&self) -> EventId {
        self.position
    }

    /// The key's channel.
    fn trigger(&self) -> Trigger<'_> {
        Trigger::Channel(&self.names.channel)
    }

    /// As the last read found it.
    fn is_current(&self) -> Result<bool> {
        Ok(self.is_current)
    }

    fn read(&mut self, max_bytes: usize) -> Result<VecDeque<Item>> {
        loop {
            let Some((last, entries, is_end)) = self.look(max_bytes)? else {
                self.is_current = false;
                return Ok(VecDeque::new());
            };
            let mut items = self.take(entries)?;
            if is_end && last > self.position {
                items.push_back(Item::Gap(Gap { from: self.position, to: last }));
                self.position = last;
                self.seen = self.seen.max(last);
            }
            // Else there may be more behind what others wrote.
            if is_end || !items.is_empty() {
                return Ok(items);
            }
        }
    }
}

/// The id before an event, its time if that isn't its id's, and the event (or nothing where it isn't as we
/// write it); nothing at all of what others wrote.
fn read_fields(fields: Vec<Vec<u8>>) -> Option<(EventId, Option<u64>, Option<Draft>)> {
    let mut fields = fields.into_iter();
    let before = match (fields.next()?.as_slice(), fields.next()?) {
        (b"p", before) => std::str::from_utf8(&before).ok()?.parse().ok()?,
        _ => return None,
    };
    let (mut time, mut name, mut cut, mut external, mut json) = (None, None, None, false, None);
    while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
        match field.as_slice() {
            b"t" => time = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()),
            b"n" => name = Some(EventName::stored(&value)),
            b"c" => {
                cut = std::str::from_utf8(&value).ok().and_then(|text| {
                    let (start, length) = text.split_once('+')?;
                    let start: usize = start.parse().ok()?;
                    Some(start..start.checked_add(length.parse().ok()?)?)
                });
            }
            b"x" => external = true,
            b"d" => json = Some(value),
            _ => {}
        }
    }
    let draft = match (name.transpose(), json) {
        (Ok(name), Some(json)) if cut.as_ref().is_none_or(|cut| cut.end <= json.len()) => {
            Some(Draft { name, cut, json, external })
        }
        _ => None,
    };
    Some((before, time, draft))
}
