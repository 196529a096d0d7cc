//! The hub's loop: the only place that waits, and the only one with sockets.
//!
//! One thread. Workers talk to it over their own connections; a stream's connection is added to the
//! same poll, edge-triggered, once it is handed over. Its flags are never changed: every read and
//! write says itself that it won't wait.
//!
//! Always true:
//! - what a worker says wrongly ends its connection and nothing else;
//! - when the hub ends, the socket goes first, so that another one can begin.

use std::io::{self, IoSlice, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::net::{RecvFlags, SendFlags, Shutdown, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::hub::{Hub, Limits, Ticket, Wire, Written};
use crate::lock::Lock;
use crate::log::Log;
use crate::message::{self, Build, Reason, Refusal, Status, ToHub, ToWorker};
use crate::place::Place;
use crate::socket;
use crate::start::{READY, Software};

/// How often is looked whether the hub is outdated or idle.
const LOOK: Duration = Duration::from_secs(10);
/// How long an ending hub waits for clients that don't take what is left.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Reads of one connection before others have their turn.
const READS: usize = 64;
/// When accepting has failed, it is tried again after this.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// Descriptors for all that isn't a stream or a key.
const OTHERS: usize = 32;

/// How a hub is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens and logs.
    pub place: Place,
    /// What it was loaded from.
    pub software: Software,
    /// Streams it takes; as many as descriptors allow if not set.
    pub max_streams: Option<usize>,
    /// The time over which an outdated hub ends its streams.
    pub drain: Duration,
    /// It ends after so long without a stream; not set, it never does.
    pub idle: Option<Duration>,
}

/// Runs a hub until it is told to end, is outdated or idle.
///
/// # Errors
/// Why it can't run, in words.
pub fn run(settings: Settings) -> Result<(), String> {
    let lock = Lock::take(&settings.place, settings.idle.is_some())?;
    let listener = listen(&settings.place)
        .map_err(|error| format!("cannot listen at {}: {error}", settings.place.socket.display()))?;
    let terminate = Terminate::new().map_err(|error| format!("cannot handle signals: {error}"))?;
    let limits = limits(settings.max_streams);
    let mut reactor = Reactor::new(settings, limits, listener, lock, terminate)
        .map_err(|error| format!("cannot begin to wait: {error}"))?;
    // Whoever started it waits for this; there may be nobody.
    let _ = writeln!(io::stdout(), "{READY} {}", reactor.settings.place.socket.display());
    reactor.log.write(&format!("listens, takes {} streams", limits.streams));
    reactor.run()
}

/// Each stream and each key takes a descriptor; a tenth of them stays free.
fn limits(max_streams: Option<usize>) -> Limits {
    let limit = getrlimit(Resource::Nofile);
    // Refused only for more than the hard limit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let most = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    let descriptors = usize::try_from(most / 10 * 9).unwrap_or(usize::MAX).saturating_sub(OTHERS).max(1);
    Limits { streams: max_streams.unwrap_or(descriptors).min(descriptors), descriptors }
}

fn listen(place: &Place) -> io::Result<OwnedFd> {
    match std::fs::remove_file(&place.socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    socket::listen(&place.socket)
}

/// SIGTERM and SIGINT, as something to wait for.
struct Terminate {
    pipe: UnixStream,
    handlers: Vec<signal_hook::SigId>,
}

impl Terminate {
    fn new() -> io::Result<Self> {
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

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Listener,
    Terminate,
    Signal(usize),
    Worker(usize),
    Stream(usize),
}

impl Source {
    const KINDS: usize = 5;

    fn token(self) -> Token {
        Token(match self {
            Self::Listener => 0,
            Self::Terminate => 1,
            Self::Signal(index) => index * Self::KINDS + 2,
            Self::Worker(index) => index * Self::KINDS + 3,
            Self::Stream(index) => index * Self::KINDS + 4,
        })
    }

    fn of(Token(token): Token) -> Self {
        let index = token / Self::KINDS;
        match token % Self::KINDS {
            0 => Self::Listener,
            1 => Self::Terminate,
            2 => Self::Signal(index),
            3 => Self::Worker(index),
            _ => Self::Stream(index),
        }
    }
}

/// The clients' connections, by the numbers of their streams.
///
/// Room to write is waited for only where there was none: asked for always, it would be told after
/// each frame of each stream.
struct Wires {
    registry: Registry,
    connections: Vec<Option<Connection>>,
}

struct Connection {
    descriptor: OwnedFd,
    /// Whether room to write is waited for.
    is_full: bool,
}

impl Connection {
    /// Waits for room to write, or no more.
    fn set_full(&mut self, registry: &Registry, stream: usize, is_full: bool) -> io::Result<()> {
        if self.is_full != is_full {
            let interest = if is_full { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let token = Source::Stream(stream).token();
            registry.reregister(&mut SourceFd(&self.descriptor.as_raw_fd()), token, interest)?;
            self.is_full = is_full;
        }
        Ok(())
    }
}

impl Wires {
    fn add(&mut self, stream: usize, descriptor: OwnedFd) -> io::Result<()> {
        let token = Source::Stream(stream).token();
        self.registry.register(&mut SourceFd(&descriptor.as_raw_fd()), token, Interest::READABLE)?;
        if self.connections.len() <= stream {
            self.connections.resize_with(stream + 1, || None);
        }
        if let Some(place) = self.connections.get_mut(stream) {
            *place = Some(Connection { descriptor, is_full: false });
        }
        Ok(())
    }

    fn get(&self, stream: usize) -> Option<&OwnedFd> {
        self.connections.get(stream)?.as_ref().map(|connection| &connection.descriptor)
    }

    /// There is room to write.
    fn has_room(&mut self, stream: usize) {
        if let Some(Some(connection)) = self.connections.get_mut(stream) {
            // If it fails, room is told of more often than need be.
            let _ = connection.set_full(&self.registry, stream, false);
        }
    }
}

impl Wire for Wires {
    fn write(&mut self, stream: usize, parts: &[IoSlice<'_>]) -> Written {
        let Some(Some(connection)) = self.connections.get_mut(stream) else { return Written::Gone };
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        loop {
            return match rustix::net::sendmsg(&connection.descriptor, parts, &mut Default::default(), flags) {
                Ok(count) => Written::Bytes(count),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    match connection.set_full(&self.registry, stream, true) {
                        Ok(()) => Written::Blocked,
                        Err(_) => Written::Gone,
                    }
                }
                Err(_) => Written::Gone,
            };
        }
    }

    fn close(&mut self, stream: usize) {
        let Some(connection) = self.connections.get_mut(stream).and_then(Option::take) else { return };
        let descriptor = connection.descriptor;
        // A child of the worker's may hold a copy: it must neither keep the connection open nor us awake.
        let _ = self.registry.deregister(&mut SourceFd(&descriptor.as_raw_fd()));
        let _ = rustix::net::shutdown(&descriptor, Shutdown::Both);
    }
}

/// A worker's connection.
struct Worker {
    connection: OwnedFd,
    /// The stream it has offered and not handed over.
    offered: Option<Ticket>,
}

struct Reactor {
    settings: Settings,
    hub: Hub,
    poll: Poll,
    wires: Wires,
    workers: slab::Slab<Worker>,
    /// Where workers connect, until the hub ends.
    listening: Option<(OwnedFd, Lock)>,
    _terminate: Terminate,
    /// When each of the signals was last looked at, for those without a descriptor.
    looked: Vec<Instant>,
    /// Connections that have sent more than was read in one turn.
    unread: Vec<Source>,
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
        settings: Settings,
        limits: Limits,
        listener: OwnedFd,
        lock: Lock,
        terminate: Terminate,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        registry.register(
            &mut SourceFd(&listener.as_raw_fd()),
            Source::Listener.token(),
            Interest::READABLE,
        )?;
        registry.register(
            &mut SourceFd(&terminate.pipe.as_raw_fd()),
            Source::Terminate.token(),
            Interest::READABLE,
        )?;
        let now = Instant::now();
        Ok(Self {
            hub: Hub::new(limits, now),
            poll,
            wires: Wires { registry, connections: Vec::new() },
            workers: slab::Slab::new(),
            listening: Some((listener, lock)),
            _terminate: terminate,
            looked: Vec::new(),
            unread: Vec::new(),
            accept_again: None,
            over: None,
            idle: now,
            checked: now,
            log: Log::open(&settings.place.log),
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
                match Source::of(event.token()) {
                    Source::Listener => self.accept(now),
                    Source::Terminate => self.end(Duration::ZERO, now, "was told to end"),
                    Source::Signal(index) => self.hub.signalled(index, now, &mut self.wires),
                    Source::Worker(index) => self.hear(index, now),
                    Source::Stream(number) => {
                        if event.is_writable() {
                            self.wires.has_room(number);
                            self.hub.writable(number, now, &mut self.wires);
                        }
                        if event.is_readable() || event.is_read_closed() || event.is_error() {
                            self.read(number);
                        }
                    }
                }
            }
            for source in std::mem::take(&mut self.unread) {
                match source {
                    Source::Worker(index) => self.hear(index, now),
                    Source::Stream(number) => self.read(number),
                    Source::Listener | Source::Terminate | Source::Signal(_) => {}
                }
            }
            self.look(now);
            more = self.hub.go_on(now, &mut self.wires);
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

    /// How long nothing has to be done if nothing happens.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let looks = self.hub.signals().zip(&self.looked);
        let looks = looks.filter_map(|(signal, looked)| Some(*looked + signal.look_every()?)).min();
        let next = [Some(now + LOOK), self.hub.next_tick(), looks, self.over, self.accept_again];
        next.into_iter().flatten().min().unwrap_or(now).saturating_duration_since(now)
    }

    /// Does what time alone makes due.
    fn look(&mut self, now: Instant) {
        let looks = self.hub.signals().zip(&self.looked).enumerate();
        let due: Vec<usize> = looks
            .filter(|(_, (signal, looked))| signal.look_every().is_some_and(|every| **looked + every <= now))
            .map(|(index, _)| index)
            .collect();
        for index in due {
            if let Some(looked) = self.looked.get_mut(index) {
                *looked = now;
            }
            self.hub.signalled(index, now, &mut self.wires);
        }
        if self.accept_again.is_some_and(|again| again <= now) {
            self.accept(now);
        }
        if self.hub.next_tick().is_some_and(|next| next <= now) {
            self.hub.tick(now, &mut self.wires);
        }
        if !self.hub.is_empty() {
            self.idle = now;
        }
        let Some((_, lock)) = &self.listening else { return };
        if self.settings.idle.is_some_and(|idle| now.duration_since(self.idle) >= idle) {
            self.end(Duration::ZERO, now, "has had no stream for a while");
        } else if now.duration_since(self.checked) >= LOOK {
            self.checked = now;
            let Settings { place, software, drain, .. } = &self.settings;
            if !lock.is_valid() {
                self.end(*drain, now, "its file was removed, another hub may have its place");
            } else if software.replaced().is_some_and(|since| place.has_successor(since)) {
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
        self.hub.drain(spread, now, &mut self.wires);
    }

    fn wait_for_signals(&mut self, now: Instant) {
        let new: Vec<(usize, i32)> = self
            .hub
            .signals()
            .enumerate()
            .skip(self.looked.len())
            .filter_map(|(index, signal)| Some((index, signal.descriptor()?.as_raw_fd())))
            .collect();
        for (index, descriptor) in new {
            let token = Source::Signal(index).token();
            if let Err(error) =
                self.wires.registry.register(&mut SourceFd(&descriptor), token, Interest::READABLE)
            {
                self.log.write(&format!("cannot wait for a signal: {error}"));
            }
        }
        self.looked.resize(self.hub.signals().count(), now);
    }

    /// Accepts all workers that wait. Those that can't be for now are looked for again later: the poll
    /// tells of each only once.
    fn accept(&mut self, now: Instant) {
        let has_failed = self.accept_again.take().is_some();
        let Some((listener, _)) = &self.listening else { return };
        loop {
            let connection = match socket::accept(listener) {
                Ok(Some(connection)) => connection,
                Ok(None) => return,
                // It left while it waited; there may be others.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    if !has_failed {
                        self.log.write(&format!("cannot accept a worker, trying again: {error}"));
                    }
                    self.accept_again = Some(now + ACCEPT_AGAIN);
                    return;
                }
            };
            let user = rustix::process::geteuid().as_raw();
            match socket::peer(&connection) {
                Ok(peer) if peer == user => {}
                peer => {
                    self.log.write(&format!("refused a connection of another user: {peer:?}"));
                    continue;
                }
            }
            let entry = self.workers.vacant_entry();
            let token = Source::Worker(entry.key()).token();
            let source = connection.as_raw_fd();
            match self.wires.registry.register(&mut SourceFd(&source), token, Interest::READABLE) {
                Ok(()) => drop(entry.insert(Worker { connection, offered: None })),
                Err(error) => self.log.write(&format!("cannot wait for a worker: {error}")),
            }
        }
    }

    /// Hears what a worker has to say.
    fn hear(&mut self, index: usize, now: Instant) {
        let mut space = std::mem::take(&mut self.space);
        let mut messages = 0;
        while let Some(worker) = self.workers.get(index) {
            if messages == READS {
                self.unread.push(Source::Worker(index));
                break;
            }
            messages += 1;
            let heard = match socket::receive(&worker.connection, &mut space) {
                Ok(Some(message)) => {
                    let descriptor = message.descriptor;
                    message::read(message.bytes)
                        .and_then(|message| self.obey(index, message, descriptor, now))
                }
                Ok(None) => Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                if !matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) {
                    self.log.write(&format!("a worker's connection is closed: {error}"));
                }
                let worker = self.workers.remove(index);
                if let Some(stream) = worker.offered {
                    self.hub.withdraw(stream, &mut self.wires);
                }
                break;
            }
        }
        self.space = space;
    }

    fn obey(
        &mut self,
        index: usize,
        message: ToHub,
        descriptor: Option<OwnedFd>,
        now: Instant,
    ) -> io::Result<()> {
        let Some(worker) = self.workers.get_mut(index) else { return Ok(()) };
        let answer = match message {
            ToHub::Go(go) => {
                // Whoever says it wrongly is forgotten, and its offer with it.
                let Some(connection) = descriptor else {
                    return Err(io::Error::other("go without a connection"));
                };
                let Some(stream) = worker.offered.take() else {
                    return Err(io::Error::other("go without an offer"));
                };
                self.take(stream, go.request, connection, now);
                return Ok(());
            }
            ToHub::Status(_) => {
                let socket = self.settings.place.socket.display().to_string();
                ToWorker::Status(Status { socket, ..self.hub.status() })
            }
            ToHub::Offer(offer) => {
                if let Some(earlier) = worker.offered.take() {
                    self.hub.withdraw(earlier, &mut self.wires);
                }
                if self.over.is_some() {
                    ToWorker::Refused(Refusal { reason: Reason::Ending, why: "the hub is ending".into() })
                } else if let Some(refusal) = self.refuse_other_build(&offer.from, now) {
                    refusal
                } else {
                    match self.hub.offer(&offer, now, &mut self.wires) {
                        Ok(stream) => {
                            if let Some(worker) = self.workers.get_mut(index) {
                                worker.offered = Some(stream);
                            }
                            ToWorker::Ready
                        }
                        Err(refusal) => ToWorker::Refused(refusal),
                    }
                }
            }
        };
        let bytes = message::write(&answer)?;
        match self.workers.get(index) {
            Some(worker) => socket::send(&worker.connection, &bytes, None),
            None => Ok(()),
        }
    }

    /// A hub whose file is still there takes the streams of every worker that speaks as it does. One
    /// whose file was replaced takes those of its own build, until a worker of another one comes: then
    /// PHP-FPM was reloaded, and the new build is to serve.
    fn refuse_other_build(&mut self, build: &Build, now: Instant) -> Option<ToWorker> {
        let Software { build: own, .. } = &self.settings.software;
        let why = if build.protocol != own.protocol {
            "the hub speaks another version; reload PHP-FPM"
        } else if build.build == own.build || self.settings.software.replaced().is_none() {
            return None;
        } else {
            self.end(self.settings.drain, now, "is outdated, a worker of another build came");
            "the hub is of an earlier build, and ends"
        };
        Some(ToWorker::Refused(Refusal { reason: Reason::Ending, why: why.into() }))
    }

    /// Takes a client's connection over.
    fn take(&mut self, ticket: Ticket, request: u16, connection: OwnedFd, now: Instant) {
        // It may have ended meanwhile, with the hub.
        if !self.hub.is_offered(ticket) {
            return;
        }
        let is_stream = matches!(rustix::net::sockopt::socket_type(&connection), Ok(SocketType::STREAM));
        let added = if is_stream {
            self.wires.add(ticket.number(), connection)
        } else {
            Err(io::Error::other("it is no connection"))
        };
        match added {
            Ok(()) => self.hub.go(ticket, request, now, &mut self.wires),
            Err(error) => {
                self.log.write(&format!("a client can't be taken over, and is cut: {error}"));
                self.hub.withdraw(ticket, &mut self.wires);
            }
        }
    }

    /// Reads what a stream's web server sends: its leaving, mostly.
    fn read(&mut self, number: usize) {
        let mut space = [0_u8; 4_096];
        for _ in 0..READS {
            let Some(connection) = self.wires.get(number) else { return };
            match rustix::net::recv(connection, &mut space[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => return self.hub.input(number, None, &mut self.wires),
                Ok((_, count)) => {
                    self.hub.input(number, Some(space.get(..count).unwrap_or_default()), &mut self.wires);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return,
                Err(_) => return self.hub.input(number, None, &mut self.wires),
            }
        }
        self.unread.push(Source::Stream(number));
    }
}
