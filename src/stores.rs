//! The stores and signals of this process.
//!
//! A store is opened once per process and settings, for streams once more: they wait for nobody. A signal is
//! kept per thread, because instances of inotify are few and dear to close; a stream takes it out while it
//! waits and puts it back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sse_core::signal::{self, Choice, Signal, Waits};
use sse_core::store::{Location, Patience, Policy, Store};

use crate::php::exception::Failure;
use crate::php::process;
use crate::settings;

/// Stores kept; a process that uses more opens them anew.
const KEPT: usize = 32;

/// How long a server that could not be had isn't asked again for another stream of this process.
const SPARED: Duration = Duration::from_secs(3);

/// Open stores by what they are for, with the settings they were opened with.
type Stores = HashMap<(Location, Patience), (Policy, Arc<dyn Store>)>;

static STORES: Mutex<Option<Stores>> = Mutex::new(None);

/// The store at a location, with the settings of this request.
pub fn open(location: &Location) -> Result<Arc<dyn Store>, Failure> {
    open_as(location, settings::store()?)
}

/// The same for a stream, which must not keep its worker waiting for others: it asks again later.
pub fn open_for_stream(location: &Location) -> Result<Arc<dyn Store>, Failure> {
    open_as(location, Policy { patience: Patience::TriesOnce, ..settings::store()? })
}

fn open_as(location: &Location, wanted: Policy) -> Result<Arc<dyn Store>, Failure> {
    let name = (location.clone(), wanted.patience);
    let mut stores = STORES.lock();
    let stores = stores.get_or_insert_default();
    if let Some((settings, store)) = stores.get(&name)
        && *settings == wanted
    {
        return Ok(Arc::clone(store));
    }
    if stores.len() >= KEPT {
        stores.clear();
    }
    if matches!(location, Location::Sqlite(_)) {
        process::before_each_fork(let_go);
    }
    let store = location.open(wanted);
    stores.insert(name, (wanted, Arc::clone(&store)));
    Ok(store)
}

thread_local! {
    /// The server that could not be had last, when, and why.
    static OUT: RefCell<Option<(Location, Instant, String)>> = const { RefCell::new(None) };
}

/// Remembers that a stream's server could not be had: each stream would wait as long for the same, and with
/// it its worker.
pub fn remember_outage(location: &Location, error: &sse_core::Error) {
    if error.is_of_server() {
        OUT.set(Some((location.clone(), Instant::now(), error.to_string())));
    }
}

/// Why the server of a stream isn't to be asked, if it could not be had a moment ago.
pub fn recent_outage(location: &Location) -> Option<String> {
    OUT.with_borrow(|out| {
        let (known, when, why) = out.as_ref()?;
        (known == location && when.elapsed() < SPARED).then(|| why.clone())
    })
}

/// What keeps streams of a store from beginning: a wrong setting, or the store itself.
pub fn problem(location: &Location) -> Option<String> {
    settings::problem().or_else(|| match open(location) {
        Ok(store) => store.check().err().map(|error| error.to_string()),
        Err(failure) => failure.argument(),
    })
}

/// A signal that is kept, and what it was opened for.
struct Kept {
    process: u32,
    choice: Choice,
    waits: Waits,
    why: Option<String>,
    signal: Box<dyn Signal>,
}

thread_local! {
    static KEPT_SIGNAL: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// A signal lent to a stream; dropped, it is kept for the next.
pub struct LentSignal(Option<Kept>);

impl LentSignal {
    /// The kept signal if it fits (one that was inherited by a fork doesn't), else a new one.
    pub fn take(choice: Choice, waits: Waits) -> Self {
        let process = std::process::id();
        let kept = KEPT_SIGNAL.with_borrow_mut(Option::take);
        let fits = |kept: &Kept| {
            kept.process == process && kept.choice == choice && kept.waits == waits && kept.why.is_none()
        };
        let kept = match kept {
            Some(kept) if fits(&kept) => kept,
            other => {
                leave_to_parent(other, process);
                // Some have threads of their own.
                let (signal, why) = process::with_signals_blocked(|| signal::open(choice, &waits));
                Kept { process, choice, waits, why, signal }
            }
        };
        Self(Some(kept))
    }

    /// Why it is not the best one, if it isn't.
    pub fn why(&self) -> Option<&str> {
        self.0.as_ref()?.why.as_deref()
    }

    /// The signal.
    pub fn signal(&mut self) -> Option<&mut dyn Signal> {
        match &mut self.0 {
            Some(kept) => Some(kept.signal.as_mut()),
            None => None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.as_ref().map_or("none", |kept| kept.signal.name())
    }
}

impl Drop for LentSignal {
    fn drop(&mut self) {
        let kept = self.0.take();
        KEPT_SIGNAL.with_borrow_mut(|place| *place = kept);
    }
}

/// A watcher with a thread must not be touched in a forked child: its lock may be held for ever.
fn leave_to_parent(kept: Option<Kept>, process: u32) {
    if let Some(kept) = kept
        && kept.process != process
    {
        std::mem::forget(kept);
    }
}

/// What a child must not inherit is closed before the fork: SQLite keeps notes, in the process, of the
/// locks that this process has, and in the child they would be wrong.
fn let_go() {
    for (_, store) in STORES.lock().iter().flatten().map(|(_, kept)| kept) {
        store.before_fork();
    }
}
