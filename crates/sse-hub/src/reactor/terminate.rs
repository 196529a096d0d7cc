//! SIGTERM and SIGINT, as something to wait for.

use std::io;
use std::os::unix::net::UnixStream;

/// SIGTERM and SIGINT, as something to wait for.
pub struct Terminate {
    /// Can be read once a signal came.
    pub pipe: UnixStream,
    handlers: Vec<signal_hook::SigId>,
}

impl Terminate {
    pub fn new() -> io::Result<Self> {
        let (pipe, write) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let mut handlers = Vec::new();
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // PHP's own handler ends the process at once, and would be called after ours.
            // SAFETY: sets a disposition; no handler is involved.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
            handlers.push(signal_hook::low_level::pipe::register(signal, write.try_clone()?)?);
        }
        Ok(Self { pipe, handlers })
    }
}

impl Drop for Terminate {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            signal_hook::low_level::unregister(handler);
        }
    }
}
