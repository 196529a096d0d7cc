//! Events that can't be had any more: told, once, and again only to who can't have heard it.

use std::io::Write;

use super::*;
use crate::retention::Retention;
use crate::store::file::format;

#[test]
fn a_trimmed_cursor_is_told_a_gap_once_and_the_rest() {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), 4);
    let old = visit(&store, &["a"], None, Replay::None).1;
    push_all(&store, &key("a"), 0..6);
    let (frames, cursor) = visit(&store, &["a"], Some(&old), Replay::None);
    assert_eq!(frames, ["… a", "a=2", "a=3", "a=4", "a=5"]);
    assert_eq!(visit(&store, &["a"], Some(&cursor), Replay::None).0, [""; 0]);
}

#[test]
fn the_frame_of_a_gap_is_enough_not_to_be_told_again() {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), 4);
    let old = visit(&store, &["a", "b"], None, Replay::None).1;
    push_all(&store, &key("a"), 0..6);
    push_all(&store, &key("b"), 0..1);
    let mut client = Client::connect(&store, &["a", "b"], Some(&old), Replay::None);
    assert_eq!(client.frame().as_deref(), Some("… a"));
    let mut frames = visit(&store, &["a", "b"], Some(&client.cut()), Replay::None).0;
    frames.sort();
    assert_eq!(frames, ["a=2", "a=3", "a=4", "a=5", "b=0"]);
}

#[test]
fn a_gap_is_told_again_to_who_was_cut_before_it() {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), 4);
    let old = visit(&store, &["a"], None, Replay::None).1;
    push_all(&store, &key("a"), 0..6);
    for _ in 0..3 {
        let connected = Client::connect(&store, &["a"], Some(&old), Replay::None).cut();
        assert_eq!(connected, old);
    }
    assert_eq!(visit(&store, &["a"], Some(&old), Replay::None).0[0], "… a");
}

#[test]
fn gaps_of_several_keys_are_one() {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), 1);
    let old = visit(&store, &["a", "b", "c"], None, Replay::None).1;
    push_all(&store, &key("a"), 0..6);
    push_all(&store, &key("c"), 0..6);
    let mut frames = visit(&store, &["a", "b", "c"], Some(&old), Replay::None).0;
    assert_eq!(frames[0], "… a c");
    frames.sort();
    assert_eq!(frames, ["a=5", "c=5", "… a c"]);
}

#[test]
fn an_id_that_was_trimmed_is_told_a_gap() {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), 4);
    let ids = push_all(&store, &key("a"), 0..6);
    let frames = visit(&store, &["a"], Some(&ids[0].to_string()), Replay::None).0;
    assert_eq!(frames, ["… a", "a=2", "a=3", "a=4", "a=5"]);
    let last_trimmed = ids[1].to_string();
    assert_eq!(visit(&store, &["a"], Some(&last_trimmed), Replay::None).0, ["a=2", "a=3", "a=4", "a=5"]);
}

#[test]
fn a_cursor_beyond_the_last_id_is_told_a_gap_and_all_there_is() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let path = write_log(&store, &key("a"), &[EventId::new(now() + DAY, 0)]);
    let beyond = visit(&store, &["a"], None, Replay::None).1;
    fs::remove_file(path).unwrap();
    three(&store);
    let (frames, cursor) = visit(&store, &["a"], Some(&beyond), Replay::None);
    assert_eq!(frames, ["… a", "a=0", "a=1", "a=2"]);
    assert_eq!(visit(&store, &["a"], Some(&cursor), Replay::None).0, [""; 0]);
}

/// A store whose three events a client has, and its cursor.
fn visited(place: &TempDir) -> (Arc<FileStore>, String) {
    let store = store(place.path());
    three(&store);
    let cursor = visit(&store, &["a"], None, Replay::All).1;
    (store, cursor)
}

fn empty(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

#[test]
fn who_was_away_when_the_log_was_removed_is_told() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    fs::remove_file(store.directory().log(&key("a"))).unwrap();
    push(&store, &key("a"), "3");
    let (frames, cursor) = visit(&store, &["a"], Some(&cursor), Replay::None);
    assert_eq!(frames, ["… a", "a=3"]);
    assert_eq!(visit(&store, &["a"], Some(&cursor), Replay::None).0, [""; 0]);
}

#[test]
fn who_is_there_when_the_log_is_removed_is_told() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
    fs::remove_file(store.directory().log(&key("a"))).unwrap();
    assert_eq!(client.frames(), ["… a"]);
    push(&store, &key("a"), "3");
    assert_eq!(client.frames(), ["a=3"]);
    assert_eq!(visit(&store, &["a"], Some(&client.cursor), Replay::None).0, [""; 0]);
}

