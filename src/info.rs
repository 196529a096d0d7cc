//! What PHP shows of the extension: `phpinfo()` and reflection.

use std::ffi::{c_int, c_void};
use std::panic::catch_unwind;

use ext_php_rs::args::ArgInfo;
use ext_php_rs::ffi::{
    _zend_ini_entry, HashTable, display_ini_entries, ext_php_rs_compiler_globals, php_output_write,
    zend_function, zend_hash_str_find, zend_string,
};
use ext_php_rs::types::ZendStr;
use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};
use sse_core::store::redacted;

use crate::exception::Failure;
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
        // SAFETY: the engine hands us our own module entry.
        unsafe { display_ini_entries(module) };
    });
}

/// Shows `sse.dsn` without the password in it.
///
/// # Safety
/// For the engine, which hands us an entry of its own.
pub unsafe extern "C" fn show_dsn(entry: *mut _zend_ini_entry, which: c_int) {
    const ORIGINAL: c_int = 1;
    // A panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        // SAFETY: the entry is the engine's and so are its strings, for as long as we are called.
        let text = unsafe {
            let Some(entry) = entry.as_ref() else { return };
            let value = if which == ORIGINAL && entry.modified != 0 { entry.orig_value } else { entry.value };
            value.as_ref().and_then(|value| value.as_str().ok()).unwrap_or_default().to_owned()
        };
        let shown = match redacted(&text) {
            empty if empty.is_empty() => "no value".into(),
            // The page may be HTML; in a data source name these can be written so too.
            shown => shown.replace('&', "%26").replace('<', "%3C").replace('>', "%3E"),
        };
        // SAFETY: the engine copies as many bytes as we say.
        unsafe { php_output_write(shown.as_ptr().cast(), shown.len()) };
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

/// Makes reflection say `string|array` of `$keys`; ext-php-rs has no union types.
pub fn name_union_types() {
    const MAY_BE_STRING: u32 = 1 << 6;
    const MAY_BE_ARRAY: u32 = 1 << 7;
    for name in ["sse\\stream", "sse\\check", "sse\\cursor"] {
        // SAFETY: at start-up no other thread runs; the function's argument table is ours, made for this
        // module, has the entry for `$keys` first, and is read by reflection only.
        unsafe {
            let Some(function) = function(name) else { continue };
            if let Some(keys) = (function.internal_function.arg_info as *mut ArgInfo).as_mut() {
                keys.type_.type_mask = MAY_BE_STRING | MAY_BE_ARRAY;
            }
        }
    }
}

/// Keeps out of backtraces what may have a password in its `dsn`, as `#[\SensitiveParameter]` does
/// (PHP 8.2; earlier ones show the attribute and nothing more).
pub fn hide_passwords() {
    unsafe extern "C" {
        fn zend_add_attribute(
            attributes: *mut *mut HashTable,
            name: *mut zend_string,
            count: u32,
            flags: u32,
            offset: u32,
            line: u32,
        ) -> *mut c_void;
    }
    const ZEND_ATTRIBUTE_PERSISTENT: u32 = 1;
    let mut name = ZendStr::new("SensitiveParameter", true);
    for (function_name, parameter) in [
        ("sse\\push", 3),
        ("sse\\stream", 1),
        ("sse\\check", 1),
        ("sse\\read", 3),
        ("sse\\cursor", 1),
        ("sse\\status", 0),
        ("sse\\configure", 0),
    ] {
        // SAFETY: at start-up no other thread runs; the engine does the same to its own functions. The
        // first parameter has the offset 1. The name is persistent, and the engine counts its own use.
        unsafe {
            let Some(function) = function(function_name) else { continue };
            let attributes = &raw mut function.common.attributes;
            zend_add_attribute(attributes, &raw mut *name, 0, ZEND_ATTRIBUTE_PERSISTENT, parameter + 1, 0);
        }
    }
}

/// A function of this module's, by its name in lower case.
///
/// # Safety
/// Only at start-up, when the functions were just registered and no other thread runs.
unsafe fn function(name: &str) -> Option<&'static mut zend_function> {
    // SAFETY: the table is the engine's, and there by then; what it has found lives as long as the module.
    unsafe {
        let functions = (*ext_php_rs_compiler_globals()).function_table;
        let found = zend_hash_str_find(functions, name.as_ptr().cast(), name.len()).as_ref()?;
        found.value.ptr.cast::<zend_function>().as_mut()
    }
}
