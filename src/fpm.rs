//! The client's FastCGI connection under PHP-FPM.
//!
//! FPM's request structure isn't public. It begins with `int listen_socket, tcp, fd, id, keep`, has
//! done so since FPM exists, and is checked each time: a listening socket first, a connected one
//! third. Anything else counts as not found.

use std::os::fd::{BorrowedFd, RawFd};

use ext_php_rs::zend::SapiGlobals;
use rustix::net::sockopt::socket_acceptconn;

use crate::php;

/// Descriptors of the request that this worker serves.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    listen: RawFd,
    client: RawFd,
}

impl Connection {
    /// The connection, if this is FPM and its structure is as we know it.
    pub fn find() -> Option<Self> {
        if php::sapi_name() != "fpm-fcgi" {
            return None;
        }
        let context = SapiGlobals::get().server_context;
        if context.is_null() {
            return None;
        }
        // SAFETY: under FPM the context points to its request, which is larger than three ints and
        // lives as long as the request does.
        let [listen, _, client] = unsafe { context.cast::<[RawFd; 3]>().read() };
        let connection = Self { listen, client };
        (connection.is_listening() && listens(client) == Some(false)).then_some(connection)
    }

    /// Whether FPM still takes requests; it stops when it is told to end gracefully.
    pub fn is_listening(self) -> bool {
        listens(self.listen) == Some(true)
    }

    /// The connection to the web server, for waiting on.
    pub fn client(&self) -> BorrowedFd<'_> {
        // SAFETY: checked to be an open socket when it was found; FPM closes it after the request,
        // which lasts longer than what borrows `self`.
        unsafe { BorrowedFd::borrow_raw(self.client) }
    }
}

/// Whether a descriptor is a listening socket; `None` if it is no socket at all.
fn listens(descriptor: RawFd) -> Option<bool> {
    if descriptor < 0 {
        return None;
    }
    // SAFETY: not negative; it is only asked about, and if it isn't open the system says so.
    socket_acceptconn(unsafe { BorrowedFd::borrow_raw(descriptor) }).ok()
}
