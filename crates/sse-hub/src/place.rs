//! Where a hub can be found: the socket's path, and the directory around it, which must be ours alone.
//!
//! ```text
//! <directory>/hub-<name>.sock        workers connect here
//! <directory>/hub-<name>.sock.pid    held locked by the hub while it listens; its process id
//! <directory>/hub-<name>.sock.start  held locked by the worker that is starting one
//! <directory>/hub.log                what hubs have to say
//! ```
//! The name tells apart what must not meet: protocols, builds, containers that share a directory but
//! not their processes (mount and network namespace), and servers that a hub would have to wait for:
//! one that is slow must not keep the streams of others waiting.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Access, access};
use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use crate::message::{Build, PROTOCOL};

/// The directory that an installation makes for hubs, one below it for each user.
const RUN: &str = "/run/php-sse";
/// A unix socket's path, at most (`sun_path` of unix(7), with its NUL).
const LONGEST: usize = 107;

/// Where a hub listens and writes its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The socket.
    pub socket: PathBuf,
    /// The log.
    pub log: PathBuf,
}

/// What a place is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The socket, if it was set.
    pub socket: Option<PathBuf>,
    /// The log, if it was set.
    pub log: Option<PathBuf>,
    /// What the hub must be of.
    pub build: Build,
    /// The server that the hub reads from; empty for files. A socket that was set serves all.
    pub server: String,
}

/// Why there is no place for a hub.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The directory isn't there and can't be made.
    #[error("the hub's directory {} can't be made: {source}", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Somebody else could get at what is in it.
    #[error("the hub's directory {} is not this user's alone: {what}; remove it, or set sse.hub_socket to a path in a directory of mode 0700 that belongs to user id {user}", path.display())]
    Shared {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The user it should belong to.
        user: u32,
    },
    /// A socket's path has a limit.
    #[error("the hub's socket {} is longer than {LONGEST} bytes, the most a unix socket's path may have; set a shorter sse.hub_socket", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
}

impl Place {
    /// The place that was set, or else the first that works of `/run/php-sse/<uid>` and
    /// `php-sse-<uid>` in the temporary directory; the directory is made if it is missing.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(wanted: &Wanted) -> Result<Self, Unusable> {
        Self::with(wanted, own)
    }

    /// The place where a hub would be now; `None` if its directory is still to be made.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn look(wanted: &Wanted) -> Result<Option<Self>, Unusable> {
        match Self::with(wanted, check) {
            Err(Unusable::Missing { path, .. }) => {
                let parent = path.parent().unwrap_or(&path);
                match access(parent, Access::WRITE_OK | Access::EXEC_OK) {
                    Ok(()) => Ok(None),
                    Err(error) => Err(Unusable::Missing { source: error.into(), path }),
                }
            }
            place => place.map(Some),
        }
    }

    fn with(wanted: &Wanted, own: impl Fn(&Path, u32) -> Result<(), Unusable>) -> Result<Self, Unusable> {
        let Wanted { socket, log, build, server } = wanted;
        let user = geteuid().as_raw();
        let too_long = |socket: &Path| match socket.as_os_str().len() {
            0..=LONGEST => Ok(()),
            _ => Err(Unusable::TooLong { path: socket.to_owned() }),
        };
        let socket = match socket {
            Some(socket) => {
                // Before a directory is made in vain.
                too_long(socket)?;
                own(socket.parent().unwrap_or(Path::new("/")), user)?;
                socket.to_owned()
            }
            None => directory(user, own)?.join(format!("hub-{}.sock", name(build, server))),
        };
        too_long(&socket)?;
        let log = log.clone().unwrap_or_else(|| socket.with_file_name("hub.log"));
        Ok(Self { socket, log })
    }

    /// Locked by the hub that listens; holds its process id.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.beside("pid")
    }

    /// Locked by the worker that starts a hub.
    #[must_use]
    pub fn start_file(&self) -> PathBuf {
        self.beside("start")
    }

    /// Whether a hub has begun to listen in the same directory since then.
    #[must_use]
    pub fn has_successor(&self, since: SystemTime) -> bool {
        let entries = self.socket.parent().and_then(|directory| fs::read_dir(directory).ok());
        entries.into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            let is_socket = name.starts_with(b"hub-") && name.ends_with(b".sock");
            let begun = || entry.metadata().and_then(|file| file.modified());
            is_socket && entry.path() != self.socket && begun().is_ok_and(|begun| begun >= since)
        })
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.socket.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }
}

