//! Why the system doesn't run a program, said with what mends it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, StatVfsMountFlags, accessat, statvfs};
use sse_core::disk::accounts;

/// The system's error, and which file it is about.
pub fn explained(program: &Path, error: &io::Error) -> String {
    let why = match error.kind() {
        ErrorKind::PermissionDenied => denied(program),
        ErrorKind::NotFound if program.exists() => {
            Some("what it is run by, its loader or the program in its first line, is missing".into())
        }
        _ => None,
    };
    let why = why.map_or_else(String::new, |why| format!("; {why}"));
    format!("the hub can't be started with {}: {error}{why}", program.display())
}

fn denied(program: &Path) -> Option<String> {
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let user = accounts::this_user();
    let closed = |path: &&Path| accessat(CWD, *path, Access::EXEC_OK, AtFlags::EACCESS).is_err();
    // From the root on: behind a closed directory nothing can be seen.
    let above: Vec<&Path> = real.ancestors().skip(1).collect();
    if let Some(directory) = above.into_iter().rev().find(closed) {
        let word = accounts::shell_word(directory);
        return Some(format!(
            "{} lets only others pass: {}, and this process runs as {}; let it pass: sudo setfacl -m u:{user}:x {word}",
            directory.display(),
            accounts::owner_and_mode(&fs::metadata(directory).ok()?),
            accounts::this_process()
        ));
    }
    if statvfs(&real).is_ok_and(|mounted| mounted.f_flag.contains(StatVfsMountFlags::NOEXEC)) {
        return Some(format!(
            "{} is on a file system that is mounted noexec; install PHP's command line elsewhere, or set sse.hub to off",
            real.display()
        ));
    }
    if closed(&real.as_path()) {
        let word = accounts::shell_word(&real);
        return Some(format!(
            "{}, and this process runs as {}; let it run: sudo setfacl -m u:{user}:rx {word}",
            accounts::owner_and_mode(&fs::metadata(&real).ok()?),
            accounts::this_process()
        ));
    }
    Some("its modes allow it, so it is something like SELinux, AppArmor or seccomp that does not; their log is in dmesg or the audit log".into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn explain(program: &Path) -> String {
        let error = std::process::Command::new(program).spawn().unwrap_err();
        explained(program, &error)
    }

    #[test]
    fn a_file_that_is_not_executable_is_told_with_what_makes_it_so() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("php");
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o640)).unwrap();
        let said = explain(&program);
        assert!(said.contains("Permission denied") && said.contains("with mode 0640"), "{said}");
        assert!(said.contains(&format!("sudo setfacl -m u:{}:rx ", accounts::this_user())), "{said}");
    }

    #[test]
    fn a_program_whose_interpreter_is_missing_is_told_apart_from_a_missing_one() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("php");
        fs::write(&program, "#!/nowhere/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(explain(&program).contains("its first line"), "{}", explain(&program));
    }
}
