//! The hub's loop: the only place that waits, and the only one with sockets.
//!
//! One thread. Workers talk to it over their own connections; a stream's connection is added to the
//! same poll, edge-triggered, once it is handed over.
//!
//! Always true: when the hub ends, the socket goes first, so that another one can begin.

mod calls;
mod connections;
mod lock;
mod log;
mod origin;
mod terminate;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll};
use rustix::net::RecvFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use sse_core::signal::Signal;

use self::calls::Calls;
use self::connections::Connections;
use self::lock::Lock;
use self::log::Log;
use self::origin::Origin;
use self::terminate::Terminate;
use self::workers::Worker;
pub use crate::hub::RecallLimits;
use crate::hub::{Hub, Limits, SignalId, StreamId};
use crate::meeting::address::Address;
use crate::meeting::software::Software;
use crate::meeting::{READY, socket};

/// How often is looked whether the hub is outdated or idle.
const LOOK: Duration = Duration::from_secs(10);
/// How long an ending hub waits for clients that don't take what is left.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Reads of one connection before others have their turn.
const READS: usize = 64;
/// Descriptors for all that isn't a stream or a key.
const OTHERS: usize = 32;

/// How a hub is run.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// Where it listens and logs.
    pub address: Address,
    /// What it was loaded from.
    pub software: Software,
    /// Streams it takes; as many as descriptors allow if not set.
    pub max_streams: Option<usize>,
    /// How requests to PHP-FPM are bounded.
    pub recalls: RecallLimits,
    /// The time over which an outdated hub ends its streams.
    pub drain: Duration,
    /// It ends after so long without a stream; not set, it never does.
    pub idle: Option<Duration>,
}

/// Runs a hub until it is told to end, is outdated or idle.
///
/// # Errors
/// Why it can't run, in words.
pub fn run(settings: HubSettings) -> Result<(), String> {
    let mut lock = Lock::take(&settings.address, settings.idle.is_some())?;
    let listener = lock
        .listen()
        .map_err(|error| format!("cannot listen at {}: {error}", settings.address.socket.display()))?;
    let terminate = Terminate::new().map_err(|error| format!("cannot handle signals: {error}"))?;
    let limits = limits(settings.max_streams, settings.recalls);
    let mut reactor = Reactor::new(settings, limits, listener, lock, terminate)
        .map_err(|error| format!("cannot begin to wait: {error}"))?;
    // Whoever started it waits for this; there may be nobody.
    let _ = writeln!(io::stdout(), "{READY} {}", reactor.settings.address.socket.display());
    reactor.log.write(&format!("listens, takes {} streams", limits.streams));
    reactor.run()
}

/// Each stream and each key takes a descriptor; a tenth of them stays free.
fn limits(max_streams: Option<usize>, recalls: RecallLimits) -> Limits {
    let limit = getrlimit(Resource::Nofile);
    // Refused only for more than the hard limit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let most = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    let descriptors = usize::try_from(most / 10 * 9).unwrap_or(usize::MAX).saturating_sub(OTHERS).max(1);
    Limits { streams: max_streams.unwrap_or(descriptors).min(descriptors), descriptors, recalls }
}

struct Reactor {
    settings: HubSettings,
    hub: Hub,
    poll: Poll,
    clients: Connections,
    workers: slab::Slab<Worker>,
    calls: Calls,
    /// Workers whose offers are to be made again.
    waiting: BTreeSet<usize>,
    /// Where workers connect, until the hub ends.
    listening: Option<(OwnedFd, Lock)>,
    _terminate: Terminate,
    /// When each of the signals was last looked at, for those without a descriptor.
    looked: BTreeMap<SignalId, Instant>,
    /// Connections that have sent more than was read in one turn.
    unread: Vec<Origin>,
    /// When accepting is tried again, after it failed.
    accept_again: Option<Instant>,
    /// When all has to be over, once the hub ends.
    over: Option<Instant>,
    /// Since when there is no stream.
    idle: Instant,
    /// When was last looked whether the hub is outdated.
    checked: Instant,
    log: Log,
    space: Vec<u8>,
}

