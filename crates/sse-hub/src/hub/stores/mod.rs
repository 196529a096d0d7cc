//! The stores that streams read, the signals that wake them, and which stores do not answer.
//!
//! Always true:
//! - a store has one entry, whatever name it was offered under, or a signal would watch a file twice;
//! - a store that nobody follows is closed after a while;
//! - a store that did not answer is asked again after a pause.

mod opened;
mod signals;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

use sse_core::follow::Follower;
use sse_core::signal::{Choice, Signal};
use sse_core::store::{Location, Patience, Policy};

pub use self::opened::{OpenedStore, WatchedStore};
use self::signals::Signals;
use super::ids::{ChannelId, OfStore, SignalId, StoreId};
use super::notes::{Lost, Notes};
use super::slots::Slots;
use crate::wire::message::{Reason, Refusal};

/// Names remembered; beyond it they are looked up anew.
const NAMES: usize = 1_024;
/// Descriptors that a store may hold: a database has three, a server's signal as many.
pub const DESCRIPTORS: usize = 4;

/// The stores.
pub struct Stores {
    slots: Slots<OfStore, OpenedStore>,
    /// What the names that stores were offered under led to.
    names: HashMap<(String, Choice), Resolved>,
    signals: Signals,
}

/// What a name led to when it was last looked up: the name itself may lead elsewhere by now, as a
/// symbolic link does that each release of an application moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resolved {
    /// Device and inode of the directory; nothing for a server.
    directory: Option<(u64, u64)>,
    store: StoreId,
}

impl Stores {
    /// No stores.
    pub fn new(notes: &Notes) -> Self {
        Self { slots: Slots::new(notes), names: HashMap::new(), signals: Signals::new(notes) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The store that a data source name names; it is opened once.
    ///
    /// # Errors
    /// [`Reason::Store`] if the name isn't one, or its directory can't be looked at.
    pub fn find_or_open(&mut self, dsn: &str, choice: Choice, now: Instant) -> Result<StoreId, Refusal> {
        let refused = |why| Refusal { reason: Reason::Store, why };
        let location = Location::parse(dsn)
            .map_err(|expected| refused(format!("the store's name must be {expected}")))?;
        let directory = directory(&location).map_err(|error| {
            let why = format!("{location}: {error}");
            refused(if error.kind() == io::ErrorKind::PermissionDenied { with_groups(&why) } else { why })
        })?;
        let name = (dsn.to_owned(), choice);
        if let Some(known) = self.names.get(&name)
            && known.directory == directory
        {
            return Ok(known.store);
        }
        let store = self.store_at(real(location), choice, now);
        if self.names.len() >= NAMES {
            self.names.clear();
        }
        self.names.insert(name, Resolved { directory, store });
        Ok(store)
    }

    fn store_at(&mut self, location: Location, choice: Choice, now: Instant) -> StoreId {
        if let Some((known, _)) = self.slots.iter().find(|(_, opened)| opened.is_at(&location, choice)) {
            return known;
        }
        // Whoever waits for a lock keeps all streams waiting.
        let store = location.open(Policy { patience: Patience::TriesOnce, ..Policy::default() });
        let signal = self.signals.find_or_open(choice, store.waits());
        self.slots.insert(OpenedStore::new(location, store, choice, signal, now))
    }

    /// A store that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known(&self, id: StoreId) -> Result<&OpenedStore, Lost> {
        self.slots.known(id)
    }

    /// A store that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known_mut(&mut self, id: StoreId) -> Result<&mut OpenedStore, Lost> {
        self.slots.known_mut(id)
    }

    /// A store that is there, with its signal.
    ///
    /// # Errors
    /// [`Lost`] if one of them isn't; that is noted.
    #[track_caller]
    pub fn watched(&mut self, id: StoreId) -> Result<WatchedStore<'_>, Lost> {
        let opened = self.slots.known_mut(id)?;
        let signal = self.signals.known_mut(opened.signal())?;
        Ok(WatchedStore { opened, signal })
    }

    /// A key of a store is not followed any more.
    pub fn end_following(&mut self, id: StoreId, follower: Follower, now: Instant) {
        let Ok(mut watched) = self.watched(id) else { return };
        watched.opened.drop_channel(now);
        watched.forget_watch(follower.watch());
        watched.give_up(follower);
    }

    /// The signals by their ids, for waiting on. They come and go with the stores.
    pub fn signals(&self) -> impl Iterator<Item = (SignalId, &dyn Signal)> {
        self.signals.iter()
    }

    /// The channels that a signal has seen changes for; `None` if the signal is gone.
    pub fn changed(&mut self, signal: SignalId) -> Option<Vec<ChannelId>> {
        self.signals.changed(signal)
    }

    /// The stores that did not answer, and whose time has come to be asked again.
    pub fn to_ask(&self, now: Instant) -> Vec<StoreId> {
        let is_due = |opened: &OpenedStore| opened.next_question().is_some_and(|due| due <= now);
        self.slots.iter().filter(|(_, opened)| is_due(opened)).map(|(id, _)| id).collect()
    }

    /// When the first of them is to be asked again.
    pub fn next_question(&self) -> Option<Instant> {
        self.slots.iter().filter_map(|(_, opened)| opened.next_question()).min()
    }

    /// Closes the stores that nobody has followed for a while, and the signals of servers with the last
    /// store that waits on one. A signal of files stays: all files share it.
    pub fn close_unused(&mut self, now: Instant) {
        let is_due = |opened: &OpenedStore| opened.next_close().is_some_and(|due| due <= now);
        let due: Vec<StoreId> =
            self.slots.iter().filter(|(_, opened)| is_due(opened)).map(|(id, _)| id).collect();
        for id in due {
            let Ok(closed) = self.slots.remove(id) else { continue };
            self.names.retain(|_, known| known.store != id);
            let is_of_server = matches!(closed.location(), Location::Redis(_));
            if is_of_server && !self.slots.iter().any(|(_, opened)| opened.signal() == closed.signal()) {
                self.signals.close(closed.signal());
            }
        }
    }

    /// When a store is to be closed, if nobody comes to it.
    pub fn next_close(&self) -> Option<Instant> {
        self.slots.iter().filter_map(|(_, opened)| opened.next_close()).min()
    }
}

/// What this process may not do, with what its worker may have and it has not.
pub fn with_groups(why: &str) -> String {
    let process = std::process::id();
    format!(
        "{why}; the hub keeps the groups that it began with: if they have changed since, end it (kill {process}), and the next stream starts another"
    )
}

/// The directory that a store is in, as the system knows it.
fn directory(location: &Location) -> io::Result<Option<(u64, u64)>> {
    let path = match location {
        Location::Directory(path) => path,
        Location::Sqlite(path) => path.parent().unwrap_or(path),
        Location::Redis(_) => return Ok(None),
    };
    let found = fs::metadata(path)?;
    Ok(Some((found.dev(), found.ino())))
}

/// The same place, by the same name whatever name it was given. The database itself may be a symbolic
/// link: its signals are beside the link.
fn real(location: Location) -> Location {
    match location {
        Location::Directory(path) => Location::Directory(fs::canonicalize(&path).unwrap_or(path)),
        Location::Sqlite(path) => {
            let directory = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
            let renamed = directory.zip(path.file_name()).map(|(directory, name)| directory.join(name));
            Location::Sqlite(renamed.unwrap_or(path))
        }
        redis @ Location::Redis(_) => redis,
    }
}
