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

use std::ops::{Range, RangeInclusive};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getppid};
use sse_core::Error;
use sse_core::event::{Event, wire_json};
use sse_core::feed::{Delivery, Feed};
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::jitter::{draw, shortened};
use sse_core::key::Key;
use sse_core::store::{Gap, Location, Slot, Store};

pub use self::begin::check;
use self::begin::{NoFeed, UNLOCKED, open_feed};
use crate::callbacks::{Callbacks, Outcome};
use crate::exception::Failure;
use crate::fpm::Connection;
use crate::php::{self, Halt, call};
use crate::plan::{Plan, RETRY_WHEN_FULL, StreamEnd};
use crate::response::{Open, Target};
use crate::room::{self, Pressure};
use crate::stores::{self, Taken};

/// Deliveries between two looks at the clock and the client.
const BATCH: usize = 256;
/// Time after which a batch whose events pass through closures is written: those may be slow.
const SLICE: Duration = Duration::from_millis(50);
/// Bytes after which a batch is written.
const WRITE_AT: usize = 64 << 10;
/// Failures at one event after which it is skipped.
const FAILURES: u32 = 2;
/// Pauses between two tries to read from a store that can't be had for now.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A lock that was met for so long is told of.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// The longest wait; longer ones are cut into pieces.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Runs a stream to its end. Before the first byte, what is wrong is a [`Failure`]; after it only
/// halted PHP code is.
pub fn run(
    plan: &Plan,
    target: Target,
    store: &Arc<dyn Store>,
    location: &Location,
    mut signal: Taken,
    callbacks: &Callbacks<'_>,
) -> Result<StreamEnd, Failure> {
    if let Some(why) = signal.why() {
        php::log(why);
    }
    let Some(waker) = signal.signal() else { return Err(Failure::Stream("no signal can be opened".into())) };
    let subject = names(&plan.keys);
    // Who has set a number wants that number; otherwise pages come first.
    let mut pressure = (plan.worker_streams == 0).then(Pressure::new);
    let feed = match open_feed(plan, store, location, waker, pressure.as_mut()) {
        Ok(feed) => feed,
        Err(NoFeed::ForNow(why)) => {
            php::log_once(&format!("stream of {subject}: {why}; its client comes back later"));
            target.open()?.put_off("the store can't be had")?;
            return Ok(StreamEnd::Failed);
        }
        Err(NoFeed::Failed(failure)) => return Err(failure),
    };
    let process = std::process::id();
    let mut watched = Watched { process, feed: Some(feed), signal };
    let (slot, has_place) = match plan.worker_streams {
        0 => (None, room::is_there()),
        count => {
            let slot = store.take_slot(count).map_err(|error| Failure::of("sse.worker_streams", &error))?;
            let has_place = slot.is_some();
            (slot, has_place)
        }
    };
    let time = call("date", &[&"H:i:s"])?.and_then(|time| time.string()).unwrap_or_default();
    let open = target.open()?;
    let mut stream = Stream {
        process,
        plan,
        callbacks,
        store: &**store,
        location,
        open,
        connection: Connection::find().inspect(Connection::write_at_once),
        is_cli_server: php::sapi_name() == "cli-server",
        parent: getppid(),
        has_place,
        pressure,
        greeting: Some(time),
        out: Vec::new(),
        last_id: None,
        written: Instant::now(),
        ends: ends(plan.lifetime),
        loops: Instant::now(),
        outage: None,
    };
    let _slot: Option<Slot> = slot;
    let unlimited = TimeLimit::lift()?;
    let end = stream.live(&mut watched);
    unlimited.restore();
    match end {
        Ok(end) => Ok(end),
        Err(Stop::Halt(halt)) => Err(halt.into()),
        Err(Stop::Store(error)) => {
            php::log(&format!("stream of {subject}: {error}; the stream ends, its client will resume"));
            Ok(StreamEnd::Failed)
        }
    }
}

/// A feed and the signal it watches with; dropped, it watches no more.
struct Watched {
    /// Whose they are: a closure may fork, and then the child leaves the watches to its parent.
    process: u32,
    feed: Option<Feed>,
    signal: Taken,
}

