//! What PHP shows of the extension: `phpinfo()` and reflection.

use std::ffi::c_int;
use std::panic::catch_unwind;

use ext_php_rs::args::ArgInfo;
use ext_php_rs::ffi::{
    _zend_ini_entry, display_ini_entries, ext_php_rs_compiler_globals, php_output_write, zend_function,
    zend_hash_str_find,
};
use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};
use sse_core::store::redacted;

/// The section of `phpinfo()`.
pub extern "C" fn print(module: *mut ModuleEntry) {
    // A panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        info_table_start!();
        info_table_row!("Server-Sent Events", "enabled");
        info_table_row!("version", env!("CARGO_PKG_VERSION"));
        let (tier, hub) = tier();
        info_table_row!("tier", tier.as_str());
        info_table_row!("hub", hub.as_str());
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

/// How streams are served here, and the hub, in words.
fn tier() -> (String, String) {
    match crate::settings::location().and_then(|location| crate::handoff::status(&location)) {
        Ok((why, hub)) => (
            match why {
                None => "hub: a stream frees its PHP worker".into(),
                Some(why) => format!("worker: a stream holds its PHP worker; {why}"),
            },
            match hub {
                Some(hub) => format!("process {}, {} of {} streams", hub.pid, hub.streams, hub.max_streams),
                None => "none runs now".into(),
            },
        ),
        Err(_) => ("unknown: a setting is wrong, see Sse\\status()".into(), "unknown".into()),
    }
}

/// Makes reflection say `string|array` of `$keys`; ext-php-rs has no union types.
pub fn name_union_types() {
    const MAY_BE_STRING: u32 = 1 << 6;
    const MAY_BE_ARRAY: u32 = 1 << 7;
    for name in ["sse\\stream", "sse\\cursor"] {
        // SAFETY: at start-up the functions were just registered and no other thread runs; their
        // argument table is ours, made for this module, has the entry for `$keys` first, and is read
        // by reflection only.
        unsafe {
            let functions = (*ext_php_rs_compiler_globals()).function_table;
            let Some(found) = zend_hash_str_find(functions, name.as_ptr().cast(), name.len()).as_ref() else {
                continue;
            };
            let Some(function) = found.value.ptr.cast::<zend_function>().as_ref() else { continue };
            if let Some(keys) = (function.internal_function.arg_info as *mut ArgInfo).as_mut() {
                keys.type_.type_mask = MAY_BE_STRING | MAY_BE_ARRAY;
            }
        }
    }
}
