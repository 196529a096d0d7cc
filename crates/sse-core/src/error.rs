//! What can go wrong, written for the PHP user: what happened, with which value, what to do.
//!
//! `src/` adds the key or path it knows of and picks the exception by [`Error::kind`].

use std::io;
use std::path::PathBuf;

use crate::printable::Printable;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Which of PHP's exceptions an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The caller passed something that can't be used: `Sse\InvalidArgumentException`.
    Argument,
    /// The store can't do what was asked: `Sse\StoreException`.
    Store,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key of no bytes.
    #[error("a key must not be empty; name the stream, for example \"USER_QUEUE_1\"")]
    EmptyKey,
    /// A key of too many bytes.
    #[error("a key is at most {max} bytes, this one has {len}; use a hash of it")]
    KeyTooLong {
        /// Bytes it has.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A key with a NUL byte.
    #[error("a key must not contain a NUL byte, this one does at byte {at}")]
    NulInKey {
        /// Where, from 0.
        at: usize,
    },
    /// A stream of no key.
    #[error("a stream needs at least one key")]
    NoKeys,
    /// A stream of more than 64 keys.
    #[error(
        "a stream follows at most {max} different keys, this one names more; open a second stream or push to a shared key"
    )]
    TooManyKeys {
        /// Keys allowed.
        max: usize,
    },
    /// An event name of no bytes.
    #[error("an event name must not be empty; leave it out (null) for the stream's eventName")]
    EmptyEventName,
    /// An event name of too many bytes.
    #[error("an event name is at most {max} bytes, this one has {len}; put what is long into the data")]
    EventNameTooLong {
        /// Bytes it has.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// An event name that isn't UTF-8.
    #[error("the event name \"{}\" is not valid UTF-8, which an event stream must be", Printable(name))]
    EventNameUtf8 {
        /// The name.
        name: Vec<u8>,
    },
    /// An event name that would forge lines.
    #[error(
        "the event name \"{}\" has a line break or NUL at byte {at}, which would forge lines on the wire; remove it",
        Printable(name)
    )]
    EventName {
        /// The name.
        name: Vec<u8>,
        /// Where, from 0.
        at: usize,
    },
    /// An event name that means something else to clients.
    #[error(
        "the event name \"{name}\" is {meaning}, and a page would take this event for it; take another name, such as \"{other}\""
    )]
    EventNameTaken {
        /// The name.
        name: &'static str,
        /// What it means.
        meaning: &'static str,
        /// What could be taken.
        other: &'static str,
    },
    /// A payload over `sse.max_payload`.
    #[error(
        "the event's data is {len} bytes of JSON, the limit is {max}; raise sse.max_payload or push a reference that beforeSend resolves"
    )]
    TooLarge {
        /// Bytes it has.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Text that should be an id.
    #[error(
        "\"{}\" is not an event id; ids are written ms-seq, for example 1767225600000-0",
        Printable(text)
    )]
    InvalidId {
        /// The text.
        text: Vec<u8>,
    },
    /// The store's directory isn't there.
    #[error("the store's directory {} does not exist; create it: {remedy}", path.display())]
    DirectoryMissing {
        /// The directory.
        path: PathBuf,
        /// A shell command that mends it.
        remedy: String,
    },
    /// The store's directory is a file, or lies under one.
    #[error("the store's path {} is not a directory; name another one in sse.dir", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The store's directory or one of its files can't be used by this user.
    #[error("cannot {action} {}: {facts}, and this process runs as {user}; {remedy}", path.display())]
    Denied {
        /// What was tried.
        action: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// Owner, group and mode of it.
        facts: String,
        /// This process's user and groups.
        user: String,
        /// A shell command that mends it.
        remedy: String,
    },
    /// The disk or the quota is used up.
    #[error("no space left to {action} {}; nothing was stored and nothing is half-written: free some space or move sse.dir", path.display())]
    Full {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Somebody else held the lock for the whole patience.
    #[error("{0} stayed locked by another process for {waited_ms} ms, so nothing was done; see which process hangs (fuser -v {0}) and try again", path.display())]
    Locked {
        /// The locked file.
        path: PathBuf,
        /// How long we waited, in milliseconds.
        waited_ms: u128,
    },
    /// Written by a later version of this software.
    #[error("{} is written in format {found}, this version reads up to {known}: upgrade the extension (or php-sse/polyfill) here", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format we know.
        known: u64,
    },
    /// The store's own file can't be read.
    #[error("{} is damaged: {what}; remove it, and a new store starts (clients are told of a gap)", path.display())]
    DamagedStore {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A database where SQLite's shared memory doesn't reach.
    #[error("{} is on a network file system, where SQLite loses events; put it on a local disk, or use redis:// or file://", path.display())]
    NetworkDatabase {
        /// The database.
        path: PathBuf,
    },
    /// No connection to the Redis server.
    #[error(
        "cannot reach {server} within {waited_ms} ms: {said}; see that it runs, that it listens there and that no firewall is between"
    )]
    RedisUnreachable {
        /// The server, without its password.
        server: String,
        /// What the system said.
        said: String,
        /// How long a try may take, in milliseconds.
        waited_ms: u128,
    },
    /// The connection ended before the answer came.
    #[error("lost {server} before it answered: {said}; what was to be stored may be there or not")]
    RedisLost {
        /// The server, without its password.
        server: String,
        /// What the system said.
        said: String,
    },
    /// The server did nothing, because it starts, hands over to another one, or is full.
    #[error("{server} can't serve us now: {said}; nothing was stored, and it may work in a moment")]
    RedisUnready {
        /// The server, without its password.
        server: String,
        /// What it said.
        said: String,
    },
    /// A server that can't show who it is.
    #[error(
        "the certificate of {server} is not trusted: {said}; name the file of the authority that signed it in tls_ca=, or the host as the certificate does"
    )]
    RedisCertificate {
        /// The server, without its password.
        server: String,
        /// What is wrong with it.
        said: String,
    },
    /// Wrong credentials, or a user who may not do what is needed.
    #[error(
        "{server} refuses us: {said}; check user and password in the DSN, and that this user may use keys and channels of the prefix (ACL ~sse:* &sse:* +@all -@dangerous)"
    )]
    RedisRefused {
        /// The server, without its password.
        server: String,
        /// What it said.
        said: String,
    },
    /// Something under our names that is none of ours.
    #[error("{server} has something else under our prefix: {what}; choose another one with ?prefix=")]
    RedisForeign {
        /// The server, without its password.
        server: String,
        /// What is there.
        what: String,
    },
    /// Anything else that the Redis server said.
    #[error("{server} says: {said}")]
    Redis {
        /// The server, without its password.
        server: String,
        /// What it said.
        said: String,
    },
    /// Two keys with one file name.
    #[error("{} belongs to the key {found}, not to {wanted}; two keys share a file name, please report this", path.display())]
    OtherKey {
        /// The log.
        path: PathBuf,
        /// The key in its header.
        found: String,
        /// The key asked for.
        wanted: String,
    },
    /// Anything else that the system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The wake-up can't be set up.
    #[error("cannot watch {what}: {source}")]
    Watch {
        /// The file or channel, or what watches.
        what: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    /// Whether the same may work in a moment, with nobody mending anything here: a stream waits for it.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RedisUnreachable { .. }
                | Self::RedisLost { .. }
                | Self::RedisUnready { .. }
                | Self::Locked { .. }
        )
    }

    /// Whether it is the server that can't be had, and so whatever else would be asked of it.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        matches!(
            self,
            Self::RedisUnreachable { .. }
                | Self::RedisLost { .. }
                | Self::RedisUnready { .. }
                | Self::RedisCertificate { .. }
                | Self::RedisRefused { .. }
        )
    }

    /// Which exception it becomes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::EmptyKey
            | Self::KeyTooLong { .. }
            | Self::NulInKey { .. }
            | Self::NoKeys
            | Self::TooManyKeys { .. }
            | Self::EmptyEventName
            | Self::EventNameTooLong { .. }
            | Self::EventNameUtf8 { .. }
            | Self::EventName { .. }
            | Self::EventNameTaken { .. }
            | Self::TooLarge { .. }
            | Self::InvalidId { .. } => Kind::Argument,
            _ => Kind::Store,
        }
    }
}
