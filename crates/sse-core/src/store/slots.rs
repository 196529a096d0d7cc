//! Places for streams that hold a worker, counted across the processes of this machine.
//!
//! A place is a file that its stream keeps locked; whatever ends the process frees it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::Slot;
use super::file::Directory;
use crate::cursor::Epoch;
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
    own(&std::env::temp_dir(), store)
}

/// Everybody may make directories in `around`: one that isn't ours is no place for us, and must not keep us
/// from having one.
fn own(around: &Path, store: &str) -> Result<Directory> {
    let digest = Sha256::digest(store.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("php-sse-slots-{}-{hash}", rustix::process::geteuid().as_raw());
    let usual = around.join(&name);
    if make(&usual)? {
        return Ok(Directory::new(&usual));
    }
    if let Some(known) = first_other(around, &name)? {
        return Ok(Directory::new(&known));
    }
    let drawn = around.join(format!("{name}-{:08x}{:08x}", Epoch::draw().0, Epoch::draw().0));
    make(&drawn)?;
    // Another process may have made one at the same time: all take the same.
    match first_other(around, &name)? {
        Some(path) => Ok(Directory::new(&path)),
        None => Err(Error::Io { action: "use", path: usual, source: io::ErrorKind::PermissionDenied.into() }),
    }
}

/// Makes a directory unless there is one, and says whether it is ours.
fn make(path: &Path) -> Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::Io { action: "create", path: path.to_owned(), source })
        }
        _ => Ok(is_ours(path)),
    }
}

fn is_ours(path: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == user)
}

/// The first of our directories with a drawn name.
fn first_other(around: &Path, name: &str) -> Result<Option<PathBuf>> {
    let entries = fs::read_dir(around);
    let entries = entries.map_err(|source| Error::Io { action: "list", path: around.to_owned(), source })?;
    let prefix = format!("{name}-");
    let paths = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let is_one = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
        (is_one && is_ours(&entry.path())).then(|| entry.path())
    });
    Ok(paths.min())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_name_that_somebody_else_took_keeps_nobody_from_having_places() {
        let around = tempdir().unwrap();
        let usual = own(around.path(), "a store").unwrap().path().to_owned();
        assert_eq!(own(around.path(), "a store").unwrap().path(), usual);
        fs::remove_dir(&usual).unwrap();
        // Not even one that leads to a directory of ours.
        symlink(around.path(), &usual).unwrap();
        fs::write(around.path().join(format!("{}-", usual.display())), "theirs as well").unwrap();
        let first = own(around.path(), "a store").unwrap();
        assert_ne!(first.path(), usual);
        let second = own(around.path(), "a store").unwrap();
        assert_eq!(first.path(), second.path());
        let held = first.take_slot(1).unwrap();
        assert!(held.is_some() && second.take_slot(1).unwrap().is_none());
    }
}
