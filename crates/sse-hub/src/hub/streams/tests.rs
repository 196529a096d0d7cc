use std::time::Duration;

use sse_core::cursor::Epoch;
use sse_core::event::EventName;
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};
use sse_core::signal::Choice;
use sse_core::stream::request::{Profile, Replay, Retry, StreamRequest};
use tempfile::TempDir;

use super::*;
use crate::hub::channels::Channel;
use crate::hub::ids::ChannelId;

/// Streams that follow one key.
struct World {
    _directory: TempDir,
    streams: Streams,
    channels: Channels,
    channel: ChannelId,
    request: StreamRequest,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let notes = Notes::default();
        let (directory, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let (mut stores, mut channels) = (Stores::new(&notes), Channels::new(&notes));
        let mut streams = Streams::new(&notes, now);
        let dsn = format!("file://{}", directory.path().display());
        let store = stores.find_or_open(&dsn, Choice::Auto, now).unwrap();
        let keys = Keys::new(vec![Key::new(b"k").unwrap()]).unwrap();
        let channel = Channel::open(store, &keys[0], &mut stores.watched(store).unwrap()).unwrap();
        let channel = channels.add(channel);
        streams.key_sets.add(store, &keys, vec![channel]);
        let request = StreamRequest {
            keys,
            last_event_id: None,
            replay: Replay::None,
            lifetime: Duration::ZERO,
            connected: None,
            profile: Profile {
                event_name: EventName::new(b"message").unwrap(),
                heartbeat: Duration::from_secs(25),
                retry: Retry::new(5, 5),
            },
        };
        Self { _directory: directory, streams, channels, channel, request, now }
    }

    fn add(&mut self) -> StreamId {
        let channel = self.channels.known(self.channel).unwrap();
        let keys = self.streams.key_sets.join(channel.store(), &self.request.keys).unwrap();
        let seat = Seat::fresh(EventId::ZERO, Next::Reopen, channel);
        let standing = Standing::new(keys, vec![seat], Epoch(1), None);
        let profile = self.streams.profiles.shared(&self.request.profile);
        let stream = Stream::offered(standing, &self.request, profile, self.now);
        self.streams.add(stream, &mut self.channels)
    }

    fn remove(&mut self, id: StreamId) {
        let stream = self.streams.remove(id, &mut self.channels).unwrap();
        self.streams.leave_set(stream.keys());
    }

    /// The streams that sit in the channel.
    fn sitting(&self) -> Vec<StreamId> {
        let mut sitting: Vec<StreamId> = self.channels.known(self.channel).unwrap().streams().collect();
        sitting.sort();
        sitting
    }
}

#[test]
fn whoever_leaves_in_whatever_order_the_others_keep_their_seats() {
    let mut world = World::new();
    let mut streams: Vec<StreamId> = (0..8).map(|_| world.add()).collect();
    for leaves in [2, 6, 0, 0, 3] {
        world.remove(streams.remove(leaves));
        assert_eq!(world.sitting(), streams);
    }
    streams.push(world.add());
    streams.sort();
    assert_eq!(world.sitting(), streams);
}

#[test]
fn a_stream_waits_for_one_turn_and_one_that_left_for_none() {
    let mut world = World::new();
    let [stays, leaves] = [(); 2].map(|()| world.add());
    for stream in [stays, leaves, stays] {
        world.streams.turn_later(stream);
    }
    world.remove(leaves);
    let comes = world.add();
    assert_eq!(comes.number(), leaves.number());
    assert_eq!(world.streams.take_waiting(), [stays]);
    assert!(!world.streams.has_waiting());
    world.streams.turn_later(stays);
    assert_eq!(world.streams.take_waiting(), [stays]);
}

#[test]
fn streams_that_were_asked_for_alike_share_their_profile() {
    let mut world = World::new();
    let shared = world.streams.profiles.shared(&world.request.profile);
    assert!(Rc::ptr_eq(&shared, &world.streams.profiles.shared(&world.request.profile.clone())));
    let other = Profile { heartbeat: Duration::from_secs(1), ..world.request.profile.clone() };
    assert!(!Rc::ptr_eq(&shared, &world.streams.profiles.shared(&other)));
}

#[test]
fn a_set_of_keys_is_followed_until_its_last_stream_leaves() {
    let mut world = World::new();
    let [first, second] = [(); 2].map(|()| world.add());
    let store = world.channels.known(world.channel).unwrap().store();
    let keys = world.request.keys.clone();
    for (stream, is_last) in [(first, false), (second, false)] {
        let removed = world.streams.remove(stream, &mut world.channels).unwrap();
        assert_eq!(world.streams.leave_set(removed.keys()), is_last);
    }
    // The one that it was made with.
    let set = world.streams.key_sets.join(store, &keys).unwrap();
    assert_eq!([(); 2].map(|()| world.streams.leave_set(&set)), [false, true]);
    assert!(world.streams.key_sets.join(store, &keys).is_none());
}
