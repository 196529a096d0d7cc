//! Sockets that PHP's server listens on, as far as its worker processes have them open.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, RawFd};

use rustix::net::sockopt::socket_acceptconn;

/// A socket that the server of this process takes its requests from.
#[derive(Clone, Copy, Debug)]
pub struct Listening(RawFd);

impl Listening {
    /// One that was just seen to be that.
    pub(super) fn known(descriptor: RawFd) -> Self {
        Self(descriptor)
    }

    /// All that this process has open.
    pub fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter(|&descriptor| listens(descriptor) == Some(true)).map(Self).collect()
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: seen to be a listening socket when it was found. The server keeps it open for as long as
        // this process serves requests, which lasts longer than what borrows `self`; a descriptor that is
        // closed all the same is an error of poll(2) and nothing else.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// Whether a descriptor is a listening socket; `None` if it is no socket at all.
pub(super) fn listens(descriptor: RawFd) -> Option<bool> {
    if descriptor < 0 {
        return None;
    }
    // SAFETY: not negative; it is only asked about, and if it isn't open the system says so.
    socket_acceptconn(unsafe { BorrowedFd::borrow_raw(descriptor) }).ok()
}
