//! Once a day, pushes look after the logs nobody pushes to.
//!
//! A log's old events are dropped; one that nobody pushed to for 30 days keeps its header alone, a
//! tombstone that still knows the last id and what was trimmed; a tombstone of 30 days is removed,
//! and the store's floor covers it. Leftovers of stopped writers go after an hour.
//!
//! ```text
//! swept    empty: written when a sweep ended. Else "<offset>\n": the directory's entry that one has come to
//! ```
//! Always true: no push gives it more than a moment; the next one, of whatever process, goes on.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Dir, DirEntry, FlockOperation, flock};

use super::format::{self, FirstLine, MAX_HEADER};
use super::log::{AHEAD, Log};
use crate::disk::{self, Directory, failed, open};
use crate::error::Result;
use crate::id::now_millis;
use crate::key::Key;
use crate::store::Policy;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Idle time after which a log becomes a tombstone, and a tombstone is removed.
const FORGET_AFTER: u64 = 30 * DAY;
/// What a push gives to it. In tests a single one is to be enough.
const MOMENT: Duration = if cfg!(test) { Duration::from_secs(10) } else { Duration::from_millis(3) };

/// Goes on with a sweep, or begins one if nobody did since yesterday; true if it isn't through. What can't be
/// tended today is left for tomorrow.
pub fn go_on(directory: &Directory, policy: &Policy) -> bool {
    go_on_for(MOMENT, directory, policy).unwrap_or(false)
}

/// The same, for about so long; one file at least is looked at.
pub fn go_on_for(moment: Duration, directory: &Directory, policy: &Policy) -> Result<bool> {
    let now = now_millis();
    let path = directory.path().join("swept");
    // A time of the future is of a clock that was wrong.
    let is_due = |stamp: &fs::Metadata| stamp.len() > 0 || now.abs_diff(disk::modified_millis(stamp)) >= DAY;
    let known = fs::metadata(&path).ok();
    if known.as_ref().is_some_and(|stamp| !is_due(stamp)) {
        return Ok(false);
    }
    let mut stamp = directory.shared_file(&path)?;
    if flock(&stamp, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(false);
    }
    let failed = |error| failed("write", &path, error);
    if known.is_some() && !is_due(&stamp.metadata().map_err(failed)?) {
        return Ok(false);
    }
    let mut text = String::new();
    // Anything else begins anew.
    let _ = (&stamp).take(32).read_to_string(&mut text);
    let reached = walk(directory, policy, now, text.trim_end().parse().ok(), Some(moment));
    stamp.set_len(0).and_then(|()| stamp.rewind()).map_err(failed)?;
    if let Some(offset) = reached? {
        stamp.write_all(format!("{offset}\n").as_bytes()).map_err(failed)?;
        return Ok(true);
    }
    let _ = disk::touch(&stamp);
    Ok(false)
}

/// Sweeps from end to end.
pub fn run(directory: &Directory, policy: &Policy, now: u64) -> Result<()> {
    walk(directory, policy, now, None, None).map(drop)
}

/// Looks after the files from an offset on, for a moment or for all of them; answers where to go on.
fn walk(
    directory: &Directory,
    policy: &Policy,
    now: u64,
    from: Option<i64>,
    moment: Option<Duration>,
) -> Result<Option<i64>> {
    let began = Instant::now();
    let failed = |error| failed("list", directory.path(), error);
    let listed = File::open(directory.path()).map_err(failed)?;
    let mut entries = Dir::new(listed).map_err(|error| failed(error.into()))?;
    if let Some(offset) = from {
        seek(&mut entries, offset);
    }
    for entry in entries {
        let entry = entry.map_err(|error| failed(error.into()))?;
        look_after(
            directory,
            policy,
            &directory.path().join(OsStr::from_bytes(entry.file_name().to_bytes())),
            now,
        );
        if let Some(offset) = offset(&entry)
            && moment.is_some_and(|moment| began.elapsed() >= moment)
        {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

/// Where an entry ends in its directory; nothing where the system doesn't say: then all is done in one go.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn offset(entry: &DirEntry) -> Option<i64> {
    Some(entry.offset())
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn seek(entries: &mut Dir, offset: i64) {
    // Refused only for one that this directory can't have: then it begins anew.
    let _ = entries.seek(offset);
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn offset(_: &DirEntry) -> Option<i64> {
    None
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn seek(_: &mut Dir, _: i64) {}

fn look_after(directory: &Directory, policy: &Policy, path: &Path, now: u64) {
    let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { return };
    let Some(modified) = modified_millis(path).filter(|_| ["new", "failed", "log"].contains(&extension))
    else {
        return;
    };
    let idle = now.saturating_sub(modified);
    match extension {
        "new" if idle > HOUR => drop(fs::remove_file(path)),
        "failed" if idle > FORGET_AFTER => drop(fs::remove_file(path)),
        "log" => drop(tend(directory, policy, path, now)),
        _ => {}
    }
}

fn tend(directory: &Directory, policy: &Policy, path: &Path, now: u64) -> Result<()> {
    let Some(key) = key_of(path) else {
        return Ok(());
    };
    let mut log = Log::open(directory, &key)?;
    let (forget_before, modified) = (now.saturating_sub(FORGET_AFTER), modified_millis(path));
    if !log.is_tombstone()? {
        log.trim(directory, policy, forget_before)
    } else if modified.is_some_and(|modified| modified > now + AHEAD) {
        // By a clock that was ahead; from now on it counts.
        log.touch()
    } else if modified.is_some_and(|modified| modified < forget_before) {
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
    fs::symlink_metadata(path).ok().map(|metadata| disk::modified_millis(&metadata))
}
