//! The clients' connections.
//!
//! A connection's flags are never changed: every read and write says itself that it won't wait.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::net::sockopt::set_tcp_cork;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{SendFlags, Shutdown};

use super::origin::Origin;
use crate::hub::{Clients, StreamId, Written};

/// The clients' connections, by their streams.
///
/// Room to write is waited for only where there was none: asked for always, it would be told after
/// each frame of each stream.
pub struct Connections {
    registry: Registry,
    by_number: Vec<Option<Connection>>,
}

struct Connection {
    stream: StreamId,
    descriptor: OwnedFd,
    /// Whether room to write is waited for.
    is_full: bool,
}

impl Connection {
    /// Waits for room to write, or no more.
    fn set_full(&mut self, registry: &Registry, is_full: bool) -> io::Result<()> {
        if self.is_full != is_full {
            let interest = if is_full { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let token = Origin::Stream(self.stream.number()).token();
            registry.reregister(&mut SourceFd(&self.descriptor.as_raw_fd()), token, interest)?;
            self.is_full = is_full;
        }
        Ok(())
    }
}

impl Connections {
    /// No connections.
    pub fn new(registry: Registry) -> Self {
        Self { registry, by_number: Vec::new() }
    }

    pub fn add(&mut self, stream: StreamId, descriptor: OwnedFd) -> io::Result<()> {
        // Over TCP a frame would wait until the web server has acknowledged the one before it. Fails where
        // it isn't TCP.
        let _ = set_tcp_nodelay(&descriptor, true);
        let number = stream.number();
        let token = Origin::Stream(number).token();
        self.registry.register(&mut SourceFd(&descriptor.as_raw_fd()), token, Interest::READABLE)?;
        if self.by_number.len() <= number {
            self.by_number.resize_with(number + 1, || None);
        }
        if let Some(slot) = self.by_number.get_mut(number) {
            *slot = Some(Connection { stream, descriptor, is_full: false });
        }
        Ok(())
    }

    /// The stream that has this number now, if its connection is here.
    pub fn stream(&self, number: usize) -> Option<StreamId> {
        Some(self.by_number.get(number)?.as_ref()?.stream)
    }

    pub fn get(&self, stream: StreamId) -> Option<&OwnedFd> {
        let connection = self.by_number.get(stream.number())?.as_ref()?;
        (connection.stream == stream).then_some(&connection.descriptor)
    }

    fn get_mut(&mut self, stream: StreamId) -> Option<(&mut Connection, &Registry)> {
        let connection = self.by_number.get_mut(stream.number())?.as_mut()?;
        (connection.stream == stream).then_some((connection, &self.registry))
    }

    /// There is room to write.
    pub fn has_room(&mut self, stream: StreamId) {
        if let Some((connection, registry)) = self.get_mut(stream) {
            // If it fails, room is told of more often than need be.
            let _ = connection.set_full(registry, false);
        }
    }
}

impl Clients for Connections {
    fn write(&mut self, stream: StreamId, parts: &[IoSlice<'_>]) -> Written {
        let Some((connection, registry)) = self.get_mut(stream) else { return Written::Gone };
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        loop {
            return match rustix::net::sendmsg(&connection.descriptor, parts, &mut Default::default(), flags) {
                Ok(count) => Written::Bytes(count),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) => match connection.set_full(registry, true) {
                    Ok(()) => Written::Blocked,
                    Err(_) => Written::Gone,
                },
                Err(_) => Written::Gone,
            };
        }
    }

    fn hold_for_close(&mut self, stream: StreamId) {
        // Fails where it isn't TCP.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(descriptor) = self.get(stream) {
            let _ = set_tcp_cork(descriptor, true);
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = stream;
    }

    fn close(&mut self, stream: StreamId) {
        if self.get(stream).is_none() {
            return;
        }
        let Some(connection) = self.by_number.get_mut(stream.number()).and_then(Option::take) else { return };
        let descriptor = connection.descriptor;
        // A child of the worker's may hold a copy: it must neither keep the connection open nor us awake.
        // The connection first: its end is to be seen as soon as the request's.
        let _ = rustix::net::shutdown(&descriptor, Shutdown::Both);
        let _ = self.registry.deregister(&mut SourceFd(&descriptor.as_raw_fd()));
    }
}
