//! Events in Redis (or Valkey): the engine for several hosts.
//!
//! ```text
//! <prefix>store          the store's epoch, 8 hex digits
//! <prefix>{<key>}log     a Redis Stream: p <id before> [t <time>] [n <name>] [c <offset>+<length>] [x 1] d <json>
//! <prefix>{<key>}meta    a hash: epoch, last, due, age, large
//! <prefix>{<key>}failed  a hash: id → times
//! <prefix><db>:<key>     a channel: a message for each push
//! <prefix>control:<own>  a channel: a listener's own, by which it is told what to listen to
//! ```
//! `t` is when the event was stored, in milliseconds since 1970, where the id's milliseconds are more than a second
//! ahead.
//! The key is percent-encoded, so that all of a key is in one hash slot of a cluster.
//!
//! Always true:
//! - an event is announced, added and trimmed for by one script, so others see all of it or nothing;
//! - ids come from Redis's clock and the last id, so hosts with different clocks agree;
//! - an event names the one before it: whatever removed events (retention, `FLUSHALL`, an eviction, a
//!   restart from an older snapshot) leaves a gap that readers see;
//! - a connection is used by the process that opened it, and by nobody after a time-out.

mod link;
mod reader;
mod scripts;
mod server;

use std::sync::Arc;

use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use redis::cmd;

use self::link::Link;
use self::reader::RedisReader;
use self::scripts::Scripts;
pub use self::server::{RedisLocation, Server};
use super::{Failures, Opened, Settings, Slot, Start, Store};
use crate::cursor::Epoch;
use crate::disk::{self, Patience};
use crate::error::Result;
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::signal::Waits;

/// Failures remembered for a key; the oldest are forgotten.
const REMEMBERED: usize = 100;
/// What stays as it is in names, so that they can be read in `redis-cli`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A store in a Redis database.
#[derive(Debug)]
pub struct RedisStore {
    settings: Settings,
    shared: Arc<Shared>,
}

/// What a store shares with its readers.
#[derive(Debug)]
struct Shared {
    location: RedisLocation,
    link: Link,
    scripts: Scripts,
    /// The epoch as it was when somebody last looked; the scripts say when it is another one.
    epoch: Mutex<Option<Epoch>>,
}

/// What a key is called in Redis.
#[derive(Clone, Debug)]
struct Names {
    log: String,
    meta: String,
    failed: String,
    channel: String,
}

impl RedisStore {
    /// A store at this location; nothing is connected before it is used.
    #[must_use]
    pub fn new(mut location: RedisLocation, settings: Settings) -> Arc<Self> {
        if settings.patience == Patience::TriesOnce {
            location.server.hurry();
        }
        let (link, scripts) = (Link::new(location.server.clone()), Scripts::new());
        let shared = Shared { location, link, scripts, epoch: Mutex::new(None) };
        Arc::new(Self { settings, shared: Arc::new(shared) })
    }

    /// What the script answers that stores an event: its id, or nothing if it isn't `after` that was stored last.
    fn run_append(&self, names: &Names, draft: &Draft, after: Option<EventId>) -> Result<String> {
        let Self { settings, shared } = self;
        settings.check_size(draft)?;
        let (answer, _) = shared.with_epoch(|epoch, is_fresh| {
            shared.link.once(|connection| {
                shared.scripts.append(connection, names, epoch, is_fresh, &settings.retention, draft, after)
            })
        })?;
        Ok(answer)
    }
}

impl Shared {
    fn names(&self, key: &Key) -> Names {
        let RedisLocation { server, prefix, .. } = &self.location;
        let key = percent_encode(key.as_bytes(), PLAIN);
        Names {
            log: format!("{prefix}{{{key}}}log"),
            meta: format!("{prefix}{{{key}}}meta"),
            failed: format!("{prefix}{{{key}}}failed"),
            channel: format!("{prefix}{}:{key}", server.database()),
        }
    }

    /// An id as a script answers it.
    fn id(&self, names: &Names, text: &str) -> Result<EventId> {
        text.parse().map_err(|_| self.link.damaged(&names.meta))
    }

