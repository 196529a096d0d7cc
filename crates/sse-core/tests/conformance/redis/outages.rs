//! Servers that are gone, or can't serve for now.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use sse_core::Error;
use sse_core::store::Start;
use sse_core::stream::request::Replay;
use tempfile::tempdir;

use super::{free_port, refusal, server, until};
use crate::behaviours::{all, push};
use crate::client::Client;
use crate::place::open;
use crate::support::{draft, key};

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
