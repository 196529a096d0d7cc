//! Where a store is, as users write it: a data source name.
//!
//! Always true: neither `Display` nor `Debug` nor an error shows a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

use super::engine::Store;
use super::file::FileStore;
use super::policy::Policy;
use super::redis::RedisStore;
use super::sqlite::{self, SqliteStore};
use crate::redis::RedisLocation;

const IN_PATHS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// What passwords are called, by us and elsewhere.
const PASSWORDS: [&str; 4] = ["password=", "pass=", "pwd=", "auth="];

/// Where events are kept, and by which engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// In this directory, a log per key.
    Directory(PathBuf),
    /// In this SQLite database.
    Sqlite(PathBuf),
    /// In this Redis.
    Redis(Box<RedisLocation>),
}

impl Location {
    /// Reads a data source name.
    ///
    /// # Errors
    /// What would do instead, as the end of a sentence that begins with "it takes".
    pub fn parse(dsn: &str) -> Result<Self, String> {
        match dsn.split_once("://") {
            Some(("file", path)) => absolute(path)
                .map(Self::Directory)
                .ok_or_else(|| "file:// and an absolute path, such as file:///var/lib/php-sse".into()),
            Some(("sqlite", path)) => decoded(path).and_then(|path| absolute(&path)).map(Self::Sqlite).ok_or_else(|| {
                "sqlite:// and an absolute path, such as sqlite:///var/lib/php-sse/events.sqlite (a % is written %25, a ? %3F)".into()
            }),
            Some((scheme @ ("redis" | "rediss" | "redis+unix"), rest)) => {
                RedisLocation::parse(scheme, rest).map(|location| Self::Redis(Box::new(location)))
            }
            _ => Err("a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock".into()),
        }
    }

    /// The engine's name.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Directory(_) => "file",
            Self::Sqlite(_) => "sqlite",
            Self::Redis(_) => "redis",
        }
    }

    /// The whole data source name, passwords and all: for who opens the store, for nobody else.
    #[must_use]
    pub fn dsn(&self) -> String {
        match self {
            Self::Directory(path) => format!("file://{}", path.display()),
            Self::Sqlite(path) => {
                format!("sqlite://{}", percent_encode(path.as_os_str().as_encoded_bytes(), IN_PATHS))
            }
            Self::Redis(location) => location.dsn().to_owned(),
        }
    }

    /// The files and directories that who opens the store uses, apart from what is in those directories;
    /// each as it was written, and where it leads to.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Directory(path) => vec![path.clone()],
            Self::Sqlite(path) => sqlite::paths(path),
            Self::Redis(location) => location.server.paths(),
        }
    }

    /// The store there; nothing is touched before it is used.
    #[must_use]
    pub fn open(&self, policy: Policy) -> Arc<dyn Store> {
        match self {
            Self::Directory(path) => FileStore::new(path, policy),
            Self::Sqlite(path) => SqliteStore::new(path, policy),
            Self::Redis(location) => RedisStore::new((**location).clone(), policy),
        }
    }
}

/// A data source name as it may be shown, whether it can be read or not.
#[must_use]
pub fn redacted(dsn: &str) -> String {
    let (scheme, rest) = match dsn.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), dsn),
    };
    match Location::parse(dsn) {
        Ok(Location::Directory(_) | Location::Sqlite(_)) => dsn.to_owned(),
        Ok(Location::Redis(_)) => {
            let (place, parameters) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
            let shown = |parameter| match str::split_once(parameter, '=') {
                Some(("password", _)) => "password=***",
                _ => parameter,
            };
            let parameters = parameters.map(|text| text.split('&').map(shown).collect::<Vec<_>>().join("&"));
            let parameters = parameters.map_or_else(String::new, |text| format!("?{text}"));
            format!("{scheme}{}{parameters}", without_user(place))
        }
        // A password that isn't encoded may have any of the characters that end a part.
        Err(_) => {
            let lower = rest.to_ascii_lowercase();
            let ends = PASSWORDS.iter().filter_map(|name| Some(lower.find(name)? + name.len()));
            let (known, secret) = ends.min().and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
            if secret.contains('@') {
                return format!("{scheme}***");
            }
            let hidden = if secret.is_empty() { "" } else { "***" };
            format!("{scheme}{}{hidden}", without_user(known))
        }
    }
}

/// What stands before a host, and may be a password, is hidden.
fn without_user(place: &str) -> String {
    match place.rsplit_once('@') {
        Some((_, place)) => format!("***@{place}"),
        None => place.to_owned(),
    }
}

/// As it may be shown.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) | Self::Sqlite(path) => path.display().fmt(f),
            Self::Redis(location) => location.fmt(f),
        }
    }
}

fn absolute(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    (path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0)).then(|| path.to_owned())
}

