//! A stream as it is asked for: what the application says of it, and what its client has.
//!
//! It goes from a worker to the hub as JSON. Bytes that may not be text are base64 in there.

use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::EventName;
use crate::jitter;
use crate::key::{Key, Keys};
use crate::store::Start;

/// A stream, before anybody serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamRequest {
    /// The keys to follow.
    pub keys: Keys,
    /// What the client says it has.
    #[serde(with = "base64_text")]
    pub last_event_id: Option<Vec<u8>>,
    /// What a client that says nothing gets first.
    pub replay: Replay,
    /// How long it may live; zero for no end.
    #[serde(rename = "lifetime_ms", with = "millis")]
    pub lifetime: Duration,
    /// The local time of day, `H:i:s`, that `connected` tells; without one it isn't sent.
    pub connected: Option<String>,
    /// What it has in common with others.
    pub profile: Profile,
}

/// What streams that were asked for alike have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of events that carry none.
    pub event_name: EventName,
    /// Pause after which an idle stream gets a comment.
    #[serde(rename = "heartbeat_ms", with = "millis")]
    pub heartbeat: Duration,
    /// The client's pause before it connects again.
    pub retry: Retry,
}

/// Milliseconds from which a client's pause is drawn, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
pub struct Retry {
    from: u64,
    to: u64,
}

impl Retry {
    /// A range. One that ends before it begins is its beginning.
    #[must_use]
    pub const fn new(from: u64, to: u64) -> Self {
        Self { from, to: if to < from { from } else { to } }
    }

    /// A pause of it, in milliseconds.
    #[must_use]
    pub fn draw(self) -> u64 {
        jitter::draw(&(self.from..=self.to))
    }
}

impl From<RangeInclusive<u64>> for Retry {
    fn from(range: RangeInclusive<u64>) -> Self {
        Self::new(*range.start(), *range.end())
    }
}

impl From<(u64, u64)> for Retry {
    fn from((from, to): (u64, u64)) -> Self {
        Self::new(from, to)
    }
}

impl From<Retry> for (u64, u64) {
    fn from(retry: Retry) -> Self {
        (retry.from, retry.to)
    }
}

/// What a client without a cursor gets first of each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// Nothing: only what comes.
    None,
    /// The newest so many events.
    Newest(u64),
    /// All that is kept.
    All,
}

impl Replay {
    /// Where reading begins.
    #[must_use]
    pub fn start(self) -> Start {
        match self {
            Self::None => Start::Newest(0),
            Self::Newest(count) => Start::Newest(count),
            Self::All => Start::Oldest,
        }
    }
}

impl StreamRequest {
    /// Whether the client has a cursor: it had a stream before, or a page that read the store. It is to come
    /// back when something is out of order for a while, and EventSource gives up for good at an error page.
    #[must_use]
    pub fn has_been_served(&self) -> bool {
        self.last_event_id.is_some()
    }

    /// Lets the stream live no longer than this.
    pub fn end_within(&mut self, longest: Duration) {
        if self.lifetime.is_zero() || self.lifetime > longest {
            self.lifetime = longest;
        }
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|key| STANDARD_NO_PAD.encode(key.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let keys = texts.iter().map(|text| {
            let bytes = STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)?;
            Key::new(&bytes).map_err(D::Error::custom)
        });
        Self::new(keys.collect::<Result<_, _>>()?).map_err(D::Error::custom)
    }
}

impl Serialize for EventName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

mod millis {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod base64_text {
    use super::{Deserialize, Deserializer, Engine, STANDARD_NO_PAD, Serialize, Serializer};
    use serde::de::Error;

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD_NO_PAD.encode(bytes)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD_NO_PAD.decode(text)).transpose().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> StreamRequest {
        StreamRequest {
            keys: Keys::new(vec![Key::new(b"a").unwrap(), Key::new(b"\xff").unwrap()]).unwrap(),
            last_event_id: Some(b"\xfe".to_vec()),
            replay: Replay::Newest(3),
            lifetime: Duration::from_secs(60),
            connected: Some("12:34:56".into()),
            profile: Profile {
                event_name: EventName::new(b"message").unwrap(),
                heartbeat: Duration::from_millis(1_500),
                retry: Retry::new(1_000, 4_000),
            },
        }
    }

    fn changed(what: &str, by: &str) -> String {
        let text = serde_json::to_string(&request()).unwrap();
        assert!(text.contains(what), "{text}");
        text.replace(what, by)
    }

    #[test]
    fn reading_undoes_writing() {
        let text = serde_json::to_string(&request()).unwrap();
        assert_eq!(serde_json::from_str::<StreamRequest>(&text).unwrap(), request());
    }

    #[test]
    fn a_request_with_what_no_stream_can_have_is_not_read() {
        for (what, by) in [
            ("[\"YQ\",\"/w\"]", "[]"),
            ("\"YQ\"", "\"\""),
            ("\"YQ\"", "\"AA\""),
            ("\"message\"", "\"error\""),
            ("\"message\"", "\"a\\nb\""),
            ("1500", "-1"),
        ] {
            assert!(serde_json::from_str::<StreamRequest>(&changed(what, by)).is_err(), "{by}");
        }
    }

    #[test]
    fn a_pause_is_drawn_from_its_range_also_if_that_was_turned_round() {
        let read: Retry = serde_json::from_str("[4000,1000]").unwrap();
        assert_eq!(read.draw(), 4_000);
        assert!((0..1_000).all(|_| (1_000..=4_000).contains(&Retry::new(1_000, 4_000).draw())));
    }
}
