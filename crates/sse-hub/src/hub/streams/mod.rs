//! The open streams, and those that were offered: who is to get what is new, and when each is due.
//!
//! Owns the streams with their seats and readers, the times that they are due, the turns that some of them wait
//! for, and what several of them share.
//!
//! Always true:
//! - a stream that is due is asked what for: what was set as its time may be over by then;
//! - a stream waits for one turn at most.

mod behind;
mod key_sets;
mod lines;
mod profiles;
mod readers;
mod reading;
mod seat;
mod standing;
mod stream;
#[cfg(test)]
mod tests;
mod timers;

use std::rc::Rc;
use std::time::Instant;

pub use self::behind::Behind;
pub use self::key_sets::{KeySet, KeySets};
use self::lines::Lines;
pub use self::profiles::Profiles;
pub use self::readers::Readers;
pub use self::reading::{Found, Reading};
pub use self::seat::{Next, Seat};
pub use self::standing::Standing;
pub use self::stream::{Due, End, Loaded, Progress, Stream};
pub use self::timers::Timers;
use super::channels::Channels;
use super::ids::{OfStream, StreamId};
use super::notes::{Lost, Notes};
use super::recalls::Made;
use super::slots::Slots;
use super::stores::Stores;

/// Readers that blocked streams may keep; beyond it they are opened anew when their client goes on.
const READERS: usize = 256;

/// The streams.
pub struct Streams {
    slots: Slots<OfStream, Stream>,
    timers: Timers<StreamId>,
    /// Those that had more than a turn's worth to send.
    waiting: Vec<StreamId>,
    /// The sets of keys that they follow.
    pub key_sets: KeySets,
    /// What they have in common.
    pub profiles: Profiles,
    lines: Lines,
    readers: Readers,
}

impl Streams {
    /// No streams.
    pub fn new(notes: &Notes, now: Instant) -> Self {
        Self {
            slots: Slots::new(notes),
            timers: Timers::new(now),
            waiting: Vec::new(),
            key_sets: KeySets::new(notes),
            profiles: Profiles::default(),
            lines: Lines::default(),
            readers: Readers::default(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All of them.
    pub fn ids(&self) -> Vec<StreamId> {
        self.slots.iter().map(|(id, _)| id).collect()
    }

    /// A stream that may be gone.
    pub fn get(&self, id: StreamId) -> Option<&Stream> {
        self.slots.get(id)
    }

    /// A stream that may be gone.
    pub fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.slots.get_mut(id)
    }

    /// A stream that is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known_mut(&mut self, id: StreamId) -> Result<&mut Stream, Lost> {
        self.slots.known_mut(id)
    }

    /// Adds a stream, which joins the channels of its keys.
    pub fn add(&mut self, mut stream: Stream, channels: &mut Channels) -> StreamId {
        self.slots.insert_with(|id| {
            let keys = Rc::clone(stream.keys());
            for (index, &channel) in keys.channels.iter().enumerate() {
                if let Ok(channel) = channels.known_mut(channel) {
                    stream.standing_mut().move_seat(index, channel.join(id, index));
                }
            }
            stream
        })
    }

    /// Takes a stream out, which leaves the channels of its keys.
    ///
    /// # Errors
    /// [`Lost`] if it isn't there; that is noted.
    #[track_caller]
    pub fn remove(&mut self, id: StreamId, channels: &mut Channels) -> Result<Stream, Lost> {
        let stream = self.slots.remove(id)?;
        for (channel, slot) in stream.standing().slots() {
            let Ok(channel) = channels.known_mut(channel) else { continue };
            // The last of the list has its slot now.
            if let Some((moved, index)) = channel.leave(slot)
                && let Ok(moved) = self.slots.known_mut(moved)
            {
                moved.standing_mut().move_seat(index, slot);
            }
        }
        Ok(stream)
    }

    /// A stream takes what PHP has made of an event of its key with this index.
    ///
    /// # Errors
    /// [`Lost`] if the stream isn't there; that is noted.
    #[track_caller]
    pub fn take_made(&mut self, id: StreamId, index: usize, made: Made) -> Result<(), Lost> {
        let stream = self.slots.known_mut(id)?;
        let frame = stream.standing_mut().take_made(index, made, &mut self.lines);
        if let Some(recall) = stream.recall_mut() {
            recall.ready = frame;
        }
        Ok(())
    }

    /// Has a stream read: from the channels of its keys, and from its store where it is behind them. All streams
    /// together may have so many readers.
    ///
    /// # Errors
    /// [`Lost`] if the stream or its store isn't there; that is noted.
    #[track_caller]
    pub fn read<R>(
        &mut self,
        id: StreamId,
        (channels, stores): (&mut Channels, &mut Stores),
        spare: usize,
        now: Instant,
        act: impl FnOnce(&mut Stream, &mut Reading<'_>) -> R,
    ) -> Result<(R, Found), Lost> {
        let stream = self.slots.known_mut(id)?;
        let store = stores.known_mut(stream.keys().store)?;
        let mut reading = Reading::new(channels, store, (&mut self.lines, &self.readers), spare, now);
        let result = act(stream, &mut reading);
        let found = reading.found();
        if found.has_more {
            self.turn_later(id);
        }
        Ok((result, found))
    }

    /// A stream has more to send, or to look for, than a turn allows.
    #[track_caller]
    pub fn turn_later(&mut self, id: StreamId) {
        if self.slots.known_mut(id).is_ok_and(Stream::wait) {
            self.waiting.push(id);
        }
    }

    /// Whether streams wait for a turn.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The streams that wait for a turn, which is now.
    pub fn take_waiting(&mut self) -> Vec<StreamId> {
        let mut waiting = std::mem::take(&mut self.waiting);
        // Some may have left meanwhile.
        waiting.retain(|&id| self.slots.get_mut(id).map(Stream::take_turn).is_some());
        waiting
    }

    /// A stream is due then.
    pub fn remind(&mut self, id: StreamId, due: Instant) {
        self.timers.set(due, id);
    }

    /// Streams whose time has come; a stream may be among them twice, and one that has left too.
    pub fn take_due(&mut self, now: Instant) -> Vec<StreamId> {
        self.timers.take_due(now)
    }

    /// When the first is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The readers of streams that are behind.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Closes all readers of streams that are behind; each is opened anew when its stream goes on.
    pub fn give_up_readers(&mut self) {
        self.slots.values_mut().for_each(Stream::give_up_readers);
    }

    /// A stream's client takes nothing for now: if there are many readers, it keeps none.
    pub fn blocked(&mut self, id: StreamId) {
        if self.readers.count() >= READERS
            && let Ok(stream) = self.slots.known_mut(id)
        {
            stream.give_up_readers();
        }
    }

    /// One stream less follows these keys; true if that was the last.
    pub fn leave_set(&mut self, set: &KeySet) -> bool {
        let is_last = self.key_sets.leave(set);
        if is_last {
            self.lines.forget();
        }
        is_last
    }
}
