//! Clients that stay while something happens.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::*;
use crate::Error;
use crate::signal::{Inotify, Notify};
use crate::signal::{Trigger, Watch};

/// Every signal; a new one is one line.
fn signals() -> Vec<Box<dyn Signal>> {
    let mut all: Vec<Box<dyn Signal>> = vec![Box::new(Poll::new()), Box::new(Notify::new().unwrap())];
    if cfg!(target_os = "linux") {
        all.push(Box::new(Inotify::new().unwrap()));
    }
    all
}

impl Client {
    /// Waits as a worker does until so many frames came, at most ten seconds.
    fn wait_for(&mut self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut frames: Vec<String> = std::iter::from_fn(|| self.frame()).take(count).collect();
        while frames.len() < count && Instant::now() < deadline {
            let pause = self.signal.look_every().unwrap_or(Duration::from_secs(10));
            let pause =
                Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
            let descriptor = self.signal.descriptor().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            poll(&mut descriptor.into_iter().collect::<Vec<_>>(), Some(&pause)).unwrap();
            self.feed.wake(&self.signal.changes());
            let missing = count - frames.len();
            frames.extend(std::iter::from_fn(|| self.frame()).take(missing));
        }
        frames
    }

    fn is_idle(&mut self) -> bool {
        self.feed.next(self.signal.as_mut()).unwrap().is_none()
    }
}

#[test]
fn an_idle_client_gets_a_push() {
    for signal in signals() {
        let place = tempdir().unwrap();
        let store = store(place.path());
        let name = signal.name();
        let mut client = Client::connect_by(signal, &store, &["a", "b"], None, Replay::None);
        assert!(client.is_idle());
        push(&store, &key("b"), "1");
        assert_eq!(client.wait_for(1), ["b=1"], "{name}");
        push(&store, &key("a"), "2");
        assert_eq!(client.wait_for(1), ["a=2"], "{name}");
    }
}

#[test]
fn an_idle_client_gets_one_push_after_the_log_was_replaced() {
    for signal in signals() {
        let place = tempdir().unwrap();
        let store = store_of(place.path(), 2);
        let name = signal.name();
        let mut client = Client::connect_by(signal, &store, &["a"], None, Replay::None);
        push_all(&store, &key("a"), 0..2);
        assert_eq!(client.wait_for(2), ["a=0", "a=1"], "{name}");
        // One file more than it holds, and a new one takes its place.
        push(&store, &key("a"), "2");
        assert_eq!(client.wait_for(1), ["a=2"], "{name}");
        assert!(client.is_idle());
        push(&store, &key("a"), "3");
        assert_eq!(client.wait_for(1), ["a=3"], "{name}");
    }
}

#[test]
fn a_client_that_slept_over_several_replacements_gets_what_is_left_or_is_told() {
    for signal in signals() {
        let place = tempdir().unwrap();
        let store = store_of(place.path(), 2);
        let name = signal.name();
        let mut client = Client::connect_by(signal, &store, &["a"], None, Replay::None);
        push_all(&store, &key("a"), 0..10);
        assert_eq!(client.wait_for(6), ["a=0", "a=1", "a=2", "… a", "a=8", "a=9"], "{name}");
    }
}

#[test]
fn an_idle_client_is_told_when_the_log_is_removed_and_gets_what_follows() {
    for signal in signals() {
        let place = tempdir().unwrap();
        let store = store(place.path());
        let name = signal.name();
        push(&store, &key("a"), "0");
        let mut client = Client::connect_by(signal, &store, &["a"], None, Replay::None);
        assert!(client.is_idle());
        fs::remove_file(store.directory().log(&key("a"))).unwrap();
        assert_eq!(client.wait_for(1), ["… a"], "{name}");
        push(&store, &key("a"), "1");
        assert_eq!(client.wait_for(1), ["a=1"], "{name}");
    }
}

/// A signal under which something happens while a watch is being set.
struct Meddling<F> {
    signal: Poll,
    before: F,
    after: F,
    left: u32,
}

impl<F: FnMut()> Signal for Meddling<F> {
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        let meddle = self.left > 0;
        self.left = self.left.saturating_sub(1);
        if meddle {
            (self.before)();
        }
        let watch = self.signal.watch(trigger);
        if meddle {
            (self.after)();
        }
        watch
    }

    fn unwatch(&mut self, watch: Watch) {
        self.signal.unwatch(watch);
    }

    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.signal.descriptor()
    }

    fn look_every(&self) -> Option<Duration> {
        self.signal.look_every()
    }

    fn changes(&mut self) -> Changes {
        self.signal.changes()
    }

    fn name(&self) -> &'static str {
        "meddling"
    }
}