impl Reactor {
    fn new(
        settings: HubSettings,
        limits: Limits,
        listener: OwnedFd,
        lock: Lock,
        terminate: Terminate,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let calls = poll.registry().try_clone()?;
        registry.register(
            &mut SourceFd(&listener.as_raw_fd()),
            Origin::Listener.token(),
            Interest::READABLE,
        )?;
        registry.register(
            &mut SourceFd(&terminate.pipe.as_raw_fd()),
            Origin::Terminate.token(),
            Interest::READABLE,
        )?;
        let now = Instant::now();
        Ok(Self {
            hub: Hub::new(limits, now),
            poll,
            clients: Connections::new(registry),
            workers: slab::Slab::new(),
            calls: Calls::new(calls),
            waiting: BTreeSet::new(),
            listening: Some((listener, lock)),
            _terminate: terminate,
            looked: BTreeMap::new(),
            unread: Vec::new(),
            accept_again: None,
            over: None,
            idle: now,
            checked: now,
            log: Log::open(&settings.address.log),
            space: socket::space(),
            settings,
        })
    }

    fn run(&mut self) -> Result<(), String> {
        let mut events = Events::with_capacity(1_024);
        let mut more = false;
        loop {
            let timeout = if more || !self.unread.is_empty() { Duration::ZERO } else { self.pause() };
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("cannot wait: {error}")),
                Ok(()) => {}
            }
            let now = Instant::now();
            for event in &events {
                match Origin::of(event.token()) {
                    Origin::Listener => self.accept(now),
                    Origin::Terminate => self.end(Duration::ZERO, now, "was told to end"),
                    Origin::Signal(signal) => self.hub.signalled(signal, now, &mut self.clients),
                    Origin::Worker(index) => self.hear(index, now),
                    Origin::Call(number) => self.go_on_with_call(number, now),
                    Origin::Stream(number) => {
                        let Some(stream) = self.clients.stream(number) else { continue };
                        if event.is_writable() {
                            self.clients.has_room(stream);
                            self.hub.writable(stream, now, &mut self.clients);
                        }
                        if event.is_readable() || event.is_read_closed() || event.is_error() {
                            self.read(stream, event.is_read_closed() || event.is_error(), now);
                        }
                    }
                }
            }
            for source in std::mem::take(&mut self.unread) {
                match source {
                    Origin::Worker(index) => self.hear(index, now),
                    Origin::Call(number) => self.go_on_with_call(number, now),
                    Origin::Stream(number) => {
                        if let Some(stream) = self.clients.stream(number) {
                            self.read(stream, true, now);
                        }
                    }
                    Origin::Listener | Origin::Terminate | Origin::Signal(_) => {}
                }
            }
            self.look(now);
            more = self.hub.go_on(now, &mut self.clients);
            self.make_calls(now);
            self.wait_for_signals(now);
            for line in self.hub.take_log() {
                self.log.write(&line);
            }
            if self.is_over(now) {
                self.log.write("ends");
                return Ok(());
            }
        }
    }

    /// Begins the requests to PHP-FPM that may be made.
    fn make_calls(&mut self, now: Instant) {
        while let Some((id, answered)) = self.calls.cut(now) {
            self.hub.answered(id, answered, now, &mut self.clients);
        }
        while let Some(call) = self.hub.next_call(now) {
            let id = call.id;
            if let Err(unreachable) = self.calls.begin(call, now) {
                self.hub.answered(id, unreachable, now, &mut self.clients);
            }
        }
    }

    fn go_on_with_call(&mut self, number: usize, now: Instant) {
        let (over, again) = self.calls.go_on(number);
        if let Some((id, answered)) = over {
            self.hub.answered(id, answered, now, &mut self.clients);
        }
        if again {
            self.unread.push(Origin::Call(number));
        }
    }

    /// How long nothing has to be done if nothing happens.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let looks = self.hub.signals().filter_map(|(id, signal)| self.next_look(id, signal)).min();
        let offers = self.next_consideration();
        let cut = self.calls.next_cut();
        let next =
            [Some(now + LOOK), self.hub.next_tick(now), looks, self.over, self.accept_again, offers, cut];
        next.into_iter().flatten().min().unwrap_or(now).saturating_duration_since(now)
    }

    /// When a signal is to be looked at, if it has to be.
    fn next_look(&self, id: SignalId, signal: &dyn Signal) -> Option<Instant> {
        Some(*self.looked.get(&id)? + signal.look_every()?)
    }

    /// Does what time alone makes due.
    fn look(&mut self, now: Instant) {
        let is_due = |id, signal: &dyn Signal| self.next_look(id, signal).is_some_and(|look| look <= now);
        let due: Vec<SignalId> =
            self.hub.signals().filter(|&(id, signal)| is_due(id, signal)).map(|(id, _)| id).collect();
        for id in due {
            self.looked.insert(id, now);
            self.hub.signalled(id, now, &mut self.clients);
        }
        if self.accept_again.is_some_and(|again| again <= now) {
            self.accept(now);
        }
        self.consider_again(now);
        if self.hub.next_tick(now).is_some_and(|next| next <= now) {
            self.hub.tick(now, &mut self.clients);
        }
        if !self.hub.is_empty() {
            self.idle = now;
        }
        let Some((_, lock)) = &self.listening else { return };
        if self.settings.idle.is_some_and(|idle| now.duration_since(self.idle) >= idle) {
            self.end(Duration::ZERO, now, "has had no stream for a while");
        } else if now.duration_since(self.checked) >= LOOK {
            self.checked = now;
            let HubSettings { address, software, drain, .. } = &self.settings;
            if !lock.is_valid() {
                self.end(*drain, now, "its files were removed, another hub may have its place");
            } else if software.replaced().is_some_and(|since| address.has_successor(since)) {
                self.end(*drain, now, "is outdated, a hub that is newer serves");
            }
        }
    }

    /// Whether nothing is left to do.
    fn is_over(&self, now: Instant) -> bool {
        match self.over {
            Some(over) => self.hub.is_empty() || now >= over,
            None => false,
        }
    }

    /// Takes no more streams, and ends those that are open within `spread`.
    fn end(&mut self, spread: Duration, now: Instant, why: &str) {
        if self.listening.take().is_some() {
            self.log.write(&format!("{why}: takes no more streams, ends {}", self.hub.len()));
        }
        let over = now + spread + LAST_WORDS;
        self.over = Some(self.over.map_or(over, |already| already.min(over)));
        self.hub.drain(spread, now, &mut self.clients);
    }

    /// Waits for signals that are new, and forgets those that are no more: their descriptors are closed.
    fn wait_for_signals(&mut self, now: Instant) {
        if self.hub.signals().map(|(id, _)| id).eq(self.looked.keys().copied()) {
            return;
        }
        let before = std::mem::take(&mut self.looked);
        for (id, signal) in self.hub.signals() {
            self.looked.insert(id, before.get(&id).copied().unwrap_or(now));
            let Some(descriptor) = signal.descriptor().filter(|_| !before.contains_key(&id)) else {
                continue;
            };
            let token = Origin::Signal(id).token();
            let mut source = SourceFd(&descriptor.as_raw_fd());
            if let Err(error) = self.poll.registry().register(&mut source, token, Interest::READABLE) {
                self.log.write(&format!("cannot wait for a signal: {error}"));
            }
        }
    }

    /// Reads what a stream's web server sends: its leaving, mostly. Less than there was space for is all
    /// there is; what comes later, its end too, is another event. Where an end is known of already it is
    /// read on `to_the_end`.
    fn read(&mut self, stream: StreamId, to_the_end: bool, now: Instant) {
        let mut space = [0_u8; 4_096];
        for _ in 0..READS {
            let Some(connection) = self.clients.get(stream) else { return };
            match rustix::net::recv(connection, &mut space[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => return self.hub.input(stream, None, now, &mut self.clients),
                Ok((_, count)) => {
                    let bytes = space.get(..count).unwrap_or_default();
                    self.hub.input(stream, Some(bytes), now, &mut self.clients);
                    if count < space.len() && !to_the_end {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return,
                Err(_) => return self.hub.input(stream, None, now, &mut self.clients),
            }
        }
        self.unread.push(Origin::Stream(stream.number()));
    }
}
