//! Places for streams that hold a worker, counted across processes.
//!
//! A place is a file that its stream keeps locked; whatever ends the process frees it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{FlockOperation, flock};

use super::directory::{Directory, failed, open};
use crate::error::Result;

/// A place taken; dropped, it is free again.
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "open for as long as the place is held")] File);

impl Directory {
    /// Takes one of `count` places; `None` if all are taken.
    ///
    /// # Errors
    /// What is wrong with the directory.
    pub fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        for number in 0..count {
            let path = self.path().join(format!("slot-{number}"));
            let file = match open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.check()?;
                    let file = OpenOptions::new()
                        .read(true)
                        .write(true)
                        .create(true)
                        .truncate(false)
                        .mode(0o660)
                        .open(&path);
                    // Fails if another user was faster, who then shared it.
                    file.inspect(|file| drop(self.share(file)))
                }
                other => other,
            };
            let file = file.map_err(|error| failed("open", &path, error))?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Some(Slot(file)));
            }
        }
        Ok(None)
    }
}
