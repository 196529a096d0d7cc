//! No inotify left: files are looked at instead, and nothing is missed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use sse_core::feed::{Content, Feed};
use sse_core::key::Keys;
use sse_core::signal::{self, Choice, Inotify, Signal, Waits};
use sse_core::stream::request::Replay;
use tempfile::tempdir;

use crate::support::{PATIENCE, Process, is_root, key, push, role, set, skip, store, variable, wait};

/// A user of its own, so that nobody else lacks what it uses up.
const SOMEBODY: u32 = 48_211;
/// Instances it tries to get; a system that gives more can't be used up by one process.
const MANY: usize = 900;

/// The role of who has no inotify instance, or no watch, left.
pub fn without() {
    let directory = variable("DIR");
    let kept: Vec<Inotify> = match variable("LACKS").as_str() {
        "instances" => std::iter::from_fn(|| Inotify::new().ok()).take(MANY).collect(),
        _ => Vec::new(),
    };
    if kept.len() == MANY {
        return skip("this system has inotify instances without end");
    }
    let (mut signal, why) = signal::open(Choice::Auto, &Waits::Files { network: false, told_late: false });
    match variable("LACKS").as_str() {
        "instances" => {
            assert_eq!(signal.name(), "poll");
            let why = why.unwrap();
            assert!(why.contains("inotify") && why.contains("looking at the files"), "{why}");
        }
        _ => assert_eq!((signal.name(), why), ("inotify", None)),
    }
    let store = store(Path::new(&directory), 2);
    let keys = Keys::new(vec![key("a"), key("b")]).unwrap();
    let mut feed = Feed::open(store.clone(), keys, None, Replay::None, signal.as_mut()).unwrap();
    // More than a log keeps, so that it is replaced twice on the way.
    for number in 0..10_u32 {
        let name = ["a", "b"][number as usize % 2];
        push(&store, name, &number.to_string());
        assert_eq!(next(&mut feed, signal.as_mut()), number.to_string());
    }
}

fn next(feed: &mut Feed, signal: &mut dyn Signal) -> String {
    let began = Instant::now();
    loop {
        match feed.next(signal).unwrap().map(|delivery| delivery.content) {
            Some(Content::Event(_, event)) => return String::from_utf8(event.draft.json).unwrap(),
            Some(Content::Gap(_, gap)) => panic!("{gap:?}"),
            None => {
                assert!(began.elapsed() < PATIENCE, "the push never arrived");
                wait(signal, PATIENCE);
                feed.wake(&signal.changes());
            }
        }
    }
}

#[test]
fn without_inotify_instances_files_are_looked_at() {
    let place = tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = role("without inotify");
    set(&mut command, "DIR", place.path().display());
    set(&mut command, "LACKS", "instances");
    if is_root() {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    Process::start(&mut command).finish();
}

#[test]
fn without_inotify_watches_files_are_looked_at() {
    let place = tempdir().unwrap();
    // In a user namespace, one may limit oneself: here to a single watch for two files.
    let limit = "echo 1 > /proc/sys/user/max_inotify_watches";
    let mut allowed = Command::new("unshare");
    allowed.args(["--user", "--map-root-user", "sh", "-c", limit]).stderr(Stdio::null());
    if !allowed.status().is_ok_and(|status| status.success()) {
        return skip("user namespaces are not allowed here");
    }
    let myself = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c"]).arg(format!("{limit} && exec \"$@\"")).arg("sh");
    command.arg(myself).args(["process", "--exact", "--ignored", "--nocapture"]).stdout(Stdio::null());
    set(&mut command, "ROLE", "without inotify");
    set(&mut command, "DIR", place.path().display());
    set(&mut command, "LACKS", "watches");
    Process::start(&mut command).finish();
}
