//! Events that are stored only if nothing was stored since another one.

use std::sync::Arc;
use std::time::Duration;

use sse_core::id::EventId;
use sse_core::signal::{self, Choice};
use sse_core::store::{Item, Start, Store};

use super::{all, assert_quiet, numbers, push, push_all, settle};
use crate::place::{Place, open};
use crate::support::{PATIENCE, Process, draft, key, number, role, set, variable};

fn push_after(store: &Arc<dyn Store>, json: &str, after: EventId) -> Option<EventId> {
    store.append_after(&key("a"), &draft(json), after).unwrap()
}

pub fn an_event_is_stored_behind_the_one_that_was_last(place: &Place) {
    let store = place.store();
    let first = push(&store, "a", "0");
    let second = push_after(&store, "1", first).unwrap();
    // Another process would have another store.
    let third = push_after(&place.store(), "2", second).unwrap();
    push(&store, "b", "\"of another key\"");
    let fourth = push_after(&store, "3", third).unwrap();
    assert!([first, second, third, fourth].is_sorted_by(|a, b| a < b));
    assert_eq!(all(&store, "a", None), numbers(0..4));
    assert_eq!(all(&store, "a", Some(third)), ["3"]);
}

pub fn an_event_is_not_stored_once_another_came(place: &Place) {
    let store = place.store();
    let first = push(&store, "a", "0");
    push(&place.store(), "a", "1");
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    let opened = store.reader(&key("a"), Start::Newest(0)).unwrap();
    signal.watch(opened.reader.trigger()).unwrap();
    settle(signal.as_mut());
    assert_eq!(push_after(&store, "2", first), None);
    assert_quiet(signal.as_mut());
    assert_eq!(all(&store, "a", None), ["0", "1"]);
}

pub fn an_event_is_not_stored_behind_an_id_that_never_was_last(place: &Place) {
    let store = place.store();
    let last = push(&store, "a", "0");
    for other in [last.before(), last.next(0), EventId::new(last.millis + 1_000_000, 0)] {
        assert_eq!(push_after(&store, "1", other), None, "{other}");
    }
    assert_eq!(store.append_after(&key("new"), &draft("1"), last).unwrap(), None);
    assert_eq!(all(&store, "a", None), ["0"]);
    assert_eq!(all(&store, "new", None), [""; 0]);
}

pub fn a_key_takes_its_first_event_only_if_it_has_none(place: &Place) {
    let store = place.store();
    assert!(push_after(&store, "0", EventId::ZERO).is_some());
    assert_eq!(push_after(&store, "1", EventId::ZERO), None);
    assert_eq!(all(&store, "a", None), ["0"]);
    // That somebody listens is no event.
    store.reader(&key("b"), Start::Newest(0)).unwrap();
    assert!(store.append_after(&key("b"), &draft("0"), EventId::ZERO).unwrap().is_some());
    assert_eq!(store.append_after(&key("b"), &draft("1"), EventId::ZERO).unwrap(), None);
}

pub fn an_event_is_stored_behind_one_that_retention_dropped(place: &Place) {
    for by_id in [true, false] {
        let store = place.store();
        let last = *push_all(&store, "a", 0..3).last().unwrap();
        place.drop_events("a");
        let store = place.store();
        assert_eq!(all(&store, "a", None), [""; 0]);
        assert_eq!(push_after(&store, "3", last.before()), None);
        let after = if by_id { last } else { EventId::ZERO };
        assert!(push_after(&store, "4", after).unwrap() > last);
        assert_eq!(all(&store, "a", Some(last)), ["4"]);
        assert_eq!(push_after(&store, "5", EventId::ZERO), None);
    }
}

pub fn a_condition_outlives_the_store_that_was_emptied(place: &Place) {
    for way in 0..place.ways_to_empty() {
        let store = place.store();
        push_all(&store, "a", 0..3);
        place.empty(way);
        assert!(push_after(&store, "3", EventId::ZERO).is_some(), "{way}");
        assert_eq!(push_after(&store, "4", EventId::ZERO), None, "{way}");
        assert_eq!(all(&place.store(), "a", None), ["3"], "{way}");
        place.empty(0);
    }
}

pub fn of_rivals_that_store_behind_the_newest_one_wins(place: &Place) {
    const RIVALS: u64 = 4;
    const EACH: u64 = 40;
    let rivals: Vec<Process> = (0..RIVALS)
        .map(|_| {
            let mut command = role("rival");
            set(&mut command, "DSN", place.dsn());
            set(&mut command, "COUNT", EACH);
            Process::start(&mut command)
        })
        .collect();
    rivals.into_iter().for_each(Process::finish);
    let total = u32::try_from(RIVALS * EACH).unwrap();
    assert_eq!(all(&place.store(), "a", None), numbers(1..total + 1));
}

/// The role of who counts on from the newest event, so many times, whoever else does.
pub fn rival() {
    let store = open(&variable("DSN"), 1_000);
    let began = std::time::Instant::now();
    let mut left = number("COUNT");
    while left > 0 {
        assert!(began.elapsed() < PATIENCE, "{left} are left");
        let newest = store.read_newest(&key("a"), None, 1).unwrap().pop();
        let (id, reached) = match newest {
            Some(Item::Event(event)) => {
                (event.id, String::from_utf8(event.draft.json).unwrap().parse().unwrap())
            }
            None => (EventId::ZERO, 0_u64),
            Some(Item::Gap(gap)) => panic!("{gap:?}"),
        };
        match push_after(&store, &(reached + 1).to_string(), id) {
            Some(_) => left -= 1,
            // Lets the one that won go on.
            None => std::thread::sleep(Duration::from_micros(100)),
        }
    }
}
