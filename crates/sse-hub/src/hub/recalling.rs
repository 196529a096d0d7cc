//! From streams that lack something only PHP can make to PHP-FPM, and from its answers to their clients.
//!
//! Always true:
//! - what was made is written before more is asked for, so that a slow client costs one answer;
//! - a stream whose request is refused ends; a key whose vehicle is refused is asked for by another stream's
//!   request;
//! - whatever else fails is asked for again after a pause, which grows.

use std::rc::Rc;
use std::time::Instant;

use sse_core::cursor::{Cursor, Epoch, Tags};
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};

use super::ids::{CallId, GroupId, PoolId, StreamId};
use super::notes::Lost;
use super::recalls::{self, Behind, Call, Made, Matter, PAUSES, Pool, Recall, Share, Turn};
use super::streams::Stream;
use super::{Clients, Hub};
use crate::wire::call::{self, Outcome};
use crate::wire::message::{Due, Maker, Reason, Recallable, Refusal};
use crate::wire::outgoing::Outgoing;

/// What was made of so many events is given to all streams before more is: a stream that keeps up finds it there.
const SPREAD: usize = 64;

/// A request that is to be made.
#[derive(Debug)]
pub struct NewCall {
    /// Its id.
    pub id: CallId,
    /// Where PHP-FPM listens.
    pub address: Rc<str>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the answer's trailer is known by.
    pub token: String,
}

/// What came of a request.
#[derive(Debug)]
pub enum Answered {
    /// PHP-FPM can't be reached: why, and whether that is since this user may not.
    Unreachable { why: String, is_forbidden: bool },
    /// It has answered, or was cut before it had.
    With(Outcome),
}

/// What became of a matter whose turn it is.
enum Prepared {
    Call(Call),
    /// It waits for a request of this session.
    Busy(u64),
    /// Nothing is due any more.
    Nothing,
}

/// How a stream whose frames PHP makes goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// A frame is ready.
    Ready,
    /// It has all, or what it lacks is being made for all.
    Waits,
    /// PHP is to be asked for it alone.
    Alone,
}

impl Hub {
    /// Refuses a stream whose PHP-FPM could not be reached when it was asked last: its worker keeps it.
    pub(super) fn refuse_unreachable(
        &mut self,
        recallable: &Recallable,
        now: Instant,
    ) -> Result<(), Refusal> {
        let pool = self.recalls.pool_at(&recallable.address);
        let Ok(pool) = self.recalls.pool(pool) else { return Ok(()) };
        match pool.is_out(now) {
            true => {
                let why = format!("PHP-FPM can't be asked at {}", pool.address);
                Err(Refusal { reason: Reason::Unreachable, why })
            }
            false => Ok(()),
        }
    }

    /// Adds a stream for which PHP is asked again.
    pub(super) fn add_recalled(
        &mut self,
        mut stream: Stream,
        recallable: &Recallable,
        now: Instant,
    ) -> Result<StreamId, Refusal> {
        let set = Rc::clone(stream.keys());
        let pool = self.recalls.pool_at(&recallable.address);
        let channels = &self.channels;
        let share = |index: usize, collects| {
            let channel = set.channels.get(index).copied();
            channel.map_or_else(
                || Err(self.notes.lost("a key's channel")),
                |id| Ok(Share::new(channels.known(id)?, collects)),
            )
        };
        let refused = |lost: Lost| Refusal { reason: Reason::Store, why: lost.why().into() };
        let group =
            self.recalls.group_of(pool, (&set, stream.profile()), recallable, now, share).map_err(refused)?;
        let loops = self.recalls.group(group).and_then(|group| group.common.next_loop(now));
        let recall = Recall::new((group, recallable.maker), self.recalls.keep(&recallable.parameters), loops);
        if recall.is_php_maker {
            stream.give_up_readers();
        }
        let id = self.streams.add(stream.recalled(recall), &mut self.channels);
        if let Some(group) = self.recalls.group_mut(group) {
            group.join(id);
        }
        if let Some(loops) = loops {
            self.recalls.remind(Matter::Stream(id), loops);
        }
        Ok(id)
    }

    /// Gets a stream its next frame, or has PHP asked for it.
    pub(super) fn prepare(&mut self, id: StreamId, now: Instant) {
        let Some(stream) = self.streams.get(id).filter(|stream| stream.is_open()) else { return };
        let Some(recall) = stream.recall().filter(|recall| recall.ready.is_none()) else { return };
        let (group, is_loop_due) = (recall.group, recall.is_loop_due(now));
        let course = self.course(id, group, now);
        if course == Course::Alone || (course == Course::Waits && is_loop_due) {
            self.ask(Matter::Stream(id), now);
        }
    }

