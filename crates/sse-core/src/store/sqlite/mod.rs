//! Events in one SQLite database: a single file to back up, and room for very many keys.
//!
//! One table of keys, one of events ([`tables`] shows them). Beside `<path>` lie SQLite's own
//! `<path>-wal` and `<path>-shm`, and the directory `<path>-signals` with a file per key that is
//! touched after each commit ([`signals`]): that is what readers wait on. Who is killed in between has
//! woken nobody, so readers look again every few seconds.
//!
//! Always true:
//! - a transaction that writes begins as a writer (`BEGIN IMMEDIATE`): none fails half-way for a lock;
//! - an event names the one before it, so whatever removed events (retention, or a hand in the
//!   database) leaves a gap that readers see;
//! - a connection is used by the process that opened it, and a file only as long as the path names it.
//!
//! PHP itself must never open the file (not by PDO, not by `copy()`): two copies of SQLite in one
//! process undo each other's locks, and committed events are lost.

mod database;
mod ids;
mod log;
mod paths;
mod reader;
mod signals;
mod sweep;
mod tables;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

pub(super) use self::paths::paths;

use self::database::Database;
use self::ids::{id, number};
use self::log::Log;
use self::reader::SqliteReader;

use crate::cursor::Epoch;
use crate::error::Result;
use crate::event::Draft;
use crate::id::{EventId, now_millis};
use crate::key::Key;
use crate::signal::Waits;
use crate::store::{Failures, Opened, Policy, Slot, Start, Store, Tally};

/// Failures remembered for a key; the oldest are forgotten.
const REMEMBERED: i64 = 100;

/// Between two pieces of a sweep from end to end, so that whoever waits to write finds the lock free when it
/// looks again.
const PAUSE: Duration = database::LONGEST_PAUSE.saturating_add(Duration::from_millis(1));

/// A store in a database.
#[derive(Debug)]
pub struct SqliteStore {
    policy: Policy,
    /// Its readers share it.
    database: Arc<Database>,
    /// When this process last asked whether a sweep is due, in milliseconds since 1970.
    asked: AtomicU64,
    /// Whether this process has begun a sweep, or gone on with one, that isn't through.
    sweeps: AtomicBool,
}

impl SqliteStore {
    /// A store in this file, which is made when it is first used; its directory must exist.
    #[must_use]
    pub fn new(path: &Path, policy: Policy) -> Arc<Self> {
        let database = Database::new(path, policy.sync, policy.patience);
        Arc::new(Self {
            policy,
            database: Arc::new(database),
            asked: AtomicU64::new(0),
            sweeps: AtomicBool::new(false),
        })
    }

