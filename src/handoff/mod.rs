//! The hand-over of a stream to the hub: the only module that knows of it.
//!
//! Always true:
//! - nothing of the response is sent before the hub has said that it is ready;
//! - from the hand-over on, what the script still writes goes to `/dev/null`: it neither reaches the
//!   client nor aborts the script;
//! - where there is no hub, the worker streams, and the reason is in `Sse\status()`; one that should
//!   not be is in the log, once.

mod program;
mod recall;
mod status;

pub use self::program::{remember_environment, remember_software};
pub use self::recall::{Later, begin_request, is_recall, serve_recall};
pub use self::status::{fields, status};

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sse_core::signal::{Choice, Waits};
use sse_core::store::{Location, Store};
use sse_core::stream::voice;
use sse_hub::meeting::address::Address;
use sse_hub::reactor;
use sse_hub::wire::message::{Build, Go, MAX_CURSOR, Offer, Reason};
use sse_hub::worker::client::{Declined, HubClient, Offered};

use self::program::{program, software, wanted};
use crate::php::exception::Failure;
use crate::php::fpm::{self, Connection};
use crate::php::{self, output};
use crate::settings;
use crate::stores;
use crate::stream::callbacks::Callbacks;
use crate::stream::response::{self, Response, Target};
use crate::stream::{Plan, StreamEnd};

/// What the option `handoff` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoffMode {
    /// To the hub if there is one.
    Auto,
    /// Not to the hub.
    Never,
    /// To the hub or nowhere.
    Require,
}

/// Who serves a stream.
pub enum Served {
    /// The call is over.
    Ended(StreamEnd),
    /// The worker goes on, with the response as it is.
    ByWorker(Target),
    /// The worker goes on until its closures have had their turn, and hands over then.
    ByWorkerFirst(Target, Box<Later>),
    /// The worker goes on for a while: the hub may take the stream when its client comes back.
    ByWorkerForNow(Target),
}

thread_local! {
    /// The way to the hub; taken out while it is used, since PHP code may run meanwhile.
    static CLIENT: RefCell<HubClient> = RefCell::default();
}

/// Hands the stream to the hub if it can be.
pub fn attempt(
    plan: &Plan,
    response: Response,
    store: &Arc<dyn Store>,
    location: &Location,
    callbacks: &Callbacks<'_>,
    mode: HandoffMode,
) -> Result<Served, Failure> {
    if let Some(why) = unwanted(plan, mode)? {
        return stays(&why, response, mode);
    }
    let connection = match possible()? {
        Ok(connection) => connection,
        Err(why) => return stays_and_tells(&why, response, mode),
    };
    let wanted = match fpm::can_replace_by_null().and_then(|()| wanted(location)) {
        Ok(wanted) => wanted,
        Err(why) => {
            let declined = Declined { reason: None, is_slow: false, why };
            return without_hub(declined, response, (store, location), plan, mode);
        }
    };
    let offer = offer(plan, location, &wanted.build)?;
    if callbacks.are_there() {
        return match Later::new(plan, callbacks, connection, wanted, offer)? {
            Ok(later) => Ok(Served::ByWorkerFirst(Target::Response(response), Box::new(later))),
            Err(why) => stays_and_tells(&why, response, mode),
        };
    }
    let mut client = CLIENT.take();
    let served = match client.offer(&wanted, program, offer) {
        Ok(offered) => go(offered, &connection, response),
        Err(declined) => without_hub(declined, response, (store, location), plan, mode),
    };
    CLIENT.set(client);
    served
}

/// Says what keeps a stream from the hub that has to go there, as far as that is known without the hub.
pub fn check(plan: &Plan, mode: HandoffMode) -> Result<(), Failure> {
    let why = match unwanted(plan, mode)? {
        Some(why) => Some(why),
        None => possible()?.err().or_else(|| fpm::can_replace_by_null().err()),
    };
    match why {
        Some(why) if mode == HandoffMode::Require => Err(required(&why)),
        _ => Ok(()),
    }
}

