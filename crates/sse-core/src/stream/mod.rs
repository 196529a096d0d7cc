//! One stream, as far as it is the same whoever serves it, a PHP worker or the hub.
//!
//! ```text
//! request (what is asked for) ──► resume (where its client stands) ──► reading, by a feed or a channel
//!    │                                                                     │
//!    └──► schedule (when a heartbeat or the end is due)                    └──► outage (when to ask again)
//!                                       voice (what is said besides events)
//! ```
//!
//! Delivery itself is not in here: a worker owns its readers ([`crate::feed`]), the hub shares what it reads
//! among thousands of streams. The vectors and the conformance tests bind the two.

pub mod outage;
pub mod request;
pub mod resume;
pub mod schedule;
pub mod voice;
