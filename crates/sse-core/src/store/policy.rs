//! How a store keeps events.

use crate::disk::Patience;
use crate::error::{Error, Result};
use crate::event::Draft;
use crate::retention::Retention;

/// How a store keeps events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it keeps.
    pub retention: Retention,
    /// Bytes of JSON an event may have.
    pub max_payload: usize,
    /// Whether a push waits until the disk has it.
    pub sync: bool,
    /// How long locks that other processes hold are waited for.
    pub patience: Patience,
}

impl Policy {
    /// Says so if an event has more bytes than it may have.
    ///
    /// # Errors
    /// [`Error::TooLarge`] then.
    pub fn check_size(&self, draft: &Draft) -> Result<()> {
        let (len, max) = (draft.json.len(), self.max_payload);
        if len > max { Err(Error::TooLarge { len, max }) } else { Ok(()) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            max_payload: 1 << 20,
            sync: false,
            patience: Patience::default(),
        }
    }
}
