//! Once a day, the first push to a log that wasn't open looks after the logs nobody pushes to.
//!
//! A log's old events are dropped; one that nobody pushed to for 30 days keeps its header alone, a
//! tombstone that still knows the last id and what was trimmed; a tombstone of 30 days is removed,
//! and the store's floor covers it. Leftovers of stopped writers go after an hour.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Settings;
use super::directory::{self, Directory, open};
use super::format::{self, FirstLine, MAX_HEADER};
use super::log::Log;
use super::refusal::failed;
use crate::error::Result;
use crate::id::now_millis;
use crate::key::Key;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Idle time after which a log becomes a tombstone, and a tombstone is removed.
const FORGET_AFTER: u64 = 30 * DAY;
/// Files looked at in one go, so that no push waits for long; the rest has its turn another day.
const AT_MOST: usize = 20_000;

/// Sweeps if nobody did since yesterday. A sweep that fails is tried again tomorrow.
pub fn if_due(directory: &Directory, settings: &Settings) {
    let now = now_millis();
    let stamp = directory.path().join("swept");
    match modified_millis(&stamp) {
        // A stamp of the future is of a clock that was wrong.
        Some(last) if now.abs_diff(last) < DAY => return,
        _ => {}
    }
    // The stamp first: others needn't begin too.
    if directory.replace(&stamp, b"", false).is_ok() {
        let _ = run(directory, settings, now);
    }
}

/// Sweeps.
pub fn run(directory: &Directory, settings: &Settings, now: u64) -> Result<()> {
    let entries = fs::read_dir(directory.path()).map_err(|error| failed("list", directory.path(), error))?;
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // Another start each day, so that all files of a very large store have their turn.
    let from =
        usize::try_from(now / DAY).unwrap_or(0).wrapping_mul(AT_MOST).checked_rem(paths.len()).unwrap_or(0);
    for path in paths.iter().cycle().skip(from).take(paths.len().min(AT_MOST)) {
        let Some(idle) = modified_millis(path).map(|modified| now.saturating_sub(modified)) else {
            continue;
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("new") if idle > HOUR => drop(fs::remove_file(path)),
            Some("failed") if idle > FORGET_AFTER => drop(fs::remove_file(path)),
            // A log that can't be tended today is left for tomorrow.
            Some("log") => drop(tend(directory, settings, path, now.saturating_sub(FORGET_AFTER))),
            _ => {}
        }
    }
    Ok(())
}

fn tend(directory: &Directory, settings: &Settings, path: &Path, forget_before: u64) -> Result<()> {
    let Some(key) = key_of(path) else {
        return Ok(());
    };
    let mut log = Log::open(directory, &key)?;
    if !log.is_tombstone()? {
        log.trim(directory, settings, forget_before)
    } else if modified_millis(path).is_some_and(|modified| modified < forget_before) {
        directory.locked(|| log.remove(directory, forget_before))
    } else {
        Ok(())
    }
}

fn key_of(path: &Path) -> Option<Key> {
    let file: File = open(path).ok()?;
    let mut bytes = [0; MAX_HEADER];
    let read = std::os::unix::fs::FileExt::read_at(&file, &mut bytes, 0).ok()?;
    match format::read_header(bytes.get(..read)?) {
        FirstLine::Header(header, _) => Some(header.key),
        _ => None,
    }
}

fn modified_millis(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|metadata| directory::modified_millis(&metadata))
}
