//! What a worker and the hub say to each other: one JSON object a message.
//!
//! ```text
//! worker                                hub
//!   offer   (what the stream is) ──────►  follows the keys
//!           ◄────── ready | refused ────  has not touched the client
//!   go      (the client's connection) ─►  writes from here on
//! ```
//! A stream whose events only PHP can make is handed over with what it takes to ask for it again
//! ([`Recallable`]). The worker that gets such a request asks back, by its token:
//!
//! ```text
//! worker                                hub
//!   recall  (the request's token) ─────►  knows what it has asked for
//!           ◄──── recall (what is due) ─
//! ```
//! A worker that has thought better of it says nothing: the end of its connection, or its next offer,
//! withdraws the last one.

use serde::{Deserialize, Serialize};
use sse_core::key::Keys;
use sse_core::stream::request::StreamRequest;

/// The version of these messages; a hub speaks one.
pub const PROTOCOL: u32 = 4;
/// Bytes of a message, at most: 64 keys of 1,024 bytes and the rest.
pub const MAX_MESSAGE: usize = 128 << 10;
/// Bytes of a client's cursor that are passed on; a longer one is none of ours.
pub const MAX_CURSOR: usize = 2_048;

/// What a worker says.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToHub {
    /// A stream is to be had.
    Offer(Box<Offer>),
    /// Here is its client's connection, as a descriptor beside the message.
    Go(Go),
    /// How is it going?
    Status(Build),
    /// This request is the recall with this token: what is to be done?
    Recall(String),
}

/// What the hub answers.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// The stream offered can come.
    Ready,
    /// It can't.
    Refused(Refusal),
    /// How it is going.
    Status(Status),
    /// What a recall is for; nothing, if the hub knows of none.
    Recall(Option<Due>),
}

/// Which software speaks.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Names the very file that was loaded.
    pub build: String,
}

/// A stream, before its connection is handed over.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Who offers.
    pub from: Build,
    /// Where the events are: a data source name.
    pub store: String,
    /// How the store's files are watched: what `sse.signal` says.
    pub signal: String,
    /// What the stream is.
    pub request: StreamRequest,
    /// How PHP is asked for it again, if only that can make its events. Its client was greeted already, and has
    /// all up to the request's cursor.
    pub recall: Option<Recallable>,
}

/// How PHP is asked again for a stream.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Recallable {
    /// Where PHP-FPM listens: `unix:/path` or `tcp:address:port`.
    pub address: String,
    /// The request's parameters as FastCGI writes them, [`super::call::parameters`]; base64 in a message.
    #[serde(with = "base64_text")]
    pub parameters: Vec<u8>,
    /// What the request was for: streams of the same keys and options that have the same one may share what PHP
    /// makes of an event, where that is allowed at all.
    pub route: String,
    /// Whose part it is to make frames.
    pub maker: Maker,
    /// Pause between two calls of `onLoop`, in milliseconds, if there is one.
    pub loop_ms: Option<u64>,
    /// Pause between two calls of `collect` for a key, in milliseconds, if there is one.
    pub collect_ms: Option<u64>,
}

/// Who makes an event's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maker {
    /// The hub, from what is stored.
    Hub,
    /// PHP for events whose payload only it can fetch, once for all; the hub for others.
    HubAndFetch,
    /// PHP, once for all.
    PhpOnce,
    /// PHP, for each client.
    Php,
}

/// What a recall is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// What is there already: of all keys of the stream, or of the one that this is about.
    pub cursor: String,
    /// The key that this is about, if what is made is for all streams of it.
    pub key: Option<Keys>,
    /// Whether frames are to be made.
    pub frames: bool,
    /// Whether `onLoop` is to run.
    pub on_loop: bool,
    /// Whether `collect` is to run for the key.
    pub collect: bool,
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD_NO_PAD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The request whose connection comes along.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Go {
    /// Its FastCGI request id.
    pub request: u16,
    /// Whether the next byte from the web server begins a record: the script has read all of the body,
    /// or none of it.
    pub at_record: bool,
    /// Whether something may follow the request's end, see [`super::record::end`].
    pub may_follow_end: bool,
}

impl Go {
    /// A request whose body wasn't begun, from a web server like most.
    #[must_use]
    pub fn of(request: u16) -> Self {
        Self { request, at_record: true, may_follow_end: true }
    }
}

/// Why a stream can't come.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason.
    pub reason: Reason,
    /// In words.
    pub why: String,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// `sse.max_streams` are open.
    Full,
    /// The hub is of another build, or ending; another one may be started.
    Ending,
    /// The store can't be read.
    Store,
    /// Another process holds a lock of the store.
    Busy,
    /// PHP-FPM, which would have to be asked for the stream again, can't be reached.
    Unreachable,
    /// The message isn't one.
    Malformed,
}

/// How it is going.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Status {
    /// The hub's process.
    pub pid: u32,
    /// Where it listens.
    pub socket: String,
    /// Streams that are open.
    pub streams: u64,
    /// Streams it would take.
    pub max_streams: u64,
    /// Streams it took since it began.
    pub taken: u64,
    /// Keys that are followed.
    pub keys: u64,
    /// Events written to clients, each client counted.
    pub events: u64,
    /// Bytes written to clients.
    pub bytes: u64,
    /// How the files are watched.
    pub signal: String,
    /// Recalls that were answered.
    pub recalls: u64,
    /// Recalls that wait for their turn.
    pub recalls_waiting: u64,
    /// How long the first of those has waited, in milliseconds.
    pub recalls_oldest_ms: u64,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// A message as bytes.
