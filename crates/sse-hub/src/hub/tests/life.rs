//! How long streams live, and what becomes of what they held.

use super::*;

/// The pause, in milliseconds, that a client was told last.
fn last_pause(output: &str) -> u64 {
    output.lines().rev().find_map(|line| line.strip_prefix("retry: ")).unwrap().parse().unwrap()
}

#[test]
fn an_idle_stream_gets_a_heartbeat_and_one_that_is_blocked_for_long_is_cut() {
    let mut world = World::unlimited();
    let idle = world.open(&["k"], None, Replay::None);
    let stuck = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(stuck);
    world.push("k", 1);
    world.settle();
    for _ in 0..4 {
        world.now += Duration::from_secs(26);
        world.hub.tick(world.now, &mut world.clients);
    }
    assert!(world.output(idle).0.ends_with(": heartbeat\n\n"));
    assert_eq!(world.clients.closed, [stuck]);
    assert_eq!(world.hub.len(), 1);
}

#[test]
fn a_client_that_was_slow_gets_its_heartbeats_in_time_again() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(stream);
    world.push("k", 1);
    world.settle();
    world.now += Duration::from_secs(26);
    world.hub.tick(world.now, &mut world.clients);
    world.clients.blocked.clear();
    world.hub.writable(stream, world.now, &mut world.clients);
    assert_eq!(world.events(stream).0, [1]);
    world.now += Duration::from_secs(26);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.output(stream).0.ends_with(": heartbeat\n\n"));
}

#[test]
fn a_lifetime_ends_a_stream_cleanly() {
    let mut world = World::unlimited();
    let stream = world.take(&world.offer_for(Duration::from_secs(10)));
    world.now += Duration::from_secs(11);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.output(stream).1);
    assert_eq!(world.clients.closed, [stream]);
}

#[test]
fn a_client_that_takes_a_byte_now_and_then_is_cut_some_time_after_its_lifetime() {
    let mut world = World::unlimited();
    let stream = world.take(&world.offer_for(Duration::from_secs(10)));
    world.clients.room.insert(stream, 0);
    world.push("k", 1);
    world.settle();
    for _ in 0..20 {
        world.now += Duration::from_secs(10);
        world.clients.room.insert(stream, 1);
        world.hub.writable(stream, world.now, &mut world.clients);
        world.hub.tick(world.now, &mut world.clients);
    }
    assert_eq!(world.clients.closed, [stream]);
}

#[test]
fn a_hub_that_is_told_to_end_twice_says_goodbye_once() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.clients.room.insert(stream, 0);
    for _ in 0..2 {
        world.hub.drain(Duration::ZERO, world.now, &mut world.clients);
    }
    world.clients.room.insert(stream, 10_000);
    world.hub.writable(stream, world.now, &mut world.clients);
    let (output, is_ended) = world.output(stream);
    assert!(is_ended);
    assert_eq!(output.matches("come back later").count(), 1, "{output}");
}

#[test]
fn a_hub_that_ends_sends_its_clients_away_for_a_while() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.hub.drain(Duration::ZERO, world.now, &mut world.clients);
    let (output, is_ended) = world.output(stream);
    assert!((3_000..=15_000).contains(&last_pause(&output)) && is_ended, "{output}");
    assert!(world.hub.is_empty());
}

#[test]
fn a_hub_that_ends_over_a_while_ends_all_streams_by_then_each_with_a_pause() {
    let mut world = World::unlimited();
    let streams: Vec<StreamId> = (0..20).map(|_| world.open(&["k"], None, Replay::None)).collect();
    world.hub.drain(Duration::from_secs(10), world.now, &mut world.clients);
    assert_eq!(world.hub.len(), 20);
    world.now += Duration::from_secs(11);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.hub.is_empty());
    for stream in streams {
        let (output, is_ended) = world.output(stream);
        assert!((3_000..=15_000).contains(&last_pause(&output)) && is_ended, "{output}");
    }
}

#[test]
fn a_client_whose_offer_ended_with_the_hub_is_not_taken() {
    let mut world = World::unlimited();
    let offer = world.offer(world.directory.path(), &["k"], None, Replay::None);
    let ticket = world.hub.offer(&offer, world.now, &mut world.clients).unwrap();
    world.hub.drain(Duration::ZERO, world.now, &mut world.clients);
    world.hub.go(ticket, Go::of(1), world.now, &mut world.clients);
    assert!(world.hub.is_empty() && world.clients.sent.is_empty());
}

#[test]
fn a_connection_that_comes_late_is_not_given_to_another_stream_of_the_same_number() {
    let mut world = World::unlimited();
    let offer = world.offer(world.directory.path(), &["k"], None, Replay::None);
    let first = world.hub.offer(&offer, world.now, &mut world.clients).unwrap();
    world.hub.withdraw(first, world.now, &mut world.clients);
    let second = world.hub.offer(&offer, world.now, &mut world.clients).unwrap();
    assert_eq!(first.number(), second.number());
    assert!(!world.hub.is_offered(first) && world.hub.is_offered(second));
    world.hub.go(first, Go::of(1), world.now, &mut world.clients);
    assert!(world.hub.is_offered(second));
}

