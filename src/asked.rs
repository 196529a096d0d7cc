//! What `Sse\stream()` is asked for: its arguments, read and checked, and what its request says.

use std::time::Duration;

use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::ProcessGlobals;
use sse_core::event::EventName;
use sse_core::store::Location;
use sse_core::stream::request::{Profile, Replay, Retry, StreamRequest};

use crate::handoff::HandoffMode;
use crate::options::{self, Options};
use crate::php::exception::Failure;
use crate::php::{self, call, fpm};
use crate::settings;
use crate::stream::Plan;
use crate::stream::callbacks::Callbacks;

/// What `Sse\stream()` is asked for.
pub struct Asked<'a> {
    /// Keys and options.
    pub plan: Plan,
    /// The application's closures.
    pub callbacks: Callbacks<'a>,
    /// What the option `handoff` says.
    pub mode: HandoffMode,
    /// Where the events are.
    pub location: Location,
}

impl<'a> Asked<'a> {
    /// Reads the arguments, with the settings of this request where an option is left out.
    pub fn read(keys: &Zval, options: Option<&'a Zval>) -> Result<Self, Failure> {
        const KNOWN: [&str; 16] = [
            "eventName",
            "heartbeat",
            "poll",
            "fetch",
            "beforeSend",
            "shared",
            "collect",
            "onLoop",
            "lastEventId",
            "replay",
            "retry",
            "lifetime",
            "handoff",
            "connected",
            "follow",
            "dsn",
        ];
        let keys = options::keys(keys)?;
        let options = Options::new(options, &KNOWN)?;
        let profile = Profile {
            event_name: event_name(&options)?,
            heartbeat: options
                .seconds("heartbeat", settings::HEARTBEATS)?
                .map_or_else(settings::heartbeat, Ok)?,
            retry: options.retry("retry")?.map_or_else(settings::retry_range, Ok)?.into(),
        };
        let poll = options.seconds("poll", settings::POLLS)?.unwrap_or(Duration::from_secs(2));
        let request = StreamRequest {
            keys,
            replay: replay(&options)?,
            lifetime: options
                .seconds("lifetime", settings::LIFETIMES)?
                .map_or_else(settings::lifetime, Ok)?,
            connected: options.switch("connected")?.unwrap_or(true).then(time_of_day).transpose()?,
            last_event_id: match options.bytes("lastEventId")? {
                Some(text) => Some(text.to_vec()),
                None => last_event_id(),
            },
            profile,
        };
        let worker_streams = settings::worker_streams()?;
        let follow = options.switch("follow")?.unwrap_or(true);
        let plan = Plan { request, poll, worker_streams, follow };
        let callbacks = Callbacks {
            fetch: options.callable("fetch")?,
            before_send: options.callable("beforeSend")?,
            is_shared: options.switch("shared")?.unwrap_or(false),
            collect: options.callable("collect")?,
            on_loop: options.callable("onLoop")?,
        };
        Ok(Self { plan, callbacks, mode: handoff_mode(&options)?, location: options.location()? })
    }
}

/// `php -S` has one process unless told otherwise; a stream that stayed would stop the site.
pub fn spare_the_only_process(plan: &mut Plan) {
    if php::sapi_name() != "cli-server" || std::env::var_os("PHP_CLI_SERVER_WORKERS").is_some() {
        return;
    }
    plan.request.lifetime = Duration::from_secs(1);
    plan.request.profile.retry = Retry::new(500, 500);
    php::log(
        "php -S serves one request at a time, so this stream ends after a second and its client comes back; start it with PHP_CLI_SERVER_WORKERS=8 to keep streams open",
    );
}

fn event_name(options: &Options<'_>) -> Result<EventName, Failure> {
    let text = options.bytes("eventName")?.unwrap_or(b"message");
    EventName::new(text).map_err(|error| Failure::of("option \"eventName\"", &error))
}

/// What `connected` tells.
fn time_of_day() -> Result<String, Failure> {
    Ok(call("date", &[&"H:i:s"])?.and_then(|time| time.string()).unwrap_or_default())
}

fn handoff_mode(options: &Options<'_>) -> Result<HandoffMode, Failure> {
    match options.get("handoff").map(|value| (value, value.str())) {
        None | Some((_, Some("auto"))) => Ok(HandoffMode::Auto),
        Some((_, Some("never"))) => Ok(HandoffMode::Never),
        Some((_, Some("require"))) => Ok(HandoffMode::Require),
        Some((value, _)) => Err(options::wrong("handoff", value, "\"auto\", \"never\" or \"require\"")),
    }
}

fn replay(options: &Options<'_>) -> Result<Replay, Failure> {
    let Some(value) = options.get("replay") else { return Ok(Replay::Newest(1)) };
    match (value.str(), value.long().and_then(|count| u64::try_from(count).ok())) {
        (Some("last"), _) => Ok(Replay::Newest(1)),
        (Some("none"), _) => Ok(Replay::None),
        (Some("all"), _) => Ok(Replay::All),
        (None, Some(count)) => Ok(Replay::Newest(count)),
        _ => Err(options::wrong("replay", value, "\"last\", \"none\", \"all\" or a number of events from 0")),
    }
}

/// What the browser sends when it connects again; what a page was given, in the address.
fn last_event_id() -> Option<Vec<u8>> {
    let text = |table: Option<&ZendHashTable>, name: &str| {
        table?.get(name)?.dereference().binary_slice::<u8>().map(<[u8]>::to_vec)
    };
    let header = if fpm::is_fpm() {
        fpm::parameter(c"HTTP_LAST_EVENT_ID")
    } else {
        // With auto_globals_jit PHP makes $_SERVER only now. What a guard taken before that shows of
        // it may be the state before, so it is looked at through another one.
        let _ = ProcessGlobals::get().http_server_vars();
        text(ProcessGlobals::get().http_server_vars(), "HTTP_LAST_EVENT_ID")
    };
    header
        .filter(|text| !text.is_empty())
        .or_else(|| text(ProcessGlobals::get().http_get_vars(), "lastEventId"))
}
