mod damage;
mod directory;
mod retention;
mod sweep;

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tempfile::tempdir;

use super::format;
use super::*;
use crate::disk::lock;
use crate::event::Event;
use crate::retention::Retention;
use crate::store::{Gap, Item, Patience};
use crate::testing::*;

#[test]
fn what_is_appended_is_read_in_order() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push_all(&store, &key, 0..500);
    let expected: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    assert_eq!(all(&store, &key), expected);
}

#[test]
fn a_reader_gets_what_is_appended_later() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let mut reader = store.reader(&key, Start::Newest(0)).unwrap().reader;
    assert_eq!(told(&reader.read(1 << 20).unwrap()), [""; 0]);
    push_all(&store, &key, 0..2);
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["0", "1"]);
    push_all(&store, &key, 2..3);
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["2"]);
}

#[test]
fn reading_by_small_pieces_gives_every_event() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let long = format!("\"{}\"", "x".repeat(100_000));
    for _ in 0..3 {
        push(&store, &key, &long);
        push(&store, &key, "1");
    }
    let mut reader = store.reader(&key, Start::Oldest).unwrap().reader;
    for expected in [&long, "1", &long, "1", &long, "1"] {
        assert_eq!(told(&reader.read(1).unwrap()), [expected]);
    }
    assert!(reader.read(1).unwrap().is_empty());
}

#[test]
fn ids_rise_when_the_last_one_lies_in_the_future() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let last = EventId::new(now() + DAY, 16_382);
    write_log(&store, &key, &[last]);
    let ids = push_all(&store, &key, 0..3);
    let next = |sequence| EventId::new(last.millis + 1, sequence);
    assert_eq!(ids, [EventId::new(last.millis, 16_383), next(0), next(1)]);
}

#[test]
fn ids_rise_over_two_stores_on_one_directory() {
    let place = tempdir().unwrap();
    let (one, other, key) = (store(place.path()), store(place.path()), key("a"));
    let ids: Vec<EventId> = (0..100).flat_map(|_| [push(&one, &key, "1"), push(&other, &key, "2")]).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(all(&one, &key).len(), 200);
}

#[test]
fn a_payload_over_the_limit_is_refused_and_one_at_the_limit_is_stored() {
    let place = tempdir().unwrap();
    let store = FileStore::new(place.path(), Policy { max_payload: 4, ..Policy::default() });
    let key = key("a");
    assert!(matches!(store.append(&key, &draft("12345")), Err(Error::TooLarge { len: 5, max: 4 })));
    push(&store, &key, "1234");
    assert_eq!(all(&store, &key), ["1234"]);
}

#[test]
fn keys_that_look_alike_are_apart() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let long = ["x".repeat(1_024), "x".repeat(1_023) + "y"];
    let names = ["a b", "a_b", "a/b", "a\nb", "é", "e\u{301}", "A", "a", "../a", ".", &long[0], &long[1]];
    for name in names {
        push(&store, &key(name), &serde_json::to_string(name).unwrap());
    }
    for name in names {
        assert_eq!(all(&store, &key(name)), [serde_json::to_string(name).unwrap()], "{name}");
    }
    let logs = fs::read_dir(place.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "log")
    });
    assert_eq!(logs.count(), names.len());
}

#[test]
fn a_key_that_is_not_utf_8_is_a_key() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let keys = [Key::new(b"\xff").unwrap(), Key::new(b"\xfe").unwrap()];
    push(&store, &keys[0], "0");
    push(&store, &keys[1], "1");
    assert_eq!((all(&store, &keys[0]), all(&store, &keys[1])), (vec!["0".into()], vec!["1".into()]));
}

#[test]
fn two_directories_never_see_each_other() {
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let (one, other, key) = (store(here.path()), store(there.path()), key("a"));
    push(&one, &key, "1");
    assert_eq!(all(&other, &key), [""; 0]);
    push(&other, &key, "2");
    assert_eq!((all(&one, &key), all(&other, &key)), (vec!["1".into()], vec!["2".into()]));
    assert_ne!(one.directory().meta().unwrap().epoch, other.directory().meta().unwrap().epoch);
}

#[test]
fn at_most_the_limit_is_read_and_the_rest_from_there() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = push_all(&store, &key, 0..5);
    assert_eq!(told(&store.read(&key, None, 2).unwrap()), ["0", "1"]);
    assert_eq!(told(&store.read(&key, Some(ids[1]), 2).unwrap()), ["2", "3"]);
    assert_eq!(told(&store.read(&key, Some(ids[3]), 2).unwrap()), ["4"]);
    assert_eq!(told(&store.read(&key, Some(ids[4]), 2).unwrap()), [""; 0]);
}

#[test]
fn reading_after_zero_is_reading_from_the_beginning() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    assert_eq!(told(&store.read(&key, Some(EventId::ZERO), 9).unwrap()), [""; 0]);
    push(&store, &key, "1");
    assert_eq!(told(&store.read(&key, Some(EventId::ZERO), 9).unwrap()), ["1"]);
}

#[test]
fn reading_a_key_nobody_pushed_to_makes_no_log() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    assert_eq!(told(&store.read(&key, None, 9).unwrap()), [""; 0]);
    assert!(!store.directory().log(&key).exists());
}

#[test]
fn reading_after_an_id_of_a_key_without_a_log_tells_a_gap() {
    let place = tempdir().unwrap();
    let (store, from) = (store(place.path()), EventId::new(5, 0));
    let items = store.read(&key("a"), Some(from), 9).unwrap();
    assert_eq!(items, [Item::Gap(Gap { from, to: from })]);
}

