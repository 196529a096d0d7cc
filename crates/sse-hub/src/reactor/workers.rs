//! The workers' connections: who may speak, what they say, and what is answered.
//!
//! Always true:
//! - what a worker says wrongly ends its connection and nothing else;
//! - an offer that meets a lock is made again after a pause, for as long as its worker waits, and nobody
//!   else waits meanwhile.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::Interest;
use mio::unix::SourceFd;
use rustix::net::SocketType;

use super::origin::Origin;
use super::{READS, Reactor};
use crate::hub::StreamId;
use crate::meeting::socket;
use crate::meeting::software::Software;
use crate::wire::message::{self, Build, Go, Offer, Reason, Refusal, Status, ToHub, ToWorker};

/// When accepting has failed, it is tried again after this.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// An offer that met a lock is first made again after this, then after twice as long each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long that goes on: less than its worker waits.
const PATIENCE: Duration = Duration::from_millis(350);

/// A worker's connection.
pub struct Worker {
    pub connection: OwnedFd,
    /// The stream it has offered and not handed over.
    pub offered: Option<StreamId>,
    /// The offer that has met a lock, if it waits for an answer.
    waiting: Option<Waiting>,
}

/// An offer that is to be made again.
struct Waiting {
    offer: Box<Offer>,
    until: Instant,
    again: Instant,
    pause: Duration,
}

impl Reactor {
    /// Accepts all workers that wait. Those that can't be for now are looked for again later: the poll
    /// tells of each only once.
    pub(super) fn accept(&mut self, now: Instant) {
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
            let token = Origin::Worker(entry.key()).token();
            let source = connection.as_raw_fd();
            match self.poll.registry().register(&mut SourceFd(&source), token, Interest::READABLE) {
                Ok(()) => drop(entry.insert(Worker { connection, offered: None, waiting: None })),
                Err(error) => self.log.write(&format!("cannot wait for a worker: {error}")),
            }
        }
    }

    /// Hears what a worker has to say.
    pub(super) fn hear(&mut self, index: usize, now: Instant) {
        let mut space = std::mem::take(&mut self.space);
        let mut messages = 0;
        while let Some(worker) = self.workers.get(index) {
            if messages == READS {
                self.unread.push(Origin::Worker(index));
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
                self.forget(index, &error, now);
                break;
            }
        }
        self.space = space;
    }

    /// Closes a worker's connection; what it has offered is withdrawn.
    fn forget(&mut self, index: usize, why: &io::Error, now: Instant) {
        if !matches!(
            why.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        ) {
            self.log.write(&format!("a worker's connection is closed: {why}"));
        }
        if let Some(stream) = self.workers.try_remove(index).and_then(|worker| worker.offered) {
            self.hub.withdraw(stream, now, &mut self.clients);
        }
    }

    fn obey(
        &mut self,
        index: usize,
        message: ToHub,
        descriptor: Option<OwnedFd>,
        now: Instant,
    ) -> io::Result<()> {
        let Some(worker) = self.workers.get_mut(index) else { return Ok(()) };
        worker.waiting = None;
        let answer = match message {
            ToHub::Go(go) => {
                // Whoever says it wrongly is forgotten, and its offer with it.
                let Some(connection) = descriptor else {
                    return Err(io::Error::other("go without a connection"));
                };
                let Some(stream) = worker.offered.take() else {
                    return Err(io::Error::other("go without an offer"));
                };
                self.take(stream, go, connection, now);
                return Ok(());
            }
            ToHub::Status(_) => {
                let socket = self.settings.address.socket.display().to_string();
                ToWorker::Status(Status { socket, ..self.hub.status(now) })
            }
            ToHub::Recall(token) => ToWorker::Recall(self.hub.due(&token)),
            ToHub::Offer(offer) => {
                if let Some(earlier) = worker.offered.take() {
                    self.hub.withdraw(earlier, now, &mut self.clients);
                }
                if self.over.is_some() {
                    ToWorker::Refused(Refusal { reason: Reason::Ending, why: "the hub is ending".into() })
                } else if let Some(refusal) = self.refuse_other_build(&offer.from, now) {
                    refusal
                } else {
                    return self.consider(index, offer, now);
                }
            }
        };
        self.answer(index, &answer)
    }

    fn answer(&self, index: usize, answer: &ToWorker) -> io::Result<()> {
        let bytes = message::write(answer)?;
        match self.workers.get(index) {
            Some(worker) => socket::send(&worker.connection, &bytes, None),
            None => Ok(()),
        }
    }

    /// Takes an offer that may be taken, refuses it, or has it wait.
    fn consider(&mut self, index: usize, offer: Box<Offer>, now: Instant) -> io::Result<()> {
        let Some(worker) = self.workers.get_mut(index) else { return Ok(()) };
        if socket::is_left(&worker.connection) {
            // It has done without us meanwhile.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let before = worker.waiting.take();
        let answer = match self.hub.offer(&offer, now, &mut self.clients) {
            Ok(stream) => {
                if let Some(worker) = self.workers.get_mut(index) {
                    worker.offered = Some(stream);
                }
                ToWorker::Ready
            }
            Err(refusal) => {
                let (until, pause) = before.map_or((now + PATIENCE, SHORTEST_PAUSE), |before| {
                    (before.until, (before.pause * 2).min(LONGEST_PAUSE))
                });
                if refusal.reason == Reason::Busy && now < until {
                    if let Some(worker) = self.workers.get_mut(index) {
                        worker.waiting = Some(Waiting { offer, until, again: now + pause, pause });
                        self.waiting.insert(index);
                    }
                    return Ok(());
                }
                ToWorker::Refused(refusal)
            }
        };
        self.answer(index, &answer)
    }

    /// Makes those offers again whose time has come.
    pub(super) fn consider_again(&mut self, now: Instant) {
        for index in std::mem::take(&mut self.waiting) {
            let Some(worker) = self.workers.get_mut(index) else { continue };
            let Some(waiting) = &mut worker.waiting else { continue };
            if waiting.again > now {
                self.waiting.insert(index);
                continue;
            }
            // What is left of it in the worker says how long it has waited.
            let offer = waiting.offer.clone();
            if let Err(error) = self.consider(index, offer, now) {
                self.forget(index, &error, now);
            }
        }
    }

    /// When an offer is to be made again.
    pub(super) fn next_consideration(&self) -> Option<Instant> {
        let waiting = |&index| Some(self.workers.get(index)?.waiting.as_ref()?.again);
        self.waiting.iter().filter_map(waiting).min()
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
    fn take(&mut self, stream: StreamId, go: Go, connection: OwnedFd, now: Instant) {
        // It may have ended meanwhile, with the hub.
        if !self.hub.is_offered(stream) {
            return;
        }
        let is_stream = matches!(rustix::net::sockopt::socket_type(&connection), Ok(SocketType::STREAM));
        let added = if is_stream {
            self.clients.add(stream, connection)
        } else {
            Err(io::Error::other("it is no connection"))
        };
        match added {
            Ok(()) => {
                self.hub.go(stream, go, now, &mut self.clients);
                // The end of the request's input is there already, most of the time.
                self.read(stream, false, now);
            }
            Err(error) => {
                self.log.write(&format!("a client can't be taken over, and is cut: {error}"));
                self.hub.withdraw(stream, now, &mut self.clients);
            }
        }
    }
}
