//! The table of behaviours: issue by issue, what must hold for every engine.

mod conditions;
mod gaps;
mod newest;

pub use self::conditions::*;
pub use self::gaps::*;
pub use self::newest::*;

use std::sync::Arc;
use std::time::Duration;

use sse_core::Error;
use sse_core::error::Kind;
use sse_core::event::{Draft, EventName};
use sse_core::feed::Feed;
use sse_core::id::EventId;
use sse_core::key::Keys;
use sse_core::retention::Retention;
use sse_core::signal::{self, Changes, Choice, Signal};
use sse_core::store::{Item, Start, Store};
use sse_core::stream::request::Replay;

use crate::client::{Client, Sent};
use crate::crowd::Crowd;
use crate::place::{Place, open, with};
use crate::support::{Process, draft, key, role, set, wait};

pub fn push(store: &Arc<dyn Store>, name: &str, json: &str) -> EventId {
    store.append(&key(name), &draft(json)).unwrap()
}

pub fn push_all(store: &Arc<dyn Store>, name: &str, numbers: std::ops::Range<u32>) -> Vec<EventId> {
    numbers.map(|number| push(store, name, &number.to_string())).collect()
}

/// All that a key has; a gap is `…`.
pub fn all(store: &Arc<dyn Store>, name: &str, after: Option<EventId>) -> Vec<String> {
    told(store.read(&key(name), after, usize::MAX).unwrap())
}

fn told(items: Vec<Item>) -> Vec<String> {
    let one = |item: Item| match item {
        Item::Event(event) => String::from_utf8(event.draft.json).unwrap(),
        Item::Gap(_) => "…".into(),
    };
    items.into_iter().map(one).collect()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

pub fn ids_rise_and_events_come_in_order(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..300);
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(all(&store, "a", None), numbers(0..300));
    assert_eq!(all(&store, "a", Some(ids[100])), numbers(101..300));
}

pub fn a_push_answers_the_id_that_readers_see(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..3);
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(client.next(), Sent::Event(number.to_string(), *id));
    }
    assert_eq!(client.try_next(), None);
}

pub fn a_reader_that_stopped_at_its_limit_finds_what_came_since(place: &Place) {
    let store = place.store();
    push(&store, "a", "1");
    let mut reader = store.reader(&key("a"), Start::Oldest).unwrap().reader;
    assert_eq!(reader.read(1).unwrap().len(), 1);
    push(&store, "a", "2");
    assert_eq!(reader.read(1).unwrap().len(), 1);
}

pub fn a_client_resumes_behind_its_cursor(place: &Place) {
    let store = place.store();
    push_all(&store, "a", 0..5);
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(client.take(2), ["0", "1"]);
    let cursor = client.cursor();
    drop(client);
    push_all(&store, "a", 5..7);
    // Another process would have another store.
    let store = place.store();
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::Newest(1));
    assert_eq!(client.all(), numbers(2..7));
    let now = Feed::now(&*store, &Keys::new(vec![key("a")]).unwrap()).unwrap();
    assert_eq!(Client::connect(&store, &["a"], Some(&now), Replay::All).all(), [""; 0]);
}

pub fn a_client_resumes_behind_a_bare_id(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..5);
    let id = ids[2].to_string();
    assert_eq!(Client::connect(&store, &["a"], Some(&id), Replay::None).all(), ["3", "4"]);
    // Never given out here: no id of ours.
    let later = format!("{}-0", ids[4].millis + 1_000_000);
    assert_eq!(Client::connect(&store, &["a"], Some(&later), Replay::Newest(1)).all(), ["4"]);
}

pub fn a_client_without_a_cursor_gets_the_latest_event(place: &Place) {
    let store = place.store();
    push_all(&store, "a", 0..5);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::Newest(1)).all(), ["4"]);
    assert_eq!(Client::connect(&store, &["a"], Some("nonsense"), Replay::Newest(1)).all(), ["4"]);
}