    /// The epoch that Redis has; a store without one gets one.
    fn read_epoch(&self) -> Result<Epoch> {
        let name = format!("{}store", self.location.prefix);
        let text: String = self.link.repeat(|connection| {
            if let Some(text) = cmd("GET").arg(&name).query::<Option<String>>(connection)? {
                return Ok(text);
            }
            let drawn = format!("{:08x}", Epoch::draw().0);
            cmd("SET").arg(&name).arg(drawn).arg("NX").query::<redis::Value>(connection)?;
            cmd("GET").arg(&name).query(connection)
        })?;
        let epoch = u32::from_str_radix(&text, 16).map(Epoch).map_err(|_| self.link.damaged(&name))?;
        *self.epoch.lock() = Some(epoch);
        Ok(epoch)
    }

    /// Runs `action` with the epoch known here, and if Redis has another one, again with that.
    fn with_epoch<T>(&self, mut action: impl FnMut(Epoch, bool) -> Result<Option<T>>) -> Result<(T, Epoch)> {
        let known = *self.epoch.lock();
        if let Some(epoch) = known
            && let Some(answer) = action(epoch, false)?
        {
            return Ok((answer, epoch));
        }
        let epoch = self.read_epoch()?;
        let answer = action(epoch, true)?.ok_or_else(|| self.link.damaged("meta"))?;
        Ok((answer, epoch))
    }
}

impl Store for RedisStore {
    /// Whether a push would find its way; nothing is stored.
    fn check(&self) -> Result<()> {
        self.shared.read_epoch().map(drop)
    }

    fn epoch(&self) -> Result<Epoch> {
        self.shared.read_epoch()
    }

    fn append(&self, key: &Key, draft: &Draft) -> Result<EventId> {
        let names = self.shared.names(key);
        self.shared.id(&names, &self.run_append(&names, draft, None)?)
    }

    fn append_after(&self, key: &Key, draft: &Draft, after: EventId) -> Result<Option<EventId>> {
        let names = self.shared.names(key);
        let answer = self.run_append(&names, draft, Some(after))?;
        if answer.is_empty() { Ok(None) } else { self.shared.id(&names, &answer).map(Some) }
    }

    fn reader(&self, key: &Key, start: Start) -> Result<Opened> {
        RedisReader::open(&self.shared, key, start)
    }

    fn knows(&self, key: &Key) -> Result<bool> {
        let meta = self.shared.names(key).meta;
        self.shared.link.repeat(|connection| cmd("EXISTS").arg(&meta).query(connection))
    }

    fn waits(&self) -> Waits {
        let RedisLocation { server, prefix, .. } = &self.shared.location;
        Waits::Redis { server: server.clone(), prefix: prefix.clone() }
    }

    fn failures(&self, key: &Key) -> Failures {
        let name = self.shared.names(key).failed;
        let read = self.shared.link.repeat(|connection| cmd("HGETALL").arg(&name).query(connection));
        let read: Vec<(String, u32)> = read.unwrap_or_default();
        read.into_iter().filter_map(|(id, times)| Some((id.parse().ok()?, times))).collect()
    }

    fn record_failure(&self, key: &Key, id: EventId) -> Result<u32> {
        let name = self.shared.names(key).failed;
        let link = &self.shared.link;
        let times = link.once(|connection| {
            let (times,) = redis::pipe()
                .cmd("HINCRBY")
                .arg(&name)
                .arg(id.to_string())
                .arg(1)
                .cmd("EXPIRE")
                .arg(&name)
                .arg(scripts::FORGET_AFTER_MS / 1_000)
                .ignore()
                .query(connection)?;
            Ok(times)
        })?;
        let mut failures = self.failures(key);
        while failures.len() > REMEMBERED {
            if let Some((oldest, _)) = failures.pop_first() {
                link.repeat(|connection| cmd("HDEL").arg(&name).arg(oldest.to_string()).exec(connection))?;
            }
        }
        Ok(times)
    }

    /// Workers are this machine's, so their places are too: in the temporary directory.
    fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        disk::of_this_machine(&self.shared.location.to_string())?.take_slot(count)
    }
}
