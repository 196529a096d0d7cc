//! What an application publishes: an optional name and JSON.
//!
//! The JSON is text from push to wire, never decoded and encoded again. Where the payload itself
//! carries the name (`{"event": "toast", …}`), the byte range of that member is found once, at
//! push; the wire form is the text without that range.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::frame;
use crate::id::EventId;

/// Bytes an event's name may have.
pub const MAX_NAME_BYTES: usize = 64 << 10;

/// Bytes of JSON that `sse.max_payload` may allow an event. What is longer was put there by other hands, or is
/// damage: it is never read into memory.
pub const MAX_JSON: usize = 64 << 20;

/// Names that clients know as something else than an application's event: what it is, and a name that could
/// be taken instead. A page whose users choose names could be made to reload by them, or to give up.
const TAKEN: [(&str, &str, &str); 4] = [
    ("error", "EventSource's own, for a connection that is lost", "failure"),
    ("open", "EventSource's own, for a connection that is there", "opened"),
    (frame::CONNECTED, "the one that a stream begins with", "online"),
    (frame::GAP, "the one that tells of missing events", "gap"),
];

/// An event's name: UTF-8, not empty, without CR, LF or NUL, which would forge lines on the wire, and none
/// that means something else to clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventName(Arc<str>);

impl EventName {
    /// Checks the name of an event that is new.
    ///
    /// # Errors
    /// [`Error::EventNameTaken`], and those of [`EventName::stored`].
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let name = Self::stored(bytes)?;
        match TAKEN.iter().find(|(taken, ..)| *taken == name.as_str()) {
            Some((name, meaning, other)) => Err(Error::EventNameTaken { name, meaning, other }),
            None => Ok(name),
        }
    }

    /// Checks the name of an event that is in a store: an earlier version may have taken it.
    ///
    /// # Errors
    /// [`Error::EmptyEventName`], [`Error::EventNameTooLong`], [`Error::EventNameUtf8`], [`Error::EventName`].
    pub fn stored(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_NAME_BYTES {
            return Err(Error::EventNameTooLong { len: bytes.len(), max: MAX_NAME_BYTES });
        }
        let Ok(name) = std::str::from_utf8(bytes) else {
            return Err(Error::EventNameUtf8 { name: bytes.to_vec() });
        };
        if name.is_empty() {
            return Err(Error::EmptyEventName);
        }
        match name.find(['\r', '\n', '\0']) {
            Some(at) => Err(Error::EventName { name: bytes.to_vec(), at }),
            None => Ok(Self(name.into())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An event on its way into a store: everything but the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its name, explicit or from the payload; without one, the stream's `eventName` is used.
    pub name: Option<EventName>,
    /// Byte range of the `event` member (and one comma) that named it; left out on the wire.
    pub cut: Option<Range<usize>>,
    /// The payload as PHP encoded it; for an external event, what the application needs to fetch it.
    pub json: Vec<u8>,
    /// The payload itself lies elsewhere: only the application can fetch it.
    pub external: bool,
}

impl Draft {
    /// A draft whose payload lies elsewhere; `reference` is JSON and names nothing.
    #[must_use]
    pub fn external(reference: Vec<u8>, name: Option<EventName>) -> Self {
        Self { name, cut: None, json: reference, external: true }
    }

    /// A draft from JSON text; an explicit name wins and leaves the data alone, else a non-empty
    /// string in the top-level member `event` names the event and is cut from the wire form.
    ///
    /// # Errors
    /// Those of [`EventName::new`], if the payload's own name can't be one.
    pub fn new(json: Vec<u8>, name: Option<EventName>) -> Result<Self> {
        if name.is_some() {
            return Ok(Self { name, cut: None, json, external: false });
        }
        match event_member(&json) {
            Some((cut, text)) => Ok(Self {
                name: Some(EventName::new(text.as_bytes())?),
                cut: Some(cut),
                json,
                external: false,
            }),
            None => Ok(Self { name: None, cut: None, json, external: false }),
        }
    }
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in its key.
    pub id: EventId,
    /// When it was stored, by the clock of that moment, in milliseconds since 1970. Its id may be ahead of
    /// that, since ids go on rising when the clock steps back.
    pub stored_millis: u64,
    /// Its name, name range and JSON.
    pub draft: Draft,
}

impl Event {
    /// The JSON as it goes onto the wire: two runs of bytes around the cut.
    #[must_use]
    pub fn wire_json(&self) -> (&[u8], &[u8]) {
        wire_json(&self.draft)
    }
}

/// The JSON of a draft as it goes onto the wire: two runs of bytes around the cut.
#[must_use]
pub fn wire_json(draft: &Draft) -> (&[u8], &[u8]) {
    let json = draft.json.as_slice();
    match &draft.cut {
        Some(cut) => (json.get(..cut.start).unwrap_or(json), json.get(cut.end..).unwrap_or(b"")),
        None => (json, b""),
    }
}

/// The top-level member `event` of a JSON object, if it is a non-empty string: the byte range that
/// takes it out (with one comma) and the decoded string.
fn event_member(json: &[u8]) -> Option<(Range<usize>, String)> {
    let mut scan = Scan { json, at: 0 };
    scan.take(b'{')?;
    let mut comma_before = None;
    loop {
        let start = scan.at;
        let name = scan.string()?;
        scan.take(b':')?;
        let value = scan.value()?;
        let end = scan.at;
        if json.get(name)? == br#""event""# {
            let text: String = serde_json::from_slice(json.get(value)?).ok()?;
            if text.is_empty() {
                return None;
            }
            let range = match (comma_before, scan.peek()) {
                (Some(comma), _) => comma..end,
                (None, Some(b',')) => start..end + 1,
                (None, _) => start..end,
            };
            return Some((range, text));
        }
        comma_before = Some(scan.at);
        scan.take(b',')?;
    }
}

/// Walks over JSON as PHP writes it (valid, no spaces); on anything else it ends without a result.
struct Scan<'a> {
    json: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Any value; nesting is counted, not recursed into.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']' | b',') | None if depth == 0 => {
                    return (self.at > start).then_some(start..self.at);
                }
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(_) => self.at += 1,
                None => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(json: &str) -> (Option<String>, String) {
        let draft = Draft::new(json.into(), None).unwrap();
        let (head, tail) = wire_json(&draft);
        let name = draft.name.as_ref().map(|name| name.as_str().to_owned());
        (name, String::from_utf8([head, tail].concat()).unwrap())
    }

    #[test]
    fn a_name_has_a_bound() {
        assert!(EventName::new(&[b'n'; MAX_NAME_BYTES]).is_ok());
        let error = EventName::new(&[b'n'; MAX_NAME_BYTES + 1]).unwrap_err();
        assert!(matches!(error, Error::EventNameTooLong { len, .. } if len == MAX_NAME_BYTES + 1), "{error}");
    }

    #[test]
    fn a_member_named_event_names_the_event_and_leaves_the_wire_form() {
        let cases = [
            (r#"{"event":"toast","a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1,"event":"toast","b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":{"event":"x"},"event":"toast"}"#, r#"{"a":{"event":"x"}}"#),
            (r#"{"event":"toast"}"#, "{}"),
            (r#"{"a":"\\\",","event":"toast"}"#, r#"{"a":"\\\","}"#),
        ];
        for (json, expected) in cases {
            assert_eq!(wire(json), (Some("toast".into()), expected.into()), "{json}");
        }
    }

    #[test]
    fn any_other_event_member_stays_in_the_data() {
        for json in [
            r#"{"event":""}"#,
            r#"{"event":7}"#,
            r#"{"event":null}"#,
            r#"{"event":{"a":1}}"#,
            r#"{"a":{"event":"x"}}"#,
            r#"["event","x"]"#,
            r#""event""#,
            "{}",
            "[]",
            "null",
            "1.5",
            "",
        ] {
            assert_eq!(wire(json), (None, json.into()), "{json}");
        }
    }

    #[test]
    fn an_escaped_name_is_decoded() {
        assert_eq!(wire(r#"{"event":"\u00e9\/"}"#).0, Some("é/".into()));
    }

    #[test]
    fn a_payload_name_with_a_line_break_is_refused() {
        assert!(matches!(
            Draft::new(br#"{"event":"a\nb"}"#.to_vec(), None),
            Err(Error::EventName { at: 1, .. })
        ));
    }

    #[test]
    fn an_explicit_name_leaves_the_data_alone() {
        let draft = Draft::new(br#"{"event":"a"}"#.to_vec(), Some(EventName::new(b"b").unwrap())).unwrap();
        assert_eq!(draft.cut, None);
    }

    proptest! {
        #[test]
        fn the_wire_form_is_the_object_without_its_event(members in prop::collection::vec(("[a-f\"\\\\é\n]{0,3}", ".{0,8}"), 0..6), name in "[^\r\n\0]{1,10}", at in 0..7_usize) {
            let mut object = serde_json::Map::new();
            let mut text: Vec<String> = Vec::new();
            for (key, value) in members {
                if object.insert(key.clone(), value.clone().into()).is_none() {
                    text.push(format!("{}:{}", serde_json::to_string(&key).unwrap(), serde_json::to_string(&value).unwrap()));
                } else {
                    object.remove(&key);
                    text.retain(|member| !member.starts_with(&format!("{}:", serde_json::to_string(&key).unwrap())));
                }
            }
            text.insert(at.min(text.len()), format!("\"event\":{}", serde_json::to_string(&name).unwrap()));
            let (found, rest) = wire(&format!("{{{}}}", text.join(",")));
            prop_assert_eq!(found, Some(name));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&rest).unwrap(), serde_json::Value::Object(object));
        }

        #[test]
        fn no_bytes_make_the_scan_panic(json in prop::collection::vec(prop::sample::select(br#"{}[]",:\eventa1"#.to_vec()), 0..40)) {
            let _ = Draft::new(json, None);
        }
    }
}
