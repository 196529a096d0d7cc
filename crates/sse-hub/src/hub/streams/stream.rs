//! One open response, from the worker's offer to its close.
//!
//! ```text
//! Offered ──go──► Open ──time is up, hub ends──► Ending ──all is written──► (removed)
//!    │              └──client left, too slow──────────────────────────────► (removed)
//!    └──withdrawn─────────────────────────────────────────────────────────► (removed)
//! ```
//!
//! Always true:
//! - its keys are followed before `ready` is said, so no event falls between;
//! - a frame is written whole before the next begins;
//! - a slow client costs positions, not a queue: the store is read for it when its socket drains.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::stream::request::{Profile, StreamRequest};
use sse_core::stream::schedule::Schedule;
use sse_core::stream::voice;

use super::key_sets::KeySet;
use super::reading::Reading;
use super::standing::Standing;
use crate::hub::clients::{Clients, Written};
use crate::hub::ids::StreamId;
use crate::hub::recalls::Recall;
use crate::wire::message::Go;
use crate::wire::outgoing::Outgoing;
use crate::wire::record::{self, Input};

/// A client that takes nothing for so long is cut; it comes back with its cursor.
const STALLED: Duration = Duration::from_secs(60);
/// Bytes that go out with a stream's greeting, if they are there.
const WITH_GREETING: usize = 16 << 10;

/// A stream.
#[derive(Debug)]
pub struct Stream {
    /// What its client has, and gets next.
    standing: Standing,
    /// What it has in common with others.
    profile: Rc<Profile>,
    state: State,
    /// Its FastCGI request id.
    request: u16,
    /// Whether something may follow the request's end.
    may_follow_end: bool,
    /// The time that `connected` tells, until that is sent.
    connected: Option<Box<str>>,
    /// The frame that is being written.
    outgoing: Option<Outgoing>,
    /// Whether it is among those that wait for a turn of their own.
    is_waiting: bool,
    /// What the web server still sends.
    input: Input,
    /// When its heartbeat and its end are due.
    schedule: Schedule,
    /// How PHP is asked again for it, if it is.
    recall: Option<Box<Recall>>,
}

/// How far a stream is.
#[derive(Debug)]
enum State {
    /// The worker still has the client.
    Offered,
    /// Events are sent.
    Open,
    /// What is still sent before it is over.
    Ending(VecDeque<Outgoing>),
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left of what was begun.
    Done,
    /// The client takes no more for now.
    Blocked,
    /// The client is gone.
    Gone,
}

/// What came of looking for something to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// A frame is to be written.
    Frame,
    /// There is nothing for now.
    Nothing,
    /// The stream is over.
    Over,
}

/// What a stream is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet; it is to be looked at again then.
    Later(Instant),
    /// Its client has taken nothing for too long.
    Cut,
    /// Its time is up.
    End,
    /// It was quiet for as long as it may be. The next is due then.
    Heartbeat(Instant),
}

/// What came of having a stream end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It writes what is left, and has until then.
    Begun(Instant),
    /// It was ending already, and has time left.
    UnderWay,
    /// Nothing is to be waited for.
    Now,
}

impl Stream {
    /// A stream whose client the worker still has.
    pub fn offered(standing: Standing, request: &StreamRequest, profile: Rc<Profile>, now: Instant) -> Self {
        Self {
            standing,
            schedule: Schedule::new(profile.heartbeat, request.lifetime, now),
            profile,
            state: State::Offered,
            request: 0,
            may_follow_end: false,
            connected: request.connected.as_deref().map(Box::from),
            outgoing: None,
            is_waiting: false,
            input: Input::new(0, false),
            recall: None,
        }
    }

    /// One whose client was greeted before, and for which PHP is asked again.
    pub fn recalled(self, recall: Recall) -> Self {
        Self { recall: Some(Box::new(recall)), ..self }
    }

    /// How PHP is asked again for it, if it is.
    pub fn recall(&self) -> Option<&Recall> {
        self.recall.as_deref()
    }

    /// Whether PHP makes its frames.
    pub fn is_made_by_php(&self) -> bool {
        self.recall.as_ref().is_some_and(|recall| recall.is_php_maker)
    }

    /// How PHP is asked again for it, if it is.
    pub fn recall_mut(&mut self) -> Option<&mut Recall> {
        self.recall.as_deref_mut()
    }

    /// Its keys.
    pub fn keys(&self) -> &Rc<KeySet> {
        self.standing.keys()
    }

    /// What it has in common with others.
    pub fn profile(&self) -> &Rc<Profile> {
        &self.profile
    }

    /// Where its client stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Where its client stands, to have its seats moved.
    pub fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    /// Whether the worker still has the client.
    pub fn is_offered(&self) -> bool {
        matches!(self.state, State::Offered)
    }

    /// Whether the client gets events.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether a frame is half written.
    pub fn is_writing(&self) -> bool {
        self.outgoing.is_some()
    }

    /// It waits for a turn of its own from now on; false if it did already.
    pub fn wait(&mut self) -> bool {
        !std::mem::replace(&mut self.is_waiting, true)
    }

    /// Its turn has come, if it waited for one.
    pub fn take_turn(&mut self) {
        self.is_waiting = false;
    }

