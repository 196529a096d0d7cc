//! Events at which an application's code failed fatally, so that one of them can't end every stream
//! of its key for ever.
//!
//! Beside the log lies `<name>.failed` with one line per event: `<id> <times>\n`. It is small, made
//! only after a failure, and replaced whole.

use std::path::PathBuf;

use super::FileStore;
use crate::disk::read_small;
use crate::error::Result;
use crate::id::EventId;
use crate::key::Key;
use crate::store::Failures;

/// Failures remembered for a key; the oldest are forgotten.
const REMEMBERED: usize = 100;

impl FileStore {
    /// How often the events of `key` failed. What can't be read counts as nothing.
    #[must_use]
    pub fn failures(&self, key: &Key) -> Failures {
        let bytes = read_small(&self.failures_path(key)).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let read = |line: &str| {
            let (id, times) = line.split_once(' ')?;
            Some((id.parse().ok()?, times.parse().ok()?))
        };
        text.lines().filter_map(read).collect()
    }

    /// Remembers a failure at `id`, and answers how often that makes.
    ///
    /// # Errors
    /// What is wrong with the directory.
    pub fn record_failure(&self, key: &Key, id: EventId) -> Result<u32> {
        self.directory().locked(|| {
            let mut failures = self.failures(key);
            let times = failures.get(&id).copied().unwrap_or(0).saturating_add(1);
            failures.insert(id, times);
            while failures.len() > REMEMBERED {
                failures.pop_first();
            }
            let text: String = failures.iter().map(|(id, times)| format!("{id} {times}\n")).collect();
            self.directory().replace(&self.failures_path(key), text.as_bytes(), false)?;
            Ok(times)
        })
    }

    fn failures_path(&self, key: &Key) -> PathBuf {
        self.directory().file_of(key, "failed")
    }
}
