//! Raw inotify: the kernel says which watched file changed, in microseconds.
//!
//! A file that is replaced by rename while somebody holds it open gives `IN_ATTRIB` and nothing
//! else (its link count changed), so that is watched too; reading and opening are not. Files beyond
//! the user's share of watches (`fs.inotify.max_user_watches`) are looked at instead.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::{Changes, Poll, Signal, Watch};
use crate::error::{Error, Result};

/// One inotify instance. 128 per user are allowed by default, so a process keeps a single one.
#[derive(Debug)]
pub struct Inotify {
    descriptor: OwnedFd,
    watches: HashMap<i32, Watch>,
    descriptors: HashMap<Watch, i32>,
    /// Files for which no watch was left.
    looked_at: Poll,
    next: u64,
}

impl Inotify {
    /// A new instance.
    ///
    /// # Errors
    /// [`Error::Watch`] when the user's instances are used up (`EMFILE`).
    pub fn new() -> Result<Self> {
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
            .map_err(|error| Error::Watch { path: PathBuf::from("inotify"), source: error.into() })?;
        Ok(Self {
            descriptor,
            watches: HashMap::new(),
            descriptors: HashMap::new(),
            looked_at: Poll::new(),
            next: 0,
        })
    }
}

impl Signal for Inotify {
    fn watch(&mut self, path: &Path) -> Result<Watch> {
        let flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        self.next += 1;
        let watch = Watch(self.next);
        match inotify::add_watch(&self.descriptor, path, flags) {
            Ok(descriptor) => {
                self.watches.insert(descriptor, watch);
                self.descriptors.insert(watch, descriptor);
            }
            Err(Errno::NOSPC) => self.looked_at.watch_as(watch, path)?,
            Err(error) => return Err(Error::Watch { path: path.to_owned(), source: error.into() }),
        }
        Ok(watch)
    }

    fn unwatch(&mut self, watch: Watch) {
        let Some(descriptor) = self.descriptors.remove(&watch) else {
            return self.looked_at.unwatch(watch);
        };
        if self.watches.get(&descriptor) != Some(&watch) {
            return;
        }
        self.watches.remove(&descriptor);
        // Fails if the file was deleted, which ended the watch by itself.
        let _ = inotify::remove_watch(&self.descriptor, descriptor);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.descriptor.as_fd())
    }

    fn look_every(&self) -> Option<Duration> {
        if self.looked_at.is_empty() { None } else { self.looked_at.look_every() }
    }

    fn changes(&mut self) -> Changes {
        let Changes::Some(mut changed) = self.looked_at.changes() else {
            return Changes::All;
        };
        let mut space = [MaybeUninit::uninit(); 4_096];
        let mut reader = inotify::Reader::new(&self.descriptor, &mut space);
        // Ends with EAGAIN once the queue is empty.
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return Changes::All;
            }
            // A watch that was dropped may still have events queued.
            if let Some(watch) = self.watches.get(&event.wd()) {
                changed.push(*watch);
            }
            if event.events().contains(ReadFlags::IGNORED)
                && let Some(watch) = self.watches.remove(&event.wd())
            {
                self.descriptors.remove(&watch);
            }
        }
        Changes::Some(changed)
    }

    fn name(&self) -> &'static str {
        "inotify"
    }
}
