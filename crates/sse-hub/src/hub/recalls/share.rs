//! What PHP has made of one key's newest events, for all streams of a group.
//!
//! Always true:
//! - what is made follows the beginning without a hole: for each event of the key there is a frame, or it is
//!   known that there is none;
//! - who is not within it is none of its business: that stream asks PHP for itself.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::id::EventId;

use super::turn::Turn;
use crate::hub::channels::{Channel, Numbered};

/// Events kept.
const EVENTS: usize = 256;
/// Bytes of frames kept, unless a single one has more.
const BYTES: usize = 256 << 10;

/// What was made of a key's newest events.
#[derive(Debug)]
pub struct Share {
    /// Whether PHP is being asked for it.
    pub turn: Turn,
    /// When `collect` is due.
    pub collects: Option<Instant>,
    /// The store that the events are of.
    epoch: Epoch,
    /// The position before the first.
    start: EventId,
    made: VecDeque<Made>,
    bytes: usize,
}

/// What was made of an event.
#[derive(Clone, Debug)]
pub struct Made {
    /// The event's position.
    pub position: EventId,
    /// Its frame without the `id:` line; none if it is passed over.
    pub body: Option<Rc<[u8]>>,
}

/// What there is behind a position.
#[derive(Debug)]
pub enum Behind {
    /// This.
    Made(Made),
    /// Nothing yet.
    ToCome,
    /// Something that isn't kept.
    Elsewhere,
}

impl Share {
    /// Nothing made yet: what comes after all that the channel has.
    pub fn new(channel: &Channel, collects: Option<Instant>) -> Self {
        Self {
            turn: Turn::default(),
            collects,
            epoch: channel.epoch(),
            start: channel.position(),
            made: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The store that the events are of.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether nothing is kept.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// How far it has come.
    pub fn end(&self) -> EventId {
        self.made.back().map_or(self.start, |made| made.position)
    }

    /// What comes behind a position.
    pub fn behind(&self, epoch: Epoch, position: EventId) -> Behind {
        if epoch != self.epoch || position < self.start {
            return Behind::Elsewhere;
        }
        let index = self.made.partition_point(|made| made.position <= position);
        self.made.get(index).map_or(Behind::ToCome, |made| Behind::Made(made.clone()))
    }

    /// Whether the channel has more than it. If the channel's store is another one by now, it begins anew.
    pub fn lacks(&mut self, channel: &Channel) -> bool {
        if self.epoch != channel.epoch() {
            *self = Self { turn: std::mem::take(&mut self.turn), ..Self::new(channel, self.collects) };
        }
        channel.position() > self.end()
    }

    /// Takes from the channel what needs no PHP, up to the first that does.
    pub fn take_ready(&mut self, channel: &Channel, event_name: &EventName) {
        let Some(mut number) = channel.go_on_at(self.end()) else { return };
        while let Numbered::Entry(entry) = channel.entry(number) {
            if entry.is_external() {
                return;
            }
            let body = Some(entry.body(channel.key(), event_name));
            self.push(Made { position: entry.position(), body });
            number = number.next();
        }
    }

    /// Forgets what was made up to a position: everybody has it.
    pub fn forget_until(&mut self, position: EventId) {
        while self.made.front().is_some_and(|made| made.position <= position) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.made.pop_front() {
            self.start = first.position;
            self.bytes -= first.body.map_or(0, |body| body.len());
        }
    }

    /// Appends what was made. Nothing that is there already changes.
    pub fn push(&mut self, made: Made) {
        if made.position <= self.end() {
            return;
        }
        self.bytes += made.body.as_ref().map_or(0, |body| body.len());
        self.made.push_back(made);
        while self.made.len() > EVENTS || (self.bytes > BYTES && self.made.len() > 1) {
            self.drop_first();
        }
    }
}
