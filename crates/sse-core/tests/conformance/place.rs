//! The table of engines: where each keeps a test's events, and how it is emptied and broken behind
//! its back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sse_core::id::EventId;
use sse_core::retention::Retention;
use sse_core::store::file::FileStore;
use sse_core::store::{Location, Policy, Store};
use tempfile::{TempDir, tempdir};

use crate::redis::Server;
use crate::support::key;

/// An engine of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    File,
    Sqlite,
    Redis,
}

/// A place of one engine for one test.
pub struct Place {
    engine: Engine,
    redis: Option<Server>,
    directory: TempDir,
}

impl Engine {
    /// `None` where its server can't be had.
    pub fn place(self) -> Option<Place> {
        let directory = tempdir().unwrap();
        for name in ["one", "two"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let redis = match self {
            Self::Redis => Some(Server::start(directory.path(), &[])?),
            _ => None,
        };
        Some(Place { engine: self, redis, directory })
    }
}

impl Place {
    /// A directory of the test's own.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn dsn(&self) -> String {
        self.dsn_of("one")
    }

    /// Another store in the same place.
    pub fn other_dsn(&self) -> String {
        self.dsn_of("two")
    }

    fn dsn_of(&self, name: &str) -> String {
        match self.engine {
            Engine::File => format!("file://{}", self.path().join(name).display()),
            Engine::Sqlite => format!("sqlite://{}", self.database(name).display()),
            Engine::Redis => format!("{}?prefix={name}:", self.redis().unix()),
        }
    }

    pub fn redis(&self) -> &Server {
        self.redis.as_ref().unwrap()
    }

    fn database(&self, name: &str) -> PathBuf {
        self.path().join(name).join("events.sqlite")
    }

    /// A store that keeps a thousand events of a key.
    pub fn store(&self) -> Arc<dyn Store> {
        open(&self.dsn(), 1_000)
    }

    /// Every way to empty the store behind our back, each to be tried.
    pub fn ways_to_empty(&self) -> usize {
        match self.engine {
            Engine::File => 1,
            Engine::Sqlite => 4,
            Engine::Redis => 4,
        }
    }

    pub fn empty(&self, way: usize) {
        match (self.engine, way) {
            (Engine::File, _) => {
                for entry in fs::read_dir(self.path().join("one")).unwrap() {
                    fs::remove_file(entry.unwrap().path()).unwrap();
                }
            }
            (Engine::Sqlite, 0) => fs::remove_file(self.database("one")).unwrap(),
            (Engine::Sqlite, 1) => {
                fs::remove_dir_all(self.path().join("one")).unwrap();
                fs::create_dir(self.path().join("one")).unwrap();
            }
            (Engine::Redis, 0) => self.redis().cli(&["FLUSHALL"]),
            (Engine::Redis, 1) => self.redis().cli(&["DEL", "one:{a}log"]),
            (Engine::Redis, 2) => self.redis().cli(&["DEL", "one:{a}log", "one:{a}meta"]),
            (Engine::Redis, _) => self.redis().cli(&["DEL", "one:{a}meta", "one:store"]),
            (Engine::Sqlite, 2) => self.sql("DELETE FROM events"),
            (Engine::Sqlite, _) => self.sql("DELETE FROM events; DELETE FROM keys; DELETE FROM store"),
        }
    }

    /// Puts a key back to its state of when this was its last event, as an older snapshot does.
    pub fn put_back(&self, name: &str, to: EventId) {
        match self.engine {
            Engine::File => panic!("a log doesn't name the event before"),
            Engine::Sqlite => {
                let last = to.millis << 14 | to.sequence;
                self.sql(&format!("DELETE FROM events WHERE id > {last}; UPDATE keys SET last = {last}"));
            }
            Engine::Redis => {
                let script = "for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
                    redis.call('XDEL', KEYS[1], entry[1])
                end
                return redis.call('HSET', KEYS[2], 'last', ARGV[1])";
                let [log, meta] = ["log", "meta"].map(|what| format!("one:{{{name}}}{what}"));
                self.redis().cli(&["EVAL", script, "2", &log, &meta, &to.to_string()]);
            }
        }
    }

    /// Drops all events of a key, as retention does of one that nobody pushed to for a month.
    pub fn drop_events(&self, name: &str) {
        match self.engine {
            Engine::File => {
                let store = FileStore::new(&self.path().join("one"), Policy::default());
                let log = File::options().write(true).open(store.directory().log(&key(name))).unwrap();
                log.set_modified(SystemTime::now() - Duration::from_secs(31 * 86_400)).unwrap();
                store.sweep().unwrap();
            }
            Engine::Sqlite => self.sql("DELETE FROM events; UPDATE keys SET events = 0, bytes = 0"),
            Engine::Redis => self.redis().cli(&["DEL", &format!("one:{{{name}}}log")]),
        }
    }

    /// By another process, as a user would: one process must not open a database by two copies of
    /// SQLite, nor twice by one that doesn't know of the other.
    fn sql(&self, sql: &str) {
        crate::sqlite::run(&self.database("one"), sql);
    }

    /// Looks whether what lies there is whole, where it can be looked at.
    pub fn check(&self) {
        if self.engine == Engine::Sqlite {
            crate::sqlite::check(&self.database("one"));
        }
    }

    /// Makes every push fail.
    pub fn break_it(&self) {
        match &self.redis {
            Some(server) => server.stop(),
            None => fs::remove_dir_all(self.path().join("one")).unwrap(),
        }
    }
}

/// A store that keeps so many events of a key, of any size.
pub fn open(dsn: &str, events: u64) -> Arc<dyn Store> {
    let retention = Retention { events, bytes: 1 << 40, ..Retention::default() };
    with(dsn, retention)
}

pub fn with(dsn: &str, retention: Retention) -> Arc<dyn Store> {
    Location::parse(dsn).unwrap().open(Policy { retention, ..Policy::default() })
}
