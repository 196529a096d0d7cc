//! The bytes of one event on the wire.
//!
//! WHATWG HTML, "Server-sent events": lines end in LF, one blank line ends an event. We never write
//! a frame with an id and no data (several clients choke on it), nor a name or id with a line end.
//! The `id:` line comes first, so that what follows is the same for every stream of an event.

use crate::id::EventId;
use crate::key::Key;

/// What a stream starts with.
pub const CONNECTED: &str = "connected";
/// What tells that events were dropped before the client got them.
pub const GAP: &str = "sse-gap";
/// Keeps proxies from closing a quiet connection; clients ignore it.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// Bytes of a frame before its id.
pub const BEFORE_ID: usize = 4;

/// Appends one event. `data` is given in runs, read as one text.
pub fn write_event(out: &mut Vec<u8>, id: &str, name: &str, data: &[&[u8]]) {
    out.extend_from_slice(b"id: ");
    out.extend_from_slice(id.as_bytes());
    out.push(b'\n');
    write_body(out, name, data);
}

/// Appends all of an event but its `id:` line.
pub fn write_body(out: &mut Vec<u8>, name: &str, data: &[&[u8]]) {
    out.reserve(name.len() + data.iter().map(|run| run.len()).sum::<usize>() + 18);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    write_data(out, data);
    out.extend_from_slice(b"\n\n");
}

/// Appends `retry:`, the client's pause before it connects again; it must stand before a frame or
/// a comment, never alone.
pub fn write_retry(out: &mut Vec<u8>, millis: u64) {
    out.extend_from_slice(format!("retry: {millis}\n").as_bytes());
}

/// Appends a comment, which clients ignore.
pub fn write_comment(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(format!(": {text}\n\n").as_bytes());
}

/// Appends the first event of a stream; `time` is the local time of day, `H:i:s`.
pub fn write_connected(out: &mut Vec<u8>, id: &str, time: &str) {
    write_event(out, id, CONNECTED, &[b"{\"time\": \"", time.as_bytes(), b"\"}"]);
}

/// Appends a told gap: the events of `keys` after `from` up to `to` are gone.
pub fn write_gap(out: &mut Vec<u8>, id: &str, keys: &[&Key], from: EventId, to: EventId) {
    write_event(out, id, GAP, &[gap_json(keys, from, to).as_bytes()]);
}

/// Appends all of a told gap but its `id:` line.
pub fn write_gap_body(out: &mut Vec<u8>, keys: &[&Key], from: EventId, to: EventId) {
    write_body(out, GAP, &[gap_json(keys, from, to).as_bytes()]);
}

/// The data of a told gap. Keys that aren't UTF-8 are shown with replacement characters.
#[must_use]
pub fn gap_json(keys: &[&Key], from: EventId, to: EventId) -> String {
    let keys: Vec<serde_json::Value> =
        keys.iter().map(|key| String::from_utf8_lossy(key.as_bytes()).into()).collect();
    format!(r#"{{"keys":{},"from":"{from}","to":"{to}"}}"#, serde_json::Value::from(keys))
}

/// Data with CR, LF and CRLF as line ends becomes one `data:` line each. JSON has none.
fn write_data(out: &mut Vec<u8>, data: &[&[u8]]) {
    if data.iter().all(|run| memchr::memchr2(b'\r', b'\n', run).is_none()) {
        return data.iter().for_each(|run| out.extend_from_slice(run));
    }
    let text = data.concat();
    let mut rest = text.as_slice();
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, tail) = rest.split_at(end);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\ndata: ");
        rest = tail.strip_prefix(b"\r\n").unwrap_or_else(|| tail.get(1..).unwrap_or(b""));
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventsource_stream::{Event, Eventsource};
    use futures::{StreamExt, executor::block_on, stream};
    use proptest::prelude::*;

    /// What an independent client makes of `bytes`, delivered in pieces of `size`.
    fn parsed(bytes: &[u8], size: usize) -> Vec<Event> {
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            bytes.chunks(size.max(1)).map(|piece| Ok(piece.to_vec())).collect();
        block_on(stream::iter(pieces).eventsource().map(|event| event.unwrap()).collect())
    }

    fn frame(id: &str, name: &str, data: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        write_event(&mut out, id, name, data);
        out
    }

    #[test]
    fn data_is_split_on_every_kind_of_line_end() {
        assert_eq!(
            frame("1", "m", &[b"a\nb\rc\r\nd"]),
            b"id: 1\nevent: m\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
        );
    }

    #[test]
    fn a_line_end_across_two_runs_is_one() {
        assert_eq!(
            frame("1", "m", &[b"a\r", b"\nb", b"\r", b"", b"\nc"]),
            b"id: 1\nevent: m\ndata: a\ndata: b\ndata: c\n\n"
        );
    }

    #[test]
    fn a_gap_names_keys_and_ids() {
        let key = Key::new(b"a\"b\xff").unwrap();
        let mut out = Vec::new();
        write_gap(&mut out, "c", &[&key], EventId::new(1, 2), EventId::new(3, 4));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id: c\nevent: sse-gap\ndata: {\"keys\":[\"a\\\"b\u{fffd}\"],\"from\":\"1-2\",\"to\":\"3-4\"}\n\n"
        );
    }

    proptest! {
        #[test]
        fn a_client_reads_what_was_written(id in "[A-Za-z0-9_-]{1,20}", name in "[^\r\n\0 ][^\r\n\0]{0,20}", lines in prop::collection::vec("[^\r\n]{0,20}", 1..5), ends in prop::collection::vec(prop::sample::select(vec!["\r", "\n", "\r\n"]), 5), size in 1..40_usize, at in 0..60_usize) {
            let mut data = String::new();
            for (index, line) in lines.iter().enumerate() {
                if index > 0 {
                    // A CR followed by an empty line and a LF would be read as one CRLF: that is the standard's rule.
                    let end = if data.ends_with('\r') && ends[index] == "\n" { "\r" } else { ends[index] };
                    data.push_str(end);
                }
                data.push_str(line);
            }
            let at = (0..=at.min(data.len())).rev().find(|&at| data.is_char_boundary(at)).unwrap();
            let (head, tail) = data.as_bytes().split_at(at);
            let events = parsed(&frame(&id, &name, &[head, tail]), size);
            let expected = lines.join("\n");
            prop_assert_eq!(events.len(), 1);
            prop_assert_eq!(&events[0].id, &id);
            prop_assert_eq!(&events[0].event, &name);
            prop_assert_eq!(&events[0].data, &expected);
        }

        #[test]
        fn two_frames_stay_two_events_whatever_the_data_holds(data in prop::collection::vec(prop::sample::select(b"\r\n: data:id\0".to_vec()), 0..30)) {
            let mut out = frame("1", "a", &[&data]);
            write_event(&mut out, "2", "b", &[b"x"]);
            let names: Vec<String> = parsed(&out, 7).into_iter().map(|event| event.event).collect();
            prop_assert_eq!(names, ["a", "b"]);
        }
    }
}
