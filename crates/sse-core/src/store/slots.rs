//! Places for streams that hold a worker, counted across the processes of this machine.
//!
//! A place is a file that its stream keeps locked; whatever ends the process frees it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::Slot;
use super::file::Directory;
use crate::error::{Error, Result};

impl Directory {
    /// Takes one of `count` places; `None` if all are taken.
    ///
    /// # Errors
    /// What is wrong with the directory.
    pub fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        for number in 0..count {
            let path = self.path().join(format!("slot-{number}"));
            let file = self.shared_file(&path)?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Some(Slot(file)));
            }
        }
        Ok(None)
    }
}

/// A directory of this user's own for the places of a store that lies elsewhere.
pub fn of_this_machine(store: &str) -> Result<Directory> {
    let digest = Sha256::digest(store.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let user = rustix::process::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("php-sse-slots-{user}-{hash}"));
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::Io { action: "create", path, source });
        }
        _ => {}
    }
    // Everybody may make directories there: one that isn't ours is no place for us.
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_dir() && metadata.uid() == user => Ok(Directory::new(&path)),
        _ => Err(Error::Io { action: "use", path, source: io::ErrorKind::PermissionDenied.into() }),
    }
}
