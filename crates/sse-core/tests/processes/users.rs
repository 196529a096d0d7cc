//! Several users of one directory: they share it by group, or are told how.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustix::fs::Mode;
use sse_core::store::{Item, Location, Policy, Store};
use tempfile::{TempDir, tempdir};

use crate::support::{Process, draft, is_root, key, role, set, skip, store, variable};

const WEB: u32 = 48_301;
const DEPLOY: u32 = 48_302;
const STRANGER: u32 = 48_303;
/// The group of `WEB` and `DEPLOY`.
const GROUP: u32 = 48_310;

/// The role of a user who pushes once; what went wrong is left in a file.
pub fn user() {
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let store: Arc<dyn Store> = match std::env::var("SSE_TEST_DSN") {
        Ok(dsn) => Location::parse(&dsn).unwrap().open(Policy::default()),
        Err(_) => store(Path::new(&variable("DIR")), 1_000),
    };
    let answer = match store.append(&key("a"), &draft(&variable("JSON"))) {
        Ok(_) => match store.read(&key("a"), None, 1_000) {
            Ok(items) => {
                format!("read {}", items.iter().filter(|item| matches!(item, Item::Event(_))).count())
            }
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    fs::write(variable("OUT"), answer).unwrap();
}

/// A place where everybody may leave answers, and in it a directory for a store.
struct Place {
    place: TempDir,
    answers: std::cell::Cell<u32>,
}

impl Place {
    /// `None` for who isn't root.
    fn new(owner: u32, group: u32, mode: u32) -> Option<Self> {
        if !is_root() {
            skip("only root can become other users");
            return None;
        }
        let place = tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let this = Self { place, answers: 0.into() };
        fs::create_dir(this.directory()).unwrap();
        chown(this.directory(), Some(owner), Some(group)).unwrap();
        // After the owner: a change of owner takes the group's bit away.
        fs::set_permissions(this.directory(), fs::Permissions::from_mode(mode)).unwrap();
        Some(this)
    }

    fn directory(&self) -> std::path::PathBuf {
        self.place.path().join("store")
    }

    /// The same with a database as the store.
    fn push_to(&self, database: &Path, user: u32, group: u32) -> String {
        let (mut command, out) = self.command(user, group);
        set(&mut command, "DSN", format!("sqlite://{}", database.display()));
        Process::start(&mut command).finish();
        fs::read_to_string(out).unwrap()
    }

    fn command(&self, user: u32, group: u32) -> (Command, std::path::PathBuf) {
        let mut command = role("user");
        command.uid(user).gid(group);
        self.answers.set(self.answers.get() + 1);
        let out = self.place.path().join(format!("answer {}", self.answers.get()));
        set(&mut command, "DIR", self.directory().display());
        set(&mut command, "OUT", out.display());
        set(&mut command, "JSON", user);
        (command, out)
    }

    /// What a user is answered who pushes once and reads all.
    fn push_as(&self, user: u32, group: u32) -> String {
        let (mut command, out) = self.command(user, group);
        Process::start(&mut command).finish();
        fs::read_to_string(out).unwrap()
    }
}

#[test]
fn root_a_deploy_user_and_the_web_user_push_to_one_key_whoever_is_first() {
    for first in 0..3 {
        let Some(place) = Place::new(0, GROUP, 0o2770) else { return };
        for turn in 0..3 {
            let (user, group) = [(0, 0), (DEPLOY, GROUP), (WEB, GROUP)][(first + turn) % 3];
            assert_eq!(place.push_as(user, group), format!("read {}", turn + 1), "{user} in turn {turn}");
        }
    }
}

#[test]
fn several_users_may_make_a_store_at_the_same_time() {
    for _ in 0..5 {
        let Some(place) = Place::new(0, GROUP, 0o2770) else { return };
        let users = [(0, 0), (DEPLOY, GROUP), (WEB, GROUP), (DEPLOY, GROUP), (WEB, GROUP)];
        let mut commands = users.map(|(user, group)| place.command(user, group));
        let processes = commands.each_mut().map(|(command, _)| Process::start(command));
        processes.into_iter().for_each(Process::finish);
        for (_, out) in commands {
            let answer = fs::read_to_string(out).unwrap();
            assert!(answer.starts_with("read "), "{answer}");
        }
        assert_eq!(place.push_as(WEB, GROUP), "read 6");
    }
}

#[test]
fn files_are_shared_with_the_group_of_the_directory_whatever_the_umask() {
    // Without the group's bit on the directory too: root then gives its files away.
    for mode in [0o2770, 0o0770] {
        let Some(place) = Place::new(0, GROUP, mode) else { return };
        place.push_as(0, 0);
        place.push_as(WEB, GROUP);
        let files: Vec<_> = fs::read_dir(place.directory()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4, "{files:?}");
        for file in files {
            let metadata = file.metadata().unwrap();
            let found = (metadata.gid(), metadata.permissions().mode() & 0o7777);
            assert_eq!(found, (GROUP, 0o660), "{:?}", file.path());
        }
    }
}

#[test]
fn a_user_outside_the_group_is_told_to_join_it() {
    let Some(place) = Place::new(WEB, GROUP, 0o2770) else { return };
    place.push_as(WEB, GROUP);
    let directory = place.directory().display().to_string();
    let answer = place.push_as(STRANGER, STRANGER);
    assert!(answer.contains(&format!("{directory}: it belongs to {WEB}:{GROUP} with mode 2770")), "{answer}");
    assert!(answer.contains(&format!("this process runs as {STRANGER} (groups {STRANGER})")), "{answer}");
    assert!(answer.contains(&format!("sudo usermod -aG {GROUP} {STRANGER}")), "{answer}");
}

#[test]
fn nobody_is_told_to_join_a_group_that_has_more_than_the_store() {
    let Some(place) = Place::new(0, 0, 0o2770) else { return };
    place.push_as(0, 0);
    let answer = place.push_as(WEB, GROUP);
    assert!(!answer.contains("usermod") && answer.contains(&format!("sudo chgrp -R {GROUP} ")), "{answer}");
    let (_, remedy) = answer.split_once("share it by a group: ").unwrap();
    let done = Command::new("sh").arg("-c").arg(remedy.replace("sudo ", "")).status().unwrap();
    assert!(done.success(), "{remedy}");
    assert_eq!(place.push_as(WEB, GROUP), "read 2");
    assert_eq!(place.push_as(0, 0), "read 3");
}

#[test]
fn what_lies_beside_a_database_is_not_shared_with_it() {
    let Some(place) = Place::new(0, 0, 0o755) else { return };
    let database = place.directory().join("events.sqlite");
    fs::write(place.directory().join("code.php"), "").unwrap();
    fs::set_permissions(place.directory().join("code.php"), fs::Permissions::from_mode(0o644)).unwrap();
    let answer = place.push_to(&database, WEB, GROUP);
    assert!(answer.contains("in a directory of its own: ") && !answer.contains("-R"), "{answer}");
    assert_eq!(place.push_to(&database, 0, 0), "read 1");
    let answer = place.push_to(&database, WEB, GROUP);
    let (_, remedy) = answer.split_once("in a directory of its own: ").unwrap();
    let done = Command::new("sh").arg("-c").arg(remedy.replace("sudo ", "")).status().unwrap();
    assert!(done.success(), "{remedy}");
    assert_eq!(place.push_to(&database, WEB, GROUP), "read 2", "after {remedy}");
    let code = fs::metadata(place.directory().join("code.php")).unwrap();
    assert_eq!((code.gid(), code.permissions().mode() & 0o7777), (0, 0o644));
}

#[test]
fn a_directory_that_is_not_shared_is_told_with_the_commands_that_share_it() {
    for mode in [0o755, 0o700] {
        let Some(place) = Place::new(DEPLOY, DEPLOY, mode) else { return };
        let directory = place.directory().display().to_string();
        let answer = place.push_as(WEB, GROUP);
        let owner = format!("{directory}: it belongs to {DEPLOY}:{DEPLOY} with mode {mode:04o}");
        assert!(answer.contains(&owner), "{answer}");
        let remedy = format!("sudo chgrp -R {GROUP} {directory} && sudo chmod -R g+rwX {directory}");
        assert!(answer.contains(&remedy), "{answer}");
    }
}

#[test]
fn the_commands_that_are_told_help() {
    let Some(place) = Place::new(DEPLOY, DEPLOY, 0o700) else { return };
    place.push_as(DEPLOY, DEPLOY);
    let answer = place.push_as(WEB, GROUP);
    let (_, remedy) = answer.split_once("share it by a group: ").unwrap();
    // Root needs no sudo, and may not have it.
    let done = Command::new("sh").arg("-c").arg(remedy.replace("sudo ", "")).status().unwrap();
    assert!(done.success(), "{remedy}");
    assert_eq!(place.push_as(WEB, GROUP), "read 2");
    assert_eq!(place.push_as(DEPLOY, DEPLOY), "read 3", "who owned it is still let in");
}

#[test]
fn a_file_that_refuses_is_named_itself() {
    let Some(place) = Place::new(0, GROUP, 0o2770) else { return };
    place.push_as(WEB, GROUP);
    let log = store(&place.directory(), 1).directory().log(&key("a"));
    chown(&log, Some(0), Some(0)).unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    let answer = place.push_as(WEB, GROUP);
    assert!(
        answer.contains(&format!("cannot open {}: it belongs to root:root with mode 0600", log.display())),
        "{answer}"
    );
    assert!(answer.contains(&format!("sudo chgrp -R {GROUP} ")), "{answer}");
}

#[test]
fn a_directory_behind_a_closed_one_is_told_apart() {
    let Some(place) = Place::new(WEB, GROUP, 0o2770) else { return };
    let closed = place.place.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(place.directory(), closed.join("store")).unwrap();
    let (mut command, out) = place.command(WEB, GROUP);
    set(&mut command, "DIR", closed.join("store").display());
    Process::start(&mut command).finish();
    let answer = fs::read_to_string(out).unwrap();
    assert!(
        answer.contains(&format!("{}: it belongs to root:root with mode 0700", closed.display())),
        "{answer}"
    );
    assert!(answer.contains(&format!("sudo setfacl -m u:{WEB}:x {}", closed.display())), "{answer}");
}
