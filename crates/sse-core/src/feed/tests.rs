mod live;
mod lost;
mod model;

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::signal::Poll;
use crate::store::file::FileStore;
use crate::testing::*;

/// A client: it keeps what it was sent and the cursor of the last frame, as a browser does.
struct Client {
    feed: Feed,
    signal: Box<dyn Signal>,
    cursor: String,
}

impl Client {
    fn connect(store: &Arc<FileStore>, names: &[&str], cursor: Option<&str>, replay: Replay) -> Self {
        Self::connect_by(Box::new(Poll::new()), store, names, cursor, replay)
    }

    fn connect_by(
        mut signal: Box<dyn Signal>,
        store: &Arc<FileStore>,
        names: &[&str],
        cursor: Option<&str>,
        replay: Replay,
    ) -> Self {
        let keys = keys(names);
        let feed =
            Feed::open(store.clone(), keys, cursor.map(str::as_bytes), replay, signal.as_mut()).unwrap();
        let cursor = feed.cursor();
        Self { feed, signal, cursor }
    }

    /// The next frame, if there is one: `key=json`, or `… key key`.
    fn frame(&mut self) -> Option<String> {
        let delivery = self.feed.next(self.signal.as_mut()).unwrap()?;
        self.cursor = delivery.cursor;
        let name = |key: &Key| key.to_string().replace('"', "");
        Some(match delivery.content {
            Content::Event(key, event) => {
                format!("{}={}", name(&key), String::from_utf8(event.draft.json).unwrap())
            }
            Content::Gap(keys, _) => format!("… {}", keys.iter().map(name).collect::<Vec<_>>().join(" ")),
        })
    }

    /// All frames there are now.
    fn frames(&mut self) -> Vec<String> {
        self.feed.wake(&Changes::All);
        std::iter::from_fn(|| self.frame()).collect()
    }

    /// The connection is cut; what the client sends when it comes back.
    fn cut(mut self) -> String {
        self.feed.close(self.signal.as_mut());
        self.cursor
    }
}

/// What a client gets that connects now and leaves, and the cursor it leaves with.
fn visit(
    store: &Arc<FileStore>,
    names: &[&str],
    cursor: Option<&str>,
    replay: Replay,
) -> (Vec<String>, String) {
    let mut client = Client::connect(store, names, cursor, replay);
    let frames = client.frames();
    (frames, client.cut())
}

fn three(store: &FileStore) {
    push_all(store, &key("a"), 0..3);
}

#[test]
fn a_client_without_a_cursor_gets_what_replay_says() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    let replays = [
        (Replay::None, &[][..]),
        (Replay::Newest(1), &["a=2"]),
        (Replay::Newest(2), &["a=1", "a=2"]),
        (Replay::Newest(9), &["a=0", "a=1", "a=2"]),
        (Replay::All, &["a=0", "a=1", "a=2"]),
    ];
    for (replay, expected) in replays {
        let mut client = Client::connect(&store, &["a"], None, replay);
        assert_eq!(client.frames(), expected, "{replay:?}");
        push(&store, &key("a"), "\"new\"");
        assert_eq!(client.frames(), ["a=\"new\""], "{replay:?}");
        client.cut();
        fs::remove_file(store.directory().log(&key("a"))).unwrap();
        three(&store);
    }
}

#[test]
fn a_key_nobody_pushed_to_has_nothing_until_somebody_does() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(client.frames(), [""; 0]);
    three(&store);
    assert_eq!(client.frames(), ["a=0", "a=1", "a=2"]);
}

#[test]
fn a_client_that_is_cut_after_any_frame_gets_each_event_once() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let (mut cursor, mut got) = (visit(&store, &["a", "b"], None, Replay::None).1, Vec::new());
    for number in 0..30 {
        push(&store, &key(if number % 3 == 0 { "b" } else { "a" }), &number.to_string());
    }
    loop {
        let mut client = Client::connect(&store, &["a", "b"], Some(&cursor), Replay::None);
        let frame = client.frame();
        cursor = client.cut();
        match frame {
            Some(frame) => got.push(frame),
            None => break,
        }
    }
    assert_eq!(got.len(), 30);
    for name in ["a", "b"] {
        let of_key: Vec<&String> = got.iter().filter(|frame| frame.starts_with(name)).collect();
        let numbers = (0..30).filter(|number| (number % 3 == 0) == (name == "b"));
        let expected: Vec<String> = numbers.map(|number| format!("{name}={number}")).collect();
        assert_eq!(of_key, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_first_cursor_stands_before_the_first_event_to_be_replayed() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    for (replay, expected) in [(Replay::All, 3), (Replay::Newest(2), 2), (Replay::None, 0)] {
        let connected = Client::connect(&store, &["a"], None, replay).cut();
        assert_eq!(visit(&store, &["a"], Some(&connected), Replay::None).0.len(), expected, "{replay:?}");
    }
}

#[test]
fn a_cursor_covers_all_that_was_delivered_and_nothing_after() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    client.frame();
    client.frame();
    assert_eq!(visit(&store, &["a"], Some(&client.cursor), Replay::All).0, ["a=2"]);
}

