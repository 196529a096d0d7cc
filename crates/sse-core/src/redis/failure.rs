//! What a server says, or the system on the way to it, as our errors.

use std::fmt::Display;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError};

use crate::error::Error;

/// How a server says that it did nothing, and may do it in a moment.
const UNREADY: [&str; 7] =
    ["READONLY", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "LOADING", "TRYAGAIN", "BUSY"];

/// What was said, as ours.
pub fn of(server: &impl Display, timeout: Duration, error: &RedisError) -> Error {
    // The system calls it "temporarily unavailable", which it isn't.
    let said = match error.is_timeout() {
        true => format!("no answer within {} ms", timeout.as_millis()),
        false => error.to_string(),
    };
    let server = server.to_string();
    match error.kind() {
        ErrorKind::Io => Error::RedisLost { server, said },
        _ if is_unready(error) => Error::RedisUnready { server, said },
        _ if is_refusal(&said) => Error::RedisRefused { server, said },
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS") => Error::RedisRefused { server, said },
            _ if said.contains("WRONGTYPE") => Error::RedisForeign { server, what: said },
            _ => Error::Redis { server, said },
        },
    }
}

/// Whether the server did nothing because it can't for now: it starts, hands over to another one, or is
/// full. Old ones put what went wrong in a script into their own words.
fn is_unready(error: &RedisError) -> bool {
    let is_one = |error: &ServerError| {
        let details = error.details().unwrap_or_default();
        UNREADY.iter().any(|code| error.code() == *code || details.contains(&format!("-{code} ")))
            || details.starts_with("max number of clients")
    };
    error.clone().into_server_errors().is_some_and(|errors| errors.iter().any(|(_, error)| is_one(error)))
}

/// Whether the user's rights don't go so far. In a script an error has no code of its own, and the words
/// depend on the version.
fn is_refusal(said: &str) -> bool {
    let words =
        ["NOPERM", "The user executing the script can't", "ACL failure in script", "no permissions to"];
    words.iter().any(|words| said.contains(words))
}
