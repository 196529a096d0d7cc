//! The hand-off between workers and a hub that is a process: kills, replacements, hostile workers.
//!
//! The hub is this very binary, started again by the client's own start, with a variable that says
//! where it listens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking; clippy knows only #[test] functions"
)]

mod crash;
mod hostile;
mod locked;
mod world;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::time::Instant;

use rustix::net::sockopt::tcp_nodelay;
use rustix::process::{Pid, Signal};
use sse_hub::meeting::address::Address;
use sse_hub::wire::message::{Build, Go, Offer, PROTOCOL, Reason, ToHub, ToWorker};
use sse_hub::worker::client::HubClient;
use sse_hub::worker::start::Program;

use world::*;

#[test]
fn a_client_that_was_handed_over_gets_events() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "event: connected");
    world.push("hello");
    assert!(read_until(&mut near, "\"hello\"\n\n").contains("event: message\n"));
}

#[test]
fn a_client_gets_events_that_came_between_ready_and_go() {
    let world = World::new();
    let mut client = HubClient::default();
    let (mut near, far) = pair();
    let offered = world.offer(&mut client).unwrap();
    world.push("between");
    offered.go(Go::of(1), far.as_fd()).unwrap();
    read_until(&mut near, "\"between\"\n\n");
}

#[test]
fn a_hub_that_was_killed_is_replaced_by_the_next_offer() {
    let world = World::new();
    let mut client = HubClient::default();
    read_until(&mut world.hand_over(&mut client), "connected");
    let first = world.pid();
    world.end(Signal::KILL);
    read_until(&mut world.hand_over(&mut client), "connected");
    assert_ne!(world.pid(), first);
}

#[test]
fn a_hub_killed_between_ready_and_go_leaves_the_client_with_its_worker() {
    let world = World::new();
    let mut client = HubClient::default();
    let (mut near, mut far) = pair();
    let offered = world.offer(&mut client).unwrap();
    world.end(Signal::KILL);
    match offered.go(Go::of(1), far.as_fd()) {
        Err(_) => {
            far.write_all(b"still ours").unwrap();
            read_until(&mut near, "still ours");
        }
        Ok(()) => {
            drop(far);
            assert_eq!(read_to_end(&mut near), b"");
        }
    }
}

#[test]
fn a_hub_killed_after_go_cuts_its_clients() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    world.end(Signal::KILL);
    read_to_end(&mut near);
}

#[test]
fn a_worker_that_ends_after_its_offer_withdraws_it_and_the_client_is_untouched() {
    let world = World::new();
    let (near, _far) = pair();
    drop(world.hand_over(&mut HubClient::default()));
    wait_for("the first stream to leave", || world.streams() == 0);
    let connection = world.connect();
    send(&connection, &ToHub::Offer(Box::new(world.stream())), None);
    assert_eq!(answer(&connection), Some(ToWorker::Ready));
    assert_eq!(world.streams(), 1);
    drop(connection);
    wait_for("the offer to be withdrawn", || world.streams() == 0);
    near.set_nonblocking(true).unwrap();
    assert_eq!((&near).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_second_offer_withdraws_the_first() {
    let world = World::new();
    drop(world.hand_over(&mut HubClient::default()));
    wait_for("the first stream to leave", || world.streams() == 0);
    let connection = world.connect();
    for _ in 0..3 {
        send(&connection, &ToHub::Offer(Box::new(world.stream())), None);
        assert_eq!(answer(&connection), Some(ToWorker::Ready));
    }
    assert_eq!(world.streams(), 1);
}

#[test]
fn many_workers_at_once_start_one_hub() {
    let world = World::new();
    let barrier = std::sync::Barrier::new(20);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                barrier.wait();
                // Busy machines: a worker may run out of patience, and then it is the next one's turn.
                let deadline = Instant::now() + PATIENCE;
                while let Err(declined) = world.offer(&mut HubClient::default()) {
                    assert!(Instant::now() < deadline, "{declined:?}");
                }
            });
        }
    });
    assert_eq!(world.log().matches("listens, takes").count(), 1, "{}", world.log());
}

#[test]
fn a_hub_that_is_told_to_end_says_goodbye_and_the_next_offer_starts_another() {
    let world = World::new();
    let mut client = HubClient::default();
    let mut near = world.hand_over(&mut client);
    read_until(&mut near, "connected");
    let first = world.pid();
    world.end(Signal::TERM);
    let last = read_to_end(&mut near);
    assert!(String::from_utf8_lossy(&last).contains("retry: "));
    assert!(last.ends_with(&sse_hub::wire::record::end(1, true)), "{last:?}");
    assert!(!world.address.socket.exists() && !world.address.pid_file().exists());
    read_until(&mut world.hand_over(&mut client), "connected");
    assert_ne!(world.pid(), first);
}

#[test]
fn over_tcp_a_frame_does_not_wait_for_the_one_before_it() {
    let world = World::new();
    let (mut near, far) = tcp_pair();
    assert!(!tcp_nodelay(&far).unwrap());
    world.offer(&mut HubClient::default()).unwrap().go(Go::of(1), far.as_fd()).unwrap();
    read_until(&mut near, "connected");
    assert!(tcp_nodelay(&far).unwrap());
}

