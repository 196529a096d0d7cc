//! Which file a path names, whatever is put in its place meanwhile.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Device and inode.
pub type Identity = (u64, u64);

/// Which file this is; nothing if it could not be looked at.
pub fn identity(file: io::Result<Metadata>) -> Option<Identity> {
    file.ok().map(|file| (file.dev(), file.ino()))
}

/// Whether a path still names a file of ours.
pub fn names(path: &Path, ours: Option<Identity>) -> bool {
    ours.is_some() && ours == identity(fs::symlink_metadata(path))
}
