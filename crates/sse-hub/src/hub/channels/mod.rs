//! The keys that streams follow, each of them once.
//!
//! Owns the channels, which of them are to be read, and which could not be read and are tried again.
//!
//! Always true:
//! - a key of a store has one channel, as long as a set of keys has it;
//! - a channel that is to be read is in the queue once;
//! - whatever could not be read is tried again after a pause, never at once.

mod channel;
mod entry;
mod failing;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use sse_core::Error;
use sse_core::key::Key;

pub use self::channel::{BYTES, Channel, ENTRIES, EntryNumber, Numbered};
use self::failing::Failing;
use super::ids::{ChannelId, OfChannel, StoreId};
use super::notes::{Lost, Notes};
use super::slots::Slots;

/// The channels.
pub struct Channels {
    slots: Slots<OfChannel, Kept>,
    by_key: HashMap<(StoreId, Key), ChannelId>,
    /// Those that are to be read.
    unread: VecDeque<ChannelId>,
    failing: Failing,
}

/// A channel, and what is kept of it here.
struct Kept {
    channel: Channel,
    /// Sets of keys that it belongs to; with none it is closed.
    users: usize,
    /// Whether it is in the queue of those that are to be read.
    is_queued: bool,
    /// Whether its streams have something of their own to read then.
    is_for_streams: bool,
}

impl Channels {
    /// No channels.
    pub fn new(notes: &Notes) -> Self {
        Self {
            slots: Slots::new(notes),
            by_key: HashMap::new(),
            unread: VecDeque::new(),
            failing: Failing::default(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// A channel that may be gone.
    pub fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.slots.get(id).map(|kept| &kept.channel)
    }

    /// A channel that may be gone.
    pub fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.slots.get_mut(id).map(|kept| &mut kept.channel)
    }

    /// A channel that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known(&self, id: ChannelId) -> Result<&Channel, Lost> {
        Ok(&self.slots.known(id)?.channel)
    }

    /// A channel that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known_mut(&mut self, id: ChannelId) -> Result<&mut Channel, Lost> {
        Ok(&mut self.slots.known_mut(id)?.channel)
    }

    /// The channel of a key, if somebody follows it.
    pub fn find(&self, store: StoreId, key: &Key) -> Option<ChannelId> {
        self.by_key.get(&(store, key.clone())).copied()
    }

    /// The channels of a store.
    pub fn of_store(&self, store: StoreId) -> impl Iterator<Item = ChannelId> {
        self.slots.iter().filter(move |(_, kept)| kept.channel.store() == store).map(|(id, _)| id)
    }

    /// Adds a channel that nobody uses yet.
    pub fn add(&mut self, channel: Channel) -> ChannelId {
        let name = (channel.store(), channel.key().clone());
        let id = self.slots.insert(Kept { channel, users: 0, is_queued: false, is_for_streams: false });
        self.by_key.insert(name, id);
        id
    }

    /// One more set of keys has it.
    #[track_caller]
    pub fn add_user(&mut self, id: ChannelId) -> Result<(), Lost> {
        self.slots.known_mut(id)?.users += 1;
        Ok(())
    }

    /// One set of keys less has it. If that was the last, it is taken out, and is to be closed.
    #[track_caller]
    pub fn drop_user(&mut self, id: ChannelId) -> Result<Option<Channel>, Lost> {
        let kept = self.slots.known_mut(id)?;
        kept.users = kept.users.saturating_sub(1);
        if kept.users > 0 {
            return Ok(None);
        }
        let channel = self.slots.remove(id)?.channel;
        self.failing.forget(id);
        self.by_key.remove(&(channel.store(), channel.key().clone()));
        Ok(Some(channel))
    }

    /// It is to be read in this turn or the next; its streams too, if it is for their own readers that it is
    /// done.
    #[track_caller]
    pub fn read_later(&mut self, id: ChannelId, for_streams: bool) {
        let Ok(kept) = self.slots.known_mut(id) else { return };
        kept.channel.wake_up();
        kept.is_for_streams |= for_streams;
        if !std::mem::replace(&mut kept.is_queued, true) {
            self.unread.push_back(id);
        }
    }

    /// Whether there are channels to be read.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Takes so many of the channels that are to be read; each is then to be given to [`Channels::begin_reading`].
    pub fn take_unread(&mut self, at_most: usize) -> Vec<ChannelId> {
        let count = self.unread.len().min(at_most);
        self.unread.drain(..count).collect()
    }

    /// What a channel is read for, whose turn it is: true if it is for its streams too. `None` if it is gone.
    pub fn begin_reading(&mut self, id: ChannelId) -> Option<bool> {
        let kept = self.slots.get_mut(id)?;
        kept.is_queued = false;
        Some(std::mem::take(&mut kept.is_for_streams))
    }

    /// A channel could not be read. True if that is news: thousands of keys may have the same trouble, and it
    /// is told once as long as one of them has it.
    #[track_caller]
    pub fn fails(&mut self, id: ChannelId, error: &Error, now: Instant) -> bool {
        let Ok(kept) = self.slots.known(id) else { return false };
        self.failing.fails(id, kept.channel.store(), error, now)
    }

    /// How often a channel was tried in vain since it could last be read.
    pub fn failures(&self, id: ChannelId) -> u32 {
        self.failing.times(id)
    }

    /// A channel can be read again.
    pub fn recovered(&mut self, id: ChannelId) {
        self.failing.forget(id);
    }

    /// Has the channels read again whose time to be tried again has come.
    pub fn try_again(&mut self, now: Instant) {
        for id in self.failing.take_due(now) {
            self.read_later(id, true);
        }
    }

    /// When the next one is to be tried again.
    pub fn next_try(&self) -> Option<Instant> {
        self.failing.next()
    }
}
