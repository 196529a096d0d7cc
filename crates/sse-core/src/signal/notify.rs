//! The `notify` crate: FSEvents, kqueue and others where there is no inotify of our own.
//!
//! Its thread hands us paths and writes a byte into a pipe, so that the caller's `poll` wakes. A
//! watcher must not cross a fork (it hangs): who keeps one remembers which process made it. Some of its
//! backends lose changes that come close together: once a second every file counts as changed.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use rustix::pipe::{PipeFlags, pipe_with};

use super::watch::{Changes, Signal, Trigger, Watch};
use crate::error::{Error, Result};

const SECOND_LOOK: Duration = Duration::from_secs(1);

/// What the watcher's thread has seen; `None` means that it can't tell.
type Seen = Arc<Mutex<Option<HashSet<PathBuf>>>>;

/// The system's own way to watch files.
#[derive(Debug)]
pub struct Notify {
    watcher: RecommendedWatcher,
    seen: Seen,
    wake: OwnedFd,
    watches: HashMap<PathBuf, Watch>,
    next: u64,
}

impl Notify {
    /// A new watcher with its thread.
    ///
    /// # Errors
    /// [`Error::Watch`] if the system has no descriptor, or whatever it watches by, left.
    pub fn new() -> Result<Self> {
        let failed = |source| Error::Watch { what: "notify".into(), source };
        let (wake, waker) =
            pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(|error| failed(error.into()))?;
        let seen: Seen = Arc::new(Mutex::new(Some(HashSet::new())));
        let shared = Arc::clone(&seen);
        let watcher = ::notify::recommended_watcher(move |event: ::notify::Result<Event>| {
            note(&shared, event);
            // A full pipe wakes as well as another byte would.
            let _ = rustix::io::write(&waker, &[1]);
        })
        .map_err(|error| failed(std::io::Error::other(error)))?;
        Ok(Self { watcher, seen, wake, watches: HashMap::new(), next: 0 })
    }
}

fn note(seen: &Seen, event: ::notify::Result<Event>) {
    let mut seen = seen.lock();
    match event {
        Ok(event) if event.need_rescan() => *seen = None,
        Ok(event) if event.kind.is_access() => {}
        Ok(event) => {
            if let Some(paths) = seen.as_mut() {
                paths.extend(event.paths);
            }
        }
        Err(_) => *seen = None,
    }
}

impl Signal for Notify {
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        let path = trigger.file()?;
        self.watcher
            .watch(path, RecursiveMode::NonRecursive)
            .map_err(|error| trigger.failed(std::io::Error::other(error)))?;
        self.next += 1;
        self.watches.insert(path.to_owned(), Watch(self.next));
        Ok(Watch(self.next))
    }

    fn unwatch(&mut self, watch: Watch) {
        let Some(path) =
            self.watches.iter().find(|(_, known)| **known == watch).map(|(path, _)| path.clone())
        else {
            return;
        };
        self.watches.remove(&path);
        // Fails if the file is gone, which ended the watch by itself.
        let _ = self.watcher.unwatch(&path);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.wake.as_fd())
    }

    fn look_every(&self) -> Option<Duration> {
        Some(SECOND_LOOK)
    }

    fn changes(&mut self) -> Changes {
        let mut bytes = [0_u8; 512];
        let mut woken = false;
        while matches!(rustix::io::read(&self.wake, &mut bytes), Ok(count) if count > 0) {
            woken = true;
        }
        let Some(seen) = self.seen.lock().replace(HashSet::new()) else {
            return Changes::All;
        };
        if !woken {
            return Changes::All;
        }
        Changes::Some(seen.iter().filter_map(|path| self.watches.get(path).copied()).collect())
    }

    fn name(&self) -> &'static str {
        "notify"
    }
}
