//! What only PHP can make: when it is asked, of what, and what becomes of its answers.

use proptest::prelude::*;
use sse_core::event::wire_json;
use sse_core::feed::{Content, Feed};
use sse_core::frame;
use sse_core::signal::Poll;
use sse_core::store::Store;

use super::*;
use crate::hub::recalling::{Answered, NewCall};
use crate::wire::call::{self, Outcome};
use crate::wire::message::{Due, Maker, Recallable};

/// A PHP that does what it is asked for, from the store itself.
impl World {
    /// A stream whose client stands at the end of its keys, and has this cookie.
    fn recalled(&mut self, keys: &[&str], maker: Maker, cookie: &str) -> StreamId {
        let offer = self.recallable(keys, maker, cookie);
        self.take(&offer)
    }

    fn recallable(&self, keys: &[&str], maker: Maker, cookie: &str) -> Offer {
        let store: &dyn Store = &*self.store;
        let cursor = Feed::now(store, &keys_of(keys)).unwrap();
        let mut offer = self.offer(self.directory.path(), keys, Some(&cursor), Replay::None);
        let parameters = [("REQUEST_METHOD", "GET"), ("HTTP_COOKIE", cookie)]
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        offer.recall = Some(Recallable {
            address: "unix:/php.sock".into(),
            parameters: call::parameters(parameters),
            route: "/stream".into(),
            maker,
            loop_ms: None,
            collect_ms: None,
        });
        offer
    }

    /// The requests that are made now.
    fn calls(&mut self) -> Vec<NewCall> {
        self.settle();
        std::iter::from_fn(|| self.hub.next_call(self.now)).collect()
    }

    fn due(&self, call: &NewCall) -> Due {
        self.hub.due(&call.token).unwrap()
    }

    /// What PHP would answer: numbers times ten, odd ones left out.
    fn made(&self, call: &NewCall, keys: &[&str]) -> Outcome {
        let due = self.due(call);
        let keys = due.key.clone().unwrap_or_else(|| keys_of(keys));
        let mut signal = Poll::new();
        let cursor = Some(due.cursor.as_bytes());
        let mut feed = Feed::open(self.store.clone(), keys, cursor, Replay::None, &mut signal).unwrap();
        let mut frames = Vec::new();
        while let Some(delivery) = feed.next(&mut signal).unwrap() {
            let Content::Event(_, event) = delivery.content else { continue };
            let (head, tail) = wire_json(&event.draft);
            let number: u64 = std::str::from_utf8(&[head, tail].concat()).unwrap().trim().parse().unwrap();
            if number.is_multiple_of(2) {
                let json = (number * 10).to_string();
                frame::write_event(&mut frames, &delivery.cursor, "message", &[json.as_bytes()]);
            }
        }
        Outcome::Frames { frames, cursor: Some(feed.cursor()) }
    }

    fn answer(&mut self, call: NewCall, outcome: Outcome) {
        self.hub.answered(call.id, Answered::With(outcome), self.now, &mut self.clients);
    }

    /// Lets PHP answer all that it is asked for; answers how often it was.
    fn serve(&mut self, keys: &[&str]) -> usize {
        let mut count = 0;
        loop {
            let calls = self.calls();
            if calls.is_empty() {
                return count;
            }
            for call in calls {
                let outcome = self.made(&call, keys);
                self.answer(call, outcome);
                count += 1;
            }
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.hub.tick(self.now, &mut self.clients);
    }
}

fn unreachable(is_forbidden: bool) -> Answered {
    Answered::Unreachable { why: "no way".into(), is_forbidden }
}

#[test]
fn php_is_asked_for_a_stream_from_where_its_client_stands() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    (1..=4).for_each(|number| world.push("k", number));
    assert_eq!(world.serve(&["k"]), 1);
    (5..=6).for_each(|number| world.push("k", number));
    assert_eq!(world.serve(&["k"]), 1);
    assert_eq!(world.events(stream).0, [20, 40, 60]);
}

#[test]
fn its_client_was_greeted_before() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    world.serve(&["k"]);
    assert!(world.output(stream).0.starts_with("id: "), "{:?}", world.output(stream));
}

