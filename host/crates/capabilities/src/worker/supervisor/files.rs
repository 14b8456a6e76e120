//! What of the file system a worker reaches, by Landlock.
//!
//! A worker reads and runs everything except what is hidden from it, and writes nowhere but where the operator lets it. Landlock only
//! knows what may be reached, so whatever stands beside the way to something hidden is let in, entry by entry; what appears there later
//! is not, and the directories on that way cannot be listed. Of `/dev` it has the few devices every program needs: others lead to
//! memory and disks, and so around everything here.
//!
//! The same rules keep it from signalling and tracing processes that are not its own, however the kernel would decide otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// Devices that every program may need.
const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// Hidden from every worker.
const ALWAYS_HIDDEN: &str = "/dev";

/// What is asked of the kernel; what it does not know of it is left out.
const KNOWN: ABI = ABI::V6;

/// Whether this kernel can shut a process out of files.
pub(in crate::worker) fn can_restrict() -> bool {
    let asked = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1));
    asked.and_then(Ruleset::create).is_ok()
}

/// A path as the kernel has it, so that no link leads around; what does not exist yet is where it would be.
fn hide(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let name = path.file_name();
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    match (parent, name) {
        (Some(parent), Some(name)) => hide(parent).join(name),
        _ => path.to_path_buf(),
    }
}

/// Shuts this process, and all it will start, out of what is hidden.
pub(super) fn restrict(hidden: &[PathBuf], writable: &[PathBuf]) -> Result<(), String> {
    // From the worker's directory it would lead elsewhere, and what it means would be open.
    if let Some(path) = hidden
        .iter()
        .chain(writable)
        .find(|path| path.is_relative())
    {
        return Err(format!("{} is not an absolute path", path.display()));
    }
    let mut hidden: BTreeSet<PathBuf> = hidden.iter().map(|path| hide(path)).collect();
    hidden.insert(PathBuf::from(ALWAYS_HIDDEN));
    let visible = visible(Path::new("/"), &hidden)
        .map_err(|error| format!("cannot read the file system to hide parts of it: {error}"))?;
    let writable: Vec<_> = writable.iter().map(|path| hide(path)).collect();
    if let Some(path) = writable.iter().find(|path| is_near(path, &hidden)) {
        return Err(format!(
            "{} may be written, and holds what workers must not see; make `writable` narrower",
            path.display()
        ));
    }
    let status = enforce(&visible, &writable)
        .map_err(|error| format!("cannot restrict its files: {error}"))?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("cannot restrict its files: this kernel has no Landlock".to_owned());
    }
    Ok(())
}

fn enforce(visible: &[PathBuf], writable: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let device: BitFlags<AccessFs> =
        AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::ReadDir | AccessFs::IoctlDev;
    Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(visible, AccessFs::from_read(KNOWN)))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(KNOWN)))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .restrict_self()
}

/// Whether something hidden is a path, or below it, or it is below something hidden.
fn is_near(path: &Path, hidden: &BTreeSet<PathBuf>) -> bool {
    hidden
        .iter()
        .any(|hidden| hidden.starts_with(path) || path.starts_with(hidden))
}

/// What holds everything below a directory but what is hidden.
fn visible(directory: &Path, hidden: &BTreeSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    if hidden.contains(directory) {
        return Ok(Vec::new());
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(directory)) {
        return Ok(vec![directory.to_path_buf()]);
    }
    let mut all = Vec::new();
    let listed = fs::read_dir(directory).map_err(|error| {
        let message = format!(
            "{}: {error}; let the host's user read it",
            directory.display()
        );
        io::Error::new(error.kind(), message)
    })?;
    for entry in listed {
        let entry = entry?;
        // A link is followed to where it leads, and that is decided there.
        if !entry.file_type()?.is_symlink() {
            all.extend(visible(&entry.path(), hidden)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn everything_is_visible_but_what_is_hidden() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        for directory in ["app/.mayfly/compiled", "app/bin", "app/data", "other/deep"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        fs::write(root.join("app/key.pem"), "").unwrap();
        fs::write(root.join("app/mayfly.toml"), "").unwrap();
        // What leads around: to the root, and to what is hidden.
        symlink(&root, root.join("app/around")).unwrap();
        symlink(root.join("app/.mayfly"), root.join("other/store")).unwrap();
        let hidden = ["app/.mayfly", "app/key.pem"].map(|path| hide(&root.join(path)));
        let mut found = visible(&root, &BTreeSet::from(hidden.clone())).unwrap();
        found.sort();
        let expected = ["app/bin", "app/data", "app/mayfly.toml", "other"];
        assert_eq!(found, expected.map(|path| root.join(path)));
        assert!(is_near(&root.join("app"), &BTreeSet::from(hidden.clone())));
        assert!(!is_near(&root.join("app/data"), &BTreeSet::from(hidden)));
        // Reached by another way, it is the same.
        assert_eq!(
            hide(&root.join("app/around/app/.mayfly/new")),
            root.join("app/.mayfly/new")
        );
    }
}
