//! What can't be had any more is told, once.

use sse_core::stream::request::Replay;

use super::{all, numbers, push, push_all};
use crate::client::{Client, Sent};
use crate::place::{Place, open};

pub fn a_gap_is_told_after_retention(place: &Place) {
    let store = open(&place.dsn(), 10);
    let ids = push_all(&store, "a", 0..3);
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    client.take(2);
    let cursor = client.cursor();
    drop(client);
    let last = push_all(&store, "a", 3..100);
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
    let Sent::Gap(gap) = client.next() else { panic!("no gap") };
    assert_eq!(gap.from, ids[1]);
    let rest = client.all();
    assert!((10..=13).contains(&rest.len()), "{rest:?}");
    assert_eq!(rest, numbers(100 - u32::try_from(rest.len()).unwrap()..100));
    // Who had all that was dropped misses nothing.
    assert_eq!(gap.to, last[97 - rest.len() - 1]);
    assert_eq!(all(&store, "a", Some(gap.to)), rest);
}

pub fn a_gap_is_told_while_a_stream_waits(place: &Place) {
    let store = open(&place.dsn(), 10);
    push(&store, "a", "0");
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(client.take(1), ["0"]);
    let other = open(&place.dsn(), 10);
    push_all(&other, "a", 1..100);
    // A reader of files goes on in the file it has open; what it then misses is told.
    let mut got = Vec::new();
    while got.last().is_none_or(|last| last != "99") {
        got.extend(client.take(1));
    }
    let expected: Vec<String> = numbers(1..100).into_iter().filter(|number| got.contains(number)).collect();
    let events: Vec<String> = got.iter().filter(|told| *told != "…").cloned().collect();
    assert_eq!(events, expected);
    assert!(events.len() == 99 || got.contains(&"…".to_owned()), "{got:?}");
}

pub fn a_gap_is_told_once_the_store_was_emptied(place: &Place) {
    for way in 0..place.ways_to_empty() {
        let store = place.store();
        push_all(&store, "a", 0..3);
        let mut client = Client::connect(&store, &["a"], None, Replay::All);
        client.take(2);
        let cursor = client.cursor();
        drop(client);
        place.empty(way);
        let store = place.store();
        assert_eq!(Client::connect(&store, &["a"], Some(&cursor), Replay::None).take(1), ["…"], "{way}");
        let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
        assert_eq!(client.take(1), ["…"], "{way}");
        let after = client.cursor();
        push(&store, "a", "3");
        assert_eq!(client.take(1), ["3"], "{way}");
        // Told once.
        assert_eq!(Client::connect(&store, &["a"], Some(&after), Replay::None).all(), ["3"], "{way}");
        place.empty(0);
    }
}

pub fn a_stream_goes_on_once_the_store_was_emptied(place: &Place) {
    for way in 0..place.ways_to_empty() {
        let store = place.store();
        push_all(&store, "a", 0..3);
        let mut client = Client::connect(&store, &["a"], None, Replay::All);
        client.take(2);
        place.empty(way);
        let other = place.store();
        push(&other, "a", "3");
        let mut got = client.take(1);
        while got.last().is_none_or(|last| last != "3") {
            got.extend(client.take(1));
        }
        // A reader of files may have 2 still, from the file it has open.
        assert!(got.contains(&"2".to_owned()) || got.contains(&"…".to_owned()), "{way}: {got:?}");
        push(&store, "a", "4");
        assert_eq!(client.take(1), ["4"], "{way}");
        drop(client);
        place.empty(0);
    }
}

pub fn a_gap_is_told_once_an_earlier_state_was_put_back_and_pushed_to(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..3);
    let mut had_all = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(had_all.take(1), ["0"]);
    let had_what_was_kept = had_all.cursor();
    assert_eq!(had_all.take(1), ["1"]);
    let had_more = had_all.cursor();
    assert_eq!(had_all.take(1), ["2"]);
    place.put_back("a", ids[0]);
    push(&place.store(), "a", "3");
    assert_eq!(had_all.take(2), ["…", "3"]);
    let connect = |cursor: &str| Client::connect(&store, &["a"], Some(cursor), Replay::None);
    let mut client = connect(&had_more);
    assert_eq!(client.take(1), ["…"]);
    let told = client.cursor();
    assert_eq!(client.all(), ["3"]);
    assert_eq!(all(&store, "a", Some(ids[1])), ["…", "3"]);
    // Told once, and to nobody who misses nothing.
    assert_eq!(connect(&told).all(), ["3"]);
    assert_eq!(connect(&client.cursor()).all(), [""; 0]);
    assert_eq!(connect(&had_what_was_kept).all(), ["3"]);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::Newest(1)).all(), ["3"]);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::All).all(), ["0", "3"]);
}
