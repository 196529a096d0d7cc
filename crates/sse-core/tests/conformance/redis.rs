//! A Redis server of a test's own, and what only that engine can go through.

mod access;
mod outages;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sse_core::Error;
use sse_core::error::Kind;
use sse_core::id::EventId;
use sse_core::signal::{self, Changes, Choice, Signal};
use sse_core::store::{Item, Start};
use sse_core::stream::request::Replay;
use tempfile::{TempDir, tempdir};

use crate::behaviours::{all, push};
use crate::client::Client;
use crate::place::open;
use crate::support::{PATIENCE, draft, key, skip, wait};

/// Debian's `redis-server`, on a unix socket and on loopback, in a directory of the test's own.
pub struct Server {
    directory: PathBuf,
    port: u16,
    settings: Vec<String>,
    /// What redis-cli needs to be let in.
    login: Vec<String>,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// `None` where there is no such program; settings as in `redis.conf`.
    pub fn start(directory: &Path, settings: &[&str]) -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            skip("REDIS-SERVER IS MISSING: THE ENGINE REDIS IS NOT TESTED");
            return None;
        }
        let port = free_port();
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let login = settings
            .iter()
            .filter_map(|setting| setting.strip_prefix("requirepass "))
            .flat_map(|password| ["--no-auth-warning".to_owned(), "-a".to_owned(), password.to_owned()])
            .collect();
        let (directory, process) = (directory.to_owned(), Mutex::new(None));
        let server = Self { directory, port, settings, login, process };
        server.run();
        Some(server)
    }

    /// Starts it (again).
    pub fn run(&self) {
        let (socket, log) = (self.socket(), self.directory.join("redis.log"));
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--daemonize", "no", "--save", "", "--appendonly", "yes"]);
        command.args(["--appendfsync", "no", "--port", &self.port.to_string()]);
        command.arg("--dir").arg(&self.directory).arg("--unixsocket").arg(&socket).arg("--logfile").arg(&log);
        for setting in &self.settings {
            let (name, value) = setting.split_once(' ').unwrap();
            command.arg(format!("--{name}")).args(value.split(' '));
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        *self.process.lock().unwrap() = Some(child);
        let began = Instant::now();
        while !self.command(&["PING"]).output().is_ok_and(|out| out.stdout.starts_with(b"PONG")) {
            assert!(began.elapsed() < PATIENCE, "{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it, as a machine does that goes down in order.
    pub fn stop(&self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            child.wait().unwrap();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("redis-cli");
        command.arg("-s").arg(self.socket()).args(&self.login).args(arguments);
        command
    }

    /// What redis-cli answers.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let out = self.command(arguments).output().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
    }

    pub fn cli(&self, arguments: &[&str]) {
        self.ask(arguments);
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("redis.sock")
    }

    /// Its data source name on the unix socket.
    pub fn unix(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A place with a server of its own; the test ends here where there is none.
fn server(settings: &[&str]) -> Option<(TempDir, Server)> {
    let directory = tempdir().unwrap();
    let server = Server::start(directory.path(), settings)?;
    Some((directory, server))
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn refusal(dsn: &str) -> Error {
    let store = open(dsn, 10);
    let error = store.append(&key("a"), &draft("1")).unwrap_err();
    assert_eq!(error.kind(), Kind::Store);
    error
}

#[test]
fn databases_and_prefixes_are_stores_of_their_own() {
    let Some((_directory, server)) = server(&[]) else { return };
    let dsns = ["db=0&prefix=a:", "db=1&prefix=a:", "db=0&prefix=b:"];
    let stores = dsns.map(|parameters| open(&format!("{}?{parameters}", server.unix()), 100));
    let mut clients = stores.each_ref().map(|store| Client::connect(store, &["k"], None, Replay::None));
    for (number, store) in stores.iter().enumerate() {
        push(store, "k", &number.to_string());
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.take(1), [number.to_string()]);
        assert_eq!(client.all(), [""; 0]);
    }
    assert_eq!(server.ask(&["-n", "1", "EXISTS", "a:{k}log"]), "1");
}

#[test]
fn something_else_under_our_names_is_left_alone() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 10);
    for (name, command) in [("a", ["SET", "sse:{a}log", "theirs"]), ("b", ["SET", "sse:{b}meta", "theirs"])] {
        server.cli(&command);
        let error = store.append(&key(name), &draft("1")).unwrap_err();
        assert!(matches!(error, Error::RedisForeign { .. }), "{error}");
        assert_eq!(server.ask(&["GET", command[1]]), "theirs");
        assert!(store.reader(&key(name), Start::Oldest).is_err());
    }
    server.cli(&["SET", "other:store", "theirs"]);
    let error = refusal(&format!("{}?prefix=other:", server.unix()));
    assert!(matches!(error, Error::RedisForeign { .. }), "{error}");
}

#[test]
fn what_others_write_into_a_log_is_told_to_nobody() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let theirs = |count: usize| {
        for _ in 0..count {
            server.cli(&["XADD", "sse:{a}log", "*", "by", "hand", "d", "1"]);
        }
    };
    push(&store, "a", "1");
    let mut open_before = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(open_before.take(1), ["1"]);
    theirs(150);
    // The newest entry is theirs.
    assert_eq!(Client::connect(&store, &["a"], None, Replay::None).all(), [""; 0]);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::Newest(1)).all(), ["1"]);
    let second = push(&store, "a", "2");
    theirs(1);
    push(&store, "a", "3");
    assert_eq!(open_before.take(2), ["2", "3"]);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::Newest(3)).all(), ["1", "2", "3"]);
    assert_eq!(Client::connect(&store, &["a"], None, Replay::Newest(9)).all(), ["1", "2", "3"]);
    assert_eq!(all(&store, "a", Some(second)), ["3"]);
    let cursor = open_before.cursor();
    assert_eq!(Client::connect(&store, &["a"], Some(&cursor), Replay::None).all(), [""; 0]);
}

