//! What PHP shows of the extension: `phpinfo()` and reflection.

use std::panic::catch_unwind;

use ext_php_rs::args::ArgInfo;
use ext_php_rs::ffi::{display_ini_entries, ext_php_rs_compiler_globals, zend_function, zend_hash_str_find};
use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};

/// The section of `phpinfo()`.
pub extern "C" fn print(module: *mut ModuleEntry) {
    // A panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        info_table_start!();
        info_table_row!("Server-Sent Events", "enabled");
        info_table_row!("version", env!("CARGO_PKG_VERSION"));
        info_table_row!("tier", "worker: a stream holds its PHP worker and sleeps until it is woken");
        info_table_row!("engines", "file");
        info_table_end!();
        // SAFETY: the engine hands us our own module entry.
        unsafe { display_ini_entries(module) };
    });
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
