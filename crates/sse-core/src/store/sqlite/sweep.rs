//! Once a day, pushes look after the keys nobody pushes to.
//!
//! Old events are dropped; a key that nobody pushed to for 30 days keeps its row alone, a tombstone
//! that still knows the last id; after another 30 days that goes too, and the store's floor covers it.
//!
//! Always true:
//! - it is done in pieces of a few milliseconds, a transaction each, one after a push: neither that one nor
//!   another waits for long;
//! - the store knows which key was reached, so whoever pushes next, in whatever process, goes on there.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::ids::number;
use crate::id::EventId;
use crate::key::Key;
use crate::retention::Retention;

pub const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Idle time after which a key's events go, and then, after as long again, what is known of it.
const FORGET_AFTER: u64 = 30 * DAY;
/// Rows removed in a piece.
pub const ROWS: usize = 2_000;
/// Keys looked at in a piece.
pub const KEYS: usize = 1_000;
/// A time so many milliseconds in the future is of a clock that was ahead.
const AHEAD: u64 = 60_000;

/// What became of a piece.
#[derive(Debug, Default)]
pub struct Done {
    /// Keys of which nothing is known any more.
    pub forgotten: Vec<Key>,
    /// Whether all keys were looked at.
    pub is_through: bool,
}

/// Whether none was through since yesterday.
pub fn is_due(transaction: &Transaction<'_>, now: u64) -> rusqlite::Result<bool> {
    // A time of the future is of a clock that was wrong.
    transaction.prepare_cached("SELECT 1 FROM store WHERE abs(?1 - swept) >= ?2")?.exists(params![now, DAY])
}

/// Has the next piece begin with the first key.
pub fn begin(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("UPDATE store SET reached = 0", []).map(drop)
}

/// Does a piece, from the key that was reached on.
pub fn go_on(transaction: &Transaction<'_>, retention: &Retention, now: u64) -> rusqlite::Result<Done> {
    let mut reached: i64 = transaction
        .prepare_cached("SELECT reached FROM store")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let mut statement = transaction.prepare_cached(
        "SELECT number, last, events, oldest FROM keys WHERE number > ? ORDER BY number LIMIT ?",
    )?;
    let found = statement.query_map(params![reached, KEYS], KeyRow::read)?;
    let found = found.collect::<rusqlite::Result<Vec<KeyRow>>>()?;
    let mut piece = Piece { transaction, retention, now, left: ROWS, forgotten: Vec::new() };
    let mut is_through = found.len() < KEYS;
    for key in found {
        if !piece.tend(&key)? {
            is_through = false;
            break;
        }
        reached = key.number;
    }
    if is_through {
        transaction.prepare_cached("UPDATE store SET swept = ?, reached = 0")?.execute([now])?;
    } else {
        transaction.prepare_cached("UPDATE store SET reached = ?")?.execute([reached])?;
    }
    Ok(Done { forgotten: piece.forgotten, is_through })
}

/// A key's row.
struct KeyRow {
    number: i64,
    last: i64,
    events: u64,
    oldest: u64,
}

impl KeyRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { number: row.get(0)?, last: row.get(1)?, events: row.get(2)?, oldest: row.get(3)? })
    }
}

struct Piece<'a> {
    transaction: &'a Transaction<'a>,
    retention: &'a Retention,
    now: u64,
    /// Rows that may still be removed.
    left: usize,
    forgotten: Vec<Key>,
}

impl Piece<'_> {
    /// Does what is to be done with a key; false if there is more of it.
    fn tend(&mut self, key: &KeyRow) -> rusqlite::Result<bool> {
        let idle_since = |time: u64| key.last < number(EventId::new(self.now.saturating_sub(time), 0));
        let (is_idle, is_gone) = (idle_since(FORGET_AFTER), idle_since(2 * FORGET_AFTER));
        if is_idle && key.events > 0 && !self.forget(key.number)? {
            return Ok(false);
        }
        if is_gone {
            self.remove(key.number)?;
        } else if !is_idle && key.events > 1 && key.oldest < self.retention.oldest_millis_limit(self.now) {
            return self.trim(key.number);
        } else if !is_idle && key.events > 0 && key.oldest > self.now + AHEAD {
            self.settle(key.number)?;
        }
        Ok(true)
    }

    fn forget(&mut self, key: i64) -> rusqlite::Result<bool> {
        let is_done = self.remove_before(key, i64::MAX)?;
        if is_done {
            self.transaction
                .prepare_cached("UPDATE keys SET events = 0, bytes = 0 WHERE number = ?")?
                .execute([key])?;
        }
        Ok(is_done)
    }

    /// The newest event stays. Of bytes too many are noted then, until the next push counts them anew.
    fn trim(&mut self, key: i64) -> rusqlite::Result<bool> {
        let newest: Option<i64> = self
            .transaction
            .prepare_cached("SELECT max(id) FROM events WHERE key = ?")?
            .query_row([key], |row| row.get(0))?;
        let Some(newest) = newest else { return Ok(true) };
        // What was stored before an old event is older, whatever time it has.
        let last_old: Option<i64> = self
            .transaction
            .prepare_cached("SELECT max(id) FROM events WHERE key = ? AND ifnull(time, id >> 14) < ?")?
            .query_row(params![key, self.retention.oldest_millis(self.now)], |row| row.get(0))?;
        let Some(last_old) = last_old else { return Ok(true) };
        let before = self.left;
        let is_done = self.remove_before(key, newest.min(last_old + 1))?;
        self.transaction
            .prepare_cached(
                "UPDATE keys SET events = max(events - ?2, 1),
                 oldest = (SELECT min(ifnull(time, id >> 14)) FROM events WHERE key = ?1) WHERE number = ?1",
            )?
            .execute(params![key, before - self.left])?;
        Ok(is_done)
    }

    /// Events of a clock that was ahead would stay for too long. Nobody knows better when they were stored.
    fn settle(&mut self, key: i64) -> rusqlite::Result<()> {
        let changed = self
            .transaction
            .prepare_cached("UPDATE events SET time = ?2 WHERE key = ?1 AND ifnull(time, id >> 14) > ?2")?
            .execute(params![key, self.now])?;
        self.left = self.left.saturating_sub(changed);
        self.transaction
            .prepare_cached("UPDATE keys SET oldest = ?2 WHERE number = ?1")?
            .execute(params![key, self.now])
            .map(drop)
    }

    fn remove(&mut self, key: i64) -> rusqlite::Result<()> {
        let mut gone =
            self.transaction.prepare_cached("DELETE FROM keys WHERE number = ? RETURNING last, key")?;
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
        let Some((last, name)) = gone.query_row([key], read).optional()? else { return Ok(()) };
        self.transaction.prepare_cached("UPDATE store SET floor = max(floor, ?)")?.execute([last])?;
        self.transaction.prepare_cached("DELETE FROM failures WHERE key = ?")?.execute([key])?;
        self.left = self.left.saturating_sub(1);
        self.forgotten.extend(Key::new(&name));
        Ok(())
    }

    /// Removes the first events of a key, as far as they lie before an id; false if there may be more.
    fn remove_before(&mut self, key: i64, before: i64) -> rusqlite::Result<bool> {
        let removed = self
            .transaction
            .prepare_cached(
                "DELETE FROM events WHERE key = ?1 AND id < ?2 AND id <=
                 (SELECT max(id) FROM (SELECT id FROM events WHERE key = ?1 ORDER BY id LIMIT ?3))",
            )?
            .execute(params![key, before, self.left])?;
        let is_done = removed < self.left;
        self.left -= removed.min(self.left);
        Ok(is_done)
    }
}
