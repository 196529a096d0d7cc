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
use rustix::process::{getegid, geteuid, getgroups};
use sha2::{Digest, Sha256};
use sse_core::disk::own;

use crate::wire::message::{Build, PROTOCOL};

/// The directory that an installation makes for hubs: everybody may make one of their own in it.
const RUN: &str = "/run/php-sse";
/// A unix socket's path, at most (`sun_path` of unix(7), with its NUL).
const LONGEST: usize = 107;

/// Where a hub listens and writes its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The socket.
    pub socket: PathBuf,
    /// The log.
    pub log: PathBuf,
}

/// What a hub has to be for those who look for it: its address follows from that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// The socket, if it was set.
    pub socket: Option<PathBuf>,
    /// The log, if it was set.
    pub log: Option<PathBuf>,
    /// What the hub must be of.
    pub build: Build,
    /// The server that the hub reads from; empty for files. A socket that was set serves all.
    pub server: String,
}

/// Why there is no address for a hub.
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

impl Address {
    /// The address that was set, or else the first that works of [`around`]; the directory is made if it
    /// is missing.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(required: &Requirements) -> Result<Self, Unusable> {
        match &required.socket {
            Some(socket) => Self::set(required, socket, make),
            None => Self::in_directory(required, &find_or_make(&around())?),
        }
    }

    /// The address that a hub would have now; `None` if its directory is still to be made.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn look(required: &Requirements) -> Result<Option<Self>, Unusable> {
        let Some(socket) = &required.socket else {
            return find(&around())?.map(|directory| Self::in_directory(required, &directory)).transpose();
        };
        match Self::set(required, socket, check) {
            Err(Unusable::Missing { path, .. }) => {
                can_make_in(path.parent().unwrap_or(&path))
                    .map_err(|source| Unusable::Missing { path: path.clone(), source })?;
                Ok(None)
            }
            address => address.map(Some),
        }
    }

    fn set(
        required: &Requirements,
        socket: &Path,
        own: impl Fn(&Path, u32) -> Result<(), Unusable>,
    ) -> Result<Self, Unusable> {
        // Before a directory is made in vain.
        let address = Self::at(required, socket.to_owned())?;
        own(socket.parent().unwrap_or(Path::new("/")), geteuid().as_raw())?;
        Ok(address)
    }

    fn in_directory(required: &Requirements, directory: &Path) -> Result<Self, Unusable> {
        let name = name(&required.build, &required.server, &groups());
        Self::at(required, directory.join(format!("hub-{name}.sock")))
    }

    fn at(required: &Requirements, socket: PathBuf) -> Result<Self, Unusable> {
        if socket.as_os_str().len() > LONGEST {
            return Err(Unusable::TooLong { path: socket });
        }
        let log = required.log.clone().unwrap_or_else(|| socket.with_file_name("hub.log"));
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

/// Where this user's directory may be, and what it is called there: in `/run/php-sse`, else in the temporary
/// directory.
fn around() -> [(PathBuf, String); 2] {
    let user = geteuid().as_raw();
    [(RUN.into(), user.to_string()), (own::temporary().to_owned(), format!("php-sse-{user}"))]
}

/// The directory in the first that works, made if need be.
fn find_or_make(around: &[(PathBuf, String)]) -> Result<PathBuf, Unusable> {
    first(around, own::find_or_make)
}

/// The directory that [`find_or_make`] would find; `None` if it would make it.
fn find(around: &[(PathBuf, String)]) -> Result<Option<PathBuf>, Unusable> {
    first(around, |around, name| match own::find(around, name)? {
        Some(found) => Ok(Some(found)),
        None => can_make_in(around).map(|()| None),
    })
}

fn first<T>(
    around: &[(PathBuf, String)],
    look: impl Fn(&Path, &str) -> io::Result<T>,
) -> Result<T, Unusable> {
    let mut why = Unusable::Missing { path: PathBuf::new(), source: io::ErrorKind::NotFound.into() };
    for (around, name) in around {
        match look(around, name) {
            Ok(found) => return Ok(found),
            Err(source) => why = Unusable::Missing { path: around.join(name), source },
        }
    }
    Err(why)
}

fn can_make_in(directory: &Path) -> io::Result<()> {
    Ok(access(directory, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Makes a directory that is ours alone, or says why the one that is there isn't.
fn make(path: &Path, user: u32) -> Result<(), Unusable> {
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
    // A symbolic link would be somebody else's choice of directory.
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

/// The groups whose rights this process has.
fn groups() -> Vec<u32> {
    let mut groups: Vec<u32> = getgroups().unwrap_or_default().iter().map(|group| group.as_raw()).collect();
    groups.push(getegid().as_raw());
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn name(build: &Build, server: &str, groups: &[u32]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{PROTOCOL} {} {groups:?} {server}", build.build));
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

    fn required(socket: PathBuf) -> Requirements {
        Requirements { socket: Some(socket), log: None, build: build("a"), server: String::new() }
    }

    fn at(directory: &Path) -> Result<Address, Unusable> {
        Address::find(&required(directory.join("hub.sock")))
    }

    #[test]
    fn a_missing_directory_is_made_for_its_user_alone() {
        let directory = tempfile::tempdir().unwrap();
        let address = at(&directory.path().join("new")).unwrap();
        assert_eq!(fs::metadata(address.socket.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
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
    fn another_build_another_server_and_other_groups_have_other_names() {
        let one = name(&build("a"), "", &[33]);
        assert_ne!(one, name(&build("b"), "", &[33]));
        assert_ne!(one, name(&build("a"), "redis://host", &[33]));
        assert_ne!(one, name(&build("a"), "", &[33, 48]));
    }

    #[test]
    fn a_name_that_somebody_else_took_keeps_nobody_from_having_a_hub() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let named = |directory: &tempfile::TempDir| (directory.path().to_owned(), "33".to_owned());
        let around = [named(&first), named(&second)];
        fs::write(first.path().join("33"), "somebody else's").unwrap();
        assert_eq!(find(&around).unwrap(), None, "looking says that it would be made, and makes nothing");
        let made = find_or_make(&around).unwrap();
        assert_eq!(made.parent(), Some(first.path()));
        assert_eq!(find(&around).unwrap(), Some(made.clone()));
        assert_eq!(find_or_make(&around).unwrap(), made);
    }

    #[test]
    fn where_the_first_directory_is_not_there_the_second_serves() {
        let second = tempfile::tempdir().unwrap();
        let around = [("/nowhere/run".into(), "33".into()), (second.path().to_owned(), "php-sse-33".into())];
        assert_eq!(find_or_make(&around).unwrap(), second.path().join("php-sse-33"));
        assert_eq!(find(&around).unwrap(), Some(second.path().join("php-sse-33")));
    }

    #[test]
    fn looking_for_a_place_makes_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let required = required(directory.path().join("new/hub.sock"));
        assert_eq!(Address::look(&required).unwrap(), None);
        assert!(!directory.path().join("new").exists());
        let address = Address::find(&required).unwrap();
        assert_eq!(Address::look(&required).unwrap(), Some(address));
    }

    #[test]
    fn a_hub_that_began_later_in_the_same_directory_is_a_successor() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("hub-1.sock");
        let address = Address { log: directory.path().join("hub.log"), socket };
        let now = SystemTime::now();
        let touch = |name: &str, time: SystemTime| {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(time).unwrap();
        };
        touch("hub-1.sock", now);
        touch("hub-2.sock.pid", now);
        touch("hub-2.sock", now - Duration::from_secs(1));
        assert!(!address.has_successor(now));
        touch("hub-3.sock", now);
        assert!(address.has_successor(now));
    }
}
