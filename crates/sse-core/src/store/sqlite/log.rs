//! One key's row and its events: append, trim, sweep.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::database;
use super::{id, number};
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::retention::Retention;

pub const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Idle time after which a key's events go, and then, after as long again, what is known of it.
const FORGET_AFTER: u64 = 30 * DAY;
/// Keys cut back in one go, so that no push waits for long; the rest has its turn another day.
const AT_MOST: u32 = 1_000;
/// Bytes that a row has beside name and JSON, about.
const ROW: usize = 32;

/// A key's row.
pub struct Log {
    pub number: i64,
    pub last: EventId,
    events: u64,
    bytes: u64,
    /// When the oldest event kept was stored; meaningless without one.
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
    let last = database::meta(transaction)?.floor.next(now + 1);
    transaction.execute(
        "INSERT INTO keys (key, last, events, bytes, oldest) VALUES (?, ?, 0, 0, 0)",
        params![key.as_bytes(), number(last)],
    )?;
    Ok(Log { number: transaction.last_insert_rowid(), last, events: 0, bytes: 0, oldest_millis: 0 })
}

impl Log {
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
                "INSERT INTO events (key, id, before, name, cut, cut_length, external, json)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                self.number,
                number(id),
                number(self.last),
                name,
                cut.as_ref().map(|cut| cut.start),
                cut.as_ref().map(|cut| cut.len()),
                external,
                json
            ])?;
        if self.events == 0 {
            self.oldest_millis = id.millis;
        }
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
        let mut kept = (0, 0, None);
        let mut first_dropped = None;
        let mut statement = transaction.prepare_cached(
            "SELECT id, length(json) + ifnull(length(name), 0) FROM events WHERE key = ? ORDER BY id DESC",
        )?;
        let mut rows = statement.query([self.number])?;
        while let Some(row) = rows.next()? {
            let (at, bytes) = (row.get(0)?, kept.1 + row.get::<_, u64>(1)? + ROW as u64);
            let is_over = kept.0 >= retention.events || bytes > retention.bytes || id(at).millis < oldest;
            if is_over && kept.0 > 0 {
                first_dropped = Some(at);
                break;
            }
            kept = (kept.0 + 1, bytes, Some(id(at).millis));
        }
        if let Some(at) = first_dropped {
            transaction
                .prepare_cached("DELETE FROM events WHERE key = ? AND id <= ?")?
                .execute([self.number, at])?;
        }
        (self.events, self.bytes) = (kept.0, kept.1);
        self.oldest_millis = kept.2.unwrap_or(0);
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

/// Whether a sweep is due; if so, others needn't begin one too.
pub fn claim_sweep(transaction: &Transaction<'_>, now: u64) -> rusqlite::Result<bool> {
    // A time of the future is of a clock that was wrong.
    let claimed = transaction
        .prepare_cached("UPDATE store SET swept = ?1 WHERE abs(?1 - swept) >= ?2")?
        .execute(params![now, DAY])?;
    Ok(claimed > 0)
}

/// Looks after keys that nobody pushes to. Old events are dropped; a key that nobody pushed to for 30
/// days keeps its row alone, a tombstone that still knows the last id; after another 30 days that
/// goes too, and the store's floor covers it.
pub fn sweep(connection: &mut Connection, retention: &Retention, now: u64) -> rusqlite::Result<()> {
    let write = rusqlite::TransactionBehavior::Immediate;
    let tombstone = number(EventId::new(now.saturating_sub(FORGET_AFTER), 0));
    let gone = number(EventId::new(now.saturating_sub(2 * FORGET_AFTER), 0));
    let transaction = connection.transaction_with_behavior(write)?;
    let idle = "(SELECT number FROM keys WHERE events > 0 AND last < ?)";
    transaction.execute(&format!("DELETE FROM events WHERE key IN {idle}"), [tombstone])?;
    transaction
        .execute("UPDATE keys SET events = 0, bytes = 0 WHERE events > 0 AND last < ?", [tombstone])?;
    transaction.execute(
        "UPDATE store SET floor = max(floor, ifnull((SELECT max(last) FROM keys WHERE last < ?), 0))",
        [gone],
    )?;
    transaction
        .execute("DELETE FROM failures WHERE key IN (SELECT number FROM keys WHERE last < ?)", [gone])?;
    transaction.execute("DELETE FROM keys WHERE last < ?", [gone])?;
    transaction.commit()?;
    let limit = retention.oldest_millis_limit(now);
    let keys: Vec<Vec<u8>> = connection
        .prepare("SELECT key FROM keys WHERE events > 1 AND oldest < ? LIMIT ?")?
        .query_map(params![limit, AT_MOST], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for key in keys.iter().filter_map(|bytes| Key::new(bytes).ok()) {
        let transaction = connection.transaction_with_behavior(write)?;
        if let Some(mut log) = find(&transaction, &key)? {
            log.trim(&transaction, retention, now)?;
            log.save(&transaction)?;
        }
        transaction.commit()?;
    }
    Ok(())
}