#[test]
fn who_was_away_when_the_directory_was_emptied_is_told() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    empty(place.path());
    push(&store, &key("a"), "3");
    let (frames, cursor) = visit(&store, &["a"], Some(&cursor), Replay::None);
    assert_eq!(frames, ["… a", "a=3"]);
    assert_eq!(visit(&store, &["a"], Some(&cursor), Replay::None).0, [""; 0]);
}

#[test]
fn who_is_there_when_the_directory_is_emptied_is_told() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
    empty(place.path());
    push(&store, &key("a"), "3");
    assert_eq!(client.frames(), ["… a", "a=3"]);
    assert_eq!(visit(&store, &["a"], Some(&client.cursor), Replay::None).0, [""; 0]);
}

#[test]
fn who_resumes_after_the_store_was_wiped_gets_nothing_twice_while_another_key_has_old_events_unread() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    // More than is read ahead, of the store that is no more, and behind all that is new.
    let ids: Vec<EventId> = (0..20_000).map(|n| EventId::new(now() + DAY + n, 0)).collect();
    write_log(&store, &key("b"), &ids[..1]);
    let mut client = Client::connect(&store, &["a", "b"], None, Replay::None);
    let mut log = fs::OpenOptions::new().append(true).open(store.directory().log(&key("b"))).unwrap();
    for id in &ids[1..] {
        log.write_all(&format::write_line(*id, id.millis, &draft("12345"))).unwrap();
    }
    empty(place.path());
    push(&store, &key("a"), "\"new\"");
    client.feed.wake(&Changes::All);
    let mut cursors: Vec<String> = Vec::new();
    while let Some(frame) = client.frame() {
        if frame == "a=\"new\"" || !cursors.is_empty() {
            cursors.push(client.cursor.clone());
        }
    }
    assert!(cursors.len() >= ids.len(), "{}", cursors.len());
    for cursor in cursors.iter().step_by(500) {
        let frames = visit(&store, &["a", "b"], Some(cursor), Replay::None).0;
        assert!(frames.iter().all(|frame| frame == "… b"), "{frames:?}");
    }
}

#[test]
fn another_store_of_the_same_key_is_a_gap_even_if_its_ids_fit() {
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let (one, other) = (store(here.path()), store(there.path()));
    let ids = [1, 2, 3].map(|n| EventId::new(now(), n));
    write_log(&one, &key("a"), &ids[..2]);
    write_log(&other, &key("a"), &ids);
    let cursor = visit(&one, &["a"], None, Replay::All).1;
    let (frames, cursor) = visit(&other, &["a"], Some(&cursor), Replay::None);
    assert_eq!(frames, ["… a", "a=0", "a=1", "a=2"]);
    assert_eq!(visit(&other, &["a"], Some(&cursor), Replay::None).0, [""; 0]);
}

#[test]
fn who_is_there_when_the_header_is_mended_gets_the_rest_without_a_gap() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
    damage(&store.directory().log(&key("a")), 12, b'x');
    push(&crate::testing::store(place.path()), &key("a"), "3");
    assert_eq!(client.frames(), ["a=3"]);
}

#[test]
fn an_idle_client_of_a_log_that_is_forgotten_hears_nothing_of_it() {
    let place = tempdir().unwrap();
    let (store, cursor) = visited(&place);
    let mut client = Client::connect(&store, &["a"], Some(&cursor), Replay::None);
    age(&store.directory().log(&key("a")), 31 * DAY);
    store.sweep().unwrap();
    assert_eq!(client.frames(), [""; 0]);
    push(&store, &key("a"), "3");
    assert_eq!(client.frames(), ["a=3"]);
}

#[test]
fn a_flood_without_a_line_end_is_told_once_and_keeps_no_other_key_waiting() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    three(&store);
    let mut client = Client::connect(&store, &["a", "b"], None, Replay::None);
    let log = fs::OpenOptions::new().append(true).open(store.directory().log(&key("a"))).unwrap();
    log.set_len(30 << 20).unwrap();
    let retention = Retention { bytes: 1 << 30, ..Retention::default() };
    let policy = crate::store::Policy { retention, ..Default::default() };
    push(&FileStore::new(place.path(), policy), &key("a"), "3");
    push(&store, &key("b"), "0");
    assert_eq!(client.frames(), ["b=0", "… a", "a=3"]);
}

#[test]
fn a_damaged_event_is_told_where_it_was() {
    let place = tempdir().unwrap();
    let store = store(place.path());
    let ids = push_all(&store, &key("a"), 0..3);
    let path = store.directory().log(&key("a"));
    damage(&path, find(&path, &format!("{} ", ids[1])), b'x');
    let mut client = Client::connect(&store, &["a"], Some(&ids[0].to_string()), Replay::None);
    assert_eq!(client.frame().as_deref(), Some("… a"));
    let frames = visit(&store, &["a"], Some(&client.cursor), Replay::None).0;
    assert_eq!(frames, ["a=2"], "the gap is not told twice");
    assert_eq!(client.frames(), ["a=2"]);
}
