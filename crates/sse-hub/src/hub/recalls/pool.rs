//! One PHP-FPM: what it is to be asked for, and how much at a time.
//!
//! Always true:
//! - only so many requests are under way, so that pages find workers;
//! - each stream has its turn in the order in which something became due, and what serves all streams of a key
//!   never waits for more than one of those.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::stream::outage::{Outage, Pauses};

use super::Matter;
use crate::hub::ids::CallId;

/// A request that takes longer no longer counts: others go on.
pub const SLOW: Duration = Duration::from_secs(10);
/// Pauses before a PHP-FPM is asked again that could not be reached.
const PAUSES: Pauses = Pauses { shortest: Duration::from_millis(100), longest: Duration::from_secs(5) };
/// So long a PHP-FPM that never answered may say nothing: it may be restarting.
const SILENCE: Duration = Duration::from_secs(10);
/// A wait that is worth telling of, and one after which all is well again.
const LONG_WAIT: Duration = Duration::from_secs(10);
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// A PHP-FPM.
#[derive(Debug)]
pub struct Pool {
    /// Where it listens.
    pub address: Rc<str>,
    /// What serves one stream.
    own: VecDeque<(Matter, Instant)>,
    /// What serves many.
    shared: VecDeque<(Matter, Instant)>,
    /// What waits for a request of its session.
    parked: HashMap<u64, Vec<(Matter, Instant)>>,
    /// Whether it is the turn of one stream.
    is_owns_turn: bool,
    under_way: Vec<(CallId, Instant)>,
    /// Set while it can't be reached.
    outage: Option<Outage>,
    /// Whether it has ever answered.
    has_answered: bool,
    /// When it first took a request and said nothing, if it has never answered.
    silent: Option<Instant>,
    /// What the log was told of last that went wrong, until something goes right again.
    said: Option<String>,
    /// Whether the log was told that it can't keep up.
    is_late: bool,
}

impl Pool {
    /// Nothing is asked of it yet.
    pub fn new(address: Rc<str>) -> Self {
        Self {
            address,
            own: VecDeque::new(),
            shared: VecDeque::new(),
            parked: HashMap::new(),
            is_owns_turn: false,
            under_way: Vec::new(),
            outage: None,
            has_answered: false,
            silent: None,
            said: None,
            is_late: false,
        }
    }

    /// Something is due.
    pub fn enqueue(&mut self, matter: Matter, since: Instant) {
        self.queue_of(matter).push_back((matter, since));
    }

    /// Something could not be asked for now: it is the first again.
    pub fn put_back(&mut self, (matter, since): (Matter, Instant)) {
        self.queue_of(matter).push_front((matter, since));
    }

    /// Something waits for a request of this session: PHP would have another one wait, and with it a worker.
    pub fn park(&mut self, session: u64, waiting: (Matter, Instant)) {
        self.parked.entry(session).or_default().push(waiting);
    }

    /// A request of this session is over: what waited for it is the first again.
    pub fn unpark(&mut self, session: u64) {
        for waiting in self.parked.remove(&session).into_iter().flatten().rev() {
            self.put_back(waiting);
        }
    }

    fn queue_of(&mut self, matter: Matter) -> &mut VecDeque<(Matter, Instant)> {
        match matter {
            Matter::Stream(_) => &mut self.own,
            Matter::Key(..) => &mut self.shared,
        }
    }

    /// Whether one more may be asked for.
    pub fn has_room(&self, concurrency: usize, now: Instant) -> bool {
        let quick = self.under_way.iter().filter(|(_, began)| now.duration_since(*began) < SLOW).count();
        quick < concurrency && self.under_way.len() < 2 * concurrency && !self.is_out(now)
    }

    /// What is to be asked for next.
    pub fn take_next(&mut self) -> Option<(Matter, Instant)> {
        self.is_owns_turn = !self.is_owns_turn;
        let (first, second) = match self.is_owns_turn {
            true => (&mut self.own, &mut self.shared),
            false => (&mut self.shared, &mut self.own),
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.own.len() + self.shared.len() + self.parked.values().map(Vec::len).sum::<usize>()
    }

    /// How long the first has waited.
    pub fn oldest(&self, now: Instant) -> Option<Duration> {
        let first =
            [self.own.front(), self.shared.front()].into_iter().flatten().map(|(_, since)| *since).min();
        first.map(|since| now.saturating_duration_since(since))
    }

    /// A request is under way.
    pub fn begin(&mut self, call: CallId, now: Instant) {
        self.under_way.push((call, now));
    }

    /// It is over.
    pub fn end(&mut self, call: CallId) {
        self.under_way.retain(|(other, _)| *other != call);
    }

    /// When one more may be asked for through time alone, if that is yet to come.
    pub fn next_room(&self, now: Instant) -> Option<Instant> {
        if self.own.is_empty() && self.shared.is_empty() {
            return None;
        }
        let slow = self.under_way.iter().map(|(_, began)| *began + SLOW);
        slow.chain(self.outage.as_ref().map(Outage::until)).filter(|room| *room > now).min()
    }

    /// Whether it is left alone, since it could not be reached.
    pub fn is_out(&self, now: Instant) -> bool {
        self.outage.as_ref().is_some_and(|outage| outage.until() > now)
    }

    /// It could not be reached.
    pub fn unreachable(&mut self, now: Instant) {
        self.outage = Some(Outage::begin(self.outage.take(), PAUSES, now));
    }

    /// It took a request and said nothing. True if that is all that it ever does, as where the list of its allowed
    /// clients leaves out its own host.
    pub fn was_silent(&mut self, now: Instant) -> bool {
        let since = *self.silent.get_or_insert(now);
        !self.has_answered && now.duration_since(since) >= SILENCE
    }

    /// Whether it has ever answered.
    pub fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// It has answered.
    pub fn reached(&mut self) {
        self.outage = None;
        self.has_answered = true;
    }

    /// Whether this is new to the log.
    pub fn is_news(&mut self, failure: &str) -> bool {
        let is_new = self.said.as_deref() != Some(failure);
        if is_new {
            self.said = Some(failure.to_owned());
        }
        is_new
    }

    /// A recall did what it should. True if the log was told of failures.
    pub fn succeeded(&mut self) -> bool {
        self.said.take().is_some()
    }

    /// What the log is to be told of how it keeps up, if that is new: an error, or that all is well again.
    pub fn lateness(&mut self, now: Instant) -> Option<Result<String, String>> {
        let oldest = self.oldest(now).unwrap_or_default();
        let address = &self.address;
        match self.is_late {
            false if oldest >= LONG_WAIT => {
                self.is_late = true;
                Some(Err(format!(
                    "PHP-FPM at {address} can't keep up with recalls: {} wait, the first for {} s; events arrive late but whole (see sse.recall_concurrency and pm.max_children, and docs/recall.md for how to need fewer)",
                    self.waiting(),
                    oldest.as_secs()
                )))
            }
            true if oldest < SHORT_WAIT => {
                self.is_late = false;
                Some(Ok(format!("PHP-FPM at {address} keeps up with recalls again")))
            }
            _ => None,
        }
    }
}
