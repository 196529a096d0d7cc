//! Starting a hub from a worker: exactly one, detached from the worker and its server.
//!
//! The hub is a PHP process of the command line that runs `Sse\hub()` out of this very file. It says
//! `ready` on its standard output once it listens, or what is wrong.
//!
//! Always true:
//! - one worker starts at a time, and looks again for a hub before it does;
//! - nothing of the worker's leaks: no descriptor, no signal handler or mask, no terminal, no
//!   directory; and no secret is on the command line.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};

use crate::message::{Build, PROTOCOL};
use crate::place::Place;
use crate::socket;

/// What a hub says first when it listens.
pub const READY: &str = "ready";
/// How long one may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long no worker tries what has just failed for another.
const FRESH: Duration = Duration::from_secs(10);
/// How often is looked whether another worker has started one.
const LOOK: Duration = Duration::from_millis(5);
/// What of a failed start is told.
const TOLD: usize = 400;

/// The file that this code was loaded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// Its path.
    pub path: PathBuf,
    /// Which file that was when it was loaded.
    pub build: Build,
}

impl Software {
    /// Finds the file that holds this very function.
    ///
    /// # Errors
    /// The system can't tell, or the file is gone.
    pub fn loaded() -> io::Result<Self> {
        let path = path_of_this_code().ok_or(ErrorKind::NotFound)?;
        let build = Build { protocol: PROTOCOL, build: identity(&std::fs::metadata(&path)?) };
        Ok(Self { path, build })
    }

    /// Since when another file is at its path, if one is.
    #[must_use]
    pub fn replaced(&self) -> Option<SystemTime> {
        let file = std::fs::metadata(&self.path).ok().filter(|file| identity(file) != self.build.build)?;
        let since = Duration::new(u64::try_from(file.ctime()).ok()?, u32::try_from(file.ctime_nsec()).ok()?);
        Some(SystemTime::UNIX_EPOCH + since)
    }
}

/// Version, device, inode, length and time of change: another build has others.
fn identity(file: &Metadata) -> String {
    format!(
        "{}-{:x}-{:x}-{:x}-{:x}",
        env!("CARGO_PKG_VERSION"),
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime_nsec() ^ file.mtime().rotate_left(32)
    )
}

fn path_of_this_code() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: a zeroed structure of pointers and integers is valid; the system fills it or answers 0.
    // The name it gives lives as long as the file is loaded, and is copied.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        let here: fn() -> Option<PathBuf> = path_of_this_code;
        if libc::dladdr(here as *const libc::c_void, &raw mut found) == 0 || found.dli_fname.is_null() {
            return None;
        }
        let name = std::ffi::CStr::from_ptr(found.dli_fname);
        std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()
    }
}

/// How a hub is run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The PHP of the command line, and its arguments.
    pub command: Vec<OsString>,
}

/// Connects to the hub at `place`, starting it if there is none.
///
/// # Errors
/// Why there is none, in words for the log.
pub fn connect(place: &Place, program: &Program, patience: Duration) -> Result<OwnedFd, String> {
    if let Some(connection) = existing(place, patience)? {
        return Ok(connection);
    }
    let mut lock = lock(&place.start_file())
        .map_err(|error| format!("the lock {} can't be had: {error}", place.start_file().display()))?;
    // Another worker may have been faster.
    if let Some(connection) = existing(place, patience)? {
        return Ok(connection);
    }
    // Each worker would wait as long for the same.
    if let Some(why) = last_failure(place).filter(|_| lock.metadata().is_ok_and(|file| is_fresh(&file))) {
        return Err(why);
    }
    let ran = run(program);
    // It may be that another hub listens by now, and ours found its place taken.
    let found = existing(place, patience)?;
    let why = match (&found, ran) {
        (Some(_), _) => String::new(),
        (None, Err(why)) => why,
        (None, Ok(())) => format!("the hub was started, but nobody listens at {}", place.socket.display()),
    };
    // For other workers, and for `Sse\status()` in whatever process it is asked.
    let _ = lock.set_len(0).and_then(|()| lock.write_all(why.as_bytes()));
    found.ok_or(why)
}

/// A connection to the hub that is there, if it is this user's; nothing if none is. One that is there and
/// has no room is no reason to start another.
///
/// # Errors
/// Why it can't be used, in words for the log.
pub fn existing(place: &Place, patience: Duration) -> Result<Option<OwnedFd>, String> {
    let connection = match socket::connect(&place.socket, patience) {
        Ok(connection) => connection,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("the hub at {} can't be reached: {error}", place.socket.display())),
    };
    let peer = socket::peer(&connection).map_err(|error| error.to_string())?;
    let user = rustix::process::geteuid().as_raw();
    if peer != user {
        return Err(format!(
            "{} is held by user id {peer}, this process is user id {user}; remove it",
            place.socket.display()
        ));
    }
    Ok(Some(connection))
}

/// Whether a file was written a short while ago.
fn is_fresh(file: &Metadata) -> bool {
    file.modified().ok().and_then(|written| written.elapsed().ok()).is_some_and(|age| age < FRESH)
}

