//! The hub's connections to PHP-FPM, one for each recall that is under way.
//!
//! Always true: a connection that is over is closed here, and what came of it is told once.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry};

use super::origin::Origin;
use crate::hub::{Answered, CallId, NewCall};
use crate::wire::call::{Answer, Outcome};

/// A call that takes longer is cut. PHP doesn't notice that: its worker goes on, as it would anyway, so it is worth
/// waiting for what it has to say.
const LONGEST: Duration = Duration::from_secs(300);
/// Bytes read of one answer before others have their turn.
const TURN: usize = 1 << 20;

/// Calls under way.
pub struct Calls {
    registry: Registry,
    under_way: slab::Slab<Call>,
}

struct Call {
    id: CallId,
    address: Rc<str>,
    token: String,
    socket: Socket,
    request: Vec<u8>,
    /// How much of it is written.
    written: usize,
    answer: Answer,
    began: Instant,
}

enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// Whether a call goes on.
enum Step {
    /// It waits for its connection.
    Waits,
    /// More may be there already.
    Again,
    /// It is over.
    Over(Answered),
}

impl Calls {
    /// None.
    pub fn new(registry: Registry) -> Self {
        Self { registry, under_way: slab::Slab::new() }
    }

    /// Begins a call.
    ///
    /// # Errors
    /// PHP-FPM can't be reached, and why.
    pub fn begin(&mut self, call: NewCall, now: Instant) -> Result<(), Answered> {
        let reach = || -> io::Result<Socket> {
            match call.address.split_once(':') {
                Some(("unix", path)) => UnixStream::connect(Path::new(path)).map(Socket::Unix),
                Some(("tcp", address)) => {
                    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
                    TcpStream::connect(address).map(Socket::Tcp)
                }
                _ => Err(io::Error::other("it is no address")),
            }
        };
        let unreachable = |error: &io::Error| unreachable(&call.address, error);
        let mut socket = reach().map_err(|error| unreachable(&error))?;
        let entry = self.under_way.vacant_entry();
        let token = Origin::Call(entry.key()).token();
        let interest = Interest::READABLE | Interest::WRITABLE;
        match &mut socket {
            Socket::Unix(socket) => self.registry.register(socket, token, interest),
            Socket::Tcp(socket) => self.registry.register(socket, token, interest),
        }
        .map_err(|error| unreachable(&error))?;
        entry.insert(Call {
            id: call.id,
            address: call.address,
            token: call.token,
            socket,
            request: call.bytes,
            written: 0,
            answer: Answer::default(),
            began: now,
        });
        Ok(())
    }

    /// Goes on with a call whose connection has something to say. Answers what came of it, if it is over; and
    /// whether it is to be called again.
    pub fn go_on(&mut self, number: usize) -> (Option<(CallId, Answered)>, bool) {
        let Some(call) = self.under_way.get_mut(number) else { return (None, false) };
        match call.go_on() {
            Step::Waits => (None, false),
            Step::Again => (None, true),
            Step::Over(answered) => (self.end(number, answered), false),
        }
    }

    /// Cuts one that takes too long.
    pub fn cut(&mut self, now: Instant) -> Option<(CallId, Answered)> {
        let is_due = |call: &Call| call.began + LONGEST <= now;
        let number = self.under_way.iter().find(|(_, call)| is_due(call)).map(|(number, _)| number)?;
        let answer = std::mem::take(&mut self.under_way.get_mut(number)?.answer);
        let outcome = match answer.has_begun() {
            true => answer.outcome(&self.under_way.get(number)?.token),
            false => Outcome::Broken(format!("no answer came within {} s", LONGEST.as_secs())),
        };
        self.end(number, Answered::With(outcome))
    }

    /// When the first is cut.
    pub fn next_cut(&self) -> Option<Instant> {
        self.under_way.iter().map(|(_, call)| call.began + LONGEST).min()
    }

    fn end(&mut self, number: usize, answered: Answered) -> Option<(CallId, Answered)> {
        // Its descriptor is closed, and no longer waited for.
        let call = self.under_way.try_remove(number)?;
        Some((call.id, answered))
    }
}

fn unreachable(address: &str, error: &io::Error) -> Answered {
    Answered::Unreachable {
        why: format!("PHP-FPM can't be asked at {address}: {error}"),
        is_forbidden: error.kind() == ErrorKind::PermissionDenied,
    }
}

impl Call {
    fn go_on(&mut self) -> Step {
        if let Some(over) = self.write() {
            return over;
        }
        self.read()
    }

    fn write(&mut self) -> Option<Step> {
        while let Some(rest) = self.request.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(0) => return Some(self.lost(&ErrorKind::WriteZero.into())),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Some(Step::Waits);
                }
                Err(error) => return Some(self.lost(&error)),
            }
        }
        None
    }

    fn read(&mut self) -> Step {
        let mut space = [0; 16 << 10];
        let mut count = 0;
        while count < TURN {
            match self.socket.read(&mut space) {
                Ok(0) => return self.over(),
                Ok(bytes) => {
                    count += bytes;
                    if let Err(why) = self.answer.take(space.get(..bytes).unwrap_or_default()) {
                        return Step::Over(Answered::With(Outcome::Broken(why)));
                    }
                    if self.answer.is_over() {
                        return self.over();
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Waits,
                Err(error) => return self.lost(&error),
            }
        }
        Step::Again
    }

    /// All is there that will come.
    fn over(&mut self) -> Step {
        let answer = std::mem::take(&mut self.answer);
        Step::Over(Answered::With(answer.outcome(&self.token)))
    }

    /// The connection failed: before anything was written nobody was reached.
    fn lost(&mut self, error: &io::Error) -> Step {
        if self.written == 0 {
            return Step::Over(unreachable(&self.address, error));
        }
        self.over()
    }
}

impl Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
        }
    }

    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.read(space),
            Self::Tcp(socket) => socket.read(space),
        }
    }
}
