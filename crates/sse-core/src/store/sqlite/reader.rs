//! One key, read on from a position.
//!
//! Always true:
//! - one call of `read` sees one state of the database;
//! - an event whose `before` isn't the position follows a gap, and so does the end of the log if the
//!   key's last id lies behind it: whoever removed what was between. A `before` that lies before the
//!   position means that the position's own event is lost: an earlier state was put back, and pushed to.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::ids::{id, number};
use super::log::{self, Log};
use super::tables;
use crate::cursor::Epoch;
use crate::error::Result;
use crate::event::{Draft, Event, EventName, MAX_JSON};
use crate::id::{EventId, now_millis};
use crate::key::Key;
use crate::signal::Trigger;
use crate::store::{Gap, Item, Opened, Reader, Start};

/// A reader of one key.
#[derive(Debug)]
pub struct SqliteReader {
    database: Arc<Database>,
    key: Key,
    /// The key's row when it was opened: another one is another log.
    number: i64,
    epoch: Epoch,
    /// The key's signal file. It is kept open: another one can't have its number then, and be taken for it.
    path: PathBuf,
    signal: File,
    position: EventId,
}

/// What lies behind a position.
struct Piece {
    items: VecDeque<Item>,
    position: EventId,
}

impl SqliteReader {
    /// Opens a key (noting it if nobody pushed to it yet) and goes to `start`.
    pub fn open(database: &Arc<Database>, key: &Key, start: Start) -> Result<Opened> {
        let (path, signal) = database.signals().file(key)?;
        let place = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let Some(epoch) = tables::epoch(&snapshot).optional()? else { return Ok(None) };
            let Some(log) = log::find(&snapshot, key)? else { return Ok(None) };
            let (position, gap) = begin(&snapshot, &log, start)?;
            Ok(Some((epoch, log, position, gap)))
        };
        let placed = match database.with(place)? {
            Some(placed) => placed,
            None => database.write(|transaction| {
                let epoch = tables::meta(transaction)?.epoch;
                let log = log::open(transaction, key, now_millis())?;
                let (position, gap) = begin(transaction, &log, start)?;
                Ok((epoch, log, position, gap))
            })?,
        };
        let (epoch, Log { number, last: last_id, .. }, position, gap) = placed;
        let (database, key) = (Arc::clone(database), key.clone());
        let reader = Self { database, key, number, epoch, path, signal, position };
        Ok(Opened { reader: Box::new(reader), gap, last_id, epoch })
    }
}

/// Where reading begins, and what is missing there.
fn begin(connection: &Connection, log: &Log, start: Start) -> rusqlite::Result<(EventId, Option<Gap>)> {
    let before = |sql: &str, at: i64| {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row([log.number, at], |row| row.get(0).map(id)).optional()
    };
    let oldest = || -> rusqlite::Result<EventId> {
        let first = before("SELECT before FROM events WHERE key = ? AND id > ? ORDER BY id LIMIT 1", 0)?;
        Ok(first.unwrap_or(log.last))
    };
    match start {
        Start::Oldest => Ok((oldest()?, None)),
        Start::Newest(0) => Ok((log.last, None)),
        Start::Newest(count) => {
            let newest = "SELECT before FROM events WHERE key = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
            match before(newest, i64::try_from(count - 1).unwrap_or(i64::MAX))? {
                Some(position) => Ok((position, None)),
                None => Ok((oldest()?, None)),
            }
        }
        Start::After(from) if from > log.last => {
            let to = oldest()?;
            Ok((to, Some(Gap { from, to })))
        }
        Start::After(from) => {
            let next = "SELECT before FROM events WHERE key = ? AND id > ? ORDER BY id LIMIT 1";
            let to = before(next, number(from))?.unwrap_or(log.last);
            if to != from { Ok((to, Some(Gap { from, to }))) } else { Ok((from, None)) }
        }
    }
}

impl Reader for SqliteReader {
    fn position(&self) -> EventId {
        self.position
    }

    /// The key's signal file.
    fn trigger(&self) -> Trigger<'_> {
        Trigger::File(&self.path)
    }

    /// Whether signal file, epoch and the key's row are still those it was opened with.
    fn is_current(&self) -> Result<bool> {
        if !self.database.signals().is_named(&self.path, &self.signal) {
            return Ok(false);
        }
        self.database.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT 1 FROM keys, store WHERE key = ? AND number = ? AND epoch = ?")?;
            statement.exists(params![self.key.as_bytes(), self.number, self.epoch.0])
        })
    }

    fn read(&mut self, max_bytes: usize) -> Result<VecDeque<Item>> {
        let piece = self.database.with(|connection| {
            let snapshot = connection.transaction()?;
            let is_ours = tables::epoch(&snapshot).optional()? == Some(self.epoch);
            match log::find(&snapshot, &self.key)? {
                Some(log) if is_ours && log.number == self.number && log.last >= self.position => {
                    read(&snapshot, &log, self.position, max_bytes)
                }
                _ => Ok(Piece { items: VecDeque::new(), position: self.position }),
            }
        })?;
        self.position = piece.position;
        Ok(piece.items)
    }
}

fn read(connection: &Connection, log: &Log, from: EventId, max_bytes: usize) -> rusqlite::Result<Piece> {
    let (mut items, mut position, mut bytes) = (VecDeque::new(), from, 0);
    let mut statement = connection.prepare_cached(
        "SELECT id, before, name, cut, cut_length, external,
         CASE WHEN length(json) <= ?3 AND ifnull(length(name), 0) <= ?3 THEN json END,
         ifnull(time, id >> 14) FROM events WHERE key = ?1 AND id > ?2 ORDER BY id",
    )?;
    let mut rows = statement.query(params![log.number, number(from), MAX_JSON])?;
    while bytes < max_bytes {
        let Some(row) = rows.next()? else {
            let lost = Gap { from: position, to: log.last };
            items.extend(told((log.last > position).then_some(lost)));
            return Ok(Piece { items, position: position.max(log.last) });
        };
        let (at, before) = (id(row.get(0)?), id(row.get(1)?));
        if before != position {
            items.push_back(Item::Gap(Gap { from: position, to: before }));
            position = before;
        }
        bytes += 1;
        items.push_back(match draft(row)? {
            Some(draft) => {
                bytes += draft.json.len();
                Item::Event(Event { id: at, stored_millis: row.get(7)?, draft })
            }
            // Not what we write: the event is lost to us.
            None => Item::Gap(Gap { from: position, to: at }),
        });
        position = at;
    }
    Ok(Piece { items, position })
}

fn draft(row: &Row<'_>) -> rusqlite::Result<Option<Draft>> {
    // Larger than anything of ours: its bytes stay where they are.
    let Some(json) = row.get::<_, Option<Vec<u8>>>(6)? else { return Ok(None) };
    let name = row.get_ref(2)?.as_bytes_or_null().unwrap_or_default().map(EventName::stored);
    let (cut, length): (Option<usize>, Option<usize>) = (row.get(3)?, row.get(4)?);
    let cut = cut.zip(length).map(|(start, length)| start..start.saturating_add(length));
    let fits = cut.as_ref().is_none_or(|cut| cut.end <= json.len());
    match name.transpose() {
        Ok(name) if fits => Ok(Some(Draft { name, cut, json, external: row.get(5)? })),
        _ => Ok(None),
    }
}

/// A queue of at most one gap.
fn told(gap: Option<Gap>) -> VecDeque<Item> {
    gap.map(Item::Gap).into_iter().collect()
}
