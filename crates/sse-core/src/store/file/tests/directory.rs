//! The directory and its own files. What other users may and may not is in `tests/users.rs`.

use super::*;

#[test]
fn a_missing_directory_is_named_with_the_command_that_makes_it() {
    let place = tempdir().unwrap();
    let missing = place.path().join("it's missing");
    let store = store(&missing);
    for error in [store.append(&key("a"), &draft("1")).unwrap_err(), store.directory().check().unwrap_err()] {
        let text = error.to_string();
        assert!(matches!(&error, Error::DirectoryMissing { path, .. } if *path == missing), "{error:?}");
        assert!(text.contains("does not exist; create it: sudo install -d -m 2770 -o "), "{text}");
        assert!(text.contains(r"/it'\''s missing'"), "{text}");
    }
}

#[test]
fn the_missing_directory_of_a_missing_directory_is_named_whole() {
    let place = tempdir().unwrap();
    let missing = place.path().join("a/b");
    let error = store(&missing).append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(&error, Error::DirectoryMissing { path, .. } if *path == missing), "{error:?}");
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let place = tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let store = store(&path);
        for error in
            [store.append(&key("a"), &draft("1")).unwrap_err(), store.directory().check().unwrap_err()]
        {
            assert!(matches!(&error, Error::NotADirectory { path: named } if *named == path), "{error:?}");
        }
    }
}

#[test]
fn the_epoch_stays_for_as_long_as_the_store() {
    let place = tempdir().unwrap();
    let epoch = || store(place.path()).directory().meta().unwrap().epoch;
    let first = epoch();
    assert_eq!(epoch(), first);
    fs::remove_file(place.path().join("store")).unwrap();
    assert_ne!(epoch(), first);
}

#[test]
fn a_floor_is_raised_and_never_lowered() {
    let place = tempdir().unwrap();
    let directory = Directory::new(place.path());
    let floor = EventId::new(7, 1);
    directory.raise_floor(floor).unwrap();
    directory.raise_floor(EventId::new(6, 9)).unwrap();
    assert_eq!(directory.meta().unwrap().floor, floor);
}

#[test]
fn a_damaged_store_file_is_an_error_that_says_what_to_do() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push(&store, &key, "1");
    let path = place.path().join("store");
    let whole = fs::read(&path).unwrap();
    let writer = crate::testing::store(place.path());
    for at in 0..whole.len() {
        damage(&path, at, whole[at] ^ 1);
        let error = writer.append(&key, &draft("2")).unwrap_err();
        assert!(matches!(error, Error::DamagedStore { .. }), "byte {at}: {error}");
        assert!(error.to_string().contains("remove it, and a new store starts"), "{error}");
        fs::write(&path, &whole).unwrap();
    }
    push(&writer, &key, "3");
    assert_eq!(all(&store, &key), ["1", "3"]);
}

#[test]
fn a_store_of_a_newer_format_is_refused_by_name() {
    let place = tempdir().unwrap();
    let line = "sse-store 3 whatever comes";
    fs::write(place.path().join("store"), format!("{line} {:08x}\n", crc32fast::hash(line.as_bytes())))
        .unwrap();
    let error = store(place.path()).append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::NewerFormat { found: 3, known: 1, .. }), "{error}");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let (place, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let (store, key) = (store(place.path()), key("a"));
    let target = write_log(&crate::testing::store(elsewhere.path()), &key, &[]);
    std::os::unix::fs::symlink(&target, store.directory().log(&key)).unwrap();
    let before = fs::read(&target).unwrap();
    store.append(&key, &draft("1")).unwrap_err();
    assert_eq!(fs::read(&target).unwrap(), before);
}

#[test]
fn nothing_but_the_files_of_the_store_is_left_behind() {
    let place = tempdir().unwrap();
    let (store, key) = (store_of(place.path(), 2), key("a"));
    push_all(&store, &key, 0..20);
    let mut names: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let log = store.directory().log(&key).file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(names, [log.as_str(), "lock", "store", "swept"]);
}

#[test]
fn a_lock_file_that_was_removed_by_hand_is_made_anew() {
    let place = tempdir().unwrap();
    let directory = Directory::new(place.path());
    directory.locked(|| Ok(())).unwrap();
    let path = place.path().join("lock");
    let old = fs::File::open(&path).unwrap();
    let held = lock::exclusive(&old, &path, Patience::Waits).unwrap();
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || directory.locked(|| Ok(path.exists())).unwrap()
    });
    let opened = || {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        open.filter(|fd| fs::read_link(fd.as_ref().unwrap().path()).is_ok_and(|file| file == path)).count()
    };
    wait_for("the other thread to open the file", || opened() == 2);
    fs::remove_file(&path).unwrap();
    drop(held);
    assert!(waiting.join().unwrap(), "who waited for the removed file holds the one that counts");
}
