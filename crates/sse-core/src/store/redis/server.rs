//! A server as users write it, and a connection to it.
//!
//! Always true: neither `Display` nor `Debug` nor an error shows a password.

use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use redis::{
    Client, Connection, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    TlsCertificates, cmd,
};

use super::link::failed;
use crate::error::{Error, Result};

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

/// A server, one of its databases, and what it wants to know of us.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Server {
    address: Address,
    database: u16,
    username: Option<String>,
    password: Option<Password>,
    timeout: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Address {
    Tcp(String, u16),
    Tls { host: String, port: u16, authority: Option<PathBuf>, is_insecure: bool },
    Unix(PathBuf),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Password {
    Given(String),
    /// In this file, read for each connection.
    In(PathBuf),
}

impl RedisLocation {
    /// Reads a data source name from its scheme and the rest.
    ///
    /// # Errors
    /// What would do instead, as the end of a sentence that begins with "it takes".
    pub fn parse(scheme: &str, rest: &str) -> std::result::Result<Self, String> {
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

fn read_parameters(text: &str) -> std::result::Result<Vec<(&str, String)>, String> {
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

fn decoded(text: &str) -> std::result::Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "percent-encoded UTF-8")?;
    if text.contains('\0') { Err("text without NUL".into()) } else { Ok(text.into_owned()) }
}

fn path(text: &str) -> std::result::Result<PathBuf, String> {
    let path = Path::new(text);
    if path.is_absolute() { Ok(path.to_owned()) } else { Err(format!("absolute paths; {FORM}")) }
}

fn whole(text: &str, what: &str) -> std::result::Result<u16, String> {
    text.parse().map_err(|_| format!("{what} as a whole number; {FORM}"))
}

fn host_and_port(text: &str) -> std::result::Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest)),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { PORT } else { whole(port, "a port")? };
    let host = decoded(host)?;
    if host.is_empty() { Err(FORM.into()) } else { Ok((host, port)) }
}

impl Server {
    /// The files that a connection needs.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let address = match &self.address {
            Address::Tcp(..) => None,
            Address::Tls { authority, .. } => authority.as_ref(),
            Address::Unix(path) => Some(path),
        };
        let password = match &self.password {
            Some(Password::In(path)) => Some(path),
            Some(Password::Given(_)) | None => None,
        };
        address.into_iter().chain(password).cloned().collect()
    }

    /// The number of its database.
    #[must_use]
    pub fn database(&self) -> u16 {
        self.database
    }

    /// How long an answer may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// From now on waits half as long: for who serves others meanwhile.
    pub(super) fn hurry(&mut self) {
        self.timeout /= 2;
    }

    /// A new connection, greeted and in its database; answers come within the time-out or not at all.
    ///
    /// # Errors
    /// [`Error::RedisUnreachable`], [`Error::RedisUnready`], [`Error::RedisRefused`], [`Error::Io`] for a
    /// file of ours.
    pub fn connect(&self) -> Result<Connection> {
        self.connect_patiently(self.timeout)
    }

    /// A connection on which an answer may take so long.
    ///
    /// # Errors
    /// As [`Server::connect`].
    pub fn connect_patiently(&self, patience: Duration) -> Result<Connection> {
        let (client, password) = (self.client()?, self.password()?);
        let connected = client.get_connection_with_timeout(self.timeout).and_then(|connection| {
            // Nothing was asked yet, and who answers may be no Redis.
            connection.set_read_timeout(Some(self.timeout))?;
            connection.set_write_timeout(Some(self.timeout))?;
            Ok(connection)
        });
        let mut connection = connected.map_err(|error| self.unreached(&error))?;
        self.greet(&mut connection, password.as_deref())?;
        connection.set_read_timeout(Some(patience)).map_err(|error| self.unreached(&error))?;
        Ok(connection)
    }

    /// Whether nobody answers on a connection that was idle. That is found out in a part of the time-out, so
    /// that most of it is left for another connection.
    #[must_use]
    pub fn is_dead(&self, connection: &mut Connection) -> bool {
        connection.set_read_timeout(Some(self.timeout / 4)).is_err()
            || cmd("PING").exec(connection).is_err()
            || connection.set_read_timeout(Some(self.timeout)).is_err()
    }

    /// Says who we are, and goes to the database. The crate would do so too, but make a wrong password of
    /// whatever the server answers then.
    fn greet(&self, connection: &mut Connection, password: Option<&str>) -> Result<()> {
        if let Some(password) = password {
            let mut login = cmd("AUTH");
            if let Some(name) = &self.username {
                login.arg(name);
            }
            login.arg(password).exec(connection).map_err(|error| match self.unreached(&error) {
                Error::Redis { server, said } => Error::RedisRefused { server, said },
                other => other,
            })?;
        }
        let asked = match self.database {
            0 => cmd("PING").exec(connection),
            database => cmd("SELECT").arg(database).exec(connection),
        };
        asked.map_err(|error| self.unreached(&error))
    }

    /// What went wrong before there was a connection.
    fn unreached(&self, error: &RedisError) -> Error {
        match failed(self, error) {
            Error::RedisLost { server, said } if said.contains("certificate") => {
                Error::RedisCertificate { server, said }
            }
            Error::RedisLost { server, said } => {
                Error::RedisUnreachable { server, said, waited_ms: self.timeout.as_millis() }
            }
            other => other,
        }
    }

    fn password(&self) -> Result<Option<String>> {
        Ok(match &self.password {
            None => None,
            Some(Password::Given(password)) => Some(password.clone()),
            Some(Password::In(path)) => Some(String::from_utf8_lossy(&read(path)?).trim_end().to_owned()),
        })
    }

    fn client(&self) -> Result<Client> {
        let address = match &self.address {
            Address::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
            Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
            Address::Tls { host, port, is_insecure, .. } => {
                use_ring();
                let (host, insecure) = (host.clone(), *is_insecure);
                ConnectionAddr::TcpTls { host, port: *port, insecure, tls_params: None }
            }
        };
        let built = |address: ConnectionAddr| -> RedisResult<_> {
            let silent = RedisConnectionInfo::default().set_skip_set_lib_name();
            Ok(address.into_connection_info()?.set_redis_settings(silent))
        };
        let client = match &self.address {
            Address::Tls { authority: Some(path), .. } => {
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(read(path)?) };
                built(address).and_then(|info| Client::build_with_tls(info, certificates))
            }
            _ => built(address).and_then(Client::open),
        };
        client.map_err(|error| failed(self, &error))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })
}

/// rustls chooses no implementation of its cryptography by itself.
fn use_ring() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // Fails only if something else in this process has chosen, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match &self.address {
            Address::Tcp(..) => "redis",
            Address::Tls { .. } => "rediss",
            Address::Unix(_) => "redis+unix",
        };
        write!(f, "{scheme}://")?;
        match &self.address {
            Address::Unix(path) => {
                write!(f, "{}", path.display())?;
                return if self.database > 0 { write!(f, "?db={}", self.database) } else { Ok(()) };
            }
            Address::Tcp(host, port) | Address::Tls { host, port, .. } => {
                if let Some(name) = &self.username {
                    write!(f, "{name}@")?;
                }
                if host.contains(':') { write!(f, "[{host}]:{port}")? } else { write!(f, "{host}:{port}")? }
            }
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
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
