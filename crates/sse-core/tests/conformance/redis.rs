//! A Redis server of a test's own, and what only that engine can go through.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sse_core::Error;
use sse_core::error::Kind;
use sse_core::resume::Replay;
use sse_core::signal::{self, Changes, Choice, Signal};
use sse_core::store::{Location, Start, redacted};
use tempfile::{TempDir, tempdir};

use crate::behaviours::{all, push, settle};
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
fn over_tcp_and_with_a_password_in_each_of_its_forms() {
    let Some((directory, server)) = server(&["requirepass s3:cr/et@%"]) else { return };
    let (at, file) = (format!("127.0.0.1:{}", server.port()), directory.path().join("password"));
    fs::write(&file, "s3:cr/et@%\n").unwrap();
    for (number, dsn) in [
        format!("redis://:s3%3Acr%2Fet%40%25@{at}"),
        format!("redis://default:s3%3Acr%2Fet%40%25@{at}/0"),
        format!("redis://{at}?password=s3%3Acr%2Fet%40%25"),
        format!("redis://{at}?username=default&password_file={}", file.display()),
        format!("{}?password=s3%3Acr%2Fet%40%25", server.unix()),
    ]
    .iter()
    .enumerate()
    {
        let store = open(dsn, 100);
        push(&store, "a", &number.to_string());
        assert_eq!(all(&store, "a", None).len(), number + 1);
        let mut client = Client::connect(&store, &["a"], None, Replay::None);
        push(&store, "b", "1");
        push(&store, "a", "\"woken\"");
        assert_eq!(client.take(1), ["\"woken\""]);
        drop(client);
        server.cli(&["XTRIM", "sse:{a}log", "MAXLEN", &(number + 1).to_string()]);
        let shown = format!("{store:?} {} {}", Location::parse(dsn).unwrap(), redacted(dsn));
        assert!(!shown.contains("cr/et") && !shown.contains("cr%2Fet"), "{shown}");
    }
}

#[test]
fn wrong_credentials_are_refused_without_showing_them() {
    let Some((_directory, server)) = server(&["requirepass right"]) else { return };
    let at = format!("127.0.0.1:{}", server.port());
    for dsn in [format!("redis://{at}"), format!("redis://:wr0ng@{at}"), format!("redis://nobody:wr0ng@{at}")]
    {
        let error = refusal(&dsn);
        assert!(matches!(error, Error::RedisRefused { .. }), "{dsn}: {error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error}");
    }
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

/// Lets a user in as docs/engines.md says, and answers its data source name.
fn user(server: &Server, rules: &[&str]) -> String {
    server.cli(
        &[&["ACL", "SETUSER", "shop", "on", ">pass", "~shop:*", "+@all", "-@dangerous"], rules].concat(),
    );
    format!("{}?prefix=shop:&username=shop&password=pass", server.unix())
}

fn is_heard(server: &Server, channel: &str) -> bool {
    server.ask(&["PUBSUB", "CHANNELS", channel]) == channel
}

#[test]
fn a_user_with_the_rights_of_the_prefix_alone_is_woken_by_a_push() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&user(&server, &["&shop:*"]), 100);
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    // The second one is told to a listener that listens already.
    let watches = ["a", "b"].map(|name| {
        let opened = store.reader(&key(name), Start::Newest(0)).unwrap();
        let watch = signal.watch(opened.reader.path()).unwrap();
        until("its channel", || is_heard(&server, &format!("shop:0:{name}")));
        watch
    });
    settle(signal.as_mut());
    push(&store, "b", "1");
    wait(signal.as_ref(), PATIENCE);
    assert_eq!(signal.changes(), Changes::Some(vec![watches[1]]));
    assert_eq!(server.ask(&["ACL", "LOG"]), "", "nothing was refused");
}

#[test]
fn a_push_that_may_not_be_announced_is_refused_and_stores_nothing() {
    let Some((_directory, server)) = server(&[]) else { return };
    push(&open(&user(&server, &["&shop:*"]), 100), "known", "1");
    let store = open(&user(&server, &["resetchannels"]), 100);
    for (name, stored) in [("known", "1"), ("new", "0")] {
        let error = store.append(&key(name), &draft("2")).unwrap_err();
        assert!(matches!(error, Error::RedisRefused { .. }), "{error}");
        assert!(error.to_string().contains("channels of the prefix"), "{error}");
        assert_eq!(server.ask(&["XLEN", &format!("shop:{{{name}}}log")]), stored);
    }
    assert_eq!(server.ask(&["EXISTS", "shop:{new}meta"]), "0");
    // Nor is it said otherwise of keys and commands.
    for rules in [["resetkeys", "&shop:*"], ["~shop:*", "-xadd"]] {
        let refused = open(&user(&server, &rules), 100).append(&key("new"), &draft("2")).unwrap_err();
        assert!(matches!(refused, Error::RedisRefused { .. }), "{refused}");
    }
}