    /// Takes what the web server sent; with `None`, nothing will come any more. True if the client is gone.
    pub fn hears(&mut self, bytes: Option<&[u8]>) -> bool {
        bytes.is_none_or(|bytes| self.input.take(bytes))
    }

    /// The client's connection is there. Answers when the stream is due.
    pub fn open(&mut self, go: Go, now: Instant) -> Instant {
        self.state = State::Open;
        self.request = go.request;
        self.may_follow_end = go.may_follow_end;
        self.input = Input::new(go.request, go.at_record);
        self.schedule.wrote(now);
        self.due()
    }

    /// Greets the client, unless that was done. What it lacks goes with it, if it is little; the bytes of a large event stay shared.
    pub fn greet(&mut self, reading: &mut Reading<'_>) {
        if self.recall.is_some() {
            return;
        }
        let event_name = &self.profile.event_name;
        self.standing.pass_over(event_name, reading);
        let mut out = Vec::new();
        let connected = self.connected.take();
        voice::greet(&mut out, self.profile.retry, &self.standing.cursor(), connected.as_deref());
        while out.len() < WITH_GREETING {
            let Some(frame) = self.standing.next(event_name, reading) else { break };
            if frame.length() > WITH_GREETING {
                self.outgoing = Some(frame.behind(&out));
                return;
            }
            frame.append_to(&mut out);
        }
        self.outgoing = Some(Outgoing::whole(&out));
    }

    /// Writes on what was begun, and answers how many bytes the client took.
    pub fn write(&mut self, id: StreamId, now: Instant, clients: &mut dyn Clients) -> (usize, Progress) {
        let mut count = 0;
        let Some(outgoing) = &mut self.outgoing else { return (count, Progress::Done) };
        while !outgoing.is_done() {
            match outgoing.with_slices(self.request, |parts| clients.write(id, parts)) {
                Written::Bytes(bytes) if bytes > 0 => {
                    outgoing.advance(bytes);
                    self.schedule.wrote(now);
                    count += bytes;
                }
                Written::Bytes(_) | Written::Blocked => return (count, Progress::Blocked),
                Written::Gone => return (count, Progress::Gone),
            }
        }
        self.outgoing = None;
        (count, Progress::Done)
    }

    /// Looks for what is to be written next.
    pub fn load(&mut self, reading: &mut Reading<'_>) -> Loaded {
        self.outgoing = match &mut self.state {
            State::Offered => None,
            State::Open => match &mut self.recall {
                Some(recall) if recall.ready.is_some() || recall.is_php_maker => recall.ready.take(),
                _ => self.standing.next(&self.profile.event_name, reading),
            },
            State::Ending(rest) => match rest.pop_front() {
                None => return Loaded::Over,
                next => next,
            },
        };
        if self.outgoing.is_some() { Loaded::Frame } else { Loaded::Nothing }
    }

    /// When something has to be done, if nothing happens before: a heartbeat, the end, or a look at
    /// whether a blocked client has moved.
    fn due(&self) -> Instant {
        if self.outgoing.is_none() {
            return self.schedule.next();
        }
        let cut = self.schedule.written() + STALLED;
        self.schedule.ends().map_or(cut, |ends| ends.min(cut))
    }

    /// What has to be done now.
    pub fn what_is_due(&self, now: Instant) -> Due {
        let due = self.due();
        if due > now {
            // A client that is slow now may catch up, and is owed a heartbeat a pause after that.
            Due::Later(due.min(now + self.schedule.heartbeat().min(STALLED)))
        } else if self.outgoing.is_some() && now.duration_since(self.schedule.written()) >= STALLED {
            Due::Cut
        } else if self.schedule.is_over(now) {
            Due::End
        } else {
            Due::Heartbeat(now + self.schedule.heartbeat())
        }
    }

    /// Has it write a heartbeat next.
    pub fn beat(&mut self, heartbeat: Outgoing) {
        self.outgoing = Some(heartbeat);
    }

    /// It ends then at the latest; true if it would have ended later.
    pub fn end_by(&mut self, ends: Instant) -> bool {
        let is_sooner = self.schedule.ends().is_none_or(|already| ends < already);
        if is_sooner {
            self.schedule.end_at(ends);
        }
        is_sooner
    }

    /// Lets it end: what is begun is written, then the client's pause if it is put off, then the end.
    pub fn end(&mut self, is_put_off: bool, now: Instant) -> End {
        match self.state {
            State::Open => {}
            // All that is left has its time, whatever the hub does meanwhile.
            State::Ending(_) if !self.schedule.is_over(now) => return End::UnderWay,
            State::Offered | State::Ending(_) => return End::Now,
        }
        let until = now + STALLED;
        self.schedule.end_at(until);
        let pause = is_put_off.then(|| {
            let mut out = Vec::new();
            voice::put_off(&mut out, voice::ENDING);
            Outgoing::whole(&out)
        });
        let end = Outgoing::records(&record::end(self.request, self.may_follow_end));
        self.state = State::Ending(pause.into_iter().chain([end]).collect());
        End::Begun(until)
    }

    /// Keeps positions only: readers are opened anew when the stream goes on.
    pub fn give_up_readers(&mut self) {
        self.standing.give_up_readers();
    }
}
