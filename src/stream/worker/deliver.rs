//! What is pending, through the application's closures, into frames.
//!
//! Always true:
//! - a frame is in [`Pending::out`] whole;
//! - the cursor of what is there covers all that was passed over before it: filtered, failed, or not to be
//!   had of the time before its client came.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use sse_core::Error;
use sse_core::event::{Event, wire_json};
use sse_core::feed::{Content, Delivery, Feed};
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};
use sse_core::signal::Signal;
use sse_core::store::{Failures, Gap, Location, Store};
use sse_core::stream::outage::{Outage, Pauses};
use sse_core::stream::request::StreamRequest;
use sse_core::stream::voice;

use super::Stop;
use super::begin::UNLOCKED;
use crate::php;
use crate::stores;
use crate::stream::callbacks::{Callbacks, Outcome};

/// Deliveries between two looks at the clock and the client.
const BATCH: usize = 256;
/// Time after which a batch whose events pass through closures is written: those may be slow.
const SLICE: Duration = Duration::from_millis(50);
/// Bytes after which a batch is written.
pub const WRITE_AT: usize = 64 << 10;
/// Failures at one event after which it is skipped.
const FAILURES: u32 = 2;
/// Pauses between two tries to read from a store that can't be had for now.
const PAUSES: Pauses = Pauses { shortest: Duration::from_millis(100), longest: Duration::from_secs(5) };
/// Those where another process has it locked: that is over in a moment.
const PAUSES_OF_A_LOCK: Pauses = Pauses { shortest: UNLOCKED, ..PAUSES };
/// A lock that was met for so long is told of.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// There may be more.
    Full,
    /// Nothing is left until the signal fires, or the store can be had again.
    Last,
}

/// What is pending for one stream.
pub struct Pending<'a> {
    request: &'a StreamRequest,
    callbacks: &'a Callbacks<'a>,
    location: &'a Location,
    /// The process that the client is connected to; no child that a closure forks.
    process: u32,
    /// How often the closures failed at events, before this stream.
    failures: HashMap<Key, Failures>,
    /// The cursor that the greeting tells, until that is said.
    greeting: Option<String>,
    /// Frames not yet written.
    out: Vec<u8>,
    /// Where the last id stands among them.
    last_id: Option<Range<usize>>,
    /// Set while the store can't be had for now; the stream keeps its client and asks again.
    outage: Option<Outage>,
}

impl<'a> Pending<'a> {
    /// Of a stream that begins now. What it opens with is there, unless it takes the closures to find out.
    pub fn new(
        request: &'a StreamRequest,
        callbacks: &'a Callbacks<'a>,
        store: &dyn Store,
        location: &'a Location,
        feed: &Feed,
    ) -> Self {
        let mut failures = HashMap::new();
        if callbacks.see_events() {
            failures.extend(request.keys.iter().map(|key| (key.clone(), store.failures(key))));
        }
        let mut pending = Self {
            request,
            callbacks,
            location,
            process: std::process::id(),
            failures,
            greeting: Some(feed.cursor()),
            out: Vec::new(),
            last_id: None,
            outage: None,
        };
        // A client without a cursor is not told of payloads that are gone, and the first cursor that it gets is
        // behind them: only then it is greeted.
        if callbacks.fetch.is_none() || !feed.replays() {
            pending.greet();
        }
        pending
    }

    /// Of a stream whose client was greeted before.
    pub fn behind_greeting(
        request: &'a StreamRequest,
        callbacks: &'a Callbacks<'a>,
        store: &dyn Store,
        location: &'a Location,
        feed: &Feed,
    ) -> Self {
        let mut pending = Self::new(request, callbacks, store, location, feed);
        pending.greeting = None;
        pending.out.clear();
        pending
    }

    /// Frames to be written.
    pub fn out(&self) -> &[u8] {
        &self.out
    }

