//! The application's closures inside a stream: `fetch`, `beforeSend`, `collect` and `onLoop`.
//!
//! What they print goes to the log, what they throw too, and the stream goes on. `exit` and fatal
//! errors end it.

use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::types::Zval;
use sse_core::event::{Draft, Event, EventName};
use sse_core::key::Key;
use sse_core::printable::Printable;

use crate::php::exception::Failure;
use crate::php::json;
use crate::php::output;
use crate::php::{self, Halt};

/// The closures of one stream.
#[derive(Default)]
pub struct Callbacks<'a> {
    /// Fetches the payload of an external event by its reference.
    pub fetch: Option<&'a Zval>,
    /// Turns a payload into what is sent; a falsy result sends nothing.
    pub before_send: Option<&'a Zval>,
    /// Whether what `beforeSend` makes of an event is the same for every client.
    pub is_shared: bool,
    /// Pushes what others have put elsewhere, for the key that it is given.
    pub collect: Option<&'a Zval>,
    /// Runs once at the start, then every so often.
    pub on_loop: Option<&'a Zval>,
}

/// What becomes of an event.
pub enum Outcome {
    /// It is sent.
    Send(Draft),
    /// It is passed over: the application filtered it, or failed at it.
    Skip,
    /// Its payload is gone: a gap.
    Gone,
}

impl Callbacks<'_> {
    /// Whether there is any.
    pub fn are_there(&self) -> bool {
        self.see_events() || self.polls()
    }

    /// Whether there is something to run each so often.
    pub fn polls(&self) -> bool {
        self.collect.is_some() || self.on_loop.is_some()
    }

    /// Whether events pass through PHP code.
    pub fn see_events(&self) -> bool {
        self.before_send.is_some() || self.fetch.is_some()
    }

    /// What to send for an event.
    pub fn outcome(&self, key: &Key, event: Event) -> Result<Outcome, Halt> {
        let Event { id, draft, .. } = event;
        if self.before_send.is_none() && !draft.external {
            return Ok(Outcome::Send(draft));
        }
        let mut payload = json::decode(&draft.json)?;
        if draft.external {
            let place = format!("fetch, key {key}, event {id}");
            let Some(fetch) = self.fetch else {
                php::log(&format!(
                    "event {id} of key {key} is external and this stream has no fetch option; its client is told of a gap"
                ));
                return Ok(Outcome::Gone);
            };
            match run(fetch, &[&payload], &place)? {
                Some(fetched) if fetched.is_array() => {
                    let Some(first) = fetched.array().and_then(|list| list.get_index(0)) else {
                        return Ok(Outcome::Gone);
                    };
                    payload = first.shallow_clone();
                }
                Some(_) => return Ok(Outcome::Gone),
                None => return Ok(Outcome::Skip),
            }
        }
        let last = if self.before_send.is_some() { "beforeSend" } else { "fetch" };
        let place = format!("{last}, key {key}, event {id}");
        let result = match self.before_send {
            Some(closure) => match run(closure, &[&payload], &place)? {
                Some(result) if result.coerce_to_bool() => result,
                _ => return Ok(Outcome::Skip),
            },
            None => payload.shallow_clone(),
        };
        if !draft.external && result.is_identical(&payload) {
            return Ok(Outcome::Send(draft));
        }
        // A name that was pushed explicitly stays; one that came from the payload was the payload's.
        let explicit: Option<EventName> = if draft.cut.is_none() { draft.name } else { None };
        let draft = json::encode(&result)
            .and_then(|json| Draft::new(json, explicit).map_err(|error| Failure::of("", &error)));
        match draft {
            Ok(draft) => Ok(Outcome::Send(draft)),
            Err(Failure::Halt(Halt::Thrown)) if !php::is_exiting() => {
                php::log(&format!(
                    "{place}: encoding its result threw {}; the event is skipped",
                    php::take_exception_text()
                ));
                Ok(Outcome::Skip)
            }
            Err(Failure::Halt(halt)) => Err(halt),
            Err(
                Failure::Argument(text) | Failure::Type(text) | Failure::Store(text) | Failure::Stream(text),
            ) => {
                php::log(&format!("{place}: its result can't be sent, the event is skipped: {text}"));
                Ok(Outcome::Skip)
            }
        }
    }

    /// Runs `collect` for each of the keys.
    pub fn collect(&self, keys: &[Key]) -> Result<(), Halt> {
        let Some(closure) = self.collect else { return Ok(()) };
        for key in keys {
            let mut name = Zval::new();
            php::guarded(|| name.set_binary(key.as_bytes().to_vec()))?;
            run(closure, &[&name], &format!("collect, key {key}"))?;
        }
        Ok(())
    }

    /// Runs `onLoop`.
    pub fn on_loop(&self) -> Result<(), Halt> {
        match self.on_loop {
            Some(closure) => run(closure, &[], "onLoop").map(drop),
            None => Ok(()),
        }
    }
}

/// Calls a closure; `None` if it threw.
fn run(closure: &Zval, arguments: &[&dyn IntoZvalDyn], place: &str) -> Result<Option<Zval>, Halt> {
    let (result, printed) = output::captured(|| closure.try_call(arguments.to_vec()).ok());
    if !printed.is_empty() {
        php::log(&format!("{place} printed {} bytes: {}", printed.len(), Printable(&printed)));
    }
    match result {
        Ok(value) => Ok(value),
        Err(Halt::Thrown) if !php::is_exiting() => {
            php::log(&format!("{place} threw {}; the stream goes on", php::take_exception_text()));
            Ok(None)
        }
        Err(halt) => Err(halt),
    }
}