    /// Drops what retention no longer keeps, of every key; see [`sweep`].
    ///
    /// # Errors
    /// Those of a [`Store`]: what keeps the database from being written.
    pub fn sweep(&self, now: u64) -> Result<()> {
        self.database.write(sweep::begin)?;
        while !self.sweep_a_piece(now)? {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Stores an event, and says whether a sweep is due.
    fn append_to(
        &self,
        mut log: Log,
        transaction: &Transaction<'_>,
        draft: &Draft,
        now: u64,
    ) -> rusqlite::Result<(EventId, bool)> {
        let id = log.append(transaction, draft, &self.policy.retention, now)?;
        let asks = self.sweeps.load(Ordering::Relaxed) || self.asks(now);
        Ok((id, asks && sweep::is_due(transaction, now)?))
    }

    /// Tells of an event that is stored, and goes on with a sweep that is due.
    fn after_storing(&self, key: &Key, (id, is_due): (EventId, bool), now: u64) -> EventId {
        self.database.signals().wake(key);
        // The event is stored. What can't be swept now will be after another push.
        let has_more = is_due && !self.sweep_a_piece(now).unwrap_or(true);
        self.sweeps.store(has_more, Ordering::Relaxed);
        id
    }

    /// Goes on with a sweep; true if it is through.
    fn sweep_a_piece(&self, now: u64) -> Result<bool> {
        let retention = &self.policy.retention;
        let done = self.database.write(|transaction| sweep::go_on(transaction, retention, now))?;
        let sweep::Done { forgotten, is_through } = done;
        forgotten.iter().for_each(|key| self.database.signals().forget(key));
        Ok(is_through)
    }

    /// Whether to ask if a sweep is due: with the first push of a process, and then once an hour. A key
    /// may have been opened by readers only, so that it is new is no occasion.
    fn asks(&self, now: u64) -> bool {
        let is_time = now.abs_diff(self.asked.load(Ordering::Relaxed)) >= sweep::HOUR;
        if is_time {
            self.asked.store(now, Ordering::Relaxed);
        }
        is_time
    }
}

impl Store for SqliteStore {
    fn check(&self) -> Result<()> {
        self.database.signals().check()?;
        self.database.write(|_| Ok(()))
    }

    fn epoch(&self) -> Result<Epoch> {
        let known = self.database.with(|connection| tables::epoch(connection).optional())?;
        match known {
            Some(epoch) => Ok(epoch),
            None => self.database.write(|transaction| tables::meta(transaction).map(|meta| meta.epoch)),
        }
    }

    fn append(&self, key: &Key, draft: &Draft) -> Result<EventId> {
        self.policy.check_size(draft)?;
        let now = now_millis();
        let stored = self.database.write(|transaction| {
            let log = log::open(transaction, key, now)?;
            self.append_to(log, transaction, draft, now)
        })?;
        Ok(self.after_storing(key, stored, now))
    }

    fn append_after(&self, key: &Key, draft: &Draft, after: EventId) -> Result<Option<EventId>> {
        self.policy.check_size(draft)?;
        let now = now_millis();
        let stored = self.database.write(|transaction| {
            let log = log::open(transaction, key, now)?;
            if log.is_at(transaction, after)? {
                self.append_to(log, transaction, draft, now).map(Some)
            } else {
                Ok(None)
            }
        })?;
        Ok(stored.map(|stored| self.after_storing(key, stored, now)))
    }

    fn reader(&self, key: &Key, start: Start) -> Result<Opened> {
        SqliteReader::open(&self.database, key, start)
    }

    fn knows(&self, key: &Key) -> Result<bool> {
        Ok(self.database.with(|connection| log::find(connection, key))?.is_some())
    }

    fn waits(&self) -> Waits {
        Waits::Files { network: false, told_late: true }
    }

    fn before_fork(&self) {
        self.database.close();
    }
}

impl Tally for SqliteStore {
    fn failures(&self, key: &Key) -> Failures {
        let read = self.database.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, times FROM failures WHERE key = (SELECT number FROM keys WHERE key = ?)",
            )?;
            let rows = statement.query_map([key.as_bytes()], |row| Ok((id(row.get(0)?), row.get(1)?)))?;
            rows.collect()
        });
        read.unwrap_or_default()
    }

    fn record_failure(&self, key: &Key, at: EventId) -> Result<u32> {
        self.database.write(|transaction| {
            let log = log::open(transaction, key, now_millis())?;
            let times = transaction.query_row(
                "INSERT INTO failures (key, id, times) VALUES (?1, ?2, 1)
                 ON CONFLICT (key, id) DO UPDATE SET times = times + 1 RETURNING times",
                params![log.number, number(at)],
                |row| row.get(0),
            )?;
            transaction.execute(
                "DELETE FROM failures WHERE key = ?1 AND id NOT IN
                 (SELECT id FROM failures WHERE key = ?1 ORDER BY id DESC LIMIT ?2)",
                params![log.number, REMEMBERED],
            )?;
            Ok(times)
        })
    }

    fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        self.database.signals().take_slot(count)
    }
}

#[cfg(test)]
mod tests;
