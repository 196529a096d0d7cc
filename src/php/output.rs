//! PHP's output layer, and the way past it to the client.

use std::ffi::{CStr, c_char, c_int};

use ext_php_rs::ffi::{
    php_output_discard, php_output_end, php_output_get_contents, php_output_get_level, php_output_set_status,
    php_output_start_default, php_output_write,
};
use ext_php_rs::types::Zval;
use ext_php_rs::zend::{ProcessGlobals, SapiModule};

use super::{Halt, guarded, is_set};

/// What the client's connection is to the engine: not 0 once it was aborted or timed out.
pub fn connection_status() -> i32 {
    ProcessGlobals::get().connection_status.into()
}

/// Keeps an aborted connection from ending the script in our own frames; the old value comes back
/// when this is dropped.
pub struct IgnoreAbort(bool);

impl IgnoreAbort {
    /// From now on.
    pub fn begin() -> Self {
        let mut globals = ProcessGlobals::get_mut();
        Self(std::mem::replace(&mut globals.ignore_user_abort, true))
    }
}

impl Drop for IgnoreAbort {
    fn drop(&mut self) {
        ProcessGlobals::get_mut().ignore_user_abort = self.0;
    }
}

/// Prints through PHP's output layer, buffers and all.
pub fn print(bytes: &[u8]) -> Result<(), Halt> {
    // SAFETY: the bytes live through the call.
    guarded(|| unsafe { php_output_write(bytes.as_ptr().cast(), bytes.len()) }).map(drop)
}

/// Writes to the client past all buffers. After [`disable_output`] nothing else does.
pub fn write_to_client(bytes: &[u8]) -> Result<(), Halt> {
    let Some(write) = SapiModule::get().ub_write else { return Ok(()) };
    // SAFETY: the SAPI's own function with bytes that live through the call.
    guarded(|| unsafe { write(bytes.as_ptr().cast(), bytes.len()) }).map(drop)
}

/// Has the SAPI send what it holds back.
pub fn flush_to_client() -> Result<(), Halt> {
    let Some(flush) = SapiModule::get().flush else { return Ok(()) };
    let context = ext_php_rs::zend::SapiGlobals::get().server_context;
    // SAFETY: the SAPI's own function with its own context, as the engine calls it.
    guarded(|| unsafe { flush(context) })
}

/// From now on nothing that PHP prints reaches the client, until the request ends.
pub fn disable() {
    const PHP_OUTPUT_DISABLED: i32 = 0x02;
    // SAFETY: sets flags of this request's output layer.
    unsafe { php_output_set_status(PHP_OUTPUT_DISABLED) };
}

/// What PHP prints reaches the client again.
pub fn enable() {
    // SAFETY: as above.
    unsafe { php_output_set_status(0) };
}

/// Where output to the client began: file and line.
pub fn began() -> Option<(String, i32)> {
    unsafe extern "C" {
        fn php_output_get_start_filename() -> *const c_char;
        fn php_output_get_start_lineno() -> c_int;
    }
    // SAFETY: both read this request's output layer; the name is the engine's, and copied.
    unsafe {
        let file = php_output_get_start_filename();
        (!file.is_null())
            .then(|| (CStr::from_ptr(file).to_string_lossy().into_owned(), php_output_get_start_lineno()))
    }
}

/// Runs what the application gave to `header_register_callback()`, so that its headers can be seen.
pub fn run_header_callback() -> Result<(), Halt> {
    const IS_UNDEF: u32 = 0;
    let callback = {
        let mut globals = ext_php_rs::zend::SapiGlobals::get_mut();
        if is_set(globals.headers_sent) {
            return Ok(());
        }
        let mut none = Zval::new();
        none.u1.type_info = IS_UNDEF;
        // As the engine does: it runs once, and not while it runs.
        std::mem::replace(&mut globals.callback_func, none)
    };
    // SAFETY: reading the type of a value that is whole.
    if unsafe { callback.u1.type_info } == IS_UNDEF {
        return Ok(());
    }
    guarded(|| callback.try_call(vec![]).map(drop)).map(drop)
}

/// Sends the headers, once.
pub fn send_headers() -> Result<(), Halt> {
    // SAFETY: sends this request's headers; a SAPI may do anything then, hence the guard.
    guarded(|| unsafe { ext_php_rs::ffi::sapi_send_headers() }).map(drop)
}

/// How many output buffers are open.
pub fn level() -> i32 {
    // SAFETY: reads a counter of this request's output layer.
    unsafe { php_output_get_level() }
}

/// Ends the innermost output buffer; what it holds goes where `keep` says: on, or nowhere.
pub fn end_buffer(keep: bool) -> Result<(), Halt> {
    // SAFETY: works on this request's output layer; a user's handler may run, hence the guard.
    guarded(|| unsafe { if keep { php_output_end() } else { php_output_discard() } }).map(drop)
}

/// Runs PHP code and catches what it prints.
pub fn captured<R>(action: impl FnOnce() -> R) -> (Result<R, Halt>, Vec<u8>) {
    let before = level();
    // SAFETY: opens a buffer on this request's output layer.
    let opened = unsafe { php_output_start_default() } == 0;
    let result = guarded(action);
    let mut printed = Vec::new();
    // The code may have left buffers of its own, or ended ours.
    while opened && level() > before {
        let mut contents = Zval::new();
        // SAFETY: the engine writes a string or false into the zval.
        let got = guarded(|| unsafe { php_output_get_contents(&raw mut contents) });
        if got.is_ok() {
            printed.splice(0..0, contents.binary_slice::<u8>().unwrap_or_default().iter().copied());
        }
        if end_buffer(false).is_err() {
            break;
        }
    }
    (result, printed)
}
