//! One key's row and its events: append, trim.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::ids::{id, number};
use super::tables;
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::retention::Retention;

/// Bytes that a row has beside name and JSON, about.
const ROW: usize = 32;

/// A key's row.
pub struct Log {
    pub number: i64,
    pub last: EventId,
    events: u64,
    bytes: u64,
    /// When the oldest event kept was stored at the latest; meaningless without one. A time that lies behind
    /// that of a later event is of a clock that was ahead.
    oldest_millis: u64,
}

/// A key's row, if there is one.
pub fn find(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Log>> {
    let mut statement =
        connection.prepare_cached("SELECT number, last, events, bytes, oldest FROM keys WHERE key = ?")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Log {
            number: row.get(0)?,
            last: id(row.get(1)?),
            events: row.get(2)?,
            bytes: row.get(3)?,
            oldest_millis: row.get(4)?,
        })
    };
    statement.query_row([key.as_bytes()], read).optional()
}

/// A key's row, made unless there is one. A new one's ids begin above the clock and above all
/// that was removed here, so that a cursor into an earlier one of the key is known to be too old; the
/// millisecond on top is for events that were pushed in this one.
pub fn open(transaction: &Transaction<'_>, key: &Key, now: u64) -> rusqlite::Result<Log> {
    if let Some(log) = find(transaction, key)? {
        return Ok(log);
    }
    let last = tables::meta(transaction)?.floor.next(now + 1);
    transaction.execute(
        "INSERT INTO keys (key, last, events, bytes, oldest) VALUES (?, ?, 0, 0, 0)",
        params![key.as_bytes(), number(last)],
    )?;
    Ok(Log { number: transaction.last_insert_rowid(), last, events: 0, bytes: 0, oldest_millis: 0 })
}

impl Log {
    /// Whether nothing was stored since the event with this id; for [`EventId::ZERO`], whether none is kept.
    pub fn is_at(&self, transaction: &Transaction<'_>, after: EventId) -> rusqlite::Result<bool> {
        if after != EventId::ZERO {
            return Ok(self.last == after);
        }
        // Hands other than ours may have removed events, so they aren't counted by the row.
        let mut statement = transaction.prepare_cached("SELECT 1 FROM events WHERE key = ?")?;
        Ok(!statement.exists([self.number])?)
    }

    /// Stores one event, and drops what retention no longer keeps.
    pub fn append(
        &mut self,
        transaction: &Transaction<'_>,
        draft: &Draft,
        retention: &Retention,
        now: u64,
    ) -> rusqlite::Result<EventId> {
        let id = self.last.next(now);
        let Draft { name, cut, json, external } = draft;
        let name = name.as_ref().map(|name| name.as_str());
        transaction
            .prepare_cached(
                "INSERT INTO events (key, id, before, name, cut, cut_length, external, json, time)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                self.number,
                number(id),
                number(self.last),
                name,
                cut.as_ref().map(|cut| cut.start),
                cut.as_ref().map(|cut| cut.len()),
                external,
                json,
                id.time_apart(now)
            ])?;
        self.oldest_millis = if self.events == 0 { now } else { self.oldest_millis.min(now) };
        self.last = id;
        self.events += 1;
        self.bytes += (json.len() + name.map_or(0, str::len) + ROW) as u64;
        let is_old = self.oldest_millis < retention.oldest_millis_limit(now);
        if self.events > retention.events_limit() || self.bytes > retention.bytes_limit() || is_old {
            self.trim(transaction, retention, now)?;
        }
        self.save(transaction)?;
        Ok(id)
    }

    /// Drops what retention no longer keeps; the newest event stays. Counts anew what is kept, since
    /// hands other than ours may have removed events.
    fn trim(
        &mut self,
        transaction: &Transaction<'_>,
        retention: &Retention,
        now: u64,
    ) -> rusqlite::Result<()> {
        let oldest = retention.oldest_millis(now);
        let (mut kept, mut latest) = ((0, 0), now);
        let mut first_dropped = None;
        let mut statement = transaction.prepare_cached(
            "SELECT id, length(json) + ifnull(length(name), 0), ifnull(time, id >> 14) FROM events
             WHERE key = ? ORDER BY id DESC",
        )?;
        let mut rows = statement.query([self.number])?;
        while let Some(row) = rows.next()? {
            let (at, bytes) = (row.get(0)?, kept.1 + row.get::<_, u64>(1)? + ROW as u64);
            // No event is younger than the one after it, whatever its time.
            let stored = latest.min(row.get(2)?);
            let is_over = kept.0 >= retention.events || bytes > retention.bytes || stored < oldest;
            if is_over && kept.0 > 0 {
                first_dropped = Some(at);
                break;
            }
            (kept, latest) = ((kept.0 + 1, bytes), stored);
        }
        if let Some(at) = first_dropped {
            transaction
                .prepare_cached("DELETE FROM events WHERE key = ? AND id <= ?")?
                .execute([self.number, at])?;
        }
        (self.events, self.bytes) = kept;
        self.oldest_millis = latest;
        Ok(())
    }

    fn save(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let Self { number: key, last, events, bytes, oldest_millis } = self;
        transaction
            .prepare_cached("UPDATE keys SET last = ?, events = ?, bytes = ?, oldest = ? WHERE number = ?")?
            .execute(params![number(*last), events, bytes, oldest_millis, key])?;
        Ok(())
    }
}