/// The hub is ready: the headers, then the connection.
fn go(offered: Offered<'_>, connection: &Connection, response: Response) -> Result<Served, Failure> {
    let open = response.open()?;
    // The headers are still in the server's buffer.
    output::flush_to_client()?;
    if output::connection_status() != 0 {
        return Ok(Served::Ended(StreamEnd::ClientLeft));
    }
    match hand_over(connection, offered) {
        Ok(()) => {
            open.hand_over();
            Ok(Served::Ended(StreamEnd::HandedOff))
        }
        Err(error) => {
            php::log_once(&format!(
                "the hub left just before the hand-over ({error}); the worker streams instead"
            ));
            Ok(Served::ByWorkerForNow(Target::Open(open)))
        }
    }
}

/// Gives the client's connection to the hub; where that fails, it is back in its place.
fn hand_over(connection: &Connection, offered: Offered<'_>) -> io::Result<()> {
    let kept = connection.replace_by_null()?;
    let go = Go {
        request: connection.request(),
        at_record: connection.is_at_record(),
        // Apache always sends this one, if only with nothing in it.
        may_follow_end: fpm::parameter(c"SERVER_SIGNATURE").is_none(),
    };
    match offered.go(go, kept.client()) {
        Ok(()) => Ok(()),
        Err(error) => {
            kept.put_back()?;
            Err(error)
        }
    }
}

