//! `open_basedir`: what paths PHP code may name.
//!
//! Paths that come from PHP code (options, `Sse\configure()`, `ini_set()`, and from `.user.ini` and
//! `.htaccess`, which are the application's as well) pass PHP's own check, with its ways with symbolic
//! links and `..`. It is made each time they are used, since links and `open_basedir` itself change.
//! What the server's configuration says (php.ini, the pool, `php_admin_value`) passes unchecked.

use std::path::PathBuf;

use crate::php::exception::Failure;
use crate::php::ini;

/// Says which of these paths PHP code may not use, if there is one.
pub fn check(subject: &str, paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        if !ini::is_in_basedir(path)? {
            return Err(Failure::Argument(format!(
                "{subject} leads to {}, which open_basedir keeps from PHP code: it allows {}; choose a path in there, or have the administrator set it in php.ini or with php_admin_value, where it passes",
                path.display(),
                ini::get(c"open_basedir")
            )));
        }
    }
    Ok(())
}
