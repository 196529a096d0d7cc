//! A stream inside the worker, where no hub takes it: subscribe, read, then wait in one `poll` on the
//! store's signal and on the client's connection.
//!
//! ```text
//! Replaying/Live ──client gone──► ClientLeft
//!                ──time is up───► Lifetime
//!                ──FPM stops────► Shutdown
//!                ──no place─────► Full      (after what is pending; or a page needs the worker)
//!                ──store fails──► Failed    (a failure that passes is waited for)
//! ```
//!
//! Always true:
//! - a frame is written whole or the connection is over;
//! - the heartbeat counts from the last byte written, so filtered events don't starve it;
//! - between heartbeats the process sleeps, unless the signal itself has to look.

mod begin;
mod deliver;
mod recalled;

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getppid};
use sse_core::Error;
use sse_core::feed::Feed;
use sse_core::signal::{Changes, Signal};
use sse_core::store::{Location, Slot, Store};
use sse_core::stream::schedule::Schedule;
use sse_core::stream::voice;

pub use self::begin::check;
use self::begin::{NoFeed, open_feed};
use self::deliver::{Batch, Pending};
pub use self::recalled::{Errand, recalled};
use crate::php::exception::Failure;
use crate::php::fpm::Connection;
use crate::php::{self, Halt, call, ini};
use crate::stores::LentSignal;
use crate::stream::callbacks::Callbacks;
use crate::stream::response::{Open, Target};
use crate::stream::room::{self, Pressure};
use crate::stream::{Plan, StreamEnd};

/// How long a worker keeps a stream that the hub should have: a moment's trouble must not cost a worker for an
/// hour.
pub const LONGEST_FOR_NOW: Duration = Duration::from_secs(10);
/// The longest wait; longer ones are cut into pieces.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Runs a stream to its end. Before the first byte, what is wrong is a [`Failure`]; after it only
/// halted PHP code is.
pub fn run(
    plan: &Plan,
    target: Target,
    store: &Arc<dyn Store>,
    location: &Location,
    mut signal: LentSignal,
    callbacks: &Callbacks<'_>,
    relieve: Option<&Relieve<'_>>,
) -> Result<StreamEnd, Failure> {
    if let Some(why) = signal.why() {
        php::log(why);
    }
    let Some(waker) = signal.signal() else { return Err(Failure::Stream("no signal can be opened".into())) };
    // Who has set a number wants that number; otherwise pages come first.
    let mut pressure = (plan.worker_streams == 0).then(Pressure::new);
    let feed = match open_feed(plan, store, location, waker, pressure.as_mut()) {
        Ok(feed) => feed,
        Err(NoFeed::ForNow(why)) => {
            php::log_once(&format!("stream of {}: {why}; its client comes back later", plan.request.keys));
            target.open()?.put_off(voice::STORE_AWAY)?;
            return Ok(StreamEnd::Failed);
        }
        Err(NoFeed::Failed(failure)) => return Err(failure),
    };
    let mut opened = OpenFeed { process: std::process::id(), feed: Some(feed), signal };
    // Otherwise it holds its worker no longer than a page does.
    let place = match plan.follow && relieve.is_none() {
        true => Place::take(plan, &**store)?,
        false => Place::Unneeded,
    };
    let open = target.open()?;
    let request = &plan.request;
    let Some(feed) = &opened.feed else { return Ok(StreamEnd::Failed) };
    let pending = Pending::new(request, callbacks, &**store, location, feed);
    let mut stream = Stream {
        plan,
        callbacks,
        pending,
        open,
        connection: Connection::find().inspect(Connection::write_at_once),
        is_cli_server: php::sapi_name() == "cli-server",
        parent: getppid(),
        store: &**store,
        place,
        relieve,
        pressure,
        schedule: Schedule::new(request.profile.heartbeat, request.lifetime, Instant::now()),
        loops: Instant::now(),
    };
    let unlimited = TimeLimit::lift()?;
    let end = stream.live(&mut opened);
    unlimited.restore();
    match end {
        Ok(StreamEnd::HandedOff) => {
            stream.open.hand_over();
            Ok(StreamEnd::HandedOff)
        }
        Ok(end) => Ok(end),
        Err(Stop::Halt(halt)) => Err(halt.into()),
        Err(Stop::Store(error)) => {
            php::log(&format!(
                "stream of {}: {error}; the stream ends, its client will resume",
                request.keys
            ));
            Ok(StreamEnd::Failed)
        }
    }
}

/// A feed and the signal it watches with; dropped, it watches no more.
struct OpenFeed {
    /// Whose they are: a closure may fork, and then the child leaves the watches to its parent.
    process: u32,
    feed: Option<Feed>,
    signal: LentSignal,
}

impl Drop for OpenFeed {
    fn drop(&mut self) {
        if let (Some(feed), Some(signal)) = (self.feed.take(), self.signal.signal())
            && self.process == std::process::id()
        {
            feed.close(signal);
        }
    }
}

