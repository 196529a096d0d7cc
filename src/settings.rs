//! The `sse.*` settings: their names, defaults, ranges and what they say when one is wrong.

use std::ffi::CStr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ext_php_rs::flags::IniEntryPermission;
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};
use sse_core::retention::Retention;
use sse_core::signal::Choice;
use sse_core::store::{Location, Patience, Policy, redacted};

use crate::basedir;
use crate::php::exception::Failure;
use crate::php::ini;

/// One setting: its name, its default, and the check of its text.
pub struct Setting {
    name: &'static CStr,
    default: &'static CStr,
    check: fn(&str) -> Result<(), String>,
}

const DSN: &CStr = c"sse.dsn";
const DIR: &CStr = c"sse.dir";
const SIGNAL: &CStr = c"sse.signal";
const RETENTION_SECONDS: &CStr = c"sse.retention_seconds";
const RETENTION_EVENTS: &CStr = c"sse.retention_events";
const RETENTION_BYTES: &CStr = c"sse.retention_bytes";
const MAX_PAYLOAD: &CStr = c"sse.max_payload";
const HEARTBEAT: &CStr = c"sse.heartbeat";
const RETRY: &CStr = c"sse.retry";
const LIFETIME: &CStr = c"sse.lifetime";
const FSYNC: &CStr = c"sse.fsync";
const WORKER_STREAMS: &CStr = c"sse.worker_streams";
const HUB: &CStr = c"sse.hub";
const HUB_SOCKET: &CStr = c"sse.hub_socket";
const HUB_LOG: &CStr = c"sse.hub_log";
const MAX_STREAMS: &CStr = c"sse.max_streams";
const DRAIN: &CStr = c"sse.drain";
const RECALL_CONCURRENCY: &CStr = c"sse.recall_concurrency";
const RECALL_INTERVAL: &CStr = c"sse.recall_interval";

const COUNT: usize = 19;

static SETTINGS: [Setting; COUNT] = [
    Setting {
        name: DSN,
        default: c"",
        check: |text| if text.is_empty() { Ok(()) } else { dsn(text).map(drop) },
    },
    Setting { name: DIR, default: c"/var/lib/php-sse", check: |text| directory(text).map(drop) },
    Setting { name: SIGNAL, default: c"auto", check: |text| signal(text).map(drop) },
    Setting {
        name: RETENTION_SECONDS,
        default: c"86400",
        check: |text| seconds(text, RETENTION_AGE).map(drop),
    },
    Setting {
        name: RETENTION_EVENTS,
        default: c"1000",
        check: |text| whole(text, RETAINED_EVENTS).map(drop),
    },
    Setting { name: RETENTION_BYTES, default: c"8M", check: |text| bytes(text, RETAINED_BYTES).map(drop) },
    Setting { name: MAX_PAYLOAD, default: c"1M", check: |text| bytes(text, PAYLOAD).map(drop) },
    Setting { name: HEARTBEAT, default: c"25", check: |text| seconds(text, HEARTBEATS).map(drop) },
    Setting { name: RETRY, default: c"1000-4000", check: |text| retry(text).map(drop) },
    Setting { name: LIFETIME, default: c"3600", check: |text| seconds(text, LIFETIMES).map(drop) },
    Setting { name: FSYNC, default: c"0", check: |text| switch(text).map(drop) },
    Setting { name: WORKER_STREAMS, default: c"0", check: |text| whole(text, STREAMS).map(drop) },
    Setting { name: HUB, default: c"auto", check: |text| auto(text).map(drop) },
    Setting { name: HUB_SOCKET, default: c"", check: |text| optional_path(text).map(drop) },
    Setting { name: HUB_LOG, default: c"", check: |text| optional_path(text).map(drop) },
    Setting { name: MAX_STREAMS, default: c"0", check: |text| whole(text, HUB_STREAMS).map(drop) },
    Setting { name: DRAIN, default: c"300", check: |text| seconds(text, DRAINS).map(drop) },
    Setting { name: RECALL_CONCURRENCY, default: c"2", check: |text| whole(text, RECALLS).map(drop) },
    Setting { name: RECALL_INTERVAL, default: c"15", check: |text| seconds(text, RECALL_PAUSES).map(drop) },
];

