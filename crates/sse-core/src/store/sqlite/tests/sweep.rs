use super::*;
use crate::store::sqlite::sweep::{HOUR, ROWS};

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

#[test]
fn a_sweep_of_many_events_is_done_in_pieces_that_others_push_between() {
    for (days, left) in [(31, 0), (29, 3)] {
        let place = Place::new();
        let other = SqliteStore::new(&place.path(), Settings::default());
        place.push("1");
        idle(&place, &["x", "y", "z"], days, 2 * ROWS);
        let Shared { database, signals } = &*place.store.shared;
        let count = || place.number("SELECT count(*) FROM events WHERE key <> 1");
        let mut sweep = database
            .with(signals, |connection| Sweep::find(connection, &Settings::default().retention, now()))
            .unwrap();
        let (mut pieces, mut before) = (0, count());
        while !sweep.is_through() {
            database.write(signals, |transaction| sweep.piece(transaction)).unwrap();
            other.append(&key("a"), &draft("2")).unwrap();
            assert!(before - count() <= ROWS as u64);
            (pieces, before) = (pieces + 1, count());
        }
        assert!(sweep.is_done() && pieces >= 6, "{pieces} pieces");
        assert_eq!(count(), left, "the newest of each stays for 30 days");
        assert_eq!(place.number("SELECT sum(events) FROM keys WHERE number <> 1"), left);
    }
}

#[test]
fn many_idle_keys_are_removed_in_pieces_and_covered_by_the_floor() {
    let place = Place::new();
    place.push("1");
    let last = number(EventId::new(now() - 61 * DAY, 0));
    place.sql(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO keys (key, last, events, bytes, oldest)
         SELECT CAST(i AS BLOB), {last}, 0, 0, 0 FROM n",
        2 * ROWS
    ));
    let count = || place.number("SELECT count(*) FROM keys");
    place.store.sweep_pieces(now(), 1).unwrap();
    assert!((ROWS as u64..=ROWS as u64 + 2).contains(&count()), "{}", count());
    assert_eq!(place.number("SELECT floor FROM store"), last.cast_unsigned());
    // What is left is due in an hour.
    let due = place.number("SELECT swept FROM store") + DAY;
    assert!(due > now() && due <= now() + HOUR);
    place.store.sweep(now()).unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn a_key_that_is_pushed_to_while_it_is_swept_keeps_what_is_new() {
    let place = Place::new();
    idle(&place, &["a"], 31, ROWS + 2);
    let Shared { database, signals } = &*place.store.shared;
    let mut sweep = database
        .with(signals, |connection| Sweep::find(connection, &Settings::default().retention, now()))
        .unwrap();
    database.write(signals, |transaction| sweep.piece(transaction)).unwrap();
    place.push("\"new\"");
    while !sweep.is_through() {
        database.write(signals, |transaction| sweep.piece(transaction)).unwrap();
    }
    assert_eq!(place.all(None).last().unwrap(), "\"new\"");
    assert!(place.number("SELECT events FROM keys") > 0);
}
