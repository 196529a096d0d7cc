//! Logs nobody pushes to.

use std::time::Duration;

use super::*;
use crate::store::file::log::Log;
use crate::store::file::sweep::go_on_for;

const MONTH: u64 = 31 * DAY;

/// A log with two events that nobody pushed to for a month.
fn forgotten(store: &FileStore, key: &Key) -> (PathBuf, Vec<EventId>) {
    let ids = push_all(store, key, 0..2);
    let path = store.directory().log(key);
    age(&path, MONTH);
    (path, ids)
}

#[test]
fn a_log_idle_for_a_month_becomes_a_tombstone() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, ids) = forgotten(&store, &key);
    store.sweep().unwrap();
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 1);
    assert_eq!(told(&store.read(&key, Some(ids[1]), 9).unwrap()), [""; 0]);
    assert_eq!(told(&store.read(&key, Some(ids[0]), 9).unwrap()), ["…"]);
}

#[test]
fn a_log_idle_for_less_than_a_month_keeps_its_events() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push_all(&store, &key, 0..2);
    age(&store.directory().log(&key), 29 * DAY);
    store.sweep().unwrap();
    assert_eq!(all(&store, &key), ["0", "1"]);
}

#[test]
fn a_tombstone_lives_for_another_month() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, _) = forgotten(&store, &key);
    store.sweep().unwrap();
    store.sweep().unwrap();
    assert!(path.exists());
    age(&path, MONTH);
    store.sweep().unwrap();
    assert!(!path.exists());
}

#[test]
fn ids_rise_over_a_tombstone_that_was_removed_and_a_clock_that_stepped_back() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let last = EventId::new(now() + 400 * DAY, 7);
    let path = write_log(&store, &key, &[last]);
    for _ in 0..2 {
        age(&path, MONTH);
        store.sweep().unwrap();
    }
    assert!(!path.exists());
    assert!(push(&store, &key, "1") > last);
    assert_eq!(told(&store.read(&key, Some(last), 9).unwrap()), ["…", "1"]);
}

#[test]
fn a_push_between_two_looks_of_the_sweep_is_kept() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, _) = forgotten(&store, &key);
    let mut log = Log::open(store.directory(), &key).unwrap();
    push(&store, &key, "2");
    log.trim(store.directory(), &store.policy, now() - 30 * DAY).unwrap();
    assert_eq!(all(&store, &key), ["0", "1", "2"]);
    age(&path, MONTH);
    store.sweep().unwrap();
    age(&path, MONTH);
    let log = Log::open(store.directory(), &key).unwrap();
    push(&store, &key, "3");
    store.directory().locked(|| log.remove(store.directory(), now() - 30 * DAY)).unwrap();
    assert_eq!(all(&store, &key), ["3"]);
}

#[test]
fn a_writer_that_kept_a_removed_log_open_makes_it_anew() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, _) = forgotten(&store, &key);
    store.sweep().unwrap();
    age(&path, MONTH);
    store.sweep().unwrap();
    push(&store, &key, "2");
    assert_eq!(all(&store, &key), ["2"]);
}

#[test]
fn leftovers_of_stopped_writers_go_after_an_hour() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let [old, young] = [".a.log.1-00000000.new", ".a.log.2-00000000.new"].map(|name| place.path().join(name));
    fs::write(&old, "").unwrap();
    fs::write(&young, "").unwrap();
    age(&old, 2 * 3_600_000);
    store.sweep().unwrap();
    assert_eq!((old.exists(), young.exists()), (false, true));
}

#[test]
fn failures_nobody_added_to_for_a_month_are_forgotten() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let id = EventId::new(1, 0);
    store.record_failure(&key, id).unwrap();
    store.sweep().unwrap();
    assert_eq!(store.failures(&key).get(&id), Some(&1));
    age(&store.directory().log(&key).with_extension("failed"), MONTH);
    store.sweep().unwrap();
    assert_eq!(store.failures(&key).len(), 0);
}

