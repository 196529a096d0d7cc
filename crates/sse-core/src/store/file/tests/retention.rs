//! What is dropped, and that whoever needed it is told.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::*;

fn keeping(place: &Path, retention: Retention) -> Arc<FileStore> {
    FileStore::new(place, Policy { retention, ..Policy::default() })
}

/// All limits far away.
fn everything() -> Retention {
    Retention { age: Duration::from_secs(1 << 30), events: 1 << 30, bytes: 1 << 30 }
}

#[test]
fn the_oldest_events_go_when_there_are_too_many() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 8, ..everything() }), key("a"));
    push_all(&store, &key, 0..10);
    assert_eq!(all(&store, &key).len(), 10, "a quarter more may stay");
    push(&store, &key, "10");
    assert_eq!(all(&store, &key), ["3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[test]
fn the_oldest_events_go_when_they_take_too_many_bytes() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { bytes: 4_000, ..everything() }), key("a"));
    let json = |n| format!("\"{n}{}\"", "x".repeat(950));
    for n in 0..6 {
        push(&store, &key, &json(n));
    }
    let kept = all(&store, &key);
    assert_eq!(kept, [json(2), json(3), json(4), json(5)]);
}

#[test]
fn events_go_when_they_are_too_old() {
    let place = tempdir().unwrap();
    let (store, key) =
        (keeping(place.path(), Retention { age: Duration::from_secs(60), ..everything() }), key("a"));
    let at = |seconds: u64| EventId::new(now() - seconds * 1_000, 0);
    write_log(&store, &key, &[at(200), at(100), at(30)]);
    push(&store, &key, "9");
    assert_eq!(all(&store, &key), ["2", "9"]);
}

/// A log of these events: each with how many days its id is ahead, and, if that isn't its time, so many seconds
/// ago.
fn written(store: &FileStore, key: &Key, events: &[(u64, Option<u64>)]) -> Vec<EventId> {
    let ids: Vec<EventId> =
        events.iter().zip(0..).map(|((days, _), n)| EventId::new(now() + days * DAY, n)).collect();
    let path = write_log(store, key, &[]);
    let mut log = fs::read(&path).unwrap();
    for ((id, (_, ago)), n) in ids.iter().zip(events).zip(0..) {
        let stored = ago.map_or(id.millis, |seconds| now() - seconds * 1_000);
        log.extend(format::write_line(*id, stored, &draft(&format!("{n}"))));
    }
    fs::write(path, log).unwrap();
    ids
}

#[test]
fn events_age_by_the_clock_and_not_by_ids_that_are_ahead_of_it() {
    let place = tempdir().unwrap();
    let (store, key) =
        (keeping(place.path(), Retention { age: Duration::from_secs(60), ..everything() }), key("a"));
    let ids = written(&store, &key, &[(9, Some(200)), (9, Some(100)), (9, Some(30))]);
    assert!(push(&store, &key, "9") > ids[2]);
    assert_eq!(all(&store, &key), ["2", "9"]);
}

#[test]
fn what_was_stored_while_the_clock_was_ahead_is_as_old_as_what_follows() {
    let place = tempdir().unwrap();
    let (store, key) =
        (keeping(place.path(), Retention { age: Duration::from_secs(60), ..everything() }), key("a"));
    written(&store, &key, &[(9, None), (9, None), (9, Some(100)), (9, Some(30))]);
    store.sweep().unwrap();
    assert_eq!(all(&store, &key), ["3"]);
    push(&store, &key, "9");
    assert_eq!(all(&store, &key), ["3", "9"]);
}

#[test]
fn a_log_of_a_clock_that_was_ahead_counts_from_the_sweep_that_notices_it() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), everything()), key("a"));
    let ids = written(&store, &key, &[(9, None), (9, None), (9, None)]);
    damage(&store.directory().log(&key), find(&store.directory().log(&key), &ids[1].to_string()), b'x');
    store.sweep().unwrap();
    let items = store.read(&key, Some(ids[0].before()), 9).unwrap();
    assert_eq!(told(&items), ["0", "…", "2"]);
    for item in items {
        assert!(!matches!(item, Item::Event(event) if event.stored_millis > now()));
    }
    assert!(push(&store, &key, "3") > ids[2]);
}

#[test]
fn an_event_says_when_it_was_stored_where_its_id_does_not() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), everything()), key("a"));
    push(&store, &key, "0");
    assert!(!fs::read_to_string(store.directory().log(&key)).unwrap().contains("t="));
    written(&store, &key, &[(9, None)]);
    let before = now();
    push(&store, &key, "1");
    let items = store.read(&key, None, 9).unwrap();
    let Item::Event(event) = &items[1] else { panic!("{items:?}") };
    assert!(event.id.millis > before + 8 * DAY);
    assert!((before..=now()).contains(&event.stored_millis), "{event:?}");
    let times = crate::store::times(&items, now());
    assert!(times.iter().all(|time| *time == event.stored_millis), "{times:?}");
}

