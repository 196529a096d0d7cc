//! The database's file: opened once by a process, its tables, and its errors as ours.
//!
//! ```text
//! store     epoch, floor, swept, reached   one row; floor lies above the ids of every key removed
//! keys      number, key, last, events, bytes, oldest
//! events    key, id, before, name, cut, cut_length, external, json, time
//! failures  key, id, times
//! ```
//! An id is one integer, milliseconds × 2^14 + sequence. `before` is the id of the event that was
//! stored before this one, whether it is still here or not. `time` is when it was stored, in milliseconds
//! since 1970, where the id's milliseconds are more than a second away. `oldest` is when the oldest event was stored, by the
//! same clock. `user_version` is the format; `time` and `reached` were added to it later, and who doesn't know
//! them leaves them empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::ffi::{self, ErrorCode};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use rustix::io::Errno;

use super::signals::Signals;
use super::{id, number};
use crate::cursor::Epoch;
use crate::disk::{Directory, Patience, failed, failed_beside, identity};
use crate::error::{Error, Result};
use crate::id::EventId;

const FORMAT: i64 = 1;
/// Statements kept ready; we have fewer.
const STATEMENTS: usize = 32;
/// Pages kept in memory for a process, in KiB: a push touches few.
const CACHE: i64 = 512;
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
pub const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// SQLite keeps locks per process and file: no descriptor of ours on the file may be closed while
/// a connection is open.
static OPENING: Mutex<()> = Mutex::new(());

/// One row of `store`.
pub struct Meta {
    pub epoch: Epoch,
    pub floor: EventId,
}

/// A database's file and this process's connection.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    sync: bool,
    patience: Patience,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    /// Who opened it: a connection that crossed a fork is its parent's.
    process: u32,
    /// Which file it is.
    identity: (u64, u64),
    connection: Connection,
}

impl Database {
    pub fn new(path: &Path, sync: bool, patience: Patience) -> Self {
        Self { path: path.to_owned(), sync, patience, open: Mutex::new(None) }
    }

    /// Reads: `action` may see several states unless it begins a transaction of its own.
    pub fn with<T>(
        &self,
        signals: &Signals,
        action: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut open = self.open.lock();
        let connection = self.connection(&mut open, signals)?;
        action(connection).map_err(|error| self.failed("read", &error))
    }

    /// Reads and writes as one: all of it is stored, or nothing.
    pub fn write<T>(
        &self,
        signals: &Signals,
        action: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut open = self.open.lock();
        let connection = self.connection(&mut open, signals)?;
        let stored =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let answer = action(&transaction)?;
                transaction.commit()?;
                Ok(answer)
            });
        stored.map_err(|error| self.failed("write", &error))
    }

    /// Closes the connection; the next use opens one. To be called before a fork: SQLite's notes of
    /// which locks this process has would be wrong in the child.
    pub fn close(&self) {
        let mut open = self.open.lock();
        leave_to_parent(&mut open);
        *open = None;
    }

    fn connection<'a>(&self, open: &'a mut Option<Open>, signals: &Signals) -> Result<&'a mut Connection> {
        leave_to_parent(open);
        let named = fs::metadata(&self.path).ok().map(|metadata| identity(&metadata));
        if open.as_ref().is_some_and(|open| Some(open.identity) != named) {
            // Removed or replaced behind our back: what we would write nobody would ever read.
            *open = None;
        }
        let open = match open {
            Some(open) => open,
            None => open.insert(self.open(signals)?),
        };
        Ok(&mut open.connection)
    }

    fn open(&self, signals: &Signals) -> Result<Open> {
        let _alone = OPENING.lock();
        let directory = Directory::new(self.path.parent().unwrap_or(&self.path));
        if directory.is_on_network() {
            return Err(Error::NetworkDatabase { path: self.path.clone() });
        }
        signals.ready()?;
        if !self.path.exists() {
            signals.locked(|| self.make(&directory))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags);
        let mut connection = connection.map_err(|error| self.failed("open", &error))?;
        let metadata = fs::metadata(&self.path).map_err(|error| failed("look at", &self.path, error))?;
        let format = set_up(&connection, self.sync, self.patience)
            .and_then(|()| format(&connection))
            .map_err(|error| self.failed("open", &error))?;
        if format > FORMAT {
            let (found, known) = (format.unsigned_abs(), FORMAT.unsigned_abs());
            return Err(Error::NewerFormat { path: self.path.clone(), found, known });
        }
        if format < FORMAT {
            signals.locked(|| make_tables(&mut connection).map_err(|error| self.failed("write", &error)))?;
        }
        if !has_all_columns(&connection).map_err(|error| self.failed("open", &error))? {
            signals.locked(|| add_columns(&mut connection).map_err(|error| self.failed("write", &error)))?;
        }
        Ok(Open { process: std::process::id(), identity: identity(&metadata), connection })
    }

    /// Makes the empty file, shared by its directory's group; SQLite gives its own files the same mode.
    fn make(&self, directory: &Directory) -> Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        for left in ["-wal", "-shm"] {
            // Of a database that was removed: what is in them isn't of this one.
            let _ = fs::remove_file(beside(&self.path, left));
        }
        directory.shared_file(&self.path).map(drop)
    }

    fn failed(&self, action: &'static str, error: &rusqlite::Error) -> Error {
        let path = &self.path;
        let refused = |errno: Errno| failed_beside(path, action, path, errno.into());
        let Some(failure) = error.sqlite_error() else {
            return Error::Io { action, path: path.clone(), source: io::Error::other(error.to_string()) };
        };
        match (failure.code, failure.extended_code) {
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                Error::Locked { path: path.clone(), waited_ms: self.patience.longest().as_millis() }
            }
            // The index of the log couldn't grow; SQLite doesn't say why, a full disk is what does it.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => refused(Errno::NOSPC),
            (ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen, _) => {
                refused(Errno::ACCESS)
            }
            (ErrorCode::NotADatabase, _) => {
                Error::DamagedStore { path: path.clone(), what: "it is not an SQLite database" }
            }
            (ErrorCode::DatabaseCorrupt, _) => {
                Error::DamagedStore { path: path.clone(), what: "SQLite finds it malformed" }
            }
            _ => Error::Io { action, path: path.clone(), source: io::Error::other(error.to_string()) },
        }
    }
}

