//! Calls into PHP's engine, each made safe.
//!
//! This room is where `unsafe` is; what is outside of it calls safe functions.
//!
//! Whatever runs PHP code or takes the engine's memory may end in a bailout: a `longjmp` over our
//! frames that runs no destructor. So it runs inside [`guarded`], which turns the bailout into
//! [`Halt::Bailout`]; that travels up as an ordinary error, and the outermost frame raises it anew
//! when everything else is dropped. Nothing swallows it.

pub mod exception;
pub mod fpm;
pub mod ini;
pub mod json;
pub mod output;
pub mod parameters;
pub mod process;
pub mod reflection;
pub mod sockets;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;
use std::ptr::null_mut;

use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::ffi::{
    ext_php_rs_compiler_globals, php_log_err_with_severity, zend_call_known_function, zend_function,
    zend_hash_str_find, zend_internal_function, zend_string,
};
use ext_php_rs::types::{ZendStr, Zval};
use ext_php_rs::zend::{CatchError, ExecutorGlobals, SapiModule, try_catch};
use parking_lot::Mutex;

/// Why PHP code that we called didn't come to its end.
#[derive(Debug)]
pub enum Halt {
    /// A fatal error: to be raised anew when all of ours is dropped.
    Bailout,
    /// An exception (or `exit`) is pending in the engine.
    Thrown,
    /// A bug of ours: what it said.
    Panic(String),
}

/// Runs what may bail out or throw.
pub fn guarded<R>(action: impl FnOnce() -> R) -> Result<R, Halt> {
    let pending_before = ExecutorGlobals::has_exception();
    match try_catch(AssertUnwindSafe(action)) {
        Ok(_) if !pending_before && ExecutorGlobals::has_exception() => Err(Halt::Thrown),
        Ok(result) => Ok(result),
        Err(CatchError::Bailout) => Err(Halt::Bailout),
        Err(error) => Err(Halt::Panic(error.to_string())),
    }
}

/// Whether a flag of the engine's is set: a `bool` from PHP 8.6 on, a byte before.
pub fn is_set(flag: impl Into<i32>) -> bool {
    flag.into() != 0
}

/// PHP's own functions that we call.
const CALLED: [&str; 11] = [
    "connection_status",
    "constant",
    "date",
    "json_decode",
    "json_encode",
    "json_last_error_msg",
    "ob_get_contents",
    "ob_get_status",
    "session_status",
    "session_write_close",
    "set_time_limit",
];

