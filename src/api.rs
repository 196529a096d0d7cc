//! The functions that PHP sees, by their arguments: each reads them, calls the crate and answers.

use std::panic::AssertUnwindSafe;

use ext_php_rs::args::Arg;
use ext_php_rs::builders::{FunctionBuilder, ModuleBuilder};
use ext_php_rs::convert::IntoZval;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::{ExecuteData, run_handler};
use sse_core::event::{Draft, Event, EventName};
use sse_core::feed::Feed;
use sse_core::frame;
use sse_core::id::{EventId, now_millis};
use sse_core::key::Key;
use sse_core::signal::Waits;
use sse_core::store::{self, Gap, Item};

use crate::asked::{self, Asked};
use crate::handoff::{self, Served};
use crate::options::{self, Options};
use crate::php::exception::Failure;
use crate::php::{self, ini, json};
use crate::settings;
use crate::stores::{self, LentSignal};
use crate::stream::response::{self, Response};
use crate::stream::{StreamEnd, worker};

/// Adds the functions to the module.
pub fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    let key = || Arg::new("key", DataType::String);
    let keys = || Arg::new("keys", DataType::Mixed);
    let options = || Arg::new("options", DataType::Array).default("[]");
    let end = DataType::object("Sse\\StreamEnd");
    module
        .function(
            FunctionBuilder::new("Sse\\push", push)
                .arg(key())
                .arg(Arg::new("data", DataType::Mixed))
                .not_required()
                .arg(Arg::new("event", DataType::String).allow_null().default("null"))
                .arg(options())
                .returns(DataType::String, false, true),
        )
        .function(
            FunctionBuilder::new("Sse\\encode", encode)
                .arg(Arg::new("data", DataType::Mixed))
                .not_required()
                .arg(Arg::new("event", DataType::String).allow_null().default("null"))
                .returns(DataType::String, false, false),
        )
        .function(
            FunctionBuilder::new("Sse\\stream", stream)
                .arg(keys())
                .not_required()
                .arg(options())
                .returns(end, false, false),
        )
        .function(
            FunctionBuilder::new("Sse\\check", check).arg(keys()).not_required().arg(options()).returns(
                DataType::Void,
                false,
                false,
            ),
        )
        .function(
            FunctionBuilder::new("Sse\\read", read)
                .arg(key())
                .not_required()
                .arg(Arg::new("after", DataType::String).allow_null().default("null"))
                .arg(Arg::new("limit", DataType::Long).default("100"))
                .arg(options())
                .returns(DataType::Array, false, false),
        )
        .function(
            FunctionBuilder::new("Sse\\cursor", cursor).arg(keys()).not_required().arg(options()).returns(
                DataType::String,
                false,
                false,
            ),
        )
        .function(FunctionBuilder::new("Sse\\recalling", recalling).returns(DataType::Bool, false, false))
        .function(FunctionBuilder::new("Sse\\status", status).not_required().arg(options()).returns(
            DataType::Array,
            false,
            false,
        ))
        .function(FunctionBuilder::new("Sse\\hub", hub).not_required().arg(options()).returns(
            DataType::Long,
            false,
            false,
        ))
        .function(
            FunctionBuilder::new("Sse\\configure", configure)
                .arg(Arg::new("settings", DataType::Array))
                .returns(DataType::Void, false, false),
        )
}

extern "C" fn push(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\push", 2, execute, result, |[key, data, event, options]| {
        let key = options::key(given(key, "key")?, "key", "a string")?;
        let of_key = |error: sse_core::Error| Failure::of(&format!("key {key}"), &error);
        let about_key = |failure| about(&key, failure);
        let name = name(event).map_err(about_key)?;
        let options = Options::new(options, &["external", "after", "dsn"])?;
        let location = options.location()?;
        let external = options.switch("external")?.unwrap_or(false);
        let after = options.bytes("after")?.map(|text| id("option \"after\"", text)).transpose()?;
        let json = json::encode(given(data, "data")?).map_err(about_key)?;
        let draft =
            if external { Draft::external(json, name) } else { Draft::new(json, name).map_err(of_key)? };
        let store = stores::open(&location)?;
        let stored = match after {
            Some(after) => store.append_after(&key, &draft, after),
            None => store.append(&key, &draft).map(Some),
        };
        Ok(stored.map_err(of_key)?.map(|id| id.to_string()))
    });
}

