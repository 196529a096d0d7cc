//! The cases of `tests/vectors/streams.json`, which a worker's stream passes, too: byte by byte the same from a hub.

use std::fs;

use serde_json::Value;

use super::*;

#[test]
fn streams_are_the_same_as_a_workers_byte_by_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/streams.json");
    let table: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let mut world = World::unlimited();
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in row["files"].as_object().unwrap() {
            fs::write(directory.path().join(name), content.as_str().unwrap()).unwrap();
        }
        let keys: Vec<&str> =
            row["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        let replay = match &row["replay"] {
            Value::String(name) if name == "none" => Replay::None,
            Value::String(name) if name == "last" => Replay::Newest(1),
            Value::String(name) if name == "all" => Replay::All,
            count => Replay::Newest(count.as_u64().unwrap()),
        };
        let offer = world.offer(directory.path(), &keys, row["client"].as_str(), replay);
        let stream = world.take(&offer);
        world.settle();
        let expected = format!("retry: 5\n{}", row["wire"].as_str().unwrap().replace("{time}", "12:00:00"));
        assert_eq!(world.output(stream).0, expected, "{}", row["name"]);
    }
}
