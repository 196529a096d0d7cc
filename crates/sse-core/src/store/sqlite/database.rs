//! The database's file: opened once by a process, made with what lies beside it, and its errors as ours.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::ffi::{self, ErrorCode};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rustix::io::Errno;

use super::paths::beside;
use super::signals::Signals;
use super::tables::{self, FORMAT};
use crate::disk::{Directory, Patience, failed, failed_beside, identity};
use crate::error::{Error, Result};

/// Statements kept ready; we have fewer.
const STATEMENTS: usize = 32;
/// Pages kept in memory for a process, in KiB: a push touches few.
const CACHE: i64 = 512;
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
pub const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// SQLite keeps locks per process and file: no descriptor of ours on the file may be closed while
/// a connection is open.
static OPENING: Mutex<()> = Mutex::new(());

/// A database's file and this process's connection.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    /// The files that wake; their directory's lock is held while the database is made.
    signals: Signals,
    sync: bool,
    patience: Patience,
    open: Mutex<Option<OpenConnection>>,
}

#[derive(Debug)]
struct OpenConnection {
    /// Who opened it: a connection that crossed a fork is its parent's.
    process: u32,
    /// Which file it is.
    identity: (u64, u64),
    connection: Connection,
}

impl Database {
    pub fn new(path: &Path, sync: bool, patience: Patience) -> Self {
        let signals = Signals::new(path, patience);
        Self { path: path.to_owned(), signals, sync, patience, open: Mutex::new(None) }
    }

    /// The files that wake its readers.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Reads: `action` may see several states unless it begins a transaction of its own.
    pub fn with<T>(&self, action: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut open = self.open.lock();
        let connection = self.connection(&mut open)?;
        action(connection).map_err(|error| self.failed("read", &error))
    }

    /// Reads and writes as one: all of it is stored, or nothing.
    pub fn write<T>(&self, action: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut open = self.open.lock();
        let connection = self.connection(&mut open)?;
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

    fn connection<'a>(&self, open: &'a mut Option<OpenConnection>) -> Result<&'a mut Connection> {
        leave_to_parent(open);
        let named = fs::metadata(&self.path).ok().map(|metadata| identity(&metadata));
        if open.as_ref().is_some_and(|open| Some(open.identity) != named) {
            // Removed or replaced behind our back: what we would write nobody would ever read.
            *open = None;
        }
        let open = match open {
            Some(open) => open,
            None => open.insert(self.open()?),
        };
        Ok(&mut open.connection)
    }

    fn open(&self) -> Result<OpenConnection> {
        let _alone = OPENING.lock();
        let directory = Directory::new(self.path.parent().unwrap_or(&self.path));
        if directory.is_on_network() {
            return Err(Error::NetworkDatabase { path: self.path.clone() });
        }
        self.signals.ready()?;
        if !self.path.exists() {
            self.signals.locked(|| self.make(&directory))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags);
        let mut connection = connection.map_err(|error| self.failed("open", &error))?;
        let metadata = fs::metadata(&self.path).map_err(|error| failed("look at", &self.path, error))?;
        let format = set_up(&connection, self.sync, self.patience)
            .and_then(|()| tables::format(&connection))
            .map_err(|error| self.failed("open", &error))?;
        if format > FORMAT {
            let (found, known) = (format.unsigned_abs(), FORMAT.unsigned_abs());
            return Err(Error::NewerFormat { path: self.path.clone(), found, known });
        }
        if format < FORMAT {
            self.signals
                .locked(|| tables::make(&mut connection).map_err(|error| self.failed("write", &error)))?;
        }
        if !tables::has_all_columns(&connection).map_err(|error| self.failed("open", &error))? {
            self.signals.locked(|| {
                tables::add_columns(&mut connection).map_err(|error| self.failed("write", &error))
            })?;
        }
        Ok(OpenConnection { process: std::process::id(), identity: identity(&metadata), connection })
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
fn leave_to_parent(open: &mut Option<OpenConnection>) {
    if let Some(inherited) = open.take_if(|open| open.process != std::process::id()) {
        std::mem::forget(inherited);
    }
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
