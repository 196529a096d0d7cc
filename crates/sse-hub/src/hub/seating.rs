//! Where a client comes in: behind its own cursor, or where its replay begins.
//!
//! What memory has needs nothing from the store; it is asked only where that is not certain.

use sse_core::Result;
use sse_core::key::Key;
use sse_core::store::{Gap, Start};
use sse_core::stream::request::Replay;
use sse_core::stream::resume::Known;

use super::channels::Channel;
use super::stores::OpenedStore;
use super::streams::{Behind, Next, Readers, Seat};

/// Finds the seats of one client.
pub struct Usher<'a> {
    /// What it says it has.
    pub known: &'a Known,
    /// What it gets first of a key that it says nothing of.
    pub replay: Replay,
    /// Counts what readers it needs.
    pub readers: &'a Readers,
    /// Whether there is no descriptor for one more reader: it is opened when the stream reads.
    pub is_short: bool,
}

impl Usher<'_> {
    /// The client's seat in the key with this index, and what of its own cursor is gone there.
    ///
    /// # Errors
    /// The store's, if the key can't be read.
    pub fn seat(
        &self,
        index: usize,
        key: &Key,
        channel: &Channel,
        store: &mut OpenedStore,
    ) -> Result<(Seat, Option<Gap>)> {
        let has_position = self.known.position(index).is_some();
        let seat = |position, next| match has_position {
            true => Seat::resumed(position, next),
            false => Seat::fresh(position, next, channel),
        };
        let from_memory = |start| {
            let position = match start {
                Start::After(position) => position,
                Start::Newest(0) => {
                    let position = channel.position();
                    return Some(seat(position, Next::Entry(channel.go_on_at(position)?)));
                }
                Start::Newest(count) => channel.newest(count)?,
                Start::Oldest => channel.oldest()?,
            };
            Some(seat(position, Next::Entry(channel.resume_at(position)?)))
        };
        let epoch = store.epoch().unwrap_or(channel.epoch());
        let start = self.known.start(index, epoch, self.replay);
        // Only the store knows what a cursor of another one is worth: the channel may be what is behind.
        let is_certain = channel.epoch() == epoch && !self.known.is_foreign(epoch);
        if is_certain && let Some(seat) = from_memory(start) {
            return Ok((seat, None));
        }
        let mut opened = store.reader(key, start)?;
        let found = (opened.epoch, opened.last_id);
        if let Some(start) = self.known.elsewhere(index, epoch, found, self.replay) {
            if is_certain
                && opened.epoch == epoch
                && let Some(seat) = from_memory(start)
            {
                return Ok((seat, None));
            }
            opened = store.reader(key, start)?;
        }
        let (epoch, position) = (opened.epoch, opened.reader.position());
        let gap = opened.gap.or_else(|| self.known.foreign(index, epoch, position));
        let next = match self.is_short {
            true => Next::Reopen,
            false => Next::Store(Box::new(Behind::new(opened, self.readers))),
        };
        Ok((seat(position, next), gap))
    }
}
