//! Workers that say what no worker says: each loses its connection, and nobody else anything.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sse_hub::meeting::socket;
use sse_hub::wire::message::{self, Go, MAX_MESSAGE, ToHub, ToWorker};
use sse_hub::worker::client::HubClient;

use crate::world::*;

#[test]
fn a_wrong_message_ends_its_connection_and_no_other() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    let offer = message::write(&ToHub::Offer(Box::new(world.stream()))).unwrap();
    let go = message::write(&ToHub::Go(Go::of(1))).unwrap();
    for wrong in [
        b"\x00\xff\x17 no message".to_vec(),
        offer[..offer.len() - 1].to_vec(),
        [offer.as_slice(), b"}"].concat(),
        vec![b' '; MAX_MESSAGE + 1],
        b"[".repeat(MAX_MESSAGE),
        go,
    ] {
        let connection = world.connect();
        socket::send(&connection, &wrong, None).unwrap();
        assert_eq!(answer(&connection), None, "{}", String::from_utf8_lossy(&wrong[..wrong.len().min(99)]));
    }
    assert_eq!(world.streams(), 1);
    world.push("on");
    read_until(&mut near, "\"on\"");
}

#[test]
fn go_without_a_connection_gives_the_offered_stream_back() {
    let world = World::new();
    drop(world.hand_over(&mut HubClient::default()));
    let connection = world.connect();
    send(&connection, &ToHub::Offer(Box::new(world.stream())), None);
    assert_eq!(answer(&connection), Some(ToWorker::Ready));
    send(&connection, &ToHub::Go(Go::of(1)), None);
    assert_eq!(answer(&connection), None);
    wait_for("the offer to be withdrawn", || world.streams() == 0);
}

#[test]
fn go_with_what_is_no_connection_gives_the_stream_back() {
    let world = World::new();
    let file = File::open("/dev/null").unwrap();
    let directory = File::open("/").unwrap();
    let listener = UnixListener::bind(world.path.join("listener")).unwrap();
    let datagrams = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let mut client = HubClient::default();
    for wrong in [file.as_fd(), directory.as_fd(), listener.as_fd(), datagrams.as_fd()] {
        world.offer(&mut client).unwrap().go(Go::of(1), wrong).unwrap();
        wait_for("the stream to leave", || world.streams() == 0);
    }
}

#[test]
fn a_descriptor_beside_an_offer_is_closed() {
    let world = World::new();
    drop(world.hand_over(&mut HubClient::default()));
    let connection = world.connect();
    let (mut near, far) = pair();
    send(&connection, &ToHub::Offer(Box::new(world.stream())), Some(far.as_fd()));
    drop(far);
    answer(&connection);
    assert_eq!(read_to_end(&mut near), b"");
}

#[test]
fn no_mutation_of_a_message_harms_other_streams() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    let valid: Vec<Vec<u8>> =
        [ToHub::Offer(Box::new(world.stream())), ToHub::Go(Go::of(1)), ToHub::Status(world.build.clone())]
            .iter()
            .map(|message| message::write(message).unwrap())
            .collect();
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    let mutation = (0..valid.len(), prop::collection::vec(change, 1..4), any::<bool>());
    let mut runner = TestRunner::deterministic();
    let until = Instant::now() + Duration::from_secs(4);
    let (_kept, beside) = pair();
    for _ in 0..3_000 {
        if Instant::now() > until {
            break;
        }
        let (which, changes, with) = mutation.new_tree(&mut runner).unwrap().current();
        let mut bytes = valid[which].clone();
        for (index, byte, how) in changes {
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let connection = world.connect();
        // The hub may have closed it after the first.
        let _ = socket::send(&connection, &bytes, with.then_some(beside.as_fd()));
        let _ = socket::send(&connection, &valid[2], None);
        let _ = socket::receive(&connection, &mut socket::space());
    }
    // What was offered by a mutation that is an offer still.
    wait_for("the others to leave", || world.streams() == 1);
    world.push("on");
    read_until(&mut near, "\"on\"");
}

#[test]
fn a_hub_has_as_many_descriptors_after_many_streams_as_before() {
    let world = World::new();
    let mut client = HubClient::default();
    read_until(&mut world.hand_over(&mut client), "connected");
    wait_for("the stream to leave", || world.streams() == 0);
    let pid = world.pid().unwrap().as_raw_nonzero();
    let descriptors = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let before = descriptors();
    for _ in 0..2_000 {
        drop(world.hand_over(&mut client));
    }
    wait_for("all streams to leave", || world.streams() == 0);
    // Those that asked for the number of streams may not be gone yet.
    wait_for("all descriptors to be closed", || descriptors() <= before);
    assert_eq!(world.pid().unwrap().as_raw_nonzero(), pid);
}