/// A function as it was when the module started.
struct Kept(&'static str, zend_internal_function);

// SAFETY: what it points to belongs to the module that has the function, and nothing writes to it.
unsafe impl Send for Kept {}

/// Functions of [`CALLED`]; from the module's start to its end they stay where they are, as PHP may be in
/// one of them.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// Keeps the functions that we call; to be called when the module starts. `disable_functions`, which is
/// meant for applications, takes them out of the engine's table after that.
pub fn keep_functions() {
    let kept = CALLED.iter().filter_map(|&name| {
        // SAFETY: at start-up no other thread runs, and the table holds functions; those of PHP's own are
        // internal ones, which are copied to their end and no farther.
        let function = unsafe {
            let functions = (*ext_php_rs_compiler_globals()).function_table;
            let found = zend_hash_str_find(functions, name.as_ptr().cast(), name.len()).as_ref()?;
            *found.value.ptr.cast::<zend_internal_function>()
        };
        Some(Kept(name, without_what_is_freed(name, function)))
    });
    *KEPT.lock() = kept.collect();
}

/// The same function without what the engine frees when it takes one out of its table: the description of its
/// arguments, which only says how they are passed (by value, ours), its attributes, and its name.
fn without_what_is_freed(name: &str, mut function: zend_internal_function) -> zend_internal_function {
    // Bit 6 of a string's flags: the engine neither counts its uses nor frees it.
    const IS_STR_INTERNED: u32 = 1 << 6;
    let kept_name: *mut zend_string = ZendStr::new(name, true).into_raw();
    // SAFETY: the string was just made, and nobody else has it; it lives as long as the process.
    unsafe { (*kept_name).gc.u.type_info |= IS_STR_INTERNED };
    function.function_name = kept_name;
    (function.num_args, function.required_num_args) = (0, 0);
    function.fn_flags = 0;
    function.arg_flags = [0; 3];
    function.arg_info = null_mut();
    function.attributes = null_mut();
    function
}

/// Where the engine keeps a function, or we do.
fn find(name: &str) -> Option<*mut zend_function> {
    // SAFETY: the table of functions lives as long as the request; what it holds are functions.
    let found = unsafe {
        let functions = (*ext_php_rs_compiler_globals()).function_table;
        zend_hash_str_find(functions, name.as_ptr().cast(), name.len()).as_ref()
    };
    if let Some(found) = found {
        // SAFETY: as above.
        return Some(unsafe { found.value.ptr }.cast());
    }
    let mut kept = KEPT.lock();
    let kept = kept.iter_mut().find(|kept| kept.0 == name)?;
    Some((&raw mut kept.1).cast())
}

/// Calls one of PHP's own functions, also if it was disabled. `None` if this PHP doesn't have it.
///
/// It is called where the engine keeps it: `Function::try_from_function` copies the entry, and with it
/// what lies behind the end of an internal function's.
pub fn call(name: &str, arguments: &[&dyn IntoZvalDyn]) -> Result<Option<Zval>, Halt> {
    guarded(|| {
        let arguments: Vec<Zval> =
            arguments.iter().map(|argument| argument.as_zval(false)).collect::<Result<_, _>>().ok()?;
        let function = find(name)?;
        let mut result = Zval::new();
        // SAFETY: the function lives as long as the module that has it. The arguments live through the call,
        // and the engine writes the result.
        unsafe {
            zend_call_known_function(
                function,
                null_mut(),
                null_mut(),
                &raw mut result,
                u32::try_from(arguments.len()).ok()?,
                arguments.as_ptr().cast_mut(),
                null_mut(),
            );
        }
        Some(result)
    })
}

/// One line for PHP's error log, as `error_log()` writes it; control characters are shown.
pub fn log(line: &str) {
    let line: String =
        line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let Ok(line) = CString::new(format!("sse: {line}")) else { return };
    // SAFETY: the string lives through the call. A bailout is not expected of it, and would be
    // caught by `guarded`; what happens to a log line must not stop a stream.
    let _ = guarded(|| unsafe { php_log_err_with_severity(line.as_ptr(), LOG_NOTICE) });
}

/// The same, unless it is one of the last lines that this process has logged so.
pub fn log_once(line: &str) {
    const REMEMBERED: usize = 16;
    thread_local! {
        static LOGGED: RefCell<VecDeque<String>> = RefCell::default();
    }
    let is_new = LOGGED.with_borrow_mut(|logged| {
        let is_new = !logged.iter().any(|known| known == line);
        if is_new {
            logged.truncate(REMEMBERED - 1);
            logged.push_front(line.to_owned());
        }
        is_new
    });
    if is_new {
        log(line);
    }
}

/// `LOG_NOTICE` of syslog(3).
const LOG_NOTICE: i32 = 5;

/// The server API's name: `fpm-fcgi`, `cli`, `cli-server`, `apache2handler`, …
pub fn sapi_name() -> String {
    let name = SapiModule::get().name;
    if name.is_null() {
        return String::new();
    }
    // SAFETY: a SAPI's name is a constant string for the life of the process.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Whether PHP runs without a client: what a stream writes is printed.
pub fn is_command_line() -> bool {
    matches!(sapi_name().as_str(), "cli" | "phpdbg" | "embed" | "micro")
}

/// Lets the engine handle what is waiting for it: a signal of `pcntl_async_signals`, a time limit.
/// To be called after every wait.
pub fn handle_interrupts() -> Result<(), Halt> {
    if !ExecutorGlobals::get().vm_interrupt_pending() {
        return Ok(());
    }
    // The engine looks at the flag after each internal function it calls.
    call("connection_status", &[]).map(drop)
}

/// Whether the engine wants to be asked.
trait Interrupt {
    fn vm_interrupt_pending(&self) -> bool;
}

impl Interrupt for ExecutorGlobals {
    fn vm_interrupt_pending(&self) -> bool {
        // SAFETY: the field is one byte, a `bool` or an atomic one by PHP's version, which a signal
        // handler may set at any time; a volatile read of it is what the engine itself does.
        unsafe { (&raw const self.vm_interrupt).cast::<u8>().read_volatile() != 0 }
    }
}

/// The class of the pending exception, if one is pending.
pub fn pending_exception() -> Option<String> {
    ExecutorGlobals::pending_exception_class()
}

/// Whether what is pending is `exit`, which must go on to the top.
pub fn is_exiting() -> bool {
    matches!(pending_exception().as_deref(), Some("UnwindExit" | "GracefulExit"))
}

/// Takes the pending exception and says what it was: class, message, file and line.
pub fn take_exception_text() -> String {
    let Some(exception) = ExecutorGlobals::take_exception() else { return "unknown".into() };
    let class = exception.get_class_name().unwrap_or_default();
    let text = guarded(|| {
        let ask = |method| exception.try_call_method(method, vec![]).ok();
        let message = ask("getMessage").and_then(|value| value.string()).unwrap_or_default();
        let file = ask("getFile").and_then(|value| value.string()).unwrap_or_default();
        let line = ask("getLine").and_then(|value| value.long()).unwrap_or_default();
        format!("{class}: {message} in {file}:{line}")
    });
    text.unwrap_or(class)
}