/// Seconds between heartbeats.
pub const HEARTBEATS: RangeInclusive<f64> = 1.0..=3_600.0;
/// Seconds a stream may live, 0 for no end; a week.
pub const LIFETIMES: RangeInclusive<f64> = 0.0..=604_800.0;
/// Seconds between calls of `onLoop`.
pub const POLLS: RangeInclusive<f64> = 0.05..=3_600.0;
const RETENTION_AGE: RangeInclusive<f64> = 1.0..=315_360_000.0;
const RETAINED_EVENTS: RangeInclusive<u64> = 1..=10_000_000;
const RETAINED_BYTES: RangeInclusive<u64> = 1_024..=1 << 36;
const PAYLOAD: RangeInclusive<u64> = 1_024..=64 << 20;
const STREAMS: RangeInclusive<u64> = 0..=65_536;
const HUB_STREAMS: RangeInclusive<u64> = 0..=10_000_000;
const DRAINS: RangeInclusive<f64> = 0.0..=86_400.0;
const RECALLS: RangeInclusive<u64> = 1..=64;
const RECALL_PAUSES: RangeInclusive<f64> = 0.05..=3_600.0;
/// Seconds without a stream after which a hub ends, 0 for never.
pub const IDLES: RangeInclusive<f64> = 0.0..=86_400.0;
/// Milliseconds a client may be told to wait; an hour.
const RETRIES: RangeInclusive<u64> = 0..=3_600_000;

static ENTRIES: IniEntryDefs<{ COUNT + 1 }> = IniEntryDefs::new(entries());

const fn entries() -> [IniEntryDef; COUNT + 1] {
    let mut all = [const { IniEntryDef::end() }; COUNT + 1];
    let mut index = 0;
    while index < COUNT {
        let setting = &SETTINGS[index];
        all[index] = IniEntryDef::new(setting.name, setting.default, IniEntryPermission::All);
        index += 1;
    }
    // The first is sse.dsn, which may have a password in it.
    all[0].displayer = Some(ini::show_dsn);
    all
}

/// Makes the settings known to PHP.
pub fn register(module_number: i32) {
    IniEntryDef::register(ENTRIES.as_slice(), module_number);
}

/// The names of all settings, without `sse.`.
fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| short_name(setting.name))
}

/// A setting by its name without `sse.`.
pub fn setting(short: &str) -> Result<&'static Setting, Failure> {
    let found = SETTINGS.iter().find(|setting| short_name(setting.name) == short);
    found.ok_or_else(|| Failure::unknown("setting", short, names()))
}

impl Setting {
    /// Its whole name.
    pub fn name(&self) -> &'static str {
        self.name.to_str().unwrap_or_default()
    }

    /// Its value as it stands in this request.
    pub fn text(&self) -> String {
        ini::get(self.name)
    }

    /// Checks a value before it is set.
    pub fn check(&self, value: &str) -> Result<(), Failure> {
        (self.check)(value).map_err(|expected| wrong(self.name(), value, &expected))?;
        // What it is already may be the administrator's.
        if value == self.text() { Ok(()) } else { basedir::check(self.name(), &paths(self.name, value)) }
    }
}

/// The first setting that is wrong, if one is: streams that need it throw this. Those that say where the
/// store is are not looked at, as one of them may be set in vain.
pub fn problem() -> Option<String> {
    let others = SETTINGS.iter().filter(|setting| setting.name != DSN && setting.name != DIR);
    others.filter_map(|setting| setting.check(&setting.text()).err()).find_map(Failure::argument)
}