#[test]
fn a_full_hub_and_a_wrong_offer_refuse() {
    let mut world = World::new(Limits { streams: 1, descriptors: 100, recalls: RECALLS });
    let path = world.directory.path().to_owned();
    let offer = world.offer(&path, &["k"], None, Replay::None);
    let wrong = Offer { signal: "smoke".into(), ..offer.clone() };
    let refusal = world.hub.offer(&wrong, world.now, &mut world.clients).unwrap_err();
    assert_eq!(refusal.reason, Reason::Malformed, "{wrong:?}");
    world.take(&offer);
    let refusal = world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err();
    assert_eq!(refusal.reason, Reason::Full);
}

#[test]
fn streams_that_leave_give_back_all_they_held() {
    let mut world = World::unlimited();
    let path = world.directory.path().to_owned();
    let offered = world.offer(&path, &["a"], None, Replay::None);
    let offered = world.hub.offer(&offered, world.now, &mut world.clients).unwrap();
    let streams: Vec<StreamId> = (0..5).map(|_| world.open(&["a", "b"], None, Replay::None)).collect();
    world.hub.withdraw(offered, world.now, &mut world.clients);
    // FCGI_ABORT_REQUEST, and the end of input.
    world.hub.input(streams[1], Some(&[1, 2, 0, 1, 0, 0, 0, 0]), world.now, &mut world.clients);
    world.hub.input(streams[3], None, world.now, &mut world.clients);
    world.push("a", 1);
    world.settle();
    assert_eq!([0, 2, 4].map(|index| world.events(streams[index]).0), [[1], [1], [1]]);
    [0, 2, 4].iter().for_each(|&index| world.hub.input(streams[index], None, world.now, &mut world.clients));
    assert_eq!((world.hub.len(), world.hub.status(world.now).keys), (0, 0));
    assert!(!world.clients.sent.contains_key(&offered) || world.clients.closed.contains(&offered));
}

#[test]
fn a_client_that_is_gone_takes_its_stream_along_and_no_other() {
    let mut world = World::unlimited();
    let streams = [(); 3].map(|()| world.open(&["k"], None, Replay::None));
    world.clients.gone.push(streams[0]);
    world.push("k", 1);
    world.settle();
    assert_eq!(world.clients.closed, [streams[0]]);
    assert_eq!([1, 2].map(|index| world.events(streams[index]).0), [[1], [1]]);
}

#[test]
fn stores_that_nobody_follows_are_closed_after_a_while() {
    let mut world = World::unlimited();
    let directory = tempfile::tempdir().unwrap();
    let mut tenants = Vec::new();
    for tenant in 0..5 {
        let store = format!("sqlite://{}/{tenant}.sqlite", directory.path().display());
        let offer = Offer { store, ..world.offer(world.directory.path(), &["k"], None, Replay::None) };
        tenants.push(world.take(&offer));
    }
    let stays = world.open(&["k"], None, Replay::None);
    tenants.iter().for_each(|&tenant| world.hub.input(tenant, None, world.now, &mut world.clients));
    world.hub.tick(world.now, &mut world.clients);
    assert_eq!(world.hub.stores.len(), 6, "their clients may be coming back");
    world.now = world.hub.next_tick(world.now).unwrap();
    world.hub.tick(world.now, &mut world.clients);
    assert_eq!(world.hub.stores.len(), 1);
    world.push("k", 1);
    world.settle();
    assert_eq!(world.events(stays).0, [1]);
}

#[test]
fn streams_that_are_behind_on_many_keys_open_no_more_readers_than_there_are_descriptors() {
    const KEYS: u64 = 8;
    const STREAMS: usize = 4;
    // Each offer counts its keys as new ones.
    let descriptors = STREAMS + 2 * KEYS as usize + stores::DESCRIPTORS + 1;
    let mut world = World::new(Limits { streams: 100, descriptors, recalls: RECALLS });
    let names: Vec<String> = (0..KEYS).map(|key| key.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for number in 0..100 * KEYS {
        world.push(names[usize::try_from(number % KEYS).unwrap()], number);
    }
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(world.open(&names, None, Replay::All));
        assert!(world.hub.streams.readers().count() <= world.hub.descriptors_left() + 1);
        world.settle();
        assert!(world.hub.streams.readers().count() <= world.hub.descriptors_left() + 1);
    }
    for stream in streams {
        let mut got = world.events(stream).0;
        got.sort_unstable();
        assert_eq!(got, (0..100 * KEYS).collect::<Vec<_>>());
    }
}

#[test]
fn a_server_that_does_not_answer_is_left_alone_for_a_while() {
    let mut world = World::unlimited();
    // Connections wait in its queue for ever.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("redis://{}?timeout=0.05", server.local_addr().unwrap());
    let offer = Offer { store, ..world.offer(world.directory.path(), &["k"], None, Replay::None) };
    let first = world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err();
    assert_eq!(first.reason, Reason::Store);
    let again = world.hub.next_tick(world.now).unwrap();
    assert!(again > world.now);
    // Where somebody listens who says nothing, a question would end otherwise than where nobody does.
    drop(server);
    assert_eq!(world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err(), first);
    world.now = again;
    world.hub.tick(world.now, &mut world.clients);
    assert_ne!(world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err(), first);
}
