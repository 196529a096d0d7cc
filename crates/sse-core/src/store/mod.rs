//! Where events are kept: an ordered log per key, bounded by age, count and bytes.
//!
//! ```text
//! location ──► file, sqlite, redis ──► engine ──► items
//!                                 └──► policy
//! ```

mod engine;
pub mod file;
mod items;
mod location;
mod policy;
pub mod redis;
pub mod sqlite;

pub use self::engine::{Failures, Opened, Reader, Store, Tally};
pub use self::items::{Gap, Item, Start, times};
pub use self::location::{Location, redacted};
pub use self::policy::Policy;
pub use crate::disk::{Patience, Slot};
