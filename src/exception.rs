//! What PHP code can catch: few exceptions under one interface.

use ext_php_rs::exception::PhpException;
use ext_php_rs::prelude::*;
use ext_php_rs::zend::{ClassEntry, bailout, ce};
use sse_core::error::Kind;

use crate::php::Halt;

/// Implemented by every exception of this extension.
#[php_interface]
#[php(name = "Sse\\Exception")]
#[php(extends(ce = ce::throwable, stub = "\\Throwable"))]
#[allow(dead_code, reason = "PHP knows it by its class entry")]
pub trait Exception {}

/// Something was passed that can't be used; nothing was stored or sent.
#[php_class]
#[php(name = "Sse\\InvalidArgumentException")]
#[php(extends(ce = spl::invalid_argument_exception, stub = "\\InvalidArgumentException"))]
#[php(implements(PhpInterfaceException))]
#[derive(Default)]
pub struct InvalidArgumentException;

#[php_impl]
impl InvalidArgumentException {}

/// The store can't do what was asked; nothing is half-written.
#[php_class]
#[php(name = "Sse\\StoreException")]
#[php(extends(ce = spl::runtime_exception, stub = "\\RuntimeException"))]
#[php(implements(PhpInterfaceException))]
#[derive(Default)]
pub struct StoreException;

#[php_impl]
impl StoreException {}

/// The response can't become a stream; no byte was sent.
#[php_class]
#[php(name = "Sse\\StreamException")]
#[php(extends(ce = spl::runtime_exception, stub = "\\RuntimeException"))]
#[php(implements(PhpInterfaceException))]
#[derive(Default)]
pub struct StreamException;

#[php_impl]
impl StreamException {}

/// Why a function of ours fails.
#[derive(Debug)]
pub enum Failure {
    /// `Sse\InvalidArgumentException`.
    Argument(String),
    /// `TypeError`.
    Type(String),
    /// `Sse\StoreException`.
    Store(String),
    /// `Sse\StreamException`.
    Stream(String),
    /// PHP code that we called was halted.
    Halt(Halt),
}

impl Failure {
    /// An error of the core, with what it happened to.
    pub fn of(subject: &str, error: &sse_core::Error) -> Self {
        let text = if subject.is_empty() { error.to_string() } else { format!("{subject}: {error}") };
        match error.kind() {
            Kind::Argument => Self::Argument(text),
            Kind::Store => Self::Store(text),
        }
    }

    /// Throws it from the function named. A fatal error is raised anew, so nothing of ours may be
    /// alive in the caller.
    pub fn throw(self, function: &str) {
        let throw = |text: &str, class: &'static ClassEntry| {
            PhpException::new(format!("{function}(): {text}"), 0, class).throw()
        };
        match self {
            Self::Argument(text) => throw(&text, class::<InvalidArgumentException>()),
            Self::Type(text) => throw(&text, ce::type_error()),
            Self::Store(text) => throw(&text, class::<StoreException>()),
            Self::Stream(text) => throw(&text, class::<StreamException>()),
            Self::Halt(Halt::Thrown) => {}
            Self::Halt(Halt::Panic(text)) => {
                throw(&format!("a bug in the extension, please report it: {text}"), ce::error())
            }
            // SAFETY: we are inside the `zend_try` of the function's own handler, and what the
            // function held was dropped on the way here.
            Self::Halt(Halt::Bailout) => unsafe { bailout() },
        }
    }
}

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

fn class<T: ext_php_rs::class::RegisteredClass>() -> &'static ClassEntry {
    T::get_metadata().ce()
}

/// Parents that ext-php-rs has no function for.
mod spl {
    use ext_php_rs::ffi::zend_class_entry;
    use ext_php_rs::zend::{ClassEntry, ce};

    unsafe extern "C" {
        static spl_ce_InvalidArgumentException: *mut zend_class_entry;
        static spl_ce_RuntimeException: *mut zend_class_entry;
    }

    pub fn invalid_argument_exception() -> &'static ClassEntry {
        // SAFETY: SPL is compiled into every PHP and starts before us; the entry lives as long as PHP.
        unsafe { spl_ce_InvalidArgumentException.as_ref() }.unwrap_or_else(ce::exception)
    }

    pub fn runtime_exception() -> &'static ClassEntry {
        // SAFETY: as above.
        unsafe { spl_ce_RuntimeException.as_ref() }.unwrap_or_else(ce::exception)
    }
}
