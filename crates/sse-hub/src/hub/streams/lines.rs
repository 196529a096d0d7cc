//! The `id:` line of what a stream has now. Streams that stand alike share it.

use std::rc::Rc;

use sse_core::cursor::Epoch;
use sse_core::id::EventId;

use super::key_sets::KeySet;

/// The last line that was written, for the next stream that stands where that one stood.
#[derive(Debug, Default)]
pub struct Lines(Option<Line>);

/// An `id:` line and what it was written for.
#[derive(Debug)]
struct Line {
    keys: Rc<KeySet>,
    epoch: Epoch,
    positions: Vec<EventId>,
    bytes: Rc<[u8]>,
}

impl Lines {
    /// The line of a stream that has these positions of its keys, in a store of this epoch.
    pub fn of(
        &mut self,
        keys: &Rc<KeySet>,
        epoch: Epoch,
        positions: impl Iterator<Item = EventId> + Clone,
    ) -> Rc<[u8]> {
        if let Some(line) = &self.0
            && Rc::ptr_eq(&line.keys, keys)
            && line.epoch == epoch
            && positions.clone().eq(line.positions.iter().copied())
        {
            return Rc::clone(&line.bytes);
        }
        let positions: Vec<EventId> = positions.collect();
        let text = keys.tags.write(epoch, &positions);
        let bytes: Rc<[u8]> = format!("id: {text}\n").into_bytes().into();
        self.0 = Some(Line { keys: Rc::clone(keys), epoch, positions, bytes: Rc::clone(&bytes) });
        bytes
    }

    /// Forgets the line, and the keys that it holds.
    pub fn forget(&mut self) {
        self.0 = None;
    }
}
