//! A stream's own reader of a key, while it is behind what memory has of it.

use std::collections::VecDeque;
use std::time::Instant;

use sse_core::Result;
use sse_core::cursor::Epoch;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::store::{Gap, Item, Opened, Start};

use super::readers::{CountedReader, Readers};
use crate::hub::stores::OpenedStore;

/// Bytes of JSON read at a time.
const READ: usize = 16 << 10;

/// A stream's store, as the stream may use it now.
pub struct StoreAccess<'a> {
    store: &'a mut OpenedStore,
    is_out: bool,
    readers: &'a Readers,
    /// How many readers there may be.
    spare: usize,
}

impl<'a> StoreAccess<'a> {
    /// Access to a store, of which all streams together may have so many readers.
    pub fn new(store: &'a mut OpenedStore, readers: &'a Readers, spare: usize, now: Instant) -> Self {
        Self { is_out: store.outage(now).is_some(), store, readers, spare }
    }

    /// Whether the store is not to be touched.
    pub fn is_out(&self) -> bool {
        self.is_out
    }

    /// The store's epoch, as far as is known.
    pub fn epoch(&self) -> Option<Epoch> {
        self.store.epoch()
    }

    /// The store failed: it is not touched again if others would wait for it.
    pub fn failed(&mut self, error: &sse_core::Error) {
        self.is_out |= error.is_of_server();
    }
}

/// A stream's own reader, while it is behind.
#[derive(Debug)]
pub struct Behind {
    /// The reader; gone where descriptors are short, to be opened anew when the queue is empty.
    reader: Option<CountedReader>,
    /// The store that it reads.
    epoch: Epoch,
    /// What it has read.
    queue: VecDeque<Item>,
}

impl Behind {
    /// A reader that was just opened.
    pub fn new(opened: Opened, readers: &Readers) -> Self {
        Self { reader: Some(readers.counted(opened.reader)), epoch: opened.epoch, queue: VecDeque::new() }
    }

    /// Opens a reader behind a position of a store that had this epoch.
    ///
    /// # Errors
    /// The store's, if the key can't be read.
    pub fn open(key: &Key, position: EventId, epoch: Epoch, access: &mut StoreAccess<'_>) -> Result<Self> {
        let is_of_another = access.epoch().is_some_and(|newest| newest != epoch);
        let start = if is_of_another { Start::Oldest } else { Start::After(position) };
        let opened = access.store.reader(key, start)?;
        let gap = opened
            .gap
            .or_else(|| is_of_another.then(|| Gap { from: position, to: opened.reader.position() }));
        let mut behind = Self::new(opened, access.readers);
        behind.queue.extend(gap.map(Item::Gap));
        Ok(behind)
    }

    /// Reads a piece, if nothing is left of the one before and the store may be touched. Where descriptors are
    /// short the reader is closed as soon as there is something.
    ///
    /// # Errors
    /// The store's, if the key can't be read; it can be asked again.
    pub fn read(&mut self, access: &StoreAccess<'_>) -> Result<()> {
        if let (true, false, Some(counted)) = (self.queue.is_empty(), access.is_out, &mut self.reader) {
            self.queue = counted.reader.read(READ)?;
        }
        if !self.queue.is_empty() && access.readers.count() > access.spare {
            self.reader = None;
        }
        Ok(())
    }

    /// The rank of what comes next of what was read.
    pub fn rank(&self) -> Option<EventId> {
        Some(match self.queue.front()? {
            Item::Gap(_) => EventId::ZERO,
            Item::Event(event) => event.id,
        })
    }

    /// Takes what comes next of what was read.
    pub fn take(&mut self) -> Option<Item> {
        self.queue.pop_front()
    }

    /// Whether what comes next can't be had any more, and lies no further than this position.
    pub fn is_lost(&self, up_to: EventId) -> bool {
        match self.queue.front() {
            Some(Item::Gap(gap)) => gap.to <= up_to,
            Some(Item::Event(event)) => event.draft.external && event.id <= up_to,
            None => false,
        }
    }

    /// Whether there is more to read although nothing came yet.
    pub fn has_more(&self) -> bool {
        self.reader.as_ref().is_some_and(|counted| counted.reader.has_more())
    }

    /// The epoch of the store that is read.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// How far the reader has come, if there is one.
    pub fn position(&self) -> Option<EventId> {
        self.reader.as_ref().map(|counted| counted.reader.position())
    }

    /// Whether what is read is still what the store has under the key.
    ///
    /// # Errors
    /// The store's, if it can't tell.
    pub fn is_current(&self) -> Result<bool> {
        self.reader.as_ref().map_or(Ok(false), |counted| counted.reader.is_current())
    }
}