#[test]
fn what_comes_while_php_answers_is_asked_for_once_afterwards() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    let mut calls = world.calls();
    let outcome = world.made(&calls[0], &["k"]);
    (3..=8).for_each(|number| world.push("k", number));
    assert!(world.calls().is_empty());
    world.answer(calls.remove(0), outcome);
    assert_eq!(world.serve(&["k"]), 1);
    assert_eq!(world.events(stream).0, [20, 40, 60, 80]);
}

#[test]
fn an_event_that_is_left_out_is_not_asked_for_again() {
    let mut world = World::unlimited();
    world.recalled(&["k"], Maker::Php, "");
    world.push("k", 1);
    assert_eq!(world.serve(&["k"]), 1);
    world.wait(100);
    assert_eq!(world.serve(&["k"]), 0);
}

#[test]
fn only_so_many_requests_are_under_way_and_slow_ones_let_others_go_on() {
    let mut world = World::unlimited();
    for number in 0..20 {
        world.recalled(&["k"], Maker::Php, &format!("session={number}"));
    }
    world.push("k", 2);
    assert_eq!(world.calls().len(), 2);
    world.wait(11);
    assert_eq!(world.calls().len(), 2);
    world.wait(11);
    assert_eq!(world.calls().len(), 0, "twice as many at most");
}

#[test]
fn requests_of_one_session_are_made_one_after_the_other() {
    let mut world = World::unlimited();
    for cookie in ["session=a", "session=a", "session=a", "session=b"] {
        world.recalled(&["k"], Maker::Php, cookie);
    }
    world.push("k", 2);
    let calls = world.calls();
    let cookies: Vec<bool> =
        calls.iter().map(|call| memchr::memmem::find(&call.bytes, b"session=a").is_some()).collect();
    assert_eq!(cookies, [true, false]);
}

#[test]
fn what_is_made_for_all_is_asked_for_once_and_each_client_gets_its_own_cursor() {
    let mut world = World::unlimited();
    let streams: Vec<StreamId> = (0..9).map(|_| world.recalled(&["k"], Maker::PhpOnce, "")).collect();
    let both = world.recalled(&["j", "k"], Maker::PhpOnce, "");
    (1..=4).for_each(|number| world.push("k", number));
    // Streams of other keys are asked for by themselves.
    assert_eq!(world.serve(&["k"]), 2);
    world.push("k", 6);
    assert_eq!(world.serve(&["k"]), 2);
    for &stream in &streams {
        assert_eq!(world.events(stream).0, [20, 40, 60]);
    }
    let (data, id) = world.events(both);
    assert_eq!(data, [20, 40, 60]);
    let again = world.open(&["j", "k"], Some(&id), Replay::None);
    world.settle();
    assert!(world.events(again).0.is_empty());
}

#[test]
fn a_burst_reaches_every_stream_whole() {
    let mut world = World::unlimited();
    let streams: Vec<StreamId> = (0..3).map(|_| world.recalled(&["k"], Maker::PhpOnce, "")).collect();
    (1..=2_000).for_each(|number| world.push("k", number));
    world.serve(&["k"]);
    let expected: Vec<u64> = (1..=1_000).map(|number| number * 20).collect();
    for stream in streams {
        assert_eq!(world.events(stream).0, expected);
    }
}

#[test]
fn a_slow_client_gets_what_is_not_kept_any_more_by_itself() {
    let mut world = World::unlimited();
    let [slow, quick] = [(); 2].map(|()| world.recalled(&["k"], Maker::PhpOnce, ""));
    world.clients.blocked.push(slow);
    for number in 1..=1_000 {
        world.push("k", number);
        if number % 100 == 0 {
            world.serve(&["k"]);
        }
    }
    world.clients.blocked.clear();
    world.hub.writable(slow, world.now, &mut world.clients);
    world.serve(&["k"]);
    let expected: Vec<u64> = (1..=500).map(|number| number * 20).collect();
    assert_eq!(world.events(quick).0, expected);
    assert_eq!(world.events(slow).0, expected);
}

#[test]
fn a_stream_whose_request_is_refused_ends() {
    for outcome in [Outcome::Status(403), Outcome::Status(302), Outcome::NoStream] {
        let mut world = World::unlimited();
        let stream = world.recalled(&["k"], Maker::Php, "");
        world.push("k", 2);
        let call = world.calls().remove(0);
        world.answer(call, outcome);
        assert!(world.output(stream).1);
        assert!(world.hub.is_empty());
    }
}

