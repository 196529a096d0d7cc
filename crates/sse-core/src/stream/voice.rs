//! What a stream says besides its events, and what the log is told of it: the same words whoever serves it.

use crate::frame;
use crate::key::{Key, names};
use crate::store::Gap;
use crate::stream::request::Retry;

/// The pause of clients that are to come back later: spread, so that they don't come all at once.
const LATER: Retry = Retry::new(3_000, 15_000);

/// No more streams fit, or pages need the worker.
pub const NO_PLACE: &str = "no place is free, come back later";
/// As many streams hold a worker as a setting allows.
pub const NO_SLOT: &str = "no place is free; see sse.worker_streams";
/// The store can't be had for now.
pub const STORE_AWAY: &str = "the store can't be had, come back later";
/// Another process has the store locked.
pub const STORE_LOCKED: &str = "the store is locked, come back later";
/// The hub is too slow, maybe since it waits for the same store.
pub const HUB_SLOW: &str = "the hub is slow, come back later";
/// The server ends.
pub const ENDING: &str = "the server ends this stream, come back later";

/// What a stream begins with: the client's next pause, and `connected` with the local time of day, unless
/// the application wants none.
pub fn greet(out: &mut Vec<u8>, retry: Retry, cursor: &str, connected: Option<&str>) {
    frame::write_retry(out, retry.draw());
    match connected {
        Some(time) => frame::write_connected(out, cursor, time),
        None => frame::write_comment(out, "connected"),
    }
}

/// What a stream ends with whose client is to come back later, and why: one of the reasons above.
pub fn put_off(out: &mut Vec<u8>, why: &str) {
    frame::write_retry(out, LATER.draw());
    frame::write_comment(out, why);
}

/// A line for the log, of which is left to say who is told.
#[must_use]
pub fn gap_line<'k>(keys: impl IntoIterator<Item = &'k Key>, gap: Gap) -> String {
    format!("gap in {}: events after {} up to {} are gone", names(keys), gap.from, gap.to)
}
