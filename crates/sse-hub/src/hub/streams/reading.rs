//! What a stream reads from, and what it found there.

use std::time::Instant;

use sse_core::Error;

use super::behind::StoreAccess;
use super::lines::Lines;
use super::readers::Readers;
use crate::hub::channels::Channels;
use crate::hub::ids::ChannelId;
use crate::hub::stores::OpenedStore;

/// What a stream reads from, and what it found there.
pub struct Reading<'a> {
    pub(super) channels: &'a mut Channels,
    pub(super) access: StoreAccess<'a>,
    pub(super) lines: &'a mut Lines,
    pub(super) found: Found,
}

/// What a stream found while it read.
#[derive(Debug, Default)]
pub struct Found {
    /// Events and gaps that it took.
    pub taken: u64,
    /// Whether there is more to read although nothing came yet: it wants a turn of its own.
    pub has_more: bool,
    /// The channels whose key could not be read.
    pub failed: Vec<(ChannelId, Error)>,
}

impl<'a> Reading<'a> {
    /// What a stream of this store reads from; all streams together may have so many readers.
    pub fn new(
        channels: &'a mut Channels,
        store: &'a mut OpenedStore,
        (lines, readers): (&'a mut Lines, &'a Readers),
        spare: usize,
        now: Instant,
    ) -> Self {
        let access = StoreAccess::new(store, readers, spare, now);
        Self { channels, access, lines, found: Found::default() }
    }

    /// What was found.
    pub fn found(self) -> Found {
        self.found
    }
}
