//! The PHP extension `sse`: Server-Sent Events, pushed and streamed natively.
//!
//! This crate is the boundary to PHP and translates only. Events, stores, signals and frames are in
//! `sse-core`, the process that holds streams is in `sse-hub`; neither knows of PHP.

#![allow(missing_docs, reason = "what the module exports is generated, and called by PHP only")]

mod api;
mod asked;
mod basedir;
mod handoff;
mod info;
mod options;
mod php;
mod settings;
mod stores;
mod stream;

use ext_php_rs::prelude::*;

/// The module, as PHP loads it.
#[php_module]
#[php(startup = "startup")]
pub fn module(module: ModuleBuilder) -> ModuleBuilder {
    let module = module
        .name("sse")
        .version(env!("CARGO_PKG_VERSION"))
        .enumeration::<stream::StreamEnd>()
        .request_startup_function(begin_request)
        .info_function(info::print);
    api::register(module)
}

/// Runs when PHP starts, which can be more than once in a process.
fn startup(_type: i32, module_number: i32) -> i32 {
    settings::register(module_number);
    php::reflection::name_union_types();
    php::reflection::hide_passwords();
    php::keep_functions();
    handoff::remember_software();
    ext_php_rs::internal::startup_guard(php::exception::register)
}

/// Runs when a request begins.
extern "C" fn begin_request(_type: i32, _module_number: i32) -> i32 {
    handoff::remember_environment();
    handoff::begin_request();
    stream::response::begin_request();
    0
}
