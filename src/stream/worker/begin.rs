//! A stream's beginning in a worker: what keeps it from its events, and for whom that is an error.
//!
//! Always true: nothing that passes is an error page for a client that comes back, since EventSource gives up
//! for good at one; and no lock or server is waited for while requests find no worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sse_core::Error;
use sse_core::feed::Feed;
use sse_core::signal::Signal;
use sse_core::store::{Location, Patience, Store};

use crate::php;
use crate::php::exception::Failure;
use crate::stores;
use crate::stream::Plan;
use crate::stream::room::Pressure;

/// Pause before a store that is locked is asked again.
pub const UNLOCKED: Duration = Duration::from_millis(10);

/// Why a stream doesn't begin.
pub enum NoFeed {
    /// Its client is to come back: the same may work then.
    ForNow(String),
    /// What the application is told.
    Failed(Failure),
}

/// Opens the feed. A lock that another process holds is waited for as a push would, but not while requests
/// find no worker.
pub fn open_feed(
    plan: &Plan,
    store: &Arc<dyn Store>,
    location: &Location,
    waker: &mut dyn Signal,
    mut pressure: Option<&mut Pressure>,
) -> Result<Feed, NoFeed> {
    spare_recent_outage(plan, location)?;
    let request = &plan.request;
    let began = Instant::now();
    loop {
        let (keys, client) = (request.keys.clone(), request.last_event_id.as_deref());
        let mut error = match Feed::open(Arc::clone(store), keys, client, request.replay, waker) {
            Ok(feed) => return Ok(feed),
            Err(error) => error,
        };
        if let Error::Locked { waited_ms, .. } = &mut error {
            let waited = began.elapsed();
            let is_wanted = pressure.as_mut().is_some_and(|pressure| pressure.is_felt(Instant::now()));
            if waited < Patience::Waits.longest() && !is_wanted {
                std::thread::sleep(UNLOCKED);
                continue;
            }
            *waited_ms = waited.as_millis();
        }
        return Err(no_feed(plan, location, &error));
    }
}

/// Whether a stream would begin, by a store that waits for locks as [`open_feed`] does: its keys are looked at,
/// and nothing is watched.
pub fn check(plan: &Plan, store: &dyn Store, location: &Location) -> Result<(), Failure> {
    let look = || {
        spare_recent_outage(plan, location)?;
        Feed::now(store, &plan.request.keys).map_err(|error| no_feed(plan, location, &error))
    };
    match look() {
        Ok(_) | Err(NoFeed::ForNow(_)) => Ok(()),
        Err(NoFeed::Failed(failure)) => Err(failure),
    }
}

/// Asks no server that could not be had a moment ago.
fn spare_recent_outage(plan: &Plan, location: &Location) -> Result<(), NoFeed> {
    match stores::recent_outage(location).filter(|_| !php::is_command_line()) {
        Some(why) if plan.request.has_been_served() => Err(NoFeed::ForNow(why)),
        Some(why) => Err(NoFeed::Failed(Failure::Store(format!("{}: {why}", plan.request.keys)))),
        None => Ok(()),
    }
}

/// For whom an error is one.
fn no_feed(plan: &Plan, location: &Location, error: &Error) -> NoFeed {
    stores::remember_outage(location, error);
    let is_locked = matches!(error, Error::Locked { .. });
    let passes =
        is_locked || (plan.request.has_been_served() && (error.is_passing() || error.is_of_server()));
    match !php::is_command_line() && passes {
        true => NoFeed::ForNow(error.to_string()),
        false => NoFeed::Failed(Failure::of(&plan.request.keys.to_string(), error)),
    }
}
