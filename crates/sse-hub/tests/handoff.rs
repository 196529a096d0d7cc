//! The hand-off between workers and a hub that is a process: kills, replacements, hostile workers.
//!
//! The hub is this very binary, started again by the client's own start, with a variable that says
//! where it listens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking; clippy knows only #[test] functions"
)]

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rustix::process::{Pid, Signal, kill_process};
use sse_core::event::Draft;
use sse_core::key::Key;
use sse_core::store::Store;
use sse_core::store::file::FileStore;
use sse_hub::client::{Client, Declined};
use sse_hub::message::{
    self, Build, Bytes, Go, MAX_MESSAGE, Offer, PROTOCOL, Reason, Replay, ToHub, ToWorker,
};
use sse_hub::place::Place;
use sse_hub::start::{Program, Software};
use sse_hub::{reactor, socket};
use tempfile::TempDir;

/// Any test is stuck that waits longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Says to a process that it is a hub, and where.
const SOCKET: &str = "SSE_HUB_TEST_SOCKET";
/// The build it says to be, if not its own.
const BUILD: &str = "SSE_HUB_TEST_BUILD";

#[test]
#[ignore = "not a test: what the others start as a process of its own"]
fn hub_process() {
    let socket = std::env::var(SOCKET).unwrap();
    let mut software = Software::loaded().unwrap();
    if let Ok(name) = std::env::var(BUILD) {
        software.build = build(&name);
    }
    let settings = reactor::Settings {
        place: Place::find(Some(Path::new(&socket)), None, &software.build).unwrap(),
        software,
        max_streams: None,
        drain: Duration::ZERO,
        // One that a test leaves behind ends by itself.
        idle: Some(Duration::from_secs(60)),
    };
    // Ends the line that the test harness has begun.
    println!();
    let open = |dsn: &str| {
        let path =
            std::fs::canonicalize(dsn.trim_start_matches("file://")).map_err(|error| error.to_string())?;
        let store: Arc<dyn Store> = FileStore::new(&path, Default::default());
        Ok((path.display().to_string(), store))
    };
    let code = match reactor::run(settings, Box::new(open)) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            1
        }
    };
    std::process::exit(code);
}

fn build(name: &str) -> Build {
    Build { protocol: PROTOCOL, build: name.into() }
}

/// A place, a store, and the hub that is started there; it ends with the test.
struct World {
    directory: TempDir,
    store: Arc<FileStore>,
    place: Place,
    build: Build,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("store")).unwrap();
        let store = FileStore::new(&directory.path().join("store"), Default::default());
        let build = Software::loaded().unwrap().build;
        let place = Place::find(Some(&directory.path().join("run/hub.sock")), None, &build).unwrap();
        Self { directory, store, place, build }
    }

    fn program(&self, build: Option<&str>) -> Program {
        let mut command: Vec<OsString> = vec!["/usr/bin/env".into()];
        command.push(format!("{SOCKET}={}", self.place.socket.display()).into());
        command.extend(build.map(|build| format!("{BUILD}={build}").into()));
        command.push(std::env::current_exe().unwrap().into());
        command.extend(["hub_process", "--exact", "--ignored", "--nocapture"].map(OsString::from));
        Program { command }
    }

    fn stream(&self) -> Offer {
        Offer {
            from: self.build.clone(),
            store: format!("file://{}", self.directory.path().join("store").display()),
            signal: "auto".into(),
            keys: vec![Bytes(b"k".to_vec())],
            client: None,
            replay: Replay::None,
            event_name: "message".into(),
            heartbeat_ms: 25_000,
            lifetime_ms: 0,
            retry_ms: (5, 5),
            connected: Some("12:00:00".into()),
        }
    }

    fn offer<'c>(&self, client: &'c mut Client) -> Result<sse_hub::client::Offered<'c>, Declined> {
        client.offer(&self.place, &self.program(None), self.stream())
    }

    /// Hands a client over; answers the web server's end of its connection.
    fn hand_over(&self, client: &mut Client) -> UnixStream {
        let (near, far) = pair();
        self.offer(client).unwrap().go(1, far.as_fd()).unwrap();
        near
    }

    fn push(&self, data: &str) {
        let draft = Draft::new(format!("\"{data}\"").into_bytes(), None).unwrap();
        self.store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(std::fs::read_to_string(self.place.pid_file()).ok()?.trim().parse().ok()?)
    }

    /// Ends the hub, and returns when it is no more.
    fn end(&self, signal: Signal) {
        let Some(pid) = self.pid() else { return };
        let _ = kill_process(pid, signal);
        wait_for("the hub's end", || !is_alive(pid));
    }

    /// Streams of the hub, asked anew.
    fn streams(&self) -> u64 {
        Client::default().status(&self.place, &self.build).unwrap().streams
    }

    fn connect(&self) -> OwnedFd {
        socket::connect(&self.place.socket, PATIENCE).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.place.log).unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end(Signal::KILL);
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    (near, far)
}