extern "C" fn encode(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\encode", 1, execute, result, |[data, event]| {
        let name = name(event)?;
        let of_data = |error| Failure::of("", &error);
        let draft = Draft::new(json::encode(given(data, "data")?)?, name).map_err(of_data)?;
        settings::store()?.check_size(&draft).map_err(of_data)?;
        Ok(php::guarded(|| json::string(&draft.json))?)
    });
}

extern "C" fn stream(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\stream", 1, execute, result, |[keys, options]| {
        let Asked { mut plan, callbacks, mode, location } = Asked::read(given(keys, "keys")?, options)?;
        let store = stores::open_for_stream(&location)?;
        let choice = settings::signal_choice()?;
        let response = Response::check()?;
        if response::is_head() {
            response.set_headers();
            return Ok(StreamEnd::Head);
        }
        let signal = || LentSignal::take(choice, store.waits());
        if handoff::is_recall() {
            return handoff::serve_recall(plan, response, (&store, &location), signal(), &callbacks);
        }
        let target = match handoff::attempt(&plan, response, &store, &location, &callbacks, mode)? {
            Served::Ended(end) => return Ok(end),
            Served::ByWorkerFirst(target, later) => {
                let relieve = |cursor: &str, left| later.hand_over(cursor, left);
                return worker::run(&plan, target, &store, &location, signal(), &callbacks, Some(&relieve));
            }
            Served::ByWorker(target) => target,
            Served::ByWorkerForNow(target) => {
                plan.request.end_within(worker::LONGEST_FOR_NOW);
                target
            }
        };
        asked::spare_the_only_process(&mut plan);
        worker::run(&plan, target, &store, &location, signal(), &callbacks, None)
    });
}

extern "C" fn check(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\check", 1, execute, result, |[keys, options]| {
        let Asked { plan, mode, location, .. } = Asked::read(given(keys, "keys")?, options)?;
        let store = stores::open(&location)?;
        settings::signal_choice()?;
        Response::check()?;
        if response::is_head() {
            return Ok(());
        }
        handoff::check(&plan, mode)?;
        worker::check(&plan, &*store, &location)
    });
}

extern "C" fn read(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\read", 1, execute, result, |[key, after, limit, options]| {
        let key = options::key(given(key, "key")?, "key", "a string")?;
        let after = match optional(after) {
            Some(value) => {
                let text = options::text(value).ok_or_else(|| {
                    Failure::Type(format!(
                        "after must be a string or null, {} given",
                        options::type_name(value)
                    ))
                })?;
                Some(id("after", &text)?)
            }
            None => None,
        };
        let limit = limit_of(limit)?;
        let store = stores::open(&Options::new(options, &["dsn"])?.location()?)?;
        let items = match limit {
            Limit::First(count) => store.read(&key, after, count),
            Limit::Newest(count) => store.read_newest(&key, after, count),
        };
        let items = items.map_err(|error| Failure::of(&format!("key {key}"), &error))?;
        let times = store::times(&items, now_millis());
        let mut list =
            php::guarded(|| ZendHashTable::with_capacity(u32::try_from(items.len()).unwrap_or(0)))?;
        for (item, millis) in items.iter().zip(times) {
            let entry = entry(&key, item, millis)?;
            php::guarded(|| list.push(entry).is_ok())?;
        }
        Ok(list)
    });
}

extern "C" fn cursor(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\cursor", 1, execute, result, |[keys, options]| {
        let keys = options::keys(given(keys, "keys")?)?;
        let store = stores::open(&Options::new(options, &["dsn"])?.location()?)?;
        let error = |error| Failure::of("", &error);
        Feed::now(&*store, &keys).map_err(error)
    });
}

