//! Offers that meet a lock, and offers of workers that have left.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};
use sse_core::key::{Key, Keys};
use sse_hub::wire::message::Reason;

use super::*;

/// A stream of a key that nobody knows yet: it can't be followed while the store is locked.
fn new_key(world: &World) -> Offer {
    let mut offer = world.stream();
    offer.request.keys = Keys::new(vec![Key::new(b"new").unwrap()]).unwrap();
    offer
}

fn lock(world: &World) -> File {
    let lock = File::open(world.path.join("store/lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    lock
}

#[test]
fn an_offer_that_meets_a_lock_is_taken_when_it_is_free_and_others_are_answered_meanwhile() {
    let world = World::new();
    read_until(&mut world.hand_over(&mut HubClient::default()), "connected");
    let held = lock(&world);
    let waiting = world.connect();
    send(&waiting, &ToHub::Offer(Box::new(new_key(&world))), None);
    // Said later and answered first.
    let other = world.connect();
    send(&other, &ToHub::Offer(Box::new(world.stream())), None);
    assert_eq!(answer(&other), Some(ToWorker::Ready));
    drop(held);
    assert_eq!(answer(&waiting), Some(ToWorker::Ready));
}

#[test]
fn an_offer_that_meets_a_lock_for_long_is_refused_while_its_worker_still_listens() {
    let world = World::new();
    read_until(&mut world.hand_over(&mut HubClient::default()), "connected");
    let _held = lock(&world);
    let refused = world.offer_this(&mut HubClient::default(), new_key(&world), None).unwrap_err();
    assert_eq!(refused.reason, Some(Reason::Busy), "{}", refused.why);
}

#[test]
fn an_offer_whose_worker_has_left_is_not_worked_off() {
    let world = World::new();
    let mut near = world.hand_over(&mut HubClient::default());
    read_until(&mut near, "connected");
    let hub = world.pid().unwrap();
    halt(hub);
    let left = world.connect();
    send(&left, &ToHub::Offer(Box::new(new_key(&world))), None);
    drop(left);
    rustix::process::kill_process(hub, Signal::CONT).unwrap();
    // Connections are heard in their order.
    assert_eq!(world.streams(), 1);
    let logs = std::fs::read_dir(world.path.join("store")).unwrap();
    let names: Vec<_> = logs.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with("new-")), "{names:?}");
}