#[test]
fn what_is_for_all_is_asked_for_by_another_streams_request_where_one_is_refused() {
    let mut world = World::unlimited();
    let streams =
        ["session=a", "session=b", "session=c"].map(|cookie| world.recalled(&["k"], Maker::PhpOnce, cookie));
    world.push("k", 2);
    let call = world.calls().remove(0);
    world.answer(call, Outcome::Status(403));
    assert_eq!(world.serve(&["k"]), 1);
    let got: Vec<(Vec<u64>, bool)> =
        streams.iter().map(|&stream| (world.events(stream).0, world.output(stream).1)).collect();
    assert_eq!(got.iter().filter(|(data, is_ended)| data == &[20] && !is_ended).count(), 2, "{got:?}");
    assert_eq!(got.iter().filter(|(data, is_ended)| data.is_empty() && *is_ended).count(), 1, "{got:?}");
}

#[test]
fn a_failed_answer_is_asked_for_again_after_a_pause_that_grows_and_told_once() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let call = world.calls().remove(0);
        world.answer(call, Outcome::Status(503));
        assert!(world.calls().is_empty());
        let until = world.hub.recalls.next_due(world.now).unwrap();
        pauses.push(until - world.now);
        world.now = until;
        world.hub.tick(world.now, &mut world.clients);
    }
    assert!(pauses[3] > pauses[0] * 3, "{pauses:?}");
    assert_eq!(world.serve(&["k"]), 1);
    assert_eq!(world.events(stream).0, [20]);
    let told: Vec<String> = world.hub.take_log();
    assert_eq!(told.iter().filter(|line| line.contains("status 503")).count(), 1, "{told:?}");
    assert!(told.iter().any(|line| line.contains("answered again")), "{told:?}");
}

#[test]
fn what_a_script_sent_before_it_was_cut_is_delivered_and_the_rest_asked_for_behind_it() {
    for maker in [Maker::Php, Maker::PhpOnce] {
        let mut world = World::unlimited();
        let stream = world.recalled(&["k"], maker, "");
        (1..=4).for_each(|number| world.push("k", number));
        let call = world.calls().remove(0);
        let Outcome::Frames { frames, .. } = world.made(&call, &["k"]) else { panic!("no frames") };
        let first = memchr::memmem::find(&frames, b"\n\n").unwrap() + 2;
        world.answer(call, Outcome::Frames { frames: frames[..first].to_vec(), cursor: None });
        assert_eq!(world.events(stream).0, [20]);
        world.wait(1);
        assert_eq!(world.serve(&["k"]), 1);
        assert_eq!(world.events(stream).0, [20, 40]);
    }
}

#[test]
fn an_answer_that_brings_nobody_on_is_not_asked_for_at_once() {
    for maker in [Maker::Php, Maker::PhpOnce] {
        let mut world = World::unlimited();
        world.recalled(&["k"], maker, "");
        world.push("k", 2);
        let call = world.calls().remove(0);
        let cursor = Some(world.due(&call).cursor);
        world.answer(call, Outcome::Frames { frames: Vec::new(), cursor });
        assert!(world.calls().is_empty());
    }
}

#[test]
fn a_php_that_can_not_be_reached_is_left_alone_and_its_streams_keep_their_turns() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    world.serve(&["k"]);
    world.push("k", 4);
    let call = world.calls().remove(0);
    world.hub.answered(call.id, unreachable(false), world.now, &mut world.clients);
    assert!(world.calls().is_empty());
    let refused = world.hub.offer(&world.recallable(&["k"], Maker::Php, ""), world.now, &mut world.clients);
    assert_eq!(refused.map_err(|refusal| refusal.reason), Err(Reason::Unreachable));
    world.wait(1);
    world.serve(&["k"]);
    assert_eq!(world.events(stream).0, [20, 40]);
}

#[test]
fn a_stream_goes_back_to_a_php_that_may_not_be_asked() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    let call = world.calls().remove(0);
    world.hub.answered(call.id, unreachable(true), world.now, &mut world.clients);
    assert!(world.output(stream).1);
}