extern "C" fn status(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\status", 0, execute, result, |[options]| {
        let location = Options::new(options, &["dsn"])?.location()?;
        let problem = stores::problem(&location);
        let (signal, signal_why) = match (stores::open(&location), settings::signal_choice()) {
            (Ok(store), Ok(choice)) => match store.waits() {
                // Has threads and connections of its own: not for a question.
                Waits::Redis { .. } => ("redis", None),
                waits => {
                    let signal = LentSignal::take(choice, waits);
                    (signal.name(), signal.why().map(str::to_owned))
                }
            },
            // A setting is wrong, which is the problem then.
            _ => ("unknown", None),
        };
        let (why, hub) = match handoff::status(&location) {
            Err(Failure::Argument(why)) => (Some(why), None),
            other => other?,
        };
        let fields: [(&str, Option<String>); 8] = [
            ("version", Some(env!("CARGO_PKG_VERSION").into())),
            ("tier", Some(if why.is_none() { "hub" } else { "worker" }.into())),
            ("why", why),
            ("engine", Some(location.engine().into())),
            ("store", Some(location.to_string())),
            ("problem", problem),
            ("signal", Some(signal.into())),
            ("signal_why", signal_why),
        ];
        let table = php::guarded(|| {
            let mut table = ZendHashTable::new();
            for (name, value) in fields {
                // Fails only for a value that can't be converted; text can.
                let _ = table.insert(name, value);
            }
            let _ = table.insert("hub", hub.map(|hub| handoff::fields(&hub)));
            table
        })?;
        Ok(table)
    });
}

extern "C" fn recalling(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\recalling", 0, execute, result, |[]| Ok(handoff::is_recall()));
}

extern "C" fn hub(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\hub", 0, execute, result, |[options]| {
        let options = Options::new(options, &["idle"])?;
        let idle = options.seconds("idle", settings::IDLES)?.filter(|idle| !idle.is_zero());
        handoff::serve(idle)?;
        Ok(0_i64)
    });
}

extern "C" fn configure(execute: &mut ExecuteData, result: &mut Zval) {
    answer("Sse\\configure", 1, execute, result, |[settings]| {
        let settings = given(settings, "settings")?;
        let Some(table) = settings.array() else {
            return Err(Failure::Type(format!(
                "settings must be an array, {} given",
                options::type_name(settings)
            )));
        };
        let mut checked = Vec::new();
        for (name, value) in table.iter() {
            let name = name.to_string();
            let setting = settings::setting(name.trim_start_matches("sse."))?;
            let name = setting.name();
            let value = value.dereference();
            let text = match value.bool() {
                Some(on) => if on { "1" } else { "0" }.into(),
                None => options::text(value)
                    .ok_or_else(|| options::unusable(name, value, "a string, a number, true or false"))?,
            };
            let text = String::from_utf8(text).map_err(|_| options::unusable(name, value, "UTF-8"))?;
            setting.check(&text)?;
            checked.push((setting, text));
        }
        // All of them, or none.
        let mut before = Vec::new();
        for (setting, text) in checked {
            let was = setting.text();
            if ini::set(setting.name(), &text) {
                before.push((setting, was));
                continue;
            }
            for (changed, was) in before.iter().rev() {
                ini::set(changed.name(), was);
            }
            return Err(Failure::Argument(format!(
                "{} is fixed by the server's configuration (php_admin_value) and can't be changed here",
                setting.name()
            )));
        }
        Ok(())
    });
}

