//! A stream as PHP code asks for it, and why it ended.
//!
//! ```text
//! api ──► response (can it become a stream?) ──► handoff, to the hub
//!                                           └──► worker ──► callbacks (the application's closures)
//!                                                   └─────► room (do pages need this worker?)
//! ```

pub mod callbacks;
pub mod response;
pub mod room;
pub mod worker;

use std::time::Duration;

use ext_php_rs::prelude::*;
use sse_core::stream::request::StreamRequest;

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
    /// The hub had asked for what was pending, and has it now.
    #[php(value = "recalled")]
    Recalled,
    /// Nothing is pending any more, and the option `follow` is false.
    #[php(value = "caught-up")]
    CaughtUp,
    /// The store failed; the reason is in the log, the client connects again and resumes.
    #[php(value = "failed")]
    Failed,
}

/// What was asked for.
pub struct Plan {
    /// What is asked of whoever serves it.
    pub request: StreamRequest,
    /// Pause between calls of `collect` and of `onLoop`.
    pub poll: Duration,
    /// Streams that may hold a worker at a time; 0 for any number.
    pub worker_streams: u64,
    /// Whether it waits for what comes; else it ends when nothing is pending.
    pub follow: bool,
}
