//! PHP's settings (ini entries): reading, changing and showing them.

use std::ffi::{CStr, CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::panic::catch_unwind;
use std::path::Path;

use ext_php_rs::ffi::{
    _zend_ini_entry, display_ini_entries, php_output_write, zend_alter_ini_entry_chars, zend_hash_str_find,
    zend_ini_string, zend_string,
};
use ext_php_rs::types::ZendStr;
use ext_php_rs::zend::{ExecutorGlobals, ModuleEntry};
use sse_core::store::redacted;

use super::{Halt, guarded, is_set};

/// The value of a setting as it stands in this request; empty if it isn't set.
pub fn get(name: &CStr) -> String {
    // SAFETY: the engine looks the entry up by name and answers a string it owns, or null; we copy
    // it before anything else runs. The last argument is `int` or `bool`, by PHP's version.
    unsafe {
        let value = zend_ini_string(name.as_ptr(), name.count_bytes(), Default::default());
        if value.is_null() { String::new() } else { CStr::from_ptr(value).to_string_lossy().into_owned() }
    }
}

/// Whether a setting's value comes from PHP code, or from a `.user.ini` or `.htaccess` of the application's:
/// not from php.ini, the command line, the pool or `php_admin_value`.
pub fn is_set_by_code(name: &CStr) -> bool {
    const PHP_INI_USER: u8 = 1;
    // SAFETY: the table of settings and its entries are the engine's and live as long as the request; the
    // texts are compared before anything else runs.
    unsafe {
        let settings = ExecutorGlobals::get().ini_directives;
        let Some(found) = zend_hash_str_find(settings, name.as_ptr(), name.count_bytes()).as_ref() else {
            return false;
        };
        let Some(entry) = found.value.ptr.cast::<_zend_ini_entry>().as_ref() else { return false };
        let text = |value: *mut zend_string| value.as_ref().and_then(|value| value.as_str().ok());
        // What a server sets with the rights of an administrator (SYSTEM) for this request only, no code can
        // change any more. What says the same as the configuration is not code's doing.
        is_set(entry.modified)
            && entry.modifiable & PHP_INI_USER != 0
            && text(entry.value) != text(entry.orig_value)
    }
}

/// Whether `open_basedir`, if it is set, lets PHP code use a path.
pub fn is_in_basedir(path: &Path) -> Result<bool, Halt> {
    unsafe extern "C" {
        fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
    }
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return Ok(false) };
    // SAFETY: the engine reads the path, which lives through the call, and answers 0 or -1.
    guarded(|| unsafe { php_check_open_basedir_ex(path.as_ptr(), 0) } == 0)
}

/// Sets a setting for the rest of this request, like `ini_set()`; false if the engine refuses.
pub fn set(name: &str, value: &str) -> bool {
    const PHP_INI_USER: i32 = 1;
    const PHP_INI_STAGE_RUNTIME: i32 = 1 << 4;
    let mut name = ZendStr::new(name, false);
    // SAFETY: name and value live through the call; the engine copies the value.
    let result = guarded(|| unsafe {
        zend_alter_ini_entry_chars(
            name.as_mut_ptr(),
            value.as_ptr().cast(),
            value.len(),
            PHP_INI_USER,
            PHP_INI_STAGE_RUNTIME,
        )
    });
    matches!(result, Ok(0))
}

/// Shows the settings of our module, as a part of `phpinfo()`.
pub fn show_entries(module: *mut ModuleEntry) {
    // SAFETY: the engine hands us our own module entry.
    unsafe { display_ini_entries(module) };
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
            let value =
                if which == ORIGINAL && is_set(entry.modified) { entry.orig_value } else { entry.value };
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