    /// How a stream goes on.
    fn course(&mut self, id: StreamId, group: GroupId, now: Instant) -> Course {
        let Some(common) = self.recalls.group(group).map(|group| &group.common) else { return Course::Waits };
        match common.maker {
            Maker::Hub => Course::Waits,
            Maker::Php => match self.streams.get(id) {
                Some(stream) if stream.standing().lacks(&self.channels) => Course::Alone,
                _ => Course::Waits,
            },
            Maker::HubAndFetch | Maker::PhpOnce => loop {
                match self.next_made(id, group, now) {
                    Ok(None) => return Course::Waits,
                    Ok(Some((index, made))) => {
                        if self.streams.take_made(id, index, made).is_err() {
                            return Course::Waits;
                        }
                        // One that is by itself needs nothing of it any more.
                        if self.recalls.group(group).is_some_and(|group| group.members().nth(1).is_none()) {
                            self.forget_had(group, index);
                        }
                        let ready =
                            |stream: &Stream| stream.recall().is_some_and(|recall| recall.ready.is_some());
                        if self.streams.get(id).is_some_and(ready) {
                            self.totals.events += 1;
                            return Course::Ready;
                        }
                    }
                    Err(()) => return Course::Alone,
                }
            },
        }
    }

    /// What was made for all that a stream gets next, with its key's index. `Err` if it lacks something that isn't
    /// kept.
    fn next_made(&mut self, id: StreamId, group: GroupId, now: Instant) -> Result<Option<(usize, Made)>, ()> {
        let Some(stream) = self.streams.get(id) else { return Ok(None) };
        let standing = stream.standing();
        let Some(positions) = standing.settled() else { return Err(()) };
        let epoch = standing.epoch();
        let positions: Vec<EventId> = positions.collect();
        let mut first: Option<(usize, Made)> = None;
        for (index, position) in positions.into_iter().enumerate() {
            let lacks = self.share_lacks(group, index);
            let Some(share) = self.recalls.share_mut(group, index) else { continue };
            match share.behind(epoch, position) {
                Behind::Elsewhere => return Err(()),
                Behind::ToCome if lacks => self.ask(Matter::Key(group, index), now),
                Behind::ToCome => {}
                Behind::Made(made) => {
                    if first.as_ref().is_none_or(|(_, before)| made.position < before.position) {
                        first = Some((index, made));
                    }
                }
            }
        }
        Ok(first)
    }

    /// Whether PHP is to be asked for what the streams of a group lack of a key. What needs no PHP is taken before.
    fn share_lacks(&mut self, group: GroupId, index: usize) -> bool {
        let Some(group) = self.recalls.group_mut(group) else { return false };
        let channel = group.set.channels.get(index).and_then(|&channel| self.channels.known(channel).ok());
        let (Some(channel), Some(share)) = (channel, group.shares.get_mut(index)) else { return false };
        if !group.common.makes_once() || !share.lacks(channel) {
            return false;
        }
        if group.common.maker == Maker::HubAndFetch {
            share.take_ready(channel, group.common.event_name());
        }
        share.lacks(channel)
    }

    /// Has PHP asked for a group's key, if something is due there.
    pub(super) fn ask_for_key(&mut self, group: GroupId, index: usize, now: Instant) {
        let lacks = self.share_lacks(group, index);
        let Some(share) = self.recalls.share_mut(group, index) else { return };
        if lacks || share.collects.is_some_and(|due| due <= now) {
            self.ask(Matter::Key(group, index), now);
        }
    }

    /// Puts something into its PHP-FPM's queue, unless it is in there, is being asked for, or has a pause.
    fn ask(&mut self, matter: Matter, now: Instant) {
        let group = match matter {
            Matter::Key(group, _) => Some(group),
            Matter::Stream(id) => self.streams.get(id).and_then(Stream::recall).map(|recall| recall.group),
        };
        let Some(pool) = group.and_then(|group| self.recalls.group(group)).map(|group| group.common.pool)
        else {
            return;
        };
        if self.turn(matter).is_some_and(|turn| turn.enqueue(now))
            && let Ok(pool) = self.recalls.pool(pool)
        {
            pool.enqueue(matter, now);
        }
    }

    /// The next request that is to be made, if one may be made now.
    pub fn next_call(&mut self, now: Instant) -> Option<NewCall> {
        for told in self.recalls.lateness(now) {
            match told {
                Ok(line) => self.notes.line(line),
                Err(line) => self.notes.error(line),
            }
        }
        let pools: Vec<PoolId> = self.recalls.pools().map(|(id, _)| id).collect();
        pools.into_iter().find_map(|pool| self.next_call_to(pool, now))
    }

