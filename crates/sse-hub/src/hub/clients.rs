//! The clients' connections, as the hub knows them: it has no sockets.

use std::io::IoSlice;

use super::ids::StreamId;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// So many bytes were taken.
    Bytes(usize),
    /// None for now.
    Blocked,
    /// The connection is over.
    Gone,
}

/// The clients' connections, by their streams.
pub trait Clients {
    /// Writes to a stream's client without waiting.
    fn write(&mut self, stream: StreamId, parts: &[IoSlice<'_>]) -> Written;
    /// What is written from now on may wait for the connection's end and go out with it.
    fn hold_for_close(&mut self, stream: StreamId);
    /// Closes a stream's connection.
    fn close(&mut self, stream: StreamId);
}