pub fn replay_gives_as_many_events_as_asked_for(place: &Place) {
    let store = place.store();
    push_all(&store, "a", 0..5);
    for (replay, expected) in [
        (Replay::None, 5..5),
        (Replay::Newest(0), 5..5),
        (Replay::Newest(2), 3..5),
        (Replay::Newest(5), 0..5),
        (Replay::Newest(u64::MAX), 0..5),
        (Replay::All, 0..5),
    ] {
        assert_eq!(Client::connect(&store, &["a"], None, replay).all(), numbers(expected), "{replay:?}");
    }
}

pub fn what_comes_first_to_a_new_key_is_no_gap(place: &Place) {
    let store = place.store();
    for replay in [Replay::None, Replay::Newest(1), Replay::All] {
        let name = format!("{replay:?}");
        let mut client = Client::connect(&store, &[&name], None, replay);
        assert_eq!(client.all(), [""; 0]);
        let cursor = client.cursor();
        push(&store, &name, "1");
        assert_eq!(client.take(1), ["1"]);
        assert_eq!(Client::connect(&store, &[&name], Some(&cursor), replay).all(), ["1"]);
    }
}

pub fn reading_a_key_nobody_pushed_to_gives_nothing(place: &Place) {
    let store = place.store();
    assert_eq!(all(&store, "a", None), [""; 0]);
    assert_eq!(all(&store, "a", Some(EventId::new(1, 0))), ["…"]);
    push(&store, "a", "1");
    assert_eq!(all(&store, "a", None), ["1"]);
}

pub fn retention_bounds_events(place: &Place) {
    let store = open(&place.dsn(), 100);
    push_all(&store, "a", 0..1_000);
    let kept = all(&store, "a", None);
    assert!((100..=126).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept, numbers(1_000 - u32::try_from(kept.len()).unwrap()..1_000));
    let one = open(&place.dsn(), 1);
    push_all(&one, "a", 0..3);
    assert_eq!(all(&store, "a", None), ["2"]);
}

pub fn retention_bounds_bytes_but_keeps_the_newest(place: &Place) {
    let store = with(&place.dsn(), Retention { bytes: 10_000, ..Retention::default() });
    let large = format!("\"{}\"", "x".repeat(998));
    for _ in 0..100 {
        push(&store, "a", &large);
    }
    let kept = all(&store, "a", None).len();
    assert!((8..=13).contains(&kept), "{kept}");
    let huge = format!("\"{}\"", "x".repeat(100_000));
    push(&store, "a", &huge);
    push(&store, "a", &huge);
    assert_eq!(all(&store, "a", None), [huge]);
}

pub fn retention_bounds_age(place: &Place) {
    let store = with(&place.dsn(), Retention { age: Duration::from_millis(200), ..Retention::default() });
    push_all(&store, "a", 0..3);
    // By the clock: there is no other way to become old.
    std::thread::sleep(Duration::from_millis(400));
    push(&store, "a", "3");
    push(&store, "a", "4");
    let kept = all(&store, "a", None);
    assert_eq!(kept, ["3", "4"]);
}

pub fn keys_are_kept_apart(place: &Place) {
    let store = place.store();
    let long = "k".repeat(1_024);
    let longer = format!("{}l", "k".repeat(1_023));
    let names = [
        "a b", "a_b", "a  b", " a b", "a b ", "a\tb", "a\nb", "A B", "Ä", "ä", "a\u{308}", "a/b", "a\\b",
        "a:b", "a.b", "..", "a{b}c", "}a{", "{}", "a*", "a?b", "a%20b", "a+b", "a'b", "a\"b", "%", "_",
        "\u{1}", "日本", &long, &longer,
    ];
    for (number, name) in names.iter().enumerate() {
        push(&store, name, &number.to_string());
    }
    for (number, name) in names.iter().enumerate() {
        assert_eq!(all(&store, name, None), [number.to_string()], "{name:?}");
    }
    for bytes in [&b"\xff"[..], b"\xfe", b"\xff\xfe"] {
        let key = sse_core::key::Key::new(bytes).unwrap();
        store.append(&key, &draft("1")).unwrap();
        assert_eq!(store.read(&key, None, 9).unwrap().len(), 1);
    }
}