#[test]
fn a_php_that_restarts_before_it_ever_answered_is_waited_for() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    for _ in 0..5 {
        let call = world.calls().remove(0);
        world.hub.answered(call.id, unreachable(false), world.now, &mut world.clients);
        world.wait(6);
    }
    world.serve(&["k"]);
    assert_eq!(world.events(stream).0, [20]);
}

#[test]
fn a_stream_goes_back_to_a_php_that_never_says_a_word() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::Php, "");
    world.push("k", 2);
    for _ in 0..3 {
        assert!(!world.output(stream).1);
        let call = world.calls().remove(0);
        world.answer(call, Outcome::Broken("closed".into()));
        world.wait(5);
    }
    assert!(world.output(stream).1);
}

#[test]
fn on_loop_is_asked_for_by_time_and_sends_nothing_that_the_hub_sends() {
    let mut world = World::unlimited();
    let mut offer = world.recallable(&["k"], Maker::Hub, "");
    offer.recall.as_mut().unwrap().loop_ms = Some(1);
    let stream = world.take(&offer);
    world.push("k", 1);
    assert!(world.calls().is_empty());
    assert_eq!(world.events(stream).0, [1]);
    // No more often than the interval, whatever is asked for.
    world.wait(11);
    assert!(world.calls().is_empty());
    world.wait(5);
    let call = world.calls().remove(0);
    let due = world.due(&call);
    assert!(due.on_loop && !due.frames);
    world.answer(call, Outcome::Frames { frames: Vec::new(), cursor: Some(due.cursor) });
    assert!(world.calls().is_empty());
    world.wait(16);
    assert_eq!(world.calls().len(), 1);
}

#[test]
fn collect_is_asked_for_once_for_each_key_of_a_group() {
    let mut world = World::unlimited();
    for _ in 0..5 {
        let mut offer = world.recallable(&["j", "k"], Maker::Hub, "");
        offer.recall.as_mut().unwrap().collect_ms = Some(2_000);
        world.take(&offer);
    }
    assert!(world.calls().is_empty());
    world.wait(3);
    let calls = world.calls();
    let keys: Vec<Option<Keys>> = calls.iter().map(|call| world.due(call).key).collect();
    assert_eq!(keys, [Some(keys_of(&["j"])), Some(keys_of(&["k"]))]);
    assert!(calls.iter().all(|call| world.due(call).collect));
}

#[test]
fn a_group_ends_with_its_last_stream() {
    let mut world = World::unlimited();
    let streams = [(); 2].map(|()| world.recalled(&["k"], Maker::PhpOnce, ""));
    world.push("k", 2);
    world.settle();
    for stream in streams {
        world.hub.input(stream, None, world.now, &mut world.clients);
    }
    assert!(world.calls().is_empty());
    world.wait(100);
    assert_eq!(world.hub.recalls.waiting(), 0);
}

#[test]
fn a_token_is_one_requests_and_ends_with_it() {
    let mut world = World::unlimited();
    let first = world.recalled(&["k"], Maker::Php, "session=a");
    world.recalled(&["k"], Maker::Php, "session=b");
    world.push("k", 2);
    let mut calls = world.calls();
    let tokens: Vec<String> = calls.iter().map(|call| call.token.clone()).collect();
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(world.hub.due("guessed"), None);
    world.hub.input(first, None, world.now, &mut world.clients);
    let call = calls.remove(0);
    world.answer(call, Outcome::Status(200));
    assert_eq!(world.hub.due(&tokens[0]), None);
}

#[test]
fn who_can_not_keep_up_is_told_once_and_so_is_its_recovery() {
    let mut world = World::unlimited();
    for number in 0..3 {
        world.recalled(&["k"], Maker::Php, &format!("session={number}"));
    }
    world.push("k", 2);
    world.calls();
    world.now += Duration::from_secs(9);
    assert!(world.hub.next_call(world.now).is_none());
    world.now += Duration::from_secs(2);
    world.calls();
    let told = world.hub.take_log();
    assert_eq!(told.iter().filter(|line| line.contains("can't keep up")).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains("keeps up")).count(), 1, "{told:?}");
    assert!(world.hub.status(world.now).last_error.is_some_and(|error| error.contains("can't keep up")));
}

