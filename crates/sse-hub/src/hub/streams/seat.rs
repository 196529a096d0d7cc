//! Where a stream stands in one of its keys, and what it gets next of it.

use std::rc::Rc;

use sse_core::Result;
use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::id::EventId;

use super::behind::{Behind, StoreAccess};
use crate::hub::channels::{Channel, EntryNumber, Numbered};

/// A stream's seat in one of its keys.
#[derive(Debug)]
pub struct Seat {
    /// What the client has.
    position: EventId,
    /// Where what follows is to be found.
    next: Next,
    /// Set while a client without a cursor is given what was there before it came.
    fresh: Option<Box<Fresh>>,
    /// The index in the channel's list of seats.
    slot: usize,
}

/// Where the next event of a key comes from.
#[derive(Debug)]
pub enum Next {
    /// From memory: the channel's entry of this number.
    Entry(EntryNumber),
    /// From the store, with a reader that is already there.
    Store(Box<Behind>),
    /// From the store, with a reader yet to be opened behind the position.
    Reopen,
}

/// What was there of a key when a client came that had no cursor. It has missed nothing of it, so what can't
/// be had any more is passed over.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    /// The newest position.
    position: EventId,
    /// The number that the channel's next entry had.
    end: EntryNumber,
}

impl Seat {
    /// A seat of a client that has this position of a key.
    pub fn resumed(position: EventId, next: Next) -> Self {
        Self { position, next, fresh: None, slot: usize::MAX }
    }

    /// A seat of a client that had no position of the key, and is given what follows this one.
    pub fn fresh(position: EventId, next: Next, channel: &Channel) -> Self {
        let fresh = Fresh { position: channel.position(), end: channel.end() };
        Self { fresh: Some(Box::new(fresh)), ..Self::resumed(position, next) }
    }

    /// What the client has.
    pub fn position(&self) -> EventId {
        self.position
    }

    /// The index in the channel's list of seats.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// It has this index in the channel's list of seats from now on.
    pub fn move_to(&mut self, slot: usize) {
        self.slot = slot;
    }

    /// Whether something may be left of what was there before the client came, which had no cursor.
    pub fn is_fresh(&self) -> bool {
        self.fresh.is_some()
    }

    /// Forgets what was there before the client came, once all of it was given.
    pub fn forget_given(&mut self) {
        if let (Some(fresh), Next::Entry(number)) = (&self.fresh, &self.next)
            && *number >= fresh.end
        {
            self.fresh = None;
        }
    }

    /// Whether what comes next can't be had any more, and was there before the client came.
    pub fn is_lost(&self, channel: &Channel) -> bool {
        let Some(fresh) = &self.fresh else { return false };
        match &self.next {
            Next::Entry(number) if *number >= fresh.end => false,
            Next::Entry(number) => matches!(channel.entry(*number), Numbered::Entry(entry) if entry.is_gap()),
            Next::Store(behind) => behind.is_lost(fresh.position),
            Next::Reopen => false,
        }
    }

    /// Makes sure that what comes next is at hand, if there is something, and answers its rank: gaps come first,
    /// then events by their ids. While the store is out only what was read already is looked at.
    ///
    /// # Errors
    /// The store's, if the key can't be read; it can be asked again.
    pub fn look(
        &mut self,
        channel: &Channel,
        epoch: Epoch,
        access: &mut StoreAccess<'_>,
    ) -> Result<Option<EventId>> {
        // From memory to a log that was just replaced, to its successor, and back is the longest way.
        for _ in 0..8 {
            match &mut self.next {
                Next::Entry(number) => match channel.entry(*number) {
                    Numbered::Entry(entry) => return Ok(Some(entry.rank())),
                    Numbered::ToCome => return Ok(None),
                    Numbered::Dropped => self.next = Next::Reopen,
                },
                Next::Reopen if access.is_out() => return Ok(None),
                Next::Reopen => {
                    let behind = Behind::open(channel.key(), self.position, epoch, access)?;
                    self.next = Next::Store(Box::new(behind));
                }
                Next::Store(behind) => {
                    behind.read(access)?;
                    if let Some(rank) = behind.rank() {
                        return Ok(Some(rank));
                    }
                    // If there is more, its next turn goes on from here.
                    if access.is_out() || behind.has_more() {
                        return Ok(None);
                    }
                    match channel.go_on_at(behind.position().unwrap_or(self.position)) {
                        Some(number) => self.next = Next::Entry(number),
                        // Ahead of the channel, which will come to it; or of a log that is no more.
                        None if behind.is_current()? => return Ok(None),
                        None => self.next = Next::Reopen,
                    }
                }
            }
        }
        Ok(None)
    }

    /// Takes what comes next, with the epoch that it is of; the position moves behind it.
    pub fn take(&mut self, channel: &mut Channel, event_name: &EventName) -> Option<(Epoch, Rc<[u8]>)> {
        let (epoch, (position, body)) = match &mut self.next {
            Next::Entry(number) => {
                let Numbered::Entry(entry) = channel.entry(*number) else { return None };
                *number = number.next();
                (channel.epoch(), (entry.position(), entry.body(channel.key(), event_name)))
            }
            Next::Store(behind) => (behind.epoch(), channel.lend(behind.take()?, self.position, event_name)),
            Next::Reopen => return None,
        };
        self.position = position;
        Some((epoch, body))
    }

    /// PHP delivered all up to this position.
    pub fn stand_at(&mut self, position: EventId) {
        (self.position, self.next, self.fresh) = (position, Next::Reopen, None);
    }

    /// Whether there is more to read although nothing came yet.
    pub fn has_more(&self) -> bool {
        matches!(&self.next, Next::Store(behind) if behind.has_more())
    }

    /// Keeps the position only: the reader is opened anew when the stream goes on.
    pub fn give_up_reader(&mut self) {
        if matches!(self.next, Next::Store(_)) {
            self.next = Next::Reopen;
        }
    }
}
