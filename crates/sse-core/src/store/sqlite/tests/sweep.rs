use super::*;
use crate::store::sqlite::sweep::{HOUR, KEYS, ROWS};

#[test]
fn an_idle_key_becomes_a_tombstone_and_is_then_covered_by_the_floor() {
    let place = Place::new();
    let ids: Vec<EventId> = ["1", "2"].map(|json| place.push(json)).into();
    place.store.sweep(now() + 29 * DAY).unwrap();
    assert_eq!(place.all(None), ["2"], "the newest stays");
    place.store.sweep(now() + 31 * DAY).unwrap();
    assert_eq!(place.all(None), [""; 0]);
    assert_eq!((place.all(Some(ids[1])), place.all(Some(ids[0]))), (vec![], vec!["…".to_owned()]));
    place.store.sweep(now() + 61 * DAY).unwrap();
    place.sql("UPDATE store SET floor = max(floor, 1)");
    assert_eq!(place.all(Some(ids[1])), ["…"]);
    assert!(place.push("3") > ids[1]);
}

#[test]
fn ids_rise_over_a_key_that_was_removed_and_a_clock_that_stepped_back() {
    let place = Place::new();
    place.push("1");
    let ahead = EventId::new(now() + 400 * DAY, 7);
    place.sql(&format!("UPDATE keys SET last = {}", number(ahead)));
    place.store.sweep(now() + 500 * DAY).unwrap();
    assert!(place.push("2") > ahead);
    assert_eq!(place.all(Some(ahead)), ["…", "2"]);
}

#[test]
fn a_push_sweeps_also_where_readers_opened_all_keys_first() {
    let place = Place::new();
    place.store.reader(&key("a"), Start::Oldest).unwrap();
    assert_eq!(place.number("SELECT swept FROM store"), 0);
    place.push("1");
    assert!(place.number("SELECT swept FROM store").abs_diff(now()) < HOUR);
}

#[test]
fn a_process_asks_for_a_sweep_with_its_first_push_and_then_once_an_hour() {
    let place = Place::new();
    assert!(place.store.asks(now()));
    assert!(!place.store.asks(now() + HOUR / 2));
    assert!(place.store.asks(now() + 2 * HOUR));
    // A clock that stepped back must not put it off.
    assert!(place.store.asks(now()));
}

/// Keys that nobody pushed to for so many days, each with so many events.
fn idle(place: &Place, keys: &[&str], days: u64, events: usize) {
    let last = number(EventId::new(now() - days * DAY, 0));
    for name in keys {
        place.sql(&format!(
            "INSERT INTO keys (key, last, events, bytes, oldest)
             VALUES (CAST('{name}' AS BLOB), {last}, {events}, {events}, {} >> 14);
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {events})
             INSERT INTO events (key, id, before, external, json) SELECT last_insert_rowid(), {last} - i, {last} - i - 1, 0, CAST('1' AS BLOB)
                 FROM n",
            last
        ));
    }
}

/// How many events there are but those of the first key.
fn others(place: &Place) -> u64 {
    place.number("SELECT count(*) FROM events WHERE key <> 1")
}

/// As if the last sweep was the day before yesterday.
fn make_due(place: &Place) {
    place.sql(&format!("UPDATE store SET swept = {}", now() - 2 * DAY));
}

#[test]
fn a_push_does_a_piece_of_a_sweep_and_others_go_on_with_it() {
    for (days, left) in [(31, 0), (29, 3)] {
        let place = Place::new();
        place.push("1");
        idle(&place, &["x", "y", "z"], days, 2 * ROWS);
        make_due(&place);
        let (mut pushes, mut before) = (0, others(&place));
        while before > left {
            // Of another process each time.
            let store = SqliteStore::new(&place.path(), Policy::default());
            store.append(&key("a"), &draft("2")).unwrap();
            assert!(before - others(&place) <= ROWS as u64);
            (pushes, before) = (pushes + 1, others(&place));
            assert!(pushes < 20);
        }
        while !place.store.sweep_a_piece(now()).unwrap() {}
        assert!(pushes >= 6, "{pushes} pushes");
        assert_eq!(before, left, "the newest of each stays for 30 days");
        assert_eq!(place.number("SELECT sum(events) FROM keys WHERE number <> 1"), left);
    }
}

#[test]
fn a_process_that_has_begun_a_sweep_goes_on_with_each_push_and_then_asks_no_more() {
    let place = Place::new();
    idle(&place, &["x"], 31, 2 * ROWS);
    place.push("1");
    while place.store.sweeps.load(Ordering::Relaxed) {
        let before = place.number("SELECT count(*) FROM events");
        place.push("2");
        assert!(before > 0 && place.number("SELECT count(*) FROM events") != before);
    }
    assert_eq!(place.number("SELECT events FROM keys WHERE number = 1"), 0);
    make_due(&place);
    place.push("3");
    assert!(now() - place.number("SELECT swept FROM store") > DAY, "not before an hour has passed");
}

#[test]
fn many_idle_keys_are_removed_in_pieces_with_their_signals_and_covered_by_the_floor() {
    let place = Place::new();
    let signal = |name: &str| {
        let signals = paths::beside(&place.path(), "-signals");
        Directory::new(&signals).file_of(&key(name), "signal")
    };
    place.push("1");
    let last = number(EventId::new(now() - 61 * DAY, 0));
    place.store.reader(&key("5"), Start::Oldest).unwrap();
    assert!(signal("5").exists());
    place.sql(&format!(
        "DELETE FROM keys WHERE number > 1;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO keys (key, last, events, bytes, oldest)
         SELECT CAST(i AS BLOB), {last}, 0, 0, 0 FROM n",
        2 * KEYS
    ));
    let count = || place.number("SELECT count(*) FROM keys");
    let mut pieces = 1;
    while !place.store.sweep_a_piece(now()).unwrap() {
        assert_eq!(count(), (2 * KEYS - pieces * KEYS) as u64 + 2);
        pieces += 1;
    }
    assert_eq!((count(), pieces), (1, 3));
    assert_eq!(place.number("SELECT floor FROM store"), last.cast_unsigned());
    assert_eq!((signal("a").exists(), signal("5").exists()), (true, false));
}

#[test]
fn a_key_that_is_pushed_to_while_it_is_swept_keeps_what_is_new() {
    let place = Place::new();
    idle(&place, &["a"], 31, ROWS + 2);
    assert!(!place.store.sweep_a_piece(now()).unwrap());
    let other = SqliteStore::new(&place.path(), Policy::default());
    other.asks(now());
    other.append(&key("a"), &draft("\"new\"")).unwrap();
    while !place.store.sweep_a_piece(now()).unwrap() {}
    assert_eq!(place.all(None).last().unwrap(), "\"new\"");
    assert!(place.number("SELECT events FROM keys") > 0);
}

#[test]
fn events_of_a_clock_that_was_ahead_count_from_the_sweep_that_notices_them() {
    let place = Place::new();
    let ahead = place.push_ahead("1");
    place.store.sweep(now()).unwrap();
    assert!(place.number("SELECT oldest FROM keys") <= now());
    let items = place.store.read(&key("a"), None, 9).unwrap();
    assert!(matches!(&items[..], [Item::Event(event)] if event.id == ahead && event.stored_millis <= now()));
}
