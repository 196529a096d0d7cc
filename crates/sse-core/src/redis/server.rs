//! A server, and a new connection to it.
//!
//! Always true: neither `Display` nor `Debug` nor an error shows a password.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    TlsCertificates, cmd,
};

use super::failure;
use crate::error::{Error, Result};

/// A server, one of its databases, and what it wants to know of us.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Server {
    pub(super) address: Address,
    pub(super) database: u16,
    pub(super) username: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) timeout: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Address {
    Tcp(String, u16),
    Tls { host: String, port: u16, authority: Option<PathBuf>, is_insecure: bool },
    Unix(PathBuf),
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Password {
    Given(String),
    /// In this file, read for each connection.
    In(PathBuf),
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
    pub(crate) fn hurry(&mut self) {
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
        match failure::of(self, self.timeout, error) {
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
        client.map_err(|error| failure::of(self, self.timeout, &error))
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
