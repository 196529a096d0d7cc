//! Where a stream begins: what its client has, against what the store can still answer.

use super::request::Replay;
use crate::cursor::{Cursor, Epoch};
use crate::id::EventId;
use crate::key::Key;
use crate::store::{Gap, Start};

/// What a client says it has.
#[derive(Debug)]
pub enum Known {
    /// Nothing, or nothing that we wrote.
    Nothing,
    /// A single key's event id, as `push` answers it.
    Id(EventId),
    /// A cursor of this store or another, and what it says of each key.
    Cursor(Epoch, Vec<Option<EventId>>),
}

impl Known {
    /// Reads it strictly.
    #[must_use]
    pub fn read(client: Option<&[u8]>, keys: &[Key]) -> Self {
        let Some(text) = client else {
            return Self::Nothing;
        };
        if let Some(cursor) = Cursor::read(text) {
            return Self::Cursor(cursor.epoch(), cursor.positions(keys));
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(id) if keys.len() == 1 => Self::Id(id),
            _ => Self::Nothing,
        }
    }

    /// Its position in the key with this index.
    #[must_use]
    pub fn position(&self, index: usize) -> Option<EventId> {
        match self {
            Self::Nothing => None,
            Self::Id(id) => Some(*id),
            Self::Cursor(_, positions) => positions.get(index).copied().flatten(),
        }
    }

    /// Where reading the key with this index begins, in a store of this epoch.
    #[must_use]
    pub fn start(&self, index: usize, epoch: Epoch, replay: Replay) -> Start {
        match self.position(index) {
            Some(_) if self.is_foreign(epoch) => Start::Oldest,
            Some(position) => Start::After(position),
            None => replay.start(),
        }
    }

    /// Whether it is a cursor of another store, or of this one before it was emptied.
    #[must_use]
    pub fn is_foreign(&self, epoch: Epoch) -> bool {
        matches!(self, Self::Cursor(theirs, _) if *theirs != epoch)
    }

    /// Where to begin instead, if what was opened shows that the client doesn't stand where it was thought
    /// to: the store is not the one that was `expected`, or the client's is a bare id that its log never
    /// reached, and so not ours.
    #[must_use]
    pub fn elsewhere(
        &self,
        index: usize,
        expected: Epoch,
        opened: (Epoch, EventId),
        replay: Replay,
    ) -> Option<Start> {
        let (epoch, last_id) = opened;
        match self {
            Self::Id(id) if *id > last_id => Some(replay.start()),
            Self::Cursor(..) if epoch != expected => Some(self.start(index, epoch, replay)),
            _ => None,
        }
    }

    /// The gap between another store and this one, which is read on from `to`.
    #[must_use]
    pub fn foreign(&self, index: usize, epoch: Epoch, to: EventId) -> Option<Gap> {
        let from = self.position(index).filter(|_| self.is_foreign(epoch))?;
        Some(Gap { from, to })
    }
}

/// Gaps that a stream opens with, told as one before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Indexes of the keys.
    pub keys: Vec<usize>,
    /// From the first of what is gone to the last.
    pub gap: Gap,
    /// The client's own text: it stands until the gap is told, so that a cut before that tells it again.
    pub text: String,
}

impl Opening {
    /// All gaps that were found for a client's cursor, each with the index of its key.
    #[must_use]
    pub fn of(gaps: &[(usize, Gap)], client: Option<&[u8]>) -> Option<Self> {
        let from = gaps.iter().map(|(_, gap)| gap.from).min()?;
        let to = gaps.iter().map(|(_, gap)| gap.to).max()?;
        let text = String::from_utf8_lossy(client?).into_owned();
        Some(Self { keys: gaps.iter().map(|(index, _)| *index).collect(), gap: Gap { from, to }, text })
    }
}