/// A connection that crossed a fork must not even be closed.
fn leave_to_parent(open: &mut Option<Open>) {
    if let Some(inherited) = open.take_if(|open| open.process != std::process::id()) {
        std::mem::forget(inherited);
    }
}

/// `<path><suffix>`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A database's files and directories, also where they lie if it is a symbolic link: SQLite's own are beside
/// the file, our signals beside the link.
pub fn paths(database: &Path) -> Vec<PathBuf> {
    let real = fs::canonicalize(database).ok().filter(|real| real != database);
    [database.to_owned()]
        .into_iter()
        .chain(real)
        .flat_map(|path| ["", "-wal", "-shm", "-journal", "-signals"].map(|end| beside(&path, end)))
        .collect()
}

fn set_up(connection: &Connection, sync: bool, patience: Patience) -> rusqlite::Result<()> {
    connection.busy_handler(match patience {
        Patience::Waits => Some(wait),
        Patience::TriesOnce => None,
    })?;
    // The last one to close would copy the log into the database, at the cost of a request.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", if sync { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "cache_size", -CACHE)
}

/// Asks for a lock again after growing pauses.
fn wait(times: i32) -> bool {
    let pause = SHORTEST_PAUSE.saturating_mul(1 << times.clamp(0, 8)).min(LONGEST_PAUSE);
    std::thread::sleep(pause);
    u128::from(times.unsigned_abs()) * LONGEST_PAUSE.as_millis() < Patience::Waits.longest().as_millis()
}

fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables unless another process just did.
fn make_tables(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if format(&transaction)? < FORMAT {
        transaction.execute_batch(
            "CREATE TABLE store (
                 epoch INTEGER NOT NULL,
                 floor INTEGER NOT NULL,
                 swept INTEGER NOT NULL,
                 reached INTEGER NOT NULL DEFAULT 0
             );
             CREATE TABLE keys (
                 number INTEGER PRIMARY KEY AUTOINCREMENT,
                 key BLOB NOT NULL UNIQUE,
                 last INTEGER NOT NULL,
                 events INTEGER NOT NULL,
                 bytes INTEGER NOT NULL,
                 oldest INTEGER NOT NULL
             );
             CREATE TABLE events (
                 key INTEGER NOT NULL,
                 id INTEGER NOT NULL,
                 before INTEGER NOT NULL,
                 name TEXT,
                 cut INTEGER,
                 cut_length INTEGER,
                 external INTEGER NOT NULL,
                 json BLOB NOT NULL,
                 time INTEGER,
                 PRIMARY KEY (key, id)
             ) WITHOUT ROWID;
             CREATE TABLE failures (
                 key INTEGER NOT NULL,
                 id INTEGER NOT NULL,
                 times INTEGER NOT NULL,
                 PRIMARY KEY (key, id)
             ) WITHOUT ROWID;",
        )?;
        meta(&transaction)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

fn has_all_columns(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM pragma_table_info('events') WHERE name = 'time'")?.exists([])
}

/// Adds what the first databases of this format don't have, unless another process just did.
fn add_columns(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !has_all_columns(&transaction)? {
        transaction.execute_batch(
            "ALTER TABLE events ADD COLUMN time INTEGER;
             ALTER TABLE store ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;",
        )?;
    }
    transaction.commit()
}

/// The epoch, if the store has one.
pub fn epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let mut statement = connection.prepare_cached("SELECT epoch FROM store")?;
    statement.query_row([], |row| row.get(0).map(Epoch))
}

/// Epoch and floor; a store whose row was removed gets new ones.
pub fn meta(transaction: &Transaction<'_>) -> rusqlite::Result<Meta> {
    let mut statement = transaction.prepare_cached("SELECT epoch, floor FROM store")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Meta { epoch: Epoch(row.get(0)?), floor: id(row.get(1)?) });
    if let Some(meta) = statement.query_row([], read).optional()? {
        return Ok(meta);
    }
    let meta = Meta { epoch: Epoch::draw(), floor: EventId::ZERO };
    transaction.execute(
        "INSERT INTO store (epoch, floor, swept) VALUES (?, ?, 0)",
        [i64::from(meta.epoch.0), number(meta.floor)],
    )?;
    Ok(meta)
}
