//! Room for ordinary pages beside the streams that hold a worker.
//!
//! A pool has so many workers, and a stream that holds one may do so for an hour. So a stream that can't go
//! to the hub takes a worker only where another is left for pages, and gives it back when requests wait for
//! one. Both are seen without any setting, on the socket that the pool's requests come from: whether a
//! connection that we make there is taken, and whether others stay.
//!
//! ```text
//! Quiet ──a connection waits──► Suspicious ──it still waits, three looks in a row──► the stream gives way
//!   ▲                               │
//!   └────────it was taken───────────┘
//! ```
//!
//! Not by `fpm_get_status()`: it names what each worker does, and for one that was just started there is no
//! name, which crashes the worker that asks (seen in PHP 8.2); nor does it tell how many there may be.
//!
//! Always true:
//! - while nothing comes in, nobody is woken to look;
//! - streams look at different moments, so that one gives way and not all;
//! - a pool of a single worker streams too, until somebody else wants it.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{SocketFlags, SocketType, connect, getsockname, socket_with};
use rustix::process::getppid;
use sse_core::jitter::draw;

use crate::php;
use crate::php::fpm::Connection;
use crate::php::sockets::Listening;

/// Milliseconds that a connection may wait before it is looked at again: an idle worker takes it in far less,
/// and who has just been told of the same has another look drawn.
const SUSPICION_MS: std::ops::RangeInclusive<u64> = 50..=150;
/// Pause between the looks that follow, and how many of them must agree: on a busy site there is now and then
/// a connection that was not taken yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS: u32 = 3;
/// How long a connection of ours may wait to be taken; an ondemand pool starts a worker for it meanwhile.
const TAKEN_WITHIN: Duration = Duration::from_millis(60);
const LOOK_EARLY: Duration = Duration::from_millis(1);

/// Whether the pool can spare this worker for a stream: another one is idle, or can be started, or there is
/// no other at all. What can't be found out counts as so.
pub fn is_there() -> bool {
    let Some(connection) = Connection::find() else { return true };
    // Nobody would take what we ask with, and it would wait for ever.
    if is_alone() {
        return true;
    }
    match knock(connection.listening()) {
        Ok(()) => {}
        // So many wait already that no more fit.
        Err(Errno::AGAIN | Errno::INPROGRESS) => return false,
        // We may not, as where the socket belongs to the web server alone.
        Err(_) => return true,
    }
    let until = Instant::now() + TAKEN_WITHIN;
    loop {
        if !waits(&[connection.listening()]) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(LOOK_EARLY);
    }
}

/// Puts a connection without a request into a listening socket's queue. It is closed at once: a worker that
/// takes it must not wait for what comes on it, since other streams knock as well.
fn knock(listening: Listening) -> Result<(), Errno> {
    let address = getsockname(listening)?;
    let ours = socket_with(address.address_family(), SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&ours, Timeout::Send, Some(LOOK_AGAIN))?;
    connect(&ours, &address)
}

/// Whether this is the only worker of its pool. PHP-FPM names a pool in the command line of each.
fn is_alone() -> bool {
    let Some(parent) = getppid().map(|parent| parent.as_raw_nonzero()) else { return false };
    let Ok(children) = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")) else {
        return false;
    };
    let name = |process: &str| fs::read(format!("/proc/{process}/cmdline")).ok();
    let own = name("self");
    let workers = children.split_whitespace().filter(|child| name(child) == own);
    workers.count() == 1
}

/// Watches for requests that find no worker.
#[derive(Debug)]
pub struct Pressure {
    listening: Vec<Listening>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody waits, as far as is known.
    Quiet,
    /// A connection waited when it was last looked, so many times in a row.
    Suspicious { again: Instant, times: u32 },
}

impl Pressure {
    /// For the sockets that this process takes its requests from, where these can be found.
    pub fn new() -> Self {
        let listening = match php::sapi_name().as_str() {
            "fpm-fcgi" => Connection::find().map(|connection| connection.listening()).into_iter().collect(),
            "apache2handler" | "cli-server" => Listening::all(),
            _ => Vec::new(),
        };
        Self { listening, state: State::Quiet }
    }

    /// What to wait on, so that a request that comes is noticed.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let is_quiet = matches!(self.state, State::Quiet);
        self.listening.iter().filter(move |_| is_quiet).map(Listening::as_fd)
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        match self.state {
            State::Quiet => None,
            State::Suspicious { again, .. } => Some(again),
        }
    }

    /// Looks, if it is time; true if requests wait that no worker takes.
    pub fn is_felt(&mut self, now: Instant) -> bool {
        let times = match self.state {
            State::Suspicious { again, .. } if now < again => return false,
            State::Suspicious { times, .. } => times,
            State::Quiet => 0,
        };
        self.state = if !waits(&self.listening) {
            State::Quiet
        } else if times == 0 {
            State::Suspicious { again: now + Duration::from_millis(draw(&SUSPICION_MS)), times: 1 }
        } else {
            State::Suspicious { again: now + LOOK_AGAIN, times: times + 1 }
        };
        matches!(self.state, State::Suspicious { times, .. } if times > LOOKS)
    }
}

/// Whether a connection waits to be accepted.
fn waits(listening: &[Listening]) -> bool {
    let mut sockets: Vec<PollFd<'_>> =
        listening.iter().map(|socket| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN)).collect();
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut sockets, Some(&none)), Ok(count) if count > 0)
        && sockets.iter().any(|socket| socket.revents().contains(PollFlags::IN))
}
