//! "Something is new": the wake-up. It carries no data; whoever wakes reads the store.
//!
//! A signal watches files, or channels of a Redis server. Its descriptor (if it has one) goes into the same
//! `poll` as whatever else the caller waits for; one without a descriptor is looked at every so often. A
//! wake-up may come for nothing, it never fails to come: watch first, read second.

mod again;
mod choice;
mod inotify;
mod notify;
mod poll;
mod redis;
mod watch;

pub use self::again::Again;
pub use self::choice::{Choice, Waits, open};
pub use self::inotify::Inotify;
pub use self::notify::Notify;
pub use self::poll::Poll;
pub use self::redis::RedisSignal;
pub use self::watch::{Changes, Signal, Trigger, Watch};

#[cfg(test)]
mod tests;