impl Drop for Watched {
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

struct Stream<'a> {
    /// The process that the client is connected to; no child that a closure forks.
    process: u32,
    plan: &'a Plan,
    callbacks: &'a Callbacks<'a>,
    store: &'a dyn Store,
    location: &'a Location,
    open: Open,
    connection: Option<Connection>,
    is_cli_server: bool,
    /// The process that began this one: a worker of `php -S` is without one when the server ends.
    parent: Option<Pid>,
    /// Whether it may stay when it has sent what is pending.
    has_place: bool,
    /// Told of requests that find no worker.
    pressure: Option<Pressure>,
    /// The time that `connected` tells, until that is written.
    greeting: Option<String>,
    /// Frames not yet written.
    out: Vec<u8>,
    /// Where the last id stands among them.
    last_id: Option<Range<usize>>,
    /// When the client last got a byte.
    written: Instant,
    ends: Option<Instant>,
    /// When `onLoop` is due.
    loops: Instant,
    /// Set while the store fails in a way that passes.
    outage: Option<Outage>,
}

/// Where an event stands.
struct Place<'a> {
    /// What the client had of its key before it.
    before: EventId,
    /// Whether it was there before its client came, which had no cursor.
    is_fresh: bool,
    /// The cursor before it, as long as the greeting waits for it.
    start: &'a str,
    /// The cursor behind it.
    cursor: &'a str,
}

/// A store that can't be had for now; the stream keeps its client and asks again.
struct Outage {
    pause: Duration,
    until: Instant,
    /// What the log was told of it last.
    said: Option<String>,
}

