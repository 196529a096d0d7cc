//! `flock` that never blocks: it is asked for again, with growing pauses, as long as the caller's patience
//! lasts.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::refusal::failed;
use crate::error::{Error, Result};

const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// How long a lock that another process holds is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patience {
    /// For two seconds.
    #[default]
    Waits,
    /// It is tried once, and a server has half its time-out: for who serves others too, and asks again later.
    TriesOnce,
}

impl Patience {
    /// The longest wait.
    #[must_use]
    pub fn longest(self) -> Duration {
        match self {
            Self::Waits => Duration::from_secs(2),
            Self::TriesOnce => Duration::ZERO,
        }
    }
}

/// A lock held; dropped, it is free again.
#[derive(Debug)]
pub struct Locked<'a>(&'a File);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}

/// For writers.
pub fn exclusive<'a>(file: &'a File, path: &Path, patience: Patience) -> Result<Locked<'a>> {
    acquire(file, path, patience, FlockOperation::NonBlockingLockExclusive)
}

/// For readers that want to be sure that no writer is at work.
pub fn shared<'a>(file: &'a File, path: &Path, patience: Patience) -> Result<Locked<'a>> {
    acquire(file, path, patience, FlockOperation::NonBlockingLockShared)
}

fn acquire<'a>(
    file: &'a File,
    path: &Path,
    patience: Patience,
    operation: FlockOperation,
) -> Result<Locked<'a>> {
    let mut began = None;
    let mut pause = SHORTEST_PAUSE;
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(Locked(file)),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return Err(failed("lock", path, error.into())),
        }
        let waited = began.get_or_insert_with(Instant::now).elapsed();
        if waited >= patience.longest() {
            return Err(Error::Locked { path: path.to_owned(), waited_ms: waited.as_millis() });
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