/// What stops a running stream.
enum Stop {
    Halt(Halt),
    Store(Error),
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Where a stream may wait for what comes.
enum Place {
    /// Here; with `sse.worker_streams`, as long as it holds one of so many slots.
    Here(#[expect(dead_code, reason = "held")] Option<Slot>),
    /// Nowhere: it sends what is pending and ends.
    Nowhere,
    /// It doesn't wait here.
    Unneeded,
}

impl Place {
    fn take(plan: &Plan, store: &dyn Store) -> Result<Self, Failure> {
        Ok(match plan.worker_streams {
            0 if room::is_there() => Self::Here(None),
            0 => Self::Nowhere,
            count => {
                match store.take_slot(count).map_err(|error| Failure::of("sse.worker_streams", &error))? {
                    Some(slot) => Self::Here(Some(slot)),
                    None => Self::Nowhere,
                }
            }
        })
    }
}

/// Gives a stream to the hub whose closures have had their turn: the cursor that its client has, and the time
/// that it may still live.
pub type Relieve<'r> = dyn Fn(&str, Duration) -> Relieved + 'r;

/// What came of it.
pub enum Relieved {
    /// The hub has it.
    Gone,
    /// Its client is to come back later, for this reason.
    PutOff(StreamEnd, &'static str),
    /// The worker keeps it for a while.
    Not(String),
}

struct Stream<'a> {
    plan: &'a Plan,
    callbacks: &'a Callbacks<'a>,
    pending: Pending<'a>,
    open: Open,
    connection: Option<Connection>,
    is_cli_server: bool,
    /// The process that began this one: a worker of `php -S` is without one when the server ends.
    parent: Option<Pid>,
    store: &'a dyn Store,
    place: Place,
    relieve: Option<&'a Relieve<'a>>,
    /// Told of requests that find no worker.
    pressure: Option<Pressure>,
    schedule: Schedule,
    /// When `collect` and `onLoop` are due.
    loops: Instant,
}

impl Stream<'_> {
    fn live(&mut self, opened: &mut OpenFeed) -> Result<StreamEnd, Stop> {
        let OpenFeed { feed: Some(feed), signal, .. } = opened else { return Ok(StreamEnd::Failed) };
        let Some(signal) = signal.signal() else { return Ok(StreamEnd::Failed) };
        // The client needn't wait for the closures.
        if self.callbacks.see_events() {
            self.flush()?;
        }
        let mut has_looped = false;
        loop {
            let batch = self.deliver(feed, signal)?;
            if !self.flush()? || self.client_left() {
                return Ok(StreamEnd::ClientLeft);
            }
            let is_last = batch == Batch::Last;
            if self.pressure.as_mut().is_some_and(|pressure| pressure.is_felt(Instant::now())) {
                php::log_once(
                    "a stream gives its worker back, since requests would find none; its client comes back later",
                );
                return self.give_way();
            }
            if is_last && !matches!(self.place, Place::Here(_)) {
                // A client that comes back each time has its turn each time, and gets what that has brought.
                if !std::mem::replace(&mut has_looped, true) {
                    if self.run_due()? {
                        return Ok(StreamEnd::ClientLeft);
                    }
                    feed.wake(&Changes::All);
                    continue;
                }
                if let Some(end) = self.leave(&feed.cursor())? {
                    return Ok(end);
                }
            }
            if self.shuts_down() {
                return self.shut_down();
            }
            let now = Instant::now();
            if self.schedule.is_over(now) {
                return Ok(StreamEnd::Lifetime);
            }
            if self.run_due()? {
                return Ok(StreamEnd::ClientLeft);
            }
            if self.schedule.is_quiet(now) {
                self.pending.beat();
                continue;
            }
            if !is_last {
                continue;
            }
            if self.wait(signal.descriptor(), signal.look_every())? == Woken::Interrupted {
                php::handle_interrupts()?;
                if self.is_cli_server {
                    return self.shut_down();
                }
            }
            feed.wake(&signal.changes());
        }
    }

    /// Delivers a batch. Where it ends early, what came before is the client's all the same.
    fn deliver(&mut self, feed: &mut Feed, signal: &mut dyn Signal) -> Result<Batch, Stop> {
        let delivered = self.pending.deliver(feed, signal);
        match &delivered {
            Ok(_) => {}
            // It would run through PHP's output handlers, which a fatal error forbids.
            Err(Stop::Halt(Halt::Bailout)) if php::is_command_line() => {}
            // What had stopped it is told, whatever comes of this.
            Err(Stop::Halt(_)) => drop(self.flush()),
            Err(Stop::Store(_)) => drop(self.flush()?),
        }
        delivered
    }

