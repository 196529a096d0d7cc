//! What of a key reaches which client.

use super::*;

#[test]
fn a_new_client_gets_what_replay_says() {
    let mut world = World::unlimited();
    (1..=100).for_each(|number| world.push("k", number));
    for (replay, expected) in [
        (Replay::None, vec![]),
        (Replay::Newest(1), vec![100]),
        (Replay::Newest(3), vec![98, 99, 100]),
        (Replay::Newest(80), (21..=100).collect()),
        (Replay::All, (1..=100).collect()),
    ] {
        let stream = world.open(&["k"], None, replay);
        world.settle();
        assert_eq!(world.events(stream).0, expected, "{replay:?}");
        assert!(world.output(stream).0.starts_with("retry: 5\nid: "));
    }
}

#[test]
fn every_stream_of_a_key_gets_every_event_once_and_no_other_keys() {
    let mut world = World::unlimited();
    let streams = [world.open(&["a"], None, Replay::None), world.open(&["a"], None, Replay::None)];
    let both = world.open(&["a", "b"], None, Replay::None);
    for number in 1..=300 {
        world.push(if number % 3 == 0 { "b" } else { "a" }, number);
        if number % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    for stream in streams {
        assert_eq!(world.events(stream).0, (1..=300).filter(|number| number % 3 > 0).collect::<Vec<_>>());
    }
    let mut got = world.events(both).0;
    got.sort_unstable();
    assert_eq!(got, (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_client_resumes_behind_its_cursor_however_far_it_is_behind() {
    let mut world = World::unlimited();
    let first = world.open(&["k"], None, Replay::None);
    (1..=5).for_each(|number| world.push("k", number));
    world.settle();
    let (_, id) = world.events(first);
    world.hub.input(first, None, world.now, &mut world.clients);
    (6..=200).for_each(|number| world.push("k", number));
    let second = world.open(&["k"], Some(&id), Replay::None);
    world.settle();
    assert_eq!(world.events(second).0, (6..=200).collect::<Vec<_>>());
}

#[test]
fn a_slow_client_gets_all_when_it_drains_and_others_do_not_wait() {
    let mut world = World::unlimited();
    let slow = world.open(&["k"], None, Replay::None);
    let quick = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(slow);
    for number in 1..=500 {
        world.push("k", number);
        if number % 20 == 0 {
            world.settle();
        }
    }
    world.settle();
    assert_eq!(world.events(quick).0, (1..=500).collect::<Vec<_>>());
    assert_eq!(world.events(slow).0, Vec::<u64>::new());
    world.clients.blocked.clear();
    world.hub.writable(slow, world.now, &mut world.clients);
    world.settle();
    assert_eq!(world.events(slow).0, (1..=500).collect::<Vec<_>>());
}

#[test]
fn a_store_that_was_emptied_is_a_gap_that_is_told_once() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    world.settle();
    world.push("k", 2);
    world.settle();
    let (output, _) = world.output(stream);
    assert_eq!(output.matches("event: sse-gap").count(), 1, "{output}");
    assert_eq!(world.events(stream).0, [1, 2]);
}

#[test]
fn a_flood_without_a_line_end_keeps_no_other_key_waiting_and_is_told_once() {
    let mut world = World::unlimited();
    world.push("bad", 1);
    let bad = world.open(&["bad"], None, Replay::None);
    let id = world.output(bad).0.lines().find_map(|line| line.strip_prefix("id: ")).map(String::from);
    let good = world.open(&["good"], None, Replay::None);
    world.settle();
    let path = world.store.directory().log(&Key::new(b"bad").unwrap());
    let log = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    log.set_len(60 << 20).unwrap();
    world.push("bad", 2);
    world.push("good", 3);
    assert!(world.hear());
    assert_eq!([world.events(good).0, world.events(bad).0], [vec![3], vec![]], "the first turn");
    // One that comes for itself reads the flood in turns too.
    let resumed = world.open(&["bad"], id.as_deref(), Replay::None);
    world.push("good", 4);
    assert!(world.hear());
    assert_eq!(world.events(good).0, [3, 4]);
    world.settle();
    for stream in [bad, resumed] {
        assert_eq!(world.events(stream).0, [2]);
        assert_eq!(world.output(stream).0.matches("event: sse-gap").count(), 1);
    }
}

/// Removes all that a store has.
fn wipe(world: &World) {
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

/// The cursors of the frames from the one with this number on.
fn cursors_from(world: &World, stream: StreamId, data: u64) -> Vec<String> {
    let frames = world.output(stream).0;
    let frames = frames.split("\n\n").filter(|frame| !frame.is_empty());
    let frames = frames.skip_while(|frame| frame.lines().find_map(number) != Some(data));
    frames
        .filter_map(|frame| frame.lines().find_map(|line| line.strip_prefix("id: ")))
        .map(String::from)
        .collect()
}

#[test]
fn who_resumes_after_the_store_was_wiped_gets_nothing_twice_while_another_key_has_old_events_unread() {
    let mut world = World::unlimited();
    let stream = world.open(&["a", "b"], None, Replay::None);
    // More than a channel reads at once, of the store that is no more.
    (1..=40).for_each(|number| world.push_padded("b", number, 4_000));
    wipe(&world);
    world.push("a", 1_001);
    world.settle();
    let cursors = cursors_from(&world, stream, 1_001);
    assert!(cursors.len() > 20, "{cursors:?}");
    for cursor in cursors {
        let resumed = world.open(&["a", "b"], Some(&cursor), Replay::None);
        world.settle();
        assert_eq!(world.events(resumed).0, [0; 0]);
        world.hub.input(resumed, None, world.now, &mut world.clients);
    }
}

#[test]
fn who_reads_for_itself_after_the_store_was_wiped_gets_nothing_twice() {
    let mut world = World::unlimited();
    let stream = world.open(&["a", "b"], None, Replay::None);
    world.clients.blocked.push(stream);
    world.push("a", 1);
    world.settle();
    (2..=200).for_each(|number| world.push_padded("a", number, 4_000));
    world.settle();
    wipe(&world);
    (1_001..=1_020).for_each(|number| world.push_padded("a", number, 4_000));
    // It finds the new store before the key's channel does.
    world.clients.blocked.clear();
    world.hub.writable(stream, world.now, &mut world.clients);
    while world.hub.go_on(world.now, &mut world.clients) {}
    for (cursor, after) in cursors_from(&world, stream, 1_001).into_iter().zip(1_002..) {
        let resumed = world.open(&["a", "b"], Some(&cursor), Replay::None);
        world.settle();
        assert_eq!(world.events(resumed).0, (after..=1_020).collect::<Vec<_>>());
        world.hub.input(resumed, None, world.now, &mut world.clients);
    }
}

#[test]
fn a_cursor_of_the_new_store_is_good_while_its_key_has_events_of_the_old_one_unread() {
    let mut world = World::unlimited();
    world.open(&["k"], None, Replay::None);
    (1..=40).for_each(|number| world.push_padded("k", number, 4_000));
    wipe(&world);
    world.push("k", 1_001);
    let cursor = sse_core::feed::Feed::now(&*world.store, &keys_of(&["k"])).unwrap();
    let resumed = world.open(&["k"], Some(&cursor), Replay::None);
    world.push("k", 1_002);
    world.settle();
    assert_eq!(world.events(resumed).0, [1_002]);
    assert!(!world.output(resumed).0.contains("sse-gap"));
}

#[test]
fn another_path_to_the_same_store_shares_its_channel() {
    let mut world = World::unlimited();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(world.directory.path(), &link).unwrap();
    let direct = world.open(&["k"], None, Replay::None);
    let linked = world.take(&world.offer(&link, &["k"], None, Replay::None));
    world.push("k", 1);
    world.settle();
    assert_eq!(world.hub.status(world.now).keys, 1);
    assert_eq!([world.events(direct).0, world.events(linked).0], [[1], [1]]);
}

#[test]
fn a_client_that_takes_a_few_bytes_at_a_time_gets_all_of_it() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.clients.room.insert(stream, 0);
    (1..=100).for_each(|number| world.push("k", number));
    world.settle();
    while !world.output(stream).0.ends_with("data: 100\n\n") {
        let before = world.clients.sent[&stream].len();
        world.clients.room.insert(stream, 7);
        world.hub.writable(stream, world.now, &mut world.clients);
        assert!(world.clients.sent[&stream].len() > before, "stuck: {:?}", world.events(stream).0);
    }
    assert_eq!(world.events(stream).0, (1..=100).collect::<Vec<_>>());
}

#[test]
fn an_external_event_is_a_gap_that_is_told_live_and_to_who_resumes() {
    let mut world = World::unlimited();
    let live = world.open(&["k"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    let (_, id) = world.events(live);
    world.store.append(&Key::new(b"k").unwrap(), &Draft::external(b"7".to_vec(), None)).unwrap();
    world.push("k", 2);
    let resumed = world.open(&["k"], Some(&id), Replay::None);
    world.settle();
    for (stream, expected) in [(live, vec![1, 2]), (resumed, vec![2])] {
        let (output, _) = world.output(stream);
        assert_eq!(output.matches("event: sse-gap").count(), 1, "{output}");
        assert_eq!(world.events(stream).0, expected);
    }
}

#[test]
fn events_of_the_same_key_in_another_store_stay_there() {
    let mut world = World::unlimited();
    let other = tempfile::tempdir().unwrap();
    let here = world.open(&["k"], None, Replay::None);
    let there = world.take(&world.offer(other.path(), &["k"], None, Replay::None));
    world.push("k", 1);
    let draft = Draft::new(b"2".to_vec(), None).unwrap();
    let store = FileStore::new(other.path(), Policy::default());
    store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    world.settle();
    assert_eq!([world.events(here).0, world.events(there).0], [[1], [2]]);
}

#[test]
fn an_event_of_many_records_arrives_whole() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    let text = format!("\"{}\"", "x".repeat(300_000));
    let draft = Draft::new(text.clone().into_bytes(), None).unwrap();
    for _ in 0..3 {
        world.store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    }
    world.settle();
    let (output, _) = world.output(stream);
    assert_eq!(output.matches(&format!("data: {text}\n\n")).count(), 3);
}

#[test]
fn a_key_that_much_is_pushed_to_is_read_in_pieces_so_that_others_have_their_turn() {
    let mut world = World::unlimited();
    let stream = world.open(&["busy"], None, Replay::None);
    let draft = Draft::new(format!("\"{}\"", "x".repeat(2_000)).into_bytes(), None).unwrap();
    for _ in 0..100 {
        world.store.append(&Key::new(b"busy").unwrap(), &draft).unwrap();
    }
    world.hub.signalled(SignalId(0), world.now, &mut world.clients);
    let in_one_turn = world.output(stream).0.matches("event: message").count();
    assert!((1..100).contains(&in_one_turn), "{in_one_turn}");
    assert!(world.hub.go_on(world.now, &mut world.clients));
    world.settle();
    assert_eq!(world.output(stream).0.matches("event: message").count(), 100);
}

#[test]
fn damage_at_a_logs_end_is_told_to_who_resumes_there_and_not_to_who_has_no_cursor() {
    let mut world = World::unlimited();
    let first = world.open(&["k"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    let (_, id) = world.events(first);
    let path = world.store.directory().log(&Key::new(b"k").unwrap());
    let mut log = std::fs::File::options().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut log, b"damage\n").unwrap();
    world.settle();
    let resumed = world.open(&["k"], Some(&id), Replay::None);
    let fresh = [Replay::None, Replay::Newest(1), Replay::All].map(|replay| world.open(&["k"], None, replay));
    world.settle();
    let gaps = |world: &World, stream| world.output(stream).0.matches("event: sse-gap").count();
    assert_eq!([first, resumed].map(|stream| gaps(&world, stream)), [1, 1]);
    assert_eq!(fresh.map(|stream| gaps(&world, stream)), [0, 0, 0]);
    world.push("k", 2);
    world.settle();
    assert_eq!(fresh.map(|stream| world.events(stream).0), [vec![2], vec![1, 2], vec![1, 2]]);
    assert_eq!(world.events(resumed).0, [2]);
}

#[test]
fn a_client_without_a_cursor_is_told_of_no_gap_before_it_came_nor_when_it_comes_back() {
    let external = |world: &World| {
        world.store.append(&Key::new(b"k").unwrap(), &Draft::external(b"7".to_vec(), None)).unwrap();
    };
    // Entries in memory, and more of them than that.
    for count in [2, 200] {
        for replay in [Replay::None, Replay::Newest(1), Replay::All] {
            let mut world = World::unlimited();
            external(&world);
            (1..=count).for_each(|number| world.push("k", number));
            external(&world);
            let fresh = world.open(&["k"], None, replay);
            world.settle();
            let (output, _) = world.output(fresh);
            assert!(!output.contains("sse-gap"), "{count} {replay:?}: {output}");
            let (_, id) = world.events(fresh);
            let back = world.open(&["k"], Some(&id), Replay::None);
            world.settle();
            assert_eq!(world.output(back).0.matches("sse-gap").count(), 0, "{count} {replay:?}");
            external(&world);
            world.settle();
            assert_eq!([fresh, back].map(|stream| world.output(stream).0.matches("sse-gap").count()), [1, 1]);
        }
    }
}

#[test]
fn a_client_that_is_slow_with_what_was_there_before_it_came_is_told_of_a_gap_from_after_that() {
    let mut world = World::keeping(6);
    // More than memory keeps, so that the client reads it for itself.
    (0..3).for_each(|number| world.push_padded("k", number, 43_000));
    let offer = world.offer(world.directory.path(), &["k"], None, Replay::All);
    let stream = world.hub.offer(&offer, world.now, &mut world.clients).unwrap();
    world.clients.room.insert(stream, 0);
    world.hub.go(stream, Go::of(1), world.now, &mut world.clients);
    (3..100).for_each(|number| world.push("k", number));
    world.settle();
    world.clients.room.clear();
    world.hub.writable(stream, world.now, &mut world.clients);
    world.settle();
    let (got, _) = world.events(stream);
    assert!(got.starts_with(&[0, 1, 2]) && got.ends_with(&[98, 99]) && got.len() < 100, "{got:?}");
    assert_eq!(world.output(stream).0.matches("sse-gap").count(), 1, "{got:?}");
}

#[test]
fn a_large_event_that_is_replayed_comes_behind_the_greeting() {
    let mut world = World::unlimited();
    let text = format!("\"{}\"", "x".repeat(100_000));
    let draft = Draft::new(text.clone().into_bytes(), None).unwrap();
    world.push("k", 1);
    world.store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    world.push("k", 3);
    let stream = world.open(&["k"], None, Replay::All);
    world.settle();
    let (output, _) = world.output(stream);
    let data: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("data: ")).skip(1).collect();
    assert_eq!(data, ["1", &text, "3"]);
}

#[test]
fn an_event_whose_wake_up_comes_while_its_key_is_read_in_pieces_is_sent_too() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    let large = Draft::new(format!("\"{}\"", "x".repeat(40_000)).into_bytes(), None).unwrap();
    world.store.append(&Key::new(b"k").unwrap(), &large).unwrap();
    world.hub.signalled(SignalId(0), world.now, &mut world.clients);
    world.push("k", 2);
    world.hub.signalled(SignalId(0), world.now, &mut world.clients);
    world.settle();
    assert_eq!(world.events(stream).0, [2]);
}
