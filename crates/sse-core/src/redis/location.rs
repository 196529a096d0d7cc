//! A store in Redis as users write it: a server, a database and a prefix.
//!
//! Always true: neither `Display` nor `Debug` nor an error shows a password.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::server::{Address, Password, Server};

const PORT: u16 = 6_379;
const PREFIX: &str = "sse:";
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_PREFIX: usize = 128;
const PARAMETERS: [&str; 8] =
    ["prefix", "timeout", "db", "username", "password", "password_file", "tls_ca", "tls_insecure"];
const FORM: &str =
    "redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+unix:///path/to/redis.sock";

/// A store in Redis. Two are equal if they name the same store, however they were written.
#[derive(Clone)]
pub struct RedisLocation {
    /// The server and its database.
    pub server: Server,
    /// What the names of all that is stored begin with.
    pub prefix: String,
    dsn: String,
}

impl PartialEq for RedisLocation {
    fn eq(&self, other: &Self) -> bool {
        (&self.server, &self.prefix) == (&other.server, &other.prefix)
    }
}

impl Eq for RedisLocation {}

impl Hash for RedisLocation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.server, &self.prefix).hash(state);
    }
}

impl RedisLocation {
    /// Reads a data source name from its scheme and the rest.
    ///
    /// # Errors
    /// What would do instead, as the end of a sentence that begins with "it takes".
    pub fn parse(scheme: &str, rest: &str) -> Result<Self, String> {
        let dsn = format!("{scheme}://{rest}");
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) if scheme != "redis+unix" => (user, place),
            _ => ("", rest),
        };
        let mut server = Server {
            address: Address::Unix(PathBuf::new()),
            database: 0,
            username: None,
            password: None,
            timeout: TIMEOUT,
        };
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        server.username = Some(decoded(name)?).filter(|name| !name.is_empty());
        server.password = Some(decoded(password)?).filter(|text| !text.is_empty()).map(Password::Given);
        let parameters = read_parameters(parameters)?;
        let of =
            |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        if scheme == "redis+unix" {
            server.address = Address::Unix(path(&decoded(place)?)?);
        } else {
            let (host, database) = place.split_once('/').unwrap_or((place, ""));
            let (host, port) = host_and_port(host)?;
            if !database.is_empty() {
                server.database = whole(database, "the database after the host")?;
            }
            server.address = if scheme == "rediss" {
                let authority = of("tls_ca").map(path).transpose()?;
                let is_insecure = match of("tls_insecure") {
                    None | Some("0") => false,
                    Some("1") => true,
                    Some(_) => return Err("tls_insecure as 0 or 1".into()),
                };
                Address::Tls { host, port, authority, is_insecure }
            } else {
                Address::Tcp(host, port)
            };
        }
        if scheme != "rediss" && (of("tls_ca").or(of("tls_insecure"))).is_some() {
            return Err("tls_ca and tls_insecure with rediss:// only".into());
        }
        if let Some(database) = of("db") {
            server.database = whole(database, "db")?;
        }
        if let Some(name) = of("username") {
            server.username = Some(name.to_owned());
        }
        match (of("password"), of("password_file")) {
            (Some(_), Some(_)) => return Err("password or password_file, not both".into()),
            (Some(password), None) => server.password = Some(Password::Given(password.to_owned())),
            (None, Some(file)) => server.password = Some(Password::In(path(file)?)),
            (None, None) => {}
        }
        if server.username.is_some() && server.password.is_none() {
            return Err("a password with the user (for a password alone: redis://:password@host)".into());
        }
        if let Some(timeout) = of("timeout") {
            let seconds: Option<f64> = timeout.parse().ok().filter(|seconds| (0.05..=60.0).contains(seconds));
            server.timeout = Duration::from_secs_f64(seconds.ok_or("a timeout from 0.05 to 60 seconds")?);
        }
        let prefix = of("prefix").unwrap_or(PREFIX).to_owned();
        if prefix.is_empty()
            || prefix.len() > MAX_PREFIX
            || prefix.contains(|c: char| c.is_control() || "{}".contains(c))
        {
            return Err(format!("a prefix of 1 to {MAX_PREFIX} bytes without {{, }} and control characters"));
        }
        Ok(Self { server, prefix, dsn })
    }

    /// The whole data source name, passwords and all: for who opens the store, for nobody else.
    #[must_use]
    pub fn dsn(&self) -> &str {
        &self.dsn
    }
}

fn read_parameters(text: &str) -> Result<Vec<(&str, String)>, String> {
    let mut read: Vec<(&str, String)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !PARAMETERS.contains(&name) {
            return Err(format!("the parameters {}", PARAMETERS.join(", ")));
        }
        if read.iter().any(|(known, _)| *known == name) {
            return Err(format!("{name} once"));
        }
        read.push((name, decoded(value)?));
    }
    Ok(read)
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "percent-encoded UTF-8")?;
    if text.contains('\0') { Err("text without NUL".into()) } else { Ok(text.into_owned()) }
}

fn path(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if path.is_absolute() { Ok(path.to_owned()) } else { Err(format!("absolute paths; {FORM}")) }
}

fn whole(text: &str, what: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("{what} as a whole number; {FORM}"))
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest)),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { PORT } else { whole(port, "a port")? };
    let host = decoded(host)?;
    if host.is_empty() { Err(FORM.into()) } else { Ok((host, port)) }
}

/// As it may be shown: without a password.
impl fmt::Display for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = if matches!(self.server.address, Address::Unix(_)) && self.server.database > 0 {
            '&'
        } else {
            '?'
        };
        write!(f, "{}{joint}prefix={}", self.server, self.prefix)
    }
}

impl fmt::Debug for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisLocation({self})")
    }
}
