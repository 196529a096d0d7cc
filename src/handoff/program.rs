//! Which hub the streams of this process go to, and the program that it is.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sse_core::disk::own;
use sse_core::printable::Printable;
use sse_core::store::Location;
use sse_hub::meeting::address::{Address, Requirements};
use sse_hub::meeting::software::Software;
use sse_hub::worker::start::{self, Program};

use crate::php::call;
use crate::php::exception::Failure;
use crate::settings;

/// A hub that a worker started ends after so long without a stream.
const IDLE_S: u64 = 60;

/// What this process was loaded from, as it was when the module started.
static SOFTWARE: OnceLock<Option<Software>> = OnceLock::new();

/// To be called when the module starts, before the file can be replaced.
pub fn remember_software() {
    SOFTWARE.get_or_init(|| Software::loaded().ok());
}

/// To be called when a request begins: what the environment was before PHP code could change it.
pub fn remember_environment() {
    own::temporary();
    start::remember_environment();
}

pub fn software() -> Result<&'static Software, String> {
    let software = SOFTWARE.get_or_init(|| Software::loaded().ok());
    software.as_ref().ok_or_else(|| "the file that this extension was loaded from can't be found".into())
}

/// The hub that streams of this store go to.
pub fn wanted(location: &Location) -> Result<Requirements, String> {
    // The server that a hub would wait for when it reads this store; streams of another are in another
    // hub.
    let server = match location {
        Location::Directory(_) | Location::Sqlite(_) => "",
        Location::Redis(location) => location.dsn(),
    };
    Ok(Requirements {
        socket: settings::hub_socket().map_err(text)?,
        log: settings::hub_log().map_err(text)?,
        build: software()?.build.clone(),
        server: server.into(),
    })
}

fn text(failure: Failure) -> String {
    match failure {
        Failure::Argument(text) => text,
        _ => "the settings can't be read".into(),
    }
}

/// How the hub is started there.
pub fn program(address: &Address) -> Result<Program, String> {
    let software = software()?;
    let mut command: Vec<OsString> = vec![php_program()?.into(), "-n".into()];
    let others = settings::for_hub().map_err(text)?;
    let others = others.iter().map(|(name, value)| (*name, value.as_ref()));
    let paths = [
        ("extension", software.path.as_os_str()),
        ("sse.hub_socket", address.socket.as_os_str()),
        ("sse.hub_log", address.log.as_os_str()),
    ];
    for (name, value) in paths.into_iter().chain(others) {
        command.extend(["-d".into(), setting(name, value)?]);
    }
    command.extend(["-r".into(), format!("exit(Sse\\hub(['idle' => {IDLE_S}]));").into()]);
    Ok(Program { command })
}

/// A setting for the command line. PHP reads it as a line of an ini file, in which a value could go on with
/// settings of its own; within single quotes nothing but their end means anything.
fn setting(name: &str, value: &OsStr) -> Result<OsString, String> {
    if value.as_encoded_bytes().iter().any(|&byte| byte == b'\'' || byte.is_ascii_control()) {
        return Err(format!(
            "{name} is \"{}\", and no hub can be started with a quote or a control character in it; choose another path",
            Printable(value.as_encoded_bytes())
        ));
    }
    let mut setting = OsString::from(format!("{name}='"));
    setting.push(value);
    setting.push("'");
    Ok(setting)
}

/// The PHP of the command line that belongs to this one.
fn php_program() -> Result<PathBuf, String> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    let constant = |name: &str| call("constant", &[&name]).ok().flatten();
    let directory = || constant("PHP_BINDIR").and_then(|value| value.string()).unwrap_or_default();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let number = |name| constant(name).and_then(|value| value.long()).unwrap_or_default();
    let version = format!("php{}.{}", number("PHP_MAJOR_VERSION"), number("PHP_MINOR_VERSION"));
    let found = [version.as_str(), "php"]
        .iter()
        .map(|name| Path::new(&directory()).join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            format!(
                "there is no php of the command line in {}, which would run the hub; install it",
                directory()
            )
        })?;
    Ok(FOUND.get_or_init(|| found).clone())
}

/// Why there is no hub, with what a chroot has to do with it.
pub fn in_chroot(why: String) -> String {
    if !software().is_ok_and(Software::is_in_chroot) {
        return why;
    }
    format!(
        "{why} (this PHP runs in a chroot: php of the command line, its libraries, the extension and /dev/null would have to be in there too; take chroot out of the pool's configuration, or set sse.hub to off)"
    )
}