/// Reads up to `N` arguments, runs `body`, and puts its answer or exception where PHP looks for it.
fn answer<const N: usize, T: IntoZval>(
    name: &str,
    required: usize,
    execute: &mut ExecuteData,
    result: &mut Zval,
    body: impl FnOnce([Option<&Zval>; N]) -> Result<T, Failure>,
) {
    run_handler(AssertUnwindSafe(|| {
        let mut arguments: [Arg<'_>; N] = std::array::from_fn(|_| Arg::new("", DataType::Mixed));
        let mut parser = execute.parser().required_args(required);
        for argument in &mut arguments {
            parser = parser.arg(argument);
        }
        if parser.required_args(required).parse().is_err() {
            // The engine has thrown an ArgumentCountError.
            return;
        }
        let values: [Option<&Zval>; N] =
            arguments.each_mut().map(|argument| argument.zval().map(|value| value.dereference()));
        let answered =
            body(values).and_then(|value| Ok(php::guarded(|| value.set_zval(result, false).is_ok())?));
        if let Err(failure) = answered {
            failure.throw(name);
        }
    }));
}

fn given<'a>(argument: Option<&'a Zval>, name: &str) -> Result<&'a Zval, Failure> {
    argument.ok_or_else(|| Failure::Type(format!("{name} is missing")))
}

fn optional(argument: Option<&Zval>) -> Option<&Zval> {
    argument.filter(|value| !value.is_null())
}

/// An event's name, if it is given one.
fn name(event: Option<&Zval>) -> Result<Option<EventName>, Failure> {
    let Some(event) = optional(event) else { return Ok(None) };
    let text = options::text(event).ok_or_else(|| {
        Failure::Type(format!("event must be a string or null, {} given", options::type_name(event)))
    })?;
    EventName::new(&text).map(Some).map_err(|error| Failure::of("", &error))
}

/// What can't be used, with the key that it was for.
fn about(key: &Key, failure: Failure) -> Failure {
    match failure {
        Failure::Argument(text) => Failure::Argument(format!("key {key}: {text}")),
        other => other,
    }
}

/// An event's id.
fn id(subject: &str, text: &[u8]) -> Result<EventId, Failure> {
    let id = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    id.ok_or_else(|| Failure::of(subject, &sse_core::Error::InvalidId { text: text.to_vec() }))
}

/// How many events are read, and from which end.
enum Limit {
    First(usize),
    Newest(usize),
}

fn limit_of(limit: Option<&Zval>) -> Result<Limit, Failure> {
    const MOST: isize = 100_000;
    let Some(value) = optional(limit) else { return Ok(Limit::First(100)) };
    let text = options::text(value).and_then(|text| String::from_utf8(text).ok());
    match text.as_ref().and_then(|text| text.parse::<isize>().ok()) {
        Some(count @ 1..=MOST) => Ok(Limit::First(count.unsigned_abs())),
        Some(count) if (-MOST..0).contains(&count) => Ok(Limit::Newest(count.unsigned_abs())),
        _ => Err(Failure::Argument(format!(
            "limit must be a whole number from 1 to {MOST}, or from -1 to -{MOST} for the newest, {} given",
            text.unwrap_or_else(|| options::type_name(value))
        ))),
    }
}

/// One element of what `Sse\read()` answers.
fn entry(key: &Key, item: &Item, millis: u64) -> Result<Zval, Failure> {
    let (id, name, json, external, is_gap) = match item {
        Item::Event(Event { id, draft, .. }) => (
            *id,
            draft.name.as_ref().map(|name| name.as_str().to_owned()),
            draft.json.clone(),
            draft.external,
            false,
        ),
        Item::Gap(Gap { from, to }) => {
            (*to, Some(frame::GAP.to_owned()), frame::gap_json(&[key], *from, *to).into_bytes(), false, true)
        }
    };
    let data = json::decode(&json)?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds have 48 bits, a float holds 53")]
    let time = millis as f64 / 1_000.0;
    Ok(php::guarded(|| {
        let mut table = ZendHashTable::with_capacity(6);
        // These fail only for a value that can't be converted, which none of them is.
        let _ = table.insert("id", id.to_string());
        let _ = table.insert("time", time);
        let _ = table.insert("event", name);
        let _ = table.insert("data", data);
        let _ = table.insert("external", external);
        let _ = table.insert("gap", is_gap);
        let mut value = Zval::new();
        value.set_hashtable(table);
        value
    })?)
}
