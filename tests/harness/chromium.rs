//! The browser for tests that run one.

use std::path::PathBuf;
use std::process::Command;

/// The Debian package with the browser.
const PACKAGE: &str = "chromium";

/// The path of Debian's Chromium; root installs it where it is not there.
///
/// # Panics
///
/// When it is not there and cannot be installed, with what is missing.
#[must_use]
pub fn chromium() -> PathBuf {
    if let Some(found) = find() {
        return found;
    }
    let apt = Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends", PACKAGE])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output();
    let said = apt.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    find().unwrap_or_else(|| {
        panic!("there is no {PACKAGE}, and it cannot be installed; install it: {said}")
    })
}

fn find() -> Option<PathBuf> {
    let directories = std::env::var_os("PATH")?;
    std::env::split_paths(&directories)
        .map(|directory| directory.join(PACKAGE))
        .find(|file| file.is_file())
}