    fn next_call_to(&mut self, id: PoolId, now: Instant) -> Option<NewCall> {
        let mut found = None;
        while found.is_none() && self.recalls.has_room(id, now) {
            let Some(waiting) = self.recalls.pool(id).ok()?.take_next() else { break };
            match self.prepare_call(id, waiting, now) {
                Prepared::Call(call) => found = Some(call),
                Prepared::Busy(session) => self.recalls.pool(id).ok()?.park(session, waiting),
                Prepared::Nothing => {}
            }
        }
        let address = Rc::clone(&self.recalls.pool(id).ok()?.address);
        let call = found?;
        let recall = self.streams.get(call.vehicle).and_then(Stream::recall)?;
        let parameter = call::parameters([(call::PARAMETER, call.token.as_bytes())]);
        let parts: Vec<&[u8]> = recall.parameters.parts().chain([parameter.as_slice()]).collect();
        let (bytes, token) = (call::request(&parts), call.token.clone());
        Some(NewCall { id: self.recalls.begin(call, now), address, bytes, token })
    }

    fn prepare_call(&mut self, pool: PoolId, (matter, since): (Matter, Instant), now: Instant) -> Prepared {
        let due = match matter {
            Matter::Stream(id) => self.due_of_stream(id, now),
            Matter::Key(group, index) => self.due_of_key(group, index, now),
        };
        let Some((vehicle, due)) = due else {
            if let Some(turn) = self.turn(matter) {
                turn.forget();
            }
            return Prepared::Nothing;
        };
        let recall = self.streams.get(vehicle).and_then(Stream::recall);
        let session = recall.and_then(|recall| recall.session);
        if let Some(session) = session.filter(|session| self.recalls.busy_sessions().contains(session)) {
            return Prepared::Busy(session);
        }
        // Without entropy it is asked for as if it had failed.
        let Some(token) = recalls::draw_token() else {
            self.failed(matter, now);
            return Prepared::Nothing;
        };
        if let Some(turn) = self.turn(matter) {
            turn.ask();
        }
        Prepared::Call(Call { matter, since, vehicle, pool, token, due, session })
    }

    /// What a stream is to ask PHP for by itself; `None` if nothing is due any more.
    fn due_of_stream(&mut self, id: StreamId, now: Instant) -> Option<(StreamId, Due)> {
        let stream = self.streams.get(id).filter(|stream| stream.is_open())?;
        let recall = stream.recall()?;
        let (group, on_loop, has_frame) = (recall.group, recall.is_loop_due(now), recall.ready.is_some());
        let course = if has_frame { Course::Ready } else { self.course(id, group, now) };
        if course == Course::Ready && !has_frame {
            self.streams.turn_later(id);
        }
        let frames = course == Course::Alone;
        let cursor = self.streams.get(id)?.standing().cursor();
        (frames || on_loop).then_some((id, Due { cursor, key: None, frames, on_loop, collect: false }))
    }

    /// What is to be asked for all streams of a group, and by whose request; `None` if nothing is due, or none of them
    /// is open.
    fn due_of_key(&mut self, id: GroupId, index: usize, now: Instant) -> Option<(StreamId, Due)> {
        let frames = self.share_lacks(id, index);
        let busy = self.recalls.busy_sessions();
        let group = self.recalls.group_mut(id)?;
        let (key, share) = (group.set.keys.get(index)?, group.shares.get_mut(index)?);
        let collect = share.collects.is_some_and(|due| due <= now);
        let key = Keys::new(vec![key.clone()]).ok()?;
        let cursor = Tags::new(&key).write(share.epoch(), &[share.end()]);
        if !frames && !collect {
            return None;
        }
        let streams = &self.streams;
        let is_open = |id| streams.get(id).is_some_and(Stream::is_open);
        let waits = |id| {
            let session = streams.get(id).and_then(Stream::recall).and_then(|recall| recall.session);
            session.is_some_and(|session| busy.contains(&session))
        };
        let Some(vehicle) = group.next_vehicle(is_open, waits) else {
            // Whoever comes next looks for what is pending; what others put elsewhere has its time.
            let next = group.common.next_collect(now).filter(|_| collect);
            self.collect_at(id, index, next);
            return None;
        };
        Some((vehicle, Due { cursor, key: Some(key), frames, on_loop: false, collect }))
    }

    /// Has `collect` run for a group's key then.
    fn collect_at(&mut self, group: GroupId, index: usize, next: Option<Instant>) {
        if let Some(next) = next
            && let Some(share) = self.recalls.share_mut(group, index)
        {
            share.collects = Some(next);
            self.recalls.remind(Matter::Key(group, index), next);
        }
    }