impl Stream<'_> {
    fn live(&mut self, watched: &mut Watched) -> Result<StreamEnd, Stop> {
        let Watched { feed: Some(feed), signal, .. } = watched else { return Ok(StreamEnd::Failed) };
        let Some(signal) = signal.signal() else { return Ok(StreamEnd::Failed) };
        let failures: Vec<_> = if self.callbacks.see_events() {
            feed.keys().iter().map(|key| self.store.failures(key)).collect()
        } else {
            Vec::new()
        };
        let failed_before = |index: usize, event: &Event| {
            failures.get(index).and_then(|ids| ids.get(&event.id)).copied().unwrap_or(0)
        };
        // A client without a cursor is not told of payloads that are gone, and the first cursor that it gets is
        // behind them: only then it is greeted.
        let finds_out = self.callbacks.fetch.is_some() && feed.replays();
        if !finds_out {
            self.greet(&feed.cursor());
        }
        // The client needn't wait for the closures.
        if self.callbacks.see_events() {
            self.flush()?;
        }
        loop {
            let began = Instant::now();
            let mut idle = false;
            for _ in 0..BATCH {
                if self.outage.as_ref().is_some_and(|outage| Instant::now() < outage.until) {
                    idle = true;
                    break;
                }
                let start = if self.greeting.is_some() { feed.cursor() } else { String::new() };
                let next = feed.next(signal);
                if next.is_ok()
                    && let Some(Outage { said: Some(_), .. }) = self.outage.take()
                {
                    php::log(&format!("stream of {}: the store answers again", names(feed.keys())));
                }
                match next {
                    Ok(Some(Delivery::Event(index, event))) => {
                        let Some(key) = feed.keys().get(index) else { continue };
                        if failed_before(index, &event) >= FAILURES {
                            php::log(&format!(
                                "event {} of key {key} is skipped: beforeSend ended the script at it {FAILURES} times",
                                event.id
                            ));
                        } else {
                            let place = Place {
                                before: feed.before(),
                                is_fresh: feed.is_fresh(),
                                start: &start,
                                cursor: &feed.cursor(),
                            };
                            self.event(key, event, &place)?;
                        }
                    }
                    Ok(Some(Delivery::Gap(indexes, gap))) => {
                        let keys: Vec<&Key> =
                            indexes.iter().filter_map(|&index| feed.keys().get(index)).collect();
                        self.greet(&start);
                        self.gap(&keys, gap, &feed.cursor());
                        // What follows it goes out with it.
                        continue;
                    }
                    Ok(None) => {
                        idle = true;
                        break;
                    }
                    Err(error) if error.is_passing() => {
                        self.wait_out(&names(feed.keys()), &error);
                        idle = true;
                        break;
                    }
                    Err(error) => {
                        self.flush()?;
                        return Err(error.into());
                    }
                }
                // What was read is sent before more is looked for: that is latency saved.
                let is_slow = self.callbacks.see_events() && began.elapsed() >= SLICE;
                if self.out.len() >= WRITE_AT || !feed.has_ready() || is_slow {
                    break;
                }
            }
            self.greet(&feed.cursor());
            if !self.flush()? || self.client_left() {
                return Ok(StreamEnd::ClientLeft);
            }
            let is_wanted = self.pressure.as_mut().is_some_and(|pressure| pressure.is_felt(Instant::now()));
            if (!self.has_place && idle) || is_wanted {
                // A client that comes back each time has its turn each time.
                if self.on_loop()? {
                    return Ok(StreamEnd::ClientLeft);
                }
                if self.plan.worker_streams > 0 {
                    self.retry(RETRY_WHEN_FULL, "no place is free; see sse.worker_streams");
                } else {
                    php::log_once(
                        "a stream gives its worker back, since requests would find none; its client comes back later",
                    );
                    self.retry(RETRY_WHEN_FULL, "no place is free, come back later");
                }
                self.flush()?;
                return Ok(StreamEnd::Full);
            }
            if self.shuts_down() {
                return Ok(StreamEnd::Shutdown);
            }
            let now = Instant::now();
            if self.ends.is_some_and(|ends| now >= ends) {
                return Ok(StreamEnd::Lifetime);
            }
            if self.on_loop()? {
                return Ok(StreamEnd::ClientLeft);
            }
            if now.duration_since(self.written) >= self.plan.heartbeat {
                self.out.extend_from_slice(frame::HEARTBEAT);
                continue;
            }
            if !idle {
                continue;
            }
            if self.wait(signal.descriptor(), signal.look_every())? == Woken::Interrupted {
                php::handle_interrupts()?;
                if self.is_cli_server {
                    return Ok(StreamEnd::Shutdown);
                }
            }
            feed.wake(&signal.changes());
        }
    }

    /// Runs `onLoop`, if it is due; true if it came back in a child that it forked.
    fn on_loop(&mut self) -> Result<bool, Halt> {
        if self.callbacks.on_loop.is_none() || Instant::now() < self.loops {
            return Ok(false);
        }
        self.callbacks.on_loop()?;
        self.loops = Instant::now() + self.plan.poll;
        Ok(self.is_forked())
    }

    /// Asks again after a pause, which grows and is drawn, so that not all streams ask at once. A lock that is
    /// free in a moment is no matter for the log.
    fn wait_out(&mut self, subject: &str, error: &Error) {
        let is_locked = matches!(error, Error::Locked { .. });
        let shortest = if is_locked { UNLOCKED } else { SHORTEST_PAUSE };
        let (pause, mut said) = match self.outage.take() {
            Some(outage) => ((outage.pause * 2).min(LONGEST_PAUSE), outage.said),
            None => (shortest, None),
        };
        let text = error.to_string();
        if said.as_ref() != Some(&text) && (!is_locked || pause >= WORTH_TELLING) {
            php::log(&format!("stream of {subject}: {text}; the stream waits for it and goes on"));
            said = Some(text);
        }
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let until = Instant::now() + Duration::from_millis(draw(&(millis / 2..=millis)));
        self.outage = Some(Outage { pause, until, said });
    }

    /// What a stream opens with, unless it was said already.
    fn greet(&mut self, cursor: &str) {
        let Some(time) = self.greeting.take() else { return };
        if self.plan.connected {
            frame::write_retry(&mut self.out, draw(&self.plan.retry));
            frame::write_connected(&mut self.out, cursor, &time);
        } else {
            self.retry(self.plan.retry.clone(), "connected");
        }
    }

    fn gap(&mut self, keys: &[&Key], gap: Gap, cursor: &str) {
        php::log(&format!(
            "gap in {}: events after {} up to {} are gone; the client is told",
            names(keys.iter().copied()),
            gap.from,
            gap.to
        ));
        frame::write_gap(&mut self.out, cursor, keys, gap.from, gap.to);
        self.last_id = None;
    }

    /// The client's next pause, in a comment's company.
    fn retry(&mut self, range: RangeInclusive<u64>, comment: &str) {
        frame::write_retry(&mut self.out, draw(&range));
        self.out.extend_from_slice(format!(": {comment}\n\n").as_bytes());
    }

    fn event(&mut self, key: &Key, event: Event, place: &Place<'_>) -> Result<(), Stop> {
        let id = event.id;
        let Place { before, is_fresh, start, cursor } = *place;
        match self.callbacks.outcome(key, event) {
            Ok(Outcome::Send(draft)) => {
                let (head, tail) = wire_json(&draft);
                let name = draft.name.as_ref().map_or(self.plan.event_name.as_str(), |name| name.as_str());
                self.greet(start);
                let at = self.out.len() + frame::BEFORE_ID;
                frame::write_event(&mut self.out, cursor, name, &[head, tail]);
                self.last_id = Some(at..at + cursor.len());
                Ok(())
            }
            Ok(Outcome::Skip) => Ok(()),
            // Nothing that this client has missed; the id before it covers it, if that wasn't written yet.
            Ok(Outcome::Gone) if is_fresh => {
                if let Some(last_id) = &mut self.last_id {
                    self.out.splice(last_id.clone(), cursor.bytes());
                    last_id.end = last_id.start + cursor.len();
                }
                Ok(())
            }
            Ok(Outcome::Gone) => {
                self.greet(start);
                self.gap(&[key], Gap { from: before, to: id }, cursor);
                Ok(())
            }
            Err(halt) if self.is_forked() => Err(halt.into()),
            Err(halt) => {
                // The client will resume before this event; the next time it counts.
                // Not by the stream's own store, which waits for no lock.
                let recorded = stores::open(self.location).map(|store| store.record_failure(key, id));
                if let Ok(Err(error)) = recorded {
                    php::log(&format!("the failure at event {id} of key {key} can't be remembered: {error}"));
                }
                // What came before it is the client's. On the command line it would run through PHP's output
                // handlers, which a fatal error forbids.
                if !(matches!(halt, Halt::Bailout) && php::is_command_line()) {
                    self.greet(start);
                    let _ = self.flush();
                }
                Err(halt.into())
            }
        }
    }

    /// Writes what is there; false if the client is gone.
    fn flush(&mut self) -> Result<bool, Halt> {
        if self.is_forked() {
            return Ok(false);
        }
        if self.out.is_empty() {
            return Ok(true);
        }
        let alive = self.open.send(&self.out)?;
        self.out.clear();
        self.last_id = None;
        self.out.shrink_to(WRITE_AT * 2);
        self.written = Instant::now();
        Ok(alive)
    }

    /// Whether the web server closed the connection.
    fn client_left(&self) -> bool {
        let Some(connection) = &self.connection else { return false };
        let mut client = [PollFd::from_borrowed_fd(connection.client(), PollFlags::RDHUP)];
        matches!(poll(&mut client, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(count) if count > 0)
    }

    /// Whether a closure forked, and this is the child coming back from it.
    fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Whether FPM was told to end gracefully; or `php -S` at a moment when nothing was interrupted.
    fn shuts_down(&self) -> bool {
        self.connection.is_some_and(|connection| !connection.is_listening())
            || (self.is_cli_server && getppid() != self.parent)
    }

    /// Sleeps until there is something to do.
    fn wait(&self, signal: Option<BorrowedFd<'_>>, look_every: Option<Duration>) -> Result<Woken, Halt> {
        let now = Instant::now();
        let mut until = self.written + self.plan.heartbeat;
        until = self.ends.map_or(until, |ends| until.min(ends));
        until = self.outage.as_ref().map_or(until, |outage| until.min(outage.until));
        if self.callbacks.on_loop.is_some() {
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
        let limit = php::ini(c"max_execution_time").parse().unwrap_or(0);
        call("set_time_limit", &[&0_i64])?;
        Ok(Self(limit))
    }

    /// The limit counts anew from here.
    fn restore(self) {
        let _ = call("set_time_limit", &[&self.0]);
    }
}

/// When a stream ends: its lifetime drawn from 80 to 100 %, so that streams that began together
/// don't end together.
fn ends(lifetime: Duration) -> Option<Instant> {
    if lifetime.is_zero() {
        return None;
    }
    Some(Instant::now() + shortened(lifetime))
}

/// Keys for a message.
fn names<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    let names: Vec<String> = keys.into_iter().map(Key::to_string).collect();
    match names.as_slice() {
        [one] => format!("key {one}"),
        many => format!("keys {}", many.join(", ")),
    }
}
