//! Packages for tests that run Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::built::repository;

/// The Debian package by which `python3 -m venv` works.
const VENV_PACKAGE: &str = "python3-venv";

/// Installs the packages of a folder's `requirements.txt` into an environment of their own, unless they are there; gives its Python.
///
/// # Panics
///
/// When they cannot be installed, with what Python says.
#[must_use]
pub fn python_packages(folder: &Path) -> PathBuf {
    let requirements = folder.join("requirements.txt");
    let wanted = fs::read(&requirements).expect("requirements.txt");
    let environment = repository().join("target/python-packages");
    // Written last, so that it tells whether an installation was finished, and of what.
    let installed = environment.join("installed.txt");
    let python = environment.join("bin/python");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    make_environment(&environment);
    let output = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&requirements)
        .output();
    succeeds(output.expect("a Python in the environment"), "pip install");
    fs::write(installed, wanted).expect("a file written");
    python
}

/// Makes an environment; on Debian, where Python comes without what that takes, root installs it.
fn make_environment(environment: &Path) {
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(environment);
        command.output().expect("python3 is on the path")
    };
    let made = make();
    if made.status.success() {
        return;
    }
    let apt = Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends", VENV_PACKAGE])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output();
    let was_installed = apt.is_ok_and(|output| output.status.success());
    assert!(
        was_installed,
        "python3 -m venv does not work, and {VENV_PACKAGE} cannot be installed; install it: {}{}",
        String::from_utf8_lossy(&made.stdout),
        String::from_utf8_lossy(&made.stderr)
    );
    succeeds(make(), "python3 -m venv");
}

fn succeeds(output: Output, what: &str) {
    assert!(
        output.status.success(),
        "{what}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
