//! How the hub is, for `Sse\status()` and `phpinfo()`.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::types::ZendHashTable;
use sse_core::store::Location;
use sse_hub::meeting::address::Address;
use sse_hub::meeting::turn;
use sse_hub::wire::message::Status;

use super::program::{in_chroot, wanted};
use super::{CLIENT, why_never};
use crate::php::exception::Failure;
use crate::php::fpm;
use crate::settings;

/// What `Sse\status()` says: why streams stay in the worker, if they do, and how the hub is.
pub fn status(location: &Location) -> Result<(Option<String>, Option<Status>), Failure> {
    let why_never = match why_never()? {
        None => fpm::can_replace_by_null().err().map(in_chroot),
        why => why,
    };
    if !settings::hub()? {
        return Ok((why_never, None));
    }
    // None runs: the next stream starts it, unless that has just failed.
    Ok(match ask(location) {
        Ok(status) => (why_never, Some(status)),
        Err(why) => (why_never.or(why.map(in_chroot)), None),
    })
}

/// How the hub is that streams of this store would go to; why there is none, if that is known.
fn ask(location: &Location) -> Result<Status, Option<String>> {
    let wanted = wanted(location)?;
    let address = Address::look(&wanted).map_err(|error| error.to_string())?.ok_or(None)?;
    let mut client = CLIENT.take();
    let answer = client.status(&wanted, &address);
    CLIENT.set(client);
    answer.map_err(|_| turn::last_failure(&address))
}

/// What `Sse\status()` says of the hub.
pub fn fields(hub: &Status) -> ZBox<ZendHashTable> {
    let mut table = ZendHashTable::new();
    let numbers = [
        ("pid", u64::from(hub.pid)),
        ("streams", hub.streams),
        ("max_streams", hub.max_streams),
        ("taken", hub.taken),
        ("keys", hub.keys),
        ("events", hub.events),
        ("bytes", hub.bytes),
        ("recalls", hub.recalls),
        ("recalls_waiting", hub.recalls_waiting),
        ("recalls_oldest_ms", hub.recalls_oldest_ms),
    ];
    for (name, number) in numbers {
        // These fail only for a value that can't be converted; numbers and text can.
        let _ = table.insert(name, i64::try_from(number).unwrap_or(i64::MAX));
    }
    let _ = table.insert("socket", hub.socket.as_str());
    let _ = table.insert("signal", hub.signal.as_str());
    let _ = table.insert("last_error", hub.last_error.clone());
    table
}