/// A process nobody waits for may stay as a zombie.
fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Reads until `text` is there.
fn read_until(near: &mut UnixStream, text: &str) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let count = near.read(&mut piece).unwrap();
        assert!(count > 0, "ended before {text:?}: {:?}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&piece[..count]);
        let so_far = String::from_utf8_lossy(&all);
        if so_far.contains(text) {
            return so_far.into_owned();
        }
    }
}

/// Reads to the end: the other end is closed, or reset.
fn read_to_end(near: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    match near.read_to_end(&mut all) {
        Ok(_) => all,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
        Err(error) => panic!("the connection did not end: {error}"),
    }
}

fn send(connection: &OwnedFd, message: &ToHub, descriptor: Option<BorrowedFd<'_>>) {
    socket::send(connection, &message::write(message).unwrap(), descriptor).unwrap();
}

/// The hub's next answer; `None` if it has closed the connection.
fn answer(connection: &OwnedFd) -> Option<ToWorker> {
    match socket::receive(connection, &mut socket::space()) {
        Ok(message) => message.map(|message| message::read(message.bytes).unwrap()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("no answer, no end: {error}"),
    }
}

#[test]
fn a_client_that_was_handed_over_gets_events() {
    let world = World::new();
    let mut near = world.hand_over(&mut Client::default());
    read_until(&mut near, "event: connected");
    world.push("hello");
    assert!(read_until(&mut near, "\"hello\"\n\n").contains("event: message\n"));
}

#[test]
fn a_client_gets_events_that_came_between_ready_and_go() {
    let world = World::new();
    let mut client = Client::default();
    let (mut near, far) = pair();
    let offered = world.offer(&mut client).unwrap();
    world.push("between");
    offered.go(1, far.as_fd()).unwrap();
    read_until(&mut near, "\"between\"\n\n");
}

#[test]
fn a_hub_that_was_killed_is_replaced_by_the_next_offer() {
    let world = World::new();
    let mut client = Client::default();
    read_until(&mut world.hand_over(&mut client), "connected");
    let first = world.pid();
    world.end(Signal::KILL);
    read_until(&mut world.hand_over(&mut client), "connected");
    assert_ne!(world.pid(), first);
}

#[test]
fn a_hub_killed_between_ready_and_go_leaves_the_client_with_its_worker() {
    let world = World::new();
    let mut client = Client::default();
    let (mut near, mut far) = pair();
    let offered = world.offer(&mut client).unwrap();
    world.end(Signal::KILL);
    match offered.go(1, far.as_fd()) {
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
    let mut near = world.hand_over(&mut Client::default());
    read_until(&mut near, "connected");
    world.end(Signal::KILL);
    read_to_end(&mut near);
}

#[test]
fn a_worker_that_ends_after_its_offer_withdraws_it_and_the_client_is_untouched() {
    let world = World::new();
    let (near, _far) = pair();
    let mut client = Client::default();
    world.offer(&mut client).unwrap();
    assert_eq!(world.streams(), 1);
    drop(client);
    wait_for("the offer to be withdrawn", || world.streams() == 0);
    near.set_nonblocking(true).unwrap();
    assert_eq!((&near).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_second_offer_withdraws_the_first() {
    let world = World::new();
    let mut client = Client::default();
    for _ in 0..3 {
        world.offer(&mut client).unwrap();
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
                while let Err(declined) = world.offer(&mut Client::default()) {
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
    let mut client = Client::default();
    let mut near = world.hand_over(&mut client);
    read_until(&mut near, "connected");
    let first = world.pid();
    world.end(Signal::TERM);
    let last = read_to_end(&mut near);
    assert!(String::from_utf8_lossy(&last).contains("retry: "));
    assert_eq!(last[last.len() - 24..], sse_hub::record::end(1));
    assert!(!world.place.socket.exists() && !world.place.pid_file().exists());
    read_until(&mut world.hand_over(&mut client), "connected");
    assert_ne!(world.pid(), first);
}

#[test]
fn a_worker_of_another_build_is_refused_while_the_hubs_file_is_the_same() {
    let world = World::new();
    let mut near = world.hand_over(&mut Client::default());
    let offer = Offer { from: build("another"), ..world.stream() };
    let declined = Client::default().offer(&world.place, &world.program(None), offer).unwrap_err();
    assert_eq!(declined.reason, Some(Reason::Ending));
    world.push("on");
    read_until(&mut near, "\"on\"");
}

#[test]
fn a_hub_whose_file_was_replaced_gives_way_to_one_of_the_new_build() {
    let world = World::new();
    // Its build is none that its file could have, as if that were another one by now.
    let old = Offer { from: build("old"), ..world.stream() };
    let (mut near, far) = pair();
    let mut client = Client::default();
    client.offer(&world.place, &world.program(Some("old")), old).unwrap().go(1, far.as_fd()).unwrap();
    drop(far);
    read_until(&mut near, "connected");
    let first = world.pid().unwrap();
    read_until(&mut world.hand_over(&mut Client::default()), "connected");
    assert!(String::from_utf8_lossy(&read_to_end(&mut near)).contains("retry: "));
    assert_ne!(world.pid(), Some(first));
    wait_for("the old hub's end", || !is_alive(first));
}

#[test]
fn status_tells_of_the_hub_and_starts_none() {
    let world = World::new();
    let why = Client::default().status(&world.place, &world.build).unwrap_err().why;
    assert_eq!(why, "no hub runs now; the first stream starts it");
    let mut near = world.hand_over(&mut Client::default());
    read_until(&mut near, "connected");
    let status = Client::default().status(&world.place, &world.build).unwrap();
    assert_eq!((status.streams, status.taken, status.keys, status.last_error), (1, 1, 1, None));
    assert_eq!(status.socket, world.place.socket.display().to_string());
    assert_eq!(Pid::from_raw(status.pid.cast_signed()), world.pid());
}

#[test]
fn a_client_that_leaves_gives_its_stream_back() {
    let world = World::new();
    drop(world.hand_over(&mut Client::default()));
    wait_for("the stream to leave", || world.streams() == 0);
}

#[test]
fn a_wrong_message_ends_its_connection_and_no_other() {
    let world = World::new();
    let mut near = world.hand_over(&mut Client::default());
    read_until(&mut near, "connected");
    let offer = message::write(&ToHub::Offer(Box::new(world.stream()))).unwrap();
    let go = message::write(&ToHub::Go(Go { request: 1 })).unwrap();
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
    drop(world.hand_over(&mut Client::default()));
    let connection = world.connect();
    send(&connection, &ToHub::Offer(Box::new(world.stream())), None);
    assert_eq!(answer(&connection), Some(ToWorker::Ready));
    send(&connection, &ToHub::Go(Go { request: 1 }), None);
    assert_eq!(answer(&connection), None);
    wait_for("the offer to be withdrawn", || world.streams() == 0);
}

#[test]
fn go_with_what_is_no_connection_gives_the_stream_back() {
    let world = World::new();
    let file = File::open("/dev/null").unwrap();
    let directory = File::open("/").unwrap();
    let listener = UnixListener::bind(world.directory.path().join("listener")).unwrap();
    let datagrams = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let mut client = Client::default();
    for wrong in [file.as_fd(), directory.as_fd(), listener.as_fd(), datagrams.as_fd()] {
        world.offer(&mut client).unwrap().go(1, wrong).unwrap();
        wait_for("the stream to leave", || world.streams() == 0);
    }
}

#[test]
fn a_descriptor_beside_an_offer_is_closed() {
    let world = World::new();
    drop(world.hand_over(&mut Client::default()));
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
    let mut near = world.hand_over(&mut Client::default());
    read_until(&mut near, "connected");
    let valid: Vec<Vec<u8>> = [
        ToHub::Offer(Box::new(world.stream())),
        ToHub::Go(Go { request: 1 }),
        ToHub::Status(world.build.clone()),
    ]
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
    let mut client = Client::default();
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