#[test]
fn an_event_of_a_later_version_is_told_as_a_gap_and_what_follows_is_read() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let [lost, next] = [EventId::new(now(), 0), EventId::new(now(), 1)];
    let path = write_log(&store, &key, &[lost]);
    let line = format!("{lost} z=1 1 ");
    let crc = crc32fast::hash(format!("{line}7").as_bytes());
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(find(&path, &format!("{lost} - 1 ")));
    bytes.extend(format!("{line}{crc:08x} 7\n").bytes());
    bytes.extend(format::write_line(next, next.millis, &draft("8")));
    fs::write(&path, bytes).unwrap();
    assert_eq!(told(&store.read(&key, None, 9).unwrap()), ["…", "8"]);
    assert_eq!(told(&store.read(&key, Some(lost), 9).unwrap()), ["8"]);
}

#[test]
fn a_log_of_a_newer_format_is_refused_by_name() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let path = write_log(&store, &key, &[]);
    let line = "sse-log 2 and what else it has";
    fs::write(&path, format!("{line} {:08x}\n", crc32fast::hash(line.as_bytes()))).unwrap();
    let error = store.append(&key, &draft("1")).unwrap_err();
    assert!(matches!(&error, Error::NewerFormat { found: 2, .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(matches!(store.read(&key, None, 9), Err(Error::NewerFormat { .. })));
}

#[test]
fn a_log_of_another_key_is_never_read() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let path = write_log(&store, &key("other"), &[EventId::new(1, 0)]);
    fs::rename(path, store.directory().log(&key("a"))).unwrap();
    assert!(matches!(store.read(&key("a"), None, 9), Err(Error::OtherKey { .. })));
}

#[test]
fn a_log_of_another_epoch_keeps_its_events() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push_all(&store, &key, 0..3);
    fs::remove_file(place.path().join("store")).unwrap();
    assert_eq!(all(&store, &key), ["0", "1", "2"]);
    push(&store, &key, "3");
    assert_eq!(all(&store, &key), ["0", "1", "2", "3"]);
}

#[test]
fn a_log_that_stays_locked_is_an_error_that_names_it() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let path = write_log(&store, &key, &[]);
    let other = fs::File::open(&path).unwrap();
    let _held = lock::exclusive(&other, &path, Patience::Waits).unwrap();
    let error = store.append(&key, &draft("1")).unwrap_err();
    assert!(matches!(&error, Error::Locked { waited_ms: 2_000.., .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn an_error_leaves_the_next_push_able_to_work() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push(&store, &key, "1");
    let path = store.directory().log(&key);
    let log = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    store.append(&key, &draft("2")).unwrap_err();
    fs::remove_dir(&path).unwrap();
    fs::write(&path, log).unwrap();
    push(&store, &key, "3");
    assert_eq!(all(&store, &key), ["1", "3"]);
}

#[test]
fn a_process_opens_logs_of_its_own_after_a_fork() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push(&store, &key, "1");
    let mark = |store: &FileStore| {
        let logs = store.logs.lock();
        let flags = fcntl_getfl(&logs.1[&key].file).unwrap();
        fcntl_setfl(&logs.1[&key].file, flags | OFlags::NONBLOCK).unwrap();
        flags.contains(OFlags::NONBLOCK)
    };
    mark(&store);
    push(&store, &key, "2");
    assert!(mark(&store), "one process keeps its log open");
    // What a forked child finds.
    store.logs.lock().0 = Some(std::process::id() + 1);
    push(&store, &key, "3");
    assert!(!mark(&store), "the inherited descriptor, whose lock the parent shares, was used");
    assert_eq!(all(&store, &key), ["1", "2", "3"]);
}

#[test]
fn few_logs_stay_open() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    for number in 0..200 {
        push(&store, &key(&number.to_string()), "1");
        assert!(store.logs.lock().1.len() <= OPEN_LOGS + 1);
    }
    assert_eq!(all(&store, &key("0")), ["1"]);
}

#[test]
fn a_place_taken_is_free_again_when_it_is_dropped() {
    let place = tempdir().unwrap();
    let directory = Directory::new(place.path());
    let first = directory.take_slot(2).unwrap();
    let second = directory.take_slot(2).unwrap();
    assert!(first.is_some() && second.is_some());
    assert!(directory.take_slot(2).unwrap().is_none());
    drop(first);
    assert!(directory.take_slot(2).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_are_read_as_they_were_pushed(drafts in prop::collection::vec(any_draft(), 1..20)) {
        let place = tempdir().unwrap();
        let (store, key) = (store(place.path()), key("a"));
        let pushed: Vec<(EventId, Draft)> =
            drafts.into_iter().map(|draft| (store.append(&key, &draft).unwrap(), draft)).collect();
        let read = store.read(&key, None, usize::MAX).unwrap().into_iter().map(|item| match item {
            Item::Event(event) => (event.id, event.draft),
            Item::Gap(gap) => panic!("{gap:?}"),
        });
        prop_assert_eq!(read.collect::<Vec<_>>(), pushed);
    }
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let name = prop::option::of("[^\r\n\0]{1,12}");
    ("[^\r\n\"\\\\]{0,40}", name, any::<bool>()).prop_map(|(text, name, external)| {
        let name = name.map(|name| crate::event::EventName::new(name.as_bytes()).unwrap());
        let json = format!("{{\"event\":\"{text}\",\"a\":1}}").into_bytes();
        if external { Draft::external(json, name) } else { Draft::new(json, name).unwrap() }
    })
}