    /// What the request with this token is for; `None` if none is under way with it.
    #[must_use]
    pub fn due(&self, token: &str) -> Option<Due> {
        self.recalls.of_token(token).map(|call| call.due.clone())
    }

    /// A request is over: what it has brought goes to the clients.
    pub fn answered(&mut self, id: CallId, answered: Answered, now: Instant, clients: &mut dyn Clients) {
        let Ok(call) = self.recalls.end(id) else { return };
        let Ok(pool) = self.recalls.pool(call.pool) else { return };
        let outcome = match answered {
            Answered::Unreachable { why, is_forbidden } => {
                pool.unreachable(now);
                let never_was = is_forbidden && !pool.has_answered();
                pool.put_back((call.matter, call.since));
                if let Some(turn) = self.turn(call.matter) {
                    turn.put_back();
                }
                self.recall_fails(call.pool, &why);
                // It can't be recalled at all, then: its worker is to have it.
                return if never_was {
                    self.end_if_there(call.vehicle, now, clients)
                };
            }
            Answered::With(outcome) => outcome,
        };
        let is_broken = matches!(outcome, Outcome::Broken(_));
        let is_hopeless = is_broken && pool.was_silent(now);
        if !is_broken {
            pool.reached();
        }
        match outcome {
            Outcome::Frames { frames, cursor } => {
                let why = cursor.is_none().then_some(
                    "a recall ended early, PHP's own log says why: a fatal error or exit, or the store; what it had sent until then is delivered",
                );
                let cursor = cursor.or_else(|| call::last_id(&frames));
                let cursor = cursor.and_then(|text| Cursor::read(text.as_bytes()));
                match call.matter {
                    Matter::Stream(stream) => {
                        self.serve_one(stream, &call, (&frames, cursor), why, now, clients)
                    }
                    Matter::Key(group, index) => {
                        self.serve_all((group, index), &call, (&frames, cursor), why, now, clients);
                    }
                }
                match why {
                    Some(why) => self.recall_fails(call.pool, why),
                    None => self.recall_succeeds(call.pool),
                }
            }
            // Not any more, or not here.
            Outcome::Status(300..=399 | 401 | 403 | 404 | 410) | Outcome::NoStream => {
                if let Some(turn) = self.turn(call.matter) {
                    turn.forget();
                }
                self.end_if_there(call.vehicle, now, clients);
                if let Matter::Key(group, index) = call.matter {
                    self.ask_for_key(group, index, now);
                }
            }
            Outcome::Status(status) => {
                self.recall_fails(call.pool, &format!("a recall was answered with status {status}"));
                self.failed(call.matter, now);
            }
            Outcome::Broken(why) => {
                self.recall_fails(call.pool, &format!("a recall was in vain: {why}"));
                self.failed(call.matter, now);
                if is_hopeless {
                    self.end_if_there(call.vehicle, now, clients);
                }
            }
        }
    }

    /// Gives a stream what was made for it alone.
    fn serve_one(
        &mut self,
        id: StreamId,
        call: &Call,
        (frames, cursor): (&[u8], Option<Cursor>),
        failure: Option<&str>,
        now: Instant,
        clients: &mut dyn Clients,
    ) {
        // Its client may have left meanwhile.
        let Some(stream) = self.streams.get_mut(id) else { return };
        let set = Rc::clone(stream.keys());
        let before = stream.standing().cursor();
        let place = cursor.map(|cursor| (cursor.epoch(), cursor.positions(&set.keys)));
        let is_elsewhere = place.as_ref().is_some_and(|(_, positions)| positions.iter().any(Option::is_none));
        if call.due.frames
            && let Some((epoch, positions)) = place
        {
            stream.standing_mut().stand_at(epoch, positions.into_iter().map(Option::unwrap_or_default));
        }
        let has_moved = before != stream.standing().cursor();
        let Some(recall) = stream.recall_mut() else { return };
        if !frames.is_empty() {
            recall.ready = Some(Outgoing::whole(frames));
            self.totals.events += call::frames(frames).filter(|(id, _)| id.is_some()).count() as u64;
        }
        if call.due.on_loop {
            let next = self.recalls.group(recall.group).and_then(|group| group.common.next_loop(now));
            recall.loops = next;
            if let Some(next) = next {
                self.recalls.remind(Matter::Stream(id), next);
            }
        }
        self.end_turn(call, failure.is_some() || (call.due.frames && !has_moved), now);
        self.pump(id, now, clients);
        // It follows other keys by now: what it was sent is right, and its client comes back.
        if call.due.frames && is_elsewhere {
            self.end_if_there(id, now, clients);
        }
    }

