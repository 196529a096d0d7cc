use sse_core::key::Key;
use sse_core::store::Start;
use tempfile::TempDir;

use super::opened::UNUSED;
use super::*;

fn world() -> (TempDir, Stores, Instant) {
    (tempfile::tempdir().unwrap(), Stores::new(&Notes::default()), Instant::now())
}

fn dsn(directory: &TempDir) -> String {
    format!("file://{}", directory.path().display())
}

fn unreachable() -> sse_core::Error {
    sse_core::Error::RedisUnreachable {
        server: "redis://h".into(),
        said: "nobody listens".into(),
        waited_ms: 1,
    }
}

#[test]
fn a_store_is_one_by_whatever_name_and_stores_of_files_share_a_signal() {
    let (directory, mut stores, now) = world();
    let store = stores.find_or_open(&dsn(&directory), Choice::Auto, now).unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(directory.path(), &link).unwrap();
    assert_eq!(
        stores.find_or_open(&format!("file://{}", link.display()), Choice::Auto, now).ok(),
        Some(store)
    );
    let other = tempfile::tempdir().unwrap();
    assert_ne!(stores.find_or_open(&dsn(&other), Choice::Auto, now).ok(), Some(store));
    assert_eq!((stores.len(), stores.signals().count()), (2, 1));
}

#[test]
fn a_name_that_leads_elsewhere_by_now_is_another_store() {
    let (directory, mut stores, now) = world();
    let link = directory.path().join("current");
    let name = format!("file://{}", link.display());
    let [first, second] = ["one", "two"].map(|release| {
        let release = directory.path().join(release);
        fs::create_dir(&release).unwrap();
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&release, &link).unwrap();
        stores.find_or_open(&name, Choice::Auto, now).unwrap()
    });
    assert_ne!(first, second);
}

#[test]
fn a_store_that_was_closed_is_another_one_when_it_is_opened_again() {
    let (directory, mut stores, now) = world();
    let first = stores.find_or_open(&dsn(&directory), Choice::Auto, now).unwrap();
    let due = stores.next_close().unwrap();
    stores.close_unused(due);
    assert_eq!((stores.len(), stores.next_close()), (0, None));
    let second = stores.find_or_open(&dsn(&directory), Choice::Auto, due).unwrap();
    assert_eq!(second.number(), first.number());
    assert_ne!(second, first);
}

#[test]
fn a_store_stays_as_long_as_one_of_its_keys_is_followed() {
    let (directory, mut stores, now) = world();
    let store = stores.find_or_open(&dsn(&directory), Choice::Auto, now).unwrap();
    let mut watched = stores.watched(store).unwrap();
    let follower = watched.follow(&Key::new(b"k").unwrap(), Start::Newest(1)).unwrap();
    let channel = Slots::new(&Notes::default()).insert(());
    watched.add_channel(follower.watch(), channel);
    assert_eq!(stores.next_close(), None);
    stores.end_following(store, follower, now);
    assert_eq!(stores.next_close(), Some(now + UNUSED));
}

#[test]
fn a_store_that_does_not_answer_is_left_alone_and_then_asked() {
    let (directory, mut stores, now) = world();
    let store = stores.find_or_open(&dsn(&directory), Choice::Auto, now).unwrap();
    let opened = stores.known_mut(store).unwrap();
    assert_eq!([(); 2].map(|()| opened.fails(&unreachable(), now)), [true, false], "told once");
    assert!(opened.outage(now).unwrap().contains("nobody listens"));
    let due = stores.next_question().unwrap();
    assert!(due > now && stores.to_ask(now).is_empty());
    assert_eq!((stores.known(store).unwrap().outage(due), stores.to_ask(due)), (None, vec![store]));
    assert!(stores.known_mut(store).unwrap().answers());
    assert_eq!(stores.next_question(), None);
}
