//! What a stream says besides its events, and what the log is told of it: the same words whoever serves it.

use crate::frame;
use crate::key::{Key, names};
use crate::store::Gap;
use crate::stream::request::Retry;

/// The pause of clients that are to come back later: spread, so that they don't come all at once.
pub const LATER: Retry = Retry::new(3_000, 15_000);

/// What a stream begins with: the client's next pause, and `connected` with the local time of day, unless
/// the application wants none.
pub fn greet(out: &mut Vec<u8>, retry: Retry, cursor: &str, connected: Option<&str>) {
    frame::write_retry(out, retry.draw());
    match connected {
        Some(time) => frame::write_connected(out, cursor, time),
        None => frame::write_comment(out, "connected"),
    }
}

/// What a stream ends with whose client is to come back later, and why.
pub fn put_off(out: &mut Vec<u8>, why: &str) {
    frame::write_retry(out, LATER.draw());
    frame::write_comment(out, why);
}

/// A line for the log, of which is left to say who is told.
#[must_use]
pub fn gap_line<'k>(keys: impl IntoIterator<Item = &'k Key>, gap: Gap) -> String {
    format!("gap in {}: events after {} up to {} are gone", names(keys), gap.from, gap.to)
}
