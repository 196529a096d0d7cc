//! Either side dies, or hangs, at each step of the hand-off: the client has exactly one writer after
//! it, or a clean cut from which it resumes.

use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;

use rustix::process::kill_process;

use super::*;

/// The step after which the worker kills itself, and the descriptor that its client is at.
const STEP: &str = "SSE_HUB_TEST_STEP";
const CLIENT: &str = "SSE_HUB_TEST_CLIENT";
/// What a worker sends itself, before it hands over.
const HEADERS: &[u8] = b"headers";

#[test]
#[ignore = "not a test: what the others start as a process of its own"]
fn worker_process() {
    let world = World::of_process();
    let step = std::env::var(STEP).unwrap();
    let die_after = |name: &str| {
        if step == name {
            kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
        }
    };
    let descriptor = std::env::var(CLIENT).unwrap().parse().unwrap();
    // SAFETY: inherited for this, and used by nobody else here.
    let mut far = unsafe { UnixStream::from_raw_fd(descriptor) };
    die_after("start");
    if step == "offer" {
        send(&world.connect(), &ToHub::Offer(Box::new(world.stream())), None);
        die_after("offer");
    }
    let mut client = HubClient::default();
    let offered = world.offer(&mut client).unwrap();
    die_after("ready");
    far.write_all(HEADERS).unwrap();
    die_after("headers");
    offered.go(Go::of(1), far.as_fd()).unwrap();
    die_after("go");
    unreachable!("there is no step {step}");
}

/// Runs a worker that dies after this step; answers the web server's end of its client's connection.
fn worker_that_dies_after(step: &str, world: &World) -> UnixStream {
    let (near, far) = pair();
    // Only this child gets it.
    rustix::io::fcntl_setfd(&far, rustix::io::FdFlags::empty()).unwrap();
    let mut command = world.process("crash::worker_process");
    command.env(STEP, step).env(CLIENT, far.as_raw_fd().to_string());
    let mut child = command.spawn().unwrap();
    drop(far);
    assert!(!child.wait().unwrap().success());
    near
}

/// A hub with one other stream, which all this is nothing to.
fn world_with_another_stream() -> (World, UnixStream) {
    let world = World::new();
    let mut other = world.hand_over(&mut HubClient::default());
    read_until(&mut other, "connected");
    (world, other)
}

#[test]
fn a_worker_that_dies_before_it_hands_over_cuts_its_client_and_takes_its_offer_along() {
    let (world, mut other) = world_with_another_stream();
    for (step, sent) in [("start", &b""[..]), ("offer", b""), ("ready", b""), ("headers", HEADERS)] {
        let mut near = worker_that_dies_after(step, &world);
        assert_eq!(read_to_end(&mut near), sent, "{step}");
        wait_for("the offer to be withdrawn", || world.streams() == 1);
    }
    world.push("on");
    read_until(&mut other, "\"on\"\n\n");
}

#[test]
fn a_worker_that_dies_after_it_has_handed_over_leaves_its_client_to_the_hub_alone() {
    let (world, _other) = world_with_another_stream();
    let mut near = worker_that_dies_after("go", &world);
    let mut all = read_until(&mut near, "connected");
    world.push("on");
    all += &read_until(&mut near, "\"on\"\n\n");
    assert!(all.starts_with("headers"), "{all:?}");
    assert_eq!(all.matches("event: connected").count(), 1, "{all:?}");
    assert_eq!(world.streams(), 2);
}

#[test]
fn a_hub_that_hangs_before_it_is_ready_leaves_the_client_to_its_worker_and_forgets_it() {
    let (world, _other) = world_with_another_stream();
    let hub = world.pid().unwrap();
    halt(hub);
    let declined = world.offer(&mut HubClient::default()).unwrap_err();
    kill_process(hub, Signal::CONT).unwrap();
    assert!(declined.why.starts_with("the hub did not answer within "), "{}", declined.why);
    // It finds the offer and the end behind it.
    wait_for("the offer to be withdrawn", || world.streams() == 1);
    assert_eq!(world.pid(), Some(hub));
}

#[test]
fn a_hub_killed_while_the_connection_is_on_its_way_cuts_the_client() {
    let world = World::new();
    let mut client = HubClient::default();
    let (mut near, far) = pair();
    let offered = world.offer(&mut client).unwrap();
    let hub = world.pid().unwrap();
    halt(hub);
    offered.go(Go::of(1), far.as_fd()).unwrap();
    drop(far);
    kill_process(hub, Signal::KILL).unwrap();
    assert_eq!(read_to_end(&mut near), b"");
    // And the next stream has another hub.
    read_until(&mut world.hand_over(&mut client), "connected");
}

#[test]
fn a_hub_killed_before_it_is_ready_is_replaced_and_the_offer_made_again() {
    let (world, _other) = world_with_another_stream();
    let hub = world.pid().unwrap();
    halt(hub);
    std::thread::scope(|scope| {
        let offering = scope.spawn(|| {
            let mut client = HubClient::default();
            let mut near = world.hand_over(&mut client);
            read_until(&mut near, "connected");
        });
        // A stopped process dies all the same; what it would have answered is never said.
        kill_process(hub, Signal::KILL).unwrap();
        offering.join().unwrap();
    });
    assert_ne!(world.pid(), Some(hub));
}
