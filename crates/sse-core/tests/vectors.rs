//! The cases of `tests/vectors/`, which the extension and the plain PHP library pass, too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sse_core::Error;
use sse_core::cursor::{Cursor, Epoch, Tags};
use sse_core::disk::Directory;
use sse_core::event::{Draft, Event, EventName, wire_json};
use sse_core::feed::{Content, Feed};
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};
use sse_core::signal::Poll;
use sse_core::store::Policy;
use sse_core::store::file::FileStore;
use sse_core::store::file::format::{FirstLine, Header, Tail};
use sse_core::store::file::format::{read_header, read_line, read_tail, write_header, write_line};
use sse_core::stream::request::Replay;

/// The rows of a table, each with a name for messages.
fn rows(file: &str, table: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
    let tables: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let rows = tables[table].as_array().unwrap();
    assert!(!rows.is_empty());
    rows.iter().map(|row| (format!("{file}, {table}: {row}"), row.clone())).collect()
}

/// A column of bytes: text, or `<name>_hex`.
fn bytes(row: &Value, name: &str) -> Vec<u8> {
    match &row[format!("{name}_hex")] {
        Value::String(digits) => digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect(),
        _ => text(row, name).into(),
    }
}

fn text<'r>(row: &'r Value, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_else(|| panic!("{row} has no {name}"))
}

fn id(value: &Value) -> EventId {
    value.as_str().unwrap().parse().unwrap()
}

fn epoch(row: &Value) -> Epoch {
    Epoch(u32::from_str_radix(text(row, "epoch"), 16).unwrap())
}

fn keys(row: &Value) -> Vec<Key> {
    row["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| Key::new(key.as_str().unwrap().as_bytes()).unwrap())
        .collect()
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn frame_of(name: &str, data: &[&[u8]]) -> String {
    let mut out = Vec::new();
    frame::write_event(&mut out, "{id}", name, data);
    string(&out)
}

#[test]
fn frames() {
    for (case, row) in rows("frames.json", "rows") {
        let explicit = row["event"].as_str().map(|name| EventName::new(name.as_bytes()).unwrap());
        let draft = Draft::new(text(&row, "json").into(), explicit).unwrap();
        let (head, tail) = wire_json(&draft);
        let name = draft.name.as_ref().map_or(text(&row, "eventName"), EventName::as_str);
        assert_eq!(frame_of(name, &[head, tail]), text(&row, "frame"), "{case}");
        let line = string(&write_line(EventId::ZERO, 0, &draft));
        assert_eq!(line.split(' ').nth(1), row["flags"].as_str(), "{case}");
    }
}

#[test]
fn lines() {
    for (case, row) in rows("lines.json", "rows") {
        assert_eq!(frame_of("message", &[text(&row, "data").as_bytes()]), text(&row, "frame"), "{case}");
    }
}

#[test]
fn names() {
    for (case, row) in rows("names.json", "rows") {
        let refused = EventName::new(&bytes(&row, "event")).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), row["error"].as_str(), "{case}");
    }
}

#[test]
fn key_names_and_files() {
    let directory = Directory::new(Path::new("/store"));
    for (case, row) in rows("keys.json", "rows") {
        match Key::new(&bytes(&row, "key")) {
            Ok(key) => {
                let file = directory.log(&key);
                assert_eq!(file.file_name().and_then(|name| name.to_str()), row["file"].as_str(), "{case}");
            }
            Err(error) => assert_eq!(Some(error.to_string().as_str()), row["error"].as_str(), "{case}"),
        }
    }
}

#[test]
fn ids() {
    for (case, row) in rows("ids.json", "texts") {
        let expected =
            row["millis"].as_u64().map(|millis| EventId::new(millis, row["sequence"].as_u64().unwrap()));
        assert_eq!(text(&row, "text").parse().ok(), expected, "{case}");
        if let Some(id) = expected {
            assert_eq!(id.to_string(), text(&row, "text"), "{case}");
        }
    }
    for (case, row) in rows("ids.json", "next") {
        assert_eq!(id(&row["last"]).next(row["now"].as_u64().unwrap()), id(&row["next"]), "{case}");
    }
    for (case, row) in rows("ids.json", "before") {
        assert_eq!(id(&row["id"]).before(), id(&row["before"]), "{case}");
    }
}

#[test]
fn cursors() {
    for (case, row) in rows("cursors.json", "written") {
        let (keys, positions) = (keys(&row), row["positions"].as_array().unwrap());
        let positions: Vec<EventId> = positions.iter().map(id).collect();
        assert_eq!(Tags::new(&keys).write(epoch(&row), &positions), text(&row, "text"), "{case}");
        let cursor = Cursor::read(text(&row, "text").as_bytes()).unwrap();
        assert_eq!(cursor.epoch(), epoch(&row), "{case}");
        let positions: Vec<Option<EventId>> = positions.into_iter().map(Some).collect();
        assert_eq!(cursor.positions(&keys), positions, "{case}");
    }
    for (case, row) in rows("cursors.json", "refused") {
        assert_eq!(Cursor::read(&bytes(&row, "text")), None, "{case}");
    }
    for (case, row) in rows("cursors.json", "positions") {
        let expected = row["positions"].as_array().unwrap().iter();
        let expected: Vec<Option<EventId>> =
            expected.map(|value| value.as_str().map(|_| id(value))).collect();
        let cursor = Cursor::read(text(&row, "text").as_bytes()).unwrap();
        assert_eq!(cursor.positions(&keys(&row)), expected, "{case}");
    }
}

