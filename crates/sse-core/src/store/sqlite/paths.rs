//! What a database's files are called.

use std::fs;
use std::path::{Path, PathBuf};

/// `<path><suffix>`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A database's files and directories, also where they lie if it is a symbolic link: SQLite's own are beside
/// the file, our signals beside the link.
pub fn paths(database: &Path) -> Vec<PathBuf> {
    let real = fs::canonicalize(database).ok().filter(|real| real != database);
    [database.to_owned()]
        .into_iter()
        .chain(real)
        .flat_map(|path| ["", "-wal", "-shm", "-journal", "-signals"].map(|end| beside(&path, end)))
        .collect()
}
