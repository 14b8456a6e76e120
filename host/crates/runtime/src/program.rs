//! The program that compiles: this process's own, whatever became of its file since it was started.
//!
//! Whoever updates a package replaces the file of a program that runs. What lies there then may be of another version, whose
//! artifacts this process cannot load, and it may be gone. The kernel keeps what runs, under a name that leads to it in any case.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a compiler is called in the list of processes.
pub(super) const NAME: &str = "mayfly";

/// What runs in this process, also after its file was replaced or deleted.
#[cfg(target_os = "linux")]
const RUNNING: &str = "/proc/self/exe";

/// Whether this process runs a program that has the command `compile`.
static HAS_COMMAND: AtomicBool = AtomicBool::new(false);

/// Says that this process runs a program that has the command `compile`, whatever the program is called.
pub fn compile_with_this_program() {
    HAS_COMMAND.store(true, Ordering::Relaxed);
}

/// The program to start.
pub(super) fn program() -> Result<PathBuf, String> {
    if HAS_COMMAND.load(Ordering::Relaxed) {
        running()
    } else {
        beside()
    }
}

#[cfg(target_os = "linux")]
fn running() -> Result<PathBuf, String> {
    match std::fs::symlink_metadata(RUNNING) {
        Ok(_) => Ok(PathBuf::from(RUNNING)),
        Err(error) => Err(format!(
            "cannot find this program to compile with: {RUNNING}: {error}; mount /proc"
        )),
    }
}

#[cfg(not(target_os = "linux"))]
fn running() -> Result<PathBuf, String> {
    std::env::current_exe()
        .map_err(|error| format!("cannot find this program to compile with: {error}"))
}

/// The `mayfly` beside a bench or test that uses the host as a library.
fn beside() -> Result<PathBuf, String> {
    let here = std::env::current_exe()
        .map_err(|error| format!("cannot find this program to compile with: {error}"))?;
    let beside = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(NAME))
        .find(|program| program.exists());
    beside.ok_or_else(|| {
        format!(
            "{} has no `{NAME}` beside it to compile with",
            here.display()
        )
    })
}