#[test]
fn log_headers() {
    for (case, row) in rows("logs.json", "headers") {
        let header = Header {
            epoch: epoch(&row),
            trimmed_through: id(&row["trimmed_through"]),
            last_id: id(&row["last_id"]),
            key: Key::new(&bytes(&row, "key")).unwrap(),
        };
        let line = bytes(&row, "line");
        assert_eq!(string(&write_header(&header)), string(&line), "{case}");
        assert_eq!(read_header(&line), FirstLine::Header(header, line.len() as u64), "{case}");
    }
}

#[test]
fn log_events() {
    for (case, row) in rows("logs.json", "events") {
        let cut = row["cut"].as_array().map(|cut| {
            let (start, length) = (cut[0].as_u64().unwrap(), cut[1].as_u64().unwrap());
            usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap()
        });
        let name = row["event"].as_str().map(|name| EventName::new(name.as_bytes()).unwrap());
        let external = row["external"].as_bool().unwrap();
        let draft = Draft { name, cut, json: bytes(&row, "json"), external };
        let id = id(&row["id"]);
        let stored_millis = row["stored_millis"].as_u64().unwrap_or(id.millis);
        let line = bytes(&row, "line");
        assert_eq!(string(&write_line(id, stored_millis, &draft)), string(&line), "{case}");
        let read = read_line(line.strip_suffix(b"\n").unwrap()).and_then(|line| line.event());
        assert_eq!(read, Some(Event { id, stored_millis, draft }), "{case}");
    }
    for (case, row) in rows("logs.json", "damaged") {
        let line = bytes(&row, "line");
        let read = read_line(line.strip_suffix(b"\n").unwrap()).and_then(|line| line.event());
        assert_eq!(read, None, "{case}");
    }
}

#[test]
fn log_tails() {
    for (case, row) in rows("logs.json", "tails") {
        let expected = match text(&row, "state") {
            "whole" => Tail::Whole,
            "torn" => Tail::Torn,
            "damaged" => Tail::Damaged,
            other => panic!("{other}"),
        };
        assert_eq!(read_tail(&bytes(&row, "tail")), expected, "{case}");
    }
}

#[test]
fn store_files() {
    for (case, row) in rows("logs.json", "stores") {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        fs::write(&path, bytes(&row, "line")).unwrap();
        match (Directory::new(place.path()).meta(), row["error"].as_str()) {
            (Ok(meta), None) => {
                assert_eq!((meta.epoch, meta.floor), (epoch(&row), id(&row["floor"])), "{case}");
            }
            (Err(Error::DamagedStore { .. }), Some("damaged")) => {}
            (Err(error), Some(message)) => {
                assert_eq!(
                    error.to_string(),
                    message.replace("{path}", &path.display().to_string()),
                    "{case}"
                );
            }
            (found, _) => panic!("{case}: {found:?}"),
        }
    }
}

#[test]
fn streams() {
    for (case, row) in rows("streams.json", "rows") {
        let place = tempfile::tempdir().unwrap();
        for (name, content) in row["files"].as_object().unwrap() {
            fs::write(place.path().join(name), content.as_str().unwrap()).unwrap();
        }
        let store = FileStore::new(place.path(), Policy::default());
        let replay = match &row["replay"] {
            Value::String(name) if name == "none" => Replay::None,
            Value::String(name) if name == "last" => Replay::Newest(1),
            Value::String(name) if name == "all" => Replay::All,
            count => Replay::Newest(count.as_u64().unwrap()),
        };
        let client = row["client"].as_str().map(str::as_bytes);
        assert_eq!(
            wire(&store, Keys::new(keys(&row)).unwrap(), client, replay),
            text(&row, "wire"),
            "{case}"
        );
    }
}

/// What a stream sends until nothing is left.
fn wire(store: &Arc<FileStore>, keys: Keys, client: Option<&[u8]>, replay: Replay) -> String {
    let mut signal = Poll::new();
    let mut feed = Feed::open(store.clone(), keys, client, replay, &mut signal).unwrap();
    let mut out = Vec::new();
    frame::write_connected(&mut out, &feed.cursor(), "{time}");
    while let Some(delivery) = feed.next(&mut signal).unwrap() {
        match delivery.content {
            Content::Event(_, event) => {
                let (head, tail) = event.wire_json();
                let name = event.draft.name.as_ref().map_or("message", EventName::as_str);
                frame::write_event(&mut out, &delivery.cursor, name, &[head, tail]);
            }
            Content::Gap(keys, gap) => {
                let keys: Vec<&Key> = keys.iter().collect();
                frame::write_gap(&mut out, &delivery.cursor, &keys, gap.from, gap.to);
            }
        }
    }
    string(&out)
}
