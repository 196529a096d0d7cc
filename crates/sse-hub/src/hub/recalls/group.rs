//! Streams of the same keys and options, for which PHP is asked alike: one request can serve them all, where what
//! is made doesn't depend on the client.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::event::EventName;
use sse_core::jitter;
use sse_core::key::Keys;
use sse_core::stream::request::Profile;

use super::share::Share;
use crate::hub::ids::{PoolId, StoreId, StreamId};
use crate::hub::streams::KeySet;
use crate::wire::message::{Maker, Recallable};

/// Members that are looked at for one that needn't wait for its session.
const CANDIDATES: usize = 8;

/// What the streams of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Common {
    /// The PHP-FPM that is asked.
    pub pool: PoolId,
    store: StoreId,
    keys: Keys,
    profile: Profile,
    route: String,
    /// Who makes frames.
    pub maker: Maker,
    /// Pause between two calls of `onLoop`.
    loops: Option<Duration>,
    /// Pause between two calls of `collect`.
    collects: Option<Duration>,
}

impl Common {
    /// Of a stream; `onLoop` isn't called more often than each `interval`.
    pub fn new(
        pool: PoolId,
        set: &KeySet,
        profile: &Profile,
        recallable: &Recallable,
        interval: Duration,
    ) -> Self {
        let millis = |millis: Option<u64>| millis.map(Duration::from_millis);
        let is_shared = recallable.collect_ms.is_some()
            || matches!(recallable.maker, Maker::HubAndFetch | Maker::PhpOnce);
        Self {
            pool,
            store: set.store,
            keys: set.keys.clone(),
            profile: profile.clone(),
            route: if is_shared { recallable.route.clone() } else { String::new() },
            maker: recallable.maker,
            loops: millis(recallable.loop_ms).map(|pause| pause.max(interval)),
            collects: millis(recallable.collect_ms),
        }
    }

    /// When `onLoop` is due next; its calls are spread over their interval.
    pub fn next_loop(&self, now: Instant) -> Option<Instant> {
        self.loops.map(|pause| now + jitter::shortened(pause))
    }

    /// When `collect` is due next.
    pub fn next_collect(&self, now: Instant) -> Option<Instant> {
        self.collects.map(|pause| now + jitter::shortened(pause))
    }

    /// The name of events that have none.
    pub fn event_name(&self) -> &EventName {
        &self.profile.event_name
    }

    /// Whether what PHP makes is for all streams of the group.
    pub fn makes_once(&self) -> bool {
        matches!(self.maker, Maker::HubAndFetch | Maker::PhpOnce)
    }
}

/// A group.
#[derive(Debug)]
pub struct Group {
    /// What its streams have in common.
    pub common: Common,
    /// Their keys.
    pub set: Rc<KeySet>,
    /// What is made of each.
    pub shares: Box<[Share]>,
    members: BTreeSet<StreamId>,
    /// The member whose request was made last for all.
    last: Option<StreamId>,
}

impl Group {
    /// Without a stream.
    pub fn new(common: Common, set: Rc<KeySet>, shares: Box<[Share]>) -> Self {
        Self { common, set, shares, members: BTreeSet::new(), last: None }
    }

    /// A stream belongs to it.
    pub fn join(&mut self, stream: StreamId) {
        self.members.insert(stream);
    }

    /// A stream has left. True if it was the last.
    pub fn leave(&mut self, stream: StreamId) -> bool {
        self.members.remove(&stream);
        self.members.is_empty()
    }

    /// Its streams.
    pub fn members(&self) -> impl Iterator<Item = StreamId> {
        self.members.iter().copied()
    }

    /// The member whose request is made next for all: each that is open has its turn, but rather one that needn't wait.
    pub fn next_vehicle(
        &mut self,
        is_open: impl Fn(StreamId) -> bool,
        waits: impl Fn(StreamId) -> bool,
    ) -> Option<StreamId> {
        let begin = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.members.range((begin, Bound::Unbounded));
        let mut open =
            behind.chain(&self.members).copied().filter(|&stream| is_open(stream)).take(CANDIDATES);
        let first = open.next()?;
        let next = if waits(first) { open.find(|&stream| !waits(stream)).unwrap_or(first) } else { first };
        self.last = Some(next);
        Some(next)
    }
}
