//! A stream as it was asked for, and how it ended, whoever serves it.

use std::ops::RangeInclusive;
use std::time::Duration;

use ext_php_rs::prelude::*;
use sse_core::key::Key;
use sse_core::resume::Replay;

/// Why a stream ended.
#[php_enum]
#[php(name = "Sse\\StreamEnd")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The client closed the connection.
    #[php(value = "client-left")]
    ClientLeft,
    /// Its lifetime is over; the client connects again and resumes.
    #[php(value = "lifetime")]
    Lifetime,
    /// The server stops; the client connects again and resumes.
    #[php(value = "shutdown")]
    Shutdown,
    /// The hub has the client now, and streams to it; the script goes on.
    #[php(value = "handed-off")]
    HandedOff,
    /// A HEAD request: only headers were sent.
    #[php(value = "head")]
    Head,
    /// All places are taken (`sse.worker_streams`, `sse.max_streams`): the client comes back later.
    #[php(value = "full")]
    Full,
    /// The store failed; the reason is in the log, the client connects again and resumes.
    #[php(value = "failed")]
    Failed,
}

/// What was asked for.
pub struct Plan {
    /// The keys to follow.
    pub keys: Vec<Key>,
    /// What the client says it has.
    pub client: Option<Vec<u8>>,
    /// Name of events that carry none.
    pub event_name: String,
    /// Pause after which an idle stream sends a comment.
    pub heartbeat: Duration,
    /// Pause between calls of `onLoop`.
    pub poll: Duration,
    /// What a client without a cursor gets first.
    pub replay: Replay,
    /// Milliseconds from which the client's pause is drawn.
    pub retry: RangeInclusive<u64>,
    /// How long it may live; zero for no end.
    pub lifetime: Duration,
    /// Whether `connected` is sent.
    pub connected: bool,
    /// Streams that may hold a worker at a time; 0 for any number.
    pub worker_streams: u64,
}

impl Plan {
    /// Whether the client has a cursor: it had a stream before, or a page that read the store. It is to come
    /// back when something is out of order for a while, and EventSource gives up for good at an error page.
    pub fn has_been_served(&self) -> bool {
        self.client.is_some()
    }

    /// Lets the stream live no longer than this.
    pub fn end_within(&mut self, longest: Duration) {
        if self.lifetime.is_zero() || self.lifetime > longest {
            self.lifetime = longest;
        }
    }
}

/// Pauses told to clients that found no place, in milliseconds.
pub const RETRY_WHEN_FULL: RangeInclusive<u64> = 3_000..=15_000;