#[test]
fn a_listener_that_was_refused_asks_again() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&user(&server, &["resetchannels"]), 100);
    let opened = store.reader(&key("a"), Start::Newest(0)).unwrap();
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    signal.watch(opened.reader.path()).unwrap();
    until("a refusal", || server.ask(&["ACL", "LOG"]).contains("shop:control:"));
    user(&server, &["&shop:*"]);
    until("its channel", || is_heard(&server, "shop:0:a"));
}

#[test]
fn tls_needs_a_certificate_that_is_trusted() {
    let directory = tempdir().unwrap();
    let make = |subject: &str, name: &str, more: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", subject]);
        command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]).args(more);
        let made = command.current_dir(directory.path()).stderr(Stdio::null()).status();
        made.is_ok_and(|status| status.success())
    };
    let signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-addext", "basicConstraints=CA:FALSE"];
    let named = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    if !(make("/CN=authority", "authority", &[])
        && make("/CN=localhost", "server", &[&signed[..], &named].concat()))
    {
        return skip("OPENSSL IS MISSING: REDIS OVER TLS IS NOT TESTED");
    }
    let (port, of) = (free_port(), |name: &str| directory.path().join(name).display().to_string());
    let settings = [
        format!("tls-port {port}"),
        format!("tls-cert-file {}", of("server.pem")),
        format!("tls-key-file {}", of("server.key")),
        format!("tls-ca-cert-file {}", of("authority.pem")),
        "tls-auth-clients no".to_owned(),
    ];
    let Some(_server) = Server::start(directory.path(), &settings.each_ref().map(String::as_str)) else {
        return;
    };
    for host in ["localhost", "127.0.0.1"] {
        let store = open(&format!("rediss://{host}:{port}?tls_ca={}", of("authority.pem")), 100);
        let mut client = Client::connect(&store, &["a"], None, Replay::None);
        push(&store, "a", &format!("\"{}\"", "x".repeat(200_000)));
        assert_eq!(client.take(1)[0].len(), 200_002);
    }
    let trusting = open(&format!("rediss://localhost:{port}?tls_insecure=1"), 100);
    push(&trusting, "a", "1");
    let error = refusal(&format!("rediss://localhost:{port}"));
    assert!(matches!(error, Error::RedisCertificate { .. }), "{error}");
    let error = refusal(&format!("redis://localhost:{port}?timeout=1"));
    assert!(matches!(error, Error::RedisUnreachable { .. }), "{error}");
}

#[test]
fn an_unreachable_server_is_an_error_within_the_time_out() {
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let directory = tempdir().unwrap();
    for dsn in [
        format!("redis://127.0.0.1:{}", free_port()),
        format!("redis://127.0.0.1:{silent}?timeout=0.2"),
        format!("redis+unix://{}", directory.path().join("none.sock").display()),
        "redis://host.invalid".to_owned(),
    ] {
        let error = refusal(&dsn);
        assert!(matches!(error, Error::RedisUnreachable { .. }), "{dsn}: {error}");
        assert!(error.is_passing());
    }
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
fn a_stream_outlives_a_restart_and_loses_nothing_that_redis_kept() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let mut client = Client::connect(&store, &["a", "b"], None, Replay::None);
    push(&store, "a", "1");
    assert_eq!(client.take(1), ["1"]);
    push(&store, "b", "2");
    server.stop();
    let error = store.append(&key("a"), &draft("3")).unwrap_err();
    assert!(error.is_passing(), "{error}");
    server.run();
    until("a push", || store.append(&key("a"), &draft("4")).is_ok());
    let mut got = client.take_through_outages(2);
    got.sort();
    assert_eq!(got, ["2", "4"]);
    push(&store, "b", "5");
    assert_eq!(client.take_through_outages(1), ["5"]);
}