fn directory(user: u32, own: impl Fn(&Path, u32) -> Result<(), Unusable>) -> Result<PathBuf, Unusable> {
    let run = Path::new(RUN);
    if run.is_dir() {
        let directory = run.join(user.to_string());
        if own(&directory, user).is_ok() {
            return Ok(directory);
        }
    }
    let directory = std::env::temp_dir().join(format!("php-sse-{user}"));
    own(&directory, user).map(|()| directory)
}

/// Makes a directory that is ours alone, or says why the one that is there isn't.
fn own(path: &Path, user: u32) -> Result<(), Unusable> {
    match check(path, user) {
        Err(Unusable::Missing { path, .. }) => {
            let made = DirBuilder::new().mode(0o700).create(&path);
            match (check(&path, user), made) {
                (Err(Unusable::Missing { path, .. }), Err(source)) => Err(Unusable::Missing { path, source }),
                (checked, _) => checked,
            }
        }
        checked => checked,
    }
}

/// Says why a directory isn't ours alone, if it isn't.
fn check(path: &Path, user: u32) -> Result<(), Unusable> {
    // A symbolic link would be somebody else's choice of place.
    let found =
        fs::symlink_metadata(path).map_err(|source| Unusable::Missing { path: path.to_owned(), source })?;
    let shared = |what| Err(Unusable::Shared { path: path.to_owned(), what, user });
    if !found.is_dir() {
        return shared("it is no directory".into());
    }
    if found.uid() != user {
        return shared(format!("it belongs to user id {}", found.uid()));
    }
    if found.mode() & 0o077 != 0 {
        return shared(format!("its mode is {:o}", found.mode() & 0o7777));
    }
    Ok(())
}

fn name(build: &Build, server: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{PROTOCOL} {} {server}", build.build));
    for namespace in ["mnt", "net"] {
        if let Ok(namespace) = fs::read_link(format!("/proc/self/ns/{namespace}")) {
            hash.update(namespace.as_os_str().as_encoded_bytes());
        }
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    fn build(name: &str) -> Build {
        Build { protocol: PROTOCOL, build: name.into() }
    }

    fn wanted(socket: PathBuf) -> Wanted {
        Wanted { socket: Some(socket), log: None, build: build("a"), server: String::new() }
    }

    fn at(directory: &Path) -> Result<Place, Unusable> {
        Place::find(&wanted(directory.join("hub.sock")))
    }

    #[test]
    fn a_missing_directory_is_made_for_its_user_alone() {
        let directory = tempfile::tempdir().unwrap();
        let place = at(&directory.path().join("new")).unwrap();
        assert_eq!(fs::metadata(place.socket.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(at(directory.path()).unwrap_err().to_string().contains("its mode is 711"));
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        fs::create_dir(directory.path().join("real")).unwrap();
        symlink(directory.path().join("real"), &link).unwrap();
        assert!(matches!(at(&link), Err(Unusable::Shared { .. })));
    }

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(at(&directory.path().join("d".repeat(100))), Err(Unusable::TooLong { .. })));
    }

    #[test]
    fn another_build_and_another_server_have_other_names() {
        assert_ne!(name(&build("a"), ""), name(&build("b"), ""));
        assert_ne!(name(&build("a"), ""), name(&build("a"), "redis://host"));
    }

    #[test]
    fn looking_for_a_place_makes_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let wanted = wanted(directory.path().join("new/hub.sock"));
        assert_eq!(Place::look(&wanted).unwrap(), None);
        assert!(!directory.path().join("new").exists());
        let place = Place::find(&wanted).unwrap();
        assert_eq!(Place::look(&wanted).unwrap(), Some(place));
    }

    #[test]
    fn a_hub_that_began_later_in_the_same_directory_is_a_successor() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("hub-1.sock");
        let place = Place { log: directory.path().join("hub.log"), socket };
        let now = SystemTime::now();
        let touch = |name: &str, time: SystemTime| {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(time).unwrap();
        };
        touch("hub-1.sock", now);
        touch("hub-2.sock.pid", now);
        touch("hub-2.sock", now - Duration::from_secs(1));
        assert!(!place.has_successor(now));
        touch("hub-3.sock", now);
        assert!(place.has_successor(now));
    }
}
