//! Events at which an application's code failed fatally, so that one of them can't end every stream
//! of its key for ever.
//!
//! Beside the log lies `<name>.failed` with one line per event: `<id> <times>\n`. It is small, made
//! only after a failure, and replaced whole.

use std::path::PathBuf;

use crate::disk::{Directory, read_small};
use crate::error::Result;
use crate::id::EventId;
use crate::key::Key;
use crate::store::Failures;

/// Failures remembered for a key; the oldest are forgotten.
const REMEMBERED: usize = 100;

/// How often the events of `key` failed. What can't be read counts as nothing.
pub fn read(directory: &Directory, key: &Key) -> Failures {
    let bytes = read_small(&path(directory, key)).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let read = |line: &str| {
        let (id, times) = line.split_once(' ')?;
        Some((id.parse().ok()?, times.parse().ok()?))
    };
    text.lines().filter_map(read).collect()
}

/// Remembers a failure at `id`, and answers how often that makes.
pub fn record(directory: &Directory, key: &Key, id: EventId) -> Result<u32> {
    directory.locked(|| {
        let mut failures = read(directory, key);
        let times = failures.get(&id).copied().unwrap_or(0).saturating_add(1);
        failures.insert(id, times);
        while failures.len() > REMEMBERED {
            failures.pop_first();
        }
        let text: String = failures.iter().map(|(id, times)| format!("{id} {times}\n")).collect();
        directory.replace(&path(directory, key), text.as_bytes(), false)?;
        Ok(times)
    })
}

fn path(directory: &Directory, key: &Key) -> PathBuf {
    directory.file_of(key, "failed")
}
