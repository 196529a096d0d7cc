//! What the system refused, as our error: with whose file it is, who we are and what mends it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::io::Errno;

use crate::error::Error;
use crate::people::{self, shell_word};

/// The system's error as ours. `path` is a file of the store or its directory.
pub fn failed(action: &'static str, path: &Path, error: io::Error) -> Error {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT) if !directory.exists() => missing(directory),
        Some(Errno::NOTDIR) => Error::NotADirectory { path: directory.to_owned() },
        Some(Errno::NOSPC | Errno::DQUOT) => Error::Full { action, path: path.to_owned() },
        Some(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) => denied(action, path, directory, errno),
        _ => Error::Io { action, path: path.to_owned(), source: error },
    }
}

/// The store's directory isn't there.
pub fn missing(directory: &Path) -> Error {
    let (user, group) = (people::this_user(), people::this_group());
    let remedy = format!("sudo install -d -m 2770 -o {user} -g {group} {}", shell_word(directory));
    Error::DirectoryMissing { path: directory.to_owned(), remedy }
}

fn denied(action: &'static str, path: &Path, directory: &Path, errno: Errno) -> Error {
    // Who may not even look at a file is refused by a directory above it.
    let seen = [path, directory]
        .into_iter()
        .chain(directory.ancestors())
        .find_map(|candidate| Some((candidate, fs::metadata(candidate).ok()?)));
    let Some((guilty, metadata)) = seen else {
        return Error::Io { action, path: path.to_owned(), source: errno.into() };
    };
    let remedy = if errno == Errno::ROFS {
        "its file system is mounted read-only: name another directory in sse.dir".into()
    } else if guilty != path && guilty != directory {
        format!("let others pass through: sudo chmod o+x {}", shell_word(guilty))
    } else {
        remedy(directory, &metadata)
    };
    let facts = people::owner_and_mode(&metadata);
    Error::Denied { action, path: guilty.to_owned(), facts, user: people::this_process(), remedy }
}

/// A command that lets this user in by a group that all users of the store share.
fn remedy(directory: &Path, refusing: &Metadata) -> String {
    let open = |metadata: &Metadata| {
        let needed = if metadata.is_dir() { 0o070 } else { 0o060 };
        metadata.permissions().mode() & needed == needed
    };
    if open(refusing) && !people::is_in_group(refusing.gid()) {
        let (group, user) = (people::group(refusing.gid()), people::this_user());
        return format!("join its group: sudo usermod -aG {group} {user}, then log in again or restart PHP");
    }
    let group = match fs::metadata(directory) {
        Ok(metadata) if open(&metadata) => people::group(metadata.gid()),
        _ => people::this_group(),
    };
    let directory = shell_word(directory);
    format!(
        "share it by a group: sudo chgrp -R {group} {directory} && sudo chmod -R g+rwX {directory} && sudo chmod g+s {directory}"
    )
}
