//! Where a stream's client stands: what it has of each key, and what it gets next.

use std::rc::Rc;

use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::stream::resume::Opening;

use super::key_sets::KeySet;
use super::lines::Lines;
use super::reading::Reading;
use super::seat::Seat;
use crate::hub::channels::Channels;
use crate::hub::ids::ChannelId;
use crate::hub::recalls::Made;
use crate::wire::outgoing::Outgoing;

/// Where a client stands in its keys.
#[derive(Debug)]
pub struct Standing {
    keys: Rc<KeySet>,
    /// Its seat in each key.
    seats: Box<[Seat]>,
    /// The store's epoch, as far as the client knows.
    epoch: Epoch,
    /// What of its own cursor is gone, to be told first.
    opening: Option<Box<Opening>>,
}

impl Standing {
    /// Where a client comes in: its seat in each of the keys, and what of its own cursor is gone.
    pub fn new(keys: Rc<KeySet>, seats: Vec<Seat>, epoch: Epoch, opening: Option<Opening>) -> Self {
        Self { keys, seats: seats.into_boxed_slice(), epoch, opening: opening.map(Box::new) }
    }

    /// The keys.
    pub fn keys(&self) -> &Rc<KeySet> {
        &self.keys
    }

    /// Each channel, and the slot of the seat in there.
    pub fn slots(&self) -> impl Iterator<Item = (ChannelId, usize)> {
        self.keys.channels.iter().copied().zip(self.seats.iter().map(Seat::slot))
    }

    /// The seat in the key with this index has another slot of its channel from now on.
    pub fn move_seat(&mut self, index: usize, slot: usize) {
        if let Some(seat) = self.seats.get_mut(index) {
            seat.move_to(slot);
        }
    }

    /// The cursor's text: what the client has.
    pub fn cursor(&self) -> String {
        match &self.opening {
            Some(opening) => opening.text.clone(),
            None => self.keys.tags.write(self.epoch, &self.positions().collect::<Vec<_>>()),
        }
    }

    /// The store's epoch, as far as the client knows.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What the client has of each key, unless a gap is to be told before anything else.
    pub fn settled(&self) -> Option<impl Iterator<Item = EventId>> {
        self.opening.is_none().then(|| self.positions())
    }

    /// What the client has of the key with this index.
    pub fn position(&self, index: usize) -> Option<EventId> {
        self.seats.get(index).map(Seat::position)
    }

    /// Whether its channels have something that the client lacks.
    pub fn lacks(&self, channels: &Channels) -> bool {
        let is_behind = |(seat, &channel): (&Seat, &ChannelId)| {
            let channel = channels.known(channel);
            channel.is_ok_and(|channel| channel.epoch() != self.epoch || channel.position() > seat.position())
        };
        self.opening.is_some() || self.seats.iter().zip(&self.keys.channels).any(is_behind)
    }

    /// PHP delivered all up to these positions, in a store of this epoch.
    pub fn stand_at(&mut self, epoch: Epoch, positions: impl IntoIterator<Item = EventId>) {
        (self.epoch, self.opening) = (epoch, None);
        self.seats.iter_mut().zip(positions).for_each(|(seat, position)| seat.stand_at(position));
    }

    /// What was made of an event of the key with this index, as a frame; the position moves behind it.
    pub fn take_made(&mut self, index: usize, made: Made, lines: &mut Lines) -> Option<Outgoing> {
        self.seats.get_mut(index)?.stand_at(made.position);
        let line = lines.of(&self.keys, self.epoch, self.positions());
        Some(Outgoing::new(line, made.body?))
    }

    fn positions(&self) -> impl Iterator<Item = EventId> + Clone {
        self.seats.iter().map(Seat::position)
    }

    /// The next frame; the position moves behind it. `event_name` names an event that has no name.
    pub fn next(&mut self, event_name: &EventName, reading: &mut Reading<'_>) -> Option<Outgoing> {
        if let Some(opening) = self.opening.take() {
            let keys: Vec<&Key> =
                opening.keys.iter().filter_map(|&index| self.keys.keys.get(index)).collect();
            let mut body = Vec::new();
            frame::write_gap_body(&mut body, &keys, opening.gap.from, opening.gap.to);
            return Some(Outgoing::new(self.line(reading), body.into()));
        }
        let (index, id) = self.first(reading)?;
        let channel = reading.channels.known_mut(id).ok()?;
        let (epoch, body) = self.seats.get_mut(index)?.take(channel, event_name)?;
        // What is left of an earlier one takes no cursor back to it: it would say that nothing of the newest
        // was delivered.
        if reading.access.epoch() == Some(epoch) {
            self.epoch = epoch;
        }
        reading.found.taken += 1;
        // Its id covers what is passed over behind it.
        self.pass_over(event_name, reading);
        Some(Outgoing::new(self.line(reading), body))
    }

    /// The `id:` line of what the client has.
    fn line(&self, reading: &mut Reading<'_>) -> Rc<[u8]> {
        reading.lines.of(&self.keys, self.epoch, self.positions())
    }

    /// Passes over what can't be had any more of the time before a client came that had no cursor: it has
    /// missed nothing.
    pub fn pass_over(&mut self, event_name: &EventName, reading: &mut Reading<'_>) {
        loop {
            self.seats.iter_mut().for_each(Seat::forget_given);
            if self.opening.is_some() || !self.seats.iter().any(Seat::is_fresh) {
                return;
            }
            let Some((index, id)) = self.first(reading) else { return };
            let Ok(channel) = reading.channels.known_mut(id) else { return };
            let Some(seat) = self.seats.get_mut(index) else { return };
            if !seat.is_lost(channel) || seat.take(channel, event_name).is_none() {
                return;
            }
        }
    }

    /// The key whose next item comes first: its index and its channel.
    fn first(&mut self, reading: &mut Reading<'_>) -> Option<(usize, ChannelId)> {
        let mut first: Option<(EventId, usize, ChannelId)> = None;
        let mut failed = None;
        for (index, (seat, &id)) in self.seats.iter_mut().zip(&self.keys.channels).enumerate() {
            let Ok(channel) = reading.channels.known(id) else { continue };
            match seat.look(channel, self.epoch, &mut reading.access) {
                Ok(Some(rank)) if first.is_none_or(|(best, ..)| rank < best) => {
                    first = Some((rank, index, id))
                }
                Ok(_) => {}
                Err(error) => failed = Some((id, error)),
            }
        }
        if let Some((id, error)) = failed {
            reading.access.failed(&error);
            reading.found.failed.push((id, error));
        }
        reading.found.has_more |= first.is_none() && self.seats.iter().any(Seat::has_more);
        first.map(|(_, index, id)| (index, id))
    }

    /// Keeps positions only: readers are opened anew when the stream goes on.
    pub fn give_up_readers(&mut self) {
        self.seats.iter_mut().for_each(Seat::give_up_reader);
    }
}
