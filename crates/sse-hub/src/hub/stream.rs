//! One open response, from the worker's offer to its close.
//!
//! ```text
//! Offered ──go──► Open ──time is up, hub ends──► Ending ──all is written──► (removed)
//!    │              └──client left, too slow──────────────────────────────► (removed)
//!    └──withdrawn─────────────────────────────────────────────────────────► (removed)
//! ```
//!
//! Always true:
//! - its keys are followed before `ready` is said, so no event falls between;
//! - a frame is written whole before the next begins;
//! - a slow client costs positions, not a queue: the store is read for it when its socket drains.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::cursor::{Epoch, Tags};
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::store::{Item, Reader};
use sse_core::stream::request::Profile;
use sse_core::stream::resume::Opening;

use crate::wire::outgoing::Outgoing;
use crate::wire::record::Input;

/// Keys that streams follow together, shared by all streams of the same ones.
#[derive(Debug)]
pub struct KeySet {
    /// The store's number.
    pub store: usize,
    /// The keys.
    pub keys: Vec<Key>,
    /// The channel of each.
    pub channels: Vec<usize>,
    /// For cursors.
    pub tags: Tags,
}

/// A stream's place in one of its keys.
#[derive(Debug)]
pub struct Seat {
    /// What the client has.
    pub position: EventId,
    /// Where what follows is to be found.
    pub next: Next,
    /// Set while a client without a cursor is given what was there before it came.
    pub fresh: Option<Box<Fresh>>,
    /// The index in the channel's list of seats.
    pub slot: usize,
}

impl Seat {
    /// Forgets what was there when the client came, once all of it was given.
    pub fn grow_old(&mut self) {
        if let (Some(fresh), Next::Entry(number)) = (&self.fresh, &self.next)
            && *number >= fresh.end
        {
            self.fresh = None;
        }
    }
}

/// What was there of a key when a client came that had no cursor. It has missed nothing of it, so what can't
/// be had any more is passed over.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    /// The newest position.
    pub position: EventId,
    /// The number that the channel's next entry had.
    pub end: u64,
}

/// Where the next event of a key comes from.
#[derive(Debug)]
pub enum Next {
    /// From memory: the channel's entry of this number.
    Entry(u64),
    /// From the store, with a reader that is already there.
    Store(Box<Behind>),
    /// From the store, with a reader yet to be opened behind the position.
    Reopen,
}

/// A stream's own reader, while it is behind.
#[derive(Debug)]
pub struct Behind {
    /// The reader; gone where descriptors are short, to be opened anew when the queue is empty.
    pub reader: Option<Counted>,
    /// The store that it reads.
    pub epoch: Epoch,
    /// What it has read.
    pub queue: VecDeque<Item>,
}

impl Behind {
    /// Whether there is more to read although nothing came yet.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.reader.as_ref().is_some_and(|counted| counted.reader.has_more())
    }
}

/// A reader, and what counts it as long as it is there.
#[derive(Debug)]
pub struct Counted {
    /// The reader.
    pub reader: Box<dyn Reader>,
    /// One more of the hub's readers.
    pub _counts: Rc<()>,
}

/// How far a stream is.
#[derive(Debug)]
pub enum State {
    /// The worker still has the client.
    Offered,
    /// Events are sent.
    Open,
    /// What is still sent before it is over.
    Ending(VecDeque<Outgoing>),
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    /// Its keys.
    pub keys: Rc<KeySet>,
    /// Its place in each.
    pub seats: Box<[Seat]>,
    /// The store's epoch, as far as the client knows.
    pub epoch: Epoch,
    /// What it has in common with others.
    pub profile: Rc<Profile>,
    /// Its state.
    pub state: State,
    /// Its FastCGI request id.
    pub request: u16,
    /// Whether something may follow the request's end.
    pub may_follow_end: bool,
    /// The time that `connected` tells, until that is sent.
    pub connected: Option<Box<str>>,
    /// A gap to be told first.
    pub opening: Option<Box<Opening>>,
    /// The frame that is being written.
    pub outgoing: Option<Outgoing>,
    /// Whether it is among those that have more to send than a turn allows.
    pub is_waiting: bool,
    /// What the web server still sends.
    pub input: Input,
    /// When the client last took a byte.
    pub written: Instant,
    /// A heartbeat is due so long after that; a little less than was asked for, drawn anew for each
    /// stream, so that streams that got the same event don't beat together.
    pub pause: Duration,
    /// When it ends.
    pub ends: Option<Instant>,
    /// Tells it from an earlier stream of the same number.
    pub generation: u64,
}

impl Stream {
    /// The positions, in the order of the keys.
    pub fn positions(&self) -> impl Iterator<Item = EventId> {
        self.seats.iter().map(|seat| seat.position)
    }

    /// The cursor's text: what the client has.
    #[must_use]
    pub fn cursor(&self) -> String {
        match &self.opening {
            Some(opening) => opening.text.clone(),
            None => self.keys.tags.write(self.epoch, &self.positions().collect::<Vec<_>>()),
        }
    }

    /// When something has to be done, if nothing happens before: a heartbeat, the end, or a look at
    /// whether a blocked client has moved.
    #[must_use]
    pub fn due(&self, patience: Duration) -> Instant {
        let next = self.written + if self.outgoing.is_some() { patience } else { self.pause };
        self.ends.map_or(next, |ends| ends.min(next))
    }
}