/// Opens a feed while `happens` happens, before and after each of the first watches are set; then
/// pushes once more. Answers what a client that waits for the signal gets.
fn meddled(place: &Path, keep: u64, times: u32, happens: impl Fn(&FileStore)) -> Vec<String> {
    let store = store_of(place, keep);
    push(&store, &key("a"), "\"old\"");
    let meddler = Arc::clone(&store);
    let happens = Arc::new(move || happens(&meddler));
    let (before, after) = (Arc::clone(&happens), happens);
    let mut signal = Meddling {
        signal: Poll::new(),
        before: Box::new(move || before()) as Box<dyn FnMut()>,
        after: Box::new(move || after()) as Box<dyn FnMut()>,
        left: times,
    };
    let mut feed = Feed::open(store.clone(), keys(&["a"]), None, Replay::None, &mut signal).unwrap();
    let mut frames = Vec::new();
    let mut drain = |feed: &mut Feed, signal: &mut dyn Signal| {
        while let Some(delivery) = feed.next(signal).unwrap() {
            frames.push(match delivery.content {
                Content::Event(_, event) => String::from_utf8(event.draft.json).unwrap(),
                Content::Gap(..) => "…".into(),
            });
        }
    };
    drain(&mut feed, &mut signal);
    signal.changes();
    push(&store, &key("a"), "\"last\"");
    feed.wake(&signal.changes());
    drain(&mut feed, &mut signal);
    frames
}

#[test]
fn what_is_pushed_while_a_watch_is_set_is_delivered() {
    let place = tempdir().unwrap();
    let frames = meddled(place.path(), 9, 1, |store| drop(push_all(store, &key("a"), 1..2)));
    assert_eq!(frames, ["1", "1", "\"last\""]);
}

#[test]
fn a_log_replaced_while_a_watch_is_set_is_followed() {
    let place = tempdir().unwrap();
    let frames = meddled(place.path(), 2, 3, |store| drop(push_all(store, &key("a"), 1..3)));
    assert_eq!(frames.last().unwrap(), "\"last\"", "{frames:?}");
}

#[test]
fn a_log_removed_while_a_watch_is_set_is_followed() {
    let place = tempdir().unwrap();
    let remove = |store: &FileStore| drop(fs::remove_file(store.directory().log(&key("a"))));
    assert_eq!(meddled(place.path(), 9, 3, remove).last().unwrap(), "\"last\"");
}

#[test]
fn a_feed_goes_on_after_an_error() {
    let place = tempdir().unwrap();
    let (here, away) = (place.path().join("here"), place.path().join("away"));
    fs::create_dir(&here).unwrap();
    let store = store(&here);
    let mut client = Client::connect(&store, &["a"], None, Replay::None);
    push(&store, &key("a"), "1");
    assert_eq!(client.frames(), ["a=1"]);
    fs::rename(&here, &away).unwrap();
    client.feed.wake(&Changes::All);
    for _ in 0..2 {
        let error = client.feed.next(client.signal.as_mut()).unwrap_err();
        assert!(matches!(error, Error::DirectoryMissing { .. }), "{error}");
    }
    fs::rename(&away, &here).unwrap();
    push(&store, &key("a"), "2");
    assert_eq!(client.frames(), ["a=2"]);
}

/// Pushes two events at a time and waits until the client has them; `between` happens before each.
/// A single wake-up that is lost stops it.
fn converse(mut signal: Box<dyn Signal>, keep: u64, rounds: u32, between: impl Fn(&Path) + Send + 'static) {
    let place = tempdir().unwrap();
    let store = store_of(place.path(), keep);
    let key = key("a");
    let log = store.directory().log(&key);
    let feed = Feed::open(store.clone(), keys(&["a"]), None, Replay::None, signal.as_mut()).unwrap();
    let name = signal.name();
    let mut client = Client { cursor: feed.cursor(), feed, signal };
    let (go, begins) = mpsc::sync_channel::<u32>(0);
    let (done, is_done) = mpsc::channel();
    let pusher = thread::spawn(move || {
        for round in begins {
            for number in [2 * round, 2 * round + 1] {
                between(&log);
                push(&store, &key, &number.to_string());
            }
            done.send(()).unwrap();
        }
    });
    for round in 0..rounds {
        go.send(round).unwrap();
        for number in [2 * round, 2 * round + 1] {
            assert_eq!(client.wait_for(1), [format!("a={number}")], "{name}, {number}");
        }
        is_done.recv().unwrap();
        if keep == 1 {
            // It has to follow the newest file: of two events on, one may be gone.
            client.feed.wake(&Changes::All);
            assert!(client.is_idle(), "{name}, {round}");
        }
    }
    drop(go);
    pusher.join().unwrap();
}

/// How often a signal can wake within about a second.
fn rounds(signal: &dyn Signal) -> u32 {
    if signal.look_every().is_some_and(|pause| pause < Duration::from_millis(100)) { 60 } else { 1_000 }
}

#[test]
fn no_wake_up_is_lost() {
    for signal in signals() {
        let rounds = rounds(signal.as_ref());
        converse(signal, 1 << 20, rounds, |_| ());
    }
}

#[test]
fn no_wake_up_is_lost_while_every_push_replaces_the_log() {
    for signal in signals() {
        let rounds = rounds(signal.as_ref()) / 4;
        // The file that is held gets the first event of a round, a successor the second.
        converse(signal, 1, rounds, |_| ());
    }
}

#[test]
fn no_wake_up_is_lost_to_pushers_that_were_killed() {
    for signal in signals() {
        let rounds = rounds(signal.as_ref()) / 2;
        converse(signal, 1 << 20, rounds, |log| {
            let mut file = fs::File::options().append(true).open(log).unwrap();
            rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
            file.write_all(b"1767225600000-0 - 40 0123abcd \"half an event").unwrap();
        });
    }
}
