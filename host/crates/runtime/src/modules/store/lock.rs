//! The lock that the one host which serves with a store holds.
//!
//! It is a lock of the process (`fcntl`), not of the open file (`flock`): a child that was being started when the host was killed has
//! copies of the host's open files until it has become another program, and would hold such a lock for as long. A process that was
//! killed takes a moment to be gone, so whoever comes next waits for that.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, fcntl_getlk};

/// How long a process that ends may take to be gone.
const ENDING: Duration = Duration::from_secs(10);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The lock's file in the store.
const FILE: &str = "lock";

/// Held as long as it lives. The lock also ends when this process closes any other descriptor of the file, so nothing else opens it.
pub(super) struct StoreLock(
    #[expect(dead_code, reason = "closing it gives the lock back")] Option<File>,
);

impl StoreLock {
    /// Takes the lock, waiting a while for a host that ends.
    pub(super) fn take(directory: &Path) -> io::Result<Self> {
        let file = directory.join(FILE);
        let opened = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&file);
        let (lock, operation) = match opened {
            Ok(lock) => (lock, FlockOperation::NonBlockingLockExclusive),
            // Who may not write changes nothing, and shares the store with others like it.
            Err(error) if is_read_only(&error) => match File::open(&file) {
                Ok(lock) => (lock, FlockOperation::NonBlockingLockShared),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(None)),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        };
        let start = Instant::now();
        let mut told = false;
        while let Err(error) = fcntl_lock(&lock, operation) {
            if !is_held(error) {
                return Err(error.into());
            }
            if start.elapsed() > ENDING {
                return Err(held(directory, &lock));
            }
            if !told {
                tracing::warn!(
                    "{}; waiting for it to end, at most {} s",
                    held(directory, &lock),
                    ENDING.as_secs()
                );
                told = true;
            }
            sleep(PAUSE);
        }
        Ok(Self(Some(lock)))
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
    )
}

fn is_held(error: rustix::io::Errno) -> bool {
    matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS)
}

/// Who has the lock, as far as the system tells, and what to do.
fn held(directory: &Path, lock: &File) -> io::Error {
    let holder = fcntl_getlk(lock, &Flock::from(FlockType::WriteLock))
        .ok()
        .flatten()
        .and_then(|holder| holder.pid);
    let process = holder.map_or_else(String::new, |pid| {
        format!(" (process {})", pid.as_raw_nonzero())
    });
    let message = format!(
        "another host{process} serves with {}; give each its own `server.store`",
        directory.display()
    );
    io::Error::new(io::ErrorKind::WouldBlock, message)
}
