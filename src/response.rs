//! The response as a stream: checked, opened, written to.
//!
//! Always true:
//! - all that can be wrong with the response is said before the first byte;
//! - once it is open, nothing but frames reaches the client: PHP's output is switched off for the
//!   rest of the request, and frames go past it.

use std::cell::Cell;

use ext_php_rs::types::Zval;
use ext_php_rs::zend::{SapiGlobals, set_header};

use crate::exception::Failure;
use crate::php::{self, Halt, IgnoreAbort, call};

/// The media type of a stream (WHATWG HTML, "Server-sent events").
const MEDIA_TYPE: &str = "text/event-stream";

/// What a stream's response carries; a header that is already there stays.
const HEADERS: [(&str, &str); 3] =
    [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")];

/// `removable` in what `ob_get_status()` says of a buffer.
const PHP_OUTPUT_HANDLER_REMOVABLE: i64 = 0x40;

thread_local! {
    /// What became of the request's client: it has one, so a closure of a stream can't open another.
    static CLIENT: Cell<Client> = const { Cell::new(Client::Waits) };
}

/// A request's client.
#[derive(Clone, Copy)]
enum Client {
    /// Nothing yet.
    Waits,
    /// A stream is open.
    Streams,
    /// The hub has it.
    HandedOver,
}

/// To be called when a request begins.
pub fn begin_request() {
    CLIENT.set(Client::Waits);
}

/// A response that can become a stream.
pub struct Response {
    command_line: bool,
    headers: Vec<String>,
    sent: bool,
}

/// An open stream.
pub struct Open {
    command_line: bool,
    _abort: IgnoreAbort,
}

impl Response {
    /// Says what keeps the response from becoming a stream.
    pub fn check() -> Result<Self, Failure> {
        match CLIENT.get() {
            Client::Waits => {}
            Client::Streams => {
                return Err(Failure::Stream(
                    "a stream is open in this request already, and its closures can't open another; give one stream several keys instead".into(),
                ));
            }
            Client::HandedOver => {
                return Err(Failure::Stream(
                    "this request's client was handed to the hub, which streams to it; give one stream several keys instead of opening two".into(),
                ));
            }
        }
        let headers = list_of_headers()?;
        let command_line = php::is_command_line();
        let (status, sent) = {
            let globals = SapiGlobals::get();
            (globals.sapi_headers.http_response_code, globals.headers_sent != 0)
        };
        if command_line {
            return Ok(Self { command_line, headers, sent });
        }
        if status != 0 && status != 200 {
            return Err(Failure::Stream(format!(
                "the response's status is {status}, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200"
            )));
        }
        match value_of(&headers, "Content-Type") {
            Some(value) if !is_event_stream(value) => Err(Failure::Stream(format!(
                "the response's Content-Type is \"{value}\", and EventSource takes only {MEDIA_TYPE}; remove that header or set it to {MEDIA_TYPE}"
            ))),
            None if sent => Err(Failure::Stream(format!(
                "the headers were sent before the stream began, without Content-Type: {MEDIA_TYPE}; send no output before Sse\\stream()"
            ))),
            _ => Ok(Self { command_line, headers, sent }),
        }
    }

    /// Adds the headers that are missing.
    pub fn add_headers(&self) {
        if self.command_line || self.sent {
            return;
        }
        for (name, value) in HEADERS {
            if value_of(&self.headers, name).is_none() {
                // Refused only after the headers were sent, which was looked at.
                let _ = set_header(&format!("{name}: {value}"));
            }
        }
    }

    /// Sends the headers; from here on only frames reach the client.
    pub fn open(self) -> Result<Open, Failure> {
        self.add_headers();
        if self.command_line {
            close_session()?;
        } else {
            // First of all: what the rest may have to warn of must not come before the first frame.
            php::disable_output();
            self.clear_the_way().inspect_err(|_| php::enable_output())?;
        }
        CLIENT.set(Client::Streams);
        Ok(Open { command_line: self.command_line, _abort: IgnoreAbort::begin() })
    }

    /// Ends all that stands between us and the client.
    fn clear_the_way(&self) -> Result<(), Halt> {
        close_session()?;
        if !self.sent {
            php::set_ini("zlib.output_compression", "0");
        }
        end_buffers()?;
        send_headers()
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
        if matches!(CLIENT.get(), Client::Streams) {
            CLIENT.set(Client::Waits);
        }
    }
}

impl Open {
    /// The hub has the client now.
    pub fn hand_over(self) {
        CLIENT.set(Client::HandedOver);
    }

    /// Writes and flushes; false if the client is gone.
    pub fn send(&self, bytes: &[u8]) -> Result<bool, Halt> {
        if self.command_line {
            php::print(bytes)?
        } else {
            php::write_to_client(bytes)?
        }
        php::flush_to_client()?;
        Ok(php::connection_status() == 0)
    }
}

/// Whether this is a HEAD request, which gets headers alone.
pub fn is_head() -> bool {
    SapiGlobals::get().request_info().request_method() == Some("HEAD")
}

fn list_of_headers() -> Result<Vec<String>, Halt> {
    let list = call("headers_list", &[])?;
    Ok(list
        .as_ref()
        .and_then(Zval::array)
        .map(|list| list.values().filter_map(Zval::string).collect())
        .unwrap_or_default())
}

fn value_of<'a>(headers: &'a [String], name: &str) -> Option<&'a str> {
    headers.iter().find_map(|header| {
        let (found, value) = header.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn is_event_stream(value: &str) -> bool {
    value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE))
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
    if php::output_level() == 0 {
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
    while php::output_level() > 0 {
        if !is_removable(call("ob_get_status", &[])?.as_ref()) {
            break;
        }
        let held = call("ob_get_contents", &[])?;
        let held = held.as_ref().and_then(Zval::binary_slice::<u8>).unwrap_or_default();
        if !held.trim_ascii().is_empty() {
            php::log(&format!(
                "{} bytes printed before the stream began were dropped: {}",
                held.len(),
                sse_core::key::Printable(held)
            ));
        }
        let level = php::output_level();
        php::end_output_buffer(false)?;
        if php::output_level() >= level {
            break;
        }
    }
    Ok(())
}

fn send_headers() -> Result<(), Halt> {
    // SAFETY: sends this request's headers, once; it may call a function of the user's
    // (header_register_callback), hence the guard.
    php::guarded(|| unsafe { ext_php_rs::ffi::sapi_send_headers() }).map(drop)
}
