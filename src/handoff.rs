//! The hand-over of a stream to the hub: the only module that knows of it.
//!
//! Always true:
//! - nothing of the response is sent before the hub has said that it is ready;
//! - from the hand-over on, what the script still writes goes to `/dev/null`: it neither reaches the
//!   client nor aborts the script;
//! - where there is no hub, the worker streams, and the reason is in `Sse\status()`; one that should
//!   not be is in the log, once.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sse_core::key::Printable;
use sse_core::own;
use sse_core::signal::{Choice, Waits};
use sse_core::store::{Location, Store};
use sse_hub::client::{Client, Declined, Offered};
use sse_hub::message::{Build, MAX_CURSOR, Offer, Reason, Status};
use sse_hub::place::{Place, Wanted};
use sse_hub::reactor;
use sse_hub::start::{self, Program, Software};

use crate::callbacks::Callbacks;
use crate::exception::Failure;
use crate::fpm::{self, Connection};
use crate::php::{self, call};
use crate::plan::{Plan, StreamEnd};
use crate::response::{self, Response, Target};
use crate::settings;
use crate::stores;

/// A hub that a worker started ends after so long without a stream.
const IDLE_S: u64 = 60;
/// How long a worker keeps a stream that the hub should have: a moment's trouble must not cost a
/// worker for an hour.
pub const LONGEST_FOR_NOW: Duration = Duration::from_secs(10);

/// What the option `handoff` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To the hub if there is one.
    Auto,
    /// Not to the hub.
    Never,
    /// To the hub or nowhere.
    Require,
}

/// What came of it.
pub enum Course {
    /// The call is over.
    Ended(StreamEnd),
    /// The worker goes on, with the response as it is.
    Worker(Target),
    /// The worker goes on for a while: the hub may take the stream when its client comes back.
    WorkerForNow(Target),
}

thread_local! {
    /// The way to the hub; taken out while it is used, since PHP code may run meanwhile.
    static CLIENT: RefCell<Client> = RefCell::default();
}

/// What this process was loaded from, as it was when the module started.
static SOFTWARE: OnceLock<Option<Software>> = OnceLock::new();

/// To be called when the module starts, before the file can be replaced.
pub fn remember_software() {
    SOFTWARE.get_or_init(|| Software::loaded().ok());
}

/// To be called when a request begins: what the environment was before PHP code could change it.
pub fn remember_environment() {
    own::temporary();
    start::remember_environment();
}

/// Hands the stream to the hub if it can be.
pub fn attempt(
    plan: &Plan,
    response: Response,
    store: &Arc<dyn Store>,
    location: &Location,
    callbacks: &Callbacks<'_>,
    wish: Wish,
) -> Result<Course, Failure> {
    if let Some(why) = unwanted(plan, wish)? {
        return stays(&why, response, wish);
    }
    let connection = match possible(callbacks)? {
        Ok(connection) => connection,
        Err(why) => {
            if wish == Wish::Auto {
                php::log_once(&format!(
                    "streams that can't go to the hub hold a PHP worker each: {why}; they leave a worker for pages, and where none is free their clients come back later"
                ));
            }
            return stays(&why, response, wish);
        }
    };
    let wanted = match fpm::can_replace_by_null().and_then(|()| wanted(location)) {
        Ok(wanted) => wanted,
        Err(why) => {
            let declined = Declined { reason: None, is_slow: false, why };
            return declined_course(declined, response, (store, location), plan, wish);
        }
    };
    let offer = offer(plan, location, &wanted.build)?;
    let mut client = CLIENT.take();
    let course = match client.offer(&wanted, program, offer) {
        Ok(offered) => go(offered, &connection, response),
        Err(declined) => declined_course(declined, response, (store, location), plan, wish),
    };
    CLIENT.set(client);
    course
}

/// Says what keeps a stream from the hub that has to go there, as far as that is known without the hub.
pub fn check(plan: &Plan, callbacks: &Callbacks<'_>, wish: Wish) -> Result<(), Failure> {
    let why = match unwanted(plan, wish)? {
        Some(why) => Some(why),
        None => possible(callbacks)?.err().or_else(|| fpm::can_replace_by_null().err()),
    };
    match why {
        Some(why) if wish == Wish::Require => Err(required(&why)),
        _ => Ok(()),
    }
}