#[test]
fn now_is_behind_all_there_is_and_before_all_that_comes() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    let now = Feed::now(&*store, &keys(&["a", "b"])).unwrap();
    push(&store, &key("a"), "3");
    push(&store, &key("b"), "4");
    let mut frames = visit(&store, &["a", "b"], Some(&now), Replay::None).0;
    frames.sort();
    assert_eq!(frames, ["a=3", "b=4"]);
}

#[test]
fn events_of_several_keys_come_in_the_order_of_their_ids() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let second_ago = now() - 1_000;
    let at = |n| EventId::new(second_ago, n);
    write_log(&store, &key("a"), &[at(1), at(4), at(5)]);
    write_log(&store, &key("b"), &[at(2), at(3), at(6)]);
    let expected = ["a=0", "b=0", "b=1", "a=1", "a=2", "b=2"];
    assert_eq!(visit(&store, &["a", "b"], None, Replay::All).0, expected);
    assert_eq!(visit(&store, &["b", "a"], None, Replay::All).0, expected);
}

#[test]
fn a_key_new_in_the_set_starts_by_replay_and_a_key_gone_is_ignored() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    push(&store, &key("b"), "7");
    let (_, cursor) = visit(&store, &["a", "b"], None, Replay::None);
    push(&store, &key("c"), "8");
    push(&store, &key("c"), "9");
    push(&store, &key("b"), "10");
    let mut frames = visit(&store, &["c", "b"], Some(&cursor), Replay::Newest(1)).0;
    frames.sort();
    assert_eq!(frames, ["b=10", "c=9"]);
    assert_eq!(visit(&store, &["b"], Some(&cursor), Replay::Newest(1)).0, ["b=10"]);
    assert_eq!(visit(&store, &["c"], Some(&cursor), Replay::Newest(2)).0, ["c=8", "c=9"]);
}

#[test]
fn text_that_is_no_cursor_of_ours_counts_as_none() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    let good = visit(&store, &["a"], None, Replay::None).1;
    let (cut, long) = (&good[..good.len() - 1], format!("{good}A"));
    let future = EventId::new(now() + DAY, 0).to_string();
    let texts = ["", " ", "null", "0", "1-", "%00", "ÿ", cut, &long, &future, "1-0-0", &"A".repeat(4_000)];
    for text in texts {
        let mut client = Client::connect(&store, &["a"], Some(text), Replay::Newest(1));
        assert_ne!(client.cursor, text, "a cursor of our own is sent");
        assert_eq!(client.frames(), ["a=2"], "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_count_as_no_cursor() {
    let place = tempdir().unwrap();
    let (store, mut signal) = (store(place.path()), Poll::new());
    three(&store);
    let mut feed =
        Feed::open(store.clone(), keys(&["a"]), Some(b"\xff\0"), Replay::Newest(1), &mut signal).unwrap();
    assert!(matches!(feed.next(&mut signal), Ok(Some(Delivery { content: Content::Event(..), .. }))));
    assert_eq!(feed.next(&mut signal).unwrap(), None);
}

#[test]
fn an_id_as_push_answers_it_is_a_cursor_for_a_single_key() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let ids = push_all(&store, &key("a"), 0..3);
    let id = ids[0].to_string();
    assert_eq!(visit(&store, &["a"], Some(&id), Replay::None).0, ["a=1", "a=2"]);
    assert_eq!(visit(&store, &["a", "a"], Some(&id), Replay::None).0, ["a=1", "a=2"]);
    assert_eq!(
        visit(&store, &["a", "b"], Some(&id), Replay::Newest(1)).0,
        ["a=2"],
        "whose id it is isn't known"
    );
}

#[test]
fn a_feed_that_cannot_be_opened_leaves_no_watch_behind() {
    let place = tempdir().unwrap();
    let (store, mut signal) = (store(place.path()), Poll::new());
    fs::create_dir(store.directory().log(&key("b"))).unwrap();
    let keys = keys(&["a", "b"]);
    assert!(Feed::open(store.clone(), keys, None, Replay::None, &mut signal).is_err());
    three(&store);
    assert_eq!(signal.changes(), Changes::Some(Vec::new()));
}
