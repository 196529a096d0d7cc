//! The FastCGI parameters of a request, as the web server sent them; and one that application code doesn't see.
//!
//! PHP looks for one in its server API's `getenv`, lists all of them by a function of the server API's too, and makes
//! its variables of them through its input filter. In the place of these three we have functions of ours, which leave
//! our own parameter out and call those that were there before.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use ext_php_rs::ffi::{sapi_module, zend_hash_str_del};
use ext_php_rs::types::{ArrayKey, ZendHashTable, Zval};
use ext_php_rs::zend::{ProcessGlobals, SapiGlobals};

use super::{Halt, fpm, guarded};

/// A parameter of ours, which a hub adds to a request that it makes. No HTTP client can send it: what comes from
/// one is in parameters whose names begin with `HTTP_`, or in those that the web server's configuration names.
pub const RECALL: &CStr = c"SSE_RECALL";
/// What FPM puts before the name of a parameter that it has changed.
const ORIGINAL: &[u8] = b"ORIG_";
/// Where a variable comes from, as the input filter is told (`PARSE_ENV` and `PARSE_SERVER` in PHP's `SAPI.h`).
const FROM_PARAMETERS: [c_int; 2] = [4, 5];

/// A parameter's name and value.
pub type Parameter = (Vec<u8>, Vec<u8>);

/// Fills an array with all variables of the environment and of the request.
type Load = unsafe extern "C" fn(*mut Zval);
/// Looks for one, by its name and that one's length.
type Find = unsafe extern "C" fn(*const c_char, usize) -> *mut c_char;
/// Changes a variable on its way to PHP code; 0 if it doesn't come there.
type Filter = unsafe extern "C" fn(c_int, *const c_char, *mut *mut c_char, usize, *mut usize) -> c_uint;

unsafe extern "C" {
    static mut php_load_environment_variables: Option<Load>;
}

/// The functions that ours are in the place of.
struct Before {
    find: Find,
    load: Load,
    filter: Filter,
}

static BEFORE: OnceLock<Option<Before>> = OnceLock::new();

/// To be called when a request begins, before code of the application runs: what the hub's parameter says.
/// From then on nothing shows it.
pub fn take_recall() -> Option<Vec<u8>> {
    // There is no request where opcache preloads, nor the server API's functions.
    if !fpm::is_fpm() || SapiGlobals::get().server_context.is_null() {
        return None;
    }
    let before = BEFORE.get_or_init(take_places).as_ref()?;
    // SAFETY: FPM looks in the request it serves, by a name of this length; what it answers is a string that
    // lives as long as the request, and is copied.
    let token = unsafe {
        let value = (before.find)(RECALL.as_ptr(), RECALL.count_bytes());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes().to_vec())
    }?;
    // In the very first request of a process, with auto_globals_jit off, these are there already.
    let mut globals = ProcessGlobals::get_mut();
    for array in globals.http_globals.iter_mut().filter(|array| array.is_array()) {
        // SAFETY: an array of the engine's, which `$_SERVER` or `$_ENV` shares: not by `array_mut`, which would make
        // another one.
        if let Some(table) = unsafe { array.value.arr.as_mut() } {
            remove(table);
        }
    }
    Some(token)
}

/// Puts functions of ours in the place of those that show parameters.
fn take_places() -> Option<Before> {
    // SAFETY: function pointers that the engine and its extensions set before the first request, in this thread
    // (FPM has one); ours live as long as the module.
    unsafe {
        let module = (&raw mut sapi_module).as_mut()?;
        let load_before = php_load_environment_variables?;
        let before = Before { find: module.getenv?, load: load_before, filter: module.input_filter? };
        module.getenv = Some(find);
        php_load_environment_variables = Some(load);
        module.input_filter = Some(filter);
        Some(before)
    }
}

unsafe extern "C" fn find(name: *const c_char, length: usize) -> *mut c_char {
    // SAFETY: the engine's name of this length, which is looked at and handed on.
    unsafe {
        let is_ours = std::slice::from_raw_parts(name.cast::<u8>(), length) == RECALL.to_bytes();
        match BEFORE.get() {
            Some(Some(before)) if !is_ours => (before.find)(name, length),
            _ => std::ptr::null_mut(),
        }
    }
}

unsafe extern "C" fn load(array: *mut Zval) {
    if let Some(Some(before)) = BEFORE.get() {
        // SAFETY: an array of the engine's that lives through the call. Filling it may raise a fatal error, which
        // passes over this frame: it holds nothing.
        unsafe {
            (before.load)(array);
            array.as_mut().and_then(Zval::array_mut).map(remove);
        }
    }
}

fn remove(table: &mut ZendHashTable) {
    // SAFETY: a table of the engine's; a name that isn't in it is none that is removed.
    unsafe { zend_hash_str_del(table, RECALL.as_ptr(), RECALL.count_bytes()) };
}

unsafe extern "C" fn filter(
    source: c_int,
    name: *const c_char,
    value: *mut *mut c_char,
    length: usize,
    new_length: *mut usize,
) -> c_uint {
    // SAFETY: the engine's name, which ends with NUL; all is handed on as it is.
    unsafe {
        if FROM_PARAMETERS.contains(&source) && CStr::from_ptr(name) == RECALL {
            return 0;
        }
        match BEFORE.get() {
            // It may raise a fatal error, which passes over this frame: that holds nothing.
            Some(Some(before)) => (before.filter)(source, name, value, length, new_length),
            _ => 1,
        }
    }
}

/// The parameters of the request as the web server sent them, without the environment of this process;
/// `None` where this isn't PHP-FPM.
pub fn all() -> Result<Option<Vec<Parameter>>, Halt> {
    let Some(Some(before)) = BEFORE.get() else { return Ok(None) };
    let loaded = guarded(|| {
        let mut array = Zval::new();
        array.set_hashtable(ZendHashTable::new());
        // SAFETY: an array of ours, which the engine fills with copies.
        unsafe { (before.load)(&raw mut array) };
        array
    })?;
    let mut found: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for (name, value) in loaded.array().into_iter().flat_map(ZendHashTable::iter) {
        let (ArrayKey::String(_) | ArrayKey::Str(_)) = name else { continue };
        let Some(value) = value.dereference().binary_slice::<u8>() else { continue };
        found.insert(name.to_string().into_bytes(), value.to_vec());
    }
    found.remove(RECALL.to_bytes());
    for (name, value) in std::env::vars_os() {
        if found.get(name.as_bytes()).is_some_and(|found| *found == value.as_bytes()) {
            found.remove(name.as_bytes());
        }
    }
    Ok(Some(as_sent(found)))
}

/// FPM takes some parameters apart, and keeps what was sent under names that begin with `ORIG_`.
fn as_sent(mut found: BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Parameter> {
    let kept: Vec<Vec<u8>> = found.keys().filter(|name| name.starts_with(ORIGINAL)).cloned().collect();
    for name in kept {
        if let Some(value) = found.remove(&name) {
            found.insert(name.get(ORIGINAL.len()..).unwrap_or_default().to_vec(), value);
        }
    }
    found.into_iter().collect()
}
