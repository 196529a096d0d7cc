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

mod keyspace;
mod names;
mod reader;
mod scripts;

use std::sync::Arc;

use redis::cmd;

use self::keyspace::Keyspace;
use self::names::Names;
use self::reader::RedisReader;

use crate::cursor::Epoch;
use crate::disk::{self, Patience};
use crate::error::Result;
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::redis::RedisLocation;
use crate::signal::Waits;
use crate::store::{Failures, Opened, Policy, Slot, Start, Store, Tally};

/// Failures remembered for a key; the oldest are forgotten.
const REMEMBERED: usize = 100;

/// A store in a Redis database.
#[derive(Debug)]
pub struct RedisStore {
    policy: Policy,
    keyspace: Arc<Keyspace>,
}

impl RedisStore {
    /// A store at this location; nothing is connected before it is used.
    #[must_use]
    pub fn new(mut location: RedisLocation, policy: Policy) -> Arc<Self> {
        if policy.patience == Patience::TriesOnce {
            location.server.hurry();
        }
        Arc::new(Self { policy, keyspace: Arc::new(Keyspace::new(location)) })
    }

    /// What the script answers that stores an event: its id, or nothing if it isn't `after` that was stored last.
    fn run_append(&self, names: &Names, draft: &Draft, after: Option<EventId>) -> Result<String> {
        let Self { policy, keyspace } = self;
        policy.check_size(draft)?;
        let (answer, _) = keyspace.with_epoch(|epoch, is_fresh| {
            keyspace.link.once(|connection| {
                keyspace.scripts.append(connection, names, epoch, is_fresh, &policy.retention, draft, after)
            })
        })?;
        Ok(answer)
    }
}

impl Store for RedisStore {
    /// Whether a push would find its way; nothing is stored.
    fn check(&self) -> Result<()> {
        self.keyspace.read_epoch().map(drop)
    }

    fn epoch(&self) -> Result<Epoch> {
        self.keyspace.read_epoch()
    }

    fn append(&self, key: &Key, draft: &Draft) -> Result<EventId> {
        let names = self.keyspace.names(key);
        self.keyspace.id(&names, &self.run_append(&names, draft, None)?)
    }

    fn append_after(&self, key: &Key, draft: &Draft, after: EventId) -> Result<Option<EventId>> {
        let names = self.keyspace.names(key);
        let answer = self.run_append(&names, draft, Some(after))?;
        if answer.is_empty() { Ok(None) } else { self.keyspace.id(&names, &answer).map(Some) }
    }

    fn reader(&self, key: &Key, start: Start) -> Result<Opened> {
        RedisReader::open(&self.keyspace, key, start)
    }

    fn knows(&self, key: &Key) -> Result<bool> {
        let meta = self.keyspace.names(key).meta;
        self.keyspace.link.repeat(|connection| cmd("EXISTS").arg(&meta).query(connection))
    }

    fn waits(&self) -> Waits {
        let RedisLocation { server, prefix, .. } = &self.keyspace.location;
        Waits::Redis { server: server.clone(), prefix: prefix.clone() }
    }
}

impl Tally for RedisStore {
    fn failures(&self, key: &Key) -> Failures {
        let name = self.keyspace.names(key).failed;
        let read = self.keyspace.link.repeat(|connection| cmd("HGETALL").arg(&name).query(connection));
        let read: Vec<(String, u32)> = read.unwrap_or_default();
        read.into_iter().filter_map(|(id, times)| Some((id.parse().ok()?, times))).collect()
    }

    fn record_failure(&self, key: &Key, id: EventId) -> Result<u32> {
        let name = self.keyspace.names(key).failed;
        let link = &self.keyspace.link;
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
        disk::of_this_machine(&self.keyspace.location.to_string())?.take_slot(count)
    }
}
