//! The tables: how they are made, and the one row of `store`.
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

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::ids::{id, number};
use crate::cursor::Epoch;
use crate::id::EventId;

/// The format that is written, and the newest that is read.
pub const FORMAT: i64 = 1;

/// One row of `store`.
pub struct Meta {
    pub epoch: Epoch,
    pub floor: EventId,
}

/// The format of the tables, 0 without any.
pub fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables unless another process just did.
pub fn make(connection: &mut Connection) -> rusqlite::Result<()> {
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

/// Whether the tables have what was added to this format later.
pub fn has_all_columns(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM pragma_table_info('events') WHERE name = 'time'")?.exists([])
}

/// Adds what the first databases of this format don't have, unless another process just did.
pub fn add_columns(connection: &mut Connection) -> rusqlite::Result<()> {
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
