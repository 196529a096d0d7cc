//! Streams whose events only PHP can make: handed to the hub with what it takes to ask PHP again.
//!
//! ```text
//! first request: worker delivers what is there, hands over ──► hub
//! something is due: hub ──the same request, with a token──► PHP-FPM ──► Sse\stream() ──► what is this token for?
//!                   hub ◄──frames, and the cursor behind them──────────────┘
//! ```

use std::cell::RefCell;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access};
use rustix::net::{SocketAddrUnix, getsockname};
use sse_core::store::{Location, Store};
use sse_core::stream::voice;
use sse_hub::meeting::address::{Address, Requirements};
use sse_hub::wire::call;
use sse_hub::wire::message::{Due, MAX_CURSOR, Maker, Offer, Reason, Recallable};

use super::program::{program, wanted};
use super::{CLIENT, hand_over};
use crate::php::exception::Failure;
use crate::php::fpm::Connection;
use crate::php::{self, parameters};
use crate::stores::LentSignal;
use crate::stream::callbacks::Callbacks;
use crate::stream::response::{Response, Target};
use crate::stream::worker::{self, Errand, Relieved};
use crate::stream::{Plan, StreamEnd};

/// Bytes of a request's parameters that the hub keeps, at most.
const MAX_PARAMETERS: usize = 16 << 10;

