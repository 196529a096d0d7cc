//! What only a database can go through.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use sse_core::Error;
use tempfile::{TempDir, tempdir};

use crate::behaviours::{all, push};
use crate::place::open;
use crate::support::{Process, draft, is_root, key, role, set, skip, variable};

/// Runs SQL in a process of its own.
pub fn run(database: &Path, sql: &str) {
    let mut command = role("sql");
    set(&mut command, "DATABASE", database.display());
    set(&mut command, "SQL", sql);
    Process::start(&mut command).finish();
}

/// The role of who uses the database by other means.
pub fn sql() {
    let connection = rusqlite::Connection::open(variable("DATABASE")).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection.execute_batch(&variable("SQL")).unwrap();
}

/// The role of who looks whether a database is whole.
pub fn integrity() {
    let connection = rusqlite::Connection::open(variable("DATABASE")).unwrap();
    let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

/// Says whether a database is whole.
pub fn check(database: &Path) {
    let mut command = role("integrity");
    set(&mut command, "DATABASE", database.display());
    Process::start(&mut command).finish();
}

/// A file system of one MiB in memory; `None` where none can be mounted.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        if !is_root() {
            skip("ONLY ROOT CAN MOUNT A SMALL FILE SYSTEM: SQLITE ON A FULL DISK IS NOT TESTED");
            return None;
        }
        let place = tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "sse-test"]).arg(place.path());
        if !mount.status().is_ok_and(|status| status.success()) {
            skip("NO FILE SYSTEM CAN BE MOUNTED HERE: SQLITE ON A FULL DISK IS NOT TESTED");
            return None;
        }
        Some(Self(place))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_pushes_and_keeps_all_that_was_answered() {
    let Some(disk) = Small::mount() else { return };
    let path = disk.0.path().join("events.sqlite");
    let something_else = disk.0.path().join("something else");
    fs::write(&something_else, vec![b'x'; 200 << 10]).unwrap();
    let store = open(&format!("sqlite://{}", path.display()), 1 << 20);
    let json = |number: usize| format!("\"{number} {}\"", "x".repeat(2_000));
    let mut stored = Vec::new();
    let error = loop {
        match store.append(&key("a"), &draft(&json(stored.len()))) {
            Ok(_) => stored.push(json(stored.len())),
            Err(error) => break error,
        }
        assert!(stored.len() < 1_000, "the disk is never full");
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(stored.len() > 10, "{}", stored.len());
    for _ in 0..3 {
        let huge = draft(&format!("\"{}\"", "y".repeat(300_000)));
        let error = store.append(&key("a"), &huge).unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert_eq!(all(&store, "a", None), stored);
    }
    fs::remove_file(something_else).unwrap();
    push(&store, "a", "\"room again\"");
    stored.push("\"room again\"".into());
    assert_eq!(all(&store, "a", None), stored);
    drop(store);
    check(&path);
}

#[test]
fn a_store_cannot_begin_on_a_full_disk_and_can_when_there_is_space() {
    let Some(disk) = Small::mount() else { return };
    let path = disk.0.path().join("events.sqlite");
    let something_else = disk.0.path().join("something else");
    // Until nothing more goes in.
    assert!(fs::write(&something_else, vec![b'x'; 2 << 20]).is_err());
    let store = open(&format!("sqlite://{}", path.display()), 10);
    let error = store.append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    fs::remove_file(something_else).unwrap();
    push(&store, "a", "1");
    assert_eq!(all(&store, "a", None), ["1"]);
    drop(store);
    check(&path);
}

const STRANGER: u32 = 48_303;

/// The role of a user who may not write: what went wrong is left in a file.
pub fn stranger() {
    let store = open(&variable("DSN"), 10);
    let pushed = store.append(&key("a"), &draft("2")).map(|id| id.to_string());
    let answers = [pushed, store.check().map(|()| "fine".into())]
        .map(|answer| answer.unwrap_or_else(|error| error.to_string()));
    fs::write(variable("OUT"), answers.join("\n")).unwrap();
}

#[test]
fn a_file_that_may_not_be_written_is_an_error_that_says_whose_it_is() {
    if !is_root() {
        return skip("ONLY ROOT CAN BECOME ANOTHER USER: A READ-ONLY DATABASE IS NOT TESTED");
    }
    let place = tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
    let path = place.path().join("events.sqlite");
    let store = open(&format!("sqlite://{}", path.display()), 10);
    push(&store, "a", "1");
    for file in ["events.sqlite", "events.sqlite-wal", "events.sqlite-shm"] {
        fs::set_permissions(place.path().join(file), Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(place.path().join("events.sqlite-signals"), Permissions::from_mode(0o755)).unwrap();
    let out = place.path().join("out");
    let mut command = role("stranger");
    command.uid(STRANGER).gid(STRANGER);
    set(&mut command, "DSN", format!("sqlite://{}", path.display()));
    set(&mut command, "OUT", out.display());
    Process::start(&mut command).finish();
    for answer in fs::read_to_string(out).unwrap().lines() {
        assert!(answer.contains("events.sqlite") && answer.contains("root"), "{answer}");
    }
    assert_eq!(all(&store, "a", None), ["1"]);
    drop(store);
    check(&path);
}