/// Why the last start at this place failed, if it did.
#[must_use]
pub fn last_failure(place: &Place) -> Option<String> {
    std::fs::read_to_string(place.start_file()).ok().filter(|why| !why.is_empty())
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => std::thread::sleep(LOOK),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Runs a hub, and returns when it listens.
fn run(program: &Program) -> Result<(), String> {
    let Some((name, arguments)) = program.command.split_first() else {
        return Err("no PHP of the command line is known to run the hub with".into());
    };
    let failed =
        |error: io::Error| format!("the hub can't be started with {}: {error}", Path::new(name).display());
    let (mut said, out) = io::pipe().map_err(failed)?;
    let errors = out.try_clone().map_err(failed)?;
    let mut command = Command::new(name);
    command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(out).stderr(errors);
    // SAFETY: what runs there calls only functions that are safe after a fork.
    unsafe { command.pre_exec(detach) };
    // Its first process ends at once; what runs PHP is that one's child, and nobody's.
    let first = command.spawn().and_then(|mut child| child.wait());
    // Our copies of the pipe's end must go, or it would never end.
    drop(command);
    first.map_err(failed)?;

    let until = Instant::now() + PATIENCE;
    let mut text = Vec::new();
    let mut piece = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&said, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) | Err(_) => return Err(format!("the hub did not begin within {} s", PATIENCE.as_secs())),
            Ok(_) => {}
        }
        match said.read(&mut piece) {
            Ok(0) | Err(_) => return Err(format!("the hub did not begin: {}", told(&text))),
            Ok(count) => text.extend_from_slice(piece.get(..count).unwrap_or_default()),
        }
        if text.split(|&byte| byte == b'\n').any(|line| line.starts_with(READY.as_bytes())) {
            return Ok(());
        }
    }
}

fn told(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        "it ended without a word".into()
    } else {
        words.join(" ").chars().take(TOLD).collect()
    }
}

/// Leaves all that is the worker's: runs in the child, between fork and exec.
fn detach() -> io::Result<()> {
    // SAFETY: each of these is safe to call after a fork (signal-safety(7), close_range(2)); `_exit`
    // ends the first child without running what the worker has registered.
    unsafe {
        if libc::setsid() == -1 {
            return Err(io::Error::last_os_error());
        }
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        for signal in 1..=31 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        if libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) != 0 {
            // A kernel before 5.11: one by one, as far as there may be any.
            let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(0, 65_536);
            for descriptor in 3..i32::try_from(most).unwrap_or(65_536) {
                libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(script: &str) -> Program {
        Program { command: ["/bin/sh", "-c", script].map(OsString::from).to_vec() }
    }

    /// The session this test runs in, as the kernel tells it: 0 where its leader is outside our pid
    /// namespace, as in a container, which getsid(2)'s wrappers don't expect.
    fn our_session() -> String {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(3).unwrap().to_owned()
    }

    #[test]
    fn what_a_hub_says_before_it_ends_is_the_reason() {
        let error = run(&program("echo PHP Warning: no such library; exit 255")).unwrap_err();
        assert_eq!(error, "the hub did not begin: PHP Warning: no such library");
    }

    #[test]
    fn what_has_just_failed_for_another_worker_is_not_tried_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let place =
            Place { socket: directory.path().join("hub.sock"), log: directory.path().join("hub.log") };
        let tried = directory.path().join("tried");
        let program = program(&format!("touch {}; echo no; exit 1", tried.display()));
        let why = connect(&place, &program, PATIENCE).unwrap_err();
        assert_eq!(why, "the hub did not begin: no");
        std::fs::remove_file(&tried).unwrap();
        assert_eq!(connect(&place, &program, PATIENCE).unwrap_err(), why);
        assert!(!tried.exists());
        // What failed long ago is tried again.
        let long_ago = SystemTime::now() - 2 * FRESH;
        File::options().write(true).open(place.start_file()).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(connect(&place, &program, PATIENCE).unwrap_err(), why);
        assert!(tried.exists());
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = run(&Program { command: vec!["/nowhere/php".into()] }).unwrap_err();
        assert!(error.starts_with("the hub can't be started with /nowhere/php: No such file"), "{error}");
    }

    #[test]
    fn a_started_hub_has_no_descriptor_of_the_workers_and_a_session_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let found = directory.path().join("found");
        // An inheritable descriptor, as a careless extension would leave it.
        let held = File::open("/dev/null").unwrap();
        rustix::io::fcntl_setfd(&held, rustix::io::FdFlags::empty()).unwrap();
        let script = format!(
            "ls /proc/$$/fd > {0}; cut -d' ' -f6 /proc/$$/stat >> {0}; echo {READY}",
            found.display()
        );
        run(&program(&script)).unwrap();
        let found = std::fs::read_to_string(&found).unwrap();
        let lines: Vec<&str> = found.lines().collect();
        let (session, descriptors) = lines.split_last().unwrap();
        // 10 is the shell's own.
        assert!(descriptors.iter().all(|one| ["0", "1", "2", "10"].contains(one)), "{descriptors:?}");
        assert_ne!(*session, our_session());
    }
}
