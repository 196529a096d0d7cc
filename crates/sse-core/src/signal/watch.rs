//! What is watched, and what a signal says of it.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};

/// One watched file or channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch(pub u64);

/// What a signal saw since it was last asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Changes {
    /// These, each once or more.
    Some(Vec<Watch>),
    /// Too many to tell: look at everything.
    All,
}

/// What tells of a key's new events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger<'a> {
    /// This file changes, is replaced or removed.
    File(&'a Path),
    /// A message comes on this channel of a Redis server.
    Channel(&'a str),
}

impl<'a> Trigger<'a> {
    /// The file, for signals that watch no channels.
    pub(super) fn file(self) -> Result<&'a Path> {
        match self {
            Self::File(path) => Ok(path),
            Self::Channel(_) => Err(self.failed(io::ErrorKind::Unsupported.into())),
        }
    }

    /// The channel, for signals that watch no files.
    pub(super) fn channel(self) -> Result<&'a str> {
        match self {
            Self::File(_) => Err(self.failed(io::ErrorKind::Unsupported.into())),
            Self::Channel(name) => Ok(name),
        }
    }

    /// Why it can't be watched.
    pub(super) fn failed(self, source: io::Error) -> Error {
        Error::Watch { what: self.to_string(), source }
    }
}

impl fmt::Display for Trigger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Channel(name) => f.write_str(name),
        }
    }
}

/// Wakes those who wait for a key's events.
pub trait Signal {
    /// Starts watching what [`crate::store::Reader::trigger`] names. One that is watched already may be watched
    /// anew before the old watch ends; from then on the new one tells.
    ///
    /// # Errors
    /// [`Error::Watch`] when a file isn't there or the system refuses to watch it, and for a trigger of another
    /// kind than this signal's.
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch>;

    /// Stops watching.
    fn unwatch(&mut self, watch: Watch);

    /// Readable when [`Signal::changes`] has something to say.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// How long [`Signal::changes`] may stay unasked; `None` for as long as the descriptor is quiet.
    fn look_every(&self) -> Option<Duration>;

    /// What changed since the last call.
    fn changes(&mut self) -> Changes;

    /// The name it has in `sse.signal` and `Sse\status()`.
    fn name(&self) -> &'static str;
}
