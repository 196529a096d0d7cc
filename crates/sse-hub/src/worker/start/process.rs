//! A hub's process, on its own from the beginning.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::refusal;
use crate::meeting::READY;

/// What of a failed start is told.
const TOLD: usize = 400;
/// What a PHP may need to run, and to know whom to trust. Nothing else of a worker's environment is its hub's:
/// a pool's `env[…]` are secrets more often than not.
const ENVIRONMENT: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// How a hub is run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The PHP of the command line, and its arguments.
    pub command: Vec<OsString>,
}

/// Why a hub doesn't listen.
#[derive(Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// It has neither begun nor ended so far.
    Yet,
    /// In words.
    Because(String),
}

impl From<String> for NotBegun {
    fn from(why: String) -> Self {
        Self::Because(why)
    }
}

/// What of the environment hubs are given, as it is when this is first called: before PHP code runs, which may
/// change it and must not choose what a hub loads.
pub fn remember_environment() -> &'static [(OsString, OsString)] {
    static FIRST: OnceLock<Vec<(OsString, OsString)>> = OnceLock::new();
    FIRST.get_or_init(|| {
        ENVIRONMENT.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?))).collect()
    })
}

/// Runs a hub, and returns when it listens.
///
/// # Errors
/// Why it doesn't, or not yet.
pub fn run(program: &Program, patience: Duration) -> Result<(), NotBegun> {
    let Some((name, arguments)) = program.command.split_first() else {
        return Err("no PHP of the command line is known to run the hub with".to_owned().into());
    };
    let failed = |error: io::Error| refusal::explained(Path::new(name), &error);
    let (mut said, out) = io::pipe().map_err(failed)?;
    let errors = out.try_clone().map_err(failed)?;
    // Nothing comes in; /dev/null may be missing.
    let (nothing, _) = io::pipe().map_err(failed)?;
    let mut command = Command::new(name);
    command.args(arguments).current_dir("/").stdin(nothing).stdout(out).stderr(errors);
    command.env_clear().envs(remember_environment().iter().cloned());
    // SAFETY: what runs there calls only functions that are safe after a fork.
    unsafe { command.pre_exec(detach) };
    // Its first process ends at once; what runs PHP is that one's child, and nobody's.
    let first = command.spawn().and_then(|mut child| child.wait());
    // Our copies of the pipe's end must go, or it would never end.
    drop(command);
    first.map_err(failed)?;

    let until = Instant::now() + patience;
    let mut text = Vec::new();
    let mut piece = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&said, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) => return Err(NotBegun::Yet),
            Err(error) => return Err(failed(error.into()).into()),
            Ok(_) => {}
        }
        match said.read(&mut piece) {
            Ok(0) | Err(_) => return Err(format!("the hub did not begin: {}", told(&text)).into()),
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
        // Who started it may have stopped waiting for its word.
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
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
    use std::fs::File;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

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
        let error = run(&program("echo PHP Warning: no such library; exit 255"), PATIENCE).unwrap_err();
        assert_eq!(error, "the hub did not begin: PHP Warning: no such library".to_owned().into());
    }

    #[test]
    fn a_started_hub_has_nothing_of_the_workers_environment_that_it_does_not_need() {
        // cargo's own are there in any case.
        assert!(std::env::vars_os().count() > ENVIRONMENT.len());
        let directory = tempfile::tempdir().unwrap();
        let found = directory.path().join("found");
        let script = format!("tr '\\0' '\\n' < /proc/$$/environ > {}; echo {READY}", found.display());
        run(&program(&script), PATIENCE).unwrap();
        let found = std::fs::read_to_string(&found).unwrap();
        for variable in found.lines() {
            let name = variable.split('=').next().unwrap();
            assert!(ENVIRONMENT.contains(&name), "{variable}");
        }
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let missing = Program { command: vec!["/nowhere/php".into()] };
        let NotBegun::Because(error) = run(&missing, PATIENCE).unwrap_err() else { unreachable!() };
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
        run(&program(&script), PATIENCE).unwrap();
        let found = std::fs::read_to_string(&found).unwrap();
        let lines: Vec<&str> = found.lines().collect();
        let (session, descriptors) = lines.split_last().unwrap();
        // 10 is the shell's own.
        assert!(descriptors.iter().all(|one| ["0", "1", "2", "10"].contains(one)), "{descriptors:?}");
        assert_ne!(*session, our_session());
    }
}
