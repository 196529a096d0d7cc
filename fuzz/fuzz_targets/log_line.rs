//! The bytes of a log: what is read as an event or a header is, written again, the very same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_core::store::file::format::{FirstLine, read_header, read_line, read_tail, write_header, write_line};

fuzz_target!(|bytes: &[u8]| {
    if let FirstLine::Header(header, length) = read_header(bytes) {
        let again = write_header(&header);
        assert_eq!(read_header(&again), FirstLine::Header(header, again.len() as u64));
        assert!(length as usize <= bytes.len());
    }
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let _ = read_tail(line);
        if let Some(event) = read_line(line).and_then(|line| line.event()) {
            let again = write_line(event.id, event.stored_millis, &event.draft);
            let read = read_line(again.strip_suffix(b"\n").unwrap()).and_then(|line| line.event());
            assert_eq!(read, Some(event));
        }
    }
});
