//! Under PHP-FPM: the request's parameters, the client's FastCGI connection, and its replacement by
//! `/dev/null`.
//!
//! FPM's request structure isn't public. It begins with `int listen_socket, tcp, fd, id, keep`, has
//! done so since FPM exists, and is checked each time: a listening socket first, a connected one
//! third. Anything else counts as not found.

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use ext_php_rs::zend::{SapiGlobals, SapiModule};
use rustix::io::{dup2, fcntl_dupfd_cloexec};
use rustix::net::sockopt::set_tcp_nodelay;

use super::sockets::{Listening, listens};
use crate::php;

/// A parameter of the request, as the web server sent it; `None` if it sent none, or this isn't FPM. To
/// look for it in `$_SERVER` would have PHP make that, of all parameters and of the environment.
pub fn parameter(name: &CStr) -> Option<Vec<u8>> {
    if !is_fpm() || SapiGlobals::get().server_context.is_null() {
        return None;
    }
    let get = SapiModule::get().getenv?;
    // SAFETY: FPM looks in the request it serves, by a name of this length; what it answers is a string
    // that lives as long as the request, and is copied.
    unsafe {
        let value = get(name.as_ptr(), name.count_bytes());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes().to_vec())
    }
}

/// Descriptors of the request that this worker serves.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    listen: RawFd,
    client: RawFd,
    request: u16,
}

impl Connection {
    /// The connection, if this is FPM and its structure is as we know it.
    pub fn find() -> Option<Self> {
        if !is_fpm() {
            return None;
        }
        let context = SapiGlobals::get().server_context;
        if context.is_null() {
            return None;
        }
        // SAFETY: under FPM the context points to its request, which is larger than four ints and
        // lives as long as the request does.
        let [listen, _, client, request] = unsafe { context.cast::<[RawFd; 4]>().read() };
        let connection = Self { listen, client, request: u16::try_from(request).ok().filter(|id| *id > 0)? };
        (connection.is_listening() && listens(client) == Some(false)).then_some(connection)
    }

    /// Whether FPM still takes requests; it stops when it is told to end gracefully.
    pub fn is_listening(self) -> bool {
        listens(self.listen) == Some(true)
    }

    /// The socket that FPM takes its requests from.
    pub fn listening(self) -> Listening {
        Listening::known(self.listen)
    }

    /// The connection to the web server, for waiting on.
    pub fn client(&self) -> BorrowedFd<'_> {
        // SAFETY: checked to be an open socket when it was found; FPM closes it after the request,
        // which lasts longer than what borrows `self`.
        unsafe { BorrowedFd::borrow_raw(self.client) }
    }
}

impl Connection {
    /// Over TCP, no frame waits until the web server has acknowledged the one before it. FPM asks for
    /// that only on connections that are kept.
    pub fn write_at_once(&self) {
        // Fails where it isn't TCP.
        let _ = set_tcp_nodelay(self.client(), true);
    }
}

/// The client's connection while its place in FPM's request is taken by `/dev/null`.
pub struct Kept {
    connection: Connection,
    client: OwnedFd,
}

impl Connection {
    /// Puts `/dev/null` in the connection's place: what the script still writes goes there.
    pub fn replace_by_null(&self) -> io::Result<Kept> {
        let client = fcntl_dupfd_cloexec(self.client(), 3)?;
        self.put(null()?.as_fd())?;
        Ok(Kept { connection: *self, client })
    }

    /// The request's FastCGI id.
    pub fn request(self) -> u16 {
        self.request
    }

    /// Whether the next byte from the web server begins a record.
    pub fn is_at_record(self) -> bool {
        let globals = SapiGlobals::get();
        let (read, length) = (globals.read_post_bytes, globals.request_info.content_length);
        // FPM reads the body in pieces of its own, not by records: between none of it and all of it nobody
        // knows.
        read <= 0 || read >= length
    }

    fn put(&self, other: BorrowedFd<'_>) -> io::Result<()> {
        // SAFETY: the descriptor is open, and stays FPM's: it is not closed here.
        let mut place = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(self.client) });
        Ok(dup2(other, &mut place)?)
    }
}

impl Kept {
    /// The connection.
    pub fn client(&self) -> BorrowedFd<'_> {
        self.client.as_fd()
    }

    /// Puts the connection back into its place.
    pub fn put_back(self) -> io::Result<()> {
        self.connection.put(self.client.as_fd())
    }
}

/// Says why a connection can't be handed over, if `/dev/null` isn't there to take its place.
pub fn can_replace_by_null() -> Result<(), String> {
    null().map(drop).map_err(|error| {
        format!(
            "/dev/null, which takes the place of a connection that is handed over, can't be opened: {error}; make it: sudo mknod -m 666 /dev/null c 1 3"
        )
    })
}

/// `/dev/null`, opened once in a process.
fn null() -> io::Result<&'static File> {
    static NULL: OnceLock<File> = OnceLock::new();
    if let Some(null) = NULL.get() {
        return Ok(null);
    }
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    Ok(NULL.get_or_init(|| null))
}

/// Whether this is PHP-FPM.
pub fn is_fpm() -> bool {
    php::sapi_name() == "fpm-fcgi"
}
