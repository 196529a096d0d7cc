//! The stores that streams read, and the signals that wake them.
//!
//! Always true:
//! - a place has one store, whatever name it was offered under, or a signal would watch a file twice;
//! - stores that wait for the same have one signal;
//! - a store that nobody follows is closed after a while.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sse_core::cursor::Epoch;
use sse_core::signal::{self, Choice, Signal, Waits, Watch};
use sse_core::store::{Location, Patience, Policy, Store};

use super::Hub;
use super::outages::Outage;
use crate::wire::message::{Reason, Refusal};

/// A store that streams read.
pub struct OpenedStore {
    /// Where it is.
    pub location: Location,
    /// The store; what a hub does with it is read only.
    pub store: Arc<dyn Store>,
    /// The signal's number.
    pub signal: usize,
    /// Keys of it that are followed.
    pub channels: usize,
    /// Since when there is none.
    pub unused: Option<Instant>,
    /// The epoch that it had when one of its keys was last opened. A key that still has something to read
    /// of an earlier one comes to it later.
    pub epoch: Option<Epoch>,
    /// Set while it does not answer.
    pub outage: Option<Outage>,
}

/// A signal, what it was opened for, and the channels by their watches.
pub struct OpenedSignal {
    choice: Choice,
    waits: Waits,
    /// The signal.
    pub signal: Box<dyn Signal>,
    /// The channels that it wakes.
    pub watches: HashMap<Watch, usize>,
}

/// What a name led to when it was last looked up: the name itself may lead elsewhere by now, as a
/// symbolic link does that each release of an application moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Device and inode of the directory; nothing for a server.
    directory: Option<(u64, u64)>,
    store: usize,
}

/// Names remembered; beyond it they are looked up anew.
const NAMES: usize = 1_024;
/// A store that nobody follows is closed after this: its last client may be coming back.
const UNUSED: Duration = Duration::from_secs(15);
/// Descriptors that a store may hold: a database has three, a server's signal as many.
pub(super) const DESCRIPTORS: usize = 4;

impl Hub {
    /// The number of the store that a data source name names; it is opened once.
    pub(super) fn store(&mut self, dsn: &str, choice: Choice, now: Instant) -> Result<usize, Refusal> {
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
        self.names.insert(name, Known { directory, store });
        Ok(store)
    }

    fn store_at(&mut self, location: Location, choice: Choice, now: Instant) -> usize {
        let known = self.stores.iter().find(|(_, opened)| {
            opened.location == location
                && self.signals.get(&opened.signal).is_some_and(|signal| signal.choice == choice)
        });
        if let Some((known, _)) = known {
            return known;
        }
        // Whoever waits for a lock keeps all streams waiting.
        let store = location.open(Policy { patience: Patience::TriesOnce, ..Policy::default() });
        let signal = self.signal(choice, store.waits());
        let opened = OpenedStore {
            location,
            store,
            signal,
            channels: 0,
            unused: Some(now),
            epoch: None,
            outage: None,
        };
        self.stores.insert(opened)
    }

    /// The number of the signal for what a store waits for.
    fn signal(&mut self, choice: Choice, waits: Waits) -> usize {
        let fits = |opened: &OpenedSignal| opened.choice == choice && opened.waits == waits;
        if let Some((&known, _)) = self.signals.iter().find(|(_, opened)| fits(opened)) {
            return known;
        }
        let (signal, why) = signal::open(choice, &waits);
        if let Some(why) = why {
            self.note(why);
        }
        // Never a number that another one had: whoever waits for a signal knows it by that.
        let number = self.next_signal;
        self.next_signal += 1;
        self.signals.insert(number, OpenedSignal { choice, waits, signal, watches: HashMap::new() });
        number
    }

    /// Closes the stores that nobody has followed for a while, and the signals of servers with the last
    /// store that waits on one. A signal of files stays: all files share it.
    pub(super) fn close_unused(&mut self, now: Instant) {
        let is_due = |opened: &OpenedStore| opened.unused.is_some_and(|since| since + UNUSED <= now);
        let due: Vec<usize> =
            self.stores.iter().filter(|(_, opened)| is_due(opened)).map(|(number, _)| number).collect();
        for number in due {
            let closed = self.stores.remove(number);
            self.names.retain(|_, known| known.store != number);
            let is_file = self
                .signals
                .get(&closed.signal)
                .is_none_or(|opened| matches!(opened.waits, Waits::Files { .. }));
            if !is_file && !self.stores.iter().any(|(_, opened)| opened.signal == closed.signal) {
                self.signals.remove(&closed.signal);
            }
        }
    }

    /// When a store is to be closed, if nobody comes to it.
    pub(super) fn next_close(&self) -> Option<Instant> {
        self.stores.iter().filter_map(|(_, opened)| Some(opened.unused? + UNUSED)).min()
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
