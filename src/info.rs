//! The extension's section of `phpinfo()`.

use std::panic::catch_unwind;

use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};

use crate::php::exception::Failure;
use crate::php::ini;
use crate::{handoff, settings, stores};

/// The section of `phpinfo()`.
pub extern "C" fn print(module: *mut ModuleEntry) {
    // A panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        info_table_start!();
        info_table_row!("Server-Sent Events", "enabled");
        info_table_row!("version", env!("CARGO_PKG_VERSION"));
        let Here { tier, hub, store, problem } = here();
        info_table_row!("tier", tier.as_str());
        info_table_row!("hub", hub.as_str());
        info_table_row!("store", store.as_str());
        info_table_row!("problem", problem.as_str());
        info_table_row!("engines", "file, redis, sqlite");
        info_table_end!();
        ini::show_entries(module);
    });
}

/// How streams are served here, in words.
struct Here {
    tier: String,
    hub: String,
    store: String,
    problem: String,
}

fn here() -> Here {
    let unknown = || String::from("unknown: a setting is wrong");
    let text = |failure: Failure| failure.argument().unwrap_or_else(unknown);
    let location = match settings::location() {
        Ok(location) => location,
        Err(failure) => {
            return Here { tier: unknown(), hub: unknown(), store: unknown(), problem: text(failure) };
        }
    };
    let (why, hub) = handoff::status(&location).unwrap_or_else(|failure| (Some(text(failure)), None));
    Here {
        tier: match why {
            None => "hub: a stream frees its PHP worker".into(),
            Some(why) => format!("worker: a stream holds its PHP worker; {why}"),
        },
        hub: match hub {
            Some(hub) => format!("process {}, {} of {} streams", hub.pid, hub.streams, hub.max_streams),
            None => "none runs now".into(),
        },
        store: location.to_string(),
        problem: stores::problem(&location).unwrap_or_else(|| "none".into()),
    }
}
