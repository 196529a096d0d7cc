//! The PHP extension `sse`: Server-Sent Events, pushed and streamed natively.
//!
//! This crate is the boundary to PHP and translates only. Events, stores, signals and frames are in
//! `sse-core`, which knows nothing of PHP.

#![allow(missing_docs, reason = "what the module exports is generated, and called by PHP only")]

mod api;
mod callbacks;
mod exception;
mod fpm;
mod info;
mod json;
mod options;
mod php;
mod response;
mod settings;
mod stores;
mod worker;

use ext_php_rs::prelude::*;

/// The module, as PHP loads it.
#[php_module]
#[php(startup = "startup")]
pub fn module(module: ModuleBuilder) -> ModuleBuilder {
    let module = module
        .name("sse")
        .version(env!("CARGO_PKG_VERSION"))
        .enumeration::<worker::StreamEnd>()
        .info_function(info::print);
    api::register(module)
}

/// Runs when PHP starts, which can be more than once in a process.
fn startup(_type: i32, module_number: i32) -> i32 {
    settings::register(module_number);
    info::name_union_types();
    ext_php_rs::internal::startup_guard(exception::register)
}
