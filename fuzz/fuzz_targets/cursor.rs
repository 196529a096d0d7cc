//! A client's cursor: whatever it sends, it is read or it is none; asked for keys, it has an answer for each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_core::cursor::Cursor;
use sse_core::key::Key;

fuzz_target!(|bytes: &[u8]| {
    if let Some(cursor) = Cursor::read(bytes) {
        let keys: Vec<Key> = (0..64).map(|number| Key::new(format!("key {number}").as_bytes()).unwrap()).collect();
        assert_eq!(cursor.positions(&keys).len(), keys.len());
    }
});
