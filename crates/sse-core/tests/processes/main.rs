//! Stores and feeds under real processes: many at once, killed, of several users, without space and
//! without inotify.
//!
//! A process is this very binary, started again with a role.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking; clippy knows only #[test] functions"
)]

mod crowd;
mod disk;
mod inotify;
mod support;
mod users;

#[test]
#[ignore = "not a test: what the others start as a process of its own"]
fn process() {
    match support::variable("ROLE").as_str() {
        "pusher" => crowd::pusher(),
        "reader" => crowd::reader(),
        "user" => users::user(),
        "without inotify" => inotify::without(),
        role => panic!("there is no role {role}"),
    }
}