#[test]
fn the_newest_event_stays_however_old_it_is() {
    let place = tempdir().unwrap();
    let (store, key) =
        (keeping(place.path(), Retention { age: Duration::from_secs(60), ..everything() }), key("a"));
    let at = |seconds: u64| EventId::new(now() - seconds * 1_000, 0);
    write_log(&store, &key, &[at(300), at(200)]);
    store.sweep().unwrap();
    assert_eq!(all(&store, &key), ["1"]);
}

#[test]
fn the_newest_event_stays_however_large_it_is() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { bytes: 10, ..everything() }), key("a"));
    let large = format!("\"{}\"", "x".repeat(1_000));
    push(&store, &key, "1");
    push(&store, &key, &large);
    assert_eq!(all(&store, &key), [large.as_str()]);
    push(&store, &key, "2");
    assert_eq!(all(&store, &key), ["2"]);
}

#[test]
fn who_needed_what_was_dropped_is_told_up_to_where() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 4, ..everything() }), key("a"));
    let ids = push_all(&store, &key, 0..6);
    let (from, to) = (ids[0], ids[1]);
    let items = store.read(&key, Some(from), 9).unwrap();
    assert_eq!(items[0], Item::Gap(Gap { from, to }));
    assert_eq!(told(&items), ["…", "2", "3", "4", "5"]);
    assert_eq!(told(&store.read(&key, Some(to), 9).unwrap()), ["2", "3", "4", "5"]);
}

#[test]
fn ids_rise_over_a_log_that_was_shortened() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 1, ..everything() }), key("a"));
    write_log(&store, &key, &[EventId::new(now() + DAY, 0)]);
    let ids = push_all(&store, &key, 0..20);
    assert!(ids.is_sorted_by(|a, b| a < b) && ids[0] > EventId::new(now(), 0), "{ids:?}");
    assert_eq!(all(&store, &key), ["19"]);
}

#[test]
fn a_reader_of_a_log_that_was_replaced_gets_what_the_old_file_had() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 2, ..everything() }), key("a"));
    push(&store, &key, "0");
    let mut reader = store.reader(&key, Start::Oldest).unwrap().reader;
    push_all(&store, &key, 1..3);
    assert!(!reader.is_current().unwrap());
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["0", "1", "2"]);
}

#[test]
fn damage_that_is_kept_is_told_behind_what_was_dropped() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 4, ..everything() }), key("a"));
    let ids = push_all(&store, &key, 0..5);
    let path = store.directory().log(&key);
    let at = find(&path, &format!("{} ", ids[2]));
    damage(&path, at + 3, b'x');
    push(&store, &key, "5");
    assert_eq!(told(&store.read(&key, Some(ids[1]), 9).unwrap()), ["…", "3", "4", "5"]);
    assert_eq!(told(&store.read(&key, Some(ids[3]), 9).unwrap()), ["4", "5"]);
}

#[test]
fn a_log_of_damaged_lines_is_not_copied_at_each_push() {
    let place = tempdir().unwrap();
    let (store, key) = (keeping(place.path(), Retention { events: 4, ..everything() }), key("a"));
    let path = write_log(&store, &key, &[EventId::new(now(), 0)]);
    let mut log = fs::read(&path).unwrap();
    log.extend(b"no event\n".repeat(20));
    fs::write(&path, log).unwrap();
    let file = fs::metadata(&path).unwrap().ino();
    push(&store, &key, "1");
    assert_eq!(fs::metadata(&path).unwrap().ino(), file);
    assert_eq!(all(&store, &key), ["0", "…", "1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_kept_is_the_newest_and_the_rest_is_a_gap(
        events in 1..20_u64,
        bytes in 40..2_000_u64,
        sizes in prop::collection::vec(1..300_usize, 1..60),
    ) {
        let place = tempdir().unwrap();
        let store = keeping(place.path(), Retention { events, bytes, ..everything() });
        let key = key("a");
        let pushed: Vec<String> = sizes.iter().map(|&size| "1".repeat(size)).collect();
        let ids: Vec<EventId> = pushed.iter().map(|json| push(&store, &key, json)).collect();
        let kept = all(&store, &key);
        prop_assert!(!kept.is_empty() && kept.len() as u64 <= events + events / 4);
        prop_assert_eq!(&kept[..], &pushed[pushed.len() - kept.len()..]);
        let dropped = pushed.len() - kept.len();
        for (at, id) in ids.iter().enumerate() {
            let items = store.read(&key, Some(*id), usize::MAX).unwrap();
            let has_gap = matches!(items.first(), Some(Item::Gap(_)));
            prop_assert_eq!(has_gap, at + 1 < dropped);
            prop_assert_eq!(items.len() - usize::from(has_gap), kept.len().min(pushed.len() - at - 1));
        }
    }
}
