//! What a key has, read from its end.

use std::sync::Arc;

use sse_core::id::EventId;
use sse_core::store::{Item, Store};

use super::{all, numbers, push, push_all, told};
use crate::place::{Place, open};
use crate::support::key;

fn newest(store: &Arc<dyn Store>, after: Option<EventId>, count: usize) -> Vec<String> {
    told(store.read_newest(&key("a"), after, count).unwrap())
}

pub fn the_newest_events_come_oldest_first(place: &Place) {
    let store = place.store();
    assert_eq!(newest(&store, None, 2), [""; 0]);
    assert_eq!(newest(&store, Some(EventId::new(1, 0)), 2), ["…"]);
    push_all(&store, "a", 0..500);
    assert_eq!(newest(&store, None, 1), ["499"]);
    assert_eq!(newest(&store, None, 150), numbers(350..500));
    assert_eq!(newest(&store, None, 500), numbers(0..500));
    assert_eq!(newest(&store, None, usize::MAX), numbers(0..500));
    // One that is larger than what is read at a time.
    let large = format!("\"{}\"", "x".repeat(300_000));
    push(&store, "a", &large);
    push(&store, "a", "\"last\"");
    assert!(newest(&store, None, 3) == ["499", &large, "\"last\""]);
    assert!(newest(&store, None, 2) == [&large, "\"last\""]);
}

pub fn the_newest_events_behind_an_id(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..500);
    assert_eq!(newest(&store, Some(ids[100]), 3), numbers(497..500));
    assert_eq!(newest(&store, Some(ids[496]), 3), numbers(497..500));
    assert_eq!(newest(&store, Some(ids[497]), 3), numbers(498..500));
    assert_eq!(newest(&store, Some(ids[100]), 1_000), numbers(101..500));
    assert_eq!(newest(&store, Some(ids[499]), 3), [""; 0]);
    assert_eq!(newest(&store, Some(EventId::ZERO), 2), numbers(498..500));
}

pub fn a_gap_before_the_newest_events_is_told_if_they_are_all(place: &Place) {
    let store = open(&place.dsn(), 10);
    let ids = push_all(&store, "a", 0..100);
    let kept = all(&store, "a", None);
    // What retention dropped is none of it, and neither is what wasn't asked for.
    assert_eq!(newest(&store, None, 1_000), kept);
    assert_eq!(newest(&store, Some(ids[1]), 2), ["98", "99"]);
    let whole = newest(&store, Some(ids[1]), kept.len());
    assert_eq!(whole, [&["…".to_owned()], &kept[..]].concat());
    let items = store.read_newest(&key("a"), Some(ids[1]), 1_000).unwrap();
    assert_eq!(items, store.read(&key("a"), Some(ids[1]), 1_000).unwrap());
    let Some(Item::Gap(gap)) = items.first() else { panic!("no gap") };
    assert_eq!((gap.from, gap.to), (ids[1], ids[99 - kept.len()]));
    // Of a store that had more, or another one.
    let beyond = EventId::new(ids[99].millis + 1_000_000, 0);
    assert_eq!(newest(&store, Some(beyond), 2), ["98", "99"]);
    assert_eq!(newest(&store, Some(beyond), 1_000)[0], "…");
}
