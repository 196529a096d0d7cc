//! Places for streams that hold a worker, counted across processes.
//!
//! A place is a file that its stream keeps locked; whatever ends the process frees it.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};

use super::directory::Directory;
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
            let file = self.shared_file(&path)?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Some(Slot(file)));
            }
        }
        Ok(None)
    }
}