/// A part of a data source name without parameters.
fn decoded(text: &str) -> Option<String> {
    if text.contains('?') {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_is_for_files_and_decoded_for_databases() {
        let parsed = |dsn: &str| Location::parse(dsn).unwrap();
        assert_eq!(parsed("file:///a%20b"), Location::Directory("/a%20b".into()));
        assert_eq!(parsed("sqlite:///a%20b.sqlite"), Location::Sqlite("/a b.sqlite".into()));
    }

    #[test]
    fn the_whole_name_reads_back_and_what_is_shown_has_no_password() {
        for (dsn, shown) in [
            ("file:///a b%", "/a b%"),
            ("sqlite:///a%20b%25.sqlite", "/a b%.sqlite"),
            ("redis://host", "redis://host:6379/0?prefix=sse:"),
            ("redis://u:s3cret@[::1]:7/2?prefix=a%20b", "redis://u@[::1]:7/2?prefix=a b"),
            ("rediss://:s3cret@host?tls_ca=/ca.pem", "rediss://host:6379/0?prefix=sse:"),
            ("redis+unix:///r.sock?db=3&password=s3cret", "redis+unix:///r.sock?db=3&prefix=sse:"),
        ] {
            let location = Location::parse(dsn).unwrap();
            assert_eq!(location.to_string(), shown);
            assert_eq!(Location::parse(&location.dsn()).unwrap(), location);
            let said = format!("{location:?} {:?} {}", location.open(Policy::default()), redacted(dsn));
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn all_paths_that_a_name_leads_to_are_known() {
        let paths = |dsn: &str| -> Vec<String> {
            Location::parse(dsn).unwrap().paths().iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(paths("file:///a/../b"), ["/a/../b"]);
        assert_eq!(
            paths("sqlite:///nowhere/a"),
            ["", "-wal", "-shm", "-journal", "-signals"].map(|end| format!("/nowhere/a{end}"))
        );
        assert_eq!(paths("redis://h"), [""; 0]);
        assert_eq!(paths("redis://h?password_file=/p"), ["/p"]);
        assert_eq!(paths("redis+unix:///r.sock?password_file=/p"), ["/r.sock", "/p"]);
        assert_eq!(paths("rediss://h?tls_ca=/ca&password_file=/p"), ["/ca", "/p"]);
    }

    #[test]
    fn a_database_that_is_a_link_is_known_with_where_it_leads() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("real"), "").unwrap();
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        let paths = Location::Sqlite(at("link")).paths();
        for name in ["link", "link-signals", "real", "real-wal", "real-shm"] {
            let wanted = at(name).canonicalize().unwrap_or(at(name));
            assert!(paths.iter().any(|path| *path == at(name) || *path == wanted), "{name}: {paths:?}");
        }
    }

    #[test]
    fn a_password_is_hidden_also_where_the_rest_makes_no_sense() {
        for dsn in [
            "redis://:s3/cr?et@host",
            "redis://u:s3cret@",
            "redis://a@s3cret@b",
            "x://?password=s3cret",
            "redis://h?auth=s3cret&x=1",
            "redis://h?password=a&s3cret",
            "redis://h?password=a&password=s3cret",
            "redis://h?prefx=1&Password=s3&cret",
            "redis://h?prefx=1&password=s3@cret",
            "redis://u:s3?password=cret@h",
            "redis://h?password=s3@cret",
            "redis://h?db=2&password=s3cret&prefix=a:",
        ] {
            assert!(!redacted(dsn).contains("cret"), "{}", redacted(dsn));
        }
        assert_eq!(redacted("redis://u:a@h?password=b&prefix=c:"), "redis://***@h?password=***&prefix=c:");
        assert_eq!(redacted("file:///a@b?password=c"), "file:///a@b?password=c");
        assert_eq!(redacted("file:///a"), "file:///a");
        assert_eq!(redacted(""), "");
    }

    #[test]
    fn a_redis_location_is_read_strictly() {
        for dsn in [
            "redis://",
            "redis://:1",
            "redis://u@h",
            "redis://h/x",
            "redis://h:99999",
            "redis://h?prefx=1",
            "redis://h?timeout=0",
            "redis://h?timeout=NaN",
            "redis://h?prefix=",
            "redis://h?prefix=%7Ba%7D",
            "redis://h?tls_insecure=1",
            "rediss://h?tls_insecure=2",
            "rediss://h?tls_ca=rel",
            "redis+unix://rel",
            "redis://h?password=a&password_file=/b",
            "redis://h?db=-1",
            "redis://h?db=1&db=1",
            "redis://h?password=a&password=b",
            "redis://h%00",
        ] {
            assert!(Location::parse(dsn).is_err(), "{dsn}");
        }
    }

    #[test]
    fn what_is_no_data_source_name_is_refused_with_one_that_is() {
        for dsn in [
            "",
            "/var",
            "sqlite://rel",
            "sqlite:/a",
            "sqlite:///a?b=1",
            "file://",
            "mysql://a",
            "sqlite:///a%00",
        ] {
            let said = Location::parse(dsn).unwrap_err();
            assert!(said.contains("://"), "{dsn}: {said}");
        }
    }
}
