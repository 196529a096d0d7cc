//! What every engine promises, as one table of behaviours that runs over one table of engines.
//!
//! A new engine is a line below and a variant of [`place::Engine`]; a new behaviour is a function and
//! a line in the table. Processes are this very binary, started again with a role.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking; clippy knows only #[test] functions"
)]

mod behaviours;
mod client;
mod crowd;
mod place;
mod redis;
mod sqlite;
#[path = "../processes/support.rs"]
#[allow(dead_code, reason = "shared with the tests of processes, which use more of it")]
mod support;

/// A test for each behaviour on one engine.
macro_rules! behaviours {
    ($engine:expr; $($behaviour:ident,)*) => {
        $(#[test]
        fn $behaviour() {
            if let Some(place) = $engine.place() {
                crate::behaviours::$behaviour(&place);
            }
        })*
    };
}

macro_rules! engines {
    ($($name:ident: $engine:expr;)*) => {
        $(mod $name {
            use crate::place::Engine;
            behaviours! { $engine;
                ids_rise_and_events_come_in_order,
                a_push_answers_the_id_that_readers_see,
                a_reader_that_stopped_at_its_limit_finds_what_came_since,
                a_client_resumes_behind_its_cursor,
                a_client_resumes_behind_a_bare_id,
                a_client_without_a_cursor_gets_the_latest_event,
                replay_gives_as_many_events_as_asked_for,
                what_comes_first_to_a_new_key_is_no_gap,
                reading_a_key_nobody_pushed_to_gives_nothing,
                a_gap_is_told_after_retention,
                a_gap_is_told_while_a_stream_waits,
                a_gap_is_told_once_the_store_was_emptied,
                a_stream_goes_on_once_the_store_was_emptied,
                retention_bounds_events,
                retention_bounds_age,
                retention_bounds_bytes_but_keeps_the_newest,
                an_event_is_stored_behind_the_one_that_was_last,
                an_event_is_not_stored_once_another_came,
                an_event_is_not_stored_behind_an_id_that_never_was_last,
                a_key_takes_its_first_event_only_if_it_has_none,
                an_event_is_stored_behind_one_that_retention_dropped,
                a_condition_outlives_the_store_that_was_emptied,
                of_rivals_that_store_behind_the_newest_one_wins,
                the_newest_events_come_oldest_first,
                the_newest_events_behind_an_id,
                a_gap_before_the_newest_events_is_told_if_they_are_all,
                keys_are_kept_apart,
                stores_are_kept_apart,
                payloads_come_back_byte_for_byte,
                names_that_an_earlier_version_took_come_back,
                large_payloads_come_back_whole,
                a_payload_over_the_limit_is_refused_and_wakes_nobody,
                a_store_that_fails_says_so_and_wakes_nobody,
                a_push_from_another_process_wakes,
                a_push_to_another_key_does_not_wake,
                several_keys_come_as_one_stream,
                failures_are_counted,
                places_for_streams_are_counted,
                eight_pushers_and_three_readers_lose_nothing,
                killed_pushers_lose_nothing_that_was_answered,
            }
        })*
    };
}

engines! {
    on_file: Engine::File;
    on_sqlite: Engine::Sqlite;
    on_redis: Engine::Redis;
}

/// What only engines can tell whose events name the one before them.
macro_rules! chained {
    ($($name:ident: $engine:expr;)*) => {
        $(mod $name {
            use crate::place::Engine;
            behaviours! { $engine;
                a_gap_is_told_once_an_earlier_state_was_put_back_and_pushed_to,
            }
        })*
    };
}

chained! {
    chained_on_sqlite: Engine::Sqlite;
    chained_on_redis: Engine::Redis;
}

#[test]
#[ignore = "not a test: what the others start as a process of its own"]
fn process() {
    match support::variable("ROLE").as_str() {
        "pusher" => crowd::pusher(),
        "reader" => crowd::reader(),
        "rival" => behaviours::rival(),
        "sql" => sqlite::sql(),
        "stranger" => sqlite::stranger(),
        "integrity" => sqlite::integrity(),
        role => panic!("there is no role {role}"),
    }
}