pub fn stores_are_kept_apart(place: &Place) {
    let (one, two) = (place.store(), open(&place.other_dsn(), 1_000));
    let mut client = Client::connect(&two, &["a"], None, Replay::All);
    push(&one, "a", "1");
    assert_eq!(all(&two, "a", None), [""; 0]);
    push(&two, "a", "2");
    assert_eq!(client.take(1), ["2"]);
    assert_eq!(all(&one, "a", None), ["1"]);
    // A cursor of one is none of the other's.
    let cursor = client.cursor();
    assert_eq!(Client::connect(&one, &["a"], Some(&cursor), Replay::None).take(2), ["…", "1"]);
}

pub fn payloads_come_back_byte_for_byte(place: &Place) {
    let store = place.store();
    let name = |text: &str| Some(EventName::new(text.as_bytes()).unwrap());
    let drafts = [
        draft("null"),
        draft("0"),
        draft("[]"),
        draft("{}"),
        draft("\"\""),
        draft(r#""a\/\u00e9\n\u2028 \"\\""#),
        draft("1.0e-10"),
        draft("\"é日本\u{2028}\""),
        draft(r#"{"event":"toast","a":1}"#),
        draft(r#"{"a":1,"event":"na\u00efve %,+="}"#),
        draft(r#"{"event":""}"#),
        Draft::new(b"{\"event\":\"a\"}".to_vec(), name("explicit, n=1 % \u{1}")).unwrap(),
        Draft::external(b"{\"ref\":7}".to_vec(), None),
        Draft::external(b"1".to_vec(), name("é")),
    ];
    for draft in &drafts {
        store.append(&key("a"), draft).unwrap();
    }
    let read: Vec<Draft> = store
        .read(&key("a"), None, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|item| match item {
            Item::Event(event) => event.draft,
            Item::Gap(gap) => panic!("{gap:?}"),
        })
        .collect();
    assert_eq!(read, drafts);
}

pub fn names_that_an_earlier_version_took_come_back(place: &Place) {
    let store = place.store();
    let names = ["error", "open", "connected", "sse-gap"];
    for name in names {
        assert!(EventName::new(name.as_bytes()).is_err());
        let name = Some(EventName::stored(name.as_bytes()).unwrap());
        store.append(&key("a"), &Draft::new(b"1".to_vec(), name).unwrap()).unwrap();
    }
    let read = store.read(&key("a"), None, usize::MAX).unwrap();
    let read: Vec<_> = read
        .iter()
        .map(|item| match item {
            Item::Event(event) => event.draft.name.as_ref().map(EventName::as_str),
            Item::Gap(gap) => panic!("{gap:?}"),
        })
        .collect();
    assert_eq!(read, names.map(Some));
}

pub fn large_payloads_come_back_whole(place: &Place) {
    let store = place.store();
    let payloads: Vec<String> =
        [1, 4_096, 65_536, 1_000_000].map(|size| format!("\"{}\"", "é".repeat(size / 2))).into();
    for payload in &payloads {
        push(&store, "a", payload);
    }
    assert!(all(&store, "a", None) == payloads);
    assert!(Client::connect(&store, &["a"], None, Replay::All).all() == payloads);
}

pub fn a_payload_over_the_limit_is_refused_and_wakes_nobody(place: &Place) {
    let store = place.store();
    push(&store, "a", "1");
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    let opened = store.reader(&key("a"), Start::Newest(0)).unwrap();
    signal.watch(opened.reader.trigger()).unwrap();
    settle(signal.as_mut());
    let huge = draft(&format!("\"{}\"", "x".repeat(1 << 20)));
    let error = store.append(&key("a"), &huge).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Argument);
    assert_quiet(signal.as_mut());
    assert_eq!(all(&store, "a", None), ["1"]);
}

pub fn a_store_that_fails_says_so_and_wakes_nobody(place: &Place) {
    let store = place.store();
    push(&store, "a", "1");
    place.break_it();
    let error = store.append(&key("a"), &draft("2")).unwrap_err();
    assert_eq!(error.kind(), Kind::Store, "{error}");
    assert!(store.check().is_err());
    assert!(store.reader(&key("a"), Start::Oldest).is_err());
}

/// Waits for the wake-up that a new watch may begin with.
pub fn settle(signal: &mut dyn Signal) {
    while !matches!(signal.changes(), Changes::Some(changed) if changed.is_empty()) {}
    wait(signal, Duration::from_millis(300));
    signal.changes();
}

/// Nothing is due: whatever comes in the next moment would have come for the push just made.
fn assert_quiet(signal: &mut dyn Signal) {
    wait(signal, Duration::from_millis(100));
    assert_eq!(signal.changes(), Changes::Some(Vec::new()));
}

pub fn a_push_from_another_process_wakes(place: &Place) {
    let store = place.store();
    let mut client = Client::connect(&store, &["one"], None, Replay::None);
    assert_eq!(client.try_next(), None);
    let mut command = role("pusher");
    set(&mut command, "DSN", place.dsn());
    set(&mut command, "OUT", place.path().join("pushed").display());
    set(&mut command, "KEYS", 1);
    set(&mut command, "NAME", 0);
    set(&mut command, "COUNT", 3);
    set(&mut command, "LARGEST", 10);
    set(&mut command, "SEED", 1);
    Process::start(&mut command).finish();
    for n in 0..3 {
        let Sent::Event(json, _) = client.next() else { panic!("a gap") };
        assert!(json.contains(&format!("\"n\":{n},")), "{json}");
    }
}

pub fn a_push_to_another_key_does_not_wake(place: &Place) {
    let store = place.store();
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    let opened = store.reader(&key("a"), Start::Newest(0)).unwrap();
    signal.watch(opened.reader.trigger()).unwrap();
    settle(signal.as_mut());
    push(&store, "b", "1");
    assert_quiet(signal.as_mut());
}

pub fn several_keys_come_as_one_stream(place: &Place) {
    let store = place.store();
    let mut client = Client::connect(&store, &["a", "b", "c"], None, Replay::None);
    for round in 0..20 {
        for name in ["b", "a", "c"] {
            push(&store, name, &format!("\"{name}{round}\""));
            assert_eq!(client.take(1), [format!("\"{name}{round}\"")]);
        }
    }
    let cursor = client.cursor();
    push(&store, "c", "1");
    push(&store, "a", "2");
    let mut client = Client::connect(&store, &["c", "b", "a"], Some(&cursor), Replay::None);
    let mut got = client.all();
    got.sort();
    assert_eq!(got, ["1", "2"]);
}

pub fn failures_are_counted(place: &Place) {
    let store = place.store();
    let ids = push_all(&store, "a", 0..2);
    assert_eq!(store.failures(&key("a")).len(), 0);
    assert_eq!(store.record_failure(&key("a"), ids[0]).unwrap(), 1);
    assert_eq!(store.record_failure(&key("a"), ids[0]).unwrap(), 2);
    assert_eq!(store.record_failure(&key("a"), ids[1]).unwrap(), 1);
    let failures = place.store().failures(&key("a"));
    assert_eq!(failures.into_iter().collect::<Vec<_>>(), [(ids[0], 2), (ids[1], 1)]);
    assert_eq!(store.failures(&key("b")).len(), 0);
    for number in 0..150 {
        store.record_failure(&key("a"), EventId::new(1_000_000_000_000, number)).unwrap();
    }
    assert!(store.failures(&key("a")).len() <= 102);
}

pub fn places_for_streams_are_counted(place: &Place) {
    let store = place.store();
    let first = store.take_slot(2).unwrap();
    let second = place.store().take_slot(2).unwrap();
    assert!(first.is_some() && second.is_some());
    assert!(store.take_slot(2).unwrap().is_none());
    drop(first);
    assert!(store.take_slot(2).unwrap().is_some());
}

pub fn eight_pushers_and_three_readers_lose_nothing(place: &Place) {
    let mut crowd = Crowd::gather(place);
    let pushers: Vec<Process> = (0..8).map(|_| crowd.pusher(400, 200)).collect();
    pushers.into_iter().for_each(Process::finish);
    crowd.disperse(8 * 400);
}

pub fn killed_pushers_lose_nothing_that_was_answered(place: &Place) {
    let mut crowd = Crowd::gather(place);
    for _ in 0..12 {
        let pusher = crowd.pusher(1_000_000, 2_000);
        crowd.wait_for_a_push();
        pusher.kill();
    }
    let pusher = crowd.pusher(50, 200);
    pusher.finish();
    crowd.disperse(50);
    place.check();
}
