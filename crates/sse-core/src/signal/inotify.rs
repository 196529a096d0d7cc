//! Raw inotify: the kernel says which watched file changed, in microseconds.
//!
//! A file that is replaced by rename while somebody holds it open gives `IN_ATTRIB` and nothing
//! else (its link count changed), so that is watched too; reading and opening are not. Files beyond
//! the user's share of watches (`fs.inotify.max_user_watches`) are looked at instead.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::poll::Poll;
use super::watch::{Changes, Signal, Trigger, Watch};
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
            .map_err(|error| Error::Watch { what: "inotify".into(), source: error.into() })?;
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
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        let path = trigger.file()?;
        let flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        self.next += 1;
        let watch = Watch(self.next);
        match inotify::add_watch(&self.descriptor, path, flags) {
            Ok(descriptor) => {
                self.watches.insert(descriptor, watch);
                self.descriptors.insert(watch, descriptor);
            }
            Err(Errno::NOSPC) => self.looked_at.watch_as(watch, path)?,
            Err(error) => return Err(trigger.failed(error.into())),
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
        let (mut changed, mut is_all) = match self.looked_at.changes() {
            Changes::Some(changed) => (changed, false),
            Changes::All => (Vec::new(), true),
        };
        let mut space = [MaybeUninit::uninit(); 4_096];
        let mut reader = inotify::Reader::new(&self.descriptor, &mut space);
        // Ends with EAGAIN once the queue is empty, and not before: who waits for the descriptor by its
        // edges is told of nothing new while something is left.
        while let Ok(event) = reader.next() {
            is_all |= event.events().contains(ReadFlags::QUEUE_OVERFLOW);
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
        if is_all { Changes::All } else { Changes::Some(changed) }
    }

    fn name(&self) -> &'static str {
        "inotify"
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;

    use super::*;

    /// Beyond it the test would take too long.
    const LONGEST_QUEUE: usize = 1 << 18;

    #[test]
    fn an_overflow_leaves_nothing_in_the_queue() {
        let longest = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let longest: usize = longest.trim().parse().unwrap();
        if longest > LONGEST_QUEUE {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let mut signal = Inotify::new().unwrap();
        let mut files = ["a", "b"].map(|name| {
            let path = directory.path().join(name);
            let file = File::create(&path).unwrap();
            signal.watch(Trigger::File(&path)).unwrap();
            file
        });
        // In turns: two changes of one file in a row are one.
        let mut change = |times: usize| {
            for _ in 0..times.div_ceil(2) {
                files.iter_mut().for_each(|file| file.write_all(b"x").unwrap());
            }
        };
        change(longest + 2);
        // Room for what comes behind the overflow, and is more than is read at a time.
        rustix::io::read(&signal.descriptor, &mut [0_u8; 16_384]).unwrap();
        change(600);
        assert_eq!(signal.changes(), Changes::All);
        assert_eq!(signal.changes(), Changes::Some(Vec::new()));
        change(2);
        assert!(matches!(signal.changes(), Changes::Some(changed) if changed.len() == 2));
    }
}
