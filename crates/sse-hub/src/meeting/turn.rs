//! The file of who is starting a hub: locked meanwhile; afterwards it has what came of it, or is gone.
//!
//! Always true: who holds the lock of the file that the path names is the only one who starts a hub there;
//! a file that was removed while somebody waited for its lock is nobody's turn.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::address::Address;
use super::file::{identity, names};

/// How long no worker tries what has just been tried by another.
pub const FRESH: Duration = Duration::from_secs(10);
/// After which nobody asks any more what came of a start.
const OLD: Duration = Duration::from_secs(3_600);
/// Begins the note of a start that may still come to something.
const COMING: &str = "not yet: ";

/// Why there is no hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHub {
    /// In words, for the log.
    pub why: String,
    /// Whether one is being started, and may be there in a moment.
    pub is_coming: bool,
}

impl From<String> for NoHub {
    fn from(why: String) -> Self {
        Self { why, is_coming: false }
    }
}

impl NoHub {
    pub(crate) fn yet(why: &str) -> Self {
        Self { why: why.into(), is_coming: true }
    }
}

/// The right to start a hub.
#[derive(Debug)]
pub struct Turn {
    file: File,
    path: PathBuf,
}

impl Turn {
    /// Takes the turn; `None` while somebody else has it.
    ///
    /// # Errors
    /// What the system says.
    pub fn take(address: &Address) -> io::Result<Option<Self>> {
        Self::at(&address.start_file(), true)
    }

    fn at(path: &Path, create: bool) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.create(create).truncate(false).read(true).write(true).mode(0o600);
        let file = options.custom_flags(libc::O_NOFOLLOW).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
            // Removed before it was locked: the next try makes another one.
            Ok(()) => {
                Ok(names(path, identity(file.metadata())).then(|| Self { file, path: path.to_owned() }))
            }
        }
    }

    /// What came of the last start, if that is fresh.
    pub fn last(&self) -> Option<NoHub> {
        if self.is_older_than(FRESH) {
            return None;
        }
        let mut text = String::new();
        (&self.file).read_to_string(&mut text).ok().filter(|length| *length > 0)?;
        Some(match text.strip_prefix(COMING) {
            Some(why) => NoHub { why: why.into(), is_coming: true },
            None => text.into(),
        })
    }

    fn is_older_than(&self, age: Duration) -> bool {
        let written = self.file.metadata().and_then(|file| file.modified());
        !written.is_ok_and(|written| written.elapsed().is_ok_and(|passed| passed < age))
    }

    /// Ends the turn with a note of why there is no hub.
    pub fn leave(mut self, none: &NoHub) {
        let text = if none.is_coming { format!("{COMING}{}", none.why) } else { none.why.clone() };
        // Without the note the next one tries the same.
        let _ = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
    }

    /// Ends the turn with nothing to tell.
    pub fn over(self) {
        // Before the lock is free: after that another one may be there.
        let _ = fs::remove_file(&self.path);
    }
}

/// Why the last start at this address failed, if it did.
#[must_use]
pub fn last_failure(address: &Address) -> Option<String> {
    let text = fs::read_to_string(address.start_file()).ok().filter(|text| !text.is_empty())?;
    Some(text.strip_prefix(COMING).unwrap_or(&text).to_owned())
}

/// Removes what is left of starts, unless somebody is at it: that of a hub which is there now, or has been,
/// and those of others that nobody asks for any more, such as of earlier builds.
pub fn forget(address: &Address) {
    let path = address.start_file();
    if let Ok(Some(turn)) = Turn::at(&path, false) {
        turn.over();
    }
    let entries = path.parent().and_then(|directory| fs::read_dir(directory).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(b"hub-")
            && name.ends_with(b".sock.start")
            && let Ok(Some(turn)) = Turn::at(&entry.path(), false)
            && turn.is_older_than(OLD)
        {
            turn.over();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn address(directory: &Path) -> Address {
        Address { socket: directory.join("hub-1.sock"), log: directory.join("hub.log") }
    }

    #[test]
    fn a_file_that_was_removed_meanwhile_is_nobodys_turn() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(directory.path());
        let first = Turn::take(&address).unwrap().unwrap();
        let waiting = File::open(address.start_file()).unwrap();
        assert!(Turn::take(&address).unwrap().is_none());
        first.over();
        flock(&waiting, FlockOperation::NonBlockingLockExclusive).unwrap();
        let second = Turn::take(&address).unwrap();
        assert!(second.is_some() && Turn::take(&address).unwrap().is_none());
    }

    #[test]
    fn what_is_left_of_starts_is_removed_unless_somebody_is_at_it_or_may_ask() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(directory.path());
        let at = |name: &str| directory.path().join(name);
        for name in ["hub-1.sock.start", "hub-2.sock.start", "hub-3.sock.start", "hub-4.sock.start", "other"]
        {
            let file = File::create(at(name)).unwrap();
            file.set_modified(SystemTime::now() - 2 * OLD).unwrap();
        }
        fs::write(at("hub-3.sock.start"), "why").unwrap();
        let held = Turn::at(&at("hub-4.sock.start"), false).unwrap();
        forget(&address);
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["hub-3.sock.start", "hub-4.sock.start", "other"]);
        drop(held);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(directory.path());
        let other = directory.path().join("other");
        fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, address.start_file()).unwrap();
        assert_eq!(Turn::take(&address).unwrap_err().raw_os_error(), Some(libc::ELOOP));
    }
}
