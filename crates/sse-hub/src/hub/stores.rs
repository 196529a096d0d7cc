//! The stores that streams read, and the signals that wake them.
//!
//! Always true:
//! - a place has one store, whatever name it was offered under, or a signal would watch a file twice;
//! - stores that wait for the same have one signal.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use sse_core::signal::{self, Choice, Signal, Waits, Watch};
use sse_core::store::{Location, Patience, Settings, Store};

use super::Hub;
use super::outages::Outage;
use crate::message::{Reason, Refusal};

/// A store that streams read.
pub struct OpenedStore {
    /// Where it is.
    pub location: Location,
    /// The store; what a hub does with it is read only.
    pub store: Arc<dyn Store>,
    /// The signal's number.
    pub signal: usize,
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

impl Hub {
    /// The number of the store that a data source name names; it is opened once.
    pub(super) fn store(&mut self, dsn: &str, choice: Choice) -> Result<usize, Refusal> {
        let refused = |why| Refusal { reason: Reason::Store, why };
        let location = Location::parse(dsn)
            .map_err(|expected| refused(format!("the store's name must be {expected}")))?;
        let directory = directory(&location).map_err(|error| refused(format!("{location}: {error}")))?;
        let name = (dsn.to_owned(), choice);
        if let Some(known) = self.names.get(&name)
            && known.directory == directory
        {
            return Ok(known.store);
        }
        let store = self.store_at(real(location), choice);
        if self.names.len() >= NAMES {
            self.names.clear();
        }
        self.names.insert(name, Known { directory, store });
        Ok(store)
    }

    fn store_at(&mut self, location: Location, choice: Choice) -> usize {
        let known = self.stores.iter().position(|opened| {
            opened.location == location
                && self.signals.get(opened.signal).is_some_and(|signal| signal.choice == choice)
        });
        if let Some(known) = known {
            return known;
        }
        // Whoever waits for a lock keeps all streams waiting.
        let store = location.open(Settings { patience: Patience::TriesOnce, ..Settings::default() });
        let signal = self.signal(choice, store.waits());
        self.stores.push(OpenedStore { location, store, signal, outage: None });
        self.stores.len() - 1
    }

    /// The number of the signal for what a store waits for.
    fn signal(&mut self, choice: Choice, waits: Waits) -> usize {
        let fits = |opened: &OpenedSignal| opened.choice == choice && opened.waits == waits;
        if let Some(known) = self.signals.iter().position(fits) {
            return known;
        }
        let (signal, why) = signal::open(choice, &waits);
        if let Some(why) = why {
            self.note(why);
        }
        self.signals.push(OpenedSignal { choice, waits, signal, watches: HashMap::new() });
        self.signals.len() - 1
    }
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
