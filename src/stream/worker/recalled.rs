//! A stream that the hub holds, for which it asks PHP again: what is pending goes through the closures and to
//! the hub, with the cursor behind it.
//!
//! Always true: the client is greeted by nobody here, since it was before; and what says where it stands comes
//! last, so that a recall which is cut is one that delivered as far as its frames say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sse_core::signal::Changes;
use sse_core::store::{Location, Store};

use super::begin::{NoFeed, open_feed};
use super::deliver::{Batch, Pending};
use super::{OpenFeed, Stop, TimeLimit};
use crate::php::exception::Failure;
use crate::php::{self, Halt};
use crate::stores::LentSignal;
use crate::stream::callbacks::Callbacks;
use crate::stream::response::{Open, Target};
use crate::stream::{Plan, StreamEnd};

/// Time after which a recall ends though more is pending: the next goes on, and others have their turn before.
const LONGEST: Duration = Duration::from_secs(2);
/// Bytes after which it ends so.
const LARGEST: usize = 256 << 10;

/// What a recall is for.
pub struct Errand<'a> {
    /// Whether frames are to be made of what is behind the request's cursor.
    pub frames: bool,
    /// Whether `onLoop` is to run.
    pub on_loop: bool,
    /// Whether `collect` is to run.
    pub collect: bool,
    /// What the answer ends with, for the cursor behind all that was delivered.
    pub trailer: &'a dyn Fn(&str) -> String,
}

/// Does what a recall is for, and ends with its trailer.
pub fn recalled(
    plan: &Plan,
    target: Target,
    (store, location): (&Arc<dyn Store>, &Location),
    mut signal: LentSignal,
    callbacks: &Callbacks<'_>,
    errand: &Errand<'_>,
) -> Result<StreamEnd, Failure> {
    let Some(waker) = signal.signal() else { return Err(Failure::Stream("no signal can be opened".into())) };
    let feed = open_feed(plan, store, location, waker, None).map_err(|why| match why {
        // An error page for the hub, which asks again.
        NoFeed::ForNow(why) => Failure::Store(why),
        NoFeed::Failed(failure) => failure,
    })?;
    let mut opened = OpenFeed { process: std::process::id(), feed: Some(feed), signal };
    let Some(feed) = &opened.feed else { return Ok(StreamEnd::Failed) };
    let mut pending = Pending::behind_greeting(&plan.request, callbacks, &**store, location, feed);
    let open = target.open()?;
    let unlimited = TimeLimit::lift()?;
    let end = deliver(&mut pending, &mut opened, &open, callbacks, errand);
    unlimited.restore();
    match end {
        Ok(Some(cursor)) => {
            open.send((errand.trailer)(&cursor).as_bytes())?;
            Ok(StreamEnd::Recalled)
        }
        Ok(None) => Ok(StreamEnd::ClientLeft),
        Err(Stop::Halt(halt)) => Err(halt.into()),
        Err(Stop::Store(error)) => {
            php::log(&format!("stream of {}: {error}; the hub asks again", plan.request.keys));
            Ok(StreamEnd::Failed)
        }
    }
}

/// The cursor behind what was delivered; `None` if the hub has left, or this is the child of a closure's fork.
fn deliver(
    pending: &mut Pending<'_>,
    opened: &mut OpenFeed,
    open: &Open,
    callbacks: &Callbacks<'_>,
    errand: &Errand<'_>,
) -> Result<Option<String>, Stop> {
    let OpenFeed { feed: Some(feed), signal, .. } = opened else { return Ok(None) };
    let Some(signal) = signal.signal() else { return Ok(None) };
    let began = Instant::now();
    let mut sent = 0;
    // What the closures push is among what is pending then.
    if errand.collect {
        callbacks.collect(pending.keys())?;
    }
    if errand.on_loop {
        callbacks.on_loop()?;
    }
    if errand.collect || errand.on_loop {
        feed.wake(&Changes::All);
    }
    while errand.frames && !pending.is_forked() {
        let batch = pending.deliver(feed, signal);
        if pending.is_forked() {
            return batch.map(|_| None);
        }
        sent += pending.out().len();
        let is_there = flush(pending, open)?;
        if !is_there {
            return batch.map(|_| None);
        }
        if batch? == Batch::Last || began.elapsed() >= LONGEST || sent >= LARGEST {
            break;
        }
    }
    Ok((!pending.is_forked()).then(|| feed.cursor()))
}

fn flush(pending: &mut Pending<'_>, open: &Open) -> Result<bool, Halt> {
    if pending.out().is_empty() {
        return Ok(true);
    }
    let is_there = open.send(pending.out())?;
    pending.clear();
    Ok(is_there)
}
