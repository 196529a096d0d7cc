//! The files that readers wait on: one per key, a byte longer with each push.
//!
//! ```text
//! <database>-signals/<name>.signal   what can be read of a key's name, and its hash
//! <database>-signals/lock, slot-<n>  as in a store of files
//! ```
//! They carry nothing. One that was removed is made anew by who reads or pushes next; readers keep theirs
//! open, so that the new one has another number and is known to be another.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::paths::beside;
use crate::disk::{self, Directory, Patience, Slot, failed, identity};
use crate::error::Result;
use crate::key::Key;

const DIRECTORY_MODE: u32 = 0o2770;
/// Files a process keeps open; beyond it all are closed.
const OPEN_FILES: usize = 64;
/// Length at which a file is emptied.
const LONGEST: u64 = 64 << 10;

/// A file open for touching, and which one it is.
type Files = HashMap<Key, (File, (u64, u64))>;

/// The directory of a database's signals.
#[derive(Debug)]
pub struct Signals {
    database: PathBuf,
    directory: Directory,
    files: Mutex<Files>,
}

impl Signals {
    pub fn new(database: &Path, patience: Patience) -> Self {
        let directory = Directory::with_patience(&beside(database, "-signals"), patience);
        Self { database: database.to_owned(), directory, files: Mutex::default() }
    }

    /// Makes the directory unless there is one, for all who share the directory around it.
    pub fn ready(&self) -> Result<()> {
        let path = self.directory.path();
        if path.exists() {
            return Ok(());
        }
        let around = path.parent().unwrap_or(path);
        Directory::new(around).check_around(&self.database)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made.map_err(|error| failed("create", path, error))?,
        }
        let share = || {
            let made = File::open(path)?;
            let group = fs::metadata(around)?.gid();
            if made.metadata()?.gid() != group {
                // Root may; who isn't in the group may not, and then shares with nobody.
                let _ = fchown(&made, None, Some(group));
            }
            made.set_permissions(Permissions::from_mode(DIRECTORY_MODE))
        };
        share().map_err(|error| failed("share", path, error))
    }

    /// Says what is wrong with the directory, if anything is.
    pub fn check(&self) -> Result<()> {
        self.ready()?;
        self.directory.check()
    }

    /// Runs `action` while no other process makes the database.
    pub fn locked<T>(&self, action: impl FnOnce() -> Result<T>) -> Result<T> {
        self.directory.locked(action)
    }

    pub fn take_slot(&self, count: u64) -> Result<Option<Slot>> {
        self.ready()?;
        self.directory.take_slot(count)
    }

    /// A key's file, made unless there is one.
    pub fn file(&self, key: &Key) -> Result<(PathBuf, File)> {
        let path = self.path(key);
        loop {
            match OpenOptions::new().read(true).append(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.ready()?;
                    drop(self.directory.shared_file(&path)?);
                }
                Ok(file) => return Ok((path, file)),
                Err(error) => return Err(failed("open", &path, error)),
            }
        }
    }

    /// Whether the path still names that file.
    pub fn is_named(&self, path: &Path, file: &File) -> bool {
        let (Ok(own), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
        identity(&own) == identity(&named)
    }

    /// Wakes who waits for a key. The event is stored, so a wake-up that fails is no error: whoever
    /// waits finds it with the next one.
    pub fn wake(&self, key: &Key) {
        let path = self.path(key);
        let mut files = self.files.lock();
        if files.len() > OPEN_FILES {
            files.clear();
        }
        if let Some((file, own)) = files.get(key) {
            match fs::metadata(&path) {
                Ok(metadata) if identity(&metadata) == *own => return touch(file, metadata.len()),
                _ => drop(files.remove(key)),
            }
        }
        if let Ok((_, file)) = self.file(key)
            && let Ok(metadata) = file.metadata()
        {
            touch(&file, metadata.len());
            files.insert(key.clone(), (file, identity(&metadata)));
        }
    }

    /// Removes the file of a key that is forgotten.
    pub fn forget(&self, key: &Key) {
        let _ = fs::remove_file(self.path(key));
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.directory.file_of(key, "signal")
    }
}

/// Makes a file look changed, to the kernel's watchers and to those who look at its length.
fn touch(mut file: &File, length: u64) {
    if length > LONGEST {
        let _ = file.set_len(0);
    }
    if file.write_all(b".").is_err() {
        // The disk is full; a new time needs no room.
        let _ = disk::touch(file);
    }
}
