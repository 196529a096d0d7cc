//! From channels and stores to the clients: each stream is written what it lacks, as far as its client takes it.

use std::time::Instant;

use super::ids::{ChannelId, StreamId};
use super::notes::Lost;
use super::streams::{Loaded, Progress, Reading, Stream};
use super::{Clients, Hub};

/// Bytes written to a stream before others have their turn.
const TURN: usize = 128 << 10;

impl Hub {
    /// Writes what the streams of a channel have to get. The channel may be gone.
    pub(super) fn pump_all(&mut self, channel: ChannelId, now: Instant, clients: &mut dyn Clients) {
        let Some(channel) = self.channels.get(channel) else { return };
        // Those whose client is gone leave it meanwhile.
        let streams: Vec<StreamId> = channel.streams().collect();
        for stream in streams {
            self.pump(stream, now, clients);
        }
    }

    /// Writes what a stream has to get, until its client is full, it has all, or its turn is over.
    pub(super) fn pump(&mut self, id: StreamId, now: Instant, clients: &mut dyn Clients) {
        let mut budget = TURN;
        loop {
            let Ok(stream) = self.streams.known_mut(id) else { return };
            let (bytes, progress) = stream.write(id, now, clients);
            let (is_open, is_recalled) = (stream.is_open(), stream.recall().is_some());
            self.totals.bytes += bytes as u64;
            budget = budget.saturating_sub(bytes);
            match progress {
                Progress::Done if is_open && budget == 0 => return self.streams.turn_later(id),
                Progress::Done => {}
                Progress::Blocked => return self.streams.blocked(id),
                Progress::Gone => return self.remove(id, now, clients),
            }
            if is_recalled {
                self.prepare(id, now);
            }
            match self.read_with(id, now, Stream::load) {
                Ok(Loaded::Frame) => {}
                Ok(Loaded::Over) => return self.remove(id, now, clients),
                Ok(Loaded::Nothing) | Err(_) => return,
            }
        }
    }

    /// Has a stream read, and takes note of what it found.
    ///
    /// # Errors
    /// [`Lost`] if the stream or its store isn't there; that is noted.
    pub(super) fn read_with<R>(
        &mut self,
        id: StreamId,
        now: Instant,
        act: impl FnOnce(&mut Stream, &mut Reading<'_>) -> R,
    ) -> Result<R, Lost> {
        let spare = self.descriptors_left();
        let from = (&mut self.channels, &mut self.stores);
        let (result, found) = self.streams.read(id, from, spare, now, act)?;
        self.totals.events += found.taken;
        for (channel, error) in found.failed {
            self.fails(channel, &error, now);
        }
        Ok(result)
    }
}
