//! A Redis server, for stores and for signals: where it is, a connection to it, and what it says as our errors.
//!
//! ```text
//! location ──► server ──► failure
//!              link ───────┘
//! ```

mod failure;
mod link;
mod location;
mod server;

pub(crate) use self::link::Link;
pub use self::location::RedisLocation;
pub use self::server::Server;
