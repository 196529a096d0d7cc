//! The stores that streams read, and the signals that wake them.
//!
//! Always true:
//! - a place has one store, whatever name it was offered under, or a signal would watch a file twice;
//! - stores that wait for the same have one signal.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use sse_core::signal::{self, Choice, Signal, Waits, Watch};
use sse_core::store::{Location, Settings, Store};

use super::Hub;
use crate::message::{Reason, Refusal};

/// A store that streams read.
pub struct OpenedStore {
    /// Where it is.
    pub location: Location,
    /// The store; what a hub does with it is read only.
    pub store: Arc<dyn Store>,
    /// The signal's number.
    pub signal: usize,
    /// Whether its failure was logged.
    pub failing: bool,
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

impl Hub {
    /// The number of the store that a data source name names; it is opened once.
    pub(super) fn store(&mut self, dsn: &str, choice: Choice) -> Result<usize, Refusal> {
        let location = find(dsn).map_err(|why| Refusal { reason: Reason::Store, why })?;
        let known = self.stores.iter().position(|opened| {
            opened.location == location
                && self.signals.get(opened.signal).is_some_and(|signal| signal.choice == choice)
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let store = location.open(Settings::default());
        let signal = self.signal(choice, store.waits());
        self.stores.push(OpenedStore { location, store, signal, failing: false });
        Ok(self.stores.len() - 1)
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

/// The place that a data source name names, the same for each of its names.
fn find(dsn: &str) -> Result<Location, String> {
    let location = Location::parse(dsn).map_err(|expected| format!("the store's name must be {expected}"))?;
    let real = |path| fs::canonicalize(&path).unwrap_or(path);
    Ok(match location {
        Location::Directory(path) => Location::Directory(real(path)),
        Location::Sqlite(path) => Location::Sqlite(real(path)),
        redis @ Location::Redis(_) => redis,
    })
}