    /// Lets a stream leave that has sent what is pending and doesn't wait here; `None` if it waits after all.
    fn leave(&mut self, cursor: &str) -> Result<Option<StreamEnd>, Stop> {
        if let Some(relieve) = self.relieve {
            if self.pending.asks_again().is_some() {
                return Ok(None);
            }
            return match relieve(cursor, self.schedule.left(Instant::now())) {
                Relieved::Gone => Ok(Some(StreamEnd::HandedOff)),
                Relieved::PutOff(end, why) => self.end_with(why, end).map(Some),
                Relieved::Not(why) => {
                    php::log_once(&format!("no hub takes the stream: {why}; the worker streams instead"));
                    self.relieve = None;
                    self.place = Place::take(self.plan, self.store).unwrap_or(Place::Nowhere);
                    self.schedule.end_within(LONGEST_FOR_NOW, Instant::now());
                    Ok(None)
                }
            };
        }
        if self.plan.follow {
            let why = match self.plan.worker_streams {
                0 => voice::NO_PLACE,
                _ => voice::NO_SLOT,
            };
            return self.end_with(why, StreamEnd::Full).map(Some);
        }
        match self.pending.asks_again() {
            None => Ok(Some(StreamEnd::CaughtUp)),
            Some(_) => self.end_with(voice::STORE_AWAY, StreamEnd::Failed).map(Some),
        }
    }

    /// Ends a stream whose worker others need.
    fn give_way(&mut self) -> Result<StreamEnd, Stop> {
        // A client that comes back each time has its turn each time.
        if self.run_due()? {
            return Ok(StreamEnd::ClientLeft);
        }
        self.end_with(voice::NO_PLACE, StreamEnd::Full)
    }

    fn shut_down(&mut self) -> Result<StreamEnd, Stop> {
        self.end_with(voice::ENDING, StreamEnd::Shutdown)
    }

    /// Tells the client to come back later, and why.
    fn end_with(&mut self, why: &str, end: StreamEnd) -> Result<StreamEnd, Stop> {
        self.pending.put_off(why);
        self.flush()?;
        Ok(end)
    }

    /// Runs `collect` and `onLoop`, if they are due; true if it came back in a child that it forked.
    fn run_due(&mut self) -> Result<bool, Halt> {
        if !self.callbacks.polls() || Instant::now() < self.loops {
            return Ok(false);
        }
        self.callbacks.collect(self.pending.keys())?;
        if !self.pending.is_forked() {
            self.callbacks.on_loop()?;
        }
        self.loops = Instant::now() + self.plan.poll;
        Ok(self.pending.is_forked())
    }

    /// Writes what is there; false if the client is gone.
    fn flush(&mut self) -> Result<bool, Halt> {
        if self.pending.is_forked() {
            return Ok(false);
        }
        if self.pending.out().is_empty() {
            return Ok(true);
        }
        let alive = self.open.send(self.pending.out())?;
        self.pending.clear();
        self.schedule.wrote(Instant::now());
        Ok(alive)
    }

    /// Whether the web server closed the connection.
    fn client_left(&self) -> bool {
        let Some(connection) = &self.connection else { return false };
        let mut client = [PollFd::from_borrowed_fd(connection.client(), PollFlags::RDHUP)];
        matches!(poll(&mut client, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(count) if count > 0)
    }

    /// Whether FPM was told to end gracefully; or `php -S` at a moment when nothing was interrupted.
    fn shuts_down(&self) -> bool {
        self.connection.is_some_and(|connection| !connection.is_listening())
            || (self.is_cli_server && getppid() != self.parent)
    }

    /// Sleeps until there is something to do.
    fn wait(&self, signal: Option<BorrowedFd<'_>>, look_every: Option<Duration>) -> Result<Woken, Halt> {
        let now = Instant::now();
        let mut until = self.schedule.next();
        until = self.pending.asks_again().map_or(until, |again| until.min(again));
        if self.callbacks.polls() {
            until = until.min(self.loops);
        }
        until = self.pressure.as_ref().and_then(Pressure::due).map_or(until, |due| until.min(due));
        let pause =
            until.saturating_duration_since(now).min(look_every.unwrap_or(LONGEST_WAIT)).min(LONGEST_WAIT);
        let timeout =
            Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
        let mut descriptors = Vec::with_capacity(3);
        descriptors.extend(signal.map(|signal| PollFd::from_borrowed_fd(signal, PollFlags::IN)));
        descriptors.extend(
            self.connection
                .as_ref()
                .map(|connection| PollFd::from_borrowed_fd(connection.client(), PollFlags::RDHUP)),
        );
        let listening = self.pressure.iter().flat_map(Pressure::descriptors);
        descriptors.extend(listening.map(|socket| PollFd::from_borrowed_fd(socket, PollFlags::IN)));
        match poll(&mut descriptors, Some(&timeout)) {
            Err(Errno::INTR) => Ok(Woken::Interrupted),
            // Nothing that can be mended here: look at everything again, but not at once.
            Err(_) => {
                std::thread::sleep(Duration::from_millis(100));
                Ok(Woken::Interrupted)
            }
            Ok(_) => {
                php::handle_interrupts()?;
                Ok(Woken::Normally)
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Woken {
    Normally,
    Interrupted,
}

/// PHP's time limit, lifted while a stream runs.
struct TimeLimit(i64);

impl TimeLimit {
    fn lift() -> Result<Self, Halt> {
        let limit = ini::get(c"max_execution_time").parse().unwrap_or(0);
        call("set_time_limit", &[&0_i64])?;
        Ok(Self(limit))
    }

    /// The limit counts anew from here.
    fn restore(self) {
        let _ = call("set_time_limit", &[&self.0]);
    }
}
