//! A store's keys in Redis, and the way to them.

use parking_lot::Mutex;
use redis::cmd;

use super::names::Names;
use super::scripts::Scripts;
use crate::cursor::Epoch;
use crate::error::Result;
use crate::id::EventId;
use crate::key::Key;
use crate::redis::{Link, RedisLocation};

/// The keys of one prefix in a database, and the way to them: what a store shares with its readers.
#[derive(Debug)]
pub struct Keyspace {
    pub location: RedisLocation,
    pub link: Link,
    pub scripts: Scripts,
    /// The epoch as it was when somebody last looked; the scripts say when it is another one.
    epoch: Mutex<Option<Epoch>>,
}

impl Keyspace {
    pub fn new(location: RedisLocation) -> Self {
        let (link, scripts) = (Link::new(location.server.clone()), Scripts::new());
        Self { location, link, scripts, epoch: Mutex::new(None) }
    }

    pub fn names(&self, key: &Key) -> Names {
        Names::of(key, &self.location)
    }

    /// An id as a script answers it.
    pub fn id(&self, names: &Names, text: &str) -> Result<EventId> {
        text.parse().map_err(|_| self.link.damaged(&names.meta))
    }

    /// The epoch that Redis has; a store without one gets one.
    pub fn read_epoch(&self) -> Result<Epoch> {
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
    pub fn with_epoch<T>(
        &self,
        mut action: impl FnMut(Epoch, bool) -> Result<Option<T>>,
    ) -> Result<(T, Epoch)> {
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