#[test]
fn ids_rise_when_the_clock_steps_back() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    push(&store, "a", "1");
    server.cli(&["XSETID", "sse:{a}log", "9999999999999-7"]);
    assert_eq!(push(&store, "a", "2").to_string(), "9999999999999-8");
    // Also where Redis has nothing left to know it from.
    server.cli(&["DEL", "sse:{a}log"]);
    assert_eq!(push(&store, "a", "3").to_string(), "9999999999999-9");
    assert_eq!(all(&store, "a", None), ["3"]);
}

#[test]
fn an_idle_key_expires_and_one_in_use_does_not() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    // Redis rounds.
    let days = |name: &str| (server.ask(&["TTL", name]).parse::<i64>().unwrap() + 60).div_euclid(86_400);
    push(&store, "a", "1");
    assert_eq!((days("sse:{a}log"), days("sse:{a}meta")), (30, 60));
    for name in ["sse:{a}log", "sse:{a}meta"] {
        server.cli(&["EXPIRE", name, "100000"]);
    }
    let just_now = sse_core::id::now_millis() - 1;
    server.cli(&["HSET", "sse:{a}meta", "due", &just_now.to_string()]);
    push(&store, "a", "2");
    assert_eq!((days("sse:{a}log"), days("sse:{a}meta")), (30, 60));
    store.reader(&key("b"), Start::Oldest).unwrap();
    assert_eq!(days("sse:{b}meta"), 60);
    assert_eq!(server.ask(&["TTL", "sse:store"]), "-1");
}

#[test]
fn a_key_that_nobody_pushes_to_is_tended_by_who_opens_it() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let first = push(&store, "a", "1");
    let second = push(&store, "a", "2");
    while push(&store, "a", "3").millis == second.millis {}
    assert_eq!(server.ask(&["HGET", "sse:{a}meta", "age"]), "86400000");
    assert_eq!(all(&store, "a", None)[0], "1");
    // As if a day had passed since.
    server.cli(&["HSET", "sse:{a}meta", "age", "0", "due", "1"]);
    assert_eq!(all(&store, "a", None), ["3"], "the newest stays");
    assert_eq!(all(&store, "a", Some(first)), ["…", "3"]);
}

