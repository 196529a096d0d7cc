//! Files and directories that processes of several users share, whatever is kept in them.
//!
//! ```text
//! slots ──► directory ──► lock ──► refusal ──► accounts
//!   └─────► own
//! ```

pub mod accounts;
mod directory;
pub(crate) mod lock;
pub mod own;
mod refusal;
mod slots;

pub use self::directory::Directory;
pub(crate) use self::directory::{identity, modified_millis, open, read_small, touch};
pub use self::lock::Patience;
pub(crate) use self::refusal::{failed, failed_beside};
pub use self::slots::Slot;
pub(crate) use self::slots::of_this_machine;
