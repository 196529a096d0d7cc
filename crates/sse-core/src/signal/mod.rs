//! "Something is new": the wake-up. It carries no data; whoever wakes reads the store.
//!
//! A signal watches files. Its descriptor (if it has one) goes into the same `poll` as whatever else
//! the caller waits for; one without a descriptor is looked at every so often. A wake-up may come
//! for nothing, it never fails to come: watch first, read second.

mod inotify;
mod notify;
mod poll;

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

pub use self::inotify::Inotify;
pub use self::notify::Notify;
pub use self::poll::Poll;

use crate::error::Result;

/// One watched file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch(pub u64);

/// What a signal saw since it was last asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Changes {
    /// These files, each once or more.
    Some(Vec<Watch>),
    /// Too many to tell: look at every file.
    All,
}

/// Wakes those who wait for a file to change, be replaced or removed.
pub trait Signal {
    /// Starts watching. The file must exist; a file is watched once by a signal.
    ///
    /// # Errors
    /// [`crate::Error::Watch`].
    fn watch(&mut self, path: &Path) -> Result<Watch>;

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

/// What `sse.signal` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// Opens the signal chosen, or the next best that works, and says why when it isn't the best.
/// `network` says that the files lie on a network file system, which tells nobody of changes.
#[must_use]
pub fn open(choice: Choice, network: bool) -> (Box<dyn Signal>, Option<String>) {
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

#[cfg(test)]
mod tests;
