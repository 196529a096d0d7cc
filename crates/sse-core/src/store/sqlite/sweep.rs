//! Once a day, a push looks after the keys nobody pushes to.
//!
//! Old events are dropped; a key that nobody pushed to for 30 days keeps its row alone, a tombstone
//! that still knows the last id; after another 30 days that goes too, and the store's floor covers it.
//!
//! Always true:
//! - it is done in pieces of at most [`ROWS`] events, a transaction each, so that no other push waits for
//!   long;
//! - a piece looks again whether its keys are still idle: they may have been pushed to since.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::number;
use crate::id::EventId;
use crate::retention::Retention;

pub const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Idle time after which a key's events go, and then, after as long again, what is known of it.
const FORGET_AFTER: u64 = 30 * DAY;
/// Rows removed in one transaction: a few milliseconds.
pub const ROWS: usize = 5_000;
/// Keys of each kind looked after in one go; the rest has its turn an hour later.
const KEYS: usize = 100_000;

/// What is to be done, as it was found.
pub struct Sweep {
    tasks: VecDeque<Task>,
    retention: Retention,
    now: u64,
    /// Whether more was found than is in `tasks`.
    has_more: bool,
}

/// What is to be done with the key of this number.
#[derive(Clone, Copy)]
enum Task {
    /// Drop all of its events.
    Forget(i64),
    /// Drop its old events.
    Trim(i64),
    /// Remove its row.
    Remove(i64),
}

/// Whether a sweep is due; if so, others needn't begin one too.
pub fn claim(transaction: &Transaction<'_>, now: u64) -> rusqlite::Result<bool> {
    // A time of the future is of a clock that was wrong.
    let claimed = transaction
        .prepare_cached("UPDATE store SET swept = ?1 WHERE abs(?1 - swept) >= ?2")?
        .execute(params![now, DAY])?;
    Ok(claimed > 0)
}

/// To be said of a sweep that isn't done: it is due again in an hour.
pub fn leave(transaction: &Transaction<'_>, now: u64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE store SET swept = ?", [now.saturating_sub(DAY - HOUR)]).map(drop)
}

impl Sweep {
    /// Looks for what is to be done: this reads all keys, and keeps no one from writing.
    pub fn find(connection: &Connection, retention: &Retention, now: u64) -> rusqlite::Result<Self> {
        let mut sweep = Self { tasks: VecDeque::new(), retention: *retention, now, has_more: false };
        let limit = retention.oldest_millis_limit(now).cast_signed();
        // In this order: a row is removed once its events are.
        for (condition, than, task) in [
            ("events > 0 AND last < ?", sweep.tombstone(), Task::Forget as fn(i64) -> Task),
            ("events > 1 AND oldest < ?", limit, Task::Trim),
            ("last < ?", sweep.gone(), Task::Remove),
        ] {
            let mut statement =
                connection.prepare(&format!("SELECT number FROM keys WHERE {condition} LIMIT ?"))?;
            let found = statement
                .query_map(params![than, KEYS], |row| row.get(0).map(task))?
                .collect::<rusqlite::Result<Vec<Task>>>()?;
            sweep.has_more |= found.len() == KEYS;
            sweep.tasks.extend(found);
        }
        Ok(sweep)
    }

    /// Whether nothing of what was found is left.
    pub fn is_through(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether there was nothing else either.
    pub fn is_done(&self) -> bool {
        self.tasks.is_empty() && !self.has_more
    }

    /// Does a piece of it.
    pub fn piece(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut left = ROWS;
        while let Some(task) = self.tasks.pop_front() {
            let removed = match task {
                Task::Forget(key) => self.forget(transaction, key, left)?,
                Task::Trim(key) => self.trim(transaction, key, left)?,
                Task::Remove(key) => self.remove(transaction, key)?,
            };
            if removed >= left {
                // It may have more to remove; where it hasn't, that is soon found.
                self.tasks.push_front(task);
                return Ok(());
            }
            // Looking at a key costs about as much as removing a row.
            left = left.saturating_sub(removed + 1);
            if left == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn forget(&self, transaction: &Transaction<'_>, key: i64, at_most: usize) -> rusqlite::Result<usize> {
        let mut idle = transaction.prepare_cached("SELECT 1 FROM keys WHERE number = ? AND last < ?")?;
        if !idle.exists([key, self.tombstone()])? {
            return Ok(0);
        }
        let removed = remove_before(transaction, key, i64::MAX, at_most)?;
        if removed < at_most {
            transaction
                .prepare_cached("UPDATE keys SET events = 0, bytes = 0 WHERE number = ?")?
                .execute([key])?;
        }
        Ok(removed)
    }

    /// The newest event stays. Of bytes too many are noted then, until the next push counts them anew.
    fn trim(&self, transaction: &Transaction<'_>, key: i64, at_most: usize) -> rusqlite::Result<usize> {
        let mut newest = transaction.prepare_cached("SELECT max(id) FROM events WHERE key = ?")?;
        let Some(newest) = newest.query_row([key], |row| row.get::<_, Option<i64>>(0))? else {
            return Ok(0);
        };
        let oldest = number(EventId::new(self.retention.oldest_millis(self.now), 0));
        let removed = remove_before(transaction, key, oldest.min(newest), at_most)?;
        transaction
            .prepare_cached(
                "UPDATE keys SET events = max(events - ?2, 1),
                 oldest = (SELECT min(id) >> 14 FROM events WHERE key = ?1) WHERE number = ?1",
            )?
            .execute(params![key, removed])?;
        Ok(removed)
    }

    fn remove(&self, transaction: &Transaction<'_>, key: i64) -> rusqlite::Result<usize> {
        let mut gone =
            transaction.prepare_cached("DELETE FROM keys WHERE number = ? AND last < ? RETURNING last")?;
        let last: Option<i64> = gone.query_row([key, self.gone()], |row| row.get(0)).optional()?;
        let Some(last) = last else { return Ok(0) };
        transaction.prepare_cached("UPDATE store SET floor = max(floor, ?)")?.execute([last])?;
        transaction.prepare_cached("DELETE FROM failures WHERE key = ?")?.execute([key])
    }

    /// A last id before this is of a key that loses its events.
    fn tombstone(&self) -> i64 {
        number(EventId::new(self.now.saturating_sub(FORGET_AFTER), 0))
    }

    /// A last id before this is of a key that is removed.
    fn gone(&self) -> i64 {
        number(EventId::new(self.now.saturating_sub(2 * FORGET_AFTER), 0))
    }
}

/// Removes the first events of a key, as far as they lie before an id.
fn remove_before(
    transaction: &Transaction<'_>,
    key: i64,
    before: i64,
    at_most: usize,
) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "DELETE FROM events WHERE key = ?1 AND id < ?2 AND id <=
             (SELECT max(id) FROM (SELECT id FROM events WHERE key = ?1 ORDER BY id LIMIT ?3))",
        )?
        .execute(params![key, before, at_most])
}
