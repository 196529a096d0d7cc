//! The stores and signals of this process.
//!
//! A store is opened once per process and settings. A signal is kept per thread, because instances of
//! inotify are few and dear to close; a stream takes it out while it waits and puts it back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sse_core::signal::{self, Choice, Signal, Waits};
use sse_core::store::{Location, Settings, Store};

use crate::exception::Failure;
use crate::{process, settings};

/// Stores kept; a process that uses more opens them anew.
const KEPT: usize = 32;

/// Open stores, with the settings they were opened with.
type Stores = HashMap<Location, (Settings, Arc<dyn Store>)>;

static STORES: Mutex<Option<Stores>> = Mutex::new(None);

/// The store at a location, with the settings of this request.
pub fn open(location: &Location) -> Result<Arc<dyn Store>, Failure> {
    let wanted = settings::store()?;
    let mut stores = STORES.lock();
    let stores = stores.get_or_insert_default();
    if let Some((settings, store)) = stores.get(location)
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
    stores.insert(location.clone(), (wanted, Arc::clone(&store)));
    Ok(store)
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

/// A signal taken out by a stream; dropped, it is kept for the next.
pub struct Taken(Option<Kept>);

impl Taken {
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

impl Drop for Taken {
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
