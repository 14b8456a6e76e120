//! Processes of workers, and that nothing of them outlives the host.
//!
//! The host starts one **guard**, the guard one **keeper** for each worker process, and the keeper the worker, by way of a **launcher**
//! that limits itself and becomes the worker's program. All of them are this program, with hidden commands.
//!
//! ```text
//! host ── guard ── keeper ── worker ── whatever it forks
//!   └──────────────┘ a socket each, which closes when the host is gone
//! ```
//!
//! Guard and keepers are subreapers: what a worker forks and disowns becomes a child of its keeper, so a keeper always knows the whole
//! tree and ends all of it with the worker. When the host ends, however it does, the sockets of guard and keepers close, and each ends
//! what it has. When a keeper is killed, its worker gets the signal that the launcher asked for, and what is left becomes a child of the
//! guard, which ends it. When the guard is killed, the host closes the sockets of its keepers and starts another one.
//!
//! Descriptors go from the host to the keeper over their socket; the worker gets three, of which the first is the one it speaks on.
//!
//! Nothing here knows the pool or the protocol.

mod cgroup;
mod client;
mod files;
mod guard;
mod keeper;
mod launcher;
mod order;
mod system_calls;
mod tree;
mod user;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

pub(super) use cgroup::Cgroups;
pub(super) use client::{End, Ended, Keeper, supervise};
pub(super) use files::can_restrict;
pub(super) use order::{Launch, Order};
pub(super) use tree::resident_bytes;
pub use user::User;

/// The hidden commands, by name.
const SUPERVISE: &str = "supervise";
const KEEP: &str = "keep";
const LAUNCH: &str = "launch";

/// Keeps other processes from reading this one's memory, environment and descriptors.
fn hide_from_others() -> rustix::io::Result<()> {
    // Before Linux 6.4, a process that is hidden and not root's cannot learn it any more, and rustix panics; it remembers what it learned.
    let _ = rustix::param::page_size();
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Runs a hidden command; none when it is not one of them.
pub(super) fn run(command: &str, arguments: &[OsString]) -> Option<ExitCode> {
    match command {
        SUPERVISE => Some(guard::run()),
        KEEP => Some(keeper::run()),
        LAUNCH => Some(launcher::run(arguments)),
        _ => None,
    }
}