    /// What was there was written.
    pub fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(WRITE_AT * 2);
        self.last_id = None;
    }

    /// When the store is asked again, if it can't be had for now.
    pub fn asks_again(&self) -> Option<Instant> {
        self.outage.as_ref().map(Outage::until)
    }

    /// Whether a closure forked, and this is the child coming back from it.
    pub fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Adds a comment that keeps the connection alive.
    pub fn beat(&mut self) {
        self.out.extend_from_slice(frame::HEARTBEAT);
    }

    /// Adds what a stream ends with whose client is to come back later.
    pub fn put_off(&mut self, why: &str) {
        voice::put_off(&mut self.out, why);
    }

    /// Delivers what is there, until there is nothing, or enough for a write.
    pub fn deliver(&mut self, feed: &mut Feed, signal: &mut dyn Signal) -> Result<Batch, Stop> {
        let batch = self.next_batch(feed, signal)?;
        self.greet_behind(feed);
        self.greet();
        Ok(batch)
    }

    fn next_batch(&mut self, feed: &mut Feed, signal: &mut dyn Signal) -> Result<Batch, Stop> {
        let began = Instant::now();
        for _ in 0..BATCH {
            if self.asks_again().is_some_and(|until| Instant::now() < until) {
                return Ok(Batch::Last);
            }
            self.greet_behind(feed);
            let delivery = match feed.next(signal) {
                Ok(delivery) => delivery,
                Err(error) if error.is_passing() => {
                    self.wait_out(&error);
                    return Ok(Batch::Last);
                }
                Err(error) => return Err(error.into()),
            };
            if self.outage.take().is_some_and(|outage| outage.said().is_some()) {
                php::log(&format!("stream of {}: the store answers again", self.keys()));
            }
            let Some(delivery) = delivery else { return Ok(Batch::Last) };
            let is_gap = matches!(delivery.content, Content::Gap(..));
            self.add(delivery)?;
            // What was read is sent before more is looked for: that is latency saved. What follows a gap goes
            // out with it.
            let is_slow = self.callbacks.see_events() && began.elapsed() >= SLICE;
            if !is_gap && (self.out.len() >= WRITE_AT || !feed.has_ready() || is_slow) {
                break;
            }
        }
        Ok(Batch::Full)
    }

    fn add(&mut self, delivery: Delivery) -> Result<(), Stop> {
        let Delivery { content, before, is_fresh, cursor } = delivery;
        match content {
            Content::Event(ref key, ref event) if self.failed_before(key, event) >= FAILURES => {
                php::log(&format!(
                    "event {} of key {key} is skipped: beforeSend ended the script at it {FAILURES} times",
                    event.id
                ));
                Ok(())
            }
            Content::Event(key, event) => self.add_event(&key, event, (before, is_fresh), &cursor),
            Content::Gap(keys, gap) => {
                self.add_gap(&keys, gap, &cursor);
                Ok(())
            }
        }
    }

    /// Adds an event with the cursor that covers it. Before it the client had `before` of its key; if it
    /// `is_fresh`, the client has missed nothing where it can't be had.
    fn add_event(
        &mut self,
        key: &Key,
        event: Event,
        (before, is_fresh): (EventId, bool),
        cursor: &str,
    ) -> Result<(), Stop> {
        let id = event.id;
        match self.callbacks.outcome(key, event) {
            Ok(Outcome::Send(draft)) => {
                let (head, tail) = wire_json(&draft);
                let name = draft.name.as_ref().unwrap_or(&self.request.profile.event_name);
                self.greet();
                let from = self.out.len() + frame::BEFORE_ID;
                frame::write_event(&mut self.out, cursor, name.as_str(), &[head, tail]);
                self.last_id = Some(from..from + cursor.len());
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
                self.add_gap(std::slice::from_ref(key), Gap { from: before, to: id }, cursor);
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
                self.greet();
                Err(halt.into())
            }
        }
    }

    fn add_gap(&mut self, keys: &[Key], gap: Gap, cursor: &str) {
        self.greet();
        php::log(&format!("{}; the client is told", voice::gap_line(keys, gap)));
        let keys: Vec<&Key> = keys.iter().collect();
        frame::write_gap(&mut self.out, cursor, &keys, gap.from, gap.to);
        self.last_id = None;
    }

    /// What a stream opens with, unless it was said already.
    fn greet(&mut self) {
        if let Some(cursor) = self.greeting.take() {
            let StreamRequest { profile, connected, .. } = self.request;
            voice::greet(&mut self.out, profile.retry, &cursor, connected.as_deref());
        }
    }

    /// The greeting, as long as it waits, is one behind all that was passed over.
    fn greet_behind(&mut self, feed: &Feed) {
        if let Some(cursor) = &mut self.greeting {
            *cursor = feed.cursor();
        }
    }

    fn failed_before(&self, key: &Key, event: &Event) -> u32 {
        self.failures.get(key).and_then(|ids| ids.get(&event.id)).copied().unwrap_or(0)
    }

    /// The keys.
    pub fn keys(&self) -> &'a Keys {
        &self.request.keys
    }

    /// Asks again after a pause. A lock that is free in a moment is no matter for the log.
    fn wait_out(&mut self, error: &Error) {
        let is_locked = matches!(error, Error::Locked { .. });
        let pauses = if is_locked { PAUSES_OF_A_LOCK } else { PAUSES };
        let mut outage = Outage::begin(self.outage.take(), pauses, Instant::now());
        let text = error.to_string();
        if (!is_locked || outage.pause() >= WORTH_TELLING) && outage.note(&text) {
            php::log(&format!("stream of {}: {text}; the stream waits for it and goes on", self.keys()));
        }
        self.outage = Some(outage);
    }
}
