//! What PHP is asked for again, of whom, and by which streams' requests.
//!
//! ```text
//! Recalls ──► Pool    one PHP-FPM: who waits, what is under way
//!        ├──► Group   streams that are asked for alike; its shares are what was made for all of them
//!        ├──► Call    one request, by its token
//!        └──► Bases   what requests have in common
//! ```
//! A stream has its own part, [`Recall`]: its request, and what waits to be written.
//!
//! Always true: a token is one call's, and nobody can guess it.

mod group;
mod parameters;
mod pool;
mod recall;
mod share;
mod turn;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sse_core::stream::outage::Pauses;
use sse_core::stream::request::Profile;

pub use self::group::{Common, Group};
use self::parameters::Bases;
pub use self::parameters::Parameters;
pub use self::pool::Pool;
pub use self::recall::Recall;
pub use self::share::{Behind, Made, Share};
pub use self::turn::Turn;
use super::ids::{CallId, GroupId, OfCall, OfGroup, OfPool, PoolId, StreamId};
use super::notes::{Lost, Notes};
use super::slots::Slots;
use super::streams::{KeySet, Timers};
use crate::wire::message::{Due, Recallable};

/// Pauses before PHP is asked again for one stream, or for one key, that it has failed at.
pub const PAUSES: Pauses = Pauses { shortest: Duration::from_millis(500), longest: Duration::from_secs(10) };

/// What PHP is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// What one stream lacks.
    Stream(StreamId),
    /// What all streams of a group lack of its key with this index.
    Key(GroupId, usize),
}

/// How recalls are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecallLimits {
    /// Requests under way at one PHP-FPM.
    pub concurrency: usize,
    /// The shortest pause between two calls of a stream's `onLoop`.
    pub interval: Duration,
}

/// A request to PHP-FPM that is under way.
#[derive(Debug)]
pub struct Call {
    /// What it is for.
    pub matter: Matter,
    /// Since when that is due.
    pub since: Instant,
    /// The stream whose request is made, which may be gone by now.
    pub vehicle: StreamId,
    /// The PHP-FPM.
    pub pool: PoolId,
    /// What the worker that gets it knows it by.
    pub token: String,
    /// What is to be done.
    pub due: Due,
    /// The session of the vehicle's request.
    pub session: Option<u64>,
}

/// Who is asked for what.
pub struct Recalls {
    limits: RecallLimits,
    pools: Slots<OfPool, Pool>,
    by_address: HashMap<Rc<str>, PoolId>,
    groups: Slots<OfGroup, Group>,
    by_common: HashMap<Common, GroupId>,
    calls: Slots<OfCall, Call>,
    by_token: HashMap<String, CallId>,
    bases: Bases,
    timers: Timers<Matter>,
    answered: u64,
}

impl Recalls {
    /// Nobody is asked for.
    pub fn new(limits: RecallLimits, notes: &Notes, now: Instant) -> Self {
        Self {
            limits,
            pools: Slots::new(notes),
            by_address: HashMap::new(),
            groups: Slots::new(notes),
            by_common: HashMap::new(),
            calls: Slots::new(notes),
            by_token: HashMap::new(),
            bases: Bases::default(),
            timers: Timers::new(now),
            answered: 0,
        }
    }

    /// The PHP-FPM that listens there.
    pub fn pool_at(&mut self, address: &str) -> PoolId {
        if let Some(pool) = self.by_address.get(address) {
            return *pool;
        }
        let address: Rc<str> = address.into();
        let pool = self.pools.insert(Pool::new(Rc::clone(&address)));
        self.by_address.insert(address, pool);
        pool
    }

    /// A PHP-FPM; none is ever forgotten.
    ///
    /// # Errors
    /// [`Lost`] if it isn't there; that is noted.
    #[track_caller]
    pub fn pool(&mut self, id: PoolId) -> Result<&mut Pool, Lost> {
        self.pools.known_mut(id)
    }

    /// All of them.
    pub fn pools(&self) -> impl Iterator<Item = (PoolId, &Pool)> {
        self.pools.iter()
    }