    /// Gives all streams of a group what was made of a key.
    fn serve_all(
        &mut self,
        (group, index): (GroupId, usize),
        call: &Call,
        (frames, cursor): (&[u8], Option<Cursor>),
        failure: Option<&str>,
        now: Instant,
        clients: &mut dyn Clients,
    ) {
        let Some(members) = self.recalls.group(group).map(|group| group.members().collect::<Vec<_>>()) else {
            return;
        };
        let key = call.due.key.as_deref().unwrap_or_default();
        let made = made_of(key, frames);
        let end = cursor.and_then(|cursor| Some((cursor.epoch(), *cursor.positions(key).first()?.as_ref()?)));
        let last = end.filter(|(_, end)| made.last().is_none_or(|(_, made)| made.position < *end));
        let last = last.map(|(epoch, position)| (epoch, Made { position, body: None }));
        let made: Vec<(Epoch, Made)> = made.into_iter().chain(last).collect();
        let Some(share) = self.recalls.share_mut(group, index) else { return };
        // Of another store than the share each stream hears by itself what that means for it; the channel comes to it.
        let (epoch, before) = (share.epoch(), share.end());
        let made: Vec<Made> = made.into_iter().filter(|(of, _)| *of == epoch).map(|(_, made)| made).collect();
        let has_moved = made.last().is_some_and(|made| made.position > before);
        self.end_turn(call, failure.is_some() || (call.due.frames && !has_moved), now);
        if call.due.collect {
            let next = self.recalls.group(group).and_then(|group| group.common.next_collect(now));
            self.collect_at(group, index, next);
        }
        for some in made.chunks(SPREAD) {
            if let Some(share) = self.recalls.share_mut(group, index) {
                some.iter().for_each(|made| share.push(made.clone()));
            }
            for &stream in members.iter() {
                if self.streams.get(stream).is_some() {
                    self.pump(stream, now, clients);
                }
            }
        }
        self.forget_had(group, index);
        self.ask_for_key(group, index, now);
    }

    /// Forgets what was made of a key and all of a group's streams have.
    fn forget_had(&mut self, group: GroupId, index: usize) {
        let Some(group) = self.recalls.group_mut(group) else { return };
        let streams = &self.streams;
        let position = |id| streams.get(id).and_then(|stream| stream.standing().position(index));
        let least = group.members().filter_map(position).min();
        if let (Some(least), Some(share)) = (least, group.shares.get_mut(index)) {
            share.forget_until(least);
        }
    }

    fn turn(&mut self, matter: Matter) -> Option<&mut Turn> {
        match matter {
            Matter::Key(group, index) => Some(&mut self.recalls.share_mut(group, index)?.turn),
            Matter::Stream(id) => Some(&mut self.streams.get_mut(id)?.recall_mut()?.turn),
        }
    }

    fn end_if_there(&mut self, id: StreamId, now: Instant, clients: &mut dyn Clients) {
        if self.streams.get(id).is_some() {
            self.end(id, false, now, clients);
        }
    }

    fn recall_fails(&mut self, pool: PoolId, why: &str) {
        if self.recalls.pool(pool).is_ok_and(|pool| pool.is_news(why)) {
            self.notes.error(format!("{why}; its streams stay open, trying again"));
        }
    }

    fn recall_succeeds(&mut self, pool: PoolId) {
        if self.recalls.pool(pool).is_ok_and(Pool::succeeded) {
            self.notes.line("recalls are answered again".into());
        }
    }

    /// What was asked for was answered, or brought less than it should.
    fn end_turn(&mut self, call: &Call, has_failed: bool, now: Instant) {
        if has_failed {
            self.failed(call.matter, now);
        } else if let Some(turn) = self.turn(call.matter) {
            turn.answered();
        }
    }

    /// Something that was asked for has failed.
    fn failed(&mut self, matter: Matter, now: Instant) {
        let Some(turn) = self.turn(matter) else { return };
        turn.failed(PAUSES, now);
        if let Some(pause) = turn.pause() {
            self.recalls.remind(matter, pause);
        }
    }
}

/// What was made of a key's events, by the ids of their frames.
fn made_of(key: &[Key], frames: &[u8]) -> Vec<(Epoch, Made)> {
    let made = call::frames(frames).filter_map(|(id, body)| {
        let cursor = Cursor::read(id?.as_bytes())?;
        let position = *cursor.positions(key).first()?.as_ref()?;
        Some((cursor.epoch(), Made { position, body: Some(body.into()) }))
    });
    made.collect()
}
