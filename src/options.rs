//! Arrays of options, read strictly: an unknown name or a wrong value is an error that says what would do.

use std::ops::RangeInclusive;
use std::time::Duration;

use ext_php_rs::types::{ArrayKey, ZendHashTable, Zval};
use sse_core::key::{Key, Keys};
use sse_core::printable::Printable;
use sse_core::store::{Location, redacted};

use crate::php::exception::Failure;
use crate::{basedir, settings};

/// The options of one call.
pub struct Options<'a>(Option<&'a ZendHashTable>);

impl<'a> Options<'a> {
    /// Takes the options argument, which may have been left out; every name must be one of `known`.
    pub fn new(argument: Option<&'a Zval>, known: &[&str]) -> Result<Self, Failure> {
        let Some(argument) = argument else { return Ok(Self(None)) };
        let Some(table) = argument.array() else {
            return Err(Failure::Type(format!("options must be an array, {} given", type_name(argument))));
        };
        for (key, _) in table.iter() {
            let name = match key {
                ArrayKey::Long(number) => number.to_string(),
                other => other.to_string(),
            };
            if !known.contains(&name.as_str()) {
                return Err(Failure::unknown("option", &name, known.iter().copied()));
            }
        }
        Ok(Self(Some(table)))
    }

    /// An option's value; null counts as left out.
    pub fn get(&self, name: &str) -> Option<&'a Zval> {
        self.0?.get(name).map(Zval::dereference).filter(|value| !value.is_null())
    }

    /// An option that is a string.
    pub fn bytes(&self, name: &str) -> Result<Option<&'a [u8]>, Failure> {
        self.get(name)
            .map(|value| value.binary_slice().ok_or_else(|| wrong(name, value, "a string")))
            .transpose()
    }

    /// An option that is true or false.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.get(name)
            .map(|value| value.bool().ok_or_else(|| wrong(name, value, "true or false")))
            .transpose()
    }

    /// An option in seconds, whole or not.
    pub fn seconds(&self, name: &str, range: RangeInclusive<f64>) -> Result<Option<Duration>, Failure> {
        let read = |value: &Zval| {
            settings::seconds(&scalar(value), range.clone()).map_err(|expected| wrong(name, value, &expected))
        };
        self.get(name).map(read).transpose()
    }

    /// An option in milliseconds, or a range of them.
    pub fn retry(&self, name: &str) -> Result<Option<RangeInclusive<u64>>, Failure> {
        self.get(name)
            .map(|value| settings::retry(&scalar(value)).map_err(|expected| wrong(name, value, &expected)))
            .transpose()
    }

    /// An option that can be called.
    pub fn callable(&self, name: &str) -> Result<Option<&'a Zval>, Failure> {
        self.get(name)
            .map(|value| if value.is_callable() { Ok(value) } else { Err(wrong(name, value, "a callable")) })
            .transpose()
    }

    /// The store: that of `dsn`, else the one that is set.
    pub fn location(&self) -> Result<Location, Failure> {
        match self.get("dsn") {
            Some(value) => {
                let location =
                    settings::dsn(&scalar(value)).map_err(|expected| wrong_dsn(value, &expected))?;
                basedir::check("option \"dsn\"", &location.paths())?;
                Ok(location)
            }
            None => settings::location(),
        }
    }
}

/// One key, or a list of them.
pub fn keys(argument: &Zval) -> Result<Keys, Failure> {
    let keys = match argument.array() {
        Some(table) => {
            let keys = table.values().map(|value| key(value.dereference(), "keys", "a list of strings"));
            keys.collect::<Result<_, _>>()?
        }
        None => vec![key(argument, "keys", "a string or a list of strings")?],
    };
    Keys::new(keys).map_err(|error| Failure::of("", &error))
}

/// One key. Numbers count as strings, as everywhere in PHP.
pub fn key(argument: &Zval, name: &str, expected: &str) -> Result<Key, Failure> {
    let text = text(argument)
        .ok_or_else(|| Failure::Type(format!("{name} must be {expected}, {} given", type_name(argument))))?;
    Key::new(&text).map_err(|error| Failure::of("", &error))
}

/// A string, or what PHP takes for one: a number.
pub fn text(value: &Zval) -> Option<Vec<u8>> {
    if let Some(bytes) = value.binary_slice::<u8>() {
        return Some(bytes.to_vec());
    }
    (value.is_long() || value.is_double()).then(|| scalar(value).into_bytes())
}

/// What is wrong with an option.
pub fn wrong(name: &str, value: &Zval, expected: &str) -> Failure {
    unusable(&format!("option \"{name}\""), value, expected)
}

/// What is wrong with a data source name, without the password in it.
fn wrong_dsn(value: &Zval, expected: &str) -> Failure {
    match text(value) {
        Some(text) => {
            let shown = redacted(&String::from_utf8_lossy(&text));
            Failure::Argument(format!(
                "option \"dsn\" is \"{}\"; it takes {expected}",
                Printable(shown.as_bytes())
            ))
        }
        None => wrong("dsn", value, expected),
    }
}

/// `option "retry" is null; it takes …`
pub fn unusable(subject: &str, value: &Zval, expected: &str) -> Failure {
    let shown = match text(value) {
        Some(text) => format!("\"{}\"", Printable(&text)),
        None => type_name(value),
    };
    Failure::Argument(format!("{subject} is {shown}; it takes {expected}"))
}

/// A number or string as text; nothing that PHP would have to run code for.
fn scalar(value: &Zval) -> String {
    if let Some(number) = value.long() {
        number.to_string()
    } else if let Some(number) = value.double() {
        number.to_string()
    } else {
        value
            .binary_slice::<u8>()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    }
}

/// The type as PHP's own messages name it.
pub fn type_name(value: &Zval) -> String {
    if value.is_null() {
        "null".into()
    } else if value.is_bool() {
        "bool".into()
    } else if value.is_long() {
        "int".into()
    } else if value.is_double() {
        "float".into()
    } else if value.is_string() {
        "string".into()
    } else if value.is_array() {
        "array".into()
    } else if let Some(object) = value.object() {
        object.get_class_name().unwrap_or_else(|_| "object".into())
    } else {
        "resource".into()
    }
}