thread_local! {
    /// The token of this request, if it is a recall.
    static TOKEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// To be called when a request begins: whether it is a recall.
pub fn begin_request() {
    TOKEN.set(parameters::take_recall().and_then(|token| String::from_utf8(token).ok()));
}

/// Whether this request is a recall.
pub fn is_recall() -> bool {
    TOKEN.with_borrow(Option::is_some)
}

/// Serves a recall: what the hub says is due goes through the closures, and to the hub.
pub fn serve_recall(
    mut plan: Plan,
    response: Response,
    (store, location): (&Arc<dyn Store>, &Location),
    signal: LentSignal,
    callbacks: &Callbacks<'_>,
) -> Result<StreamEnd, Failure> {
    let Some((token, due)) = due(location) else {
        // The hub has given it up meanwhile, or is another one by now: then it asks again.
        return answer_with(503);
    };
    if let Some(key) = due.key {
        if !key.iter().all(|key| plan.request.keys.contains(key)) {
            // This stream is of other keys by now.
            return answer_with(410);
        }
        plan.request.keys = key;
    }
    plan.request.last_event_id = Some(due.cursor.into_bytes());
    let errand = Errand {
        frames: due.frames,
        on_loop: due.on_loop,
        collect: due.collect,
        trailer: &|cursor| call::trailer(&token, cursor),
    };
    worker::recalled(&plan, Target::Response(response), (store, location), signal, callbacks, &errand)
}

/// What this recall is for, with its token.
fn due(location: &Location) -> Option<(String, Due)> {
    let token = TOKEN.with_borrow(Clone::clone)?;
    let wanted = wanted(location).ok()?;
    let place = Address::look(&wanted).ok()??;
    let mut client = CLIENT.take();
    let due = client.recall(&wanted, &place, &token);
    CLIENT.set(client);
    Some((token, due?))
}

/// What the hub understands by itself.
fn answer_with(status: i64) -> Result<StreamEnd, Failure> {
    php::call("http_response_code", &[&status])?;
    Ok(StreamEnd::Recalled)
}

/// A stream that can be handed over once its closures have had their turn.
pub struct Later {
    connection: Connection,
    wanted: Requirements,
    offer: Offer,
}

impl Later {
    /// Says why PHP can't be asked again for this stream, if it can't.
    pub fn new(
        plan: &Plan,
        callbacks: &Callbacks<'_>,
        connection: Connection,
        wanted: Requirements,
        offer: Offer,
    ) -> Result<Result<Self, String>, Failure> {
        let recall = match recallable(plan, callbacks, connection)? {
            Ok(recall) => recall,
            Err(why) => return Ok(Err(why)),
        };
        Ok(Ok(Self { connection, wanted, offer: Offer { recall: Some(recall), ..offer } }))
    }

    /// Hands the stream over: its client has all up to the cursor, and the stream this much time left.
    pub fn hand_over(&self, cursor: &str, left: Duration) -> Relieved {
        let mut offer = self.offer.clone();
        offer.request.last_event_id =
            Some(cursor.as_bytes().to_vec()).filter(|cursor| cursor.len() <= MAX_CURSOR);
        offer.request.lifetime = left;
        let mut client = CLIENT.take();
        let relieved = match client.offer(&self.wanted, program, offer) {
            Ok(offered) => match hand_over(&self.connection, offered) {
                Ok(()) => Relieved::Gone,
                Err(error) => Relieved::Not(format!("the hub left just before the hand-over ({error})")),
            },
            Err(declined) => match declined.reason {
                Some(Reason::Full) => Relieved::PutOff(StreamEnd::Full, voice::NO_PLACE),
                _ => Relieved::Not(declined.why),
            },
        };
        CLIENT.set(client);
        relieved
    }
}

/// What the hub has to know, or why it can't ask.
fn recallable(
    plan: &Plan,
    callbacks: &Callbacks<'_>,
    connection: Connection,
) -> Result<Result<Recallable, String>, Failure> {
    let Some(pairs) = parameters::all()? else {
        return Ok(Err("the request's parameters can't be had".into()));
    };
    let value =
        |name: &[u8]| pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_slice());
    if value(b"REQUEST_METHOD") != Some(b"GET") {
        return Ok(Err("only a GET request can be made again".into()));
    }
    if value(b"CONTENT_LENGTH").is_some_and(|length| !matches!(length, b"" | b"0")) {
        return Ok(Err("a request with a body can't be made again".into()));
    }
    let parameters = call::parameters(pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
    if parameters.len() > MAX_PARAMETERS {
        return Ok(Err(format!(
            "the request's parameters have {} bytes, and the hub keeps at most {MAX_PARAMETERS}; send less cookies or headers",
            parameters.len()
        )));
    }
    // What the query says must not matter to what is shared.
    let path =
        value(b"REQUEST_URI").unwrap_or_default().split(|&byte| byte == b'?').next().unwrap_or_default();
    let host = value(b"HTTP_HOST").unwrap_or_default();
    let script = value(b"SCRIPT_FILENAME").unwrap_or_default();
    let route = [host, script, path].map(String::from_utf8_lossy).join("\n");
    let millis = u64::try_from(plan.poll.as_millis()).unwrap_or(u64::MAX);
    Ok(address(connection).map(|address| Recallable {
        address,
        parameters,
        route,
        maker: maker(callbacks),
        loop_ms: callbacks.on_loop.map(|_| millis),
        collect_ms: callbacks.collect.map(|_| millis),
    }))
}

/// Who makes an event's frame.
fn maker(callbacks: &Callbacks<'_>) -> Maker {
    match (callbacks.before_send, callbacks.fetch) {
        (Some(_), _) if callbacks.is_shared => Maker::PhpOnce,
        (Some(_), _) => Maker::Php,
        (None, Some(_)) => Maker::HubAndFetch,
        (None, None) => Maker::Hub,
    }
}

/// Where PHP-FPM listens, as this user reaches it: `unix:/path` or `tcp:address:port`.
fn address(connection: Connection) -> Result<String, String> {
    let unknown = || "PHP-FPM's own address can't be found out".to_owned();
    let address = getsockname(connection.listening()).map_err(|_| unknown())?;
    if let Ok(unix) = SocketAddrUnix::try_from(address.clone()) {
        let path = unix.path().and_then(|path| path.to_str().ok().map(str::to_owned)).ok_or_else(unknown)?;
        return match access(&path, Access::WRITE_OK) {
            Ok(()) => Ok(format!("unix:{path}")),
            Err(error) => Err(format!(
                "the hub, which runs as this user, may not open PHP-FPM's socket {path} ({error}); add the pool's user to listen.acl_users"
            )),
        };
    }
    let mut address = SocketAddr::try_from(address).map_err(|_| unknown())?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(format!("tcp:{address}"))
}