#[test]
fn streams_of_one_session_keep_no_others_waiting() {
    let mut world = World::unlimited();
    for _ in 0..40 {
        world.recalled(&["k"], Maker::Php, "session=a");
    }
    let other = world.recalled(&["k"], Maker::Php, "session=b");
    world.push("k", 2);
    // One of the session, and the other one.
    for call in world.calls() {
        let outcome = world.made(&call, &["k"]);
        world.answer(call, outcome);
    }
    assert_eq!(world.events(other).0, [20]);
    assert_eq!(world.serve(&["k"]), 39);
    assert_eq!(world.hub.recalls.waiting(), 0);
}

#[test]
fn time_that_is_over_is_not_waited_for() {
    let mut world = World::unlimited();
    for number in 0..9 {
        world.recalled(&["k"], Maker::Php, &format!("session={number}"));
    }
    world.push("k", 2);
    world.calls();
    world.wait(11);
    world.calls();
    world.now += Duration::from_secs(1);
    assert!(world.hub.next_tick(world.now).is_none_or(|next| next > world.now));
}

#[test]
fn a_stream_that_ends_is_not_asked_for_again() {
    for maker in [Maker::Php, Maker::PhpOnce] {
        let mut world = World::unlimited();
        let stream = world.recalled(&["k"], maker, "");
        world.clients.blocked.push(stream);
        world.push("k", 2);
        let call = world.calls().remove(0);
        world.answer(call, Outcome::Status(403));
        world.push("k", 4);
        assert!(world.calls().is_empty());
    }
}

#[test]
fn what_all_have_is_not_kept() {
    let mut world = World::unlimited();
    let stream = world.recalled(&["k"], Maker::PhpOnce, "");
    (1..=20).for_each(|number| world.push("k", number));
    world.serve(&["k"]);
    let group = world.hub.streams.get(stream).unwrap().recall().unwrap().group;
    let share = &world.hub.recalls.group(group).unwrap().shares[0];
    assert!(share.is_empty());
}

#[test]
fn an_outdated_hub_ends_streams_that_php_makes_within_seconds() {
    let mut world = World::unlimited();
    world.recalled(&["k"], Maker::Php, "");
    let other = world.open(&["k"], None, Replay::None);
    world.hub.drain(Duration::from_secs(100_000), world.now, &mut world.clients);
    world.wait(6);
    assert_eq!(world.hub.len(), 1);
    assert!(!world.output(other).1);
}

/// What may happen to streams that PHP makes frames for.
#[derive(Clone, Debug)]
enum Step {
    Push {
        key: usize,
    },
    Join {
        both: bool,
        maker: Maker,
    },
    Leave {
        stream: usize,
    },
    Block {
        stream: usize,
    },
    Drain,
    Wait {
        millis: u64,
    },
    Ask,
    /// The answer to the request with this number among those under way.
    Answer {
        call: usize,
        how: How,
    },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Whole,
    /// Cut behind so many frames.
    Cut(usize),
    Status,
    Broken,
    Unreachable,
}

fn step() -> impl Strategy<Value = Step> {
    let maker = prop::sample::select(vec![
        Maker::Php,
        Maker::PhpOnce,
        Maker::PhpOnce,
        Maker::HubAndFetch,
        Maker::Hub,
    ]);
    let how = prop_oneof![
        5 => Just(How::Whole),
        2 => (0..3_usize).prop_map(How::Cut),
        1 => Just(How::Status),
        1 => Just(How::Broken),
        1 => Just(How::Unreachable),
    ];
    prop_oneof![
        6 => (0..2_usize).prop_map(|key| Step::Push { key }),
        2 => (any::<bool>(), maker).prop_map(|(both, maker)| Step::Join { both, maker }),
        1 => any::<usize>().prop_map(|stream| Step::Leave { stream }),
        1 => any::<usize>().prop_map(|stream| Step::Block { stream }),
        1 => Just(Step::Drain),
        1 => (1..40_000_u64).prop_map(|millis| Step::Wait { millis }),
        4 => Just(Step::Ask),
        4 => (any::<usize>(), how).prop_map(|(call, how)| Step::Answer { call, how }),
    ]
}

/// A client, and what it must have in the end.
struct Expected {
    stream: StreamId,
    keys: &'static [&'static str],
    maker: Maker,
    events: Vec<u64>,
}

