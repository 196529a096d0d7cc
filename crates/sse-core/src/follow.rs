//! One key followed: a reader on its log, and the watch that says when to read on.
//!
//! Always true:
//! - the log is watched before it is read, so nothing falls between the two;
//! - a log that was replaced is read to its end before its successor is opened behind the same
//!   position;
//! - there is always a watch: one ends only when the next is set.

use std::collections::VecDeque;

use crate::cursor::Epoch;
use crate::error::{Error, Result};
use crate::id::EventId;
use crate::key::Key;
use crate::signal::{Changes, Signal, Watch};
use crate::store::{Gap, Item, Opened, Reader, Start, Store};

/// Times a log may be replaced while we begin to watch it.
const ATTEMPTS: usize = 100;

/// A key that is followed.
#[derive(Debug)]
pub struct Follower {
    reader: Box<dyn Reader>,
    watch: Watch,
    epoch: Epoch,
    /// There may be something to read.
    stale: bool,
}

/// A follower just begun.
#[derive(Debug)]
pub struct Begun {
    /// The follower, placed.
    pub follower: Follower,
    /// Told if the log can't answer from where it should begin.
    pub gap: Option<Gap>,
    /// The newest event's id, or that of the last one that was dropped.
    pub last_id: EventId,
}

impl Follower {
    /// Watches a key's log, then opens it; again if it was replaced in between.
    ///
    /// # Errors
    /// [`Error::Watch`], and what is wrong with the store.
    pub fn begin(store: &dyn Store, key: &Key, start: Start, signal: &mut dyn Signal) -> Result<Begun> {
        let (opened, watch) = watched(store, key, start, signal)?;
        let follower = Self { reader: opened.reader, watch, epoch: opened.epoch, stale: true };
        Ok(Begun { follower, gap: opened.gap, last_id: opened.last_id })
    }

    /// The watch on the log.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The store the log belongs to.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last event read, or where reading began.
    #[must_use]
    pub fn position(&self) -> EventId {
        self.reader.position()
    }

    /// Whether there may be something to read.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Takes note of what the signal saw.
    pub fn wake(&mut self, changes: &Changes) {
        self.stale |= match changes {
            Changes::All => true,
            Changes::Some(changed) => changed.contains(&self.watch),
        };
    }

    /// Has it look for something to read.
    pub fn wake_up(&mut self) {
        self.stale = true;
    }

    /// Reads on, about `max_bytes` of JSON at a time. Nothing, and not stale any more: not until the signal
    /// fires again. Nothing, and still stale: there is more to read, and others had better have their turn
    /// first.
    ///
    /// # Errors
    /// What is wrong with the store; it can be asked again.
    pub fn fill(
        &mut self,
        store: &dyn Store,
        key: &Key,
        signal: &mut dyn Signal,
        max_bytes: usize,
    ) -> Result<VecDeque<Item>> {
        if !self.stale {
            return Ok(VecDeque::new());
        }
        let items = self.reader.read(max_bytes)?;
        if !items.is_empty() || self.reader.has_more() {
            return Ok(items);
        }
        if self.reader.is_current()? {
            self.stale = false;
            return Ok(items);
        }
        // What was appended between reading and the replacement.
        let items = self.reader.read(max_bytes)?;
        if !items.is_empty() || self.reader.has_more() {
            return Ok(items);
        }
        let position = self.reader.position();
        // The old watch stays until there is another: where there is none to be had (the store was moved
        // away), it tells of its coming back.
        let (opened, watch) = watched(store, key, Start::After(position), signal)?;
        signal.unwatch(std::mem::replace(&mut self.watch, watch));
        self.reader = opened.reader;
        self.epoch = opened.epoch;
        let mut items: VecDeque<Item> = opened.gap.map(Item::Gap).into_iter().collect();
        if items.is_empty() {
            items = self.reader.read(max_bytes)?;
        }
        Ok(items)
    }

    /// Stops watching.
    pub fn close(self, signal: &mut dyn Signal) {
        signal.unwatch(self.watch);
    }
}

fn watched(store: &dyn Store, key: &Key, start: Start, signal: &mut dyn Signal) -> Result<(Opened, Watch)> {
    let mut opened = store.reader(key, start)?;
    for _ in 0..ATTEMPTS {
        let watch = match signal.watch(opened.reader.trigger()) {
            Ok(watch) => watch,
            // Removed just now: opening makes it anew.
            Err(_) if !opened.reader.is_current()? => {
                opened = store.reader(key, start)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        // Watched file and open file are one if the path names the open one after the watch was set.
        match opened.reader.is_current() {
            Ok(true) => return Ok((opened, watch)),
            Ok(false) => signal.unwatch(watch),
            Err(error) => {
                signal.unwatch(watch);
                return Err(error);
            }
        }
        opened = store.reader(key, start)?;
    }
    Err(Error::Locked { path: opened.reader.trigger().to_string().into(), waited_ms: 0 })
}
