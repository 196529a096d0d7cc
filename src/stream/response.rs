//! The response as a stream: checked, opened, written to.
//!
//! Always true:
//! - all that can be wrong with the response is said before the first byte;
//! - once it is open, nothing but frames reaches the client: PHP's output is switched off for the
//!   rest of the request, and frames go past it.

use std::cell::Cell;

use ext_php_rs::types::Zval;
use ext_php_rs::zend::{SapiGlobals, remove_header, set_header};

use sse_core::stream::voice;

use crate::php::exception::Failure;
use crate::php::{self, Halt, call};
use crate::php::{ini, output};

/// The media type of a stream (WHATWG HTML, "Server-sent events").
const MEDIA_TYPE: &str = "text/event-stream";

/// What a stream's response carries. PHP would complete the type by `default_charset`, and browsers give
/// up for good where that isn't UTF-8.
const HEADERS: [(&str, &str); 3] = [
    ("Content-type", "text/event-stream;charset=UTF-8"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
];

/// What can't be said of a stream: a client or a server on the way would look for bytes that don't come,
/// or make others of those that do. These are taken away.
const UNTRUE: [&str; 5] =
    ["Content-Length", "Content-Encoding", "Transfer-Encoding", "Content-Range", "X-Accel-Charset"];

/// What has the web server answer with something else.
const INSTEAD: [&str; 3] = ["X-Accel-Redirect", "X-Sendfile", "X-LIGHTTPD-send-file"];

/// `removable` in what `ob_get_status()` says of a buffer.
const PHP_OUTPUT_HANDLER_REMOVABLE: i64 = 0x40;

thread_local! {
    /// What became of the request's client: it has one, so a closure of a stream can't open another.
    static CLIENT: Cell<ClientState> = const { Cell::new(ClientState::Waits) };
}

/// A request's client.
#[derive(Clone, Copy)]
enum ClientState {
    /// Nothing yet.
    Waits,
    /// A stream is open.
    Streams,
    /// The hub has it.
    HandedOver,
}

/// To be called when a request begins.
pub fn begin_request() {
    CLIENT.set(ClientState::Waits);
}

/// A response that can become a stream.
pub struct Response {
    command_line: bool,
}

/// An open stream.
pub struct Open {
    command_line: bool,
    _abort: output::IgnoreAbort,
}

impl Response {
    /// Says what keeps the response from becoming a stream.
    pub fn check() -> Result<Self, Failure> {
        match CLIENT.get() {
            ClientState::Waits => {}
            ClientState::Streams => {
                return Err(Failure::Stream(
                    "a stream is open in this request already, and its closures can't open another; give one stream several keys instead".into(),
                ));
            }
            ClientState::HandedOver => {
                return Err(Failure::Stream(
                    "this request's client was handed to the hub, which streams to it; give one stream several keys instead of opening two".into(),
                ));
            }
        }
        let command_line = php::is_command_line();
        if !command_line {
            Headers::now().check()?;
        }
        Ok(Self { command_line })
    }

    /// Gives it the headers of a stream, as far as they aren't sent.
    pub fn set_headers(&self) {
        if !self.command_line {
            Headers::now().set_right();
        }
    }

    /// Sends the headers; from here on only frames reach the client.
    pub fn open(self) -> Result<Open, Failure> {
        // What runs on the way can't open another.
        CLIENT.set(ClientState::Streams);
        self.clear_the_way().inspect_err(|_| CLIENT.set(ClientState::Waits))?;
        Ok(Open { command_line: self.command_line, _abort: output::IgnoreAbort::begin() })
    }

    /// Ends all that stands between us and the client, and sends the headers.
    fn clear_the_way(&self) -> Result<(), Failure> {
        if self.command_line {
            return Ok(close_session()?);
        }
        // First of all: what the rest may have to warn of must not come before the first frame.
        output::disable();
        let send = || {
            close_session()?;
            if !are_headers_sent() {
                ini::set("zlib.output_compression", "0");
            }
            end_buffers()?;
            // Buffers and the application's callback may have changed the headers.
            output::run_header_callback()?;
            let headers = Headers::now();
            headers.check()?;
            headers.set_right();
            Ok(output::send_headers()?)
        };
        send().inspect_err(|_| output::enable())
    }
}

fn are_headers_sent() -> bool {
    php::is_set(SapiGlobals::get().headers_sent)
}

/// The response's status and headers, as they are now.
struct Headers {
    status: i32,
    list: Vec<(String, String)>,
    sent: bool,
}

impl Headers {
    fn now() -> Self {
        let mut globals = SapiGlobals::get_mut();
        let sent = php::is_set(globals.headers_sent);
        let status = globals.sapi_headers.http_response_code;
        let list = globals.sapi_headers.headers();
        let list = list
            .filter_map(|header| header.as_str()?.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Self { status, list, sent }
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.list.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// Says what of them a stream can't have.
    fn check(&self) -> Result<(), Failure> {
        // FastCGI has the status as a header, which may be set by hand.
        let by_hand = self.values("Status").find(|status| !status.starts_with("200"));
        let by_hand = by_hand.map(|status| status.split(' ').next().unwrap_or_default().to_owned());
        let status = (self.status != 0 && self.status != 200).then(|| self.status.to_string());
        if let Some(status) = status.or(by_hand) {
            return Err(Failure::Stream(format!(
                "the response's status is {status}, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200"
            )));
        }
        let is_other = |value: &&str| !is_event_stream(value);
        if self.sent {
            return match self.contradiction() {
                Some(why) => Err(Failure::Stream(format!(
                    "{}, so the headers were sent before the stream began, {why}; send no output before Sse\\stream()",
                    output_began()
                ))),
                None => Ok(()),
            };
        }
        if let Some(value) = self.values("Content-Type").find(is_other) {
            return Err(Failure::Stream(format!(
                "the response's Content-Type is \"{value}\", and EventSource takes only {MEDIA_TYPE}; remove that header or set it to {MEDIA_TYPE}"
            )));
        }
        let instead = INSTEAD.iter().find_map(|name| Some((name, self.values(name).next()?)));
        if let Some((name, value)) = instead {
            return Err(Failure::Stream(format!(
                "the response has the header {name}: {value}, so the web server would answer with that and not with the stream; remove that header"
            )));
        }
        Ok(())
    }

    /// What makes headers that were sent those of something else.
    fn contradiction(&self) -> Option<String> {
        let mut types = self.values("Content-Type").peekable();
        if types.peek().is_none() || types.any(|value| !is_event_stream(value)) {
            return Some(format!("without Content-Type: {MEDIA_TYPE}"));
        }
        if let Some(value) = self.values("Content-Type").find(|value| !is_utf8(value)) {
            return Some(format!("with Content-Type: {value}, and EventSource takes only UTF-8"));
        }
        UNTRUE.iter().chain(&INSTEAD).find_map(|name| {
            let value = self.values(name).next()?;
            Some(format!("with {name}: {value}, which no stream can have"))
        })
    }

    /// Adds what is missing, and sets right what isn't true of a stream.
    fn set_right(&self) {
        if self.sent {
            return;
        }
        for (name, value) in HEADERS {
            let mut values = self.values(name).peekable();
            if values.peek().is_none() || values.any(|value| !can_stay(name, value)) {
                // Refused only after the headers were sent, which was looked at.
                let _ = set_header(&format!("{name}: {value}"));
            }
        }
        for name in UNTRUE {
            if self.values(name).next().is_some() {
                let _ = remove_header(name);
            }
        }
    }
}

/// Whether a stream can have this header of the application's.
fn can_stay(name: &str, value: &str) -> bool {
    let parts = || value.split([',', ';']).map(|part| part.trim().to_ascii_lowercase());
    match name {
        "Content-type" => is_utf8(value) && value.contains(';'),
        // Nobody may answer with an earlier stream.
        "Cache-Control" => {
            parts().any(|part| part == "no-cache" || part == "no-store")
                || !parts().any(|part| {
                    let keeps = ["public", "immutable", "max-age", "s-maxage"];
                    keeps.iter().any(|word| part.starts_with(word))
                })
        }
        _ => value.eq_ignore_ascii_case("no"),
    }
}

/// Where output began that had the headers sent.
fn output_began() -> String {
    match output::began() {
        Some((file, line)) => format!("output began in {file} on line {line}"),
        None => "the response has begun, without output (flush() does that)".into(),
    }
}

/// A response, or one that was opened already.
pub enum Target {
    /// Nothing was sent.
    Response(Response),
    /// The headers were sent.
    Open(Open),
}

impl Target {
    /// Opens it if it isn't open.
    pub fn open(self) -> Result<Open, Failure> {
        match self {
            Self::Response(response) => response.open(),
            Self::Open(open) => Ok(open),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if matches!(CLIENT.get(), ClientState::Streams) {
            CLIENT.set(ClientState::Waits);
        }
    }
}

impl Open {
    /// The hub has the client now.
    pub fn hand_over(self) {
        CLIENT.set(ClientState::HandedOver);
    }

    /// Tells the client to come back after a while; nothing is to follow.
    pub fn put_off(&self, why: &str) -> Result<bool, Halt> {
        let mut out = Vec::new();
        voice::put_off(&mut out, why);
        self.send(&out)
    }

    /// Writes and flushes; false if the client is gone.
    pub fn send(&self, bytes: &[u8]) -> Result<bool, Halt> {
        if self.command_line {
            output::print(bytes)?
        } else {
            output::write_to_client(bytes)?
        }
        output::flush_to_client()?;
        Ok(output::connection_status() == 0)
    }
}

/// Whether this is a HEAD request, which gets headers alone.
pub fn is_head() -> bool {
    SapiGlobals::get().request_info().request_method() == Some("HEAD")
}

fn is_event_stream(value: &str) -> bool {
    value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

/// Whether a media type names no other charset.
fn is_utf8(value: &str) -> bool {
    value.split(';').skip(1).all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

/// While a stream runs, the session's lock would stop the user's other requests.
fn close_session() -> Result<(), Halt> {
    const PHP_SESSION_ACTIVE: i64 = 2;
    if call("session_status", &[])?.and_then(|status| status.long()) == Some(PHP_SESSION_ACTIVE) {
        call("session_write_close", &[])?;
    }
    Ok(())
}

/// Whether there is an output buffer that can't be ended: what passes through it can't be handed over.
pub fn has_lasting_buffer() -> Result<bool, Halt> {
    if output::level() == 0 {
        return Ok(false);
    }
    let all = call("ob_get_status", &[&true])?;
    let mut all = all.as_ref().and_then(Zval::array).into_iter().flat_map(|all| all.values());
    Ok(all.any(|status| !is_removable(Some(status))))
}

/// Whether a buffer can be ended, by what `ob_get_status()` says of it.
fn is_removable(status: Option<&Zval>) -> bool {
    let flags = status.and_then(Zval::array).and_then(|status| status.get("flags")).and_then(Zval::long);
    flags.unwrap_or(0) & PHP_OUTPUT_HANDLER_REMOVABLE != 0
}

/// Ends the output buffers. What they hold was printed before the stream began and would break its
/// first frame, so it goes to the log. One that can't be ended is written past.
fn end_buffers() -> Result<(), Halt> {
    while output::level() > 0 {
        if !is_removable(call("ob_get_status", &[])?.as_ref()) {
            break;
        }
        let held = call("ob_get_contents", &[])?;
        let held = held.as_ref().and_then(Zval::binary_slice::<u8>).unwrap_or_default();
        if !held.trim_ascii().is_empty() {
            php::log(&format!(
                "{} bytes printed before the stream began were dropped: {}",
                held.len(),
                sse_core::printable::Printable(held)
            ));
        }
        let level = output::level();
        output::end_buffer(false)?;
        if output::level() >= level {
            break;
        }
    }
    Ok(())
}