fn short_name(name: &'static CStr) -> &'static str {
    name.to_str().unwrap_or_default().trim_start_matches("sse.")
}

/// The store that is set for this request.
pub fn location() -> Result<Location, Failure> {
    let text = ini::get(DSN);
    if text.is_empty() { path_value(DIR, directory).map(Location::Directory) } else { path_value(DSN, dsn) }
}

/// How a store keeps events.
pub fn store() -> Result<Policy, Failure> {
    Ok(Policy {
        retention: Retention {
            age: value(RETENTION_SECONDS, |text| seconds(text, RETENTION_AGE))?,
            events: value(RETENTION_EVENTS, |text| whole(text, RETAINED_EVENTS))?,
            bytes: value(RETENTION_BYTES, |text| bytes(text, RETAINED_BYTES))?,
        },
        max_payload: usize::try_from(value(MAX_PAYLOAD, |text| bytes(text, PAYLOAD))?).unwrap_or(usize::MAX),
        sync: value(FSYNC, switch)?,
        patience: Patience::default(),
    })
}

/// How streams wait.
pub fn signal_choice() -> Result<Choice, Failure> {
    value(SIGNAL, signal)
}

/// Seconds between heartbeats.
pub fn heartbeat() -> Result<Duration, Failure> {
    value(HEARTBEAT, |text| seconds(text, HEARTBEATS))
}

/// How long a stream may live; zero for no end.
pub fn lifetime() -> Result<Duration, Failure> {
    value(LIFETIME, |text| seconds(text, LIFETIMES))
}

/// Milliseconds from which a client's pause is drawn.
pub fn retry_range() -> Result<RangeInclusive<u64>, Failure> {
    value(RETRY, retry)
}

/// Streams that may hold a worker at a time; 0 for any number.
pub fn worker_streams() -> Result<u64, Failure> {
    value(WORKER_STREAMS, |text| whole(text, STREAMS))
}

/// Whether streams may be handed to the hub.
pub fn hub() -> Result<bool, Failure> {
    value(HUB, auto)
}

/// The hub's socket, if it is set.
pub fn hub_socket() -> Result<Option<PathBuf>, Failure> {
    path_value(HUB_SOCKET, optional_path)
}

/// The hub's log, if it is set.
pub fn hub_log() -> Result<Option<PathBuf>, Failure> {
    path_value(HUB_LOG, optional_path)
}

/// Streams that a hub takes; none for as many as its descriptors allow.
pub fn max_streams() -> Result<Option<usize>, Failure> {
    let streams = value(MAX_STREAMS, |text| whole(text, HUB_STREAMS))?;
    Ok(usize::try_from(streams).ok().filter(|streams| *streams > 0))
}

/// The time over which an outdated hub ends its streams.
pub fn drain() -> Result<Duration, Failure> {
    value(DRAIN, |text| seconds(text, DRAINS))
}

/// Requests that a hub makes at a time to one PHP-FPM.
pub fn recall_concurrency() -> Result<usize, Failure> {
    let count = value(RECALL_CONCURRENCY, |text| whole(text, RECALLS))?;
    Ok(usize::try_from(count).unwrap_or(1))
}

/// The shortest pause between two calls of the `onLoop` of a stream that a hub has.
pub fn recall_interval() -> Result<Duration, Failure> {
    value(RECALL_INTERVAL, |text| seconds(text, RECALL_PAUSES))
}

/// What the hub's settings are here, for starting one. Read and written anew: they stand on its command
/// line, where PHP code must not have a say beyond the numbers.
pub fn for_hub() -> Result<[(&'static str, String); 4], Failure> {
    let streams = max_streams()?.unwrap_or(0);
    Ok([
        ("sse.max_streams", streams.to_string()),
        ("sse.drain", drain()?.as_secs_f64().to_string()),
        ("sse.recall_concurrency", recall_concurrency()?.to_string()),
        ("sse.recall_interval", recall_interval()?.as_secs_f64().to_string()),
    ])
}

fn value<T>(name: &CStr, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Failure> {
    let text = ini::get(name);
    read(&text).map_err(|expected| wrong(&name.to_string_lossy(), &text, &expected))
}

/// A value with paths, which code that may not use them can't have set.
fn path_value<T>(name: &CStr, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Failure> {
    let read = value(name, read)?;
    if ini::is_set_by_code(name) {
        basedir::check(&name.to_string_lossy(), &paths(name, &ini::get(name)))?;
    }
    Ok(read)
}

/// The paths that a setting's value has.
fn paths(name: &CStr, value: &str) -> Vec<PathBuf> {
    if name == DSN {
        dsn(value).map(|location| location.paths()).unwrap_or_default()
    } else if [DIR, HUB_SOCKET, HUB_LOG].contains(&name) {
        optional_path(value).ok().flatten().into_iter().collect()
    } else {
        Vec::new()
    }
}

fn wrong(name: &str, value: &str, expected: &str) -> Failure {
    let shown = if name == "sse.dsn" { redacted(value) } else { value.to_owned() };
    Failure::Argument(format!(
        "{name} is \"{}\"; it takes {expected}",
        sse_core::printable::Printable(shown.as_bytes())
    ))
}

/// Reads a data source name.
pub fn dsn(text: &str) -> Result<Location, String> {
    Location::parse(text)
}

fn optional_path(text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    directory(text).map(Some).map_err(|_| "an absolute path, or nothing".into())
}

/// "auto", or what PHP takes for off.
fn auto(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Ok(true),
        "off" | "0" | "" => Ok(false),
        _ => Err("auto or off".into()),
    }
}

fn directory(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if path.is_absolute() && !text.contains('\0') {
        Ok(path.to_owned())
    } else {
        Err("an absolute path, such as /var/lib/php-sse".into())
    }
}

fn signal(text: &str) -> Result<Choice, String> {
    text.parse().map_err(str::to_owned)
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "0" | "off" | "no" | "false" => Ok(false),
        "1" | "on" | "yes" | "true" => Ok(true),
        _ => Err("0 or 1".into()),
    }
}

fn whole(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let expected = || format!("a whole number from {} to {}", range.start(), range.end());
    text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(expected)
}

/// Bytes as in php.ini: a number, or one with K, M or G.
fn bytes(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let expected = || format!("bytes from {} to {}, also as 64K, 8M or 1G", range.start(), range.end());
    let text = text.trim();
    let (number, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (text.get(..text.len() - 1), 1 << 10),
        Some(b'm' | b'M') => (text.get(..text.len() - 1), 1 << 20),
        Some(b'g' | b'G') => (text.get(..text.len() - 1), 1 << 30),
        _ => (Some(text), 1_u64),
    };
    let number: Option<u64> = number.and_then(|number| number.trim().parse().ok());
    number
        .and_then(|number| number.checked_mul(unit))
        .filter(|number| range.contains(number))
        .ok_or_else(expected)
}

/// A duration in seconds, fractions allowed.
pub fn seconds(text: &str, range: RangeInclusive<f64>) -> Result<Duration, String> {
    let expected = || format!("seconds from {} to {}, fractions allowed", range.start(), range.end());
    let number: f64 = text.trim().parse().map_err(|_| expected())?;
    if range.contains(&number) {
        Duration::try_from_secs_f64(number).map_err(|_| expected())
    } else {
        Err(expected())
    }
}

/// Milliseconds, or a range of them from which each stream draws.
pub fn retry(text: &str) -> Result<RangeInclusive<u64>, String> {
    let expected = || {
        format!("milliseconds from {} to {}, or a range such as 1000-4000", RETRIES.start(), RETRIES.end())
    };
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let from: u64 = from.trim().parse().map_err(|_| expected())?;
    let to: u64 = to.trim().parse().map_err(|_| expected())?;
    if from <= to && RETRIES.contains(&from) && RETRIES.contains(&to) {
        Ok(from..=to)
    } else {
        Err(expected())
    }
}
