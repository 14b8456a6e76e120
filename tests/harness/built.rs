//! The programs and guests under test, built once per run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository's directory.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is inside the repository")
}

/// The directory with the built programs, after making sure that they and the guests are up to date.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(build) {
        Ok(programs) => programs,
        Err(error) => panic!("{error}"),
    }
}

fn build() -> Result<PathBuf, String> {
    let programs = std::env::current_exe().expect("a test has a path");
    // target/debug/deps/main-… and target/debug/fuzz → target/debug
    let mut directories = programs
        .ancestors()
        .skip(1)
        .filter(|directory| directory.file_name() != Some(OsStr::new("deps")));
    let programs = directories
        .next()
        .expect("a test is in target/PROFILE/deps")
        .to_path_buf();
    run(Command::new(env!("CARGO")).args(["build", "--quiet", "--workspace", "--bins"]))?;
    let apps = [
        "apps/students",
        "apps/everything",
        "apps/swapping",
        "apps/workers",
        "hostile",
        "chaos",
        "fuzz",
        "bench",
    ];
    for app in apps.map(|app| format!("guest/{app}")) {
        run(Command::new(programs.join("mayfly")).args(["build", &app]))?;
    }
    Ok(programs)
}

/// The program, ready to be given arguments; run in the repository.
#[must_use]
pub fn mayfly() -> Command {
    let mut command = Command::new(built().join("mayfly"));
    command.current_dir(repository());
    command.env(CACHE.0, repository().join(CACHE.1));
    command
}

/// Where the JavaScript engine and its bundler are kept between runs.
const CACHE: (&str, &str) = ("MAYFLY_CACHE_DIR", "target/mayfly-cache");

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .current_dir(repository())
        .env(CACHE.0, repository().join(CACHE.1))
        .output()
        .expect("a command that exists");
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
