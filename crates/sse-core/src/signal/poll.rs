//! Looking at each file's inode, size and time of change: about a microsecond a file.
//!
//! The fallback where inotify is used up, absent or blind. It looks every 5 ms after something
//! changed and slows down to 100 ms while nothing does.

use std::fs;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::watch::{Changes, Signal, Trigger, Watch};
use crate::error::Result;

const FASTEST: Duration = Duration::from_millis(5);
const SLOWEST: Duration = Duration::from_millis(100);
const NETWORK: Duration = Duration::from_secs(1);

/// What a file looked like; `None` for one that is gone.
type Look = Option<(u64, u64, i64, i64)>;

/// Stat polling.
#[derive(Debug)]
pub struct Poll {
    files: Vec<(Watch, PathBuf, Look)>,
    next: u64,
    interval: Duration,
    slowest: Duration,
    is_blind: bool,
}

impl Poll {
    /// For local files.
    #[must_use]
    pub fn new() -> Self {
        Self { files: Vec::new(), next: 0, interval: FASTEST, slowest: SLOWEST, is_blind: false }
    }

    /// For files on a network.
    #[must_use]
    pub fn every_second() -> Self {
        Self { files: Vec::new(), next: 0, interval: NETWORK, slowest: NETWORK, is_blind: false }
    }

    /// For what can't be looked at from here: everything counts as changed, once a second.
    #[must_use]
    pub(super) fn blind() -> Self {
        Self { is_blind: true, ..Self::every_second() }
    }

    /// Whether it watches nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Starts watching, for another signal that counts the watches.
    pub(super) fn watch_as(&mut self, watch: Watch, path: &Path) -> Result<()> {
        let gone = || Trigger::File(path).failed(std::io::ErrorKind::NotFound.into());
        let look = look(path).ok_or_else(gone)?;
        self.files.push((watch, path.to_owned(), Some(look)));
        Ok(())
    }
}

impl Default for Poll {
    fn default() -> Self {
        Self::new()
    }
}

impl Signal for Poll {
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        self.next += 1;
        let watch = Watch(self.next);
        if self.is_blind {
            return Ok(watch);
        }
        self.watch_as(watch, trigger.file()?).map(|()| watch)
    }

    fn unwatch(&mut self, watch: Watch) {
        self.files.retain(|(known, ..)| *known != watch);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn look_every(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn changes(&mut self) -> Changes {
        if self.is_blind {
            return Changes::All;
        }
        let mut changed = Vec::new();
        for (watch, path, before) in &mut self.files {
            let now = look(path);
            if now != *before {
                *before = now;
                changed.push(*watch);
            }
        }
        self.interval = if self.slowest == NETWORK {
            NETWORK
        } else if changed.is_empty() {
            (self.interval * 2).min(self.slowest)
        } else {
            FASTEST
        };
        Changes::Some(changed)
    }

    fn name(&self) -> &'static str {
        "poll"
    }
}

fn look(path: &Path) -> Look {
    let file = fs::metadata(path).ok()?;
    Some((file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}
