use std::time::Duration;

use sse_core::signal::Choice;
use tempfile::TempDir;

use super::*;
use crate::hub::stores::Stores;

/// Channels of one store in a directory.
struct World {
    _directory: TempDir,
    stores: Stores,
    store: StoreId,
    channels: Channels,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let notes = Notes::default();
        let (directory, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let mut stores = Stores::new(&notes);
        let dsn = format!("file://{}", directory.path().display());
        let store = stores.find_or_open(&dsn, Choice::Auto, now).unwrap();
        Self { _directory: directory, stores, store, channels: Channels::new(&notes), now }
    }

    fn channel(&mut self, name: &str) -> ChannelId {
        let key = Key::new(name.as_bytes()).unwrap();
        let channel = Channel::open(self.store, &key, &mut self.stores.watched(self.store).unwrap()).unwrap();
        let id = self.channels.add(channel);
        self.channels.add_user(id).unwrap();
        id
    }
}

#[test]
fn a_channel_is_found_by_its_key_until_nobody_uses_it() {
    let mut world = World::new();
    let key = Key::new(b"a").unwrap();
    let id = world.channel("a");
    world.channels.add_user(id).unwrap();
    assert_eq!(world.channels.find(world.store, &key), Some(id));
    assert!(world.channels.drop_user(id).unwrap().is_none());
    assert!(world.channels.drop_user(id).unwrap().is_some());
    assert_eq!((world.channels.find(world.store, &key), world.channels.len()), (None, 0));
}

#[test]
fn a_channel_that_is_to_be_read_twice_is_queued_once_for_all_that_it_was_asked_for() {
    let mut world = World::new();
    let id = world.channel("a");
    world.channels.read_later(id, false);
    world.channels.read_later(id, true);
    assert_eq!(world.channels.take_unread(9), [id]);
    assert_eq!(world.channels.begin_reading(id), Some(true));
    world.channels.read_later(id, false);
    assert_eq!((world.channels.take_unread(9), world.channels.begin_reading(id)), (vec![id], Some(false)));
}

#[test]
fn a_channel_that_is_gone_when_its_turn_comes_is_not_read() {
    let mut world = World::new();
    let id = world.channel("a");
    world.channels.read_later(id, true);
    world.channels.drop_user(id).unwrap();
    let other = world.channel("b");
    assert_eq!(id.number(), world.channels.find(world.store, &Key::new(b"b").unwrap()).unwrap().number());
    assert_eq!(world.channels.take_unread(9), [id]);
    assert_eq!(world.channels.begin_reading(id), None);
    assert_eq!(world.channels.begin_reading(other), Some(false));
}

fn locked() -> Error {
    Error::Locked { path: "/store/a.log".into(), waited_ms: 0 }
}

#[test]
fn a_key_that_stays_locked_is_tried_less_and_less_often_up_to_once_a_second() {
    let mut world = World::new();
    let id = world.channel("a");
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        world.channels.fails(id, &locked(), world.now);
        let next = world.channels.next_try().unwrap();
        longest = longest.max(next - world.now);
        assert!(next > world.now && longest <= Duration::from_secs(1), "{longest:?}");
        world.now = next;
    }
    assert!(longest >= Duration::from_millis(500), "{longest:?}");
    assert_eq!(world.channels.failures(id), 10);
    world.channels.try_again(world.now);
    assert_eq!(world.channels.take_unread(9), [id]);
    assert!(world.channels.next_try().unwrap() > world.now, "it would be tried again at once");
    world.channels.recovered(id);
    assert_eq!((world.channels.next_try(), world.channels.failures(id)), (None, 0));
}

#[test]
fn the_same_trouble_of_several_keys_is_news_once() {
    let mut world = World::new();
    let [a, b] = ["a", "b"].map(|name| world.channel(name));
    let denied = Error::Watch { what: "/store/b.log".into(), source: std::io::ErrorKind::Other.into() };
    let news = [(a, &locked()), (b, &locked()), (b, &denied), (a, &locked())]
        .map(|(id, error)| world.channels.fails(id, error, world.now));
    assert_eq!(news, [true, false, true, false]);
}
