//! The program that limited children run, compilers and keepers of workers: this process's own, whatever became of its file since it
//! was started.
//!
//! Whoever updates a package replaces the file of a program that runs. What is there then may be of another version, whose
//! artifacts this process cannot load, and it may be gone. The kernel keeps what runs, under a name that leads to it in any case.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// What such a child is called in the list of processes.
pub const NAME: &str = "mayfly";

/// What runs in this process, also after its file was replaced or deleted.
#[cfg(target_os = "linux")]
const RUNNING: &str = "/proc/self/exe";

/// Whether this process runs a program that has the hidden commands.
static HAS_COMMAND: AtomicBool = AtomicBool::new(false);

/// Says that this process runs a program that has the hidden commands, `compile` and others, whatever the program is called.
pub fn has_commands() {
    HAS_COMMAND.store(true, Ordering::Relaxed);
}

/// The program to start.
///
/// # Errors
///
/// When it cannot be found.
pub fn program() -> Result<PathBuf, String> {
    if HAS_COMMAND.load(Ordering::Relaxed) {
        running()
    } else {
        beside()
    }
}

/// What runs in this process, where that has the hidden commands.
///
/// # Errors
///
/// When it cannot be found.
#[cfg(target_os = "linux")]
pub fn running() -> Result<PathBuf, String> {
    match std::fs::symlink_metadata(RUNNING) {
        Ok(_) => Ok(PathBuf::from(RUNNING)),
        Err(error) => Err(format!(
            "cannot find this program to start it as a child: {RUNNING}: {error}; mount /proc"
        )),
    }
}

/// What runs in this process, where that has the hidden commands.
///
/// # Errors
///
/// When it cannot be found.
#[cfg(not(target_os = "linux"))]
pub fn running() -> Result<PathBuf, String> {
    std::env::current_exe()
        .map_err(|error| format!("cannot find this program to start it as a child: {error}"))
}

/// The `mayfly` beside a bench or test that uses the host as a library.
fn beside() -> Result<PathBuf, String> {
    let here = std::env::current_exe()
        .map_err(|error| format!("cannot find this program to start it as a child: {error}"))?;
    let beside = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(NAME))
        .find(|program| program.exists());
    beside.ok_or_else(|| {
        format!(
            "{} has no `{NAME}` beside it to start as a child",
            here.display()
        )
    })
}
