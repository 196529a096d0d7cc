//! Places for streams that hold a worker, counted across the processes of this machine.
//!
//! A place is a file that its stream keeps locked; whatever ends the process frees it.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::{Directory, own};
use crate::error::{Error, Result};

/// A place taken; dropped, or with the end of its process, it is free again.
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "open and locked for as long as the place is held")] File);

impl Directory {
    /// Takes one of `count` places; `None` if all are taken.
    ///
    /// # Errors
    /// Those of [`Directory::shared_file`].
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
    let name = format!("php-sse-slots-{}-{hash}", rustix::process::geteuid().as_raw());
    let around = own::temporary();
    let made = own::find_or_make(around, &name);
    let made = made.map_err(|source| Error::Io { action: "create", path: around.join(name), source })?;
    Ok(Directory::new(&made))
}
