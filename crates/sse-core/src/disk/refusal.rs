//! What the system refused, as our error: with whose file it is, who we are and what mends it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::io::Errno;

use super::accounts::{self, shell_word};
use crate::error::Error;

/// The system's error as ours. `path` is a shared file or its directory.
pub fn failed(action: &'static str, path: &Path, error: io::Error) -> Error {
    explained(action, path, error, None)
}

/// [`failed`] for a database, beside which there may be files that are none of the store's.
pub fn failed_beside(database: &Path, action: &'static str, path: &Path, error: io::Error) -> Error {
    explained(action, path, error, Some(database))
}

fn explained(action: &'static str, path: &Path, error: io::Error, database: Option<&Path>) -> Error {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT) if !directory.exists() => missing(directory),
        Some(Errno::NOTDIR) => Error::NotADirectory { path: directory.to_owned() },
        Some(Errno::NOSPC | Errno::DQUOT) => Error::Full { action, path: path.to_owned() },
        Some(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
            denied(action, path, directory, errno, database)
        }
        _ => Error::Io { action, path: path.to_owned(), source: error },
    }
}

/// The store's directory isn't there.
pub fn missing(directory: &Path) -> Error {
    let user = accounts::this_user();
    let (group, hint) = match group_to_share(directory) {
        Some(group) => (group, ""),
        None => ("GROUP".into(), ", with the web server's group for GROUP"),
    };
    let remedy = format!("sudo install -d -m 2770 -o {user} -g {group} {}{hint}", shell_word(directory));
    Error::DirectoryMissing { path: directory.to_owned(), remedy }
}

fn denied(
    action: &'static str,
    path: &Path,
    directory: &Path,
    errno: Errno,
    database: Option<&Path>,
) -> Error {
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
        let (user, guilty) = (accounts::this_user(), shell_word(guilty));
        format!("let this user pass through, and nobody else: sudo setfacl -m u:{user}:x {guilty}")
    } else {
        remedy(directory, &metadata, database)
    };
    let facts = accounts::owner_and_mode(&metadata);
    Error::Denied { action, path: guilty.to_owned(), facts, user: accounts::this_process(), remedy }
}

/// A command that lets this user in by a group that all users of the store share; nobody gets more by it.
fn remedy(directory: &Path, refusing: &Metadata, database: Option<&Path>) -> String {
    let open = |metadata: &Metadata| {
        let needed = if metadata.is_dir() { 0o070 } else { 0o060 };
        metadata.permissions().mode() & needed == needed && !accounts::is_powerful(metadata.gid())
    };
    if open(refusing) && !accounts::is_in_group(refusing.gid()) {
        let (group, user) = (accounts::group(refusing.gid()), accounts::this_user());
        return format!("join its group: sudo usermod -aG {group} {user}, then log in again or restart PHP");
    }
    let group = match fs::metadata(directory) {
        Ok(metadata) if open(&metadata) => accounts::group(metadata.gid()),
        _ => group_to_share(directory).unwrap_or_else(|| "GROUP".into()),
    };
    let directory = shell_word(directory);
    let Some(database) = database else {
        return format!(
            "share it by a group: sudo chgrp -R {group} {directory} && sudo chmod -R g+rwX {directory} && sudo chmod g+s {directory}"
        );
    };
    let mut commands = format!("sudo chgrp {group} {directory} && sudo chmod g+rwxs {directory}");
    if database.exists() {
        // With what SQLite and the signals have beside it.
        let files = format!("{}*", shell_word(database));
        commands += &format!(" && sudo chgrp -R {group} {files} && sudo chmod -R g+rwX {files}");
    }
    format!("share it by a group, in a directory of its own: {commands}")
}

/// The group that users of a directory can share, where it has none yet: this process's, which is nobody
/// else's business if this is root; then that of the owner of what is around it, or of the web server.
fn group_to_share(directory: &Path) -> Option<String> {
    if !accounts::is_root() {
        return Some(accounts::this_group());
    }
    let around = directory.ancestors().skip(1).find_map(|around| fs::metadata(around).ok());
    around.and_then(|around| accounts::group_of_user(around.uid())).or_else(accounts::web_group)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn root_makes_a_directory_for_the_owner_of_what_is_around_or_for_the_web_server() {
        if !accounts::is_root() {
            return;
        }
        let around = tempdir().unwrap();
        let said = || missing(&around.path().join("store")).to_string();
        assert!(!said().contains("-g root"), "{}", said());
        let web = accounts::web_group().unwrap_or_else(|| "GROUP".into());
        assert!(said().contains(&format!("-g {web} ")), "{}", said());
        // Of whoever it is but root.
        let Some(nobody) = uzers::get_user_by_name("nobody") else { return };
        chown(around.path(), Some(nobody.uid()), None).unwrap();
        let group = accounts::group(nobody.primary_group_id());
        assert!(said().contains(&format!("-g {group} ")), "{}", said());
    }
}
