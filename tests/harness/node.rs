//! Packages for tests that run Node.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Installs a folder's packages as its lock file says, unless they are there.
///
/// # Panics
///
/// When they cannot be installed, with what npm says.
pub fn node_packages(folder: &Path) {
    // Tests of one folder begin at once, and npm gives way to nobody. Let go when this returns.
    let alone = fs::File::open(folder.join("package-lock.json")).expect("the lock file is there");
    alone.lock().expect("files can be locked");
    // npm writes this file last, so that its age tells whether the lock file changed since.
    let written = |path: &str| {
        fs::metadata(folder.join(path))
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let installed = written("node_modules/.package-lock.json");
    if installed.is_some() && installed >= written("package-lock.json") {
        return;
    }
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .output();
    let output = output.expect("npm, which comes with Node, is on the path");
    assert!(
        output.status.success(),
        "npm ci in {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}
