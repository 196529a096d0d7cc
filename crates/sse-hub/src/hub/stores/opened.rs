//! A store that streams read, and whether it answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sse_core::cursor::Epoch;
use sse_core::follow::Follower;
use sse_core::key::Key;
use sse_core::signal::{Choice, Watch};
use sse_core::store::{Item, Location, Opened, Start, Store};
use sse_core::stream::outage::{Outage, Pauses};
use sse_core::{Error, Result};

use super::signals::OpenedSignal;
use crate::hub::ids::{ChannelId, SignalId};

/// Between two questions to a store that does not answer. Who asks it waits, and with it everybody: so it is
/// left alone for a while, and then one question finds out whether it answers again.
const PAUSES: Pauses = Pauses { shortest: Duration::from_millis(500), longest: Duration::from_secs(5) };

/// A store that nobody follows is closed after this: its last client may be coming back.
pub const UNUSED: Duration = Duration::from_secs(15);

/// A store that streams read.
pub struct OpenedStore {
    location: Location,
    /// What a hub does with it is read only.
    store: Arc<dyn Store>,
    /// How its signal was chosen.
    choice: Choice,
    signal: SignalId,
    /// Keys of it that are followed.
    channels: usize,
    /// Since when there is none.
    unused: Option<Instant>,
    /// The epoch that it had when one of its keys was last opened. A key that still has something to read
    /// of an earlier one comes to it later.
    epoch: Option<Epoch>,
    /// Set while it does not answer.
    outage: Option<Outage>,
}

impl OpenedStore {
    /// A store that nobody follows yet.
    pub fn new(
        location: Location,
        store: Arc<dyn Store>,
        choice: Choice,
        signal: SignalId,
        now: Instant,
    ) -> Self {
        Self { location, store, choice, signal, channels: 0, unused: Some(now), epoch: None, outage: None }
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether it is the one at this location whose signal was chosen so.
    pub fn is_at(&self, location: &Location, choice: Choice) -> bool {
        self.location == *location && self.choice == choice
    }

    /// The signal that tells of its changes.
    pub fn signal(&self) -> SignalId {
        self.signal
    }

    /// The epoch that it has, as far as is known.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Opens a reader of a key.
    ///
    /// # Errors
    /// The store's, if the key can't be read.
    pub fn reader(&mut self, key: &Key, start: Start) -> Result<Opened> {
        let opened = self.store.reader(key, start)?;
        self.epoch = Some(opened.epoch);
        Ok(opened)
    }

    /// What is wrong with it, if it is not to be touched now.
    pub fn outage(&self, now: Instant) -> Option<&str> {
        let outage = self.outage.as_ref().filter(|outage| now < outage.until())?;
        Some(outage.said().unwrap_or_default())
    }

    /// It was asked in vain. If it is a server that others would wait for too, it is left alone; true if what it
    /// said is new.
    pub fn fails(&mut self, error: &Error, now: Instant) -> bool {
        if !error.is_of_server() {
            return false;
        }
        // From when the question was over: it may have taken longer than the pause.
        let now = now.max(Instant::now());
        let mut outage = Outage::begin(self.outage.take(), PAUSES, now);
        let is_new = outage.note(&error.to_string());
        self.outage = Some(outage);
        is_new
    }

    /// It has answered; true if it had not before.
    pub fn answers(&mut self) -> bool {
        self.outage.take().is_some()
    }

    /// When it is to be asked again, if it does not answer.
    pub fn next_question(&self) -> Option<Instant> {
        self.outage.as_ref().map(Outage::until)
    }

    /// When it is to be closed, if nobody comes to it.
    pub fn next_close(&self) -> Option<Instant> {
        self.unused.map(|since| since + UNUSED)
    }

    /// One more key of it is followed.
    pub(super) fn add_channel(&mut self) {
        self.channels += 1;
        self.unused = None;
    }

    /// One key of it less is followed.
    pub(super) fn drop_channel(&mut self, now: Instant) {
        self.channels = self.channels.saturating_sub(1);
        self.unused = (self.channels == 0).then_some(now);
    }
}

/// A store and the signal that tells of its changes: what it takes to follow a key.
pub struct WatchedStore<'a> {
    pub(super) opened: &'a mut OpenedStore,
    pub(super) signal: &'a mut OpenedSignal,
}

impl WatchedStore<'_> {
    /// Begins to follow a key.
    ///
    /// # Errors
    /// The store's, if the key can't be read or watched.
    pub fn follow(&mut self, key: &Key, start: Start) -> Result<Follower> {
        let begun = Follower::begin(&*self.opened.store, key, start, self.signal.signal_mut())?;
        self.epoch_is(begun.follower.epoch());
        Ok(begun.follower)
    }

    /// Reads a piece on, as [`Follower::fill`] does.
    ///
    /// # Errors
    /// The store's, if the key can't be read; it can be asked again.
    pub fn read_on(&mut self, follower: &mut Follower, key: &Key, bytes: usize) -> Result<VecDeque<Item>> {
        follower.fill(&*self.opened.store, key, self.signal.signal_mut(), bytes)
    }

    /// Whether the store is not to be touched now.
    pub fn is_out(&self, now: Instant) -> bool {
        self.opened.outage(now).is_some()
    }

    /// A key is followed from now on, and changes of it wake this channel.
    pub fn add_channel(&mut self, watch: Watch, channel: ChannelId) {
        self.opened.add_channel();
        self.watch_wakes(watch, channel);
    }

    /// Stops following a key.
    pub fn give_up(&mut self, follower: Follower) {
        follower.close(self.signal.signal_mut());
    }

    /// The store turned out to have this epoch.
    pub fn epoch_is(&mut self, epoch: Epoch) {
        self.opened.epoch = Some(epoch);
    }

    /// Whom a watch wakes.
    pub fn watch_wakes(&mut self, watch: Watch, channel: ChannelId) {
        self.signal.watch_wakes(watch, channel);
    }

    /// A watch wakes nobody any more.
    pub fn forget_watch(&mut self, watch: Watch) {
        self.signal.forget_watch(watch);
    }
}