/// What is left to do with a stream that no hub takes.
enum Instead {
    /// Its client comes back later, for this reason.
    PutOff(StreamEnd, &'static str),
    /// The application is told.
    Fail(Failure),
    /// The worker streams, for a while.
    Work,
}

/// Does something else with a stream that no hub takes.
fn without_hub(
    mut declined: Declined,
    response: Response,
    (store, location): (&Arc<dyn Store>, &Location),
    plan: &Plan,
    mode: HandoffMode,
) -> Result<Served, Failure> {
    if declined.reason.is_none() {
        declined.why = program::in_chroot(declined.why);
    }
    match instead(&declined, (store, location), plan, mode) {
        Instead::Fail(failure) => Err(failure),
        Instead::PutOff(end, why) => {
            php::log_once(&declined.why);
            response.open()?.put_off(why)?;
            Ok(Served::Ended(end))
        }
        Instead::Work => {
            php::log_once(&format!("no hub takes the stream: {}; the worker streams instead", declined.why));
            Ok(Served::ByWorkerForNow(Target::Response(response)))
        }
    }
}

fn instead(
    declined: &Declined,
    (store, location): (&Arc<dyn Store>, &Location),
    plan: &Plan,
    mode: HandoffMode,
) -> Instead {
    match declined.reason {
        Some(Reason::Full) => return Instead::PutOff(StreamEnd::Full, voice::NO_PLACE),
        // The worker would only wait for it in the hub's place.
        Some(Reason::Busy) => {
            return Instead::PutOff(StreamEnd::Failed, voice::STORE_LOCKED);
        }
        Some(Reason::Store) if plan.request.has_been_served() => {
            return Instead::PutOff(StreamEnd::Failed, voice::STORE_AWAY);
        }
        // A store that can't be read is an exception, as in the worker.
        Some(Reason::Store) => {
            if let Some(failure) = failure_of(store, location) {
                return Instead::Fail(failure);
            }
        }
        Some(Reason::Ending | Reason::Unreachable | Reason::Malformed) | None => {}
    }
    if mode == HandoffMode::Require {
        return Instead::Fail(required(&declined.why));
    }
    // Its server may be what it waits for, and then the worker would wait too.
    if declined.is_slow && matches!(store.waits(), Waits::Redis { .. }) {
        return Instead::PutOff(StreamEnd::Failed, voice::HUB_SLOW);
    }
    Instead::Work
}

/// What this process finds wrong with a store, if it finds anything.
fn failure_of(store: &Arc<dyn Store>, location: &Location) -> Option<Failure> {
    if let Some(why) = stores::recent_outage(location) {
        return Some(Failure::Store(why));
    }
    let error = store.epoch().err()?;
    stores::remember_outage(location, &error);
    Some(Failure::of("", &error))
}

fn required(why: &str) -> Failure {
    Failure::Stream(format!(
        "the option \"handoff\" is \"require\", and the hub can't take this stream: {why}"
    ))
}

/// The worker streams, and nothing is to be said about it; or that is an error.
fn stays(why: &str, response: Response, mode: HandoffMode) -> Result<Served, Failure> {
    match mode {
        HandoffMode::Require => Err(required(why)),
        HandoffMode::Auto | HandoffMode::Never => Ok(Served::ByWorker(Target::Response(response))),
    }
}

/// The same, and the log says once what that costs.
fn stays_and_tells(why: &str, response: Response, mode: HandoffMode) -> Result<Served, Failure> {
    if mode == HandoffMode::Auto {
        php::log_once(&format!(
            "streams that can't go to the hub hold a PHP worker each: {why}; they leave a worker for pages, and where none is free their clients come back later"
        ));
    }
    stays(why, response, mode)
}

/// Why this stream is not meant to go to the hub, or has none to go to.
fn unwanted(plan: &Plan, mode: HandoffMode) -> Result<Option<String>, Failure> {
    match mode {
        _ if !plan.follow => Ok(Some("the option \"follow\" is false, so the stream ends at once".into())),
        HandoffMode::Never => Ok(Some("the option \"handoff\" is \"never\"".into())),
        HandoffMode::Auto | HandoffMode::Require => why_never(),
    }
}

/// The client's connection, or why a stream that could go to the hub stays in its worker.
fn possible() -> Result<Result<Connection, String>, Failure> {
    if response::has_lasting_buffer()? {
        return Ok(Err("an output buffer that can't be ended stands between PHP and the client".into()));
    }
    Ok(Connection::find().ok_or_else(|| {
        "the connection to the web server was closed, or is not where this PHP-FPM should keep it".into()
    }))
}

/// Why no stream of this process can be handed over.
fn why_never() -> Result<Option<String>, Failure> {
    if !settings::hub()? {
        return Ok(Some("sse.hub is off".into()));
    }
    if !fpm::is_fpm() {
        return Ok(Some("only under PHP-FPM can a connection be handed over".into()));
    }
    Ok(None)
}

/// Runs the hub in this process, until it ends.
pub fn serve(idle: Option<Duration>) -> Result<(), Failure> {
    if php::sapi_name() != "cli" {
        return Err(Failure::Stream("the hub runs on the command line only: php -r 'Sse\\hub();'".into()));
    }
    let software = software().map_err(Failure::Stream)?;
    let wanted = wanted(&settings::location()?).map_err(Failure::Stream)?;
    let address = Address::find(&wanted).map_err(|error| Failure::Stream(error.to_string()))?;
    let settings = reactor::HubSettings {
        address,
        software: software.clone(),
        max_streams: settings::max_streams()?,
        recalls: reactor::RecallLimits {
            concurrency: settings::recall_concurrency()?,
            interval: settings::recall_interval()?,
        },
        drain: settings::drain()?,
        idle,
    };
    reactor::run(settings).map_err(Failure::Stream)
}

fn offer(plan: &Plan, location: &Location, build: &Build) -> Result<Offer, Failure> {
    let mut request = plan.request.clone();
    // A longer one is none of ours.
    request.last_event_id = request.last_event_id.filter(|client| client.len() <= MAX_CURSOR);
    let choice: Choice = settings::signal_choice()?;
    Ok(Offer {
        from: build.clone(),
        store: location.dsn(),
        signal: choice.to_string(),
        request,
        recall: None,
    })
}