    /// The group of a stream that is asked for so. If it is a new one, `share` begins what is made of each key.
    pub fn group_of(
        &mut self,
        pool: PoolId,
        (set, profile): (&Rc<KeySet>, &Profile),
        recallable: &Recallable,
        now: Instant,
        share: impl Fn(usize, Option<Instant>) -> Result<Share, Lost>,
    ) -> Result<GroupId, Lost> {
        let common = Common::new(pool, set, profile, recallable, self.limits.interval);
        if let Some(group) = self.by_common.get(&common) {
            return Ok(*group);
        }
        let collects = common.next_collect(now);
        let shares: Box<[Share]> =
            (0..set.keys.len()).map(|index| share(index, collects)).collect::<Result<_, _>>()?;
        let count = shares.len();
        let group = self.groups.insert(Group::new(common.clone(), Rc::clone(set), shares));
        self.by_common.insert(common, group);
        if let Some(due) = collects {
            (0..count).for_each(|index| self.timers.set(due, Matter::Key(group, index)));
        }
        Ok(group)
    }

    /// Keeps what a stream's request is made of.
    pub fn keep(&mut self, parameters: &[u8]) -> Parameters {
        self.bases.keep(parameters)
    }

    /// A group that may be gone.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(id)
    }

    /// A group that may be gone.
    pub fn group_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(id)
    }

    /// A stream has left its group.
    pub fn leave(&mut self, group: GroupId, stream: StreamId) {
        if self.groups.known_mut(group).is_ok_and(|group| group.leave(stream))
            && let Ok(group) = self.groups.remove(group)
        {
            self.by_common.remove(&group.common);
        }
    }

    /// What is made for all of a group's key, which may be gone.
    pub fn share_mut(&mut self, group: GroupId, index: usize) -> Option<&mut Share> {
        self.groups.get_mut(group)?.shares.get_mut(index)
    }

    /// It is to be looked at then.
    pub fn remind(&mut self, matter: Matter, due: Instant) {
        self.timers.set(due, matter);
    }

    /// What is to be looked at; it may be gone.
    pub fn take_due(&mut self, now: Instant) -> Vec<Matter> {
        self.timers.take_due(now)
    }

    /// When time alone has something to do.
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        let rooms = self.pools.iter().filter_map(|(_, pool)| pool.next_room(now));
        rooms.chain(self.timers.next()).min()
    }

    /// Whether one more may be asked of a PHP-FPM.
    pub fn has_room(&self, pool: PoolId, now: Instant) -> bool {
        self.pools.get(pool).is_some_and(|pool| pool.has_room(self.limits.concurrency, now))
    }

    /// The sessions of requests that are under way: PHP would have another one wait, and with it a worker.
    pub fn busy_sessions(&self) -> Vec<u64> {
        self.calls.iter().filter_map(|(_, call)| call.session).collect()
    }

    /// A request begins. Answers its id.
    pub fn begin(&mut self, call: Call, now: Instant) -> CallId {
        let (token, pool) = (call.token.clone(), call.pool);
        let id = self.calls.insert(call);
        self.by_token.insert(token, id);
        if let Ok(pool) = self.pools.known_mut(pool) {
            pool.begin(id, now);
        }
        id
    }

    /// The request with this token, if it is under way.
    pub fn of_token(&self, token: &str) -> Option<&Call> {
        self.by_token.get(token).and_then(|&id| self.calls.get(id))
    }

    /// A request is over.
    ///
    /// # Errors
    /// [`Lost`] if it isn't there; that is noted.
    pub fn end(&mut self, id: CallId) -> Result<Call, Lost> {
        let call = self.calls.remove(id)?;
        self.by_token.remove(&call.token);
        if let Ok(pool) = self.pools.known_mut(call.pool) {
            pool.end(id);
        }
        if let Some(session) = call.session {
            self.pools.values_mut().for_each(|pool| pool.unpark(session));
        }
        self.answered += 1;
        Ok(call)
    }

    /// How many were answered.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.pools.iter().map(|(_, pool)| pool.waiting()).sum()
    }

    /// How long the first has waited.
    pub fn oldest(&self, now: Instant) -> Duration {
        self.pools.iter().filter_map(|(_, pool)| pool.oldest(now)).max().unwrap_or_default()
    }

    /// What the log is to be told of who can't keep up.
    pub fn lateness(&mut self, now: Instant) -> Vec<Result<String, String>> {
        self.pools.values_mut().filter_map(|pool| pool.lateness(now)).collect()
    }
}

/// 128 bits from the system, as text; `None` if it has none to give.
pub fn draw_token() -> Option<String> {
    let mut bytes = [0_u8; 16];
    let count = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).ok()?;
    (count == bytes.len()).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
