//! The socket between workers and hub: whole messages, with a descriptor beside them if need be, and
//! who is at the other end.
//!
//! Unix sockets of type SEQPACKET keep messages apart, so that a broken one spoils nothing behind it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use rustix::{cmsg_space, net};

use crate::wire::message::MAX_MESSAGE;

/// Descriptors that a message may bring; the first is taken, others are closed.
const DESCRIPTORS: usize = 4;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// A message as it came.
pub struct Message<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The descriptor beside it.
    pub descriptor: Option<OwnedFd>,
}

/// Listens at a path that nothing is at; only this user can connect.
///
/// # Errors
/// What the system says.
pub fn listen(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Takes the next connection; `None` if none waits.
///
/// # Errors
/// What the system says.
pub fn accept(listener: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    match retry_on_intr(|| net::accept_with(listener, flags)) {
        Ok(connection) => Ok(Some(connection)),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::CONNABORTED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Connects, and gives every later step so much time.
///
/// # Errors
/// What the system says: nobody listens, or nobody accepts in time.
pub fn connect(path: &Path, patience: Duration) -> io::Result<OwnedFd> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(patience))?;
    let address = SocketAddrUnix::new(path)?;
    retry_on_intr(|| net::connect(&socket, &address))?;
    Ok(socket)
}

/// The user that the process at the other end runs as.
///
/// # Errors
/// What the system says.
pub fn peer(connection: &OwnedFd) -> io::Result<u32> {
    Ok(socket_peercred(connection)?.uid.as_raw())
}

/// Whether the other end is closed, although there may be messages left of it.
#[must_use]
pub fn is_left(connection: &OwnedFd) -> bool {
    let mut one = [PollFd::new(connection, PollFlags::RDHUP)];
    matches!(poll(&mut one, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(count) if count > 0)
}

/// Sends one message.
///
/// # Errors
/// What the system says; nothing was sent then.
pub fn send(connection: &OwnedFd, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    if !descriptors.is_empty() {
        beside.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    let data = [IoSlice::new(bytes)];
    retry_on_intr(|| net::sendmsg(connection, &data, &mut beside, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Receives one message into `space`; `None` if the other end is closed.
///
/// # Errors
/// What the system says (nothing came in time), or that the message is too long.
pub fn receive<'a>(connection: &impl AsFd, space: &'a mut [u8]) -> io::Result<Option<Message<'a>>> {
    let mut beside_space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut beside = RecvAncillaryBuffer::new(&mut beside_space);
    let received = retry_on_intr(|| {
        net::recvmsg(connection, &mut [IoSliceMut::new(space)], &mut beside, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut descriptors: Vec<OwnedFd> = beside
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of more than {MAX_MESSAGE} bytes"),
        ));
    }
    if received.bytes == 0 && descriptors.is_empty() {
        return Ok(None);
    }
    let descriptor = (!descriptors.is_empty()).then(|| descriptors.swap_remove(0));
    Ok(Some(Message { bytes: space.get(..received.bytes).unwrap_or_default(), descriptor }))
}

/// Space for the longest message, and one byte more to notice a longer one.
#[must_use]
pub fn space() -> Vec<u8> {
    vec![0; MAX_MESSAGE + 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    fn pair() -> (OwnedFd, OwnedFd) {
        net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::NONBLOCK, None).unwrap()
    }

    #[test]
    fn a_message_brings_its_descriptor() {
        let (worker, hub) = pair();
        let (mut near, far) = UnixStream::pair().unwrap();
        send(&worker, b"here", Some(far.as_fd())).unwrap();
        drop(far);
        let mut space = space();
        let message = receive(&hub, &mut space).unwrap().unwrap();
        assert_eq!(message.bytes, b"here");
        assert!(near.write_all(b"x").is_ok());
        drop(message.descriptor.unwrap());
        assert!(near.write_all(b"x").is_err());
    }

    #[test]
    fn an_empty_message_is_the_end() {
        let (worker, hub) = pair();
        drop(worker);
        assert!(receive(&hub, &mut space()).unwrap().is_none());
    }

    #[test]
    fn a_message_that_is_too_long_is_refused() {
        let (worker, hub) = pair();
        send(&worker, &vec![b'x'; MAX_MESSAGE + 2], None).unwrap();
        assert_eq!(
            receive(&hub, &mut space()).err().map(|error| error.kind()),
            Some(io::ErrorKind::InvalidData)
        );
    }

    #[test]
    fn both_ends_know_the_others_user() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = listen(&path).unwrap();
        let near = connect(&path, Duration::from_secs(5)).unwrap();
        let far = accept(&listener).unwrap().unwrap();
        let user = rustix::process::geteuid().as_raw();
        assert_eq!((peer(&near).unwrap(), peer(&far).unwrap()), (user, user));
    }
}