#[test]
fn a_stream_outlives_a_failover_and_each_try_asks_a_new_connection() {
    let Some((_directory, server)) = server(&["replica-serve-stale-data no"]) else { return };
    let store = open(&server.unix(), 1_000);
    push(&store, "a", "1");
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    assert_eq!(client.take(1), ["1"]);
    let mut reader = store.reader(&key("a"), Start::Newest(0)).unwrap().reader;
    let connections = || {
        let stats = server.ask(&["INFO", "stats"]);
        let count = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        count.unwrap().trim().parse::<u32>().unwrap()
    };
    let refused = |error: Error| {
        assert!(matches!(error, Error::RedisUnready { .. }) && error.is_passing(), "{error}");
    };
    let replica_of = |place: &str| server.cli(&["REPLICAOF", "127.0.0.1", place]);
    replica_of(&free_port().to_string());
    let before = connections();
    refused(store.append(&key("a"), &draft("2")).unwrap_err());
    // The second try's, and redis-cli's own.
    assert!(connections() >= before + 2);
    refused(reader.read(1).unwrap_err());
    refused(store.reader(&key("new"), Start::Oldest).unwrap_err());
    server.cli(&["CONFIG", "SET", "replica-serve-stale-data", "yes"]);
    refused(store.append(&key("a"), &draft("2")).unwrap_err());
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    push(&store, "a", "3");
    assert_eq!(client.take_through_outages(1), ["3"]);
    assert_eq!(all(&store, "a", None), ["1", "3"]);
}

#[test]
fn a_server_with_too_many_clients_is_not_taken_for_a_wrong_password() {
    let Some((_directory, server)) = server(&["requirepass right", "maxclients 3"]) else { return };
    let store = open(&format!("redis://:right@127.0.0.1:{}", server.port()), 1_000);
    let mut others: Vec<TcpStream> = Vec::new();
    until("all places to be taken", || {
        let mut other = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        other.write_all(b"PING\r\n").unwrap();
        let mut answer = [0; 64];
        let length = other.read(&mut answer).unwrap_or(0);
        let is_in = answer[..length].starts_with(b"-NOAUTH");
        others.extend(is_in.then_some(other));
        others.len() == 3
    });
    let error = store.append(&key("a"), &draft("1")).unwrap_err();
    assert!(error.is_passing(), "{error}");
    drop(others);
    until("a push", || store.append(&key("a"), &draft("1")).is_ok());
}

#[test]
fn what_a_restart_lost_is_a_gap() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    push(&store, "a", "1");
    let kept =
        (server.ask(&["XRANGE", "sse:{a}log", "-", "+"]), server.ask(&["HGET", "sse:{a}meta", "last"]));
    let mut client = Client::connect(&store, &["a"], None, Replay::All);
    push(&store, "a", "2");
    assert_eq!(client.take(2), ["1", "2"]);
    // As an older snapshot has it.
    let last = server.ask(&["HGET", "sse:{a}meta", "last"]);
    server.cli(&["XDEL", "sse:{a}log", &last]);
    server.cli(&["HSET", "sse:{a}meta", "last", &kept.1]);
    assert_eq!(server.ask(&["XRANGE", "sse:{a}log", "-", "+"]), kept.0);
    push(&store, "b", "1");
    let cursor = client.cursor();
    assert_eq!(Client::connect(&store, &["a"], Some(&cursor), Replay::None).take(1), ["…"]);
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
fn a_server_that_forgot_the_script_is_told_it_again() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    push(&store, "a", "1");
    server.cli(&["SCRIPT", "FLUSH"]);
    push(&store, "a", "2");
    assert_eq!(all(&store, "a", None), ["1", "2"]);
}

#[test]
fn a_connection_that_the_server_closed_is_replaced_and_the_push_stored_once() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    push(&store, "a", "1");
    server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert_eq!(all(&store, "a", None), ["1"]);
    // Used just now, so it isn't tried first.
    server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    push(&store, "a", "2");
    server.stop();
    server.run();
    push(&store, "a", "3");
    assert_eq!(all(&store, "a", None), ["1", "2", "3"]);
}

#[test]
fn ten_thousand_streams_share_two_connections() {
    let Some((_directory, server)) = server(&[]) else { return };
    let store = open(&server.unix(), 1_000);
    let (mut signal, _) = signal::open(Choice::Auto, &store.waits());
    let paths: Vec<PathBuf> = (0..10_000)
        .map(|number| {
            store.reader(&key(&format!("k{number}")), Start::Newest(0)).unwrap().reader.path().to_owned()
        })
        .collect();
    let watches: Vec<_> = paths.iter().map(|path| signal.watch(path).unwrap()).collect();
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
