//! A hub that is a process, and workers and clients that talk to it.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sse_core::event::{Draft, EventName};
use sse_core::key::{Key, Keys};
use sse_core::store::file::FileStore;
use sse_core::stream::request::{Profile, Replay, Retry, StreamRequest};
use sse_hub::meeting::address::{Address, Requirements};
use sse_hub::meeting::socket;
use sse_hub::meeting::software::Software;
use sse_hub::reactor;
use sse_hub::wire::message::{self, Build, Go, Offer, PROTOCOL, ToHub, ToWorker};
use sse_hub::worker::client::{Declined, HubClient, Offered};
use sse_hub::worker::start::Program;
use tempfile::TempDir;

/// Any test is stuck that waits longer.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Says to a process that it is a hub, and where.
pub const SOCKET: &str = "SSE_HUB_TEST_SOCKET";
/// Says to a process that is none where the world is.
const WORLD: &str = "SSE_HUB_TEST_WORLD";
/// Says that it is to stay, also without streams.
pub const STAYS: &str = "SSE_HUB_TEST_STAYS";
/// The build it says to be, if not its own.
pub const BUILD: &str = "SSE_HUB_TEST_BUILD";

#[test]
#[ignore = "not a test: what the others start as a process of its own"]
fn hub_process() {
    let socket = std::env::var(SOCKET).unwrap();
    let mut software = Software::loaded().unwrap();
    if let Ok(name) = std::env::var(BUILD) {
        software.build = build(&name);
    }
    let settings = reactor::HubSettings {
        address: Address::find(&required(socket.into(), &software.build)).unwrap(),
        software,
        max_streams: None,
        recalls: reactor::RecallLimits { concurrency: 2, interval: Duration::from_secs(15) },
        drain: Duration::ZERO,
        // One that a test leaves behind ends by itself.
        idle: std::env::var(STAYS).is_err().then_some(Duration::from_secs(60)),
    };
    // Ends the line that the test harness has begun.
    println!();
    let code = match reactor::run(settings) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            1
        }
    };
    std::process::exit(code);
}

pub fn build(name: &str) -> Build {
    Build { protocol: PROTOCOL, build: name.into() }
}

fn required(socket: PathBuf, build: &Build) -> Requirements {
    Requirements { socket: Some(socket), log: None, build: build.clone(), server: String::new() }
}

/// An address, a store, and the hub that is started there; it ends with the test.
pub struct World {
    pub path: PathBuf,
    _directory: Option<TempDir>,
    pub store: Arc<FileStore>,
    pub required: Requirements,
    pub address: Address,
    pub build: Build,
}

impl World {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("store")).unwrap();
        Self::at(directory.path().to_owned(), Some(directory))
    }

    /// The world that a process started by [`World::process`] is in; it doesn't end with the process.
    pub fn of_process() -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self::at(PathBuf::from(std::env::var(WORLD).unwrap()), None))
    }

    fn at(path: PathBuf, directory: Option<TempDir>) -> Self {
        let store = FileStore::new(&path.join("store"), Default::default());
        let build = Software::loaded().unwrap().build;
        let required = required(path.join("run/hub.sock"), &build);
        let address = Address::find(&required).unwrap();
        Self { path, _directory: directory, store, required, address, build }
    }

    /// This binary again, with this role, in the same world.
    pub fn process(&self, role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([role, "--exact", "--ignored", "--nocapture"]);
        command.env(WORLD, &self.path);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub fn program(&self, build: Option<&str>) -> Program {
        let mut command: Vec<OsString> = vec!["/usr/bin/env".into()];
        command.push(format!("{SOCKET}={}", self.address.socket.display()).into());
        command.extend(build.map(|build| format!("{BUILD}={build}").into()));
        command.push(std::env::current_exe().unwrap().into());
        command.extend(["world::hub_process", "--exact", "--ignored", "--nocapture"].map(OsString::from));
        Program { command }
    }

    pub fn stream(&self) -> Offer {
        Offer {
            from: self.build.clone(),
            store: format!("file://{}", self.path.join("store").display()),
            signal: "auto".into(),
            request: StreamRequest {
                keys: Keys::new(vec![Key::new(b"k").unwrap()]).unwrap(),
                last_event_id: None,
                replay: Replay::None,
                lifetime: Duration::ZERO,
                connected: Some("12:00:00".into()),
                profile: Profile {
                    event_name: EventName::new(b"message").unwrap(),
                    heartbeat: Duration::from_secs(25),
                    retry: Retry::new(5, 5),
                },
            },
            recall: None,
        }
    }

    pub fn offer<'c>(&self, client: &'c mut HubClient) -> Result<Offered<'c>, Declined> {
        self.offer_this(client, self.stream(), None)
    }

    /// Offers this stream; a hub that has to be started is of this build.
    pub fn offer_this<'c>(
        &self,
        client: &'c mut HubClient,
        offer: Offer,
        build: Option<&str>,
    ) -> Result<Offered<'c>, Declined> {
        client.offer(&self.required, |_| Ok(self.program(build)), offer)
    }

    /// Hands a client over; answers the web server's end of its connection.
    pub fn hand_over(&self, client: &mut HubClient) -> UnixStream {
        let (near, far) = pair();
        self.offer(client).unwrap().go(Go::of(1), far.as_fd()).unwrap();
        near
    }

    pub fn push(&self, data: &str) {
        let draft = Draft::new(format!("\"{data}\"").into_bytes(), None).unwrap();
        self.store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    }

    pub fn pid(&self) -> Option<Pid> {
        Pid::from_raw(std::fs::read_to_string(self.address.pid_file()).ok()?.lines().next()?.parse().ok()?)
    }

    /// Ends the hub, and returns when it is no more.
    pub fn end(&self, signal: Signal) {
        let Some(pid) = self.pid() else { return };
        let _ = kill_process(pid, signal);
        wait_for("the hub's end", || !is_alive(pid));
    }

    /// Streams of the hub, asked anew.
    pub fn streams(&self) -> u64 {
        HubClient::default().status(&self.required, &self.address).unwrap().streams
    }

    pub fn connect(&self) -> OwnedFd {
        socket::connect(&self.address.socket, PATIENCE).unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.address.log).unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end(Signal::KILL);
    }
}

pub fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    (near, far)
}

/// As [`pair`], by TCP.
pub fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    (near, listener.accept().unwrap().0)
}

/// A process nobody waits for may stay as a zombie.
pub fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Halts a process, and returns when none of its threads runs.
pub fn halt(pid: Pid) {
    kill_process(pid, Signal::STOP).unwrap();
    wait_for("a process to halt", || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
        tasks.flatten().all(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
        })
    });
}

pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Reads until `text` is there.
pub fn read_until(near: &mut impl Read, text: &str) -> String {
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
pub fn read_to_end(near: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    match near.read_to_end(&mut all) {
        Ok(_) => all,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
        Err(error) => panic!("the connection did not end: {error}"),
    }
}

pub fn send(connection: &OwnedFd, message: &ToHub, descriptor: Option<BorrowedFd<'_>>) {
    socket::send(connection, &message::write(message).unwrap(), descriptor).unwrap();
}

/// The hub's next answer; `None` if it has closed the connection.
pub fn answer(connection: &OwnedFd) -> Option<ToWorker> {
    match socket::receive(connection, &mut socket::space()) {
        Ok(message) => message.map(|message| message::read(message.bytes).unwrap()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("no answer, no end: {error}"),
    }
}
