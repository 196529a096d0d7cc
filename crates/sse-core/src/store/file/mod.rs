//! Events in files: the engine that needs nothing but a directory.
//!
//! One text log per key ([`format`]), appended to under `flock`; the append is the signal. Retention
//! writes a new file and renames it in. What a stopped writer or a full disk leaves is mended by the
//! next writer; readers only ever take whole lines.

mod failures;
pub mod format;
mod lines;
mod log;
mod meta;
mod reader;
mod sweep;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

pub use self::meta::Meta;

use self::log::Log;
use self::reader::FileReader;
use crate::cursor::Epoch;
use crate::disk::Directory;
use crate::error::{Error, Result};
use crate::event::Draft;
use crate::id::EventId;
use crate::key::Key;
use crate::signal::Waits;
use crate::store::{Failures, Opened, Policy, Slot, Start, Store, Tally};

/// Logs a process keeps open for writing; beyond it all are closed.
const OPEN_LOGS: usize = 64;
/// Times a push finds its log replaced before it gives up; each time another push got through.
const ATTEMPTS: usize = 1_000;

/// A store in a directory.
#[derive(Debug)]
pub struct FileStore {
    directory: Directory,
    policy: Policy,
    /// Logs open for writing, and the process that opened them: a lock held through a descriptor
    /// that was inherited by a fork would be held by both.
    logs: Mutex<(Option<u32>, HashMap<Key, Log>)>,
    /// Whether a sweep was begun that isn't through: a push goes on with it, though it opens no log.
    sweeps: AtomicBool,
}

impl FileStore {
    /// A store in an existing directory; nothing is touched before it is used.
    #[must_use]
    pub fn new(directory: &Path, policy: Policy) -> Arc<Self> {
        let directory = Directory::with_patience(directory, policy.patience);
        Arc::new(Self { directory, policy, logs: Mutex::default(), sweeps: AtomicBool::new(false) })
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Stores an event and answers its id. It is stored whole or not at all.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when its JSON is longer than [`Policy::max_payload`]; [`Error::Locked`] when another
    /// process kept the log's lock, or replaced the log again and again; those of [`Directory::meta`] and
    /// [`Directory::shared_file`]; [`Error::NewerFormat`] and [`Error::OtherKey`] for a log that isn't this key's;
    /// [`Error::Full`] when the disk is.
    pub fn append(&self, key: &Key, draft: &Draft) -> Result<EventId> {
        self.policy.check_size(draft)?;
        self.with_log(key, |log| log.append(&self.directory, draft, &self.policy))
    }

    /// Does something with a log that is open for writing, which answers `None` if it was replaced meanwhile.
    fn with_log<T>(&self, key: &Key, mut action: impl FnMut(&mut Log) -> Result<Option<T>>) -> Result<T> {
        let mut logs = self.logs.lock();
        let process = std::process::id();
        if logs.0 != Some(process) || logs.1.len() > OPEN_LOGS {
            *logs = (Some(process), HashMap::new());
        }
        let began = Instant::now();
        let mut fresh = false;
        for _ in 0..ATTEMPTS {
            let log = match logs.1.get_mut(key) {
                Some(log) => log,
                None => {
                    fresh = true;
                    logs.1.entry(key.clone()).or_insert(Log::open(&self.directory, key)?)
                }
            };
            match action(log) {
                Ok(Some(answer)) => {
                    if fresh || self.sweeps.load(Ordering::Relaxed) {
                        self.sweeps.store(sweep::go_on(&self.directory, &self.policy), Ordering::Relaxed);
                    }
                    return Ok(answer);
                }
                Ok(None) => drop(logs.1.remove(key)),
                Err(error) => {
                    logs.1.remove(key);
                    return Err(error);
                }
            }
        }
        Err(Error::Locked { path: self.directory.log(key), waited_ms: began.elapsed().as_millis() })
    }

    /// Opens a reader of `key`. Reading a key nobody pushed to makes its (empty) log, so that there
    /// is something to watch.
    ///
    /// # Errors
    /// Those of [`FileStore::append`] but the first.
    pub fn reader(&self, key: &Key, start: Start) -> Result<Opened> {
        FileReader::open(&self.directory, key, start)
    }

    /// Drops what retention no longer keeps, in every log; see [`sweep`].
    ///
    /// # Errors
    /// [`Error::DirectoryMissing`], [`Error::Denied`] or [`Error::Io`] when the directory can't be listed. What is
    /// in the way of a single log is left for the next sweep.
    pub fn sweep(&self) -> Result<()> {
        sweep::run(&self.directory, &self.policy, crate::id::now_millis())
    }
}

impl Store for FileStore {
    fn check(&self) -> Result<()> {
        self.directory.meta()?;
        self.directory.check()
    }

    fn epoch(&self) -> Result<Epoch> {
        Ok(self.directory.meta()?.epoch)
    }

    fn append(&self, key: &Key, draft: &Draft) -> Result<EventId> {
        Self::append(self, key, draft)
    }

    fn append_after(&self, key: &Key, draft: &Draft, after: EventId) -> Result<Option<EventId>> {
        self.policy.check_size(draft)?;
        self.with_log(key, |log| log.append_after(&self.directory, draft, &self.policy, after))
    }

    fn reader(&self, key: &Key, start: Start) -> Result<Opened> {
        Self::reader(self, key, start)
    }

    fn knows(&self, key: &Key) -> Result<bool> {
        self.directory.check()?;
        Ok(self.directory.log(key).exists())
    }

    fn waits(&self) -> Waits {
        Waits::Files { network: self.directory.is_on_network(), told_late: false }
    }
}

impl Tally for FileStore {
    fn failures(&self, key: &Key) -> Failures {
        failures::read(&self.directory, key)
    }

    fn record_failure(&self, key: &Key, id: EventId) -> Result<u32> {
        failures::record(&self.directory, key, id)
    }

    fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        self.directory.take_slot(count)
    }
}

#[cfg(test)]
mod tests;
