//! Numbers drawn at random, to spread over time what would otherwise come all at once.

use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// A number drawn from a range. Only spreads load: the clock is random enough.
#[must_use]
pub fn draw(range: &RangeInclusive<u64>) -> u64 {
    let span = (range.end() - range.start()).saturating_add(1);
    range.start() + RandomState::new().hash_one(Instant::now()) % span
}

/// A duration drawn from 80 to 100 % of `longest`.
#[must_use]
pub fn shortened(longest: Duration) -> Duration {
    let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(draw(&(millis / 5 * 4..=millis)))
}
