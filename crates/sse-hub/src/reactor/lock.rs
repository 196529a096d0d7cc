//! The file that says which hub listens at an address: its process id, locked as long as it does.
//!
//! Always true:
//! - whoever holds the lock of the file that the path names may listen, and removes what an earlier hub
//!   has left; a file that was removed or replaced is nobody's right any more;
//! - the socket and the file are removed by their own hub only, and before the lock is free.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};

use crate::meeting::address::Address;
use crate::meeting::file::{Identity, identity, names};
use crate::meeting::{socket, turn};

/// How long a hub that is told to give way may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// Says in the file that the hub ends by itself, when it has nothing to do: another may take its place.
const PASSING: &str = "passing";

/// Held by the hub that listens.
#[derive(Debug)]
pub struct Lock {
    file: File,
    address: Address,
    /// Which socket is this hub's, once it listens.
    socket: Option<Identity>,
}

impl Lock {
    /// Takes the lock. A hub that is to stay (`is_passing` is false), as a service manager's is, has
    /// one that a worker started give way.
    ///
    /// # Errors
    /// Who has it, or what the system says.
    pub fn take(address: &Address, is_passing: bool) -> Result<Self, String> {
        let path = address.pid_file();
        let failed = |error: io::Error| format!("cannot lock {}: {error}", path.display());
        let until = Instant::now() + PATIENCE;
        let mut was_told = false;
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path)
                .map_err(failed)?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let lock = Self { file, address: address.clone(), socket: None };
                // It may have been removed before it was locked.
                if !lock.is_valid() && Instant::now() < until {
                    continue;
                }
                let text = format!("{}\n{}\n", std::process::id(), if is_passing { PASSING } else { "" });
                let written = lock.file.set_len(0).and_then(|()| (&lock.file).write_all(text.as_bytes()));
                return written.map(|()| lock).map_err(failed);
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let (holder, kind) = text.split_once('\n').unwrap_or((&text, ""));
            if is_passing || kind.trim() != PASSING || Instant::now() >= until {
                let socket = address.socket.display();
                return Err(format!("another hub, process {}, listens at {socket} already", holder.trim()));
            }
            if let Some(holder) = holder.parse().ok().and_then(Pid::from_raw)
                && !std::mem::replace(&mut was_told, true)
            {
                // It may be gone by now.
                let _ = kill_process(holder, Signal::TERM);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Listens at the address's socket, which is this hub's from now on, as long as it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(&mut self) -> io::Result<OwnedFd> {
        match fs::remove_file(&self.address.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = socket::listen(&self.address.socket)?;
        self.socket = identity(fs::symlink_metadata(&self.address.socket));
        turn::forget(&self.address);
        Ok(listener)
    }

    /// Whether the paths still name the locked file and the socket: nobody finds this hub otherwise, and
    /// another one may serve there.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        names(&self.address.pid_file(), identity(self.file.metadata()))
            && (self.socket.is_none() || names(&self.address.socket, self.socket))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_valid() {
            turn::forget(&self.address);
        }
        // Each if it is ours, and before the lock is free: another hub may put its own there then.
        for (path, ours) in [
            (self.address.socket.clone(), self.socket),
            (self.address.pid_file(), identity(self.file.metadata())),
        ] {
            if names(&path, ours) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(directory: &tempfile::TempDir) -> Address {
        Address { socket: directory.path().join("hub.sock"), log: directory.path().join("hub.log") }
    }

    #[test]
    fn an_address_is_taken_once_and_free_again_when_its_hub_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let mut first = Lock::take(&address, true).unwrap();
        first.listen().unwrap();
        assert!(first.is_valid());
        let error = Lock::take(&address, true).unwrap_err();
        assert!(
            error.starts_with(&format!("another hub, process {}, listens at ", std::process::id())),
            "{error}"
        );
        drop(first);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(Lock::take(&address, true).is_ok());
    }

    #[test]
    fn a_hub_leaves_nothing_of_its_start() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let mut lock = Lock::take(&address, true).unwrap();
        fs::write(address.start_file(), "why the one before did not begin").unwrap();
        lock.listen().unwrap();
        assert!(!address.start_file().exists());
        // Of a worker that was killed.
        fs::write(address.start_file(), "").unwrap();
        drop(lock);
        assert!(!address.start_file().exists());
    }

    #[test]
    fn a_hub_whose_file_was_removed_leaves_its_successors_files_alone() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let mut first = Lock::take(&address, true).unwrap();
        // Open: the system gives the number of what is closed and removed to the next file.
        let _listener = first.listen().unwrap();
        fs::remove_file(address.pid_file()).unwrap();
        assert!(!first.is_valid());
        let mut second = Lock::take(&address, true).unwrap();
        let _listener = second.listen().unwrap();
        drop(first);
        assert!(second.is_valid() && address.socket.exists());
    }

    #[test]
    fn a_hub_whose_socket_was_removed_knows_that_nobody_finds_it() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let mut lock = Lock::take(&address, true).unwrap();
        lock.listen().unwrap();
        fs::remove_file(&address.socket).unwrap();
        assert!(!lock.is_valid());
        drop(lock);
        assert!(Lock::take(&address, true).is_ok());
    }

    #[test]
    fn a_hub_that_is_to_stay_is_not_sent_away_by_another() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let _first = Lock::take(&address, false).unwrap();
        assert!(Lock::take(&address, false).unwrap_err().ends_with("already"));
    }
}
