//! Which signal there is for a store, and which of them is taken.

use std::fmt;
use std::str::FromStr;

use super::again::{Again, WITHIN};
use super::inotify::Inotify;
use super::notify::Notify;
use super::poll::Poll;
use super::redis::RedisSignal;
use super::watch::Signal;
use crate::error::Result;
use crate::redis::Server;

/// What the readers of a store wait on. Stores that answer the same can share a signal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Waits {
    /// Files.
    Files {
        /// Whether they are on a network file system, which tells nobody of changes: they have to be looked at.
        network: bool,
        /// Whether a change is told of after it was made, so that nobody may hear of it if who made it is
        /// killed in between.
        told_late: bool,
    },
    /// Channels of a Redis server.
    Redis {
        /// The server.
        server: Server,
        /// What their names begin with.
        prefix: String,
    },
}

/// What `sse.signal` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The best that works here.
    #[default]
    Auto,
    /// Raw inotify (Linux).
    Inotify,
    /// Looking at each file every few milliseconds.
    Poll,
    /// The `notify` crate: what the system has.
    Notify,
}

impl FromStr for Choice {
    type Err = &'static str;

    /// Reads what `sse.signal` takes; the error is what that is.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "inotify" => Ok(Self::Inotify),
            "poll" => Ok(Self::Poll),
            "notify" => Ok(Self::Notify),
            _ => Err("auto, inotify, poll or notify"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Inotify => "inotify",
            Self::Poll => "poll",
            Self::Notify => "notify",
        })
    }
}

/// Opens the signal chosen, or the next best that works, and says why when it isn't the best.
#[must_use]
pub fn open(choice: Choice, waits: &Waits) -> (Box<dyn Signal>, Option<String>) {
    match waits {
        Waits::Redis { server, prefix } => match RedisSignal::new(server, prefix) {
            Ok(signal) => (Box::new(signal), None),
            Err(error) => {
                (Box::new(Poll::blind()), Some(format!("{error}; asking the server every second instead")))
            }
        },
        Waits::Files { network, told_late: false } => files(choice, *network),
        Waits::Files { network, told_late: true } => {
            let (signal, why) = files(choice, *network);
            (Box::new(Again::new(signal, WITHIN)), why)
        }
    }
}

fn files(choice: Choice, network: bool) -> (Box<dyn Signal>, Option<String>) {
    if network {
        return (
            Box::new(Poll::every_second()),
            Some(
                "the directory is on a network file system, which sends no wake-ups: looking every second"
                    .into(),
            ),
        );
    }
    let tried: Result<Box<dyn Signal>> = match choice {
        Choice::Poll => return (Box::new(Poll::new()), None),
        Choice::Notify => Notify::new().map(|signal| Box::new(signal) as Box<dyn Signal>),
        Choice::Inotify => Inotify::new().map(|signal| Box::new(signal) as Box<dyn Signal>),
        Choice::Auto if cfg!(target_os = "linux") => {
            Inotify::new().map(|signal| Box::new(signal) as Box<dyn Signal>)
        }
        Choice::Auto => Notify::new().map(|signal| Box::new(signal) as Box<dyn Signal>),
    };
    match tried {
        Ok(signal) => (signal, None),
        Err(error) => (
            Box::new(Poll::new()),
            Some(format!("{error}; looking at the files every few milliseconds instead")),
        ),
    }
}