/// The hub is ready: the headers, then the connection.
fn go(offered: Offered<'_>, connection: &Connection, response: Response) -> Result<Course, Failure> {
    let open = response.open()?;
    // The headers are still in the server's buffer.
    php::flush_to_client()?;
    if php::connection_status() != 0 {
        return Ok(Course::Ended(StreamEnd::ClientLeft));
    }
    let replaced = connection.replace_by_null();
    match replaced.and_then(|kept| kept.hand_to(offered)) {
        Ok(()) => {
            open.hand_over();
            Ok(Course::Ended(StreamEnd::HandedOff))
        }
        Err(error) => {
            php::log_once(&format!(
                "the hub left just before the hand-over ({error}); the worker streams instead"
            ));
            Ok(Course::WorkerForNow(Target::Open(open)))
        }
    }
}

fn declined_course(
    declined: Declined,
    response: Response,
    (store, location): (&Arc<dyn Store>, &Location),
    plan: &Plan,
    wish: Wish,
) -> Result<Course, Failure> {
    let Declined { reason, is_slow, mut why } = declined;
    if reason.is_none() {
        why = in_chroot(why);
    }
    let put_off = |response: Response, end, comment| {
        php::log_once(&why);
        response.open()?.put_off(comment)?;
        Ok(Course::Ended(end))
    };
    match reason {
        Some(Reason::Full) => return put_off(response, StreamEnd::Full, "no place is free, come back later"),
        // The worker would only wait for it in the hub's place.
        Some(Reason::Busy) => {
            return put_off(response, StreamEnd::Failed, "the store is locked, come back later");
        }
        Some(Reason::Store) if plan.request.has_been_served() => {
            return put_off(response, StreamEnd::Failed, "the store can't be had, come back later");
        }
        // A store that can't be read is an exception, as in the worker.
        Some(Reason::Store) => {
            if let Some(why) = stores::recent_outage(location) {
                return Err(Failure::Store(why));
            }
            store.epoch().map_err(|error| {
                stores::remember_outage(location, &error);
                Failure::of("", &error)
            })?;
        }
        Some(Reason::Ending | Reason::Malformed) | None => {}
    }
    if wish == Wish::Require {
        return Err(required(&why));
    }
    // Its server may be what it waits for, and then the worker would wait too.
    if is_slow && matches!(store.waits(), Waits::Redis { .. }) {
        return put_off(response, StreamEnd::Failed, "the hub is slow, come back later");
    }
    php::log_once(&format!("no hub takes the stream: {why}; the worker streams instead"));
    Ok(Course::WorkerForNow(Target::Response(response)))
}

fn required(why: &str) -> Failure {
    Failure::Stream(format!(
        "the option \"handoff\" is \"require\", and the hub can't take this stream: {why}"
    ))
}

/// The worker streams, and nothing is to be said about it; or that is an error.
fn stays(why: &str, response: Response, wish: Wish) -> Result<Course, Failure> {
    match wish {
        Wish::Require => Err(required(why)),
        Wish::Auto | Wish::Never => Ok(Course::Worker(Target::Response(response))),
    }
}

/// Why this stream is not meant to go to the hub, or has none to go to.
fn unwanted(plan: &Plan, wish: Wish) -> Result<Option<String>, Failure> {
    match wish {
        _ if !plan.follow => Ok(Some("the option \"follow\" is false, so the stream ends at once".into())),
        Wish::Never => Ok(Some("the option \"handoff\" is \"never\"".into())),
        Wish::Auto | Wish::Require => why_never(),
    }
}

