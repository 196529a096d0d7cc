//! Who is let in, and with which rights.

use std::fs;
use std::process::{Command, Stdio};

use sse_core::Error;
use sse_core::signal::{self, Changes, Choice};
use sse_core::store::{Location, Start, redacted};
use sse_core::stream::request::Replay;
use tempfile::tempdir;

use super::{Server, free_port, refusal, server, until};
use crate::behaviours::{all, push, settle};
use crate::client::Client;
use crate::place::open;
use crate::support::{PATIENCE, draft, key, skip, wait};

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
        let watch = signal.watch(opened.reader.trigger()).unwrap();
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
    signal.watch(opened.reader.trigger()).unwrap();
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