const KEYS: [&str; 2] = ["j", "k"];

fn settle_all(world: &mut World, under_way: &mut Vec<NewCall>) {
    world.clients.blocked.clear();
    for id in world.hub.streams.ids() {
        world.hub.writable(id, world.now, &mut world.clients);
    }
    for _ in 0..200 {
        under_way.extend(world.calls());
        for call in std::mem::take(under_way) {
            let outcome = world.made(&call, &KEYS);
            world.answer(call, outcome);
        }
        world.now += Duration::from_secs(2);
        world.hub.tick(world.now, &mut world.clients);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_becomes_of_requests_each_client_gets_each_event_once_and_in_order(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::unlimited();
        // One that has answered: it is waited for.
        world.recalled(&["first"], Maker::Php, "");
        world.push("first", 2);
        world.serve(&["first"]);
        let mut expected: Vec<Expected> = Vec::new();
        let mut under_way: Vec<NewCall> = Vec::new();
        let mut number = 0;
        for step in steps {
            match step {
                Step::Push { key } => {
                    number += 1;
                    world.push(KEYS[key], number);
                    for client in expected.iter_mut().filter(|client| client.keys.contains(&KEYS[key])) {
                        match client.maker {
                            // Nothing of it needs PHP.
                            Maker::Hub | Maker::HubAndFetch => client.events.push(number),
                            _ if number.is_multiple_of(2) => client.events.push(number * 10),
                            _ => {}
                        }
                    }
                    world.settle();
                }
                Step::Join { both, maker } => {
                    let keys: &'static [&'static str] = if both { &KEYS } else { &["k"] };
                    let offer = world.recallable(keys, maker, &format!("session={}", expected.len() % 3));
                    if let Ok(stream) = world.hub.offer(&offer, world.now, &mut world.clients) {
                        world.hub.go(stream, Go::of(1), world.now, &mut world.clients);
                        expected.push(Expected { stream, keys, maker, events: Vec::new() });
                    }
                }
                Step::Leave { stream } if !expected.is_empty() => {
                    let client = expected.remove(stream % expected.len());
                    world.hub.input(client.stream, None, world.now, &mut world.clients);
                }
                Step::Block { stream } if !expected.is_empty() => {
                    let id = expected[stream % expected.len()].stream;
                    world.clients.blocked.push(id);
                }
                Step::Drain => {
                    world.clients.blocked.clear();
                    for client in &expected {
                        world.hub.writable(client.stream, world.now, &mut world.clients);
                    }
                }
                Step::Wait { millis } => {
                    world.now += Duration::from_millis(millis);
                    world.clients.blocked.clear();
                    world.hub.tick(world.now, &mut world.clients);
                }
                Step::Ask => under_way.extend(world.calls()),
                Step::Answer { call, how } if !under_way.is_empty() => {
                    let call = under_way.remove(call % under_way.len());
                    let outcome = match how {
                        How::Whole => world.made(&call, &KEYS),
                        How::Cut(count) => match world.made(&call, &KEYS) {
                            Outcome::Frames { frames, .. } => {
                                let kept: Vec<u8> = frames
                                    .split_inclusive(|&byte| byte == b'\n')
                                    .scan(0, |ends, line| {
                                        let is_in = *ends < count;
                                        *ends += usize::from(line == b"\n");
                                        is_in.then_some(line)
                                    })
                                    .flatten()
                                    .copied()
                                    .collect();
                                Outcome::Frames { frames: kept, cursor: None }
                            }
                            other => other,
                        },
                        How::Status => Outcome::Status(503),
                        How::Broken => Outcome::Broken("cut".into()),
                        How::Unreachable => {
                            let answered = unreachable(false);
                            world.hub.answered(call.id, answered, world.now, &mut world.clients);
                            continue;
                        }
                    };
                    world.answer(call, outcome);
                }
                _ => {}
            }
        }
        settle_all(&mut world, &mut under_way);
        for client in &expected {
            let mut got = world.events(client.stream).0;
            // Of two keys each has its own order.
            if client.keys.len() == 2 {
                got.sort_unstable();
            }
            prop_assert_eq!(got, client.events.clone(), "{:?} of {:?}", client.maker, client.keys);
        }
    }
}
