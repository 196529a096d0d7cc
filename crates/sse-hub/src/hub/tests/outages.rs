//! Stores and keys that can't be read for a while.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{FlockOperation, flock};
use sse_core::Error;

use super::*;

/// What is said of a lock that was tried once: nobody waited for it, and so nobody else did.
const UNWAITED: &str = "for 0 ms";

fn unreachable(said: &str) -> Error {
    Error::RedisUnreachable { server: "redis://h".into(), said: said.into(), waited_ms: 1 }
}

fn refused() -> Error {
    Error::RedisRefused { server: "redis://h".into(), said: "WRONGPASS".into() }
}

#[test]
fn a_server_that_is_back_and_refuses_is_asked_again_after_a_pause_and_the_log_says_both() {
    let mut world = World::unlimited();
    world.open(&["k"], None, Replay::None);
    let channel = world.channel("k");
    world.hub.fails(channel, &unreachable("nobody listens"), world.now);
    for _ in 0..2 {
        let due = world.hub.next_question().unwrap();
        world.hub.fails(channel, &refused(), due);
        assert!(world.hub.next_question().unwrap() > due, "it would be asked again at once");
    }
    let log = world.hub.take_log();
    assert!(log.len() == 2 && log[0].contains("nobody listens") && log[1].contains("WRONGPASS"), "{log:?}");
}

#[test]
fn a_key_with_trouble_of_its_own_is_tried_again_after_a_pause_and_is_no_outage_of_others() {
    let mut world = World::unlimited();
    let other = world.open(&["other"], None, Replay::None);
    world.open(&["foreign"], None, Replay::None);
    let [of_other, of_foreign] = ["other", "foreign"].map(|key| world.channel(key));
    world.hub.fails(of_other, &unreachable("nobody listens"), world.now);
    let foreign = Error::RedisForeign { server: "redis://h".into(), what: "WRONGTYPE".into() };
    let due = world.hub.next_question().unwrap();
    world.hub.fails(of_foreign, &foreign, due);
    assert!(world.hub.next_question().unwrap() > due);
    let store = world.store_id();
    assert!(!world.is_out(store, due));
    world.push("other", 1);
    world.settle();
    assert_eq!(world.events(other).0, [1]);
}

#[test]
fn the_same_trouble_of_many_keys_is_logged_once() {
    let mut world = World::unlimited();
    for key in ["a", "b", "c"] {
        world.open(&[key], None, Replay::None);
    }
    let channels = ["a", "b", "c"].map(|key| world.channel(key));
    for round in 0..3 {
        for channel in channels {
            let path = format!("/{channel}").into();
            world.hub.fails(channel, &Error::Locked { path, waited_ms: 0 }, world.now);
        }
        assert_eq!(world.hub.take_log().len(), usize::from(round == 0));
    }
}

#[test]
fn a_key_that_can_not_be_made_while_the_store_is_locked_keeps_no_other_waiting() {
    let mut world = World::unlimited();
    let other = world.open(&["other"], None, Replay::None);
    let lock = File::open(world.directory.path().join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let offer = world.offer(world.directory.path(), &["new"], None, Replay::None);
    let refusal = world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err();
    assert!(refusal.reason == Reason::Busy && refusal.why.contains(UNWAITED), "{refusal:?}");
    assert!(world.hub.next_question().is_none(), "no outage for it");
    world.push("other", 1);
    world.settle();
    assert_eq!(world.events(other).0, [1]);
    drop(lock);
    let stream = world.take(&offer);
    world.push("new", 2);
    world.settle();
    assert_eq!(world.events(stream).0, [2]);
}

#[test]
fn a_database_that_is_locked_keeps_no_other_store_waiting() {
    let mut world = World::unlimited();
    let other = world.open(&["other"], None, Replay::None);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.sqlite");
    let store = format!("sqlite://{}", path.display());
    let offer = Offer { store, ..world.offer(world.directory.path(), &["k"], None, Replay::None) };
    let stream = world.take(&offer);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut new = offer.clone();
    new.request.keys = keys_of(&["new"]);
    let refusal = world.hub.offer(&new, world.now, &mut world.clients).unwrap_err();
    assert!(refusal.reason == Reason::Busy && refusal.why.contains(UNWAITED), "{refusal:?}");
    // A key that is known needs no lock to be read.
    world.take(&offer);
    world.push("other", 1);
    world.settle();
    assert_eq!(world.events(other).0, [1]);
    database.execute_batch("ROLLBACK").unwrap();
    world.take(&new);
    let store = world.hub.stores.find_or_open(&offer.store, Choice::Auto, world.now).unwrap();
    assert!(!world.is_out(store, world.now) && !world.clients.closed.contains(&stream));
}

#[test]
fn a_damaged_line_is_told_when_its_log_is_unlocked_and_keeps_no_other_key_waiting() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    let other = world.open(&["other"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    let path = world.store.directory().log(&Key::new(b"k").unwrap());
    let log = File::options().append(true).open(&path).unwrap();
    flock(&log, FlockOperation::LockExclusive).unwrap();
    (&log).write_all(b"damage\n").unwrap();
    world.settle();
    world.push("other", 2);
    world.settle();
    assert_eq!(world.events(other).0, [2]);
    assert!(!world.output(stream).0.contains("sse-gap"), "it may be a line half written");
    assert!(world.hub.take_log().iter().any(|line| line.contains(UNWAITED)));
    drop(log);
    world.wait_out();
    assert_eq!(world.output(stream).0.matches("event: sse-gap").count(), 1);
}

#[test]
fn a_store_that_was_moved_away_and_back_is_heard_again() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    let here = world.directory.path().to_owned();
    let away = here.with_extension("away");
    fs::rename(&here, &away).unwrap();
    for entry in fs::read_dir(&away).unwrap() {
        // The watched file tells of it, and isn't where it was.
        fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o640)).unwrap();
    }
    world.settle();
    fs::rename(&away, &here).unwrap();
    world.wait_out();
    world.push("k", 1);
    world.settle();
    assert_eq!(world.events(stream).0, [1]);
}
