//! Starting a hub from a worker: exactly one, detached from the worker and its server.
//!
//! The hub is a PHP process of the command line that runs `Sse\hub()` out of this very file. It says
//! `ready` on its standard output once it listens, or what is wrong.
//!
//! Always true:
//! - one worker starts at a time, and looks again for a hub before it does;
//! - no request waits long for it: who starts one a second, who finds somebody starting half of one. A hub
//!   that needs longer goes on by itself, and is found by who comes later;
//! - nothing of the worker's leaks: no descriptor, no signal handler or mask, no terminal, no
//!   directory, no environment; and no secret is on the command line.

mod process;
mod refusal;

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use self::process::{NotBegun, run};
pub use self::process::{Program, remember_environment};
use crate::meeting::address::Address;
use crate::meeting::socket;
use crate::meeting::turn::{NoHub, Turn};

/// How long who starts a hub waits for it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the others wait for who starts one.
const OTHERS_PATIENCE: Duration = Duration::from_millis(500);
/// How often is looked whether another worker has started one.
const LOOK: Duration = Duration::from_millis(5);

/// Connects to the hub at `address`, starting it if there is none. `patience` is how long it may take to
/// answer.
///
/// # Errors
/// Why there is none.
pub fn connect(address: &Address, program: &Program, patience: Duration) -> Result<OwnedFd, NoHub> {
    if let Some(connection) = existing(address, patience)? {
        return Ok(connection);
    }
    let until = Instant::now() + OTHERS_PATIENCE;
    let turn = loop {
        let turn = Turn::take(address)
            .map_err(|error| format!("the lock {} can't be had: {error}", address.start_file().display()))?;
        match turn {
            Some(turn) => break turn,
            None if Instant::now() < until => std::thread::sleep(LOOK),
            None => return Err(NoHub::yet("another worker is starting the hub")),
        }
    };
    // Another worker may have been faster.
    if let Some(connection) = existing(address, patience)? {
        turn.over();
        return Ok(connection);
    }
    // Each worker would wait as long for the same.
    if let Some(last) = turn.last() {
        return Err(last);
    }
    let ran = run(program, PATIENCE);
    // It may be that another hub listens by now, and ours found its address taken.
    if let Some(connection) = existing(address, patience)? {
        turn.over();
        return Ok(connection);
    }
    let none = match ran {
        Err(NotBegun::Yet) => NoHub::yet(&format!(
            "the hub did not begin within {} ms; it may yet, and streams that come later find it",
            PATIENCE.as_millis()
        )),
        Err(NotBegun::Because(why)) => why.into(),
        Ok(()) => format!("the hub was started, but nobody listens at {}", address.socket.display()).into(),
    };
    // For other workers, and for `Sse\status()` in whatever process it is asked.
    turn.leave(&none);
    Err(none)
}

/// A connection to the hub that is there, if it is this user's; nothing if none is. One that is there and
/// has no room is no reason to start another.
///
/// # Errors
/// Why it can't be used, in words for the log.
pub fn existing(address: &Address, patience: Duration) -> Result<Option<OwnedFd>, String> {
    let connection = match socket::connect(&address.socket, patience) {
        Ok(connection) => connection,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(format!("the hub at {} can't be reached: {error}", address.socket.display()));
        }
    };
    let peer = socket::peer(&connection).map_err(|error| error.to_string())?;
    let user = rustix::process::geteuid().as_raw();
    if peer != user {
        return Err(format!(
            "{} is held by user id {peer}, this process is user id {user}; remove it",
            address.socket.display()
        ));
    }
    Ok(Some(connection))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::SystemTime;

    use super::*;
    use crate::meeting::READY;
    use crate::meeting::turn::{FRESH, last_failure};

    fn program(script: &str) -> Program {
        Program { command: ["/bin/sh", "-c", script].map(OsString::from).to_vec() }
    }

    fn address(directory: &tempfile::TempDir) -> Address {
        Address { socket: directory.path().join("hub.sock"), log: directory.path().join("hub.log") }
    }

    #[test]
    fn what_has_just_failed_for_another_worker_is_not_tried_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let tried = directory.path().join("tried");
        let program = program(&format!("touch {}; echo no; exit 1", tried.display()));
        let why = connect(&address, &program, PATIENCE).unwrap_err();
        assert_eq!(why, "the hub did not begin: no".to_owned().into());
        assert_eq!(last_failure(&address).as_ref(), Some(&why.why));
        std::fs::remove_file(&tried).unwrap();
        assert_eq!(connect(&address, &program, PATIENCE).unwrap_err(), why);
        assert!(!tried.exists());
        // What failed long ago is tried again.
        let long_ago = SystemTime::now() - 2 * FRESH;
        let file = std::fs::File::options().write(true).open(address.start_file()).unwrap();
        file.set_modified(long_ago).unwrap();
        assert_eq!(connect(&address, &program, PATIENCE).unwrap_err(), why);
        assert!(tried.exists());
    }

    #[test]
    fn a_hub_that_takes_long_to_begin_goes_on_and_is_neither_waited_for_nor_started_again() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let at = |name: &str| directory.path().join(name).display().to_string();
        let program = program(&format!(
            "echo x >> {0}; until [ -e {1} ]; do sleep 0.01; done; echo {READY}; touch {2}",
            at("begun"),
            at("go"),
            at("done")
        ));
        assert!(connect(&address, &program, PATIENCE).unwrap_err().is_coming);
        assert!(connect(&address, &program, PATIENCE).unwrap_err().is_coming);
        assert_eq!(std::fs::read_to_string(at("begun")).unwrap(), "x\n");
        std::fs::write(at("go"), "").unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while !std::path::Path::new(&at("done")).exists() {
            assert!(Instant::now() < until, "it ended when nobody waited for it any more");
            std::thread::sleep(LOOK);
        }
        let _listener = socket::listen(&address.socket).unwrap();
        assert!(connect(&address, &program, PATIENCE).is_ok());
    }

    #[test]
    fn while_somebody_starts_one_nobody_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let _turn = Turn::take(&address).unwrap().unwrap();
        let tried = directory.path().join("tried");
        let program = program(&format!("touch {}", tried.display()));
        assert!(connect(&address, &program, PATIENCE).unwrap_err().is_coming);
        assert!(!tried.exists());
    }

    #[test]
    fn nothing_is_left_of_a_start_that_came_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let address = address(&directory);
        let _listener = socket::listen(&address.socket).unwrap();
        let turn = Turn::take(&address).unwrap().unwrap();
        turn.over();
        assert!(connect(&address, &program("exit 1"), PATIENCE).is_ok());
        assert!(!address.start_file().exists());
    }
}