#[test]
fn a_read_takes_no_more_than_was_asked_for_and_an_event_whatever_the_log_has() {
    let Some((_directory, server)) = server(&["proto-max-bulk-len 1gb"]) else { return };
    let store = open(&server.unix(), 1_000);
    crate::behaviours::push_all(&store, "a", 0..20);
    let large = format!("\"{}\"", "x".repeat(300_000));
    for _ in 0..5 {
        push(&store, "a", &large);
    }
    let mut reader = store.reader(&key("a"), Start::Oldest).unwrap().reader;
    let mut read = 0;
    loop {
        let items = reader.read(64 << 10).unwrap();
        if items.is_empty() {
            break;
        }
        read += items.len();
        let is_large = |item: &&Item| matches!(item, Item::Event(event) if event.draft.json.len() > 1_000);
        assert!(items.iter().filter(is_large).count() <= 1);
    }
    assert_eq!(read, 25);
    // Larger than any of ours; put there by a script, since it is too long for a command line.
    let add = "local last = redis.call('HGET', KEYS[2], 'last')
        local id = redis.call('XADD', KEYS[1], '*', 'p', last, 'd', string.rep('x', 70 * 1024 * 1024))
        redis.call('HSET', KEYS[2], 'last', id)";
    server.cli(&["EVAL", add, "2", "sse:{a}log", "sse:{a}meta"]);
    push(&store, "a", "\"after\"");
    assert_eq!(all(&store, "a", Some(reader.position())), ["…", "\"after\""]);
}

#[test]
fn events_age_by_the_clock_and_not_by_ids_that_are_ahead_of_it() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let day = 86_400_000;
    let (now, position) =
        (sse_core::id::now_millis(), store.reader(&key("a"), Start::Oldest).unwrap().last_id);
    let ahead = now + 9 * day;
    let add = |sequence: u64, before: &str, time: Option<u64>, json: &str| {
        let id = format!("{ahead}-{sequence}");
        let time = time.map(|millis| millis.to_string());
        let mut command = vec!["XADD", "sse:{a}log", &id, "p", before];
        command.extend(time.iter().flat_map(|time| ["t", time.as_str()]));
        command.extend(["d", json]);
        server.cli(&command);
        server.cli(&["HSET", "sse:{a}meta", "last", &id]);
        id
    };
    // While the clock is ahead, and then by the right one.
    let first = add(0, &position.to_string(), None, "1");
    let second = add(1, &first, Some(now - 3 * day), "2");
    add(2, &second, Some(now - day / 2), "3");
    // When it was ahead, this was set by it.
    server.cli(&["HSET", "sse:{a}meta", "due", &ahead.to_string(), "age", &day.to_string()]);
    let id = push(&store, "a", "4");
    assert_eq!(id, EventId::new(ahead, 3));
    assert_eq!(all(&store, "a", None), ["3", "4"]);
    assert!(server.ask(&["HGET", "sse:{a}meta", "due"]).parse::<u64>().unwrap() < now + day);
    let items = store.read(&key("a"), None, 9).unwrap();
    let Item::Event(event) = &items[1] else { panic!("{items:?}") };
    assert!((now..=sse_core::id::now_millis()).contains(&event.stored_millis), "{event:?}");
    // Who opens it tends it too; the newest stays.
    server.cli(&["HSET", "sse:{a}meta", "due", "1", "age", &(day / 24).to_string()]);
    assert_eq!(all(&store, "a", None), ["4"]);
    server.cli(&["HSET", "sse:{a}meta", "due", "1", "age", "0"]);
    assert_eq!(all(&store, "a", None), ["4"]);
}

#[test]
fn ten_thousand_streams_share_two_connections() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    let readers: Vec<_> = (0..10_000)
        .map(|number| store.reader(&key(&format!("k{number}")), Start::Newest(0)).unwrap().reader)
        .collect();
    let watches: Vec<_> = readers.iter().map(|reader| signal.watch(reader.trigger()).unwrap()).collect();
    until("all channels", || server.ask(&["PUBSUB", "CHANNELS", "sse:0:k*"]).lines().count() == 10_000);
    let clients = server.ask(&["CLIENT", "LIST"]).lines().count();
    assert!(clients <= 4, "the store's, two of the signal and redis-cli's own, not {clients}");
    let mut seen = std::collections::HashSet::new();
    let mut drain = |signal: &mut dyn Signal, watch| {
        wait(signal, Duration::from_millis(200));
        match signal.changes() {
            Changes::All => true,
            Changes::Some(changed) => {
                seen.extend(changed);
                seen.contains(&watch)
            }
        }
    };
    until("the first wake-up of each", || drain(signal.as_mut(), watches[9_999]));
    push(&store, "k7777", "1");
    until("a wake-up", || drain(signal.as_mut(), watches[7_777]));
    for watch in &watches[1..] {
        signal.unwatch(*watch);
    }
    until("one channel", || server.ask(&["PUBSUB", "CHANNELS", "sse:0:k*"]) == "sse:0:k0");
    drop(signal);
    until("the signal's connections to end", || {
        server.ask(&["PUBSUB", "CHANNELS"]).lines().all(str::is_empty)
    });
}