///
/// # Errors
/// None that these types can cause.
pub fn write<T: Serialize>(message: &T) -> std::io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(message)?)
}

/// Bytes as a message.
///
/// # Errors
/// What is wrong with them.
pub fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> std::io::Result<T> {
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::mutation;
    use proptest::prelude::*;
    use proptest::strategy::LazyJust;
    use sse_core::event::EventName;
    use sse_core::key::Key;
    use sse_core::stream::request::{Profile, Replay};

    fn build() -> impl Strategy<Value = Build> {
        (any::<u32>(), ".{0,10}").prop_map(|(protocol, build)| Build { protocol, build })
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..40)
    }

    fn request() -> impl Strategy<Value = StreamRequest> {
        let replay =
            prop_oneof![Just(Replay::None), any::<u64>().prop_map(Replay::Newest), Just(Replay::All)];
        let keys = prop::collection::vec(prop::collection::vec(1..=255_u8, 1..40), 1..5)
            .prop_map(|keys| Keys::new(keys.iter().map(|key| Key::new(key).unwrap()).collect()).unwrap());
        let name = "[a-d]{1,10}".prop_map(|name| EventName::new(name.as_bytes()).unwrap());
        let numbers = (any::<u64>(), any::<u64>(), any::<(u64, u64)>());
        (keys, prop::option::of(bytes()), replay, name, prop::option::of(".{0,10}"), numbers).prop_map(
            |(keys, last_event_id, replay, event_name, connected, (heartbeat, lifetime, retry))| {
                StreamRequest {
                    keys,
                    last_event_id,
                    replay,
                    lifetime: Duration::from_millis(lifetime),
                    connected,
                    profile: Profile {
                        event_name,
                        heartbeat: Duration::from_millis(heartbeat),
                        retry: retry.into(),
                    },
                }
            },
        )
    }

    fn offer() -> impl Strategy<Value = Offer> {
        let maker = prop::sample::select(vec![Maker::Hub, Maker::HubAndFetch, Maker::PhpOnce, Maker::Php]);
        let pauses = any::<(Option<u64>, Option<u64>)>();
        let recall = (".{0,20}", bytes(), ".{0,20}", maker, pauses).prop_map(
            |(address, parameters, route, maker, (loop_ms, collect_ms))| Recallable {
                address,
                parameters,
                route,
                maker,
                loop_ms,
                collect_ms,
            },
        );
        (build(), ".{0,30}", ".{0,10}", request(), prop::option::of(recall))
            .prop_map(|(from, store, signal, request, recall)| Offer { from, store, signal, request, recall })
    }

    fn to_hub() -> impl Strategy<Value = ToHub> {
        prop_oneof![
            offer().prop_map(|offer| ToHub::Offer(Box::new(offer))),
            any::<(u16, bool, bool)>().prop_map(|(request, at_record, may_follow_end)| ToHub::Go(Go {
                request,
                at_record,
                may_follow_end
            })),
            build().prop_map(ToHub::Status),
            ".{0,20}".prop_map(ToHub::Recall),
        ]
    }

    fn to_worker() -> impl Strategy<Value = ToWorker> {
        let reason = prop::sample::select(vec![
            Reason::Full,
            Reason::Ending,
            Reason::Store,
            Reason::Busy,
            Reason::Unreachable,
            Reason::Malformed,
        ]);
        let status = (any::<u32>(), ".{0,20}", any::<u64>(), prop::option::of(".{0,20}")).prop_map(
            |(pid, socket, streams, last_error)| Status {
                pid,
                socket,
                streams,
                last_error,
                ..Status::default()
            },
        );
        prop_oneof![
            LazyJust::new(|| ToWorker::Ready),
            (reason, ".{0,20}").prop_map(|(reason, why)| ToWorker::Refused(Refusal { reason, why })),
            status.prop_map(ToWorker::Status),
            (".{0,20}", any::<(bool, bool, bool)>(), request()).prop_map(
                |(cursor, (frames, on_loop, collect), request)| {
                    let key = frames.then_some(request.keys);
                    ToWorker::Recall(on_loop.then_some(Due { cursor, key, frames, on_loop, collect }))
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(to_hub in to_hub(), to_worker in to_worker()) {
            prop_assert_eq!(read::<ToHub>(&write(&to_hub).unwrap()).unwrap(), to_hub);
            prop_assert_eq!(read::<ToWorker>(&write(&to_worker).unwrap()).unwrap(), to_worker);
        }

        #[test]
        fn any_cut_is_noticed(to_hub in to_hub(), at: prop::sample::Index) {
            let bytes = write(&to_hub).unwrap();
            prop_assert!(read::<ToHub>(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    proptest! {
        #![proptest_config(mutation::config())]

        #[test]
        fn a_mutated_message_is_refused_or_means_what_it_says((_, bytes) in mutation::mutated(to_hub(), |message| write(message).unwrap())) {
            if let Ok(message) = read::<ToHub>(&bytes) {
                prop_assert_eq!(read::<ToHub>(&write(&message).unwrap()).unwrap(), message);
            }
        }

        #[test]
        fn a_mutated_answer_is_refused_or_means_what_it_says((_, bytes) in mutation::mutated(to_worker(), |message| write(message).unwrap())) {
            if let Ok(message) = read::<ToWorker>(&bytes) {
                prop_assert_eq!(read::<ToWorker>(&write(&message).unwrap()).unwrap(), message);
            }
        }
    }
}
