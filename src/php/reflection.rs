//! What reflection and backtraces show of our functions, as far as ext-php-rs can't say it.

use std::ffi::c_void;

use ext_php_rs::args::ArgInfo;
use ext_php_rs::ffi::{
    HashTable, ext_php_rs_compiler_globals, zend_function, zend_hash_str_find, zend_string,
};
use ext_php_rs::types::ZendStr;

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
