//! What PHP code can catch: few exceptions under one interface.
//!
//! They are plain PHP classes, made by the engine's own exception constructor: with file, line and
//! trace, and `new` works in applications and their tests. (Classes of `#[php_class]` have none of it.)

use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::exception::PhpException;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::zend::{ClassEntry, bailout, ce};
use sse_core::error::Kind;
use sse_core::printable::Printable;

use crate::php::Halt;

/// A class of ours: where the engine put it. Written each time the module starts.
type Place = AtomicPtr<ClassEntry>;

static EXCEPTION: Place = Place::new(std::ptr::null_mut());
static INVALID_ARGUMENT: Place = Place::new(std::ptr::null_mut());
static STORE: Place = Place::new(std::ptr::null_mut());
static STREAM: Place = Place::new(std::ptr::null_mut());

/// Makes the exceptions known to PHP; to be called when the module starts.
pub fn register() -> ext_php_rs::error::Result<()> {
    ClassBuilder::new("Sse\\Exception")
        .flags(ClassFlags::Interface)
        .implements((ce::throwable, "\\Throwable"))
        .registration(|class, _| EXCEPTION.store(class, Ordering::Release))
        .register()?;
    ClassBuilder::new("Sse\\InvalidArgumentException")
        .extends((spl::invalid_argument_exception, "\\InvalidArgumentException"))
        .implements((interface, "\\Sse\\Exception"))
        .registration(|class, _| INVALID_ARGUMENT.store(class, Ordering::Release))
        .register()?;
    ClassBuilder::new("Sse\\StoreException")
        .extends((spl::runtime_exception, "\\RuntimeException"))
        .implements((interface, "\\Sse\\Exception"))
        .registration(|class, _| STORE.store(class, Ordering::Release))
        .register()?;
    ClassBuilder::new("Sse\\StreamException")
        .extends((spl::runtime_exception, "\\RuntimeException"))
        .implements((interface, "\\Sse\\Exception"))
        .registration(|class, _| STREAM.store(class, Ordering::Release))
        .register()
}

fn interface() -> &'static ClassEntry {
    class(&EXCEPTION)
}

fn class(place: &Place) -> &'static ClassEntry {
    // SAFETY: null, or a class entry that the engine keeps until the module ends.
    unsafe { place.load(Ordering::Acquire).as_ref() }.unwrap_or_else(ce::exception)
}

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

    /// `unknown option "heartbeet"; did you mean "heartbeat"? Known are …`
    pub fn unknown<'n>(kind: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Self {
        let known: Vec<&str> = known.collect();
        let nearest = known
            .iter()
            .map(|candidate| {
                (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), *candidate)
            })
            .min();
        let hint = match nearest {
            Some((distance, nearest)) if distance <= 1 + name.chars().count() / 3 => {
                format!("did you mean \"{nearest}\"? Known are")
            }
            _ => "known are".into(),
        };
        Self::Argument(format!(
            "unknown {kind} \"{}\"; {hint} {}",
            Printable(name.as_bytes()),
            known.join(", ")
        ))
    }

    /// What is wrong with an argument or a setting, if it is that.
    pub fn argument(self) -> Option<String> {
        match self {
            Self::Argument(text) => Some(text),
            _ => None,
        }
    }

    /// Throws it from the function named. A fatal error is raised anew, so nothing of ours may be
    /// alive in the caller.
    pub fn throw(self, function: &str) {
        let throw = |text: &str, class: &'static ClassEntry| {
            PhpException::new(format!("{function}(): {text}"), 0, class).throw()
        };
        match self {
            Self::Argument(text) => throw(&text, class(&INVALID_ARGUMENT)),
            Self::Type(text) => throw(&text, ce::type_error()),
            Self::Store(text) => throw(&text, class(&STORE)),
            Self::Stream(text) => throw(&text, class(&STREAM)),
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