#[test]
fn the_first_push_of_a_day_sweeps_and_no_other() {
    let place = tempdir().unwrap();
    let swept = |after: &dyn Fn()| {
        let (store, old) = (store(place.path()), key("old"));
        let (path, _) = forgotten(&store, &old);
        after();
        push(&crate::testing::store(place.path()), &key("new"), "1");
        fs::read_to_string(path).unwrap().lines().count() == 1
    };
    let stamp = place.path().join("swept");
    assert!(!swept(&|| ()), "the very first push swept, a moment ago");
    assert!(swept(&|| age(&stamp, 2 * DAY)), "yesterday's stamp is too old");
    assert!(!swept(&|| ()), "it was done today");
    let future = std::time::SystemTime::now() + Duration::from_secs(10 * 86_400);
    let ahead = || fs::File::options().write(true).open(&stamp).unwrap().set_modified(future).unwrap();
    assert!(swept(&ahead), "a stamp of the future is of a wrong clock");
}

#[test]
fn a_sweep_is_done_a_moment_at_a_time_and_goes_on_where_it_was() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let paths: Vec<PathBuf> = (0..30).map(|n| forgotten(&store, &key(&format!("k{n}"))).0).collect();
    let left = || paths.iter().filter(|path| fs::read_to_string(path).unwrap().lines().count() > 1).count();
    let stamp = place.path().join("swept");
    age(&stamp, 2 * DAY);
    let (mut moments, mut before) = (1, left());
    // Each of another process.
    while go_on_for(Duration::ZERO, store.directory(), &store.policy).unwrap() {
        assert!(before - left() <= 1);
        (moments, before) = (moments + 1, left());
    }
    assert!(moments >= paths.len(), "{moments}");
    assert_eq!((left(), fs::read_to_string(&stamp).unwrap()), (0, String::new()));
    forgotten(&store, &key("k0"));
    assert!(!go_on_for(Duration::ZERO, store.directory(), &store.policy).unwrap());
    assert_eq!(left(), 1, "it was done today");
}

#[test]
fn a_process_goes_on_with_a_sweep_though_it_opens_no_log() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push(&store, &key, "1");
    let (path, _) = forgotten(&crate::testing::store(place.path()), &crate::testing::key("old"));
    fs::write(place.path().join("swept"), "0\n").unwrap();
    push(&store, &key, "2");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3, "it knows of none");
    store.sweeps.store(true, Ordering::Relaxed);
    push(&store, &key, "3");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert!(!store.sweeps.load(Ordering::Relaxed));
}

#[test]
fn a_sweep_that_another_process_is_at_is_left_to_it() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let (path, _) = forgotten(&store, &key("old"));
    let stamp = place.path().join("swept");
    age(&stamp, 2 * DAY);
    let other = fs::File::open(&stamp).unwrap();
    let held = lock::exclusive(&other, &stamp, Patience::Waits).unwrap();
    let go_on = || go_on_for(Duration::ZERO, store.directory(), &store.policy).unwrap();
    assert!(!go_on());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    drop(held);
    while go_on() {}
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn a_tombstone_of_a_clock_that_was_ahead_counts_from_the_sweep_that_notices_it() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let (path, _) = forgotten(&store, &key("a"));
    store.sweep().unwrap();
    let ahead = std::time::SystemTime::now() + Duration::from_secs(86_400);
    fs::File::options().write(true).open(&path).unwrap().set_modified(ahead).unwrap();
    store.sweep().unwrap();
    assert!(fs::metadata(&path).unwrap().modified().unwrap() <= std::time::SystemTime::now());
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let notes = place.path().join("notes.log");
    fs::write(&notes, "mine\n").unwrap();
    age(&notes, 3 * MONTH);
    store.sweep().unwrap();
    assert_eq!(fs::read_to_string(notes).unwrap(), "mine\n");
}
