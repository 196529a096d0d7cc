//! What a worker and the hub say to each other: what is read means the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_hub::wire::message::{ToHub, ToWorker, read, write};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = read::<ToHub>(bytes) {
        assert_eq!(read::<ToHub>(&write(&message).unwrap()).unwrap(), message);
    }
    if let Ok(message) = read::<ToWorker>(bytes) {
        assert_eq!(read::<ToWorker>(&write(&message).unwrap()).unwrap(), message);
    }
});
