//! Processes, and clients that wait for a signal as a worker does.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sse_core::event::Draft;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::retention::Retention;
use sse_core::signal::Signal;
use sse_core::store::Policy;
use sse_core::store::file::FileStore;

/// Any test is stuck that takes longer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// This binary as another process; its variables are read by [`variable`].
pub fn role(name: &str) -> Command {
    // By this name also a user can start it that may not enter the directory it lies in.
    let mut command = Command::new("/proc/self/exe");
    command.args(["process", "--exact", "--ignored", "--nocapture"]).stdout(Stdio::null());
    set(&mut command, "ROLE", name);
    command
}

pub fn set(command: &mut Command, name: &str, value: impl Display) {
    command.env(format!("SSE_TEST_{name}"), value.to_string());
}

pub fn variable(name: &str) -> String {
    std::env::var(format!("SSE_TEST_{name}")).unwrap()
}

pub fn number(name: &str) -> u64 {
    variable(name).parse().unwrap()
}

/// A process that doesn't outlive its test.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn finish(mut self) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert!(status.success(), "a process failed, see above");
                return;
            }
            assert!(began.elapsed() < PATIENCE, "a process is stuck");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A store that keeps so many events of a key, of any age and size.
pub fn store(directory: &Path, events: u64) -> Arc<FileStore> {
    let retention = Retention { events, bytes: 1 << 40, ..Retention::default() };
    FileStore::new(directory, Policy { retention, ..Policy::default() })
}

pub fn key(name: &str) -> Key {
    Key::new(name.as_bytes()).unwrap()
}

pub fn draft(json: &str) -> Draft {
    Draft::new(json.into(), None).unwrap()
}

pub fn push(store: &FileStore, name: &str, json: &str) -> EventId {
    store.append(&key(name), &draft(json)).unwrap()
}

/// Sleeps until the signal fires or has to be looked at.
pub fn wait(signal: &dyn Signal, at_most: Duration) {
    let pause = signal.look_every().unwrap_or(at_most).min(at_most);
    let pause = Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
    let descriptor = signal.descriptor().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    poll(&mut descriptor.into_iter().collect::<Vec<_>>(), Some(&pause)).unwrap();
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that a test could show nothing here, also where the output of tests that pass is not shown.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Numbers that look random and come again with the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}