/// The client's connection, or why a stream that could go to the hub stays in its worker.
fn possible(callbacks: &Callbacks<'_>) -> Result<Result<Connection, String>, Failure> {
    if callbacks.see_events() || callbacks.on_loop.is_some() {
        return Ok(Err("fetch, beforeSend and onLoop are PHP code, which only a worker can run".into()));
    }
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

/// Why there is no hub, with what a chroot has to do with it.
fn in_chroot(why: String) -> String {
    if !software().is_ok_and(Software::is_in_chroot) {
        return why;
    }
    format!(
        "{why} (this PHP runs in a chroot: php of the command line, its libraries, the extension and /dev/null would have to be in there too; take chroot out of the pool's configuration, or set sse.hub to off)"
    )
}

/// What `Sse\status()` says: why streams stay in the worker, if they do, and how the hub is.
pub fn status(location: &Location) -> Result<(Option<String>, Option<Status>), Failure> {
    let why_never = match why_never()? {
        None => fpm::can_replace_by_null().err().map(in_chroot),
        why => why,
    };
    if !settings::hub()? {
        return Ok((why_never, None));
    }
    // None runs: the next stream starts it, unless that has just failed.
    Ok(match ask(location) {
        Ok(status) => (why_never, Some(status)),
        Err(why) => (why_never.or(why.map(in_chroot)), None),
    })
}

/// How the hub is that streams of this store would go to; why there is none, if that is known.
fn ask(location: &Location) -> Result<Status, Option<String>> {
    let wanted = wanted(location)?;
    let place = Place::look(&wanted).map_err(|error| error.to_string())?.ok_or(None)?;
    let mut client = CLIENT.take();
    let answer = client.status(&wanted, &place);
    CLIENT.set(client);
    answer.map_err(|_| start::last_failure(&place))
}

/// Runs the hub in this process, until it ends.
pub fn serve(idle: Option<Duration>) -> Result<(), Failure> {
    if php::sapi_name() != "cli" {
        return Err(Failure::Stream("the hub runs on the command line only: php -r 'Sse\\hub();'".into()));
    }
    let software = software().map_err(Failure::Stream)?;
    let wanted = wanted(&settings::location()?).map_err(Failure::Stream)?;
    let place = Place::find(&wanted).map_err(|error| Failure::Stream(error.to_string()))?;
    let settings = reactor::Settings {
        place,
        software: software.clone(),
        max_streams: settings::max_streams()?,
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
    Ok(Offer { from: build.clone(), store: location.dsn(), signal: choice.to_string(), request })
}

fn software() -> Result<&'static Software, String> {
    let software = SOFTWARE.get_or_init(|| Software::loaded().ok());
    software.as_ref().ok_or_else(|| "the file that this extension was loaded from can't be found".into())
}

/// The hub that streams of this store go to.
fn wanted(location: &Location) -> Result<Wanted, String> {
    // The server that a hub would wait for when it reads this store; streams of another are in another
    // hub.
    let server = match location {
        Location::Directory(_) | Location::Sqlite(_) => "",
        Location::Redis(location) => location.dsn(),
    };
    Ok(Wanted {
        socket: settings::hub_socket().map_err(text)?,
        log: settings::hub_log().map_err(text)?,
        build: software()?.build.clone(),
        server: server.into(),
    })
}

fn text(failure: Failure) -> String {
    match failure {
        Failure::Argument(text) => text,
        _ => "the settings can't be read".into(),
    }
}

/// How the hub is started there.
fn program(place: &Place) -> Result<Program, String> {
    let software = software()?;
    let mut command: Vec<OsString> = vec![php_program()?.into(), "-n".into()];
    let others = settings::for_hub().map_err(text)?;
    let others = others.iter().map(|(name, value)| (*name, value.as_ref()));
    let paths = [
        ("extension", software.path.as_os_str()),
        ("sse.hub_socket", place.socket.as_os_str()),
        ("sse.hub_log", place.log.as_os_str()),
    ];
    for (name, value) in paths.into_iter().chain(others) {
        command.extend(["-d".into(), setting(name, value)?]);
    }
    command.extend(["-r".into(), format!("exit(Sse\\hub(['idle' => {IDLE_S}]));").into()]);
    Ok(Program { command })
}

/// A setting for the command line. PHP reads it as a line of an ini file, in which a value could go on with
/// settings of its own; within single quotes nothing but their end means anything.
fn setting(name: &str, value: &OsStr) -> Result<OsString, String> {
    if value.as_encoded_bytes().iter().any(|&byte| byte == b'\'' || byte.is_ascii_control()) {
        return Err(format!(
            "{name} is \"{}\", and no hub can be started with a quote or a control character in it; choose another path",
            Printable(value.as_encoded_bytes())
        ));
    }
    let mut setting = OsString::from(format!("{name}='"));
    setting.push(value);
    setting.push("'");
    Ok(setting)
}

/// The PHP of the command line that belongs to this one.
fn php_program() -> Result<PathBuf, String> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    let constant = |name: &str| call("constant", &[&name]).ok().flatten();
    let directory = || constant("PHP_BINDIR").and_then(|value| value.string()).unwrap_or_default();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let number = |name| constant(name).and_then(|value| value.long()).unwrap_or_default();
    let version = format!("php{}.{}", number("PHP_MAJOR_VERSION"), number("PHP_MINOR_VERSION"));
    let found = [version.as_str(), "php"]
        .iter()
        .map(|name| Path::new(&directory()).join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            format!(
                "there is no php of the command line in {}, which would run the hub; install it",
                directory()
            )
        })?;
    Ok(FOUND.get_or_init(|| found).clone())
}
