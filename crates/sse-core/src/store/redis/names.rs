//! What a key is called in Redis.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::key::Key;
use crate::redis::RedisLocation;

/// What stays as it is in names, so that they can be read in `redis-cli`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a key is called in Redis.
#[derive(Clone, Debug)]
pub struct Names {
    pub log: String,
    pub meta: String,
    pub failed: String,
    pub channel: String,
}

impl Names {
    /// The names of a key in a store.
    pub fn of(key: &Key, location: &RedisLocation) -> Self {
        let RedisLocation { server, prefix, .. } = location;
        let key = percent_encode(key.as_bytes(), PLAIN);
        Self {
            log: format!("{prefix}{{{key}}}log"),
            meta: format!("{prefix}{{{key}}}meta"),
            failed: format!("{prefix}{{{key}}}failed"),
            channel: format!("{prefix}{}:{key}", server.database()),
        }
    }
}
