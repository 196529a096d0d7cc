//! Room for ordinary pages beside the streams that hold a worker.
//!
//! A pool has so many workers, and a stream that holds one may do so for an hour. So a stream that can't go
//! to the hub takes a worker only where another is left for pages, and gives it back when requests wait for
//! one. Both are seen without any setting: PHP-FPM tells what its workers do, and a connection that stays on
//! the listening socket is a request that nobody has time for.
//!
//! ```text
//! Quiet ──a connection waits──► Suspicious ──it still waits, three looks in a row──► the stream gives way
//!   ▲                               │
//!   └────────it was taken───────────┘
//! ```
//!
//! Always true:
//! - while nothing comes in, nobody is woken to look;
//! - streams look at different moments, so that one gives way and not all;
//! - a pool of a single worker streams too, until somebody else wants it.

use std::fs;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use ext_php_rs::types::{ZendHashTable, Zval};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sse_core::jitter::draw;

use crate::fpm::{self, Connection};
use crate::php::{self, Halt, call};

/// Milliseconds that a connection may wait before it is looked at again: an idle worker takes it in far less,
/// and who has just been told of the same has another look drawn.
const SUSPICION_MS: std::ops::RangeInclusive<u64> = 50..=150;
/// Pause between the looks that follow, and how many of them must agree: on a busy site there is now and then
/// a connection that was not taken yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS: u32 = 3;

/// Whether the pool can spare this worker for a stream: another one is left, or can be started.
///
/// # Errors
/// Only what halts PHP itself.
pub fn is_there() -> Result<bool, Halt> {
    if !fpm::is_fpm() {
        return Ok(true);
    }
    // Not there, or disabled: then only requests that wait tell.
    let Some(status) = call("fpm_get_status", &[])? else { return Ok(true) };
    Ok(status.array().and_then(spares).unwrap_or(true))
}

/// What `fpm_get_status()` says. It counts the workers itself only once a second; what each does is current.
///
/// How many there may be it doesn't say. A static pool has all of them; another one has reached its limit
/// once, or can start more.
fn spares(status: &ZendHashTable) -> Option<bool> {
    let number = |name: &str| status.get(name).and_then(Zval::long).unwrap_or(0);
    let workers = status.get("procs")?.array()?;
    let is_idle = |worker: &Zval| {
        worker.array().and_then(|worker| worker.get("state")).and_then(Zval::str) == Some("Idle")
    };
    let total = i64::try_from(workers.len()).ok()?;
    let idle = i64::try_from(workers.values().filter(|worker| is_idle(worker)).count()).ok()?;
    let limit = match status.get("process-manager").and_then(Zval::str) {
        Some("static") => total,
        _ if number("max-children-reached") > 0 => total.max(number("max-active-processes")),
        _ => return Some(true),
    };
    Some(limit <= 1 || total - idle < limit)
}

/// Watches for requests that find no worker.
#[derive(Debug)]
pub struct Pressure {
    listening: Vec<RawFd>,
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
            "apache2handler" | "cli-server" => all_listening(),
            _ => Vec::new(),
        };
        Self { listening, state: State::Quiet }
    }

    /// What to wait on, so that a request that comes is noticed.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let is_quiet = matches!(self.state, State::Quiet);
        self.listening.iter().filter(move |_| is_quiet).map(|&socket| {
            // SAFETY: checked to be a listening socket when it was found. The server keeps it open for as
            // long as this process serves requests, which lasts longer than what borrows `self`; a
            // descriptor that is closed all the same is an error of poll(2) and nothing else.
            unsafe { BorrowedFd::borrow_raw(socket) }
        })
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
        self.state = if !self.waits() {
            State::Quiet
        } else if times == 0 {
            State::Suspicious { again: now + Duration::from_millis(draw(&SUSPICION_MS)), times: 1 }
        } else {
            State::Suspicious { again: now + LOOK_AGAIN, times: times + 1 }
        };
        matches!(self.state, State::Suspicious { times, .. } if times > LOOKS)
    }

    /// Whether a connection waits to be accepted.
    fn waits(&self) -> bool {
        let mut sockets: Vec<PollFd<'_>> = self
            .listening
            .iter()
            .map(|&socket| {
                // SAFETY: as in `descriptors`.
                PollFd::from_borrowed_fd(unsafe { BorrowedFd::borrow_raw(socket) }, PollFlags::IN)
            })
            .collect();
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(poll(&mut sockets, Some(&none)), Ok(count) if count > 0)
            && sockets.iter().any(|socket| socket.revents().contains(PollFlags::IN))
    }
}

/// The listening sockets of a server that this process is a worker of.
fn all_listening() -> Vec<RawFd> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|&descriptor| fpm::listens(descriptor) == Some(true)).collect()
}