#[test]
fn over_tcp_a_requests_end_and_the_connections_end_come_together() {
    let world = World::new();
    let (mut near, far) = tcp_pair();
    world.offer(&mut HubClient::default()).unwrap().go(Go::of(1), far.as_fd()).unwrap();
    drop(far);
    read_until(&mut near, "connected");
    // The hub ends each of its streams.
    let _ = rustix::process::kill_process(world.pid().unwrap(), Signal::TERM);
    let mut all = Vec::new();
    while !all.ends_with(&sse_hub::wire::record::end(1, true)) {
        let mut piece = [0; 4_096];
        let count = near.read(&mut piece).unwrap();
        assert!(count > 0, "{all:?}");
        all.extend_from_slice(&piece[..count]);
    }
    near.set_nonblocking(true).unwrap();
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_worker_of_another_build_is_taken_while_the_hubs_file_is_the_same() {
    let world = World::new();
    let mut client = HubClient::default();
    read_until(&mut world.hand_over(&mut client), "connected");
    let first = world.pid();
    let offer = Offer { from: build("another"), ..world.stream() };
    let (mut near, far) = pair();
    world.offer_this(&mut client, offer, None).unwrap().go(Go::of(1), far.as_fd()).unwrap();
    read_until(&mut near, "connected");
    assert_eq!(world.pid(), first);
}

#[test]
fn a_client_that_left_before_it_was_handed_over_is_forgotten() {
    let world = World::new();
    let mut client = HubClient::default();
    let (mut near, far) = pair();
    let offered = world.offer(&mut client).unwrap();
    // The end of its input, and that of the connection behind it.
    near.write_all(&[1, 5, 0, 1, 0, 0, 0, 0]).unwrap();
    near.shutdown(std::net::Shutdown::Write).unwrap();
    offered.go(Go::of(1), far.as_fd()).unwrap();
    wait_for("the stream to be forgotten", || world.streams() == 0);
}

#[test]
fn an_address_is_looked_for_only_where_there_is_no_connection() {
    let world = World::new();
    let mut client = HubClient::default();
    read_until(&mut world.hand_over(&mut client), "connected");
    let unasked = |_: &Address| -> Result<Program, String> { panic!("looked for a hub's address again") };
    assert!(client.offer(&world.required, unasked, world.stream()).is_ok());
}

#[test]
fn a_worker_that_speaks_another_version_is_refused() {
    let world = World::new();
    let offer = Offer { from: Build { protocol: PROTOCOL + 1, ..world.build.clone() }, ..world.stream() };
    let declined = world.offer_this(&mut HubClient::default(), offer, None).unwrap_err();
    assert_eq!(declined.reason, Some(Reason::Ending));
}

#[test]
fn an_offer_that_is_dropped_is_withdrawn() {
    let world = World::new();
    let mut client = HubClient::default();
    drop(world.offer(&mut client).unwrap());
    wait_for("the offer to be withdrawn", || world.streams() == 0);
    read_until(&mut world.hand_over(&mut client), "connected");
}

#[test]
fn a_hub_that_is_to_stay_takes_the_place_of_one_that_a_worker_started() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    let first = world.pid();
    let command = world.program(None).command;
    let mut stays = std::process::Command::new(&command[0]);
    stays.args(&command[1..]).env(STAYS, "1").stdout(std::process::Stdio::null());
    let mut stays = stays.spawn().unwrap();
    assert!(String::from_utf8_lossy(&read_to_end(&mut near)).contains("retry: "));
    wait_for("the hub that stays", || world.pid().is_some_and(|pid| Some(pid) != first));
    read_until(&mut world.hand_over(&mut HubClient::default()), "connected");
    world.end(Signal::TERM);
    stays.wait().unwrap();
}

#[test]
fn a_hub_whose_file_was_replaced_gives_way_to_one_of_the_new_build() {
    let world = World::new();
    // Its build is none that its file could have, as if that were another one by now.
    let old = Offer { from: build("old"), ..world.stream() };
    let (mut near, far) = pair();
    let mut client = HubClient::default();
    world.offer_this(&mut client, old, Some("old")).unwrap().go(Go::of(1), far.as_fd()).unwrap();
    drop(far);
    read_until(&mut near, "connected");
    let first = world.pid().unwrap();
    read_until(&mut world.hand_over(&mut HubClient::default()), "connected");
    assert!(String::from_utf8_lossy(&read_to_end(&mut near)).contains("retry: "));
    assert_ne!(world.pid(), Some(first));
    wait_for("the old hub's end", || !is_alive(first));
}

#[test]
fn status_tells_of_the_hub_and_starts_none() {
    let world = World::new();
    let why = HubClient::default().status(&world.required, &world.address).unwrap_err().why;
    assert_eq!(why, "no hub runs now; the first stream starts it");
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    let status = HubClient::default().status(&world.required, &world.address).unwrap();
    assert_eq!((status.streams, status.taken, status.keys, status.last_error), (1, 1, 1, None));
    assert_eq!(status.socket, world.address.socket.display().to_string());
    assert_eq!(Pid::from_raw(status.pid.cast_signed()), world.pid());
}

#[test]
fn a_client_that_leaves_gives_its_stream_back() {
    let world = World::new();
    drop(world.hand_over(&mut HubClient::default()));
    wait_for("the stream to leave", || world.streams() == 0);
}
