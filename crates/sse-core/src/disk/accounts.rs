//! Names of users and groups, for messages that say who may not do what, and which command mends it.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// `root:root, mode 0755`: whom a file belongs to.
#[must_use]
pub fn owner_and_mode(metadata: &Metadata) -> String {
    format!(
        "it belongs to {}:{} with mode {:04o}",
        user(metadata.uid()),
        group(metadata.gid()),
        metadata.permissions().mode() & 0o7777
    )
}

/// `www-data (groups www-data, redis)`: who this process is.
#[must_use]
pub fn this_process() -> String {
    let mut groups = vec![group(uzers::get_effective_gid())];
    for id in rustix::process::getgroups().unwrap_or_default() {
        let name = group(id.as_raw());
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    format!("{} (groups {})", user(uzers::get_effective_uid()), groups.join(", "))
}

/// Name of the user this process runs as, or its number.
#[must_use]
pub fn this_user() -> String {
    user(uzers::get_effective_uid())
}

/// Name of this process's group, or its number.
#[must_use]
pub fn this_group() -> String {
    group(uzers::get_effective_gid())
}

/// Whether this process is root, who needs no group to get at anything.
#[must_use]
pub fn is_root() -> bool {
    uzers::get_effective_uid() == 0
}

/// The group of a user who isn't root.
#[must_use]
pub fn group_of_user(id: u32) -> Option<String> {
    let user = uzers::get_user_by_uid(id).filter(|user| user.uid() != 0)?;
    Some(user.primary_group_id()).filter(|&id| !is_powerful(id)).map(group)
}

/// The group of the user that PHP on the web usually runs as here, if there is one.
#[must_use]
pub fn web_group() -> Option<String> {
    ["www-data", "apache", "nginx", "http"].iter().find_map(|name| {
        let user = uzers::get_user_by_name(name)?;
        group_of_user(user.uid())
    })
}

/// Whether who is in the group may do things that have nothing to do with what is shared by it.
#[must_use]
pub fn is_powerful(id: u32) -> bool {
    const POWERFUL: [&str; 11] =
        ["wheel", "sudo", "admin", "adm", "shadow", "disk", "kmem", "docker", "lxd", "libvirt", "staff"];
    id == 0 || POWERFUL.contains(&group(id).as_str())
}

fn user(id: u32) -> String {
    uzers::get_user_by_uid(id)
        .map_or_else(|| id.to_string(), |user| user.name().to_string_lossy().into_owned())
}

/// Whether this process is in the group.
#[must_use]
pub fn is_in_group(id: u32) -> bool {
    let groups = rustix::process::getgroups().unwrap_or_default();
    uzers::get_effective_gid() == id || groups.iter().any(|group| group.as_raw() == id)
}

/// A group's name, or its number.
#[must_use]
pub fn group(id: u32) -> String {
    uzers::get_group_by_gid(id)
        .map_or_else(|| id.to_string(), |group| group.name().to_string_lossy().into_owned())
}

/// A path as one word of a shell command.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte)) {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
