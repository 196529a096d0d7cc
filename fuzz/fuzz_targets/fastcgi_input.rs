//! What a web server still sends on a stream's connection: read alike in pieces of any size, the first byte's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_hub::wire::record::Input;

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, bytes)) = bytes.split_first() else { return };
    let ended = Input::new(1, true).take(bytes);
    let mut input = Input::new(1, true);
    assert_eq!(bytes.chunks(usize::from(size).max(1)).any(|piece| input.take(piece)), ended);
});
