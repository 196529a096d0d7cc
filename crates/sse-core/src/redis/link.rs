//! This process's connection to a server.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::{Connection, RedisError, RedisResult};

use super::failure;
use super::server::Server;
use crate::error::{Error, Result};

/// Idle time after which the server may have closed a connection: it is tried before it is used, for
/// what was sent into a closed one may or may not have been done. Shorter than a server's restart.
const TRUSTED: Duration = Duration::from_millis(100);

/// One connection, opened when it is needed.
pub struct Link {
    server: Server,
    open: Mutex<Option<OpenConnection>>,
}

struct OpenConnection {
    /// Who opened it: one that crossed a fork is its parent's.
    process: u32,
    used: Instant,
    connection: Connection,
}

impl Link {
    pub fn new(server: Server) -> Self {
        Self { server, open: Mutex::new(None) }
    }

    /// Does what may be done twice: tried again if the connection turns out to be lost, or to lead to who
    /// can't do it any more.
    pub fn repeat<T>(&self, mut action: impl FnMut(&mut Connection) -> RedisResult<T>) -> Result<T> {
        let mut open = self.open.lock();
        let is_new = open.is_none();
        match self.run(&mut open, &mut action) {
            Err(Error::RedisLost { .. } | Error::RedisUnready { .. }) if !is_new => {
                self.run(&mut open, &mut action)
            }
            answer => answer,
        }
    }

    /// Does what must not be done twice: one command, tried again only if the server can't have got it, or
    /// says that it did nothing.
    pub fn once<T>(&self, mut action: impl FnMut(&mut Connection) -> RedisResult<T>) -> Result<T> {
        let mut open = self.open.lock();
        let is_new = open.is_none();
        let mut was_sent = true;
        let mut watched = |connection: &mut Connection| {
            action(connection).inspect_err(|error| was_sent = !is_broken_pipe(error))
        };
        match self.run(&mut open, &mut watched) {
            Err(Error::RedisLost { .. }) if !was_sent => self.run(&mut open, &mut action),
            Err(Error::RedisUnready { .. }) if !is_new => self.run(&mut open, &mut action),
            answer => answer,
        }
    }

    /// What is stored under this name is none of ours.
    pub fn damaged(&self, name: &str) -> Error {
        Error::RedisForeign { server: self.server.to_string(), what: format!("{name} has other content") }
    }

    fn run<T>(
        &self,
        open: &mut Option<OpenConnection>,
        action: &mut impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T> {
        let process = std::process::id();
        if open.as_ref().is_some_and(|open| open.process != process) {
            // Closes our copy of the socket; nothing is sent on it.
            *open = None;
        }
        if let Some(idle) = open.as_mut().filter(|open| open.used.elapsed() > TRUSTED)
            && self.server.is_dead(&mut idle.connection)
        {
            *open = None;
        }
        let held = match open {
            Some(held) => held,
            None => open.insert(OpenConnection {
                process,
                used: Instant::now(),
                connection: self.server.connect()?,
            }),
        };
        let answer = action(&mut held.connection);
        held.used = Instant::now();
        answer.map_err(|error| {
            let ours = failure::of(&self.server, self.server.timeout(), &error);
            // After a time-out an answer may still come: the next one would be taken for another's. And
            // who isn't ready may have handed over to another server, which a new connection finds.
            let is_unready = matches!(ours, Error::RedisUnready { .. });
            if is_unready || error.is_io_error() || error.is_unrecoverable_error() {
                *open = None;
            }
            ours
        })
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.server)
    }
}

/// Whether the connection was closed before a command was written to its end (`EPIPE` of write(2)). A
/// server does nothing with a part of one.
fn is_broken_pipe(error: &RedisError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<Arc<dyn StdError + Send + Sync>>());
    let source = source.and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
}
